/* SPDX-License-Identifier: Apache-2.0 */
/* Names of PKCS#11 values, for the trace, the tool and tests. */
#ifndef COFFER_CK_NAMES_H
#define COFFER_CK_NAMES_H

#include <stdbool.h>

#include "ck/ck.h"

/* "CKR_PIN_INCORRECT"; where a value has had two names, the current one (CKM_EC_KEY_PAIR_GEN); NULL when the value has no name here. */
const char *name_of_rv(CK_RV rv);
/* "CKM_EDDSA" */
const char *name_of_mechanism(CK_MECHANISM_TYPE type);
/* "CKA_LABEL".  NULL is also the answer to "is it an attribute of the specification?" */
const char *name_of_attribute(CK_ATTRIBUTE_TYPE type);
/* "CKO_PRIVATE_KEY" */
const char *name_of_class(CK_OBJECT_CLASS class);
/* "CKK_EC_EDWARDS" */
const char *name_of_key_type(CK_KEY_TYPE type);
/* "CKU_USER" */
const char *name_of_user(CK_USER_TYPE user);

/* The other way: the value of a whole name of any of these kinds ("CKA_ID"), or of an old one; false when it is none. */
bool value_of_name(const char *name, CK_ULONG *value);

#endif
