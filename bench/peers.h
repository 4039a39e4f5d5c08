/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PKCS#11 modules that are known: where they are installed, and what each wants before C_Initialize to have a token
 * of its own in a temporary directory.
 */
#ifndef COFFER_BENCH_PEERS_H
#define COFFER_BENCH_PEERS_H

#include "bench/bench.h"

struct peer {
	const char *name;
	const char *const *paths; /* NULL-terminated; NULL: the module under test */
	/* In the worker: environment and files. False: it cannot be used. */
	bool (*configure)(const char *directory, const struct settings *settings);
	/* pReserved of C_Initialize; NULL: none.  Static storage. */
	const char *(*reserved)(const char *directory);
	/* Its token exists from the start, in this slot, and has no SO PIN. */
	bool ready_made;
	CK_SLOT_ID slot;
	/* Its tokens live in one place for the whole machine: only when named. */
	bool shared;
};

/* Fills `subjects` from `at` on with what is installed and asked for; returns the new count. */
size_t peers_find(struct subject *subjects, size_t at, const struct settings *settings);

#endif
