/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/secret.h"

#include <malloc.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "vault/heap_internal.h"
#include "vault/key.h"
#include "vault/seal.h"
#include "vault_kit.h"

static void what_is_sealed_comes_back(void)
{
	const size_t sizes[] = { 1, 16, 120, 4096, 70000, SECRET_MAX };

	kit_open();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		AUTO(secret) s = NULL;

		REQUIRE(cf_ok(kit_seal(sizes[i], 7, &s)));
		CHECK(secret_size(s) == sizes[i]);
		CHECK(cf_ok(kit_check(s, 7)));
	}
	vault_close();
}

static void sealed_bytes_are_not_the_plain_ones(void)
{
	AUTO(secret) s = NULL;
	uint8_t plain[64];

	kit_open();
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(9 + i);
	REQUIRE(cf_ok(kit_seal(64, 9, &s)));
	CHECK(memmem(s, malloc_usable_size(s), plain, 8) == NULL);
	secret_unref(TAKE(s));
	vault_close();
}

static void seal_sizes(struct vault_scope *scope, void *arg)
{
	struct secret *s = NULL;
	uint8_t byte = 0;
	bool *ok = arg;

	*ok = cf_is(secret_seal(scope, span(&byte, 0), &s), CF_CODE_LIMIT) &&
	      cf_is(secret_seal(scope, span(&byte, SECRET_MAX + 1), &s), CF_CODE_LIMIT) &&
	      s == NULL;
}

static void sizes_have_limits(void)
{
	bool ok = false;

	kit_open();
	REQUIRE(cf_ok(vault_run(seal_sizes, &ok)));
	CHECK(ok);
	vault_close();
}

struct misuse {
	struct secret *s;
	uint8_t *outside;
	size_t n;
	struct cf_status status;
};

static void open_outside(struct vault_scope *scope, void *arg)
{
	struct misuse *m = arg;

	m->status = secret_open(scope, m->s, mspan(m->outside, m->n));
}

static void open_short(struct vault_scope *scope, void *arg)
{
	struct misuse *m = arg;
	uint8_t local[64];

	m->status = secret_open(scope, m->s, mspan(local, secret_size(m->s) - 1));
}

static int misuse(void *arg)
{
	static uint8_t elsewhere[64];
	struct misuse m = { NULL, elsewhere, sizeof(elsewhere), CF_OK };
	vault_fn fn = *(vault_fn *)arg;

	if (cf_failed(vault_open(&kit_default)) || cf_failed(kit_seal(32, 1, &m.s)))
		return 3;
	if (cf_failed(vault_run(fn, &m)))
		return 4;
	return cf_is(m.status, CF_CODE_INVALID) && sodium_is_zero(elsewhere, sizeof(elsewhere)) ? 0
												: 5;
}

static void a_secret_opens_into_scope_memory_only(void)
{
	vault_fn ways[] = { open_outside, open_short };

	for (size_t i = 0; i < 2; i++) {
		int status = kit_child(misuse, &ways[i]);
#ifdef COFFER_DEBUG
		CHECK(!kit_exited(status, 0) && !kit_exited(status, 5));
#else
		CHECK(kit_exited(status, 0));
#endif
	}
}

static void the_last_reference_frees(void)
{
	struct vault_info info;
	struct secret *s = NULL;

	kit_open();
	REQUIRE(cf_ok(kit_seal(10, 1, &s)));
	CHECK(secret_ref(s) == s);
	secret_unref(s);
	vault_get_info(&info);
	CHECK(info.secret_count == 1);
	CHECK(cf_ok(kit_check(s, 1)));
	secret_unref(s);
	secret_unref(NULL);
	vault_get_info(&info);
	CHECK(info.secret_count == 0);
	vault_close();
}

static void get_key(struct vault_scope *scope, void *arg)
{
	uint8_t key[COFFER_KEY_SIZE];

	coffer_key_read_lock();
	coffer_key_get(scope, key);
	coffer_key_read_unlock();
	/* A digest may leave the scope. */
	(void)crypto_generichash(arg, 32, key, sizeof(key), NULL, 0);
}

