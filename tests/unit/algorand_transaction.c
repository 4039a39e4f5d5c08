/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions, programs and multisignatures: what the daemon signed, byte for byte. */
#include "algorand_kit.h"

#include <sodium.h>

#include "algorand/hash.h"
#include "algorand/pack.h"
#include "algorand/transaction.h"

#define ROOM 8192

static json_t *root;

/* The secret key (seed and point) behind an address of a wallet. */
static void secret_key_of(const json_t *wallet, struct span address, const char *field,
			  uint8_t out[64])
{
	json_t *key;
	size_t i;

	json_array_foreach(json_object_get(wallet, "keys"), i, key)
	{
		if (!span_eq(text_of(key, field), address))
			continue;
		(void)hex_of(key, "secret_key_hex", mspan(out, 64));
		return;
	}
	CU_FAIL_FATAL("no such key");
}

static void check_transaction(const json_t *wallet, const json_t *each)
{
	uint8_t packed[ROOM], expected[ROOM], signer[64], signature[64], authority[32];
	struct span rest = hex_of(each, "transaction_msgpack_hex", MSPAN_OF(packed));
	AUTO_BUF message = BUF_INIT(ROOM);
	AUTO_BUF out = BUF_INIT(ROOM);
	char id[TXN_ID_TEXT + 1];
	struct txn t;

	REQUIRE(cf_ok(txn_next(&rest, &t)));
	CHECK(rest.n == 0);
	message_txn(&t, &message);
	CHECK(span_eq(buf_span(&message), hex_of(each, "message_hex", MSPAN_OF(expected))));
	txn_id_text(&t, id);
	CHECK(span_eq(span_str(id), text_of(each, "txid")));
	secret_key_of(wallet, text_of(each, "signer"), "address", signer);
	(void)crypto_sign_detached(signature, NULL, message.p, message.n, signer);
	t.signature = SPAN_OF(signature);
	txn_authority(&t, authority);
	if (memcmp(authority, signer + 32, 32) != 0)
		t.signer = span(signer + 32, 32);
	txn_write(&t, &out);
	CHECK(span_eq(buf_span(&out),
		      hex_of(each, "signed_transaction_msgpack_hex", MSPAN_OF(expected))));
	/* And back. */
	rest = buf_span(&out);
	REQUIRE(cf_ok(txn_next(&rest, &t)));
	txn_authority(&t, authority);
	CHECK(rest.n == 0 && memcmp(authority, signer + 32, 32) == 0 &&
	      span_eq(t.signature, SPAN_OF(signature)));
}

static void test_signed_transactions(void)
{
	json_t *wallet, *each;
	size_t i, k, seen = 0;

	json_array_foreach(json_object_get(root, "wallets"), i, wallet)
	{
		json_array_foreach(
			json_object_get(json_object_get(wallet, "signatures"), "transactions"), k,
			each)
		{
			check_transaction(wallet, each);
			seen++;
		}
	}
	CHECK(seen >= 60);
}

static void check_program(const json_t *each)
{
	uint8_t program[ROOM], expected[ROOM], address[32];
	AUTO_BUF message = BUF_INIT(ROOM);
	char text[ADDRESS_TEXT + 1];
	struct span p = hex_of(each, "program_hex", MSPAN_OF(program));

	message_program(p, &message);
	CHECK(span_eq(buf_span(&message), hex_of(each, "message_hex", MSPAN_OF(expected))));
	program_address(p, address);
	address_encode(address, text);
	CHECK(span_eq(span_str(text), text_of(each, "contract_address")));
}

static void check_data(const json_t *each)
{
	uint8_t data[ROOM], contract[32], expected[ROOM];
	AUTO_BUF message = BUF_INIT(ROOM);

	if (json_is_true(json_object_get(each, "raw")))
		return;
	(void)hex_of(each, "program_hash_hex", MSPAN_OF(contract));
	message_program_data(contract, hex_of(each, "data_hex", MSPAN_OF(data)), &message);
	CHECK(span_eq(buf_span(&message), hex_of(each, "message_hex", MSPAN_OF(expected))));
}

