/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C_EncapsulateKey and C_DecapsulateKey (PKCS#11 3.2, §5.18.8 and §5.18.9) with the mechanisms that every OpenSSL has: RSA, ECDH,
 * Diffie-Hellman.  tests/conformance/pqc.c has ML-KEM.
 */
#include <string.h>

#include "groups.h"
#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS class_secret = CKO_SECRET_KEY;
static CK_KEY_TYPE aes = CKK_AES, generic = CKK_GENERIC_SECRET, des3 = CKK_DES3;
static CK_ULONG sixteen = 16, bits = 2048;
static CK_BYTE f4[] = {1, 0, 1};
static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static CK_BYTE p521[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23};
static CK_BYTE x25519[] = {0x06, 0x03, 0x2b, 0x65, 0x6e}, x448[] = {0x06, 0x03, 0x2b, 0x65, 0x6f};
static CK_BYTE two[] = {2};

static CK_ECDH1_DERIVE_PARAMS bare = {CKD_NULL, 0, NULL, 0, NULL};
static CK_BYTE shared[] = "of this protocol";
static CK_ECDH1_DERIVE_PARAMS sha256 = {CKD_SHA256_KDF, sizeof(shared), shared, 0, NULL};
static CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};

static CK_SESSION_HANDLE start(struct p11 *m, const char *extra)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_load(m, extra));
	REQUIRE_RV(m->f->C_Initialize(NULL), CKR_OK);
	REQUIRE(m->f32 != NULL);
	slot = p11_token(m, "encapsulate");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static void make_pair(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM_TYPE type, const CK_ATTRIBUTE *domain, CK_ULONG n,
		      struct p11_pair *out)
{
	CK_MECHANISM mechanism = {type, NULL, 0};
	CK_ATTRIBUTE pub[4] = {ATTR(CKA_ENCAPSULATE, yes)}, priv[] = {ATTR(CKA_DECAPSULATE, yes)};

	for (CK_ULONG i = 0; i < n; i++)
		pub[i + 1] = domain[i];
	REQUIRE_RV(m->f->C_GenerateKeyPair(s, &mechanism, pub, n + 1, priv, 1, &out->pub, &out->priv), CKR_OK);
}

static void rsa_pair(const struct p11 *m, CK_SESSION_HANDLE s, struct p11_pair *out)
{
	const CK_ATTRIBUTE domain[] = {ATTR(CKA_MODULUS_BITS, bits), ATTR(CKA_PUBLIC_EXPONENT, f4)};

	make_pair(m, s, CKM_RSA_PKCS_KEY_PAIR_GEN, domain, 2, out);
}

static void ec_pair(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM_TYPE type, CK_BYTE *params, CK_ULONG n, struct p11_pair *out)
{
	const CK_ATTRIBUTE domain = {CKA_EC_PARAMS, params, n};

	make_pair(m, s, type, &domain, 1, out);
}

static CK_ULONG value_of(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_BYTE out[512])
{
	CK_ATTRIBUTE t = {CKA_VALUE, out, 512};

	return m->f->C_GetAttributeValue(s, h, &t, 1) == CKR_OK ? t.ulValueLen : 0;
}

static void check_history(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)
{
	CHECK(!p11_get_bool(m, s, key, CKA_ALWAYS_SENSITIVE) && !p11_get_bool(m, s, key, CKA_NEVER_EXTRACTABLE));
	CHECK(p11_get_bool(m, s, key, CKA_EXTRACTABLE) && !p11_get_bool(m, s, key, CKA_LOCAL));
}

