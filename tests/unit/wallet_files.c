/* SPDX-License-Identifier: Apache-2.0 */
/* Wallets as files, and changes of what is not an object. */
#include "unit/wallet_kit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static struct cf_status create(const char *dir, const char *label, const uint8_t *serial_opt)
{
	struct wallet_new r = { .dir = dir, .label = label, .serial_opt = serial_opt, .user_pin_opt = span_str(USER), .kdf = cheap };
	AUTO(wallet) w = NULL;

	return wallet_create(&r, &w);
}

static void test_create(void)
{
	const char *dir = unit_dir();
	const uint8_t serial[WALLET_SERIAL_SIZE] = { 0, 1, 2, 3, 4, 5, 6, 0xff };
	struct wallet_new r = { .dir = dir, .label = "no PIN" };
	struct wallet *w = NULL;
	char path[512];

	CHECK_CODE(wallet_create(&r, &w), INVALID);
	CHECK_CODE(create(dir, "", NULL), INVALID);
	CHECK_CODE(create(dir, "123456789012345678901234567890123", NULL), INVALID);
	CHECK_CODE(create(dir, "line\nbreak", NULL), INVALID);
	CHECK_CODE(create(dir, "12345678901234567890123456789012", serial), OK);
	(void)snprintf(path, sizeof(path), "%s/00010203040506ff.coffer", dir);
	CHECK(access(path, F_OK) == 0);
	CHECK_CODE(create(dir, "12345678901234567890123456789012", NULL), EXISTS);
	CHECK_CODE(create(dir, "another", serial), EXISTS);
	CHECK_CODE(create(dir, "another", NULL), OK);
}

static void test_one_pin(void)
{
	struct wallet_new r = { .dir = unit_dir(), .label = "SO only", .so_pin_opt = span_str(SO), .kdf = cheap };
	struct wallet *w = NULL;
	struct secret *key = NULL;
	struct wallet_info info;
	const struct wallet_kdf other = { .memory_kib = 128, .passes = 2 }, as_before = { 0, 0 };

	REQUIRE(cf_ok(wallet_create(&r, &w)));
	REQUIRE(cf_ok(wallet_get_info(w, &info)));
	CHECK(!info.pin[WALLET_USER].set && info.pin[WALLET_SO].set && info.format == 1);
	CHECK_CODE(wallet_unlock(w, WALLET_USER, span_str(USER), 0, &key), NOT_FOUND);
	REQUIRE(cf_ok(wallet_unlock(w, WALLET_SO, span_str(SO), 0, &key)));
	CHECK_CODE(wallet_set_pin(w, key, WALLET_USER, span_str(USER), &other), OK);
	CHECK_CODE(wallet_set_pin(w, key, WALLET_USER, span_str("again"), &as_before), OK);
	REQUIRE(cf_ok(wallet_get_info(w, &info)));
	CHECK(info.kdf[WALLET_USER].memory_kib == 128 && info.kdf[WALLET_USER].passes == 2);
	secret_unref(key);
	REQUIRE(cf_ok(wallet_unlock(w, WALLET_USER, span_str("again"), 0, &key)));
	secret_unref(key);
	wallet_unref(w);
}

static void test_rename(void)
{
	struct wallet *w = make(unit_dir(), "old"), *again = NULL;
	struct secret *key = unlock(w);
	uint64_t a = add(w, key, true, "kept");
	struct wallet_info info;

	CHECK_CODE(wallet_rename(w, key, ""), INVALID);
	CHECK_CODE(wallet_rename(w, key, "n\xc3\xa4w"), OK);
	REQUIRE(cf_ok(wallet_open(wallet_path(w), &again)));
	REQUIRE(cf_ok(wallet_get_info(again, &info)));
	CHECK(strcmp(info.label, "n\xc3\xa4w") == 0);
	CHECK_CODE(read_private(again, key, a, "kept"), OK);
	CHECK(faults(again, key) == 0);
	secret_unref(key);
	wallet_unref(again);
	wallet_unref(w);
}

