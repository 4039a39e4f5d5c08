/* SPDX-License-Identifier: Apache-2.0 */
/* What the vault and its arena ask of the heap. Used in this room only. */
#ifndef COFFER_VAULT_HEAP_INTERNAL_H
#define COFFER_VAULT_HEAP_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

/* Empty regions of so many bytes together are kept for the next operation: what a signature of ML-DSA-87 takes, which would spend more
 * time mapping pages than signing.  Others take less, and so less is kept; where locked memory is short it is given back. */
#define HEAP_KEPT_MAX ((size_t)512 << 10)

void heap_open(void);
/* Empty regions are given back; others when their last block is freed. */
void heap_close(void);
/* In a forked child: the blocks are the parent's and are not mapped here. */
void heap_forget(void);
/* True when an empty region was given back. Does nothing while the heap itself asks for one. */
bool heap_trim(void);

/* What all threads share: heap_alloc() and heap_free(), nests left aside.  `is_zero`: there is nothing to wipe. */
void *heap_alloc_shared(size_t n);
bool heap_free_shared(void *p, bool is_zero);

#endif
