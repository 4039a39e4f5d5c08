/* SPDX-License-Identifier: Apache-2.0 */
/* policy.def as a table, and the chain of blocks that a class and key type consists of. */
#ifndef COFFER_OBJECT_POLICY_H
#define COFFER_OBJECT_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ck/ck.h"

enum policy_kind { KIND_BOOL, KIND_ULONG, KIND_BYTES, KIND_DATE, KIND_MECHANISMS, KIND_TEMPLATE };
enum policy_standard { STANDARD_NONE, STANDARD_OFF, STANDARD_ON, STANDARD_EMPTY, STANDARD_ZERO };

/* Footnotes, and extras in the same word. */
#define FOOT(n) (1u << (n))
#define EXTRA_COPY (1u << 16)
#define EXTRA_OURS (1u << 17)
#define EXTRA_HIDDEN (1u << 18)
#define EXTRA_TRUST (1u << 19) /* one of CKT_TRUST_UNKNOWN, ... */
#define EXTRA_TERM_SHIFT 24

struct policy_row {
	unsigned block;
	CK_ATTRIBUTE_TYPE type;
	enum policy_kind kind;
	unsigned marks; /* FOOT(n), EXTRA_... */
	enum policy_standard standard;
};

static inline bool row_has(const struct policy_row *row, unsigned mark)
{
	return (row->marks & mark) != 0;
}

/* 0: no search term; else its rank, 1 the most selective. */
static inline unsigned row_term(const struct policy_row *row)
{
	return row->marks >> EXTRA_TERM_SHIFT;
}

#define POLICY_ROWS_MAX 48 /* of one class and type; proved by a unit test */
#define POLICY_PLACES 128  /* a power of two, more than twice as many: a search meets a free place soon */

/* What a class and its type consist of: the rows in order of attribute type, with NULL behind the last, and an index. */
struct policy {
	size_t count;
	const struct policy_row *row[POLICY_ROWS_MAX + 1];
	uint8_t place[POLICY_PLACES]; /* a row's number and one; 0: free. By hash of the type, the next where that is taken */
};

/* Multiplicative, so that it is a constant where the type is one. */
static inline size_t policy_hash(CK_ATTRIBUTE_TYPE type)
{
	return (uint32_t)type * 2654435769u >> 25;
}

/* Which row is the attribute's; policy->count: none. */
static inline size_t policy_place(const struct policy *policy, CK_ATTRIBUTE_TYPE type)
{
	for (size_t at = policy_hash(type); policy->place[at] != 0; at = (at + 1) % POLICY_PLACES)
		if (policy->row[policy->place[at] - 1]->type == type)
			return policy->place[at] - 1;
	return policy->count;
}

/* Of a class and its type (key type, certificate type; ignored for others).  NULL when there is no such class or type. */
const struct policy *policy_of(CK_OBJECT_CLASS class, CK_ULONG subtype);
/* NULL: it has no such attribute. */
static inline const struct policy_row *policy_find(const struct policy *policy, CK_ATTRIBUTE_TYPE type)
{
	return policy->row[policy_place(policy, type)];
}
/* The kind that an attribute has in any class (searches need it); NULL when no table names it. */
const struct policy_row *policy_any(CK_ATTRIBUTE_TYPE type);

#endif
