/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys: made, checked, and used for the bare function. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "mech/rsa.h"

#include <openssl/rand.h>
#include <sodium.h>

#include "base/error.h"
#include "mech/families.h"
#include "mech/ossl_auto.h"
#include "mech/prepared.h"

AUTO_DEFINE(rsa_st, RSA_free)

/* OpenSSL takes no longer ones with large keys. */
#define EXPONENT_BYTES_MAX 8

static CK_RV refuse(const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "the RSA key %s", why), "the return value is the answer");
	return CKR_ATTRIBUTE_VALUE_INVALID;
}

static BIGNUM *part(const struct key_view *key, CK_ATTRIBUTE_TYPE type)
{
	struct span v = key_view_part(key, type);

	return v.n == 0 ? NULL : bignum_of(v);
}

/* Takes over two or three numbers when all are there. */
static bool set_primes(RSA *rsa, const struct key_view *key)
{
	AUTO(bignum_st) p = part(key, CKA_PRIME_1);
	AUTO(bignum_st) q = part(key, CKA_PRIME_2);
	AUTO(bignum_st) dp = part(key, CKA_EXPONENT_1);
	AUTO(bignum_st) dq = part(key, CKA_EXPONENT_2);
	AUTO(bignum_st) qi = part(key, CKA_COEFFICIENT);

	if (p == NULL || q == NULL)
		return true;
	if (RSA_set0_factors(rsa, p, q) != 1)
		return false;
	(void)TAKE(p);
	(void)TAKE(q);
	if (dp == NULL || dq == NULL || qi == NULL)
		return true;
	if (RSA_set0_crt_params(rsa, dp, dq, qi) != 1)
		return false;
	(void)TAKE(dp);
	(void)TAKE(dq);
	(void)TAKE(qi);
	return true;
}

RSA *rsa_of(const struct key_view *key)
{
	AUTO(rsa_st) rsa = RSA_new();
	AUTO(bignum_st) n = part(key, CKA_MODULUS);
	AUTO(bignum_st) e = part(key, CKA_PUBLIC_EXPONENT);
	AUTO(bignum_st) d = key->class == CKO_PRIVATE_KEY ? part(key, CKA_PRIVATE_EXPONENT) : NULL;

	if (rsa == NULL || n == NULL || e == NULL || (key->class == CKO_PRIVATE_KEY && d == NULL) ||
	    RSA_set0_key(rsa, n, e, d) != 1)
		return NULL;
	(void)TAKE(n);
	(void)TAKE(e);
	(void)TAKE(d);
	return key->class != CKO_PRIVATE_KEY || set_primes(rsa, key) ? TAKE(rsa) : NULL;
}

/* ---- the private operation ---- */

static void *make_key(const void *view)
{
	return rsa_of(view);
}

static void free_key(void *rsa)
{
	RSA_free(rsa);
}

/* Montgomery's constants take a tenth of a signature to compute, and the factors that blind it (P. Kocher, CRYPTO '96) all of one:
 * the object that has them is kept.  libcrypto squares the factors for each operation and makes new ones after 32. */
static const struct keep_kind kept_key = { .make = make_key, .free = free_key };

/* What OpenSSL takes for the key and an operation: 14 to 30 KiB with 2048 bits, 35 to 50 with 4096, by its version; and some more. */
static size_t working_room(const struct key_view *key)
{
	return 10240 + 84 * rsa_size(key);
}

CK_RV rsa_private(struct vault_scope *scope, const struct key_view *key, const uint8_t *in, uint8_t *out)
{
	int n = (int)rsa_size(key);
	struct keep_use use;
	RSA *rsa = keep_take(scope, key->keep, &kept_key, working_room(key), key, &use);
	bool done;

	if (rsa == NULL)
		return CKR_GENERAL_ERROR;
	done = RSA_private_decrypt(n, in, out, rsa, RSA_NO_PADDING) == n;
	keep_give(scope, &use, done);
	return done ? CKR_OK : CKR_DATA_INVALID;
}

