/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message authentication by OpenSSL: HMAC (RFC 2104), CMAC (RFC 4493), GMAC (NIST SP 800-38D), Poly1305 (RFC 8439 §2.5).
 *
 * HMAC and CMAC are called below EVP_MAC, which looks the digest or cipher up by its name for each key; these take the one
 * that was fetched.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/cmac.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include "mech/families.h"

#define MAC_MAX 64
#define BLOCK 16
#define DES_BLOCK 8

struct mac_state {
	void *context;
	void (*release)(void *context);
	/* Makes the whole MAC. */
	CK_RV (*end)(void *context, uint8_t mac[MAC_MAX]);
};

static CK_RV done(bool good)
{
	return good ? CKR_OK : CKR_FUNCTION_FAILED;
}

static struct span value_of(const struct mech_call *call)
{
	return key_view_part(call->key, CKA_VALUE);
}

/* ---- what all have in common ---- */

static CK_RV mac_finish(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n)
{
	const struct mac_state *s = call->state;
	uint8_t mac[MAC_MAX];
	CK_RV rv = call->mech->impl->out_len(call, 0, n);

	(void)scope;
	if (rv == CKR_OK)
		rv = *n <= out.n ? s->end(s->context, mac) : CKR_GENERAL_ERROR;
	if (rv == CKR_OK)
		bytes_copy(out.p, mac, *n);
	return rv;
}

static CK_RV mac_finish_verify(struct vault_scope *scope, const struct mech_call *call, struct span signature)
{
	const struct mac_state *s = call->state;
	uint8_t mac[MAC_MAX];
	size_t n;
	CK_RV rv = call->mech->impl->out_len(call, 0, &n);

	(void)scope;
	if (rv == CKR_OK && signature.n != n)
		return CKR_SIGNATURE_LEN_RANGE;
	if (rv == CKR_OK)
		rv = s->end(s->context, mac);
	if (rv != CKR_OK)
		return rv;
	return sodium_memcmp(mac, signature.p, n) == 0 ? CKR_OK : CKR_SIGNATURE_INVALID;
}

static void mac_clear(void *state)
{
	struct mac_state *s = state;

	if (s->release != NULL)
		s->release(s->context);
}

/* The parameter's length, where the whole MAC is that long. */
static CK_RV general_len(const struct mech_call *call, size_t whole, size_t *out)
{
	*out = call->params->mac.length;
	return *out <= whole ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

/* CK_MAC_GENERAL_PARAMS suits the mechanism when out_len likes it. */
static CK_RV suits_general(const struct mech_call *call)
{
	size_t n;

	return call->mech->impl->out_len(call, 0, &n);
}

#define MAC_MEMBERS \
	.state_kind = MECH_STATE_GUARDED, .state_size = sizeof(struct mac_state), .finish = mac_finish, \
	.finish_verify = mac_finish_verify, .clear = mac_clear

/* ---- HMAC ---- */

static const EVP_MD *md_of(const struct mech_call *call)
{
	return ossl_digest(call->mech->variant);
}

static CK_RV hmac_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	int n = EVP_MD_get_size(md_of(call));

	(void)in_len;
	*out = n > 0 ? (size_t)n : 0;
	return n > 0 ? CKR_OK : CKR_GENERAL_ERROR;
}

static CK_RV hmac_general_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	size_t whole;
	CK_RV rv = hmac_len(call, in_len, &whole);

	return rv == CKR_OK ? general_len(call, whole, out) : rv;
}

static void hmac_release(void *context)
{
	HMAC_CTX_free(context);
}

static CK_RV hmac_end(void *context, uint8_t mac[MAC_MAX])
{
	unsigned n = MAC_MAX;

	return done(HMAC_Final(context, mac, &n) == 1);
}

static CK_RV hmac_begin(struct vault_scope *scope, const struct mech_call *call)
{
	struct mac_state *s = call->state;
	struct span key = value_of(call);

	(void)scope;
	*s = (struct mac_state){ HMAC_CTX_new(), hmac_release, hmac_end };
	if (s->context == NULL)
		return CKR_DEVICE_MEMORY;
	return done(HMAC_Init_ex(s->context, key.p, (int)key.n, md_of(call), NULL) == 1);
}

static CK_RV hmac_update(struct vault_scope *scope, const struct mech_call *call, struct span part)
{
	const struct mac_state *s = call->state;

	(void)scope;
	return done(HMAC_Update(s->context, part.p, part.n) == 1);
}

const struct mech_impl mech_hmac = { MAC_MEMBERS, .out_len = hmac_len, .begin = hmac_begin, .update = hmac_update };
const struct mech_impl mech_hmac_general = {
	MAC_MEMBERS, .out_len = hmac_general_len, .suits = suits_general, .begin = hmac_begin, .update = hmac_update
};

/* ---- CMAC ---- */

static CK_RV block_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	(void)call;
	(void)in_len;
	*out = BLOCK;
	return CKR_OK;
}

static CK_RV block_general_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	(void)in_len;
	return general_len(call, BLOCK, out);
}

static CK_RV des_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	(void)call;
	(void)in_len;
	*out = DES_BLOCK;
	return CKR_OK;
}

