/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BIP-39: entropy of 16 to 32 bytes as 12 to 24 words with a checksum, and the 64 bytes of seed that the words and a
 * passphrase give (PBKDF2-HMAC-SHA-512, 2048 rounds).  SLIP-0010: Ed25519 keys from a seed by a path of hardened indexes.
 * For whoever has words of Solana, Stellar or another network that derives so; Algorand's own 25 words are mnemonic.h.
 */
#ifndef COFFER_ALGORAND_BIP39_H
#define COFFER_ALGORAND_BIP39_H

#include "algorand/words.h"

#define BIP39_ENTROPY_MAX 32
#define BIP39_WORDS_MAX   24
#define BIP39_TEXT_MAX    (BIP39_WORDS_MAX * (WORD_MAX + 1) - 1)
#define BIP39_SEED_SIZE   64
#define BIP39_WORDS_TEXT  "12, 15, 18, 21 or 24" /* for word_explain() */

/* entropy.n is 16, 20, 24, 28 or 32; text.n >= BIP39_TEXT_MAX; in memory of the scope, or guarded. Returns the length. */
size_t bip39_encode(struct vault_scope *scope, struct span entropy, struct mspan text);
/* False with *fault set; *n is the number of bytes of entropy. */
bool bip39_decode(struct vault_scope *scope, struct span text, uint8_t entropy[BIP39_ENTROPY_MAX],
		  size_t *n, struct word_fault *fault);
/* `text` was decoded before.  The passphrase is ASCII: what BIP-39 does to other letters (NFKD) is not done here, and the
 * caller refuses them. */
void bip39_seed(struct vault_scope *scope, struct span text, struct span passphrase,
		uint8_t seed[BIP39_SEED_SIZE]);

#define SLIP10_DEPTH_MAX 10
#define SLIP10_KEY_SIZE  32

struct slip10_path {
	uint32_t index
		[SLIP10_DEPTH_MAX]; /* without the bit that says hardened: for Ed25519 all are */
	size_t depth;
};

/* "m/44'/501'/0'/0'" (' or h). INVALID with a sentence, also for an index that is not hardened. */
struct cf_status slip10_path_parse(const char *text, struct slip10_path *out) CF_CHECKED;
/* The Ed25519 seed at the path, from 16 to 64 bytes of seed. */
void slip10_derive(struct vault_scope *scope, struct span seed, const struct slip10_path *path,
		   uint8_t key[SLIP10_KEY_SIZE]);

#endif
