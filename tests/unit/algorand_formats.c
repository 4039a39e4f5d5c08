/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, mnemonics, words, derivation, MessagePack. */
#include "algorand_kit.h"

#include <sodium.h>

#include "algorand/address.h"
#include "algorand/derive.h"
#include "algorand/hash.h"
#include "algorand/mnemonic.h"
#include "algorand/multisig.h"
#include "algorand/pack.h"

static bool is_hex(const uint8_t digest[32], const char *expected)
{
	char hex[65];

	hex_encode(span(digest, 32), hex);
	return strcmp(hex, expected) == 0;
}

/* FIPS 180-4's example, and the hash of the hashes of 400 messages of 0 to 399 bytes, by another program. */
static void test_hash_is_sha_512_256(void)
{
	struct hash_256 plain, keyed;
	uint8_t message[400], digest[32];

	hash_256_of(span_str("abc"), digest);
	CHECK(is_hex(digest, "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"));
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)(7 * i % 251);
	hash_256_init(&plain);
	hash_256_init(&keyed);
	for (size_t n = 0; n < sizeof(message); n++) {
		hash_256_of(span(message, n), digest);
		hash_256_add(&plain, SPAN_OF(digest));
		hash_256_hmac(message, span(message, n), digest);
		hash_256_add(&keyed, SPAN_OF(digest));
	}
	hash_256_end(&plain, digest);
	CHECK(is_hex(digest, "7eda1a0964325894f12a98aeeac518b2db6e1ab803340f9419d32ba7d27139a8"));
	hash_256_end(&keyed, digest);
	CHECK(is_hex(digest, "957ba1e42b8aea1799db35d0c4a1643a5376e6a5a5c9187131427b213f8b4a14"));
}

static void test_addresses(void)
{
	json_t *root = vectors_load("mnemonics.json"), *each;
	uint8_t expected[32], address[32];
	char text[ADDRESS_TEXT + 1];
	size_t i;

	json_array_foreach(json_object_get(root, "address_cases"), i, each)
	{
		bool refused = !json_is_null(json_object_get(each, "error"));
		struct cf_status status = address_decode(text_of(each, "address"), address);

		CHECK(cf_failed(status) == refused);
		if (refused)
			continue;
		(void)hex_of(each, "public_key_hex", MSPAN_OF(expected));
		CHECK(memcmp(address, expected, 32) == 0);
		address_encode(address, text);
		CHECK(span_eq(span_str(text), text_of(each, "address")));
	}
	CHECK(i == 11);
	json_decref(root);
}

static void test_address_errors_say_what_is_wrong(void)
{
	uint8_t address[32];

	CHECK_CODE(address_decode(
			   span_str("AOMY3SC55H2TUIDP2RF6BXL3GXU4URSLN5WTNCFWO57JTCBZVA3CURYVN"),
			   address),
		   INVALID);
	CHECK(strstr(error_text(), "57") != NULL);
	CHECK_CODE(address_decode(
			   span_str("BOMY3SC55H2TUIDP2RF6BXL3GXU4URSLN5WTNCFWO57JTCBZVA3CURYVNY"),
			   address),
		   INVALID);
	CHECK(strstr(error_text(), "checksum") != NULL);
	CHECK_CODE(address_decode(
			   span_str("aOMY3SC55H2TUIDP2RF6BXL3GXU4URSLN5WTNCFWO57JTCBZVA3CURYVNY"),
			   address),
		   INVALID);
	CHECK(strstr(error_text(), "character 1 ") != NULL);
}

/* ---- mnemonics ---- */

struct words_work {
	struct span text;
	uint8_t key[32];
	uint8_t out[MNEMONIC_TEXT_MAX];
	size_t out_n;
	struct word_fault fault;
	bool good;
};

static void decode_in(struct vault_scope *scope, void *arg)
{
	struct words_work *w = arg;

	w->good = mnemonic_decode(scope, w->text, w->key, &w->fault);
}

static void encode_in(struct vault_scope *scope, void *arg)
{
	struct words_work *w = arg;

	w->out_n = mnemonic_encode(scope, w->key, MSPAN_OF(w->out));
}

