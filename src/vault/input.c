/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/input.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "vault/arena.h"
#include "vault/scope_internal.h"

struct guarded {
	struct region region;
	size_t room, used;
};

struct cf_status guarded_new(size_t n, struct guarded **out)
{
	struct guarded *g;
	struct cf_status status;

	if (!vault_usable())
		return error_set(CF_STATUS(CLOSED), "the vault is closed");
	g = NEW(guarded);
	if (g == NULL)
		return CF_STATUS(NOMEM);
	status = region_borrow(n, &g->region);
	if (cf_failed(status)) {
		mem_free(g);
		return status;
	}
	g->room = n;
	*out = g;
	return CF_OK;
}

void guarded_free(struct guarded *g)
{
	if (g == NULL)
		return;
	if (!region_return(&g->region))
		vault_damaged("a canary of an input was overwritten");
	mem_free(g);
}

struct mspan guarded_room(struct guarded *g)
{
	return mspan(g->region.use.p, g->room);
}

struct span guarded_bytes(const struct guarded *g)
{
	return span(g->region.use.p, g->used);
}

void guarded_use(struct guarded *g, size_t n)
{
	g->used = n < g->room ? n : g->room;
}

/* Drops one line end, LF or CRLF, and wipes it. */
static void drop_newline(struct guarded *g)
{
	uint8_t *p = g->region.use.p;

	if (g->used > 0 && p[g->used - 1] == '\n')
		p[--g->used] = 0;
	else
		return;
	if (g->used > 0 && p[g->used - 1] == '\r')
		p[--g->used] = 0;
}

/* Reads until the end of file, or of the line when `line`. One byte of room beyond the limit shows an excess. */
static struct cf_status read_all(int fd, bool line, struct guarded *g)
{
	while (g->used < g->room) {
		uint8_t *at = g->region.use.p + g->used;
		ssize_t n = read(fd, at, line ? 1 : g->room - g->used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(errno, "cannot read the secret input");
		if (n == 0)
			break;
		g->used += (size_t)n;
		if (line && *at == '\n')
			break;
	}
	drop_newline(g);
	if (g->used > INPUT_MAX)
		return error_set(CF_STATUS(LIMIT), "the secret input is longer than %d bytes", INPUT_MAX);
	return CF_OK;
}

static struct cf_status input_read(int fd, bool line, struct guarded **out)
{
	AUTO(guarded) g = NULL;

	/* Two more for a line end, one more to see that it is too long. */
	CF_TRY(guarded_new(INPUT_MAX + 3, &g));
	CF_TRY(read_all(fd, line, g));
	*out = TAKE(g);
	return CF_OK;
}

struct cf_status input_from_fd(int fd, struct guarded **out)
{
	return input_read(fd, false, out);
}

static struct cf_status check_private(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_errno(errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return error_set(CF_STATUS(INVALID), "%s: is a directory", path);
	if (S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return error_set(CF_STATUS(DENIED), "%s: others may read or write it; run chmod 600 on it", path);
	return CF_OK;
}

struct cf_status input_from_file(const char *path, struct guarded **out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct cf_status status;

	if (fd < 0)
		return error_errno(errno, "%s", path);
	status = check_private(fd, path);
	if (cf_ok(status))
		status = input_read(fd, false, out);
	(void)close(fd);
	return status;
}

static struct cf_status write_all(int fd, const char *text)
{
	struct span rest = span_str(text);

	while (rest.n > 0) {
		ssize_t n = write(fd, rest.p, rest.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(errno, "cannot write to the terminal");
		rest = span_skip(rest, (size_t)n);
	}
	return CF_OK;
}

/* Flushes what was typed ahead, so that it cannot become part of a PIN. */
static struct cf_status ask(int tty, const char *prompt, struct guarded **out)
{
	struct termios old, quiet;
	struct cf_status status;

	if (tcgetattr(tty, &old) != 0)
		return error_errno(errno, "cannot read the terminal's settings");
	quiet = old;
	quiet.c_lflag &= (tcflag_t)~(ECHO | ECHOE | ECHOK | ECHONL);
	CF_TRY(write_all(tty, prompt));
	if (tcsetattr(tty, TCSAFLUSH, &quiet) != 0)
		return error_errno(errno, "cannot turn the terminal's echo off");
	status = input_read(tty, true, out);
	(void)tcsetattr(tty, TCSAFLUSH, &old);
	cf_ignore(write_all(tty, "\n"), "the line end that was not echoed");
	return status;
}

struct cf_status input_from_terminal(const char *prompt, struct guarded **out)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct cf_status status;

	if (tty < 0)
		return error_set(CF_STATUS(NOT_FOUND), "there is no terminal to ask on");
	status = ask(tty, prompt, out);
	(void)close(tty);
	return status;
}
