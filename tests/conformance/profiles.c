/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profiles that the token's built-in CKO_PROFILE objects claim (PKCS #11 Profiles 3.2): for each the calls of its mandatory
 * test case, in their order, with the values that its rules for variable items allow.
 */
#include <string.h>

#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/* What all four begin with: C_Initialize, C_GetInfo, C_GetSlotList; the first slot is the test's token. */
static CK_SLOT_ID begin(struct p11 *m)
{
	CK_SLOT_ID list[16];
	CK_ULONG n = 0;
	CK_INFO info;

	REQUIRE_RV(m->f32->C_Initialize(NULL), CKR_OK);
	CHECK_RV(m->f32->C_GetInfo(&info), CKR_OK);
	CHECK(info.cryptokiVersion.major == 3 && info.cryptokiVersion.minor == 2 && info.flags == 0);
	REQUIRE_RV(m->f32->C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK);
	REQUIRE(n > 0 && n <= 16);
	REQUIRE_RV(m->f32->C_GetSlotList(CK_TRUE, list, &n), CKR_OK);
	return list[0];
}

static void end(struct p11 *m, CK_SLOT_ID slot, CK_SESSION_HANDLE s)
{
	CHECK_RV(m->f32->C_CloseSession(s), CKR_OK);
	CHECK_RV(m->f32->C_CloseAllSessions(slot), CKR_OK);
	CHECK_RV(m->f32->C_Finalize(NULL), CKR_OK);
	p11_stop(m);
}

static void slot_and_token(struct p11 *m, CK_SLOT_ID slot)
{
	CK_SLOT_INFO slot_info;
	CK_TOKEN_INFO token;
	CK_FLAGS wanted = CKF_RNG | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED | CKF_TOKEN_INITIALIZED;

	CHECK_RV(m->f32->C_GetSlotInfo(slot, &slot_info), CKR_OK);
	CHECK((slot_info.flags & CKF_TOKEN_PRESENT) != 0);
	CHECK_RV(m->f32->C_GetTokenInfo(slot, &token), CKR_OK);
	CHECK((token.flags & wanted) == wanted);
	CHECK(token.ulSessionCount == 0 && token.ulRwSessionCount == 0);
}

static CK_OBJECT_HANDLE find_one(struct p11 *m, CK_SESSION_HANDLE s, CK_ATTRIBUTE *t, CK_ULONG n)
{
	CK_OBJECT_HANDLE h = 0;
	CK_ULONG found = 0;

	CHECK_RV(m->f32->C_FindObjectsInit(s, t, n), CKR_OK);
	CHECK_RV(m->f32->C_FindObjects(s, &h, 1, &found), CKR_OK);
	CHECK(found == 1);
	CHECK_RV(m->f32->C_FindObjectsFinal(s), CKR_OK);
	return h;
}

/* The token of the test, which is there before it begins. */
static CK_SESSION_HANDLE prepare(struct p11 *m)
{
	CK_SESSION_HANDLE s;

	REQUIRE(p11_start(m));
	REQUIRE(m->f32 != NULL);
	s = p11_session(m, p11_token(m, "token1"), true);
	REQUIRE(s != 0);
	return s;
}

static void prepared(struct p11 *m)
{
	REQUIRE_RV(m->f->C_Finalize(NULL), CKR_OK);
}

static void test_claims(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = prepare(&m);
	const CK_ULONG profiles[] = {CKP_BASELINE_PROVIDER, CKP_EXTENDED_PROVIDER, CKP_AUTHENTICATION_TOKEN,
				     CKP_PUBLIC_CERTIFICATES_TOKEN};
	CK_OBJECT_CLASS class = CKO_PROFILE;
	CK_ULONG id;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_PROFILE_ID, id)};
	CK_OBJECT_HANDLE h;

	CHECK_RV(m.f->C_Logout(s), CKR_OK); /* seen without login */
	CHECK(p11_find(&m, s, t, 1, NULL, 0) == 4);
	for (size_t i = 0; i < 4; i++) {
		id = profiles[i];
		CHECK(p11_find(&m, s, t, 2, &h, 1) == 1);
		CHECK_RV(m.f->C_DestroyObject(s, h), CKR_ACTION_PROHIBITED);
	}
	p11_stop(&m);
}

