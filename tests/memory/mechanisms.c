/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each family of mechanisms: a key whose secrets are known is imported, used by a thread again and again, and
 * looked for meanwhile and afterwards.  One row each: how the key is asked for, how it is used.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "coffer/pkcs11-3.h"
#include "moments.h"

static const uint8_t p256_oid[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const uint8_t x25519_oid[] = { 0x06, 0x03, 0x2b, 0x65, 0x6e };

/* The template of a private session object. */
static void ask_key(struct world *w, struct asking *q, uint64_t class, uint64_t type, uint32_t usage)
{
	ask(q, DO_CREATE, w->session, 0, 0, 0);
	ask_ulong(q, CKA_CLASS, class);
	ask_ulong(q, CKA_KEY_TYPE, type);
	ask_bool(q, CKA_TOKEN, false);
	ask_bool(q, CKA_PRIVATE, true);
	ask_bool(q, CKA_SENSITIVE, true);
	ask_bool(q, usage, true);
}

static void make_x25519(struct world *w, struct asking *q)
{
	uint8_t scalar[32], clamped[32], point[32], shared[32];

	randombytes_buf(scalar, sizeof(scalar));
	for (int i = 0; i < 32; i++)
		clamped[i] = scalar[i];
	clamped[0] &= 248;
	clamped[31] &= 127;
	clamped[31] |= 64;
	(void)crypto_scalarmult_base(point, w->seed[0]); /* any point will do */
	if (crypto_scalarmult(shared, scalar, point) != 0)
		abort();
	secrets_add(w->s, KIND_X25519, scalar, 32);
	secrets_add(w->s, KIND_X25519, clamped, 32);
	secrets_add(w->s, KIND_X25519, shared, 32);
	ask_key(w, q, CKO_PRIVATE_KEY, CKK_EC_MONTGOMERY, CKA_DERIVE);
	ask_field(q, CKA_EC_PARAMS, x25519_oid, sizeof(x25519_oid));
	ask_field(q, CKA_VALUE, scalar, 32);
}

static void use_x25519(struct world *w, struct asking *q, uint64_t key)
{
	uint8_t point[32];

	(void)crypto_scalarmult_base(point, w->seed[0]);
	ask(q, DO_DERIVE | DO_STORE, 0, key, CKM_ECDH1_DERIVE, 0);
	ask_field(q, FIELD_PARAMS, point, 32);
	ask_ulong(q, CKA_CLASS, CKO_SECRET_KEY);
	ask_ulong(q, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
	ask_ulong(q, CKA_VALUE_LEN, 32);
	ask_bool(q, CKA_TOKEN, false);
	ask_bool(q, CKA_SENSITIVE, true);
	ask_bool(q, CKA_EXTRACTABLE, false);
}

static void make_hmac(struct world *w, struct asking *q)
{
	uint8_t key[32];

	randombytes_buf(key, sizeof(key));
	secrets_add_hmac(w->s, key, sizeof(key));
	ask_key(w, q, CKO_SECRET_KEY, CKK_GENERIC_SECRET, CKA_SIGN);
	ask_field(q, CKA_VALUE, key, sizeof(key));
}

static void use_hmac(struct world *w, struct asking *q, uint64_t key)
{
	ask(q, DO_SIGN | DO_STORE, 0, key, CKM_SHA256_HMAC, 0);
	ask_field(q, FIELD_DATA, w->message[0], 32);
}

static void make_aes_for(struct world *w, struct asking *q, uint32_t usage)
{
	uint8_t key[32];

	randombytes_buf(key, sizeof(key));
	secrets_add_aes(w->s, key, sizeof(key));
	ask_key(w, q, CKO_SECRET_KEY, CKK_AES, usage);
	ask_bool(q, CKA_EXTRACTABLE, true);
	ask_field(q, CKA_VALUE, key, sizeof(key));
}

static void make_aes(struct world *w, struct asking *q)
{
	make_aes_for(w, q, CKA_ENCRYPT);
}

static void use_aes_cbc(struct world *w, struct asking *q, uint64_t key)
{
	ask(q, DO_ENCRYPT | DO_STORE, 0, key, CKM_AES_CBC_PAD, 0);
	ask_field(q, FIELD_PARAMS, w->message[1], 16);
	ask_field(q, FIELD_DATA, w->message, sizeof(w->message));
}

static void use_aes_gcm(struct world *w, struct asking *q, uint64_t key)
{
	ask(q, DO_ENCRYPT | DO_STORE, 0, key, CKM_AES_GCM, 0);
	ask_field(q, FIELD_PARAMS, w->message[1], 12);
	ask_field(q, FIELD_DATA, w->message, sizeof(w->message));
}

static void make_wrapping(struct world *w, struct asking *q)
{
	make_aes_for(w, q, CKA_WRAP);
}

/* A key under itself. */
static void use_wrapping(struct world *w, struct asking *q, uint64_t key)
{
	(void)w;
	ask(q, DO_WRAP | DO_STORE, 0, key, CKM_AES_KEY_WRAP, key);
}

static void make_ec(struct world *w, struct asking *q)
{
	uint8_t scalar[32];

	randombytes_buf(scalar, sizeof(scalar));
	scalar[0] &= 0x7f; /* less than the order */
	secrets_add(w->s, KIND_EC, scalar, 32);
	ask_key(w, q, CKO_PRIVATE_KEY, CKK_EC, CKA_SIGN);
	ask_field(q, CKA_EC_PARAMS, p256_oid, sizeof(p256_oid));
	ask_field(q, CKA_VALUE, scalar, 32);
}

static void use_ec(struct world *w, struct asking *q, uint64_t key)
{
	ask(q, DO_SIGN | DO_STORE, 0, key, CKM_ECDSA, 0);
	ask_field(q, FIELD_DATA, w->message[0], 32);
}

static void add_number(struct world *w, struct asking *q, EVP_PKEY *rsa, const char *name, uint32_t type)
{
	uint8_t bytes[256];
	BIGNUM *n = NULL;

	if (EVP_PKEY_get_bn_param(rsa, name, &n) != 1)
		return;
	(void)BN_bn2bin(n, bytes);
	ask_field(q, type, bytes, (size_t)BN_num_bytes(n));
	if (type != CKA_MODULUS && type != CKA_PUBLIC_EXPONENT)
		secrets_add(w->s, KIND_RSA, bytes, (size_t)BN_num_bytes(n));
	BN_clear_free(n);
}

static void make_rsa(struct world *w, struct asking *q)
{
	static const struct {
		const char *name;
		uint32_t type;
	} numbers[] = {
		{ OSSL_PKEY_PARAM_RSA_N, CKA_MODULUS },
		{ OSSL_PKEY_PARAM_RSA_E, CKA_PUBLIC_EXPONENT },
		{ OSSL_PKEY_PARAM_RSA_D, CKA_PRIVATE_EXPONENT },
		{ OSSL_PKEY_PARAM_RSA_FACTOR1, CKA_PRIME_1 },
		{ OSSL_PKEY_PARAM_RSA_FACTOR2, CKA_PRIME_2 },
		{ OSSL_PKEY_PARAM_RSA_EXPONENT1, CKA_EXPONENT_1 },
		{ OSSL_PKEY_PARAM_RSA_EXPONENT2, CKA_EXPONENT_2 },
		{ OSSL_PKEY_PARAM_RSA_COEFFICIENT1, CKA_COEFFICIENT },
	};
	EVP_PKEY *rsa = EVP_RSA_gen(2048);

	ask_key(w, q, CKO_PRIVATE_KEY, CKK_RSA, CKA_SIGN);
	for (size_t i = 0; rsa != NULL && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		add_number(w, q, rsa, numbers[i].name, numbers[i].type);
	EVP_PKEY_free(rsa);
}

static void use_rsa(struct world *w, struct asking *q, uint64_t key)
{
	ask(q, DO_SIGN | DO_STORE, 0, key, CKM_SHA256_RSA_PKCS, 0);
	ask_field(q, FIELD_DATA, w->message[0], 32);
}

static const struct row {
	const char *name;
	void (*make)(struct world *w, struct asking *q);
	void (*use)(struct world *w, struct asking *q, uint64_t key);
} rows[] = {
	{ "ECDH1_DERIVE, X25519", make_x25519, use_x25519 },
	{ "SHA256_HMAC", make_hmac, use_hmac },
	{ "AES_CBC_PAD", make_aes, use_aes_cbc },
	{ "AES_GCM", make_aes, use_aes_gcm },
	{ "AES_KEY_WRAP", make_wrapping, use_wrapping },
	{ "ECDSA, P-256", make_ec, use_ec },
	{ "SHA256_RSA_PKCS", make_rsa, use_rsa },
};

static void one_mechanism(struct world *w, const struct row *row, unsigned looks)
{
	char during[48], after[48];
	struct asking q;
	struct told told;

	(void)snprintf(during, sizeof(during), "during %s", row->name);
	(void)snprintf(after, sizeof(after), "after %s", row->name);
	row->make(w, &q);
	if (tell(&w->d, &q, &told) != CKR_OK) {
		table_skip(row->name, w->is_coffer ? "coffer does not take such a key" : "SoftHSM does not take such a key");
		return;
	}
	row->use(w, &q, told.head.number[0]);
	(void)tell(&w->d, &q, NULL);
	table_check(tell_plain(&w->d, DO_START, w->slot, 1, NULL) == CKR_OK, "the load could be started");
	world_look(w, during, PROMISE_BUSY);
	world_look_often(w, during, looks);
	table_check(tell_plain(&w->d, DO_STOP, 0, 0, &told) == CKR_OK, "the load could be stopped");
	(void)tell_plain(&w->d, DO_FORGET, 0, 0, NULL);
	if (told.head.number[1] == CKR_MECHANISM_INVALID)
		table_skip(row->name, w->is_coffer ? "coffer does not have it" : "SoftHSM does not have it");
	else
		table_check(told.head.number[1] == CKR_OK || !w->is_coffer, row->name);
	world_look(w, after, PROMISE_IDLE);
}

void moments_mechanisms(struct world *w, unsigned looks)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		one_mechanism(w, &rows[i], looks);
}
