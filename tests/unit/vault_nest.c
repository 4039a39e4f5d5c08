/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/nest.h"

#include <pthread.h>
#include <string.h>

#include "vault/heap.h"
#include "vault_kit.h"

static bool filled(const uint8_t *p, size_t n, uint8_t with)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != with)
			return false;
	return true;
}

/* Runs in a scope, with the vault open and nothing else on the heap. */
static void in_scope(vault_fn fn)
{
	kit_open();
	REQUIRE(cf_ok(vault_run(fn, NULL)));
	vault_close();
}

static void one_behind_the_other(struct vault_scope *scope, void *arg)
{
	uint8_t *p[3];

	(void)arg;
	nest_open(scope);
	CHECK(heap_bytes() == 0); /* nothing before the first block */
	for (size_t i = 0; i < 3; i++) {
		REQUIRE((p[i] = heap_alloc(100)) != NULL);
		CHECK((uintptr_t)p[i] % 16 == 0 && filled(p[i], 100, 0) && heap_holds(p[i]));
		memset(p[i], 0x5a, 100);
	}
	CHECK(p[1] - p[0] == p[2] - p[1] && heap_blocks() == 1);
	/* Wiped at once, used again when all behind it are free. */
	CHECK(heap_free(p[1]) && filled(p[1], 100, 0) && filled(p[2], 100, 0x5a));
	CHECK(heap_free(p[2]) && heap_alloc(100) == p[1]);
	CHECK(heap_free(p[1]) && heap_free(p[0]));
	nest_close(scope);
	CHECK(heap_blocks() == 0);
	/* What comes next finds zeros there. */
	p[0] = heap_alloc(12000);
	REQUIRE(p[0] != NULL);
	CHECK(filled(p[0], 12000, 0) && heap_free(p[0]));
}

static void blocks_lie_one_behind_the_other(void)
{
	in_scope(one_behind_the_other);
}

static void without_room(struct vault_scope *scope, void *arg)
{
	uint8_t *p[400], *large;
	size_t n = 0;

	(void)arg;
	nest_open(scope);
	large = heap_alloc(5000);
	CHECK(large != NULL && !nest_holds(large) && heap_holds(large));
	for (; n < 400 && (p[n] = heap_alloc(64)) != NULL; n++)
		memset(p[n], (int)n + 1, 64);
	CHECK(n == 400 && nest_holds(p[0]) && !nest_holds(p[399]));
	for (size_t i = 0; i < n; i++)
		CHECK(filled(p[i], 64, (uint8_t)(i + 1)) && heap_free(p[i]));
	CHECK(heap_free(large));
	nest_close(scope);
	CHECK(heap_blocks() == 0);
}

static void what_does_not_fit_lies_beside_it(void)
{
	in_scope(without_room);
}

static void resized(struct vault_scope *scope, void *arg)
{
	uint8_t *p, *other;

	(void)arg;
	nest_open(scope);
	p = heap_alloc(40);
	other = heap_alloc(40);
	REQUIRE(p != NULL && other != NULL);
	memset(p, 7, 40);
	p = heap_resize(p, 200);
	REQUIRE(p != NULL);
	CHECK(filled(p, 40, 7) && filled(p + 48, 152, 0));
	p = heap_resize(p, 20000);
	REQUIRE(p != NULL);
	CHECK(filled(p, 40, 7) && !nest_holds(p));
	CHECK(heap_free(p) && heap_free(other));
	nest_close(scope);
	CHECK(heap_blocks() == 0);
}

static void a_block_keeps_its_bytes_when_it_is_resized(void)
{
	in_scope(resized);
}

static void left(struct vault_scope *scope, void *arg)
{
	uint8_t *p;

	(void)arg;
	nest_open(scope);
	p = heap_alloc(40);
	REQUIRE(p != NULL);
	nest_close(scope);
	CHECK(heap_blocks() == 1);
	/* Memory that nobody else gets. */
	p[0] = 1;
	nest_open(scope);
	CHECK(heap_alloc(40) != p);
	nest_close(scope);
}

static void a_block_that_is_left_behind_shows(void)
{
	in_scope(left);
}

static void beyond(struct vault_scope *scope, void *arg)
{
	uint8_t *p, *q;

	(void)arg;
	nest_open(scope);
	p = heap_alloc(64);
	q = heap_alloc(64);
	REQUIRE(p != NULL && q != NULL);
	p[64] ^= 1;
	CHECK(heap_free(p));
	nest_close(scope);
}

static void twice(struct vault_scope *scope, void *arg)
{
	uint8_t *p;

	(void)arg;
	nest_open(scope);
	p = heap_alloc(64);
	REQUIRE(p != NULL && heap_alloc(64) != NULL);
	CHECK(heap_free(p) && heap_free(p));
	nest_close(scope);
}

static void writing_beyond_a_block_or_freeing_it_twice_closes_the_vault(void)
{
	static const vault_fn fn[] = { beyond, twice };

	for (size_t i = 0; i < 2; i++) {
		struct vault_info info;

		kit_open();
		REQUIRE(cf_ok(vault_run(fn[i], NULL)));
		vault_get_info(&info);
		CHECK(info.damaged);
		vault_close();
	}
}

static void no_memory(struct vault_scope *scope, void *arg)
{
	(void)arg;
	nest_open(scope);
	kit_fail(FAULT_MMAP, 0, true);
	CHECK(heap_alloc(10) == NULL);
	kit_no_faults();
	nest_close(scope);
	CHECK(heap_blocks() == 0);
}

static void without_memory_there_is_no_block(void)
{
	in_scope(no_memory);
}

static void fill_and_empty(struct vault_scope *scope, void *arg)
{
	uint8_t with = (uint8_t)(uintptr_t)arg, *p[20];

	for (int round = 0; round < 200; round++) {
		nest_open(scope);
		for (size_t i = 0; i < 20; i++) {
			p[i] = heap_alloc(30 * i);
			CHECK(p[i] != NULL && filled(p[i], 30 * i, 0));
			memset(p[i], with, 30 * i);
		}
		for (size_t i = 0; i < 20; i++)
			CHECK(filled(p[i], 30 * i, with) && heap_free(p[i]));
		nest_close(scope);
	}
}

static void *run_thread(void *arg)
{
	return cf_ok(vault_run(fill_and_empty, arg)) ? arg : NULL;
}

static void each_thread_has_its_own(void)
{
	pthread_t thread[4];
	void *done;

	kit_open();
	for (size_t i = 0; i < 4; i++)
		REQUIRE(pthread_create(&thread[i], NULL, run_thread, (void *)(uintptr_t)(i + 1)) == 0);
	for (size_t i = 0; i < 4; i++) {
		REQUIRE(pthread_join(thread[i], &done) == 0);
		CHECK(done != NULL);
	}
	CHECK(heap_blocks() == 0);
	vault_close();
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "blocks lie one behind the other", blocks_lie_one_behind_the_other },
		{ "what does not fit lies beside it", what_does_not_fit_lies_beside_it },
		{ "a block keeps its bytes when it is resized", a_block_keeps_its_bytes_when_it_is_resized },
		{ "without memory there is no block", without_memory_there_is_no_block },
		{ "each thread has its own", each_thread_has_its_own },
		{ "a block that is left behind shows", a_block_that_is_left_behind_shows },
		{ "writing beyond a block, or freeing it twice, closes the vault",
		  writing_beyond_a_block_or_freeing_it_twice_closes_the_vault },
		{ NULL, NULL },
	};

	return unit_main("vault nest", tests);
}
