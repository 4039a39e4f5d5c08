/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of KMD's wallets share: opening them, and comparing with wallets.json. */
#ifndef COFFER_TESTS_ALGORAND_KMD_KIT_H
#define COFFER_TESTS_ALGORAND_KMD_KIT_H

#include "algorand_kit.h"

#include "algorand/kmdfile.h"
#include "vault/input.h"

/* A password in guarded memory, as the tool has it. */
static inline struct guarded *password_of(struct span text)
{
	struct guarded *g = NULL;

	REQUIRE(cf_ok(guarded_new(text.n == 0 ? 1 : text.n, &g)));
	bytes_copy(guarded_room(g).p, text.p, text.n);
	guarded_use(g, text.n);
	return g;
}

static inline struct cf_status unlock(const struct kmd_file *f, struct span text, struct kmd_opened *out)
{
	AUTO(guarded) g = password_of(text);

	return kmd_unlock(f, guarded_bytes(g), out);
}

struct compare {
	const struct kmd_file *file;
	const struct kmd_opened *opened;
	const struct secret *secret;
	size_t i;
	const uint8_t *expected;
	bool same;
	struct cf_status status;
};

static inline void seed_in(struct vault_scope *scope, void *arg)
{
	struct compare *c = arg;
	uint8_t seed[KMD_SEED_SIZE];

	c->status = kmd_seed(scope, c->file, c->opened, c->i, seed);
	c->same = cf_ok(c->status) && memcmp(seed, c->expected, sizeof(seed)) == 0;
}

static inline void secret_in(struct vault_scope *scope, void *arg)
{
	struct compare *c = arg;
	uint8_t value[KMD_KEY_SIZE];

	c->status = secret_open(scope, c->secret, MSPAN_OF(value));
	c->same = cf_ok(c->status) && memcmp(value, c->expected, sizeof(value)) == 0;
}

static inline bool holds(const struct secret *s, const json_t *wallet, const char *field)
{
	uint8_t expected[32];
	struct compare c = { .secret = s, .expected = expected };

	(void)hex_of(wallet, field, MSPAN_OF(expected));
	in_scope(secret_in, &c);
	return c.same;
}

/* The row that KMD's own listing has at this place. */
static inline const json_t *key_named(const json_t *wallet, const char *address)
{
	json_t *key;
	size_t i;

	json_array_foreach(json_object_get(wallet, "keys"), i,
			   key) if (strcmp(json_string_value(json_object_get(key, "address")),
					   address) == 0) return key;
	CU_FAIL_FATAL("no such key");
	return NULL;
}

static inline void check_keys(const json_t *wallet, const struct kmd_file *f, const struct kmd_opened *o)
{
	const json_t *order = json_object_get(wallet, "list_keys_order");

	CHECK(f->key_count == json_array_size(json_object_get(wallet, "keys")));
	for (size_t i = 0; i < f->key_count; i++) {
		char address[ADDRESS_TEXT + 1];
		uint8_t seed[32];
		struct compare c = { f, o, NULL, i, seed, false, CF_OK };
		const json_t *key, *index;

		address_encode(f->key[i].address, address);
		if (order != NULL)
			CHECK(strcmp(address, json_string_value(json_array_get(order, i))) == 0);
		key = key_named(wallet, address);
		index = json_object_get(key, "key_idx");
		CHECK(f->key[i].derived == json_is_integer(index));
		CHECK(!f->key[i].derived || f->key[i].index == (uint64_t)json_integer_value(index));
		(void)hex_of(key, "seed_hex", MSPAN_OF(seed));
		in_scope(seed_in, &c);
		CHECK(c.same);
	}
	CHECK_CODE(kmd_check_keys(f, o, NULL, NULL), OK);
}

static inline void check_multisigs(const json_t *wallet, const struct kmd_file *f)
{
	const json_t *order = json_object_get(wallet, "list_multisig_order");

	CHECK(f->multisig_count == json_array_size(json_object_get(wallet, "multisigs")));
	for (size_t i = 0; i < f->multisig_count; i++) {
		char address[ADDRESS_TEXT + 1];

		address_encode(f->multisig[i].address, address);
		CHECK(strcmp(address, json_string_value(json_array_get(order, i))) == 0);
	}
}

static const char cheap[] =
	KMD_VECTORS "sqlite_wallets/cheap-wallet.10173378af036b62bc8c87f242fa63ac.db";

#endif
