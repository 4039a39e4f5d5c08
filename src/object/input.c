/* SPDX-License-Identifier: Apache-2.0 */
#include "object/input.h"

#include "base/codec.h"
#include "base/error.h"

#define TEMPLATE_MAX 256

static CK_RV invalid(CK_ATTRIBUTE_TYPE type)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "the template's attribute 0x%lx has a value that it cannot have", type),
		  "the return value is the answer");
	return CKR_ATTRIBUTE_VALUE_INVALID;
}

static CK_RV value_bool(const CK_ATTRIBUTE *a, struct input_room *room, struct span *out)
{
	const CK_BBOOL *v = a->pValue;

	if (a->ulValueLen != sizeof(CK_BBOOL) || *v > 1)
		return invalid(a->type);
	room->bytes[0] = *v;
	*out = span(room->bytes, 1);
	return CKR_OK;
}

static CK_RV value_ulong(const CK_ATTRIBUTE *a, struct input_room *room, struct span *out)
{
	CK_ULONG v;

	if (a->ulValueLen != sizeof(v))
		return invalid(a->type);
	memcpy(&v, a->pValue, sizeof(v)); /* the caller's buffer need not be aligned */
	codec_put_u64(room->bytes, v);
	*out = span(room->bytes, 8);
	return CKR_OK;
}

static CK_RV value_mechanisms(const CK_ATTRIBUTE *a, struct input_room *room, struct span *out)
{
	size_t n = a->ulValueLen / sizeof(CK_ULONG);

	if (a->ulValueLen % sizeof(CK_ULONG) != 0 || n > sizeof(room->bytes) / 8)
		return invalid(a->type);
	for (size_t i = 0; i < n; i++) {
		CK_ULONG v;

		memcpy(&v, (const uint8_t *)a->pValue + i * sizeof(v), sizeof(v));
		codec_put_u64(room->bytes + 8 * i, v);
	}
	*out = span(room->bytes, 8 * n);
	return CKR_OK;
}

static bool digits(const uint8_t *p, size_t n, unsigned *value)
{
	*value = 0;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		*value = *value * 10 + (unsigned)(p[i] - '0');
	}
	return true;
}

static CK_RV value_date(const CK_ATTRIBUTE *a, struct span *out)
{
	const uint8_t *p = a->pValue;
	unsigned year, month, day;

	*out = span(p, a->ulValueLen);
	if (a->ulValueLen == 0)
		return CKR_OK;
	if (a->ulValueLen != 8 || !digits(p, 4, &year) || !digits(p + 4, 2, &month) || !digits(p + 6, 2, &day) || month < 1 ||
	    month > 12 || day < 1 || day > 31)
		return invalid(a->type);
	return CKR_OK;
}

CK_RV input_value(const struct policy_row *row, const CK_ATTRIBUTE *a, struct input_room *room, struct span *out)
{
	CK_RV rv;

	if (a->ulValueLen == CK_UNAVAILABLE_INFORMATION || (a->pValue == NULL && a->ulValueLen != 0))
		return invalid(a->type);
	switch (row->kind) {
	case KIND_BOOL:
		return value_bool(a, room, out);
	case KIND_ULONG:
		rv = value_ulong(a, room, out);
		if (rv == CKR_OK && row_has(row, EXTRA_TRUST) && codec_get_u64(out->p) > CKT_TRUST_MUST_VERIFY_TRUST)
			return invalid(a->type);
		return rv;
	case KIND_MECHANISMS:
		return value_mechanisms(a, room, out);
	case KIND_DATE:
		return value_date(a, out);
	case KIND_TEMPLATE:
		return invalid(a->type); /* array_read() is for them */
	case KIND_BYTES:
		*out = span(a->pValue, a->ulValueLen);
		return CKR_OK;
	}
	return CKR_GENERAL_ERROR;
}

const CK_ATTRIBUTE *input_find(struct template t, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < t.count; i++)
		if (t.attr[i].type == type)
			return &t.attr[i];
	return NULL;
}

CK_RV input_check(struct template t)
{
	if (t.count > TEMPLATE_MAX || (t.attr == NULL && t.count != 0))
		return CKR_ARGUMENTS_BAD;
	for (CK_ULONG i = 0; i < t.count; i++)
		if (input_find(t, t.attr[i].type) != &t.attr[i])
			return CKR_TEMPLATE_INCONSISTENT;
	return CKR_OK;
}

CK_RV input_bool(struct template t, CK_ATTRIBUTE_TYPE type, bool missing, bool *out)
{
	static const struct policy_row row = { .kind = KIND_BOOL };
	const CK_ATTRIBUTE *a = input_find(t, type);
	struct input_room room;
	struct span v;
	CK_RV rv;

	*out = missing;
	if (a == NULL)
		return CKR_OK;
	rv = input_value(&row, a, &room, &v);
	if (rv == CKR_OK)
		*out = v.p[0] != 0;
	return rv;
}

CK_RV input_ulong(struct template t, CK_ATTRIBUTE_TYPE type, CK_ULONG missing, CK_ULONG *out)
{
	static const struct policy_row row = { .kind = KIND_ULONG };
	const CK_ATTRIBUTE *a = input_find(t, type);
	struct input_room room;
	struct span v;
	CK_RV rv;

	*out = missing;
	if (a == NULL)
		return CKR_OK;
	rv = input_value(&row, a, &room, &v);
	if (rv == CKR_OK)
		*out = (CK_ULONG)codec_get_u64(v.p);
	return rv;
}

bool template_has(struct template t, CK_ATTRIBUTE_TYPE type)
{
	return input_find(t, type) != NULL;
}

CK_RV template_ulong(struct template t, CK_ATTRIBUTE_TYPE type, CK_ULONG missing, CK_ULONG *out)
{
	return input_ulong(t, type, missing, out);
}
