/* SPDX-License-Identifier: Apache-2.0 */
/* Ciphers against published vectors: in one piece, in odd pieces, in place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "mech_kit.h"
#include "vectors.h"

#define ROOM 70000

/* One operation as session/ runs it. */
struct crypt {
	const struct mech *mech;
	union mech_params params;
	struct key_view key;
	CK_FLAGS use;
	struct span in;
	size_t piece;  /* 0: in one piece */
	bool in_place; /* the output lies where the input does */
	size_t n;
	CK_RV rv;
	uint8_t out[ROOM];
};

static CK_RV crypt_parts(struct vault_scope *scope, struct crypt *c, const struct mech_call *call)
{
	const struct mech_impl *impl = c->mech->impl;
	size_t piece = c->piece == 0 ? c->in.n : c->piece, got;
	CK_RV rv = impl->begin(scope, call);

	c->n = 0;
	for (size_t at = 0; at < c->in.n && rv == CKR_OK; at += piece) {
		struct span part = span(c->in.p + at, piece < c->in.n - at ? piece : c->in.n - at);
		size_t expected;

		CHECK(impl->part_len(call, part.n, &expected) == CKR_OK);
		rv = impl->transform(scope, call, part, mspan(c->out + c->n, ROOM - c->n), &got);
		CHECK(rv != CKR_OK || got == expected);
		c->n += rv == CKR_OK ? got : 0;
	}
	if (rv == CKR_OK)
		rv = impl->finish(scope, call, mspan(c->out + c->n, ROOM - c->n), &got);
	c->n += rv == CKR_OK ? got : 0;
	return rv;
}

static void crypt_in(struct vault_scope *scope, void *arg)
{
	struct crypt *c = arg;
	const struct mech_impl *impl = c->mech->impl;
	uint8_t state[256] __attribute__((aligned(16))) = { 0 };
	struct mech_call call = { c->mech, &c->params, &c->key, NULL, c->use };
	CK_RV (*whole)(struct vault_scope *, const struct mech_call *, struct span, struct mspan, size_t *) =
		(c->use & (CKF_ENCRYPT | CKF_WRAP)) != 0 ? impl->encrypt : impl->decrypt;

	REQUIRE(impl->state_size <= sizeof(state));
	c->n = ROOM;
	if (whole != NULL && (c->piece == 0 || (impl->gathers & c->use) != 0 || impl->begin == NULL)) {
		c->rv = whole(scope, &call, c->in, MSPAN_OF(c->out), &c->n);
		return;
	}
	call.state = state;
	c->rv = crypt_parts(scope, c, &call);
	impl->clear(state);
}

static CK_RV crypt(struct crypt *c)
{
	REQUIRE(c->mech != NULL && c->in.n <= ROOM - 64);
	if (c->in_place) {
		bytes_copy(c->out, c->in.p, c->in.n);
		c->in.p = c->out;
	}
	kit_run(crypt_in, c, c->mech->type);
	return c->rv;
}

static void set_key(struct crypt *c, CK_KEY_TYPE type, struct span value)
{
	c->key = (struct key_view){ .class = CKO_SECRET_KEY, .type = type, .bits = value.n * 8, .parts = 1 };
	c->key.part[0] = (struct key_part){ CKA_VALUE, value };
}

static void set_iv(struct crypt *c, struct span iv)
{
	c->params.cipher.iv_n = iv.n;
	bytes_copy(c->params.cipher.iv, iv.p, iv.n);
}

static bool gives(struct crypt *c, struct span expected)
{
	return crypt(c) == CKR_OK && span_eq(span(c->out, c->n), expected);
}

/* Pieces of a few sizes, and in place. */
static void same_in_every_way(const struct crypt *base, struct span expected)
{
	static const size_t pieces[] = { 1, 3, 15, 16, 17, 32, 47 };
	struct crypt *c = malloc(sizeof(*c));

	REQUIRE(c != NULL);
	*c = *base;
	CHECK(gives(c, expected));
	*c = *base;
	c->in_place = true;
	CHECK(gives(c, expected));
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		*c = *base;
		c->piece = pieces[i];
		CHECK(gives(c, expected));
	}
	free(c);
}

