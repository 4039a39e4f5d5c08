/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks with their size before them, free ones in lists by size and joined with their neighbours (Knuth, TAOCP vol. 1,
 * §2.5, boundary tags).  Everything free is zero but for sizes and links, so that a block is zeroed by being wiped once.
 */
#include "vault/heap.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdint.h>

#include "vault/arena.h"
#include "vault/heap_block.h"
#include "vault/heap_internal.h"
#include "vault/interrupt.h"
#include "vault/nest.h"
#include "vault/scope_internal.h"
#include "vault/vault.h"

#define BLOCK_MAX ((size_t)16 << 20)
/* The first region is small, because some hosts let a user lock 64 KiB in all; later ones double what there is. */
#define REGION_FIRST ((size_t)16 << 10)
#define REGION_MOST ((size_t)256 << 10)
/* A block that is free. */
struct gap {
	struct block head;
	struct gap *next, *prev;
};

/* At the start of its region; an empty block that counts as used ends it. */
struct segment {
	struct region region;
	struct segment *next;
	size_t blocks; /* in use */
};

#define BINS 24

static struct {
	/* Statically initialised: a block may be given back before the vault is opened and after it is closed. */
	pthread_mutex_t lock;
	bool open;
	struct segment *segments;
	struct gap *bin[BINS]; /* 2^i to 2^(i+1) - 1 units */
	_Atomic size_t bytes, blocks;
	size_t idle; /* bytes of empty regions */
	/* All regions that ever were lie between them: most pointers of others are known by that. */
	_Atomic uintptr_t low, high;
} heap = { .lock = PTHREAD_MUTEX_INITIALIZER };

uint64_t heap_cookie;

/* To wait for it is a system call. */
static void lock(void)
{
	if (pthread_mutex_trylock(&heap.lock) == 0)
		return;
	interrupt_presume();
	(void)pthread_mutex_lock(&heap.lock);
}

static void unlock(void)
{
	(void)pthread_mutex_unlock(&heap.lock);
}

/* ---- blocks ---- */

static bool intact(const struct block *b)
{
	if (is(b, USED) || is(b, FREE))
		return true;
	vault_damaged("the size of a heap block was overwritten");
	return false;
}

static size_t bin_of(size_t units)
{
	size_t bin = 0;

	while (units >>= 1)
		bin++;
	return bin < BINS ? bin : BINS - 1;
}

static void gap_link(struct block *b)
{
	struct gap *g = (struct gap *)b;
	struct gap **bin = &heap.bin[bin_of(b->units)];

	g->prev = NULL;
	g->next = *bin;
	if (g->next != NULL)
		g->next->prev = g;
	*bin = g;
}

static void gap_unlink(struct block *b)
{
	struct gap *g = (struct gap *)b;

	if (g->prev != NULL)
		g->prev->next = g->next;
	else
		heap.bin[bin_of(b->units)] = g->next;
	if (g->next != NULL)
		g->next->prev = g->prev;
	g->next = g->prev = NULL;
}

/* ---- regions ---- */

static struct block *first_block(struct segment *s)
{
	return (struct block *)((uint8_t *)s + (sizeof(*s) + UNIT - 1) / UNIT * UNIT);
}

/* Units between the segment's description and its end mark. */
static size_t segment_units(struct segment *s)
{
	return (s->region.use.n - (size_t)((uint8_t *)first_block(s) - (uint8_t *)s)) / UNIT - 1;
}

static void widen(const struct region *r)
{
	uintptr_t low = (uintptr_t)r->pages, high = low + r->pages_n;

	if (atomic_load(&heap.low) == 0 || low < atomic_load(&heap.low))
		atomic_store(&heap.low, low);
	if (high > atomic_load(&heap.high))
		atomic_store(&heap.high, high);
}

