/* SPDX-License-Identifier: Apache-2.0 */
/* A host that uses OpenSSL itself: the module's use of it and the host's do not meet, and nothing stays when the module goes. */
#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "p11.h"
#include "unit.h"

static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

/* configure --with-libcrypto: with the host's own library the two share its allocator. */
static bool is_private(void)
{
	const char *kind = getenv("COFFER_LIBCRYPTO");

	return kind != NULL && strcmp(kind, "private") == 0;
}

/* ---- the host's allocator ---- */

static _Atomic unsigned long allocations;

static void *host_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	atomic_fetch_add(&allocations, 1);
	return malloc(n);
}

static void *host_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	atomic_fetch_add(&allocations, 1);
	return realloc(p, n);
}

static void host_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static bool host_digest(void)
{
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	return EVP_Digest("abc", 3, out, &n, EVP_sha256(), NULL) == 1 && n == 32 && out[0] == 0xba && out[31] == 0xad;
}

/* ---- the module's work ---- */

struct work {
	struct p11 *m;
	CK_SLOT_ID slot;
	sem_t done, leave;
	bool good;
};

/* A point that is on no curve: libcrypto keeps an error for the thread. */
static bool fail(const struct p11 *m, CK_SESSION_HANDLE s)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_BYTE point[67] = {0x04, 0x41, 0x04, 0x01};
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_EC_PARAMS, p256), ATTR(CKA_EC_POINT, point)};
	CK_OBJECT_HANDLE key;

	return m->f->C_CreateObject(s, t, 4, &key) == CKR_ATTRIBUTE_VALUE_INVALID;
}

/* An ECDSA signature, and what fails. */
static bool sign_and_fail(const struct p11 *m, CK_SLOT_ID slot)
{
	CK_MECHANISM generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0}, ecdsa = {CKM_ECDSA_SHA256, NULL, 0};
	CK_ATTRIBUTE t = ATTR(CKA_EC_PARAMS, p256);
	CK_SESSION_HANDLE s = p11_session(m, slot, true);
	CK_BYTE signature[64], data[] = "data";
	CK_ULONG n = sizeof(signature);
	struct p11_pair pair;
	bool good;

	good = s != 0 && m->f->C_GenerateKeyPair(s, &generate, &t, 1, NULL, 0, &pair.pub, &pair.priv) == CKR_OK &&
	       m->f->C_SignInit(s, &ecdsa, pair.priv) == CKR_OK && m->f->C_Sign(s, data, 4, signature, &n) == CKR_OK &&
	       m->f->C_VerifyInit(s, &ecdsa, pair.pub) == CKR_OK && m->f->C_Verify(s, data, 4, signature, n) == CKR_OK;
	good = good && fail(m, s);
	return m->f->C_CloseSession(s) == CKR_OK && good;
}

static void the_two_do_not_meet(void)
{
	CRYPTO_malloc_fn take = NULL;
	CRYPTO_realloc_fn change = NULL;
	CRYPTO_free_fn give = NULL;
	unsigned long before;
	struct p11 m;
	CK_SLOT_ID slot;

	CHECK(host_digest());
	ERR_clear_error();
	ERR_raise(ERR_LIB_USER, 77);
	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "libcrypto");
	before = atomic_load(&allocations);
	CHECK(sign_and_fail(&m, slot));
	CHECK(!is_private() || atomic_load(&allocations) == before);
	CHECK(ERR_GET_REASON(ERR_peek_error()) == 77);
	CHECK(!is_private() || ERR_peek_last_error() == ERR_peek_error());
	CRYPTO_get_mem_functions(&take, &change, &give);
	CHECK(take == host_malloc && change == host_realloc && give == host_free);
	CHECK(host_digest());
	p11_stop(&m);
	CHECK(host_digest());
	ERR_clear_error();
}

/* ---- threads that live longer than the module ---- */

