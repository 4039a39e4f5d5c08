/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/keep.h"

#include "base/mem.h"

struct kept {
	const struct keep_kind *kind;
	void *object;
	struct secret *sealed;
	unsigned generation; /* of the process that counted its bytes */
	struct kept *next;   /* among those that nobody wants any more */
};

static struct {
	_Atomic size_t bytes;
	_Atomic unsigned generation;
	/* By bench: those whose key is gone while another thread was at the bench. Whoever leaves it frees them. */
	_Atomic(struct kept *) unwanted[BENCHES];
} all;

static void kept_free(struct kept *k)
{
	if (k == NULL)
		return;
	if (k->sealed != NULL && k->generation == atomic_load(&all.generation))
		atomic_fetch_sub_explicit(&all.bytes, secret_size(k->sealed), memory_order_relaxed);
	secret_unref(k->sealed);
	mem_free(k);
}

AUTO_DEFINE(kept, kept_free)

/* The bench is the caller's: nobody else takes what lay on it. */
static struct kept *take_from(struct keep *keep, const struct bench *bench)
{
	return atomic_exchange_explicit(&keep->on[bench_number(bench)], NULL, memory_order_relaxed);
}

static void put_for(struct keep *keep, const struct bench *bench, struct kept *k)
{
	atomic_store_explicit(&keep->on[bench_number(bench)], k, memory_order_relaxed);
}

static bool has_one_for(struct keep *keep, size_t number)
{
	return atomic_load_explicit(&keep->on[number], memory_order_relaxed) != NULL;
}

/* ---- sealing ---- */

static bool may_keep(size_t n)
{
	if (atomic_fetch_add_explicit(&all.bytes, n, memory_order_relaxed) + n <= KEEP_BYTES_MAX)
		return true;
	atomic_fetch_sub_explicit(&all.bytes, n, memory_order_relaxed);
	return false;
}

static struct kept *seal(struct vault_scope *scope, const struct keep_use *use)
{
	AUTO(kept) k = NEW(kept);
	AUTO(secret) sealed = NULL;

	if (k == NULL || cf_failed(bench_seal(scope, use->bench, use->object, &sealed)) || !may_keep(secret_size(sealed)))
		return NULL;
	*k = (struct kept){ use->kind, use->object, TAKE(sealed), atomic_load(&all.generation), NULL };
	return TAKE(k);
}

/* False: it cannot be kept. */
static bool seal_for_next(struct vault_scope *scope, const struct keep_use *use)
{
	struct kept *k = seal(scope, use);

	if (k != NULL)
		put_for(use->keep, use->bench, k);
	return k != NULL;
}

/* ---- freeing: what the library has of an object elsewhere, a lock, say, the library has to give back ---- */

/* What the library leaves there is no part of the object, and it may look for it later: such a library is not for us. */
static void free_on(struct bench *bench, const struct keep_kind *kind, void *object)
{
	kind->free(object);
#ifdef COFFER_DEBUG
	if (bench != NULL && !bench_is_empty(bench))
		__builtin_trap();
#else
	(void)bench;
#endif
}

/* A vault that is closed has nothing of it any more. */
static void drop(struct vault_scope *scope, struct bench *bench, struct kept *k)
{
	if (cf_ok(bench_unseal(scope, bench, k->sealed))) {
		free_on(bench, k->kind, k->object);
		bench_close(scope, bench);
	}
	kept_free(k);
}

static void drop_unwanted(struct vault_scope *scope, struct bench *bench)
{
	struct kept *k = atomic_exchange(&all.unwanted[bench_number(bench)], NULL), *next;

	for (; k != NULL; k = next) {
		next = k->next;
		drop(scope, bench, k);
	}
}

/* One that comes after the last look finds the bench idle, or is found by whoever claims it here. */
static void leave(struct vault_scope *scope, struct bench *bench)
{
	size_t number = bench_number(bench);

	do {
		drop_unwanted(scope, bench);
		bench_leave(bench);
	} while (atomic_load(&all.unwanted[number]) != NULL && bench_claim(number) != NULL);
}

/* ---- taking ---- */

