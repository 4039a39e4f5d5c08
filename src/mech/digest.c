/* SPDX-License-Identifier: Apache-2.0 */
/* Digests by EVP: SHA-512/224, SHA-512/256, SHA-3 (FIPS 180-4, FIPS 202); and the hash of what is signed, by its name. */
#include <openssl/evp.h>

#include "mech/families.h"

struct digest_state {
	EVP_MD_CTX *context;
};
_Static_assert(sizeof(struct digest_state) == HASHING_STATE_SIZE, "the size that others reserve");

static const EVP_MD *md_of(const struct mech_call *call)
{
	return ossl_digest(call->mech->variant);
}

static CK_RV out_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	int n = EVP_MD_get_size(md_of(call));

	(void)in_len;
	if (n <= 0)
		return CKR_GENERAL_ERROR;
	*out = (size_t)n;
	return CKR_OK;
}

CK_RV hashing_begin(struct vault_scope *scope, const struct mech_call *call)
{
	struct digest_state *s = call->state;

	(void)scope;
	s->context = EVP_MD_CTX_new();
	if (s->context == NULL)
		return CKR_HOST_MEMORY;
	return EVP_DigestInit_ex2(s->context, md_of(call), NULL) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
}

CK_RV hashing_update(struct vault_scope *scope, const struct mech_call *call, struct span part)
{
	struct digest_state *s = call->state;

	(void)scope;
	return EVP_DigestUpdate(s->context, part.p, part.n) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
}

CK_RV hashing_finish(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n)
{
	struct digest_state *s = call->state;
	unsigned length = 0;

	(void)scope;
	if ((EVP_MD_get_flags(md_of(call)) & EVP_MD_FLAG_XOF) != 0) {
		*n = out.n;
		return EVP_DigestFinalXOF(s->context, out.p, out.n) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
	}
	if (EVP_DigestFinal_ex(s->context, out.p, &length) != 1)
		return CKR_FUNCTION_FAILED;
	*n = length;
	return CKR_OK;
}

/* In a scope: the copy, and all that it will ever hold, lies in the guarded heap. */
static CK_RV shelter(struct vault_scope *scope, const struct mech_call *call)
{
	struct digest_state *s = call->state;
	EVP_MD_CTX *copy = EVP_MD_CTX_new();

	(void)scope;
	if (copy == NULL)
		return CKR_DEVICE_MEMORY;
	if (EVP_MD_CTX_copy_ex(copy, s->context) != 1) {
		EVP_MD_CTX_free(copy);
		return CKR_DEVICE_MEMORY;
	}
	EVP_MD_CTX_free(s->context);
	s->context = copy;
	return CKR_OK;
}

void hashing_clear(void *state)
{
	struct digest_state *s = state;

	EVP_MD_CTX_free(s->context);
	s->context = NULL;
}

const struct mech_impl mech_digest = {
	.state_kind = MECH_STATE_PLAIN,
	.state_size = sizeof(struct digest_state),
	.out_len = out_len,
	.begin = hashing_begin,
	.update = hashing_update,
	.finish = hashing_finish,
	.clear = hashing_clear,
	.shelter = shelter,
};
