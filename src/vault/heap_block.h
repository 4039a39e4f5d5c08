/* SPDX-License-Identifier: Apache-2.0 */
/* A block of guarded memory with its size before it. Used in this room only: by the heap, and by a thread's nest in it. */
#ifndef COFFER_VAULT_HEAP_BLOCK_H
#define COFFER_VAULT_HEAP_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNIT ((size_t)16)

struct block {
	uint32_t units;  /* of this block, this header included */
	uint32_t before; /* of the block before it; 0 for the first of all */
	uint64_t seal;   /* of both, the address and the state */
};

enum state { FREE = 1, USED, NESTED, NESTED_FREE, NEST_END };

/* Random. */
extern uint64_t heap_cookie;

static inline uint64_t seal_of(const struct block *b, enum state state)
{
	uint64_t sizes = (uint64_t)b->units << 32 | b->before;

	return heap_cookie ^ (sizes * 0x9e3779b97f4a7c15u) ^ (uintptr_t)b ^ (uint64_t)state;
}

static inline void put(struct block *b, size_t units, size_t before, enum state state)
{
	b->units = (uint32_t)units;
	b->before = (uint32_t)before;
	b->seal = seal_of(b, state);
}

static inline bool is(const struct block *b, enum state state)
{
	return b->seal == seal_of(b, state);
}

static inline struct block *after(struct block *b)
{
	return (struct block *)((uint8_t *)b + b->units * UNIT);
}

static inline struct block *ahead(struct block *b)
{
	return (struct block *)((uint8_t *)b - b->before * UNIT);
}

/* Of a block for n bytes. */
static inline size_t block_units(size_t n)
{
	return n <= UNIT ? 2 : 1 + (n + UNIT - 1) / UNIT;
}

#endif
