/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/mem.h"

/* "Cofr": PRAGMA application_id, so that file(1) and we know the file. */
#define APPLICATION_ID 0x436f6672
#define SCHEMA_VERSION 1
#define BUSY_MS 5000

/* What the file consists of, to the letter.  Nothing else may be in it: a trigger, a view, or an expression in
 * a table's definition would run code of whoever wrote it. */
static const struct table {
	const char *name, *sql;
} tables[] = {
	{ "meta", "CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID" },
	{ "wrap", "CREATE TABLE wrap(role INTEGER PRIMARY KEY, body BLOB NOT NULL, failures INTEGER NOT NULL)" },
	{ "object", "CREATE TABLE object(number INTEGER PRIMARY KEY, version INTEGER NOT NULL, private INTEGER NOT NULL,"
		    " body BLOB NOT NULL, terms BLOB NOT NULL)" },
	{ "term", "CREATE TABLE term(term BLOB, object INTEGER, PRIMARY KEY(term, object)) WITHOUT ROWID" },
	{ "node", "CREATE TABLE node(level INTEGER, position INTEGER, body BLOB NOT NULL, PRIMARY KEY(level, position))"
		  " WITHOUT ROWID" },
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* Rollback journal, truncated at commit and synced: what was committed survives a power cut, and the
 * file's change counter moves with each commit (in WAL mode it would not).  Deleted rows are overwritten.  The cache, in
 * KiB, holds the inner pages of a wallet with a million keys. */
static const char settings[] =
	"PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY;"
	"PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA cache_size=-16384;";

static enum cf_code code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return CF_CODE_NOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return CF_CODE_AGAIN;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_SCHEMA:
	case SQLITE_FORMAT:
	case SQLITE_MISMATCH:
	case SQLITE_CONSTRAINT:
	case SQLITE_TOOBIG:
	case SQLITE_ERROR: /* our own statements are right: the schema is not */
		return CF_CODE_CORRUPT;
	case SQLITE_FULL:
		return CF_CODE_FULL;
	case SQLITE_READONLY:
		return CF_CODE_READONLY;
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return CF_CODE_DENIED;
	default:
		return CF_CODE_IO;
	}
}

struct cf_status store_error(struct store *s, int rc, const char *doing)
{
	const char *why = s->db != NULL ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
	int errnum = s->db != NULL ? sqlite3_system_errno(s->db) : 0;
	enum cf_code code = code_of(rc);

	if (rc == SQLITE_READONLY_DBMOVED)
		return error_set(CF_STATUS(NOT_FOUND), "%s: was removed or replaced", s->path);
	/* SQLite asks a second time for a journal that cannot be had, and then it is missing: no record of the wallet is. */
	if (errnum == ENOENT && s->file != NULL)
		return error_set(CF_STATUS(IO), "%s: cannot %s: its journal cannot be made", s->path, doing);
	/* What the system said is nearer to the cause: no space for the journal is "cannot open" to SQLite. */
	if (errnum != 0 && (code == CF_CODE_DENIED || (code == CF_CODE_IO && (errnum == EDQUOT || errnum == ENOSPC))))
		return error_errno(errnum, "%s: cannot %s", s->path, doing);
	if (code == CF_CODE_AGAIN)
		why = "another process is using it; try again";
	if (code == CF_CODE_FULL)
		why = "no space left on the device";
	return error_set((struct cf_status){ code }, "%s: cannot %s: %s", s->path, doing, why);
}

struct cf_status store_exec(struct store *s, const char *sql, const char *doing)
{
	int rc = fault_hit(FAULT_STORE) ? SQLITE_IOERR : sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? CF_OK : store_error(s, rc, doing);
}

static struct cf_status query_number(struct store *s, const char *sql, sqlite3_int64 *out)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? CF_OK : store_error(s, rc, "read its structure");
}

static bool is_ours(sqlite3_stmt *row)
{
	const char *type = (const char *)sqlite3_column_text(row, 0);
	const char *name = (const char *)sqlite3_column_text(row, 1);
	const char *sql = (const char *)sqlite3_column_text(row, 2);

	if (type == NULL || name == NULL || sql == NULL || strcmp(type, "table") != 0)
		return false;
	for (size_t i = 0; i < TABLES; i++)
		if (strcmp(name, tables[i].name) == 0)
			return strcmp(sql, tables[i].sql) == 0;
	return false;
}

