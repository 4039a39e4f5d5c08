/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the library makes of a public key before it can use it (Montgomery's constants of an RSA modulus, the matrix of an
 * ML-DSA or ML-KEM key), kept with the key for its next operation, by whatever thread.
 *
 * Nothing in it is secret: it lies in ordinary memory, also where it is made while a scope runs (a key is wrapped, a secret
 * encapsulated), since it outlives that.  So it must be complete when it is made: nothing that a later operation would add to it.
 * At most PREPARED_MAX are kept in a process; the one that was made first goes for a new one, and is made again at the next use of its key.
 */
#ifndef COFFER_MECH_PREPARED_H
#define COFFER_MECH_PREPARED_H

#include <openssl/types.h>
#include <stddef.h>

#include "mech/mech.h"

/* Of ML-DSA-87 60 KiB each, of RSA with 2048 bits 2. */
#define PREPARED_MAX 256

/* All zero: there is none yet.  The members are prepared.c's. */
struct prepared {
	EVP_PKEY *object;
	size_t place;
};

/* Once for each process; HOST_MEMORY. */
CK_RV prepared_open(void);
/* All keys are gone by then. */
void prepared_close(void);
/* In a forked child: what was made for its parent's keys is left alone. */
void prepared_forget(void);

/* A reference, to be freed by EVP_PKEY_free(), to what was made of the key; NULL when `make` gives NULL: it is no key, or there is no memory.
 * `make` is the same for all of that key's operations.  Where key->prepared is NULL it makes a new one each time, and nothing is kept.
 * Holds a leaf's lock (base/lock.h) for some instructions; that a scope runs is no hindrance. */
EVP_PKEY *prepared_object(const struct key_view *key, EVP_PKEY *(*make)(const struct key_view *key));
/* The key is no more, and no operation uses it. */
void prepared_clear(struct prepared *p);

#endif
