/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at any instant: what was acknowledged is there, what was not is there whole or not at all,
 * and the wallet verifies.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "coffer/coffer.h"
#include "p11.h"
#include "unit.h"

#define ROUNDS 25

static struct p11 m;
static CK_SLOT_ID slot;
static CK_UTF8CHAR pins[2][16] = { P11_USER_PIN, "another-1234" };

/* One byte for each change that the module has acknowledged. */
typedef void (*work_fn)(int out);

static void acknowledge(int out)
{
	if (write(out, "x", 1) != 1)
		_exit(3);
}

static void make_keys(int out)
{
	struct p11_pair pair;
	CK_SESSION_HANDLE s = p11_session(&m, slot, true);

	while (s != 0 && p11_generate(&m, s, true, "killed", &pair) == CKR_OK)
		acknowledge(out);
}

static void change_pins(int out)
{
	CK_SESSION_HANDLE s = p11_session(&m, slot, false);
	size_t n[2] = { strlen((char *)pins[0]), strlen((char *)pins[1]) };

	for (int i = 0; s != 0; i = 1 - i) {
		if (m.f->C_SetPIN(s, pins[i], n[i], pins[1 - i], n[1 - i]) != CKR_OK)
			return;
		acknowledge(out);
	}
}

/* Runs it in a process that is killed after at most `ms`; how many changes were acknowledged. */
static unsigned kill_in(work_fn work, unsigned ms)
{
	struct timespec t = { .tv_nsec = (long)(ms % 1000) * 1000000 };
	unsigned acknowledged = 0;
	int out[2], status;
	pid_t pid;
	char x;

	REQUIRE(pipe(out) == 0);
	pid = fork();
	if (pid == 0) {
		if (m.f->C_Initialize(NULL) == CKR_OK)
			work(out[1]);
		_exit(4); /* never reached but by a failure */
	}
	REQUIRE(pid > 0);
	(void)close(out[1]);
	REQUIRE(read(out[0], &x, 1) == 1); /* it is at work */
	acknowledged = 1;
	(void)nanosleep(&t, NULL);
	(void)kill(pid, SIGKILL);
	REQUIRE(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status));
	while (read(out[0], &x, 1) == 1)
		acknowledged++;
	(void)close(out[0]);
	return acknowledged;
}

static void report(const char *sentence, void *context)
{
	(void)context;
	printf("\n    %s", sentence);
}

static bool verifies(CK_SESSION_HANDLE s)
{
	CK_UTF8CHAR name[] = COFFER_INTERFACE_NAME;
	CK_ULONG objects = 0, faults = 99;
	const COFFER_FUNCTIONS *f;
	CK_INTERFACE *found;

	if (m.get_interface(name, NULL, &found, 0) != CKR_OK)
		return false;
	f = found->pFunctionList;
	return f->Verify(s, report, NULL, &objects, &faults) == CKR_OK && faults == 0;
}

static void begin(void)
{
	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "kill");
	REQUIRE(slot != P11_NO_SLOT);
	CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
}

static void test_keys(void)
{
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)"killed", 6 };
	unsigned long least = 0, most = 0;

	begin();
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned n = kill_in(make_keys, i * 2);
		CK_SESSION_HANDLE s;
		CK_ULONG there;

		least += n;
		most += n + 1; /* one change may have been made and not been acknowledged */
		CHECK_RV(m.f->C_Initialize(NULL), CKR_OK);
		s = p11_session(&m, slot, true);
		REQUIRE(s != 0);
		there = p11_find(&m, s, &label, 1, NULL, 0);
		CHECK(there % 2 == 0 && there / 2 >= least && there / 2 <= most);
		least = most = there / 2;
		CHECK(verifies(s));
		CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	}
	p11_stop(&m);
}

static CK_RV opens(CK_SESSION_HANDLE s, int i)
{
	CK_RV rv = m.f->C_Login(s, CKU_USER, pins[i], strlen((char *)pins[i]));

	if (rv == CKR_OK)
		(void)m.f->C_Logout(s);
	return rv;
}

static void test_pins(void)
{
	begin();
	for (unsigned i = 0; i < ROUNDS; i++) {
		CK_SESSION_HANDLE s;
		CK_RV first, second;

		(void)kill_in(change_pins, i * 2);
		CHECK_RV(m.f->C_Initialize(NULL), CKR_OK);
		s = p11_session(&m, slot, false);
		first = opens(s, 0);
		second = opens(s, 1);
		CHECK(first == CKR_OK ? second == CKR_PIN_INCORRECT : first == CKR_PIN_INCORRECT && second == CKR_OK);
		if (second == CKR_OK) /* the next round begins with the first */
			CHECK_RV(m.f->C_SetPIN(s, pins[1], strlen((char *)pins[1]), pins[0], strlen((char *)pins[0])), CKR_OK);
		CHECK_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_OK);
		CHECK(verifies(s));
		CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	}
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "while keys are made: those that were acknowledged are there, in pairs", test_keys },
		{ "while the PIN is changed: the old one or the new one is valid", test_pins },
		{ NULL, NULL },
	};

	/* A killed process needs no disk: what it wrote is the kernel's. */
	(void)setenv("TMPDIR", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", 0);
	return unit_main("threats: kill -9", tests);
}
