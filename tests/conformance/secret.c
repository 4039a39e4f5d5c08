/* SPDX-License-Identifier: Apache-2.0 */
/* Secret keys: generated, brought along, and their MACs (PKCS#11 3.0, "Generic secret key", "AES", "HMAC mechanisms"). */
#include <string.h>

#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;

static CK_SESSION_HANDLE start(struct p11 *m)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_start(m));
	slot = p11_token(m, "secret");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static CK_RV generate(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM_TYPE type, CK_ULONG length, CK_OBJECT_HANDLE *key)
{
	CK_MECHANISM mechanism = {type, NULL, 0};
	CK_ATTRIBUTE t[] = {ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_SIGN, yes), ATTR(CKA_VERIFY, yes),
			    ATTR(CKA_VALUE_LEN, length)};

	return m->f->C_GenerateKey(s, &mechanism, t, length == 0 ? 4 : 5, key);
}

static CK_RV import(const struct p11 *m, CK_SESSION_HANDLE s, CK_KEY_TYPE type, const void *value, CK_ULONG n, CK_OBJECT_HANDLE *key)
{
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, secret_class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_SIGN, yes), ATTR(CKA_VERIFY, yes),
			    {CKA_VALUE, (void *)value, n}};

	return m->f->C_CreateObject(s, t, 5, key);
}

