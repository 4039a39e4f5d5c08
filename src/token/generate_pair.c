/* SPDX-License-Identifier: Apache-2.0 */
/* C_GenerateKeyPair: both halves are made in one scope, and kept together or not at all. */
#include "base/codec.h"
#include "ck/rv.h"
#include "token/make.h"
#include "token/policy.h"

/* How many bytes of values we may put in: no more than an RSA key of 16384 bits, or a Diffie-Hellman one of 8192, needs.  For all parts of a
 * key with a parameter set object_head() has room, as any of them may be computed. */
static size_t generated_bytes(CK_KEY_TYPE type)
{
	if (parameter_set_applies(type))
		return 0;
	return (size_t)1024 * (type == CKK_RSA ? 16 : type == CKK_DH ? 4 : 1);
}

/* What the templates ask of the new pair: a size, a curve, a group. */
static CK_RV wanted_pair(const struct making *m, struct key_view *out)
{
	struct template t = m->object[0].request.template;
	const struct curve *curve;
	CK_RV rv;

	out->type = m->mech->key_type;
	pending_parts(&m->object[0], out);
	if (out->type == CKK_RSA)
		return template_has(t, CKA_MODULUS_BITS) ? template_ulong(t, CKA_MODULUS_BITS, 0, &out->bits) :
							   CKR_TEMPLATE_INCOMPLETE;
	if (out->type == CKK_DH) {
		out->bits = object_bits(key_view_part(out, CKA_PRIME));
		return template_has(t, CKA_PRIME) && template_has(t, CKA_BASE) ?
			       template_ulong(m->object[1].request.template, CKA_VALUE_BITS, 0, &out->value_bits) :
			       CKR_TEMPLATE_INCOMPLETE;
	}
	if (parameter_set_applies(out->type)) {
		rv = template_ulong(t, CKA_PARAMETER_SET, 0, &out->parameter_set);
		if (rv != CKR_OK || !template_has(t, CKA_PARAMETER_SET))
			return rv != CKR_OK ? rv : CKR_TEMPLATE_INCOMPLETE;
		return parameter_set_find(out->type, out->parameter_set) != NULL ? CKR_OK : CKR_PARAMETER_SET_NOT_SUPPORTED;
	}
	if (!template_has(t, CKA_EC_PARAMS))
		return CKR_TEMPLATE_INCOMPLETE;
	rv = object_curve_check(out->type, key_view_part(out, CKA_EC_PARAMS), &curve);
	out->bits = curve != NULL ? curve->bits : 0;
	return rv;
}

static CK_RV new_pair(struct vault_scope *scope, const struct making *m, struct key_view key[2])
{
	struct mech_call call = { .mech = m->mech, .params = m->params, .use = CKF_GENERATE_KEY_PAIR };

	return m->mech->impl->generate_pair(scope, &call, m->wanted, &key[0], &key[1]);
}

/* A pair that takes long is made before a change of the wallet is begun, and waits sealed: it is all in its private half. */
static void make_early(struct vault_scope *scope, void *arg)
{
	struct making *m = arg;
	struct attrs_writer w = { .failed = CKR_OK };
	struct key_view key[2];

	m->rv = new_pair(scope, m, key);
	if (m->rv == CKR_OK && cf_failed(vault_scope_alloc(scope, generated_bytes(m->mech->key_type), &w.room)))
		m->rv = CKR_DEVICE_MEMORY;
	for (size_t i = 0; m->rv == CKR_OK && i < key[1].parts; i++)
		attrs_write(&w, key[1].part[i].type, key[1].part[i].value);
	if (m->rv == CKR_OK)
		m->rv = w.failed;
	if (m->rv == CKR_OK)
		m->rv = rv_of(secret_seal(scope, attrs_written(&w).bytes, &m->key));
}

static CK_RV run_early(struct making *m)
{
	CK_RV rv = m->mech->impl->prepare();

	if (rv == CKR_OK)
		rv = rv_of(vault_run(make_early, m));
	return rv == CKR_OK ? m->rv : rv;
}

