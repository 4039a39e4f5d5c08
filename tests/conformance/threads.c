/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several threads in one module: different sessions side by side, and races between calls of every
 * kind.  What is checked is that each answer is one the specification allows, and, under
 * ThreadSanitizer, that there is no data race.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "p11.h"
#include "unit.h"

#define THREADS 4

static struct p11 m;
static CK_SLOT_ID slot;
static struct p11_pair pair;
static atomic_bool stop;
static atomic_uint bad;

/* One answer too many is noted with its code and place; assertions of CUnit are for the main thread. */
static void note(unsigned line, CK_RV rv)
{
	printf("\n    %s:%u: answer 0x%lx", __FILE__, line, rv);
	bad++;
}
#define ALLOW(rv, ok) \
	do { \
		CK_RV rv_ = (rv); \
		if (!(ok)) \
			note(__LINE__, rv_); \
	} while (0)

static void begin(const CK_C_INITIALIZE_ARGS *args)
{
	CK_C_INITIALIZE_ARGS os = {.flags = CKF_OS_LOCKING_OK};
	CK_SESSION_HANDLE s;

	REQUIRE(p11_load(&m, NULL));
	REQUIRE_RV(m.f->C_Initialize(args != NULL ? (void *)args : &os), CKR_OK);
	slot = p11_token(&m, "threads");
	s = p11_session(&m, slot, true);
	REQUIRE(s != 0);
	REQUIRE_RV(p11_generate(&m, s, true, "shared", &pair), CKR_OK);
	stop = false;
	bad = 0;
}

static void run(void *(*body)(void *), unsigned n)
{
	pthread_t t[16];

	for (unsigned i = 0; i < n; i++)
		REQUIRE(pthread_create(&t[i], NULL, body, (void *)(uintptr_t)i) == 0);
	for (unsigned i = 0; i < n; i++)
		REQUIRE(pthread_join(t[i], NULL) == 0);
	CHECK(bad == 0);
}

static void *sign_many(void *arg)
{
	CK_SESSION_HANDLE s = p11_session(&m, slot, false);
	CK_BYTE message[100], signature[64];

	memset(message, (int)(uintptr_t)arg, sizeof(message));
	for (unsigned i = 0; i < 150; i++) {
		message[0] = (CK_BYTE)i;
		ALLOW(p11_sign(&m, s, pair.priv, NULL, message, sizeof(message), signature), rv_ == CKR_OK);
		ALLOW(p11_verify(&m, s, pair.pub, NULL, message, sizeof(message), signature), rv_ == CKR_OK);
	}
	ALLOW(m.f->C_CloseSession(s), rv_ == CKR_OK);
	return NULL;
}

static void test_parallel_signatures(void)
{
	begin(NULL);
	run(sign_many, THREADS);
	p11_stop(&m);
}

static void *make_and_find(void *arg)
{
	char name[16];
	CK_SESSION_HANDLE s = p11_session(&m, slot, false);
	CK_ATTRIBUTE t = {CKA_LABEL, name, 0};
	CK_BYTE signature[64];
	struct p11_pair own;

	for (unsigned i = 0; i < 20; i++) {
		bool token = i % 4 == 0;

		snprintf(name, sizeof(name), "t%u-%u", (unsigned)(uintptr_t)arg, i);
		t.ulValueLen = strlen(name);
		ALLOW(p11_generate(&m, s, token, name, &own), rv_ == CKR_OK);
		if (p11_find(&m, s, &t, 1, NULL, 0) != 2)
			note(__LINE__, 0);
		ALLOW(p11_sign(&m, s, own.priv, NULL, "x", 1, signature), rv_ == CKR_OK);
		ALLOW(m.f->C_SetAttributeValue(s, own.pub, &(CK_ATTRIBUTE){CKA_ID, name, 2}, 1), rv_ == CKR_OK);
		ALLOW(m.f->C_DestroyObject(s, own.priv), rv_ == CKR_OK);
		if (p11_find(&m, s, &t, 1, NULL, 0) != 1)
			note(__LINE__, 1);
	}
	return NULL;
}

static void test_parallel_objects(void)
{
	begin(NULL);
	run(make_and_find, THREADS);
	p11_stop(&m);
}

