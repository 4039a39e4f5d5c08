/* SPDX-License-Identifier: Apache-2.0 */
/* Files that a command reads and writes; "-" is standard input or output. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/keys.h"

#define READ_AT_ONCE ((size_t)256 << 10)

static bool is_standard(const char *path)
{
	return strcmp(path, "-") == 0;
}

/* ---- reading ---- */

static enum outcome open_in(const char *path, int *fd)
{
	struct stat st;

	*fd = is_standard(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (*fd < 0)
		return fail_errno(errno, "cannot read %s", path);
	if (fstat(*fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		(void)close(*fd);
		return fail(OUTCOME_FAILED, "cannot read %s: it is a directory", path);
	}
	return OUTCOME_OK;
}

static void close_in(const char *path, int fd)
{
	if (!is_standard(path))
		(void)close(fd);
}

/* 0 at the end. */
static ssize_t read_some(int fd, struct mspan room)
{
	ssize_t n;

	do {
		n = read(fd, room.p, room.n);
	} while (n < 0 && errno == EINTR);
	return n;
}

static enum outcome read_all(const char *path, int fd, struct buf *out)
{
	ssize_t n = 1;

	while (n > 0) {
		size_t at = out->n;

		if (cf_failed(buf_grow(out, READ_AT_ONCE)))
			return fail(OUTCOME_RESOURCES, "%s is too large for the memory that there is", path);
		n = read_some(fd, mspan(out->p + at, READ_AT_ONCE));
		if (n < 0)
			return fail_errno(errno, "cannot read %s", path);
		out->n = at + (size_t)n;
	}
	return OUTCOME_OK;
}

enum outcome file_read(const char *path, struct buf *out)
{
	int fd;
	enum outcome outcome = open_in(path, &fd);

	if (outcome != OUTCOME_OK)
		return outcome;
	outcome = read_all(path, fd, out);
	close_in(path, fd);
	return outcome;
}

enum outcome file_read_parts(const char *path, enum outcome (*part)(struct span s, void *arg), void *arg)
{
	AUTO_FREE uint8_t *room = must(mem_alloc(READ_AT_ONCE));
	int fd;
	enum outcome outcome = open_in(path, &fd);
	ssize_t n = 1;

	if (outcome != OUTCOME_OK)
		return outcome;
	while (outcome == OUTCOME_OK && n > 0) {
		n = read_some(fd, mspan(room, READ_AT_ONCE));
		if (n < 0)
			outcome = fail_errno(errno, "cannot read %s", path);
		else if (n > 0)
			outcome = part(span(room, (size_t)n), arg);
	}
	close_in(path, fd);
	return outcome;
}

static enum outcome read_guarded(const char *path, int fd, size_t max, struct guarded *g)
{
	struct mspan room = guarded_room(g);
	size_t used = 0;
	ssize_t n = 1;

	while (n > 0 && used < room.n) {
		n = read_some(fd, mspan(room.p + used, room.n - used));
		if (n < 0)
			return fail_errno(errno, "cannot read %s", path);
		used += (size_t)n;
	}
	if (used > max)
		return fail(OUTCOME_FAILED, "%s is too large: %zu bytes are the most", path, max);
	guarded_use(g, used);
	return OUTCOME_OK;
}

enum outcome file_read_guarded(const char *path, size_t max, struct guarded **out)
{
	AUTO(guarded) g = NULL;
	int fd;
	enum outcome outcome = open_in(path, &fd);
	struct cf_status status;

	if (outcome != OUTCOME_OK)
		return outcome;
	status = guarded_new(max + 1, &g); /* one more, to see that there is more */
	if (cf_failed(status))
		outcome = fail_status(status, "cannot read %s", path);
	else
		outcome = read_guarded(path, fd, max, g);
	close_in(path, fd);
	if (outcome == OUTCOME_OK)
		*out = TAKE(g);
	return outcome;
}

/* ---- writing ---- */

static bool write_all(int fd, struct span s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno != EINTR)
			return false;
		s = span_skip(s, n < 0 ? 0 : (size_t)n);
	}
	return true;
}

/* The name is durable only when the directory is. */
static bool sync_directory(const char *path)
{
	AUTO_FREE char *copy = must(mem_string(path));
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		(void)close(fd);
	return done;
}

static bool write_new(const char *path, int fd, struct span bytes)
{
	bool done = write_all(fd, bytes) && fsync(fd) == 0;

	done = close(fd) == 0 && done;
	return done && sync_directory(path);
}

enum outcome file_write(const char *path, unsigned mode, struct span bytes)
{
	int fd, problem;

	if (is_standard(path)) {
		(void)fflush(stdout);
		return write_all(STDOUT_FILENO, bytes) ? OUTCOME_OK : fail_errno(errno, "cannot write to standard output");
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
	if (fd < 0)
		return fail_errno(errno, "cannot make %s", path);
	if (write_new(path, fd, bytes))
		return OUTCOME_OK;
	problem = errno;
	(void)unlink(path);
	return fail_errno(problem, "cannot write %s", path);
}
