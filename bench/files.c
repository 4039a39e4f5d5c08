/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void tree_remove(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* nftw has no argument of the caller's. */
static struct {
	size_t skip;
	const char *to;
} copying;

static int copy_file(const char *path, const char *to, const struct stat *st)
{
	int in = open(path, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st->st_mode & 0777);
	off_t left = st->st_size;

	while (in >= 0 && out >= 0 && left > 0) {
		ssize_t n = sendfile(out, in, NULL, (size_t)left);

		if (n <= 0)
			break;
		left -= n;
	}
	if (in < 0 || out < 0 || left > 0 || fsync(out) != 0)
		return -1;
	(void)close(in);
	return close(out);
}

static int copy_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char to[4096];

	(void)snprintf(to, sizeof(to), "%s%s", copying.to, path + copying.skip);
	if (type == FTW_D)
		return ftw->level == 0 ? 0 : mkdir(to, st->st_mode & 0777);
	return type == FTW_F ? copy_file(path, to, st) : 0;
}

bool tree_copy(const char *from, const char *to)
{
	copying.skip = strlen(from);
	copying.to = to;
	return nftw(from, copy_one, 16, FTW_PHYS) == 0;
}
