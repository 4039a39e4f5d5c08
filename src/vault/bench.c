/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/bench.h"

#include <sodium.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "vault/arena.h"
#include "vault/nest_internal.h"
#include "vault/scope_internal.h"
#include "vault/secret_internal.h"

#define SMALLEST ((size_t)32 << 10)
#define MEMLOCK_MIN ((rlim_t)1 << 20)
/* What the arena puts around a region, in any case less. */
#define EDGES ((size_t)64)

struct bench {
	_Atomic bool taken;
	struct region region; /* none yet: no pages */
	struct nest nest;
	bool entered; /* what is taken from the heap lies on it */
};

static struct bench benches[BENCHES];
static _Atomic size_t locked; /* bytes of all of them */

size_t bench_number(const struct bench *bench)
{
	return (size_t)(bench - benches);
}

struct bench *bench_claim(size_t number)
{
	struct bench *b = &benches[number];

	return atomic_exchange_explicit(&b->taken, true, memory_order_acquire) ? NULL : b;
}

void bench_leave(struct bench *bench)
{
	atomic_store_explicit(&bench->taken, false, memory_order_release);
}

/* More would take what an operation itself needs. */
static bool may_lock(size_t n)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur >= MEMLOCK_MIN && atomic_load(&locked) + n <= limit.rlim_cur / 4;
}

static bool make(struct bench *bench, size_t room)
{
	size_t size = SMALLEST;

	while (size - EDGES < room)
		size *= 2;
	if (!may_lock(size) || cf_failed(region_new(size - EDGES, &bench->region)))
		return false;
	atomic_fetch_add(&locked, bench->region.pages_n);
	return true;
}

/* Idle benches: the ones that there are, or one that is made. */
static struct bench *idle(size_t room, bool new)
{
	for (size_t i = 0; i < BENCHES; i++) {
		struct bench *b = bench_claim(i);

		if (b == NULL)
			continue;
		if (new ? b->region.pages == NULL && make(b, room) : b->region.pages != NULL && b->region.use.n >= room)
			return b;
		bench_leave(b);
	}
	return NULL;
}

struct bench *bench_take(size_t room)
{
	struct bench *b = room > SECRET_MAX ? NULL : idle(room, false);

	return b != NULL || room > SECRET_MAX ? b : idle(room, true);
}

void bench_pause(struct bench *bench)
{
	if (bench->entered)
		nest_leave(&bench->nest);
	bench->entered = false;
}

void bench_resume(struct bench *bench)
{
	if (!bench->entered)
		nest_enter(&bench->nest);
	bench->entered = true;
}

static void set_up(struct vault_scope *scope, struct bench *bench)
{
	struct mspan use = bench->region.use;

	bench->nest = (struct nest){ .largest = use.n / UNIT };
	bench->entered = false;
	nest_found(&bench->nest, use.p, use.n / UNIT);
	scope_lend(scope, use);
}

void bench_open(struct vault_scope *scope, struct bench *bench)
{
	set_up(scope, bench);
	bench_resume(bench);
}

bool bench_is_empty(const struct bench *bench)
{
	return bench->nest.used == 0;
}

void bench_close(struct vault_scope *scope, struct bench *bench)
{
	struct nest *nest = &bench->nest;

	bench_pause(bench);
	scope_lend(scope, mspan(NULL, 0));
	sodium_memzero(nest->first, ((size_t)(nest->end - nest->first) + 1) * UNIT);
	if (!region_intact(&bench->region))
		vault_damaged("a canary of a bench was overwritten");
}

/* ---- what lies there, packed: how many blocks, the sizes of all of them, and what the used ones hold ---- */

#define FREE_BIT ((uint32_t)1 << 31)

static size_t content(const struct block *b)
{
	return (b->units - 1) * UNIT;
}

static size_t sizes_bytes(size_t blocks)
{
	return ((1 + blocks) * sizeof(uint32_t) + UNIT - 1) / UNIT * UNIT;
}

