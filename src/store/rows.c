/* SPDX-License-Identifier: Apache-2.0 */
/* One row in `sql` for each statement; a function for each use. */
#include "store/sqlite.h"

#include "base/error.h"
#include "base/fault.h"

enum statement {
	BEGIN_READ,
	BEGIN_WRITE,
	BEGIN_ALONE,
	FIRST_READ,
	COMMIT,
	ROLLBACK,
	META_GET,
	META_PUT,
	WRAP_GET,
	WRAP_PUT,
	WRAP_FAILURES,
	WRAP_REMOVE,
	WRAP_NEXT,
	OBJECT_GET,
	OBJECT_NEXT,
	OBJECT_PUT,
	OBJECT_REMOVE,
	OBJECT_LIST,
	OBJECT_COUNT,
	TERM_PUT,
	TERM_REMOVE,
	TERM_THERE,
	TERM_COUNT,
	NODE_GET,
	NODE_PUT,
	FIND_1, /* with 1 to STORE_TERMS_MAX terms */
	FIND_LAST = FIND_1 + STORE_TERMS_MAX - 1,
	STATEMENT_COUNT
};

_Static_assert((int)STATEMENT_COUNT <= STATEMENTS, "room for every statement");

/* The first term drives, in the order of the primary key; the others are looked up for each candidate. */
#define ALSO(n) " AND EXISTS(SELECT 1 FROM term u WHERE u.term=?" #n " AND u.object=t.object)"
#define FIND(also) "SELECT object FROM term t WHERE t.term=?3 AND t.object>?1" also " ORDER BY t.object LIMIT ?2"

