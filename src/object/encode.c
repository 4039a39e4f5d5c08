/* SPDX-License-Identifier: Apache-2.0 */
/* Points and public keys in the encodings that are in circulation. */
#include "base/der.h"
#include "object/object.h"

#define DER_UNCOMPRESSED 0x04

/* The content of a DER OCTET STRING or BIT STRING that is all of `given`. */
static bool unwrapped(struct span given, struct span *content)
{
	struct span rest = given;

	if (der_take(&rest, DER_OCTET_STRING, content) && rest.n == 0)
		return true;
	rest = given;
	return der_take_bits(&rest, content) && rest.n == 0;
}

static bool is_point(const struct curve *c, struct span p)
{
	return p.n == c->point && (c->key_type != CKK_EC || p.p[0] == DER_UNCOMPRESSED);
}

bool object_point_raw(const struct curve *curve, struct span given, struct span *raw)
{
	struct span content;

	if (curve == NULL)
		return false;
	if (is_point(curve, given))
		*raw = given;
	else if (unwrapped(given, &content) && is_point(curve, content))
		*raw = content;
	else
		return false;
	return true;
}

bool object_secret_length(CK_KEY_TYPE type, size_t n)
{
	switch (type) {
	case CKK_AES:
		return n == 16 || n == 24 || n == 32;
	case CKK_AES_XTS:
		return n == 32 || n == 64;
	case CKK_DES2:
		return n == 16;
	case CKK_DES3:
		return n == 24;
	case CKK_CHACHA20:
	case CKK_SALSA20:
	case CKK_POLY1305:
		return n == 32;
	default:
		return n > 0;
	}
}

CK_ULONG object_bits(struct span number)
{
	CK_ULONG n;

	while (number.n != 0 && number.p[0] == 0)
		number = span_skip(number, 1);
	if (number.n == 0)
		return 0;
	n = number.n * 8;
	for (uint8_t top = number.p[0]; (top & 0x80) == 0; top = (uint8_t)(top << 1))
		n--;
	return n;
}

static size_t finish(struct der_writer *w, struct mspan out)
{
	struct span written = der_written(w);

	if (w->failed)
		return 0;
	memmove(out.p, written.p, written.n);
	return written.n;
}

/* Around what was written so far, a public key: BIT STRING behind the AlgorithmIdentifier (RFC 5280 §4.1). */
static void put_bits(struct der_writer *w)
{
	der_put(w, span("", 1)); /* no unused bits */
	der_wrap(w, DER_BIT_STRING, w->room.n);
}

size_t object_spki(const struct curve *curve, struct span raw, struct mspan out)
{
	static const uint8_t ec_public_key[] = { 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
	struct der_writer w = der_writer_of(out);
	size_t before;

	if (curve == NULL || raw.n != curve->point)
		return 0;
	der_put(&w, raw);
	put_bits(&w);
	before = w.start;
	der_put(&w, curve->oid[0]);
	if (curve->key_type == CKK_EC)
		der_put(&w, SPAN_OF(ec_public_key));
	der_wrap(&w, DER_SEQUENCE, before);
	der_wrap(&w, DER_SEQUENCE, out.n);
	return finish(&w, out);
}

/* An unsigned big-endian number, which has no leading zero bytes. */
static void put_number(struct der_writer *w, struct span number)
{
	size_t before = w->start;

	der_put(w, number);
	if (number.n == 0 || (number.p[0] & 0x80) != 0)
		der_put(w, span("", 1));
	der_wrap(w, DER_INTEGER, before);
}

size_t object_spki_rsa(struct span modulus, struct span exponent, struct mspan out)
{
	static const uint8_t rsa_encryption[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
						  0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
	struct der_writer w = der_writer_of(out);

	put_number(&w, exponent);
	put_number(&w, modulus);
	der_wrap(&w, DER_SEQUENCE, out.n);
	put_bits(&w);
	der_put(&w, SPAN_OF(rsa_encryption));
	der_wrap(&w, DER_SEQUENCE, out.n);
	return finish(&w, out);
}

size_t object_spki_set(const struct parameter_set *set, struct span value, struct mspan out)
{
	struct der_writer w = der_writer_of(out);
	size_t before;

	der_put(&w, value);
	put_bits(&w);
	before = w.start;
	der_put(&w, set->oid);
	der_wrap(&w, DER_SEQUENCE, before);
	der_wrap(&w, DER_SEQUENCE, out.n);
	return finish(&w, out);
}
