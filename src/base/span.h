/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A byte string is one value, never a pointer and a length that can part.
 * A span borrows: it owns nothing and is valid as long as what it points into.
 */
#ifndef COFFER_BASE_SPAN_H
#define COFFER_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *p;
	size_t n;
};

struct mspan {
	uint8_t *p;
	size_t n;
};

#define SPAN_EMPTY ((struct span){ NULL, 0 })
/* Of an array (not a pointer): its whole size. */
#define SPAN_OF(array) ((struct span){ (const uint8_t *)(array), sizeof(array) })
#define MSPAN_OF(array) ((struct mspan){ (uint8_t *)(array), sizeof(array) })

static inline struct span span(const void *p, size_t n)
{
	return (struct span){ (const uint8_t *)p, n };
}

static inline struct mspan mspan(void *p, size_t n)
{
	return (struct mspan){ (uint8_t *)p, n };
}

static inline struct span span_str(const char *s)
{
	return span(s, strlen(s));
}

/* Input that no caller can have: bytes at NULL, or more of them than an object of C holds. */
static inline bool span_impossible(struct span s)
{
	return s.n != 0 && (s.p == NULL || s.n >= PTRDIFF_MAX);
}

static inline struct span span_const(struct mspan m)
{
	return span(m.p, m.n);
}

/* They have a byte in common. */
static inline bool span_overlaps(struct span in, struct mspan out)
{
	uintptr_t a = (uintptr_t)in.p, b = (uintptr_t)out.p;

	return a <= b ? b - a < in.n : a - b < out.n; /* out.n may be any number that a caller says */
}

/* Compares public data; secrets are compared with sodium_memcmp in a scope. */
static inline bool span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The first `n` bytes are dropped; `n` beyond the end gives an empty span. */
static inline struct span span_skip(struct span s, size_t n)
{
	return n >= s.n ? SPAN_EMPTY : span(s.p + n, s.n - n);
}

/* memcpy that accepts an empty source with a NULL pointer. */
static inline void bytes_copy(void *dst, const void *src, size_t n)
{
	if (n != 0)
		memcpy(dst, src, n);
}

#endif
