/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the scanner knows, and how it finds it.
 *
 * Each secret is looked for in every form that a program may keep it in: as it is, reversed,
 * with the bytes of each 4- or 8-byte word swapped, and with the words in reverse order (the limbs
 * of big numbers).  A hit is any 16-byte window of any form, at any address.
 *
 * How: any 16 bytes hold one aligned 8-byte word whole, so that only aligned words of memory are
 * looked up, in a table of all 8-byte windows of all forms; what matches there is compared outwards.
 */
#ifndef COFFER_TESTS_MEMORY_SECRETS_H
#define COFFER_TESTS_MEMORY_SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One column of the published table each.  A new kind of key is one row here and in kinds[]. */
enum kind {
	KIND_PIN,        /* user, SO, old and new PINs */
	KIND_STRETCHED,  /* Argon2id: its input hash H0 and its output */
	KIND_KEK,        /* key-encryption keys */
	KIND_WALLET_KEY, /* and its sub-keys */
	KIND_COFFER_KEY,
	KIND_SEED,       /* Ed25519, Ed448 */
	KIND_SCALAR,     /* first half of the hash of the seed: as hashed, clamped, reduced, in limbs */
	KIND_PREFIX,     /* second half */
	KIND_NONCE,      /* of signatures: of EdDSA before and after reduction, in digits; of ECDSA with the order added too */
	KIND_VALUE,      /* of private data objects */
	KIND_LABEL,      /* and CKA_ID of private objects */
	KIND_MONTGOMERY, /* scalars of X25519 and X448 */
	KIND_HMAC,       /* keys, and keys XOR ipad, opad */
	KIND_AES,        /* keys and their schedules */
	KIND_RSA,        /* d, p, q and the CRT numbers */
	KIND_EC,         /* private scalars */
	KIND_DH,
	KIND_PQC,        /* ML-KEM, ML-DSA, SLH-DSA: seeds, the private parts of values, as they are encoded and as numbers */
	KIND_KEY,        /* other secret keys */
	KIND_DERIVED,    /* what comes out of derivation, generation and unwrapping */
	KINDS
};
const char *kind_name(enum kind k);

/* All secrets of one run. */
struct secrets;
struct secrets *secrets_new(void);
void secrets_free(struct secrets *s);
/* Adds a secret of at least 16 bytes, in all forms. One that is there already is not added again. */
void secrets_add(struct secrets *s, enum kind k, const void *p, size_t n);
/* The same, only as it is: for what has a form of its own (limbs, digits). */
void secrets_add_form(struct secrets *s, enum kind k, const void *p, size_t n);
/* Is there a secret of that kind? */
bool secrets_any(const struct secrets *s, enum kind k);
/* How many there are, and the i-th as it was added: for the control that keeps them. */
size_t secrets_count(const struct secrets *s);
const uint8_t *secrets_at(const struct secrets *s, size_t i, size_t *n);

/* Calls `found` for each hit in the buffer, with its offset and length. */
typedef void (*found_fn)(enum kind k, size_t at, size_t n, void *arg);
void secrets_scan(struct secrets *s, const uint8_t *p, size_t n, found_fn found, void *arg);

/* What follows from an Ed25519 seed; with a message, from its signature's nonce too. */
void secrets_add_ed25519(struct secrets *s, const uint8_t seed[32], const void *message, size_t n);
void secrets_add_ed448(struct secrets *s, const uint8_t seed[57], const void *message, size_t n);
/* The coffer key of two partitions, as src/vault/key.c splits it. */
void coffer_key_join(const uint8_t left[32], const uint8_t right[32], uint8_t key[32]);
void secrets_add_hmac(struct secrets *s, const uint8_t *key, size_t n);
/* The 32 bytes that CKM_TLS_KDF makes of a key of at most 64 with that label and the same randoms of both sides. */
void secrets_add_tls(struct secrets *s, const uint8_t *key, size_t n, const char *label, const uint8_t random[32]);
void secrets_add_aes(struct secrets *s, const uint8_t *key, size_t n);

#endif
