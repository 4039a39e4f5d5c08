/* SPDX-License-Identifier: Apache-2.0 */
#include "keys.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "coffer/coffer.h"
#include "coffer/pkcs11-3.h"
#include "groups.h"
#include "keys_making.h"
#include "parameters.h"

static const uint8_t p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const uint8_t p384[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 };
static const uint8_t p521[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23 };
static const uint8_t secp256k1[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a };
static const uint8_t x25519[] = { 0x06, 0x03, 0x2b, 0x65, 0x6e };
static const uint8_t x448[] = { 0x06, 0x03, 0x2b, 0x65, 0x6f };
static const uint8_t ed25519[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };
static const uint8_t ed448[] = { 0x06, 0x03, 0x2b, 0x65, 0x71 };
static const CK_ULONG kem_768 = CKP_ML_KEM_768, dsa_44 = CKP_ML_DSA_44, slh_128f = CKP_SLH_DSA_SHA2_128F;

static void ask_key(struct making *m, uint64_t class, uint64_t type)
{
	ask(m->q, DO_CREATE, m->w->session, 0, 0, 0);
	ask_ulong(m->q, CKA_CLASS, class);
	ask_ulong(m->q, CKA_KEY_TYPE, type);
	ask_bool(m->q, CKA_TOKEN, false);
	ask_bool(m->q, CKA_PRIVATE, true);
	ask_bool(m->q, CKA_SENSITIVE, true);
	ask_bool(m->q, CKA_SIGN, true);
}

void ask_private(struct making *m, uint64_t type)
{
	ask_key(m, CKO_PRIVATE_KEY, type);
}

static void ask_secret(struct making *m, uint64_t type, const uint8_t *value, size_t n)
{
	ask_key(m, CKO_SECRET_KEY, type);
	ask_field(m->q, CKA_VALUE, value, n);
}

static void make_generic(struct making *m)
{
	uint8_t key[32], mixed[32];

	randombytes_buf(key, sizeof(key));
	secrets_add_hmac(m->w->s, key, sizeof(key));
	for (size_t i = 0; i < sizeof(key); i++)
		mixed[i] = key[i] ^ m->w->message[1][i]; /* CKM_XOR_BASE_AND_DATA */
	secrets_add(m->w->s, KIND_DERIVED, mixed, sizeof(mixed));
	secrets_add_tls(m->w->s, key, sizeof(key), TLS_LABEL, m->w->message[1]);
	ask_secret(m, CKK_GENERIC_SECRET, key, sizeof(key));
	ask_bool(m->q, CKA_DERIVE, true);
}

static void ask_ciphers(struct making *m)
{
	ask_bool(m->q, CKA_ENCRYPT, true);
	ask_bool(m->q, CKA_DECRYPT, true);
	ask_bool(m->q, CKA_WRAP, true);
	ask_bool(m->q, CKA_UNWRAP, true);
}

static void make_aes(struct making *m)
{
	uint8_t key[32];

	randombytes_buf(key, sizeof(key));
	secrets_add_aes(m->w->s, key, sizeof(key));
	ask_secret(m, CKK_AES, key, sizeof(key));
	ask_ciphers(m);
	ask_bool(m->q, CKA_DERIVE, true);
	ask_bool(m->q, CKA_EXTRACTABLE, true);
}

static void make_des3(struct making *m)
{
	uint8_t key[24];

	randombytes_buf(key, sizeof(key));
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)((key[i] & 0xfe) | (__builtin_popcount(key[i] & 0xfe) % 2 == 0)); /* odd parity */
	secrets_add(m->w->s, KIND_KEY, key, sizeof(key));
	ask_secret(m, CKK_DES3, key, sizeof(key));
	ask_ciphers(m);
}

static void make_xts(struct making *m)
{
	uint8_t key[64];

	randombytes_buf(key, sizeof(key));
	secrets_add_aes(m->w->s, key, 32);
	secrets_add_aes(m->w->s, key + 32, 32);
	ask_secret(m, CKK_AES_XTS, key, sizeof(key));
	ask_ciphers(m);
}

/* ChaCha20, Salsa20 */
static void make_stream(struct making *m)
{
	uint8_t key[32];

	randombytes_buf(key, sizeof(key));
	secrets_add(m->w->s, KIND_KEY, key, sizeof(key));
	ask_secret(m, m->k == SALSA20 ? CKK_SALSA20 : CKK_CHACHA20, key, sizeof(key));
	ask_ciphers(m);
}

static void make_poly(struct making *m)
{
	uint8_t key[32];

	randombytes_buf(key, sizeof(key));
	secrets_add(m->w->s, KIND_KEY, key, sizeof(key));
	ask_secret(m, CKK_POLY1305, key, sizeof(key));
}