static void test_mnemonics_of_seeds(void)
{
	json_t *root = vectors_load("mnemonics.json"), *each;
	size_t i;

	json_array_foreach(json_object_get(root, "valid"), i, each)
	{
		struct words_work w = { .text = text_of(each, "mnemonic") };
		uint8_t seed[32], point[32], pair[64];
		char address[ADDRESS_TEXT + 1];

		(void)hex_of(each, "seed_hex", MSPAN_OF(seed));
		in_scope(decode_in, &w);
		CHECK(w.good && memcmp(w.key, seed, 32) == 0);
		in_scope(encode_in, &w);
		CHECK(span_eq(span(w.out, w.out_n), w.text));
		(void)crypto_sign_seed_keypair(point, pair, seed);
		address_encode(point, address);
		CHECK(span_eq(span_str(address), text_of(each, "address")));
	}
	CHECK(i == 53);
	json_decref(root);
}

static void test_mnemonics_that_kmd_refuses_are_refused(void)
{
	json_t *root = vectors_load("mnemonics.json"), *each;
	size_t i;

	json_array_foreach(json_object_get(root, "mnemonic_cases"), i, each)
	{
		const char *error = json_string_value(json_object_get(each, "error"));
		struct words_work w = { .text = text_of(each, "mnemonic") };
		uint8_t seed[32];

		in_scope(decode_in, &w);
		CHECK(w.good == (error == NULL));
		if (error == NULL) {
			(void)hex_of(each, "seed_hex", MSPAN_OF(seed));
			CHECK(memcmp(w.key, seed, 32) == 0);
			continue;
		}
		if (strstr(error, "checksum") != NULL)
			CHECK(w.fault.kind == WORD_FAULT_CHECKSUM);
		if (strstr(error, "25 words") != NULL)
			CHECK(w.fault.kind == WORD_FAULT_COUNT);
		if (strstr(error, "words list") != NULL)
			CHECK(w.fault.kind == WORD_FAULT_UNKNOWN);
		CHECK_CODE(word_explain(&w.fault, "25"), INVALID);
		CHECK(error_text()[0] != '\0');
	}
	CHECK(i == 12);
	json_decref(root);
}

struct near_work {
	const char *typed;
	unsigned near[WORD_NEAR_MAX];
	size_t count;
};

static void near_in(struct vault_scope *scope, void *arg)
{
	struct near_work *w = arg;

	w->count = word_near(scope, span_str(w->typed), w->near, WORD_NEAR_MAX);
}

static bool offers(const char *typed, const char *word)
{
	struct near_work w = { .typed = typed };

	in_scope(near_in, &w);
	for (size_t i = 0; i < w.count; i++)
		if (strcmp(word_at(w.near[i]), word) == 0)
			return true;
	return false;
}

static void test_near_words_are_offered(void)
{
	CHECK(offers("abondon", "abandon")); /* another letter */
	CHECK(offers("zoom", "zoo"));        /* one too many */
	CHECK(offers("mornig", "morning"));  /* one left out */
	CHECK(offers("regualr", "regular")); /* two swapped */
	CHECK(!offers("xxxxxxxx", "abandon"));
	CHECK(!offers("", "zoo"));
	CHECK(!offers("abandonabandonabandon", "abandon"));
}

static void test_a_fault_names_the_word_and_its_place(void)
{
	static const char text[] = "morning regular image algorand robust doll cat where egg melt "
				   "pave build original gas fabric risk "
				   "exchange dial butter praise hover drastic aspect able dilemma";
	struct words_work w = { .text = span_str(text) };

	in_scope(decode_in, &w);
	CHECK(!w.good);
	CHECK_CODE(word_explain(&w.fault, "25"), INVALID);
	CHECK(strstr(error_text(), "word 4, \"algorand\"") != NULL);
}

/* ---- derivation ---- */

struct derive_work {
	uint8_t key[32], seed[32];
	uint64_t index;
};

static void derive_in(struct vault_scope *scope, void *arg)
{
	struct derive_work *w = arg;

	derive_seed(scope, w->key, w->index, w->seed);
}

