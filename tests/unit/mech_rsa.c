/* SPDX-License-Identifier: Apache-2.0 */
/* RSA as the room itself computes it: published vectors, no oracle in PKCS#1 v1.5, and how deep it goes. */
#include <stdio.h>
#include <string.h>

#include "mech/hashes.h"
#include "mech/ossl_own.h"
#include "mech/rsa.h"
#include "mech_kit.h"
#include "vectors.h"

static const struct hash *hash_of(const char *sha)
{
	static const char *const names[][2] = {
		{ "SHA-1", "SHA1" },	   { "SHA-224", "SHA224" },    { "SHA-256", "SHA256" },	   { "SHA-384", "SHA384" },
		{ "SHA-512", "SHA512" },   { "SHA3-224", "SHA3-224" }, { "SHA3-256", "SHA3-256" }, { "SHA3-384", "SHA3-384" },
		{ "SHA3-512", "SHA3-512" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i][0], sha) == 0)
			return hash_named(names[i][1]);
	return NULL;
}

/* The row of a family that hashes with `hash`. */
static const struct mech *row_of(CK_MECHANISM_TYPE same_family, const struct hash *hash)
{
	const struct mech *model = mech_find(same_family);

	for (size_t i = 0; hash != NULL && i < mech_count(); i++)
		if (mech_at(i)->impl == model->impl && strcmp(mech_at(i)->variant, hash->name) == 0)
			return mech_at(i);
	return NULL;
}

static void part(struct key_view *key, CK_ATTRIBUTE_TYPE type, struct span value)
{
	while (value.n != 0 && value.p[0] == 0)
		value = span_skip(value, 1);
	if (value.n != 0)
		key->part[key->parts++] = (struct key_part){ type, value };
}

static struct key_view public_key(const struct vector *v)
{
	struct key_view key = { .class = CKO_PUBLIC_KEY, .type = CKK_RSA, .bits = (CK_ULONG)vector_number(v, "keySize") };

	part(&key, CKA_MODULUS, vector_bytes(v, "publicKey.modulus"));
	part(&key, CKA_PUBLIC_EXPONENT, vector_bytes(v, "publicKey.publicExponent"));
	return key;
}

static struct key_view private_key(const struct vector *v)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		const char *name;
	} parts[] = {
		{ CKA_MODULUS, "privateKey.modulus" },		    { CKA_PUBLIC_EXPONENT, "privateKey.publicExponent" },
		{ CKA_PRIVATE_EXPONENT, "privateKey.privateExponent" }, { CKA_PRIME_1, "privateKey.prime1" },
		{ CKA_PRIME_2, "privateKey.prime2" },		    { CKA_EXPONENT_1, "privateKey.exponent1" },
		{ CKA_EXPONENT_2, "privateKey.exponent2" },	    { CKA_COEFFICIENT, "privateKey.coefficient" },
	};
	struct key_view key = { .class = CKO_PRIVATE_KEY, .type = CKK_RSA, .bits = (CK_ULONG)vector_number(v, "keySize") };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (vector_has(v, parts[i].name))
			part(&key, parts[i].type, vector_bytes(v, parts[i].name));
	return key;
}

static void run_file(const char *name, void (*one)(const struct vector *v, void *arg), size_t least)
{
	struct vector_score score = { 0 };
	char path[100];
	struct vectors *f;

	(void)snprintf(path, sizeof(path), "wycheproof/%s_test.json", name);
	f = vectors_open(path);
	CHECK(vectors_each(f, one, &score) >= least);
	vector_report(name, &score);
	CHECK(score.wrong == 0 && score.valid > 0);
	vectors_close(f);
}

/* ---- signatures ---- */

static void verify_pkcs(const struct vector *v, void *arg)
{
	struct kit_call k = { .mech = row_of(CKM_SHA256_RSA_PKCS, hash_of(vector_text(v, "sha"))), .message = vector_bytes(v, "msg"),
			      .signature = vector_bytes(v, "sig"), .key = public_key(v) };

	vector_judge(v, kit_verify(&k) == CKR_OK, arg);
}

