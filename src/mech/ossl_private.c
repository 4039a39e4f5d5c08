/* SPDX-License-Identifier: Apache-2.0 */
/* RAND_set_rand_method is deprecated in favour of providers; of a copy that nobody shares it is the shortest way. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "mech/ossl_own.h"
#include "vault/heap.h"
#include "vault/interrupt.h"
#include "vault/scope.h"

/* ---- memory ---- */

/*
 * The library's own bookkeeping: errors of a thread, locks, tables of names and of what was fetched.  It holds no secret
 * and outlives the operation on whose way it was made, in a forked child too, where guarded memory is not.  Later versions
 * than 3.0 name no file where they make room for a thread's errors, and there alone.
 */
static const char *const bookkeeping[] = {
	"err/", "initthread.c", "threads_", "property/", "lhash/", "stack/", "sparse_array.c", "core_", "provider", "context.c",
	"ex_data.c", "objects/", "engine/", "init.c", "evp/evp_fetch.c",
};

static bool is_bookkeeping(const char *file)
{
	const char *at = file;

	while ((at = strstr(at, "crypto/")) != NULL) {
		at += strlen("crypto/");
		for (size_t i = 0; i < sizeof(bookkeeping) / sizeof(bookkeeping[0]); i++)
			if (strncmp(at, bookkeeping[i], strlen(bookkeeping[i])) == 0)
				return true;
	}
	return false;
}

/* Names are constants of the library: the ones that were looked at and are no bookkeeping, by address. */
static _Atomic(const char *) seen[64];

/* What this thread makes is to outlive its scope, and has no secret in it. */
static _Thread_local bool ordinary;

void ossl_own_ordinary(bool on)
{
	ordinary = on;
}

static bool is_guarded(const char *file)
{
	_Atomic(const char *) *place = &seen[(uintptr_t)file / 8 % (sizeof(seen) / sizeof(seen[0]))];

	if (file == NULL || !vault_in_scope() || ordinary)
		return false;
	if (atomic_load_explicit(place, memory_order_relaxed) == file)
		return true;
	if (is_bookkeeping(file))
		return false;
	atomic_store_explicit(place, file, memory_order_relaxed);
	return true;
}

static void *take(size_t n, const char *file, int line)
{
	(void)line;
	return is_guarded(file) ? heap_alloc(n) : mem_resize(NULL, n);
}

static void give(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (!heap_free(p))
		mem_free(p);
}

/* A block stays in the memory that it was born in. */
static void *change(void *p, size_t n, const char *file, int line)
{
	if (p == NULL)
		return take(n, file, line);
	return heap_holds(p) ? heap_resize(p, n) : mem_resize(p, n);
}

static _Atomic bool ours;

/* As the module is loaded: libcrypto takes other functions only while it has allocated nothing. */
static __attribute__((constructor)) void replace_allocator(void)
{
	atomic_store(&ours, CRYPTO_set_mem_functions(take, change, give) == 1);
}

/* ---- random numbers ---- */

/* libsodium asks the kernel each time: nothing to seed, to keep secret, or to renew in a forked child. */
static int random_bytes(unsigned char *out, int n)
{
	if (n < 0)
		return 0;
	if (vault_in_scope())
		interrupt_presume();
	randombytes_buf(out, (size_t)n);
	return 1;
}

static int random_status(void)
{
	return 1;
}

static const RAND_METHOD random_numbers = {
	.bytes = random_bytes,
	.pseudorand = random_bytes,
	.status = random_status,
};

bool ossl_own_is_private(void)
{
	return true;
}

static _Atomic bool open;

bool ossl_own_open(void)
{
	atomic_store(&open, true);
	return atomic_load(&ours) && RAND_set_rand_method(&random_numbers) == 1;
}

void ossl_own_close(void)
{
	atomic_store(&open, false);
}

/* The module is unloaded.  Without C_Finalize this may be the end of a process whose threads still work: then nothing is
 * taken from under them.  Of a thread that lives on, the room for its errors (less than 1 KiB) is lost. */
static __attribute__((destructor)) void leave_host(void)
{
	if (!atomic_load(&open))
		OPENSSL_cleanup();
	ossl_host_leave();
}
