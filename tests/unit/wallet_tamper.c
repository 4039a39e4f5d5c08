/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody who can write the file, and what of it is noticed. */
#include "unit/wallet_kit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

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

static void check_refused(const char *why, const char *sql)
{
	struct wallet *w = make(unit_dir(), "schema"), *again = NULL;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s", wallet_path(w));
	edit(w, sql);
	wallet_unref(w);
	if (!cf_is(wallet_open(path, &again), CF_CODE_CORRUPT)) {
		(void)fprintf(stderr, "opened in spite of %s\n", why);
		CU_FAIL("a foreign schema was accepted");
		wallet_unref(again);
	}
	CHECK(strstr(error_text(), path) != NULL);
}

static void test_schema_refused(void)
{
	check_refused("a trigger", "CREATE TRIGGER t AFTER INSERT ON object BEGIN DELETE FROM object; END");
	check_refused("a view", "CREATE VIEW v AS SELECT 1");
	check_refused("a table", "CREATE TABLE more(x)");
	check_refused("an index with an expression", "CREATE INDEX i ON object(abs(number))");
	check_refused("a missing table", "DROP TABLE node");
	check_refused("a generated column", "ALTER TABLE wrap ADD COLUMN g AS (abs(failures))");
	check_refused("write-ahead logging", "PRAGMA journal_mode=WAL");
	check_refused("another application", "PRAGMA application_id=1");
}

static void write_file(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	REQUIRE(fd >= 0);
	REQUIRE(write(fd, bytes, n) == (ssize_t)n);
	REQUIRE(close(fd) == 0);
}

static void test_garbage(void)
{
	const char *dir = unit_dir();
	struct wallet *w = NULL;
	char path[512], bytes[8192];

	(void)snprintf(path, sizeof(path), "%s/a" WALLET_SUFFIX, dir);
	CHECK_CODE(wallet_open(path, &w), NOT_FOUND);
	write_file(path, "", 0);
	CHECK_CODE(wallet_open(path, &w), CORRUPT);
	memset(bytes, 'x', sizeof(bytes));
	write_file(path, bytes, sizeof(bytes));
	CHECK_CODE(wallet_open(path, &w), CORRUPT);
	CHECK(strstr(error_text(), path) != NULL);
	REQUIRE(unlink(path) == 0);
	REQUIRE(symlink("/etc/passwd", path) == 0);
	CHECK_CODE(wallet_open(path, &w), DENIED);
}

/* Whatever is cut off: an answer, and neither a signal nor a wallet that is taken for whole. */
static void test_truncated(void)
{
	struct wallet *w = make(unit_dir(), "cut");
	struct secret *key = unlock(w), *again = NULL;
	char path[512], whole[65536];
	int fd;
	ssize_t n;

	(void)add(w, key, true, "value");
	secret_unref(key);
	(void)snprintf(path, sizeof(path), "%s", wallet_path(w));
	wallet_unref(w);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	REQUIRE(fd >= 0);
	n = read(fd, whole, sizeof(whole));
	REQUIRE(n > 4096 && n < (ssize_t)sizeof(whole));
	(void)close(fd);
	/* The end of the last page may be empty: at least that page is cut off. */
	for (ssize_t cut = 0; cut <= n - 4096; cut += 1000) {
		struct cf_status status;

		write_file(path, whole, (size_t)cut);
		w = NULL;
		status = wallet_open(path, &w);
		if (cf_ok(status))
			status = wallet_unlock(w, WALLET_USER, span_str(USER), 0, &again);
		if (cf_ok(status)) {
			CHECK(faults(w, again) > 0);
			secret_unref(again);
		} else {
			CHECK(cf_is(status, CF_CODE_CORRUPT) || cf_is(status, CF_CODE_FORGED) ||
			      cf_is(status, CF_CODE_NOT_FOUND));
		}
		wallet_unref(w);
	}
}

/* The file shrinks while it is open. */
static void test_shrinks(void)
{
	struct wallet *w = make(unit_dir(), "shrinks");
	struct secret *key = unlock(w);
	uint64_t a = add(w, key, true, "value"), generation;
	struct wallet_info info;

	REQUIRE(truncate(wallet_path(w), 10) == 0);
	/* SQLite may answer from its cache: only the end of the process would be wrong. */
	cf_ignore(read_private(w, key, a, "value"), "either answer is right");
	CHECK(cf_failed(wallet_generation(w, &generation)));
	CHECK(cf_failed(wallet_get_info(w, &info)));
	secret_unref(key);
	wallet_unref(w);
}

