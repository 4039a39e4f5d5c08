/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/scope.h"

#include <execinfo.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <sys/time.h>

#include "base/lock.h"
#include "vault/arena.h"
#include "vault/heap.h"
#include "vault/heap_internal.h"
#include "vault/pages.h"
#include "vault/stack.h"
#include "vault/switch.h"
#include "vault_kit.h"

struct seen {
	bool ran;
	uint8_t *local;
	struct mspan room;
	uint8_t any;
	struct cf_status status;
};

static __attribute__((noinline)) void dirty_stack(volatile uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = 0xee;
}

static void dirty(struct vault_scope *scope, void *arg)
{
	struct seen *seen = arg;
	uint8_t local[2000];

	(void)scope;
	seen->ran = true;
	dirty_stack(local, sizeof(local));
	seen->local = __builtin_frame_address(0);
}

static void a_function_runs_once_on_a_guarded_stack(void)
{
	struct seen seen = { 0 };
	uint8_t *here = __builtin_frame_address(0);

	kit_open();
	CHECK(cf_ok(vault_run(dirty, &seen)));
	CHECK(seen.ran);
	CHECK(seen.local + 64 * 1024 < here || seen.local > here + 64 * 1024);
	vault_close();
}

static void find(struct vault_scope *scope, void *arg)
{
	struct seen *seen = arg;

	(void)scope;
	seen->local = __builtin_frame_address(0);
}

/* The idle stack on which `at` lies: from there, down to the canary and up to the other, everything. */
static bool stack_is_zero(const uint8_t *at)
{
	struct stack *s;
	uint8_t any = 0;
	size_t n = 0;

	REQUIRE(cf_ok(stack_take(&s)));
	REQUIRE(stack_holds(s, at, 1));
	for (const uint8_t *p = at; stack_holds(s, p, 1); p--, n++)
		any |= *p;
	for (const uint8_t *p = at; stack_holds(s, p, 1); p++, n++)
		any |= *p;
	CHECK(n >= vault_stack_size());
	CHECK(stack_give(s, STACK_ALL));
	return any == 0;
}

static void the_whole_stack_is_zero_afterwards(void)
{
	struct seen seen = { 0 };
	struct stack *s;
	size_t depth;

	kit_open();
	REQUIRE(cf_ok(vault_run(dirty, &seen)));
	CHECK(cf_ok(vault_measure(dirty, &seen, &depth)));
	REQUIRE(cf_ok(stack_take(&s)));
	REQUIRE(cf_ok(stack_call(s, find, NULL, &seen)));
	REQUIRE(stack_holds(s, seen.local, 1));
	CHECK(stack_give(s, STACK_ALL));
	CHECK(stack_is_zero(seen.local));
	vault_close();
}

/* Where a function's frame is on the stack that comes next. */
static uint8_t *frame_on_next(void)
{
	struct seen seen = { 0 };
	struct stack *s;

	REQUIRE(cf_ok(stack_take(&s)));
	REQUIRE(cf_ok(stack_call(s, find, NULL, &seen)));
	REQUIRE(stack_holds(s, seen.local, 1));
	CHECK(stack_give(s, STACK_ALL));
	return seen.local;
}

static void a_shallow_one_leaves_nothing_either(void)
{
	struct seen seen = { 0 };

	kit_open();
	REQUIRE(cf_ok(vault_run_shallow(dirty, &seen)));
	CHECK(seen.ran && stack_is_zero(frame_on_next()));
	vault_close();
}

/* Some bytes near the end of what it may have and some far below: not all in between is written. */
static void dirty_deeply(struct vault_scope *scope, void *arg)
{
	uint8_t local[VAULT_SHALLOW + 1000];
	struct seen *seen = arg;

	(void)scope;
	seen->ran = true;
	dirty_stack(local, 1500);
}

static int run_beyond_shallow(void *arg)
{
	struct seen seen = { 0 };
	uint8_t *at;

	(void)arg;
	if (cf_failed(vault_open(&kit_default)))
		return 3;
	at = frame_on_next();
	if (cf_failed(vault_run_shallow(dirty_deeply, &seen)) || !seen.ran)
		return 4;
	return stack_is_zero(at) ? 0 : 5;
}

