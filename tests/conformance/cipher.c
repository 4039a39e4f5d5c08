/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption and decryption through C_* (PKCS#11 3.0 sections 5.8, 5.9, 5.14, and 5.2 on output). */
#include <stdlib.h>
#include <string.h>

#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_BYTE iv[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static CK_SESSION_HANDLE start(struct p11 *m)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_start(m));
	slot = p11_token(m, "cipher");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, true);
}

static CK_OBJECT_HANDLE import(const struct p11 *m, CK_SESSION_HANDLE s, CK_KEY_TYPE type, CK_ULONG n)
{
	CK_BYTE value[64];
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, secret_class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_ENCRYPT, yes), ATTR(CKA_DECRYPT, yes),
			    ATTR(CKA_WRAP, yes), ATTR(CKA_UNWRAP, yes), ATTR(CKA_SIGN, yes), ATTR(CKA_VERIFY, yes), {CKA_VALUE, value, n}};
	CK_OBJECT_HANDLE key = 0;

	for (CK_ULONG i = 0; i < sizeof(value); i++)
		value[i] = (CK_BYTE)(i + 1);
	REQUIRE_RV(m->f->C_CreateObject(s, t, 9, &key), CKR_OK);
	return key;
}

static CK_GCM_PARAMS gcm(void)
{
	return (CK_GCM_PARAMS){.pIv = iv, .ulIvLen = 12, .ulIvBits = 96, .pAAD = (CK_BYTE *)"about", .ulAADLen = 5, .ulTagBits = 128};
}