static void test_programs_and_their_data(void)
{
	json_t *wallet, *each;
	size_t i, k, seen = 0;

	json_array_foreach(json_object_get(root, "wallets"), i, wallet)
	{
		const json_t *signatures = json_object_get(wallet, "signatures");

		json_array_foreach(json_object_get(signatures, "programs"), k, each)
		{
			check_program(each);
			seen++;
		}
		json_array_foreach(json_object_get(signatures, "data"), k, each) check_data(each);
	}
	CHECK(seen >= 45);
}

/* ---- multisignatures ---- */

static struct span number_of_account(const json_t *wallet, struct span address, struct multisig *m,
				     uint8_t keys[32 * 16])
{
	json_t *each, *member;
	size_t i, k;

	json_array_foreach(json_object_get(wallet, "multisigs"), i, each)
	{
		if (!span_eq(text_of(each, "address"), address))
			continue;
		m->version = (uint8_t)json_integer_value(json_object_get(each, "version"));
		m->threshold = (uint8_t)json_integer_value(json_object_get(each, "threshold"));
		json_array_foreach(json_object_get(each, "public_keys_hex"), k, member)
		{
			size_t used;

			CHECK_CODE(hex_decode(span_str(json_string_value(member)),
					      mspan(keys + 32 * k, 32), &used),
				   OK);
		}
		m->keys = span(keys, 32 * k);
		return address;
	}
	CU_FAIL_FATAL("no such account");
	return SPAN_EMPTY;
}

/* One signature is added to what the step before gave. */
static void check_step(const json_t *wallet, const json_t *step, const struct multisig *account,
		       struct span message, const struct txn *txn_opt)
{
	uint8_t partial[ROOM], expected[ROOM], key[64], signature[64];
	struct span in = hex_of(step, "partial_in_msgpack_hex", MSPAN_OF(partial));
	AUTO_BUF out = BUF_INIT(ROOM);
	AUTO_BUF whole = BUF_INIT(ROOM);
	struct subsigs s;

	if (in.n == 1)
		subsigs_new(&s, account);
	else
		REQUIRE(cf_ok(subsigs_parse(in, &s)));
	if (!json_is_null(json_object_get(step, "error")))
		return; /* the wallet does not have the key */
	secret_key_of(wallet, text_of(step, "public_key_hex"), "public_key_hex", key);
	(void)crypto_sign_detached(signature, NULL, message.p, message.n, key);
	CHECK_CODE(subsigs_add(&s, key + 32, signature), OK);
	CHECK_CODE(subsigs_verify(&s, message), OK);
	subsigs_write(&s, &out);
	CHECK(span_eq(buf_span(&out), hex_of(step, "multisig_msgpack_hex", MSPAN_OF(expected))));
	if (txn_opt == NULL)
		return;
	struct txn t = *txn_opt;

	CHECK(subsigs_count(&s) ==
	      (size_t)json_integer_value(json_object_get(step, "signatures_now")));
	t.multisig = buf_span(&out);
	txn_write(&t, &whole);
	CHECK(span_eq(buf_span(&whole),
		      hex_of(step, "signed_transaction_msgpack_hex", MSPAN_OF(expected))));
}

static void check_programs(const json_t *wallet, const json_t *group, const char *name,
			   const struct multisig *account)
{
	const json_t *steps = json_object_get(group, name), *step;
	uint8_t program[ROOM], expected[ROOM], address[32];
	AUTO_BUF message = BUF_INIT(ROOM);
	struct span p = hex_of(steps, "program_hex", MSPAN_OF(program));
	size_t i;

	multisig_address(account, address);
	if (strcmp(name, "program_steps") == 0)
		message_multisig_program(address, p, &message);
	else
		message_program(p, &message);
	CHECK(span_eq(buf_span(&message), hex_of(steps, "message_hex", MSPAN_OF(expected))));
	json_array_foreach(json_object_get(steps, "steps"), i, step)
		check_step(wallet, step, account, buf_span(&message), NULL);
}

