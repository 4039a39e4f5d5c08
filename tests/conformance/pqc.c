/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ML-KEM, ML-DSA and SLH-DSA keys and mechanisms (PKCS#11 3.2, §6.66 to §6.68).  A module whose libcrypto has none of them offers
 * none: then the tests say so and nothing else.
 */
#include <stdio.h>
#include <string.h>

#include "p11.h"
#include "unit.h"

#define SIGNATURE_MAX 50000

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS class_public = CKO_PUBLIC_KEY, class_private = CKO_PRIVATE_KEY;
static CK_KEY_TYPE aes = CKK_AES;
static CK_BYTE text[] = "what is signed";

struct set {
	CK_KEY_TYPE type;
	CK_ULONG set;
	CK_MECHANISM_TYPE generate, use;
	CK_ULONG public_n, private_n, out_n;
};

static const struct set kem[] = {
	{CKK_ML_KEM, CKP_ML_KEM_512, CKM_ML_KEM_KEY_PAIR_GEN, CKM_ML_KEM, 800, 1632, 768},
	{CKK_ML_KEM, CKP_ML_KEM_768, CKM_ML_KEM_KEY_PAIR_GEN, CKM_ML_KEM, 1184, 2400, 1088},
	{CKK_ML_KEM, CKP_ML_KEM_1024, CKM_ML_KEM_KEY_PAIR_GEN, CKM_ML_KEM, 1568, 3168, 1568},
};

/* The slow ones of SLH-DSA take seconds; tests/unit/mech_pqc.c has all of them. */
static const struct set signing[] = {
	{CKK_ML_DSA, CKP_ML_DSA_44, CKM_ML_DSA_KEY_PAIR_GEN, CKM_ML_DSA, 1312, 2560, 2420},
	{CKK_ML_DSA, CKP_ML_DSA_65, CKM_ML_DSA_KEY_PAIR_GEN, CKM_ML_DSA, 1952, 4032, 3309},
	{CKK_ML_DSA, CKP_ML_DSA_87, CKM_ML_DSA_KEY_PAIR_GEN, CKM_ML_DSA, 2592, 4896, 4627},
	{CKK_SLH_DSA, CKP_SLH_DSA_SHA2_128F, CKM_SLH_DSA_KEY_PAIR_GEN, CKM_SLH_DSA, 32, 64, 17088},
	{CKK_SLH_DSA, CKP_SLH_DSA_SHA2_256F, CKM_SLH_DSA_KEY_PAIR_GEN, CKM_SLH_DSA, 64, 128, 49856},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static CK_SESSION_HANDLE start(struct p11 *m)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_start(m));
	REQUIRE(m->f32 != NULL);
	slot = p11_token(m, "pqc");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static CK_SLOT_ID slot_of(const struct p11 *m, CK_SESSION_HANDLE s)
{
	CK_SESSION_INFO info;

	REQUIRE_RV(m->f->C_GetSessionInfo(s, &info), CKR_OK);
	return info.slotID;
}

static bool is_there(const struct p11 *m, CK_SESSION_HANDLE s)
{
	CK_MECHANISM_INFO info;

	return m->f->C_GetMechanismInfo(slot_of(m, s), CKM_ML_DSA, &info) == CKR_OK;
}

static CK_RV make_pair(const struct p11 *m, CK_SESSION_HANDLE s, const struct set *k, bool leaves, struct p11_pair *out)
{
	CK_MECHANISM mechanism = {k->generate, NULL, 0};
	CK_ULONG number = k->set;
	CK_BBOOL in = leaves ? CK_FALSE : CK_TRUE;
	CK_ATTRIBUTE pub[] = {ATTR(CKA_PARAMETER_SET, number)}, priv[] = {ATTR(CKA_SENSITIVE, in), ATTR(CKA_EXTRACTABLE, yes)};

	return m->f->C_GenerateKeyPair(s, &mechanism, pub, 1, priv, leaves ? 2 : 0, &out->pub, &out->priv);
}

static CK_ULONG get(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, CK_BYTE *out, CK_ULONG room)
{
	CK_ATTRIBUTE t = {type, out, room};

	return m->f->C_GetAttributeValue(s, h, &t, 1) == CKR_OK ? t.ulValueLen : 0;
}

static CK_RV sign(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, void *data, CK_ULONG n,
		  CK_BYTE *out, CK_ULONG *out_n)
{
	CK_RV rv = m->f->C_SignInit(s, mechanism, key);

	return rv == CKR_OK ? m->f->C_Sign(s, data, n, out, out_n) : rv;
}

static CK_RV verify(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, void *data, CK_ULONG n,
		    CK_BYTE *signature, CK_ULONG signature_n)
{
	CK_RV rv = m->f->C_VerifyInit(s, mechanism, key);

	return rv == CKR_OK ? m->f->C_Verify(s, data, n, signature, signature_n) : rv;
}

/* What one key says of itself, and that its private half is withheld. */
static void check_pair(const struct p11 *m, CK_SESSION_HANDLE s, const struct set *k, const struct p11_pair *p)
{
	static CK_BYTE room[8192], other[8192];
	CK_ULONG number = 0, n;

	CHECK(p11_get(m, s, p->pub, CKA_PARAMETER_SET, &number, sizeof(number)) && number == k->set);
	CHECK(p11_get(m, s, p->priv, CKA_PARAMETER_SET, &number, sizeof(number)) && number == k->set);
	CHECK(get(m, s, p->pub, CKA_VALUE, room, sizeof(room)) == k->public_n);
	n = get(m, s, p->pub, CKA_PUBLIC_KEY_INFO, other, sizeof(other));
	CHECK(n > k->public_n && memcmp(other + n - k->public_n, room, k->public_n) == 0);
	CHECK(get(m, s, p->priv, CKA_PUBLIC_KEY_INFO, room, sizeof(room)) == n && memcmp(room, other, n) == 0);
	CHECK(get(m, s, p->priv, CKA_VALUE, room, sizeof(room)) == 0 && get(m, s, p->priv, CKA_SEED, room, sizeof(room)) == 0);
	CHECK(p11_get_bool(m, s, p->priv, CKA_LOCAL) && p11_get_bool(m, s, p->priv, CKA_ALWAYS_SENSITIVE));
	CHECK(p11_get_bool(m, s, p->pub, CKA_ENCAPSULATE) == (k->type == CKK_ML_KEM));
	CHECK(p11_get_bool(m, s, p->priv, CKA_DECAPSULATE) == (k->type == CKK_ML_KEM));
	CHECK(p11_get_bool(m, s, p->pub, CKA_VERIFY) == (k->type != CKK_ML_KEM));
}

/* ---- without them, and what is offered ---- */

static void test_offered_or_not(void)
{
	static const CK_MECHANISM_TYPE types[] = {CKM_ML_KEM_KEY_PAIR_GEN, CKM_ML_KEM, CKM_ML_DSA_KEY_PAIR_GEN, CKM_ML_DSA, CKM_HASH_ML_DSA,
						  CKM_HASH_ML_DSA_SHA512, CKM_SLH_DSA_KEY_PAIR_GEN, CKM_SLH_DSA, CKM_HASH_SLH_DSA_SHAKE256};
	static CK_MECHANISM_TYPE list[1024];
	struct p11 m;
	struct p11_pair k;
	CK_SESSION_HANDLE s = start(&m);
	CK_ULONG count = COUNT(list), found = 0, number = CKP_ML_DSA_65;
	CK_MECHANISM_INFO info;
	CK_BYTE bytes[1952] = {1};
	CK_KEY_TYPE ml_dsa = CKK_ML_DSA;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class_public), ATTR(CKA_KEY_TYPE, ml_dsa), ATTR(CKA_PARAMETER_SET, number), ATTR(CKA_VALUE, bytes)};
	CK_OBJECT_HANDLE h;

	REQUIRE_RV(m.f->C_GetMechanismList(slot_of(&m, s), list, &count), CKR_OK);
	for (CK_ULONG i = 0; i < count; i++)
		for (CK_ULONG k2 = 0; k2 < COUNT(types); k2++)
			found += list[i] == types[k2] ? 1 : 0;
	CHECK(found == (is_there(&m, s) ? COUNT(types) : 0));
	for (CK_ULONG i = 0; i < COUNT(types); i++)
		CHECK_RV(m.f->C_GetMechanismInfo(slot_of(&m, s), types[i], &info), is_there(&m, s) ? CKR_OK : CKR_MECHANISM_INVALID);
	if (!is_there(&m, s)) {
		printf("this libcrypto has no ML-KEM, ML-DSA and SLH-DSA: skipped ");
		CHECK_RV(make_pair(&m, s, &signing[0], false, &k), CKR_MECHANISM_INVALID);
		CHECK_RV(make_pair(&m, s, &kem[0], false, &k), CKR_MECHANISM_INVALID);
		CHECK_RV(m.f->C_CreateObject(s, t, 4, &h), CKR_PARAMETER_SET_NOT_SUPPORTED);
	}
	p11_stop(&m);
}