static CK_RV des_general_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	(void)in_len;
	return general_len(call, DES_BLOCK, out);
}

static void cmac_release(void *context)
{
	CMAC_CTX_free(context);
}

static CK_RV cmac_end(void *context, uint8_t mac[MAC_MAX])
{
	size_t n = MAC_MAX;

	return done(CMAC_Final(context, mac, &n) == 1);
}

static CK_RV cmac_begin(struct vault_scope *scope, const struct mech_call *call)
{
	enum ossl_mode mode = call->key->type == CKK_AES ? OSSL_CBC : OSSL_DES_CBC;
	struct mac_state *s = call->state;
	struct span key = value_of(call);

	(void)scope;
	*s = (struct mac_state){ CMAC_CTX_new(), cmac_release, cmac_end };
	if (s->context == NULL)
		return CKR_DEVICE_MEMORY;
	return done(CMAC_Init(s->context, key.p, key.n, ossl_mode(mode, key.n), NULL) == 1);
}

static CK_RV cmac_update(struct vault_scope *scope, const struct mech_call *call, struct span part)
{
	const struct mac_state *s = call->state;

	(void)scope;
	return done(CMAC_Update(s->context, part.p, part.n) == 1);
}

const struct mech_impl mech_cmac = { MAC_MEMBERS, .out_len = block_len, .begin = cmac_begin, .update = cmac_update };
const struct mech_impl mech_cmac_general = {
	MAC_MEMBERS, .out_len = block_general_len, .suits = suits_general, .begin = cmac_begin, .update = cmac_update
};

const struct mech_impl mech_des_cmac = { MAC_MEMBERS, .out_len = des_len, .begin = cmac_begin, .update = cmac_update };
const struct mech_impl mech_des_cmac_general = {
	MAC_MEMBERS, .out_len = des_general_len, .suits = suits_general, .begin = cmac_begin, .update = cmac_update
};

/* ---- GMAC: GCM with nothing to encrypt ---- */

static CK_RV gmac_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	(void)in_len;
	*out = call->params->cipher.tag_n;
	return CKR_OK;
}

static void gmac_release(void *context)
{
	EVP_CIPHER_CTX_free(context);
}

static CK_RV gmac_end(void *context, uint8_t mac[MAC_MAX])
{
	int n;

	return done(EVP_EncryptFinal_ex(context, mac, &n) == 1 &&
		    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, BLOCK, mac) == 1);
}

static CK_RV gmac_begin(struct vault_scope *scope, const struct mech_call *call)
{
	const struct mech_cipher_params *p = &call->params->cipher;
	struct mac_state *s = call->state;
	struct span key = value_of(call);

	(void)scope;
	*s = (struct mac_state){ EVP_CIPHER_CTX_new(), gmac_release, gmac_end };
	if (s->context == NULL)
		return CKR_DEVICE_MEMORY;
	return done(EVP_EncryptInit_ex2(s->context, ossl_mode(OSSL_GCM, key.n), NULL, NULL, NULL) == 1 &&
		    EVP_CIPHER_CTX_ctrl(s->context, EVP_CTRL_AEAD_SET_IVLEN, (int)p->iv_n, NULL) == 1 &&
		    EVP_EncryptInit_ex2(s->context, NULL, key.p, p->iv, NULL) == 1);
}

/* libcrypto's lengths are int. */
#define PIECE_MAX ((size_t)1 << 30)

static CK_RV gmac_update(struct vault_scope *scope, const struct mech_call *call, struct span part)
{
	const struct mac_state *s = call->state;

	(void)scope;
	while (part.n > 0) {
		size_t n = part.n > PIECE_MAX ? PIECE_MAX : part.n;
		int none;

		if (EVP_EncryptUpdate(s->context, NULL, &none, part.p, (int)n) != 1)
			return CKR_FUNCTION_FAILED;
		part = span_skip(part, n);
	}
	return CKR_OK;
}

const struct mech_impl mech_gmac = { MAC_MEMBERS, .out_len = gmac_len, .begin = gmac_begin, .update = gmac_update };

/* ---- Poly1305 ---- */

static void poly1305_release(void *context)
{
	EVP_MAC_CTX_free(context);
}

static CK_RV poly1305_end(void *context, uint8_t mac[MAC_MAX])
{
	size_t n;

	return done(EVP_MAC_final(context, mac, &n, MAC_MAX) == 1);
}

static CK_RV poly1305_begin(struct vault_scope *scope, const struct mech_call *call)
{
	struct mac_state *s = call->state;
	struct span key = value_of(call);

	(void)scope;
	*s = (struct mac_state){ EVP_MAC_CTX_new(ossl_poly1305()), poly1305_release, poly1305_end };
	if (s->context == NULL)
		return CKR_DEVICE_MEMORY;
	return done(EVP_MAC_init(s->context, key.p, key.n, NULL) == 1);
}

static CK_RV poly1305_update(struct vault_scope *scope, const struct mech_call *call, struct span part)
{
	const struct mac_state *s = call->state;

	(void)scope;
	return done(EVP_MAC_update(s->context, part.p, part.n) == 1);
}

const struct mech_impl mech_poly1305 = { MAC_MEMBERS, .out_len = block_len, .begin = poly1305_begin, .update = poly1305_update };
