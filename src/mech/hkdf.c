/* SPDX-License-Identifier: Apache-2.0 */
/* HKDF (RFC 5869): keys and data. */
#include "base/error.h"
#include "mech/families.h"
#include "mech/hmac.h"

#define DIGEST_MAX 64

static CK_RV suits(const struct mech_call *call)
{
	CK_KEY_TYPE type = call->key->type;

	return type == CKK_HKDF || type == CKK_GENERIC_SECRET ? CKR_OK : CKR_KEY_TYPE_INCONSISTENT;
}

/* T(1) || T(2) || ... (§2.3) */
static CK_RV expand(struct vault_scope *scope, struct hmac_ctx_st *hmac, const struct hash *hash, struct span prk, struct span info,
		    struct mspan out)
{
	uint8_t block[DIGEST_MAX], number = 0;
	size_t previous = 0;

	while (out.n > 0) {
		const struct span parts[] = { span(block, previous), info, span(&number, 1) };
		size_t n = out.n < hash->size ? out.n : hash->size;
		CK_RV rv;

		number++;
		rv = hmac_of(scope, hmac, hash, prk, parts, 3, block);
		if (rv != CKR_OK)
			return rv;
		previous = hash->size;
		bytes_copy(out.p, block, n);
		out = mspan(out.p + n, out.n - n);
	}
	return CKR_OK;
}

/* The pseudorandom key; what is no extraction takes the base key for it. */
static CK_RV extract(struct vault_scope *scope, struct hmac_ctx_st *hmac, const struct mech_hkdf_params *p, struct span base,
		     const struct key_view *salt_key, uint8_t room[DIGEST_MAX], struct span *prk)
{
	static const uint8_t zeros[DIGEST_MAX];
	struct span salt = p->salt;
	CK_RV rv;

	*prk = base;
	if (!p->extract)
		return CKR_OK;
	if (p->salt_type == CKF_HKDF_SALT_NULL)
		salt = span(zeros, p->hash->size);
	else if (p->salt_type == CKF_HKDF_SALT_KEY)
		salt = salt_key == NULL ? SPAN_EMPTY : key_view_part(salt_key, CKA_VALUE);
	rv = hmac_of(scope, hmac, p->hash, salt, &base, 1, room);
	*prk = span(room, p->hash->size);
	return rv;
}

static CK_RV derive(struct vault_scope *scope, const struct mech_call *call, const struct key_view *other, struct mspan out,
		    size_t *n)
{
	const struct mech_hkdf_params *p = &call->params->hkdf;
	AUTO(hmac_ctx_st) hmac = hmac_new();
	uint8_t room[DIGEST_MAX];
	struct span prk;
	CK_RV rv = extract(scope, hmac, p, key_view_part(call->key, CKA_VALUE), other, room, &prk);

	if (*n == 0)
		*n = p->hash->size;
	if (*n > out.n || *n > (p->expand ? 255 * p->hash->size : p->hash->size) || (!p->expand && *n != p->hash->size))
		return CKR_KEY_SIZE_RANGE;
	/* RFC 5869 §2.3: a pseudorandom key of at least the hash's length. */
	if (rv == CKR_OK && p->expand && prk.n < p->hash->size)
		return CKR_KEY_SIZE_RANGE;
	if (rv == CKR_OK && p->expand)
		return expand(scope, hmac, p->hash, prk, p->info, mspan(out.p, *n));
	bytes_copy(out.p, prk.p, rv == CKR_OK ? *n : 0);
	return rv;
}

static CK_OBJECT_HANDLE salt_key(const union mech_params *params)
{
	return params->hkdf.salt_key;
}

const struct mech_impl mech_hkdf = {
	.state_kind = MECH_STATE_NONE,
	.suits = suits,
	.other_key = salt_key,
	.derive = derive,
};

const struct mech_impl mech_hkdf_data = {
	.state_kind = MECH_STATE_NONE,
	.suits = suits,
	.derives_data = true,
	.other_key = salt_key,
	.derive = derive,
};