/* It begins with the version. */
static void make_premaster(struct making *m)
{
	uint8_t key[48];

	randombytes_buf(key, sizeof(key));
	key[0] = key[1] = 3;
	secrets_add_hmac(m->w->s, key, sizeof(key));
	secrets_add_tls(m->w->s, key, sizeof(key), TLS_BLOCK_LABEL, m->w->message[1]);
	secrets_add_tls(m->w->s, key, sizeof(key), TLS_LABEL, m->w->message[1]);
	ask_secret(m, CKK_GENERIC_SECRET, key, sizeof(key));
	ask_bool(m->q, CKA_DERIVE, true);
}

static void make_master(struct making *m)
{
	uint8_t key[32];

	randombytes_buf(key, sizeof(key));
	secrets_add(m->w->s, KIND_KEY, key, sizeof(key));
	ask(m->q, DO_CREATE, m->w->session, 0, 0, 0);
	ask_ulong(m->q, CKA_CLASS, CKO_SECRET_KEY);
	ask_ulong(m->q, CKA_KEY_TYPE, CKK_COFFER_ALGORAND_MASTER);
	ask_bool(m->q, CKA_TOKEN, false);
	ask_bool(m->q, CKA_PRIVATE, true);
	ask_bool(m->q, CKA_DERIVE, true);
	ask_ulong(m->q, CKA_COFFER_ALGORAND_INDEX, 1);
	ask_field(m->q, CKA_VALUE, key, sizeof(key));
}

static void add_number(struct making *m, EVP_PKEY *rsa, const char *name, uint32_t type)
{
	uint8_t bytes[256];
	BIGNUM *n = NULL;

	if (EVP_PKEY_get_bn_param(rsa, name, &n) != 1)
		return;
	(void)BN_bn2bin(n, bytes);
	ask_field(m->q, type, bytes, (size_t)BN_num_bytes(n));
	if (type != CKA_MODULUS && type != CKA_PUBLIC_EXPONENT)
		secrets_add(m->w->s, KIND_RSA, bytes, (size_t)BN_num_bytes(n));
	BN_clear_free(n);
}

static const struct {
	const char *name;
	uint32_t type;
} rsa_numbers[] = {
	{ OSSL_PKEY_PARAM_RSA_N, CKA_MODULUS },
	{ OSSL_PKEY_PARAM_RSA_E, CKA_PUBLIC_EXPONENT },
	{ OSSL_PKEY_PARAM_RSA_D, CKA_PRIVATE_EXPONENT },
	{ OSSL_PKEY_PARAM_RSA_FACTOR1, CKA_PRIME_1 },
	{ OSSL_PKEY_PARAM_RSA_FACTOR2, CKA_PRIME_2 },
	{ OSSL_PKEY_PARAM_RSA_EXPONENT1, CKA_EXPONENT_1 },
	{ OSSL_PKEY_PARAM_RSA_EXPONENT2, CKA_EXPONENT_2 },
	{ OSSL_PKEY_PARAM_RSA_COEFFICIENT1, CKA_COEFFICIENT },
};

/* The public half too, for what is encrypted to it. */
static void make_public_rsa(struct making *m, EVP_PKEY *rsa)
{
	struct told told;

	ask(m->q, DO_CREATE, m->w->session, 0, 0, 0);
	ask_ulong(m->q, CKA_CLASS, CKO_PUBLIC_KEY);
	ask_ulong(m->q, CKA_KEY_TYPE, CKK_RSA);
	ask_bool(m->q, CKA_TOKEN, false);
	ask_bool(m->q, CKA_ENCRYPT, true);
	ask_bool(m->q, CKA_WRAP, true);
	for (size_t i = 0; i < 2; i++)
		add_number(m, rsa, rsa_numbers[i].name, rsa_numbers[i].type);
	if (tell(&m->w->d, m->q, &told) == CKR_OK)
		m->ring->public_rsa = told.head.number[0];
}

static void make_rsa(struct making *m)
{
	EVP_PKEY *rsa = EVP_RSA_gen(2048);

	if (rsa == NULL)
		abort();
	make_public_rsa(m, rsa);
	ask_key(m, CKO_PRIVATE_KEY, CKK_RSA);
	ask_bool(m->q, CKA_DECRYPT, true);
	ask_bool(m->q, CKA_UNWRAP, true);
	for (size_t i = 0; i < sizeof(rsa_numbers) / sizeof(rsa_numbers[0]); i++)
		add_number(m, rsa, rsa_numbers[i].name, rsa_numbers[i].type);
	EVP_PKEY_free(rsa);
}