static void rotation_changes_key_and_ciphertext(void)
{
	struct secret *s[20] = { NULL };
	uint8_t before[32], after[32];
	struct vault_info info;
	size_t n;
	void *copy;

	kit_open();
	for (size_t i = 0; i < 20; i++)
		REQUIRE(cf_ok(kit_seal(1 + i * i * 50, (uint8_t)i, &s[i])));
	REQUIRE(cf_ok(vault_run(get_key, before)));
	n = malloc_usable_size(s[3]);
	copy = malloc(n);
	REQUIRE(copy != NULL);
	memcpy(copy, s[3], n);
	CHECK(cf_ok(vault_rotate()));
	REQUIRE(cf_ok(vault_run(get_key, after)));
	CHECK(memcmp(before, after, 32) != 0);
	CHECK(memcmp(copy, s[3], n) != 0);
	free(copy);
	for (size_t i = 0; i < 20; i++)
		CHECK(cf_ok(kit_check(s[i], (uint8_t)i)));
	vault_get_info(&info);
	CHECK(info.secret_count == 20 && !info.damaged);
	for (size_t i = 0; i < 20; i++)
		secret_unref(s[i]);
	vault_close();
}

static void a_rotation_that_fails_leaves_the_old_key(void)
{
	AUTO(secret) s = NULL;
	uint8_t before[32], after[32];
	struct vault_info info;

	kit_open();
	REQUIRE(cf_ok(kit_seal(100000, 1, &s)));
	REQUIRE(cf_ok(vault_run(get_key, before)));
	(void)heap_trim(); /* what sealing it took is kept */
	kit_fail(FAULT_MMAP, 0, true);
	CHECK_CODE(vault_rotate(), NOMEM);
	kit_no_faults();
	REQUIRE(cf_ok(vault_run(get_key, after)));
	CHECK(memcmp(before, after, 32) == 0);
	/* Of the ordinary heap it takes nothing. */
	kit_fail(FAULT_ALLOC, 0, true);
	CHECK(cf_ok(vault_rotate()));
	kit_no_faults();
	CHECK(cf_ok(kit_check(s, 1)));
	vault_get_info(&info);
	CHECK(!info.damaged);
	CHECK(cf_ok(vault_rotate()));
	CHECK(cf_ok(kit_check(s, 1)));
	secret_unref(TAKE(s));
	vault_close();
}

static void partitions_change_and_the_key_does_not(void)
{
	AUTO(secret) s = NULL;
	uint8_t before[32], after[32];

	clock_set_source(&kit_clock);
	kit_open();
	REQUIRE(cf_ok(kit_seal(32, 5, &s)));
	REQUIRE(cf_ok(vault_run(get_key, before)));
	CHECK(!coffer_key_stale());
	kit_ms += 499;
	CHECK(!coffer_key_stale());
	kit_ms += 1;
	CHECK(coffer_key_stale());
	/* On use. */
	CHECK(cf_ok(kit_check(s, 5)));
	CHECK(!coffer_key_stale());
	REQUIRE(cf_ok(vault_run(get_key, after)));
	CHECK(memcmp(before, after, 32) == 0);
	/* By whoever has the time. */
	kit_ms += 500;
	vault_tick();
	CHECK(!coffer_key_stale());
	REQUIRE(cf_ok(vault_run(get_key, after)));
	CHECK(memcmp(before, after, 32) == 0);
	secret_unref(TAKE(s));
	vault_close();
	clock_set_source(NULL);
}

static void an_old_key_is_replaced_on_use(void)
{
	AUTO(secret) s = NULL;
	AUTO(secret) t = NULL;
	uint8_t first[32], second[32], third[32];

	clock_set_source(&kit_clock);
	kit_open();
	REQUIRE(cf_ok(kit_seal(32, 5, &s)));
	REQUIRE(cf_ok(vault_run(get_key, first)));
	kit_ms += (uint64_t)60 * 60 * 1000;
	CHECK(cf_ok(kit_check(s, 5)));
	REQUIRE(cf_ok(vault_run(get_key, second)));
	CHECK(memcmp(first, second, 32) != 0);
	CHECK(!coffer_key_expired() && !coffer_key_stale());
	kit_ms += (uint64_t)60 * 60 * 1000;
	REQUIRE(cf_ok(kit_seal(32, 6, &t)));
	REQUIRE(cf_ok(vault_run(get_key, third)));
	CHECK(memcmp(second, third, 32) != 0);
	/* When there is no memory to do it in, the old one goes on, in new partitions. */
	kit_ms += (uint64_t)60 * 60 * 1000;
	kit_fail(FAULT_MMAP, 0, true);
	CHECK(cf_ok(kit_check(s, 5)));
	kit_no_faults();
	CHECK(!coffer_key_stale());
	CHECK(cf_ok(kit_check(t, 6)));
	secret_unref(TAKE(s));
	secret_unref(TAKE(t));
	vault_close();
	clock_set_source(NULL);
}

