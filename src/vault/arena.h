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

/* Finds the best kind that the host gives.  NOMEM, with a sentence that names
 * RLIMIT_MEMLOCK, when there is none that `config` allows. */
struct cf_status arena_open(const struct vault_config *config) CF_CHECKED;
/* Gives back what was kept for reuse; regions in use stay until they are given back. */
void arena_close(void);
/* In a forked child: the regions are the parent's and are not mapped here. */
void arena_forget(void);
enum vault_memory arena_kind(void);
/* Bytes of all regions, in use or kept for reuse, canaries included. */
size_t arena_bytes(void);

/* At least `n` usable bytes, zeroed, 16-byte aligned, on pages of their own. NOMEM. */
struct cf_status region_new(size_t n, struct region *out) CF_CHECKED;
/* False when something wrote over a canary. */
bool region_intact(const struct region *r);
/* Wipes and unmaps; a zeroed region is fine. */
void region_free(struct region *r);

/* Regions of so many bytes at most are kept for the next to ask, and how many of them. */
#define REGION_SMALL ((size_t)8 * 1024 - 32)
#define REGIONS_KEPT 2

/* As region_new and region_free, but a few small regions are kept, wiped, for the
 * next to ask.  region_return is told how much of it, from its start, was written to; false when a canary was overwritten. */
struct cf_status region_borrow(size_t n, struct region *out) CF_CHECKED;
bool region_return(struct region *r, size_t used);

#endif
