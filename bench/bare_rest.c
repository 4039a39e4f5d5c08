/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a durable key pair and a login are held against: SQLite's own insert-and-sync of two rows as large as those of a
 * key pair, in one transaction with the journal and the sync that coffer's wallets use; and Argon2id with the parameters
 * of coffer's wallets.
 */
#include <argon2.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

/* The bodies of an Ed25519 pair of a wallet are about this long. */
#define ROW_BYTES 400

struct database {
	sqlite3 *db;
	sqlite3_stmt *insert;
};

static unsigned long sqlite_open(struct subject *s, const struct settings *settings, unsigned long keys)
{
	struct database *d = calloc(1, sizeof(*d));
	char path[400];

	(void)settings;
	(void)keys;
	if (d == NULL)
		abort();
	s->own = d;
	(void)snprintf(s->version, sizeof(s->version), "%s", sqlite3_libversion());
	(void)snprintf(path, sizeof(path), "%s/bare.db", s->directory);
	if (sqlite3_open(path, &d->db) != SQLITE_OK ||
	    sqlite3_exec(d->db, "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL;"
			 "CREATE TABLE t(number INTEGER PRIMARY KEY, body BLOB NOT NULL)", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(d->db, "INSERT INTO t(body) VALUES(?1)", -1, &d->insert, NULL) != SQLITE_OK)
		return 1;
	return 0;
}

static unsigned long insert(struct database *d, const void *body)
{
	int rc = sqlite3_bind_blob(d->insert, 1, body, ROW_BYTES, SQLITE_STATIC);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(d->insert);
	(void)sqlite3_reset(d->insert);
	return rc == SQLITE_DONE ? 0 : (unsigned long)rc;
}

static unsigned long step_insert(struct lane *lane)
{
	struct database *d = lane->job->subject->own;
	unsigned long rc = (unsigned long)sqlite3_exec(d->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (rc == 0)
		rc = insert(d, lane->message);
	if (rc == 0)
		rc = insert(d, lane->message);
	return rc == 0 ? (unsigned long)sqlite3_exec(d->db, "COMMIT", NULL, NULL, NULL) : rc;
}

static unsigned long sqlite_prepare(struct subject *s, struct job *job)
{
	(void)s;
	if (job->row->op != OP_GENERATE_TOKEN)
		return NOT_OFFERED;
	job->step = step_insert;
	return 0;
}

static void sqlite_done(struct subject *s)
{
	struct database *d = s->own;

	(void)sqlite3_finalize(d->insert);
	(void)sqlite3_close(d->db);
}

const struct driver driver_sqlite = { .open = sqlite_open, .prepare = sqlite_prepare, .close = sqlite_done };

/* ---- Argon2id ---- */

static unsigned long argon2_open(struct subject *s, const struct settings *settings, unsigned long keys)
{
	(void)keys;
	(void)snprintf(s->version, sizeof(s->version), "%u KiB, %u passes", settings->argon2_kib, settings->argon2_passes);
	return 0;
}

static unsigned long step_argon2id(struct lane *lane)
{
	static const char pin[] = "user-1234", salt[] = "sixteen bytes...";
	const struct settings *s = lane->job->settings;

	return (unsigned long)argon2id_hash_raw(s->argon2_passes, s->argon2_kib, 1, pin, sizeof(pin) - 1, salt,
						sizeof(salt) - 1, lane->out, 32);
}

static unsigned long argon2_prepare(struct subject *s, struct job *job)
{
	(void)s;
	if (job->row->op != OP_LOGIN)
		return NOT_OFFERED;
	job->step = step_argon2id;
	job->batch_max = 1;
	return 0;
}

const struct driver driver_argon2 = { .open = argon2_open, .prepare = argon2_prepare };
