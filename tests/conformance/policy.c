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

/* ---- the least size of RSA keys: when one is made, and in all that is done with one ---- */

static CK_RV rsa_pair(const struct p11 *m, CK_SESSION_HANDLE s, CK_ULONG bits, struct p11_pair *out)
{
	static CK_BBOOL yes = CK_TRUE;
	CK_MECHANISM mechanism = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE pub[] = {ATTR(CKA_MODULUS_BITS, bits), ATTR(CKA_ENCRYPT, yes), ATTR(CKA_WRAP, yes), ATTR(CKA_ENCAPSULATE, yes)};
	CK_ATTRIBUTE priv[] = {ATTR(CKA_DECRYPT, yes), ATTR(CKA_UNWRAP, yes), ATTR(CKA_DECAPSULATE, yes)};

	return m->f->C_GenerateKeyPair(s, &mechanism, pub, 4, priv, 3, &out->pub, &out->priv);
}

struct rsa_uses {
	CK_RV sign, encrypt, wrap, unwrap, encapsulate, decapsulate;
};

static void use_rsa(const struct p11 *m, CK_SESSION_HANDLE s, const struct p11_pair *k, CK_OBJECT_HANDLE target, struct rsa_uses *out)
{
	CK_MECHANISM rsa = {CKM_RSA_PKCS, NULL, 0};
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ULONG length = 32, n = 512;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_VALUE_LEN, length)};
	CK_BYTE wrapped[512] = {0}, signature[512];
	CK_OBJECT_HANDLE h;

	out->sign = m->f->C_SignInit(s, &rsa, k->priv);
	if (out->sign == CKR_OK)
		out->sign = m->f->C_Sign(s, (CK_BYTE *)"x", 1, signature, &n);
	out->encrypt = m->f->C_EncryptInit(s, &rsa, k->pub);
	n = sizeof(wrapped);
	if (out->encrypt == CKR_OK)
		out->encrypt = m->f->C_Encrypt(s, (CK_BYTE *)"x", 1, wrapped, &n);
	n = sizeof(wrapped);
	out->wrap = m->f->C_WrapKey(s, &rsa, k->pub, target, wrapped, &n);
	out->unwrap = m->f->C_UnwrapKey(s, &rsa, k->priv, wrapped, 256, t, 3, &h);
	n = sizeof(wrapped);
	out->encapsulate = m->f32->C_EncapsulateKey(s, &rsa, k->pub, t, 3, wrapped, &n, &h);
	out->decapsulate = m->f32->C_DecapsulateKey(s, &rsa, k->priv, t, 3, wrapped, 256, &h);
}

static void test_rsa_size(void)
{
	struct p11 m;
	struct p11_pair k, other;
	struct rsa_uses is;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;
	CK_UTF8CHAR pin[] = P11_USER_PIN;
	COFFER_POLICY policy = {.rsa_min_bits = 3072};
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG length = 32;
	CK_MECHANISM generic = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
	CK_ATTRIBUTE t[] = {ATTR(CKA_VALUE_LEN, length), ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_SENSITIVE, no)};
	CK_OBJECT_HANDLE target;

	REQUIRE(p11_start(&m));
	REQUIRE(m.f32 != NULL);
	REQUIRE_RV(vendor(&m)->Create("own", pin, sizeof(pin) - 1, NULL, 0, &slot), CKR_OK);
	s = p11_session(&m, slot, true);
	REQUIRE_RV(rsa_pair(&m, s, 2048, &k), CKR_OK);
	REQUIRE_RV(m.f->C_GenerateKey(s, &generic, t, 3, &target), CKR_OK);
	use_rsa(&m, s, &k, target, &is);
	CHECK(is.sign == CKR_OK && is.encrypt == CKR_OK && is.wrap == CKR_OK && is.unwrap == CKR_OK);
	CHECK(is.encapsulate == CKR_OK && is.decapsulate == CKR_OK);
	REQUIRE_RV(vendor(&m)->SetPolicy(s, &policy), CKR_OK);
	use_rsa(&m, s, &k, target, &is);
	CHECK_RV(is.sign, CKR_KEY_SIZE_RANGE);
	CHECK_RV(is.encrypt, CKR_KEY_SIZE_RANGE);
	CHECK_RV(is.wrap, CKR_WRAPPING_KEY_SIZE_RANGE);
	CHECK_RV(is.unwrap, CKR_UNWRAPPING_KEY_SIZE_RANGE);
	CHECK_RV(is.encapsulate, CKR_KEY_SIZE_RANGE);
	CHECK_RV(is.decapsulate, CKR_UNWRAPPING_KEY_SIZE_RANGE);
	CHECK_RV(rsa_pair(&m, s, 2048, &other), CKR_KEY_SIZE_RANGE);
	policy.rsa_min_bits = 2048;
	REQUIRE_RV(vendor(&m)->SetPolicy(s, &policy), CKR_OK);
	use_rsa(&m, s, &k, target, &is);
	CHECK(is.wrap == CKR_OK && is.unwrap == CKR_OK && is.decapsulate == CKR_OK);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"a disabled mechanism is neither listed nor used", test_disabled},
		{"a name that is no mechanism is an error at C_Initialize", test_disabled_names},
		{"a wallet's policy, set by its SO", test_wallet},
		{"a wallet without an SO; a change takes effect at once", test_without_so},
		{"the least size of RSA keys, in all that is done with one", test_rsa_size},
		{NULL, NULL},
	};

	return unit_main("conformance: policy", tests);
}
