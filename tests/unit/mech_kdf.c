/* SPDX-License-Identifier: Apache-2.0 */
/* Keys out of secret keys, as the room itself computes them: published vectors, and OpenSSL's own functions beside ours. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "mech/hashes.h"
#include "mech_kit.h"
#include "vectors.h"

struct derivation {
	const struct mech *mech;
	union mech_params params;
	struct key_view key, other;
	uint8_t out[20000];
	size_t n;
	CK_RV rv;
};

static void derive_in(struct vault_scope *scope, void *arg)
{
	struct derivation *d = arg;
	struct mech_call call = { .mech = d->mech, .params = &d->params, .key = &d->key };

	d->rv = d->mech->impl->derive(scope, &call, d->other.parts == 0 ? NULL : &d->other, MSPAN_OF(d->out), &d->n);
}

static void derive(struct derivation *d)
{
	REQUIRE(d->mech != NULL);
	kit_run(derive_in, d, d->mech->type);
}

static bool hex(const char *text, struct mspan out)
{
	size_t n;

	return cf_ok(hex_decode(span_str(text), out, &n)) && n == out.n;
}

static struct key_view secret(CK_KEY_TYPE type, struct span value)
{
	struct key_view key = { .class = CKO_SECRET_KEY, .type = type, .bits = value.n * 8, .parts = 1 };

	key.part[0] = (struct key_part){ CKA_VALUE, value };
	return key;
}

static struct derivation d;

static bool gives(struct span want)
{
	derive(&d);
	return d.rv == CKR_OK && span_eq(span(d.out, d.n), want);
}

/* ---- HKDF ---- */

static const struct hash *hkdf_hash;

static void hkdf_one(const struct vector *v, void *arg)
{
	struct span salt = vector_bytes(v, "salt");

	d = (struct derivation){ .mech = mech_find(CKM_HKDF_DERIVE), .key = secret(CKK_HKDF, vector_bytes(v, "ikm")) };
	d.params.hkdf = (struct mech_hkdf_params){ .hash = hkdf_hash, .extract = true, .expand = true,
						   .salt_type = salt.n == 0 ? CKF_HKDF_SALT_NULL : CKF_HKDF_SALT_DATA,
						   .salt = salt, .info = vector_bytes(v, "info") };
	d.n = (size_t)vector_number(v, "size");
	vector_judge(v, gives(vector_bytes(v, "okm")), arg);
}

static void hkdf(void)
{
	static const char *const names[][2] = { { "hkdf_sha1", "SHA1" }, { "hkdf_sha256", "SHA256" }, { "hkdf_sha384", "SHA384" },
						{ "hkdf_sha512", "SHA512" } };

	for (size_t i = 0; i < 4; i++) {
		struct vector_score score = { 0 };
		char path[100];
		struct vectors *f;

		(void)snprintf(path, sizeof(path), "wycheproof/%s_test.json", names[i][0]);
		hkdf_hash = hash_named(names[i][1]);
		f = vectors_open(path);
		CHECK(vectors_each(f, hkdf_one, &score) > 80);
		vector_report(names[i][0], &score);
		CHECK(score.wrong == 0 && score.valid > 70);
		vectors_close(f);
	}
}

