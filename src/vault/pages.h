/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls behind guarded memory; the only file of the vault that knows
 * the platform.  Every call is a fault point (base/fault.h).
 */
#ifndef COFFER_VAULT_PAGES_H
#define COFFER_VAULT_PAGES_H

#include "base/span.h"
#include "base/status.h"
#include "vault/vault.h"

size_t pages_size(void);
/* Rounded up to whole pages. */
size_t pages_round(size_t n);

/* `n` bytes (whole pages) of zeroed memory of that kind with one inaccessible page on
 * both sides, not inherited by children, not dumped, present already.  *p is the first
 * usable byte.  NOMEM; UNSUPPORTED when the kernel has no memfd_secret. */
struct cf_status pages_map(enum vault_memory kind, size_t n, uint8_t **p) CF_CHECKED;
/* Gives it back; the caller has wiped it. */
void pages_unmap(uint8_t *p, size_t n);

/* A byte that the kernel turns to 0 in a forked child, or NULL when this kernel cannot.  It is
 * part of the module's own image: it is mapped for as long as the module is, and never freed. */
_Atomic uint8_t *pages_fork_mark(void);

#endif
