/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/vault.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/error.h"
#include "vault/arena.h"
#include "vault/key.h"
#include "vault/pages.h"
#include "vault/scope_internal.h"
#include "vault/seal.h"
#include "vault/secret_internal.h"
#include "vault/stack.h"

static struct {
	pthread_mutex_t opening; /* statically initialised: there is nobody to initialise it earlier */
	unsigned opens;
	_Atomic bool usable, damaged;
	volatile uint8_t *fork_mark; /* NULL: compare process IDs */
	pid_t pid;
} vault = { .opening = PTHREAD_MUTEX_INITIALIZER };

static struct cf_status open_parts(const struct vault_config *config)
{
	struct cf_status status;

	if (sodium_init() < 0)
		return error_set(CF_STATUS(IO), "libsodium cannot be initialised");
	seal_choose();
	CF_TRY(arena_open(config));
	CF_TRY(coffer_key_open());
	status = stacks_open();
	if (cf_failed(status)) {
		coffer_key_close();
		return status;
	}
	status = secrets_open();
	if (cf_ok(status))
		status = pages_map_fork_mark((volatile uint8_t **)&vault.fork_mark);
	if (cf_failed(status)) {
		stacks_close();
		coffer_key_close();
	}
	return status;
}

struct cf_status vault_open(const struct vault_config *config)
{
	struct cf_status status = CF_OK;

	(void)pthread_mutex_lock(&vault.opening);
	if (vault.opens == 0) {
		status = open_parts(config);
		vault.pid = getpid();
		atomic_store(&vault.damaged, false);
		atomic_store(&vault.usable, cf_ok(status));
	}
	if (cf_ok(status))
		vault.opens++;
	(void)pthread_mutex_unlock(&vault.opening);
	return status;
}

void vault_close(void)
{
	(void)pthread_mutex_lock(&vault.opening);
	if (vault.opens > 0 && --vault.opens == 0) {
		atomic_store(&vault.usable, false);
		secrets_close();
		stacks_close();
		coffer_key_close();
		arena_close();
		pages_unmap_fork_mark(vault.fork_mark);
		vault.fork_mark = NULL;
	}
	(void)pthread_mutex_unlock(&vault.opening);
}

void vault_forget_after_fork(void)
{
	/* Another thread of the parent may have held the mutex at fork. */
	vault.opening = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	vault.opens = 0;
	vault.fork_mark = NULL;
	atomic_store(&vault.usable, false);
}

bool vault_forked(void)
{
	if (!atomic_load_explicit(&vault.usable, memory_order_relaxed))
		return false;
	if (vault.fork_mark != NULL)
		return *vault.fork_mark == 0;
	return vault.pid != getpid();
}

bool vault_usable(void)
{
	return atomic_load_explicit(&vault.usable, memory_order_acquire);
}

void vault_damaged(const char *why)
{
	atomic_store(&vault.damaged, true);
	atomic_store(&vault.usable, false);
	cf_ignore(error_set(CF_STATUS(CLOSED), "guarded memory is damaged: %s; the vault is closed", why),
		  "the caller has its own status");
}

struct rotation {
	struct cf_status status;
};

static void rotate(struct vault_scope *scope, void *arg)
{
	struct rotation *r = arg;

	r->status = secrets_rotate(scope);
}

struct cf_status vault_rotate(void)
{
	struct rotation r = { CF_OK };

	if (!coffer_key_intact())
		vault_damaged("a canary of the coffer key was overwritten");
	CF_TRY(vault_run(rotate, &r));
	return r.status;
}

static void rerandomise(struct vault_scope *scope, void *arg)
{
	(void)arg;
	coffer_key_write_lock();
	coffer_key_rerandomise(scope);
	coffer_key_unlock();
}

void vault_tick(void)
{
	if (!vault_usable() || !coffer_key_stale())
		return;
	if (coffer_key_expired())
		cf_ignore(vault_rotate(), "tried again at the next tick");
	else
		cf_ignore(vault_run(rerandomise, NULL), "tried again at the next tick");
}

void vault_get_info(struct vault_info *info)
{
	*info = (struct vault_info){ 0 };
	info->damaged = atomic_load(&vault.damaged);
	if (!vault_usable())
		return;
	info->memory = arena_kind();
	info->arena_bytes = 2 * pages_size(); /* the two partitions; inputs come and go */
	stacks_count(&info->stack_count, &info->stack_bytes);
	info->secret_count = secrets_count();
	info->aead = seal_name();
}