/* ---- signatures ---- */

static void sign_and_verify(const struct p11 *m, CK_SESSION_HANDLE s, const struct set *k)
{
	static CK_BYTE signature[SIGNATURE_MAX], again[SIGNATURE_MAX];
	CK_SIGN_ADDITIONAL_CONTEXT hedged = {CKH_HEDGE_REQUIRED, NULL, 0}, fixed = {CKH_DETERMINISTIC_REQUIRED, text, 4};
	CK_MECHANISM plain = {k->use, NULL, 0}, with_hedge = {k->use, &hedged, sizeof(hedged)}, with_context = {k->use, &fixed, sizeof(fixed)};
	struct p11_pair p;
	CK_ULONG n = 0, again_n = sizeof(again);

	REQUIRE_RV(make_pair(m, s, k, false, &p), CKR_OK);
	check_pair(m, s, k, &p);
	REQUIRE_RV(m->f->C_SignInit(s, &plain, p.priv), CKR_OK);
	CHECK_RV(m->f->C_Sign(s, text, sizeof(text), NULL, &n), CKR_OK);
	CHECK(n == k->out_n);
	n--;
	CHECK_RV(m->f->C_Sign(s, text, sizeof(text), signature, &n), CKR_BUFFER_TOO_SMALL);
	CHECK(n == k->out_n);
	CHECK_RV(m->f->C_Sign(s, text, sizeof(text), signature, &n), CKR_OK);
	CHECK(n == k->out_n);
	CHECK_RV(verify(m, s, &plain, p.pub, text, sizeof(text), signature, n), CKR_OK);
	CHECK_RV(verify(m, s, &with_hedge, p.pub, text, sizeof(text), signature, n), CKR_OK);
	CHECK_RV(verify(m, s, &with_context, p.pub, text, sizeof(text), signature, n), CKR_SIGNATURE_INVALID);
	CHECK_RV(verify(m, s, &plain, p.pub, text, sizeof(text) - 1, signature, n), CKR_SIGNATURE_INVALID);
	CHECK_RV(verify(m, s, &plain, p.pub, text, sizeof(text), signature, n - 1), CKR_SIGNATURE_LEN_RANGE);
	signature[n / 2] ^= 1;
	CHECK_RV(verify(m, s, &plain, p.pub, text, sizeof(text), signature, n), CKR_SIGNATURE_INVALID);
	/* Hedged signatures of one message differ, deterministic ones do not. */
	CHECK_RV(sign(m, s, &with_hedge, p.priv, text, sizeof(text), signature, &n), CKR_OK);
	CHECK_RV(sign(m, s, &with_hedge, p.priv, text, sizeof(text), again, &again_n), CKR_OK);
	CHECK(memcmp(signature, again, n) != 0);
	CHECK_RV(sign(m, s, &with_context, p.priv, text, sizeof(text), signature, &n), CKR_OK);
	CHECK_RV(sign(m, s, &with_context, p.priv, text, sizeof(text), again, &again_n), CKR_OK);
	CHECK(memcmp(signature, again, n) == 0);
	CHECK_RV(verify(m, s, &with_context, p.pub, text, sizeof(text), signature, n), CKR_OK);
}