static CK_RV open_early(struct vault_scope *scope, const struct making *m, struct key_view key[2])
{
	struct attrs_cursor cursor = { 0 };
	struct mspan room;
	struct attr at;
	CK_RV rv;

	if (cf_failed(vault_scope_alloc(scope, secret_size(m->key), &room)))
		return CKR_DEVICE_MEMORY;
	rv = rv_of(secret_open(scope, m->key, room));
	key[0].parts = key[1].parts = 0;
	while (rv == CKR_OK && attrs_next((struct attrs){ span_const(room) }, &cursor, &at)) {
		struct key_part part = { at.type, at.value };

		key[1].part[key[1].parts++] = part;
		if (at.type == CKA_MODULUS || at.type == CKA_PUBLIC_EXPONENT || at.type == CKA_EC_POINT)
			key[0].part[key[0].parts++] = part;
	}
	return rv;
}

static CK_RV build_generated(struct vault_scope *scope, struct making *m)
{
	struct key_view key[2];
	CK_RV rv = m->key != NULL ? open_early(scope, m, key) : new_pair(scope, m, key);
	struct span curve = key_view_part(m->wanted, CKA_EC_PARAMS);
	uint8_t set[8];

	codec_put_u64(set, m->wanted->parameter_set);
	for (size_t i = 0; i < 2 && rv == CKR_OK; i++) {
		struct pending *p = &m->object[i];

		if (i == 1 && curve.n != 0)
			pending_give(p, CKA_EC_PARAMS, curve);
		if (i == 1 && m->wanted->parameter_set != 0)
			pending_give(p, CKA_PARAMETER_SET, SPAN_OF(set));
		pending_give_parts(p, &key[i]);
		rv = making_build(scope, m, p);
	}
	return rv;
}

static CK_RV generate_head(struct making *m, size_t which, struct template t, CK_OBJECT_CLASS class)
{
	struct pending *p = &m->object[which];
	CK_RV rv;

	making_request(m, p, OBJECT_GENERATE, t);
	p->request.gen_mechanism = m->mech->type;
	rv = object_head(OBJECT_GENERATE, t, class, m->mech->key_type, generated_bytes(m->mech->key_type), &p->request.head);
	return rv == CKR_OK ? making_allowed(m, &p->request.head) : rv;
}

/* That keys can be made of this size, curve or group is known before anything is made; what was looked at is what is made. */
static CK_RV check_domain(const struct making *m, struct key_view *wanted)
{
	CK_RV rv = wanted_pair(m, wanted);

	if (rv == CKR_OK && wanted->type == CKK_RSA)
		rv = token_permits_rsa(m->who->token, wanted->bits);
	return rv == CKR_OK && m->mech->impl->check_domain != NULL ? m->mech->impl->check_domain(wanted) : rv;
}

CK_RV keys_generate_pair(const struct access *who, const struct mech *mech, const union mech_params *params,
			 struct template public_t, struct template private_t, CK_OBJECT_HANDLE *public_out,
			 CK_OBJECT_HANDLE *private_out)
{
	struct key_view wanted = { .class = CKO_PUBLIC_KEY };
	AUTO_MAKING m = { .who = who, .build = build_generated, .mech = mech, .params = params, .count = 2, .wanted = &wanted };
	CK_RV rv;

	token_standing(who->token, &m.standing);
	rv = generate_head(&m, 0, public_t, CKO_PUBLIC_KEY);
	if (rv == CKR_OK)
		rv = generate_head(&m, 1, private_t, CKO_PRIVATE_KEY);
	if (rv == CKR_OK)
		rv = check_domain(&m, &wanted);
	if (rv == CKR_OK && mech->impl->prepare != NULL)
		rv = run_early(&m);
	if (rv == CKR_OK)
		rv = making_finish(&m);
	if (rv != CKR_OK)
		return rv;
	*public_out = m.object[0].handle;
	*private_out = m.object[1].handle;
	return CKR_OK;
}
