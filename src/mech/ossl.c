/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "mech/curve448.h"
#include "mech/ec.h"
#include "mech/families.h"
#include "mech/ossl_own.h"
#include "mech/pqc.h"
#include "mech/rfc6979.h"

#define CIPHERS (sizeof(cipher_names) / sizeof(cipher_names[0]))

static const char *const cipher_names[] = { "AES-128-CBC", "AES-192-CBC", "AES-256-CBC" };
#define DIGESTS_MAX 32
/* Of mechanisms that hash on their way, beside those of the rows that only hash. */
static const char *const digest_names[] = { "MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SHA512-224", "SHA512-256", "SHA3-224", "SHA3-256", "SHA3-384", "SHA3-512",
					     "SHAKE128", "SHAKE256" };
/* Fetched and kept so that their users find them ready: a fetch is no work for a vault scope. */
static const char *const key_names[] = { "ED448", "X448" };
#define KEY_NAMES (sizeof(key_names) / sizeof(key_names[0]))

/* In the order of enum ossl_mode. */
static const char *const mode_names[OSSL_MODES] = {
	"ChaCha20", "ChaCha20-Poly1305", "ECB", "CBC", "ECB", "CBC", "CTR", "CFB1", "CFB8", "CFB", "OFB", "CBC-CTS", "XTS", "GCM", "CCM",
};
#define KEY_SIZES 3

static struct {
	EVP_CIPHER *mode[OSSL_MODES][KEY_SIZES];
	EVP_MAC *poly1305, *hmac; /* hmac: TLS1-PRF looks for it */
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER *provider;
	struct {
		const char *name;
		EVP_MD *md;
	} digest[DIGESTS_MAX];
	size_t digests;
	EVP_CIPHER *cipher[CIPHERS];
	EVP_KDF *pbkdf2, *tls_prf;
	EVP_KEYMGMT *keys[KEY_NAMES];
	EVP_SIGNATURE *ed448;
	EVP_KEYEXCH *x448;
} ossl;

static CK_RV failed(void)
{
	ossl_close();
	cf_ignore(error_set(CF_STATUS(IO), "OpenSSL's default provider cannot be loaded"), "the return value is the answer");
	return CKR_GENERAL_ERROR;
}

static bool fetch_digest(const char *name)
{
	EVP_MD *md;

	if (ossl_digest(name) != NULL)
		return true;
	md = ossl.digests < DIGESTS_MAX ? EVP_MD_fetch(ossl.context, name, NULL) : NULL;
	if (md == NULL)
		return false;
	ossl.digest[ossl.digests].name = name;
	ossl.digest[ossl.digests++].md = md;
	return true;
}

/* Everything is fetched here, so that later there is nothing to lock. */
static bool fetch_digests(void)
{
	for (size_t i = 0; i < mech_count(); i++)
		if (mech_at(i)->impl == &mech_digest && !fetch_digest(mech_at(i)->variant))
			return false;
	for (size_t i = 0; i < sizeof(digest_names) / sizeof(digest_names[0]); i++)
		if (!fetch_digest(digest_names[i]))
			return false;
	return true;
}

static bool is_des(enum ossl_mode mode)
{
	return mode == OSSL_DES_ECB || mode == OSSL_DES_CBC;
}

static bool is_aes(enum ossl_mode mode)
{
	return mode >= OSSL_ECB;
}

/* Is there one for that key size (16, 24, 32 bytes; XTS: twice as many)? */
static bool has_size(enum ossl_mode mode, size_t i)
{
	if (is_des(mode))
		return i < 2;
	return is_aes(mode) ? mode != OSSL_XTS || i != 1 : i == 2;
}

static EVP_CIPHER *fetch_mode(enum ossl_mode mode, size_t i)
{
	char name[32];

	if (is_aes(mode))
		(void)snprintf(name, sizeof(name), "AES-%zu-%s", 128 + 64 * i, mode_names[mode]);
	else
		(void)snprintf(name, sizeof(name), "%s%s", is_des(mode) ? i == 0 ? "DES-EDE-" : "DES-EDE3-" : "", mode_names[mode]);
	return EVP_CIPHER_fetch(ossl.context, name, NULL);
}

static bool fetch_modes(void)
{
	for (size_t mode = 0; mode < OSSL_MODES; mode++) {
		for (size_t i = 0; i < KEY_SIZES; i++) {
			if (!has_size((enum ossl_mode)mode, i))
				continue;
			ossl.mode[mode][i] = fetch_mode((enum ossl_mode)mode, i);
			if (ossl.mode[mode][i] == NULL)
				return false;
		}
	}
	return true;
}

static void modes_free(void)
{
	for (size_t i = 0; i < OSSL_MODES * KEY_SIZES; i++) {
		EVP_CIPHER **place = &ossl.mode[i / KEY_SIZES][i % KEY_SIZES];

		EVP_CIPHER_free(*place);
		*place = NULL;
	}
}