static void test_signatures(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);

	for (CK_ULONG i = 0; i < COUNT(signing) && is_there(&m, s); i++)
		sign_and_verify(&m, s, &signing[i]);
	p11_stop(&m);
}

/* In parts, with the signature first, as messages. */
static void test_other_ways(void)
{
	static CK_BYTE signature[SIGNATURE_MAX];
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);

	for (CK_ULONG i = 0; i < COUNT(signing) && is_there(&m, s); i += 3) {
		CK_MECHANISM mechanism = {signing[i].use, NULL, 0};
		CK_ULONG n = sizeof(signature);
		struct p11_pair p;

		REQUIRE_RV(make_pair(&m, s, &signing[i], false, &p), CKR_OK);
		REQUIRE_RV(m.f->C_SignInit(s, &mechanism, p.priv), CKR_OK);
		CHECK_RV(m.f->C_SignUpdate(s, text, 5), CKR_OK);
		CHECK_RV(m.f->C_SignUpdate(s, text + 5, sizeof(text) - 5), CKR_OK);
		CHECK_RV(m.f->C_SignFinal(s, signature, &n), CKR_OK);
		CHECK_RV(verify(&m, s, &mechanism, p.pub, text, sizeof(text), signature, n), CKR_OK);
		REQUIRE_RV(m.f32->C_VerifySignatureInit(s, &mechanism, p.pub, signature, n), CKR_OK);
		CHECK_RV(m.f32->C_VerifySignatureUpdate(s, text, sizeof(text)), CKR_OK);
		CHECK_RV(m.f32->C_VerifySignatureFinal(s), CKR_OK);
		REQUIRE_RV(m.f3->C_MessageSignInit(s, &mechanism, p.priv), CKR_OK);
		n = sizeof(signature);
		CHECK_RV(m.f3->C_SignMessage(s, NULL, 0, text, sizeof(text), signature, &n), CKR_OK);
		CHECK_RV(m.f3->C_MessageSignFinal(s), CKR_OK);
		REQUIRE_RV(m.f3->C_MessageVerifyInit(s, &mechanism, p.pub), CKR_OK);
		CHECK_RV(m.f3->C_VerifyMessage(s, NULL, 0, text, sizeof(text), signature, n), CKR_OK);
		CHECK_RV(m.f3->C_MessageVerifyFinal(s), CKR_OK);
	}
	p11_stop(&m);
}

struct hashed {
	CK_MECHANISM_TYPE ml_dsa, slh_dsa, digest;
};

