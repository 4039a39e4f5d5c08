/* SPDX-License-Identifier: Apache-2.0 */
/* Names of PKCS#11 values, for the trace, the tool and tests. */
#ifndef COFFER_CK_NAMES_H
#define COFFER_CK_NAMES_H

#include "ck/ck.h"

/* "CKR_PIN_INCORRECT"; NULL when the value has no name here. */
const char *name_of_rv(CK_RV rv);
/* "CKM_EDDSA" */
const char *name_of_mechanism(CK_MECHANISM_TYPE type);

#endif
