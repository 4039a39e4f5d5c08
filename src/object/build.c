/* SPDX-License-Identifier: Apache-2.0 */
/* A new object out of a template, what we computed, and standard values. */
#include "base/codec.h"
#include "base/der.h"
#include "base/error.h"
#include "object/account.h"
#include "object/arrays.h"
#include "object/input.h"
#include "object/object.h"
#include "object/unique_id.h"

/* The public key of 16384 bits. */
#define SPKI_RSA_MAX ((size_t)2048 + 8 + OBJECT_SPKI_RSA_MORE)

/* The object as it grows: a value for each row. */
struct draft {
	const struct policy *policy;
	const struct curve *curve; /* that CKA_EC_PARAMS names; NULL: none */
	bool there[POLICY_ROWS_MAX];
	struct span value[POLICY_ROWS_MAX];
	uint8_t small[POLICY_ROWS_MAX][8];   /* booleans and integers */
	struct input_room mechanisms;
	char uuid[UUID_SIZE];
	uint8_t address[ADDRESS_SIZE];
	uint8_t spki[OBJECT_SPKI_CURVE_MAX];
};

static CK_RV refuse(CK_RV rv, CK_ATTRIBUTE_TYPE type, const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "the template's attribute 0x%lx %s", type, why), "the return value is the answer");
	return rv;
}

static CK_RV subtype_of(enum object_use use, struct template t, CK_OBJECT_CLASS class, struct object_head *head)
{
	CK_ULONG type;
	CK_RV rv;

	(void)use;
	head->certificate_type = CK_UNAVAILABLE_INFORMATION;
	if (class != CKO_CERTIFICATE)
		return CKR_OK;
	rv = input_ulong(t, CKA_CERTIFICATE_TYPE, CK_UNAVAILABLE_INFORMATION, &type);
	if (rv == CKR_OK && type == CK_UNAVAILABLE_INFORMATION)
		return refuse(CKR_TEMPLATE_INCOMPLETE, CKA_CERTIFICATE_TYPE, "is missing");
	if (rv == CKR_OK && type != CKC_X_509 && type != CKC_X_509_ATTR_CERT)
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, CKA_CERTIFICATE_TYPE, "names a kind of certificate that is not supported");
	head->certificate_type = type;
	return rv;
}

/* From the mechanism, from the template; both must agree. */
static CK_RV agreed(struct template t, CK_ATTRIBUTE_TYPE type, CK_ULONG known, CK_ULONG *out)
{
	CK_RV rv = input_ulong(t, type, known, out);

	if (rv != CKR_OK)
		return rv;
	if (*out == CK_UNAVAILABLE_INFORMATION)
		return refuse(CKR_TEMPLATE_INCOMPLETE, type, "is missing");
	if (known != CK_UNAVAILABLE_INFORMATION && *out != known)
		return refuse(CKR_TEMPLATE_INCONSISTENT, type, "is not what the mechanism makes");
	return CKR_OK;
}

/* Keys, and what they are made from. */
static bool has_key_type(CK_OBJECT_CLASS class)
{
	return class == CKO_PUBLIC_KEY || class == CKO_PRIVATE_KEY || class == CKO_SECRET_KEY || class == CKO_DOMAIN_PARAMETERS;
}

static bool holds_secret(CK_OBJECT_CLASS class)
{
	return class == CKO_PRIVATE_KEY || class == CKO_SECRET_KEY;
}

static CK_ULONG subtype(const struct object_head *head)
{
	return head->class == CKO_CERTIFICATE ? head->certificate_type : head->key_type;
}

static size_t room_for(struct template t, size_t given)
{
	size_t n = given + POLICY_ROWS_MAX * (12 + 8) + UUID_SIZE + OBJECT_SPKI_CURVE_MAX + sizeof(struct input_room);

	for (CK_ULONG i = 0; i < t.count; i++)
		if (t.attr[i].ulValueLen != CK_UNAVAILABLE_INFORMATION && t.attr[i].ulValueLen < ((CK_ULONG)1 << 31))
			n += t.attr[i].ulValueLen;
	return n;
}

