/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "mech/dh.h"

#include <openssl/dh.h>
#include <openssl/objects.h>

#include "base/error.h"
#include "mech/families.h"
#include "mech/ossl_auto.h"
#include "mech/params.h"

AUTO_DEFINE(dh_st, DH_free)

static CK_RV refuse(CK_RV rv, const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "the Diffie-Hellman key %s", why), "the return value is the answer");
	return rv;
}

static struct span stripped(struct span number)
{
	while (number.n != 0 && number.p[0] == 0)
		number = span_skip(number, 1);
	return number;
}

static BIGNUM *number_of(struct span bytes)
{
	return bytes.n > DH_BYTES_MAX ? NULL : bignum_of(bytes);
}

/* 1 < v < p - 1 */
static bool in_range(const BIGNUM *v, const BIGNUM *p)
{
	AUTO(bignum_st) top = BN_dup(p);

	return top != NULL && BN_sub_word(top, 1) == 1 && BN_cmp(v, BN_value_one()) > 0 && BN_cmp(v, top) < 0;
}

/* NULL when there is no memory, or a number is too large to be one of a group. */
static DH *dh_of(const struct key_view *key)
{
	AUTO(dh_st) dh = DH_new();
	AUTO(bignum_st) p = number_of(stripped(key_view_part(key, CKA_PRIME)));
	AUTO(bignum_st) g = number_of(stripped(key_view_part(key, CKA_BASE)));

	if (dh == NULL || p == NULL || g == NULL || DH_set0_pqg(dh, p, NULL, g) != 1)
		return NULL;
	(void)TAKE(p);
	(void)TAKE(g);
	return TAKE(dh);
}

static bool is_safe_prime(const BIGNUM *p)
{
	AUTO(bignum_ctx) context = BN_CTX_new();
	AUTO(bignum_st) half = BN_new();

	return context != NULL && half != NULL && BN_is_odd(p) && BN_rshift1(half, p) == 1 &&
	       BN_check_prime(half, context, NULL) == 1 && BN_check_prime(p, context, NULL) == 1;
}

static CK_RV check_group(const DH *dh)
{
	const BIGNUM *p = dh == NULL ? NULL : DH_get0_p(dh);
	int bits = p == NULL ? 0 : BN_num_bits(p);

	if (dh == NULL)
		return refuse(CKR_DOMAIN_PARAMS_INVALID, "has a prime or a base of more than 8192 bits");
	if (bits < DH_BITS_MIN || bits > DH_BITS_MAX)
		return refuse(CKR_DOMAIN_PARAMS_INVALID, "has a prime of less than 2048 or more than 8192 bits");
	if (!in_range(DH_get0_g(dh), p))
		return refuse(CKR_DOMAIN_PARAMS_INVALID, "has a base that is not between 1 and the prime less 1");
	if (DH_get_nid(dh) != NID_undef)
		return CKR_OK;
	if (bits > DH_UNKNOWN_BITS_MAX)
		return refuse(CKR_DOMAIN_PARAMS_INVALID, "has a prime of more than 4096 bits that is none of RFC 3526 or RFC 7919");
	return is_safe_prime(p) ? CKR_OK : refuse(CKR_DOMAIN_PARAMS_INVALID, "has a prime that is no safe prime");
}

static CK_RV check_domain(const struct key_view *wanted)
{
	AUTO(dh_st) dh = dh_of(wanted);

	return check_group(dh);
}

/* ---- keys that come from outside ---- */

CK_RV dh_complete(struct vault_scope *scope, const struct key_view *given, struct key_view *out)
{
	AUTO(dh_st) dh = dh_of(given);
	AUTO(bignum_st) value = number_of(stripped(key_view_part(given, CKA_VALUE)));
	CK_RV rv;

	(void)scope;
	for (size_t i = 0; i < given->parts; i++)
		out->part[out->parts++] = (struct key_part){ given->part[i].type, stripped(given->part[i].value) };
	if (key_view_part(given, CKA_PRIME).p == NULL || key_view_part(given, CKA_BASE).p == NULL ||
	    key_view_part(given, CKA_VALUE).p == NULL)
		return CKR_OK; /* object/ says which is missing */
	rv = check_group(dh);
	if (rv != CKR_OK)
		return rv;
	if (value == NULL || !in_range(value, DH_get0_p(dh)))
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "has a value that is not between 1 and the prime less 1");
	return CKR_OK;
}

