/* SPDX-License-Identifier: Apache-2.0 */
#include "session/op_internal.h"

#include "base/error.h"
#include "base/mem.h"
#include "ck/rv.h"
#include "token/policy.h"
#include "vault/heap.h"
#include "vault/nest.h"

/* ---- begin and end ---- */

CK_FLAGS op_flag(enum op_kind kind)
{
	static const CK_FLAGS flag[OP_KINDS] = {
		[OP_SIGN] = CKF_SIGN,
		[OP_VERIFY] = CKF_VERIFY,
		[OP_DIGEST] = CKF_DIGEST,
		[OP_ENCRYPT] = CKF_ENCRYPT,
		[OP_DECRYPT] = CKF_DECRYPT,
		[OP_SIGN_RECOVER] = CKF_SIGN_RECOVER,
		[OP_VERIFY_RECOVER] = CKF_VERIFY_RECOVER,
	};

	return flag[kind];
}

CK_FLAGS op_message_flag(enum op_kind kind)
{
	static const CK_FLAGS flag[OP_KINDS] = {
		[OP_SIGN] = CKF_MESSAGE_SIGN,
		[OP_VERIFY] = CKF_MESSAGE_VERIFY,
		[OP_ENCRYPT] = CKF_MESSAGE_ENCRYPT,
		[OP_DECRYPT] = CKF_MESSAGE_DECRYPT,
	};

	return flag[kind];
}

CK_RV op_end(struct op *op, CK_RV rv)
{
	if (op->state != NULL && op->mech->impl->clear != NULL)
		op->mech->impl->clear(op->state);
	if (!heap_free(op->state))
		mem_free(op->state);
	key_unref(op->key);
	buf_release(&op->signature);
	buf_release(&op->gathered);
	buf_release(&op->borrowed);
	op->guarded = false;
	op->signature_first = false;
	op->state = NULL;
	op->key = NULL;
	op->mech = NULL;
	op->wants_pin = false;
	op->head_n = 0;
	op->stage = OP_NONE;
	return rv;
}

static bool allows(const struct object_usage *usage, enum op_kind kind)
{
	switch (kind) {
	case OP_SIGN:
		return usage->sign;
	case OP_VERIFY:
		return usage->verify;
	case OP_ENCRYPT:
		return usage->encrypt;
	case OP_DECRYPT:
		return usage->decrypt;
	case OP_SIGN_RECOVER:
		return usage->sign_recover;
	case OP_VERIFY_RECOVER:
		return usage->verify_recover;
	case OP_DIGEST:
	case OP_KINDS:
		break;
	}
	return false;
}

/* KEY_TYPE_INCONSISTENT has priority over KEY_FUNCTION_NOT_PERMITTED (§5.1.6): key_permits() comes first. */
static CK_RV take_key(struct op *op, enum op_kind kind, const struct access *who, CK_OBJECT_HANDLE handle)
{
	const struct object_usage *usage;
	CK_RV rv = key_take(who, handle, &op->key);

	if (rv != CKR_OK)
		return rv;
	rv = key_permits(op->key, op->mech);
	if (rv != CKR_OK)
		return rv;
	usage = key_usage(op->key);
	if (!allows(usage, kind))
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	op->wants_pin = usage->always_authenticate;
	return CKR_OK;
}

/* What is known of the key in clear, as a family sees keys. */
static void facts_of(const struct op *op, struct key_view *out)
{
	const struct object_usage *usage = key_usage(op->key);

	out->class = usage->class;
	out->type = usage->key_type;
	out->bits = usage->bits;
	out->parameter_set = usage->parameter_set;
	out->keep = NULL;
	out->prepared = NULL;
	out->parts = 0;
}

static CK_RV suits(const struct op *op)
{
	struct key_view facts;
	struct mech_call call = { op->mech, &op->params, &facts, NULL, op_flag(op->kind) };

	if (op->mech->impl->suits == NULL)
		return CKR_OK;
	facts_of(op, &facts);
	return op->mech->impl->suits(&call);
}

/* By configuration and wallet; after the key was taken, which has noticed what other processes changed.  A digest of public
 * data goes by the policy that was last seen: a look at the file would cost as much as the digest. */
static CK_RV permitted(const struct op *op, struct token *token)
{
	const struct object_usage *usage = op->key == NULL ? NULL : key_usage(op->key);
	CK_RV rv;

	rv = token_permits(token, op->mech);
	if (rv == CKR_OK && usage != NULL && usage->key_type == CKK_RSA)
		rv = token_permits_rsa(token, usage->bits);
	return rv;
}