/* ---- Wycheproof ---- */

struct run {
	CK_MECHANISM_TYPE type;
	CK_KEY_TYPE key_type;
	size_t iv_min, iv_max; /* what params_... takes */
	struct vector_score score;
	struct crypt c;
};

static bool is_valid(const struct vector *v)
{
	return strcmp(vector_text(v, "result"), "valid") == 0;
}

/* What is encrypted, with its tag. */
static struct span joined(const struct vector *v, uint8_t *room)
{
	struct span ct = vector_bytes(v, "ct"), tag = vector_bytes(v, "tag");

	bytes_copy(room, ct.p, ct.n);
	bytes_copy(room + ct.n, tag.p, tag.n);
	return span(room, ct.n + tag.n);
}

static void one(const struct vector *v, void *arg)
{
	static uint8_t room[ROOM];
	struct run *r = arg;
	struct crypt *c = &r->c;
	struct span iv = vector_bytes(v, "iv"), ct = joined(v, room), msg = vector_bytes(v, "msg"), key = vector_bytes(v, "key");
	bool good;

	if (r->type == CKM_AES_XTS) {
		static uint8_t number[16];

		/* Shorter numbers of a data unit have zeros behind them; AES-192 is none of XTS. */
		if (key.n == 48)
			return;
		memset(number, 0, sizeof(number));
		bytes_copy(number, iv.p, iv.n);
		iv = SPAN_OF(number);
	}
	if (iv.n < r->iv_min || iv.n > r->iv_max) {
		CHECK(!is_valid(v) || iv.n > r->iv_max);
		return; /* no such parameter */
	}
	memset(&c->params, 0, sizeof(c->params));
	c->mech = mech_find(r->type);
	set_key(c, r->key_type, key);
	set_iv(c, iv);
	c->params.cipher.tag_n = vector_bytes(v, "tag").n;
	c->params.cipher.data_n = msg.n;
	c->params.cipher.aad = vector_bytes(v, "aad");
	c->use = CKF_DECRYPT;
	c->in = ct;
	c->piece = 0;
	c->in_place = false;
	good = gives(c, msg);
	vector_judge(v, good, &r->score);
	if (!good)
		return;
	same_in_every_way(c, msg);
	c->use = CKF_ENCRYPT;
	c->in = msg;
	same_in_every_way(c, ct);
}

static void run(const char *name, CK_MECHANISM_TYPE type, CK_KEY_TYPE key_type, size_t iv_min, size_t iv_max)
{
	struct run *r = calloc(1, sizeof(*r));
	struct vectors *f;
	char path[80];

	REQUIRE(r != NULL);
	r->type = type;
	r->key_type = key_type;
	r->iv_min = iv_min;
	r->iv_max = iv_max;
	(void)snprintf(path, sizeof(path), "wycheproof/%s_test.json", name);
	f = vectors_open(path);
	CHECK(vectors_each(f, one, r) > 100);
	vector_report(name, &r->score);
	CHECK(r->score.wrong == 0 && r->score.valid > 20);
	vectors_close(f);
	free(r);
}

static void modes_that_authenticate(void)
{
	run("aes_gcm", CKM_AES_GCM, CKK_AES, 1, MECH_IV_MAX);
	run("aes_ccm", CKM_AES_CCM, CKK_AES, 7, 13);
	run("chacha20_poly1305", CKM_CHACHA20_POLY1305, CKK_CHACHA20, 12, 12);
	run("xchacha20_poly1305", CKM_CHACHA20_POLY1305, CKK_CHACHA20, 24, 24);
}

static void padding_stealing_wrapping(void)
{
	run("aes_cbc_pkcs5", CKM_AES_CBC_PAD, CKK_AES, 16, 16);
	run("aes_xts", CKM_AES_XTS, CKK_AES_XTS, 16, 16);
	run("aes_wrap", CKM_AES_KEY_WRAP, CKK_AES, 0, 0);
	run("aes_kwp", CKM_AES_KEY_WRAP_KWP, CKK_AES, 0, 0);
}

