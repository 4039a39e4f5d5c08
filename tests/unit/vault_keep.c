/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/keep.h"

#include <malloc.h>
#include <pthread.h>
#include <string.h>

#include "vault_kit.h"

#define SIZE 100

struct work {
	struct keep keep;
	uint8_t first;
	bool found, same;
};

static void give(struct vault_scope *scope, void *arg)
{
	struct work *w = arg;
	uint8_t plain[SIZE];

	memset(plain, w->first, sizeof(plain));
	keep_give(scope, &w->keep, SPAN_OF(plain));
}

static void take(struct vault_scope *scope, void *arg)
{
	struct work *w = arg;
	uint8_t plain[SIZE];

	w->found = keep_take(scope, &w->keep, MSPAN_OF(plain));
	w->same = w->found && plain[0] == w->first && plain[SIZE - 1] == w->first;
}

static void take_longer(struct vault_scope *scope, void *arg)
{
	struct work *w = arg;
	uint8_t plain[SIZE + 1];

	w->found = keep_take(scope, &w->keep, MSPAN_OF(plain));
}

static size_t kept(void)
{
	struct vault_info info;

	vault_get_info(&info);
	return info.secret_count;
}

static void what_was_given_is_taken_once(void)
{
	struct work w = { .first = 7 };

	kit_open();
	REQUIRE(cf_ok(vault_run(take, &w)));
	CHECK(!w.found);
	REQUIRE(cf_ok(vault_run(give, &w)));
	CHECK(kept() == 1);
	REQUIRE(cf_ok(vault_run(take, &w)));
	CHECK(w.found && w.same && kept() == 0);
	REQUIRE(cf_ok(vault_run(take, &w)));
	CHECK(!w.found);
	vault_close();
}

static void it_lies_sealed(void)
{
	struct work w = { .first = 0xc3 };
	uint8_t plain[16];
	const void *secret;

	kit_open();
	REQUIRE(cf_ok(vault_run(give, &w)));
	secret = atomic_load(&w.keep.place[0]);
	REQUIRE(secret != NULL);
	memset(plain, w.first, sizeof(plain));
	CHECK(memmem(secret, malloc_usable_size((void *)(uintptr_t)secret), plain, sizeof(plain)) == NULL);
	keep_clear(&w.keep);
	CHECK(kept() == 0 && atomic_load(&w.keep.place[0]) == NULL);
	vault_close();
}

static void what_finds_no_place_is_dropped(void)
{
	struct work w = { .first = 1 };

	kit_open();
	for (int i = 0; i < KEEP_PLACES + 3; i++)
		REQUIRE(cf_ok(vault_run(give, &w)));
	CHECK(kept() == KEEP_PLACES);
	keep_clear(&w.keep);
	CHECK(kept() == 0);
	vault_close();
}

static void what_has_another_length_is_dropped(void)
{
	struct work w = { .first = 1 };

	kit_open();
	REQUIRE(cf_ok(vault_run(give, &w)));
	REQUIRE(cf_ok(vault_run(take_longer, &w)));
	CHECK(!w.found && kept() == 0);
	vault_close();
}

static void a_vault_that_was_closed_takes_it_along(void)
{
	struct work w = { .first = 1 };

	kit_open();
	REQUIRE(cf_ok(vault_run(give, &w)));
	vault_close();
	kit_open();
	REQUIRE(cf_ok(vault_run(take, &w)));
	CHECK(!w.found);
	vault_close();
}

static _Atomic int out[256];

/* Each that is given has a number of its own; who takes it is the only one to have it. */
static void take_and_give_back(struct vault_scope *scope, void *arg)
{
	struct work *shared = arg;
	uint8_t plain[SIZE];

	for (int i = 0; i < 200; i++) {
		if (!keep_take(scope, &shared->keep, MSPAN_OF(plain)))
			continue;
		if (atomic_fetch_add(&out[plain[0]], 1) != 0 || plain[SIZE - 1] != plain[0])
			shared->same = false;
		atomic_fetch_sub(&out[plain[0]], 1);
		keep_give(scope, &shared->keep, SPAN_OF(plain));
	}
}

static void *exchange(void *arg)
{
	return cf_ok(vault_run(take_and_give_back, arg)) ? arg : NULL;
}

static void threads_never_get_the_same(void)
{
	struct work w = { .same = true };
	pthread_t thread[3];
	void *result;

	kit_open();
	for (w.first = 1; w.first <= KEEP_PLACES; w.first++)
		REQUIRE(cf_ok(vault_run(give, &w)));
	for (size_t i = 0; i < 3; i++)
		REQUIRE(pthread_create(&thread[i], NULL, exchange, &w) == 0);
	for (size_t i = 0; i < 3; i++) {
		REQUIRE(pthread_join(thread[i], &result) == 0);
		CHECK(result == &w);
	}
	CHECK(w.same && kept() == KEEP_PLACES);
	keep_clear(&w.keep);
	CHECK(kept() == 0);
	vault_close();
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "what was given is taken once", what_was_given_is_taken_once },
		{ "it lies sealed", it_lies_sealed },
		{ "what finds no place is dropped", what_finds_no_place_is_dropped },
		{ "what has another length is dropped", what_has_another_length_is_dropped },
		{ "a vault that was closed takes it along", a_vault_that_was_closed_takes_it_along },
		{ "threads never get the same", threads_never_get_the_same },
		{ NULL, NULL },
	};

	return unit_main("vault keep", tests);
}
