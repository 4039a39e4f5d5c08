/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/wallet_kit.h"

#include <stdlib.h>
#include <sys/stat.h>

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
		{ "loose permissions are refused", test_permissions },
		{ "a backup becomes a wallet again", test_backup_restore },
		{ "a reset leaves nothing behind and reuses no number", test_reset },
		{ "the set holds more than two levels", test_many },
		{ "two openers see each other's changes", test_two_openers },
		{ "the kept wallet opens", test_kept_wallet },
		{ NULL, NULL },
	};
	static const struct unit_test keeping[] = { { "write a wallet to keep", keep }, { NULL, NULL } };

	keep_dir = argc > 1 ? argv[1] : NULL;
	return wallet_main("wallet", keep_dir != NULL ? keeping : tests);
}
