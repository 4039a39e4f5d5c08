/* SPDX-License-Identifier: Apache-2.0 */
/* C_LoginUser (PKCS#11 3.0 §5.6.9): named users, who are made through the "Vendor Coffer" interface. */
#include <string.h>

#include "coffer/coffer.h"
#include "p11.h"
#include "unit.h"

#define TEXT(s) (CK_UTF8CHAR_PTR)(s), sizeof(s) - 1

static const COFFER_FUNCTIONS *vendor(const struct p11 *m)
{
	CK_INTERFACE *i = NULL;

	REQUIRE_RV(m->get_interface((CK_UTF8CHAR_PTR)COFFER_INTERFACE_NAME, NULL, &i, 0), CKR_OK);
	return i->pFunctionList;
}

/* A wallet with the users ann and bob, and one private key; logged out. */
static CK_SESSION_HANDLE start(struct p11 *m, struct p11_pair *pair)
{
	CK_SESSION_HANDLE s;

	REQUIRE(p11_start(m));
	s = p11_session(m, p11_token(m, "users"), true);
	REQUIRE(s != 0);
	REQUIRE_RV(p11_generate(m, s, true, "key", pair), CKR_OK);
	REQUIRE_RV(vendor(m)->AddUser(s, TEXT("ann"), TEXT("ann-1234")), CKR_OK);
	REQUIRE_RV(vendor(m)->AddUser(s, TEXT("bob"), TEXT("bob-1234")), CKR_OK);
	REQUIRE_RV(m->f->C_Logout(s), CKR_OK);
	return s;
}

static void test_login(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s = start(&m, &pair);
	CK_SESSION_INFO info;
	CK_BYTE signature[64];

	CHECK_RV(m.f3->C_LoginUser(s, CKU_USER, TEXT("bob-1234"), TEXT("ann")), CKR_PIN_INCORRECT);
	CHECK_RV(m.f3->C_LoginUser(s, CKU_USER, TEXT("ann-1234"), TEXT("eve")), CKR_USER_PIN_NOT_INITIALIZED);
	CHECK_RV(m.f3->C_LoginUser(s, CKU_SO, TEXT("ann-1234"), TEXT("ann")), CKR_USER_TYPE_INVALID);
	CHECK_RV(m.f3->C_LoginUser(s, CKU_USER, TEXT("ann-1234"), NULL, 3), CKR_ARGUMENTS_BAD);
	REQUIRE_RV(m.f3->C_LoginUser(s, CKU_USER, TEXT("ann-1234"), TEXT("ann")), CKR_OK);
	CHECK_RV(m.f->C_GetSessionInfo(s, &info), CKR_OK);
	CHECK(info.state == CKS_RW_USER_FUNCTIONS);
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "x", 1, signature), CKR_OK);
	CHECK_RV(m.f3->C_LoginUser(s, CKU_USER, TEXT("ann-1234"), TEXT("ann")), CKR_USER_ALREADY_LOGGED_IN);
	CHECK_RV(m.f3->C_LoginUser(s, CKU_USER, TEXT("bob-1234"), TEXT("bob")), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	CHECK_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	/* Without a name, or with an empty one, it is the user of C_Login. */
	CHECK_RV(m.f3->C_LoginUser(s, CKU_USER, TEXT(P11_USER_PIN), NULL, 0), CKR_OK);
	p11_stop(&m);
}

static void test_set_pin(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s = start(&m, &pair);

	REQUIRE_RV(m.f3->C_LoginUser(s, CKU_USER, TEXT("ann-1234"), TEXT("ann")), CKR_OK);
	CHECK_RV(m.f->C_SetPIN(s, TEXT(P11_USER_PIN), TEXT("new-1234")), CKR_PIN_INCORRECT);
	CHECK_RV(m.f->C_SetPIN(s, TEXT("ann-1234"), TEXT("new-1234")), CKR_OK);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	CHECK_RV(m.f3->C_LoginUser(s, CKU_USER, TEXT("ann-1234"), TEXT("ann")), CKR_PIN_INCORRECT);
	CHECK_RV(m.f3->C_LoginUser(s, CKU_USER, TEXT("new-1234"), TEXT("ann")), CKR_OK);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	/* Logged out it is the PIN of the user without a name. */
	CHECK_RV(m.f->C_SetPIN(s, TEXT(P11_USER_PIN), TEXT("user-5678")), CKR_OK);
	CHECK_RV(p11_login(&m, s, CKU_USER, "user-5678"), CKR_OK);
	p11_stop(&m);
}

