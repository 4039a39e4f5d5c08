/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/nest.h"

#include <sodium.h>

#include "vault/heap_block.h"
#include "vault/heap_internal.h"
#include "vault/scope_internal.h"

/* All of a signature on P-256, and most of what an RSA key is made of. */
#define NEST_BYTES ((size_t)8 * 1024)
#define NEST_UNITS (NEST_BYTES / UNIT)
/* Larger ones are few, and would push out the small ones. */
#define LARGEST (NEST_UNITS / 8)

/* Blocks fill it from its start; behind the last one is an end mark, and behind that it is zero. */
static _Thread_local struct {
	bool open;
	struct block *first; /* NULL before the first block */
	struct block *end;
	size_t used;         /* blocks that were not given back */
} nest;

void nest_open(struct vault_scope *scope)
{
	(void)scope;
	nest.open = true;
}

void nest_close(struct vault_scope *scope)
{
	(void)scope;
	if (nest.first != NULL && nest.used == 0) {
		/* Blocks were wiped as they came back, and the end has moved to the start. */
		*nest.first = (struct block){ 0 };
		(void)heap_free_shared(nest.first, true);
	}
	nest_forget();
}

void nest_forget(void)
{
	nest.open = false;
	nest.first = nest.end = NULL;
	nest.used = 0;
}

static bool found(void)
{
	nest.first = heap_alloc_shared(NEST_BYTES);
	if (nest.first == NULL)
		return false;
	nest.end = nest.first;
	put(nest.end, 1, 0, NEST_END);
	return true;
}

static void damaged(void)
{
	vault_damaged("the size of a heap block was overwritten");
}

void *nest_alloc(size_t n)
{
	size_t units = block_units(n);
	struct block *b;

	if (!nest.open || n > LARGEST * UNIT || (nest.first == NULL && !found()))
		return NULL;
	b = nest.end;
	if ((size_t)(b - nest.first) + units + 1 > NEST_UNITS)
		return NULL;
	if (!is(b, NEST_END)) {
		damaged();
		return NULL;
	}
	put(b, units, b->before, NESTED);
	nest.end = after(b);
	put(nest.end, 1, units, NEST_END);
	nest.used++;
	return b + 1;
}

bool nest_holds(const void *p)
{
	return nest.first != NULL && (uintptr_t)p - (uintptr_t)nest.first < NEST_BYTES;
}

static bool is_nested(const struct block *b)
{
	return is(b, NESTED) || is(b, NESTED_FREE);
}

/* The end moves forward over what is free. */
static void shrink(void)
{
	while (nest.end->before != 0 && is(ahead(nest.end), NESTED_FREE)) {
		struct block *last = ahead(nest.end);

		*nest.end = (struct block){ 0 };
		put(last, 1, last->before, NEST_END);
		nest.end = last;
	}
}

bool nest_free(void *p)
{
	struct block *b;

	if (p == NULL || !nest_holds(p))
		return false;
	b = (struct block *)p - 1;
	/* A damaged one is left where it is: the vault is closed. */
	if (!is(b, NESTED) || !(is_nested(after(b)) || is(after(b), NEST_END)) || (b->before != 0 && !is_nested(ahead(b)))) {
		damaged();
		return true;
	}
	sodium_memzero(p, (b->units - 1) * UNIT);
	put(b, b->units, b->before, NESTED_FREE);
	nest.used--;
	shrink();
	return true;
}
