/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519, Ed25519ctx and Ed25519ph as the room itself computes them: published vectors, and what they do not reach. */
#include <sodium.h>
#include <stdlib.h>

#include "cctv.h"
#include "mech/mech.h"
#include "mech_kit.h"
#include "vectors.h"

/* ---- one signature or verification, on a vault stack as the token does it ---- */

struct eddsa {
	struct span seed, point, message, signature;
	struct mech_eddsa_params params;
	size_t piece; /* 0: in one call; else this many bytes for each part */
};

static struct kit_call call_of(const struct eddsa *e)
{
	struct kit_call k = { .mech = mech_find(CKM_EDDSA), .params.eddsa = e->params, .message = e->message,
			      .signature = e->signature, .piece = e->piece };

	k.key = (struct key_view){ .class = CKO_PRIVATE_KEY, .type = CKK_EC_EDWARDS, .bits = 255, .parts = 2 };
	k.key.part[0] = (struct key_part){ CKA_VALUE, e->seed };
	k.key.part[1] = (struct key_part){ CKA_EC_POINT, e->point };
	return k;
}

static CK_RV sign(const struct eddsa *e, uint8_t out[64])
{
	struct kit_call k = call_of(e);
	CK_RV rv = kit_sign(&k);

	if (rv == CKR_OK && k.n != 64)
		return CKR_GENERAL_ERROR;
	memcpy(out, k.out, 64);
	return rv;
}

static CK_RV verify(const struct eddsa *e)
{
	struct kit_call k = call_of(e);

	return kit_verify(&k);
}

/* ---- RFC 8032, section 7 ---- */

static const size_t pieces[] = { 0, 1, 7, 64, 1000 };

static void rfc8032_one(const struct vector *v, void *arg)
{
	struct eddsa e = { vector_bytes(v, "sk"), vector_bytes(v, "pk"), vector_bytes(v, "msg"), vector_bytes(v, "sig"), .piece = 0 };
	struct span context = vector_bytes(v, "ctx");
	uint8_t out[64];

	(void)arg;
	e.params.given = strcmp(vector_text(v, "alg"), "Ed25519") != 0;
	e.params.prehash = strcmp(vector_text(v, "alg"), "Ed25519ph") == 0;
	e.params.context_len = context.n;
	bytes_copy(e.params.context, context.p, context.n);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		e.piece = pieces[i];
		CHECK(sign(&e, out) == CKR_OK);
		CHECK(span_eq(SPAN_OF(out), e.signature));
		CHECK(verify(&e) == CKR_OK);
	}
}

static void all_of_rfc8032(void)
{
	struct vectors *f = vectors_open("eddsa/rfc8032.json");

	CHECK(vectors_each(f, rfc8032_one, NULL) == 10);
	vectors_close(f);
}

