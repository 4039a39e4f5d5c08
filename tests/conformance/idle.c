/* SPDX-License-Identifier: Apache-2.0 */
/* A wallet that nobody uses locks itself (configuration key idle-lock): by a thread of the module's, or at the next call. */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "coffer/coffer.h"
#include "p11.h"
#include "unit.h"

static unsigned threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned n = 0;

	if (dir == NULL)
		return 0;
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n - 2; /* . and .. */
}

/* A thread sanitizer starts one of its own with the first: it is there before anything is counted. */
static void *nothing(void *arg)
{
	return arg;
}

static void first_thread(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, nothing, NULL) == 0)
		(void)pthread_join(t, NULL);
}

static void wait_ms(long ms)
{
	(void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Sealed secrets alive; asking is not a use of the wallet. */
static CK_ULONG secrets(const struct p11 *m)
{
	CK_INTERFACE *i = NULL;
	COFFER_PROTECTION p = {.secret_count = 99};

	if (m->get_interface((CK_UTF8CHAR_PTR)COFFER_INTERFACE_NAME, NULL, &i, 0) != CKR_OK)
		return 98;
	(void)((const COFFER_FUNCTIONS *)i->pFunctionList)->Protection(&p);
	return p.secret_count;
}

/* With sessions that are logged in, one key in use. */
static bool start(struct p11 *m, const char *config, CK_FLAGS flags, CK_SESSION_HANDLE *s, struct p11_pair *pair)
{
	CK_C_INITIALIZE_ARGS args = {.flags = flags | CKF_OS_LOCKING_OK};
	CK_BYTE signature[64];

	if (!p11_load(m, config) || m->f->C_Initialize(&args) != CKR_OK)
		return false;
	*s = p11_session(m, p11_token(m, "idle"), true);
	return *s != 0 && p11_generate(m, *s, true, "key", pair) == CKR_OK &&
	       p11_sign(m, *s, pair->priv, NULL, "x", 1, signature) == CKR_OK;
}

static void check_locked(const struct p11 *m, CK_SESSION_HANDLE s, const struct p11_pair *pair)
{
	CK_SESSION_INFO info;
	CK_BYTE signature[64];

	CHECK_RV(m->f->C_GetSessionInfo(s, &info), CKR_OK);
	CHECK(info.state == CKS_RW_PUBLIC_SESSION);
	CHECK(p11_sign(m, s, pair->priv, NULL, "x", 1, signature) != CKR_OK);
	CHECK_RV(p11_login(m, s, CKU_USER, P11_USER_PIN), CKR_OK);
	CHECK_RV(p11_sign(m, s, pair->priv, NULL, "x", 1, signature), CKR_OK);
}

static void test_thread(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s;
	struct p11_pair pair;
	unsigned before = threads();

	REQUIRE(start(&m, "idle-lock = 1\n", 0, &s, &pair));
	CHECK(threads() == before + 1);
	CHECK(secrets(&m) > 0);
	/* Nobody calls anything meanwhile: what is polled here is not a use. */
	for (int i = 0; i < 100 && secrets(&m) > 0; i++)
		wait_ms(100);
	CHECK(secrets(&m) == 0);
	check_locked(&m, s, &pair);
	CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	CHECK(threads() == before);
	p11_stop(&m);
}

static void test_use_keeps_it_open(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s;
	struct p11_pair pair;
	CK_BYTE signature[64];

	REQUIRE(start(&m, "idle-lock = 3\n", 0, &s, &pair));
	for (int i = 0; i < 8; i++) {
		wait_ms(500);
		CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "x", 1, signature), CKR_OK);
	}
	p11_stop(&m);
}

static void test_no_threads_allowed(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s;
	struct p11_pair pair;
	unsigned before = threads();

	REQUIRE(start(&m, "idle-lock = 1\n", CKF_LIBRARY_CANT_CREATE_OS_THREADS, &s, &pair));
	CHECK(threads() == before);
	wait_ms(1500);
	check_locked(&m, s, &pair);
	p11_stop(&m);
}

static void test_unloaded(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s;
	struct p11_pair pair;
	unsigned before = threads();

	p11_leak_begin();
	REQUIRE(start(&m, "idle-lock = 1\n", 0, &s, &pair));
	p11_unload(&m); /* without C_Finalize */
	p11_leak_end();
	CHECK(threads() == before);
	wait_ms(1500); /* a thread that was left would run code that is gone */
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"a wallet locks itself without any call; C_Finalize ends the thread", test_thread},
		{"use keeps it open", test_use_keeps_it_open},
		{"where threads are forbidden it locks at the next call", test_no_threads_allowed},
		{"a module that is unloaded leaves no thread", test_unloaded},
		{NULL, NULL},
	};

	first_thread();
	return unit_main("conformance: idle lock", tests);
}
