/* SPDX-License-Identifier: Apache-2.0 */
/* Session management (PKCS#11 3.0 section 5.6, without login) and what is private to a session. */
#include "p11.h"
#include "unit.h"

#define RO CKF_SERIAL_SESSION
#define RW (CKF_SERIAL_SESSION | CKF_RW_SESSION)

static CK_STATE state_of(const struct p11 *m, CK_SESSION_HANDLE s)
{
	CK_SESSION_INFO info;

	return m->f->C_GetSessionInfo(s, &info) == CKR_OK ? info.state : 99;
}

static void test_open(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s, s2;
	CK_SESSION_INFO info;
	CK_SLOT_ID slot;

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "t");
	REQUIRE(slot != P11_NO_SLOT);
	CHECK_RV(m.f->C_OpenSession(slot, 0, NULL, NULL, &s), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
	CHECK_RV(m.f->C_OpenSession(slot, CKF_RW_SESSION, NULL, NULL, &s),
		 CKR_SESSION_PARALLEL_NOT_SUPPORTED);
	CHECK_RV(m.f->C_OpenSession(slot, RO, NULL, NULL, NULL), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_OpenSession(0x7ffffff1, RO, NULL, NULL, &s), CKR_SLOT_ID_INVALID);
	REQUIRE_RV(m.f->C_OpenSession(slot, RO, NULL, NULL, &s), CKR_OK);
	REQUIRE_RV(m.f->C_OpenSession(slot, RW, NULL, NULL, &s2), CKR_OK);
	CHECK(s != 0 && s2 != 0 && s != s2);
	CHECK_RV(m.f->C_GetSessionInfo(s, NULL), CKR_ARGUMENTS_BAD);
	REQUIRE_RV(m.f->C_GetSessionInfo(s, &info), CKR_OK);
	CHECK(info.slotID == slot && info.state == CKS_RO_PUBLIC_SESSION && info.flags == RO);
	REQUIRE_RV(m.f->C_GetSessionInfo(s2, &info), CKR_OK);
	CHECK(info.slotID == slot && info.state == CKS_RW_PUBLIC_SESSION && info.flags == RW);
	p11_stop(&m);
}

static void test_close(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s, s2;
	CK_SLOT_ID slot;

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "t");
	s = p11_session(&m, slot, true);
	s2 = p11_session(&m, slot, false);
	REQUIRE(s != 0 && s2 != 0);
	CHECK_RV(m.f->C_CloseSession(s), CKR_OK);
	CHECK_RV(m.f->C_CloseSession(s), CKR_SESSION_HANDLE_INVALID);
	CHECK(state_of(&m, s2) == CKS_RW_USER_FUNCTIONS); /* login belongs to the application */
	CHECK_RV(m.f->C_CloseSession(s2), CKR_OK);
	s = p11_session(&m, slot, false);
	CHECK(s != s2);
	CHECK(state_of(&m, s) == CKS_RW_PUBLIC_SESSION); /* the last session took the login with it */
	CHECK_RV(m.f->C_CloseSession(0), CKR_SESSION_HANDLE_INVALID);
	p11_stop(&m);
}

static void test_close_all(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s[20], other;
	CK_SLOT_ID one, two;

	REQUIRE(p11_start(&m));
	one = p11_token(&m, "one");
	two = p11_token(&m, "two");
	REQUIRE(one != P11_NO_SLOT && two != P11_NO_SLOT);
	other = p11_session(&m, two, true);
	for (int i = 0; i < 20; i++)
		s[i] = p11_session(&m, one, i == 0);
	CHECK_RV(m.f->C_CloseAllSessions(0x7ffffff1), CKR_SLOT_ID_INVALID);
	CHECK_RV(m.f->C_CloseAllSessions(one), CKR_OK);
	for (int i = 0; i < 20; i++)
		CHECK_RV(m.f->C_CloseSession(s[i]), CKR_SESSION_HANDLE_INVALID);
	CHECK(state_of(&m, other) == CKS_RW_USER_FUNCTIONS);
	CHECK(state_of(&m, p11_session(&m, one, false)) == CKS_RW_PUBLIC_SESSION);
	p11_stop(&m);
}

