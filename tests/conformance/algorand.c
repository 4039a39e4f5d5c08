/* SPDX-License-Identifier: Apache-2.0 */
/* The vendor-defined attributes and objects of doc/algorand.md, as a program meets them. */
#include <string.h>

#include "coffer/coffer.h"
#include "p11.h"
#include "unit.h"

static struct p11 m;
static CK_SESSION_HANDLE session;

#define ZERO_SEED_ADDRESS "HNVCPPGOW2SC2YVDVDICU3YNONSTEFLXDXREHJR2YBEKDC2Z3IUZSC6YGI"
#define FIRST_ADDRESS  "QFKUXHGS2WJYLBCG7LZKCRLN2KS2D3UZRG3G6KJK3JBKSLUJ2NZQFH6OMA"
#define SECOND_ADDRESS "ILHPC6AYVGZHKQSIAR3USM4CJYGPL3WJ6JCE7QC3F6W7TAHJWGX3T6OPCE"
#define TEXT(type, text)                                                                           \
	{                                                                                          \
		type, (void *)(text), sizeof(text) - 1                                             \
	}

static CK_RV get(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, void *value, CK_ULONG *n)
{
	CK_ATTRIBUTE a = { type, value, *n };
	CK_RV rv = m.f->C_GetAttributeValue(session, object, &a, 1);

	*n = a.ulValueLen;
	return rv;
}

static CK_RV set(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, const void *value, CK_ULONG n)
{
	CK_ATTRIBUTE a = { type, (void *)(size_t)value, n };

	return m.f->C_SetAttributeValue(session, object, &a, 1);
}

static bool has_address(CK_OBJECT_HANDLE object, const char *address)
{
	char text[80];
	CK_ULONG n = sizeof(text);

	return get(object, CKA_COFFER_ALGORAND_ADDRESS, text, &n) == CKR_OK && n == 58 &&
	       memcmp(text, address, 58) == 0;
}

static void test_address_of_a_key(void)
{
	static const CK_BYTE seed[32] = { 0 };
	CK_OBJECT_HANDLE key;
	struct p11_pair pair;
	char one[58], other[58];
	CK_ULONG n = 0;

	CU_ASSERT_EQUAL(p11_import(&m, session, seed, &key), CKR_OK);
	CHECK(has_address(key, ZERO_SEED_ADDRESS));
	CU_ASSERT_EQUAL(get(key, CKA_COFFER_ALGORAND_ADDRESS, NULL, &n), CKR_OK);
	CU_ASSERT_EQUAL(n, 58);
	n = 10;
	CU_ASSERT_EQUAL(get(key, CKA_COFFER_ALGORAND_ADDRESS, one, &n), CKR_BUFFER_TOO_SMALL);
	CU_ASSERT_EQUAL(p11_generate(&m, session, false, "pair", &pair), CKR_OK);
	n = sizeof(one);
	CU_ASSERT_EQUAL(get(pair.pub, CKA_COFFER_ALGORAND_ADDRESS, one, &n), CKR_OK);
	n = sizeof(other);
	CU_ASSERT_EQUAL(get(pair.priv, CKA_COFFER_ALGORAND_ADDRESS, other, &n), CKR_OK);
	CHECK(memcmp(one, other, 58) == 0);
	CU_ASSERT_EQUAL(set(key, CKA_COFFER_ALGORAND_ADDRESS, one, 58), CKR_ATTRIBUTE_READ_ONLY);
}

static void test_other_keys_have_no_address(void)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_BYTE value[32] = { 7 };
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
			    { CKA_KEY_TYPE, &type, sizeof(type) },
			    { CKA_VALUE, value, 32 } };
	CK_OBJECT_HANDLE key;
	CK_ULONG n = 0;

	CU_ASSERT_EQUAL(m.f->C_CreateObject(session, t, 3, &key), CKR_OK);
	CU_ASSERT_EQUAL(get(key, CKA_COFFER_ALGORAND_ADDRESS, NULL, &n),
			CKR_ATTRIBUTE_TYPE_INVALID);
}