/* RFC 5869, A.1: both halves by themselves, and the salt in a key. */
static void hkdf_in_halves(void)
{
	static const uint8_t ikm[22] = { 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
					 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b };
	static const uint8_t salt[13] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	static const uint8_t info[10] = { 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9 };
	uint8_t prk[32], okm[42];

	REQUIRE(hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", MSPAN_OF(prk)));
	REQUIRE(hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865", MSPAN_OF(okm)));
	d = (struct derivation){ .mech = mech_find(CKM_HKDF_DERIVE), .key = secret(CKK_HKDF, SPAN_OF(ikm)),
				 .other = secret(CKK_GENERIC_SECRET, SPAN_OF(salt)) };
	d.params.hkdf = (struct mech_hkdf_params){ .hash = hash_named("SHA256"), .extract = true, .salt_type = CKF_HKDF_SALT_KEY };
	CHECK(gives(SPAN_OF(prk)));
	d.n = 16; /* extraction gives the length of the hash */
	derive(&d);
	CHECK(d.rv == CKR_KEY_SIZE_RANGE);
	d = (struct derivation){ .mech = mech_find(CKM_HKDF_DERIVE), .key = secret(CKK_HKDF, SPAN_OF(prk)), .n = 42 };
	d.params.hkdf = (struct mech_hkdf_params){ .hash = hash_named("SHA256"), .expand = true, .info = SPAN_OF(info) };
	CHECK(gives(SPAN_OF(okm)));
	d.n = 255 * 32 + 1;
	derive(&d);
	CHECK(d.rv == CKR_KEY_SIZE_RANGE);
	d.key = secret(CKK_HKDF, span(prk, 31)); /* no pseudorandom key of that hash */
	d.n = 42;
	derive(&d);
	CHECK(d.rv == CKR_KEY_SIZE_RANGE);
}

/* ---- SP 800-108 ---- */

/* NIST's CounterMode.zip: CMAC of AES-128, counter before the fixed data, of 8, 16, 24 and 32 bits. */
static void kbkdf_counter_of_nist(void)
{
	static const struct {
		unsigned bits;
		const char *key, *info, *out;
	} t[] = {
		{ 8, "e91e0d06ab23a4e495bbcc430efddcaf",
		  "24acb8e9227b180f2ccebea48051cbdbcd1be2bf94400d1e92945fe9b887585a295f46c469036107697813a3e12c45ae2ffde9a940f8f8c181018a93",
		  "e81ef2483729d4165aaa4866c17f26496e6c6924e2fe34f608efef0c35835f86df29a1e19ce166a8" },
		{ 16, "5e534bea459e54c58a6942abfd4df8ab",
		  "e9a5cc15d223aaa74abd122983b2a10512199b9cc87663fd8a62d417cef53770264fc51f683890fe42da2df7be0f60898c5b09d5c4932137b6b1e06e",
		  "92480eb4860123ceda76f1e6bf2668520bea49ed72bb900ae50725bb8cfcdb733af1a9de71fe1af5" },
		{ 24, "26fa0e32e7e08f9b157ebae9f579710f",
		  "ceab805efbe0c50a8aef62e59d95e7a54daa74ed86aa9b1ae8abf68b985b5af4b0ee150e83e6c063b59c7bf813ede9826af149237aed85b415898fa8",
		  "f1d9138afcc3db6001eb54c4da567a5db3659fc0ed48e664a0408946bcee0742127c17cabf348c7a" },
		{ 32, "b2fcf854b1029888aeb0274ca09bb21a",
		  "a6b84baae7a6ceb1d63ed704757500c510c0a8bdc22d2f42af09f79c815f37f33b67dad0b30f428fc1e2d355f7f91f65acbedd2fdd5b8c38dd890407",
		  "fe4c2c0242c5a295c008aeb87ae0815171de6173773292347f4f5ec07185c3f860b5667c199aad55" },
	};

	for (size_t i = 0; i < 4; i++) {
		uint8_t key[16], info[60], out[40];

		REQUIRE(hex(t[i].key, MSPAN_OF(key)) && hex(t[i].info, MSPAN_OF(info)) &&
			hex(t[i].out, MSPAN_OF(out)));
		d = (struct derivation){ .mech = mech_find(CKM_SP800_108_COUNTER_KDF), .key = secret(CKK_AES, SPAN_OF(key)), .n = 40 };
		d.params.kbkdf = (struct mech_kbkdf_params){ .count = 2 };
		d.params.kbkdf.segment[0] = (struct kdf_segment){ .kind = KDF_COUNTER, .bits = t[i].bits };
		d.params.kbkdf.segment[1] = (struct kdf_segment){ .kind = KDF_BYTES, .bytes = SPAN_OF(info) };
		CHECK(gives(SPAN_OF(out)));
		if (t[i].bits != 8)
			continue;
		d.n = 255 * 16; /* a counter of 8 bits ends with block 255 */
		derive(&d);
		CHECK(d.rv == CKR_OK);
		d.n++;
		derive(&d);
		CHECK(d.rv == CKR_KEY_SIZE_RANGE);
	}
}

/* NIST's PipelineModewithCounter.zip: HMAC of SHA-256, a counter of 32 bits after the iteration variable. */
static void kbkdf_pipeline_of_nist(void)
{
	static const struct {
		const char *key, *info, *out;
		size_t key_n, info_n, n;
	} t[] = {
		{ "02d36fa021c20ddbdee469f0579468bae5cb13b548b6c61cdf9d3ec419111de2",
		  "85abe38bf265fbdc6445ae5c71159f1548c73b7d526a623104904a0f8792070b3df9902b9669490425a385eadb0f9c76e46f0f",
		  "d69f74f518c9f64f90a0beebab69f689b73b5c13eb0f860a95cad7d9814f8c506eb7b179a5c5b4466a9ec154c3bf1c13efd6ec0d82b02c29af2c69"
		  "0299edc453",
		  32, 51, 64 },
		{ "3d361a9f28aad722f68ebdc298439da1", "405344b2a4b83164b06ebac5421bf10183dc4e0f8c2e58728472ddd5ccb10bdf", "3422683b2d4bed1a05",
		  16, 32, 9 },
	};

	for (size_t i = 0; i < 2; i++) {
		uint8_t key[32], info[51], out[64];

		REQUIRE(hex(t[i].key, mspan(key, t[i].key_n)) && hex(t[i].info, mspan(info, t[i].info_n)) &&
			hex(t[i].out, mspan(out, t[i].n)));
		d = (struct derivation){ .mech = mech_find(CKM_SP800_108_DOUBLE_PIPELINE_KDF),
					 .key = secret(CKK_GENERIC_SECRET, span(key, t[i].key_n)), .n = t[i].n };
		d.params.kbkdf = (struct mech_kbkdf_params){ .hash = hash_named("SHA256"), .pipeline = true, .count = 3 };
		d.params.kbkdf.segment[0] = (struct kdf_segment){ .kind = KDF_BEFORE };
		d.params.kbkdf.segment[1] = (struct kdf_segment){ .kind = KDF_COUNTER, .bits = 32 };
		d.params.kbkdf.segment[2] = (struct kdf_segment){ .kind = KDF_BYTES, .bytes = span(info, t[i].info_n) };
		CHECK(gives(span(out, t[i].n)));
	}
}

static void openssl_kbkdf(const char *mode, const char *digest, struct span key, struct span label, struct span context, struct span iv,
			  uint8_t *out, size_t n)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "KBKDF", NULL);
	EVP_KDF_CTX *c = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM p[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, (char *)mode, 0),
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MAC, (char *)"HMAC", 0),
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key.p, key.n),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)label.p, label.n),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)context.p, context.n),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)iv.p, iv.n),
		OSSL_PARAM_construct_end(),
	};

	if (iv.n == 0)
		p[6] = OSSL_PARAM_construct_end();
	REQUIRE(c != NULL && EVP_KDF_derive(c, out, n, p) == 1);
	EVP_KDF_CTX_free(c);
	EVP_KDF_free(kdf);
}

