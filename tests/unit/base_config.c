/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/error.h"

static void test_defaults(void)
{
	AUTO(config) c = NULL;

	REQUIRE(cf_ok(config_parse("t", "", &c)));
	CHECK(c->argon2_memory_kib == 65536 && c->argon2_passes == 3 && c->pin_min == 4 && c->pin_limit == 0);
	CHECK(!c->allow_unlocked_memory && !c->prefer_locked && c->idle_lock_s == 0 && c->ec_point == CONFIG_POINT_AUTO);
	CHECK(c->directory == NULL && c->auth_credential == NULL && c->trace_file == NULL);
}

static void test_values(void)
{
	AUTO(config) c = NULL;

	REQUIRE(cf_ok(config_parse("t",
				   "# comment\n\n  directory = /a path/with = sign \r\nmemory=locked\nallow-unlocked-memory = yes\n"
				   "argon2-memory = 8\nargon2-passes = 1000\npin-min-length = 8\npin-failures-limit = 10\n"
				   "idle-lock = 60\nec-point = raw\nauthentication-credential = pin\ntrace = /tmp/t",
				   &c)));
	CHECK(c->directory != NULL && strcmp(c->directory, "/a path/with = sign") == 0);
	CHECK(c->prefer_locked && c->allow_unlocked_memory && c->argon2_memory_kib == 8 && c->argon2_passes == 1000);
	CHECK(c->pin_min == 8 && c->pin_limit == 10 && c->idle_lock_s == 60 && c->ec_point == CONFIG_POINT_RAW);
	CHECK(c->auth_credential != NULL && strcmp(c->auth_credential, "pin") == 0);
	CHECK(c->trace_file != NULL && strcmp(c->trace_file, "/tmp/t") == 0);
}

/* The sentence names file and line, and what may be given. */
static void test_refused(void)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{ "\nno-such-key = 1\n", "coffer.conf:2: there is no key no-such-key" },
		{ "memory = swap\n", "coffer.conf:1: memory may be: secret, locked" },
		{ "argon2-memory = 7\n", "coffer.conf:1: argon2-memory may be: 8 to 4194304" },
		{ "argon2-memory = 4194305\n", "argon2-memory may be" },
		{ "argon2-passes = 0\n", "argon2-passes may be" },
		{ "argon2-passes = -1\n", "argon2-passes may be" },
		{ "argon2-passes = 3 or so\n", "argon2-passes may be" },
		{ "argon2-passes = 99999999999999999999\n", "argon2-passes may be" },
		{ "argon2-passes =\n", "argon2-passes may be" },
		{ "allow-unlocked-memory = maybe\n", "may be: yes, no" },
		{ "ec-point = both\n", "may be: auto, der, raw" },
		{ "trace\n", "coffer.conf:1: expected `key = value`" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *c = NULL;

		CHECK_CODE(config_parse("coffer.conf", cases[i].text, &c), INVALID);
		CHECK(strstr(error_text(), cases[i].sentence) != NULL);
		CHECK(c == NULL);
	}
}

static void write_text(const char *path, const char *text, size_t n)
{
	FILE *f = fopen(path, "we");

	REQUIRE(f != NULL);
	REQUIRE(fwrite(text, 1, n, f) == n);
	REQUIRE(fclose(f) == 0);
}