CK_RV object_head(enum object_use use, struct template t, CK_OBJECT_CLASS class_opt, CK_KEY_TYPE key_type_opt,
		  size_t given_bytes, struct object_head *out)
{
	CK_RV rv = input_check(t);

	*out = (struct object_head){ .key_type = CK_UNAVAILABLE_INFORMATION };
	if (rv == CKR_OK)
		rv = agreed(t, CKA_CLASS, class_opt, &out->class);
	if (rv == CKR_OK && has_key_type(out->class))
		rv = agreed(t, CKA_KEY_TYPE, key_type_opt, &out->key_type);
	if (rv == CKR_OK)
		rv = subtype_of(use, t, out->class, out);
	if (rv != CKR_OK)
		return rv;
	out->policy = policy_of(out->class, subtype(out));
	if (out->class == CKO_PROFILE || out->policy == NULL)
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, has_key_type(out->class) ? CKA_KEY_TYPE : CKA_CLASS,
			      "names a kind of object that cannot be made");
	rv = input_bool(t, CKA_TOKEN, false, &out->is_token);
	if (rv == CKR_OK)
		rv = input_bool(t, CKA_PRIVATE, holds_secret(out->class), &out->is_private);
	out->is_sealed = out->is_private || holds_secret(out->class);
	out->room = room_for(t, given_bytes) + (out->key_type == CKK_RSA ? SPKI_RSA_MAX : 0) +
		    (parameter_set_applies(out->key_type) ? PARAMETER_SET_BYTES_MAX : 0);
	return rv;
}

static bool has(const struct draft *d, CK_ATTRIBUTE_TYPE type)
{
	size_t i = policy_place(d->policy, type);

	return i < d->policy->count && d->there[i];
}

static struct span value_of(const struct draft *d, CK_ATTRIBUTE_TYPE type)
{
	size_t i = policy_place(d->policy, type);

	return i < d->policy->count && d->there[i] ? d->value[i] : SPAN_EMPTY;
}

static bool is_on(const struct draft *d, CK_ATTRIBUTE_TYPE type)
{
	struct span v = value_of(d, type);

	return v.n == 1 && v.p[0] != 0;
}

static void put_at(struct draft *d, size_t i, struct span value)
{
	d->there[i] = true;
	d->value[i] = value;
}

static void put(struct draft *d, CK_ATTRIBUTE_TYPE type, struct span value)
{
	size_t i = policy_place(d->policy, type);

	if (i < d->policy->count) /* else this class does not have it */
		put_at(d, i, value);
}

static struct span truth(bool value)
{
	static const uint8_t off = 0, on = 1;

	return span(value ? &on : &off, 1);
}

static void put_bool(struct draft *d, CK_ATTRIBUTE_TYPE type, bool value)
{
	put(d, type, truth(value));
}

static void put_ulong(struct draft *d, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
	size_t i = policy_place(d->policy, type);

	if (i == d->policy->count)
		return;
	codec_put_u64(d->small[i], value);
	put_at(d, i, span(d->small[i], 8));
}

static unsigned must_not(enum object_use use)
{
	switch (use) {
	case OBJECT_CREATE:
		return FOOT(2);
	case OBJECT_GENERATE:
	case OBJECT_DERIVE:
		return FOOT(4);
	case OBJECT_UNWRAP:
		return FOOT(6);
	}
	return 0;
}

static unsigned must(enum object_use use)
{
	switch (use) {
	case OBJECT_CREATE:
		return FOOT(1);
	case OBJECT_GENERATE:
		return FOOT(3);
	case OBJECT_UNWRAP:
		return FOOT(5);
	case OBJECT_DERIVE:
		break;
	}
	return 0;
}

static CK_RV take_array(struct vault_scope *scope, const CK_ATTRIBUTE *a, struct span *out)
{
	struct mspan room = { NULL, 0 };
	size_t n = array_room(a);

	if (n != 0 && (scope == NULL || cf_failed(vault_scope_alloc(scope, n, &room))))
		return CKR_DEVICE_MEMORY;
	return array_read(a, room, out);
}

