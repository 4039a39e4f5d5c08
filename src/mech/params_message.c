/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of one message (PKCS#11 3.0, "AES with GCM and CCM", "ChaCha20/Poly1305"): read, and the initialization vector made. */
#include <sodium.h>

#include "mech/families.h"
#include "mech/params.h"

/* The caller's structure, which need not be aligned. */
static CK_RV structure(const void *parameter, CK_ULONG given, void *out, size_t n)
{
	if (parameter == NULL || given != n)
		return params_invalid("is not the message's structure of this mechanism");
	memcpy(out, parameter, n);
	return CKR_OK;
}

/* The vector as the structures have it. */
struct vector {
	CK_BYTE_PTR p;
	CK_ULONG n, fixed_bits;
	CK_GENERATOR_FUNCTION generator;
};

/* Behind the fixed part: how many bytes a generator must have, so that it does not repeat. */
#define COUNTED_MIN 4
#define RANDOM_MIN 8

static CK_RV check_generated(const struct vector *v)
{
	bool random = v->generator == CKG_GENERATE || v->generator == CKG_GENERATE_RANDOM;
	size_t fixed = v->fixed_bits / 8;

	if (v->generator > CKG_GENERATE_COUNTER_XOR)
		return params_invalid("names a generator that is not known");
	if (v->fixed_bits % 8 != 0 || fixed > v->n || v->n - fixed < (random ? RANDOM_MIN : COUNTED_MIN))
		return params_invalid("leaves too little of the initialization vector to be made, or a part of a byte");
	return CKR_OK;
}

/* The counter into the last bytes, by exclusive or. False: it has no room any more. */
static bool count(struct mech_message *m, CK_BYTE *p, size_t n)
{
	uint64_t counter = m->counter;

	for (size_t i = n; i > 0 && counter != 0; i--, counter >>= 8)
		p[i - 1] ^= (CK_BYTE)counter;
	m->counter++;
	return counter == 0;
}

static CK_RV generate(struct mech_message *m, const struct vector *v)
{
	size_t fixed = v->fixed_bits / 8, n = v->n - fixed;
	CK_BYTE *p = v->p + fixed;
	CK_RV rv = check_generated(v);

	if (rv != CKR_OK)
		return rv;
	/* Without messages before it, each would begin with the same. */
	if (m == NULL && (v->generator == CKG_GENERATE_COUNTER || v->generator == CKG_GENERATE_COUNTER_XOR))
		return params_invalid("asks for a counter, which a key that is wrapped alone cannot have");
	switch (v->generator) {
	case CKG_GENERATE_COUNTER:
		memset(p, 0, n);
		break;
	case CKG_GENERATE_COUNTER_XOR:
		if (!m->has_base)
			bytes_copy(m->base, v->p, v->n);
		m->has_base = true;
		bytes_copy(p, m->base + fixed, n);
		break;
	default: /* CKG_GENERATE: random numbers do not repeat in another session or process either */
		randombytes_buf(p, n);
		return CKR_OK;
	}
	return count(m, p, n) ? CKR_OK : CKR_KEY_EXHAUSTED;
}

static CK_RV take_vector(struct mech_message *m, CK_FLAGS use, const struct vector *v, size_t least, size_t most, union mech_params *out)
{
	if (v->p == NULL || v->n < least || v->n > most)
		return params_invalid("has an initialization vector or nonce of a length that is not supported");
	if ((use == CKF_ENCRYPT || use == CKF_WRAP) && v->generator != CKG_NO_GENERATE) {
		CK_RV rv = generate(m, v);

		if (rv != CKR_OK)
			return rv;
	}
	out->cipher.iv_n = v->n;
	bytes_copy(out->cipher.iv, v->p, v->n);
	return CKR_OK;
}

static CK_RV take_tag(CK_BYTE_PTR tag, size_t n, union mech_params *out)
{
	out->cipher.tag = tag;
	out->cipher.tag_n = n;
	return tag == NULL ? params_invalid("has no place for the tag") : CKR_OK;
}

CK_RV message_gcm(struct mech_message *message, CK_FLAGS use, void *parameter, CK_ULONG n, union mech_params *out)
{
	CK_GCM_MESSAGE_PARAMS p;
	CK_RV rv = structure(parameter, n, &p, sizeof(p));

	out->cipher = (struct mech_cipher_params){ 0 };
	if (rv != CKR_OK)
		return rv;
	if (p.ulTagBits < 32 || p.ulTagBits > 128 || p.ulTagBits % 8 != 0)
		return params_invalid("asks for a tag that is not of 32 to 128 bits in whole bytes");
	rv = take_tag(p.pTag, p.ulTagBits / 8, out);
	if (rv == CKR_OK)
		rv = take_vector(message, use, &(struct vector){ p.pIv, p.ulIvLen, p.ulIvFixedBits, p.ivGenerator }, 1, MECH_IV_MAX, out);
	return rv;
}

CK_RV message_ccm(struct mech_message *message, CK_FLAGS use, void *parameter, CK_ULONG n, union mech_params *out)
{
	CK_CCM_MESSAGE_PARAMS p;
	CK_RV rv = structure(parameter, n, &p, sizeof(p));

	out->cipher = (struct mech_cipher_params){ 0 };
	if (rv != CKR_OK)
		return rv;
	if (p.ulMACLen < 4 || p.ulMACLen > 16 || p.ulMACLen % 2 != 0)
		return params_invalid("asks for a MAC that is not of 4, 6, 8, 10, 12, 14 or 16 bytes");
	if (p.ulNonceLen > 7 && p.ulNonceLen <= 13 && p.ulDataLen >> (8 * (15 - p.ulNonceLen)) != 0)
		return params_invalid("announces more data than a nonce of that length allows");
	out->cipher.data_n = p.ulDataLen;
	rv = take_tag(p.pMAC, p.ulMACLen, out);
	if (rv == CKR_OK)
		rv = take_vector(message, use, &(struct vector){ p.pNonce, p.ulNonceLen, p.ulNonceFixedBits, p.nonceGenerator }, 7, 13,
				 out);
	return rv;
}

CK_RV message_chacha20_poly1305(struct mech_message *message, CK_FLAGS use, void *parameter, CK_ULONG n, union mech_params *out)
{
	CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS p;
	CK_RV rv = structure(parameter, n, &p, sizeof(p));

	out->cipher = (struct mech_cipher_params){ 0 };
	if (rv != CKR_OK)
		return rv;
	if (p.ulNonceLen != 96 && p.ulNonceLen != 192)
		return params_invalid("has a nonce that is not of 96 or 192 bits (the length is in bits)");
	rv = take_tag(p.pTag, 16, out);
	return rv == CKR_OK ? take_vector(message, use, &(struct vector){ p.pNonce, p.ulNonceLen / 8, 0, CKG_NO_GENERATE }, 12, 24, out) :
			      rv;
}
