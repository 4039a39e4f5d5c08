/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C_WrapKey: what may leave the token, and under which key.
 *
 * The standard lets any key with CKA_WRAP take out any extractable key, however sensitive: also one whose value somebody
 * brought along, or one that decrypts as well (J. Clulow, "On the Security of PKCS #11", CHES 2003; Bortolozzo, Centenaro,
 * Focardi, Steel, "Attacking and Fixing PKCS#11 Security Tokens", CCS 2010).  So a sensitive key is wrapped only under a key that
 * the SO trusts, or under one that was made here, was never seen outside, cannot leave and does nothing else than to wrap
 * and to unwrap (object/change.c keeps it so), by a mechanism made for keys; and what such a key unwraps is sensitive again.  `allow-unsafe-wrapping = yes` gives the standard's freedom back.
 */
#include "base/error.h"
#include "ck/rv.h"
#include "object/keyinfo.h"
#include "token/make.h"

static CK_RV refuse(CK_RV rv, const char *why)
{
	cf_ignore(error_set(CF_STATUS(DENIED), "%s", why), "the return value is the answer");
	return rv;
}

/* A stream of which the caller chooses the start is the same for a key that he knows; one under a block mode can be cut. */
static bool is_sound(const struct object_usage *wrapping, const struct mech *mech)
{
	return wrapping->class == CKO_PUBLIC_KEY || mech->impl->wraps_soundly;
}

bool wrapping_is_safe(const struct object_usage *w)
{
	if (!w->wrap)
		return false;
	if (w->trusted)
		return true;
	/* In a mode that makes a key stream, whoever may encrypt may decrypt; the ciphertext of data that a derivation gives is no better. */
	return w->class == CKO_SECRET_KEY && w->local && w->always_sensitive && w->never_extractable && !w->encrypt && !w->decrypt &&
	       !w->sign && !w->derive;
}

struct wrap_work {
	const struct access *who;
	struct key *wrapping;
	const struct mech *mech;
	const union mech_params *params;
	struct mspan out; /* p NULL: how long will it be? */
	size_t n;
};

static CK_RV may_leave(const struct wrap_work *w, const struct key_view *wrapping, struct vault_scope *scope, struct attrs key)
{
	const struct object_usage *usage = key_usage(w->wrapping);
	struct span admitted = key_view_part(wrapping, CKA_WRAP_TEMPLATE);

	if (!attrs_bool(key, CKA_EXTRACTABLE, false))
		return CKR_KEY_UNEXTRACTABLE;
	if (attrs_bool(key, CKA_WRAP_WITH_TRUSTED, false) && !usage->trusted)
		return refuse(CKR_KEY_NOT_WRAPPABLE, "the key may be wrapped only by a key that the SO has marked as trusted");
	if (attrs_bool(key, CKA_SENSITIVE, true) && !w->who->token->config->allow_unsafe_wrapping &&
	    (!wrapping_is_safe(usage) || !is_sound(usage, w->mech)))
		return refuse(CKR_KEY_NOT_WRAPPABLE,
			      "a sensitive key is wrapped only by a key that the SO trusts, or that was generated here, cannot leave and "
			      "does nothing else, and by AES key wrap; `allow-unsafe-wrapping = yes` in the configuration lifts that");
	if (admitted.p != NULL && !object_admitted(scope, admitted, key))
		return refuse(CKR_KEY_HANDLE_INVALID, "the wrapping key's CKA_WRAP_TEMPLATE does not admit this key");
	return CKR_OK;
}

/* The bytes that are wrapped: a secret's value, or PrivateKeyInfo. */
static CK_RV material_of(struct vault_scope *scope, struct attrs key, struct span *out)
{
	CK_OBJECT_CLASS class = attrs_ulong(key, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	struct mspan room;

	if (class == CKO_SECRET_KEY)
		return attrs_find(key, CKA_VALUE, out) ? CKR_OK : CKR_DEVICE_ERROR;
	if (class != CKO_PRIVATE_KEY)
		return CKR_KEY_NOT_WRAPPABLE;
	if (cf_failed(vault_scope_alloc(scope, key.bytes.n + KEYINFO_OVERHEAD, &room)))
		return CKR_DEVICE_MEMORY;
	return keyinfo_write_private(scope, key, room, out) == CKR_OK ? CKR_OK : CKR_KEY_NOT_WRAPPABLE;
}

static CK_RV wrap_in(struct vault_scope *scope, struct attrs key, void *arg)
{
	struct wrap_work *w = arg;
	struct key_view wrapping;
	struct mech_call call = { .mech = w->mech, .params = w->params, .key = &wrapping, .use = CKF_WRAP };
	struct span material;
	size_t need;
	CK_RV rv;

	if (scope == NULL)
		return CKR_KEY_NOT_WRAPPABLE; /* a public key, a certificate */
	rv = key_open(scope, w->wrapping, &wrapping);
	if (rv == CKR_OK)
		rv = may_leave(w, &wrapping, scope, key);
	if (rv == CKR_OK)
		rv = material_of(scope, key, &material);
	if (rv == CKR_OK)
		rv = w->mech->impl->out_len(&call, material.n, &need);
	if (rv != CKR_OK)
		return rv;
	w->n = need;
	if (w->out.p == NULL)
		return CKR_OK;
	if (w->out.n < need)
		return CKR_BUFFER_TOO_SMALL;
	w->n = w->out.n;
	return w->mech->impl->wrap(scope, &call, material, w->out, &w->n);
}

CK_RV keys_wrap(const struct access *who, struct key *wrapping, const struct mech *mech, const union mech_params *params,
		CK_OBJECT_HANDLE object, struct mspan out_opt, size_t *n)
{
	AUTO_IMAGE image = IMAGE_INIT;
	struct wrap_work work = { who, wrapping, mech, params, out_opt, 0 };
	CK_RV rv = image_load(who->token, object, &image);

	if (rv == CKR_OBJECT_HANDLE_INVALID)
		return CKR_KEY_HANDLE_INVALID;
	if (rv == CKR_OK)
		rv = image_run(&image, wrap_in, &work);
	*n = work.n;
	return rv;
}