static void test_generate(void)
{
	static const struct {
		CK_MECHANISM_TYPE mechanism;
		CK_KEY_TYPE type;
		CK_ULONG length; /* 0: the mechanism's own */
		CK_ULONG size;
	} good[] = {
		{CKM_GENERIC_SECRET_KEY_GEN, CKK_GENERIC_SECRET, 1, 1},
		{CKM_GENERIC_SECRET_KEY_GEN, CKK_GENERIC_SECRET, 200, 200},
		{CKM_AES_KEY_GEN, CKK_AES, 16, 16},
		{CKM_AES_KEY_GEN, CKK_AES, 32, 32},
		{CKM_AES_XTS_KEY_GEN, CKK_AES_XTS, 64, 64},
		{CKM_CHACHA20_KEY_GEN, CKK_CHACHA20, 0, 32},
		{CKM_CHACHA20_KEY_GEN, CKK_CHACHA20, 32, 32},
		{CKM_POLY1305_KEY_GEN, CKK_POLY1305, 0, 32},
		{CKM_SHA256_KEY_GEN, CKK_SHA256_HMAC, 40, 40},
	};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_BYTE value[200], again[200];
	CK_ULONG n;
	CK_KEY_TYPE type;
	CK_MECHANISM_TYPE by;
	CK_OBJECT_HANDLE key, other;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		REQUIRE_RV(generate(&m, s, good[i].mechanism, good[i].length, &key), CKR_OK);
		CHECK(p11_get(&m, s, key, CKA_VALUE, value, good[i].size));
		CHECK(p11_get(&m, s, key, CKA_VALUE_LEN, &n, sizeof(n)) && n == good[i].size);
		CHECK(p11_get(&m, s, key, CKA_KEY_TYPE, &type, sizeof(type)) && type == good[i].type);
		CHECK(p11_get(&m, s, key, CKA_KEY_GEN_MECHANISM, &by, sizeof(by)) && by == good[i].mechanism);
		CHECK(p11_get_bool(&m, s, key, CKA_LOCAL));
		REQUIRE_RV(generate(&m, s, good[i].mechanism, good[i].length, &other), CKR_OK);
		CHECK(p11_get(&m, s, other, CKA_VALUE, again, good[i].size));
		CHECK(good[i].size < 16 || memcmp(value, again, good[i].size) != 0);
	}
	CHECK_RV(generate(&m, s, CKM_AES_KEY_GEN, 0, &key), CKR_TEMPLATE_INCOMPLETE);
	CHECK_RV(generate(&m, s, CKM_AES_KEY_GEN, 17, &key), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(generate(&m, s, CKM_AES_KEY_GEN, 64, &key), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(generate(&m, s, CKM_CHACHA20_KEY_GEN, 16, &key), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(generate(&m, s, CKM_GENERIC_SECRET_KEY_GEN, (CK_ULONG)1 << 40, &key), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(generate(&m, s, CKM_SHA256, 32, &key), CKR_MECHANISM_INVALID);
	p11_stop(&m);
}

static void test_generated_keys_are_sensitive(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
	CK_ULONG length = 32;
	CK_BYTE value[32];
	CK_ATTRIBUTE t = ATTR(CKA_VALUE_LEN, length), get = ATTR(CKA_VALUE, value);
	CK_ATTRIBUTE with_value[] = {ATTR(CKA_VALUE_LEN, length), ATTR(CKA_VALUE, value)};
	CK_OBJECT_HANDLE key;

	REQUIRE_RV(m.f->C_GenerateKey(s, &mechanism, &t, 1, &key), CKR_OK);
	CHECK_RV(m.f->C_GetAttributeValue(s, key, &get, 1), CKR_ATTRIBUTE_SENSITIVE);
	CHECK(p11_get_bool(&m, s, key, CKA_ALWAYS_SENSITIVE) && p11_get_bool(&m, s, key, CKA_NEVER_EXTRACTABLE));
	memset(value, 1, sizeof(value));
	CHECK_RV(m.f->C_GenerateKey(s, &mechanism, with_value, 2, &key), CKR_TEMPLATE_INCONSISTENT);
	CHECK_RV(m.f->C_GenerateKey(s, NULL, &t, 1, &key), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_GenerateKey(s, &mechanism, NULL, 1, &key), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_GenerateKey(s, &mechanism, &t, 1, NULL), CKR_ARGUMENTS_BAD);
	p11_stop(&m);
}

/* FIPS 197, C.1: key and ciphertext of another block; the check value is of a block of zeros under SP 800-38A's key. */
static void test_check_value(void)
{
	static const CK_BYTE aes[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
	static const CK_BYTE aes_check[3] = {0x7d, 0xf7, 0x6b}; /* RFC 4493: AES-128(key, 0) */
	static const CK_BYTE abc_check[3] = {0xa9, 0x99, 0x3e}; /* SHA-1 of "abc" */
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_KEY_TYPE type = CKK_AES;
	CK_BYTE got[3], wrong[3] = {0};
	CK_OBJECT_HANDLE key;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, secret_class), ATTR(CKA_KEY_TYPE, type), {CKA_VALUE, (void *)aes, 16}, ATTR(CKA_CHECK_VALUE, wrong)};

	REQUIRE_RV(import(&m, s, CKK_AES, aes, 16, &key), CKR_OK);
	CHECK(p11_get(&m, s, key, CKA_CHECK_VALUE, got, 3) && memcmp(got, aes_check, 3) == 0);
	REQUIRE_RV(import(&m, s, CKK_GENERIC_SECRET, "abc", 3, &key), CKR_OK);
	CHECK(p11_get(&m, s, key, CKA_CHECK_VALUE, got, 3) && memcmp(got, abc_check, 3) == 0);
	CHECK_RV(m.f->C_CreateObject(s, t, 4, &key), CKR_ATTRIBUTE_VALUE_INVALID);
	t[3].pValue = (void *)aes_check;
	CHECK_RV(m.f->C_CreateObject(s, t, 4, &key), CKR_OK);
	t[3].ulValueLen = 0;
	CHECK_RV(m.f->C_CreateObject(s, t, 4, &key), CKR_OK);
	CHECK(p11_get(&m, s, key, CKA_CHECK_VALUE, got, 0)); /* asked for none */
	p11_stop(&m);
}

static CK_ULONG having(const struct p11 *m, CK_SESSION_HANDLE s, const void *label, const CK_BYTE check[3])
{
	CK_ATTRIBUTE t[] = {{CKA_LABEL, (void *)label, 1}, {CKA_CHECK_VALUE, (void *)check, 3}};

	return p11_find(m, s, t, 2, NULL, 0);
}

/* Wherever a key is kept, whenever it is looked at, and by whatever way. */
static void test_check_value_lasts(void)
{
	static const CK_BYTE aes_check[3] = {0x7d, 0xf7, 0x6b}, wrong[3] = {0x7d, 0xf7, 0x6c};
	static const CK_BYTE aes[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE key[4];
	CK_ULONG size[4];
	CK_BYTE got[3];
	CK_ATTRIBUTE label = {CKA_LABEL, (void *)"k", 1}, to_token = ATTR(CKA_TOKEN, yes);

	REQUIRE_RV(import(&m, s, CKK_AES, aes, 16, &key[0]), CKR_OK);
	CHECK_RV(m.f->C_GetObjectSize(s, key[0], &size[0]), CKR_OK);
	CHECK_RV(m.f->C_CopyObject(s, key[0], NULL, 0, &key[1]), CKR_OK);
	CHECK_RV(m.f->C_CopyObject(s, key[0], &to_token, 1, &key[2]), CKR_OK);
	REQUIRE_RV(import(&m, s, CKK_AES, aes, 16, &key[3]), CKR_OK);
	CHECK_RV(m.f->C_SetAttributeValue(s, key[3], &label, 1), CKR_OK);
	for (int i = 0; i < 4; i++) {
		/* The label may take one byte more. */
		CHECK_RV(m.f->C_GetObjectSize(s, key[i], &size[i]), CKR_OK);
		CHECK(size[i] == size[0] + (i == 3 ? 1 : 0));
		CHECK_RV(m.f->C_SetAttributeValue(s, key[i], &label, 1), CKR_OK);
		for (int times = 0; times < 2; times++)
			CHECK(p11_get(&m, s, key[i], CKA_CHECK_VALUE, got, 3) && memcmp(got, aes_check, 3) == 0);
	}
	CHECK(having(&m, s, "k", aes_check) == 4 && having(&m, s, "k", wrong) == 0);
	p11_stop(&m);
}

/* A check value that a base key demands of what is made of it is compared with the new key's own. */
static void test_check_value_demanded(void)
{
	static const CK_BYTE ab_check[3] = {0xda, 0x23, 0x61}; /* SHA-1 of "ab" */
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
	CK_BYTE check[3], got[3];
	CK_ATTRIBUTE inner = ATTR(CKA_CHECK_VALUE, check);
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, secret_class), ATTR(CKA_KEY_TYPE, generic), {CKA_VALUE, "a", 1}, ATTR(CKA_DERIVE, yes),
			    ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes), {CKA_DERIVE_TEMPLATE, &inner, sizeof(inner)}};
	CK_KEY_DERIVATION_STRING_DATA more = {(CK_BYTE *)"b", 1};
	CK_MECHANISM append = {CKM_CONCATENATE_BASE_AND_DATA, &more, sizeof(more)};
	CK_OBJECT_HANDLE base, key;

	for (int good = 0; good < 2; good++) {
		memcpy(check, good == 1 ? ab_check : (const CK_BYTE *)"bad", 3);
		REQUIRE_RV(m.f->C_CreateObject(s, t, 7, &base), CKR_OK);
		CHECK_RV(m.f->C_DeriveKey(s, &append, base, NULL, 0, &key), good == 1 ? CKR_OK : CKR_TEMPLATE_INCONSISTENT);
	}
	CHECK(p11_get(&m, s, key, CKA_CHECK_VALUE, got, 3) && memcmp(got, ab_check, 3) == 0);
	p11_stop(&m);
}

