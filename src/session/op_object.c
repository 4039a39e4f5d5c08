/* SPDX-License-Identifier: Apache-2.0 */
#include "session/bodies.h"
#include "session/session.h"

CK_RV do_C_CreateObject(struct call *call, CK_ATTRIBUTE_PTR attr, CK_ULONG count, CK_OBJECT_HANDLE_PTR object)
{
	struct access who = session_access(call);
	struct template t;
	CK_RV rv = session_template(attr, count, &t);

	if (rv != CKR_OK || object == NULL)
		return CKR_ARGUMENTS_BAD;
	return objects_create(&who, t, object);
}

CK_RV do_C_CopyObject(struct call *call, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attr, CK_ULONG count,
		      CK_OBJECT_HANDLE_PTR copy)
{
	struct access who = session_access(call);
	struct template t;
	CK_RV rv = session_template(attr, count, &t);

	if (rv != CKR_OK || copy == NULL)
		return CKR_ARGUMENTS_BAD;
	return objects_copy(&who, object, t, copy);
}

CK_RV do_C_DestroyObject(struct call *call, CK_OBJECT_HANDLE object)
{
	struct access who = session_access(call);

	return objects_destroy(&who, object);
}

CK_RV do_C_GetObjectSize(struct call *call, CK_OBJECT_HANDLE object, CK_ULONG_PTR size)
{
	struct access who = session_access(call);

	return size == NULL ? CKR_ARGUMENTS_BAD : objects_size(&who, object, size);
}

CK_RV do_C_GetAttributeValue(struct call *call, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attr, CK_ULONG count)
{
	struct access who = session_access(call);

	return attr == NULL && count != 0 ? CKR_ARGUMENTS_BAD : objects_get(&who, object, attr, count);
}

CK_RV do_C_SetAttributeValue(struct call *call, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attr, CK_ULONG count)
{
	struct access who = session_access(call);

	if (attr == NULL && count != 0)
		return CKR_ARGUMENTS_BAD;
	return objects_set(&who, object, (struct template){ attr, count });
}
