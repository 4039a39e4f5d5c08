/* SPDX-License-Identifier: Apache-2.0 */
/* Growing buffers, with the reader of base/codec.h as the other direction. */
#include "base/buf.h"

#include "base/codec.h"
#include "base/fault.h"
#include "unit.h"

static void what_is_written_is_read(void)
{
	AUTO_BUF b = BUF_INIT(1000);
	struct reader r;

	buf_u8(&b, 0xfe);
	buf_u32(&b, 0x01020304);
	buf_u64(&b, 0x1112131415161718);
	buf_string(&b, span_str("text"));
	buf_string(&b, SPAN_EMPTY);
	buf_bytes(&b, span_str("tail"));
	CHECK_CODE(buf_status(&b), OK);
	r = reader_of(buf_span(&b));
	CHECK(read_u8(&r) == 0xfe);
	CHECK(read_u32(&r) == 0x01020304);
	CHECK(read_u64(&r) == 0x1112131415161718);
	CHECK(span_eq(read_string(&r), span_str("text")));
	CHECK(read_string(&r).n == 0);
	CHECK(span_eq(read_bytes(&r, 4), span_str("tail")));
	CHECK_CODE(read_end(&r), OK);
}

static void integers_are_little_endian(void)
{
	AUTO_BUF b = BUF_INIT(100);

	buf_u32(&b, 0x01020304);
	buf_u64(&b, 0x1112131415161718);
	CHECK(span_eq(buf_span(&b), span("\4\3\2\1\x18\x17\x16\x15\x14\x13\x12\x11", 12)));
}

static void nothing_is_written_beyond_the_limit(void)
{
	AUTO_BUF b = BUF_INIT(10);

	buf_bytes(&b, span_str("0123456789"));
	CHECK_CODE(buf_status(&b), OK);
	buf_u8(&b, 1);
	CHECK_CODE(buf_status(&b), LIMIT);
	CHECK(b.n == 10);
}

static void a_failure_is_remembered(void)
{
	AUTO_BUF b = BUF_INIT(10);

	buf_bytes(&b, span_str("01234567890"));
	buf_u8(&b, 1); /* would fit */
	CHECK_CODE(buf_status(&b), LIMIT);
	CHECK(b.n == 0);
	CHECK_CODE(buf_grow(&b, 1), LIMIT);
	buf_clear(&b);
	buf_u8(&b, 1);
	CHECK_CODE(buf_status(&b), OK);
	CHECK(b.n == 1);
}

static void a_length_that_would_wrap_is_beyond_the_limit(void)
{
	AUTO_BUF b = BUF_INIT(SIZE_MAX);

	buf_u8(&b, 1);
	CHECK_CODE(buf_grow(&b, SIZE_MAX), LIMIT);
}

static void growing_keeps_what_there_is(void)
{
	AUTO_BUF b = BUF_INIT(100000);
	bool same = true;

	for (unsigned i = 0; i < 20000; i++)
		buf_u32(&b, i);
	CHECK_CODE(buf_status(&b), OK);
	CHECK(b.n == 80000 && b.room <= 100000);
	for (unsigned i = 0; i < 20000; i++)
		same = same && codec_get_u32(b.p + 4 * i) == i;
	CHECK(same);
	CHECK_CODE(buf_grow(&b, 20000), OK);
	CHECK(b.n == 100000);
	CHECK_CODE(buf_grow(&b, 1), LIMIT);
}

static bool fail(enum fault_kind kind)
{
	return kind == FAULT_ALLOC;
}

static void no_memory_is_told_from_the_limit_and_loses_nothing(void)
{
	AUTO_BUF b = BUF_INIT(1000);

	buf_bytes(&b, span_str("kept"));
	atomic_store(&fault_hook, fail);
	CHECK_CODE(buf_grow(&b, 500), NOMEM);
	atomic_store(&fault_hook, NULL);
	CHECK(span_eq(buf_span(&b), span_str("kept")));
}

static void a_released_buffer_can_be_used_again(void)
{
	AUTO_BUF b = BUF_INIT(10);

	buf_bytes(&b, span_str("01234567890"));
	buf_release(&b);
	CHECK(b.p == NULL && b.n == 0 && b.max == 10);
	buf_bytes(&b, span_str("x"));
	CHECK_CODE(buf_status(&b), OK);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "what is written is read", what_is_written_is_read },
		{ "integers are little-endian", integers_are_little_endian },
		{ "nothing is written beyond the limit", nothing_is_written_beyond_the_limit },
		{ "a failure is remembered until the buffer is cleared", a_failure_is_remembered },
		{ "a length that would wrap is beyond the limit", a_length_that_would_wrap_is_beyond_the_limit },
		{ "growing keeps what there is, up to the limit itself", growing_keeps_what_there_is },
		{ "no memory is told from the limit and loses nothing", no_memory_is_told_from_the_limit_and_loses_nothing },
		{ "a released buffer can be used again", a_released_buffer_can_be_used_again },
		{ NULL, NULL },
	};

	return unit_main("base/buf", tests);
}
