/* SPDX-License-Identifier: Apache-2.0 */
/* What the vault and its arena ask of the heap. Used in this room only. */
#ifndef COFFER_VAULT_HEAP_INTERNAL_H
#define COFFER_VAULT_HEAP_INTERNAL_H

#include <stdbool.h>

void heap_open(void);
/* Empty regions are given back; others when their last block is freed. */
void heap_close(void);
/* In a forked child: the blocks are the parent's and are not mapped here. */
void heap_forget(void);
/* True when an empty region was given back. Does nothing while the heap itself asks for one. */
bool heap_trim(void);

#endif
