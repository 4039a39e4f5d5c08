/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ciphers by OpenSSL that take a message as it comes: AES (FIPS 197) in the modes ECB, CBC, CTR, CFB, OFB (NIST SP 800-38A) and
 * CBC with PKCS #7 padding; ChaCha20 (RFC 8439); triple DES in ECB and CBC.  What authenticates is in aead.c, what must see the whole message in
 * cipher_whole.c.
 */
#include "mech/cipher.h"

#include <openssl/evp.h>

#include "base/error.h"
#include "mech/families.h"
#include "mech/ossl_auto.h"

#define BLOCK_MAX ((size_t)AES_BLOCK)

struct cipher_run {
	EVP_CIPHER_CTX *context;
	uint64_t total;      /* bytes that went in */
	uint64_t limit;      /* CTR: before the counter starts anew */
	bool ended;          /* the last block of a padded message is out: */
	uint8_t last[BLOCK_MAX];
	size_t last_n;
};

static const struct cipher_kind *kind_of(const struct mech_call *call)
{
	return call->mech->variant;
}

static size_t block_of(const struct mech_call *call)
{
	return kind_of(call)->block;
}

bool cipher_encrypts(const struct mech_call *call)
{
	return (call->use & (CKF_ENCRYPT | CKF_WRAP)) != 0;
}

CK_RV cipher_length_wrong(const struct mech_call *call)
{
	return cipher_encrypts(call) ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_LEN_RANGE;
}

/* ---- lengths ---- */

/* How much has come out when `total` bytes went in.  Of a padded message the last block is held back until the end. */
static uint64_t given_out(const struct mech_call *call, uint64_t total)
{
	const struct cipher_kind *kind = kind_of(call);

	if (!kind->blocks)
		return total;
	if (kind->padded && !cipher_encrypts(call))
		return total == 0 ? 0 : (total - 1) / block_of(call) * block_of(call);
	return total / block_of(call) * block_of(call);
}

static uint64_t total_of(const struct mech_call *call)
{
	const struct cipher_run *s = call->state;

	return s == NULL ? 0 : s->total;
}

static CK_RV part_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	uint64_t total = total_of(call);

	*out = (size_t)(given_out(call, total + in_len) - given_out(call, total));
	return CKR_OK;
}

/* Of all that went in and `in_len` bytes more what did not come out yet. */
static CK_RV out_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	const struct cipher_kind *kind = kind_of(call);
	uint64_t before = total_of(call), total = before + in_len;
	bool pads = kind->padded && cipher_encrypts(call);

	if (kind->blocks && !pads && total % block_of(call) != 0)
		return cipher_length_wrong(call);
	if (kind->padded && !pads && total == 0)
		return CKR_ENCRYPTED_DATA_LEN_RANGE;
	*out = (size_t)((pads ? (total / block_of(call) + 1) * block_of(call) : total) - given_out(call, before));
	return CKR_OK;
}

/* ---- a run ---- */

/* How many bytes a counter lasts from its first value on, when it has so few bits that this matters. */
static uint64_t counter_limit(const struct mech_call *call)
{
	const struct mech_cipher_params *p = &call->params->cipher;
	bool chacha = kind_of(call)->mode == OSSL_CHACHA20;
	uint64_t first = 0, end;

	if ((kind_of(call)->mode != OSSL_CTR && !chacha) || p->counter_bits > 56)
		return UINT64_MAX;
	for (size_t i = 0; i < 8; i++) /* AES: the last bytes, the largest first; ChaCha20: the first ones, the smallest first */
		first = first << 8 | (chacha ? p->iv[7 - i] : p->iv[8 + i]);
	end = (uint64_t)1 << p->counter_bits;
	return (end - (first & (end - 1))) * (chacha ? 4 * AES_BLOCK : AES_BLOCK);
}

