/* SPDX-License-Identifier: Apache-2.0 */
/* ECDSA, ECDH, X25519, X448 and Ed448 as the room itself computes them: published vectors, and how deep they go. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "ck/curve.h"
#include "mech/families.h"
#include "mech/mech.h"
#include "mech_kit.h"
#include "vectors.h"

static struct span params_of(const char *name)
{
	for (size_t i = 0; i < curve_count(); i++)
		for (size_t k = 0; k < CURVE_NAMES && curve_at(i)->name[k] != NULL; k++)
			if (strcmp(curve_at(i)->name[k], name) == 0)
				return curve_at(i)->oid[0];
	return SPAN_EMPTY;
}

static CK_MECHANISM_TYPE hash_of(const char *sha)
{
	static const struct {
		const char *name;
		CK_MECHANISM_TYPE type;
	} known[] = {
		{ "SHA-224", CKM_ECDSA_SHA224 },     { "SHA-256", CKM_ECDSA_SHA256 },	  { "SHA-384", CKM_ECDSA_SHA384 },
		{ "SHA-512", CKM_ECDSA_SHA512 },     { "SHA3-224", CKM_ECDSA_SHA3_224 }, { "SHA3-256", CKM_ECDSA_SHA3_256 },
		{ "SHA3-384", CKM_ECDSA_SHA3_384 }, { "SHA3-512", CKM_ECDSA_SHA3_512 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, sha) == 0)
			return known[i].type;
	return CK_UNAVAILABLE_INFORMATION;
}

/* ---- ECDSA ---- */

static void ecdsa_one(const struct vector *v, void *arg)
{
	struct span params = params_of(vector_text(v, "publicKey.curve"));
	struct kit_call k = { .mech = mech_find(hash_of(vector_text(v, "sha"))), .message = vector_bytes(v, "msg"),
			      .signature = vector_bytes(v, "sig") };

	REQUIRE(params.n != 0);
	k.key = (struct key_view){ .class = CKO_PUBLIC_KEY, .type = CKK_EC, .bits = curve_find(params)->bits, .parts = 2 };
	k.key.part[0] = (struct key_part){ CKA_EC_PARAMS, params };
	k.key.part[1] = (struct key_part){ CKA_EC_POINT, vector_bytes(v, "publicKey.uncompressed") };
	/* A signature whose halves are shorter than the order is one (PKCS#11 3.0, 6.3.1); Wycheproof's file for P1363 wants it refused. */
	if (vector_flag(v, "SignatureSize") && k.signature.n % 2 == 0 && k.signature.n < 2 * curve_find(params)->scalar)
		return;
	vector_judge(v, kit_verify(&k) == CKR_OK, arg);
}

static void ecdsa_of_every_curve(void)
{
	static const char *const files[] = {
		"ecdsa_brainpoolP224r1_sha224",
		"ecdsa_brainpoolP224r1_sha3_224",
		"ecdsa_brainpoolP256r1_sha256",
		"ecdsa_brainpoolP256r1_sha3_256",
		"ecdsa_brainpoolP320r1_sha384",
		"ecdsa_brainpoolP320r1_sha3_384",
		"ecdsa_brainpoolP384r1_sha384",
		"ecdsa_brainpoolP384r1_sha3_384",
		"ecdsa_brainpoolP512r1_sha3_512",
		"ecdsa_brainpoolP512r1_sha512",
		"ecdsa_secp224r1_sha224",
		"ecdsa_secp224r1_sha256",
		"ecdsa_secp224r1_sha3_224",
		"ecdsa_secp224r1_sha3_256",
		"ecdsa_secp224r1_sha3_512",
		"ecdsa_secp224r1_sha512",
		"ecdsa_secp256k1_sha256",
		"ecdsa_secp256k1_sha3_256",
		"ecdsa_secp256k1_sha3_512",
		"ecdsa_secp256k1_sha512",
		"ecdsa_secp256r1_sha256",
		"ecdsa_secp256r1_sha3_256",
		"ecdsa_secp256r1_sha3_512",
		"ecdsa_secp256r1_sha512",
		"ecdsa_secp384r1_sha256",
		"ecdsa_secp384r1_sha384",
		"ecdsa_secp384r1_sha3_384",
		"ecdsa_secp384r1_sha3_512",
		"ecdsa_secp384r1_sha512",
		"ecdsa_secp521r1_sha3_512",
		"ecdsa_secp521r1_sha512",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct vector_score score = { 0 };
		char path[100];
		struct vectors *f;

		(void)snprintf(path, sizeof(path), "wycheproof/%s_p1363_test.json", files[i]);
		f = vectors_open(path);
		CHECK(vectors_each(f, ecdsa_one, &score) > 200);
		vector_report(files[i], &score);
		CHECK(score.wrong == 0 && score.valid > 100 && score.invalid > 60);
		vectors_close(f);
	}
}

