/* SPDX-License-Identifier: Apache-2.0 */
/* Login and PINs (PKCS#11 3.0 sections 5.5 and 5.6): who may do what, and what a wrong PIN costs. */
#include <string.h>

#include "p11.h"
#include "unit.h"

#define RO CKF_SERIAL_SESSION

static CK_STATE state_of(const struct p11 *m, CK_SESSION_HANDLE s)
{
	CK_SESSION_INFO info;

	return m->f->C_GetSessionInfo(s, &info) == CKR_OK ? info.state : 99;
}

static CK_FLAGS token_flags(const struct p11 *m, CK_SLOT_ID slot)
{
	CK_TOKEN_INFO info;

	return m->f->C_GetTokenInfo(slot, &info) == CKR_OK ? info.flags : 0;
}

static CK_RV set_pin(const struct p11 *m, CK_SESSION_HANDLE s, const char *old, const char *new)
{
	return m->f->C_SetPIN(s, (CK_BYTE *)old, strlen(old), (CK_BYTE *)new, strlen(new));
}

static CK_RV init_pin(const struct p11 *m, CK_SESSION_HANDLE s, const char *pin)
{
	return m->f->C_InitPIN(s, (CK_BYTE *)pin, strlen(pin));
}

static void test_states(void)
{
	struct p11 m;
	CK_SESSION_HANDLE rw, ro;
	CK_SLOT_ID slot;

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "t");
	rw = p11_session(&m, slot, false);
	REQUIRE_RV(m.f->C_OpenSession(slot, RO, NULL, NULL, &ro), CKR_OK);
	CHECK_RV(m.f->C_Logout(rw), CKR_USER_NOT_LOGGED_IN);
	CHECK_RV(p11_login(&m, rw, 77, P11_USER_PIN), CKR_USER_TYPE_INVALID);
	CHECK_RV(p11_login(&m, rw, CKU_SO, P11_SO_PIN), CKR_SESSION_READ_ONLY_EXISTS);
	CHECK_RV(p11_login(&m, rw, CKU_USER, P11_USER_PIN), CKR_OK);
	CHECK(state_of(&m, rw) == CKS_RW_USER_FUNCTIONS);
	CHECK(state_of(&m, ro) == CKS_RO_USER_FUNCTIONS);
	CHECK_RV(p11_login(&m, ro, CKU_USER, P11_USER_PIN), CKR_USER_ALREADY_LOGGED_IN);
	CHECK_EITHER(p11_login(&m, rw, CKU_SO, P11_SO_PIN), CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
		     CKR_SESSION_READ_ONLY_EXISTS);
	CHECK_RV(m.f->C_Logout(ro), CKR_OK);
	CHECK(state_of(&m, rw) == CKS_RW_PUBLIC_SESSION);
	CHECK_RV(m.f->C_CloseSession(ro), CKR_OK);
	CHECK_RV(p11_login(&m, rw, CKU_SO, P11_SO_PIN), CKR_OK);
	CHECK(state_of(&m, rw) == CKS_RW_SO_FUNCTIONS);
	CHECK_RV(m.f->C_OpenSession(slot, RO, NULL, NULL, &ro), CKR_SESSION_READ_WRITE_SO_EXISTS);
	CHECK_RV(p11_login(&m, rw, CKU_USER, P11_USER_PIN), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	CHECK_RV(m.f->C_Logout(rw), CKR_OK);
	p11_stop(&m);
}

static void test_wrong_pin(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "t");
	s = p11_session(&m, slot, false);
	CHECK_RV(p11_login(&m, s, CKU_USER, "not the PIN"), CKR_PIN_INCORRECT);
	CHECK(state_of(&m, s) == CKS_RW_PUBLIC_SESSION);
	CHECK((token_flags(&m, slot) & CKF_USER_PIN_COUNT_LOW) != 0);
	CHECK_RV(p11_login(&m, s, CKU_SO, "not the PIN"), CKR_PIN_INCORRECT);
	CHECK((token_flags(&m, slot) & CKF_SO_PIN_COUNT_LOW) != 0);
	CHECK(p11_login(&m, s, CKU_USER, "") != CKR_OK);
	CHECK_RV(p11_login(&m, s, CKU_USER, P11_SO_PIN), CKR_PIN_INCORRECT);
	CHECK_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_OK);
	CHECK((token_flags(&m, slot) & CKF_USER_PIN_COUNT_LOW) == 0);
	CHECK_RV(m.f->C_Login(s, CKU_USER, NULL, 4), CKR_ARGUMENTS_BAD);
	p11_stop(&m);
}