/* What the parameter only pointed to is copied: nothing later looks at the caller's memory. */
#define BORROWED_MAX ((size_t)1 << 30)

static CK_RV keep_borrowed(struct op *op)
{
	struct span *part = op->mech->impl->borrowed == NULL ? NULL : op->mech->impl->borrowed(&op->params);

	if (part == NULL || part->n == 0)
		return CKR_OK;
	op->borrowed = (struct buf)BUF_INIT(BORROWED_MAX);
	buf_bytes(&op->borrowed, *part);
	*part = buf_span(&op->borrowed);
	return cf_failed(buf_status(&op->borrowed)) ? CKR_HOST_MEMORY : CKR_OK;
}

static CK_RV init(struct op *op, const struct access *who, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key,
		  CK_RV (*params)(const CK_MECHANISM *given, union mech_params *out))
{
	CK_RV rv = params(mechanism, &op->params);

	if (rv == CKR_OK && op->kind != OP_DIGEST)
		rv = take_key(op, op->kind, who, key);
	if (rv == CKR_OK)
		rv = permitted(op, who->token);
	if (rv == CKR_OK && op->kind != OP_DIGEST)
		rv = suits(op);
	if (rv == CKR_OK)
		rv = keep_borrowed(op);
	if (rv != CKR_OK)
		return op_end(op, rv);
	op->stage = OP_READY;
	op->guarded = op->mech->impl->state_kind == MECH_STATE_GUARDED;
	return CKR_OK;
}

/* The row of the mechanism, when it can do what `flag` says. */
static CK_RV find(struct op *op, enum op_kind kind, const CK_MECHANISM *mechanism, CK_FLAGS flag)
{
	op->kind = kind;
	op->mech = mech_find(mechanism->mechanism);
	if (op->mech == NULL || (op->mech->flags & flag) == 0)
		return op_end(op, CKR_MECHANISM_INVALID);
	return CKR_OK;
}

CK_RV op_init(struct op *op, enum op_kind kind, const struct access *who, const CK_MECHANISM *mechanism_opt,
	      CK_OBJECT_HANDLE key)
{
	CK_RV rv;

	if (mechanism_opt == NULL)
		return op_end(op, CKR_OK);
	if (op->stage != OP_NONE)
		return CKR_OPERATION_ACTIVE;
	rv = find(op, kind, mechanism_opt, op_flag(kind));
	return rv == CKR_OK ? init(op, who, mechanism_opt, key, op->mech->params) : rv;
}

/* The parameter is one of each message, and comes with it.  Where it comes before them too, as in the specification's example (§5.9), it
 * must be one that a message could have; nothing is made in it. */
static CK_RV message_form(const CK_MECHANISM *given, union mech_params *out)
{
	struct mech_message none = { 0 };
	CK_RV rv = CKR_OK;

	if (given->ulParameterLen != 0)
		rv = mech_find(given->mechanism)->impl->message(&none, CKF_DECRYPT, given->pParameter, given->ulParameterLen, out);
	out->cipher = (struct mech_cipher_params){ 0 };
	return rv;
}

CK_RV op_init_messages(struct op *op, enum op_kind kind, const struct access *who, const CK_MECHANISM *mechanism_opt,
		       CK_OBJECT_HANDLE key)
{
	CK_RV rv;

	if (mechanism_opt == NULL)
		return op_end(op, CKR_OK);
	if (op->stage != OP_NONE)
		return CKR_OPERATION_ACTIVE;
	rv = find(op, kind, mechanism_opt, op_message_flag(kind));
	if (rv != CKR_OK)
		return rv;
	return init(op, who, mechanism_opt, key, op->mech->impl->message == NULL ? op->mech->params : message_form);
}

CK_RV op_begin_message(const struct op *of, const union mech_params *params, struct op *out)
{
	CK_RV rv;

	*out = (struct op){
		.kind = of->kind,
		.wants_pin = of->wants_pin,
		.mech = of->mech,
		.params = *params,
		.key = key_ref(of->key),
		.guarded = of->guarded,
	};
	rv = keep_borrowed(out);
	if (rv != CKR_OK)
		return op_end(out, rv);
	out->stage = OP_READY;
	return CKR_OK;
}

/* ---- one call ---- */

struct mech_call op_call(const struct op *op, const struct key_view *view)
{
	return (struct mech_call){ op->mech, &op->params, view, op->state, op_flag(op->kind) };
}

