/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC, CMAC, GMAC and Poly1305 against published vectors, in one piece and in odd ones. */
#include <stdio.h>
#include <string.h>

#include "mech_kit.h"
#include "vectors.h"

struct run {
	CK_MECHANISM_TYPE type, general; /* general: 0 when there is none */
	CK_KEY_TYPE key_type;
	struct vector_score score;
};

static struct key_view key_of(CK_KEY_TYPE type, struct span value)
{
	struct key_view key = { .class = CKO_SECRET_KEY, .type = type, .bits = value.n * 8, .parts = 1 };

	key.part[0] = (struct key_part){ CKA_VALUE, value };
	return key;
}

/* A truncated tag is the _GENERAL mechanism's. */
static void one(const struct vector *v, void *arg)
{
	struct run *r = arg;
	struct kit_call k = { .mech = mech_find(r->type), .key = key_of(r->key_type, vector_bytes(v, "key")),
			      .message = vector_bytes(v, "msg"), .signature = vector_bytes(v, "tag") };
	struct span iv = vector_bytes(v, "iv");
	bool good, valid = strcmp(vector_text(v, "result"), "valid") == 0;
	size_t whole = (size_t)vector_number(v, "tagSize") / 8;

	REQUIRE(k.mech != NULL);
	if (iv.n > sizeof(k.params.cipher.iv) || (iv.n == 0 && r->type == CKM_AES_GMAC))
		return; /* params_gmac refuses it */
	k.params.cipher.iv_n = iv.n;
	bytes_copy(k.params.cipher.iv, iv.p, iv.n);
	k.params.cipher.tag_n = whole;
	if (r->general != 0) {
		k.mech = mech_find(r->general);
		k.params.mac.length = whole;
	}
	good = kit_verify(&k) == CKR_OK;
	vector_judge(v, good, &r->score);
	k.piece = 1 + k.message.n % 7;
	CHECK((kit_verify(&k) == CKR_OK) == good);
	if (!valid)
		return;
	CHECK(kit_sign(&k) == CKR_OK && k.n == whole && memcmp(k.out, k.signature.p, whole) == 0);
	k.piece = 0;
	CHECK(kit_sign(&k) == CKR_OK && k.n == whole && memcmp(k.out, k.signature.p, whole) == 0);
	k.signature.n--;
	CHECK(kit_verify(&k) == CKR_SIGNATURE_LEN_RANGE);
}

static void run(const char *name, struct run r)
{
	char path[80];
	struct vectors *f;

	(void)snprintf(path, sizeof(path), "wycheproof/%s_test.json", name);
	f = vectors_open(path);
	CHECK(vectors_each(f, one, &r) > 100);
	vector_report(name, &r.score);
	CHECK(r.score.wrong == 0 && r.score.valid > 20 && r.score.invalid > 20);
	vectors_close(f);
}

static void hmac(void)
{
	run("hmac_sha1", (struct run){ CKM_SHA_1_HMAC, CKM_SHA_1_HMAC_GENERAL, CKK_SHA_1_HMAC, { 0 } });
	run("hmac_sha224", (struct run){ CKM_SHA224_HMAC, CKM_SHA224_HMAC_GENERAL, CKK_GENERIC_SECRET, { 0 } });
	run("hmac_sha256", (struct run){ CKM_SHA256_HMAC, CKM_SHA256_HMAC_GENERAL, CKK_GENERIC_SECRET, { 0 } });
	run("hmac_sha384", (struct run){ CKM_SHA384_HMAC, CKM_SHA384_HMAC_GENERAL, CKK_GENERIC_SECRET, { 0 } });
	run("hmac_sha512", (struct run){ CKM_SHA512_HMAC, CKM_SHA512_HMAC_GENERAL, CKK_GENERIC_SECRET, { 0 } });
	run("hmac_sha512_224", (struct run){ CKM_SHA512_224_HMAC, CKM_SHA512_224_HMAC_GENERAL, CKK_GENERIC_SECRET, { 0 } });
	run("hmac_sha512_256", (struct run){ CKM_SHA512_256_HMAC, CKM_SHA512_256_HMAC_GENERAL, CKK_GENERIC_SECRET, { 0 } });
	run("hmac_sha3_224", (struct run){ CKM_SHA3_224_HMAC, CKM_SHA3_224_HMAC_GENERAL, CKK_GENERIC_SECRET, { 0 } });
	run("hmac_sha3_256", (struct run){ CKM_SHA3_256_HMAC, CKM_SHA3_256_HMAC_GENERAL, CKK_GENERIC_SECRET, { 0 } });
	run("hmac_sha3_384", (struct run){ CKM_SHA3_384_HMAC, CKM_SHA3_384_HMAC_GENERAL, CKK_GENERIC_SECRET, { 0 } });
	run("hmac_sha3_512", (struct run){ CKM_SHA3_512_HMAC, CKM_SHA3_512_HMAC_GENERAL, CKK_GENERIC_SECRET, { 0 } });
}

