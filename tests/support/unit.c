/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>

#include "tempdir.h"

#define DIRS_MAX 64

static struct tempdir dirs[DIRS_MAX];
static unsigned dir_count;

const char *unit_dir(void)
{
	if (dir_count == DIRS_MAX || !tempdir_new(&dirs[dir_count]))
		abort();
	return dirs[dir_count++].path;
}

int unit_main(const char *suite, const struct unit_test *tests)
{
	CU_pSuite s;
	unsigned failures;

	/* What a test prints stays in order with what CUnit prints, and survives a crash. */
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite(suite, NULL, NULL);
	for (; s != NULL && tests->name != NULL; tests++)
		if (CU_add_test(s, tests->name, tests->run) == NULL)
			return 1;
	CU_basic_set_mode(CU_BRM_VERBOSE);
	(void)CU_basic_run_tests();
	failures = CU_get_number_of_failures() + (CU_get_number_of_tests_run() == 0);
	CU_cleanup_registry();
	while (dir_count > 0)
		tempdir_remove(&dirs[--dir_count]);
	return failures == 0 ? 0 : 1;
}
