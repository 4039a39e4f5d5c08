/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/mem.h"
#include "wallet/wallet_internal.h"

_Static_assert(WALLET_TERM_SIZE == STORE_TERM_SIZE && WALLET_TERMS_MAX == STORE_TERMS_MAX, "a term is a term");

void wallet_object_release(struct wallet_object *o)
{
	buf_release(&o->body);
	buf_release(&o->terms);
}

static struct cf_status forged(uint64_t number)
{
	return error_set(CF_STATUS(FORGED), "object %llu of the wallet was removed, replaced or put back from an older copy",
			 (unsigned long long)number);
}

static struct cf_status missing(void)
{
	return error_set(CF_STATUS(NOT_FOUND), "there is no such object in the wallet");
}

/* What the set says of the row that was found. */
static struct cf_status check_place(uint64_t number, bool found, uint64_t version, uint64_t expected)
{
	if (expected == 0 && !found)
		return missing();
	return found && version == expected ? CF_OK : forged(number);
}

struct cf_status fetch_locked(struct wallet *w, struct secret *key_opt, const struct header *h,
			      const struct set_change *s_opt, uint64_t number, struct wallet_object *out)
{
	AUTO_STORE_OBJECT row = STORE_OBJECT_INIT;
	struct cf_status status = store_object_get(w->store, number, &row);
	bool found = cf_ok(status);
	uint64_t expected;

	if (!found && !cf_is(status, CF_CODE_NOT_FOUND))
		return status;
	if (key_opt != NULL) {
		CF_TRY(set_lookup(w, key_opt, h, s_opt, number, &expected));
		CF_TRY(check_place(number, found, row.version, expected));
	} else if (!found || row.is_private) {
		return missing();
	}
	wallet_object_release(out);
	out->number = number;
	out->version = row.version;
	out->is_private = row.is_private;
	out->body = row.body;
	out->terms = row.terms;
	row.body = (struct buf)BUF_INIT(STORE_BODY_MAX);
	row.terms = (struct buf)BUF_INIT(4096);
	return CF_OK;
}

struct cf_status wallet_fetch(struct wallet *w, struct secret *key_opt, uint64_t number, struct wallet_object *out)
{
	struct cf_status status;
	LOCKED(&w->lock);

	CF_TRY(store_snapshot(w->store));
	status = wallet_refresh(w, key_opt);
	if (cf_ok(status))
		status = fetch_locked(w, key_opt, &w->header, NULL, number, out);
	store_snapshot_end(w->store);
	return status;
}

struct cf_status wallet_open_private(struct vault_scope *scope, struct wallet *w, struct secret *key,
				     const struct wallet_object *o, struct mspan dst, size_t *n)
{
	struct wallet_keys keys;

	CF_TRY(keys_open(scope, key, &keys));
	return object_unseal(scope, &keys, &w->identity, o, dst, n);
}

struct check_work {
	struct secret *key;
	const struct header *header;
	const struct wallet_object *object;
	struct cf_status status;
};

static void check_in_scope(struct vault_scope *scope, void *arg)
{
	struct check_work *work = arg;
	struct wallet_keys keys;

	work->status = keys_open(scope, work->key, &keys);
	if (cf_ok(work->status))
		work->status = object_check_public(scope, &keys, work->header, work->object);
}

struct cf_status wallet_open_public(struct wallet *w, struct secret *key_opt, const struct wallet_object *o,
				    struct span *plain)
{
	struct check_work work = { key_opt, &w->identity, o, CF_OK };

	if (o->is_private || o->body.n < FORMAT_MAC_SIZE)
		return error_set(CF_STATUS(CORRUPT), "object %llu of the wallet is damaged", (unsigned long long)o->number);
	if (key_opt != NULL) {
		CF_TRY(vault_run(check_in_scope, &work));
		CF_TRY(work.status);
	}
	*plain = span(o->body.p, o->body.n - FORMAT_MAC_SIZE);
	return CF_OK;
}

struct term_work {
	const struct header *header;
	struct secret *key_opt;
	const struct wallet_term *terms;
	struct wallet_query *query;
	struct cf_status status;
};

/* The public terms, too: what is searched for may be what a private object holds. */
static void terms_in_scope(struct vault_scope *scope, void *arg)
{
	struct term_work *work = arg;
	struct wallet_query *q = work->query;
	struct wallet_keys keys;

	for (size_t i = 0; i < q->count; i++)
		term_public(work->header, &work->terms[i], q->hash[0][i]);
	if (work->key_opt == NULL)
		return;
	work->status = keys_open(scope, work->key_opt, &keys);
	for (size_t i = 0; i < q->count && cf_ok(work->status); i++)
		term_private(scope, &keys, &work->terms[i], q->hash[1][i]);
}

struct found {
	uint64_t *numbers;
	size_t count;
};

/* Both lists ascend; the lowest `max` of both stay, in `out`, each once. */
static size_t merge(struct found a, struct found b, uint64_t *out, size_t max)
{
	size_t i = 0, j = 0, n = 0;

	while (n < max && (i < a.count || j < b.count)) {
		uint64_t next = j == b.count || (i < a.count && a.numbers[i] < b.numbers[j]) ? a.numbers[i++] :
											       b.numbers[j++];

		if (n == 0 || out[n - 1] != next)
			out[n++] = next;
	}
	return n;
}

struct cf_status wallet_query(struct wallet *w, struct secret *key_opt, const struct wallet_term *terms, size_t count,
			      struct wallet_query *out)
{
	struct term_work work = { &w->identity, key_opt, terms, out, CF_OK };

	if (count > WALLET_TERMS_MAX)
		return CF_STATUS(LIMIT);
	out->count = count;
	out->with_private = key_opt != NULL;
	if (count == 0)
		return CF_OK;
	CF_TRY(vault_run(terms_in_scope, &work));
	return work.status;
}

static struct cf_status find_both(struct wallet *w, const struct wallet_query *query, uint64_t after, size_t max,
				  struct found *public, struct found *private)
{
	CF_TRY(store_find(w->store, false, query->hash[0], query->count, after, public->numbers, max, &public->count));
	if (!query->with_private)
		return CF_OK;
	return store_find(w->store, true, query->hash[1], query->count, after, private->numbers, max, &private->count);
}

struct cf_status wallet_find(struct wallet *w, const struct wallet_query *query, uint64_t after, uint64_t *numbers, size_t max,
			     size_t *found)
{
	AUTO_FREE uint64_t *two = mem_array(2 * max, sizeof(uint64_t));
	struct found a = { two, 0 }, b = { two + max, 0 };
	struct cf_status status;
	LOCKED(&w->lock);

	if (two == NULL)
		return CF_STATUS(NOMEM);
	/* One snapshot: the system's locks on the file are taken once. */
	CF_TRY(store_snapshot(w->store));
	status = find_both(w, query, after, max, &a, &b);
	store_snapshot_end(w->store);
	if (cf_ok(status))
		*found = merge(a, b, numbers, max);
	return status;
}