/* Every mechanism: one piece and back, and parts that give the same. */
static void test_every_mechanism(void)
{
	CK_GCM_PARAMS gcm_params = gcm();
	CK_CCM_PARAMS ccm_params = {.ulDataLen = 48, .pNonce = iv, .ulNonceLen = 12, .pAAD = iv, .ulAADLen = 16, .ulMACLen = 16};
	CK_AES_CTR_PARAMS ctr = {.ulCounterBits = 32};
	CK_BYTE counter[4] = {1};
	CK_CHACHA20_PARAMS chacha = {counter, 32, iv, 96};
	CK_SALSA20_CHACHA20_POLY1305_PARAMS poly = {iv, 96, iv, 16};
	const struct {
		CK_MECHANISM mechanism;
		CK_KEY_TYPE type;
		CK_ULONG key, more; /* bytes of the key, and those that the ciphertext has more */
		bool parts;
	} rows[] = {
		{{CKM_AES_ECB, NULL, 0}, CKK_AES, 16, 0, true},
		{{CKM_AES_CBC, iv, 16}, CKK_AES, 24, 0, true},
		{{CKM_AES_CBC_PAD, iv, 16}, CKK_AES, 32, 16, true},
		{{CKM_AES_CTR, &ctr, sizeof(ctr)}, CKK_AES, 16, 0, true},
		{{CKM_AES_OFB, iv, 16}, CKK_AES, 16, 0, true},
		{{CKM_AES_CFB128, iv, 16}, CKK_AES, 16, 0, true},
		{{CKM_AES_CFB8, iv, 16}, CKK_AES, 16, 0, true},
		{{CKM_AES_CFB1, iv, 16}, CKK_AES, 16, 0, true},
		{{CKM_AES_CTS, iv, 16}, CKK_AES, 16, 0, true},
		{{CKM_AES_XTS, iv, 16}, CKK_AES_XTS, 64, 0, true},
		{{CKM_AES_GCM, &gcm_params, sizeof(gcm_params)}, CKK_AES, 32, 16, true},
		{{CKM_AES_CCM, &ccm_params, sizeof(ccm_params)}, CKK_AES, 32, 16, true},
		{{CKM_CHACHA20, &chacha, sizeof(chacha)}, CKK_CHACHA20, 32, 0, true},
		{{CKM_CHACHA20_POLY1305, &poly, sizeof(poly)}, CKK_CHACHA20, 32, 16, true},
		{{CKM_AES_KEY_WRAP, NULL, 0}, CKK_AES, 16, 8, false},
		{{CKM_AES_KEY_WRAP, iv, 8}, CKK_AES, 16, 8, false},
		{{CKM_AES_KEY_WRAP_KWP, NULL, 0}, CKK_AES, 16, 8, false},
	};
	CK_BYTE plain[48], once[80], parts[80], back[80];
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_ULONG n, used, got;

	for (CK_ULONG i = 0; i < sizeof(plain); i++)
		plain[i] = (CK_BYTE)(3 * i);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CK_MECHANISM mechanism = rows[i].mechanism;
		CK_OBJECT_HANDLE key = import(&m, s, rows[i].type, rows[i].key);

		REQUIRE_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_OK);
		CHECK_RV(m.f->C_Encrypt(s, plain, 48, NULL, &n), CKR_OK);
		CHECK(n == 48 + rows[i].more);
		n--;
		CHECK_RV(m.f->C_Encrypt(s, plain, 48, once, &n), CKR_BUFFER_TOO_SMALL);
		CHECK(n == 48 + rows[i].more);
		CHECK_RV(m.f->C_Encrypt(s, plain, 48, once, &n), CKR_OK);
		CHECK(n == 48 + rows[i].more);
		CHECK_RV(m.f->C_Encrypt(s, plain, 48, once, &n), CKR_OPERATION_NOT_INITIALIZED);
		REQUIRE_RV(m.f->C_DecryptInit(s, &mechanism, key), CKR_OK);
		got = 48; /* just large enough */
		CHECK_RV(m.f->C_Decrypt(s, once, n, back, &got), CKR_OK);
		CHECK(got == 48 && memcmp(back, plain, 48) == 0);
		REQUIRE_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_OK);
		got = sizeof(parts);
		if (!rows[i].parts) {
			CHECK_RV(m.f->C_EncryptUpdate(s, plain, 8, parts, &got), CKR_FUNCTION_NOT_SUPPORTED);
			continue;
		}
		used = 0;
		for (CK_ULONG at = 0; at < 48; at += 5) {
			got = sizeof(parts) - used;
			CHECK_RV(m.f->C_EncryptUpdate(s, plain + at, at + 5 > 48 ? 48 - at : 5, parts + used, &got), CKR_OK);
			used += got;
		}
		got = sizeof(parts) - used;
		CHECK_RV(m.f->C_EncryptFinal(s, parts + used, &got), CKR_OK);
		CHECK(used + got == n && memcmp(parts, once, n) == 0);
		REQUIRE_RV(m.f->C_DecryptInit(s, &mechanism, key), CKR_OK);
		used = 0;
		for (CK_ULONG at = 0; at < n; at += 7) {
			got = sizeof(back) - used;
			CHECK_RV(m.f->C_DecryptUpdate(s, parts + at, at + 7 > n ? n - at : 7, back + used, &got), CKR_OK);
			used += got;
		}
		got = sizeof(back) - used;
		CHECK_RV(m.f->C_DecryptFinal(s, back + used, &got), CKR_OK);
		CHECK(used + got == 48 && memcmp(back, plain, 48) == 0);
	}
	p11_stop(&m);
}

