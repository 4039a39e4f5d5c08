/* SPDX-License-Identifier: Apache-2.0 */
/* Keys out of a key by one step: hashed, joined with data or another key, or the ciphertext of data (PKCS#11 3.0 §6.43, §6.42, §6.27.6). */
#include <sodium.h>

#include "base/error.h"
#include "mech/families.h"
#include "mech/hashes.h"
#include "mech/ossl_auto.h"

#define AES_BLOCK 16

/* As many of the bytes as the new key has: from the front. */
static CK_RV take(struct span bytes, struct mspan out, size_t *n)
{
	if (*n == 0)
		*n = bytes.n;
	if (*n > bytes.n || *n > out.n)
		return CKR_KEY_SIZE_RANGE;
	if (out.p != bytes.p)
		bytes_copy(out.p, bytes.p, *n);
	return CKR_OK;
}

/* ---- the hash of the key ---- */

static CK_RV derive_hash(struct vault_scope *scope, const struct mech_call *call, const struct key_view *other, struct mspan out,
			 size_t *n)
{
	struct span value = key_view_part(call->key, CKA_VALUE);
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	(void)scope;
	(void)other;
	if (EVP_Digest(value.p, value.n, digest, &size, ossl_digest(call->mech->variant), NULL) != 1)
		return CKR_FUNCTION_FAILED;
	return take(span(digest, size), out, n);
}

