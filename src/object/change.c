/* SPDX-License-Identifier: Apache-2.0 */
/* C_SetAttributeValue and C_CopyObject: an old object with some attributes changed. */
#include "base/codec.h"
#include "base/error.h"
#include "object/account.h"
#include "object/input.h"
#include "object/object.h"
#include "object/unique_id.h"

struct revision {
	const struct policy *policy;
	struct attr value[POLICY_ROWS_MAX]; /* in order of type, as the old encoding */
	size_t count;
	uint8_t small[POLICY_ROWS_MAX][8];
	struct input_room mechanisms;
	char uuid[UUID_SIZE];
};

static CK_RV refuse(CK_RV rv, CK_ATTRIBUTE_TYPE type, const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "attribute 0x%lx %s", type, why), "the return value is the answer");
	return rv;
}

static bool load(struct revision *v, struct attrs old)
{
	CK_ULONG class = attrs_ulong(old, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	CK_ULONG type = attrs_ulong(old, class == CKO_CERTIFICATE ? CKA_CERTIFICATE_TYPE : CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
	struct attrs_cursor cursor = { 0 };

	v->policy = policy_of(class, type);
	if (v->policy == NULL)
		return false;
	while (v->count < POLICY_ROWS_MAX && attrs_next(old, &cursor, &v->value[v->count]))
		v->count++;
	return !cursor.bad;
}

static struct attr *find(struct revision *v, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->value[i].type == type)
			return &v->value[i];
	return NULL;
}

static bool is_on(struct revision *v, CK_ATTRIBUTE_TYPE type)
{
	struct attr *a = find(v, type);

	return a != NULL && a->value.n == 1 && a->value.p[0] != 0;
}

/* Replaces a value or puts a new one in its place in the order. */
static CK_RV store(struct revision *v, CK_ATTRIBUTE_TYPE type, struct span value)
{
	struct attr *a = find(v, type);
	size_t i = v->count;

	if (a != NULL) {
		a->value = value;
		return CKR_OK;
	}
	if (v->count == POLICY_ROWS_MAX)
		return CKR_DEVICE_MEMORY;
	for (; i > 0 && v->value[i - 1].type > type; i--)
		v->value[i] = v->value[i - 1];
	v->value[i] = (struct attr){ type, value };
	v->count++;
	return CKR_OK;
}

/* Whether a secret key wraps is settled when it is made, and with it what else such a key does: else one that was safe to wrap under
 * would decrypt afterwards, or a copy of it (J. Clulow, CHES 2003). */
static bool is_settled(struct revision *v, CK_ATTRIBUTE_TYPE type)
{
	struct attr *class = find(v, CKA_CLASS);

	if (class == NULL || class->value.n != 8 || codec_get_u64(class->value.p) != CKO_SECRET_KEY)
		return false;
	switch (type) {
	case CKA_WRAP:
		return true;
	case CKA_ENCRYPT:
	case CKA_DECRYPT:
	case CKA_SIGN:
	case CKA_DERIVE:
		return is_on(v, CKA_WRAP);
	default:
		return false;
	}
}

/* One function for the footnotes that speak of changes: 8, 10, 11, 12. */
static CK_RV may_change(struct revision *v, const struct policy_row *row, struct span value, bool copy, bool by_so)
{
	bool on = value.n == 1 && value.p[0] != 0;

	if (!row_has(row, FOOT(8)) && !(copy && row_has(row, EXTRA_COPY)))
		return refuse(CKR_ATTRIBUTE_READ_ONLY, row->type, "cannot be changed");
	if (is_settled(v, row->type) && on != is_on(v, row->type))
		return refuse(CKR_ATTRIBUTE_READ_ONLY, row->type, "of a secret key that wraps, is settled when the key is made");
	if (row_has(row, FOOT(10)) && on && !by_so)
		return refuse(CKR_ATTRIBUTE_READ_ONLY, row->type, "is set to true by the SO alone");
	if (row_has(row, FOOT(11)) && !on && is_on(v, row->type))
		return refuse(CKR_ATTRIBUTE_READ_ONLY, row->type, "stays true");
	if (row_has(row, FOOT(12)) && on && !is_on(v, row->type))
		return refuse(CKR_ATTRIBUTE_READ_ONLY, row->type, "stays false");
	return CKR_OK;
}

/* What a value of include/coffer/coffer.h may become. */
static CK_RV account_change(struct revision *v, CK_ATTRIBUTE_TYPE type, struct span value)
{
	const struct attr *old = find(v, type);

	if (type == CKA_COFFER_MESSAGE_PREFIXES) {
		if (!account_prefixes_valid(value))
			return refuse(CKR_ATTRIBUTE_VALUE_INVALID, type, "is no list of words");
		if (old != NULL && !account_prefixes_narrow(value, old->value))
			return refuse(CKR_ATTRIBUTE_READ_ONLY, type, "can only lose words");
	}
	if (type == CKA_COFFER_ALGORAND_INDEX && old != NULL &&
	    codec_get_u64(value.p) <= codec_get_u64(old->value.p))
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, type, "only grows");
	return CKR_OK;
}

