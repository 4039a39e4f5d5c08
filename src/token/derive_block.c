/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C_DeriveKey where one block is cut into the keys of a connection: a MAC key and a cipher key of each side, all made or none, and
 * initialization vectors, which are public (PKCS#11 3.2, "Key and MAC derivation" of TLS 1.2).
 */
#include "base/error.h"
#include "object/input.h"
#include "token/make.h"

/* More than a secret key has. */
#define ATTRIBUTES_MAX 48

static const uint8_t on = 1, off = 0;

static CK_RV refuse(CK_RV rv, const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "%s", why), "the return value is the answer");
	return rv;
}

static struct span flag(bool value)
{
	return span(value ? &on : &off, 1);
}

/* What the template says of the cipher keys alone: a MAC key signs and verifies, and does nothing else. */
static bool of_cipher_keys(CK_ATTRIBUTE_TYPE type)
{
	static const CK_ATTRIBUTE_TYPE types[] = {
		CKA_KEY_TYPE, CKA_VALUE_LEN,	 CKA_ENCRYPT,	      CKA_DECRYPT,	  CKA_WRAP,	      CKA_UNWRAP,
		CKA_DERIVE,   CKA_SIGN,		 CKA_VERIFY,	      CKA_WRAP_TEMPLATE, CKA_UNWRAP_TEMPLATE, CKA_DERIVE_TEMPLATE,
		CKA_TRUSTED,  CKA_ALLOWED_MECHANISMS, CKA_WRAP_WITH_TRUSTED,
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i] == type)
			return true;
	return false;
}

static CK_RV mac_template(struct template t, CK_ATTRIBUTE room[ATTRIBUTES_MAX], struct template *out)
{
	CK_ULONG n = 0;

	for (CK_ULONG i = 0; i < t.count; i++) {
		if (of_cipher_keys(t.attr[i].type))
			continue;
		if (n == ATTRIBUTES_MAX)
			return CKR_TEMPLATE_INCONSISTENT;
		room[n++] = t.attr[i];
	}
	*out = (struct template){ room, n };
	return CKR_OK;
}

/* The base key's, which the template may repeat. */
static CK_RV inherit(struct pending *p, const struct object_usage *base)
{
	struct template t = p->request.template;
	bool sensitive, extractable;
	CK_RV rv = input_bool(t, CKA_SENSITIVE, base->sensitive, &sensitive);

	if (rv == CKR_OK)
		rv = input_bool(t, CKA_EXTRACTABLE, base->extractable, &extractable);
	if (rv == CKR_OK && (sensitive != base->sensitive || extractable != base->extractable))
		rv = refuse(CKR_TEMPLATE_INCONSISTENT, "the keys of a connection are as sensitive and extractable as the master secret");
	p->request.from_always_sensitive = base->always_sensitive;
	p->request.from_never_extractable = base->never_extractable;
	pending_give(p, CKA_SENSITIVE, flag(base->sensitive));
	pending_give(p, CKA_EXTRACTABLE, flag(base->extractable));
	return rv;
}

static void give_unless_said(struct pending *p, const CK_ATTRIBUTE_TYPE *types, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!template_has(p->request.template, types[i]))
			pending_give(p, types[i], flag(true));
}

static CK_RV request(struct making *m, struct template t, CK_KEY_TYPE type, size_t n, struct pending **out)
{
	struct pending *p = *out = &m->object[m->count++];
	CK_RV rv;

	making_request(m, p, OBJECT_DERIVE, t);
	rv = object_head(OBJECT_DERIVE, t, CKO_SECRET_KEY, type, n, &p->request.head);
	if (rv == CKR_OK)
		rv = making_allowed(m, &p->request.head);
	return rv == CKR_OK ? inherit(p, key_usage(m->base)) : rv;
}

/* Of either side. */
static CK_RV request_macs(struct making *m, struct template t)
{
	static const CK_ATTRIBUTE_TYPE uses[] = { CKA_SIGN, CKA_VERIFY };
	size_t n = m->params->tls.mac_key_n;
	struct pending *p;
	CK_RV rv = CKR_OK;

	for (size_t side = 0; n != 0 && side < 2 && rv == CKR_OK; side++) {
		rv = request(m, t, CKK_GENERIC_SECRET, n, &p);
		give_unless_said(p, uses, 2);
	}
	return rv;
}

