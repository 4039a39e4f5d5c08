/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the wallet share: a cheap wallet, objects that are their value, edits behind its back. */
#ifndef COFFER_TESTS_WALLET_KIT_H
#define COFFER_TESTS_WALLET_KIT_H

#include "unit.h"

#include <sqlite3.h>
#include <stdio.h>

#include "base/error.h"
#include "vault/vault.h"
#include "wallet/wallet.h"

#define USER "1234-user"
#define SO "5678-so"

static const struct wallet_kdf cheap = { .memory_kib = 64, .passes = 1 };

static inline struct wallet *make(const char *dir, const char *label)
{
	struct wallet_new r = { .dir = dir, .label = label, .user_pin_opt = span_str(USER), .so_pin_opt = span_str(SO), .kdf = cheap };
	struct wallet *w = NULL;

	struct cf_status status = wallet_create(&r, &w);

	if (cf_failed(status))
		(void)fprintf(stderr, "cannot make a wallet: %s\n", error_text());
	REQUIRE(cf_ok(status));
	return w;
}

static inline struct secret *unlock(struct wallet *w)
{
	struct secret *key = NULL;

	REQUIRE(cf_ok(wallet_unlock(w, WALLET_USER, span_str(USER), 0, &key)));
	return key;
}

/* An object is its value here; its one term is tag 1 with the value. */
struct put_work {
	struct wallet_change *c;
	struct wallet_object *o;
	struct span plain;
	struct cf_status status;
};

static inline void seal_in_scope(struct vault_scope *scope, void *arg)
{
	struct put_work *work = arg;
	struct wallet_term term = { 1, work->plain };

	work->status = wallet_change_seal(scope, work->c, work->o, work->plain, &term, 1);
}

static inline void put(struct wallet_change *c, struct wallet_object *o, const char *value)
{
	struct put_work work = { c, o, span_str(value), CF_OK };

	REQUIRE(cf_ok(vault_run(seal_in_scope, &work)));
	REQUIRE(cf_ok(work.status));
	REQUIRE(cf_ok(wallet_change_put(c, o)));
}

static inline uint64_t add(struct wallet *w, struct secret *key, bool is_private, const char *value)
{
	AUTO_WALLET_OBJECT o = WALLET_OBJECT_INIT;
	struct wallet_change *c = NULL;

	REQUIRE(cf_ok(wallet_change_begin(w, key, &c)));
	REQUIRE(cf_ok(wallet_change_new(c, is_private, &o)));
	put(c, &o, value);
	REQUIRE(cf_ok(wallet_change_commit(c)));
	return o.number;
}

struct open_work {
	struct wallet *w;
	struct secret *key;
	struct wallet_object *o;
	const char *expected;
	bool same;
	struct cf_status status;
};

static inline void open_in_scope(struct vault_scope *scope, void *arg)
{
	struct open_work *work = arg;
	uint8_t plain[256];
	size_t n = 0;

	work->status = wallet_open_private(scope, work->w, work->key, work->o, MSPAN_OF(plain), &n);
	work->same = cf_ok(work->status) && n == strlen(work->expected) && memcmp(plain, work->expected, n) == 0;
}

static inline struct cf_status read_private(struct wallet *w, struct secret *key, uint64_t number, const char *expected)
{
	AUTO_WALLET_OBJECT o = WALLET_OBJECT_INIT;
	struct open_work work = { w, key, &o, expected, false, CF_OK };

	CF_TRY(wallet_fetch(w, key, number, &o));
	CHECK(o.is_private);
	CF_TRY(vault_run(open_in_scope, &work));
	CF_TRY(work.status);
	CHECK(work.same);
	return CF_OK;
}

static inline void edit(struct wallet *w, const char *sql)
{
	sqlite3 *db = NULL;

	REQUIRE(sqlite3_open(wallet_path(w), &db) == SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		CU_FAIL_FATAL("the edit itself failed");
	(void)sqlite3_close(db);
}

static inline void report(const char *sentence, void *arg)
{
	(void)sentence;
	(void)arg;
}

static inline struct cf_status terms_of(struct vault_scope *scope, struct span plain, struct wallet_term *terms, size_t max,
				 size_t *count, void *arg)
{
	(void)scope;
	(void)max;
	(void)arg;
	terms[0] = (struct wallet_term){ 1, plain };
	*count = 1;
	return CF_OK;
}

static inline uint64_t faults(struct wallet *w, struct secret *key)
{
	struct wallet_checker checker = { report, terms_of, NULL };
	uint64_t objects = 0, found = 0;

	REQUIRE(cf_ok(wallet_verify(w, key, &checker, &objects, &found)));
	return found;
}

static inline size_t find(struct wallet *w, struct secret *key_opt, const struct wallet_term *terms, size_t count, uint64_t hit[4])
{
	struct wallet_query query;
	size_t found = 9;

	REQUIRE(cf_ok(wallet_query(w, key_opt, terms, count, &query)));
	REQUIRE(cf_ok(wallet_find(w, &query, 0, hit, 4, &found)));
	return found;
}

/* Opens the vault around the tests. */
static inline int wallet_main(const char *suite, const struct unit_test *tests)
{
	struct vault_config config = { 0 };
	int failed;

	if (cf_failed(vault_open(&config)))
		return 1;
	failed = unit_main(suite, tests);
	vault_close();
	return failed;
}

#endif
