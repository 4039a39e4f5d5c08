/* SPDX-License-Identifier: Apache-2.0 */
/* Fortified headers define some of the functions that are replaced here. */
#undef _FORTIFY_SOURCE
#include "fail.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static struct {
	_Atomic long kind, left;
	_Atomic bool failed;
} fault = { -1, 0, false };

EXPORT void fail_arm(long kind, long skip);
EXPORT bool fail_disarm(void);

void fail_arm(long kind, long skip)
{
	fault.failed = false;
	fault.left = skip;
	fault.kind = kind;
}

bool fail_disarm(void)
{
	fault.kind = -1;
	return fault.failed;
}

static bool hit(enum fail_kind kind, int error)
{
	if (fault.kind != (long)kind || atomic_fetch_sub(&fault.left, 1) != 0)
		return false;
	fault.failed = true;
	errno = error;
	return true;
}

/* The function of that name in the library behind this one. */
#define NEXT(name) ((__typeof__(&name))next(#name))

static void *next(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (p == NULL)
		abort();
	return p;
}

/* ---- allocation: by glibc's other names, since dlsym itself allocates ---- */

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t count, size_t n);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t alignment, size_t n);

EXPORT void *malloc(size_t n)
{
	return hit(FAIL_MALLOC, ENOMEM) ? NULL : __libc_malloc(n);
}

EXPORT void *calloc(size_t count, size_t n)
{
	return hit(FAIL_MALLOC, ENOMEM) ? NULL : __libc_calloc(count, n);
}

EXPORT void *realloc(void *p, size_t n)
{
	return hit(FAIL_MALLOC, ENOMEM) ? NULL : __libc_realloc(p, n);
}

EXPORT int posix_memalign(void **out, size_t alignment, size_t n)
{
	if (hit(FAIL_MALLOC, ENOMEM))
		return ENOMEM;
	*out = __libc_memalign(alignment, n);
	return *out == NULL ? ENOMEM : 0;
}

/* ---- pages ---- */

EXPORT void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	if (hit(FAIL_MMAP, ENOMEM))
		return MAP_FAILED;
	return NEXT(mmap)(at, n, protection, flags, fd, offset);
}

EXPORT int mlock(const void *p, size_t n)
{
	return hit(FAIL_MLOCK, ENOMEM) ? -1 : NEXT(mlock)(p, n);
}

EXPORT int madvise(void *p, size_t n, int advice)
{
	return hit(FAIL_MADVISE, ENOMEM) ? -1 : NEXT(madvise)(p, n, advice);
}

EXPORT int mprotect(void *p, size_t n, int protection)
{
	return hit(FAIL_MPROTECT, ENOMEM) ? -1 : NEXT(mprotect)(p, n, protection);
}

EXPORT long syscall(long number, ...)
{
	long a[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
#ifdef SYS_memfd_secret
	if (number == SYS_memfd_secret && hit(FAIL_SECRET, ENOSYS))
		return -1;
#endif
	return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- threads ---- */

EXPORT int pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attributes)
{
	return hit(FAIL_LOCKS, ENOMEM) ? ENOMEM : NEXT(pthread_mutex_init)(m, attributes);
}

EXPORT int pthread_rwlock_init(pthread_rwlock_t *l, const pthread_rwlockattr_t *attributes)
{
	return hit(FAIL_LOCKS, ENOMEM) ? ENOMEM : NEXT(pthread_rwlock_init)(l, attributes);
}

EXPORT int pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *attributes)
{
	return hit(FAIL_LOCKS, ENOMEM) ? ENOMEM : NEXT(pthread_cond_init)(c, attributes);
}

EXPORT int pthread_create(pthread_t *t, const pthread_attr_t *attributes, void *(*run)(void *), void *arg)
{
	return hit(FAIL_THREAD, EAGAIN) ? EAGAIN : NEXT(pthread_create)(t, attributes, run, arg);
}

/* ---- files: 64-bit offsets have names of their own ---- */

#define OPEN(name) \
	EXPORT int name(const char *path, int flags, ...) \
	{ \
		mode_t mode; \
		va_list list; \
		va_start(list, flags); \
		mode = va_arg(list, mode_t); \
		va_end(list); \
		return hit(FAIL_OPEN, EMFILE) ? -1 : NEXT(name)(path, flags, mode); \
	}
OPEN(open)
OPEN(open64)

#define TRANSFER(name, pointer, kind, error) \
	EXPORT ssize_t name(int fd, pointer p, size_t n, __typeof__((off64_t)0) at) \
	{ \
		return hit(kind, error) ? -1 : NEXT(name)(fd, p, n, at); \
	}
TRANSFER(pread, void *, FAIL_READ, EIO)
TRANSFER(pread64, void *, FAIL_READ, EIO)
TRANSFER(pwrite, const void *, FAIL_WRITE, ENOSPC)
TRANSFER(pwrite64, const void *, FAIL_WRITE, ENOSPC)

EXPORT ssize_t read(int fd, void *p, size_t n)
{
	return hit(FAIL_READ, EIO) ? -1 : NEXT(read)(fd, p, n);
}

EXPORT ssize_t write(int fd, const void *p, size_t n)
{
	return hit(FAIL_WRITE, ENOSPC) ? -1 : NEXT(write)(fd, p, n);
}

EXPORT int fsync(int fd)
{
	return hit(FAIL_SYNC, EIO) ? -1 : NEXT(fsync)(fd);
}

EXPORT int fdatasync(int fd)
{
	return hit(FAIL_SYNC, EIO) ? -1 : NEXT(fdatasync)(fd);
}

EXPORT int ftruncate(int fd, off_t n)
{
	return hit(FAIL_TRUNCATE, EIO) ? -1 : NEXT(ftruncate)(fd, n);
}

EXPORT int ftruncate64(int fd, off64_t n)
{
	return hit(FAIL_TRUNCATE, EIO) ? -1 : NEXT(ftruncate64)(fd, n);
}