/* The usual layout: [K(i-1)] counter, label, 0, context, length. */
static void kbkdf_beside_openssl(void)
{
	static const char *const hashes[] = { "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SHA3-256" };
	static const size_t sizes[] = { 1, 32, 33, 200 };
	struct span key = span_str("a key of any length"), label = span_str("label"), context = span_str("context");
	uint8_t iv[64] = { 1, 2, 3 }, want[256];

	for (size_t i = 0; i < 6 * 4; i++) {
		const struct hash *hash = hash_named(hashes[i / 4]);
		bool feedback = i % 2 != 0;
		struct kdf_segment *s;

		d = (struct derivation){ .mech = mech_find(feedback ? CKM_SP800_108_FEEDBACK_KDF : CKM_SP800_108_COUNTER_KDF),
					 .key = secret(CKK_GENERIC_SECRET, key), .n = sizes[i % 4] };
		d.params.kbkdf.hash = hash;
		d.params.kbkdf.iv = feedback ? span(iv, hash->size) : SPAN_EMPTY;
		s = d.params.kbkdf.segment;
		if (feedback)
			*s++ = (struct kdf_segment){ .kind = KDF_BEFORE };
		*s++ = (struct kdf_segment){ .kind = KDF_COUNTER, .bits = 32 };
		*s++ = (struct kdf_segment){ .kind = KDF_BYTES, .bytes = label };
		*s++ = (struct kdf_segment){ .kind = KDF_BYTES, .bytes = span("", 1) };
		*s++ = (struct kdf_segment){ .kind = KDF_BYTES, .bytes = context };
		*s++ = (struct kdf_segment){ .kind = KDF_LENGTH, .bits = 32 };
		d.params.kbkdf.count = (size_t)(s - d.params.kbkdf.segment);
		openssl_kbkdf(feedback ? "feedback" : "counter", hashes[i / 4], key, label, context, d.params.kbkdf.iv, want, d.n);
		CHECK(gives(span(want, sizes[i % 4])));
	}
}

