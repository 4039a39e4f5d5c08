/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "unit.h"

static bool all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void new_memory_is_zero(void)
{
	/* Dirty blocks of the same size go back to the allocator first. */
	for (size_t n = 1; n < 5000; n = 2 * n + 1) {
		uint8_t *p = mem_alloc(n);

		REQUIRE(p != NULL);
		memset(p, 0xa5, n);
		mem_free(p);
		p = mem_alloc(n);
		REQUIRE(p != NULL);
		CHECK(all_zero(p, n));
		mem_free(p);
	}
}

static void nothing_is_still_a_pointer(void)
{
	void *p = mem_alloc(0), *a = mem_array(0, 8), *c = mem_copy(NULL, 0);

	CHECK(p != NULL && a != NULL && c != NULL);
	p = mem_resize(p, 0);
	CHECK(p != NULL);
	mem_free(p);
	mem_free(a);
	mem_free(c);
	mem_free(NULL);
}

static void an_array_that_would_wrap_is_refused(void)
{
	volatile size_t many = SIZE_MAX / 2; /* not for the compiler to fold */

	CHECK(mem_array(many, 4) == NULL);
	CHECK(mem_array(many, 3) == NULL);
}

static void copies_are_copies(void)
{
	char original[] = "text";
	char *s = mem_string(original), *c = mem_copy(original, 2);

	REQUIRE(s != NULL && c != NULL);
	original[0] = 'n';
	CHECK(strcmp(s, "text") == 0 && memcmp(c, "te", 2) == 0);
	mem_free(s);
	mem_free(c);
}

static bool fail(enum fault_kind kind)
{
	return kind == FAULT_ALLOC;
}

static void every_allocation_can_fail_and_the_old_block_stays(void)
{
	char *s = mem_string("kept");

	REQUIRE(s != NULL);
	atomic_store(&fault_hook, fail);
	CHECK(mem_alloc(1) == NULL && mem_array(1, 1) == NULL && mem_copy("x", 1) == NULL && mem_string("x") == NULL);
	CHECK(mem_resize(s, 1000) == NULL);
	atomic_store(&fault_hook, NULL);
	CHECK(strcmp(s, "kept") == 0);
	mem_free(s);
}

struct thing {
	int released;
};

static void thing_release(struct thing *t)
{
	if (t != NULL)
		t->released++;
}

AUTO_DEFINE(thing, thing_release)

static struct thing *hand_over(struct thing *t)
{
	AUTO(thing) owned = t;

	return TAKE(owned);
}

static void let_go(struct thing *t)
{
	AUTO(thing) owned __attribute__((unused)) = t;
	AUTO_FREE char *text = mem_string("freed by the end of the scope");

	CHECK(text != NULL);
}

static void what_is_taken_is_not_released(void)
{
	struct thing t = { 0 };

	CHECK(hand_over(&t) == &t && t.released == 0);
	let_go(&t);
	CHECK(t.released == 1);
	let_go(NULL);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "new memory is zero", new_memory_is_zero },
		{ "a size of nothing gives a pointer that can be freed", nothing_is_still_a_pointer },
		{ "an array that would wrap is refused", an_array_that_would_wrap_is_refused },
		{ "copies are copies", copies_are_copies },
		{ "every allocation can fail, and the old block stays", every_allocation_can_fail_and_the_old_block_stays },
		{ "AUTO releases at the end of the scope, TAKE hands over", what_is_taken_is_not_released },
		{ NULL, NULL },
	};

	return unit_main("base/mem", tests);
}