/* There and back: both sides have the same key, of `secret_n` bytes, and the ciphertext has `wrapped_n`. */
static void round_trip(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM *mechanism, const struct p11_pair *k, CK_ATTRIBUTE *t,
		       CK_ULONG t_n, CK_ULONG wrapped_n, CK_ULONG secret_n)
{
	CK_BYTE wrapped[512], one[512], other[512];
	CK_OBJECT_HANDLE made = 0, back = 0;
	CK_ULONG n = 0;

	CHECK_RV(m->f32->C_EncapsulateKey(s, mechanism, k->pub, t, t_n, NULL, &n, &made), CKR_OK);
	CHECK(n == wrapped_n && made == 0);
	n = wrapped_n - 1;
	CHECK_RV(m->f32->C_EncapsulateKey(s, mechanism, k->pub, t, t_n, wrapped, &n, &made), CKR_BUFFER_TOO_SMALL);
	CHECK(n == wrapped_n && made == 0);
	n = sizeof(wrapped);
	REQUIRE_RV(m->f32->C_EncapsulateKey(s, mechanism, k->pub, t, t_n, wrapped, &n, &made), CKR_OK);
	CHECK(n == wrapped_n);
	REQUIRE_RV(m->f32->C_DecapsulateKey(s, mechanism, k->priv, t, t_n, wrapped, n, &back), CKR_OK);
	CHECK(value_of(m, s, made, one) == secret_n && value_of(m, s, back, other) == secret_n);
	CHECK(memcmp(one, other, secret_n) == 0);
	check_history(m, s, made);
	check_history(m, s, back);
	/* Each time another one. */
	REQUIRE_RV(m->f32->C_EncapsulateKey(s, mechanism, k->pub, t, t_n, wrapped, &n, &made), CKR_OK);
	CHECK(value_of(m, s, made, other) == secret_n && memcmp(one, other, secret_n) != 0);
}

static CK_ATTRIBUTE aes_16[] = {ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_VALUE_LEN, sixteen)};
static CK_ATTRIBUTE aes_any[] = {ATTR(CKA_KEY_TYPE, aes)};

static void test_ecdh(void)
{
	struct p11 m;
	struct p11_pair k;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_MECHANISM plain = {CKM_ECDH1_DERIVE, &bare, sizeof(bare)}, hashed = {CKM_ECDH1_DERIVE, &sha256, sizeof(sha256)};
	CK_MECHANISM cofactor = {CKM_ECDH1_COFACTOR_DERIVE, &sha256, sizeof(sha256)};

	ec_pair(&m, s, CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &k);
	round_trip(&m, s, &plain, &k, NULL, 0, 65, 32);
	round_trip(&m, s, &plain, &k, aes_any, 1, 65, 32);
	round_trip(&m, s, &hashed, &k, aes_16, 3, 65, 16);
	round_trip(&m, s, &cofactor, &k, aes_16, 3, 65, 16);
	ec_pair(&m, s, CKM_EC_KEY_PAIR_GEN, p521, sizeof(p521), &k);
	round_trip(&m, s, &plain, &k, NULL, 0, 133, 66);
	round_trip(&m, s, &hashed, &k, aes_any, 1, 133, 32);
	ec_pair(&m, s, CKM_EC_MONTGOMERY_KEY_PAIR_GEN, x25519, sizeof(x25519), &k);
	round_trip(&m, s, &plain, &k, NULL, 0, 32, 32);
	round_trip(&m, s, &hashed, &k, aes_16, 3, 32, 16);
	ec_pair(&m, s, CKM_EC_MONTGOMERY_KEY_PAIR_GEN, x448, sizeof(x448), &k);
	round_trip(&m, s, &plain, &k, NULL, 0, 56, 56);
	p11_stop(&m);
}

