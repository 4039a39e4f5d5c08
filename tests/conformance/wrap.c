/* SPDX-License-Identifier: Apache-2.0 */
/* The published attacks on wrapping (Clulow 2003; Bortolozzo, Centenaro, Focardi, Steel 2010), and templates of wrapping keys. */
#include <string.h>

#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS class_secret = CKO_SECRET_KEY, class_private = CKO_PRIVATE_KEY;
static CK_KEY_TYPE aes = CKK_AES, generic = CKK_GENERIC_SECRET;
static CK_ULONG size = 32;
static CK_MECHANISM aes_generate = {CKM_AES_KEY_GEN, NULL, 0}, rsa_generate = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0},
		    pkcs = {CKM_RSA_PKCS, NULL, 0}, kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0};

static CK_SLOT_ID slot;

static CK_SESSION_HANDLE start(struct p11 *m, const char *extra)
{
	REQUIRE(p11_load(m, extra));
	REQUIRE_RV(m->f->C_Initialize(NULL), CKR_OK);
	slot = p11_token(m, "wrap");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static bool has(const struct p11 *m, CK_MECHANISM_TYPE type)
{
	CK_MECHANISM_INFO info;

	return m->f->C_GetMechanismInfo(slot, type, &info) == CKR_OK;
}

static void append(CK_ATTRIBUTE *t, const CK_ATTRIBUTE *more, CK_ULONG n)
{
	for (CK_ULONG i = 0; i < n; i++)
		t[i] = more[i];
}

/* A key with the usages named; what is not named is off. */
static CK_RV generate(const struct p11 *m, CK_SESSION_HANDLE s, CK_ATTRIBUTE *more, CK_ULONG n, CK_OBJECT_HANDLE *out)
{
	CK_ATTRIBUTE t[12] = {ATTR(CKA_VALUE_LEN, size)};

	append(t + 1, more, n);
	return m->f->C_GenerateKey(s, &aes_generate, t, n + 1, out);
}

static CK_OBJECT_HANDLE import(const struct p11 *m, CK_SESSION_HANDLE s, CK_ATTRIBUTE *more, CK_ULONG n)
{
	static CK_BYTE value[32] = "a value that the attacker knows";
	CK_ATTRIBUTE t[12] = {ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_VALUE, value)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	append(t + 3, more, n);
	REQUIRE_RV(m->f->C_CreateObject(s, t, n + 3, &h), CKR_OK);
	return h;
}

static void pair(const struct p11 *m, CK_SESSION_HANDLE s, CK_ATTRIBUTE *pub_more, CK_ULONG n, CK_ATTRIBUTE *priv_more, CK_ULONG k,
		 struct p11_pair *out)
{
	CK_ULONG bits = 2048;
	CK_ATTRIBUTE pub[8] = {ATTR(CKA_MODULUS_BITS, bits), ATTR(CKA_WRAP, yes)};
	CK_ATTRIBUTE priv[8] = {ATTR(CKA_UNWRAP, yes), ATTR(CKA_DECRYPT, yes)};

	append(pub + 2, pub_more, n);
	append(priv + 2, priv_more, k);
	REQUIRE_RV(m->f->C_GenerateKeyPair(s, &rsa_generate, pub, n + 2, priv, k + 2, &out->pub, &out->priv), CKR_OK);
}

static CK_RV wrap(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key,
		  CK_BYTE *out, CK_ULONG *n)
{
	*n = 512;
	return m->f->C_WrapKey(s, mechanism, with, key, out, n);
}

/* A key of the attacker's, public or secret, takes nothing sensitive out. */
static void test_trojan_wrapping_key(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_ATTRIBUTE out[] = {ATTR(CKA_EXTRACTABLE, yes)}, open[] = {ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_SENSITIVE, no)};
	CK_ATTRIBUTE wraps[] = {ATTR(CKA_WRAP, yes)};
	CK_OBJECT_HANDLE target, clear, known;
	struct p11_pair k;
	CK_BYTE wrapped[512];
	CK_ULONG n;

	REQUIRE_RV(generate(&m, s, out, 1, &target), CKR_OK);
	REQUIRE_RV(generate(&m, s, open, 2, &clear), CKR_OK);
	pair(&m, s, NULL, 0, NULL, 0, &k);
	CHECK_RV(wrap(&m, s, &pkcs, k.pub, target, wrapped, &n), CKR_KEY_NOT_WRAPPABLE);
	CHECK_RV(wrap(&m, s, &pkcs, k.pub, clear, wrapped, &n), CKR_OK); /* its value could be read as well */
	if (has(&m, CKM_AES_KEY_WRAP_KWP)) {
		known = import(&m, s, wraps, 1);
		CHECK_RV(wrap(&m, s, &kwp, known, target, wrapped, &n), CKR_KEY_NOT_WRAPPABLE);
		CHECK_RV(wrap(&m, s, &kwp, known, clear, wrapped, &n), CKR_OK);
	}
	p11_stop(&m);
}

