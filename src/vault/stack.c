/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/stack.h"

#include <sodium.h>
#include <stdatomic.h>
#include <sys/auxv.h>

#include "base/lock.h"
#include "base/mem.h"
#include "vault/arena.h"
#include "vault/switch.h"

#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#endif

/* Deepest: SLH-DSA with 256 bits, 16.0 KiB, where libcrypto has it; RSA-OAEP, 12.3; Argon2id, 7; signatures on curves, 2 to 6.
 * tests/unit/mech_kit.h measures each mechanism.  A quarter of that again for what another compiler or a later library makes of it.
 * The rest is for a signal handler of the host, which runs on whatever stack the thread is on; its
 * frame comes on top, and how large that is the kernel tells (AVX-512 and AMX state included). */
#ifdef WITH_ASAN
#define STACK_WORK ((size_t)64 * 1024) /* frames are several times as large */
#else
#define STACK_WORK ((size_t)VAULT_STACK_KIB * 1024)
#endif
#ifdef WITH_ASAN
#define SHALLOW_WORK STACK_WORK
#else
#define SHALLOW_WORK VAULT_SHALLOW
#endif
/* Bytes below what is thought to be all: a function that goes deeper leaves a trace there. */
#define TRACE ((size_t)2048)
#define SIGNAL_FRAME_MIN 2048

/* Idle stacks that are kept; more were only for a burst of threads. */
#define STACKS_KEPT 4
#define PAINT 0xa5

struct stack {
	struct region region;
	unsigned slot; /* of the pool, where it came from and goes back to */
};

static struct {
	/* Each slot in a cache line of its own: threads that sign side by side do not meet. */
	struct {
		_Alignas(64) _Atomic(struct stack *) stack;
	} idle[STACKS_KEPT];
	_Atomic size_t count, bytes;
#ifdef COFFER_DEBUG
	struct lock order; /* guards nothing: shows a caller that holds what it must not */
#endif
} pool;

/* Where this thread last found a stack: likely to be there still, and warm. */
static _Thread_local unsigned last_slot;

struct cf_status stacks_open(void)
{
#ifdef COFFER_DEBUG
	return lock_init(&pool.order, LOCK_VAULT_POOL);
#else
	return CF_OK;
#endif
}

static void stack_free(struct stack *s)
{
	atomic_fetch_sub(&pool.count, 1);
	atomic_fetch_sub(&pool.bytes, s->region.pages_n);
	region_free(&s->region);
	mem_free(s);
}

void stacks_close(void)
{
	for (unsigned i = 0; i < STACKS_KEPT; i++) {
		struct stack *s = atomic_exchange(&pool.idle[i].stack, NULL);

		if (s != NULL)
			stack_free(s);
	}
#ifdef COFFER_DEBUG
	lock_destroy(&pool.order);
#endif
}

void stacks_forget(void)
{
	/* The descriptions on the ordinary heap are the child's copy; the pages are not there. */
	for (unsigned i = 0; i < STACKS_KEPT; i++)
		mem_free(atomic_exchange(&pool.idle[i].stack, NULL));
	atomic_store(&pool.count, 0);
	atomic_store(&pool.bytes, 0);
}

void stacks_count(size_t *count, size_t *bytes)
{
	*count = atomic_load(&pool.count);
	*bytes = atomic_load(&pool.bytes);
}

size_t vault_stack_size(void)
{
	size_t frame = (size_t)getauxval(AT_MINSIGSTKSZ);

	return STACK_WORK + (frame < SIGNAL_FRAME_MIN ? SIGNAL_FRAME_MIN : frame) - 32;
}

static struct cf_status stack_new(struct stack **out)
{
	struct stack *s = NEW(stack);
	struct cf_status status;

	if (s == NULL)
		return CF_STATUS(NOMEM);
	status = region_new(vault_stack_size(), &s->region);
	if (cf_failed(status)) {
		mem_free(s);
		return status;
	}
	atomic_fetch_add(&pool.count, 1);
	atomic_fetch_add(&pool.bytes, s->region.pages_n);
	*out = s;
	return CF_OK;
}

