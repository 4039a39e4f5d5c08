/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "ck/rv.h"
#include "mech/prepared.h"
#include "token/token_internal.h"

/* Most keys fit on the vault stack; larger ones are opened into memory of the scope. */
#define SMALL_KEY 512

struct key {
	_Atomic unsigned refs;
	struct key *next;        /* in the token's cache */
	CK_OBJECT_HANDLE handle;
	uint64_t epoch;
	bool bound;              /* to the login: a private object */
	struct object_usage usage;
	struct keep keep;        /* of its mechanisms */
	struct secret *material; /* sealed, or */
	struct buf plain;        /* of a public key, and */
	struct prepared prepared; /* what the library made of it */
};

void key_unref(struct key *k)
{
	if (k == NULL || atomic_fetch_sub_explicit(&k->refs, 1, memory_order_acq_rel) != 1)
		return;
	keep_clear(&k->keep);
	if (k->material == NULL)
		prepared_clear(&k->prepared);
	secret_unref(k->material);
	buf_release(&k->plain);
	mem_free(k);
}

struct key *key_ref(struct key *k)
{
	atomic_fetch_add_explicit(&k->refs, 1, memory_order_relaxed);
	return k;
}

/* ---- the cache: with the token's lock held ---- */

static struct key **bucket(struct token *t, CK_OBJECT_HANDLE handle)
{
	/* The low bits of a handle are its kind, and pairs are numbered in turn. */
	return &t->keys[(handle >> 3) % KEY_BUCKETS];
}

void keys_drop_all(struct token *t)
{
	for (size_t i = 0; i < KEY_BUCKETS && t->key_count > 0; i++) {
		while (t->keys[i] != NULL) {
			struct key *k = t->keys[i];

			t->keys[i] = k->next;
			t->key_count--;
			key_unref(k);
		}
	}
}

static void drop(struct token *t, CK_OBJECT_HANDLE handle)
{
	for (struct key **place = bucket(t, handle); *place != NULL; place = &(*place)->next) {
		struct key *k = *place;

		if (k->handle != handle)
			continue;
		*place = k->next;
		t->key_count--;
		key_unref(k);
		return;
	}
}

void keys_drop(struct token *t, CK_OBJECT_HANDLE handle)
{
	t->session_changes++;
	drop(t, handle);
}

/* One key of the next bucket that has any: which one has no meaning, so that a program that uses more keys than fit,
 * one after the other, finds most of them ready. */
static void keys_drop_some(struct token *t)
{
	while (t->keys[t->key_hand] == NULL)
		t->key_hand = (t->key_hand + 1) % KEY_BUCKETS;
	drop(t, t->keys[t->key_hand]->handle);
	t->key_hand = (t->key_hand + 1) % KEY_BUCKETS;
}

void keys_committed(struct token *t, struct wallet_step step, CK_OBJECT_HANDLE changed)
{
	token_lock(t);
	keys_drop(t, changed);
	if (t->keys_generation == step.before)
		t->keys_generation = step.after;
	token_unlock(t);
}

CK_RV keys_refresh(struct token *t)
{
	uint64_t generation;
	CK_RV rv;

	if (t->wallet == NULL)
		return CKR_OK;
	rv = rv_of(wallet_generation(t->wallet, &generation));
	if (rv == CKR_OK && generation != t->keys_generation) {
		keys_drop_all(t);
		atomic_store(&t->no_policy, false);
		t->keys_generation = generation;
	}
	return rv;
}

static CK_RV cached(struct token *t, CK_OBJECT_HANDLE handle, struct key **out)
{
	CK_RV rv = keys_refresh(t);

	*out = NULL;
	if (rv != CKR_OK)
		return rv;
	for (struct key *k = *bucket(t, handle); k != NULL; k = k->next) {
		if (k->handle == handle) {
			*out = key_ref(k);
			return CKR_OK;
		}
	}
	return CKR_OK;
}

static bool is_current(struct token *t, const struct image *image)
{
	if (handle_kind(image->handle) == HANDLE_SESSION)
		return image->session_changes == t->session_changes;
	return handle_kind(image->handle) != HANDLE_TOKEN || image->generation == t->keys_generation;
}