/* Wrap and decrypt: nothing that wraps what is sensitive does anything else, now or later, itself or by a copy. */
static void test_wrap_and_decrypt(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	static const CK_ATTRIBUTE_TYPE others[] = {CKA_DECRYPT, CKA_ENCRYPT, CKA_SIGN, CKA_DERIVE};
	CK_ATTRIBUTE role[] = {ATTR(CKA_WRAP, yes), ATTR(CKA_UNWRAP, yes)}, out[] = {ATTR(CKA_EXTRACTABLE, yes)};
	CK_OBJECT_HANDLE k, both, copy, target;
	CK_BYTE wrapped[512];
	CK_ULONG n;

	REQUIRE_RV(generate(&m, s, out, 1, &target), CKR_OK);
	REQUIRE_RV(generate(&m, s, role, 2, &k), CKR_OK);
	for (size_t i = 0; i < 4; i++) {
		CK_ATTRIBUTE on = {others[i], &yes, 1}, off = {others[i], &no, 1};
		CK_ATTRIBUTE two[] = {ATTR(CKA_WRAP, yes), on};

		CHECK_RV(m.f->C_SetAttributeValue(s, k, &on, 1), CKR_ATTRIBUTE_READ_ONLY);
		CHECK_RV(m.f->C_CopyObject(s, k, &on, 1, &copy), CKR_ATTRIBUTE_READ_ONLY);
		CHECK_RV(m.f->C_SetAttributeValue(s, k, &off, 1), CKR_OK); /* no change */
		/* A key with both roles is what many programs ask for; it wraps nothing sensitive, and cannot shed the other role. */
		REQUIRE_RV(generate(&m, s, two, 2, &both), CKR_OK);
		CHECK_RV(m.f->C_SetAttributeValue(s, both, &off, 1), CKR_ATTRIBUTE_READ_ONLY);
		CHECK_RV(m.f->C_CopyObject(s, both, &off, 1, &copy), CKR_ATTRIBUTE_READ_ONLY);
		if (has(&m, CKM_AES_KEY_WRAP_KWP))
			CHECK_RV(wrap(&m, s, &kwp, both, target, wrapped, &n), CKR_KEY_NOT_WRAPPABLE);
	}
	role[0].pValue = &no;
	CHECK_RV(m.f->C_SetAttributeValue(s, k, role, 1), CKR_ATTRIBUTE_READ_ONLY);
	REQUIRE_RV(generate(&m, s, out, 1, &both), CKR_OK);
	role[0].pValue = &yes;
	CHECK_RV(m.f->C_SetAttributeValue(s, both, role, 1), CKR_ATTRIBUTE_READ_ONLY);
	/* Without CKA_WRAP nothing is settled. */
	out[0] = (CK_ATTRIBUTE)ATTR(CKA_DECRYPT, yes);
	CHECK_RV(m.f->C_SetAttributeValue(s, both, out, 1), CKR_OK);
	p11_stop(&m);
}

