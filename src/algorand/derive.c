/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/derive.h"

#include "algorand/hash.h"

static const char prefix[] = "AlgorandDeterministicKey-";

#define PREFIX_SIZE (sizeof(prefix) - 1)
#define DIGITS_MAX  20

void derive_seed(struct vault_scope *scope, const uint8_t key[DERIVE_KEY_SIZE], uint64_t index,
		 uint8_t seed[32])
{
	uint8_t info[PREFIX_SIZE + DIGITS_MAX + 1], digit[DIGITS_MAX];
	size_t n = PREFIX_SIZE, digits = 0;

	(void)scope;
	memcpy(info, prefix, PREFIX_SIZE);
	do {
		digit[digits++] = (uint8_t)('0' + index % 10);
		index /= 10;
	} while (index != 0);
	while (digits > 0)
		info[n++] = digit[--digits];
	info[n++] = 1;
	hash_256_hmac(key, span(info, n), seed);
}
