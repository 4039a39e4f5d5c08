/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check [--quick] --driver FILE --module FILE [--softhsm FILE] [--fail FILE]
 *
 * Looks for every secret, in every place, at every moment, in coffer and in the controls; prints one
 * table; its exit status says whether coffer's promises hold and the controls were found.
 * doc/memory.md explains the table.
 */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "moments.h"

static struct paths paths;

static bool option(int argc, char **argv, int *i, const char *name, const char **value)
{
	if (strcmp(argv[*i], name) != 0 || *i + 1 >= argc)
		return false;
	*value = argv[++*i];
	return true;
}

static bool parse(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--quick") == 0)
			paths.quick = true;
		else if (!option(argc, argv, &i, "--driver", &paths.driver) &&
			 !option(argc, argv, &i, "--module", &paths.coffer) &&
			 !option(argc, argv, &i, "--softhsm", &paths.softhsm_opt) &&
			 !option(argc, argv, &i, "--fail", &paths.fail))
			return false;
	}
	return paths.driver != NULL && paths.coffer != NULL;
}

int main(int argc, char **argv)
{
	(void)signal(SIGPIPE, SIG_IGN); /* a driver that ended is noticed where it is waited for */
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	if (sodium_init() < 0 || !parse(argc, argv)) {
		fprintf(stderr, "usage: check [--quick] --driver FILE --module FILE [--softhsm FILE] [--fail FILE]\n");
		return 2;
	}
	if (paths.softhsm_opt != NULL && access(paths.softhsm_opt, R_OK) != 0) {
		table_skip("SoftHSM, the control", "its module is not installed");
		paths.softhsm_opt = NULL;
	}
	for (int who = 0; who < SUBJECTS; who++)
		if (who != SUBJECT_SOFTHSM || paths.softhsm_opt != NULL)
			moments_all(&paths, (enum subject)who);
	table_print();
	return table_verdict(paths.softhsm_opt != NULL);
}