static void aes(void)
{
	run("aes_cmac", (struct run){ CKM_AES_CMAC, CKM_AES_CMAC_GENERAL, CKK_AES, { 0 } });
	run("aes_gmac", (struct run){ CKM_AES_GMAC, 0, CKK_AES, { 0 } });
}

/* RFC 2202, case 1 of HMAC-MD5; RFC 8439 §2.5.2. */
static void hmac_md5_and_poly1305(void)
{
	static const uint8_t key[16] = { 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b };
	static const uint8_t md5[16] = { 0x92, 0x94, 0x72, 0x7a, 0x36, 0x38, 0xbb, 0x1c, 0x13, 0xf4, 0x8e, 0xf8, 0x15, 0x8b, 0xfc, 0x9d };
	static const uint8_t poly_key[32] = { 0x85, 0xd6, 0xbe, 0x78, 0x57, 0x55, 0x6d, 0x33, 0x7f, 0x44, 0x52,
					      0xfe, 0x42, 0xd5, 0x06, 0xa8, 0x01, 0x03, 0x80, 0x8a, 0xfb, 0x0d,
					      0xb2, 0xfd, 0x4a, 0xbf, 0xf6, 0xaf, 0x41, 0x49, 0xf5, 0x1b };
	static const uint8_t tag[16] = { 0xa8, 0x06, 0x1d, 0xc1, 0x30, 0x51, 0x36, 0xc6, 0xc2, 0x2b, 0x8b, 0xaf, 0x0c, 0x01, 0x27, 0xa9 };
	struct kit_call k = { .mech = mech_find(CKM_MD5_HMAC), .key = key_of(CKK_GENERIC_SECRET, SPAN_OF(key)), .message = span_str("Hi There"),
			      .signature = SPAN_OF(md5) };

	CHECK(kit_verify(&k) == CKR_OK);
	k = (struct kit_call){ .mech = mech_find(CKM_POLY1305), .key = key_of(CKK_POLY1305, SPAN_OF(poly_key)),
			       .message = span_str("Cryptographic Forum Research Group"), .signature = SPAN_OF(tag) };
	CHECK(kit_verify(&k) == CKR_OK);
	k.piece = 5;
	CHECK(kit_verify(&k) == CKR_OK);
	CHECK(kit_sign(&k) == CKR_OK && k.n == 16 && memcmp(k.out, tag, 16) == 0);
}

