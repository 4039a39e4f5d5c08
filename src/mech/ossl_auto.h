/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's own objects as owned locals: AUTO(bignum_st) n = BN_new(); */
#ifndef COFFER_MECH_OSSL_AUTO_H
#define COFFER_MECH_OSSL_AUTO_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/cleanup.h"
#include "base/span.h"
#include "mech/mech.h"

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

/* The number as a part of the key, in the front of the room, which gets shorter. False: it does not fit. */
static inline bool bignum_put(struct mspan *room, struct key_view *key, CK_ATTRIBUTE_TYPE type, const BIGNUM *number)
{
	int n = BN_num_bytes(number);

	if (room->n < (size_t)n || BN_bn2bin(number, room->p) != n)
		return false;
	key->part[key->parts++] = (struct key_part){ type, span(room->p, (size_t)n) };
	*room = mspan(room->p + n, room->n - (size_t)n);
	return true;
}

#endif
