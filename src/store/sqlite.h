/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of the SQLite store share: sqlite.c (the file), rows.c (statements and transactions). */
#ifndef COFFER_STORE_SQLITE_H
#define COFFER_STORE_SQLITE_H

#include <sqlite3.h>

#include "store/store.h"

#define STATEMENTS 40

struct store {
	char *path;
	sqlite3 *db;
	sqlite3_file *file;
	bool journal; /* we wrote: there is a journal to take away */
	sqlite3_stmt *statement[STATEMENTS]; /* prepared at first use; index in rows.c */
};

/* SQLite's result code to a status with a sentence: "<path>: cannot <doing>: <why>". */
struct cf_status store_error(struct store *s, int rc, const char *doing) CF_CHECKED;
struct cf_status store_exec(struct store *s, const char *sql, const char *doing) CF_CHECKED;

#endif
