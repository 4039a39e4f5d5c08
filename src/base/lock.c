/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lock.h"

#include "base/error.h"
#include "base/fault.h"

#ifdef COFFER_DEBUG
#define HELD_MAX 16
/* What this thread holds, in the order in which it was taken. */
static _Thread_local struct {
	const void *lock[HELD_MAX];
	enum lock_rank rank[HELD_MAX];
	int count;
} held;

static void rank_note_taken(const void *lock, enum lock_rank rank)
{
	for (int i = 0; i < held.count; i++)
		if (held.rank[i] >= rank)
			__builtin_trap();
	if (held.count == HELD_MAX)
		__builtin_trap();
	held.lock[held.count] = lock;
	held.rank[held.count] = rank;
	held.count++;
}

static void rank_note_dropped(const void *lock)
{
	for (int i = held.count - 1; i >= 0; i--) {
		if (held.lock[i] != lock)
			continue;
		for (int j = i; j + 1 < held.count; j++) {
			held.lock[j] = held.lock[j + 1];
			held.rank[j] = held.rank[j + 1];
		}
		held.count--;
		return;
	}
	__builtin_trap();
}

bool lock_held(const struct lock *l)
{
	for (int i = 0; i < held.count; i++)
		if (held.lock[i] == l)
			return true;
	return false;
}
#else
static inline void rank_note_taken(const void *lock, enum lock_rank rank)
{
	(void)lock;
	(void)rank;
}

static inline void rank_note_dropped(const void *lock)
{
	(void)lock;
}

bool lock_held(const struct lock *l)
{
	(void)l;
	return true;
}
#endif

static struct cf_status init_failed(void)
{
	return error_set(CF_STATUS(NOMEM), "cannot initialise a lock");
}

/* Locks are held for less than a microsecond: who finds one taken waits some turns for it before it sleeps, where the C library can. */
static bool mutex_init(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attr;
	bool done;

	if (pthread_mutexattr_init(&attr) != 0)
		return false;
#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
	(void)pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
#endif
	done = pthread_mutex_init(mutex, &attr) == 0;
	(void)pthread_mutexattr_destroy(&attr);
	return done;
}

struct cf_status lock_init(struct lock *l, enum lock_rank rank)
{
	if (fault_hit(FAULT_LOCK) || !mutex_init(&l->mutex))
		return init_failed();
	l->rank = rank;
	return CF_OK;
}

void lock_destroy(struct lock *l)
{
	(void)pthread_mutex_destroy(&l->mutex);
}

void lock_take(struct lock *l)
{
	rank_note_taken(l, l->rank);
	(void)pthread_mutex_lock(&l->mutex);
}

bool lock_try(struct lock *l)
{
	if (pthread_mutex_trylock(&l->mutex) != 0)
		return false;
	rank_note_taken(l, l->rank);
	return true;
}

void lock_drop(struct lock *l)
{
	rank_note_dropped(l);
	(void)pthread_mutex_unlock(&l->mutex);
}

struct cf_status rwlock_init(struct rwlock *l, enum lock_rank rank)
{
	if (fault_hit(FAULT_LOCK) || pthread_rwlock_init(&l->rw, NULL) != 0)
		return init_failed();
	l->rank = rank;
	return CF_OK;
}

void rwlock_destroy(struct rwlock *l)
{
	(void)pthread_rwlock_destroy(&l->rw);
}

void rwlock_read(struct rwlock *l)
{
	rank_note_taken(l, l->rank);
	(void)pthread_rwlock_rdlock(&l->rw);
}

void rwlock_write(struct rwlock *l)
{
	rank_note_taken(l, l->rank);
	(void)pthread_rwlock_wrlock(&l->rw);
}

void rwlock_drop(struct rwlock *l)
{
	rank_note_dropped(l);
	(void)pthread_rwlock_unlock(&l->rw);
}
