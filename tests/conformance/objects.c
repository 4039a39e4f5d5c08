/* SPDX-License-Identifier: Apache-2.0 */
/* Object management (PKCS#11 3.0 section 5.7) and the attribute rules of section 4. */
#include <string.h>

#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS data_class = CKO_DATA, private_class = CKO_PRIVATE_KEY,
		       public_class = CKO_PUBLIC_KEY, certificate_class = CKO_CERTIFICATE;
static CK_KEY_TYPE edwards = CKK_EC_EDWARDS;
static CK_BYTE oid[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
static CK_BYTE seed[32] = {1, 2, 3};

/* Module, token, session with the user logged in. */
static CK_SESSION_HANDLE start(struct p11 *m)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_start(m));
	slot = p11_token(m, "objects");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static CK_RV data_create(const struct p11 *m, CK_SESSION_HANDLE s, bool token, bool private,
			 const char *label, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, data_class), {CKA_TOKEN, token ? &yes : &no, 1},
			    {CKA_PRIVATE, private ? &yes : &no, 1}, {CKA_LABEL, (void *)label, strlen(label)},
			    {CKA_APPLICATION, (void *)"conformance", 11}, {CKA_VALUE, (void *)"content", 7}};

	return m->f->C_CreateObject(s, t, 6, h);
}

