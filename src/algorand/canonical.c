/* SPDX-License-Identifier: Apache-2.0 */
/* MessagePack in the form in which Algorand signs it. */
#include <stdlib.h>

#include "algorand/pack.h"
#include "base/error.h"
#include "base/mem.h"

#define DEPTH_MAX 32
#define FIELDS_MAX 256
#define ROOM ((size_t)64 << 20)

struct field {
	struct span name, value; /* in place; the value as it is packed */
};

static int compare(const void *a, const void *b)
{
	struct span x = ((const struct field *)a)->name, y = ((const struct field *)b)->name;
	size_t n = x.n < y.n ? x.n : y.n;
	int order = n == 0 ? 0 : memcmp(x.p, y.p, n);

	if (order != 0)
		return order;
	return x.n == y.n ? 0 : x.n < y.n ? -1 : 1;
}

static struct cf_status cut_short(void)
{
	return error_set(CF_STATUS(CORRUPT), "it is cut short, or no MessagePack");
}

/* Writes a head, or a whole number. */
static void put(struct buf *out, void (*write)(struct pack *p, uint64_t n), uint64_t n)
{
	uint8_t room[9];
	struct pack p = pack_into(MSPAN_OF(room));

	write(&p, n);
	buf_bytes(out, pack_span(&p));
}

static void put_map(struct pack *p, uint64_t n)
{
	pack_map(p, (size_t)n);
}

static void put_array(struct pack *p, uint64_t n)
{
	pack_array(p, (size_t)n);
}

static struct cf_status write_value(struct unpack *u, struct buf *out, unsigned depth);

static struct cf_status take_fields(struct unpack *u, uint64_t pairs, struct field *field)
{
	for (uint64_t i = 0; i < pairs; i++) {
		field[i].name = unpack_expect(u, PACK_STR).bytes;
		field[i].value = unpack_whole(u);
	}
	if (u->failed)
		return cut_short();
	qsort(field, (size_t)pairs, sizeof(*field), compare);
	for (uint64_t i = 1; i < pairs; i++)
		if (span_eq(field[i - 1].name, field[i].name))
			return error_set(CF_STATUS(INVALID), "the field \"%.*s\" is there twice",
					 (int)(field[i].name.n > 32 ? 32 : field[i].name.n), (const char *)field[i].name.p);
	return CF_OK;
}

/* 0, false, nil, and strings, bytes, arrays and maps without anything in them. */
static bool is_zero(struct span value)
{
	static const uint8_t one[] = { 0x00, 0xc0, 0xc2, 0xa0, 0x90, 0x80 };

	if (value.n == 2)
		return value.p[0] == 0xc4 && value.p[1] == 0;
	for (size_t i = 0; i < sizeof(one); i++)
		if (value.n == 1 && value.p[0] == one[i])
			return true;
	return value.n == 0;
}

/* Recursion is bounded by DEPTH_MAX. */
static struct cf_status write_map(struct unpack *u, uint64_t pairs, struct buf *out, unsigned depth)
{
	AUTO_BUF inner = BUF_INIT(ROOM);
	AUTO_FREE struct field *field = NULL;
	uint64_t kept = 0;

	if (pairs > FIELDS_MAX)
		return error_set(CF_STATUS(INVALID), "it has more than %d fields in one place", FIELDS_MAX);
	field = mem_array((size_t)pairs, sizeof(*field));
	if (field == NULL)
		return CF_STATUS(NOMEM);
	CF_TRY(take_fields(u, pairs, field));
	for (uint64_t i = 0; i < pairs; i++) {
		AUTO_BUF value = BUF_INIT(ROOM);
		struct unpack v = unpack_of(field[i].value);
		uint8_t name[64];
		struct pack p = pack_into(MSPAN_OF(name));

		CF_TRY(write_value(&v, &value, depth));
		if (is_zero(buf_span(&value)))
			continue;
		pack_text(&p, field[i].name);
		if (p.failed)
			return error_set(CF_STATUS(INVALID), "a field's name is longer than any");
		buf_bytes(&inner, pack_span(&p));
		buf_bytes(&inner, buf_span(&value));
		CF_TRY(buf_status(&value));
		kept++;
	}
	put(out, put_map, kept);
	buf_bytes(out, buf_span(&inner));
	return buf_status(&inner);
}

static struct cf_status write_array(struct unpack *u, uint64_t items, struct buf *out, unsigned depth)
{
	put(out, put_array, items);
	for (uint64_t i = 0; i < items; i++)
		CF_TRY(write_value(u, out, depth));
	return CF_OK;
}

static void write_bytes(const struct pack_value *v, struct buf *out)
{
	uint8_t head[9];
	struct pack p = pack_into(MSPAN_OF(head));

	if (v->kind == PACK_BIN)
		pack_bin_head(&p, v->bytes.n);
	else
		pack_str_head(&p, v->bytes.n);
	buf_bytes(out, pack_span(&p));
	buf_bytes(out, v->bytes);
}

static struct cf_status write_value(struct unpack *u, struct buf *out, unsigned depth)
{
	struct pack_value v = unpack_next(u);

	if (depth == DEPTH_MAX)
		return error_set(CF_STATUS(INVALID), "values are nested more than %d deep", DEPTH_MAX);
	switch (v.kind) {
	case PACK_MAP:
		return write_map(u, v.number, out, depth + 1);
	case PACK_ARRAY:
		return write_array(u, v.number, out, depth + 1);
	case PACK_NIL:
		buf_u8(out, 0xc0);
		return CF_OK;
	case PACK_BOOL:
		buf_u8(out, v.number != 0 ? 0xc3 : 0xc2);
		return CF_OK;
	case PACK_UINT:
		put(out, pack_uint, v.number);
		return CF_OK;
	case PACK_BIN:
	case PACK_STR:
		write_bytes(&v, out);
		return CF_OK;
	case PACK_SINT:
	case PACK_FLOAT:
	case PACK_EXT:
		return error_set(CF_STATUS(INVALID),
				 "it holds a negative number, a float or an extension, which Algorand does not use");
	case PACK_NONE:
		break;
	}
	return cut_short();
}

struct cf_status pack_canonical(struct span s, struct buf *out)
{
	struct unpack u = unpack_of(s);

	CF_TRY(write_value(&u, out, 0));
	if (!unpack_end(&u))
		return error_set(CF_STATUS(CORRUPT), "there are bytes behind it");
	return buf_status(out);
}
