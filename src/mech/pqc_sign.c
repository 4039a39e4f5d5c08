/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ML-DSA and SLH-DSA signatures by OpenSSL: of a message, of a digest that the caller made, and of a message that is hashed
 * first.  The library has the first form alone; of the others it takes what they sign as it is: M' of FIPS 204 §5.4, which is that of
 * FIPS 205 §10.2.2 as well.
 */
#include <openssl/params.h>

#include "base/error.h"
#include "mech/families.h"
#include "mech/gather.h"
#include "mech/ossl_auto.h"
#include "mech/params.h"
#include "mech/pqc.h"

/* By name: headers of OpenSSL 3.0 do not have them. */
#define CONTEXT "context-string"
#define DETERMINISTIC "deterministic"
#define ENCODING "message-encoding"

#define DIGEST_MAX 64
#define PREHASH_MAX (2 + 255 + 11 + DIGEST_MAX)

struct sign_state {
	struct buf message;
};

/* ---- parameters ---- */

/* The hash functions that messages may be hashed with; the last byte of their OID below 2.16.840.1.101.3.4.2. */
static const struct prehash {
	CK_MECHANISM_TYPE type; /* CK_UNAVAILABLE_INFORMATION: no parameter can name it */
	const char *name;       /* OpenSSL's */
	size_t size;
	uint8_t oid;
} prehashes[] = {
	{ CKM_SHA224, "SHA224", 28, 4 },
	{ CKM_SHA256, "SHA256", 32, 1 },
	{ CKM_SHA384, "SHA384", 48, 2 },
	{ CKM_SHA512, "SHA512", 64, 3 },
	{ CKM_SHA512_224, "SHA512-224", 28, 5 },
	{ CKM_SHA512_256, "SHA512-256", 32, 6 },
	{ CKM_SHA3_224, "SHA3-224", 28, 7 },
	{ CKM_SHA3_256, "SHA3-256", 32, 8 },
	{ CKM_SHA3_384, "SHA3-384", 48, 9 },
	{ CKM_SHA3_512, "SHA3-512", 64, 10 },
	{ CK_UNAVAILABLE_INFORMATION, "SHAKE128", 32, 11 },
	{ CK_UNAVAILABLE_INFORMATION, "SHAKE256", 64, 12 },
};

#define PREHASHES (sizeof(prehashes) / sizeof(prehashes[0]))

static const struct prehash *prehash_of_type(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < PREHASHES && type != CK_UNAVAILABLE_INFORMATION; i++)
		if (prehashes[i].type == type)
			return &prehashes[i];
	return NULL;
}

static const struct prehash *prehash_named(const char *name)
{
	for (size_t i = 0; i < PREHASHES; i++)
		if (strcmp(prehashes[i].name, name) == 0)
			return &prehashes[i];
	return NULL;
}

static CK_RV take_context(CK_ULONG hedge, const void *context, CK_ULONG n, struct mech_sign_params *out)
{
	if (n > sizeof(out->context) || (n != 0 && context == NULL))
		return params_invalid("has a context of more than 255 bytes, or none where it says so");
	out->hedge = hedge;
	out->context_len = n;
	bytes_copy(out->context, context, n);
	return CKR_OK;
}

CK_RV params_sign_context(const CK_MECHANISM *given, union mech_params *out)
{
	CK_SIGN_ADDITIONAL_CONTEXT p = { CKH_HEDGE_PREFERRED, NULL, 0 };

	if (given->ulParameterLen != 0) {
		if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
			return params_invalid("is no CK_SIGN_ADDITIONAL_CONTEXT");
		memcpy(&p, given->pParameter, sizeof(p));
	}
	out->sign.prehash = NULL;
	return take_context(p.hedgeVariant, p.pContext, p.ulContextLen, &out->sign);
}

CK_RV params_hash_sign_context(const CK_MECHANISM *given, union mech_params *out)
{
	CK_HASH_SIGN_ADDITIONAL_CONTEXT p;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_HASH_SIGN_ADDITIONAL_CONTEXT");
	memcpy(&p, given->pParameter, sizeof(p));
	out->sign.prehash = prehash_of_type(p.hash);
	if (out->sign.prehash == NULL)
		return params_invalid("names a hash function that is not known");
	return take_context(p.hedgeVariant, p.pContext, p.ulContextLen, &out->sign);
}

/* ---- what all forms share ---- */