static void pkcs_signatures(void)
{
	run_file("rsa_signature_2048_sha224", verify_pkcs, 258);
	run_file("rsa_signature_2048_sha256", verify_pkcs, 259);
	run_file("rsa_signature_2048_sha384", verify_pkcs, 258);
	run_file("rsa_signature_2048_sha3_224", verify_pkcs, 258);
	run_file("rsa_signature_2048_sha3_256", verify_pkcs, 257);
	run_file("rsa_signature_2048_sha3_384", verify_pkcs, 258);
	run_file("rsa_signature_2048_sha3_512", verify_pkcs, 258);
	run_file("rsa_signature_2048_sha512", verify_pkcs, 259);
	run_file("rsa_signature_3072_sha256", verify_pkcs, 259);
	run_file("rsa_signature_3072_sha384", verify_pkcs, 259);
	run_file("rsa_signature_3072_sha3_256", verify_pkcs, 258);
	run_file("rsa_signature_3072_sha3_384", verify_pkcs, 259);
	run_file("rsa_signature_3072_sha3_512", verify_pkcs, 259);
	run_file("rsa_signature_3072_sha512", verify_pkcs, 260);
	run_file("rsa_signature_4096_sha256", verify_pkcs, 258);
	run_file("rsa_signature_4096_sha384", verify_pkcs, 259);
	run_file("rsa_signature_4096_sha512", verify_pkcs, 259);
	run_file("rsa_signature_8192_sha256", verify_pkcs, 258);
	run_file("rsa_signature_8192_sha384", verify_pkcs, 259);
	run_file("rsa_signature_8192_sha512", verify_pkcs, 259);
}

static void sign_pkcs(const struct vector *v, void *arg)
{
	struct kit_call k = { .mech = row_of(CKM_SHA256_RSA_PKCS, hash_of(vector_text(v, "sha"))), .message = vector_bytes(v, "msg"),
			      .key = private_key(v) };

	if (k.mech == NULL) {
		((struct vector_score *)arg)->valid++; /* SHA-512/256 and the like have no mechanism */
		return;
	}
	CHECK(kit_sign(&k) == CKR_OK && span_eq(span(k.out, k.n), vector_bytes(v, "sig")));
	vector_judge(v, true, arg);
}

/* These keys have no primes: the private exponent alone does it. */
static void pkcs_signatures_made(void)
{
	run_file("rsa_pkcs1_2048_sig_gen", sign_pkcs, 20);
}

/* More signatures than libcrypto's blinding factors last. */
static void sign_often(const struct vector *v, void *arg)
{
	struct keep keep = KEEP_INIT;
	struct kit_call k = { .mech = row_of(CKM_SHA256_RSA_PKCS, hash_of(vector_text(v, "sha"))), .message = vector_bytes(v, "msg"),
			      .key = private_key(v) };
	struct vault_info before, after;

	if (k.mech == NULL || ((struct vector_score *)arg)->valid > 2)
		return;
	vault_get_info(&before);
	k.key.keep = &keep;
	for (int i = 0; i < 70; i++)
		CHECK(kit_sign(&k) == CKR_OK && span_eq(span(k.out, k.n), vector_bytes(v, "sig")));
	vault_get_info(&after);
	CHECK(after.secret_count == before.secret_count + (ossl_own_is_private() ? 1 : 0));
	keep_clear(&keep);
	((struct vector_score *)arg)->valid++;
}

static void signatures_do_not_show_what_the_key_keeps(void)
{
	run_file("rsa_pkcs1_2048_sig_gen", sign_often, 20);
}

static void verify_pss(const struct vector *v, void *arg)
{
	const struct hash *hash = hash_of(vector_text(v, "sha"));
	struct kit_call k = { .mech = row_of(CKM_SHA256_RSA_PKCS_PSS, hash), .message = vector_bytes(v, "msg"),
			      .signature = vector_bytes(v, "sig"), .key = public_key(v) };

	k.params.rsa.hash = hash;
	k.params.rsa.mgf = hash_of(vector_text(v, "mgfSha"));
	k.params.rsa.salt_len = (size_t)vector_number(v, "sLen");
	vector_judge(v, kit_verify(&k) == CKR_OK, arg);
}

static void pss_signatures(void)
{
	run_file("rsa_pss_2048_sha1_mgf1_20", verify_pss, 88);
	run_file("rsa_pss_2048_sha256_mgf1_0", verify_pss, 103);
	run_file("rsa_pss_2048_sha256_mgf1_32", verify_pss, 108);
	run_file("rsa_pss_2048_sha256_mgf1sha1_20", verify_pss, 108);
	run_file("rsa_pss_2048_sha384_mgf1_48", verify_pss, 141);
	run_file("rsa_pss_3072_sha256_mgf1_32", verify_pss, 108);
	run_file("rsa_pss_4096_sha256_mgf1_32", verify_pss, 108);
	run_file("rsa_pss_4096_sha384_mgf1_48", verify_pss, 141);
	run_file("rsa_pss_4096_sha512_mgf1_32", verify_pss, 177);
	run_file("rsa_pss_4096_sha512_mgf1_64", verify_pss, 179);
	run_file("rsa_pss_misc", verify_pss, 150);
}

/* ---- decryption ---- */

struct decryption {
	struct kit_call k;
	size_t wanted;
	bool unwrap;
};

