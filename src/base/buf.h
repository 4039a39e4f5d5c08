/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer on the ordinary heap, for what is no secret, with the
 * writers of our own formats: integers are little-endian, a string is a u32
 * length and its bytes.  A failed write is remembered: write a whole record,
 * then ask once with buf_status().
 */
#ifndef COFFER_BASE_BUF_H
#define COFFER_BASE_BUF_H

#include "base/cleanup.h"
#include "base/span.h"
#include "base/status.h"

struct buf {
	uint8_t *p;
	size_t n;
	size_t room;
	size_t max; /* writes beyond it fail with LIMIT */
	enum cf_code failed;
};

/* On the stack: AUTO_BUF b = BUF_INIT(max);  freed at scope end. */
#define BUF_INIT(maximum) { .max = (maximum) }
void buf_release(struct buf *b);
#define AUTO_BUF __attribute__((cleanup(buf_release))) struct buf

void buf_bytes(struct buf *b, struct span s);
void buf_u8(struct buf *b, uint8_t v);
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
/* u32 length, then the bytes. */
void buf_string(struct buf *b, struct span s);
/* `n` more bytes, not yet written, at the end: the caller fills p[old n ...]. */
struct cf_status buf_grow(struct buf *b, size_t n) CF_CHECKED;
/* NOMEM or LIMIT when any write since the start failed. */
struct cf_status buf_status(const struct buf *b) CF_CHECKED;
void buf_clear(struct buf *b);

static inline struct span buf_span(const struct buf *b)
{
	return span(b->p, b->n);
}

#endif
