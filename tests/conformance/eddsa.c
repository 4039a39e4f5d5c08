/* SPDX-License-Identifier: Apache-2.0 */
/* Edwards keys and CKM_EDDSA (PKCS#11 3.0, "Elliptic Curve", section 6.3.5 on; RFC 8032). */
#include <stdlib.h>
#include <string.h>

#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_BYTE oid[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
static CK_BYTE name[] = {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};
static CK_MECHANISM generate = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0}, eddsa = {CKM_EDDSA, NULL, 0};

/* RFC 8032, section 7.1, TEST 2. */
static const CK_BYTE seed[32] = {
	0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f,
	0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb};
static const CK_BYTE point[32] = {
	0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a, 0x92, 0xb7, 0x0a, 0xa7, 0x4d, 0x1b, 0x7e, 0xbc,
	0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4, 0x96, 0x8c, 0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c};
static const CK_BYTE expected[64] = {
	0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8, 0x72, 0x0e, 0x82, 0x0b, 0x5f, 0x64, 0x25, 0x40,
	0xa2, 0xb2, 0x7b, 0x54, 0x16, 0x50, 0x3f, 0x8f, 0xb3, 0x76, 0x22, 0x23, 0xeb, 0xdb, 0x69, 0xda,
	0x08, 0x5a, 0xc1, 0xe4, 0x3e, 0x15, 0x99, 0x6e, 0x45, 0x8f, 0x36, 0x13, 0xd0, 0xf1, 0x1d, 0x8c,
	0x38, 0x7b, 0x2e, 0xae, 0xb4, 0x30, 0x2a, 0xee, 0xb0, 0x0d, 0x29, 0x16, 0x12, 0xbb, 0x0c, 0x00};

static CK_SESSION_HANDLE start(struct p11 *m)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_start(m));
	slot = p11_token(m, "eddsa");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static void test_published(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE priv, pub;
	CK_BYTE signature[64];

	REQUIRE_RV(p11_import(&m, s, seed, &priv), CKR_OK);
	REQUIRE_RV(p11_import_public(&m, s, point, &pub), CKR_OK);
	CHECK_RV(p11_sign(&m, s, priv, NULL, "\x72", 1, signature), CKR_OK);
	CHECK(memcmp(signature, expected, 64) == 0);
	CHECK_RV(p11_verify(&m, s, pub, NULL, "\x72", 1, signature), CKR_OK);
	CHECK_RV(p11_verify(&m, s, pub, NULL, "\x73", 1, signature), CKR_SIGNATURE_INVALID);
	signature[10] ^= 1;
	CHECK_RV(p11_verify(&m, s, pub, NULL, "\x72", 1, signature), CKR_SIGNATURE_INVALID);
	p11_stop(&m);
}

static void test_generate(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE pub, priv;
	CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, read[32], signature[64];
	CK_ATTRIBUTE t = ATTR(CKA_EC_PARAMS, oid), bad = ATTR(CKA_EC_PARAMS, p256);
	CK_ATTRIBUTE by_name = ATTR(CKA_EC_PARAMS, name), params = {CKA_EC_PARAMS, read, sizeof(read)};

	CHECK_RV(m.f->C_GenerateKeyPair(s, NULL, &t, 1, NULL, 0, &pub, &priv), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, &t, 1, NULL, 0, NULL, &priv), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, NULL, 0, NULL, 0, &pub, &priv), CKR_TEMPLATE_INCOMPLETE);
	CHECK(m.f->C_GenerateKeyPair(s, &generate, &bad, 1, NULL, 0, &pub, &priv) != CKR_OK);
	/* Java's private template is empty: such a key signs, and is no token object. */
	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &generate, &t, 1, NULL, 0, &pub, &priv), CKR_OK);
	CHECK(!p11_get_bool(&m, s, priv, CKA_TOKEN) && p11_get_bool(&m, s, priv, CKA_PRIVATE));
	CHECK(p11_get_bool(&m, s, priv, CKA_SIGN) && p11_get_bool(&m, s, pub, CKA_VERIFY));
	CHECK_RV(p11_sign(&m, s, priv, NULL, "", 0, signature), CKR_OK);
	CHECK_RV(p11_verify(&m, s, pub, NULL, "", 0, signature), CKR_OK);
	/* Parameters come back as they went in. */
	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &generate, &by_name, 1, NULL, 0, &pub, &priv), CKR_OK);
	CHECK_RV(m.f->C_GetAttributeValue(s, pub, &params, 1), CKR_OK);
	CHECK(params.ulValueLen == sizeof(name) && memcmp(read, name, sizeof(name)) == 0);
	p11_stop(&m);
}

