/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/interrupt.h"

#include <signal.h>
#include <sodium.h>
#include <stdint.h>
#include <sys/auxv.h>

#ifdef __has_include
#if __has_include(<sys/rseq.h>) && (defined(__x86_64__) || defined(__aarch64__))
#include <sys/rseq.h>
#define WITH_RSEQ 1
#endif
#endif

#ifdef WITH_RSEQ

/* What an abort handler of rseq must have before it; nobody ever comes here. */
static const struct {
	uint32_t signature;
	uint8_t nowhere[4];
} place = { RSEQ_SIG, { 0 } };

/* A section that no instruction lies in. */
static const struct rseq_cs section = {
	.start_ip = (uint64_t)(uintptr_t)&place.nowhere[1],
	.post_commit_offset = 1,
	.abort_ip = (uint64_t)(uintptr_t)&place.nowhere[0],
};

/* rseq_cs of this thread's area; NULL when the C library has registered none. Written by the kernel too. */
static volatile uint64_t *section_pointer(void)
{
	uintptr_t thread;

	if (__rseq_size == 0)
		return NULL;
#ifdef __x86_64__
	__asm__("movq %%fs:0, %0" : "=r"(thread));
#else
	__asm__("mrs %0, tpidr_el0" : "=r"(thread));
#endif
	return (volatile uint64_t *)(thread + (uintptr_t)__rseq_offset + offsetof(struct rseq, rseq_cs));
}

void interrupt_watch(void)
{
	volatile uint64_t *p = section_pointer();

	if (p != NULL)
		*p = (uint64_t)(uintptr_t)&section;
}

bool interrupt_noticed(void)
{
	volatile uint64_t *p = section_pointer();
	bool untouched = p != NULL && *p == (uint64_t)(uintptr_t)&section;

	if (p != NULL)
		*p = 0;
	return !untouched;
}

void interrupt_presume(void)
{
	volatile uint64_t *p = section_pointer();

	if (p != NULL)
		*p = 0;
}

#else

void interrupt_watch(void)
{
}

void interrupt_presume(void)
{
}

bool interrupt_noticed(void)
{
	return true;
}

#endif

#define PIECE ((size_t)4096)

/* A signal frame may begin with more of zeroes than a piece (8 KiB of unused AMX tiles), but is never larger than this. */
static size_t largest_frame(void)
{
	size_t n = (size_t)getauxval(AT_MINSIGSTKSZ);

	return n < PIECE ? PIECE : n;
}

void interrupt_wipe(void)
{
	const uint8_t *here = __builtin_frame_address(0);
	size_t n, zeroes = 0, enough = largest_frame();
	stack_t stack;
	uint8_t *p;

	if (sigaltstack(NULL, &stack) != 0 || (stack.ss_flags & SS_DISABLE) != 0)
		return;
	p = stack.ss_sp;
	n = stack.ss_size;
	/* A handler of the host called us: its frames are above, ours and those that we call for this are below. */
	if (here > p && here < p + n)
		n = (size_t)(here - p) > PIECE ? (size_t)(here - p) - PIECE : 0;
	while (n > 0 && zeroes <= enough) {
		size_t piece = n < PIECE ? n : PIECE;

		n -= piece;
		if (sodium_is_zero(p + n, piece)) {
			zeroes += piece;
			continue;
		}
		sodium_memzero(p + n, piece);
		zeroes = 0;
	}
}
