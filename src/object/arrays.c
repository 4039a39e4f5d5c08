/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes whose value is an array of attributes: CKA_WRAP_TEMPLATE, CKA_UNWRAP_TEMPLATE, CKA_DERIVE_TEMPLATE. */
#include "object/arrays.h"

#include "base/codec.h"
#include "base/error.h"
#include "object/input.h"

#define RECORD_HEAD 12

static CK_RV invalid(const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "an array of attributes %s", why), "the return value is the answer");
	return CKR_ATTRIBUTE_VALUE_INVALID;
}

/* The caller's array, which need not be aligned. */
static bool entry(const CK_ATTRIBUTE *a, size_t i, CK_ATTRIBUTE *out)
{
	if (i >= a->ulValueLen / sizeof(*out))
		return false;
	memcpy(out, (const uint8_t *)a->pValue + i * sizeof(*out), sizeof(*out));
	return true;
}

static CK_RV check(const CK_ATTRIBUTE *a)
{
	if (a->ulValueLen == CK_UNAVAILABLE_INFORMATION || a->ulValueLen % sizeof(CK_ATTRIBUTE) != 0 ||
	    a->ulValueLen / sizeof(CK_ATTRIBUTE) > ARRAY_ENTRIES_MAX || (a->pValue == NULL && a->ulValueLen != 0))
		return invalid("has no whole number of entries, or too many");
	return CKR_OK;
}

/* The entry with the least type above `after`, which is the order of an encoding. False at the end. */
static bool next_entry(const CK_ATTRIBUTE *a, const CK_ATTRIBUTE_TYPE *after, CK_ATTRIBUTE *out)
{
	CK_ATTRIBUTE e;
	bool found = false;

	for (size_t i = 0; entry(a, i, &e); i++) {
		if ((after != NULL && e.type <= *after) || (found && e.type >= out->type))
			continue;
		*out = e;
		found = true;
	}
	return found;
}

size_t array_room(const CK_ATTRIBUTE *a)
{
	CK_ATTRIBUTE e;
	size_t n = 0;

	if (check(a) != CKR_OK)
		return 0;
	for (size_t i = 0; entry(a, i, &e); i++)
		n += RECORD_HEAD + 8 + (e.ulValueLen < ARRAY_VALUE_MAX ? e.ulValueLen : 0);
	return n;
}

static CK_RV read_one(const CK_ATTRIBUTE *e, struct attrs_writer *w)
{
	const struct policy_row *row = policy_any(e->type);
	struct input_room small;
	struct span value;
	CK_RV rv;

	if (row == NULL || row->kind == KIND_TEMPLATE)
		return invalid("has an entry that is no attribute of a key");
	if (e->ulValueLen > ARRAY_VALUE_MAX)
		return invalid("has an entry that is too long");
	rv = input_value(row, e, &small, &value);
	if (rv == CKR_OK)
		attrs_write(w, e->type, value);
	return rv == CKR_OK ? w->failed : rv;
}

CK_RV array_read(const CK_ATTRIBUTE *a, struct mspan room, struct span *out)
{
	struct attrs_writer w = { .room = room, .failed = CKR_OK };
	CK_ATTRIBUTE_TYPE last = 0;
	CK_ATTRIBUTE e;
	size_t count = 0;
	CK_RV rv = check(a);

	while (rv == CKR_OK && next_entry(a, count == 0 ? NULL : &last, &e)) {
		rv = read_one(&e, &w);
		last = e.type;
		count++;
	}
	if (rv == CKR_OK && count != a->ulValueLen / sizeof(CK_ATTRIBUTE))
		return invalid("names an attribute twice");
	*out = attrs_written(&w).bytes;
	return rv;
}

static size_t count_of(struct span encoded)
{
	struct attrs_cursor cursor = { 0 };
	struct attr at;
	size_t n = 0;

	while (attrs_next((struct attrs){ encoded }, &cursor, &at))
		n++;
	return n;
}

/* One entry of the answer: its type always, its value where there is room for it (§5.7.5). */
static CK_RV answer_entry(uint8_t *place, const struct attr *at)
{
	const struct policy_row *row = policy_any(at->type);
	bool integer = row != NULL && row->kind == KIND_ULONG;
	CK_ULONG number = integer ? (CK_ULONG)codec_get_u64(at->value.p) : 0;
	struct span value = integer ? span(&number, sizeof(number)) : at->value;
	CK_ATTRIBUTE e;
	CK_RV rv = CKR_OK;

	memcpy(&e, place, sizeof(e));
	e.type = at->type;
	if (e.pValue == NULL) {
		e.ulValueLen = value.n;
	} else if (e.ulValueLen < value.n) {
		e.ulValueLen = CK_UNAVAILABLE_INFORMATION;
		rv = CKR_BUFFER_TOO_SMALL;
	} else {
		bytes_copy(e.pValue, value.p, value.n);
		e.ulValueLen = value.n;
	}
	memcpy(place, &e, sizeof(e));
	return rv;
}

CK_RV array_answer(struct span encoded, CK_ATTRIBUTE *out)
{
	size_t need = count_of(encoded) * sizeof(CK_ATTRIBUTE), i = 0;
	struct attrs_cursor cursor = { 0 };
	struct attr at;
	CK_RV first = CKR_OK;

	if (out->pValue == NULL) {
		out->ulValueLen = need;
		return CKR_OK;
	}
	if (out->ulValueLen < need) {
		out->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_BUFFER_TOO_SMALL;
	}
	while (attrs_next((struct attrs){ encoded }, &cursor, &at)) {
		CK_RV rv = answer_entry((uint8_t *)out->pValue + i++ * sizeof(CK_ATTRIBUTE), &at);

		if (first == CKR_OK)
			first = rv;
	}
	out->ulValueLen = need;
	return first;
}

bool array_admits(struct span encoded, struct attrs a)
{
	struct attrs_cursor cursor = { 0 };
	struct attr at;
	struct span value;

	while (attrs_next((struct attrs){ encoded }, &cursor, &at))
		if (attrs_find(a, at.type, &value) && !span_eq(value, at.value))
			return false;
	return !cursor.bad;
}
