/* SPDX-License-Identifier: Apache-2.0 */
/* C_GenerateKey: a secret key is born in a scope and sealed there. */
#include "base/codec.h"
#include "base/error.h"
#include "ck/rv.h"
#include "token/make.h"

static CK_RV refuse(CK_RV rv, const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "%s", why), "the return value is the answer");
	return rv;
}

/* From the mechanism or from CKA_VALUE_LEN, which must not contradict it. */
static CK_RV wanted_length(const struct mech *mech, CK_KEY_TYPE type, struct template t, size_t *out)
{
	CK_ULONG length = mech->impl->fixed_size;
	CK_RV rv = template_ulong(t, CKA_VALUE_LEN, length, &length);

	*out = length;
	if (rv != CKR_OK)
		return rv;
	if (length == 0 && !template_has(t, CKA_VALUE_LEN))
		return refuse(CKR_TEMPLATE_INCOMPLETE, "CKA_VALUE_LEN says how long the key will be, and is missing");
	if (length > mech->max_bits / 8 || length < (mech->min_bits + 7) / 8 || !object_secret_length(type, length))
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "CKA_VALUE_LEN is no length that keys of this type have");
	return CKR_OK;
}

static CK_RV new_secret(struct vault_scope *scope, struct making *m, size_t n, struct mspan *out)
{
	struct mech_call call = { .mech = m->mech, .params = m->params, .use = CKF_GENERATE };

	if (cf_failed(vault_scope_alloc(scope, n, out)))
		return CKR_DEVICE_MEMORY;
	return m->mech->impl->generate(scope, &call, *out);
}

/* What takes long is made before a change of the wallet is begun, and waits sealed. */
static void make_early(struct vault_scope *scope, void *arg)
{
	struct making *m = arg;
	struct mspan room;
	size_t n = 0;

	m->rv = wanted_length(m->mech, m->object[0].request.head.key_type, m->object[0].request.template, &n);
	if (m->rv == CKR_OK)
		m->rv = new_secret(scope, m, n, &room);
	if (m->rv == CKR_OK)
		m->rv = rv_of(secret_seal(scope, span_const(room), &m->key));
}

static CK_RV run_early(struct making *m)
{
	CK_RV rv = m->mech->impl->prepare();

	if (rv == CKR_OK)
		rv = rv_of(vault_run(make_early, m));
	return rv == CKR_OK ? m->rv : rv;
}

static CK_RV open_early(struct vault_scope *scope, const struct making *m, struct mspan *out)
{
	if (cf_failed(vault_scope_alloc(scope, secret_size(m->key), out)))
		return CKR_DEVICE_MEMORY;
	return rv_of(secret_open(scope, m->key, *out));
}

static CK_RV build_secret(struct vault_scope *scope, struct making *m)
{
	struct pending *p = &m->object[0];
	uint8_t length[8];
	struct mspan room;
	size_t n;
	CK_RV rv = wanted_length(m->mech, p->request.head.key_type, p->request.template, &n);

	if (rv == CKR_OK)
		rv = m->key != NULL ? open_early(scope, m, &room) : new_secret(scope, m, n, &room);
	if (rv != CKR_OK)
		return rv;
	mech_set_parity(scope, p->request.head.key_type, room);
	pending_give(p, CKA_VALUE, span_const(room));
	/* Of a type with one length the template need not say it. */
	codec_put_u64(length, n);
	pending_give(p, CKA_VALUE_LEN, SPAN_OF(length));
	return making_build(scope, m, p);
}

CK_RV keys_generate(const struct access *who, const struct mech *mech, const union mech_params *params, struct template t,
		    CK_OBJECT_HANDLE *out)
{
	AUTO_MAKING m = { .who = who, .build = build_secret, .mech = mech, .params = params, .count = 1 };
	struct object_request *r = &m.object[0].request;
	CK_KEY_TYPE type = mech->key_type;
	size_t n = 0;
	CK_RV rv;

	if (type == KEYS_OF_SECRET) /* the template's, or none in particular */
		type = template_has(t, CKA_KEY_TYPE) ? CK_UNAVAILABLE_INFORMATION : CKK_GENERIC_SECRET;
	token_standing(who->token, &m.standing);
	making_request(&m, &m.object[0], OBJECT_GENERATE, t);
	r->gen_mechanism = mech->type;
	rv = object_head(OBJECT_GENERATE, t, CKO_SECRET_KEY, type, 0, &r->head);
	if (rv == CKR_OK)
		rv = wanted_length(mech, r->head.key_type, t, &n);
	r->head.room += n + sizeof(uint64_t);
	if (rv == CKR_OK)
		rv = making_allowed(&m, &r->head);
	if (rv == CKR_OK && mech->impl->prepare != NULL)
		rv = run_early(&m);
	if (rv == CKR_OK)
		rv = making_finish(&m);
	if (rv == CKR_OK)
		*out = m.object[0].handle;
	return rv;
}
