/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/bip39.h"

#include <sodium.h>

#include "base/error.h"

#define ROUNDS 2048

/* ---- words ---- */

/* Eleven bits, most significant first, of the entropy and the checksum behind it. */
static unsigned word_of(const uint8_t *data, size_t place)
{
	unsigned value = 0;

	for (size_t bit = place * WORD_BITS; bit < (place + 1) * WORD_BITS; bit++)
		value = value << 1 | ((unsigned)data[bit / 8] >> (7 - bit % 8) & 1u);
	return value;
}

size_t bip39_encode(struct vault_scope *scope, struct span entropy, struct mspan text)
{
	uint8_t data[BIP39_ENTROPY_MAX + 1], hash[32];
	size_t n = 0, count = entropy.n * 8 / 32 * 33 / WORD_BITS;

	(void)scope;
	bytes_copy(data, entropy.p, entropy.n);
	(void)crypto_hash_sha256(hash, entropy.p, entropy.n);
	data[entropy.n] = hash[0];
	for (size_t i = 0; i < count; i++) {
		const char *word = word_at(word_of(data, i));

		if (i > 0)
			text.p[n++] = ' ';
		memcpy(text.p + n, word, strlen(word));
		n += strlen(word);
	}
	return n;
}

static bool read_words(struct vault_scope *scope, struct span text,
		       uint8_t data[BIP39_ENTROPY_MAX + 1], struct word_fault *fault)
{
	struct span rest = text, word;
	size_t count = 0, bit = 0;

	while (word_next(&rest, &word))
		count++;
	fault->count = count;
	if (count < 12 || count > BIP39_WORDS_MAX || count % 3 != 0) {
		fault->kind = WORD_FAULT_COUNT;
		return false;
	}
	memset(data, 0, BIP39_ENTROPY_MAX + 1);
	rest = text;
	for (size_t i = 0; i < count && word_next(&rest, &word); i++) {
		unsigned index;

		if (!word_check(scope, word, i + 1, &index, fault))
			return false;
		for (unsigned k = WORD_BITS; k > 0; k--, bit++)
			data[bit / 8] = (uint8_t)(data[bit / 8] |
						  ((index >> (k - 1) & 1u) << (7 - bit % 8)));
	}
	return true;
}

bool bip39_decode(struct vault_scope *scope, struct span text, uint8_t entropy[BIP39_ENTROPY_MAX],
		  size_t *n, struct word_fault *fault)
{
	uint8_t data[BIP39_ENTROPY_MAX + 1], hash[32], mask;

	*fault = (struct word_fault){.kind = WORD_FAULT_NONE};
	if (!read_words(scope, text, data, fault))
		return false;
	*n = fault->count * WORD_BITS / 33 * 4;
	mask = (uint8_t)(0xff << (8 - *n / 4));
	(void)crypto_hash_sha256(hash, data, *n);
	if ((hash[0] & mask) != (data[*n] & mask)) {
		fault->kind = WORD_FAULT_CHECKSUM;
		return false;
	}
	memcpy(entropy, data, *n);
	return true;
}

/* PBKDF2 (RFC 8018 §5.2) for an output of one block. */
void bip39_seed(struct vault_scope *scope, struct span text, struct span passphrase,
		uint8_t seed[BIP39_SEED_SIZE])
{
	static const uint8_t block[4] = { 0, 0, 0, 1 };
	uint8_t password[BIP39_TEXT_MAX + 1], u[crypto_auth_hmacsha512_BYTES];
	crypto_auth_hmacsha512_state keyed, h;
	struct span rest = text, word;
	size_t n = 0;

	(void)scope;
	/* Single spaces between the words, however they were typed. */
	while (word_next(&rest, &word) && n + word.n < sizeof(password)) {
		if (n > 0)
			password[n++] = ' ';
		memcpy(password + n, word.p, word.n);
		n += word.n;
	}
	(void)crypto_auth_hmacsha512_init(&keyed, password, n);
	h = keyed;
	(void)crypto_auth_hmacsha512_update(&h, (const uint8_t *)"mnemonic", 8);
	(void)crypto_auth_hmacsha512_update(&h, passphrase.p, passphrase.n);
	(void)crypto_auth_hmacsha512_update(&h, block, sizeof(block));
	(void)crypto_auth_hmacsha512_final(&h, u);
	memcpy(seed, u, BIP39_SEED_SIZE);
	for (unsigned i = 1; i < ROUNDS; i++) {
		h = keyed;
		(void)crypto_auth_hmacsha512_update(&h, u, sizeof(u));
		(void)crypto_auth_hmacsha512_final(&h, u);
		for (size_t k = 0; k < BIP39_SEED_SIZE; k++)
			seed[k] ^= u[k];
	}
}

/* ---- paths ---- */

static bool take_index(const char **at, uint32_t *index)
{
	unsigned long value = 0;
	const char *p = *at;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		value = value * 10 + (unsigned long)(*p - '0');
		if (value > 0x7fffffff)
			return false;
	}
	*index = (uint32_t)value;
	*at = p;
	return true;
}

struct cf_status slip10_path_parse(const char *text, struct slip10_path *out)
{
	const char *p = text;

	out->depth = 0;
	if (*p++ != 'm')
		return error_set(CF_STATUS(INVALID), "the path \"%s\" does not begin with m", text);
	while (*p == '/') {
		p++;
		if (out->depth == SLIP10_DEPTH_MAX)
			return error_set(CF_STATUS(INVALID), "the path \"%s\" is more than %d deep",
					 text, SLIP10_DEPTH_MAX);
		if (!take_index(&p, &out->index[out->depth]))
			return error_set(
				CF_STATUS(INVALID),
				"the path \"%s\" has something else than numbers below 2^31", text);
		if (*p != '\'' && *p != 'h' && *p != 'H')
			return error_set(CF_STATUS(INVALID),
					 "the path \"%s\" has an index that is not hardened (%u "
					 "instead of %u'): "
					 "Ed25519 keys have none",
					 text, out->index[out->depth], out->index[out->depth]);
		p++;
		out->depth++;
	}
	return *p == '\0' ? CF_OK
			  : error_set(CF_STATUS(INVALID),
				      "the path \"%s\" has something else than numbers below 2^31",
				      text);
}

void slip10_derive(struct vault_scope *scope, struct span seed, const struct slip10_path *path,
		   uint8_t key[SLIP10_KEY_SIZE])
{
	uint8_t node[crypto_auth_hmacsha512_BYTES], data[1 + SLIP10_KEY_SIZE + 4];
	crypto_auth_hmacsha512_state h;

	(void)scope;
	(void)crypto_auth_hmacsha512_init(&h, (const uint8_t *)"ed25519 seed", 12);
	(void)crypto_auth_hmacsha512_update(&h, seed.p, seed.n);
	(void)crypto_auth_hmacsha512_final(&h, node);
	for (size_t i = 0; i < path->depth; i++) {
		uint32_t index = path->index[i] | 0x80000000;

		data[0] = 0;
		memcpy(data + 1, node, SLIP10_KEY_SIZE);
		for (size_t b = 0; b < 4; b++)
			data[1 + SLIP10_KEY_SIZE + b] = (uint8_t)(index >> (24 - 8 * b));
		(void)crypto_auth_hmacsha512_init(&h, node + SLIP10_KEY_SIZE, 32);
		(void)crypto_auth_hmacsha512_update(&h, data, sizeof(data));
		(void)crypto_auth_hmacsha512_final(&h, node);
	}
	memcpy(key, node, SLIP10_KEY_SIZE);
}
