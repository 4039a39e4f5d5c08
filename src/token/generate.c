/* SPDX-License-Identifier: Apache-2.0 */
/* C_GenerateKey: a secret key is born in a scope and sealed there. */
#include "base/codec.h"
#include "base/error.h"
#include "token/make.h"

static CK_RV refuse(CK_RV rv, const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "%s", why), "the return value is the answer");
	return rv;
}

/* From the mechanism or from CKA_VALUE_LEN, which must not contradict it. */
static CK_RV wanted_length(const struct mech *mech, struct template t, size_t *out)
{
	CK_ULONG length = mech->impl->fixed_size;
	CK_RV rv = template_ulong(t, CKA_VALUE_LEN, length, &length);

	*out = length;
	if (rv != CKR_OK)
		return rv;
	if (length == 0 && !template_has(t, CKA_VALUE_LEN))
		return refuse(CKR_TEMPLATE_INCOMPLETE, "CKA_VALUE_LEN says how long the key will be, and is missing");
	if (length > mech->max_bits / 8 || length < (mech->min_bits + 7) / 8 || !object_secret_length(mech->key_type, length))
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "CKA_VALUE_LEN is no length that keys of this type have");
	return CKR_OK;
}

static CK_RV build_secret(struct vault_scope *scope, struct making *m)
{
	struct pending *p = &m->object[0];
	struct mech_call call = { .mech = m->mech, .params = m->params };
	uint8_t length[8];
	struct mspan room;
	size_t n;
	CK_RV rv = wanted_length(m->mech, p->request.template, &n);

	if (rv != CKR_OK)
		return rv;
	if (cf_failed(vault_scope_alloc(scope, n, &room)))
		return CKR_DEVICE_MEMORY;
	rv = m->mech->impl->generate(scope, &call, room);
	if (rv != CKR_OK)
		return rv;
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
	size_t n = 0;
	CK_RV rv;

	token_standing(who->token, &m.standing);
	making_request(&m, &m.object[0], OBJECT_GENERATE, t);
	r->gen_mechanism = mech->type;
	rv = object_head(OBJECT_GENERATE, t, CKO_SECRET_KEY, mech->key_type, 0, &r->head);
	if (rv == CKR_OK)
		rv = wanted_length(mech, t, &n);
	r->head.room += n + sizeof(uint64_t);
	if (rv == CKR_OK)
		rv = making_allowed(&m, &r->head);
	if (rv == CKR_OK)
		rv = making_finish(&m);
	if (rv == CKR_OK)
		*out = m.object[0].handle;
	return rv;
}