static void one_that_went_too_deep_is_noticed(void)
{
	int status = kit_child(run_beyond_shallow, NULL);

#ifdef COFFER_DEBUG
	CHECK(WIFSIGNALED(status) || (KIT_SANITIZED && !kit_exited(status, 5)) || (kit_exited(status, 0) && !kit_interruptions_are_told()));
#else
	CHECK(kit_exited(status, 0));
#endif
}

static void nested(struct vault_scope *scope, void *arg)
{
	struct seen *seen = arg;

	(void)scope;
	seen->status = vault_run(dirty, seen);
}

static int run_nested(void *arg)
{
	struct seen seen = { 0 };

	(void)arg;
	if (cf_failed(vault_open(&kit_default)) || cf_failed(vault_run(nested, &seen)))
		return 3;
	return cf_is(seen.status, CF_CODE_INVALID) && !seen.ran ? 0 : 4;
}

static void scopes_do_not_nest(void)
{
	int status = kit_child(run_nested, NULL);

#ifdef COFFER_DEBUG
	CHECK(WIFSIGNALED(status) ||
	      (KIT_SANITIZED && !kit_exited(status, 0) && !kit_exited(status, 4)));
#else
	CHECK(kit_exited(status, 0));
#endif
}

static int run_under_lock(void *arg)
{
	struct seen seen = { 0 };
	struct lock leaf;

	(void)arg;
	if (cf_failed(vault_open(&kit_default)) || cf_failed(lock_init(&leaf, LOCK_LEAF)))
		return 3;
	lock_take(&leaf);
	return cf_ok(vault_run(dirty, &seen)) && seen.ran ? 0 : 4;
}

static void a_scope_is_entered_before_the_last_locks(void)
{
	int status = kit_child(run_under_lock, NULL);

	/* Debug builds trap it even where no lock would be waited for. */
#ifdef COFFER_DEBUG
	CHECK(WIFSIGNALED(status) || (KIT_SANITIZED && !kit_exited(status, 0)));
#else
	CHECK(kit_exited(status, 0));
#endif
}

static void allocate(struct vault_scope *scope, void *arg)
{
	struct seen *seen = arg;

	seen->any = 0;
	for (size_t n = 1; n < 100000; n = n * 3 + 1) {
		seen->status = vault_scope_alloc(scope, n, &seen->room);
		if (cf_failed(seen->status))
			return;
		for (size_t i = 0; i < n; i++)
			seen->any |= seen->room.p[i];
		if ((uintptr_t)seen->room.p % 16 != 0 || seen->room.n != n)
			seen->any = 1;
		memset(seen->room.p, 0x33, n);
	}
}

static void scope_memory_is_zeroed_and_given_back(void)
{
	struct vault_info before, after;
	struct seen seen = { 0 };

	kit_open();
	REQUIRE(cf_ok(vault_run(allocate, &seen)));
	vault_get_info(&before);
	for (int i = 0; i < 3; i++) {
		CHECK(cf_ok(vault_run(allocate, &seen)));
		CHECK(cf_ok(seen.status));
		CHECK(seen.any == 0);
	}
	vault_get_info(&after);
	CHECK(after.arena_bytes == before.arena_bytes);
	CHECK(after.arena_bytes <= 6 * pages_size() + HEAP_KEPT_MAX && heap_blocks() == 0);
	vault_close();
}

#define PIECES 5

static void allocate_pieces(struct vault_scope *scope, void *arg)
{
	struct seen *seen = arg;
	struct mspan piece[PIECES];

	seen->any = 0;
	for (size_t i = 0; i < PIECES; i++) {
		seen->status = vault_scope_alloc(scope, 1001 + i, &piece[i]);
		if (cf_failed(seen->status))
			return;
		for (size_t k = 0; k < piece[i].n; k++)
			seen->any |= piece[i].p[k];
		seen->any |= (uint8_t)((uintptr_t)piece[i].p % 16);
		memset(piece[i].p, (int)(i + 1), piece[i].n);
	}
	for (size_t i = 0; i < PIECES; i++)
		for (size_t k = 0; k < piece[i].n; k++)
			seen->any |= (uint8_t)(piece[i].p[k] ^ (i + 1));
}