static void check_multisig(const json_t *wallet, const json_t *group)
{
	uint8_t packed[ROOM], expected[ROOM], keys[32 * 16];
	struct span rest = hex_of(group, "transaction_msgpack_hex", MSPAN_OF(packed));
	AUTO_BUF message = BUF_INIT(ROOM);
	struct multisig account;
	const json_t *step;
	struct txn t;
	size_t i;

	(void)number_of_account(wallet, text_of(group, "address"), &account, keys);
	REQUIRE(cf_ok(txn_next(&rest, &t)));
	message_txn(&t, &message);
	CHECK(span_eq(buf_span(&message), hex_of(group, "message_hex", MSPAN_OF(expected))));
	json_array_foreach(json_object_get(group, "transaction_steps"), i, step)
		check_step(wallet, step, &account, buf_span(&message), &t);
	check_programs(wallet, group, "program_steps", &account);
	check_programs(wallet, group, "program_steps_legacy", &account);
}

static void test_multisignatures(void)
{
	json_t *wallet, *each;
	size_t i, k, seen = 0;

	json_array_foreach(json_object_get(root, "wallets"), i, wallet)
	{
		json_array_foreach(json_object_get(wallet, "multisig_signatures"), k, each)
		{
			check_multisig(wallet, each);
			seen++;
		}
	}
	CHECK(seen >= 5);
}

/* Two keys, each signs its own copy; the copies become one. */
static void test_merging(void)
{
	uint8_t point[2][32], key[2][64], signature[64], keys[64], packed[ROOM];
	struct multisig account = { 1, 2, SPAN_OF(keys) };
	struct span message = span_str("TX a message");
	AUTO_BUF out = BUF_INIT(ROOM);
	struct subsigs a, b, other;

	for (size_t i = 0; i < 2; i++) {
		(void)crypto_sign_keypair(point[i], key[i]);
		memcpy(keys + 32 * i, point[i], 32);
	}
	subsigs_new(&a, &account);
	b = a;
	b.account.keys.p = b.key;
	(void)crypto_sign_detached(signature, NULL, message.p, message.n, key[0]);
	CHECK_CODE(subsigs_add(&a, point[0], signature), OK);
	(void)crypto_sign_detached(signature, NULL, message.p, message.n, key[1]);
	CHECK_CODE(subsigs_add(&b, point[1], signature), OK);
	CHECK_CODE(subsigs_merge(&a, &b), OK);
	CHECK(subsigs_count(&a) == 2);
	CHECK_CODE(subsigs_verify(&a, message), OK);
	CHECK_CODE(subsigs_verify(&a, span_str("TX another")), FORGED);
	b.signature[1][0] ^= 1;
	CHECK_CODE(subsigs_merge(&a, &b), INVALID);
	account.threshold = 1;
	subsigs_new(&other, &account);
	CHECK_CODE(subsigs_merge(&a, &other), INVALID);
	CHECK_CODE(subsigs_add(&a, signature, signature), INVALID);
	subsigs_write(&a, &out);
	memcpy(packed, out.p, out.n);
	for (size_t n = 0; n < out.n; n++)
		CHECK(cf_failed(subsigs_parse(span(packed, n), &other)));
	CHECK_CODE(subsigs_parse(span(packed, out.n), &other), OK);
	packed[out.n] = 0;
	CHECK_CODE(subsigs_parse(span(packed, out.n + 1), &other), CORRUPT);
}

/* ---- files ---- */

static struct span payment(uint8_t packed[ROOM])
{
	const json_t *wallet = json_array_get(json_object_get(root, "wallets"), 0);
	const json_t *each = json_array_get(
		json_object_get(json_object_get(wallet, "signatures"), "transactions"), 0);

	return hex_of(each, "transaction_msgpack_hex", mspan(packed, ROOM));
}

