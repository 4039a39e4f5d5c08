/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CKM_ECDH1_DERIVE and CKM_ECDH1_COFACTOR_DERIVE on Weierstrass and Montgomery keys, with the key derivation functions of
 * PKCS#11 3.0 §6.3.17: none, ANSI X9.63 (SEC 1 §3.6.1), and the concatenation KDF of SP 800-56A §5.8.1.1.
 */
#include <sodium.h>

#include "base/codec.h"
#include "base/error.h"
#include "mech/ec.h"
#include "mech/families.h"
#include "mech/ossl_auto.h"
#include "mech/params.h"
#include "mech/xdh.h"

/* What a round hashes: X9.63 has the shared secret before the counter, SP 800-56A behind it. */
enum order { SECRET_FIRST, COUNTER_FIRST };

static const struct kdf {
	CK_ULONG type;
	enum order order;
	const char *digest; /* NULL: BLAKE2b of that size, by libsodium */
	size_t size;
} kdfs[] = {
	{ CKD_SHA1_KDF, SECRET_FIRST, "SHA1", 20 },
	{ CKD_SHA224_KDF, SECRET_FIRST, "SHA224", 28 },
	{ CKD_SHA256_KDF, SECRET_FIRST, "SHA256", 32 },
	{ CKD_SHA384_KDF, SECRET_FIRST, "SHA384", 48 },
	{ CKD_SHA512_KDF, SECRET_FIRST, "SHA512", 64 },
	{ CKD_SHA3_224_KDF, SECRET_FIRST, "SHA3-224", 28 },
	{ CKD_SHA3_256_KDF, SECRET_FIRST, "SHA3-256", 32 },
	{ CKD_SHA3_384_KDF, SECRET_FIRST, "SHA3-384", 48 },
	{ CKD_SHA3_512_KDF, SECRET_FIRST, "SHA3-512", 64 },
	{ CKD_SHA1_KDF_SP800, COUNTER_FIRST, "SHA1", 20 },
	{ CKD_SHA224_KDF_SP800, COUNTER_FIRST, "SHA224", 28 },
	{ CKD_SHA256_KDF_SP800, COUNTER_FIRST, "SHA256", 32 },
	{ CKD_SHA384_KDF_SP800, COUNTER_FIRST, "SHA384", 48 },
	{ CKD_SHA512_KDF_SP800, COUNTER_FIRST, "SHA512", 64 },
	{ CKD_SHA3_224_KDF_SP800, COUNTER_FIRST, "SHA3-224", 28 },
	{ CKD_SHA3_256_KDF_SP800, COUNTER_FIRST, "SHA3-256", 32 },
	{ CKD_SHA3_384_KDF_SP800, COUNTER_FIRST, "SHA3-384", 48 },
	{ CKD_SHA3_512_KDF_SP800, COUNTER_FIRST, "SHA3-512", 64 },
	{ CKD_BLAKE2B_160_KDF, COUNTER_FIRST, NULL, 20 },
	{ CKD_BLAKE2B_256_KDF, COUNTER_FIRST, NULL, 32 },
	{ CKD_BLAKE2B_384_KDF, COUNTER_FIRST, NULL, 48 },
	{ CKD_BLAKE2B_512_KDF, COUNTER_FIRST, NULL, 64 },
};

static const struct kdf *kdf_find(CK_ULONG type)
{
	for (size_t i = 0; i < sizeof(kdfs) / sizeof(kdfs[0]); i++)
		if (kdfs[i].type == type)
			return &kdfs[i];
	return NULL;
}

bool ecdh_kdf_known(CK_ULONG type)
{
	return type == CKD_NULL || kdf_find(type) != NULL;
}

static CK_RV hash_blake2b(const struct kdf *kdf, const struct span parts[3], uint8_t *out)
{
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, NULL, 0, kdf->size);
	for (size_t i = 0; i < 3; i++)
		(void)crypto_generichash_update(&state, parts[i].p, parts[i].n);
	(void)crypto_generichash_final(&state, out, kdf->size);
	return CKR_OK;
}

