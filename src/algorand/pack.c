/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/pack.h"

#include <mpack.h>

#include "base/error.h"

#define DEPTH_MAX 32

/* ---- reading ---- */

static uint64_t number_of(mpack_value_t v)
{
	return ((uint64_t)v.hi << 32) | v.lo;
}

/* Bytes that the head of this value takes when it is written as short as can be. */
static size_t shortest_head(const mpack_token_t *t)
{
	char head[MPACK_MAX_TOKEN_LEN], *at = head;
	mpack_tokbuf_t buffer = MPACK_TOKBUF_INITIAL_VALUE;
	mpack_token_t again = *t;
	size_t room = sizeof(head);

	if (t->type == MPACK_TOKEN_UINT)
		again = mpack_pack_uint((mpack_uintmax_t)number_of(t->data.value));
	if (t->type == MPACK_TOKEN_SINT)
		again = mpack_pack_sint(mpack_unpack_sint(*t));
	return mpack_write(&buffer, &at, &room, &again) == MPACK_OK ? sizeof(head) - room : 0;
}

static bool take_bytes(struct unpack *u, const mpack_token_t *t, struct pack_value *v)
{
	if (t->length > u->rest.n)
		return false;
	v->bytes = span(u->rest.p, t->length);
	u->rest = span_skip(u->rest, t->length);
	return true;
}

static bool take_value(struct unpack *u, const mpack_token_t *t, struct pack_value *v)
{
	switch (t->type) {
	case MPACK_TOKEN_NIL:
		v->kind = PACK_NIL;
		return true;
	case MPACK_TOKEN_BOOLEAN:
	case MPACK_TOKEN_UINT:
		v->kind = t->type == MPACK_TOKEN_UINT ? PACK_UINT : PACK_BOOL;
		v->number = number_of(t->data.value);
		return true;
	case MPACK_TOKEN_SINT:
		v->kind = PACK_SINT;
		v->negative = (int64_t)mpack_unpack_sint(*t);
		return true;
	case MPACK_TOKEN_FLOAT:
		v->kind = PACK_FLOAT;
		return true;
	case MPACK_TOKEN_ARRAY:
	case MPACK_TOKEN_MAP:
		v->kind = t->type == MPACK_TOKEN_MAP ? PACK_MAP : PACK_ARRAY;
		v->number = t->length;
		/* Each item takes a byte at least. */
		return t->length <= u->rest.n;
	case MPACK_TOKEN_BIN:
		v->kind = PACK_BIN;
		return take_bytes(u, t, v);
	case MPACK_TOKEN_STR:
		v->kind = PACK_STR;
		return take_bytes(u, t, v);
	case MPACK_TOKEN_EXT:
		v->kind = PACK_EXT;
		return take_bytes(u, t, v);
	case MPACK_TOKEN_CHUNK:
		break;
	}
	return false;
}

struct pack_value unpack_next(struct unpack *u)
{
	mpack_tokbuf_t buffer = MPACK_TOKBUF_INITIAL_VALUE;
	struct pack_value v = { .kind = PACK_NONE };
	const char *at = (const char *)u->rest.p;
	size_t left = u->rest.n;
	mpack_token_t token;

	if (u->failed || left == 0)
		return v;
	if (mpack_read(&buffer, &at, &left, &token) != MPACK_OK) {
		u->failed = true;
		return v;
	}
	v.shortest = shortest_head(&token) == u->rest.n - left;
	u->rest = span(at, left);
	if (take_value(u, &token, &v))
		return v;
	u->failed = true;
	return (struct pack_value){ .kind = PACK_NONE };
}

struct pack_value unpack_expect(struct unpack *u, enum pack_kind kind)
{
	struct pack_value v = unpack_next(u);

	if (v.kind == kind)
		return v;
	u->failed = true;
	return (struct pack_value){ .kind = PACK_NONE };
}

/* Values that are still to come in the containers that are open. */
struct levels {
	uint64_t left[DEPTH_MAX];
	size_t depth;
};

static bool descend(struct levels *l, uint64_t items)
{
	if (items == 0)
		return true;
	if (l->depth == DEPTH_MAX)
		return false;
	l->left[l->depth++] = items;
	return true;
}

static void ascend(struct levels *l)
{
	while (l->depth > 0 && l->left[l->depth - 1] == 0)
		l->depth--;
}

struct span unpack_whole(struct unpack *u)
{
	struct span from = u->rest;
	struct levels l = { .depth = 0 };

	do {
		struct pack_value v = unpack_next(u);

		if (l.depth > 0)
			l.left[l.depth - 1]--;
		if (v.kind == PACK_NONE || (v.kind == PACK_MAP && !descend(&l, 2 * v.number)) ||
		    (v.kind == PACK_ARRAY && !descend(&l, v.number))) {
			u->failed = true;
			return SPAN_EMPTY;
		}
		ascend(&l);
	} while (l.depth > 0);
	return span(from.p, from.n - u->rest.n);
}

bool unpack_end(const struct unpack *u)
{
	return !u->failed && u->rest.n == 0;
}

/* ---- the canonical form ---- */

static bool ascends(struct span a, struct span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return order < 0 || (order == 0 && a.n < b.n);
}

