/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals of the host during an operation.  The kernel writes all registers to the stack that the
 * handler uses: to the vault stack, which is wiped, or to the alternate stack of the host.  Here an
 * operation is interrupted after each single instruction where a program can have that of its processor
 * (the trap flag of x86), else by a timer.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/ucontext.h>

#include "vault_kit.h"

#define ALTERNATE_SIZE ((size_t)128 * 1024)
#define KEY_FIRST 0x40

static struct {
	uint8_t *alternate;
	uintptr_t host; /* within the frames of the test */
	unsigned steps, on_host, leaks;
} seen;

/* Eight bytes of the secret in a row, which are ascending numbers: nothing is compared with a copy of them, since this
 * runs on the alternate stack too. */
static bool has_piece(const void *p, size_t n)
{
	const uint8_t *bytes = p;
	unsigned row = 0;

	for (size_t i = 0; i < n; i++) {
		bool next = row > 0 && bytes[i] == (uint8_t)(bytes[i - 1] + 1);

		row = bytes[i] < KEY_FIRST || bytes[i] >= KEY_FIRST + 64 ? 0 : next ? row + 1 : 1;
		if (row == 8)
			return true;
	}
	return false;
}

/* What a frame of a handler says of the moment before: where the stack was, and whether a register holds the secret. */
#if defined(__x86_64__)

static uintptr_t frame_stack(const ucontext_t *u)
{
	return (uintptr_t)u->uc_mcontext.gregs[REG_RSP];
}

static bool frame_has_piece(const ucontext_t *u)
{
	return has_piece(u->uc_mcontext.fpregs->_xmm, sizeof(u->uc_mcontext.fpregs->_xmm)) ||
	       has_piece(u->uc_mcontext.gregs, sizeof(u->uc_mcontext.gregs));
}

static void fill_registers(const uint8_t *p)
{
	__asm__ volatile("movdqu (%0), %%xmm0\n\tmovdqu 16(%0), %%xmm7\n\tmovdqu 32(%0), %%xmm15\n\t"
			 "movq (%0), %%r10\n\tmovq 8(%0), %%r11\n\tmovq 16(%0), %%rdx\n\t"
			 : : "r"(p) : "xmm0", "xmm7", "xmm15", "r10", "r11", "rdx");
}

#elif defined(__aarch64__)

static uintptr_t frame_stack(const ucontext_t *u)
{
	return (uintptr_t)u->uc_mcontext.sp;
}

/* The vector registers are in the records that follow the others. */
static bool frame_has_piece(const ucontext_t *u)
{
	return has_piece(u->uc_mcontext.regs, sizeof(u->uc_mcontext.regs)) ||
	       has_piece(u->uc_mcontext.__reserved, sizeof(u->uc_mcontext.__reserved));
}

static void fill_registers(const uint8_t *p)
{
	__asm__ volatile("ldr q0, [%0]\n\tldr q7, [%0, #16]\n\tldr q15, [%0, #32]\n\tldr q31, [%0, #16]\n\t"
			 "ldr x10, [%0]\n\tldr x15, [%0, #8]\n\tldr x17, [%0, #16]\n\tldr x18, [%0, #24]\n\t"
			 : : "r"(p) : "v0", "v7", "v15", "v31", "x10", "x15", "x17", "x18");
}

#else

static uintptr_t frame_stack(const ucontext_t *u)
{
	return (uintptr_t)u;
}

static bool frame_has_piece(const ucontext_t *u)
{
	(void)u;
	return false;
}

static void fill_registers(const uint8_t *p)
{
	(void)p;
}

#endif

/* What the frame would hold, had it been written to the host's own stack. */
static void on_interruption(int number, siginfo_t *info, void *context)
{
	uintptr_t sp = frame_stack(context);

	(void)number;
	(void)info;
	seen.steps++;
	if (sp + 65536 < seen.host || sp > seen.host + 65536)
		return;
	seen.on_host++;
	if (frame_has_piece(context))
		seen.leaks++;
}

static void open_in(struct vault_scope *scope, void *arg)
{
	uint8_t plain[64];

	if (cf_ok(secret_open(scope, arg, MSPAN_OF(plain))))
		fill_registers(plain);
}

#if defined(__x86_64__)

#define INTERRUPTION SIGTRAP
#define TRAP_FLAG 0x100

static void trap(bool on)
{
	unsigned long flags;

	__asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
	flags = on ? flags | TRAP_FLAG : flags & ~(unsigned long)TRAP_FLAG;
	__asm__ volatile("pushq %0\n\tpopfq" : : "r"(flags) : "cc", "memory");
}

static struct cf_status run_interrupted(struct secret *s)
{
	struct cf_status status;

	trap(true);
	status = vault_run(open_in, s);
	trap(false);
	return status;
}

#else

#define INTERRUPTION SIGALRM
#define RUNS 3000

/* A timer meets the operation wherever it is, again and again, and one signal comes right behind it each time. */
static struct cf_status run_interrupted(struct secret *s)
{
	const struct itimerval often = { { 0, 70 }, { 0, 70 } }, never = { { 0, 0 }, { 0, 0 } };
	struct cf_status status = CF_OK;

