/* SPDX-License-Identifier: Apache-2.0 */
#include "object/keyinfo.h"

#include "base/der.h"
#include "base/error.h"

/* What both structures consist of. */
struct info {
	struct span oid;    /* of the algorithm, tag and length included */
	struct span params; /* behind it */
	struct span key;    /* content of privateKey, or the bits of subjectPublicKey */
	struct span point;  /* publicKey of RFC 5958; empty when there is none */
};

static CK_RV refuse(CK_RV rv, const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "the key %s", why), "the return value is the answer");
	return rv;
}

static CK_RV malformed(const char *what)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "the key is damaged, or is no %s", what),
		  "the return value is the answer");
	return CKR_DATA_INVALID;
}

/* ---- curves ---- */

CK_RV keyinfo_curve_key(const struct curve *curve, struct span value, struct span point,
			struct attrs_writer *out)
{
	if (curve == NULL || (value.n != 0 && value.n != curve->scalar) ||
	    (point.n != 0 && point.n != curve->point))
		return malformed("key of its curve's size");
	if (value.n != 0)
		attrs_write(out, CKA_VALUE, value);
	attrs_write_ulong(out, CKA_KEY_TYPE, curve->key_type);
	attrs_write(out, CKA_EC_PARAMS, curve->oid[0]);
	if (point.n != 0)
		attrs_write(out, CKA_EC_POINT, point);
	return out->failed;
}

static CK_RV curve_to_write(struct attrs key, struct span *value, const struct curve **curve)
{
	struct span params;

	if (!attrs_find(key, CKA_VALUE, value) || !attrs_find(key, CKA_EC_PARAMS, &params))
		return CKR_GENERAL_ERROR;
	*curve = curve_find(params);
	return *curve != NULL ? CKR_OK :
				refuse(CKR_KEY_TYPE_INCONSISTENT, "is on a curve that has no standard form");
}

/* RFC 8410: Edwards and Montgomery; the algorithm is the curve. */

static bool curve_names(CK_KEY_TYPE type, const struct info *info)
{
	const struct curve *curve = curve_find(info->oid);

	return curve != NULL && curve->key_type == type;
}

static CK_RV curve_read_private(struct vault_scope *scope, const struct info *info,
				struct attrs_writer *out)
{
	struct span rest = info->key, value;

	(void)scope;
	/* CurvePrivateKey ::= OCTET STRING, within the OCTET STRING of privateKey */
	if (!der_take(&rest, DER_OCTET_STRING, &value) || rest.n != 0 || value.n == 0 ||
	    info->params.n != 0)
		return malformed("PrivateKeyInfo");
	return keyinfo_curve_key(curve_find(info->oid), value, info->point, out);
}

static CK_RV curve_read_public(const struct info *info, struct attrs_writer *out)
{
	if (info->params.n != 0 || info->key.n == 0)
		return malformed("SubjectPublicKeyInfo");
	return keyinfo_curve_key(curve_find(info->oid), SPAN_EMPTY, info->key, out);
}

static CK_RV curve_write_private(struct vault_scope *scope, struct attrs key, struct der_writer *w)
{
	size_t end = w->start;
	const struct curve *curve;
	struct span value;
	CK_RV rv = curve_to_write(key, &value, &curve);

	(void)scope;
	if (rv != CKR_OK)
		return rv;
	der_put_element(w, DER_OCTET_STRING, value);
	der_wrap(w, DER_OCTET_STRING, end);
	end = w->start;
	der_put(w, curve->oid[0]);
	der_wrap(w, DER_SEQUENCE, end);
	return CKR_OK;
}

/* RFC 5915, RFC 5480: Weierstrass; the curve is the algorithm's parameter. */

static const uint8_t ec_public_key[] = { 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };

static bool ec_names(CK_KEY_TYPE type, const struct info *info)
{
	return type == CKK_EC && span_eq(info->oid, SPAN_OF(ec_public_key));
}

/* The curve of either place; where both are there they are the same. */
static const struct curve *ec_curve_of(struct span outer, struct span inner)
{
	const struct curve *curve = curve_find(outer.n != 0 ? outer : inner);

	if (curve == NULL || curve->key_type != CKK_EC ||
	    (outer.n != 0 && inner.n != 0 && curve_find(inner) != curve))
		return NULL;
	return curve;
}