static void small_pieces_of_a_scope_share_pages(void)
{
	struct vault_info before, after;
	struct seen seen = { 0 };

	kit_open();
	REQUIRE(cf_ok(vault_run(dirty, &seen)));
	vault_get_info(&before);
	REQUIRE(cf_ok(vault_run(allocate_pieces, &seen)));
	CHECK(cf_ok(seen.status));
	/* Each zeroed, aligned and apart from the others. */
	CHECK(seen.any == 0);
	vault_get_info(&after);
	CHECK(after.arena_bytes - before.arena_bytes <= pages_round((size_t)8 * 1024));
	vault_close();
}

static void overrun(struct vault_scope *scope, void *arg)
{
	struct seen *seen = arg;
	volatile uint8_t *end;

	seen->status = vault_scope_alloc(scope, 8 * 1024 - 32, &seen->room);
	if (cf_failed(seen->status))
		return;
	end = seen->room.p + pages_round((size_t)8 * 1024) - 32; /* behind what its pages have */
	*end ^= 1;
}

static void an_overrun_closes_the_vault_for_good(void)
{
	struct seen seen = { 0 };
	struct vault_info info;

	kit_open();
	REQUIRE(cf_ok(vault_run(overrun, &seen)));
	REQUIRE(cf_ok(seen.status));
	seen.ran = false;
	CHECK_CODE(vault_run(dirty, &seen), CLOSED);
	CHECK_CODE(vault_rotate(), CLOSED);
	CHECK(!seen.ran);
	vault_get_info(&info);
	CHECK(info.damaged);
	vault_close();
	/* A new vault is a new start. */
	kit_open();
	CHECK(cf_ok(vault_run(dirty, &seen)));
	vault_close();
	CHECK_CODE(vault_run(dirty, &seen), CLOSED);
}

static void a_stack_overflow_meets_the_canary(void)
{
	struct seen seen = { 0 };
	struct stack *s;
	size_t count, bytes;
	volatile uint8_t *p;

	kit_open();
	REQUIRE(cf_ok(stack_take(&s)));
	REQUIRE(cf_ok(stack_call(s, find, NULL, &seen)));
	for (p = seen.local; stack_holds(s, (const void *)(uintptr_t)p, 1); p--)
		continue;
	*p ^= 1;
	CHECK(!stack_give(s, STACK_ALL));
	/* It is not used again. */
	stacks_count(&count, &bytes);
	CHECK(count == 0 && bytes == 0);
	vault_close();
}

static void too_deep(struct vault_scope *scope, void *arg)
{
	volatile uint8_t frame[4096];
	int *calls = arg;

	dirty_stack(frame, sizeof(frame));
	if (--*calls > 0)
		too_deep(scope, arg);
	frame[0] = 1;
}

static int run_too_deep(void *arg)
{
	if (cf_failed(vault_open(&kit_default)))
		return 3;
	return cf_ok(vault_run(too_deep, arg)) ? 4 : 5;
}

static void a_function_that_is_too_deep_dies_before_it_harms(void)
{
	int calls = 1000;

	CHECK(kit_died(kit_child(run_too_deep, &calls), SIGSEGV));
}

#define FRAMES 64
struct trace {
	void *frames[FRAMES];
	int n;
};

static void take_trace(struct vault_scope *scope, void *arg)
{
	struct trace *t = arg;

	(void)scope;
	t->n = backtrace(t->frames, FRAMES);
}

static void debuggers_and_unwinders_find_the_way_back(void)
{
	struct trace inside = { .n = 0 }, outside;

	kit_open();
	/* The first use loads the unwinder, which needs more stack. */
	outside.n = backtrace(outside.frames, FRAMES);
	REQUIRE(cf_ok(vault_run(take_trace, &inside)));
	REQUIRE(outside.n > 3 && inside.n > outside.n);
	/* The callers of this function; above them a sanitizer has a frame of its own. */
	for (int i = 1; i < outside.n - 1; i++)
		CHECK(inside.frames[inside.n - i] == outside.frames[outside.n - i]);
	vault_close();
}

