/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wallets of Algorand's key management daemon (KMD), driver "sqlite", version 1: one SQLite file each, three tables.
 * Reading: the file is never written, not even its journal; every row is a stranger's, bounded and checked before it is
 * used; nothing is opened until kmd_unlock().  Secrets leave it sealed, or within a scope.
 */
#ifndef COFFER_ALGORAND_KMDFILE_H
#define COFFER_ALGORAND_KMDFILE_H

#include "algorand/kmdseal.h"
#include "algorand/multisig.h"
#include "base/cleanup.h"
#include "vault/secret.h"

#define KMD_KEYS_MAX      1000000
#define KMD_MULTISIGS_MAX 100000
#define KMD_NAME_MAX      1024 /* bytes of a name or an ID */

struct kmd_key {
	uint8_t address[ADDRESS_SIZE]; /* first: rows are sorted by it */
	bool derived;
	uint64_t index; /* of a derived one */
	struct span sealed;
};

struct kmd_multisig {
	uint8_t address[ADDRESS_SIZE]; /* first: rows are sorted by it */
	struct multisig account;
};

struct kmd_file {
	char *path;
	struct span name, id;                          /* any bytes */
	struct span master, derivation_key, max_index; /* sealed */
	struct kmd_key *key; /* ascending by address, as the daemon lists them */
	size_t key_count;
	struct kmd_multisig *multisig;
	size_t multisig_count;
};

/* NOT_FOUND, IO; CORRUPT: no wallet of that driver, or a row that is none, which the sentence names; FORGED: a multisig address
 * that is not its account's; AGAIN: the daemon is writing it, or was killed while it did. */
struct cf_status kmd_file_read(const char *path, struct kmd_file **out) CF_CHECKED;
void kmd_file_free(struct kmd_file *f);
AUTO_DEFINE(kmd_file, kmd_file_free)

/* `path` is such a file, a wallet directory, or the daemon's data directory; `which` (a name or an ID) chooses among several
 * wallets.  Like the daemon, it passes over what is no wallet. NOT_FOUND; EXISTS: two files have the same ID; INVALID: several
 * wallets, none chosen: the sentence lists them. The path of the file is the caller's (mem_free). */
struct cf_status kmd_file_find(const char *path, const char *which_opt, char **file) CF_CHECKED;

/* What the password opens. */
struct kmd_opened {
	struct secret *master, *derivation_key;
	uint64_t max_index;
};
void kmd_opened_release(struct kmd_opened *o);
#define AUTO_KMD_OPENED __attribute__((cleanup(kmd_opened_release))) struct kmd_opened

/* Runs scrypt, about a second.  The password lies in guarded memory.  DENIED: wrong; see kmdseal.h for the rest. */
struct cf_status kmd_unlock(const struct kmd_file *f, struct span password,
			    struct kmd_opened *out) CF_CHECKED;

/* The seed of key `i`, in scope memory, checked: it is the address's, and if the row says so, that of its index. */
struct cf_status kmd_seed(struct vault_scope *scope, const struct kmd_file *f,
			  const struct kmd_opened *o, size_t i,
			  uint8_t seed[KMD_SEED_SIZE]) CF_CHECKED;

/* Opens every row. `progress_opt` is called with the number of keys done. */
typedef void (*kmd_progress)(size_t done, size_t total, void *arg);
struct cf_status kmd_check_keys(const struct kmd_file *f, const struct kmd_opened *o,
				kmd_progress progress_opt, void *arg) CF_CHECKED;

#endif