/* A length query or a short buffer takes nothing in. */
static void test_output_of_parts(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE key = import(&m, s, CKK_AES, 16);
	CK_MECHANISM mechanism = {CKM_AES_CBC_PAD, iv, 16};
	CK_BYTE plain[40] = {9}, out[64], whole[64], back[64];
	CK_ULONG n, total;

	CHECK_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_OK);
	total = sizeof(whole);
	CHECK_RV(m.f->C_Encrypt(s, plain, 40, whole, &total), CKR_OK);
	CHECK(total == 48);
	CHECK_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_OK);
	CHECK_RV(m.f->C_EncryptUpdate(s, plain, 40, NULL, &n), CKR_OK);
	CHECK(n == 32);
	n = 31;
	CHECK_RV(m.f->C_EncryptUpdate(s, plain, 40, out, &n), CKR_BUFFER_TOO_SMALL);
	CHECK(n == 32);
	CHECK_RV(m.f->C_EncryptUpdate(s, plain, 40, out, &n), CKR_OK);
	CHECK(n == 32);
	CHECK_RV(m.f->C_Encrypt(s, plain, 40, out, &n), CKR_OPERATION_ACTIVE); /* and that ends it */
	CHECK_RV(m.f->C_EncryptFinal(s, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_OK);
	n = sizeof(out);
	CHECK_RV(m.f->C_EncryptUpdate(s, plain, 40, out, &n), CKR_OK);
	CHECK_RV(m.f->C_EncryptFinal(s, NULL, &n), CKR_OK);
	CHECK(n == 16);
	n = 15;
	CHECK_RV(m.f->C_EncryptFinal(s, out + 32, &n), CKR_BUFFER_TOO_SMALL);
	CHECK_RV(m.f->C_EncryptFinal(s, out + 32, &n), CKR_OK);
	CHECK(n == 16 && memcmp(out, whole, 48) == 0);
	/* How long what is under the padding is, shows when it is decrypted: 40 bytes. */
	CHECK_RV(m.f->C_DecryptInit(s, &mechanism, key), CKR_OK);
	n = 39;
	CHECK_RV(m.f->C_Decrypt(s, whole, 48, back, &n), CKR_BUFFER_TOO_SMALL);
	CHECK(n == 40);
	CHECK_RV(m.f->C_Decrypt(s, whole, 48, back, &n), CKR_OK);
	CHECK(n == 40 && memcmp(back, plain, 40) == 0);
	CHECK_RV(m.f->C_DecryptInit(s, &mechanism, key), CKR_OK);
	n = sizeof(back);
	CHECK_RV(m.f->C_DecryptUpdate(s, whole, 48, back, &n), CKR_OK);
	CHECK(n == 32);
	n = 7;
	CHECK_RV(m.f->C_DecryptFinal(s, back + 32, &n), CKR_BUFFER_TOO_SMALL);
	CHECK(n == 8);
	CHECK_RV(m.f->C_DecryptFinal(s, back + 32, &n), CKR_OK);
	CHECK(n == 8 && memcmp(back, plain, 40) == 0);
	p11_stop(&m);
}

