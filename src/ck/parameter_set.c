/* SPDX-License-Identifier: Apache-2.0 */
#include "ck/parameter_set.h"

#define OID_SIZE 11
#define OID(a, b) { (const uint8_t[]){ 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, a, b }, OID_SIZE }
#define SET(key_type, number, name, public_n, private_n, seed_n, out_n, a, b) \
	{ key_type, number, name, public_n, private_n, seed_n, out_n, OID(a, b) },

static const struct parameter_set sets[] = {
#include "ck/parameter_sets.def"
};

#define SETS (sizeof(sets) / sizeof(sets[0]))

const struct parameter_set *parameter_set_find(CK_KEY_TYPE key_type, CK_ULONG number)
{
	for (size_t i = 0; i < SETS; i++)
		if (sets[i].key_type == key_type && sets[i].number == number)
			return &sets[i];
	return NULL;
}

const struct parameter_set *parameter_set_of_oid(struct span oid)
{
	for (size_t i = 0; i < SETS; i++)
		if (span_eq(sets[i].oid, oid))
			return &sets[i];
	return NULL;
}

size_t parameter_set_count(void)
{
	return SETS;
}

const struct parameter_set *parameter_set_at(size_t index)
{
	return index < SETS ? &sets[index] : NULL;
}

bool parameter_set_applies(CK_KEY_TYPE key_type)
{
	return key_type == CKK_ML_KEM || key_type == CKK_ML_DSA || key_type == CKK_SLH_DSA;
}