static void test_files_of_goal_and_of_sdks(void)
{
	uint8_t packed[ROOM];
	struct span one = payment(packed), rest;
	AUTO_BUF file = BUF_INIT(4 * ROOM);
	AUTO_BUF bytes = BUF_INIT(4 * ROOM);
	char base64[2 * ROOM];
	struct txn t[3];

	/* Two with a map around them, one without. */
	for (size_t i = 0; i < 2; i++) {
		buf_bytes(&file, span_str("\x81\xa3txn"));
		buf_bytes(&file, one);
	}
	buf_bytes(&file, one);
	rest = buf_span(&file);
	for (size_t i = 0; i < 3; i++) {
		CHECK_CODE(txn_next(&rest, &t[i]), OK);
		CHECK(span_eq(t[i].body, one));
	}
	CHECK(rest.n == 0);
	(void)sodium_bin2base64(base64, sizeof(base64), one.p, one.n,
				sodium_base64_VARIANT_ORIGINAL);
	CHECK_CODE(txn_file_bytes(span_str(base64), &bytes), OK);
	CHECK(span_eq(buf_span(&bytes), one));
	buf_clear(&bytes);
	CHECK_CODE(txn_file_bytes(buf_span(&file), &bytes), OK);
	CHECK(span_eq(buf_span(&bytes), buf_span(&file)));
	CHECK_CODE(txn_file_bytes(span_str("no transaction"), &bytes), CORRUPT);
	CHECK_CODE(txn_file_bytes(SPAN_EMPTY, &bytes), CORRUPT);
}

/* What the network makes of a file that was written carelessly. */
static void test_files_are_brought_into_canonical_form(void)
{
	static const char careless[] = "\x84\xa4type\xa3pay\xa3" "amt\xcd\x00\x05\xa3" "fee\x00\xa4note\xc4\x00";
	static const char canonical[] = "\x82\xa3" "amt\x05\xa4type\xa3pay";
	static const char twice[] = "\x83\xa4type\xa3pay\xa3" "amt\x05\xa3" "amt\x06";
	AUTO_BUF bytes = BUF_INIT(ROOM);
	AUTO_BUF wrapped = BUF_INIT(ROOM);
	struct txn t;
	struct span rest;

	CHECK_CODE(txn_file_bytes(span(careless, sizeof(careless) - 1), &bytes), OK);
	CHECK(span_eq(buf_span(&bytes), span_str(canonical)));
	buf_clear(&bytes);
	buf_bytes(&wrapped, span_str("\x81\xa3txn"));
	buf_bytes(&wrapped, span(careless, sizeof(careless) - 1));
	CHECK_CODE(txn_file_bytes(buf_span(&wrapped), &bytes), OK);
	rest = buf_span(&bytes);
	CHECK_CODE(txn_next(&rest, &t), OK);
	CHECK(span_eq(t.body, span_str(canonical)));
	buf_clear(&bytes);
	CHECK_CODE(txn_file_bytes(span_str(twice), &bytes), INVALID);
	buf_clear(&bytes);
	CHECK_CODE(txn_file_bytes(span_str("\x81\xa3" "amt\xff"), &bytes), INVALID);
}

static void test_what_is_no_transaction_is_refused(void)
{
	uint8_t packed[ROOM];
	struct span one = payment(packed), rest;
	struct txn t;

	for (size_t n = 0; n < one.n; n++) {
		rest = span(packed, n);
		CHECK(cf_failed(txn_next(&rest, &t)));
	}
	rest = span_str("\x81\xa1"
			"a\x01");
	CHECK_CODE(txn_next(&rest, &t), CORRUPT); /* no type */
	rest = span_str("\x82\xa4type\xa3pay\xa3"
			"amt\x01");
	CHECK_CODE(txn_next(&rest, &t), INVALID); /* order */
	rest = span_str("\x82\xa3"
			"amt\xcc\x01\xa4type\xa3pay");
	CHECK_CODE(txn_next(&rest, &t), INVALID);
	rest = span_str("\x82\xa3txn\x81\xa4type\xa3pay\xa3zzz\x01");
	CHECK_CODE(txn_next(&rest, &t), CORRUPT); /* a field that a signed one does not have */
	rest = span_str("\x82\xa3sig\xc4\x01x\xa3txn\x81\xa4type\xa3pay");
	CHECK_CODE(txn_next(&rest, &t), CORRUPT);
}

/* ---- groups ---- */

