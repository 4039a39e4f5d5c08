/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an object is: which attributes it must, may and must not have, who sets
 * them, who may read and change them.  All of it is read from policy.def, which
 * follows the specification's tables row by row with their footnote numbers.
 *
 * Functions that can see a private object's values take the scope first; for a public
 * object the caller passes the scope too when it is in one, else NULL.
 */
#ifndef COFFER_OBJECT_OBJECT_H
#define COFFER_OBJECT_OBJECT_H

#include "ck/ck.h"
#include "ck/curve.h"
#include "ck/parameter_set.h"
#include "object/template.h"
#include "vault/scope.h"

struct policy;

enum object_use {
	OBJECT_CREATE,   /* C_CreateObject */
	OBJECT_GENERATE, /* C_GenerateKey(Pair) */
	OBJECT_DERIVE,
	OBJECT_UNWRAP,
};

/* What a template says of the object to be, before anything is built. */
struct object_head {
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE key_type;   /* CK_UNAVAILABLE_INFORMATION when it is no key */
	bool is_token;
	bool is_private;        /* CKA_PRIVATE */
	bool is_sealed;         /* kept sealed: private objects, and every private or secret key whatever CKA_PRIVATE says */
	CK_ULONG certificate_type;
	const struct policy *policy; /* what it consists of */
	size_t room;            /* enough bytes for the encoding with `given_bytes` of computed values */
};

/* `class_opt`/`key_type_opt` come from the mechanism when a key is generated (CK_UNAVAILABLE_INFORMATION: from the
 * template).  TEMPLATE_INCOMPLETE, TEMPLATE_INCONSISTENT (the template says otherwise; a type given twice with two values), ATTRIBUTE_TYPE_INVALID,
 * ATTRIBUTE_VALUE_INVALID (sizes, booleans not 0/1, NULL with a length). */
CK_RV object_head(enum object_use use, struct template t, CK_OBJECT_CLASS class_opt, CK_KEY_TYPE key_type_opt,
		  size_t given_bytes, struct object_head *out);

#define OBJECT_ID_SIZE 16

struct object_request {
	enum object_use use;
	struct object_head head;
	struct template template;
	const struct attr *given;        /* computed by us: CKA_VALUE, CKA_EC_POINT, CKA_PUBLIC_KEY_INFO ... any order */
	size_t given_count;
	CK_MECHANISM_TYPE gen_mechanism; /* CKA_KEY_GEN_MECHANISM, or CK_UNAVAILABLE_INFORMATION */
	bool by_so;                      /* the SO is logged in: may set CKA_TRUSTED */
	/* OBJECT_DERIVE, OBJECT_UNWRAP: what the key that it comes from says. */
	struct span forced;              /* CKA_DERIVE_TEMPLATE, CKA_UNWRAP_TEMPLATE, CKA_DECAPSULATE_TEMPLATE, as in the encoding: must hold of the new key */
	struct span admitted;            /* CKA_ENCAPSULATE_TEMPLATE: what does not match it is not made; p NULL: there is none */
	bool from_always_sensitive, from_never_extractable;
	bool stays_sensitive, stays_inside; /* SENSITIVE must be true, EXTRACTABLE false */
	uint8_t unique_id[OBJECT_ID_SIZE]; /* random; becomes CKA_UNIQUE_ID, as a UUID string */
};

/* Builds the whole encoding: template, computed values, defaults, rules between attributes (ALWAYS_SENSITIVE, NEVER_EXTRACTABLE,
 * LOCAL, CHECK_VALUE, PUBLIC_KEY_INFO). For an imported Ed25519 private key the caller has put the public point in `given`.
 * CKR as object_head and ATTRIBUTE_READ_ONLY, TEMPLATE_INCOMPLETE, CURVE_NOT_SUPPORTED, DOMAIN_PARAMS_INVALID, KEY_HANDLE_INVALID
 * (`admitted`). */
CK_RV object_build(struct vault_scope *scope, const struct object_request *request, struct attrs_writer *out);

/* C_SetAttributeValue and C_CopyObject: the old encoding with the template's changes.  The head of the copy
 * (token, private) is in *head when `copy`. ATTRIBUTE_READ_ONLY, ACTION_PROHIBITED, TEMPLATE_INCONSISTENT ... */
CK_RV object_change(struct vault_scope *scope, struct attrs old, struct template t, bool copy, bool by_so,
		    const uint8_t unique_id[OBJECT_ID_SIZE], struct attrs_writer *out);
/* How the copy will be kept, from the old object and the template, before it is built. */
CK_RV object_copy_head(struct vault_scope *scope, struct attrs old, struct template t, struct object_head *head);

/* How CKA_EC_POINT is shown (design: by the interface through which the call came). */
enum object_form { OBJECT_FORM_DER, OBJECT_FORM_RAW };

