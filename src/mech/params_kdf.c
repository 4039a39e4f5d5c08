/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of key derivation.  Data is left where the caller has it: derivation is over when its call returns. */
#include "base/error.h"
#include "mech/families.h"
#include "mech/hashes.h"
#include "mech/params.h"

/* The longest string of bytes that a derivation takes. */
#define DATA_MAX ((CK_ULONG)64 * 1024)

static bool taken(const void *p, CK_ULONG n, struct span *out)
{
	*out = span(p, n);
	return n <= DATA_MAX && (p != NULL || n == 0);
}

CK_RV params_hkdf(const CK_MECHANISM *given, union mech_params *out)
{
	struct mech_hkdf_params *h = &out->hkdf;
	CK_HKDF_PARAMS p;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_HKDF_PARAMS");
	memcpy(&p, given->pParameter, sizeof(p));
	h->hash = hash_find(p.prfHashMechanism);
	if (h->hash == NULL)
		return params_invalid("names a hash function that is not known");
	if (p.bExtract > 1 || p.bExpand > 1 || (!p.bExtract && !p.bExpand))
		return params_invalid("asks neither for extraction nor for expansion");
	h->extract = p.bExtract != 0;
	h->expand = p.bExpand != 0;
	h->salt_type = p.ulSaltType;
	if (h->extract && p.ulSaltType != CKF_HKDF_SALT_NULL && p.ulSaltType != CKF_HKDF_SALT_DATA && p.ulSaltType != CKF_HKDF_SALT_KEY)
		return params_invalid("names a kind of salt that is not known");
	h->salt = SPAN_EMPTY;
	if (h->extract && p.ulSaltType == CKF_HKDF_SALT_DATA && !taken(p.pSalt, p.ulSaltLen, &h->salt))
		return params_invalid("has no salt where it says so, or too long a one");
	h->salt_key = h->extract && p.ulSaltType == CKF_HKDF_SALT_KEY ? p.hSaltKey : CK_INVALID_HANDLE;
	h->info = SPAN_EMPTY;
	if (h->expand && !taken(p.pInfo, p.ulInfoLen, &h->info))
		return params_invalid("has no info where it says so, or too long a one");
	return CKR_OK;
}

CK_RV params_string(const CK_MECHANISM *given, union mech_params *out)
{
	CK_KEY_DERIVATION_STRING_DATA p;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_KEY_DERIVATION_STRING_DATA");
	memcpy(&p, given->pParameter, sizeof(p));
	if (!taken(p.pData, p.ulLen, &out->data.data) || p.ulLen == 0)
		return params_invalid("has no data, or too much");
	return CKR_OK;
}

/* Of whole blocks: there is no padding. */
CK_RV params_encrypt_ecb(const CK_MECHANISM *given, union mech_params *out)
{
	CK_RV rv = params_string(given, out);

	return rv == CKR_OK && out->data.data.n % 16 != 0 ? params_invalid("has data that is no whole number of blocks") : rv;
}

CK_RV params_encrypt_cbc(const CK_MECHANISM *given, union mech_params *out)
{
	CK_AES_CBC_ENCRYPT_DATA_PARAMS p;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_AES_CBC_ENCRYPT_DATA_PARAMS");
	memcpy(&p, given->pParameter, sizeof(p));
	if (!taken(p.pData, p.length, &out->data.data) || p.length == 0 || p.length % 16 != 0)
		return params_invalid("has data that is no whole number of blocks");
	memcpy(out->data.iv, p.iv, sizeof(p.iv));
	return CKR_OK;
}

CK_RV params_other_key(const CK_MECHANISM *given, union mech_params *out)
{
	CK_OBJECT_HANDLE h;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(h))
		return params_invalid("is no handle of a key");
	memcpy(&h, given->pParameter, sizeof(h));
	out->other.key = h;
	return h == CK_INVALID_HANDLE ? params_invalid("is no handle of a key") : CKR_OK;
}

/* ---- SP 800-108 ---- */

static bool whole_bytes(CK_ULONG bits, CK_ULONG most)
{
	return bits >= 8 && bits <= most && bits % 8 == 0;
}

static bool counter_format(const CK_PRF_DATA_PARAM *d, struct kdf_segment *s)
{
	CK_SP800_108_COUNTER_FORMAT f;

	if (d->pValue == NULL || d->ulValueLen != sizeof(f))
		return false;
	memcpy(&f, d->pValue, sizeof(f));
	*s = (struct kdf_segment){ .kind = KDF_COUNTER, .little = f.bLittleEndian != 0, .bits = (unsigned)f.ulWidthInBits };
	return f.bLittleEndian <= 1 && whole_bytes(f.ulWidthInBits, 32);
}

static bool length_format(const CK_PRF_DATA_PARAM *d, struct kdf_segment *s)
{
	CK_SP800_108_DKM_LENGTH_FORMAT f;

	if (d->pValue == NULL || d->ulValueLen != sizeof(f))
		return false;
	memcpy(&f, d->pValue, sizeof(f));
	*s = (struct kdf_segment){ .kind = KDF_LENGTH,
				   .little = f.bLittleEndian != 0,
				   .bits = (unsigned)f.ulWidthInBits,
				   .sum_of_blocks = f.dkmLengthMethod == CK_SP800_108_DKM_LENGTH_SUM_OF_SEGMENTS };
	return f.bLittleEndian <= 1 && whole_bytes(f.ulWidthInBits, 64) &&
	       (f.dkmLengthMethod == CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS || s->sum_of_blocks);
}

