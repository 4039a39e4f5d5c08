/* SPDX-License-Identifier: Apache-2.0 */
/*
 * General-purpose functions (PKCS#11 3.0 section 5.4, C_Initialize to C_GetInterface) and the rules
 * that hold for every function: nothing works before C_Initialize, and no list has a hole.
 */
#include <string.h>

#include "p11.h"
#include "unit.h"

static void test_library_info(void)
{
	struct p11 m;
	CK_INFO info;

	REQUIRE(p11_start(&m));
	CHECK_RV(m.f->C_GetInfo(NULL), CKR_ARGUMENTS_BAD);
	REQUIRE_RV(m.f->C_GetInfo(&info), CKR_OK);
	CHECK(info.cryptokiVersion.major == 2 || info.cryptokiVersion.major == 3);
	CHECK(info.flags == 0);
	CHECK(memchr(info.manufacturerID, 0, sizeof(info.manufacturerID)) == NULL);
	CHECK(memchr(info.libraryDescription, 0, sizeof(info.libraryDescription)) == NULL);
	p11_stop(&m);
}

static void test_initialize_twice(void)
{
	struct p11 m;

	REQUIRE(p11_load(&m, NULL));
	CHECK_RV(m.f->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
	CHECK_RV(m.f->C_Initialize(NULL), CKR_OK);
	CHECK_RV(m.f->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
	CHECK_RV(m.f->C_Finalize(&m), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	CHECK_RV(m.f->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
	for (int i = 0; i < 20; i++) {
		CHECK_RV(m.f->C_Initialize(NULL), CKR_OK);
		CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	}
	p11_stop(&m);
}

static CK_RV mutex_create(CK_VOID_PTR_PTR mutex)
{
	static int one;

	*mutex = &one;
	return CKR_OK;
}

static CK_RV mutex_nothing(CK_VOID_PTR mutex)
{
	(void)mutex;
	return CKR_OK;
}

static void test_initialize_arguments(void)
{
	struct p11 m;
	CK_C_INITIALIZE_ARGS a = {.pReserved = &m};

	REQUIRE(p11_load(&m, NULL));
	CHECK_RV(m.f->C_Initialize(&a), CKR_ARGUMENTS_BAD);
	a = (CK_C_INITIALIZE_ARGS){.CreateMutex = mutex_create, .DestroyMutex = mutex_nothing,
				   .LockMutex = mutex_nothing};
	CHECK_RV(m.f->C_Initialize(&a), CKR_ARGUMENTS_BAD); /* three of four */
	a = (CK_C_INITIALIZE_ARGS){.UnlockMutex = mutex_nothing, .flags = CKF_OS_LOCKING_OK};
	CHECK_RV(m.f->C_Initialize(&a), CKR_ARGUMENTS_BAD); /* one of four */
	CHECK_RV(m.f->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
	p11_stop(&m);
}

static void test_every_locking_mode(void)
{
	CK_C_INITIALIZE_ARGS modes[] = {
		{.flags = 0},
		{.flags = CKF_OS_LOCKING_OK},
		{.flags = CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS},
		{.flags = CKF_LIBRARY_CANT_CREATE_OS_THREADS},
		{mutex_create, mutex_nothing, mutex_nothing, mutex_nothing, 0, NULL},
		{mutex_create, mutex_nothing, mutex_nothing, mutex_nothing, CKF_OS_LOCKING_OK, NULL},
	};
	struct p11 m;
	struct p11_pair pair;
	CK_BYTE signature[64];
	CK_SESSION_HANDLE s;
	CK_RV rv;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		REQUIRE(p11_load(&m, NULL));
		rv = m.f->C_Initialize(&modes[i]);
		/* Only callbacks: the specification lets a library refuse, saying so. */
		if (rv == CKR_CANT_LOCK && modes[i].CreateMutex != NULL && modes[i].flags == 0) {
			p11_stop(&m);
			continue;
		}
		CHECK_RV(rv, CKR_OK);
		s = p11_session(&m, p11_token(&m, "locking"), true);
		REQUIRE(s != 0);
		REQUIRE_RV(p11_generate(&m, s, false, "k", &pair), CKR_OK);
		CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "x", 1, signature), CKR_OK);
		CHECK_RV(p11_verify(&m, s, pair.pub, NULL, "x", 1, signature), CKR_OK);
		p11_stop(&m);
	}
}

static void test_lists_are_whole(void)
{
	struct p11 m;
	const char *entry;
	size_t i;
	void *p;

	REQUIRE(p11_load(&m, NULL));
	CHECK(m.f->version.major == 2 && m.f->version.minor == 40);
	entry = (const char *)m.f;
	for (i = offsetof(CK_FUNCTION_LIST, C_Initialize); i < sizeof(CK_FUNCTION_LIST); i += sizeof(p)) {
		memcpy(&p, entry + i, sizeof(p));
		CHECK(p != NULL);
	}
	REQUIRE(m.f3 != NULL);
	CHECK(m.f3->version.major == 3 && m.f3->version.minor == 0);
	entry = (const char *)m.f3;
	for (i = offsetof(CK_FUNCTION_LIST_3_0, C_Initialize); i < sizeof(CK_FUNCTION_LIST_3_0);
	     i += sizeof(p)) {
		memcpy(&p, entry + i, sizeof(p));
		CHECK(p != NULL);
	}
	p11_stop(&m);
}

static void test_function_list(void)
{
	struct p11 m;
	CK_FUNCTION_LIST *list;

	REQUIRE(p11_load(&m, NULL));
	CHECK_RV(m.f->C_GetFunctionList(NULL), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_GetFunctionList(&list), CKR_OK); /* before C_Initialize */
	CHECK(list == m.f);
	p11_stop(&m);
}

static void test_interface_list(void)
{
	struct p11 m;
	CK_INTERFACE list[16];
	CK_ULONG n = 0, want;
	bool has_240 = false, has_30 = false;

	REQUIRE(p11_load(&m, NULL));
	REQUIRE(m.get_interface_list != NULL);
	CHECK_RV(m.get_interface_list(NULL, NULL), CKR_ARGUMENTS_BAD);
	REQUIRE_RV(m.get_interface_list(NULL, &want), CKR_OK);
	REQUIRE(want >= 2 && want <= 16);
	n = want - 1;
	CHECK_RV(m.get_interface_list(list, &n), CKR_BUFFER_TOO_SMALL);
	CHECK(n == want);
	REQUIRE_RV(m.get_interface_list(list, &n), CKR_OK);
	CHECK(n == want);
	for (CK_ULONG i = 0; i < n; i++) {
		const CK_VERSION *v = list[i].pFunctionList;

		CHECK((list[i].flags & ~CKF_INTERFACE_FORK_SAFE) == 0);
		if (strcmp((char *)list[i].pInterfaceName, "PKCS 11") != 0)
			continue;
		has_240 = has_240 || (v->major == 2 && v->minor == 40);
		has_30 = has_30 || (v->major == 3 && v->minor == 0);
	}
	CHECK(has_240 && has_30);
	p11_stop(&m);
}

static void test_interface(void)
{
	struct p11 m;
	CK_UTF8CHAR name[] = "PKCS 11", other[] = "PKCS 12", close[] = "pkcs 11";
	CK_VERSION v240 = {2, 40}, v30 = {3, 0}, v99 = {9, 9};
	CK_INTERFACE *i = NULL;

	REQUIRE(p11_load(&m, NULL));
	REQUIRE(m.get_interface != NULL);
	CHECK_RV(m.get_interface(name, &v30, NULL, 0), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.get_interface(NULL, NULL, &i, 0), CKR_OK); /* the default */
	CHECK(strcmp((char *)i->pInterfaceName, "PKCS 11") == 0);
	CHECK_RV(m.get_interface(name, NULL, &i, 0), CKR_OK);
	CHECK_RV(m.get_interface(name, &v240, &i, 0), CKR_OK);
	CHECK(((CK_VERSION *)i->pFunctionList)->major == 2);
	CHECK_RV(m.get_interface(name, &v30, &i, 0), CKR_OK);
	CHECK(((CK_VERSION *)i->pFunctionList)->major == 3);
	CHECK(m.get_interface(name, &v99, &i, 0) != CKR_OK);
	CHECK(m.get_interface(other, NULL, &i, 0) != CKR_OK);
	CHECK(m.get_interface(close, NULL, &i, 0) != CKR_OK);
	CHECK(m.get_interface(name, NULL, &i, 0x80000000UL) != CKR_OK); /* a flag nobody knows */
	p11_stop(&m);
}

#define CALL(name, ...) CHECK_EITHER(f->name(__VA_ARGS__), want, other)

/* Every function with a session, slot or object that nothing has; in parts, to fit a screen. */
static void call_management(const CK_FUNCTION_LIST *f, CK_RV want, CK_RV other)
{
	CK_INFO info;
	CK_SLOT_INFO slot;
	CK_TOKEN_INFO token;
	CK_MECHANISM_INFO mechanism;
	CK_SESSION_INFO session;
	CK_UTF8CHAR text[32] = "x";
	CK_SESSION_HANDLE s;
	CK_ULONG n = 0;

	CALL(C_GetInfo, &info);
	CALL(C_GetSlotList, CK_FALSE, NULL, &n);
	CALL(C_GetSlotInfo, 1, &slot);
	CALL(C_GetTokenInfo, 1, &token);
	CALL(C_GetMechanismList, 1, NULL, &n);
	CALL(C_GetMechanismInfo, 1, CKM_EDDSA, &mechanism);
	CALL(C_InitToken, 1, text, 4, text);
	CALL(C_InitPIN, 1, text, 4);
	CALL(C_SetPIN, 1, text, 4, text, 4);
	CALL(C_OpenSession, 1, CKF_SERIAL_SESSION, NULL, NULL, &s);
	CALL(C_CloseSession, 1);
	CALL(C_CloseAllSessions, 1);
	CALL(C_GetSessionInfo, 1, &session);
	CALL(C_GetOperationState, 1, text, &n);
	CALL(C_SetOperationState, 1, text, 4, 0, 0);
	CALL(C_Login, 1, CKU_USER, text, 4);
	CALL(C_Logout, 1);
	CALL(C_WaitForSlotEvent, CKF_DONT_BLOCK, &s, NULL);
}

static void call_objects(const CK_FUNCTION_LIST *f, CK_RV want, CK_RV other)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_ATTRIBUTE a = ATTR(CKA_CLASS, class);
	CK_OBJECT_HANDLE h, h2;
	CK_ULONG n;

	CALL(C_CreateObject, 1, &a, 1, &h);
	CALL(C_CopyObject, 1, 1, &a, 1, &h);
	CALL(C_DestroyObject, 1, 1);
	CALL(C_GetObjectSize, 1, 1, &n);
	CALL(C_GetAttributeValue, 1, 1, &a, 1);
	CALL(C_SetAttributeValue, 1, 1, &a, 1);
	CALL(C_FindObjectsInit, 1, &a, 1);
	CALL(C_FindObjects, 1, &h, 1, &n);
	CALL(C_FindObjectsFinal, 1);
	CALL(C_GenerateKey, 1, &(CK_MECHANISM){CKM_AES_KEY_GEN, NULL, 0}, &a, 1, &h);
	CALL(C_GenerateKeyPair, 1, &(CK_MECHANISM){CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0}, &a, 1, &a, 1, &h,
	     &h2);
	CALL(C_WrapKey, 1, &(CK_MECHANISM){CKM_AES_ECB, NULL, 0}, 1, 1, NULL, &n);
	CALL(C_UnwrapKey, 1, &(CK_MECHANISM){CKM_AES_ECB, NULL, 0}, 1, (CK_BYTE *)"x", 1, &a, 1, &h);
	CALL(C_DeriveKey, 1, &(CK_MECHANISM){CKM_SHA256_KEY_DERIVATION, NULL, 0}, 1, &a, 1, &h);
}

static void call_operations(const CK_FUNCTION_LIST *f, CK_RV want, CK_RV other)
{
	CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
	CK_BYTE in[64] = {0}, out[64];
	CK_ULONG n = sizeof(out);

	CALL(C_EncryptInit, 1, &mechanism, 1);
	CALL(C_Encrypt, 1, in, 16, out, &n);
	CALL(C_EncryptUpdate, 1, in, 16, out, &n);
	CALL(C_EncryptFinal, 1, out, &n);
	CALL(C_DecryptInit, 1, &mechanism, 1);
	CALL(C_Decrypt, 1, in, 16, out, &n);
	CALL(C_DecryptUpdate, 1, in, 16, out, &n);
	CALL(C_DecryptFinal, 1, out, &n);
	CALL(C_DigestInit, 1, &mechanism);
	CALL(C_Digest, 1, in, 16, out, &n);
	CALL(C_DigestUpdate, 1, in, 16);
	CALL(C_DigestKey, 1, 1);
	CALL(C_DigestFinal, 1, out, &n);
	CALL(C_SignInit, 1, &mechanism, 1);
	CALL(C_Sign, 1, in, 16, out, &n);
	CALL(C_SignUpdate, 1, in, 16);
	CALL(C_SignFinal, 1, out, &n);
	CALL(C_SignRecoverInit, 1, &mechanism, 1);
	CALL(C_SignRecover, 1, in, 16, out, &n);
	CALL(C_VerifyInit, 1, &mechanism, 1);
	CALL(C_Verify, 1, in, 16, out, 64);
	CALL(C_VerifyUpdate, 1, in, 16);
	CALL(C_VerifyFinal, 1, out, 64);
	CALL(C_VerifyRecoverInit, 1, &mechanism, 1);
	CALL(C_VerifyRecover, 1, in, 16, out, &n);
	CALL(C_DigestEncryptUpdate, 1, in, 16, out, &n);
	CALL(C_DecryptDigestUpdate, 1, in, 16, out, &n);
	CALL(C_SignEncryptUpdate, 1, in, 16, out, &n);
	CALL(C_DecryptVerifyUpdate, 1, in, 16, out, &n);
	CALL(C_SeedRandom, 1, in, 16);
	CALL(C_GenerateRandom, 1, out, 16);
}

static void call_messages(const CK_FUNCTION_LIST_3_0 *f, CK_RV want, CK_RV other)
{
	CK_MECHANISM mechanism = {CKM_AES_GCM, NULL, 0};
	CK_BYTE in[64] = {0}, out[64];
	CK_ULONG n = sizeof(out);

	CALL(C_LoginUser, 1, CKU_USER, in, 4, in, 4);
	CALL(C_SessionCancel, 1, 0);
	CALL(C_MessageEncryptInit, 1, &mechanism, 1);
	CALL(C_EncryptMessage, 1, in, 16, in, 16, in, 16, out, &n);
	CALL(C_EncryptMessageBegin, 1, in, 16, in, 16);
	CALL(C_EncryptMessageNext, 1, in, 16, in, 16, out, &n, 0);
	CALL(C_MessageEncryptFinal, 1);
	CALL(C_MessageDecryptInit, 1, &mechanism, 1);
	CALL(C_DecryptMessage, 1, in, 16, in, 16, in, 16, out, &n);
	CALL(C_DecryptMessageBegin, 1, in, 16, in, 16);
	CALL(C_DecryptMessageNext, 1, in, 16, in, 16, out, &n, 0);
	CALL(C_MessageDecryptFinal, 1);
	CALL(C_MessageSignInit, 1, &mechanism, 1);
	CALL(C_SignMessage, 1, in, 16, in, 16, out, &n);
	CALL(C_SignMessageBegin, 1, in, 16);
	CALL(C_SignMessageNext, 1, in, 16, in, 16, out, &n);
	CALL(C_MessageSignFinal, 1);
	CALL(C_MessageVerifyInit, 1, &mechanism, 1);
	CALL(C_VerifyMessage, 1, in, 16, in, 16, out, 64);
	CALL(C_VerifyMessageBegin, 1, in, 16);
	CALL(C_VerifyMessageNext, 1, in, 16, in, 16, out, 64);
	CALL(C_MessageVerifyFinal, 1);
}

static void test_nothing_before_initialize(void)
{
	struct p11 m;
	CK_RV want = CKR_CRYPTOKI_NOT_INITIALIZED;

	REQUIRE(p11_load(&m, NULL));
	for (int round = 0; round < 2; round++) { /* never, and not any more */
		call_management(m.f, want, want);
		call_objects(m.f, want, want);
		call_operations(m.f, want, want);
		CHECK_EITHER(m.f->C_GetFunctionStatus(1), want, CKR_FUNCTION_NOT_PARALLEL);
		CHECK_EITHER(m.f->C_CancelFunction(1), want, CKR_FUNCTION_NOT_PARALLEL);
		if (m.f3 != NULL)
			call_messages(m.f3, want, want);
		CHECK_RV(m.f->C_Initialize(NULL), CKR_OK);
		CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	}
	p11_stop(&m);
}

static void test_unknown_session(void)
{
	struct p11 m;
	CK_RV want = CKR_SESSION_HANDLE_INVALID, other = CKR_FUNCTION_NOT_SUPPORTED;

	REQUIRE(p11_start(&m));
	call_objects(m.f, want, other);
	call_operations(m.f, want, other);
	if (m.f3 != NULL)
		call_messages(m.f3, want, other);
	p11_stop(&m);
}

/* What has no mechanism says so, whoever asks. */
static void test_unsupported(void)
{
	struct p11 m;
	CK_MECHANISM mechanism = {CKM_SKIPJACK_CBC64, NULL, 0};
	CK_SESSION_HANDLE s;
	CK_BYTE in[16] = {0}, out[64];
	CK_ULONG n = sizeof(out);

	REQUIRE(p11_start(&m));
	s = p11_session(&m, p11_token(&m, "t"), false);
	REQUIRE(s != 0);
	CHECK_EITHER(m.f->C_SignRecoverInit(s, &mechanism, 1), CKR_FUNCTION_NOT_SUPPORTED,
		     CKR_MECHANISM_INVALID);
	CHECK_EITHER(m.f->C_DigestEncryptUpdate(s, in, 16, out, &n), CKR_FUNCTION_NOT_SUPPORTED,
		     CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f->C_GetFunctionStatus(s), CKR_FUNCTION_NOT_PARALLEL);
	CHECK_RV(m.f->C_CancelFunction(s), CKR_FUNCTION_NOT_PARALLEL);
	REQUIRE(m.f3 != NULL);
	CHECK_EITHER(m.f3->C_MessageEncryptInit(s, &mechanism, 1), CKR_FUNCTION_NOT_SUPPORTED,
		     CKR_MECHANISM_INVALID);
	CHECK_EITHER(m.f3->C_MessageSignInit(s, &mechanism, 1), CKR_FUNCTION_NOT_SUPPORTED,
		     CKR_MECHANISM_INVALID);
	CHECK_EITHER(m.f3->C_EncryptMessageBegin(s, in, 16, in, 16), CKR_FUNCTION_NOT_SUPPORTED,
		     CKR_OPERATION_NOT_INITIALIZED);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"C_GetInfo: padded, honest, checked", test_library_info},
		{"C_Initialize and C_Finalize: in turn, again and again", test_initialize_twice},
		{"C_Initialize: pReserved and incomplete mutex functions are refused", test_initialize_arguments},
		{"C_Initialize: the token works under every locking mode", test_every_locking_mode},
		{"function lists have no hole and an honest version", test_lists_are_whole},
		{"C_GetFunctionList works before C_Initialize", test_function_list},
		{"C_GetInterfaceList: 2.40 and 3.0, length rules", test_interface_list},
		{"C_GetInterface: by name, version, flags, default", test_interface},
		{"every function: CKR_CRYPTOKI_NOT_INITIALIZED outside", test_nothing_before_initialize},
		{"every session function: CKR_SESSION_HANDLE_INVALID", test_unknown_session},
		{"what is not supported says so", test_unsupported},
		{NULL, NULL},
	};

	return unit_main("conformance: general", tests);
}
