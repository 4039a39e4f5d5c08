/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C_FindObjects: session objects, built-in ones, then the wallet's, page by page from its index.
 * The template may hold labels and values of private objects, so it is kept sealed; the index is asked by keyed
 * hashes.  Every hit is opened and compared: an index entry that somebody forged leads to nothing.
 */
#include "base/error.h"
#include "base/mem.h"
#include "ck/rv.h"
#include "token/token_internal.h"

#define PAGE 64
#define TEMPLATE_COUNT_MAX 64
#define BATCH 8 /* objects that are looked at together */

struct object_search {
	struct secret *template; /* packed; NULL: everything matches */
	size_t template_count;
	bool by_check_value;     /* CKA_CHECK_VALUE is among what must match */
	bool impossible;
	uint64_t *session;       /* numbers of session objects at the start */
	size_t session_count, session_at;
	uint64_t built_in;       /* next built-in */
	bool in_wallet;          /* the wallet is searched too */
	struct wallet_query query;
	uint64_t after;
	uint64_t page[PAGE];
	size_t page_count, page_at;
	bool page_last;
	CK_OBJECT_HANDLE held[BATCH]; /* found, but not told */
	size_t held_count;
};

/* ---- the template, packed: each attribute's type and length, then its value ---- */

struct packed {
	CK_ATTRIBUTE_TYPE type;
	CK_ULONG length;
};

static size_t packed_size(struct template t)
{
	size_t n = 0;

	for (CK_ULONG i = 0; i < t.count; i++)
		n += sizeof(struct packed) + t.attr[i].ulValueLen;
	return n;
}

struct pack_work {
	struct template t;
	struct secret *out;
	struct cf_status status;
};

static void pack_in_scope(struct vault_scope *scope, void *arg)
{
	struct pack_work *work = arg;
	size_t n = packed_size(work->t), at = 0;
	struct mspan room;

	work->status = vault_scope_alloc(scope, n, &room);
	if (cf_failed(work->status))
		return;
	for (CK_ULONG i = 0; i < work->t.count; i++) {
		struct packed head = { work->t.attr[i].type, work->t.attr[i].ulValueLen };

		memcpy(room.p + at, &head, sizeof(head));
		bytes_copy(room.p + at + sizeof(head), work->t.attr[i].pValue, head.length);
		at += sizeof(head) + head.length;
	}
	work->status = secret_seal(scope, span(room.p, n), &work->out);
}

static CK_RV unpack(struct vault_scope *scope, const struct object_search *s, CK_ATTRIBUTE out[TEMPLATE_COUNT_MAX])
{
	size_t n = secret_size(s->template), at = 0;
	struct mspan room;

	if (cf_failed(vault_scope_alloc(scope, n, &room)))
		return CKR_DEVICE_MEMORY;
	if (cf_failed(secret_open(scope, s->template, room)))
		return CKR_DEVICE_ERROR;
	for (size_t i = 0; i < s->template_count; i++) {
		struct packed head;

		memcpy(&head, room.p + at, sizeof(head));
		out[i] = (CK_ATTRIBUTE){ head.type, room.p + at + sizeof(head), head.length };
		at += sizeof(head) + head.length;
	}
	return CKR_OK;
}

/* ---- starting ---- */

static CK_RV check_template(struct template t)
{
	if (t.count > TEMPLATE_COUNT_MAX || (t.attr == NULL && t.count != 0))
		return CKR_ARGUMENTS_BAD;
	for (CK_ULONG i = 0; i < t.count; i++)
		if (t.attr[i].ulValueLen > WALLET_OBJECT_MAX || (t.attr[i].pValue == NULL && t.attr[i].ulValueLen != 0))
			return CKR_ATTRIBUTE_VALUE_INVALID;
	return CKR_OK;
}

static CK_RV keep_template(struct object_search *s, struct template t)
{
	struct pack_work work = { .t = t };
	struct cf_status status;

	s->template_count = t.count;
	s->by_check_value = template_has(t, CKA_CHECK_VALUE);
	if (t.count == 0)
		return CKR_OK;
	status = vault_run(pack_in_scope, &work);
	if (cf_ok(status))
		status = work.status;
	s->template = work.out;
	return rv_of(status);
}

