/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys and mechanisms (PKCS#11 3.0, "RSA", section 6.1). */
#include <string.h>

#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE;
static CK_MECHANISM generate = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
static CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, 32};
static CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
static CK_MECHANISM pkcs = {CKM_RSA_PKCS, NULL, 0}, raw = {CKM_RSA_X_509, NULL, 0},
		    with_pss = {CKM_SHA256_RSA_PKCS_PSS, &pss, sizeof(pss)}, with_oaep = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};

static CK_SESSION_HANDLE start(struct p11 *m)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_start(m));
	slot = p11_token(m, "rsa");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

/* A pair that may do everything, and can be taken out. */
static void pair(const struct p11 *m, CK_SESSION_HANDLE s, struct p11_pair *k)
{
	CK_ULONG bits = 2048;
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE pub[] = {ATTR(CKA_MODULUS_BITS, bits), ATTR(CKA_ENCRYPT, yes), ATTR(CKA_VERIFY, yes),
			      ATTR(CKA_VERIFY_RECOVER, yes), ATTR(CKA_WRAP, yes)};
	CK_ATTRIBUTE priv[] = {ATTR(CKA_DECRYPT, yes), ATTR(CKA_SIGN, yes), ATTR(CKA_SIGN_RECOVER, yes), ATTR(CKA_UNWRAP, yes),
			       ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes)};

	REQUIRE_RV(m->f->C_GenerateKeyPair(s, &generate, pub, 5, priv, 6, &k->pub, &k->priv), CKR_OK);
}

static CK_ULONG read_bytes(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, CK_BYTE *out)
{
	CK_ATTRIBUTE t = {type, out, 600};

	return m->f->C_GetAttributeValue(s, h, &t, 1) == CKR_OK ? t.ulValueLen : 0;
}

static CK_RV sign(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, const void *data,
		  CK_ULONG n, CK_BYTE *out)
{
	CK_ULONG out_n = 256;
	CK_RV rv = m->f->C_SignInit(s, mechanism, key);

	return rv == CKR_OK ? m->f->C_Sign(s, (CK_BYTE *)data, n, out, &out_n) : rv;
}

static CK_RV verify(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, const void *data,
		    CK_ULONG n, CK_BYTE *signature, CK_ULONG signature_n)
{
	CK_RV rv = m->f->C_VerifyInit(s, mechanism, key);

	return rv == CKR_OK ? m->f->C_Verify(s, (CK_BYTE *)data, n, signature, signature_n) : rv;
}

static CK_RV encrypt(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, const void *data,
		     CK_ULONG n, CK_BYTE *out)
{
	CK_ULONG out_n = 256;
	CK_RV rv = m->f->C_EncryptInit(s, mechanism, key);

	return rv == CKR_OK ? m->f->C_Encrypt(s, (CK_BYTE *)data, n, out, &out_n) : rv;
}

static CK_RV decrypt(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_BYTE *data,
		     CK_ULONG n, CK_BYTE *out, CK_ULONG *out_n)
{
	CK_RV rv = m->f->C_DecryptInit(s, mechanism, key);

	return rv == CKR_OK ? m->f->C_Decrypt(s, data, n, out, out_n) : rv;
}

