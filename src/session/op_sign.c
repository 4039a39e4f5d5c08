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

/* The running verification, when it was begun as this function needs it: with its signature, or without. */
static CK_RV verification(struct call *call, bool signature_first, struct op **op)
{
	*op = &call->session->op[OP_VERIFY];
	return (*op)->signature_first == signature_first ? CKR_OK : CKR_OPERATION_NOT_INITIALIZED;
}

CK_RV do_C_Verify(struct call *call, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
		  CK_ULONG signature_len)
{
	struct op *op;
	CK_RV rv = verification(call, false, &op);

	return rv == CKR_OK ? op_once_verify(op, call->token, span(data, data_len), span(signature, signature_len)) : rv;
}

CK_RV do_C_VerifyUpdate(struct call *call, CK_BYTE_PTR part, CK_ULONG part_len)
{
	struct op *op;
	CK_RV rv = verification(call, false, &op);

	return rv == CKR_OK ? op_update(op, call->token, span(part, part_len)) : rv;
}

CK_RV do_C_VerifyFinal(struct call *call, CK_BYTE_PTR signature, CK_ULONG signature_len)
{
	struct op *op;
	CK_RV rv = verification(call, false, &op);

	return rv == CKR_OK ? op_finish_verify(op, call->token, span(signature, signature_len)) : rv;
}

/* ---- verifying, the signature first (PKCS#11 3.2) ---- */

CK_RV do_C_VerifySignatureInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key, CK_BYTE_PTR signature,
			       CK_ULONG signature_len)
{
	struct access who = session_access(call);
	struct op *op = &call->session->op[OP_VERIFY];
	CK_RV rv = op_init(op, OP_VERIFY, &who, mechanism, key);

	if (rv != CKR_OK || mechanism == NULL)
		return rv;
	return op_keep_signature(op, span(signature, signature_len));
}

CK_RV do_C_VerifySignature(struct call *call, CK_BYTE_PTR data, CK_ULONG data_len)
{
	struct op *op;
	CK_RV rv = verification(call, true, &op);

	return rv == CKR_OK ? op_once_verify(op, call->token, span(data, data_len), buf_span(&op->signature)) : rv;
}

CK_RV do_C_VerifySignatureUpdate(struct call *call, CK_BYTE_PTR part, CK_ULONG part_len)
{
	struct op *op;
	CK_RV rv = verification(call, true, &op);

	return rv == CKR_OK ? op_update(op, call->token, span(part, part_len)) : rv;
}

CK_RV do_C_VerifySignatureFinal(struct call *call)
{
	struct op *op;
	CK_RV rv = verification(call, true, &op);

	return rv == CKR_OK ? op_finish_verify(op, call->token, buf_span(&op->signature)) : rv;
}