static CK_RV keep_query(struct object_search *s, const struct standing *st, struct template t)
{
	struct attr found[WALLET_TERMS_MAX];
	struct wallet_term terms[WALLET_TERMS_MAX];
	uint8_t room[8 * WALLET_TERMS_MAX];
	size_t count = object_template_terms(t, found, MSPAN_OF(room), &s->impossible);

	if (s->impossible || st->wallet == NULL)
		return CKR_OK;
	for (size_t i = 0; i < count; i++)
		terms[i] = (struct wallet_term){ found[i].type, found[i].value };
	s->in_wallet = true;
	return rv_of(wallet_query(st->wallet, st->login == TOKEN_USER ? st->key : NULL, terms, count, &s->query));
}

static CK_RV keep_session_objects(struct object_search *s, struct token *t)
{
	const struct session_table *table = &t->session_objects;
	CK_RV rv = CKR_OK;

	token_lock(t);
	s->session = mem_array(table->count, sizeof(uint64_t));
	if (s->session == NULL)
		rv = CKR_HOST_MEMORY;
	for (size_t i = 0; i < table->buckets && rv == CKR_OK; i++)
		for (struct session_object *o = table->bucket[i]; o != NULL; o = o->next)
			if (session_object_is_visible(t, o))
				s->session[s->session_count++] = o->number;
	token_unlock(t);
	return rv;
}

void object_search_free(struct object_search *s)
{
	if (s == NULL)
		return;
	secret_unref(s->template);
	mem_free(s->session);
	mem_free(s);
}

AUTO_DEFINE(object_search, object_search_free)

CK_RV objects_search(const struct access *who, struct template t, struct object_search **out)
{
	AUTO_STANDING st = { 0 };
	AUTO(object_search) s = NULL;
	CK_RV rv = check_template(t);

	if (rv != CKR_OK)
		return rv;
	s = NEW(object_search);
	if (s == NULL)
		return CKR_HOST_MEMORY;
	s->built_in = 1;
	token_standing(who->token, &st);
	rv = keep_template(s, t);
	if (rv == CKR_OK)
		rv = keep_query(s, &st, t);
	if (rv == CKR_OK)
		rv = keep_session_objects(s, who->token);
	if (rv == CKR_OK)
		*out = TAKE(s);
	return rv;
}

/* ---- going on ---- */

static CK_RV next_page(struct object_search *s, struct token *t)
{
	AUTO_STANDING st = { 0 };
	struct wallet_query query = s->query;
	CK_RV rv;

	s->page_at = s->page_count = 0;
	token_standing(t, &st);
	/* After a logout only what is public is still found. */
	query.with_private = query.with_private && st.login == TOKEN_USER;
	rv = rv_of(wallet_find(st.wallet, &query, s->after, s->page, PAGE, &s->page_count));
	if (rv != CKR_OK)
		return rv;
	s->page_last = s->page_count < PAGE;
	if (s->page_count > 0)
		s->after = s->page[s->page_count - 1];
	return CKR_OK;
}

/* The next handle to look at; 0 at the end. */
static CK_RV next_candidate(struct object_search *s, struct token *t, CK_OBJECT_HANDLE *out)
{
	CK_RV rv;

	*out = 0;
	if (s->impossible)
		return CKR_OK;
	if (s->session_at < s->session_count) {
		*out = handle_make(s->session[s->session_at++], HANDLE_SESSION);
		return CKR_OK;
	}
	if (!s->in_wallet)
		return CKR_OK;
	if (s->built_in <= BUILT_INS) {
		*out = handle_make(s->built_in++, HANDLE_BUILT_IN);
		return CKR_OK;
	}
	if (s->page_at == s->page_count) {
		if (s->page_last)
			return CKR_OK;
		rv = next_page(s, t);
		if (rv != CKR_OK || s->page_count == 0)
			return rv;
	}
	*out = handle_make(s->page[s->page_at++], HANDLE_TOKEN);
	return CKR_OK;
}

/* ---- comparing: some at a time, so that the template is opened once for them and there is one scope ---- */

/* With so many bytes a batch is full: its objects fit what a scope has at hand. */
#define BATCH_BYTES ((size_t)4096)

struct candidate {
	CK_OBJECT_HANDLE handle;
	struct image image;
	struct attrs plain; /* of a public object */
	bool matches;
	CK_RV rv;
};

struct batch {
	const struct object_search *search;
	struct candidate at[BATCH];
	size_t count;
	CK_RV rv;
};

static void batch_release(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		image_release(&b->at[i].image);
}

