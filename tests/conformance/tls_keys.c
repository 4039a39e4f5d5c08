/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a connection (CKM_TLS12_KEY_AND_MAC_DERIVE, CKM_TLS12_KEY_SAFE_DERIVE; PKCS#11 3.2, "Key and MAC derivation"): NIST's
 * block of keys, all of them or none, as sensitive as the master secret.
 */
#include <string.h>

#include "coffer/pkcs11-3.h"
#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_KEY_TYPE aes = CKK_AES, des3 = CKK_DES3;

/* NIST CAVP, tls.rsp, TLS 1.2, SHA-256, first of the group. */
static CK_BYTE master[48] = {0x20, 0x2c, 0x88, 0xc0, 0x0f, 0x84, 0xa1, 0x7a, 0x20, 0x02, 0x70, 0x79, 0x60, 0x47, 0x87, 0x46,
			     0x11, 0x76, 0x45, 0x55, 0x39, 0xe7, 0x05, 0xbe, 0x73, 0x08, 0x90, 0x60, 0x2c, 0x28, 0x9a, 0x50,
			     0x01, 0xe3, 0x4e, 0xeb, 0x3a, 0x04, 0x3e, 0x5d, 0x52, 0xa6, 0x5e, 0x66, 0x12, 0x51, 0x88, 0xbf};
static CK_BYTE server[32] = {0xae, 0x6c, 0x80, 0x6f, 0x8a, 0xd4, 0xd8, 0x07, 0x84, 0x54, 0x9d, 0xff, 0x28, 0xa4, 0xb5, 0x8f,
			     0xd8, 0x37, 0x68, 0x1a, 0x51, 0xd9, 0x28, 0xc3, 0xe3, 0x0e, 0xe5, 0xff, 0x14, 0xf3, 0x98, 0x68};
static CK_BYTE client[32] = {0x62, 0xe1, 0xfd, 0x91, 0xf2, 0x3f, 0x55, 0x8a, 0x60, 0x5f, 0x28, 0x47, 0x8c, 0x58, 0xcf, 0x72,
			     0x63, 0x7b, 0x89, 0x78, 0x4d, 0x95, 0x9d, 0xf7, 0xe9, 0x46, 0xd3, 0xf0, 0x7b, 0xd1, 0xb6, 0x16};
static const CK_BYTE block[128] = {
	0xd0, 0x61, 0x39, 0x88, 0x9f, 0xff, 0xac, 0x1e, 0x3a, 0x71, 0x86, 0x5f, 0x50, 0x4a, 0xa5, 0xd0, 0xd2, 0xa2, 0xe8, 0x95, 0x06, 0xc6,
	0xf2, 0x27, 0x9b, 0x67, 0x0c, 0x3e, 0x1b, 0x74, 0xf5, 0x31, 0x01, 0x6a, 0x25, 0x30, 0xc5, 0x1a, 0x3a, 0x0f, 0x7e, 0x1d, 0x65, 0x90,
	0xd0, 0xf0, 0x56, 0x6b, 0x2f, 0x38, 0x7f, 0x8d, 0x11, 0xfd, 0x4f, 0x73, 0x1c, 0xdd, 0x57, 0x2d, 0x2e, 0xae, 0x92, 0x7f, 0x6f, 0x2f,
	0x81, 0x41, 0x0b, 0x25, 0xe6, 0x96, 0x0b, 0xe6, 0x89, 0x85, 0xad, 0xd6, 0xc3, 0x84, 0x45, 0xad, 0x9f, 0x8c, 0x64, 0xbf, 0x80, 0x68,
	0xbf, 0x9a, 0x66, 0x79, 0x48, 0x5d, 0x96, 0x6f, 0x1a, 0xd6, 0xf6, 0x8b, 0x43, 0x49, 0x5b, 0x10, 0xa6, 0x83, 0x75, 0x5e, 0xa2, 0xb8,
	0x58, 0xd7, 0x0c, 0xca, 0xc7, 0xec, 0x8b, 0x05, 0x3c, 0x6b, 0xd4, 0x1c, 0xa2, 0x99, 0xd4, 0xe5, 0x19, 0x28};

static CK_SESSION_HANDLE start(struct p11 *m, const char *extra)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_load(m, extra));
	REQUIRE_RV(m->f->C_Initialize(NULL), CKR_OK);
	slot = p11_token(m, "tls");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static CK_OBJECT_HANDLE secret(const struct p11 *m, CK_SESSION_HANDLE s, CK_BBOOL sensitive, CK_BBOOL extractable, CK_ULONG n)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class),	    ATTR(CKA_KEY_TYPE, type),		{CKA_VALUE, master, n},
			    ATTR(CKA_SENSITIVE, sensitive), ATTR(CKA_EXTRACTABLE, extractable), ATTR(CKA_DERIVE, yes)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	REQUIRE_RV(m->f->C_CreateObject(s, t, 6, &h), CKR_OK);
	return h;
}

