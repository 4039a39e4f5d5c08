/* SPDX-License-Identifier: Apache-2.0 */
/* base/der: lengths, integers, bit strings and nesting, read strictly and written in their shortest form. */
#include <string.h>

#include "base/der.h"
#include "unit.h"

static void test_lengths_written(void)
{
	static const struct {
		size_t content, element;
		uint8_t head[4];
	} sizes[] = {
		{ 0, 2, { 0x04, 0x00 } },
		{ 127, 129, { 0x04, 0x7f } },
		{ 128, 131, { 0x04, 0x81, 0x80 } },
		{ 255, 258, { 0x04, 0x81, 0xff } },
		{ 256, 260, { 0x04, 0x82, 0x01, 0x00 } },
	};
	static const uint8_t zeros[256];
	uint8_t room[300];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct der_writer w = der_writer_of(MSPAN_OF(room));
		struct der_writer measure = der_writer_of(der_measuring());
		struct span in, content;

		der_put_element(&w, DER_OCTET_STRING, span(zeros, sizes[i].content));
		der_put_element(&measure, DER_OCTET_STRING, span(zeros, sizes[i].content));
		in = der_written(&w);
		CHECK(!w.failed && in.n == sizes[i].element && der_written(&measure).n == in.n);
		CHECK(memcmp(in.p, sizes[i].head, sizes[i].element - sizes[i].content) == 0);
		CHECK(der_take(&in, DER_OCTET_STRING, &content));
		CHECK(content.n == sizes[i].content && in.n == 0);
	}
}

static bool refused(const char *bytes, size_t n)
{
	struct span in = span(bytes, n), content = { 0 };

	return !der_take(&in, DER_OCTET_STRING, &content) && in.n == n && !der_take_whole(&in, DER_OCTET_STRING, &content);
}

static void test_lengths_refused(void)
{
	CHECK(refused("", 0));
	CHECK(refused("\x04", 1));
	CHECK(refused("\x04\x01", 2));                            /* beyond the end */
	CHECK(refused("\x04\x80\x00\x00", 4));                    /* indefinite */
	CHECK(refused("\x04\x81\x01\x00", 4));                    /* not the shortest */
	CHECK(refused("\x04\x82\x00\x80", 4));                    /* a leading zero */
	CHECK(refused("\x04\x85\x01\x00\x00\x00\x00\x00", 8));    /* more bytes than any key has */
	CHECK(refused("\x04\x84\xff\xff\xff\xff\x00", 7));        /* wraps nothing */
	CHECK(refused("\x04\xff", 2));
	CHECK(refused("\x05\x00", 2));                            /* another tag */
}

static void test_elements_in_turn(void)
{
	static const uint8_t bytes[] = { 0x04, 0x01, 0xaa, 0x05, 0x00, 0x04, 0x00 };
	struct span in = SPAN_OF(bytes), s;

	CHECK(der_next_is(in, DER_OCTET_STRING) && !der_next_is(in, DER_NULL) && !der_next_is(SPAN_EMPTY, DER_NULL));
	CHECK(der_take(&in, DER_OCTET_STRING, &s) && s.n == 1 && s.p[0] == 0xaa);
	CHECK(!der_take(&in, DER_OCTET_STRING, &s));
	CHECK(der_take_whole(&in, DER_NULL, &s) && s.n == 2 && s.p[0] == 0x05);
	CHECK(der_take(&in, DER_OCTET_STRING, &s) && s.n == 0 && in.n == 0);
}

static bool uint_is(const char *bytes, size_t n, uint64_t expected)
{
	struct span in = span(bytes, n);
	uint64_t v = expected + 1;

	return der_take_uint(&in, &v) && v == expected && in.n == 0;
}

static bool uint_refused(const char *bytes, size_t n)
{
	struct span in = span(bytes, n);
	uint64_t v;

	return !der_take_uint(&in, &v) && in.n == n;
}

static void test_integers(void)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 255, 256, 16384, 1 << 20, (uint64_t)INT64_MAX };

	CHECK(uint_is("\x02\x01\x00", 3, 0) && uint_is("\x02\x01\x7f", 3, 127));
	CHECK(uint_is("\x02\x02\x00\x80", 4, 128) && uint_is("\x02\x02\x40\x00", 4, 16384));
	CHECK(uint_refused("\x02\x00", 2));                       /* no byte */
	CHECK(uint_refused("\x02\x01\x80", 3));                   /* negative */
	CHECK(uint_refused("\x02\x02\x00\x7f", 4));               /* not the shortest */
	CHECK(uint_refused("\x02\x09\x00\x80\x00\x00\x00\x00\x00\x00\x00", 11));
	CHECK(uint_refused("\x04\x01\x00", 3));
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		uint8_t room[16];
		struct der_writer w = der_writer_of(MSPAN_OF(room));

		der_put_uint(&w, values[i]);
		CHECK(!w.failed && uint_is((const char *)der_written(&w).p, der_written(&w).n, values[i]));
	}
}

static void test_bits(void)
{
	struct span in = span("\x03\x03\x00\xab\xcd", 5), bits;

	CHECK(der_take_bits(&in, &bits) && bits.n == 2 && bits.p[0] == 0xab && in.n == 0);
	in = span("\x03\x02\x01\xab", 4); /* a bit that is not there */
	CHECK(!der_take_bits(&in, &bits) && in.n == 4);
	in = span("\x03\x00", 2);
	CHECK(!der_take_bits(&in, &bits));
}

static void test_nesting(void)
{
	static const uint8_t expected[] = { 0x30, 0x08, 0x02, 0x01, 0x05, 0x30, 0x03, 0x06, 0x01, 0x2a };
	uint8_t room[sizeof(expected)];
	struct der_writer w = der_writer_of(MSPAN_OF(room));
	size_t inner;

	der_put_element(&w, DER_OID, span("\x2a", 1));
	der_wrap(&w, DER_SEQUENCE, sizeof(room));
	inner = w.start;
	der_put_uint(&w, 5);
	CHECK(inner - w.start == 3);
	der_wrap(&w, DER_SEQUENCE, sizeof(room));
	CHECK(!w.failed && span_eq(der_written(&w), SPAN_OF(expected)));
	/* The room is full: nothing more, and nothing outside of it. */
	der_put(&w, span("x", 1));
	CHECK(w.failed && span_eq(der_written(&w), SPAN_OF(expected)));
	der_put(&w, SPAN_EMPTY);
	CHECK(w.failed);
}

static void test_left_open(void)
{
	uint8_t room[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct der_writer w = der_writer_of(MSPAN_OF(room));

	der_skip(&w, 4);
	der_wrap(&w, DER_OCTET_STRING, sizeof(room));
	CHECK(!w.failed && span_eq(der_written(&w), span("\x04\x04\x05\x06\x07\x08", 6)));
	der_skip(&w, 3);
	CHECK(w.failed);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "lengths are written in their shortest form", test_lengths_written },
		{ "lengths that are indefinite, too long or beyond the end are refused", test_lengths_refused },
		{ "elements are taken in turn, another tag is left alone", test_elements_in_turn },
		{ "integers are not negative and in their shortest form", test_integers },
		{ "bit strings are of whole bytes", test_bits },
		{ "what was written is wrapped, and a full room stays as it is", test_nesting },
		{ "room is left for what comes later", test_left_open },
		{ NULL, NULL },
	};

	return unit_main("base/der", tests);
}
