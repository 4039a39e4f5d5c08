/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "unit.h"

static void a_sentence_is_kept_until_the_next(void)
{
	error_clear();
	CHECK(strcmp(error_text(), "") == 0);
	CHECK_CODE(error_set(CF_STATUS(DENIED), "%s: number %d", "file", 7), DENIED);
	CHECK(strcmp(error_text(), "file: number 7") == 0);
	CHECK_CODE(error_set(CF_STATUS(LIMIT), "another"), LIMIT);
	CHECK(strcmp(error_text(), "another") == 0);
	error_clear();
	CHECK(strcmp(error_text(), "") == 0);
}

static void a_long_sentence_is_cut(void)
{
	char wide[2 * ERROR_TEXT_MAX];

	memset(wide, 'x', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	CHECK_CODE(error_set(CF_STATUS(IO), "%s", wide), IO);
	CHECK(strlen(error_text()) == ERROR_TEXT_MAX - 1);
	CHECK_CODE(error_errno(ENOSPC, "%s", wide), FULL);
	CHECK(strlen(error_text()) == ERROR_TEXT_MAX - 1);
}

static void errno_chooses_the_code(void)
{
	static const struct {
		int number;
		enum cf_code code;
	} row[] = {
		{ ENOSPC, CF_CODE_FULL },	{ EDQUOT, CF_CODE_FULL },	 { EROFS, CF_CODE_READONLY },
		{ EACCES, CF_CODE_DENIED },	{ EPERM, CF_CODE_DENIED },	 { ENOENT, CF_CODE_NOT_FOUND },
		{ ENOTDIR, CF_CODE_NOT_FOUND }, { ENOMEM, CF_CODE_NOMEM },	 { EEXIST, CF_CODE_EXISTS },
		{ EIO, CF_CODE_IO },		{ EINTR, CF_CODE_IO },		 { 0, CF_CODE_IO },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		CHECK(error_errno(row[i].number, "what").code == row[i].code);
		CHECK(strncmp(error_text(), "what: ", 6) == 0 && strlen(error_text()) > 6);
	}
	CHECK_CODE(error_errno(EACCES, "%s", "/file"), DENIED);
	CHECK(strcmp(error_text(), "/file: Permission denied") == 0);
}

static void *other_thread(void *arg)
{
	bool *clean = arg;

	*clean = error_text()[0] == '\0';
	(void)error_set(CF_STATUS(IO), "of the other thread");
	return NULL;
}

static void each_thread_has_its_own(void)
{
	pthread_t t;
	bool clean = false;

	(void)error_set(CF_STATUS(IO), "mine");
	REQUIRE(pthread_create(&t, NULL, other_thread, &clean) == 0);
	REQUIRE(pthread_join(t, NULL) == 0);
	CHECK(clean);
	CHECK(strcmp(error_text(), "mine") == 0);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "a sentence is kept until the next, or until it is cleared", a_sentence_is_kept_until_the_next },
		{ "a long sentence is cut", a_long_sentence_is_cut },
		{ "errno chooses the code, its text is behind the sentence", errno_chooses_the_code },
		{ "each thread has its own", each_thread_has_its_own },
		{ NULL, NULL },
	};

	return unit_main("base/error", tests);
}
