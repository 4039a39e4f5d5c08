/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys whose use is prepared once and kept: the same key in several threads, and after each way in which a key can go.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "p11.h"
#include "unit.h"

#define THREADS 4
#define LABEL "public keys"
#define MESSAGE ((CK_BYTE *)"message")
#define MESSAGE_SIZE 7

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_MECHANISM pkcs_sha256 = {CKM_SHA256_RSA_PKCS, NULL, 0}, pkcs = {CKM_RSA_PKCS, NULL, 0};

static struct p11 m;
static struct p11_pair pair;
static CK_BYTE signature[256];
static CK_ULONG signature_n;

static CK_RV verify(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, const CK_BYTE *given)
{
	CK_RV rv = m.f->C_VerifyInit(s, &pkcs_sha256, key);

	return rv == CKR_OK ? m.f->C_Verify(s, MESSAGE, MESSAGE_SIZE, (CK_BYTE *)given, signature_n) : rv;
}

/* A session, a pair on the token and a signature with it. */
static CK_SESSION_HANDLE start(void)
{
	CK_MECHANISM generate = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_ULONG bits = 2048;
	CK_ATTRIBUTE pub[] = {ATTR(CKA_MODULUS_BITS, bits), ATTR(CKA_TOKEN, yes), ATTR(CKA_VERIFY, yes), ATTR(CKA_WRAP, yes)};
	CK_ATTRIBUTE priv[] = {ATTR(CKA_TOKEN, yes), ATTR(CKA_SIGN, yes), ATTR(CKA_UNWRAP, yes)};
	CK_SESSION_HANDLE s;

	REQUIRE(p11_start(&m));
	s = p11_session(&m, p11_token(&m, LABEL), true);
	REQUIRE(s != 0);
	REQUIRE_RV(m.f->C_GenerateKeyPair(s, &generate, pub, 4, priv, 3, &pair.pub, &pair.priv), CKR_OK);
	REQUIRE_RV(m.f->C_SignInit(s, &pkcs_sha256, pair.priv), CKR_OK);
	signature_n = sizeof(signature);
	REQUIRE_RV(m.f->C_Sign(s, MESSAGE, MESSAGE_SIZE, signature, &signature_n), CKR_OK);
	return s;
}

/* ---- threads ---- */

static atomic_uint bad;

static void *verify_often(void *arg)
{
	CK_SESSION_HANDLE s = p11_session(&m, p11_find_slot(&m, LABEL), false);
	CK_BYTE wrong[256];

	(void)arg;
	memcpy(wrong, signature, sizeof(wrong));
	wrong[100] ^= 1;
	for (unsigned i = 0; i < 100; i++) {
		if (verify(s, pair.pub, signature) != CKR_OK)
			bad++;
		if (verify(s, pair.pub, wrong) != CKR_SIGNATURE_INVALID)
			bad++;
	}
	if (m.f->C_CloseSession(s) != CKR_OK)
		bad++;
	return NULL;
}

/* Whoever comes first prepares it. */
static void test_threads(void)
{
	pthread_t t[THREADS];

	(void)start();
	bad = 0;
	for (unsigned i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&t[i], NULL, verify_often, NULL) == 0);
	for (unsigned i = 0; i < THREADS; i++)
		REQUIRE(pthread_join(t[i], NULL) == 0);
	CHECK(bad == 0);
	p11_stop(&m);
}

/* ---- keys that go ---- */

/* What began with a public key goes on though its object is destroyed. */
static void test_destroyed_while_active(void)
{
	CK_SESSION_HANDLE s = start(), other = p11_session(&m, p11_find_slot(&m, LABEL), false);

	CHECK_RV(verify(s, pair.pub, signature), CKR_OK);
	REQUIRE_RV(m.f->C_VerifyInit(s, &pkcs_sha256, pair.pub), CKR_OK);
	REQUIRE_RV(m.f->C_VerifyUpdate(s, MESSAGE, 3), CKR_OK);
	REQUIRE_RV(m.f->C_DestroyObject(other, pair.pub), CKR_OK);
	CHECK_RV(verify(other, pair.pub, signature), CKR_KEY_HANDLE_INVALID);
	REQUIRE_RV(m.f->C_VerifyUpdate(s, MESSAGE + 3, MESSAGE_SIZE - 3), CKR_OK);
	CHECK_RV(m.f->C_VerifyFinal(s, signature, signature_n), CKR_OK);
	CHECK_RV(verify(s, pair.pub, signature), CKR_KEY_HANDLE_INVALID);
	p11_stop(&m);
}