/* What clients in circulation send beside what they need. */
static void test_liberal_templates(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE h, priv;
	CK_ATTRIBUTE pub_tool[] = {ATTR(CKA_EC_PARAMS, name), ATTR(CKA_DERIVE, yes), ATTR(CKA_VERIFY, yes)};
	CK_ATTRIBUTE priv_tool[] = {ATTR(CKA_SIGN, yes), ATTR(CKA_DERIVE, yes), ATTR(CKA_SENSITIVE, yes)};
	CK_ATTRIBUTE pub_provider[] = {ATTR(CKA_EC_PARAMS, oid), ATTR(CKA_WRAP, yes), ATTR(CKA_DERIVE, no)};
	CK_ATTRIBUTE priv_provider[] = {ATTR(CKA_SIGN, yes), ATTR(CKA_UNWRAP, yes)};
	CK_ATTRIBUTE pub_nss[] = {ATTR(CKA_EC_PARAMS, oid), ATTR(CKA_ENCRYPT, no), ATTR(CKA_VERIFY_RECOVER, no)};

	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, pub_tool, 3, priv_tool, 3, &h, &priv), CKR_OK);
	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, pub_provider, 3, priv_provider, 2, &h, &priv), CKR_OK);
	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, pub_nss, 3, NULL, 0, &h, &priv), CKR_OK);
	p11_stop(&m);
}

static CK_RV public_from(const struct p11 *m, CK_SESSION_HANDLE s, void *params, CK_ULONG params_n, void *p,
			 CK_ULONG n, CK_OBJECT_HANDLE *h)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_EC_EDWARDS;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_VERIFY, yes),
			    {CKA_EC_PARAMS, params, params_n}, {CKA_EC_POINT, p, n}};

	return m->f->C_CreateObject(s, t, 5, h);
}

static void test_point_encodings(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE h;
	CK_BYTE octets[34] = {0x04, 0x20}, bits[35] = {0x03, 0x21, 0x00}, read[64];
	CK_ATTRIBUTE back = {CKA_EC_POINT, read, sizeof(read)};
	struct {
		CK_BYTE *p;
		CK_ULONG n;
	} form[] = {{(CK_BYTE *)point, 32}, {octets, 34}, {bits, 35}};

	if (!m.is_coffer) {
		p11_stop(&m);
		return;
	}
	memcpy(octets + 2, point, 32);
	memcpy(bits + 3, point, 32);
	for (int i = 0; i < 6; i++) {
		REQUIRE_RV(public_from(&m, s, i < 3 ? oid : name, i < 3 ? sizeof(oid) : sizeof(name), form[i % 3].p,
				       form[i % 3].n, &h),
			   CKR_OK);
		CHECK_RV(p11_verify(&m, s, h, NULL, "\x72", 1, expected), CKR_OK);
		back.ulValueLen = sizeof(read);
		CHECK_RV(m.f->C_GetAttributeValue(s, h, &back, 1), CKR_OK);
		CHECK(back.ulValueLen == 34 && memcmp(read, octets, 34) == 0);
	}
	CHECK(public_from(&m, s, oid, sizeof(oid), octets, 33, &h) != CKR_OK);
	CHECK(public_from(&m, s, oid, sizeof(oid), octets + 2, 31, &h) != CKR_OK);
	CHECK(public_from(&m, s, oid, 4, octets, 34, &h) != CKR_OK);
	bits[2] = 1; /* unused bits */
	CHECK(public_from(&m, s, oid, sizeof(oid), bits, 35, &h) != CKR_OK);
	p11_stop(&m);
}

