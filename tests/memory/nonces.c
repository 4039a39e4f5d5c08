/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nonce of an ECDSA signature is known when the signature is there: k = (e + r d) / s.  So memory is copied at an
 * instant of the operation, and the copy is looked through once the signature has come.
 */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <stdlib.h>

#include "coffer/pkcs11-3.h"
#include "moments.h"

#define NUMBER_MAX 66

static const struct {
	uint64_t mechanism;
	const char *digest; /* NULL: what is signed is the digest */
} digests[] = {
	{ CKM_ECDSA, NULL },		       { CKM_ECDSA_SHA1, "SHA1" },	     { CKM_ECDSA_SHA224, "SHA224" },
	{ CKM_ECDSA_SHA256, "SHA256" },	       { CKM_ECDSA_SHA384, "SHA384" },	     { CKM_ECDSA_SHA512, "SHA512" },
	{ CKM_ECDSA_SHA3_224, "SHA3-224" },    { CKM_ECDSA_SHA3_256, "SHA3-256" },   { CKM_ECDSA_SHA3_384, "SHA3-384" },
	{ CKM_ECDSA_SHA3_512, "SHA3-512" },
};

/* The leftmost bits of the digest, as many as the order has (SEC 1, section 4.1.3). */
static BIGNUM *message_number(uint64_t mechanism, const uint8_t message[32], const BIGNUM *order)
{
	const char *name = NULL;
	uint8_t e[EVP_MAX_MD_SIZE];
	size_t n = 32;
	BIGNUM *number;

	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		if (digests[i].mechanism == mechanism)
			name = digests[i].digest;
	if (name == NULL)
		number = BN_bin2bn(message, 32, NULL);
	else if (EVP_Q_digest(NULL, name, NULL, message, 32, e, &n) == 1)
		number = BN_bin2bn(e, (int)n, NULL);
	else
		abort();
	if (8 * (int)n > BN_num_bits(order))
		(void)BN_rshift(number, number, 8 * (int)n - BN_num_bits(order));
	return number;
}

/* OpenSSL adds the order once or twice, so that all nonces have one length. */
static void add_nonce(struct secrets *s, BIGNUM *k, const BIGNUM *order)
{
	uint8_t bytes[NUMBER_MAX + 1];

	for (int i = 0; i < 3; i++) {
		secrets_add(s, KIND_NONCE, bytes, (size_t)BN_bn2bin(k, bytes));
		(void)BN_add(k, k, order);
	}
}

static void learn_nonce(struct world *w, EVP_PKEY *key, uint64_t mechanism, const struct told *told)
{
	size_t half = told->head.size / 2;
	BIGNUM *order = NULL, *d = NULL, *e, *k, *r = BN_bin2bn(told->bytes, (int)half, NULL);
	BIGNUM *s = BN_bin2bn(told->bytes + half, (int)half, NULL);
	BN_CTX *c = BN_CTX_new();

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_ORDER, &order) != 1 ||
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &d) != 1)
		abort();
	e = message_number(mechanism, w->message[0], order);
	k = BN_mod_inverse(NULL, s, order, c);
	if (k == NULL || BN_mod_mul(r, r, d, order, c) != 1 || BN_mod_add(r, r, e, order, c) != 1 ||
	    BN_mod_mul(k, k, r, order, c) != 1 || BN_sub(e, order, k) != 1)
		abort();
	/* A library that makes s the smaller of two has worked with the other k. */
	add_nonce(w->s, e, order);
	add_nonce(w->s, k, order);
	BN_free(order);
	BN_clear_free(d);
	BN_free(e);
	BN_clear_free(k);
	BN_free(r);
	BN_free(s);
	BN_CTX_free(c);
}

static bool look_once(struct world *w, EVP_PKEY *key, const struct asking *q, struct tally *t)
{
	struct snapshot *copy;
	struct told told;

	if (!tell_send(&w->d, q))
		return false;
	world_wait(1);
	if (!process_stop(w->d.pid))
		return false;
	copy = process_snapshot(w->d.pid, w->d.room, w->d.room_n);
	process_continue(w->d.pid);
	if (tell_wait(&w->d, &told) == CKR_OK && copy != NULL) {
		struct secrets *kept = w->s;

		/* Of this one signature alone: thousands of nonces would have to be looked for. */
		w->s = secrets_new();
		learn_nonce(w, key, q->head.number[2], &told);
		snapshot_scan(copy, w->s, t);
		secrets_free(w->s);
		w->s = kept;
	}
	snapshot_free(copy);
	return copy != NULL && told.head.rv == CKR_OK;
}

void nonces_look(struct world *w, EVP_PKEY *key, uint64_t handle, uint64_t mechanism, const char *during, unsigned looks)
{
	struct asking q;
	struct told told;

	ask(&q, DO_SIGN, w->session, handle, mechanism, 0);
	ask_field(&q, FIELD_DATA, w->message[0], 32);
	for (unsigned i = 0; i < looks; i++) {
		struct tally t = { 0 };

		table_check(look_once(w, key, &q, &t), "memory could be copied in the middle of a signature");
		table_add(during, "/proc/PID/mem", PROMISE_BUSY, w->who, &t, w->s, 1);
	}
	if (tell(&w->d, &q, &told) == CKR_OK)
		learn_nonce(w, key, mechanism, &told);
}
