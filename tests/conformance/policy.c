/* SPDX-License-Identifier: Apache-2.0 */
/* What may be used at all: disabled-mechanisms of the configuration, and a wallet's own policy. */
#include <string.h>

#include "coffer/coffer.h"
#include "p11.h"
#include "unit.h"

static CK_MECHANISM eddsa = {CKM_EDDSA, NULL, 0},
		    sha256 = {CKM_SHA256, NULL, 0}, sha512 = {CKM_SHA512, NULL, 0};

static const COFFER_FUNCTIONS *vendor(const struct p11 *m)
{
	CK_INTERFACE *i = NULL;

	REQUIRE_RV(m->get_interface((CK_UTF8CHAR_PTR)COFFER_INTERFACE_NAME, NULL, &i, 0), CKR_OK);
	return i->pFunctionList;
}

static bool listed(const struct p11 *m, CK_SLOT_ID slot, CK_MECHANISM_TYPE type)
{
	CK_MECHANISM_TYPE list[512];
	CK_MECHANISM_INFO info;
	CK_ULONG n = 512;
	bool found = false;

	REQUIRE_RV(m->f->C_GetMechanismList(slot, list, &n), CKR_OK);
	for (CK_ULONG i = 0; i < n; i++)
		found = found || list[i] == type;
	CHECK(found == (m->f->C_GetMechanismInfo(slot, type, &info) == CKR_OK));
	return found;
}

static void test_disabled(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;

	REQUIRE(p11_load(&m, "disabled-mechanisms = CKM_SHA_1, 0x250\n")); /* 0x250: CKM_SHA256 */
	REQUIRE_RV(m.f->C_Initialize(NULL), CKR_OK);
	slot = p11_token(&m, "policy");
	s = p11_session(&m, slot, true);
	REQUIRE(s != 0);
	CHECK(!listed(&m, slot, CKM_SHA256) && !listed(&m, slot, CKM_SHA_1) && listed(&m, slot, CKM_SHA512));
	CHECK_RV(m.f->C_DigestInit(s, &sha256), CKR_MECHANISM_INVALID);
	CHECK_RV(m.f->C_DigestInit(s, &sha512), CKR_OK);
	p11_stop(&m);
}

static void test_disabled_names(void)
{
	struct p11 m;

	REQUIRE(p11_load(&m, "disabled-mechanisms = CKM_NO_SUCH_THING\n"));
	CHECK_RV(m.f->C_Initialize(NULL), CKR_FUNCTION_FAILED);
	p11_stop(&m);
}

static void test_wallet(void)
{
	struct p11 m;
	struct p11_pair pair, other;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;
	CK_BYTE signature[64];
	COFFER_POLICY policy = {.count = 1, .mechanisms = {CKM_EDDSA}}, got;
	const COFFER_FUNCTIONS *v;

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "policy");
	s = p11_session(&m, slot, true);
	REQUIRE(s != 0);
	v = vendor(&m);
	REQUIRE_RV(p11_generate(&m, s, true, "key", &pair), CKR_OK);
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "x", 1, signature), CKR_OK);
	CHECK_RV(v->GetPolicy(slot, &got), CKR_OK);
	CHECK(got.count == 0 && got.rsa_min_bits == 0);
	/* The user may not: this wallet has an SO. */
	CHECK_RV(v->SetPolicy(s, &policy), CKR_USER_NOT_LOGGED_IN);
	REQUIRE_RV(m.f->C_Logout(s), CKR_OK);
	REQUIRE_RV(p11_login(&m, s, CKU_SO, P11_SO_PIN), CKR_OK);
	REQUIRE_RV(v->SetPolicy(s, &policy), CKR_OK);
	CHECK_RV(v->GetPolicy(slot, &got), CKR_OK);
	CHECK(got.count == 1 && got.mechanisms[0] == CKM_EDDSA);
	REQUIRE_RV(m.f->C_Logout(s), CKR_OK);

	REQUIRE_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_OK);
	CHECK(listed(&m, slot, CKM_EDDSA) && !listed(&m, slot, CKM_SHA256));
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "x", 1, signature), CKR_OK);
	CHECK_RV(p11_generate(&m, s, true, "another", &other), CKR_MECHANISM_INVALID);
	CHECK_RV(m.f->C_DigestInit(s, &sha256), CKR_MECHANISM_INVALID);

	REQUIRE_RV(m.f->C_Logout(s), CKR_OK);
	REQUIRE_RV(p11_login(&m, s, CKU_SO, P11_SO_PIN), CKR_OK);
	policy.mechanisms[0] = CKM_EC_EDWARDS_KEY_PAIR_GEN;
	REQUIRE_RV(v->SetPolicy(s, &policy), CKR_OK);
	REQUIRE_RV(m.f->C_Logout(s), CKR_OK);
	REQUIRE_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &eddsa, pair.priv), CKR_MECHANISM_INVALID);
	CHECK_RV(p11_generate(&m, s, true, "another", &other), CKR_OK);
	p11_stop(&m);
}

static void test_without_so(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;
	CK_BYTE signature[64];
	COFFER_POLICY policy = {.count = 1, .mechanisms = {CKM_SHA512}};
	const COFFER_FUNCTIONS *v;
	CK_UTF8CHAR pin[] = P11_USER_PIN;

	REQUIRE(p11_start(&m));
	v = vendor(&m);
	/* Without an SO PIN the user sets it. */
	REQUIRE_RV(v->Create("own", pin, sizeof(pin) - 1, NULL, 0, &slot), CKR_OK);
	s = p11_session(&m, slot, true);
	REQUIRE(s != 0);
	REQUIRE_RV(p11_generate(&m, s, true, "key", &pair), CKR_OK);
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "x", 1, signature), CKR_OK);
	REQUIRE_RV(v->SetPolicy(s, &policy), CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &eddsa, pair.priv), CKR_MECHANISM_INVALID);
	policy.count = 0;
	REQUIRE_RV(v->SetPolicy(s, &policy), CKR_OK);
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "x", 1, signature), CKR_OK);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"a disabled mechanism is neither listed nor used", test_disabled},
		{"a name that is no mechanism is an error at C_Initialize", test_disabled_names},
		{"a wallet's policy, set by its SO", test_wallet},
		{"a wallet without an SO; a change takes effect at once", test_without_so},
		{NULL, NULL},
	};

	return unit_main("conformance: policy", tests);
}
