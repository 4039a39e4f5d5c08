/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "mech/ec.h"

#include <openssl/objects.h>

#include "base/der.h"
#include "base/error.h"
#include "mech/families.h"
#include "mech/hashes.h"
#include "mech/ossl_auto.h"
#include "mech/rfc6979.h"
#include "mech/secp256k1.h"

#define CURVES_MAX 24

AUTO_DEFINE(ec_key_st, EC_KEY_free)
AUTO_DEFINE(ECDSA_SIG_st, ECDSA_SIG_free)

/* By the curve's place in the table. */
static EC_GROUP *groups[CURVES_MAX];
/* The one whose private keys are another library's: OpenSSL only reads its points, in whatever encoding. */
static const struct curve *k1;
/* The configuration's; set before anything is signed. */
static bool deterministic;

CK_RV ec_open(void)
{
	for (size_t i = 0; i < curve_count() && i < CURVES_MAX; i++) {
		const struct curve *c = curve_at(i);

		if (c->key_type != CKK_EC)
			continue;
		groups[i] = EC_GROUP_new_by_curve_name_ex(ossl_context(), NULL, OBJ_sn2nid(c->library));
		if (groups[i] == NULL)
			return CKR_GENERAL_ERROR;
		if (strcmp(c->library, "secp256k1") == 0)
			k1 = c;
	}
	return k1_open();
}

void ec_close(void)
{
	k1_close();
	for (size_t i = 0; i < CURVES_MAX; i++) {
		EC_GROUP_free(groups[i]);
		groups[i] = NULL;
	}
}

CK_RV mech_deterministic_ecdsa(bool on)
{
	deterministic = on;
	if (!on || rfc6979_available())
		return CKR_OK;
	cf_ignore(error_set(CF_STATUS(UNSUPPORTED), "deterministic-ecdsa = yes needs OpenSSL 3.2 or later, and this one is %s",
			    OpenSSL_version(OPENSSL_VERSION_STRING)),
		  "the return value is the answer");
	return CKR_FUNCTION_FAILED;
}

static const EC_GROUP *group_of(const struct curve *curve)
{
	return groups[curve - curve_at(0)];
}

const struct curve *ec_curve(const struct key_view *key)
{
	const struct curve *c = curve_find(key_view_part(key, CKA_EC_PARAMS));

	return c != NULL && c->key_type == CKK_EC ? c : NULL;
}

/* ---- keys ---- */

static EC_KEY *key_new(const struct curve *curve)
{
	EC_KEY *k = EC_KEY_new_ex(ossl_context(), NULL);

	if (k != NULL && EC_KEY_set_group(k, group_of(curve)) == 1)
		return k;
	EC_KEY_free(k);
	return NULL;
}

/* NULL when it is no point of the curve, or when there is no memory. */
static EC_POINT *point_of(const struct curve *curve, struct span octets)
{
	const EC_GROUP *group = group_of(curve);
	AUTO(ec_point_st) point = EC_POINT_new(group);

	if (point == NULL || octets.n == 0 || EC_POINT_oct2point(group, point, octets.p, octets.n, NULL) != 1 ||
	    EC_POINT_is_at_infinity(group, point) != 0)
		return NULL;
	return TAKE(point);
}

static bool octets_of(const struct curve *curve, const EC_POINT *point, uint8_t *out)
{
	return EC_POINT_point2oct(group_of(curve), point, POINT_CONVERSION_UNCOMPRESSED, out, curve->point, NULL) == curve->point;
}

/* Its own length tells X9.62's forms apart from a DER OCTET STRING around them. */
static EC_POINT *point_of_any(const struct curve *curve, struct span given)
{
	struct span rest = given, content;

	if (given.n != curve->point && given.n != 1 + (curve->point - 1) / 2 && der_take(&rest, DER_OCTET_STRING, &content) &&
	    rest.n == 0)
		return point_of(curve, content);
	return point_of(curve, given);
}