static CK_RV run_begin(struct cipher_run *s, const struct mech_call *call)
{
	const struct cipher_kind *kind = kind_of(call);
	struct span key = key_view_part(call->key, CKA_VALUE);
	const uint8_t *iv = kind->mode == OSSL_ECB || kind->mode == OSSL_DES_ECB ? NULL : call->params->cipher.iv;

	s->limit = counter_limit(call);
	s->context = EVP_CIPHER_CTX_new();
	if (s->context == NULL)
		return CKR_DEVICE_MEMORY;
	if (EVP_CipherInit_ex2(s->context, ossl_mode(kind->mode, key.n), key.p, iv, cipher_encrypts(call), NULL) != 1)
		return CKR_FUNCTION_FAILED;
	/* A stream has none, and libcrypto pads blocks when nothing is said: to say it takes as long as a block does. */
	if (kind->blocks && !kind->padded && EVP_CIPHER_CTX_set_padding(s->context, 0) != 1)
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

CK_RV cipher_update(struct evp_cipher_ctx_st *context, struct span in, uint8_t *out, size_t *n)
{
	*n = 0;
	while (in.n > 0) {
		size_t piece = in.n > CIPHER_PIECE_MAX ? CIPHER_PIECE_MAX : in.n;
		int done;

		if (EVP_CipherUpdate(context, out + *n, &done, in.p, (int)piece) != 1)
			return CKR_FUNCTION_FAILED;
		*n += (size_t)done;
		in = span_skip(in, piece);
	}
	return CKR_OK;
}

#define CHUNK ((size_t)1024)

static size_t fill(uint8_t room[CHUNK], struct span *from)
{
	size_t n = from->n < CHUNK ? from->n : CHUNK;

	bytes_copy(room, from->p, n);
	*from = span_skip(*from, n);
	return n;
}

/* In place with part of a block held: what comes out runs ahead of what was read, so that the next chunk is read before. */
static CK_RV update_ahead(struct cipher_run *s, struct span in, uint8_t *out, size_t *n)
{
	uint8_t room[2][CHUNK];
	size_t now = 0, have = fill(room[0], &in);

	*n = 0;
	while (have > 0) {
		size_t next = fill(room[1 - now], &in), done;
		CK_RV rv = cipher_update(s->context, span(room[now], have), out + *n, &done);

		if (rv != CKR_OK)
			return rv;
		*n += done;
		have = next;
		now = 1 - now;
	}
	return CKR_OK;
}

static CK_RV run_feed(struct cipher_run *s, const struct mech_call *call, struct span in, struct mspan out, size_t *n)
{
	bool holds = given_out(call, s->total) != s->total;

	if (in.n > s->limit - s->total) {
		cf_ignore(error_set(CF_STATUS(INVALID), "the counter would start anew within this message"),
			  "the return value is the answer");
		return CKR_DATA_LEN_RANGE;
	}
	s->total += in.n;
	return holds && span_overlaps(in, out) ? update_ahead(s, in, out.p, n) : cipher_update(s->context, in, out.p, n);
}

/* The last block of a padded message: encrypted, or what is before the padding. */
static CK_RV run_end(struct cipher_run *s, const struct mech_call *call)
{
	int n = 0;

	if (s->ended)
		return CKR_OK;
	if (!cipher_encrypts(call) && (s->total == 0 || s->total % block_of(call) != 0))
		return CKR_ENCRYPTED_DATA_LEN_RANGE;
	if (EVP_CipherFinal_ex(s->context, s->last, &n) != 1)
		return cipher_encrypts(call) ? CKR_FUNCTION_FAILED : CKR_ENCRYPTED_DATA_INVALID;
	s->last_n = (size_t)n;
	s->ended = true;
	return CKR_OK;
}

static CK_RV run_finish(struct cipher_run *s, const struct mech_call *call, struct mspan out, size_t *n)
{
	const struct cipher_kind *kind = kind_of(call);
	CK_RV rv;

	*n = 0;
	if (!kind->padded)
		return kind->blocks && s->total % block_of(call) != 0 ? cipher_length_wrong(call) : CKR_OK;
	rv = run_end(s, call);
	if (rv != CKR_OK)
		return rv;
	*n = s->last_n;
	if (s->last_n > out.n)
		return CKR_BUFFER_TOO_SMALL;
	bytes_copy(out.p, s->last, s->last_n);
	return CKR_OK;
}

static void run_clear(void *state)
{
	struct cipher_run *s = state;

	EVP_CIPHER_CTX_free(s->context);
	s->context = NULL;
}

/* ---- in parts ---- */

static CK_RV begin(struct vault_scope *scope, const struct mech_call *call)
{
	(void)scope;
	return run_begin(call->state, call);
}

static CK_RV transform(struct vault_scope *scope, const struct mech_call *call, struct span part, struct mspan out, size_t *n)
{
	(void)scope;
	return run_feed(call->state, call, part, out, n);
}

static CK_RV finish(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n)
{
	(void)scope;
	return run_finish(call->state, call, out, n);
}

/* ---- in one piece ---- */

/* `out` has room for all of it. */
static CK_RV all(const struct mech_call *call, struct span in, struct mspan out, size_t *n)
{
	struct cipher_run s = { 0 };
	size_t rest;
	CK_RV rv = run_begin(&s, call);

	if (rv == CKR_OK)
		rv = run_feed(&s, call, in, out, n);
	if (rv == CKR_OK)
		rv = run_finish(&s, call, mspan(out.p + *n, out.n - *n), &rest);
	if (rv == CKR_OK)
		*n += rest;
	if (rv == CKR_BUFFER_TOO_SMALL)
		*n += s.last_n;
	run_clear(&s);
	return rv;
}

/* How much of the last block is no padding, without a look at the rest. */
static CK_RV last_length(const struct mech_call *call, struct span in, size_t *n)
{
	union mech_params params = *call->params;
	struct mech_call last = *call;
	uint8_t room[BLOCK_MAX];

	last.params = &params;
	if (in.n > block_of(call))
		bytes_copy(params.cipher.iv, in.p + in.n - 2 * block_of(call), block_of(call));
	return all(&last, span_skip(in, in.n - block_of(call)), MSPAN_OF(room), n);
}

/* A padded message into a buffer that may be just large enough: whether it is, is known before anything is written. */
static CK_RV decrypt_padded(struct vault_scope *scope, const struct mech_call *call, struct span in, struct mspan out, size_t *n)
{
	(void)scope;
	if (in.n == 0 || in.n % block_of(call) != 0)
		return CKR_ENCRYPTED_DATA_LEN_RANGE;
	if (out.n < in.n) {
		size_t last;
		CK_RV rv = last_length(call, in, &last);

		if (rv != CKR_OK)
			return rv;
		*n = in.n - block_of(call) + last;
		if (out.n < *n)
			return CKR_BUFFER_TOO_SMALL;
	}
	return all(call, in, out, n);
}

/* ---- keys in and out ---- */

static bool fills_with_zeros(const struct mech_call *call)
{
	return call->use == CKF_WRAP && kind_of(call)->blocks && !kind_of(call)->padded;
}

static CK_RV wrap(struct vault_scope *scope, const struct mech_call *call, struct span material, struct mspan out, size_t *n)
{
	struct mspan room;

	if (!fills_with_zeros(call))
		return all(call, material, out, n);
	/* Zeros fill the last block. */
	if (cf_failed(vault_scope_alloc(scope, (material.n + block_of(call) - 1) / block_of(call) * block_of(call), &room)))
		return CKR_DEVICE_MEMORY;
	bytes_copy(room.p, material.p, material.n);
	return all(call, span_const(room), out, n);
}

static CK_RV any_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	return out_len(call, fills_with_zeros(call) ? (in_len + block_of(call) - 1) / block_of(call) * block_of(call) : in_len, out);
}

