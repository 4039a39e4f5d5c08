/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A general-purpose heap in guarded memory, for a library that makes its own allocations and lets them be placed: what it
 * computes with secrets is then where secrets may be.  Grows by guarded regions when it must, and gives them back when they
 * are empty; the first block that is asked for makes the first region.
 *
 * A block is wiped when it is freed.  Its neighbours' sizes are checked then: what wrote beyond its block is found, and
 * the vault is closed.
 */
#ifndef COFFER_VAULT_HEAP_H
#define COFFER_VAULT_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed, 16-byte aligned. NULL: there is no guarded memory left (RLIMIT_MEMLOCK), or the vault is closed. */
void *heap_alloc(size_t n);
/* As realloc, of a block of this heap: NULL leaves it as it is; what it grows by is zeroed. */
void *heap_resize(void *p, size_t n);
/* True when p was a block of this heap, which is wiped and free now; else nothing was done. */
bool heap_free(void *p);
bool heap_holds(const void *p);

/* Bytes of its regions, and blocks in use. */
size_t heap_bytes(void);
size_t heap_blocks(void);

#endif
