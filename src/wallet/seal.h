/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing, MACs and search terms: everything that is done with the wallet key, inside a scope. */
#ifndef COFFER_WALLET_SEAL_H
#define COFFER_WALLET_SEAL_H

#include "wallet/format.h"

/* Sub-keys of the wallet key, one for each purpose (crypto_kdf, BLAKE2b). */
enum purpose { PURPOSE_OBJECT = 1, PURPOSE_PUBLIC_MAC, PURPOSE_INDEX, PURPOSE_NODE, PURPOSE_HEADER };

/* The wallet key in scope memory. */
struct wallet_keys {
	uint8_t master[WALLET_KEY_SIZE];
};
struct cf_status keys_open(struct vault_scope *scope, struct secret *key, struct wallet_keys *out) CF_CHECKED;
void keys_sub(struct vault_scope *scope, const struct wallet_keys *keys, enum purpose purpose, uint8_t out[32]);

/* A wrap of `master` under the PIN: salt and nonce are drawn here. w->kdf and w->to_be_changed are given. */
struct cf_status wrap_seal(struct vault_scope *scope, const struct header *h, unsigned role, struct span pin,
			   const uint8_t master[WALLET_KEY_SIZE], struct wrap *w) CF_CHECKED;
/* DENIED: the PIN is not the one. */
struct cf_status wrap_open(struct vault_scope *scope, const struct header *h, unsigned role, struct span pin,
			   const struct wrap *w, uint8_t master[WALLET_KEY_SIZE]) CF_CHECKED;

/* `bytes`: the header's record without its MAC. */
void header_mac(struct vault_scope *scope, const struct wallet_keys *keys, struct span bytes, uint8_t mac[FORMAT_MAC_SIZE]);
/* `bytes`: node_context() of the node. */
void node_mac(struct vault_scope *scope, const struct wallet_keys *keys, struct span bytes, uint8_t mac[FORMAT_MAC_SIZE]);

/* body: nonce, ciphertext and tag (private); attributes and MAC (public). */
struct cf_status object_seal(struct vault_scope *scope, const struct wallet_keys *keys, const struct header *h,
			     struct wallet_object *o, struct span plain) CF_CHECKED;
struct cf_status object_unseal(struct vault_scope *scope, const struct wallet_keys *keys, const struct header *h,
			       const struct wallet_object *o, struct mspan dst, size_t *n) CF_CHECKED;
/* FORGED when the MAC is not right. */
struct cf_status object_check_public(struct vault_scope *scope, const struct wallet_keys *keys, const struct header *h,
				     const struct wallet_object *o) CF_CHECKED;

/* Search terms: keyed by the wallet for private objects, by the public salt for public ones (keys unused). */
void term_private(struct vault_scope *scope, const struct wallet_keys *keys, const struct wallet_term *t,
		  uint8_t out[WALLET_TERM_SIZE]);
void term_public(const struct header *h, const struct wallet_term *t, uint8_t out[WALLET_TERM_SIZE]);

#endif