static void test_lengths_that_do_not_fit(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE key = import(&m, s, CKK_AES, 16);
	CK_MECHANISM cbc = {CKM_AES_CBC, iv, 16}, pad = {CKM_AES_CBC_PAD, iv, 16}, kw = {CKM_AES_KEY_WRAP, NULL, 0}, cts = {CKM_AES_CTS, iv, 16};
	CK_BYTE data[64] = {0}, out[80];
	CK_ULONG n = sizeof(out);

	CHECK_RV(m.f->C_EncryptInit(s, &cbc, key), CKR_OK);
	CHECK_RV(m.f->C_Encrypt(s, data, 17, out, &n), CKR_DATA_LEN_RANGE);
	CHECK_RV(m.f->C_EncryptInit(s, &cbc, key), CKR_OK);
	CHECK_RV(m.f->C_EncryptUpdate(s, data, 17, out, &n), CKR_OK);
	CHECK(n == 16);
	n = sizeof(out);
	CHECK_RV(m.f->C_EncryptFinal(s, out, &n), CKR_DATA_LEN_RANGE);
	CHECK_RV(m.f->C_EncryptFinal(s, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f->C_DecryptInit(s, &cbc, key), CKR_OK);
	CHECK_RV(m.f->C_Decrypt(s, data, 17, out, &n), CKR_ENCRYPTED_DATA_LEN_RANGE);
	CHECK_RV(m.f->C_DecryptInit(s, &pad, key), CKR_OK);
	CHECK_RV(m.f->C_Decrypt(s, data, 0, out, &n), CKR_ENCRYPTED_DATA_LEN_RANGE);
	CHECK_RV(m.f->C_DecryptInit(s, &pad, key), CKR_OK);
	n = sizeof(out);
	CHECK_RV(m.f->C_Decrypt(s, data, 32, out, &n), CKR_ENCRYPTED_DATA_INVALID);
	CHECK_RV(m.f->C_EncryptInit(s, &kw, key), CKR_OK);
	CHECK_RV(m.f->C_Encrypt(s, data, 8, out, &n), CKR_DATA_LEN_RANGE);
	CHECK_RV(m.f->C_EncryptInit(s, &kw, key), CKR_OK);
	CHECK_RV(m.f->C_Encrypt(s, data, 17, out, &n), CKR_DATA_LEN_RANGE);
	CHECK_RV(m.f->C_EncryptInit(s, &cts, key), CKR_OK);
	CHECK_RV(m.f->C_Encrypt(s, data, 15, out, &n), CKR_DATA_LEN_RANGE);
	/* Nothing at all is whole blocks, and is padded to one. */
	CHECK_RV(m.f->C_EncryptInit(s, &cbc, key), CKR_OK);
	n = sizeof(out);
	CHECK_RV(m.f->C_Encrypt(s, NULL, 0, out, &n), CKR_OK);
	CHECK(n == 0);
	CHECK_RV(m.f->C_EncryptInit(s, &pad, key), CKR_OK);
	n = sizeof(out);
	CHECK_RV(m.f->C_EncryptFinal(s, out, &n), CKR_OK);
	CHECK(n == 16);
	p11_stop(&m);
}

/* Nothing of a message is given out before its tag was verified. */
static void test_authenticated(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE key = import(&m, s, CKK_AES, 32);
	CK_GCM_PARAMS params = gcm();
	CK_MECHANISM mechanism = {CKM_AES_GCM, &params, sizeof(params)};
	CK_BYTE about[] = "about", plain[20] = {5}, out[64], back[64];
	CK_ULONG n = sizeof(out), got;

	params.pAAD = about;
	CHECK_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_OK);
	memset(about, 0, 5); /* the operation has its own copy */
	CHECK_RV(m.f->C_Encrypt(s, plain, 20, out, &n), CKR_OK);
	CHECK(n == 36);
	memcpy(about, "about", 5);
	CHECK_RV(m.f->C_DecryptInit(s, &mechanism, key), CKR_OK);
	got = sizeof(back);
	CHECK_RV(m.f->C_DecryptUpdate(s, out, 30, back, &got), CKR_OK);
	CHECK(got == 0);
	CHECK_RV(m.f->C_DecryptUpdate(s, out + 30, 6, back, &got), CKR_OK);
	CHECK(got == 0);
	CHECK_RV(m.f->C_DecryptFinal(s, NULL, &got), CKR_OK);
	CHECK(got == 20);
	CHECK_RV(m.f->C_DecryptFinal(s, back, &got), CKR_OK);
	CHECK(got == 20 && memcmp(back, plain, 20) == 0);
	memset(back, 0x77, sizeof(back));
	out[3] ^= 1;
	CHECK_RV(m.f->C_DecryptInit(s, &mechanism, key), CKR_OK);
	got = sizeof(back);
	CHECK_RV(m.f->C_Decrypt(s, out, 36, back, &got), CKR_ENCRYPTED_DATA_INVALID);
	for (int i = 0; i < 20; i++)
		CHECK(back[i] == 0 || back[i] == 0x77);
	out[3] ^= 1;
	about[0] ^= 1;
	CHECK_RV(m.f->C_DecryptInit(s, &mechanism, key), CKR_OK);
	CHECK_RV(m.f->C_Decrypt(s, out, 36, back, &got), CKR_ENCRYPTED_DATA_INVALID);
	CHECK_RV(m.f->C_DecryptInit(s, &mechanism, key), CKR_OK);
	CHECK_RV(m.f->C_Decrypt(s, out, 15, back, &got), CKR_ENCRYPTED_DATA_LEN_RANGE);
	p11_stop(&m);
}

