/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/kmdfile_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "algorand/derive.h"
#include "algorand/pack.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

#define FILE_MAX ((int64_t)1 << 30)
#define URI_MAX  (3 * 4096 + 64)

/* ---- opening the file and nothing but the file ---- */

/* "file:PATH?...", with what means something in a URI escaped. */
static struct cf_status uri_of(const char *path, char uri[URI_MAX])
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
	size_t n = (size_t)snprintf(uri, URI_MAX, "file:%s", path[0] == '/' ? "" : "./");

	for (; *path != '\0'; path++) {
		if (n + 64 > URI_MAX)
			return error_set(CF_STATUS(INVALID), "the path is too long");
		if (strchr(plain, *path) != NULL)
			uri[n++] = *path;
		else
			n += (size_t)snprintf(uri + n, URI_MAX - n, "%%%02X",
					      (unsigned)(unsigned char)*path);
	}
	/* immutable: SQLite makes no lock, no journal, no shared memory beside the file. */
	(void)snprintf(uri + n, URI_MAX - n, "?mode=ro&immutable=1");
	return CF_OK;
}

struct sight {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec written;
};

static struct cf_status look(const char *path, struct sight *out)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return error_errno(errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(CF_STATUS(INVALID), "%s is no file", path);
	if (st.st_size > FILE_MAX)
		return error_set(CF_STATUS(LIMIT), "%s is larger than any KMD wallet", path);
	*out = (struct sight){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
	return CF_OK;
}

/* A journal beside the file: what the file holds is half of a change. */
static struct cf_status check_settled(const char *path)
{
	static const char *const beside[] = { "-journal", "-wal" };
	char name[4096];
	struct stat st;

	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, beside[i]);
		if (stat(name, &st) == 0 && st.st_size > 0)
			return error_set(
				CF_STATUS(AGAIN),
				"%s is there: the daemon is writing the wallet, or was killed "
				"while it did. "
				"Start it once so that it repairs the file, stop it, and try again",
				name);
	}
	return CF_OK;
}

/* The schema is a stranger's too: no view, no trigger, no function of it runs. */
static void harden(sqlite3 *db)
{
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1 << 20);
	(void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	(void)sqlite3_exec(db, "PRAGMA cell_size_check = ON", NULL, NULL, NULL);
}

static void close_db(sqlite3 **db)
{
	(void)sqlite3_close(*db);
}

static void finalize(sqlite3_stmt **stmt)
{
	(void)sqlite3_finalize(*stmt);
}

#define AUTO_DB   __attribute__((cleanup(close_db))) sqlite3 *
#define AUTO_STMT __attribute__((cleanup(finalize))) sqlite3_stmt *

static struct cf_status no_wallet(const struct kmd_file *f, sqlite3 *db)
{
	return error_set(CF_STATUS(CORRUPT), "%s is no KMD wallet (%s)", f->path,
			 sqlite3_errmsg(db));
}

/* ---- columns ---- */

/* A copy; NULL with n == 0 only when memory ran out or the value is of another kind. Text is taken where `text` says so. */
static struct cf_status copy_bytes(sqlite3_stmt *row, int column, bool text, size_t max,
				   const char *what, struct span *out)
{
	int type = sqlite3_column_type(row, column);
	const void *bytes = sqlite3_column_blob(row, column);
	size_t n = (size_t)sqlite3_column_bytes(row, column);

	if ((type != SQLITE_BLOB && !(text && type == SQLITE_TEXT)) || n > max)
		return error_set(CF_STATUS(CORRUPT),
				 "%s is no byte string of a length that a KMD wallet has", what);
	*out = span(mem_copy(n == 0 ? "" : bytes, n), n);
	return out->p == NULL ? CF_STATUS(NOMEM) : CF_OK;
}