/* ---- message prefixes ---- */

/* A private key that signs only what begins with one of the words. */
static CK_RV limited(CK_BBOOL token, const char *words, CK_OBJECT_HANDLE *key)
{
	static CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	static CK_KEY_TYPE type = CKK_EC_EDWARDS;
	static CK_BYTE params[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 }, seed[32] = { 9 };
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
			    { CKA_KEY_TYPE, &type, sizeof(type) },
			    { CKA_EC_PARAMS, params, sizeof(params) },
			    { CKA_VALUE, seed, sizeof(seed) },
			    { CKA_TOKEN, &token, sizeof(token) },
			    TEXT(CKA_LABEL, "limited"),
			    { CKA_COFFER_MESSAGE_PREFIXES, (void *)(size_t)words,
			     words == NULL ? 0 : strlen(words) } };

	return m.f->C_CreateObject(session, t, words == NULL ? 6 : 7, key);
}

static CK_RV sign(CK_OBJECT_HANDLE key, const char *message)
{
	CK_BYTE signature[64];

	return p11_sign(&m, session, key, NULL, message, strlen(message), signature);
}

/* In parts of one byte, or of `step` bytes. */
static CK_RV sign_in_parts(CK_OBJECT_HANDLE key, const char *message, size_t step)
{
	CK_MECHANISM mechanism = { CKM_EDDSA, NULL, 0 };
	CK_BYTE signature[64];
	CK_ULONG n = sizeof(signature);
	size_t length = strlen(message);
	CK_RV rv = m.f->C_SignInit(session, &mechanism, key);

	for (size_t i = 0; i < length && rv == CKR_OK; i += step)
		rv = m.f->C_SignUpdate(session, (CK_BYTE_PTR)(size_t)message + i,
				       length - i < step ? length - i : step);
	return rv == CKR_OK ? m.f->C_SignFinal(session, signature, &n) : rv;
}

static void test_a_limited_key_signs_only_its_messages(void)
{
	CK_OBJECT_HANDLE key;

	REQUIRE(limited(CK_FALSE, "TX Program", &key) == CKR_OK);
	CU_ASSERT_EQUAL(sign(key, "TXa transaction"), CKR_OK);
	CU_ASSERT_EQUAL(sign(key, "TX"), CKR_OK);
	CU_ASSERT_EQUAL(sign(key, "Program\x01"), CKR_OK);
	CU_ASSERT_EQUAL(sign(key, "T"), CKR_DATA_INVALID);
	CU_ASSERT_EQUAL(sign(key, ""), CKR_DATA_INVALID);
	CU_ASSERT_EQUAL(sign(key, "tx"), CKR_DATA_INVALID);
	CU_ASSERT_EQUAL(sign(key, " TX"), CKR_DATA_INVALID);
	CU_ASSERT_EQUAL(sign(key, "ProgData"), CKR_DATA_INVALID);
	CU_ASSERT_EQUAL(sign(key, "MsigProgram"), CKR_DATA_INVALID);
	CU_ASSERT_EQUAL(sign(key, "TX Program"), CKR_OK);
}

static void test_parts_do_not_help(void)
{
	CK_OBJECT_HANDLE key;

	REQUIRE(limited(CK_FALSE, "TX MsigProgram", &key) == CKR_OK);
	for (size_t step = 1; step < 40; step++) {
		CU_ASSERT_EQUAL(
			sign_in_parts(key, "TXa transaction that is longer than its prefix", step),
			CKR_OK);
		CU_ASSERT_EQUAL(sign_in_parts(key, "MsigProgram and the rest", step), CKR_OK);
		CU_ASSERT_EQUAL(sign_in_parts(key, "Msig Program TX", step), CKR_DATA_INVALID);
		CU_ASSERT_EQUAL(sign_in_parts(key, "T", step), CKR_DATA_INVALID);
	}
	CU_ASSERT_EQUAL(sign_in_parts(key, "", 1), CKR_DATA_INVALID);
	/* What was refused leaves no operation, and nothing of its message, behind. */
	CU_ASSERT_EQUAL(sign_in_parts(key, "X", 1), CKR_DATA_INVALID);
	CU_ASSERT_EQUAL(sign(key, "T"), CKR_DATA_INVALID);
	CU_ASSERT_EQUAL(sign(key, "TX"), CKR_OK);
}

