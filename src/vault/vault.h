/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vault of this process: guarded arena, coffer key, vault stacks.  There is
 * one for each loaded copy of the module, opened by C_Initialize or by the tool.
 */
#ifndef COFFER_VAULT_VAULT_H
#define COFFER_VAULT_VAULT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum vault_memory {
	VAULT_MEMORY_SECRET,   /* memfd_secret(2) */
	VAULT_MEMORY_LOCKED,   /* mlock(2), MADV_DONTDUMP */
	VAULT_MEMORY_UNLOCKED, /* neither; only when allow_unlocked */
};

struct vault_config {
	bool allow_unlocked;   /* configuration key allow-unlocked-memory */
	bool prefer_locked;    /* configuration key memory = locked: keeps hibernation possible */
};

/* Counted: each open needs a close.  The first one makes arena and coffer key.
 * NOMEM with a sentence that names RLIMIT_MEMLOCK when no guarded memory can be had. */
struct cf_status vault_open(const struct vault_config *config) CF_CHECKED;
/* The last close wipes and unmaps everything. Secrets must be gone by then. */
void vault_close(void);
/* In a forked child: forgets the parent's vault without touching its pages. */
void vault_forget_after_fork(void);
/* True in a child of the process that opened the vault (a page the kernel wipes
 * at fork; else the process ID). A few ns. False when the vault is closed. */
bool vault_forked(void);

/* A wallet is being unlocked: rotates the coffer key (new key, everything re-sealed). */
struct cf_status vault_rotate(void) CF_CHECKED;
/* Re-randomises after 500 ms, rotates after an hour.  Also done on use by secret_open/seal. */
void vault_tick(void);

struct vault_info {
	enum vault_memory memory;
	size_t arena_bytes;      /* guarded memory without stacks */
	size_t stack_bytes;      /* all vault stacks together */
	size_t stack_count;
	size_t secret_count;     /* living sealed secrets */
	const char *aead;        /* "AES-256-GCM" or "XChaCha20-Poly1305" */
	bool damaged;            /* a canary or seal failed: closed for good */
};
/* All zero when the vault is not open. */
void vault_get_info(struct vault_info *info);

#endif