/* Montgomery's constants are computed by the first operation: here by one whose exponent is 1, so that it costs nothing else. */
static bool complete(RSA *rsa)
{
	AUTO(bignum_st) one = BN_new();
	AUTO(bignum_st) e = BN_dup(RSA_get0_e(rsa));
	uint8_t block[RSA_BYTES_MAX] = { 0 };
	int n = RSA_size(rsa);

	if (one == NULL || e == NULL || n > RSA_BYTES_MAX || BN_one(one) != 1 || RSA_set0_key(rsa, NULL, one, NULL) != 1)
		return false;
	(void)TAKE(one);
	if (RSA_public_encrypt(n, block, block, rsa, RSA_NO_PADDING) != n || RSA_set0_key(rsa, NULL, e, NULL) != 1)
		return false;
	(void)TAKE(e);
	return true;
}

static EVP_PKEY *prepare_public(const struct key_view *key)
{
	AUTO(rsa_st) rsa = rsa_of(key);
	AUTO(evp_pkey_st) object = EVP_PKEY_new();

	if (rsa == NULL || object == NULL || !complete(rsa) || EVP_PKEY_assign_RSA(object, rsa) != 1)
		return NULL;
	(void)TAKE(rsa);
	return TAKE(object);
}

RSA *rsa_public_of(const struct key_view *key)
{
	AUTO(evp_pkey_st) object = prepared_object(key, prepare_public);

	return object == NULL ? NULL : EVP_PKEY_get1_RSA(object);
}

CK_RV rsa_public(const struct key_view *key, const uint8_t *in, uint8_t *out)
{
	AUTO(rsa_st) rsa = rsa_public_of(key);
	int n = (int)rsa_size(key);

	if (rsa == NULL)
		return CKR_GENERAL_ERROR;
	return RSA_public_encrypt(n, in, out, rsa, RSA_NO_PADDING) == n ? CKR_OK : CKR_DATA_INVALID;
}

/* ---- generation ---- */

static bool put_all(struct mspan room, const RSA *rsa, struct key_view *public_key, struct key_view *private_key)
{
	return bignum_put(&room, public_key, CKA_MODULUS, RSA_get0_n(rsa)) &&
	       bignum_put(&room, public_key, CKA_PUBLIC_EXPONENT, RSA_get0_e(rsa)) &&
	       bignum_put(&room, private_key, CKA_MODULUS, RSA_get0_n(rsa)) &&
	       bignum_put(&room, private_key, CKA_PUBLIC_EXPONENT, RSA_get0_e(rsa)) &&
	       bignum_put(&room, private_key, CKA_PRIVATE_EXPONENT, RSA_get0_d(rsa)) &&
	       bignum_put(&room, private_key, CKA_PRIME_1, RSA_get0_p(rsa)) &&
	       bignum_put(&room, private_key, CKA_PRIME_2, RSA_get0_q(rsa)) &&
	       bignum_put(&room, private_key, CKA_EXPONENT_1, RSA_get0_dmp1(rsa)) &&
	       bignum_put(&room, private_key, CKA_EXPONENT_2, RSA_get0_dmq1(rsa)) &&
	       bignum_put(&room, private_key, CKA_COEFFICIENT, RSA_get0_iqmp(rsa));
}

/* 65537 unless the template says otherwise. */
static BIGNUM *exponent_of(const struct key_view *wanted)
{
	static const uint8_t f4[] = { 1, 0, 1 };
	struct span given = key_view_part(wanted, CKA_PUBLIC_EXPONENT);
	AUTO(bignum_st) e = bignum_of(given.p == NULL ? SPAN_OF(f4) : given);

	if (e == NULL || !BN_is_odd(e) || BN_is_one(e) || BN_num_bytes(e) > EXPONENT_BYTES_MAX)
		return NULL;
	return TAKE(e);
}

