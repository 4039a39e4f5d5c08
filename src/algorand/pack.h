/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MessagePack, value by value, by libmpack: no heap, so that what is secret may be read and written in a vault scope.
 * A reader borrows its input; the first fault makes it fail for good.  A writer fills memory that its caller gives.
 */
#ifndef COFFER_ALGORAND_PACK_H
#define COFFER_ALGORAND_PACK_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"
#include "base/status.h"

enum pack_kind {
	PACK_NONE, /* the end, or a fault */
	PACK_NIL,
	PACK_BOOL,
	PACK_UINT,
	PACK_SINT, /* negative */
	PACK_FLOAT,
	PACK_BIN,
	PACK_STR,
	PACK_EXT,
	PACK_ARRAY,
	PACK_MAP,
};

struct pack_value {
	enum pack_kind kind;
	uint64_t number;   /* BOOL, UINT; the items of an ARRAY, the pairs of a MAP */
	int64_t negative;  /* SINT */
	struct span bytes; /* BIN, STR, EXT: in place */
	bool shortest;     /* written in the fewest bytes */
};

struct unpack {
	struct span rest;
	bool failed; /* malformed, cut short, or not what was expected */
};

static inline struct unpack unpack_of(struct span s)
{
	return (struct unpack){ s, false };
}

/* The next value; of an array or a map only its head, its items follow. kind NONE after a fault, or at the end
 * (unpack_end tells them apart). */
struct pack_value unpack_next(struct unpack *u);
/* As unpack_next, and a value of another kind is a fault. */
struct pack_value unpack_expect(struct unpack *u, enum pack_kind kind);
/* The next value with all that is in it, as it is written. At most 32 levels deep. */
struct span unpack_whole(struct unpack *u);
/* True when nothing failed and nothing is left. */
bool unpack_end(const struct unpack *u);

/* Is the one value in `s` canonical, as Algorand signs it: integers and lengths in the fewest bytes, the keys of
 * each map strings that ascend, no field zero or empty, no nil, no float, nothing behind it?  INVALID with a sentence that
 * says what is wrong. */
struct cf_status pack_check_canonical(struct span s) CF_CHECKED;

/* The one value in `s` in canonical form: fields in order, numbers and lengths in the fewest bytes, and what is zero, empty
 * or nil left out of maps, as the network leaves it out when it writes the value anew.  CORRUPT: cut short, no MessagePack, or
 * bytes behind it; INVALID: a field twice, or what Algorand does not use.  The buffer remembers NOMEM and LIMIT. */
struct cf_status pack_canonical(struct span s, struct buf *out) CF_CHECKED;

struct pack {
	struct mspan room;
	size_t n;
	bool failed; /* the room was too small */
};

static inline struct pack pack_into(struct mspan room)
{
	return (struct pack){ room, 0, false };
}

static inline struct span pack_span(const struct pack *p)
{
	return span(p->room.p, p->n);
}

void pack_uint(struct pack *p, uint64_t v);
void pack_bool(struct pack *p, bool v);
void pack_bin(struct pack *p, struct span s);
void pack_str(struct pack *p, const char *s);
void pack_text(struct pack *p, struct span s);
/* Only the head; the bytes follow. */
void pack_bin_head(struct pack *p, size_t n);
void pack_str_head(struct pack *p, size_t n);
void pack_map(struct pack *p, size_t pairs);
void pack_array(struct pack *p, size_t items);
/* What is packed already. */
void pack_raw(struct pack *p, struct span s);

#endif