static const struct hashed hashed[] = {
	{CKM_HASH_ML_DSA_SHA224, CKM_HASH_SLH_DSA_SHA224, CKM_SHA224},
	{CKM_HASH_ML_DSA_SHA256, CKM_HASH_SLH_DSA_SHA256, CKM_SHA256},
	{CKM_HASH_ML_DSA_SHA384, CKM_HASH_SLH_DSA_SHA384, CKM_SHA384},
	{CKM_HASH_ML_DSA_SHA512, CKM_HASH_SLH_DSA_SHA512, CKM_SHA512},
	{CKM_HASH_ML_DSA_SHA3_224, CKM_HASH_SLH_DSA_SHA3_224, CKM_SHA3_224},
	{CKM_HASH_ML_DSA_SHA3_256, CKM_HASH_SLH_DSA_SHA3_256, CKM_SHA3_256},
	{CKM_HASH_ML_DSA_SHA3_384, CKM_HASH_SLH_DSA_SHA3_384, CKM_SHA3_384},
	{CKM_HASH_ML_DSA_SHA3_512, CKM_HASH_SLH_DSA_SHA3_512, CKM_SHA3_512},
	{CKM_HASH_ML_DSA_SHAKE128, CKM_HASH_SLH_DSA_SHAKE128, CK_UNAVAILABLE_INFORMATION},
	{CKM_HASH_ML_DSA_SHAKE256, CKM_HASH_SLH_DSA_SHAKE256, CK_UNAVAILABLE_INFORMATION},
};

/* Hashed by the token, and by the caller: two ways to one signature. */
static void one_hash(const struct p11 *m, CK_SESSION_HANDLE s, const struct set *k, const struct hashed *h, const struct p11_pair *p)
{
	static CK_BYTE signature[SIGNATURE_MAX], again[SIGNATURE_MAX];
	bool ml = k->type == CKK_ML_DSA;
	CK_SIGN_ADDITIONAL_CONTEXT fixed = {CKH_DETERMINISTIC_REQUIRED, text, 7};
	CK_HASH_SIGN_ADDITIONAL_CONTEXT fixed_too = {CKH_DETERMINISTIC_REQUIRED, text, 7, h->digest};
	CK_MECHANISM whole = {ml ? h->ml_dsa : h->slh_dsa, &fixed, sizeof(fixed)}, pure = {k->use, &fixed, sizeof(fixed)};
	CK_MECHANISM of_digest = {ml ? CKM_HASH_ML_DSA : CKM_HASH_SLH_DSA, &fixed_too, sizeof(fixed_too)}, digest = {h->digest, NULL, 0};
	CK_ULONG n = sizeof(signature), again_n = sizeof(again), d_n = 64;
	CK_BYTE d[64];

	REQUIRE_RV(sign(m, s, &whole, p->priv, text, sizeof(text), signature, &n), CKR_OK);
	CHECK_RV(verify(m, s, &whole, p->pub, text, sizeof(text), signature, n), CKR_OK);
	CHECK_RV(verify(m, s, &pure, p->pub, text, sizeof(text), signature, n), CKR_SIGNATURE_INVALID);
	CHECK_RV(verify(m, s, &whole, p->pub, text, 3, signature, n), CKR_SIGNATURE_INVALID);
	if (h->digest == CK_UNAVAILABLE_INFORMATION)
		return;
	REQUIRE_RV(m->f->C_DigestInit(s, &digest), CKR_OK);
	REQUIRE_RV(m->f->C_Digest(s, text, sizeof(text), d, &d_n), CKR_OK);
	REQUIRE_RV(sign(m, s, &of_digest, p->priv, d, d_n, again, &again_n), CKR_OK);
	CHECK(again_n == n && memcmp(signature, again, n) == 0);
	CHECK_RV(verify(m, s, &of_digest, p->pub, d, d_n, signature, n), CKR_OK);
	CHECK_RV(verify(m, s, &of_digest, p->pub, d, d_n - 1, signature, n), CKR_DATA_LEN_RANGE);
	CHECK_RV(sign(m, s, &of_digest, p->priv, d, d_n - 1, again, &again_n), CKR_DATA_LEN_RANGE);
}

static void test_hashed(void)
{
	struct p11 m;
	struct p11_pair ml, slh;
	CK_SESSION_HANDLE s = start(&m);

	if (is_there(&m, s)) {
		REQUIRE_RV(make_pair(&m, s, &signing[0], false, &ml), CKR_OK);
		REQUIRE_RV(make_pair(&m, s, &signing[3], false, &slh), CKR_OK);
		for (CK_ULONG i = 0; i < COUNT(hashed); i++) {
			one_hash(&m, s, &signing[0], &hashed[i], &ml);
			if (i == 1 || i == 9)
				one_hash(&m, s, &signing[3], &hashed[i], &slh);
		}
	}
	p11_stop(&m);
}

