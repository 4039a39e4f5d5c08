/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of a run. */
#ifndef COFFER_BENCH_FILES_H
#define COFFER_BENCH_FILES_H

#include <stdbool.h>

/* With all that is in it, following no link. */
void tree_remove(const char *path);
/* Directories and plain files of `from` into the directory `to`, which is there; synced. */
bool tree_copy(const char *from, const char *to);

#endif