/* What encapsulation gives is what C_DeriveKey makes with the ciphertext as the other party's point. */
static void test_ecdh_is_derivation(void)
{
	struct p11 m;
	struct p11_pair k;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &sha256, sizeof(sha256)};
	CK_ECDH1_DERIVE_PARAMS with_point = sha256;
	CK_MECHANISM derive = {CKM_ECDH1_DERIVE, &with_point, sizeof(with_point)};
	CK_ATTRIBUTE may_derive = ATTR(CKA_DERIVE, yes), t[] = {ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_VALUE_LEN, sixteen),
								 ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes)};
	CK_BYTE wrapped[65], one[512], other[512];
	CK_OBJECT_HANDLE made = 0, derived = 0;
	CK_ULONG n = sizeof(wrapped);

	ec_pair(&m, s, CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &k);
	REQUIRE_RV(m.f32->C_EncapsulateKey(s, &mechanism, k.pub, aes_16, 3, wrapped, &n, &made), CKR_OK);
	REQUIRE_RV(m.f->C_SetAttributeValue(s, k.priv, &may_derive, 1), CKR_OK);
	/* The parameter has the point there, and must not have it here. */
	CHECK_RV(m.f->C_DeriveKey(s, &mechanism, k.priv, t, 5, &derived), CKR_MECHANISM_PARAM_INVALID);
	with_point.pPublicData = wrapped;
	with_point.ulPublicDataLen = n;
	REQUIRE_RV(m.f->C_DeriveKey(s, &derive, k.priv, t, 5, &derived), CKR_OK);
	CHECK(value_of(&m, s, made, one) == 16 && value_of(&m, s, derived, other) == 16 && memcmp(one, other, 16) == 0);
	CHECK_RV(m.f32->C_DecapsulateKey(s, &derive, k.priv, aes_16, 3, wrapped, n, &derived), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(m.f32->C_EncapsulateKey(s, &derive, k.pub, aes_16, 3, wrapped, &n, &made), CKR_MECHANISM_PARAM_INVALID);
	p11_stop(&m);
}

static void test_dh(void)
{
	struct p11 m;
	struct p11_pair k;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_MECHANISM mechanism = {CKM_DH_PKCS_DERIVE, NULL, 0};
	CK_BYTE prime[GROUP_BYTES];
	const CK_ATTRIBUTE domain[] = {ATTR(CKA_PRIME, prime), ATTR(CKA_BASE, two)};

	group_prime(group_ffdhe2048, prime);
	make_pair(&m, s, CKM_DH_PKCS_KEY_PAIR_GEN, domain, 2, &k);
	round_trip(&m, s, &mechanism, &k, NULL, 0, 256, 256);
	round_trip(&m, s, &mechanism, &k, aes_16, 3, 256, 16);
	p11_stop(&m);
}

static void test_rsa(void)
{
	struct p11 m;
	struct p11_pair k;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_MECHANISM v15 = {CKM_RSA_PKCS, NULL, 0}, with_oaep = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)}, raw = {CKM_RSA_X_509, NULL, 0};
	CK_ATTRIBUTE triple[] = {ATTR(CKA_KEY_TYPE, des3)};

	rsa_pair(&m, s, &k);
	round_trip(&m, s, &with_oaep, &k, aes_16, 3, 256, 16);
	round_trip(&m, s, &with_oaep, &k, aes_any, 1, 256, 32);
	round_trip(&m, s, &with_oaep, &k, triple, 1, 256, 24);
	round_trip(&m, s, &v15, &k, aes_16, 3, 256, 16);
	round_trip(&m, s, &raw, &k, NULL, 0, 256, 256);
	p11_stop(&m);
}

/* A ciphertext that is wrong in its padding gives another key, of the right length, each time the same (as C_UnwrapKey does). */
static void test_rsa_implicit_rejection(void)
{
	struct p11 m;
	struct p11_pair k;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_MECHANISM v15 = {CKM_RSA_PKCS, NULL, 0};
	CK_BYTE wrapped[256], one[512], again[512];
	CK_OBJECT_HANDLE made, back;
	CK_ULONG n = sizeof(wrapped);

	rsa_pair(&m, s, &k);
	REQUIRE_RV(m.f32->C_EncapsulateKey(s, &v15, k.pub, aes_16, 3, wrapped, &n, &made), CKR_OK);
	for (unsigned i = 0; i < 16; i++) {
		wrapped[255] ^= (CK_BYTE)(i + 1);
		wrapped[0] = 0; /* less than the modulus */
		REQUIRE_RV(m.f32->C_DecapsulateKey(s, &v15, k.priv, aes_16, 3, wrapped, n, &back), CKR_OK);
		CHECK(value_of(&m, s, back, one) == 16);
		REQUIRE_RV(m.f32->C_DecapsulateKey(s, &v15, k.priv, aes_16, 3, wrapped, n, &back), CKR_OK);
		CHECK(value_of(&m, s, back, again) == 16 && memcmp(one, again, 16) == 0);
	}
	CHECK_RV(m.f32->C_DecapsulateKey(s, &v15, k.priv, aes_16, 3, wrapped, 255, &back), CKR_WRAPPED_KEY_LEN_RANGE);
	p11_stop(&m);
}

