/* SPDX-License-Identifier: Apache-2.0 */
/* The only translation of a status to a PKCS#11 return value. */
#ifndef COFFER_CK_RV_H
#define COFFER_CK_RV_H

#include "base/status.h"
#include "ck/ck.h"

/* DENIED is CKR_PIN_INCORRECT, LOCKED CKR_PIN_LOCKED; FORGED, CORRUPT and IO are CKR_DEVICE_ERROR, FULL and LIMIT
 * CKR_DEVICE_MEMORY, AGAIN CKR_FUNCTION_FAILED (another process holds the wallet), NOT_FOUND CKR_OBJECT_HANDLE_INVALID, READONLY
 * CKR_TOKEN_WRITE_PROTECTED, CLOSED CKR_DEVICE_ERROR. A caller that knows better looks at the status first. */
CK_RV rv_of(struct cf_status status);

#endif