static void test_generate(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE pub, priv;
	CK_ULONG bits = 2048, read_bits;
	CK_BYTE e3[] = {3}, even[] = {4}, long_e[9] = {1, 0, 0, 0, 0, 0, 0, 0, 1}, n[600], n2[600], info[600];
	CK_ATTRIBUTE t[] = {ATTR(CKA_MODULUS_BITS, bits), ATTR(CKA_PUBLIC_EXPONENT, e3), ATTR(CKA_TOKEN, yes)};

	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, t, 0, NULL, 0, &pub, &priv), CKR_TEMPLATE_INCOMPLETE);
	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &generate, t, 3, t + 2, 1, &pub, &priv), CKR_OK);
	CHECK(read_bytes(&m, s, pub, CKA_MODULUS, n) == 256 && read_bytes(&m, s, priv, CKA_MODULUS, n2) == 256 && memcmp(n, n2, 256) == 0);
	CHECK(read_bytes(&m, s, pub, CKA_PUBLIC_EXPONENT, n2) == 1 && n2[0] == 3);
	CHECK(p11_get(&m, s, pub, CKA_MODULUS_BITS, &read_bits, sizeof(read_bits)) && read_bits == 2048);
	CHECK(read_bytes(&m, s, pub, CKA_PUBLIC_KEY_INFO, info) == 292 && read_bytes(&m, s, priv, CKA_PUBLIC_KEY_INFO, info) == 292);
	CHECK(read_bytes(&m, s, priv, CKA_PRIVATE_EXPONENT, n2) == 0 && read_bytes(&m, s, priv, CKA_PRIME_1, n2) == 0);
	bits = 1024;
	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, t, 1, NULL, 0, &pub, &priv), CKR_KEY_SIZE_RANGE);
	bits = 16392;
	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, t, 1, NULL, 0, &pub, &priv), CKR_KEY_SIZE_RANGE);
	bits = 2048;
	t[1] = (CK_ATTRIBUTE)ATTR(CKA_PUBLIC_EXPONENT, even);
	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, t, 2, NULL, 0, &pub, &priv), CKR_ATTRIBUTE_VALUE_INVALID);
	t[1] = (CK_ATTRIBUTE)ATTR(CKA_PUBLIC_EXPONENT, long_e);
	CHECK_RV(m.f->C_GenerateKeyPair(s, &generate, t, 2, NULL, 0, &pub, &priv), CKR_ATTRIBUTE_VALUE_INVALID);
	p11_stop(&m);
}

static void test_sign(void)
{
	static const CK_MECHANISM_TYPE hashed[] = {CKM_SHA1_RSA_PKCS,	  CKM_SHA224_RSA_PKCS,	 CKM_SHA256_RSA_PKCS,
						   CKM_SHA384_RSA_PKCS,	  CKM_SHA512_RSA_PKCS,	 CKM_SHA3_224_RSA_PKCS,
						   CKM_SHA3_256_RSA_PKCS, CKM_SHA3_384_RSA_PKCS, CKM_SHA3_512_RSA_PKCS};
	static const CK_MECHANISM_TYPE padded[][2] = {
		{CKM_SHA1_RSA_PKCS_PSS, CKM_SHA_1},	   {CKM_SHA224_RSA_PKCS_PSS, CKM_SHA224},
		{CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256},	   {CKM_SHA384_RSA_PKCS_PSS, CKM_SHA384},
		{CKM_SHA512_RSA_PKCS_PSS, CKM_SHA512},	   {CKM_SHA3_224_RSA_PKCS_PSS, CKM_SHA3_224},
		{CKM_SHA3_256_RSA_PKCS_PSS, CKM_SHA3_256}, {CKM_SHA3_384_RSA_PKCS_PSS, CKM_SHA3_384},
		{CKM_SHA3_512_RSA_PKCS_PSS, CKM_SHA3_512}};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair k;
	CK_BYTE a[256];
	CK_ULONG n = 256;

	pair(&m, s, &k);
	for (size_t i = 0; i < 9; i++) {
		CK_MECHANISM mechanism = {hashed[i], NULL, 0};

		CHECK_RV(sign(&m, s, &mechanism, k.priv, "message", 7, a), CKR_OK);
		CHECK_RV(verify(&m, s, &mechanism, k.pub, "message", 7, a, 256), CKR_OK);
		CHECK_RV(verify(&m, s, &mechanism, k.pub, "massage", 7, a, 256), CKR_SIGNATURE_INVALID);
		CHECK_RV(verify(&m, s, &mechanism, k.pub, "message", 7, a, 255), CKR_SIGNATURE_LEN_RANGE);
	}
	for (size_t i = 0; i < 9; i++) {
		CK_RSA_PKCS_PSS_PARAMS p = {padded[i][1], CKG_MGF1_SHA1, 11};
		CK_MECHANISM mechanism = {padded[i][0], &p, sizeof(p)};

		CHECK_RV(sign(&m, s, &mechanism, k.priv, "message", 7, a), CKR_OK);
		CHECK_RV(verify(&m, s, &mechanism, k.pub, "message", 7, a, 256), CKR_OK);
		p.sLen = 12;
		CHECK_RV(verify(&m, s, &mechanism, k.pub, "message", 7, a, 256), CKR_SIGNATURE_INVALID);
	}
	/* In parts. */
	CHECK_RV(m.f->C_SignInit(s, &with_pss, k.priv), CKR_OK);
	CHECK_RV(m.f->C_SignUpdate(s, (CK_BYTE *)"mess", 4), CKR_OK);
	CHECK_RV(m.f->C_SignUpdate(s, (CK_BYTE *)"age", 3), CKR_OK);
	CHECK_RV(m.f->C_SignFinal(s, NULL, &n), CKR_OK);
	CHECK(n == 256);
	CHECK_RV(m.f->C_SignFinal(s, a, &n), CKR_OK);
	CHECK_RV(verify(&m, s, &with_pss, k.pub, "message", 7, a, 256), CKR_OK);
	p11_stop(&m);
}