/* Flips the last byte of the ciphertext's tag, wherever the heap block ends. */
static void forge(struct secret *s)
{
	uint8_t *p = (uint8_t *)s;
	size_t n = malloc_usable_size(s);

	/* Behind what is used the block is zero; a tag of which the last byte is zero is as good. */
	while (n > 0 && p[n - 1] == 0)
		n--;
	p[n - 1] ^= 0x80;
}

static void a_forged_secret_closes_the_vault(void)
{
	struct secret *s = NULL, *t = NULL;
	struct vault_info info;

	kit_open();
	REQUIRE(cf_ok(kit_seal(33, 5, &s)));
	REQUIRE(cf_ok(kit_seal(33, 5, &t)));
	forge(s);
	CHECK_CODE(kit_check(s, 5), FORGED);
	CHECK_CODE(kit_check(t, 5), CLOSED);
	vault_get_info(&info);
	CHECK(info.damaged);
	secret_unref(s);
	secret_unref(t);
	vault_close();
	kit_open();
	REQUIRE(cf_ok(kit_seal(33, 5, &s)));
	forge(s);
	CHECK_CODE(vault_rotate(), FORGED);
	CHECK_CODE(vault_rotate(), CLOSED);
	secret_unref(s);
	vault_close();
}

static void a_secret_of_an_earlier_vault_is_let_go(void)
{
	struct secret *s = NULL;
	struct vault_info info;

	kit_open();
	REQUIRE(cf_ok(kit_seal(33, 5, &s)));
	vault_close();
	kit_open();
	CHECK_CODE(kit_check(s, 5), CLOSED);
	secret_unref(s);
	vault_get_info(&info);
	CHECK(info.secret_count == 0 && !info.damaged);
	vault_close();
}

#define NONCES 1000

static int by_value(const void *a, const void *b)
{
	return memcmp(a, b, SEAL_NONCE_SIZE);
}

/* Under AES-GCM a nonce that came twice would give the key of the authentication away. */
static void no_nonce_comes_twice(void)
{
	static uint8_t nonce[NONCES][SEAL_NONCE_SIZE];
	uint8_t key[32] = { 1 }, sealed[2][5 + SEAL_TAG_SIZE];

	for (size_t i = 0; i < NONCES; i++)
		seal_encrypt(key, nonce[i], span_str("hello"), sealed[i % 2]);
	CHECK(memcmp(sealed[0], sealed[1], sizeof(sealed[0])) != 0);
	qsort(nonce, NONCES, SEAL_NONCE_SIZE, by_value);
	for (size_t i = 1; i < NONCES; i++)
		CHECK(memcmp(nonce[i - 1], nonce[i], SEAL_NONCE_SIZE) != 0);
}

/* The whole of it is used. */
static void another_nonce_opens_nothing(void)
{
	const bool choices[] = { false, true };

	for (size_t i = 0; i < 2; i++) {
		uint8_t key[32] = { 1 }, nonce[SEAL_NONCE_SIZE], sealed[5 + SEAL_TAG_SIZE], out[5];

		seal_choose(choices[i]);
		seal_encrypt(key, nonce, span_str("hello"), sealed);
		for (size_t k = 0; k < SEAL_NONCE_SIZE; k++) {
			nonce[k] ^= 0x80;
			CHECK(!seal_decrypt(key, nonce, SPAN_OF(sealed), out));
			nonce[k] ^= 0x80;
		}
		CHECK(seal_decrypt(key, nonce, SPAN_OF(sealed), out));
	}
	seal_choose(false);
}

