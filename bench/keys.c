/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of keys and the rows that use them. */
#include "bench/bench.h"

#define BYTES(text) text, sizeof(text) - 1
#define NONE NULL, 0

const struct key_kind key_kinds[KINDS] = {
	/* id-Ed25519, and the curve's name as PrintableString. */
	[KIND_ED25519] = { "ed25519", CKM_EC_EDWARDS_KEY_PAIR_GEN, true, CKF_SIGN, "ED25519", NULL, 255,
			   BYTES("\x06\x03\x2b\x65\x70"), BYTES("\x13\x0c" "edwards25519") },
	[KIND_ED448] = { "ed448", CKM_EC_EDWARDS_KEY_PAIR_GEN, true, CKF_SIGN, "ED448", NULL, 448,
			 BYTES("\x06\x03\x2b\x65\x71"), BYTES("\x13\x0a" "edwards448") },
	[KIND_X25519] = { "x25519", CKM_EC_MONTGOMERY_KEY_PAIR_GEN, true, CKF_DERIVE, "X25519", NULL, 255,
			  BYTES("\x06\x03\x2b\x65\x6e"), BYTES("\x13\x0a" "curve25519") },
	[KIND_X448] = { "x448", CKM_EC_MONTGOMERY_KEY_PAIR_GEN, true, CKF_DERIVE, "X448", NULL, 448,
			BYTES("\x06\x03\x2b\x65\x6f"), BYTES("\x13\x08" "curve448") },
	/* prime256v1, secp384r1, secp521r1, secp256k1 */
	[KIND_P256] = { "p256", CKM_EC_KEY_PAIR_GEN, true, CKF_SIGN | CKF_DERIVE, "EC", "P-256", 256,
			BYTES("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"), NONE },
	[KIND_P384] = { "p384", CKM_EC_KEY_PAIR_GEN, true, CKF_SIGN | CKF_DERIVE, "EC", "P-384", 384,
			BYTES("\x06\x05\x2b\x81\x04\x00\x22"), NONE },
	[KIND_P521] = { "p521", CKM_EC_KEY_PAIR_GEN, true, CKF_SIGN | CKF_DERIVE, "EC", "P-521", 521,
			BYTES("\x06\x05\x2b\x81\x04\x00\x23"), NONE },
	[KIND_SECP256K1] = { "secp256k1", CKM_EC_KEY_PAIR_GEN, true, CKF_SIGN, "EC", "secp256k1", 256,
			     BYTES("\x06\x05\x2b\x81\x04\x00\x0a"), NONE },
	[KIND_RSA2048] = { "rsa2048", CKM_RSA_PKCS_KEY_PAIR_GEN, true, CKF_SIGN | CKF_DECRYPT, "RSA", NULL, 2048, NONE, NONE },
	[KIND_RSA3072] = { "rsa3072", CKM_RSA_PKCS_KEY_PAIR_GEN, true, CKF_SIGN | CKF_DECRYPT, "RSA", NULL, 3072, NONE, NONE },
	[KIND_RSA4096] = { "rsa4096", CKM_RSA_PKCS_KEY_PAIR_GEN, true, CKF_SIGN | CKF_DECRYPT, "RSA", NULL, 4096, NONE, NONE },
	[KIND_ML_DSA_65] = { "ml-dsa-65", CKM_ML_DSA_KEY_PAIR_GEN, true, CKF_SIGN, "ML-DSA-65", NULL, CKP_ML_DSA_65, NONE, NONE },
	[KIND_SLH_DSA_128F] = { "slh-dsa-sha2-128f", CKM_SLH_DSA_KEY_PAIR_GEN, true, CKF_SIGN, "SLH-DSA-SHA2-128f", NULL,
				CKP_SLH_DSA_SHA2_128F, NONE, NONE },
	[KIND_ML_KEM_768] = { "ml-kem-768", CKM_ML_KEM_KEY_PAIR_GEN, true, CKF_DECAPSULATE, "ML-KEM-768", NULL, CKP_ML_KEM_768, NONE, NONE },
	[KIND_GENERIC256] = { "generic256", CKM_GENERIC_SECRET_KEY_GEN, false, CKF_SIGN | CKF_VERIFY | CKF_DERIVE, NULL, NULL, 256, NONE, NONE },
	[KIND_AES256] = { "aes256", CKM_AES_KEY_GEN, false, CKF_SIGN | CKF_VERIFY | CKF_ENCRYPT | CKF_DECRYPT, NULL, NULL, 256,
			  NONE, NONE },
	/* One that wraps and does nothing else. */
	[KIND_AES256_WRAP] = { "aes256-wrap", CKM_AES_KEY_GEN, false, CKF_WRAP, NULL, NULL, 256, NONE, NONE },
	[KIND_AES256_XTS] = { "aes256-xts", CKM_AES_XTS_KEY_GEN, false, CKF_ENCRYPT | CKF_DECRYPT, NULL, NULL, 512, NONE, NONE },
	[KIND_CHACHA20] = { "chacha20", CKM_CHACHA20_KEY_GEN, false, CKF_ENCRYPT | CKF_DECRYPT, NULL, NULL, 256, NONE, NONE },
};

#define ONE false
#define MANY true
#define KEY_NO_KEY NULL
#define KEY_ED25519 &key_kinds[KIND_ED25519]
#define KEY_ED448 &key_kinds[KIND_ED448]
#define KEY_X25519 &key_kinds[KIND_X25519]
#define KEY_X448 &key_kinds[KIND_X448]
#define KEY_P256 &key_kinds[KIND_P256]
#define KEY_P384 &key_kinds[KIND_P384]
#define KEY_P521 &key_kinds[KIND_P521]
#define KEY_SECP256K1 &key_kinds[KIND_SECP256K1]
#define KEY_RSA2048 &key_kinds[KIND_RSA2048]
#define KEY_RSA3072 &key_kinds[KIND_RSA3072]
#define KEY_RSA4096 &key_kinds[KIND_RSA4096]
#define KEY_ML_DSA_65 &key_kinds[KIND_ML_DSA_65]
#define KEY_SLH_DSA_128F &key_kinds[KIND_SLH_DSA_128F]
#define KEY_ML_KEM_768 &key_kinds[KIND_ML_KEM_768]
#define KEY_GENERIC256 &key_kinds[KIND_GENERIC256]
#define KEY_AES256 &key_kinds[KIND_AES256]
#define KEY_AES256_WRAP &key_kinds[KIND_AES256_WRAP]
#define KEY_AES256_XTS &key_kinds[KIND_AES256_XTS]
#define KEY_CHACHA20 &key_kinds[KIND_CHACHA20]

#define ROW(name, op, key, mechanism, openssl, size, lanes, many, bare) \
	{ name, OP_##op, KEY_##key, mechanism, openssl, size, lanes, many, bare },

const struct row rows[] = {
#include "bench/rows.def"
};

const size_t rows_count = sizeof(rows) / sizeof(rows[0]);

void key_id(const struct key_kind *kind, unsigned long i, unsigned char id[8])
{
	id[0] = (unsigned char)(kind - key_kinds);
	for (int at = 7; at > 0; at--, i >>= 8)
		id[at] = (unsigned char)i;
}
