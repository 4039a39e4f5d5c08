/* SPDX-License-Identifier: Apache-2.0 */
/* The module in its process: fork, dlclose, two copies of it, two processes over one wallet, what it leaves behind. */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "p11.h"
#include "unit.h"

static unsigned count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	if (dir == NULL)
		return 0;
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

/* The child runs `body`, which answers 0 or the number of the step that failed. */
static int in_child(int (*body)(struct p11 *m, CK_SESSION_HANDLE s, struct p11_pair *pair), struct p11 *m,
		    CK_SESSION_HANDLE s, struct p11_pair *pair)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)alarm(20); /* a deadlock ends as a failure */
		_exit(body(m, s, pair));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 98;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static int child_starts_afresh(struct p11 *m, CK_SESSION_HANDLE s, struct p11_pair *pair)
{
	CK_INFO info;
	CK_SESSION_INFO session;
	CK_BYTE signature[64];
	CK_RV not_initialized = CKR_CRYPTOKI_NOT_INITIALIZED;

	if (m->f->C_GetInfo(&info) != not_initialized)
		return 1;
	if (m->f->C_GetSessionInfo(s, &session) != not_initialized)
		return 2;
	if (p11_sign(m, s, pair->priv, NULL, "x", 1, signature) != not_initialized)
		return 3;
	if (m->f->C_Finalize(NULL) != not_initialized)
		return 4;
	if (m->f->C_Initialize(NULL) != CKR_OK)
		return 5;
	if (m->f->C_GetSessionInfo(s, &session) != CKR_SESSION_HANDLE_INVALID)
		return 6;
	s = p11_session(m, p11_find_slot(m, "process"), false);
	if (s == 0 || m->f->C_GetSessionInfo(s, &session) != CKR_OK || session.state != CKS_RW_PUBLIC_SESSION)
		return 7; /* the parent's login is the parent's */
	if (p11_login(m, s, CKU_USER, P11_USER_PIN) != CKR_OK)
		return 8;
	if (p11_generate(m, s, true, "child", pair) != CKR_OK ||
	    p11_sign(m, s, pair->priv, NULL, "x", 1, signature) != CKR_OK)
		return 9;
	return m->f->C_Finalize(NULL) == CKR_OK ? 0 : 10;
}

static void test_fork(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s;
	CK_BYTE signature[64];
	CK_ATTRIBUTE t = {CKA_LABEL, (void *)"child", 5};

	REQUIRE(p11_start(&m));
	s = p11_session(&m, p11_token(&m, "process"), true);
	REQUIRE(s != 0);
	REQUIRE_RV(p11_generate(&m, s, true, "parent", &pair), CKR_OK);
	if (!m.is_coffer) {
		p11_stop(&m);
		return;
	}
	CHECK(in_child(child_starts_afresh, &m, s, &pair) == 0);
	/* The parent has noticed nothing but the child's key. */
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "x", 1, signature), CKR_OK);
	CHECK(p11_find(&m, s, &t, 1, NULL, 0) == 2);
	CHECK(in_child(child_starts_afresh, &m, s, &pair) == 0);
	p11_stop(&m);
}

static atomic_bool stop;
static struct p11 *busy_module;
static CK_OBJECT_HANDLE busy_key;

static void *busy(void *arg)
{
	CK_SESSION_HANDLE s = *(CK_SESSION_HANDLE *)arg;
	CK_BYTE signature[64];

	while (!stop)
		if (p11_sign(busy_module, s, busy_key, NULL, "x", 1, signature) != CKR_OK)
			return arg;
	return NULL;
}

/* Its allocator keeps the locks that other threads held at the fork (that of GCC 12 does): a child that frees may wait for ever. */
static bool address_sanitizer(void)
{
	const char *sanitizers = getenv("COFFER_SANITIZERS");

	return sanitizers != NULL && strstr(sanitizers, "address") != NULL;
}

/*
 * With an empty directory, so that SQLite is not asked: a thread that was inside it leaves its locks to the child,
 * which no module can undo (POSIX promises nothing to the child of a process with threads).
 */