/* ECPrivateKey ::= SEQUENCE { 1, OCTET STRING, [0] parameters OPTIONAL, [1] BIT STRING OPTIONAL } */
static CK_RV ec_read_private(struct vault_scope *scope, const struct info *info,
			     struct attrs_writer *out)
{
	struct span rest = info->key, body, value, inner = SPAN_EMPTY, bits, point = SPAN_EMPTY;
	const struct curve *curve;
	uint64_t version;

	(void)scope;
	if (!der_take(&rest, DER_SEQUENCE, &body) || rest.n != 0 || !der_take_uint(&body, &version) ||
	    version != 1 || !der_take(&body, DER_OCTET_STRING, &value))
		return malformed("ECPrivateKey");
	if (der_next_is(body, DER_CONTEXT_CONSTRUCTED(0)) &&
	    !der_take(&body, DER_CONTEXT_CONSTRUCTED(0), &inner))
		return malformed("ECPrivateKey");
	if (der_take(&body, DER_CONTEXT_CONSTRUCTED(1), &bits) &&
	    (!der_take_bits(&bits, &point) || bits.n != 0))
		return malformed("ECPrivateKey");
	if (body.n != 0)
		return malformed("ECPrivateKey");
	curve = ec_curve_of(info->params, inner);
	if (curve == NULL)
		return refuse(CKR_KEY_TYPE_INCONSISTENT, "is on a curve that is not known by name");
	return keyinfo_curve_key(curve, value, point.n == curve->point ? point : SPAN_EMPTY, out);
}

static CK_RV ec_read_public(const struct info *info, struct attrs_writer *out)
{
	const struct curve *curve = ec_curve_of(info->params, SPAN_EMPTY);

	if (curve == NULL)
		return refuse(CKR_KEY_TYPE_INCONSISTENT, "is on a curve that is not known by name");
	return keyinfo_curve_key(curve, SPAN_EMPTY, info->key, out);
}

static CK_RV ec_write_private(struct vault_scope *scope, struct attrs key, struct der_writer *w)
{
	size_t end = w->start;
	const struct curve *curve;
	struct span value, point;
	CK_RV rv = curve_to_write(key, &value, &curve);

	(void)scope;
	if (rv != CKR_OK)
		return rv;
	if (attrs_find(key, CKA_EC_POINT, &point)) {
		der_put(w, point);
		der_put(w, span("", 1));
		der_wrap(w, DER_BIT_STRING, end);
		der_wrap(w, DER_CONTEXT_CONSTRUCTED(1), end);
	}
	der_put_element(w, DER_OCTET_STRING, value);
	der_put_uint(w, 1);
	der_wrap(w, DER_SEQUENCE, end);
	der_wrap(w, DER_OCTET_STRING, end);
	end = w->start;
	der_put(w, curve->oid[0]);
	der_put(w, SPAN_OF(ec_public_key));
	der_wrap(w, DER_SEQUENCE, end);
	return CKR_OK;
}

/* ---- RSA: RFC 8017, A.1 ---- */

static const uint8_t rsa_encryption[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01 };
static const uint8_t rsa_params[] = { DER_NULL, 0 };

/* In the order of RSAPrivateKey, of which RSAPublicKey is the beginning, and in ascending order of type. */
static const CK_ATTRIBUTE_TYPE rsa_numbers[] = { CKA_MODULUS,	  CKA_PUBLIC_EXPONENT, CKA_PRIVATE_EXPONENT, CKA_PRIME_1,
						 CKA_PRIME_2,	  CKA_EXPONENT_1,      CKA_EXPONENT_2,	     CKA_COEFFICIENT };
#define RSA_NUMBERS (sizeof(rsa_numbers) / sizeof(rsa_numbers[0]))

static bool rsa_names(CK_KEY_TYPE type, const struct info *info)
{
	return type == CKK_RSA && span_eq(info->oid, SPAN_OF(rsa_encryption));
}

/* A positive INTEGER without its sign byte. */
static bool take_number(struct span *in, struct span *number)
{
	if (!der_take(in, DER_INTEGER, number) || number->n == 0 || (number->p[0] & 0x80) != 0)
		return false;
	if (number->n > 1 && number->p[0] == 0)
		*number = span_skip(*number, 1);
	return true;
}

static CK_RV rsa_read(struct span body, size_t count, struct attrs_writer *out)
{
	attrs_write_ulong(out, CKA_KEY_TYPE, CKK_RSA);
	for (size_t i = 0; i < count; i++) {
		struct span number;

		if (!take_number(&body, &number))
			return malformed("RSA key");
		attrs_write(out, rsa_numbers[i], number);
	}
	return body.n == 0 ? out->failed : malformed("RSA key of two primes");
}

