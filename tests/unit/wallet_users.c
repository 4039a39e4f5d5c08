/* SPDX-License-Identifier: Apache-2.0 */
/* Named users of a wallet: each opens it with a PIN of his own, and with no other's. */
#include "wallet_kit.h"

#include "wallet/format.h"

static const struct span ann = { (const uint8_t *)"ann", 3 }, bob = { (const uint8_t *)"bob", 3 };

static struct secret *as_user(struct wallet *w, struct span name, const char *pin)
{
	struct secret *key = NULL;
	unsigned role;

	if (cf_failed(wallet_user_find(w, name, &role)) || cf_failed(wallet_unlock(w, role, span_str(pin), 0, &key)))
		return NULL;
	return key;
}

static void add_users(struct wallet *w)
{
	struct secret *key = unlock(w);

	REQUIRE(cf_ok(wallet_user_add(w, key, ann, span_str("ann's pin"), &cheap)));
	REQUIRE(cf_ok(wallet_user_add(w, key, bob, span_str("bob's pin"), &cheap)));
	secret_unref(key);
}

static void test_each_has_a_pin(void)
{
	struct wallet *w = make(unit_dir(), "users");
	struct secret *key = unlock(w), *hers;
	uint64_t number = add(w, key, true, "theirs all");

	add_users(w);
	hers = as_user(w, ann, "ann's pin");
	REQUIRE(hers != NULL);
	CHECK_CODE(read_private(w, hers, number, "theirs all"), OK);
	CHECK(as_user(w, ann, "bob's pin") == NULL);
	CHECK(as_user(w, bob, "ann's pin") == NULL);
	CHECK(as_user(w, bob, USER) == NULL);
	CHECK(faults(w, key) == 0);
	secret_unref(hers);
	secret_unref(key);
	key = unlock(w); /* the unnamed one is as he was */
	secret_unref(key);
	wallet_unref(w);
}

static void test_names(void)
{
	struct wallet *w = make(unit_dir(), "users");
	struct secret *key = unlock(w);
	char longest[WALLET_USER_NAME_MAX + 2];
	unsigned role;

	memset(longest, 'x', sizeof(longest));
	add_users(w);
	CHECK_CODE(wallet_user_add(w, key, ann, span_str("other"), &cheap), EXISTS);
	CHECK_CODE(wallet_user_add(w, key, SPAN_EMPTY, span_str("other"), &cheap), INVALID);
	CHECK_CODE(wallet_user_add(w, key, span("a\nb", 3), span_str("other"), &cheap), INVALID);
	CHECK_CODE(wallet_user_add(w, key, span("a\0b", 3), span_str("other"), &cheap), INVALID);
	CHECK_CODE(wallet_user_add(w, key, span(longest, WALLET_USER_NAME_MAX + 1), span_str("other"), &cheap), INVALID);
	CHECK_CODE(wallet_user_add(w, key, span(longest, WALLET_USER_NAME_MAX), span_str("long"), &cheap), OK);
	CHECK_CODE(wallet_user_find(w, span("an", 2), &role), NOT_FOUND);
	CHECK_CODE(wallet_user_find(w, span("Ann", 3), &role), NOT_FOUND);
	secret_unref(key);
	wallet_unref(w);
}

static void test_remove(void)
{
	struct wallet *w = make(unit_dir(), "users");
	struct secret *key = unlock(w), *his;
	unsigned before, role;

	add_users(w);
	REQUIRE(cf_ok(wallet_user_find(w, ann, &before)));
	REQUIRE(cf_ok(wallet_user_remove(w, key, ann)));
	CHECK_CODE(wallet_user_remove(w, key, ann), NOT_FOUND);
	CHECK(as_user(w, ann, "ann's pin") == NULL);
	his = as_user(w, bob, "bob's pin");
	REQUIRE(his != NULL);
	/* Her place is free for another, whom her PIN does not let in. */
	REQUIRE(cf_ok(wallet_user_add(w, his, span("cy", 2), span_str("cy's pin"), &cheap)));
	REQUIRE(cf_ok(wallet_user_find(w, span("cy", 2), &role)));
	CHECK(role == before);
	CHECK(as_user(w, span("cy", 2), "ann's pin") == NULL);
	/* A PIN that she changes meanwhile does not bring her back. */
	CHECK_CODE(wallet_set_pin(w, his, 77, span_str("new"), &cheap), NOT_FOUND);
	secret_unref(his);
	secret_unref(key);
	wallet_unref(w);
}

