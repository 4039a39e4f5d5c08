/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The published attacks on PKCS#11, each driven as far as it goes: J. Clulow, "On the Security of PKCS #11" (CHES 2003); Bortolozzo,
 * Centenaro, Focardi, Steel, "Attacking and Fixing PKCS#11 Security Tokens" (CCS 2010, "tookan"); Bardou, Focardi, Kawamoto,
 * Simionato, Steel, Tsay, "Efficient Padding Oracle Attacks on Cryptographic Hardware" (CRYPTO 2012).  tests/conformance/wrap.c has
 * those that are one call; doc/threats.md has the table.
 */
#include <string.h>

#include "p11.h"
#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static CK_BBOOL yes = CK_TRUE;
static CK_OBJECT_CLASS class_secret = CKO_SECRET_KEY;
static CK_KEY_TYPE aes = CKK_AES, generic = CKK_GENERIC_SECRET;
static CK_MECHANISM hmac = { CKM_SHA256_HMAC, NULL, 0 }, kwp = { CKM_AES_KEY_WRAP_KWP, NULL, 0 };
static CK_BYTE known[32] = "a value that the attacker knows", victim[16] = "sixteen secrets.";

static CK_SESSION_HANDLE start(struct p11 *m, const char *extra)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_load(m, extra));
	REQUIRE_RV(m->f->C_Initialize(NULL), CKR_OK);
	slot = p11_token(m, "attacks");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static CK_OBJECT_HANDLE import(const struct p11 *m, CK_SESSION_HANDLE s, CK_KEY_TYPE type, CK_BYTE *value, CK_ULONG n, CK_BBOOL sensitive)
{
	CK_BBOOL leaves = sensitive ? CK_FALSE : CK_TRUE;
	CK_ATTRIBUTE t[] = { ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, type), { CKA_VALUE, value, n }, ATTR(CKA_SENSITIVE, sensitive),
			     ATTR(CKA_EXTRACTABLE, leaves), ATTR(CKA_DERIVE, yes), ATTR(CKA_SIGN, yes) };
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	REQUIRE_RV(m->f->C_CreateObject(s, t, COUNT(t), &h), CKR_OK);
	return h;
}

/* A key of 256 bits with these attributes on. */
static CK_OBJECT_HANDLE generate(const struct p11 *m, CK_SESSION_HANDLE s, const CK_ATTRIBUTE_TYPE *on, size_t n)
{
	CK_MECHANISM mechanism = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_ULONG size = 32;
	CK_ATTRIBUTE t[8] = { ATTR(CKA_VALUE_LEN, size) };
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	for (size_t i = 0; i < n; i++)
		t[i + 1] = (CK_ATTRIBUTE){ on[i], &yes, 1 };
	REQUIRE_RV(m->f->C_GenerateKey(s, &mechanism, t, n + 1, &h), CKR_OK);
	return h;
}

static CK_OBJECT_HANDLE wrapping_key(const struct p11 *m, CK_SESSION_HANDLE s)
{
	static const CK_ATTRIBUTE_TYPE on[] = { CKA_WRAP, CKA_UNWRAP };

	return generate(m, s, on, 2);
}

static CK_OBJECT_HANDLE extractable_key(const struct p11 *m, CK_SESSION_HANDLE s)
{
	static const CK_ATTRIBUTE_TYPE on[] = { CKA_EXTRACTABLE };

	return generate(m, s, on, 1);
}

static bool mac(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, CK_BYTE out[32])
{
	CK_BYTE text[] = "what is signed to compare keys";
	CK_ULONG n = 32;

	return m->f->C_SignInit(s, &hmac, key) == CKR_OK && m->f->C_Sign(s, text, sizeof(text), out, &n) == CKR_OK;
}

/* ---- a key, byte by byte (Clulow, "reducing the key space") ---- */

static CK_RV derive(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base, CK_ULONG length, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = { ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, generic), ATTR(CKA_VALUE_LEN, length), ATTR(CKA_SIGN, yes) };

	return m->f->C_DeriveKey(s, mechanism, base, t, COUNT(t), h);
}