static void clear_environment(void)
{
	static const char *const names[] = { "COFFER_CONF", "COFFER_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		REQUIRE(unsetenv(names[i]) == 0);
}

static struct config *load(void)
{
	struct config *c = NULL;

	REQUIRE(cf_ok(config_load(&c)));
	return c;
}

static void test_environment(void)
{
	char path[512], dir[512], file[512];
	struct config *c;

	(void)snprintf(dir, sizeof(dir), "%s", unit_dir());
	clear_environment();
	REQUIRE(setenv("HOME", dir, 1) == 0);
	REQUIRE(setenv("XDG_DATA_HOME", "/data", 1) == 0);
	c = load();
	CHECK(c->directory != NULL && strcmp(c->directory, "/data/coffer") == 0);
	config_free(c);
	(void)snprintf(path, sizeof(path), "%.480s/conf", dir);
	write_text(path, "directory = /from/file\n", 23);
	REQUIRE(setenv("COFFER_CONF", path, 1) == 0);
	CHECK(config_file(file, sizeof(file)) && strcmp(file, path) == 0);
	CHECK(!config_file(file, 4));
	c = load();
	CHECK(c->directory != NULL && strcmp(c->directory, "/from/file") == 0);
	config_free(c);
	REQUIRE(setenv("COFFER_DIR", "/from/environment", 1) == 0);
	c = load();
	CHECK(c->directory != NULL && strcmp(c->directory, "/from/environment") == 0);
	config_free(c);
	clear_environment();
}

/* The directory of a user's own file, and files that are none. */
static void test_files(void)
{
	char path[512], dir[512];
	static char large[70000];
	struct config *c = NULL;

	(void)snprintf(dir, sizeof(dir), "%s", unit_dir());
	clear_environment();
	(void)snprintf(path, sizeof(path), "%.400s/coffer", dir);
	REQUIRE(mkdir(path, 0700) == 0);
	(void)snprintf(path, sizeof(path), "%.400s/coffer/coffer.conf", dir);
	write_text(path, "directory = /mine\n", 18);
	REQUIRE(setenv("XDG_CONFIG_HOME", dir, 1) == 0);
	c = load();
	CHECK(c->directory != NULL && strcmp(c->directory, "/mine") == 0);
	config_free(c);
	c = NULL;
	write_text(path, "directory\0 = /mine\n", 19);
	CHECK_CODE(config_load(&c), INVALID);
	memset(large, '#', sizeof(large));
	write_text(path, large, sizeof(large));
	CHECK_CODE(config_load(&c), INVALID);
	REQUIRE(setenv("COFFER_CONF", "/nonexistent/conf", 1) == 0);
	CHECK_CODE(config_load(&c), NOT_FOUND);
	CHECK(strstr(error_text(), "/nonexistent/conf") != NULL);
	clear_environment();
}

static void test_rows(void)
{
	unsigned count;
	const struct config_row *rows = config_rows(&count);

	CHECK(count == 16);
	for (unsigned i = 0; i < count; i++) {
		char line[128];
		struct config *c = NULL;

		CHECK(rows[i].name != NULL && rows[i].values != NULL && rows[i].standard != NULL && rows[i].help != NULL);
		for (unsigned j = 0; j < i; j++)
			CHECK(strcmp(rows[i].name, rows[j].name) != 0);
		/* A default that can be written is one that may be given. */
		(void)snprintf(line, sizeof(line), "%s = %s\n", rows[i].name, rows[i].standard);
		CHECK_CODE(config_parse("rows", line, &c), OK);
		config_free(c);
	}
}

/* Written back, every value reads as itself; what differs from the default is told. */
static void test_shown(void)
{
	static const char text[] = "directory = /d\nmemory = locked\nallow-unlocked-memory = yes\nargon2-memory = 64\n"
				   "argon2-passes = 5\npin-min-length = 8\npin-failures-limit = 10\nidle-lock = 60\n"
				   "rsa-min-bits = 3072\ndisabled-mechanisms = CKM_SHA_1\nenabled-mechanisms = CKM_DES3_CBC\nec-point = raw\nallow-unsafe-wrapping = yes\ndeterministic-ecdsa = yes\n"
				   "authentication-credential = pin\ntrace = /t\n";
	AUTO(config) c = NULL;
	AUTO(config) plain = NULL;
	char all[600] = "", value[64];
	unsigned count;
	const struct config_row *rows = config_rows(&count);

	REQUIRE(cf_ok(config_parse("t", text, &c)));
	REQUIRE(cf_ok(config_parse("t", "", &plain)));
	for (unsigned i = 0; i < count; i++) {
		size_t n = strlen(all);

		REQUIRE(config_value(c, i, value, sizeof(value)));
		(void)snprintf(all + n, sizeof(all) - n, "%s = %s\n", rows[i].name, value);
		CHECK(!config_is_standard(c, i));
		CHECK(config_is_standard(plain, i));
	}
	CHECK(strcmp(all, text) == 0);
	CHECK(!config_value(c, 0, value, 2));
}

/* Lines that were wrapped read as one. */
static size_t read_manual(char *out, size_t room)
{
	FILE *f = fopen(TEST_DATA "/../../doc/man/coffer.conf.5", "re");
	size_t n = f == NULL ? 0 : fread(out, 1, room - 1, f);

	if (f != NULL)
		(void)fclose(f);
	for (size_t i = 0; i < n; i++)
		if (out[i] == '\n')
			out[i] = ' ';
	out[n] = '\0';
	return n;
}

static void test_manual(void)
{
	static char manual[65536];
	unsigned count;
	const struct config_row *rows = config_rows(&count);

	REQUIRE(read_manual(manual, sizeof(manual)) > 0);
	for (unsigned i = 0; i < count; i++) {
		char expected[512];

		(void)snprintf(expected, sizeof(expected), ".It Cm %s %s. Values: %s. Default: %s.", rows[i].name, rows[i].help,
			       rows[i].values, rows[i].standard);
		CHECK(strstr(manual, expected) != NULL);
		if (strstr(manual, expected) == NULL)
			(void)fprintf(stderr, "coffer.conf(5) has no: %s\n", expected);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "without a file there are defaults", test_defaults },
		{ "every key can be set", test_values },
		{ "what is not allowed is named by file and line", test_refused },
		{ "the environment comes before the file", test_environment },
		{ "the user's file is read; what is no text is refused", test_files },
		{ "every row is complete, and its default is allowed", test_rows },
		{ "values are told as they would be written", test_shown },
		{ "coffer.conf(5) says what the rows say", test_manual },
		{ NULL, NULL },
	};

	return unit_main("config", tests);
}
