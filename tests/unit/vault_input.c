/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>

#include "vault_kit.h"

static const char *file_of(const char *text, size_t n, mode_t mode)
{
	static char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/pin", unit_dir());
	f = fopen(path, "we");
	REQUIRE(f != NULL);
	REQUIRE(fwrite(text, 1, n, f) == n);
	REQUIRE(fclose(f) == 0);
	REQUIRE(chmod(path, mode) == 0);
	return path;
}

static bool holds(const struct guarded *g, const char *text, size_t n)
{
	return span_eq(guarded_bytes(g), span(text, n));
}

static void a_block_is_zeroed_and_its_use_is_bounded(void)
{
	struct guarded *g = NULL;
	uint8_t any = 0;

	CHECK_CODE(guarded_new(10, &g), CLOSED);
	kit_open();
	REQUIRE(cf_ok(guarded_new(10, &g)));
	REQUIRE(guarded_room(g).n == 10);
	for (size_t i = 0; i < 10; i++)
		any |= guarded_room(g).p[i];
	CHECK(any == 0);
	CHECK(guarded_bytes(g).n == 0);
	guarded_use(g, 4);
	CHECK(guarded_bytes(g).n == 4);
	guarded_use(g, 400);
	CHECK(guarded_bytes(g).n == 10);
	guarded_free(g);
	guarded_free(NULL);
	REQUIRE(cf_ok(guarded_new(100000, &g)));
	CHECK(guarded_room(g).n == 100000);
	guarded_free(g);
	vault_close();
}

static void one_line_end_is_not_part_of_a_file(void)
{
	const struct {
		const char *text;
		size_t n, used;
	} rows[] = {
		{"1234", 4, 4},     {"1234\n", 5, 4}, {"1234\r\n", 6, 4}, {"1234\n\n", 6, 5},
		{"12\n34\n", 6, 5}, {"1234\r", 5, 5}, {"\n", 1, 0},       {"", 0, 0},
		{"a\0b\n", 4, 3},   {"\r\n", 2, 0},
	};

	kit_open();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO(guarded) g = NULL;

		REQUIRE(cf_ok(input_from_file(file_of(rows[i].text, rows[i].n, 0600), &g)));
		CHECK(holds(g, rows[i].text, rows[i].used));
	}
	vault_close();
}

static void the_length_has_a_limit(void)
{
	static char text[INPUT_MAX + 10];
	struct guarded *g = NULL;

	kit_open();
	memset(text, 'x', sizeof(text));
	REQUIRE(cf_ok(input_from_file(file_of(text, INPUT_MAX, 0600), &g)));
	CHECK(guarded_bytes(g).n == INPUT_MAX);
	guarded_free(TAKE(g));
	memcpy(text + INPUT_MAX, "\r\n", 2);
	REQUIRE(cf_ok(input_from_file(file_of(text, INPUT_MAX + 2, 0600), &g)));
	CHECK(guarded_bytes(g).n == INPUT_MAX);
	guarded_free(TAKE(g));
	memset(text, 'x', sizeof(text));
	for (size_t n = INPUT_MAX + 1; n <= sizeof(text); n++)
		CHECK_CODE(input_from_file(file_of(text, n, 0600), &g), LIMIT);
	CHECK(g == NULL);
	vault_close();
}

static void a_file_that_others_may_read_is_refused(void)
{
	const mode_t modes[] = { 0640, 0604, 0660, 0601, 0444 };
	struct guarded *g = NULL;

	kit_open();
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		CHECK_CODE(input_from_file(file_of("1", 1, modes[i]), &g), DENIED);
	CHECK_CODE(input_from_file("/nonexistent/pin", &g), NOT_FOUND);
	CHECK_CODE(input_from_file(unit_dir(), &g), INVALID);
	CHECK(g == NULL);
	REQUIRE(cf_ok(input_from_file(file_of("1", 1, 0400), &g)));
	guarded_free(g);
	vault_close();
}

static void a_descriptor_is_read_to_its_end(void)
{
	struct guarded *g = NULL;
	int ends[2];

	kit_open();
	REQUIRE(pipe(ends) == 0);
	REQUIRE(write(ends[1], "12", 2) == 2);
	REQUIRE(write(ends[1], "34\n", 3) == 3);
	REQUIRE(close(ends[1]) == 0);
	REQUIRE(cf_ok(input_from_fd(ends[0], &g)));
	CHECK(holds(g, "1234", 4));
	guarded_free(TAKE(g));
	REQUIRE(close(ends[0]) == 0);
	CHECK(cf_failed(input_from_fd(ends[0], &g)));
	CHECK(g == NULL);
	vault_close();
}

static void no_memory_is_an_answer(void)
{
	const char *path = file_of("1", 1, 0600);
	struct guarded *g = NULL;

	kit_open();
	kit_fail(FAULT_MMAP, 0, true);
	CHECK_CODE(input_from_file(path, &g), NOMEM);
	CHECK_CODE(input_from_terminal("", &g), NOMEM);
	kit_fail(FAULT_ALLOC, 0, true);
	CHECK_CODE(input_from_file(path, &g), NOMEM);
	kit_no_faults();
	vault_close();
}