/* A key that wants its own PIN each time wants that of who is logged in. */
static void test_context(void)
{
	static CK_BBOOL yes = CK_TRUE;
	static CK_BYTE oid[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
	CK_MECHANISM generate = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0}, eddsa = {CKM_EDDSA, NULL, 0};
	CK_ATTRIBUTE pub[] = {ATTR(CKA_EC_PARAMS, oid)};
	CK_ATTRIBUTE priv[] = {ATTR(CKA_ALWAYS_AUTHENTICATE, yes), ATTR(CKA_PRIVATE, yes), ATTR(CKA_SIGN, yes)};
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s = start(&m, &pair);
	CK_BYTE signature[64];
	CK_ULONG n = sizeof(signature);

	REQUIRE_RV(m.f3->C_LoginUser(s, CKU_USER, TEXT("ann-1234"), TEXT("ann")), CKR_OK);
	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &generate, pub, 1, priv, 3, &pair.pub, &pair.priv), CKR_OK);
	REQUIRE_RV(m.f->C_SignInit(s, &eddsa, pair.priv), CKR_OK);
	CHECK_RV(m.f3->C_LoginUser(s, CKU_CONTEXT_SPECIFIC, TEXT("bob-1234"), TEXT("bob")), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	CHECK_RV(m.f->C_Login(s, CKU_CONTEXT_SPECIFIC, TEXT(P11_USER_PIN)), CKR_PIN_INCORRECT);
	CHECK_RV(m.f3->C_LoginUser(s, CKU_CONTEXT_SPECIFIC, TEXT("ann-1234"), TEXT("ann")), CKR_OK);
	CHECK_RV(m.f->C_Sign(s, (CK_BYTE *)"x", 1, signature, &n), CKR_OK);
	p11_stop(&m);
}

static void note(const char *name, CK_ULONG failures, void *context)
{
	CK_ULONG *seen = context;

	*seen += strcmp(name, "ann") == 0 ? 1 + 100 * failures : strcmp(name, "bob") == 0 ? 10 : 1000;
}

static void test_management(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s = start(&m, &pair);
	CK_SLOT_ID slot = p11_find_slot(&m, "users");
	const COFFER_FUNCTIONS *v = vendor(&m);
	CK_ULONG seen = 0;

	CHECK_RV(v->AddUser(s, TEXT("cy"), TEXT("cy-1234")), CKR_USER_NOT_LOGGED_IN);
	CHECK_RV(v->RemoveUser(s, TEXT("ann")), CKR_USER_NOT_LOGGED_IN);
	CHECK_RV(m.f3->C_LoginUser(s, CKU_USER, TEXT("wrong"), TEXT("ann")), CKR_PIN_INCORRECT);
	CHECK_RV(v->Users(slot, note, &seen), CKR_OK);
	CHECK(seen == 111);
	/* The SO too may add and remove; he has the wallet's key. */
	REQUIRE_RV(p11_login(&m, s, CKU_SO, P11_SO_PIN), CKR_OK);
	CHECK_RV(v->AddUser(s, TEXT("ann"), TEXT("ann-5678")), CKR_FUNCTION_REJECTED);
	CHECK_RV(v->AddUser(s, TEXT("cy"), TEXT("cy")), CKR_PIN_LEN_RANGE);
	CHECK_RV(v->AddUser(s, TEXT(""), TEXT("cy-1234")), CKR_ARGUMENTS_BAD);
	CHECK_RV(v->RemoveUser(s, TEXT("cy")), CKR_FUNCTION_FAILED);
	CHECK_RV(v->RemoveUser(s, TEXT("ann")), CKR_OK);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	CHECK_RV(m.f3->C_LoginUser(s, CKU_USER, TEXT("ann-1234"), TEXT("ann")), CKR_USER_PIN_NOT_INITIALIZED);
	CHECK_RV(m.f3->C_LoginUser(s, CKU_USER, TEXT("bob-1234"), TEXT("bob")), CKR_OK);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"each user logs in with a PIN of his own", test_login},
		{"C_SetPIN changes the PIN of who is logged in", test_set_pin},
		{"CKU_CONTEXT_SPECIFIC is who is logged in", test_context},
		{"users are added, listed and removed", test_management},
		{NULL, NULL},
	};

	return unit_main("conformance: named users", tests);
}
