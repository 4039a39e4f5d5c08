/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets of TLS 1.2 (PKCS#11 3.0 section 6.40): the master secret by NIST's vector, the rest beside a PRF that is put together of
 * C_Sign with CKM_SHA256_HMAC as RFC 5246 §5 has it.
 */
#include <string.h>

#include "coffer/pkcs11-3.h"
#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/* NIST CAVP, tls.rsp, TLS 1.2, SHA-256, first of the group. */
static CK_BYTE pre[48] = {0xf8, 0x93, 0x8e, 0xcc, 0x9e, 0xde, 0xbc, 0x50, 0x30, 0xc0, 0xc6, 0xa4, 0x41, 0xe2, 0x13, 0xcd,
			  0x24, 0xe6, 0xf7, 0x70, 0xa5, 0x0d, 0xda, 0x07, 0x87, 0x6f, 0x8d, 0x55, 0xda, 0x06, 0x2b, 0xca,
			  0xdb, 0x38, 0x6b, 0x41, 0x1f, 0xd4, 0xfe, 0x43, 0x13, 0xa6, 0x04, 0xfc, 0xe6, 0xc1, 0x7f, 0xbc};
static CK_BYTE client[32] = {0x36, 0xc1, 0x29, 0xd0, 0x1a, 0x32, 0x00, 0x89, 0x4b, 0x91, 0x79, 0xfa, 0xac, 0x58, 0x9d, 0x98,
			     0x35, 0xd5, 0x87, 0x75, 0xf9, 0xb5, 0xea, 0x35, 0x87, 0xcb, 0x8f, 0xd0, 0x36, 0x4c, 0xae, 0x8c};
static CK_BYTE server[32] = {0xf6, 0xc9, 0x57, 0x5e, 0xd7, 0xdd, 0xd7, 0x3e, 0x1f, 0x7d, 0x16, 0xec, 0xa1, 0x15, 0x41, 0x58,
			     0x12, 0xa4, 0x3c, 0x2b, 0x74, 0x7d, 0xaa, 0xaa, 0xe0, 0x43, 0xab, 0xfb, 0x50, 0x05, 0x3f, 0xce};
static CK_BYTE master[48] = {0x20, 0x2c, 0x88, 0xc0, 0x0f, 0x84, 0xa1, 0x7a, 0x20, 0x02, 0x70, 0x79, 0x60, 0x47, 0x87, 0x46,
			     0x11, 0x76, 0x45, 0x55, 0x39, 0xe7, 0x05, 0xbe, 0x73, 0x08, 0x90, 0x60, 0x2c, 0x28, 0x9a, 0x50,
			     0x01, 0xe3, 0x4e, 0xeb, 0x3a, 0x04, 0x3e, 0x5d, 0x52, 0xa6, 0x5e, 0x66, 0x12, 0x51, 0x88, 0xbf};

static CK_SESSION_HANDLE start(struct p11 *m)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_start(m));
	slot = p11_token(m, "tls");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static CK_OBJECT_HANDLE secret(const struct p11 *m, CK_SESSION_HANDLE s, const CK_BYTE *value, CK_ULONG n, CK_BBOOL sensitive)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL extractable = !sensitive;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class),	    ATTR(CKA_KEY_TYPE, type),		{CKA_VALUE, (void *)value, n},
			    ATTR(CKA_SENSITIVE, sensitive), ATTR(CKA_EXTRACTABLE, extractable), ATTR(CKA_DERIVE, yes),
			    ATTR(CKA_SIGN, yes),	    ATTR(CKA_VERIFY, yes)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	REQUIRE_RV(m->f->C_CreateObject(s, t, 8, &h), CKR_OK);
	return h;
}

/* A readable key of `length` bytes (0: none is said). */
static CK_RV derive(const struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM_TYPE type, void *p, CK_ULONG n, CK_OBJECT_HANDLE base,
		    CK_ULONG length, CK_OBJECT_HANDLE *out)
{
	CK_MECHANISM mechanism = {type, p, n};
	CK_ATTRIBUTE t[] = {ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_DERIVE, yes), ATTR(CKA_SIGN, yes),
			    ATTR(CKA_VERIFY, yes),   ATTR(CKA_VALUE_LEN, length)};

	return m->f->C_DeriveKey(s, &mechanism, base, t, length == 0 ? 5 : 6, out);
}