static void test_wrong_ciphertexts(void)
{
	struct p11 m;
	struct p11_pair rsa, ec, mont;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_MECHANISM with_oaep = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)}, ecdh = {CKM_ECDH1_DERIVE, &bare, sizeof(bare)};
	CK_BYTE zeros[256] = {0};
	CK_OBJECT_HANDLE back;

	rsa_pair(&m, s, &rsa);
	ec_pair(&m, s, CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &ec);
	ec_pair(&m, s, CKM_EC_MONTGOMERY_KEY_PAIR_GEN, x25519, sizeof(x25519), &mont);
	CHECK_RV(m.f32->C_DecapsulateKey(s, &with_oaep, rsa.priv, aes_16, 3, zeros, 256, &back), CKR_WRAPPED_KEY_INVALID);
	CHECK_RV(m.f32->C_DecapsulateKey(s, &with_oaep, rsa.priv, aes_16, 3, zeros, 255, &back), CKR_WRAPPED_KEY_LEN_RANGE);
	CHECK_RV(m.f32->C_DecapsulateKey(s, &ecdh, ec.priv, aes_16, 3, zeros, 65, &back), CKR_WRAPPED_KEY_INVALID);
	CHECK_RV(m.f32->C_DecapsulateKey(s, &ecdh, mont.priv, aes_16, 3, zeros, 32, &back), CKR_WRAPPED_KEY_INVALID);
	CHECK_RV(m.f32->C_DecapsulateKey(s, &ecdh, ec.priv, aes_16, 3, zeros, 0, &back), CKR_WRAPPED_KEY_LEN_RANGE);
	p11_stop(&m);
}

static void test_who_may(void)
{
	struct p11 m;
	struct p11_pair k;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &bare, sizeof(bare)}, eddsa = {CKM_EDDSA, NULL, 0}, rsa = {CKM_RSA_PKCS, NULL, 0};
	CK_MECHANISM make = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE t = ATTR(CKA_EC_PARAMS, p256), off_pub = ATTR(CKA_ENCAPSULATE, no), off_priv = ATTR(CKA_DECAPSULATE, no);
	CK_BYTE wrapped[512];
	CK_OBJECT_HANDLE key = 0;
	CK_ULONG n = sizeof(wrapped);

	ec_pair(&m, s, CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &k);
	CHECK_RV(m.f32->C_EncapsulateKey(s, &mechanism, k.pub, aes_16, 3, wrapped, NULL, &key), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f32->C_EncapsulateKey(s, &mechanism, k.pub, aes_16, 3, wrapped, &n, NULL), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f32->C_EncapsulateKey(s, NULL, k.pub, aes_16, 3, wrapped, &n, &key), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f32->C_DecapsulateKey(s, &mechanism, k.priv, aes_16, 3, NULL, 65, &key), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f32->C_EncapsulateKey(s, &eddsa, k.pub, aes_16, 3, wrapped, &n, &key), CKR_MECHANISM_INVALID);
	CHECK_RV(m.f32->C_EncapsulateKey(s, &rsa, k.pub, aes_16, 3, wrapped, &n, &key), CKR_KEY_TYPE_INCONSISTENT);
	CHECK_RV(m.f32->C_EncapsulateKey(s, &mechanism, 0xffff0, aes_16, 3, wrapped, &n, &key), CKR_KEY_HANDLE_INVALID);
	CHECK_RV(m.f32->C_DecapsulateKey(s, &rsa, k.priv, aes_16, 3, wrapped, 65, &key), CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT);
	CHECK_RV(m.f32->C_DecapsulateKey(s, &mechanism, 0xffff0, aes_16, 3, wrapped, 65, &key), CKR_UNWRAPPING_KEY_HANDLE_INVALID);
	/* Each half does its own. */
	CHECK_RV(m.f32->C_EncapsulateKey(s, &mechanism, k.priv, aes_16, 3, wrapped, &n, &key), CKR_KEY_FUNCTION_NOT_PERMITTED);
	CHECK_RV(m.f32->C_DecapsulateKey(s, &mechanism, k.pub, aes_16, 3, wrapped, 65, &key), CKR_KEY_FUNCTION_NOT_PERMITTED);
	REQUIRE_RV(m.f->C_SetAttributeValue(s, k.pub, &off_pub, 1), CKR_OK);
	REQUIRE_RV(m.f->C_SetAttributeValue(s, k.priv, &off_priv, 1), CKR_OK);
	CHECK_RV(m.f32->C_EncapsulateKey(s, &mechanism, k.pub, aes_16, 3, wrapped, &n, &key), CKR_KEY_FUNCTION_NOT_PERMITTED);
	CHECK_RV(m.f32->C_DecapsulateKey(s, &mechanism, k.priv, aes_16, 3, wrapped, 65, &key), CKR_KEY_FUNCTION_NOT_PERMITTED);
	/* Nothing of the kind unless the template says so. */
	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &make, &t, 1, NULL, 0, &k.pub, &k.priv), CKR_OK);
	CHECK(!p11_get_bool(&m, s, k.pub, CKA_ENCAPSULATE) && !p11_get_bool(&m, s, k.priv, CKA_DECAPSULATE));
	CHECK(key == 0);
	p11_stop(&m);
}

