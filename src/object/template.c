/* SPDX-License-Identifier: Apache-2.0 */
#include "object/template.h"

#include "base/codec.h"

#define RECORD_HEAD ATTRS_RECORD_MORE /* u64 type, u32 length */

/* Looking for an attribute passes many records: this is as short as it can be. */
static inline bool next(struct attrs a, struct attrs_cursor *cursor, struct attr *out)
{
	struct span rest = span_skip(a.bytes, cursor->at);

	if (rest.n == 0)
		return false;
	if (rest.n < RECORD_HEAD || rest.n - RECORD_HEAD < codec_get_u32(rest.p + 8)) {
		cursor->bad = true;
		cursor->at = a.bytes.n;
		return false;
	}
	out->type = (CK_ATTRIBUTE_TYPE)codec_get_u64(rest.p);
	out->value = span(rest.p + RECORD_HEAD, codec_get_u32(rest.p + 8));
	cursor->at += RECORD_HEAD + out->value.n;
	return true;
}

bool attrs_next(struct attrs a, struct attrs_cursor *cursor, struct attr *out)
{
	return next(a, cursor, out);
}

bool attrs_find(struct attrs a, CK_ATTRIBUTE_TYPE type, struct span *value)
{
	struct attrs_cursor cursor = { 0 };
	struct attr at;

	while (next(a, &cursor, &at)) {
		if (at.type == type) {
			*value = at.value;
			return true;
		}
		if (at.type > type)
			return false;
	}
	return false;
}

bool attrs_bool(struct attrs a, CK_ATTRIBUTE_TYPE type, bool missing)
{
	struct span v;

	return attrs_find(a, type, &v) && v.n == 1 ? v.p[0] != 0 : missing;
}

CK_ULONG attrs_ulong(struct attrs a, CK_ATTRIBUTE_TYPE type, CK_ULONG missing)
{
	struct span v;

	return attrs_find(a, type, &v) && v.n == 8 ? (CK_ULONG)codec_get_u64(v.p) : missing;
}

void attrs_write(struct attrs_writer *w, CK_ATTRIBUTE_TYPE type, struct span value)
{
	uint8_t *at = w->room.p + w->n;

	if (w->failed != CKR_OK)
		return;
	if (value.n > UINT32_MAX || w->room.n - w->n < RECORD_HEAD || w->room.n - w->n - RECORD_HEAD < value.n) {
		w->failed = CKR_DEVICE_MEMORY;
		return;
	}
	codec_put_u64(at, type);
	codec_put_u32(at + 8, (uint32_t)value.n);
	if (value.n == 1) /* most are truth values */
		at[RECORD_HEAD] = value.p[0];
	else
		bytes_copy(at + RECORD_HEAD, value.p, value.n);
	w->n += RECORD_HEAD + value.n;
}

void attrs_write_bool(struct attrs_writer *w, CK_ATTRIBUTE_TYPE type, bool value)
{
	uint8_t v = value ? 1 : 0;

	attrs_write(w, type, span(&v, 1));
}

void attrs_write_ulong(struct attrs_writer *w, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
	uint8_t v[8];

	codec_put_u64(v, value);
	attrs_write(w, type, SPAN_OF(v));
}