/* ---- Diffie-Hellman ---- */

struct agreement {
	const struct mech *mech;
	union mech_params params;
	struct key_view key;
	uint8_t out[256];
	size_t n;
	CK_RV rv;
};

static void derive_in(struct vault_scope *scope, void *arg)
{
	struct agreement *a = arg;
	struct mech_call call = { .mech = a->mech, .params = &a->params, .key = &a->key };

	a->rv = a->mech->impl->derive(scope, &call, NULL, MSPAN_OF(a->out), &a->n);
}

static void agree(struct agreement *a)
{
	a->mech = mech_find(CKM_ECDH1_DERIVE);
	kit_run(derive_in, a, CKM_ECDH1_DERIVE);
}

/* A private value of the length that a stored key has. */
static struct span sized(struct span value, size_t n, uint8_t *room)
{
	while (value.n > n && value.p[0] == 0)
		value = span_skip(value, 1);
	memset(room, 0, n);
	if (value.n <= n)
		memcpy(room + n - value.n, value.p, value.n);
	return span(room, n);
}

static void ecdh_one(const struct vector *v, void *arg)
{
	struct span params = params_of(vector_text(v, "curve"));
	const struct curve *curve = curve_find(params);
	struct agreement a = { .params.ecdh = { .kdf = CKD_NULL, .peer = vector_bytes(v, "public") } };
	uint8_t room[CURVE_SCALAR_MAX];
	struct span value = vector_bytes(v, "private");

	REQUIRE(curve != NULL);
	if (curve->key_type == CKK_EC)
		value = sized(value, curve->scalar, room);
	a.key = (struct key_view){ .class = CKO_PRIVATE_KEY, .type = curve->key_type, .bits = curve->bits, .parts = 2 };
	a.key.part[0] = (struct key_part){ CKA_VALUE, value };
	a.key.part[1] = (struct key_part){ CKA_EC_PARAMS, params };
	agree(&a);
	vector_judge(v, a.rv == CKR_OK && span_eq(span(a.out, a.n), vector_bytes(v, "shared")), arg);
}

static void agreement_on_every_kind_of_curve(void)
{
	static const char *const files[] = {
		"ecdh_brainpoolP224r1_ecpoint",
		"ecdh_brainpoolP256r1_ecpoint",
		"ecdh_brainpoolP320r1_ecpoint",
		"ecdh_brainpoolP384r1_ecpoint",
		"ecdh_brainpoolP512r1_ecpoint",
		"ecdh_secp224r1_ecpoint",
		"ecdh_secp256k1_ecpoint",
		"ecdh_secp256r1_ecpoint",
		"ecdh_secp384r1_ecpoint",
		"ecdh_secp521r1_ecpoint",
		"x25519",
		"x448",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct vector_score score = { 0 };
		char path[100];
		struct vectors *f;

		(void)snprintf(path, sizeof(path), "wycheproof/%s_test.json", files[i]);
		f = vectors_open(path);
		CHECK(vectors_each(f, ecdh_one, &score) > 200);
		vector_report(files[i], &score);
		CHECK(score.wrong == 0 && score.valid > 100);
		vectors_close(f);
	}
}

/* ---- key derivation functions, beside OpenSSL's X963KDF and SSKDF ---- */

static void openssl_kdf(const char *name, const char *digest, struct span z, struct span info, uint8_t *out, size_t n)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM p[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)z.p, z.n),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info.p, info.n),
		OSSL_PARAM_construct_end(),
	};

	REQUIRE(context != NULL && EVP_KDF_derive(context, out, n, p) == 1);
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
}