static void test_templates(void)
{
	struct p11 m;
	struct p11_pair k;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &bare, sizeof(bare)}, raw = {CKM_RSA_X_509, NULL, 0}, v15 = {CKM_RSA_PKCS, NULL, 0};
	CK_MECHANISM make = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE only_aes[] = {ATTR(CKA_KEY_TYPE, aes)}, sensitive[] = {ATTR(CKA_SENSITIVE, yes)};
	CK_ATTRIBUTE pub[] = {ATTR(CKA_EC_PARAMS, p256), ATTR(CKA_ENCAPSULATE, yes), {CKA_ENCAPSULATE_TEMPLATE, only_aes, sizeof(only_aes)}};
	CK_ATTRIBUTE priv[] = {ATTR(CKA_DECAPSULATE, yes), {CKA_DECAPSULATE_TEMPLATE, sensitive, sizeof(sensitive)}};
	CK_ATTRIBUTE plain[] = {ATTR(CKA_KEY_TYPE, generic)}, open[] = {ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_SENSITIVE, no)};
	CK_ATTRIBUTE inside[] = {ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_SENSITIVE, yes), ATTR(CKA_EXTRACTABLE, no)};
	CK_ATTRIBUTE value[] = {ATTR(CKA_KEY_TYPE, aes), {CKA_VALUE, two, 1}};
	CK_BYTE wrapped[512];
	CK_OBJECT_HANDLE key = 0;
	CK_ULONG n = sizeof(wrapped);

	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &make, pub, 3, priv, 2, &k.pub, &k.priv), CKR_OK);
	CHECK_RV(m.f32->C_EncapsulateKey(s, &mechanism, k.pub, plain, 1, wrapped, &n, &key), CKR_KEY_HANDLE_INVALID);
	CHECK_RV(m.f32->C_EncapsulateKey(s, &mechanism, k.pub, value, 2, wrapped, &n, &key), CKR_TEMPLATE_INCONSISTENT);
	REQUIRE_RV(m.f32->C_EncapsulateKey(s, &mechanism, k.pub, inside, 3, wrapped, &n, &key), CKR_OK);
	CHECK(p11_get_bool(&m, s, key, CKA_SENSITIVE) && !p11_get_bool(&m, s, key, CKA_EXTRACTABLE));
	CHECK(!p11_get_bool(&m, s, key, CKA_ALWAYS_SENSITIVE) && !p11_get_bool(&m, s, key, CKA_NEVER_EXTRACTABLE));
	CHECK_RV(m.f32->C_DecapsulateKey(s, &mechanism, k.priv, open, 2, wrapped, n, &key), CKR_TEMPLATE_INCONSISTENT);
	REQUIRE_RV(m.f32->C_DecapsulateKey(s, &mechanism, k.priv, open, 1, wrapped, n, &key), CKR_OK);
	CHECK(p11_get_bool(&m, s, key, CKA_SENSITIVE));
	rsa_pair(&m, s, &k);
	n = sizeof(wrapped);
	CHECK_RV(m.f32->C_EncapsulateKey(s, &v15, k.pub, NULL, 0, wrapped, &n, &key), CKR_TEMPLATE_INCOMPLETE);
	n = sizeof(wrapped);
	CHECK_RV(m.f32->C_EncapsulateKey(s, &raw, k.pub, aes_16, 3, wrapped, &n, &key), CKR_TEMPLATE_INCONSISTENT);
	p11_stop(&m);
}

