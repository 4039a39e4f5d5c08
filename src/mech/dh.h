/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diffie-Hellman keys of PKCS #3, by OpenSSL's DH functions: below EVP for the reason that ec.h gives.
 *
 * A key has a prime and a base, and no order of the base.  So the prime must be a safe one ((p - 1) / 2 is prime as well):
 * then the only public values of small order are 1 and p - 1, which are refused, and a peer learns nothing from what he sends
 * (C. H. Lim, P. J. Lee, CRYPTO 1997; SP 800-56A Rev. 3 §5.6.2.3.1).  The groups of RFC 3526 and RFC 7919 are known; another
 * one is tested for primes, which takes long, and is taken up to DH_UNKNOWN_BITS_MAX.
 */
#ifndef COFFER_MECH_DH_H
#define COFFER_MECH_DH_H

#include "mech/mech.h"

#define DH_BITS_MIN 2048
#define DH_BITS_MAX 8192
#define DH_BYTES_MAX (DH_BITS_MAX / 8)
#define DH_UNKNOWN_BITS_MAX 4096

/* mech_key_complete for CKK_DH: numbers without leading zeros. DOMAIN_PARAMS_INVALID, ATTRIBUTE_VALUE_INVALID. */
CK_RV dh_complete(struct vault_scope *scope, const struct key_view *given, struct key_view *out);

#endif
