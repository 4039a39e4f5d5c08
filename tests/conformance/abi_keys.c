/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "abi.h"
#include "coffer/coffer.h"
#include "groups.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static CK_BYTE p384[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 };
static CK_BYTE p521[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23 };
static CK_BYTE secp256k1[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a };
static CK_BYTE x25519[] = { 0x06, 0x03, 0x2b, 0x65, 0x6e }, x448[] = { 0x06, 0x03, 0x2b, 0x65, 0x6f };
static CK_BYTE ed25519[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 }, ed448[] = { 0x06, 0x03, 0x2b, 0x65, 0x71 };
static CK_ULONG bits = 2048, kem_set = CKP_ML_KEM_768, dsa_set = CKP_ML_DSA_44, slh_set = CKP_SLH_DSA_SHA2_128F;
static CK_BYTE prime[GROUP_BYTES], two[] = { 2 };

/* A kind is imported (a value of `size` bytes), or made as a pair. */
static const struct kind {
	CK_KEY_TYPE type;
	CK_ULONG size;
	CK_MECHANISM_TYPE generate;
	CK_ATTRIBUTE domain;
} kinds[RING_KEYS] = {
	[GENERIC] = { CKK_GENERIC_SECRET, 32, 0, { 0 } },
	[AES] = { CKK_AES, 32, 0, { 0 } },
	[XTS] = { CKK_AES_XTS, 64, 0, { 0 } },
	[CHACHA20] = { CKK_CHACHA20, 32, 0, { 0 } },
	[SALSA20] = { CKK_SALSA20, 32, 0, { 0 } },
	[POLY1305] = { CKK_POLY1305, 32, 0, { 0 } },
	[DES3] = { CKK_DES3, 24, 0, { 0 } },
	[PREMASTER] = { CKK_GENERIC_SECRET, 48, 0, { 0 } },
	[MASTER] = { CKK_COFFER_ALGORAND_MASTER, 32, 0, { 0 } },
	[RSA_2048] = { CKK_RSA, 0, CKM_RSA_PKCS_KEY_PAIR_GEN, ATTR(CKA_MODULUS_BITS, bits) },
	[P256] = { CKK_EC, 0, CKM_EC_KEY_PAIR_GEN, ATTR(CKA_EC_PARAMS, p256) },
	[P384] = { CKK_EC, 0, CKM_EC_KEY_PAIR_GEN, ATTR(CKA_EC_PARAMS, p384) },
	[P521] = { CKK_EC, 0, CKM_EC_KEY_PAIR_GEN, ATTR(CKA_EC_PARAMS, p521) },
	[SECP256K1] = { CKK_EC, 0, CKM_EC_KEY_PAIR_GEN, ATTR(CKA_EC_PARAMS, secp256k1) },
	[ED25519] = { CKK_EC_EDWARDS, 0, CKM_EC_EDWARDS_KEY_PAIR_GEN, ATTR(CKA_EC_PARAMS, ed25519) },
	[ED448] = { CKK_EC_EDWARDS, 0, CKM_EC_EDWARDS_KEY_PAIR_GEN, ATTR(CKA_EC_PARAMS, ed448) },
	[X25519] = { CKK_EC_MONTGOMERY, 0, CKM_EC_MONTGOMERY_KEY_PAIR_GEN, ATTR(CKA_EC_PARAMS, x25519) },
	[X448] = { CKK_EC_MONTGOMERY, 0, CKM_EC_MONTGOMERY_KEY_PAIR_GEN, ATTR(CKA_EC_PARAMS, x448) },
	[DH_2048] = { CKK_DH, 0, CKM_DH_PKCS_KEY_PAIR_GEN, ATTR(CKA_PRIME, prime) },
	[ML_KEM_768] = { CKK_ML_KEM, 0, CKM_ML_KEM_KEY_PAIR_GEN, ATTR(CKA_PARAMETER_SET, kem_set) },
	[ML_DSA_44] = { CKK_ML_DSA, 0, CKM_ML_DSA_KEY_PAIR_GEN, ATTR(CKA_PARAMETER_SET, dsa_set) },
	[SLH_DSA_128F] = { CKK_SLH_DSA, 0, CKM_SLH_DSA_KEY_PAIR_GEN, ATTR(CKA_PARAMETER_SET, slh_set) },
};

bool abi_listed(const struct abi *a, CK_MECHANISM_TYPE type)
{
	CK_MECHANISM_INFO info;

	return a->m.f->C_GetMechanismInfo(a->slot, type, &info) == CKR_OK;
}

CK_ULONG abi_domain(unsigned kind, CK_ATTRIBUTE out[3])
{
	out[0] = kinds[kind].domain;
	out[1] = (CK_ATTRIBUTE)ATTR(CKA_BASE, two);
	return kind == DH_2048 ? 2 : 1;
}

