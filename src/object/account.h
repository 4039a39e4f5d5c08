/* SPDX-License-Identifier: Apache-2.0 */
/* What the attributes of include/coffer/coffer.h must be. Used in this room only. */
#ifndef COFFER_OBJECT_ACCOUNT_H
#define COFFER_OBJECT_ACCOUNT_H

#include "algorand/address.h"
#include "object/template.h"

/* CKA_COFFER_MESSAGE_PREFIXES: printable words with one space between them, at most OBJECT_PREFIXES_MAX bytes. */
bool account_prefixes_valid(struct span list);
/* Every word of `now` is one of `before`. */
bool account_prefixes_narrow(struct span now, struct span before);

/* The address of a multisig account. ATTRIBUTE_VALUE_INVALID: there can be no such account; error_text() says why. */
CK_RV account_multisig_address(CK_ULONG version, CK_ULONG threshold, struct span keys,
			       uint8_t address[ADDRESS_SIZE]);

/* CKA_COFFER_ALGORAND_ADDRESS of a key or a multisig account; false when the object has none. */
bool account_address(struct attrs a, char text[ADDRESS_TEXT + 1]);

#endif
