/* SPDX-License-Identifier: Apache-2.0 */
/* Published Ed25519 vectors through C_Sign and C_Verify, in one call and in parts. */
#include <string.h>

#include "cctv.h"
#include "p11.h"
#include "unit.h"
#include "vectors.h"

struct work {
	struct p11 m;
	CK_SESSION_HANDLE s;
	struct vector_score score;
	unsigned accepted, wrong, not_imported;
};

static void start(struct work *w)
{
	CK_SLOT_ID slot;

	memset(w, 0, sizeof(*w));
	REQUIRE(p11_start(&w->m));
	slot = p11_token(&w->m, "vectors");
	REQUIRE(slot != P11_NO_SLOT);
	w->s = p11_session(&w->m, slot, true);
	REQUIRE(w->s != 0);
}

/* Which of the three forms the vector is for: a mechanism with its parameter. */
struct form {
	CK_EDDSA_PARAMS params;
	CK_MECHANISM mechanism;
};

static void form_of(const struct vector *v, struct form *f)
{
	struct span context = vector_bytes(v, "ctx");
	const char *alg = vector_text(v, "alg");

	f->mechanism = (CK_MECHANISM){CKM_EDDSA, NULL, 0};
	if (strcmp(alg, "Ed25519ctx") != 0 && strcmp(alg, "Ed25519ph") != 0)
		return;
	f->params = (CK_EDDSA_PARAMS){strcmp(alg, "Ed25519ph") == 0, context.n, (CK_BYTE *)context.p};
	f->mechanism.pParameter = &f->params;
	f->mechanism.ulParameterLen = sizeof(f->params);
}

/* `piece` 0: C_Sign; else C_SignUpdate with so many bytes and C_SignFinal. */
static CK_RV sign(const struct work *w, CK_OBJECT_HANDLE key, struct form *f, struct span message, size_t piece,
		  CK_BYTE out[64])
{
	CK_ULONG n = 64;
	CK_RV rv = w->m.f->C_SignInit(w->s, &f->mechanism, key);

	if (rv != CKR_OK)
		return rv;
	if (piece == 0)
		return w->m.f->C_Sign(w->s, (CK_BYTE *)message.p, message.n, out, &n);
	for (size_t at = 0; at < message.n && rv == CKR_OK; at += piece)
		rv = w->m.f->C_SignUpdate(w->s, (CK_BYTE *)message.p + at,
					  piece < message.n - at ? piece : message.n - at);
	return rv == CKR_OK ? w->m.f->C_SignFinal(w->s, out, &n) : rv;
}

static CK_RV verify(const struct work *w, CK_OBJECT_HANDLE key, struct form *f, struct span message, size_t piece,
		    struct span signature)
{
	CK_RV rv = w->m.f->C_VerifyInit(w->s, &f->mechanism, key);

	if (rv != CKR_OK)
		return rv;
	if (piece == 0)
		return w->m.f->C_Verify(w->s, (CK_BYTE *)message.p, message.n, (CK_BYTE *)signature.p, signature.n);
	for (size_t at = 0; at < message.n && rv == CKR_OK; at += piece)
		rv = w->m.f->C_VerifyUpdate(w->s, (CK_BYTE *)message.p + at,
					    piece < message.n - at ? piece : message.n - at);
	return rv == CKR_OK ? w->m.f->C_VerifyFinal(w->s, (CK_BYTE *)signature.p, signature.n) : rv;
}

static void rfc8032_one(const struct vector *v, void *arg)
{
	struct work *w = arg;
	struct span message = vector_bytes(v, "msg"), signature = vector_bytes(v, "sig");
	CK_OBJECT_HANDLE priv, pub;
	struct form f;
	CK_BYTE out[64];

	form_of(v, &f);
	REQUIRE_RV(p11_import(&w->m, w->s, vector_bytes(v, "sk").p, &priv), CKR_OK);
	REQUIRE_RV(p11_import_public(&w->m, w->s, vector_bytes(v, "pk").p, &pub), CKR_OK);
	for (size_t piece = 0; piece < 300; piece = 4 * piece + 1) {
		CHECK_RV(sign(w, priv, &f, message, piece, out), CKR_OK);
		CHECK(span_eq(SPAN_OF(out), signature));
		CHECK_RV(verify(w, pub, &f, message, piece, signature), CKR_OK);
		out[3] ^= 1;
		CHECK_RV(verify(w, pub, &f, message, piece, SPAN_OF(out)), CKR_SIGNATURE_INVALID);
	}
}

