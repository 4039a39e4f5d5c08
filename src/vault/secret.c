/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/secret.h"

#include <sodium.h>
#include <stdatomic.h>

#include "base/error.h"
#include "base/lock.h"
#include "base/mem.h"
#include "vault/interrupt.h"
#include "vault/key.h"
#include "vault/scope_internal.h"
#include "vault/seal.h"
#include "vault/secret_internal.h"
#include "vault/switch.h"

struct secret {
	_Atomic unsigned refs;
	unsigned era; /* of the vault that sealed it */
	struct secret *next, *prev;
	size_t n;
	uint8_t nonce[SEAL_NONCE_SIZE];
	uint8_t sealed[]; /* n + SEAL_TAG_SIZE */
};

/* Every living secret, so that a new coffer key can take them all over. */
static struct {
	struct lock lock;
	struct secret *first;
	size_t count, largest;
	/* Raised when the vault is closed or left behind by a fork: a secret of an earlier era is
	 * in no list any more and its key is gone, but its holder may still let go of it. */
	_Atomic unsigned era;
} living;

struct cf_status secrets_open(void)
{
	return lock_init(&living.lock, LOCK_LEAF);
}

void secrets_close(void)
{
	lock_destroy(&living.lock);
	secrets_forget();
}

void secrets_forget(void)
{
	living.first = NULL;
	living.count = living.largest = 0;
	atomic_fetch_add(&living.era, 1);
}

size_t secrets_count(void)
{
	LOCKED(&living.lock);
	return living.count;
}

static bool is_living(const struct secret *s)
{
	return s->era == atomic_load_explicit(&living.era, memory_order_relaxed);
}

static void enlist(struct secret *s)
{
	LOCKED(&living.lock);
	s->era = atomic_load(&living.era);
	s->next = living.first;
	if (s->next != NULL)
		s->next->prev = s;
	living.first = s;
	living.count++;
	if (s->n > living.largest)
		living.largest = s->n;
}

static void delist(struct secret *s)
{
	LOCKED(&living.lock);
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		living.first = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	living.count--;
}

static struct span sealed_bytes(const struct secret *s)
{
	return span(s->sealed, s->n + SEAL_TAG_SIZE);
}

struct cf_status secret_seal(struct vault_scope *scope, struct span plain, struct secret **out)
{
	uint8_t key[COFFER_KEY_SIZE];
	struct cf_status status;
	struct secret *s;

	if (plain.n == 0 || plain.n > SECRET_MAX)
		return CF_STATUS(LIMIT);
	s = mem_alloc(sizeof(*s) + plain.n + SEAL_TAG_SIZE);
	if (s == NULL)
		return CF_STATUS(NOMEM);
	atomic_init(&s->refs, 1);
	s->n = plain.n;
	status = secrets_housekeep(scope);
	if (cf_failed(status)) {
		mem_free(s);
		return status;
	}
	/* Enlisted before the key can change: rotation holds the lock for writing. */
	coffer_key_read_lock();
	coffer_key_get(scope, key);
	seal_encrypt(key, s->nonce, plain, s->sealed);
	enlist(s);
	coffer_key_read_unlock();
	switch_clear_vectors();
	*out = s;
	return CF_OK;
}

struct cf_status secret_usable(const struct secret *s)
{
	return is_living(s) ? CF_OK : error_set(CF_STATUS(CLOSED), "the vault that sealed this secret is closed");
}

struct cf_status secret_open(struct vault_scope *scope, const struct secret *s, struct mspan dst)
{
	uint8_t key[COFFER_KEY_SIZE];
	bool genuine;

	if (dst.n < s->n || !scope_holds(scope, dst.p, s->n))
		return scope_misused();
	CF_TRY(secret_usable(s));
	CF_TRY(secrets_housekeep(scope));
	coffer_key_read_lock();
	coffer_key_get(scope, key);
	genuine = seal_decrypt(key, s->nonce, sealed_bytes(s), dst.p);
	coffer_key_read_unlock();
	/* Or the coffer key stays in them as long as the mechanism does without. */
	switch_clear_vectors();
	if (genuine)
		return CF_OK;
	vault_damaged("a sealed secret does not verify");
	return CF_STATUS(FORGED);
}

/* Opens with the old key and seals with the new one, in place. False when one was forged. */
static bool reseal_all(const uint8_t *old_key, const uint8_t *new_key, uint8_t *scratch)
{
	size_t largest = 0;
	LOCKED(&living.lock);

	for (struct secret *s = living.first; s != NULL; s = s->next) {
		if (!seal_decrypt(old_key, s->nonce, sealed_bytes(s), scratch))
			return false;
		seal_encrypt(new_key, s->nonce, span(scratch, s->n), s->sealed);
		if (s->n > largest)
			largest = s->n;
	}
	living.largest = largest;
	return true;
}

static size_t largest_living(void)
{
	LOCKED(&living.lock);
	return living.largest;
}

static struct cf_status rotate_locked(struct vault_scope *scope, struct mspan scratch)
{
	uint8_t old_key[COFFER_KEY_SIZE], new_key[COFFER_KEY_SIZE];

	if (largest_living() > scratch.n)
		return CF_STATUS(AGAIN);
	coffer_key_get(scope, old_key);
	randombytes_buf(new_key, sizeof(new_key));
	if (!reseal_all(old_key, new_key, scratch.p)) {
		/* Nothing can be trusted now: some are sealed anew, the key is the old one. */
		vault_damaged("a sealed secret does not verify");
		return CF_STATUS(FORGED);
	}
	coffer_key_replace(scope, new_key);
	return CF_OK;
}

/* Everything that can fail comes before the first secret is touched. */
static struct cf_status rotate_if(struct vault_scope *scope, bool (*due)(void))
{
	struct cf_status status;

	do {
		struct mspan scratch;

		CF_TRY(vault_scope_alloc(scope, largest_living() + 1, &scratch));
		coffer_key_write_lock();
		/* Another thread may have done it while this one waited. */
		status = due() ? rotate_locked(scope, scratch) : CF_OK;
		coffer_key_write_unlock();
	} while (cf_is(status, CF_CODE_AGAIN)); /* a larger one was sealed meanwhile */
	return status;
}

static bool always(void)
{
	return true;
}

struct cf_status secrets_rotate(struct vault_scope *scope)
{
	return rotate_if(scope, always);
}

struct cf_status secrets_housekeep(struct vault_scope *scope)
{
	if (!coffer_key_stale())
		return CF_OK;
	interrupt_presume(); /* random numbers come by a system call */
	if (!coffer_key_intact()) {
		vault_damaged("a canary of the coffer key was overwritten");
		return CF_STATUS(CLOSED);
	}
	if (coffer_key_expired())
		cf_ignore(rotate_if(scope, coffer_key_expired),
			  "tried again with the next partitions");
	coffer_key_write_lock();
	if (coffer_key_stale())
		coffer_key_rerandomise(scope);
	coffer_key_write_unlock();
	return CF_OK;
}

size_t secret_size(const struct secret *s)
{
	return s->n;
}

struct secret *secret_ref(struct secret *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void secret_unref(struct secret *s)
{
	if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (is_living(s))
		delist(s);
	sodium_memzero(s->sealed, s->n + SEAL_TAG_SIZE);
	mem_free(s);
}
