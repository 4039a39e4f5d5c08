/* SPDX-License-Identifier: Apache-2.0 */
/* RSA encryption: PKCS#1 v1.5 and OAEP (RFC 8017 §7), X.509 raw; of messages and of keys. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <sodium.h>

#include "base/error.h"
#include "mech/families.h"
#include "mech/hashes.h"
#include "mech/ossl_auto.h"
#include "mech/rsa.h"
#include "vault/interrupt.h"

#define PADDING_MIN 11

static CK_RV out_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	(void)in_len;
	/* An upper bound where something is decrypted. */
	*out = rsa_size(call->key);
	return CKR_OK;
}

/* The length of a key that does not fit has a code of its own (§5.18.3). */
static CK_RV of_key(CK_RV rv)
{
	return rv == CKR_DATA_LEN_RANGE ? CKR_KEY_SIZE_RANGE : rv;
}

static CK_RV of_wrapped(CK_RV rv)
{
	switch (rv) {
	case CKR_ENCRYPTED_DATA_LEN_RANGE:
		return CKR_WRAPPED_KEY_LEN_RANGE;
	case CKR_ENCRYPTED_DATA_INVALID:
		return CKR_WRAPPED_KEY_INVALID;
	default:
		return rv;
	}
}

/* The decrypted block, in memory of the scope, with as much room behind it. */
static CK_RV decrypted(struct vault_scope *scope, const struct mech_call *call, struct span encrypted, struct mspan *em)
{
	size_t size = rsa_size(call->key);
	CK_RV rv;

	if (encrypted.n != size)
		return CKR_ENCRYPTED_DATA_LEN_RANGE;
	if (cf_failed(vault_scope_alloc(scope, 2 * size, em)))
		return CKR_DEVICE_MEMORY;
	rv = rsa_private(scope, call->key, encrypted.p, em->p);
	return rv == CKR_DATA_INVALID ? CKR_ENCRYPTED_DATA_INVALID : rv;
}

/* ---- PKCS#1 v1.5 ---- */

static CK_RV encrypt_pkcs(struct vault_scope *scope, const struct mech_call *call, struct span plain, struct mspan out, size_t *n)
{
	size_t size = rsa_size(call->key);
	uint8_t em[RSA_BYTES_MAX];
	CK_RV rv;

	(void)scope;
	if (size > sizeof(em) || plain.n > size - PADDING_MIN)
		return CKR_DATA_LEN_RANGE;
	em[0] = 0;
	em[1] = 2;
	interrupt_presume(); /* random numbers come by a system call */
	randombytes_buf(em + 2, size - plain.n - 3);
	for (size_t i = 2; i < size - plain.n - 1; i++)
		while (em[i] == 0)
			randombytes_buf(em + i, 1);
	em[size - plain.n - 1] = 0;
	bytes_copy(em + size - plain.n, plain.p, plain.n);
	*n = size;
	rv = rsa_public(call->key, em, out.p);
	sodium_memzero(em, size); /* it may be outside of a scope: the message is the caller's */
	return rv;
}

static CK_RV unpadded(struct vault_scope *scope, const struct mech_call *call, struct span encrypted, size_t wanted,
		      struct span *message)
{
	size_t size = rsa_size(call->key);
	struct mspan em;
	CK_RV rv = decrypted(scope, call, encrypted, &em);

	if (rv != CKR_OK)
		return rv;
	return rsa_unpad(scope, call->key, encrypted, span(em.p, size), wanted, mspan(em.p + size, size), message);
}

static CK_RV decrypt_pkcs(struct vault_scope *scope, const struct mech_call *call, struct span encrypted, struct mspan out,
			  size_t *n)
{
	struct span message;
	CK_RV rv = unpadded(scope, call, encrypted, MECH_LENGTH_ANY, &message);

	return rv == CKR_OK ? rsa_hand_out(message, out, n) : rv;
}

static CK_RV wrap_pkcs(struct vault_scope *scope, const struct mech_call *call, struct span material, struct mspan out, size_t *n)
{
	return of_key(encrypt_pkcs(scope, call, material, out, n));
}

