/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "mech/hmac.h"

#include <openssl/hmac.h>

#include "base/cleanup.h"
#include "mech/families.h"

AUTO_DEFINE(hmac_ctx_st, HMAC_CTX_free)

CK_RV hmac_of(struct vault_scope *scope, const struct hash *hash, struct span key, const struct span *parts, size_t count,
	      uint8_t *out)
{
	AUTO(hmac_ctx_st) context = HMAC_CTX_new();
	unsigned n = 0;

	(void)scope;
	/* A NULL key would mean the one of before. */
	if (context == NULL || HMAC_Init_ex(context, key.n == 0 ? "" : (const void *)key.p, (int)key.n, ossl_digest(hash->name), NULL) != 1)
		return CKR_FUNCTION_FAILED;
	for (size_t i = 0; i < count; i++)
		if (HMAC_Update(context, parts[i].p, parts[i].n) != 1)
			return CKR_FUNCTION_FAILED;
	return HMAC_Final(context, out, &n) == 1 && n == hash->size ? CKR_OK : CKR_FUNCTION_FAILED;
}
