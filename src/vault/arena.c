/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/arena.h"

#include <sodium.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "base/error.h"
#include "vault/heap_internal.h"
#include "vault/interrupt.h"
#include "vault/pages.h"

#define CANARY_SIZE 16

/* One PIN (INPUT_MAX and canaries) fits, and so does nearly every object.  Two of them, the
 * coffer key and one stack stay below the 64 KiB that older hosts let a user lock. */
#define KEPT_SIZE (REGION_SMALL + 2 * CANARY_SIZE)

static struct {
	enum vault_memory kind;
	_Atomic bool open;
	_Atomic size_t bytes;
	/* First pages of idle regions of KEPT_SIZE. */
	_Atomic(uint8_t *) kept[REGIONS_KEPT];
	/* Drawn once and kept: a block may be given back after the vault was closed. */
	bool canary_drawn;
	uint8_t canary[CANARY_SIZE];
} arena;

static struct cf_status no_memory(void)
{
	struct rlimit limit = { 0, 0 };

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return error_set(
			CF_STATUS(NOMEM),
			"no guarded memory: the system has none left, or allows neither "
			"memfd_secret nor mlock (not for RLIMIT_MEMLOCK, it is unlimited)");
	return error_set(CF_STATUS(NOMEM),
			 "no guarded memory: neither memfd_secret nor mlock is allowed "
			 "(RLIMIT_MEMLOCK is %llu KiB); raise it, e.g. `ulimit -l 8192` or "
			 "LimitMEMLOCK= in the service",
			 (unsigned long long)limit.rlim_cur / 1024);
}

static bool kind_works(enum vault_memory kind)
{
	uint8_t *p;

	if (cf_failed(pages_map(kind, pages_size(), &p)))
		return false;
	pages_unmap(p, pages_size());
	return true;
}

static bool choose_kind(const struct vault_config *config)
{
	const struct {
		enum vault_memory kind;
		bool allowed;
	} kinds[] = {
		{ VAULT_MEMORY_SECRET, !config->prefer_locked },
		{ VAULT_MEMORY_LOCKED, true },
		{ VAULT_MEMORY_UNLOCKED, config->allow_unlocked },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		arena.kind = kinds[i].kind;
		if (kinds[i].allowed && kind_works(kinds[i].kind))
			return true;
	}
	return false;
}

struct cf_status arena_open(const struct vault_config *config)
{
	if (!choose_kind(config))
		return no_memory();
	if (!arena.canary_drawn)
		randombytes_buf(arena.canary, sizeof(arena.canary));
	arena.canary_drawn = true;
	atomic_store(&arena.open, true);
	return CF_OK;
}

enum vault_memory arena_kind(void)
{
	return arena.kind;
}

size_t arena_bytes(void)
{
	return atomic_load(&arena.bytes);
}

static struct region region_at(uint8_t *pages, size_t n)
{
	return (struct region){ pages, n, { pages + CANARY_SIZE, n - 2 * CANARY_SIZE } };
}

static size_t region_size(size_t n)
{
	return pages_round(n + 2 * CANARY_SIZE);
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
	interrupt_presume();
	sodium_memzero(r->pages, r->pages_n);
	pages_unmap(r->pages, r->pages_n);
	atomic_fetch_sub(&arena.bytes, r->pages_n);
	*r = (struct region){ 0 };
}

/* True when there was an idle one. */
static bool kept_take(struct region *out)
{
	for (size_t i = 0; i < REGIONS_KEPT; i++) {
		uint8_t *p = atomic_exchange(&arena.kept[i], NULL);

		if (p == NULL)
			continue;
		*out = region_at(p, pages_round(KEPT_SIZE));
		return true;
	}
	return false;
}

static bool kept_give(const struct region *r)
{
	if (r->pages_n != pages_round(KEPT_SIZE) || !atomic_load(&arena.open))
		return false;
	for (size_t i = 0; i < REGIONS_KEPT; i++) {
		uint8_t *none = NULL;

		if (atomic_compare_exchange_strong(&arena.kept[i], &none, r->pages))
			return true;
	}
	return false;
}

/* True when something was given back to the system. */
static bool kept_free(void)
{
	struct region r;
	bool any = false;

	while (kept_take(&r)) {
		region_free(&r);
		any = true;
	}
	return any;
}

void arena_close(void)
{
	atomic_store(&arena.open, false);
	(void)kept_free();
}

void arena_forget(void)
{
	atomic_store(&arena.open, false);
	atomic_store(&arena.bytes, 0);
	for (size_t i = 0; i < REGIONS_KEPT; i++)
		atomic_store(&arena.kept[i], NULL);
}

struct cf_status region_new(size_t n, struct region *out)
{
	size_t whole = region_size(n);
	struct cf_status status;
	uint8_t *p;

	if (n > SIZE_MAX / 2)
		return CF_STATUS(LIMIT);
	interrupt_presume();
	status = pages_map(arena.kind, whole, &p);
	/* Under a tight RLIMIT_MEMLOCK the idle ones may be what is missing. */
	if (cf_failed(status) && (kept_free() || heap_trim()))
		status = pages_map(arena.kind, whole, &p);
	if (cf_failed(status))
		return no_memory();
	atomic_fetch_add(&arena.bytes, whole);
	*out = region_at(p, whole);
	bytes_copy(p, arena.canary, CANARY_SIZE);
	bytes_copy(p + whole - CANARY_SIZE, arena.canary, CANARY_SIZE);
	return CF_OK;
}

struct cf_status region_borrow(size_t n, struct region *out)
{
	if (n > REGION_SMALL)
		return region_new(n, out);
	if (kept_take(out))
		return CF_OK;
	return region_new(REGION_SMALL, out);
}

bool region_return(struct region *r, size_t used)
{
	bool intact = region_intact(r);

	/* A damaged one is not for reuse. */
	if (!intact) {
		region_free(r);
		return false;
	}
#ifdef COFFER_DEBUG
	if (!sodium_is_zero(r->use.p + used, r->use.n - used))
		__builtin_trap();
#endif
	sodium_memzero(r->use.p, used);
	if (!kept_give(r))
		region_free(r);
	*r = (struct region){ 0 };
	return true;
}