static void test_import_templates(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_EC_EDWARDS;
	CK_BYTE value[32];
	CK_OBJECT_HANDLE h;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_EC_PARAMS, oid),
			    ATTR(CKA_VALUE, value)};

	memcpy(value, seed, 32);
	CHECK_RV(m.f->C_CreateObject(s, t, 3, &h), CKR_TEMPLATE_INCOMPLETE);
	CHECK_RV(m.f->C_CreateObject(s, t, 4, &h), CKR_OK);
	CHECK(!p11_get_bool(&m, s, h, CKA_LOCAL));
	if (m.is_coffer) {
		t[3].ulValueLen = 31;
		CHECK_RV(m.f->C_CreateObject(s, t, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID);
		t[3].ulValueLen = 0;
		CHECK(m.f->C_CreateObject(s, t, 4, &h) != CKR_OK);
	}
	p11_stop(&m);
}

static void test_lengths(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE priv, pub;
	CK_BYTE signature[64], data[] = {0x72};
	CK_ULONG n;

	REQUIRE_RV(p11_import(&m, s, seed, &priv), CKR_OK);
	REQUIRE_RV(p11_import_public(&m, s, point, &pub), CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &eddsa, priv), CKR_OK);
	n = 0;
	CHECK_RV(m.f->C_Sign(s, data, 1, NULL, &n), CKR_OK); /* how long? */
	CHECK(n == 64);
	n = 63;
	CHECK_RV(m.f->C_Sign(s, data, 1, signature, &n), CKR_BUFFER_TOO_SMALL);
	CHECK(n == 64);
	CHECK_RV(m.f->C_Sign(s, data, 1, signature, &n), CKR_OK); /* still begun */
	CHECK(n == 64 && memcmp(signature, expected, 64) == 0);
	CHECK_RV(m.f->C_Sign(s, data, 1, signature, &n), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f->C_SignInit(s, &eddsa, priv), CKR_OK);
	CHECK_RV(m.f->C_Sign(s, data, 1, signature, NULL), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_VerifyInit(s, &eddsa, pub), CKR_OK);
	CHECK_RV(m.f->C_Verify(s, data, 1, signature, 63), CKR_SIGNATURE_LEN_RANGE);
	CHECK_RV(m.f->C_Verify(s, data, 1, signature, 64), CKR_OPERATION_NOT_INITIALIZED);
	p11_stop(&m);
}

static void test_begin(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_MECHANISM unknown = {0x7fff1234, NULL, 0}, wrong = {CKM_SHA256, NULL, 0};
	CK_OBJECT_HANDLE pub, priv;
	CK_ATTRIBUTE t = ATTR(CKA_EC_PARAMS, oid), idle = ATTR(CKA_SIGN, no), deaf = ATTR(CKA_VERIFY, no);
	CK_ATTRIBUTE both[] = {t, deaf};

	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &generate, both, 2, &idle, 1, &pub, &priv), CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &eddsa, priv), CKR_KEY_FUNCTION_NOT_PERMITTED);
	CHECK_RV(m.f->C_VerifyInit(s, &eddsa, pub), CKR_KEY_FUNCTION_NOT_PERMITTED);
	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &generate, &t, 1, NULL, 0, &pub, &priv), CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &unknown, priv), CKR_MECHANISM_INVALID);
	CHECK_RV(m.f->C_SignInit(s, &wrong, priv), CKR_MECHANISM_INVALID);
	CHECK_EITHER(m.f->C_SignInit(s, &eddsa, 0x7ffffff1), CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID);
	CHECK(m.f->C_SignInit(s, &eddsa, pub) != CKR_OK); /* no private key */
	CHECK(m.f->C_VerifyInit(s, &eddsa, priv) != CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &eddsa, priv), CKR_OK); /* and none of that left an operation behind */
	p11_stop(&m);
}

