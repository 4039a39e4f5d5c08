/* SPDX-License-Identifier: Apache-2.0 */
#include "session/op.h"

#include "base/error.h"
#include "base/mem.h"
#include "token/policy.h"

/* ---- begin and end ---- */

static const CK_FLAGS kind_flag[OP_KINDS] = {
	[OP_SIGN] = CKF_SIGN,
	[OP_VERIFY] = CKF_VERIFY,
	[OP_DIGEST] = CKF_DIGEST,
	[OP_ENCRYPT] = CKF_ENCRYPT,
	[OP_DECRYPT] = CKF_DECRYPT,
	[OP_SIGN_RECOVER] = CKF_SIGN_RECOVER,
	[OP_VERIFY_RECOVER] = CKF_VERIFY_RECOVER,
};

CK_RV op_end(struct op *op, CK_RV rv)
{
	if (op->state != NULL) {
		if (op->mech->impl->clear != NULL)
			op->mech->impl->clear(op->state);
		mem_free(op->state);
	}
	key_unref(op->key);
	buf_release(&op->signature);
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
	out->parts = 0;
}

static CK_RV suits(const struct op *op)
{
	struct key_view facts;
	struct mech_call call = { op->mech, &op->params, &facts, NULL, kind_flag[op->kind] };

	if (op->mech->impl->suits == NULL)
		return CKR_OK;
	facts_of(op, &facts);
	return op->mech->impl->suits(&call);
}

/* By configuration and wallet; after the key was taken, which has noticed what other processes changed. */
static CK_RV permitted(const struct op *op, struct token *token)
{
	const struct object_usage *usage = op->key == NULL ? NULL : key_usage(op->key);
	CK_RV rv;

	if (usage == NULL)
		token_policy_refresh(token);
	rv = token_permits(token, op->mech);
	if (rv == CKR_OK && usage != NULL && usage->key_type == CKK_RSA)
		rv = token_permits_rsa(token, usage->bits);
	return rv;
}

CK_RV op_init(struct op *op, enum op_kind kind, const struct access *who, const CK_MECHANISM *mechanism_opt,
	      CK_OBJECT_HANDLE key)
{
	CK_RV rv;

	if (mechanism_opt == NULL)
		return op_end(op, CKR_OK);
	if (op->stage != OP_NONE)
		return CKR_OPERATION_ACTIVE;
	op->kind = kind;
	op->mech = mech_find(mechanism_opt->mechanism);
	if (op->mech == NULL || (op->mech->flags & kind_flag[kind]) == 0)
		return op_end(op, CKR_MECHANISM_INVALID);
	rv = op->mech->params(mechanism_opt, &op->params);
	if (rv == CKR_OK && kind != OP_DIGEST)
		rv = take_key(op, kind, who, key);
	if (rv == CKR_OK)
		rv = permitted(op, who->token);
	if (rv == CKR_OK && kind != OP_DIGEST)
		rv = suits(op);
	if (rv != CKR_OK)
		return op_end(op, rv);
	op->stage = OP_READY;
	return CKR_OK;
}

/* ---- one call ---- */

/* What a step of the family needs; it travels through key_run() to where the key is open. */
struct step {
	struct op *op;
	struct span in;
	struct span signature;
	struct mspan out;
	size_t n;
};

typedef CK_RV (*step_fn)(struct vault_scope *scope, const struct mech_call *call, struct step *step);

struct keyed_step {
	struct step *step;
	step_fn fn;
};

static struct mech_call call_of(const struct op *op, const struct key_view *view)
{
	return (struct mech_call){ op->mech, &op->params, view, op->state, kind_flag[op->kind] };
}

static CK_RV run_keyed(struct vault_scope *scope, const struct key_view *view, void *arg)
{
	struct keyed_step *k = arg;
	struct mech_call call = call_of(k->step->op, view);

	return k->fn(scope, &call, k->step);
}

/* Runs a step with the key, where the operation has one. */
static CK_RV run(struct op *op, step_fn fn, struct step *step)
{
	struct keyed_step k = { step, fn };

	if (op->key == NULL)
		return run_keyed(NULL, NULL, &k);
	return key_run(op->key, run_keyed, &k);
}

static CK_RV check(const struct op *op, struct token *token)
{
	if (op->key == NULL)
		return CKR_OK;
	/* The user logged out, or the object went with its session. */
	if (!key_alive(op->key, token))
		return CKR_OPERATION_NOT_INITIALIZED;
	return op->wants_pin ? CKR_USER_NOT_LOGGED_IN : CKR_OK;
}

