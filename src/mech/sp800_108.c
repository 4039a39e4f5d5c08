/* SPDX-License-Identifier: Apache-2.0 */
/* Key derivation by a pseudorandom function in counter, feedback and double pipeline mode (SP 800-108 §5.1-5.3; PKCS#11 3.0 §6.44). */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/cmac.h>
#include <sodium.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "mech/families.h"
#include "mech/hmac.h"

AUTO_DEFINE(CMAC_CTX_st, CMAC_CTX_free)

#define BLOCK_MAX 64
#define SEGMENTS_MAX KDF_SEGMENTS_MAX

/* ---- the pseudorandom function ---- */

static CK_RV cmac_of(struct span key, const struct span *parts, size_t count, uint8_t *out)
{
	const char *name = key.n == 16 ? "AES-128-CBC" : key.n == 24 ? "AES-192-CBC" : "AES-256-CBC";
	AUTO(CMAC_CTX_st) context = CMAC_CTX_new();
	size_t n = 0;

	if (context == NULL || CMAC_Init(context, key.p, key.n, ossl_cipher(name), NULL) != 1)
		return CKR_FUNCTION_FAILED;
	for (size_t i = 0; i < count; i++)
		if (parts[i].n != 0 && CMAC_Update(context, parts[i].p, parts[i].n) != 1)
			return CKR_FUNCTION_FAILED;
	return CMAC_Final(context, out, &n) == 1 && n == 16 ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV prf(struct vault_scope *scope, const struct mech_kbkdf_params *p, struct span key, const struct span *parts, size_t count,
		 uint8_t *out)
{
	AUTO(hmac_ctx_st) hmac = NULL;

	if (p->hash == NULL)
		return cmac_of(key, parts, count, out);
	hmac = hmac_new();
	return hmac_of(scope, hmac, p->hash, key, parts, count, out);
}

static size_t prf_size(const struct mech_kbkdf_params *p)
{
	return p->hash != NULL ? p->hash->size : 16;
}

static CK_RV suits(const struct mech_call *call)
{
	bool cmac = call->params->kbkdf.hash == NULL;
	CK_KEY_TYPE type = call->key->type;

	if (cmac && type != CKK_AES)
		return CKR_KEY_TYPE_INCONSISTENT;
	return CKR_OK;
}

/* ---- its input ---- */

/* `bits` of a number, in either order of bytes. */
static struct span number(uint64_t value, const struct kdf_segment *s, uint8_t room[8])
{
	size_t n = s->bits / 8;

	for (size_t i = 0; i < n; i++)
		room[s->little ? i : n - 1 - i] = (uint8_t)(value >> (8 * i));
	return span(room, n);
}

static uint64_t total_bits(const struct mech_kbkdf_params *p, const struct kdf_segment *s, size_t wanted)
{
	size_t block = prf_size(p);

	return 8 * (uint64_t)(s->sum_of_blocks ? (wanted + block - 1) / block * block : wanted);
}

struct round {
	uint32_t counter;
	size_t wanted;     /* bytes of all keying material */
	struct span before; /* the last block, or the IV; in a double pipeline A(i) */
	uint8_t a[BLOCK_MAX];
	uint8_t numbers[SEGMENTS_MAX][8];
	struct span parts[SEGMENTS_MAX];
};

static void segments(const struct mech_kbkdf_params *p, struct round *r)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct kdf_segment *s = &p->segment[i];

		switch (s->kind) {
		case KDF_COUNTER:
			r->parts[i] = number(r->counter, s, r->numbers[i]);
			break;
		case KDF_LENGTH:
			r->parts[i] = number(total_bits(p, s, r->wanted), s, r->numbers[i]);
			break;
		case KDF_BEFORE:
			r->parts[i] = r->before;
			break;
		case KDF_BYTES:
			r->parts[i] = s->bytes;
			break;
		}
	}
}

/* The counter must not begin anew (§5.1: n <= 2^r - 1). */
static bool counts_so_far(const struct mech_kbkdf_params *p, size_t rounds)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->segment[i].kind == KDF_COUNTER && p->segment[i].bits < 32 && (rounds >> p->segment[i].bits) != 0)
			return false;
	return true;
}

/* A(i) of the double pipeline: A(0) is all data but the iteration variable and the counter. */
static CK_RV advance(struct vault_scope *scope, const struct mech_kbkdf_params *p, struct span key, struct round *r)
{
	struct span first[SEGMENTS_MAX];
	size_t count = 0;
	CK_RV rv;

	if (r->counter > 1) {
		rv = prf(scope, p, key, &r->before, 1, r->a);
	} else {
		for (size_t i = 0; i < p->count; i++)
			if (p->segment[i].kind == KDF_BYTES || p->segment[i].kind == KDF_LENGTH)
				first[count++] = r->parts[i];
		rv = prf(scope, p, key, first, count, r->a);
	}
	r->before = span(r->a, prf_size(p));
	return rv;
}

/* The block of this round. */
static CK_RV block_of(struct vault_scope *scope, const struct mech_kbkdf_params *p, struct span key, struct round *r, uint8_t *block)
{
	CK_RV rv = CKR_OK;

	segments(p, r);
	if (p->pipeline) {
		rv = advance(scope, p, key, r);
		segments(p, r);
	}
	if (rv == CKR_OK)
		rv = prf(scope, p, key, r->parts, p->count, block);
	if (!p->pipeline)
		r->before = span(block, prf_size(p));
	return rv;
}

static CK_RV derive(struct vault_scope *scope, const struct mech_call *call, const struct key_view *other, struct mspan out,
		    size_t *n)
{
	const struct mech_kbkdf_params *p = &call->params->kbkdf;
	struct span key = key_view_part(call->key, CKA_VALUE);
	size_t size = prf_size(p), left;
	uint8_t block[BLOCK_MAX];
	struct round r = { .before = p->iv };

	(void)other;
	if (*n == 0)
		*n = size;
	r.wanted = left = *n;
	if (left > out.n || !counts_so_far(p, (left + size - 1) / size))
		return CKR_KEY_SIZE_RANGE;
	for (uint8_t *at = out.p; left > 0; at += size) {
		size_t take = left < size ? left : size;
		CK_RV rv;

		r.counter++;
		rv = block_of(scope, p, key, &r, block);
		if (rv != CKR_OK)
			return rv;
		bytes_copy(at, block, take);
		left -= take;
		if (left == 0)
			break;
	}
	return CKR_OK;
}

const struct mech_impl mech_kbkdf = {
	.state_kind = MECH_STATE_NONE,
	.suits = suits,
	.derive = derive,
};
