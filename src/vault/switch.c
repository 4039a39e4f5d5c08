/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/switch.h"

#ifdef WITH_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

/* Lives on the caller's stack and holds no secret. */
struct crossing {
	void (*fn)(void *a, void *b);
	void *a, *b;
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
	c->fn(c->a, c->b);
	/* Here, and not on the old stack: a signal between the two would write them to it. */
	switch_clear_vectors();
#ifdef WITH_ASAN
	__sanitizer_start_switch_fiber(NULL, c->old_bottom, c->old_size);
#endif
}

/* The registers 0 to 15 of a kind. */
#define EACH16(op) \
	op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) \
	op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)

#if defined(__x86_64__)

#define CLEAR_XMM(n) "pxor %%xmm" #n ", %%xmm" #n "\n\t"
#define CLEAR_ZMM(n) "vpxord %%zmm" #n ", %%zmm" #n ", %%zmm" #n "\n\t"

/* Not inlined: by the ABI a caller keeps nothing in these registers across a call. */
__attribute__((noinline)) void switch_clear_vectors(void)
{
	/* zmm16..31 are not reached by vzeroall. */
	if (__builtin_cpu_supports("avx512f"))
		__asm__ volatile(CLEAR_ZMM(16) CLEAR_ZMM(17) CLEAR_ZMM(18) CLEAR_ZMM(19) CLEAR_ZMM(20)
			CLEAR_ZMM(21) CLEAR_ZMM(22) CLEAR_ZMM(23) CLEAR_ZMM(24) CLEAR_ZMM(25)
			CLEAR_ZMM(26) CLEAR_ZMM(27) CLEAR_ZMM(28) CLEAR_ZMM(29) CLEAR_ZMM(30)
			CLEAR_ZMM(31) ::: "memory");
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroall" ::: "memory");
	else
		__asm__ volatile(EACH16(CLEAR_XMM) ::: "memory");
}

/* A call on another stack.  The old stack pointer waits in rbx, which a callee preserves.  The
 * frame address forces a frame pointer: the caller's frame is found through it, not through the
 * stack pointer, so debuggers and unwinders find the way back. */
static __attribute__((noinline)) void cross(void *top, struct crossing *c)
{
	void *volatile frame = __builtin_frame_address(0);
	void (*entry)(struct crossing *) = arrive;

	(void)frame;
	__asm__ volatile("movq %%rsp, %%rbx\n\t"
		"movq %[top], %%rsp\n\t"
		"callq *%[entry]\n\t"
		"xorl %%eax, %%eax\n\t"
		"xorl %%ecx, %%ecx\n\t"
		"xorl %%edx, %%edx\n\t"
		"xorl %%r8d, %%r8d\n\t"
		"xorl %%r9d, %%r9d\n\t"
		"xorl %%r10d, %%r10d\n\t"
		"xorl %%r11d, %%r11d\n\t"
		"xorl %%esi, %%esi\n\t"
		"xorl %%edi, %%edi\n\t"
		"movq %%rbx, %%rsp\n\t"
		: "+D"(c), [top] "+S"(top), [entry] "+a"(entry)
		:
		: "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3",
		  "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
		  "xmm14", "xmm15", "cc", "memory");
}

static struct cf_status run_on(struct mspan room, struct crossing *c)
{
	cross(room.p + room.n, c);
	return CF_OK;
}

#elif defined(__aarch64__)

#define CLEAR_X(n) "mov x" #n ", xzr\n\t"
#define CLEAR_V(n) "movi v" #n ".2d, #0\n\t"

/* Of v8..v15 the ABI has a callee preserve the low halves, and so this function restores its caller's. */
__attribute__((noinline)) void switch_clear_vectors(void)
{
	__asm__ volatile(EACH16(CLEAR_V) CLEAR_V(16) CLEAR_V(17) CLEAR_V(18) CLEAR_V(19) CLEAR_V(20)
		CLEAR_V(21) CLEAR_V(22) CLEAR_V(23) CLEAR_V(24) CLEAR_V(25) CLEAR_V(26) CLEAR_V(27)
		CLEAR_V(28) CLEAR_V(29) CLEAR_V(30) CLEAR_V(31)
		: : : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12",
		  "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24",
		  "v25", "v26", "v27", "v28", "v29", "v30", "v31", "memory");
}

/* As above; x19 and x20 are what a callee preserves.  x18 is the platform's: where none claims it compilers use it as any other,
 * where one does (a shadow call stack) it must come back as it was, so it does.  Return addresses that are signed are so with the
 * stack pointer that their own prologue saw, which is the same at its epilogue; to a branch target check a call of a C function is
 * nothing new, and the compiler writes the note that says so. */
static __attribute__((noinline)) void cross(void *top, struct crossing *c)
{
	void *volatile frame = __builtin_frame_address(0);
	register struct crossing *x0 __asm__("x0") = c;
	register void *x1 __asm__("x1") = top;
	register void (*x2)(struct crossing *) __asm__("x2") = arrive;

	(void)frame;
	__asm__ volatile("mov x19, sp\n\t"
		"mov x20, x18\n\t"
		"mov sp, x1\n\t"
		"blr x2\n\t"
		EACH16(CLEAR_X) CLEAR_X(16) CLEAR_X(17)
		"mov x18, x20\n\t"
		"mov sp, x19\n\t"
		: "+r"(x0), "+r"(x1), "+r"(x2)
		:
		: "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
		  "x15", "x16", "x17", "x19", "x20", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7",
		  "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19",
		  "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30",
		  "v31", "cc", "memory");
}

static struct cf_status run_on(struct mspan room, struct crossing *c)
{
	cross(room.p + room.n, c);
	return CF_OK;
}

#else

#include <ucontext.h>

#include "base/error.h"

/* The next user of them overwrites them; there is no portable way to do it sooner. */
void switch_clear_vectors(void)
{
}

/* makecontext passes int arguments only. */
static void arrive_split(unsigned int high, unsigned int low)
{
	uint64_t joined = (uint64_t)high << 32 | low;

	arrive((struct crossing *)(uintptr_t)joined);
}

/* swapcontext restores the registers that were saved before, which clears those that a callee
 * preserves; the others hold what the last wipe left, until the caller overwrites them. */
static struct cf_status run_on(struct mspan room, struct crossing *c)
{
	uint64_t whole = (uint64_t)(uintptr_t)c;
	ucontext_t here, there;

	if (getcontext(&there) != 0)
		return error_set(CF_STATUS(IO), "the system cannot switch stacks");
	there.uc_stack.ss_sp = room.p;
	there.uc_stack.ss_size = room.n;
	there.uc_link = &here;
	makecontext(&there, (void (*)(void))arrive_split, 2, (unsigned int)(whole >> 32),
		    (unsigned int)whole);
	if (swapcontext(&here, &there) != 0)
		return error_set(CF_STATUS(IO), "the system cannot switch stacks");
	return CF_OK;
}

#endif

struct cf_status switch_call(struct mspan room, void (*fn)(void *a, void *b), void *a, void *b)
{
	struct crossing c = { .fn = fn, .a = a, .b = b };
	struct cf_status status;
#ifdef WITH_ASAN
	void *fake = NULL;

	__sanitizer_start_switch_fiber(&fake, room.p, room.n);
#endif
	status = run_on(room, &c);
#ifdef WITH_ASAN
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
#endif
	return status;
}
