/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"

size_t pages_size(void)
{
	long n = sysconf(_SC_PAGESIZE);

	return n > 0 ? (size_t)n : 4096;
}

size_t pages_round(size_t n)
{
	size_t page = pages_size();

	return (n + page - 1) / page * page;
}

static bool advise(void *p, size_t n, int advice)
{
	if (fault_hit(FAULT_MADVISE)) {
		errno = ENOMEM;
		return false;
	}
	return madvise(p, n, advice) == 0;
}

/* Replaces the inner pages of a reservation by pages of a secret file. */
static struct cf_status map_secret(uint8_t *inner, size_t n)
{
#ifdef SYS_memfd_secret
	int fd = -1;
	void *got;
	int failed;

	if (fault_hit(FAULT_MEMFD_SECRET))
		errno = ENOSYS;
	else
		fd = (int)syscall(SYS_memfd_secret, (unsigned int)O_CLOEXEC);
	if (fd < 0)
		return CF_STATUS(UNSUPPORTED);
	if (ftruncate(fd, (off_t)n) != 0 || fault_hit(FAULT_MMAP)) {
		(void)close(fd);
		return CF_STATUS(NOMEM);
	}
	/* Populated now: a page that cannot be had later would be a SIGBUS. */
	got = mmap(inner, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0);
	failed = got == MAP_FAILED;
	(void)close(fd);
	return failed ? CF_STATUS(NOMEM) : CF_OK;
#else
	(void)inner;
	(void)n;
	return CF_STATUS(UNSUPPORTED);
#endif
}

static struct cf_status make_writable(uint8_t *inner, size_t n)
{
	if (fault_hit(FAULT_MPROTECT) || mprotect(inner, n, PROT_READ | PROT_WRITE) != 0)
		return CF_STATUS(NOMEM);
	return CF_OK;
}

static struct cf_status map_locked(uint8_t *inner, size_t n)
{
	CF_TRY(make_writable(inner, n));
	if (fault_hit(FAULT_MLOCK) || mlock(inner, n) != 0)
		return CF_STATUS(NOMEM);
	/* A page that is locked but dumped would be in every core file. */
	return advise(inner, n, MADV_DONTDUMP) ? CF_OK : CF_STATUS(NOMEM);
}

static struct cf_status map_kind(enum vault_memory kind, uint8_t *inner, size_t n)
{
	switch (kind) {
	case VAULT_MEMORY_SECRET:
		return map_secret(inner, n);
	case VAULT_MEMORY_LOCKED:
		return map_locked(inner, n);
	case VAULT_MEMORY_UNLOCKED:
		CF_TRY(make_writable(inner, n));
		return advise(inner, n, MADV_DONTDUMP) ? CF_OK : CF_STATUS(NOMEM);
	}
	return CF_STATUS(INVALID);
}

struct cf_status pages_map(enum vault_memory kind, size_t n, uint8_t **p)
{
	size_t page = pages_size();
	struct cf_status status;
	uint8_t *whole;

	if (fault_hit(FAULT_MMAP))
		return CF_STATUS(NOMEM);
	whole = mmap(NULL, n + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		     0);
	if (whole == MAP_FAILED)
		return CF_STATUS(NOMEM);
	status = map_kind(kind, whole + page, n);
	if (cf_ok(status) && !advise(whole + page, n, MADV_DONTFORK))
		status = CF_STATUS(NOMEM);
	if (cf_failed(status)) {
		(void)munmap(whole, n + 2 * page);
		return status;
	}
	*p = whole + page;
	return CF_OK;
}

void pages_unmap(uint8_t *p, size_t n)
{
	size_t page = pages_size();

	(void)munmap(p - page, n + 2 * page);
}

/* Two of the largest pages that Linux has: one whole page lies within, wherever the image is
 * loaded.  Nothing else shares that page, so the kernel wipes this mark alone. */
static uint8_t mark_room[2 * 64 * 1024];

_Atomic uint8_t *pages_fork_mark(void)
{
	size_t page = pages_size();
	uintptr_t skip = (uintptr_t)mark_room % page;
	uint8_t *p = skip == 0 ? mark_room : mark_room + (page - skip);

	if (2 * page > sizeof(mark_room) || !advise(p, page, MADV_WIPEONFORK))
		return NULL;
	return (_Atomic uint8_t *)p;
}
