/* SPDX-License-Identifier: Apache-2.0 */
/* PINs: the wallet key comes out under one and goes back under another. */
#include <sodium.h>

#include "base/error.h"
#include "base/mem.h"
#include "wallet/kdf.h"
#include "wallet/pin.h"
#include "wallet/wallet_internal.h"

static const char *role_name(unsigned role)
{
	static const char *const name[] = { [WALLET_USER] = "user", [WALLET_SO] = "SO" };

	return role < WALLET_NAMED ? name[role] : "such user's";
}

struct cf_status wrap_read(struct wallet *w, unsigned role, struct wrap *wrap, uint32_t *failures)
{
	AUTO_BUF bytes = BUF_INIT(WRAP_MAX);
	struct cf_status status = store_wrap_get(w->store, role, &bytes, failures);

	if (cf_is(status, CF_CODE_NOT_FOUND))
		return error_set(status, "the wallet has no %s PIN", role_name(role));
	CF_TRY(status);
	CF_TRY(wrap_decode(buf_span(&bytes), wrap));
	if ((role >= WALLET_NAMED) != (wrap->user[0] != '\0'))
		return error_set(CF_STATUS(CORRUPT), "a PIN record of the wallet is damaged");
	return CF_OK;
}

/* Counts the try before the PIN is looked at.  In a transaction. */
static struct cf_status count_try(struct wallet *w, unsigned role, uint32_t limit, struct wrap *wrap)
{
	uint32_t failures;

	CF_TRY(wrap_read(w, role, wrap, &failures));
	if (limit != 0 && failures >= limit)
		return error_set(CF_STATUS(LOCKED), "the PIN is locked after %u failures", failures);
	if (failures < UINT32_MAX)
		CF_TRY(store_wrap_failures(w->store, role, failures + 1));
	return store_commit(w->store);
}

static struct cf_status begin_try(struct wallet *w, unsigned role, uint32_t limit, struct wrap *wrap)
{
	struct cf_status status;
	uint32_t failures;
	LOCKED(&w->lock);

	status = store_begin(w->store);
	if (cf_ok(status))
		status = count_try(w, role, limit, wrap);
	if (cf_failed(status))
		store_rollback(w->store);
	/* On a read-only medium or a full disk nothing can be counted; where there is no limit that locks nobody out. */
	if (limit == 0 && (cf_is(status, CF_CODE_READONLY) || cf_is(status, CF_CODE_FULL)))
		return wrap_read(w, role, wrap, &failures);
	return status;
}

static struct cf_status forgive(struct wallet *w, unsigned role)
{
	struct cf_status status;
	LOCKED(&w->lock);

	status = store_begin(w->store);
	if (cf_ok(status))
		status = store_wrap_failures(w->store, role, 0);
	if (cf_ok(status))
		return store_commit(w->store);
	store_rollback(w->store);
	return status;
}

struct pin_work {
	const struct header *header;
	unsigned role;
	struct span pin;
	struct wrap *wrap;
	struct secret *key;
	struct cf_status status;
};

static void unwrap_in_scope(struct vault_scope *scope, void *arg)
{
	struct pin_work *work = arg;
	uint8_t master[WALLET_KEY_SIZE];

	work->status = wrap_open(scope, work->header, work->role, work->pin, work->wrap, master);
	if (cf_ok(work->status))
		work->status = secret_seal(scope, SPAN_OF(master), &work->key);
}

/* The header is what the wallet key says it is. */
static struct cf_status check_header(struct wallet *w, struct secret *key)
{
	struct cf_status status;
	LOCKED(&w->lock);

	CF_TRY(store_snapshot(w->store));
	status = wallet_refresh(w, key);
	store_snapshot_end(w->store);
	return status;
}

struct cf_status wallet_unlock(struct wallet *w, unsigned role, struct span pin, uint32_t limit,
			       struct secret **out)
{
	struct wrap wrap;
	struct pin_work work = { .header = &w->identity, .role = role, .pin = pin, .wrap = &wrap };
	AUTO(secret) key = NULL;

	CF_TRY(begin_try(w, role, limit, &wrap));
	CF_TRY(vault_run(unwrap_in_scope, &work));
	CF_TRY(work.status);
	key = work.key;
	cf_ignore(forgive(w, role), "a count that stays too high errs on the safe side");
	CF_TRY(check_header(w, key));
	*out = TAKE(key);
	return CF_OK;
}

static void wrap_in_scope(struct vault_scope *scope, void *arg)
{
	struct pin_work *work = arg;
	struct wallet_keys keys;

	work->status = keys_open(scope, work->key, &keys);
	if (cf_ok(work->status))
		work->status = wrap_seal(scope, work->header, work->role, work->pin, keys.master, work->wrap);
}

struct cf_status pin_wrap(const struct header *h, struct secret *key, unsigned role, const char *user,
			  struct span pin, const struct wallet_kdf *kdf, struct buf *out)
{
	struct wrap wrap = { .kdf = *kdf };
	struct pin_work work = { .header = h, .role = role, .pin = pin, .wrap = &wrap, .key = key };

