/* SPDX-License-Identifier: Apache-2.0 */
#include "mech/rfc6979.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "mech/families.h"
#include "mech/ossl_auto.h"

AUTO_DEFINE(ECDSA_SIG_st, ECDSA_SIG_free)

/* By name: headers of OpenSSL 3.0 do not have it. */
#define NONCE_TYPE "nonce-type"
#define RFC_6979 1u

/* Two numbers of 521 bits, in DER. */
#define DER_MAX (3 + 2 * (3 + 67))
#define SCALAR_MAX 66

/* Kept so that they are found ready: a fetch is no work for a vault scope. */
static struct {
	EVP_KEYMGMT *keys;
	EVP_SIGNATURE *signature;
	EVP_KDF *nonces;
} fetched;

void rfc6979_open(void)
{
	const OSSL_PARAM *settable;

	(void)ERR_set_mark();
	fetched.keys = EVP_KEYMGMT_fetch(ossl_context(), "EC", NULL);
	fetched.signature = EVP_SIGNATURE_fetch(ossl_context(), "ECDSA", NULL);
	settable = fetched.signature == NULL ? NULL : EVP_SIGNATURE_settable_ctx_params(fetched.signature);
	if (settable != NULL && OSSL_PARAM_locate_const(settable, NONCE_TYPE) != NULL)
		fetched.nonces = EVP_KDF_fetch(ossl_context(), "HMAC-DRBG-KDF", NULL);
	(void)ERR_pop_to_mark();
}

void rfc6979_close(void)
{
	EVP_KEYMGMT_free(fetched.keys);
	EVP_SIGNATURE_free(fetched.signature);
	EVP_KDF_free(fetched.nonces);
	fetched.keys = NULL;
	fetched.signature = NULL;
	fetched.nonces = NULL;
}

bool rfc6979_available(void)
{
	return fetched.keys != NULL && fetched.nonces != NULL;
}

static EVP_PKEY *key_of(struct vault_scope *scope, const struct curve *curve, struct span value)
{
	AUTO(bignum_st) d = bignum_of(value);
	AUTO(evp_pkey_ctx_st) context = EVP_PKEY_CTX_new_from_name(ossl_context(), "EC", NULL);
	uint8_t number[SCALAR_MAX]; /* in the machine's order of bytes */
	EVP_PKEY *k = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)curve->library, 0),
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, number, curve->scalar),
		OSSL_PARAM_construct_end(),
	};

	(void)scope;
	if (d == NULL || context == NULL || curve->scalar > sizeof(number) ||
	    BN_bn2nativepad(d, number, (int)curve->scalar) != (int)curve->scalar || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &k, EVP_PKEY_KEYPAIR, params) != 1)
		return NULL;
	return k;
}

static bool numbers_of(const struct curve *curve, struct span der, uint8_t *out)
{
	const uint8_t *at = der.p;
	AUTO(ECDSA_SIG_st) signature = d2i_ECDSA_SIG(NULL, &at, (long)der.n);
	int half = (int)curve->scalar;

	return signature != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, half) == half &&
	       BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + half, half) == half;
}

CK_RV rfc6979_sign(struct vault_scope *scope, const struct curve *curve, struct span value, const struct hash *hash,
		   struct span digest, uint8_t *out)
{
	AUTO(evp_pkey_st) k = key_of(scope, curve, value);
	AUTO(evp_pkey_ctx_st) context = k == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(ossl_context(), k, NULL);
	unsigned type = RFC_6979;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, (char *)(uintptr_t)hash->name, 0),
		OSSL_PARAM_construct_uint(NONCE_TYPE, &type),
		OSSL_PARAM_construct_end(),
	};
	uint8_t der[DER_MAX];
	size_t n = sizeof(der);

	if (context == NULL || EVP_PKEY_sign_init_ex(context, params) != 1 ||
	    EVP_PKEY_sign(context, der, &n, digest.p, digest.n) != 1 || !numbers_of(curve, span(der, n), out))
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}
