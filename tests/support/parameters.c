/* SPDX-License-Identifier: Apache-2.0 */
#include "parameters.h"

#include <stdbool.h>
#include <string.h>

static void be(struct parameter *s, void *p, CK_ULONG n)
{
	s->mechanism.pParameter = p;
	s->mechanism.ulParameterLen = n;
}

static void gcm(struct parameter *s)
{
	s->as.gcm = (CK_GCM_PARAMS){ .pIv = s->p, .ulIvLen = s->n, .ulIvBits = 8 * s->n, .ulTagBits = 128 };
	be(s, &s->as.gcm, sizeof(s->as.gcm));
}

static void ccm(struct parameter *s)
{
	s->as.ccm = (CK_CCM_PARAMS){ .ulDataLen = s->data_n, .pNonce = s->p, .ulNonceLen = s->n, .ulMACLen = 16 };
	be(s, &s->as.ccm, sizeof(s->as.ccm));
}

static void ctr(struct parameter *s)
{
	s->as.ctr.ulCounterBits = 128;
	if (s->n == sizeof(s->as.ctr.cb))
		memcpy(s->as.ctr.cb, s->p, s->n);
	be(s, &s->as.ctr, sizeof(s->as.ctr));
}

/* The block counter is 0. */
static void chacha(struct parameter *s)
{
	s->as.chacha = (CK_CHACHA20_PARAMS){ (CK_BYTE_PTR)&s->block, 32, s->p, 8 * s->n };
	be(s, &s->as.chacha, sizeof(s->as.chacha));
}

static void salsa(struct parameter *s)
{
	s->as.salsa = (CK_SALSA20_PARAMS){ (CK_BYTE_PTR)&s->block, s->p, 8 * s->n };
	be(s, &s->as.salsa, sizeof(s->as.salsa));
}

static void aead(struct parameter *s)
{
	s->as.aead = (CK_SALSA20_CHACHA20_POLY1305_PARAMS){ .pNonce = s->p, .ulNonceLen = 8 * s->n }; /* in bits */
	be(s, &s->as.aead, sizeof(s->as.aead));
}

static void ecdh(struct parameter *s)
{
	s->as.ecdh = (CK_ECDH1_DERIVE_PARAMS){ CKD_NULL, 0, NULL, s->n, s->p };
	be(s, &s->as.ecdh, sizeof(s->as.ecdh));
}

static void string(struct parameter *s)
{
	s->as.string = (CK_KEY_DERIVATION_STRING_DATA){ s->p, s->n };
	be(s, &s->as.string, sizeof(s->as.string));
}

static void cbc(struct parameter *s)
{
	s->as.cbc = (CK_AES_CBC_ENCRYPT_DATA_PARAMS){ .pData = s->p, .length = s->n };
	be(s, &s->as.cbc, sizeof(s->as.cbc));
}

static void hkdf(struct parameter *s)
{
	s->as.hkdf = (CK_HKDF_PARAMS){ .bExtract = CK_TRUE, .bExpand = CK_TRUE, .prfHashMechanism = CKM_SHA256,
				       .ulSaltType = CKF_HKDF_SALT_DATA, .pSalt = s->p, .ulSaltLen = s->n,
				       .pInfo = s->p, .ulInfoLen = s->n };
	be(s, &s->as.hkdf, sizeof(s->as.hkdf));
}

static void pbkdf2(struct parameter *s)
{
	s->as.pbkdf2 = (CK_PKCS5_PBKD2_PARAMS2){ .saltSource = CKZ_SALT_SPECIFIED, .pSaltSourceData = s->p,
						 .ulSaltSourceDataLen = s->n, .iterations = 1000,
						 .prf = CKP_PKCS5_PBKD2_HMAC_SHA256, .pPassword = s->password,
						 .ulPasswordLen = s->password_n };
	be(s, &s->as.pbkdf2, sizeof(s->as.pbkdf2));
}

static void pieces(struct parameter *s, bool counted)
{
	s->width = (CK_SP800_108_COUNTER_FORMAT){ CK_FALSE, 32 };
	s->pieces[0] = (CK_PRF_DATA_PARAM){ CK_SP800_108_ITERATION_VARIABLE, counted ? &s->width : NULL,
					    counted ? sizeof(s->width) : 0 };
	s->pieces[1] = (CK_PRF_DATA_PARAM){ CK_SP800_108_BYTE_ARRAY, s->p, s->n };
}

static void counter(struct parameter *s)
{
	pieces(s, true);
	s->as.counter = (CK_SP800_108_KDF_PARAMS){ CKM_SHA256_HMAC, 2, s->pieces, 0, NULL };
	be(s, &s->as.counter, sizeof(s->as.counter));
}

static void feedback(struct parameter *s)
{
	pieces(s, false);
	s->as.feedback = (CK_SP800_108_FEEDBACK_KDF_PARAMS){ CKM_SHA256_HMAC, 2, s->pieces, 0, NULL, 0, NULL };
	be(s, &s->as.feedback, sizeof(s->as.feedback));
}