struct keyed_step {
	struct step *step;
	step_fn fn;
	bool whole; /* nothing that is made in this scope is there when it ends */
	CK_RV rv;
};

static CK_RV run_keyed(struct vault_scope *scope, const struct key_view *view, void *arg)
{
	struct keyed_step *k = arg;
	struct mech_call call = op_call(k->step->op, view);
	CK_RV rv;

	if (!k->whole || scope == NULL)
		return k->fn(scope, &call, k->step);
	nest_open(scope);
	rv = k->fn(scope, &call, k->step);
	nest_close(scope);
	return rv;
}

static void run_in_scope(struct vault_scope *scope, void *arg)
{
	struct keyed_step *k = arg;

	k->rv = run_keyed(scope, NULL, arg);
}

CK_RV op_run_state(struct op *op, step_fn fn, struct step *step)
{
	struct keyed_step k = { step, fn, false, CKR_OK };
	CK_RV rv;

	if (!op->guarded)
		return run_keyed(NULL, NULL, &k);
	rv = rv_of(op->mech->impl->deep ? vault_run(run_in_scope, &k) : vault_run_shallow(run_in_scope, &k));
	return rv == CKR_OK ? k.rv : rv;
}

CK_RV op_run(struct op *op, step_fn fn, struct step *step)
{
	struct keyed_step k = { step, fn, false, CKR_OK };

	if (op->key == NULL)
		return op_run_state(op, fn, step);
	return key_run(op->key, op->mech->impl->deep, run_keyed, &k);
}

CK_RV op_run_whole(struct op *op, step_fn fn, struct step *step)
{
	struct keyed_step k = { step, fn, true, CKR_OK };

	return op->key == NULL ? op_run_state(op, fn, step) : key_run(op->key, op->mech->impl->deep, run_keyed, &k);
}

CK_RV op_check(const struct op *op, struct token *token)
{
	if (op->key == NULL)
		return CKR_OK;
	/* The user logged out, or the object went with its session. */
	if (!key_alive(op->key, token))
		return CKR_OPERATION_NOT_INITIALIZED;
	return op->wants_pin ? CKR_USER_NOT_LOGGED_IN : CKR_OK;
}

/* ---- parts ---- */

static bool has_parts(const struct mech_impl *impl)
{
	return impl->begin != NULL && (impl->update != NULL || impl->transform != NULL);
}

/* The family's own memory for parts. */
static CK_RV reserve(struct op *op)
{
	const struct mech_impl *impl = op->mech->impl;

	if (!has_parts(impl))
		return CKR_FUNCTION_NOT_SUPPORTED;
	op->state = op->guarded ? heap_alloc(impl->state_size) : mem_alloc(impl->state_size);
	if (op->state == NULL)
		return op->guarded ? CKR_DEVICE_MEMORY : CKR_HOST_MEMORY;
	return CKR_OK;
}

static CK_RV step_begin(struct vault_scope *scope, const struct mech_call *call, struct step *s)
{
	(void)s;
	return call->mech->impl->begin(scope, call);
}

/* With the key closed where the state is not guarded: what is kept in ordinary memory may not depend on one. */
static CK_RV begin_plain(const struct op *op)
{
	struct mech_call call = op_call(op, NULL);
	struct key_view facts;

	if (op->key != NULL) {
		facts_of(op, &facts);
		call.key = &facts;
	}
	return op->mech->impl->begin(NULL, &call);
}

CK_RV op_start(struct op *op)
{
	struct step s = { .op = op };
	CK_RV rv;

	if (op->state != NULL)
		return CKR_OK;
	rv = reserve(op);
	if (rv != CKR_OK)
		return rv;
	return op->guarded ? op_run(op, step_begin, &s) : begin_plain(op);
}

/* The largest is Ed25519ph's. */
#define STATE_MAX ((size_t)512)

CK_RV op_with_state(struct vault_scope *scope, const struct mech_call *call, step_fn fn, struct step *step)
{
	const struct mech_impl *impl = call->mech->impl;
	_Alignas(16) uint8_t state[STATE_MAX] = { 0 };
	struct mech_call with = *call;
	CK_RV rv;

	if (!has_parts(impl))
		return CKR_FUNCTION_NOT_SUPPORTED;
	if (impl->state_size > sizeof(state))
		return CKR_GENERAL_ERROR;
	with.state = state;
	rv = fn(scope, &with, step);
	if (impl->clear != NULL)
		impl->clear(state);
	return rv;
}

