/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE2b (RFC 7693) of 160, 256, 384 and 512 bits, by libsodium: OpenSSL has the longest only. */
#include <sodium.h>

#include "mech/families.h"

/* libsodium wants its state at a multiple of 64, and an operation's state lies at one of 16. */
struct blake2b_state {
	uint8_t room[sizeof(crypto_generichash_state) + 48];
};

static crypto_generichash_state *aligned(const void *state)
{
	uintptr_t at = (uintptr_t)state;

	return (crypto_generichash_state *)((at + 63) & ~(uintptr_t)63);
}

static crypto_generichash_state *state_of(const struct mech_call *call)
{
	return aligned(call->state);
}

/* The variant is the length. */
static CK_RV out_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	(void)in_len;
	*out = *(const size_t *)call->mech->variant;
	return CKR_OK;
}

static CK_RV begin(struct vault_scope *scope, const struct mech_call *call)
{
	(void)scope;
	return crypto_generichash_init(state_of(call), NULL, 0, *(const size_t *)call->mech->variant) == 0 ? CKR_OK :
													      CKR_FUNCTION_FAILED;
}

static CK_RV update(struct vault_scope *scope, const struct mech_call *call, struct span part)
{
	(void)scope;
	return crypto_generichash_update(state_of(call), part.p, part.n) == 0 ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV finish(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n)
{
	(void)scope;
	(void)out.n; /* checked by out_len */
	*n = *(const size_t *)call->mech->variant;
	return crypto_generichash_final(state_of(call), out.p, *n) == 0 ? CKR_OK : CKR_FUNCTION_FAILED;
}

static void clear(void *state)
{
	sodium_memzero(state, sizeof(struct blake2b_state));
}

static CK_RV save(const void *state, struct mspan out, size_t *n)
{
	if (out.n < sizeof(crypto_generichash_state))
		return CKR_GENERAL_ERROR;
	*n = sizeof(crypto_generichash_state);
	memcpy(out.p, aligned(state), *n);
	return CKR_OK;
}

static CK_RV load(void *state, struct span saved)
{
	if (saved.n != sizeof(crypto_generichash_state))
		return CKR_SAVED_STATE_INVALID;
	memcpy(aligned(state), saved.p, saved.n);
	return CKR_OK;
}

const struct mech_impl mech_blake2b = {
	.state_kind = MECH_STATE_PLAIN,
	.state_size = sizeof(struct blake2b_state),
	.out_len = out_len,
	.begin = begin,
	.update = update,
	.finish = finish,
	.clear = clear,
	.save = save,
	.load = load,
};

const size_t blake2b_160 = 20, blake2b_256 = 32, blake2b_384 = 48, blake2b_512 = 64;