/* ---- TLS 1.2 ---- */

/* NIST CAVP, tls.rsp: the master secret. */
static void tls_of_nist(void)
{
	uint8_t pre[48], client[32], server[32], want[48];
	CK_VERSION version = { 0, 0 };

	REQUIRE(hex("f8938ecc9edebc5030c0c6a441e213cd24e6f770a50dda07876f8d55da062bcadb386b411fd4fe4313a604fce6c17fbc", MSPAN_OF(pre)));
	REQUIRE(hex("36c129d01a3200894b9179faac589d9835d58775f9b5ea3587cb8fd0364cae8c", MSPAN_OF(client)));
	REQUIRE(hex("f6c9575ed7ddd73e1f7d16eca115415812a43c2b747daaaae043abfb50053fce", MSPAN_OF(server)));
	REQUIRE(hex("202c88c00f84a17a20027079604787461176455539e705be730890602c289a5001e34eeb3a043e5d52a65e66125188bf", MSPAN_OF(want)));
	d = (struct derivation){ .mech = mech_find(CKM_TLS12_MASTER_KEY_DERIVE), .key = secret(CKK_GENERIC_SECRET, SPAN_OF(pre)) };
	d.params.tls = (struct mech_tls_params){ .hash = hash_named("SHA256"), .label = span_str("master secret"),
						 .seed = { SPAN_OF(client), SPAN_OF(server) }, .version = &version };
	CHECK(gives(SPAN_OF(want)));
	CHECK(version.major == 0xf8 && version.minor == 0x93);
}

/* The same group's block of keys; its randoms are not those of the master secret. */
static void tls_block_of_nist(void)
{
	uint8_t key[48], client[32], server[32], want[128];

	REQUIRE(hex("202c88c00f84a17a20027079604787461176455539e705be730890602c289a5001e34eeb3a043e5d52a65e66125188bf", MSPAN_OF(key)));
	REQUIRE(hex("62e1fd91f23f558a605f28478c58cf72637b89784d959df7e946d3f07bd1b616", MSPAN_OF(client)));
	REQUIRE(hex("ae6c806f8ad4d80784549dff28a4b58fd837681a51d928c3e30ee5ff14f39868", MSPAN_OF(server)));
	REQUIRE(hex("d06139889fffac1e3a71865f504aa5d0d2a2e89506c6f2279b670c3e1b74f531016a2530c51a3a0f7e1d6590d0f0566b"
		    "2f387f8d11fd4f731cdd572d2eae927f6f2f81410b25e6960be68985add6c38445ad9f8c64bf8068bf9a6679485d966f"
		    "1ad6f68b43495b10a683755ea2b858d70ccac7ec8b053c6bd41ca299d4e51928", MSPAN_OF(want)));
	d = (struct derivation){ .mech = mech_find(CKM_TLS12_KEY_AND_MAC_DERIVE), .key = secret(CKK_GENERIC_SECRET, SPAN_OF(key)) };
	d.params.tls = (struct mech_tls_params){ .hash = hash_named("SHA256"), .label = span_str("key expansion"),
						 .seed = { SPAN_OF(server), SPAN_OF(client) }, .mac_key_n = 20, .key_n = 32, .iv_n = 12 };
	CHECK(gives(SPAN_OF(want)));
}