/* A key of before a reset opens nothing and writes nothing, wherever the reset was made. */
static void test_old_key(void)
{
	struct wallet *w = make(unit_dir(), "reset"), *other = NULL;
	struct secret *key = unlock(w);
	struct wallet_change *c = NULL;
	uint64_t a = add(w, key, true, "gone");

	REQUIRE(cf_ok(wallet_open(wallet_path(w), &other)));
	REQUIRE(cf_ok(wallet_reset(other, key, span_str("new so"), &cheap, "reset")));
	CHECK_CODE(read_private(w, key, a, "gone"), FORGED);
	CHECK_CODE(wallet_change_begin(w, key, &c), FORGED);
	CHECK_CODE(wallet_set_pin(w, key, WALLET_USER, span_str("x"), &cheap), FORGED);
	CHECK_CODE(wallet_rename(w, key, "x"), FORGED);
	CHECK_CODE(wallet_reset(w, key, span_str("x"), &cheap, "x"), FORGED);
	secret_unref(key);
	REQUIRE(cf_ok(wallet_unlock(w, WALLET_SO, span_str("new so"), 0, &key)));
	CHECK(faults(w, key) == 0);
	secret_unref(key);
	wallet_unref(other);
	wallet_unref(w);
}

/* A change sees itself, and is nothing once a step of it failed. */
static void test_change(void)
{
	struct wallet *w = make(unit_dir(), "change");
	struct secret *key = unlock(w);
	AUTO_WALLET_OBJECT o = WALLET_OBJECT_INIT;
	AUTO_WALLET_OBJECT back = WALLET_OBJECT_INIT;
	struct wallet_change *c = NULL;
	uint64_t a = add(w, key, true, "first");

	REQUIRE(cf_ok(wallet_change_begin(w, key, &c)));
	REQUIRE(cf_ok(wallet_change_new(c, true, &o)));
	put(c, &o, "second");
	CHECK_CODE(wallet_change_fetch(c, o.number, &back), OK);
	CHECK_CODE(wallet_change_remove(c, a), OK);
	CHECK_CODE(wallet_change_fetch(c, a, &back), NOT_FOUND);
	CHECK_CODE(wallet_change_remove(c, a), NOT_FOUND);
	CHECK_CODE(wallet_change_commit(c), OK);
	CHECK_CODE(read_private(w, key, a, "first"), NOT_FOUND);
	CHECK_CODE(read_private(w, key, o.number, "second"), OK);
	a = o.number;
	REQUIRE(cf_ok(wallet_change_begin(w, key, &c)));
	CHECK_CODE(wallet_change_remove(c, a), OK);
	o.number = 1000; /* not given out by this change */
	CHECK_CODE(wallet_change_put(c, &o), INVALID);
	CHECK_CODE(wallet_change_commit(c), INVALID);
	CHECK_CODE(read_private(w, key, a, "second"), OK);
	/* A number that is drawn and not used leaves a gap and nothing else. */
	REQUIRE(cf_ok(wallet_change_begin(w, key, &c)));
	REQUIRE(cf_ok(wallet_change_new(c, true, &o)));
	CHECK_CODE(wallet_change_commit(c), OK);
	CHECK(faults(w, key) == 0);
	secret_unref(key);
	wallet_unref(w);
}

static void test_unlock_time_of_other_openers(void)
{
	struct wallet *w = make(unit_dir(), "counted"), *other = NULL;
	struct secret *none = NULL;
	struct wallet_info info;

	REQUIRE(cf_ok(wallet_open(wallet_path(w), &other)));
	CHECK_CODE(wallet_unlock(w, WALLET_USER, span_str("x"), 0, &none), DENIED);
	CHECK_CODE(wallet_unlock(other, WALLET_USER, span_str("x"), 0, &none), DENIED);
	CHECK_CODE(wallet_unlock(w, WALLET_SO, span_str("x"), 0, &none), DENIED);
	REQUIRE(cf_ok(wallet_get_info(w, &info)));
	CHECK(info.pin[WALLET_USER].failures == 2 && info.pin[WALLET_SO].failures == 1);
	CHECK_CODE(wallet_unlock(other, WALLET_USER, span_str(USER), 2, &none), LOCKED);
	wallet_unref(other);
	wallet_unref(w);
}

static void leave(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	REQUIRE(f != NULL);
	REQUIRE(fputs(text, f) != EOF);
	REQUIRE(fclose(f) == 0);
}

