/* SPDX-License-Identifier: Apache-2.0 */
#include "room.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROOM_SIZE ((size_t)ROOM_SLOTS * ROOM_SLOT_SIZE)

static uint8_t *room;
static bool is_plain;

/* In a list, or the compiler would see that nobody reads them. */
static struct keepsake {
	struct keepsake *next;
	uint8_t secret[];
} *volatile kept;

static void *secret_pages(size_t n)
{
#ifdef SYS_memfd_secret
	int fd = (int)syscall(SYS_memfd_secret, 0);
	void *p;

	if (fd < 0)
		return NULL;
	p = ftruncate(fd, (off_t)n) != 0 ?
		    MAP_FAILED :
		    mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	(void)close(fd);
	return p == MAP_FAILED ? NULL : p;
#else
	(void)n;
	return NULL;
#endif
}

static void *locked_pages(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	return mlock(p, n) == 0 && madvise(p, n, MADV_DONTDUMP) == 0 ? p : NULL;
}

bool room_open(bool plain)
{
	is_plain = plain;
	room = plain ? malloc(ROOM_SIZE) : secret_pages(ROOM_SIZE);
	if (room == NULL)
		room = locked_pages(ROOM_SIZE);
	if (room == NULL)
		return false;
	return plain || madvise(room, ROOM_SIZE, MADV_DONTFORK) == 0;
}

void room_where(uint64_t *address, uint64_t *size)
{
	*address = (uint64_t)(uintptr_t)room;
	*size = is_plain ? 0 : ROOM_SIZE;
}

uint8_t *room_unmask(unsigned slot, const struct request *r)
{
	volatile uint8_t *p = room + (size_t)slot * ROOM_SLOT_SIZE;

	/* Byte by byte, so that no copy of more than one is in a register or on the stack. */
	for (size_t i = 0; i < r->n; i++)
		p[i] = r->masked[i] ^ r->mask[i];
	return room + (size_t)slot * ROOM_SLOT_SIZE;
}

void room_wipe(unsigned slot)
{
	if (!is_plain)
		explicit_bzero(room + (size_t)slot * ROOM_SLOT_SIZE, ROOM_SLOT_SIZE);
}

void room_keep(unsigned slot, const struct request *r)
{
	struct keepsake *k = is_plain ? malloc(sizeof(*k) + r->n) : NULL;
	const uint8_t *p = room_unmask(slot, r);

	if (k != NULL) {
		memcpy(k->secret, p, r->n);
		k->next = kept;
		kept = k;
	}
	room_wipe(slot);
}

bool room_refuse_secret_memory(void)
{
#ifdef SYS_memfd_secret
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_secret, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#else
	return true;
#endif
}