/* As long as it is asked for: SHAKE has no length of its own, and a template that gives none names no key. */
static CK_RV derive_shake(struct vault_scope *scope, const struct mech_call *call, const struct key_view *other, struct mspan out,
			  size_t *n)
{
	AUTO(evp_md_ctx_st) context = EVP_MD_CTX_new();
	struct span value = key_view_part(call->key, CKA_VALUE);

	(void)scope;
	(void)other;
	if (*n == 0 || *n > out.n)
		return CKR_KEY_SIZE_RANGE;
	if (context == NULL || EVP_DigestInit_ex2(context, ossl_digest(call->mech->variant), NULL) != 1 ||
	    EVP_DigestUpdate(context, value.p, value.n) != 1 || EVP_DigestFinalXOF(context, out.p, *n) != 1)
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

static CK_RV derive_blake2b(struct vault_scope *scope, const struct mech_call *call, const struct key_view *other, struct mspan out,
			    size_t *n)
{
	struct span value = key_view_part(call->key, CKA_VALUE);
	size_t size = *(const size_t *)call->mech->variant;
	uint8_t digest[crypto_generichash_BYTES_MAX];

	(void)scope;
	(void)other;
	if (crypto_generichash(digest, size, value.p, value.n, NULL, 0) != 0)
		return CKR_FUNCTION_FAILED;
	return take(span(digest, size), out, n);
}

/* ---- joined ---- */

static CK_RV join(struct span first, struct span second, struct mspan out, size_t *n)
{
	if (first.n + second.n > out.n)
		return CKR_KEY_SIZE_RANGE;
	bytes_copy(out.p, first.p, first.n);
	bytes_copy(out.p + first.n, second.p, second.n);
	return take(span(out.p, first.n + second.n), out, n);
}

static CK_RV derive_join(struct vault_scope *scope, const struct mech_call *call, const struct key_view *other, struct mspan out,
			 size_t *n)
{
	struct span base = key_view_part(call->key, CKA_VALUE), data = call->params->data.data;

	(void)scope;
	switch (call->mech->type) {
	case CKM_CONCATENATE_BASE_AND_KEY:
		return other == NULL ? CKR_GENERAL_ERROR : join(base, key_view_part(other, CKA_VALUE), out, n);
	case CKM_CONCATENATE_BASE_AND_DATA:
		return join(base, data, out, n);
	case CKM_CONCATENATE_DATA_AND_BASE:
		return join(data, base, out, n);
	default:
		return CKR_GENERAL_ERROR;
	}
}

/* All of both keys, wherever they lie in it. */
static size_t joined_length(const struct mech_call *call, const struct key_view *other)
{
	size_t base = key_view_part(call->key, CKA_VALUE).n;

	if (call->mech->type == CKM_CONCATENATE_DATA_AND_BASE)
		return call->params->data.data.n + base;
	return other == NULL ? base : base + key_view_part(other, CKA_VALUE).n;
}

static CK_RV derive_xor(struct vault_scope *scope, const struct mech_call *call, const struct key_view *other, struct mspan out,
			size_t *n)
{
	struct span base = key_view_part(call->key, CKA_VALUE), data = call->params->data.data;
	size_t least = base.n < data.n ? base.n : data.n;

	(void)scope;
	(void)other;
	if (least > out.n)
		return CKR_KEY_SIZE_RANGE;
	for (size_t i = 0; i < least; i++)
		out.p[i] = base.p[i] ^ data.p[i];
	return take(span(out.p, least), out, n);
}

/* ---- the ciphertext of data, by AES ---- */

static const EVP_CIPHER *cipher_of(size_t key)
{
	return ossl_cipher(key == 16 ? "AES-128-CBC" : key == 24 ? "AES-192-CBC" : "AES-256-CBC");
}

static CK_RV encrypt_blocks(struct span key, const uint8_t iv[AES_BLOCK], struct span in, uint8_t *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n = 0;
	bool done = c != NULL && EVP_EncryptInit_ex2(c, cipher_of(key.n), key.p, iv, NULL) == 1 &&
		    EVP_CIPHER_CTX_set_padding(c, 0) == 1 && EVP_EncryptUpdate(c, out, &n, in.p, (int)in.n) == 1;

	EVP_CIPHER_CTX_free(c);
	return done && (size_t)n == in.n ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV derive_encrypt(struct vault_scope *scope, const struct mech_call *call, const struct key_view *other, struct mspan out,
			    size_t *n)
{
	static const uint8_t zeros[AES_BLOCK];
	const struct mech_data_params *p = &call->params->data;
	struct span key = key_view_part(call->key, CKA_VALUE);
	CK_RV rv = CKR_OK;

	(void)scope;
	(void)other;
	if (p->data.n > out.n)
		return CKR_KEY_SIZE_RANGE;
	if (call->mech->type == CKM_AES_CBC_ENCRYPT_DATA) {
		rv = encrypt_blocks(key, p->iv, p->data, out.p);
	} else {
		/* ECB is CBC of one block with an IV of zeros. */
		for (size_t i = 0; i < p->data.n && rv == CKR_OK; i += AES_BLOCK)
			rv = encrypt_blocks(key, zeros, span(p->data.p + i, AES_BLOCK), out.p + i);
	}
	return rv == CKR_OK ? take(span(out.p, p->data.n), out, n) : rv;
}

const struct mech_impl mech_derive_hash = { .state_kind = MECH_STATE_NONE, .length_by_type = true, .derive = derive_hash };
const struct mech_impl mech_derive_shake = { .state_kind = MECH_STATE_NONE, .length_by_type = true, .derive = derive_shake };
const struct mech_impl mech_derive_blake2b = { .state_kind = MECH_STATE_NONE, .length_by_type = true, .derive = derive_blake2b };

static CK_OBJECT_HANDLE second_key(const union mech_params *params)
{
	return params->other.key;
}

const struct mech_impl mech_derive_join = {
	.state_kind = MECH_STATE_NONE,
	.derives_openly = true,
	.whole_length = joined_length,
	.derive = derive_join,
};
const struct mech_impl mech_derive_join_key = {
	.state_kind = MECH_STATE_NONE,
	.derives_openly = true,
	.whole_length = joined_length,
	.other_key = second_key,
	.derive = derive_join,
};
const struct mech_impl mech_derive_xor = { .state_kind = MECH_STATE_NONE, .derives_openly = true, .derive = derive_xor };
const struct mech_impl mech_derive_encrypt = { .state_kind = MECH_STATE_NONE, .derive = derive_encrypt };
