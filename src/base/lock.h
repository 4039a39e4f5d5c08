/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks with a rank.  A thread takes a lock only of a higher rank than every
 * lock it holds (two of the same rank never).  This list is the order; debug builds
 * (--enable-debug) trap a wrong one.  Recursive use is a bug.
 */
#ifndef COFFER_BASE_LOCK_H
#define COFFER_BASE_LOCK_H

#include <pthread.h>
#include <stdbool.h>

#include "base/status.h"

enum lock_rank {
	LOCK_MODULE = 1, /* the module: initialised or not, calls in flight */
	LOCK_SESSIONS,   /* the table of sessions */
	LOCK_SESSION,    /* one session and its running operations */
	LOCK_SLOTS,      /* the list of slots */
	LOCK_TOKEN,      /* one token: login state, session objects, cache */
	LOCK_STORE,      /* one wallet's database connection */
	LOCK_VAULT_POOL, /* arena blocks and vault stacks */
	LOCK_VAULT_KEY,  /* the coffer key's partitions */
	LOCK_LEAF,       /* nothing is taken while it is held */
};

struct lock {
	pthread_mutex_t mutex;
	enum lock_rank rank;
};

struct rwlock {
	pthread_rwlock_t rw;
	enum lock_rank rank;
};

struct cf_status lock_init(struct lock *l, enum lock_rank rank) CF_CHECKED;
void lock_destroy(struct lock *l);
void lock_take(struct lock *l);
/* False when another thread holds it (or, in debug builds, never a trap). */
bool lock_try(struct lock *l);
void lock_drop(struct lock *l);
/* For assert(): this thread holds it.  Always true in builds without --enable-debug. */
bool lock_held(const struct lock *l);

struct cf_status rwlock_init(struct rwlock *l, enum lock_rank rank) CF_CHECKED;
void rwlock_destroy(struct rwlock *l);
void rwlock_read(struct rwlock *l);
void rwlock_write(struct rwlock *l);
void rwlock_drop(struct rwlock *l);

/* LOCKED(&x->lock);  holds the lock until the end of the scope. */
static inline struct lock *lock_taken(struct lock *l)
{
	lock_take(l);
	return l;
}

static inline void lock_drop_auto(struct lock **l)
{
	if (*l != NULL)
		lock_drop(*l);
}

#define LOCKED_NAME2(line) locked_##line
#define LOCKED_NAME(line) LOCKED_NAME2(line)
#define LOCKED(l)                                                        \
	__attribute__((cleanup(lock_drop_auto), unused)) struct lock *LOCKED_NAME(__LINE__) = \
		lock_taken(l)

#endif