/* Wrapped under a safe key and unwrapped again, a key is as sensitive as it was. */
static void test_reimport(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_ATTRIBUTE role[] = {ATTR(CKA_WRAP, yes), ATTR(CKA_UNWRAP, yes)}, out[] = {ATTR(CKA_EXTRACTABLE, yes)};
	CK_ATTRIBUTE u[] = {ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_SENSITIVE, no)};
	CK_OBJECT_HANDLE k, target, again;
	CK_BYTE wrapped[512];
	CK_ULONG n;

	if (!has(&m, CKM_AES_KEY_WRAP_KWP)) {
		p11_stop(&m);
		return;
	}
	REQUIRE_RV(generate(&m, s, out, 1, &target), CKR_OK);
	REQUIRE_RV(generate(&m, s, role, 2, &k), CKR_OK);
	REQUIRE_RV(wrap(&m, s, &kwp, k, target, wrapped, &n), CKR_OK);
	CHECK_RV(m.f->C_UnwrapKey(s, &kwp, k, wrapped, n, u, 3, &again), CKR_TEMPLATE_INCONSISTENT);
	CHECK_RV(m.f->C_UnwrapKey(s, &kwp, k, wrapped, n, u, 2, &again), CKR_OK);
	CHECK(p11_get_bool(&m, s, again, CKA_SENSITIVE) && p11_get_bool(&m, s, again, CKA_EXTRACTABLE));
	CHECK(!p11_get_bool(&m, s, again, CKA_LOCAL) && !p11_get_bool(&m, s, again, CKA_ALWAYS_SENSITIVE));
	wrapped[3] ^= 1;
	CHECK_RV(m.f->C_UnwrapKey(s, &kwp, k, wrapped, n, u, 2, &again), CKR_WRAPPED_KEY_INVALID);
	p11_stop(&m);
}

/* A key stream that starts where the caller says is found with a key that he knows; a prefix of a key is found by trying. */
static void test_weak_wrapping(void)
{
	static const CK_MECHANISM_TYPE weak[] = {CKM_AES_ECB, CKM_AES_CBC, CKM_AES_CBC_PAD, CKM_AES_OFB};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_BYTE iv[16] = {0}, wrapped[512], value[16] = "sixteen bytes..";
	CK_ULONG length = 1, n;
	CK_ATTRIBUTE role[] = {ATTR(CKA_WRAP, yes), ATTR(CKA_UNWRAP, yes)}, out[] = {ATTR(CKA_EXTRACTABLE, yes)};
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, generic), ATTR(CKA_VALUE, value), ATTR(CKA_EXTRACTABLE, yes),
			    ATTR(CKA_SENSITIVE, no)};
	CK_ATTRIBUTE u[] = {ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, generic), ATTR(CKA_VALUE_LEN, length), ATTR(CKA_SIGN, yes),
			    ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes)};
	CK_ATTRIBUTE two[] = {ATTR(CKA_WRAP, yes), ATTR(CKA_UNWRAP, yes), ATTR(CKA_DECRYPT, yes)};
	CK_OBJECT_HANDLE k, both, target, odd, again;

	if (!has(&m, CKM_AES_KEY_WRAP) || !has(&m, CKM_AES_ECB)) {
		p11_stop(&m);
		return;
	}
	REQUIRE_RV(generate(&m, s, out, 1, &target), CKR_OK);
	REQUIRE_RV(generate(&m, s, role, 2, &k), CKR_OK);
	for (size_t i = 0; i < 4; i++) {
		CK_MECHANISM mechanism = {weak[i], weak[i] == CKM_AES_ECB ? NULL : iv, weak[i] == CKM_AES_ECB ? 0 : 16};

		CHECK_RV(wrap(&m, s, &mechanism, k, target, wrapped, &n), CKR_KEY_NOT_WRAPPABLE);
	}
	REQUIRE_RV(generate(&m, s, two, 3, &both), CKR_OK);
	/* CKA_VALUE_LEN takes zeros off that filled a block, and no part of a key: by ECB another key comes, or it would be an oracle. */
	for (size_t i = 0; i < 2; i++) {
		CK_MECHANISM mechanism = {i == 0 ? CKM_AES_KEY_WRAP : CKM_AES_ECB, NULL, 0};
		CK_OBJECT_HANDLE with = i == 0 ? k : both;
		CK_BYTE part[16] = {0};
		CK_ATTRIBUTE read = {CKA_VALUE, part, sizeof(part)};

		t[2].ulValueLen = 16;
		REQUIRE_RV(m.f->C_CreateObject(s, t, 5, &odd), CKR_OK);
		REQUIRE_RV(wrap(&m, s, &mechanism, with, odd, wrapped, &n), CKR_OK);
		length = 12;
		CHECK_RV(m.f->C_UnwrapKey(s, &mechanism, with, wrapped, n, u, 6, &again), i == 0 ? CKR_WRAPPED_KEY_LEN_RANGE : CKR_OK);
		if (i == 1)
			CHECK(m.f->C_GetAttributeValue(s, again, &read, 1) == CKR_OK && read.ulValueLen == 12 && memcmp(part, value, 12) != 0);
		length = 15; /* the last byte is a zero of the key's own */
		CHECK_RV(m.f->C_UnwrapKey(s, &mechanism, with, wrapped, n, u, 4, &again), CKR_OK);
		t[2].ulValueLen = 13;
		REQUIRE_RV(m.f->C_CreateObject(s, t, 5, &odd), CKR_OK);
		if (wrap(&m, s, &mechanism, with, odd, wrapped, &n) != CKR_OK)
			continue; /* no whole number of blocks */
		length = 13;
		CHECK_RV(m.f->C_UnwrapKey(s, &mechanism, with, wrapped, n, u, 4, &again), CKR_OK);
	}
	p11_stop(&m);
}

