/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a token, with looks at each of its moments. */
#ifndef COFFER_TESTS_MEMORY_MOMENTS_H
#define COFFER_TESTS_MEMORY_MOMENTS_H

#include <openssl/evp.h>

#include "world.h"

void moments_all(const struct paths *paths, enum subject who);

/* mechanisms.c: so many looks while each of them is used, and one afterwards. Logged in. */
void moments_mechanisms(struct world *w, unsigned looks);

/* nonces.c: looks for the nonces of ECDSA signatures of w->message[0] while they are made; that of the last one is known
 * from then on. */
void nonces_look(struct world *w, EVP_PKEY *key, uint64_t handle, uint64_t mechanism, const char *during, unsigned looks);

#endif
