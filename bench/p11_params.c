/* SPDX-License-Identifier: Apache-2.0 */
/* The parameter of a mechanism: one row for each that has one. */
#include <string.h>

#include "bench/p11.h"

static void set(struct p11_mechanism *m, void *params, CK_ULONG n)
{
	m->mechanism.pParameter = params;
	m->mechanism.ulParameterLen = n;
}

static void iv16(const struct lane *lane, struct p11_mechanism *m)
{
	(void)lane;
	set(m, m->iv, sizeof(m->iv));
}

static void gcm(const struct lane *lane, struct p11_mechanism *m)
{
	(void)lane;
	m->params.gcm = (CK_GCM_PARAMS){ .pIv = m->iv, .ulIvLen = 12, .ulIvBits = 96, .ulTagBits = 128 };
	set(m, &m->params.gcm, sizeof(m->params.gcm));
}

static void ccm(const struct lane *lane, struct p11_mechanism *m)
{
	m->params.ccm = (CK_CCM_PARAMS){ .ulDataLen = lane->job->row->size, .pNonce = m->iv, .ulNonceLen = 12, .ulMACLen = 16 };
	set(m, &m->params.ccm, sizeof(m->params.ccm));
}

static void ctr(const struct lane *lane, struct p11_mechanism *m)
{
	(void)lane;
	m->params.ctr.ulCounterBits = 128;
	memcpy(m->params.ctr.cb, m->iv, sizeof(m->iv));
	set(m, &m->params.ctr, sizeof(m->params.ctr));
}

/* The nonce's length is in bits; NSS counts bytes. */
static void chacha20_poly1305(const struct lane *lane, struct p11_mechanism *m)
{
	(void)lane;
	m->params.chacha20_poly1305 = (CK_SALSA20_CHACHA20_POLY1305_PARAMS){ .pNonce = m->iv, .ulNonceLen = 96 };
	set(m, &m->params.chacha20_poly1305, sizeof(m->params.chacha20_poly1305));
}

static void pss(const struct lane *lane, struct p11_mechanism *m)
{
	(void)lane;
	m->params.pss = (CK_RSA_PKCS_PSS_PARAMS){ .hashAlg = CKM_SHA256, .mgf = CKG_MGF1_SHA256, .sLen = 32 };
	set(m, &m->params.pss, sizeof(m->params.pss));
}

/* With SHA-1, as every module has it. */
static void oaep(const struct lane *lane, struct p11_mechanism *m)
{
	(void)lane;
	m->params.oaep = (CK_RSA_PKCS_OAEP_PARAMS){ .hashAlg = CKM_SHA_1, .mgf = CKG_MGF1_SHA1, .source = CKZ_DATA_SPECIFIED };
	set(m, &m->params.oaep, sizeof(m->params.oaep));
}

static void ecdh(const struct lane *lane, struct p11_mechanism *m)
{
	struct p11_point *point = lane->own;

	m->params.ecdh = (CK_ECDH1_DERIVE_PARAMS){ .kdf = CKD_NULL, .ulPublicDataLen = point->n, .pPublicData = point->bytes };
	set(m, &m->params.ecdh, sizeof(m->params.ecdh));
}

static void hkdf(const struct lane *lane, struct p11_mechanism *m)
{
	(void)lane;
	m->params.hkdf = (CK_HKDF_PARAMS){ .bExtract = CK_TRUE, .bExpand = CK_TRUE, .prfHashMechanism = CKM_SHA256,
					   .ulSaltType = CKF_HKDF_SALT_DATA, .pSalt = m->iv, .ulSaltLen = sizeof(m->iv),
					   .pInfo = m->iv, .ulInfoLen = sizeof(m->iv) };
	set(m, &m->params.hkdf, sizeof(m->params.hkdf));
}

static const struct {
	CK_MECHANISM_TYPE mechanism;
	void (*put)(const struct lane *lane, struct p11_mechanism *m);
} parameters[] = {
	{ CKM_AES_CBC_PAD, iv16 },
	{ CKM_AES_XTS, iv16 },
	{ CKM_AES_GCM, gcm },
	{ CKM_AES_CCM, ccm },
	{ CKM_AES_CTR, ctr },
	{ CKM_CHACHA20_POLY1305, chacha20_poly1305 },
	{ CKM_SHA256_RSA_PKCS_PSS, pss },
	{ CKM_RSA_PKCS_OAEP, oaep },
	{ CKM_ECDH1_DERIVE, ecdh },
	{ CKM_HKDF_DERIVE, hkdf },
};

CK_MECHANISM *p11_mechanism(const struct lane *lane, struct p11_mechanism *out)
{
	memset(out->iv, 0, sizeof(out->iv));
	if (lane->job->row->op != OP_DECRYPT)
		memcpy(out->iv, &lane->turn, sizeof(lane->turn));
	out->mechanism = (CK_MECHANISM){ lane->job->row->mechanism, NULL, 0 };
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++)
		if (parameters[i].mechanism == out->mechanism.mechanism)
			parameters[i].put(lane, out);
	return &out->mechanism;
}

CK_RV p11_point_of(const struct p11 *p, CK_OBJECT_HANDLE key, struct p11_point *out)
{
	CK_ATTRIBUTE point = { CKA_EC_POINT, out->bytes, sizeof(out->bytes) };
	CK_RV rv = p->f->C_GetAttributeValue(p->session, key, &point, 1);
	CK_ULONG skip = 0;

	if (rv != CKR_OK)
		return rv;
	/* An OCTET STRING, below 128 bytes or below 256; some give a Montgomery curve's bare. */
	if (point.ulValueLen > 2 && out->bytes[0] == 0x04 && out->bytes[1] == point.ulValueLen - 2)
		skip = 2;
	else if (point.ulValueLen > 3 && out->bytes[0] == 0x04 && out->bytes[1] == 0x81)
		skip = 3;
	out->n = point.ulValueLen - skip;
	memmove(out->bytes, out->bytes + skip, out->n);
	return CKR_OK;
}
