/* SPDX-License-Identifier: Apache-2.0 */
/* Weierstrass and Montgomery keys, CKM_ECDSA (PKCS#11 3.0, "Elliptic Curve", section 6.3; RFC 6979's key and signatures). */
#include <string.h>

#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};

/* RFC 6979, A.2.5: the key, and its signature of "sample" with SHA-256. */
static CK_BYTE d[32] = {0xc9, 0xaf, 0xa9, 0xd8, 0x45, 0xba, 0x75, 0x16, 0x6b, 0x5c, 0x21, 0x57, 0x67, 0xb1, 0xd6, 0x93,
			0x4e, 0x50, 0xc3, 0xdb, 0x36, 0xe8, 0x9b, 0x12, 0x7b, 0x8a, 0x62, 0x2b, 0x12, 0x0f, 0x67, 0x21};
static CK_BYTE q[67] = {0x04, 0x41, 0x04, 0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6, 0x35,
			0x6d, 0x68, 0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f,
			0xb6, 0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc, 0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64,
			0xf2, 0xf1, 0xb2, 0x0c, 0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99};
static CK_BYTE known[64] = {
	0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8, 0xfd, 0x11, 0x40, 0xdd, 0x9c, 0xd4, 0x5e, 0x81, 0xd6,
	0x9d, 0x2c, 0x87, 0x7b, 0x56, 0xaa, 0xf9, 0x91, 0xc3, 0x4d, 0x0e, 0xa8, 0x4e, 0xaf, 0x37, 0x16,
	0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65, 0x7c, 0x41, 0xd4, 0x36, 0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65,
	0xf3, 0xe9, 0x00, 0xdb, 0xb9, 0xaf, 0xf4, 0x06, 0x4d, 0xc4, 0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8};

static CK_SESSION_HANDLE start(struct p11 *m)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_start(m));
	slot = p11_token(m, "ec");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static CK_RV pair(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM_TYPE type, CK_BYTE *params, CK_ULONG n,
		  struct p11_pair *out)
{
	CK_MECHANISM mechanism = {type, NULL, 0};
	CK_ATTRIBUTE t = {CKA_EC_PARAMS, params, n};

	return m->f->C_GenerateKeyPair(s, &mechanism, &t, 1, NULL, 0, &out->pub, &out->priv);
}

static CK_RV sign(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key, const void *data,
		  CK_ULONG n, CK_BYTE *out, CK_ULONG *out_n)
{
	CK_MECHANISM mechanism = {type, NULL, 0};
	CK_RV rv = m->f->C_SignInit(s, &mechanism, key);

	return rv == CKR_OK ? m->f->C_Sign(s, (CK_BYTE *)data, n, out, out_n) : rv;
}

static CK_RV verify(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key, const void *data,
		    CK_ULONG n, const CK_BYTE *signature, CK_ULONG signature_n)
{
	CK_MECHANISM mechanism = {type, NULL, 0};
	CK_RV rv = m->f->C_VerifyInit(s, &mechanism, key);

	return rv == CKR_OK ? m->f->C_Verify(s, (CK_BYTE *)data, n, (CK_BYTE *)signature, signature_n) : rv;
}

static CK_RV import(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE part, void *value,
		    CK_ULONG n, CK_OBJECT_HANDLE *h)
{
	CK_KEY_TYPE type = CKK_EC;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_EC_PARAMS, p256), {part, value, n}};

	return m->f->C_CreateObject(s, t, 4, h);
}

