/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

static uint64_t system_monotonic_ms(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC_COARSE, &t) != 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static int64_t system_wall_s(void)
{
	return (int64_t)time(NULL);
}

static const struct clock_source system_clocks = {
	.monotonic_ms = system_monotonic_ms,
	.wall_s = system_wall_s,
};

static _Atomic(const struct clock_source *) source;

static const struct clock_source *current(void)
{
	const struct clock_source *s = atomic_load_explicit(&source, memory_order_acquire);

	return s == NULL ? &system_clocks : s;
}

uint64_t clock_monotonic_ms(void)
{
	return current()->monotonic_ms();
}

int64_t clock_wall_s(void)
{
	return current()->wall_s();
}

void clock_set_source(const struct clock_source *s)
{
	atomic_store_explicit(&source, s, memory_order_release);
}