static void test_rfc8032(void)
{
	struct vectors *file = vectors_open("eddsa/rfc8032.json");
	struct work w;

	start(&w);
	CHECK(vectors_each(file, rfc8032_one, &w) == 10);
	vectors_close(file);
	p11_stop(&w.m);
}

static void wycheproof_one(const struct vector *v, void *arg)
{
	struct work *w = arg;
	struct span message = vector_bytes(v, "msg"), signature = vector_bytes(v, "sig");
	CK_OBJECT_HANDLE pub;
	struct form f;
	CK_RV rv;

	form_of(v, &f);
	REQUIRE_RV(p11_import_public(&w->m, w->s, vector_bytes(v, "publicKey.pk").p, &pub), CKR_OK);
	rv = verify(w, pub, &f, message, 0, signature);
	/* No signature at all is no argument, everything else is answered by its kind. */
	if (signature.n == 0) {
		CHECK_EITHER(rv, CKR_ARGUMENTS_BAD, CKR_SIGNATURE_LEN_RANGE);
	} else if (rv != CKR_OK) {
		CHECK_RV(rv, signature.n == 64 ? CKR_SIGNATURE_INVALID : CKR_SIGNATURE_LEN_RANGE);
	}
	CHECK_RV(verify(w, pub, &f, message, 5, signature), rv);
	vector_judge(v, rv == CKR_OK, &w->score);
	CHECK_RV(w->m.f->C_DestroyObject(w->s, pub), CKR_OK);
}

static void test_wycheproof(void)
{
	struct vectors *file = vectors_open("wycheproof/ed25519_test.json");
	struct work w;

	start(&w);
	CHECK(vectors_each(file, wycheproof_one, &w) == 151);
	vector_report("Ed25519", &w.score);
	CHECK(w.score.valid == 88 && w.score.invalid == 63 && w.score.wrong == 0);
	vectors_close(file);
	p11_stop(&w.m);
}

static void cctv_one(const struct vector *v, void *arg)
{
	struct work *w = arg;
	CK_OBJECT_HANDLE pub;
	struct form f;
	bool accepted;

	form_of(v, &f);
	if (p11_import_public(&w->m, w->s, vector_bytes(v, "key").p, &pub) != CKR_OK) {
		w->not_imported++;
		w->wrong += !cctv_is_right(v, false);
		return;
	}
	accepted = verify(w, pub, &f, span_str(vector_text(v, "msg")), 0, vector_bytes(v, "sig")) == CKR_OK;
	w->accepted += accepted;
	w->wrong += !cctv_is_right(v, accepted);
	CHECK_RV(w->m.f->C_DestroyObject(w->s, pub), CKR_OK);
}

static void test_cctv(void)
{
	struct vectors *file = vectors_open("eddsa/cctv_ed25519vectors.json");
	struct work w;

	start(&w);
	if (w.m.is_coffer) {
		CHECK(vectors_each(file, cctv_one, &w) == CCTV_TESTS);
		printf("\n    CCTV: %u of %d accepted, %u keys refused ", w.accepted, CCTV_TESTS, w.not_imported);
		CHECK(w.wrong == 0);
	}
	vectors_close(file);
	p11_stop(&w.m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"RFC 8032, section 7: Ed25519, Ed25519ctx, Ed25519ph, in one call and in parts", test_rfc8032},
		{"Wycheproof: valid is accepted, invalid refused with its code", test_wycheproof},
		{"CCTV: exactly the documented set is accepted", test_cctv},
		{NULL, NULL},
	};

	return unit_main("conformance: published Ed25519 vectors", tests);
}