static const char *const sql[STATEMENT_COUNT] = {
	[BEGIN_READ] = "BEGIN",
	[BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[BEGIN_ALONE] = "BEGIN EXCLUSIVE",
	[FIRST_READ] = "SELECT 1 FROM meta LIMIT 1",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[META_GET] = "SELECT value FROM meta WHERE name=?1",
	[META_PUT] = "INSERT INTO meta VALUES(?1,?2) ON CONFLICT(name) DO UPDATE SET value=?2",
	[WRAP_GET] = "SELECT body, failures FROM wrap WHERE role=?1",
	[WRAP_PUT] = "INSERT INTO wrap VALUES(?1,?2,0) ON CONFLICT(role) DO UPDATE SET body=?2, failures=0",
	[WRAP_FAILURES] = "UPDATE wrap SET failures=?2 WHERE role=?1",
	[WRAP_REMOVE] = "DELETE FROM wrap WHERE role=?1",
	[WRAP_NEXT] = "SELECT role, body, failures FROM wrap WHERE role>=?1 ORDER BY role LIMIT 1",
	[OBJECT_GET] = "SELECT number, version, private, body, terms FROM object WHERE number=?1",
	[OBJECT_NEXT] = "SELECT number, version, private, body, terms FROM object WHERE number>?1 ORDER BY number LIMIT 1",
	[OBJECT_PUT] = "INSERT INTO object VALUES(?1,?2,?3,?4,?5) ON CONFLICT(number) DO UPDATE SET"
		       " version=?2, private=?3, body=?4, terms=?5",
	[OBJECT_REMOVE] = "DELETE FROM object WHERE number=?1",
	[OBJECT_LIST] = "SELECT number FROM object WHERE number>?1 AND private=?3 ORDER BY number LIMIT ?2",
	[OBJECT_COUNT] = "SELECT count(*) FROM object",
	[TERM_PUT] = "INSERT OR IGNORE INTO term VALUES(?1,?2)",
	[TERM_REMOVE] = "DELETE FROM term WHERE term=?1 AND object=?2",
	[TERM_THERE] = "SELECT 1 FROM term WHERE term=?1 AND object=?2",
	[TERM_COUNT] = "SELECT count(*) FROM term",
	[NODE_GET] = "SELECT body FROM node WHERE level=?1 AND position=?2",
	[NODE_PUT] = "INSERT INTO node VALUES(?1,?2,?3) ON CONFLICT(level, position) DO UPDATE SET body=?3",
	[FIND_1] = FIND(""),
	[FIND_1 + 1] = FIND(ALSO(4)),
	[FIND_1 + 2] = FIND(ALSO(4) ALSO(5)),
	[FIND_1 + 3] = FIND(ALSO(4) ALSO(5) ALSO(6)),
	[FIND_1 + 4] = FIND(ALSO(4) ALSO(5) ALSO(6) ALSO(7)),
	[FIND_1 + 5] = FIND(ALSO(4) ALSO(5) ALSO(6) ALSO(7) ALSO(8)),
	[FIND_1 + 6] = FIND(ALSO(4) ALSO(5) ALSO(6) ALSO(7) ALSO(8) ALSO(9)),
	[FIND_1 + 7] = FIND(ALSO(4) ALSO(5) ALSO(6) ALSO(7) ALSO(8) ALSO(9) ALSO(10)),
};

static void reset_statement(sqlite3_stmt **stmt)
{
	if (*stmt != NULL) {
		(void)sqlite3_reset(*stmt);
		(void)sqlite3_clear_bindings(*stmt);
	}
}

/* A statement in use; reset at the end of the scope. */
#define STMT __attribute__((cleanup(reset_statement))) sqlite3_stmt

static struct cf_status prepare(struct store *s, enum statement which, sqlite3_stmt **out)
{
	sqlite3_stmt **kept = &s->statement[which];

	if (*kept == NULL) {
		int rc = sqlite3_prepare_v3(s->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, kept, NULL);

		if (rc != SQLITE_OK)
			return store_error(s, rc, "read it");
	}
	*out = *kept;
	return CF_OK;
}

static void bind_number(sqlite3_stmt *stmt, int at, uint64_t v)
{
	(void)sqlite3_bind_int64(stmt, at, (sqlite3_int64)v);
}

static void bind_bytes(sqlite3_stmt *stmt, int at, struct span v)
{
	/* A NULL pointer would bind SQL NULL. */
	(void)sqlite3_bind_blob64(stmt, at, v.n == 0 ? (const uint8_t *)"" : v.p, v.n, SQLITE_STATIC);
}

static struct cf_status step_row(struct store *s, sqlite3_stmt *stmt)
{
	int rc = fault_hit(FAULT_STORE) ? SQLITE_IOERR : sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		return CF_OK;
	return rc == SQLITE_DONE ? CF_STATUS(NOT_FOUND) : store_error(s, rc, "read it");
}

static struct cf_status step_done(struct store *s, sqlite3_stmt *stmt)
{
	int rc = fault_hit(FAULT_STORE) ? SQLITE_IOERR : sqlite3_step(stmt);

	return rc == SQLITE_DONE ? CF_OK : store_error(s, rc, "write");
}

/* ---- transactions: prepared too, since parsing one takes longer than running it ---- */

static struct cf_status run(struct store *s, enum statement which, const char *doing)
{
	STMT *stmt = NULL;
	int rc;

	CF_TRY(prepare(s, which, &stmt));
	rc = fault_hit(FAULT_STORE) ? SQLITE_IOERR : sqlite3_step(stmt);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? CF_OK : store_error(s, rc, doing);
}

struct cf_status store_begin(struct store *s)
{
	s->journal = true;
	return run(s, BEGIN_WRITE, "write");
}

struct cf_status store_commit(struct store *s)
{
	struct cf_status status = run(s, COMMIT, "write");

	if (cf_failed(status))
		store_rollback(s);
	return status;
}

void store_rollback(struct store *s)
{
	STMT *stmt = NULL;

	/* After some errors SQLite has rolled back by itself. */
	if (sqlite3_get_autocommit(s->db) == 0 && cf_ok(prepare(s, ROLLBACK, &stmt)))
		(void)sqlite3_step(stmt);
}

struct cf_status store_lock_out(struct store *s)
{
	return run(s, BEGIN_ALONE, "be used alone");
}

struct cf_status store_snapshot(struct store *s)
{
	struct cf_status status;

	/* BEGIN takes no lock yet: the first read does, and the counter must be read after that. */
	CF_TRY(run(s, BEGIN_READ, "read"));
	status = run(s, FIRST_READ, "read");
	if (cf_failed(status))
		store_rollback(s);
	return status;
}

void store_snapshot_end(struct store *s)
{
	store_rollback(s);
}

/* ---- rows ---- */

static struct cf_status column_bytes(sqlite3_stmt *stmt, int at, struct buf *out)
{
	const void *p = sqlite3_column_blob(stmt, at);
	int n = sqlite3_column_bytes(stmt, at);

	buf_clear(out);
	buf_bytes(out, span(p, p == NULL || n < 0 ? 0 : (size_t)n));
	return buf_status(out);
}

struct cf_status store_meta_get(struct store *s, const char *name, struct buf *out)
{
	STMT *stmt = NULL;

	CF_TRY(prepare(s, META_GET, &stmt));
	(void)sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	CF_TRY(step_row(s, stmt));
	return column_bytes(stmt, 0, out);
}

struct cf_status store_meta_put(struct store *s, const char *name, struct span value)
{
	STMT *stmt = NULL;

	CF_TRY(prepare(s, META_PUT, &stmt));
	(void)sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	bind_bytes(stmt, 2, value);
	return step_done(s, stmt);
}

static uint32_t column_failures(sqlite3_stmt *stmt, int column)
{
	sqlite3_int64 n = sqlite3_column_int64(stmt, column);

	return n < 0 || n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

struct cf_status store_wrap_get(struct store *s, unsigned role, struct buf *wrap, uint32_t *failures)
{
	STMT *stmt = NULL;

	CF_TRY(prepare(s, WRAP_GET, &stmt));
	bind_number(stmt, 1, role);
	CF_TRY(step_row(s, stmt));
	*failures = column_failures(stmt, 1);
	return column_bytes(stmt, 0, wrap);
}

/* A damaged tree may give rows in any order, and then a walk that believed it would not end. */
static struct cf_status out_of_order(const struct store *s)
{
	return error_set(CF_STATUS(CORRUPT), "%s: the database is damaged", s->path);
}

struct cf_status store_wrap_next(struct store *s, unsigned from, unsigned *role, struct buf *wrap, uint32_t *failures)
{
	STMT *stmt = NULL;
	sqlite3_int64 n;

	CF_TRY(prepare(s, WRAP_NEXT, &stmt));
	bind_number(stmt, 1, from);
	CF_TRY(step_row(s, stmt));
	n = sqlite3_column_int64(stmt, 0);
	if (n > UINT32_MAX || n < (sqlite3_int64)from)
		return out_of_order(s);
	*role = (unsigned)n;
	*failures = column_failures(stmt, 2);
	return column_bytes(stmt, 1, wrap);
}

struct cf_status store_wraps_clear(struct store *s)
{
	return store_exec(s, "DELETE FROM wrap;", "write");
}

struct cf_status store_wrap_put(struct store *s, unsigned role, struct span wrap)
{
	STMT *stmt = NULL;

	CF_TRY(prepare(s, WRAP_PUT, &stmt));
	bind_number(stmt, 1, role);
	bind_bytes(stmt, 2, wrap);
	return step_done(s, stmt);
}

struct cf_status store_wrap_failures(struct store *s, unsigned role, uint32_t failures)
{
	STMT *stmt = NULL;

	CF_TRY(prepare(s, WRAP_FAILURES, &stmt));
	bind_number(stmt, 1, role);
	bind_number(stmt, 2, failures);
	return step_done(s, stmt);
}

struct cf_status store_wrap_remove(struct store *s, unsigned role)
{
	STMT *stmt = NULL;

	CF_TRY(prepare(s, WRAP_REMOVE, &stmt));
	bind_number(stmt, 1, role);
	return step_done(s, stmt);
}

void store_object_release(struct store_object *o)
{
	buf_release(&o->body);
	buf_release(&o->terms);
}

static struct cf_status object_row(struct store *s, enum statement which, uint64_t number, struct store_object *out)
{
	STMT *stmt = NULL;

	CF_TRY(prepare(s, which, &stmt));
	bind_number(stmt, 1, number);
	CF_TRY(step_row(s, stmt));
	out->number = (uint64_t)sqlite3_column_int64(stmt, 0);
	out->version = (uint64_t)sqlite3_column_int64(stmt, 1);
	out->is_private = sqlite3_column_int64(stmt, 2) != 0;
	CF_TRY(column_bytes(stmt, 3, &out->body));
	return column_bytes(stmt, 4, &out->terms);
}

struct cf_status store_object_get(struct store *s, uint64_t number, struct store_object *out)
{
	return object_row(s, OBJECT_GET, number, out);
}

struct cf_status store_object_next(struct store *s, uint64_t after, struct store_object *out)
{
	CF_TRY(object_row(s, OBJECT_NEXT, after, out));
	return out->number > after ? CF_OK : out_of_order(s);
}

static struct cf_status each_term(struct store *s, enum statement which, struct span terms, uint64_t number)
{
	for (; terms.n >= STORE_TERM_SIZE; terms = span_skip(terms, STORE_TERM_SIZE)) {
		STMT *stmt = NULL;

		CF_TRY(prepare(s, which, &stmt));
		bind_bytes(stmt, 1, span(terms.p, STORE_TERM_SIZE));
		bind_number(stmt, 2, number);
		CF_TRY(step_done(s, stmt));
	}
	return CF_OK;
}

/* The terms of the version that is there go from the index. */
static struct cf_status drop_terms(struct store *s, uint64_t number)
{
	AUTO_STORE_OBJECT old = STORE_OBJECT_INIT;
	struct cf_status status = store_object_get(s, number, &old);

	if (cf_is(status, CF_CODE_NOT_FOUND))
		return CF_OK;
	CF_TRY(status);
	return each_term(s, TERM_REMOVE, buf_span(&old.terms), number);
}

struct cf_status store_object_put(struct store *s, const struct store_object *o)
{
	STMT *stmt = NULL;

	CF_TRY(drop_terms(s, o->number));
	CF_TRY(prepare(s, OBJECT_PUT, &stmt));
	bind_number(stmt, 1, o->number);
	bind_number(stmt, 2, o->version);
	bind_number(stmt, 3, o->is_private ? 1 : 0);
	bind_bytes(stmt, 4, buf_span(&o->body));
	bind_bytes(stmt, 5, buf_span(&o->terms));
	CF_TRY(step_done(s, stmt));
	return each_term(s, TERM_PUT, buf_span(&o->terms), o->number);
}

struct cf_status store_object_remove(struct store *s, uint64_t number)
{
	STMT *stmt = NULL;

	CF_TRY(drop_terms(s, number));
	CF_TRY(prepare(s, OBJECT_REMOVE, &stmt));
	bind_number(stmt, 1, number);
	return step_done(s, stmt);
}

static struct cf_status collect(struct store *s, sqlite3_stmt *stmt, uint64_t after, uint64_t *numbers, size_t max,
				size_t *found)
{
	*found = 0;
	while (*found < max) {
		struct cf_status status = step_row(s, stmt);

		if (cf_is(status, CF_CODE_NOT_FOUND))
			return CF_OK;
		CF_TRY(status);
		numbers[*found] = (uint64_t)sqlite3_column_int64(stmt, 0);
		if (numbers[*found] <= after)
			return out_of_order(s);
		after = numbers[(*found)++];
	}
	return CF_OK;
}

struct cf_status store_find(struct store *s, bool is_private, const uint8_t (*terms)[STORE_TERM_SIZE], size_t count,
			    uint64_t after, uint64_t *numbers, size_t max, size_t *found)
{
	STMT *stmt = NULL;
	size_t used = count < STORE_TERMS_MAX ? count : STORE_TERMS_MAX;

	*found = 0;
	/* SQLite's integers end there, and no object has such a number. */
	if (after > INT64_MAX)
		return CF_OK;
	CF_TRY(prepare(s, used == 0 ? OBJECT_LIST : (enum statement)((size_t)FIND_1 + used - 1), &stmt));
	bind_number(stmt, 1, after);
	bind_number(stmt, 2, max);
	if (used == 0)
		bind_number(stmt, 3, is_private ? 1 : 0);
	for (size_t i = 0; i < used; i++)
		bind_bytes(stmt, (int)(3 + i), span(terms[i], STORE_TERM_SIZE));
	return collect(s, stmt, after, numbers, max, found);
}

static struct cf_status count_rows(struct store *s, enum statement which, uint64_t *count)
{
	STMT *stmt = NULL;

	CF_TRY(prepare(s, which, &stmt));
	CF_TRY(step_row(s, stmt));
	*count = (uint64_t)sqlite3_column_int64(stmt, 0);
	return CF_OK;
}

struct cf_status store_terms_count(struct store *s, uint64_t *count)
{
	return count_rows(s, TERM_COUNT, count);
}

struct cf_status store_objects_count(struct store *s, uint64_t *count)
{
	return count_rows(s, OBJECT_COUNT, count);
}

struct cf_status store_term_there(struct store *s, const uint8_t term[STORE_TERM_SIZE], uint64_t number, bool *there)
{
	STMT *stmt = NULL;
	struct cf_status status;

	CF_TRY(prepare(s, TERM_THERE, &stmt));
	bind_bytes(stmt, 1, span(term, STORE_TERM_SIZE));
	bind_number(stmt, 2, number);
	status = step_row(s, stmt);
	*there = cf_ok(status);
	return cf_is(status, CF_CODE_NOT_FOUND) ? CF_OK : status;
}

struct cf_status store_node_get(struct store *s, unsigned level, uint64_t position, struct buf *out)
{
	STMT *stmt = NULL;

	CF_TRY(prepare(s, NODE_GET, &stmt));
	bind_number(stmt, 1, level);
	bind_number(stmt, 2, position);
	CF_TRY(step_row(s, stmt));
	return column_bytes(stmt, 0, out);
}

struct cf_status store_node_put(struct store *s, unsigned level, uint64_t position, struct span body)
{
	STMT *stmt = NULL;

	CF_TRY(prepare(s, NODE_PUT, &stmt));
	bind_number(stmt, 1, level);
	bind_number(stmt, 2, position);
	bind_bytes(stmt, 3, body);
	return step_done(s, stmt);
}

struct cf_status store_clear(struct store *s)
{
	return store_exec(s, "DELETE FROM object; DELETE FROM term; DELETE FROM node;", "write");
}
