/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/hash.h"

#define BLOCK  128
#define DIGEST 64

void hash_256_init(struct hash_256 *h)
{
	static const uint64_t initial[8] = {
		0x22312194FC2BF72CULL, 0x9F555FA3C84C64C2ULL, 0x2393B86B6F53B151ULL,
		0x963877195940EABDULL, 0x96283EE2A88EFFE3ULL, 0xBE5E1E2553863992ULL,
		0x2B0199FC2C85B8AAULL, 0x0EB72DDC81C52CA2ULL,
	};

	(void)crypto_hash_sha512_init(&h->state);
	memcpy(h->state.state, initial, sizeof(initial));
}

void hash_256_add(struct hash_256 *h, struct span part)
{
	(void)crypto_hash_sha512_update(&h->state, part.p, part.n);
}

void hash_256_end(struct hash_256 *h, uint8_t out[HASH_256])
{
	uint8_t digest[DIGEST];

	(void)crypto_hash_sha512_final(&h->state, digest);
	memcpy(out, digest, HASH_256);
}

void hash_256_of(struct span message, uint8_t out[HASH_256])
{
	struct hash_256 h;

	hash_256_init(&h);
	hash_256_add(&h, message);
	hash_256_end(&h, out);
}

static void pad(struct hash_256 *h, const uint8_t key[32], uint8_t with)
{
	uint8_t block[BLOCK];

	for (size_t i = 0; i < BLOCK; i++)
		block[i] = (uint8_t)((i < 32 ? key[i] : 0) ^ with);
	hash_256_init(h);
	hash_256_add(h, SPAN_OF(block));
}

void hash_256_hmac(const uint8_t key[32], struct span message, uint8_t out[HASH_256])
{
	struct hash_256 h;
	uint8_t inner[HASH_256];

	pad(&h, key, 0x36);
	hash_256_add(&h, message);
	hash_256_end(&h, inner);
	pad(&h, key, 0x5c);
	hash_256_add(&h, SPAN_OF(inner));
	hash_256_end(&h, out);
}
