/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guarded memory at an address that stays, in which a library makes an object of its own and finds it again: what is full
 * of pointers can be sealed, but it can be opened in one place only.  Between two uses a bench is empty and zero, and what
 * lay on it is sealed; one thread works at it, with one object at a time.
 *
 * There are as many as threads work side by side, eight at most, and they stay until the vault is closed.  Together they take a quarter of
 * what may be locked (RLIMIT_MEMLOCK) at most; where that is below 1 MiB there are none.
 */
#ifndef COFFER_VAULT_BENCH_H
#define COFFER_VAULT_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "vault/secret.h"

#define BENCHES 8

struct bench;

/* An idle one with at least `room` bytes; NULL: there is none. It is the caller's until bench_leave(). */
struct bench *bench_take(size_t room);
/* This very one, of BENCHES. NULL: another thread is at it. */
struct bench *bench_claim(size_t number);
/* It is anyone's. One that was opened is closed by then. */
void bench_leave(struct bench *bench);
size_t bench_number(const struct bench *bench);

/* From here on what this thread takes from the heap lies on it. */
void bench_open(struct vault_scope *scope, struct bench *bench);
/* What it takes lies elsewhere again, and once more on it. */
void bench_pause(struct bench *bench);
void bench_resume(struct bench *bench);
/* Nothing lies there. */
bool bench_is_empty(const struct bench *bench);
/* It is wiped, with whatever still lies there, and may be opened again. */
void bench_close(struct vault_scope *scope, struct bench *bench);

/* All that lies there, sealed. The bench is left as it is. NOMEM, CLOSED; LIMIT: `object` or something else that was taken since
 * bench_open() does not lie there, or there is too much of it. */
struct cf_status bench_seal(struct vault_scope *scope, struct bench *bench, const void *object, struct secret **out) CF_CHECKED;
/* Opens the bench and lays it out again: the one that it was sealed from. As secret_open(); when it fails the bench is closed. */
struct cf_status bench_unseal(struct vault_scope *scope, struct bench *bench, const struct secret *sealed) CF_CHECKED;

/* What the vault calls. Nobody is at one of them. */
void benches_close(void);
/* In a forked child. */
void benches_forget(void);

#endif
