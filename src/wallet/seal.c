/* SPDX-License-Identifier: Apache-2.0 */
#include "wallet/seal.h"

#include <sodium.h>

#include "base/codec.h"
#include "base/error.h"
#include "vault/interrupt.h"
#include "wallet/kdf.h"

_Static_assert(FORMAT_NONCE_SIZE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(FORMAT_TAG_SIZE == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");

struct cf_status keys_open(struct vault_scope *scope, struct secret *key, struct wallet_keys *out)
{
	return secret_open(scope, key, MSPAN_OF(out->master));
}

void keys_sub(struct vault_scope *scope, const struct wallet_keys *keys, enum purpose purpose, uint8_t out[32])
{
	(void)scope;
	(void)crypto_kdf_derive_from_key(out, 32, (uint64_t)purpose, "cofferV1", keys->master);
}

struct cf_status wrap_seal(struct vault_scope *scope, const struct header *h, unsigned role, struct span pin,
			   const uint8_t master[WALLET_KEY_SIZE], struct wrap *w)
{
	AUTO_BUF context = BUF_INIT(WRAP_MAX);
	uint8_t kek[WALLET_KEY_SIZE];

	randombytes_buf(w->salt, sizeof(w->salt));
	randombytes_buf(w->nonce, sizeof(w->nonce));
	wrap_context(h, role, w, &context);
	CF_TRY(buf_status(&context));
	CF_TRY(kdf_derive(scope, &w->kdf, w->salt, pin, kek));
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(w->sealed, NULL, master, WALLET_KEY_SIZE, context.p, context.n,
							 NULL, w->nonce, kek);
	return CF_OK;
}

struct cf_status wrap_open(struct vault_scope *scope, const struct header *h, unsigned role, struct span pin,
			   const struct wrap *w, uint8_t master[WALLET_KEY_SIZE])
{
	AUTO_BUF context = BUF_INIT(WRAP_MAX);
	uint8_t kek[WALLET_KEY_SIZE];

	wrap_context(h, role, w, &context);
	CF_TRY(buf_status(&context));
	CF_TRY(kdf_derive(scope, &w->kdf, w->salt, pin, kek));
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(master, NULL, NULL, w->sealed, sizeof(w->sealed), context.p,
						       context.n, w->nonce, kek) != 0)
		return error_set(CF_STATUS(DENIED), "the PIN is wrong");
	return CF_OK;
}

void node_mac(struct vault_scope *scope, const struct wallet_keys *keys, struct span bytes, uint8_t mac[FORMAT_MAC_SIZE])
{
	uint8_t key[32];

	keys_sub(scope, keys, PURPOSE_NODE, key);
	(void)crypto_generichash(mac, FORMAT_MAC_SIZE, bytes.p, bytes.n, key, sizeof(key));
}

void header_mac(struct vault_scope *scope, const struct wallet_keys *keys, struct span bytes, uint8_t mac[FORMAT_MAC_SIZE])
{
	uint8_t key[32];

	keys_sub(scope, keys, PURPOSE_HEADER, key);
	(void)crypto_generichash(mac, FORMAT_MAC_SIZE, bytes.p, bytes.n, key, sizeof(key));
}

static void public_mac(struct vault_scope *scope, const struct wallet_keys *keys, const uint8_t context[OBJECT_CONTEXT_SIZE],
		       struct span plain, uint8_t mac[FORMAT_MAC_SIZE])
{
	crypto_generichash_state state;
	uint8_t key[32];

	keys_sub(scope, keys, PURPOSE_PUBLIC_MAC, key);
	(void)crypto_generichash_init(&state, key, sizeof(key), FORMAT_MAC_SIZE);
	(void)crypto_generichash_update(&state, context, OBJECT_CONTEXT_SIZE);
	(void)crypto_generichash_update(&state, plain.p, plain.n);
	(void)crypto_generichash_final(&state, mac, FORMAT_MAC_SIZE);
}

static struct cf_status seal_private(struct vault_scope *scope, const struct wallet_keys *keys,
				     const uint8_t context[OBJECT_CONTEXT_SIZE], struct wallet_object *o, struct span plain)
{
	uint8_t nonce[FORMAT_NONCE_SIZE], key[32];
	size_t at = FORMAT_NONCE_SIZE;

	/* Room for the ciphertext first; then it is written in place. */
	interrupt_presume(); /* what the object has was computed just now */
	randombytes_buf(nonce, sizeof(nonce));
	buf_bytes(&o->body, SPAN_OF(nonce));
	CF_TRY(buf_grow(&o->body, plain.n + FORMAT_TAG_SIZE));
	keys_sub(scope, keys, PURPOSE_OBJECT, key);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(o->body.p + at, NULL, plain.p, plain.n, context,
							 OBJECT_CONTEXT_SIZE, NULL, nonce, key);
	return CF_OK;
}

struct cf_status object_seal(struct vault_scope *scope, const struct wallet_keys *keys, const struct header *h,
			     struct wallet_object *o, struct span plain)
{
	uint8_t context[OBJECT_CONTEXT_SIZE], mac[FORMAT_MAC_SIZE];

	object_context(h, o->number, o->version, o->is_private, context);
	buf_clear(&o->body);
	if (o->is_private)
		return seal_private(scope, keys, context, o, plain);
	public_mac(scope, keys, context, plain, mac);
	buf_bytes(&o->body, plain);
	buf_bytes(&o->body, SPAN_OF(mac));
	return buf_status(&o->body);
}

static struct cf_status forged(uint64_t number)
{
	return error_set(CF_STATUS(FORGED), "object %llu of the wallet is not what was stored: the file was tampered with",
			 (unsigned long long)number);
}

struct cf_status object_unseal(struct vault_scope *scope, const struct wallet_keys *keys, const struct header *h,
			       const struct wallet_object *o, struct mspan dst, size_t *n)
{
	uint8_t context[OBJECT_CONTEXT_SIZE], key[32];
	size_t overhead = FORMAT_NONCE_SIZE + FORMAT_TAG_SIZE;

	if (o->body.n < overhead || dst.n < o->body.n - overhead)
		return forged(o->number);
	object_context(h, o->number, o->version, true, context);
	keys_sub(scope, keys, PURPOSE_OBJECT, key);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(dst.p, NULL, NULL, o->body.p + FORMAT_NONCE_SIZE,
						       o->body.n - FORMAT_NONCE_SIZE, context, sizeof(context), o->body.p,
						       key) != 0)
		return forged(o->number);
	*n = o->body.n - overhead;
	return CF_OK;
}

