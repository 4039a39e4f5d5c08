/* SPDX-License-Identifier: Apache-2.0 */
/* The function lists, from api.def, and the three functions that give them out. */
#include <stdbool.h>
#include <string.h>

#include "cryptoki/api.h"
#include "cryptoki/vendor.h"

#define API(since, name, subject, need, parameters, arguments) IN_240_##since(.name = name, )
#define HAND(since, name, parameters) IN_240_##since(.name = name, )
static const CK_FUNCTION_LIST list_240 = {
	.version = { 2, 40 },
#include "cryptoki/api.def"
};
#undef API
#undef HAND

#define API(since, name, subject, need, parameters, arguments) IN_300_##since(.name = v300_##name, )
#define HAND(since, name, parameters) IN_300_##since(.name = name, )
static const CK_FUNCTION_LIST_3_0 list_300 = {
	.version = { 3, 0 },
#include "cryptoki/api.def"
};
#undef API
#undef HAND

#define API(since, name, subject, need, parameters, arguments) IN_320_##since(.name = v320_##name, )
#define HAND(since, name, parameters) IN_320_##since(.name = name, )
static const CK_FUNCTION_LIST_3_2 list_320 = {
	.version = { 3, 2 },
#include "cryptoki/api.def"
};

/*
 * The default comes first: pkcs11-tool asks without a version, and reads CKA_EC_POINT as 3.0 has it.  None is CKF_INTERFACE_FORK_SAFE: that flag promises a child its parent's sessions and
 * logins, and here a child has nothing until it calls C_Initialize.
 */
static const CK_INTERFACE interfaces[] = {
	{ (CK_UTF8CHAR_PTR) "PKCS 11", (void *)&list_300, 0 },
	{ (CK_UTF8CHAR_PTR) "PKCS 11", (void *)&list_320, 0 },
	{ (CK_UTF8CHAR_PTR) "PKCS 11", (void *)&list_240, 0 },
	{ (CK_UTF8CHAR_PTR)COFFER_INTERFACE_NAME, (void *)&vendor_functions, 0 },
};

#define INTERFACES (sizeof(interfaces) / sizeof(interfaces[0]))

EXPORTED CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
	if (list == NULL)
		return CKR_ARGUMENTS_BAD;
	*list = (CK_FUNCTION_LIST_PTR)&list_240;
	return CKR_OK;
}

EXPORTED CK_RV C_GetInterfaceList(CK_INTERFACE_PTR list, CK_ULONG_PTR count)
{
	CK_ULONG room;

	if (count == NULL)
		return CKR_ARGUMENTS_BAD;
	room = *count;
	*count = INTERFACES;
	if (list == NULL)
		return CKR_OK;
	if (room < INTERFACES)
		return CKR_BUFFER_TOO_SMALL;
	for (size_t i = 0; i < INTERFACES; i++)
		list[i] = interfaces[i];
	return CKR_OK;
}

static bool matches(const CK_INTERFACE *i, const CK_UTF8CHAR *name_opt, const CK_VERSION *version_opt, CK_FLAGS flags)
{
	const CK_VERSION *version = i->pFunctionList; /* every list begins with it */

	if (name_opt != NULL && strcmp((const char *)i->pInterfaceName, (const char *)name_opt) != 0)
		return false;
	if (version_opt != NULL && (version->major != version_opt->major || version->minor != version_opt->minor))
		return false;
	return (i->flags & flags) == flags;
}

EXPORTED CK_RV C_GetInterface(CK_UTF8CHAR_PTR name, CK_VERSION_PTR version, CK_INTERFACE_PTR_PTR interface, CK_FLAGS flags)
{
	if (interface == NULL)
		return CKR_ARGUMENTS_BAD;
	for (size_t i = 0; i < INTERFACES; i++) {
		if (matches(&interfaces[i], name, version, flags)) {
			*interface = (CK_INTERFACE_PTR)&interfaces[i];
			return CKR_OK;
		}
	}
	return CKR_ARGUMENTS_BAD;
}
