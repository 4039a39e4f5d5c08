/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secp256k1, the curve of Bitcoin and Ethereum, by libsecp256k1: a tenth of OpenSSL's time, and on the stack alone.
 *
 * Signatures have the lower of the two values that s may have, as those ledgers want it; both are verified.
 */
#ifndef COFFER_MECH_SECP256K1_H
#define COFFER_MECH_SECP256K1_H

#include "mech/mech.h"

#define K1_SCALAR 32
#define K1_POINT 65
#define K1_SIGNATURE 64

CK_RV k1_open(void);
void k1_close(void);

/* A new private value, and its point. */
CK_RV k1_generate(struct vault_scope *scope, uint8_t value[K1_SCALAR], uint8_t point[K1_POINT]);
/* The public point, uncompressed. CKR_ATTRIBUTE_VALUE_INVALID: the value is no private key. */
CK_RV k1_public(struct vault_scope *scope, struct span value, uint8_t point[K1_POINT]);
/* The x coordinate of the shared point; `peer` is uncompressed. */
CK_RV k1_agree(struct vault_scope *scope, struct span value, const uint8_t peer[K1_POINT], uint8_t x[K1_SCALAR]);
/* Of a digest of any length: its first 32 bytes count.  The nonce is RFC 6979's, of SHA-256; `hedged`: with fresh random numbers added
 * (its §3.6). */
CK_RV k1_sign(struct vault_scope *scope, struct span value, struct span digest, bool hedged, uint8_t out[K1_SIGNATURE]);
/* The lower s of the two that make a signature, which is what k1_sign gives. CKR_FUNCTION_FAILED: it is none. */
CK_RV k1_lower(uint8_t signature[K1_SIGNATURE]);
/* r || s, both equally long, 32 bytes at most; `point` is uncompressed. CKR_SIGNATURE_INVALID. */
CK_RV k1_verify(struct span point, struct span digest, struct span signature);

#endif