static CK_RV sign_message(CK_OBJECT_HANDLE key, const char *message)
{
	CK_MECHANISM mechanism = { CKM_EDDSA, NULL, 0 };
	CK_BYTE signature[64];
	CK_ULONG n = sizeof(signature);
	CK_RV rv = m.f3->C_MessageSignInit(session, &mechanism, key);

	if (rv == CKR_OK)
		rv = m.f3->C_SignMessage(session, NULL, 0, (CK_BYTE_PTR)(size_t)message, strlen(message), signature, &n);
	(void)m.f3->C_SessionCancel(session, CKF_MESSAGE_SIGN);
	return rv;
}

static void test_messages_do_not_help(void)
{
	CK_OBJECT_HANDLE key;

	REQUIRE(limited(CK_FALSE, "TX", &key) == CKR_OK);
	CU_ASSERT_EQUAL(sign_message(key, "TXa transaction"), CKR_OK);
	CU_ASSERT_EQUAL(sign_message(key, "a message"), CKR_DATA_INVALID);
	CU_ASSERT_EQUAL(sign_message(key, "T"), CKR_DATA_INVALID);
}

static void test_prefixes_can_only_be_narrowed(void)
{
	CK_OBJECT_HANDLE key, copy;
	CK_ATTRIBUTE none = { CKA_COFFER_MESSAGE_PREFIXES, (void *)"TX Program more", 15 };
	char text[200];
	CK_ULONG n = sizeof(text);

	REQUIRE(limited(CK_FALSE, NULL, &key) == CKR_OK);
	CU_ASSERT_EQUAL(sign(key, "anything"), CKR_OK);
	CU_ASSERT_EQUAL(get(key, CKA_COFFER_MESSAGE_PREFIXES, NULL, &n),
			CKR_ATTRIBUTE_TYPE_INVALID);
	CU_ASSERT_EQUAL(set(key, CKA_COFFER_MESSAGE_PREFIXES, "TX Program MX", 13), CKR_OK);
	CU_ASSERT_EQUAL(sign(key, "anything"), CKR_DATA_INVALID);
	CU_ASSERT_EQUAL(sign(key, "MX"), CKR_OK);
	CU_ASSERT_EQUAL(set(key, CKA_COFFER_MESSAGE_PREFIXES, "TX Program", 10), CKR_OK);
	CU_ASSERT_EQUAL(sign(key, "MX"), CKR_DATA_INVALID);
	CU_ASSERT_EQUAL(set(key, CKA_COFFER_MESSAGE_PREFIXES, "TX Program MX", 13),
			CKR_ATTRIBUTE_READ_ONLY);
	CU_ASSERT_EQUAL(set(key, CKA_COFFER_MESSAGE_PREFIXES, "T", 1), CKR_ATTRIBUTE_READ_ONLY);
	CU_ASSERT_EQUAL(set(key, CKA_COFFER_MESSAGE_PREFIXES, "", 0), CKR_ATTRIBUTE_VALUE_INVALID);
	n = sizeof(text);
	CU_ASSERT_EQUAL(get(key, CKA_COFFER_MESSAGE_PREFIXES, text, &n), CKR_OK);
	CHECK(n == 10 && memcmp(text, "TX Program", 10) == 0);
	/* Not by a copy either. */
	CU_ASSERT_EQUAL(m.f->C_CopyObject(session, key, &none, 1, &copy), CKR_ATTRIBUTE_READ_ONLY);
	CU_ASSERT_EQUAL(m.f->C_CopyObject(session, key, NULL, 0, &copy), CKR_OK);
	CU_ASSERT_EQUAL(sign(copy, "MX"), CKR_DATA_INVALID);
	CU_ASSERT_EQUAL(sign(copy, "TX"), CKR_OK);
}