/* A setting of coffer: CKR_PIN_LOCKED after that many, for good, until the officer sets a new PIN. */
static void test_locked_pin(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;

	REQUIRE(p11_load(&m, "pin-failures-limit = 3\n"));
	REQUIRE_RV(m.f->C_Initialize(NULL), CKR_OK);
	if (!m.is_coffer) {
		p11_stop(&m);
		return;
	}
	slot = p11_token(&m, "t");
	s = p11_session(&m, slot, false);
	CHECK_RV(p11_login(&m, s, CKU_USER, "wrong one"), CKR_PIN_INCORRECT);
	CHECK_RV(p11_login(&m, s, CKU_USER, "wrong two"), CKR_PIN_INCORRECT);
	CHECK((token_flags(&m, slot) & CKF_USER_PIN_FINAL_TRY) != 0);
	CHECK_EITHER(p11_login(&m, s, CKU_USER, "wrong three"), CKR_PIN_INCORRECT, CKR_PIN_LOCKED);
	CHECK((token_flags(&m, slot) & CKF_USER_PIN_LOCKED) != 0);
	CHECK_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_PIN_LOCKED);
	CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	CHECK_RV(m.f->C_Initialize(NULL), CKR_OK); /* the count is kept in the wallet */
	s = p11_session(&m, slot, false);
	CHECK_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_PIN_LOCKED);
	CHECK_RV(p11_login(&m, s, CKU_SO, P11_SO_PIN), CKR_OK);
	CHECK_RV(init_pin(&m, s, "a new one"), CKR_OK);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	CHECK_RV(p11_login(&m, s, CKU_USER, "a new one"), CKR_OK);
	CHECK((token_flags(&m, slot) & CKF_USER_PIN_LOCKED) == 0);
	p11_stop(&m);
}

static void test_init_pin(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;
	CK_BYTE signature[64];

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "t");
	s = p11_session(&m, slot, false);
	CHECK_RV(init_pin(&m, s, "new-pin"), CKR_USER_NOT_LOGGED_IN);
	CHECK_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_OK);
	CHECK_RV(init_pin(&m, s, "new-pin"), CKR_USER_NOT_LOGGED_IN);
	REQUIRE_RV(p11_generate(&m, s, true, "kept", &pair), CKR_OK);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	CHECK_RV(p11_login(&m, s, CKU_SO, P11_SO_PIN), CKR_OK);
	CHECK_RV(init_pin(&m, s, ""), CKR_PIN_LEN_RANGE);
	CHECK_RV(m.f->C_InitPIN(s, NULL, 4), CKR_ARGUMENTS_BAD);
	CHECK_RV(init_pin(&m, s, "new-pin"), CKR_OK);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	CHECK_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_PIN_INCORRECT);
	CHECK_RV(p11_login(&m, s, CKU_USER, "new-pin"), CKR_OK);
	/* A forgotten PIN costs no key. */
	REQUIRE(p11_find(&m, s,
			 (CK_ATTRIBUTE[]){{CKA_LABEL, (void *)"kept", 4},
					  {CKA_CLASS, &(CK_OBJECT_CLASS){CKO_PRIVATE_KEY},
					   sizeof(CK_OBJECT_CLASS)}},
			 2, &pair.priv, 1) == 1);
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "x", 1, signature), CKR_OK);
	p11_stop(&m);
}

