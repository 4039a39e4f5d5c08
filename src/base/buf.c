/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/codec.h"
#include "base/mem.h"

void buf_release(struct buf *b)
{
	mem_free(b->p);
	*b = (struct buf){ .max = b->max };
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->failed = CF_CODE_OK;
}

static bool make_room(struct buf *b, size_t more)
{
	size_t room = b->room == 0 ? 64 : b->room;
	uint8_t *p;

	if (b->failed != CF_CODE_OK)
		return false;
	if (more > b->max || b->n > b->max - more) {
		b->failed = CF_CODE_LIMIT;
		return false;
	}
	if (b->n + more <= b->room)
		return true;
	while (room < b->n + more)
		room = room > b->max / 2 ? b->max : room * 2;
	p = mem_resize(b->p, room);
	if (p == NULL) {
		b->failed = CF_CODE_NOMEM;
		return false;
	}
	b->p = p;
	b->room = room;
	return true;
}

void buf_bytes(struct buf *b, struct span s)
{
	if (!make_room(b, s.n) || s.n == 0)
		return;
	bytes_copy(b->p + b->n, s.p, s.n);
	b->n += s.n;
}

void buf_u8(struct buf *b, uint8_t v)
{
	buf_bytes(b, span(&v, 1));
}

void buf_u32(struct buf *b, uint32_t v)
{
	uint8_t le[4];

	codec_put_u32(le, v);
	buf_bytes(b, SPAN_OF(le));
}

void buf_u64(struct buf *b, uint64_t v)
{
	uint8_t le[8];

	codec_put_u64(le, v);
	buf_bytes(b, SPAN_OF(le));
}

void buf_string(struct buf *b, struct span s)
{
	if (s.n > UINT32_MAX) {
		b->failed = CF_CODE_LIMIT;
		return;
	}
	buf_u32(b, (uint32_t)s.n);
	buf_bytes(b, s);
}

struct cf_status buf_status(const struct buf *b)
{
	return (struct cf_status){ b->failed };
}

struct cf_status buf_grow(struct buf *b, size_t n)
{
	if (make_room(b, n))
		b->n += n;
	return buf_status(b);
}