/* A payment of `amount` in a group, or in none. */
static size_t put_payment(uint8_t *out, uint64_t amount, const uint8_t *group_opt)
{
	struct pack p = pack_into(mspan(out, 256));

	pack_map(&p, group_opt == NULL ? 2 : 3);
	pack_str(&p, "amt");
	pack_uint(&p, amount);
	if (group_opt != NULL) {
		pack_str(&p, "grp");
		pack_bin(&p, span(group_opt, 32));
	}
	pack_str(&p, "type");
	pack_str(&p, "pay");
	return p.n;
}

static void test_groups(void)
{
	uint8_t bare[2][256], grouped[3][256], id[2][32], list[128], group[32], tg[256];
	struct txn t[3] = { 0 };
	struct pack p = pack_into(MSPAN_OF(list));

	/* By the definition: IDs without the group, listed, hashed. */
	pack_map(&p, 1);
	pack_str(&p, "txlist");
	pack_array(&p, 2);
	for (size_t i = 0; i < 2; i++) {
		t[i].body = span(bare[i], put_payment(bare[i], 100 + i, NULL));
		CHECK(txn_group_of(t, 2, i) == TXN_GROUP_NONE);
		txn_id(&t[i], id[i]);
		pack_bin(&p, span(id[i], 32));
	}
	memcpy(tg, "TG", 2);
	memcpy(tg + 2, list, p.n);
	memset(group, 7, sizeof(group)); /* somebody else's */
	for (size_t i = 0; i < 2; i++)
		t[i].body = span(grouped[i], put_payment(grouped[i], 100 + i, group));
	CHECK(txn_group_of(t, 2, 0) == TXN_GROUP_INCOMPLETE);
	hash_256_of(span(tg, p.n + 2), group);
	for (size_t i = 0; i < 2; i++)
		t[i].body = span(grouped[i], put_payment(grouped[i], 100 + i, group));
	CHECK(txn_group_of(t, 2, 0) == TXN_GROUP_COMPLETE &&
	      txn_group_of(t, 2, 1) == TXN_GROUP_COMPLETE);
	CHECK(txn_group_of(t, 1, 0) == TXN_GROUP_INCOMPLETE);
	t[2].body = span(grouped[2], put_payment(grouped[2], 7, NULL));
	CHECK(txn_group_of(t, 3, 1) == TXN_GROUP_COMPLETE &&
	      txn_group_of(t, 3, 2) == TXN_GROUP_NONE);
	t[0].body = span(grouped[0], put_payment(grouped[0], 999, group));
	CHECK(txn_group_of(t, 2, 1) == TXN_GROUP_INCOMPLETE);
}

/* ---- in words ---- */

struct shown {
	char text[8192];
	unsigned dangers;
};

static void collect(const char *label, const char *text, bool danger, void *arg)
{
	struct shown *s = arg;
	size_t n = strlen(s->text);

	(void)snprintf(s->text + n, sizeof(s->text) - n, "%s%s: %s\n", danger ? "! " : "", label,
		       text);
	s->dangers += danger ? 1 : 0;
}

static void show(const struct pack *p, struct shown *s)
{
	struct txn t = { .body = pack_span(p) };

	*s = (struct shown){.dangers = 0};
	CHECK_CODE(pack_check_canonical(t.body), OK);
	CHECK_CODE(txn_describe(&t, collect, s), OK);
}

