/* SPDX-License-Identifier: Apache-2.0 */
#include "mech/pbes2.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sodium.h>

#include "base/der.h"
#include "base/error.h"
#include "mech/families.h"
#include "vault/interrupt.h"

#define BLOCK 16
#define KEY_MAX 32

/* What we write: RFC 7914's parameters for interactive use, five lanes instead of one.  N is the
 * largest that OpenSSL reads, whose limit is 32 MiB. */
#define SCRYPT_N 16384
#define SCRYPT_R 8
#define SCRYPT_P 5
#define SALT_SIZE 16

/* What we read: at most this much memory and work (128 * N * r * p; 1 GiB are some seconds). */
#define SCRYPT_MEMORY_MAX ((uint64_t)256 << 20)
#define SCRYPT_WORK_MAX ((uint64_t)1 << 30)
#define ITERATIONS_MAX 10000000

static const uint8_t oid_pbes2[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d };
static const uint8_t oid_pbkdf2[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c };
static const uint8_t oid_scrypt[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b };
/* Of digestAlgorithm; the last byte tells them apart. */
static const uint8_t oid_hmac[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02 };
/* Of NIST's AES; the last byte tells them apart. */
static const uint8_t oid_aes[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01 };

static const struct prf {
	uint8_t oid_end;
	const char *digest; /* as OpenSSL calls it */
} prfs[] = {
	{ 0x07, "SHA1" }, /* the default of RFC 8018 */
	{ 0x09, "SHA256" },
	{ 0x0a, "SHA384" },
	{ 0x0b, "SHA512" },
};

static const struct cipher {
	uint8_t oid_end;
	size_t key;
	const char *name; /* as OpenSSL calls it */
} ciphers[] = {
	{ 0x02, 16, "AES-128-CBC" },
	{ 0x16, 24, "AES-192-CBC" },
	{ 0x2a, 32, "AES-256-CBC" },
};

/* One way to encrypt, with its parameters. */
struct scheme {
	const struct prf *prf; /* NULL: scrypt */
	uint64_t iterations;
	uint64_t n, r, p;
	struct span salt;
	bool has_key_size;
	uint64_t key_size;
	const struct cipher *cipher;
	struct span iv;
};

static CK_RV refuse(CK_RV rv, const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "the encrypted key %s", why),
		  "the return value is the answer");
	return rv;
}

CK_RV pbes2_wrong_passphrase(void)
{
	return refuse(CKR_PIN_INCORRECT, "does not open: the passphrase is wrong, or it is damaged");
}

static CK_RV malformed(void)
{
	return refuse(CKR_DATA_INVALID, "is damaged, or is no EncryptedPrivateKeyInfo");
}

/* ---- reading the parameters ---- */

/* AlgorithmIdentifier: its OID and what follows. */
static bool take_algorithm(struct span *in, struct span *oid, struct span *params)
{
	return der_take(in, DER_SEQUENCE, params) && der_take(params, DER_OID, oid);
}

static bool has_stem(struct span oid, const uint8_t *stem, size_t n)
{
	return oid.n == n + 1 && memcmp(oid.p, stem, n) == 0;
}

static CK_RV read_prf(struct span *in, struct scheme *s)
{
	struct span oid, params, null;

	s->prf = &prfs[0];
	if (in->n == 0)
		return CKR_OK;
	if (!take_algorithm(in, &oid, &params))
		return malformed();
	if (params.n != 0 && (!der_take(&params, DER_NULL, &null) || null.n != 0 || params.n != 0))
		return malformed();
	for (size_t i = 0; i < sizeof(prfs) / sizeof(prfs[0]); i++) {
		if (has_stem(oid, oid_hmac, sizeof(oid_hmac)) &&
		    oid.p[sizeof(oid_hmac)] == prfs[i].oid_end) {
			s->prf = &prfs[i];
			return CKR_OK;
		}
	}
	return refuse(CKR_MECHANISM_INVALID,
		      "uses a function with PBKDF2 that is not HMAC-SHA-1, -256, -384 or -512");
}

static bool read_key_size(struct span *in, struct scheme *s)
{
	s->has_key_size = der_next_is(*in, DER_INTEGER);
	return !s->has_key_size || der_take_uint(in, &s->key_size);
}