/* A private key goes out as PKCS#8 and comes back whole. */
static void test_private_keys(void)
{
	static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	static CK_BYTE ed25519[] = {0x06, 0x03, 0x2b, 0x65, 0x70}, x448[] = {0x06, 0x03, 0x2b, 0x65, 0x6f};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_ULONG bits = 2048;
	struct {
		CK_MECHANISM_TYPE type;
		CK_ATTRIBUTE pub;
		CK_KEY_TYPE key;
	} kinds[] = {{CKM_RSA_PKCS_KEY_PAIR_GEN, ATTR(CKA_MODULUS_BITS, bits), CKK_RSA},
		     {CKM_EC_KEY_PAIR_GEN, ATTR(CKA_EC_PARAMS, p256), CKK_EC},
		     {CKM_EC_EDWARDS_KEY_PAIR_GEN, ATTR(CKA_EC_PARAMS, ed25519), CKK_EC_EDWARDS},
		     {CKM_EC_MONTGOMERY_KEY_PAIR_GEN, ATTR(CKA_EC_PARAMS, x448), CKK_EC_MONTGOMERY}};
	CK_ATTRIBUTE role[] = {ATTR(CKA_WRAP, yes), ATTR(CKA_UNWRAP, yes)}, out = ATTR(CKA_EXTRACTABLE, yes);
	CK_OBJECT_HANDLE k, again;

	if (!has(&m, CKM_AES_KEY_WRAP_KWP)) {
		p11_stop(&m);
		return;
	}
	REQUIRE_RV(generate(&m, s, role, 2, &k), CKR_OK);
	for (size_t i = 0; i < 4; i++) {
		CK_MECHANISM mechanism = {kinds[i].type, NULL, 0};
		CK_ATTRIBUTE u[] = {ATTR(CKA_CLASS, class_private), ATTR(CKA_KEY_TYPE, kinds[i].key)};
		CK_BYTE wrapped[2048], before[600], after[600];
		CK_ATTRIBUTE a = {CKA_PUBLIC_KEY_INFO, before, 600}, b = {CKA_PUBLIC_KEY_INFO, after, 600};
		CK_ULONG n = 0, room = sizeof(wrapped);
		struct p11_pair p;

		REQUIRE_RV(m.f->C_GenerateKeyPair(s, &mechanism, &kinds[i].pub, 1, &out, 1, &p.pub, &p.priv), CKR_OK);
		CHECK_RV(m.f->C_WrapKey(s, &kwp, k, p.priv, NULL, &n), CKR_OK);
		REQUIRE_RV(m.f->C_WrapKey(s, &kwp, k, p.priv, wrapped, &room), CKR_OK);
		CHECK(room <= n);
		REQUIRE_RV(m.f->C_UnwrapKey(s, &kwp, k, wrapped, room, u, 2, &again), CKR_OK);
		CHECK_RV(m.f->C_GetAttributeValue(s, p.priv, &a, 1), CKR_OK);
		CHECK_RV(m.f->C_GetAttributeValue(s, again, &b, 1), CKR_OK);
		CHECK(a.ulValueLen == b.ulValueLen && memcmp(before, after, a.ulValueLen) == 0);
		u[1] = (CK_ATTRIBUTE)ATTR(CKA_KEY_TYPE, kinds[(i + 1) % 4].key);
		CHECK_RV(m.f->C_UnwrapKey(s, &kwp, k, wrapped, room, u, 2, &again), CKR_WRAPPED_KEY_INVALID);
	}
	p11_stop(&m);
}