/* ---- one step ---- */

static void joined(void)
{
	static const uint8_t a[4] = { 0x01, 0x23, 0x45, 0x67 }, b[4] = { 0x89, 0xab, 0xcd, 0xef };

	/* The examples of the specification. */
	d = (struct derivation){ .mech = mech_find(CKM_CONCATENATE_BASE_AND_KEY), .key = secret(CKK_GENERIC_SECRET, SPAN_OF(a)),
				 .other = secret(CKK_GENERIC_SECRET, SPAN_OF(b)) };
	CHECK(gives(span("\x01\x23\x45\x67\x89\xab\xcd\xef", 8)));
	d = (struct derivation){ .mech = mech_find(CKM_CONCATENATE_BASE_AND_DATA), .key = secret(CKK_GENERIC_SECRET, SPAN_OF(a)) };
	d.params.data.data = SPAN_OF(b);
	CHECK(gives(span("\x01\x23\x45\x67\x89\xab\xcd\xef", 8)));
	d.n = 9;
	derive(&d);
	CHECK(d.rv == CKR_KEY_SIZE_RANGE);
	d.mech = mech_find(CKM_CONCATENATE_DATA_AND_BASE);
	d.n = 0;
	CHECK(gives(span("\x89\xab\xcd\xef\x01\x23\x45\x67", 8)));
	d.mech = mech_find(CKM_XOR_BASE_AND_DATA);
	d.n = 0;
	CHECK(gives(span("\x88\x88\x88\x88", 4)));
	d.params.data.data = span(b, 2);
	d.n = 0;
	CHECK(gives(span("\x88\x88", 2)));
}

static void hashed(void)
{
	static const CK_MECHANISM_TYPE types[] = {
		CKM_SHA1_KEY_DERIVATION,   CKM_SHA224_KEY_DERIVATION,	CKM_SHA256_KEY_DERIVATION,   CKM_SHA384_KEY_DERIVATION,
		CKM_SHA512_KEY_DERIVATION, CKM_SHA3_224_KEY_DERIVATION, CKM_SHA3_256_KEY_DERIVATION, CKM_SHA3_384_KEY_DERIVATION,
		CKM_SHA3_512_KEY_DERIVATION, CKM_SHA512_224_KEY_DERIVATION, CKM_SHA512_256_KEY_DERIVATION,
	};
	uint8_t abc[32];

	/* FIPS 180-4's SHA-256 of "abc". */
	REQUIRE(hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", MSPAN_OF(abc)));
	d = (struct derivation){ .mech = mech_find(CKM_SHA256_KEY_DERIVATION), .key = secret(CKK_GENERIC_SECRET, span_str("abc")) };
	CHECK(gives(SPAN_OF(abc)));
	d.n = 16;
	CHECK(gives(span(abc, 16)));
	d.n = 33;
	derive(&d);
	CHECK(d.rv == CKR_KEY_SIZE_RANGE);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		uint8_t want[64];
		unsigned size = 0;

		d = (struct derivation){ .mech = mech_find(types[i]), .key = secret(CKK_GENERIC_SECRET, span_str("abc")) };
		REQUIRE(d.mech != NULL &&
			EVP_Digest("abc", 3, want, &size, EVP_get_digestbyname(d.mech->variant), NULL) == 1);
		CHECK(gives(span(want, size)));
	}
}

