/* SPDX-License-Identifier: Apache-2.0 */
/* A subject in a process of its own, and the pipe to it. */
#ifndef COFFER_BENCH_WORKER_H
#define COFFER_BENCH_WORKER_H

#include <sys/types.h>

#include "bench/measure.h"

struct memory {
	uint64_t rss_kib, locked_kib; /* VmRSS, VmLck: of the whole process, all libraries included */
	/* What coffer says of itself, in bytes. */
	uint64_t arena, stacks, stack_count;
};

struct worker {
	pid_t pid; /* 0: none */
	int to, from;
	unsigned long error; /* of opening it: it gives no figures */
};

/* Starts it; s->version is filled in. `keys`: see struct driver.  The directory of the subject must exist. */
void worker_start(struct worker *w, struct subject *s, const struct settings *settings, unsigned long keys);
/* One slice of row number `row`. */
void worker_slice(struct worker *w, unsigned row, unsigned ms, struct slice *out);
/* Makes keys; wall_ns and cpu_ns are for one of them. */
void worker_populate(struct worker *w, unsigned long count, struct slice *out);
void worker_memory(struct worker *w, struct memory *out);
/* Ends it in order. */
void worker_stop(struct worker *w);

#endif
