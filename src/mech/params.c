/* SPDX-License-Identifier: Apache-2.0 */
/* Mechanism parameters: lengths and pointers are checked here and nowhere else. */
#include "mech/params.h"

#include "base/error.h"
#include "mech/families.h"
#include "mech/hashes.h"

CK_RV params_invalid(const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "the mechanism's parameter %s", why), "the return value is the answer");
	return CKR_MECHANISM_PARAM_INVALID;
}

CK_RV params_none(const CK_MECHANISM *given, union mech_params *out)
{
	(void)out;
	/* Some clients leave a pointer with a length of zero. */
	return given->ulParameterLen == 0 ? CKR_OK : params_invalid("must be empty");
}

CK_RV params_eddsa(const CK_MECHANISM *given, union mech_params *out)
{
	struct mech_eddsa_params *e = &out->eddsa;
	CK_EDDSA_PARAMS p;

	e->given = e->prehash = false;
	e->context_len = 0;
	if (given->ulParameterLen == 0)
		return CKR_OK;
	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_EDDSA_PARAMS");
	memcpy(&p, given->pParameter, sizeof(p)); /* it need not be aligned */
	if (p.phFlag > 1)
		return params_invalid("has a phFlag that is neither true nor false");
	if (p.ulContextDataLen > sizeof(e->context) || (p.ulContextDataLen != 0 && p.pContextData == NULL))
		return params_invalid("has a context of more than 255 bytes, or none where it says so");
	e->given = true;
	e->prehash = p.phFlag != 0;
	e->context_len = p.ulContextDataLen;
	bytes_copy(e->context, p.pContextData, p.ulContextDataLen);
	return CKR_OK;
}

CK_RV params_ecdh(const CK_MECHANISM *given, union mech_params *out)
{
	CK_ECDH1_DERIVE_PARAMS p;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_ECDH1_DERIVE_PARAMS");
	memcpy(&p, given->pParameter, sizeof(p));
	if (!ecdh_kdf_known(p.kdf))
		return params_invalid("names a key derivation function that is not known");
	if ((p.pSharedData == NULL && p.ulSharedDataLen != 0) || (p.pPublicData == NULL && p.ulPublicDataLen != 0))
		return params_invalid("has a length without its data");
	if (p.kdf == CKD_NULL && p.ulSharedDataLen != 0)
		return params_invalid("has shared data that CKD_NULL does not use");
	out->ecdh.kdf = p.kdf;
	out->ecdh.shared = span(p.pSharedData, p.ulSharedDataLen);
	out->ecdh.peer = span(p.pPublicData, p.ulPublicDataLen);
	return CKR_OK;
}

/* A CK_ULONG of 1 or more. */
CK_RV params_index(const CK_MECHANISM *given, union mech_params *out)
{
	CK_ULONG index;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(index))
		return params_invalid("is no CK_ULONG");
	memcpy(&index, given->pParameter, sizeof(index));
	out->index.index = index;
	return index == 0 ? params_invalid("is 0: indexes begin with 1") : CKR_OK;
}

/* The hash and the mask generation function that both RSA paddings name. */
static CK_RV rsa_hashes(CK_MECHANISM_TYPE type, CK_ULONG mgf, struct mech_rsa_params *out)
{
	out->hash = hash_find(type);
	out->mgf = hash_of_mgf(mgf);
	if (out->hash == NULL)
		return params_invalid("names a hash function that is not known");
	return out->mgf != NULL ? CKR_OK : params_invalid("names a mask generation function that is not known");
}

/* A mechanism that hashes itself must be told of its own hash. */
CK_RV params_pss(const CK_MECHANISM *given, union mech_params *out)
{
	const struct mech *mech = mech_find(given->mechanism);
	CK_RSA_PKCS_PSS_PARAMS p;
	CK_RV rv;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_RSA_PKCS_PSS_PARAMS");
	memcpy(&p, given->pParameter, sizeof(p));
	rv = rsa_hashes(p.hashAlg, p.mgf, &out->rsa);
	if (rv != CKR_OK)
		return rv;
	if (mech != NULL && mech->variant != NULL && hash_named(mech->variant) != out->rsa.hash)
		return params_invalid("names another hash function than the mechanism's");
	out->rsa.salt_len = p.sLen;
	return CKR_OK;
}

CK_RV params_oaep(const CK_MECHANISM *given, union mech_params *out)
{
	CK_RSA_PKCS_OAEP_PARAMS p;
	CK_RV rv;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_RSA_PKCS_OAEP_PARAMS");
	memcpy(&p, given->pParameter, sizeof(p));
	rv = rsa_hashes(p.hashAlg, p.mgf, &out->rsa);
	if (rv != CKR_OK)
		return rv;
	/* Clients that have no label often leave the source at zero. */
	if (p.source != CKZ_DATA_SPECIFIED && (p.source != 0 || p.ulSourceDataLen != 0))
		return params_invalid("names a source of the label that is not known");
	if (p.ulSourceDataLen > sizeof(out->rsa.label) || (p.pSourceData == NULL && p.ulSourceDataLen != 0))
		return params_invalid("has a label of more than 256 bytes, or none where it says so");
	out->rsa.label_len = p.ulSourceDataLen;
	bytes_copy(out->rsa.label, p.pSourceData, p.ulSourceDataLen);
	return CKR_OK;
}

CK_RV params_rsa_aes(const CK_MECHANISM *given, union mech_params *out)
{
	CK_RSA_AES_KEY_WRAP_PARAMS p;
	CK_MECHANISM oaep = { CKM_RSA_PKCS_OAEP, NULL, sizeof(CK_RSA_PKCS_OAEP_PARAMS) };

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_RSA_AES_KEY_WRAP_PARAMS");
	memcpy(&p, given->pParameter, sizeof(p));
	if (p.ulAESKeyBits != 128 && p.ulAESKeyBits != 192 && p.ulAESKeyBits != 256)
		return params_invalid("asks for an AES key of a size that there is not");
	oaep.pParameter = p.pOAEPParams;
	out->rsa.aes_bytes = p.ulAESKeyBits / 8;
	return params_oaep(&oaep, out);
}
