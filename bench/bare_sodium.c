/* SPDX-License-Identifier: Apache-2.0 */
/* libsodium called directly: what a program without any token would do, its keys in ordinary memory. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench.h"

struct pair {
	unsigned char pub[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
};

struct pairs {
	struct pair *pair;
	unsigned long n;
};

static const struct pair *next_pair(const struct lane *lane)
{
	const struct pairs *pairs = lane->job->own;

	return &pairs->pair[(lane->turn + lane->number * pairs->n / 2) % pairs->n];
}

static unsigned long step_sign(struct lane *lane)
{
	return (unsigned long)crypto_sign_detached(lane->out, NULL, lane->message, lane->job->row->size,
						   next_pair(lane)->secret);
}

static unsigned long step_verify(struct lane *lane)
{
	return (unsigned long)crypto_sign_verify_detached(lane->out, lane->message, lane->job->row->size,
							  next_pair(lane)->pub);
}

static unsigned long step_generate(struct lane *lane)
{
	struct pair pair;

	(void)lane;
	return (unsigned long)crypto_sign_keypair(pair.pub, pair.secret);
}

static unsigned long step_sha256(struct lane *lane)
{
	return (unsigned long)crypto_hash_sha256(lane->out, lane->message, lane->job->row->size);
}

static unsigned long step_sha512(struct lane *lane)
{
	return (unsigned long)crypto_hash_sha512(lane->out, lane->message, lane->job->row->size);
}

static unsigned long step_blake2b(struct lane *lane)
{
	return (unsigned long)crypto_generichash(lane->out, 32, lane->message, lane->job->row->size, NULL, 0);
}

static unsigned long step_random(struct lane *lane)
{
	randombytes_buf(lane->out, lane->job->row->size);
	return 0;
}

static unsigned long sodium_open(struct subject *s, const struct settings *settings, unsigned long keys)
{
	(void)settings;
	(void)keys;
	(void)snprintf(s->version, sizeof(s->version), "%s", sodium_version_string());
	return sodium_init() < 0 ? 1 : 0;
}

static void make_pairs(struct job *job)
{
	struct pairs *pairs = calloc(1, sizeof(*pairs));
	unsigned long n = job->row->many ? job->settings->turn : 1;

	if (pairs == NULL || (pairs->pair = calloc(n, sizeof(struct pair))) == NULL)
		abort();
	pairs->n = n;
	for (unsigned long i = 0; i < n; i++)
		(void)crypto_sign_keypair(pairs->pair[i].pub, pairs->pair[i].secret);
	job->own = pairs;
}

struct agreement {
	unsigned char secret[crypto_scalarmult_SCALARBYTES], peer[crypto_scalarmult_BYTES];
};

static unsigned long step_agree(struct lane *lane)
{
	const struct agreement *a = lane->job->own;

	return (unsigned long)crypto_scalarmult(lane->out, a->secret, a->peer);
}

static unsigned long prepare_x25519(struct job *job)
{
	struct agreement *a = calloc(1, sizeof(*a));

	if (a == NULL)
		abort();
	randombytes_buf(a->secret, sizeof(a->secret));
	(void)crypto_scalarmult_base(a->peer, a->secret);
	job->own = a;
	job->step = step_agree;
	return job->row->op == OP_DERIVE ? 0 : NOT_OFFERED;
}

static unsigned long prepare_ed25519(struct job *job)
{
	make_pairs(job);
	switch (job->row->op) {
	case OP_SIGN:
		job->step = step_sign;
		return 0;
	case OP_VERIFY:
		job->step = step_verify;
		for (unsigned i = 0; i < job->row->lanes; i++)
			(void)step_sign(&job->lane[i]);
		return 0;
	case OP_GENERATE:
		job->step = step_generate;
		return 0;
	default:
		return NOT_OFFERED;
	}
}

static unsigned long sodium_prepare(struct subject *s, struct job *job)
{
	const struct row *row = job->row;

	(void)s;
	if (row->key == &key_kinds[KIND_ED25519])
		return prepare_ed25519(job);
	if (row->key == &key_kinds[KIND_X25519])
		return prepare_x25519(job);
	if (row->op == OP_DIGEST && row->mechanism == CKM_SHA256)
		job->step = step_sha256;
	else if (row->op == OP_DIGEST && row->mechanism == CKM_SHA512)
		job->step = step_sha512;
	else if (row->op == OP_DIGEST && row->mechanism == CKM_BLAKE2B_256)
		job->step = step_blake2b;
	else if (row->op == OP_RANDOM)
		job->step = step_random;
	else
		return NOT_OFFERED;
	return 0;
}

const struct driver driver_sodium = { .open = sodium_open, .prepare = sodium_prepare };
