/* SPDX-License-Identifier: Apache-2.0 */
/* BIP-39 and SLIP-0010 by the standards' own vectors (tests/vectors/bip39). */
#include "algorand_kit.h"

#include <sodium.h>

#include "algorand/bip39.h"

struct bip39_work {
	struct span text, passphrase;
	struct slip10_path path;
	uint8_t entropy[BIP39_ENTROPY_MAX], seed[BIP39_SEED_SIZE], key[SLIP10_KEY_SIZE];
	size_t entropy_n, seed_n;
	uint8_t out[BIP39_TEXT_MAX];
	size_t out_n;
	struct word_fault fault;
	bool good;
};

static void words_in(struct vault_scope *scope, void *arg)
{
	struct bip39_work *w = arg;

	w->good = bip39_decode(scope, w->text, w->entropy, &w->entropy_n, &w->fault);
	if (!w->good)
		return;
	w->out_n = bip39_encode(scope, span(w->entropy, w->entropy_n), MSPAN_OF(w->out));
	bip39_seed(scope, w->text, w->passphrase, w->seed);
	w->seed_n = BIP39_SEED_SIZE;
}

static void derive_in(struct vault_scope *scope, void *arg)
{
	struct bip39_work *w = arg;

	slip10_derive(scope, span(w->seed, w->seed_n), &w->path, w->key);
}

static json_t *root;

static void test_mnemonics_and_seeds(void)
{
	const json_t *each;
	size_t i;

	json_array_foreach(json_object_get(root, "bip39"), i, each)
	{
		struct bip39_work w = { .text = text_of(each, "mnemonic"),
				       .passphrase = text_of(each, "passphrase") };
		uint8_t entropy[BIP39_ENTROPY_MAX], seed[BIP39_SEED_SIZE];

		in_scope(words_in, &w);
		CHECK(w.good);
		CHECK(span_eq(span(w.entropy, w.entropy_n),
			      hex_of(each, "entropy", MSPAN_OF(entropy))));
		CHECK(span_eq(span(w.out, w.out_n), w.text));
		CHECK(span_eq(SPAN_OF(w.seed), hex_of(each, "seed", MSPAN_OF(seed))));
	}
	CHECK(i == 20);
}

static void test_spaces_between_words_do_not_count(void)
{
	const json_t *each = json_array_get(json_object_get(root, "bip39"), 0);
	struct bip39_work w = { .text = span_str("  abandon abandon abandon abandon abandon abandon "
						"  abandon abandon abandon "
						"abandon abandon about "),
			       .passphrase = span_str("TREZOR") };
	uint8_t seed[BIP39_SEED_SIZE];

	in_scope(words_in, &w);
	CHECK(w.good && span_eq(SPAN_OF(w.seed), hex_of(each, "seed", MSPAN_OF(seed))));
}

static enum word_fault_kind fault_of(const char *text)
{
	struct bip39_work w = { .text = span_str(text) };

	in_scope(words_in, &w);
	CHECK(!w.good);
	CHECK_CODE(word_explain(&w.fault, BIP39_WORDS_TEXT), INVALID);
	return w.fault.kind;
}

static void test_wrong_mnemonics_are_refused(void)
{
	CHECK(fault_of("abandon abandon abandon abandon abandon abandon abandon abandon abandon "
		       "abandon abandon abandon") == WORD_FAULT_CHECKSUM);
	CHECK(fault_of("abandon abandon abandon abandon abandon abandon abandon abandon abandon "
		       "abandon abandon") == WORD_FAULT_COUNT);
	CHECK(fault_of("abandon abandon abandon abandon abandon abandon abandon abandon abandon "
		       "abandon abandon abandon abandon about") == WORD_FAULT_COUNT);
	CHECK(fault_of("") == WORD_FAULT_COUNT);
	CHECK(fault_of("abandon abandon abandon abandom abandon abandon abandon abandon abandon "
		       "abandon abandon about") == WORD_FAULT_UNKNOWN);
	CHECK(strstr(error_text(), "word 4, \"abandom\"") != NULL &&
	      strstr(error_text(), "abandon") != NULL);
}

static void check_public(const json_t *each, const uint8_t key[32])
{
	uint8_t point[32], pair[64], expected[32];

	if (json_object_get(each, "public") == NULL)
		return;
	(void)crypto_sign_seed_keypair(point, pair, key);
	CHECK(span_eq(SPAN_OF(point), hex_of(each, "public", MSPAN_OF(expected))));
}

static void test_keys_by_path(void)
{
	const json_t *each;
	size_t i;

	json_array_foreach(json_object_get(root, "slip10"), i, each)
	{
		struct bip39_work w = { .good = false };
		uint8_t key[32];

		w.seed_n = hex_of(each, "seed", MSPAN_OF(w.seed)).n;
		CHECK_CODE(slip10_path_parse(json_string_value(json_object_get(each, "path")),
					     &w.path),
			   OK);
		in_scope(derive_in, &w);
		CHECK(span_eq(SPAN_OF(w.key), hex_of(each, "key", MSPAN_OF(key))));
		check_public(each, w.key);
	}
	CHECK(i == 7);
}

static void test_keys_of_networks(void)
{
	const json_t *each;
	size_t i;

	json_array_foreach(json_object_get(root, "networks"), i, each)
	{
		struct bip39_work w = { .text = text_of(each, "mnemonic"),
				       .passphrase = text_of(each, "passphrase") };

		CHECK_CODE(slip10_path_parse(json_string_value(json_object_get(each, "path")),
					     &w.path),
			   OK);
		in_scope(words_in, &w);
		in_scope(derive_in, &w);
		check_public(each, w.key);
	}
	CHECK(i == 3);
}

static void test_paths(void)
{
	static const char *const wrong[] = { "",
					    "44'",
					    "m/",
					    "m//1'",
					    "m/1",
					    "m/1'/2",
					    "m/2147483648'",
					    "m/x'",
					    "m/1''",
					    "m/1'x",
					    "M/1'",
					    "m/-1'",
					    "m/1'/2'/3'/4'/5'/6'/7'/8'/9'/10'/11'" };
	struct slip10_path path;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_CODE(slip10_path_parse(wrong[i], &path), INVALID);
	CHECK_CODE(slip10_path_parse("m/44'/501h/0H/2147483647'", &path), OK);
	CHECK(path.depth == 4 && path.index[0] == 44 && path.index[1] == 501 &&
	      path.index[2] == 0 && path.index[3] == 0x7fffffff);
	CHECK_CODE(slip10_path_parse("m", &path), OK);
	CHECK(path.depth == 0);
}

static const struct unit_test tests[] = {
	{ "mnemonics, their entropy and seeds", test_mnemonics_and_seeds },
	{ "spaces between words do not count", test_spaces_between_words_do_not_count },
	{ "wrong mnemonics are refused and explained", test_wrong_mnemonics_are_refused },
	{ "SLIP-0010's keys for Ed25519", test_keys_by_path },
	{ "keys of Stellar and Solana", test_keys_of_networks },
	{ "paths, and what is none", test_paths },
	{ NULL, NULL },
};

int main(void)
{
	int failed;

	root = vectors_load("../bip39/vectors.json");
	failed = vault_main("algorand BIP-39", tests);
	json_decref(root);
	return failed;
}