static void test_create_arguments(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE h;
	CK_BBOOL odd = 7;
	CK_ULONG number = 3;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, data_class), ATTR(CKA_TOKEN, no), {CKA_VALUE, (void *)"v", 1},
			    {0, NULL, 0}};

	CHECK_RV(m.f->C_CreateObject(s, NULL, 3, &h), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_CreateObject(s, t, 3, NULL), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_CreateObject(s, t, 3, &h), CKR_OK);
	CHECK_RV(m.f->C_CreateObject(s, t + 1, 2, &h), CKR_TEMPLATE_INCOMPLETE); /* no class */
	t[3] = (CK_ATTRIBUTE){CKA_PRIME_1, (void *)"x", 1};
	CHECK_EITHER(m.f->C_CreateObject(s, t, 4, &h), CKR_ATTRIBUTE_TYPE_INVALID, CKR_TEMPLATE_INCONSISTENT);
	t[3] = (CK_ATTRIBUTE){CKA_PRIVATE, &odd, 0};
	CHECK_RV(m.f->C_CreateObject(s, t, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	t[3] = (CK_ATTRIBUTE){CKA_PRIVATE, &number, sizeof(number)};
	CHECK_RV(m.f->C_CreateObject(s, t, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	t[3] = (CK_ATTRIBUTE){CKA_LABEL, NULL, 9};
	CHECK_EITHER(m.f->C_CreateObject(s, t, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID, CKR_ARGUMENTS_BAD);
	t[3] = (CK_ATTRIBUTE){0x7fff1234, (void *)"x", 1};
	CHECK_RV(m.f->C_CreateObject(s, t, 4, &h), CKR_ATTRIBUTE_TYPE_INVALID);
	t[3] = (CK_ATTRIBUTE){CKA_UNIQUE_ID, (void *)"mine", 4};
	if (m.is_coffer)
		CHECK_RV(m.f->C_CreateObject(s, t, 4, &h), CKR_ATTRIBUTE_READ_ONLY);
	number = 0x7fff1234;
	t[0] = (CK_ATTRIBUTE){CKA_CLASS, &number, sizeof(number)};
	CHECK_EITHER(m.f->C_CreateObject(s, t, 3, &h), CKR_ATTRIBUTE_VALUE_INVALID, CKR_TEMPLATE_INCONSISTENT);
	p11_stop(&m);
}

/* Each of the four kinds: where it may be seen, and for how long. */
static void test_token_and_private(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE h;
	CK_ATTRIBUTE t = {CKA_APPLICATION, (void *)"conformance", 11};
	CK_SLOT_ID slot;

	CHECK_RV(data_create(&m, s, false, false, "a", &h), CKR_OK);
	CHECK_RV(data_create(&m, s, false, true, "b", &h), CKR_OK);
	CHECK_RV(data_create(&m, s, true, false, "c", &h), CKR_OK);
	CHECK_RV(data_create(&m, s, true, true, "d", &h), CKR_OK);
	CHECK(p11_find(&m, s, &t, 1, NULL, 0) == 4);
	CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	CHECK_RV(m.f->C_Initialize(NULL), CKR_OK);
	slot = p11_find_slot(&m, "objects");
	s = p11_session(&m, slot, false);
	CHECK(p11_find(&m, s, &t, 1, NULL, 0) == 1);
	CHECK_RV(data_create(&m, s, true, true, "e", &h), CKR_USER_NOT_LOGGED_IN);
	CHECK_RV(data_create(&m, s, false, true, "e", &h), CKR_USER_NOT_LOGGED_IN);
	CHECK_RV(data_create(&m, s, false, false, "e", &h), CKR_OK);
	CHECK_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_OK);
	CHECK(p11_find(&m, s, &t, 1, NULL, 0) == 3);
	p11_stop(&m);
}

static void test_get_rules(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE h;
	CK_BYTE small[2], label[32], value[32];
	CK_ATTRIBUTE t[] = {{CKA_LABEL, NULL, 0}, {CKA_VALUE, small, sizeof(small)},
			    {CKA_MODULUS, value, sizeof(value)}, {CKA_APPLICATION, label, sizeof(label)}};
	CK_RV rv;

	REQUIRE_RV(data_create(&m, s, true, false, "a label", &h), CKR_OK);
	CHECK_RV(m.f->C_GetAttributeValue(s, h, NULL, 1), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_GetAttributeValue(s, h + 99991, t, 1), CKR_OBJECT_HANDLE_INVALID);
	CHECK_RV(m.f->C_GetAttributeValue(s, h, t, 1), CKR_OK);
	CHECK(t[0].ulValueLen == 7);
	/* One that is too small, one that it has not: both told, and the rest filled. */
	rv = m.f->C_GetAttributeValue(s, h, t, 4);
	CHECK_EITHER(rv, CKR_BUFFER_TOO_SMALL, CKR_ATTRIBUTE_TYPE_INVALID);
	CHECK(t[0].ulValueLen == 7);
	CHECK(t[1].ulValueLen == CK_UNAVAILABLE_INFORMATION);
	CHECK(t[2].ulValueLen == CK_UNAVAILABLE_INFORMATION);
	CHECK(t[3].ulValueLen == 11 && memcmp(label, "conformance", 11) == 0);
	p11_stop(&m);
}

static void test_set_rules(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE h, fixed;
	CK_ATTRIBUTE label = {CKA_LABEL, (void *)"other", 5}, class = ATTR(CKA_CLASS, data_class);
	CK_ATTRIBUTE token = ATTR(CKA_TOKEN, no), both[] = {label, class};
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, data_class), ATTR(CKA_TOKEN, yes), ATTR(CKA_MODIFIABLE, no),
			    ATTR(CKA_PRIVATE, no), {CKA_LABEL, (void *)"fixed", 5}};
	CK_BYTE read[5];

	REQUIRE_RV(data_create(&m, s, true, false, "first", &h), CKR_OK);
	CHECK_RV(m.f->C_SetAttributeValue(s, h, NULL, 1), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_SetAttributeValue(s, h, &class, 1), CKR_ATTRIBUTE_READ_ONLY);
	CHECK_RV(m.f->C_SetAttributeValue(s, h, &token, 1), CKR_ATTRIBUTE_READ_ONLY);
	/* All or nothing. */
	CHECK_RV(m.f->C_SetAttributeValue(s, h, both, 2), CKR_ATTRIBUTE_READ_ONLY);
	CHECK(p11_get(&m, s, h, CKA_LABEL, read, 5) && (!m.is_coffer || memcmp(read, "first", 5) == 0));
	CHECK_RV(m.f->C_SetAttributeValue(s, h, &label, 1), CKR_OK);
	CHECK(p11_get(&m, s, h, CKA_LABEL, read, 5) && memcmp(read, "other", 5) == 0);
	CHECK(p11_find(&m, s, &label, 1, NULL, 0) == 1);
	CHECK(p11_find(&m, s, &(CK_ATTRIBUTE){CKA_LABEL, (void *)"first", 5}, 1, NULL, 0) == 0);
	REQUIRE_RV(m.f->C_CreateObject(s, t, 5, &fixed), CKR_OK);
	CHECK_EITHER(m.f->C_SetAttributeValue(s, fixed, &label, 1), CKR_ACTION_PROHIBITED,
		     CKR_ATTRIBUTE_READ_ONLY);
	p11_stop(&m);
}

/* SENSITIVE only ever rises, EXTRACTABLE only ever falls, and what was remembers. */
static void test_one_way(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE h;
	CK_BYTE value[64];
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, private_class), ATTR(CKA_KEY_TYPE, edwards), ATTR(CKA_TOKEN, yes),
			    ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_EC_PARAMS, oid),
			    ATTR(CKA_VALUE, seed)};
	CK_ATTRIBUTE up = ATTR(CKA_SENSITIVE, yes), down = ATTR(CKA_SENSITIVE, no),
		     fall = ATTR(CKA_EXTRACTABLE, no), rise = ATTR(CKA_EXTRACTABLE, yes),
		     read = {CKA_VALUE, value, sizeof(value)};

	REQUIRE_RV(m.f->C_CreateObject(s, t, 7, &h), CKR_OK);
	CHECK(!p11_get_bool(&m, s, h, CKA_LOCAL));
	CHECK(!p11_get_bool(&m, s, h, CKA_ALWAYS_SENSITIVE));
	CHECK(!p11_get_bool(&m, s, h, CKA_NEVER_EXTRACTABLE));
	CHECK_RV(m.f->C_GetAttributeValue(s, h, &read, 1), CKR_OK);
	CHECK(read.ulValueLen >= 32 && memcmp(value + read.ulValueLen - 32, seed, 32) == 0);
	CHECK_RV(m.f->C_SetAttributeValue(s, h, &up, 1), CKR_OK);
	CHECK_RV(m.f->C_SetAttributeValue(s, h, &down, 1), CKR_ATTRIBUTE_READ_ONLY);
	CHECK_RV(m.f->C_SetAttributeValue(s, h, &fall, 1), CKR_OK);
	CHECK_RV(m.f->C_SetAttributeValue(s, h, &rise, 1), CKR_ATTRIBUTE_READ_ONLY);
	read.ulValueLen = sizeof(value);
	memset(value, 0, sizeof(value));
	CHECK_RV(m.f->C_GetAttributeValue(s, h, &read, 1), CKR_ATTRIBUTE_SENSITIVE);
	CHECK(read.ulValueLen == CK_UNAVAILABLE_INFORMATION);
	CHECK(memcmp(value, (CK_BYTE[64]){0}, 64) == 0);
	CHECK(!p11_get_bool(&m, s, h, CKA_ALWAYS_SENSITIVE));
	CHECK(!p11_get_bool(&m, s, h, CKA_NEVER_EXTRACTABLE));
	p11_stop(&m);
}