static void test_pss_parameters(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair k;
	CK_RSA_PKCS_PSS_PARAMS p = pss;
	CK_MECHANISM hashed = {CKM_SHA256_RSA_PKCS_PSS, &p, sizeof(p)}, bare = {CKM_RSA_PKCS_PSS, &p, sizeof(p)};
	CK_MECHANISM none = {CKM_RSA_PKCS_PSS, NULL, 0};
	CK_BYTE a[256], digest[32] = {1};

	pair(&m, s, &k);
	CHECK_RV(sign(&m, s, &bare, k.priv, digest, 32, a), CKR_OK);
	CHECK_RV(verify(&m, s, &bare, k.pub, digest, 32, a, 256), CKR_OK);
	CHECK_RV(sign(&m, s, &bare, k.priv, digest, 31, a), CKR_DATA_LEN_RANGE);
	CHECK_RV(m.f->C_SignInit(s, &none, k.priv), CKR_MECHANISM_PARAM_INVALID);
	p.hashAlg = CKM_SHA384; /* another hash than the mechanism's */
	CHECK_RV(m.f->C_SignInit(s, &hashed, k.priv), CKR_MECHANISM_PARAM_INVALID);
	p.hashAlg = CKM_RSA_PKCS;
	CHECK_RV(m.f->C_SignInit(s, &bare, k.priv), CKR_MECHANISM_PARAM_INVALID);
	p = pss;
	p.mgf = 0x77;
	CHECK_RV(m.f->C_SignInit(s, &bare, k.priv), CKR_MECHANISM_PARAM_INVALID);
	p = pss;
	p.sLen = 256 - 32 - 2; /* the longest salt */
	CHECK_RV(sign(&m, s, &bare, k.priv, digest, 32, a), CKR_OK);
	CHECK_RV(verify(&m, s, &bare, k.pub, digest, 32, a, 256), CKR_OK);
	p.sLen++;
	CHECK_RV(m.f->C_SignInit(s, &bare, k.priv), CKR_MECHANISM_PARAM_INVALID);
	p.sLen = (CK_ULONG)-1;
	CHECK_RV(m.f->C_SignInit(s, &bare, k.priv), CKR_MECHANISM_PARAM_INVALID);
	p11_stop(&m);
}

static void test_bare_signatures(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair k;
	CK_BYTE a[256], back[256], data[256] = {0x00, 0x5a};
	CK_ULONG n = 256;

	pair(&m, s, &k);
	CHECK_RV(sign(&m, s, &pkcs, k.priv, data, 245, a), CKR_OK);
	CHECK_RV(verify(&m, s, &pkcs, k.pub, data, 245, a, 256), CKR_OK);
	CHECK_RV(verify(&m, s, &pkcs, k.pub, data, 244, a, 256), CKR_SIGNATURE_INVALID);
	CHECK_RV(sign(&m, s, &pkcs, k.priv, data, 246, a), CKR_DATA_LEN_RANGE);
	CHECK_RV(sign(&m, s, &raw, k.priv, data, 256, a), CKR_OK);
	CHECK_RV(verify(&m, s, &raw, k.pub, data, 256, a, 256), CKR_OK);
	CHECK_RV(sign(&m, s, &raw, k.priv, data + 1, 255, a), CKR_OK);
	CHECK_RV(verify(&m, s, &raw, k.pub, data, 256, a, 256), CKR_OK); /* the same number */
	memset(back, 0xff, 256);
	CHECK_RV(sign(&m, s, &raw, k.priv, back, 256, a), CKR_DATA_INVALID); /* not below the modulus */
	/* What was signed comes back. */
	CHECK_RV(m.f->C_SignRecoverInit(s, &pkcs, k.priv), CKR_OK);
	CHECK_RV(m.f->C_SignRecover(s, (CK_BYTE *)"recover me", 10, a, &n), CKR_OK);
	CHECK_RV(m.f->C_VerifyRecoverInit(s, &pkcs, k.pub), CKR_OK);
	n = 9;
	CHECK_RV(m.f->C_VerifyRecover(s, a, 256, back, &n), CKR_BUFFER_TOO_SMALL);
	CHECK(n == 10);
	CHECK_RV(m.f->C_VerifyRecover(s, a, 256, back, &n), CKR_OK);
	CHECK(n == 10 && memcmp(back, "recover me", 10) == 0);
	a[3] ^= 1;
	CHECK_RV(m.f->C_VerifyRecoverInit(s, &pkcs, k.pub), CKR_OK);
	CHECK_RV(m.f->C_VerifyRecover(s, a, 256, back, &n), CKR_SIGNATURE_INVALID);
	CHECK_RV(m.f->C_VerifyRecover(s, a, 256, back, &n), CKR_OPERATION_NOT_INITIALIZED);
	p11_stop(&m);
}

