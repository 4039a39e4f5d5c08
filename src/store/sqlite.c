/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/mem.h"

/* "Cofr": PRAGMA application_id, so that file(1) and we know the file. */
#define APPLICATION_ID 0x436f6672
#define SCHEMA_VERSION 1
#define BUSY_MS 5000

/* What the file consists of. Nothing else may be in it: a trigger or view would run code of whoever wrote it. */
static const char schema[] =
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE wrap(role INTEGER PRIMARY KEY, body BLOB NOT NULL, failures INTEGER NOT NULL);"
	"CREATE TABLE object(number INTEGER PRIMARY KEY, version INTEGER NOT NULL, private INTEGER NOT NULL,"
	" body BLOB NOT NULL, terms BLOB NOT NULL);"
	"CREATE TABLE term(term BLOB, object INTEGER, PRIMARY KEY(term, object)) WITHOUT ROWID;"
	"CREATE TABLE node(level INTEGER, position INTEGER, body BLOB NOT NULL, PRIMARY KEY(level, position)) WITHOUT ROWID;";

static const char foreign_parts[] =
	"SELECT count(*) FROM sqlite_schema WHERE NOT (type = 'table' AND name IN ('meta','wrap','object','term','node'))"
	" AND NOT (type = 'index' AND name LIKE 'sqlite_autoindex_%')";

/* Rollback journal, truncated at commit and synced: what was committed survives a power cut, and the
 * file's change counter moves with each commit (in WAL mode it would not).  Deleted rows are overwritten. */
static const char settings[] =
	"PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
	"PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA cache_size=-4096;";

struct cf_status store_error(struct store *s, int rc, const char *doing)
{
	const char *why = s->db != NULL ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
	enum cf_code code = CF_CODE_IO;

	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		code = CF_CODE_NOMEM;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		code = CF_CODE_AGAIN;
		why = "another process is using it; try again";
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_SCHEMA:
	case SQLITE_FORMAT:
	case SQLITE_MISMATCH:
	case SQLITE_ERROR: /* our own statements are right: the schema is not */
		code = CF_CODE_CORRUPT;
		break;
	case SQLITE_FULL:
		code = CF_CODE_FULL;
		why = "no space left on the device";
		break;
	case SQLITE_READONLY:
		code = CF_CODE_READONLY;
		break;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		code = CF_CODE_DENIED;
		break;
	default:
		break;
	}
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

static struct cf_status check_ours(struct store *s)
{
	sqlite3_int64 id = 0, version = 0, foreign = 0;

	CF_TRY(query_number(s, "PRAGMA application_id", &id));
	if (id != APPLICATION_ID)
		return error_set(CF_STATUS(CORRUPT), "%s: not a coffer wallet", s->path);
	CF_TRY(query_number(s, "PRAGMA user_version", &version));
	if (version > SCHEMA_VERSION)
		return error_set(CF_STATUS(UNSUPPORTED), "%s: written by a later release (file version %lld)", s->path,
				 (long long)version);
	CF_TRY(query_number(s, foreign_parts, &foreign));
	if (foreign != 0)
		return error_set(CF_STATUS(CORRUPT), "%s: its schema was tampered with", s->path);
	return CF_OK;
}

static struct cf_status open_db(struct store *s, int flags)
{
	int rc = sqlite3_open_v2(s->path, &s->db,
				 flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE, NULL);

	if (rc != SQLITE_OK)
		return store_error(s, rc, "open it");
	(void)sqlite3_busy_timeout(s->db, BUSY_MS);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &s->file);
	if (rc != SQLITE_OK || s->file == NULL || s->file->pMethods == NULL)
		return store_error(s, rc, "reach its file");
	return CF_OK;
}

static struct cf_status store_new(const char *path, struct store **out)
{
	struct store *s = NEW(store);

	if (s == NULL)
		return CF_STATUS(NOMEM);
	s->path = mem_string(path);
	if (s->path == NULL) {
		mem_free(s);
		return CF_STATUS(NOMEM);
	}
	*out = s;
	return CF_OK;
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

struct cf_status store_create(const char *path, struct store **out)
{
	AUTO(store) s = NULL;
	struct stat st;
	char sql[128];

	if (lstat(path, &st) == 0)
		return error_set(CF_STATUS(EXISTS), "%s: is there already", path);
	CF_TRY(store_new(path, &s));
	CF_TRY(open_db(s, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
	if (chmod(path, 0600) != 0)
		return error_errno(errno, "%s", path);
	(void)sqlite3_snprintf((int)sizeof(sql), sql, "PRAGMA application_id=%d; PRAGMA user_version=%d;", APPLICATION_ID,
			       SCHEMA_VERSION);
	CF_TRY(store_exec(s, settings, "set it up"));
	CF_TRY(store_exec(s, sql, "set it up"));
	CF_TRY(store_begin(s));
	CF_TRY(store_exec(s, schema, "write its schema"));
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

struct cf_status store_begin(struct store *s)
{
	s->journal = true;
	return store_exec(s, "BEGIN IMMEDIATE", "write");
}

struct cf_status store_commit(struct store *s)
{
	struct cf_status status = store_exec(s, "COMMIT", "write");

	if (cf_failed(status))
		store_rollback(s);
	return status;
}

void store_rollback(struct store *s)
{
	/* After some errors SQLite has rolled back by itself. */
	if (sqlite3_get_autocommit(s->db) == 0)
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

struct cf_status store_snapshot(struct store *s)
{
	return store_exec(s, "BEGIN", "read");
}

void store_snapshot_end(struct store *s)
{
	store_rollback(s);
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
	struct stat st;

	if (lstat(path, &st) == 0)
		return error_set(CF_STATUS(EXISTS), "%s: is there already", path);
	CF_TRY(store_new(path, &to));
	CF_TRY(open_db(to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
	if (chmod(path, 0600) != 0)
		return error_errno(errno, "%s", path);
	CF_TRY(store_exec(to, settings, "set it up"));
	to->journal = true;
	return copy_pages(s, to);
}

struct cf_status store_check(struct store *s)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(s->db, "PRAGMA integrity_check(1)", -1, &stmt, NULL);
	bool fine = false;

	if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		fine = strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
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