/* Operations that are still active when everything ends. */
static void test_finalized_while_active(void)
{
	CK_SESSION_HANDLE s = start();

	CHECK_RV(verify(s, pair.pub, signature), CKR_OK);
	REQUIRE_RV(m.f->C_VerifyInit(s, &pkcs_sha256, pair.pub), CKR_OK);
	REQUIRE_RV(m.f->C_Finalize(NULL), CKR_OK);
	REQUIRE_RV(m.f->C_Initialize(NULL), CKR_OK);
	s = p11_session(&m, p11_find_slot(&m, LABEL), false);
	REQUIRE(s != 0);
	CHECK_RV(verify(s, pair.pub, signature), CKR_OK); /* a token object keeps its handle */
	CHECK_RV(verify(s, pair.pub, signature), CKR_OK);
	p11_stop(&m);
}

/* ---- other processes ---- */

/* The child runs `body`, which answers 0 or the number of the step that failed. */
static int in_child(int (*body)(CK_SESSION_HANDLE s))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		CK_SESSION_HANDLE s;

		(void)alarm(20); /* a deadlock ends as a failure */
		if (m.f->C_Initialize(NULL) != CKR_OK)
			_exit(90);
		s = p11_session(&m, p11_find_slot(&m, LABEL), true);
		status = s == 0 ? 91 : body(s);
		_exit(m.f->C_Finalize(NULL) == CKR_OK ? status : 92);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 98;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

/* What its parent prepared is not its own. */
static int child_verifies(CK_SESSION_HANDLE s)
{
	for (int i = 1; i < 4; i++)
		if (verify(s, pair.pub, signature) != CKR_OK)
			return i;
	return 0;
}

static int child_forbids(CK_SESSION_HANDLE s)
{
	CK_ATTRIBUTE t = ATTR(CKA_VERIFY, no);

	return m.f->C_SetAttributeValue(s, pair.pub, &t, 1) == CKR_OK ? 0 : 1;
}

static int child_destroys(CK_SESSION_HANDLE s)
{
	return m.f->C_DestroyObject(s, pair.pub) == CKR_OK ? 0 : 1;
}

static void test_other_processes(void)
{
	CK_SESSION_HANDLE s = start();

	if (!m.is_coffer) { /* a child of another module may not start again */
		p11_stop(&m);
		return;
	}
	CHECK_RV(verify(s, pair.pub, signature), CKR_OK);
	CHECK(in_child(child_verifies) == 0);
	CHECK_RV(verify(s, pair.pub, signature), CKR_OK);
	REQUIRE_RV(m.f->C_VerifyInit(s, &pkcs_sha256, pair.pub), CKR_OK);
	CHECK(in_child(child_forbids) == 0);
	CHECK_RV(m.f->C_Verify(s, MESSAGE, MESSAGE_SIZE, signature, signature_n), CKR_OK); /* it had begun */
	CHECK_RV(verify(s, pair.pub, signature), CKR_KEY_FUNCTION_NOT_PERMITTED);
	CHECK(in_child(child_destroys) == 0);
	CHECK_RV(verify(s, pair.pub, signature), CKR_KEY_HANDLE_INVALID);
	p11_stop(&m);
}

/* ---- in the middle of other work ---- */

static CK_OBJECT_HANDLE secret(CK_SESSION_HANDLE s)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_BYTE value[32] = "an AES key of thirty-two bytes..";
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_VALUE, value), ATTR(CKA_EXTRACTABLE, yes),
			    ATTR(CKA_SENSITIVE, no)};
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;

	REQUIRE_RV(m.f->C_CreateObject(s, t, 5, &key), CKR_OK);
	return key;
}

/* Its first use may be one where a secret lies open beside it, and later ones where none does. */
static void test_wraps_and_verifies(void)
{
	CK_SESSION_HANDLE s = start();
	CK_OBJECT_HANDLE key = secret(s), again;
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type), ATTR(CKA_SENSITIVE, no), ATTR(CKA_EXTRACTABLE, yes)};
	CK_BYTE wrapped[256], back[32];
	CK_ULONG n;

	for (int i = 0; i < 3; i++) {
		n = sizeof(wrapped);
		REQUIRE_RV(m.f->C_WrapKey(s, &pkcs, pair.pub, key, wrapped, &n), CKR_OK);
		REQUIRE_RV(m.f->C_UnwrapKey(s, &pkcs, pair.priv, wrapped, n, t, 4, &again), CKR_OK);
		CHECK(p11_get(&m, s, again, CKA_VALUE, back, 32) && memcmp(back, "an AES key of thirty-two bytes..", 32) == 0);
		CHECK_RV(verify(s, pair.pub, signature), CKR_OK);
	}
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"one key in several threads", test_threads},
		{"destroyed while an operation is active", test_destroyed_while_active},
		{"C_Finalize while an operation is active", test_finalized_while_active},
		{"changed by other processes, used by a child", test_other_processes},
		{"wraps and verifies in turn", test_wraps_and_verifies},
		{NULL, NULL},
	};

	return unit_main("public keys", tests);
}
