/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a PIN to the key that wraps the wallet key: Argon2id (RFC 9106, by libargon2),
 * then keyed BLAKE2b over the PIN once more, with Argon2id's output as its key.  So all of
 * Argon2id's working memory, known to somebody, gives no key without the PIN; but PINs can be tried with it for less
 * than Argon2id's price.  That memory is our own mapping: not dumped, not inherited, wiped, and locked as far as
 * RLIMIT_MEMLOCK allows without taking from the vault what signing threads need.
 */
#ifndef COFFER_WALLET_KDF_H
#define COFFER_WALLET_KDF_H

#include "wallet/format.h"

#define KDF_STANDARD_MEMORY_KIB (64u * 1024)
#define KDF_STANDARD_PASSES 3

/* kek is scope memory. NOMEM when the working memory cannot be had. */
struct cf_status kdf_derive(struct vault_scope *scope, const struct wallet_kdf *kdf, const uint8_t salt[FORMAT_SALT_SIZE],
			    struct span pin, uint8_t kek[WALLET_KEY_SIZE]) CF_CHECKED;

#endif