	bytes_copy(wrap.user, user, strlen(user));
	if (wrap.kdf.memory_kib == 0)
		wrap.kdf.memory_kib = KDF_STANDARD_MEMORY_KIB;
	if (wrap.kdf.passes == 0)
		wrap.kdf.passes = KDF_STANDARD_PASSES;
	CF_TRY(vault_run(wrap_in_scope, &work));
	CF_TRY(work.status);
	wrap_encode(&wrap, out);
	return buf_status(out);
}

/* Still the same user's place: a named one may have been removed meanwhile, and another be in it. */
static struct cf_status check_place(struct wallet *w, unsigned role, const char *user)
{
	struct wrap now;
	uint32_t failures;

	if (role < WALLET_NAMED)
		return CF_OK;
	CF_TRY(wrap_read(w, role, &now, &failures));
	return strcmp(now.user, user) == 0 ? CF_OK : error_set(CF_STATUS(NOT_FOUND), "the wallet has no such user");
}

/* The header is looked at again: a wrap of a key that a reset has replaced meanwhile would shut its owner out. */
static struct cf_status wrap_store(struct wallet *w, struct secret *key, unsigned role, const char *user, struct span wrap)
{
	struct cf_status status;
	LOCKED(&w->lock);

	CF_TRY(store_begin(w->store));
	status = wallet_refresh(w, key);
	if (cf_ok(status))
		status = check_place(w, role, user);
	if (cf_ok(status))
		status = store_wrap_put(w->store, role, wrap);
	if (cf_ok(status))
		return store_commit(w->store);
	store_rollback(w->store);
	return status;
}

/* The wrap that is there now; an empty one where the user or the SO has none yet. */
static struct cf_status wrap_now(struct wallet *w, unsigned role, struct wrap *wrap)
{
	struct cf_status status;
	uint32_t failures;
	LOCKED(&w->lock);

	*wrap = (struct wrap){ 0 };
	CF_TRY(store_snapshot(w->store));
	status = wrap_read(w, role, wrap, &failures);
	store_snapshot_end(w->store);
	return cf_is(status, CF_CODE_NOT_FOUND) && role < WALLET_NAMED ? CF_OK : status;
}

struct cf_status wallet_set_pin(struct wallet *w, struct secret *key, unsigned role, struct span pin,
				const struct wallet_kdf *kdf)
{
	AUTO_BUF bytes = BUF_INIT(WRAP_MAX);
	struct wallet_kdf chosen = *kdf;
	struct wrap now;

	CF_TRY(check_header(w, key));
	CF_TRY(wrap_now(w, role, &now));
	if (chosen.memory_kib == 0)
		chosen.memory_kib = now.kdf.memory_kib;
	if (chosen.passes == 0)
		chosen.passes = now.kdf.passes;
	CF_TRY(pin_wrap(&w->identity, key, role, now.user, pin, &chosen, &bytes));
	return wrap_store(w, key, role, now.user, buf_span(&bytes));
}

static void new_key_in_scope(struct vault_scope *scope, void *arg)
{
	struct pin_work *work = arg;
	uint8_t master[WALLET_KEY_SIZE];

	randombytes_buf(master, sizeof(master));
	work->status = secret_seal(scope, SPAN_OF(master), &work->key);
}

struct cf_status pin_new_key(struct secret **out)
{
	struct pin_work work = { 0 };

	CF_TRY(vault_run(new_key_in_scope, &work));
	*out = work.key;
	return work.status;
}

/* In a transaction. */
static struct cf_status reset(struct wallet *w, struct secret *old_key, struct secret *new_key, struct span so_wrap,
			      const char *label)
{
	struct header h;

	CF_TRY(wallet_refresh(w, old_key));
	h = w->header;
	header_next_change(&h);
	h.objects = 0;
	h.policy_n = 0;
	memset(h.policy, 0, sizeof(h.policy));
	h.levels = 1;
	h.root_version = 0;
	memset(h.label, 0, sizeof(h.label));
	bytes_copy(h.label, label, strlen(label));
	CF_TRY(store_clear(w->store));
	CF_TRY(store_wraps_clear(w->store));
	CF_TRY(store_wrap_put(w->store, WALLET_SO, so_wrap));
	CF_TRY(wallet_header_write(w, new_key, &h));
	return store_commit(w->store);
}

static struct cf_status reset_locked(struct wallet *w, struct secret *old_key, struct secret *new_key, struct span so_wrap,
				     const char *label)
{
	struct cf_status status;
	LOCKED(&w->lock);

	CF_TRY(store_begin(w->store));
	status = reset(w, old_key, new_key, so_wrap, label);
	if (cf_failed(status))
		store_rollback(w->store);
	w->header_loaded = false;
	w->header_trusted = false;
	return status;
}

struct cf_status wallet_reset(struct wallet *w, struct secret *key, struct span so_pin, const struct wallet_kdf *kdf,
			      const char *label)
{
	AUTO_BUF bytes = BUF_INIT(WRAP_MAX);
	AUTO(secret) new_key = NULL;

	CF_TRY(wallet_label_check(label));
	CF_TRY(pin_new_key(&new_key));
	CF_TRY(pin_wrap(&w->identity, new_key, WALLET_SO, "", so_pin, kdf, &bytes));
	return reset_locked(w, key, new_key, buf_span(&bytes), label);
}