static struct cf_status check_schema(struct store *s)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(s->db, "SELECT type, name, sql FROM sqlite_schema", -1, &stmt, NULL);
	size_t ours = 0, foreign = 0;

	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(stmt);
		if (rc == SQLITE_ROW && is_ours(stmt))
			ours++;
		else if (rc == SQLITE_ROW)
			foreign++;
	}
	(void)sqlite3_finalize(stmt);
	if (rc != SQLITE_DONE)
		return store_error(s, rc, "read its structure");
	if (ours != TABLES || foreign != 0)
		return error_set(CF_STATUS(CORRUPT), "%s: its tables are not those of a wallet; something foreign was put in",
				 s->path);
	return CF_OK;
}

/* Before SQLite interprets anything: a header as we write it.  A file switched to write-ahead logging would make SQLite
 * map a second file of whoever made it, and its change counter would stand still. */
static struct cf_status check_first_bytes(struct store *s)
{
	static const char magic[16] = "SQLite format 3";
	uint8_t head[20];
	int rc = s->file->pMethods->xRead(s->file, head, (int)sizeof(head), 0);

	if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
		return store_error(s, rc, "read it");
	if (rc != SQLITE_OK || memcmp(head, magic, sizeof(magic)) != 0 || head[18] != 1 || head[19] != 1)
		return error_set(CF_STATUS(CORRUPT), "%s: not a coffer wallet", s->path);
	return CF_OK;
}

static struct cf_status check_ours(struct store *s)
{
	sqlite3_int64 id = 0, version = 0;

	CF_TRY(check_first_bytes(s));
	CF_TRY(query_number(s, "PRAGMA application_id", &id));
	if (id != APPLICATION_ID)
		return error_set(CF_STATUS(CORRUPT), "%s: not a coffer wallet", s->path);
	CF_TRY(query_number(s, "PRAGMA user_version", &version));
	if (version > SCHEMA_VERSION)
		return error_set(CF_STATUS(UNSUPPORTED), "%s: written by a later release (file version %lld)", s->path,
				 (long long)version);
	return check_schema(s);
}

static struct cf_status open_db(struct store *s, int flags)
{
	int rc = sqlite3_open_v2(s->path, &s->db,
				 flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE, NULL);

	if (rc != SQLITE_OK)
		return store_error(s, rc, "open it");
	/* No text of ours is longer, no object larger, and nothing is ever attached. */
	(void)sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, (int)STORE_BODY_MAX * 2);
	(void)sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
	(void)sqlite3_busy_timeout(s->db, BUSY_MS);
	/* Before anything is read: no function in the schema is run, nothing of the file is mapped (a file that
	 * shrinks under a mapping ends the host with SIGBUS). */
	CF_TRY(store_exec(s, "PRAGMA trusted_schema=OFF; PRAGMA mmap_size=0", "set it up"));
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &s->file);
	if (rc != SQLITE_OK || s->file == NULL || s->file->pMethods == NULL)
		return store_error(s, rc, "reach its file");
	return CF_OK;
}

/* The path without symbolic links in its directories: SQLite refuses them everywhere, we only in the last part,
 * where somebody could exchange the file. */
static struct cf_status resolve(const char *path, char **out)
{
	AUTO_FREE char *copy = mem_string(path);
	char *slash = copy != NULL ? strrchr(copy, '/') : NULL;
	const char *name = slash != NULL ? slash + 1 : path;
	char dir[PATH_MAX];
	size_t n;

	if (copy == NULL)
		return CF_STATUS(NOMEM);
	if (slash != NULL)
		*slash = '\0';
	if (realpath(slash == NULL ? "." : slash == copy ? "/" : copy, dir) == NULL)
		return error_errno(errno, "%s", path);
	n = strlen(dir) + strlen(name) + 2;
	*out = mem_alloc(n);
	if (*out == NULL)
		return CF_STATUS(NOMEM);
	(void)snprintf(*out, n, "%s/%s", dir, name);
	return CF_OK;
}

static struct cf_status store_new(const char *path, struct store **out)
{
	AUTO(store) s = NEW(store);

	if (s == NULL)
		return CF_STATUS(NOMEM);
	CF_TRY(resolve(path, &s->path));
	*out = TAKE(s);
	return CF_OK;
}

