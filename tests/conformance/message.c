/* SPDX-License-Identifier: Apache-2.0 */
/* Message-based encryption, decryption, signing and verifying (PKCS#11 3.0, sections 5.9, 5.11, 5.14, 5.16). */
#include <stdint.h>
#include <string.h>

#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE;
static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_BYTE plain[50] = "a message of fifty bytes, which is three blocks...";

static CK_SESSION_HANDLE start(struct p11 *m)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_start(m));
	REQUIRE(m->f3 != NULL);
	slot = p11_token(m, "message");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static CK_OBJECT_HANDLE import(const struct p11 *m, CK_SESSION_HANDLE s, CK_KEY_TYPE type)
{
	CK_BYTE value[32] = {1, 2, 3};
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, secret_class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_ENCRYPT, yes), ATTR(CKA_DECRYPT, yes),
			    ATTR(CKA_SIGN, yes), ATTR(CKA_VERIFY, yes), ATTR(CKA_VALUE, value)};
	CK_OBJECT_HANDLE key = 0;

	REQUIRE_RV(m->f->C_CreateObject(s, t, 7, &key), CKR_OK);
	return key;
}

static CK_BYTE iv[12], tag[16];

static CK_GCM_MESSAGE_PARAMS gcm(CK_GENERATOR_FUNCTION generator, CK_ULONG fixed_bits)
{
	return (CK_GCM_MESSAGE_PARAMS){iv, sizeof(iv), fixed_bits, generator, tag, 128};
}

/* What C_Encrypt makes of the same. */
static void expected(const struct p11 *m, CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, CK_BYTE *out)
{
	CK_GCM_PARAMS params = {.pIv = iv, .ulIvLen = sizeof(iv), .pAAD = (CK_BYTE *)"about", .ulAADLen = 5, .ulTagBits = 128};
	CK_MECHANISM mechanism = {CKM_AES_GCM, &params, sizeof(params)};
	CK_ULONG n = 66;

	REQUIRE_RV(m->f->C_EncryptInit(s, &mechanism, key), CKR_OK);
	REQUIRE_RV(m->f->C_Encrypt(s, plain, 50, out, &n), CKR_OK);
}

