/* SPDX-License-Identifier: Apache-2.0 */
#include "session/bodies.h"
#include "session/session.h"

CK_RV do_C_DigestInit(struct call *call, CK_MECHANISM_PTR mechanism)
{
	struct access who = session_access(call);

	return op_init(&call->session->op[OP_DIGEST], OP_DIGEST, &who, mechanism, CK_INVALID_HANDLE);
}

CK_RV do_C_Digest(struct call *call, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR digest, CK_ULONG_PTR digest_len)
{
	const struct op_output out = { digest, digest_len };

	return op_once(&call->session->op[OP_DIGEST], call->token, span(data, data_len), &out);
}

CK_RV do_C_DigestUpdate(struct call *call, CK_BYTE_PTR part, CK_ULONG part_len)
{
	return op_update(&call->session->op[OP_DIGEST], call->token, span(part, part_len));
}

CK_RV do_C_DigestKey(struct call *call, CK_OBJECT_HANDLE key)
{
	struct op *op = &call->session->op[OP_DIGEST];
	struct access who = session_access(call);
	AUTO(key) k = NULL;
	CK_RV rv;

	if (op->stage == OP_NONE)
		return CKR_OPERATION_NOT_INITIALIZED;
	rv = key_take(&who, key, &k);
	return rv == CKR_OK ? op_digest_key(op, k) : rv;
}

CK_RV do_C_DigestFinal(struct call *call, CK_BYTE_PTR digest, CK_ULONG_PTR digest_len)
{
	const struct op_output out = { digest, digest_len };

	return op_finish(&call->session->op[OP_DIGEST], call->token, &out);
}