/* RFC 4231, case 2. */
static const CK_BYTE rfc4231[32] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7,
				    0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
static CK_BYTE text[] = "what do ya want for nothing?";
#define TEXT_SIZE (sizeof(text) - 1)

static void test_hmac(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_ULONG half = 16, n;
	CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0}, general = {CKM_SHA256_HMAC_GENERAL, &half, sizeof(half)};
	CK_BYTE mac[64];
	CK_OBJECT_HANDLE key;

	REQUIRE_RV(import(&m, s, CKK_GENERIC_SECRET, "Jefe", 4, &key), CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &hmac, key), CKR_OK);
	CHECK_RV(m.f->C_Sign(s, text, TEXT_SIZE, NULL, &n), CKR_OK);
	CHECK(n == 32);
	n = 31;
	CHECK_RV(m.f->C_Sign(s, text, TEXT_SIZE, mac, &n), CKR_BUFFER_TOO_SMALL);
	CHECK(n == 32);
	CHECK_RV(m.f->C_Sign(s, text, TEXT_SIZE, mac, &n), CKR_OK);
	CHECK(n == 32 && memcmp(mac, rfc4231, 32) == 0);
	/* in parts, one of them empty */
	CHECK_RV(m.f->C_SignInit(s, &hmac, key), CKR_OK);
	CHECK_RV(m.f->C_SignUpdate(s, text, 7), CKR_OK);
	CHECK_RV(m.f->C_SignUpdate(s, text, 0), CKR_OK);
	CHECK_RV(m.f->C_SignUpdate(s, text + 7, TEXT_SIZE - 7), CKR_OK);
	n = 64;
	CHECK_RV(m.f->C_SignFinal(s, mac, &n), CKR_OK);
	CHECK(n == 32 && memcmp(mac, rfc4231, 32) == 0);
	CHECK_RV(m.f->C_SignFinal(s, mac, &n), CKR_OPERATION_NOT_INITIALIZED);
	/* cut */
	CHECK_RV(m.f->C_VerifyInit(s, &general, key), CKR_OK);
	CHECK_RV(m.f->C_Verify(s, text, TEXT_SIZE, mac, 16), CKR_OK);
	CHECK_RV(m.f->C_VerifyInit(s, &general, key), CKR_OK);
	CHECK_RV(m.f->C_Verify(s, text, TEXT_SIZE, mac, 32), CKR_SIGNATURE_LEN_RANGE);
	CHECK_RV(m.f->C_VerifyInit(s, &hmac, key), CKR_OK);
	CHECK_RV(m.f->C_VerifyUpdate(s, text, TEXT_SIZE), CKR_OK);
	mac[31] ^= 1;
	CHECK_RV(m.f->C_VerifyFinal(s, mac, 32), CKR_SIGNATURE_INVALID);
	half = 33;
	CHECK_RV(m.f->C_SignInit(s, &general, key), CKR_MECHANISM_PARAM_INVALID);
	/* of nothing */
	CHECK_RV(m.f->C_SignInit(s, &hmac, key), CKR_OK);
	n = 64;
	CHECK_RV(m.f->C_SignFinal(s, mac, &n), CKR_OK);
	CHECK_RV(m.f->C_VerifyInit(s, &hmac, key), CKR_OK);
	CHECK_RV(m.f->C_Verify(s, NULL, 0, mac, 32), CKR_OK);
	p11_stop(&m);
}

