/* SPDX-License-Identifier: Apache-2.0 */
/* What PKCS#11 3.2 adds: its interface, verification with the signature first, asynchronous sessions, validation flags. */
#include <stddef.h>
#include <string.h>

#include "p11.h"
#include "unit.h"

static CK_MECHANISM eddsa = {CKM_EDDSA, NULL, 0};

static CK_SESSION_HANDLE start(struct p11 *m, struct p11_pair *pair)
{
	CK_SESSION_HANDLE s;

	REQUIRE(p11_start(m));
	REQUIRE(m->f32 != NULL);
	s = p11_session(m, p11_token(m, "3.2"), true);
	REQUIRE(s != 0);
	REQUIRE_RV(p11_generate(m, s, false, "key", pair), CKR_OK);
	return s;
}

static void test_list(void)
{
	struct p11 m;
	CK_INFO info;

	REQUIRE(p11_start(&m));
	REQUIRE(m.f32 != NULL);
	CHECK(m.f32->version.major == 3 && m.f32->version.minor == 2);
	for (size_t i = offsetof(CK_FUNCTION_LIST_3_2, C_Initialize); i < sizeof(*m.f32); i += sizeof(void *)) {
		void *p;

		memcpy(&p, (const char *)m.f32 + i, sizeof(p));
		CHECK(p != NULL);
	}
	CHECK_RV(m.f32->C_GetInfo(&info), CKR_OK);
	CHECK(info.cryptokiVersion.major == 3 && info.cryptokiVersion.minor == 2);
	p11_stop(&m);
}

/* Raw since 3.1 ("Public key bytes in little endian order"), DER before. */
static void test_point(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s = start(&m, &pair);
	CK_BYTE raw[64], der[64];
	CK_ATTRIBUTE a = ATTR(CKA_EC_POINT, raw), b = ATTR(CKA_EC_POINT, der);

	CHECK_RV(m.f32->C_GetAttributeValue(s, pair.pub, &a, 1), CKR_OK);
	CHECK_RV(m.f->C_GetAttributeValue(s, pair.pub, &b, 1), CKR_OK);
	CHECK(a.ulValueLen == 32);
	CHECK(b.ulValueLen == 34 && der[0] == 0x04 && der[1] == 32 && memcmp(der + 2, raw, 32) == 0);
	p11_stop(&m);
}