static int child_of_busy(struct p11 *m, CK_SESSION_HANDLE s, struct p11_pair *pair)
{
	CK_BYTE signature[64], random[16];
	char path[400];

	if (p11_sign(m, s, pair->priv, NULL, "x", 1, signature) != CKR_CRYPTOKI_NOT_INITIALIZED)
		return 1;
	if (address_sanitizer())
		return 0; /* child_starts_afresh goes on there: nothing else runs at its fork */
	(void)snprintf(path, sizeof(path), "%s/empty-%d", m->dir.path, (int)getpid());
	if (setenv("COFFER_DIR", path, 1) != 0 || m->f->C_Initialize(NULL) != CKR_OK)
		return 2;
	if (p11_empty_slot(m) == P11_NO_SLOT || m->f->C_GenerateRandom(s, random, 16) != CKR_SESSION_HANDLE_INVALID)
		return 3;
	return m->f->C_Finalize(NULL) == CKR_OK ? 0 : 4;
}

/* Whatever the other threads held of the module at the moment of the fork. */
static void test_fork_while_signing(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s[3];
	CK_SLOT_ID slot;
	pthread_t t[2];
	void *result;

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "process");
	for (int i = 0; i < 3; i++)
		s[i] = p11_session(&m, slot, i == 0);
	REQUIRE_RV(p11_generate(&m, s[0], true, "parent", &pair), CKR_OK);
	if (!m.is_coffer) {
		p11_stop(&m);
		return;
	}
	busy_module = &m;
	busy_key = pair.priv;
	stop = false;
	for (int i = 0; i < 2; i++)
		REQUIRE(pthread_create(&t[i], NULL, busy, &s[i + 1]) == 0);
	for (int i = 0; i < 20; i++) {
		struct p11_pair copy = pair;

		CHECK(in_child(child_of_busy, &m, s[0], &copy) == 0);
	}
	stop = true;
	for (int i = 0; i < 2; i++) {
		REQUIRE(pthread_join(t[i], &result) == 0);
		CHECK(result == NULL);
	}
	p11_stop(&m);
}

/* A child that only calls exec, or exits, costs the parent nothing. */
static int child_exits(struct p11 *m, CK_SESSION_HANDLE s, struct p11_pair *pair)
{
	(void)s;
	(void)pair;
	(void)dlclose(m->library);
	return 0;
}

static void test_fork_and_exit(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s;
	CK_BYTE signature[64];

	REQUIRE(p11_start(&m));
	s = p11_session(&m, p11_token(&m, "process"), true);
	REQUIRE_RV(p11_generate(&m, s, false, "p", &pair), CKR_OK);
	CHECK(in_child(child_exits, &m, s, &pair) == 0);
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "x", 1, signature), CKR_OK);
	p11_stop(&m);
}

static void test_unload(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s;
	CK_BYTE signature[64];
	unsigned files = 0, threads = 0;

	for (int i = 0; i < 12; i++) {
		bool finalize = i % 3 != 2; /* dlclose without C_Finalize must not crash either */

		if (!finalize)
			p11_leak_begin();
		REQUIRE(p11_start(&m));
		s = p11_session(&m, p11_token(&m, "process"), true);
		REQUIRE(s != 0);
		REQUIRE_RV(p11_generate(&m, s, true, "p", &pair), CKR_OK);
		CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "x", 1, signature), CKR_OK);
		if (!finalize) {
			p11_unload(&m);
			p11_leak_end();
			REQUIRE(p11_load(&m, NULL));
		}
		p11_stop(&m);
		if (i == 5) {
			files = count_entries("/proc/self/fd");
			threads = count_entries("/proc/self/task");
		}
	}
	CHECK(count_entries("/proc/self/task") == threads);
	/* Without C_Finalize the two last rounds may each leave the wallet and its lock open. */
	CHECK(count_entries("/proc/self/fd") <= files + 2 * 6);
}

static void test_leaves_nothing(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s;
	struct p11_pair pair;
	struct sigaction before[32], after[32];
	unsigned files, threads;

	REQUIRE(p11_start(&m));
	CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	files = count_entries("/proc/self/fd");
	threads = count_entries("/proc/self/task");
	for (int i = 1; i < 32; i++)
		(void)sigaction(i, NULL, &before[i]);
	for (int i = 0; i < 10; i++) {
		REQUIRE_RV(m.f->C_Initialize(NULL), CKR_OK);
		s = p11_session(&m, i == 0 ? p11_token(&m, "process") : p11_find_slot(&m, "process"), true);
		REQUIRE(s != 0);
		CHECK_RV(p11_generate(&m, s, true, "p", &pair), CKR_OK);
		CHECK(!m.is_coffer || count_entries("/proc/self/task") == threads); /* no thread of its own */
		CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	}
	CHECK(count_entries("/proc/self/fd") == files);
	CHECK(count_entries("/proc/self/task") == threads);
	for (int i = 1; i < 32; i++) {
		(void)sigaction(i, NULL, &after[i]);
		CHECK(before[i].sa_handler == after[i].sa_handler);
	}
	p11_stop(&m);
}