static CK_RV take_one(struct vault_scope *scope, struct draft *d, const struct object_request *r, const CK_ATTRIBUTE *a)
{
	struct input_room room, *use = &room;
	size_t i = policy_place(d->policy, a->type);
	const struct policy_row *row = d->policy->row[i];
	struct span v;
	CK_RV rv;

	if (row == NULL || row_has(row, EXTRA_HIDDEN))
		return refuse(CKR_ATTRIBUTE_TYPE_INVALID, a->type, "is not one of this kind of object");
	if (row_has(row, EXTRA_OURS))
		return refuse(CKR_ATTRIBUTE_READ_ONLY, a->type, "is set by the token alone");
	if (row_has(row, must_not(r->use)))
		return refuse(CKR_TEMPLATE_INCONSISTENT, a->type, "must not be given here");
	if (row->kind == KIND_MECHANISMS)
		use = &d->mechanisms;
	rv = row->kind == KIND_TEMPLATE ? take_array(scope, a, &v) : input_value(row, a, use, &v);
	if (rv != CKR_OK)
		return rv;
	if (row_has(row, FOOT(10)) && v.p[0] != 0 && !r->by_so)
		return refuse(CKR_ATTRIBUTE_READ_ONLY, a->type, "is set to true by the SO alone");
	if (row->kind == KIND_BOOL || row->kind == KIND_ULONG) {
		bytes_copy(d->small[i], v.p, v.n);
		v = span(d->small[i], v.n);
	}
	put_at(d, i, v);
	return CKR_OK;
}

static CK_RV take_template(struct vault_scope *scope, struct draft *d, const struct object_request *r)
{
	for (CK_ULONG i = 0; i < r->template.count; i++) {
		CK_RV rv = take_one(scope, d, r, &r->template.attr[i]);

		if (rv != CKR_OK)
			return rv;
	}
	return CKR_OK;
}

static CK_RV check_required(const struct draft *d, const struct object_request *r)
{
	unsigned mark = must(r->use);

	for (size_t i = 0; i < d->policy->count; i++)
		if (row_has(d->policy->row[i], mark) && !d->there[i])
			return refuse(CKR_TEMPLATE_INCOMPLETE, d->policy->row[i]->type, "is missing");
	return CKR_OK;
}

static struct span standard_value(enum policy_standard standard)
{
	static const uint8_t zero[8];

	switch (standard) {
	case STANDARD_OFF:
	case STANDARD_ON:
		return truth(standard == STANDARD_ON);
	case STANDARD_ZERO:
		return SPAN_OF(zero);
	case STANDARD_EMPTY:
	case STANDARD_NONE:
		break;
	}
	return span("", 0);
}

static void put_standards(struct draft *d)
{
	for (size_t i = 0; i < d->policy->count; i++)
		if (!d->there[i] && d->policy->row[i]->standard != STANDARD_NONE)
			put_at(d, i, standard_value(d->policy->row[i]->standard));
}

static bool can_sign(CK_KEY_TYPE type)
{
	return type == CKK_RSA || type == CKK_EC || type == CKK_EC_EDWARDS || type == CKK_ML_DSA || type == CKK_SLH_DSA;
}

/* What the specification leaves to the token (footnote 9).  A key that can sign may sign, since clients that
 * give empty templates (Java, NSS) expect it.  Private and secret keys are sensitive unless the template
 * says that they are not, and cannot be taken out unless it says that they can; a derived
 * secret is readable, because clients read what they derive, and an unwrapped key may be wrapped again (§5.18.4). */
static void token_standards(struct draft *d, const struct object_request *r)
{
	const struct object_head *head = &r->head;
	bool derived = head->class == CKO_SECRET_KEY && r->use == OBJECT_DERIVE;

	if (!has(d, CKA_PRIVATE))
		put_bool(d, CKA_PRIVATE, head->is_private);
	if (!has(d, CKA_VERIFY) && head->class == CKO_PUBLIC_KEY)
		put_bool(d, CKA_VERIFY, can_sign(head->key_type));
	if (!has(d, CKA_SIGN) && head->class == CKO_PRIVATE_KEY)
		put_bool(d, CKA_SIGN, can_sign(head->key_type));
	/* Nothing else is done with keys of ML-KEM; of other types they do it when the template says so. */
	if (!has(d, CKA_ENCAPSULATE) && head->class == CKO_PUBLIC_KEY)
		put_bool(d, CKA_ENCAPSULATE, head->key_type == CKK_ML_KEM);
	if (!has(d, CKA_DECAPSULATE) && head->class == CKO_PRIVATE_KEY)
		put_bool(d, CKA_DECAPSULATE, head->key_type == CKK_ML_KEM);
	if (!has(d, CKA_SENSITIVE))
		put_bool(d, CKA_SENSITIVE, !derived || r->stays_sensitive);
	if (!has(d, CKA_EXTRACTABLE))
		put_bool(d, CKA_EXTRACTABLE, (derived || r->use == OBJECT_UNWRAP) && !r->stays_inside);
}

