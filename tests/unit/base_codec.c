/* SPDX-License-Identifier: Apache-2.0 */
#include "base/codec.h"

#include "unit.h"

static void integers_there_and_back(void)
{
	static const uint64_t values[] = { 0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fffffff, 0x80000000, 0xffffffff,
					   0x100000000, 0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX };
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		codec_put_u64(bytes, values[i]);
		CHECK(codec_get_u64(bytes) == values[i]);
		CHECK(bytes[0] == (uint8_t)values[i] && bytes[7] == (uint8_t)(values[i] >> 56));
		codec_put_u32(bytes, (uint32_t)values[i]);
		CHECK(codec_get_u32(bytes) == (uint32_t)values[i]);
	}
}

static void a_reader_never_goes_beyond_its_end(void)
{
	static const uint8_t bytes[] = { 1, 2, 3 };
	struct reader r = reader_of(SPAN_OF(bytes));

	CHECK(read_u32(&r) == 0 && r.failed);
	CHECK(read_u8(&r) == 0); /* and has failed for good, though there are bytes */
	CHECK(read_bytes(&r, 0).n == 0);
	CHECK_CODE(read_end(&r), CORRUPT);
	r = reader_of(SPAN_OF(bytes));
	CHECK(read_u64(&r) == 0 && r.failed);
	r = reader_of(SPAN_OF(bytes));
	CHECK(read_bytes(&r, SIZE_MAX).n == 0 && r.failed);
	r = reader_of(SPAN_EMPTY);
	CHECK(read_u8(&r) == 0 && r.failed);
}

static void a_string_longer_than_what_is_left_fails(void)
{
	static const uint8_t huge[] = { 0xff, 0xff, 0xff, 0xff, 'a' }, one_more[] = { 2, 0, 0, 0, 'a' }, fits[] = { 1, 0, 0, 0, 'a' };
	struct reader r = reader_of(SPAN_OF(huge));

	CHECK(read_string(&r).n == 0 && r.failed);
	r = reader_of(SPAN_OF(one_more));
	CHECK(read_string(&r).n == 0 && r.failed);
	r = reader_of(SPAN_OF(fits));
	CHECK(span_eq(read_string(&r), span_str("a")) && !r.failed);
	CHECK_CODE(read_end(&r), OK);
}

static void what_is_left_over_is_an_error(void)
{
	static const uint8_t bytes[] = { 1, 2 };
	struct reader r = reader_of(SPAN_OF(bytes));

	CHECK(read_u8(&r) == 1);
	CHECK_CODE(read_end(&r), CORRUPT);
	CHECK(read_u8(&r) == 2);
	CHECK_CODE(read_end(&r), OK);
}

static void hexadecimal_there_and_back(void)
{
	uint8_t all[256], back[256];
	char text[513];
	size_t n = 0;

	for (size_t i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	hex_encode(SPAN_OF(all), text);
	CHECK(strlen(text) == 512 && strncmp(text, "000102", 6) == 0 && strcmp(text + 508, "feff") == 0);
	CHECK_CODE(hex_decode(span_str(text), MSPAN_OF(back), &n), OK);
	CHECK(n == 256 && memcmp(all, back, 256) == 0);
	CHECK_CODE(hex_decode(span_str("aAfF"), MSPAN_OF(back), &n), OK);
	CHECK(n == 2 && back[0] == 0xaa && back[1] == 0xff);
	hex_encode(SPAN_EMPTY, text);
	CHECK(text[0] == '\0');
	CHECK_CODE(hex_decode(SPAN_EMPTY, MSPAN_OF(back), &n), OK);
	CHECK(n == 0);
}

static void what_is_no_hexadecimal_is_refused(void)
{
	static const char *const bad[] = { "a", "abc", "0g", "g0", " a", "a ", "0x", "-1", "/0", ":0", "@0", "`0", "\xffg" };
	uint8_t out[4] = { 9, 9, 9, 9 };
	size_t n = 77;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_CODE(hex_decode(span_str(bad[i]), MSPAN_OF(out), &n), INVALID);
	CHECK(n == 77);
	CHECK_CODE(hex_decode(span_str("0102030405"), MSPAN_OF(out), &n), LIMIT);
	CHECK(out[0] == 9);
}

static void spans_compare_and_shrink_within_their_bounds(void)
{
	struct span s = span_str("abc");

	CHECK(span_eq(span_skip(s, 1), span_str("bc")));
	CHECK(span_skip(s, 3).n == 0 && span_skip(s, SIZE_MAX).n == 0);
	CHECK(span_eq(SPAN_EMPTY, span("x", 0)));
	CHECK(!span_eq(s, span_str("abd")) && !span_eq(s, span_str("ab")));
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "integers there and back, little-endian", integers_there_and_back },
		{ "a reader never goes beyond its end, and fails for good", a_reader_never_goes_beyond_its_end },
		{ "a string longer than what is left fails", a_string_longer_than_what_is_left_fails },
		{ "what is left over is an error", what_is_left_over_is_an_error },
		{ "hexadecimal there and back, digits of either case", hexadecimal_there_and_back },
		{ "what is no hexadecimal is refused, what does not fit is not written", what_is_no_hexadecimal_is_refused },
		{ "spans compare and shrink within their bounds", spans_compare_and_shrink_within_their_bounds },
		{ NULL, NULL },
	};

	return unit_main("base/codec", tests);
}
