/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "vault/vault.h"
#include "wallet/wallet.h"

#define USER "1234-user"
#define SO "5678-so"

static const struct wallet_kdf cheap = { .memory_kib = 64, .passes = 1 };

static struct wallet *make(const char *dir, const char *label)
{
	struct wallet_new r = { .dir = dir, .label = label, .user_pin_opt = span_str(USER), .so_pin_opt = span_str(SO), .kdf = cheap };
	struct wallet *w = NULL;

	struct cf_status status = wallet_create(&r, &w);

	if (cf_failed(status))
		(void)fprintf(stderr, "cannot make a wallet: %s\n", error_text());
	REQUIRE(cf_ok(status));
	return w;
}

static struct secret *unlock(struct wallet *w)
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

static void seal_in_scope(struct vault_scope *scope, void *arg)
{
	struct put_work *work = arg;
	struct wallet_term term = { 1, work->plain };

	work->status = wallet_change_seal(scope, work->c, work->o, work->plain, &term, 1);
}

static void put(struct wallet_change *c, struct wallet_object *o, const char *value)
{
	struct put_work work = { c, o, span_str(value), CF_OK };

	REQUIRE(cf_ok(vault_run(seal_in_scope, &work)));
	REQUIRE(cf_ok(work.status));
	REQUIRE(cf_ok(wallet_change_put(c, o)));
}

static uint64_t add(struct wallet *w, struct secret *key, bool is_private, const char *value)
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

static void open_in_scope(struct vault_scope *scope, void *arg)
{
	struct open_work *work = arg;
	uint8_t plain[256];
	size_t n = 0;

	work->status = wallet_open_private(scope, work->w, work->key, work->o, MSPAN_OF(plain), &n);
	work->same = cf_ok(work->status) && n == strlen(work->expected) && memcmp(plain, work->expected, n) == 0;
}

static struct cf_status read_private(struct wallet *w, struct secret *key, uint64_t number, const char *expected)
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

