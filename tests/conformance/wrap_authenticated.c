/* SPDX-License-Identifier: Apache-2.0 */
/* C_WrapKeyAuthenticated and C_UnwrapKeyAuthenticated (PKCS#11 3.2): what they give, what they notice, the rules of C_WrapKey. */
#include <string.h>

#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS class_secret = CKO_SECRET_KEY, class_private = CKO_PRIVATE_KEY;
static CK_KEY_TYPE aes = CKK_AES, ec = CKK_EC;
static CK_ULONG size = 32;
static CK_MECHANISM aes_generate = {CKM_AES_KEY_GEN, NULL, 0};
static CK_BYTE aad[] = "which wallet, which key";

static CK_SESSION_HANDLE start(struct p11 *m, const char *extra)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_load(m, extra));
	REQUIRE_RV(m->f->C_Initialize(NULL), CKR_OK);
	REQUIRE(m->f32 != NULL);
	slot = p11_token(m, "authenticated");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static CK_OBJECT_HANDLE generate(const struct p11 *m, CK_SESSION_HANDLE s, const CK_ATTRIBUTE *more, CK_ULONG n)
{
	CK_ATTRIBUTE t[10] = {ATTR(CKA_VALUE_LEN, size)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	for (CK_ULONG i = 0; i < n; i++)
		t[i + 1] = more[i];
	REQUIRE_RV(m->f->C_GenerateKey(s, &aes_generate, t, n + 1, &h), CKR_OK);
	return h;
}

/* One call's parameter, whichever mechanism it is for. */
struct message {
	CK_BYTE iv[12], tag[16];
	CK_GCM_MESSAGE_PARAMS gcm;
	CK_CCM_MESSAGE_PARAMS ccm;
	CK_MECHANISM mechanism;
};

static void prepare(struct message *p, CK_MECHANISM_TYPE type, CK_GENERATOR_FUNCTION generator)
{
	p->gcm = (CK_GCM_MESSAGE_PARAMS){p->iv, sizeof(p->iv), 0, generator, p->tag, 128};
	p->ccm = (CK_CCM_MESSAGE_PARAMS){0, p->iv, sizeof(p->iv), 0, generator, p->tag, sizeof(p->tag)};
	if (type == CKM_AES_CCM)
		p->mechanism = (CK_MECHANISM){type, &p->ccm, sizeof(p->ccm)};
	else
		p->mechanism = (CK_MECHANISM){type, &p->gcm, sizeof(p->gcm)};
}

static CK_RV wrap(const struct p11 *m, CK_SESSION_HANDLE s, struct message *p, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE key, CK_BYTE *out,
		  CK_ULONG *n)
{
	*n = 512;
	return m->f32->C_WrapKeyAuthenticated(s, &p->mechanism, with, key, aad, sizeof(aad), out, n);
}

static CK_RV unwrap(const struct p11 *m, CK_SESSION_HANDLE s, struct message *p, CK_OBJECT_HANDLE with, CK_BYTE *wrapped, CK_ULONG n,
		    CK_OBJECT_HANDLE *out)
{
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_SENSITIVE, no)};

	return m->f32->C_UnwrapKeyAuthenticated(s, &p->mechanism, with, wrapped, n, t, 3, aad, sizeof(aad), out);
}

static CK_ULONG value_of(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_BYTE *out)
{
	CK_ATTRIBUTE t = {CKA_VALUE, out, 64};

	return m->f->C_GetAttributeValue(s, h, &t, 1) == CKR_OK ? t.ulValueLen : 0;
}

static const CK_ATTRIBUTE role[] = {ATTR(CKA_WRAP, yes), ATTR(CKA_UNWRAP, yes), ATTR(CKA_ENCRYPT, yes)};
static const CK_ATTRIBUTE clear[] = {ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_SENSITIVE, no)};

/* What C_Encrypt makes of the key's value, tag behind it. */
static void encrypted(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, struct message *p, CK_BYTE *value, CK_BYTE out[48])
{
	CK_GCM_PARAMS gcm = {p->iv, sizeof(p->iv), 8 * sizeof(p->iv), aad, sizeof(aad), 128};
	CK_CCM_PARAMS ccm = {32, p->iv, sizeof(p->iv), aad, sizeof(aad), 16};
	CK_MECHANISM mechanism = {CKM_AES_GCM, &gcm, sizeof(gcm)};
	CK_ULONG n = 48;

	if (p->mechanism.mechanism == CKM_AES_CCM)
		mechanism = (CK_MECHANISM){CKM_AES_CCM, &ccm, sizeof(ccm)};
	REQUIRE_RV(m->f->C_EncryptInit(s, &mechanism, key), CKR_OK);
	REQUIRE_RV(m->f->C_Encrypt(s, value, 32, out, &n), CKR_OK);
	CHECK(n == 48);
}