static void a_bit_changed_anywhere_is_refused(void)
{
	uint8_t seed[32] = { 7 }, point[32], pair[64], message[40] = { 1 }, signature[64];
	struct eddsa e = { SPAN_OF(seed), SPAN_OF(point), SPAN_OF(message), SPAN_OF(signature), .piece = 0 };

	REQUIRE(crypto_sign_seed_keypair(point, pair, seed) == 0);
	for (int form = 0; form < 3; form++) {
		e.params = (struct mech_eddsa_params){ .given = form > 0, .prehash = form == 2, .context_len = 3, .context = "abc" };
		if (form == 0)
			e.params.context_len = 0;
		REQUIRE(sign(&e, signature) == CKR_OK);
		CHECK(verify(&e) == CKR_OK);
		for (size_t bit = 0; bit < 8 * sizeof(signature); bit++) {
			signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
			CHECK(verify(&e) == CKR_SIGNATURE_INVALID);
			signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t bit = 0; bit < 8 * sizeof(message); bit++) {
			message[bit / 8] ^= (uint8_t)(1 << bit % 8);
			CHECK(verify(&e) == CKR_SIGNATURE_INVALID);
			message[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

static void the_forms_do_not_verify_each_other(void)
{
	uint8_t seed[32] = { 9 }, point[32], pair[64], signature[64];
	struct mech_eddsa_params form[] = {
		{ .given = false },
		{ .given = true },
		{ .given = true, .prehash = true },
		{ .given = true, .context_len = 1, .context = "a" },
		{ .given = true, .prehash = true, .context_len = 1, .context = "a" },
		{ .given = true, .context_len = 255, .context = "a" },
	};
	const size_t forms = sizeof(form) / sizeof(form[0]);
	struct eddsa e = { SPAN_OF(seed), SPAN_OF(point), span_str("message"), SPAN_OF(signature), .piece = 0 };

	REQUIRE(crypto_sign_seed_keypair(point, pair, seed) == 0);
	for (size_t i = 0; i < forms; i++) {
		e.params = form[i];
		REQUIRE(sign(&e, signature) == CKR_OK);
		for (size_t k = 0; k < forms; k++) {
			e.params = form[k];
			CHECK(verify(&e) == (i == k ? CKR_OK : CKR_SIGNATURE_INVALID));
		}
	}
}

static void a_signature_of_another_length_is_refused_by_its_length(void)
{
	uint8_t point[32] = { 1 }, signature[80] = { 0 };

	for (size_t n = 1; n <= sizeof(signature); n++) {
		struct eddsa e = { SPAN_EMPTY, SPAN_OF(point), span_str("m"), span(signature, n), .piece = 0 };

		CHECK(verify(&e) == (n == 64 ? CKR_SIGNATURE_INVALID : CKR_SIGNATURE_LEN_RANGE));
	}
}

static void a_message_in_parts_has_a_limit_and_a_hashed_one_has_none(void)
{
	const size_t limit = (size_t)64 << 20;
	uint8_t *big = calloc(1, limit + 1), seed[32] = { 3 }, point[32], pair[64], once[64], parts[64];
	struct eddsa e = { SPAN_OF(seed), SPAN_OF(point), SPAN_EMPTY, SPAN_OF(once), .piece = limit / 4 };

	REQUIRE(big != NULL && crypto_sign_seed_keypair(point, pair, seed) == 0);
	e.message = span(big, limit);
	CHECK(sign(&e, parts) == CKR_OK);
	e.message = span(big, limit + 1);
	CHECK(sign(&e, parts) == CKR_TOKEN_RESOURCE_EXCEEDED);
	e.params = (struct mech_eddsa_params){ .given = true, .prehash = true };
	CHECK(sign(&e, parts) == CKR_OK);
	e.piece = 0;
	CHECK(sign(&e, once) == CKR_OK);
	CHECK(memcmp(once, parts, 64) == 0);
	free(big);
}

static void a_generated_pair_signs_and_its_point_is_the_seeds(void)
{
	struct kit_pair a, b;
	uint8_t point[32], pair[64], signature[64];

	kit_generate(CKM_EC_EDWARDS_KEY_PAIR_GEN, 255, &a);
	kit_generate(CKM_EC_EDWARDS_KEY_PAIR_GEN, 255, &b);
	REQUIRE(a.rv == CKR_OK && b.rv == CKR_OK);
	CHECK(a.value_n == 32 && a.point_n == 32);
	CHECK(memcmp(a.value, b.value, 32) != 0);
	REQUIRE(crypto_sign_seed_keypair(point, pair, a.value) == 0);
	CHECK(memcmp(point, a.point, 32) == 0);
	struct eddsa e = { SPAN_OF(a.value), SPAN_OF(a.point), span_str("x"), SPAN_OF(signature), .piece = 0 };
	e.seed.n = e.point.n = 32;
	CHECK(sign(&e, signature) == CKR_OK && verify(&e) == CKR_OK);
	kit_generate(CKM_EC_EDWARDS_KEY_PAIR_GEN, 256, &a);
	CHECK(a.rv == CKR_CURVE_NOT_SUPPORTED);
}

/* ---- Wycheproof, CCTV ---- */

static void wycheproof_one(const struct vector *v, void *arg)
{
	struct eddsa e = { SPAN_EMPTY, vector_bytes(v, "publicKey.pk"), vector_bytes(v, "msg"), vector_bytes(v, "sig"), .piece = 0 };
	CK_RV once = verify(&e), parts;

	e.piece = 3;
	parts = verify(&e);
	CHECK(once == parts);
	CHECK(once == CKR_OK || once == CKR_SIGNATURE_INVALID || once == CKR_SIGNATURE_LEN_RANGE);
	vector_judge(v, once == CKR_OK, arg);
}

static void wycheproof(void)
{
	struct vectors *f = vectors_open("wycheproof/ed25519_test.json");
	struct vector_score score = { 0 };

	CHECK(vectors_each(f, wycheproof_one, &score) == 151);
	vector_report("Ed25519", &score);
	CHECK(score.valid == 88 && score.invalid == 63 && score.wrong == 0);
	vectors_close(f);
}

struct cctv {
	unsigned valid, wrong;
};

static void cctv_one(const struct vector *v, void *arg)
{
	struct cctv *c = arg;
	struct eddsa e = { SPAN_EMPTY, vector_bytes(v, "key"), span_str(vector_text(v, "msg")), vector_bytes(v, "sig"), .piece = 0 };
	bool accepted = verify(&e) == CKR_OK;

	c->valid += accepted;
	if (!cctv_is_right(v, accepted)) {
		printf("\n    CCTV %ld was %s", vector_number(v, "number"), accepted ? "accepted" : "refused");
		c->wrong++;
	}
}

static void edges_of_the_curve(void)
{
	struct vectors *f = vectors_open("eddsa/cctv_ed25519vectors.json");
	struct cctv c = { 0 };

	CHECK(vectors_each(f, cctv_one, &c) == CCTV_TESTS);
	printf("\n    CCTV: %u of %d accepted ", c.valid, CCTV_TESTS);
	CHECK(c.wrong == 0);
	vectors_close(f);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "RFC 8032, section 7: every vector, in one call and in parts", all_of_rfc8032 },
		{ "a bit changed in signature or message is refused, in each form", a_bit_changed_anywhere_is_refused },
		{ "a signature of one form or context verifies in no other", the_forms_do_not_verify_each_other },
		{ "a signature of another length is refused by its length", a_signature_of_another_length_is_refused_by_its_length },
		{ "a message in parts has a limit, a hashed one has none", a_message_in_parts_has_a_limit_and_a_hashed_one_has_none },
		{ "a generated pair signs, and its point is the seed's", a_generated_pair_signs_and_its_point_is_the_seeds },
		{ "Wycheproof: what is valid is accepted, what is invalid refused", wycheproof },
		{ "CCTV: small order, cofactor and encodings exactly as documented", edges_of_the_curve },
		{ NULL, NULL },
	};

	return kit_main("mech/eddsa", tests);
}