static void every_kdf(void)
{
	static const char *const digests[] = { "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SHA3-224", "SHA3-256", "SHA3-384",
					       "SHA3-512" };
	static const CK_ULONG x963[] = { CKD_SHA1_KDF,	   CKD_SHA224_KDF,   CKD_SHA256_KDF,   CKD_SHA384_KDF,  CKD_SHA512_KDF,
					 CKD_SHA3_224_KDF, CKD_SHA3_256_KDF, CKD_SHA3_384_KDF, CKD_SHA3_512_KDF };
	static const CK_ULONG sp800[] = { CKD_SHA1_KDF_SP800,	  CKD_SHA224_KDF_SP800,	  CKD_SHA256_KDF_SP800,
					  CKD_SHA384_KDF_SP800,	  CKD_SHA512_KDF_SP800,	  CKD_SHA3_224_KDF_SP800,
					  CKD_SHA3_256_KDF_SP800, CKD_SHA3_384_KDF_SP800, CKD_SHA3_512_KDF_SP800 };
	static const size_t sizes[] = { 1, 16, 20, 64, 65, 200 };
	uint8_t value[32] = { 9 }, peer[32] = { 9 }, z[32], want[256];
	struct agreement a = { .params.ecdh = { .kdf = CKD_NULL, .peer = SPAN_OF(peer) } };

	a.key = (struct key_view){ .class = CKO_PRIVATE_KEY, .type = CKK_EC_MONTGOMERY, .bits = 255, .parts = 1 };
	a.key.part[0] = (struct key_part){ CKA_VALUE, SPAN_OF(value) };
	agree(&a);
	REQUIRE(a.rv == CKR_OK && a.n == 32);
	memcpy(z, a.out, 32);
	for (size_t i = 0; i < 18; i++) {
		bool first = i < 9;

		a.params.ecdh.kdf = first ? x963[i] : sp800[i - 9];
		a.params.ecdh.shared = span_str("shared info");
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			a.n = sizes[k];
			agree(&a);
			openssl_kdf(first ? "X963KDF" : "SSKDF", digests[i % 9], SPAN_OF(z), a.params.ecdh.shared, want, sizes[k]);
			CHECK(a.rv == CKR_OK && span_eq(span(a.out, a.n), span(want, sizes[k])));
		}
	}
	/* BLAKE2b-512 is the one size that both libraries have. */
	a.params.ecdh.kdf = CKD_BLAKE2B_512_KDF;
	a.n = 200;
	agree(&a);
	openssl_kdf("SSKDF", "BLAKE2B-512", SPAN_OF(z), a.params.ecdh.shared, want, 200);
	CHECK(a.rv == CKR_OK && span_eq(span(a.out, a.n), span(want, 200)));
}

static void the_raw_secret_is_cut_from_its_front(void)
{
	uint8_t value[32] = { 9 }, peer[32] = { 9 }, z[32];
	struct agreement a = { .params.ecdh = { .kdf = CKD_NULL, .peer = SPAN_OF(peer) } };

	a.key = (struct key_view){ .class = CKO_PRIVATE_KEY, .type = CKK_EC_MONTGOMERY, .bits = 255, .parts = 1 };
	a.key.part[0] = (struct key_part){ CKA_VALUE, SPAN_OF(value) };
	agree(&a);
	REQUIRE(a.rv == CKR_OK);
	memcpy(z, a.out, 32);
	a.n = 16;
	agree(&a);
	CHECK(a.rv == CKR_OK && a.n == 16 && memcmp(a.out, z + 16, 16) == 0);
	a.n = 33;
	agree(&a);
	CHECK(a.rv == CKR_KEY_SIZE_RANGE);
}

/* ---- Ed448 ---- */

static struct kit_call ed448_call(const struct vector *v)
{
	struct kit_call k = { .mech = mech_find(CKM_EDDSA), .message = vector_bytes(v, "msg"), .signature = vector_bytes(v, "sig") };

	k.key = (struct key_view){ .class = CKO_PUBLIC_KEY, .type = CKK_EC_EDWARDS, .bits = 448, .parts = 1 };
	k.key.part[0] = (struct key_part){ CKA_EC_POINT, vector_bytes(v, "publicKey.pk") };
	return k;
}

static void ed448_one(const struct vector *v, void *arg)
{
	struct kit_call k = ed448_call(v);

	vector_judge(v, kit_verify(&k) == CKR_OK, arg);
}

static void ed448_signatures(void)
{
	struct vectors *f = vectors_open("wycheproof/ed448_test.json");
	struct vector_score score = { 0 };

	CHECK(vectors_each(f, ed448_one, &score) > 80);
	vector_report("ed448", &score);
	CHECK(score.wrong == 0);
	vectors_close(f);
}