/* LOCAL, ALWAYS_SENSITIVE, NEVER_EXTRACTABLE, KEY_GEN_MECHANISM: only a key that was generated here can have them; the second
 * and third also one that was derived from such a key. */
static void history(struct draft *d, const struct object_request *r)
{
	bool local = r->use == OBJECT_GENERATE;

	put_bool(d, CKA_LOCAL, local);
	/* A public key that is made of its private one takes this over from there. */
	if (local || !has(d, CKA_KEY_GEN_MECHANISM))
		put_ulong(d, CKA_KEY_GEN_MECHANISM, local ? r->gen_mechanism : CK_UNAVAILABLE_INFORMATION);
	put_bool(d, CKA_ALWAYS_SENSITIVE, (local || r->from_always_sensitive) && is_on(d, CKA_SENSITIVE));
	put_bool(d, CKA_NEVER_EXTRACTABLE, (local || r->from_never_extractable) && !is_on(d, CKA_EXTRACTABLE));
}

CK_RV object_curve_check(CK_KEY_TYPE key_type, struct span params, const struct curve **out)
{
	const struct curve *curve = curve_find(params);

	*out = curve;
	if (curve != NULL && curve->key_type == key_type)
		return CKR_OK;
	if (params.n != 0 && (params.p[0] == DER_OID || params.p[0] == DER_PRINTABLE_STRING))
		return refuse(CKR_CURVE_NOT_SUPPORTED, CKA_EC_PARAMS, "names no curve that is known for this type of key");
	return refuse(CKR_DOMAIN_PARAMS_INVALID, CKA_EC_PARAMS, "is no name of a curve");
}

/* The key's own; who gives another one is told. */
static CK_RV put_key_info(struct draft *d, struct span info)
{
	struct span given = value_of(d, CKA_PUBLIC_KEY_INFO);

	if (given.n != 0 && !span_eq(given, info))
		return refuse(CKR_TEMPLATE_INCONSISTENT, CKA_PUBLIC_KEY_INFO, "is not that of the key");
	put(d, CKA_PUBLIC_KEY_INFO, info);
	return CKR_OK;
}

/* Curve, point and CKA_PUBLIC_KEY_INFO of keys on elliptic curves. */
static CK_RV curve_rules(struct draft *d, const struct object_head *head)
{
	struct span raw;
	CK_RV rv;
	size_t n;

	d->curve = NULL;
	if (policy_find(d->policy, CKA_EC_PARAMS) == NULL)
		return CKR_OK;
	rv = object_curve_check(head->key_type, value_of(d, CKA_EC_PARAMS), &d->curve);
	if (rv != CKR_OK || !has(d, CKA_EC_POINT))
		return rv;
	if (!object_point_raw(d->curve, value_of(d, CKA_EC_POINT), &raw))
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, CKA_EC_POINT, "is no point of that curve");
	put(d, CKA_EC_POINT, raw);
	n = object_spki(d->curve, raw, MSPAN_OF(d->spki));
	return put_key_info(d, span(d->spki, n));
}

/* CKA_MODULUS_BITS and CKA_PUBLIC_KEY_INFO of RSA keys, CKA_PRIME_BITS of domain parameters. */
static CK_RV number_rules(struct vault_scope *scope, struct draft *d, const struct object_head *head)
{
	struct span modulus, exponent;
	struct mspan room;
	size_t n;

	if (head->class == CKO_DOMAIN_PARAMETERS)
		put_ulong(d, CKA_PRIME_BITS, object_bits(value_of(d, CKA_PRIME)));
	if (head->key_type != CKK_RSA)
		return CKR_OK;
	modulus = value_of(d, CKA_MODULUS);
	exponent = value_of(d, CKA_PUBLIC_EXPONENT);
	if (head->class == CKO_PUBLIC_KEY)
		put_ulong(d, CKA_MODULUS_BITS, object_bits(modulus));
	if (scope == NULL || exponent.n == 0)
		return CKR_OK;
	n = modulus.n + exponent.n + OBJECT_SPKI_RSA_MORE;
	if (cf_failed(vault_scope_alloc(scope, n, &room)))
		return CKR_DEVICE_MEMORY;
	n = object_spki_rsa(modulus, exponent, room);
	return put_key_info(d, span(room.p, n));
}

static struct span given_of(const struct object_request *r, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < r->given_count; i++)
		if (r->given[i].type == type)
			return r->given[i].value;
	return SPAN_EMPTY;
}

