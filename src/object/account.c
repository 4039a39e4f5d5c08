/* SPDX-License-Identifier: Apache-2.0 */
#include "object/account.h"

#include "algorand/multisig.h"
#include "ck/curve.h"
#include "object/object.h"

/* The next word of a list, and what is behind the space after it; false at the end. */
static bool next_word(struct span *rest, struct span *word)
{
	size_t n = 0;

	while (n < rest->n && rest->p[n] != ' ')
		n++;
	*word = span(rest->p, n);
	*rest = span_skip(*rest, n + 1);
	return word->n != 0;
}

bool account_prefixes_valid(struct span list)
{
	if (list.n == 0 || list.n > OBJECT_PREFIXES_MAX || list.p[list.n - 1] == ' ')
		return false;
	for (size_t i = 0; i < list.n; i++) {
		if (list.p[i] < 0x20 || list.p[i] > 0x7e)
			return false;
		if (list.p[i] == ' ' && (i == 0 || list.p[i - 1] == ' '))
			return false;
	}
	return true;
}

static bool has_word(struct span list, struct span wanted)
{
	struct span word;

	while (next_word(&list, &word))
		if (span_eq(word, wanted))
			return true;
	return false;
}

bool account_prefixes_narrow(struct span now, struct span before)
{
	struct span word;

	while (next_word(&now, &word))
		if (!has_word(before, word))
			return false;
	return true;
}

bool object_prefixes_allow(struct span list, struct span message)
{
	struct span word;

	while (next_word(&list, &word))
		if (message.n >= word.n && span_eq(span(message.p, word.n), word))
			return true;
	return false;
}

CK_RV account_multisig_address(CK_ULONG version, CK_ULONG threshold, struct span keys,
			       uint8_t address[ADDRESS_SIZE])
{
	/* What a byte cannot hold is as wrong as 0. */
	struct multisig m = { (uint8_t)(version > 255 ? 0 : version),
			     (uint8_t)(threshold > 255 ? 0 : threshold), keys };

	if (cf_failed(multisig_check(&m)))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	multisig_address(&m, address);
	return CKR_OK;
}

bool account_address(struct attrs a, char text[ADDRESS_TEXT + 1])
{
	bool multisig = attrs_ulong(a, CKA_CLASS, CK_UNAVAILABLE_INFORMATION) ==
			CKO_COFFER_ALGORAND_MULTISIG;
	struct span bytes, params;

	if (!attrs_find(a, multisig ? CKA_ID : CKA_EC_POINT, &bytes) || bytes.n != ADDRESS_SIZE)
		return false;
	if (!multisig && (!attrs_find(a, CKA_EC_PARAMS, &params) || curve_find(params) == NULL ||
			  curve_find(params)->key_type != CKK_EC_EDWARDS))
		return false;
	address_encode(bytes.p, text);
	return true;
}
