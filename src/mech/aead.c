/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authenticated encryption by OpenSSL: AES in GCM (NIST SP 800-38D) and CCM (NIST SP 800-38C), ChaCha20 with Poly1305 (RFC 8439),
 * for nonces of 192 bits after libsodium's HChaCha20.
 *
 * The tag follows what is encrypted, or lies where a message-based function has it.  Nothing is given out of a message
 * before its tag was verified: parts of a decryption wait for the last one.
 */
#include <openssl/evp.h>
#include <sodium.h>

#include "mech/cipher.h"
#include "mech/ossl_auto.h"

#define TAG_MAX 16

static const struct mech_cipher_params *params_of(const struct mech_call *call)
{
	return &call->params->cipher;
}

static struct span value_of(const struct mech_call *call)
{
	return key_view_part(call->key, CKA_VALUE);
}

/* How much longer what is encrypted is. */
static size_t appended(const struct mech_call *call)
{
	return params_of(call)->tag != NULL ? 0 : params_of(call)->tag_n;
}

static struct span *borrowed(union mech_params *params)
{
	return &params->cipher.aad;
}

struct aead_run {
	EVP_CIPHER_CTX *context;
	uint64_t total; /* bytes that went in */
};

/* One message is no longer, or its key stream would be met again: NIST SP 800-38D §5.2.1.1, RFC 8439 §2.8. */
#define GCM_TEXT_MAX (((uint64_t)1 << 36) - 32)
#define CHACHA20_TEXT_MAX (((uint64_t)1 << 38) - 64)

static bool is_aes(const struct mech_call *call)
{
	return call->mech->key_type == CKK_AES;
}

static bool too_long(const struct mech_call *call, size_t more)
{
	const struct aead_run *s = call->state;
	uint64_t most = is_aes(call) ? GCM_TEXT_MAX : CHACHA20_TEXT_MAX;

	return more > most - (s == NULL ? 0 : s->total);
}

static CK_RV aead_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	size_t tag = appended(call);

	if (too_long(call, cipher_encrypts(call) || in_len < tag ? in_len : in_len - tag))
		return cipher_length_wrong(call);
	if (cipher_encrypts(call)) {
		*out = in_len + tag;
		return CKR_OK;
	}
	*out = in_len < tag ? 0 : in_len - tag;
	return in_len < tag ? CKR_ENCRYPTED_DATA_LEN_RANGE : CKR_OK;
}

static CK_RV part_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	*out = in_len;
	return too_long(call, in_len) ? cipher_length_wrong(call) : CKR_OK;
}

/* The tag of a message that is decrypted; *in is what is before it. */
static CK_RV split(const struct mech_call *call, struct span *in, struct span *tag)
{
	size_t n = params_of(call)->tag_n;

	if (params_of(call)->tag != NULL) {
		*tag = span(params_of(call)->tag, n);
		return CKR_OK;
	}
	if (in->n < n)
		return CKR_ENCRYPTED_DATA_LEN_RANGE;
	in->n -= n;
	*tag = span(in->p + in->n, n);
	return CKR_OK;
}

/* What a failed verification left in the output is nobody's. */
static CK_RV forged(struct mspan out, size_t n)
{
	sodium_memzero(out.p, n);
	return CKR_ENCRYPTED_DATA_INVALID;
}

/* ---- GCM and ChaCha20-Poly1305: a message as it comes ---- */

static bool set_aad(EVP_CIPHER_CTX *c, struct span aad)
{
	while (aad.n > 0) {
		size_t piece = aad.n > CIPHER_PIECE_MAX ? CIPHER_PIECE_MAX : aad.n;
		int none;

		if (EVP_CipherUpdate(c, NULL, &none, aad.p, (int)piece) != 1)
			return false;
		aad = span_skip(aad, piece);
	}
	return true;
}

/* Of a nonce of 192 bits: key and nonce for one of 96 (draft-irtf-cfrg-xchacha-03, §2.3). */
static struct span extended(const struct mech_call *call, uint8_t key[32], uint8_t nonce[12])
{
	const struct mech_cipher_params *p = params_of(call);

	(void)crypto_core_hchacha20(key, p->iv, value_of(call).p, NULL);
	memset(nonce, 0, 4);
	bytes_copy(nonce + 4, p->iv + 16, 8);
	return span(nonce, 12);
}

#define IV_USUAL 12

/* An initialization vector of the usual length goes in at once; the length of another is said first. */
static bool start(EVP_CIPHER_CTX *c, const struct mech_call *call, struct span key, struct span iv)
{
	const EVP_CIPHER *cipher = ossl_mode(is_aes(call) ? OSSL_GCM : OSSL_CHACHA20_POLY1305, key.n);
	int encrypts = cipher_encrypts(call);

	if (iv.n == IV_USUAL)
		return EVP_CipherInit_ex2(c, cipher, key.p, iv.p, encrypts, NULL) == 1;
	return EVP_CipherInit_ex2(c, cipher, NULL, NULL, encrypts, NULL) == 1 &&
	       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, (int)iv.n, NULL) == 1 &&
	       EVP_CipherInit_ex2(c, NULL, key.p, iv.p, -1, NULL) == 1;
}

