/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that come from other keys: C_DeriveKey and C_UnwrapKey. */
#include "base/codec.h"
#include "base/der.h"
#include "base/error.h"
#include "ck/rv.h"
#include "object/keyinfo.h"
#include "token/make.h"

/* The longest secret that is derived. */
#define DERIVED_MAX ((size_t)16 * 1024)
/* Room where neither template nor key type says how long it will be. */
#define DERIVED_ROOM ((size_t)1024)

static CK_RV refuse(CK_RV rv, const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "%s", why), "the return value is the answer");
	return rv;
}

/* CKA_VALUE_LEN of the template; 0: none. */
static CK_RV wanted_length(struct template t, size_t *out)
{
	CK_ULONG length = 0;
	CK_RV rv = template_ulong(t, CKA_VALUE_LEN, 0, &length);

	*out = length;
	if (rv == CKR_OK && length == 0 && template_has(t, CKA_VALUE_LEN))
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "CKA_VALUE_LEN is 0, and no key has that length");
	return rv == CKR_OK && length > DERIVED_MAX ? CKR_KEY_SIZE_RANGE : rv;
}

/* Bytes for what is derived: as many as are wanted, and always enough for what a mechanism gives by itself. */
static size_t derived_room(struct template t)
{
	size_t n = 0;

	return wanted_length(t, &n) == CKR_OK && n > DERIVED_ROOM ? n : DERIVED_ROOM;
}

/* A part of a key, as a key or beside what is known, is found by trying all, and then the next part (J. Clulow, CHES 2003, "key
 * space reduction"). */
static CK_RV may_shrink(const struct making *m)
{
	bool open = key_may_be_read(m->base) && (m->other == NULL || key_may_be_read(m->other));

	if (!m->mech->impl->derives_openly || open || m->who->token->config->allow_unsafe_wrapping)
		return CKR_OK;
	return refuse(CKR_KEY_SIZE_RANGE,
		      "what this mechanism makes of a sensitive key must not be shorter than it; `allow-unsafe-wrapping = yes` in the "
		      "configuration lifts that");
}

static size_t whole_length(const struct mech_call *call, const struct key_view *other_opt)
{
	if (call->mech->impl->whole_length != NULL)
		return call->mech->impl->whole_length(call, other_opt);
	return key_view_part(call->key, CKA_VALUE).n;
}

/* What the mechanism says that its keys are for; `room` has 8 bytes for each and lives until the object is built. */
static CK_RV give_allowed(struct pending *p, const struct mech_impl *impl, uint8_t *room)
{
	if (impl->allows == NULL)
		return CKR_OK;
	if (template_has(p->request.template, CKA_ALLOWED_MECHANISMS))
		return refuse(CKR_TEMPLATE_INCONSISTENT, "the derived key's CKA_ALLOWED_MECHANISMS are the mechanism's to give");
	for (size_t i = 0; i < impl->allows_count; i++)
		codec_put_u64(room + 8 * i, impl->allows[i]);
	pending_give(p, CKA_ALLOWED_MECHANISMS, span(room, 8 * impl->allows_count));
	return CKR_OK;
}

