/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault points: the places where the operating system or an allocator may say
 * no.  A test installs a hook that decides which of them fails; without a hook
 * a point costs one load.  Never used by the module itself.
 */
#ifndef COFFER_BASE_FAULT_H
#define COFFER_BASE_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum fault_kind {
	FAULT_ALLOC,        /* base/mem.c */
	FAULT_MMAP,         /* vault/pages.c, one for each system call */
	FAULT_MLOCK,
	FAULT_MEMFD_SECRET,
	FAULT_MADVISE,
	FAULT_MPROTECT,
	FAULT_LOCK,         /* base/lock.c: initialising a lock */
	FAULT_THREAD,       /* starting a thread */
	FAULT_STORE,        /* store/: a statement or a commit */
	FAULT_RANDOM,       /* a random number generator that is not ready */
};

/* Returns true when this point is to fail.  Called from any thread. */
typedef bool (*fault_hook_fn)(enum fault_kind kind);

extern _Atomic(fault_hook_fn) fault_hook;

static inline bool fault_hit(enum fault_kind kind)
{
	fault_hook_fn hook = atomic_load_explicit(&fault_hook, memory_order_relaxed);

	return hook != NULL && hook(kind);
}

#endif
