/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that every row of table.def keeps, and parameters: honoured or refused, never ignored. */
#include <stdlib.h>

#include "ck/names.h"
#include "ck/parameter_set.h"
#include "mech/mech.h"
#include "mech_kit.h"

#define EACH(row) \
	for (size_t row##_i = 0; row##_i < mech_count(); row##_i++) \
		for (const struct mech *row = mech_at(row##_i); row != NULL; row = NULL)

static void note(const struct mech *m, bool ok)
{
	if (!ok)
		printf("\n    row of %s (0x%lx)", name_of_mechanism(m->type) == NULL ? "?" : name_of_mechanism(m->type), m->type);
}

#define CHECK_ROW(m, x)              \
	do {                         \
		bool ok_ = (x);      \
		note(m, ok_);        \
		CU_ASSERT(ok_ && #x); \
	} while (0)

static void rows_ascend_and_each_is_found(void)
{
	CHECK(mech_count() > 0);
	for (size_t i = 1; i < mech_count(); i++)
		CHECK_ROW(mech_at(i), mech_at(i)->type > mech_at(i - 1)->type);
	EACH(m)
		CHECK_ROW(m, mech_find(m->type) == (mech_available(m) ? m : NULL));
	CHECK(mech_at(mech_count()) == NULL);
	CHECK(mech_find(CKM_VENDOR_DEFINED | 0x7fffffff) == NULL);
	CHECK(mech_find(CK_UNAVAILABLE_INFORMATION) == NULL);
}

static void rows_are_mechanisms_of_the_specification(void)
{
	EACH(m) {
		CHECK_ROW(m, name_of_mechanism(m->type) != NULL || (m->type & CKM_VENDOR_DEFINED) != 0);
		CHECK_ROW(m, m->min_bits <= m->max_bits);
		CHECK_ROW(m, m->params != NULL && m->impl != NULL);
	}
}

static bool makes_or_takes_a_master_secret(const struct mech *m)
{
	return m->type == CKM_TLS12_KEY_AND_MAC_DERIVE || m->type == CKM_TLS12_KEY_SAFE_DERIVE ||
	       m->type == CKM_TLS12_MASTER_KEY_DERIVE || m->type == CKM_TLS12_MASTER_KEY_DERIVE_DH ||
	       m->type == CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE || m->type == CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH;
}

static void info_is_the_row(void)
{
	CK_MECHANISM_INFO info;

	EACH(m) {
		mech_get_info(m, &info);
		CHECK_ROW(m, info.flags == m->flags);
		if (m->key_type == CKK_AES || m->key_type == CKK_AES_XTS || m->type == CKM_CHACHA20_KEY_GEN || m->type == CKM_SALSA20_KEY_GEN || makes_or_takes_a_master_secret(m) ||
		    parameter_set_applies(m->key_type))
			CHECK_ROW(m, info.ulMinKeySize * 8 == m->min_bits && info.ulMaxKeySize * 8 == m->max_bits);
		else
			CHECK_ROW(m, info.ulMinKeySize == m->min_bits && info.ulMaxKeySize == m->max_bits);
	}
}

/* What a flag promises the family can do: C_GetMechanismInfo is believed by its callers. */
static void a_flag_has_its_function(void)
{
	EACH(m) {
		const struct mech_impl *f = m->impl;
		bool parts = f->begin != NULL && f->update != NULL && f->clear != NULL;

		if ((m->flags & CKF_SIGN) != 0)
			CHECK_ROW(m, f->out_len != NULL && (f->sign != NULL || (parts && f->finish != NULL)));
		if ((m->flags & CKF_VERIFY) != 0)
			CHECK_ROW(m, f->verify != NULL || (parts && f->finish_verify != NULL));
		if ((m->flags & CKF_DIGEST) != 0)
			CHECK_ROW(m, f->out_len != NULL && parts && f->finish != NULL);
		if ((m->flags & CKF_GENERATE) != 0)
			CHECK_ROW(m, (f->generate != NULL) != (f->generate_domain != NULL) && (f->fixed_size == 0 || (m->min_bits == m->max_bits && f->fixed_size * 8 == m->max_bits)));
		if ((m->flags & CKF_GENERATE_KEY_PAIR) != 0)
			CHECK_ROW(m, f->generate_pair != NULL);
		if ((m->flags & CKF_WRAP) != 0)
			CHECK_ROW(m, f->wrap != NULL && f->out_len != NULL);
		if ((m->flags & CKF_UNWRAP) != 0)
			CHECK_ROW(m, f->unwrap != NULL);
		if ((m->flags & CKF_DERIVE) != 0)
			CHECK_ROW(m, f->derive != NULL || f->derive_private != NULL || f->derives_public);
		if ((m->flags & CKF_ENCAPSULATE) != 0)
			CHECK_ROW(m, f->encapsulate != NULL && f->out_len != NULL);
		if ((m->flags & CKF_DECAPSULATE) != 0)
			CHECK_ROW(m, f->decapsulate != NULL);
		CHECK_ROW(m, (m->flags & (CKF_HW | CKF_EXTENSION)) == 0);
	}
}

static void parts_have_a_state_and_digests_no_key(void)
{
	EACH(m) {
		const struct mech_impl *f = m->impl;

		if (f->begin != NULL)
			CHECK_ROW(m, f->state_kind != MECH_STATE_NONE && f->state_size > 0 && (f->update != NULL || f->transform != NULL) &&
					     f->clear != NULL);
		else
			CHECK_ROW(m, f->update == NULL && f->finish == NULL && f->finish_verify == NULL);
		if (m->flags == CKF_DIGEST)
			CHECK_ROW(m, m->key_type == CK_UNAVAILABLE_INFORMATION);
		if ((m->flags & (CKF_SIGN | CKF_VERIFY | CKF_WRAP | CKF_UNWRAP | CKF_DERIVE)) != 0)
			CHECK_ROW(m, m->key_type != CK_UNAVAILABLE_INFORMATION);
	}
}

static void keys_of_another_kind_are_not_taken(void)
{
	const struct mech *eddsa = mech_find(CKM_EDDSA);
	const struct mech any = { .key_type = KEYS_OF_SECRET }, curve = { .key_type = KEYS_OF_CURVE };

	CHECK(mech_takes(eddsa, CKO_PRIVATE_KEY, CKK_EC_EDWARDS) && mech_takes(eddsa, CKO_PUBLIC_KEY, CKK_EC_EDWARDS));
	CHECK(!mech_takes(eddsa, CKO_PRIVATE_KEY, CKK_EC) && !mech_takes(eddsa, CKO_SECRET_KEY, CKK_AES));
	CHECK(mech_takes(&any, CKO_SECRET_KEY, CKK_AES) && !mech_takes(&any, CKO_PRIVATE_KEY, CKK_EC));
	CHECK(mech_takes(&curve, CKO_PRIVATE_KEY, CKK_EC) && mech_takes(&curve, CKO_PRIVATE_KEY, CKK_EC_MONTGOMERY));
	CHECK(!mech_takes(&curve, CKO_PRIVATE_KEY, CKK_EC_EDWARDS));
}

/* ---- parameters ---- */

/* No structure of the specification has so few bytes or so many. */
static void nonsense_is_refused_by_every_row(void)
{
	uint8_t bytes[512] = { 0 };
	union mech_params p;

	EACH(m) {
		CHECK_ROW(m, m->params(&(CK_MECHANISM){ m->type, NULL, 5 }, &p) == CKR_MECHANISM_PARAM_INVALID);
		CHECK_ROW(m, m->params(&(CK_MECHANISM){ m->type, bytes, 3 }, &p) == CKR_MECHANISM_PARAM_INVALID);
		CHECK_ROW(m, m->params(&(CK_MECHANISM){ m->type, bytes, sizeof(bytes) }, &p) == CKR_MECHANISM_PARAM_INVALID);
		CHECK_ROW(m, m->params(&(CK_MECHANISM){ m->type, bytes, CK_UNAVAILABLE_INFORMATION }, &p) ==
				     CKR_MECHANISM_PARAM_INVALID);
	}
}

/* Some clients leave a pointer with a length of zero. */
static void a_pointer_without_a_length_is_no_parameter(void)
{
	static const CK_MECHANISM_TYPE types[] = { CKM_SHA256, CKM_EDDSA, CKM_EC_EDWARDS_KEY_PAIR_GEN };
	union mech_params p;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		CHECK(mech_find(types[i])->params(&(CK_MECHANISM){ types[i], &p, 0 }, &p) == CKR_OK);
		CHECK(mech_find(types[i])->params(&(CK_MECHANISM){ types[i], NULL, 0 }, &p) == CKR_OK);
	}
}

static CK_RV parse(const CK_EDDSA_PARAMS *given, union mech_params *out)
{
	/* On the heap and not aligned, so that a sanitizer sees a byte too many. */
	uint8_t *copy = malloc(sizeof(*given) + 1);
	CK_RV rv;

	REQUIRE(copy != NULL);
	memcpy(copy + 1, given, sizeof(*given));
	rv = mech_find(CKM_EDDSA)->params(&(CK_MECHANISM){ CKM_EDDSA, copy + 1, sizeof(*given) }, out);
	free(copy);
	return rv;
}

static void eddsa_takes_what_rfc8032_has(void)
{
	uint8_t context[256];
	union mech_params p;

	for (size_t i = 0; i < sizeof(context); i++)
		context[i] = (uint8_t)i;
	CHECK(mech_find(CKM_EDDSA)->params(&(CK_MECHANISM){ CKM_EDDSA, NULL, 0 }, &p) == CKR_OK && !p.eddsa.given);
	CHECK(parse(&(CK_EDDSA_PARAMS){ CK_FALSE, 0, NULL }, &p) == CKR_OK);
	CHECK(p.eddsa.given && !p.eddsa.prehash && p.eddsa.context_len == 0);
	CHECK(parse(&(CK_EDDSA_PARAMS){ CK_TRUE, 255, context }, &p) == CKR_OK);
	CHECK(p.eddsa.given && p.eddsa.prehash && p.eddsa.context_len == 255);
	memset(context, 0, 255); /* the copy is the operation's own */
	CHECK(p.eddsa.context[0] == 0 && p.eddsa.context[254] == 254);
}

static void eddsa_refuses_the_rest(void)
{
	uint8_t context[256] = { 0 };
	union mech_params p;

	CHECK(parse(&(CK_EDDSA_PARAMS){ 2, 0, NULL }, &p) == CKR_MECHANISM_PARAM_INVALID);
	CHECK(parse(&(CK_EDDSA_PARAMS){ 0xff, 0, NULL }, &p) == CKR_MECHANISM_PARAM_INVALID);
	CHECK(parse(&(CK_EDDSA_PARAMS){ CK_FALSE, 256, context }, &p) == CKR_MECHANISM_PARAM_INVALID);
	CHECK(parse(&(CK_EDDSA_PARAMS){ CK_FALSE, CK_UNAVAILABLE_INFORMATION, context }, &p) == CKR_MECHANISM_PARAM_INVALID);
	CHECK(parse(&(CK_EDDSA_PARAMS){ CK_FALSE, 1, NULL }, &p) == CKR_MECHANISM_PARAM_INVALID);
	for (CK_ULONG n = 1; n < sizeof(CK_EDDSA_PARAMS); n++)
		CHECK(mech_find(CKM_EDDSA)->params(&(CK_MECHANISM){ CKM_EDDSA, context, n }, &p) == CKR_MECHANISM_PARAM_INVALID);
}

static void a_view_gives_the_part_that_was_asked_for(void)
{
	struct key_view k = { .parts = 2 };

	k.part[0] = (struct key_part){ CKA_VALUE, span_str("value") };
	k.part[1] = (struct key_part){ CKA_EC_POINT, span_str("point") };
	k.part[2] = (struct key_part){ CKA_EC_PARAMS, span_str("beyond the count") };
	CHECK(span_eq(key_view_part(&k, CKA_EC_POINT), span_str("point")));
	CHECK(key_view_part(&k, CKA_EC_PARAMS).n == 0 && key_view_part(&k, CKA_MODULUS).n == 0);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "rows ascend by type, no type twice, each is found", rows_ascend_and_each_is_found },
		{ "rows are mechanisms of the specification, with sizes that make sense", rows_are_mechanisms_of_the_specification },
		{ "C_GetMechanismInfo is the row", info_is_the_row },
		{ "a flag has its function", a_flag_has_its_function },
		{ "what works in parts has a state; digests have no key, the others do", parts_have_a_state_and_digests_no_key },
		{ "keys of another kind are not taken", keys_of_another_kind_are_not_taken },
		{ "a parameter that is nonsense is refused by every row", nonsense_is_refused_by_every_row },
		{ "a pointer without a length is no parameter", a_pointer_without_a_length_is_no_parameter },
		{ "CK_EDDSA_PARAMS: what RFC 8032 has is taken, and copied", eddsa_takes_what_rfc8032_has },
		{ "CK_EDDSA_PARAMS: the rest is refused", eddsa_refuses_the_rest },
		{ "a key view gives the part that was asked for", a_view_gives_the_part_that_was_asked_for },
		{ NULL, NULL },
	};

	return kit_main("mech/table, mech/params", tests);
}
