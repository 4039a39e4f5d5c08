/* SPDX-License-Identifier: Apache-2.0 */
/* What the vault's test programs share: a vault for one test, children, faults, a clock. */
#ifndef COFFER_TESTS_VAULT_KIT_H
#define COFFER_TESTS_VAULT_KIT_H

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "unit.h"
#include "vault/interrupt.h"
#include "vault/secret.h"
#include "vault/vault.h"

/* What a sanitizer does to frames, mappings and crashes is not what is tested. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KIT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KIT_SANITIZED 1
#endif
#endif
#ifndef KIT_SANITIZED
#define KIT_SANITIZED 0
#endif

static const struct vault_config kit_default = { 0 };

static inline void kit_open(void)
{
	REQUIRE(cf_ok(vault_open(&kit_default)));
}

/* Where nothing tells of interruptions (no rseq) all of a stack is wiped, however deep an operation was. */
static inline bool kit_interruptions_are_told(void)
{
	bool told = false;

	for (int i = 0; i < 100 && !told; i++) {
		interrupt_watch();
		told = !interrupt_noticed();
	}
	return told;
}

/* Runs `fn` in a child; its value is the child's exit status. The result is waitpid's. */
static inline int kit_child(int (*fn)(void *arg), void *arg)
{
	int status = -1;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		(void)signal(SIGSEGV, SIG_DFL);
		(void)signal(SIGBUS, SIG_DFL);
		(void)signal(SIGILL, SIG_DFL);
		_exit(fn(arg));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

static inline bool kit_exited(int status, int value)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == value;
}

static inline bool kit_died(int status, int signal)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == signal;
}

/* Of the fault points of one kind (any when negative), the one after `kit_fault_skip` others
 * fails; with kit_fault_all, so do all behind it. */
static int kit_fault_kind;
static _Atomic long kit_fault_skip, kit_fault_hits;
static bool kit_fault_all;

static inline bool kit_fault(enum fault_kind kind)
{
	long at;

	if (kit_fault_kind >= 0 && (int)kind != kit_fault_kind)
		return false;
	at = atomic_fetch_add(&kit_fault_hits, 1);
	return kit_fault_all ? at >= kit_fault_skip : at == kit_fault_skip;
}

static inline void kit_fail(int kind, long skip, bool all)
{
	kit_fault_kind = kind;
	kit_fault_skip = skip;
	kit_fault_all = all;
	atomic_store(&kit_fault_hits, 0);
	atomic_store(&fault_hook, kit_fault);
}

static inline void kit_no_faults(void)
{
	atomic_store(&fault_hook, NULL);
}

/* A clock that stands still until it is moved. */
static _Atomic uint64_t kit_ms = 1000000;

static inline uint64_t kit_clock_ms(void)
{
	return atomic_load(&kit_ms);
}

static inline int64_t kit_clock_s(void)
{
	return 1600000000;
}

static const struct clock_source kit_clock = { kit_clock_ms, kit_clock_s };

/* A secret of n bytes, the i-th is first + i. */
struct kit_seal {
	size_t n;
	uint8_t first;
	struct secret *out;
	struct cf_status status;
};

static inline void kit_seal_in(struct vault_scope *scope, void *arg)
{
	struct kit_seal *k = arg;
	struct mspan room;

	k->status = vault_scope_alloc(scope, k->n + 1, &room);
	if (cf_failed(k->status))
		return;
	for (size_t i = 0; i < k->n; i++)
		room.p[i] = (uint8_t)(k->first + i);
	k->status = secret_seal(scope, span(room.p, k->n), &k->out);
}

static inline struct cf_status kit_seal(size_t n, uint8_t first, struct secret **out)
{
	struct kit_seal k = { n, first, NULL, CF_OK };

	CF_TRY(vault_run(kit_seal_in, &k));
	*out = k.out;
	return k.status;
}

struct kit_open_secret {
	const struct secret *s;
	uint8_t first;
	bool same;
	struct cf_status status;
};

static inline void kit_open_in(struct vault_scope *scope, void *arg)
{
	struct kit_open_secret *k = arg;
	uint8_t small[256];
	struct mspan room = MSPAN_OF(small);
	uint8_t wrong = 0;

	k->status = CF_OK;
	if (secret_size(k->s) > sizeof(small))
		k->status = vault_scope_alloc(scope, secret_size(k->s), &room);
	if (cf_ok(k->status))
		k->status = secret_open(scope, k->s, room);
	if (cf_failed(k->status))
		return;
	for (size_t i = 0; i < secret_size(k->s); i++)
		wrong |= (uint8_t)(room.p[i] ^ (uint8_t)(k->first + i));
	k->same = wrong == 0;
}

/* OK also means that the bytes are those of kit_seal. */
static inline struct cf_status kit_check(const struct secret *s, uint8_t first)
{
	struct kit_open_secret k = { s, first, false, CF_OK };

	CF_TRY(vault_run(kit_open_in, &k));
	CF_TRY(k.status);
	return k.same ? CF_OK : CF_STATUS(CORRUPT);
}

#endif