/* An empty file of our own making: SQLite would choose its mode by the umask. */
static struct cf_status make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		return error_set(CF_STATUS(EXISTS), "%s: is there already", path);
	if (fd < 0)
		return error_errno(errno, "%s: cannot be made", path);
	/* The umask may have taken too much. */
	if (fchmod(fd, 0600) != 0) {
		struct cf_status status = error_errno(errno, "%s: cannot be kept from others", path);

		(void)close(fd);
		return status;
	}
	return close(fd) == 0 ? CF_OK : error_errno(errno, "%s", path);
}

struct cf_status store_open(const char *path, struct store **out)
{
	AUTO(store) s = NULL;

	CF_TRY(store_new(path, &s));
	CF_TRY(open_db(s, SQLITE_OPEN_READWRITE));
	CF_TRY(check_ours(s));
	CF_TRY(store_exec(s, settings, "set it up"));
	*out = TAKE(s);
	return CF_OK;
}

static struct cf_status write_schema(struct store *s)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql), "PRAGMA application_id=%d; PRAGMA user_version=%d", APPLICATION_ID, SCHEMA_VERSION);
	CF_TRY(store_exec(s, sql, "write its schema"));
	for (size_t i = 0; i < TABLES; i++)
		CF_TRY(store_exec(s, tables[i].sql, "write its schema"));
	return CF_OK;
}

struct cf_status store_create(const char *path, struct store **out)
{
	AUTO(store) s = NULL;

	CF_TRY(store_new(path, &s));
	CF_TRY(make_file(s->path));
	CF_TRY(open_db(s, SQLITE_OPEN_READWRITE));
	CF_TRY(store_exec(s, settings, "set it up"));
	CF_TRY(store_begin(s));
	CF_TRY(write_schema(s));
	CF_TRY(store_commit(s));
	*out = TAKE(s);
	return CF_OK;
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize(s->statement[i]);
	if (s->db != NULL) {
		/* Takes the empty journal away, so that a wallet at rest is one file. */
		if (s->journal)
			(void)sqlite3_exec(s->db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
		(void)sqlite3_close(s->db);
	}
	mem_free(s->path);
	mem_free(s);
}

struct cf_status store_counter(struct store *s, uint64_t *counter)
{
	uint8_t be[4];
	int rc = s->file->pMethods->xRead(s->file, be, (int)sizeof(be), 24);

	if (rc != SQLITE_OK)
		return error_set(CF_STATUS(IO), "%s: cannot read its change counter", s->path);
	*counter = (uint64_t)be[0] << 24 | (uint64_t)be[1] << 16 | (uint64_t)be[2] << 8 | be[3];
	return CF_OK;
}

static struct cf_status copy_pages(struct store *from, struct store *to)
{
	sqlite3_backup *b = sqlite3_backup_init(to->db, "main", from->db, "main");
	int rc;

	if (b == NULL)
		return store_error(to, sqlite3_errcode(to->db), "write");
	do {
		rc = fault_hit(FAULT_STORE) ? SQLITE_IOERR : sqlite3_backup_step(b, -1);
	} while (rc == SQLITE_OK);
	(void)sqlite3_backup_finish(b);
	return rc == SQLITE_DONE ? CF_OK : store_error(to, rc, "write");
}

struct cf_status store_copy(struct store *s, const char *path)
{
	AUTO(store) to = NULL;

	CF_TRY(store_new(path, &to));
	CF_TRY(make_file(to->path));
	CF_TRY(open_db(to, SQLITE_OPEN_READWRITE));
	CF_TRY(store_exec(to, settings, "set it up"));
	to->journal = true;
	return copy_pages(s, to);
}

struct cf_status store_check(struct store *s)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(s->db, "PRAGMA integrity_check(1)", -1, &stmt, NULL);
	const char *answer = NULL;
	bool fine;

	if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		answer = (const char *)sqlite3_column_text(stmt, 0);
	fine = answer != NULL && strcmp(answer, "ok") == 0;
	(void)sqlite3_finalize(stmt);
	return fine ? CF_OK : error_set(CF_STATUS(CORRUPT), "%s: the database is damaged", s->path);
}

struct cf_status store_still_there(struct store *s)
{
	int moved = 0;

	if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0)
		return error_set(CF_STATUS(NOT_FOUND), "%s: was removed or replaced", s->path);
	return CF_OK;
}