/* The family's own memory for parts.  Without a key: what is kept between calls in ordinary memory may not depend on one. */
static CK_RV start_state(struct op *op)
{
	const struct mech_impl *impl = op->mech->impl;
	struct mech_call call;

	if (op->state != NULL)
		return CKR_OK;
	if (impl->begin == NULL || impl->update == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	if (impl->state_kind != MECH_STATE_PLAIN)
		return CKR_GENERAL_ERROR;
	op->state = mem_alloc(impl->state_size);
	if (op->state == NULL)
		return CKR_HOST_MEMORY;
	call = call_of(op, NULL);
	return impl->begin(NULL, &call);
}

/* Keeps how the message begins, for a key with CKA_COFFER_MESSAGE_PREFIXES. */
static void note_head(struct op *op, struct span part)
{
	size_t n = sizeof(op->head) - op->head_n;

	if (op->key == NULL || key_usage(op->key)->prefixes_n == 0)
		return;
	if (part.n < n)
		n = part.n;
	bytes_copy(op->head + op->head_n, part.p, n);
	op->head_n += n;
}

static CK_RV check_head(const struct op *op)
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

static CK_RV feed(struct op *op, struct span part)
{
	struct mech_call call;
	CK_RV rv = start_state(op);

	if (rv != CKR_OK || part.n == 0)
		return rv;
	note_head(op, part);
	call = call_of(op, NULL);
	return op->mech->impl->update(NULL, &call, part);
}

CK_RV op_update(struct op *op, struct token *token, struct span part)
{
	CK_RV rv;

	if (op->stage == OP_NONE)
		return CKR_OPERATION_NOT_INITIALIZED;
	rv = check(op, token);
	if (rv == CKR_OK && part.p == NULL && part.n != 0)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = feed(op, part);
	if (rv != CKR_OK)
		return op_end(op, rv);
	op->stage = OP_RUNNING;
	return CKR_OK;
}

/* ---- output: signatures and digests ---- */

/* How long the output will be, from the row and what is known of the key in clear: no key is opened. */
static CK_RV output_length(const struct op *op, size_t in, size_t *out)
{
	struct mech_call call = call_of(op, NULL);
	struct key_view facts;

	if (op->key == NULL)
		return op->mech->impl->out_len(&call, in, out);
	facts_of(op, &facts);
	call.key = &facts;
	return op->mech->impl->out_len(&call, in, out);
}

/* Only the operation itself tells how long what is under the padding is. */
static bool is_variable(const struct op *op)
{
	return op->kind == OP_DECRYPT || op->kind == OP_VERIFY_RECOVER;
}

/* Answers a length query and a short buffer: *answered, and the operation stays as it is. */
static CK_RV offer(const struct op *op, size_t in, const struct op_output *out, bool *answered)
{
	size_t need;
	CK_RV rv;

	*answered = false;
	if (out->length == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = output_length(op, in, &need);
	if (rv != CKR_OK)
		return rv;
	if (out->buffer != NULL && (*out->length >= need || is_variable(op)))
		return CKR_OK;
	*out->length = need;
	*answered = true;
	return out->buffer == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
}

typedef CK_RV (*whole_fn)(struct vault_scope *scope, const struct mech_call *call, struct span in, struct mspan out, size_t *n);

/* The family's function for an operation with a key in one piece; NULL: there is none. */
static whole_fn whole_of(const struct op *op)
{
	const struct mech_impl *impl = op->mech->impl;

	switch (op->kind) {
	case OP_SIGN:
	case OP_SIGN_RECOVER:
		return impl->sign;
	case OP_ENCRYPT:
		return impl->encrypt;
	case OP_DECRYPT:
		return impl->decrypt;
	case OP_VERIFY_RECOVER:
		return impl->recover;
	default:
		return NULL;
	}
}

static CK_RV step_whole(struct vault_scope *scope, const struct mech_call *call, struct step *s)
{
	return whole_of(s->op)(scope, call, s->in, s->out, &s->n);
}

static CK_RV step_digest(struct vault_scope *scope, const struct mech_call *call, struct step *s)
{
	(void)scope;
	return call->mech->impl->digest(call, s->in, s->out, &s->n);
}

static CK_RV step_finish(struct vault_scope *scope, const struct mech_call *call, struct step *s)
{
	return call->mech->impl->finish(scope, call, s->out, &s->n);
}

/* The last parts are in: makes the output. */
static CK_RV finish(struct op *op, struct step *s)
{
	CK_RV rv = start_state(op); /* for a message that had no parts */

	if (rv != CKR_OK)
		return rv;
	if (op->mech->impl->finish == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = check_head(op);
	return rv == CKR_OK ? run(op, step_finish, s) : rv;
}

static CK_RV once(struct op *op, struct step *s)
{
	const struct mech_impl *impl = op->mech->impl;
	CK_RV rv;

	if (whole_of(op) != NULL) {
		note_head(op, s->in);
		rv = check_head(op);
		return rv == CKR_OK ? run(op, step_whole, s) : rv;
	}
	if (op->key == NULL && impl->digest != NULL)
		return run(op, step_digest, s);
	rv = feed(op, s->in);
	return rv == CKR_OK ? finish(op, s) : rv;
}

static CK_RV produce(struct op *op, struct span data, const struct op_output *out, CK_RV (*make)(struct op *, struct step *))
{
	struct step s = { .op = op, .in = data };
	CK_RV rv;

	s.out = mspan(out->buffer, *out->length);
	s.n = s.out.n;
	rv = make(op, &s);
	if (rv == CKR_OK || rv == CKR_BUFFER_TOO_SMALL)
		*out->length = s.n;
	return rv == CKR_BUFFER_TOO_SMALL ? rv : op_end(op, rv);
}

CK_RV op_once(struct op *op, struct token *token, struct span data, const struct op_output *out)
{
	bool answered;
	CK_RV rv;

	if (op->stage == OP_NONE)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (op->stage == OP_RUNNING)
		return op_end(op, CKR_OPERATION_ACTIVE);
	if (data.p == NULL && data.n != 0)
		return op_end(op, CKR_ARGUMENTS_BAD);
	rv = offer(op, data.n, out, &answered);
	if (answered)
		return rv;
	if (rv == CKR_OK)
		rv = check(op, token);
	return rv == CKR_OK ? produce(op, data, out, once) : op_end(op, rv);
}

CK_RV op_finish(struct op *op, struct token *token, const struct op_output *out)
{
	bool answered;
	CK_RV rv;

	if (op->stage == OP_NONE)
		return CKR_OPERATION_NOT_INITIALIZED;
	rv = offer(op, 0, out, &answered);
	if (answered)
		return rv;
	if (rv == CKR_OK)
		rv = check(op, token);
	return rv == CKR_OK ? produce(op, SPAN_EMPTY, out, finish) : op_end(op, rv);
}

/* ---- verifying ---- */

static CK_RV step_verify(struct vault_scope *scope, const struct mech_call *call, struct step *s)
{
	return call->mech->impl->verify(scope, call, s->in, s->signature);
}

static CK_RV step_finish_verify(struct vault_scope *scope, const struct mech_call *call, struct step *s)
{
	return call->mech->impl->finish_verify(scope, call, s->signature);
}

static CK_RV finish_verify(struct op *op, struct step *s)
{
	CK_RV rv = start_state(op);

	if (rv != CKR_OK)
		return rv;
	if (op->mech->impl->finish_verify == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	return run(op, step_finish_verify, s);
}

CK_RV op_once_verify(struct op *op, struct token *token, struct span data, struct span signature)
{
	struct step s = { .op = op, .in = data, .signature = signature };
	CK_RV rv;

	if (op->stage == OP_NONE)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (op->stage == OP_RUNNING)
		return op_end(op, CKR_OPERATION_ACTIVE);
	if ((data.p == NULL && data.n != 0) || signature.p == NULL)
		return op_end(op, CKR_ARGUMENTS_BAD);
	rv = check(op, token);
	if (rv != CKR_OK)
		return op_end(op, rv);
	if (op->mech->impl->verify != NULL)
		return op_end(op, run(op, step_verify, &s));
	rv = feed(op, data);
	return op_end(op, rv == CKR_OK ? finish_verify(op, &s) : rv);
}

CK_RV op_finish_verify(struct op *op, struct token *token, struct span signature)
{
	struct step s = { .op = op, .signature = signature };
	CK_RV rv;

	if (op->stage == OP_NONE)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (signature.p == NULL)
		return op_end(op, CKR_ARGUMENTS_BAD);
	rv = check(op, token);
	return op_end(op, rv == CKR_OK ? finish_verify(op, &s) : rv);
}

/* The longest that there are: SLH-DSA's, and RSA-16384's by far. */
#define SIGNATURE_MAX ((size_t)64 << 10)

CK_RV op_keep_signature(struct op *op, struct span signature)
{
	if (signature.p == NULL)
		return op_end(op, CKR_ARGUMENTS_BAD);
	if (signature.n > SIGNATURE_MAX)
		return op_end(op, CKR_SIGNATURE_LEN_RANGE);
	op->signature = (struct buf)BUF_INIT(SIGNATURE_MAX);
	buf_bytes(&op->signature, signature);
	if (cf_failed(buf_status(&op->signature)))
		return op_end(op, CKR_HOST_MEMORY);
	op->signature_first = true;
	return CKR_OK;
}