/* BL-M-1-32 */
static void test_baseline(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;
	CK_ATTRIBUTE t = ATTR(CKA_TOKEN, yes);

	(void)prepare(&m);
	prepared(&m);
	slot = begin(&m);
	slot_and_token(&m, slot);
	REQUIRE_RV(m.f32->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_OK);
	(void)find_one(&m, s, &t, 1);
	end(&m, slot, s);
}

static void check_mechanism(struct p11 *m, CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_FLAGS flags)
{
	CK_MECHANISM_INFO info;

	REQUIRE_RV(m->f32->C_GetMechanismInfo(slot, type, &info), CKR_OK);
	CHECK((info.flags & flags) == flags);
}

/* EXT-M-1-32 */
static void test_extended(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;
	CK_MECHANISM_TYPE list[512];
	CK_ULONG n = 0;
	CK_UTF8CHAR pin[] = P11_USER_PIN;
	CK_ATTRIBUTE t = ATTR(CKA_TOKEN, yes);

	(void)prepare(&m);
	prepared(&m);
	slot = begin(&m);
	slot_and_token(&m, slot);
	REQUIRE_RV(m.f32->C_GetMechanismList(slot, NULL, &n), CKR_OK);
	REQUIRE(n >= 3 && n <= 512);
	REQUIRE_RV(m.f32->C_GetMechanismList(slot, list, &n), CKR_OK);
	check_mechanism(&m, slot, CKM_SHA512, CKF_DIGEST);
	check_mechanism(&m, slot, CKM_RSA_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR);
	check_mechanism(&m, slot, CKM_RSA_PKCS, CKF_ENCRYPT | CKF_DECRYPT | CKF_SIGN | CKF_VERIFY | CKF_WRAP | CKF_UNWRAP);
	REQUIRE_RV(m.f32->C_OpenSession(slot, CKF_RW_SESSION | CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_OK);
	CHECK_RV(m.f32->C_Login(s, CKU_USER, pin, sizeof(pin) - 1), CKR_OK);
	(void)find_one(&m, s, &t, 1);
	CHECK_RV(m.f32->C_Logout(s), CKR_OK);
	end(&m, slot, s);
}

static void make_rsa_pair(struct p11 *m, CK_SESSION_HANDLE s)
{
	CK_MECHANISM generate = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_ULONG bits = 2048;
	CK_BYTE e[] = {1, 0, 1};
	CK_ATTRIBUTE pub[] = {ATTR(CKA_TOKEN, yes), {CKA_LABEL, (void *)"testrsa-pub", 11}, ATTR(CKA_MODULUS_BITS, bits),
			      ATTR(CKA_PUBLIC_EXPONENT, e)};
	CK_ATTRIBUTE priv[] = {ATTR(CKA_TOKEN, yes), ATTR(CKA_PRIVATE, yes), {CKA_LABEL, (void *)"testrsa-pri", 11}};
	struct p11_pair pair;

	REQUIRE_RV(m->f->C_GenerateKeyPair(s, &generate, pub, 4, priv, 3, &pair.pub, &pair.priv), CKR_OK);
}

/* AUTH-M-1-32; the key is another one, so that its signature is verified instead of compared. */
static void test_authentication(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;
	CK_OBJECT_CLASS public_class = CKO_PUBLIC_KEY, private_class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE pub[] = {ATTR(CKA_TOKEN, yes), {CKA_LABEL, (void *)"testrsa-pub", 11}, ATTR(CKA_CLASS, public_class)};
	CK_ATTRIBUTE priv[] = {ATTR(CKA_TOKEN, yes), {CKA_LABEL, (void *)"testrsa-pri", 11}, ATTR(CKA_CLASS, private_class)};
	CK_BYTE modulus[1024], exponent[1024], signature[256], data[387] = {0x30, 0x82};
	CK_ATTRIBUTE parts[] = {ATTR(CKA_MODULUS, modulus), ATTR(CKA_PUBLIC_EXPONENT, exponent)};
	CK_MECHANISM rsa = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_ULONG n = sizeof(signature);
	CK_UTF8CHAR pin[] = P11_USER_PIN;
	CK_OBJECT_HANDLE public_key, private_key;

	make_rsa_pair(&m, prepare(&m));
	prepared(&m);
	slot = begin(&m);
	REQUIRE_RV(m.f32->C_OpenSession(slot, CKF_RW_SESSION | CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_OK);
	REQUIRE_RV(m.f32->C_Login(s, CKU_USER, pin, sizeof(pin) - 1), CKR_OK);
	public_key = find_one(&m, s, pub, 3);
	CHECK_RV(m.f32->C_GetAttributeValue(s, public_key, parts, 2), CKR_OK);
	CHECK(parts[0].ulValueLen == 256 && parts[1].ulValueLen == 3 && memcmp(exponent, "\1\0\1", 3) == 0);
	private_key = find_one(&m, s, priv, 3);
	REQUIRE_RV(m.f32->C_SignInit(s, &rsa, private_key), CKR_OK);
	CHECK_RV(m.f32->C_Sign(s, data, sizeof(data), signature, &n), CKR_OK);
	CHECK(n == 256);
	REQUIRE_RV(m.f32->C_VerifyInit(s, &rsa, public_key), CKR_OK);
	CHECK_RV(m.f32->C_Verify(s, data, sizeof(data), signature, n), CKR_OK);
	CHECK_RV(m.f32->C_Logout(s), CKR_OK);
	end(&m, slot, s);
}

#define CERTIFICATE_SIZE 889

static void make_certificates(struct p11 *m, CK_SESSION_HANDLE s)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE x509 = CKC_X_509;
	CK_BYTE subject[] = {0x30, 0x00}, value[CERTIFICATE_SIZE] = {0x30, 0x82, 0x03, 0x75};
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_CERTIFICATE_TYPE, x509), ATTR(CKA_TOKEN, yes), ATTR(CKA_PRIVATE, no),
			    ATTR(CKA_SUBJECT, subject), ATTR(CKA_VALUE, value), {CKA_LABEL, (void *)"A certificate of a CA", 21}};
	CK_OBJECT_HANDLE h;

	for (int i = 0; i < 5; i++)
		REQUIRE_RV(m->f->C_CreateObject(s, t, 7, &h), CKR_OK);
}

