/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of ML-KEM, ML-DSA and SLH-DSA: which parts of their values are private (FIPS 203, 204, 205), and as what they are computed with. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "coffer/pkcs11-3.h"
#include "keys.h"
#include "keys_making.h"

#define VALUE_MAX 2560
#define PUBLIC_KEY_MAX 1312
#define SEED_MAX 64

/* Bytes of a value: `at`, how many. */
struct stretch {
	size_t at, n;
};

static const struct pqc {
	uint64_t type, set;
	size_t value_n, public_n, seed_n;
	struct stretch secret[3];
} kinds[RING_KEYS] = {
	/* the vector s; the value of implicit rejection */
	[ML_KEM_768] = { CKK_ML_KEM, CKP_ML_KEM_768, 2400, 1184, 64, { { 0, 1152 }, { 2368, 32 } } },
	/* K; s1 and s2; t0 */
	[ML_DSA_44] = { CKK_ML_DSA, CKP_ML_DSA_44, 2560, 1312, 32, { { 32, 32 }, { 128, 768 }, { 896, 1664 } } },
	/* SK.seed, SK.prf */
	[SLH_DSA_128F] = { CKK_SLH_DSA, CKP_SLH_DSA_SHA2_128F, 64, 32, 0, { { 0, 32 } } },
};

bool ring_key_is_pqc(enum ring_key k)
{
	return kinds[k].value_n != 0;
}

void ring_key_add_pqc(struct secrets *s, enum ring_key k, enum kind kind, const uint8_t *value)
{
	for (size_t i = 0; i < 3 && kinds[k].secret[i].n != 0; i++)
		secrets_add(s, kind, value + kinds[k].secret[i].at, kinds[k].secret[i].n);
}

/* Numbers of `width` bits, the lowest bit first. */
static uint32_t number_at(const uint8_t *p, size_t i, unsigned width)
{
	uint32_t v = 0;

	for (unsigned b = 0; b < width; b++) {
		size_t bit = i * width + b;

		v |= (uint32_t)(p[bit / 8] >> (bit % 8) & 1) << b;
	}
	return v;
}

/* ML-KEM has s as numbers of 16 bits, ML-DSA t0 as numbers of 32 below its prime.  Those of s1 and s2 are -2 to 2, which is what
 * any memory holds by chance. */
static void add_numbers(struct secrets *s, enum ring_key k, const uint8_t *value)
{
	uint16_t kem[768];
	uint32_t dsa[1024];

	for (size_t i = 0; k == ML_KEM_768 && i < 768; i++)
		kem[i] = (uint16_t)number_at(value, i, 12);
	for (size_t i = 0; k == ML_DSA_44 && i < 1024; i++)
		dsa[i] = (4096 + 8380417 - number_at(value + 896, i, 13)) % 8380417;
	if (k == ML_KEM_768)
		secrets_add_form(s, KIND_PQC, kem, sizeof(kem));
	if (k == ML_DSA_44)
		secrets_add_form(s, KIND_PQC, dsa, sizeof(dsa));
}

static void ask_set(struct making *m)
{
	size_t n;
	const uint8_t *set = ring_key_domain(m->k, &n);

	ask_field(m->q, CKA_PARAMETER_SET, set, n);
}

/* For what is encapsulated to it. */
static void make_public(struct making *m, const uint8_t *value)
{
	struct told told;

	ask(m->q, DO_CREATE, m->w->session, 0, 0, 0);
	ask_ulong(m->q, CKA_CLASS, CKO_PUBLIC_KEY);
	ask_ulong(m->q, CKA_KEY_TYPE, kinds[m->k].type);
	ask_bool(m->q, CKA_TOKEN, false);
	ask_set(m);
	ask_field(m->q, CKA_VALUE, value, kinds[m->k].public_n);
	if (tell(&m->w->d, m->q, &told) == CKR_OK)
		m->ring->public_kem = told.head.number[0];
}

static void part(const EVP_PKEY *key, const char *name, uint8_t *out, size_t n)
{
	size_t got;

	if (EVP_PKEY_get_octet_string_param(key, name, out, n, &got) != 1 || got != n)
		abort();
}

static EVP_PKEY *new_pair(const char *name)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
	EVP_PKEY *key = NULL;

	if (c != NULL && (EVP_PKEY_keygen_init(c) != 1 || EVP_PKEY_generate(c, &key) != 1))
		key = NULL;
	EVP_PKEY_CTX_free(c);
	return key;
}

bool make_pqc(struct making *m)
{
	EVP_PKEY *key = new_pair(ring_key_name(m->k));
	uint8_t value[VALUE_MAX], point[PUBLIC_KEY_MAX], seed[SEED_MAX];
	const struct pqc *kind = &kinds[m->k];

	if (key == NULL)
		return false;
	part(key, "priv", value, kind->value_n);
	part(key, "pub", point, kind->public_n);
	if (kind->seed_n != 0) {
		part(key, "seed", seed, kind->seed_n);
		secrets_add(m->w->s, KIND_PQC, seed, kind->seed_n);
	}
	EVP_PKEY_free(key);
	ring_key_add_pqc(m->w->s, m->k, KIND_PQC, value);
	add_numbers(m->w->s, m->k, value);
	if (m->k == ML_KEM_768)
		make_public(m, point);
	ask_private(m, kind->type);
	ask_set(m);
	ask_field(m->q, CKA_VALUE, value, kind->value_n);
	if (kind->seed_n != 0)
		ask_field(m->q, CKA_SEED, seed, kind->seed_n);
	return true;
}