/* One unknown byte behind n known ones; how many of 256 trials give the same MAC.  0: no such key was made. */
static int trials_that_fit(const struct p11 *m, CK_SESSION_HANDLE s, CK_RV made, CK_OBJECT_HANDLE cut, CK_ULONG n, CK_BYTE *found)
{
	CK_BYTE wanted[32], got[32], trial[33];
	int fits = 0;

	if (made != CKR_OK || !mac(m, s, cut, wanted))
		return 0;
	memcpy(trial, known, n);
	for (int b = 0; b < 256; b++) {
		CK_OBJECT_HANDLE h;

		trial[n] = (CK_BYTE)b;
		h = import(m, s, CKK_GENERIC_SECRET, trial, n + 1, CK_FALSE);
		if (mac(m, s, h, got) && memcmp(got, wanted, 32) == 0) {
			fits++;
			*found = (CK_BYTE)b;
		}
		(void)m->f->C_DestroyObject(s, h);
	}
	return fits;
}

/* The first byte of the victim, by each derivation that joins; true: it was found by one of them. */
static bool first_byte_found(const struct p11 *m, CK_SESSION_HANDLE s)
{
	CK_OBJECT_HANDLE secret = import(m, s, CKK_GENERIC_SECRET, victim, 16, CK_TRUE), h = 0;
	CK_OBJECT_HANDLE mine = import(m, s, CKK_GENERIC_SECRET, known, 16, CK_FALSE);
	CK_KEY_DERIVATION_STRING_DATA fifteen = { known, 15 }, one = { known, 1 };
	CK_MECHANISM before = { CKM_CONCATENATE_DATA_AND_BASE, &fifteen, sizeof(fifteen) };
	CK_MECHANISM beside = { CKM_CONCATENATE_BASE_AND_KEY, &secret, sizeof(secret) };
	CK_MECHANISM behind = { CKM_CONCATENATE_BASE_AND_DATA, &fifteen, sizeof(fifteen) };
	CK_MECHANISM over = { CKM_XOR_BASE_AND_DATA, &one, sizeof(one) };
	CK_BYTE found = 0;
	CK_RV rv = derive(m, s, &before, secret, 16, &h);
	int fits = trials_that_fit(m, s, rv, h, 15, &found);

	rv = derive(m, s, &beside, mine, 17, &h);
	fits += trials_that_fit(m, s, rv, h, 16, &found);
	rv = derive(m, s, &behind, secret, 1, &h);
	fits += trials_that_fit(m, s, rv, h, 0, &found);
	CHECK((derive(m, s, &over, secret, 1, &h) == CKR_OK) == (fits > 0));
	CHECK(fits == 0 || (fits == 3 && found == victim[0]));
	return fits > 0;
}

static void test_reduction(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_OBJECT_HANDLE secret = import(&m, s, CKK_GENERIC_SECRET, victim, 16, CK_TRUE), h;
	CK_OBJECT_HANDLE mine = import(&m, s, CKK_GENERIC_SECRET, known, 16, CK_FALSE);
	CK_KEY_DERIVATION_STRING_DATA p = { known, 15 };
	CK_MECHANISM before = { CKM_CONCATENATE_DATA_AND_BASE, &p, sizeof(p) }, beside = { CKM_CONCATENATE_BASE_AND_KEY, &secret, sizeof(secret) };
	CK_ULONG bit = 0;
	CK_MECHANISM extract = { CKM_EXTRACT_KEY_FROM_KEY, &bit, sizeof(bit) };

	CHECK(!first_byte_found(&m, s));
	CHECK_RV(derive(&m, s, &before, secret, 16, &h), CKR_KEY_SIZE_RANGE);
	CHECK_RV(derive(&m, s, &before, secret, 30, &h), CKR_KEY_SIZE_RANGE);
	CHECK_RV(derive(&m, s, &beside, mine, 17, &h), CKR_KEY_SIZE_RANGE);
	CHECK_RV(derive(&m, s, &beside, mine, 31, &h), CKR_KEY_SIZE_RANGE);
	CHECK_RV(derive(&m, s, &extract, secret, 1, &h), CKR_MECHANISM_INVALID);
	/* All of it is no part. */
	CHECK_RV(derive(&m, s, &before, secret, 31, &h), CKR_OK);
	CHECK_RV(derive(&m, s, &beside, mine, 32, &h), CKR_OK);
	p11_stop(&m);
}

