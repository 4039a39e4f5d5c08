/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of mechanisms as PKCS#11 has them, made in the driver: they hold pointers, which no pipe carries. */
#ifndef COFFER_TESTS_MEMORY_PARAMETERS_H
#define COFFER_TESTS_MEMORY_PARAMETERS_H

#include "coffer/pkcs11-3.h"

/* A mechanism and what its parameter points to; neither is copied. */
struct parameter {
	CK_MECHANISM mechanism;
	CK_BYTE_PTR p; /* the bytes that were sent: an IV, a point, data of a derivation; else the parameter itself */
	CK_ULONG n;
	CK_UTF8CHAR_PTR password; /* of PBKDF2 */
	CK_ULONG password_n, data_n; /* of what is encrypted, to be known beforehand for CCM */
	union {
		CK_GCM_PARAMS gcm;
		CK_CCM_PARAMS ccm;
		CK_AES_CTR_PARAMS ctr;
		CK_CHACHA20_PARAMS chacha;
		CK_SALSA20_PARAMS salsa;
		CK_SALSA20_CHACHA20_POLY1305_PARAMS aead;
		CK_ECDH1_DERIVE_PARAMS ecdh;
		CK_KEY_DERIVATION_STRING_DATA string;
		CK_AES_CBC_ENCRYPT_DATA_PARAMS cbc;
		CK_HKDF_PARAMS hkdf;
		CK_PKCS5_PBKD2_PARAMS2 pbkdf2;
		CK_SP800_108_KDF_PARAMS counter;
		CK_SP800_108_FEEDBACK_KDF_PARAMS feedback;
		CK_TLS12_MASTER_KEY_DERIVE_PARAMS master;
		CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS extended;
		CK_TLS_KDF_PARAMS tls;
		CK_TLS_MAC_PARAMS mac;
		CK_TLS12_KEY_MAT_PARAMS material;
		CK_HASH_SIGN_ADDITIONAL_CONTEXT hash;
		struct {
			CK_RSA_PKCS_OAEP_PARAMS oaep;
			CK_RSA_AES_KEY_WRAP_PARAMS wrap;
		} rsa;
	} as;
	CK_SP800_108_COUNTER_FORMAT width;
	CK_PRF_DATA_PARAM pieces[2];
	CK_ULONG block;
	CK_VERSION version;
	CK_SSL3_KEY_MAT_OUT made;
};

#define TLS_LABEL "EXPORTER-test"
#define TLS_BLOCK_LABEL "key expansion" /* RFC 5246 §6.3 */

/* Makes s->mechanism.pParameter of the other members, for s->mechanism.mechanism. */
void parameter_shape(struct parameter *s);

#endif