static void decrypt_in(struct vault_scope *scope, void *arg)
{
	struct decryption *d = arg;
	struct mech_call call = kit_view(&d->k);

	if (d->unwrap) {
		d->k.n = d->wanted;
		d->k.rv = d->k.mech->impl->unwrap(scope, &call, d->k.message, MSPAN_OF(d->k.out), &d->k.n);
	} else {
		d->k.rv = d->k.mech->impl->decrypt(scope, &call, d->k.message, MSPAN_OF(d->k.out), &d->k.n);
	}
}

static bool decrypts_to(struct decryption *d, struct span want)
{
	kit_run(decrypt_in, d, d->k.mech->type);
	return d->k.rv == CKR_OK && span_eq(span(d->k.out, d->k.n), want);
}

static void decrypt_oaep(const struct vector *v, void *arg)
{
	struct decryption d = { .k = { .mech = mech_find(CKM_RSA_PKCS_OAEP), .message = vector_bytes(v, "ct"), .key = private_key(v) } };
	struct span label = vector_bytes(v, "label");

	d.k.params.rsa.hash = hash_of(vector_text(v, "sha"));
	d.k.params.rsa.mgf = hash_of(vector_text(v, "mgfSha"));
	d.k.params.rsa.label_len = label.n;
	REQUIRE(label.n <= RSA_LABEL_MAX);
	bytes_copy(d.k.params.rsa.label, label.p, label.n);
	vector_judge(v, decrypts_to(&d, vector_bytes(v, "msg")), arg);
}

static void oaep(void)
{
	run_file("rsa_oaep_2048_sha1_mgf1sha1", decrypt_oaep, 36);
	run_file("rsa_oaep_2048_sha224_mgf1sha1", decrypt_oaep, 31);
	run_file("rsa_oaep_2048_sha224_mgf1sha224", decrypt_oaep, 35);
	run_file("rsa_oaep_2048_sha256_mgf1sha1", decrypt_oaep, 31);
	run_file("rsa_oaep_2048_sha256_mgf1sha256", decrypt_oaep, 37);
	run_file("rsa_oaep_2048_sha384_mgf1sha1", decrypt_oaep, 31);
	run_file("rsa_oaep_2048_sha384_mgf1sha384", decrypt_oaep, 34);
	run_file("rsa_oaep_2048_sha512_mgf1sha1", decrypt_oaep, 31);
	run_file("rsa_oaep_2048_sha512_mgf1sha512", decrypt_oaep, 33);
	run_file("rsa_oaep_3072_sha256_mgf1sha1", decrypt_oaep, 32);
	run_file("rsa_oaep_3072_sha256_mgf1sha256", decrypt_oaep, 37);
	run_file("rsa_oaep_3072_sha512_mgf1sha1", decrypt_oaep, 31);
	run_file("rsa_oaep_3072_sha512_mgf1sha512", decrypt_oaep, 33);
	run_file("rsa_oaep_4096_sha256_mgf1sha1", decrypt_oaep, 32);
	run_file("rsa_oaep_4096_sha256_mgf1sha256", decrypt_oaep, 37);
	run_file("rsa_oaep_4096_sha512_mgf1sha1", decrypt_oaep, 31);
	run_file("rsa_oaep_4096_sha512_mgf1sha512", decrypt_oaep, 36);
	run_file("rsa_oaep_misc", decrypt_oaep, 275);
}

/* A wrong padding gives something, always the same, and never what is under it. */
static void decrypt_pkcs(const struct vector *v, void *arg)
{
	struct decryption d = { .k = { .mech = mech_find(CKM_RSA_PKCS), .message = vector_bytes(v, "ct"), .key = private_key(v) } };
	bool valid = strcmp(vector_text(v, "result"), "valid") == 0;
	uint8_t first[512];
	size_t n;

	if (d.k.message.n != rsa_size(&d.k.key)) {
		CHECK(!decrypts_to(&d, SPAN_EMPTY) && d.k.rv == CKR_ENCRYPTED_DATA_LEN_RANGE);
		vector_judge(v, false, arg);
		return;
	}
	if (valid) {
		vector_judge(v, decrypts_to(&d, vector_bytes(v, "msg")), arg);
		return;
	}
	(void)decrypts_to(&d, SPAN_EMPTY);
	if (d.k.rv == CKR_ENCRYPTED_DATA_INVALID) { /* not less than the modulus, which everybody can see */
		vector_judge(v, false, arg);
		return;
	}
	REQUIRE(d.k.rv == CKR_OK && d.k.n <= sizeof(first));
	n = d.k.n;
	memcpy(first, d.k.out, n);
	CHECK(decrypts_to(&d, span(first, n)));
	vector_judge(v, false, arg);
}