/* As a token object it is there in the next session. */
static void test_token_objects(void)
{
	struct p11 m;
	struct p11_pair k;
	CK_SESSION_HANDLE s = start(&m, NULL), reader;
	CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &bare, sizeof(bare)};
	CK_ATTRIBUTE t[] = {ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_TOKEN, yes)};
	CK_BYTE wrapped[512], one[512], other[512];
	CK_OBJECT_HANDLE made, back;
	CK_SESSION_INFO info;
	CK_ULONG n = sizeof(wrapped);

	ec_pair(&m, s, CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &k);
	REQUIRE_RV(m.f32->C_EncapsulateKey(s, &mechanism, k.pub, t, 2, wrapped, &n, &made), CKR_OK);
	REQUIRE_RV(m.f->C_GetSessionInfo(s, &info), CKR_OK);
	REQUIRE_RV(m.f->C_OpenSession(info.slotID, CKF_SERIAL_SESSION, NULL, NULL, &reader), CKR_OK);
	CHECK_RV(m.f32->C_DecapsulateKey(reader, &mechanism, k.priv, t, 2, wrapped, n, &back), CKR_SESSION_READ_ONLY);
	REQUIRE_RV(m.f32->C_DecapsulateKey(reader, &mechanism, k.priv, t, 1, wrapped, n, &back), CKR_OK);
	CHECK(value_of(&m, reader, made, one) == 32 && value_of(&m, reader, back, other) == 32 && memcmp(one, other, 32) == 0);
	p11_stop(&m);
}

static void test_switched_off(void)
{
	struct p11 m;
	struct p11_pair k;
	CK_SESSION_HANDLE s = start(&m, "disabled-mechanisms = CKM_ECDH1_DERIVE\n");
	CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &bare, sizeof(bare)};
	CK_OBJECT_HANDLE key;
	CK_BYTE wrapped[65];
	CK_ULONG n = sizeof(wrapped);

	ec_pair(&m, s, CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), &k);
	CHECK_RV(m.f32->C_EncapsulateKey(s, &mechanism, k.pub, aes_16, 3, wrapped, &n, &key), CKR_MECHANISM_INVALID);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"ECDH, with and without key derivation function, on Weierstrass and Montgomery curves", test_ecdh},
		{"ECDH: the same as C_DeriveKey with the ciphertext as the other party's point", test_ecdh_is_derivation},
		{"Diffie-Hellman", test_dh},
		{"RSA: OAEP, PKCS#1 v1.5, RSASVE", test_rsa},
		{"RSA PKCS#1 v1.5: a wrong padding answers with another key", test_rsa_implicit_rejection},
		{"wrong ciphertexts", test_wrong_ciphertexts},
		{"arguments, keys and what they are for", test_who_may},
		{"CKA_ENCAPSULATE_TEMPLATE, CKA_DECAPSULATE_TEMPLATE and the caller's", test_templates},
		{"token objects", test_token_objects},
		{"a mechanism that is switched off", test_switched_off},
		{NULL, NULL},
	};

	return unit_main("conformance: key encapsulation", tests);
}
