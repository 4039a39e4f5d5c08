/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that make the ring's keys share. */
#ifndef COFFER_TESTS_MEMORY_KEYS_MAKING_H
#define COFFER_TESTS_MEMORY_KEYS_MAKING_H

#include "keys.h"

/* A key under way: its kind, what it is imported with. */
struct making {
	struct ring *ring;
	struct world *w;
	struct asking *q;
	enum ring_key k;
};

/* The beginning of a private session key that signs where it can. */
void ask_private(struct making *m, uint64_t type);
/* False: the scanner's libcrypto does not have such keys; nothing was asked then. */
bool make_pqc(struct making *m);

#endif