static size_t packed_bytes(struct nest *nest, uint32_t *blocks)
{
	size_t n = 0;

	*blocks = 0;
	for (struct block *b = nest->first; b != nest->end; b = after(b), ++*blocks)
		n += is(b, NESTED) ? content(b) : 0;
	return sizes_bytes(*blocks) + n;
}

/* The end of the bench, where nothing lies. Empty: it is too short. */
static struct mspan margin(struct bench *bench, size_t n)
{
	size_t laid = ((size_t)(bench->nest.end - bench->nest.first) + 1) * UNIT;
	struct mspan use = bench->region.use;

	return n > use.n - laid ? mspan(NULL, 0) : mspan(use.p + use.n - n, n);
}

static void pack(struct nest *nest, uint32_t blocks, uint8_t *out)
{
	uint32_t *sizes = (uint32_t *)(void *)out;

	*sizes++ = blocks;
	out += sizes_bytes(blocks);
	for (struct block *b = nest->first; b != nest->end; b = after(b)) {
		bool used = is(b, NESTED);

		*sizes++ = used ? b->units : b->units | FREE_BIT;
		if (used) {
			memcpy(out, b + 1, content(b));
			out += content(b);
		}
	}
}

static void unpack(struct nest *nest, const uint8_t *in)
{
	const uint32_t *sizes = (const uint32_t *)(const void *)in;
	uint32_t blocks = *sizes++, before = 0;

	in += sizes_bytes(blocks);
	for (uint32_t i = 0; i < blocks; i++) {
		struct block *b = nest->end;
		uint32_t units = sizes[i] & ~FREE_BIT;
		bool used = (sizes[i] & FREE_BIT) == 0;

		put(b, units, before, used ? NESTED : NESTED_FREE);
		if (used) {
			memcpy(b + 1, in, content(b));
			in += content(b);
			nest->used++;
		}
		before = units;
		nest->end = after(b);
	}
	put(nest->end, 1, before, NEST_END);
}

struct cf_status bench_seal(struct vault_scope *scope, struct bench *bench, const void *object, struct secret **out)
{
	struct nest *nest = &bench->nest;
	struct cf_status status;
	struct mspan room;
	uint32_t blocks;
	bool there = (uintptr_t)object - (uintptr_t)nest->first < nest->units * UNIT;

	if (!there || nest->overflowed)
		return CF_STATUS(LIMIT);
	room = margin(bench, (packed_bytes(nest, &blocks) + UNIT - 1) / UNIT * UNIT);
	if (room.n == 0)
		return CF_STATUS(LIMIT);
	/* What sealing takes is not to lie here. */
	bench_pause(bench);
	pack(nest, blocks, room.p);
	status = secret_seal(scope, span_const(room), out);
	sodium_memzero(room.p, room.n);
	bench_resume(bench);
	return status;
}

struct cf_status bench_unseal(struct vault_scope *scope, struct bench *bench, const struct secret *sealed)
{
	struct cf_status status = secret_usable(sealed);
	struct mspan room;

	if (cf_failed(status))
		return status; /* a vault that was closed has taken its memory along */
	set_up(scope, bench);
	room = margin(bench, secret_size(sealed));
	status = room.n == 0 ? CF_STATUS(LIMIT) : secret_open(scope, sealed, room);
	if (cf_ok(status))
		unpack(&bench->nest, room.p);
	if (room.n != 0)
		sodium_memzero(room.p, room.n);
	if (cf_failed(status))
		bench_close(scope, bench);
	else
		bench_resume(bench);
	return status;
}

/* ---- what the vault calls ---- */

void benches_close(void)
{
	for (size_t i = 0; i < BENCHES; i++)
		region_free(&benches[i].region);
	atomic_store(&locked, 0);
}

void benches_forget(void)
{
	for (size_t i = 0; i < BENCHES; i++) {
		benches[i].region = (struct region){ 0 };
		benches[i].nest = (struct nest){ 0 };
		benches[i].entered = false; /* another thread of the parent may have been at it */
		atomic_store(&benches[i].taken, false);
	}
	atomic_store(&locked, 0);
}
