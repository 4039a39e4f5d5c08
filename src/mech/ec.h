/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short Weierstrass curves as the families of this room share them, by OpenSSL's EC functions.
 *
 * They are called below EVP on purpose: the group of each curve is made once, and what one operation makes of the
 * key lives in its scope and ends with it; a provider's key object would be built, checked and freed for each signature
 * at a third of the signature's own price.
 */
#ifndef COFFER_MECH_EC_H
#define COFFER_MECH_EC_H

#include "ck/curve.h"
#include "mech/mech.h"

/* The groups of all curves of ck/curves.def. */
CK_RV ec_open(void);
void ec_close(void);

/* The curve that the key's CKA_EC_PARAMS names; NULL when it is no Weierstrass curve. */
const struct curve *ec_curve(const struct key_view *key);
/* A public point in any encoding (X9.62 compressed, uncompressed or hybrid, bare or as OCTET STRING) as uncompressed one; `out` has
 * curve->point bytes.  CKR_ATTRIBUTE_VALUE_INVALID: it is not on the curve, or the point at infinity. */
CK_RV ec_point_whole(const struct curve *curve, struct span given, uint8_t *out);
/* The public point of a private value (curve->scalar bytes). CKR_ATTRIBUTE_VALUE_INVALID: not between 1 and the order. */
CK_RV ec_public(struct vault_scope *scope, const struct curve *curve, struct span value, uint8_t *out);
/* ECDH (SP 800-56A §5.7.1.2): the x coordinate, curve->scalar rounded field bytes, into `z`; `cofactor`: with the cofactor.
 * CKR_MECHANISM_PARAM_INVALID: `peer` is no point of the curve. */
CK_RV ec_agree(struct vault_scope *scope, const struct key_view *key, struct span peer, bool cofactor, struct mspan z, size_t *n);

#endif
