/* SPDX-License-Identifier: Apache-2.0 */
/* Temporary directories for tests: below $TMPDIR, 0700, and nothing of them stays behind. */
#ifndef COFFER_TESTS_TEMPDIR_H
#define COFFER_TESTS_TEMPDIR_H

#include <stdbool.h>

struct tempdir {
	char path[256];
};

/* Makes a new empty directory; false, and path "", when that fails. */
bool tempdir_new(struct tempdir *dir);

/* Removes it with all that is in it, following no link; does nothing when path is "". */
void tempdir_remove(struct tempdir *dir);

#endif