/* FIPS 202's SHAKE of nothing and its beginnings; RFC 7693's BLAKE2b of "abc". */
static void hashed_by_others(void)
{
	uint8_t shake128[32], shake256[64], blake2b[64];

	REQUIRE(hex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26", MSPAN_OF(shake128)));
	REQUIRE(hex("46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762fd75dc4ddd8c0f200cb05019d67b592f6fc821c49479ab486"
		    "40292eacb3b7c4be",
		    MSPAN_OF(shake256)));
	REQUIRE(hex("ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925a"
		    "b92386edd4009923",
		    MSPAN_OF(blake2b)));
	d = (struct derivation){ .mech = mech_find(CKM_SHAKE_128_KEY_DERIVATION), .key = secret(CKK_GENERIC_SECRET, span("", 0)), .n = 32 };
	CHECK(gives(SPAN_OF(shake128)));
	d.mech = mech_find(CKM_SHAKE_256_KEY_DERIVATION);
	d.n = 64;
	CHECK(gives(SPAN_OF(shake256)));
	d.n = 16;
	CHECK(gives(span(shake256, 16)));
	d.n = 0; /* it has no length of its own */
	derive(&d);
	CHECK(d.rv == CKR_KEY_SIZE_RANGE);
	d = (struct derivation){ .mech = mech_find(CKM_BLAKE2B_512_KEY_DERIVE), .key = secret(CKK_GENERIC_SECRET, span_str("abc")) };
	CHECK(gives(SPAN_OF(blake2b)));
	d.mech = mech_find(CKM_BLAKE2B_256_KEY_DERIVE);
	d.n = 0;
	derive(&d);
	CHECK(d.rv == CKR_OK && d.n == 32 && memcmp(d.out, blake2b, 32) != 0);
	d.n = 33;
	derive(&d);
	CHECK(d.rv == CKR_KEY_SIZE_RANGE);
}

/* SP 800-38A, F.1.1 and F.2.1: AES-128, its first two blocks. */
static void encrypted(void)
{
	uint8_t key[16], iv[16], plain[32], ecb[32], cbc[32];

	REQUIRE(hex("2b7e151628aed2a6abf7158809cf4f3c", MSPAN_OF(key)));
	REQUIRE(hex("000102030405060708090a0b0c0d0e0f", MSPAN_OF(iv)));
	REQUIRE(hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51", MSPAN_OF(plain)));
	REQUIRE(hex("3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf", MSPAN_OF(ecb)));
	REQUIRE(hex("7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2", MSPAN_OF(cbc)));
	d = (struct derivation){ .mech = mech_find(CKM_AES_ECB_ENCRYPT_DATA), .key = secret(CKK_AES, SPAN_OF(key)) };
	d.params.data.data = SPAN_OF(plain);
	CHECK(gives(SPAN_OF(ecb)));
	d.mech = mech_find(CKM_AES_CBC_ENCRYPT_DATA);
	memcpy(d.params.data.iv, iv, 16);
	d.n = 0;
	CHECK(gives(SPAN_OF(cbc)));
	d.n = 24;
	CHECK(gives(span(cbc, 24)));
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "HKDF: Wycheproof", hkdf },
		{ "HKDF: extraction and expansion by themselves", hkdf_in_halves },
		{ "SP 800-108 in counter mode: NIST's vectors", kbkdf_counter_of_nist },
		{ "SP 800-108 in double pipeline mode: NIST's vectors", kbkdf_pipeline_of_nist },
		{ "SP 800-108 in both modes: OpenSSL's KBKDF", kbkdf_beside_openssl },
		{ "TLS 1.2: NIST's vector", tls_of_nist },
		{ "TLS 1.2: NIST's block of keys", tls_block_of_nist },
		{ "joined with data or another key", joined },
		{ "the hash of a key", hashed },
		{ "the hash of a key by SHAKE and BLAKE2b", hashed_by_others },
		{ "the ciphertext of data", encrypted },
		{ NULL, NULL },
	};

	return kit_main("mech: key derivation", tests);
}
