/* SPDX-License-Identifier: Apache-2.0 */
/* What the library made of a public key: once, for all threads, in ordinary memory, and no longer than the key. */
#include "mech/prepared.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mech/hashes.h"
#include "mech/rsa.h"
#include "mech_kit.h"
#include "vectors.h"

static _Atomic unsigned made;

static EVP_PKEY *make(const struct key_view *key)
{
	(void)key;
	atomic_fetch_add(&made, 1);
	return EVP_PKEY_new();
}

static EVP_PKEY *make_none(const struct key_view *key)
{
	(void)key;
	return NULL;
}

static void it_is_made_once(void)
{
	struct prepared p = { .object = NULL };
	struct key_view key = { .prepared = &p };
	EVP_PKEY *first, *second;

	atomic_store(&made, 0);
	first = prepared_object(&key, make);
	second = prepared_object(&key, make);
	CHECK(first != NULL && first == second && atomic_load(&made) == 1);
	EVP_PKEY_free(first);
	EVP_PKEY_free(second);
	prepared_clear(&p);
	prepared_clear(&p);
	CHECK(p.object == NULL);
}

static void without_a_place_it_is_made_for_each_use(void)
{
	struct key_view key = { .prepared = NULL };
	EVP_PKEY *first, *second;

	atomic_store(&made, 0);
	first = prepared_object(&key, make);
	second = prepared_object(&key, make);
	CHECK(first != NULL && second != NULL && first != second && atomic_load(&made) == 2);
	EVP_PKEY_free(first);
	EVP_PKEY_free(second);
}

static void what_cannot_be_made_is_tried_again(void)
{
	struct prepared p = { .object = NULL };
	struct key_view key = { .prepared = &p };
	EVP_PKEY *object;

	CHECK(prepared_object(&key, make_none) == NULL && p.object == NULL);
	object = prepared_object(&key, make);
	CHECK(object != NULL && object == p.object);
	EVP_PKEY_free(object);
	prepared_clear(&p);
}

static void who_uses_it_has_it_though_the_key_goes(void)
{
	struct prepared p = { .object = NULL };
	struct key_view key = { .prepared = &p };
	EVP_PKEY *object = prepared_object(&key, make);

	REQUIRE(object != NULL);
	prepared_clear(&p);
	CHECK(EVP_PKEY_up_ref(object) == 1); /* the address sanitizer would say that it is no more */
	EVP_PKEY_free(object);
	EVP_PKEY_free(object);
}

static void the_oldest_goes_for_a_new_one(void)
{
	static struct prepared p[PREPARED_MAX + 1];
	struct key_view key = { .prepared = &p[0] };
	EVP_PKEY *held = prepared_object(&key, make);

	for (size_t i = 1; i <= PREPARED_MAX; i++) {
		CHECK(p[0].object != NULL);
		key.prepared = &p[i];
		EVP_PKEY_free(prepared_object(&key, make));
	}
	CHECK(p[0].object == NULL && p[1].object != NULL && p[PREPARED_MAX].object != NULL);
	CHECK(EVP_PKEY_up_ref(held) == 1);
	EVP_PKEY_free(held);
	EVP_PKEY_free(held);
	/* It comes back, and the next one goes. */
	key.prepared = &p[0];
	EVP_PKEY_free(prepared_object(&key, make));
	CHECK(p[0].object != NULL && p[1].object == NULL && p[2].object != NULL);
	for (size_t i = 0; i <= PREPARED_MAX; i++) {
		prepared_clear(&p[i]);
		CHECK(p[i].object == NULL);
	}
}

/* ---- threads ---- */

static struct prepared common[PREPARED_MAX + 40];

/* More keys than are kept, so that they come and go beneath each other. */
static void *use_all(void *arg)
{
	unsigned start = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < 4 * (PREPARED_MAX + 40); i++) {
		struct key_view key = { .prepared = &common[(start + i) % (PREPARED_MAX + 40)] };
		EVP_PKEY *object = prepared_object(&key, make);

		if (object == NULL || EVP_PKEY_up_ref(object) != 1)
			return NULL;
		EVP_PKEY_free(object);
		EVP_PKEY_free(object);
	}
	return common;
}

static void threads_share_what_comes_and_goes(void)
{
	pthread_t thread[3];
	void *result;

	for (uintptr_t i = 0; i < 3; i++)
		REQUIRE(pthread_create(&thread[i], NULL, use_all, (void *)(i * 100)) == 0);
	for (size_t i = 0; i < 3; i++) {
		REQUIRE(pthread_join(thread[i], &result) == 0);
		CHECK(result != NULL);
	}
	for (size_t i = 0; i < PREPARED_MAX + 40; i++)
		prepared_clear(&common[i]);
}

/* ---- a forked child ---- */

static void a_child_makes_its_own(void)
{
	struct prepared p = { .object = NULL }, other = { .object = NULL };
	struct key_view key = { .prepared = &p };
	EVP_PKEY *object = prepared_object(&key, make);
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		mech_forget_after_fork();
		key.prepared = &other;
		EVP_PKEY_free(prepared_object(&key, make));
		_exit(other.object != NULL && other.place == 0 && p.object == object ? 0 : 1);
	}
	REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	EVP_PKEY_free(object);
	prepared_clear(&p);
}