/* Two copies of the library in one process, each with its own state, over the same wallets. */
static void test_two_copies(void)
{
	struct p11 m, other;
	struct p11_pair pair;
	CK_SESSION_HANDLE s, s2;
	CK_SLOT_ID slot;
	CK_BYTE signature[64];
	CK_OBJECT_HANDLE found;
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), {CKA_LABEL, (void *)"p", 1}};
	char copy[400], command[1200];

	REQUIRE(p11_start(&m));
	if (!m.is_coffer) {
		p11_stop(&m);
		return;
	}
	slot = p11_token(&m, "process");
	s = p11_session(&m, slot, true);
	other = m;
	(void)snprintf(copy, sizeof(copy), "%s/copy.so", m.dir.path);
	(void)snprintf(command, sizeof(command), "cp '%s' '%s'", p11_module_path(), copy);
	REQUIRE(system(command) == 0);
	other.library = dlopen(copy, RTLD_NOW | RTLD_LOCAL);
	REQUIRE(other.library != NULL && other.library != m.library);
	REQUIRE(p11_bind(&other));
	CHECK(other.f != m.f);
	CHECK_RV(other.f->C_Initialize(NULL), CKR_OK);
	REQUIRE_RV(p11_generate(&m, s, true, "p", &pair), CKR_OK);
	s2 = p11_session(&other, slot, true); /* the same slot ID, from the wallet's serial number */
	REQUIRE(s2 != 0);
	REQUIRE(p11_find(&other, s2, t, 2, &found, 1) == 1);
	CHECK_RV(p11_sign(&other, s2, found, NULL, "x", 1, signature), CKR_OK);
	CHECK_RV(p11_verify(&m, s, pair.pub, NULL, "x", 1, signature), CKR_OK);
	CHECK_RV(other.f->C_Finalize(NULL), CKR_OK);
	(void)dlclose(other.library);
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "x", 1, signature), CKR_OK);
	p11_stop(&m);
}

static int child_makes_keys(struct p11 *m, CK_SESSION_HANDLE s, struct p11_pair *pair)
{
	if (m->f->C_Initialize(NULL) != CKR_OK)
		return 1;
	s = p11_session(m, p11_find_slot(m, "process"), true);
	if (s == 0)
		return 2;
	for (int i = 0; i < 25; i++)
		if (p11_generate(m, s, true, "many", pair) != CKR_OK)
			return 3;
	return m->f->C_Finalize(NULL) == CKR_OK ? 0 : 4;
}

static void test_processes_at_once(void)
{
	struct p11 m;
	struct p11_pair pair;
	CK_SESSION_HANDLE s;
	CK_ATTRIBUTE t = {CKA_LABEL, (void *)"many", 4};
	pid_t pid[4];
	int status;

	REQUIRE(p11_start(&m));
	if (!m.is_coffer) {
		p11_stop(&m);
		return;
	}
	s = p11_session(&m, p11_token(&m, "process"), true);
	for (int i = 0; i < 4; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(child_makes_keys(&m, s, &pair));
	}
	for (int i = 0; i < 10; i++)
		CHECK_RV(p11_generate(&m, s, true, "many", &pair), CKR_OK);
	for (int i = 0; i < 4; i++) {
		REQUIRE(waitpid(pid[i], &status, 0) == pid[i]);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	CHECK(p11_find(&m, s, &t, 1, NULL, 0) == 2 * (4 * 25 + 10));
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"a forked child must initialise and log in itself; the parent is untouched", test_fork},
		{"a fork while other threads sign", test_fork_while_signing},
		{"a child that just ends", test_fork_and_exit},
		{"dlclose and dlopen, again and again", test_unload},
		{"C_Finalize leaves no file, thread or signal handler", test_leaves_nothing},
		{"two copies in one process", test_two_copies},
		{"five processes make keys in one wallet", test_processes_at_once},
		{NULL, NULL},
	};

	return unit_main("conformance: the process around it", tests);
}
