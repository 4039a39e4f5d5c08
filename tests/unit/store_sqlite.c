/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/store.h"

static struct store *open_new(char path[512])
{
	struct store *s = NULL;

	(void)snprintf(path, 512, "%s/s", unit_dir());
	REQUIRE(cf_ok(store_create(path, &s)));
	return s;
}

static void put(struct store *s, uint64_t number, bool is_private, const char *terms)
{
	AUTO_STORE_OBJECT o = STORE_OBJECT_INIT;

	o.number = number;
	o.version = number * 10;
	o.is_private = is_private;
	buf_bytes(&o.body, span_str("body"));
	/* Each letter is a term. */
	for (; *terms != '\0'; terms++) {
		uint8_t term[STORE_TERM_SIZE];

		memset(term, *terms, sizeof(term));
		buf_bytes(&o.terms, SPAN_OF(term));
	}
	REQUIRE(cf_ok(store_object_put(s, &o)));
}

static size_t find(struct store *s, const char *terms, uint64_t after, uint64_t *numbers, size_t max)
{
	uint8_t term[STORE_TERMS_MAX][STORE_TERM_SIZE];
	size_t found = 99, count = strlen(terms);

	for (size_t i = 0; i < count; i++)
		memset(term[i], terms[i], STORE_TERM_SIZE);
	REQUIRE(cf_ok(store_find(s, false, (const uint8_t(*)[STORE_TERM_SIZE])term, count, after, numbers, max, &found)));
	return found;
}

static void test_find(void)
{
	char path[512];
	AUTO(store) s = open_new(path);
	uint64_t n[8];

	REQUIRE(cf_ok(store_begin(s)));
	for (uint64_t i = 1; i <= 20; i++)
		put(s, i, false, i % 2 == 0 ? (i % 4 == 0 ? "abc" : "ab") : "a");
	REQUIRE(cf_ok(store_commit(s)));
	CHECK(find(s, "b", 0, n, 8) == 8 && n[0] == 2 && n[7] == 16);
	CHECK(find(s, "b", 16, n, 8) == 2 && n[0] == 18 && n[1] == 20);
	CHECK(find(s, "ca", 4, n, 8) == 4 && n[0] == 8 && n[3] == 20);
	CHECK(find(s, "abcabcab", 0, n, 8) == 5 && n[0] == 4);
	CHECK(find(s, "ax", 0, n, 8) == 0);
	CHECK(find(s, "", 12, n, 8) == 8 && n[0] == 13);
	CHECK(find(s, "a", UINT64_MAX, n, 8) == 0);
	CHECK(find(s, "a", 0, n, 0) == 0);
}

static void test_terms_follow(void)
{
	char path[512];
	AUTO(store) s = open_new(path);
	uint64_t n[8], count;

	REQUIRE(cf_ok(store_begin(s)));
	put(s, 1, false, "ab");
	put(s, 1, false, "bc");
	CHECK(find(s, "a", 0, n, 8) == 0 && find(s, "b", 0, n, 8) == 1 && find(s, "c", 0, n, 8) == 1);
	REQUIRE(cf_ok(store_object_remove(s, 1)));
	REQUIRE(cf_ok(store_terms_count(s, &count)));
	CHECK(count == 0);
	REQUIRE(cf_ok(store_commit(s)));
}

