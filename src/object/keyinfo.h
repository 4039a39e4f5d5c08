/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys as the outside world writes them, to and from key attributes: PrivateKeyInfo (PKCS#8, RFC
 * 5958, with RFC 8410 and RFC 5915 for curves, RFC 8017 for RSA) and SubjectPublicKeyInfo (RFC 5280).  A key here is an encoding of
 * CKA_KEY_TYPE and of the attributes that make the key (CKA_VALUE, CKA_EC_PARAMS, CKA_EC_POINT ...),
 * no others.  A family of keys is one row of the table in keyinfo.c.
 */
#ifndef COFFER_OBJECT_KEYINFO_H
#define COFFER_OBJECT_KEYINFO_H

#include "object/object.h"

/* What the attributes of a key may take beyond the bytes of the file that they come from. */
#define KEYINFO_OVERHEAD 256

/* The whole of `der`, strictly: nothing before, between or behind.  CKA_EC_POINT is there when the
 * file has it; whether it belongs to the key has not been looked at.  `out` is scope memory.
 * DATA_INVALID; KEY_TYPE_INCONSISTENT: a key of a kind that we do not have. */
CK_RV keyinfo_read_private(struct vault_scope *scope, struct span der, struct attrs_writer *out);
CK_RV keyinfo_read_public(struct span der, struct attrs_writer *out);

/* PrivateKeyInfo of a private key's attributes (others may be among them), at the end of `room`,
 * which is scope memory.  DEVICE_MEMORY: the room is too small; KEY_TYPE_INCONSISTENT. */
CK_RV keyinfo_write_private(struct vault_scope *scope, struct attrs key, struct mspan room,
			    struct span *der);

/* A key on a curve; `value` and `point` may be empty.  DATA_INVALID: wrong sizes, or `curve` is NULL. */
CK_RV keyinfo_curve_key(const struct curve *curve, struct span value, struct span point,
			struct attrs_writer *out);

#endif
