/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/words.h"

#include <stdio.h>

#include "base/error.h"

#define TYPED_MAX   16 /* longer ones are like no word */
#define NEAR_ENOUGH 2

static const char *const words[] = {
#define WORD(text) text,
#include "algorand/words.def"
#undef WORD
};

_Static_assert(sizeof(words) / sizeof(words[0]) == WORDS, "the list is whole");

const char *word_at(unsigned index)
{
	return words[index];
}

static bool is_word(struct span word, const char *known)
{
	size_t i = 0;

	for (; i < word.n && known[i] != '\0'; i++)
		if (word.p[i] != (uint8_t)known[i])
			return false;
	return i == word.n && known[i] == '\0';
}

bool word_find(struct vault_scope *scope, struct span word, unsigned *index)
{
	(void)scope;
	for (unsigned i = 0; i < WORDS; i++) {
		if (is_word(word, words[i])) {
			*index = i;
			return true;
		}
	}
	return false;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Changes, insertions, removals and swaps of neighbours that make one of the other (restricted Damerau-Levenshtein). */
static unsigned distance(struct span a, const char *b)
{
	unsigned row[3][WORD_MAX + 1];
	size_t n = strlen(b);

	for (unsigned j = 0; j <= n; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		unsigned *now = row[i % 3], *last = row[(i + 2) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= n; j++) {
			unsigned other = a.p[i - 1] == (uint8_t)b[j - 1] ? 0 : 1;

			now[j] = least(least(now[j - 1], last[j]) + 1, last[j - 1] + other);
			if (i > 1 && j > 1 && a.p[i - 1] == (uint8_t)b[j - 2] &&
			    a.p[i - 2] == (uint8_t)b[j - 1])
				now[j] = least(now[j], row[(i + 1) % 3][j - 2] + 1);
		}
	}
	return row[a.n % 3][n];
}

size_t word_near(struct vault_scope *scope, struct span word, unsigned *index, size_t max)
{
	unsigned best = NEAR_ENOUGH;
	size_t n = 0;

	(void)scope;
	if (word.n == 0 || word.n > TYPED_MAX)
		return 0;
	for (unsigned i = 0; i < WORDS; i++) {
		unsigned d = distance(word, words[i]);

		if (d < best) {
			best = d;
			n = 0;
		}
		if (d == best && n < max)
			index[n++] = i;
	}
	return n;
}

bool word_next(struct span *rest, struct span *word)
{
	size_t n = 0;

	while (rest->n > 0 && rest->p[0] == ' ')
		*rest = span_skip(*rest, 1);
	while (n < rest->n && rest->p[n] != ' ')
		n++;
	*word = span(rest->p, n);
	*rest = span_skip(*rest, n);
	return n != 0;
}

bool word_check(struct vault_scope *scope, struct span word, size_t place, unsigned *index,
		struct word_fault *fault)
{
	size_t n = word.n < sizeof(fault->word) - 1 ? word.n : sizeof(fault->word) - 1;

	if (word_find(scope, word, index))
		return true;
	fault->kind = WORD_FAULT_UNKNOWN;
	fault->place = place;
	for (size_t i = 0; i < n; i++)
		fault->word[i] = word.p[i] >= 0x20 && word.p[i] != 0x7f ? (char)word.p[i] : '?';
	fault->word[n] = '\0';
	fault->near_count = word_near(scope, word, fault->near, WORD_NEAR_MAX);
	return false;
}

struct cf_status word_explain(const struct word_fault *fault, const char *expected)
{
	char near[WORD_NEAR_MAX * (WORD_MAX + 4) + 1] = "";

	for (size_t i = 0, n = 0; i < fault->near_count; i++)
		n += (size_t)snprintf(near + n, sizeof(near) - n, "%s%s", i == 0 ? "" : " or ",
				      words[fault->near[i]]);
	switch (fault->kind) {
	case WORD_FAULT_COUNT:
		return error_set(CF_STATUS(INVALID), "the mnemonic has %zu words; it must have %s",
				 fault->count, expected);
	case WORD_FAULT_UNKNOWN:
		return error_set(
			CF_STATUS(INVALID), "word %zu, \"%s\", is not in the list of words%s%s%s",
			fault->place, fault->word, near[0] == '\0' ? "" : "; did you mean ", near,
			near[0] == '\0' ? "" : "?");
	case WORD_FAULT_CHECKSUM:
		return error_set(CF_STATUS(INVALID),
				 "the words are all in the list, but their checksum is wrong: "
				 "one of them is another word, or two changed places");
	case WORD_FAULT_NONE:
		break;
	}
	return CF_STATUS(INVALID);
}