static CK_RV hash(const struct kdf *kdf, const struct span parts[3], uint8_t *out)
{
	AUTO(evp_md_ctx_st) context = NULL;

	if (kdf->digest == NULL)
		return hash_blake2b(kdf, parts, out);
	context = EVP_MD_CTX_new();
	if (context == NULL || EVP_DigestInit_ex2(context, ossl_digest(kdf->digest), NULL) != 1)
		return CKR_FUNCTION_FAILED;
	for (size_t i = 0; i < 3; i++)
		if (EVP_DigestUpdate(context, parts[i].p, parts[i].n) != 1)
			return CKR_FUNCTION_FAILED;
	return EVP_DigestFinal_ex(context, out, NULL) == 1 ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV expand(const struct kdf *kdf, struct span z, struct span shared, struct mspan out)
{
	uint8_t counter[4], block[64];

	for (uint32_t i = 1; out.n != 0; i++) {
		struct span number = SPAN_OF(counter);
		struct span parts[3] = { kdf->order == SECRET_FIRST ? z : number, kdf->order == SECRET_FIRST ? number : z, shared };
		size_t n = out.n < kdf->size ? out.n : kdf->size;
		CK_RV rv;

		for (size_t k = 0; k < 4; k++)
			counter[k] = (uint8_t)(i >> (24 - 8 * k));
		rv = hash(kdf, parts, block);
		if (rv != CKR_OK)
			return rv;
		bytes_copy(out.p, block, n);
		out = mspan(out.p + n, out.n - n);
	}
	return CKR_OK;
}

/* §6.3.18 */
CK_RV agreed_cut(struct span z, struct mspan out, size_t *n)
{
	if (*n == 0)
		*n = z.n;
	if (*n > z.n || *n > out.n)
		return CKR_KEY_SIZE_RANGE;
	bytes_copy(out.p, z.p + z.n - *n, *n);
	return CKR_OK;
}

static CK_RV agree(struct vault_scope *scope, const struct mech_call *call, const struct key_view *key, struct span peer,
		   struct mspan out, size_t *n)
{
	const struct mech_ecdh_params *p = &call->params->ecdh;
	const struct kdf *kdf = kdf_find(p->kdf);
	uint8_t z[CURVE_SCALAR_MAX];
	size_t z_n = 0;
	CK_RV rv;

	if (key->type == CKK_EC_MONTGOMERY)
		rv = xdh_agree(scope, key, peer, MSPAN_OF(z), &z_n);
	else
		rv = ec_agree(scope, key, peer, call->mech->type == CKM_ECDH1_COFACTOR_DERIVE, MSPAN_OF(z), &z_n);
	if (rv != CKR_OK)
		return rv;
	if (kdf == NULL)
		return agreed_cut(span(z, z_n), out, n);
	if (*n == 0)
		*n = kdf->size;
	if (*n > out.n)
		return CKR_KEY_SIZE_RANGE;
	return expand(kdf, span(z, z_n), p->shared, mspan(out.p, *n));
}

static CK_RV derive(struct vault_scope *scope, const struct mech_call *call, const struct key_view *other, struct mspan out,
		    size_t *n)
{
	(void)other;
	return agree(scope, call, call->key, call->params->ecdh.peer, out, n);
}

/* ---- key encapsulation: the public half of a pair that is made for one key is the ciphertext ---- */

/* The other party's point comes with the call there, and with the parameter here. */
static CK_RV suits(const struct mech_call *call)
{
	bool encapsulates = (call->use & (CKF_ENCAPSULATE | CKF_DECAPSULATE)) != 0;

	if (encapsulates == (call->params->ecdh.peer.n == 0))
		return CKR_OK;
	return params_invalid(encapsulates ? "has a public point, which is the ciphertext here" : "has no public point");
}

static CK_RV out_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	const struct curve *curve = curve_sized(CKK_EC_MONTGOMERY, call->key->bits);

	(void)in_len;
	if (call->key->type == CKK_EC_MONTGOMERY && curve == NULL)
		return CKR_GENERAL_ERROR;
	*out = call->key->type == CKK_EC_MONTGOMERY ? curve->point : 1 + 2 * ((call->key->bits + 7) / 8);
	return CKR_OK;
}

/* A key that takes part in one agreement, of the same curve. */
static CK_RV ephemeral(struct vault_scope *scope, const struct mech_call *call, struct key_view *pub, struct key_view *priv)
{
	const struct mech_impl *impl = call->key->type == CKK_EC ? &mech_ec_generate : &mech_xdh_generate;
	struct span params = key_view_part(call->key, CKA_EC_PARAMS);
	struct key_view wanted = { .class = CKO_PUBLIC_KEY, .type = call->key->type, .bits = call->key->bits, .parts = 1 };
	CK_RV rv;

	wanted.part[0] = (struct key_part){ CKA_EC_PARAMS, params };
	rv = impl->generate_pair(scope, call, &wanted, pub, priv);
	if (rv == CKR_OK)
		priv->part[priv->parts++] = (struct key_part){ CKA_EC_PARAMS, params };
	return rv;
}

static CK_RV encapsulate(struct vault_scope *scope, const struct mech_call *call, struct mspan ciphertext, struct mspan secret, size_t *n)
{
	struct key_view pub, priv;
	struct span point;
	CK_RV rv = ephemeral(scope, call, &pub, &priv);

	if (rv != CKR_OK)
		return rv;
	point = key_view_part(&pub, CKA_EC_POINT);
	if (point.n != ciphertext.n)
		return CKR_GENERAL_ERROR;
	bytes_copy(ciphertext.p, point.p, point.n);
	*n = agreed_length(*n);
	rv = agree(scope, call, &priv, key_view_part(call->key, CKA_EC_POINT), secret, n);
	return rv == CKR_MECHANISM_PARAM_INVALID ? CKR_FUNCTION_FAILED : rv;
}

static CK_RV decapsulate(struct vault_scope *scope, const struct mech_call *call, struct span ciphertext, struct mspan secret, size_t *n)
{
	CK_RV rv;

	*n = agreed_length(*n);
	rv = agree(scope, call, call->key, ciphertext, secret, n);
	return rv == CKR_MECHANISM_PARAM_INVALID ? CKR_WRAPPED_KEY_INVALID : rv;
}

const struct mech_impl mech_ecdh = {
	.state_kind = MECH_STATE_NONE,
	.suits = suits,
	.derive = derive,
	.out_len = out_len,
	.encapsulate = encapsulate,
	.decapsulate = decapsulate,
};
