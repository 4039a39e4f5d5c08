/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vault stacks: guarded regions that a function runs on, kept in a small pool.
 * A stack in the pool is all zeros.
 */
#ifndef COFFER_VAULT_STACK_H
#define COFFER_VAULT_STACK_H

#include "base/status.h"
#include "vault/scope.h"

struct stack;

struct cf_status stacks_open(void) CF_CHECKED;
void stacks_close(void);
/* In a forked child: the stacks are the parent's and are not mapped here. */
void stacks_forget(void);
void stacks_count(size_t *count, size_t *bytes);

/* A stack of one's own; the pool makes one when all are in use. NOMEM. */
struct cf_status stack_take(struct stack **out) CF_CHECKED;
/* How much of a stack was used at most. */
enum stack_use {
	STACK_SHALLOW, /* VAULT_SHALLOW bytes */
	STACK_DEEP,    /* what there is for an operation */
	STACK_ALL,     /* a signal may have come, whose frame has as much room as the kernel asks for (12 KiB with AMX) */
};

/* Wipes it, and keeps it for the next or unmaps it.  False when its canary was overwritten; such a one is not kept. */
bool stack_give(struct stack *s, enum stack_use use);

/* Runs fn(scope, arg) on the stack; on return the registers that may hold what fn computed
 * are cleared.  IO, on processors without a switch of ours, when the system refused. */
struct cf_status stack_call(struct stack *s, vault_fn fn, struct vault_scope *scope,
			    void *arg) CF_CHECKED;

/* True when [p, p+n) lies on this stack. */
bool stack_holds(const struct stack *s, const void *p, size_t n);

/* For measuring: paints the stack; after a call tells how deep it was used. */
void stack_paint(struct stack *s);
size_t stack_depth(const struct stack *s);

#endif
