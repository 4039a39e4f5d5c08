/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/key.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "vault/arena.h"

/* MemGuard's figure for new partitions; a new key is coffer's own. */
#define STALE_MS 500
#define EXPIRED_MS (60 * 60 * 1000)

static struct {
	struct rwlock lock;
	/* pthread's rwlock lets readers pass a waiting writer for ever.  A writer closes the gate
	 * behind itself; a reader goes through it only while one is there. */
	struct lock gate;
	_Atomic bool gate_closed;
	struct region left, right;
	_Atomic uint64_t randomised_ms, created_ms;
} coffer_key;

/* A pseudo-random function of all of the right partition, at half the time of a hash. */
static void mask_of_right(uint8_t mask[COFFER_KEY_SIZE])
{
	static const uint8_t input[crypto_core_hsalsa20_INPUTBYTES] = "coffer partition";

	(void)crypto_core_hsalsa20(mask, input, coffer_key.right.use.p, NULL);
}

static void xor_into(uint8_t *out, const uint8_t *a, const uint8_t *b)
{
	for (size_t i = 0; i < COFFER_KEY_SIZE; i += sizeof(uint64_t)) {
		uint64_t x, y;

		memcpy(&x, a + i, sizeof(x));
		memcpy(&y, b + i, sizeof(y));
		x ^= y;
		memcpy(out + i, &x, sizeof(x));
	}
}

/* A random left partition is a random key: there is no need to see it. */
static void born(void)
{
	randombytes_buf(coffer_key.left.use.p, COFFER_KEY_SIZE);
	randombytes_buf(coffer_key.right.use.p, COFFER_KEY_SIZE);
	atomic_store(&coffer_key.randomised_ms, clock_monotonic_ms());
	atomic_store(&coffer_key.created_ms, clock_monotonic_ms());
}

static struct cf_status open_locks(void)
{
	struct cf_status status;

	CF_TRY(rwlock_init(&coffer_key.lock, LOCK_VAULT_KEY));
	/* Taken before the key's own lock, hence of the rank below. */
	status = lock_init(&coffer_key.gate, LOCK_VAULT_POOL);
	if (cf_failed(status))
		rwlock_destroy(&coffer_key.lock);
	return status;
}

struct cf_status coffer_key_open(void)
{
	struct cf_status status;

	CF_TRY(open_locks());
	status = region_new(COFFER_KEY_SIZE, &coffer_key.left);
	if (cf_ok(status))
		status = region_new(COFFER_KEY_SIZE, &coffer_key.right);
	if (cf_failed(status)) {
		coffer_key_close();
		return status;
	}
	born();
	return CF_OK;
}

void coffer_key_close(void)
{
	region_free(&coffer_key.left);
	region_free(&coffer_key.right);
	lock_destroy(&coffer_key.gate);
	rwlock_destroy(&coffer_key.lock);
}

void coffer_key_forget(void)
{
	coffer_key.left = coffer_key.right = (struct region){ 0 };
	atomic_store(&coffer_key.gate_closed, false);
}

void coffer_key_read_lock(void)
{
	if (atomic_load_explicit(&coffer_key.gate_closed, memory_order_relaxed)) {
		lock_take(&coffer_key.gate);
		lock_drop(&coffer_key.gate);
	}
	rwlock_read(&coffer_key.lock);
}

void coffer_key_read_unlock(void)
{
	rwlock_drop(&coffer_key.lock);
}

void coffer_key_write_lock(void)
{
	lock_take(&coffer_key.gate);
	atomic_store(&coffer_key.gate_closed, true);
	rwlock_write(&coffer_key.lock);
}

void coffer_key_write_unlock(void)
{
	rwlock_drop(&coffer_key.lock);
	atomic_store(&coffer_key.gate_closed, false);
	lock_drop(&coffer_key.gate);
}

void coffer_key_get(struct vault_scope *scope, uint8_t key[COFFER_KEY_SIZE])
{
	(void)scope;
	mask_of_right(key);
	xor_into(key, key, coffer_key.left.use.p);
}

static void split(const uint8_t key[COFFER_KEY_SIZE])
{
	uint8_t mask[COFFER_KEY_SIZE];

	randombytes_buf(coffer_key.right.use.p, COFFER_KEY_SIZE);
	mask_of_right(mask);
	xor_into(coffer_key.left.use.p, key, mask);
	atomic_store(&coffer_key.randomised_ms, clock_monotonic_ms());
}

void coffer_key_replace(struct vault_scope *scope, const uint8_t key[COFFER_KEY_SIZE])
{
	(void)scope;
	split(key);
	atomic_store(&coffer_key.created_ms, clock_monotonic_ms());
}

void coffer_key_rerandomise(struct vault_scope *scope)
{
	uint8_t key[COFFER_KEY_SIZE];

	coffer_key_get(scope, key);
	split(key);
}

static bool older_than(_Atomic uint64_t *since, uint64_t ms)
{
	return clock_monotonic_ms() - atomic_load_explicit(since, memory_order_relaxed) >= ms;
}

bool coffer_key_stale(void)
{
	return older_than(&coffer_key.randomised_ms, STALE_MS);
}

bool coffer_key_expired(void)
{
	return older_than(&coffer_key.created_ms, EXPIRED_MS);
}

bool coffer_key_intact(void)
{
	return region_intact(&coffer_key.left) && region_intact(&coffer_key.right);
}
