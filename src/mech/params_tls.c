/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of the mechanisms of TLS 1.2 (PKCS#11 3.0 §6.40.2).  Data is left where the caller has it, but for the MAC's: its label is ours. */
#include "base/error.h"
#include "mech/families.h"
#include "mech/hashes.h"
#include "mech/params.h"

static CK_RV hash_of(CK_MECHANISM_TYPE type, struct mech_tls_params *out)
{
	*out = (struct mech_tls_params){ .hash = hash_find(type) };
	/* CKM_TLS_PRF, of TLS 1.0 and 1.1, as well: retired (RFC 8996). */
	return out->hash != NULL ? CKR_OK : params_invalid("names a hash function that is not known for TLS 1.2");
}

static bool taken(const void *p, CK_ULONG n, struct span *out)
{
	*out = span(p, n);
	return n <= TLS_TEXT_MAX && (p != NULL || n == 0);
}

static CK_RV randoms(const CK_SSL3_RANDOM_DATA *r, struct mech_tls_params *out)
{
	if (!taken(r->pClientRandom, r->ulClientRandomLen, &out->seed[0]) || out->seed[0].n == 0 ||
	    !taken(r->pServerRandom, r->ulServerRandomLen, &out->seed[1]) || out->seed[1].n == 0)
		return params_invalid("has no random data of both sides, or too much");
	return CKR_OK;
}

/* The version is in a secret that was made for RSA, and in no other. */
static CK_RV version_of(CK_VERSION_PTR version, bool wanted, struct mech_tls_params *out)
{
	out->version = version;
	if ((version != NULL) == wanted)
		return CKR_OK;
	return params_invalid(wanted ? "has no place for the version" : "has a place for a version, which no shared secret has");
}

static CK_RV master(const CK_MECHANISM *given, bool version, struct mech_tls_params *out)
{
	CK_TLS12_MASTER_KEY_DERIVE_PARAMS p;
	CK_RV rv;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_TLS12_MASTER_KEY_DERIVE_PARAMS");
	memcpy(&p, given->pParameter, sizeof(p));
	rv = hash_of(p.prfHashMechanism, out);
	if (rv == CKR_OK)
		rv = randoms(&p.RandomInfo, out);
	out->label = span_str("master secret");
	return rv == CKR_OK ? version_of(p.pVersion, version, out) : rv;
}

CK_RV params_tls_master(const CK_MECHANISM *given, union mech_params *out)
{
	return master(given, true, &out->tls);
}

CK_RV params_tls_master_dh(const CK_MECHANISM *given, union mech_params *out)
{
	return master(given, false, &out->tls);
}

static CK_RV extended(const CK_MECHANISM *given, bool version, struct mech_tls_params *out)
{
	CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS p;
	CK_RV rv;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS");
	memcpy(&p, given->pParameter, sizeof(p));
	rv = hash_of(p.prfHashMechanism, out);
	if (rv != CKR_OK)
		return rv;
	if (!taken(p.pSessionHash, p.ulSessionHashLen, &out->seed[0]) || out->seed[0].n == 0)
		return params_invalid("has no hash of the session, or too long a one");
	out->label = span_str("extended master secret");
	return version_of(p.pVersion, version, out);
}

CK_RV params_tls_extended(const CK_MECHANISM *given, union mech_params *out)
{
	return extended(given, true, &out->tls);
}

CK_RV params_tls_extended_dh(const CK_MECHANISM *given, union mech_params *out)
{
	return extended(given, false, &out->tls);
}

CK_RV params_tls_kdf(const CK_MECHANISM *given, union mech_params *out)
{
	CK_TLS_KDF_PARAMS p;
	CK_RV rv;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_TLS_KDF_PARAMS");
	memcpy(&p, given->pParameter, sizeof(p));
	rv = hash_of(p.prfMechanism, &out->tls);
	if (rv == CKR_OK)
		rv = randoms(&p.RandomInfo, &out->tls);
	if (rv != CKR_OK)
		return rv;
	if (!taken(p.pLabel, p.ulLabelLength, &out->tls.label) || out->tls.label.n == 0)
		return params_invalid("has no label, or too long a one");
	/* An empty context is not none (RFC 5705 §4). */
	out->tls.has_context = p.pContextData != NULL;
	if (!taken(p.pContextData, p.ulContextDataLength, &out->tls.context))
		return params_invalid("has no context where it says so, or too long a one");
	return CKR_OK;
}

/* So many bits are so many whole bytes. */
static bool bytes_of(CK_ULONG bits, size_t most, size_t *out)
{
	*out = bits / 8;
	return bits % 8 == 0 && bits / 8 <= most;
}

static CK_RV block_sizes(const CK_TLS12_KEY_MAT_PARAMS *p, bool vectors, struct mech_tls_params *out)
{
	if (p->bIsExport != CK_FALSE)
		return params_invalid("asks for keys of an export cipher, which TLS 1.2 does not have");
	if (!bytes_of(p->ulMacSizeInBits, TLS_KEY_MAX, &out->mac_key_n) || !bytes_of(p->ulKeySizeInBits, TLS_KEY_MAX, &out->key_n))
		return params_invalid("asks for keys of no whole bytes, or of more than 512 bits");
	/* One of a few bits is found by trying all, and then the next bits of the same block. */
	if ((out->mac_key_n != 0 && out->mac_key_n < 16) || (out->key_n != 0 && out->key_n < 16) || out->mac_key_n + out->key_n == 0)
		return params_invalid("asks for keys of less than 128 bits, or for none");
	if (!bytes_of(vectors ? p->ulIVSizeInBits : 0, TLS_IV_MAX, &out->iv_n))
		return params_invalid("asks for initialization vectors of no whole bytes, or of more than 128 bits");
	return CKR_OK;
}

/* The randoms are the other way round than in the master secret (RFC 5246 §6.3). */
static CK_RV block_seed(const CK_TLS12_KEY_MAT_PARAMS *p, struct mech_tls_params *out)
{
	CK_RV rv = randoms(&p->RandomInfo, out);
	struct span client = out->seed[0];

	out->seed[0] = out->seed[1];
	out->seed[1] = client;
	out->label = span_str("key expansion");
	return rv;
}

static CK_RV block_target(const CK_TLS12_KEY_MAT_PARAMS *p, struct mech_tls_params *out)
{
	CK_SSL3_KEY_MAT_OUT made;

	if (p->pReturnedKeyMaterial == NULL)
		return params_invalid("has no place for the keys");
	memcpy(&made, p->pReturnedKeyMaterial, sizeof(made));
	if (out->iv_n != 0 && (made.pIVClient == NULL || made.pIVServer == NULL))
		return params_invalid("has no place for the initialization vectors");
	out->made = p->pReturnedKeyMaterial;
	return CKR_OK;
}

static CK_RV block(const CK_MECHANISM *given, bool vectors, struct mech_tls_params *out)
{
	CK_TLS12_KEY_MAT_PARAMS p;
	CK_RV rv;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_TLS12_KEY_MAT_PARAMS");
	memcpy(&p, given->pParameter, sizeof(p));
	rv = hash_of(p.prfHashMechanism, out);
	if (rv == CKR_OK)
		rv = block_sizes(&p, vectors, out);
	if (rv == CKR_OK)
		rv = block_seed(&p, out);
	return rv == CKR_OK ? block_target(&p, out) : rv;
}

CK_RV params_tls_block(const CK_MECHANISM *given, union mech_params *out)
{
	return block(given, true, &out->tls);
}

/* The size of vectors is ignored, as the specification asks: none are made. */
CK_RV params_tls_block_safe(const CK_MECHANISM *given, union mech_params *out)
{
	return block(given, false, &out->tls);
}

CK_RV params_tls_mac(const CK_MECHANISM *given, union mech_params *out)
{
	CK_TLS_MAC_PARAMS p;
	CK_RV rv;

	if (given->pParameter == NULL || given->ulParameterLen != sizeof(p))
		return params_invalid("is no CK_TLS_MAC_PARAMS");
	memcpy(&p, given->pParameter, sizeof(p));
	rv = hash_of(p.prfHashMechanism, &out->tls);
	if (rv != CKR_OK)
		return rv;
	if (p.ulMacLength < 12 || p.ulMacLength > TLS_MAC_MAX)
		return params_invalid("asks for a MAC of less than 12 bytes, or more than 64");
	if (p.ulServerOrClient != 1 && p.ulServerOrClient != 2)
		return params_invalid("names neither the server nor the client");
	out->tls.mac_n = p.ulMacLength;
	out->tls.label = span_str(p.ulServerOrClient == 1 ? "server finished" : "client finished");
	return CKR_OK;
}