static struct cf_status take_address(sqlite3_stmt *row, const char *table, size_t number,
				     uint8_t out[ADDRESS_SIZE])
{
	if (sqlite3_column_type(row, 0) != SQLITE_BLOB ||
	    sqlite3_column_bytes(row, 0) != ADDRESS_SIZE)
		return error_set(CF_STATUS(CORRUPT),
				 "row %zu of the table %s: its address is no 32 bytes", number,
				 table);
	memcpy(out, sqlite3_column_blob(row, 0), ADDRESS_SIZE);
	return CF_OK;
}

/* ---- the tables ---- */

static struct cf_status read_metadata(struct kmd_file *f, sqlite3 *db)
{
	AUTO_STMT row = NULL;

	if (sqlite3_prepare_v2(db,
			       "SELECT driver_name, driver_version, wallet_id, wallet_name, "
			       "mep_encrypted, mdk_encrypted,"
			       " max_key_idx_encrypted FROM metadata LIMIT 1",
			       -1, &row, NULL) != SQLITE_OK)
		return no_wallet(f, db);
	if (sqlite3_step(row) != SQLITE_ROW)
		return no_wallet(f, db);
	if (sqlite3_column_text(row, 0) == NULL ||
	    strcmp((const char *)sqlite3_column_text(row, 0), "sqlite") != 0 ||
	    sqlite3_column_type(row, 1) != SQLITE_INTEGER || sqlite3_column_int64(row, 1) != 1)
		return error_set(CF_STATUS(UNSUPPORTED),
				 "%s was not written by version 1 of KMD's \"sqlite\" driver, the "
				 "only one there is",
				 f->path);
	CF_TRY(copy_bytes(row, 2, true, KMD_NAME_MAX, "the wallet's ID", &f->id));
	CF_TRY(copy_bytes(row, 3, true, KMD_NAME_MAX, "the wallet's name", &f->name));
	CF_TRY(copy_bytes(row, 4, false, KMD_SEALED_MAX, "the wallet's master key", &f->master));
	CF_TRY(copy_bytes(row, 5, false, KMD_SEALED_MAX, "the wallet's master derivation key",
			  &f->derivation_key));
	return copy_bytes(row, 6, false, KMD_SEALED_MAX, "the wallet's highest key index",
			  &f->max_index);
}

static struct cf_status take_key(sqlite3_stmt *row, size_t number, struct kmd_key *key)
{
	char address[ADDRESS_TEXT + 1], what[128];
	sqlite3_int64 index;

	CF_TRY(take_address(row, "keys", number, key->address));
	address_encode(key->address, address);
	(void)snprintf(what, sizeof(what), "the key of %s", address);
	CF_TRY(copy_bytes(row, 1, false, KMD_SEALED_MAX, what, &key->sealed));
	if (sqlite3_column_type(row, 2) == SQLITE_NULL)
		return CF_OK;
	index = sqlite3_column_int64(row, 2);
	if (sqlite3_column_type(row, 2) != SQLITE_INTEGER ||
	    index < (sqlite3_int64)DERIVE_INDEX_FIRST)
		return error_set(CF_STATUS(CORRUPT), "%s has an index that is none", what);
	key->derived = true;
	key->index = (uint64_t)index;
	return CF_OK;
}

/* One more element of an array that grows by doubling; zeroed. NULL when memory ran out. */
static void *grow(void **array, size_t count, size_t size)
{
	if ((count & (count - 1)) == 0) {
		void *more = mem_resize(*array, (count == 0 ? 1 : 2 * count) * size);

		if (more == NULL)
			return NULL;
		*array = more;
	}
	memset((uint8_t *)*array + count * size, 0, size);
	return (uint8_t *)*array + count * size;
}

static struct cf_status duplicate(const uint8_t address[ADDRESS_SIZE], const char *table)
{
	char text[ADDRESS_TEXT + 1];

	address_encode(address, text);
	return error_set(CF_STATUS(CORRUPT), "the table %s has the address %s twice", table, text);
}

/* Both kinds of row begin with their address. */
static int compare(const void *a, const void *b)
{
	return memcmp(a, b, ADDRESS_SIZE);
}

