/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/mem.h"
#include "wallet/wallet_internal.h"

struct wallet_change {
	struct wallet *w;
	struct secret *key;
	struct header header; /* what it will be */
	struct set_change set;
	struct cf_status failed; /* of the first step that failed: then nothing is committed */
};

static void change_free(struct wallet_change *c)
{
	set_change_release(&c->set);
	lock_drop(&c->w->lock);
	secret_unref(c->key);
	wallet_unref(c->w);
	mem_free(c);
}

void wallet_change_abort(struct wallet_change *c)
{
	if (c == NULL)
		return;
	store_rollback(c->w->store);
	change_free(c);
}

struct cf_status wallet_change_begin(struct wallet *w, struct secret *key, struct wallet_change **out)
{
	struct wallet_change *c = NEW(wallet_change);
	struct cf_status status;

	if (c == NULL)
		return CF_STATUS(NOMEM);
	c->w = wallet_ref(w);
	c->key = secret_ref(key);
	lock_take(&w->lock);
	status = store_begin(w->store);
	if (cf_failed(status)) {
		change_free(c);
		return status;
	}
	status = wallet_refresh(w, key);
	if (cf_failed(status)) {
		wallet_change_abort(c);
		return status;
	}
	c->header = w->header;
	header_next_change(&c->header);
	*out = c;
	return CF_OK;
}

struct cf_status wallet_change_new(struct wallet_change *c, bool is_private, struct wallet_object *o)
{
	o->number = c->header.next_number++;
	o->version = c->header.change;
	o->is_private = is_private;
	return CF_OK;
}

struct cf_status wallet_change_again(struct wallet_change *c, uint64_t number, bool is_private, struct wallet_object *o)
{
	o->number = number;
	o->version = c->header.change;
	o->is_private = is_private;
	return CF_OK;
}

struct cf_status wallet_change_fetch(struct wallet_change *c, uint64_t number, struct wallet_object *out)
{
	return fetch_locked(c->w, c->key, &c->header, &c->set, number, out);
}

struct cf_status wallet_change_seal(struct vault_scope *scope, struct wallet_change *c, struct wallet_object *o,
				    struct span plain, const struct wallet_term *terms, size_t count)
{
	struct wallet_keys keys;

	if (plain.n > WALLET_OBJECT_MAX)
		return error_set(CF_STATUS(LIMIT), "an object is at most %zu bytes", WALLET_OBJECT_MAX);
	CF_TRY(keys_open(scope, c->key, &keys));
	buf_clear(&o->terms);
	for (size_t i = 0; i < count; i++) {
		uint8_t term[WALLET_TERM_SIZE];

		if (o->is_private)
			term_private(scope, &keys, &terms[i], term);
		else
			term_public(&c->header, &terms[i], term);
		buf_bytes(&o->terms, SPAN_OF(term));
	}
	CF_TRY(buf_status(&o->terms));
	return object_seal(scope, &keys, &c->header, o, plain);
}

static struct cf_status put(struct wallet_change *c, const struct wallet_object *o)
{
	/* Borrows the buffers of `o` for the row. */
	struct store_object row = { o->number, o->version, o->is_private, o->body, o->terms };
	uint64_t previous;

	if (o->number == 0 || o->number >= c->header.next_number || o->version != c->header.change)
		return error_set(CF_STATUS(INVALID), "the object is not of this change");
	CF_TRY(set_assign(c->w, c->key, &c->set, &c->header, o->number, o->version, &previous));
	if (previous == 0)
		c->header.objects++;
	return store_object_put(c->w->store, &row);
}

struct cf_status wallet_change_put(struct wallet_change *c, const struct wallet_object *o)
{
	if (cf_ok(c->failed))
		c->failed = put(c, o);
	return c->failed;
}

static struct cf_status take_away(struct wallet_change *c, uint64_t number)
{
	uint64_t previous;

	CF_TRY(set_assign(c->w, c->key, &c->set, &c->header, number, 0, &previous));
	c->header.objects--;
	return store_object_remove(c->w->store, number);
}

struct cf_status wallet_change_remove(struct wallet_change *c, uint64_t number)
{
	uint64_t version;

	CF_TRY(c->failed);
	/* The set decides, not the row: what was tampered with can still be removed. */
	CF_TRY(set_lookup(c->w, c->key, &c->header, &c->set, number, &version));
	if (version == 0)
		return error_set(CF_STATUS(NOT_FOUND), "there is no such object in the wallet");
	c->failed = take_away(c, number);
	return c->failed;
}

struct wallet_step wallet_change_step(const struct wallet_change *c)
{
	/* Ours is the next commit after the one that the header was read at; SQLite's counter has 32 bits. */
	return (struct wallet_step){ c->w->counter, (uint32_t)(c->w->counter + 1) };
}

static struct cf_status commit(struct wallet_change *c)
{
	CF_TRY(c->failed);
	CF_TRY(set_write(c->w, c->key, &c->set, &c->header));
	CF_TRY(wallet_header_write(c->w, c->key, &c->header));
	return store_commit(c->w->store);
}

struct cf_status wallet_change_commit(struct wallet_change *c)
{
	struct wallet_step step = wallet_change_step(c);
	struct cf_status status = commit(c);

	if (cf_ok(status)) {
		set_adopt(c->w, &c->set);
		c->w->header = c->header;
		c->w->counter = step.after;
	} else {
		store_rollback(c->w->store);
		c->w->header_loaded = false;
	}
	change_free(c);
	return status;
}
