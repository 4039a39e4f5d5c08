/* SPDX-License-Identifier: Apache-2.0 */
/* Where libcrypto's memory is: in a vault scope in guarded memory, but for its own bookkeeping. */
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mech/families.h"
#include "mech/ossl_own.h"
#include "mech_kit.h"
#include "vault/heap.h"
#include "vault/seal.h"

/* A key schedule that is made in a scope and kept after it. */
static void begin_in_scope(struct vault_scope *scope, void *arg)
{
	static const uint8_t key[16] = { 1 }, iv[16] = { 2 };
	EVP_CIPHER_CTX **out = arg;

	(void)scope;
	*out = EVP_CIPHER_CTX_new();
	REQUIRE(*out != NULL);
	CHECK(EVP_EncryptInit_ex2(*out, ossl_cipher("AES-128-CBC"), key, iv, NULL) == 1);
}

static void what_a_scope_makes_is_guarded_until_it_is_freed(void)
{
	EVP_CIPHER_CTX *c = NULL, *outside = EVP_CIPHER_CTX_new();

	CHECK(heap_blocks() == 0);
	REQUIRE(cf_ok(vault_run(begin_in_scope, &c)));
	CHECK(heap_holds(c) == ossl_own_is_private());
	CHECK((heap_blocks() > 1) == ossl_own_is_private());
	CHECK(!heap_holds(outside));
	EVP_CIPHER_CTX_free(c); /* outside of a scope */
	CHECK(heap_blocks() == 0);
	EVP_CIPHER_CTX_free(outside);
}

/* What the vault seals in long pieces libcrypto seals, and libsodium opens: it is the same cipher. */
static void long_pieces_are_sealed_by_libcrypto_alike(void)
{
	static uint8_t plain[5000], sealed[sizeof(plain) + SEAL_TAG_SIZE], out[sizeof(plain)];
	static const uint8_t key[32] = { 7, 8, 9 };
	uint8_t nonce[SEAL_NONCE_SIZE];

	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 7);
	for (size_t n = SEAL_LONG - 1; n <= sizeof(plain); n += 17) {
		for (int by = 0; by < 2; by++) {
			seal_set_long(NULL);
			if (by == 0)
				ossl_seal_open();
			seal_encrypt(key, nonce, span(plain, n), sealed);
			if (by == 0)
				seal_set_long(NULL);
			else
				ossl_seal_open();
			memset(out, 0, sizeof(out));
			CHECK(seal_decrypt(key, nonce, span(sealed, n + SEAL_TAG_SIZE), out) && memcmp(out, plain, n) == 0);
			ossl_seal_open();
			sealed[n / 2] ^= 1;
			CHECK(!seal_decrypt(key, nonce, span(sealed, n + SEAL_TAG_SIZE), out));
			sealed[n / 2] ^= 1;
			sealed[n + SEAL_TAG_SIZE - 1] ^= 1;
			CHECK(!seal_decrypt(key, nonce, span(sealed, n + SEAL_TAG_SIZE), out));
		}
	}
}

static unsigned refused;

static bool refuse_to_encrypt(const uint8_t key[32], const uint8_t nonce[12], struct span in, uint8_t *out)
{
	(void)key;
	(void)nonce;
	(void)in;
	(void)out;
	refused++;
	return false;
}

static bool refuse_to_decrypt(const uint8_t key[32], const uint8_t nonce[12], struct span in, uint8_t *out, bool *genuine)
{
	*genuine = false;
	return refuse_to_encrypt(key, nonce, in, out);
}

/* Without memory for it nothing is lost, and nothing taken for forged. */
static void where_it_cannot_libsodium_does_it(void)
{
	static const struct seal_long none = { refuse_to_encrypt, refuse_to_decrypt };
	static uint8_t plain[SEAL_LONG] = { 1, 2, 3 }, sealed[SEAL_LONG + SEAL_TAG_SIZE], out[SEAL_LONG];
	static const uint8_t key[32] = { 1 };
	uint8_t nonce[SEAL_NONCE_SIZE];

	seal_set_long(&none);
	seal_encrypt(key, nonce, SPAN_OF(plain), sealed);
	CHECK(seal_decrypt(key, nonce, SPAN_OF(sealed), out) && memcmp(out, plain, sizeof(plain)) == 0);
	CHECK(refused == 2 || strcmp(seal_name(), "AES-256-GCM") != 0);
	ossl_seal_open();
}

static void grow_in_scope(struct vault_scope *scope, void *arg)
{
	BIGNUM *n = arg;

	(void)scope;
	CHECK(BN_lshift(n, n, 5000) == 1);
}

static void a_block_stays_in_the_memory_that_it_was_born_in(void)
{
	char *text = OPENSSL_malloc(10);
	BIGNUM *n = BN_new();

	REQUIRE(n != NULL && text != NULL);
	CHECK(BN_set_word(n, 3) == 1);
	REQUIRE(cf_ok(vault_run(grow_in_scope, n)));
	CHECK(BN_num_bits(n) == 5002);
	BN_clear_free(n);
	text = OPENSSL_realloc(text, 10000);
	REQUIRE(text != NULL);
	CHECK(!heap_holds(text));
	OPENSSL_free(text);
	CHECK(heap_blocks() == 0);
}