struct cf_status stack_take(struct stack **out)
{
#ifdef COFFER_DEBUG
	lock_take(&pool.order);
	lock_drop(&pool.order);
#endif
	for (unsigned i = 0; i < STACKS_KEPT; i++) {
		unsigned slot = (last_slot + i) % STACKS_KEPT;
		struct stack *s = NULL;

		if (atomic_load_explicit(&pool.idle[slot].stack, memory_order_relaxed) != NULL)
			s = atomic_exchange_explicit(&pool.idle[slot].stack, NULL,
						     memory_order_acquire);
		if (s == NULL)
			continue;
		s->slot = last_slot = slot;
		*out = s;
		return CF_OK;
	}
	return stack_new(out);
}

/* True when a slot was free for it. */
static bool keep(struct stack *s)
{
	for (unsigned i = 0; i < STACKS_KEPT; i++) {
		struct stack *none = NULL;
		unsigned slot = (s->slot + i) % STACKS_KEPT;

		if (atomic_compare_exchange_strong_explicit(&pool.idle[slot].stack, &none, s,
							    memory_order_release,
							    memory_order_relaxed)) {
			last_slot = slot;
			return true;
		}
	}
	return false;
}

/* No function comes further down than this. */
static size_t below(const struct stack *s, size_t work)
{
	return s->region.use.n > work ? s->region.use.n - work : 0;
}

static bool has_trace(const struct stack *s, size_t from)
{
	uint64_t any = 0, word;

	for (size_t at = from - (from < TRACE ? from : TRACE); at < from; at += sizeof(word)) {
		memcpy(&word, s->region.use.p + at, sizeof(word));
		any |= word;
	}
	return any != 0;
}

static size_t unused(const struct stack *s, enum stack_use use)
{
	size_t from;

	switch (use) {
	case STACK_SHALLOW:
		from = below(s, SHALLOW_WORK);
		return has_trace(s, from) ? 0 : from;
	case STACK_DEEP:
		return below(s, STACK_WORK);
	case STACK_ALL:
		break;
	}
	return 0;
}

bool stack_give(struct stack *s, enum stack_use use)
{
	bool intact = region_intact(&s->region);
	size_t from = unused(s, use);

#ifdef COFFER_DEBUG
	if (!sodium_is_zero(s->region.use.p, from) || (from == 0 && use == STACK_SHALLOW && below(s, SHALLOW_WORK) != 0))
		__builtin_trap();
#endif
	sodium_memzero(s->region.use.p + from, s->region.use.n - from);
	if (!intact || !keep(s))
		stack_free(s);
	return intact;
}

bool stack_holds(const struct stack *s, const void *p, size_t n)
{
	uintptr_t at = (uintptr_t)p;
	uintptr_t low = (uintptr_t)s->region.use.p;

#ifdef WITH_ASAN
	/* Its check for use after return moves locals elsewhere. */
	if (__asan_addr_is_in_fake_stack(__asan_get_current_fake_stack(), (void *)at, NULL,
					 NULL) != NULL)
		return true;
#endif
	return at >= low && n <= s->region.use.n && at - low <= s->region.use.n - n;
}

void stack_paint(struct stack *s)
{
	memset(s->region.use.p, PAINT, s->region.use.n);
}

size_t stack_depth(const struct stack *s)
{
	size_t untouched = 0;

	while (untouched < s->region.use.n && s->region.use.p[untouched] == PAINT)
		untouched++;
	return s->region.use.n - untouched;
}

/* Of stack_call's three values two fit through the switch as they are. */
struct call {
	vault_fn fn;
	void *arg;
};

static void call(void *scope, void *arg)
{
	const struct call *c = arg;

	c->fn(scope, c->arg);
}

struct cf_status stack_call(struct stack *s, vault_fn fn, struct vault_scope *scope, void *arg)
{
	struct call c = { fn, arg };

	return switch_call(s->region.use, call, scope, &c);
}