static void both_ciphers_seal_and_notice_a_change(void)
{
	const bool choices[] = { false, true };

	for (size_t i = 0; i < 2; i++) {
		uint8_t key[32] = { 1 }, nonce[SEAL_NONCE_SIZE], sealed[5 + SEAL_TAG_SIZE], out[5];

		seal_choose(choices[i]);
		seal_encrypt(key, nonce, span_str("hello"), sealed);
		CHECK(seal_decrypt(key, nonce, SPAN_OF(sealed), out));
		CHECK(memcmp(out, "hello", 5) == 0);
		sealed[0] ^= 1;
		CHECK(!seal_decrypt(key, nonce, SPAN_OF(sealed), out));
	}
	CHECK(strcmp(seal_name(),
		     crypto_aead_aes256gcm_is_available() ? "AES-256-GCM" : "XChaCha20-Poly1305") ==
	      0);
	seal_choose(false);
	CHECK(strcmp(seal_name(), "XChaCha20-Poly1305") == 0);
}

struct hammer {
	struct secret *shared;
	_Atomic int failures;
	_Atomic bool stop;
};

static void *seal_and_open(void *arg)
{
	struct hammer *h = arg;

	for (int i = 0; i < 600; i++) {
		AUTO(secret) own = NULL;

		if (cf_failed(kit_seal(1 + (size_t)i % 300, (uint8_t)i, &own)) ||
		    cf_failed(kit_check(own, (uint8_t)i)) || cf_failed(kit_check(h->shared, 77)))
			atomic_fetch_add(&h->failures, 1);
		if (i % 50 == 0)
			kit_ms += 300;
	}
	return NULL;
}

static void *rotate_and_tick(void *arg)
{
	struct hammer *h = arg;

	while (!atomic_load(&h->stop)) {
		if (cf_failed(vault_rotate()))
			atomic_fetch_add(&h->failures, 1);
		kit_ms += 60 * 60 * 1000 + 1;
		vault_tick();
	}
	return NULL;
}

static void threads_seal_and_open_while_keys_change(void)
{
	struct hammer h = { 0 };
	struct vault_info info;
	pthread_t users[4], changer;

	clock_set_source(&kit_clock);
	kit_open();
	REQUIRE(cf_ok(kit_seal(120, 77, &h.shared)));
	REQUIRE(pthread_create(&changer, NULL, rotate_and_tick, &h) == 0);
	for (int i = 0; i < 4; i++)
		REQUIRE(pthread_create(&users[i], NULL, seal_and_open, &h) == 0);
	for (int i = 0; i < 4; i++)
		(void)pthread_join(users[i], NULL);
	atomic_store(&h.stop, true);
	(void)pthread_join(changer, NULL);
	CHECK(h.failures == 0);
	CHECK(cf_ok(kit_check(h.shared, 77)));
	secret_unref(h.shared);
	vault_get_info(&info);
	CHECK(info.secret_count == 0 && !info.damaged);
	vault_close();
	clock_set_source(NULL);
}

int main(void)
{
	const struct unit_test tests[] = {
		{"what is sealed comes back", what_is_sealed_comes_back},
		{"sealed bytes are not the plain ones", sealed_bytes_are_not_the_plain_ones},
		{"sizes have limits", sizes_have_limits},
		{"a secret opens into scope memory only", a_secret_opens_into_scope_memory_only},
		{"the last reference frees", the_last_reference_frees},
		{"rotation changes key and ciphertext", rotation_changes_key_and_ciphertext},
		{"a rotation that fails leaves the old key",
		 a_rotation_that_fails_leaves_the_old_key},
		{"partitions change and the key does not", partitions_change_and_the_key_does_not},
		{"an old key is replaced on use", an_old_key_is_replaced_on_use},
		{"a forged secret closes the vault", a_forged_secret_closes_the_vault},
		{"a secret of an earlier vault is let go", a_secret_of_an_earlier_vault_is_let_go},
		{"no nonce comes twice", no_nonce_comes_twice},
		{"another nonce opens nothing", another_nonce_opens_nothing},
		{"both ciphers seal and notice a change", both_ciphers_seal_and_notice_a_change},
		{"threads seal and open while keys change",
		 threads_seal_and_open_while_keys_change},
		{NULL, NULL},
	};

	return unit_main("vault secret", tests);
}