static void test_dangerous_fields_stand_out(void)
{
	uint8_t room[1024], address[32] = { 1 };
	struct pack p = pack_into(MSPAN_OF(room));
	struct shown s;

	pack_map(&p, 7);
	pack_str(&p, "amt");
	pack_uint(&p, 1500000);
	pack_str(&p, "close");
	pack_bin(&p, SPAN_OF(address));
	pack_str(&p, "fee");
	pack_uint(&p, 1000);
	pack_str(&p, "rcv");
	pack_bin(&p, SPAN_OF(address));
	pack_str(&p, "rekey");
	pack_bin(&p, SPAN_OF(address));
	pack_str(&p, "type");
	pack_str(&p, "pay");
	pack_str(&p, "zzz"); /* newer than this program */
	pack_uint(&p, 1);
	show(&p, &s);
	CHECK(strstr(s.text, "amount: 1.500000 ALGO\n") != NULL);
	CHECK(strstr(s.text, "! CLOSE ACCOUNT, rest to: "
			     "AEAAAAAAAAAAAAAAAAAAAAAAAAAA") != NULL);
	CHECK(strstr(s.text, "! REKEY ACCOUNT to: ") != NULL);
	CHECK(strstr(s.text, "\nfee: 0.001000 ALGO\n") != NULL);
	CHECK(strstr(s.text, "! UNKNOWN FIELD \"zzz\": 1\n") != NULL);
	CHECK(s.dangers == 3);
	p = pack_into(MSPAN_OF(room));
	pack_map(&p, 3);
	pack_str(&p, "apar.un"); /* named like a path of the table */
	pack_uint(&p, 1);
	pack_str(&p, "fee");
	pack_uint(&p, 5000000);
	pack_str(&p, "type");
	pack_str(&p, "pay");
	show(&p, &s);
	CHECK(strstr(s.text, "! UNKNOWN FIELD \"apar.un\"") != NULL);
	CHECK(strstr(s.text, "! fee: 5.000000 ALGO") != NULL);
	CHECK(strstr(s.text, "! NO RECEIVER") != NULL);
}

static void test_nothing_of_a_terminal_is_in_the_words(void)
{
	uint8_t room[1024];
	struct pack p = pack_into(MSPAN_OF(room));
	struct shown s;

	pack_map(&p, 3);
	pack_str(&p, "gen");
	pack_str(&p, "\x1b[2J\xe2\x80\xae"
		     "evil");
	pack_str(&p, "note");
	pack_bin(&p, span_str("\x1b]0;x\x07"));
	pack_str(&p, "type");
	pack_str(&p, "pay");
	show(&p, &s);
	CHECK(strchr(s.text, 0x1b) == NULL && strchr(s.text, 0x07) == NULL &&
	      strstr(s.text, "\xe2\x80") == NULL);
}

static void test_every_transaction_of_the_vectors_is_described(void)
{
	json_t *wallet, *each;
	size_t i, k;

	json_array_foreach(json_object_get(root, "wallets"), i, wallet)
	{
		json_array_foreach(
			json_object_get(json_object_get(wallet, "signatures"), "transactions"), k,
			each)
		{
			uint8_t packed[ROOM];
			struct span rest =
				hex_of(each, "transaction_msgpack_hex", MSPAN_OF(packed));
			struct shown s = { .dangers = 0 };
			struct txn t;

			REQUIRE(cf_ok(txn_next(&rest, &t)));
			CHECK_CODE(txn_describe(&t, collect, &s), OK);
			CHECK(strstr(s.text, "UNKNOWN") == NULL &&
			      strstr(s.text, "sender: ") != NULL);
			CHECK((strstr(json_string_value(json_object_get(each, "description")),
				      "close") == NULL &&
			       strstr(json_string_value(json_object_get(each, "description")),
				      "rekey") == NULL) ||
			      s.dangers > 0);
		}
	}
}

static const struct unit_test tests[] = {
	{ "transactions are signed as the daemon signs them", test_signed_transactions },
	{ "programs and their data", test_programs_and_their_data },
	{ "multisignatures, step by step, of transactions and programs", test_multisignatures },
	{ "multisignatures are merged, and what does not fit is refused", test_merging },
	{ "files as goal and the SDKs write them", test_files_of_goal_and_of_sdks },
	{ "careless files are brought into canonical form", test_files_are_brought_into_canonical_form },
	{ "what is no transaction, or not canonical, is refused",
	 test_what_is_no_transaction_is_refused },
	{ "groups: whole, cut, changed", test_groups },
	{ "dangerous and unknown fields stand out", test_dangerous_fields_stand_out },
	{ "no control character reaches the words", test_nothing_of_a_terminal_is_in_the_words },
	{ "every transaction of the vectors is described",
	 test_every_transaction_of_the_vectors_is_described },
	{ NULL, NULL },
};

int main(void)
{
	int failed;

	root = vectors_load("wallets.json");
	failed = vault_main("algorand transactions", tests);
	json_decref(root);
	return failed;
}