static void test_derived_keys(void)
{
	json_t *root = vectors_load("wallets.json"), *wallet, *key;
	size_t i, k, derived = 0;

	json_array_foreach(json_object_get(root, "wallets"), i, wallet)
	{
		struct derive_work w;

		(void)hex_of(wallet, "mdk_hex", MSPAN_OF(w.key));
		json_array_foreach(json_object_get(wallet, "keys"), k, key)
		{
			uint8_t seed[32];

			if (!json_is_integer(json_object_get(key, "key_idx")))
				continue;
			w.index = (uint64_t)json_integer_value(json_object_get(key, "key_idx"));
			(void)hex_of(key, "seed_hex", MSPAN_OF(seed));
			in_scope(derive_in, &w);
			CHECK(memcmp(seed, w.seed, 32) == 0);
			derived++;
		}
	}
	CHECK(derived > 140);
	json_decref(root);
}

static void test_multisig_addresses(void)
{
	json_t *root = vectors_load("wallets.json"), *wallet, *multisig, *member;
	size_t i, k, j, seen = 0;

	json_array_foreach(json_object_get(root, "wallets"), i, wallet)
	{
		json_array_foreach(json_object_get(wallet, "multisigs"), k, multisig)
		{
			uint8_t keys[32 * 8], address[32], expected[32];
			struct multisig m = { .version = (uint8_t)json_integer_value(
						     json_object_get(multisig, "version")),
					     .threshold = (uint8_t)json_integer_value(
						     json_object_get(multisig, "threshold")) };

			json_array_foreach(json_object_get(multisig, "public_keys_hex"), j, member)
			{
				size_t used;

				CHECK_CODE(hex_decode(span_str(json_string_value(member)),
						      mspan(keys + 32 * j, 32), &used),
					   OK);
			}
			m.keys = span(keys, 32 * j);
			CHECK_CODE(multisig_check(&m), OK);
			multisig_address(&m, address);
			(void)hex_of(multisig, "address_hex", MSPAN_OF(expected));
			CHECK(memcmp(address, expected, 32) == 0);
			seen++;
		}
	}
	CHECK(seen >= 6);
	json_decref(root);
}

static void test_multisig_accounts_that_cannot_be(void)
{
	uint8_t keys[64] = { 0 };
	struct multisig m = { 1, 1, span(keys, 64) };

	m.version = 2;
	CHECK_CODE(multisig_check(&m), UNSUPPORTED);
	m.version = 1;
	m.threshold = 0;
	CHECK_CODE(multisig_check(&m), INVALID);
	m.threshold = 3;
	CHECK_CODE(multisig_check(&m), INVALID);
	m.threshold = 2;
	CHECK_CODE(multisig_check(&m), OK);
	m.keys.n = 33;
	CHECK_CODE(multisig_check(&m), INVALID);
	m.keys.n = 0;
	CHECK_CODE(multisig_check(&m), INVALID);
}

/* ---- MessagePack ---- */

