/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running digest as bytes (PKCS#11 3.0 §5.6.6, §5.6.7).  They are sealed under a key that this process drew for nothing else, so
 * that a state can be neither read nor made, and is of no use to another process or after C_Finalize; it belongs to one token, one
 * login and one kind of session besides.
 *
 * What depends on a key is not saved: no library here writes down the running state of a keyed operation, and a digest that a key
 * went into (C_DigestKey) stays in guarded memory.  CKR_STATE_UNSAVEABLE says so, also of digests that OpenSSL has no plain state
 * for.  So no key is ever needed when a state comes back.
 */
#include <sodium.h>

#include "base/codec.h"
#include "ck/rv.h"
#include "session/bodies.h"
#include "session/op_internal.h"
#include "session/session.h"
#include "vault/secret.h"

#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES
#define KEY crypto_aead_xchacha20poly1305_ietf_KEYBYTES

/* What stands before the mechanism's own bytes: whose it is, and what. */
enum { AT_SLOT = 0, AT_EPOCH = 8, AT_SESSION = 16, AT_MECHANISM = 24, AT_STAGE = 32, AT_STATE = 40 };
#define PLAIN_MAX (AT_STATE + MECH_SAVED_MAX)

struct sealing {
	struct secret *key;
	struct span in;
	uint8_t *out;
	const uint8_t *nonce;
	CK_RV rv;
};

static void open_key(struct vault_scope *scope, struct sealing *s, uint8_t key[KEY])
{
	s->rv = secret_size(s->key) == KEY ? rv_of(secret_open(scope, s->key, mspan(key, KEY))) : CKR_GENERAL_ERROR;
}

static void seal_in(struct vault_scope *scope, void *arg)
{
	struct sealing *s = arg;
	uint8_t key[KEY];

	open_key(scope, s, key);
	if (s->rv == CKR_OK)
		(void)crypto_aead_xchacha20poly1305_ietf_encrypt(s->out, NULL, s->in.p, s->in.n, NULL, 0, NULL, s->nonce, key);
}

static void unseal_in(struct vault_scope *scope, void *arg)
{
	struct sealing *s = arg;
	uint8_t key[KEY];

	open_key(scope, s, key);
	if (s->rv == CKR_OK &&
	    crypto_aead_xchacha20poly1305_ietf_decrypt(s->out, NULL, NULL, s->in.p, s->in.n, NULL, 0, s->nonce, key) != 0)
		s->rv = CKR_SAVED_STATE_INVALID;
}

static CK_RV with_key(struct call *call, vault_fn fn, struct sealing *s)
{
	CK_RV rv = sessions_state_key(call->sessions, &s->key);

	if (rv == CKR_OK)
		rv = rv_of(vault_run(fn, s));
	return rv == CKR_OK ? s->rv : rv;
}

static void put_owner(const struct session *s, uint8_t *plain)
{
	codec_put_u64(plain + AT_SLOT, token_slot_id(s->token));
	codec_put_u64(plain + AT_EPOCH, token_login_epoch(s->token));
	codec_put_u64(plain + AT_SESSION, session_state(s));
}

/* ---- saving ---- */

static CK_RV saveable(const struct session *s)
{
	const struct op *digest = &s->op[OP_DIGEST];
	bool any = false;

	for (size_t i = 0; i < OP_KINDS; i++)
		any = any || s->op[i].stage != OP_NONE;
	if (!any)
		return CKR_OPERATION_NOT_INITIALIZED;
	for (size_t i = 0; i < OP_KINDS; i++)
		if (i != OP_DIGEST && s->op[i].stage != OP_NONE)
			return CKR_STATE_UNSAVEABLE;
	return digest->guarded || digest->mech->impl->save == NULL ? CKR_STATE_UNSAVEABLE : CKR_OK;
}

/* *n bytes of a state. */
static CK_RV write_plain(const struct session *s, uint8_t plain[PLAIN_MAX], size_t *n)
{
	const struct op *op = &s->op[OP_DIGEST];
	CK_RV rv;

	put_owner(s, plain);
	codec_put_u64(plain + AT_MECHANISM, op->mech->type);
	codec_put_u64(plain + AT_STAGE, op->stage);
	*n = AT_STATE;
	if (op->state == NULL)
		return CKR_OK;
	*n = MECH_SAVED_MAX;
	rv = op->mech->impl->save(op->state, mspan(plain + AT_STATE, MECH_SAVED_MAX), n);
	*n += AT_STATE;
	return rv;
}

CK_RV do_C_GetOperationState(struct call *call, CK_BYTE_PTR state, CK_ULONG_PTR state_len)
{
	const struct op_output out = { state, state_len };
	uint8_t plain[PLAIN_MAX];
	struct sealing s = { .nonce = state, .rv = CKR_OK };
	bool answered;
	size_t n;
	CK_RV rv;

	if (state_len == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = saveable(call->session);
	if (rv == CKR_OK)
		rv = write_plain(call->session, plain, &n);
	if (rv != CKR_OK)
		return rv;
	rv = op_offer(NONCE + n + TAG, false, &out, &answered);
	if (answered)
		return rv;
	randombytes_buf(state, NONCE);
	s.in = span(plain, n);
	s.out = state + NONCE;
	rv = with_key(call, seal_in, &s);
	if (rv == CKR_OK)
		*state_len = NONCE + n + TAG;
	return rv;
}

/* ---- restoring ---- */

static CK_RV read_plain(struct call *call, struct span state, uint8_t plain[PLAIN_MAX])
{
	struct sealing s = { .in = span_skip(state, NONCE), .out = plain, .nonce = state.p, .rv = CKR_OK };
	uint8_t owner[AT_MECHANISM];
	CK_RV rv;

	if (state.n < NONCE + AT_STATE + TAG || state.n > NONCE + PLAIN_MAX + TAG)
		return CKR_SAVED_STATE_INVALID;
	rv = with_key(call, unseal_in, &s);
	if (rv != CKR_OK)
		return rv;
	put_owner(call->session, owner);
	return memcmp(owner, plain, sizeof(owner)) == 0 ? CKR_OK : CKR_SAVED_STATE_INVALID;
}

static CK_RV resume(struct call *call, const uint8_t *plain, struct span saved)
{
	struct op *op = &call->session->op[OP_DIGEST];
	CK_MECHANISM mechanism = { codec_get_u64(plain + AT_MECHANISM), NULL, 0 };
	struct access who = session_access(call);
	CK_RV rv = op_init(op, OP_DIGEST, &who, &mechanism, CK_INVALID_HANDLE);

	if (rv != CKR_OK)
		return CKR_SAVED_STATE_INVALID; /* what has been switched off meanwhile */
	if (saved.n != 0)
		rv = op_start(op);
	if (rv == CKR_OK && saved.n != 0)
		rv = op->mech->impl->load(op->state, saved);
	if (rv != CKR_OK)
		return op_end(op, rv);
	op->stage = (enum op_stage)codec_get_u64(plain + AT_STAGE);
	return CKR_OK;
}

CK_RV do_C_SetOperationState(struct call *call, CK_BYTE_PTR state, CK_ULONG state_len, CK_OBJECT_HANDLE encryption_key,
			     CK_OBJECT_HANDLE authentication_key)
{
	uint8_t plain[PLAIN_MAX];
	CK_RV rv;

	if (state == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = read_plain(call, span(state, state_len), plain);
	if (rv != CKR_OK)
		return rv;
	if (encryption_key != CK_INVALID_HANDLE || authentication_key != CK_INVALID_HANDLE)
		return CKR_KEY_NOT_NEEDED;
	session_cancel_all(call->session);
	return resume(call, plain, span(plain + AT_STATE, state_len - NONCE - TAG - AT_STATE));
}
