/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/heap.h"

#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

#include "vault/arena.h"
#include "vault/heap_internal.h"
#include "vault/pages.h"
#include "vault_kit.h"

static void nothing_is_taken_before_the_first_block(void)
{
	size_t bytes;

	kit_open();
	bytes = arena_bytes();
	CHECK(heap_bytes() == 0);
	CHECK(!heap_free(NULL));
	CHECK(!heap_holds(&bytes));
	CHECK(arena_bytes() == bytes);
	vault_close();
	CHECK(heap_alloc(10) == NULL);
}

static bool filled(const uint8_t *p, size_t n, uint8_t with)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != with)
			return false;
	return true;
}

static void a_block_is_zeroed_aligned_and_wiped(void)
{
	const size_t sizes[] = { 0, 1, 16, 17, 100, 4096, 20000, 300000 };

	kit_open();
	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			uint8_t *p = heap_alloc(sizes[i]), *keeper = heap_alloc(1);

			REQUIRE(p != NULL && keeper != NULL);
			CHECK((uintptr_t)p % 16 == 0);
			CHECK(filled(p, sizes[i], 0));
			CHECK(heap_holds(p));
			memset(p, 0x5a, sizes[i]);
			CHECK(heap_free(p));
			/* Within a region that is still there; only sizes and links of what is free remain. */
			if (sizes[i] >= 4096 && sizes[i] < 16000)
				CHECK(filled(p + 32, sizes[i] - 64, 0));
			CHECK(heap_free(keeper));
		}
	}
	CHECK(heap_blocks() == 0);
	vault_close();
	CHECK(heap_bytes() == 0);
}

static void a_block_keeps_its_bytes_when_it_is_resized(void)
{
	uint8_t *p, *other;

	kit_open();
	p = heap_alloc(40);
	REQUIRE(p != NULL);
	memset(p, 7, 40);
	other = heap_alloc(40);
	p = heap_resize(p, 5000);
	REQUIRE(p != NULL);
	CHECK(filled(p, 40, 7) && filled(p + 48, 5000 - 48, 0));
	memset(p, 8, 5000);
	p = heap_resize(p, 100);
	CHECK(filled(p, 100, 8) && filled(p + 100, 4900, 0));
	CHECK(heap_resize(p, (size_t)1 << 40) == NULL);
	CHECK(filled(p, 100, 8));
	CHECK(heap_free(p) && heap_free(other));
	vault_close();
}

