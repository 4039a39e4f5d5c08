/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/vault.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "vault/arena.h"
#include "vault/bench.h"
#include "vault/heap_internal.h"
#include "vault/keep.h"
#include "vault/key.h"
#include "vault/pages.h"
#include "vault/scope_internal.h"
#include "vault/seal.h"
#include "vault/secret_internal.h"
#include "vault/stack.h"

/* How a child of fork() is told from its parent. */
enum fork_test {
	FORK_UNTESTED, /* the vault is closed */
	FORK_MARK,     /* the kernel wipes a byte */
	FORK_PID,      /* it does not: process IDs are compared */
};

static struct {
	/* Statically initialised: there is nobody to initialise it earlier. */
	pthread_mutex_t opening;
	unsigned opens;
	_Atomic bool usable, damaged;
	_Atomic enum fork_test fork_test;
	_Atomic uint8_t *fork_mark;
	pid_t pid;
} vault = { .opening = PTHREAD_MUTEX_INITIALIZER };

/* Early in a machine's life libsodium would wait for randomness, and where it is refused end the
 * process; a module in somebody else's process may do neither.  Once ready it stays so. */
static struct cf_status check_random(void)
{
	uint8_t byte;

	if (fault_hit(FAULT_RANDOM) || (getrandom(&byte, 1, GRND_NONBLOCK) != 1 && errno != ENOSYS))
		return error_set(CF_STATUS(IO),
				 "the system's random number generator is not ready");
	return CF_OK;
}

static struct cf_status open_key_and_stacks(void)
{
	struct cf_status status;

	CF_TRY(coffer_key_open());
	status = stacks_open();
	if (cf_failed(status))
		coffer_key_close();
	return status;
}

static struct cf_status open_parts(const struct vault_config *config)
{
	struct cf_status status;

	CF_TRY(check_random());
	if (sodium_init() < 0)
		return error_set(CF_STATUS(IO), "libsodium cannot be initialised");
	seal_choose(true);
	CF_TRY(secrets_open());
	status = arena_open(config);
	if (cf_ok(status))
		status = open_key_and_stacks();
	if (cf_failed(status)) {
		arena_close();
		secrets_close();
		return status;
	}
	heap_open();
	return status;
}

/* The last step of opening: nothing can fail any more. */
static void mark_process(void)
{
	vault.pid = getpid();
	vault.fork_mark = pages_fork_mark();
	if (vault.fork_mark != NULL)
		atomic_store(vault.fork_mark, 1);
	atomic_store(&vault.fork_test, vault.fork_mark != NULL ? FORK_MARK : FORK_PID);
	atomic_store(&vault.damaged, false);
	atomic_store(&vault.usable, true);
}

struct cf_status vault_open(const struct vault_config *config)
{
	struct cf_status status = CF_OK;

	(void)pthread_mutex_lock(&vault.opening);
	if (vault.opens == 0)
		status = open_parts(config);
	if (cf_ok(status) && vault.opens++ == 0)
		mark_process();
	(void)pthread_mutex_unlock(&vault.opening);
	return status;
}

void vault_close(void)
{
	(void)pthread_mutex_lock(&vault.opening);
	if (vault.opens > 0 && --vault.opens == 0) {
		atomic_store(&vault.usable, false);
		atomic_store(&vault.fork_test, FORK_UNTESTED);
		keeps_close();
		secrets_close();
		heap_close();
		benches_close();
		stacks_close();
		coffer_key_close();
		arena_close();
	}
	(void)pthread_mutex_unlock(&vault.opening);
}

void vault_forget_after_fork(void)
{
	/* Another thread of the parent may have held the mutex at fork. */
	vault.opening = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	vault.opens = 0;
	atomic_store(&vault.usable, false);
	atomic_store(&vault.damaged, false);
	atomic_store(&vault.fork_test, FORK_UNTESTED);
	scopes_forget();
	secrets_forget();
	heap_forget();
	benches_forget();
	keeps_forget();
	stacks_forget();
	coffer_key_forget();
	arena_forget();
}

bool vault_forked(void)
{
	switch (atomic_load_explicit(&vault.fork_test, memory_order_acquire)) {
	case FORK_UNTESTED:
		return false;
	case FORK_MARK:
		return atomic_load_explicit(vault.fork_mark, memory_order_relaxed) == 0;
	case FORK_PID:
		return vault.pid != getpid();
	}
	return false;
}

bool vault_usable(void)
{
	return atomic_load_explicit(&vault.usable, memory_order_acquire);
}

void vault_damaged(const char *why)
{
	atomic_store(&vault.damaged, true);
	atomic_store(&vault.usable, false);
	cf_ignore(error_set(CF_STATUS(CLOSED),
			    "guarded memory is damaged: %s; the vault is closed", why),
		  "the caller has its own status");
}

static void rotate(struct vault_scope *scope, void *arg)
{
	struct cf_status *status = arg;

	*status = secrets_rotate(scope);
}

struct cf_status vault_rotate(void)
{
	struct cf_status status = CF_OK;

	if (!vault_usable())
		return error_set(CF_STATUS(CLOSED), "the vault is closed");
	if (!coffer_key_intact())
		vault_damaged("a canary of the coffer key was overwritten");
	CF_TRY(vault_run(rotate, &status));
	return status;
}

static void housekeep(struct vault_scope *scope, void *arg)
{
	struct cf_status *status = arg;

	*status = secrets_housekeep(scope);
}

void vault_tick(void)
{
	struct cf_status status = CF_OK;

	if (!vault_usable() || !coffer_key_stale())
		return;
	cf_ignore(vault_run(housekeep, &status), "tried again at the next tick");
	cf_ignore(status, "a damaged vault says so at the next call");
}

void vault_get_info(struct vault_info *info)
{
	*info = (struct vault_info){ 0 };
	info->damaged = atomic_load(&vault.damaged);
	if (!vault_usable())
		return;
	info->memory = arena_kind();
	stacks_count(&info->stack_count, &info->stack_bytes);
	info->arena_bytes = arena_bytes() - info->stack_bytes;
	info->secret_count = secrets_count();
	info->aead = seal_name();
}