static void test_parameters_are_honoured_or_refused(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE key = import(&m, s, CKK_AES, 16), chacha_key = import(&m, s, CKK_CHACHA20, 32);
	CK_GCM_PARAMS g[5];
	CK_CCM_PARAMS ccm = {.ulDataLen = 20, .pNonce = iv, .ulNonceLen = 12, .ulMACLen = 16};
	CK_AES_CTR_PARAMS ctr = {.ulCounterBits = 0};
	CK_SALSA20_CHACHA20_POLY1305_PARAMS poly = {iv, 12, NULL, 0}; /* bytes, where bits are asked for */
	CK_MECHANISM mechanism = {CKM_AES_CBC, iv, 15};
	CK_BYTE data[32] = {0}, out[64];
	CK_ULONG n;

	CHECK_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
	mechanism = (CK_MECHANISM){CKM_AES_ECB, iv, 16};
	CHECK_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
	for (size_t i = 0; i < 5; i++)
		g[i] = gcm();
	g[0].ulTagBits = 129;
	g[1].ulTagBits = 100;
	g[2].ulIvLen = 0;
	g[3].ulIvLen = 129;
	g[4].pAAD = NULL;
	for (size_t i = 0; i < 5; i++) {
		mechanism = (CK_MECHANISM){CKM_AES_GCM, &g[i], sizeof(g[i])};
		CHECK_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
	}
	mechanism = (CK_MECHANISM){CKM_AES_CTR, &ctr, sizeof(ctr)};
	CHECK_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
	ctr.ulCounterBits = 129;
	CHECK_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
	mechanism = (CK_MECHANISM){CKM_CHACHA20_POLY1305, &poly, sizeof(poly)};
	CHECK_RV(m.f->C_EncryptInit(s, &mechanism, chacha_key), CKR_MECHANISM_PARAM_INVALID);
	mechanism = (CK_MECHANISM){CKM_AES_CCM, &ccm, sizeof(ccm)};
	ccm.ulMACLen = 5;
	CHECK_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_MECHANISM_PARAM_INVALID);
	ccm.ulMACLen = 16;
	CHECK_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_OK);
	n = sizeof(out);
	CHECK_RV(m.f->C_Encrypt(s, data, 21, out, &n), CKR_DATA_LEN_RANGE); /* 20 were announced */
	mechanism = (CK_MECHANISM){CKM_AES_CBC, iv, 16};
	CHECK_RV(m.f->C_EncryptInit(s, &mechanism, chacha_key), CKR_KEY_TYPE_INCONSISTENT);
	CHECK_RV(m.f->C_SignInit(s, &mechanism, key), CKR_MECHANISM_INVALID);
	p11_stop(&m);
}

/* The same buffer for input and output, with part of a block held. */
static void test_in_place(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE key = import(&m, s, CKK_AES, 16);
	CK_MECHANISM mechanism = {CKM_AES_CBC_PAD, iv, 16};
	CK_BYTE *data = malloc(10000), *expected = malloc(10016), *mine = malloc(10016);
	CK_ULONG n, used = 0, from = 0, total = 10016;

	REQUIRE(data != NULL && expected != NULL && mine != NULL);
	for (int i = 0; i < 10000; i++)
		data[i] = (CK_BYTE)(i % 251);
	CHECK_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_OK);
	CHECK_RV(m.f->C_Encrypt(s, data, 10000, expected, &total), CKR_OK);
	memcpy(mine, data, 10000);
	CHECK_RV(m.f->C_EncryptInit(s, &mechanism, key), CKR_OK);
	while (from < 10000) {
		CK_ULONG part = from == 0 ? 5 : 4998 < 10000 - from ? 4998 : 10000 - from;
		CK_BYTE room[5100];

		/* At the same place: the part is copied to where the output goes on. */
		memcpy(room, mine + from, part);
		n = sizeof(room);
		CHECK_RV(m.f->C_EncryptUpdate(s, room, part, room, &n), CKR_OK);
		CHECK(memcmp(room, expected + used, n) == 0);
		used += n;
		from += part;
	}
	n = 16;
	CHECK_RV(m.f->C_EncryptFinal(s, mine, &n), CKR_OK);
	CHECK(used + n == 10016);
	free(data);
	free(expected);
	free(mine);
	p11_stop(&m);
}