/* Numbers that are the same each time. */
static uint32_t next_number(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

#define LIVE 200

static bool churn(uint32_t seed, size_t rounds)
{
	struct { uint8_t *p; size_t n; uint8_t with; } live[LIVE] = { { 0 } };
	bool good = true;

	for (size_t i = 0; i < rounds; i++) {
		size_t at = next_number(&seed) % LIVE;
		size_t n = next_number(&seed) % (next_number(&seed) % 16 == 0 ? 9000 : 300);

		if (live[at].p != NULL) {
			good = good && filled(live[at].p, live[at].n, live[at].with) && heap_free(live[at].p);
			live[at].p = NULL;
			continue;
		}
		live[at].p = heap_alloc(n);
		live[at].n = n;
		live[at].with = (uint8_t)(1 + i % 255);
		good = good && live[at].p != NULL && filled(live[at].p, n, 0);
		if (live[at].p != NULL)
			memset(live[at].p, live[at].with, n);
	}
	for (size_t at = 0; at < LIVE; at++)
		if (live[at].p != NULL)
			good = good && filled(live[at].p, live[at].n, live[at].with) && heap_free(live[at].p);
	return good;
}

static void blocks_do_not_touch_each_other(void)
{
	kit_open();
	CHECK(churn(1, 20000));
	CHECK(heap_blocks() == 0);
	CHECK(heap_bytes() <= HEAP_KEPT_MAX); /* what is kept for the next */
	vault_close();
	CHECK(heap_bytes() == 0);
}

static void *churn_thread(void *arg)
{
	return churn((uint32_t)(uintptr_t)arg, 4000) ? NULL : arg;
}

static void threads_share_it(void)
{
	pthread_t thread[4];
	void *failed = NULL;

	kit_open();
	for (size_t i = 0; i < 4; i++)
		REQUIRE(pthread_create(&thread[i], NULL, churn_thread, (void *)(uintptr_t)(i + 10)) == 0);
	for (size_t i = 0; i < 4; i++) {
		REQUIRE(pthread_join(thread[i], &failed) == 0);
		CHECK(failed == NULL);
	}
	CHECK(heap_blocks() == 0);
	vault_close();
}

static void empty_regions_are_given_back(void)
{
	void *p[40], *large;
	size_t kept;

	kit_open();
	for (size_t i = 0; i < 40; i++)
		REQUIRE((p[i] = heap_alloc(4000)) != NULL);
	large = heap_alloc(1 << 20);
	REQUIRE(large != NULL);
	CHECK(heap_bytes() >= (1 << 20) + 40 * 4000);
	CHECK(heap_free(large));
	CHECK(heap_bytes() < (1 << 20));
	for (size_t i = 0; i < 40; i++)
		CHECK(heap_free(p[i]));
	kept = heap_bytes();
	CHECK(kept > 0 && kept <= HEAP_KEPT_MAX);
	CHECK(heap_trim());
	CHECK(heap_bytes() == 0);
	CHECK(!heap_trim());
	vault_close();
}

static void a_block_outlives_the_vault(void)
{
	uint8_t *p, *q;

	kit_open();
	p = heap_alloc(100);
	REQUIRE(p != NULL);
	memset(p, 9, 100);
	vault_close();
	CHECK(heap_bytes() > 0);
	CHECK(filled(p, 100, 9));
	kit_open();
	q = heap_alloc(100);
	REQUIRE(q != NULL);
	vault_close();
	CHECK(heap_free(q) && heap_free(p));
	CHECK(heap_bytes() == 0);
}

static void what_writes_beyond_its_block_closes_the_vault(void)
{
	struct vault_info info;
	uint8_t *p, *q;

	kit_open();
	p = heap_alloc(64);
	q = heap_alloc(64);
	REQUIRE(p != NULL && q != NULL);
	p[64] ^= 1;
	CHECK(heap_free(p)); /* it was a block of the heap, and stays where it is */
	vault_get_info(&info);
	CHECK(info.damaged);
	p[64] ^= 1;
	CHECK(heap_free(p) && heap_free(q));
	vault_close();
}

/* No memory at all, or not as much as one would like: down to what the block itself needs. */
static void without_memory_there_is_no_block(void)
{
	void *p;

	kit_open();
	kit_fail(FAULT_MMAP, 0, true);
	CHECK(heap_alloc(10) == NULL);
	CHECK(heap_blocks() == 0 && heap_bytes() == 0);
	kit_no_faults();
	p = heap_alloc(10);
	CHECK(p != NULL);
	kit_fail(FAULT_MMAP, 0, true);
	CHECK(heap_alloc(100000) == NULL);
	kit_no_faults();
	CHECK(heap_free(p));
	vault_close();
}

static int child_forgets(void *arg)
{
	void *p;

	if (heap_holds(arg) || heap_free(arg))
		return 1;
	vault_forget_after_fork();
	if (heap_bytes() != 0 || heap_blocks() != 0 || heap_free(arg))
		return 2;
	if (cf_failed(vault_open(&kit_default)))
		return 3;
	p = heap_alloc(100);
	if (p == NULL || !heap_free(p))
		return 4;
	vault_close();
	return 0;
}

static void a_child_has_none_of_it(void)
{
	void *p;

	kit_open();
	p = heap_alloc(100);
	REQUIRE(p != NULL);
	CHECK(kit_exited(kit_child(child_forgets, p), 0));
	CHECK(heap_free(p));
	vault_close();
}

/* 64 KiB are all that some hosts let a user lock; with larger pages it is more. */
static int small_host(void *arg)
{
	const struct rlimit limit = { 16 * pages_size(), 16 * pages_size() };
	struct vault_config config = { .prefer_locked = true };
	void *p;

	(void)arg;
	if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
		return 1;
	if (cf_failed(vault_open(&config)))
		return 2;
	p = heap_alloc(4000);
	if (p == NULL)
		return 3;
	if (heap_alloc(16 * pages_size()) != NULL)
		return 4;
	return heap_free(p) ? 0 : 5;
}

static void a_small_host_has_room_for_some(void)
{
	if (geteuid() == 0 && !KIT_SANITIZED) /* whose stacks are larger than that */
		CHECK(kit_exited(kit_child(small_host, NULL), 0));
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "nothing is taken before the first block", nothing_is_taken_before_the_first_block },
		{ "a block is zeroed, aligned, and wiped when it is freed", a_block_is_zeroed_aligned_and_wiped },
		{ "a block keeps its bytes when it is resized", a_block_keeps_its_bytes_when_it_is_resized },
		{ "blocks do not touch each other", blocks_do_not_touch_each_other },
		{ "threads share it", threads_share_it },
		{ "empty regions are given back", empty_regions_are_given_back },
		{ "a block outlives the vault until it is freed", a_block_outlives_the_vault },
		{ "what writes beyond its block closes the vault", what_writes_beyond_its_block_closes_the_vault },
		{ "without memory there is no block", without_memory_there_is_no_block },
		{ "a forked child has none of it", a_child_has_none_of_it },
		{ "a host that locks 64 KiB has room for some", a_small_host_has_room_for_some },
		{ NULL, NULL },
	};

	return unit_main("vault/heap", tests);
}
