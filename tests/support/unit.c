/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The reason that the file COFFER_SKIP (lines of a test's name, a tab, the reason) has for leaving a test out; NULL: it runs. */
static const char *reason_to_skip(const char *name)
{
	static char line[512];
	const char *path = getenv("COFFER_SKIP");
	FILE *f = path == NULL ? NULL : fopen(path, "re");
	const char *reason = NULL;

	while (f != NULL && reason == NULL && fgets(line, sizeof(line), f) != NULL) {
		char *tab = strchr(line, '\t');

		line[strcspn(line, "\n")] = '\0';
		if (tab == NULL)
			continue;
		*tab = '\0';
		if (strcmp(line, name) == 0)
			reason = tab + 1;
	}
	if (f != NULL)
		(void)fclose(f);
	return reason;
}

static bool add_test(CU_pSuite s, const struct unit_test *test)
{
	const char *reason = reason_to_skip(test->name);

	if (reason == NULL)
		return CU_add_test(s, test->name, test->run) != NULL;
	printf("skipped: %s: %s\n", test->name, reason);
	return true;
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
		if (!add_test(s, tests))
			return 1;
	CU_basic_set_mode(CU_BRM_VERBOSE);
	(void)CU_basic_run_tests();
	failures = CU_get_number_of_failures() + (CU_get_number_of_tests_run() == 0);
	CU_cleanup_registry();
	while (dir_count > 0)
		tempdir_remove(&dirs[--dir_count]);
	return failures == 0 ? 0 : 1;
}
