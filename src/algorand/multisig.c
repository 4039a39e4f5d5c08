/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/multisig.h"

#include "algorand/hash.h"
#include "base/error.h"

struct cf_status multisig_check(const struct multisig *m)
{
	size_t count = multisig_count(m);

	if (m->version != 1)
		return error_set(CF_STATUS(UNSUPPORTED),
				 "multisig accounts have version 1; this one has version %u",
				 m->version);
	if (m->keys.n % ADDRESS_SIZE != 0 || count == 0 || count > MULTISIG_KEYS_MAX)
		return error_set(CF_STATUS(INVALID),
				 "a multisig account has 1 to %d public keys of 32 bytes",
				 MULTISIG_KEYS_MAX);
	if (m->threshold == 0 || m->threshold > count)
		return error_set(CF_STATUS(INVALID),
				 "a threshold of %u cannot be that of %zu public keys",
				 m->threshold, count);
	return CF_OK;
}

void multisig_address(const struct multisig *m, uint8_t address[ADDRESS_SIZE])
{
	const uint8_t head[2] = { m->version, m->threshold };
	struct hash_256 h;

	hash_256_init(&h);
	hash_256_add(&h, span_str("MultisigAddr"));
	hash_256_add(&h, SPAN_OF(head));
	hash_256_add(&h, m->keys);
	hash_256_end(&h, address);
}