/* The parameter set, what fits it, and CKA_PUBLIC_KEY_INFO. */
static CK_RV set_rules(struct vault_scope *scope, struct draft *d, const struct object_request *r)
{
	bool is_public = r->head.class == CKO_PUBLIC_KEY;
	const struct parameter_set *set;
	struct span value, point;
	struct mspan room;

	if (!parameter_set_applies(r->head.key_type))
		return CKR_OK;
	value = value_of(d, CKA_VALUE);
	set = parameter_set_find(r->head.key_type, (CK_ULONG)codec_get_u64(value_of(d, CKA_PARAMETER_SET).p));
	if (set == NULL)
		return refuse(CKR_PARAMETER_SET_NOT_SUPPORTED, CKA_PARAMETER_SET, "is none that is known for this type of key");
	point = is_public ? value : given_of(r, CKA_COFFER_PUBLIC_VALUE);
	if (value.n != (is_public ? set->public_n : set->private_n) || point.n != set->public_n)
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, CKA_VALUE, "is no key of that parameter set");
	if (scope == NULL || cf_failed(vault_scope_alloc(scope, point.n + OBJECT_SPKI_SET_MORE, &room)))
		return CKR_DEVICE_MEMORY;
	return put_key_info(d, span(room.p, object_spki_set(set, point, room)));
}

static CK_RV value_rules(struct draft *d, const struct object_head *head)
{
	struct span value = value_of(d, CKA_VALUE);

	if (head->class == CKO_SECRET_KEY) {
		if (!object_secret_length(head->key_type, value.n))
			return refuse(CKR_ATTRIBUTE_VALUE_INVALID, CKA_VALUE, "has no length that keys of this type have");
		put_ulong(d, CKA_VALUE_LEN, value.n);
	}
	if (head->class == CKO_PRIVATE_KEY && d->curve != NULL && value.n != d->curve->scalar)
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, CKA_VALUE, "is no private value of that curve");
	if (head->class == CKO_PRIVATE_KEY && head->key_type == CKK_DH && !has(d, CKA_VALUE_BITS))
		put_ulong(d, CKA_VALUE_BITS, object_bits(value));
	if (head->class == CKO_CERTIFICATE && value.n == 0 && value_of(d, CKA_URL).n == 0)
		return refuse(CKR_TEMPLATE_INCOMPLETE, CKA_VALUE, "is missing, and so is CKA_URL");
	return CKR_OK;
}

/* A statement that a certificate is trusted says which one, by its hash ("Trust objects", note 2). */
static CK_RV trust_rules(const struct draft *d, const struct object_head *head)
{
	bool named = value_of(d, CKA_HASH_OF_CERTIFICATE).n != 0 && has(d, CKA_NAME_HASH_ALGORITHM);

	if (head->class != CKO_TRUST || named)
		return CKR_OK;
	for (size_t i = 0; i < d->policy->count; i++) {
		uint64_t level = row_has(d->policy->row[i], EXTRA_TRUST) ? codec_get_u64(d->value[i].p) : CKT_TRUST_UNKNOWN;

		if (level != CKT_TRUST_UNKNOWN && level != CKT_NOT_TRUSTED)
			return refuse(CKR_TEMPLATE_INCOMPLETE, CKA_HASH_OF_CERTIFICATE, "is missing, or the algorithm that made it");
	}
	return CKR_OK;
}

/* The attributes of include/coffer/coffer.h. */
static CK_RV account_rules(struct draft *d, const struct object_head *head)
{
	CK_RV rv;

	if (has(d, CKA_COFFER_MESSAGE_PREFIXES) && !account_prefixes_valid(value_of(d, CKA_COFFER_MESSAGE_PREFIXES)))
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, CKA_COFFER_MESSAGE_PREFIXES, "is no list of words");
	if (head->key_type == CKK_COFFER_ALGORAND_MASTER && head->class == CKO_SECRET_KEY && value_of(d, CKA_VALUE).n != 32)
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, CKA_VALUE, "is no 32 bytes");
	if (head->class != CKO_COFFER_ALGORAND_MULTISIG)
		return CKR_OK;
	rv = account_multisig_address(codec_get_u64(value_of(d, CKA_COFFER_MULTISIG_VERSION).p),
				      codec_get_u64(value_of(d, CKA_COFFER_MULTISIG_THRESHOLD).p),
				      value_of(d, CKA_COFFER_MULTISIG_KEYS), d->address);
	put(d, CKA_ID, SPAN_OF(d->address));
	return rv;
}

