/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/arena.h"

#include <sodium.h>
#include <sys/resource.h>

#include "base/error.h"
#include "vault/pages.h"

#define CANARY_SIZE 16

static struct {
	enum vault_memory kind;
	uint8_t canary[CANARY_SIZE];
} arena;

static struct cf_status try_kind(enum vault_memory kind)
{
	uint8_t *p;

	CF_TRY(pages_map(kind, pages_size(), &p));
	pages_unmap(p, pages_size());
	arena.kind = kind;
	return CF_OK;
}

static struct cf_status no_memory(void)
{
	struct rlimit limit = { 0, 0 };

	(void)getrlimit(RLIMIT_MEMLOCK, &limit);
	return error_set(CF_STATUS(NOMEM),
			 "no guarded memory: neither memfd_secret nor mlock is allowed (RLIMIT_MEMLOCK is %llu KiB); "
			 "raise it, e.g. `ulimit -l 8192` or LimitMEMLOCK= in the service",
			 (unsigned long long)limit.rlim_cur / 1024);
}

struct cf_status arena_open(const struct vault_config *config)
{
	randombytes_buf(arena.canary, sizeof(arena.canary));
	if (!config->prefer_locked && cf_ok(try_kind(VAULT_MEMORY_SECRET)))
		return CF_OK;
	if (cf_ok(try_kind(VAULT_MEMORY_LOCKED)))
		return CF_OK;
	if (config->allow_unlocked)
		return try_kind(VAULT_MEMORY_UNLOCKED);
	return no_memory();
}

void arena_close(void)
{
	sodium_memzero(arena.canary, sizeof(arena.canary));
}

enum vault_memory arena_kind(void)
{
	return arena.kind;
}

struct cf_status region_new(size_t n, struct region *out)
{
	size_t whole = pages_round(n + 2 * CANARY_SIZE);
	uint8_t *p;

	if (cf_failed(pages_map(arena.kind, whole, &p)))
		return no_memory();
	*out = (struct region){ p, whole, { p + CANARY_SIZE, whole - 2 * CANARY_SIZE } };
	bytes_copy(p, arena.canary, CANARY_SIZE);
	bytes_copy(p + whole - CANARY_SIZE, arena.canary, CANARY_SIZE);
	return CF_OK;
}

bool region_intact(const struct region *r)
{
	return memcmp(r->pages, arena.canary, CANARY_SIZE) == 0 &&
	       memcmp(r->pages + r->pages_n - CANARY_SIZE, arena.canary, CANARY_SIZE) == 0;
}

void region_free(struct region *r)
{
	if (r->pages == NULL)
		return;
	sodium_memzero(r->pages, r->pages_n);
	pages_unmap(r->pages, r->pages_n);
	*r = (struct region){ 0 };
}
