/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies of the C_ functions about the module and its slots; those of a session are in session/bodies.h. */
#ifndef COFFER_CRYPTOKI_BODIES_H
#define COFFER_CRYPTOKI_BODIES_H

#include "session/call.h"

CK_RV do_C_GetInfo(struct call *call, CK_INFO_PTR info);
CK_RV do_C_GetSlotList(struct call *call, CK_BBOOL token_present, CK_SLOT_ID_PTR list, CK_ULONG_PTR count);
CK_RV do_C_GetSlotInfo(struct call *call, CK_SLOT_INFO_PTR info);
CK_RV do_C_GetTokenInfo(struct call *call, CK_TOKEN_INFO_PTR info);
CK_RV do_C_GetMechanismList(struct call *call, CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR count);
CK_RV do_C_GetMechanismInfo(struct call *call, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info);
CK_RV do_C_InitToken(struct call *call, CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len, CK_UTF8CHAR_PTR label);
CK_RV do_C_WaitForSlotEvent(struct call *call, CK_FLAGS flags, CK_SLOT_ID_PTR slot, CK_VOID_PTR reserved);

#endif