/* A number at the length that PKCS#11 has it in. */
static size_t number(EVP_PKEY *key, const char *name, uint8_t out[PUBLIC_MAX], size_t n)
{
	BIGNUM *b = NULL;

	if (EVP_PKEY_get_bn_param(key, name, &b) != 1 || BN_bn2binpad(b, out, (int)n) < 0)
		abort();
	BN_clear_free(b);
	return n;
}

static void ask_domain(struct making *m)
{
	size_t n;
	const uint8_t *domain = ring_key_domain(m->k, &n);

	ask_field(m->q, m->k == DH_2048 ? CKA_PRIME : CKA_EC_PARAMS, domain, n);
}

static void make_ec(struct making *m)
{
	EVP_PKEY *key = EVP_EC_gen(ring_key_name(m->k)), *peer = EVP_EC_gen(ring_key_name(m->k));
	size_t size = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
	uint8_t scalar[PUBLIC_MAX];

	(void)number(key, OSSL_PKEY_PARAM_PRIV_KEY, scalar, size);
	if (EVP_PKEY_get_octet_string_param(peer, OSSL_PKEY_PARAM_PUB_KEY, m->ring->peer[m->k].p, PUBLIC_MAX,
					    &m->ring->peer[m->k].n) != 1)
		abort();
	secrets_add(m->w->s, KIND_EC, scalar, size);
	ask_key(m, CKO_PRIVATE_KEY, CKK_EC);
	ask_bool(m->q, CKA_DERIVE, true);
	ask_domain(m);
	ask_field(m->q, CKA_VALUE, scalar, size);
	m->ring->ec[m->k] = key;
	EVP_PKEY_free(peer);
}

/* RFC 7748 and 8032 keys: `size` bytes. */
static void raw_pair(const char *type, uint8_t secret[57], uint8_t *public_opt, size_t size)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, type);
	size_t n = size;

	if (key == NULL || EVP_PKEY_get_raw_private_key(key, secret, &n) != 1 ||
	    (public_opt != NULL && EVP_PKEY_get_raw_public_key(key, public_opt, &n) != 1))
		abort();
	EVP_PKEY_free(key);
}

static void make_montgomery(struct making *m)
{
	size_t size = m->k == X25519 ? 32 : 56;
	uint8_t scalar[57], other[57];

	raw_pair(ring_key_name(m->k), other, m->ring->peer[m->k].p, size);
	m->ring->peer[m->k].n = size;
	raw_pair(ring_key_name(m->k), scalar, NULL, size);
	secrets_add(m->w->s, KIND_MONTGOMERY, scalar, size);
	ask_key(m, CKO_PRIVATE_KEY, CKK_EC_MONTGOMERY);
	ask_bool(m->q, CKA_DERIVE, true);
	ask_domain(m);
	ask_field(m->q, CKA_VALUE, scalar, size);
	/* As it is computed with (RFC 7748, section 5). */
	scalar[0] &= m->k == X25519 ? 248 : 252;
	scalar[size - 1] = m->k == X25519 ? (scalar[size - 1] & 127) | 64 : scalar[size - 1] | 128;
	secrets_add(m->w->s, KIND_MONTGOMERY, scalar, size);
}

static void make_edwards(struct making *m)
{
	size_t size = m->k == ED25519 ? 32 : 57;
	uint8_t seed[57];

	raw_pair(ring_key_name(m->k), seed, NULL, size);
	if (m->k == ED25519)
		secrets_add_ed25519(m->w->s, seed, m->w->message[0], 32);
	else
		secrets_add_ed448(m->w->s, seed, m->w->message[0], 32);
	ask_key(m, CKO_PRIVATE_KEY, CKK_EC_EDWARDS);
	ask_domain(m);
	ask_field(m->q, CKA_VALUE, seed, size);
}

static EVP_PKEY *dh_pair(void)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	char group[] = "ffdhe2048";
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0), OSSL_PARAM_END };
	EVP_PKEY *key = NULL;

	if (EVP_PKEY_keygen_init(c) != 1 || EVP_PKEY_CTX_set_params(c, params) != 1 || EVP_PKEY_keygen(c, &key) != 1)
		abort();
	EVP_PKEY_CTX_free(c);
	return key;
}