/* A private key of any length under an RSA key; without the setting, only where it may be read as well. */
static void test_rsa_aes(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
	CK_RSA_AES_KEY_WRAP_PARAMS p = {256, &oaep};
	CK_MECHANISM mechanism = {CKM_RSA_AES_KEY_WRAP, &p, sizeof(p)};
	CK_ATTRIBUTE open[] = {ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes)};
	CK_KEY_TYPE type = CKK_RSA;
	CK_ATTRIBUTE u[] = {ATTR(CKA_CLASS, class_private), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_SENSITIVE, no)};
	CK_BYTE wrapped[2048], before[600], after[600];
	CK_ATTRIBUTE a = {CKA_PRIVATE_EXPONENT, before, 600}, b = {CKA_PRIVATE_EXPONENT, after, 600};
	CK_ULONG n = sizeof(wrapped), asked = 0;
	struct p11_pair k, target;
	CK_OBJECT_HANDLE again;

	pair(&m, s, NULL, 0, NULL, 0, &k);
	pair(&m, s, NULL, 0, open, 2, &target);
	CHECK_RV(m.f->C_WrapKey(s, &mechanism, k.pub, k.priv, wrapped, &n), CKR_KEY_UNEXTRACTABLE);
	CHECK_RV(m.f->C_WrapKey(s, &mechanism, k.pub, target.priv, NULL, &asked), CKR_OK);
	REQUIRE_RV(m.f->C_WrapKey(s, &mechanism, k.pub, target.priv, wrapped, &n), CKR_OK);
	CHECK(n == asked && n > 256 + 1000);
	REQUIRE_RV(m.f->C_UnwrapKey(s, &mechanism, k.priv, wrapped, n, u, 3, &again), CKR_OK);
	CHECK_RV(m.f->C_GetAttributeValue(s, target.priv, &a, 1), CKR_OK);
	CHECK_RV(m.f->C_GetAttributeValue(s, again, &b, 1), CKR_OK);
	CHECK(a.ulValueLen == b.ulValueLen && memcmp(before, after, a.ulValueLen) == 0);
	/* Wrong in either half: one answer. */
	wrapped[5] ^= 1;
	CHECK_RV(m.f->C_UnwrapKey(s, &mechanism, k.priv, wrapped, n, u, 3, &again), CKR_WRAPPED_KEY_INVALID);
	wrapped[5] ^= 1;
	wrapped[n - 1] ^= 1;
	CHECK_RV(m.f->C_UnwrapKey(s, &mechanism, k.priv, wrapped, n, u, 3, &again), CKR_WRAPPED_KEY_INVALID);
	p.ulAESKeyBits = 128; /* the key in between has another length */
	wrapped[n - 1] ^= 1;
	CHECK_RV(m.f->C_UnwrapKey(s, &mechanism, k.priv, wrapped, n, u, 3, &again), CKR_WRAPPED_KEY_INVALID);
	CHECK_RV(m.f->C_UnwrapKey(s, &mechanism, k.priv, wrapped, 256, u, 3, &again), CKR_WRAPPED_KEY_LEN_RANGE);
	p.ulAESKeyBits = 100;
	CHECK_RV(m.f->C_WrapKey(s, &mechanism, k.pub, target.priv, wrapped, &n), CKR_MECHANISM_PARAM_INVALID);
	p.ulAESKeyBits = 256;
	p.pOAEPParams = NULL;
	CHECK_RV(m.f->C_WrapKey(s, &mechanism, k.pub, target.priv, wrapped, &n), CKR_MECHANISM_PARAM_INVALID);
	p11_stop(&m);
}

