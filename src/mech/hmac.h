/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC (FIPS 198-1) over a few spans, as key derivation functions need it. */
#ifndef COFFER_MECH_HMAC_H
#define COFFER_MECH_HMAC_H

#include "base/cleanup.h"
#include "mech/hashes.h"
#include "mech/mech.h"

struct hmac_ctx_st; /* libcrypto's: one serves all that are computed on the way of an operation */
struct hmac_ctx_st *hmac_new(void);
void hmac_free(struct hmac_ctx_st *hmac);
AUTO_DEFINE(hmac_ctx_st, hmac_free)

/* out has hash->size bytes.  `hmac` may be NULL, which is a failure. */
CK_RV hmac_of(struct vault_scope *scope, struct hmac_ctx_st *hmac, const struct hash *hash, struct span key, const struct span *parts, size_t count,
	      uint8_t *out);

#endif