/* The iteration variable is the counter in counter mode, else what is before. */
static bool segment(const CK_PRF_DATA_PARAM *d, bool feedback, struct kdf_segment *s)
{
	switch (d->type) {
	case CK_SP800_108_ITERATION_VARIABLE:
		if (!feedback)
			return counter_format(d, s);
		*s = (struct kdf_segment){ .kind = KDF_BEFORE };
		return d->ulValueLen == 0;
	case CK_SP800_108_OPTIONAL_COUNTER:
		return feedback && counter_format(d, s);
	case CK_SP800_108_DKM_LENGTH:
		return length_format(d, s);
	case CK_SP800_108_BYTE_ARRAY:
		*s = (struct kdf_segment){ .kind = KDF_BYTES };
		return taken(d->pValue, d->ulValueLen, &s->bytes) && d->ulValueLen != 0;
	default:
		return false;
	}
}

/* The iteration variable once, a counter and a length at most once (tables of §6.44.5 to §6.44.7). */
static bool right_counts(const CK_ULONG count[5])
{
	return count[CK_SP800_108_ITERATION_VARIABLE] == 1 && count[CK_SP800_108_OPTIONAL_COUNTER] <= 1 &&
	       count[CK_SP800_108_DKM_LENGTH] <= 1;
}

static CK_RV segments(const CK_PRF_DATA_PARAM *given, CK_ULONG n, bool feedback, struct mech_kbkdf_params *out)
{
	CK_ULONG count[5] = { 0 };

	if (given == NULL || n == 0 || n > KDF_SEGMENTS_MAX)
		return params_invalid("has no data for the function, or more than 16 pieces");
	for (CK_ULONG i = 0; i < n; i++) {
		CK_PRF_DATA_PARAM d;

		memcpy(&d, given + i, sizeof(d));
		if (!segment(&d, feedback, &out->segment[i]))
			return params_invalid("has a piece of data that is not understood in this mode");
		count[d.type]++;
	}
	out->count = n;
	return right_counts(count) ? CKR_OK : params_invalid("has no iteration variable, or something twice");
}

static CK_RV prf_of(CK_MECHANISM_TYPE type, struct mech_kbkdf_params *out)
{
	static const CK_MECHANISM_TYPE hmacs[][2] = {
		{ CKM_SHA_1_HMAC, CKM_SHA_1 },	     { CKM_SHA224_HMAC, CKM_SHA224 },	  { CKM_SHA256_HMAC, CKM_SHA256 },
		{ CKM_SHA384_HMAC, CKM_SHA384 },     { CKM_SHA512_HMAC, CKM_SHA512 },	  { CKM_SHA3_224_HMAC, CKM_SHA3_224 },
		{ CKM_SHA3_256_HMAC, CKM_SHA3_256 }, { CKM_SHA3_384_HMAC, CKM_SHA3_384 }, { CKM_SHA3_512_HMAC, CKM_SHA3_512 },
	};

	out->hash = NULL;
	if (type == CKM_AES_CMAC)
		return CKR_OK;
	for (size_t i = 0; i < sizeof(hmacs) / sizeof(hmacs[0]); i++)
		if (hmacs[i][0] == type)
			out->hash = hash_find(hmacs[i][1]);
	return out->hash != NULL ? CKR_OK : params_invalid("names a pseudorandom function that is not known");
}

static CK_RV kbkdf(const CK_MECHANISM *given, bool pipeline, struct mech_kbkdf_params *out)
{
	CK_SP800_108_KDF_PARAMS p;
	CK_RV rv;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_SP800_108_KDF_PARAMS");
	memcpy(&p, given->pParameter, sizeof(p));
	if (p.ulAdditionalDerivedKeys != 0)
		return params_invalid("asks for more than one key");
	out->iv = SPAN_EMPTY;
	out->pipeline = pipeline;
	rv = prf_of(p.prfType, out);
	return rv == CKR_OK ? segments(p.pDataParams, p.ulNumberOfDataParams, pipeline, out) : rv;
}

CK_RV params_kbkdf_counter(const CK_MECHANISM *given, union mech_params *out)
{
	return kbkdf(given, false, &out->kbkdf);
}

CK_RV params_kbkdf_pipeline(const CK_MECHANISM *given, union mech_params *out)
{
	return kbkdf(given, true, &out->kbkdf);
}

CK_RV params_kbkdf_feedback(const CK_MECHANISM *given, union mech_params *out)
{
	CK_SP800_108_FEEDBACK_KDF_PARAMS p;
	CK_RV rv;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_SP800_108_FEEDBACK_KDF_PARAMS");
	memcpy(&p, given->pParameter, sizeof(p));
	if (p.ulAdditionalDerivedKeys != 0)
		return params_invalid("asks for more than one key");
	out->kbkdf.pipeline = false;
	if (!taken(p.pIV, p.ulIVLen, &out->kbkdf.iv))
		return params_invalid("has no IV where it says so, or too long a one");
	rv = prf_of(p.prfType, &out->kbkdf);
	return rv == CKR_OK ? segments(p.pDataParams, p.ulNumberOfDataParams, true, &out->kbkdf) : rv;
}