static CK_RV unwrap_pkcs(struct vault_scope *scope, const struct mech_call *call, struct span wrapped, struct mspan out, size_t *n)
{
	struct span message;
	CK_RV rv = unpadded(scope, call, wrapped, *n, &message);

	return of_wrapped(rv == CKR_OK ? rsa_hand_out(message, out, n) : rv);
}

/* ---- key encapsulation: a new secret is encrypted as it is wrapped ---- */

typedef CK_RV (*wrap_fn)(struct vault_scope *scope, const struct mech_call *call, struct span material, struct mspan out, size_t *n);

static CK_RV wrap_new(struct vault_scope *scope, const struct mech_call *call, wrap_fn wrap, struct mspan ciphertext, struct mspan secret,
		      size_t *n)
{
	size_t out_n = ciphertext.n, secret_n = *n == MECH_LENGTH_AES ? 32 : *n;
	CK_RV rv;

	if (secret_n == MECH_LENGTH_ANY)
		return CKR_TEMPLATE_INCOMPLETE;
	if (secret_n > secret.n)
		return CKR_TEMPLATE_INCONSISTENT;
	*n = secret_n;
	randombytes_buf(secret.p, secret_n);
	rv = wrap(scope, call, span(secret.p, secret_n), ciphertext, &out_n);
	return rv == CKR_KEY_SIZE_RANGE ? CKR_TEMPLATE_INCONSISTENT : rv;
}

static CK_RV encapsulate_pkcs(struct vault_scope *scope, const struct mech_call *call, struct mspan ciphertext, struct mspan secret,
			      size_t *n)
{
	return wrap_new(scope, call, wrap_pkcs, ciphertext, secret, n);
}

/* ---- X.509: the number itself ---- */

static CK_RV encrypt_raw(struct vault_scope *scope, const struct mech_call *call, struct span plain, struct mspan out, size_t *n)
{
	uint8_t em[RSA_BYTES_MAX];
	CK_RV rv = rsa_number_of(call, plain, em);

	(void)scope;
	*n = rsa_size(call->key);
	if (rv == CKR_OK)
		rv = rsa_public(call->key, em, out.p);
	sodium_memzero(em, sizeof(em));
	return rv;
}

static CK_RV decrypt_raw(struct vault_scope *scope, const struct mech_call *call, struct span encrypted, struct mspan out, size_t *n)
{
	struct mspan em;
	CK_RV rv = decrypted(scope, call, encrypted, &em);

	return rv == CKR_OK ? rsa_hand_out(span(em.p, rsa_size(call->key)), out, n) : rv;
}

/* RSASVE (SP 800-56B §7.2.1): any number below the modulus.  That it is 0, 1 or the modulus less 1 happens to nobody. */
static CK_RV encapsulate_raw(struct vault_scope *scope, const struct mech_call *call, struct mspan ciphertext, struct mspan secret,
			     size_t *n)
{
	size_t size = rsa_size(call->key);
	CK_RV rv = CKR_DATA_INVALID;

	(void)scope;
	if (*n != MECH_LENGTH_ANY && *n != size)
		return CKR_TEMPLATE_INCONSISTENT;
	*n = size;
	if (ciphertext.n < size || secret.n < size)
		return CKR_GENERAL_ERROR;
	while (rv == CKR_DATA_INVALID) {
		randombytes_buf(secret.p, size);
		rv = rsa_public(call->key, secret.p, ciphertext.p);
	}
	return rv;
}

static CK_RV decapsulate_raw(struct vault_scope *scope, const struct mech_call *call, struct span ciphertext, struct mspan secret,
			     size_t *n)
{
	size_t size = rsa_size(call->key);

	if (*n != MECH_LENGTH_ANY && *n != size)
		return CKR_TEMPLATE_INCONSISTENT;
	*n = secret.n;
	return of_wrapped(decrypt_raw(scope, call, ciphertext, secret, n));
}

/* ---- OAEP ---- */

