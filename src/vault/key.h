/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coffer key: 32 random bytes for each process, never stored whole.  Two
 * partitions lie on guarded pages of their own, left = key XOR H(right), as
 * MemGuard's core/coffer.go has it (H is HSalsa20 keyed by right); only a scope puts them together.
 *
 * Users hold the key lock for reading while they seal or open, for writing while they
 * replace it.
 */
#ifndef COFFER_VAULT_KEY_H
#define COFFER_VAULT_KEY_H

#include <stdint.h>

#include "base/lock.h"
#include "base/status.h"
#include "vault/scope.h"

#define COFFER_KEY_SIZE 32

struct cf_status coffer_key_open(void) CF_CHECKED;
void coffer_key_close(void);
/* In a forked child: the partitions are the parent's and are not mapped here. */
void coffer_key_forget(void);

void coffer_key_read_lock(void);
void coffer_key_read_unlock(void);
/* Readers that come later wait: a stream of them cannot keep a writer out. */
void coffer_key_write_lock(void);
void coffer_key_write_unlock(void);

/* Puts the key together in scope memory. Lock held. */
void coffer_key_get(struct vault_scope *scope, uint8_t key[COFFER_KEY_SIZE]);
/* Another key takes its place. Lock held for writing. */
void coffer_key_replace(struct vault_scope *scope, const uint8_t key[COFFER_KEY_SIZE]);
/* New partitions of the same key. Lock held for writing. */
void coffer_key_rerandomise(struct vault_scope *scope);

/* Is it time?  500 ms after the last partitions, an hour after the last key? */
bool coffer_key_stale(void);
bool coffer_key_expired(void);
/* False when a canary beside a partition was overwritten. */
bool coffer_key_intact(void);

#endif
