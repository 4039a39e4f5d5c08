/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The curves that keys may be of, by their name in CKA_EC_PARAMS: an object identifier or a
 * PrintableString (PKCS#11 3.0 §6.3).  Explicit parameters are not in the list: a curve that
 * somebody writes out himself is a way to make others compute on a weak one.
 */
#ifndef COFFER_CK_CURVE_H
#define COFFER_CK_CURVE_H

#include "base/span.h"
#include "ck/ck.h"

#define CURVE_POINT_MAX 133
#define CURVE_SCALAR_MAX 66
#define CURVE_NAMES 3
#define CURVE_OIDS 3

struct curve {
	CK_KEY_TYPE key_type;
	CK_ULONG bits;       /* of the field, as CK_MECHANISM_INFO counts them */
	size_t point;        /* bytes of a public point */
	size_t scalar;       /* bytes of a private value, and of the order of the base point */
	const char *library; /* OpenSSL's name */
	struct span oid[CURVE_OIDS]; /* DER; [0] is the one to write */
	const char *name[CURVE_NAMES]; /* as PrintableString; NULL: no more */
};

/* NULL when the DER value names none of them. */
const struct curve *curve_find(struct span ec_params);
size_t curve_count(void);
const struct curve *curve_at(size_t index);
/* The curve of that type and size; NULL when there is none (or more than one: CKK_EC). */
const struct curve *curve_sized(CK_KEY_TYPE key_type, CK_ULONG bits);

#endif