/* Errors are kept for the thread, long after the operation. */
static void fail_in_scope(struct vault_scope *scope, void *arg)
{
	EVP_CIPHER *none = EVP_CIPHER_fetch(ossl_context(), "NO-SUCH-CIPHER", NULL);

	(void)scope;
	*(bool *)arg = none == NULL && ERR_peek_error() != 0;
}

static void *fail_in_thread(void *arg)
{
	if (cf_failed(vault_run(fail_in_scope, arg)))
		*(bool *)arg = false;
	return NULL;
}

static void bookkeeping_is_not_guarded(void)
{
	bool failed = false, failed_too = false;
	pthread_t thread;

	REQUIRE(cf_ok(vault_run(fail_in_scope, &failed)));
	CHECK(failed);
	CHECK(heap_blocks() == 0);
	REQUIRE(pthread_create(&thread, NULL, fail_in_thread, &failed_too) == 0);
	REQUIRE(pthread_join(thread, NULL) == 0);
	CHECK(failed_too);
	CHECK(heap_blocks() == 0);
	ERR_clear_error();
}

/* Half of what a signature with an RSA key of 16384 bits computes: an exponentiation of 8192 bits in constant time. */
static void exponentiate_in(struct vault_scope *scope, void *arg)
{
	bool *good = arg;
	BN_CTX *c = BN_CTX_new();
	BIGNUM *n = BN_new(), *d = BN_new(), *x = BN_new();

	(void)scope;
	*good = c != NULL && n != NULL && d != NULL && x != NULL && BN_rand(n, 8192, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD) == 1 &&
		BN_rand(d, 8192, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 && BN_rand_range(x, n) == 1;
	if (d != NULL)
		BN_set_flags(d, BN_FLG_CONSTTIME);
	*good = *good && BN_mod_exp_mont(x, x, d, n, c, NULL) == 1;
	BN_clear_free(x);
	BN_clear_free(d);
	BN_clear_free(n);
	BN_CTX_free(c);
}

static int exponentiate_in_half_a_mebibyte(void)
{
	const struct rlimit limit = { 512 * 1024, 512 * 1024 };
	bool good = false;

	vault_forget_after_fork();
	if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || setgid(65534) != 0 || setuid(65534) != 0 ||
	    cf_failed(vault_open(&(struct vault_config){ .prefer_locked = true })))
		return 1;
	if (cf_failed(vault_run(exponentiate_in, &good)))
		return 2;
	return good && heap_blocks() == 0 ? 0 : 3;
}

/* So that a dozen threads find room below the 8 MiB that a user may lock. */
static void the_largest_rsa_key_takes_less_than_half_a_mebibyte(void)
{
	int status = -1;
	pid_t pid;

	if (geteuid() != 0)
		return; /* another limit cannot be set and kept to */
	pid = fork();
	if (pid == 0)
		_exit(exponentiate_in_half_a_mebibyte());
	REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The child draws something else than its parent. */
static void random_numbers_survive_a_fork(void)
{
	uint8_t ours[32], theirs[32];
	int pipes[2], status = -1;
	pid_t pid;

	CHECK(RAND_priv_bytes_ex(ossl_context(), ours, sizeof(ours), 0) == 1);
	REQUIRE(pipe(pipes) == 0);
	pid = fork();
	if (pid == 0) {
		if (RAND_priv_bytes_ex(ossl_context(), ours, sizeof(ours), 0) != 1)
			_exit(1);
		_exit(write(pipes[1], ours, sizeof(ours)) == (ssize_t)sizeof(ours) ? 0 : 2);
	}
	REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	REQUIRE(read(pipes[0], theirs, sizeof(theirs)) == (ssize_t)sizeof(theirs));
	CHECK(RAND_priv_bytes_ex(ossl_context(), ours, sizeof(ours), 0) == 1);
	CHECK(memcmp(ours, theirs, sizeof(ours)) != 0);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "what a scope makes is guarded until it is freed", what_a_scope_makes_is_guarded_until_it_is_freed },
		{ "long pieces are sealed by libcrypto alike", long_pieces_are_sealed_by_libcrypto_alike },
		{ "where it cannot libsodium does it", where_it_cannot_libsodium_does_it },
		{ "a block stays in the memory that it was born in", a_block_stays_in_the_memory_that_it_was_born_in },
		{ "bookkeeping is not guarded", bookkeeping_is_not_guarded },
		{ "the largest RSA key takes less than half a mebibyte", the_largest_rsa_key_takes_less_than_half_a_mebibyte },
		{ "random numbers survive a fork", random_numbers_survive_a_fork },
		{ NULL, NULL },
	};

	return kit_main("mech/ossl", tests);
}