/* A parameter and what comes back. */
struct material {
	CK_TLS12_KEY_MAT_PARAMS p;
	CK_SSL3_KEY_MAT_OUT out;
	CK_BYTE iv[2][16];
};

static void ask(struct material *k, CK_ULONG mac, CK_ULONG key, CK_ULONG iv)
{
	memset(k, 0x5a, sizeof(*k));
	k->out.pIVClient = k->iv[0];
	k->out.pIVServer = k->iv[1];
	k->p = (CK_TLS12_KEY_MAT_PARAMS){8 * mac, 8 * key, 8 * iv, CK_FALSE, {client, 32, server, 32}, &k->out, CKM_SHA256};
}

static CK_RV derive(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM_TYPE type, struct material *k, CK_OBJECT_HANDLE base,
		    CK_ATTRIBUTE *t, CK_ULONG n)
{
	CK_MECHANISM mechanism = {type, &k->p, sizeof(k->p)};

	return m->f->C_DeriveKey(s, &mechanism, base, t, n, NULL);
}

static bool has_value(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, const CK_BYTE *want, CK_ULONG n)
{
	CK_BYTE got[64];
	CK_ATTRIBUTE t = {CKA_VALUE, got, sizeof(got)};

	return m->f->C_GetAttributeValue(s, h, &t, 1) == CKR_OK && t.ulValueLen == n && memcmp(got, want, n) == 0;
}

static CK_ULONG number(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	CK_ULONG v = CK_UNAVAILABLE_INFORMATION;

	return p11_get(m, s, h, type, &v, sizeof(v)) ? v : CK_UNAVAILABLE_INFORMATION;
}

static CK_ULONG objects(const struct p11 *m, CK_SESSION_HANDLE s)
{
	CK_OBJECT_HANDLE found[32];

	return p11_find(m, s, NULL, 0, found, 32);
}

/* AES-128-CBC with HMAC-SHA-1: 20, 16 and 16 bytes. */
static void test_the_block(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_OBJECT_HANDLE base = secret(&m, s, CK_FALSE, CK_TRUE, 48);
	CK_ATTRIBUTE t[] = {ATTR(CKA_KEY_TYPE, aes)};
	struct material k;

	ask(&k, 20, 16, 16);
	REQUIRE_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, base, t, 1), CKR_OK);
	CHECK(has_value(&m, s, k.out.hClientMacSecret, block, 20) && has_value(&m, s, k.out.hServerMacSecret, block + 20, 20));
	CHECK(has_value(&m, s, k.out.hClientKey, block + 40, 16) && has_value(&m, s, k.out.hServerKey, block + 56, 16));
	CHECK(memcmp(k.iv[0], block + 72, 16) == 0 && memcmp(k.iv[1], block + 88, 16) == 0);
	CHECK(number(&m, s, k.out.hClientMacSecret, CKA_KEY_TYPE) == CKK_GENERIC_SECRET);
	CHECK(number(&m, s, k.out.hClientKey, CKA_KEY_TYPE) == CKK_AES && number(&m, s, k.out.hServerKey, CKA_VALUE_LEN) == 16);
	CHECK(p11_get_bool(&m, s, k.out.hServerMacSecret, CKA_SIGN) && p11_get_bool(&m, s, k.out.hServerMacSecret, CKA_VERIFY));
	CHECK(!p11_get_bool(&m, s, k.out.hServerMacSecret, CKA_ENCRYPT) && !p11_get_bool(&m, s, k.out.hServerMacSecret, CKA_DERIVE));
	CHECK(p11_get_bool(&m, s, k.out.hServerKey, CKA_ENCRYPT) && p11_get_bool(&m, s, k.out.hServerKey, CKA_DECRYPT));
	CHECK(p11_get_bool(&m, s, k.out.hServerKey, CKA_DERIVE) && !p11_get_bool(&m, s, k.out.hServerKey, CKA_SIGN));
	p11_stop(&m);
}

