/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds: every row, and for each row every entry, in an order that rotates. */
#ifndef COFFER_BENCH_CONTEST_H
#define COFFER_BENCH_CONTEST_H

#include "bench/worker.h"

#define ROUNDS_MAX 101
#define ENTRIES_MAX 32

struct entry {
	struct subject subject;
	unsigned long keys;     /* that its token holds before it starts; 0: an empty one is made */
	struct worker steady;   /* logged in all the time */
	struct worker login;    /* for OP_LOGIN: initialised only while that is timed */
	struct slice populated; /* how fast those keys were made, where they were */
	struct memory at_login, at_end;
};

/* What one entry did in one row. */
struct series {
	unsigned n; /* rounds done */
	unsigned long error;
	double wall_ns[ROUNDS_MAX], cpu_ns[ROUNDS_MAX];
};

struct contest {
	const struct settings *settings;
	struct entry entry[ENTRIES_MAX];
	size_t entries;
	bool (*takes)(const struct row *row); /* which rows; NULL: all */
	struct series *series;                /* [row][entry] */
};

bool contest_open(struct contest *c, const struct settings *settings);
void contest_close(struct contest *c);
/* A subject in a directory of its own below `base`, which is made; populated with `keys` keys first, in `nursery`, and
 * left out when it has no such keys. */
void contest_add(struct contest *c, const struct subject *s, const char *base, unsigned long keys, const char *nursery);
void contest_run(struct contest *c);
/* Ends the workers; the figures stay. */
void contest_stop(struct contest *c);

const struct series *contest_series(const struct contest *c, size_t row, size_t entry);
/* A bare library is there for the rows that are held against it. */
bool contest_takes_part(const struct contest *c, size_t row, size_t entry);
bool contest_has_row(const struct contest *c, size_t row);
/* The entry that a row is held against; false: there is none. */
bool contest_bare(const struct contest *c, size_t row, size_t *entry);

/* Medians over the rounds; NaN where there is nothing. */
double series_wall(const struct series *s);
double series_cpu(const struct series *s);
/* Of a/b, round by round. */
double series_ratio(const struct series *a, const struct series *b);
double series_cpu_ratio(const struct series *a, const struct series *b);
/* Of a-b, in ns. */
double series_difference(const struct series *a, const struct series *b);
double series_cpu_difference(const struct series *a, const struct series *b);

#endif