static CK_RV change_one(struct revision *v, size_t at, const CK_ATTRIBUTE *a, bool copy, bool by_so)
{
	const struct policy_row *row = policy_find(v->policy, a->type);
	struct input_room room;
	struct span value;
	struct attr *old;
	CK_RV rv;

	if (row == NULL || row_has(row, EXTRA_HIDDEN))
		return refuse(CKR_ATTRIBUTE_TYPE_INVALID, a->type, "is not one of this object");
	if (row->kind == KIND_TEMPLATE)
		return refuse(CKR_ATTRIBUTE_READ_ONLY, a->type, "cannot be changed");
	rv = input_value(row, a, row->kind == KIND_MECHANISMS ? &v->mechanisms : &room, &value);
	if (rv != CKR_OK)
		return rv;
	/* The value that it has already is no change; what the token sets is never given (CKA_UNIQUE_ID, §4.2.2). */
	old = find(v, a->type);
	if (old != NULL && copy && !row_has(row, EXTRA_OURS) && span_eq(old->value, value))
		return CKR_OK;
	rv = may_change(v, row, value, copy, by_so);
	if (rv == CKR_OK)
		rv = account_change(v, row->type, value);
	if (rv != CKR_OK)
		return rv;
	if (row->kind == KIND_BOOL || row->kind == KIND_ULONG) {
		bytes_copy(v->small[at], value.p, value.n);
		value = span(v->small[at], value.n);
	}
	return store(v, a->type, value);
}

static CK_RV copy_rules(struct revision *v, struct attrs old, const uint8_t unique_id[OBJECT_ID_SIZE])
{
	if (!attrs_bool(old, CKA_COPYABLE, true))
		return refuse(CKR_ACTION_PROHIBITED, CKA_COPYABLE, "is false: the object cannot be copied");
	if (attrs_bool(old, CKA_PRIVATE, false) && !is_on(v, CKA_PRIVATE))
		return refuse(CKR_TEMPLATE_INCONSISTENT, CKA_PRIVATE, "stays true in a copy");
	unique_id_text(unique_id, v->uuid);
	return store(v, CKA_UNIQUE_ID, SPAN_OF(v->uuid));
}

static CK_RV date_rules(struct revision *v)
{
	struct attr *start = find(v, CKA_START_DATE), *end = find(v, CKA_END_DATE);

	if (start != NULL && end != NULL && start->value.n == 8 && end->value.n == 8 &&
	    memcmp(start->value.p, end->value.p, 8) > 0)
		return refuse(CKR_TEMPLATE_INCONSISTENT, CKA_END_DATE, "is before the start date");
	return CKR_OK;
}

static CK_RV revise(struct revision *v, struct attrs old, struct template t, bool copy, bool by_so,
		    const uint8_t unique_id[OBJECT_ID_SIZE])
{
	CK_RV rv = input_check(t);

	if (rv == CKR_OK && !copy && !attrs_bool(old, CKA_MODIFIABLE, true))
		rv = refuse(CKR_ACTION_PROHIBITED, CKA_MODIFIABLE, "is false: the object cannot be changed");
	if (rv == CKR_OK && !copy && !by_so && attrs_ulong(old, CKA_CLASS, 0) == CKO_CERTIFICATE && attrs_bool(old, CKA_TRUSTED, false))
		rv = refuse(CKR_ACTION_PROHIBITED, CKA_TRUSTED, "is true: the certificate is changed by the SO alone");
	if (rv == CKR_OK && t.count > POLICY_ROWS_MAX)
		rv = CKR_TEMPLATE_INCONSISTENT;
	for (CK_ULONG i = 0; i < t.count && rv == CKR_OK; i++)
		rv = change_one(v, i, &t.attr[i], copy, by_so);
	if (rv == CKR_OK && copy)
		rv = copy_rules(v, old, unique_id);
	return rv == CKR_OK ? date_rules(v) : rv;
}

CK_RV object_change(struct vault_scope *scope, struct attrs old, struct template t, bool copy, bool by_so,
		    const uint8_t unique_id[OBJECT_ID_SIZE], struct attrs_writer *out)
{
	struct revision v = { .count = 0 };
	CK_RV rv;

	(void)scope; /* says that private values may be in it */
	if (!load(&v, old))
		return CKR_DEVICE_ERROR;
	rv = revise(&v, old, t, copy, by_so, unique_id);
	if (rv != CKR_OK)
		return rv;
	for (size_t i = 0; i < v.count; i++)
		attrs_write(out, v.value[i].type, v.value[i].value);
	return out->failed;
}

CK_RV object_copy_head(struct vault_scope *scope, struct attrs old, struct template t, struct object_head *head)
{
	CK_RV rv = input_check(t);

	(void)scope;
	*head = (struct object_head){
		.class = attrs_ulong(old, CKA_CLASS, CK_UNAVAILABLE_INFORMATION),
		.key_type = attrs_ulong(old, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION),
		.certificate_type = attrs_ulong(old, CKA_CERTIFICATE_TYPE, CK_UNAVAILABLE_INFORMATION),
	};
	if (rv == CKR_OK)
		rv = input_bool(t, CKA_TOKEN, attrs_bool(old, CKA_TOKEN, false), &head->is_token);
	if (rv == CKR_OK)
		rv = input_bool(t, CKA_PRIVATE, attrs_bool(old, CKA_PRIVATE, false), &head->is_private);
	head->is_sealed = head->is_private || head->class == CKO_PRIVATE_KEY || head->class == CKO_SECRET_KEY;
	head->room = old.bytes.n + 512;
	for (CK_ULONG i = 0; i < t.count && rv == CKR_OK; i++)
		if (t.attr[i].ulValueLen < ((CK_ULONG)1 << 31))
			head->room += t.attr[i].ulValueLen + 12;
	return rv;
}
