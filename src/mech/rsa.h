/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA keys as the families of this room share them (RFC 8017), by OpenSSL's RSA functions: below EVP for the reason that
 * ec.h gives.  Private operations are blinded and, where the key has its primes, checked against the public exponent before
 * a result leaves (OpenSSL does both).
 */
#ifndef COFFER_MECH_RSA_H
#define COFFER_MECH_RSA_H

#include "mech/mech.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 16384
#define RSA_BYTES_MAX (RSA_BITS_MAX / 8)

/* Bytes of the modulus. */
static inline size_t rsa_size(const struct key_view *key)
{
	return (key->bits + 7) / 8;
}

/* OpenSSL's key of the view's parts, for the length of an operation; NULL when parts or memory are missing. */
struct rsa_st *rsa_of(const struct key_view *key);
/* The same of a public key, complete with what the library computes of the modulus; kept with the key (mech/prepared.h).  To be freed. */
struct rsa_st *rsa_public_of(const struct key_view *key);
/* RSADP, RSASP1: `in` has rsa_size bytes; so has `out`.  OpenSSL's key stays with the key (vault/keep.h).  CKR_DATA_INVALID: `in` is not less
 * than the modulus. */
CK_RV rsa_private(struct vault_scope *scope, const struct key_view *key, const uint8_t *in, uint8_t *out);
/* RSAEP, RSAVP1. CKR_DATA_INVALID: `in` is not less than the modulus. */
CK_RV rsa_public(const struct key_view *key, const uint8_t *in, uint8_t *out);

/* Copies what an operation gives as long as that is (§5.2): BUFFER_TOO_SMALL, with the length in *n. */
static inline CK_RV rsa_hand_out(struct span message, struct mspan out, size_t *n)
{
	*n = message.n;
	if (message.n > out.n)
		return CKR_BUFFER_TOO_SMALL;
	bytes_copy(out.p, message.p, message.n);
	return CKR_OK;
}

/* rsa_sign.c: the parts of a mechanism that signs and encrypts; as struct mech_impl has them. */
CK_RV rsa_sign_pkcs(struct vault_scope *scope, const struct mech_call *call, struct span message, struct mspan out, size_t *n);
CK_RV rsa_verify_pkcs(struct vault_scope *scope, const struct mech_call *call, struct span message, struct span signature);
CK_RV rsa_recover_pkcs(struct vault_scope *scope, const struct mech_call *call, struct span signature, struct mspan out, size_t *n);
CK_RV rsa_sign_raw(struct vault_scope *scope, const struct mech_call *call, struct span message, struct mspan out, size_t *n);
CK_RV rsa_verify_raw(struct vault_scope *scope, const struct mech_call *call, struct span message, struct span signature);
CK_RV rsa_recover_raw(struct vault_scope *scope, const struct mech_call *call, struct span signature, struct mspan out, size_t *n);
/* A number of rsa_size bytes with zeros before the message. CKR_DATA_LEN_RANGE. */
CK_RV rsa_number_of(const struct mech_call *call, struct span message, uint8_t *em);

/* Is it a consistent key?  Numbers lose leading zeros; what a private key lacks of its CRT numbers is computed; its public exponent too
 * when it is one of those in use.  As mech_key_complete(). */
CK_RV rsa_complete(struct vault_scope *scope, const struct key_view *given, struct key_view *out);

/*
 * EME-PKCS1-v1_5 without an oracle (draft-irtf-cfrg-rsa-guidance, §7: implicit rejection): a wrong padding gives a message
 * that depends on key and ciphertext alone, in the same time.  `em` is the decrypted block.  wanted: MECH_LENGTH_... or the only
 * length that is right.  *message lies in `room` (rsa_size bytes) afterwards.
 */
CK_RV rsa_unpad(struct vault_scope *scope, const struct key_view *key, struct span encrypted, struct span em, size_t wanted,
		struct mspan room, struct span *message);

#endif