static CK_RV keep_plain(struct vault_scope *scope, struct attrs attrs, void *arg)
{
	(void)scope;
	*(struct attrs *)arg = attrs;
	return CKR_OK;
}

/* CKR_OBJECT_HANDLE_INVALID: it is gone since the search began. */
static CK_RV load(const struct object_search *s, struct token *t, CK_OBJECT_HANDLE handle, struct candidate *c)
{
	CK_RV rv;

	*c = (struct candidate){ .handle = handle, .image = IMAGE_INIT };
	rv = image_load(t, handle, &c->image);
	c->image.check_later = c->image.check_later && s->by_check_value;
	if (rv == CKR_OK && !c->image.is_sealed && s->template != NULL)
		rv = image_run(&c->image, keep_plain, &c->plain);
	return rv;
}

static size_t size_of(const struct image *i)
{
	return i->sealed != NULL ? secret_size(i->sealed) : i->row.body.n;
}

static CK_RV fill(struct batch *b, struct object_search *s, struct token *t, size_t max)
{
	size_t bytes = 0;

	while (b->count < max && b->count < BATCH && bytes < BATCH_BYTES) {
		struct candidate *c = &b->at[b->count];
		CK_OBJECT_HANDLE handle;
		CK_RV rv = next_candidate(s, t, &handle);

		if (rv != CKR_OK || handle == 0)
			return rv;
		rv = load(s, t, handle, c);
		if (rv == CKR_OK) {
			bytes += size_of(&c->image);
			b->count++;
			continue;
		}
		image_release(&c->image);
		if (rv != CKR_OBJECT_HANDLE_INVALID)
			return rv;
	}
	return CKR_OK;
}

static void match_in_scope(struct vault_scope *scope, void *arg)
{
	struct batch *b = arg;
	CK_ATTRIBUTE wanted[TEMPLATE_COUNT_MAX];

	b->rv = unpack(scope, b->search, wanted);
	for (size_t i = 0; i < b->count && b->rv == CKR_OK; i++) {
		struct candidate *c = &b->at[i];
		struct attrs attrs = c->plain;

		if (c->image.is_sealed)
			c->rv = image_open(scope, &c->image, &attrs);
		if (c->rv == CKR_OK)
			c->matches = object_matches(scope, attrs, (struct template){ wanted, b->search->template_count });
	}
}

static CK_RV match(struct batch *b)
{
	CK_RV rv;

	if (b->count == 0)
		return CKR_OK;
	if (b->search->template != NULL) {
		rv = rv_of(vault_run(match_in_scope, b));
		return rv == CKR_OK ? b->rv : rv;
	}
	for (size_t i = 0; i < b->count; i++)
		b->at[i].matches = true;
	return CKR_OK;
}

/* What matched goes to `out`, and is how many. */
static size_t matched(const struct batch *b, CK_OBJECT_HANDLE *out)
{
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++)
		if (b->at[i].matches)
			out[n++] = b->at[i].handle;
	return n;
}

static CK_RV first_failure(const struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->at[i].rv != CKR_OK)
			return b->at[i].rv;
	return CKR_OK;
}

/* Up to `max` more. *rest is false at the end.  What was looked at together with one that failed is held for the next call. */
static CK_RV next_batch(struct object_search *s, struct token *t, CK_OBJECT_HANDLE *out, size_t max, CK_ULONG *found, bool *rest)
{
	__attribute__((cleanup(batch_release))) struct batch b = { .search = s };
	CK_RV rv = fill(&b, s, t, max), matching = match(&b);

	*rest = b.count != 0;
	if (matching != CKR_OK)
		return matching;
	if (rv == CKR_OK)
		rv = first_failure(&b);
	if (rv == CKR_OK)
		*found += matched(&b, out + *found);
	else
		s->held_count = matched(&b, s->held);
	return rv;
}

static CK_ULONG take_held(struct object_search *s, CK_OBJECT_HANDLE *out, CK_ULONG max)
{
	CK_ULONG n = 0;

	while (n < max && s->held_count > 0)
		out[n++] = s->held[--s->held_count];
	return n;
}

CK_RV objects_search_next(const struct access *who, struct object_search *s, CK_OBJECT_HANDLE *out, CK_ULONG max,
			  CK_ULONG *found)
{
	bool rest = true;
	CK_RV rv = CKR_OK;

	*found = take_held(s, out, max);
	while (*found < max && rest && rv == CKR_OK)
		rv = next_batch(s, who->token, out, max - *found, found, &rest);
	return rv;
}