static void sign(struct vault_scope *scope, void *arg)
{
	uint8_t pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES];

	(void)scope;
	(void)crypto_sign_keypair(pk, sk);
	(void)crypto_sign_detached(arg, NULL, sk, sizeof(sk), sk);
}

static void nothing(struct vault_scope *scope, void *arg)
{
	(void)scope;
	(void)arg;
}

static void the_depth_of_a_signature_leaves_room_for_handlers(void)
{
	uint8_t signature[crypto_sign_BYTES];
	size_t depth = 0, least = 0;

	kit_open();
	CHECK(cf_ok(vault_measure(nothing, NULL, &least)));
	CHECK(cf_ok(vault_measure(sign, signature, &depth)));
	CHECK(depth > least);
	CHECK(depth < vault_stack_size() / 2);
	vault_close();
}

static void *run_many(void *arg)
{
	struct seen seen = { 0 };
	_Atomic int *failures = arg;

	for (int i = 0; i < 2000; i++)
		if (cf_failed(vault_run(dirty, &seen)))
			atomic_fetch_add(failures, 1);
	return NULL;
}

static void each_thread_has_a_stack_and_idle_ones_go(void)
{
	pthread_t threads[8];
	_Atomic int failures = 0;
	struct vault_info info;
	struct stack *stacks[10];

	kit_open();
	for (int i = 0; i < 8; i++)
		REQUIRE(pthread_create(&threads[i], NULL, run_many, (void *)&failures) == 0);
	for (int i = 0; i < 8; i++)
		(void)pthread_join(threads[i], NULL);
	CHECK(failures == 0);
	for (int i = 0; i < 10; i++)
		REQUIRE(cf_ok(stack_take(&stacks[i])));
	vault_get_info(&info);
	CHECK(info.stack_count == 10);
	CHECK(info.stack_bytes >= 10 * vault_stack_size());
	for (int i = 0; i < 10; i++)
		CHECK(stack_give(stacks[i], STACK_ALL));
	vault_get_info(&info);
	CHECK(info.stack_count > 0 && info.stack_count <= 4);
	vault_close();
}

static volatile sig_atomic_t alarms;

static void on_alarm(int signal)
{
	(void)signal;
	alarms++;
}

static void the_hosts_signal_handlers_run_on_it(void)
{
	const struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction act = { .sa_handler = on_alarm, .sa_flags = SA_RESTART }, old;
	uint8_t signature[crypto_sign_BYTES];

	kit_open();
	REQUIRE(sigaction(SIGALRM, &act, &old) == 0);
	REQUIRE(setitimer(ITIMER_REAL, &often, NULL) == 0);
	for (int i = 0; i < 1000000 && alarms < 100; i++)
		if (cf_failed(vault_run(sign, signature)))
			CU_FAIL("vault_run while signals arrive");
	REQUIRE(setitimer(ITIMER_REAL, &never, NULL) == 0);
	REQUIRE(sigaction(SIGALRM, &old, NULL) == 0);
	CHECK(alarms >= 100);
	vault_close();
}

#if defined(__x86_64__)
struct registers {
	uint64_t general[4];
	_Alignas(32) uint8_t vectors[16][32];
};

static void fill_registers(void *a, void *b)
{
	static const uint64_t pattern[4] = {0x5a5a5a5a5a5a5a5a, 0x5a5a5a5a5a5a5a5a,
					    0x5a5a5a5a5a5a5a5a, 0x5a5a5a5a5a5a5a5a};

	(void)a;
	(void)b;
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vmovdqu %0, %%ymm3\n\tvmovdqu %0, %%ymm15" : : "m"(pattern)
			: "xmm3", "xmm15");
	else
		__asm__ volatile("movdqu %0, %%xmm3\n\tmovdqu %0, %%xmm15" : : "m"(pattern)
			: "xmm3", "xmm15");
	__asm__ volatile("movq %0, %%r8\n\tmovq %0, %%r9\n\tmovq %0, %%r10\n\tmovq %0, %%r11"
		: : "m"(pattern[0]) : "r8", "r9", "r10", "r11");
}