static void *work_and_wait(void *arg)
{
	struct work *w = arg;

	/* Less than 1 KiB of errors is lost with a thread that lives longer than the module. */
	p11_leak_begin();
	w->good = sign_and_fail(w->m, w->slot);
	p11_leak_end();
	(void)sem_post(&w->done);
	while (sem_wait(&w->leave) != 0)
		continue;
	return NULL; /* destructors of thread-specific data run now */
}

static unsigned keys_left(void)
{
	static pthread_key_t key[2048];
	unsigned n = 0;

	while (n < 2048 && pthread_key_create(&key[n], NULL) == 0)
		n++;
	for (unsigned i = 0; i < n; i++)
		(void)pthread_key_delete(key[i]);
	return n;
}

#define THREADS 3

enum ending {
	CLOSED_AND_UNLOADED, /* before the threads end */
	UNLOADED,
	CLOSED,
};

static void load_work_unload(enum ending ending)
{
	struct work w[THREADS];
	pthread_t thread[THREADS];
	struct p11 m;
	CK_SLOT_ID slot;

	if (ending == UNLOADED)
		p11_leak_begin();
	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "libcrypto");
	for (int i = 0; i < THREADS; i++) {
		w[i] = (struct work){.m = &m, .slot = slot};
		REQUIRE(sem_init(&w[i].done, 0, 0) == 0 && sem_init(&w[i].leave, 0, 0) == 0);
		REQUIRE(pthread_create(&thread[i], NULL, work_and_wait, &w[i]) == 0);
	}
	for (int i = 0; i < THREADS; i++) {
		while (sem_wait(&w[i].done) != 0)
			continue;
		CHECK(w[i].good);
	}
	if (ending == CLOSED_AND_UNLOADED)
		p11_stop(&m);
	else if (ending == UNLOADED)
		p11_unload(&m);
	else
		CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	if (ending == UNLOADED)
		p11_leak_end();
	for (int i = 0; i < THREADS; i++) {
		(void)sem_post(&w[i].leave);
		CHECK(pthread_join(thread[i], NULL) == 0);
	}
	if (ending == CLOSED)
		p11_stop(&m);
}

static void threads_may_live_longer(void)
{
	unsigned keys;

	load_work_unload(CLOSED);
	keys = keys_left();
	for (int i = 0; i < 3; i++) {
		load_work_unload(CLOSED_AND_UNLOADED);
		load_work_unload(UNLOADED);
		load_work_unload(CLOSED);
	}
	CHECK(!is_private() || keys_left() == keys);
	CHECK(host_digest());
}

/* A child whose parent's operations were running, and which ends as a thread does. */
static void *end_as_thread(void *arg)
{
	return arg;
}

static int child(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, end_as_thread, NULL) != 0 || pthread_join(thread, NULL) != 0)
		return 1;
	return host_digest() ? 0 : 2;
}

static void a_child_may_end_as_it_likes(void)
{
	struct p11 m;
	int status = -1;
	CK_SLOT_ID slot;
	pid_t pid;

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "libcrypto");
	CHECK(sign_and_fail(&m, slot));
	pid = fork();
	if (pid == 0) {
		(void)alarm(20);
		if (child() != 0 || m.f->C_Initialize(NULL) != CKR_OK || !sign_and_fail(&m, slot) ||
		    m.f->C_Finalize(NULL) != CKR_OK || dlclose(m.library) != 0)
			_exit(1);
		_exit(child());
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
#ifndef __SANITIZE_THREAD__ /* which has a thread of its own that does not end */
	pid = fork();
	if (pid == 0) {
		(void)alarm(20);
		pthread_exit(NULL); /* the status is that of the last thread: 0 */
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
#endif
	CHECK(sign_and_fail(&m, slot));
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"the host's libcrypto and the module's do not meet", the_two_do_not_meet},
		{"threads that used the module may live longer than it", threads_may_live_longer},
		{"a forked child may end as it likes", a_child_may_end_as_it_likes},
		{NULL, NULL},
	};

	if (CRYPTO_set_mem_functions(host_malloc, host_realloc, host_free) != 1)
		return 99;
	return unit_main("conformance: a host with libcrypto", tests);
}
