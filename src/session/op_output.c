/* SPDX-License-Identifier: Apache-2.0 */
/* What an operation gives out: signatures, digests, and what is encrypted, decrypted or recovered. */
#include "base/cleanup.h"
#include "session/op_internal.h"

/* Only the operation itself tells how long what is under the padding is. */
static bool is_variable(const struct op *op)
{
	return (op->kind == OP_DECRYPT && op->mech->impl->decrypt != NULL) || op->kind == OP_VERIFY_RECOVER;
}

/* Answers a length query and a short buffer for what comes out of `in` bytes, and of all that was given before. */
static CK_RV offer(const struct op *op, size_t in, const struct op_output *out, bool *answered)
{
	size_t need;
	CK_RV rv;

	*answered = false;
	if (out->length == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = op_length(op, op->mech->impl->out_len, in, &need);
	return rv == CKR_OK ? op_offer(need, is_variable(op), out, answered) : rv;
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

/* Begins, takes all of the data and finishes. */
static CK_RV feed_and_finish(struct vault_scope *scope, const struct mech_call *call, struct step *s)
{
	const struct mech_impl *impl = call->mech->impl;
	size_t first = s->out.n, rest;
	CK_RV rv = impl->begin(scope, call);

	if (rv != CKR_OK)
		return rv;
	if (impl->transform != NULL) {
		rv = impl->transform(scope, call, s->in, s->out, &first);
	} else {
		first = 0;
		rv = impl->update(scope, call, s->in);
	}
	if (rv != CKR_OK)
		return rv;
	rest = s->out.n - first;
	rv = impl->finish(scope, call, mspan(s->out.p + first, rest), &rest);
	s->n = first + rest;
	return rv;
}

static CK_RV step_all(struct vault_scope *scope, const struct mech_call *call, struct step *s)
{
	return op_with_state(scope, call, feed_and_finish, s);
}

/* The last parts are in: makes the output. */
static CK_RV finish(struct op *op, struct step *s)
{
	CK_RV rv;

	if (op_gathers(op)) {
		s->in = buf_span(&op->gathered);
		rv = op->kind == OP_SIGN ? op_check_head(op) : CKR_OK;
		return rv == CKR_OK ? op_run_whole(op, step_whole, s) : rv;
	}
	rv = op_start(op); /* for a message that had no parts */
	if (rv != CKR_OK)
		return rv;
	if (op->mech->impl->finish == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = op_check_head(op);
	return rv == CKR_OK ? op_run(op, step_finish, s) : rv;
}

/* From the state of parts, in one scope where it is guarded. */
static CK_RV once_of_parts(struct op *op, struct step *s)
{
	CK_RV rv;

	if (op->mech->impl->finish == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	if (op->guarded)
		return op_run_whole(op, step_all, s);
	rv = op_feed(op, s->in);
	return rv == CKR_OK ? finish(op, s) : rv;
}

/* EdDSA reads the message twice, for the nonce and for the challenge.  Were the first half of the signature written over it between
 * them, two signatures would have one nonce and two challenges, from which the private key follows. */
static CK_RV take_apart(struct op *op, struct step *s)
{
	CK_RV rv;

	if ((op->kind != OP_SIGN && op->kind != OP_SIGN_RECOVER) || !span_overlaps(s->in, s->out))
		return CKR_OK;
	rv = op_gather(op, s->in);
	s->in = buf_span(&op->gathered);
	return rv;
}

static CK_RV once(struct op *op, struct step *s)
{
	CK_RV rv;

	if (whole_of(op) != NULL) {
		op_note_head(op, s->in);
		rv = op_check_head(op);
		if (rv == CKR_OK)
			rv = take_apart(op, s);
		return rv == CKR_OK ? op_run_whole(op, step_whole, s) : rv;
	}
	if (op->key == NULL && op->mech->impl->digest != NULL)
		return op_run(op, step_digest, s);
	return once_of_parts(op, s);
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
	if (span_impossible(data))
		return op_end(op, CKR_ARGUMENTS_BAD);
	rv = offer(op, data.n, out, &answered);
	if (answered)
		return rv;
	if (rv == CKR_OK)
		rv = op_check(op, token);
	return rv == CKR_OK ? produce(op, data, out, once) : op_end(op, rv);
}

CK_RV op_finish(struct op *op, struct token *token, const struct op_output *out)
{
	bool answered;
	CK_RV rv;

	if (op->stage == OP_NONE)
		return CKR_OPERATION_NOT_INITIALIZED;
	rv = offer(op, op->gathered.n, out, &answered);
	if (answered)
		return rv;
	if (rv == CKR_OK)
		rv = op_check(op, token);
	return rv == CKR_OK ? produce(op, SPAN_EMPTY, out, finish) : op_end(op, rv);
}
