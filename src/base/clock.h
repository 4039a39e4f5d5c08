/* SPDX-License-Identifier: Apache-2.0 */
/* Time as a parameter: a test replaces the source and moves the hands itself. */
#ifndef COFFER_BASE_CLOCK_H
#define COFFER_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds that only go forward (CLOCK_MONOTONIC_COARSE: a few ns to read, a few ms fine). */
uint64_t clock_monotonic_ms(void);
/* Seconds since 1970 UTC. */
int64_t clock_wall_s(void);

struct clock_source {
	uint64_t (*monotonic_ms)(void);
	int64_t (*wall_s)(void);
};

/* For tests: NULL restores the system's clocks. `source` must outlive its use. */
void clock_set_source(const struct clock_source *source);

#endif