static bool rsa_params_fit(const struct info *info)
{
	return info->params.n == 0 || span_eq(info->params, SPAN_OF(rsa_params));
}

static CK_RV rsa_read_private(struct vault_scope *scope, const struct info *info, struct attrs_writer *out)
{
	struct span rest = info->key, body;
	uint64_t version;

	(void)scope;
	if (!rsa_params_fit(info) || !der_take(&rest, DER_SEQUENCE, &body) || rest.n != 0 ||
	    !der_take_uint(&body, &version) || version != 0)
		return malformed("RSAPrivateKey");
	return rsa_read(body, RSA_NUMBERS, out);
}

static CK_RV rsa_read_public(const struct info *info, struct attrs_writer *out)
{
	struct span rest = info->key, body;

	if (!rsa_params_fit(info) || !der_take(&rest, DER_SEQUENCE, &body) || rest.n != 0)
		return malformed("RSAPublicKey");
	return rsa_read(body, 2, out);
}

static void put_number(struct der_writer *w, struct span number)
{
	size_t end = w->start;

	der_put(w, number);
	if (number.n == 0 || (number.p[0] & 0x80) != 0)
		der_put(w, span("", 1));
	der_wrap(w, DER_INTEGER, end);
}

static CK_RV rsa_write_private(struct vault_scope *scope, struct attrs key, struct der_writer *w)
{
	size_t end = w->start;

	(void)scope;
	for (size_t i = RSA_NUMBERS; i-- > 0;) {
		struct span number;

		if (!attrs_find(key, rsa_numbers[i], &number))
			return refuse(CKR_KEY_TYPE_INCONSISTENT, "came without its primes, which its standard form needs");
		put_number(w, number);
	}
	der_put_uint(w, 0);
	der_wrap(w, DER_SEQUENCE, end);
	der_wrap(w, DER_OCTET_STRING, end);
	end = w->start;
	der_put(w, SPAN_OF(rsa_params));
	der_put(w, SPAN_OF(rsa_encryption));
	der_wrap(w, DER_SEQUENCE, end);
	return CKR_OK;
}

/* ---- Diffie-Hellman: PKCS #3 §9; both values are an INTEGER, the group is the algorithm's parameter ---- */

static const uint8_t dh_key_agreement[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x03, 0x01 };

static bool dh_names(CK_KEY_TYPE type, const struct info *info)
{
	return type == CKK_DH && span_eq(info->oid, SPAN_OF(dh_key_agreement));
}

/* DHParameter ::= SEQUENCE { prime INTEGER, base INTEGER, privateValueLength INTEGER OPTIONAL } */
static CK_RV dh_read(const struct info *info, struct attrs_writer *out)
{
	struct span params = info->params, key = info->key, body, prime, base, value;
	uint64_t length;

	if (!der_take(&params, DER_SEQUENCE, &body) || params.n != 0 || !take_number(&body, &prime) || !take_number(&body, &base) ||
	    (body.n != 0 && !der_take_uint(&body, &length)) || body.n != 0 || !take_number(&key, &value) || key.n != 0)
		return malformed("Diffie-Hellman key");
	attrs_write(out, CKA_VALUE, value);
	attrs_write_ulong(out, CKA_KEY_TYPE, CKK_DH);
	attrs_write(out, CKA_PRIME, prime);
	attrs_write(out, CKA_BASE, base);
	return out->failed;
}

static CK_RV dh_read_private(struct vault_scope *scope, const struct info *info, struct attrs_writer *out)
{
	(void)scope;
	return dh_read(info, out);
}

static CK_RV dh_write_private(struct vault_scope *scope, struct attrs key, struct der_writer *w)
{
	size_t end = w->start;
	struct span value, prime, base;

	(void)scope;
	if (!attrs_find(key, CKA_VALUE, &value) || !attrs_find(key, CKA_PRIME, &prime) || !attrs_find(key, CKA_BASE, &base))
		return CKR_GENERAL_ERROR;
	put_number(w, value);
	der_wrap(w, DER_OCTET_STRING, end);
	end = w->start;
	put_number(w, base);
	put_number(w, prime);
	der_wrap(w, DER_SEQUENCE, end);
	der_put(w, SPAN_OF(dh_key_agreement));
	der_wrap(w, DER_SEQUENCE, end);
	return CKR_OK;
}