static void test_parameters(void)
{
	struct p11 m;
	struct p11_pair p;
	CK_SESSION_HANDLE s = start(&m);
	static CK_BYTE context[256];
	CK_SIGN_ADDITIONAL_CONTEXT c = {3, NULL, 0};
	CK_HASH_SIGN_ADDITIONAL_CONTEXT h = {CKH_HEDGE_PREFERRED, NULL, 0, CKM_SHA_1};
	CK_MECHANISM pure = {CKM_ML_DSA, &c, sizeof(c)}, digest = {CKM_HASH_ML_DSA, &h, sizeof(h)}, bare = {CKM_HASH_ML_DSA, NULL, 0}, plain = {CKM_ML_DSA, NULL, 0};
	static CK_BYTE signature[SIGNATURE_MAX];
	CK_ULONG n;

	if (is_there(&m, s)) {
		REQUIRE_RV(make_pair(&m, s, &signing[0], false, &p), CKR_OK);
		CHECK_RV(m.f->C_SignInit(s, &pure, p.priv), CKR_MECHANISM_PARAM_INVALID);
		h = (CK_HASH_SIGN_ADDITIONAL_CONTEXT){3, NULL, 0, CKM_SHA256};
		CHECK_RV(m.f->C_SignInit(s, &digest, p.priv), CKR_MECHANISM_PARAM_INVALID);
		/* "On verification the hedgeVariant parameter is ignored." */
		n = sizeof(signature);
		REQUIRE_RV(sign(&m, s, &plain, p.priv, text, sizeof(text), signature, &n), CKR_OK);
		CHECK_RV(verify(&m, s, &pure, p.pub, text, sizeof(text), signature, n), CKR_OK);
		CHECK_RV(verify(&m, s, &digest, p.pub, text, 4, signature, n), CKR_DATA_LEN_RANGE);
		h = (CK_HASH_SIGN_ADDITIONAL_CONTEXT){CKH_HEDGE_PREFERRED, NULL, 0, CKM_SHA_1};
		c = (CK_SIGN_ADDITIONAL_CONTEXT){CKH_HEDGE_PREFERRED, context, 256};
		CHECK_RV(m.f->C_SignInit(s, &pure, p.priv), CKR_MECHANISM_PARAM_INVALID);
		c = (CK_SIGN_ADDITIONAL_CONTEXT){CKH_HEDGE_PREFERRED, NULL, 1};
		CHECK_RV(m.f->C_SignInit(s, &pure, p.priv), CKR_MECHANISM_PARAM_INVALID);
		pure.ulParameterLen--;
		CHECK_RV(m.f->C_SignInit(s, &pure, p.priv), CKR_MECHANISM_PARAM_INVALID);
		CHECK_RV(m.f->C_SignInit(s, &digest, p.priv), CKR_MECHANISM_PARAM_INVALID);
		CHECK_RV(m.f->C_SignInit(s, &bare, p.priv), CKR_MECHANISM_PARAM_INVALID);
		h.hash = CKM_SHA256;
		CHECK_RV(m.f->C_SignInit(s, &digest, p.priv), CKR_OK);
		/* One piece only. */
		CHECK_RV(m.f->C_SignUpdate(s, text, 4), CKR_FUNCTION_NOT_SUPPORTED);
		c = (CK_SIGN_ADDITIONAL_CONTEXT){CKH_HEDGE_PREFERRED, context, 255};
		pure.ulParameterLen++;
		CHECK_RV(m.f->C_SignInit(s, &pure, p.priv), CKR_OK);
	}
	p11_stop(&m);
}

/* ---- ML-KEM ---- */

static void test_kem(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_ULONG sixteen = 16;
	CK_ATTRIBUTE t[] = {ATTR(CKA_KEY_TYPE, aes)}, short_t[] = {ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_VALUE_LEN, sixteen)};

	for (CK_ULONG i = 0; i < COUNT(kem) && is_there(&m, s); i++) {
		CK_MECHANISM mechanism = {CKM_ML_KEM, NULL, 0};
		CK_BYTE wrapped[1568], one[32], other[32];
		CK_OBJECT_HANDLE made, back;
		CK_ULONG n = 0;
		struct p11_pair p;

		REQUIRE_RV(make_pair(&m, s, &kem[i], false, &p), CKR_OK);
		check_pair(&m, s, &kem[i], &p);
		CHECK_RV(m.f32->C_EncapsulateKey(s, &mechanism, p.pub, t, 1, NULL, &n, &made), CKR_OK);
		CHECK(n == kem[i].out_n);
		n--;
		CHECK_RV(m.f32->C_EncapsulateKey(s, &mechanism, p.pub, t, 1, wrapped, &n, &made), CKR_BUFFER_TOO_SMALL);
		REQUIRE_RV(m.f32->C_EncapsulateKey(s, &mechanism, p.pub, t, 1, wrapped, &n, &made), CKR_OK);
		REQUIRE_RV(m.f32->C_DecapsulateKey(s, &mechanism, p.priv, t, 1, wrapped, n, &back), CKR_OK);
		CHECK(get(&m, s, made, CKA_VALUE, one, 32) == 32 && get(&m, s, back, CKA_VALUE, other, 32) == 32);
		CHECK(memcmp(one, other, 32) == 0);
		CHECK(p11_get_bool(&m, s, back, CKA_EXTRACTABLE) && !p11_get_bool(&m, s, back, CKA_NEVER_EXTRACTABLE));
		CHECK_RV(m.f32->C_EncapsulateKey(s, &mechanism, p.pub, short_t, 2, wrapped, &n, &made), CKR_TEMPLATE_INCONSISTENT);
		CHECK_RV(m.f32->C_DecapsulateKey(s, &mechanism, p.priv, short_t, 2, wrapped, n, &made), CKR_TEMPLATE_INCONSISTENT);
		CHECK_RV(m.f32->C_DecapsulateKey(s, &mechanism, p.priv, t, 1, wrapped, n - 1, &made), CKR_WRAPPED_KEY_LEN_RANGE);
		wrapped[7] ^= 1; /* another key, and no word about it */
		REQUIRE_RV(m.f32->C_DecapsulateKey(s, &mechanism, p.priv, t, 1, wrapped, n, &back), CKR_OK);
		CHECK(get(&m, s, back, CKA_VALUE, other, 32) == 32 && memcmp(one, other, 32) != 0);
	}
	p11_stop(&m);
}

