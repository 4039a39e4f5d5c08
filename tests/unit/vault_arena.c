/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "vault/input.h"
#include "vault/pages.h"
#include "vault_kit.h"

static const struct vault_config locked = { .prefer_locked = true };
static const struct vault_config unlocked = { .allow_unlocked = true };

static void open_arena(const struct vault_config *config)
{
	REQUIRE(cf_ok(arena_open(config)));
}

static void a_region_is_zeroed_aligned_and_as_large_as_asked(void)
{
	const size_t sizes[] = { 1, 32, 4064, 4065, 5000, 100000 };

	open_arena(&kit_default);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct region r;
		uint8_t any = 0;

		REQUIRE(cf_ok(region_new(sizes[i], &r)));
		CHECK(r.use.n >= sizes[i]);
		CHECK((uintptr_t)r.use.p % 16 == 0);
		for (size_t j = 0; j < r.use.n; j++)
			any |= r.use.p[j];
		CHECK(any == 0);
		memset(r.use.p, 0x5a, r.use.n);
		CHECK(region_intact(&r));
		region_free(&r);
		CHECK(r.pages == NULL);
	}
	CHECK(arena_bytes() == 0);
	CHECK_CODE(region_new(SIZE_MAX - 5, &(struct region){ 0 }), LIMIT);
	arena_close();
}

/* One byte before or behind the pages, in a child with an arena of its own. */
static int touch_guard(void *arg)
{
	const struct vault_config *config = arg;
	struct region r;

	if (cf_failed(arena_open(config)) || cf_failed(region_new(100, &r)))
		return 3;
	if (config == &locked)
		*(volatile uint8_t *)(r.pages - 1) = 1;
	else
		*(volatile uint8_t *)(r.pages + r.pages_n) = 1;
	return 4;
}

static void inaccessible_pages_lie_on_both_sides(void)
{
	CHECK(kit_died(kit_child(touch_guard, (void *)(uintptr_t)&kit_default), SIGSEGV));
	CHECK(kit_died(kit_child(touch_guard, (void *)(uintptr_t)&locked), SIGSEGV));
}

static void a_write_beyond_the_room_is_noticed(void)
{
	struct region r;

	open_arena(&kit_default);
	REQUIRE(cf_ok(region_new(64, &r)));
	r.use.p[r.use.n] ^= 1;
	CHECK(!region_intact(&r));
	r.use.p[r.use.n] ^= 1;
	CHECK(region_intact(&r));
	r.use.p[-1] ^= 1;
	CHECK(!region_intact(&r));
	region_free(&r);
	REQUIRE(cf_ok(region_borrow(64, &r)));
	r.use.p[-1] ^= 1;
	CHECK(!region_return(&r, r.use.n));
	CHECK(arena_bytes() == 0);
	arena_close();
}

static void a_kept_region_comes_back_wiped(void)
{
	struct region a, b, c;
	uint8_t *pages;
	uint8_t any = 0;

	open_arena(&kit_default);
	REQUIRE(cf_ok(region_borrow(3000, &a)));
	pages = a.pages;
	memset(a.use.p, 0x77, a.use.n);
	CHECK(region_return(&a, a.use.n));
	CHECK(arena_bytes() > 0);
	REQUIRE(cf_ok(region_borrow(3000, &b)));
	CHECK(b.pages == pages);
	for (size_t i = 0; i < b.use.n; i++)
		any |= b.use.p[i];
	CHECK(any == 0);
	/* Large ones are not kept, and a closed arena keeps none. */
	REQUIRE(cf_ok(region_borrow(2 * pages_round(25000), &c)));
	CHECK(region_return(&c, c.use.n));
	CHECK(arena_bytes() == b.pages_n);
	arena_close();
	CHECK(region_return(&b, b.use.n));
	CHECK(arena_bytes() == 0);
}

/* The VmFlags of the mapping that holds `p`. */
static bool flags_of(const void *p, char *flags, size_t n)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	bool here = false, found = false;
	char line[512];

	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL) {
		unsigned long long from, to;

		if (sscanf(line, "%llx-%llx ", &from, &to) == 2)
			here = from <= (uintptr_t)p && (uintptr_t)p < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			found = snprintf(flags, n, "%s", line + 8) > 0;
	}
	if (f != NULL)
		(void)fclose(f);
	return found;
}

static void check_flags(const struct vault_config *config)
{
	struct region r;
	char flags[256];

	open_arena(config);
	REQUIRE(cf_ok(region_new(100, &r)));
	REQUIRE(flags_of(r.pages, flags, sizeof(flags)));
	/* Not for core files, not for children; locked unless that was waived. Sanitizers make
	 * mlock() do nothing. */
	CHECK(strstr(flags, " dd") != NULL);
	CHECK(strstr(flags, " dc") != NULL);
	CHECK(strstr(flags, " lo") != NULL || arena_kind() == VAULT_MEMORY_UNLOCKED ||
	      KIT_SANITIZED);
	region_free(&r);
	arena_close();
}

static void pages_are_locked_and_in_no_dump_and_no_child(void)
{
	check_flags(&kit_default);
	check_flags(&locked);
	kit_fail(FAULT_MLOCK, 0, true);
	check_flags(&unlocked);
	kit_no_faults();
}

static void secret_memory_is_unreadable_through_proc(void)
{
	struct region r;
	uint8_t byte;
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

	REQUIRE(fd >= 0);
	open_arena(&kit_default);
	REQUIRE(cf_ok(region_new(100, &r)));
	if (arena_kind() == VAULT_MEMORY_SECRET)
		CHECK(pread(fd, &byte, 1, (off_t)(uintptr_t)r.use.p) == -1);
	region_free(&r);
	arena_close();
	(void)close(fd);
}