/* Of an AEAD cipher: no MAC keys, vectors of 4 bytes. */
static void test_without_mac_keys(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_OBJECT_HANDLE base = secret(&m, s, CK_FALSE, CK_TRUE, 48);
	CK_ULONG length = 16;
	CK_ATTRIBUTE t[] = {ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_DERIVE, no), ATTR(CKA_VALUE_LEN, length), ATTR(CKA_SENSITIVE, no)};
	struct material k;

	ask(&k, 0, 16, 4);
	REQUIRE_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, base, t, 4), CKR_OK);
	CHECK(k.out.hClientMacSecret == CK_INVALID_HANDLE && k.out.hServerMacSecret == CK_INVALID_HANDLE);
	CHECK(has_value(&m, s, k.out.hClientKey, block, 16) && has_value(&m, s, k.out.hServerKey, block + 16, 16));
	CHECK(memcmp(k.iv[0], block + 32, 4) == 0 && memcmp(k.iv[1], block + 36, 4) == 0 && k.iv[0][4] == 0x5a && k.iv[1][4] == 0x5a);
	CHECK(!p11_get_bool(&m, s, k.out.hClientKey, CKA_DERIVE));
	/* And without cipher keys. */
	ask(&k, 32, 0, 0);
	REQUIRE_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, base, NULL, 0), CKR_OK);
	CHECK(k.out.hClientKey == CK_INVALID_HANDLE && has_value(&m, s, k.out.hServerMacSecret, block + 32, 32) && k.iv[0][0] == 0x5a);
	p11_stop(&m);
}

static void test_as_the_master_secret(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_OBJECT_HANDLE hidden = secret(&m, s, CK_TRUE, CK_FALSE, 48);
	CK_ATTRIBUTE t[] = {ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_SENSITIVE, no)}, open[] = {ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_EXTRACTABLE, yes)};
	CK_ULONG before = objects(&m, s);
	struct material k;

	ask(&k, 20, 16, 0);
	CHECK_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, hidden, t, 2), CKR_TEMPLATE_INCONSISTENT);
	CHECK_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, hidden, open, 2), CKR_TEMPLATE_INCONSISTENT);
	CHECK(objects(&m, s) == before);
	REQUIRE_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, hidden, t, 1), CKR_OK);
	CHECK(p11_get_bool(&m, s, k.out.hClientMacSecret, CKA_SENSITIVE) && !p11_get_bool(&m, s, k.out.hClientMacSecret, CKA_EXTRACTABLE));
	CHECK(p11_get_bool(&m, s, k.out.hServerKey, CKA_SENSITIVE) && !p11_get_bool(&m, s, k.out.hServerKey, CKA_EXTRACTABLE));
	/* Imported: its history was not seen. */
	CHECK(!p11_get_bool(&m, s, k.out.hServerKey, CKA_ALWAYS_SENSITIVE) && !p11_get_bool(&m, s, k.out.hServerKey, CKA_NEVER_EXTRACTABLE));
	p11_stop(&m);
}