static CK_RV build_derived(struct vault_scope *scope, struct making *m)
{
	struct pending *p = &m->object[0];
	struct mech_call call = { .mech = m->mech, .params = m->params };
	struct key_view base, other;
	uint8_t allowed[8 * MECH_ALLOWS_MAX];
	struct mspan room;
	size_t n = 0;
	CK_RV rv = key_open(scope, m->base, &base);

	if (rv == CKR_OK && m->other != NULL)
		rv = key_open(scope, m->other, &other);
	if (rv == CKR_OK)
		rv = wanted_length(m->template, &n);
	if (rv == CKR_OK && n == 0 && m->mech->impl->length_by_type && p->request.head.key_type == CKK_AES)
		rv = refuse(CKR_TEMPLATE_INCOMPLETE, "AES keys have several lengths: give CKA_VALUE_LEN");
	if (rv != CKR_OK)
		return rv;
	if (cf_failed(vault_scope_alloc(scope, derived_room(m->template), &room)))
		return CKR_DEVICE_MEMORY;
	call.key = &base;
	rv = m->mech->impl->derive(scope, &call, m->other == NULL ? NULL : &other, room, &n);
	if (rv != CKR_OK)
		return rv;
	if (n < whole_length(&call, m->other == NULL ? NULL : &other) && may_shrink(m) != CKR_OK)
		return CKR_KEY_SIZE_RANGE;
	p->request.forced = key_view_part(&base, CKA_DERIVE_TEMPLATE);
	if (!object_secret_length(p->request.head.key_type, n))
		return refuse(CKR_KEY_SIZE_RANGE, "the derived secret has no length that keys of its type have: give CKA_VALUE_LEN");
	mech_set_parity(scope, p->request.head.key_type, mspan(room.p, n));
	pending_give(p, CKA_VALUE, span(room.p, n));
	rv = give_allowed(p, m->mech->impl, allowed);
	return rv == CKR_OK ? making_build(scope, m, p) : rv;
}

/* A private key: the parts are the mechanism's; what names it is its public key unless the template says otherwise. */
static CK_RV build_derived_private(struct vault_scope *scope, struct making *m)
{
	struct pending *p = &m->object[0];
	struct mech_call call = { .mech = m->mech, .params = m->params };
	struct key_view base, key;
	CK_RV rv = key_open(scope, m->base, &base);

	call.key = &base;
	if (rv == CKR_OK)
		rv = m->mech->impl->derive_private(scope, &call, &key);
	if (rv != CKR_OK)
		return rv;
	p->request.forced = key_view_part(&base, CKA_DERIVE_TEMPLATE);
	for (size_t i = 0; i < key.parts; i++)
		pending_give(p, key.part[i].type, key.part[i].value);
	if (!template_has(p->request.template, CKA_ID))
		pending_give(p, CKA_ID, key_view_part(&key, CKA_EC_POINT));
	return making_build(scope, m, p);
}

/* What the new key inherits from one that it is made of. */
static void inherit(struct object_request *r, const struct object_usage *from, bool first, bool openly)
{
	r->from_always_sensitive = (first || r->from_always_sensitive) && from->always_sensitive;
	r->from_never_extractable = (first || r->from_never_extractable) && from->never_extractable;
	r->stays_sensitive = r->stays_sensitive || (openly && from->sensitive);
	r->stays_inside = r->stays_inside || (openly && !from->extractable);
}

#define DATA_ATTRIBUTES_MAX 16

/* A data object's template says with CKA_VALUE_LEN how long the data will be, though the object has no such attribute. */
static CK_RV data_template(struct pending *p, struct template t, CK_ATTRIBUTE room[DATA_ATTRIBUTES_MAX])
{
	CK_ULONG n = 0;

	for (CK_ULONG i = 0; i < t.count; i++) {
		if (t.attr[i].type == CKA_VALUE_LEN)
			continue;
		if (n == DATA_ATTRIBUTES_MAX)
			return CKR_TEMPLATE_INCONSISTENT;
		room[n++] = t.attr[i];
	}
	p->request.template = (struct template){ room, n };
	return CKR_OK;
}

CK_RV keys_derive(const struct access *who, struct key *base, struct key *other_opt, const struct mech *mech,
		  const union mech_params *params, struct template t, CK_OBJECT_HANDLE *out)
{
	AUTO_MAKING m = { .who = who, .build = build_derived, .count = 1, .mech = mech, .params = params, .base = base,
			  .other = other_opt };
	struct object_request *r = &m.object[0].request;
	CK_ATTRIBUTE stripped[DATA_ATTRIBUTES_MAX];
	CK_RV rv;

	m.template = t;
	token_standing(who->token, &m.standing);
	making_request(&m, &m.object[0], OBJECT_DERIVE, t);
	inherit(r, key_usage(base), true, mech->impl->derives_openly || mech->impl->derives_as_sensitive);
	if (other_opt != NULL)
		inherit(r, key_usage(other_opt), false, mech->impl->derives_openly);
	if (mech->impl->derives_data) {
		rv = data_template(&m.object[0], t, stripped);
		if (rv == CKR_OK)
			rv = object_head(OBJECT_DERIVE, r->template, CKO_DATA, CK_UNAVAILABLE_INFORMATION, derived_room(t), &r->head);
	} else if (mech->impl->derive_private != NULL) {
		m.build = build_derived_private;
		rv = object_head(OBJECT_DERIVE, t, CKO_PRIVATE_KEY, mech->impl->derived_type, DERIVED_ROOM, &r->head);
	} else {
		rv = object_head(OBJECT_DERIVE, t, CKO_SECRET_KEY,
				 template_has(t, CKA_KEY_TYPE) ? CK_UNAVAILABLE_INFORMATION : CKK_GENERIC_SECRET, derived_room(t),
				 &r->head);
	}
	return rv == CKR_OK ? making_one(&m, out) : rv;
}

