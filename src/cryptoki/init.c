/* SPDX-License-Identifier: Apache-2.0 */
/* C_Initialize and C_Finalize. */
#include <fcntl.h>
#include <sodium.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "ck/rv.h"
#include "cryptoki/api.h"
#include "cryptoki/guard.h"
#include "cryptoki/idle.h"
#include "cryptoki/module.h"
#include "mech/mech.h"
#include "vault/vault.h"

struct module module = { .trace = -1 };

/* The C library makes a module's thread-local memory at its first use in a thread, and ends the process when it cannot.
 * In the thread that loads the module that is here, and not in the middle of its work. */
static __attribute__((constructor)) void loaded(void)
{
	error_clear();
}

static enum module_life life_of(uint64_t life)
{
	return (enum module_life)(life & 0xff);
}

bool module_is_open(void)
{
	/* What a child sees is its parent's; asking the vault is cheaper than asking for the process ID. */
	return life_of(atomic_load(&module.life)) == MODULE_OPEN && !vault_forked();
}

/* ---- opening ---- */

/* What C_Initialize may be told about threads (§5.4).  Inside one process POSIX mutexes are always available and always right,
 * whatever the application uses for itself, so that every one of the four ways is served by them: a mutex of the
 * application's would only be another one. */
static CK_RV check_arguments(const CK_C_INITIALIZE_ARGS *a)
{
	int given;

	if (a == NULL)
		return CKR_OK;
	given = (a->CreateMutex != NULL) + (a->DestroyMutex != NULL) + (a->LockMutex != NULL) + (a->UnlockMutex != NULL);
	if (a->pReserved != NULL || (given != 0 && given != 4))
		return CKR_ARGUMENTS_BAD;
	return CKR_OK;
}

static bool may_thread(const CK_C_INITIALIZE_ARGS *a)
{
	return a == NULL || (a->flags & CKF_LIBRARY_CANT_CREATE_OS_THREADS) == 0;
}

static void open_trace(void)
{
	const char *file = module.config->trace_file;

	module.trace = -1;
	if (file != NULL && file[0] != '\0')
		module.trace = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static CK_RV open_waiting(void)
{
	pthread_condattr_t attr;
	bool made;

	if (pthread_mutex_init(&module.waiting, NULL) != 0)
		return CKR_HOST_MEMORY;
	if (pthread_condattr_init(&attr) != 0) {
		(void)pthread_mutex_destroy(&module.waiting);
		return CKR_HOST_MEMORY;
	}
	made = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 && pthread_cond_init(&module.changed, &attr) == 0;
	(void)pthread_condattr_destroy(&attr);
	if (!made)
		(void)pthread_mutex_destroy(&module.waiting);
	return made ? CKR_OK : CKR_HOST_MEMORY;
}

static void close_waiting(void)
{
	(void)pthread_cond_destroy(&module.changed);
	(void)pthread_mutex_destroy(&module.waiting);
}

static CK_RV open_tokens(void)
{
	CK_RV rv = sessions_new(&module.sessions);

	if (rv != CKR_OK)
		return rv;
	rv = slots_open(module.config, &module.slots);
	if (rv != CKR_OK) {
		sessions_free(module.sessions);
		module.sessions = NULL;
	}
	return rv;
}

/* Mechanisms stay open in a child: what the parent fetched is a copy of the child's own, and freeing it could
 * wait for a lock that a thread of the parent held. */
static CK_RV open_mechanisms(void)
{
	CK_RV rv = module.mechanisms ? CKR_OK : mech_open();

	module.mechanisms = rv == CKR_OK;
	return rv;
}

static void close_mechanisms(void)
{
	mech_close();
	module.mechanisms = false;
}

static CK_RV open_with_vault(void)
{
	CK_RV rv = open_mechanisms();

	if (rv != CKR_OK)
		return rv;
	rv = mech_deterministic_ecdsa(module.config->deterministic_ecdsa);
	if (rv == CKR_OK)
		rv = open_waiting();
	if (rv != CKR_OK) {
		close_mechanisms();
		return rv;
	}
	rv = open_tokens();
	if (rv != CKR_OK) {
		close_waiting();
		close_mechanisms();
	}
	return rv;
}

static CK_RV open_parts(void)
{
	struct cf_status status;
	CK_RV rv;

	if (sodium_init() < 0)
		return CKR_GENERAL_ERROR;
	status = config_load(&module.config);
	if (cf_failed(status))
		return cf_is(status, CF_CODE_NOMEM) ? CKR_HOST_MEMORY : CKR_FUNCTION_FAILED;
	open_trace();
	status = vault_open(&(struct vault_config){
		.allow_unlocked = module.config->allow_unlocked_memory,
		.prefer_locked = module.config->prefer_locked,
	});
	rv = rv_of(status);
	if (rv == CKR_OK) {
		rv = open_with_vault();
		if (rv != CKR_OK)
			vault_close();
	}
	return rv;
}

static void close_files(void)
{
	if (module.trace >= 0)
		(void)close(module.trace);
	module.trace = -1;
	config_free(module.config);
	module.config = NULL;
}

/* In a child: what there is belongs to the parent, and is left alone. */
static void forget_parent(void)
{
	vault_forget_after_fork();
	mech_forget_after_fork();
	idle_forget();
	for (size_t i = 0; i < MODULE_COUNTERS; i++)
		atomic_store(&module.counter[i].calls, 0);
	module.config = NULL;
	module.slots = NULL;
	module.sessions = NULL;
	module.trace = -1;
}

static void pause_briefly(void)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = 200 * 1000 }, NULL);
}