static void test_crypt(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair k;
	CK_BYTE e[256], back[256], label[257] = {7};
	CK_RSA_PKCS_OAEP_PARAMS p = {CKM_SHA_1, CKG_MGF1_SHA512, CKZ_DATA_SPECIFIED, label, 5};
	CK_MECHANISM labelled = {CKM_RSA_PKCS_OAEP, &p, sizeof(p)};
	CK_ULONG n = 3;

	pair(&m, s, &k);
	CHECK_RV(encrypt(&m, s, &pkcs, k.pub, "secret", 6, e), CKR_OK);
	/* A buffer that the message fits into is enough; a shorter one leaves the operation as it was. */
	CHECK_RV(decrypt(&m, s, &pkcs, k.priv, e, 256, back, &n), CKR_BUFFER_TOO_SMALL);
	CHECK(n == 6);
	CHECK_RV(m.f->C_Decrypt(s, e, 256, back, &n), CKR_OK);
	CHECK(n == 6 && memcmp(back, "secret", 6) == 0);
	CHECK_RV(encrypt(&m, s, &pkcs, k.pub, label, 246, e), CKR_DATA_LEN_RANGE);
	CHECK_RV(encrypt(&m, s, &pkcs, k.pub, label, 245, e), CKR_OK);
	CHECK_RV(decrypt(&m, s, &pkcs, k.priv, e, 255, back, &n), CKR_ENCRYPTED_DATA_LEN_RANGE);
	CHECK_RV(encrypt(&m, s, &with_oaep, k.pub, "secret", 6, e), CKR_OK);
	n = 256;
	CHECK_RV(decrypt(&m, s, &with_oaep, k.priv, e, 256, back, &n), CKR_OK);
	CHECK(n == 6 && memcmp(back, "secret", 6) == 0);
	CHECK_RV(encrypt(&m, s, &with_oaep, k.pub, label, 256 - 66 + 1, e), CKR_DATA_LEN_RANGE);
	CHECK_RV(encrypt(&m, s, &labelled, k.pub, "secret", 6, e), CKR_OK);
	n = 256;
	CHECK_RV(decrypt(&m, s, &labelled, k.priv, e, 256, back, &n), CKR_OK);
	label[0] ^= 1;
	CHECK_RV(decrypt(&m, s, &labelled, k.priv, e, 256, back, &n), CKR_ENCRYPTED_DATA_INVALID);
	p.ulSourceDataLen = 257;
	CHECK_RV(m.f->C_DecryptInit(s, &labelled, k.priv), CKR_MECHANISM_PARAM_INVALID);
	p.ulSourceDataLen = 5;
	p.source = 2;
	CHECK_RV(m.f->C_DecryptInit(s, &labelled, k.priv), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(m.f->C_DecryptInit(s, &with_pss, k.priv), CKR_MECHANISM_INVALID);
	CHECK_RV(encrypt(&m, s, &raw, k.pub, "\x01", 1, e), CKR_OK);
	n = 256;
	CHECK_RV(decrypt(&m, s, &raw, k.priv, e, 256, back, &n), CKR_OK);
	CHECK(n == 256 && back[255] == 1 && back[0] == 0);
	p11_stop(&m);
}

/* Every part that a private key may come with, and what happens when some are missing or another key's. */
static void test_import(void)
{
	static const CK_ATTRIBUTE_TYPE types[] = {CKA_MODULUS,	  CKA_PUBLIC_EXPONENT, CKA_PRIVATE_EXPONENT, CKA_PRIME_1,
						  CKA_PRIME_2,	  CKA_EXPONENT_1,      CKA_EXPONENT_2,	     CKA_COEFFICIENT};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY, public = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	struct p11_pair k;
	CK_BYTE value[8][600], info[600], a[600], padded[300] = {0};
	CK_ATTRIBUTE t[10] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type)};
	CK_ATTRIBUTE pub[4] = {ATTR(CKA_CLASS, public), ATTR(CKA_KEY_TYPE, type)};
	CK_OBJECT_HANDLE h, p;
	CK_ULONG bits;

	pair(&m, s, &k);
	for (CK_ULONG i = 0; i < 8; i++)
		t[2 + i] = (CK_ATTRIBUTE){types[i], value[i], read_bytes(&m, s, k.priv, types[i], value[i])};
	REQUIRE_RV(m.f->C_CreateObject(s, t, 10, &h), CKR_OK);
	CHECK_RV(sign(&m, s, &pkcs, h, "x", 1, a), CKR_OK);
	CHECK_RV(verify(&m, s, &pkcs, k.pub, "x", 1, a, 256), CKR_OK);
	/* The primes without what follows from them; neither; and no public exponent. */
	CHECK_RV(m.f->C_CreateObject(s, t, 7, &h), CKR_OK);
	CHECK_RV(sign(&m, s, &pkcs, h, "x", 1, a), CKR_OK);
	CHECK_RV(verify(&m, s, &pkcs, k.pub, "x", 1, a, 256), CKR_OK);
	CHECK_RV(m.f->C_CreateObject(s, t, 5, &h), CKR_OK);
	CHECK_RV(sign(&m, s, &pkcs, h, "x", 1, a), CKR_OK);
	CHECK_RV(verify(&m, s, &pkcs, k.pub, "x", 1, a, 256), CKR_OK);
	CHECK_RV(m.f->C_CreateObject(s, t, 4, &h), CKR_TEMPLATE_INCOMPLETE);
	t[3] = t[4];
	CHECK_RV(m.f->C_CreateObject(s, t, 4, &h), CKR_OK);
	CHECK(read_bytes(&m, s, h, CKA_PUBLIC_EXPONENT, a) == 3 && read_bytes(&m, s, h, CKA_PUBLIC_KEY_INFO, info) == 294);
	CHECK_RV(sign(&m, s, &pkcs, h, "x", 1, a), CKR_OK);
	t[3] = (CK_ATTRIBUTE){types[1], value[1], 3};
	/* A fault in one number would give the key away (Boneh, DeMillo, Lipton): such a key does not get in. */
	value[5][5] ^= 1;
	CHECK_RV(m.f->C_CreateObject(s, t, 10, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	value[5][5] ^= 1;
	value[2][100] ^= 1;
	CHECK_RV(m.f->C_CreateObject(s, t, 5, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	value[2][100] ^= 1;
	/* A public key whose modulus has a leading zero, as many programs write it. */
	memcpy(padded + 1, value[0], 256);
	pub[2] = (CK_ATTRIBUTE){CKA_MODULUS, padded, 257};
	pub[3] = t[3];
	REQUIRE_RV(m.f->C_CreateObject(s, pub, 4, &p), CKR_OK);
	CHECK(p11_get(&m, s, p, CKA_MODULUS_BITS, &bits, sizeof(bits)) && bits == 2048);
	CHECK_RV(verify(&m, s, &pkcs, p, "x", 1, a, 256), CKR_OK);
	padded[256] &= 0xfe;
	CHECK_RV(m.f->C_CreateObject(s, pub, 4, &p), CKR_ATTRIBUTE_VALUE_INVALID); /* an even modulus */
	p11_stop(&m);
}

static void test_wrap(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct p11_pair k;
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE aes = CKK_AES, generic = CKK_GENERIC_SECRET;
	CK_BBOOL no = CK_FALSE;
	CK_BYTE value[32] = "an AES key of thirty-two bytes..", wrapped[256], back[600];
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_VALUE, value), ATTR(CKA_EXTRACTABLE, yes),
			    ATTR(CKA_SENSITIVE, no)};
	CK_ULONG length = 16, n = 0;
	CK_ATTRIBUTE u[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_SENSITIVE, no), ATTR(CKA_VALUE_LEN, length)};
	CK_OBJECT_HANDLE key, again;
	CK_MECHANISM *ways[] = {&pkcs, &with_oaep};

	pair(&m, s, &k);
	REQUIRE_RV(m.f->C_CreateObject(s, t, 5, &key), CKR_OK);
	for (size_t i = 0; i < 2; i++) {
		CHECK_RV(m.f->C_WrapKey(s, ways[i], k.pub, key, NULL, &n), CKR_OK);
		CHECK(n == 256);
		n = 255;
		CHECK_RV(m.f->C_WrapKey(s, ways[i], k.pub, key, wrapped, &n), CKR_BUFFER_TOO_SMALL);
		CHECK_RV(m.f->C_WrapKey(s, ways[i], k.pub, key, wrapped, &n), CKR_OK);
		REQUIRE_RV(m.f->C_UnwrapKey(s, ways[i], k.priv, wrapped, n, u, 3, &again), CKR_OK);
		CHECK(read_bytes(&m, s, again, CKA_VALUE, back) == 32 && memcmp(back, value, 32) == 0);
		CHECK(p11_get_bool(&m, s, again, CKA_EXTRACTABLE) && !p11_get_bool(&m, s, again, CKA_LOCAL));
		wrapped[7] ^= 1;
		if (i == 1) /* OAEP says so; PKCS#1 v1.5 must not: the answer is a key that nobody knows */
			CHECK_RV(m.f->C_UnwrapKey(s, ways[i], k.priv, wrapped, n, u, 3, &again), CKR_WRAPPED_KEY_INVALID);
		else
			CHECK_RV(m.f->C_UnwrapKey(s, ways[i], k.priv, wrapped, n, u, 3, &again), CKR_OK);
		CHECK_RV(m.f->C_UnwrapKey(s, ways[i], k.priv, wrapped, 255, u, 3, &again), CKR_WRAPPED_KEY_LEN_RANGE);
		n = 256;
	}
	CHECK_RV(m.f->C_UnwrapKey(s, &pkcs, k.priv, wrapped, 256, u, 4, &again), CKR_OK); /* CKA_VALUE_LEN 16: made up as well */
	CHECK(read_bytes(&m, s, again, CKA_VALUE, back) == 16);
	/* Codes of their own for both keys. */
	CHECK_RV(m.f->C_WrapKey(s, &pkcs, 0x7ffffff1, key, wrapped, &n), CKR_WRAPPING_KEY_HANDLE_INVALID);
	CHECK_RV(m.f->C_WrapKey(s, &pkcs, key, key, wrapped, &n), CKR_WRAPPING_KEY_TYPE_INCONSISTENT);
	CHECK_RV(m.f->C_WrapKey(s, &pkcs, k.pub, 0x7ffffff1, wrapped, &n), CKR_KEY_HANDLE_INVALID);
	CHECK_RV(m.f->C_WrapKey(s, &pkcs, k.pub, k.pub, wrapped, &n), CKR_KEY_NOT_WRAPPABLE);
	CHECK_RV(m.f->C_WrapKey(s, &raw, k.pub, key, wrapped, &n), CKR_MECHANISM_INVALID);
	CHECK_RV(m.f->C_UnwrapKey(s, &pkcs, key, wrapped, 256, u, 3, &again), CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT);
	/* A private key does not fit. */
	CHECK_RV(m.f->C_WrapKey(s, &pkcs, k.pub, k.priv, wrapped, &n), CKR_KEY_SIZE_RANGE);
	t[1] = (CK_ATTRIBUTE)ATTR(CKA_KEY_TYPE, generic);
	t[3] = (CK_ATTRIBUTE)ATTR(CKA_EXTRACTABLE, no);
	REQUIRE_RV(m.f->C_CreateObject(s, t, 5, &key), CKR_OK);
	CHECK_RV(m.f->C_WrapKey(s, &pkcs, k.pub, key, wrapped, &n), CKR_KEY_UNEXTRACTABLE);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"C_GenerateKeyPair", test_generate},
		{"every hash signs with PKCS#1 v1.5 and PSS", test_sign},
		{"PSS: parameters are honoured or refused", test_pss_parameters},
		{"bare signatures, and what was signed out of them", test_bare_signatures},
		{"encryption", test_crypt},
		{"import completes and checks a key", test_import},
		{"wrapping", test_wrap},
		{NULL, NULL},
	};

	return unit_main("RSA", tests);
}