/* False: another thread was first, or the vault that sealed it is closed; the bench is given back. */
static bool open_on(struct vault_scope *scope, struct keep_use *use, struct bench *bench)
{
	AUTO(kept) k = take_from(use->keep, bench);

	if (k == NULL || cf_failed(bench_unseal(scope, bench, k->sealed))) {
		leave(scope, bench);
		return false;
	}
	use->bench = bench;
	use->object = k->object;
	use->sealed = use->kind->settled;
	if (use->sealed)
		put_for(use->keep, bench, TAKE(k));
	return true;
}

/* One whose bench is idle. */
static bool open_kept(struct vault_scope *scope, struct keep_use *use)
{
	for (size_t i = 0; i < BENCHES; i++) {
		struct bench *bench = has_one_for(use->keep, i) ? bench_claim(i) : NULL;

		if (bench != NULL && open_on(scope, use, bench))
			return true;
	}
	return false;
}

static void close_and_leave(struct vault_scope *scope, struct bench *bench)
{
	bench_close(scope, bench);
	leave(scope, bench);
}

static void make(struct vault_scope *scope, struct keep_use *use, const void *from)
{
	use->object = use->kind->make(from);
	if (use->bench == NULL)
		return;
	if (use->object == NULL)
		close_and_leave(scope, use->bench);
	else if (use->kind->settled)
		use->sealed = seal_for_next(scope, use);
}

/* The one that is kept, or, when there is none, a bench to make one on. */
static void open_or_begin(struct vault_scope *scope, struct keep_use *use, size_t room)
{
	struct bench *bench = open_kept(scope, use) ? NULL : bench_take(room);

	if (bench == NULL)
		return;
	/* Another thread may have left one there since that was looked at. */
	if (has_one_for(use->keep, bench_number(bench))) {
		(void)open_on(scope, use, bench);
		return;
	}
	use->bench = bench;
	bench_open(scope, bench);
}

void *keep_take(struct vault_scope *scope, struct keep *keep, const struct keep_kind *kind, size_t room, const void *from,
		struct keep_use *use)
{
	*use = (struct keep_use){ .keep = keep, .kind = kind };
	if (keep != NULL)
		open_or_begin(scope, use, room);
	if (use->object == NULL)
		make(scope, use, from);
	if (use->object != NULL && use->bench != NULL && kind->settled)
		bench_pause(use->bench);
	return use->object;
}

/* ---- giving back ---- */

static void free_object(struct keep_use *use)
{
	if (use->bench != NULL)
		bench_resume(use->bench);
	free_on(use->bench, use->kind, use->object);
	if (use->sealed)
		kept_free(take_from(use->keep, use->bench));
}

void keep_give(struct vault_scope *scope, struct keep_use *use, bool sound)
{
	bool kept = sound && use->bench != NULL && (use->kind->settled ? use->sealed : seal_for_next(scope, use));

	if (!kept)
		free_object(use);
	if (use->bench != NULL)
		close_and_leave(scope, use->bench);
}

/* ---- the key is gone ---- */

static void clear_bench(struct vault_scope *scope, void *arg)
{
	leave(scope, arg);
}

/* Nobody waits for an operation of another thread: where one is at the bench, it is the one that frees. */
static void give_up(size_t number, struct kept *k)
{
	struct bench *bench;

	k->next = atomic_load(&all.unwanted[number]);
	while (!atomic_compare_exchange_weak(&all.unwanted[number], &k->next, k))
		;
	bench = bench_claim(number);
	/* A vault that is closed has wiped it. */
	if (bench != NULL && cf_failed(vault_run(clear_bench, bench)))
		bench_leave(bench);
}

void keep_clear(struct keep *keep)
{
	for (size_t i = 0; i < BENCHES; i++) {
		struct kept *k = atomic_exchange(&keep->on[i], NULL);

		if (k != NULL)
			give_up(i, k);
	}
}

/* ---- what the vault calls ---- */

void keeps_close(void)
{
	for (size_t i = 0; i < BENCHES; i++) {
		struct kept *k = atomic_exchange(&all.unwanted[i], NULL), *next;

		for (; k != NULL; k = next) {
			next = k->next;
			kept_free(k);
		}
	}
}

void keeps_forget(void)
{
	for (size_t i = 0; i < BENCHES; i++)
		atomic_store(&all.unwanted[i], NULL);
	atomic_store(&all.bytes, 0);
	atomic_fetch_add(&all.generation, 1);
}