/* The SO marks a public key as trusted: under it sensitive keys leave, and those that insist on one. */
static void test_trusted(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_ATTRIBUTE token[] = {ATTR(CKA_TOKEN, yes)}, trusted = ATTR(CKA_TRUSTED, yes);
	CK_ATTRIBUTE out[] = {ATTR(CKA_EXTRACTABLE, yes)};
	CK_ATTRIBUTE insists[] = {ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_SENSITIVE, no), ATTR(CKA_WRAP_WITH_TRUSTED, yes)};
	CK_OBJECT_HANDLE target, strict;
	struct p11_pair k, other;
	CK_BYTE wrapped[512];
	CK_ULONG n;

	pair(&m, s, token, 1, token, 1, &k);
	pair(&m, s, NULL, 0, NULL, 0, &other);
	CHECK_RV(m.f->C_SetAttributeValue(s, k.pub, &trusted, 1), CKR_ATTRIBUTE_READ_ONLY); /* the user cannot */
	REQUIRE_RV(m.f->C_Logout(s), CKR_OK);
	REQUIRE_RV(p11_login(&m, s, CKU_SO, P11_SO_PIN), CKR_OK);
	REQUIRE_RV(m.f->C_SetAttributeValue(s, k.pub, &trusted, 1), CKR_OK);
	REQUIRE_RV(m.f->C_Logout(s), CKR_OK);
	REQUIRE_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_OK);
	CHECK(p11_get_bool(&m, s, k.pub, CKA_TRUSTED));
	REQUIRE_RV(generate(&m, s, out, 1, &target), CKR_OK);
	REQUIRE_RV(generate(&m, s, insists, 3, &strict), CKR_OK);
	CHECK_RV(wrap(&m, s, &pkcs, k.pub, target, wrapped, &n), CKR_OK);
	CHECK_RV(wrap(&m, s, &pkcs, k.pub, strict, wrapped, &n), CKR_OK);
	pair(&m, s, NULL, 0, NULL, 0, &other);
	CHECK_RV(wrap(&m, s, &pkcs, other.pub, strict, wrapped, &n), CKR_KEY_NOT_WRAPPABLE);
	/* Once it insists, it insists for ever; copies too. */
	insists[2].pValue = &no;
	CHECK_RV(m.f->C_SetAttributeValue(s, strict, insists + 2, 1), CKR_ATTRIBUTE_READ_ONLY);
	CHECK_RV(m.f->C_CopyObject(s, strict, insists + 2, 1, &target), CKR_ATTRIBUTE_READ_ONLY);
	p11_stop(&m);
}