/* Nothing that the caller's own template could not have said. */
static bool may_force(const struct draft *d, const struct object_request *r, const struct attr *at)
{
	size_t i = policy_place(d->policy, at->type);
	const struct policy_row *row = d->policy->row[i];
	bool on = at->value.n == 1 && at->value.p[0] != 0;

	if (row == NULL || row_has(row, EXTRA_OURS | EXTRA_HIDDEN) || (row_has(row, FOOT(10)) && on && !r->by_so))
		return false;
	if ((at->type == CKA_TOKEN && on != r->head.is_token) || (at->type == CKA_PRIVATE && on != r->head.is_private))
		return false;
	return !d->there[i] || span_eq(d->value[i], at->value);
}

/* What the key that this one comes from asks of it (§5.18.4, §5.18.5, and the sections of mechanisms that derive). */
static CK_RV origin_rules(struct draft *d, const struct object_request *r)
{
	struct attrs forced = { r->forced };
	struct attrs_cursor cursor = { 0 };
	struct attr at;

	while (attrs_next(forced, &cursor, &at)) {
		if (!may_force(d, r, &at))
			return refuse(CKR_TEMPLATE_INCONSISTENT, at.type, "is not what the base key's template for new keys says");
		put(d, at.type, at.value);
	}
	if (r->stays_sensitive && has(d, CKA_SENSITIVE) && !is_on(d, CKA_SENSITIVE))
		return refuse(CKR_TEMPLATE_INCONSISTENT, CKA_SENSITIVE, "must be true, as the key's that it comes from");
	if (r->stays_inside && is_on(d, CKA_EXTRACTABLE))
		return refuse(CKR_TEMPLATE_INCONSISTENT, CKA_EXTRACTABLE, "must be false, as the key's that it comes from");
	return CKR_OK;
}

static CK_RV date_rules(const struct draft *d)
{
	struct span start = value_of(d, CKA_START_DATE), end = value_of(d, CKA_END_DATE);

	if (start.n == 8 && end.n == 8 && memcmp(start.p, end.p, 8) > 0)
		return refuse(CKR_TEMPLATE_INCONSISTENT, CKA_END_DATE, "is before the start date");
	return CKR_OK;
}

static CK_RV draft_fill(struct vault_scope *scope, struct draft *d, const struct object_request *r)
{
	CK_RV rv = take_template(scope, d, r);

	put_ulong(d, CKA_CLASS, r->head.class);
	if (has_key_type(r->head.class))
		put_ulong(d, CKA_KEY_TYPE, r->head.key_type);
	for (size_t i = 0; i < r->given_count; i++)
		put(d, r->given[i].type, r->given[i].value);
	if (rv == CKR_OK)
		rv = origin_rules(d, r);
	if (rv == CKR_OK)
		rv = check_required(d, r);
	if (rv != CKR_OK)
		return rv;
	put_standards(d);
	token_standards(d, r);
	history(d, r);
	unique_id_text(r->unique_id, d->uuid);
	put(d, CKA_UNIQUE_ID, SPAN_OF(d->uuid));
	rv = curve_rules(d, &r->head);
	if (rv == CKR_OK)
		rv = number_rules(scope, d, &r->head);
	if (rv == CKR_OK)
		rv = set_rules(scope, d, r);
	if (rv == CKR_OK)
		rv = value_rules(d, &r->head);
	if (rv == CKR_OK)
		rv = trust_rules(d, &r->head);
	if (rv == CKR_OK)
		rv = account_rules(d, &r->head);
	return rv == CKR_OK ? date_rules(d) : rv;
}

CK_RV object_build(struct vault_scope *scope, const struct object_request *request, struct attrs_writer *out)
{
	const struct policy *policy = request->head.policy;
	struct draft d;
	CK_RV rv;

	/* The rest is written before it is read, and is much. */
	d.policy = policy;
	memset(d.there, 0, sizeof(d.there));
	rv = draft_fill(scope, &d, request);
	if (rv != CKR_OK)
		return rv;
	for (size_t i = 0; i < policy->count; i++)
		if (d.there[i])
			attrs_write(out, policy->row[i]->type, d.value[i]);
	if (out->failed == CKR_OK && request->admitted.p != NULL && !object_admitted(scope, request->admitted, attrs_written(out)))
		return CKR_KEY_HANDLE_INVALID;
	return out->failed;
}
