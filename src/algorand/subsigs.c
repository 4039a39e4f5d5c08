/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/subsigs.h"

#include <sodium.h>

#include "algorand/pack.h"
#include "base/error.h"

void subsigs_new(struct subsigs *s, const struct multisig *account)
{
	memset(s, 0, sizeof(*s));
	bytes_copy(s->key, account->keys.p, account->keys.n);
	s->account = *account;
	s->account.keys = span(s->key, account->keys.n);
}

static struct cf_status malformed(void)
{
	return error_set(CF_STATUS(CORRUPT), "the multisig signature is cut short, or none");
}

/* {pk, s?} */
static bool take_one(struct unpack *u, struct subsigs *s, size_t i)
{
	uint64_t pairs = unpack_expect(u, PACK_MAP).number;
	bool has_key = false;

	for (uint64_t k = 0; k < pairs && !u->failed; k++) {
		struct span name = unpack_expect(u, PACK_STR).bytes;
		struct span value = unpack_expect(u, PACK_BIN).bytes;

		if (span_eq(name, span_str("pk")) && value.n == ADDRESS_SIZE && !has_key) {
			memcpy(s->key + i * ADDRESS_SIZE, value.p, ADDRESS_SIZE);
			has_key = true;
		} else if (span_eq(name, span_str("s")) && value.n == SIGNATURE_SIZE &&
			   !s->is_signed[i]) {
			memcpy(s->signature[i], value.p, SIGNATURE_SIZE);
			s->is_signed[i] = true;
		} else {
			return false;
		}
	}
	return has_key && !u->failed;
}

static bool take_all(struct unpack *u, struct subsigs *s)
{
	uint64_t count = unpack_expect(u, PACK_ARRAY).number;

	if (u->failed || count > MULTISIG_KEYS_MAX || s->account.keys.n != 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!take_one(u, s, i))
			return false;
	s->account.keys = span(s->key, (size_t)count * ADDRESS_SIZE);
	return true;
}

static bool take_byte(struct unpack *u, uint8_t *out)
{
	uint64_t number = unpack_expect(u, PACK_UINT).number;

	*out = (uint8_t)number;
	return !u->failed && number <= 255;
}

struct cf_status subsigs_parse(struct span packed, struct subsigs *out)
{
	struct unpack u = unpack_of(packed);
	uint64_t pairs = unpack_expect(&u, PACK_MAP).number;
	bool good = !u.failed;

	memset(out, 0, sizeof(*out));
	for (uint64_t i = 0; i < pairs && good; i++) {
		struct span name = unpack_expect(&u, PACK_STR).bytes;

		if (span_eq(name, span_str("subsig")))
			good = take_all(&u, out);
		else if (span_eq(name, span_str("thr")))
			good = take_byte(&u, &out->account.threshold);
		else if (span_eq(name, span_str("v")))
			good = take_byte(&u, &out->account.version);
		else
			good = false;
	}
	if (!good || !unpack_end(&u))
		return malformed();
	return multisig_check(&out->account);
}

#define PLACE_MAX (1 + 3 + 2 + ADDRESS_SIZE + 2 + 2 + SIGNATURE_SIZE)

void subsigs_write(const struct subsigs *s, struct buf *out)
{
	size_t count = multisig_count(&s->account), from = out->n;
	struct pack p;

	if (cf_failed(buf_grow(out, count * PLACE_MAX + 32)))
		return; /* the buffer remembers it */
	p = pack_into(mspan(out->p + from, out->n - from));
	pack_map(&p, 3);
	pack_str(&p, "subsig");
	pack_array(&p, count);
	for (size_t i = 0; i < count; i++) {
		pack_map(&p, s->is_signed[i] ? 2 : 1);
		pack_str(&p, "pk");
		pack_bin(&p, span(multisig_key(&s->account, i), ADDRESS_SIZE));
		if (!s->is_signed[i])
			continue;
		pack_str(&p, "s");
		pack_bin(&p, SPAN_OF(s->signature[i]));
	}
	pack_str(&p, "thr");
	pack_uint(&p, s->account.threshold);
	pack_str(&p, "v");
	pack_uint(&p, s->account.version);
	out->n = from + p.n;
}

size_t subsigs_count(const struct subsigs *s)
{
	size_t n = 0;

	for (size_t i = 0; i < multisig_count(&s->account); i++)
		n += s->is_signed[i] ? 1 : 0;
	return n;
}

bool subsigs_member(const struct subsigs *s, const uint8_t key[ADDRESS_SIZE])
{
	for (size_t i = 0; i < multisig_count(&s->account); i++)
		if (memcmp(multisig_key(&s->account, i), key, ADDRESS_SIZE) == 0)
			return true;
	return false;
}

struct cf_status subsigs_add(struct subsigs *s, const uint8_t key[ADDRESS_SIZE],
			     const uint8_t signature[SIGNATURE_SIZE])
{
	char address[ADDRESS_TEXT + 1];

	if (!subsigs_member(s, key)) {
		address_encode(key, address);
		return error_set(CF_STATUS(INVALID), "%s is none of the multisig account's keys",
				 address);
	}
	for (size_t i = 0; i < multisig_count(&s->account); i++) {
		if (memcmp(multisig_key(&s->account, i), key, ADDRESS_SIZE) != 0)
			continue;
		memcpy(s->signature[i], signature, SIGNATURE_SIZE);
		s->is_signed[i] = true;
	}
	return CF_OK;
}

struct cf_status subsigs_merge(struct subsigs *into, const struct subsigs *from)
{
	if (into->account.version != from->account.version ||
	    into->account.threshold != from->account.threshold ||
	    !span_eq(into->account.keys, from->account.keys))
		return error_set(CF_STATUS(INVALID),
				 "the signatures are of two different multisig accounts");
	for (size_t i = 0; i < multisig_count(&into->account); i++) {
		if (!from->is_signed[i])
			continue;
		if (into->is_signed[i] &&
		    memcmp(into->signature[i], from->signature[i], SIGNATURE_SIZE) != 0)
			return error_set(
				CF_STATUS(INVALID),
				"key %zu of the multisig account has two different signatures",
				i + 1);
		memcpy(into->signature[i], from->signature[i], SIGNATURE_SIZE);
		into->is_signed[i] = true;
	}
	return CF_OK;
}

struct cf_status subsigs_verify(const struct subsigs *s, struct span message)
{
	char address[ADDRESS_TEXT + 1];

	for (size_t i = 0; i < multisig_count(&s->account); i++) {
		const uint8_t *key = multisig_key(&s->account, i);

		if (!s->is_signed[i] ||
		    crypto_sign_verify_detached(s->signature[i], message.p, message.n, key) == 0)
			continue;
		address_encode(key, address);
		return error_set(CF_STATUS(FORGED), "the signature of %s is not valid for this",
				 address);
	}
	return CF_OK;
}
