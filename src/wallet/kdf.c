/* SPDX-License-Identifier: Apache-2.0 */
#include "wallet/kdf.h"

#include <argon2.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/fault.h"

#define LOCK_PAGE ((size_t)64 * 1024) /* a multiple of every page size */
/* Where a user may lock less than this, all of it is the vault's. */
#define LIMIT_MIN ((rlim_t)1 << 20)

/* All of it when that leaves the vault at least half of what may be locked; a process that is privileged to ignore the
 * limit locks all.  Else the parts that tell most, a quarter of the limit each: from the first blocks a PIN can be tested for
 * the price of a hash, and the last one is what the output is made of. */
static void working_memory_lock(uint8_t *p, size_t bytes)
{
	struct rlimit limit;
	size_t part = bytes / 2;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return;
	if ((bytes <= limit.rlim_cur / 2 || bytes > limit.rlim_cur) && mlock(p, bytes) == 0)
		return;
	if (limit.rlim_cur < LIMIT_MIN)
		return;
	if (part > limit.rlim_cur / 4)
		part = (size_t)(limit.rlim_cur / 4) / LOCK_PAGE * LOCK_PAGE;
	(void)mlock(p, part);
	(void)mlock(p + bytes - part, part);
}

/* libargon2's callbacks.  They run on the vault stack of the thread that derives. */
static int working_memory_new(uint8_t **memory, size_t bytes)
{
	void *p;

	if (fault_hit(FAULT_MMAP))
		return ARGON2_MEMORY_ALLOCATION_ERROR;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return ARGON2_MEMORY_ALLOCATION_ERROR;
	if (madvise(p, bytes, MADV_DONTDUMP) != 0 || madvise(p, bytes, MADV_DONTFORK) != 0) {
		(void)munmap(p, bytes);
		return ARGON2_MEMORY_ALLOCATION_ERROR;
	}
	/* Best effort: the second binding of the PIN does not rely on it. */
	working_memory_lock(p, bytes);
	*memory = p;
	return ARGON2_OK;
}

static void working_memory_free(uint8_t *memory, size_t bytes)
{
	/* libargon2 has wiped it just before (free_memory, clear_internal_memory). */
	(void)munmap(memory, bytes);
}

static struct cf_status argon2id(const struct wallet_kdf *kdf, const uint8_t *salt, struct span pin,
				 uint8_t out[WALLET_KEY_SIZE])
{
	argon2_context context = {
		.out = out,
		.outlen = WALLET_KEY_SIZE,
		/* Not written: no ARGON2_FLAG_CLEAR_PASSWORD. */
		.pwd = (uint8_t *)(uintptr_t)pin.p,
		.pwdlen = (uint32_t)pin.n,
		.salt = (uint8_t *)(uintptr_t)salt,
		.saltlen = FORMAT_SALT_SIZE,
		.t_cost = kdf->passes,
		.m_cost = kdf->memory_kib,
		.lanes = 1, /* one lane, one thread: none is started in the host */
		.threads = 1,
		.version = ARGON2_VERSION_13,
		.allocate_cbk = working_memory_new,
		.free_cbk = working_memory_free,
	};
	int rc = argon2id_ctx(&context);

	if (rc == ARGON2_OK)
		return CF_OK;
	if (rc == ARGON2_MEMORY_ALLOCATION_ERROR)
		return error_set(CF_STATUS(NOMEM), "Argon2id needs %u KiB of memory, which cannot be had", kdf->memory_kib);
	return error_set(CF_STATUS(INVALID), "Argon2id refused its input: %s", argon2_error_message(rc));
}

struct cf_status kdf_derive(struct vault_scope *scope, const struct wallet_kdf *kdf, const uint8_t salt[FORMAT_SALT_SIZE],
			    struct span pin, uint8_t kek[WALLET_KEY_SIZE])
{
	static const char domain[] = "coffer key-encryption key";
	crypto_generichash_state state;
	uint8_t stretched[WALLET_KEY_SIZE];

	(void)scope;
	CF_TRY(argon2id(kdf, salt, pin, stretched));
	(void)crypto_generichash_init(&state, stretched, sizeof(stretched), WALLET_KEY_SIZE);
	(void)crypto_generichash_update(&state, (const uint8_t *)domain, sizeof(domain));
	(void)crypto_generichash_update(&state, salt, FORMAT_SALT_SIZE);
	(void)crypto_generichash_update(&state, pin.p, pin.n);
	(void)crypto_generichash_final(&state, kek, WALLET_KEY_SIZE);
	return CF_OK;
}
