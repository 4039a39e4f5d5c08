/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of the "Vendor Coffer" interface; what they do is said in include/coffer/coffer.h. */
#ifndef COFFER_CRYPTOKI_VENDOR_H
#define COFFER_CRYPTOKI_VENDOR_H

#include "coffer/coffer.h"

extern const COFFER_FUNCTIONS vendor_functions;

#endif
