/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys.h"

static const uint8_t ed25519[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };

static const struct key_type types[] = {
	{ "ed25519", CKK_EC_EDWARDS, { ed25519, sizeof(ed25519) }, CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EDDSA,
	  "ssh-ed25519" },
};

const char *const key_type_names[] = { "ed25519", NULL };

#define TYPES (sizeof(types) / sizeof(types[0]))

const struct key_type *key_type_named(const char *name)
{
	for (size_t i = 0; i < TYPES; i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

/* Clients name a curve in more than one way; the public key's own OID (CKA_PUBLIC_KEY_INFO) is asked first. */
const struct key_type *key_type_of(CK_KEY_TYPE type, struct span params)
{
	for (size_t i = 0; i < TYPES; i++)
		if (types[i].type == type && span_eq(types[i].params, params))
			return &types[i];
	return NULL;
}
