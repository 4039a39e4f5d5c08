/* SPDX-License-Identifier: Apache-2.0 */
/* One key of each kind, imported so that the scanner knows what follows from it. */
#ifndef COFFER_TESTS_MEMORY_KEYS_H
#define COFFER_TESTS_MEMORY_KEYS_H

#include <openssl/evp.h>

#include "mechanisms.h"
#include "world.h"

#define PUBLIC_MAX 256

struct ring {
	uint64_t handle[RING_KEYS]; /* session objects; 0: this module does not take such a key */
	uint64_t target;            /* an AES key of 256 bits, to be wrapped */
	uint64_t public_rsa, public_kem;
	struct {
		uint8_t p[PUBLIC_MAX];
		size_t n;
	} peer[RING_KEYS];          /* somebody else's public value, to derive with */
	EVP_PKEY *ec[RING_KEYS];    /* the scanner's own copy, to find the nonces of signatures */
	uint8_t password[24];
};

const char *ring_key_name(enum ring_key k);
/* CKA_EC_PARAMS, CKA_PARAMETER_SET, or CKA_PRIME of the Diffie-Hellman key, of keys of that kind; n = 0: there is none. */
const uint8_t *ring_key_domain(enum ring_key k, size_t *n);
bool ring_key_is_pqc(enum ring_key k);
/* Adds what is private in the CKA_VALUE of such a key. */
void ring_key_add_pqc(struct secrets *s, enum ring_key k, enum kind kind, const uint8_t *value);
/* Imports all of them into w->session. False: coffer took one of them not. */
bool ring_fill(struct ring *r, struct world *w);
void ring_free(struct ring *r);

#endif