/* A vector could be a piece of what another call makes keys of. */
static void test_vectors_of_a_sensitive_secret(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_ATTRIBUTE t[] = {ATTR(CKA_KEY_TYPE, aes)};
	CK_OBJECT_HANDLE hidden = secret(&m, s, CK_TRUE, CK_FALSE, 48), inside = secret(&m, s, CK_FALSE, CK_FALSE, 48);
	CK_ULONG before = objects(&m, s);
	struct material k;

	ask(&k, 0, 16, 16);
	CHECK_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, hidden, t, 1), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, inside, t, 1), CKR_MECHANISM_PARAM_INVALID);
	CHECK(k.iv[0][0] == 0x5a && objects(&m, s) == before);
	/* Ignored, and nothing is written. */
	REQUIRE_RV(derive(&m, s, CKM_TLS12_KEY_SAFE_DERIVE, &k, hidden, t, 1), CKR_OK);
	CHECK(k.iv[0][0] == 0x5a && k.iv[1][0] == 0x5a && k.out.hClientKey != CK_INVALID_HANDLE);
	k.out.pIVClient = k.out.pIVServer = NULL;
	CHECK_RV(derive(&m, s, CKM_TLS12_KEY_SAFE_DERIVE, &k, hidden, t, 1), CKR_OK);
	p11_stop(&m);
	s = start(&m, "allow-unsafe-wrapping = yes\n");
	hidden = secret(&m, s, CK_TRUE, CK_FALSE, 48);
	ask(&k, 0, 16, 16);
	REQUIRE_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, hidden, t, 1), CKR_OK);
	CHECK(memcmp(k.iv[0], block + 32, 16) == 0);
	p11_stop(&m);
}

static void test_all_or_none(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_OBJECT_HANDLE base = secret(&m, s, CK_FALSE, CK_TRUE, 48);
	CK_BYTE check[3] = {block[40], block[41], 1};
	CK_ATTRIBUTE t[] = {ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_TOKEN, yes)};
	CK_ATTRIBUTE checked[] = {ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_TOKEN, yes), ATTR(CKA_CHECK_VALUE, check)};
	CK_ATTRIBUTE strange[] = {ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_TOKEN, yes), ATTR(CKA_TRUSTED, yes)};
	CK_ULONG before = objects(&m, s);
	struct material k;

	ask(&k, 20, 16, 16);
	CHECK_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, base, checked, 3), CKR_ATTRIBUTE_VALUE_INVALID);
	/* The MAC keys were built by then. */
	CHECK_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, base, strange, 3), CKR_ATTRIBUTE_READ_ONLY);
	CHECK(objects(&m, s) == before && k.iv[0][0] == 0x5a && k.out.hClientKey == 0x5a5a5a5a5a5a5a5aUL);
	ask(&k, 20, 17, 16);
	CHECK_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, base, t, 2), CKR_KEY_SIZE_RANGE);
	CHECK(objects(&m, s) == before);
	ask(&k, 20, 16, 16);
	REQUIRE_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, base, t, 2), CKR_OK);
	CHECK(objects(&m, s) == before + 4 && p11_get_bool(&m, s, k.out.hClientMacSecret, CKA_TOKEN));
	p11_stop(&m);
}

