/* SPDX-License-Identifier: Apache-2.0 */
#include "mech/secp256k1.h"

#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <sodium.h>

static secp256k1_context *context;

/* The library's own would end the host.  With this one a call that was misused just fails. */
static void no_abort(const char *message, void *data)
{
	(void)message;
	(void)data;
}

CK_RV k1_open(void)
{
	uint8_t seed[32];
	bool done;

	context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
	if (context == NULL)
		return CKR_HOST_MEMORY;
	secp256k1_context_set_illegal_callback(context, no_abort, NULL);
	secp256k1_context_set_error_callback(context, no_abort, NULL);
	/* Blinds what is multiplied against those who measure time or power. */
	randombytes_buf(seed, sizeof(seed));
	done = secp256k1_context_randomize(context, seed) == 1;
	sodium_memzero(seed, sizeof(seed));
	return done ? CKR_OK : CKR_GENERAL_ERROR;
}

void k1_close(void)
{
	secp256k1_context_destroy(context);
	context = NULL;
}

static CK_RV point_of(const secp256k1_pubkey *key, uint8_t point[K1_POINT])
{
	size_t n = K1_POINT;

	return secp256k1_ec_pubkey_serialize(context, point, &n, key, SECP256K1_EC_UNCOMPRESSED) == 1 && n == K1_POINT ?
		       CKR_OK :
		       CKR_FUNCTION_FAILED;
}

CK_RV k1_public(struct vault_scope *scope, struct span value, uint8_t point[K1_POINT])
{
	secp256k1_pubkey key;

	(void)scope;
	if (value.n != K1_SCALAR || secp256k1_ec_pubkey_create(context, &key, value.p) != 1)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return point_of(&key, point);
}

CK_RV k1_generate(struct vault_scope *scope, uint8_t value[K1_SCALAR], uint8_t point[K1_POINT])
{
	/* One of 2^128 values is none. */
	do
		randombytes_buf(value, K1_SCALAR);
	while (secp256k1_ec_seckey_verify(context, value) != 1);
	return k1_public(scope, span(value, K1_SCALAR), point);
}

static int take_x(unsigned char *out, const unsigned char *x, const unsigned char *y, void *data)
{
	(void)y;
	(void)data;
	memcpy(out, x, K1_SCALAR);
	return 1;
}

CK_RV k1_agree(struct vault_scope *scope, struct span value, const uint8_t peer[K1_POINT], uint8_t x[K1_SCALAR])
{
	secp256k1_pubkey key;

	(void)scope;
	if (value.n != K1_SCALAR)
		return CKR_GENERAL_ERROR;
	if (secp256k1_ec_pubkey_parse(context, &key, peer, K1_POINT) != 1)
		return CKR_MECHANISM_PARAM_INVALID;
	return secp256k1_ecdh(context, x, &key, value.p, take_x, NULL) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* ---- ECDSA ---- */

/* A big-endian number of up to 32 bytes as one of 32. */
static void pad(struct span number, uint8_t out[K1_SCALAR])
{
	memset(out, 0, K1_SCALAR - number.n);
	bytes_copy(out + K1_SCALAR - number.n, number.p, number.n);
}

/* The leftmost bits, as many as the order has (SEC 1 §4.1.3). */
static void number_of(struct span digest, uint8_t out[K1_SCALAR])
{
	pad(span(digest.p, digest.n < K1_SCALAR ? digest.n : K1_SCALAR), out);
}

CK_RV k1_sign(struct vault_scope *scope, struct span value, struct span digest, bool hedged, uint8_t out[K1_SIGNATURE])
{
	secp256k1_ecdsa_signature signature;
	uint8_t number[K1_SCALAR], fresh[32];

	(void)scope;
	if (value.n != K1_SCALAR)
		return CKR_GENERAL_ERROR;
	number_of(digest, number);
	randombytes_buf(fresh, sizeof(fresh));
	if (secp256k1_ecdsa_sign(context, &signature, number, value.p, secp256k1_nonce_function_rfc6979, hedged ? fresh : NULL) != 1 ||
	    secp256k1_ecdsa_signature_serialize_compact(context, out, &signature) != 1)
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

CK_RV k1_lower(uint8_t signature[K1_SIGNATURE])
{
	secp256k1_ecdsa_signature parsed;

	if (secp256k1_ecdsa_signature_parse_compact(context, &parsed, signature) != 1)
		return CKR_FUNCTION_FAILED;
	(void)secp256k1_ecdsa_signature_normalize(context, &parsed, &parsed);
	return secp256k1_ecdsa_signature_serialize_compact(context, signature, &parsed) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
}

CK_RV k1_verify(struct span point, struct span digest, struct span signature)
{
	secp256k1_ecdsa_signature parsed;
	uint8_t number[K1_SCALAR], whole[K1_SIGNATURE];
	secp256k1_pubkey key;
	size_t half = signature.n / 2;

	if (half > K1_SCALAR || secp256k1_ec_pubkey_parse(context, &key, point.p, point.n) != 1)
		return CKR_GENERAL_ERROR;
	number_of(digest, number);
	pad(span(signature.p, half), whole);
	pad(span(signature.p + half, half), whole + K1_SCALAR);
	if (secp256k1_ecdsa_signature_parse_compact(context, &parsed, whole) != 1)
		return CKR_SIGNATURE_INVALID; /* r or s is not below the order */
	/* The library verifies only the lower s: the other is as good (§6.3.12). */
	(void)secp256k1_ecdsa_signature_normalize(context, &parsed, &parsed);
	return secp256k1_ecdsa_verify(context, &parsed, number, &key) == 1 ? CKR_OK : CKR_SIGNATURE_INVALID;
}
