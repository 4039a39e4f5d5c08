/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fuzz targets share.  Each target is one file with LLVMFuzzerTestOneInput: linked with replay.c it runs every file of
 * its corpus (make check), with clang's -fsanitize=fuzzer it looks for new ones (configure --enable-fuzzing, make fuzz).
 * A target may answer anything but undefined behaviour; what else must hold is said with EXPECT.
 */
#ifndef COFFER_TESTS_FUZZ_H
#define COFFER_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/span.h"
#include "ck/ck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program, which is what a fuzzer notices. */
#define EXPECT(x)                                                                       \
	do {                                                                            \
		if (!(x)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #x); \
			abort();                                                        \
		}                                                                       \
	} while (0)

/* The input, taken from its front; nothing and zeros at its end. */
struct feed {
	struct span rest;
};

static inline uint8_t feed_u8(struct feed *f)
{
	uint8_t v = f->rest.n == 0 ? 0 : f->rest.p[0];

	f->rest = span_skip(f->rest, 1);
	return v;
}

static inline struct span feed_bytes(struct feed *f, size_t n)
{
	struct span s = span(f->rest.p, n < f->rest.n ? n : f->rest.n);

	f->rest = span_skip(f->rest, s.n);
	return s;
}

static inline uint64_t feed_u64(struct feed *f)
{
	struct span s = feed_bytes(f, 8);
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++)
		v |= (uint64_t)s.p[i] << (8 * i);
	return v;
}

/* One byte of length and so many bytes. */
static inline struct span feed_string(struct feed *f)
{
	size_t n = feed_u8(f);

	return feed_bytes(f, n);
}

/* In a heap block of exactly that size, so that a sanitizer sees one byte too many. */
static inline uint8_t *fuzz_copy(struct span s)
{
	uint8_t *p = malloc(s.n == 0 ? 1 : s.n);

	EXPECT(p != NULL);
	bytes_copy(p, s.p, s.n);
	return p;
}

/* ---- a caller's array of attributes (attributes.c) ---- */

#define FUZZ_ATTRIBUTES_MAX 24

struct fuzz_template {
	CK_ATTRIBUTE attr[FUZZ_ATTRIBUTES_MAX];
	void *owned[FUZZ_ATTRIBUTES_MAX];
	CK_ULONG count;
};

/* What a program may pass without lying about its own memory: any type, any length with a value of that length, and the
 * forms that are wrong but can be seen to be (NULL with a length, CK_UNAVAILABLE_INFORMATION). */
void fuzz_template(struct feed *f, struct fuzz_template *t);
void fuzz_template_release(struct fuzz_template *t);

/* A mechanism and its parameter: by a row of the table or any number; structures with pointers point at memory that is there. */
struct fuzz_mechanism {
	CK_MECHANISM mechanism;
	void *owned[5];
};
void fuzz_mechanism(struct feed *f, struct fuzz_mechanism *m);
void fuzz_mechanism_release(struct fuzz_mechanism *m);

#endif
