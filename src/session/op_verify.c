/* SPDX-License-Identifier: Apache-2.0 */
#include "session/op_internal.h"


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
	CK_RV rv;

	if (op_gathers(op)) {
		s->in = buf_span(&op->gathered);
		return op_run_whole(op, step_verify, s);
	}
	rv = op_start(op);
	if (rv != CKR_OK)
		return rv;
	if (op->mech->impl->finish_verify == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	return op_run(op, step_finish_verify, s);
}

/* Begins, takes all of the data and verifies. */
static CK_RV feed_and_verify(struct vault_scope *scope, const struct mech_call *call, struct step *s)
{
	const struct mech_impl *impl = call->mech->impl;
	CK_RV rv = impl->begin(scope, call);

	if (rv == CKR_OK)
		rv = impl->update(scope, call, s->in);
	return rv == CKR_OK ? impl->finish_verify(scope, call, s->signature) : rv;
}

static CK_RV step_verify_all(struct vault_scope *scope, const struct mech_call *call, struct step *s)
{
	return op_with_state(scope, call, feed_and_verify, s);
}

static CK_RV verify_parts(struct op *op, struct step *s)
{
	CK_RV rv;

	if (op->mech->impl->finish_verify == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	if (op->guarded)
		return op_run_whole(op, step_verify_all, s);
	rv = op_feed(op, s->in);
	return rv == CKR_OK ? finish_verify(op, s) : rv;
}

CK_RV op_once_verify(struct op *op, struct token *token, struct span data, struct span signature)
{
	struct step s = { .op = op, .in = data, .signature = signature };
	CK_RV rv;

	if (op->stage == OP_NONE)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (op->stage == OP_RUNNING)
		return op_end(op, CKR_OPERATION_ACTIVE);
	if (span_impossible(data) || signature.p == NULL)
		return op_end(op, CKR_ARGUMENTS_BAD);
	rv = op_check(op, token);
	if (rv != CKR_OK)
		return op_end(op, rv);
	if (op->mech->impl->verify != NULL)
		return op_end(op, op_run_whole(op, step_verify, &s));
	return op_end(op, verify_parts(op, &s));
}

CK_RV op_finish_verify(struct op *op, struct token *token, struct span signature)
{
	struct step s = { .op = op, .signature = signature };
	CK_RV rv;

	if (op->stage == OP_NONE)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (signature.p == NULL)
		return op_end(op, CKR_ARGUMENTS_BAD);
	rv = op_check(op, token);
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
