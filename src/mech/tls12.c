/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of TLS 1.2: the master secret, the keys of a connection, exported keys, the "finished" message (RFC 5246 §5, §7.4.9, §8.1; RFC 5705; RFC 7627), by OpenSSL. */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sodium.h>

#include "base/error.h"
#include "mech/families.h"
#include "mech/hashes.h"

#define MASTER_SIZE 48
/* Digest, secret, label, two seeds of the parameter, two more, and the end. */
#define PARAMS_MAX 8

/* OpenSSL's parameters are not const; it does not write to them. */
static OSSL_PARAM octets(const char *name, struct span bytes)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)bytes.p, bytes.n);
}

static void add_seed(OSSL_PARAM *params, size_t *n, struct span seed)
{
	if (seed.n != 0)
		params[(*n)++] = octets(OSSL_KDF_PARAM_SEED, seed);
}

/* PRF(secret, label, seed), as many bytes as `out` has; two seeds more than in the parameter, which may be empty. */
static CK_RV prf(struct vault_scope *scope, const struct mech_tls_params *p, struct span secret, const struct span more[2],
		 struct mspan out)
{
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(ossl_tls_prf());
	OSSL_PARAM params[PARAMS_MAX];
	size_t n = 0;
	bool done;

	(void)scope;
	params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)p->hash->name, 0);
	params[n++] = octets(OSSL_KDF_PARAM_SECRET, secret);
	add_seed(params, &n, p->label);
	add_seed(params, &n, p->seed[0]);
	add_seed(params, &n, p->seed[1]);
	add_seed(params, &n, more[0]);
	add_seed(params, &n, more[1]);
	params[n] = OSSL_PARAM_construct_end();
	done = context != NULL && EVP_KDF_derive(context, out.p, out.n, params) == 1;
	EVP_KDF_CTX_free(context);
	return done ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* ---- the master secret ---- */

static CK_RV master(struct vault_scope *scope, const struct mech_call *call, const struct key_view *other, struct mspan out, size_t *n)
{
	struct span pre = key_view_part(call->key, CKA_VALUE);
	static const struct span none[2];
	CK_VERSION *version = call->params->tls.version;
	CK_RV rv;

	(void)other;
	if (*n != 0 && *n != MASTER_SIZE)
		return CKR_KEY_SIZE_RANGE;
	*n = MASTER_SIZE;
	if (version != NULL && pre.n != MASTER_SIZE)
		return CKR_KEY_SIZE_RANGE;
	rv = prf(scope, &call->params->tls, pre, none, mspan(out.p, *n));
	/* The client's version is in the front of what it made up for RSA; it went over the wire in clear before. */
	if (rv == CKR_OK && version != NULL)
		*version = (CK_VERSION){ pre.p[0], pre.p[1] };
	return rv;
}

/* All that a master secret is for. */
static const CK_MECHANISM_TYPE of_master[] = {
	CKM_TLS12_KEY_AND_MAC_DERIVE, CKM_TLS12_KEY_SAFE_DERIVE, CKM_TLS_KDF, CKM_TLS12_KDF, CKM_TLS_MAC, CKM_TLS12_MAC,
};

const struct mech_impl mech_tls_master = {
	.state_kind = MECH_STATE_NONE,
	.derive = master,
	.allows = of_master,
	.allows_count = sizeof(of_master) / sizeof(of_master[0]),
};

/* ---- the keys of a connection, and its initialization vectors, in one block (RFC 5246 §6.3) ---- */

static CK_RV block(struct vault_scope *scope, const struct mech_call *call, const struct key_view *other, struct mspan out, size_t *n)
{
	const struct mech_tls_params *p = &call->params->tls;
	static const struct span none[2];

	(void)other;
	*n = 2 * (p->mac_key_n + p->key_n + p->iv_n);
	if (*n > out.n)
		return CKR_GENERAL_ERROR;
	return prf(scope, p, key_view_part(call->key, CKA_VALUE), none, mspan(out.p, *n));
}

const struct mech_impl mech_tls_block = { .state_kind = MECH_STATE_NONE, .derives_block = true, .derive = block };

/* ---- exported keys ---- */

static CK_RV export(struct vault_scope *scope, const struct mech_call *call, const struct key_view *other, struct mspan out, size_t *n)
{
	const struct mech_tls_params *p = &call->params->tls;
	const uint8_t length[2] = { (uint8_t)(p->context.n >> 8), (uint8_t)p->context.n };
	struct span more[2] = { SPAN_EMPTY, p->context };

	(void)other;
	if (*n == 0 || *n > out.n)
		return CKR_KEY_SIZE_RANGE; /* there is no length but the template's */
	if (p->has_context)
		more[0] = SPAN_OF(length);
	return prf(scope, p, key_view_part(call->key, CKA_VALUE), more, mspan(out.p, *n));
}

const struct mech_impl mech_tls_kdf = { .state_kind = MECH_STATE_NONE, .derives_as_sensitive = true, .derive = export };

/* ---- the "finished" message: what is signed is the hash of the handshake ---- */

static CK_RV out_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	(void)in_len;
	*out = call->params->tls.mac_n;
	return CKR_OK;
}

static CK_RV sign(struct vault_scope *scope, const struct mech_call *call, struct span message, struct mspan out, size_t *n)
{
	const struct span more[2] = { message, SPAN_EMPTY };

	*n = call->params->tls.mac_n;
	if (message.n > TLS_TEXT_MAX)
		return CKR_DATA_LEN_RANGE;
	return prf(scope, &call->params->tls, key_view_part(call->key, CKA_VALUE), more, mspan(out.p, *n));
}

static CK_RV verify(struct vault_scope *scope, const struct mech_call *call, struct span message, struct span signature)
{
	uint8_t mac[TLS_MAC_MAX];
	size_t n;
	CK_RV rv;

	if (signature.n != call->params->tls.mac_n)
		return CKR_SIGNATURE_LEN_RANGE;
	rv = sign(scope, call, message, MSPAN_OF(mac), &n);
	if (rv != CKR_OK)
		return rv;
	return sodium_memcmp(mac, signature.p, n) == 0 ? CKR_OK : CKR_SIGNATURE_INVALID;
}

const struct mech_impl mech_tls_mac = {
	.state_kind = MECH_STATE_NONE,
	.gathers = CKF_SIGN | CKF_VERIFY,
	.out_len = out_len,
	.sign = sign,
	.verify = verify,
};
