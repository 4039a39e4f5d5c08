/* SPDX-License-Identifier: Apache-2.0 */
/* C_EncapsulateKey and C_DecapsulateKey (PKCS#11 3.2): a secret key out of a public key, and again out of the ciphertext. */
#include "base/error.h"
#include "token/make.h"

static CK_RV refuse(const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "%s", why), "the return value is the answer");
	return CKR_TEMPLATE_INCONSISTENT;
}

/* The same secret on both sides becomes the same key, or none. */
static CK_RV give(struct vault_scope *scope, struct pending *p, struct mspan secret)
{
	CK_KEY_TYPE type = p->request.head.key_type;
	CK_ULONG wanted = secret.n;
	CK_RV rv = template_ulong(p->request.template, CKA_VALUE_LEN, secret.n, &wanted);

	if (rv != CKR_OK)
		return rv;
	if (wanted != secret.n)
		return refuse("the mechanism makes no secret of as many bytes as CKA_VALUE_LEN says");
	if (!object_secret_length(type, secret.n))
		return refuse("the mechanism makes no secret of a length that keys of this type have; CKA_VALUE_LEN may help");
	mech_set_parity(scope, type, secret);
	pending_give(p, CKA_VALUE, span_const(secret));
	return CKR_OK;
}

static CK_RV run(struct vault_scope *scope, const struct making *m, const struct mech_call *call, struct mspan secret, size_t *n)
{
	const struct mech_impl *impl = m->mech->impl;

	if (call->use == CKF_ENCAPSULATE)
		return impl->encapsulate(scope, call, m->ciphertext, secret, n);
	return impl->decapsulate(scope, call, m->wrapped, secret, n);
}

static CK_RV build_secret(struct vault_scope *scope, struct making *m)
{
	struct pending *p = &m->object[0];
	struct key_view key;
	struct mech_call call = { .mech = m->mech, .params = m->params, .key = &key };
	struct mspan room;
	size_t n;
	CK_RV rv = key_open(scope, m->base, &key);

	call.use = m->ciphertext.p != NULL ? CKF_ENCAPSULATE : CKF_DECAPSULATE;
	if (rv == CKR_OK)
		rv = pending_length(p, m->wrapped.n, &n);
	if (rv != CKR_OK)
		return rv;
	if (cf_failed(vault_scope_alloc(scope, MECH_SECRET_MAX, &room)))
		return CKR_DEVICE_MEMORY;
	rv = run(scope, m, &call, room, &n);
	if (rv == CKR_OK)
		rv = give(scope, p, mspan(room.p, n));
	/* One of them at most is among a key's attributes. */
	p->request.admitted = key_view_part(&key, CKA_ENCAPSULATE_TEMPLATE);
	p->request.forced = key_view_part(&key, CKA_DECAPSULATE_TEMPLATE);
	return rv == CKR_OK ? making_build(scope, m, p) : rv;
}

/* What is made is as one that was derived, but that nothing is known of what it was before (§5.18.8, §5.18.9). */
static CK_RV finish(struct making *m, struct template t, CK_OBJECT_HANDLE *out)
{
	CK_KEY_TYPE type = template_has(t, CKA_KEY_TYPE) ? CK_UNAVAILABLE_INFORMATION : CKK_GENERIC_SECRET;
	CK_RV rv;

	token_standing(m->who->token, &m->standing);
	making_request(m, &m->object[0], OBJECT_DERIVE, t);
	rv = object_head(OBJECT_DERIVE, t, CKO_SECRET_KEY, type, MECH_SECRET_MAX, &m->object[0].request.head);
	return rv == CKR_OK ? making_one(m, out) : rv;
}

CK_RV keys_encapsulate(const struct access *who, struct key *base, const struct mech *mech, const union mech_params *params,
		       struct template t, struct mspan ciphertext, CK_OBJECT_HANDLE *out)
{
	AUTO_MAKING m = { .who = who, .build = build_secret, .count = 1, .mech = mech, .params = params, .base = base,
			  .ciphertext = ciphertext };

	return finish(&m, t, out);
}

CK_RV keys_decapsulate(const struct access *who, struct key *base, const struct mech *mech, const union mech_params *params,
		       struct span ciphertext, struct template t, CK_OBJECT_HANDLE *out)
{
	AUTO_MAKING m = { .who = who, .build = build_secret, .count = 1, .mech = mech, .params = params, .base = base,
			  .wrapped = ciphertext };

	if (ciphertext.n == 0 || ciphertext.n > WALLET_OBJECT_MAX)
		return CKR_WRAPPED_KEY_LEN_RANGE;
	return finish(&m, t, out);
}
