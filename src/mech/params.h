/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of parsers share. */
#ifndef COFFER_MECH_PARAMS_H
#define COFFER_MECH_PARAMS_H

#include "ck/ck.h"

/* MECHANISM_PARAM_INVALID, with the sentence "the mechanism's parameter <why>". */
CK_RV params_invalid(const char *why);

#endif
