/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece of the guarded heap for one thread and one operation: what libcrypto allocates on the way of a signature, some seventy
 * blocks, is taken from it one behind the other, without a lock and without a search.
 */
#ifndef COFFER_VAULT_NEST_H
#define COFFER_VAULT_NEST_H

#include <stdbool.h>
#include <stddef.h>

#include "vault/scope.h"

/* From here on what this thread takes from the heap comes out of its nest, as long as that has room.  In a scope; nests do not
 * nest.  Memory is taken with the first block. */
void nest_open(struct vault_scope *scope);
/* All that was taken since was given back; what was not is lost, and shows in heap_blocks(). */
void nest_close(struct vault_scope *scope);

/* For the heap: NULL when no nest is open, or when it has no room. */
void *nest_alloc(size_t n);
/* True when p was a block of this thread's nest. */
bool nest_free(void *p);
bool nest_holds(const void *p);
/* In a forked child. */
void nest_forget(void);

#endif
