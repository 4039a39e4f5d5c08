/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller's array of CK_ATTRIBUTE, and our own encoding of an object's
 * attributes: a sequence of records, each a u64 type, a u32 length and the
 * value, ascending by type (base/codec.h).  Values are canonical: CK_BBOOL is one byte 0 or 1,
 * CK_ULONG eight bytes little-endian, dates eight bytes or none, an
 * array of mechanisms eight bytes each, an attribute array an encoding of its own.
 * Public objects' encodings lie in ordinary memory, private ones' in scope memory only.
 */
#ifndef COFFER_OBJECT_TEMPLATE_H
#define COFFER_OBJECT_TEMPLATE_H

#include "base/span.h"
#include "ck/ck.h"

struct template {
	const CK_ATTRIBUTE *attr;
	CK_ULONG count;
};

bool template_has(struct template t, CK_ATTRIBUTE_TYPE type);
/* ATTRIBUTE_VALUE_INVALID: it is there and is no CK_ULONG. */
CK_RV template_ulong(struct template t, CK_ATTRIBUTE_TYPE type, CK_ULONG missing, CK_ULONG *out);

/* A view on an encoding; reading it allocates nothing. */
struct attrs {
	struct span bytes;
};

/* False when there is none. */
bool attrs_find(struct attrs a, CK_ATTRIBUTE_TYPE type, struct span *value);
bool attrs_bool(struct attrs a, CK_ATTRIBUTE_TYPE type, bool missing);
CK_ULONG attrs_ulong(struct attrs a, CK_ATTRIBUTE_TYPE type, CK_ULONG missing);

struct attr {
	CK_ATTRIBUTE_TYPE type;
	struct span value;
};

/* Walks: start with a zeroed cursor; false at the end (or at a malformed record: then *bad). */
struct attrs_cursor {
	size_t at;
	bool bad;
};
bool attrs_next(struct attrs a, struct attrs_cursor *cursor, struct attr *out);

/* Writes an encoding into memory that the caller gives (scope memory for private objects).
 * Records must come in ascending order of type. */
struct attrs_writer {
	struct mspan room;
	size_t n;
	CK_RV failed; /* CKR_OK, or CKR_DEVICE_MEMORY when the room was too small */
};
#define ATTRS_RECORD_MORE 12 /* bytes of a record beside its value */
void attrs_write(struct attrs_writer *w, CK_ATTRIBUTE_TYPE type, struct span value);
void attrs_write_bool(struct attrs_writer *w, CK_ATTRIBUTE_TYPE type, bool value);
void attrs_write_ulong(struct attrs_writer *w, CK_ATTRIBUTE_TYPE type, CK_ULONG value);
static inline struct attrs attrs_written(const struct attrs_writer *w)
{
	return (struct attrs){ span(w->room.p, w->n) };
}

#endif
