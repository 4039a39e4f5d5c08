/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at an object: C_GetAttributeValue, searches, and what a key may do. */
#include "base/codec.h"
#include "base/der.h"
#include "object/account.h"
#include "object/arrays.h"
#include "object/input.h"
#include "object/object.h"

#define POINT_DER_MAX (CURVE_POINT_MAX + 3)

static const struct policy *policy_for(struct attrs a)
{
	CK_ULONG class = attrs_ulong(a, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	CK_ULONG type = attrs_ulong(a, class == CKO_CERTIFICATE ? CKA_CERTIFICATE_TYPE : CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);

	return policy_of(class, type);
}

/* Footnote 7. */
static bool withheld(struct attrs a, const struct policy_row *row)
{
	return row_has(row, FOOT(7)) && (attrs_bool(a, CKA_SENSITIVE, true) || !attrs_bool(a, CKA_EXTRACTABLE, false));
}

/* What an object has of a row.  A truth value that no release knew when the object was written is false: nothing was said. */
static bool value_of(struct attrs a, const struct policy_row *row, struct span *out)
{
	static const uint8_t off = 0;

	if (attrs_find(a, row->type, out))
		return true;
	*out = span(&off, 1);
	return row->kind == KIND_BOOL;
}

/* ---- C_GetAttributeValue ---- */

static CK_RV answer(CK_ATTRIBUTE *out, const void *value, size_t n)
{
	if (out->pValue == NULL) {
		out->ulValueLen = n;
		return CKR_OK;
	}
	if (out->ulValueLen < n) {
		out->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_BUFFER_TOO_SMALL;
	}
	bytes_copy(out->pValue, value, n);
	out->ulValueLen = n;
	return CKR_OK;
}

static CK_RV answer_integers(CK_ATTRIBUTE *out, struct span value)
{
	CK_ULONG v[sizeof(struct input_room) / 8];
	size_t n = value.n / 8;

	if (n > sizeof(v) / sizeof(v[0]))
		return CKR_DEVICE_ERROR;
	for (size_t i = 0; i < n; i++)
		v[i] = (CK_ULONG)codec_get_u64(value.p + 8 * i);
	return answer(out, v, n * sizeof(CK_ULONG));
}

/* A public point as DER OCTET STRING: always for Weierstrass curves, for others to callers of the older interfaces. */
static CK_RV answer_point(CK_ATTRIBUTE *out, struct attrs a, enum object_form form, struct span raw)
{
	CK_KEY_TYPE type = attrs_ulong(a, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
	uint8_t room[POINT_DER_MAX];
	struct der_writer w = der_writer_of(MSPAN_OF(room));
	struct span der;

	if (type != CKK_EC && form == OBJECT_FORM_RAW)
		return answer(out, raw.p, raw.n);
	der_put_element(&w, DER_OCTET_STRING, raw);
	der = der_written(&w);
	return w.failed ? CKR_DEVICE_ERROR : answer(out, der.p, der.n);
}

static CK_RV answer_address(CK_ATTRIBUTE *out, struct attrs a)
{
	char text[ADDRESS_TEXT + 1];

	if (account_address(a, text))
		return answer(out, text, ADDRESS_TEXT);
	out->ulValueLen = CK_UNAVAILABLE_INFORMATION;
	return CKR_ATTRIBUTE_TYPE_INVALID;
}

static CK_RV get_one(struct attrs a, const struct policy *policy, enum object_form form, CK_ATTRIBUTE *out)
{
	const struct policy_row *row = policy_find(policy, out->type);
	struct span value;

	if (row == NULL || row_has(row, EXTRA_HIDDEN)) {
		out->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_ATTRIBUTE_TYPE_INVALID;
	}
	if (withheld(a, row)) {
		out->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_ATTRIBUTE_SENSITIVE;
	}
	if (out->type == CKA_COFFER_ALGORAND_ADDRESS)
		return answer_address(out, a);
	if (!value_of(a, row, &value)) {
		out->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_ATTRIBUTE_TYPE_INVALID;
	}
	if (row->kind == KIND_ULONG || row->kind == KIND_MECHANISMS)
		return answer_integers(out, value);
	if (row->kind == KIND_TEMPLATE)
		return array_answer(value, out);
	if (out->type == CKA_EC_POINT)
		return answer_point(out, a, form, value);
	return answer(out, value.p, value.n);
}

CK_RV object_get(struct vault_scope *scope, struct attrs a, enum object_form form, CK_ATTRIBUTE *out, CK_ULONG count)
{
	const struct policy *policy = policy_for(a);
	CK_RV first = CKR_OK;

	(void)scope;
	if (policy == NULL)
		return CKR_DEVICE_ERROR;
	for (CK_ULONG i = 0; i < count; i++) {
		CK_RV rv = get_one(a, policy, form, &out[i]);

		if (first == CKR_OK)
			first = rv;
	}
	return first;
}

/* ---- searches ---- */

static bool point_matches(struct attrs a, const CK_ATTRIBUTE *wanted, struct span value)
{
	struct span params, raw;

	if (!attrs_find(a, CKA_EC_PARAMS, &params))
		return false;
	if (!object_point_raw(curve_find(params), span(wanted->pValue, wanted->ulValueLen), &raw))
		raw = span(wanted->pValue, wanted->ulValueLen);
	return span_eq(raw, value);
}

static bool matches_one(struct attrs a, const struct policy *policy, const CK_ATTRIBUTE *wanted)
{
	const struct policy_row *row = policy_find(policy, wanted->type);
	struct input_room room;
	struct span given, value;

	if (row == NULL || row_has(row, EXTRA_HIDDEN) || withheld(a, row) || !value_of(a, row, &value))
		return false;
	if (input_value(row, wanted, &room, &given) != CKR_OK)
		return false;
	if (wanted->type == CKA_EC_POINT)
		return point_matches(a, wanted, value);
	return span_eq(given, value);
}

bool object_matches(struct vault_scope *scope, struct attrs a, struct template t)
{
	const struct policy *policy = policy_for(a);

	(void)scope;
	if (policy == NULL)
		return false;
	for (CK_ULONG i = 0; i < t.count; i++)
		if (!matches_one(a, policy, &t.attr[i]))
			return false;
	return true;
}

static unsigned rank_of(CK_ATTRIBUTE_TYPE type)
{
	const struct policy_row *row = policy_any(type);

	return row == NULL ? 0 : row_term(row);
}

/* Most selective first. */
static void insert_term(struct attr *terms, size_t n, struct attr term)
{
	while (n > 0 && rank_of(terms[n - 1].type) > rank_of(term.type)) {
		terms[n] = terms[n - 1];
		n--;
	}
	terms[n] = term;
}

size_t object_terms(struct vault_scope *scope, struct attrs a, struct attr *terms)
{
	const struct policy *policy = policy_for(a);
	struct attrs_cursor cursor = { 0 };
	struct attr at;
	size_t n = 0;

	(void)scope;
	if (policy == NULL)
		return 0;
	while (n < OBJECT_TERMS_MAX && attrs_next(a, &cursor, &at)) {
		const struct policy_row *row = policy_find(policy, at.type);

		if (row != NULL && row_term(row) != 0 && !row_has(row, EXTRA_HIDDEN) && at.value.n != 0)
			insert_term(terms, n++, at);
	}
	return n;
}

/* The raw point, whichever encoding was given: all curves are tried, since the template may not name one. */
static struct span any_point(struct span given)
{
	struct span raw;

	for (size_t i = 0; i < curve_count(); i++)
		if (object_point_raw(curve_at(i), given, &raw))
			return raw;
	return given;
}

size_t object_template_terms(struct template t, struct attr *terms, struct mspan room, bool *impossible)
{
	size_t n = 0, used = 0;

	*impossible = false;
	for (CK_ULONG i = 0; i < t.count && n < 8; i++) {
		const struct policy_row *row = policy_any(t.attr[i].type);
		struct input_room small;
		struct attr term = { .type = t.attr[i].type };

		if (row != NULL && row->kind == KIND_TEMPLATE)
			continue;
		if (row == NULL || input_value(row, &t.attr[i], &small, &term.value) != CKR_OK) {
			*impossible = true;
			return 0;
		}
		if (row_term(row) == 0 || term.value.n == 0)
			continue;
		if (row->kind == KIND_ULONG) {
			if (room.n - used < 8)
				continue;
			bytes_copy(room.p + used, term.value.p, 8);
			term.value = span(room.p + used, 8);
			used += 8;
		}
		if (term.type == CKA_EC_POINT)
			term.value = any_point(term.value);
		insert_term(terms, n++, term);
	}
	return n;
}

bool object_admitted(struct vault_scope *scope, struct span wrap_template, struct attrs a)
{
	(void)scope;
	return array_admits(wrap_template, a);
}

CK_ULONG object_size(struct attrs a)
{
	return a.bytes.n;
}

/* ---- keys ---- */

static bool *usage_flag(struct object_usage *u, CK_ATTRIBUTE_TYPE type)
{
	switch (type) {
	case CKA_SIGN:
		return &u->sign;
	case CKA_SIGN_RECOVER:
		return &u->sign_recover;
	case CKA_VERIFY:
		return &u->verify;
	case CKA_VERIFY_RECOVER:
		return &u->verify_recover;
	case CKA_ENCRYPT:
		return &u->encrypt;
	case CKA_DECRYPT:
		return &u->decrypt;
	case CKA_WRAP:
		return &u->wrap;
	case CKA_UNWRAP:
		return &u->unwrap;
	case CKA_DERIVE:
		return &u->derive;
	case CKA_ENCAPSULATE:
		return &u->encapsulate;
	case CKA_DECAPSULATE:
		return &u->decapsulate;
	case CKA_EXTRACTABLE:
		return &u->extractable;
	case CKA_SENSITIVE:
		return &u->sensitive;
	case CKA_ALWAYS_AUTHENTICATE:
		return &u->always_authenticate;
	case CKA_ALWAYS_SENSITIVE:
		return &u->always_sensitive;
	case CKA_NEVER_EXTRACTABLE:
		return &u->never_extractable;
	case CKA_TRUSTED:
		return &u->trusted;
	case CKA_LOCAL:
		return &u->local;
	default:
		return NULL;
	}
}

/* In one walk: to look for each from the start takes longer than to open the object. */
static void usage_flags(struct attrs a, struct object_usage *u)
{
	struct attrs_cursor cursor = { 0 };
	struct attr at;

	while (attrs_next(a, &cursor, &at)) {
		bool *flag = usage_flag(u, at.type);

		if (flag != NULL)
			*flag = at.value.n == 1 && at.value.p[0] != 0;
	}
}

static CK_ULONG key_bits(struct attrs a)
{
	struct span v;

	if (attrs_find(a, CKA_EC_PARAMS, &v)) {
		const struct curve *curve = curve_find(v);

		return curve == NULL ? 0 : curve->bits;
	}
	if (attrs_find(a, CKA_MODULUS, &v) || attrs_find(a, CKA_PRIME, &v))
		return object_bits(v);
	if (attrs_find(a, CKA_PARAMETER_SET, &v)) {
		const struct parameter_set *set = parameter_set_find(attrs_ulong(a, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION),
								     attrs_ulong(a, CKA_PARAMETER_SET, 0));

		return set == NULL ? 0 : set->public_n * 8;
	}
	return attrs_ulong(a, CKA_VALUE_LEN, 0) * 8;
}

static void copy_date(struct attrs a, CK_ATTRIBUTE_TYPE type, char out[8])
{
	struct span v;

	if (attrs_find(a, type, &v) && v.n == 8)
		bytes_copy(out, v.p, 8);
}

CK_RV object_usage_of(struct vault_scope *scope, struct attrs a, struct object_usage *out)
{
	struct span list;

	(void)scope;
	*out = (struct object_usage){ .class = attrs_ulong(a, CKA_CLASS, CK_UNAVAILABLE_INFORMATION) };
	if (out->class != CKO_PUBLIC_KEY && out->class != CKO_PRIVATE_KEY && out->class != CKO_SECRET_KEY)
		return CKR_KEY_HANDLE_INVALID;
	out->key_type = attrs_ulong(a, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
	out->bits = key_bits(a);
	out->parameter_set = attrs_ulong(a, CKA_PARAMETER_SET, 0);
	usage_flags(a, out);
	if (attrs_find(a, CKA_ALLOWED_MECHANISMS, &list)) {
		out->mechanisms_limited = true;
		for (; list.n >= 8 && out->mechanism_count < OBJECT_MECHANISMS_MAX; list = span_skip(list, 8))
			out->mechanism[out->mechanism_count++] = (CK_MECHANISM_TYPE)codec_get_u64(list.p);
	}
	copy_date(a, CKA_START_DATE, out->start_date);
	copy_date(a, CKA_END_DATE, out->end_date);
	if (attrs_find(a, CKA_COFFER_MESSAGE_PREFIXES, &list) && list.n <= sizeof(out->prefixes)) {
		bytes_copy(out->prefixes, list.p, list.n);
		out->prefixes_n = list.n;
	}
	return CKR_OK;
}

static bool is_material(CK_ATTRIBUTE_TYPE type)
{
	switch (type) {
	case CKA_VALUE:
	case CKA_MODULUS:
	case CKA_PUBLIC_EXPONENT:
	case CKA_PRIVATE_EXPONENT:
	case CKA_PRIME_1:
	case CKA_PRIME_2:
	case CKA_EXPONENT_1:
	case CKA_EXPONENT_2:
	case CKA_COEFFICIENT:
	case CKA_EC_PARAMS:
	case CKA_EC_POINT:
	case CKA_PRIME:
	case CKA_BASE:
	case CKA_WRAP_TEMPLATE:
	case CKA_UNWRAP_TEMPLATE:
	case CKA_DERIVE_TEMPLATE:
	case CKA_ENCAPSULATE_TEMPLATE:
	case CKA_DECAPSULATE_TEMPLATE:
	case CKA_COFFER_ALGORAND_INDEX:
		return true;
	default:
		return false;
	}
}

CK_RV object_key_material(struct vault_scope *scope, struct attrs a, struct attrs_writer *out)
{
	struct attrs_cursor cursor = { 0 };
	struct attr at;

	(void)scope;
	while (attrs_next(a, &cursor, &at))
		if (is_material(at.type))
			attrs_write(out, at.type, at.value);
	return out->failed;
}
