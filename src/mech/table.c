/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "mech/dh.h"
#include "mech/families.h"
#include "mech/pqc.h"
#include "mech/prepared.h"
#include "mech/rsa.h"

#define NO_KEY CK_UNAVAILABLE_INFORMATION
#define CRYPTS (CKF_ENCRYPT | CKF_DECRYPT)
#define CRYPTS_MESSAGES (CRYPTS | CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT)
#define WRAPS (CKF_WRAP | CKF_UNWRAP)
/* Secrets of any length. */
#define SECRET_BITS_MAX (16 * 1024 * 8)
/* Curves by name and by OID over a prime field; points in both forms. */
#define EC_NAMED (CKF_EC_F_P | CKF_EC_OID | CKF_EC_CURVENAME)
#define EC_POINTS (EC_NAMED | CKF_EC_UNCOMPRESS | CKF_EC_COMPRESS)
/* Whatever signs a message signs many of them. */
#define SIGNS (CKF_SIGN | CKF_VERIFY | CKF_MESSAGE_SIGN | CKF_MESSAGE_VERIFY)
#define RSA_SIGNS (SIGNS | CKF_SIGN_RECOVER | CKF_VERIFY_RECOVER)
#define RSA_ENCRYPTS (CKF_ENCRYPT | CKF_DECRYPT)
#define RSA_WRAPS (CKF_WRAP | CKF_UNWRAP)
#define ENCAPSULATES (CKF_ENCAPSULATE | CKF_DECAPSULATE)

/* Of the smallest and the largest public key. */
#define ML_KEM_BITS_MIN (8 * 800)
#define ML_KEM_BITS_MAX (8 * 1568)
#define ML_DSA_BITS_MIN (8 * 1312)
#define ML_DSA_BITS_MAX (8 * 2592)
#define SLH_DSA_BITS_MIN (8 * 32)
#define SLH_DSA_BITS_MAX (8 * 64)

#define MECH(type, flags, key_type, least, most, params, family, variant) \
	{ type, flags, key_type, least, most, params, &family, variant, false },
#define RETIRED(type, flags, key_type, least, most, params, family, variant) \
	{ type, flags, key_type, least, most, params, &family, variant, true },

static const struct mech table[] = {
#include "mech/table.def"
};

#define ROWS (sizeof(table) / sizeof(table[0]))

static const struct mech *missing(void)
{
	cf_ignore(error_set(CF_STATUS(UNSUPPORTED), "the mechanism needs OpenSSL 3.5 or later, and the libcrypto here is older"),
		  "the return value is the answer");
	return NULL;
}

const struct mech *mech_find(CK_MECHANISM_TYPE type)
{
	size_t low = 0, high = ROWS;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table[middle].type == type)
			return mech_available(&table[middle]) ? &table[middle] : missing();
		if (table[middle].type < type)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool mech_available(const struct mech *mech)
{
	return mech->impl->available == NULL || mech->impl->available(mech);
}

static bool is_hmac(CK_KEY_TYPE type)
{
	switch (type) {
	case CKK_MD5_HMAC:
	case CKK_SHA_1_HMAC:
	case CKK_SHA224_HMAC:
	case CKK_SHA256_HMAC:
	case CKK_SHA384_HMAC:
	case CKK_SHA512_HMAC:
	case CKK_SHA512_224_HMAC:
	case CKK_SHA512_256_HMAC:
	case CKK_SHA3_224_HMAC:
	case CKK_SHA3_256_HMAC:
	case CKK_SHA3_384_HMAC:
	case CKK_SHA3_512_HMAC:
		return true;
	default:
		return false;
	}
}

bool mech_takes(const struct mech *mech, CK_OBJECT_CLASS class, CK_KEY_TYPE type)
{
	if (is_hmac(mech->key_type) && type == CKK_GENERIC_SECRET)
		return true;
	if (mech->key_type == KEYS_OF_SECRET)
		return class == CKO_SECRET_KEY;
	if (mech->key_type == KEYS_OF_PRIVATE)
		return class == CKO_PRIVATE_KEY;
	if (mech->key_type == KEYS_OF_DES3)
		return type == CKK_DES2 || type == CKK_DES3;
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

/* The specification counts AES keys, those that CKM_CHACHA20_KEY_GEN and CKM_SALSA20_KEY_GEN make, secrets of TLS, and keys with a parameter set in bytes. */
static bool counts_bytes(const struct mech *mech)
{
	return mech->key_type == CKK_AES || mech->key_type == CKK_AES_XTS || mech->type == CKM_CHACHA20_KEY_GEN || mech->type == CKM_SALSA20_KEY_GEN ||
	       mech->impl == &mech_tls_master || mech->impl == &mech_tls_block || parameter_set_applies(mech->key_type);
}

void mech_get_info(const struct mech *mech, CK_MECHANISM_INFO *info)
{
	CK_ULONG unit = counts_bytes(mech) ? 8 : 1;

	*info = (CK_MECHANISM_INFO){ mech->min_bits / unit, mech->max_bits / unit, mech->flags };
}

CK_RV mech_open(void)
{
	CK_RV rv = prepared_open();

	if (rv != CKR_OK)
		return rv;
	rv = ossl_open();
	if (rv != CKR_OK)
		prepared_close();
	return rv;
}

void mech_close(void)
{
	ossl_close();
	prepared_close();
}

void mech_forget_after_fork(void)
{
	prepared_forget();
}

struct span key_view_part(const struct key_view *key, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < key->parts; i++)
		if (key->part[i].type == type)
			return key->part[i].value;
	return SPAN_EMPTY;
}