/* ---- keys in and out ---- */

struct parts {
	CK_BYTE value_bytes[4896], seed[64], pub[2592];
	CK_ULONG value_n, seed_n, pub_n;
};

static void parts_of(const struct p11 *m, CK_SESSION_HANDLE s, const struct p11_pair *p, struct parts *out)
{
	out->value_n = get(m, s, p->priv, CKA_VALUE, out->value_bytes, sizeof(out->value_bytes));
	out->seed_n = get(m, s, p->priv, CKA_SEED, out->seed, sizeof(out->seed));
	out->pub_n = get(m, s, p->pub, CKA_VALUE, out->pub, sizeof(out->pub));
}

/* A private key of the parts that have a length. */
static CK_RV create(const struct p11 *m, CK_SESSION_HANDLE s, const struct set *k, CK_BYTE *v, CK_ULONG v_n, CK_BYTE *seed, CK_ULONG seed_n,
		    CK_OBJECT_HANDLE *out)
{
	CK_KEY_TYPE type = k->type;
	CK_ULONG number = k->set, n = 5;
	CK_ATTRIBUTE t[7] = {ATTR(CKA_CLASS, class_private), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_PARAMETER_SET, number), ATTR(CKA_SENSITIVE, no),
			     ATTR(CKA_EXTRACTABLE, yes)};

	if (v_n != 0)
		t[n++] = (CK_ATTRIBUTE){CKA_VALUE, v, v_n};
	if (seed_n != 0)
		t[n++] = (CK_ATTRIBUTE){CKA_SEED, seed, seed_n};
	return m->f->C_CreateObject(s, t, n, out);
}

static void check_same(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, const struct p11_pair *p, const struct parts *k, bool seed)
{
	static CK_BYTE one[8192], other[8192];
	CK_ULONG n = get(m, s, p->pub, CKA_PUBLIC_KEY_INFO, one, sizeof(one));

	CHECK(n != 0 && get(m, s, h, CKA_PUBLIC_KEY_INFO, other, sizeof(other)) == n && memcmp(one, other, n) == 0);
	CHECK(get(m, s, h, CKA_VALUE, one, sizeof(one)) == k->value_n && memcmp(one, k->value_bytes, k->value_n) == 0);
	CHECK(get(m, s, h, CKA_SEED, one, sizeof(one)) == (seed ? k->seed_n : 0));
}

