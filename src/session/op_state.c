/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No family can write down its running state: OpenSSL's digests offer no such form, and what
 * depends on a key does not leave.  So nothing is ever saved, and nothing that is offered was saved here.
 */
#include "session/bodies.h"
#include "session/session.h"

CK_RV do_C_GetOperationState(struct call *call, CK_BYTE_PTR state, CK_ULONG_PTR state_len)
{
	(void)state;
	if (state_len == NULL)
		return CKR_ARGUMENTS_BAD;
	for (size_t i = 0; i < OP_KINDS; i++)
		if (call->session->op[i].stage != OP_NONE)
			return CKR_STATE_UNSAVEABLE;
	return CKR_OPERATION_NOT_INITIALIZED;
}

CK_RV do_C_SetOperationState(struct call *call, CK_BYTE_PTR state, CK_ULONG state_len, CK_OBJECT_HANDLE encryption_key,
			     CK_OBJECT_HANDLE authentication_key)
{
	(void)call;
	(void)state_len;
	(void)encryption_key;
	(void)authentication_key;
	return state == NULL ? CKR_ARGUMENTS_BAD : CKR_SAVED_STATE_INVALID;
}
