/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a call leaves on the stack of the thread that made it: nothing of the PINs, values and labels that
 * went in or came out.  Each call is made on a stack of its own, which is looked at right afterwards.
 */
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "memory/secrets.h"
#include "p11.h"
#include "unit.h"

#define STACK_SIZE ((size_t)512 * 1024)

/* Secrets lie here, never on the stack. */
static struct {
	CK_UTF8CHAR pin[24], new_pin[24], wrong_pin[24];
	CK_BYTE seed[32], message[32], label[24], id[20], value[64], out[64];
} text;

static struct p11 m;
static CK_SLOT_ID slot;
static CK_SESSION_HANDLE session;
static CK_OBJECT_HANDLE key, data;
static struct secrets *secrets;
static uint8_t *stack;

static CK_BBOOL yes = CK_TRUE;
static CK_OBJECT_CLASS data_class = CKO_DATA, key_class = CKO_PRIVATE_KEY;
static CK_KEY_TYPE edwards = CKK_EC_EDWARDS;
static CK_BYTE oid[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };

static CK_RV set_user_pin(void)
{
	CK_UTF8CHAR so[] = P11_SO_PIN;
	CK_RV rv = m.f->C_Login(session, CKU_SO, so, sizeof(so) - 1);

	if (rv == CKR_OK)
		rv = m.f->C_InitPIN(session, text.pin, sizeof(text.pin));
	return rv == CKR_OK ? m.f->C_Logout(session) : rv;
}

static CK_RV log_in_wrongly(void)
{
	CK_RV rv = m.f->C_Login(session, CKU_USER, text.wrong_pin, sizeof(text.wrong_pin));

	return rv == CKR_PIN_INCORRECT ? CKR_OK : CKR_GENERAL_ERROR;
}

static CK_RV log_in(void)
{
	return m.f->C_Login(session, CKU_USER, text.pin, sizeof(text.pin));
}

static CK_RV change_pin(void)
{
	return m.f->C_SetPIN(session, text.pin, sizeof(text.pin), text.new_pin, sizeof(text.new_pin));
}

static CK_RV make_data(void)
{
	CK_ATTRIBUTE t[] = { ATTR(CKA_CLASS, data_class), ATTR(CKA_TOKEN, yes), ATTR(CKA_PRIVATE, yes),
			     ATTR(CKA_LABEL, text.label), ATTR(CKA_VALUE, text.value) };

	return m.f->C_CreateObject(session, t, 5, &data);
}

static CK_RV make_key(void)
{
	CK_ATTRIBUTE t[] = { ATTR(CKA_CLASS, key_class), ATTR(CKA_KEY_TYPE, edwards), ATTR(CKA_TOKEN, yes),
			     ATTR(CKA_PRIVATE, yes), ATTR(CKA_SIGN, yes), ATTR(CKA_EC_PARAMS, oid),
			     ATTR(CKA_VALUE, text.seed), ATTR(CKA_LABEL, text.label), ATTR(CKA_ID, text.id) };

	return m.f->C_CreateObject(session, t, 9, &key);
}

static CK_RV sign(void)
{
	return p11_sign(&m, session, key, NULL, text.message, 32, text.out);
}

static CK_RV read_value(void)
{
	CK_ATTRIBUTE t = ATTR(CKA_VALUE, text.out);

	return m.f->C_GetAttributeValue(session, data, &t, 1);
}

static CK_RV begin_search(void)
{
	CK_ATTRIBUTE t[] = { ATTR(CKA_LABEL, text.label), ATTR(CKA_ID, text.id) };

	return m.f->C_FindObjectsInit(session, t, 2);
}

static CK_RV search(void)
{
	CK_OBJECT_HANDLE found;
	CK_ULONG n = 0;
	CK_RV rv = m.f->C_FindObjects(session, &found, 1, &n);

	return rv == CKR_OK && n != 1 ? CKR_GENERAL_ERROR : rv;
}

static CK_RV end_search(void)
{
	return m.f->C_FindObjectsFinal(session);
}

