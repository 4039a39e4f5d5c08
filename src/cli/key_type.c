/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys.h"

#include "ck/curve.h"

#define NONE CK_UNAVAILABLE_INFORMATION
#define EDWARDS CKM_EC_EDWARDS_KEY_PAIR_GEN
#define MONTGOMERY CKM_EC_MONTGOMERY_KEY_PAIR_GEN
#define WEIERSTRASS CKM_EC_KEY_PAIR_GEN
#define RSA CKM_RSA_PKCS_KEY_PAIR_GEN

/* What ck/curves.def does not know: the tool's name of a type, and what it does with such keys.  The last row is of RSA keys of
 * sizes that the tool does not make. */
static const struct key_type types[] = {
	{ "ed25519", "ED25519", 0, CKK_EC_EDWARDS, EDWARDS, CKM_EDDSA, "ssh-ed25519" },
	{ "ed448", "ED448", 0, CKK_EC_EDWARDS, EDWARDS, CKM_EDDSA, NULL },
	{ "x25519", "X25519", 0, CKK_EC_MONTGOMERY, MONTGOMERY, NONE, NULL },
	{ "x448", "X448", 0, CKK_EC_MONTGOMERY, MONTGOMERY, NONE, NULL },
	{ "p256", "prime256v1", 0, CKK_EC, WEIERSTRASS, CKM_ECDSA_SHA256, NULL },
	{ "p384", "secp384r1", 0, CKK_EC, WEIERSTRASS, CKM_ECDSA_SHA384, NULL },
	{ "p521", "secp521r1", 0, CKK_EC, WEIERSTRASS, CKM_ECDSA_SHA512, NULL },
	{ "secp256k1", "secp256k1", 0, CKK_EC, WEIERSTRASS, CKM_ECDSA_SHA256, NULL },
	{ "rsa2048", NULL, 2048, CKK_RSA, RSA, CKM_SHA256_RSA_PKCS, NULL },
	{ "rsa3072", NULL, 3072, CKK_RSA, RSA, CKM_SHA256_RSA_PKCS, NULL },
	{ "rsa4096", NULL, 4096, CKK_RSA, RSA, CKM_SHA256_RSA_PKCS, NULL },
	{ "rsa", NULL, 0, CKK_RSA, RSA, CKM_SHA256_RSA_PKCS, NULL },
};

const char *const key_type_names[] = { "ed25519", "ed448", "x25519", "x448", "p256", "p384", "p521", "secp256k1",
				       "rsa2048", "rsa3072", "rsa4096", NULL };

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
		if (type->curve != NULL && strcmp(curve_at(i)->library, type->curve) == 0)
			return curve_at(i)->oid[0];
	return SPAN_EMPTY;
}

static CK_ULONG bits_of(struct span number)
{
	CK_ULONG bits;

	while (number.n > 0 && number.p[0] == 0)
		number = span_skip(number, 1);
	bits = 8 * number.n;
	for (unsigned top = number.n == 0 ? 0x80 : number.p[0]; (top & 0x80) == 0; top <<= 1)
		bits--;
	return bits;
}

/* Clients name a curve in more than one way. */
static const struct key_type *of_curve(CK_KEY_TYPE type, const struct curve *curve)
{
	for (size_t i = 0; curve != NULL && i < TYPES; i++)
		if (types[i].type == type && strcmp(types[i].curve, curve->library) == 0)
			return &types[i];
	return NULL;
}

const struct key_type *key_type_of(CK_KEY_TYPE type, struct span params, struct span modulus)
{
	CK_ULONG bits = bits_of(modulus);

	if (type != CKK_RSA)
		return of_curve(type, curve_find(params));
	for (size_t i = 0; i < TYPES; i++)
		if (types[i].type == CKK_RSA && (types[i].bits == bits || types[i].bits == 0))
			return &types[i];
	return NULL;
}