static void test_generated_flags(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair pair;
	CK_MECHANISM_TYPE mechanism = 0;
	CK_ATTRIBUTE read = {CKA_VALUE, NULL, 0};

	REQUIRE_RV(p11_generate(&m, s, true, "g", &pair), CKR_OK);
	CHECK(p11_get_bool(&m, s, pair.priv, CKA_LOCAL));
	CHECK(p11_get_bool(&m, s, pair.pub, CKA_LOCAL));
	CHECK(p11_get_bool(&m, s, pair.priv, CKA_SENSITIVE));
	CHECK(p11_get_bool(&m, s, pair.priv, CKA_ALWAYS_SENSITIVE));
	CHECK(p11_get_bool(&m, s, pair.priv, CKA_NEVER_EXTRACTABLE));
	CHECK(!p11_get_bool(&m, s, pair.priv, CKA_EXTRACTABLE));
	CHECK(p11_get(&m, s, pair.priv, CKA_KEY_GEN_MECHANISM, &mechanism, sizeof(mechanism)));
	CHECK(mechanism == CKM_EC_EDWARDS_KEY_PAIR_GEN);
	CHECK_RV(m.f->C_GetAttributeValue(s, pair.priv, &read, 1), CKR_ATTRIBUTE_SENSITIVE);
	p11_stop(&m);
}

