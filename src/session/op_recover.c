/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures that carry what was signed. */
#include "session/bodies.h"
#include "session/session.h"

CK_RV do_C_SignRecoverInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	struct access who = session_access(call);

	return op_init(&call->session->op[OP_SIGN_RECOVER], OP_SIGN_RECOVER, &who, mechanism, key);
}

CK_RV do_C_SignRecover(struct call *call, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
		       CK_ULONG_PTR signature_len)
{
	const struct op_output out = { signature, signature_len };

	return op_once(&call->session->op[OP_SIGN_RECOVER], call->token, span(data, data_len), &out);
}

CK_RV do_C_VerifyRecoverInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	struct access who = session_access(call);

	return op_init(&call->session->op[OP_VERIFY_RECOVER], OP_VERIFY_RECOVER, &who, mechanism, key);
}

CK_RV do_C_VerifyRecover(struct call *call, CK_BYTE_PTR signature, CK_ULONG signature_len, CK_BYTE_PTR data,
			 CK_ULONG_PTR data_len)
{
	const struct op_output out = { data, data_len };

	return op_once(&call->session->op[OP_VERIFY_RECOVER], call->token, span(signature, signature_len), &out);
}