static bool fits(size_t n, size_t wanted)
{
	if (wanted == MECH_LENGTH_AES)
		return n == 16 || n == 24 || n == 32;
	return wanted == MECH_LENGTH_ANY || n == wanted;
}

/* Zeros filled the last block of a key that has its own length.  What else is there is no filling: another key is given, as for a padding
 * that is wrong.  A key that is more than a block shorter, or longer, is answered by its length alone, elsewhere. */
static void cut_filling(const struct mech_call *call, struct span wrapped, size_t wanted, struct mspan out, size_t *n)
{
	uint8_t any = 0;

	if (wanted == MECH_LENGTH_ANY || wanted == MECH_LENGTH_AES || wanted >= *n || *n - wanted >= block_of(call))
		return;
	for (size_t i = wanted; i < *n; i++)
		any |= out.p[i];
	*n = any == 0 ? wanted : cipher_rejected_key(call, wrapped, wanted, wanted, out);
}

/* A padding that is wrong gives another key, each time the same, and so does one of another length than the key should have: which it was
 * cannot be asked (S. Vaudenay, EUROCRYPT 2002). */
static CK_RV unwrap(struct vault_scope *scope, const struct mech_call *call, struct span wrapped, struct mspan out, size_t *n)
{
	size_t wanted = *n;
	CK_RV rv;

	(void)scope;
	if (kind_of(call)->blocks && (wrapped.n == 0 || wrapped.n % block_of(call) != 0))
		return CKR_WRAPPED_KEY_LEN_RANGE;
	rv = all(call, wrapped, out, n);
	if (rv == CKR_OK && kind_of(call)->blocks && !kind_of(call)->padded)
		cut_filling(call, wrapped, wanted, out, n);
	if (!kind_of(call)->padded || (rv == CKR_OK && fits(*n, wanted)) || (rv != CKR_OK && rv != CKR_ENCRYPTED_DATA_INVALID))
		return rv;
	*n = cipher_rejected_key(call, wrapped, wanted, wrapped.n - block_of(call) / 2, out);
	return CKR_OK;
}