static CK_RV relabel(void)
{
	CK_ATTRIBUTE t = ATTR(CKA_LABEL, text.id);

	return m.f->C_SetAttributeValue(session, data, &t, 1);
}

static CK_RV copy(void)
{
	CK_ATTRIBUTE t = ATTR(CKA_LABEL, text.label);
	CK_OBJECT_HANDLE made;

	return m.f->C_CopyObject(session, data, &t, 1, &made);
}

static CK_RV destroy(void)
{
	return m.f->C_DestroyObject(session, data);
}

static CK_RV log_out(void)
{
	return m.f->C_Logout(session);
}

static const struct step {
	const char *name;
	CK_RV (*run)(void);
} steps[] = {
	{ "C_InitPIN", set_user_pin },
	{ "C_Login with a wrong PIN", log_in_wrongly },
	{ "C_Login", log_in },
	{ "C_CreateObject of data", make_data },
	{ "C_CreateObject of a key", make_key },
	{ "C_Sign", sign },
	{ "C_GetAttributeValue", read_value },
	{ "C_FindObjectsInit", begin_search },
	{ "C_FindObjects", search },
	{ "C_FindObjectsFinal", end_search },
	{ "C_CopyObject", copy },
	{ "C_SetAttributeValue", relabel },
	{ "C_DestroyObject", destroy },
	{ "C_SetPIN", change_pin },
	{ "C_Logout", log_out },
};

static void *run_step(void *arg)
{
	const struct step *s = arg;
	static CK_RV rv;

	rv = s->run();
	return &rv;
}

static void found(enum kind k, size_t at, size_t n, void *arg)
{
	const struct step *s = arg;

	printf("\n    %s left %zu bytes of %s, %zu below the top", s->name, n, kind_name(k), STACK_SIZE - at);
	CU_FAIL("see above");
}

static void on_a_stack_of_its_own(const struct step *s)
{
	pthread_attr_t attributes;
	pthread_t t;
	void *rv;

	memset(stack, 0, STACK_SIZE);
	REQUIRE(pthread_attr_init(&attributes) == 0 && pthread_attr_setstack(&attributes, stack, STACK_SIZE) == 0);
	REQUIRE(pthread_create(&t, &attributes, run_step, (void *)(uintptr_t)s) == 0);
	REQUIRE(pthread_join(t, &rv) == 0);
	(void)pthread_attr_destroy(&attributes);
	if (*(CK_RV *)rv != CKR_OK)
		printf("\n    %s: 0x%lx", s->name, *(CK_RV *)rv);
	CHECK(*(CK_RV *)rv == CKR_OK);
	secrets_scan(secrets, stack, STACK_SIZE, found, (void *)(uintptr_t)s);
}

static void know_everything(void)
{
	randombytes_buf(&text, sizeof(text));
	secrets = secrets_new();
	secrets_add(secrets, KIND_PIN, text.pin, sizeof(text.pin));
	secrets_add(secrets, KIND_PIN, text.new_pin, sizeof(text.new_pin));
	secrets_add(secrets, KIND_PIN, text.wrong_pin, sizeof(text.wrong_pin));
	secrets_add(secrets, KIND_LABEL, text.label, sizeof(text.label));
	secrets_add(secrets, KIND_LABEL, text.id, sizeof(text.id));
	secrets_add(secrets, KIND_VALUE, text.value, sizeof(text.value));
	secrets_add_ed25519(secrets, text.seed, text.message, 32);
}

static void test_stacks(void)
{
	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "leftovers");
	session = p11_session(&m, slot, false);
	REQUIRE(session != 0);
	know_everything();
	stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(stack != MAP_FAILED);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		on_a_stack_of_its_own(&steps[i]);
	(void)munmap(stack, STACK_SIZE);
	secrets_free(secrets);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "no call leaves a secret on its caller's stack", test_stacks },
		{ NULL, NULL },
	};

	if (sodium_init() < 0)
		return 99;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	printf("SKIP: sanitizers copy what they are given\n");
	return 77;
#endif
	return unit_main("threats: leftovers on stacks", tests);
}