static CK_RV open_context(const struct mech_call *call, EVP_CIPHER_CTX **out)
{
	const struct mech_cipher_params *p = params_of(call);
	struct span key = value_of(call), iv = span(p->iv, p->iv_n);
	uint8_t extended_key[32], short_iv[12];

	*out = EVP_CIPHER_CTX_new();
	if (*out == NULL)
		return CKR_DEVICE_MEMORY;
	if (!is_aes(call) && iv.n == 24) {
		iv = extended(call, extended_key, short_iv);
		key = SPAN_OF(extended_key);
	}
	return start(*out, call, key, iv) && set_aad(*out, p->aad) ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV begin(struct vault_scope *scope, const struct mech_call *call)
{
	struct aead_run *s = call->state;

	(void)scope;
	return open_context(call, &s->context);
}

static CK_RV transform(struct vault_scope *scope, const struct mech_call *call, struct span part, struct mspan out, size_t *n)
{
	struct aead_run *s = call->state;

	(void)scope;
	(void)out.n; /* checked by part_len, and the length of the whole */
	s->total += part.n;
	return cipher_update(s->context, part, out.p, n);
}

/* The tag, behind what was encrypted or where the caller wants it. */
static CK_RV finish(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n)
{
	const struct mech_cipher_params *p = params_of(call);
	struct aead_run *s = call->state;
	uint8_t none[TAG_MAX];
	int rest;

	(void)scope;
	*n = appended(call);
	if (out.n < *n)
		return CKR_GENERAL_ERROR;
	if (EVP_CipherFinal_ex(s->context, none, &rest) != 1 ||
	    EVP_CIPHER_CTX_ctrl(s->context, EVP_CTRL_AEAD_GET_TAG, (int)p->tag_n, p->tag != NULL ? p->tag : out.p) != 1)
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

static void clear(void *state)
{
	struct aead_run *s = state;

	EVP_CIPHER_CTX_free(s->context);
	s->context = NULL;
}

static CK_RV decrypt(struct vault_scope *scope, const struct mech_call *call, struct span in, struct mspan out, size_t *n)
{
	AUTO(evp_cipher_ctx_st) c = NULL;
	uint8_t copy[TAG_MAX], none[TAG_MAX];
	struct span tag;
	int rest;
	CK_RV rv = split(call, &in, &tag);

	(void)scope;
	if (rv != CKR_OK)
		return rv;
	*n = in.n;
	if (out.n < in.n)
		return CKR_BUFFER_TOO_SMALL;
	bytes_copy(copy, tag.p, tag.n); /* it may lie in the output */
	rv = open_context(call, &c);
	if (rv == CKR_OK)
		rv = cipher_update(c, in, out.p, n);
	if (rv != CKR_OK)
		return rv;
	if (EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, (int)tag.n, copy) != 1)
		return CKR_FUNCTION_FAILED;
	return EVP_CipherFinal_ex(c, none, &rest) == 1 ? CKR_OK : forged(out, *n);
}

/* ---- keys in and out, of every mode here ---- */

static CK_RV aead_wrap(struct vault_scope *scope, const struct mech_call *call, struct span material, struct mspan out, size_t *n)
{
	struct mech_call encrypt = *call;
	struct aead_run s = { 0 };
	size_t tag;
	CK_RV rv;

	encrypt.state = &s;
	rv = begin(scope, &encrypt);
	if (rv == CKR_OK)
		rv = transform(scope, &encrypt, material, out, n);
	if (rv == CKR_OK)
		rv = finish(scope, &encrypt, mspan(out.p + *n, out.n - *n), &tag);
	if (rv == CKR_OK)
		*n += tag;
	clear(&s);
	return rv;
}

static CK_RV unwrapped(CK_RV rv)
{
	if (rv == CKR_ENCRYPTED_DATA_INVALID)
		return CKR_WRAPPED_KEY_INVALID;
	return rv == CKR_ENCRYPTED_DATA_LEN_RANGE ? CKR_WRAPPED_KEY_LEN_RANGE : rv;
}

static CK_RV aead_unwrap(struct vault_scope *scope, const struct mech_call *call, struct span wrapped, struct mspan out, size_t *n)
{
	return unwrapped(decrypt(scope, call, wrapped, out, n));
}

#define AEAD_MEMBERS                                                                                                          \
	.state_kind = MECH_STATE_GUARDED, .state_size = sizeof(struct aead_run), .borrowed = borrowed, .out_len = aead_len,   \
	.part_len = part_len, .gathers = CKF_DECRYPT, .begin = begin, .transform = transform, .finish = finish, .clear = clear, \
	.decrypt = decrypt

const struct mech_impl mech_gcm = { AEAD_MEMBERS, .message = message_gcm, .wrap = aead_wrap, .unwrap = aead_unwrap, .unwraps_genuine = true };
const struct mech_impl mech_chacha20_poly1305 = { AEAD_MEMBERS, .message = message_chacha20_poly1305 };

/* ---- CCM: the length of the message is authenticated first ---- */

static CK_RV ccm_context(const struct mech_call *call, size_t length, const uint8_t *tag, struct evp_cipher_ctx_st **out)
{
	const struct mech_cipher_params *p = params_of(call);
	AUTO(evp_cipher_ctx_st) c = EVP_CIPHER_CTX_new();
	uint8_t copy[TAG_MAX];
	int none;

	if (c == NULL)
		return CKR_DEVICE_MEMORY;
	if (tag != NULL)
		bytes_copy(copy, tag, p->tag_n);
	if (EVP_CipherInit_ex2(c, ossl_mode(OSSL_CCM, value_of(call).n), NULL, NULL, cipher_encrypts(call), NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, (int)p->iv_n, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, (int)p->tag_n, tag == NULL ? NULL : copy) != 1 ||
	    EVP_CipherInit_ex2(c, NULL, value_of(call).p, p->iv, -1, NULL) != 1 ||
	    EVP_CipherUpdate(c, NULL, &none, NULL, (int)length) != 1)
		return CKR_FUNCTION_FAILED;
	if (p->aad.n != 0 && (p->aad.n > CIPHER_PIECE_MAX || EVP_CipherUpdate(c, NULL, &none, p->aad.p, (int)p->aad.n) != 1))
		return CKR_FUNCTION_FAILED;
	*out = TAKE(c);
	return CKR_OK;
}

/* The parameter has announced how long the message is; a key that is wrapped has its own length. */
static CK_RV ccm_announced(const struct mech_call *call, size_t n)
{
	bool key = call->use == CKF_WRAP || call->use == CKF_UNWRAP;

	return n > CIPHER_PIECE_MAX || (!key && n != params_of(call)->data_n) ? cipher_length_wrong(call) : CKR_OK;
}

/* libcrypto takes NULL for a question of another kind. */
static const uint8_t *some(struct span s)
{
	return s.n == 0 ? (const uint8_t *)"" : s.p;
}

static CK_RV ccm_encrypt(struct vault_scope *scope, const struct mech_call *call, struct span in, struct mspan out, size_t *n)
{
	const struct mech_cipher_params *p = params_of(call);
	AUTO(evp_cipher_ctx_st) c = NULL;
	int done = 0;
	CK_RV rv = ccm_announced(call, in.n);

	(void)scope;
	*n = in.n + appended(call);
	if (rv == CKR_OK && out.n < *n)
		return CKR_BUFFER_TOO_SMALL;
	if (rv == CKR_OK)
		rv = ccm_context(call, in.n, NULL, &c);
	if (rv != CKR_OK)
		return rv;
	if (EVP_CipherUpdate(c, out.p, &done, some(in), (int)in.n) != 1 || (size_t)done != in.n ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, (int)p->tag_n, p->tag != NULL ? p->tag : out.p + in.n) != 1)
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

static CK_RV ccm_decrypt(struct vault_scope *scope, const struct mech_call *call, struct span in, struct mspan out, size_t *n)
{
	AUTO(evp_cipher_ctx_st) c = NULL;
	struct span tag;
	int done = 0;
	CK_RV rv = split(call, &in, &tag);

	(void)scope;
	if (rv == CKR_OK)
		rv = ccm_announced(call, in.n);
	*n = in.n;
	if (rv == CKR_OK && out.n < in.n)
		return CKR_BUFFER_TOO_SMALL;
	if (rv == CKR_OK)
		rv = ccm_context(call, in.n, tag.p, &c);
	if (rv != CKR_OK)
		return rv;
	return EVP_CipherUpdate(c, out.p == NULL ? (uint8_t *)&done : out.p, &done, some(in), (int)in.n) == 1 ? CKR_OK : forged(out, in.n);
}

static CK_RV ccm_unwrap(struct vault_scope *scope, const struct mech_call *call, struct span wrapped, struct mspan out, size_t *n)
{
	return unwrapped(ccm_decrypt(scope, call, wrapped, out, n));
}

const struct mech_impl mech_ccm = {
	.state_kind = MECH_STATE_NONE,
	.borrowed = borrowed,
	.gathers = CKF_ENCRYPT | CKF_DECRYPT,
	.out_len = aead_len,
	.message = message_ccm,
	.encrypt = ccm_encrypt,
	.decrypt = ccm_decrypt,
	.wrap = ccm_encrypt,
	.unwrap = ccm_unwrap,
	.unwraps_genuine = true,
};