/* ---- domain parameters ---- */

/* RFC 7919 has a group of each size, whose prime everybody can check: a new one would be no better, and nobody's to trust. */
static CK_RV group_of_size(const struct key_view *wanted, struct mspan room, struct key_view *out)
{
	static const struct {
		CK_ULONG bits;
		int nid;
	} groups[] = {
		{ 2048, NID_ffdhe2048 }, { 3072, NID_ffdhe3072 }, { 4096, NID_ffdhe4096 }, { 6144, NID_ffdhe6144 }, { 8192, NID_ffdhe8192 },
	};
	AUTO(dh_st) dh = NULL;

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (groups[i].bits == wanted->bits)
			dh = DH_new_by_nid(groups[i].nid);
	if (dh == NULL)
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "would be of a group of no size that RFC 7919 has: 2048, 3072, 4096, 6144, 8192 bits");
	*out = (struct key_view){ .class = CKO_DOMAIN_PARAMETERS, .type = CKK_DH, .bits = wanted->bits };
	return bignum_put(&room, out, CKA_PRIME, DH_get0_p(dh)) && bignum_put(&room, out, CKA_BASE, DH_get0_g(dh)) ? CKR_OK :
														     CKR_GENERAL_ERROR;
}

/* ---- generation ---- */

/* Twice the group's strength, so that the private value is no easier to find than the group allows; less than the prime. */
static bool bits_fit(CK_ULONG bits, const BIGNUM *p)
{
	CK_ULONG most = (CK_ULONG)BN_num_bits(p) - 1;

	return bits >= 2 * (CK_ULONG)BN_security_bits(BN_num_bits(p), -1) && bits <= most;
}

/* The group was looked at by check_domain. */
static CK_RV generate(struct vault_scope *scope, const struct mech_call *call, const struct key_view *wanted,
		      struct key_view *public_key, struct key_view *private_key)
{
	AUTO(dh_st) dh = dh_of(wanted);
	struct mspan room;

	(void)call;
	if (dh == NULL)
		return CKR_DOMAIN_PARAMS_INVALID;
	if (wanted->value_bits != 0 && !bits_fit(wanted->value_bits, DH_get0_p(dh)))
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "would have a private value that is too short for its prime, or too long");
	if (cf_failed(vault_scope_alloc(scope, 4 * DH_BYTES_MAX, &room)))
		return CKR_DEVICE_MEMORY;
	if (wanted->value_bits != 0 && DH_set_length(dh, (long)wanted->value_bits) != 1)
		return CKR_FUNCTION_FAILED;
	if (DH_generate_key(dh) != 1)
		return CKR_FUNCTION_FAILED;
	*public_key = (struct key_view){ .class = CKO_PUBLIC_KEY, .type = CKK_DH, .bits = wanted->bits };
	*private_key = (struct key_view){ .class = CKO_PRIVATE_KEY, .type = CKK_DH, .bits = wanted->bits };
	if (!bignum_put(&room, public_key, CKA_VALUE, DH_get0_pub_key(dh)) ||
	    !bignum_put(&room, private_key, CKA_VALUE, DH_get0_priv_key(dh)) ||
	    !bignum_put(&room, private_key, CKA_PRIME, DH_get0_p(dh)) || !bignum_put(&room, private_key, CKA_BASE, DH_get0_g(dh)))
		return CKR_FUNCTION_FAILED;
	public_key->part[public_key->parts++] = private_key->part[1];
	public_key->part[public_key->parts++] = private_key->part[2];
	return CKR_OK;
}

/* ---- agreement ---- */

/* The other party's public value; none where it is the ciphertext of a key encapsulation. */
CK_RV params_dh(const CK_MECHANISM *given, union mech_params *out)
{
	struct span peer = given->pParameter == NULL || given->ulParameterLen > 2 * DH_BYTES_MAX ?
				   SPAN_EMPTY :
				   stripped(span(given->pParameter, given->ulParameterLen));

	out->data.data = peer;
	return peer.n != 0 || given->ulParameterLen == 0 ? CKR_OK : params_invalid("is no public value");
}