/* A journal that a crash left beside the old file is never played into the new one. */
static void test_restore_over(void)
{
	char dir[400], backup[512], path[512], journal[600], *restored = NULL;
	struct wallet *w, *back = NULL;
	struct secret *key;
	uint64_t a;

	(void)snprintf(dir, sizeof(dir), "%s", unit_dir());
	w = make(dir, "over");
	key = unlock(w);
	a = add(w, key, true, "kept");
	(void)snprintf(backup, sizeof(backup), "%s/copy", dir);
	(void)snprintf(path, sizeof(path), "%s", wallet_path(w));
	(void)snprintf(journal, sizeof(journal), "%s-journal", path);
	REQUIRE(cf_ok(wallet_backup(w, backup, false)));
	(void)add(w, key, true, "since then");
	/* While it is open: the opener notices. */
	REQUIRE(cf_ok(wallet_restore(backup, dir, true, &restored)));
	CHECK(strcmp(restored, path) == 0);
	mem_free(restored);
	CHECK_CODE(wallet_still_there(w), NOT_FOUND);
	wallet_unref(w);
	REQUIRE(cf_ok(wallet_open(path, &back)));
	CHECK_CODE(read_private(back, key, a, "kept"), OK);
	CHECK(faults(back, key) == 0);
	wallet_unref(back);
	/* Over one that is beyond opening, with a journal beside it. */
	leave(path, "rubbish");
	leave(journal, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7 rubbish");
	CHECK_CODE(wallet_restore(backup, dir, false, &restored), EXISTS);
	REQUIRE(cf_ok(wallet_restore(backup, dir, true, &restored)));
	mem_free(restored);
	CHECK(access(journal, F_OK) != 0);
	/* Where the file is gone and its journal is not. */
	REQUIRE(unlink(path) == 0);
	leave(journal, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7 rubbish");
	REQUIRE(cf_ok(wallet_restore(backup, dir, false, &restored)));
	mem_free(restored);
	CHECK(access(journal, F_OK) != 0);
	REQUIRE(cf_ok(wallet_open(path, &back)));
	CHECK(faults(back, key) == 0);
	secret_unref(key);
	wallet_unref(back);
}

static void test_no_backup(void)
{
	char path[512], *restored = NULL;
	const char *dir = unit_dir();

	(void)snprintf(path, sizeof(path), "%s/none", dir);
	CHECK_CODE(wallet_restore(path, dir, false, &restored), NOT_FOUND);
	leave(path, "no wallet");
	CHECK_CODE(wallet_restore(path, dir, false, &restored), CORRUPT);
	CHECK(strstr(error_text(), path) != NULL);
}

static struct cf_status count_path(const char *path, void *arg)
{
	size_t *n = arg;

	CHECK(strstr(path, WALLET_SUFFIX) != NULL);
	(*n)++;
	return CF_OK;
}

static void test_dir(void)
{
	char dir[400], inner[512];
	size_t n = 0;

	(void)snprintf(dir, sizeof(dir), "%s", unit_dir());
	(void)snprintf(inner, sizeof(inner), "%s/a/b", dir);
	CHECK_CODE(wallet_dir_check(inner, false), NOT_FOUND);
	CHECK_CODE(wallet_dir_each(inner, count_path, &n), OK);
	CHECK_CODE(wallet_dir_check(inner, true), OK);
	CHECK_CODE(create(inner, "one", NULL), OK);
	CHECK_CODE(create(inner, "two", NULL), OK);
	CHECK_CODE(wallet_dir_each(inner, count_path, &n), OK);
	CHECK(n == 2);
	REQUIRE(chmod(inner, 0750) == 0);
	CHECK_CODE(wallet_dir_check(inner, true), DENIED);
	CHECK(strstr(error_text(), "chmod 700") != NULL);
	(void)snprintf(inner, sizeof(inner), "%s/file", dir);
	leave(inner, "");
	CHECK_CODE(wallet_dir_check(inner, true), INVALID);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "a wallet is made once, under a label of its own", test_create },
		{ "a PIN may come later, and keeps its parameters", test_one_pin },
		{ "a new label is authenticated and nothing else changes", test_rename },
		{ "a key of before a reset is worth nothing", test_old_key },
		{ "a change sees itself and fails as a whole", test_change },
		{ "every opener's tries are counted, for each role", test_unlock_time_of_other_openers },
		{ "no journal is played into a restored wallet", test_restore_over },
		{ "what is no backup is not restored", test_no_backup },
		{ "the directory of wallets is checked and listed", test_dir },
		{ NULL, NULL },
	};

	return wallet_main("wallet files", tests);
}