static CK_RV read_pbkdf2(struct span in, struct scheme *s)
{
	CK_RV rv;

	if (!der_take(&in, DER_OCTET_STRING, &s->salt) || !der_take_uint(&in, &s->iterations) ||
	    !read_key_size(&in, s))
		return malformed();
	rv = read_prf(&in, s);
	if (rv != CKR_OK)
		return rv;
	if (in.n != 0)
		return malformed();
	if (s->iterations == 0 || s->iterations > ITERATIONS_MAX)
		return refuse(CKR_MECHANISM_PARAM_INVALID,
			      "asks for no iterations of PBKDF2, or more than 10,000,000");
	return CKR_OK;
}

static bool scrypt_is_sane(const struct scheme *s)
{
	uint64_t max = SCRYPT_MEMORY_MAX / 128;

	if (s->n < 2 || (s->n & (s->n - 1)) != 0 || s->r == 0 || s->p == 0)
		return false;
	if (s->n > max || s->r > max || s->p > max) /* so that no product overflows */
		return false;
	return s->r * (s->n + s->p) <= max && s->n * s->r * s->p <= SCRYPT_WORK_MAX / 128;
}

static CK_RV read_scrypt(struct span in, struct scheme *s)
{
	if (!der_take(&in, DER_OCTET_STRING, &s->salt) || !der_take_uint(&in, &s->n) ||
	    !der_take_uint(&in, &s->r) || !der_take_uint(&in, &s->p) || !read_key_size(&in, s) ||
	    in.n != 0)
		return malformed();
	s->prf = NULL;
	if (!scrypt_is_sane(s))
		return refuse(CKR_MECHANISM_PARAM_INVALID,
			      "has parameters of scrypt that are wrong or would take more than "
			      "256 MiB of memory or some seconds");
	return CKR_OK;
}

static CK_RV read_kdf(struct span *in, struct scheme *s)
{
	struct span oid, params, inner;
	bool scrypt, pbkdf2;

	if (!take_algorithm(in, &oid, &params))
		return malformed();
	scrypt = span_eq(oid, SPAN_OF(oid_scrypt));
	pbkdf2 = span_eq(oid, SPAN_OF(oid_pbkdf2));
	if ((scrypt || pbkdf2) && (!der_take(&params, DER_SEQUENCE, &inner) || params.n != 0))
		return malformed();
	if (scrypt)
		return read_scrypt(inner, s);
	if (pbkdf2)
		return read_pbkdf2(inner, s);
	return refuse(CKR_MECHANISM_INVALID,
		      "derives its key by something else than PBKDF2 and scrypt");
}

static CK_RV read_cipher(struct span *in, struct scheme *s)
{
	struct span oid, params;

	if (!take_algorithm(in, &oid, &params))
		return malformed();
	s->cipher = NULL;
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (has_stem(oid, oid_aes, sizeof(oid_aes)) &&
		    oid.p[sizeof(oid_aes)] == ciphers[i].oid_end)
			s->cipher = &ciphers[i];
	if (s->cipher == NULL)
		return refuse(CKR_MECHANISM_INVALID, "uses a cipher that is not AES in CBC mode");
	if (!der_take(&params, DER_OCTET_STRING, &s->iv) || s->iv.n != BLOCK || params.n != 0)
		return malformed();
	if (s->has_key_size && s->key_size != s->cipher->key)
		return refuse(CKR_MECHANISM_PARAM_INVALID,
			      "asks for a key of another size than its cipher has");
	return CKR_OK;
}

static CK_RV read_scheme(struct span file, struct scheme *s, struct span *data)
{
	struct span body, oid, params, inner;
	CK_RV rv;

	if (!der_take(&file, DER_SEQUENCE, &body) || file.n != 0 ||
	    !take_algorithm(&body, &oid, &params) || !der_take(&body, DER_OCTET_STRING, data) ||
	    body.n != 0)
		return malformed();
	if (!span_eq(oid, SPAN_OF(oid_pbes2)))
		return refuse(CKR_MECHANISM_INVALID,
			      "is not encrypted by PBES2; convert it with openssl pkcs8 -topk8");
	if (!der_take(&params, DER_SEQUENCE, &inner) || params.n != 0)
		return malformed();
	rv = read_kdf(&inner, s);
	if (rv == CKR_OK)
		rv = read_cipher(&inner, s);
	if (rv == CKR_OK && (inner.n != 0 || data->n == 0 || data->n % BLOCK != 0))
		rv = malformed();
	return rv;
}