/* Outside of a scope, as public keys are used. */
static void ed448_beside_others(const struct vector *v, void *arg)
{
	struct kit_call k = ed448_call(v);

	kit_verify_in(NULL, &k);
	vector_judge(v, k.rv == CKR_OK, arg);
}

static void *ed448_in_thread(void *arg)
{
	struct vectors *f = vectors_open("wycheproof/ed448_test.json");

	(void)vectors_each(f, ed448_beside_others, arg);
	vectors_close(f);
	return NULL;
}

/* What libcrypto needs to make a key is handed from one operation to the next. */
static void ed448_in_several_threads(void)
{
	struct vector_score score[3] = { { 0 } };
	pthread_t thread[3];

	for (size_t i = 0; i < 3; i++)
		REQUIRE(pthread_create(&thread[i], NULL, ed448_in_thread, &score[i]) == 0);
	for (size_t i = 0; i < 3; i++) {
		REQUIRE(pthread_join(thread[i], NULL) == 0);
		CHECK(score[i].wrong == 0 && score[i].valid > 0 && score[i].invalid > 0);
	}
}

/* By what the library calls itself, not by what it answers when it is asked for the parameters. */
static bool library_has_forms_of_ed448(void)
{
	return OPENSSL_version_major() > 3 || (OPENSSL_version_major() == 3 && OPENSSL_version_minor() >= 2);
}

static void rfc8032_one(const struct vector *v, void *arg)
{
	static const size_t pieces[] = { 0, 1, 2 };
	struct kit_call k = { .mech = mech_find(CKM_EDDSA), .message = vector_bytes(v, "msg"), .signature = vector_bytes(v, "sig") };
	struct mech_eddsa_params *p = &k.params.eddsa;
	struct mech_call asked = { .mech = k.mech, .params = &k.params, .key = &k.key };
	struct span context = vector_bytes(v, "ctx");

	(void)arg;
	p->prehash = strcmp(vector_text(v, "alg"), "Ed448ph") == 0;
	p->context_len = context.n;
	p->given = p->prehash || context.n != 0;
	bytes_copy(p->context, context.p, context.n);
	k.key = (struct key_view){ .class = CKO_PRIVATE_KEY, .type = CKK_EC_EDWARDS, .bits = 448, .parts = 2 };
	k.key.part[0] = (struct key_part){ CKA_VALUE, vector_bytes(v, "sk") };
	k.key.part[1] = (struct key_part){ CKA_EC_POINT, vector_bytes(v, "pk") };
	if (p->given && !library_has_forms_of_ed448()) {
		CHECK(k.mech->impl->suits(&asked) == CKR_MECHANISM_PARAM_INVALID);
		return;
	}
	CHECK(k.mech->impl->suits(&asked) == CKR_OK);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		k.piece = pieces[i];
		CHECK(kit_sign(&k) == CKR_OK && span_eq(span(k.out, k.n), k.signature));
		CHECK(kit_verify(&k) == CKR_OK);
	}
	p->context[p->context_len++] = 1;
	CHECK(!library_has_forms_of_ed448() || kit_verify(&k) == CKR_SIGNATURE_INVALID);
}

static void ed448_of_rfc8032(void)
{
	struct vectors *f = vectors_open("eddsa/rfc8032_ed448.json");

	CHECK(vectors_each(f, rfc8032_one, NULL) == 5);
	vectors_close(f);
}

/* ---- secp256k1: another library's, so OpenSSL is the other side ---- */

static const uint8_t k1_order[32] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
				      0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41 };

/* The other value of s that fits: order - s. */
static void negate_s(uint8_t signature[64])
{
	int borrow = 0;

	for (int i = 31; i >= 0; i--) {
		int v = k1_order[i] - signature[32 + i] - borrow;

		borrow = v < 0;
		signature[32 + i] = (uint8_t)(v & 0xff);
	}
}

static bool openssl_verifies(struct span point, struct span digest, const uint8_t signature[64])
{
	EC_KEY *k = EC_KEY_new_by_curve_name(NID_secp256k1);
	ECDSA_SIG *s = ECDSA_SIG_new();
	bool good = EC_KEY_oct2key(k, point.p, point.n, NULL) == 1 &&
		    ECDSA_SIG_set0(s, BN_bin2bn(signature, 32, NULL), BN_bin2bn(signature + 32, 32, NULL)) == 1 &&
		    ECDSA_do_verify(digest.p, (int)digest.n, s, k) == 1;

	ECDSA_SIG_free(s);
	EC_KEY_free(k);
	return good;
}

