/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of ciphers share. */
#ifndef COFFER_MECH_CIPHER_H
#define COFFER_MECH_CIPHER_H

#include "mech/families.h"

#define AES_BLOCK 16
/* libcrypto's lengths are int. */
#define CIPHER_PIECE_MAX ((size_t)1 << 30)

/* The variant of a row. */
struct cipher_kind {
	enum ossl_mode mode;
	bool blocks; /* takes whole blocks only, */
	bool padded; /* or fills the last one (PKCS #7) */
	size_t block; /* bytes of it; cipher.c's modes */
};


/* By call->use: encrypts or wraps. */
bool cipher_encrypts(const struct mech_call *call);
/* DATA_LEN_RANGE or ENCRYPTED_DATA_LEN_RANGE. */
CK_RV cipher_length_wrong(const struct mech_call *call);
/* EVP_CipherUpdate of any length; `out` has the room. */
CK_RV cipher_update(struct evp_cipher_ctx_st *context, struct span in, uint8_t *out, size_t *n);
/* The key that is given where none came out of an unwrapping, of `wanted` bytes (MECH_LENGTH_... as well), else `other`: nobody knows it,
 * and it is the same for the same unwrapping key, initialization vector and bytes.  Its length. */
size_t cipher_rejected_key(const struct mech_call *call, struct span wrapped, size_t wanted, size_t other, struct mspan out);

#endif