static void test_dual(void)
{
	static const CK_BYTE abc[4] = {0xba, 0x78, 0x16, 0xbf};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE key = import(&m, s, CKK_AES, 16);
	CK_MECHANISM cipher = {CKM_AES_OFB, iv, 16}, digest = {CKM_SHA256, NULL, 0}, mac = {CKM_AES_CMAC, NULL, 0};
	CK_BYTE out[64], back[64], value[64], signature[16];
	CK_ULONG n, signature_n = sizeof(signature);

	CHECK_RV(m.f->C_EncryptInit(s, &cipher, key), CKR_OK);
	n = sizeof(out);
	CHECK_RV(m.f->C_DigestEncryptUpdate(s, (CK_BYTE *)"abc", 3, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f->C_DigestInit(s, &digest), CKR_OK);
	CHECK_RV(m.f->C_DigestEncryptUpdate(s, (CK_BYTE *)"abc", 3, NULL, &n), CKR_OK);
	CHECK(n == 3);
	n = 2;
	CHECK_RV(m.f->C_DigestEncryptUpdate(s, (CK_BYTE *)"abc", 3, out, &n), CKR_BUFFER_TOO_SMALL);
	memcpy(out, "abc", 3);
	CHECK_RV(m.f->C_DigestEncryptUpdate(s, out, 3, out, &n), CKR_OK); /* in place */
	n = sizeof(value);
	CHECK_RV(m.f->C_DigestFinal(s, value, &n), CKR_OK);
	CHECK(memcmp(value, abc, 4) == 0);
	n = sizeof(value);
	CHECK_RV(m.f->C_EncryptFinal(s, value, &n), CKR_OK);
	CHECK_RV(m.f->C_DecryptInit(s, &cipher, key), CKR_OK);
	CHECK_RV(m.f->C_DigestInit(s, &digest), CKR_OK);
	n = sizeof(back);
	CHECK_RV(m.f->C_DecryptDigestUpdate(s, out, 3, back, &n), CKR_OK);
	CHECK(n == 3 && memcmp(back, "abc", 3) == 0);
	n = sizeof(value);
	CHECK_RV(m.f->C_DigestFinal(s, value, &n), CKR_OK);
	CHECK(memcmp(value, abc, 4) == 0);
	CHECK_RV(m.f->C_DecryptFinal(s, value, &n), CKR_OK);
	/* A MAC of the plaintext beside its encryption. */
	CHECK_RV(m.f->C_EncryptInit(s, &cipher, key), CKR_OK);
	CHECK_RV(m.f->C_SignInit(s, &mac, key), CKR_OK);
	n = sizeof(out);
	CHECK_RV(m.f->C_SignEncryptUpdate(s, (CK_BYTE *)"abc", 3, out, &n), CKR_OK);
	CHECK_RV(m.f->C_SignFinal(s, signature, &signature_n), CKR_OK);
	n = sizeof(value);
	CHECK_RV(m.f->C_EncryptFinal(s, value, &n), CKR_OK);
	CHECK_RV(m.f->C_DecryptInit(s, &cipher, key), CKR_OK);
	CHECK_RV(m.f->C_VerifyInit(s, &mac, key), CKR_OK);
	n = sizeof(back);
	CHECK_RV(m.f->C_DecryptVerifyUpdate(s, out, 3, back, &n), CKR_OK);
	CHECK_RV(m.f->C_VerifyFinal(s, signature, signature_n), CKR_OK);
	p11_stop(&m);
}

/* A secret key wrapped by each mechanism that can, and unwrapped. */
static void test_wrap(void)
{
	CK_GCM_PARAMS gcm_params = gcm();
	CK_AES_CTR_PARAMS ctr = {.ulCounterBits = 128};
	const CK_MECHANISM rows[] = {
		{CKM_AES_ECB, NULL, 0},
		{CKM_AES_CBC, iv, 16},
		{CKM_AES_CBC_PAD, iv, 16},
		{CKM_AES_CTR, &ctr, sizeof(ctr)},
		{CKM_AES_KEY_WRAP, NULL, 0},
		{CKM_AES_KEY_WRAP_KWP, NULL, 0},
		{CKM_AES_KEY_WRAP_PAD, NULL, 0},
		{CKM_AES_GCM, &gcm_params, sizeof(gcm_params)},
	};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE key = import(&m, s, CKK_AES, 32), inner, again;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ULONG length = 21, n;
	CK_BYTE value[21] = "twenty-one bytes long", got[21], out[80];
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, secret_class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_SENSITIVE, no),
			    ATTR(CKA_VALUE, value)};
	CK_ATTRIBUTE unwrap[] = {ATTR(CKA_CLASS, secret_class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes),
				 ATTR(CKA_VALUE_LEN, length)};

	REQUIRE_RV(m.f->C_CreateObject(s, t, 5, &inner), CKR_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CK_MECHANISM mechanism = rows[i];

		CHECK_RV(m.f->C_WrapKey(s, &mechanism, key, inner, NULL, &n), CKR_OK);
		CHECK(n >= 21 && n <= 37);
		REQUIRE_RV(m.f->C_WrapKey(s, &mechanism, key, inner, out, &n), CKR_OK);
		REQUIRE_RV(m.f->C_UnwrapKey(s, &mechanism, key, out, n, unwrap, 5, &again), CKR_OK);
		CHECK(p11_get(&m, s, again, CKA_VALUE, got, 21) && memcmp(got, value, 21) == 0);
		out[n / 2] ^= 1;
		if (mechanism.mechanism == CKM_AES_GCM || mechanism.mechanism == CKM_AES_KEY_WRAP || mechanism.mechanism == CKM_AES_KEY_WRAP_KWP) {
			CHECK_RV(m.f->C_UnwrapKey(s, &mechanism, key, out, n, unwrap, 5, &again), CKR_WRAPPED_KEY_INVALID);
		}
	}
	p11_stop(&m);
}