static void there_and_back(CK_MECHANISM_TYPE type)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_OBJECT_HANDLE with = generate(&m, s, role, 3), key = generate(&m, s, clear, 2), back;
	CK_BYTE value[64], again[64], wrapped[512], want[48], first[12];
	struct message p = {.iv = {1}};
	CK_ULONG n = 0;

	CHECK(value_of(&m, s, key, value) == 32);
	prepare(&p, type, CKG_NO_GENERATE);
	CHECK_RV(m.f32->C_WrapKeyAuthenticated(s, &p.mechanism, with, key, aad, sizeof(aad), NULL, &n), CKR_OK);
	CHECK(n == 32);
	n = 31;
	CHECK_RV(m.f32->C_WrapKeyAuthenticated(s, &p.mechanism, with, key, aad, sizeof(aad), wrapped, &n), CKR_BUFFER_TOO_SMALL);
	CHECK(n == 32);
	REQUIRE_RV(wrap(&m, s, &p, with, key, wrapped, &n), CKR_OK);
	encrypted(&m, s, with, &p, value, want);
	CHECK(n == 32 && memcmp(wrapped, want, 32) == 0 && memcmp(p.tag, want + 32, 16) == 0);
	/* Vectors of the token's. */
	prepare(&p, type, CKG_GENERATE);
	REQUIRE_RV(wrap(&m, s, &p, with, key, wrapped, &n), CKR_OK);
	memcpy(first, p.iv, sizeof(first));
	prepare(&p, type, CKG_GENERATE_RANDOM);
	REQUIRE_RV(wrap(&m, s, &p, with, key, wrapped, &n), CKR_OK);
	CHECK(memcmp(first, p.iv, sizeof(first)) != 0);
	REQUIRE_RV(unwrap(&m, s, &p, with, wrapped, n, &back), CKR_OK);
	CHECK(value_of(&m, s, back, again) == 32 && memcmp(again, value, 32) == 0);
	CHECK(!p11_get_bool(&m, s, back, CKA_LOCAL) && !p11_get_bool(&m, s, back, CKA_ALWAYS_SENSITIVE) &&
	      p11_get_bool(&m, s, back, CKA_EXTRACTABLE));
	p11_stop(&m);
}

static void test_gcm(void)
{
	there_and_back(CKM_AES_GCM);
}

static void test_ccm(void)
{
	there_and_back(CKM_AES_CCM);
}

static void test_private_key(void)
{
	static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_OBJECT_HANDLE with = generate(&m, s, role, 3), back;
	CK_MECHANISM pair = {CKM_EC_KEY_PAIR_GEN, NULL, 0}, ecdsa = {CKM_ECDSA, NULL, 0};
	CK_ATTRIBUTE pub[] = {ATTR(CKA_EC_PARAMS, p256)}, t[] = {ATTR(CKA_CLASS, class_private), ATTR(CKA_KEY_TYPE, ec)};
	CK_ATTRIBUTE priv[] = {clear[0], clear[1]};
	CK_BYTE wrapped[512], digest[32] = {7}, signature[64];
	struct message p = {.iv = {1}};
	struct p11_pair k;
	CK_ULONG n, signature_n = sizeof(signature);

	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &pair, pub, 1, priv, 2, &k.pub, &k.priv), CKR_OK);
	prepare(&p, CKM_AES_GCM, CKG_GENERATE);
	REQUIRE_RV(wrap(&m, s, &p, with, k.priv, wrapped, &n), CKR_OK);
	REQUIRE_RV(m.f32->C_UnwrapKeyAuthenticated(s, &p.mechanism, with, wrapped, n, t, 2, aad, sizeof(aad), &back), CKR_OK);
	REQUIRE_RV(m.f->C_SignInit(s, &ecdsa, back), CKR_OK);
	REQUIRE_RV(m.f->C_Sign(s, digest, sizeof(digest), signature, &signature_n), CKR_OK);
	REQUIRE_RV(m.f->C_VerifyInit(s, &ecdsa, k.pub), CKR_OK);
	CHECK_RV(m.f->C_Verify(s, digest, sizeof(digest), signature, signature_n), CKR_OK);
	p11_stop(&m);
}

