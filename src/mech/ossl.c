/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>
#include <string.h>

#include "base/error.h"
#include "mech/families.h"

#define DIGESTS_MAX 16
#define CIPHERS (sizeof(cipher_names) / sizeof(cipher_names[0]))

static const char *const cipher_names[] = { "AES-128-CBC", "AES-192-CBC", "AES-256-CBC" };

static struct {
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER *provider;
	struct {
		const char *name;
		EVP_MD *md;
	} digest[DIGESTS_MAX];
	size_t digests;
	EVP_CIPHER *cipher[CIPHERS];
	EVP_KDF *pbkdf2;
} ossl;

static CK_RV failed(void)
{
	ossl_close();
	cf_ignore(error_set(CF_STATUS(IO), "OpenSSL's default provider cannot be loaded"), "the return value is the answer");
	return CKR_GENERAL_ERROR;
}

/* Everything is fetched here, so that later there is nothing to lock. */
static bool fetch_digests(void)
{
	for (size_t i = 0; i < mech_count() && ossl.digests < DIGESTS_MAX; i++) {
		const struct mech *m = mech_at(i);
		EVP_MD *md;

		if (m->impl != &mech_digest)
			continue;
		md = EVP_MD_fetch(ossl.context, m->variant, NULL);
		if (md == NULL)
			return false;
		ossl.digest[ossl.digests].name = m->variant;
		ossl.digest[ossl.digests++].md = md;
	}
	return true;
}

static bool fetch_others(void)
{
	for (size_t i = 0; i < CIPHERS; i++) {
		ossl.cipher[i] = EVP_CIPHER_fetch(ossl.context, cipher_names[i], NULL);
		if (ossl.cipher[i] == NULL)
			return false;
	}
	ossl.pbkdf2 = EVP_KDF_fetch(ossl.context, "PBKDF2", NULL);
	return ossl.pbkdf2 != NULL;
}

CK_RV ossl_open(void)
{
	/* Without it the first use would read openssl.cnf and register an exit handler in the host. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
		return failed();
	ossl.context = OSSL_LIB_CTX_new();
	if (ossl.context == NULL)
		return failed();
	ossl.provider = OSSL_PROVIDER_load(ossl.context, "default");
	if (ossl.provider == NULL || !fetch_digests() || !fetch_others())
		return failed();
	return CKR_OK;
}

void ossl_close(void)
{
	while (ossl.digests > 0)
		EVP_MD_free(ossl.digest[--ossl.digests].md);
	for (size_t i = 0; i < CIPHERS; i++) {
		EVP_CIPHER_free(ossl.cipher[i]);
		ossl.cipher[i] = NULL;
	}
	EVP_KDF_free(ossl.pbkdf2);
	ossl.pbkdf2 = NULL;
	if (ossl.provider != NULL)
		(void)OSSL_PROVIDER_unload(ossl.provider);
	OSSL_LIB_CTX_free(ossl.context);
	ossl.provider = NULL;
	ossl.context = NULL;
}

const EVP_MD *ossl_digest(const char *name)
{
	for (size_t i = 0; i < ossl.digests; i++)
		if (strcmp(ossl.digest[i].name, name) == 0)
			return ossl.digest[i].md;
	return NULL;
}

const EVP_CIPHER *ossl_cipher(const char *name)
{
	for (size_t i = 0; i < CIPHERS; i++)
		if (strcmp(cipher_names[i], name) == 0)
			return ossl.cipher[i];
	return NULL;
}

EVP_KDF *ossl_pbkdf2(void)
{
	return ossl.pbkdf2;
}
