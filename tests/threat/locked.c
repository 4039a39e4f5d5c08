/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locked memory does not grow with the number of keys: an ordinary user's limit suffices for any wallet.  It grows by
 * one stack for each thread that is signing at that moment, and shrinks again.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "coffer/coffer.h"
#include "memory/process.h"
#include "p11.h"
#include "unit.h"

#define TOKEN_KEYS 1000
#define KEYS 100000 /* the others are session objects, which are unlocked as well and sooner made */
#define THREADS_MAX 64
#define KEPT 4 /* idle stacks (src/vault/stack.c) */

static struct p11 m;
static CK_SLOT_ID slot;
static CK_SESSION_HANDLE session;
static struct p11_pair pair[KEYS];
static atomic_bool stop;
static _Atomic unsigned failures;

static COFFER_PROTECTION protection(void)
{
	CK_UTF8CHAR name[] = COFFER_INTERFACE_NAME;
	COFFER_PROTECTION p = { 0 };
	const COFFER_FUNCTIONS *f;
	CK_INTERFACE *found;

	REQUIRE(m.get_interface(name, NULL, &found, 0) == CKR_OK);
	f = found->pFunctionList;
	REQUIRE(f->Protection(&p) == CKR_OK);
	return p;
}

static void use(unsigned from, unsigned to)
{
	CK_BYTE signature[64];

	for (unsigned i = from; i < to; i++)
		CHECK_RV(p11_sign(&m, session, pair[i].priv, NULL, "x", 1, signature), CKR_OK);
}

static void begin(const char *configuration)
{
	REQUIRE(p11_load(&m, configuration));
	REQUIRE(m.f->C_Initialize(NULL) == CKR_OK);
	slot = p11_token(&m, "locked");
	session = p11_session(&m, slot, true);
	REQUIRE(session != 0);
	REQUIRE_RV(p11_generate(&m, session, true, "key", &pair[0]), CKR_OK);
	use(0, 1);
}

/* Up to so many in all, each used, so that none is sealed under the wallet key only. */
static void more_keys(unsigned *n, unsigned to)
{
	unsigned from = *n;

	for (; *n < to; ++*n)
		REQUIRE_RV(p11_generate(&m, session, *n < TOKEN_KEYS, "key", &pair[*n]), CKR_OK);
	use(from, to);
}

static void many_keys(const char *configuration, unsigned keys)
{
	COFFER_PROTECTION one, all;
	unsigned long kib;
	unsigned n = 1;

	begin(configuration);
	one = protection();
	kib = process_locked_kib(getpid());
	CHECK(kib > 0);
	CHECK(one.arena_bytes <= 65536);
	for (unsigned i = TOKEN_KEYS; i <= keys; i *= 100) {
		more_keys(&n, i);
		all = protection();
		CHECK(all.secret_count >= i); /* they are all unlocked */
		CHECK(all.arena_bytes <= one.arena_bytes + 8192 && all.arena_bytes <= 65536);
		CHECK(all.stack_bytes == one.stack_bytes);
		CHECK(process_locked_kib(getpid()) <= kib + 8);
	}
	p11_stop(&m);
}

static void test_keys(void)
{
	many_keys("", KEYS);
	many_keys("memory = locked\n", TOKEN_KEYS);
}

static void *sign(void *arg)
{
	CK_SESSION_HANDLE s = p11_session(&m, slot, false);
	CK_BYTE signature[64];

	(void)arg;
	while (!stop)
		failures += p11_sign(&m, s, pair[0].priv, NULL, "x", 1, signature) != CKR_OK ? 1 : 0;
	(void)m.f->C_CloseSession(s);
	return NULL;
}

/* The most that was locked while so many threads signed, in KiB. */
static unsigned long most_locked(unsigned threads)
{
	pthread_t t[THREADS_MAX];
	unsigned long most = 0;

	stop = false;
	for (unsigned i = 0; i < threads; i++)
		REQUIRE(pthread_create(&t[i], NULL, sign, NULL) == 0);
	for (int i = 0; i < 100; i++) {
		unsigned long now = process_locked_kib(getpid());

		most = now > most ? now : most;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	stop = true;
	for (unsigned i = 0; i < threads; i++)
		REQUIRE(pthread_join(t[i], NULL) == 0);
	return most;
}

static void test_threads(void)
{
	COFFER_PROTECTION p;
	unsigned long kib, stack;

	begin("");
	p = protection();
	REQUIRE(p.stack_count > 0);
	stack = p.stack_bytes / p.stack_count / 1024;
	kib = process_locked_kib(getpid());
	for (unsigned n = 1; n <= THREADS_MAX; n *= 4) {
		CHECK(most_locked(n) <= kib + n * stack);
		p = protection();
		CHECK(p.stack_count <= KEPT);
		CHECK(process_locked_kib(getpid()) <= kib + KEPT * stack);
	}
	CHECK(failures == 0);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "as much is locked for 1,000 and 100,000 unlocked keys as for one", test_keys },
		{ "a stack for each signing thread, 1 to 64, and few are kept", test_threads },
		{ NULL, NULL },
	};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	printf("SKIP: sanitizers make a no-op of mlock\n");
	return 77;
#endif
	(void)setenv("TMPDIR", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", 0);
	return unit_main("threats: locked memory", tests);
}