static void test_allowed_mechanisms(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_MECHANISM_TYPE ecdsa = CKM_ECDSA, ours = CKM_EDDSA;
	CK_OBJECT_HANDLE pub, priv;
	CK_ATTRIBUTE t = ATTR(CKA_EC_PARAMS, oid), only = ATTR(CKA_ALLOWED_MECHANISMS, ecdsa);
	CK_RV rv;

	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &generate, &t, 1, &only, 1, &pub, &priv), CKR_OK);
	rv = m.f->C_SignInit(s, &eddsa, priv);
	CHECK_EITHER(rv, CKR_MECHANISM_INVALID, CKR_KEY_FUNCTION_NOT_PERMITTED);
	only = (CK_ATTRIBUTE)ATTR(CKA_ALLOWED_MECHANISMS, ours);
	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &generate, &t, 1, &only, 1, &pub, &priv), CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &eddsa, priv), CKR_OK);
	p11_stop(&m);
}

/* Three variants: no parameter is Ed25519, a context is Ed25519ctx, phFlag is Ed25519ph (PKCS#11 3.0, table of 6.3.16). */
static void test_variants(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair k;
	CK_BYTE context[] = "a context", long_context[256] = {0}, a[3][64];
	CK_EDDSA_PARAMS ctx = {CK_FALSE, 9, context}, ph = {CK_TRUE, 0, NULL}, both = {CK_TRUE, 9, context},
			bad = {CK_FALSE, 256, long_context}, null = {CK_FALSE, 9, NULL}, odd = {7, 0, NULL};
	CK_MECHANISM short_parameter = {CKM_EDDSA, &ctx, 5}, lost = {CKM_EDDSA, NULL, sizeof(ctx)};

	if (!m.is_coffer) {
		p11_stop(&m);
		return;
	}
	REQUIRE_RV(p11_generate(&m, s, false, "v", &k), CKR_OK);
	CHECK_RV(p11_sign(&m, s, k.priv, NULL, "abc", 3, a[0]), CKR_OK);
	CHECK_RV(p11_sign(&m, s, k.priv, &ctx, "abc", 3, a[1]), CKR_OK);
	CHECK_RV(p11_sign(&m, s, k.priv, &ph, "abc", 3, a[2]), CKR_OK);
	CHECK_RV(p11_verify(&m, s, k.pub, NULL, "abc", 3, a[0]), CKR_OK);
	CHECK_RV(p11_verify(&m, s, k.pub, &ctx, "abc", 3, a[1]), CKR_OK);
	CHECK_RV(p11_verify(&m, s, k.pub, &ph, "abc", 3, a[2]), CKR_OK);
	/* A signature of one variant is none of another. */
	CHECK_RV(p11_verify(&m, s, k.pub, &ctx, "abc", 3, a[0]), CKR_SIGNATURE_INVALID);
	CHECK_RV(p11_verify(&m, s, k.pub, &ph, "abc", 3, a[0]), CKR_SIGNATURE_INVALID);
	CHECK_RV(p11_verify(&m, s, k.pub, NULL, "abc", 3, a[1]), CKR_SIGNATURE_INVALID);
	CHECK_RV(p11_verify(&m, s, k.pub, &both, "abc", 3, a[2]), CKR_SIGNATURE_INVALID);
	context[0] = 'b';
	CHECK_RV(p11_verify(&m, s, k.pub, &ctx, "abc", 3, a[1]), CKR_SIGNATURE_INVALID);
	/* A parameter is honoured or refused. */
	CHECK_RV(p11_sign(&m, s, k.priv, &bad, "abc", 3, a[0]), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(p11_sign(&m, s, k.priv, &null, "abc", 3, a[0]), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(p11_sign(&m, s, k.priv, &odd, "abc", 3, a[0]), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(m.f->C_SignInit(s, &short_parameter, k.priv), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(m.f->C_SignInit(s, &lost, k.priv), CKR_MECHANISM_PARAM_INVALID);
	p11_stop(&m);
}

/* Between C_SignInit and C_Sign the caller's parameter may change. */
static void test_parameter_is_copied(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair k;
	CK_BYTE context[] = "first", signature[64];
	CK_EDDSA_PARAMS ctx = {CK_FALSE, 5, context};
	CK_MECHANISM mechanism = {CKM_EDDSA, &ctx, sizeof(ctx)};
	CK_ULONG n = 64;

	if (!m.is_coffer) {
		p11_stop(&m);
		return;
	}
	REQUIRE_RV(p11_generate(&m, s, false, "v", &k), CKR_OK);
	REQUIRE_RV(m.f->C_SignInit(s, &mechanism, k.priv), CKR_OK);
	memcpy(context, "other", 5);
	ctx.phFlag = CK_TRUE;
	REQUIRE_RV(m.f->C_Sign(s, (CK_BYTE *)"m", 1, signature, &n), CKR_OK);
	memcpy(context, "first", 5);
	ctx.phFlag = CK_FALSE;
	CHECK_RV(p11_verify(&m, s, k.pub, &ctx, "m", 1, signature), CKR_OK);
	p11_stop(&m);
}

/* In parts where the specification gives it: Ed25519ph; pure EdDSA needs its message twice. */
static void test_in_parts(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair k;
	CK_BYTE whole[64], parts[64];
	CK_EDDSA_PARAMS ph = {CK_TRUE, 0, NULL};
	CK_MECHANISM mechanism = {CKM_EDDSA, &ph, sizeof(ph)};
	CK_ULONG n = 64;
	CK_RV rv;

	REQUIRE_RV(p11_generate(&m, s, false, "v", &k), CKR_OK);
	REQUIRE_RV(m.f->C_SignInit(s, &eddsa, k.priv), CKR_OK);
	rv = m.f->C_SignUpdate(s, (CK_BYTE *)"a", 1);
	if (rv == CKR_OK) {
		CHECK_RV(m.f->C_SignUpdate(s, (CK_BYTE *)"bc", 2), CKR_OK);
		CHECK_RV(m.f->C_SignFinal(s, parts, &n), CKR_OK);
		CHECK_RV(p11_verify(&m, s, k.pub, NULL, "abc", 3, parts), CKR_OK);
	} else {
		CHECK_RV(m.f->C_SignInit(s, &eddsa, k.priv), CKR_OK); /* the session is clean again */
		CHECK_RV(m.f->C_Sign(s, (CK_BYTE *)"abc", 3, parts, &n), CKR_OK);
	}
	if (!m.is_coffer) {
		p11_stop(&m);
		return;
	}
	REQUIRE_RV(p11_sign(&m, s, k.priv, &ph, "abc", 3, whole), CKR_OK);
	REQUIRE_RV(m.f->C_SignInit(s, &mechanism, k.priv), CKR_OK);
	rv = m.f->C_SignUpdate(s, (CK_BYTE *)"a", 1);
	if (rv == CKR_OK) {
		CHECK_RV(m.f->C_SignUpdate(s, (CK_BYTE *)"bc", 2), CKR_OK);
		CHECK_RV(m.f->C_SignFinal(s, parts, &n), CKR_OK);
		CHECK(memcmp(whole, parts, 64) == 0);
		CHECK_RV(m.f->C_VerifyInit(s, &mechanism, k.pub), CKR_OK);
		CHECK_RV(m.f->C_VerifyUpdate(s, (CK_BYTE *)"abc", 3), CKR_OK);
		CHECK_RV(m.f->C_VerifyFinal(s, parts, 64), CKR_OK);
	}
	p11_stop(&m);
}

/* Sizes around the blocks of SHA-512, and one message of a megabyte. */
static void test_sizes(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair k;
	CK_BYTE signature[64], *message = calloc(1, 1 << 20);

	REQUIRE(message != NULL);
	REQUIRE_RV(p11_generate(&m, s, false, "v", &k), CKR_OK);
	for (size_t n = 0; n <= 1 << 20; n = n < 260 ? n + 1 : n * 2) {
		message[n / 2] ^= (CK_BYTE)n;
		CHECK_RV(p11_sign(&m, s, k.priv, NULL, message, n, signature), CKR_OK);
		CHECK_RV(p11_verify(&m, s, k.pub, NULL, message, n, signature), CKR_OK);
	}
	free(message);
	p11_stop(&m);
}

/* A token key signs after a restart as it did before, and another process's key is not it. */
static void test_kept(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair k;
	CK_BYTE before[64], after[64];
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), {CKA_ID, (void *)"kept", 4}};
	CK_OBJECT_HANDLE h;

	REQUIRE_RV(p11_generate(&m, s, true, "kept", &k), CKR_OK);
	REQUIRE_RV(p11_sign(&m, s, k.priv, NULL, "abc", 3, before), CKR_OK);
	CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	CHECK_RV(m.f->C_Initialize(NULL), CKR_OK);
	s = p11_session(&m, p11_find_slot(&m, "eddsa"), true);
	REQUIRE(p11_find(&m, s, t, 2, &h, 1) == 1);
	CHECK_RV(p11_sign(&m, s, h, NULL, "abc", 3, after), CKR_OK);
	CHECK(memcmp(before, after, 64) == 0);
	p11_stop(&m);
}

#define LONG 200

/* Both passes over the message read what was given: were R written over it between them, two signatures would have one nonce and
 * two challenges, and whoever holds both could compute the private key. */
static void test_over_the_message(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_EDDSA_PARAMS context = {CK_FALSE, 3, (CK_BYTE_PTR) "ctx"};
	CK_MECHANISM forms[] = {{CKM_EDDSA, NULL, 0}, {CKM_EDDSA, &context, sizeof(context)}};
	CK_BYTE message[LONG], room[LONG + 128], apart[64];
	CK_OBJECT_HANDLE priv;

	REQUIRE_RV(p11_import(&m, s, seed, &priv), CKR_OK);
	memset(message, 0x61, sizeof(message));
	for (int i = 0; i < 2; i++) {
		CK_ULONG n = sizeof(apart);

		REQUIRE_RV(m.f->C_SignInit(s, &forms[i], priv), CKR_OK);
		REQUIRE_RV(m.f->C_Sign(s, message, LONG, apart, &n), CKR_OK);
		for (int at = 1; at < LONG + 64; at += 21) { /* the message is at 64 */
			memcpy(room + 64, message, LONG);
			n = at % 2 == 0 ? 64 : (CK_ULONG)-2; /* a caller that says more than there is */
			REQUIRE_RV(m.f->C_SignInit(s, &forms[i], priv), CKR_OK);
			CHECK_RV(m.f->C_Sign(s, room + 64, LONG, room + at, &n), CKR_OK);
			CHECK(n == 64 && memcmp(room + at, apart, 64) == 0);
			memcpy(room + 64, message, LONG);
			REQUIRE_RV(m.f3->C_MessageSignInit(s, &forms[i], priv), CKR_OK);
			CHECK_RV(m.f3->C_SignMessage(s, NULL, 0, room + 64, LONG, room + at, &n), CKR_OK);
			CHECK(n == 64 && memcmp(room + at, apart, 64) == 0);
			CHECK_RV(m.f3->C_MessageSignFinal(s), CKR_OK);
		}
	}
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"RFC 8032 through C_CreateObject, C_Sign and C_Verify", test_published},
		{"C_GenerateKeyPair: templates, defaults, curves", test_generate},
		{"templates of clients in circulation", test_liberal_templates},
		{"EC_PARAMS and EC_POINT in every encoding", test_point_encodings},
		{"C_CreateObject of a private key", test_import_templates},
		{"length queries and short buffers leave the operation begun", test_lengths},
		{"C_SignInit and C_VerifyInit refuse what is not allowed", test_begin},
		{"CKA_ALLOWED_MECHANISMS", test_allowed_mechanisms},
		{"Ed25519, Ed25519ctx, Ed25519ph are three", test_variants},
		{"the parameter is copied at C_SignInit", test_parameter_is_copied},
		{"in parts", test_in_parts},
		{"messages of every size", test_sizes},
		{"a signature where the message is", test_over_the_message},
		{"a token key is the same after a restart", test_kept},
		{NULL, NULL},
	};

	return unit_main("conformance: Ed25519", tests);
}