static void test_templates(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_BYTE id[] = "id";
	CK_ATTRIBUTE admit[] = {ATTR(CKA_ID, id), ATTR(CKA_KEY_TYPE, generic)};
	CK_ATTRIBUTE force[] = {ATTR(CKA_SENSITIVE, yes), ATTR(CKA_DERIVE, no)};
	CK_ATTRIBUTE pub[] = {{CKA_WRAP_TEMPLATE, admit, sizeof(admit)}}, priv[] = {{CKA_UNWRAP_TEMPLATE, force, sizeof(force)}};
	CK_BYTE value[20] = {5};
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, generic), ATTR(CKA_VALUE, value), ATTR(CKA_EXTRACTABLE, yes),
			    ATTR(CKA_SENSITIVE, no), ATTR(CKA_ID, id)};
	CK_ATTRIBUTE u[] = {ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, generic), ATTR(CKA_SENSITIVE, no)};
	CK_OBJECT_HANDLE right, wrong, again;
	struct p11_pair k;
	CK_BYTE wrapped[512];
	CK_ULONG n;

	pair(&m, s, pub, 1, priv, 1, &k);
	REQUIRE_RV(m.f->C_CreateObject(s, t, 6, &right), CKR_OK);
	REQUIRE_RV(m.f->C_CreateObject(s, t, 5, &wrong), CKR_OK); /* another ID: none */
	CHECK_RV(wrap(&m, s, &pkcs, k.pub, wrong, wrapped, &n), CKR_KEY_HANDLE_INVALID);
	REQUIRE_RV(wrap(&m, s, &pkcs, k.pub, right, wrapped, &n), CKR_OK);
	CHECK_RV(m.f->C_UnwrapKey(s, &pkcs, k.priv, wrapped, n, u, 3, &again), CKR_TEMPLATE_INCONSISTENT);
	CHECK_RV(m.f->C_UnwrapKey(s, &pkcs, k.priv, wrapped, n, u, 2, &again), CKR_OK);
	CHECK(p11_get_bool(&m, s, again, CKA_SENSITIVE));
	CHECK_RV(m.f->C_SetAttributeValue(s, k.pub, pub, 1), CKR_ATTRIBUTE_READ_ONLY);
	p11_stop(&m);
}

static void test_opened_by_setting(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, "allow-unsafe-wrapping = yes\n");
	CK_ATTRIBUTE out[] = {ATTR(CKA_EXTRACTABLE, yes)};
	CK_ATTRIBUTE u[] = {ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_SENSITIVE, no)};
	CK_OBJECT_HANDLE target, again;
	struct p11_pair k;
	CK_BYTE wrapped[512], value[64];
	CK_ATTRIBUTE read = {CKA_VALUE, value, sizeof(value)};
	CK_ULONG n;

	REQUIRE_RV(generate(&m, s, out, 1, &target), CKR_OK);
	pair(&m, s, NULL, 0, NULL, 0, &k);
	REQUIRE_RV(wrap(&m, s, &pkcs, k.pub, target, wrapped, &n), CKR_OK);
	REQUIRE_RV(m.f->C_UnwrapKey(s, &pkcs, k.priv, wrapped, n, u, 3, &again), CKR_OK);
	CHECK_RV(m.f->C_GetAttributeValue(s, again, &read, 1), CKR_OK); /* what the setting's name says */
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"a key of the attacker's takes nothing sensitive out", test_trojan_wrapping_key},
		{"what wraps does not decrypt, now or later", test_wrap_and_decrypt},
		{"unwrapping does not make a key readable", test_reimport},
		{"no weak wrapping, and no part of a key", test_weak_wrapping},
		{"private keys are wrapped as PKCS#8 and come back whole", test_private_keys},
		{"CKM_RSA_AES_KEY_WRAP", test_rsa_aes},
		{"CKA_TRUSTED and CKA_WRAP_WITH_TRUSTED", test_trusted},
		{"CKA_WRAP_TEMPLATE and CKA_UNWRAP_TEMPLATE", test_templates},
		{"allow-unsafe-wrapping gives the standard's freedom back", test_opened_by_setting},
		{NULL, NULL},
	};

	return unit_main("wrapping", tests);
}