static void test_published(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE priv, pub;
	CK_BYTE signature[64], info[200];
	CK_ULONG n = sizeof(signature);
	CK_ATTRIBUTE t = {CKA_PUBLIC_KEY_INFO, info, sizeof(info)};

	REQUIRE_RV(import(&m, s, CKO_PRIVATE_KEY, CKA_VALUE, d, sizeof(d), &priv), CKR_OK);
	REQUIRE_RV(import(&m, s, CKO_PUBLIC_KEY, CKA_EC_POINT, q, sizeof(q), &pub), CKR_OK);
	CHECK_RV(verify(&m, s, CKM_ECDSA_SHA256, pub, "sample", 6, known, 64), CKR_OK);
	CHECK_RV(verify(&m, s, CKM_ECDSA_SHA256, pub, "simple", 6, known, 64), CKR_SIGNATURE_INVALID);
	CHECK_RV(sign(&m, s, CKM_ECDSA_SHA256, priv, "sample", 6, signature, &n), CKR_OK);
	CHECK(n == 64);
	CHECK_RV(verify(&m, s, CKM_ECDSA_SHA256, pub, "sample", 6, signature, 64), CKR_OK);
	/* The private key knows its public one. */
	CHECK_RV(m.f->C_GetAttributeValue(s, priv, &t, 1), CKR_OK);
	CHECK(t.ulValueLen == 91 && memcmp(info + 91 - 65, q + 2, 65) == 0);
	p11_stop(&m);
}

static CK_BYTE oids[][12] = {
	{5, 0x06, 0x03, 0x2b, 0x65, 0x6e},
	{7, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x21},
	{10, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07},
	{7, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22},
	{7, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23},
	{7, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a},
	{11, 0x06, 0x09, 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x05},
	{11, 0x06, 0x09, 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07},
	{11, 0x06, 0x09, 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x09},
	{11, 0x06, 0x09, 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0b},
	{11, 0x06, 0x09, 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0d},
};
static const CK_ULONG orders[] = {0, 28, 32, 48, 66, 32, 28, 32, 40, 48, 64};

static void test_every_curve(void)
{
	static const CK_MECHANISM_TYPE hashes[] = {CKM_ECDSA_SHA1,     CKM_ECDSA_SHA224,   CKM_ECDSA_SHA256,
						   CKM_ECDSA_SHA384,   CKM_ECDSA_SHA512,   CKM_ECDSA_SHA3_224,
						   CKM_ECDSA_SHA3_256, CKM_ECDSA_SHA3_384, CKM_ECDSA_SHA3_512, CKM_ECDSA};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_BYTE signature[132], data[64] = {7};
	struct p11_pair k;
	CK_ULONG n;

	for (size_t i = 1; i < sizeof(oids) / sizeof(oids[0]); i++) {
		REQUIRE_RV(pair(&m, s, CKM_EC_KEY_PAIR_GEN, oids[i] + 1, oids[i][0], &k), CKR_OK);
		for (size_t h = 0; h < sizeof(hashes) / sizeof(hashes[0]); h++) {
			n = sizeof(signature);
			CHECK_RV(sign(&m, s, hashes[h], k.priv, data, 64, signature, &n), CKR_OK);
			CHECK(n == 2 * orders[i]);
			CHECK_RV(verify(&m, s, hashes[h], k.pub, data, 64, signature, n), CKR_OK);
			data[0] ^= 1;
			CHECK_RV(verify(&m, s, hashes[h], k.pub, data, 64, signature, n), CKR_SIGNATURE_INVALID);
		}
	}
	p11_stop(&m);
}

static void test_generate_refuses(void)
{
	CK_BYTE b163[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x01}, explicit[] = {0x30, 0x03, 0x02, 0x01, 0x01};
	CK_BYTE implicit[] = {0x05, 0x00};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_ULONG value = 7;
	CK_ATTRIBUTE t[] = {ATTR(CKA_EC_PARAMS, p256), ATTR(CKA_MODULUS_BITS, value)};
	struct p11_pair k;

	CHECK_RV(pair(&m, s, CKM_EC_KEY_PAIR_GEN, b163, sizeof(b163), &k), CKR_CURVE_NOT_SUPPORTED);
	CHECK_RV(pair(&m, s, CKM_EC_KEY_PAIR_GEN, explicit, sizeof(explicit), &k), CKR_DOMAIN_PARAMS_INVALID);
	CHECK_RV(pair(&m, s, CKM_EC_KEY_PAIR_GEN, implicit, sizeof(implicit), &k), CKR_DOMAIN_PARAMS_INVALID);
	CHECK_RV(pair(&m, s, CKM_EC_KEY_PAIR_GEN, oids[0] + 1, oids[0][0], &k), CKR_CURVE_NOT_SUPPORTED);
	CHECK_RV(pair(&m, s, CKM_EC_EDWARDS_KEY_PAIR_GEN, p256, sizeof(p256), &k), CKR_CURVE_NOT_SUPPORTED);
	CHECK_RV(pair(&m, s, CKM_EC_MONTGOMERY_KEY_PAIR_GEN, p256, sizeof(p256), &k), CKR_CURVE_NOT_SUPPORTED);
	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, NULL, 0, NULL, 0, &k.pub, &k.priv), CKR_TEMPLATE_INCOMPLETE);
	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, t, 2, NULL, 0, &k.pub, &k.priv), CKR_ATTRIBUTE_TYPE_INVALID);
	p11_stop(&m);
}

