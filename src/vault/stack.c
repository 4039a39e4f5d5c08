/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/stack.h"

#include <sodium.h>

#include "base/cleanup.h"
#include "base/lock.h"
#include "base/mem.h"
#include "vault/arena.h"

/* Deep enough for Argon2id (about 10 KiB) and, on top of it, the frame and work of a
 * signal handler of the host, which runs on whatever stack the thread is on. */
#define STACK_SIZE (32 * 1024 - 64)
/* Idle stacks that are kept; more were only for a burst of threads. */
#define STACKS_KEPT 4
#define PAINT 0xa5

struct stack {
	struct region region;
	struct stack *next;
};

static struct {
	struct lock lock;
	struct stack *idle;
	size_t idle_count, count;
} pool;

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

#ifdef WITH_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

struct cf_status stacks_open(void)
{
	pool.idle = NULL;
	pool.idle_count = pool.count = 0;
	return lock_init(&pool.lock, LOCK_VAULT_POOL);
}

static void stack_free(struct stack *s)
{
	region_free(&s->region);
	mem_free(s);
}

void stacks_close(void)
{
	while (pool.idle != NULL) {
		struct stack *s = pool.idle;

		pool.idle = s->next;
		stack_free(s);
	}
	lock_destroy(&pool.lock);
}

void stacks_count(size_t *count, size_t *bytes)
{
	LOCKED(&pool.lock);
	*count = pool.count;
	*bytes = pool.count * (STACK_SIZE + 64);
}

static struct cf_status stack_new(struct stack **out)
{
	struct stack *s = NEW(stack);
	struct cf_status status;

	if (s == NULL)
		return CF_STATUS(NOMEM);
	status = region_new(STACK_SIZE, &s->region);
	if (cf_failed(status)) {
		mem_free(s);
		return status;
	}
	*out = s;
	return CF_OK;
}

struct cf_status stack_take(struct stack **out)
{
	struct stack *s;
	struct cf_status status;

	lock_take(&pool.lock);
	s = pool.idle;
	if (s != NULL) {
		pool.idle = s->next;
		pool.idle_count--;
	}
	lock_drop(&pool.lock);
	if (s == NULL) {
		status = stack_new(&s);
		if (cf_failed(status))
			return status;
		lock_take(&pool.lock);
		pool.count++;
		lock_drop(&pool.lock);
	}
	*out = s;
	return CF_OK;
}

bool stack_give(struct stack *s)
{
	bool intact = region_intact(&s->region);
	bool keep;

	sodium_memzero(s->region.use.p, s->region.use.n);
	lock_take(&pool.lock);
	keep = pool.idle_count < STACKS_KEPT;
	if (keep) {
		s->next = pool.idle;
		pool.idle = s;
		pool.idle_count++;
	} else {
		pool.count--;
	}
	lock_drop(&pool.lock);
	if (!keep)
		stack_free(s);
	return intact;
}