static CK_RV suits(const struct mech_call *call)
{
	bool encapsulates = (call->use & (CKF_ENCAPSULATE | CKF_DECAPSULATE)) != 0;

	if (encapsulates == (call->params->data.data.n == 0))
		return CKR_OK;
	return params_invalid(encapsulates ? "must be empty: the ciphertext is the public value" : "is no public value");
}

static CK_RV agree(struct vault_scope *scope, const struct key_view *key, struct span peer, struct mspan out, size_t *n)
{
	AUTO(dh_st) dh = dh_of(key);
	AUTO(bignum_st) x = number_of(key_view_part(key, CKA_VALUE));
	AUTO(bignum_st) y = number_of(peer);
	struct mspan z;
	int length;

	if (dh == NULL || x == NULL)
		return CKR_GENERAL_ERROR;
	if (y == NULL || !in_range(y, DH_get0_p(dh)))
		return params_invalid("is no public value of the key's group");
	if (cf_failed(vault_scope_alloc(scope, (size_t)DH_size(dh), &z)))
		return CKR_DEVICE_MEMORY;
	if (DH_set0_key(dh, NULL, x) != 1)
		return CKR_FUNCTION_FAILED;
	(void)TAKE(x);
	/* As long as the prime, whatever zeros it begins with (PKCS #3 §8.3). */
	length = DH_compute_key_padded(z.p, y, dh);
	if (length <= 0)
		return CKR_FUNCTION_FAILED;
	return agreed_cut(span(z.p, (size_t)length), out, n);
}

static CK_RV derive(struct vault_scope *scope, const struct mech_call *call, const struct key_view *other, struct mspan out,
		    size_t *n)
{
	(void)other;
	return agree(scope, call->key, call->params->data.data, out, n);
}

/* ---- key encapsulation: the public half of a pair that is made for one key is the ciphertext ---- */

static CK_RV out_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	(void)in_len;
	*out = (call->key->bits + 7) / 8;
	return CKR_OK;
}

static CK_RV encapsulate(struct vault_scope *scope, const struct mech_call *call, struct mspan ciphertext, struct mspan secret, size_t *n)
{
	struct key_view wanted = *call->key, pub, priv;
	struct span value;
	CK_RV rv;

	wanted.value_bits = 0;
	rv = generate(scope, call, &wanted, &pub, &priv);
	if (rv != CKR_OK)
		return rv;
	value = key_view_part(&pub, CKA_VALUE);
	if (value.n > ciphertext.n)
		return CKR_GENERAL_ERROR;
	memset(ciphertext.p, 0, ciphertext.n - value.n); /* as long as the prime */
	bytes_copy(ciphertext.p + ciphertext.n - value.n, value.p, value.n);
	*n = agreed_length(*n);
	rv = agree(scope, &priv, key_view_part(call->key, CKA_VALUE), secret, n);
	return rv == CKR_MECHANISM_PARAM_INVALID ? CKR_FUNCTION_FAILED : rv;
}

static CK_RV decapsulate(struct vault_scope *scope, const struct mech_call *call, struct span ciphertext, struct mspan secret, size_t *n)
{
	CK_RV rv;

	if (ciphertext.n > 2 * DH_BYTES_MAX)
		return CKR_WRAPPED_KEY_LEN_RANGE;
	*n = agreed_length(*n);
	rv = agree(scope, call->key, stripped(ciphertext), secret, n);
	return rv == CKR_MECHANISM_PARAM_INVALID ? CKR_WRAPPED_KEY_INVALID : rv;
}

const struct mech_impl mech_dh_group = { .state_kind = MECH_STATE_NONE, .generate_domain = group_of_size };

const struct mech_impl mech_dh_generate = {
	.state_kind = MECH_STATE_NONE,
	.check_domain = check_domain,
	.generate_pair = generate,
};

const struct mech_impl mech_dh = {
	.state_kind = MECH_STATE_NONE,
	.suits = suits,
	.derive = derive,
	.out_len = out_len,
	.encapsulate = encapsulate,
	.decapsulate = decapsulate,
};
