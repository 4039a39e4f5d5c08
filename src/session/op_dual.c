/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two operations over the same data.  Both must be running; what the first does not take, the second does not get
 * (PKCS#11 3.0 §5.14): a short buffer or a question for its length leaves both as they are.
 */
#include "session/bodies.h"
#include "session/session.h"

static CK_RV both(const struct session *s, enum op_kind first, enum op_kind second)
{
	return s->op[first].stage == OP_NONE || s->op[second].stage == OP_NONE ? CKR_OPERATION_NOT_INITIALIZED : CKR_OK;
}

static bool same_place(struct span part, const struct op_output *out)
{
	uintptr_t a = (uintptr_t)part.p, b = (uintptr_t)out->buffer;

	return a < b + *out->length && b < a + part.n;
}

/* Encrypted first, so that a failure gives nothing to the other operation, unless that would overwrite what it needs. */
static CK_RV plain_first(struct call *call, enum op_kind other, struct span part, const struct op_output *out)
{
	struct session *s = call->session;
	CK_RV rv = both(s, OP_ENCRYPT, other);
	bool answered = false;

	if (rv == CKR_OK)
		rv = op_transform_offer(&s->op[OP_ENCRYPT], part, out, &answered);
	if (rv != CKR_OK || answered)
		return rv;
	if (same_place(part, out)) {
		rv = op_update(&s->op[other], call->token, part);
		return rv == CKR_OK ? op_transform(&s->op[OP_ENCRYPT], call->token, part, out) : rv;
	}
	rv = op_transform(&s->op[OP_ENCRYPT], call->token, part, out);
	return rv == CKR_OK ? op_update(&s->op[other], call->token, part) : rv;
}

static CK_RV plain_last(struct call *call, enum op_kind other, struct span part, const struct op_output *out)
{
	struct session *s = call->session;
	CK_RV rv = both(s, OP_DECRYPT, other);

	if (rv == CKR_OK)
		rv = op_transform(&s->op[OP_DECRYPT], call->token, part, out);
	if (rv != CKR_OK || out->buffer == NULL)
		return rv;
	return op_update(&s->op[other], call->token, span(out->buffer, *out->length));
}

CK_RV do_C_DigestEncryptUpdate(struct call *call, CK_BYTE_PTR part, CK_ULONG part_len, CK_BYTE_PTR encrypted,
			       CK_ULONG_PTR encrypted_len)
{
	const struct op_output out = { encrypted, encrypted_len };

	return plain_first(call, OP_DIGEST, span(part, part_len), &out);
}

CK_RV do_C_SignEncryptUpdate(struct call *call, CK_BYTE_PTR part, CK_ULONG part_len, CK_BYTE_PTR encrypted,
			     CK_ULONG_PTR encrypted_len)
{
	const struct op_output out = { encrypted, encrypted_len };

	return plain_first(call, OP_SIGN, span(part, part_len), &out);
}

CK_RV do_C_DecryptDigestUpdate(struct call *call, CK_BYTE_PTR encrypted, CK_ULONG encrypted_len, CK_BYTE_PTR part,
			       CK_ULONG_PTR part_len)
{
	const struct op_output out = { part, part_len };

	return plain_last(call, OP_DIGEST, span(encrypted, encrypted_len), &out);
}

CK_RV do_C_DecryptVerifyUpdate(struct call *call, CK_BYTE_PTR encrypted, CK_ULONG encrypted_len, CK_BYTE_PTR part,
			       CK_ULONG_PTR part_len)
{
	const struct op_output out = { part, part_len };

	return plain_last(call, OP_VERIFY, span(encrypted, encrypted_len), &out);
}
