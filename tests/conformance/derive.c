/* SPDX-License-Identifier: Apache-2.0 */
/* C_DeriveKey (PKCS#11 3.0, section 5.18.5) with CKM_ECDH1_DERIVE: what clients send, what new keys inherit, what is refused. */
#include <string.h>

#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static CK_BYTE x25519[] = {0x06, 0x03, 0x2b, 0x65, 0x6e};
static CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET, aes = CKK_AES;

static CK_SESSION_HANDLE start(struct p11 *m)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_start(m));
	slot = p11_token(m, "derive");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

/* A pair that may derive, and its public point as C_GetAttributeValue shows it. */
static void pair(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM_TYPE type, CK_BYTE *params, CK_ULONG n, CK_ATTRIBUTE *extra,
		 struct p11_pair *k, CK_BYTE *point, CK_ULONG *point_n)
{
	CK_MECHANISM mechanism = {type, NULL, 0};
	CK_ATTRIBUTE pub = {CKA_EC_PARAMS, params, n}, priv[2] = {ATTR(CKA_DERIVE, yes)}, read = {CKA_EC_POINT, point, 100};

	if (extra != NULL)
		priv[1] = *extra;
	REQUIRE_RV(m->f->C_GenerateKeyPair(s, &mechanism, &pub, 1, priv, extra == NULL ? 1 : 2, &k->pub, &k->priv), CKR_OK);
	REQUIRE_RV(m->f->C_GetAttributeValue(s, k->pub, &read, 1), CKR_OK);
	*point_n = read.ulValueLen;
}

static CK_RV derive(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, CK_ULONG kdf, CK_BYTE *peer, CK_ULONG peer_n,
		    CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *out)
{
	CK_ECDH1_DERIVE_PARAMS p = {kdf, 0, NULL, peer_n, peer};
	CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &p, sizeof(p)};

	return m->f->C_DeriveKey(s, &mechanism, key, t, n, out);
}

static CK_ULONG value_of(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_BYTE *out)
{
	CK_ATTRIBUTE t = {CKA_VALUE, out, 256};

	return m->f->C_GetAttributeValue(s, h, &t, 1) == CKR_OK ? t.ulValueLen : 0;
}

static void agree(CK_MECHANISM_TYPE type, CK_BYTE *params, CK_ULONG n, CK_ULONG bare)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair a, b;
	CK_BYTE pa[100], pb[100], za[256], zb[256];
	CK_ULONG na, nb;
	CK_OBJECT_HANDLE ha, hb;
	/* Java's template, and libp11's. */
	CK_ATTRIBUTE java[] = {ATTR(CKA_CLASS, secret), ATTR(CKA_KEY_TYPE, generic)};
	CK_ULONG length = 32;
	CK_ATTRIBUTE libp11[] = {ATTR(CKA_TOKEN, no),	  ATTR(CKA_CLASS, secret),     ATTR(CKA_KEY_TYPE, generic),
				 ATTR(CKA_VALUE_LEN, length), ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes),
				 ATTR(CKA_ENCRYPT, yes), ATTR(CKA_DECRYPT, yes)};

	pair(&m, s, type, params, n, NULL, &a, pa, &na);
	pair(&m, s, type, params, n, NULL, &b, pb, &nb);
	REQUIRE_RV(derive(&m, s, a.priv, CKD_NULL, pb, nb, java, 2, &ha), CKR_OK);
	REQUIRE_RV(derive(&m, s, b.priv, CKD_NULL, pa + na - bare, bare, libp11, 8, &hb), CKR_OK);
	CHECK(value_of(&m, s, ha, za) == 32 && value_of(&m, s, hb, zb) == 32 && memcmp(za, zb, 32) == 0);
	CHECK(!p11_get_bool(&m, s, ha, CKA_LOCAL) && !p11_get_bool(&m, s, ha, CKA_ALWAYS_SENSITIVE));
	REQUIRE_RV(derive(&m, s, a.priv, CKD_SHA256_KDF, pb, nb, libp11, 8, &ha), CKR_OK);
	REQUIRE_RV(derive(&m, s, b.priv, CKD_SHA256_KDF, pa, na, libp11, 8, &hb), CKR_OK);
	CHECK(value_of(&m, s, ha, za) == 32 && value_of(&m, s, hb, zb) == 32 && memcmp(za, zb, 32) == 0);
	p11_stop(&m);
}

