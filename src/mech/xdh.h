/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COFFER_MECH_XDH_H
#define COFFER_MECH_XDH_H

#include "ck/curve.h"
#include "mech/mech.h"

/* The public point (curve->point bytes) of a private key of curve->scalar bytes. */
CK_RV xdh_public(struct vault_scope *scope, const struct curve *curve, struct span value, uint8_t *out);
/* X25519, X448: the shared secret, curve->scalar bytes. CKR_MECHANISM_PARAM_INVALID: `peer` is no point, or one of small order. */
CK_RV xdh_agree(struct vault_scope *scope, const struct key_view *key, struct span peer, struct mspan z, size_t *n);

#endif
