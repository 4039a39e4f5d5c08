/* SPDX-License-Identifier: Apache-2.0 */
/* C_DeriveKey on secret keys: parameters are honoured or refused, and no derivation gives away what it was made of. */
#include <string.h>

#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static CK_SESSION_HANDLE start(struct p11 *m, const char *extra)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_load(m, extra));
	REQUIRE_RV(m->f->C_Initialize(NULL), CKR_OK);
	slot = p11_token(m, "derive");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static CK_OBJECT_HANDLE secret(const struct p11 *m, CK_SESSION_HANDLE s, CK_KEY_TYPE type, const void *value, CK_ULONG n,
			       CK_BBOOL sensitive)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_BBOOL extractable = !sensitive;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class),	    ATTR(CKA_KEY_TYPE, type),	   {CKA_VALUE, (void *)value, n},
			    ATTR(CKA_SENSITIVE, sensitive), ATTR(CKA_EXTRACTABLE, extractable), ATTR(CKA_DERIVE, yes)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	REQUIRE_RV(m->f->C_CreateObject(s, t, 6, &h), CKR_OK);
	return h;
}

static CK_RV derive(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM_TYPE type, void *p, CK_ULONG n, CK_OBJECT_HANDLE base,
		    CK_ATTRIBUTE *t, CK_ULONG count, CK_OBJECT_HANDLE *out)
{
	CK_MECHANISM mechanism = {type, p, n};

	return m->f->C_DeriveKey(s, &mechanism, base, t, count, out);
}

static CK_ULONG value_of(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_BYTE *out)
{
	CK_ATTRIBUTE t = {CKA_VALUE, out, 256};

	return m->f->C_GetAttributeValue(s, h, &t, 1) == CKR_OK ? t.ulValueLen : 0;
}

/* RFC 5869, A.1. */
static const CK_BYTE okm[42] = {0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a, 0x90, 0x43, 0x4f, 0x64, 0xd0, 0x36,
				0x2f, 0x2a, 0x2d, 0x2d, 0x0a, 0x90, 0xcf, 0x1a, 0x5a, 0x4c, 0x5d, 0xb0, 0x2d, 0x56,
				0xec, 0xc4, 0xc5, 0xbf, 0x34, 0x00, 0x72, 0x08, 0xd5, 0xb8, 0x87, 0x18, 0x58, 0x65};

