/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bare_openssl.h"

EVP_PKEY *pair_generate(const struct key_kind *kind)
{
	if (strcmp(kind->openssl, "RSA") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, kind->openssl, kind->bits);
	if (kind->curve != NULL)
		return EVP_PKEY_Q_keygen(NULL, NULL, kind->openssl, kind->curve);
	return EVP_PKEY_Q_keygen(NULL, NULL, kind->openssl);
}

static EVP_PKEY *next_key(const struct lane *lane)
{
	const struct own *own = lane->own;

	return own->key[(lane->turn + lane->number * own->keys / 2) % own->keys];
}

static bool is_pss(const struct lane *lane)
{
	return lane->job->row->mechanism == CKM_SHA256_RSA_PKCS_PSS;
}

/* A message is signed (EdDSA, or hashed by the mechanism)... */
static int sign_message(struct lane *lane, unsigned char *out, size_t *n)
{
	struct own *own = lane->own;
	EVP_PKEY_CTX *ctx = NULL;

	if (EVP_DigestSignInit(own->md_ctx, &ctx, own->md, NULL, next_key(lane)) != 1)
		return 0;
	if (is_pss(lane) && (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) != 1 ||
			     EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) != 1))
		return 0;
	return EVP_DigestSign(own->md_ctx, out, n, lane->message, lane->job->row->size);
}

/* ... or its digest, which the caller made. */
static int sign_digest(struct lane *lane, unsigned char *out, size_t *n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(next_key(lane), NULL);
	int result = EVP_PKEY_sign_init(ctx);

	if (result == 1)
		result = EVP_PKEY_sign(ctx, out, n, lane->message, lane->job->row->size);
	EVP_PKEY_CTX_free(ctx);
	return result;
}

static bool takes_message(const struct row *row)
{
	return row->openssl != NULL || row->mechanism == CKM_EDDSA || row->mechanism == CKM_ML_DSA || row->mechanism == CKM_SLH_DSA;
}

static unsigned long step_sign(struct lane *lane)
{
	size_t n = lane->out_n;

	return wrong_unless(takes_message(lane->job->row) ? sign_message(lane, lane->out, &n) : sign_digest(lane, lane->out, &n));
}

static unsigned long step_verify_digest(struct lane *lane)
{
	const struct own *own = lane->own;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(next_key(lane), NULL);
	int result = EVP_PKEY_verify_init(ctx);

	if (result == 1)
		result = EVP_PKEY_verify(ctx, lane->out, own->input_n, lane->message, lane->job->row->size);
	EVP_PKEY_CTX_free(ctx);
	return wrong_unless(result);
}

static unsigned long step_verify_message(struct lane *lane)
{
	struct own *own = lane->own;

	if (EVP_DigestVerifyInit(own->md_ctx, NULL, own->md, NULL, next_key(lane)) != 1)
		return FAILED;
	return wrong_unless(EVP_DigestVerify(own->md_ctx, lane->out, own->input_n, lane->message, lane->job->row->size));
}

static unsigned long prepare_verify(struct job *job)
{
	bool message = takes_message(job->row);

	job->step = message ? step_verify_message : step_verify_digest;
	for (unsigned i = 0; i < job->row->lanes; i++) {
		struct lane *lane = &job->lane[i];
		struct own *own = lane->own;

		own->input_n = lane->out_n;
		if ((message ? sign_message(lane, lane->out, &own->input_n) : sign_digest(lane, lane->out, &own->input_n)) != 1)
			return FAILED;
	}
	return 0;
}

/* ---- RSA OAEP with SHA-1 ---- */

static int oaep(EVP_PKEY_CTX *ctx, int initialised)
{
	return initialised == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 ? 1 : 0;
}

static unsigned long step_decrypt(struct lane *lane)
{
	struct own *own = lane->own;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(next_key(lane), NULL);
	size_t n = lane->message_n;
	int result = oaep(ctx, EVP_PKEY_decrypt_init(ctx));

	if (result == 1)
		result = EVP_PKEY_decrypt(ctx, lane->message, &n, lane->out, own->input_n);
	EVP_PKEY_CTX_free(ctx);
	return wrong_unless(result);
}

