/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's own objects as owned locals: AUTO(bignum_st) n = BN_new(); */
#ifndef COFFER_MECH_OSSL_AUTO_H
#define COFFER_MECH_OSSL_AUTO_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/cleanup.h"
#include "base/span.h"

AUTO_DEFINE(bignum_st, BN_clear_free)
AUTO_DEFINE(bignum_ctx, BN_CTX_free)
AUTO_DEFINE(ec_point_st, EC_POINT_clear_free)
AUTO_DEFINE(evp_pkey_st, EVP_PKEY_free)
AUTO_DEFINE(evp_pkey_ctx_st, EVP_PKEY_CTX_free)
AUTO_DEFINE(evp_md_ctx_st, EVP_MD_CTX_free)
AUTO_DEFINE(evp_cipher_ctx_st, EVP_CIPHER_CTX_free)

/* A big-endian number; NULL when there is no memory. */
static inline BIGNUM *bignum_of(struct span bytes)
{
	return BN_bin2bn(bytes.p, (int)bytes.n, NULL);
}

#endif