/* ---- C_UnwrapKey ---- */

/* A private key's parts out of its PrivateKeyInfo. Whatever is wrong with it has one answer. */
static CK_RV give_private(struct vault_scope *scope, struct pending *p, struct span der)
{
	struct attrs_writer w = { .failed = CKR_OK };
	struct attrs_cursor cursor = { 0 };
	struct attr at;
	CK_RV rv;

	if (cf_failed(vault_scope_alloc(scope, der.n + KEYINFO_OVERHEAD, &w.room)))
		return CKR_DEVICE_MEMORY;
	rv = keyinfo_read_private(scope, der, &w);
	if (rv != CKR_OK || attrs_ulong(attrs_written(&w), CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION) != p->request.head.key_type)
		return refuse(CKR_WRAPPED_KEY_INVALID, "what was unwrapped is no key of the type that the template says");
	while (attrs_next(attrs_written(&w), &cursor, &at))
		if (at.type != CKA_KEY_TYPE)
			pending_give(p, at.type, at.value);
	rv = pending_complete(scope, p);
	return rv == CKR_ATTRIBUTE_VALUE_INVALID ? CKR_WRAPPED_KEY_INVALID : rv;
}

/* PrivateKeyInfo without the zeros that filled the last block ("AES Key Wrap"). */
static struct span without_zeros(struct span padded)
{
	struct span rest = padded, whole;

	if (!der_take_whole(&rest, DER_SEQUENCE, &whole))
		return padded;
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] != 0 || i >= 15)
			return padded;
	return whole;
}

static size_t usual_length(CK_KEY_TYPE type, size_t wrapped)
{
	switch (type) {
	case CKK_AES:
		return MECH_LENGTH_AES;
	case CKK_AES_XTS:
		return wrapped <= 64 ? 32 : 64;
	case CKK_CHACHA20:
	case CKK_SALSA20:
	case CKK_POLY1305:
		return 32;
	case CKK_DES3:
		return 24;
	case CKK_DES2:
		return 16;
	default:
		return MECH_LENGTH_ANY;
	}
}

CK_RV pending_length(const struct pending *p, size_t wrapped, size_t *out)
{
	CK_RV rv = wanted_length(p->request.template, out);

	if (p->request.head.class != CKO_SECRET_KEY)
		*out = MECH_LENGTH_ANY;
	else if (*out == 0)
		*out = usual_length(p->request.head.key_type, wrapped);
	return rv;
}

/* Zeros that filled the last block up, and nothing else: a longer cut, or one of anything else, would be a part of the key. */
static bool is_filling(struct span rest)
{
	uint8_t any = 0;

	for (size_t i = 0; i < rest.n; i++)
		any |= rest.p[i];
	return rest.n < 16 && any == 0;
}

