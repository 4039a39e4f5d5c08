/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/keep.h"

#include "base/mem.h"

struct kept {
	const struct keep_kind *kind;
	void *object;
	struct secret *sealed;
};

static _Atomic size_t kept_bytes;

static void kept_free(struct kept *k)
{
	if (k == NULL)
		return;
	if (k->sealed != NULL)
		atomic_fetch_sub_explicit(&kept_bytes, secret_size(k->sealed), memory_order_relaxed);
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
	if (atomic_fetch_add_explicit(&kept_bytes, n, memory_order_relaxed) + n <= KEEP_BYTES_MAX)
		return true;
	atomic_fetch_sub_explicit(&kept_bytes, n, memory_order_relaxed);
	return false;
}

static struct kept *seal(struct vault_scope *scope, const struct keep_use *use)
{
	AUTO(kept) k = NEW(kept);
	AUTO(secret) sealed = NULL;

	if (k == NULL || cf_failed(bench_seal(scope, use->bench, use->object, &sealed)) || !may_keep(secret_size(sealed)))
		return NULL;
	*k = (struct kept){ use->kind, use->object, TAKE(sealed) };
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

/* ---- taking ---- */

/* False: another thread was first, or the vault that sealed it is closed; the bench is given back. */
static bool open_on(struct vault_scope *scope, struct keep_use *use, struct bench *bench)
{
	AUTO(kept) k = take_from(use->keep, bench);

	if (k == NULL) {
		bench_leave(bench);
		return false;
	}
	if (cf_failed(bench_unseal(scope, bench, k->sealed)))
		return false;
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

static void make(struct vault_scope *scope, struct keep_use *use, const void *from)
{
	use->object = use->kind->make(from);
	if (use->bench == NULL)
		return;
	if (use->object == NULL)
		bench_close(scope, use->bench);
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
		bench_close(scope, use->bench);
}

/* ---- dropping: what the library has of the object elsewhere, a lock, say, the library has to give back ---- */

struct drop {
	const struct kept *kept;
	struct bench *bench;
};

static void drop(struct vault_scope *scope, void *arg)
{
	const struct drop *d = arg;

	if (cf_failed(bench_unseal(scope, d->bench, d->kept->sealed)))
		return;
	free_on(d->bench, d->kept->kind, d->kept->object);
	bench_close(scope, d->bench);
}

static void drop_from(struct keep *keep, struct bench *bench)
{
	AUTO(kept) k = take_from(keep, bench);

	/* A vault that is closed has nothing of it any more. */
	if (k == NULL || cf_failed(vault_run(drop, &(struct drop){ k, bench })))
		bench_leave(bench);
}

void keep_clear(struct keep *keep)
{
	for (size_t i = 0; i < BENCHES; i++)
		if (has_one_for(keep, i))
			drop_from(keep, bench_await(i));
}