/* A child asks on a terminal; this process types and looks at what appears. */
struct dialogue {
	const char *typed;
	size_t typed_n;
	const char *expected; /* NULL: cancelled */
	size_t expected_n;
	int master;
	char slave[64];
	char seen[8192];
	size_t seen_n;
	bool echo_is_back;
};

static int answer(void *arg)
{
	const struct dialogue *d = arg;
	struct guarded *g = NULL;
	struct cf_status status;

	(void)close(d->master);
	if (setsid() < 0 || open(d->slave, O_RDWR) < 0)
		return 3;
	if (cf_failed(vault_open(&kit_default)))
		return 4;
	status = input_from_terminal("PIN of wallet: ", &g);
	if (d->expected == NULL)
		return cf_is(status, CF_CODE_INVALID) && g == NULL ? 0 : 5;
	if (cf_failed(status))
		return 6;
	return holds(g, d->expected, d->expected_n) ? 0 : 7;
}

static void listen_to(struct dialogue *d, const char *until)
{
	struct pollfd p = { .fd = d->master, .events = POLLIN };

	while (d->seen_n < sizeof(d->seen) - 1 && strstr(d->seen, until) == NULL &&
	       poll(&p, 1, 5000) == 1) {
		ssize_t n = read(d->master, d->seen + d->seen_n, sizeof(d->seen) - 1 - d->seen_n);

		if (n <= 0)
			return;
		d->seen_n += (size_t)n;
		d->seen[d->seen_n] = 0;
	}
}

static int converse(struct dialogue *d)
{
	int status = -1, keep;
	struct termios t;
	pid_t pid;

	d->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	REQUIRE(d->master >= 0 && grantpt(d->master) == 0 && unlockpt(d->master) == 0);
	REQUIRE(ptsname_r(d->master, d->slave, sizeof(d->slave)) == 0);
	/* Kept open here, so that the terminal and what was said stay when the child is gone. */
	keep = open(d->slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
	REQUIRE(keep >= 0);
	(void)fflush(NULL);
	pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0)
		_exit(answer(d));
	listen_to(d, "wallet: ");
	CHECK(write(d->master, d->typed, d->typed_n) == (ssize_t)d->typed_n);
	REQUIRE(waitpid(pid, &status, 0) == pid);
	listen_to(d, "\n");
	d->echo_is_back = tcgetattr(keep, &t) == 0 &&
			  (t.c_lflag & (ECHO | ICANON | ISIG)) == (ECHO | ICANON | ISIG);
	(void)close(keep);
	(void)close(d->master);
	return status;
}

static void a_terminal_is_asked_without_echo(void)
{
	struct dialogue d = {
		.typed = "s3cret\n", .typed_n = 7, .expected = "s3cret", .expected_n = 6};

	CHECK(kit_exited(converse(&d), 0));
	CHECK(strstr(d.seen, "PIN of wallet: ") != NULL);
	CHECK(strstr(d.seen, "s3cret") == NULL && strchr(d.seen, '3') == NULL);
	CHECK(d.echo_is_back);
}

static void the_keys_of_the_terminal_work(void)
{
	const struct {
		const char *typed, *expected;
	} rows[] = {
		{ "12\x7f" "34\n", "134" },                /* erase */
		{ "\x7f\x7f" "1\n", "1" },                  /* nothing to erase */
		{ "a\xc3\xa4\x7f" "b\n", "ab" },            /* a character of two bytes */
		{ "\xe2\x82\xac\x7f" "b\n", "b" },          /* of three, at the beginning */
		{ "wrong\x15" "right\r", "right" },         /* kill; a carriage return ends too */
		{ "12\x04", "12" },                          /* end of file */
		{ "\n", "" },
		{ "12\x03", NULL },                          /* interrupt */
		{ "12\x1c", NULL },                          /* quit */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dialogue d = {
			.typed = rows[i].typed,
			.typed_n = strlen(rows[i].typed),
			.expected = rows[i].expected,
			.expected_n = rows[i].expected == NULL ? 0 : strlen(rows[i].expected),
		};

		CHECK(kit_exited(converse(&d), 0));
		CHECK(d.echo_is_back);
	}
}

static int ask_nobody(void *arg)
{
	struct guarded *g = NULL;

	(void)arg;
	if (setsid() < 0 || cf_failed(vault_open(&kit_default)))
		return 3;
	return cf_is(input_from_terminal("PIN: ", &g), CF_CODE_NOT_FOUND) ? 0 : 4;
}

static void without_a_terminal_nobody_is_asked(void)
{
	CHECK(kit_exited(kit_child(ask_nobody, NULL), 0));
}

int main(void)
{
	const struct unit_test tests[] = {
		{"a block is zeroed and its use is bounded",
		 a_block_is_zeroed_and_its_use_is_bounded},
		{"one line end is not part of a file", one_line_end_is_not_part_of_a_file},
		{"the length has a limit", the_length_has_a_limit},
		{"a file that others may read is refused", a_file_that_others_may_read_is_refused},
		{"a descriptor is read to its end", a_descriptor_is_read_to_its_end},
		{"no memory is an answer", no_memory_is_an_answer},
		{"a terminal is asked without echo", a_terminal_is_asked_without_echo},
		{"the keys of the terminal work", the_keys_of_the_terminal_work},
		{"without a terminal nobody is asked", without_a_terminal_nobody_is_asked},
		{NULL, NULL},
	};

	return unit_main("vault input", tests);
}