static bool grow(size_t units)
{
	size_t need = units * UNIT + sizeof(struct segment) + 4 * UNIT, wish = atomic_load(&heap.bytes);
	struct region r;
	struct segment *s;
	struct block *b;

	wish = wish < REGION_FIRST ? REGION_FIRST - 2 * UNIT : wish > REGION_MOST ? REGION_MOST : wish;
	if (cf_failed(region_new(need > wish ? need : wish, &r)) && (need >= wish || cf_failed(region_new(need, &r))))
		return false;
	s = (struct segment *)(void *)r.use.p;
	*s = (struct segment){ r, heap.segments, 0 };
	heap.segments = s;
	b = first_block(s);
	put(b, segment_units(s), 0, FREE);
	put(after(b), 1, b->units, USED);
	gap_link(b);
	widen(&r);
	atomic_fetch_add(&heap.bytes, r.pages_n);
	heap.idle += r.pages_n;
	return true;
}

static struct segment *segment_of(const void *p)
{
	uintptr_t at = (uintptr_t)p;

	for (struct segment *s = heap.segments; s != NULL; s = s->next)
		if (at - (uintptr_t)s->region.pages < s->region.pages_n)
			return s;
	return NULL;
}

/* An empty one. */
static void segment_release(struct segment *s)
{
	struct segment **place = &heap.segments;
	struct region r = s->region;

	while (*place != s)
		place = &(*place)->next;
	*place = s->next;
	gap_unlink(first_block(s));
	atomic_fetch_sub(&heap.bytes, r.pages_n);
	heap.idle -= r.pages_n;
	if (!region_intact(&r))
		vault_damaged("a canary of the heap was overwritten");
	region_free(&r);
}

/* Empty regions are given back until no more than `kept` bytes of them are left. */
static bool release_empty(size_t kept)
{
	struct segment *next;
	bool any = false;

	for (struct segment *s = heap.segments; s != NULL && heap.idle > kept; s = next) {
		next = s->next;
		if (s->blocks != 0)
			continue;
		segment_release(s);
		any = true;
	}
	return any;
}

/* ---- allocation: the lock is held ---- */

static struct block *find(size_t units)
{
	for (size_t i = bin_of(units); i < BINS; i++)
		for (struct gap *g = heap.bin[i]; g != NULL; g = g->next)
			if (g->head.units >= units)
				return &g->head;
	return NULL;
}

/* What is left over of a gap becomes one of its own. */
static void use(struct block *b, size_t units)
{
	size_t rest = b->units - units;

	gap_unlink(b);
	if (rest * UNIT < sizeof(struct gap)) {
		put(b, b->units, b->before, USED);
		return;
	}
	put(b, units, b->before, USED);
	put(after(b), rest, units, FREE);
	gap_link(after(b));
	put(after(after(b)), after(after(b))->units, rest, USED); /* two gaps are never neighbours */
}

static void *take(size_t units)
{
	struct block *b = find(units);
	struct segment *s;

	if (b == NULL && grow(units))
		b = find(units);
	if (b == NULL)
		return NULL;
	if (!is(b, FREE)) {
		vault_damaged("the size of a heap block was overwritten");
		return NULL;
	}
	use(b, units);
	s = segment_of(b);
	if (s->blocks++ == 0)
		heap.idle -= s->region.pages_n;
	atomic_fetch_add_explicit(&heap.blocks, 1, memory_order_relaxed);
	return b + 1;
}

/* Joins a gap with the one behind it. */
static void join(struct block *b)
{
	struct block *second = after(b);
	size_t units = b->units + second->units;

	gap_unlink(second);
	*second = (struct block){ 0 };
	put(b, units, b->before, FREE);
}