/* In our own order: a file's index may say anything. */
static struct cf_status sort_rows(void *rows, size_t count, size_t size, const char *table)
{
	const uint8_t *row = rows;

	if (count == 0)
		return CF_OK;
	qsort(rows, count, size, compare);
	for (size_t i = 1; i < count; i++)
		if (memcmp(row + (i - 1) * size, row + i * size, ADDRESS_SIZE) == 0)
			return duplicate(row + i * size, table);
	return CF_OK;
}

static struct cf_status read_keys(struct kmd_file *f, sqlite3 *db)
{
	AUTO_STMT row = NULL;
	int rc;

	if (sqlite3_prepare_v2(
		    db, "SELECT address, secret_key_encrypted, key_idx FROM keys NOT INDEXED",
		    -1, &row, NULL) != SQLITE_OK)
		return no_wallet(f, db);
	while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
		struct kmd_key *key;

		if (f->key_count == KMD_KEYS_MAX)
			return error_set(CF_STATUS(LIMIT), "%s has more than %d keys", f->path,
					 KMD_KEYS_MAX);
		key = grow((void **)&f->key, f->key_count, sizeof(*key));
		if (key == NULL)
			return CF_STATUS(NOMEM);
		f->key_count++;
		CF_TRY(take_key(row, f->key_count, key));
	}
	if (rc != SQLITE_DONE)
		return no_wallet(f, db);
	return sort_rows(f->key, f->key_count, sizeof(*f->key), "keys");
}

/* An array of bin(32). */
static bool take_public_keys(struct span packed, uint8_t *out, size_t *count)
{
	struct unpack u = unpack_of(packed);
	uint64_t n = unpack_expect(&u, PACK_ARRAY).number;

	if (u.failed || n > MULTISIG_KEYS_MAX)
		return false;
	for (uint64_t i = 0; i < n; i++) {
		struct span key = unpack_expect(&u, PACK_BIN).bytes;

		if (key.n != ADDRESS_SIZE)
			return false;
		memcpy(out + i * ADDRESS_SIZE, key.p, ADDRESS_SIZE);
	}
	*count = (size_t)n;
	return unpack_end(&u);
}

static struct cf_status take_multisig(sqlite3_stmt *row, size_t number, struct kmd_multisig *m)
{
	sqlite3_int64 version = sqlite3_column_int64(row, 1),
		      threshold = sqlite3_column_int64(row, 2);
	uint8_t keys[MULTISIG_KEYS_MAX * ADDRESS_SIZE], address[ADDRESS_SIZE];
	char text[ADDRESS_TEXT + 1];
	size_t count;

	CF_TRY(take_address(row, "msig_addrs", number, m->address));
	address_encode(m->address, text);
	if (sqlite3_column_type(row, 3) != SQLITE_BLOB || version < 0 || version > 255 ||
	    threshold < 0 || threshold > 255 ||
	    !take_public_keys(
		    span(sqlite3_column_blob(row, 3), (size_t)sqlite3_column_bytes(row, 3)), keys,
		    &count))
		return error_set(CF_STATUS(CORRUPT),
				 "the multisig account %s has a version, threshold or public keys "
				 "that are none",
				 text);
	m->account.keys = span(mem_copy(keys, count * ADDRESS_SIZE), count * ADDRESS_SIZE);
	if (m->account.keys.p == NULL)
		return CF_STATUS(NOMEM);
	m->account.version = (uint8_t)version;
	m->account.threshold = (uint8_t)threshold;
	CF_TRY(multisig_check(&m->account));
	multisig_address(&m->account, address);
	if (memcmp(address, m->address, ADDRESS_SIZE) != 0)
		return error_set(CF_STATUS(FORGED),
				 "the multisig account %s is not the one of its public keys: its "
				 "row was changed",
				 text);
	return CF_OK;
}

static struct cf_status read_multisigs(struct kmd_file *f, sqlite3 *db)
{
	AUTO_STMT row = NULL;
	int rc;

