/* SPDX-License-Identifier: Apache-2.0 */
/* Ed448 and X448 (RFC 8032 §5.2, RFC 7748 §5), by OpenSSL. `curve` is one of the two. */
#ifndef COFFER_MECH_CURVE448_H
#define COFFER_MECH_CURVE448_H

#include "ck/curve.h"
#include "mech/mech.h"

#define ED448_SIGNATURE_SIZE 114

/* Gives back what is kept for the next key. */
void curve448_close(void);
/* The public point (curve->point bytes) of a private key (curve->scalar bytes). */
CK_RV curve448_public(struct vault_scope *scope, const struct curve *curve, struct span value, uint8_t *out);
/* The shared secret, 56 bytes; `point` belongs to `value`. CKR_MECHANISM_PARAM_INVALID: `peer` is no point, or one of small order. */
CK_RV curve448_agree(struct vault_scope *scope, const struct curve *curve, struct span value, struct span point, struct span peer,
		     struct mspan z);
/* Has the library Ed448ph, and Ed448 with a context?  OpenSSL 3.2 and later. */
bool ed448_has_forms(void);
/* Ed448, or Ed448ph (`p` says so), with p's context, by the key whose halves `value` and `point` are; both want ed448_has_forms() where they are more than the pure form. */
CK_RV ed448_sign(struct vault_scope *scope, const struct mech_eddsa_params *p, struct span value, struct span point, struct span message,
		 struct mspan out, size_t *n);
CK_RV ed448_verify(const struct mech_eddsa_params *p, struct span point, struct span message, struct span signature);

#endif