	REQUIRE(setitimer(ITIMER_REAL, &often, NULL) == 0);
	for (unsigned i = 0; i < RUNS && cf_ok(status); i++) {
		status = vault_run(open_in, s);
		(void)raise(INTERRUPTION);
	}
	REQUIRE(setitimer(ITIMER_REAL, &never, NULL) == 0);
	return status;
}

#endif

static void *new_pages(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(p != MAP_FAILED);
	return p;
}

/* Opens the secret, interrupted all the time. */
static void step_through(struct secret *s, bool alternate)
{
	struct sigaction act = { .sa_sigaction = on_interruption, .sa_flags = SA_SIGINFO | (alternate ? SA_ONSTACK : 0) };
	stack_t stack = { .ss_sp = seen.alternate, .ss_size = ALTERNATE_SIZE }, none = { .ss_flags = SS_DISABLE };
	struct sigaction old;
	struct cf_status status;

	seen.host = (uintptr_t)__builtin_frame_address(0);
	seen.steps = seen.on_host = seen.leaks = 0;
	REQUIRE(sigaltstack(alternate ? &stack : &none, NULL) == 0);
	REQUIRE(sigaction(INTERRUPTION, &act, &old) == 0);
	status = run_interrupted(s);
	REQUIRE(sigaction(INTERRUPTION, &old, NULL) == 0);
	REQUIRE(sigaltstack(&none, NULL) == 0);
	CHECK(cf_ok(status));
	CHECK(seen.steps > 0);
}

static void on_the_host_s_stack_registers_hold_nothing(void)
{
	struct secret *s = NULL;

	if (KIT_SANITIZED)
		return; /* its own code would be stepped through for minutes */
	kit_open();
	REQUIRE(cf_ok(kit_seal(64, KEY_FIRST, &s)));
	step_through(s, false);
	CHECK(seen.on_host > 0);
	CHECK(seen.leaks == 0);
	secret_unref(s);
	vault_close();
}

static void the_alternate_stack_holds_nothing_afterwards(void)
{
	struct secret *s = NULL;

	if (KIT_SANITIZED)
		return;
	seen.alternate = new_pages(ALTERNATE_SIZE);
	kit_open();
	REQUIRE(cf_ok(kit_seal(64, KEY_FIRST, &s)));
	step_through(s, true);
	CHECK(!has_piece(seen.alternate, ALTERNATE_SIZE));
	CHECK(seen.leaks == 0);
	secret_unref(s);
	vault_close();
	(void)munmap(seen.alternate, ALTERNATE_SIZE);
}

static void on_alarm(int number)
{
	(void)number;
}

/* A system call in a scope is not unheard of: memory of the scope may take some. */
static void interrupt_itself(struct vault_scope *scope, void *arg)
{
	struct mspan room;

	CHECK(cf_ok(vault_scope_alloc(scope, 64, &room)));
	open_in(scope, arg);
	(void)raise(SIGUSR1);
}

static unsigned used_bytes(const uint8_t *p, size_t n)
{
	unsigned used = 0;

	for (size_t i = 0; i < n; i++)
		used += p[i] != 0 ? 1 : 0;
	return used;
}

/* Nothing is touched where the host has no alternate stack, and what lies below the used part of one is left alone. */
static void only_what_was_used_is_wiped(void)
{
	struct sigaction act = { .sa_handler = on_alarm, .sa_flags = SA_ONSTACK }, old;
	stack_t stack = { .ss_size = ALTERNATE_SIZE }, none = { .ss_flags = SS_DISABLE };
	size_t frame = getauxval(AT_MINSIGSTKSZ) != 0 ? getauxval(AT_MINSIGSTKSZ) : 4096;
	struct secret *s = NULL;
	uint8_t *whole = new_pages(ALTERNATE_SIZE + 4096);

	REQUIRE(mprotect(whole, 4096, PROT_NONE) == 0);
	stack.ss_sp = seen.alternate = whole + 4096;
	kit_open();
	REQUIRE(cf_ok(kit_seal(64, KEY_FIRST, &s)));
	REQUIRE(sigaction(SIGUSR1, &act, &old) == 0);
	CHECK(cf_ok(vault_run(interrupt_itself, s)));
	REQUIRE(sigaltstack(&stack, NULL) == 0);
	(void)raise(SIGUSR1);
	CHECK(used_bytes(seen.alternate, ALTERNATE_SIZE) > 0);
	seen.alternate[0] = 1; /* far below */
	/* The far end of the largest frame: what comes before it may be zeroes, such as unused AMX tiles. */
	seen.alternate[ALTERNATE_SIZE - frame] = 1;
	CHECK(cf_ok(vault_run(interrupt_itself, s)));
	CHECK(used_bytes(seen.alternate + 1, ALTERNATE_SIZE - 1) == 0);
	CHECK(seen.alternate[0] == 1);
	REQUIRE(sigaltstack(&none, NULL) == 0);
	REQUIRE(sigaction(SIGUSR1, &old, NULL) == 0);
	secret_unref(s);
	vault_close();
	(void)munmap(whole, ALTERNATE_SIZE + 4096);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"while the host's stack is in use, registers hold no secret",
		 on_the_host_s_stack_registers_hold_nothing},
		{"the alternate stack holds no secret after an operation",
		 the_alternate_stack_holds_nothing_afterwards},
		{"only what was used of it is wiped", only_what_was_used_is_wiped},
		{NULL, NULL},
	};

	return unit_main("vault signals", tests);
}
