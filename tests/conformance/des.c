/* SPDX-License-Identifier: Apache-2.0 */
/* Triple DES (PKCS#11 3.0 sections 6.17 and 6.18): off unless the configuration names it, and the rules of its keys. */
#include <string.h>

#include "p11.h"
#include "unit.h"

#define ON                                                                                                              \
	"enabled-mechanisms = CKM_DES3_KEY_GEN CKM_DES2_KEY_GEN CKM_DES3_ECB CKM_DES3_CBC CKM_DES3_CBC_PAD CKM_DES3_CMAC " \
	"CKM_DES3_CMAC_GENERAL\n"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS secret = CKO_SECRET_KEY;

/* CAVP's DESMMT. */
static CK_BYTE key[24] = {0x37, 0xae, 0x5e, 0xbf, 0x46, 0xdf, 0xf2, 0xdc, 0x07, 0x54, 0xb9, 0x4f,
			  0x31, 0xcb, 0xb3, 0x85, 0x5e, 0x7f, 0xd3, 0x6d, 0xc8, 0x70, 0xbf, 0xae};
static CK_BYTE iv[8] = {0x3d, 0x1d, 0xe3, 0xcc, 0x13, 0x2e, 0x3b, 0x65};
static CK_BYTE plain[16] = {0x84, 0x40, 0x1f, 0x78, 0xfe, 0x6c, 0x10, 0x87, 0x6d, 0x8e, 0xa2, 0x30, 0x94, 0xea, 0x53, 0x09};
static CK_BYTE encrypted[16] = {0x7b, 0x1f, 0x7c, 0x7e, 0x3b, 0x1c, 0x94, 0x8e, 0xbd, 0x04, 0xa7, 0x5f, 0xfb, 0xa7, 0xd2, 0xf5};

static CK_SESSION_HANDLE start(struct p11 *m, const char *extra)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_load(m, extra));
	REQUIRE_RV(m->f->C_Initialize(NULL), CKR_OK);
	slot = p11_token(m, "des");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static CK_RV import(const struct p11 *m, CK_SESSION_HANDLE s, CK_KEY_TYPE type, CK_BYTE *value, CK_ULONG n, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, secret), ATTR(CKA_KEY_TYPE, type), {CKA_VALUE, value, n},	   ATTR(CKA_ENCRYPT, yes),
			    ATTR(CKA_DECRYPT, yes),  ATTR(CKA_WRAP, yes),      ATTR(CKA_UNWRAP, yes), ATTR(CKA_SENSITIVE, no),
			    ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_DERIVE, yes), ATTR(CKA_SIGN, yes)};

	return m->f->C_CreateObject(s, t, 11, h);
}

static bool listed(const struct p11 *m, CK_MECHANISM_TYPE type)
{
	CK_MECHANISM_INFO info;

	return m->f->C_GetMechanismInfo(p11_find_slot(m, "des"), type, &info) == CKR_OK;
}

static void test_off(void)
{
	static const CK_MECHANISM_TYPE types[] = {CKM_DES3_KEY_GEN, CKM_DES2_KEY_GEN, CKM_DES3_ECB,	      CKM_DES3_CBC,
						  CKM_DES3_CBC_PAD, CKM_DES3_CMAC,    CKM_DES3_CMAC_GENERAL};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_MECHANISM cbc = {CKM_DES3_CBC, iv, 8}, generate = {CKM_DES3_KEY_GEN, NULL, 0};
	CK_OBJECT_HANDLE h, made;
	CK_BYTE out[64];
	CK_ULONG n = sizeof(out);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		CHECK(!listed(&m, types[i]));
	REQUIRE_RV(import(&m, s, CKK_DES3, key, 24, &h), CKR_OK); /* a key may wait for the day */
	CHECK_RV(m.f->C_DecryptInit(s, &cbc, h), CKR_MECHANISM_INVALID);
	CHECK_RV(m.f->C_EncryptInit(s, &cbc, h), CKR_MECHANISM_INVALID);
	CHECK_RV(m.f->C_GenerateKey(s, &generate, NULL, 0, &made), CKR_MECHANISM_INVALID);
	CHECK_RV(m.f->C_WrapKey(s, &cbc, h, h, out, &n), CKR_MECHANISM_INVALID);
	p11_stop(&m);
}