static CK_RV generate(struct vault_scope *scope, const struct mech_call *call, const struct key_view *wanted,
		      struct key_view *public_key, struct key_view *private_key)
{
	AUTO(bignum_st) e = exponent_of(wanted);
	AUTO(rsa_st) rsa = RSA_new();
	struct mspan room;

	if (wanted->bits < call->mech->min_bits || wanted->bits > call->mech->max_bits)
		return CKR_KEY_SIZE_RANGE;
	if (e == NULL)
		return refuse("cannot have that public exponent");
	/* The modulus three times, the private exponent, and half of it five times, with a public exponent twice. */
	if (rsa == NULL || cf_failed(vault_scope_alloc(scope, wanted->bits + 2 * EXPONENT_BYTES_MAX, &room)))
		return CKR_DEVICE_MEMORY;
	if (RSA_generate_key_ex(rsa, (int)wanted->bits, e, NULL) != 1)
		return CKR_FUNCTION_FAILED;
	*public_key = (struct key_view){ .class = CKO_PUBLIC_KEY, .type = CKK_RSA, .bits = wanted->bits };
	*private_key = (struct key_view){ .class = CKO_PRIVATE_KEY, .type = CKK_RSA, .bits = wanted->bits };
	return put_all(room, rsa, public_key, private_key) ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* OpenSSL asks its own generator how strong it is (SP 800-56B), though it draws from it nothing: the numbers come from where
 * ossl_own.h says. */
static CK_RV prepare(void)
{
	return RAND_get0_private(NULL) != NULL ? CKR_OK : CKR_GENERAL_ERROR;
}

const struct mech_impl mech_rsa_generate = {
	.state_kind = MECH_STATE_NONE,
	.prepare = prepare,
	.generate_pair = generate,
};

/* ---- keys that come from outside ---- */

/* A copy of the view whose numbers have no leading zeros. */
static struct key_view stripped(const struct key_view *given)
{
	struct key_view key = *given;

	for (size_t i = 0; i < key.parts; i++)
		while (key.part[i].value.n != 0 && key.part[i].value.p[0] == 0)
			key.part[i].value = span_skip(key.part[i].value, 1);
	return key;
}

/* Numbers mod each prime, and the inverse of the second mod the first: computed. False when the primes are not the modulus's. */
static bool crt_of(const struct key_view *key, struct mspan room, struct key_view *out)
{
	AUTO(bignum_ctx) context = BN_CTX_new();
	AUTO(bignum_st) n = part(key, CKA_MODULUS);
	AUTO(bignum_st) p = part(key, CKA_PRIME_1);
	AUTO(bignum_st) q = part(key, CKA_PRIME_2);
	AUTO(bignum_st) d = part(key, CKA_PRIVATE_EXPONENT);
	AUTO(bignum_st) number = BN_new();
	AUTO(bignum_st) less = BN_new();

	if (context == NULL || n == NULL || p == NULL || q == NULL || d == NULL || less == NULL || number == NULL)
		return false;
	BN_set_flags(p, BN_FLG_CONSTTIME);
	BN_set_flags(q, BN_FLG_CONSTTIME);
	BN_set_flags(d, BN_FLG_CONSTTIME);
	if (BN_mul(number, p, q, context) != 1 || BN_cmp(number, n) != 0)
		return false;
	if (BN_sub(less, p, BN_value_one()) != 1 || BN_mod(number, d, less, context) != 1 ||
	    !bignum_put(&room, out, CKA_EXPONENT_1, number))
		return false;
	if (BN_sub(less, q, BN_value_one()) != 1 || BN_mod(number, d, less, context) != 1 ||
	    !bignum_put(&room, out, CKA_EXPONENT_2, number))
		return false;
	return BN_mod_inverse(number, q, p, context) != NULL && bignum_put(&room, out, CKA_COEFFICIENT, number);
}

/* Gives the key the numbers that follow from its primes. False when one that it came with is another: OpenSSL would notice at
 * each use, and the key would go around with it. */
static bool complete_crt(struct key_view *key, struct mspan room)
{
	struct key_view computed = { .parts = 0 };

	if (!crt_of(key, room, &computed))
		return false;
	for (size_t i = 0; i < computed.parts; i++) {
		struct span want = computed.part[i].value, given = key_view_part(key, computed.part[i].type);

		if (given.n == 0)
			key->part[key->parts++] = computed.part[i];
		else if (given.n != want.n || sodium_memcmp(given.p, want.p, want.n) != 0)
			return false;
	}
	return true;
}

/* What one number does with the private key, the public one takes back: no part is wrong, no prime is another key's. */
static bool is_consistent(struct vault_scope *scope, const struct key_view *key, struct mspan room)
{
	size_t n = rsa_size(key);
	uint8_t *in = room.p, *mid = room.p + n, *back = room.p + 2 * n;
	struct key_view public_key = *key;

	public_key.class = CKO_PUBLIC_KEY;
	memset(in, 0x5a, n);
	in[0] = 0;
	return rsa_private(scope, key, in, mid) == CKR_OK && rsa_public(&public_key, mid, back) == CKR_OK &&
	       sodium_memcmp(in, back, n) == 0;
}

static void give(struct key_view *out, const struct key_view *from)
{
	for (size_t i = 0; i < from->parts; i++)
		if (from->part[i].type != CKA_VALUE && from->part[i].type != CKA_EC_PARAMS && from->part[i].type != CKA_EC_POINT)
			out->part[out->parts++] = from->part[i];
}

/* PKCS#11 lets the public exponent of a private key be missing; it is one of these, or we do not take the key. */
static CK_RV find_exponent(struct vault_scope *scope, struct key_view *key, struct mspan room)
{
	static const uint8_t known[][3] = { { 1, 0, 1 }, { 3 }, { 17 }, { 5 }, { 37 } };
	size_t at = key->parts++;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		key->part[at] = (struct key_part){ CKA_PUBLIC_EXPONENT, span(known[i], i == 0 ? 3 : 1) };
		if (is_consistent(scope, key, room))
			return CKR_OK;
	}
	return refuse("came without its public exponent, which is none of those in use");
}