static void edit(struct wallet *w, const char *sql)
{
	sqlite3 *db = NULL;

	REQUIRE(sqlite3_open(wallet_path(w), &db) == SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		CU_FAIL_FATAL("the edit itself failed");
	(void)sqlite3_close(db);
}

static void report(const char *sentence, void *arg)
{
	(void)sentence;
	(void)arg;
}

static struct cf_status terms_of(struct vault_scope *scope, struct span plain, struct wallet_term *terms, size_t max,
				 size_t *count, void *arg)
{
	(void)scope;
	(void)max;
	(void)arg;
	terms[0] = (struct wallet_term){ 1, plain };
	*count = 1;
	return CF_OK;
}

static uint64_t faults(struct wallet *w, struct secret *key)
{
	struct wallet_checker checker = { report, terms_of, NULL };
	uint64_t objects = 0, found = 0;

	REQUIRE(cf_ok(wallet_verify(w, key, &checker, &objects, &found)));
	return found;
}

static size_t find(struct wallet *w, struct secret *key_opt, const struct wallet_term *terms, size_t count, uint64_t hit[4])
{
	struct wallet_query query;
	size_t found = 9;

	REQUIRE(cf_ok(wallet_query(w, key_opt, terms, count, &query)));
	REQUIRE(cf_ok(wallet_find(w, &query, 0, hit, 4, &found)));
	return found;
}

static void test_round_trip(void)
{
	const char *dir = unit_dir();
	struct wallet *w = make(dir, "one");
	struct secret *key = unlock(w);
	uint64_t a = add(w, key, true, "private value"), b = add(w, key, false, "public value"), hit[4];
	AUTO_WALLET_OBJECT o = WALLET_OBJECT_INIT;
	struct wallet_term t = { 1, span_str("private value") };
	struct span plain;

	CHECK(a == 1 && b == 2);
	CHECK_CODE(read_private(w, key, a, "private value"), OK);
	CHECK_CODE(wallet_fetch(w, NULL, a, &o), NOT_FOUND);
	REQUIRE(cf_ok(wallet_fetch(w, NULL, b, &o)));
	REQUIRE(cf_ok(wallet_open_public(w, key, &o, &plain)));
	CHECK(span_eq(plain, span_str("public value")));
	CHECK(find(w, key, &t, 1, hit) == 1 && hit[0] == a);
	CHECK(find(w, NULL, &t, 1, hit) == 0);
	CHECK(find(w, key, NULL, 0, hit) == 2 && hit[0] == a && hit[1] == b);
	CHECK(find(w, NULL, NULL, 0, hit) == 1 && hit[0] == b);
	CHECK(faults(w, key) == 0);
	secret_unref(key);
	wallet_unref(w);
}

static void test_pins(void)
{
	const char *dir = unit_dir();
	struct wallet *w = make(dir, "pins");
	struct secret *key = NULL, *so = NULL;
	struct wallet_info info;

	CHECK_CODE(wallet_unlock(w, WALLET_USER, span_str("wrong"), 3, &key), DENIED);
	REQUIRE(cf_ok(wallet_get_info(w, &info)));
	CHECK(info.pin[WALLET_USER].failures == 1);
	REQUIRE(cf_ok(wallet_unlock(w, WALLET_SO, span_str(SO), 3, &so)));
	REQUIRE(cf_ok(wallet_set_pin(w, so, WALLET_USER, span_str("new pin"), &cheap)));
	CHECK_CODE(wallet_unlock(w, WALLET_USER, span_str(USER), 3, &key), DENIED);
	REQUIRE(cf_ok(wallet_unlock(w, WALLET_USER, span_str("new pin"), 3, &key)));
	REQUIRE(cf_ok(wallet_get_info(w, &info)));
	CHECK(info.pin[WALLET_USER].failures == 0);
	for (int i = 0; i < 3; i++) {
		struct secret *none = NULL;

		CHECK_CODE(wallet_unlock(w, WALLET_USER, span_str("x"), 3, &none), DENIED);
	}
	{
		struct secret *none = NULL;

		CHECK_CODE(wallet_unlock(w, WALLET_USER, span_str("new pin"), 3, &none), LOCKED);
	}
	secret_unref(key);
	secret_unref(so);
	wallet_unref(w);
}

static void test_tampering(void)
{
	const char *dir = unit_dir();
	struct wallet *w = make(dir, "tampered");
	struct secret *key = unlock(w);
	uint64_t a = add(w, key, true, "aaaa"), b = add(w, key, true, "bbbb"), c = add(w, key, false, "cccc");
	AUTO_WALLET_OBJECT o = WALLET_OBJECT_INIT;
	struct span plain;

	edit(w, "CREATE TABLE temp.x AS SELECT body, version FROM object WHERE number=1;"
		"UPDATE object SET body=(SELECT body FROM object WHERE number=2) WHERE number=1;"
		"UPDATE object SET body=(SELECT body FROM temp.x) WHERE number=2;");
	CHECK_CODE(read_private(w, key, a, "aaaa"), FORGED);
	CHECK_CODE(read_private(w, key, b, "bbbb"), FORGED);
	CHECK(faults(w, key) >= 2);
	edit(w, "CREATE TABLE temp.x AS SELECT body FROM object WHERE number=1;"
		"UPDATE object SET body=(SELECT body FROM object WHERE number=2) WHERE number=1;"
		"UPDATE object SET body=(SELECT body FROM temp.x) WHERE number=2;");
	CHECK_CODE(read_private(w, key, a, "aaaa"), OK);
	edit(w, "UPDATE object SET body=replace(hex(body),'63636363','63636364') WHERE number=3");
	REQUIRE(cf_ok(wallet_fetch(w, key, c, &o)));
	CHECK_CODE(wallet_open_public(w, key, &o, &plain), FORGED);
	edit(w, "DELETE FROM object WHERE number=2");
	CHECK_CODE(read_private(w, key, b, "bbbb"), FORGED);
	CHECK(faults(w, key) >= 2);
	secret_unref(key);
	wallet_unref(w);
}

static void test_replay(void)
{
	const char *dir = unit_dir();
	struct wallet *w = make(dir, "replay");
	struct secret *key = unlock(w);
	uint64_t a = add(w, key, true, "loose");
	AUTO_WALLET_OBJECT o = WALLET_OBJECT_INIT;
	struct wallet_change *c = NULL;

	edit(w, "CREATE TABLE kept AS SELECT * FROM object; CREATE TABLE kept_node AS SELECT * FROM node");
	REQUIRE(cf_ok(wallet_change_begin(w, key, &c)));
	REQUIRE(cf_ok(wallet_change_again(c, a, true, &o)));
	put(c, &o, "tight");
	REQUIRE(cf_ok(wallet_change_commit(c)));
	CHECK_CODE(read_private(w, key, a, "tight"), OK);
	edit(w, "UPDATE object SET body=(SELECT body FROM kept), version=(SELECT version FROM kept)");
	CHECK_CODE(read_private(w, key, a, "loose"), FORGED);
	edit(w, "UPDATE node SET body=(SELECT body FROM kept_node)");
	CHECK_CODE(read_private(w, key, a, "loose"), FORGED);
	secret_unref(key);
	wallet_unref(w);
}

static void test_schema_refused(void)
{
	const char *dir = unit_dir();
	struct wallet *w = make(dir, "schema"), *again = NULL;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s", wallet_path(w));
	edit(w, "CREATE TRIGGER t AFTER INSERT ON object BEGIN DELETE FROM object; END");
	wallet_unref(w);
	CHECK_CODE(wallet_open(path, &again), CORRUPT);
}

static void test_header_forged(void)
{
	const char *dir = unit_dir();
	struct wallet *w = make(dir, "header");
	struct secret *key = NULL;

	edit(w, "UPDATE meta SET value=CAST(replace(CAST(value AS TEXT),'header','hacked') AS BLOB) WHERE 0;"
		"UPDATE meta SET value=substr(value,1,24)||x'58'||substr(value,26)");
	CHECK_CODE(wallet_unlock(w, WALLET_USER, span_str(USER), 0, &key), FORGED);
	wallet_unref(w);
}

static void test_permissions(void)
{
	const char *dir = unit_dir();
	struct wallet *w = make(dir, "modes"), *again = NULL;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s", wallet_path(w));
	wallet_unref(w);
	REQUIRE(chmod(path, 0640) == 0);
	CHECK_CODE(wallet_open(path, &again), DENIED);
	CHECK(strstr(error_text(), "chmod 600") != NULL);
	REQUIRE(chmod(dir, 0755) == 0);
	CHECK_CODE(wallet_dir_check(dir, false), DENIED);
}

static void test_backup_restore(void)
{
	const char *dir = unit_dir();
	const char *other = unit_dir();
	struct wallet *w = make(dir, "saved"), *back = NULL;
	struct secret *key = unlock(w);
	uint64_t a = add(w, key, true, "kept");
	char copy[512], *path = NULL;

	(void)snprintf(copy, sizeof(copy), "%s/copy", other);
	REQUIRE(cf_ok(wallet_backup(w, copy, false)));
	CHECK_CODE(wallet_backup(w, copy, false), EXISTS);
	CHECK_CODE(wallet_restore(copy, dir, false, &path), EXISTS);
	REQUIRE(cf_ok(wallet_delete(w)));
	CHECK_CODE(wallet_still_there(w), NOT_FOUND);
	secret_unref(key);
	wallet_unref(w);
	REQUIRE(cf_ok(wallet_restore(copy, dir, false, &path)));
	REQUIRE(cf_ok(wallet_open(path, &back)));
	key = unlock(back);
	CHECK_CODE(read_private(back, key, a, "kept"), OK);
	secret_unref(key);
	wallet_unref(back);
	free(path);
}

static void test_reset(void)
{
	const char *dir = unit_dir();
	struct wallet *w = make(dir, "before");
	struct secret *key = unlock(w), *so = NULL, *none = NULL;
	uint64_t a = add(w, key, true, "gone");
	struct wallet_info info;

	REQUIRE(cf_ok(wallet_reset(w, key, span_str("new so"), &cheap, "after")));
	secret_unref(key);
	CHECK_CODE(wallet_unlock(w, WALLET_USER, span_str(USER), 0, &none), NOT_FOUND);
	REQUIRE(cf_ok(wallet_unlock(w, WALLET_SO, span_str("new so"), 0, &so)));
	CHECK_CODE(read_private(w, so, a, "gone"), NOT_FOUND);
	REQUIRE(cf_ok(wallet_get_info(w, &info)));
	CHECK(strcmp(info.label, "after") == 0 && !info.pin[WALLET_USER].set);
	CHECK(add(w, so, true, "fresh") == 2); /* numbers are never used again */
	CHECK(faults(w, so) == 0);
	secret_unref(so);
	wallet_unref(w);
}

static void test_many(void)
{
	const char *dir = unit_dir();
	struct wallet *w = make(dir, "many");
	struct secret *key = unlock(w);
	struct wallet_change *c = NULL;
	char value[32];
	uint64_t hit[4];
	struct wallet_term t = { 1, span_str("value 65999") };

	/* Three levels: more than 256 * 256. */
	REQUIRE(cf_ok(wallet_change_begin(w, key, &c)));
	for (int i = 0; i < 66000; i++) {
		AUTO_WALLET_OBJECT o = WALLET_OBJECT_INIT;

		(void)snprintf(value, sizeof(value), "value %d", i);
		REQUIRE(cf_ok(wallet_change_new(c, true, &o)));
		put(c, &o, value);
	}
	REQUIRE(cf_ok(wallet_change_commit(c)));
	CHECK_CODE(read_private(w, key, 1, "value 0"), OK);
	CHECK_CODE(read_private(w, key, 66000, "value 65999"), OK);
	CHECK_CODE(read_private(w, key, 66001, ""), NOT_FOUND);
	CHECK(find(w, key, &t, 1, hit) == 1 && hit[0] == 66000);
	CHECK(faults(w, key) == 0);
	edit(w, "DELETE FROM object WHERE number=300");
	CHECK(faults(w, key) >= 1);
	secret_unref(key);
	wallet_unref(w);
}

/* A second connection stands for another process. */
static void test_two_openers(void)
{
	const char *dir = unit_dir();
	struct wallet *w = make(dir, "shared"), *v = NULL;
	struct secret *key = unlock(w);
	uint64_t a = add(w, key, true, "first"), before, after;
	struct wallet_change *c = NULL;

	REQUIRE(cf_ok(wallet_open(wallet_path(w), &v)));
	CHECK_CODE(read_private(v, key, a, "first"), OK);
	REQUIRE(cf_ok(wallet_generation(v, &before)));
	a = add(w, key, true, "second");
	REQUIRE(cf_ok(wallet_generation(v, &after)));
	CHECK(before != after);
	CHECK_CODE(read_private(v, key, a, "second"), OK);
	a = add(v, key, true, "third");
	CHECK_CODE(read_private(w, key, a, "third"), OK);
	REQUIRE(cf_ok(wallet_change_begin(w, key, &c)));
	REQUIRE(cf_ok(wallet_change_remove(c, a)));
	wallet_change_abort(c);
	CHECK_CODE(read_private(v, key, a, "third"), OK);
	REQUIRE(cf_ok(wallet_change_begin(w, key, &c)));
	REQUIRE(cf_ok(wallet_change_remove(c, a)));
	REQUIRE(cf_ok(wallet_change_commit(c)));
	CHECK_CODE(read_private(v, key, a, "third"), NOT_FOUND);
	CHECK(faults(v, key) == 0);
	secret_unref(key);
	wallet_unref(v);
	wallet_unref(w);
}

/* A file that the first release wrote. It must open for ever. */
static void test_kept_wallet(void)
{
	const char *dir = unit_dir();
	const char *data = getenv("COFFER_TEST_DATA");
	char command[2048], path[512];
	struct wallet *w = NULL;
	struct secret *key;

	(void)snprintf(path, sizeof(path), "%s/wallet-v1.coffer", dir);
	(void)snprintf(command, sizeof(command), "cp '%s/wallet-v1.coffer' '%s' && chmod 600 '%s'", data != NULL ? data : TEST_DATA,
		       path, path);
	REQUIRE(system(command) == 0);
	REQUIRE(cf_ok(wallet_open(path, &w)));
	key = unlock(w);
	CHECK_CODE(read_private(w, key, 1, "a private object"), OK);
	CHECK(faults(w, key) == 0);
	secret_unref(key);
	REQUIRE(cf_ok(wallet_unlock(w, WALLET_SO, span_str(SO), 0, &key)));
	secret_unref(key);
	wallet_unref(w);
}

/* With a directory as its argument the program writes such a file instead. */
static const char *keep_dir;

static void keep(void)
{
	struct wallet *w = make(keep_dir, "kept wallet");
	struct secret *key = unlock(w);

	(void)add(w, key, true, "a private object");
	(void)add(w, key, false, "a public object");
	secret_unref(key);
	wallet_unref(w);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		{ "what is stored comes back, and only with the key", test_round_trip },
		{ "PIN tries are counted, PINs replaced, limits kept", test_pins },
		{ "swapped, edited and removed rows are forged", test_tampering },
		{ "an older row cannot be put back", test_replay },
		{ "a foreign part of the schema is refused", test_schema_refused },
		{ "an edited header is forged", test_header_forged },
		{ "loose permissions are refused", test_permissions },
		{ "a backup becomes a wallet again", test_backup_restore },
		{ "a reset leaves nothing behind and reuses no number", test_reset },
		{ "the set holds more than two levels", test_many },
		{ "two openers see each other's changes", test_two_openers },
		{ "the kept wallet opens", test_kept_wallet },
		{ NULL, NULL },
	};
	static const struct unit_test keeping[] = { { "write a wallet to keep", keep }, { NULL, NULL } };
	struct vault_config config = { 0 };
	int failed;

	if (cf_failed(vault_open(&config)))
		return 1;
	keep_dir = argc > 1 ? argv[1] : NULL;
	failed = unit_main("wallet", keep_dir != NULL ? keeping : tests);
	vault_close();
	return failed;
}