/* X9.62 in its three forms, bare and in an OCTET STRING, is one point, and is shown as one. */
static void test_point_encodings(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_BYTE compressed[35] = {0x04, 0x21, 0x03}, hybrid[65], back[100];
	CK_ATTRIBUTE read = {CKA_EC_POINT, back, sizeof(back)}, search = ATTR(CKA_EC_POINT, q);
	struct {
		CK_BYTE *p;
		CK_ULONG n;
	} form[] = {{q, 67}, {q + 2, 65}, {compressed, 35}, {compressed + 2, 33}, {hybrid, 65}};
	CK_OBJECT_HANDLE h, found[8];

	memcpy(compressed + 3, q + 3, 32);
	memcpy(hybrid, q + 2, 65);
	hybrid[0] = 0x07; /* y is odd */
	for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++) {
		REQUIRE_RV(import(&m, s, CKO_PUBLIC_KEY, CKA_EC_POINT, form[i].p, form[i].n, &h), CKR_OK);
		read.ulValueLen = sizeof(back);
		CHECK_RV(m.f->C_GetAttributeValue(s, h, &read, 1), CKR_OK);
		CHECK(read.ulValueLen == 67 && memcmp(back, q, 67) == 0);
		CHECK_RV(verify(&m, s, CKM_ECDSA_SHA256, h, "sample", 6, known, 64), CKR_OK);
	}
	CHECK(p11_find(&m, s, &search, 1, found, 8) == 5);
	search = (CK_ATTRIBUTE){CKA_EC_POINT, q + 2, 65};
	CHECK(p11_find(&m, s, &search, 1, found, 8) == 5);
	p11_stop(&m);
}

