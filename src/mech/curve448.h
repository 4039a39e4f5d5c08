/* SPDX-License-Identifier: Apache-2.0 */
/* Ed448 and X448 (RFC 8032 §5.2, RFC 7748 §5), by OpenSSL. `curve` is one of the two. */
#ifndef COFFER_MECH_CURVE448_H
#define COFFER_MECH_CURVE448_H

#include "ck/curve.h"
#include "mech/mech.h"

#define ED448_SIGNATURE_SIZE 114

/* The public point (curve->point bytes) of a private key (curve->scalar bytes). */
CK_RV curve448_public(struct vault_scope *scope, const struct curve *curve, struct span value, uint8_t *out);
/* The shared secret, 56 bytes. CKR_MECHANISM_PARAM_INVALID: `peer` is no point, or one of small order. */
CK_RV curve448_agree(struct vault_scope *scope, const struct curve *curve, struct span value, struct span peer, struct mspan z);
CK_RV ed448_sign(struct vault_scope *scope, struct span value, struct span message, struct mspan out, size_t *n);
CK_RV ed448_verify(struct span point, struct span message, struct span signature);

#endif