#define CIPHER_MEMBERS                                                                                                        \
	.state_kind = MECH_STATE_GUARDED, .state_size = sizeof(struct cipher_run), .out_len = any_len, .part_len = part_len, \
	.begin = begin, .transform = transform, .finish = finish, .clear = run_clear, .wrap = wrap, .unwrap = unwrap

const struct mech_impl mech_cipher = { CIPHER_MEMBERS };
const struct mech_impl mech_cipher_blocks = { CIPHER_MEMBERS, .unwraps_padded = true };
const struct mech_impl mech_cipher_padded = { CIPHER_MEMBERS, .decrypt = decrypt_padded };

const struct cipher_kind cipher_ecb = { OSSL_ECB, true, false, AES_BLOCK };
const struct cipher_kind cipher_cbc = { OSSL_CBC, true, false, AES_BLOCK };
const struct cipher_kind cipher_cbc_pad = { OSSL_CBC, true, true, AES_BLOCK };
const struct cipher_kind cipher_ctr = { OSSL_CTR, false, false, AES_BLOCK };
const struct cipher_kind cipher_ofb = { OSSL_OFB, false, false, AES_BLOCK };
const struct cipher_kind cipher_cfb128 = { OSSL_CFB, false, false, AES_BLOCK };
const struct cipher_kind cipher_cfb8 = { OSSL_CFB8, false, false, AES_BLOCK };
const struct cipher_kind cipher_cfb1 = { OSSL_CFB1, false, false, AES_BLOCK };
const struct cipher_kind cipher_chacha20 = { OSSL_CHACHA20, false, false, 4 * AES_BLOCK };
const struct cipher_kind cipher_des_ecb = { OSSL_DES_ECB, true, false, 8 };
const struct cipher_kind cipher_des_cbc = { OSSL_DES_CBC, true, false, 8 };
const struct cipher_kind cipher_des_cbc_pad = { OSSL_DES_CBC, true, true, 8 };