static void test_transactions(void)
{
	char path[512];
	AUTO(store) s = open_new(path);
	AUTO(store) other = NULL;
	AUTO_BUF value = BUF_INIT(64);
	uint64_t before, after;

	REQUIRE(cf_ok(store_open(path, &other)));
	REQUIRE(cf_ok(store_counter(other, &before)));
	REQUIRE(cf_ok(store_begin(s)));
	REQUIRE(cf_ok(store_meta_put(s, "x", span_str("1"))));
	CHECK_CODE(store_meta_get(other, "x", &value), NOT_FOUND);
	store_rollback(s);
	CHECK_CODE(store_meta_get(s, "x", &value), NOT_FOUND);
	REQUIRE(cf_ok(store_counter(other, &after)));
	CHECK(before == after);
	REQUIRE(cf_ok(store_begin(s)));
	REQUIRE(cf_ok(store_meta_put(s, "x", span_str("2"))));
	REQUIRE(cf_ok(store_commit(s)));
	REQUIRE(cf_ok(store_counter(other, &after)));
	CHECK(after == before + 1);
	REQUIRE(cf_ok(store_meta_get(other, "x", &value)));
	CHECK(span_eq(buf_span(&value), span_str("2")));
}

/* The second writer waits for the busy time-out, then is told to try again. */
static void test_busy(void)
{
	char path[512];
	AUTO(store) s = open_new(path);
	AUTO(store) other = NULL;

	REQUIRE(cf_ok(store_open(path, &other)));
	REQUIRE(cf_ok(store_begin(s)));
	CHECK_CODE(store_begin(other), AGAIN);
	CHECK(strstr(error_text(), "another process") != NULL);
	store_rollback(s);
	CHECK_CODE(store_begin(other), OK);
	store_rollback(other);
}

static void test_files(void)
{
	char path[512], copy[600], linked[600], through[700];
	AUTO(store) s = open_new(path);
	struct store *t = NULL;
	struct stat st;

	REQUIRE(stat(path, &st) == 0);
	CHECK((st.st_mode & 07777) == 0600);
	CHECK_CODE(store_create(path, &t), EXISTS);
	(void)snprintf(copy, sizeof(copy), "%s-copy", path);
	CHECK_CODE(store_copy(s, copy), OK);
	CHECK_CODE(store_copy(s, copy), EXISTS);
	REQUIRE(stat(copy, &st) == 0);
	CHECK((st.st_mode & 07777) == 0600);
	REQUIRE(cf_ok(store_open(copy, &t)));
	CHECK_CODE(store_check(t), OK);
	store_close(t);
	/* No journal stays beside a store at rest. */
	(void)snprintf(linked, sizeof(linked), "%s-copy-journal", path);
	CHECK(access(linked, F_OK) != 0);
	/* A link as the file is refused, one on the way to it is not. */
	(void)snprintf(linked, sizeof(linked), "%s-link", path);
	REQUIRE(symlink(copy, linked) == 0);
	t = NULL;
	CHECK(cf_failed(store_open(linked, &t)));
	*strrchr(path, '/') = '\0';
	(void)snprintf(linked, sizeof(linked), "%s/way", path);
	REQUIRE(symlink(path, linked) == 0);
	(void)snprintf(through, sizeof(through), "%s/s-copy", linked);
	CHECK_CODE(store_open(through, &t), OK);
	store_close(t);
	(void)snprintf(through, sizeof(through), "%s/none", linked);
	t = NULL;
	CHECK_CODE(store_open(through, &t), NOT_FOUND);
	CHECK_CODE(store_still_there(s), OK);
	(void)snprintf(through, sizeof(through), "%s/s", linked);
	REQUIRE(unlink(through) == 0);
	CHECK_CODE(store_still_there(s), NOT_FOUND);
	/* A writer whose file has been replaced does not start a journal that the new one would play. */
	REQUIRE(rename(copy, through) == 0);
	REQUIRE(cf_ok(store_begin(s)));
	CHECK(cf_failed(store_meta_put(s, "x", span_str("1"))) || cf_failed(store_commit(s)));
	store_rollback(s);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "a search pages through all that carry every term", test_find },
		{ "the index follows its objects", test_terms_follow },
		{ "a transaction is all or nothing and moves the counter once", test_transactions },
		{ "a second writer is told to try again", test_busy },
		{ "files: modes, copies, links, replaced ones", test_files },
		{ NULL, NULL },
	};

	return unit_main("store", tests);
}