/* Found in one thread, destroyed in another, used in a third. */
static void *use_what_goes(void *arg)
{
	CK_SESSION_HANDLE s = p11_session(&m, slot, false);
	CK_ATTRIBUTE t = {CKA_LABEL, (void *)"prey", 4};
	CK_OBJECT_HANDLE found[8];
	CK_BYTE signature[64], label[8];
	struct p11_pair own;
	CK_ULONG n;

	for (unsigned i = 0; i < 25; i++) {
		if ((uintptr_t)arg % 2 == 0) {
			ALLOW(p11_generate(&m, s, i % 8 == 0, "prey", &own), rv_ == CKR_OK);
			continue;
		}
		n = p11_find(&m, s, &t, 1, found, 8);
		if (n == CK_UNAVAILABLE_INFORMATION)
			note(__LINE__, n);
		for (CK_ULONG k = 0; k < n && k < 8; k++) {
			CK_ATTRIBUTE a = {CKA_LABEL, label, sizeof(label)};

			ALLOW(m.f->C_GetAttributeValue(s, found[k], &a, 1),
			      rv_ == CKR_OK || rv_ == CKR_OBJECT_HANDLE_INVALID);
			ALLOW(p11_sign(&m, s, found[k], NULL, "x", 1, signature),
			      rv_ == CKR_OK || rv_ == CKR_KEY_HANDLE_INVALID || rv_ == CKR_OBJECT_HANDLE_INVALID ||
				      rv_ == CKR_KEY_TYPE_INCONSISTENT || rv_ == CKR_KEY_FUNCTION_NOT_PERMITTED);
			if (k % 2 == 0)
				ALLOW(m.f->C_DestroyObject(s, found[k]),
				      rv_ == CKR_OK || rv_ == CKR_OBJECT_HANDLE_INVALID);
		}
	}
	return NULL;
}

static void test_objects_that_go(void)
{
	begin(NULL);
	run(use_what_goes, THREADS);
	p11_stop(&m);
}

static void *login_and_out(void *arg)
{
	CK_SESSION_HANDLE s = p11_session(&m, slot, false);
	CK_BYTE signature[64];
	struct p11_pair own;

	for (unsigned i = 0; i < 40; i++) {
		switch ((uintptr_t)arg % 4) {
		case 0:
			ALLOW(p11_login(&m, s, CKU_USER, P11_USER_PIN),
			      rv_ == CKR_OK || rv_ == CKR_USER_ALREADY_LOGGED_IN);
			break;
		case 1:
			ALLOW(m.f->C_Logout(s), rv_ == CKR_OK || rv_ == CKR_USER_NOT_LOGGED_IN);
			break;
		case 2:
			ALLOW(p11_generate(&m, s, false, "r", &own), rv_ == CKR_OK || rv_ == CKR_USER_NOT_LOGGED_IN);
			break;
		default:
			ALLOW(p11_sign(&m, s, pair.priv, NULL, "x", 1, signature),
			      rv_ == CKR_OK || rv_ == CKR_USER_NOT_LOGGED_IN || rv_ == CKR_KEY_HANDLE_INVALID ||
				      rv_ == CKR_OBJECT_HANDLE_INVALID || rv_ == CKR_OPERATION_NOT_INITIALIZED);
		}
	}
	return NULL;
}

static void test_login_races(void)
{
	begin(NULL);
	run(login_and_out, 2 * THREADS);
	p11_stop(&m);
}

static void *open_and_close(void *arg)
{
	CK_SESSION_HANDLE s;

	for (unsigned i = 0; i < 200; i++) {
		ALLOW(m.f->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s), rv_ == CKR_OK);
		if (arg == NULL && i % 50 == 49)
			ALLOW(m.f->C_CloseAllSessions(slot), rv_ == CKR_OK);
		ALLOW(m.f->C_CloseSession(s), rv_ == CKR_OK || rv_ == CKR_SESSION_HANDLE_INVALID);
	}
	return NULL;
}

static void test_session_races(void)
{
	begin(NULL);
	run(open_and_close, THREADS);
	p11_stop(&m);
}

static CK_SESSION_HANDLE shared;