static void test_prefixes_that_are_none(void)
{
	static const char *const wrong[] = { "",     " ",        "TX ", " TX", "TX  Program",
					    "TX\n", "T\xc3\x9f" };
	CK_OBJECT_HANDLE key;
	char longer[130];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CU_ASSERT_EQUAL(limited(CK_FALSE, wrong[i], &key), CKR_ATTRIBUTE_VALUE_INVALID);
	memset(longer, 'a', sizeof(longer));
	longer[129] = '\0';
	CU_ASSERT_EQUAL(limited(CK_FALSE, longer, &key), CKR_ATTRIBUTE_VALUE_INVALID);
	longer[128] = '\0';
	CU_ASSERT_EQUAL(limited(CK_FALSE, longer, &key), CKR_OK);
}

static CK_OBJECT_HANDLE find(CK_ATTRIBUTE_TYPE type, const void *value, CK_ULONG n)
{
	CK_ATTRIBUTE t = { type, (void *)(size_t)value, n };
	CK_OBJECT_HANDLE found[2];
	CK_ULONG count = 0;

	if (m.f->C_FindObjectsInit(session, &t, 1) != CKR_OK ||
	    m.f->C_FindObjects(session, found, 2, &count) != CKR_OK ||
	    m.f->C_FindObjectsFinal(session) != CKR_OK)
		return 0;
	return count == 1 ? found[0] : 0;
}

static void test_prefixes_last(void)
{
	CK_OBJECT_HANDLE key;

	REQUIRE(limited(CK_TRUE, "TX", &key) == CKR_OK);
	CU_ASSERT_EQUAL(m.f->C_Logout(session), CKR_OK);
	CU_ASSERT_EQUAL(p11_login(&m, session, CKU_USER, P11_USER_PIN), CKR_OK);
	key = find(CKA_LABEL, "limited", 7);
	CHECK(key != 0);
	CU_ASSERT_EQUAL(sign(key, "no transaction"), CKR_DATA_INVALID);
	CU_ASSERT_EQUAL(sign(key, "TX"), CKR_OK);
	CU_ASSERT_EQUAL(m.f->C_DestroyObject(session, key), CKR_OK);
}

/* ---- multisig accounts ---- */

/* The account of the vectors' wallet "default": one of two. */
static const CK_BYTE members[64] = {
	0xca, 0x32, 0xb7, 0x0b, 0xec, 0xa5, 0x5f, 0xeb, 0xe2, 0x4e, 0x2e, 0x5e, 0x70,
	0xb5, 0xb3, 0xa8, 0x36, 0xda, 0xa3, 0xc4, 0x8c, 0x82, 0x0e, 0x8d, 0xb6, 0x87,
	0xce, 0x05, 0x51, 0xee, 0x0b, 0x57, 0xaa, 0x51, 0x17, 0x7e, 0x59, 0x15, 0x83,
	0x91, 0x4b, 0x99, 0xfe, 0xe2, 0x16, 0x18, 0xb9, 0x21, 0xc7, 0x07, 0x96, 0x47,
	0x2c, 0x80, 0xbe, 0x2e, 0x76, 0x1d, 0x36, 0x97, 0xaf, 0xeb, 0x19, 0xc1,
};

static CK_RV multisig(CK_ULONG version, CK_ULONG threshold, CK_ULONG keys_n, CK_ULONG count,
		      CK_OBJECT_HANDLE *object)
{
	static CK_OBJECT_CLASS class = CKO_COFFER_ALGORAND_MULTISIG;
	static CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
			    { CKA_TOKEN, &yes, sizeof(yes) },
			    { CKA_COFFER_MULTISIG_VERSION, &version, sizeof(version) },
			    { CKA_COFFER_MULTISIG_THRESHOLD, &threshold, sizeof(threshold) },
			    { CKA_COFFER_MULTISIG_KEYS, (void *)(size_t)members, keys_n } };

	return m.f->C_CreateObject(session, t, count, object);
}