static void test_reduction_opened(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, "allow-unsafe-wrapping = yes\n");

	CHECK(first_byte_found(&m, s)); /* the attack is a real one */
	p11_stop(&m);
}

/* ---- what a wrapping key decrypts, asked byte by byte ---- */

static CK_RV unwrap(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_BYTE *wrapped, CK_ULONG n,
		    CK_ULONG length, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = { ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, generic), ATTR(CKA_SIGN, yes), ATTR(CKA_VALUE_LEN, length) };

	return m->f->C_UnwrapKey(s, mechanism, with, wrapped, n, t, length == 0 ? 3 : 4, h);
}

/* Whether an unwrapping by CBC can be told by its answer from others, for some last byte of the initialization vector. */
static bool answers_differ(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE with, CK_MECHANISM_TYPE type)
{
	CK_BYTE iv[16] = { 0 }, block[16] = { 1, 2, 3 };
	CK_MECHANISM mechanism = { type, iv, sizeof(iv) };
	CK_OBJECT_HANDLE h = 0;
	CK_RV first = unwrap(m, s, &mechanism, with, block, 16, 15, &h);
	bool differ = false;

	for (int b = 1; b < 256; b++) {
		iv[15] = (CK_BYTE)b;
		differ |= unwrap(m, s, &mechanism, with, block, 16, 15, &h) != first;
	}
	return differ;
}

/* Two unwrappings of the same bytes are one key, also where none was wrapped: that they differ would tell. */
static bool repeats(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE with, CK_MECHANISM_TYPE type)
{
	CK_BYTE iv[16] = { 7 }, block[32] = { 1, 2, 3 }, one[32], other[32];
	CK_MECHANISM mechanism = { type, iv, sizeof(iv) };
	CK_OBJECT_HANDLE a = 0, b = 0;

	return unwrap(m, s, &mechanism, with, block, 32, 20, &a) == CKR_OK && unwrap(m, s, &mechanism, with, block, 32, 20, &b) == CKR_OK &&
	       mac(m, s, a, one) && mac(m, s, b, other) && memcmp(one, other, 32) == 0;
}

static void test_padding_oracle(void)
{
	static const CK_MECHANISM_TYPE types[] = { CKM_AES_CBC, CKM_AES_CBC_PAD };
	static const CK_ATTRIBUTE_TYPE on[] = { CKA_UNWRAP };
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_OBJECT_HANDLE only_unwraps = generate(&m, s, on, 1);

	for (size_t i = 0; i < COUNT(types); i++) {
		CHECK(!answers_differ(&m, s, only_unwraps, types[i]));
		CHECK(repeats(&m, s, only_unwraps, types[i]));
	}
	p11_stop(&m);
}

/* A key under which sensitive keys leave takes nothing in but what was wrapped: no keys are conjured, and it is no oracle. */
static void test_conjuring(void)
{
	static CK_BYTE iv[16];
	static CK_AES_CTR_PARAMS ctr = { 128, { 0 } };
	static CK_MECHANISM modes[] = { { CKM_AES_ECB, NULL, 0 },    { CKM_AES_CBC, iv, 16 },	      { CKM_AES_CBC_PAD, iv, 16 },
					{ CKM_AES_CTS, iv, 16 },     { CKM_AES_OFB, iv, 16 },	      { CKM_AES_CFB8, iv, 16 },
					{ CKM_AES_CFB128, iv, 16 }, { CKM_AES_CTR, &ctr, sizeof(ctr) } };
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_OBJECT_HANDLE k = wrapping_key(&m, s), target = extractable_key(&m, s), h = 0;
	CK_BYTE wrapped[64], random[40];
	CK_ULONG n = sizeof(wrapped);

	REQUIRE_RV(m.f->C_WrapKey(s, &kwp, k, target, wrapped, &n), CKR_OK);
	for (size_t i = 0; i < COUNT(modes); i++)
		CHECK_RV(unwrap(&m, s, &modes[i], k, wrapped, 32, 0, &h), CKR_MECHANISM_INVALID);
	for (int i = 0; i < 200; i++) {
		REQUIRE_RV(m.f->C_GenerateRandom(s, random, sizeof(random)), CKR_OK);
		CHECK_RV(unwrap(&m, s, &kwp, k, random, sizeof(random), 0, &h), CKR_WRAPPED_KEY_INVALID);
	}
	CHECK_RV(unwrap(&m, s, &kwp, k, wrapped, n, 0, &h), CKR_OK);
	CHECK(p11_get_bool(&m, s, h, CKA_SENSITIVE));
	p11_stop(&m);
}