/* ---- deriving and ciphering ---- */

static CK_RV failed(void)
{
	return refuse(CKR_HOST_MEMORY, "could not be worked on: there is not enough memory");
}

static CK_RV derive_scrypt(struct vault_scope *scope, const struct scheme *s,
			   struct span passphrase, struct mspan key)
{
	(void)scope;
	if (crypto_pwhash_scryptsalsa208sha256_ll(passphrase.p, passphrase.n, s->salt.p, s->salt.n,
						  s->n, (uint32_t)s->r, (uint32_t)s->p, key.p,
						  key.n) != 0)
		return failed();
	return CKR_OK;
}

static CK_RV derive_pbkdf2(struct vault_scope *scope, const struct scheme *s,
			   struct span passphrase, struct mspan key)
{
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(ossl_pbkdf2());
	int no_sp800_132 = 1; /* whose minimum sizes older files do not have */
	uint64_t iterations = s->iterations;
	/* OpenSSL's parameters are not const; it does not write to them. */
	OSSL_PARAM params[] = {
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)passphrase.p,
					passphrase.n),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)s->salt.p, s->salt.n),
		OSSL_PARAM_uint64(OSSL_KDF_PARAM_ITER, &iterations),
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, (void *)(uintptr_t)s->prf->digest,
				       strlen(s->prf->digest)),
		OSSL_PARAM_int(OSSL_KDF_PARAM_PKCS5, &no_sp800_132),
		OSSL_PARAM_END,
	};
	bool done = ctx != NULL && EVP_KDF_derive(ctx, key.p, key.n, params) == 1;

	(void)scope;
	EVP_KDF_CTX_free(ctx);
	return done ? CKR_OK : failed();
}

static CK_RV derive(struct vault_scope *scope, const struct scheme *s, struct span passphrase,
		    struct mspan key)
{
	struct span password = passphrase.n == 0 ? span("", 0) : passphrase;

	return s->prf == NULL ? derive_scrypt(scope, s, password, key) :
				derive_pbkdf2(scope, s, password, key);
}

/* Whole blocks, in place. */
static CK_RV run_cipher(struct vault_scope *scope, const struct scheme *s, const uint8_t *key,
			bool encrypt, struct mspan blocks)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool done = ctx != NULL &&
		    EVP_CipherInit_ex2(ctx, ossl_cipher(s->cipher->name), key, s->iv.p, encrypt,
				       NULL) == 1 &&
		    EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
		    EVP_CipherUpdate(ctx, blocks.p, &n, blocks.p, (int)blocks.n) == 1 &&
		    (size_t)n == blocks.n;

	(void)scope;
	EVP_CIPHER_CTX_free(ctx);
	return done ? CKR_OK : failed();
}

/* ---- writing ---- */

static size_t padded(size_t n)
{
	return n + BLOCK - n % BLOCK;
}

/* EncryptedPrivateKeyInfo at the end of the room, in which the `data` bytes of ciphertext are left
 * to be filled in. */
static struct der_writer write_envelope(const struct scheme *s, size_t data, struct mspan room)
{
	uint8_t oid_cipher[sizeof(oid_aes) + 1];
	struct der_writer w = der_writer_of(room);
	size_t whole = w.start, algorithm, kdf;

