/* SPDX-License-Identifier: Apache-2.0 */
/* The parameter sets of ML-KEM, ML-DSA and SLH-DSA: what CKA_PARAMETER_SET of a key of such a type may be (FIPS 203, 204, 205). */
#ifndef COFFER_CK_PARAMETER_SET_H
#define COFFER_CK_PARAMETER_SET_H

#include <stdbool.h>

#include "base/span.h"
#include "ck/ck.h"

/* What a private key of the largest set takes: its value and seed, the public key, and that once more as CKA_PUBLIC_KEY_INFO. */
#define PARAMETER_SET_BYTES_MAX ((size_t)12 * 1024)

/* The public key beside the parts of a private one, on its way into an object that keeps it as CKA_PUBLIC_KEY_INFO only: no
 * attribute that anybody could see. */
#define CKA_COFFER_PUBLIC_VALUE (COFFER_VENDOR + 0xffffUL)

struct parameter_set {
	CK_KEY_TYPE key_type;
	CK_ULONG number;     /* CKP_... */
	const char *name;    /* OpenSSL's */
	size_t public_n, private_n;
	size_t seed_n;       /* CKA_SEED; 0: keys of that type have none */
	size_t out_n;        /* of a signature; of a ciphertext */
	struct span oid;     /* DER */
};

/* NULL when there is none. */
const struct parameter_set *parameter_set_find(CK_KEY_TYPE key_type, CK_ULONG number);
const struct parameter_set *parameter_set_of_oid(struct span oid);
size_t parameter_set_count(void);
const struct parameter_set *parameter_set_at(size_t index);
/* Do keys of that type have a CKA_PARAMETER_SET? */
bool parameter_set_applies(CK_KEY_TYPE key_type);

#endif