static void test_p256(void)
{
	agree(CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), 65);
}

static void test_x25519(void)
{
	agree(CKM_EC_MONTGOMERY_KEY_PAIR_GEN, x25519, sizeof(x25519), 32);
}

static void test_lengths(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair a;
	CK_BYTE pa[100], z[256];
	CK_ULONG na, length = 16;
	CK_OBJECT_HANDLE h;
	CK_ATTRIBUTE t[] = {ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_VALUE_LEN, length)};

	pair(&m, s, CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), NULL, &a, pa, &na);
	CHECK_RV(derive(&m, s, a.priv, CKD_SHA512_KDF, pa, na, t, 2, &h), CKR_OK);
	CHECK(value_of(&m, s, h, z) == 16);
	length = 17;
	CHECK(derive(&m, s, a.priv, CKD_SHA512_KDF, pa, na, t, 2, &h) != CKR_OK);
	CHECK_RV(derive(&m, s, a.priv, CKD_SHA512_KDF, pa, na, t, 1, &h), CKR_KEY_SIZE_RANGE); /* 64 bytes: no AES key */
	t[0] = (CK_ATTRIBUTE)ATTR(CKA_KEY_TYPE, generic);
	length = 33;
	CHECK_RV(derive(&m, s, a.priv, CKD_NULL, pa, na, t, 2, &h), CKR_KEY_SIZE_RANGE);
	length = 1 << 20;
	CHECK_RV(derive(&m, s, a.priv, CKD_SHA256_KDF, pa, na, t, 2, &h), CKR_KEY_SIZE_RANGE);
	length = 1000;
	CHECK_RV(derive(&m, s, a.priv, CKD_SHA256_KDF, pa, na, t, 2, &h), CKR_OK);
	p11_stop(&m);
}