/* ---- examples of the standards ---- */

static size_t from_hex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2, used;

	REQUIRE(cf_ok(hex_decode(span_str(hex), mspan(out, n), &used)) && used == n);
	return n;
}

#define PLAIN_38A                                                          \
	"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" \
	"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
#define KEY_128 "2b7e151628aed2a6abf7158809cf4f3c"
#define KEY_192 "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"
#define KEY_256 "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
#define IV_38A "000102030405060708090a0b0c0d0e0f"

/* NIST SP 800-38A, appendix F; RFC 8439 §2.4.2; RFC 3962, appendix B, brought from CS3 to CS1. */
static const struct example {
	CK_MECHANISM_TYPE type;
	CK_KEY_TYPE key_type;
	unsigned counter_bits;
	const char *key, *iv, *plain, *encrypted;
} examples[] = {
	{ CKM_AES_ECB, CKK_AES, 0, KEY_128, "", PLAIN_38A,
	  "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"
	  "43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4" },
	{ CKM_AES_ECB, CKK_AES, 0, KEY_192, "", PLAIN_38A,
	  "bd334f1d6e45f25ff712a214571fa5cc974104846d0ad3ad7734ecb3ecee4eef"
	  "ef7afd2270e2e60adce0ba2face6444e9a4b41ba738d6c72fb16691603c18e0e" },
	{ CKM_AES_CBC, CKK_AES, 0, KEY_256, IV_38A, PLAIN_38A,
	  "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
	  "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b" },
	{ CKM_AES_CFB1, CKK_AES, 0, KEY_128, IV_38A, "6bc1", "68b3" },
	/* SP 800-67, B.1; CAVP's DESMMT; OpenSSL's destest */
	{ CKM_DES3_ECB, CKK_DES3, 0, "0123456789abcdef23456789abcdef01456789abcdef0123", "", "54686520717566636b2062726f776e20666f78206a756d70",
	  "a826fd8ce53b855fcce21c8112256fe668d5c05dd9b6b900" },
	{ CKM_DES3_CBC, CKK_DES3, 0, "37ae5ebf46dff2dc0754b94f31cbb3855e7fd36dc870bfae", "3d1de3cc132e3b65",
	  "84401f78fe6c10876d8ea23094ea5309", "7b1f7c7e3b1c948ebd04a75ffba7d2f5" },
	{ CKM_DES3_CBC, CKK_DES3, 0, "0123456789abcdeff1e0d3c2b5a49786fedcba9876543210", "fedcba9876543210",
	  "37363534333231204e6f77206973207468652074696d6520666f722000000000",
	  "3fe301c962ac01d02213763c1cbd4cdc799657c064ecf5d41c673812cfde9675" },
	{ CKM_AES_CFB8, CKK_AES, 0, KEY_128, IV_38A, "6bc1bee22e409f96e93d7e117393172aae2d", "3b79424c9c0dd436bace9e0ed4586a4f32b9" },
	{ CKM_AES_CFB128, CKK_AES, 0, KEY_256, IV_38A, PLAIN_38A,
	  "dc7e84bfda79164b7ecd8486985d386039ffed143b28b1c832113c6331e5407b"
	  "df10132415e54b92a13ed0a8267ae2f975a385741ab9cef82031623d55b1e471" },
	{ CKM_AES_OFB, CKK_AES, 0, KEY_128, IV_38A, PLAIN_38A,
	  "3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed825"
	  "9740051e9c5fecf64344f7a82260edcc304c6528f659c77866a510d9c1d6ae5e" },
	{ CKM_AES_CTR, CKK_AES, 128, KEY_128, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", PLAIN_38A,
	  "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
	  "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee" },
	{ CKM_AES_CTS, CKK_AES, 0, "636869636b656e207465726979616b69", "00000000000000000000000000000000",
	  "4920776f756c64206c696b652074686520", "97c6353568f2bf8cb4d8a580362da7ff7f" },
	{ CKM_AES_CTS, CKK_AES, 0, "636869636b656e207465726979616b69", "00000000000000000000000000000000",
	  "4920776f756c64206c696b65207468652047656e6572616c20476175277320",
	  "97687268d6ecccc0c07b25e25ecfe5fc00783e0efdb2c1d445d4c8eff7ed22" },
	/* eSTREAM, Salsa20 with 256 bits, set 1, vector 0: block 0, blocks 3 and 4 */
	{ CKM_SALSA20, CKK_SALSA20, 0, "8000000000000000000000000000000000000000000000000000000000000000", "00000000000000000000000000000000",
	  "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
	  "e3be8fdd8beca2e3ea8ef9475b29a6e7003951e1097a5c38d23b7a5fad9f6844b22c97559e2723c7cbbd3fe4fc8d9a0744652a83e72a9c461876af4d7ef1a117" },
	{ CKM_SALSA20, CKK_SALSA20, 0, "8000000000000000000000000000000000000000000000000000000000000000", "03000000000000000000000000000000",
	  "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	  "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
	  "57be81f47b17d9ae7c4ff15429a73e10acf250ed3a90a93c711308a74c6216a9ed84cd126da7f28e8abf8bb63517e1ca98e712f4fb2e1a6aed9fdc73291faa17"
	  "958211c4ba2ebd5838c635edb81f513a91a294e194f1c039aeec657dce40aa7e7c0af57cacefa40c9f14b71a4b3456a63e162ec7d8d10b8ffb1810d71001b618" },
	/* XSalsa20: NaCl's and libsodium's test "stream3" */
	{ CKM_SALSA20, CKK_SALSA20, 0, "1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389",
	  "000000000000000069696ee955b62b73cd62bda875fc73d68219e0036b7a0b37", "0000000000000000000000000000000000000000000000000000000000000000",
	  "eea6a7251c1e72916d11c2cb214d3c252539121d8e234e652d651fa4c8cff880" },
	{ CKM_CHACHA20, CKK_CHACHA20, 32, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "01000000000000000000004a00000000",
	  "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c64206f66666572"
	  "20796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c642062652069742e",
	  "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0bf91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f53"
	  "0c359f0861d807ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab77937365af90bbf74a35be6b40b8eedf2785e42874d" },
};

