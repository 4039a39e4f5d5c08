/* SPDX-License-Identifier: Apache-2.0 */
/* The PKCS#11 types and values used by every room above the line: p11-kit's header and what it lacks. */
#ifndef COFFER_CK_CK_H
#define COFFER_CK_CK_H

#include <p11-kit/pkcs11.h>

#include "coffer/coffer.h"
#include "coffer/pkcs11-3.h"

#endif