static bool is_zero(const struct pack_value *v)
{
	switch (v->kind) {
	case PACK_BOOL:
	case PACK_UINT:
	case PACK_ARRAY:
	case PACK_MAP:
		return v->number == 0;
	case PACK_BIN:
	case PACK_STR:
		return v->bytes.n == 0;
	case PACK_NONE:
	case PACK_NIL:
	case PACK_SINT:
	case PACK_FLOAT:
	case PACK_EXT:
		break;
	}
	return false;
}

#define NAME(s) (int)((s).n > 32 ? 32 : (s).n), (const char *)(s).p

static struct cf_status check_value(struct unpack *u, const struct pack_value *v, unsigned depth);

/* Recursion is bounded by DEPTH_MAX. */
static struct cf_status check_map(struct unpack *u, uint64_t pairs, unsigned depth)
{
	struct span last = SPAN_EMPTY;

	for (uint64_t i = 0; i < pairs; i++) {
		struct pack_value name = unpack_next(u), value;

		if (name.kind != PACK_STR || !name.shortest)
			return error_set(CF_STATUS(INVALID), "a field's name is no short string");
		if (i > 0 && !ascends(last, name.bytes))
			return error_set(CF_STATUS(INVALID),
					 "the field \"%.*s\" is not in its place: fields go in "
					 "ascending order",
					 NAME(name.bytes));
		last = name.bytes;
		value = unpack_next(u);
		if (is_zero(&value))
			return error_set(
				CF_STATUS(INVALID),
				"the field \"%.*s\" is zero or empty: such a field is left out",
				NAME(name.bytes));
		CF_TRY(check_value(u, &value, depth));
	}
	return CF_OK;
}

static struct cf_status check_array(struct unpack *u, uint64_t items, unsigned depth)
{
	for (uint64_t i = 0; i < items; i++) {
		struct pack_value item = unpack_next(u);

		CF_TRY(check_value(u, &item, depth));
	}
	return CF_OK;
}

/* The value's head was read; what is in it follows. */
static struct cf_status check_value(struct unpack *u, const struct pack_value *v, unsigned depth)
{
	if (depth == DEPTH_MAX)
		return error_set(CF_STATUS(INVALID), "values are nested more than %d deep",
				 DEPTH_MAX);
	if (!v->shortest && v->kind != PACK_NONE)
		return error_set(CF_STATUS(INVALID),
				 "a number or a length is written in more bytes than it needs");
	switch (v->kind) {
	case PACK_NONE:
		return error_set(CF_STATUS(INVALID), "it is cut short, or no MessagePack");
	case PACK_NIL:
	case PACK_FLOAT:
	case PACK_EXT:
		return error_set(
			CF_STATUS(INVALID),
			"it holds a nil, a float or an extension, which Algorand does not use");
	case PACK_MAP:
		return check_map(u, v->number, depth + 1);
	case PACK_ARRAY:
		return check_array(u, v->number, depth + 1);
	case PACK_BOOL:
	case PACK_UINT:
	case PACK_SINT:
	case PACK_BIN:
	case PACK_STR:
		break;
	}
	return CF_OK;
}

struct cf_status pack_check_canonical(struct span s)
{
	struct unpack u = unpack_of(s);
	struct pack_value v = unpack_next(&u);

	CF_TRY(check_value(&u, &v, 0));
	return unpack_end(&u) ? CF_OK : error_set(CF_STATUS(INVALID), "there are bytes behind it");
}

/* ---- writing ---- */

void pack_raw(struct pack *p, struct span s)
{
	if (p->failed || p->room.n - p->n < s.n) {
		p->failed = true;
		return;
	}
	bytes_copy(p->room.p + p->n, s.p, s.n);
	p->n += s.n;
}

static void put(struct pack *p, mpack_token_t token)
{
	char head[MPACK_MAX_TOKEN_LEN], *at = head;
	mpack_tokbuf_t buffer = MPACK_TOKBUF_INITIAL_VALUE;
	size_t room = sizeof(head);

	if (mpack_write(&buffer, &at, &room, &token) != MPACK_OK) {
		p->failed = true;
		return;
	}
	pack_raw(p, span(head, sizeof(head) - room));
}

void pack_uint(struct pack *p, uint64_t v)
{
	put(p, mpack_pack_uint(v));
}

void pack_bool(struct pack *p, bool v)
{
	put(p, mpack_pack_boolean(v));
}

void pack_bin_head(struct pack *p, size_t n)
{
	put(p, mpack_pack_bin((mpack_uint32_t)n));
}

void pack_str_head(struct pack *p, size_t n)
{
	put(p, mpack_pack_str((mpack_uint32_t)n));
}

void pack_bin(struct pack *p, struct span s)
{
	pack_bin_head(p, s.n);
	pack_raw(p, s);
}

void pack_text(struct pack *p, struct span s)
{
	pack_str_head(p, s.n);
	pack_raw(p, s);
}

void pack_str(struct pack *p, const char *s)
{
	pack_text(p, span_str(s));
}

void pack_map(struct pack *p, size_t pairs)
{
	put(p, mpack_pack_map((mpack_uint32_t)pairs));
}

void pack_array(struct pack *p, size_t items)
{
	put(p, mpack_pack_array((mpack_uint32_t)items));
}