/* ---- RSA ---- */

struct encryption {
	struct kit_call k;
	struct prepared prepared;
};

static void encrypt_in(struct vault_scope *scope, void *arg)
{
	struct encryption *e = arg;
	struct mech_call call = kit_view(&e->k);

	e->k.rv = e->k.mech->impl->encrypt(scope, &call, e->k.message, MSPAN_OF(e->k.out), &e->k.n);
}

static void public_part(struct key_view *key, CK_ATTRIBUTE_TYPE type, struct span value)
{
	while (value.n != 0 && value.p[0] == 0)
		value = span_skip(value, 1);
	key->part[key->parts++] = (struct key_part){ type, value };
}

static struct key_view public_key(const struct vector *v)
{
	struct key_view key = { .class = CKO_PUBLIC_KEY, .type = CKK_RSA, .bits = (CK_ULONG)vector_number(v, "keySize") };

	public_part(&key, CKA_MODULUS, vector_bytes(v, "publicKey.modulus"));
	public_part(&key, CKA_PUBLIC_EXPONENT, vector_bytes(v, "publicKey.publicExponent"));
	return key;
}

/* As a key is wrapped: the public key is used while a scope runs. */
static void encrypt_in_scopes(const struct vector *v, void *arg)
{
	static const uint8_t three[] = { 3 };
	struct encryption e = { .k = { .mech = mech_find(CKM_RSA_X_509), .message = SPAN_OF(three), .key = public_key(v) } };
	unsigned *count = arg;
	uint8_t first[1024];

	if ((*count)++ != 0)
		return; /* the same key again */
	kit_run(encrypt_in, &e, e.k.mech->type);
	REQUIRE(e.k.rv == CKR_OK && e.k.n == rsa_size(&e.k.key));
	memcpy(first, e.k.out, e.k.n);
	e.k.key.prepared = &e.prepared;
	for (int i = 0; i < 3; i++) {
		kit_run(encrypt_in, &e, e.k.mech->type);
		CHECK(e.k.rv == CKR_OK && memcmp(first, e.k.out, e.k.n) == 0);
		CHECK(e.prepared.object != NULL && !heap_holds(e.prepared.object));
		CHECK(heap_blocks() == 0); /* nor is anything else that stays in the guarded heap */
	}
	encrypt_in(NULL, &e); /* outside of a scope, with what one made */
	CHECK(e.k.rv == CKR_OK && memcmp(first, e.k.out, e.k.n) == 0);
	prepared_clear(&e.prepared);
	CHECK(heap_blocks() == 0);
}

static void of_what_a_scope_makes_nothing_is_guarded(void)
{
	struct vectors *f = vectors_open("wycheproof/rsa_signature_2048_sha256_test.json");
	unsigned count = 0;

	CHECK(vectors_each(f, encrypt_in_scopes, &count) > 200 && count > 200);
	vectors_close(f);
}

/* Each twice: with what is made for it, and with what was kept. */
static void verify_twice(const struct vector *v, void *arg)
{
	struct prepared p = { .object = NULL };
	struct kit_call k = { .mech = mech_find(CKM_SHA256_RSA_PKCS), .message = vector_bytes(v, "msg"),
			      .signature = vector_bytes(v, "sig"), .key = public_key(v) };
	bool good;

	k.key.prepared = &p;
	kit_verify_in(NULL, &k);
	good = k.rv == CKR_OK;
	kit_verify_in(NULL, &k);
	CHECK(good == (k.rv == CKR_OK));
	vector_judge(v, good, arg);
	prepared_clear(&p);
}

static void what_was_kept_verifies_the_same(void)
{
	static const char *const files[] = { "rsa_signature_2048_sha256", "rsa_signature_4096_sha256" };
	char path[100];

	for (size_t i = 0; i < 2; i++) {
		struct vector_score score = { 0 };
		struct vectors *f;

		(void)snprintf(path, sizeof(path), "wycheproof/%s_test.json", files[i]);
		f = vectors_open(path);
		CHECK(vectors_each(f, verify_twice, &score) >= 258);
		CHECK(score.wrong == 0 && score.valid > 0);
		vectors_close(f);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "it is made once", it_is_made_once },
		{ "without a place it is made for each use", without_a_place_it_is_made_for_each_use },
		{ "what cannot be made is tried again", what_cannot_be_made_is_tried_again },
		{ "who uses it has it, though the key goes", who_uses_it_has_it_though_the_key_goes },
		{ "the oldest goes for a new one", the_oldest_goes_for_a_new_one },
		{ "threads share what comes and goes", threads_share_what_comes_and_goes },
		{ "a child makes its own", a_child_makes_its_own },
		{ "of what a scope makes nothing is guarded", of_what_a_scope_makes_nothing_is_guarded },
		{ "what was kept verifies the same", what_was_kept_verifies_the_same },
		{ NULL, NULL },
	};

	return kit_main("mech/prepared", tests);
}
