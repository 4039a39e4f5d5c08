/* SPDX-License-Identifier: Apache-2.0 */
#include "mech/hashes.h"

static const struct hash hashes[] = {
	{ CKM_SHA_1, CKG_MGF1_SHA1, "SHA1", 20 },
	{ CKM_SHA224, CKG_MGF1_SHA224, "SHA224", 28 },
	{ CKM_SHA256, CKG_MGF1_SHA256, "SHA256", 32 },
	{ CKM_SHA384, CKG_MGF1_SHA384, "SHA384", 48 },
	{ CKM_SHA512, CKG_MGF1_SHA512, "SHA512", 64 },
	{ CKM_SHA3_224, CKG_MGF1_SHA3_224, "SHA3-224", 28 },
	{ CKM_SHA3_256, CKG_MGF1_SHA3_256, "SHA3-256", 32 },
	{ CKM_SHA3_384, CKG_MGF1_SHA3_384, "SHA3-384", 48 },
	{ CKM_SHA3_512, CKG_MGF1_SHA3_512, "SHA3-512", 64 },
};

#define HASHES (sizeof(hashes) / sizeof(hashes[0]))

const struct hash *hash_find(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < HASHES; i++)
		if (hashes[i].type == type)
			return &hashes[i];
	return NULL;
}

const struct hash *hash_named(const char *name)
{
	for (size_t i = 0; i < HASHES; i++)
		if (strcmp(hashes[i].name, name) == 0)
			return &hashes[i];
	return NULL;
}

const struct hash *hash_of_mgf(CK_ULONG mgf)
{
	for (size_t i = 0; i < HASHES; i++)
		if (hashes[i].mgf == mgf)
			return &hashes[i];
	return NULL;
}