static void test_refused(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_ECDH1_DERIVE_PARAMS p = {CKD_NULL, 0, NULL, 0, NULL};
	CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
	struct p11_pair a, deaf;
	CK_BYTE pa[100], small[32] = {1};
	CK_ULONG na;
	CK_OBJECT_HANDLE h;
	CK_OBJECT_CLASS data = CKO_DATA;
	CK_ATTRIBUTE wrong = ATTR(CKA_CLASS, data), always = ATTR(CKA_ALWAYS_AUTHENTICATE, yes), not_here = ATTR(CKA_VALUE, small);

	pair(&m, s, CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), NULL, &a, pa, &na);
	CHECK_RV(m.f->C_DeriveKey(s, NULL, a.priv, NULL, 0, &h), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_DeriveKey(s, &mechanism, a.priv, NULL, 1, &h), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_DeriveKey(s, &mechanism, a.priv, NULL, 0, NULL), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_DeriveKey(s, &mechanism, a.priv, NULL, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	p = (CK_ECDH1_DERIVE_PARAMS){CKD_NULL, 3, small, na, pa}; /* shared data that would not be used */
	CHECK_RV(m.f->C_DeriveKey(s, &mechanism, a.priv, NULL, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(derive(&m, s, a.priv, 0x7777, pa, na, NULL, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(derive(&m, s, a.priv, CKD_SHA1_KDF_ASN1, pa, na, NULL, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	pa[na - 1] ^= 1; /* off the curve: the invalid curve attack */
	CHECK_RV(derive(&m, s, a.priv, CKD_NULL, pa, na, NULL, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	pa[na - 1] ^= 1;
	CHECK_RV(derive(&m, s, a.priv, CKD_NULL, pa, na - 1, NULL, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(derive(&m, s, a.pub, CKD_NULL, pa, na, NULL, 0, &h), CKR_KEY_FUNCTION_NOT_PERMITTED);
	CHECK_RV(derive(&m, s, 0x7ffffff1, CKD_NULL, pa, na, NULL, 0, &h), CKR_KEY_HANDLE_INVALID);
	CHECK_RV(derive(&m, s, a.priv, CKD_NULL, pa, na, &wrong, 1, &h), CKR_TEMPLATE_INCONSISTENT);
	CHECK_RV(derive(&m, s, a.priv, CKD_NULL, pa, na, &not_here, 1, &h), CKR_TEMPLATE_INCONSISTENT);
	pair(&m, s, CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &always, &deaf, pa, &na);
	CHECK_RV(derive(&m, s, deaf.priv, CKD_NULL, pa, na, NULL, 0, &h), CKR_USER_NOT_LOGGED_IN);
	pair(&m, s, CKM_EC_MONTGOMERY_KEY_PAIR_GEN, x25519, sizeof(x25519), NULL, &a, pa, &na);
	CHECK_RV(derive(&m, s, a.priv, CKD_NULL, small, 32, NULL, 0, &h), CKR_MECHANISM_PARAM_INVALID); /* of small order */
	mechanism.mechanism = CKM_ECDH1_COFACTOR_DERIVE;
	p = (CK_ECDH1_DERIVE_PARAMS){CKD_NULL, 0, NULL, na, pa};
	CHECK_RV(m.f->C_DeriveKey(s, &mechanism, a.priv, NULL, 0, &h), CKR_KEY_TYPE_INCONSISTENT);
	p11_stop(&m);
}

/* CKA_DERIVE_TEMPLATE is added to every key that is derived, and is read back as it was given. */
static void test_derive_template(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair a;
	CK_BYTE pa[100], read_bool[2];
	CK_ULONG na, read_type;
	CK_OBJECT_HANDLE h;
	CK_ATTRIBUTE inner[] = {ATTR(CKA_SENSITIVE, yes), ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_EXTRACTABLE, no)};
	CK_ATTRIBUTE outer = {CKA_DERIVE_TEMPLATE, inner, sizeof(inner)}, got[3] = {{0}}, read = {CKA_DERIVE_TEMPLATE, NULL, 0};
	CK_ATTRIBUTE twice[] = {ATTR(CKA_SENSITIVE, yes), ATTR(CKA_SENSITIVE, no)}, bad = {CKA_DERIVE_TEMPLATE, twice, sizeof(twice)};
	CK_ATTRIBUTE clear[] = {ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_SENSITIVE, no)}, trusted[] = {ATTR(CKA_TRUSTED, yes)};
	CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE pub = ATTR(CKA_EC_PARAMS, p256), priv[] = {ATTR(CKA_DERIVE, yes), {CKA_DERIVE_TEMPLATE, trusted, sizeof(trusted)}};

	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, &pub, 1, &bad, 1, &a.pub, &a.priv), CKR_ATTRIBUTE_VALUE_INVALID);
	pair(&m, s, CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &outer, &a, pa, &na);
	CHECK_RV(m.f->C_GetAttributeValue(s, a.priv, &read, 1), CKR_OK);
	CHECK(read.ulValueLen == sizeof(got));
	read.pValue = got;
	CHECK_RV(m.f->C_GetAttributeValue(s, a.priv, &read, 1), CKR_OK);
	CHECK(got[0].type == CKA_KEY_TYPE && got[0].ulValueLen == sizeof(CK_ULONG) && got[1].type == CKA_SENSITIVE &&
	      got[2].type == CKA_EXTRACTABLE && got[2].ulValueLen == 1);
	got[0].pValue = &read_type;
	got[1].pValue = read_bool;
	got[2].pValue = read_bool + 1;
	CHECK_RV(m.f->C_GetAttributeValue(s, a.priv, &read, 1), CKR_OK);
	CHECK(read_type == CKK_AES && read_bool[0] == 1 && read_bool[1] == 0);
	got[0].ulValueLen = 1;
	CHECK_RV(m.f->C_GetAttributeValue(s, a.priv, &read, 1), CKR_BUFFER_TOO_SMALL);
	/* It holds for what is derived, and what contradicts it is refused. */
	CHECK_RV(derive(&m, s, a.priv, CKD_NULL, pa, na, clear, 1, &h), CKR_OK);
	CHECK(p11_get_bool(&m, s, h, CKA_SENSITIVE) && !p11_get_bool(&m, s, h, CKA_EXTRACTABLE));
	CHECK_RV(derive(&m, s, a.priv, CKD_NULL, pa, na, clear, 2, &h), CKR_TEMPLATE_INCONSISTENT);
	CHECK_RV(derive(&m, s, a.priv, CKD_NULL, pa, na, NULL, 0, &h), CKR_TEMPLATE_INCONSISTENT); /* another key type */
	/* It is no way around what only the SO may set. */
	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &generate, &pub, 1, priv, 2, &a.pub, &a.priv), CKR_OK);
	CHECK_RV(derive(&m, s, a.priv, CKD_NULL, pa, na, NULL, 0, &h), CKR_TEMPLATE_INCONSISTENT);
	p11_stop(&m);
}

/* The public half of each kind of key, with what it takes over. */
static void test_public_half(void)
{
	static CK_BYTE ed25519[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_ULONG bits = 2048, generated;
	CK_BYTE id[] = "an id", label[] = "label";
	struct {
		CK_MECHANISM_TYPE type;
		CK_ATTRIBUTE pub;
	} kinds[] = {{CKM_RSA_PKCS_KEY_PAIR_GEN, ATTR(CKA_MODULUS_BITS, bits)}, {CKM_EC_KEY_PAIR_GEN, ATTR(CKA_EC_PARAMS, p256)},
		     {CKM_EC_EDWARDS_KEY_PAIR_GEN, ATTR(CKA_EC_PARAMS, ed25519)},
		     {CKM_EC_MONTGOMERY_KEY_PAIR_GEN, ATTR(CKA_EC_PARAMS, x25519)}};
	CK_MECHANISM half = {CKM_PUB_KEY_FROM_PRIV_KEY, NULL, 0};
	CK_OBJECT_HANDLE h;

	for (size_t i = 0; i < 4; i++) {
		CK_MECHANISM mechanism = {kinds[i].type, NULL, 0};
		CK_ATTRIBUTE priv[] = {ATTR(CKA_ID, id), ATTR(CKA_SIGN, no), ATTR(CKA_UNWRAP, yes), ATTR(CKA_TOKEN, yes)};
		CK_ATTRIBUTE t[] = {ATTR(CKA_LABEL, label), ATTR(CKA_TOKEN, yes), ATTR(CKA_VERIFY, yes)};
		CK_BYTE a[600], b[600], got[16];
		CK_ATTRIBUTE one = {CKA_PUBLIC_KEY_INFO, a, 600}, two = {CKA_PUBLIC_KEY_INFO, b, 600}, read = {CKA_ID, got, 16};
		struct p11_pair k;

		REQUIRE_RV(m.f->C_GenerateKeyPair(s, &mechanism, &kinds[i].pub, 1, priv, 4, &k.pub, &k.priv), CKR_OK);
		REQUIRE_RV(m.f->C_DeriveKey(s, &half, k.priv, NULL, 0, &h), CKR_OK);
		CHECK_RV(m.f->C_GetAttributeValue(s, k.pub, &one, 1), CKR_OK);
		CHECK_RV(m.f->C_GetAttributeValue(s, h, &two, 1), CKR_OK);
		CHECK(one.ulValueLen == two.ulValueLen && memcmp(a, b, one.ulValueLen) == 0);
		CHECK_RV(m.f->C_GetAttributeValue(s, h, &read, 1), CKR_OK);
		CHECK(read.ulValueLen == sizeof(id) && !p11_get_bool(&m, s, h, CKA_VERIFY) && p11_get_bool(&m, s, h, CKA_WRAP));
		CHECK(!p11_get_bool(&m, s, h, CKA_LOCAL) && !p11_get_bool(&m, s, h, CKA_TOKEN) && !p11_get_bool(&m, s, h, CKA_PRIVATE));
		CHECK(p11_get(&m, s, h, CKA_KEY_GEN_MECHANISM, &generated, sizeof(generated)) && generated == kinds[i].type);
		REQUIRE_RV(m.f->C_DeriveKey(s, &half, k.priv, t, 3, &h), CKR_OK);
		CHECK(p11_get_bool(&m, s, h, CKA_VERIFY) && p11_get_bool(&m, s, h, CKA_TOKEN));
		CHECK_RV(m.f->C_DeriveKey(s, &half, k.pub, NULL, 0, &h), CKR_KEY_TYPE_INCONSISTENT);
	}
	CHECK_RV(m.f->C_DeriveKey(s, &half, 0x7ffffff1, NULL, 0, &h), CKR_KEY_HANDLE_INVALID);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"two parties agree on P-256", test_p256},
		{"two parties agree on X25519", test_x25519},
		{"lengths", test_lengths},
		{"what is refused", test_refused},
		{"CKA_DERIVE_TEMPLATE", test_derive_template},
		{"a public key from its private one", test_public_half},
		{NULL, NULL},
	};

	return unit_main("C_DeriveKey", tests);
}