/* Makes this thread the one that opens. *stale: a parent's state is in the way. CRYPTOKI_ALREADY_INITIALIZED. */
static CK_RV claim(pid_t pid, bool *stale)
{
	for (;;) {
		uint64_t seen = atomic_load(&module.life);
		enum module_life life = life_of(seen);

		*stale = life != MODULE_CLOSED && seen >> 8 != (uint32_t)pid;
		if (!*stale && life == MODULE_OPEN)
			return CKR_CRYPTOKI_ALREADY_INITIALIZED;
		if (!*stale && life == MODULE_CHANGING)
			pause_briefly(); /* another thread opens or closes */
		else if (atomic_compare_exchange_strong(&module.life, &seen, MODULE_LIFE(pid, MODULE_CHANGING)))
			return CKR_OK;
	}
}

CK_RV C_Initialize(CK_VOID_PTR args)
{
	pid_t pid = getpid();
	bool stale;
	CK_RV rv = check_arguments(args);

	error_clear();
	if (rv == CKR_OK)
		rv = claim(pid, &stale);
	if (rv != CKR_OK)
		return rv;
	if (stale)
		forget_parent();
	module.may_thread = may_thread(args);
	rv = open_parts();
	if (module.trace >= 0)
		guard_trace("C_Initialize", rv);
	if (rv != CKR_OK)
		close_files();
	atomic_store(&module.life, MODULE_LIFE(pid, rv == CKR_OK ? MODULE_OPEN : MODULE_CLOSED));
	return rv;
}

/* ---- closing ---- */

static void wait_for_calls(void)
{
	(void)pthread_mutex_lock(&module.waiting);
	(void)pthread_cond_broadcast(&module.changed);
	(void)pthread_mutex_unlock(&module.waiting);
	for (size_t i = 0; i < MODULE_COUNTERS; i++)
		while (atomic_load(&module.counter[i].calls) != 0)
			pause_briefly();
}

CK_RV C_Finalize(CK_VOID_PTR reserved)
{
	pid_t pid = getpid();
	uint64_t open = MODULE_LIFE(pid, MODULE_OPEN);

	if (reserved != NULL)
		return CKR_ARGUMENTS_BAD;
	if (!atomic_compare_exchange_strong(&module.life, &open, MODULE_LIFE(pid, MODULE_CHANGING)))
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	wait_for_calls();
	idle_end();
	sessions_free(module.sessions);
	slots_close(module.slots);
	module.sessions = NULL;
	module.slots = NULL;
	close_waiting();
	close_mechanisms();
	vault_close();
	if (module.trace >= 0)
		guard_trace("C_Finalize", CKR_OK);
	close_files();
	atomic_store(&module.life, MODULE_LIFE(pid, MODULE_CLOSED));
	return CKR_OK;
}
