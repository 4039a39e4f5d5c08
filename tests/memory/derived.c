/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from a key: the values that an implementation computes with, in the shapes that it may keep. */
#define OPENSSL_SUPPRESS_DEPRECATED /* the only way to see an AES key schedule */
#include <openssl/aes.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "secrets.h"

/* A number of 252 bits in limbs of 21, as ref10's sc_muladd has it. */
static void add_limbs(struct secrets *s, enum kind k, const uint8_t scalar[32])
{
	int64_t limb[12] = { 0 };

	for (unsigned bit = 0; bit < 252; bit++)
		if ((scalar[bit / 8] >> (bit % 8) & 1) != 0)
			limb[bit / 21] |= (int64_t)1 << (bit % 21);
	secrets_add_form(s, k, limb, sizeof(limb));
}

/* 64 signed digits of base 16, one byte each, as ref10's ge_scalarmult_base has it. */
static void add_digits(struct secrets *s, enum kind k, const uint8_t scalar[32])
{
	int8_t digit[64];
	int carry = 0;

	for (unsigned i = 0; i < 32; i++) {
		digit[2 * i] = (int8_t)(scalar[i] & 15);
		digit[2 * i + 1] = (int8_t)(scalar[i] >> 4);
	}
	secrets_add_form(s, k, digit, sizeof(digit));
	for (unsigned i = 0; i < 63; i++) {
		int d = digit[i] + carry;

		carry = (d + 8) >> 4;
		digit[i] = (int8_t)(d - carry * 16);
	}
	digit[63] = (int8_t)(digit[63] + carry);
	secrets_add_form(s, k, digit, sizeof(digit));
}

static void add_scalar(struct secrets *s, enum kind k, const uint8_t wide[64])
{
	uint8_t reduced[32];

	crypto_core_ed25519_scalar_reduce(reduced, wide);
	secrets_add(s, k, reduced, sizeof(reduced));
	add_limbs(s, k, reduced);
	add_digits(s, k, reduced);
}

void secrets_add_ed25519(struct secrets *s, const uint8_t seed[32], const void *message, size_t n)
{
	uint8_t az[64], wide[64] = { 0 };
	crypto_hash_sha512_state h;

	secrets_add(s, KIND_SEED, seed, 32);
	(void)crypto_hash_sha512(az, seed, 32);
	secrets_add(s, KIND_SCALAR, az, 32);
	secrets_add(s, KIND_PREFIX, az + 32, 32);
	(void)crypto_hash_sha512_init(&h);
	(void)crypto_hash_sha512_update(&h, az + 32, 32);
	(void)crypto_hash_sha512_update(&h, message, n);
	az[0] &= 248;
	az[31] &= 127;
	az[31] |= 64;
	secrets_add(s, KIND_SCALAR, az, 32);
	add_limbs(s, KIND_SCALAR, az);
	memcpy(wide, az, 32);
	add_scalar(s, KIND_SCALAR, wide);
	(void)crypto_hash_sha512_final(&h, wide);
	secrets_add(s, KIND_NONCE, wide, sizeof(wide));
	add_scalar(s, KIND_NONCE, wide);
}

/* SHAKE256 of three strings, 114 bytes (RFC 8032, section 5.2). */
static void shake(uint8_t out[114], const void *a, size_t a_n, const void *b, size_t b_n, const void *c, size_t c_n)
{
	EVP_MD_CTX *h = EVP_MD_CTX_new();

	if (h == NULL || EVP_DigestInit_ex(h, EVP_shake256(), NULL) != 1 || EVP_DigestUpdate(h, a, a_n) != 1 ||
	    EVP_DigestUpdate(h, b, b_n) != 1 || EVP_DigestUpdate(h, c, c_n) != 1 || EVP_DigestFinalXOF(h, out, 114) != 1)
		abort();
	EVP_MD_CTX_free(h);
}

void secrets_add_ed448(struct secrets *s, const uint8_t seed[57], const void *message, size_t n)
{
	static const uint8_t dom4[10] = "SigEd448"; /* no pre-hash, no context: two zeroes */
	uint8_t h[114], nonce[114];

	secrets_add(s, KIND_SEED, seed, 57);
	shake(h, seed, 57, NULL, 0, NULL, 0);
	secrets_add(s, KIND_SCALAR, h, 57);
	secrets_add(s, KIND_PREFIX, h + 57, 57);
	shake(nonce, dom4, sizeof(dom4), h + 57, 57, message, n);
	secrets_add(s, KIND_NONCE, nonce, sizeof(nonce));
	h[0] &= 252;
	h[55] |= 128;
	h[56] = 0;
	secrets_add(s, KIND_SCALAR, h, 57);
}

void coffer_key_join(const uint8_t left[32], const uint8_t right[32], uint8_t key[32])
{
	(void)crypto_core_hsalsa20(key, (const uint8_t *)"coffer partition", right, NULL);
	for (size_t i = 0; i < 32; i++)
		key[i] ^= left[i];
}

void secrets_add_hmac(struct secrets *s, const uint8_t *key, size_t n)
{
	uint8_t padded[128];

	secrets_add(s, KIND_HMAC, key, n);
	for (unsigned pad = 0; n <= sizeof(padded) && pad < 2; pad++) {
		for (size_t i = 0; i < n; i++)
			padded[i] = key[i] ^ (pad == 0 ? 0x36 : 0x5c);
		secrets_add(s, KIND_HMAC, padded, n);
	}
}

void secrets_add_aes(struct secrets *s, const uint8_t *key, size_t n)
{
	AES_KEY schedule;

	secrets_add(s, KIND_AES, key, n);
	if (AES_set_encrypt_key(key, (int)n * 8, &schedule) == 0)
		secrets_add(s, KIND_AES, schedule.rd_key, 16 * ((size_t)schedule.rounds + 1));
	if (AES_set_decrypt_key(key, (int)n * 8, &schedule) == 0)
		secrets_add(s, KIND_AES, schedule.rd_key, 16 * ((size_t)schedule.rounds + 1));
}

/* P_hash of SHA-256 (RFC 5246, section 5), as CKM_TLS_KDF has it: the label, the randoms of both sides. */
void secrets_add_tls(struct secrets *s, const uint8_t *key, size_t n, const char *label, const uint8_t random[32])
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *c = EVP_KDF_CTX_new(kdf);
	uint8_t secret[64], out[32], seed[96];
	char digest[] = "SHA256";
	size_t seed_n = strlen(label) + 64;
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
				OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, secret, n),
				OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, seed_n), OSSL_PARAM_END };

	if (n > sizeof(secret) || seed_n > sizeof(seed))
		abort();
	memcpy(secret, key, n);
	memcpy(seed, label, strlen(label));
	memcpy(seed + strlen(label), random, 32);
	memcpy(seed + strlen(label) + 32, random, 32);
	if (c == NULL || EVP_KDF_derive(c, out, sizeof(out), params) != 1)
		abort();
	secrets_add(s, KIND_DERIVED, out, sizeof(out));
	EVP_KDF_CTX_free(c);
	EVP_KDF_free(kdf);
}
