/* SPDX-License-Identifier: Apache-2.0 */
/* libcrypto called directly, with what can be kept between operations kept. */
#ifndef COFFER_BENCH_BARE_OPENSSL_H
#define COFFER_BENCH_BARE_OPENSSL_H

#include <openssl/evp.h>

#include "bench/bench.h"

/* Of one lane. */
struct own {
	EVP_PKEY **key;
	unsigned long keys;
	unsigned char secret[64], iv[16];
	EVP_MD *md;
	EVP_MD_CTX *md_ctx;
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *cipher_ctx;
	EVP_MAC_CTX *mac_ctx;
	EVP_KDF_CTX *kdf_ctx;
	size_t input_n; /* of what a row decrypts, decapsulates or verifies, in the lane's output */
};

#define FAILED 1ul

static inline unsigned long wrong_unless(int result)
{
	return result == 1 ? 0 : FAILED;
}

/* Give a job its step, and each lane what that needs; NOT_OFFERED, FAILED. */
unsigned long pair_prepare(struct job *job);   /* of key pairs: bare_openssl_pair.c */
unsigned long secret_prepare(struct job *job); /* of secret keys: bare_openssl_secret.c */

/* A pair in memory; NULL: it has none such. */
EVP_PKEY *pair_generate(const struct key_kind *kind);

#endif
