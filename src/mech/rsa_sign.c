/* SPDX-License-Identifier: Apache-2.0 */
/* RSA signatures: PKCS#1 v1.5 and PSS (RFC 8017 §8), X.509 raw; with message recovery. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <sodium.h>

#include "base/error.h"
#include "mech/families.h"
#include "mech/hashes.h"
#include "mech/ossl_auto.h"
#include "mech/rsa.h"

AUTO_DEFINE(rsa_st, RSA_free)

#define PADDING_MIN 11

static CK_RV out_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	(void)in_len;
	*out = rsa_size(call->key);
	return CKR_OK;
}

/* What a signature verifies to, in `room`. */
static CK_RV opened(const struct mech_call *call, struct span signature, uint8_t *room)
{
	if (signature.n != rsa_size(call->key))
		return CKR_SIGNATURE_LEN_RANGE;
	return rsa_public(call->key, signature.p, room) == CKR_OK ? CKR_OK : CKR_SIGNATURE_INVALID;
}

static bool same(const uint8_t *a, const uint8_t *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

/* ---- EMSA-PKCS1-v1_5: 00 01 FF..FF 00 T ---- */

static CK_RV pad(struct span t, struct mspan em)
{
	if (t.n > em.n - PADDING_MIN)
		return CKR_DATA_LEN_RANGE;
	memset(em.p, 0xff, em.n);
	em.p[0] = 0;
	em.p[1] = 1;
	em.p[em.n - t.n - 1] = 0;
	bytes_copy(em.p + em.n - t.n, t.p, t.n);
	return CKR_OK;
}

static CK_RV sign_block(struct vault_scope *scope, const struct mech_call *call, struct span t, struct mspan out, size_t *n)
{
	uint8_t em[RSA_BYTES_MAX];
	size_t size = rsa_size(call->key);
	CK_RV rv;

	if (size > sizeof(em) || out.n < size)
		return CKR_GENERAL_ERROR;
	rv = pad(t, mspan(em, size));
	*n = size;
	return rv == CKR_OK ? rsa_private(scope, call->key, em, out.p) : rv;
}

/* The whole block is compared with the one that is right: nothing in it is parsed. */
static CK_RV verify_block(const struct mech_call *call, struct span t, struct span signature)
{
	uint8_t em[RSA_BYTES_MAX], want[RSA_BYTES_MAX];
	size_t size = rsa_size(call->key);
	CK_RV rv;

	if (size > sizeof(em))
		return CKR_GENERAL_ERROR;
	rv = pad(t, mspan(want, size));
	if (rv == CKR_OK)
		rv = opened(call, signature, em);
	if (rv != CKR_OK)
		return rv;
	return same(em, want, size) ? CKR_OK : CKR_SIGNATURE_INVALID;
}

CK_RV rsa_sign_pkcs(struct vault_scope *scope, const struct mech_call *call, struct span message, struct mspan out, size_t *n)
{
	return sign_block(scope, call, message, out, n);
}

CK_RV rsa_verify_pkcs(struct vault_scope *scope, const struct mech_call *call, struct span message, struct span signature)
{
	(void)scope;
	return verify_block(call, message, signature);
}

CK_RV rsa_recover_pkcs(struct vault_scope *scope, const struct mech_call *call, struct span signature, struct mspan out,
		       size_t *n)
{
	uint8_t em[RSA_BYTES_MAX];
	size_t size = rsa_size(call->key), i = 2;
	CK_RV rv = size > sizeof(em) ? CKR_GENERAL_ERROR : opened(call, signature, em);

	(void)scope;
	if (rv != CKR_OK)
		return rv;
	while (i < size && em[i] == 0xff)
		i++;
	if (em[0] != 0 || em[1] != 1 || i < PADDING_MIN - 1 || i == size || em[i] != 0)
		return CKR_SIGNATURE_INVALID;
	return rsa_hand_out(span(em + i + 1, size - i - 1), out, n);
}

/* DigestInfo (RFC 8017 §9.2, note 1): the algorithm is the last arc of NIST's hash OIDs, or SHA-1's own. */
static struct span digest_info(const struct hash *hash, struct span digest, uint8_t room[83])
{
	static const uint8_t nist[] = { 0x30, 0, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
					0x65, 0x03, 0x04, 0x02, 0, 0x05, 0x00, 0x04, 0 };
	static const uint8_t sha1[] = { 0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14 };
	static const struct {
		CK_MECHANISM_TYPE type;
		uint8_t arc;
	} arcs[] = {
		{ CKM_SHA256, 1 },   { CKM_SHA384, 2 },	  { CKM_SHA512, 3 },   { CKM_SHA224, 4 },
		{ CKM_SHA3_224, 7 }, { CKM_SHA3_256, 8 }, { CKM_SHA3_384, 9 }, { CKM_SHA3_512, 10 },
	};
	size_t head = sizeof(nist);

	if (hash->type == CKM_SHA_1) {
		head = sizeof(sha1);
		memcpy(room, sha1, head);
	} else {
		memcpy(room, nist, head);
		room[1] = (uint8_t)(head - 2 + digest.n);
		room[head - 1] = (uint8_t)digest.n;
		for (size_t i = 0; i < sizeof(arcs) / sizeof(arcs[0]); i++)
			if (arcs[i].type == hash->type)
				room[14] = arcs[i].arc;
	}
	memcpy(room + head, digest.p, digest.n);
	return span(room, head + digest.n);
}

static CK_RV hashed(struct vault_scope *scope, const struct mech_call *call, uint8_t digest[EVP_MAX_MD_SIZE], struct span *out)
{
	size_t n = EVP_MAX_MD_SIZE;
	CK_RV rv = hashing_finish(scope, call, mspan(digest, n), &n);

	*out = span(digest, n);
	return rv;
}

static CK_RV finish_pkcs(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n)
{
	uint8_t digest[EVP_MAX_MD_SIZE], info[83];
	struct span d;
	CK_RV rv = hashed(scope, call, digest, &d);

	return rv == CKR_OK ? sign_block(scope, call, digest_info(hash_named(call->mech->variant), d, info), out, n) : rv;
}

static CK_RV finish_verify_pkcs(struct vault_scope *scope, const struct mech_call *call, struct span signature)
{
	uint8_t digest[EVP_MAX_MD_SIZE], info[83];
	struct span d;
	CK_RV rv = hashed(scope, call, digest, &d);

	return rv == CKR_OK ? verify_block(call, digest_info(hash_named(call->mech->variant), d, info), signature) : rv;
}

/* ---- X.509: the number itself ---- */

CK_RV rsa_number_of(const struct mech_call *call, struct span message, uint8_t *em)
{
	size_t size = rsa_size(call->key);

	if (size > RSA_BYTES_MAX || message.n > size)
		return CKR_DATA_LEN_RANGE;
	memset(em, 0, size - message.n);
	bytes_copy(em + size - message.n, message.p, message.n);
	return CKR_OK;
}

CK_RV rsa_sign_raw(struct vault_scope *scope, const struct mech_call *call, struct span message, struct mspan out, size_t *n)
{
	uint8_t em[RSA_BYTES_MAX];
	CK_RV rv = rsa_number_of(call, message, em);

	*n = rsa_size(call->key);
	return rv == CKR_OK ? rsa_private(scope, call->key, em, out.p) : rv;
}

CK_RV rsa_verify_raw(struct vault_scope *scope, const struct mech_call *call, struct span message, struct span signature)
{
	uint8_t em[RSA_BYTES_MAX], want[RSA_BYTES_MAX];
	CK_RV rv = rsa_number_of(call, message, want);

	(void)scope;
	if (rv == CKR_OK)
		rv = opened(call, signature, em);
	if (rv != CKR_OK)
		return rv;
	return same(em, want, rsa_size(call->key)) ? CKR_OK : CKR_SIGNATURE_INVALID;
}

CK_RV rsa_recover_raw(struct vault_scope *scope, const struct mech_call *call, struct span signature, struct mspan out,
		      size_t *n)
{
	uint8_t em[RSA_BYTES_MAX];
	CK_RV rv = rsa_size(call->key) > sizeof(em) ? CKR_GENERAL_ERROR : opened(call, signature, em);

	(void)scope;
	return rv == CKR_OK ? rsa_hand_out(span(em, rsa_size(call->key)), out, n) : rv;
}

/* ---- PSS ---- */

static const EVP_MD *md(const struct hash *hash)
{
	return ossl_digest(hash->name);
}

/* OpenSSL's padding functions look at the modulus alone. */
static RSA *modulus_of(const struct key_view *key)
{
	static const uint8_t f4[] = { 1, 0, 1 };
	AUTO(rsa_st) rsa = RSA_new();
	AUTO(bignum_st) n = bignum_of(key_view_part(key, CKA_MODULUS));
	AUTO(bignum_st) e = bignum_of(SPAN_OF(f4));

	if (rsa == NULL || n == NULL || e == NULL || RSA_set0_key(rsa, n, e, NULL) != 1)
		return NULL;
	(void)TAKE(n);
	(void)TAKE(e);
	return TAKE(rsa);
}

static CK_RV suits_pss(const struct mech_call *call)
{
	const struct mech_rsa_params *p = &call->params->rsa;
	size_t room = (call->key->bits - 1 + 7) / 8; /* emLen */

	if (p->hash->size + 2 <= room && p->salt_len <= room - 2 - p->hash->size)
		return CKR_OK;
	cf_ignore(error_set(CF_STATUS(INVALID), "the salt is too long for the key"), "the return value is the answer");
	return CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV sign_pss(struct vault_scope *scope, const struct mech_call *call, struct span digest, struct mspan out, size_t *n)
{
	const struct mech_rsa_params *p = &call->params->rsa;
	AUTO(rsa_st) rsa = modulus_of(call->key);
	uint8_t em[RSA_BYTES_MAX];

	if (digest.n != p->hash->size)
		return CKR_DATA_LEN_RANGE;
	if (rsa == NULL || rsa_size(call->key) > sizeof(em))
		return CKR_GENERAL_ERROR;
	if (RSA_padding_add_PKCS1_PSS_mgf1(rsa, em, digest.p, md(p->hash), md(p->mgf), (int)p->salt_len) != 1)
		return CKR_FUNCTION_FAILED;
	*n = rsa_size(call->key);
	return rsa_private(scope, call->key, em, out.p);
}

static CK_RV verify_pss(struct vault_scope *scope, const struct mech_call *call, struct span digest, struct span signature)
{
	const struct mech_rsa_params *p = &call->params->rsa;
	AUTO(rsa_st) rsa = rsa_public_of(call->key);
	uint8_t em[RSA_BYTES_MAX];
	CK_RV rv;

	(void)scope;
	if (digest.n != p->hash->size)
		return CKR_DATA_LEN_RANGE;
	if (rsa == NULL || rsa_size(call->key) > sizeof(em))
		return CKR_GENERAL_ERROR;
	rv = opened(call, signature, em);
	if (rv != CKR_OK)
		return rv;
	return RSA_verify_PKCS1_PSS_mgf1(rsa, digest.p, md(p->hash), md(p->mgf), em, (int)p->salt_len) == 1 ? CKR_OK :
													    CKR_SIGNATURE_INVALID;
}

static CK_RV finish_pss(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct span d;
	CK_RV rv = hashed(scope, call, digest, &d);

	return rv == CKR_OK ? sign_pss(scope, call, d, out, n) : rv;
}

static CK_RV finish_verify_pss(struct vault_scope *scope, const struct mech_call *call, struct span signature)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct span d;
	CK_RV rv = hashed(scope, call, digest, &d);

	return rv == CKR_OK ? verify_pss(scope, call, d, signature) : rv;
}

const struct mech_impl mech_rsa_pkcs_hash = {
	.state_kind = MECH_STATE_PLAIN,
	.state_size = HASHING_STATE_SIZE,
	.deep = true,
	.out_len = out_len,
	.begin = hashing_begin,
	.update = hashing_update,
	.finish = finish_pkcs,
	.finish_verify = finish_verify_pkcs,
	.clear = hashing_clear,
};

const struct mech_impl mech_rsa_pss = {
	.state_kind = MECH_STATE_NONE,
	.deep = true,
	.suits = suits_pss,
	.out_len = out_len,
	.sign = sign_pss,
	.verify = verify_pss,
};

const struct mech_impl mech_rsa_pss_hash = {
	.state_kind = MECH_STATE_PLAIN,
	.state_size = HASHING_STATE_SIZE,
	.deep = true,
	.suits = suits_pss,
	.out_len = out_len,
	.begin = hashing_begin,
	.update = hashing_update,
	.finish = finish_pss,
	.finish_verify = finish_verify_pss,
	.clear = hashing_clear,
};
