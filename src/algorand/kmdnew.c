/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/kmdnew.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "algorand/pack.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/mem.h"
#include "vault/interrupt.h"
#include "vault/secret.h"

struct kmd_new {
	sqlite3 *db;
	char *path, *beside;
	struct secret *master;
	bool made; /* the file beside is ours */
};

/* The daemon's own text, tabs included. */
static const char schema[] = "PRAGMA journal_mode = DELETE;"
			     "PRAGMA secure_delete = ON;"
			     "BEGIN EXCLUSIVE;"
			     "CREATE TABLE metadata (\n"
			     "\tdriver_name TEXT NOT NULL,\n"
			     "\tdriver_version INT NOT NULL,\n"
			     "\twallet_id TEXT NOT NULL UNIQUE,\n"
			     "\twallet_name TEXT NOT NULL,\n"
			     "\tmep_encrypted BLOB NOT NULL,\n"
			     "\tmdk_encrypted BLOB NOT NULL,\n"
			     "\tmax_key_idx_encrypted BLOB NOT NULL\n"
			     ");"
			     "CREATE TABLE keys (\n"
			     "\taddress BLOB PRIMARY KEY,\n"
			     "\tsecret_key_encrypted BLOB NOT NULL,\n"
			     "\tkey_idx INT\n"
			     ");"
			     "CREATE TABLE msig_addrs (\n"
			     "\taddress BLOB PRIMARY KEY,\n"
			     "\tversion INT NOT NULL,\n"
			     "\tthreshold INT NOT NULL,\n"
			     "\tpks BLOB NOT NULL\n"
			     ");";

static struct cf_status db_failed(const struct kmd_new *w)
{
	enum cf_code code = sqlite3_errcode(w->db) == SQLITE_FULL ? CF_CODE_FULL : CF_CODE_IO;

	return error_set((struct cf_status){ code }, "%s cannot be written (%s)", w->beside,
			 sqlite3_errmsg(w->db));
}

static struct cf_status db_run(const struct kmd_new *w, const char *sql)
{
	return sqlite3_exec(w->db, sql, NULL, NULL, NULL) == SQLITE_OK ? CF_OK : db_failed(w);
}

/* ---- names ---- */

static bool is_safe(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

char *kmd_new_file_name(struct span name, const char *id)
{
	char *text = mem_alloc(name.n + strlen(id) + 5);
	size_t n = 0;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < name.n; i++)
		if (is_safe(name.p[i]))
			text[n++] = (char)name.p[i];
	(void)snprintf(text + n, strlen(id) + 5, ".%s.db", id);
	return text;
}

void kmd_new_id(char id[KMD_ID_SIZE + 1])
{
	uint8_t random[KMD_ID_SIZE / 2];

	randombytes_buf(random, sizeof(random));
	hex_encode(SPAN_OF(random), id);
}

/* ---- the wallet's own values ---- */

struct beginning {
	const struct kmd_new_request *request;
	struct secret **master;
	uint8_t blob[3][KMD_BLOB_MAX];
	size_t n[3];
	struct cf_status status;
};

static struct cf_status begin_in(struct vault_scope *scope, struct beginning *b)
{
	const struct kmd_new_request *r = b->request;
	uint8_t master[KMD_KEY_SIZE];

	interrupt_presume(); /* random numbers come by a system call */
	randombytes_buf(master, sizeof(master));
	CF_TRY(kmd_seal_master(scope, master, r->password, &r->scrypt, MSPAN_OF(b->blob[0]),
			       &b->n[0]));
	CF_TRY(kmd_seal_derivation_key(scope, master, r->derivation_key.p, MSPAN_OF(b->blob[1]),
				       &b->n[1]));
	CF_TRY(kmd_seal_max_index(scope, master, r->max_index, MSPAN_OF(b->blob[2]), &b->n[2]));
	return secret_seal(scope, SPAN_OF(master), b->master);
}

static void begin_scope(struct vault_scope *scope, void *arg)
{
	struct beginning *b = arg;

	b->status = begin_in(scope, b);
}

/* Bytes go into columns of text as the daemon puts them there: as blobs. */
static struct cf_status insert_metadata(struct kmd_new *w, const struct beginning *b,
					const char *id)
{
	sqlite3_stmt *row = NULL;
	bool done;

	if (sqlite3_prepare_v2(w->db,
			       "INSERT INTO metadata VALUES ('sqlite', 1, ?1, ?2, ?3, ?4, ?5)", -1,
			       &row, NULL) != SQLITE_OK)
		return db_failed(w);
	(void)sqlite3_bind_blob(row, 1, id, KMD_ID_SIZE, SQLITE_STATIC);
	(void)sqlite3_bind_blob(row, 2, b->request->name.p, (int)b->request->name.n, SQLITE_STATIC);
	for (int i = 0; i < 3; i++)
		(void)sqlite3_bind_blob(row, 3 + i, b->blob[i], (int)b->n[i], SQLITE_STATIC);
	done = sqlite3_step(row) == SQLITE_DONE;
	(void)sqlite3_finalize(row);
	return done ? CF_OK : db_failed(w);
}

/* A new file that only its owner can read. */
static struct cf_status open_beside(struct kmd_new *w)
{
	int fd;