static void pipeline(struct parameter *s)
{
	pieces(s, false);
	s->as.counter = (CK_SP800_108_KDF_PARAMS){ CKM_SHA256_HMAC, 2, s->pieces, 0, NULL };
	be(s, &s->as.counter, sizeof(s->as.counter));
}

static void rsa_wrap(struct parameter *s)
{
	s->as.rsa.oaep = (CK_RSA_PKCS_OAEP_PARAMS){ CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0 };
	s->as.rsa.wrap = (CK_RSA_AES_KEY_WRAP_PARAMS){ 256, &s->as.rsa.oaep };
	be(s, &s->as.rsa.wrap, sizeof(s->as.rsa.wrap));
}

static CK_SSL3_RANDOM_DATA randoms(const struct parameter *s)
{
	return (CK_SSL3_RANDOM_DATA){ s->p, s->n, s->p, s->n };
}

static void master(struct parameter *s)
{
	bool rsa = s->mechanism.mechanism == CKM_TLS12_MASTER_KEY_DERIVE;

	s->as.master = (CK_TLS12_MASTER_KEY_DERIVE_PARAMS){ randoms(s), rsa ? &s->version : NULL, CKM_SHA256 };
	be(s, &s->as.master, sizeof(s->as.master));
}

static void extended(struct parameter *s)
{
	bool rsa = s->mechanism.mechanism == CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE;

	s->as.extended = (CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS){ CKM_SHA256, s->p, s->n, rsa ? &s->version : NULL };
	be(s, &s->as.extended, sizeof(s->as.extended));
}

static void tls(struct parameter *s)
{
	static CK_BYTE label[] = TLS_LABEL;

	s->as.tls = (CK_TLS_KDF_PARAMS){ CKM_SHA256, label, sizeof(label) - 1, randoms(s), NULL, 0 };
	be(s, &s->as.tls, sizeof(s->as.tls));
}

static void mac(struct parameter *s)
{
	s->as.mac = (CK_TLS_MAC_PARAMS){ CKM_SHA256, 12, 1 };
	be(s, &s->as.mac, sizeof(s->as.mac));
}

/* The key of each side, and nothing else: the scanner knows the block's beginning. */
static void material(struct parameter *s)
{
	s->as.material = (CK_TLS12_KEY_MAT_PARAMS){ 0, 256, 0, CK_FALSE, randoms(s), &s->made, CKM_SHA256 };
	be(s, &s->as.material, sizeof(s->as.material));
}

/* Of a digest that is signed; without a context. */
static void hash(struct parameter *s)
{
	s->as.hash = (CK_HASH_SIGN_ADDITIONAL_CONTEXT){ CKH_HEDGE_PREFERRED, NULL, 0, CKM_SHA256 };
	be(s, &s->as.hash, sizeof(s->as.hash));
}

static const struct {
	CK_MECHANISM_TYPE type;
	void (*shape)(struct parameter *s);
} shapes[] = {
	{ CKM_AES_GCM, gcm },
	{ CKM_AES_GMAC, gcm },
	{ CKM_AES_CCM, ccm },
	{ CKM_AES_CTR, ctr },
	{ CKM_CHACHA20, chacha },
	{ CKM_SALSA20, salsa },
	{ CKM_CHACHA20_POLY1305, aead },
	{ CKM_ECDH1_DERIVE, ecdh },
	{ CKM_ECDH1_COFACTOR_DERIVE, ecdh },
	{ CKM_CONCATENATE_BASE_AND_DATA, string },
	{ CKM_CONCATENATE_DATA_AND_BASE, string },
	{ CKM_XOR_BASE_AND_DATA, string },
	{ CKM_AES_ECB_ENCRYPT_DATA, string },
	{ CKM_AES_CBC_ENCRYPT_DATA, cbc },
	{ CKM_HKDF_DERIVE, hkdf },
	{ CKM_HKDF_DATA, hkdf },
	{ CKM_PKCS5_PBKD2, pbkdf2 },
	{ CKM_SP800_108_COUNTER_KDF, counter },
	{ CKM_SP800_108_FEEDBACK_KDF, feedback },
	{ CKM_SP800_108_DOUBLE_PIPELINE_KDF, pipeline },
	{ CKM_RSA_AES_KEY_WRAP, rsa_wrap },
	{ CKM_TLS12_MASTER_KEY_DERIVE, master },
	{ CKM_TLS12_MASTER_KEY_DERIVE_DH, master },
	{ CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE, extended },
	{ CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH, extended },
	{ CKM_TLS12_KEY_AND_MAC_DERIVE, material },
	{ CKM_TLS12_KEY_SAFE_DERIVE, material },
	{ CKM_TLS12_KDF, tls },
	{ CKM_TLS_KDF, tls },
	{ CKM_TLS12_MAC, mac },
	{ CKM_TLS_MAC, mac },
	{ CKM_HASH_ML_DSA, hash },
	{ CKM_HASH_SLH_DSA, hash },
};

void parameter_shape(struct parameter *s)
{
	be(s, s->n == 0 ? NULL : s->p, s->n);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (shapes[i].type == s->mechanism.mechanism)
			shapes[i].shape(s);
}