struct cf_status object_check_public(struct vault_scope *scope, const struct wallet_keys *keys, const struct header *h,
				     const struct wallet_object *o)
{
	uint8_t context[OBJECT_CONTEXT_SIZE], mac[FORMAT_MAC_SIZE];
	size_t n;

	if (o->body.n < FORMAT_MAC_SIZE)
		return forged(o->number);
	n = o->body.n - FORMAT_MAC_SIZE;
	object_context(h, o->number, o->version, false, context);
	public_mac(scope, keys, context, span(o->body.p, n), mac);
	return sodium_memcmp(mac, o->body.p + n, FORMAT_MAC_SIZE) == 0 ? CF_OK : forged(o->number);
}

static void term_with(const uint8_t *key, size_t key_n, const struct wallet_term *t, uint8_t out[WALLET_TERM_SIZE])
{
	crypto_generichash_state state;
	uint8_t tag[8];

	codec_put_u64(tag, t->tag);
	(void)crypto_generichash_init(&state, key, key_n, WALLET_TERM_SIZE);
	(void)crypto_generichash_update(&state, tag, sizeof(tag));
	(void)crypto_generichash_update(&state, t->value.p, t->value.n);
	(void)crypto_generichash_final(&state, out, WALLET_TERM_SIZE);
}

void term_private(struct vault_scope *scope, const struct wallet_keys *keys, const struct wallet_term *t,
		  uint8_t out[WALLET_TERM_SIZE])
{
	uint8_t key[32];

	keys_sub(scope, keys, PURPOSE_INDEX, key);
	term_with(key, sizeof(key), t, out);
}

void term_public(const struct header *h, const struct wallet_term *t, uint8_t out[WALLET_TERM_SIZE])
{
	term_with(h->public_salt, sizeof(h->public_salt), t, out);
}