/* Three different parts, each byte of odd parity: a key of DES too. */
static void fill_value(unsigned kind, CK_BYTE *value, CK_ULONG n)
{
	for (CK_ULONG i = 0; i < n; i++) {
		value[i] = (CK_BYTE)((11 * i + 5) & 0xfe);
		if (__builtin_popcount(value[i]) % 2 == 0)
			value[i] |= 1;
	}
	if (kind == PREMASTER)
		value[0] = value[1] = 3; /* the version */
}

static const CK_ATTRIBUTE_TYPE secret_uses[] = { CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN, CKA_VERIFY, CKA_WRAP, CKA_UNWRAP, CKA_DERIVE };
static const CK_ATTRIBUTE_TYPE public_uses[] = { CKA_ENCRYPT, CKA_VERIFY, CKA_VERIFY_RECOVER, CKA_WRAP, CKA_ENCAPSULATE };
static const CK_ATTRIBUTE_TYPE private_uses[] = { CKA_DECRYPT, CKA_SIGN, CKA_SIGN_RECOVER, CKA_UNWRAP, CKA_DECAPSULATE, CKA_DERIVE };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static CK_ULONG add_uses(CK_ATTRIBUTE *t, const CK_ATTRIBUTE_TYPE *uses, size_t n, CK_BBOOL *value)
{
	for (size_t i = 0; i < n; i++)
		t[i] = (CK_ATTRIBUTE){ uses[i], value, 1 };
	return n;
}

static CK_OBJECT_HANDLE import(struct abi *a, unsigned kind, CK_BBOOL *usable)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = kinds[kind].type;
	CK_BYTE value[64];
	CK_ULONG n = 4, index = 1;
	CK_ATTRIBUTE t[16] = { ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_EXTRACTABLE, yes),
			       { CKA_VALUE, value, kinds[kind].size } };
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	fill_value(kind, value, kinds[kind].size);
	if (kind == MASTER) {
		t[n++] = (CK_ATTRIBUTE){ CKA_DERIVE, usable, 1 };
		t[n++] = (CK_ATTRIBUTE)ATTR(CKA_COFFER_ALGORAND_INDEX, index);
	} else {
		t[n++] = (CK_ATTRIBUTE)ATTR(CKA_SENSITIVE, no);
		n += add_uses(t + n, secret_uses, COUNT(secret_uses), usable);
	}
	REQUIRE_RV(a->m.f->C_CreateObject(a->s, t, n, &h), CKR_OK);
	return h;
}

static void generate(struct abi *a, unsigned kind, CK_BBOOL *usable, struct abi_keys *out)
{
	CK_MECHANISM mechanism = { kinds[kind].generate, NULL, 0 };
	CK_ATTRIBUTE pub[10], priv[10];
	CK_ULONG n = abi_domain(kind, pub);

	n += add_uses(pub + n, public_uses, COUNT(public_uses), usable);
	REQUIRE_RV(a->m.f->C_GenerateKeyPair(a->s, &mechanism, pub, n, priv, add_uses(priv, private_uses, COUNT(private_uses), usable),
					     &out->other, &out->own),
		   CKR_OK);
}

static void make(struct abi *a, unsigned kind, CK_BBOOL *usable, struct abi_keys *out)
{
	if (kinds[kind].size == 0)
		generate(a, kind, usable, out);
	else
		out->own = out->other = import(a, kind, usable);
}

static void learn_peer(struct abi *a, unsigned kind)
{
	CK_ATTRIBUTE value = { kind == DH_2048 ? CKA_VALUE : CKA_EC_POINT, a->peer[kind].p, sizeof(a->peer[kind].p) };

	REQUIRE_RV(a->m.f->C_GetAttributeValue(a->s, a->idle[kind].other, &value, 1), CKR_OK);
	a->peer[kind].n = value.ulValueLen;
}

void abi_keys_make(struct abi *a)
{
	for (size_t i = 0; i < sizeof(prime); i++) {
		unsigned byte = 0;

		REQUIRE(sscanf(group_ffdhe2048 + 2 * i, "%2x", &byte) == 1);
		prime[i] = (CK_BYTE)byte;
	}
	for (unsigned kind = GENERIC; kind < RING_KEYS; kind++) {
		if (kinds[kind].size == 0 && !abi_listed(a, kinds[kind].generate))
			continue;
		make(a, kind, &yes, &a->key[kind]);
		make(a, kind, &no, &a->idle[kind]);
		if (kind >= P256 && kind <= DH_2048)
			learn_peer(a, kind);
	}
	a->target = import(a, AES, &yes);
}

CK_OBJECT_HANDLE abi_key(const struct abi *a, bool idle)
{
	const struct abi_keys *k = idle ? &a->idle[a->row->key] : &a->key[a->row->key];

	return a->direction->uses_public ? k->other : k->own;
}

CK_OBJECT_HANDLE abi_wrong_key(const struct abi *a)
{
	bool is_edwards = a->row->key == ED25519 || a->row->key == ED448;
	bool any_private = a->row->mechanism == CKM_PUB_KEY_FROM_PRIV_KEY;
	const struct abi_keys *k = &a->key[is_edwards || any_private ? AES : ED25519];

	return a->direction->uses_public ? k->other : k->own;
}
