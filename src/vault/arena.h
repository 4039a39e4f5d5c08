/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guarded regions: whole pages of secret (or locked) memory between two
 * inaccessible pages, with a canary at each end.  The kind of memory is decided
 * once, when the vault opens; a region of another kind is never handed out.
 */
#ifndef COFFER_VAULT_ARENA_H
#define COFFER_VAULT_ARENA_H

#include "base/span.h"
#include "base/status.h"
#include "vault/vault.h"

struct region {
	uint8_t *pages;   /* first usable page */
	size_t pages_n;
	struct mspan use; /* between the canaries */
};

/* Finds the best kind that the host gives. NOMEM, with a sentence that names RLIMIT_MEMLOCK, when there is none that `config` allows. */
struct cf_status arena_open(const struct vault_config *config) CF_CHECKED;
void arena_close(void);
enum vault_memory arena_kind(void);

/* At least `n` usable bytes, zeroed, 16-byte aligned. */
struct cf_status region_new(size_t n, struct region *out) CF_CHECKED;
/* False when something wrote over a canary. */
bool region_intact(const struct region *r);
/* Wipes and unmaps; a zeroed region is fine. */
void region_free(struct region *r);

#endif