/* The length, then the value. */
static void read_both_ways(struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, CK_ULONG length)
{
	CK_BYTE buffer[CERTIFICATE_SIZE];
	CK_ATTRIBUTE a = {type, NULL, 0};

	CHECK_RV(m->f32->C_GetAttributeValue(s, h, &a, 1), CKR_OK);
	CHECK(a.ulValueLen == length);
	a.pValue = buffer;
	CHECK_RV(m->f32->C_GetAttributeValue(s, h, &a, 1), CKR_OK);
	CHECK(a.ulValueLen == length);
}

/* CERT-M-1-32: without a login. */
static void test_certificates(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE t[] = {ATTR(CKA_TOKEN, yes), ATTR(CKA_CLASS, class)};
	CK_OBJECT_HANDLE h[5];
	CK_ULONG n = 0;

	make_certificates(&m, prepare(&m));
	prepared(&m);
	slot = begin(&m);
	REQUIRE_RV(m.f32->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_OK);
	REQUIRE_RV(m.f32->C_FindObjectsInit(s, t, 2), CKR_OK);
	CHECK_RV(m.f32->C_FindObjects(s, h, 5, &n), CKR_OK);
	REQUIRE(n == 5);
	/* While the search is still open, as the test case has it. */
	read_both_ways(&m, s, h[0], CKA_LABEL, 21);
	read_both_ways(&m, s, h[1], CKA_VALUE, CERTIFICATE_SIZE);
	CHECK_RV(m.f32->C_FindObjectsFinal(s), CKR_OK);
	end(&m, slot, s);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"four profiles are claimed, by objects that nobody can remove", test_claims},
		{"Baseline Provider", test_baseline},
		{"Extended Provider", test_extended},
		{"Authentication Token", test_authentication},
		{"Public Certificates Token", test_certificates},
		{NULL, NULL},
	};

	return unit_main("conformance: profiles", tests);
}