/* ---- ML-KEM (RFC 9935), ML-DSA (RFC 9881), SLH-DSA (RFC 9909): the algorithm is the parameter set ---- */

static bool set_names(CK_KEY_TYPE type, const struct info *info)
{
	const struct parameter_set *set = parameter_set_of_oid(info->oid);

	return set != NULL && set->key_type == type;
}

static CK_RV set_key(const struct parameter_set *set, struct span value, struct span seed, struct span point, struct attrs_writer *out)
{
	if (value.n != 0)
		attrs_write(out, CKA_VALUE, value);
	attrs_write_ulong(out, CKA_KEY_TYPE, set->key_type);
	attrs_write_ulong(out, CKA_PARAMETER_SET, set->number);
	if (seed.n != 0)
		attrs_write(out, CKA_SEED, seed);
	if (point.n != 0)
		attrs_write(out, CKA_COFFER_PUBLIC_VALUE, point);
	return out->failed;
}

/* CHOICE { seed [0] OCTET STRING, expandedKey OCTET STRING, both SEQUENCE { OCTET STRING, OCTET STRING } } */
static bool take_set_private(struct span in, struct span *value, struct span *seed)
{
	struct span both;

	if (der_take(&in, DER_CONTEXT(0), seed) || der_take(&in, DER_OCTET_STRING, value))
		return in.n == 0;
	return der_take(&in, DER_SEQUENCE, &both) && in.n == 0 && der_take(&both, DER_OCTET_STRING, seed) &&
	       der_take(&both, DER_OCTET_STRING, value) && both.n == 0;
}

static CK_RV set_read_private(struct vault_scope *scope, const struct info *info, struct attrs_writer *out)
{
	const struct parameter_set *set = parameter_set_of_oid(info->oid);
	struct span value = SPAN_EMPTY, seed = SPAN_EMPTY;

	(void)scope;
	if (set->seed_n == 0)
		value = info->key;
	else if (!take_set_private(info->key, &value, &seed))
		return malformed("PrivateKeyInfo");
	if (info->params.n != 0 || (value.n == 0 && seed.n == 0))
		return malformed("PrivateKeyInfo");
	return set_key(set, value, seed, info->point, out);
}

static CK_RV set_read_public(const struct info *info, struct attrs_writer *out)
{
	if (info->params.n != 0 || info->key.n == 0)
		return malformed("SubjectPublicKeyInfo");
	return set_key(parameter_set_of_oid(info->oid), info->key, SPAN_EMPTY, SPAN_EMPTY, out);
}

