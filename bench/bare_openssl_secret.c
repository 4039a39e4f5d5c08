/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bare_openssl.h"

#define KEY_BYTES 32
#define NONCE_BYTES 12
#define TAG_BYTES 16

static unsigned long step_mac(struct lane *lane)
{
	struct own *own = lane->own;
	size_t n = lane->out_n;

	if (EVP_MAC_init(own->mac_ctx, own->secret, KEY_BYTES, NULL) != 1 ||
	    EVP_MAC_update(own->mac_ctx, lane->message, lane->job->row->size) != 1)
		return FAILED;
	return wrong_unless(EVP_MAC_final(own->mac_ctx, lane->out, &n, n));
}

static void next_iv(struct lane *lane)
{
	struct own *own = lane->own;

	memcpy(own->iv, &lane->turn, sizeof(lane->turn));
}

static bool is_ccm(const struct own *own)
{
	return EVP_CIPHER_get_mode(own->cipher) == EVP_CIPH_CCM_MODE;
}

/* CCM wants to know the lengths first (SP 800-38C). */
static int begin_ccm(struct lane *lane)
{
	struct own *own = lane->own;
	EVP_CIPHER_CTX *ctx = own->cipher_ctx;
	int n;

	return EVP_EncryptInit_ex2(ctx, own->cipher, NULL, NULL, NULL) == 1 &&
			       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, NONCE_BYTES, NULL) == 1 &&
			       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, NULL) == 1 &&
			       EVP_EncryptInit_ex2(ctx, NULL, own->secret, own->iv, NULL) == 1 ?
		       EVP_EncryptUpdate(ctx, NULL, &n, NULL, (int)lane->job->row->size) :
		       0;
}

static unsigned long step_encrypt(struct lane *lane)
{
	struct own *own = lane->own;
	EVP_CIPHER_CTX *ctx = own->cipher_ctx;
	int n, rest;

	next_iv(lane);
	if ((is_ccm(own) ? begin_ccm(lane) : EVP_EncryptInit_ex2(ctx, own->cipher, own->secret, own->iv, NULL)) != 1 ||
	    EVP_EncryptUpdate(ctx, lane->out, &n, lane->message, (int)lane->job->row->size) != 1 ||
	    EVP_EncryptFinal_ex(ctx, lane->out + n, &rest) != 1)
		return FAILED;
	if ((EVP_CIPHER_get_flags(own->cipher) & EVP_CIPH_FLAG_AEAD_CIPHER) == 0)
		return 0;
	return wrong_unless(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, lane->out + n));
}

/* Of a cipher without a tag. */
static unsigned long step_decrypt(struct lane *lane)
{
	struct own *own = lane->own;
	int n, rest;

	if (EVP_DecryptInit_ex2(own->cipher_ctx, own->cipher, own->secret, own->iv, NULL) != 1 ||
	    EVP_DecryptUpdate(own->cipher_ctx, lane->message, &n, lane->out, (int)own->input_n) != 1)
		return FAILED;
	return wrong_unless(EVP_DecryptFinal_ex(own->cipher_ctx, lane->message + n, &rest));
}

/* HKDF: of the row's digest, extract and expand. */
static unsigned long step_hkdf(struct lane *lane)
{
	struct own *own = lane->own;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)lane->job->row->openssl, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, own->secret, KEY_BYTES),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, own->iv, sizeof(own->iv)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, own->iv, sizeof(own->iv)),
		OSSL_PARAM_construct_end(),
	};

	next_iv(lane);
	return wrong_unless(EVP_KDF_derive(own->kdf_ctx, lane->out, lane->job->row->size, params));
}

static unsigned long step_generate(struct lane *lane)
{
	return wrong_unless(RAND_priv_bytes(lane->out, (int)(lane->job->row->key->bits / 8)));
}

static unsigned long prepare_mac(struct job *job, struct own *own)
{
	bool cmac = job->row->mechanism == CKM_AES_CMAC;
	EVP_MAC *mac = EVP_MAC_fetch(NULL, cmac ? "CMAC" : "HMAC", NULL);
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(cmac ? OSSL_MAC_PARAM_CIPHER : OSSL_MAC_PARAM_DIGEST,
								 (char *)(uintptr_t)job->row->openssl, 0),
				OSSL_PARAM_construct_end() };

	own->mac_ctx = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	job->step = step_mac;
	return wrong_unless(EVP_MAC_CTX_set_params(own->mac_ctx, params));
}

static unsigned long prepare_cipher(struct job *job, struct own *own)
{
	own->cipher_ctx = EVP_CIPHER_CTX_new();
	own->cipher = EVP_CIPHER_fetch(NULL, job->row->openssl, NULL);
	if (own->cipher_ctx == NULL || own->cipher == NULL)
		return NOT_OFFERED;
	EVP_CIPHER_CTX_set_flags(own->cipher_ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	job->step = step_encrypt;
	return 0;
}

/* Its input is what step_encrypt() makes, with its padding. */
static unsigned long prepare_decrypt(struct job *job, struct lane *lane)
{
	struct own *own = lane->own;
	unsigned long error = prepare_cipher(job, own);

	if (error == 0)
		error = step_encrypt(lane);
	if (error == 0)
		own->input_n = (job->row->size / 16 + 1) * 16;
	job->step = step_decrypt;
	return error;
}

/* RFC 5649's IV is a constant: that of a row that wraps stays NULL's. */
static unsigned long step_wrap(struct lane *lane)
{
	struct own *own = lane->own;
	int n;

	if (EVP_EncryptInit_ex2(own->cipher_ctx, own->cipher, own->secret, NULL, NULL) != 1)
		return FAILED;
	return EVP_EncryptUpdate(own->cipher_ctx, lane->out, &n, lane->message, (int)lane->job->row->size) == 1 ? 0 : FAILED;
}

static unsigned long prepare_kdf(struct job *job, struct own *own)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);

	own->kdf_ctx = EVP_KDF_CTX_new(kdf);
	EVP_KDF_free(kdf);
	job->step = step_hkdf;
	return own->kdf_ctx == NULL ? NOT_OFFERED : 0;
}

static unsigned long prepare_lane(struct job *job, struct lane *lane)
{
	struct own *own = lane->own;
	unsigned long error;

	/* XTS refuses two equal halves. */
	for (size_t i = 0; i < sizeof(own->secret); i++)
		own->secret[i] = (unsigned char)i;
	switch (job->row->op) {
	case OP_SIGN:
		return prepare_mac(job, own);
	case OP_ENCRYPT:
		return prepare_cipher(job, own);
	case OP_DECRYPT:
		return prepare_decrypt(job, lane);
	case OP_WRAP:
		error = prepare_cipher(job, own);
		job->step = step_wrap;
		return error;
	case OP_DERIVE:
		return prepare_kdf(job, own);
	case OP_GENERATE:
		job->step = step_generate;
		return 0;
	default:
		return NOT_OFFERED;
	}
}

unsigned long secret_prepare(struct job *job)
{
	unsigned long error = 0;

	for (unsigned i = 0; error == 0 && i < job->row->lanes; i++)
		error = prepare_lane(job, &job->lane[i]);
	return error;
}
