/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library's object of a key (its numbers, and what the library computed of them before it could work), kept from one
 * operation to the next: sealed as it lies in memory (vault/bench.h), and opened at the same place.
 *
 * There may be one for each bench: for each thread, as good as, that uses the key at a moment.  A thread whose bench has none makes one.
 */
#ifndef COFFER_VAULT_KEEP_H
#define COFFER_VAULT_KEEP_H

#include <stdatomic.h>

#include "vault/bench.h"

/* Bytes that all keys of the process together may keep; beyond it objects are made for each operation. */
#define KEEP_BYTES_MAX ((size_t)16 << 20)

struct kept;

/* All zero: nothing is kept. */
struct keep {
	_Atomic(struct kept *) on[BENCHES]; /* taken and put by whoever is at that bench */
};

#define KEEP_INIT { .on = { NULL } }

/* How a family's objects come and go. */
struct keep_kind {
	void *(*make)(const void *from); /* NULL: it cannot be made */
	void (*free)(void *object);
	/* An operation changes nothing in it and adds nothing to it: it is sealed once. */
	bool settled;
};

/* An object that is in use. */
struct keep_use {
	struct keep *keep;
	const struct keep_kind *kind;
	struct bench *bench; /* NULL: it lies where any other does */
	void *object;
	bool sealed; /* it is kept whatever comes of this use: its kind is settled */
};

/*
 * The object that was kept, else one that is made `from` what the family makes it of.  It lies on a bench of at least `room` bytes: what the
 * making takes at most, and once more what the object does; of one that is not settled what an operation takes as well, since until
 * keep_give() this thread's allocations from the heap lie with it.  NULL: it cannot be made, and nothing is to be given
 * back.  keep may be NULL: one that is made is freed again.
 */
void *keep_take(struct vault_scope *scope, struct keep *keep, const struct keep_kind *kind, size_t room, const void *from,
		struct keep_use *use);
/* Nothing else that was taken from the heap meanwhile is in use.  Not `sound`: it may be damaged, and is freed.   What
 * cannot be kept is freed as well: it is made anew when it is needed. */
void keep_give(struct vault_scope *scope, struct keep_use *use, bool sound);

/* All of it is freed, now or by the thread that is at its bench. Nobody uses it; outside of a scope. */
void keep_clear(struct keep *keep);

/* What the vault calls. No operation runs. */
void keeps_close(void);
/* In a forked child. */
void keeps_forget(void);

#endif
