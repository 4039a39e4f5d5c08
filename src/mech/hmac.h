/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC (FIPS 198-1) over a few spans, as key derivation functions need it. */
#ifndef COFFER_MECH_HMAC_H
#define COFFER_MECH_HMAC_H

#include "mech/hashes.h"
#include "mech/mech.h"

/* out has hash->size bytes. */
CK_RV hmac_of(struct vault_scope *scope, const struct hash *hash, struct span key, const struct span *parts, size_t count,
	      uint8_t *out);

#endif