/* Seed and value where both are known: every reader takes one of them. */
static CK_RV set_write_private(struct vault_scope *scope, struct attrs key, struct der_writer *w)
{
	CK_KEY_TYPE type = attrs_ulong(key, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
	const struct parameter_set *set = parameter_set_find(type, attrs_ulong(key, CKA_PARAMETER_SET, 0));
	size_t end = w->start;
	struct span value, seed;

	(void)scope;
	if (set == NULL || !attrs_find(key, CKA_VALUE, &value))
		return CKR_GENERAL_ERROR;
	if (set->seed_n == 0)
		der_put(w, value);
	else
		der_put_element(w, DER_OCTET_STRING, value);
	if (attrs_find(key, CKA_SEED, &seed)) {
		der_put_element(w, DER_OCTET_STRING, seed);
		der_wrap(w, DER_SEQUENCE, end);
	}
	der_wrap(w, DER_OCTET_STRING, end);
	end = w->start;
	der_put(w, set->oid);
	der_wrap(w, DER_SEQUENCE, end);
	return CKR_OK;
}

/* ---- the families ---- */

static const struct family {
	CK_KEY_TYPE type;
	/* Is it this algorithm? */
	bool (*names)(CK_KEY_TYPE type, const struct info *info);
	CK_RV (*read_private)(struct vault_scope *scope, const struct info *info,
			      struct attrs_writer *out);
	CK_RV (*read_public)(const struct info *info, struct attrs_writer *out);
	/* privateKeyAlgorithm and privateKey. */
	CK_RV (*write_private)(struct vault_scope *scope, struct attrs key, struct der_writer *w);
} families[] = {
	{ CKK_EC_EDWARDS, curve_names, curve_read_private, curve_read_public, curve_write_private },
	{ CKK_EC_MONTGOMERY, curve_names, curve_read_private, curve_read_public, curve_write_private },
	{ CKK_EC, ec_names, ec_read_private, ec_read_public, ec_write_private },
	{ CKK_RSA, rsa_names, rsa_read_private, rsa_read_public, rsa_write_private },
	{ CKK_ML_KEM, set_names, set_read_private, set_read_public, set_write_private },
	{ CKK_ML_DSA, set_names, set_read_private, set_read_public, set_write_private },
	{ CKK_SLH_DSA, set_names, set_read_private, set_read_public, set_write_private },
	{ CKK_DH, dh_names, dh_read_private, dh_read, dh_write_private },
};

#define FAMILIES (sizeof(families) / sizeof(families[0]))

static CK_RV family_of(const struct info *info, const struct family **out)
{
	for (size_t i = 0; i < FAMILIES; i++) {
		if (families[i].names(families[i].type, info)) {
			*out = &families[i];
			return CKR_OK;
		}
	}
	return refuse(CKR_KEY_TYPE_INCONSISTENT, "is of a type that cannot be imported");
}

/* ---- the structures ---- */

static bool take_algorithm(struct span *in, struct info *info)
{
	return der_take(in, DER_SEQUENCE, &info->params) &&
	       der_take_whole(&info->params, DER_OID, &info->oid);
}

/* publicKey [1] BIT STRING: implicit (RFC 5958), or explicit, as some programs write it. */
static bool take_point(struct span *in, struct info *info)
{
	struct span bits;

	info->point = SPAN_EMPTY;
	if (der_take(in, DER_CONTEXT(1), &bits)) {
		info->point = span_skip(bits, 1);
		return bits.n > 1 && bits.p[0] == 0;
	}
	if (der_take(in, DER_CONTEXT_CONSTRUCTED(1), &bits))
		return der_take_bits(&bits, &info->point) && bits.n == 0;
	return true;
}

static bool take_private(struct span der, struct info *info)
{
	struct span body, attributes;
	uint64_t version;

	if (!der_take(&der, DER_SEQUENCE, &body) || der.n != 0 || !der_take_uint(&body, &version) ||
	    version > 1 || !take_algorithm(&body, info) ||
	    !der_take(&body, DER_OCTET_STRING, &info->key))
		return false;
	/* Names and the like that PKCS#11 has no place for. */
	if (der_next_is(body, DER_CONTEXT_CONSTRUCTED(0)) &&
	    !der_take(&body, DER_CONTEXT_CONSTRUCTED(0), &attributes))
		return false;
	return take_point(&body, info) && body.n == 0;
}

CK_RV keyinfo_read_private(struct vault_scope *scope, struct span der, struct attrs_writer *out)
{
	const struct family *family;
	struct info info;
	CK_RV rv;

	if (!take_private(der, &info))
		return malformed("PrivateKeyInfo");
	rv = family_of(&info, &family);
	return rv == CKR_OK ? family->read_private(scope, &info, out) : rv;
}

CK_RV keyinfo_read_public(struct span der, struct attrs_writer *out)
{
	const struct family *family;
	struct span body;
	struct info info = { 0 };
	CK_RV rv;

	if (!der_take(&der, DER_SEQUENCE, &body) || der.n != 0 || !take_algorithm(&body, &info) ||
	    !der_take_bits(&body, &info.key) || body.n != 0)
		return malformed("SubjectPublicKeyInfo");
	rv = family_of(&info, &family);
	return rv == CKR_OK ? family->read_public(&info, out) : rv;
}

CK_RV keyinfo_write_private(struct vault_scope *scope, struct attrs key, struct mspan room,
			    struct span *der)
{
	CK_KEY_TYPE type = attrs_ulong(key, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
	struct der_writer w = der_writer_of(room);
	CK_RV rv;

	for (size_t i = 0; i < FAMILIES; i++) {
		if (families[i].type != type)
			continue;
		rv = families[i].write_private(scope, key, &w);
		if (rv != CKR_OK)
			return rv;
		der_put_uint(&w, 0); /* version 1: every reader knows it */
		der_wrap(&w, DER_SEQUENCE, room.n);
		*der = der_written(&w);
		return w.failed ? CKR_DEVICE_MEMORY : CKR_OK;
	}
	return refuse(CKR_KEY_TYPE_INCONSISTENT, "is of a type that cannot be exported");
}
