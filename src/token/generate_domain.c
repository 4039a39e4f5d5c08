/* SPDX-License-Identifier: Apache-2.0 */
/* C_GenerateKey of domain parameters: what they are of is public, and so is the object unless the template says otherwise. */
#include "base/error.h"
#include "token/make.h"

/* A prime, a subprime and a base of a mechanism's largest size. */
static size_t domain_bytes(const struct mech *mech)
{
	return 3 * (mech->max_bits / 8);
}

static CK_RV build_domain(struct vault_scope *scope, struct making *m)
{
	struct pending *p = &m->object[0];
	struct key_view wanted = { .class = CKO_DOMAIN_PARAMETERS, .type = m->mech->key_type }, made;
	struct mspan room;
	CK_RV rv = template_ulong(p->request.template, CKA_PRIME_BITS, 0, &wanted.bits);

	if (rv == CKR_OK && !template_has(p->request.template, CKA_PRIME_BITS))
		rv = CKR_TEMPLATE_INCOMPLETE;
	if (rv == CKR_OK && cf_failed(vault_scope_alloc(scope, domain_bytes(m->mech), &room)))
		rv = CKR_DEVICE_MEMORY;
	if (rv == CKR_OK)
		rv = m->mech->impl->generate_domain(&wanted, room, &made);
	if (rv != CKR_OK)
		return rv;
	pending_give_parts(p, &made);
	return making_build(scope, m, p);
}

CK_RV keys_generate_domain(const struct access *who, const struct mech *mech, struct template t, CK_OBJECT_HANDLE *out)
{
	AUTO_MAKING m = { .who = who, .build = build_domain, .mech = mech, .count = 1 };
	struct object_request *r = &m.object[0].request;
	CK_RV rv;

	token_standing(who->token, &m.standing);
	making_request(&m, &m.object[0], OBJECT_GENERATE, t);
	rv = object_head(OBJECT_GENERATE, t, CKO_DOMAIN_PARAMETERS, mech->key_type, domain_bytes(mech), &r->head);
	return rv == CKR_OK ? making_one(&m, out) : rv;
}
