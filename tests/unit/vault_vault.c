/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/vault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "vault/arena.h"
#include "vault/input.h"
#include "vault/pages.h"
#include "vault_kit.h"

static void nothing(struct vault_scope *scope, void *arg)
{
	(void)scope;
	(void)arg;
}

static void a_closed_vault_says_so(void)
{
	struct vault_info info;

	memset(&info, 1, sizeof(info));
	vault_get_info(&info);
	CHECK(info.aead == NULL && info.arena_bytes == 0 && info.stack_count == 0);
	CHECK_CODE(vault_run(nothing, NULL), CLOSED);
	CHECK_CODE(vault_rotate(), CLOSED);
	vault_tick();
	CHECK(!vault_forked());
	vault_close();
}

static void opens_are_counted(void)
{
	kit_open();
	kit_open();
	vault_close();
	CHECK(cf_ok(vault_run(nothing, NULL)));
	vault_close();
	CHECK_CODE(vault_run(nothing, NULL), CLOSED);
	vault_close();
	kit_open();
	CHECK(cf_ok(vault_run(nothing, NULL)));
	vault_close();
}

static void an_idle_vault_is_small(void)
{
	struct vault_info info;

	kit_open();
	CHECK(cf_ok(vault_run(nothing, NULL)));
	vault_get_info(&info);
	CHECK(info.stack_count == 1);
	CHECK(info.stack_bytes >= vault_stack_size());
	CHECK(info.arena_bytes <= 2 * pages_round(1) + 2 * pages_round((size_t)8 * 1024)); /* 24 KiB */
	CHECK(info.aead != NULL && !info.damaged);
	vault_close();
	CHECK(arena_bytes() == 0);
}

/* What a child of fork() is to see; `arg` is what the parent had. */
struct inherited {
	struct secret *secret;
	uint8_t *on_stack, *in_block;
};

static bool mapped(const uint8_t *p)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char there;

	return mincore((void *)((uintptr_t)p & ~(page - 1)), page, &there) == 0 || errno != ENOMEM;
}

static int child_of_user(void *arg)
{
	struct inherited *in = arg;
	struct secret *own = NULL;
	struct vault_info info;

	if (!vault_forked())
		return 3;
	if (mapped(in->on_stack) || mapped(in->in_block))
		return 4;
	vault_forget_after_fork();
	if (vault_forked())
		return 5;
	if (!cf_is(vault_run(nothing, NULL), CF_CODE_CLOSED))
		return 6;
	/* Whatever an open that fails gives back, it is nothing of the parent's. */
	for (long k = 0; k < 20; k++) {
		kit_fail(-1, k, true);
		if (cf_ok(vault_open(&kit_default)))
			vault_close();
	}
	kit_no_faults();
	if (cf_failed(vault_open(&kit_default)) || vault_forked())
		return 7;
	if (cf_failed(kit_seal(40, 2, &own)) || cf_failed(kit_check(own, 2)))
		return 8;
	/* The parent's secret is a stranger here, and may be let go. */
	if (!cf_is(kit_check(in->secret, 1), CF_CODE_CLOSED))
		return 9;
	secret_unref(in->secret);
	if (cf_failed(vault_rotate()) || cf_failed(kit_check(own, 2)))
		return 10;
	secret_unref(own);
	vault_get_info(&info);
	vault_close();
	return info.secret_count == 0 && arena_bytes() == 0 ? 0 : 11;
}

static void where(struct vault_scope *scope, void *arg)
{
	struct inherited *in = arg;
	struct mspan room;

	in->on_stack = __builtin_frame_address(0);
	if (cf_ok(vault_scope_alloc(scope, 100, &room)))
		in->in_block = room.p;
}

static void check_fork(void)
{
	struct inherited in = { 0 };

	REQUIRE(cf_ok(kit_seal(40, 1, &in.secret)));
	REQUIRE(cf_ok(vault_run(where, &in)));
	REQUIRE(in.on_stack != NULL && in.in_block != NULL);
	CHECK(mapped(in.on_stack) && mapped(in.in_block));
	CHECK(!vault_forked());
	CHECK(kit_exited(kit_child(child_of_user, &in), 0));
	CHECK(!vault_forked());
	CHECK(cf_ok(kit_check(in.secret, 1)));
	secret_unref(in.secret);
	vault_close();
}

static void a_child_sees_that_it_is_one_and_nothing_else(void)
{
	kit_open();
	check_fork();
}