/* A key is for what its type and its flags say. */
static void test_keys_that_do_not_fit(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0}, cmac = {CKM_AES_CMAC, NULL, 0}, digest = {CKM_SHA256, NULL, 0};
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, secret_class), ATTR(CKA_KEY_TYPE, type), {CKA_VALUE, text, 16}};
	CK_OBJECT_HANDLE aes, other_hmac, no_sign;

	REQUIRE_RV(import(&m, s, CKK_AES, text, 16, &aes), CKR_OK);
	REQUIRE_RV(import(&m, s, CKK_SHA_1_HMAC, text, 20, &other_hmac), CKR_OK);
	REQUIRE_RV(m.f->C_CreateObject(s, t, 3, &no_sign), CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &hmac, aes), CKR_KEY_TYPE_INCONSISTENT);
	CHECK_RV(m.f->C_SignInit(s, &hmac, other_hmac), CKR_KEY_TYPE_INCONSISTENT);
	CHECK_RV(m.f->C_SignInit(s, &hmac, no_sign), CKR_KEY_FUNCTION_NOT_PERMITTED);
	CHECK_RV(m.f->C_SignInit(s, &cmac, no_sign), CKR_KEY_TYPE_INCONSISTENT);
	CHECK_RV(m.f->C_SignInit(s, &digest, aes), CKR_MECHANISM_INVALID);
	CHECK_RV(import(&m, s, CKK_AES, text, 15, &aes), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(import(&m, s, CKK_CHACHA20, text, 16, &aes), CKR_ATTRIBUTE_VALUE_INVALID);
	p11_stop(&m);
}