/* C_GetAttributeValue with all its rules (per-attribute lengths, SENSITIVE, TYPE_INVALID, BUFFER_TOO_SMALL, arrays). */
CK_RV object_get(struct vault_scope *scope, struct attrs a, enum object_form form, CK_ATTRIBUTE *out, CK_ULONG count);

/* Does the object carry every attribute of the template with that value?  An EC_POINT matches in every encoding.
 * A sensitive value never matches (no oracle). */
bool object_matches(struct vault_scope *scope, struct attrs a, struct template t);

/* Attributes that are search terms (a flag on the row), most selective first.  At most OBJECT_TERMS_MAX. Values are canonical. */
#define OBJECT_TERMS_MAX 16
size_t object_terms(struct vault_scope *scope, struct attrs a, struct attr *terms);
/* The template's search terms in canonical form, most selective first, at most 8; small values (CK_ULONG ...) are kept in `room`.
 * Attributes that are no search terms are skipped (object_matches looks at them). *impossible: a value that no object has. */
size_t object_template_terms(struct template t, struct attr *terms, struct mspan room, bool *impossible);

/* CKA_WRAP_TEMPLATE (§5.18.3): may this key be wrapped? */
bool object_admitted(struct vault_scope *scope, struct span wrap_template, struct attrs a);

/* C_GetObjectSize: what the object takes in the wallet. */
CK_ULONG object_size(struct attrs a);

/* ---- keys ---- */

/* Facts that token/keyuse.c keeps in clear while a wallet is unlocked: no label, ID or value. */
#define OBJECT_MECHANISMS_MAX 32
#define OBJECT_PREFIXES_MAX 128
struct object_usage {
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE key_type;
	CK_ULONG bits;
	CK_ULONG parameter_set;
	bool sign, sign_recover, verify, verify_recover, encrypt, decrypt, wrap, unwrap, derive, encapsulate, decapsulate;
	bool extractable, sensitive, always_authenticate;
	bool always_sensitive, never_extractable, trusted, local;
	bool mechanisms_limited;                          /* CKA_ALLOWED_MECHANISMS is there */
	CK_MECHANISM_TYPE mechanism[OBJECT_MECHANISMS_MAX];
	size_t mechanism_count;
	char start_date[8], end_date[8];                  /* "YYYYMMDD"; [0] == 0: none */
	uint8_t prefixes[OBJECT_PREFIXES_MAX];            /* CKA_COFFER_MESSAGE_PREFIXES */
	size_t prefixes_n;                                /* 0: any message */
};
/* CKR_KEY_HANDLE_INVALID when the object is no key. */
CK_RV object_usage_of(struct vault_scope *scope, struct attrs a, struct object_usage *out);

/* May a key with this CKA_COFFER_MESSAGE_PREFIXES sign the message?  It begins with one of the words. */
bool object_prefixes_allow(struct span list, struct span message);

/* The encoding of only those attributes that a mechanism needs (values, parameters, point); private ones in scope memory. */
CK_RV object_key_material(struct vault_scope *scope, struct attrs a, struct attrs_writer *out);

/* ---- encodings of keys (encode.c) ---- */

/* Does a secret key of that type have values of that length? */
bool object_secret_length(CK_KEY_TYPE type, size_t n);

/* How many bits an unsigned big-endian number has, leading zeros aside. */
CK_ULONG object_bits(struct span number);

/* Is CKA_EC_PARAMS the name of a curve for keys of that type?  *out is the curve.  CURVE_NOT_SUPPORTED: of another or an unknown one;
 * DOMAIN_PARAMS_INVALID: it is no name (explicit parameters, implicitlyCA). */
CK_RV object_curve_check(CK_KEY_TYPE key_type, struct span params, const struct curve **out);

/* The raw point (ck/curve.h) out of raw, OCTET STRING or BIT STRING; false when it is none of them for that curve, or
 * `curve` is NULL.  A compressed point is not taken here: mech/ makes it whole before. */
bool object_point_raw(const struct curve *curve, struct span given, struct span *raw);
/* SubjectPublicKeyInfo (RFC 5480, RFC 8410) of a raw point; its length, at most OBJECT_SPKI_CURVE_MAX; 0 when it does not fit. */
#define OBJECT_SPKI_CURVE_MAX (CURVE_POINT_MAX + 32)
size_t object_spki(const struct curve *curve, struct span raw, struct mspan out);
/* The same of an RSA key (RFC 3279 §2.3.1): numbers without leading zero bytes; at most both lengths and OBJECT_SPKI_RSA_MORE. */
#define OBJECT_SPKI_RSA_MORE 48
size_t object_spki_rsa(struct span modulus, struct span exponent, struct mspan out);

/* The same of a key with a parameter set (RFC 9881, RFC 9935, RFC 9909); `value` is its CKA_VALUE. */
#define OBJECT_SPKI_SET_MORE 48
size_t object_spki_set(const struct parameter_set *set, struct span value, struct mspan out);

#endif