static bool has_value(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, const CK_BYTE *want, CK_ULONG n)
{
	CK_BYTE got[256];
	CK_ATTRIBUTE t = {CKA_VALUE, got, sizeof(got)};

	return m->f->C_GetAttributeValue(s, h, &t, 1) == CKR_OK && t.ulValueLen == n && memcmp(got, want, n) == 0;
}

static void hmac(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, const CK_BYTE *data, CK_ULONG n, CK_BYTE *out)
{
	CK_MECHANISM mechanism = {CKM_SHA256_HMAC, NULL, 0};
	CK_ULONG size = 32;

	REQUIRE_RV(m->f->C_SignInit(s, &mechanism, key), CKR_OK);
	REQUIRE_RV(m->f->C_Sign(s, (CK_BYTE *)data, n, out, &size), CKR_OK);
}

/* P_SHA256(secret, seed) of RFC 5246; `n` a multiple of 32. */
static void prf(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, const CK_BYTE *seed, CK_ULONG seed_n, CK_BYTE *out,
		CK_ULONG n)
{
	CK_BYTE a[32 + 256];

	hmac(m, s, key, seed, seed_n, a);
	for (CK_ULONG at = 0; at < n; at += 32) {
		memcpy(a + 32, seed, seed_n);
		hmac(m, s, key, a, 32 + seed_n, out + at);
		hmac(m, s, key, a, 32, a);
	}
}