/* Any bit of what is authenticated. */
static void changed(CK_MECHANISM_TYPE type)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_OBJECT_HANDLE with = generate(&m, s, role, 3), other = generate(&m, s, role, 3), key = generate(&m, s, clear, 2), back;
	struct message p = {.iv = {1}};
	CK_BYTE wrapped[512];
	CK_BYTE *bytes[] = {wrapped, wrapped + 31, p.tag, p.tag + 15, p.iv, aad};
	CK_ULONG n;

	prepare(&p, type, CKG_GENERATE);
	REQUIRE_RV(wrap(&m, s, &p, with, key, wrapped, &n), CKR_OK);
	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		*bytes[i] ^= 1;
		CHECK_RV(unwrap(&m, s, &p, with, wrapped, n, &back), CKR_WRAPPED_KEY_INVALID);
		*bytes[i] ^= 1;
	}
	CHECK_RV(unwrap(&m, s, &p, with, wrapped, n - 1, &back), CKR_WRAPPED_KEY_INVALID);
	CHECK_RV(unwrap(&m, s, &p, with, wrapped, 0, &back), CKR_WRAPPED_KEY_LEN_RANGE);
	CHECK_RV(unwrap(&m, s, &p, other, wrapped, n, &back), CKR_WRAPPED_KEY_INVALID);
	CHECK_RV(unwrap(&m, s, &p, with, wrapped, n, &back), CKR_OK);
	p11_stop(&m);
}

static void test_changed(void)
{
	changed(CKM_AES_GCM);
	changed(CKM_AES_CCM);
}

static void test_rules(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_BBOOL signs = CK_TRUE;
	CK_ATTRIBUTE admitted[] = {ATTR(CKA_SIGN, signs)};
	CK_ATTRIBUTE out[] = {ATTR(CKA_EXTRACTABLE, yes)}, trusted[] = {clear[0], clear[1], ATTR(CKA_WRAP_WITH_TRUSTED, yes)};
	CK_ATTRIBUTE picky[] = {ATTR(CKA_WRAP, yes), ATTR(CKA_WRAP_TEMPLATE, admitted), ATTR(CKA_UNWRAP, yes),
				ATTR(CKA_UNWRAP_TEMPLATE, out)};
	CK_OBJECT_HANDLE pure = generate(&m, s, role, 2), with = generate(&m, s, role, 3), key = generate(&m, s, clear, 2), h;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_EXTRACTABLE, no)};
	struct message p = {.iv = {1}};
	CK_BYTE wrapped[512];
	CK_ULONG n;

	prepare(&p, CKM_AES_GCM, CKG_GENERATE);
	CHECK_RV(wrap(&m, s, &p, with, generate(&m, s, NULL, 0), wrapped, &n), CKR_KEY_UNEXTRACTABLE);
	/* The vector can be chosen, and so the stream: what is sensitive leaves under AES key wrap alone. */
	CHECK_RV(wrap(&m, s, &p, with, generate(&m, s, out, 1), wrapped, &n), CKR_KEY_NOT_WRAPPABLE);
	CHECK_RV(wrap(&m, s, &p, pure, generate(&m, s, out, 1), wrapped, &n), CKR_KEY_NOT_WRAPPABLE);
	CHECK_RV(wrap(&m, s, &p, with, generate(&m, s, trusted, 3), wrapped, &n), CKR_KEY_NOT_WRAPPABLE);
	CHECK_RV(wrap(&m, s, &p, key, key, wrapped, &n), CKR_KEY_FUNCTION_NOT_PERMITTED);
	CHECK_RV(wrap(&m, s, &p, 99999, key, wrapped, &n), CKR_WRAPPING_KEY_HANDLE_INVALID);
	CHECK_RV(wrap(&m, s, &p, with, 99999, wrapped, &n), CKR_KEY_HANDLE_INVALID);
	h = generate(&m, s, picky, 4);
	CHECK_RV(wrap(&m, s, &p, h, key, wrapped, &n), CKR_KEY_HANDLE_INVALID);
	REQUIRE_RV(wrap(&m, s, &p, with, key, wrapped, &n), CKR_OK);
	CHECK_RV(unwrap(&m, s, &p, key, wrapped, n, &h), CKR_KEY_FUNCTION_NOT_PERMITTED);
	CHECK_RV(unwrap(&m, s, &p, 99999, wrapped, n, &h), CKR_UNWRAPPING_KEY_HANDLE_INVALID);
	/* What a key for what is sensitive unwraps is sensitive again. */
	REQUIRE_RV(wrap(&m, s, &p, pure, key, wrapped, &n), CKR_OK);
	CHECK_RV(unwrap(&m, s, &p, pure, wrapped, n, &h), CKR_TEMPLATE_INCONSISTENT);
	/* CKA_UNWRAP_TEMPLATE */
	picky[1] = (CK_ATTRIBUTE)ATTR(CKA_ENCRYPT, yes);
	h = generate(&m, s, picky, 4);
	REQUIRE_RV(wrap(&m, s, &p, h, key, wrapped, &n), CKR_OK);
	CHECK_RV(m.f32->C_UnwrapKeyAuthenticated(s, &p.mechanism, h, wrapped, n, t, 3, aad, sizeof(aad), &h), CKR_TEMPLATE_INCONSISTENT);
	p11_stop(&m);
}

