/* SPDX-License-Identifier: Apache-2.0 */
/* Argon2id's working memory: what the kernel is told about it, and what it is worth. */
#include "unit/wallet_kit.h"

#include <argon2.h>
#include <grp.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wallet/kdf.h"

#define MEMORY_KIB 2048u
#define BYTES ((size_t)MEMORY_KIB * 1024)

/* Of the mapping, when it is given back. */
static struct {
	unsigned seen;
	bool dumped, inherited;
	size_t locked, locked_first, locked_last, not_zero;
} memory;

static void note(const char *line, uintptr_t from, uintptr_t to, uintptr_t low, uintptr_t high)
{
	unsigned long kib;

	if (strncmp(line, "VmFlags:", 8) == 0) {
		memory.dumped |= strstr(line, " dd") == NULL;
		memory.inherited |= strstr(line, " dc") == NULL;
	}
	if (sscanf(line, "Locked: %lu", &kib) != 1)
		return;
	memory.locked += kib * 1024;
	memory.locked_first += from == low ? kib * 1024 : 0;
	memory.locked_last += to == high ? kib * 1024 : 0;
}

/* It may be more than one area: locked and other parts. */
static void look(uintptr_t low, uintptr_t high)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long from = 0, to = 0, a, b;
	char line[512];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &a, &b) == 2) {
			from = a;
			to = b;
		}
		if (from >= low && to <= high)
			note(line, from, to, low, high);
	}
	if (f != NULL)
		(void)fclose(f);
}

int munmap(void *p, size_t n)
{
	if (n == BYTES) {
		memory.seen++;
		look((uintptr_t)p, (uintptr_t)p + n);
		for (size_t i = 0; i < n; i++)
			memory.not_zero += ((const uint8_t *)p)[i] != 0;
	}
	return (int)syscall(SYS_munmap, p, n);
}

struct work {
	const char *pin;
	uint8_t key[WALLET_KEY_SIZE]; /* a test's, not secret */
	struct cf_status status;
};

static const uint8_t salt[FORMAT_SALT_SIZE] = { 7, 8, 9 };
static const struct wallet_kdf kdf = { MEMORY_KIB, 1 };

static void derive_in(struct vault_scope *scope, void *arg)
{
	struct work *work = arg;

	work->status = kdf_derive(scope, &kdf, salt, span_str(work->pin), work->key);
}

static struct work derive(const char *pin)
{
	struct work work = { .pin = pin };

	memset(&memory, 0, sizeof(memory));
	REQUIRE(cf_ok(vault_run(derive_in, &work)));
	REQUIRE(cf_ok(work.status));
	return work;
}

static void test_not_dumped(void)
{
	(void)derive("pin");
	CHECK(memory.seen == 1);
	CHECK(!memory.dumped && !memory.inherited);
	CHECK(memory.not_zero == 0);
}

/* As an ordinary user with that limit: whether what is locked is `least` to `most` bytes. */
static int derive_limited(size_t limit, size_t least, size_t most)
{
	struct rlimit r = { limit, limit };
	struct work work = { .pin = "pin" };

	if (setrlimit(RLIMIT_MEMLOCK, &r) != 0)
		return 2;
	if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
		return 3;
	if (cf_failed(vault_run(derive_in, &work)) || cf_failed(work.status) || memory.seen != 1)
		return 4;
	return memory.locked >= least && memory.locked <= most ? 0 : 5;
}

static int in_child(size_t limit, size_t least, size_t most, bool both_ends)
{
	int status = -1;
	pid_t pid;

	memset(&memory, 0, sizeof(memory));
	pid = fork();
	if (pid == 0) {
		vault_forget_after_fork();
		if (cf_failed(vault_open(&(struct vault_config){ 0 })))
			_exit(1);
		int rc = derive_limited(limit, least, most);

		if (rc == 0 && both_ends && (memory.locked_first < least / 2 || memory.locked_last < least / 2))
			rc = 6;
		_exit(rc);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static void test_locked(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return; /* AddressSanitizer makes a no-op of mlock */
#endif
	CHECK(in_child(4 * BYTES, BYTES, BYTES, true) == 0);
	/* Both ends, and half of the limit for the vault. */
	CHECK(in_child(BYTES, BYTES / 2, BYTES / 2, true) == 0);
	CHECK(in_child(BYTES / 2, BYTES / 4, BYTES / 4, true) == 0);
	/* Where there is little, nothing is taken from the vault. */
	CHECK(in_child(256 * 1024, 0, 0, false) == 0);
}

/* All that the working memory can give is Argon2id's output.  The key is that output and the PIN. */
static void test_not_enough(void)
{
	static const char domain[] = "coffer key-encryption key";
	uint8_t stretched[32], without[32], with[32];
	struct work right = derive("the PIN");
	crypto_generichash_state h;

	REQUIRE(argon2id_hash_raw(kdf.passes, kdf.memory_kib, 1, "the PIN", 7, salt, sizeof(salt), stretched, 32) == ARGON2_OK);
	(void)crypto_generichash_init(&h, stretched, 32, 32);
	(void)crypto_generichash_update(&h, (const uint8_t *)domain, sizeof(domain));
	(void)crypto_generichash_update(&h, salt, sizeof(salt));
	crypto_generichash_state with_pin = h;
	(void)crypto_generichash_final(&h, without, 32);
	(void)crypto_generichash_update(&with_pin, (const uint8_t *)"the PIN", 7);
	(void)crypto_generichash_final(&with_pin, with, 32);
	CHECK(memcmp(right.key, stretched, 32) != 0);
	CHECK(memcmp(right.key, without, 32) != 0);
	CHECK(memcmp(right.key, with, 32) == 0);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "Argon2id's memory is wiped, in no dump and in no child", test_not_dumped },
		{ "it is locked as far as the limit allows, half of which is the vault's", test_locked },
		{ "all of it is not enough without the PIN", test_not_enough },
		{ NULL, NULL },
	};

	return wallet_main("wallet kdf", tests);
}