static void secp256k1_beside_openssl(void)
{
	static const size_t lengths[] = { 1, 20, 31, 32, 33, 48, 64, 128 };
	struct span params = params_of("secp256k1");
	struct kit_pair pair = { .type = CKM_EC_KEY_PAIR_GEN, .bits = 256, .params = params };
	struct kit_call k = { .mech = mech_find(CKM_ECDSA) };
	uint8_t digest[128], first[64];

	kit_run(kit_generate_in, &pair, CKM_EC_KEY_PAIR_GEN);
	REQUIRE(pair.rv == CKR_OK && pair.point_n == 65);
	k.key = (struct key_view){ .class = CKO_PRIVATE_KEY, .type = CKK_EC, .bits = 256, .parts = 3 };
	k.key.part[0] = (struct key_part){ CKA_VALUE, span(pair.value, pair.value_n) };
	k.key.part[1] = (struct key_part){ CKA_EC_PARAMS, params };
	k.key.part[2] = (struct key_part){ CKA_EC_POINT, span(pair.point, pair.point_n) };
	for (size_t i = 0; i < 8 * 20; i++) {
		memset(digest, (int)(i + 1), sizeof(digest));
		k.message = span(digest, lengths[i % 8]);
		REQUIRE(kit_sign(&k) == CKR_OK && k.n == 64);
		memcpy(first, k.out, 64);
		CHECK(first[32] < 0x80); /* the lower s */
		CHECK(openssl_verifies(k.key.part[2].value, k.message, first));
		k.signature = SPAN_OF(first);
		CHECK(kit_verify(&k) == CKR_OK);
		negate_s(first);
		CHECK(kit_verify(&k) == CKR_OK && openssl_verifies(k.key.part[2].value, k.message, first));
		first[63] ^= 1;
		CHECK(kit_verify(&k) == CKR_SIGNATURE_INVALID);
		/* Fresh random numbers go into each nonce. */
		REQUIRE(kit_sign(&k) == CKR_OK);
		CHECK(memcmp(k.out, first, 32) != 0);
	}
	for (size_t n = 1; n <= 70; n++) {
		k.signature = span(digest, n);
		CHECK(kit_verify(&k) == (n % 2 == 0 && n <= 64 ? CKR_SIGNATURE_INVALID : CKR_SIGNATURE_LEN_RANGE));
	}
}

/* ---- RFC 6979 ---- */

static CK_MECHANISM_TYPE signer_of(const char *hash)
{
	static const struct {
		const char *hash;
		CK_MECHANISM_TYPE type;
	} signers[] = {
		{ "SHA-1", CKM_ECDSA_SHA1 },	   { "SHA-224", CKM_ECDSA_SHA224 },   { "SHA-256", CKM_ECDSA_SHA256 },
		{ "SHA-384", CKM_ECDSA_SHA384 },   { "SHA-512", CKM_ECDSA_SHA512 },   { "SHA3-224", CKM_ECDSA_SHA3_224 },
		{ "SHA3-256", CKM_ECDSA_SHA3_256 }, { "SHA3-384", CKM_ECDSA_SHA3_384 }, { "SHA3-512", CKM_ECDSA_SHA3_512 },
	};

	for (size_t i = 0; i < sizeof(signers) / sizeof(signers[0]); i++)
		if (strcmp(signers[i].hash, hash) == 0)
			return signers[i].type;
	return CK_UNAVAILABLE_INFORMATION;
}

static bool signs_as_wanted(const struct vector *v, struct kit_call *k)
{
	struct span want = vector_bytes(v, "signature");

	return kit_sign(k) == CKR_OK && span_eq(span(k->out, k->n), want);
}

