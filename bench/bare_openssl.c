/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/bare_openssl.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned long step_digest(struct lane *lane)
{
	struct own *own = lane->own;

	if (EVP_DigestInit_ex2(own->md_ctx, own->md, NULL) != 1 ||
	    EVP_DigestUpdate(own->md_ctx, lane->message, lane->job->row->size) != 1)
		return FAILED;
	return wrong_unless(EVP_DigestFinal_ex(own->md_ctx, lane->out, NULL));
}

static unsigned long step_random(struct lane *lane)
{
	return wrong_unless(RAND_bytes(lane->out, (int)lane->job->row->size));
}

static unsigned long openssl_open(struct subject *s, const struct settings *settings, unsigned long keys)
{
	(void)settings;
	(void)keys;
	(void)snprintf(s->version, sizeof(s->version), "%s", OpenSSL_version(OPENSSL_VERSION_STRING));
	return 0;
}

static struct own *lane_own(const struct row *row)
{
	struct own *own = calloc(1, sizeof(*own));
	bool pair = row->key != NULL && row->key->openssl != NULL;

	if (own == NULL)
		abort();
	own->md_ctx = EVP_MD_CTX_new();
	if (row->openssl != NULL && (pair || row->op == OP_DIGEST))
		own->md = EVP_MD_fetch(NULL, row->openssl, NULL);
	return own;
}

static unsigned long openssl_prepare(struct subject *s, struct job *job)
{
	const struct row *row = job->row;

	(void)s;
	for (unsigned i = 0; i < row->lanes; i++)
		job->lane[i].own = lane_own(row);
	if (row->key != NULL)
		return row->key->openssl != NULL ? pair_prepare(job) : secret_prepare(job);
	job->step = row->op == OP_DIGEST ? step_digest : step_random;
	return row->op == OP_DIGEST || row->op == OP_RANDOM ? 0 : NOT_OFFERED;
}

const struct driver driver_openssl = { .open = openssl_open, .prepare = openssl_prepare };