static void test_hostile_kdf(void)
{
	static const char *const edits[] = {
		"UPDATE wrap SET body=CAST(x'ffffffff'||substr(body,5) AS BLOB)",            /* 4 TiB */
		"UPDATE wrap SET body=CAST(substr(body,1,4)||x'ffffffff'||substr(body,9) AS BLOB)", /* passes */
		"UPDATE wrap SET body=CAST(substr(body,1,4)||x'00000000'||substr(body,9) AS BLOB)",
		"UPDATE wrap SET body=substr(body,1,20)",
		"UPDATE wrap SET body=zeroblob(100000)",
		"UPDATE wrap SET body=x''",
	};

	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		struct wallet *w = make(unit_dir(), "hostile");
		struct secret *key = NULL;
		struct cf_status status;

		edit(w, edits[i]);
		status = wallet_unlock(w, WALLET_USER, span_str(USER), 0, &key);
		CHECK(cf_is(status, CF_CODE_CORRUPT) || cf_is(status, CF_CODE_LIMIT));
		wallet_unref(w);
	}
}

/* A wrap belongs to its role and wallet, and its parameters to it. */
static void test_wraps_moved(void)
{
	struct wallet *w = make(unit_dir(), "wraps");
	struct secret *key = NULL;

	edit(w, "UPDATE wrap SET body=(SELECT body FROM wrap WHERE role=1) WHERE role=0");
	CHECK_CODE(wallet_unlock(w, WALLET_USER, span_str(SO), 0, &key), DENIED);
	edit(w, "UPDATE wrap SET body=CAST(substr(body,1,4)||x'02000000'||substr(body,9) AS BLOB) WHERE role=1");
	CHECK_CODE(wallet_unlock(w, WALLET_SO, span_str(SO), 0, &key), DENIED);
	wallet_unref(w);
}

static void test_nodes(void)
{
	struct wallet *w = make(unit_dir(), "nodes");
	struct secret *key = unlock(w);
	uint64_t a = add(w, key, true, "aaaa");

	CHECK(faults(w, key) == 0);
	edit(w, "UPDATE node SET body=CAST(substr(body,1,100)||x'01'||substr(body,102) AS BLOB)");
	CHECK(faults(w, key) > 0);
	CHECK_CODE(read_private(w, key, a, "aaaa"), FORGED);
	edit(w, "DELETE FROM node");
	CHECK(faults(w, key) > 0);
	CHECK_CODE(read_private(w, key, a, "aaaa"), FORGED);
	secret_unref(key);
	wallet_unref(w);
}

/* The index can hide an object or offer a wrong one, never make it another; the audit finds both. */
static void test_index(void)
{
	struct wallet *w = make(unit_dir(), "index");
	struct secret *key = unlock(w);
	uint64_t a = add(w, key, true, "aaaa"), hit[4];
	struct wallet_term t = { 1, span_str("aaaa") };

	CHECK(find(w, key, &t, 1, hit) == 1 && hit[0] == a);
	edit(w, "INSERT INTO term SELECT term, 77 FROM term");
	CHECK(faults(w, key) == 1);
	CHECK(find(w, key, &t, 1, hit) == 2);
	CHECK_CODE(read_private(w, key, 77, ""), NOT_FOUND);
	edit(w, "DELETE FROM term WHERE object=77");
	CHECK(faults(w, key) == 0);
	edit(w, "DELETE FROM term");
	CHECK(faults(w, key) >= 1);
	secret_unref(key);
	wallet_unref(w);
}

static void test_rows_added(void)
{
	struct wallet *w = make(unit_dir(), "added");
	struct secret *key = unlock(w);
	uint64_t a = add(w, key, true, "aaaa");
	AUTO_WALLET_OBJECT o = WALLET_OBJECT_INIT;

	edit(w, "INSERT INTO object SELECT number + 1, version, private, body, terms FROM object");
	CHECK_CODE(wallet_fetch(w, key, a + 1, &o), FORGED);
	CHECK(faults(w, key) >= 1);
	edit(w, "DELETE FROM object WHERE number=2; INSERT INTO object SELECT -5, version, private, body, terms FROM object");
	CHECK(faults(w, key) >= 1);
	edit(w, "DELETE FROM object WHERE number<0");
	CHECK(faults(w, key) == 0);
	/* A private row does not become public by saying so. */
	edit(w, "UPDATE object SET private=0");
	CHECK(faults(w, key) >= 1);
	secret_unref(key);
	wallet_unref(w);
}

/* What was tampered with can still be removed, and then the wallet is clean. */
static void test_remove_forged(void)
{
	struct wallet *w = make(unit_dir(), "repair");
	struct secret *key = unlock(w);
	uint64_t a = add(w, key, true, "aaaa");
	struct wallet_change *c = NULL;

	edit(w, "UPDATE object SET body=zeroblob(50)");
	CHECK_CODE(read_private(w, key, a, "aaaa"), FORGED);
	REQUIRE(cf_ok(wallet_change_begin(w, key, &c)));
	CHECK_CODE(wallet_change_remove(c, a + 9), NOT_FOUND);
	CHECK_CODE(wallet_change_remove(c, a), OK);
	CHECK_CODE(wallet_change_commit(c), OK);
	CHECK(faults(w, key) == 0);
	secret_unref(key);
	wallet_unref(w);
}

