/* SPDX-License-Identifier: Apache-2.0 */
/* One CUnit suite as a program: verbose, with its closing summary; exit status 1 when something failed. */
#ifndef COFFER_TESTS_UNIT_H
#define COFFER_TESTS_UNIT_H

#include <CUnit/Basic.h>

struct unit_test {
	const char *name; /* the rule that it proves */
	void (*run)(void);
};

/* `tests` ends with a NULL name. */
int unit_main(const char *suite, const struct unit_test *tests);

/* Ends the test when it fails. */
#define REQUIRE(x) CU_ASSERT_FATAL(x)
#define CHECK(x) CU_ASSERT(x)
#define CHECK_CODE(expr, expected) CU_ASSERT_EQUAL((expr).code, CF_CODE_##expected)

/* A new directory, 0700, below $TMPDIR; removed with all that is in it at exit of unit_main. Static storage until the next call. */
const char *unit_dir(void);

#endif
