/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/nest.h"

#include <sodium.h>

#include "vault/heap_internal.h"
#include "vault/nest_internal.h"
#include "vault/scope_internal.h"

/* All of a signature on P-256. */
#define NEST_BYTES ((size_t)8 * 1024)
#define NEST_UNITS (NEST_BYTES / UNIT)
/* Larger ones are few, and would push out the small ones. */
#define LARGEST (NEST_UNITS / 8)

/* The one of the operation that this thread is in, and the one that is entered. */
static _Thread_local struct nest operation;
static _Thread_local struct nest *inmost;

void nest_enter(struct nest *nest)
{
	nest->outer = inmost;
	inmost = nest;
}

void nest_leave(struct nest *nest)
{
	inmost = nest->outer;
	nest->outer = NULL;
}

void nest_open(struct vault_scope *scope)
{
	(void)scope;
	operation = (struct nest){ .largest = LARGEST };
	nest_enter(&operation);
}

void nest_close(struct vault_scope *scope)
{
	(void)scope;
	nest_leave(&operation);
	if (operation.first != NULL && operation.used == 0) {
		/* Blocks were wiped as they came back, and the end has moved to the start. */
		*operation.first = (struct block){ 0 };
		(void)heap_free_shared(operation.first, true);
	}
	operation.first = NULL;
}

void nest_forget(void)
{
	inmost = NULL;
}

void nest_found(struct nest *nest, void *memory, size_t units)
{
	nest->first = nest->end = memory;
	nest->units = units;
	put(nest->end, 1, 0, NEST_END);
}

/* An operation's memory is taken with its first block. */
static bool has_memory(struct nest *nest)
{
	void *memory;

	if (nest->first != NULL)
		return true;
	memory = heap_alloc_shared(NEST_BYTES);
	if (memory == NULL)
		return false;
	nest_found(nest, memory, NEST_UNITS);
	return true;
}

static void damaged(void)
{
	vault_damaged("the size of a heap block was overwritten");
}

static void *take(struct nest *nest, size_t units)
{
	struct block *b = nest->end;

	if ((size_t)(b - nest->first) + units + 1 > nest->units)
		return NULL;
	if (!is(b, NEST_END)) {
		damaged();
		return NULL;
	}
	put(b, units, b->before, NESTED);
	nest->end = after(b);
	put(nest->end, 1, units, NEST_END);
	nest->used++;
	return b + 1;
}

void *nest_alloc(size_t n)
{
	struct nest *nest = inmost;
	void *p = NULL;

	if (nest == NULL)
		return NULL;
	if (n <= nest->largest * UNIT && has_memory(nest))
		p = take(nest, block_units(n));
	if (p == NULL)
		nest->overflowed = true;
	return p;
}

static bool holds(const struct nest *nest, const void *p)
{
	return nest->first != NULL && (uintptr_t)p - (uintptr_t)nest->first < nest->units * UNIT;
}

static struct nest *nest_of(const void *p)
{
	struct nest *nest = inmost;

	while (nest != NULL && !holds(nest, p))
		nest = nest->outer;
	return nest;
}

bool nest_holds(const void *p)
{
	return nest_of(p) != NULL;
}

static bool is_nested(const struct block *b)
{
	return is(b, NESTED) || is(b, NESTED_FREE);
}

/* The end moves forward over what is free. */
static void shrink(struct nest *nest)
{
	while (nest->end->before != 0 && is(ahead(nest->end), NESTED_FREE)) {
		struct block *last = ahead(nest->end);

		*nest->end = (struct block){ 0 };
		put(last, 1, last->before, NEST_END);
		nest->end = last;
	}
}

bool nest_free(void *p)
{
	struct nest *nest = p == NULL ? NULL : nest_of(p);
	struct block *b;

	if (nest == NULL)
		return false;
	b = (struct block *)p - 1;
	/* A damaged one is left where it is: the vault is closed. */
	if (!is(b, NESTED) || !(is_nested(after(b)) || is(after(b), NEST_END)) || (b->before != 0 && !is_nested(ahead(b)))) {
		damaged();
		return true;
	}
	sodium_memzero(p, (b->units - 1) * UNIT);
	put(b, b->units, b->before, NESTED_FREE);
	nest->used--;
	shrink(nest);
	return true;
}