/* Only while what it was read from is still what is there. */
static void keep(struct token *t, struct key *k, const struct image *image)
{
	struct key **place = bucket(t, k->handle);

	token_lock(t);
	if (keys_refresh(t) == CKR_OK && token_login_epoch(t) == k->epoch && is_current(t, image)) {
		drop(t, k->handle);
		if (t->key_count >= KEYS_MAX)
			keys_drop_some(t);
		k->next = *place;
		*place = key_ref(k);
		t->key_count++;
	}
	token_unlock(t);
}

/* ---- taking a key ---- */

static CK_RV material_in(struct vault_scope *scope, struct attrs attrs, struct key *k)
{
	struct attrs_writer w = { .failed = CKR_OK };
	CK_RV rv;

	if (scope != NULL) {
		if (cf_failed(vault_scope_alloc(scope, attrs.bytes.n, &w.room)))
			return CKR_DEVICE_MEMORY;
		rv = object_key_material(scope, attrs, &w);
		return rv == CKR_OK ? rv_of(secret_seal(scope, span(w.room.p, w.n), &k->material)) : rv;
	}
	if (cf_failed(buf_grow(&k->plain, attrs.bytes.n)))
		return CKR_HOST_MEMORY;
	w.room = mspan(k->plain.p, k->plain.n);
	rv = object_key_material(NULL, attrs, &w);
	k->plain.n = w.n;
	return rv;
}

static CK_RV read_in(struct vault_scope *scope, struct attrs attrs, void *arg)
{
	struct key *k = arg;
	CK_RV rv = object_usage_of(scope, attrs, &k->usage);

	k->bound = attrs_bool(attrs, CKA_PRIVATE, true) ||
		   (attrs_bool(attrs, CKA_TOKEN, false) && k->usage.class != CKO_PUBLIC_KEY);
	return rv == CKR_OK ? material_in(scope, attrs, k) : rv;
}

static CK_RV key_read(struct token *t, CK_OBJECT_HANDLE handle, struct key **out)
{
	AUTO_IMAGE image = IMAGE_INIT;
	AUTO(key) k = NEW(key);
	CK_RV rv;

	if (k == NULL)
		return CKR_HOST_MEMORY;
	atomic_init(&k->refs, 1);
	k->plain = (struct buf)BUF_INIT(WALLET_OBJECT_MAX);
	k->handle = handle;
	/* Read before the object: a logout in between makes the key dead, never the other way round. */
	k->epoch = token_login_epoch(t);
	rv = image_load(t, handle, &image);
	if (rv == CKR_OBJECT_HANDLE_INVALID)
		return CKR_KEY_HANDLE_INVALID;
	image.check_later = false; /* no operation needs it */
	if (rv == CKR_OK)
		rv = image_run(&image, read_in, k);
	if (rv != CKR_OK)
		return rv;
	keep(t, k, &image);
	*out = TAKE(k);
	return CKR_OK;
}

CK_RV key_take(const struct access *who, CK_OBJECT_HANDLE object, struct key **out)
{
	struct token *t = who->token;
	CK_RV rv;

	token_lock(t);
	rv = cached(t, object, out);
	token_unlock(t);
	if (rv != CKR_OK || *out != NULL)
		return rv;
	return key_read(t, object, out);
}

const struct object_usage *key_usage(const struct key *k)
{
	return &k->usage;
}

bool key_may_be_read(const struct key *k)
{
	return !k->usage.sensitive && k->usage.extractable;
}

bool key_is_private(const struct key *k)
{
	return k->material != NULL;
}

bool key_alive(const struct key *k, struct token *t)
{
	return !k->bound || k->epoch == token_login_epoch(t);
}

static bool listed(const struct object_usage *u, CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < u->mechanism_count; i++)
		if (u->mechanism[i] == type)
			return true;
	return false;
}