static void test_encrypt(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE key = import(&m, s, CKK_AES);
	CK_MECHANISM mechanism = {CKM_AES_GCM, NULL, 0};
	CK_GCM_MESSAGE_PARAMS p = gcm(CKG_NO_GENERATE, 0);
	CK_BYTE known[66], out[66], back[50];
	CK_ULONG n = 66;

	CHECK_RV(m.f3->C_EncryptMessage(s, &p, sizeof(p), (CK_BYTE *)"about", 5, plain, 50, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	REQUIRE_RV(m.f3->C_MessageEncryptInit(s, &mechanism, key), CKR_OK);
	REQUIRE_RV(m.f3->C_MessageDecryptInit(s, &mechanism, key), CKR_OK);
	CHECK_RV(m.f3->C_MessageEncryptInit(s, &mechanism, key), CKR_OPERATION_ACTIVE);
	for (CK_BYTE i = 0; i < 3; i++) {
		iv[0] = i;
		expected(&m, s, key, known);
		CHECK_RV(m.f3->C_EncryptMessage(s, &p, sizeof(p), (CK_BYTE *)"about", 5, plain, 50, NULL, &n), CKR_OK);
		CHECK(n == 50);
		n = 49;
		CHECK_RV(m.f3->C_EncryptMessage(s, &p, sizeof(p), (CK_BYTE *)"about", 5, plain, 50, out, &n), CKR_BUFFER_TOO_SMALL);
		CHECK_RV(m.f3->C_EncryptMessage(s, &p, sizeof(p), (CK_BYTE *)"about", 5, plain, 50, out, &n), CKR_OK);
		CHECK(n == 50 && memcmp(out, known, 50) == 0 && memcmp(tag, known + 50, 16) == 0);
		n = 50;
		CHECK_RV(m.f3->C_DecryptMessage(s, &p, sizeof(p), (CK_BYTE *)"about", 5, out, 50, back, &n), CKR_OK);
		CHECK(n == 50 && memcmp(back, plain, 50) == 0);
		/* in parts, and the tag with the last one only */
		memset(tag, 0, sizeof(tag));
		CHECK_RV(m.f3->C_EncryptMessageBegin(s, &p, sizeof(p), (CK_BYTE *)"about", 5), CKR_OK);
		CHECK_RV(m.f3->C_EncryptMessage(s, &p, sizeof(p), NULL, 0, plain, 50, out, &n), CKR_OPERATION_ACTIVE);
		n = 17;
		CHECK_RV(m.f3->C_EncryptMessageNext(s, &p, sizeof(p), plain, 17, out, &n, 0), CKR_OK);
		CHECK(n == 17 && tag[0] == 0 && tag[15] == 0);
		n = 32;
		CHECK_RV(m.f3->C_EncryptMessageNext(s, &p, sizeof(p), plain + 17, 33, out + 17, &n, CKF_END_OF_MESSAGE), CKR_BUFFER_TOO_SMALL);
		CHECK(n == 33);
		CHECK_RV(m.f3->C_EncryptMessageNext(s, &p, sizeof(p), plain + 17, 33, out + 17, &n, CKF_END_OF_MESSAGE), CKR_OK);
		CHECK(n == 33 && memcmp(out, known, 50) == 0 && memcmp(tag, known + 50, 16) == 0);
		CHECK_RV(m.f3->C_EncryptMessageNext(s, &p, sizeof(p), plain, 1, out, &n, 0), CKR_OPERATION_NOT_INITIALIZED);
		CHECK_RV(m.f3->C_DecryptMessageBegin(s, &p, sizeof(p), (CK_BYTE *)"about", 5), CKR_OK);
		n = 50;
		CHECK_RV(m.f3->C_DecryptMessageNext(s, &p, sizeof(p), out, 20, back, &n, 0), CKR_OK);
		CHECK(n == 0); /* nothing before the tag */
		n = 50;
		CHECK_RV(m.f3->C_DecryptMessageNext(s, &p, sizeof(p), out + 20, 30, back, &n, CKF_END_OF_MESSAGE), CKR_OK);
		CHECK(n == 50 && memcmp(back, plain, 50) == 0);
	}
	tag[3] ^= 1;
	n = 50;
	CHECK_RV(m.f3->C_DecryptMessage(s, &p, sizeof(p), (CK_BYTE *)"about", 5, out, 50, back, &n), CKR_AEAD_DECRYPT_FAILED);
	tag[3] ^= 1;
	CHECK_RV(m.f3->C_DecryptMessage(s, &p, sizeof(p), (CK_BYTE *)"abou.", 5, out, 50, back, &n), CKR_AEAD_DECRYPT_FAILED);
	CHECK_RV(m.f3->C_DecryptMessage(s, &p, sizeof(p), (CK_BYTE *)"about", 5, out, 50, back, &n), CKR_OK); /* the process goes on */
	CHECK_RV(m.f3->C_DecryptMessage(s, &p, sizeof(p) - 1, (CK_BYTE *)"about", 5, out, 50, back, &n), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(m.f3->C_MessageEncryptFinal(s), CKR_OK);
	CHECK_RV(m.f3->C_MessageEncryptFinal(s), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f3->C_MessageDecryptFinal(s), CKR_OK);
	p11_stop(&m);
}

static void test_generators(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE key = import(&m, s, CKK_AES);
	CK_MECHANISM mechanism = {CKM_AES_GCM, NULL, 0};
	CK_GCM_MESSAGE_PARAMS p;
	CK_BYTE out[50], before[12];
	CK_ULONG n = 50;

	REQUIRE_RV(m.f3->C_MessageEncryptInit(s, &mechanism, key), CKR_OK);
	/* Behind a fixed part of four bytes: 0, 1, 2. */
	p = gcm(CKG_GENERATE_COUNTER, 32);
	memset(iv, 0x55, sizeof(iv));
	for (CK_BYTE i = 0; i < 3; i++) {
		static const CK_BYTE zeros[7];

		CHECK_RV(m.f3->C_EncryptMessage(s, &p, sizeof(p), NULL, 0, plain, 50, out, &n), CKR_OK);
		CHECK(iv[0] == 0x55 && iv[3] == 0x55 && memcmp(iv + 4, zeros, 7) == 0 && iv[11] == i);
	}
	/* A question for the length makes none. */
	memcpy(before, iv, 12);
	CHECK_RV(m.f3->C_EncryptMessage(s, &p, sizeof(p), NULL, 0, plain, 50, NULL, &n), CKR_OK);
	CHECK(memcmp(before, iv, 12) == 0);
	CHECK_RV(m.f3->C_MessageEncryptInit(s, NULL, key), CKR_OK);
	REQUIRE_RV(m.f3->C_MessageEncryptInit(s, &mechanism, key), CKR_OK);
	p = gcm(CKG_GENERATE_COUNTER_XOR, 32);
	memset(iv, 0xa0, sizeof(iv));
	for (CK_BYTE i = 0; i < 3; i++) {
		CHECK_RV(m.f3->C_EncryptMessage(s, &p, sizeof(p), NULL, 0, plain, 50, out, &n), CKR_OK);
		CHECK(iv[0] == 0xa0 && iv[10] == 0xa0 && iv[11] == (0xa0 ^ i));
	}
	for (CK_GENERATOR_FUNCTION g = CKG_GENERATE; g <= CKG_GENERATE_RANDOM; g += CKG_GENERATE_RANDOM - CKG_GENERATE) {
		p = gcm(g, 32);
		memset(iv, 0x11, sizeof(iv));
		CHECK_RV(m.f3->C_EncryptMessage(s, &p, sizeof(p), NULL, 0, plain, 50, out, &n), CKR_OK);
		memcpy(before, iv, 12);
		CHECK_RV(m.f3->C_EncryptMessage(s, &p, sizeof(p), NULL, 0, plain, 50, out, &n), CKR_OK);
		CHECK(iv[0] == 0x11 && memcmp(before, iv, 4) == 0 && memcmp(before + 4, iv + 4, 8) != 0);
	}
	p = gcm(CKG_GENERATE, 72);
	CHECK_RV(m.f3->C_EncryptMessage(s, &p, sizeof(p), NULL, 0, plain, 50, out, &n), CKR_MECHANISM_PARAM_INVALID);
	p = gcm(CKG_GENERATE, 33);
	CHECK_RV(m.f3->C_EncryptMessage(s, &p, sizeof(p), NULL, 0, plain, 50, out, &n), CKR_MECHANISM_PARAM_INVALID);
	p = gcm(9, 32);
	CHECK_RV(m.f3->C_EncryptMessage(s, &p, sizeof(p), NULL, 0, plain, 50, out, &n), CKR_MECHANISM_PARAM_INVALID);
	p11_stop(&m);
}

/* The specification's example gives the parameter to C_MessageEncryptInit as well. */
static void test_parameter_before_messages(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE key = import(&m, s, CKK_AES);
	CK_GCM_MESSAGE_PARAMS p = gcm(CKG_GENERATE, 0);
	CK_MECHANISM mechanism = {CKM_AES_GCM, &p, sizeof(p)};
	CK_BYTE before[sizeof(iv)], out[50], back[50];
	CK_ULONG n = 50;

	memcpy(before, iv, sizeof(iv));
	REQUIRE_RV(m.f3->C_MessageEncryptInit(s, &mechanism, key), CKR_OK);
	REQUIRE_RV(m.f3->C_MessageDecryptInit(s, &mechanism, key), CKR_OK);
	CHECK(memcmp(iv, before, sizeof(iv)) == 0); /* there is no message yet */
	CHECK_RV(m.f3->C_EncryptMessage(s, &p, sizeof(p), plain, 7, plain, 50, out, &n), CKR_OK);
	CHECK(memcmp(iv, before, sizeof(iv)) != 0);
	CHECK_RV(m.f3->C_DecryptMessage(s, &p, sizeof(p), plain, 7, out, 50, back, &n), CKR_OK);
	CHECK(memcmp(back, plain, 50) == 0);
	CHECK_RV(m.f3->C_MessageEncryptFinal(s), CKR_OK);
	mechanism.ulParameterLen--;
	CHECK_RV(m.f3->C_MessageEncryptInit(s, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
	mechanism.ulParameterLen++;
	p.ulTagBits = 7;
	CHECK_RV(m.f3->C_MessageEncryptInit(s, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
	mechanism.pParameter = NULL;
	CHECK_RV(m.f3->C_MessageEncryptInit(s, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(m.f3->C_MessageEncryptFinal(s), CKR_OPERATION_NOT_INITIALIZED);
	p11_stop(&m);
}

static void test_other_ciphers(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE aes = import(&m, s, CKK_AES), chacha = import(&m, s, CKK_CHACHA20);
	CK_CCM_MESSAGE_PARAMS ccm = {50, iv, 12, 0, CKG_NO_GENERATE, tag, 16};
	CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS poly = {iv, 96, tag};
	CK_MECHANISM mechanism = {CKM_AES_CCM, NULL, 0};
	CK_BYTE out[50], back[50];
	CK_ULONG n = 50;

	REQUIRE_RV(m.f3->C_MessageEncryptInit(s, &mechanism, aes), CKR_OK);
	REQUIRE_RV(m.f3->C_MessageDecryptInit(s, &mechanism, aes), CKR_OK);
	CHECK_RV(m.f3->C_EncryptMessage(s, &ccm, sizeof(ccm), plain, 7, plain, 50, out, &n), CKR_OK);
	CHECK_RV(m.f3->C_DecryptMessage(s, &ccm, sizeof(ccm), plain, 7, out, 50, back, &n), CKR_OK);
	CHECK(memcmp(back, plain, 50) == 0);
	CHECK_RV(m.f3->C_MessageEncryptFinal(s), CKR_OK);
	CHECK_RV(m.f3->C_MessageDecryptFinal(s), CKR_OK);
	mechanism.mechanism = CKM_CHACHA20_POLY1305;
	REQUIRE_RV(m.f3->C_MessageEncryptInit(s, &mechanism, chacha), CKR_OK);
	REQUIRE_RV(m.f3->C_MessageDecryptInit(s, &mechanism, chacha), CKR_OK);
	CHECK_RV(m.f3->C_EncryptMessage(s, &poly, sizeof(poly), plain, 7, plain, 50, out, &n), CKR_OK);
	CHECK_RV(m.f3->C_DecryptMessage(s, &poly, sizeof(poly), plain, 7, out, 50, back, &n), CKR_OK);
	CHECK(memcmp(back, plain, 50) == 0);
	CHECK_RV(m.f3->C_SessionCancel(s, CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT), CKR_OK);
	CHECK_RV(m.f3->C_MessageEncryptFinal(s), CKR_OPERATION_NOT_INITIALIZED);
	mechanism.mechanism = CKM_AES_CBC;
	CHECK_RV(m.f3->C_MessageEncryptInit(s, &mechanism, aes), CKR_MECHANISM_INVALID);
	p11_stop(&m);
}

static void test_sign(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE key = import(&m, s, CKK_GENERIC_SECRET);
	CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0}, eddsa = {CKM_EDDSA, NULL, 0};
	struct p11_pair pair;
	CK_BYTE mac[32], known[32], signature[64];
	CK_ULONG n = 32;

	REQUIRE_RV(p11_generate(&m, s, false, "pair", &pair), CKR_OK);
	REQUIRE_RV(m.f->C_SignInit(s, &hmac, key), CKR_OK);
	REQUIRE_RV(m.f->C_Sign(s, plain, 50, known, &n), CKR_OK);
	REQUIRE_RV(m.f3->C_MessageSignInit(s, &hmac, key), CKR_OK);
	REQUIRE_RV(m.f3->C_MessageVerifyInit(s, &hmac, key), CKR_OK);
	for (int i = 0; i < 2; i++) {
		CHECK_RV(m.f3->C_SignMessage(s, NULL, 0, plain, 50, NULL, &n), CKR_OK);
		CHECK(n == 32);
		n = 31;
		CHECK_RV(m.f3->C_SignMessage(s, NULL, 0, plain, 50, mac, &n), CKR_BUFFER_TOO_SMALL);
		CHECK_RV(m.f3->C_SignMessage(s, NULL, 0, plain, 50, mac, &n), CKR_OK);
		CHECK(n == 32 && memcmp(mac, known, 32) == 0);
		CHECK_RV(m.f3->C_SignMessageBegin(s, NULL, 0), CKR_OK);
		CHECK_RV(m.f3->C_SignMessage(s, NULL, 0, plain, 50, mac, &n), CKR_OPERATION_ACTIVE);
		CHECK_RV(m.f3->C_SignMessageNext(s, NULL, 0, plain, 20, NULL, NULL), CKR_OK);
		n = 5;
		CHECK_RV(m.f3->C_SignMessageNext(s, NULL, 0, plain + 20, 30, mac, &n), CKR_BUFFER_TOO_SMALL);
		CHECK_RV(m.f3->C_SignMessageNext(s, NULL, 0, plain + 20, 30, mac, &n), CKR_OK);
		CHECK(n == 32 && memcmp(mac, known, 32) == 0);
		CHECK_RV(m.f3->C_VerifyMessage(s, NULL, 0, plain, 50, mac, 32), CKR_OK);
		CHECK_RV(m.f3->C_VerifyMessage(s, NULL, 0, plain, 49, mac, 32), CKR_SIGNATURE_INVALID);
		CHECK_RV(m.f3->C_VerifyMessageBegin(s, NULL, 0), CKR_OK);
		CHECK_RV(m.f3->C_VerifyMessageNext(s, NULL, 0, plain, 1, NULL, 0), CKR_OK);
		CHECK_RV(m.f3->C_VerifyMessageNext(s, NULL, 0, plain + 1, 49, mac, 32), CKR_OK);
		CHECK_RV(m.f3->C_VerifyMessageNext(s, NULL, 0, plain + 1, 49, mac, 32), CKR_OPERATION_NOT_INITIALIZED);
	}
	CHECK_RV(m.f3->C_SignMessage(s, plain, 1, plain, 50, mac, &n), CKR_MECHANISM_PARAM_INVALID);
	CHECK_RV(m.f3->C_MessageSignFinal(s), CKR_OK);
	CHECK_RV(m.f3->C_MessageVerifyFinal(s), CKR_OK);
	/* Ed25519, many messages with one key. */
	REQUIRE_RV(m.f3->C_MessageSignInit(s, &eddsa, pair.priv), CKR_OK);
	REQUIRE_RV(m.f3->C_MessageVerifyInit(s, &eddsa, pair.pub), CKR_OK);
	for (CK_ULONG i = 0; i < 50; i += 7) {
		n = sizeof(signature);
		CHECK_RV(m.f3->C_SignMessage(s, NULL, 0, plain, i, signature, &n), CKR_OK);
		CHECK_RV(m.f3->C_VerifyMessage(s, NULL, 0, plain, i, signature, n), CKR_OK);
	}
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	n = sizeof(signature);
	CHECK_RV(m.f3->C_SignMessage(s, NULL, 0, plain, 1, signature, &n), CKR_OPERATION_NOT_INITIALIZED);
	p11_stop(&m);
}

/* A length that no object of C has is an error of the caller, before a byte is read. */
static void test_impossible_lengths(void)
{
	static const CK_ULONG lengths[] = {(CK_ULONG)PTRDIFF_MAX, (CK_ULONG)PTRDIFF_MAX + 1, CK_UNAVAILABLE_INFORMATION};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE key = import(&m, s, CKK_GENERIC_SECRET);
	CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
	CK_BYTE mac[32] = {0};

	REQUIRE_RV(m.f3->C_MessageSignInit(s, &hmac, key), CKR_OK);
	REQUIRE_RV(m.f3->C_MessageVerifyInit(s, &hmac, key), CKR_OK);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		CK_ULONG n = sizeof(mac);

		CHECK_RV(m.f3->C_SignMessage(s, NULL, 0, plain, lengths[i], mac, &n), CKR_ARGUMENTS_BAD);
		CHECK_RV(m.f3->C_VerifyMessage(s, NULL, 0, plain, lengths[i], mac, sizeof(mac)), CKR_ARGUMENTS_BAD);
		CHECK_RV(m.f3->C_SignMessageBegin(s, NULL, 0), CKR_OK);
		CHECK_RV(m.f3->C_SignMessageNext(s, NULL, 0, plain, lengths[i], NULL, NULL), CKR_ARGUMENTS_BAD);
		REQUIRE_RV(m.f->C_SignInit(s, &hmac, key), CKR_OK);
		CHECK_RV(m.f->C_Sign(s, plain, lengths[i], mac, &n), CKR_ARGUMENTS_BAD);
		REQUIRE_RV(m.f->C_SignInit(s, &hmac, key), CKR_OK);
		CHECK_RV(m.f->C_SignUpdate(s, plain, lengths[i]), CKR_ARGUMENTS_BAD);
	}
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"GCM: messages in one piece and in parts are those of C_Encrypt", test_encrypt},
		{"initialization vectors are made and given back", test_generators},
		{"the parameter before the messages too", test_parameter_before_messages},
		{"CCM, ChaCha20-Poly1305, and ciphers without messages", test_other_ciphers},
		{"signatures and MACs of many messages", test_sign},
		{"a length that nothing can have is refused", test_impossible_lengths},
		{NULL, NULL},
	};

	return unit_main("conformance: messages", tests);
}
