/* SPDX-License-Identifier: Apache-2.0 */
/* libcrypto called directly, with what can be kept between operations kept. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

/* Of one lane. */
struct own {
	EVP_PKEY **key;
	unsigned long keys;
	unsigned char secret[32];
	EVP_MD *md;
	EVP_MD_CTX *md_ctx;
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *cipher_ctx;
	EVP_MAC *mac;
	EVP_MAC_CTX *mac_ctx;
};

#define FAILED 1ul

static unsigned long wrong_unless(int result)
{
	return result == 1 ? 0 : FAILED;
}

static EVP_PKEY *next_key(const struct lane *lane)
{
	const struct own *own = lane->own;

	return own->key[(lane->turn + lane->number * own->keys / 2) % own->keys];
}

/* A message is signed (Ed25519, or hashed by the mechanism)... */
static unsigned long step_sign_message(struct lane *lane)
{
	struct own *own = lane->own;
	size_t n = lane->out_n;

	if (EVP_DigestSignInit(own->md_ctx, NULL, own->md, NULL, next_key(lane)) != 1)
		return FAILED;
	return wrong_unless(EVP_DigestSign(own->md_ctx, lane->out, &n, lane->message, lane->job->row->size));
}

/* ... or its digest, which the caller made. */
static unsigned long step_sign_digest(struct lane *lane)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(next_key(lane), NULL);
	size_t n = lane->out_n;
	int result = EVP_PKEY_sign_init(ctx);

	if (result == 1)
		result = EVP_PKEY_sign(ctx, lane->out, &n, lane->message, lane->job->row->size);
	EVP_PKEY_CTX_free(ctx);
	return wrong_unless(result);
}

struct signature {
	unsigned char bytes[512];
	size_t n;
};

static unsigned long step_verify_digest(struct lane *lane)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(next_key(lane), NULL);
	const struct signature *s = (const void *)lane->out;
	int result = EVP_PKEY_verify_init(ctx);

	if (result == 1)
		result = EVP_PKEY_verify(ctx, s->bytes, s->n, lane->message, lane->job->row->size);
	EVP_PKEY_CTX_free(ctx);
	return wrong_unless(result);
}

static unsigned long step_verify_message(struct lane *lane)
{
	struct own *own = lane->own;
	const struct signature *s = (const void *)lane->out;

	if (EVP_DigestVerifyInit(own->md_ctx, NULL, own->md, NULL, next_key(lane)) != 1)
		return FAILED;
	return wrong_unless(EVP_DigestVerify(own->md_ctx, s->bytes, s->n, lane->message, lane->job->row->size));
}

static unsigned long step_mac(struct lane *lane)
{
	struct own *own = lane->own;
	size_t n = lane->out_n;

	if (EVP_MAC_init(own->mac_ctx, own->secret, sizeof(own->secret), NULL) != 1 ||
	    EVP_MAC_update(own->mac_ctx, lane->message, lane->job->row->size) != 1)
		return FAILED;
	return wrong_unless(EVP_MAC_final(own->mac_ctx, lane->out, &n, n));
}

static unsigned long step_encrypt(struct lane *lane)
{
	struct own *own = lane->own;
	unsigned char iv[12] = { 0 };
	int n, rest;

	memcpy(iv, &lane->turn, sizeof(lane->turn));
	if (EVP_EncryptInit_ex2(own->cipher_ctx, own->cipher, own->secret, iv, NULL) != 1 ||
	    EVP_EncryptUpdate(own->cipher_ctx, lane->out, &n, lane->message, (int)lane->job->row->size) != 1 ||
	    EVP_EncryptFinal_ex(own->cipher_ctx, lane->out + n, &rest) != 1)
		return FAILED;
	return wrong_unless(EVP_CIPHER_CTX_ctrl(own->cipher_ctx, EVP_CTRL_AEAD_GET_TAG, 16, lane->out + n));
}

static unsigned long step_digest(struct lane *lane)
{
	struct own *own = lane->own;

	if (EVP_DigestInit_ex2(own->md_ctx, own->md, NULL) != 1 ||
	    EVP_DigestUpdate(own->md_ctx, lane->message, lane->job->row->size) != 1)
		return FAILED;
	return wrong_unless(EVP_DigestFinal_ex(own->md_ctx, lane->out, NULL));
}

static unsigned long step_random(struct lane *lane)
{
	return wrong_unless(RAND_bytes(lane->out, (int)lane->job->row->size));
}

