/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operation leaves for the next one with the same key, sealed meanwhile: taken out by one operation at a time, given
 * back when it is done.  A few lie side by side, one for each thread that is likely to use the key at a moment; who finds none
 * does without, and what finds no place is dropped.  No lock: the places are swapped.
 */
#ifndef COFFER_VAULT_KEEP_H
#define COFFER_VAULT_KEEP_H

#include <stdatomic.h>

#include "vault/secret.h"

#define KEEP_PLACES 4

/* All zero: nothing is kept. */
struct keep {
	_Atomic(struct secret *) place[KEEP_PLACES];
};

/* What was given last, or another, into dst (scope memory), which nobody else gets from now on.  False: there is none of dst.n bytes. */
bool keep_take(struct vault_scope *scope, struct keep *keep, struct mspan dst);
/* Seals `plain`.  What it cannot keep is lost: it is made anew when it is needed. */
void keep_give(struct vault_scope *scope, struct keep *keep, struct span plain);
/* All of it is wiped. Nobody may use it now. */
void keep_clear(struct keep *keep);

#endif
