/* SPDX-License-Identifier: Apache-2.0 */
/* A multisig account of Algorand: an ordered list of public keys, how many of them must sign, a version. */
#ifndef COFFER_ALGORAND_MULTISIG_H
#define COFFER_ALGORAND_MULTISIG_H

#include "algorand/address.h"

/* What one byte of threshold can count. */
#define MULTISIG_KEYS_MAX 255

struct multisig {
	uint8_t version;   /* 1 */
	uint8_t threshold; /* 1 to the number of keys */
	struct span keys;  /* 32 bytes each, in order; a key may be there twice */
};

static inline size_t multisig_count(const struct multisig *m)
{
	return m->keys.n / ADDRESS_SIZE;
}

static inline const uint8_t *multisig_key(const struct multisig *m, size_t i)
{
	return m->keys.p + i * ADDRESS_SIZE;
}

/* UNSUPPORTED version; INVALID: no keys or too many, a threshold that they cannot reach. */
struct cf_status multisig_check(const struct multisig *m) CF_CHECKED;

/* SHA-512/256("MultisigAddr" || version || threshold || keys); the account was checked. */
void multisig_address(const struct multisig *m, uint8_t address[ADDRESS_SIZE]);

#endif
