/* SPDX-License-Identifier: Apache-2.0 */
/* Curves, points and public keys in the encodings that are in circulation. */
#include "object/object.h"

#include "base/der.h"

static const struct curve {
	enum object_curve curve;
	size_t point;           /* bytes of a raw point */
	const char *names[3];   /* PrintableString: RFC 8032's and RFC 8410's names */
	uint8_t oid[2][12];     /* DER: RFC 8410, and what GnuPG and old OpenSC use */
	uint8_t oid_n[2];
} curves[] = {
	{ CURVE_ED25519, 32, { "edwards25519", "Ed25519", "id-Ed25519" },
	  { { 0x06, 0x03, 0x2b, 0x65, 0x70 },
	    { 0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01 } }, { 5, 11 } },
	{ CURVE_ED448, 57, { "edwards448", "Ed448", "id-Ed448" }, { { 0x06, 0x03, 0x2b, 0x65, 0x71 } }, { 5, 0 } },
	{ CURVE_X25519, 32, { "curve25519", "X25519", "id-X25519" },
	  { { 0x06, 0x03, 0x2b, 0x65, 0x6e },
	    { 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01 } }, { 5, 12 } },
	{ CURVE_X448, 56, { "curve448", "X448", "id-X448" }, { { 0x06, 0x03, 0x2b, 0x65, 0x6f } }, { 5, 0 } },
};

#define CURVES (sizeof(curves) / sizeof(curves[0]))

static bool is_name(struct span der, const char *name)
{
	size_t n = strlen(name);

	return der.n == n + 2 && der.p[0] == DER_PRINTABLE_STRING && der.p[1] == n && memcmp(der.p + 2, name, n) == 0;
}

static bool names_curve(const struct curve *c, struct span der)
{
	for (size_t i = 0; i < 2; i++)
		if (c->oid_n[i] != 0 && span_eq(der, span(c->oid[i], c->oid_n[i])))
			return true;
	for (size_t i = 0; i < 3; i++)
		if (is_name(der, c->names[i]))
			return true;
	return false;
}

enum object_curve object_curve_of(struct span ec_params)
{
	for (size_t i = 0; i < CURVES; i++)
		if (names_curve(&curves[i], ec_params))
			return curves[i].curve;
	return CURVE_UNKNOWN;
}

static const struct curve *curve_row(enum object_curve curve)
{
	for (size_t i = 0; i < CURVES; i++)
		if (curves[i].curve == curve)
			return &curves[i];
	return NULL;
}

size_t object_curve_size(enum object_curve curve)
{
	const struct curve *c = curve_row(curve);

	return c == NULL ? 0 : c->point;
}

struct span object_curve_oid(enum object_curve curve)
{
	const struct curve *c = curve_row(curve);

	return c == NULL ? SPAN_EMPTY : span(c->oid[0], c->oid_n[0]);
}

bool object_point_raw(enum object_curve curve, struct span given, struct span *raw)
{
	const struct curve *c = curve_row(curve);

	if (c == NULL)
		return false;
	if (given.n == c->point) {
		*raw = given;
		return true;
	}
	if (given.n == c->point + 2 && given.p[0] == DER_OCTET_STRING && given.p[1] == c->point) {
		*raw = span_skip(given, 2);
		return true;
	}
	if (given.n == c->point + 3 && given.p[0] == DER_BIT_STRING && given.p[1] == c->point + 1 && given.p[2] == 0) {
		*raw = span_skip(given, 3);
		return true;
	}
	return false;
}

size_t object_spki(enum object_curve curve, struct span raw, struct mspan out)
{
	/* SEQUENCE { SEQUENCE { OID }, BIT STRING { point } } */
	const struct curve *c = curve_row(curve);
	uint8_t head[12];
	size_t n;

	if (c == NULL || raw.n != c->point || out.n < sizeof(head) + raw.n)
		return 0;
	n = raw.n;
	head[0] = 0x30;
	head[1] = (uint8_t)(n + 10);
	head[2] = 0x30;
	head[3] = c->oid_n[0];
	bytes_copy(head + 4, c->oid[0], 5);
	head[9] = DER_BIT_STRING;
	head[10] = (uint8_t)(n + 1);
	head[11] = 0;
	bytes_copy(out.p, head, sizeof(head));
	bytes_copy(out.p + sizeof(head), raw.p, n);
	return sizeof(head) + n;
}
