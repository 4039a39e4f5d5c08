/* SPDX-License-Identifier: Apache-2.0 */
/* What nests are made of. Used in this room only: by nests, and by benches, which are nests that last. */
#ifndef COFFER_VAULT_NEST_INTERNAL_H
#define COFFER_VAULT_NEST_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "vault/heap_block.h"

/* Blocks fill it from its start; behind the last one is an end mark, and behind that it is zero. */
struct nest {
	struct block *first; /* NULL: it has no memory yet */
	struct block *end;
	size_t units;        /* of its memory */
	size_t largest;      /* units of the largest block that it takes */
	size_t used;         /* blocks that were not given back */
	bool overflowed;     /* something was asked for that it did not take */
	struct nest *outer;
};

/* Memory of so many units, all zero, becomes an empty nest's. */
void nest_found(struct nest *nest, void *memory, size_t units);
/* What this thread takes from the heap comes out of this one first, until it is left; what it gives back may be an outer one's. */
void nest_enter(struct nest *nest);
void nest_leave(struct nest *nest);

#endif
