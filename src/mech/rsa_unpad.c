/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing here may branch on, or index by, what was decrypted, but for the length of what is handed out. */
#include <sodium.h>

#include "base/error.h"
#include "mech/families.h"
#include "mech/rsa.h"

#define KDK_SIZE 32
#define LENGTHS 128
#define PADDING_MIN 11 /* 00 02, eight bytes that are not zero, 00 */

/* All ones when a < b, when they are equal; else zero. For values below 2^31. */
static uint32_t mask_less(uint32_t a, uint32_t b)
{
	return (uint32_t)0 - ((a - b) >> 31);
}

static uint32_t mask_equal(uint32_t a, uint32_t b)
{
	return ~(mask_less(a, b) | mask_less(b, a));
}

static uint32_t choose(uint32_t mask, uint32_t a, uint32_t b)
{
	return (a & mask) | (b & ~mask);
}

/* The key derivation key: HMAC-SHA-256 of the ciphertext under SHA-256 of the private exponent, both as long as the modulus. */
static void kdk_of(const struct key_view *key, struct span encrypted, uint8_t out[KDK_SIZE])
{
	struct span d = key_view_part(key, CKA_PRIVATE_EXPONENT);
	static const uint8_t zeros[64];
	crypto_auth_hmacsha256_state mac;
	crypto_hash_sha256_state hash;
	uint8_t key_hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256_init(&hash);
	for (size_t left = rsa_size(key) - d.n; left > 0;) {
		size_t n = left < sizeof(zeros) ? left : sizeof(zeros);

		(void)crypto_hash_sha256_update(&hash, zeros, n);
		left -= n;
	}
	(void)crypto_hash_sha256_update(&hash, d.p, d.n);
	(void)crypto_hash_sha256_final(&hash, key_hash);
	(void)crypto_auth_hmacsha256_init(&mac, key_hash, sizeof(key_hash));
	(void)crypto_auth_hmacsha256_update(&mac, encrypted.p, encrypted.n);
	(void)crypto_auth_hmacsha256_final(&mac, out);
}

static void prf(const uint8_t kdk[KDK_SIZE], const char *label, uint8_t *out, size_t n)
{
	const uint8_t bits[2] = { (uint8_t)((n * 8) >> 8), (uint8_t)(n * 8) };
	uint8_t block[crypto_auth_hmacsha256_BYTES];

	for (uint16_t i = 0; n > 0; i++) {
		const uint8_t counter[2] = { (uint8_t)(i >> 8), (uint8_t)i };
		size_t take = n < sizeof(block) ? n : sizeof(block);
		crypto_auth_hmacsha256_state mac;

		(void)crypto_auth_hmacsha256_init(&mac, kdk, KDK_SIZE);
		(void)crypto_auth_hmacsha256_update(&mac, counter, sizeof(counter));
		(void)crypto_auth_hmacsha256_update(&mac, (const uint8_t *)label, strlen(label));
		(void)crypto_auth_hmacsha256_update(&mac, bits, sizeof(bits));
		(void)crypto_auth_hmacsha256_final(&mac, block);
		memcpy(out, block, take);
		out += take;
		n -= take;
	}
}

/* The length of the message that takes the place of a wrong one: the last of the candidates that fits. */
static uint32_t made_up_length(const uint8_t kdk[KDK_SIZE], uint32_t size)
{
	uint8_t candidates[2 * LENGTHS];
	uint32_t limit = size - 2 - 8, low = limit, length = 0;

	low |= low >> 1;
	low |= low >> 2;
	low |= low >> 4;
	low |= low >> 8;
	prf(kdk, "length", candidates, sizeof(candidates));
	for (size_t i = 0; i < sizeof(candidates); i += 2) {
		uint32_t candidate = ((uint32_t)candidates[i] << 8 | candidates[i + 1]) & low;

		length = choose(mask_less(candidate, limit), candidate, length);
	}
	return length;
}

/* All ones when the block is 00 02 PS 00 M; *start is where M begins. */
static uint32_t padding_of(struct span em, uint32_t *start)
{
	uint32_t good = mask_equal(em.p[0], 0) & mask_equal(em.p[1], 2);
	uint32_t found = 0, at = 0;

	for (uint32_t i = 2; i < em.n; i++) {
		uint32_t here = mask_equal(em.p[i], 0) & ~found;

		at = choose(here, i, at);
		found |= here;
	}
	*start = at + 1;
	return good & found & ~mask_less(at, PADDING_MIN - 1);
}

static uint32_t is_wanted(uint32_t length, size_t wanted)
{
	if (wanted == MECH_LENGTH_ANY)
		return UINT32_MAX;
	if (wanted == MECH_LENGTH_AES)
		return mask_equal(length, 16) | mask_equal(length, 24) | mask_equal(length, 32);
	return mask_equal(length, (uint32_t)wanted);
}

CK_RV rsa_unpad(struct vault_scope *scope, const struct key_view *key, struct span encrypted, struct span em, size_t wanted,
		struct mspan room, struct span *message)
{
	uint8_t kdk[KDK_SIZE];
	uint32_t size = (uint32_t)em.n, start, good, other;

	(void)scope;
	if (room.n < em.n || em.n < PADDING_MIN || (wanted != MECH_LENGTH_AES && wanted > em.n - PADDING_MIN))
		return CKR_WRAPPED_KEY_LEN_RANGE;
	kdk_of(key, encrypted, kdk);
	prf(kdk, "message", room.p, em.n);
	other = made_up_length(kdk, size);
	if (wanted != MECH_LENGTH_ANY)
		other = wanted == MECH_LENGTH_AES ? 32 : (uint32_t)wanted;
	good = padding_of(em, &start);
	good &= is_wanted(size - start, wanted);
	start = choose(good, start, size - other);
	for (uint32_t i = 0; i < size; i++)
		room.p[i] = (uint8_t)choose(good, em.p[i], room.p[i]);
	*message = span(room.p + start, size - start);
	return CKR_OK;
}