static CK_RV out_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	const struct parameter_set *set = pqc_set_of(call->key);

	(void)in_len;
	if (set == NULL || !pqc_has(set))
		return CKR_KEY_SIZE_RANGE;
	*out = set->out_n;
	return CKR_OK;
}

static bool is_known(CK_ULONG hedge)
{
	return hedge == CKH_HEDGE_PREFERRED || hedge == CKH_HEDGE_REQUIRED || hedge == CKH_DETERMINISTIC_REQUIRED;
}

/* "On verification the hedgeVariant parameter is ignored" (PKCS #11, ML-DSA, SLH-DSA). */
static CK_RV suits(const struct mech_call *call)
{
	size_t n;

	if (call->use == CKF_SIGN && !is_known(call->params->sign.hedge))
		return params_invalid("has a hedgeVariant that is not known");
	return out_len(call, 0, &n);
}

struct form {
	int deterministic, encoding;
	OSSL_PARAM params[4];
};

/* `whole`: the message is M' already, its context is in it.  What is not asked to be deterministic is hedged: the library draws a
 * random value for each signature. */
static void form_of(const struct mech_sign_params *p, bool whole, struct form *f)
{
	size_t n = 0;

	f->deterministic = p->hedge == CKH_DETERMINISTIC_REQUIRED ? 1 : 0;
	f->encoding = whole ? 0 : 1;
	f->params[n++] = OSSL_PARAM_construct_int(DETERMINISTIC, &f->deterministic);
	f->params[n++] = OSSL_PARAM_construct_int(ENCODING, &f->encoding);
	if (!whole)
		f->params[n++] = OSSL_PARAM_construct_octet_string(CONTEXT, (void *)(uintptr_t)p->context, p->context_len);
	f->params[n] = OSSL_PARAM_construct_end();
}

static bool sign_with(EVP_PKEY *k, const struct form *form, struct span message, struct mspan out, size_t *n)
{
	AUTO(evp_md_ctx_st) context = EVP_MD_CTX_new();

	*n = out.n;
	return context != NULL && EVP_DigestSignInit_ex(context, NULL, NULL, ossl_context(), NULL, k, form->params) == 1 &&
	       EVP_DigestSign(context, out.p, n, message.p, message.n) == 1;
}

