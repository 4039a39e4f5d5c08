/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signal handlers of the host that run in the middle of signatures: what the kernel and the handler
 * leave on the host's stacks holds no part of a key.
 */
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "memory/process.h"
#include "p11.h"
#include "unit.h"

#define STACK_SIZE ((size_t)256 * 1024)
#define PAGE 4096

static struct {
	struct p11 module;
	CK_SLOT_ID slot;
	CK_OBJECT_HANDLE key;
	uint8_t seed[32], message[32], *own, *alternate;
	struct secrets *secrets;
	bool on_alternate;
	unsigned long hits, looks;
	bool failed;
} test;

static _Atomic unsigned long signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

static void found(enum kind k, size_t at, size_t n, void *arg)
{
	(void)arg;
	printf("\n    %zu bytes of %s at %zu", n, kind_name(k), at);
	test.hits++;
}

/* The two partitions are pages of their own with 32 bytes between equal canaries. */
static bool is_partition(const uint8_t *p)
{
	return memcmp(p, p + PAGE - 16, 16) == 0 && !sodium_is_zero(p + 16, 32) &&
	       sodium_is_zero(p + 48, PAGE - 64);
}

/* Both ways to put them together: one of them is the coffer key, the other is noise. */
static void add_coffer_key(void)
{
	struct area *areas;
	size_t n = process_areas(getpid(), true, &areas), parts = 0;
	const uint8_t *part[2];

	for (size_t i = 0; i < n && parts < 2; i++)
		if ((areas[i].secret || areas[i].arena) && areas[i].to - areas[i].from == PAGE &&
		    is_partition((const uint8_t *)(uintptr_t)areas[i].from))
			part[parts++] = (const uint8_t *)(uintptr_t)areas[i].from + 16;
	free(areas);
	CHECK(parts == 2);
	for (size_t i = 0; parts == 2 && i < 2; i++) {
		uint8_t key[32];

		coffer_key_join(part[i], part[1 - i], key);
		secrets_add(test.secrets, KIND_COFFER_KEY, key, 32);
	}
}

/* In a thread of its own: a new thread has the vector registers of the one that made it, and what memcpy left in
 * them of a secret that this test knows would be taken for coffer's. */
static void *know(void *arg)
{
	(void)arg;
	secrets_add_ed25519(test.secrets, test.seed, test.message, 32);
	add_coffer_key();
	return NULL;
}

static void know_secrets(void)
{
	pthread_t t;

	REQUIRE(pthread_create(&t, NULL, know, NULL) == 0);
	REQUIRE(pthread_join(t, NULL) == 0);
}

static void look(const uint8_t *p)
{
	secrets_scan(test.secrets, p, STACK_SIZE, found, NULL);
	test.looks++;
}

/* Signs on a stack of its own while signals arrive; both stacks are looked at after every few signatures. */
static void *sign(void *arg)
{
	stack_t stack = { .ss_sp = test.alternate, .ss_size = STACK_SIZE }, none = { .ss_flags = SS_DISABLE };
	CK_BYTE signature[64];
	CK_SESSION_HANDLE s;
	unsigned long before = signals;

	(void)arg;
	/* What this thread's maker had in its registers is on this stack now: nothing, or the test would find itself. */
	while (signals < before + 3)
		;
	look(test.own);
	s = p11_session(&test.module, test.slot, false);
	if (sigaltstack(test.on_alternate ? &stack : &none, NULL) != 0)
		return NULL;
	for (int i = 0; i < 400000 && signals < before + 2000; i++) {
		test.failed |= p11_sign(&test.module, s, test.key, NULL, test.message, 32, signature) != CKR_OK;
		if (i % 16 != 0)
			continue;
		look(test.alternate);
		look(test.own);
	}
	test.failed |= signals < before + 200;
	(void)sigaltstack(&none, NULL);
	return NULL;
}

static void sign_under_signals(bool on_alternate)
{
	const struct itimerval often = { { 0, 100 }, { 0, 100 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESTART | (on_alternate ? SA_ONSTACK : 0) }, old;
	pthread_attr_t attributes;
	sigset_t alarms;
	pthread_t t;

	test.on_alternate = on_alternate;
	test.hits = test.looks = 0;
	(void)sigemptyset(&alarms);
	(void)sigaddset(&alarms, SIGALRM);
	REQUIRE(sigaction(SIGALRM, &act, &old) == 0);
	REQUIRE(pthread_attr_init(&attributes) == 0 && pthread_attr_setstack(&attributes, test.own, STACK_SIZE) == 0);
	REQUIRE(pthread_create(&t, &attributes, sign, NULL) == 0);
	/* To the other thread alone. */
	REQUIRE(pthread_sigmask(SIG_BLOCK, &alarms, NULL) == 0);
	REQUIRE(setitimer(ITIMER_REAL, &often, NULL) == 0);
	REQUIRE(pthread_join(t, NULL) == 0);
	REQUIRE(setitimer(ITIMER_REAL, &never, NULL) == 0);
	/* The last one may be pending; ignored, it is forgotten. */
	act.sa_handler = SIG_IGN;
	REQUIRE(sigaction(SIGALRM, &act, NULL) == 0);
	REQUIRE(pthread_sigmask(SIG_UNBLOCK, &alarms, NULL) == 0);
	REQUIRE(sigaction(SIGALRM, &old, NULL) == 0);
	(void)pthread_attr_destroy(&attributes);
	CHECK(!test.failed);
	CHECK(test.looks > 100);
	CHECK(test.hits == 0);
}

static void *pages(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(p != MAP_FAILED);
	return p;
}

static void begin(void)
{
	CK_SESSION_HANDLE s;

	REQUIRE(p11_start(&test.module));
	test.slot = p11_token(&test.module, "signals");
	s = p11_session(&test.module, test.slot, true);
	test.secrets = secrets_new();
	test.own = pages(STACK_SIZE);
	test.alternate = pages(STACK_SIZE);
	test.failed = false;
	randombytes_buf(test.seed, 32);
	randombytes_buf(test.message, 32);
	REQUIRE_RV(p11_import(&test.module, s, test.seed, &test.key), CKR_OK);
	know_secrets();
}

static void end(void)
{
	(void)munmap(test.own, STACK_SIZE);
	(void)munmap(test.alternate, STACK_SIZE);
	secrets_free(test.secrets);
	p11_stop(&test.module);
}

static void test_own_stack(void)
{
	begin();
	sign_under_signals(false);
	end();
}

static void test_alternate_stack(void)
{
	begin();
	sign_under_signals(true);
	end();
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "a handler on the host's own stack", test_own_stack },
		{ "a handler on an alternate stack", test_alternate_stack },
		{ NULL, NULL },
	};

	if (sodium_init() < 0)
		return 99;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	printf("SKIP: sanitizers have stacks and signal handling of their own\n");
	return 77;
#endif
	return unit_main("threats: signal handlers of the host", tests);
}