void op_note_head(struct op *op, struct span part)
{
	size_t n = sizeof(op->head) - op->head_n;

	if (op->key == NULL || key_usage(op->key)->prefixes_n == 0)
		return;
	if (part.n < n)
		n = part.n;
	bytes_copy(op->head + op->head_n, part.p, n);
	op->head_n += n;
}

CK_RV op_check_head(const struct op *op)
{
	const struct object_usage *usage = op->key == NULL ? NULL : key_usage(op->key);

	if (usage == NULL || usage->prefixes_n == 0 ||
	    object_prefixes_allow(span(usage->prefixes, usage->prefixes_n), span(op->head, op->head_n)))
		return CKR_OK;
	cf_ignore(error_set(CF_STATUS(DENIED), "the key signs only messages that begin with one of: %.*s",
			    (int)usage->prefixes_n, (const char *)usage->prefixes),
		  "the return value is the answer");
	return CKR_DATA_INVALID;
}

static CK_RV step_update(struct vault_scope *scope, const struct mech_call *call, struct step *s)
{
	return call->mech->impl->update(scope, call, s->in);
}

CK_RV op_feed(struct op *op, struct span part)
{
	struct step s = { .op = op, .in = part };
	CK_RV rv;

	if (op_gathers(op)) {
		op_note_head(op, part);
		return op_gather(op, part);
	}
	rv = op_start(op);
	if (rv != CKR_OK || part.n == 0)
		return rv;
	op_note_head(op, part);
	return op_run_state(op, step_update, &s);
}

CK_RV op_update(struct op *op, struct token *token, struct span part)
{
	CK_RV rv;

	if (op->stage == OP_NONE)
		return CKR_OPERATION_NOT_INITIALIZED;
	rv = op_check(op, token);
	if (rv == CKR_OK && span_impossible(part))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = op_feed(op, part);
	if (rv != CKR_OK)
		return op_end(op, rv);
	op->stage = OP_RUNNING;
	return CKR_OK;
}

/* ---- lengths ---- */

CK_RV op_length(const struct op *op, CK_RV (*ask)(const struct mech_call *, size_t, size_t *), size_t in, size_t *out)
{
	struct mech_call call = op_call(op, NULL);
	struct key_view facts;

	if (ask == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	if (op->key != NULL) {
		facts_of(op, &facts);
		call.key = &facts;
	}
	return ask(&call, in, out);
}

CK_RV op_offer(size_t need, bool variable, const struct op_output *out, bool *answered)
{
	*answered = false;
	if (out->buffer != NULL && (*out->length >= need || variable))
		return CKR_OK;
	*out->length = need;
	*answered = true;
	return out->buffer == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
}

/* ---- C_DigestKey ---- */

/* The state itself: its bytes may lie anywhere. */
static CK_RV move_state(struct op *op)
{
	size_t n = op->mech->impl->state_size;
	void *moved = heap_alloc(n);

	if (moved == NULL)
		return CKR_DEVICE_MEMORY;
	bytes_copy(moved, op->state, n);
	mem_free(op->state);
	op->state = moved;
	return CKR_OK;
}

static CK_RV step_shelter(struct vault_scope *scope, const struct mech_call *call, struct step *s)
{
	(void)s;
	return call->mech->impl->shelter(scope, call);
}

/* What was digested so far moves to the guarded heap, and stays there. */
static CK_RV shelter(struct op *op)
{
	struct step s = { .op = op };
	CK_RV rv;

	if (op->guarded)
		return CKR_OK;
	op->guarded = true;
	if (op->state == NULL)
		return CKR_OK;
	rv = move_state(op);
	return rv == CKR_OK ? op_run_state(op, step_shelter, &s) : rv;
}

static CK_RV digest_value(struct vault_scope *scope, const struct key_view *view, void *arg)
{
	const struct mech_call *call = arg;

	return call->mech->impl->update(scope, call, key_view_part(view, CKA_VALUE));
}

CK_RV op_digest_key(struct op *op, struct key *key)
{
	struct mech_call call;
	CK_RV rv;

	if (op->stage == OP_NONE)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (key_usage(key)->class != CKO_SECRET_KEY || op->mech->impl->shelter == NULL)
		return CKR_KEY_INDIGESTIBLE;
	rv = shelter(op);
	if (rv == CKR_OK)
		rv = op_start(op);
	call = op_call(op, NULL);
	if (rv == CKR_OK)
		rv = key_run(key, op->mech->impl->deep, digest_value, &call);
	if (rv != CKR_OK)
		return op_end(op, rv);
	op->stage = OP_RUNNING;
	return CKR_OK;
}