static CK_RV request_keys(struct making *m, struct template t)
{
	static const CK_ATTRIBUTE_TYPE uses[] = { CKA_ENCRYPT, CKA_DECRYPT, CKA_DERIVE };
	CK_KEY_TYPE type = template_has(t, CKA_KEY_TYPE) ? CK_UNAVAILABLE_INFORMATION : CKK_GENERIC_SECRET;
	CK_ULONG length, n = m->params->tls.key_n;
	struct pending *p;
	CK_RV rv = template_ulong(t, CKA_VALUE_LEN, n, &length);

	if (rv == CKR_OK && length != n)
		rv = refuse(CKR_TEMPLATE_INCONSISTENT, "CKA_VALUE_LEN is not ulKeySizeInBits of the parameter");
	for (size_t side = 0; n != 0 && side < 2 && rv == CKR_OK; side++) {
		rv = request(m, t, type, n, &p);
		give_unless_said(p, uses, 3);
		if (rv == CKR_OK && !object_secret_length(p->request.head.key_type, n))
			rv = refuse(CKR_KEY_SIZE_RANGE, "keys of the template's type have no such length as the parameter says");
	}
	return rv;
}

static CK_RV build_block(struct vault_scope *scope, struct making *m)
{
	const struct mech_tls_params *p = &m->params->tls;
	struct mech_call call = { .mech = m->mech, .params = m->params };
	struct key_view base;
	struct mspan room;
	size_t n = 0, at = 0;
	CK_RV rv = key_open(scope, m->base, &base);

	if (rv == CKR_OK && cf_failed(vault_scope_alloc(scope, 2 * (p->mac_key_n + p->key_n + p->iv_n), &room)))
		rv = CKR_DEVICE_MEMORY;
	call.key = &base;
	if (rv == CKR_OK)
		rv = m->mech->impl->derive(scope, &call, NULL, room, &n);
	for (size_t i = 0; i < m->count && rv == CKR_OK; i++) {
		struct pending *key = &m->object[i];
		struct mspan value = mspan(room.p + at, at < 2 * p->mac_key_n ? p->mac_key_n : p->key_n);

		at += value.n;
		mech_set_parity(scope, key->request.head.key_type, value);
		pending_give(key, CKA_VALUE, span_const(value));
		key->request.forced = key_view_part(&base, CKA_DERIVE_TEMPLATE);
		rv = making_build(scope, m, key);
	}
	if (rv == CKR_OK)
		bytes_copy(m->ciphertext.p, room.p + at, m->ciphertext.n);
	return rv;
}

/* Whoever asks for other sizes gets other pieces of the same block as vectors, in clear: keys that he may not read. */
static CK_RV vectors_allowed(const struct making *m)
{
	if (m->params->tls.iv_n == 0 || key_may_be_read(m->base) || m->who->token->config->allow_unsafe_wrapping)
		return CKR_OK;
	return refuse(CKR_MECHANISM_PARAM_INVALID,
		      "the initialization vectors of a sensitive master secret could be pieces of its keys: make the keys with "
		      "CKM_TLS12_KEY_SAFE_DERIVE, or set `allow-unsafe-wrapping = yes` in the configuration");
}

static void give_back(const struct making *m)
{
	const struct mech_tls_params *p = &m->params->tls;
	size_t keys = p->mac_key_n != 0 ? 2 : 0;
	CK_SSL3_KEY_MAT_OUT out;

	bytes_copy(&out, p->made, sizeof(out));
	out.hClientMacSecret = keys != 0 ? m->object[0].handle : CK_INVALID_HANDLE;
	out.hServerMacSecret = keys != 0 ? m->object[1].handle : CK_INVALID_HANDLE;
	out.hClientKey = p->key_n != 0 ? m->object[keys].handle : CK_INVALID_HANDLE;
	out.hServerKey = p->key_n != 0 ? m->object[keys + 1].handle : CK_INVALID_HANDLE;
	bytes_copy(p->made, &out, sizeof(out));
	if (p->iv_n == 0)
		return;
	bytes_copy(out.pIVClient, m->ciphertext.p, p->iv_n);
	bytes_copy(out.pIVServer, m->ciphertext.p + p->iv_n, p->iv_n);
}

CK_RV keys_derive_block(const struct access *who, struct key *base, const struct mech *mech, const union mech_params *params,
			struct template t)
{
	AUTO_MAKING m = { .who = who, .build = build_block, .mech = mech, .params = params, .base = base };
	CK_ATTRIBUTE room[ATTRIBUTES_MAX];
	uint8_t vectors[2 * TLS_IV_MAX];
	struct template mac;
	CK_RV rv = mac_template(t, room, &mac);

	m.ciphertext = mspan(vectors, 2 * params->tls.iv_n);
	token_standing(who->token, &m.standing);
	if (rv == CKR_OK)
		rv = vectors_allowed(&m);
	if (rv == CKR_OK)
		rv = request_macs(&m, mac);
	if (rv == CKR_OK)
		rv = request_keys(&m, t);
	if (rv == CKR_OK)
		rv = making_finish(&m);
	if (rv == CKR_OK)
		give_back(&m);
	return rv;
}