static void the_best_allowed_kind_is_taken(void)
{
	open_arena(&locked);
	CHECK(arena_kind() == VAULT_MEMORY_LOCKED);
	arena_close();

	kit_fail(FAULT_MEMFD_SECRET, 0, true);
	open_arena(&kit_default);
	CHECK(arena_kind() == VAULT_MEMORY_LOCKED);
	arena_close();

	kit_fail(FAULT_MLOCK, 0, true);
	CHECK_CODE(arena_open(&locked), NOMEM);
	CHECK(strstr(error_text(), "RLIMIT_MEMLOCK") != NULL);
	kit_no_faults();
}

static bool no_secret_no_lock(enum fault_kind kind)
{
	return kind == FAULT_MEMFD_SECRET || kind == FAULT_MLOCK;
}

static void unlocked_memory_needs_permission(void)
{
	atomic_store(&fault_hook, no_secret_no_lock);
	CHECK_CODE(arena_open(&kit_default), NOMEM);
	CHECK(strstr(error_text(), "RLIMIT_MEMLOCK") != NULL);
	CHECK(cf_ok(arena_open(&unlocked)));
	CHECK(arena_kind() == VAULT_MEMORY_UNLOCKED);
	arena_close();
	kit_no_faults();
}

/* A user without privileges who may lock `arg` bytes. */
static bool limit_memory(size_t n)
{
	const struct rlimit limit = { n, n };

	if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return false;
	return geteuid() != 0 || setuid(65534) == 0;
}

static void use_scope(struct vault_scope *scope, void *arg)
{
	struct mspan a, b;
	bool *ok = arg;

	*ok = cf_ok(vault_scope_alloc(scope, 4096, &a)) &&
	      cf_ok(vault_scope_alloc(scope, 1000, &b));
}

static int run_in_little(void *arg)
{
	struct guarded *pin, *other;
	bool ok = false;

	if (!limit_memory(*(size_t *)arg) || cf_failed(vault_open(&kit_default)))
		return 3;
	if (cf_failed(vault_run(use_scope, &ok)) || !ok)
		return 4;
	if (cf_failed(guarded_new(INPUT_MAX, &pin)) || cf_failed(guarded_new(1, &other)))
		return 5;
	guarded_free(pin);
	guarded_free(other);
	/* Kept blocks make room for something larger. */
	if (cf_failed(guarded_new((size_t)20 * 1024, &pin)))
		return 6;
	guarded_free(pin);
	vault_close();
	return 0;
}

static int refuse_without(void *arg)
{
	(void)arg;
	if (!limit_memory(0))
		return 3;
	if (!cf_is(vault_open(&kit_default), CF_CODE_NOMEM))
		return 4;
	if (strstr(error_text(), "RLIMIT_MEMLOCK is 0 KiB") == NULL)
		return 5;
	return cf_ok(vault_open(&unlocked)) ? 0 : 6;
}

static void a_small_limit_is_enough_and_none_is_refused(void)
{
	/* What older systems let a user lock: 64 KiB, when pages and the stack have their usual sizes. */
	size_t limit = pages_round(vault_stack_size()) + 10 * pages_size();

	CHECK(kit_exited(kit_child(run_in_little, &limit), 0));
	/* With a sanitizer mlock() never refuses. */
	CHECK(KIT_SANITIZED || kit_exited(kit_child(refuse_without, NULL), 0));
}

/* Each point of pages_map in turn, for each kind. */
static void a_refused_system_call_is_an_answer(void)
{
	const enum fault_kind calls[] = { FAULT_MMAP, FAULT_MPROTECT, FAULT_MLOCK, FAULT_MADVISE,
					  FAULT_MEMFD_SECRET };
	uint8_t *p;

	for (int kind = VAULT_MEMORY_SECRET; kind <= VAULT_MEMORY_UNLOCKED; kind++) {
		for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
			struct cf_status status = CF_STATUS(NOMEM);
			long k;

			for (k = 0; cf_failed(status) && k < 10; k++) {
				kit_fail((int)calls[i], k, false);
				status = pages_map((enum vault_memory)kind, pages_size(), &p);
				CHECK(cf_ok(status) || cf_is(status, CF_CODE_NOMEM) ||
				      cf_is(status, CF_CODE_UNSUPPORTED));
			}
			/* A kernel without secret memory answers so every time. */
			if (cf_ok(status))
				pages_unmap(p, pages_size());
			CHECK(cf_ok(status) || kind == VAULT_MEMORY_SECRET);
		}
	}
	kit_no_faults();
}

int main(void)
{
	const struct unit_test tests[] = {
		{"a region is zeroed, aligned and as large as asked",
		 a_region_is_zeroed_aligned_and_as_large_as_asked},
		{"inaccessible pages lie on both sides", inaccessible_pages_lie_on_both_sides},
		{"a write beyond the room is noticed", a_write_beyond_the_room_is_noticed},
		{"a kept region comes back wiped", a_kept_region_comes_back_wiped},
		{"pages are locked, and in no dump and no child",
		 pages_are_locked_and_in_no_dump_and_no_child},
		{"secret memory is unreadable through /proc",
		 secret_memory_is_unreadable_through_proc},
		{"the best allowed kind is taken", the_best_allowed_kind_is_taken},
		{"unlocked memory needs permission", unlocked_memory_needs_permission},
		{"64 KiB are enough, none is refused with what to do",
		 a_small_limit_is_enough_and_none_is_refused},
		{"a refused system call is an answer", a_refused_system_call_is_an_answer},
		{NULL, NULL},
	};

	return unit_main("vault arena", tests);
}
