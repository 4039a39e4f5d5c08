/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys from a master derivation key by index, as Algorand's key management daemon makes them:
 * seed(i) = HMAC-SHA-512/256(key, "AlgorandDeterministicKey-" || decimal(i) || 01), one block of HKDF-Expand (RFC 5869).
 */
#ifndef COFFER_ALGORAND_DERIVE_H
#define COFFER_ALGORAND_DERIVE_H

#include <stdint.h>

#include "vault/scope.h"

#define DERIVE_KEY_SIZE 32
/* The daemon's first index, and the one that it refuses. */
#define DERIVE_INDEX_FIRST ((uint64_t)1)
#define DERIVE_INDEX_END   ((uint64_t)1 << 63)

/* The Ed25519 seed of that index, in scope memory. */
void derive_seed(struct vault_scope *scope, const uint8_t key[DERIVE_KEY_SIZE], uint64_t index,
		 uint8_t seed[32]);

#endif