	der_skip(&w, data);
	der_wrap(&w, DER_OCTET_STRING, whole);
	algorithm = w.start;
	der_put_element(&w, DER_OCTET_STRING, s->iv);
	bytes_copy(oid_cipher, oid_aes, sizeof(oid_aes));
	oid_cipher[sizeof(oid_aes)] = s->cipher->oid_end;
	der_put_element(&w, DER_OID, SPAN_OF(oid_cipher));
	der_wrap(&w, DER_SEQUENCE, algorithm);
	kdf = w.start;
	der_put_uint(&w, s->p);
	der_put_uint(&w, s->r);
	der_put_uint(&w, s->n);
	der_put_element(&w, DER_OCTET_STRING, s->salt);
	der_wrap(&w, DER_SEQUENCE, kdf);
	der_put_element(&w, DER_OID, SPAN_OF(oid_scrypt));
	der_wrap(&w, DER_SEQUENCE, kdf);
	der_wrap(&w, DER_SEQUENCE, algorithm);
	der_put_element(&w, DER_OID, SPAN_OF(oid_pbes2));
	der_wrap(&w, DER_SEQUENCE, algorithm);
	der_wrap(&w, DER_SEQUENCE, whole);
	return w;
}

static struct scheme new_scheme(uint8_t salt_iv[SALT_SIZE + BLOCK])
{
	return (struct scheme){
		.n = SCRYPT_N,
		.r = SCRYPT_R,
		.p = SCRYPT_P,
		.cipher = &ciphers[2],
		.salt = span(salt_iv, SALT_SIZE),
		.iv = span(salt_iv + SALT_SIZE, BLOCK),
	};
}

size_t pbes2_size(size_t n)
{
	uint8_t salt_iv[SALT_SIZE + BLOCK] = { 0 };
	struct scheme s = new_scheme(salt_iv);
	struct der_writer w = write_envelope(&s, padded(n), der_measuring());

	return der_written(&w).n;
}

CK_RV pbes2_encrypt(struct vault_scope *scope, struct span plain, struct span passphrase,
		    struct mspan out)
{
	uint8_t salt_iv[SALT_SIZE + BLOCK], key[KEY_MAX];
	struct scheme s = new_scheme(salt_iv);
	size_t n = padded(plain.n);
	struct mspan blocks;
	CK_RV rv;

	if (out.n != pbes2_size(plain.n))
		return CKR_GENERAL_ERROR;
	if (cf_failed(vault_scope_alloc(scope, n, &blocks)))
		return CKR_DEVICE_MEMORY;
	interrupt_presume(); /* random numbers come by a system call */
	randombytes_buf(salt_iv, sizeof(salt_iv));
	bytes_copy(blocks.p, plain.p, plain.n);
	memset(blocks.p + plain.n, (int)(n - plain.n), n - plain.n);
	rv = derive(scope, &s, passphrase, mspan(key, s.cipher->key));
	if (rv == CKR_OK)
		rv = run_cipher(scope, &s, key, true, blocks);
	if (rv != CKR_OK)
		return rv;
	(void)write_envelope(&s, n, out);
	bytes_copy(out.p + out.n - n, blocks.p, n);
	return CKR_OK;
}

/* ---- reading ---- */

/* RFC 8018 §6.1.1 step 4: as many bytes as each of them says. Looks at all of them in any case. */
static bool unpad(struct mspan blocks, size_t *n)
{
	uint8_t count = blocks.p[blocks.n - 1], wrong = 0;

	if (count == 0 || count > BLOCK)
		return false;
	for (size_t i = 0; i < BLOCK; i++)
		if (i < count)
			wrong |= (uint8_t)(blocks.p[blocks.n - 1 - i] ^ count);
	*n = blocks.n - count;
	return wrong == 0;
}

CK_RV pbes2_decrypt(struct vault_scope *scope, struct span file, struct span passphrase,
		    struct span *plain)
{
	uint8_t key[KEY_MAX];
	struct scheme s;
	struct span data;
	struct mspan blocks;
	size_t n;
	CK_RV rv = read_scheme(file, &s, &data);

	if (rv != CKR_OK)
		return rv;
	if (cf_failed(vault_scope_alloc(scope, data.n, &blocks)))
		return CKR_DEVICE_MEMORY;
	bytes_copy(blocks.p, data.p, data.n);
	rv = derive(scope, &s, passphrase, mspan(key, s.cipher->key));
	if (rv == CKR_OK)
		rv = run_cipher(scope, &s, key, false, blocks);
	if (rv != CKR_OK)
		return rv;
	if (!unpad(blocks, &n))
		return pbes2_wrong_passphrase();
	*plain = span(blocks.p, n);
	return CKR_OK;
}
