/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that come from outside: checked, brought into one form, and given the parts that can be computed. */
#include "base/error.h"
#include "ck/curve.h"
#include "mech/curve448.h"
#include "mech/dh.h"
#include "mech/ec.h"
#include "mech/families.h"
#include "mech/pqc.h"
#include "mech/rsa.h"
#include "mech/xdh.h"

static CK_RV refuse(const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "the key %s", why), "the return value is the answer");
	return CKR_ATTRIBUTE_VALUE_INVALID;
}

static void put(struct key_view *out, CK_ATTRIBUTE_TYPE type, struct span value)
{
	out->part[out->parts++] = (struct key_part){ type, value };
}

/* Where a public point came with the private key, it must be that key's. */
static CK_RV own_point(const struct key_view *given, struct span point)
{
	struct span other = key_view_part(given, CKA_EC_POINT);

	return other.n == 0 || span_eq(other, point) ? CKR_OK :
						       refuse("came with a public key that does not belong to it");
}

static bool missing(const struct key_view *given, CK_ATTRIBUTE_TYPE type)
{
	return key_view_part(given, type).p == NULL;
}

/* ---- Edwards and Montgomery ---- */

/* The private key out of CKA_VALUE: bare, or as OCTET STRING, or an Ed25519 seed with the public point behind it. */
static bool private_bytes(const struct curve *curve, struct span value, struct span *bytes, struct span *point)
{
	size_t n = curve->scalar;

	*point = SPAN_EMPTY;
	if (value.n == n + 2 && value.p[0] == 0x04 && value.p[1] == n)
		value = span_skip(value, 2);
	*bytes = span(value.p, n);
	if (value.n == n)
		return true;
	*point = span_skip(value, n);
	return curve->key_type == CKK_EC_EDWARDS && curve->bits == 255 && value.n == 64;
}

static CK_RV public_of(struct vault_scope *scope, const struct curve *curve, struct span bytes, uint8_t *point)
{
	if (curve->key_type == CKK_EC_MONTGOMERY)
		return xdh_public(scope, curve, bytes, point);
	if (curve->bits == 448)
		return curve448_public(scope, curve, bytes, point);
	return mech_ed25519_public(scope, bytes, point);
}

static CK_RV complete_bytes(struct vault_scope *scope, const struct curve *curve, const struct key_view *given,
			    struct key_view *out)
{
	struct span bytes, point;
	struct mspan room;
	CK_RV rv;

	if (given->class != CKO_PRIVATE_KEY || missing(given, CKA_VALUE))
		return CKR_OK;
	if (!private_bytes(curve, key_view_part(given, CKA_VALUE), &bytes, &point))
		return refuse("has a private value of another length than its curve");
	if (cf_failed(vault_scope_alloc(scope, curve->point, &room)))
		return CKR_DEVICE_MEMORY;
	rv = public_of(scope, curve, bytes, room.p);
	if (rv != CKR_OK)
		return rv;
	if (point.n != 0 && !span_eq(point, span_const(room)))
		return refuse("has a public point behind its private value that does not belong to it");
	put(out, CKA_VALUE, bytes);
	put(out, CKA_EC_POINT, span_const(room));
	return own_point(given, span_const(room));
}

/* ---- Weierstrass ---- */

/* The private value as long as the order, whatever leading zeros it came with. */
static bool padded(const struct curve *curve, struct span value, uint8_t *out)
{
	while (value.n > curve->scalar && value.p[0] == 0)
		value = span_skip(value, 1);
	if (value.n > curve->scalar)
		return false;
	bytes_copy(out + curve->scalar - value.n, value.p, value.n);
	return true;
}

static CK_RV complete_ec_private(struct vault_scope *scope, const struct curve *curve, const struct key_view *given,
				 struct key_view *out)
{
	struct mspan room;
	CK_RV rv;

	if (missing(given, CKA_VALUE))
		return CKR_OK;
	if (cf_failed(vault_scope_alloc(scope, curve->scalar + curve->point, &room)))
		return CKR_DEVICE_MEMORY;
	if (!padded(curve, key_view_part(given, CKA_VALUE), room.p))
		return refuse("has a private value that is too long for its curve");
	rv = ec_public(scope, curve, span(room.p, curve->scalar), room.p + curve->scalar);
	if (rv == CKR_ATTRIBUTE_VALUE_INVALID)
		return refuse("has a private value that is zero or not below the order of its curve");
	put(out, CKA_VALUE, span(room.p, curve->scalar));
	put(out, CKA_EC_POINT, span(room.p + curve->scalar, curve->point));
	return rv == CKR_OK ? own_point(given, span(room.p + curve->scalar, curve->point)) : rv;
}

static CK_RV complete_ec(struct vault_scope *scope, const struct curve *curve, const struct key_view *given,
			 struct key_view *out)
{
	struct mspan room;
	CK_RV rv;

	if (given->class == CKO_PRIVATE_KEY)
		return complete_ec_private(scope, curve, given, out);
	if (missing(given, CKA_EC_POINT))
		return CKR_OK;
	if (cf_failed(vault_scope_alloc(scope, curve->point, &room)))
		return CKR_DEVICE_MEMORY;
	rv = ec_point_whole(curve, key_view_part(given, CKA_EC_POINT), room.p);
	if (rv != CKR_OK)
		return refuse("has a public point that is not on its curve");
	put(out, CKA_EC_POINT, span_const(room));
	return CKR_OK;
}

const struct mech_impl mech_public_half = { .state_kind = MECH_STATE_NONE, .derives_public = true };

CK_RV mech_key_complete(struct vault_scope *scope, const struct key_view *given, struct key_view *out)
{
	const struct curve *curve = curve_find(key_view_part(given, CKA_EC_PARAMS));

	*out = (struct key_view){ .class = given->class, .type = given->type };
	if (given->type == CKK_RSA)
		return rsa_complete(scope, given, out);
	if (given->type == CKK_DH)
		return dh_complete(scope, given, out);
	if (parameter_set_applies(given->type))
		return pqc_complete(scope, given, out);
	if (curve == NULL || curve->key_type != given->type)
		return CKR_OK; /* object/ says what is wrong with it */
	return given->type == CKK_EC ? complete_ec(scope, curve, given, out) : complete_bytes(scope, curve, given, out);
}