static void test_set_pin(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s, ro;
	CK_SLOT_ID slot;

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "t");
	s = p11_session(&m, slot, false);
	REQUIRE_RV(m.f->C_OpenSession(slot, RO, NULL, NULL, &ro), CKR_OK);
	CHECK_RV(set_pin(&m, ro, P11_USER_PIN, "changed-1"), CKR_SESSION_READ_ONLY);
	CHECK_RV(m.f->C_CloseSession(ro), CKR_OK);
	CHECK_RV(set_pin(&m, s, "wrong-old", "changed-1"), CKR_PIN_INCORRECT);
	CHECK_RV(set_pin(&m, s, P11_USER_PIN, "x"), CKR_PIN_LEN_RANGE);
	CHECK_RV(m.f->C_SetPIN(s, NULL, 4, NULL, 4), CKR_ARGUMENTS_BAD);
	CHECK_RV(set_pin(&m, s, P11_USER_PIN, "changed-1"), CKR_OK); /* not logged in: the user's */
	CHECK_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_PIN_INCORRECT);
	CHECK_RV(p11_login(&m, s, CKU_USER, "changed-1"), CKR_OK);
	CHECK_RV(set_pin(&m, s, "changed-1", "changed-2"), CKR_OK);
	CHECK(state_of(&m, s) == CKS_RW_USER_FUNCTIONS);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	CHECK_RV(p11_login(&m, s, CKU_SO, P11_SO_PIN), CKR_OK);
	CHECK_RV(set_pin(&m, s, P11_SO_PIN, "officer-2"), CKR_OK);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	CHECK_RV(p11_login(&m, s, CKU_SO, P11_SO_PIN), CKR_PIN_INCORRECT);
	CHECK_RV(p11_login(&m, s, CKU_SO, "officer-2"), CKR_OK);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	CHECK_RV(p11_login(&m, s, CKU_USER, "changed-2"), CKR_OK);
	p11_stop(&m);
}

/* Private objects: unseen and unusable without the user, whatever was found before. */
static void test_logout_takes_private_objects(void)
{
	struct p11 m;
	struct p11_pair token, session;
	CK_MECHANISM eddsa = {CKM_EDDSA, NULL, 0};
	CK_BYTE signature[64];
	CK_ULONG n = 64;
	CK_SESSION_HANDLE s;
	CK_ATTRIBUTE t = {CKA_LABEL, (void *)"pp", 2};
	CK_RV rv;

	REQUIRE(p11_start(&m));
	s = p11_session(&m, p11_token(&m, "t"), true);
	REQUIRE(s != 0);
	REQUIRE_RV(p11_generate(&m, s, true, "pp", &token), CKR_OK);
	REQUIRE_RV(p11_generate(&m, s, false, "pp", &session), CKR_OK);
	CHECK(p11_find(&m, s, &t, 1, NULL, 0) == 4);
	CHECK_RV(m.f->C_SignInit(s, &eddsa, token.priv), CKR_OK);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	/* The operation that was begun does not outlive the login. */
	rv = m.f->C_Sign(s, (CK_BYTE *)"x", 1, signature, &n);
	CHECK_EITHER(rv, CKR_OPERATION_NOT_INITIALIZED, CKR_USER_NOT_LOGGED_IN);
	CHECK(p11_find(&m, s, &t, 1, NULL, 0) == 2); /* the public ones */
	CHECK(p11_sign(&m, s, token.priv, NULL, "x", 1, signature) != CKR_OK);
	CHECK(p11_generate(&m, s, false, "no", &session) == CKR_USER_NOT_LOGGED_IN);
	CHECK_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_OK);
	CHECK(p11_find(&m, s, &t, 1, NULL, 0) == 3); /* the private session object is gone for good */
	p11_stop(&m);
}