static void without_the_kernels_mark_process_ids_tell(void)
{
	long calls;

	/* The mark is the last thing that is advised when a vault opens. */
	kit_fail(FAULT_MADVISE, 1000000, false);
	kit_open();
	calls = atomic_load(&kit_fault_hits);
	vault_close();
	kit_fail(FAULT_MADVISE, calls - 1, false);
	kit_open();
	kit_no_faults();
	check_fork();
}

static int grandchild(void *arg)
{
	(void)arg;
	return vault_forked() ? 0 : 3;
}

static int child_with_vault(void *arg)
{
	vault_forget_after_fork();
	if (cf_failed(vault_open(&kit_default)))
		return 3;
	return kit_exited(kit_child(grandchild, arg), 0) && !vault_forked() ? 0 : 4;
}

static void children_of_children_see_it_too(void)
{
	kit_open();
	CHECK(kit_exited(kit_child(child_with_vault, NULL), 0));
	vault_close();
}

static bool is_defined(struct cf_status status)
{
	return cf_ok(status) || cf_is(status, CF_CODE_NOMEM) || cf_is(status, CF_CODE_IO);
}

/* All that the vault can do, as far as it gets. True when nothing failed. */
static bool do_everything(void)
{
	AUTO(secret) a = NULL;
	AUTO(secret) b = NULL;
	AUTO(guarded) g = NULL;
	struct cf_status status[6] = { { CF_CODE_OK } };
	bool all = true;

	status[0] = kit_seal(120, 1, &a);
	if (cf_ok(status[0]))
		status[1] = kit_seal(30000, 2, &b);
	if (cf_ok(status[0]))
		status[2] = kit_check(a, 1);
	status[3] = vault_rotate();
	/* What was sealed stays readable whatever failed: the retry is without the fault. */
	if (b != NULL)
		status[4] = kit_check(b, 2);
	status[5] = guarded_new(4000, &g);
	kit_ms += 60 * 60 * 1000;
	vault_tick();
	for (size_t i = 0; i < 6; i++) {
		CHECK(is_defined(status[i]));
		all = all && cf_ok(status[i]);
	}
	kit_no_faults();
	if (a != NULL)
		CHECK(cf_ok(kit_check(a, 1)));
	if (b != NULL)
		CHECK(cf_ok(kit_check(b, 2)));
	return all;
}

/* Mappings without access: the guard pages, and some of the C library's own. */
static size_t guard_mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512];
	size_t n = 0;

	REQUIRE(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, " ---p 00000000 00:00 0") != NULL ||
		     strstr(line, "secretmem") != NULL;
	(void)fclose(f);
	return n;
}

static void check_every_fault(bool all)
{
	size_t before;
	bool clean = false;
	long k;

	clock_set_source(&kit_clock);
	kit_open();
	CHECK(do_everything());
	vault_close();
	before = guard_mappings();
	for (k = 0; !clean && k < 300; k++) {
		struct cf_status status;
		struct vault_info info;

		kit_fail(-1, k, all);
		status = vault_open(&kit_default);
		CHECK(is_defined(status));
		if (cf_ok(status)) {
			clean = do_everything();
			vault_get_info(&info);
			CHECK(!info.damaged);
			vault_close();
		} else {
			CHECK(error_text()[0] != 0);
		}
		clean = clean && atomic_load(&kit_fault_hits) <= k;
		kit_no_faults();
		CHECK(arena_bytes() == 0);
		CHECK(guard_mappings() == before);
	}
	CHECK(clean && k > 10);
	clock_set_source(NULL);
}

static void each_failure_is_an_answer_and_loses_nothing(void)
{
	check_every_fault(false);
}

static void all_failures_from_some_point_too(void)
{
	check_every_fault(true);
}

static void no_randomness_is_an_answer(void)
{
	kit_fail(FAULT_RANDOM, 0, true);
	CHECK_CODE(vault_open(&kit_default), IO);
	kit_no_faults();
	CHECK(!vault_forked());
}

int main(void)
{
	const struct unit_test tests[] = {
		{"a closed vault says so", a_closed_vault_says_so},
		{"opens are counted", opens_are_counted},
		{"an idle vault is small", an_idle_vault_is_small},
		{"a child sees that it is one, and nothing else",
		 a_child_sees_that_it_is_one_and_nothing_else},
		{"without the kernel's mark process IDs tell",
		 without_the_kernels_mark_process_ids_tell},
		{"children of children see it too", children_of_children_see_it_too},
		{"each failure is an answer and loses nothing",
		 each_failure_is_an_answer_and_loses_nothing},
		{"all failures from some point on, too", all_failures_from_some_point_too},
		{"no randomness is an answer", no_randomness_is_an_answer},
		{NULL, NULL},
	};

	return unit_main("vault", tests);
}