bool stack_holds(const struct stack *s, const void *p, size_t n)
{
	uintptr_t at = (uintptr_t)p;
	uintptr_t low = (uintptr_t)s->region.use.p;

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

/* What stack_call hands over; lives on the caller's stack and holds no secret. */
struct crossing {
	vault_fn fn;
	struct vault_scope *scope;
	void *arg;
#ifdef WITH_ASAN
	const void *old_bottom;
	size_t old_size;
#endif
};

static void arrive(struct crossing *c)
{
#ifdef WITH_ASAN
	__sanitizer_finish_switch_fiber(NULL, &c->old_bottom, &c->old_size);
#endif
	c->fn(c->scope, c->arg);
#ifdef WITH_ASAN
	__sanitizer_start_switch_fiber(NULL, c->old_bottom, c->old_size);
#endif
}

#if defined(__x86_64__)

/* zmm16..31 are not reached by vzeroall. */
static __attribute__((noinline)) void clear_high_vectors(void)
{
#define CLEAR_ZMM(n) "vpxord %%zmm" #n ", %%zmm" #n ", %%zmm" #n "\n\t"
	__asm__ volatile(CLEAR_ZMM(16) CLEAR_ZMM(17) CLEAR_ZMM(18) CLEAR_ZMM(19) CLEAR_ZMM(20)
		CLEAR_ZMM(21) CLEAR_ZMM(22) CLEAR_ZMM(23) CLEAR_ZMM(24) CLEAR_ZMM(25) CLEAR_ZMM(26)
		CLEAR_ZMM(27) CLEAR_ZMM(28) CLEAR_ZMM(29) CLEAR_ZMM(30) CLEAR_ZMM(31) ::: "memory");
}

static void clear_vectors(void)
{
#define CLEAR_XMM(n) "pxor %%xmm" #n ", %%xmm" #n "\n\t"
	if (__builtin_cpu_supports("avx512f"))
		clear_high_vectors();
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroall" ::: "memory");
	else
		__asm__ volatile(CLEAR_XMM(0) CLEAR_XMM(1) CLEAR_XMM(2) CLEAR_XMM(3) CLEAR_XMM(4)
			CLEAR_XMM(5) CLEAR_XMM(6) CLEAR_XMM(7) CLEAR_XMM(8) CLEAR_XMM(9) CLEAR_XMM(10)
			CLEAR_XMM(11) CLEAR_XMM(12) CLEAR_XMM(13) CLEAR_XMM(14) CLEAR_XMM(15) ::: "memory");
}

/* A call on another stack.  The old stack pointer waits in rbx, which a callee preserves; the
 * frame address forces a frame pointer, so that debuggers and unwinders find the way back. */
static __attribute__((noinline)) void cross(void *top, struct crossing *c)
{
	void *volatile frame = __builtin_frame_address(0);

	(void)frame;
	__asm__ volatile("movq %%rsp, %%rbx\n\t"
		"movq %[top], %%rsp\n\t"
		"callq *%[fn]\n\t"
		"movq %%rbx, %%rsp\n\t"
		"xorl %%eax, %%eax\n\t"
		"xorl %%ecx, %%ecx\n\t"
		"xorl %%edx, %%edx\n\t"
		"xorl %%r8d, %%r8d\n\t"
		"xorl %%r9d, %%r9d\n\t"
		"xorl %%r10d, %%r10d\n\t"
		"xorl %%r11d, %%r11d\n\t"
		"xorl %%esi, %%esi\n\t"
		"xorl %%edi, %%edi\n\t"
		: "+D"(c)
		: [top] "S"(top), [fn] "a"(&arrive)
		: "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
		  "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
		  "xmm15", "cc", "memory");
	clear_vectors();
}

static void run_on(uint8_t *low, size_t n, struct crossing *c)
{
	/* The ABI wants rsp to be a multiple of 16 before a call. */
	cross((void *)(((uintptr_t)low + n) & ~(uintptr_t)15), c);
}

#else

#include <ucontext.h>

static void arrive_split(unsigned int high, unsigned int low)
{
	uint64_t joined = (uint64_t)high << 32 | low;

	arrive((struct crossing *)(uintptr_t)joined);
}

static void run_on(uint8_t *low, size_t n, struct crossing *c)
{
	uint64_t whole = (uint64_t)(uintptr_t)c;
	ucontext_t here, there;

	if (getcontext(&there) != 0)
		return;
	there.uc_stack.ss_sp = low;
	there.uc_stack.ss_size = n;
	there.uc_link = &here;
	makecontext(&there, (void (*)(void))arrive_split, 2, (unsigned int)(whole >> 32), (unsigned int)whole);
	(void)swapcontext(&here, &there);
}

#endif

void stack_call(struct stack *s, vault_fn fn, struct vault_scope *scope, void *arg)
{
	struct crossing c = { .fn = fn, .scope = scope, .arg = arg };
#ifdef WITH_ASAN
	void *fake = NULL;

	__sanitizer_start_switch_fiber(&fake, s->region.use.p, s->region.use.n);
#endif
	run_on(s->region.use.p, s->region.use.n, &c);
#ifdef WITH_ASAN
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
#endif
}

size_t vault_stack_size(void)
{
	return STACK_SIZE;
}