static void test_copy(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair pair;
	CK_OBJECT_HANDLE copy, h;
	CK_BYTE signature[64];
	CK_ATTRIBUTE token = ATTR(CKA_TOKEN, no), public = ATTR(CKA_PRIVATE, no),
		     label = {CKA_LABEL, (void *)"copy", 4}, extractable = ATTR(CKA_EXTRACTABLE, yes),
		     value = {CKA_VALUE, (void *)"x", 1};
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, data_class), ATTR(CKA_TOKEN, no), ATTR(CKA_COPYABLE, no)};

	REQUIRE_RV(p11_generate(&m, s, true, "orig", &pair), CKR_OK);
	/* What pkcs11-provider does with each key. */
	CHECK_RV(m.f->C_CopyObject(s, pair.priv, &token, 1, &copy), CKR_OK);
	CHECK(copy != pair.priv);
	CHECK_RV(p11_sign(&m, s, copy, NULL, "x", 1, signature), CKR_OK);
	CHECK_RV(p11_verify(&m, s, pair.pub, NULL, "x", 1, signature), CKR_OK);
	CHECK(p11_get_bool(&m, s, copy, CKA_SENSITIVE) && !p11_get_bool(&m, s, copy, CKA_TOKEN));
	CHECK_RV(m.f->C_CopyObject(s, pair.pub, &label, 1, &copy), CKR_OK);
	CHECK(p11_find(&m, s, &label, 1, NULL, 0) == 1);
	CHECK_RV(m.f->C_CopyObject(s, pair.pub, NULL, 0, &copy), CKR_OK);
	/* No copy is less protected than what it was made of. */
	CHECK_EITHER(m.f->C_CopyObject(s, pair.priv, &public, 1, &copy), CKR_TEMPLATE_INCONSISTENT,
		     CKR_ATTRIBUTE_READ_ONLY);
	CHECK_EITHER(m.f->C_CopyObject(s, pair.priv, &extractable, 1, &copy), CKR_ATTRIBUTE_READ_ONLY,
		     CKR_TEMPLATE_INCONSISTENT);
	CHECK_EITHER(m.f->C_CopyObject(s, pair.priv, &value, 1, &copy), CKR_ATTRIBUTE_READ_ONLY,
		     CKR_TEMPLATE_INCONSISTENT);
	REQUIRE_RV(m.f->C_CreateObject(s, t, 3, &h), CKR_OK);
	CHECK_RV(m.f->C_CopyObject(s, h, NULL, 0, &copy), CKR_ACTION_PROHIBITED);
	p11_stop(&m);
}

static void test_destroy(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair pair;
	CK_OBJECT_HANDLE h;
	CK_BYTE signature[64];
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, data_class), ATTR(CKA_TOKEN, no), ATTR(CKA_DESTROYABLE, no)};

	REQUIRE_RV(p11_generate(&m, s, true, "k", &pair), CKR_OK);
	CHECK_RV(m.f->C_DestroyObject(s, pair.priv), CKR_OK);
	CHECK_RV(m.f->C_DestroyObject(s, pair.priv), CKR_OBJECT_HANDLE_INVALID);
	CHECK_EITHER(p11_sign(&m, s, pair.priv, NULL, "x", 1, signature), CKR_KEY_HANDLE_INVALID,
		     CKR_OBJECT_HANDLE_INVALID);
	CHECK(p11_find(&m, s, &(CK_ATTRIBUTE){CKA_LABEL, (void *)"k", 1}, 1, NULL, 0) == 1);
	CHECK_RV(m.f->C_DestroyObject(s, 0), CKR_OBJECT_HANDLE_INVALID);
	if (m.f->C_CreateObject(s, t, 3, &h) == CKR_OK)
		CHECK_EITHER(m.f->C_DestroyObject(s, h), CKR_ACTION_PROHIBITED, CKR_OK);
	p11_stop(&m);
}

