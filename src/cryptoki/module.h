/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module's one piece of state, from C_Initialize to C_Finalize.  `life` says what may be done with the rest: it is
 * written while life is MODULE_CHANGING, by the one thread that changed it, and read by calls that were counted in
 * `calls` before they saw MODULE_OPEN.
 */
#ifndef COFFER_CRYPTOKI_MODULE_H
#define COFFER_CRYPTOKI_MODULE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "base/config.h"
#include "session/table.h"
#include "token/token.h"

/* The lower bits of `life`; the upper ones are the process ID, so that a child knows what is not its own. */
enum module_life { MODULE_CLOSED, MODULE_CHANGING, MODULE_OPEN };
#define MODULE_LIFE(pid, life) ((uint64_t)(uint32_t)(pid) << 8 | (uint64_t)(life))

/* Calls in flight are counted in several places, so that threads with sessions of their own do not share a cache line. */
#define MODULE_COUNTERS 16
struct module_counter {
	_Alignas(64) _Atomic unsigned long calls;
};

struct module {
	_Atomic uint64_t life;
	struct module_counter counter[MODULE_COUNTERS];
	struct config *config;
	struct slots *slots;
	struct sessions *sessions;
	bool mechanisms;         /* mech_open() was called */
	int trace;              /* descriptor of the trace file, or -1 */
	pthread_mutex_t waiting; /* C_WaitForSlotEvent sleeps on `changed`, and C_Finalize wakes it */
	pthread_cond_t changed;
	bool may_thread;         /* the application allows threads of ours (C_Initialize) */
	struct idle_watch {      /* idle.c; written with `waiting` held */
		_Atomic bool running;
		bool stop;
		pthread_t thread;
	} idle;
};

extern struct module module;

/* True from C_Initialize to the start of C_Finalize, in the process that called it. */
bool module_is_open(void);

#endif
