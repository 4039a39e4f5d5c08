/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-512/256 (FIPS 180-4 §5.3.6.2 and §6.7) and its HMAC, by libsodium's SHA-512: the
 * compression function is the same, the initial value is another and the digest is cut.  Unlike
 * OpenSSL's, it keeps nothing on the heap, so that secrets may go through it in a vault scope.
 */
#ifndef COFFER_ALGORAND_HASH_H
#define COFFER_ALGORAND_HASH_H

#include <sodium.h>

#include "base/span.h"

#define HASH_256 32

struct hash_256 {
	crypto_hash_sha512_state state;
};

void hash_256_init(struct hash_256 *h);
void hash_256_add(struct hash_256 *h, struct span part);
void hash_256_end(struct hash_256 *h, uint8_t out[HASH_256]);
void hash_256_of(struct span message, uint8_t out[HASH_256]);

/* HMAC (FIPS 198-1) with it, block size 128, for keys of 32 bytes. */
void hash_256_hmac(const uint8_t key[32], struct span message, uint8_t out[HASH_256]);

#endif