static void look_at_registers(struct registers *r)
{
	__asm__ volatile("movq %%r10, %0\n\tmovq %%r11, %1"
			 : "=m"(r->general[0]), "=m"(r->general[1]));
	__asm__ volatile("movdqu %%xmm3, %0\n\tmovdqu %%xmm15, %1"
		: "=m"(r->vectors[0]), "=m"(r->vectors[1]));
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vmovdqu %%ymm3, %0\n\tvmovdqu %%ymm15, %1"
			: "=m"(r->vectors[0]), "=m"(r->vectors[1]));
}

static void registers_are_cleared_on_the_way_out(void)
{
	struct registers r = { 0 };
	struct seen seen = { 0 };
	struct stack *s;
	struct cf_status status;
	uint8_t any = 0;

	kit_open();
	REQUIRE(cf_ok(stack_take(&s)));
	REQUIRE(cf_ok(stack_call(s, find, NULL, &seen)));
	if (!KIT_SANITIZED) {
		uint8_t *top = (uint8_t *)((uintptr_t)seen.local & ~(uintptr_t)15);
		struct mspan room = { top - 8192, 8192 };

		status = switch_call(room, fill_registers, NULL, NULL);
		look_at_registers(&r);
		REQUIRE(cf_ok(status));
	}
	CHECK(r.general[0] != 0x5a5a5a5a5a5a5a5a && r.general[1] != 0x5a5a5a5a5a5a5a5a);
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < 32; j++)
			any |= r.vectors[i][j] == 0x5a;
	CHECK(any == 0);
	CHECK(stack_give(s, STACK_ALL));
	vault_close();
}
#else
static void registers_are_cleared_on_the_way_out(void)
{
	CU_PASS("looked at on x86-64 only");
}
#endif

static void no_stack_is_an_answer(void)
{
	struct seen seen = { 0 };

	kit_open();
	kit_fail(FAULT_MMAP, 0, true);
	CHECK_CODE(vault_run(dirty, &seen), NOMEM);
	kit_fail(FAULT_ALLOC, 0, true);
	CHECK_CODE(vault_run(dirty, &seen), NOMEM);
	kit_no_faults();
	CHECK(!seen.ran);
	CHECK(cf_ok(vault_run(dirty, &seen)));
	vault_close();
}

int main(void)
{
	const struct unit_test tests[] = {
		{"a function runs once, on a guarded stack",
		 a_function_runs_once_on_a_guarded_stack},
		{"the whole stack is zero afterwards", the_whole_stack_is_zero_afterwards},
		{"a shallow one leaves nothing either", a_shallow_one_leaves_nothing_either},
		{"one that went too deep is noticed", one_that_went_too_deep_is_noticed},
		{"registers are cleared on the way out", registers_are_cleared_on_the_way_out},
		{"scopes do not nest", scopes_do_not_nest},
		{"a scope is entered before the last locks",
		 a_scope_is_entered_before_the_last_locks},
		{"scope memory is zeroed and given back", scope_memory_is_zeroed_and_given_back},
		{"small pieces of a scope share pages", small_pieces_of_a_scope_share_pages},
		{"an overrun closes the vault for good", an_overrun_closes_the_vault_for_good},
		{"a stack overflow meets the canary", a_stack_overflow_meets_the_canary},
		{"a function that is too deep dies before it harms",
		 a_function_that_is_too_deep_dies_before_it_harms},
		{"debuggers and unwinders find the way back",
		 debuggers_and_unwinders_find_the_way_back},
		{"the depth of a signature leaves room for handlers",
		 the_depth_of_a_signature_leaves_room_for_handlers},
		{"each thread has a stack, and idle ones go",
		 each_thread_has_a_stack_and_idle_ones_go},
		{"the host's signal handlers run on it", the_hosts_signal_handlers_run_on_it},
		{"no stack is an answer", no_stack_is_an_answer},
		{NULL, NULL},
	};

	return unit_main("vault scope", tests);
}