/* A private key (138 bytes of PrivateKeyInfo and more) by mechanisms that fill the last block with zeros, and by others. */
static void test_wrap_private(void)
{
	const CK_MECHANISM rows[] = {{CKM_AES_KEY_WRAP, NULL, 0}, {CKM_AES_KEY_WRAP_KWP, NULL, 0}, {CKM_AES_CBC_PAD, iv, 16}};
	static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE key = import(&m, s, CKK_AES, 32), again;
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0}, ecdsa = {CKM_ECDSA, NULL, 0};
	CK_ATTRIBUTE pub[] = {ATTR(CKA_EC_PARAMS, p256)}, priv[] = {ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_SENSITIVE, no)};
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_SIGN, yes), ATTR(CKA_SENSITIVE, no)};
	struct p11_pair pair;
	CK_BYTE out[400], signature[64];
	CK_ULONG n;

	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &generate, pub, 1, priv, 2, &pair.pub, &pair.priv), CKR_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CK_MECHANISM mechanism = rows[i];

		n = sizeof(out);
		REQUIRE_RV(m.f->C_WrapKey(s, &mechanism, key, pair.priv, out, &n), CKR_OK);
		REQUIRE_RV(m.f->C_UnwrapKey(s, &mechanism, key, out, n, t, 4, &again), CKR_OK);
		CHECK_RV(m.f->C_SignInit(s, &ecdsa, again), CKR_OK);
		n = sizeof(signature);
		CHECK_RV(m.f->C_Sign(s, iv, 16, signature, &n), CKR_OK);
		CHECK_RV(m.f->C_VerifyInit(s, &ecdsa, pair.pub), CKR_OK);
		CHECK_RV(m.f->C_Verify(s, iv, 16, signature, n), CKR_OK);
	}
	p11_stop(&m);
}

/* Whether the padding of a wrapped key is right cannot be asked. */
static void test_no_padding_oracle(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_OBJECT_HANDLE key = import(&m, s, CKK_AES, 16), made;
	CK_MECHANISM mechanism = {CKM_AES_CBC_PAD, iv, 16};
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ULONG length = 16;
	CK_BYTE wrapped[32];
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, secret_class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_VALUE_LEN, length)};

	for (int i = 0; i < 64; i++) {
		memset(wrapped, i, sizeof(wrapped));
		CHECK_RV(m.f->C_UnwrapKey(s, &mechanism, key, wrapped, 32, t, 3, &made), CKR_OK);
	}
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"every mechanism, in one piece and in odd ones, exact buffers", test_every_mechanism},
		{"a question for the length takes nothing in", test_output_of_parts},
		{"lengths that do not fit", test_lengths_that_do_not_fit},
		{"nothing of a message before its tag was verified", test_authenticated},
		{"parameters are honoured or refused", test_parameters_are_honoured_or_refused},
		{"in place", test_in_place},
		{"two operations over the same data", test_dual},
		{"secret keys wrapped and unwrapped", test_wrap},
		{"private keys wrapped and unwrapped", test_wrap_private},
		{"the padding of a wrapped key cannot be asked for", test_no_padding_oracle},
		{NULL, NULL},
	};

	return unit_main("conformance: ciphers", tests);
}
