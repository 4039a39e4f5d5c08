/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES by OpenSSL in modes that must see the whole message: CBC with ciphertext stealing (NIST SP 800-38A, addendum, CS1), XTS
 * (NIST SP 800-38E), key wrap without and with padding (NIST SP 800-38F, RFC 3394, RFC 5649).
 *
 * Key wrap is libcrypto's mode over its AES in ECB mode.  What it has as ciphers (AES-256-WRAP) takes the AES that looks things up in
 * tables, also where the processor has instructions for it, which are three times as fast and tell nothing by their time.
 */
#include <openssl/evp.h>
#include <openssl/modes.h>
#include <sodium.h>

#include "base/error.h"
#include "mech/cipher.h"
#include "mech/ossl_auto.h"

static const struct cipher_kind *kind_of(const struct mech_call *call)
{
	return call->mech->variant;
}

/* Would each be another, two of them would tell that neither is the one that was wrapped. */
size_t cipher_rejected_key(const struct mech_call *call, struct span wrapped, size_t wanted, size_t other, struct mspan out)
{
	static const char label[] = "coffer: a key in place of one that was not wrapped";
	const struct mech_cipher_params *p = &call->params->cipher;
	struct span key = key_view_part(call->key, CKA_VALUE);
	size_t n = wanted == MECH_LENGTH_AES ? 32 : wanted == MECH_LENGTH_ANY ? other : wanted;
	bool has_iv = kind_of(call)->mode != OSSL_ECB && kind_of(call)->mode != OSSL_DES_ECB; /* their parser sets none */
	uint8_t seed[randombytes_SEEDBYTES];
	crypto_generichash_state hash;

	if (n > out.n)
		n = out.n;
	(void)crypto_generichash_init(&hash, key.p, key.n, sizeof(seed));
	(void)crypto_generichash_update(&hash, (const unsigned char *)label, sizeof(label));
	(void)crypto_generichash_update(&hash, p->iv, has_iv ? p->iv_n : 0);
	(void)crypto_generichash_update(&hash, wrapped.p, wrapped.n);
	(void)crypto_generichash_final(&hash, seed, sizeof(seed));
	randombytes_buf_deterministic(out.p, n, seed);
	return n;
}

static CK_RV open_context(const struct mech_call *call, struct evp_cipher_ctx_st **out)
{
	const struct mech_cipher_params *p = &call->params->cipher;
	struct span key = key_view_part(call->key, CKA_VALUE);
	AUTO(evp_cipher_ctx_st) c = EVP_CIPHER_CTX_new();

	if (c == NULL)
		return CKR_DEVICE_MEMORY;
	if (EVP_CipherInit_ex2(c, ossl_mode(kind_of(call)->mode, key.n), key.p, kind_of(call)->mode == OSSL_ECB ? NULL : p->iv,
			       cipher_encrypts(call), NULL) != 1 ||
	    (kind_of(call)->blocks && EVP_CIPHER_CTX_set_padding(c, 0) != 1))
		return CKR_FUNCTION_FAILED;
	*out = TAKE(c);
	return CKR_OK;
}

/* ---- ciphertext stealing, XTS: as long as it was ---- */

static CK_RV same_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	*out = in_len;
	return in_len < AES_BLOCK ? cipher_length_wrong(call) : CKR_OK;
}

/* IEEE 1619 wants two different keys; libcrypto refuses to encrypt with equal ones. */
static bool halves_equal(struct span key)
{
	return sodium_memcmp(key.p, key.p + key.n / 2, key.n / 2) == 0;
}

static CK_RV same(struct vault_scope *scope, const struct mech_call *call, struct span in, struct mspan out, size_t *n)
{
	AUTO(evp_cipher_ctx_st) c = NULL;
	CK_RV rv = same_len(call, in.n, n);

	(void)scope;
	if (rv == CKR_OK && kind_of(call)->mode == OSSL_XTS && halves_equal(key_view_part(call->key, CKA_VALUE))) {
		cf_ignore(error_set(CF_STATUS(INVALID), "the two halves of an XTS key must differ"), "the return value is the answer");
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	}
	if (rv == CKR_OK && in.n > CIPHER_PIECE_MAX)
		rv = cipher_length_wrong(call);
	if (rv == CKR_OK && out.n < in.n)
		return CKR_BUFFER_TOO_SMALL;
	if (rv == CKR_OK)
		rv = open_context(call, &c);
	return rv == CKR_OK ? cipher_update(c, in, out.p, n) : rv;
}

const struct mech_impl mech_cipher_whole = {
	.state_kind = MECH_STATE_NONE,
	.gathers = CKF_ENCRYPT | CKF_DECRYPT,
	.out_len = same_len,
	.encrypt = same,
	.decrypt = same,
	.wrap = same,
	.unwrap = same,
};

const struct cipher_kind cipher_cts = { OSSL_CTS, false, false, AES_BLOCK };
const struct cipher_kind cipher_xts = { OSSL_XTS, false, false, AES_BLOCK };

/* ---- key wrap ---- */

#define SEMIBLOCK ((size_t)8)

static size_t rounded(size_t n)
{
	return (n + SEMIBLOCK - 1) / SEMIBLOCK * SEMIBLOCK;
}

/* Longer than any key; what is wrapped is copied once in guarded memory. */
#define WRAPPED_MAX ((size_t)1 << 20)

