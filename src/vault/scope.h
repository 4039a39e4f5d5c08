/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only place where a plaintext secret may exist.
 *
 * vault_run() runs a function on a private stack inside the guarded arena and
 * wipes that stack before it returns.  The function receives a vault_scope;
 * every function that can see plaintext takes one as its first parameter, and
 * nobody else can make one.  So opening a secret in the wrong place does not
 * compile, and `grep vault_scope` lists every line that may hold a key.
 *
 * Inside a scope: no lock but the vault's own and leaves, no call-out to the application,
 * no ordinary heap for a secret, no nested vault_run (a BUG that debug builds trap).
 */
#ifndef COFFER_VAULT_SCOPE_H
#define COFFER_VAULT_SCOPE_H

#include "base/span.h"
#include "base/status.h"

struct vault_scope;

typedef void (*vault_fn)(struct vault_scope *scope, void *arg);

/* Runs fn(scope, arg) on a vault stack; results travel through `arg`.
 * NOMEM: no guarded stack could be had; CLOSED: the vault is closed or was
 * found damaged (canary), and stays closed.  fn has run only when OK. */
struct cf_status vault_run(vault_fn fn, void *arg) CF_CHECKED;

/* As vault_run, of a function that goes no deeper than VAULT_SHALLOW bytes: no more is wiped afterwards.  To wipe a whole stack takes
 * half a microsecond, and pushes as much out of the first-level cache as the next signature wants there.  Where something
 * went deeper after all, as what lies just below shows, all is wiped; debug builds trap. */
#define VAULT_SHALLOW ((size_t)10 * 1024)
struct cf_status vault_run_shallow(vault_fn fn, void *arg) CF_CHECKED;

/* This thread runs in a scope. */
bool vault_in_scope(void);

/* Guarded, zeroed memory that is wiped and given back when the scope ends; for
 * what is too large for the stack (more than about 2 KiB).  16-byte aligned.
 * NOMEM when RLIMIT_MEMLOCK does not allow it. */
struct cf_status vault_scope_alloc(struct vault_scope *scope, size_t n,
				   struct mspan *out) CF_CHECKED;

/* Bytes of a vault stack that a function may use, the signal frame of a host's
 * handler included. */
size_t vault_stack_size(void);

/* Test support: the deepest use, in bytes, of a vault stack by fn(scope, arg). */
struct cf_status vault_measure(vault_fn fn, void *arg, size_t *depth) CF_CHECKED;

#endif
