/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sealed values of the key management daemon's wallets, both directions.  Outside, a MessagePack map of seven
 * fields; inside, NaCl's secretbox (XSalsa20-Poly1305) of a map of two: the value and its type.  The wallet's master
 * key is sealed under scrypt of the password, everything else under the master key.
 *
 * Reading takes what the daemon takes as long as it is merely written in another way (fields in another order, longer
 * integers); what only a forger writes (trailing bytes, an odd nonce, foreign fields) is refused.  Writing gives the
 * daemon's own form, byte for byte.
 */
#ifndef COFFER_ALGORAND_KMDSEAL_H
#define COFFER_ALGORAND_KMDSEAL_H

#include "vault/scope.h"

#define KMD_KEY_SIZE   32
#define KMD_SEED_SIZE  32
#define KMD_SEALED_MAX 2048 /* longer ones are refused unread */

/* What may be asked of scrypt by a file, against hostile ones.  The daemon's own wallets have N = 65536, r = 1, p = 32. */
#define KMD_SCRYPT_MEMORY_MAX ((uint64_t)512 << 20) /* 128 * N * r bytes */
#define KMD_SCRYPT_WORK_MAX   ((uint64_t)1 << 27)   /* N * r * p: about a minute */

struct kmd_scrypt {
	uint64_t n, r, p;
};

enum kmd_type { KMD_MASTER_KEY, KMD_DERIVATION_KEY, KMD_MAX_INDEX, KMD_SECRET_KEY };

/* A sealed value as it is written in a row; spans are in place. */
struct kmd_sealed {
	struct span ciphertext;
	uint8_t nonce[24];
	bool by_password;
	uint8_t salt[32];
	struct kmd_scrypt scrypt;
};

/* CORRUPT with a sentence that begins with `what`, e.g. "the wallet's master key". */
struct cf_status kmd_sealed_parse(struct span blob, const char *what,
				  struct kmd_sealed *out) CF_CHECKED;

/* The master key, in scope memory, from the password (any bytes, none at all too).  LIMIT: the file asks more of scrypt
 * than this allows; DENIED: wrong password, or a damaged row: nothing tells which; CORRUPT; NOMEM.  Runs as long as scrypt. */
struct cf_status kmd_open_master(struct vault_scope *scope, const struct kmd_sealed *s,
				 struct span password, uint8_t master[KMD_KEY_SIZE]) CF_CHECKED;
/* A value under the master key.  `what` as above.  FORGED: it was not sealed under this key, or is of another type. */
struct cf_status kmd_open_derivation_key(struct vault_scope *scope, const struct kmd_sealed *s,
					 const uint8_t master[KMD_KEY_SIZE],
					 uint8_t key[KMD_KEY_SIZE]) CF_CHECKED;
struct cf_status kmd_open_max_index(struct vault_scope *scope, const struct kmd_sealed *s,
				    const uint8_t master[KMD_KEY_SIZE], uint64_t *index) CF_CHECKED;
/* The seed of the row whose address is given. FORGED also when either half of the secret key does not belong to the address. */
struct cf_status kmd_open_seed(struct vault_scope *scope, const struct kmd_sealed *s,
			       const uint8_t master[KMD_KEY_SIZE], const uint8_t address[32],
			       const char *what, uint8_t seed[KMD_SEED_SIZE]) CF_CHECKED;

/* ---- writing ---- */

#define KMD_BLOB_MAX 256

/* Seals with a random nonce (and salt). blob.n >= KMD_BLOB_MAX; returns the length through *n. NOMEM. */
struct cf_status kmd_seal_master(struct vault_scope *scope, const uint8_t master[KMD_KEY_SIZE],
				 struct span password, const struct kmd_scrypt *scrypt,
				 struct mspan blob, size_t *n) CF_CHECKED;
struct cf_status kmd_seal_derivation_key(struct vault_scope *scope,
					 const uint8_t master[KMD_KEY_SIZE],
					 const uint8_t key[KMD_KEY_SIZE], struct mspan blob,
					 size_t *n) CF_CHECKED;
struct cf_status kmd_seal_max_index(struct vault_scope *scope, const uint8_t master[KMD_KEY_SIZE],
				    uint64_t index, struct mspan blob, size_t *n) CF_CHECKED;
struct cf_status kmd_seal_seed(struct vault_scope *scope, const uint8_t master[KMD_KEY_SIZE],
			       const uint8_t seed[KMD_SEED_SIZE], const uint8_t address[32],
			       struct mspan blob, size_t *n) CF_CHECKED;

#endif
