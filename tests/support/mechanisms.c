/* SPDX-License-Identifier: Apache-2.0 */
#include "mechanisms.h"

#include "coffer/coffer.h"
#include "coffer/pkcs11-3.h"

const struct mechanism_row mechanism_rows[] = {
#define ROW(mechanism, key, use, parameter, size) { #mechanism, CKM_##mechanism, key, use, parameter, size, false },
#include "mechanisms.def"
#undef ROW
#define ROW(mechanism, key, use, parameter, size) { #mechanism, CKM_##mechanism, key, use, parameter, size, true },
#include "mechanisms_pqc.def"
#undef ROW
};

const size_t mechanism_rows_count = sizeof(mechanism_rows) / sizeof(mechanism_rows[0]);

static const CK_RSA_PKCS_PSS_PARAMS pss[] = {
	{ CKM_SHA_1, CKG_MGF1_SHA1, 20 },	{ CKM_SHA224, CKG_MGF1_SHA224, 28 },
	{ CKM_SHA256, CKG_MGF1_SHA256, 32 },	{ CKM_SHA384, CKG_MGF1_SHA384, 48 },
	{ CKM_SHA512, CKG_MGF1_SHA512, 64 },	{ CKM_SHA3_224, CKG_MGF1_SHA3_224, 28 },
	{ CKM_SHA3_256, CKG_MGF1_SHA3_256, 32 }, { CKM_SHA3_384, CKG_MGF1_SHA3_384, 48 },
	{ CKM_SHA3_512, CKG_MGF1_SHA3_512, 64 },
};

size_t parameter_iv_size(enum parameter_kind kind)
{
	static const size_t sizes[] = { [IV8] = 8, [IV12] = 12, [IV16] = 16, [IV32] = 32 };

	return kind <= IV32 ? sizes[kind] : 0;
}

const void *parameter_fixed(enum parameter_kind kind, size_t *n)
{
	static const CK_RSA_PKCS_OAEP_PARAMS oaep = { CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0 };
	static const CK_ULONG first = 1, mac_size = 8;

	switch (kind) {
	case INDEX:
		*n = sizeof(first);
		return &first;
	case MAC_SIZE:
		*n = sizeof(mac_size);
		return &mac_size;
	case OAEP:
		*n = sizeof(oaep);
		return &oaep;
	default:
		*n = kind >= PSS_SHA1 ? sizeof(pss[0]) : 0;
		return kind >= PSS_SHA1 ? &pss[kind - PSS_SHA1] : NULL;
	}
}