static void test_hkdf(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_BYTE ikm[22], salt[13], info[10], got[256];
	CK_ULONG length = 42;
	CK_OBJECT_CLASS data = CKO_DATA;
	CK_ATTRIBUTE t[] = {ATTR(CKA_VALUE_LEN, length)}, td[] = {ATTR(CKA_CLASS, data), ATTR(CKA_VALUE_LEN, length)};
	CK_HKDF_PARAMS p = {CK_TRUE, CK_TRUE, CKM_SHA256, CKF_HKDF_SALT_DATA, salt, 13, 0, info, 10};
	CK_OBJECT_HANDLE base, salt_key, h;

	memset(ikm, 0x0b, sizeof(ikm));
	for (CK_BYTE i = 0; i < 13; i++)
		salt[i] = i;
	for (CK_BYTE i = 0; i < 10; i++)
		info[i] = (CK_BYTE)(0xf0 + i);
	base = secret(&m, s, CKK_HKDF, ikm, sizeof(ikm), CK_TRUE);
	salt_key = secret(&m, s, CKK_GENERIC_SECRET, salt, sizeof(salt), CK_TRUE);
	REQUIRE_RV(derive(&m, s, CKM_HKDF_DERIVE, &p, sizeof(p), base, t, 1, &h), CKR_OK);
	CHECK(value_of(&m, s, h, got) == 42 && memcmp(got, okm, 42) == 0);
	p = (CK_HKDF_PARAMS){CK_TRUE, CK_TRUE, CKM_SHA256, CKF_HKDF_SALT_KEY, NULL, 0, salt_key, info, 10};
	REQUIRE_RV(derive(&m, s, CKM_HKDF_DERIVE, &p, sizeof(p), base, t, 1, &h), CKR_OK);
	CHECK(value_of(&m, s, h, got) == 42 && memcmp(got, okm, 42) == 0);
	REQUIRE_RV(derive(&m, s, CKM_HKDF_DATA, &p, sizeof(p), base, td, 2, &h), CKR_OK);
	CHECK(value_of(&m, s, h, got) == 42 && memcmp(got, okm, 42) == 0);
	/* Refused. */
	p.hSaltKey = 0x7ffffff1;
	CHECK_RV(derive(&m, s, CKM_HKDF_DERIVE, &p, sizeof(p), base, t, 1, &h), CKR_KEY_HANDLE_INVALID);
	p.ulSaltType = 8;
	CHECK_RV(derive(&m, s, CKM_HKDF_DERIVE, &p, sizeof(p), base, t, 1, &h), CKR_MECHANISM_PARAM_INVALID);
	p.ulSaltType = CKF_HKDF_SALT_DATA;
	p.ulSaltLen = 5;
	CHECK_RV(derive(&m, s, CKM_HKDF_DERIVE, &p, sizeof(p), base, t, 1, &h), CKR_MECHANISM_PARAM_INVALID);
	p.ulSaltType = CKF_HKDF_SALT_NULL;
	p.bExtract = p.bExpand = CK_FALSE;
	CHECK_RV(derive(&m, s, CKM_HKDF_DERIVE, &p, sizeof(p), base, t, 1, &h), CKR_MECHANISM_PARAM_INVALID);
	p.bExtract = CK_TRUE;
	p.prfHashMechanism = CKM_EDDSA;
	CHECK_RV(derive(&m, s, CKM_HKDF_DERIVE, &p, sizeof(p), base, t, 1, &h), CKR_MECHANISM_PARAM_INVALID);
	p.prfHashMechanism = CKM_SHA256;
	CHECK_RV(derive(&m, s, CKM_HKDF_DERIVE, &p, sizeof(p) - 1, base, t, 1, &h), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(derive(&m, s, CKM_HKDF_DERIVE, &p, sizeof(p), base, t, 0, &h), CKR_OK); /* the length of the hash */
	CHECK(value_of(&m, s, h, got) == 32);
	CHECK_RV(derive(&m, s, CKM_HKDF_DERIVE, &p, sizeof(p), secret(&m, s, CKK_AES, okm, 16, CK_TRUE), t, 0, &h),
		 CKR_KEY_TYPE_INCONSISTENT);
	p11_stop(&m);
}

static void test_sp800_108(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_SP800_108_COUNTER_FORMAT counter = {CK_FALSE, 8};
	CK_SP800_108_DKM_LENGTH_FORMAT length_format = {CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS, CK_FALSE, 32};
	CK_BYTE info[60] = {0x24, 0xac, 0xb8, 0xe9, 0x22, 0x7b, 0x18, 0x0f, 0x2c, 0xce, 0xbe, 0xa4, 0x80, 0x51, 0xcb,
			    0xdb, 0xcd, 0x1b, 0xe2, 0xbf, 0x94, 0x40, 0x0d, 0x1e, 0x92, 0x94, 0x5f, 0xe9, 0xb8, 0x87,
			    0x58, 0x5a, 0x29, 0x5f, 0x46, 0xc4, 0x69, 0x03, 0x61, 0x07, 0x69, 0x78, 0x13, 0xa3, 0xe1,
			    0x2c, 0x45, 0xae, 0x2f, 0xfd, 0xe9, 0xa9, 0x40, 0xf8, 0xf8, 0xc1, 0x81, 0x01, 0x8a, 0x93};
	CK_BYTE key[16] = {0xe9, 0x1e, 0x0d, 0x06, 0xab, 0x23, 0xa4, 0xe4, 0x95, 0xbb, 0xcc, 0x43, 0x0e, 0xfd, 0xdc, 0xaf};
	CK_BYTE want[8] = {0xe8, 0x1e, 0xf2, 0x48, 0x37, 0x29, 0xd4, 0x16}, got[256];
	CK_PRF_DATA_PARAM d[3] = {{CK_SP800_108_ITERATION_VARIABLE, &counter, sizeof(counter)},
				  {CK_SP800_108_BYTE_ARRAY, info, sizeof(info)},
				  {CK_SP800_108_DKM_LENGTH, &length_format, sizeof(length_format)}};
	CK_DERIVED_KEY more = {NULL, 0, NULL};
	CK_SP800_108_KDF_PARAMS p = {CKM_AES_CMAC, 2, d, 0, NULL};
	CK_SP800_108_FEEDBACK_KDF_PARAMS f = {CKM_SHA256_HMAC, 2, d, 0, NULL, 0, NULL};
	CK_ULONG length = 40;
	CK_ATTRIBUTE t = ATTR(CKA_VALUE_LEN, length);
	CK_OBJECT_HANDLE base = secret(&m, s, CKK_AES, key, 16, CK_TRUE), h;

	/* NIST's CounterMode.zip: CMAC_AES128, before the fixed data, 8 bits, count 30. */
	REQUIRE_RV(derive(&m, s, CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &t, 1, &h), CKR_OK);
	CHECK(value_of(&m, s, h, got) == 40 && memcmp(got, want, 8) == 0);
	p.ulNumberOfDataParams = 3;
	CHECK_RV(derive(&m, s, CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &t, 1, &h), CKR_OK);
	CHECK(value_of(&m, s, h, got) == 40 && memcmp(got, want, 8) != 0); /* the length is part of the input */
	p.ulAdditionalDerivedKeys = 1;
	p.pAdditionalDerivedKeys = &more;
	CHECK_RV(derive(&m, s, CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &t, 1, &h), CKR_MECHANISM_PARAM_INVALID);
	p.ulAdditionalDerivedKeys = 0;
	counter.ulWidthInBits = 12;
	CHECK_RV(derive(&m, s, CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &t, 1, &h), CKR_MECHANISM_PARAM_INVALID);
	counter.ulWidthInBits = 32;
	d[1].type = CK_SP800_108_ITERATION_VARIABLE; /* twice */
	CHECK_RV(derive(&m, s, CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &t, 1, &h), CKR_MECHANISM_PARAM_INVALID);
	d[1].type = CK_SP800_108_BYTE_ARRAY;
	d[0].type = CK_SP800_108_BYTE_ARRAY; /* never */
	CHECK_RV(derive(&m, s, CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &t, 1, &h), CKR_MECHANISM_PARAM_INVALID);
	d[0].type = CK_SP800_108_ITERATION_VARIABLE;
	p.prfType = CKM_SHA256;
	CHECK_RV(derive(&m, s, CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), base, &t, 1, &h), CKR_MECHANISM_PARAM_INVALID);
	p.prfType = CKM_AES_CMAC;
	CHECK_RV(derive(&m, s, CKM_SP800_108_COUNTER_KDF, &p, sizeof(p), secret(&m, s, CKK_GENERIC_SECRET, key, 16, CK_TRUE), &t, 1, &h),
		 CKR_KEY_TYPE_INCONSISTENT);
	/* In feedback mode the iteration variable has no format. */
	CHECK_RV(derive(&m, s, CKM_SP800_108_FEEDBACK_KDF, &f, sizeof(f), base, &t, 1, &h), CKR_MECHANISM_PARAM_INVALID);
	d[0] = (CK_PRF_DATA_PARAM){CK_SP800_108_ITERATION_VARIABLE, NULL, 0};
	CHECK_RV(derive(&m, s, CKM_SP800_108_FEEDBACK_KDF, &f, sizeof(f), base, &t, 1, &h), CKR_OK);
	p11_stop(&m);
}

