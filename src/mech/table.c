/* SPDX-License-Identifier: Apache-2.0 */
#include "mech/families.h"
#include "mech/rsa.h"

#define NO_KEY CK_UNAVAILABLE_INFORMATION
/* Curves by name and by OID over a prime field; points in both forms. */
#define EC_NAMED (CKF_EC_F_P | CKF_EC_OID | CKF_EC_CURVENAME)
#define RSA_SIGNS (CKF_SIGN | CKF_VERIFY | CKF_SIGN_RECOVER | CKF_VERIFY_RECOVER)
#define RSA_ENCRYPTS (CKF_ENCRYPT | CKF_DECRYPT)
#define RSA_WRAPS (CKF_WRAP | CKF_UNWRAP)
#define EC_POINTS (EC_NAMED | CKF_EC_UNCOMPRESS | CKF_EC_COMPRESS)

#define MECH(type, flags, key_type, least, most, params, family, variant) \
	{ type, flags, key_type, least, most, params, &family, variant },

static const struct mech table[] = {
#include "mech/table.def"
};

#define ROWS (sizeof(table) / sizeof(table[0]))

const struct mech *mech_find(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].type == type)
			return &table[i];
	return NULL;
}

bool mech_takes(const struct mech *mech, CK_OBJECT_CLASS class, CK_KEY_TYPE type)
{
	if (mech->key_type == KEYS_OF_SECRET)
		return class == CKO_SECRET_KEY;
	if (mech->key_type == KEYS_OF_CURVE)
		return type == CKK_EC || type == CKK_EC_MONTGOMERY;
	return mech->key_type == type;
}

size_t mech_count(void)
{
	return ROWS;
}

const struct mech *mech_at(size_t index)
{
	return index < ROWS ? &table[index] : NULL;
}

void mech_get_info(const struct mech *mech, CK_MECHANISM_INFO *info)
{
	*info = (CK_MECHANISM_INFO){ mech->min_bits, mech->max_bits, mech->flags };
}

CK_RV mech_open(void)
{
	return ossl_open();
}

void mech_close(void)
{
	ossl_close();
}

struct span key_view_part(const struct key_view *key, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < key->parts; i++)
		if (key->part[i].type == type)
			return key->part[i].value;
	return SPAN_EMPTY;
}
