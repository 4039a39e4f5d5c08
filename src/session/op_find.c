/* SPDX-License-Identifier: Apache-2.0 */
#include "session/bodies.h"
#include "session/session.h"

CK_RV do_C_FindObjectsInit(struct call *call, CK_ATTRIBUTE_PTR attr, CK_ULONG count)
{
	struct access who = session_access(call);
	struct template t;
	CK_RV rv = session_template(attr, count, &t);

	if (rv != CKR_OK)
		return rv;
	if (call->session->search != NULL)
		return CKR_OPERATION_ACTIVE;
	return objects_search(&who, t, &call->session->search);
}

CK_RV do_C_FindObjects(struct call *call, CK_OBJECT_HANDLE_PTR object, CK_ULONG max, CK_ULONG_PTR count)
{
	struct access who = session_access(call);

	if (call->session->search == NULL)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (count == NULL || (object == NULL && max != 0))
		return CKR_ARGUMENTS_BAD;
	*count = 0;
	return max == 0 ? CKR_OK : objects_search_next(&who, call->session->search, object, max, count);
}

CK_RV do_C_FindObjectsFinal(struct call *call)
{
	struct session *s = call->session;

	if (s->search == NULL)
		return CKR_OPERATION_NOT_INITIALIZED;
	object_search_free(s->search);
	s->search = NULL;
	return CKR_OK;
}