static void test_signature_first(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s = start(&m, &pair);
	CK_BYTE signature[64], data[] = "some data";
	const CK_FUNCTION_LIST_3_2 *f = m.f32;

	REQUIRE_RV(p11_sign(&m, s, pair.priv, NULL, data, 9, signature), CKR_OK);
	CHECK_RV(f->C_VerifySignature(s, data, 9), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(f->C_VerifySignatureInit(s, &eddsa, pair.pub, NULL, 64), CKR_ARGUMENTS_BAD);
	REQUIRE_RV(f->C_VerifySignatureInit(s, &eddsa, pair.pub, signature, 64), CKR_OK);
	memset(signature, 0, 64); /* the operation has its own */
	CHECK_RV(f->C_VerifySignatureInit(s, &eddsa, pair.pub, signature, 64), CKR_OPERATION_ACTIVE);
	CHECK_RV(m.f->C_VerifyInit(s, &eddsa, pair.pub), CKR_OPERATION_ACTIVE);
	CHECK_RV(f->C_VerifySignature(s, data, 9), CKR_OK);
	CHECK_RV(f->C_VerifySignature(s, data, 9), CKR_OPERATION_NOT_INITIALIZED);

	REQUIRE_RV(f->C_VerifySignatureInit(s, &eddsa, pair.pub, signature, 64), CKR_OK);
	CHECK_RV(f->C_VerifySignature(s, data, 9), CKR_SIGNATURE_INVALID);
	REQUIRE_RV(f->C_VerifySignatureInit(s, &eddsa, pair.pub, signature, 63), CKR_OK);
	CHECK_RV(f->C_VerifySignature(s, data, 9), CKR_SIGNATURE_LEN_RANGE);
	p11_stop(&m);
}

static void test_signature_first_in_parts(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s = start(&m, &pair);
	CK_BYTE signature[64], data[] = "some data";
	const CK_FUNCTION_LIST_3_2 *f = m.f32;

	REQUIRE_RV(p11_sign(&m, s, pair.priv, NULL, data, 9, signature), CKR_OK);
	REQUIRE_RV(f->C_VerifySignatureInit(s, &eddsa, pair.pub, signature, 64), CKR_OK);
	CHECK_RV(f->C_VerifySignatureUpdate(s, data, 4), CKR_OK);
	CHECK_RV(f->C_VerifySignatureUpdate(s, data + 4, 5), CKR_OK);
	CHECK_RV(f->C_VerifySignatureFinal(s), CKR_OK);
	CHECK_RV(f->C_VerifySignatureFinal(s), CKR_OPERATION_NOT_INITIALIZED);
	/* A NULL mechanism ends it, and so does C_SessionCancel. */
	REQUIRE_RV(f->C_VerifySignatureInit(s, &eddsa, pair.pub, signature, 64), CKR_OK);
	CHECK_RV(f->C_VerifySignatureInit(s, NULL, 0, NULL, 0), CKR_OK);
	CHECK_RV(f->C_VerifySignatureUpdate(s, data, 4), CKR_OPERATION_NOT_INITIALIZED);
	REQUIRE_RV(f->C_VerifySignatureInit(s, &eddsa, pair.pub, signature, 64), CKR_OK);
	CHECK_RV(f->C_SessionCancel(s, CKF_VERIFY), CKR_OK);
	CHECK_RV(f->C_VerifySignatureFinal(s), CKR_OPERATION_NOT_INITIALIZED);
	p11_stop(&m);
}

/* What one family of functions began the other does not go on with, and leaves as it is. */
static void test_two_kinds_of_verification(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s = start(&m, &pair);
	CK_BYTE signature[64], data[] = "some data";
	const CK_FUNCTION_LIST_3_2 *f = m.f32;

	REQUIRE_RV(p11_sign(&m, s, pair.priv, NULL, data, 9, signature), CKR_OK);
	REQUIRE_RV(f->C_VerifySignatureInit(s, &eddsa, pair.pub, signature, 64), CKR_OK);
	CHECK_RV(f->C_Verify(s, data, 9, signature, 64), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(f->C_VerifyUpdate(s, data, 9), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(f->C_VerifyFinal(s, signature, 64), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(f->C_VerifySignature(s, data, 9), CKR_OK);
	REQUIRE_RV(f->C_VerifyInit(s, &eddsa, pair.pub), CKR_OK);
	CHECK_RV(f->C_VerifySignature(s, data, 9), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(f->C_VerifySignatureUpdate(s, data, 9), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(f->C_VerifySignatureFinal(s), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(f->C_Verify(s, data, 9, signature, 64), CKR_OK);
	p11_stop(&m);
}

/* Every function has its result when it returns: nothing is pending. */
static void test_async(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s = start(&m, &pair), async;
	CK_SESSION_INFO info;
	CK_TOKEN_INFO token;
	CK_BYTE signature[64];
	CK_ULONG id;
	CK_ASYNC_DATA result = {.ulVersion = 0};
	CK_UTF8CHAR name[] = "C_Sign";
	const CK_FUNCTION_LIST_3_2 *f = m.f32;

	REQUIRE_RV(m.f->C_GetSessionInfo(s, &info), CKR_OK);
	CHECK((info.flags & CKF_ASYNC_SESSION) == 0);
	CHECK_RV(f->C_GetTokenInfo(info.slotID, &token), CKR_OK);
	CHECK((token.flags & CKF_ASYNC_SESSION_SUPPORTED) != 0);
	REQUIRE_RV(f->C_OpenSession(info.slotID, CKF_SERIAL_SESSION | CKF_ASYNC_SESSION, NULL, NULL, &async), CKR_OK);
	CHECK_RV(f->C_GetSessionInfo(async, &info), CKR_OK);
	CHECK((info.flags & CKF_ASYNC_SESSION) != 0);
	CHECK_RV(f->C_SignInit(async, &eddsa, pair.priv), CKR_OK);
	id = sizeof(signature);
	CHECK_RV(f->C_Sign(async, (CK_BYTE *)"x", 1, signature, &id), CKR_OK);
	CHECK_RV(f->C_AsyncComplete(async, name, &result), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(f->C_AsyncComplete(async, NULL, &result), CKR_ARGUMENTS_BAD);
	CHECK_RV(f->C_AsyncGetID(async, (CK_UTF8CHAR_PTR)"", &id), CKR_ARGUMENTS_BAD);
	CHECK_RV(f->C_AsyncGetID(async, name, &id), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(f->C_AsyncJoin(async, name, 1, signature, 64), CKR_SAVED_STATE_INVALID);
	p11_stop(&m);
}

static void test_validation_flags(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s = start(&m, &pair);
	CK_FLAGS flags = 99;

	CHECK_RV(m.f32->C_GetSessionValidationFlags(s, CKS_LAST_VALIDATION_OK, &flags), CKR_OK);
	CHECK(flags == 0); /* no authority has validated anything */
	CHECK_RV(m.f32->C_GetSessionValidationFlags(s, CKS_LAST_VALIDATION_OK, NULL), CKR_ARGUMENTS_BAD);
	flags = 99;
	CHECK_RV(m.f32->C_GetSessionValidationFlags(s, 77, &flags), CKR_OK); /* the specification has no code for it */
	CHECK(flags == 0);
	CHECK_RV(m.f32->C_GetSessionValidationFlags(99999, CKS_LAST_VALIDATION_OK, &flags), CKR_SESSION_HANDLE_INVALID);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"the interface lists all of 3.2 and says so", test_list},
		{"an Edwards point is raw through 3.2 and DER through 2.40", test_point},
		{"the signature comes first, the data after", test_signature_first},
		{"the same in parts; cancelled", test_signature_first_in_parts},
		{"the two ways to verify do not mix", test_two_kinds_of_verification},
		{"an asynchronous session has every result at once", test_async},
		{"validation flags", test_validation_flags},
		{NULL, NULL},
	};

	return unit_main("conformance: 3.2", tests);
}