static void import_private(const struct p11 *m, CK_SESSION_HANDLE s, const struct set *k)
{
	static struct parts parts;
	struct p11_pair p;
	CK_OBJECT_HANDLE h;
	CK_RV seedless = k->type == CKK_SLH_DSA ? CKR_ATTRIBUTE_TYPE_INVALID : CKR_OK;

	REQUIRE_RV(make_pair(m, s, k, true, &p), CKR_OK);
	parts_of(m, s, &p, &parts);
	CHECK(parts.value_n == k->private_n && parts.pub_n == k->public_n);
	CHECK(parts.seed_n == (k->type == CKK_ML_KEM ? 64 : k->type == CKK_ML_DSA ? 32 : 0));
	REQUIRE_RV(create(m, s, k, parts.value_bytes, parts.value_n, NULL, 0, &h), CKR_OK);
	check_same(m, s, h, &p, &parts, false);
	CHECK_RV(create(m, s, k, NULL, 0, NULL, 0, &h), CKR_TEMPLATE_INCOMPLETE);
	CHECK_RV(create(m, s, k, parts.value_bytes, parts.value_n - 1, NULL, 0, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	if (seedless == CKR_OK) {
		REQUIRE_RV(create(m, s, k, NULL, 0, parts.seed, parts.seed_n, &h), CKR_OK);
		check_same(m, s, h, &p, &parts, true);
		REQUIRE_RV(create(m, s, k, parts.value_bytes, parts.value_n, parts.seed, parts.seed_n, &h), CKR_OK);
		check_same(m, s, h, &p, &parts, true);
		CHECK_RV(create(m, s, k, NULL, 0, parts.seed, parts.seed_n - 1, &h), CKR_ATTRIBUTE_VALUE_INVALID);
		parts.seed[0] ^= 1;
		CHECK_RV(create(m, s, k, parts.value_bytes, parts.value_n, parts.seed, parts.seed_n, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	}
	/* The last byte: z of ML-KEM, which nothing else depends on; the root of SLH-DSA, t0 of ML-DSA. */
	parts.value_bytes[parts.value_n - 1] ^= 1;
	CHECK_RV(create(m, s, k, parts.value_bytes, parts.value_n, NULL, 0, &h), k->type == CKK_ML_KEM ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID);
	/* Another first coefficient of 12 bits: ML-KEM's form and hash are right, but what is sent to it does not arrive. */
	parts.value_bytes[1] &= 0xf0;
	parts.value_bytes[0] = parts.value_bytes[0] == 0 ? 1 : 0;
	CHECK_RV(create(m, s, k, parts.value_bytes, parts.value_n, NULL, 0, &h), CKR_ATTRIBUTE_VALUE_INVALID);
}

static void test_import_private(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);

	for (CK_ULONG i = 0; i < COUNT(kem) && is_there(&m, s); i++)
		import_private(&m, s, &kem[i]);
	for (CK_ULONG i = 0; i < COUNT(signing) && is_there(&m, s); i++)
		import_private(&m, s, &signing[i]);
	p11_stop(&m);
}

static CK_RV create_public(const struct p11 *m, CK_SESSION_HANDLE s, const struct set *k, CK_ULONG number, CK_BYTE *v, CK_ULONG n,
			   CK_OBJECT_HANDLE *out)
{
	CK_KEY_TYPE type = k->type;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class_public), ATTR(CKA_KEY_TYPE, type), {CKA_VALUE, v, n}, ATTR(CKA_PARAMETER_SET, number)};

	return m->f->C_CreateObject(s, t, number == 0 ? 3 : 4, out);
}

static void test_import_public(void)
{
	static CK_BYTE v[2592], signature[SIGNATURE_MAX];
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);

	for (CK_ULONG i = 0; i < 2 && is_there(&m, s); i++) {
		const struct set *k = &signing[3 * i];
		CK_MECHANISM mechanism = {k->use, NULL, 0};
		CK_ULONG n = sizeof(signature);
		CK_OBJECT_HANDLE h;
		struct p11_pair p;

		REQUIRE_RV(make_pair(&m, s, k, false, &p), CKR_OK);
		REQUIRE(get(&m, s, p.pub, CKA_VALUE, v, sizeof(v)) == k->public_n);
		REQUIRE_RV(sign(&m, s, &mechanism, p.priv, text, sizeof(text), signature, &n), CKR_OK);
		REQUIRE_RV(create_public(&m, s, k, k->set, v, k->public_n, &h), CKR_OK);
		CHECK_RV(verify(&m, s, &mechanism, h, text, sizeof(text), signature, n), CKR_OK);
		CHECK_RV(create_public(&m, s, k, k->set, v, k->public_n - 1, &h), CKR_ATTRIBUTE_VALUE_INVALID);
		CHECK_RV(create_public(&m, s, k, 0, v, k->public_n, &h), CKR_TEMPLATE_INCOMPLETE);
		CHECK_RV(create_public(&m, s, k, 99, v, k->public_n, &h), CKR_PARAMETER_SET_NOT_SUPPORTED);
	}
	if (is_there(&m, s)) {
		CK_OBJECT_HANDLE h;

		/* Coefficients of 12 bits that are not reduced (FIPS 203 §7.2). */
		memset(v, 0xff, sizeof(v));
		CHECK_RV(create_public(&m, s, &kem[0], kem[0].set, v, kem[0].public_n, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	}
	p11_stop(&m);
}

static void test_templates_of_pairs(void)
{
	struct p11 m;
	struct p11_pair p;
	CK_SESSION_HANDLE s = start(&m);
	CK_MECHANISM mechanism = {CKM_ML_DSA_KEY_PAIR_GEN, NULL, 0};
	CK_ULONG number = CKP_ML_DSA_44, wrong = 99;
	CK_ATTRIBUTE good = ATTR(CKA_PARAMETER_SET, number), bad = ATTR(CKA_PARAMETER_SET, wrong), seed = {CKA_SEED, text, 8};

	if (is_there(&m, s)) {
		CHECK_RV(m.f->C_GenerateKeyPair(s, &mechanism, NULL, 0, NULL, 0, &p.pub, &p.priv), CKR_TEMPLATE_INCOMPLETE);
		CHECK_RV(m.f->C_GenerateKeyPair(s, &mechanism, &bad, 1, NULL, 0, &p.pub, &p.priv), CKR_PARAMETER_SET_NOT_SUPPORTED);
		CHECK_RV(m.f->C_GenerateKeyPair(s, &mechanism, &good, 1, &good, 1, &p.pub, &p.priv), CKR_TEMPLATE_INCONSISTENT);
		CHECK_RV(m.f->C_GenerateKeyPair(s, &mechanism, &good, 1, &seed, 1, &p.pub, &p.priv), CKR_TEMPLATE_INCONSISTENT);
		CHECK_RV(m.f->C_GenerateKeyPair(s, &mechanism, &good, 1, NULL, 0, &p.pub, &p.priv), CKR_OK);
	}
	p11_stop(&m);
}

/* As PrivateKeyInfo under AES key wrap, and the public half of what comes back. */
static void wrap_and_back(const struct p11 *m, CK_SESSION_HANDLE s, const struct set *k, CK_OBJECT_HANDLE with)
{
	static CK_BYTE wrapped[8192];
	static struct parts before, after;
	CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP_KWP, NULL, 0}, half = {CKM_PUB_KEY_FROM_PRIV_KEY, NULL, 0};
	CK_KEY_TYPE type = k->type;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class_private), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes)};
	CK_ULONG n = sizeof(wrapped);
	struct p11_pair p, q;

	REQUIRE_RV(make_pair(m, s, k, true, &p), CKR_OK);
	parts_of(m, s, &p, &before);
	REQUIRE_RV(m->f->C_WrapKey(s, &mechanism, with, p.priv, wrapped, &n), CKR_OK);
	REQUIRE_RV(m->f->C_UnwrapKey(s, &mechanism, with, wrapped, n, t, 4, &q.priv), CKR_OK);
	REQUIRE_RV(m->f->C_DeriveKey(s, &half, q.priv, NULL, 0, &q.pub), CKR_OK);
	parts_of(m, s, &q, &after);
	CHECK(before.value_n != 0 && before.value_n == after.value_n && before.seed_n == after.seed_n && before.pub_n == after.pub_n);
	CHECK(memcmp(before.value_bytes, after.value_bytes, before.value_n) == 0 && memcmp(before.seed, after.seed, before.seed_n) == 0 &&
	      memcmp(before.pub, after.pub, before.pub_n) == 0);
}