static void give(struct segment *s, struct block *b, bool is_zero)
{
	if (!is_zero)
		sodium_memzero(b + 1, (b->units - 1) * UNIT);
#ifdef COFFER_DEBUG
	else if (!sodium_is_zero((const uint8_t *)(b + 1), (b->units - 1) * UNIT))
		__builtin_trap();
#endif
	put(b, b->units, b->before, FREE);
	if (is(after(b), FREE))
		join(b);
	if (b->before != 0 && is(ahead(b), FREE)) {
		struct block *first = ahead(b);

		gap_unlink(first);
		gap_link(b); /* join() takes the second one out of its list */
		join(first);
		b = first;
	}
	gap_link(b);
	put(after(b), after(b)->units, b->units, USED);
	atomic_fetch_sub_explicit(&heap.blocks, 1, memory_order_relaxed);
	if (--s->blocks == 0) {
		heap.idle += s->region.pages_n;
		(void)release_empty(heap.open ? HEAP_KEPT_MAX : 0);
	}
}

/* ---- what others call ---- */

static bool may_hold(const void *p)
{
	uintptr_t at = (uintptr_t)p;

	/* In a child whose parent had the heap, something else may lie there. */
	return at >= atomic_load_explicit(&heap.low, memory_order_relaxed) &&
	       at < atomic_load_explicit(&heap.high, memory_order_relaxed) && !vault_forked();
}

bool heap_holds(const void *p)
{
	bool held;

	if (nest_holds(p))
		return true;
	if (!may_hold(p))
		return false;
	lock();
	held = segment_of(p) != NULL;
	unlock();
	return held;
}

void *heap_alloc_shared(size_t n)
{
	void *p;

	if (n > BLOCK_MAX)
		return NULL;
	lock();
	p = heap.open ? take(block_units(n)) : NULL;
	unlock();
	return p;
}

void *heap_alloc(size_t n)
{
	void *p = nest_alloc(n);

	return p != NULL ? p : heap_alloc_shared(n);
}

bool heap_free_shared(void *p, bool is_zero)
{
	struct segment *s;
	struct block *b;

	if (p == NULL || !may_hold(p))
		return false;
	b = (struct block *)p - 1;
	lock();
	s = segment_of(p);
	/* A damaged block is left where it is: the vault is closed. */
	if (s != NULL && intact(b) && is(b, USED) && intact(after(b)) && (b->before == 0 || intact(ahead(b))))
		give(s, b, is_zero);
	unlock();
	return s != NULL;
}

bool heap_free(void *p)
{
	return nest_free(p) || heap_free_shared(p, false);
}

void *heap_resize(void *p, size_t n)
{
	struct block *b = (struct block *)p - 1;
	size_t room = (b->units - 1) * UNIT;
	void *larger;

	if (n <= room) {
		sodium_memzero((uint8_t *)p + n, room - n);
		return p;
	}
	larger = heap_alloc(n);
	if (larger == NULL)
		return NULL;
	memcpy(larger, p, room);
	(void)heap_free(p);
	return larger;
}

size_t heap_bytes(void)
{
	return atomic_load(&heap.bytes);
}

size_t heap_blocks(void)
{
	return atomic_load(&heap.blocks);
}

/* ---- what the vault calls ---- */

void heap_open(void)
{
	lock();
	/* Drawn once and kept: a block may be given back after the vault was closed. */
	if (heap_cookie == 0)
		randombytes_buf(&heap_cookie, sizeof(heap_cookie));
	heap.open = true;
	unlock();
}

void heap_close(void)
{
	lock();
	heap.open = false;
	(void)release_empty(0);
	unlock();
}

void heap_forget(void)
{
	/* Another thread of the parent may have held the mutex at fork. */
	heap.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	heap.open = false;
	heap.segments = NULL;
	memset(heap.bin, 0, sizeof(heap.bin));
	heap.idle = 0;
	atomic_store(&heap.bytes, 0);
	atomic_store(&heap.blocks, 0);
	atomic_store(&heap.low, 0);
	atomic_store(&heap.high, 0);
	nest_forget();
}

bool heap_trim(void)
{
	bool any;

	if (pthread_mutex_trylock(&heap.lock) != 0)
		return false;
	any = release_empty(0);
	unlock();
	return any;
}
