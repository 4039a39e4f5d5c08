/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EncryptedPrivateKeyInfo (RFC 5958 §3) under a passphrase by PBES2 (RFC 8018 §6.2).  Reads what
 * is in circulation: PBKDF2 with HMAC-SHA-1, -256, -384 or -512, or scrypt (RFC 7914 §7), and
 * AES-128, -192 or -256 in CBC mode.  Writes scrypt and AES-256-CBC.  scrypt is libsodium's, the
 * rest OpenSSL's.
 *
 * scrypt's working memory (pbes2.c says how much) is libsodium's own mapping: known to somebody, it
 * is of no use without the passphrase, which goes into the last step again.
 */
#ifndef COFFER_MECH_PBES2_H
#define COFFER_MECH_PBES2_H

#include "ck/ck.h"
#include "vault/scope.h"

/* The size of what pbes2_encrypt makes of n bytes. */
size_t pbes2_size(size_t n);

/* `out` has pbes2_size(plain.n) bytes; all of them are written.  HOST_MEMORY, DEVICE_MEMORY. */
CK_RV pbes2_encrypt(struct vault_scope *scope, struct span plain, struct span passphrase,
		    struct mspan out);

/*
 * *plain lies in memory of the scope; it is no longer than `file`.
 * DATA_INVALID: no EncryptedPrivateKeyInfo; MECHANISM_INVALID: another way to encrypt;
 * MECHANISM_PARAM_INVALID: parameters that no honest file has (they would cost more than 256 MiB or
 * some seconds); PIN_INCORRECT: the passphrase is wrong (or the ciphertext was changed: PBES2 has
 * no authentication, so that the caller must check what comes out); HOST_MEMORY, DEVICE_MEMORY.
 */
CK_RV pbes2_decrypt(struct vault_scope *scope, struct span file, struct span passphrase,
		    struct span *plain);

/* PIN_INCORRECT with its sentence: for a caller that finds no key in what came out. */
CK_RV pbes2_wrong_passphrase(void);

#endif