static void make_dh(struct making *m)
{
	EVP_PKEY *key = dh_pair(), *peer = dh_pair();
	uint8_t secret[PUBLIC_MAX];
	static const uint8_t two = 2;
	BIGNUM *x = NULL;

	m->ring->peer[m->k].n = number(peer, OSSL_PKEY_PARAM_PUB_KEY, m->ring->peer[m->k].p, 256);
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &x) != 1)
		abort();
	(void)BN_bn2bin(x, secret);
	secrets_add(m->w->s, KIND_DH, secret, (size_t)BN_num_bytes(x));
	ask_key(m, CKO_PRIVATE_KEY, CKK_DH);
	ask_bool(m->q, CKA_DERIVE, true);
	ask_domain(m);
	ask_field(m->q, CKA_BASE, &two, 1);
	ask_field(m->q, CKA_VALUE, secret, (size_t)BN_num_bytes(x));
	BN_clear_free(x);
	EVP_PKEY_free(key);
	EVP_PKEY_free(peer);
}

static const struct {
	const char *name; /* also OpenSSL's of the curve or the parameter set */
	void (*make)(struct making *m); /* NULL: make_pqc */
	const uint8_t *oid;
	size_t n;
} kinds[RING_KEYS] = {
	[GENERIC] = { "generic secret", make_generic, NULL, 0 },
	[AES] = { "AES-256", make_aes, NULL, 0 },
	[XTS] = { "AES-256-XTS", make_xts, NULL, 0 },
	[CHACHA20] = { "ChaCha20", make_stream, NULL, 0 },
	[SALSA20] = { "Salsa20", make_stream, NULL, 0 },
	[POLY1305] = { "Poly1305", make_poly, NULL, 0 },
	[DES3] = { "3DES", make_des3, NULL, 0 },
	[RSA_2048] = { "RSA-2048", make_rsa, NULL, 0 },
	[P256] = { "P-256", make_ec, p256, sizeof(p256) },
	[P384] = { "P-384", make_ec, p384, sizeof(p384) },
	[P521] = { "P-521", make_ec, p521, sizeof(p521) },
	[SECP256K1] = { "secp256k1", make_ec, secp256k1, sizeof(secp256k1) },
	[ED25519] = { "Ed25519", make_edwards, ed25519, sizeof(ed25519) },
	[ED448] = { "Ed448", make_edwards, ed448, sizeof(ed448) },
	[X25519] = { "X25519", make_montgomery, x25519, sizeof(x25519) },
	[X448] = { "X448", make_montgomery, x448, sizeof(x448) },
	[DH_2048] = { "DH, ffdhe2048", make_dh, NULL, 0 },
	[PREMASTER] = { "pre-master secret", make_premaster, NULL, 0 },
	[MASTER] = { "Algorand master", make_master, NULL, 0 },
	[ML_KEM_768] = { "ML-KEM-768", NULL, (const uint8_t *)&kem_768, sizeof(kem_768) },
	[ML_DSA_44] = { "ML-DSA-44", NULL, (const uint8_t *)&dsa_44, sizeof(dsa_44) },
	[SLH_DSA_128F] = { "SLH-DSA-SHA2-128f", NULL, (const uint8_t *)&slh_128f, sizeof(slh_128f) },
};

const char *ring_key_name(enum ring_key k)
{
	return kinds[k].name;
}

const uint8_t *ring_key_domain(enum ring_key k, size_t *n)
{
	static uint8_t prime[GROUP_BYTES];

	*n = kinds[k].n;
	if (k != DH_2048)
		return kinds[k].oid;
	*n = sizeof(prime);
	if (sodium_hex2bin(prime, sizeof(prime), group_ffdhe2048, 2 * GROUP_BYTES, NULL, NULL, NULL) != 0)
		abort();
	return prime;
}

static bool make_target(struct making *m)
{
	struct told told;

	make_aes(m);
	if (tell(&m->w->d, m->q, &told) != CKR_OK)
		return false;
	m->ring->target = told.head.number[0];
	return true;
}

static bool make(struct making *m)
{
	if (kinds[m->k].make == NULL)
		return make_pqc(m);
	kinds[m->k].make(m);
	return true;
}

bool ring_fill(struct ring *r, struct world *w)
{
	struct asking q;
	struct told told;
	struct making m = { .ring = r, .w = w, .q = &q };
	bool all = make_target(&m);

	randombytes_buf(r->password, sizeof(r->password));
	secrets_add(w->s, KIND_PIN, r->password, sizeof(r->password));
	for (m.k = GENERIC; m.k < RING_KEYS; m.k++) {
		if (!make(&m))
			continue;
		if (tell(&w->d, &q, &told) == CKR_OK)
			r->handle[m.k] = told.head.number[0];
		else if (w->is_coffer)
			table_check(all = false, kinds[m.k].name);
	}
	return all;
}

void ring_free(struct ring *r)
{
	for (int k = 0; k < RING_KEYS; k++)
		EVP_PKEY_free(r->ec[k]);
}
