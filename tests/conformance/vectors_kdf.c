/* SPDX-License-Identifier: Apache-2.0 */
/* Published vectors of PBKDF2 through C_GenerateKey. */
#include <stdio.h>
#include <string.h>

#include "p11.h"
#include "unit.h"
#include "vectors.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

struct work {
	struct p11 m;
	CK_SESSION_HANDLE s;
	CK_ULONG prf;
	struct vector_score score;
};

static void one(const struct vector *v, void *arg)
{
	struct work *w = arg;
	struct span salt = vector_bytes(v, "salt"), password = vector_bytes(v, "password"), want = vector_bytes(v, "dk");
	CK_PKCS5_PBKD2_PARAMS2 p = {CKZ_SALT_SPECIFIED, (void *)salt.p, salt.n, (CK_ULONG)vector_number(v, "iterationCount"), w->prf, NULL, 0,
				    (CK_UTF8CHAR_PTR)password.p, password.n};
	CK_MECHANISM mechanism = {CKM_PKCS5_PBKD2, &p, sizeof(p)};
	CK_ULONG length = want.n;
	CK_BYTE got[128];
	CK_ATTRIBUTE t[] = {ATTR(CKA_VALUE_LEN, length), ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes)};
	CK_ATTRIBUTE value = {CKA_VALUE, got, sizeof(got)};
	CK_OBJECT_HANDLE h;
	CK_RV rv = w->m.f->C_GenerateKey(w->s, &mechanism, t, 3, &h);

	if (rv == CKR_OK) {
		CHECK_RV(w->m.f->C_GetAttributeValue(w->s, h, &value, 1), CKR_OK);
		CHECK_RV(w->m.f->C_DestroyObject(w->s, h), CKR_OK);
	}
	vector_judge(v, rv == CKR_OK && value.ulValueLen == want.n && memcmp(got, want.p, want.n) == 0, &w->score);
}

static void run(struct work *w, const char *name, CK_ULONG prf)
{
	char path[100];
	struct vectors *f;

	(void)snprintf(path, sizeof(path), "wycheproof/%s_test.json", name);
	w->prf = prf;
	w->score = (struct vector_score){0};
	f = vectors_open(path);
	CHECK(vectors_each(f, one, w) >= 58);
	vector_report(name, &w->score);
	CHECK(w->score.wrong == 0 && w->score.valid >= 58);
	vectors_close(f);
}

static void test_pbkdf2(void)
{
	struct work w;
	CK_SLOT_ID slot;

	memset(&w, 0, sizeof(w));
	REQUIRE(p11_start(&w.m));
	slot = p11_token(&w.m, "vectors");
	REQUIRE(slot != P11_NO_SLOT);
	w.s = p11_session(&w.m, slot, true);
	run(&w, "pbkdf2_hmacsha1", CKP_PKCS5_PBKD2_HMAC_SHA1);
	run(&w, "pbkdf2_hmacsha224", CKP_PKCS5_PBKD2_HMAC_SHA224);
	run(&w, "pbkdf2_hmacsha256", CKP_PKCS5_PBKD2_HMAC_SHA256);
	run(&w, "pbkdf2_hmacsha384", CKP_PKCS5_PBKD2_HMAC_SHA384);
	run(&w, "pbkdf2_hmacsha512", CKP_PKCS5_PBKD2_HMAC_SHA512);
	p11_stop(&w.m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"Wycheproof: PBKDF2 of every hash", test_pbkdf2},
		{NULL, NULL},
	};

	return unit_main("conformance: key derivation, published vectors", tests);
}
