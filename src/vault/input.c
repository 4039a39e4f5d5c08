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
	if (!region_return(&g->region, g->room))
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

static struct cf_status check_length(const struct guarded *g)
{
	if (g->used > INPUT_MAX)
		return error_set(CF_STATUS(LIMIT), "the secret input is longer than %d bytes",
				 INPUT_MAX);
	return CF_OK;
}

/* At most `n` bytes at the end of what is there; *got is 0 at the end of file. */
static struct cf_status read_some(int fd, size_t n, struct guarded *g, size_t *got)
{
	ssize_t r;

	do {
		r = read(fd, g->region.use.p + g->used, n);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return error_errno(errno, "cannot read the secret input");
	*got = (size_t)r;
	return CF_OK;
}

static struct cf_status read_all(int fd, struct guarded *g)
{
	size_t got = 1;

	while (g->used < g->room && got > 0) {
		CF_TRY(read_some(fd, g->room - g->used, g, &got));
		g->used += got;
	}
	drop_newline(g);
	return check_length(g);
}

/* Two more for a line end, one more to see that it is too long. */
static struct cf_status input_new(struct guarded **out)
{
	return guarded_new(INPUT_MAX + 3, out);
}

struct cf_status input_from_fd(int fd, struct guarded **out)
{
	AUTO(guarded) g = NULL;

	CF_TRY(input_new(&g));
	CF_TRY(read_all(fd, g));
	*out = TAKE(g);
	return CF_OK;
}

/* A service manager gives a credential to a user by an access control list on a file of root's, whose mask looks like a
 * right of the group to read.  Whoever is in root's group could read more than that. */
static bool is_credential_of_root(const struct stat *st)
{
	return st->st_uid == 0 && st->st_gid == 0 && geteuid() != 0 &&
	       (st->st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)) == 0;
}

static struct cf_status check_private(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_errno(errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return error_set(CF_STATUS(INVALID), "%s: is a directory", path);
	if (S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0 &&
	    !is_credential_of_root(&st))
		return error_set(CF_STATUS(DENIED),
				 "%s: others may read or write it; run chmod 600 on it", path);
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
		status = input_from_fd(fd, out);
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

/* A key that the user may have turned off. */
static bool is_key(const struct termios *t, int which, uint8_t byte)
{
	return t->c_cc[which] != _POSIX_VDISABLE && t->c_cc[which] == byte;
}

/* Bytes from `n` on are no longer part of the input. */
static void cut(struct guarded *g, size_t n)
{
	while (g->used > n)
		g->region.use.p[--g->used] = 0;
}

/* One character, which in UTF-8 is a first byte and those of the form 10xxxxxx behind it. */
static void erase_character(struct guarded *g)
{
	size_t n = g->used;

	if (n > 0)
		n--;
	while (n > 0 && (g->region.use.p[n] & 0xc0) == 0x80)
		n--;
	cut(g, n);
}

enum line { LINE_OPEN, LINE_DONE, LINE_CANCELLED };

/* What the byte behind those in use means; it becomes one of them when it is a character. */
static enum line typed(const struct termios *keys, struct guarded *g)
{
	uint8_t byte = g->region.use.p[g->used];

	g->region.use.p[g->used] = 0;
	if (byte == '\n' || byte == '\r' || is_key(keys, VEOF, byte))
		return LINE_DONE;
	if (is_key(keys, VINTR, byte) || is_key(keys, VQUIT, byte))
		return LINE_CANCELLED;
	if (is_key(keys, VERASE, byte)) {
		erase_character(g);
	} else if (is_key(keys, VKILL, byte)) {
		cut(g, 0);
	} else {
		g->region.use.p[g->used] = byte;
		guarded_use(g, g->used + 1);
	}
	return LINE_OPEN;
}

static struct cf_status read_line(int tty, const struct termios *keys, struct guarded *g)
{
	enum line line = LINE_OPEN;
	size_t got = 1;

	while (line == LINE_OPEN && g->used <= INPUT_MAX) {
		CF_TRY(read_some(tty, 1, g, &got));
		line = got == 0 ? LINE_DONE : typed(keys, g);
	}
	if (line == LINE_CANCELLED)
		return error_set(CF_STATUS(INVALID), "cancelled at the terminal");
	return check_length(g);
}

/* Signals are off as well as the echo: an interrupt would end the process and leave the terminal
 * mute. Flushes what was typed ahead, so that it cannot become part of a PIN. */
static struct cf_status ask(int tty, const char *prompt, struct guarded *g)
{
	struct termios old, quiet;
	struct cf_status status;

	if (tcgetattr(tty, &old) != 0)
		return error_errno(errno, "cannot read the terminal's settings");
	quiet = old;
	quiet.c_lflag &= (tcflag_t)~(ECHO | ECHOE | ECHOK | ECHONL | ICANON | ISIG);
	quiet.c_cc[VMIN] = 1;
	quiet.c_cc[VTIME] = 0;
	if (tcsetattr(tty, TCSAFLUSH, &quiet) != 0)
		return error_errno(errno, "cannot turn the terminal's echo off");
	status = write_all(tty, prompt);
	if (cf_ok(status))
		status = read_line(tty, &old, g);
	(void)tcsetattr(tty, TCSAFLUSH, &old);
	cf_ignore(write_all(tty, "\n"), "the line end that was not echoed");
	return status;
}

struct cf_status input_from_terminal(const char *prompt, struct guarded **out)
{
	AUTO(guarded) g = NULL;
	struct cf_status status;
	int tty;

	CF_TRY(input_new(&g));
	tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty < 0)
		return error_set(CF_STATUS(NOT_FOUND), "there is no terminal to ask on");
	status = ask(tty, prompt, g);
	(void)close(tty);
	if (cf_ok(status))
		*out = TAKE(g);
	return status;
}