/* SHA-256 of "abc", with "b" from a key. */
static void test_digest_key(void)
{
	static const CK_BYTE abc[4] = {0xba, 0x78, 0x16, 0xbf};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_MECHANISM sha256 = {CKM_SHA256, NULL, 0};
	struct p11_pair pair;
	CK_BYTE out[32];
	CK_ULONG n;
	CK_OBJECT_HANDLE key;

	REQUIRE_RV(import(&m, s, CKK_GENERIC_SECRET, "b", 1, &key), CKR_OK);
	REQUIRE_RV(p11_generate(&m, s, false, "pair", &pair), CKR_OK);
	for (int first = 0; first < 2; first++) {
		/* The key after data, and before any. */
		CHECK_RV(m.f->C_DigestInit(s, &sha256), CKR_OK);
		if (first == 0) {
			CHECK_RV(m.f->C_DigestUpdate(s, (CK_BYTE *)"a", 1), CKR_OK);
		}
		CHECK_RV(m.f->C_DigestKey(s, key), CKR_OK);
		CHECK_RV(m.f->C_DigestUpdate(s, (CK_BYTE *)"c", 1), CKR_OK);
		n = sizeof(out);
		CHECK_RV(m.f->C_DigestFinal(s, out, &n), CKR_OK);
		CHECK(n == 32 && (memcmp(out, abc, 4) == 0) == (first == 0));
	}
	CHECK_RV(m.f->C_DigestKey(s, key), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f->C_DigestInit(s, &sha256), CKR_OK);
	CHECK_RV(m.f->C_DigestKey(s, pair.priv), CKR_KEY_INDIGESTIBLE);
	CHECK_RV(m.f->C_DigestKey(s, pair.pub), CKR_KEY_INDIGESTIBLE);
	CHECK_RV(m.f->C_DigestKey(s, 12345678), CKR_KEY_HANDLE_INVALID);
	CHECK_RV(m.f->C_DigestUpdate(s, (CK_BYTE *)"abc", 3), CKR_OK);
	n = sizeof(out);
	CHECK_RV(m.f->C_DigestFinal(s, out, &n), CKR_OK);
	CHECK(memcmp(out, abc, 4) == 0);
	p11_stop(&m);
}

/* A running operation does not survive its user. */
static void test_logout_ends_a_mac(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_MECHANISM hmac = {CKM_SHA512_HMAC, NULL, 0};
	CK_BYTE mac[64];
	CK_ULONG n = sizeof(mac);
	CK_OBJECT_HANDLE key;

	REQUIRE_RV(import(&m, s, CKK_GENERIC_SECRET, text, 20, &key), CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &hmac, key), CKR_OK);
	CHECK_RV(m.f->C_SignUpdate(s, text, 4), CKR_OK);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	CHECK_RV(m.f->C_SignUpdate(s, text, 4), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f->C_SignFinal(s, mac, &n), CKR_OPERATION_NOT_INITIALIZED);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"C_GenerateKey: type, length, value", test_generate},
		{"generated keys are sensitive and stay inside", test_generated_keys_are_sensitive},
		{"CKA_CHECK_VALUE is computed, and compared", test_check_value},
		{"CKA_CHECK_VALUE is the same wherever and whenever", test_check_value_lasts},
		{"CKA_CHECK_VALUE that a base key demands", test_check_value_demanded},
		{"HMAC in one piece and in parts, whole and cut", test_hmac},
		{"keys that do not fit a MAC", test_keys_that_do_not_fit},
		{"C_DigestKey: only secret keys, anywhere in the digest", test_digest_key},
		{"a logout ends a MAC", test_logout_ends_a_mac},
		{NULL, NULL},
	};

	return unit_main("conformance: secret keys", tests);
}
