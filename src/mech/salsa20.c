/* SPDX-License-Identifier: Apache-2.0 */
/* Salsa20, and XSalsa20 where the nonce has 192 bits (D. J. Bernstein), by libsodium: whole blocks by their number. */
#include <sodium.h>

#include "base/codec.h"
#include "base/error.h"
#include "mech/families.h"
#include "mech/params.h"

#define BLOCK ((size_t)64)
#define COUNTER 8
#define NONCE crypto_stream_salsa20_NONCEBYTES
#define NONCE_X crypto_stream_xsalsa20_NONCEBYTES

struct salsa_run {
	uint8_t key[crypto_stream_salsa20_KEYBYTES];
	uint64_t next;          /* block */
	uint64_t left;          /* bytes before the counter would start anew, as far as can be counted */
	uint8_t stream[BLOCK];  /* of the block that a part ended in */
	size_t used;            /* of it; BLOCK: there is none */
};

/* The counter as the cipher has it, the smallest byte first, then the nonce. */
CK_RV params_salsa20(const CK_MECHANISM *given, union mech_params *out)
{
	CK_SALSA20_PARAMS p;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_SALSA20_PARAMS");
	memcpy(&p, given->pParameter, sizeof(p));
	if (p.pBlockCounter == NULL || p.pNonce == NULL || (p.ulNonceBits != 8 * NONCE && p.ulNonceBits != 8 * NONCE_X))
		return params_invalid("has no counter, or a nonce that is not of 64 or 192 bits");
	out->cipher = (struct mech_cipher_params){ .iv_n = COUNTER + p.ulNonceBits / 8 };
	bytes_copy(out->cipher.iv, p.pBlockCounter, COUNTER);
	bytes_copy(out->cipher.iv + COUNTER, p.pNonce, p.ulNonceBits / 8);
	return CKR_OK;
}

static CK_RV begin_run(struct salsa_run *s, const struct mech_call *call)
{
	struct span key = key_view_part(call->key, CKA_VALUE);

	if (key.n != sizeof(s->key))
		return CKR_GENERAL_ERROR;
	bytes_copy(s->key, key.p, key.n);
	s->next = codec_get_u64(call->params->cipher.iv);
	/* Of more than 2^58 blocks the bytes cannot be counted; nobody has as many. */
	s->left = UINT64_MAX - s->next >= UINT64_MAX / BLOCK ? UINT64_MAX : (UINT64_MAX - s->next + 1) * BLOCK;
	s->used = BLOCK;
	return CKR_OK;
}

/* Blocks from s->next on. */
static CK_RV blocks(struct salsa_run *s, const struct mech_call *call, const uint8_t *in, uint8_t *out, size_t n)
{
	const struct mech_cipher_params *p = &call->params->cipher;
	const uint8_t *nonce = p->iv + COUNTER;
	int failed = p->iv_n == COUNTER + NONCE ? crypto_stream_salsa20_xor_ic(out, in, n, nonce, s->next, s->key) :
						  crypto_stream_xsalsa20_xor_ic(out, in, n, nonce, s->next, s->key);

	s->next += n / BLOCK;
	return failed == 0 ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* What is left of a block that was begun. */
static size_t from_stream(struct salsa_run *s, struct span in, uint8_t *out)
{
	size_t n = 0;

	while (n < in.n && s->used < BLOCK) {
		out[n] = in.p[n] ^ s->stream[s->used++];
		n++;
	}
	return n;
}

static CK_RV run(struct salsa_run *s, const struct mech_call *call, struct span in, struct mspan out, size_t *n)
{
	static const uint8_t zeros[BLOCK];
	size_t done, whole;
	CK_RV rv;

	if (in.n > s->left) {
		cf_ignore(error_set(CF_STATUS(INVALID), "the counter would start anew within this message"),
			  "the return value is the answer");
		return CKR_DATA_LEN_RANGE;
	}
	s->left -= s->left == UINT64_MAX ? 0 : in.n;
	*n = in.n;
	done = from_stream(s, in, out.p);
	whole = (in.n - done) / BLOCK * BLOCK;
	rv = whole == 0 ? CKR_OK : blocks(s, call, in.p + done, out.p + done, whole);
	done += whole;
	if (rv != CKR_OK || done == in.n)
		return rv;
	rv = blocks(s, call, zeros, s->stream, BLOCK);
	s->used = 0;
	(void)from_stream(s, span_skip(in, done), out.p + done);
	return rv;
}

static CK_RV same_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	(void)call;
	*out = in_len;
	return CKR_OK;
}

static CK_RV begin(struct vault_scope *scope, const struct mech_call *call)
{
	(void)scope;
	return begin_run(call->state, call);
}

static CK_RV transform(struct vault_scope *scope, const struct mech_call *call, struct span part, struct mspan out, size_t *n)
{
	(void)scope;
	return run(call->state, call, part, out, n);
}

static CK_RV finish(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n)
{
	(void)scope;
	(void)call;
	(void)out;
	*n = 0;
	return CKR_OK;
}

static void clear(void *state)
{
	sodium_memzero(state, sizeof(struct salsa_run));
}

/* A key in or out: the same, in one piece. */
static CK_RV all(struct vault_scope *scope, const struct mech_call *call, struct span in, struct mspan out, size_t *n)
{
	struct salsa_run s;
	CK_RV rv = begin_run(&s, call);

	(void)scope;
	if (rv == CKR_OK)
		rv = run(&s, call, in, out, n);
	clear(&s);
	return rv;
}

const struct mech_impl mech_salsa20 = {
	.state_kind = MECH_STATE_GUARDED,
	.state_size = sizeof(struct salsa_run),
	.out_len = same_len,
	.part_len = same_len,
	.begin = begin,
	.transform = transform,
	.finish = finish,
	.clear = clear,
	.wrap = all,
	.unwrap = all,
};