static void test_multisig_accounts(void)
{
	CK_OBJECT_HANDLE account;
	CK_BYTE id[32];
	CK_ULONG n = sizeof(id), threshold = 2;

	REQUIRE(multisig(1, 1, 64, 5, &account) == CKR_OK);
	CHECK(has_address(account, "GLGKDL2EO57I6K5FHNOSZW2NYNOUVWZBQ6FZHS3LL6IE6U3L7HA7HFEHGA"));
	CU_ASSERT_EQUAL(get(account, CKA_ID, id, &n), CKR_OK);
	CU_ASSERT_EQUAL(n, 32);
	CU_ASSERT_EQUAL(find(CKA_ID, id, 32), account);
	CU_ASSERT_EQUAL(set(account, CKA_COFFER_MULTISIG_THRESHOLD, &threshold, sizeof(threshold)),
			CKR_ATTRIBUTE_READ_ONLY);
	CU_ASSERT_EQUAL(set(account, CKA_ID, members, 32), CKR_ATTRIBUTE_READ_ONLY);
	CU_ASSERT_EQUAL(set(account, CKA_LABEL, "ours", 4), CKR_OK);
	CU_ASSERT_EQUAL(m.f->C_DestroyObject(session, account), CKR_OK);
	CU_ASSERT_EQUAL(multisig(2, 1, 64, 5, &account), CKR_ATTRIBUTE_VALUE_INVALID);
	CU_ASSERT_EQUAL(multisig(1, 0, 64, 5, &account), CKR_ATTRIBUTE_VALUE_INVALID);
	CU_ASSERT_EQUAL(multisig(1, 3, 64, 5, &account), CKR_ATTRIBUTE_VALUE_INVALID);
	CU_ASSERT_EQUAL(multisig(257, 1, 64, 5, &account), CKR_ATTRIBUTE_VALUE_INVALID);
	CU_ASSERT_EQUAL(multisig(1, 257, 64, 5, &account), CKR_ATTRIBUTE_VALUE_INVALID);
	CU_ASSERT_EQUAL(multisig(1, 1, 63, 5, &account), CKR_ATTRIBUTE_VALUE_INVALID);
	CU_ASSERT_EQUAL(multisig(1, 1, 0, 5, &account), CKR_ATTRIBUTE_VALUE_INVALID);
	CU_ASSERT_EQUAL(multisig(1, 1, 64, 4, &account), CKR_TEMPLATE_INCOMPLETE);
}

/* ---- master derivation keys ---- */

static CK_RV master(CK_ULONG size, CK_OBJECT_HANDLE *key)
{
	static CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	static CK_KEY_TYPE type = CKK_COFFER_ALGORAND_MASTER;
	static CK_BBOOL yes = CK_TRUE;
	CK_BYTE value[64] = { 1 };
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) },
			    { CKA_KEY_TYPE, &type, sizeof(type) },
			    { CKA_TOKEN, &yes, sizeof(yes) },
			    { CKA_DERIVE, &yes, sizeof(yes) },
			    { CKA_VALUE, value, size } };

	return m.f->C_CreateObject(session, t, 5, key);
}

