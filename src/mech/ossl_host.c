/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What our own copy of libcrypto may do to the host.  In that copy the C library's functions of ossl_host.syms are
 * replaced by these (configure --with-libcrypto=private; the makefile has the command): no handler is left behind, no
 * other library is loaded, nothing is printed, and the destructors that it hangs on threads go when the module goes.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "mech/ossl_own.h"

/* libcrypto 3.0 makes seven. */
#define KEYS_MAX 32

/* Key + 1; 0: free. */
static _Atomic unsigned long keys[KEYS_MAX];

void coffer_host_abort(void) __attribute__((noreturn));
int coffer_host_atexit(void (*fn)(void));
void *coffer_host_dlopen(const char *file, int mode);
void coffer_host_perror(const char *text);
int coffer_host_key_create(pthread_key_t *key, void (*destructor)(void *));
int coffer_host_key_delete(pthread_key_t key);
int coffer_host_sigaction(int number, const struct sigaction *action, struct sigaction *old);
void (*coffer_host_signal(int number, void (*handler)(int)))(int);

/* libcrypto found its own memory inconsistent, and has no way to say so: there is nothing to return to. */
void coffer_host_abort(void)
{
	__builtin_trap();
}

int coffer_host_atexit(void (*fn)(void))
{
	(void)fn;
	return -1;
}

/* Engines, providers from files, and a reference to itself that would keep the module loaded for ever. */
void *coffer_host_dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}

void coffer_host_perror(const char *text)
{
	(void)text;
}

/* Only its prompts for passwords want them. */
int coffer_host_sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	(void)number;
	(void)action;
	(void)old;
	errno = ENOSYS;
	return -1;
}

void (*coffer_host_signal(int number, void (*handler)(int)))(int)
{
	(void)number;
	(void)handler;
	errno = ENOSYS;
	return SIG_ERR;
}

static bool replace(unsigned long from, unsigned long to)
{
	for (size_t i = 0; i < KEYS_MAX; i++) {
		unsigned long expected = from;

		if (atomic_compare_exchange_strong(&keys[i], &expected, to))
			return true;
	}
	return false;
}

int coffer_host_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	int failed = pthread_key_create(key, destructor);

	if (failed != 0 || replace(0, (unsigned long)*key + 1))
		return failed;
	(void)pthread_key_delete(*key);
	return EAGAIN;
}

int coffer_host_key_delete(pthread_key_t key)
{
	return replace((unsigned long)key + 1, 0) ? pthread_key_delete(key) : EINVAL;
}

void ossl_host_leave(void)
{
	for (size_t i = 0; i < KEYS_MAX; i++) {
		unsigned long key = atomic_exchange(&keys[i], 0);

		if (key != 0)
			(void)pthread_key_delete((pthread_key_t)(key - 1));
	}
}
