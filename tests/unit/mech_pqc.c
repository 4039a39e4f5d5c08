/* SPDX-License-Identifier: Apache-2.0 */
/* ML-KEM, ML-DSA and SLH-DSA against vectors from outside; nothing but a note where the library has none of them. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "ck/parameter_set.h"
#include "mech/ossl_own.h"
#include "mech/prepared.h"
#include "mech_kit.h"
#include "vectors.h"

#define SIGNATURE_MAX 50000
#define SECRET 32

static bool is_there(void)
{
	return mech_find(CKM_ML_DSA) != NULL && mech_find(CKM_ML_KEM) != NULL && mech_find(CKM_SLH_DSA) != NULL;
}

static const struct parameter_set *set_named(const char *name)
{
	const struct parameter_set *found = NULL;

	for (size_t i = 0; i < parameter_set_count(); i++)
		if (strcmp(parameter_set_at(i)->name, name) == 0)
			found = parameter_set_at(i);
	REQUIRE(found != NULL); /* the files name no other */
	return found;
}

static struct key_view view_of(const struct parameter_set *set, CK_OBJECT_CLASS class)
{
	return (struct key_view){ .class = class, .type = set->key_type, .bits = 8 * set->public_n, .parameter_set = set->number };
}

static void part(struct key_view *key, CK_ATTRIBUTE_TYPE type, struct span value)
{
	if (value.n != 0)
		key->part[key->parts++] = (struct key_part){ type, value };
}

/* ---- keys ---- */

/* A key of a test is no secret: it is copied out. */
struct pair {
	const struct parameter_set *set;
	struct key_view given;
	uint8_t private_bytes[5000], public_bytes[2600], seed[64];
	CK_RV rv;
};

static void copy_parts(struct pair *p, const struct key_view *key)
{
	struct span value = key_view_part(key, CKA_VALUE), point = key_view_part(key, CKA_COFFER_PUBLIC_VALUE);

	REQUIRE(value.n == p->set->private_n && point.n == p->set->public_n);
	memcpy(p->private_bytes, value.p, value.n);
	memcpy(p->public_bytes, point.p, point.n);
}

static void complete_in(struct vault_scope *scope, void *arg)
{
	struct pair *p = arg;
	struct key_view out;

	p->rv = mech_key_complete(scope, &p->given, &out);
	if (p->rv == CKR_OK)
		copy_parts(p, &out);
}

static CK_MECHANISM_TYPE generation(CK_KEY_TYPE type)
{
	return type == CKK_ML_KEM ? CKM_ML_KEM_KEY_PAIR_GEN : type == CKK_ML_DSA ? CKM_ML_DSA_KEY_PAIR_GEN : CKM_SLH_DSA_KEY_PAIR_GEN;
}