/* Dates are compared as text: YYYYMMDD. */
static bool in_time(const struct object_usage *u)
{
	time_t now = (time_t)clock_wall_s();
	struct tm utc;
	char today[9];

	if (u->start_date[0] == '\0' && u->end_date[0] == '\0')
		return true;
	if (gmtime_r(&now, &utc) == NULL || strftime(today, sizeof(today), "%Y%m%d", &utc) != 8)
		return false;
	return (u->start_date[0] == '\0' || memcmp(u->start_date, today, 8) <= 0) &&
	       (u->end_date[0] == '\0' || memcmp(today, u->end_date, 8) <= 0);
}

CK_RV key_permits(const struct key *k, const struct mech *mech)
{
	const struct object_usage *u = &k->usage;

	if (!mech_takes(mech, u->class, u->key_type))
		return CKR_KEY_TYPE_INCONSISTENT;
	if (u->bits < mech->min_bits || u->bits > mech->max_bits)
		return CKR_KEY_SIZE_RANGE;
	if (u->mechanisms_limited && !listed(u, mech->type))
		return CKR_MECHANISM_INVALID;
	if (!in_time(u)) {
		cf_ignore(error_set(CF_STATUS(DENIED), "the key's start or end date does not allow its use today"),
			  "the return value is the answer");
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	}
	return CKR_OK;
}

/* ---- using a key ---- */

static CK_RV view_of(struct key *k, struct span material, struct key_view *view)
{
	struct attrs attrs = { material };
	struct attrs_cursor cursor = { 0 };
	struct attr at;

	view->class = k->usage.class;
	view->type = k->usage.key_type;
	view->bits = k->usage.bits;
	view->parameter_set = k->usage.parameter_set;
	view->keep = k->material == NULL ? NULL : &k->keep;
	view->prepared = k->material == NULL ? &k->prepared : NULL;
	view->parts = 0;
	while (view->parts < KEY_PARTS_MAX && attrs_next(attrs, &cursor, &at))
		view->part[view->parts++] = (struct key_part){ at.type, at.value };
	return cursor.bad ? CKR_DEVICE_ERROR : CKR_OK;
}

CK_RV key_open(struct vault_scope *scope, struct key *k, struct key_view *view)
{
	struct mspan room;
	CK_RV rv;

	if (k->material == NULL)
		return view_of(k, buf_span(&k->plain), view);
	if (cf_failed(vault_scope_alloc(scope, secret_size(k->material), &room)))
		return CKR_DEVICE_MEMORY;
	rv = rv_of(secret_open(scope, k->material, room));
	return rv == CKR_OK ? view_of(k, span(room.p, secret_size(k->material)), view) : rv;
}

struct use {
	struct key *key;
	key_fn fn;
	void *arg;
	CK_RV rv;
};

static CK_RV use_opened(struct vault_scope *scope, struct use *use, struct mspan room)
{
	struct key_view view;
	CK_RV rv = rv_of(secret_open(scope, use->key->material, room));

	if (rv == CKR_OK)
		rv = view_of(use->key, span(room.p, secret_size(use->key->material)), &view);
	return rv == CKR_OK ? use->fn(scope, &view, use->arg) : rv;
}

static void use_in_scope(struct vault_scope *scope, void *arg)
{
	struct use *use = arg;
	uint8_t small[SMALL_KEY];
	struct mspan room = MSPAN_OF(small);
	size_t n = secret_size(use->key->material);

	if (n > sizeof(small) && cf_failed(vault_scope_alloc(scope, n, &room)))
		use->rv = CKR_DEVICE_MEMORY;
	else
		use->rv = use_opened(scope, use, room);
}

CK_RV key_run(struct key *k, bool deep, key_fn fn, void *arg)
{
	struct use use = { k, fn, arg, CKR_OK };
	struct key_view view;
	CK_RV rv;

	if (k->material != NULL) {
		rv = rv_of(deep ? vault_run(use_in_scope, &use) : vault_run_shallow(use_in_scope, &use));
		return rv == CKR_OK ? use.rv : rv;
	}
	rv = view_of(k, buf_span(&k->plain), &view);
	return rv == CKR_OK ? fn(NULL, &view, arg) : rv;
}