/* Only what is named; disabled-mechanisms has the last word; a slip of the pen is noticed. */
static void test_names(void)
{
	struct p11 m;

	(void)start(&m, "enabled-mechanisms = CKM_DES3_CBC\n");
	CHECK(listed(&m, CKM_DES3_CBC) && !listed(&m, CKM_DES3_ECB) && !listed(&m, CKM_DES3_KEY_GEN));
	p11_stop(&m);
	(void)start(&m, "enabled-mechanisms = CKM_DES3_CBC CKM_DES3_ECB\ndisabled-mechanisms = CKM_DES3_CBC\n");
	CHECK(!listed(&m, CKM_DES3_CBC) && listed(&m, CKM_DES3_ECB));
	p11_stop(&m);
	REQUIRE(p11_load(&m, "enabled-mechanisms = CKM_DES3_CBD\n"));
	CHECK_RV(m.f->C_Initialize(NULL), CKR_FUNCTION_FAILED);
	p11_stop(&m);
}

static void test_published(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, ON);
	CK_MECHANISM cbc = {CKM_DES3_CBC, iv, 8}, pad = {CKM_DES3_CBC_PAD, iv, 8}, aes = {CKM_AES_CBC, plain, 16}, wrong = {CKM_DES3_CBC, iv, 7};
	CK_OBJECT_HANDLE h;
	CK_BYTE out[64], again[64];
	CK_ULONG n = sizeof(out), n2 = sizeof(again);

	REQUIRE_RV(import(&m, s, CKK_DES3, key, 24, &h), CKR_OK);
	CHECK_RV(m.f->C_EncryptInit(s, &cbc, h), CKR_OK);
	CHECK_RV(m.f->C_Encrypt(s, plain, 16, out, &n), CKR_OK);
	CHECK(n == 16 && memcmp(out, encrypted, 16) == 0);
	/* In parts: blocks are of 8 bytes. */
	CHECK_RV(m.f->C_DecryptInit(s, &cbc, h), CKR_OK);
	n = 8;
	CHECK_RV(m.f->C_DecryptUpdate(s, encrypted, 12, out, &n), CKR_OK);
	CHECK(n == 8);
	n = 8;
	CHECK_RV(m.f->C_DecryptUpdate(s, encrypted + 12, 4, out + 8, &n), CKR_OK);
	CHECK(n == 8 && memcmp(out, plain, 16) == 0);
	n = 0;
	CHECK_RV(m.f->C_DecryptFinal(s, NULL, &n), CKR_OK);
	CHECK_RV(m.f->C_DecryptInit(s, NULL, 0), CKR_OK);
	CHECK_RV(m.f->C_EncryptInit(s, &cbc, h), CKR_OK);
	CHECK_RV(m.f->C_Encrypt(s, plain, 12, out, &n), CKR_DATA_LEN_RANGE);
	for (CK_ULONG length = 0; length <= 16; length++) {
		n = sizeof(out);
		n2 = sizeof(again);
		CHECK_RV(m.f->C_EncryptInit(s, &pad, h), CKR_OK);
		CHECK_RV(m.f->C_Encrypt(s, plain, length, out, &n), CKR_OK);
		CHECK(n == (length / 8 + 1) * 8);
		CHECK_RV(m.f->C_DecryptInit(s, &pad, h), CKR_OK);
		CHECK_RV(m.f->C_Decrypt(s, out, n, again, &n2), CKR_OK);
		CHECK(n2 == length && memcmp(again, plain, length) == 0);
	}
	CHECK_RV(m.f->C_EncryptInit(s, &wrong, h), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(m.f->C_EncryptInit(s, &aes, h), CKR_KEY_TYPE_INCONSISTENT);
	p11_stop(&m);
}

static bool odd(const CK_BYTE *value, CK_ULONG n)
{
	for (CK_ULONG i = 0; i < n; i++)
		if (__builtin_popcount(value[i]) % 2 == 0)
			return false;
	return true;
}

static CK_ULONG value_of(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_BYTE *out)
{
	CK_ATTRIBUTE t = {CKA_VALUE, out, 64};

	return m->f->C_GetAttributeValue(s, h, &t, 1) == CKR_OK ? t.ulValueLen : 0;
}