static unsigned long prepare_decrypt(struct job *job)
{
	job->step = step_decrypt;
	for (unsigned i = 0; i < job->row->lanes; i++) {
		struct lane *lane = &job->lane[i];
		struct own *own = lane->own;
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own->key[0], NULL);
		int result = oaep(ctx, EVP_PKEY_encrypt_init(ctx));

		own->input_n = lane->out_n;
		if (result == 1)
			result = EVP_PKEY_encrypt(ctx, lane->out, &own->input_n, lane->message, job->row->size);
		EVP_PKEY_CTX_free(ctx);
		if (result != 1)
			return FAILED;
	}
	return 0;
}

/* ---- agreement: with the key's own public half, which is known and checked ---- */

static unsigned long step_derive(struct lane *lane)
{
	EVP_PKEY *key = next_key(lane);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t n = lane->out_n;
	int result = EVP_PKEY_derive_init(ctx);

	if (result == 1)
		result = EVP_PKEY_derive_set_peer(ctx, key);
	if (result == 1)
		result = EVP_PKEY_derive(ctx, lane->out, &n);
	EVP_PKEY_CTX_free(ctx);
	return wrong_unless(result);
}

/* ---- encapsulation ---- */

static int encapsulate(struct lane *lane, size_t *n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(next_key(lane), NULL);
	unsigned char secret[64];
	size_t secret_n = sizeof(secret);
	int result = EVP_PKEY_encapsulate_init(ctx, NULL);

	if (result == 1)
		result = EVP_PKEY_encapsulate(ctx, lane->out, n, secret, &secret_n);
	EVP_PKEY_CTX_free(ctx);
	return result;
}

static unsigned long step_encapsulate(struct lane *lane)
{
	size_t n = lane->out_n;

	return wrong_unless(encapsulate(lane, &n));
}

static unsigned long step_decapsulate(struct lane *lane)
{
	const struct own *own = lane->own;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(next_key(lane), NULL);
	unsigned char secret[64];
	size_t n = sizeof(secret);
	int result = EVP_PKEY_decapsulate_init(ctx, NULL);

	if (result == 1)
		result = EVP_PKEY_decapsulate(ctx, secret, &n, lane->out, own->input_n);
	EVP_PKEY_CTX_free(ctx);
	return wrong_unless(result);
}

static unsigned long prepare_decapsulate(struct job *job)
{
	job->step = step_decapsulate;
	for (unsigned i = 0; i < job->row->lanes; i++) {
		struct own *own = job->lane[i].own;

		own->input_n = job->lane[i].out_n;
		if (encapsulate(&job->lane[i], &own->input_n) != 1)
			return FAILED;
	}
	return 0;
}

static unsigned long step_generate(struct lane *lane)
{
	EVP_PKEY *key = pair_generate(lane->job->row->key);

	EVP_PKEY_free(key);
	return key == NULL ? FAILED : 0;
}

static bool make_keys(const struct job *job, struct own *own)
{
	own->keys = job->row->many ? job->settings->turn : 1;
	own->key = calloc(own->keys, sizeof(EVP_PKEY *));
	if (own->key == NULL)
		abort();
	for (unsigned long i = 0; i < own->keys; i++)
		if ((own->key[i] = pair_generate(job->row->key)) == NULL)
			return false;
	return true;
}

unsigned long pair_prepare(struct job *job)
{
	for (unsigned i = 0; i < job->row->lanes; i++)
		if (!make_keys(job, job->lane[i].own))
			return NOT_OFFERED;
	switch (job->row->op) {
	case OP_SIGN:
		job->step = step_sign;
		return 0;
	case OP_VERIFY:
		return prepare_verify(job);
	case OP_DECRYPT:
		return prepare_decrypt(job);
	case OP_DERIVE:
		job->step = step_derive;
		return 0;
	case OP_ENCAPSULATE:
		job->step = step_encapsulate;
		return 0;
	case OP_DECAPSULATE:
		return prepare_decapsulate(job);
	case OP_GENERATE:
		job->step = step_generate;
		return 0;
	default:
		return NOT_OFFERED;
	}
}
