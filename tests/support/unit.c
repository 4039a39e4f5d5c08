/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIRS_MAX 64

static char dirs[DIRS_MAX][256];
static unsigned dir_count;

const char *unit_dir(void)
{
	const char *base = getenv("TMPDIR");
	char *dir = dirs[dir_count];

	if (dir_count == DIRS_MAX)
		abort();
	(void)snprintf(dir, sizeof(dirs[0]), "%s/coffer-test-XXXXXX", base != NULL ? base : "/tmp");
	if (mkdtemp(dir) == NULL)
		abort();
	dir_count++;
	return dir;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

int unit_main(const char *suite, const struct unit_test *tests)
{
	CU_pSuite s;
	unsigned failures;

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
		(void)nftw(dirs[--dir_count], remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return failures == 0 ? 0 : 1;
}