static void examples_of_the_standards(void)
{
	static struct crypt c;
	static uint8_t key[64], iv[32], plain[128], encrypted[128];

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const struct example *e = &examples[i];
		size_t n = from_hex(e->plain, plain);

		(void)from_hex(e->encrypted, encrypted);
		memset(&c, 0, sizeof(c));
		c.mech = mech_find(e->type);
		set_key(&c, e->key_type, span(key, from_hex(e->key, key)));
		set_iv(&c, span(iv, from_hex(e->iv, iv)));
		c.params.cipher.counter_bits = e->counter_bits;
		c.use = CKF_ENCRYPT;
		c.in = span(plain, n);
		same_in_every_way(&c, span(encrypted, n));
		c.use = CKF_DECRYPT;
		c.in = span(encrypted, n);
		same_in_every_way(&c, span(plain, n));
	}
}

/* ---- rules ---- */

/* A counter of two bits at 1 is good for three blocks (PKCS#11 3.0, "AES with Counter"). */
static void a_counter_never_starts_anew(void)
{
	static struct crypt c;
	uint8_t key[32] = { 1 }, data[80] = { 0 };

	c.mech = mech_find(CKM_AES_CTR);
	set_key(&c, CKK_AES, span(key, 16));
	c.params.cipher.iv_n = 16;
	c.params.cipher.iv[0] = 0xff;
	c.params.cipher.iv[15] = 0xfd; /* the two last bits: 1 */
	c.params.cipher.counter_bits = 2;
	c.use = CKF_ENCRYPT;
	c.in = span(data, 48);
	CHECK(crypt(&c) == CKR_OK && c.n == 48);
	c.in = span(data, 49);
	CHECK(crypt(&c) == CKR_DATA_LEN_RANGE);
	c.piece = 7;
	CHECK(crypt(&c) == CKR_DATA_LEN_RANGE);
	c = (struct crypt){ .mech = mech_find(CKM_CHACHA20), .use = CKF_ENCRYPT };
	set_key(&c, CKK_CHACHA20, SPAN_OF(key));
	c.params.cipher.iv_n = 16;
	memset(c.params.cipher.iv, 0xff, 4);
	c.params.cipher.counter_bits = 32;
	c.in = span(data, 64);
	CHECK(crypt(&c) == CKR_OK);
	c.in = span(data, 65);
	CHECK(crypt(&c) == CKR_DATA_LEN_RANGE);
	c.params.cipher.counter_bits = 64;
	CHECK(crypt(&c) == CKR_OK);
	c = (struct crypt){ .mech = mech_find(CKM_SALSA20), .use = CKF_ENCRYPT };
	set_key(&c, CKK_SALSA20, SPAN_OF(key));
	c.params.cipher.iv_n = 16;
	memset(c.params.cipher.iv, 0xff, 8);
	c.in = span(data, 64);
	CHECK(crypt(&c) == CKR_OK);
	c.in = span(data, 65);
	CHECK(crypt(&c) == CKR_DATA_LEN_RANGE);
	c.piece = 7;
	CHECK(crypt(&c) == CKR_DATA_LEN_RANGE);
}

