/* SPDX-License-Identifier: Apache-2.0 */
/* CKM_PKCS5_PBKD2: a secret key out of a password (RFC 8018 §5.2), by OpenSSL. The password is the caller's, and is read where it is. */
#include <sys/uio.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/error.h"
#include "mech/families.h"
#include "mech/hashes.h"
#include "mech/params.h"

/* Some minutes. */
#define ITERATIONS_MAX 1000000000ul
#define INPUT_MAX ((CK_ULONG)64 * 1024)

/*
 * CK_PKCS5_PBKD2_PARAMS of 2.40 points to the length, where CK_PKCS5_PBKD2_PARAMS2 has it; both are of one size, and NSS still sends
 * the older one.  No password is so long that its length could be an address, and what is none must not end the host: so the
 * kernel reads it.  False: there is nothing to read.
 */
static bool length_at(CK_ULONG address, CK_ULONG *n)
{
	struct iovec to = { n, sizeof(*n) };
	struct iovec from = { NULL, sizeof(*n) };

	memcpy(&from.iov_base, &address, sizeof(address));
	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)sizeof(*n);
}

CK_RV params_pbkdf2(const CK_MECHANISM *given, union mech_params *out)
{
	static const CK_MECHANISM_TYPE hashes[] = {
		[CKP_PKCS5_PBKD2_HMAC_SHA1] = CKM_SHA_1,    [CKP_PKCS5_PBKD2_HMAC_SHA224] = CKM_SHA224,
		[CKP_PKCS5_PBKD2_HMAC_SHA256] = CKM_SHA256, [CKP_PKCS5_PBKD2_HMAC_SHA384] = CKM_SHA384,
		[CKP_PKCS5_PBKD2_HMAC_SHA512] = CKM_SHA512,
	};
	struct mech_pbkdf2_params *p = &out->pbkdf2;
	CK_PKCS5_PBKD2_PARAMS2 g;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(g))
		return params_invalid("is no CK_PKCS5_PBKD2_PARAMS2");
	memcpy(&g, given->pParameter, sizeof(g));
	p->hash = g.prf < sizeof(hashes) / sizeof(hashes[0]) && hashes[g.prf] != 0 ? hash_find(hashes[g.prf]) : NULL;
	if (p->hash == NULL || g.ulPrfDataLen != 0)
		return params_invalid("names a pseudorandom function that is not known, or has data for it");
	if (g.saltSource != CKZ_SALT_SPECIFIED || (g.pSaltSourceData == NULL && g.ulSaltSourceDataLen != 0) ||
	    g.ulSaltSourceDataLen > INPUT_MAX)
		return params_invalid("has no salt where it says so, or too long a one");
	if (g.ulPasswordLen > INPUT_MAX && !length_at(g.ulPasswordLen, &g.ulPasswordLen))
		return params_invalid("says neither how long the password is nor where its length is");
	if ((g.pPassword == NULL && g.ulPasswordLen != 0) || g.ulPasswordLen > INPUT_MAX)
		return params_invalid("has no password where it says so, or too long a one");
	if (g.iterations == 0 || g.iterations > ITERATIONS_MAX)
		return params_invalid("asks for no iteration, or for too many");
	p->salt = span(g.pSaltSourceData, g.ulSaltSourceDataLen);
	p->password = span(g.pPassword, g.ulPasswordLen);
	p->iterations = g.iterations;
	return CKR_OK;
}

static CK_RV generate(struct vault_scope *scope, const struct mech_call *call, struct mspan out)
{
	const struct mech_pbkdf2_params *p = &call->params->pbkdf2;
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(ossl_pbkdf2());
	uint64_t iterations = p->iterations;
	int no_sp800_132 = 1; /* whose minimum sizes are not PKCS#5's */
	/* OpenSSL's parameters are not const; it does not write to them.  Nor does it take a NULL pointer for what is empty. */
	OSSL_PARAM params[] = {
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)(p->password.n == 0 ? "" : (const void *)p->password.p),
					p->password.n),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)(p->salt.n == 0 ? "" : (const void *)p->salt.p), p->salt.n),
		OSSL_PARAM_uint64(OSSL_KDF_PARAM_ITER, &iterations),
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, (void *)(uintptr_t)p->hash->name, strlen(p->hash->name)),
		OSSL_PARAM_int(OSSL_KDF_PARAM_PKCS5, &no_sp800_132),
		OSSL_PARAM_END,
	};
	bool done = context != NULL && EVP_KDF_derive(context, out.p, out.n, params) == 1;

	(void)scope;
	EVP_KDF_CTX_free(context);
	return done ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV prepare(void)
{
	return CKR_OK;
}

const struct mech_impl mech_pbkdf2 = {
	.state_kind = MECH_STATE_NONE,
	.prepare = prepare,
	.generate = generate,
};