static void pkcs_decryption(void)
{
	run_file("rsa_pkcs1_2048", decrypt_pkcs, 67);
	run_file("rsa_pkcs1_3072", decrypt_pkcs, 67);
	run_file("rsa_pkcs1_4096", decrypt_pkcs, 67);
}

static void implicit_rejection(const struct vector *v, void *arg)
{
	struct decryption d = { .k = { .mech = mech_find(CKM_RSA_PKCS), .message = vector_bytes(v, "ct"), .key = private_key(v) } };

	CHECK(decrypts_to(&d, vector_bytes(v, "msg")));
	(*(unsigned *)arg)++;
	/* Where the length of a key is known, every other one is as wrong as a wrong padding, and looks right. */
	d.unwrap = true;
	d.wanted = 24;
	(void)decrypts_to(&d, SPAN_EMPTY);
	CHECK(d.k.rv == CKR_OK && d.k.n == 24);
	d.wanted = MECH_LENGTH_AES;
	(void)decrypts_to(&d, SPAN_EMPTY);
	CHECK(d.k.rv == CKR_OK && d.k.n == 32);
	d.wanted = vector_bytes(v, "msg").n;
	CHECK(decrypts_to(&d, vector_bytes(v, "msg"))); /* a made-up message is the end of a longer one */
}

static void rejection_is_what_others_make(void)
{
	struct vectors *f = vectors_open("openssl/rsa_implicit_rejection.json");
	unsigned count = 0;

	CHECK(vectors_each(f, implicit_rejection, &count) == 2);
	CHECK(count == 2);
	vectors_close(f);
}

/* ---- the vault stack ---- */

struct pair {
	CK_ULONG bits;
	uint8_t room[16384];
	struct key_view key;
	CK_RV rv;
};

static void generate_in(struct vault_scope *scope, void *arg)
{
	struct pair *p = arg;
	const struct mech *mech = mech_find(CKM_RSA_PKCS_KEY_PAIR_GEN);
	struct mech_call call = { .mech = mech };
	struct key_view wanted = { .type = CKK_RSA, .bits = p->bits }, pub;
	size_t at = 0;

	p->rv = mech->impl->generate_pair(scope, &call, &wanted, &pub, &p->key);
	for (size_t i = 0; p->rv == CKR_OK && i < p->key.parts; i++) {
		struct span *value = &p->key.part[i].value;

		memcpy(p->room + at, value->p, value->n);
		*value = span(p->room + at, value->n);
		at += value->n;
	}
}

/* An operation must leave room for a signal handler of the host: at most two thirds of a stack. */
static void every_size_fits_on_a_vault_stack(void)
{
	static const CK_ULONG sizes[] = { 2048, 3072, 4096 };
	static struct pair p;
	static struct decryption d;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct kit_call k = { .mech = mech_find(CKM_SHA256_RSA_PKCS_PSS), .message = span_str("message") };
		size_t made, used, opened;

		p.bits = sizes[i];
		CHECK(mech_find(CKM_RSA_PKCS_KEY_PAIR_GEN)->impl->prepare() == CKR_OK);
		REQUIRE(cf_ok(vault_measure(generate_in, &p, &made)) && p.rv == CKR_OK);
		k.params.rsa = (struct mech_rsa_params){ .hash = hash_named("SHA256"), .mgf = hash_named("SHA256"), .salt_len = 32 };
		k.key = p.key;
		REQUIRE(cf_ok(vault_measure(kit_sign_in, &k, &used)));
		CHECK(k.rv == CKR_OK);
		d = (struct decryption){ .k = { .mech = mech_find(CKM_RSA_PKCS), .message = span(k.out, k.n), .key = p.key } };
		REQUIRE(cf_ok(vault_measure(decrypt_in, &d, &opened)));
		CHECK(d.k.rv == CKR_OK);
		printf("    RSA-%lu: %zu bytes of stack to make a key, %zu to sign, %zu to decrypt\n", sizes[i], made, used, opened);
		CHECK(made < vault_stack_size() * 2 / 3 && used < vault_stack_size() * 2 / 3 && opened < vault_stack_size() * 2 / 3);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "PKCS#1 v1.5 signatures: Wycheproof", pkcs_signatures },
		{ "PKCS#1 v1.5 signatures made: Wycheproof", pkcs_signatures_made },
		{ "signatures do not show what the key keeps", signatures_do_not_show_what_the_key_keeps },
		{ "PSS: Wycheproof", pss_signatures },
		{ "OAEP: Wycheproof", oaep },
		{ "PKCS#1 v1.5 decryption: Wycheproof", pkcs_decryption },
		{ "implicit rejection: OpenSSL's vectors", rejection_is_what_others_make },
		{ "every size fits on a vault stack", every_size_fits_on_a_vault_stack },
		{ NULL, NULL },
	};

	return kit_main("mech: RSA", tests);
}
