/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the n-th call of a kind fail, as the system might.  fail.so is preloaded (LD_PRELOAD) into a
 * program, so that the module is tested as it is installed: with the real SQLite, libcrypto and libargon2.
 */
#ifndef COFFER_TESTS_FAIL_H
#define COFFER_TESTS_FAIL_H

#include <stdbool.h>

enum fail_kind {
	FAIL_MALLOC,   /* malloc, calloc, realloc, posix_memalign */
	FAIL_MMAP,
	FAIL_MLOCK,
	FAIL_SECRET,   /* memfd_secret */
	FAIL_MADVISE,
	FAIL_MPROTECT,
	FAIL_LOCKS,    /* initialising mutexes, rwlocks, conditions */
	FAIL_THREAD,   /* pthread_create */
	FAIL_OPEN,     /* files, from here on */
	FAIL_READ,
	FAIL_WRITE,
	FAIL_SYNC,
	FAIL_TRUNCATE,
	FAIL_KINDS
};

/* From now on the call of that kind after `skip` others fails, once. kind < 0: none. */
typedef void (*fail_arm_fn)(long kind, long skip);
/* None fails any more. Has one? */
typedef bool (*fail_disarm_fn)(void);

#endif
