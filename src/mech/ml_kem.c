/* SPDX-License-Identifier: Apache-2.0 */
/* ML-KEM: key encapsulation (FIPS 203), by OpenSSL.  A wrong ciphertext gives another secret: the algorithm's own implicit rejection. */
#include "base/error.h"
#include "mech/families.h"
#include "mech/ossl_auto.h"
#include "mech/pqc.h"

#define SECRET_SIZE 32

static CK_RV out_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	const struct parameter_set *set = pqc_set_of(call->key);

	(void)in_len;
	if (set == NULL || !pqc_has(set))
		return CKR_KEY_SIZE_RANGE;
	*out = set->out_n;
	return CKR_OK;
}

static bool is_wanted(size_t n)
{
	return n == MECH_LENGTH_ANY || n == MECH_LENGTH_AES || n == SECRET_SIZE;
}

static CK_RV encapsulate(struct vault_scope *scope, const struct mech_call *call, struct mspan ciphertext, struct mspan secret, size_t *n)
{
	AUTO(evp_pkey_st) k = pqc_public_key(call->key);
	AUTO(evp_pkey_ctx_st) context = k == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(ossl_context(), k, NULL);
	size_t wrapped_n = ciphertext.n, secret_n = secret.n;

	(void)scope;
	if (!is_wanted(*n))
		return CKR_TEMPLATE_INCONSISTENT;
	*n = SECRET_SIZE;
	if (context == NULL || EVP_PKEY_encapsulate_init(context, NULL) != 1 ||
	    EVP_PKEY_encapsulate(context, ciphertext.p, &wrapped_n, secret.p, &secret_n) != 1)
		return CKR_FUNCTION_FAILED;
	return wrapped_n == ciphertext.n && secret_n == SECRET_SIZE ? CKR_OK : CKR_FUNCTION_FAILED;
}

static bool decapsulate_with(EVP_PKEY *k, struct span ciphertext, struct mspan secret)
{
	AUTO(evp_pkey_ctx_st) context = EVP_PKEY_CTX_new_from_pkey(ossl_context(), k, NULL);
	size_t n = secret.n;

	return context != NULL && EVP_PKEY_decapsulate_init(context, NULL) == 1 &&
	       EVP_PKEY_decapsulate(context, secret.p, &n, ciphertext.p, ciphertext.n) == 1 && n == SECRET_SIZE;
}

static CK_RV decapsulate(struct vault_scope *scope, const struct mech_call *call, struct span ciphertext, struct mspan secret, size_t *n)
{
	const struct parameter_set *set = pqc_set_of(call->key);
	struct keep_use use;
	EVP_PKEY *k;
	bool done;

	if (set == NULL || !is_wanted(*n))
		return CKR_TEMPLATE_INCONSISTENT;
	if (ciphertext.n != set->out_n)
		return CKR_WRAPPED_KEY_LEN_RANGE;
	*n = SECRET_SIZE;
	k = pqc_take_private(scope, call->key, &use);
	if (k == NULL)
		return CKR_FUNCTION_FAILED;
	done = decapsulate_with(k, ciphertext, secret);
	keep_give(scope, &use, done);
	return done ? CKR_OK : CKR_FUNCTION_FAILED;
}

const struct mech_impl mech_ml_kem = {
	.state_kind = MECH_STATE_NONE,
	.available = pqc_available,
	.out_len = out_len,
	.encapsulate = encapsulate,
	.decapsulate = decapsulate,
};
