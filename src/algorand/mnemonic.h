/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Algorand's mnemonic of 32 bytes: their bits, least significant first, in groups of eleven are 24 words; the
 * 25th is the low eleven bits of their SHA-512/256.  A seed and a master derivation key are written
 * alike: nothing in the words tells which it is.
 */
#ifndef COFFER_ALGORAND_MNEMONIC_H
#define COFFER_ALGORAND_MNEMONIC_H

#include "algorand/words.h"

#define MNEMONIC_WORDS    25
#define MNEMONIC_KEY_SIZE 32
/* Words and the spaces between them, no NUL. */
#define MNEMONIC_TEXT_MAX (MNEMONIC_WORDS * (WORD_MAX + 1) - 1)

/* Writes the words into memory of the scope, or guarded; text.n >= MNEMONIC_TEXT_MAX. Returns their length. */
size_t mnemonic_encode(struct vault_scope *scope, const uint8_t key[MNEMONIC_KEY_SIZE],
		       struct mspan text);

/* False with *fault set: word_explain(fault, "25"). */
bool mnemonic_decode(struct vault_scope *scope, struct span text, uint8_t key[MNEMONIC_KEY_SIZE],
		     struct word_fault *fault);

#endif