/* ---- one key in two roles ---- */

static CK_OBJECT_HANDLE again(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE with, CK_BYTE *wrapped, CK_ULONG n, CK_ATTRIBUTE_TYPE role)
{
	CK_ATTRIBUTE t[] = { ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, aes), { role, &yes, 1 } };
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	REQUIRE_RV(m->f->C_UnwrapKey(s, &kwp, with, wrapped, n, t, 3, &h), CKR_OK);
	return h;
}

/* Unwrapped twice, once to wrap and once to decrypt (tookan, "re-import"): as a key that came in it wraps nothing sensitive. */
static void test_imported_twice(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_OBJECT_HANDLE k = wrapping_key(&m, s), target = extractable_key(&m, s), double_role = extractable_key(&m, s), wraps, decrypts;
	CK_BYTE wrapped[64], out[64];
	CK_ULONG n = sizeof(wrapped), out_n = sizeof(out);

	REQUIRE_RV(m.f->C_WrapKey(s, &kwp, k, double_role, wrapped, &n), CKR_OK);
	wraps = again(&m, s, k, wrapped, n, CKA_WRAP);
	decrypts = again(&m, s, k, wrapped, n, CKA_DECRYPT);
	CHECK(decrypts != CK_INVALID_HANDLE);
	CHECK_RV(m.f->C_WrapKey(s, &kwp, wraps, target, out, &out_n), CKR_KEY_NOT_WRAPPABLE);
	/* A key that wraps never leaves, under itself or another: no second handle of it can be made. */
	CHECK_RV(m.f->C_WrapKey(s, &kwp, k, k, out, &out_n), CKR_KEY_UNEXTRACTABLE);
	CHECK_RV(m.f->C_WrapKey(s, &kwp, wrapping_key(&m, s), k, out, &out_n), CKR_KEY_UNEXTRACTABLE);
	p11_stop(&m);
}

/* CKA_TRUSTED comes from the SO, by no other way in. */
static void test_trust_is_not_taken(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_OBJECT_HANDLE k = wrapping_key(&m, s), target = extractable_key(&m, s), h = CK_INVALID_HANDLE;
	CK_MECHANISM generation = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_ULONG size = 32, n = 64;
	CK_BYTE wrapped[64];
	CK_ATTRIBUTE trusted = ATTR(CKA_TRUSTED, yes);
	CK_ATTRIBUTE c[] = { ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_VALUE, known), trusted };
	CK_ATTRIBUTE g[] = { ATTR(CKA_VALUE_LEN, size), trusted }, u[] = { ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, aes), trusted };

	REQUIRE_RV(m.f->C_WrapKey(s, &kwp, k, target, wrapped, &n), CKR_OK);
	CHECK(m.f->C_CreateObject(s, c, 4, &h) != CKR_OK);
	CHECK(m.f->C_GenerateKey(s, &generation, g, 2, &h) != CKR_OK);
	CHECK(m.f->C_UnwrapKey(s, &kwp, k, wrapped, n, u, 3, &h) != CKR_OK);
	CHECK(m.f->C_CopyObject(s, k, &trusted, 1, &h) != CKR_OK);
	CHECK(m.f->C_SetAttributeValue(s, k, &trusted, 1) != CKR_OK);
	CHECK(h == CK_INVALID_HANDLE);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "no byte of a sensitive key can be tried alone", test_reduction },
		{ "with allow-unsafe-wrapping it can: the attack works", test_reduction_opened },
		{ "unwrapping by CBC is no oracle: one answer, and always the same key", test_padding_oracle },
		{ "a key that wraps what is sensitive takes in only what was wrapped", test_conjuring },
		{ "a key that came in twice wraps nothing sensitive", test_imported_twice },
		{ "nobody takes CKA_TRUSTED but from the SO", test_trust_is_not_taken },
		{ NULL, NULL },
	};

	return unit_main("conformance: published attacks", tests);
}
