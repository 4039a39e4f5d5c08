/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of mnemonics, as Algorand and BIP-39 share them.  What is looked up may be part of a secret:
 * these functions run in a scope, and keep nothing.
 */
#ifndef COFFER_ALGORAND_WORDS_H
#define COFFER_ALGORAND_WORDS_H

#include <stdbool.h>

#include "vault/scope.h"

#define WORDS     2048
#define WORD_BITS 11
#define WORD_MAX  8

/* Static, NUL-terminated; index below WORDS. */
const char *word_at(unsigned index);
/* Exactly this word, lower case. */
bool word_find(struct vault_scope *scope, struct span word, unsigned *index);

/* The words most like one that is not in the list: fewest letters changed, left out, added or swapped, none with
 * more than two.  Returns how many, at most `max`. */
size_t word_near(struct vault_scope *scope, struct span word, unsigned *index, size_t max);

/* Splits at spaces; empty parts are dropped. *word is in place; false at the end. */
bool word_next(struct span *rest, struct span *word);

/* What is wrong with a mnemonic.  Only a word that is none of the list, so no part of any secret, is kept in it. */
enum word_fault_kind { WORD_FAULT_NONE, WORD_FAULT_COUNT, WORD_FAULT_UNKNOWN, WORD_FAULT_CHECKSUM };
#define WORD_NEAR_MAX 3

struct word_fault {
	enum word_fault_kind kind;
	size_t place; /* from 1 */
	size_t count; /* of words that there are */
	char word[24];
	size_t near_count;
	unsigned near[WORD_NEAR_MAX];
};

/* Looks one word of a mnemonic up; what it is not goes into the fault. */
bool word_check(struct vault_scope *scope, struct span word, size_t place, unsigned *index,
		struct word_fault *fault);
/* INVALID with a sentence; `expected` says how many words there should be. Outside of scopes. */
struct cf_status word_explain(const struct word_fault *fault, const char *expected) CF_CHECKED;

#endif
