/* SPDX-License-Identifier: Apache-2.0 */
/* Triple DES keys, for data of old: each byte has a bit of parity, and no two neighbours of the two or three keys are the same. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/des.h>
#include <sodium.h>

#include "base/error.h"
#include "mech/mech.h"

#define DES_KEY 8

static bool is_des(CK_KEY_TYPE type)
{
	return type == CKK_DES2 || type == CKK_DES3;
}

void mech_set_parity(struct vault_scope *scope, CK_KEY_TYPE type, struct mspan value)
{
	(void)scope;
	for (size_t i = 0; is_des(type) && i + DES_KEY <= value.n; i += DES_KEY)
		DES_set_odd_parity((DES_cblock *)(value.p + i));
}

CK_RV mech_secret_sound(struct vault_scope *scope, CK_KEY_TYPE type, struct span value)
{
	bool sound = true;

	(void)scope;
	if (!is_des(type))
		return CKR_OK;
	for (size_t i = 0; i + DES_KEY <= value.n; i += DES_KEY) {
		DES_cblock block;

		memcpy(block, value.p + i, DES_KEY);
		sound = sound && DES_check_key_parity(&block) == 1;
		/* Encrypted and decrypted with one key is not encrypted. */
		sound = sound && (i == 0 || sodium_memcmp(value.p + i, value.p + i - DES_KEY, DES_KEY) != 0);
	}
	if (sound)
		return CKR_OK;
	cf_ignore(error_set(CF_STATUS(INVALID), "a DES key has odd parity in each byte, and its parts differ"),
		  "the return value is the answer");
	return CKR_ATTRIBUTE_VALUE_INVALID;
}
