/* SPDX-License-Identifier: Apache-2.0 */
/* CKM_PUB_KEY_FROM_PRIV_KEY: the public key object of a private one ("Public key from private key"). */
#include "ck/rv.h"
#include "object/keyinfo.h"
#include "token/make.h"

static CK_RV type_in(struct vault_scope *scope, struct attrs key, void *arg)
{
	(void)scope;
	if (attrs_ulong(key, CKA_CLASS, CK_UNAVAILABLE_INFORMATION) != CKO_PRIVATE_KEY)
		return CKR_KEY_TYPE_INCONSISTENT;
	*(CK_KEY_TYPE *)arg = attrs_ulong(key, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
	/* Its public value is not kept with it. */
	return *(CK_KEY_TYPE *)arg == CKK_DH ? CKR_KEY_TYPE_INCONSISTENT : CKR_OK;
}

/* What is the public key's, and what it takes over unless the template says otherwise. */
static const struct {
	CK_ATTRIBUTE_TYPE from, to;
	bool always;
} taken[] = {
	{ CKA_MODULUS, CKA_MODULUS, true },
	{ CKA_PUBLIC_EXPONENT, CKA_PUBLIC_EXPONENT, true },
	{ CKA_EC_PARAMS, CKA_EC_PARAMS, true },
	{ CKA_PARAMETER_SET, CKA_PARAMETER_SET, true },
	{ CKA_EC_POINT, CKA_EC_POINT, true },
	{ CKA_KEY_GEN_MECHANISM, CKA_KEY_GEN_MECHANISM, true },
	{ CKA_DECRYPT, CKA_ENCRYPT, false },
	{ CKA_SIGN, CKA_VERIFY, false },
	{ CKA_SIGN_RECOVER, CKA_VERIFY_RECOVER, false },
	{ CKA_UNWRAP, CKA_WRAP, false },
	{ CKA_DECAPSULATE, CKA_ENCAPSULATE, false },
	{ CKA_DERIVE, CKA_DERIVE, false },
	{ CKA_ID, CKA_ID, false },
	{ CKA_START_DATE, CKA_START_DATE, false },
	{ CKA_END_DATE, CKA_END_DATE, false },
	{ CKA_SUBJECT, CKA_SUBJECT, false },
	{ CKA_ALLOWED_MECHANISMS, CKA_ALLOWED_MECHANISMS, false },
};

/* The public key of a type whose private objects keep it as CKA_PUBLIC_KEY_INFO only. */
static CK_RV give_public_value(struct vault_scope *scope, struct pending *p, struct attrs key)
{
	struct attrs_writer w = { .failed = CKR_OK };
	struct span info, value;
	CK_RV rv;

	if (!parameter_set_applies(p->request.head.key_type))
		return CKR_OK;
	if (!attrs_find(key, CKA_PUBLIC_KEY_INFO, &info))
		return CKR_DEVICE_ERROR;
	if (cf_failed(vault_scope_alloc(scope, info.n + KEYINFO_OVERHEAD, &w.room)))
		return CKR_DEVICE_MEMORY;
	rv = keyinfo_read_public(info, &w);
	if (rv != CKR_OK || !attrs_find(attrs_written(&w), CKA_VALUE, &value))
		return CKR_DEVICE_ERROR;
	pending_give(p, CKA_VALUE, value);
	return CKR_OK;
}

static CK_RV build_public(struct vault_scope *scope, struct making *m)
{
	struct pending *p = &m->object[0];
	struct attrs key;
	CK_RV rv = image_open(scope, m->source, &key);

	for (size_t i = 0; rv == CKR_OK && i < sizeof(taken) / sizeof(taken[0]); i++) {
		struct span value;

		if (attrs_find(key, taken[i].from, &value) && (taken[i].always || !template_has(p->request.template, taken[i].to)))
			pending_give(p, taken[i].to, value);
	}
	if (rv == CKR_OK)
		rv = give_public_value(scope, p, key);
	return rv == CKR_OK ? making_build(scope, m, p) : rv;
}

static size_t key_size(const struct image *i)
{
	return i->sealed != NULL ? secret_size(i->sealed) : i->row.body.n;
}

CK_RV keys_public_half(const struct access *who, CK_OBJECT_HANDLE private_key, struct template t, CK_OBJECT_HANDLE *out)
{
	AUTO_IMAGE image = IMAGE_INIT;
	AUTO_MAKING m = { .who = who, .build = build_public, .count = 1, .source = &image };
	struct object_request *r = &m.object[0].request;
	CK_KEY_TYPE type;
	CK_RV rv = image_load(who->token, private_key, &image);

	if (rv == CKR_OBJECT_HANDLE_INVALID)
		return CKR_KEY_HANDLE_INVALID;
	if (rv == CKR_OK)
		rv = image_run(&image, type_in, &type);
	if (rv == CKR_OK && !image.is_sealed)
		rv = CKR_KEY_TYPE_INCONSISTENT;
	if (rv != CKR_OK)
		return rv;
	token_standing(who->token, &m.standing);
	making_request(&m, &m.object[0], OBJECT_DERIVE, t);
	rv = object_head(OBJECT_DERIVE, t, CKO_PUBLIC_KEY, type, key_size(&image) + 1024, &r->head);
	return rv == CKR_OK ? making_one(&m, out) : rv;
}
