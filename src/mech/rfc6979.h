/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA whose nonce is made of the key and the digest alone (RFC 6979), by OpenSSL from 3.2 on.
 *
 * What is signed twice has one signature then, and a bad random generator gives no key away; a fault that strikes one of two such
 * signatures does.  So it is off unless the configuration asks for it, and what is drawn otherwise is hedged.
 */
#ifndef COFFER_MECH_RFC6979_H
#define COFFER_MECH_RFC6979_H

#include "ck/curve.h"
#include "mech/hashes.h"
#include "mech/mech.h"

/* Looks whether the library can; leaves no error behind. */
void rfc6979_open(void);
void rfc6979_close(void);
bool rfc6979_available(void);

/* r || s, both curve->scalar bytes, of a private value of as many.  `hash` made the digest, and makes the nonce. FUNCTION_FAILED. */
CK_RV rfc6979_sign(struct vault_scope *scope, const struct curve *curve, struct span value, const struct hash *hash,
		   struct span digest, uint8_t *out);

#endif