static void test_wrap(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_MECHANISM make = {CKM_AES_KEY_GEN, NULL, 0};
	CK_ULONG size = 32;
	CK_ATTRIBUTE role[] = {ATTR(CKA_VALUE_LEN, size), ATTR(CKA_WRAP, yes), ATTR(CKA_UNWRAP, yes), ATTR(CKA_EXTRACTABLE, yes)};
	CK_OBJECT_HANDLE with;

	REQUIRE_RV(m.f->C_GenerateKey(s, &make, role, 4, &with), CKR_OK);
	for (CK_ULONG i = 0; i < COUNT(kem) && is_there(&m, s); i++)
		wrap_and_back(&m, s, &kem[i], with);
	for (CK_ULONG i = 0; i < COUNT(signing) && is_there(&m, s); i++)
		wrap_and_back(&m, s, &signing[i], with);
	p11_stop(&m);
}

/* Token objects, in another session after a new login. */
static void test_token_objects(void)
{
	static CK_BYTE signature[SIGNATURE_MAX];
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_MECHANISM make = {CKM_ML_DSA_KEY_PAIR_GEN, NULL, 0}, mechanism = {CKM_ML_DSA, NULL, 0};
	CK_ULONG number = CKP_ML_DSA_87, n = sizeof(signature);
	CK_ATTRIBUTE pub[] = {ATTR(CKA_PARAMETER_SET, number), ATTR(CKA_TOKEN, yes)}, priv[] = {ATTR(CKA_TOKEN, yes)};
	CK_SLOT_ID slot = slot_of(&m, s);
	struct p11_pair p;

	if (is_there(&m, s)) {
		REQUIRE_RV(m.f->C_GenerateKeyPair(s, &make, pub, 2, priv, 1, &p.pub, &p.priv), CKR_OK);
		REQUIRE_RV(m.f->C_CloseAllSessions(slot), CKR_OK);
		s = p11_session(&m, slot, true);
		REQUIRE_RV(sign(&m, s, &mechanism, p.priv, text, sizeof(text), signature, &n), CKR_OK);
		CHECK_RV(verify(&m, s, &mechanism, p.pub, text, sizeof(text), signature, n), CKR_OK);
	}
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"offered where the library has them, and refused where not", test_offered_or_not},
		{"ML-DSA, SLH-DSA: signatures, with a context, hedged and deterministic", test_signatures},
		{"in parts, with the signature first, as messages", test_other_ways},
		{"hashed first, by the token and by the caller", test_hashed},
		{"parameters", test_parameters},
		{"ML-KEM", test_kem},
		{"private keys by value, by seed, by both", test_import_private},
		{"public keys", test_import_public},
		{"templates of pairs", test_templates_of_pairs},
		{"wrapped as PrivateKeyInfo, and the public half", test_wrap},
		{"token objects", test_token_objects},
		{NULL, NULL},
	};

	return unit_main("conformance: ML-KEM, ML-DSA, SLH-DSA", tests);
}