static CK_RV suits_oaep(const struct mech_call *call)
{
	if (2 * call->params->rsa.hash->size + 2 <= rsa_size(call->key))
		return CKR_OK;
	return CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV encrypt_oaep(struct vault_scope *scope, const struct mech_call *call, struct span plain, struct mspan out, size_t *n)
{
	const struct mech_rsa_params *p = &call->params->rsa;
	size_t size = rsa_size(call->key);
	uint8_t em[RSA_BYTES_MAX];
	CK_RV rv;

	(void)scope;
	if (size > sizeof(em) || plain.n > size - 2 * p->hash->size - 2)
		return CKR_DATA_LEN_RANGE;
	if (RSA_padding_add_PKCS1_OAEP_mgf1(em, (int)size, plain.p, (int)plain.n, p->label, (int)p->label_len,
					    ossl_digest(p->hash->name), ossl_digest(p->mgf->name)) != 1)
		return CKR_FUNCTION_FAILED;
	*n = size;
	rv = rsa_public(call->key, em, out.p);
	sodium_memzero(em, size);
	return rv;
}

/* OpenSSL checks the padding in constant time; every way to be wrong has one answer. */
static CK_RV decrypt_oaep(struct vault_scope *scope, const struct mech_call *call, struct span encrypted, struct mspan out, size_t *n)
{
	const struct mech_rsa_params *p = &call->params->rsa;
	size_t size = rsa_size(call->key);
	struct mspan em;
	uint8_t *message;
	int length;
	CK_RV rv = decrypted(scope, call, encrypted, &em);

	if (rv != CKR_OK)
		return rv;
	message = em.p + size;
	length = RSA_padding_check_PKCS1_OAEP_mgf1(message, (int)size, em.p, (int)size, (int)size, p->label, (int)p->label_len,
						   ossl_digest(p->hash->name), ossl_digest(p->mgf->name));
	return length < 0 ? CKR_ENCRYPTED_DATA_INVALID : rsa_hand_out(span(message, (size_t)length), out, n);
}

static CK_RV wrap_oaep(struct vault_scope *scope, const struct mech_call *call, struct span material, struct mspan out, size_t *n)
{
	return of_key(encrypt_oaep(scope, call, material, out, n));
}

static CK_RV unwrap_oaep(struct vault_scope *scope, const struct mech_call *call, struct span wrapped, struct mspan out, size_t *n)
{
	return of_wrapped(decrypt_oaep(scope, call, wrapped, out, n));
}

static CK_RV encapsulate_oaep(struct vault_scope *scope, const struct mech_call *call, struct mspan ciphertext, struct mspan secret,
			      size_t *n)
{
	return wrap_new(scope, call, wrap_oaep, ciphertext, secret, n);
}

static CK_RV decapsulate_oaep(struct vault_scope *scope, const struct mech_call *call, struct span ciphertext, struct mspan secret,
			      size_t *n)
{
	*n = secret.n;
	return unwrap_oaep(scope, call, ciphertext, secret, n);
}

/* ---- RSA and AES: a key of any length under a new AES key, that one by OAEP ---- */

static CK_RV suits_aes(const struct mech_call *call)
{
	const struct mech_rsa_params *p = &call->params->rsa;

	if (suits_oaep(call) == CKR_OK && p->aes_bytes <= rsa_size(call->key) - 2 * p->hash->size - 2)
		return CKR_OK;
	return CKR_MECHANISM_PARAM_INVALID;
}

/* CKM_AES_KEY_WRAP_KWP with a key of the scope's. */
struct inner {
	union mech_params params;
	struct key_view key;
	struct mech_call call;
};

static CK_RV inner_call(struct span key, CK_FLAGS use, struct inner *out)
{
	const CK_MECHANISM kwp = { CKM_AES_KEY_WRAP_KWP, NULL, 0 };
	const struct mech *row = mech_find(kwp.mechanism);

	out->key = (struct key_view){ .class = CKO_SECRET_KEY, .type = CKK_AES, .bits = key.n * 8, .parts = 1 };
	out->key.part[0] = (struct key_part){ CKA_VALUE, key };
	out->call = (struct mech_call){ row, &out->params, &out->key, NULL, use };
	return row->params(&kwp, &out->params);
}

static CK_RV out_len_aes(const struct mech_call *call, size_t in_len, size_t *out)
{
	*out = rsa_size(call->key) + (in_len + 7) / 8 * 8 + 8;
	return CKR_OK;
}

static CK_RV wrap_aes(struct vault_scope *scope, const struct mech_call *call, struct span material, struct mspan out, size_t *n)
{
	size_t size = rsa_size(call->key), first = size, second;
	uint8_t key[32];
	struct span aes = span(key, call->params->rsa.aes_bytes);
	struct inner inner;
	CK_RV rv;

	interrupt_presume();
	randombytes_buf(key, aes.n);
	rv = inner_call(aes, CKF_WRAP, &inner);
	if (rv == CKR_OK)
		rv = wrap_oaep(scope, call, aes, mspan(out.p, size), &first);
	second = out.n - size;
	if (rv == CKR_OK)
		rv = inner.call.mech->impl->wrap(scope, &inner.call, material, mspan(out.p + size, second), &second);
	*n = size + second;
	return rv;
}

static CK_RV unwrap_aes(struct vault_scope *scope, const struct mech_call *call, struct span wrapped, struct mspan out, size_t *n)
{
	size_t size = rsa_size(call->key), key_n;
	struct mspan key;
	struct inner inner;
	CK_RV rv;

	if (wrapped.n <= size)
		return CKR_WRAPPED_KEY_LEN_RANGE;
	if (cf_failed(vault_scope_alloc(scope, size, &key)))
		return CKR_DEVICE_MEMORY;
	key_n = key.n;
	rv = unwrap_oaep(scope, call, span(wrapped.p, size), key, &key_n);
	if (rv == CKR_OK && key_n != call->params->rsa.aes_bytes)
		rv = CKR_WRAPPED_KEY_INVALID;
	if (rv == CKR_OK)
		rv = inner_call(span(key.p, key_n), CKF_UNWRAP, &inner);
	return rv == CKR_OK ? inner.call.mech->impl->unwrap(scope, &inner.call, span_skip(wrapped, size), out, n) : rv;
}

const struct mech_impl mech_rsa_aes_wrap = {
	.state_kind = MECH_STATE_NONE,
	.suits = suits_aes,
	.out_len = out_len_aes,
	.wrap = wrap_aes,
	.unwrap = unwrap_aes,
};

const struct mech_impl mech_rsa_pkcs = {
	.state_kind = MECH_STATE_NONE,
	.deep = true,
	.out_len = out_len,
	.sign = rsa_sign_pkcs,
	.verify = rsa_verify_pkcs,
	.recover = rsa_recover_pkcs,
	.encrypt = encrypt_pkcs,
	.decrypt = decrypt_pkcs,
	.wrap = wrap_pkcs,
	.unwrap = unwrap_pkcs,
	.encapsulate = encapsulate_pkcs,
	.decapsulate = unwrap_pkcs,
};

const struct mech_impl mech_rsa_raw = {
	.state_kind = MECH_STATE_NONE,
	.deep = true,
	.out_len = out_len,
	.sign = rsa_sign_raw,
	.verify = rsa_verify_raw,
	.recover = rsa_recover_raw,
	.encrypt = encrypt_raw,
	.decrypt = decrypt_raw,
	.encapsulate = encapsulate_raw,
	.decapsulate = decapsulate_raw,
};

const struct mech_impl mech_rsa_oaep = {
	.state_kind = MECH_STATE_NONE,
	.deep = true,
	.suits = suits_oaep,
	.out_len = out_len,
	.encrypt = encrypt_oaep,
	.decrypt = decrypt_oaep,
	.wrap = wrap_oaep,
	.unwrap = unwrap_oaep,
	.encapsulate = encapsulate_oaep,
	.decapsulate = decapsulate_oaep,
};