static void test_find(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE h[3];
	CK_ULONG n;
	CK_OBJECT_CLASS unknown = 0xce534353; /* a vendor's */
	CK_ATTRIBUTE label = {CKA_LABEL, (void *)"same", 4}, odd = ATTR(CKA_CLASS, unknown);
	CK_ATTRIBUTE two[] = {label, ATTR(CKA_PRIVATE, yes)};

	for (int i = 0; i < 5; i++)
		REQUIRE_RV(data_create(&m, s, i % 2 == 0, i < 2, "same", h), CKR_OK);
	CHECK(p11_find(&m, s, &label, 1, NULL, 0) == 5);
	CHECK(p11_find(&m, s, two, 2, NULL, 0) == 2);
	CHECK(p11_find(&m, s, NULL, 0, NULL, 0) >= 5);
	CHECK(p11_find(&m, s, &odd, 1, NULL, 0) == 0);
	CHECK_RV(m.f->C_FindObjects(s, h, 3, &n), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f->C_FindObjectsFinal(s), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f->C_FindObjectsInit(s, NULL, 1), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_FindObjectsInit(s, &label, 1), CKR_OK);
	CHECK_RV(m.f->C_FindObjectsInit(s, &label, 1), CKR_OPERATION_ACTIVE);
	CHECK_RV(m.f->C_FindObjects(s, h, 3, &n), CKR_OK);
	CHECK(n == 3);
	CHECK_RV(m.f->C_FindObjects(s, h, 3, &n), CKR_OK);
	CHECK(n == 2);
	CHECK_RV(m.f->C_FindObjects(s, h, 3, &n), CKR_OK);
	CHECK(n == 0);
	CHECK_RV(m.f->C_FindObjectsFinal(s), CKR_OK);
	/* An object that goes while a search runs takes nothing with it. */
	CHECK_RV(m.f->C_FindObjectsInit(s, &label, 1), CKR_OK);
	CHECK_RV(m.f->C_FindObjects(s, h, 1, &n), CKR_OK);
	CHECK_RV(m.f->C_DestroyObject(s, h[0]), CKR_OK);
	CHECK_RV(m.f->C_FindObjects(s, h, 3, &n), CKR_OK);
	CHECK(n == 3);
	CHECK_RV(m.f->C_FindObjectsFinal(s), CKR_OK);
	p11_stop(&m);
}

static void test_certificate(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_CERTIFICATE_TYPE x509 = CKC_X_509;
	CK_OBJECT_HANDLE h;
	CK_BYTE subject[] = {0x30, 0x00}, serial[] = {0x02, 0x02, 0x12, 0x34}, value[] = {0x30, 0x03, 1, 2, 3};
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, certificate_class), ATTR(CKA_CERTIFICATE_TYPE, x509),
			    ATTR(CKA_TOKEN, yes), ATTR(CKA_SUBJECT, subject), ATTR(CKA_ISSUER, subject),
			    ATTR(CKA_SERIAL_NUMBER, serial), ATTR(CKA_VALUE, value),
			    ATTR(CKA_TRUSTED, yes)};
	CK_ATTRIBUTE by[] = {ATTR(CKA_SERIAL_NUMBER, serial), ATTR(CKA_ISSUER, subject)};

	CHECK_RV(m.f->C_CreateObject(s, t, 3, &h), CKR_TEMPLATE_INCOMPLETE);
	CHECK(m.f->C_CreateObject(s, t, 8, &h) != CKR_OK); /* only the officer trusts */
	REQUIRE_RV(m.f->C_CreateObject(s, t, 7, &h), CKR_OK);
	CHECK(!p11_get_bool(&m, s, h, CKA_PRIVATE));
	CHECK(p11_find(&m, s, by, 2, NULL, 0) == 1);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	CHECK(p11_find(&m, s, by, 2, NULL, 0) == 1);
	p11_stop(&m);
}