static CK_RV sign_as(struct vault_scope *scope, const struct mech_call *call, struct span message, bool whole, struct mspan out, size_t *n)
{
	struct keep_use use;
	EVP_PKEY *k = pqc_take_private(scope, call->key, &use);
	struct form form;
	bool done;

	if (k == NULL)
		return CKR_FUNCTION_FAILED;
	form_of(&call->params->sign, whole, &form);
	done = sign_with(k, &form, message, out, n);
	keep_give(scope, &use, done);
	return done ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV verify_as(const struct mech_call *call, struct span message, bool whole, struct span signature)
{
	const struct parameter_set *set = pqc_set_of(call->key);
	AUTO(evp_pkey_st) k = NULL;
	AUTO(evp_md_ctx_st) context = NULL;
	struct form form;

	if (set == NULL || signature.n != set->out_n)
		return CKR_SIGNATURE_LEN_RANGE;
	k = pqc_public_key(call->key);
	context = EVP_MD_CTX_new();
	form_of(&call->params->sign, whole, &form);
	if (k == NULL || context == NULL || EVP_DigestVerifyInit_ex(context, NULL, NULL, ossl_context(), NULL, k, form.params) != 1)
		return CKR_FUNCTION_FAILED;
	return EVP_DigestVerify(context, signature.p, signature.n, message.p, message.n) == 1 ? CKR_OK : CKR_SIGNATURE_INVALID;
}

/* ---- a message ---- */

static CK_RV sign(struct vault_scope *scope, const struct mech_call *call, struct span message, struct mspan out, size_t *n)
{
	return sign_as(scope, call, message, false, out, n);
}

static CK_RV verify(struct vault_scope *scope, const struct mech_call *call, struct span message, struct span signature)
{
	(void)scope;
	return verify_as(call, message, false, signature);
}

static CK_RV begin(struct vault_scope *scope, const struct mech_call *call)
{
	struct sign_state *s = call->state;

	(void)scope;
	s->message = (struct buf)GATHER_INIT;
	return CKR_OK;
}

static CK_RV update(struct vault_scope *scope, const struct mech_call *call, struct span part)
{
	struct sign_state *s = call->state;

	(void)scope;
	return gather_part(&s->message, part);
}

static CK_RV finish(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n)
{
	struct sign_state *s = call->state;

	return sign_as(scope, call, buf_span(&s->message), false, out, n);
}

static CK_RV finish_verify(struct vault_scope *scope, const struct mech_call *call, struct span signature)
{
	struct sign_state *s = call->state;

	(void)scope;
	return verify_as(call, buf_span(&s->message), false, signature);
}

static void clear(void *state)
{
	struct sign_state *s = state;

	buf_release(&s->message);
}

const struct mech_impl mech_pqc_sign = {
	.state_kind = MECH_STATE_PLAIN,
	.state_size = sizeof(struct sign_state),
	.deep = true,
	.available = pqc_available,
	.suits = suits,
	.out_len = out_len,
	.sign = sign,
	.verify = verify,
	.begin = begin,
	.update = update,
	.finish = finish,
	.finish_verify = finish_verify,
	.clear = clear,
};

/* ---- a digest ---- */

/* M' = 1 || len(ctx) || ctx || OID || PHM */
static struct span encoded(const struct mech_sign_params *p, const struct prehash *hash, struct span digest, uint8_t out[PREHASH_MAX])
{
	const uint8_t oid[] = { 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, hash->oid };
	size_t n = 0;

	out[n++] = 1;
	out[n++] = (uint8_t)p->context_len;
	bytes_copy(out + n, p->context, p->context_len);
	n += p->context_len;
	bytes_copy(out + n, oid, sizeof(oid));
	n += sizeof(oid);
	bytes_copy(out + n, digest.p, digest.n);
	return span(out, n + digest.n);
}

static CK_RV sign_digest(struct vault_scope *scope, const struct mech_call *call, struct span digest, struct mspan out, size_t *n)
{
	const struct mech_sign_params *p = &call->params->sign;
	uint8_t room[PREHASH_MAX];

	if (digest.n != p->prehash->size)
		return CKR_DATA_LEN_RANGE;
	return sign_as(scope, call, encoded(p, p->prehash, digest, room), true, out, n);
}

static CK_RV verify_digest(struct vault_scope *scope, const struct mech_call *call, struct span digest, struct span signature)
{
	const struct mech_sign_params *p = &call->params->sign;
	uint8_t room[PREHASH_MAX];

	(void)scope;
	if (digest.n != p->prehash->size)
		return CKR_DATA_LEN_RANGE;
	return verify_as(call, encoded(p, p->prehash, digest, room), true, signature);
}

const struct mech_impl mech_pqc_sign_digest = {
	.state_kind = MECH_STATE_NONE,
	.deep = true,
	.available = pqc_available,
	.suits = suits,
	.out_len = out_len,
	.sign = sign_digest,
	.verify = verify_digest,
};

/* ---- a message that is hashed first ---- */

static CK_RV digest_of(struct vault_scope *scope, const struct mech_call *call, const struct prehash *hash, uint8_t out[DIGEST_MAX])
{
	size_t n = hash->size;
	CK_RV rv = hashing_finish(scope, call, mspan(out, hash->size), &n);

	return rv == CKR_OK && n != hash->size ? CKR_FUNCTION_FAILED : rv;
}

static CK_RV finish_hash(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n)
{
	const struct prehash *hash = prehash_named(call->mech->variant);
	uint8_t digest[DIGEST_MAX], room[PREHASH_MAX];
	CK_RV rv = digest_of(scope, call, hash, digest);

	if (rv != CKR_OK)
		return rv;
	return sign_as(scope, call, encoded(&call->params->sign, hash, span(digest, hash->size), room), true, out, n);
}

static CK_RV finish_verify_hash(struct vault_scope *scope, const struct mech_call *call, struct span signature)
{
	const struct prehash *hash = prehash_named(call->mech->variant);
	uint8_t digest[DIGEST_MAX], room[PREHASH_MAX];
	CK_RV rv = digest_of(scope, call, hash, digest);

	if (rv != CKR_OK)
		return rv;
	return verify_as(call, encoded(&call->params->sign, hash, span(digest, hash->size), room), true, signature);
}

const struct mech_impl mech_pqc_sign_hash = {
	.state_kind = MECH_STATE_PLAIN,
	.state_size = HASHING_STATE_SIZE,
	.deep = true,
	.available = pqc_available,
	.suits = suits,
	.out_len = out_len,
	.begin = hashing_begin,
	.update = hashing_update,
	.finish = finish_hash,
	.finish_verify = finish_verify_hash,
	.clear = hashing_clear,
};
