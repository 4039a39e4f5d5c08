/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, medians, and one slice of one job. */
#ifndef COFFER_BENCH_MEASURE_H
#define COFFER_BENCH_MEASURE_H

#include "bench/bench.h"

struct slice {
	unsigned long error; /* 0, or why there are no figures */
	uint64_t ops;
	double wall_ns;      /* for each operation: with two threads, half of what one of them takes */
	double cpu_ns;       /* for each operation, all threads together */
};

uint64_t clock_wall_ns(void);
/* Runs the job on all its lanes for about `ms` and at least one operation each. */
void slice_run(struct job *job, unsigned ms, struct slice *out);
/* Sorts `values`; NaN when there are none. */
double median(double *values, size_t n);

#endif
