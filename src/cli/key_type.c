/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys.h"

#include "ck/curve.h"

#define NONE CK_UNAVAILABLE_INFORMATION
#define EDWARDS CKM_EC_EDWARDS_KEY_PAIR_GEN
#define MONTGOMERY CKM_EC_MONTGOMERY_KEY_PAIR_GEN
#define WEIERSTRASS CKM_EC_KEY_PAIR_GEN

/* What ck/curves.def does not know: the tool's name of a type, and what it does with such keys. */
static const struct key_type types[] = {
	{ "ed25519", "ED25519", CKK_EC_EDWARDS, EDWARDS, CKM_EDDSA, "ssh-ed25519" },
	{ "ed448", "ED448", CKK_EC_EDWARDS, EDWARDS, CKM_EDDSA, NULL },
	{ "x25519", "X25519", CKK_EC_MONTGOMERY, MONTGOMERY, NONE, NULL },
	{ "x448", "X448", CKK_EC_MONTGOMERY, MONTGOMERY, NONE, NULL },
	{ "p256", "prime256v1", CKK_EC, WEIERSTRASS, CKM_ECDSA_SHA256, NULL },
	{ "p384", "secp384r1", CKK_EC, WEIERSTRASS, CKM_ECDSA_SHA384, NULL },
	{ "p521", "secp521r1", CKK_EC, WEIERSTRASS, CKM_ECDSA_SHA512, NULL },
	{ "secp256k1", "secp256k1", CKK_EC, WEIERSTRASS, CKM_ECDSA_SHA256, NULL },
};

const char *const key_type_names[] = { "ed25519", "ed448", "x25519", "x448", "p256", "p384", "p521", "secp256k1", NULL };

#define TYPES (sizeof(types) / sizeof(types[0]))

const struct key_type *key_type_named(const char *name)
{
	for (size_t i = 0; i < TYPES; i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

struct span key_type_params(const struct key_type *type)
{
	for (size_t i = 0; i < curve_count(); i++)
		if (strcmp(curve_at(i)->library, type->curve) == 0)
			return curve_at(i)->oid[0];
	return SPAN_EMPTY;
}

/* Clients name a curve in more than one way. */
const struct key_type *key_type_of(CK_KEY_TYPE type, struct span params)
{
	const struct curve *curve = curve_find(params);

	for (size_t i = 0; curve != NULL && i < TYPES; i++)
		if (types[i].type == type && strcmp(types[i].curve, curve->library) == 0)
			return &types[i];
	return NULL;
}
