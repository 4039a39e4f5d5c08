/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ed25519, Ed25519ctx and Ed25519ph (RFC 8032 §5.1), by libsodium.  The pure form
 * is crypto_sign_detached itself.  libsodium 1.0.18 offers no context and its own
 * Ed25519ph takes none either, so those two are composed of its hash, scalar and
 * group functions; all secret values of theirs are on the vault stack.
 *
 * Which one (PKCS#11 3.0 §2.3.14): no parameter is Ed25519; CK_EDDSA_PARAMS with phFlag FALSE is Ed25519ctx, with TRUE Ed25519ph.
 */
#include <sodium.h>

#include "base/error.h"
#include "mech/curve448.h"
#include "mech/families.h"
#include "mech/gather.h"

#define SEED_SIZE 32
#define POINT_SIZE 32
#define SCALAR_SIZE 32
#define SIGNATURE_SIZE 64
#define HASH_SIZE 64

struct eddsa_state {
	struct buf message;              /* pure, context, Ed448ph */
	crypto_hash_sha512_state hash;   /* Ed25519ph */
	bool hashes;                     /* which of the two */
};

/* dom2(F, C) of RFC 8032 §2. */
static void hash_domain(crypto_hash_sha512_state *h, const struct mech_eddsa_params *p)
{
	static const char name[] = "SigEd25519 no Ed25519 collisions";
	const uint8_t tail[2] = { p->prehash ? 1 : 0, (uint8_t)p->context_len };

	(void)crypto_hash_sha512_init(h);
	(void)crypto_hash_sha512_update(h, (const uint8_t *)name, sizeof(name) - 1);
	(void)crypto_hash_sha512_update(h, tail, sizeof(tail));
	(void)crypto_hash_sha512_update(h, p->context, p->context_len);
}

static void hash_to_scalar(crypto_hash_sha512_state *h, uint8_t scalar[SCALAR_SIZE])
{
	uint8_t digest[HASH_SIZE];

	(void)crypto_hash_sha512_final(h, digest);
	crypto_core_ed25519_scalar_reduce(scalar, digest);
}

/* k = H(dom2 || R || A || M) mod L */
static void challenge(const struct mech_eddsa_params *p, const uint8_t *r, const uint8_t *a, struct span m,
		      uint8_t k[SCALAR_SIZE])
{
	crypto_hash_sha512_state h;

	hash_domain(&h, p);
	(void)crypto_hash_sha512_update(&h, r, POINT_SIZE);
	(void)crypto_hash_sha512_update(&h, a, POINT_SIZE);
	(void)crypto_hash_sha512_update(&h, m.p, m.n);
	hash_to_scalar(&h, k);
}

/* The clamped scalar of the seed, mod L, and the prefix. */
static void expand(const uint8_t *seed, uint8_t s[SCALAR_SIZE], uint8_t prefix[32])
{
	uint8_t az[HASH_SIZE], wide[HASH_SIZE] = { 0 };

	(void)crypto_hash_sha512(az, seed, SEED_SIZE);
	az[0] &= 248;
	az[31] &= 127;
	az[31] |= 64;
	memcpy(wide, az, SCALAR_SIZE);
	crypto_core_ed25519_scalar_reduce(s, wide);
	memcpy(prefix, az + 32, 32);
}

static CK_RV sign_in_domain(struct vault_scope *scope, const struct mech_eddsa_params *p, const uint8_t *seed,
			    const uint8_t *a, struct span m, uint8_t out[SIGNATURE_SIZE])
{
	uint8_t s[SCALAR_SIZE], prefix[32], r[SCALAR_SIZE], k[SCALAR_SIZE], ks[SCALAR_SIZE];
	crypto_hash_sha512_state h;

	(void)scope;
	expand(seed, s, prefix);
	hash_domain(&h, p);
	(void)crypto_hash_sha512_update(&h, prefix, sizeof(prefix));
	(void)crypto_hash_sha512_update(&h, m.p, m.n);
	hash_to_scalar(&h, r);
	if (crypto_scalarmult_ed25519_base_noclamp(out, r) != 0)
		return CKR_FUNCTION_FAILED;
	challenge(p, out, a, m, k);
	crypto_core_ed25519_scalar_mul(ks, k, s);
	crypto_core_ed25519_scalar_add(out + POINT_SIZE, ks, r);
	return CKR_OK;
}

static bool scalar_is_canonical(const uint8_t *s)
{
	uint8_t wide[HASH_SIZE] = { 0 }, reduced[SCALAR_SIZE];

	memcpy(wide, s, SCALAR_SIZE);
	crypto_core_ed25519_scalar_reduce(reduced, wide);
	return memcmp(reduced, s, SCALAR_SIZE) == 0;
}

/* R == [S]B - [k]A. Stricter than RFC 8032 asks: A is of the main subgroup, S and R are canonical, R is not the identity. */
static bool verify_in_domain(const struct mech_eddsa_params *p, const uint8_t *a, struct span m, const uint8_t *signature)
{
	static const uint8_t identity[POINT_SIZE] = { 1 };
	const uint8_t *r = signature, *s = signature + POINT_SIZE;
	uint8_t k[SCALAR_SIZE], sb[POINT_SIZE], ka[POINT_SIZE], expected[POINT_SIZE];

	if (!scalar_is_canonical(s) || crypto_core_ed25519_is_valid_point(a) != 1 || memcmp(r, identity, POINT_SIZE) == 0)
		return false;
	challenge(p, r, a, m, k);
	if (crypto_scalarmult_ed25519_base_noclamp(sb, s) != 0 || crypto_scalarmult_ed25519_noclamp(ka, k, a) != 0 ||
	    crypto_core_ed25519_sub(expected, sb, ka) != 0)
		return false;
	return memcmp(expected, r, POINT_SIZE) == 0;
}

/* Ed25519ph.  Of Ed448ph the library hashes the message itself, and takes nothing else. */
static bool hashes_first(const struct mech_call *call)
{
	return call->params->eddsa.prehash && call->key->bits != 448;
}

/* The message as the domain-separated forms take it: itself, or its hash in `digest`. */
static struct span prehashed(const struct mech_call *call, struct span message, uint8_t digest[HASH_SIZE])
{
	if (!hashes_first(call))
		return message;
	(void)crypto_hash_sha512(digest, message.p, message.n);
	return span(digest, HASH_SIZE);
}

static CK_RV sign_message(struct vault_scope *scope, const struct mech_call *call, struct span m, struct mspan out, size_t *n)
{
	const struct mech_eddsa_params *p = &call->params->eddsa;
	struct span seed = key_view_part(call->key, CKA_VALUE), point = key_view_part(call->key, CKA_EC_POINT);
	uint8_t pair[SEED_SIZE + POINT_SIZE];

	if (call->key->bits == 448)
		return ed448_sign(scope, p, seed, point, m, out, n);
	if (seed.n != SEED_SIZE || point.n != POINT_SIZE || out.n < SIGNATURE_SIZE)
		return CKR_GENERAL_ERROR;
	*n = SIGNATURE_SIZE;
	if (p->given)
		return sign_in_domain(scope, p, seed.p, point.p, m, out.p);
	memcpy(pair, seed.p, SEED_SIZE);
	memcpy(pair + SEED_SIZE, point.p, POINT_SIZE);
	return crypto_sign_detached(out.p, NULL, m.p, m.n, pair) == 0 ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV verify_message(const struct mech_call *call, struct span m, struct span signature)
{
	const struct mech_eddsa_params *p = &call->params->eddsa;
	struct span point = key_view_part(call->key, CKA_EC_POINT);
	bool valid;

	if (call->key->bits == 448)
		return ed448_verify(p, point, m, signature);
	if (point.n != POINT_SIZE)
		return CKR_GENERAL_ERROR;
	if (signature.n != SIGNATURE_SIZE)
		return CKR_SIGNATURE_LEN_RANGE;
	if (p->given)
		valid = verify_in_domain(p, point.p, m, signature.p);
	else
		valid = crypto_sign_verify_detached(signature.p, m.p, m.n, point.p) == 0;
	return valid ? CKR_OK : CKR_SIGNATURE_INVALID;
}

static CK_RV out_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	(void)in_len;
	*out = call->key->bits == 448 ? ED448_SIGNATURE_SIZE : SIGNATURE_SIZE;
	return CKR_OK;
}

/* OpenSSL 3.0 has neither a context for Ed448 nor Ed448ph: the pure form, with or without a parameter that says so, is what is left. */
static CK_RV suits(const struct mech_call *call)
{
	const struct mech_eddsa_params *p = &call->params->eddsa;

	if (call->key->bits != 448 || (!p->prehash && p->context_len == 0) || ed448_has_forms())
		return CKR_OK;
	cf_ignore(error_set(CF_STATUS(UNSUPPORTED), "Ed448 has a context and a prehash with OpenSSL 3.2 or later only"),
		  "the return value is the answer");
	return CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV sign(struct vault_scope *scope, const struct mech_call *call, struct span message, struct mspan out, size_t *n)
{
	uint8_t digest[HASH_SIZE];

	return sign_message(scope, call, prehashed(call, message, digest), out, n);
}

static CK_RV verify(struct vault_scope *scope, const struct mech_call *call, struct span message, struct span signature)
{
	uint8_t digest[HASH_SIZE];

	(void)scope;
	return verify_message(call, prehashed(call, message, digest), signature);
}

static CK_RV begin(struct vault_scope *scope, const struct mech_call *call)
{
	struct eddsa_state *s = call->state;

	(void)scope;
	s->message = (struct buf)GATHER_INIT;
	s->hashes = hashes_first(call);
	(void)crypto_hash_sha512_init(&s->hash);
	return CKR_OK;
}

static CK_RV update(struct vault_scope *scope, const struct mech_call *call, struct span part)
{
	struct eddsa_state *s = call->state;

	(void)scope;
	if (s->hashes) {
		(void)crypto_hash_sha512_update(&s->hash, part.p, part.n);
		return CKR_OK;
	}
	return gather_part(&s->message, part);
}

static struct span gathered(const struct mech_call *call, uint8_t digest[HASH_SIZE])
{
	struct eddsa_state *s = call->state;

	if (!s->hashes)
		return buf_span(&s->message);
	(void)crypto_hash_sha512_final(&s->hash, digest);
	return span(digest, HASH_SIZE);
}

static CK_RV finish(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n)
{
	uint8_t digest[HASH_SIZE];

	return sign_message(scope, call, gathered(call, digest), out, n);
}

static CK_RV finish_verify(struct vault_scope *scope, const struct mech_call *call, struct span signature)
{
	uint8_t digest[HASH_SIZE];

	(void)scope;
	return verify_message(call, gathered(call, digest), signature);
}

static void clear(void *state)
{
	struct eddsa_state *s = state;

	buf_release(&s->message);
	sodium_memzero(&s->hash, sizeof(s->hash));
}

CK_RV mech_ed25519_public(struct vault_scope *scope, struct span seed, uint8_t point[32])
{
	uint8_t pair[SEED_SIZE + POINT_SIZE];

	(void)scope;
	if (seed.n != SEED_SIZE)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return crypto_sign_seed_keypair(point, pair, seed.p) == 0 ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* The parts lie in memory of the scope. */
static CK_RV generate(struct vault_scope *scope, const struct mech_call *call, const struct key_view *wanted,
		      struct key_view *public_key, struct key_view *private_key)
{
	const struct curve *curve = curve_sized(CKK_EC_EDWARDS, wanted->bits);
	struct mspan room;
	struct span seed;

	(void)call;
	if (curve == NULL)
		return CKR_CURVE_NOT_SUPPORTED;
	if (cf_failed(vault_scope_alloc(scope, curve->scalar + curve->point, &room)))
		return CKR_DEVICE_MEMORY;
	seed = span(room.p, curve->scalar);
	randombytes_buf(room.p, seed.n);
	*public_key = (struct key_view){ .class = CKO_PUBLIC_KEY, .type = CKK_EC_EDWARDS, .bits = curve->bits, .parts = 1 };
	public_key->part[0] = (struct key_part){ CKA_EC_POINT, span(room.p + seed.n, curve->point) };
	*private_key = *public_key;
	private_key->class = CKO_PRIVATE_KEY;
	private_key->part[private_key->parts++] = (struct key_part){ CKA_VALUE, seed };
	if (curve->bits == 448)
		return curve448_public(scope, curve, seed, room.p + seed.n);
	return mech_ed25519_public(scope, seed, room.p + seed.n);
}

const struct mech_impl mech_eddsa = {
	.state_kind = MECH_STATE_PLAIN,
	.state_size = sizeof(struct eddsa_state),
	.suits = suits,
	.out_len = out_len,
	.sign = sign,
	.verify = verify,
	.begin = begin,
	.update = update,
	.finish = finish,
	.finish_verify = finish_verify,
	.clear = clear,
};

const struct mech_impl mech_eddsa_generate = {
	.state_kind = MECH_STATE_NONE,
	.generate_pair = generate,
};
