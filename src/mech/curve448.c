/* SPDX-License-Identifier: Apache-2.0 */
#include "mech/curve448.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdatomic.h>

#include "base/error.h"
#include "mech/families.h"
#include "mech/ossl_auto.h"
#include "mech/ossl_own.h"

/*
 * What EVP_PKEY_fromdata() wants for keys of an algorithm.  To make one, libcrypto walks through all names that it knows, which takes
 * 2 us; so one that is idle waits for the next operation, whatever thread's.  There is nothing of a key in it.
 */
static struct maker {
	const char *name;
	_Atomic(EVP_PKEY_CTX *) idle;
} makers[] = { { .name = "ED448" }, { .name = "X448" } };

static struct maker *maker_of(const char *name)
{
	return &makers[strcmp(name, makers[0].name) == 0 ? 0 : 1];
}

void curve448_close(void)
{
	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
		EVP_PKEY_CTX_free(atomic_exchange(&makers[i].idle, NULL));
}

/* It outlives the scope. */
static EVP_PKEY_CTX *context_new(const char *name)
{
	AUTO(evp_pkey_ctx_st) c = NULL;
	bool good;

	ossl_own_ordinary(true);
	c = EVP_PKEY_CTX_new_from_name(ossl_context(), name, NULL);
	good = c != NULL && EVP_PKEY_fromdata_init(c) == 1;
	ossl_own_ordinary(false);
	return good ? TAKE(c) : NULL;
}

static EVP_PKEY *key_of(const char *name, int selection, OSSL_PARAM *parts)
{
	struct maker *m = maker_of(name);
	EVP_PKEY_CTX *none = NULL, *c = atomic_exchange(&m->idle, NULL);
	AUTO(evp_pkey_st) key = NULL;
	bool good;

	if (c == NULL)
		c = context_new(name);
	good = c != NULL && EVP_PKEY_fromdata(c, &key, selection, parts) == 1;
	if (!atomic_compare_exchange_strong(&m->idle, &none, c))
		EVP_PKEY_CTX_free(c);
	return good ? TAKE(key) : NULL;
}

static OSSL_PARAM part(const char *name, struct span bytes)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)bytes.p, bytes.n);
}

/* The library computes a point that it is not given, which takes as long as a signature. */
static EVP_PKEY *private_key(const char *name, struct span value, struct span point_opt)
{
	OSSL_PARAM parts[] = { part(OSSL_PKEY_PARAM_PRIV_KEY, value), OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end() };

	if (point_opt.n != 0)
		parts[1] = part(OSSL_PKEY_PARAM_PUB_KEY, point_opt);
	return key_of(name, EVP_PKEY_KEYPAIR, parts);
}

static EVP_PKEY *public_key(const char *name, struct span point)
{
	OSSL_PARAM parts[] = { part(OSSL_PKEY_PARAM_PUB_KEY, point), OSSL_PARAM_construct_end() };

	return key_of(name, EVP_PKEY_PUBLIC_KEY, parts);
}

CK_RV curve448_public(struct vault_scope *scope, const struct curve *curve, struct span value, uint8_t *out)
{
	AUTO(evp_pkey_st) k = value.n == curve->scalar ? private_key(curve->library, value, SPAN_EMPTY) : NULL;
	size_t n = curve->point;

	(void)scope;
	if (value.n != curve->scalar)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	if (k == NULL || EVP_PKEY_get_raw_public_key(k, out, &n) != 1 || n != curve->point)
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

CK_RV curve448_agree(struct vault_scope *scope, const struct curve *curve, struct span value, struct span point, struct span peer,
		     struct mspan z)
{
	AUTO(evp_pkey_st) ours = private_key(curve->library, value, point);
	AUTO(evp_pkey_st) theirs = peer.n == curve->point ? public_key(curve->library, peer) : NULL;
	AUTO(evp_pkey_ctx_st) context = NULL;
	size_t n = z.n;

	(void)scope;
	if (theirs == NULL)
		return CKR_MECHANISM_PARAM_INVALID;
	if (ours != NULL)
		context = EVP_PKEY_CTX_new_from_pkey(ossl_context(), ours, NULL);
	/* Any 56 bytes are a point; what is to be refused shows in the result (RFC 7748 §6.2). */
	if (context == NULL || EVP_PKEY_derive_init(context) != 1 || EVP_PKEY_derive_set_peer_ex(context, theirs, 0) != 1)
		return CKR_FUNCTION_FAILED;
	return EVP_PKEY_derive(context, z.p, &n) == 1 && n == curve->scalar ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

/* By name: headers of OpenSSL 3.0 do not have them. */
#define INSTANCE "instance"
#define CONTEXT "context-string"

/* Older libraries have no such parameters, and leave out silently what they do not know. */
bool ed448_has_forms(void)
{
	const OSSL_PARAM *known = EVP_SIGNATURE_settable_ctx_params(ossl_ed448());

	return known != NULL && OSSL_PARAM_locate_const(known, INSTANCE) != NULL && OSSL_PARAM_locate_const(known, CONTEXT) != NULL;
}

/* `out` has room for three.  They are read, whatever their type says. */
static const OSSL_PARAM *form_of(const struct mech_eddsa_params *p, OSSL_PARAM *out)
{
	if (!p->prehash && p->context_len == 0)
		return NULL;
	out[0] = OSSL_PARAM_construct_utf8_string(INSTANCE, p->prehash ? (char *)"Ed448ph" : (char *)"Ed448", 0);
	out[1] = OSSL_PARAM_construct_octet_string(CONTEXT, (void *)(uintptr_t)p->context, p->context_len);
	out[2] = OSSL_PARAM_construct_end();
	return out;
}

CK_RV ed448_sign(struct vault_scope *scope, const struct mech_eddsa_params *p, struct span value, struct span point, struct span message,
		 struct mspan out, size_t *n)
{
	OSSL_PARAM params[3];
	AUTO(evp_pkey_st) k = private_key("ED448", value, point);
	AUTO(evp_md_ctx_st) context = EVP_MD_CTX_new();

	(void)scope;
	*n = out.n;
	if (k == NULL || context == NULL || EVP_DigestSignInit_ex(context, NULL, NULL, ossl_context(), NULL, k, form_of(p, params)) != 1 ||
	    EVP_DigestSign(context, out.p, n, message.p, message.n) != 1)
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

CK_RV ed448_verify(const struct mech_eddsa_params *p, struct span point, struct span message, struct span signature)
{
	OSSL_PARAM params[3];
	AUTO(evp_pkey_st) k = public_key("ED448", point);
	AUTO(evp_md_ctx_st) context = EVP_MD_CTX_new();

	if (signature.n != ED448_SIGNATURE_SIZE)
		return CKR_SIGNATURE_LEN_RANGE;
	if (k == NULL || context == NULL ||
	    EVP_DigestVerifyInit_ex(context, NULL, NULL, ossl_context(), NULL, k, form_of(p, params)) != 1)
		return CKR_FUNCTION_FAILED;
	return EVP_DigestVerify(context, signature.p, signature.n, message.p, message.n) == 1 ? CKR_OK : CKR_SIGNATURE_INVALID;
}
