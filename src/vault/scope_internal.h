/* SPDX-License-Identifier: Apache-2.0 */
/* What the other files of this room ask of scopes and of the vault's state. */
#ifndef COFFER_VAULT_SCOPE_INTERNAL_H
#define COFFER_VAULT_SCOPE_INTERNAL_H

#include "base/status.h"
#include "vault/scope.h"

/* [p, p+n) lies on the scope's stack or in memory it allocated. */
bool scope_holds(const struct vault_scope *scope, const void *p, size_t n);
/* Other guarded memory that is the scope's too, until this is called again; empty: none. */
void scope_lend(struct vault_scope *scope, struct mspan memory);
/* A programming error: traps in debug builds, INVALID in others. */
struct cf_status scope_misused(void);

/* In a forked child: the thread that forked is in no scope of this process. */
void scopes_forget(void);

/* The vault was opened, and nothing in it was found damaged. */
bool vault_usable(void);
/* Closes the vault for good: every later vault_run answers CLOSED. */
void vault_damaged(const char *why);

#endif