static void test_what_is_refused(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	static const struct {
		CK_ULONG mac, key, iv;
	} sizes[] = {{161, 128, 0}, {160, 127, 0}, {160, 128, 127}, {8, 128, 0}, {160, 8, 0}, {520, 128, 0},
		     {160, 520, 0}, {160, 128, 136}, {0, 0, 128},   {0, 0, 0},	 {160, 128, (CK_ULONG)-8}};
	CK_OBJECT_HANDLE base = secret(&m, s, CK_FALSE, CK_TRUE, 48), h = 7;
	CK_ULONG length = 32;
	CK_ATTRIBUTE t[] = {ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_VALUE_LEN, length)};
	CK_TLS_KDF_PARAMS label = {CKM_SHA256, (CK_BYTE *)"label", 5, {client, 32, server, 32}, NULL, 0};
	CK_MECHANISM kdf = {CKM_TLS_KDF, &label, sizeof(label)};
	struct material k;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ask(&k, 0, 0, 0);
		k.p.ulMacSizeInBits = sizes[i].mac;
		k.p.ulKeySizeInBits = sizes[i].key;
		k.p.ulIVSizeInBits = sizes[i].iv;
		CHECK_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, base, t, 1), CKR_MECHANISM_PARAM_INVALID);
	}
	ask(&k, 20, 16, 16);
	CHECK_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, base, t, 2), CKR_TEMPLATE_INCONSISTENT);
	k.p.bIsExport = CK_TRUE;
	CHECK_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, base, t, 1), CKR_MECHANISM_PARAM_INVALID);
	ask(&k, 20, 16, 16);
	k.p.pReturnedKeyMaterial = NULL;
	CHECK_RV(derive(&m, s, CKM_TLS12_KEY_SAFE_DERIVE, &k, base, t, 1), CKR_MECHANISM_PARAM_INVALID);
	ask(&k, 20, 16, 16);
	k.out.pIVServer = NULL;
	CHECK_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, base, t, 1), CKR_MECHANISM_PARAM_INVALID);
	ask(&k, 20, 16, 16);
	k.p.prfHashMechanism = CKM_TLS_PRF;
	CHECK_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, base, t, 1), CKR_MECHANISM_PARAM_INVALID);
	ask(&k, 20, 16, 16);
	CHECK_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, secret(&m, s, CK_FALSE, CK_TRUE, 47), t, 1), CKR_KEY_SIZE_RANGE);
	/* Only what returns its keys elsewhere does without a place for one. */
	CHECK_RV(m.f->C_DeriveKey(s, &kdf, base, t, 2, NULL), CKR_ARGUMENTS_BAD);
	kdf = (CK_MECHANISM){CKM_TLS12_KEY_AND_MAC_DERIVE, &k.p, sizeof(k.p)};
	CHECK_RV(m.f->C_DeriveKey(s, &kdf, base, t, 1, &h), CKR_OK);
	CHECK(h == 7);
	p11_stop(&m);
}

/* A master secret whose list has the safe mechanism alone. */
static void test_allowed_mechanisms(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_MECHANISM_TYPE allowed[] = {CKM_TLS12_KEY_SAFE_DERIVE};
	CK_ATTRIBUTE base_t[] = {ATTR(CKA_CLASS, class),	 ATTR(CKA_KEY_TYPE, type), ATTR(CKA_VALUE, master), ATTR(CKA_DERIVE, yes),
				 ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_ALLOWED_MECHANISMS, allowed)};
	CK_ATTRIBUTE t[] = {ATTR(CKA_KEY_TYPE, des3)};
	CK_BYTE value[24];
	CK_ATTRIBUTE get = ATTR(CKA_VALUE, value);
	struct material k;
	CK_OBJECT_HANDLE base;

	REQUIRE_RV(m.f->C_CreateObject(s, base_t, 7, &base), CKR_OK);
	ask(&k, 20, 24, 8);
	CHECK_RV(derive(&m, s, CKM_TLS12_KEY_AND_MAC_DERIVE, &k, base, t, 1), CKR_MECHANISM_INVALID);
	REQUIRE_RV(derive(&m, s, CKM_TLS12_KEY_SAFE_DERIVE, &k, base, t, 1), CKR_OK);
	/* DES keys have odd parity, which no PRF gives. */
	REQUIRE_RV(m.f->C_GetAttributeValue(s, k.out.hClientKey, &get, 1), CKR_OK);
	for (size_t i = 0; i < 24; i++)
		CHECK((value[i] & 0xfe) == (block[40 + i] & 0xfe) && __builtin_popcount(value[i]) % 2 == 1);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"NIST's block of keys", test_the_block},
		{"no MAC keys, no cipher keys", test_without_mac_keys},
		{"as sensitive and extractable as the master secret", test_as_the_master_secret},
		{"vectors of a sensitive master secret", test_vectors_of_a_sensitive_secret},
		{"all keys or none", test_all_or_none},
		{"what is refused", test_what_is_refused},
		{"CKA_ALLOWED_MECHANISMS, and parity", test_allowed_mechanisms},
		{NULL, NULL},
	};

	return unit_main("tls_keys", tests);
}