/* NIST's PipelineModewithCounter.zip: HMAC_SHA256, after the iteration variable, 32 bits. */
static void test_double_pipeline(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_SP800_108_COUNTER_FORMAT counter = {CK_FALSE, 32};
	CK_BYTE info[32] = {0x40, 0x53, 0x44, 0xb2, 0xa4, 0xb8, 0x31, 0x64, 0xb0, 0x6e, 0xba, 0xc5, 0x42, 0x1b, 0xf1, 0x01,
			    0x83, 0xdc, 0x4e, 0x0f, 0x8c, 0x2e, 0x58, 0x72, 0x84, 0x72, 0xdd, 0xd5, 0xcc, 0xb1, 0x0b, 0xdf};
	CK_BYTE key[16] = {0x3d, 0x36, 0x1a, 0x9f, 0x28, 0xaa, 0xd7, 0x22, 0xf6, 0x8e, 0xbd, 0xc2, 0x98, 0x43, 0x9d, 0xa1};
	CK_BYTE want[9] = {0x34, 0x22, 0x68, 0x3b, 0x2d, 0x4b, 0xed, 0x1a, 0x05}, got[256];
	CK_PRF_DATA_PARAM d[3] = {{CK_SP800_108_ITERATION_VARIABLE, NULL, 0},
				  {CK_SP800_108_OPTIONAL_COUNTER, &counter, sizeof(counter)},
				  {CK_SP800_108_BYTE_ARRAY, info, sizeof(info)}};
	CK_SP800_108_KDF_PARAMS p = {CKM_SHA256_HMAC, 3, d, 0, NULL};
	CK_ULONG length = 9;
	CK_ATTRIBUTE t = ATTR(CKA_VALUE_LEN, length);
	CK_OBJECT_HANDLE base = secret(&m, s, CKK_GENERIC_SECRET, key, 16, CK_TRUE), h;

	REQUIRE_RV(derive(&m, s, CKM_SP800_108_DOUBLE_PIPELINE_KDF, &p, sizeof(p), base, &t, 1, &h), CKR_OK);
	CHECK(value_of(&m, s, h, got) == 9 && memcmp(got, want, 9) == 0);
	/* The iteration variable has no format, and is there once. */
	d[0] = (CK_PRF_DATA_PARAM){CK_SP800_108_ITERATION_VARIABLE, &counter, sizeof(counter)};
	CHECK_RV(derive(&m, s, CKM_SP800_108_DOUBLE_PIPELINE_KDF, &p, sizeof(p), base, &t, 1, &h), CKR_MECHANISM_PARAM_INVALID);
	d[0] = d[1];
	CHECK_RV(derive(&m, s, CKM_SP800_108_DOUBLE_PIPELINE_KDF, &p, sizeof(p), base, &t, 1, &h), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(derive(&m, s, CKM_SP800_108_DOUBLE_PIPELINE_KDF, &p, sizeof(p) - 1, base, &t, 1, &h), CKR_MECHANISM_PARAM_INVALID);
	p11_stop(&m);
}

/* FIPS 202: SHAKE takes the length of the template, and has none of its own. */
static void test_shake(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_BYTE value[3] = "abc", got[256], want[8] = {0x48, 0x33, 0x66, 0x60, 0x13, 0x60, 0xa8, 0x77};
	CK_ULONG length = 200;
	CK_ATTRIBUTE t = ATTR(CKA_VALUE_LEN, length);
	CK_OBJECT_HANDLE base = secret(&m, s, CKK_GENERIC_SECRET, value, 3, CK_TRUE), h;

	REQUIRE_RV(derive(&m, s, CKM_SHAKE_256_KEY_DERIVATION, NULL, 0, base, &t, 1, &h), CKR_OK);
	CHECK(value_of(&m, s, h, got) == 200 && memcmp(got, want, 8) == 0);
	CHECK_RV(derive(&m, s, CKM_SHAKE_256_KEY_DERIVATION, NULL, 0, base, NULL, 0, &h), CKR_KEY_SIZE_RANGE);
	REQUIRE_RV(derive(&m, s, CKM_BLAKE2B_256_KEY_DERIVE, NULL, 0, base, NULL, 0, &h), CKR_OK);
	CHECK(value_of(&m, s, h, got) == 32);
	p11_stop(&m);
}

/* What is made openly of a sensitive key is as sensitive, and no shorter. */
static void test_open_derivations(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_BYTE value[16] = "sixteen bytes...", got[256], data[4] = {1, 2, 3, 4}, zeros[16] = {0};
	CK_KEY_DERIVATION_STRING_DATA p = {data, sizeof(data)}, z = {zeros, sizeof(zeros)};
	CK_ULONG length = 1;
	CK_ATTRIBUTE clear = ATTR(CKA_SENSITIVE, no), out = ATTR(CKA_EXTRACTABLE, yes), cut = ATTR(CKA_VALUE_LEN, length);
	CK_OBJECT_HANDLE base = secret(&m, s, CKK_GENERIC_SECRET, value, 16, CK_TRUE);
	CK_OBJECT_HANDLE open = secret(&m, s, CKK_GENERIC_SECRET, value, 16, CK_FALSE), h;

	CHECK_RV(derive(&m, s, CKM_CONCATENATE_BASE_AND_DATA, &p, sizeof(p), base, &clear, 1, &h), CKR_TEMPLATE_INCONSISTENT);
	CHECK_RV(derive(&m, s, CKM_XOR_BASE_AND_DATA, &z, sizeof(z), base, &out, 1, &h), CKR_TEMPLATE_INCONSISTENT);
	CHECK_RV(derive(&m, s, CKM_CONCATENATE_BASE_AND_KEY, &base, sizeof(base), open, &clear, 1, &h), CKR_TEMPLATE_INCONSISTENT);
	REQUIRE_RV(derive(&m, s, CKM_XOR_BASE_AND_DATA, &z, sizeof(z), base, NULL, 0, &h), CKR_OK);
	CHECK(value_of(&m, s, h, got) == 0 && p11_get_bool(&m, s, h, CKA_SENSITIVE) && !p11_get_bool(&m, s, h, CKA_EXTRACTABLE));
	/* Clulow's reduction of the key space: a byte of the key, as a key, is found by 256 trials. */
	CHECK_RV(derive(&m, s, CKM_CONCATENATE_BASE_AND_DATA, &p, sizeof(p), base, &cut, 1, &h), CKR_KEY_SIZE_RANGE);
	CHECK_RV(derive(&m, s, CKM_XOR_BASE_AND_DATA, &p, sizeof(p), base, NULL, 0, &h), CKR_KEY_SIZE_RANGE);
	/* A key that anybody may read hides nothing. */
	CHECK_RV(derive(&m, s, CKM_CONCATENATE_BASE_AND_DATA, &p, sizeof(p), open, &cut, 1, &h), CKR_OK);
	CHECK(value_of(&m, s, h, got) == 1 && got[0] == value[0]);
	CHECK_RV(derive(&m, s, CKM_CONCATENATE_DATA_AND_BASE, &p, sizeof(p), open, NULL, 0, &h), CKR_OK);
	CHECK(value_of(&m, s, h, got) == 20 && memcmp(got + 4, value, 16) == 0);
	/* The hash of a key does not tell it. */
	CHECK_RV(derive(&m, s, CKM_SHA256_KEY_DERIVATION, NULL, 0, base, &clear, 1, &h), CKR_OK);
	CHECK(value_of(&m, s, h, got) == 32);
	p.ulLen = 0;
	CHECK_RV(derive(&m, s, CKM_CONCATENATE_BASE_AND_DATA, &p, sizeof(p), open, NULL, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(derive(&m, s, CKM_CONCATENATE_BASE_AND_KEY, NULL, 0, open, NULL, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	p11_stop(&m);
}

static void test_opened_by_setting(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, "allow-unsafe-wrapping = yes\n");
	CK_BYTE data[4] = {1, 2, 3, 4};
	CK_KEY_DERIVATION_STRING_DATA p = {data, sizeof(data)};
	CK_OBJECT_HANDLE base = secret(&m, s, CKK_GENERIC_SECRET, "sixteen bytes...", 16, CK_TRUE), h;

	CHECK_RV(derive(&m, s, CKM_XOR_BASE_AND_DATA, &p, sizeof(p), base, NULL, 0, &h), CKR_OK);
	p11_stop(&m);
}

static void test_encrypt_data(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_BYTE key[16] = {1}, data[32] = {2}, a[256], b[256];
	CK_KEY_DERIVATION_STRING_DATA ecb = {data, 32};
	CK_AES_CBC_ENCRYPT_DATA_PARAMS cbc = {{0}, data, 16};
	CK_OBJECT_HANDLE base = secret(&m, s, CKK_AES, key, 16, CK_TRUE), h;

	REQUIRE_RV(derive(&m, s, CKM_AES_ECB_ENCRYPT_DATA, &ecb, sizeof(ecb), base, NULL, 0, &h), CKR_OK);
	CHECK(value_of(&m, s, h, a) == 32);
	REQUIRE_RV(derive(&m, s, CKM_AES_CBC_ENCRYPT_DATA, &cbc, sizeof(cbc), base, NULL, 0, &h), CKR_OK);
	CHECK(value_of(&m, s, h, b) == 16 && memcmp(a, b, 16) == 0);
	ecb.ulLen = 31;
	CHECK_RV(derive(&m, s, CKM_AES_ECB_ENCRYPT_DATA, &ecb, sizeof(ecb), base, NULL, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	cbc.length = 17;
	CHECK_RV(derive(&m, s, CKM_AES_CBC_ENCRYPT_DATA, &cbc, sizeof(cbc), base, NULL, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	p11_stop(&m);
}

/* RFC 6070's third vector, and RFC 7914's first. */
static void test_pbkdf2(void)
{
	static const CK_BYTE sha1[20] = {0x4b, 0x00, 0x79, 0x01, 0xb7, 0x65, 0x48, 0x9a, 0xbe, 0xad,
					 0x49, 0xd9, 0x26, 0xf7, 0x21, 0xd0, 0x65, 0xa4, 0x29, 0xc1};
	static const CK_BYTE sha256[16] = {0x55, 0xac, 0x04, 0x6e, 0x56, 0xe3, 0x08, 0x9f,
					   0xec, 0x16, 0x91, 0xc2, 0x25, 0x44, 0xb6, 0x05};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_BYTE salt[] = "salt", password[] = "password", passwd[] = "passwd", got[256];
	CK_PKCS5_PBKD2_PARAMS2 p = {CKZ_SALT_SPECIFIED, salt, 4, 4096, CKP_PKCS5_PBKD2_HMAC_SHA1, NULL, 0, password, 8};
	CK_MECHANISM mechanism = {CKM_PKCS5_PBKD2, &p, sizeof(p)};
	CK_KEY_TYPE aes = CKK_AES, rsa = CKK_RSA;
	CK_ULONG length = 20;
	CK_ATTRIBUTE t[] = {ATTR(CKA_VALUE_LEN, length), ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_KEY_TYPE, aes)};
	CK_OBJECT_HANDLE h;

	REQUIRE_RV(m.f->C_GenerateKey(s, &mechanism, t, 3, &h), CKR_OK);
	CHECK(value_of(&m, s, h, got) == 20 && memcmp(got, sha1, 20) == 0);
	p = (CK_PKCS5_PBKD2_PARAMS2){CKZ_SALT_SPECIFIED, salt, 4, 1, CKP_PKCS5_PBKD2_HMAC_SHA256, NULL, 0, passwd, 6};
	CHECK_RV(m.f->C_GenerateKey(s, &mechanism, t, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID); /* no AES key has 20 bytes */
	length = 16;
	REQUIRE_RV(m.f->C_GenerateKey(s, &mechanism, t, 4, &h), CKR_OK);
	CHECK(value_of(&m, s, h, got) == 16 && memcmp(got, sha256, 16) == 0);
	t[3] = (CK_ATTRIBUTE)ATTR(CKA_KEY_TYPE, rsa);
	CHECK(m.f->C_GenerateKey(s, &mechanism, t, 4, &h) != CKR_OK);
	CHECK_RV(m.f->C_GenerateKey(s, &mechanism, t + 1, 2, &h), CKR_TEMPLATE_INCOMPLETE);
	p.iterations = 0;
	CHECK_RV(m.f->C_GenerateKey(s, &mechanism, t, 3, &h), CKR_MECHANISM_PARAM_INVALID);
	p.iterations = 1;
	p.prf = CKP_PKCS5_PBKD2_HMAC_GOSTR3411;
	CHECK_RV(m.f->C_GenerateKey(s, &mechanism, t, 3, &h), CKR_MECHANISM_PARAM_INVALID);
	p.prf = CKP_PKCS5_PBKD2_HMAC_SHA256;
	p.saltSource = 7;
	CHECK_RV(m.f->C_GenerateKey(s, &mechanism, t, 3, &h), CKR_MECHANISM_PARAM_INVALID);
	p11_stop(&m);
}

/* CK_PKCS5_PBKD2_PARAMS of 2.40 is as long, and has a pointer to the length; NSS still sends it. */
static void test_pbkdf2_of_2_40(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_BYTE salt[] = "salt", password[] = "password", one[256], other[256];
	CK_PKCS5_PBKD2_PARAMS2 p = {CKZ_SALT_SPECIFIED, salt, 4, 7, CKP_PKCS5_PBKD2_HMAC_SHA256, NULL, 0, password, 8};
	CK_MECHANISM mechanism = {CKM_PKCS5_PBKD2, &p, sizeof(p)};
	CK_ULONG length = 20, password_length = 8;
	CK_ULONG *where = &password_length;
	CK_ATTRIBUTE t[] = {ATTR(CKA_VALUE_LEN, length), ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes)};
	CK_OBJECT_HANDLE h;

	REQUIRE_RV(m.f->C_GenerateKey(s, &mechanism, t, 3, &h), CKR_OK);
	CHECK(value_of(&m, s, h, one) == 20);
	memcpy(&p.ulPasswordLen, &where, sizeof(where));
	REQUIRE_RV(m.f->C_GenerateKey(s, &mechanism, t, 3, &h), CKR_OK);
	CHECK(value_of(&m, s, h, other) == 20 && memcmp(one, other, 20) == 0);
	password_length = 1ul << 20;
	CHECK_RV(m.f->C_GenerateKey(s, &mechanism, t, 3, &h), CKR_MECHANISM_PARAM_INVALID);
	/* What is neither a length nor an address harms nobody. */
	p.ulPasswordLen = (CK_ULONG)-1;
	CHECK_RV(m.f->C_GenerateKey(s, &mechanism, t, 3, &h), CKR_MECHANISM_PARAM_INVALID);
	p.ulPasswordLen = (64ul * 1024) + 1;
	CHECK_RV(m.f->C_GenerateKey(s, &mechanism, t, 3, &h), CKR_MECHANISM_PARAM_INVALID);
	p11_stop(&m);
}

/* A length of 0 is one that was given. */
static void test_no_length(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_ULONG none = 0;
	CK_KEY_TYPE aes = CKK_AES;
	CK_ATTRIBUTE t = ATTR(CKA_VALUE_LEN, none), type = ATTR(CKA_KEY_TYPE, aes);
	CK_OBJECT_HANDLE base = secret(&m, s, CKK_GENERIC_SECRET, "sixteen bytes...", 16, CK_TRUE), h;

	CHECK_RV(derive(&m, s, CKM_SHA256_KEY_DERIVATION, NULL, 0, base, &t, 1, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	/* SHA-256 gives as many bytes as an AES key may have, but which AES key is meant is not said. */
	CHECK_RV(derive(&m, s, CKM_SHA256_KEY_DERIVATION, NULL, 0, base, &type, 1, &h), CKR_TEMPLATE_INCOMPLETE);
	CHECK_RV(derive(&m, s, CKM_BLAKE2B_256_KEY_DERIVE, NULL, 0, base, &type, 1, &h), CKR_TEMPLATE_INCOMPLETE);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"HKDF", test_hkdf},
		{"SP 800-108", test_sp800_108},
		{"SP 800-108, double pipeline", test_double_pipeline},
		{"SHAKE and BLAKE2b", test_shake},
		{"what is made openly of a sensitive key is as sensitive, and no shorter", test_open_derivations},
		{"allow-unsafe-wrapping gives the standard's freedom back", test_opened_by_setting},
		{"the ciphertext of data", test_encrypt_data},
		{"PBKDF2", test_pbkdf2},
		{"PBKDF2 with the parameter of 2.40", test_pbkdf2_of_2_40},
		{"a derived key has some length", test_no_length},
		{NULL, NULL},
	};

	return unit_main("C_DeriveKey on secret keys", tests);
}
