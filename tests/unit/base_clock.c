/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <time.h>

#include "unit.h"

static void the_systems_clocks(void)
{
	uint64_t ms = clock_monotonic_ms();
	int64_t s = clock_wall_s();

	CHECK(ms > 0);
	CHECK(s >= (int64_t)time(NULL) - 1 && s <= (int64_t)time(NULL) + 1);
	(void)nanosleep(&(struct timespec){ .tv_nsec = 30 * 1000000 }, NULL);
	CHECK(clock_monotonic_ms() >= ms + 20); /* a coarse clock stands still for a tick */
}

static uint64_t still_ms(void)
{
	return 42;
}

static int64_t still_s(void)
{
	return -1;
}

static void a_test_moves_the_hands_itself(void)
{
	static const struct clock_source source = { still_ms, still_s };

	clock_set_source(&source);
	CHECK(clock_monotonic_ms() == 42 && clock_wall_s() == -1);
	clock_set_source(NULL);
	CHECK(clock_wall_s() > 1500000000);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "without a source they are the system's", the_systems_clocks },
		{ "a test moves the hands itself, and gives them back", a_test_moves_the_hands_itself },
		{ NULL, NULL },
	};

	return unit_main("base/clock", tests);
}
