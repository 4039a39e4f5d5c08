/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "mech/hmac.h"

#include <openssl/hmac.h>

#include "mech/families.h"

HMAC_CTX *hmac_new(void)
{
	return HMAC_CTX_new();
}

void hmac_free(HMAC_CTX *hmac)
{
	HMAC_CTX_free(hmac);
}

CK_RV hmac_of(struct vault_scope *scope, HMAC_CTX *hmac, const struct hash *hash, struct span key, const struct span *parts, size_t count,
	      uint8_t *out)
{
	unsigned n = 0;

	(void)scope;
	/* A NULL key would mean the one of before. */
	if (hmac == NULL || HMAC_Init_ex(hmac, key.n == 0 ? "" : (const void *)key.p, (int)key.n, ossl_digest(hash->name), NULL) != 1)
		return CKR_FUNCTION_FAILED;
	for (size_t i = 0; i < count; i++)
		if (HMAC_Update(hmac, parts[i].p, parts[i].n) != 1)
			return CKR_FUNCTION_FAILED;
	return HMAC_Final(hmac, out, &n) == 1 && n == hash->size ? CKR_OK : CKR_FUNCTION_FAILED;
}