	if (sqlite3_prepare_v2(
		    db, "SELECT address, version, threshold, pks FROM msig_addrs NOT INDEXED",
		    -1, &row, NULL) != SQLITE_OK)
		return no_wallet(f, db);
	while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
		struct kmd_multisig *m;

		if (f->multisig_count == KMD_MULTISIGS_MAX)
			return error_set(CF_STATUS(LIMIT), "%s has more than %d multisig accounts",
					 f->path, KMD_MULTISIGS_MAX);
		m = grow((void **)&f->multisig, f->multisig_count, sizeof(*m));
		if (m == NULL)
			return CF_STATUS(NOMEM);
		f->multisig_count++;
		CF_TRY(take_multisig(row, f->multisig_count, m));
	}
	if (rc != SQLITE_DONE)
		return no_wallet(f, db);
	return sort_rows(f->multisig, f->multisig_count, sizeof(*f->multisig), "msig_addrs");
}

/* Views and virtual tables have no root page. */
static struct cf_status check_tables(const struct kmd_file *f, sqlite3 *db)
{
	AUTO_STMT row = NULL;

	if (sqlite3_prepare_v2(
		    db,
		    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
		    " AND name IN ('metadata', 'keys', 'msig_addrs')",
		    -1, &row, NULL) != SQLITE_OK ||
	    sqlite3_step(row) != SQLITE_ROW)
		return no_wallet(f, db);
	return sqlite3_column_int(row, 0) == 3
		       ? CF_OK
		       : error_set(CF_STATUS(CORRUPT),
				   "%s is no KMD wallet: it lacks one of its three tables",
				   f->path);
}

static struct cf_status read_tables(struct kmd_file *f, bool metadata_only)
{
	char uri[URI_MAX];
	AUTO_DB db = NULL;

	CF_TRY(uri_of(f->path, uri));
	if (sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOFOLLOW,
			    NULL) != SQLITE_OK)
		return error_set(CF_STATUS(IO), "%s cannot be opened (%s)", f->path,
				 sqlite3_errmsg(db));
	harden(db);
	CF_TRY(check_tables(f, db));
	CF_TRY(read_metadata(f, db));
	if (metadata_only)
		return CF_OK;
	CF_TRY(read_keys(f, db));
	return read_multisigs(f, db);
}

struct cf_status kmd_file_open(const char *path, bool metadata_only, struct kmd_file **out)
{
	AUTO(kmd_file) f = NEW(kmd_file);
	char *real = realpath(path, NULL);
	struct sight before, after;

	if (f == NULL)
		return CF_STATUS(NOMEM);
	if (real == NULL)
		return error_errno(errno, "%s", path);
	f->path = mem_string(real);
	free(real);
	if (f->path == NULL)
		return CF_STATUS(NOMEM);
	CF_TRY(look(f->path, &before));
	CF_TRY(check_settled(f->path));
	CF_TRY(read_tables(f, metadata_only));
	CF_TRY(check_settled(f->path));
	CF_TRY(look(f->path, &after));
	if (before.ino != after.ino || before.dev != after.dev || before.size != after.size ||
	    before.written.tv_sec != after.written.tv_sec ||
	    before.written.tv_nsec != after.written.tv_nsec)
		return error_set(CF_STATUS(AGAIN),
				 "%s was changed while it was read: stop the daemon and try again",
				 f->path);
	*out = TAKE(f);
	return CF_OK;
}

struct cf_status kmd_file_read(const char *path, struct kmd_file **out)
{
	return kmd_file_open(path, false, out);
}

static void span_free(struct span s)
{
	mem_free((void *)(uintptr_t)s.p);
}

void kmd_file_free(struct kmd_file *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->key_count; i++)
		span_free(f->key[i].sealed);
	for (size_t i = 0; i < f->multisig_count; i++)
		span_free(f->multisig[i].account.keys);
	mem_free(f->key);
	mem_free(f->multisig);
	span_free(f->id);
	span_free(f->name);
	span_free(f->master);
	span_free(f->derivation_key);
	span_free(f->max_index);
	mem_free(f->path);
	mem_free(f);
}