static CK_RV kw_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	bool pads = kind_of(call)->padded, wraps = call->use == CKF_WRAP;

	if (!cipher_encrypts(call)) {
		*out = in_len < SEMIBLOCK ? 0 : in_len - SEMIBLOCK;
		return in_len < (pads ? 2 : 3) * SEMIBLOCK || in_len % SEMIBLOCK != 0 ? cipher_length_wrong(call) : CKR_OK;
	}
	/* A key that is wrapped without padding is filled with zeros. */
	*out = rounded(in_len) + SEMIBLOCK;
	if (in_len == 0 || in_len > WRAPPED_MAX || (!pads && rounded(in_len) < 2 * SEMIBLOCK))
		return wraps ? CKR_KEY_SIZE_RANGE : CKR_DATA_LEN_RANGE;
	return wraps || pads || in_len % SEMIBLOCK == 0 ? CKR_OK : CKR_DATA_LEN_RANGE;
}

struct blocks {
	EVP_CIPHER_CTX *context;
	bool failed;
};

/* As libcrypto's modes call a block cipher. */
static void one_block(const unsigned char in[AES_BLOCK], unsigned char out[AES_BLOCK], const void *key)
{
	struct blocks *b = (struct blocks *)(uintptr_t)key;
	int n = 0;

	if (EVP_CipherUpdate(b->context, out, &n, in, AES_BLOCK) != 1 || n != AES_BLOCK)
		b->failed = true;
}

/* 0: it was not wrapped so; `out` is cleared then, as long as `in` is. */
static size_t kw_all(const struct mech_call *call, struct blocks *b, struct span in, uint8_t *out)
{
	const struct mech_cipher_params *p = &call->params->cipher;
	const uint8_t *iv = p->iv_n == 0 ? NULL : p->iv;

	if (kind_of(call)->padded)
		return cipher_encrypts(call) ? CRYPTO_128_wrap_pad(b, iv, out, in.p, in.n, one_block) :
					       CRYPTO_128_unwrap_pad(b, iv, out, in.p, in.n, one_block);
	return cipher_encrypts(call) ? CRYPTO_128_wrap(b, iv, out, in.p, in.n, one_block) :
				       CRYPTO_128_unwrap(b, iv, out, in.p, in.n, one_block);
}

/* The output goes into memory of the scope, which has room for what libcrypto clears. */
static CK_RV kw_run(struct vault_scope *scope, const struct mech_call *call, struct span in, struct mspan *room, size_t *n)
{
	AUTO(evp_cipher_ctx_st) c = NULL;
	struct blocks blocks;
	CK_RV rv = open_context(call, &c);

	if (rv != CKR_OK)
		return rv;
	if (in.n > WRAPPED_MAX + 2 * SEMIBLOCK)
		return cipher_length_wrong(call);
	if (cf_failed(vault_scope_alloc(scope, in.n + 2 * SEMIBLOCK, room)))
		return CKR_DEVICE_MEMORY;
	blocks = (struct blocks){ c, false };
	*n = kw_all(call, &blocks, in, room->p);
	if (*n != 0 && !blocks.failed)
		return CKR_OK;
	return cipher_encrypts(call) || blocks.failed ? CKR_FUNCTION_FAILED : CKR_ENCRYPTED_DATA_INVALID;
}

static CK_RV kw_crypt(struct vault_scope *scope, const struct mech_call *call, struct span in, struct mspan out, size_t *n)
{
	struct mspan room;
	size_t need;
	CK_RV rv = kw_len(call, in.n, &need);

	if (rv == CKR_OK)
		rv = kw_run(scope, call, in, &room, n);
	if (rv != CKR_OK)
		return rv;
	if (out.n < *n)
		return CKR_BUFFER_TOO_SMALL;
	bytes_copy(out.p, room.p, *n);
	return CKR_OK;
}

static CK_RV kw_wrap(struct vault_scope *scope, const struct mech_call *call, struct span material, struct mspan out, size_t *n)
{
	struct mspan filled;

	if (kind_of(call)->padded || material.n % SEMIBLOCK == 0)
		return kw_crypt(scope, call, material, out, n);
	if (cf_failed(vault_scope_alloc(scope, rounded(material.n), &filled)))
		return CKR_DEVICE_MEMORY;
	bytes_copy(filled.p, material.p, material.n);
	return kw_crypt(scope, call, span_const(filled), out, n);
}

static CK_RV kw_unwrap(struct vault_scope *scope, const struct mech_call *call, struct span wrapped, struct mspan out, size_t *n)
{
	CK_RV rv = kw_crypt(scope, call, wrapped, out, n);

	if (rv == CKR_ENCRYPTED_DATA_INVALID)
		return CKR_WRAPPED_KEY_INVALID;
	return rv == CKR_ENCRYPTED_DATA_LEN_RANGE ? CKR_WRAPPED_KEY_LEN_RANGE : rv;
}

#define KW_MEMBERS                                                                                                    \
	.state_kind = MECH_STATE_NONE, .out_len = kw_len, .encrypt = kw_crypt, .decrypt = kw_crypt, .wrap = kw_wrap, \
	.unwrap = kw_unwrap, .wraps_soundly = true, .unwraps_genuine = true

const struct mech_impl mech_key_wrap = { KW_MEMBERS, .unwraps_padded = true };
const struct mech_impl mech_key_wrap_kwp = { KW_MEMBERS };

const struct cipher_kind cipher_key_wrap = { OSSL_ECB, true, false, AES_BLOCK };
const struct cipher_kind cipher_key_wrap_kwp = { OSSL_ECB, true, true, AES_BLOCK };
