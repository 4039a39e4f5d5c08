/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption and decryption in parts. */
#include "session/op_internal.h"

/* What is kept until the last part comes. */
#define GATHERED_MAX ((size_t)1 << 30)

bool op_gathers(const struct op *op)
{
	CK_FLAGS use = op_call(op, NULL).use;

	return (op->mech->impl->gathers & use) != 0;
}

CK_RV op_gather(struct op *op, struct span part)
{
	if (op->gathered.max == 0)
		op->gathered = (struct buf)BUF_INIT(GATHERED_MAX);
	buf_bytes(&op->gathered, part);
	return cf_failed(buf_status(&op->gathered)) ? CKR_HOST_MEMORY : CKR_OK;
}

static CK_RV keep(struct op *op, struct span part, const struct op_output *out)
{
	*out->length = 0;
	return op_gather(op, part);
}

static CK_RV step_transform(struct vault_scope *scope, const struct mech_call *call, struct step *s)
{
	return call->mech->impl->transform(scope, call, s->in, s->out, &s->n);
}

static CK_RV transform(struct op *op, struct span part, const struct op_output *out)
{
	struct step s = { .op = op, .in = part, .out = mspan(out->buffer, *out->length), .n = *out->length };
	CK_RV rv = op_start(op);

	if (rv == CKR_OK)
		rv = op_run_state(op, step_transform, &s);
	if (rv == CKR_OK)
		*out->length = s.n;
	return rv;
}

/* How much comes out is exact: the caller may give a buffer of just that size.  A part that is kept for later needs none. */
static CK_RV length_of(const struct op *op, size_t n, size_t *out)
{
	*out = 0;
	return op_gathers(op) ? CKR_OK : op_length(op, op->mech->impl->part_len, n, out);
}

CK_RV op_transform_offer(struct op *op, struct span part, const struct op_output *out, bool *answered)
{
	size_t need;
	CK_RV rv;

	*answered = false;
	if (op->stage == OP_NONE)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (out->length == NULL || span_impossible(part))
		return op_end(op, CKR_ARGUMENTS_BAD);
	rv = length_of(op, part.n, &need);
	if (rv != CKR_OK)
		return op_end(op, rv);
	return op_offer(need, false, out, answered);
}

CK_RV op_transform(struct op *op, struct token *token, struct span part, const struct op_output *out)
{
	bool answered;
	CK_RV rv = op_transform_offer(op, part, out, &answered);

	if (answered || op->stage == OP_NONE)
		return rv;
	rv = op_check(op, token);
	if (rv == CKR_OK)
		rv = op_gathers(op) ? keep(op, part, out) : transform(op, part, out);
	if (rv != CKR_OK)
		return op_end(op, rv);
	op->stage = OP_RUNNING;
	return CKR_OK;
}
