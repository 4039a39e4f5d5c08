/* SPDX-License-Identifier: Apache-2.0 */
/* Writing objects: new ones, copies, and revisions of old ones. Used in this room only. */
#ifndef COFFER_TOKEN_MAKE_H
#define COFFER_TOKEN_MAKE_H

#include "token/token_internal.h"

/* C_SetAttributeValue on an object that was loaded and may be written. */
CK_RV make_revision(const struct access *who, struct image *image, struct template t);

#endif