static void test_unique_id(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair pair;
	CK_BYTE a[64], b[64];
	CK_ATTRIBUTE id = {CKA_UNIQUE_ID, a, sizeof(a)}, id2 = {CKA_UNIQUE_ID, b, sizeof(b)};
	CK_OBJECT_HANDLE found, copy;

	if (m.f3 == NULL) {
		p11_stop(&m);
		return;
	}
	REQUIRE_RV(p11_generate(&m, s, true, "u", &pair), CKR_OK);
	REQUIRE_RV(m.f->C_GetAttributeValue(s, pair.priv, &id, 1), CKR_OK);
	REQUIRE_RV(m.f->C_GetAttributeValue(s, pair.pub, &id2, 1), CKR_OK);
	CHECK(id.ulValueLen > 0 && (id.ulValueLen != id2.ulValueLen || memcmp(a, b, id.ulValueLen) != 0));
	CHECK(p11_find(&m, s, &id, 1, &found, 1) == 1 && found == pair.priv);
	CHECK_RV(m.f->C_SetAttributeValue(s, pair.priv, &id, 1), CKR_ATTRIBUTE_READ_ONLY);
	REQUIRE_RV(m.f->C_CopyObject(s, pair.priv, NULL, 0, &copy), CKR_OK);
	id2.ulValueLen = sizeof(b);
	REQUIRE_RV(m.f->C_GetAttributeValue(s, copy, &id2, 1), CKR_OK);
	CHECK(memcmp(a, b, id.ulValueLen) != 0);
	p11_stop(&m);
}

static void test_object_size(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE h;
	CK_ULONG n;

	REQUIRE_RV(data_create(&m, s, true, false, "d", &h), CKR_OK);
	CHECK_RV(m.f->C_GetObjectSize(s, h, NULL), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_GetObjectSize(s, h, &n), CKR_OK);
	CHECK(n > 0);
	CHECK_RV(m.f->C_GetObjectSize(s, h + 99991, &n), CKR_OBJECT_HANDLE_INVALID);
	p11_stop(&m);
}

static void test_large_and_empty(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	static CK_BYTE large[1 << 20], back[1 << 20];
	CK_OBJECT_HANDLE h;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, data_class), ATTR(CKA_TOKEN, yes), ATTR(CKA_PRIVATE, yes),
			    {CKA_LABEL, (void *)"", 0}, ATTR(CKA_VALUE, large)};
	CK_ATTRIBUTE read = {CKA_VALUE, back, sizeof(back)}, label = {CKA_LABEL, back, sizeof(back)};

	memset(large, 0x5a, sizeof(large));
	REQUIRE_RV(m.f->C_CreateObject(s, t, 5, &h), CKR_OK);
	CHECK_RV(m.f->C_GetAttributeValue(s, h, &read, 1), CKR_OK);
	CHECK(read.ulValueLen == sizeof(large) && memcmp(large, back, sizeof(large)) == 0);
	CHECK_RV(m.f->C_GetAttributeValue(s, h, &label, 1), CKR_OK);
	CHECK(label.ulValueLen == 0);
	CHECK_RV(m.f->C_GetAttributeValue(s, h, NULL, 0), CKR_OK);
	CHECK_RV(m.f->C_GetAttributeValue(s, h, NULL, 1), CKR_ARGUMENTS_BAD);
	p11_stop(&m);
}

