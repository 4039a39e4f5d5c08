/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sealed secret: AEAD ciphertext under the coffer key, on the ordinary heap.
 * It may be stored in structures, shared between threads and kept across calls.
 * Plaintext goes in and comes out only within a scope.  When the coffer key is
 * rotated every living secret is re-sealed; holders notice nothing.
 */
#ifndef COFFER_VAULT_SECRET_H
#define COFFER_VAULT_SECRET_H

#include "base/cleanup.h"
#include "base/span.h"
#include "base/status.h"
#include "vault/scope.h"

struct secret;

#define SECRET_MAX (((size_t)1 << 20) + ((size_t)64 << 10))

/* Seals `plain` (1 to SECRET_MAX bytes). *out has one reference. NOMEM, LIMIT, CLOSED. */
struct cf_status secret_seal(struct vault_scope *scope, struct span plain,
			     struct secret **out) CF_CHECKED;

/* Opens into dst (dst.n >= secret_size(s)), which must be scope memory: the vault
 * stack or vault_scope_alloc; debug builds trap anything else.
 * FORGED: the ciphertext was changed in memory; the vault closes itself.  CLOSED: sealed by a vault
 * that was closed since, or the vault was found damaged just now. */
struct cf_status secret_open(struct vault_scope *scope, const struct secret *s,
			     struct mspan dst) CF_CHECKED;

size_t secret_size(const struct secret *s);
struct secret *secret_ref(struct secret *s);
/* The last reference wipes the ciphertext and frees. NULL is fine. */
void secret_unref(struct secret *s);
AUTO_DEFINE(secret, secret_unref)

#endif
