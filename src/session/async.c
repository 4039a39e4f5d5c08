/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asynchronous execution (PKCS#11 3.2 §5.22).  A token "may return CKR_PENDING if [it] determines that the operation will
 * take a long time": none here does, so that in an asynchronous session too every function has its result when it returns,
 * nothing is ever left to be completed, and nothing has an ID to be joined by.
 */
#include "session/bodies.h"

static bool is_name(const CK_UTF8CHAR *function)
{
	return function != NULL && function[0] != '\0';
}

CK_RV do_C_AsyncComplete(struct call *call, CK_UTF8CHAR_PTR function, CK_ASYNC_DATA_PTR result)
{
	(void)call;
	(void)result; /* may be NULL where the function has no output */
	return is_name(function) ? CKR_OPERATION_NOT_INITIALIZED : CKR_ARGUMENTS_BAD;
}

CK_RV do_C_AsyncGetID(struct call *call, CK_UTF8CHAR_PTR function, CK_ULONG_PTR id)
{
	(void)call;
	return is_name(function) && id != NULL ? CKR_OPERATION_NOT_INITIALIZED : CKR_ARGUMENTS_BAD;
}

CK_RV do_C_AsyncJoin(struct call *call, CK_UTF8CHAR_PTR function, CK_ULONG id, CK_BYTE_PTR data, CK_ULONG data_len)
{
	(void)call;
	(void)id;
	if (!is_name(function) || (data == NULL && data_len != 0))
		return CKR_ARGUMENTS_BAD;
	return CKR_SAVED_STATE_INVALID;
}
