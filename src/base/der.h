/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DER (X.690), as little of it as keys need: a strict reader over a span that it does not own, and
 * a writer into memory that the caller gives.  Neither allocates, so that both may be used on a
 * secret within a vault scope.
 */
#ifndef COFFER_BASE_DER_H
#define COFFER_BASE_DER_H

#include "base/span.h"

#define DER_INTEGER 0x02
#define DER_BIT_STRING 0x03
#define DER_OCTET_STRING 0x04
#define DER_NULL 0x05
#define DER_OID 0x06
#define DER_PRINTABLE_STRING 0x13
#define DER_SEQUENCE 0x30
/* Context-specific tag n of a primitive, of a constructed value. */
#define DER_CONTEXT(n) (0x80 | (n))
#define DER_CONTEXT_CONSTRUCTED(n) (0xa0 | (n))

/* Takes the element at the front of *in when it has that tag: its content is in *content and *in
 * goes on behind it.  False, with *in as it was, for another tag and for a length that is
 * indefinite, not the shortest, or beyond the end. */
bool der_take(struct span *in, uint8_t tag, struct span *content);
/* The same for the element as a whole, tag and length included. */
bool der_take_whole(struct span *in, uint8_t tag, struct span *element);
/* Is the next element one with that tag? */
bool der_next_is(struct span in, uint8_t tag);
/* An INTEGER from 0 to 2^63 - 1 in its shortest form. */
bool der_take_uint(struct span *in, uint64_t *value);
/* The content of a BIT STRING of whole bytes. */
bool der_take_bits(struct span *in, struct span *content);

/*
 * Writes from the end of `room` towards its front, so that a length is known when it is written:
 * last elements first, contents before what they are wrapped in.
 */
struct der_writer {
	struct mspan room;
	size_t start; /* what is written is room.p[start] to the end */
	bool failed;  /* the room was too small */
};

static inline struct der_writer der_writer_of(struct mspan room)
{
	return (struct der_writer){ room, room.n, false };
}

static inline struct span der_written(const struct der_writer *w)
{
	return span(w->room.p == NULL ? NULL : w->room.p + w->start, w->room.n - w->start);
}

/* A room that takes everything and keeps nothing: for the size of what would be written. */
static inline struct mspan der_measuring(void)
{
	return mspan(NULL, SIZE_MAX / 2);
}

void der_put(struct der_writer *w, struct span bytes);
/* Leaves `n` bytes as they are, to be filled in by the caller. */
void der_skip(struct der_writer *w, size_t n);
void der_put_element(struct der_writer *w, uint8_t tag, struct span content);
void der_put_uint(struct der_writer *w, uint64_t value);
/* What was written since w->start was `before` becomes the content of one element. */
void der_wrap(struct der_writer *w, uint8_t tag, size_t before);

#endif