/* Made and derived keys have the right parity; others are refused. */
static void test_parity(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, ON);
	CK_MECHANISM three = {CKM_DES3_KEY_GEN, NULL, 0}, two = {CKM_DES2_KEY_GEN, NULL, 0}, hash = {CKM_SHA256_KEY_DERIVATION, NULL, 0};
	CK_KEY_TYPE des3 = CKK_DES3;
	CK_ULONG length = 24;
	CK_ATTRIBUTE open[] = {ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_KEY_TYPE, des3), ATTR(CKA_VALUE_LEN, length)};
	CK_BYTE value[64], bad[24], check[3];
	CK_ATTRIBUTE kcv = ATTR(CKA_CHECK_VALUE, check);
	CK_OBJECT_HANDLE h, base;

	CHECK_RV(m.f->C_GenerateKey(s, &three, open, 2, &h), CKR_OK);
	CHECK(value_of(&m, s, h, value) == 24 && odd(value, 24));
	CHECK_RV(m.f->C_GenerateKey(s, &two, open, 2, &h), CKR_OK);
	CHECK(value_of(&m, s, h, value) == 16 && odd(value, 16));
	REQUIRE_RV(import(&m, s, CKK_GENERIC_SECRET, plain, 16, &base), CKR_OK);
	CHECK_RV(m.f->C_DeriveKey(s, &hash, base, open, 4, &h), CKR_OK);
	CHECK(value_of(&m, s, h, value) == 24 && odd(value, 24));
	memcpy(bad, key, 24);
	bad[23] ^= 1;
	CHECK_RV(import(&m, s, CKK_DES3, bad, 24, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	memcpy(bad, key, 24);
	memcpy(bad + 8, key, 8); /* K1 and K2 undo each other */
	CHECK_RV(import(&m, s, CKK_DES3, bad, 24, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(import(&m, s, CKK_DES3, key, 16, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(import(&m, s, CKK_DES2, key, 16, &h), CKR_OK);
	/* The check value is of an encrypted block of zeros. */
	REQUIRE_RV(import(&m, s, CKK_DES3, key, 24, &h), CKR_OK);
	CHECK_RV(m.f->C_GetAttributeValue(s, h, &kcv, 1), CKR_OK);
	{
		CK_BYTE zeros[8] = {0}, out[8];
		CK_MECHANISM ecb = {CKM_DES3_ECB, NULL, 0};
		CK_ULONG n = 8;

		CHECK_RV(m.f->C_EncryptInit(s, &ecb, h), CKR_OK);
		CHECK_RV(m.f->C_Encrypt(s, zeros, 8, out, &n), CKR_OK);
		CHECK(memcmp(check, out, 3) == 0);
	}
	p11_stop(&m);
}

/* What was unwrapped is a key or none: a wrong parity answers as a wrong padding does. */
static void test_unwrapping(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, ON "allow-unsafe-wrapping = yes\n");
	CK_MECHANISM pad = {CKM_DES3_CBC_PAD, iv, 8};
	CK_KEY_TYPE des3 = CKK_DES3;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, secret), ATTR(CKA_KEY_TYPE, des3), ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes)};
	CK_OBJECT_HANDLE with, h;
	CK_BYTE wrapped[64], value[64];
	CK_ULONG n = sizeof(wrapped);

	REQUIRE_RV(import(&m, s, CKK_DES3, key, 24, &with), CKR_OK);
	REQUIRE_RV(m.f->C_WrapKey(s, &pad, with, with, wrapped, &n), CKR_OK);
	CHECK(n == 32);
	REQUIRE_RV(m.f->C_UnwrapKey(s, &pad, with, wrapped, n, t, 4, &h), CKR_OK);
	CHECK(value_of(&m, s, h, value) == 24 && memcmp(value, key, 24) == 0);
	wrapped[0] ^= 1; /* the first block is another, the padding is right */
	CHECK_RV(m.f->C_UnwrapKey(s, &pad, with, wrapped, n, t, 4, &h), CKR_WRAPPED_KEY_INVALID);
	wrapped[0] ^= 1;
	wrapped[31] ^= 1; /* the padding is wrong */
	CHECK_RV(m.f->C_UnwrapKey(s, &pad, with, wrapped, n, t, 4, &h), CKR_WRAPPED_KEY_INVALID);
	/* Types of one length have no other answer for a wrong padding than a key. */
	des3 = CKK_CHACHA20;
	CHECK_RV(m.f->C_UnwrapKey(s, &pad, with, wrapped, n, t, 4, &h), CKR_OK);
	CHECK(value_of(&m, s, h, value) == 32);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"off unless it is named", test_off},
		{"what is named is on, and nothing else", test_names},
		{"published values, blocks of 8 bytes", test_published},
		{"parity and check values", test_parity},
		{"unwrapping", test_unwrapping},
		{NULL, NULL},
	};

	return unit_main("des", tests);
}