static void test_officer_sees_no_private_object(void)
{
	struct p11 m;
	struct p11_pair pair, other;
	CK_SESSION_HANDLE s;
	CK_BYTE signature[64];
	CK_ATTRIBUTE t = {CKA_LABEL, (void *)"pp", 2};

	REQUIRE(p11_start(&m));
	s = p11_session(&m, p11_token(&m, "t"), true);
	REQUIRE_RV(p11_generate(&m, s, true, "pp", &pair), CKR_OK);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	CHECK_RV(p11_login(&m, s, CKU_SO, P11_SO_PIN), CKR_OK);
	CHECK(p11_find(&m, s, &t, 1, NULL, 0) == 1);
	CHECK(p11_sign(&m, s, pair.priv, NULL, "x", 1, signature) != CKR_OK);
	CHECK(p11_generate(&m, s, true, "so", &other) == CKR_USER_NOT_LOGGED_IN);
	p11_stop(&m);
}

/* CKA_ALWAYS_AUTHENTICATE: every signature asks again. */
static void test_context_specific(void)
{
	struct p11 m;
	CK_MECHANISM gen = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0}, eddsa = {CKM_EDDSA, NULL, 0};
	CK_BYTE oid[] = {0x06, 0x03, 0x2b, 0x65, 0x70}, signature[64];
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE pub[] = {ATTR(CKA_EC_PARAMS, oid)};
	CK_ATTRIBUTE priv[] = {ATTR(CKA_PRIVATE, yes), ATTR(CKA_SIGN, yes), ATTR(CKA_ALWAYS_AUTHENTICATE, yes)};
	CK_OBJECT_HANDLE pk, sk;
	CK_SESSION_HANDLE s;
	CK_ULONG n = 64;

	REQUIRE(p11_start(&m));
	s = p11_session(&m, p11_token(&m, "t"), true);
	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &gen, pub, 1, priv, 3, &pk, &sk), CKR_OK);
	CHECK_RV(p11_login(&m, s, CKU_CONTEXT_SPECIFIC, P11_USER_PIN), CKR_OPERATION_NOT_INITIALIZED);
	for (int i = 0; i < 2; i++) {
		CHECK_RV(m.f->C_SignInit(s, &eddsa, sk), CKR_OK);
		CHECK_RV(m.f->C_Sign(s, (CK_BYTE *)"x", 1, signature, &n), CKR_USER_NOT_LOGGED_IN);
		if (m.f->C_SignInit(s, &eddsa, sk) != CKR_OK) /* where the refusal left it active */
			CHECK(m.f3 != NULL);
		CHECK_RV(p11_login(&m, s, CKU_CONTEXT_SPECIFIC, "not the PIN"), CKR_PIN_INCORRECT);
		CHECK_RV(p11_login(&m, s, CKU_CONTEXT_SPECIFIC, P11_USER_PIN), CKR_OK);
		n = 64;
		CHECK_RV(m.f->C_Sign(s, (CK_BYTE *)"x", 1, signature, &n), CKR_OK);
		CHECK_RV(p11_verify(&m, s, pk, NULL, "x", 1, signature), CKR_OK);
	}
	p11_stop(&m);
}

static void test_login_user(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s;
	CK_UTF8CHAR pin[] = P11_USER_PIN, name[] = "alice";

	REQUIRE(p11_start(&m));
	REQUIRE(m.f3 != NULL);
	s = p11_session(&m, p11_token(&m, "t"), false);
	/* There are no user names here: honoured or refused, never ignored. */
	CHECK(m.f3->C_LoginUser(s, CKU_USER, pin, sizeof(pin) - 1, name, 5) != CKR_OK);
	CHECK(state_of(&m, s) == CKS_RW_PUBLIC_SESSION);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"C_Login and C_Logout: states of every session", test_states},
		{"a wrong PIN is refused and counted", test_wrong_pin},
		{"a limit of failures locks the PIN until the officer sets another", test_locked_pin},
		{"C_InitPIN: the officer's alone, and no key is lost", test_init_pin},
		{"C_SetPIN: user, officer, lengths, read-only", test_set_pin},
		{"C_Logout takes private objects and operations with it", test_logout_takes_private_objects},
		{"the officer sees no private object", test_officer_sees_no_private_object},
		{"CKA_ALWAYS_AUTHENTICATE asks for each signature", test_context_specific},
		{"C_LoginUser does not ignore a name", test_login_user},
		{NULL, NULL},
	};

	return unit_main("conformance: login", tests);
}