static void test_own_pin(void)
{
	struct wallet *w = make(unit_dir(), "users");
	struct secret *key;
	unsigned role;

	add_users(w);
	key = as_user(w, ann, "ann's pin");
	REQUIRE(key != NULL);
	REQUIRE(cf_ok(wallet_user_find(w, ann, &role)));
	REQUIRE(cf_ok(wallet_set_pin(w, key, role, span_str("new"), &(struct wallet_kdf){ 0 })));
	secret_unref(key);
	CHECK(as_user(w, ann, "ann's pin") == NULL);
	key = as_user(w, ann, "new");
	CHECK(key != NULL);
	secret_unref(key);
	key = as_user(w, bob, "bob's pin");
	CHECK(key != NULL);
	secret_unref(key);
	wallet_unref(w);
}

static void count(const struct wallet_user *user, void *arg)
{
	unsigned *seen = arg;

	if (strcmp(user->name, "ann") == 0)
		*seen += user->pin.failures == 2 ? 1 : 100;
	else if (strcmp(user->name, "bob") == 0)
		*seen += user->pin.failures == 0 ? 10 : 100;
	else
		*seen += 100;
}

static void test_failures_are_each_ones_own(void)
{
	struct wallet *w = make(unit_dir(), "users");
	struct secret *none = NULL;
	unsigned seen = 0, role;

	add_users(w);
	CHECK(as_user(w, ann, "x") == NULL);
	CHECK(as_user(w, ann, "x") == NULL);
	REQUIRE(cf_ok(wallet_users_each(w, count, &seen)));
	CHECK(seen == 11);
	REQUIRE(cf_ok(wallet_user_find(w, ann, &role)));
	CHECK_CODE(wallet_unlock(w, role, span_str("ann's pin"), 2, &none), LOCKED);
	none = as_user(w, bob, "bob's pin");
	CHECK(none != NULL);
	secret_unref(none);
	wallet_unref(w);
}

static void rename_in_file(struct wallet *w, const char *from, const char *to)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *get = NULL, *put = NULL;
	uint8_t body[WRAP_MAX];
	int n;

	REQUIRE(sqlite3_open(wallet_path(w), &db) == SQLITE_OK);
	REQUIRE(sqlite3_prepare_v2(db, "SELECT body FROM wrap WHERE role = 2", -1, &get, NULL) == SQLITE_OK);
	REQUIRE(sqlite3_step(get) == SQLITE_ROW);
	n = sqlite3_column_bytes(get, 0);
	REQUIRE(n > 3 && n <= WRAP_MAX);
	memcpy(body, sqlite3_column_blob(get, 0), (size_t)n);
	(void)sqlite3_finalize(get);
	REQUIRE(memcmp(body + n - 3, from, 3) == 0);
	memcpy(body + n - 3, to, 3);
	REQUIRE(sqlite3_prepare_v2(db, "UPDATE wrap SET body = ?1 WHERE role = 2", -1, &put, NULL) == SQLITE_OK);
	REQUIRE(sqlite3_bind_blob(put, 1, body, n, SQLITE_STATIC) == SQLITE_OK);
	REQUIRE(sqlite3_step(put) == SQLITE_DONE);
	(void)sqlite3_finalize(put);
	(void)sqlite3_close(db);
}

/* One user's record under another's number, or with another's name, opens nothing. */
static void test_edited(void)
{
	struct wallet *w = make(unit_dir(), "users");
	struct secret *key;

	add_users(w);
	edit(w, "UPDATE wrap SET role = 12 WHERE role = 2");
	CHECK(as_user(w, ann, "ann's pin") == NULL);
	edit(w, "UPDATE wrap SET role = 2 WHERE role = 12");
	rename_in_file(w, "ann", "eve");
	CHECK(as_user(w, span("eve", 3), "ann's pin") == NULL);
	rename_in_file(w, "eve", "ann");
	key = as_user(w, ann, "ann's pin"); /* so it was the edit */
	CHECK(key != NULL);
	secret_unref(key);
	wallet_unref(w);
}

static void test_reset_removes_them(void)
{
	struct wallet *w = make(unit_dir(), "users");
	struct secret *so = NULL;
	unsigned seen = 0;

	add_users(w);
	REQUIRE(cf_ok(wallet_unlock(w, WALLET_SO, span_str(SO), 0, &so)));
	REQUIRE(cf_ok(wallet_reset(w, so, span_str(SO), &cheap, "again")));
	REQUIRE(cf_ok(wallet_users_each(w, count, &seen)));
	CHECK(seen == 0);
	secret_unref(so);
	wallet_unref(w);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "each user opens the wallet with a PIN of his own", test_each_has_a_pin },
		{ "names", test_names },
		{ "a removed user's PIN opens it no longer", test_remove },
		{ "a user changes his own PIN only", test_own_pin },
		{ "failures are counted for each", test_failures_are_each_ones_own },
		{ "records that were moved or renamed open nothing", test_edited },
		{ "C_InitToken removes all", test_reset_removes_them },
		{ NULL, NULL },
	};

	return wallet_main("wallet/users", tests);
}