/* The header of before, put back alone: the policy that was made tighter stays so. */
static void test_policy_replayed(void)
{
	struct wallet *w = make(unit_dir(), "policy");
	struct secret *key = unlock(w);
	uint64_t number = add(w, key, true, "a key");
	uint8_t policy[WALLET_POLICY_MAX];
	size_t n = 99;

	REQUIRE(cf_ok(wallet_get_policy(w, key, policy, &n)));
	CHECK(n == 0);
	edit(w, "INSERT INTO meta SELECT 'kept', value FROM meta WHERE name='header'");
	REQUIRE(cf_ok(wallet_set_policy(w, key, span_str("tight"))));
	REQUIRE(cf_ok(wallet_get_policy(w, key, policy, &n)));
	CHECK(n == 5 && memcmp(policy, "tight", 5) == 0);
	CHECK_CODE(read_private(w, key, number, "a key"), OK);
	CHECK(faults(w, key) == 0);
	edit(w, "UPDATE meta SET value=(SELECT value FROM meta WHERE name='kept') WHERE name='header'");
	CHECK_CODE(read_private(w, key, number, "a key"), FORGED);
	CHECK(faults(w, key) > 0);
	secret_unref(key);
	wallet_unref(w);
}

static void test_policy_bytes(void)
{
	struct wallet *w = make(unit_dir(), "policy");
	struct secret *key = unlock(w), *so = NULL;
	uint8_t policy[WALLET_POLICY_MAX], longest[WALLET_POLICY_MAX + 1] = { 1 };
	size_t n;

	CHECK_CODE(wallet_set_policy(w, key, span(longest, sizeof(longest))), LIMIT);
	CHECK_CODE(wallet_set_policy(w, key, span(longest, WALLET_POLICY_MAX)), OK);
	REQUIRE(cf_ok(wallet_rename(w, key, "renamed")));
	REQUIRE(cf_ok(wallet_get_policy(w, key, policy, &n)));
	CHECK(n == WALLET_POLICY_MAX && memcmp(policy, longest, n) == 0);
	CHECK_CODE(wallet_set_policy(w, key, SPAN_EMPTY), OK);
	REQUIRE(cf_ok(wallet_get_policy(w, NULL, policy, &n)));
	CHECK(n == 0);
	/* C_InitToken starts without one. */
	REQUIRE(cf_ok(wallet_set_policy(w, key, span_str("x"))));
	REQUIRE(cf_ok(wallet_unlock(w, WALLET_SO, span_str(SO), 0, &so)));
	REQUIRE(cf_ok(wallet_reset(w, so, span_str(SO), &cheap, "again")));
	REQUIRE(cf_ok(wallet_get_policy(w, NULL, policy, &n)));
	CHECK(n == 0);
	secret_unref(so);
	secret_unref(key);
	wallet_unref(w);
}

static void test_header_forged(void)
{
	const char *dir = unit_dir();
	struct wallet *w = make(dir, "header");
	struct secret *key = NULL;

	/* One letter of the label. */
	edit(w, "UPDATE meta SET value=CAST(substr(value,1,24)||x'58'||substr(value,26) AS BLOB)");
	CHECK_CODE(wallet_unlock(w, WALLET_USER, span_str(USER), 0, &key), FORGED);
	wallet_unref(w);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "swapped, edited and removed rows are forged", test_tampering },
		{ "an older row cannot be put back", test_replay },
		{ "a schema that is not ours to the letter is refused", test_schema_refused },
		{ "an edited header is forged", test_header_forged },
		{ "a file of something else is refused by name", test_garbage },
		{ "a truncated wallet never passes for whole", test_truncated },
		{ "a file that shrinks while open ends in an error", test_shrinks },
		{ "hostile Argon2id parameters are refused", test_hostile_kdf },
		{ "a PIN record belongs to its role and parameters", test_wraps_moved },
		{ "the nodes of the set are authenticated", test_nodes },
		{ "a forged index is found by the audit", test_index },
		{ "rows that nobody stored are found", test_rows_added },
		{ "a forged object can be removed", test_remove_forged },
		{ "a policy is kept, replaced and taken away", test_policy_bytes },
		{ "a policy is not loosened by an older header", test_policy_replayed },
		{ NULL, NULL },
	};

	return wallet_main("wallet against its file", tests);
}