static bool fetch_others(void)
{
	for (size_t i = 0; i < CIPHERS; i++) {
		ossl.cipher[i] = EVP_CIPHER_fetch(ossl.context, cipher_names[i], NULL);
		if (ossl.cipher[i] == NULL)
			return false;
	}
	ossl.pbkdf2 = EVP_KDF_fetch(ossl.context, "PBKDF2", NULL);
	ossl.tls_prf = EVP_KDF_fetch(ossl.context, "TLS1-PRF", NULL);
	ossl.poly1305 = EVP_MAC_fetch(ossl.context, "POLY1305", NULL);
	ossl.hmac = EVP_MAC_fetch(ossl.context, "HMAC", NULL);
	return ossl.pbkdf2 != NULL && ossl.tls_prf != NULL && ossl.poly1305 != NULL && ossl.hmac != NULL && fetch_modes();
}

static bool fetch_keys(void)
{
	for (size_t i = 0; i < KEY_NAMES; i++) {
		ossl.keys[i] = EVP_KEYMGMT_fetch(ossl.context, key_names[i], NULL);
		if (ossl.keys[i] == NULL)
			return false;
	}
	ossl.ed448 = EVP_SIGNATURE_fetch(ossl.context, "ED448", NULL);
	ossl.x448 = EVP_KEYEXCH_fetch(ossl.context, "X448", NULL);
	return ossl.ed448 != NULL && ossl.x448 != NULL;
}

static void keys_free(void)
{
	for (size_t i = 0; i < KEY_NAMES; i++) {
		EVP_KEYMGMT_free(ossl.keys[i]);
		ossl.keys[i] = NULL;
	}
	EVP_SIGNATURE_free(ossl.ed448);
	EVP_KEYEXCH_free(ossl.x448);
	ossl.ed448 = NULL;
	ossl.x448 = NULL;
}

/* Where a thread drew random numbers in a context, libcrypto 3 looks at the context again when the thread ends, freed or
 * not: the one in a shared libcrypto stays.  In our own no thread does. */
static void context_free(void)
{
	if (!ossl_own_is_private())
		return;
	if (ossl.provider != NULL)
		(void)OSSL_PROVIDER_unload(ossl.provider);
	OSSL_LIB_CTX_free(ossl.context);
	ossl.provider = NULL;
	ossl.context = NULL;
}

/* A private key of ML-KEM is tried out where it comes in (pqc.c): of each use of it that would be two thirds, and one that is made
 * comes of its seed. */
static OSSL_PROVIDER *load_provider(void)
{
#if OPENSSL_VERSION_NUMBER >= 0x30200000L
	static char none[] = "none";
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string("ml-kem.import_pct_type", none, 0), OSSL_PARAM_construct_end() };

	return OSSL_PROVIDER_load_ex(ossl.context, "default", params);
#else
	return OSSL_PROVIDER_load(ossl.context, "default");
#endif
}

CK_RV ossl_open(void)
{
	/* Without it the first use would read openssl.cnf and register an exit handler in the host. */
	if (!ossl_own_open() || OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
		return failed();
	if (ossl.context == NULL)
		ossl.context = OSSL_LIB_CTX_new();
	if (ossl.context == NULL)
		return failed();
	if (ossl.provider == NULL)
		ossl.provider = load_provider();
	if (ossl.provider == NULL || !fetch_digests() || !fetch_others() || !fetch_keys() || ec_open() != CKR_OK)
		return failed();
	pqc_open();
	rfc6979_open();
	ossl_seal_open();
	return CKR_OK;
}

void ossl_close(void)
{
	ossl_seal_close();
	ec_close();
	curve448_close();
	pqc_close();
	rfc6979_close();
	keys_free();
	while (ossl.digests > 0)
		EVP_MD_free(ossl.digest[--ossl.digests].md);
	for (size_t i = 0; i < CIPHERS; i++) {
		EVP_CIPHER_free(ossl.cipher[i]);
		ossl.cipher[i] = NULL;
	}
	modes_free();
	EVP_KDF_free(ossl.pbkdf2);
	EVP_KDF_free(ossl.tls_prf);
	EVP_MAC_free(ossl.poly1305);
	EVP_MAC_free(ossl.hmac);
	ossl.pbkdf2 = ossl.tls_prf = NULL;
	ossl.poly1305 = ossl.hmac = NULL;
	context_free();
	ossl_own_close();
}

const EVP_MD *ossl_digest(const char *name)
{
	/* As a rule it is the very constant that it was fetched by. */
	for (size_t i = 0; i < ossl.digests; i++)
		if (ossl.digest[i].name == name)
			return ossl.digest[i].md;
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

const EVP_CIPHER *ossl_mode(enum ossl_mode mode, size_t key_n)
{
	if (mode == OSSL_XTS)
		key_n /= 2;
	return key_n == 16 || key_n == 24 || key_n == 32 ? ossl.mode[mode][(key_n - 16) / 8] : NULL;
}

EVP_MAC *ossl_poly1305(void)
{
	return ossl.poly1305;
}

const EVP_SIGNATURE *ossl_ed448(void)
{
	return ossl.ed448;
}

EVP_KDF *ossl_pbkdf2(void)
{
	return ossl.pbkdf2;
}

EVP_KDF *ossl_tls_prf(void)
{
	return ossl.tls_prf;
}

OSSL_LIB_CTX *ossl_context(void)
{
	return ossl.context;
}