/* Large enough for several chunks, in place and out of step with blocks. */
static void long_messages_in_place(void)
{
	static const CK_MECHANISM_TYPE types[] = { CKM_AES_CBC_PAD, CKM_AES_CBC, CKM_AES_CTR, CKM_AES_CTS, CKM_AES_GCM };
	static struct crypt c, d;
	static uint8_t data[60000];
	uint8_t key[16] = { 7 };

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 131 + (i >> 8));
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		for (size_t piece = 0; piece < 9000; piece += 2999) {
			c = (struct crypt){ .mech = mech_find(types[t]), .use = CKF_ENCRYPT, .in = SPAN_OF(data), .in_place = true, .piece = piece };
			set_key(&c, CKK_AES, SPAN_OF(key));
			c.params.cipher.iv_n = types[t] == CKM_AES_GCM ? 12 : 16;
			c.params.cipher.counter_bits = 128;
			c.params.cipher.tag_n = 16;
			REQUIRE(crypt(&c) == CKR_OK);
			d = c;
			d.use = CKF_DECRYPT;
			d.in = span(c.out, c.n);
			CHECK(gives(&d, SPAN_OF(data)));
		}
	}
}

static void keys_of_equal_halves_are_no_xts_keys(void)
{
	static struct crypt c;
	uint8_t key[32] = { 0 }, data[16] = { 0 };

	c = (struct crypt){ .mech = mech_find(CKM_AES_XTS), .use = CKF_ENCRYPT, .in = SPAN_OF(data) };
	set_key(&c, CKK_AES_XTS, SPAN_OF(key));
	c.params.cipher.iv_n = 16;
	CHECK(crypt(&c) == CKR_KEY_FUNCTION_NOT_PERMITTED);
	c.use = CKF_DECRYPT;
	CHECK(crypt(&c) == CKR_KEY_FUNCTION_NOT_PERMITTED);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "GCM, CCM, ChaCha20-Poly1305: Wycheproof", modes_that_authenticate },
		{ "CBC with padding, XTS, key wrap: Wycheproof", padding_stealing_wrapping },
		{ "SP 800-38A, RFC 3962, RFC 8439: each in pieces and in place", examples_of_the_standards },
		{ "a counter never starts anew", a_counter_never_starts_anew },
		{ "long messages in place", long_messages_in_place },
		{ "keys of equal halves are no XTS keys", keys_of_equal_halves_are_no_xts_keys },
		{ NULL, NULL },
	};

	return kit_main("mech/cipher", tests);
}