static void test_master_derivation_key(void)
{
	CK_OBJECT_HANDLE key;
	CK_BYTE value[32];
	CK_ULONG n = sizeof(value), index = 99;

	CU_ASSERT_EQUAL(master(31, &key), CKR_ATTRIBUTE_VALUE_INVALID);
	CU_ASSERT_EQUAL(master(33, &key), CKR_ATTRIBUTE_VALUE_INVALID);
	REQUIRE(master(32, &key) == CKR_OK);
	CU_ASSERT_EQUAL(get(key, CKA_VALUE, value, &n), CKR_ATTRIBUTE_SENSITIVE);
	n = sizeof(index);
	CU_ASSERT_EQUAL(get(key, CKA_COFFER_ALGORAND_INDEX, &index, &n), CKR_OK);
	CU_ASSERT_EQUAL(index, 0);
	index = 3;
	CU_ASSERT_EQUAL(set(key, CKA_COFFER_ALGORAND_INDEX, &index, sizeof(index)), CKR_OK);
	/* Of two who raise it to the same value the second learns that he is late. */
	CU_ASSERT_EQUAL(set(key, CKA_COFFER_ALGORAND_INDEX, &index, sizeof(index)),
			CKR_ATTRIBUTE_VALUE_INVALID);
	index = 2;
	CU_ASSERT_EQUAL(set(key, CKA_COFFER_ALGORAND_INDEX, &index, sizeof(index)),
			CKR_ATTRIBUTE_VALUE_INVALID);
	CU_ASSERT_EQUAL(m.f->C_DestroyObject(session, key), CKR_OK);
}

/* ---- keys by index ---- */

static CK_RV derive(CK_OBJECT_HANDLE key, const void *parameter, CK_ULONG size, CK_ATTRIBUTE *t, CK_ULONG count,
		    CK_OBJECT_HANDLE *out)
{
	CK_MECHANISM mechanism = { CKM_COFFER_ALGORAND_DERIVE, (void *)(size_t)parameter, size };

	return m.f->C_DeriveKey(session, &mechanism, key, t, count, out);
}

static CK_RV derive_index(CK_OBJECT_HANDLE key, CK_ULONG index, CK_OBJECT_HANDLE *out)
{
	return derive(key, &index, sizeof(index), NULL, 0, out);
}

/* The keys of a master key of 01 00 00 ...: computed with another program by HMAC-SHA-512/256. */
static void test_keys_by_index(void)
{
	CK_OBJECT_HANDLE key, child, again;
	CK_ULONG index = 2, n = sizeof(index), got = 0;
	CK_BYTE id[32], one[64], other[64];

	REQUIRE(master(32, &key) == CKR_OK);
	CU_ASSERT_EQUAL(derive_index(key, 1, &child), CKR_MECHANISM_PARAM_INVALID); /* not given away yet */
	CU_ASSERT_EQUAL(set(key, CKA_COFFER_ALGORAND_INDEX, &index, sizeof(index)), CKR_OK);
	REQUIRE(derive_index(key, 1, &child) == CKR_OK);
	CHECK(has_address(child, FIRST_ADDRESS));
	CU_ASSERT_EQUAL(get(child, CKA_COFFER_ALGORAND_INDEX, &got, &n), CKR_OK);
	CU_ASSERT_EQUAL(got, 1);
	n = sizeof(id);
	CU_ASSERT_EQUAL(get(child, CKA_ID, id, &n), CKR_OK);
	CU_ASSERT_EQUAL(n, 32);
	n = sizeof(one);
	CU_ASSERT_EQUAL(get(child, CKA_VALUE, one, &n), CKR_ATTRIBUTE_SENSITIVE);
	CU_ASSERT_EQUAL(p11_sign(&m, session, child, NULL, "TX", 2, one), CKR_OK);
	REQUIRE(derive_index(key, 1, &again) == CKR_OK);
	CU_ASSERT_EQUAL(p11_sign(&m, session, again, NULL, "TX", 2, other), CKR_OK);
	CHECK(memcmp(one, other, 64) == 0);
	REQUIRE(derive_index(key, 2, &child) == CKR_OK);
	CHECK(has_address(child, SECOND_ADDRESS));
	CU_ASSERT_EQUAL(derive_index(key, 3, &child), CKR_MECHANISM_PARAM_INVALID);
	CU_ASSERT_EQUAL(derive_index(key, 0, &child), CKR_MECHANISM_PARAM_INVALID);
	CU_ASSERT_EQUAL(derive(key, &index, 4, NULL, 0, &child), CKR_MECHANISM_PARAM_INVALID);
	CU_ASSERT_EQUAL(derive(key, NULL, 0, NULL, 0, &child), CKR_MECHANISM_PARAM_INVALID);
	CU_ASSERT_EQUAL(m.f->C_DestroyObject(session, key), CKR_OK);
}

