/* SPDX-License-Identifier: Apache-2.0 */
#include "ck/curve.h"

#define DER_PRINTABLE_STRING 0x13

#define OID(...) { (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }) }
#define BRAINPOOL(last) OID(0x06, 0x09, 0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, last)
#define DER(...) { __VA_ARGS__ }
#define CURVE(key_type, bits, point, scalar, library, oid, ...) \
	{ key_type, bits, point, scalar, library, oid, { __VA_ARGS__ } },

static const struct curve curves[] = {
#include "ck/curves.def"
};

#define CURVES (sizeof(curves) / sizeof(curves[0]))

/* Of a printable string. */
static bool is_name(struct span der, const char *name)
{
	size_t n = strlen(name);

	return der.n == n + 2 && der.p[1] == n && memcmp(der.p + 2, name, n) == 0;
}

/* `der` is not empty. */
static bool names(const struct curve *c, struct span der)
{
	for (size_t i = 0; i < CURVE_OIDS; i++)
		if (span_eq(der, c->oid[i]))
			return true;
	if (der.p[0] != DER_PRINTABLE_STRING)
		return false;
	for (size_t i = 0; i < CURVE_NAMES && c->name[i] != NULL; i++)
		if (is_name(der, c->name[i]))
			return true;
	return false;
}

const struct curve *curve_find(struct span ec_params)
{
	for (size_t i = 0; ec_params.n != 0 && i < CURVES; i++)
		if (names(&curves[i], ec_params))
			return &curves[i];
	return NULL;
}

size_t curve_count(void)
{
	return CURVES;
}

const struct curve *curve_at(size_t index)
{
	return index < CURVES ? &curves[index] : NULL;
}

const struct curve *curve_sized(CK_KEY_TYPE key_type, CK_ULONG bits)
{
	if (key_type == CKK_EC)
		return NULL;
	for (size_t i = 0; i < CURVES; i++)
		if (curves[i].key_type == key_type && curves[i].bits == bits)
			return &curves[i];
	return NULL;
}
