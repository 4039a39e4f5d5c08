/* SPDX-License-Identifier: Apache-2.0 */
/* The hash functions that parameters of other mechanisms may name. */
#ifndef COFFER_MECH_HASHES_H
#define COFFER_MECH_HASHES_H

#include "base/span.h"
#include "ck/ck.h"

struct hash {
	CK_MECHANISM_TYPE type;
	CK_ULONG mgf;     /* CKG_MGF1_...: the mask generation function that is made of it */
	const char *name; /* OpenSSL's */
	size_t size;      /* bytes of a digest */
};

/* NULL when it is none of them. */
const struct hash *hash_find(CK_MECHANISM_TYPE type);
const struct hash *hash_named(const char *name);
const struct hash *hash_of_mgf(CK_ULONG mgf);

#endif
