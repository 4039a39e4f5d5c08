/* SPDX-License-Identifier: Apache-2.0 */
#include "base/der.h"

/* Lengths of more than four bytes are no key's. */
#define LENGTH_BYTES_MAX 4

/* The sizes of the element at the front: of tag and length, and of the content. */
static bool sizes(struct span in, size_t *head, size_t *content)
{
	size_t count, n = 0;

	if (in.n < 2)
		return false;
	*head = 2;
	*content = in.p[1];
	if (in.p[1] < 0x80)
		return *content <= in.n - 2;
	count = in.p[1] & 0x7f;
	if (count == 0 || count > LENGTH_BYTES_MAX || in.n - 2 < count || in.p[2] == 0)
		return false;
	for (size_t i = 0; i < count; i++)
		n = n << 8 | in.p[2 + i];
	*head = 2 + count;
	*content = n;
	return n >= 0x80 && n <= in.n - *head;
}

bool der_next_is(struct span in, uint8_t tag)
{
	return in.n > 0 && in.p[0] == tag;
}

bool der_take_whole(struct span *in, uint8_t tag, struct span *element)
{
	size_t head, content;

	if (!der_next_is(*in, tag) || !sizes(*in, &head, &content))
		return false;
	*element = span(in->p, head + content);
	*in = span_skip(*in, head + content);
	return true;
}

bool der_take(struct span *in, uint8_t tag, struct span *content)
{
	size_t head, n;

	if (!der_next_is(*in, tag) || !sizes(*in, &head, &n))
		return false;
	*content = span(in->p + head, n);
	*in = span_skip(*in, head + n);
	return true;
}

bool der_take_uint(struct span *in, uint64_t *value)
{
	struct span rest = *in, v;

	if (!der_take(&rest, DER_INTEGER, &v) || v.n == 0 || v.n > 8 || (v.p[0] & 0x80) != 0)
		return false;
	if (v.n > 1 && v.p[0] == 0 && (v.p[1] & 0x80) == 0)
		return false; /* not the shortest form */
	*value = 0;
	for (size_t i = 0; i < v.n; i++)
		*value = *value << 8 | v.p[i];
	*in = rest;
	return true;
}

bool der_take_bits(struct span *in, struct span *content)
{
	struct span rest = *in, v;

	if (!der_take(&rest, DER_BIT_STRING, &v) || v.n == 0 || v.p[0] != 0)
		return false;
	*content = span_skip(v, 1);
	*in = rest;
	return true;
}

void der_skip(struct der_writer *w, size_t n)
{
	if (n > w->start)
		w->failed = true;
	if (!w->failed)
		w->start -= n;
}

void der_put(struct der_writer *w, struct span bytes)
{
	der_skip(w, bytes.n);
	if (!w->failed && w->room.p != NULL)
		bytes_copy(w->room.p + w->start, bytes.p, bytes.n);
}

static void put_byte(struct der_writer *w, uint8_t byte)
{
	der_put(w, span(&byte, 1));
}

void der_wrap(struct der_writer *w, uint8_t tag, size_t before)
{
	size_t n = before - w->start;

	if (n < 0x80) {
		put_byte(w, (uint8_t)n);
	} else {
		uint8_t count = 0;

		for (size_t rest = n; rest != 0; rest >>= 8, count++)
			put_byte(w, (uint8_t)rest);
		put_byte(w, (uint8_t)(0x80 | count));
	}
	put_byte(w, tag);
}

void der_put_element(struct der_writer *w, uint8_t tag, struct span content)
{
	size_t before = w->start;

	der_put(w, content);
	der_wrap(w, tag, before);
}

void der_put_uint(struct der_writer *w, uint64_t value)
{
	size_t before = w->start;
	uint8_t low;

	do {
		low = (uint8_t)value;
		put_byte(w, low);
		value >>= 8;
	} while (value != 0);
	if ((low & 0x80) != 0)
		put_byte(w, 0);
	der_wrap(w, DER_INTEGER, before);
}
