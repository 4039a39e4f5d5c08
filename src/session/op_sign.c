/* SPDX-License-Identifier: Apache-2.0 */
#include "session/bodies.h"
#include "session/session.h"

/* ---- signing ---- */

CK_RV do_C_SignInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	struct access who = session_access(call);

	return op_init(&call->session->op[OP_SIGN], OP_SIGN, &who, mechanism, key);
}

CK_RV do_C_Sign(struct call *call, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
		CK_ULONG_PTR signature_len)
{
	const struct op_output out = { signature, signature_len };

	return op_once(&call->session->op[OP_SIGN], call->token, span(data, data_len), &out);
}

CK_RV do_C_SignUpdate(struct call *call, CK_BYTE_PTR part, CK_ULONG part_len)
{
	return op_update(&call->session->op[OP_SIGN], call->token, span(part, part_len));
}

CK_RV do_C_SignFinal(struct call *call, CK_BYTE_PTR signature, CK_ULONG_PTR signature_len)
{
	const struct op_output out = { signature, signature_len };

	return op_finish(&call->session->op[OP_SIGN], call->token, &out);
}

/* ---- verifying ---- */

CK_RV do_C_VerifyInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	struct access who = session_access(call);

	return op_init(&call->session->op[OP_VERIFY], OP_VERIFY, &who, mechanism, key);
}

CK_RV do_C_Verify(struct call *call, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
		  CK_ULONG signature_len)
{
	return op_once_verify(&call->session->op[OP_VERIFY], call->token, span(data, data_len),
			      span(signature, signature_len));
}

CK_RV do_C_VerifyUpdate(struct call *call, CK_BYTE_PTR part, CK_ULONG part_len)
{
	return op_update(&call->session->op[OP_VERIFY], call->token, span(part, part_len));
}

CK_RV do_C_VerifyFinal(struct call *call, CK_BYTE_PTR signature, CK_ULONG signature_len)
{
	return op_finish_verify(&call->session->op[OP_VERIFY], call->token, span(signature, signature_len));
}
