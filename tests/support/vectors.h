/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published test vectors: JSON files under tests/vectors, in Wycheproof's form ("testGroups", each with "tests") or as a
 * bare list (the document itself, or its member "vectors").  One walker for all of them: a member is looked for in the
 * test, then in its group, so that a test function does not care where a file keeps its key.
 */
#ifndef COFFER_TESTS_VECTORS_H
#define COFFER_TESTS_VECTORS_H

#include <jansson.h>

#include "base/span.h"

struct vectors;

struct vector {
	struct vectors *file;
	const json_t *group; /* NULL in a bare list */
	const json_t *test;
};

/* `path` below tests/vectors. Ends the program with a message when it cannot be read: there is nothing to test then. */
struct vectors *vectors_open(const char *path);
/* What the accessors below gave is gone with it. */
void vectors_close(struct vectors *f);
/* All tests in the file's order; how many there were. */
size_t vectors_each(struct vectors *f, void (*run)(const struct vector *v, void *arg), void *arg);

/* `member` may be a path ("publicKey.pk").  An absent or null member is not there; one that is there and is no hexadecimal
 * string (no string, no number) ends the program. */
bool vector_has(const struct vector *v, const char *member);
/* Decoded from hexadecimal; empty when it is not there. Valid until vectors_close. */
struct span vector_bytes(const struct vector *v, const char *member);
/* "" when it is not there. */
const char *vector_text(const struct vector *v, const char *member);
/* -1 when it is not there. */
long vector_number(const struct vector *v, const char *member);
/* Is it among the test's "flags"? */
bool vector_flag(const struct vector *v, const char *flag);

/* ---- Wycheproof's verdicts ---- */

struct vector_score {
	unsigned valid, invalid, acceptable; /* as the file says */
	unsigned taken;                      /* "acceptable" ones that were accepted */
	unsigned wrong;
};

/* Counts the test, and says which one it is when `accepted` is not what the file wants. "acceptable" may be either. */
void vector_judge(const struct vector *v, bool accepted, struct vector_score *score);
/* One line with the counts. */
void vector_report(const char *what, const struct vector_score *score);

#endif
