/* SPDX-License-Identifier: Apache-2.0 */
#include "tempdir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool tempdir_new(struct tempdir *dir)
{
	const char *base = getenv("TMPDIR");
	int n = snprintf(dir->path, sizeof(dir->path), "%s/coffer-test-XXXXXX",
			 base != NULL && base[0] != '\0' ? base : "/tmp");

	if (n > 0 && (size_t)n < sizeof(dir->path) && mkdtemp(dir->path) != NULL)
		return true;
	dir->path[0] = '\0';
	return false;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void tempdir_remove(struct tempdir *dir)
{
	if (dir->path[0] == '\0')
		return;
	if (nftw(dir->path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		fprintf(stderr, "cannot remove %s\n", dir->path);
	dir->path[0] = '\0';
}