static void test_master_secret(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_VERSION version = {0, 0};
	CK_TLS12_MASTER_KEY_DERIVE_PARAMS p = {{client, 32, server, 32}, &version, CKM_SHA256};
	CK_OBJECT_HANDLE base = secret(&m, s, pre, 48, CK_FALSE), h;

	REQUIRE_RV(derive(&m, s, CKM_TLS12_MASTER_KEY_DERIVE, &p, sizeof(p), base, 0, &h), CKR_OK);
	CHECK(has_value(&m, s, h, master, 48));
	CHECK(version.major == 0xf8 && version.minor == 0x93);
	CHECK_RV(derive(&m, s, CKM_TLS12_MASTER_KEY_DERIVE, &p, sizeof(p), base, 48, &h), CKR_OK);
	CHECK_RV(derive(&m, s, CKM_TLS12_MASTER_KEY_DERIVE, &p, sizeof(p), base, 32, &h), CKR_KEY_SIZE_RANGE);
	CHECK_RV(derive(&m, s, CKM_TLS12_MASTER_KEY_DERIVE, &p, sizeof(p), secret(&m, s, pre, 47, CK_TRUE), 0, &h), CKR_KEY_SIZE_RANGE);
	CHECK_RV(derive(&m, s, CKM_TLS12_MASTER_KEY_DERIVE_DH, &p, sizeof(p), base, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	p.pVersion = NULL;
	CHECK_RV(derive(&m, s, CKM_TLS12_MASTER_KEY_DERIVE, &p, sizeof(p), base, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	REQUIRE_RV(derive(&m, s, CKM_TLS12_MASTER_KEY_DERIVE_DH, &p, sizeof(p), base, 0, &h), CKR_OK);
	CHECK(has_value(&m, s, h, master, 48));
	CHECK_RV(derive(&m, s, CKM_TLS12_MASTER_KEY_DERIVE_DH, &p, sizeof(p), secret(&m, s, pre, 17, CK_TRUE), 0, &h), CKR_OK);
	p.prfHashMechanism = CKM_TLS_PRF;
	CHECK_RV(derive(&m, s, CKM_TLS12_MASTER_KEY_DERIVE_DH, &p, sizeof(p), base, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	p.prfHashMechanism = CKM_SHA256;
	p.RandomInfo.ulServerRandomLen = 0;
	CHECK_RV(derive(&m, s, CKM_TLS12_MASTER_KEY_DERIVE_DH, &p, sizeof(p), base, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	p11_stop(&m);
}

static void test_extended_master_secret(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_VERSION version = {0, 0};
	CK_BYTE hash[32] = {1, 2, 3}, seed[22 + 32] = "extended master secret", want[64];
	CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS p = {CKM_SHA256, hash, 32, &version};
	CK_OBJECT_HANDLE base = secret(&m, s, pre, 48, CK_FALSE), h;

	memcpy(seed + 22, hash, 32);
	prf(&m, s, base, seed, sizeof(seed), want, 64);
	REQUIRE_RV(derive(&m, s, CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE, &p, sizeof(p), base, 0, &h), CKR_OK);
	CHECK(has_value(&m, s, h, want, 48) && version.major == 0xf8);
	CHECK_RV(derive(&m, s, CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH, &p, sizeof(p), base, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	p.pVersion = NULL;
	REQUIRE_RV(derive(&m, s, CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH, &p, sizeof(p), base, 0, &h), CKR_OK);
	CHECK(has_value(&m, s, h, want, 48));
	p.ulSessionHashLen = 0;
	CHECK_RV(derive(&m, s, CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH, &p, sizeof(p), base, 0, &h), CKR_MECHANISM_PARAM_INVALID);
	p11_stop(&m);
}

/* RFC 5705, with and without a context: an empty one is another than none. */
static void test_exported_keys(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_BYTE label[] = "EXPORTER-test", seed[13 + 64 + 2 + 3], context[3] = {7, 8, 9}, want[64], other[64];
	CK_TLS_KDF_PARAMS p = {CKM_SHA256, label, 13, {client, 32, server, 32}, NULL, 0};
	CK_OBJECT_HANDLE base = secret(&m, s, master, 48, CK_FALSE), hidden = secret(&m, s, master, 48, CK_TRUE), h;
	CK_MECHANISM mechanism = {CKM_TLS_KDF, &p, sizeof(p)};
	CK_ULONG length = 16;
	CK_ATTRIBUTE t[] = {ATTR(CKA_VALUE_LEN, length), ATTR(CKA_SENSITIVE, no)};

	memcpy(seed, label, 13);
	memcpy(seed + 13, client, 32);
	memcpy(seed + 45, server, 32);
	prf(&m, s, base, seed, 77, want, 64);
	REQUIRE_RV(derive(&m, s, CKM_TLS_KDF, &p, sizeof(p), base, 60, &h), CKR_OK);
	CHECK(has_value(&m, s, h, want, 60));
	p.pContextData = context;
	seed[77] = seed[78] = 0;
	prf(&m, s, base, seed, 79, other, 64);
	REQUIRE_RV(derive(&m, s, CKM_TLS12_KDF, &p, sizeof(p), base, 60, &h), CKR_OK);
	CHECK(has_value(&m, s, h, other, 60) && memcmp(want, other, 60) != 0);
	p.ulContextDataLength = 3;
	seed[78] = 3;
	memcpy(seed + 79, context, 3);
	prf(&m, s, base, seed, 82, want, 64);
	REQUIRE_RV(derive(&m, s, CKM_TLS_KDF, &p, sizeof(p), base, 60, &h), CKR_OK);
	CHECK(has_value(&m, s, h, want, 60));
	CHECK_RV(derive(&m, s, CKM_TLS_KDF, &p, sizeof(p), base, 0, &h), CKR_KEY_SIZE_RANGE);
	/* As sensitive as what it is made of, and shorter if need be. */
	CHECK_RV(m.f->C_DeriveKey(s, &mechanism, hidden, t, 2, &h), CKR_TEMPLATE_INCONSISTENT);
	REQUIRE_RV(m.f->C_DeriveKey(s, &mechanism, hidden, t, 1, &h), CKR_OK);
	CHECK(p11_get_bool(&m, s, h, CKA_SENSITIVE) && !p11_get_bool(&m, s, h, CKA_EXTRACTABLE));
	p.ulLabelLength = 0;
	CHECK_RV(derive(&m, s, CKM_TLS_KDF, &p, sizeof(p), base, 60, &h), CKR_MECHANISM_PARAM_INVALID);
	p.ulLabelLength = 201;
	CHECK_RV(derive(&m, s, CKM_TLS_KDF, &p, sizeof(p), base, 60, &h), CKR_MECHANISM_PARAM_INVALID);
	p11_stop(&m);
}

static void test_finished(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_BYTE hash[32] = {4, 5, 6}, seed[15 + 32] = "client finished", want[32], got[64];
	CK_TLS_MAC_PARAMS p = {CKM_SHA256, 12, 2};
	CK_MECHANISM mechanism = {CKM_TLS_MAC, &p, sizeof(p)};
	CK_OBJECT_HANDLE key = secret(&m, s, master, 48, CK_TRUE);
	CK_ULONG n = sizeof(got);

	memcpy(seed + 15, hash, 32);
	prf(&m, s, key, seed, sizeof(seed), want, 32);
	REQUIRE_RV(m.f->C_SignInit(s, &mechanism, key), CKR_OK);
	REQUIRE_RV(m.f->C_Sign(s, hash, 32, got, &n), CKR_OK);
	CHECK(n == 12 && memcmp(got, want, 12) == 0);
	REQUIRE_RV(m.f->C_VerifyInit(s, &mechanism, key), CKR_OK);
	CHECK_RV(m.f->C_Verify(s, hash, 32, want, 12), CKR_OK);
	REQUIRE_RV(m.f->C_VerifyInit(s, &mechanism, key), CKR_OK);
	CHECK_RV(m.f->C_Verify(s, hash, 32, want, 13), CKR_SIGNATURE_LEN_RANGE);
	p.ulServerOrClient = 1;
	REQUIRE_RV(m.f->C_VerifyInit(s, &mechanism, key), CKR_OK);
	CHECK_RV(m.f->C_Verify(s, hash, 32, want, 12), CKR_SIGNATURE_INVALID);
	p.ulServerOrClient = 3;
	CHECK_RV(m.f->C_SignInit(s, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
	p.ulServerOrClient = 1;
	p.ulMacLength = 11;
	CHECK_RV(m.f->C_SignInit(s, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
	p.ulMacLength = 65;
	CHECK_RV(m.f->C_SignInit(s, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
	p11_stop(&m);
}

/* A master secret is for TLS, and for nothing that the template says. */
static void test_what_a_master_secret_is_for(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_TLS12_MASTER_KEY_DERIVE_PARAMS p = {{client, 32, server, 32}, NULL, CKM_SHA256};
	CK_MECHANISM derivation = {CKM_TLS12_MASTER_KEY_DERIVE_DH, &p, sizeof(p)}, mac = {CKM_SHA256_HMAC, NULL, 0};
	CK_MECHANISM_TYPE allowed[] = {CKM_SHA256_HMAC}, got[16];
	CK_ATTRIBUTE t = ATTR(CKA_ALLOWED_MECHANISMS, allowed), list = ATTR(CKA_ALLOWED_MECHANISMS, got);
	CK_TLS_MAC_PARAMS finished = {CKM_SHA256, 12, 2};
	CK_MECHANISM tls = {CKM_TLS_MAC, &finished, sizeof(finished)};
	CK_OBJECT_HANDLE base = secret(&m, s, pre, 48, CK_TRUE), h;

	CHECK_RV(m.f->C_DeriveKey(s, &derivation, base, &t, 1, &h), CKR_TEMPLATE_INCONSISTENT);
	REQUIRE_RV(derive(&m, s, CKM_TLS12_MASTER_KEY_DERIVE_DH, &p, sizeof(p), base, 0, &h), CKR_OK);
	CHECK_RV(m.f->C_GetAttributeValue(s, h, &list, 1), CKR_OK);
	CHECK(list.ulValueLen == 6 * sizeof(CK_MECHANISM_TYPE));
	CHECK_RV(m.f->C_SignInit(s, &mac, h), CKR_MECHANISM_INVALID);
	CHECK_RV(m.f->C_SignInit(s, &tls, h), CKR_OK);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"the master secret: NIST's vector", test_master_secret},
		{"the extended master secret", test_extended_master_secret},
		{"exported keys", test_exported_keys},
		{"the MAC of the finished message", test_finished},
		{"what a master secret is for", test_what_a_master_secret_is_for},
		{NULL, NULL},
	};

	return unit_main("tls", tests);
}
