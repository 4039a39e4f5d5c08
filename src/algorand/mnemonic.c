/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/mnemonic.h"

#include "algorand/hash.h"

#define DATA_WORDS 24

static unsigned checksum(const uint8_t key[MNEMONIC_KEY_SIZE])
{
	uint8_t hash[HASH_256];

	hash_256_of(span(key, MNEMONIC_KEY_SIZE), hash);
	return (hash[0] | (unsigned)hash[1] << 8) & (WORDS - 1);
}

/* Bits 11 * place and on of the key; beyond its end they are zero. */
static unsigned bits_at(const uint8_t key[MNEMONIC_KEY_SIZE], size_t place)
{
	size_t bit = place * WORD_BITS, byte = bit / 8;
	unsigned long three = 0;

	for (size_t i = 0; i < 3 && byte + i < MNEMONIC_KEY_SIZE; i++)
		three |= (unsigned long)key[byte + i] << (8 * i);
	return (unsigned)(three >> (bit % 8)) & (WORDS - 1);
}

static size_t put_word(uint8_t *at, unsigned index)
{
	const char *word = word_at(index);
	size_t n = strlen(word);

	memcpy(at, word, n);
	return n;
}

size_t mnemonic_encode(struct vault_scope *scope, const uint8_t key[MNEMONIC_KEY_SIZE],
		       struct mspan text)
{
	size_t n = 0;

	(void)scope;
	for (size_t i = 0; i < DATA_WORDS; i++) {
		n += put_word(text.p + n, bits_at(key, i));
		text.p[n++] = ' ';
	}
	return n + put_word(text.p + n, checksum(key));
}

/* The values of the words; false when one is unknown or their number is not 25. */
static bool read_words(struct vault_scope *scope, struct span text, unsigned value[MNEMONIC_WORDS],
		       struct word_fault *fault)
{
	struct span rest = text, word;
	size_t count = 0;

	while (word_next(&rest, &word))
		count++;
	fault->count = count;
	if (count != MNEMONIC_WORDS) {
		fault->kind = WORD_FAULT_COUNT;
		return false;
	}
	rest = text;
	for (size_t i = 0; i < MNEMONIC_WORDS && word_next(&rest, &word); i++)
		if (!word_check(scope, word, i + 1, &value[i], fault))
			return false;
	return true;
}

bool mnemonic_decode(struct vault_scope *scope, struct span text, uint8_t key[MNEMONIC_KEY_SIZE],
		     struct word_fault *fault)
{
	unsigned value[MNEMONIC_WORDS], bits = 0;
	unsigned long pool = 0;
	size_t n = 0;

	*fault = (struct word_fault){.kind = WORD_FAULT_NONE};
	if (!read_words(scope, text, value, fault))
		return false;
	for (size_t i = 0; i < DATA_WORDS; i++) {
		pool |= (unsigned long)value[i] << bits;
		for (bits += WORD_BITS; bits >= 8 && n < MNEMONIC_KEY_SIZE; bits -= 8) {
			key[n++] = (uint8_t)pool;
			pool >>= 8;
		}
	}
	/* What is left are the eight bits that pad the last word. */
	if (pool == 0 && checksum(key) == value[MNEMONIC_WORDS - 1])
		return true;
	fault->kind = WORD_FAULT_CHECKSUM;
	return false;
}