static void test_unsafe(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, "allow-unsafe-wrapping = yes\n");
	CK_ATTRIBUTE out[] = {ATTR(CKA_EXTRACTABLE, yes)};
	CK_OBJECT_HANDLE with = generate(&m, s, role, 3), key = generate(&m, s, out, 1);
	struct message p = {.iv = {1}};
	CK_BYTE wrapped[512];
	CK_ULONG n;

	prepare(&p, CKM_AES_GCM, CKG_GENERATE);
	CHECK_RV(wrap(&m, s, &p, with, key, wrapped, &n), CKR_OK);
	p11_stop(&m);
}

static void test_parameters(void)
{
	static const CK_GENERATOR_FUNCTION counters[] = {CKG_GENERATE_COUNTER, CKG_GENERATE_COUNTER_XOR, 77};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m, NULL);
	CK_OBJECT_HANDLE with = generate(&m, s, role, 3), key = generate(&m, s, clear, 2), back;
	struct message p = {.iv = {1}};
	CK_GCM_PARAMS old = {p.iv, sizeof(p.iv), 96, NULL, 0, 128};
	CK_BYTE wrapped[512], iv16[16] = {0};
	CK_ULONG n;

	for (size_t i = 0; i < 3; i++) {
		prepare(&p, CKM_AES_GCM, counters[i]);
		CHECK_RV(wrap(&m, s, &p, with, key, wrapped, &n), CKR_MECHANISM_PARAM_INVALID);
	}
	prepare(&p, CKM_AES_GCM, CKG_GENERATE);
	p.gcm.pTag = NULL;
	CHECK_RV(wrap(&m, s, &p, with, key, wrapped, &n), CKR_MECHANISM_PARAM_INVALID);
	p.mechanism = (CK_MECHANISM){CKM_AES_GCM, &old, sizeof(old) - 8};
	CHECK_RV(wrap(&m, s, &p, with, key, wrapped, &n), CKR_MECHANISM_PARAM_INVALID);
	p.mechanism = (CK_MECHANISM){CKM_AES_GCM, NULL, 0};
	CHECK_RV(wrap(&m, s, &p, with, key, wrapped, &n), CKR_MECHANISM_PARAM_INVALID);
	p.mechanism = (CK_MECHANISM){CKM_AES_CBC_PAD, iv16, sizeof(iv16)};
	CHECK_RV(wrap(&m, s, &p, with, key, wrapped, &n), CKR_MECHANISM_INVALID);
	CHECK_RV(unwrap(&m, s, &p, with, wrapped, 48, &back), CKR_MECHANISM_INVALID);
	prepare(&p, CKM_AES_GCM, CKG_GENERATE);
	CHECK_RV(m.f32->C_WrapKeyAuthenticated(s, &p.mechanism, with, key, NULL, 3, wrapped, &n), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f32->C_WrapKeyAuthenticated(s, &p.mechanism, with, key, aad, 3, wrapped, NULL), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f32->C_WrapKeyAuthenticated(s, NULL, with, key, aad, 3, wrapped, &n), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f32->C_UnwrapKeyAuthenticated(s, &p.mechanism, with, NULL, 32, NULL, 0, NULL, 0, &back), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f32->C_UnwrapKeyAuthenticated(s, &p.mechanism, with, wrapped, 32, NULL, 0, NULL, 0, NULL), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f32->C_WrapKeyAuthenticated(99999, &p.mechanism, with, key, NULL, 0, wrapped, &n), CKR_SESSION_HANDLE_INVALID);
	/* No associated data is some, too. */
	n = sizeof(wrapped);
	CHECK_RV(m.f32->C_WrapKeyAuthenticated(s, &p.mechanism, with, key, NULL, 0, wrapped, &n), CKR_OK);
	CHECK_RV(unwrap(&m, s, &p, with, wrapped, n, &back), CKR_WRAPPED_KEY_INVALID);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"GCM: as C_Encrypt would, with the tag in the parameter; there and back", test_gcm},
		{"CCM: the same", test_ccm},
		{"a private key, there and back", test_private_key},
		{"a change of any part is noticed, the associated data too", test_changed},
		{"the rules of wrapping are those of C_WrapKey and C_UnwrapKey", test_rules},
		{"allow-unsafe-wrapping", test_unsafe},
		{"parameters: honoured or refused; no vector comes twice from a counter", test_parameters},
		{NULL, NULL},
	};

	return unit_main("C_WrapKeyAuthenticated, C_UnwrapKeyAuthenticated", tests);
}
