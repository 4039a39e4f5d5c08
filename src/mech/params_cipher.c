/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of ciphers and of message authentication. */
#include "mech/params.h"

#include "mech/families.h"

/* A fixed number of bytes, the initialization vector itself. */
static CK_RV iv_of(const CK_MECHANISM *given, size_t n, union mech_params *out)
{
	out->cipher = (struct mech_cipher_params){ .iv_n = n };
	if (given->pParameter == NULL || given->ulParameterLen != n)
		return params_invalid("is no initialization vector of the right length");
	bytes_copy(out->cipher.iv, given->pParameter, n);
	return CKR_OK;
}

CK_RV params_iv_16(const CK_MECHANISM *given, union mech_params *out)
{
	return iv_of(given, 16, out);
}

CK_RV params_iv_8(const CK_MECHANISM *given, union mech_params *out)
{
	return iv_of(given, 8, out);
}

static CK_RV iv_of_opt(const CK_MECHANISM *given, size_t n, union mech_params *out)
{
	out->cipher = (struct mech_cipher_params){ 0 };
	return given->ulParameterLen == 0 ? CKR_OK : iv_of(given, n, out);
}

CK_RV params_iv_8_opt(const CK_MECHANISM *given, union mech_params *out)
{
	return iv_of_opt(given, 8, out);
}

CK_RV params_iv_4_opt(const CK_MECHANISM *given, union mech_params *out)
{
	return iv_of_opt(given, 4, out);
}

/* The caller's structure, which need not be aligned. */
static CK_RV structure(const CK_MECHANISM *given, void *out, size_t n, const char *why)
{
	if (given->pParameter == NULL || given->ulParameterLen != n)
		return params_invalid(why);
	memcpy(out, given->pParameter, n);
	return CKR_OK;
}

static CK_RV nonce_of(const void *p, CK_ULONG n, CK_ULONG least, CK_ULONG most, struct mech_cipher_params *out)
{
	if (p == NULL || n < least || n > most)
		return params_invalid("has an initialization vector or nonce of a length that is not supported");
	out->iv_n = n;
	bytes_copy(out->iv, p, n);
	return CKR_OK;
}

static CK_RV aad_of(const void *p, CK_ULONG n, struct mech_cipher_params *out)
{
	if (span_impossible(span(p, n)))
		return params_invalid("has a length of associated data, and none");
	out->aad = span(p, n);
	return CKR_OK;
}

CK_RV params_ctr(const CK_MECHANISM *given, union mech_params *out)
{
	CK_AES_CTR_PARAMS p;
	CK_RV rv = structure(given, &p, sizeof(p), "is no CK_AES_CTR_PARAMS");

	out->cipher = (struct mech_cipher_params){ .iv_n = sizeof(p.cb) };
	if (rv != CKR_OK)
		return rv;
	if (p.ulCounterBits == 0 || p.ulCounterBits > 128)
		return params_invalid("has a counter of no or of more than 128 bits");
	out->cipher.counter_bits = (unsigned)p.ulCounterBits;
	bytes_copy(out->cipher.iv, p.cb, sizeof(p.cb));
	return CKR_OK;
}

CK_RV params_gcm(const CK_MECHANISM *given, union mech_params *out)
{
	CK_GCM_PARAMS p;
	CK_RV rv = structure(given, &p, sizeof(p), "is no CK_GCM_PARAMS");

	out->cipher = (struct mech_cipher_params){ 0 };
	if (rv == CKR_OK)
		rv = nonce_of(p.pIv, p.ulIvLen, 1, MECH_IV_MAX, &out->cipher);
	if (rv == CKR_OK)
		rv = aad_of(p.pAAD, p.ulAADLen, &out->cipher);
	if (rv != CKR_OK)
		return rv;
	/* NIST SP 800-38D §5.2.1.2 has none below 32 bits. */
	if (p.ulTagBits < 32 || p.ulTagBits > 128 || p.ulTagBits % 8 != 0)
		return params_invalid("asks for a tag that is not of 32 to 128 bits in whole bytes");
	out->cipher.tag_n = p.ulTagBits / 8;
	return CKR_OK;
}