CK_RV ec_point_whole(const struct curve *curve, struct span given, uint8_t *out)
{
	AUTO(ec_point_st) point = point_of_any(curve, given);

	return point != NULL && octets_of(curve, point, out) ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;
}

/* NULL when the value is zero or not below the order. */
static BIGNUM *private_value(const struct curve *curve, struct span value)
{
	AUTO(bignum_st) d = value.n == curve->scalar ? bignum_of(value) : NULL;

	if (d == NULL || BN_is_zero(d) || BN_cmp(d, EC_GROUP_get0_order(group_of(curve))) >= 0)
		return NULL;
	BN_set_flags(d, BN_FLG_CONSTTIME);
	return TAKE(d);
}

/* The private key as OpenSSL takes it; NULL when its value cannot be one. */
static EC_KEY *private_key(const struct curve *curve, struct span value)
{
	AUTO(bignum_st) d = private_value(curve, value);
	AUTO(ec_key_st) k = d == NULL ? NULL : key_new(curve);

	if (k == NULL || EC_KEY_set_private_key(k, d) != 1)
		return NULL;
	return TAKE(k);
}

CK_RV ec_public(struct vault_scope *scope, const struct curve *curve, struct span value, uint8_t *out)
{
	AUTO(bignum_st) d = curve == k1 ? NULL : private_value(curve, value);
	AUTO(ec_point_st) point = d == NULL ? NULL : EC_POINT_new(group_of(curve));

	if (curve == k1)
		return k1_public(scope, value, out);
	if (d == NULL)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	if (point == NULL || EC_POINT_mul(group_of(curve), point, d, NULL, NULL, NULL) != 1 || !octets_of(curve, point, out))
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

/* A new private value and its point. */
static CK_RV generate_on(struct vault_scope *scope, const struct curve *curve, uint8_t *value, uint8_t *point)
{
	AUTO(ec_key_st) k = NULL;

	if (curve == k1)
		return k1_generate(scope, value, point);
	k = key_new(curve);
	if (k == NULL)
		return CKR_DEVICE_MEMORY;
	if (EC_KEY_generate_key(k) != 1 || !octets_of(curve, EC_KEY_get0_public_key(k), point) ||
	    BN_bn2binpad(EC_KEY_get0_private_key(k), value, (int)curve->scalar) != (int)curve->scalar)
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

static CK_RV generate(struct vault_scope *scope, const struct mech_call *call, const struct key_view *wanted,
		      struct key_view *public_key, struct key_view *private_key)
{
	const struct curve *curve = ec_curve(wanted);
	struct mspan room;
	uint8_t *value;
	CK_RV rv;

	(void)call;
	if (curve == NULL)
		return CKR_CURVE_NOT_SUPPORTED;
	if (cf_failed(vault_scope_alloc(scope, curve->point + curve->scalar, &room)))
		return CKR_DEVICE_MEMORY;
	value = room.p + curve->point;
	rv = generate_on(scope, curve, value, room.p);
	if (rv != CKR_OK)
		return rv;
	*public_key = (struct key_view){ .class = CKO_PUBLIC_KEY, .type = CKK_EC, .bits = curve->bits, .parts = 1 };
	public_key->part[0] = (struct key_part){ CKA_EC_POINT, span(room.p, curve->point) };
	*private_key = *public_key;
	private_key->class = CKO_PRIVATE_KEY;
	private_key->part[private_key->parts++] = (struct key_part){ CKA_VALUE, span(value, curve->scalar) };
	return CKR_OK;
}

static CK_RV agree_k1(struct vault_scope *scope, struct span value, const EC_POINT *peer, struct mspan z, size_t *n)
{
	uint8_t octets[K1_POINT];

	if (z.n < K1_SCALAR || !octets_of(k1, peer, octets))
		return CKR_FUNCTION_FAILED;
	*n = K1_SCALAR;
	return k1_agree(scope, value, octets, z.p);
}

CK_RV ec_agree(struct vault_scope *scope, const struct key_view *key, struct span peer, bool cofactor, struct mspan z, size_t *n)
{
	const struct curve *curve = ec_curve(key);
	AUTO(ec_point_st) point = curve == NULL ? NULL : point_of_any(curve, peer);
	AUTO(ec_key_st) k = NULL;
	int length;

	if (curve == NULL)
		return CKR_GENERAL_ERROR;
	if (point == NULL)
		return CKR_MECHANISM_PARAM_INVALID;
	if (curve == k1)
		return agree_k1(scope, key_view_part(key, CKA_VALUE), point, z, n);
	k = private_key(curve, key_view_part(key, CKA_VALUE));
	if (k == NULL)
		return CKR_FUNCTION_FAILED;
	if (cofactor)
		EC_KEY_set_flags(k, EC_FLAG_COFACTOR_ECDH);
	length = ECDH_compute_key(z.p, z.n, point, k, NULL);
	if (length <= 0)
		return CKR_FUNCTION_FAILED;
	*n = (size_t)length;
	return CKR_OK;
}

/* ---- ECDSA: signatures are r || s, both as long as the order ---- */

/* What it signs is a digest: of at most 1024 bits (PKCS#11 3.0 §6.3.12). */
#define DIGEST_MAX 128

static CK_RV sign_on(const struct curve *curve, struct span value, struct span digest, uint8_t *out)
{
	AUTO(ec_key_st) k = private_key(curve, value);
	AUTO(ECDSA_SIG_st) signature = NULL;
	int half = (int)curve->scalar;

	if (k == NULL)
		return CKR_GENERAL_ERROR;
	signature = ECDSA_do_sign(digest.p, (int)digest.n, k);
	if (signature == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, half) != half ||
	    BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + half, half) != half)
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

/* The hash function that most likely made a digest of that length: RFC 6979 makes the nonce with it. */
static const struct hash *hash_of_length(size_t n)
{
	static const char *const names[] = { "SHA1", "SHA224", "SHA256", "SHA384", "SHA512" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (hash_named(names[i])->size == n)
			return hash_named(names[i]);
	return NULL;
}

/* libsecp256k1's nonces are those of SHA-256; with another hash it only chooses the lower s, as it always does. */
static CK_RV sign_fixed(struct vault_scope *scope, const struct curve *curve, struct span value, const struct hash *hash,
			struct span digest, uint8_t *out)
{
	CK_RV rv;

	if (hash == NULL) {
		cf_ignore(error_set(CF_STATUS(INVALID), "RFC 6979 (deterministic-ecdsa) signs digests of SHA-1 and SHA-2, and this has "
						       "the length of none"),
			  "the return value is the answer");
		return CKR_DATA_LEN_RANGE;
	}
	if (curve == k1 && hash->type == CKM_SHA256)
		return k1_sign(scope, value, digest, false, out);
	rv = rfc6979_sign(scope, curve, value, hash, digest, out);
	return rv == CKR_OK && curve == k1 ? k1_lower(out) : rv;
}

/* `hash` has made the digest; NULL: the caller has. */
static CK_RV sign_digest(struct vault_scope *scope, const struct key_view *key, const struct hash *hash, struct span digest,
			 struct mspan out, size_t *n)
{
	const struct curve *curve = ec_curve(key);
	struct span value = key_view_part(key, CKA_VALUE);

	if (curve == NULL || out.n < 2 * curve->scalar)
		return CKR_GENERAL_ERROR;
	*n = 2 * curve->scalar;
	if (deterministic)
		return sign_fixed(scope, curve, value, hash != NULL ? hash : hash_of_length(digest.n), digest, out.p);
	return curve == k1 ? k1_sign(scope, value, digest, true, out.p) : sign_on(curve, value, digest, out.p);
}

static EC_KEY *public_key_of(const struct curve *curve, struct span octets)
{
	AUTO(ec_point_st) point = point_of(curve, octets);
	AUTO(ec_key_st) k = point == NULL ? NULL : key_new(curve);

	if (k == NULL || EC_KEY_set_public_key(k, point) != 1)
		return NULL;
	return TAKE(k);
}

static ECDSA_SIG *signature_of(struct span bytes)
{
	AUTO(ECDSA_SIG_st) signature = ECDSA_SIG_new();
	AUTO(bignum_st) r = bignum_of(span(bytes.p, bytes.n / 2));
	AUTO(bignum_st) s = bignum_of(span_skip(bytes, bytes.n / 2));

	if (signature == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(signature, r, s) != 1)
		return NULL;
	(void)TAKE(r);
	(void)TAKE(s);
	return TAKE(signature);
}

static CK_RV verify_on(const struct curve *curve, struct span point, struct span digest, struct span given)
{
	AUTO(ec_key_st) k = public_key_of(curve, point);
	AUTO(ECDSA_SIG_st) signature = k == NULL ? NULL : signature_of(given);

	if (k == NULL)
		return CKR_GENERAL_ERROR;
	if (signature == NULL)
		return CKR_HOST_MEMORY;
	return ECDSA_do_verify(digest.p, (int)digest.n, signature, k) == 1 ? CKR_OK : CKR_SIGNATURE_INVALID;
}

static CK_RV verify_digest(const struct key_view *key, struct span digest, struct span given)
{
	const struct curve *curve = ec_curve(key);
	struct span point = key_view_part(key, CKA_EC_POINT);

	if (curve == NULL)
		return CKR_GENERAL_ERROR;
	/* It may be shorter, as long as both halves are equally long (§6.3.1). */
	if (given.n == 0 || given.n % 2 != 0 || given.n > 2 * curve->scalar)
		return CKR_SIGNATURE_LEN_RANGE;
	return curve == k1 ? k1_verify(point, digest, given) : verify_on(curve, point, digest, given);
}

static CK_RV out_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	(void)in_len;
	/* The field and the order of each curve here are of the same size. */
	*out = 2 * ((call->key->bits + 7) / 8);
	return CKR_OK;
}

static bool is_digest(struct span data)
{
	return data.n != 0 && data.n <= DIGEST_MAX;
}

static CK_RV sign_raw(struct vault_scope *scope, const struct mech_call *call, struct span message, struct mspan out, size_t *n)
{
	return is_digest(message) ? sign_digest(scope, call->key, NULL, message, out, n) : CKR_DATA_LEN_RANGE;
}

static CK_RV verify_raw(struct vault_scope *scope, const struct mech_call *call, struct span message, struct span signature)
{
	(void)scope;
	return is_digest(message) ? verify_digest(call->key, message, signature) : CKR_DATA_LEN_RANGE;
}

static CK_RV finish(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	size_t length = sizeof(digest);
	CK_RV rv = hashing_finish(scope, call, MSPAN_OF(digest), &length);

	return rv == CKR_OK ? sign_digest(scope, call->key, hash_named(call->mech->variant), span(digest, length), out, n) : rv;
}

static CK_RV finish_verify(struct vault_scope *scope, const struct mech_call *call, struct span signature)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	size_t length = sizeof(digest);
	CK_RV rv = hashing_finish(scope, call, MSPAN_OF(digest), &length);

	return rv == CKR_OK ? verify_digest(call->key, span(digest, length), signature) : rv;
}

const struct mech_impl mech_ecdsa = {
	.state_kind = MECH_STATE_NONE,
	.out_len = out_len,
	.sign = sign_raw,
	.verify = verify_raw,
};

/* The message is hashed as it comes, outside of any scope; only the digest meets the key. */
const struct mech_impl mech_ecdsa_hash = {
	.state_kind = MECH_STATE_PLAIN,
	.state_size = HASHING_STATE_SIZE,
	.out_len = out_len,
	.begin = hashing_begin,
	.update = hashing_update,
	.finish = finish,
	.finish_verify = finish_verify,
	.clear = hashing_clear,
};

const struct mech_impl mech_ec_generate = {
	.state_kind = MECH_STATE_NONE,
	.generate_pair = generate,
};
