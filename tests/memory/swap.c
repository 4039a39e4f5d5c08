/* SPDX-License-Identifier: Apache-2.0 */
/* The swap file on the disk, after a process was paged out to it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "places.h"

#define SWAP_SIZE ((size_t)64 << 20)
#define PIECE ((size_t)1 << 20)
#define PAGE 4096

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

/* Written in full, since a swap file may have no holes. The header is that of mkswap(8), version 1. */
static bool make_swap_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint8_t *piece = calloc(1, PIECE);
	uint32_t head[3] = { 1, SWAP_SIZE / PAGE - 1, 0 };
	bool ok = fd >= 0 && piece != NULL && sysconf(_SC_PAGESIZE) == PAGE;

	for (size_t at = 0; ok && at < SWAP_SIZE; at += PIECE)
		ok = write(fd, piece, PIECE) == (ssize_t)PIECE;
	ok = ok && pwrite(fd, head, sizeof(head), 1024) == (ssize_t)sizeof(head) &&
	     pwrite(fd, "SWAPSPACE2", 10, PAGE - 10) == 10 && fsync(fd) == 0;
	free(piece);
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

static bool page_out(pid_t pid)
{
	int handle = (int)syscall(SYS_pidfd_open, pid, 0);
	struct area *areas;
	size_t n = process_areas(pid, false, &areas);
	bool any = false;

	for (size_t i = 0; handle >= 0 && i < n; i++) {
		struct iovec v = { (void *)(uintptr_t)areas[i].from, (size_t)(areas[i].to - areas[i].from) };

		any |= syscall(SYS_process_madvise, handle, &v, 1, MADV_PAGEOUT, 0) > 0;
	}
	free(areas);
	if (handle >= 0)
		(void)close(handle);
	return any;
}

/* Past the page cache, which does not know what the kernel swapped. */
static bool scan_swap(const char *path, struct secrets *s, struct tally *t)
{
	int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	void *p = fd < 0 ? NULL : aligned_alloc(PAGE, SWAP_SIZE);
	bool ok = p != NULL;

	for (size_t at = 0; ok && at < SWAP_SIZE; at += PIECE)
		ok = pread(fd, (uint8_t *)p + at, PIECE, (off_t)at) == (ssize_t)PIECE;
	if (ok)
		tally_buffer(s, p, SWAP_SIZE, t);
	free(p);
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

static unsigned long swapped_kib(pid_t pid)
{
	char path[64], line[256];
	unsigned long kib = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmSwap:", 7) == 0)
			kib = strtoul(line + 7, NULL, 10);
	if (f != NULL)
		(void)fclose(f);
	return kib;
}

/* Of a process that is stopped: one that runs would take its pages back. */
static bool with_swap(pid_t pid, const char *path, struct secrets *s, struct tally *t, const char **why)
{
	for (int i = 0; i < 3; i++)
		if (!page_out(pid)) {
			*why = "the kernel has no process_madvise, or does not allow MADV_PAGEOUT";
			return false;
		}
	if (swapped_kib(pid) == 0) {
		*why = "nothing was paged out";
		return false;
	}
	if (!scan_swap(path, s, t)) {
		*why = "the swap file cannot be read past the page cache";
		return false;
	}
	return true;
}

bool place_swap(pid_t pid, const char *dir, struct secrets *s, struct tally *t, const char **why)
{
	char path[300];
	bool ok;

	*why = "needs root for swapon";
	if (geteuid() != 0)
		return false;
	(void)snprintf(path, sizeof(path), "%s/swap", dir);
	if (!make_swap_file(path) || swapon(path, SWAP_FLAG_PREFER | 32767) != 0) {
		*why = errno == EINVAL ? "this file system takes no swap files" :
					 "no swap file can be made or used here";
		(void)unlink(path);
		return false;
	}
	ok = process_stop(pid) && with_swap(pid, path, s, t, why);
	process_continue(pid);
	(void)swapoff(path);
	(void)unlink(path);
	return ok;
}
