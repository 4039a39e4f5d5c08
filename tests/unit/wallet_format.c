/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of the format, and the way from a PIN to a key. */
#include "unit/wallet_kit.h"

#include <sodium.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "wallet/format.h"
#include "wallet/kdf.h"

static struct header sample_header(void)
{
	struct header h = { .format = FORMAT_VERSION,
			    .serial = { 1, 2, 3, 4, 5, 6, 7, 8 },
			    .created_s = 1700000000,
			    .label = "label",
			    .change = 5,
			    .next_number = 9,
			    .objects = 3,
			    .levels = 2,
			    .root_version = 5 };

	memset(h.public_salt, 0xaa, sizeof(h.public_salt));
	memset(h.mac, 0xbb, sizeof(h.mac));
	return h;
}

static void test_header(void)
{
	struct header h = sample_header(), back;
	AUTO_BUF bytes = BUF_INIT(HEADER_MAX), body = BUF_INIT(HEADER_MAX);

	header_encode(&h, &bytes);
	header_body(&h, &body);
	REQUIRE(cf_ok(buf_status(&bytes)));
	CHECK(bytes.n == body.n + FORMAT_MAC_SIZE && memcmp(bytes.p, body.p, body.n) == 0);
	REQUIRE(cf_ok(header_decode(buf_span(&bytes), &back)));
	CHECK(memcmp(back.serial, h.serial, sizeof(h.serial)) == 0 && strcmp(back.label, h.label) == 0);
	CHECK(back.created_s == h.created_s && back.change == 5 && back.next_number == 9 && back.objects == 3);
	CHECK(back.levels == 2 && back.root_version == 5 && memcmp(back.mac, h.mac, sizeof(h.mac)) == 0);
	for (size_t n = 0; n < bytes.n; n++)
		CHECK_CODE(header_decode(span(bytes.p, n), &back), CORRUPT);
	buf_u8(&bytes, 0);
	CHECK_CODE(header_decode(buf_span(&bytes), &back), CORRUPT);
}

static struct cf_status decode(const struct header *h)
{
	AUTO_BUF bytes = BUF_INIT(HEADER_MAX);
	struct header back;

	header_encode(h, &bytes);
	REQUIRE(cf_ok(buf_status(&bytes)));
	return header_decode(buf_span(&bytes), &back);
}

/* Each record has one form: no two files say the same. */
static void test_one_form(void)
{
	struct header h = sample_header(), back;
	struct wrap w = { .kdf = cheap, .to_be_changed = true }, wrap_back;
	AUTO_BUF header = BUF_INIT(HEADER_MAX), wrap = BUF_INIT(WRAP_MAX);

	header_encode(&h, &header);
	wrap_encode(&w, &wrap);
	REQUIRE(cf_ok(buf_status(&header)) && cf_ok(buf_status(&wrap)));
	REQUIRE(cf_ok(header_decode(buf_span(&header), &back)) && cf_ok(wrap_decode(buf_span(&wrap), &wrap_back)));
	header.p[4 + WALLET_SERIAL_SIZE + 8 + 4 + 2] = '\0'; /* in the label */
	CHECK_CODE(header_decode(buf_span(&header), &back), CORRUPT);
	for (unsigned v = 2; v < 256; v++) {
		wrap.p[8] = (uint8_t)v;
		CHECK_CODE(wrap_decode(buf_span(&wrap), &wrap_back), CORRUPT);
	}
}

static void test_header_limits(void)
{
	struct header h = sample_header();

	h.format = FORMAT_VERSION + 1;
	CHECK_CODE(decode(&h), UNSUPPORTED);
	h.format = 0;
	CHECK_CODE(decode(&h), CORRUPT);
	h = sample_header();
	h.levels = 0;
	CHECK_CODE(decode(&h), CORRUPT);
	h.levels = 8;
	CHECK_CODE(decode(&h), CORRUPT);
	h = sample_header();
	h.next_number = 0;
	CHECK_CODE(decode(&h), CORRUPT);
}

/* Versions grow, and two changes from the same state do not share one. */
static void test_change_numbers(void)
{
	struct header a = sample_header(), b = sample_header();
	int same = 0;

	for (int i = 0; i < 50; i++) {
		uint64_t before = a.change;

		b = a;
		header_next_change(&a);
		header_next_change(&b);
		CHECK(a.change > before && b.change > before);
		same += a.change == b.change;
	}
	CHECK(same < 2);
}

