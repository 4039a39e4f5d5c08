/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integers and strings of our formats (little-endian), and hexadecimal.
 * A reader walks over a span that it does not own; the first read beyond the
 * end makes it fail for good, so that a record is read whole and asked once.
 */
#ifndef COFFER_BASE_CODEC_H
#define COFFER_BASE_CODEC_H

#include "base/span.h"
#include "base/status.h"

/* Written out, not as loops: so compilers make one load or store of each. */

static inline void codec_put_u32(uint8_t out[4], uint32_t v)
{
	out[0] = (uint8_t)v;
	out[1] = (uint8_t)(v >> 8);
	out[2] = (uint8_t)(v >> 16);
	out[3] = (uint8_t)(v >> 24);
}

static inline void codec_put_u64(uint8_t out[8], uint64_t v)
{
	out[0] = (uint8_t)v;
	out[1] = (uint8_t)(v >> 8);
	out[2] = (uint8_t)(v >> 16);
	out[3] = (uint8_t)(v >> 24);
	out[4] = (uint8_t)(v >> 32);
	out[5] = (uint8_t)(v >> 40);
	out[6] = (uint8_t)(v >> 48);
	out[7] = (uint8_t)(v >> 56);
}

static inline uint32_t codec_get_u32(const uint8_t in[4])
{
	return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

static inline uint64_t codec_get_u64(const uint8_t in[8])
{
	return (uint64_t)in[0] | (uint64_t)in[1] << 8 | (uint64_t)in[2] << 16 | (uint64_t)in[3] << 24 |
	       (uint64_t)in[4] << 32 | (uint64_t)in[5] << 40 | (uint64_t)in[6] << 48 | (uint64_t)in[7] << 56;
}

struct reader {
	struct span rest;
	bool failed;
};

static inline struct reader reader_of(struct span s)
{
	return (struct reader){ s, false };
}

uint8_t read_u8(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
/* `n` bytes in place; empty after a failure. */
struct span read_bytes(struct reader *r, size_t n);
/* u32 length and its bytes, in place. */
struct span read_string(struct reader *r);
/* OK when nothing failed and nothing is left, else CORRUPT. */
struct cf_status read_end(const struct reader *r) CF_CHECKED;

/* Writes 2 * s.n lower-case digits and a NUL.  `out` has room for 2 * s.n + 1. */
void hex_encode(struct span s, char *out);
/* Reads digits of either case; INVALID on anything else or an odd count, LIMIT
 * when out.n is too small.  *used is the number of bytes written. */
struct cf_status hex_decode(struct span text, struct mspan out, size_t *used) CF_CHECKED;

#endif
