/* SPDX-License-Identifier: Apache-2.0 */
/* The figures for people, and as JSON. */
#ifndef COFFER_BENCH_REPORT_H
#define COFFER_BENCH_REPORT_H

#include <stdio.h>

#include "bench/contest.h"

/* `scale` NULL: there was no second part. */
void report_print(FILE *f, const struct contest *speed, const struct contest *scale);
bool report_json(const char *path, const struct contest *speed, const struct contest *scale);

/* The budgets of the project, and what was measured: a row of a table. NaN: not measured in this run. */
struct budget {
	const char *what;
	const char *unit;
	bool at_least;   /* else at most */
	double limit, measured;
	double by_cpu;   /* the same by CPU time, which a busy machine disturbs less; NaN: there is no such thing */
};

#define BUDGETS_MAX 16
size_t budgets_of(const struct contest *speed, const struct contest *scale, struct budget out[BUDGETS_MAX]);

/* "3.21 us" */
void time_text(double ns, char out[32]);

#endif