static void test_import_refuses(void)
{
	/* The order of P-256. */
	CK_BYTE order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			     0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
	CK_BYTE zero[32] = {0}, bad[67], infinity[] = {0x04, 0x01, 0x00}, padded[40] = {0};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE h;

	memcpy(bad, q, 67);
	bad[66] ^= 1;
	CHECK_RV(import(&m, s, CKO_PUBLIC_KEY, CKA_EC_POINT, bad, 67, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(import(&m, s, CKO_PUBLIC_KEY, CKA_EC_POINT, infinity, 3, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(import(&m, s, CKO_PUBLIC_KEY, CKA_EC_POINT, infinity + 2, 1, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(import(&m, s, CKO_PUBLIC_KEY, CKA_EC_POINT, q, 66, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(import(&m, s, CKO_PUBLIC_KEY, CKA_EC_POINT, q, 0, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(import(&m, s, CKO_PRIVATE_KEY, CKA_VALUE, zero, 32, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(import(&m, s, CKO_PRIVATE_KEY, CKA_VALUE, order, 32, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(import(&m, s, CKO_PRIVATE_KEY, CKA_VALUE, order, 0, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	/* A big integer may come with leading zeros. */
	memcpy(padded + 8, d, 32);
	CHECK_RV(import(&m, s, CKO_PRIVATE_KEY, CKA_VALUE, padded, 40, &h), CKR_OK);
	p11_stop(&m);
}

static void test_raw_lengths(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_MECHANISM raw = {CKM_ECDSA, NULL, 0}, hashed = {CKM_ECDSA_SHA256, NULL, 0}, odd = {CKM_ECDSA, oids, 4};
	CK_BYTE signature[64], data[129] = {1};
	CK_ULONG n = 0;
	CK_OBJECT_HANDLE priv, pub;

	REQUIRE_RV(import(&m, s, CKO_PRIVATE_KEY, CKA_VALUE, d, sizeof(d), &priv), CKR_OK);
	REQUIRE_RV(import(&m, s, CKO_PUBLIC_KEY, CKA_EC_POINT, q, sizeof(q), &pub), CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &odd, priv), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(m.f->C_SignInit(s, &raw, priv), CKR_OK);
	CHECK_RV(m.f->C_Sign(s, data, 32, NULL, &n), CKR_OK);
	CHECK(n == 64);
	n = 63;
	CHECK_RV(m.f->C_Sign(s, data, 32, signature, &n), CKR_BUFFER_TOO_SMALL);
	CHECK_RV(m.f->C_Sign(s, data, 32, signature, &n), CKR_OK);
	CHECK_RV(sign(&m, s, CKM_ECDSA, priv, data, 129, signature, &n), CKR_DATA_LEN_RANGE);
	CHECK_RV(sign(&m, s, CKM_ECDSA, priv, data, 0, signature, &n), CKR_DATA_LEN_RANGE);
	CHECK_RV(sign(&m, s, CKM_ECDSA, priv, data, 128, signature, &n), CKR_OK);
	/* Raw ECDSA has no parts (footnote 1 of its table); the state is clean behind each error. */
	CHECK_RV(m.f->C_SignInit(s, &raw, priv), CKR_OK);
	CHECK(m.f->C_SignUpdate(s, data, 1) != CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &hashed, priv), CKR_OK);
	CHECK_RV(m.f->C_SignUpdate(s, (CK_BYTE *)"sam", 3), CKR_OK);
	CHECK_RV(m.f->C_SignUpdate(s, (CK_BYTE *)"ple", 3), CKR_OK);
	n = sizeof(signature);
	CHECK_RV(m.f->C_SignFinal(s, signature, &n), CKR_OK);
	CHECK_RV(verify(&m, s, CKM_ECDSA_SHA256, pub, "sample", 6, signature, 64), CKR_OK);
	CHECK_RV(verify(&m, s, CKM_ECDSA_SHA256, pub, "sample", 6, signature, 63), CKR_SIGNATURE_LEN_RANGE);
	CHECK_RV(verify(&m, s, CKM_ECDSA_SHA256, pub, "sample", 6, signature, 66), CKR_SIGNATURE_LEN_RANGE);
	CHECK_RV(verify(&m, s, CKM_ECDSA_SHA256, pub, "sample", 6, signature, 0), CKR_SIGNATURE_LEN_RANGE);
	CHECK_RV(verify(&m, s, CKM_ECDSA_SHA256, pub, "sample", 6, signature, 62), CKR_SIGNATURE_INVALID);
	CHECK_RV(sign(&m, s, CKM_EDDSA, priv, data, 32, signature, &n), CKR_KEY_TYPE_INCONSISTENT);
	p11_stop(&m);
}

/* What the library does not do (before OpenSSL 3.2) is refused, not left out: the signature is none of the pure form. */
static void ed448_form(struct p11 *m, CK_SESSION_HANDLE s, const struct p11_pair *k, CK_MECHANISM *form)
{
	CK_RV rv = m->f->C_SignInit(s, form, k->priv);
	CK_BYTE signature[114];
	CK_ULONG n = sizeof(signature);

	CHECK_RV(m->f->C_VerifyInit(s, form, k->pub), rv);
	if (rv == CKR_MECHANISM_PARAM_INVALID)
		return;
	REQUIRE_RV(rv, CKR_OK);
	CHECK_RV(m->f->C_Sign(s, (CK_BYTE *)"abc", 3, signature, &n), CKR_OK);
	CHECK_RV(m->f->C_VerifyUpdate(s, (CK_BYTE *)"ab", 2), CKR_OK);
	CHECK_RV(m->f->C_VerifyUpdate(s, (CK_BYTE *)"c", 1), CKR_OK);
	CHECK_RV(m->f->C_VerifyFinal(s, signature, n), CKR_OK);
	CHECK_RV(verify(m, s, CKM_EDDSA, k->pub, "abc", 3, signature, n), CKR_SIGNATURE_INVALID);
}

static void test_ed448(void)
{
	CK_BYTE ed448[] = {0x06, 0x03, 0x2b, 0x65, 0x71}, signature[114];
	CK_EDDSA_PARAMS pure = {CK_FALSE, 0, NULL}, context = {CK_FALSE, 3, ed448}, ph = {CK_TRUE, 0, NULL};
	CK_MECHANISM m1 = {CKM_EDDSA, &context, sizeof(context)}, m2 = {CKM_EDDSA, &ph, sizeof(ph)};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair k;
	CK_MECHANISM mechanism = {CKM_EDDSA, &pure, sizeof(pure)};
	CK_ULONG n = sizeof(signature);

	REQUIRE_RV(pair(&m, s, CKM_EC_EDWARDS_KEY_PAIR_GEN, ed448, sizeof(ed448), &k), CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &mechanism, k.priv), CKR_OK);
	CHECK_RV(m.f->C_SignUpdate(s, (CK_BYTE *)"ab", 2), CKR_OK);
	CHECK_RV(m.f->C_SignUpdate(s, (CK_BYTE *)"c", 1), CKR_OK);
	CHECK_RV(m.f->C_SignFinal(s, signature, &n), CKR_OK);
	CHECK(n == 114);
	CHECK_RV(verify(&m, s, CKM_EDDSA, k.pub, "abc", 3, signature, 114), CKR_OK);
	CHECK_RV(verify(&m, s, CKM_EDDSA, k.pub, "abd", 3, signature, 114), CKR_SIGNATURE_INVALID);
	CHECK_RV(verify(&m, s, CKM_EDDSA, k.pub, "abc", 3, signature, 64), CKR_SIGNATURE_LEN_RANGE);
	ed448_form(&m, s, &k, &m1);
	ed448_form(&m, s, &k, &m2);
	p11_stop(&m);
}

/* What clients send beside what they need (OpenSC, GnuTLS, pkcs11-provider, NSS), and token objects. */
static void test_templates(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_ATTRIBUTE pub[] = {ATTR(CKA_EC_PARAMS, p256), ATTR(CKA_TOKEN, yes),  ATTR(CKA_VERIFY, yes), ATTR(CKA_DERIVE, yes),
			      ATTR(CKA_WRAP, yes),	 ATTR(CKA_ENCRYPT, no), ATTR(CKA_PRIVATE, no)};
	CK_ATTRIBUTE priv[] = {ATTR(CKA_TOKEN, yes), ATTR(CKA_SIGN, yes), ATTR(CKA_DERIVE, yes), ATTR(CKA_UNWRAP, yes),
			       ATTR(CKA_PRIVATE, yes)};
	CK_BYTE value[64], params[32];
	CK_ATTRIBUTE secret = {CKA_VALUE, value, sizeof(value)}, read = {CKA_EC_PARAMS, params, sizeof(params)};
	struct p11_pair k;

	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, pub, 7, priv, 5, &k.pub, &k.priv), CKR_OK);
	CHECK_RV(m.f->C_GetAttributeValue(s, k.priv, &secret, 1), CKR_ATTRIBUTE_SENSITIVE);
	CHECK_RV(m.f->C_GetAttributeValue(s, k.priv, &read, 1), CKR_OK);
	CHECK(read.ulValueLen == sizeof(p256) && memcmp(params, p256, sizeof(p256)) == 0);
	CHECK(p11_get_bool(&m, s, k.priv, CKA_LOCAL) && p11_get_bool(&m, s, k.priv, CKA_NEVER_EXTRACTABLE));
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"a published key and signature", test_published},
		{"every curve signs with every hash", test_every_curve},
		{"generation refuses what is no curve of its own", test_generate_refuses},
		{"a point comes in every encoding and goes out in one", test_point_encodings},
		{"import refuses what is no key of the curve", test_import_refuses},
		{"lengths, parts and the state behind errors", test_raw_lengths},
		{"Ed448", test_ed448},
		{"liberal templates", test_templates},
		{NULL, NULL},
	};

	return unit_main("ec", tests);
}
