/* SPDX-License-Identifier: Apache-2.0 */
/* The families that table.def points at. Used in this room only. */
#ifndef COFFER_MECH_FAMILIES_H
#define COFFER_MECH_FAMILIES_H

#include <openssl/types.h>

#include "mech/mech.h"

extern const struct mech_impl mech_digest;          /* digest.c, by OpenSSL; variant: its name there */
extern const struct mech_impl mech_eddsa;           /* eddsa.c, by libsodium */
extern const struct mech_impl mech_eddsa_generate;

/* params.c: parsers of mechanism parameters. */
CK_RV params_none(const CK_MECHANISM *given, union mech_params *out);
CK_RV params_eddsa(const CK_MECHANISM *given, union mech_params *out);

/* ossl.c: a library context of our own, so that the host's OpenSSL is not touched. */
CK_RV ossl_open(void);
void ossl_close(void);
/* Fetched once. NULL when the library does not have it. */
const EVP_MD *ossl_digest(const char *name);
const EVP_CIPHER *ossl_cipher(const char *name);
EVP_KDF *ossl_pbkdf2(void);

#endif
