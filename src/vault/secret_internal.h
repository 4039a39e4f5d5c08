/* SPDX-License-Identifier: Apache-2.0 */
/* What vault.c asks of the register of living secrets. Used in this room only. */
#ifndef COFFER_VAULT_SECRET_INTERNAL_H
#define COFFER_VAULT_SECRET_INTERNAL_H

#include "base/status.h"
#include "vault/scope.h"

struct cf_status secrets_open(void) CF_CHECKED;
void secrets_close(void);
size_t secrets_count(void);
/* A new coffer key, and everything sealed under the old one re-sealed.  When it fails the old key is in
 * force as before. NOMEM; FORGED: a secret was changed in memory. */
struct cf_status secrets_rotate(struct vault_scope *scope) CF_CHECKED;

#endif
