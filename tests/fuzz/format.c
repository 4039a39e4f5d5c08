/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the wallet file: what is read is written again as it was. The first byte says which record. */
#include "base/codec.h"
#include "fuzz.h"
#include "object/template.h"
#include "wallet/format.h"

static void header(struct span bytes)
{
	AUTO_BUF again = BUF_INIT(4096);
	struct header h;

	if (cf_failed(header_decode(bytes, &h)))
		return;
	EXPECT(memchr(h.label, '\0', sizeof(h.label)) != NULL);
	header_encode(&h, &again);
	EXPECT(cf_ok(buf_status(&again)) && span_eq(buf_span(&again), bytes));
}

static void wrap(struct span bytes)
{
	AUTO_BUF again = BUF_INIT(4096);
	struct wrap w;

	if (cf_failed(wrap_decode(bytes, &w)))
		return;
	wrap_encode(&w, &again);
	EXPECT(cf_ok(buf_status(&again)) && span_eq(buf_span(&again), bytes));
}

static void node(struct span bytes)
{
	AUTO_BUF again = BUF_INIT(4096);
	struct node n;

	if (cf_failed(node_decode(bytes, 1, 7, &n)))
		return;
	EXPECT(n.level == 1 && n.position == 7);
	node_encode(&n, &again);
	EXPECT(cf_ok(buf_status(&again)) && span_eq(buf_span(&again), bytes));
}

static void attributes(struct span bytes)
{
	struct attrs attrs = { bytes };
	struct attrs_cursor cursor = { 0 };
	struct attr at;
	size_t n = 0;

	while (attrs_next(attrs, &cursor, &at))
		n += 12 + at.value.n;
	EXPECT(cursor.bad ? n < bytes.n : n == bytes.n);
	(void)attrs_bool(attrs, CKA_PRIVATE, true);
	(void)attrs_ulong(attrs, CKA_CLASS, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed f = { span(data, size) };
	uint8_t *copy;
	uint8_t which = feed_u8(&f);
	struct span bytes;

	copy = fuzz_copy(f.rest);
	bytes = span(copy, f.rest.n);
	switch (which % 4) {
	case 0:
		header(bytes);
		break;
	case 1:
		wrap(bytes);
		break;
	case 2:
		node(bytes);
		break;
	default:
		attributes(bytes);
		break;
	}
	free(copy);
	return 0;
}