static EVP_PKEY *generate(const struct key_kind *kind)
{
	if (strcmp(kind->openssl, "RSA") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, kind->openssl, kind->bits);
	if (kind->curve != NULL)
		return EVP_PKEY_Q_keygen(NULL, NULL, kind->openssl, kind->curve);
	return EVP_PKEY_Q_keygen(NULL, NULL, kind->openssl);
}

static unsigned long step_generate(struct lane *lane)
{
	EVP_PKEY *key = generate(lane->job->row->key);

	EVP_PKEY_free(key);
	return key == NULL ? FAILED : 0;
}

/* ---- preparing ---- */

static unsigned long openssl_open(struct subject *s, const struct settings *settings, unsigned long keys)
{
	(void)settings;
	(void)keys;
	(void)snprintf(s->version, sizeof(s->version), "%s", OpenSSL_version(OPENSSL_VERSION_STRING));
	return 0;
}

static bool make_keys(const struct job *job, struct own *own)
{
	const struct key_kind *kind = job->row->key;

	if (kind == NULL || kind->openssl == NULL)
		return true;
	own->keys = job->row->many ? job->settings->turn : 1;
	own->key = calloc(own->keys, sizeof(EVP_PKEY *));
	if (own->key == NULL)
		abort();
	for (unsigned long i = 0; i < own->keys; i++)
		if ((own->key[i] = generate(kind)) == NULL)
			return false;
	return true;
}

static struct own *lane_own(const struct job *job)
{
	const struct row *row = job->row;
	struct own *own = calloc(1, sizeof(*own));

	if (own == NULL || !make_keys(job, own))
		abort();
	own->md_ctx = EVP_MD_CTX_new();
	own->cipher_ctx = EVP_CIPHER_CTX_new();
	if (row->openssl != NULL && row->op == OP_ENCRYPT)
		own->cipher = EVP_CIPHER_fetch(NULL, row->openssl, NULL);
	else if (row->openssl != NULL)
		own->md = EVP_MD_fetch(NULL, row->openssl, NULL);
	if (row->key != NULL && row->key->openssl == NULL && row->op == OP_SIGN) {
		OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string("digest", (char *)(uintptr_t)row->openssl, 0),
					OSSL_PARAM_construct_end() };

		own->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
		own->mac_ctx = EVP_MAC_CTX_new(own->mac);
		if (EVP_MAC_CTX_set_params(own->mac_ctx, params) != 1)
			abort();
	}
	return own;
}

/* The signature that a row verifies, into the lane's output. */
static unsigned long sign_first(struct job *job, bool message)
{
	for (unsigned i = 0; i < job->row->lanes; i++) {
		struct lane *lane = &job->lane[i];
		struct own *own = lane->own;
		struct signature s = { .n = sizeof(s.bytes) };
		EVP_PKEY_CTX *ctx = NULL;
		int result;

		if (message) {
			result = EVP_DigestSignInit(own->md_ctx, NULL, own->md, NULL, own->key[0]);
			if (result == 1)
				result = EVP_DigestSign(own->md_ctx, s.bytes, &s.n, lane->message, job->row->size);
		} else {
			ctx = EVP_PKEY_CTX_new(own->key[0], NULL);
			result = EVP_PKEY_sign_init(ctx);
			if (result == 1)
				result = EVP_PKEY_sign(ctx, s.bytes, &s.n, lane->message, job->row->size);
		}
		EVP_PKEY_CTX_free(ctx);
		if (result != 1)
			return FAILED;
		memcpy(lane->out, &s, sizeof(s));
	}
	return 0;
}

static unsigned long openssl_prepare(struct subject *s, struct job *job)
{
	const struct row *row = job->row;
	bool secret = row->key != NULL && row->key->openssl == NULL;
	bool message = row->key == &key_kinds[0] || row->openssl != NULL;

	(void)s;
	for (unsigned i = 0; i < row->lanes; i++)
		job->lane[i].own = lane_own(job);
	switch (row->op) {
	case OP_SIGN:
		job->step = secret ? step_mac : message ? step_sign_message : step_sign_digest;
		return 0;
	case OP_VERIFY:
		job->step = message ? step_verify_message : step_verify_digest;
		return sign_first(job, message);
	case OP_ENCRYPT:
		job->step = step_encrypt;
		return 0;
	case OP_DIGEST:
		job->step = step_digest;
		return 0;
	case OP_RANDOM:
		job->step = step_random;
		return 0;
	case OP_GENERATE:
		job->step = step_generate;
		return secret ? NOT_OFFERED : 0;
	default:
		return NOT_OFFERED;
	}
}

const struct driver driver_openssl = { .open = openssl_open, .prepare = openssl_prepare };
