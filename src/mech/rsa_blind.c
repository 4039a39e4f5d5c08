/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private operation for signatures, with blinding factors that last (P. Kocher, CRYPTO '96).
 *
 * To make a pair of factors, A = r^e and 1/r, takes as long as the signature itself; libcrypto keeps one in its key object, squares
 * it for each operation and makes a new one after 32.  Here the key object ends with the operation, and the pair is what is
 * kept, sealed, with the key (vault/keep.h), in the form that libcrypto's Montgomery multiplication wants.
 *
 * Not for decryption: there libcrypto takes the blinding off in constant time (CVE-2022-4304), which is done within its own
 * function, with factors of its own.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "mech/ossl_auto.h"
#include "mech/rsa.h"
#include "vault/interrupt.h"
#include "vault/keep.h"

AUTO_DEFINE(rsa_st, RSA_free)
AUTO_DEFINE(bn_blinding_st, BN_BLINDING_free)
AUTO_DEFINE(bn_mont_ctx_st, BN_MONT_CTX_free)

/* libcrypto's figure (BN_BLINDING_COUNTER). */
#define USES_MAX 32

struct work {
	const struct key_view *key;
	RSA *rsa;
	BN_CTX *context;
	BN_MONT_CTX *mont;   /* of the modulus */
	BIGNUM *number;
	BIGNUM *on, *off;    /* A and 1/r */
	size_t n;            /* bytes of the modulus */
	struct mspan pair;   /* how often it was used, A, 1/r: what is kept */
	uint8_t *in, *power; /* two numbers */
};

static bool multiply(const struct work *w, BIGNUM *number, const BIGNUM *by)
{
	return BN_mod_mul_montgomery(number, number, by, w->mont, w->context) == 1;
}

static bool put(const struct work *w, const BIGNUM *number, uint8_t *out)
{
	return BN_bn2binpad(number, out, (int)w->n) == (int)w->n;
}

static bool kept_pair(struct vault_scope *scope, const struct work *w)
{
	const uint8_t *on = w->pair.p + 1, *off = on + w->n;

	return w->key->keep != NULL && keep_take(scope, w->key->keep, w->pair) && BN_bin2bn(on, (int)w->n, w->on) != NULL &&
	       BN_bin2bn(off, (int)w->n, w->off) != NULL;
}

/* libcrypto makes it: it is read by blinding 1, and by taking that off from 1. */
static bool new_pair(const struct work *w)
{
	AUTO(bn_blinding_st) b = NULL;

	interrupt_presume(); /* random numbers come by a system call */
	b = RSA_setup_blinding(w->rsa, w->context);
	w->pair.p[0] = 0;
	return b != NULL && BN_one(w->on) == 1 && BN_one(w->off) == 1 &&
	       BN_BLINDING_convert_ex(w->on, w->number, b, w->context) == 1 &&
	       BN_BLINDING_invert_ex(w->off, w->number, b, w->context) == 1 &&
	       BN_to_montgomery(w->on, w->on, w->mont, w->context) == 1 && BN_to_montgomery(w->off, w->off, w->mont, w->context) == 1;
}

static void keep_next(struct vault_scope *scope, const struct work *w)
{
	uint8_t *on = w->pair.p + 1, *off = on + w->n;

	if (w->key->keep != NULL && ++w->pair.p[0] < USES_MAX && multiply(w, w->on, w->on) && multiply(w, w->off, w->off) &&
	    put(w, w->on, on) && put(w, w->off, off))
		keep_give(scope, w->key->keep, span_const(w->pair));
}

/* What lies in between would tell the factors to whoever knows the message: it stays in the scope. */
static bool blinded(const struct work *w, uint8_t *out)
{
	int n = (int)w->n;

	return multiply(w, w->number, w->on) && put(w, w->number, w->in) &&
	       RSA_private_decrypt(n, w->in, w->power, w->rsa, RSA_NO_PADDING) == n && BN_bin2bn(w->power, n, w->number) != NULL &&
	       multiply(w, w->number, w->off) && put(w, w->number, out);
}

static CK_RV run(struct vault_scope *scope, const struct work *w, const uint8_t *in, uint8_t *out)
{
	if (BN_MONT_CTX_set(w->mont, RSA_get0_n(w->rsa), w->context) != 1 || (!kept_pair(scope, w) && !new_pair(w)) ||
	    BN_bin2bn(in, (int)w->n, w->number) == NULL)
		return CKR_FUNCTION_FAILED;
	if (BN_cmp(w->number, RSA_get0_n(w->rsa)) >= 0)
		return CKR_DATA_INVALID;
	RSA_set_flags(w->rsa, RSA_FLAG_NO_BLINDING); /* by the library itself, once more */
	if (!blinded(w, out))
		return CKR_FUNCTION_FAILED;
	keep_next(scope, w);
	return CKR_OK;
}

CK_RV rsa_signature(struct vault_scope *scope, const struct key_view *key, const uint8_t *in, uint8_t *out)
{
	size_t n = rsa_size(key);
	AUTO(rsa_st) rsa = rsa_of(key);
	AUTO(bignum_ctx) context = BN_CTX_new();
	AUTO(bn_mont_ctx_st) mont = BN_MONT_CTX_new();
	AUTO(bignum_st) number = BN_new();
	AUTO(bignum_st) on = BN_new();
	AUTO(bignum_st) off = BN_new();
	struct mspan room;

	if (rsa == NULL || context == NULL || mont == NULL || number == NULL || on == NULL || off == NULL)
		return CKR_GENERAL_ERROR;
	if (cf_failed(vault_scope_alloc(scope, 1 + 4 * n, &room)))
		return CKR_DEVICE_MEMORY;
	return run(scope, &(struct work){ key, rsa, context, mont, number, on, off, n, mspan(room.p, 1 + 2 * n), room.p + 1 + 2 * n,
					  room.p + 1 + 3 * n }, in, out);
}
