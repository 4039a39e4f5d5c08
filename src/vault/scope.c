/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/scope.h"

#include <sodium.h>

#include "base/error.h"
#include "base/mem.h"
#include "vault/arena.h"
#include "vault/heap_internal.h"
#include "vault/interrupt.h"
#include "vault/scope_internal.h"
#include "vault/stack.h"

#define ALIGNMENT 16
/* Bytes of the heap's smallest. */
#define HEAP_BLOCK ((size_t)4 * 1024)

/* A region, or else a block of the heap. */
struct block {
	struct region region;
	struct mspan use;
	size_t used; /* from its start: the rest serves what is asked for next */
	struct block *next;
};

/* Lives on the caller's stack: it holds no secret itself. */
struct vault_scope {
	struct stack *stack;
	struct block *blocks;
	struct block first; /* nearly always the only one */
	unsigned regions;
	struct mspan lent;
};

static _Thread_local bool inside;

void scopes_forget(void)
{
	inside = false;
}

bool vault_in_scope(void)
{
	return inside;
}

static void memory_give(struct block *b)
{
	if (b->region.pages == NULL) {
		sodium_memzero(b->use.p, b->used);
		(void)heap_free_shared(b->use.p, true);
	} else if (!region_return(&b->region, b->used)) {
		vault_damaged("a canary of scope memory was overwritten");
	}
}

static void blocks_free(struct vault_scope *scope)
{
	while (scope->blocks != NULL) {
		struct block *b = scope->blocks;

		scope->blocks = b->next;
		memory_give(b);
		if (b != &scope->first)
			mem_free(b);
	}
}

static struct cf_status enter(struct vault_scope *scope)
{
	if (!vault_usable())
		return error_set(CF_STATUS(CLOSED), "the vault is closed");
	if (inside)
		return scope_misused();
	CF_TRY(stack_take(&scope->stack));
	inside = true;
	interrupt_watch();
	return CF_OK;
}

static void leave(struct vault_scope *scope, enum stack_use use)
{
	bool interrupted = interrupt_noticed();

	if (interrupted)
		interrupt_wipe();
	inside = false;
	blocks_free(scope);
	if (!stack_give(scope->stack, interrupted ? STACK_ALL : use))
		vault_damaged("a canary of a vault stack was overwritten");
}

static struct cf_status run(vault_fn fn, void *arg, enum stack_use use)
{
	struct vault_scope scope = { 0 };
	struct cf_status status;

	CF_TRY(enter(&scope));
	status = stack_call(scope.stack, fn, &scope, arg);
	leave(&scope, use);
	return status;
}

struct cf_status vault_run(vault_fn fn, void *arg)
{
	return run(fn, arg, STACK_DEEP);
}

struct cf_status vault_run_shallow(vault_fn fn, void *arg)
{
	return run(fn, arg, STACK_SHALLOW);
}

struct cf_status vault_measure(vault_fn fn, void *arg, size_t *depth)
{
	struct vault_scope scope = { 0 };
	struct cf_status status;

	CF_TRY(enter(&scope));
	stack_paint(scope.stack);
	status = stack_call(scope.stack, fn, &scope, arg);
	*depth = stack_depth(scope.stack);
	leave(&scope, STACK_ALL);
	return status;
}

/* Pages of secret memory take as long to map as ten signatures: what would not be kept is the heap's, which keeps more. */
static struct cf_status memory_take(struct vault_scope *scope, size_t n, struct block *b)
{
	if (n <= REGION_SMALL && scope->regions < REGIONS_KEPT) {
		CF_TRY(region_borrow(n, &b->region));
		b->use = b->region.use;
		scope->regions++;
		return CF_OK;
	}
	n = n < HEAP_BLOCK ? HEAP_BLOCK : n;
	b->use = mspan(heap_alloc_shared(n), n);
	return b->use.p != NULL ? CF_OK : CF_STATUS(NOMEM); /* and the arena has said why */
}

static struct cf_status block_new(struct vault_scope *scope, size_t n)
{
	struct block *b = scope->blocks == NULL ? &scope->first : NEW(block);
	struct cf_status status;

	if (b == NULL)
		return CF_STATUS(NOMEM);
	status = memory_take(scope, n, b);
	if (cf_failed(status)) {
		if (b != &scope->first)
			mem_free(b);
		return status;
	}
	b->next = scope->blocks;
	scope->blocks = b;
	return CF_OK;
}

/* What the first blocks have left is used up before new ones are taken. */
struct cf_status vault_scope_alloc(struct vault_scope *scope, size_t n, struct mspan *out)
{
	struct block *b = scope->blocks;

	if (b == NULL || n > b->use.n - b->used) {
		CF_TRY(block_new(scope, n));
		b = scope->blocks;
	}
	*out = mspan(b->use.p + b->used, n);
	n = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	b->used = n < b->use.n - b->used ? b->used + n : b->use.n;
	return CF_OK;
}

void scope_lend(struct vault_scope *scope, struct mspan memory)
{
	scope->lent = memory;
}

static bool holds(struct mspan memory, uintptr_t at, size_t n)
{
	uintptr_t low = (uintptr_t)memory.p;

	return at >= low && n <= memory.n && at - low <= memory.n - n;
}

bool scope_holds(const struct vault_scope *scope, const void *p, size_t n)
{
	if (stack_holds(scope->stack, p, n) || holds(scope->lent, (uintptr_t)p, n))
		return true;
	for (const struct block *b = scope->blocks; b != NULL; b = b->next)
		if (holds(b->use, (uintptr_t)p, n))
			return true;
	return false;
}

struct cf_status scope_misused(void)
{
#ifdef COFFER_DEBUG
	__builtin_trap();
#endif
	return error_set(CF_STATUS(INVALID), "a secret was asked for outside of its scope");
}