static CK_RV give_secret(struct vault_scope *scope, const struct mech *mech, struct pending *p, struct span value)
{
	size_t length;
	CK_RV rv = wanted_length(p->request.template, &length);

	if (rv == CKR_OK && mech->impl->unwraps_padded && length != 0 && length < value.n && is_filling(span_skip(value, length)))
		value.n = length;
	if (rv == CKR_OK && ((length != 0 && length != value.n) || value.n == 0))
		rv = CKR_WRAPPED_KEY_LEN_RANGE;
	if (rv == CKR_OK && !object_secret_length(p->request.head.key_type, value.n))
		rv = CKR_WRAPPED_KEY_LEN_RANGE;
	if (rv == CKR_OK && mech_secret_sound(scope, p->request.head.key_type, value) != CKR_OK)
		rv = CKR_WRAPPED_KEY_INVALID;
	if (rv == CKR_OK)
		pending_give(p, CKA_VALUE, value);
	return rv;
}

static CK_RV build_unwrapped(struct vault_scope *scope, struct making *m)
{
	struct pending *p = &m->object[0];
	struct mech_call call = { .mech = m->mech, .params = m->params, .use = CKF_UNWRAP };
	struct key_view key;
	struct mspan room;
	size_t n = 0;
	CK_RV rv = key_open(scope, m->base, &key);

	if (rv == CKR_OK)
		rv = pending_length(p, m->wrapped.n, &n);
	if (rv != CKR_OK)
		return rv;
	if (cf_failed(vault_scope_alloc(scope, m->wrapped.n + 64, &room)))
		return CKR_DEVICE_MEMORY;
	call.key = &key;
	rv = m->mech->impl->unwrap(scope, &call, m->wrapped, room, &n);
	if (rv != CKR_OK)
		return rv;
	p->request.forced = key_view_part(&key, CKA_UNWRAP_TEMPLATE);
	if (p->request.head.class == CKO_PRIVATE_KEY)
		rv = give_private(scope, p, m->mech->impl->unwraps_padded ? without_zeros(span(room.p, n)) : span(room.p, n));
	else
		rv = give_secret(scope, m->mech, p, span(room.p, n));
	return rv == CKR_OK ? making_build(scope, m, p) : rv;
}

/* In a mode without authentication anybody's bytes are a key.  Which of them end in the zeros or in the padding of a last block, or
 * what a key of one byte signs, tells block by block what they are decrypted to, and so what was wrapped by another mode (S. Vaudenay,
 * EUROCRYPT 2002; R. Bardou et al., CRYPTO 2012). */
static CK_RV unwraps_genuine(const struct mech *mech)
{
	if (mech->impl->unwraps_genuine)
		return CKR_OK;
	return refuse(CKR_MECHANISM_INVALID, "a key that may wrap sensitive keys unwraps only by mechanisms that know a forgery (AES key wrap, "
					     "GCM, CCM); `allow-unsafe-wrapping = yes` in the configuration lifts that");
}

CK_RV keys_unwrap(const struct access *who, struct key *unwrapping, const struct mech *mech, const union mech_params *params,
		  struct span wrapped, struct template t, CK_OBJECT_HANDLE *out)
{
	AUTO_MAKING m = { .who = who, .build = build_unwrapped, .count = 1, .mech = mech, .params = params, .base = unwrapping,
			  .wrapped = wrapped };
	struct object_request *r = &m.object[0].request;
	CK_RV rv;

	if (wrapped.n == 0 || wrapped.n > WALLET_OBJECT_MAX)
		return CKR_WRAPPED_KEY_LEN_RANGE;
	token_standing(who->token, &m.standing);
	making_request(&m, &m.object[0], OBJECT_UNWRAP, t);
	rv = object_head(OBJECT_UNWRAP, t, CK_UNAVAILABLE_INFORMATION, CK_UNAVAILABLE_INFORMATION, 2 * wrapped.n + 2048, &r->head);
	if (rv == CKR_OK && r->head.class != CKO_SECRET_KEY && r->head.class != CKO_PRIVATE_KEY)
		rv = refuse(CKR_TEMPLATE_INCONSISTENT, "what is unwrapped is a secret or a private key");
	/* A key that may wrap what is sensitive must not hand it back in clear. */
	if (rv == CKR_OK && !who->token->config->allow_unsafe_wrapping && wrapping_is_safe(key_usage(unwrapping))) {
		r->stays_sensitive = true;
		rv = unwraps_genuine(mech);
	}
	return rv == CKR_OK ? making_one(&m, out) : rv;
}
