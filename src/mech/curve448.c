/* SPDX-License-Identifier: Apache-2.0 */
#include "mech/curve448.h"

#include "base/error.h"
#include "mech/families.h"
#include "mech/ossl_auto.h"

static EVP_PKEY *private_key(const char *name, struct span value)
{
	return EVP_PKEY_new_raw_private_key_ex(ossl_context(), name, NULL, value.p, value.n);
}

static EVP_PKEY *public_key(const char *name, struct span point)
{
	return EVP_PKEY_new_raw_public_key_ex(ossl_context(), name, NULL, point.p, point.n);
}

CK_RV curve448_public(struct vault_scope *scope, const struct curve *curve, struct span value, uint8_t *out)
{
	AUTO(evp_pkey_st) k = value.n == curve->scalar ? private_key(curve->library, value) : NULL;
	size_t n = curve->point;

	(void)scope;
	if (value.n != curve->scalar)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	if (k == NULL || EVP_PKEY_get_raw_public_key(k, out, &n) != 1 || n != curve->point)
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

CK_RV curve448_agree(struct vault_scope *scope, const struct curve *curve, struct span value, struct span peer, struct mspan z)
{
	AUTO(evp_pkey_st) ours = private_key(curve->library, value);
	AUTO(evp_pkey_st) theirs = peer.n == curve->point ? public_key(curve->library, peer) : NULL;
	AUTO(evp_pkey_ctx_st) context = NULL;
	size_t n = z.n;

	(void)scope;
	if (theirs == NULL)
		return CKR_MECHANISM_PARAM_INVALID;
	if (ours != NULL)
		context = EVP_PKEY_CTX_new_from_pkey(ossl_context(), ours, NULL);
	if (context == NULL || EVP_PKEY_derive_init(context) != 1 || EVP_PKEY_derive_set_peer(context, theirs) != 1)
		return CKR_FUNCTION_FAILED;
	return EVP_PKEY_derive(context, z.p, &n) == 1 && n == curve->scalar ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

CK_RV ed448_sign(struct vault_scope *scope, struct span value, struct span message, struct mspan out, size_t *n)
{
	AUTO(evp_pkey_st) k = private_key("ED448", value);
	AUTO(evp_md_ctx_st) context = EVP_MD_CTX_new();

	(void)scope;
	*n = out.n;
	if (k == NULL || context == NULL || EVP_DigestSignInit_ex(context, NULL, NULL, ossl_context(), NULL, k, NULL) != 1 ||
	    EVP_DigestSign(context, out.p, n, message.p, message.n) != 1)
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

CK_RV ed448_verify(struct span point, struct span message, struct span signature)
{
	AUTO(evp_pkey_st) k = public_key("ED448", point);
	AUTO(evp_md_ctx_st) context = EVP_MD_CTX_new();

	if (signature.n != ED448_SIGNATURE_SIZE)
		return CKR_SIGNATURE_LEN_RANGE;
	if (k == NULL || context == NULL || EVP_DigestVerifyInit_ex(context, NULL, NULL, ossl_context(), NULL, k, NULL) != 1)
		return CKR_FUNCTION_FAILED;
	return EVP_DigestVerify(context, signature.p, signature.n, message.p, message.n) == 1 ? CKR_OK : CKR_SIGNATURE_INVALID;
}
