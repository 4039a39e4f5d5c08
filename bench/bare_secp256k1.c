/* SPDX-License-Identifier: Apache-2.0 */
/* libsecp256k1 called directly, with fresh bytes for each nonce, as coffer calls it. */
#include <secp256k1.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"

#define SIGNATURE_BYTES 64

struct pair {
	secp256k1_context *context;
	unsigned char secret[32];
	secp256k1_pubkey pub;
};

static unsigned long wrong_unless(int result)
{
	return result == 1 ? 0 : 1;
}

static unsigned long step_sign(struct lane *lane)
{
	const struct pair *pair = lane->own;
	secp256k1_ecdsa_signature signature;
	unsigned char fresh[32];

	randombytes_buf(fresh, sizeof(fresh));
	if (secp256k1_ecdsa_sign(pair->context, &signature, lane->message, pair->secret, secp256k1_nonce_function_rfc6979, fresh) != 1)
		return 1;
	return wrong_unless(secp256k1_ecdsa_signature_serialize_compact(pair->context, lane->out, &signature));
}

static unsigned long step_verify(struct lane *lane)
{
	const struct pair *pair = lane->own;
	secp256k1_ecdsa_signature signature;

	if (secp256k1_ecdsa_signature_parse_compact(pair->context, &signature, lane->out) != 1)
		return 1;
	return wrong_unless(secp256k1_ecdsa_verify(pair->context, &signature, lane->message, &pair->pub));
}

static unsigned long k1_open(struct subject *s, const struct settings *settings, unsigned long keys)
{
	(void)settings;
	(void)keys;
	(void)snprintf(s->version, sizeof(s->version), "(no version of its own)");
	return sodium_init() < 0 ? 1 : 0;
}

static struct pair *pair_new(void)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	if (pair == NULL)
		abort();
	pair->context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
	do
		randombytes_buf(pair->secret, sizeof(pair->secret));
	while (secp256k1_ec_pubkey_create(pair->context, &pair->pub, pair->secret) != 1);
	return pair;
}

static unsigned long k1_prepare(struct subject *s, struct job *job)
{
	unsigned long error = 0;

	(void)s;
	if (job->row->key != &key_kinds[KIND_SECP256K1] || (job->row->op != OP_SIGN && job->row->op != OP_VERIFY))
		return NOT_OFFERED;
	job->step = job->row->op == OP_SIGN ? step_sign : step_verify;
	for (unsigned i = 0; error == 0 && i < job->row->lanes; i++) {
		job->lane[i].own = pair_new();
		error = step_sign(&job->lane[i]);
	}
	return error;
}

const struct driver driver_secp256k1 = { .open = k1_open, .prepare = k1_prepare };