static void test_a_derived_key_has_what_its_template_says(void)
{
	CK_BBOOL yes = CK_TRUE;
	CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
	CK_ATTRIBUTE t[] = { { CKA_TOKEN, &yes, sizeof(yes) }, TEXT(CKA_LABEL, "first"), TEXT(CKA_ID, "mine"),
			     { CKA_COFFER_MESSAGE_PREFIXES, (void *)"TX", 2 } };
	CK_ATTRIBUTE wrong = { CKA_CLASS, &secret, sizeof(secret) };
	CK_ATTRIBUTE value = { CKA_VALUE, (void *)"12345678901234567890123456789012", 32 };
	CK_OBJECT_HANDLE key, child;
	CK_ULONG index = 1;

	REQUIRE(master(32, &key) == CKR_OK);
	CU_ASSERT_EQUAL(set(key, CKA_COFFER_ALGORAND_INDEX, &index, sizeof(index)), CKR_OK);
	REQUIRE(derive(key, &index, sizeof(index), t, 4, &child) == CKR_OK);
	CU_ASSERT_EQUAL(find(CKA_ID, "mine", 4), child);
	CU_ASSERT_EQUAL(sign(child, "no transaction"), CKR_DATA_INVALID);
	CU_ASSERT_EQUAL(sign(child, "TX"), CKR_OK);
	CU_ASSERT_EQUAL(derive(key, &index, sizeof(index), &wrong, 1, &child), CKR_TEMPLATE_INCONSISTENT);
	CU_ASSERT_EQUAL(derive(key, &index, sizeof(index), &value, 1, &child), CKR_TEMPLATE_INCONSISTENT);
}

/* Only what may derive, and only from such a key. */
static void test_what_cannot_derive(void)
{
	static const CK_BYTE seed[32] = { 0 };
	CK_OBJECT_HANDLE key, child;

	CU_ASSERT_EQUAL(p11_import(&m, session, seed, &key), CKR_OK);
	CU_ASSERT_EQUAL(derive_index(key, 1, &child), CKR_KEY_TYPE_INCONSISTENT);
}

static const struct unit_test tests[] = {
	{ "an Ed25519 key tells its Algorand address", test_address_of_a_key },
	{ "other keys have no address", test_other_keys_have_no_address },
	{ "a key limited to message prefixes signs only such messages",
	 test_a_limited_key_signs_only_its_messages },
	{ "a message in parts is limited too", test_parts_do_not_help },
	{ "prefixes can only lose words", test_prefixes_can_only_be_narrowed },
	{ "a list of prefixes that is none is refused", test_prefixes_that_are_none },
	{ "prefixes of a stored key last", test_prefixes_last },
	{ "multisig accounts are objects with an address", test_multisig_accounts },
	{ "a master derivation key is sensitive, and its index only grows",
	 test_master_derivation_key },
	{ "keys are derived by index, and only by one that was given away", test_keys_by_index },
	{ "a derived key has what its template says", test_a_derived_key_has_what_its_template_says },
	{ "a limited key is limited in message-based signing too", test_messages_do_not_help },
	{ "other keys derive nothing so", test_what_cannot_derive },
	{ NULL, NULL },
};

int main(void)
{
	int failed;

	if (!p11_start(&m))
		return 1;
	session = p11_session(&m, p11_token(&m, "algorand"), true);
	if (session == 0)
		return 1;
	failed = unit_main("conformance algorand", tests);
	p11_stop(&m);
	return failed;
}
