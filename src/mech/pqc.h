/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ML-KEM, ML-DSA and SLH-DSA (FIPS 203, 204, 205) by OpenSSL 3.5 and later.  What the library has is found when the module is
 * initialised, by name: nothing here needs a header of that version, and with an older library the mechanisms are not there.
 */
#ifndef COFFER_MECH_PQC_H
#define COFFER_MECH_PQC_H

#include <openssl/types.h>

#include "ck/parameter_set.h"
#include "mech/mech.h"

/* Looks for each parameter set.  Leaves no error behind. */
void pqc_open(void);
void pqc_close(void);
bool pqc_has(const struct parameter_set *set);
/* Of a mechanism's row (mech_impl.available): any set of its key type. */
bool pqc_available(const struct mech *mech);

/* The set of a key that is in use; NULL when it is of none that is known. */
const struct parameter_set *pqc_set_of(const struct key_view *key);
/* The key as OpenSSL takes it, to be given back by keep_give(); NULL: it is none, or there is no memory. */
EVP_PKEY *pqc_take_private(struct vault_scope *scope, const struct key_view *key, struct keep_use *use);
/* Kept with the key (mech/prepared.h). */
EVP_PKEY *pqc_public_key(const struct key_view *key);

/* As mech_key_complete(): the seed or the value of a private key gives the other parts, both must belong together.  The public
 * key comes as CKA_COFFER_PUBLIC_VALUE.  PARAMETER_SET_NOT_SUPPORTED: the library does not have it. */
CK_RV pqc_complete(struct vault_scope *scope, const struct key_view *given, struct key_view *out);

#endif
