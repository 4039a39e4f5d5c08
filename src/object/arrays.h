/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are arrays of attributes, to and from an encoding (object/template.h). Used in this room only. */
#ifndef COFFER_OBJECT_ARRAYS_H
#define COFFER_OBJECT_ARRAYS_H

#include "object/template.h"

#define ARRAY_ENTRIES_MAX 32
#define ARRAY_VALUE_MAX 4096

/* How many bytes array_read may write; 0 for an array that it refuses. */
size_t array_room(const CK_ATTRIBUTE *a);
/* CKR_ATTRIBUTE_VALUE_INVALID: no whole entries, too many, twice the same, an entry that no object has, or an array in an array. */
CK_RV array_read(const CK_ATTRIBUTE *a, struct mspan room, struct span *out);
/* C_GetAttributeValue. BUFFER_TOO_SMALL. */
CK_RV array_answer(struct span encoded, CK_ATTRIBUTE *out);
/* Does the object have no attribute that differs from the array's? What it does not have is not compared. */
bool array_admits(struct span encoded, struct attrs a);

#endif
