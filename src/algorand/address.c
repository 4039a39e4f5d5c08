/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/address.h"

#include "algorand/hash.h"
#include "base/error.h"

#define CHECKSUM 4

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void base32_encode(struct span s, char *text)
{
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < s.n; i++) {
		bits = (bits << 8) | s.p[i];
		for (have += 8; have >= 5; have -= 5)
			*text++ = letters[(bits >> (have - 5)) & 31];
	}
	if (have != 0)
		*text++ = letters[(bits << (5 - have)) & 31];
	*text = '\0';
}

static int value_of(uint8_t letter)
{
	if (letter >= 'A' && letter <= 'Z')
		return letter - 'A';
	if (letter >= '2' && letter <= '7')
		return letter - '2' + 26;
	return -1;
}

/* All of the text's letters are known. */
static void base32_decode(struct span text, uint8_t *out, size_t n)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t at = 0;

	for (size_t i = 0; i < text.n; i++) {
		bits = (bits << 5) | (uint32_t)value_of(text.p[i]);
		have += 5;
		if (have >= 8 && at < n) {
			have -= 8;
			out[at++] = (uint8_t)(bits >> have);
		}
	}
}

static void seal(const uint8_t address[ADDRESS_SIZE], uint8_t out[ADDRESS_SIZE + CHECKSUM])
{
	uint8_t hash[HASH_256];

	hash_256_of(span(address, ADDRESS_SIZE), hash);
	memcpy(out, address, ADDRESS_SIZE);
	memcpy(out + ADDRESS_SIZE, hash + HASH_256 - CHECKSUM, CHECKSUM);
}

void address_encode(const uint8_t address[ADDRESS_SIZE], char text[ADDRESS_TEXT + 1])
{
	uint8_t sealed[ADDRESS_SIZE + CHECKSUM];

	seal(address, sealed);
	base32_encode(SPAN_OF(sealed), text);
}

struct cf_status address_decode(struct span text, uint8_t address[ADDRESS_SIZE])
{
	uint8_t given[ADDRESS_SIZE + CHECKSUM], right[ADDRESS_SIZE + CHECKSUM];
	char again[ADDRESS_TEXT + 1];

	if (text.n != ADDRESS_TEXT)
		return error_set(CF_STATUS(INVALID),
				 "an address has %d characters; this one has %zu", ADDRESS_TEXT,
				 text.n);
	for (size_t i = 0; i < text.n; i++)
		if (value_of(text.p[i]) < 0)
			return error_set(CF_STATUS(INVALID),
					 "character %zu of the address is none of A-Z and 2-7",
					 i + 1);
	base32_decode(text, given, sizeof(given));
	seal(given, right);
	if (memcmp(given, right, sizeof(given)) != 0)
		return error_set(CF_STATUS(INVALID),
				 "the checksum of the address \"%.*s\" is wrong: a letter was "
				 "mistyped or left out",
				 (int)text.n, (const char *)text.p);
	base32_encode(SPAN_OF(given), again);
	if (memcmp(again, text.p, ADDRESS_TEXT) != 0)
		return error_set(
			CF_STATUS(INVALID),
			"the last letter of the address \"%.*s\" is not the one that belongs there",
			(int)text.n, (const char *)text.p);
	memcpy(address, given, ADDRESS_SIZE);
	return CF_OK;
}
