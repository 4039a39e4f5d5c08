/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new wallet file for the key management daemon, in its own form.  It is written beside its place and
 * appears there whole, or not at all.
 */
#ifndef COFFER_ALGORAND_KMDNEW_H
#define COFFER_ALGORAND_KMDNEW_H

#include "algorand/kmdseal.h"
#include "algorand/multisig.h"
#include "base/cleanup.h"

#define KMD_NAME_WANTED 64 /* bytes that the daemon allows a new name */
#define KMD_ID_SIZE     32 /* hexadecimal digits of an ID */

struct kmd_new;

struct kmd_new_request {
	const char *path;           /* of the file; it must not exist */
	struct span name;           /* 1 to KMD_NAME_WANTED bytes */
	struct span password;       /* in guarded memory; any bytes, or none */
	struct span derivation_key; /* KMD_KEY_SIZE bytes in guarded memory */
	uint64_t max_index;         /* the highest that was given away */
	struct kmd_scrypt scrypt;
};

/* What the daemon takes for itself. */
#define KMD_SCRYPT_STANDARD ((struct kmd_scrypt){ 65536, 1, 32 })

/* Makes the file with its metadata, beside its place; runs scrypt.  EXISTS; the codes of kmdseal.h; IO, FULL, DENIED. */
struct cf_status kmd_new_begin(const struct kmd_new_request *request,
			       struct kmd_new **out) CF_CHECKED;
/* `seed`: KMD_SEED_SIZE bytes in guarded memory; `index` 0: imported. EXISTS: the address is there already. */
struct cf_status kmd_new_key(struct kmd_new *w, struct span seed,
			     const uint8_t address[ADDRESS_SIZE], uint64_t index) CF_CHECKED;
struct cf_status kmd_new_multisig(struct kmd_new *w, const struct multisig *account) CF_CHECKED;
/* Durably in its place; `w` is gone either way. EXISTS. */
struct cf_status kmd_new_commit(struct kmd_new *w) CF_CHECKED;
/* Leaves nothing behind. NULL is fine. */
void kmd_new_abort(struct kmd_new *w);
AUTO_DEFINE(kmd_new, kmd_new_abort)

/* The name that the daemon gives the file of such a wallet: only letters, digits, _ and - of the name, and the ID. On the heap;
 * NULL without memory. */
char *kmd_new_file_name(struct span name, const char *id);
/* A new ID: KMD_ID_SIZE digits and a NUL. */
void kmd_new_id(char id[KMD_ID_SIZE + 1]);

#endif
