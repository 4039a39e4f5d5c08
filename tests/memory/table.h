/* SPDX-License-Identifier: Apache-2.0 */
/* The table: secret × place × moment, for coffer and for the controls. */
#ifndef COFFER_TESTS_MEMORY_TABLE_H
#define COFFER_TESTS_MEMORY_TABLE_H

#include "process.h"

enum subject {
	SUBJECT_COFFER, /* with memfd_secret */
	SUBJECT_LOCKED, /* without: mlock */
	SUBJECT_SOFTHSM,
	SUBJECT_PLAIN,  /* coffer in a driver that keeps its secrets itself */
	SUBJECTS
};

/* What a row promises. */
enum promise {
	PROMISE_NONE, /* nothing: it is shown only */
	PROMISE_IDLE, /* no operation is running: no hit anywhere */
	PROMISE_BUSY, /* operations are running: hits only in guarded pages */
};

/* `s` tells which secrets were looked for. */
void table_add(const char *moment, const char *place, enum promise promise, enum subject who,
	       const struct tally *t, const struct secrets *s, unsigned looks);
/* A part that could not be done here. */
void table_skip(const char *what, const char *why);
/* A check that is no look: a failure ends in the exit status. */
void table_check(bool ok, const char *what);

void table_print(void);
/* 0 when coffer has no hit where it promises none, and every control was found; says what is not so. */
int table_verdict(bool with_softhsm);

#endif