static void test_wrap(void)
{
	struct wrap w = { .kdf = { 64, 1 }, .to_be_changed = true }, back;
	AUTO_BUF bytes = BUF_INIT(256);

	memset(w.salt, 1, sizeof(w.salt));
	memset(w.nonce, 2, sizeof(w.nonce));
	memset(w.sealed, 3, sizeof(w.sealed));
	wrap_encode(&w, &bytes);
	REQUIRE(cf_ok(buf_status(&bytes)));
	CHECK(bytes.n == 97);
	REQUIRE(cf_ok(wrap_decode(buf_span(&bytes), &back)));
	CHECK(back.kdf.memory_kib == 64 && back.kdf.passes == 1 && back.to_be_changed);
	CHECK(memcmp(back.sealed, w.sealed, sizeof(w.sealed)) == 0);
	for (size_t n = 0; n < bytes.n; n++)
		CHECK_CODE(wrap_decode(span(bytes.p, n), &back), CORRUPT);
}

/* What libargon2 gave back; its memory is looked at before it goes. */
static size_t given_back, not_wiped;

int munmap(void *p, size_t n)
{
	if (n == 96 * 1024) {
		const uint8_t *bytes = p;

		given_back++;
		for (size_t i = 0; i < n; i++)
			not_wiped += bytes[i] != 0;
	}
	return (int)syscall(SYS_munmap, p, n);
}

struct kdf_work {
	struct wallet_kdf kdf;
	struct span pin;
	uint8_t digest[32]; /* of the key: it does not leave */
	struct cf_status status;
};

static void derive_in_scope(struct vault_scope *scope, void *arg)
{
	struct kdf_work *work = arg;
	uint8_t salt[FORMAT_SALT_SIZE] = { 7 }, kek[WALLET_KEY_SIZE];

	work->status = kdf_derive(scope, &work->kdf, salt, work->pin, kek);
	(void)crypto_generichash(work->digest, sizeof(work->digest), kek, sizeof(kek), NULL, 0);
}

static struct kdf_work derive(uint32_t memory, uint32_t passes, const char *pin)
{
	struct kdf_work work = { .kdf = { memory, passes }, .pin = span_str(pin) };

	REQUIRE(cf_ok(vault_run(derive_in_scope, &work)));
	REQUIRE(cf_ok(work.status));
	return work;
}

static void test_kdf(void)
{
	struct kdf_work a = derive(96, 1, "pin"), same = derive(96, 1, "pin"), pin = derive(96, 1, "pin2");
	struct kdf_work memory = derive(64, 1, "pin"), passes = derive(96, 2, "pin");

	CHECK(memcmp(a.digest, same.digest, 32) == 0);
	CHECK(memcmp(a.digest, pin.digest, 32) != 0);
	CHECK(memcmp(a.digest, memory.digest, 32) != 0);
	CHECK(memcmp(a.digest, passes.digest, 32) != 0);
	CHECK(given_back == 4 && not_wiped == 0);
}

/* The stack that Argon2id and the wraps need is there twice over. */
static void test_depth(void)
{
	struct kdf_work work = { .kdf = { 64, 1 }, .pin = span_str("pin") };
	size_t depth = 0;

	REQUIRE(cf_ok(vault_measure(derive_in_scope, &work, &depth)));
	CHECK(depth > 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	CHECK(depth * 2 <= vault_stack_size());
#endif
	if (depth * 2 > vault_stack_size())
		(void)fprintf(stderr, "(%zu of %zu bytes) ", depth, vault_stack_size());
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"a record has one form", test_one_form},
		{ "a header comes back; no piece of one does", test_header },
		{ "a header of a later release is told from a damaged one", test_header_limits },
		{ "changes from the same state have different numbers", test_change_numbers },
		{ "a PIN record comes back; no piece of one does", test_wrap },
		{ "the key depends on PIN and parameters, and Argon2id's memory is wiped", test_kdf },
		{ "Argon2id fits on a vault stack", test_depth },
		{ NULL, NULL },
	};

	return wallet_main("wallet format", tests);
}