static void test_trust(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_CLASS class = CKO_TRUST;
	CK_BYTE issuer[] = {0x30, 0x00}, serial[] = {0x02, 0x01, 0x05}, hash[32] = {1};
	CK_MECHANISM_TYPE sha256 = CKM_SHA256;
	CK_ULONG anchor = CKT_TRUST_ANCHOR, not_trusted = CKT_NOT_TRUSTED, wrong = 77, read = 99;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_TOKEN, yes), ATTR(CKA_PRIVATE, no), ATTR(CKA_ISSUER, issuer),
			    ATTR(CKA_SERIAL_NUMBER, serial), ATTR(CKA_TRUST_SERVER_AUTH, anchor),
			    ATTR(CKA_HASH_OF_CERTIFICATE, hash), ATTR(CKA_NAME_HASH_ALGORITHM, sha256)};
	CK_ATTRIBUTE change = ATTR(CKA_TRUST_CODE_SIGNING, not_trusted), bad = ATTR(CKA_TRUST_CODE_SIGNING, wrong);
	CK_OBJECT_HANDLE h, found;

	CHECK_RV(m.f->C_CreateObject(s, t, 4, &h), CKR_TEMPLATE_INCOMPLETE);
	CHECK_RV(m.f->C_CreateObject(s, t, 6, &h), CKR_TEMPLATE_INCOMPLETE); /* an anchor without its hash */
	REQUIRE_RV(m.f->C_CreateObject(s, t, 8, &h), CKR_OK);
	CHECK(p11_find(&m, s, t + 3, 2, &found, 1) == 1 && found == h);
	CHECK(p11_get(&m, s, h, CKA_TRUST_EMAIL_PROTECTION, &read, sizeof(read)) && read == CKT_TRUST_UNKNOWN);
	CHECK_RV(m.f->C_SetAttributeValue(s, h, &bad, 1), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(m.f->C_SetAttributeValue(s, h, &change, 1), CKR_OK);
	CHECK(p11_get(&m, s, h, CKA_TRUST_CODE_SIGNING, &read, sizeof(read)) && read == CKT_NOT_TRUSTED);
	t[5].pValue = &not_trusted;
	CHECK_RV(m.f->C_CreateObject(s, t, 6, &h), CKR_OK); /* distrust needs no hash */
	p11_stop(&m);
}

static void test_domain_parameters(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_CLASS class = CKO_DOMAIN_PARAMETERS;
	CK_KEY_TYPE dh = CKK_DH, ec = CKK_EC;
	CK_BYTE prime[] = {0x00, 0x07, 0xff}, base[] = {2};
	CK_ULONG bits = 0;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, dh), ATTR(CKA_PRIME, prime), ATTR(CKA_BASE, base)};
	CK_OBJECT_HANDLE h;

	CHECK_RV(m.f->C_CreateObject(s, t, 3, &h), CKR_TEMPLATE_INCOMPLETE);
	REQUIRE_RV(m.f->C_CreateObject(s, t, 4, &h), CKR_OK);
	CHECK(p11_get(&m, s, h, CKA_PRIME_BITS, &bits, sizeof(bits)) && bits == 11);
	CHECK(!p11_get_bool(&m, s, h, CKA_LOCAL));
	t[1].pValue = &ec;
	CHECK_RV(m.f->C_CreateObject(s, t, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	p11_stop(&m);
}

/* Public halves are seen without login: SSH and TLS programs list them first. */
static void test_public_before_login(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair pair;
	CK_BYTE point[64];
	CK_ATTRIBUTE class = ATTR(CKA_CLASS, public_class), read = {CKA_EC_POINT, point, sizeof(point)};
	CK_OBJECT_HANDLE h;

	REQUIRE_RV(p11_generate(&m, s, true, "seen", &pair), CKR_OK);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	REQUIRE(p11_find(&m, s, &class, 1, &h, 1) == 1);
	CHECK_RV(m.f->C_GetAttributeValue(s, h, &read, 1), CKR_OK);
	CHECK(read.ulValueLen == 34 && point[0] == 0x04 && point[1] == 0x20); /* DER through 2.40 and 3.0 */
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"C_CreateObject: arguments and templates", test_create_arguments},
		{"token, session, private and public: who sees them, how long", test_token_and_private},
		{"C_GetAttributeValue: each attribute on its own", test_get_rules},
		{"C_SetAttributeValue: all or nothing, read-only, found by the new value", test_set_rules},
		{"SENSITIVE and EXTRACTABLE go one way", test_one_way},
		{"generated keys: LOCAL, ALWAYS_SENSITIVE, NEVER_EXTRACTABLE", test_generated_flags},
		{"C_CopyObject: no copy is less protected", test_copy},
		{"C_DestroyObject", test_destroy},
		{"C_FindObjects: pages, templates, changes meanwhile", test_find},
		{"certificates", test_certificate},
		{"trust objects", test_trust},
		{"domain parameters", test_domain_parameters},
		{"CKA_UNIQUE_ID is the token's", test_unique_id},
		{"C_GetObjectSize", test_object_size},
		{"large and empty values", test_large_and_empty},
		{"public keys are seen before login", test_public_before_login},
		{NULL, NULL},
	};

	return unit_main("conformance: objects", tests);
}
