/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that stay ready between two uses: what lets go of them and what does not. */
#include <string.h>

#include "coffer/coffer.h"
#include "p11.h"
#include "unit.h"

#define MORE_THAN_READY (16384 + 64)

/* Sealed secrets alive: each key that is ready is one. */
static CK_ULONG secrets(const struct p11 *m)
{
	CK_INTERFACE *i = NULL;
	COFFER_PROTECTION p = {.secret_count = 0};

	if (m->get_interface((CK_UTF8CHAR_PTR)COFFER_INTERFACE_NAME, NULL, &i, 0) != CKR_OK)
		return 0;
	(void)((const COFFER_FUNCTIONS *)i->pFunctionList)->Protection(&p);
	return p.secret_count;
}

static bool start(struct p11 *m, CK_SESSION_HANDLE *s)
{
	return p11_start(m) && (*s = p11_session(m, p11_token(m, "keys"), true)) != 0;
}

static void test_other_objects(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = 0;
	struct p11_pair pair, other;
	CK_BYTE signature[64];
	CK_ULONG idle, ready;

	REQUIRE(start(&m, &s));
	REQUIRE_RV(p11_generate(&m, s, true, "used", &pair), CKR_OK);
	idle = secrets(&m);
	REQUIRE_RV(p11_sign(&m, s, pair.priv, NULL, "m", 1, signature), CKR_OK);
	ready = secrets(&m);
	CHECK(ready == idle + 1);
	/* Made, changed and destroyed: the key is none of them. */
	REQUIRE_RV(p11_generate(&m, s, true, "other", &other), CKR_OK);
	CHECK(secrets(&m) == ready);
	CHECK_RV(m.f->C_SetAttributeValue(s, other.priv, &(CK_ATTRIBUTE){CKA_LABEL, "o", 1}, 1), CKR_OK);
	CHECK(secrets(&m) == ready);
	CHECK_RV(m.f->C_DestroyObject(s, other.priv), CKR_OK);
	CHECK(secrets(&m) == ready);
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "m", 1, signature), CKR_OK);
	CHECK(secrets(&m) == ready);
	p11_stop(&m);
}

static void test_its_own_change(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = 0;
	struct p11_pair pair;
	CK_BYTE signature[64];
	CK_BBOOL no = CK_FALSE, yes = CK_TRUE;
	CK_ATTRIBUTE off = ATTR(CKA_SIGN, no), on = ATTR(CKA_SIGN, yes);

	REQUIRE(start(&m, &s));
	REQUIRE_RV(p11_generate(&m, s, true, "used", &pair), CKR_OK);
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "m", 1, signature), CKR_OK);
	REQUIRE_RV(m.f->C_SetAttributeValue(s, pair.priv, &off, 1), CKR_OK);
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "m", 1, signature), CKR_KEY_FUNCTION_NOT_PERMITTED);
	REQUIRE_RV(m.f->C_SetAttributeValue(s, pair.priv, &on, 1), CKR_OK);
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "m", 1, signature), CKR_OK);
	CHECK_RV(p11_verify(&m, s, pair.pub, NULL, "m", 1, signature), CKR_OK);
	REQUIRE_RV(m.f->C_DestroyObject(s, pair.priv), CKR_OK);
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "m", 1, signature), CKR_KEY_HANDLE_INVALID);
	p11_stop(&m);
}

/* Session keys: token keys in such numbers would take long to make. */
static void test_more_than_ready(void)
{
	static CK_OBJECT_HANDLE key[MORE_THAN_READY];
	struct p11 m;
	CK_SESSION_HANDLE s = 0;
	struct p11_pair pair;
	CK_BYTE signature[64];
	CK_ULONG made, bad = 0;

	REQUIRE(start(&m, &s));
	for (size_t i = 0; i < MORE_THAN_READY; i++) {
		bad += p11_generate(&m, s, false, "many", &pair) != CKR_OK;
		bad += m.f->C_DestroyObject(s, pair.pub) != CKR_OK;
		key[i] = pair.priv;
	}
	made = secrets(&m);
	for (size_t i = 0; i < MORE_THAN_READY; i++)
		bad += p11_sign(&m, s, key[i], NULL, "m", 1, signature) != CKR_OK;
	/* Some were let go, and come back. */
	CHECK(secrets(&m) - made == 16384);
	for (size_t i = 0; i < MORE_THAN_READY; i += 100)
		bad += p11_sign(&m, s, key[i], NULL, "m", 1, signature) != CKR_OK;
	CHECK(bad == 0);
	CHECK(secrets(&m) - made == 16384);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"a key stays ready while other objects are made, changed and destroyed", test_other_objects},
		{"its own change and destruction are noticed at its next use", test_its_own_change},
		{"more keys than stay ready all sign, and no more stay", test_more_than_ready},
		{NULL, NULL},
	};

	return unit_main("conformance: keys in use", tests);
}