/* SP 800-38B, examples of TDEA with three keys; CAVP's CMAC with two. */
static void des_cmac(void)
{
	static const uint8_t three[24] = { 0x8a, 0xa8, 0x3b, 0xf8, 0xcb, 0xda, 0x10, 0x62, 0x0b, 0xc1, 0xbf, 0x19,
					   0xfb, 0xb6, 0xcd, 0x58, 0xbc, 0x31, 0x3d, 0x4a, 0x37, 0x1c, 0xa8, 0xb5 };
	static const uint8_t two[16] = { 0x51, 0x04, 0xf2, 0xc7, 0x61, 0x80, 0xc1, 0xd3, 0xb9, 0xdf, 0x76, 0x3e, 0x31, 0xad, 0xa7, 0x16 };
	static const uint8_t text[32] = { 0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a,
					  0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03, 0xac, 0x9c, 0x9e, 0xb7, 0x6f, 0xac, 0x45, 0xaf, 0x8e, 0x51 };
	static const uint8_t other[22] = { 0xa6, 0x86, 0x6b, 0xe2, 0xfa, 0x66, 0x78, 0xf2, 0x64, 0xa1, 0x9c,
					   0x44, 0x74, 0x96, 0x8e, 0x3f, 0x4e, 0xec, 0x24, 0xf5, 0x08, 0x6d };
	static const struct {
		CK_KEY_TYPE type;
		struct span key, message;
		uint8_t mac[8];
	} t[] = {
		{ CKK_DES3, { three, 24 }, { text, 0 }, { 0xb7, 0xa6, 0x88, 0xe1, 0x22, 0xff, 0xaf, 0x95 } },
		{ CKK_DES3, { three, 24 }, { text, 8 }, { 0x8e, 0x8f, 0x29, 0x31, 0x36, 0x28, 0x37, 0x97 } },
		{ CKK_DES3, { three, 24 }, { text, 20 }, { 0x74, 0x3d, 0xdb, 0xe0, 0xce, 0x2d, 0xc2, 0xed } },
		{ CKK_DES3, { three, 24 }, { text, 32 }, { 0x33, 0xe6, 0xb1, 0x09, 0x24, 0x00, 0xea, 0xe5 } },
		{ CKK_DES2, { two, 16 }, { other, 22 }, { 0x32, 0xe7, 0x75, 0x8f, 0x3f, 0x61, 0x4d, 0xbf } },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct kit_call k = { .mech = mech_find(CKM_DES3_CMAC), .key = key_of(t[i].type, t[i].key), .message = t[i].message };

		CHECK(kit_sign(&k) == CKR_OK && span_eq(span(k.out, k.n), SPAN_OF(t[i].mac)));
		k.piece = 3;
		CHECK(kit_sign(&k) == CKR_OK && span_eq(span(k.out, k.n), SPAN_OF(t[i].mac)));
		k.mech = mech_find(CKM_DES3_CMAC_GENERAL);
		k.params.mac.length = 5;
		CHECK(kit_sign(&k) == CKR_OK && span_eq(span(k.out, k.n), span(t[i].mac, 5)));
	}
}

static void a_length_that_the_mac_does_not_have_is_refused(void)
{
	union mech_params params = { .mac.length = 33 };
	struct key_view key = { .class = CKO_SECRET_KEY, .type = CKK_GENERIC_SECRET, .bits = 256 };
	const struct mech *mech = mech_find(CKM_SHA256_HMAC_GENERAL);
	struct mech_call call = { .mech = mech, .params = &params, .key = &key };
	CK_MAC_GENERAL_PARAMS none = 0;
	CK_MECHANISM given = { CKM_SHA256_HMAC_GENERAL, &none, sizeof(none) };

	CHECK(mech->impl->suits(&call) == CKR_MECHANISM_PARAM_INVALID);
	params.mac.length = 32;
	CHECK(mech->impl->suits(&call) == CKR_OK);
	CHECK(mech->params(&given, &params) == CKR_MECHANISM_PARAM_INVALID);
	given.ulParameterLen = 4;
	CHECK(mech->params(&given, &params) == CKR_MECHANISM_PARAM_INVALID);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "HMAC with every hash: Wycheproof", hmac },
		{ "CMAC and GMAC with AES: Wycheproof", aes },
		{ "CMAC with triple DES: SP 800-38B, CAVP", des_cmac },
		{ "HMAC-MD5 of RFC 2202, Poly1305 of RFC 8439", hmac_md5_and_poly1305 },
		{ "a length that the MAC does not have is refused", a_length_that_the_mac_does_not_have_is_refused },
		{ NULL, NULL },
	};

	return kit_main("mech/mac", tests);
}
