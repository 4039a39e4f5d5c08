/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Operations are timed in batches of about this length, so that reading a clock costs nothing that shows. */
#define BATCH_NS 200000u

static uint64_t read_clock(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t clock_wall_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

struct runner {
	struct lane *lane;
	pthread_barrier_t *start;
	uint64_t budget_ns, wall_ns, cpu_ns, ops;
	unsigned long error;
};

/* `count` operations between two looks at the clocks. */
static void run_batch(struct runner *r, uint64_t count)
{
	struct job *job = r->lane->job;
	uint64_t cpu = read_clock(CLOCK_THREAD_CPUTIME_ID), wall = clock_wall_ns();

	for (uint64_t i = 0; i < count && r->error == 0; i++) {
		r->error = job->step(r->lane);
		r->lane->turn++;
	}
	r->wall_ns += clock_wall_ns() - wall;
	r->cpu_ns += read_clock(CLOCK_THREAD_CPUTIME_ID) - cpu;
	r->ops += count;
	if (job->tidy != NULL && r->error == 0)
		r->error = job->tidy(r->lane);
}

static uint64_t batch_size(const struct runner *r)
{
	uint64_t each = r->wall_ns / r->ops, most = r->lane->job->batch_max;
	uint64_t count = BATCH_NS / (each + 1);

	if (most != 0 && count > most)
		count = most;
	return count == 0 ? 1 : count;
}

static void *run_lane(void *arg)
{
	struct runner *r = arg;

	(void)pthread_barrier_wait(r->start);
	do
		run_batch(r, r->ops == 0 ? 1 : batch_size(r));
	while (r->error == 0 && r->wall_ns < r->budget_ns);
	return NULL;
}

static void sum_up(const struct runner *runner, unsigned lanes, struct slice *out)
{
	double rate = 0, cpu = 0;

	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < lanes; i++) {
		if (out->error == 0)
			out->error = runner[i].error;
		out->ops += runner[i].ops;
		rate += (double)runner[i].ops / (double)runner[i].wall_ns;
		cpu += (double)runner[i].cpu_ns;
	}
	out->wall_ns = 1 / rate;
	out->cpu_ns = cpu / (double)out->ops;
}

void slice_run(struct job *job, unsigned ms, struct slice *out)
{
	unsigned lanes = job->row->lanes;
	struct runner runner[LANES_MAX] = { 0 };
	pthread_t thread[LANES_MAX];
	pthread_barrier_t start;

	if (pthread_barrier_init(&start, NULL, lanes) != 0)
		abort();
	for (unsigned i = 0; i < lanes; i++)
		runner[i] = (struct runner){ .lane = &job->lane[i], .start = &start, .budget_ns = ms * 1000000ull };
	for (unsigned i = 1; i < lanes; i++)
		if (pthread_create(&thread[i], NULL, run_lane, &runner[i]) != 0)
			abort();
	(void)run_lane(&runner[0]);
	for (unsigned i = 1; i < lanes; i++)
		(void)pthread_join(thread[i], NULL);
	(void)pthread_barrier_destroy(&start);
	sum_up(runner, lanes, out);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *values, size_t n)
{
	if (n == 0)
		return NAN;
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 != 0 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}
