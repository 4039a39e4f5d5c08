/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys.h"

#include "ck/curve.h"
#include "ck/parameter_set.h"

#define NONE CK_UNAVAILABLE_INFORMATION
#define EDWARDS CKM_EC_EDWARDS_KEY_PAIR_GEN
#define MONTGOMERY CKM_EC_MONTGOMERY_KEY_PAIR_GEN
#define WEIERSTRASS CKM_EC_KEY_PAIR_GEN
#define RSA CKM_RSA_PKCS_KEY_PAIR_GEN

#define KEM(name, set) { name, set, 0, CKK_ML_KEM, CKM_ML_KEM_KEY_PAIR_GEN, NONE, NULL }
#define ML_DSA(name, set) { name, set, 0, CKK_ML_DSA, CKM_ML_DSA_KEY_PAIR_GEN, CKM_ML_DSA, NULL }
#define SLH_DSA(name, set) { name, set, 0, CKK_SLH_DSA, CKM_SLH_DSA_KEY_PAIR_GEN, CKM_SLH_DSA, NULL }

/* What ck/curves.def and ck/parameter_sets.def do not know: the tool's name of a type, and what it does with such keys.  The last row is of RSA keys of
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
	ML_DSA("ml-dsa-44", "ML-DSA-44"),
	ML_DSA("ml-dsa-65", "ML-DSA-65"),
	ML_DSA("ml-dsa-87", "ML-DSA-87"),
	SLH_DSA("slh-dsa-sha2-128s", "SLH-DSA-SHA2-128s"),
	SLH_DSA("slh-dsa-sha2-128f", "SLH-DSA-SHA2-128f"),
	SLH_DSA("slh-dsa-sha2-192s", "SLH-DSA-SHA2-192s"),
	SLH_DSA("slh-dsa-sha2-192f", "SLH-DSA-SHA2-192f"),
	SLH_DSA("slh-dsa-sha2-256s", "SLH-DSA-SHA2-256s"),
	SLH_DSA("slh-dsa-sha2-256f", "SLH-DSA-SHA2-256f"),
	SLH_DSA("slh-dsa-shake-128s", "SLH-DSA-SHAKE-128s"),
	SLH_DSA("slh-dsa-shake-128f", "SLH-DSA-SHAKE-128f"),
	SLH_DSA("slh-dsa-shake-192s", "SLH-DSA-SHAKE-192s"),
	SLH_DSA("slh-dsa-shake-192f", "SLH-DSA-SHAKE-192f"),
	SLH_DSA("slh-dsa-shake-256s", "SLH-DSA-SHAKE-256s"),
	SLH_DSA("slh-dsa-shake-256f", "SLH-DSA-SHAKE-256f"),
	KEM("ml-kem-512", "ML-KEM-512"),
	KEM("ml-kem-768", "ML-KEM-768"),
	KEM("ml-kem-1024", "ML-KEM-1024"),
	{ "rsa2048", NULL, 2048, CKK_RSA, RSA, CKM_SHA256_RSA_PKCS, NULL },
	{ "rsa3072", NULL, 3072, CKK_RSA, RSA, CKM_SHA256_RSA_PKCS, NULL },
	{ "rsa4096", NULL, 4096, CKK_RSA, RSA, CKM_SHA256_RSA_PKCS, NULL },
	{ "rsa", NULL, 0, CKK_RSA, RSA, CKM_SHA256_RSA_PKCS, NULL },
};

const char *const key_type_names[] = { "ed25519", "ed448", "x25519", "x448", "p256", "p384", "p521", "secp256k1",
				       "rsa2048", "rsa3072", "rsa4096",
				       "ml-dsa-44", "ml-dsa-65", "ml-dsa-87",
				       "slh-dsa-sha2-128s", "slh-dsa-sha2-128f", "slh-dsa-sha2-192s", "slh-dsa-sha2-192f",
				       "slh-dsa-sha2-256s", "slh-dsa-sha2-256f",
				       "slh-dsa-shake-128s", "slh-dsa-shake-128f", "slh-dsa-shake-192s", "slh-dsa-shake-192f",
				       "slh-dsa-shake-256s", "slh-dsa-shake-256f",
				       "ml-kem-512", "ml-kem-768", "ml-kem-1024", NULL };

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

CK_ULONG key_type_set(const struct key_type *type)
{
	for (size_t i = 0; i < parameter_set_count(); i++)
		if (type->curve != NULL && strcmp(parameter_set_at(i)->name, type->curve) == 0)
			return parameter_set_at(i)->number;
	return 0;
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

static const struct key_type *of_name(CK_KEY_TYPE type, const char *library)
{
	for (size_t i = 0; i < TYPES; i++)
		if (types[i].type == type && strcmp(types[i].curve, library) == 0)
			return &types[i];
	return NULL;
}

/* Clients name a curve in more than one way. */
static const struct key_type *of_curve(CK_KEY_TYPE type, const struct curve *curve)
{
	return curve == NULL ? NULL : of_name(type, curve->library);
}

static const struct key_type *of_set(const struct parameter_set *set)
{
	return set == NULL ? NULL : of_name(set->key_type, set->name);
}

const struct key_type *key_type_of(CK_KEY_TYPE type, struct span params, struct span modulus, CK_ULONG parameter_set)
{
	CK_ULONG bits = bits_of(modulus);

	if (parameter_set_applies(type))
		return of_set(parameter_set_find(type, parameter_set));
	if (type != CKK_RSA)
		return of_curve(type, curve_find(params));
	for (size_t i = 0; i < TYPES; i++)
		if (types[i].type == CKK_RSA && (types[i].bits == bits || types[i].bits == 0))
			return &types[i];
	return NULL;
}