#define BYTES(...) span((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void test_canonical_form(void)
{
	CHECK_CODE(pack_check_canonical(BYTES(0x82, 0xa1, 'a', 0x01, 0xa1, 'b', 0xcc, 0x80)), OK);
	CHECK_CODE(pack_check_canonical(BYTES(0x82, 0xa1, 'b', 0x01, 0xa1, 'a', 0x02)),
		   INVALID); /* order */
	CHECK_CODE(pack_check_canonical(BYTES(0x82, 0xa1, 'a', 0x01, 0xa1, 'a', 0x02)),
		   INVALID); /* twice */
	CHECK_CODE(pack_check_canonical(BYTES(0x81, 0xa1, 'a', 0xcc, 0x01)),
		   INVALID); /* long integer */
	CHECK_CODE(pack_check_canonical(BYTES(0x81, 0xa1, 'a', 0xc5, 0x00, 0x01, 0xff)),
		   INVALID); /* long length */
	CHECK_CODE(pack_check_canonical(BYTES(0x81, 0xd9, 0x01, 'a', 0x01)),
		   INVALID); /* long name */
	CHECK_CODE(pack_check_canonical(BYTES(0xde, 0x00, 0x01, 0xa1, 'a', 0x01)),
		   INVALID);                                                     /* long map */
	CHECK_CODE(pack_check_canonical(BYTES(0x81, 0x01, 0x01)), INVALID);      /* no name */
	CHECK_CODE(pack_check_canonical(BYTES(0x81, 0xa1, 'a', 0xc0)), INVALID); /* nil */
	CHECK_CODE(pack_check_canonical(BYTES(0x81, 0xa1, 'a', 0xca, 0, 0, 0, 0)),
		   INVALID); /* float */
	CHECK_CODE(pack_check_canonical(BYTES(0x81, 0xa1, 'a', 0x01, 0x00)),
		   INVALID);                                                     /* bytes behind */
	CHECK_CODE(pack_check_canonical(BYTES(0x82, 0xa1, 'a', 0x01)), INVALID); /* cut short */
	CHECK_CODE(pack_check_canonical(BYTES(0x81, 0xa1, 'a', 0xc4, 0x05, 0x01)),
		   INVALID); /* cut short */
	CHECK_CODE(pack_check_canonical(BYTES(0xdf, 0xff, 0xff, 0xff, 0xff)),
		   INVALID); /* says too much */
}

static void test_values_nested_too_deep_are_refused(void)
{
	uint8_t deep[200];
	struct unpack u;

	memset(deep, 0x91, sizeof(deep));
	deep[sizeof(deep) - 1] = 0x01;
	CHECK_CODE(pack_check_canonical(SPAN_OF(deep)), INVALID);
	u = unpack_of(SPAN_OF(deep));
	CHECK(unpack_whole(&u).n == 0 && u.failed);
	u = unpack_of(span(deep + 180, 20));
	CHECK(unpack_whole(&u).n == 20 && unpack_end(&u));
}

static void test_what_is_packed_is_unpacked(void)
{
	static const uint64_t numbers[] = { 0,     127,   128,           255,           256,
					   65535, 65536, 4294967295ULL, 4294967296ULL, UINT64_MAX };
	static const size_t sizes[] = { 1, 1, 2, 2, 3, 3, 5, 5, 9, 9 };
	uint8_t room[64], few[3];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct pack p = pack_into(MSPAN_OF(room));
		struct unpack u;
		struct pack_value v;

		pack_uint(&p, numbers[i]);
		CHECK(!p.failed && p.n == sizes[i]);
		u = unpack_of(pack_span(&p));
		v = unpack_expect(&u, PACK_UINT);
		CHECK(v.number == numbers[i] && v.shortest && unpack_end(&u));
	}
	struct pack p = pack_into(MSPAN_OF(few));

	pack_str(&p, "abc");
	CHECK(p.failed);
}

static const struct unit_test tests[] = {
	{ "SHA-512/256 and its HMAC", test_hash_is_sha_512_256 },
	{ "addresses, those that KMD refuses too", test_addresses },
	{ "an address that is wrong is explained", test_address_errors_say_what_is_wrong },
	{ "mnemonics of seeds, both ways", test_mnemonics_of_seeds },
	{ "mnemonics that KMD refuses are refused, for its reasons",
	 test_mnemonics_that_kmd_refuses_are_refused },
	{ "words like a mistyped one are offered", test_near_words_are_offered },
	{ "an error names the word and its place", test_a_fault_names_the_word_and_its_place },
	{ "keys derived by index are KMD's", test_derived_keys },
	{ "addresses of multisig accounts", test_multisig_addresses },
	{ "multisig accounts that cannot be are refused", test_multisig_accounts_that_cannot_be },
	{ "what is not canonical MessagePack is refused", test_canonical_form },
	{ "nesting is bounded", test_values_nested_too_deep_are_refused },
	{ "packing takes the fewest bytes and keeps to its room", test_what_is_packed_is_unpacked },
	{ NULL, NULL },
};

int main(void)
{
	return vault_main("algorand formats", tests);
}
