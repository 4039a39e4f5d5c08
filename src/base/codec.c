/* SPDX-License-Identifier: Apache-2.0 */
#include "base/codec.h"

struct span read_bytes(struct reader *r, size_t n)
{
	struct span taken;

	if (r->failed || n > r->rest.n) {
		r->failed = true;
		return SPAN_EMPTY;
	}
	taken = span(r->rest.p, n);
	r->rest = span_skip(r->rest, n);
	return taken;
}

uint8_t read_u8(struct reader *r)
{
	struct span s = read_bytes(r, 1);

	return s.n == 0 ? 0 : s.p[0];
}

uint32_t read_u32(struct reader *r)
{
	struct span s = read_bytes(r, 4);

	return s.n == 0 ? 0 : codec_get_u32(s.p);
}

uint64_t read_u64(struct reader *r)
{
	struct span s = read_bytes(r, 8);

	return s.n == 0 ? 0 : codec_get_u64(s.p);
}

struct span read_string(struct reader *r)
{
	uint32_t n = read_u32(r);

	return read_bytes(r, n);
}

struct cf_status read_end(const struct reader *r)
{
	return r->failed || r->rest.n != 0 ? CF_STATUS(CORRUPT) : CF_OK;
}

void hex_encode(struct span s, char *out)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < s.n; i++) {
		*out++ = digit[s.p[i] >> 4];
		*out++ = digit[s.p[i] & 15];
	}
	*out = '\0';
}

static int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

struct cf_status hex_decode(struct span text, struct mspan out, size_t *used)
{
	if (text.n % 2 != 0)
		return CF_STATUS(INVALID);
	if (text.n / 2 > out.n)
		return CF_STATUS(LIMIT);
	for (size_t i = 0; i < text.n / 2; i++) {
		int high = digit_value(text.p[2 * i]);
		int low = digit_value(text.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return CF_STATUS(INVALID);
		out.p[i] = (uint8_t)(high << 4 | low);
	}
	*used = text.n / 2;
	return CF_OK;
}