/* By the mechanism that hashes; by CKM_ECDSA of the digest, whose length tells the hash of SHA-1 and SHA-2. */
static void rfc6979_one(const struct vector *v, void *arg)
{
	struct span params = params_of(vector_text(v, "curve"));
	struct kit_call k = { .mech = mech_find(signer_of(vector_text(v, "hash"))), .message = vector_bytes(v, "msg") };
	struct vector_score *score = arg;
	uint8_t digest[64];
	unsigned n = 0;

	REQUIRE(params.n != 0 && k.mech != NULL);
	k.key = (struct key_view){ .class = CKO_PRIVATE_KEY, .type = CKK_EC, .bits = curve_find(params)->bits, .parts = 2 };
	k.key.part[0] = (struct key_part){ CKA_EC_PARAMS, params };
	k.key.part[1] = (struct key_part){ CKA_VALUE, vector_bytes(v, "value") };
	score->valid++;
	if (!signs_as_wanted(v, &k)) {
		printf("\n    %s, %s", vector_text(v, "curve"), vector_text(v, "hash"));
		score->wrong++;
	}
	if (strncmp(vector_text(v, "hash"), "SHA-", 4) != 0)
		return;
	REQUIRE(EVP_Digest(k.message.p, k.message.n, digest, &n, ossl_digest(k.mech->variant), NULL) == 1);
	k.mech = mech_find(CKM_ECDSA);
	k.message = span(digest, n);
	if (!signs_as_wanted(v, &k))
		score->wrong++;
	k.message = span(digest, n - 1);
	CHECK(kit_sign(&k) == CKR_DATA_LEN_RANGE);
}

static void rfc6979_of_every_curve(void)
{
	struct vector_score score = { 0 };
	struct vectors *f;

	if (mech_deterministic_ecdsa(true) != CKR_OK) {
		printf("this libcrypto has no nonces of RFC 6979: skipped ");
		CHECK(mech_deterministic_ecdsa(false) == CKR_OK);
		return;
	}
	f = vectors_open("ecdsa/rfc6979.json");
	CHECK(vectors_each(f, rfc6979_one, &score) > 90);
	vector_report("ecdsa/rfc6979", &score);
	CHECK(score.wrong == 0);
	vectors_close(f);
	CHECK(mech_deterministic_ecdsa(false) == CKR_OK);
}

/* ---- the vault stack ---- */

/* An operation must leave room for a signal handler of the host: at most two thirds of a stack. */
static void every_curve_fits_on_a_vault_stack(void)
{
	for (size_t i = 0; i < curve_count(); i++) {
		const struct curve *c = curve_at(i);
		struct kit_pair pair = { .type = c->key_type == CKK_EC		? CKM_EC_KEY_PAIR_GEN :
						 c->key_type == CKK_EC_EDWARDS ? CKM_EC_EDWARDS_KEY_PAIR_GEN :
										 CKM_EC_MONTGOMERY_KEY_PAIR_GEN,
					 .bits = c->bits,
					 .params = c->oid[0] };
		struct kit_call k = { .mech = mech_find(c->key_type == CKK_EC ? CKM_ECDSA : CKM_EDDSA), .message = span_str("a digest") };
		size_t made, used = 0;

		REQUIRE(cf_ok(vault_measure(kit_generate_in, &pair, &made)) && pair.rv == CKR_OK);
		k.key = (struct key_view){ .class = CKO_PRIVATE_KEY, .type = c->key_type, .bits = c->bits, .parts = 3 };
		k.key.part[0] = (struct key_part){ CKA_VALUE, span(pair.value, pair.value_n) };
		k.key.part[1] = (struct key_part){ CKA_EC_PARAMS, c->oid[0] };
		k.key.part[2] = (struct key_part){ CKA_EC_POINT, span(pair.point, pair.point_n) };
		if (c->key_type != CKK_EC_MONTGOMERY) {
			REQUIRE(cf_ok(vault_measure(kit_sign_in, &k, &used)));
			CHECK(k.rv == CKR_OK);
		}
		printf("    %s: %zu bytes of stack to make a key, %zu to sign\n", c->library, made, used);
		CHECK(made < vault_stack_size() * 2 / 3 && used < vault_stack_size() * 2 / 3);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "ECDSA: Wycheproof, every curve", ecdsa_of_every_curve },
		{ "ECDH, X25519, X448: Wycheproof", agreement_on_every_kind_of_curve },
		{ "every key derivation function", every_kdf },
		{ "the raw secret is cut from its front", the_raw_secret_is_cut_from_its_front },
		{ "secp256k1: lengths, both values of s, OpenSSL on the other side", secp256k1_beside_openssl },
		{ "Ed448: Wycheproof", ed448_signatures },
		{ "Ed448 in several threads", ed448_in_several_threads },
		{ "Ed448, with a context, Ed448ph: RFC 8032", ed448_of_rfc8032 },
		{ "ECDSA with the nonces of RFC 6979", rfc6979_of_every_curve },
		{ "every curve fits on a vault stack", every_curve_fits_on_a_vault_stack },
		{ NULL, NULL },
	};

	return kit_main("mech: elliptic curves", tests);
}