static void *same_session(void *arg)
{
	CK_MECHANISM eddsa = {CKM_EDDSA, NULL, 0};
	CK_BYTE signature[64];
	CK_ULONG n = 64;

	(void)arg;
	for (unsigned i = 0; i < 200; i++) {
		ALLOW(m.f->C_SignInit(shared, &eddsa, pair.priv), rv_ == CKR_OK || rv_ == CKR_OPERATION_ACTIVE);
		ALLOW(m.f->C_Sign(shared, (CK_BYTE *)"x", 1, signature, &n),
		      rv_ == CKR_OK || rv_ == CKR_OPERATION_NOT_INITIALIZED);
	}
	return NULL;
}

static void test_one_session_for_all(void)
{
	begin(NULL);
	shared = p11_session(&m, slot, false);
	run(same_session, THREADS);
	p11_stop(&m);
}

static atomic_uint initialized;

static void *initialize(void *arg)
{
	CK_C_INITIALIZE_ARGS os = {.flags = CKF_OS_LOCKING_OK};
	CK_RV rv = m.f->C_Initialize(&os);

	(void)arg;
	initialized += rv == CKR_OK;
	ALLOW(rv, rv_ == CKR_OK || rv_ == CKR_CRYPTOKI_ALREADY_INITIALIZED);
	return NULL;
}

static void test_initialize_races(void)
{
	REQUIRE(p11_load(&m, NULL));
	bad = 0;
	for (int i = 0; i < 20; i++) {
		initialized = 0;
		run(initialize, THREADS);
		CHECK(initialized == 1);
		CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	}
	p11_stop(&m);
}

static void *sign_until_closed(void *arg)
{
	CK_SESSION_HANDLE s = p11_session(&m, slot, false);
	CK_BYTE signature[64];
	CK_RV rv;

	(void)arg;
	do {
		rv = p11_sign(&m, s, pair.priv, NULL, "x", 1, signature);
	} while (rv == CKR_OK && !stop);
	ALLOW(rv, rv_ == CKR_OK || rv_ == CKR_CRYPTOKI_NOT_INITIALIZED || rv_ == CKR_SESSION_HANDLE_INVALID);
	return NULL;
}

/* C_Finalize waits for the calls in flight and refuses new ones. */
static void test_finalize_meanwhile(void)
{
	pthread_t t[THREADS];

	for (int round = 0; round < 5; round++) {
		begin(NULL);
		for (int i = 0; i < THREADS; i++)
			REQUIRE(pthread_create(&t[i], NULL, sign_until_closed, NULL) == 0);
		usleep(20000);
		CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
		stop = true;
		for (int i = 0; i < THREADS; i++)
			REQUIRE(pthread_join(t[i], NULL) == 0);
		CHECK(bad == 0);
		p11_stop(&m);
	}
}

static void *wait_for_event(void *arg)
{
	CK_SLOT_ID which;
	CK_RV rv = m.f->C_WaitForSlotEvent(0, &which, NULL);

	(void)arg;
	ALLOW(rv, rv_ == CKR_OK || rv_ == CKR_CRYPTOKI_NOT_INITIALIZED || rv_ == CKR_FUNCTION_NOT_SUPPORTED);
	return NULL;
}

/* Who waits for a slot event is woken by C_Finalize. */
static void test_waiting(void)
{
	pthread_t t;

	begin(NULL);
	REQUIRE(pthread_create(&t, NULL, wait_for_event, NULL) == 0);
	usleep(50000);
	CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	REQUIRE(pthread_join(t, NULL) == 0);
	CHECK(bad == 0);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"signatures side by side", test_parallel_signatures},
		{"objects made, found, changed and destroyed side by side", test_parallel_objects},
		{"objects that another thread destroys", test_objects_that_go},
		{"login and logout against everything else", test_login_races},
		{"sessions opened and closed side by side", test_session_races},
		{"one session in several threads", test_one_session_for_all},
		{"C_Initialize in several threads: one wins", test_initialize_races},
		{"C_Finalize while others sign", test_finalize_meanwhile},
		{"C_WaitForSlotEvent is woken by C_Finalize", test_waiting},
		{NULL, NULL},
	};

	return unit_main("conformance: threads", tests);
}
