/* SPDX-License-Identifier: Apache-2.0 */
/* One attribute of a caller's template in canonical form. Used in this room only. */
#ifndef COFFER_OBJECT_INPUT_H
#define COFFER_OBJECT_INPUT_H

#include "object/policy.h"
#include "object/template.h"

/* Where a canonical integer is kept while it is in use. */
struct input_room {
	uint8_t bytes[8 * 32];
};

/* Checks the caller's value against the row's kind. Bytes are borrowed from the caller; integers and lists of
 * mechanisms are written to `room`. CKR_ATTRIBUTE_VALUE_INVALID. */
CK_RV input_value(const struct policy_row *row, const CK_ATTRIBUTE *a, struct input_room *room, struct span *out);
/* The caller's attribute of that type; NULL when there is none. */
const CK_ATTRIBUTE *input_find(struct template t, CK_ATTRIBUTE_TYPE type);
/* CKR_ARGUMENTS_BAD: a NULL array with a count. CKR_TEMPLATE_INCONSISTENT: a type twice. */
CK_RV input_check(struct template t);
CK_RV input_bool(struct template t, CK_ATTRIBUTE_TYPE type, bool missing, bool *out);
CK_RV input_ulong(struct template t, CK_ATTRIBUTE_TYPE type, CK_ULONG missing, CK_ULONG *out);

#endif