	if (access(w->path, F_OK) == 0)
		return error_set(CF_STATUS(EXISTS), "%s is there already", w->path);
	fd = open(w->beside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(errno, "%s", w->beside);
	(void)close(fd);
	w->made = true;
	if (sqlite3_open_v2(w->beside, &w->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return db_failed(w);
	return db_run(w, schema);
}

struct cf_status kmd_new_begin(const struct kmd_new_request *request, struct kmd_new **out)
{
	AUTO(kmd_new) w = NEW(kmd_new);
	char id[KMD_ID_SIZE + 1];
	struct beginning b = { .request = request, .status = CF_OK };

	if (w == NULL)
		return CF_STATUS(NOMEM);
	if (request->name.n == 0 || request->name.n > KMD_NAME_WANTED)
		return error_set(CF_STATUS(INVALID), "a KMD wallet's name has 1 to %d bytes",
				 KMD_NAME_WANTED);
	w->path = mem_string(request->path);
	w->beside = mem_alloc(strlen(request->path) + sizeof(".new"));
	if (w->path == NULL || w->beside == NULL)
		return CF_STATUS(NOMEM);
	(void)snprintf(w->beside, strlen(request->path) + sizeof(".new"), "%s.new", request->path);
	CF_TRY(open_beside(w));
	b.master = &w->master;
	CF_TRY(vault_run(begin_scope, &b));
	CF_TRY(b.status);
	kmd_new_id(id);
	CF_TRY(insert_metadata(w, &b, id));
	*out = TAKE(w);
	return CF_OK;
}

/* ---- rows ---- */

struct sealing {
	const struct secret *master;
	struct span seed;
	const uint8_t *address;
	uint8_t blob[KMD_BLOB_MAX];
	size_t n;
	struct cf_status status;
};

static void seal_scope(struct vault_scope *scope, void *arg)
{
	struct sealing *s = arg;
	uint8_t master[KMD_KEY_SIZE];

	s->status = secret_open(scope, s->master, MSPAN_OF(master));
	if (cf_ok(s->status))
		s->status = kmd_seal_seed(scope, master, s->seed.p, s->address, MSPAN_OF(s->blob),
					  &s->n);
}

static struct cf_status insert(struct kmd_new *w, sqlite3_stmt *row, const char *what)
{
	int rc = sqlite3_step(row);

	(void)sqlite3_finalize(row);
	if (rc == SQLITE_CONSTRAINT)
		return error_set(CF_STATUS(EXISTS), "the %s is in the wallet already", what);
	return rc == SQLITE_DONE ? CF_OK : db_failed(w);
}

struct cf_status kmd_new_key(struct kmd_new *w, struct span seed,
			     const uint8_t address[ADDRESS_SIZE], uint64_t index)
{
	struct sealing s = { .master = w->master, .seed = seed, .address = address, .status = CF_OK };
	sqlite3_stmt *row = NULL;

	CF_TRY(vault_run(seal_scope, &s));
	CF_TRY(s.status);
	if (sqlite3_prepare_v2(w->db, "INSERT INTO keys VALUES (?1, ?2, ?3)", -1, &row, NULL) !=
	    SQLITE_OK)
		return db_failed(w);
	(void)sqlite3_bind_blob(row, 1, address, ADDRESS_SIZE, SQLITE_STATIC);
	(void)sqlite3_bind_blob(row, 2, s.blob, (int)s.n, SQLITE_STATIC);
	if (index != 0)
		(void)sqlite3_bind_int64(row, 3, (sqlite3_int64)index);
	return insert(w, row, "address");
}

struct cf_status kmd_new_multisig(struct kmd_new *w, const struct multisig *account)
{
	size_t count = multisig_count(account);
	uint8_t packed[MULTISIG_KEYS_MAX * (ADDRESS_SIZE + 2) + 8], address[ADDRESS_SIZE];
	struct pack p = pack_into(MSPAN_OF(packed));
	sqlite3_stmt *row = NULL;

	multisig_address(account, address);
	pack_array(&p, count);
	for (size_t i = 0; i < count; i++)
		pack_bin(&p, span(multisig_key(account, i), ADDRESS_SIZE));
	if (sqlite3_prepare_v2(w->db, "INSERT INTO msig_addrs VALUES (?1, ?2, ?3, ?4)", -1, &row,
			       NULL) != SQLITE_OK)
		return db_failed(w);
	(void)sqlite3_bind_blob(row, 1, address, ADDRESS_SIZE, SQLITE_STATIC);
	(void)sqlite3_bind_int(row, 2, account->version);
	(void)sqlite3_bind_int(row, 3, account->threshold);
	(void)sqlite3_bind_blob(row, 4, packed, (int)p.n, SQLITE_STATIC);
	return insert(w, row, "multisig account");
}

/* ---- the end ---- */

static void sync_directory(const char *path)
{
	AUTO_FREE char *copy = mem_string(path);
	int fd = copy == NULL ? -1 : open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)fsync(fd);
		(void)close(fd);
	}
}

struct cf_status kmd_new_commit(struct kmd_new *w)
{
	AUTO(kmd_new) mine = w;

	CF_TRY(db_run(mine, "COMMIT"));
	if (sqlite3_close(mine->db) != SQLITE_OK)
		return db_failed(mine);
	mine->db = NULL;
	/* Unlike rename(2), it replaces nothing. */
	if (link(mine->beside, mine->path) != 0)
		return error_errno(errno, "%s", mine->path);
	sync_directory(mine->path);
	return CF_OK;
}

void kmd_new_abort(struct kmd_new *w)
{
	if (w == NULL)
		return;
	(void)sqlite3_close(w->db);
	/* Ours, also when it has its other name already. */
	if (w->made)
		(void)unlink(w->beside);
	secret_unref(w->master);
	mem_free(w->beside);
	mem_free(w->path);
	mem_free(w);
}
