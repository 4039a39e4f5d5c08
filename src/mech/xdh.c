/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Montgomery curves (RFC 7748): X25519 by libsodium, X448 by OpenSSL.
 *
 * OpenSSL multiplies on curve25519 in 26 us where libsodium does in 30, and takes 5 to make its objects of two keys and to let them go.
 */
#include "mech/xdh.h"

#include <sodium.h>

#include "base/error.h"
#include "mech/curve448.h"
#include "mech/families.h"

#define X25519_SIZE 32

CK_RV xdh_public(struct vault_scope *scope, const struct curve *curve, struct span value, uint8_t *out)
{
	if (curve->bits != 255)
		return curve448_public(scope, curve, value, out);
	if (value.n != X25519_SIZE)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return crypto_scalarmult_base(out, value.p) == 0 ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* A point may come as it is in CKA_EC_POINT of an older interface: in an OCTET STRING. */
static struct span bare(struct span peer, size_t size)
{
	if (peer.n == size + 2 && peer.p[0] == 0x04 && peer.p[1] == size)
		return span_skip(peer, 2);
	return peer;
}

CK_RV xdh_agree(struct vault_scope *scope, const struct key_view *key, struct span peer, struct mspan z, size_t *n)
{
	const struct curve *curve = curve_sized(CKK_EC_MONTGOMERY, key->bits);
	struct span value = key_view_part(key, CKA_VALUE);

	if (curve == NULL || value.n != curve->scalar || z.n < curve->scalar)
		return CKR_GENERAL_ERROR;
	*n = curve->scalar;
	peer = bare(peer, curve->point);
	if (curve->bits != 255)
		return curve448_agree(scope, curve, value, key_view_part(key, CKA_EC_POINT), peer, z);
	/* It fails for points of small order, whose shared secret would be zero. */
	if (peer.n != X25519_SIZE || crypto_scalarmult(z.p, value.p, peer.p) != 0)
		return CKR_MECHANISM_PARAM_INVALID;
	return CKR_OK;
}

static CK_RV generate(struct vault_scope *scope, const struct mech_call *call, const struct key_view *wanted,
		      struct key_view *public_key, struct key_view *private_key)
{
	const struct curve *curve = curve_sized(CKK_EC_MONTGOMERY, wanted->bits);
	struct mspan room;

	(void)call;
	if (curve == NULL)
		return CKR_CURVE_NOT_SUPPORTED;
	if (cf_failed(vault_scope_alloc(scope, curve->scalar + curve->point, &room)))
		return CKR_DEVICE_MEMORY;
	randombytes_buf(room.p, curve->scalar);
	*public_key = (struct key_view){ .class = CKO_PUBLIC_KEY, .type = CKK_EC_MONTGOMERY, .bits = curve->bits, .parts = 1 };
	public_key->part[0] = (struct key_part){ CKA_EC_POINT, span(room.p + curve->scalar, curve->point) };
	*private_key = *public_key;
	private_key->class = CKO_PRIVATE_KEY;
	private_key->part[private_key->parts++] = (struct key_part){ CKA_VALUE, span(room.p, curve->scalar) };
	return xdh_public(scope, curve, span(room.p, curve->scalar), room.p + curve->scalar);
}

const struct mech_impl mech_xdh_generate = {
	.state_kind = MECH_STATE_NONE,
	.generate_pair = generate,
};