CK_RV params_gmac(const CK_MECHANISM *given, union mech_params *out)
{
	CK_RV rv = params_gcm(given, out);

	/* What is signed is the associated data. */
	return rv == CKR_OK && out->cipher.aad.n != 0 ? params_invalid("has associated data, which GMAC takes as its data") : rv;
}

CK_RV params_ccm(const CK_MECHANISM *given, union mech_params *out)
{
	CK_CCM_PARAMS p;
	CK_RV rv = structure(given, &p, sizeof(p), "is no CK_CCM_PARAMS");

	out->cipher = (struct mech_cipher_params){ 0 };
	if (rv == CKR_OK)
		rv = nonce_of(p.pNonce, p.ulNonceLen, 7, 13, &out->cipher);
	if (rv == CKR_OK)
		rv = aad_of(p.pAAD, p.ulAADLen, &out->cipher);
	if (rv != CKR_OK)
		return rv;
	if (p.ulMACLen < 4 || p.ulMACLen > 16 || p.ulMACLen % 2 != 0)
		return params_invalid("asks for a MAC that is not of 4, 6, 8, 10, 12, 14 or 16 bytes");
	if (p.ulNonceLen > 7 && p.ulDataLen >> (8 * (15 - p.ulNonceLen)) != 0)
		return params_invalid("announces more data than a nonce of that length allows");
	out->cipher.data_n = p.ulDataLen;
	out->cipher.tag_n = p.ulMACLen;
	return CKR_OK;
}

/* libcrypto takes counter and nonce of ChaCha20 as one string of 16 bytes (RFC 8439 §2.3). */
CK_RV params_chacha20(const CK_MECHANISM *given, union mech_params *out)
{
	CK_CHACHA20_PARAMS p;
	size_t counter;
	CK_RV rv = structure(given, &p, sizeof(p), "is no CK_CHACHA20_PARAMS");

	out->cipher = (struct mech_cipher_params){ .iv_n = 16 };
	if (rv != CKR_OK)
		return rv;
	if (p.pBlockCounter == NULL || p.pNonce == NULL || !((p.blockCounterBits == 32 && p.ulNonceBits == 96) ||
							      (p.blockCounterBits == 64 && p.ulNonceBits == 64)))
		return params_invalid("has neither a counter of 32 and a nonce of 96 bits, nor 64 and 64");
	counter = p.blockCounterBits / 8;
	bytes_copy(out->cipher.iv, p.pBlockCounter, counter);
	bytes_copy(out->cipher.iv + counter, p.pNonce, 16 - counter);
	out->cipher.counter_bits = (unsigned)p.blockCounterBits;
	return CKR_OK;
}

CK_RV params_chacha20_poly1305(const CK_MECHANISM *given, union mech_params *out)
{
	CK_SALSA20_CHACHA20_POLY1305_PARAMS p;
	CK_RV rv = structure(given, &p, sizeof(p), "is no CK_SALSA20_CHACHA20_POLY1305_PARAMS");

	out->cipher = (struct mech_cipher_params){ .tag_n = 16 };
	if (rv != CKR_OK)
		return rv;
	if (p.ulNonceLen != 96 && p.ulNonceLen != 192)
		return params_invalid("has a nonce that is not of 96 or 192 bits (the length is in bits)");
	rv = nonce_of(p.pNonce, p.ulNonceLen / 8, 12, 24, &out->cipher);
	return rv == CKR_OK ? aad_of(p.pAAD, p.ulAADLen, &out->cipher) : rv;
}

CK_RV params_mac_length(const CK_MECHANISM *given, union mech_params *out)
{
	CK_MAC_GENERAL_PARAMS length = 0;
	CK_RV rv = structure(given, &length, sizeof(length), "is no CK_MAC_GENERAL_PARAMS");

	if (rv != CKR_OK)
		return rv;
	out->mac.length = length;
	return length == 0 ? params_invalid("asks for a MAC of no bytes") : CKR_OK;
}