static CK_RV complete(struct pair *p, struct span value, struct span seed)
{
	p->given = view_of(p->set, CKO_PRIVATE_KEY);
	part(&p->given, CKA_VALUE, value);
	part(&p->given, CKA_SEED, seed);
	/* Without any part nothing can be said here: object/ does. */
	if (value.n == 0 && seed.n == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	kit_run(complete_in, p, generation(p->set->key_type));
	return p->rv;
}

static void generate_in(struct vault_scope *scope, void *arg)
{
	struct pair *p = arg;
	const struct mech *mech = mech_find(generation(p->set->key_type));
	struct key_view wanted = view_of(p->set, CKO_PUBLIC_KEY), pub, priv;
	union mech_params params = { 0 };
	struct mech_call call = { .mech = mech, .params = &params };
	struct span seed;

	p->rv = mech->impl->generate_pair(scope, &call, &wanted, &pub, &priv);
	if (p->rv != CKR_OK)
		return;
	copy_parts(p, &priv);
	seed = key_view_part(&priv, CKA_SEED);
	CHECK(seed.n == p->set->seed_n);
	bytes_copy(p->seed, seed.p, seed.n);
	CHECK(span_eq(key_view_part(&pub, CKA_VALUE), span(p->public_bytes, p->set->public_n)));
}

static struct span public_of(const struct pair *p)
{
	return span(p->public_bytes, p->set->public_n);
}

static struct span private_of(const struct pair *p)
{
	return span(p->private_bytes, p->set->private_n);
}

/* ---- signatures ---- */

struct signing {
	const struct mech *mech;
	union mech_params params;
	struct key_view key;
	struct span message, signature;
	uint8_t out[SIGNATURE_MAX];
	size_t n;
	CK_RV rv;
	uint8_t state[256] __attribute__((aligned(16)));
};

static CK_RV parse(struct signing *s, struct span context)
{
	CK_SIGN_ADDITIONAL_CONTEXT c = { CKH_DETERMINISTIC_REQUIRED, (CK_BYTE *)(uintptr_t)context.p, context.n };

	return s->mech->params(&(CK_MECHANISM){ s->mech->type, &c, sizeof(c) }, &s->params);
}

static struct mech_call call_of(struct signing *s)
{
	REQUIRE(s->mech->impl->state_size <= sizeof(s->state));
	memset(s->state, 0, sizeof(s->state));
	s->n = sizeof(s->out);
	return (struct mech_call){ s->mech, &s->params, &s->key, s->state, 0 };
}

static CK_RV feed(struct vault_scope *scope, const struct signing *s, const struct mech_call *call)
{
	CK_RV rv = s->mech->impl->begin(scope, call);

	return rv == CKR_OK ? s->mech->impl->update(scope, call, s->message) : rv;
}

static void sign_in(struct vault_scope *scope, void *arg)
{
	struct signing *s = arg;
	struct mech_call call = call_of(s);

	if (s->mech->impl->sign != NULL) {
		s->rv = s->mech->impl->sign(scope, &call, s->message, MSPAN_OF(s->out), &s->n);
		return;
	}
	s->rv = feed(scope, s, &call);
	if (s->rv == CKR_OK)
		s->rv = s->mech->impl->finish(scope, &call, MSPAN_OF(s->out), &s->n);
	s->mech->impl->clear(s->state);
}

static void verify_in(struct vault_scope *scope, void *arg)
{
	struct signing *s = arg;
	struct mech_call call = call_of(s);

	if (s->mech->impl->verify != NULL) {
		s->rv = s->mech->impl->verify(scope, &call, s->message, s->signature);
		return;
	}
	s->rv = feed(scope, s, &call);
	if (s->rv == CKR_OK)
		s->rv = s->mech->impl->finish_verify(scope, &call, s->signature);
	s->mech->impl->clear(s->state);
}

/* The object that the library made of it lies sealed with the key. */
static bool is_kept(const struct keep *keep)
{
	size_t kept = 0;

	for (size_t i = 0; i < BENCHES; i++)
		kept += atomic_load(&keep->on[i]) != NULL ? 1 : 0;
	return kept == 1 && heap_blocks() == 0;
}

/* Twice: the second time with what was kept of the key. */
static CK_RV sign(struct signing *s, const struct pair *p)
{
	static uint8_t first[SIGNATURE_MAX];
	struct keep keep = KEEP_INIT;

	s->key = view_of(p->set, CKO_PRIVATE_KEY);
	part(&s->key, CKA_VALUE, private_of(p));
	s->key.keep = &keep;
	kit_run(sign_in, s, s->mech->type);
	CHECK(s->rv != CKR_OK || is_kept(&keep) == ossl_own_is_private());
	if (s->rv == CKR_OK && p->set->key_type == CKK_ML_DSA) { /* the other takes long, and keeps little */
		memcpy(first, s->out, s->n);
		kit_run(sign_in, s, s->mech->type);
		CHECK(s->rv == CKR_OK && is_kept(&keep) == ossl_own_is_private());
		CHECK(s->params.sign.hedge != CKH_DETERMINISTIC_REQUIRED || memcmp(first, s->out, s->n) == 0);
	}
	keep_clear(&keep);
	CHECK(heap_blocks() == 0);
	return s->rv;
}

/* Twice: the second time with what was kept of the key, which lies in ordinary memory though it was made in a scope. */
static CK_RV verify(struct signing *s, const struct parameter_set *set, struct span public_key)
{
	struct prepared prepared = { .object = NULL };
	CK_RV first;

	s->key = view_of(set, CKO_PUBLIC_KEY);
	part(&s->key, CKA_VALUE, public_key);
	s->key.prepared = &prepared;
	kit_run(verify_in, s, s->mech->type);
	first = s->rv;
	CHECK(heap_blocks() == 0);
	kit_run(verify_in, s, s->mech->type);
	CHECK(s->rv == first && heap_blocks() == 0);
	prepared_clear(&prepared);
	return first;
}

struct file {
	const struct parameter_set *set;
	struct vector_score score;
};

/* Deterministic, and the same signature; one that was drawn with a random value is verified alone. */
static void sign_vector(const struct vector *v, void *arg)
{
	static struct pair p;
	static struct signing s;
	struct file *f = arg;
	bool good;

	p.set = f->set;
	s.mech = mech_find(CKM_ML_DSA);
	s.message = vector_bytes(v, "msg");
	s.signature = vector_bytes(v, "sig");
	good = complete(&p, vector_bytes(v, "privateKey"), vector_bytes(v, "privateSeed")) == CKR_OK &&
	       parse(&s, vector_bytes(v, "ctx")) == CKR_OK && sign(&s, &p) == CKR_OK;
	if (good && vector_has(v, "publicKey"))
		CHECK(span_eq(vector_bytes(v, "publicKey"), public_of(&p)));
	if (good)
		good = verify(&s, p.set, public_of(&p)) == CKR_OK &&
		       (vector_has(v, "rnd") || span_eq(span(s.out, f->set->out_n), s.signature));
	vector_judge(v, good, &f->score);
}

static void verify_vector(const struct vector *v, void *arg)
{
	static struct signing s;
	struct file *f = arg;

	s.mech = mech_find(CKM_ML_DSA);
	s.message = vector_bytes(v, "msg");
	s.signature = vector_bytes(v, "sig");
	vector_judge(v, parse(&s, vector_bytes(v, "ctx")) == CKR_OK && verify(&s, f->set, vector_bytes(v, "publicKey")) == CKR_OK, &f->score);
}

static void run_file(const char *name, const char *set, void (*run)(const struct vector *, void *))
{
	struct file f = { .set = set_named(set) };
	char path[128];
	struct vectors *file;

	(void)snprintf(path, sizeof(path), "wycheproof/%s_test.json", name);
	file = vectors_open(path);
	(void)vectors_each(file, run, &f);
	vector_report(name, &f.score);
	CHECK(f.score.wrong == 0 && f.score.valid > 0 && f.score.invalid > 0);
	vectors_close(file);
}

static void ml_dsa_is_what_wycheproof_says(void)
{
	if (!is_there())
		return;
	run_file("mldsa_44_sign_seed", "ML-DSA-44", sign_vector);
	run_file("mldsa_44_sign_noseed", "ML-DSA-44", sign_vector);
	run_file("mldsa_44_verify", "ML-DSA-44", verify_vector);
	run_file("mldsa_65_sign_seed", "ML-DSA-65", sign_vector);
	run_file("mldsa_65_sign_noseed", "ML-DSA-65", sign_vector);
	run_file("mldsa_65_verify", "ML-DSA-65", verify_vector);
	run_file("mldsa_87_sign_seed", "ML-DSA-87", sign_vector);
	run_file("mldsa_87_sign_noseed", "ML-DSA-87", sign_vector);
	run_file("mldsa_87_verify", "ML-DSA-87", verify_vector);
}

/* The row that signs with that hash, or without one. */
static const struct mech *row_of(CK_KEY_TYPE type, const char *hash)
{
	if (hash[0] == '\0')
		return mech_find(type == CKK_ML_DSA ? CKM_ML_DSA : CKM_SLH_DSA);
	for (size_t i = 0; i < mech_count(); i++)
		if (mech_at(i)->key_type == type && mech_at(i)->variant != NULL && strcmp(mech_at(i)->variant, hash) == 0)
			return mech_at(i);
	return NULL;
}

static void other_implementation(const struct vector *v, void *arg)
{
	static struct pair p;
	static struct signing s;
	uint8_t digest[crypto_hash_sha256_BYTES];

	p.set = set_named(vector_text(v, "set"));
	s.mech = row_of(p.set->key_type, vector_text(v, "hash"));
	REQUIRE(s.mech != NULL);
	s.message = vector_bytes(v, "msg");
	CHECK(complete(&p, vector_bytes(v, "sk"), vector_bytes(v, "seed")) == CKR_OK);
	CHECK(span_eq(public_of(&p), vector_bytes(v, "pk")));
	CHECK(parse(&s, vector_bytes(v, "ctx")) == CKR_OK);
	CHECK(sign(&s, &p) == CKR_OK && s.n == p.set->out_n);
	(void)crypto_hash_sha256(digest, s.out, s.n);
	if (!span_eq(SPAN_OF(digest), vector_bytes(v, "sig_sha256")))
		printf("\n    %s %s: another signature", p.set->name, vector_text(v, "hash"));
	CHECK(span_eq(SPAN_OF(digest), vector_bytes(v, "sig_sha256")));
	s.signature = span(s.out, s.n);
	CHECK(verify(&s, p.set, public_of(&p)) == CKR_OK);
	++*(unsigned *)arg;
}

static void signatures_are_those_of_another_implementation(void)
{
	struct vectors *file;
	unsigned count = 0;

	if (!is_there())
		return;
	file = vectors_open("pqc/fips204_fips205.json");
	(void)vectors_each(file, other_implementation, &count);
	printf("%u signatures ", count);
	CHECK(count > 50);
	vectors_close(file);
}

static void acvp_key(const struct vector *v, void *arg)
{
	static struct pair p;

	p.set = set_named(vector_text(v, "parameterSet"));
	CHECK(complete(&p, vector_bytes(v, "sk"), SPAN_EMPTY) == CKR_OK);
	CHECK(span_eq(public_of(&p), vector_bytes(v, "pk")));
	++*(unsigned *)arg;
}

static void slh_dsa_keys_are_those_of_acvp(void)
{
	struct vectors *file;
	unsigned count = 0;

	if (!is_there())
		return;
	file = vectors_open("pqc/acvp_slh_dsa_keygen.json");
	(void)vectors_each(file, acvp_key, &count);
	CHECK(count == 16);
	vectors_close(file);
}

/* ---- ML-KEM ---- */

struct kem {
	struct key_view key;
	struct span ciphertext;
	uint8_t secret[MECH_SECRET_MAX], wrapped[1568];
	size_t n, wrapped_n;
	CK_RV rv;
};

static void decapsulate_in(struct vault_scope *scope, void *arg)
{
	struct kem *k = arg;
	const struct mech *mech = mech_find(CKM_ML_KEM);
	union mech_params params = { 0 };
	struct mech_call call = { mech, &params, &k->key, NULL, CKF_DECAPSULATE };

	k->n = MECH_LENGTH_ANY;
	k->rv = mech->impl->decapsulate(scope, &call, k->ciphertext, MSPAN_OF(k->secret), &k->n);
}

static void encapsulate_in(struct vault_scope *scope, void *arg)
{
	struct kem *k = arg;
	const struct mech *mech = mech_find(CKM_ML_KEM);
	union mech_params params = { 0 };
	struct mech_call call = { mech, &params, &k->key, NULL, CKF_ENCAPSULATE };

	k->n = MECH_LENGTH_ANY;
	k->rv = mech->impl->out_len(&call, 0, &k->wrapped_n);
	if (k->rv == CKR_OK)
		k->rv = mech->impl->encapsulate(scope, &call, mspan(k->wrapped, k->wrapped_n), MSPAN_OF(k->secret), &k->n);
}

/* Twice, as sign(). */
static CK_RV decapsulate(struct kem *k, const struct pair *p, struct span ciphertext)
{
	struct keep keep = KEEP_INIT;
	uint8_t first[sizeof(k->secret)];

	k->key = view_of(p->set, CKO_PRIVATE_KEY);
	part(&k->key, CKA_VALUE, private_of(p));
	k->key.keep = &keep;
	k->ciphertext = ciphertext;
	kit_run(decapsulate_in, k, CKM_ML_KEM);
	if (k->rv == CKR_OK) {
		CHECK(is_kept(&keep) == ossl_own_is_private());
		memcpy(first, k->secret, k->n);
		kit_run(decapsulate_in, k, CKM_ML_KEM);
		CHECK(k->rv == CKR_OK && memcmp(first, k->secret, k->n) == 0);
	}
	keep_clear(&keep);
	CHECK(heap_blocks() == 0);
	return k->rv;
}

static void kem_vector(const struct vector *v, void *arg)
{
	static struct pair p;
	static struct kem k;
	struct file *f = arg;
	bool good;

	p.set = f->set;
	good = complete(&p, vector_bytes(v, "dk"), vector_bytes(v, "seed")) == CKR_OK && decapsulate(&k, &p, vector_bytes(v, "c")) == CKR_OK;
	if (good && vector_has(v, "ek"))
		CHECK(span_eq(vector_bytes(v, "ek"), public_of(&p)));
	vector_judge(v, good && k.n == SECRET && span_eq(span(k.secret, SECRET), vector_bytes(v, "K")), &f->score);
}

static void ml_kem_is_what_wycheproof_says(void)
{
	if (!is_there())
		return;
	run_file("mlkem_512", "ML-KEM-512", kem_vector);
	run_file("mlkem_768", "ML-KEM-768", kem_vector);
	run_file("mlkem_1024", "ML-KEM-1024", kem_vector);
	run_file("mlkem_512_semi_expanded_decaps", "ML-KEM-512", kem_vector);
	run_file("mlkem_768_semi_expanded_decaps", "ML-KEM-768", kem_vector);
	run_file("mlkem_1024_semi_expanded_decaps", "ML-KEM-1024", kem_vector);
}

static void what_was_encapsulated_comes_out_again(const struct pair *p)
{
	static struct kem k, back;
	struct prepared prepared = { .object = NULL };

	k.key = view_of(p->set, CKO_PUBLIC_KEY);
	part(&k.key, CKA_VALUE, public_of(p));
	k.key.prepared = &prepared;
	for (int i = 0; i < 3; i++) {
		kit_run(encapsulate_in, &k, CKM_ML_KEM);
		REQUIRE(k.rv == CKR_OK && k.n == SECRET && k.wrapped_n == p->set->out_n);
		CHECK(heap_blocks() == 0 && prepared.object != NULL);
		CHECK(decapsulate(&back, p, span(k.wrapped, k.wrapped_n)) == CKR_OK);
		CHECK(back.n == SECRET && memcmp(k.secret, back.secret, SECRET) == 0);
	}
	prepared_clear(&prepared);
}

static void what_was_signed_is_verified(const struct pair *p)
{
	static struct signing s;

	s.mech = row_of(p->set->key_type, "");
	s.message = span_str("message");
	REQUIRE(parse(&s, SPAN_EMPTY) == CKR_OK && sign(&s, p) == CKR_OK && s.n == p->set->out_n);
	s.signature = span(s.out, s.n);
	CHECK(verify(&s, p->set, public_of(p)) == CKR_OK);
	s.message = span_str("another");
	CHECK(verify(&s, p->set, public_of(p)) == CKR_SIGNATURE_INVALID);
}

/* A pair of each set, made, used, and made again of its seed; kit_run measures how deep each call goes. */
static void every_set_works_on_a_vault_stack(void)
{
	static struct pair p, again;

	for (size_t i = 0; i < parameter_set_count() && is_there(); i++) {
		p.set = again.set = parameter_set_at(i);
		kit_run(generate_in, &p, generation(p.set->key_type));
		REQUIRE(p.rv == CKR_OK);
		CHECK(complete(&again, private_of(&p), span(p.seed, p.set->seed_n)) == CKR_OK);
		CHECK(span_eq(private_of(&p), private_of(&again)) && span_eq(public_of(&p), public_of(&again)));
		if (p.set->key_type == CKK_ML_KEM)
			what_was_encapsulated_comes_out_again(&p);
		else
			what_was_signed_is_verified(&p);
	}
}

static void rows_are_there_or_not_together(void)
{
	if (!is_there())
		printf("this libcrypto has no ML-KEM, ML-DSA and SLH-DSA: the other tests are skipped ");
	for (size_t i = 0; i < mech_count(); i++)
		if (parameter_set_applies(mech_at(i)->key_type))
			CHECK(mech_available(mech_at(i)) == is_there());
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "all of them are there, or none", rows_are_there_or_not_together },
		{ "ML-DSA: Wycheproof", ml_dsa_is_what_wycheproof_says },
		{ "ML-KEM: Wycheproof", ml_kem_is_what_wycheproof_says },
		{ "ML-DSA, SLH-DSA, hashed first or not: what another implementation signs", signatures_are_those_of_another_implementation },
		{ "SLH-DSA: keys of ACVP", slh_dsa_keys_are_those_of_acvp },
		{ "every parameter set makes keys and uses them", every_set_works_on_a_vault_stack },
		{ NULL, NULL },
	};

	return kit_main("mech/pqc", tests);
}