static CK_RV complete_private(struct vault_scope *scope, struct key_view *key, struct key_view *out)
{
	bool primes = key_view_part(key, CKA_PRIME_1).n != 0 && key_view_part(key, CKA_PRIME_2).n != 0;
	struct mspan room;
	CK_RV rv = CKR_OK;

	if (key_view_part(key, CKA_PRIVATE_EXPONENT).n == 0)
		return CKR_OK; /* object/ says that it is missing */
	if (cf_failed(vault_scope_alloc(scope, 5 * RSA_BYTES_MAX, &room)))
		return CKR_DEVICE_MEMORY;
	if (primes && !complete_crt(key, mspan(room.p + 3 * RSA_BYTES_MAX, 2 * RSA_BYTES_MAX)))
		return refuse("has primes or CRT numbers that are not its own");
	if (key_view_part(key, CKA_PUBLIC_EXPONENT).n == 0)
		rv = find_exponent(scope, key, room);
	else if (!is_consistent(scope, key, room))
		rv = refuse("has parts that do not belong together");
	if (rv == CKR_OK)
		give(out, key);
	return rv;
}

CK_RV rsa_complete(struct vault_scope *scope, const struct key_view *given, struct key_view *out)
{
	struct key_view key = stripped(given);
	struct span n = key_view_part(&key, CKA_MODULUS);
	AUTO(bignum_st) modulus = n.n == 0 || n.n > RSA_BYTES_MAX ? NULL : bignum_of(n);

	if (key_view_part(given, CKA_MODULUS).p == NULL)
		return CKR_OK;
	if (modulus == NULL || !BN_is_odd(modulus))
		return refuse("has a modulus that cannot be one, or of more than 16384 bits");
	key.bits = (CK_ULONG)BN_num_bits(modulus);
	if (given->class == CKO_PRIVATE_KEY)
		return complete_private(scope, &key, out);
	give(out, &key);
	return CKR_OK;
}
