/* SPDX-License-Identifier: Apache-2.0 */
/* What vault.c asks of the register of living secrets. Used in this room only. */
#ifndef COFFER_VAULT_SECRET_INTERNAL_H
#define COFFER_VAULT_SECRET_INTERNAL_H

#include "base/status.h"
#include "vault/secret.h"

struct cf_status secrets_open(void) CF_CHECKED;
void secrets_close(void);
size_t secrets_count(void);
/* CLOSED: the vault that sealed it is closed, or it is a parent's. */
struct cf_status secret_usable(const struct secret *s) CF_CHECKED;
/* In a forked child: what was sealed is the parent's. */
void secrets_forget(void);
/* A new coffer key, and everything sealed under the old one re-sealed.  When it fails the
 * old key is in force as before.  NOMEM; FORGED: a secret was changed in memory. */
struct cf_status secrets_rotate(struct vault_scope *scope) CF_CHECKED;
/* New partitions when they are 500 ms old, a new key when it is an hour old.  What cannot be
 * had is tried again at the next use.  CLOSED when a partition's canary was overwritten. */
struct cf_status secrets_housekeep(struct vault_scope *scope) CF_CHECKED;

#endif