static void test_many(void)
{
	struct p11 m;
	static CK_SESSION_HANDLE s[1000];
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot;

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "t");
	for (int i = 0; i < 1000; i++)
		REQUIRE_RV(m.f->C_OpenSession(slot, i % 2 == 0 ? RW : RO, NULL, NULL, &s[i]), CKR_OK);
	REQUIRE_RV(m.f->C_GetTokenInfo(slot, &info), CKR_OK);
	if (info.ulSessionCount != CK_UNAVAILABLE_INFORMATION && m.is_coffer)
		CHECK(info.ulSessionCount == 1000 && info.ulRwSessionCount == 500);
	for (int i = 999; i >= 0; i--)
		CHECK_RV(m.f->C_CloseSession(s[i]), CKR_OK);
	p11_stop(&m);
}

/* Several kinds at once in one session, one of each kind. */
static void test_operations_side_by_side(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_MECHANISM eddsa = {CKM_EDDSA, NULL, 0}, sha = {CKM_SHA256, NULL, 0};
	CK_BYTE in[4] = "abc", out[64];
	CK_ULONG n;
	CK_SESSION_HANDLE s;

	REQUIRE(p11_start(&m));
	s = p11_session(&m, p11_token(&m, "t"), true);
	REQUIRE(s != 0);
	REQUIRE_RV(p11_generate(&m, s, false, "k", &pair), CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &eddsa, pair.priv), CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &eddsa, pair.priv), CKR_OPERATION_ACTIVE);
	if (m.is_coffer)
		CHECK_RV(m.f->C_DigestInit(s, &sha), CKR_OK);
	if (m.is_coffer)
		CHECK_RV(m.f->C_VerifyInit(s, &eddsa, pair.pub), CKR_OK);
	n = sizeof(out);
	CHECK_RV(m.f->C_Sign(s, in, 3, out, &n), CKR_OK);
	if (m.is_coffer) {
		CHECK_RV(m.f->C_Verify(s, in, 3, out, n), CKR_OK);
		n = sizeof(out);
		CHECK_RV(m.f->C_Digest(s, in, 3, out, &n), CKR_OK);
		CHECK(n == 32);
	}
	n = sizeof(out);
	CHECK_RV(m.f->C_Sign(s, in, 3, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	p11_stop(&m);
}

static void test_cancel(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_MECHANISM eddsa = {CKM_EDDSA, NULL, 0}, sha = {CKM_SHA256, NULL, 0};
	CK_BYTE in[4] = "abc", out[64];
	CK_ULONG n = sizeof(out);
	CK_SESSION_HANDLE s;

	REQUIRE(p11_start(&m));
	REQUIRE(m.f3 != NULL);
	s = p11_session(&m, p11_token(&m, "t"), true);
	REQUIRE(s != 0);
	REQUIRE_RV(p11_generate(&m, s, false, "k", &pair), CKR_OK);
	/* By a NULL mechanism. */
	CHECK_RV(m.f3->C_SignInit(s, &eddsa, pair.priv), CKR_OK);
	CHECK_RV(m.f3->C_SignInit(s, NULL, 0), CKR_OK);
	CHECK_RV(m.f3->C_Sign(s, in, 3, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f3->C_DigestInit(s, &sha), CKR_OK);
	CHECK_RV(m.f3->C_DigestInit(s, NULL), CKR_OK);
	CHECK_RV(m.f3->C_DigestUpdate(s, in, 3), CKR_OPERATION_NOT_INITIALIZED);
	/* By C_SessionCancel, only what it names. */
	CHECK_RV(m.f3->C_SignInit(s, &eddsa, pair.priv), CKR_OK);
	CHECK_RV(m.f3->C_DigestInit(s, &sha), CKR_OK);
	CHECK_RV(m.f3->C_FindObjectsInit(s, NULL, 0), CKR_OK);
	CHECK_RV(m.f3->C_SessionCancel(s, CKF_SIGN | CKF_FIND_OBJECTS), CKR_OK);
	CHECK_RV(m.f3->C_Sign(s, in, 3, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f3->C_FindObjectsFinal(s), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f3->C_DigestUpdate(s, in, 3), CKR_OK);
	CHECK_RV(m.f3->C_SessionCancel(s, CKF_DIGEST), CKR_OK);
	CHECK_RV(m.f3->C_DigestUpdate(s, in, 3), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f3->C_SessionCancel(s, CKF_SIGN), CKR_OK); /* nothing runs: nothing to do */
	p11_stop(&m);
}

/* Session objects are seen by the application's other sessions, and die with their own. */
static void test_session_objects(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s, s2;
	CK_SLOT_ID slot;
	CK_BYTE signature[64];
	CK_ATTRIBUTE t = {CKA_LABEL, (void *)"k", 1};

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "t");
	s = p11_session(&m, slot, true);
	s2 = p11_session(&m, slot, false);
	REQUIRE(s != 0 && s2 != 0);
	REQUIRE_RV(p11_generate(&m, s, false, "k", &pair), CKR_OK);
	CHECK(p11_find(&m, s2, &t, 1, NULL, 0) == 2);
	CHECK_RV(p11_sign(&m, s2, pair.priv, NULL, "x", 1, signature), CKR_OK);
	CHECK_RV(m.f->C_CloseSession(s), CKR_OK);
	CHECK(p11_find(&m, s2, &t, 1, NULL, 0) == 0);
	CHECK_EITHER(p11_sign(&m, s2, pair.priv, NULL, "x", 1, signature), CKR_KEY_HANDLE_INVALID,
		     CKR_OBJECT_HANDLE_INVALID);
	p11_stop(&m);
}

static void test_read_only(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE ro, rw;
	CK_SLOT_ID slot;

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "t");
	REQUIRE_RV(m.f->C_OpenSession(slot, RO, NULL, NULL, &ro), CKR_OK);
	REQUIRE_RV(p11_login(&m, ro, CKU_USER, P11_USER_PIN), CKR_OK);
	CHECK(state_of(&m, ro) == CKS_RO_USER_FUNCTIONS);
	CHECK_RV(p11_generate(&m, ro, true, "k", &pair), CKR_SESSION_READ_ONLY);
	CHECK_RV(p11_generate(&m, ro, false, "k", &pair), CKR_OK); /* session objects may be made */
	rw = p11_session(&m, slot, false);
	CHECK(state_of(&m, rw) == CKS_RW_USER_FUNCTIONS);
	CHECK_RV(p11_generate(&m, rw, true, "t", &pair), CKR_OK);
	CHECK_RV(m.f->C_DestroyObject(ro, pair.priv), CKR_SESSION_READ_ONLY);
	CHECK_RV(m.f->C_SetAttributeValue(ro, pair.pub, &(CK_ATTRIBUTE){CKA_LABEL, (void *)"n", 1}, 1),
		 CKR_SESSION_READ_ONLY);
	CHECK_RV(m.f->C_DestroyObject(rw, pair.priv), CKR_OK);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"C_OpenSession: flags, slots, states", test_open},
		{"C_CloseSession: the last one logs out", test_close},
		{"C_CloseAllSessions: of that token, no other", test_close_all},
		{"a thousand sessions, counted", test_many},
		{"one operation of each kind, side by side", test_operations_side_by_side},
		{"operations are cancelled by a NULL mechanism and by C_SessionCancel", test_cancel},
		{"session objects: shared by the sessions, gone with their own", test_session_objects},
		{"a read-only session changes no token object", test_read_only},
		{NULL, NULL},
	};

	return unit_main("conformance: sessions", tests);
}
