/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of wallets, and wallets as files: make, copy, put back, remove. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/mem.h"
#include "wallet/pin.h"
#include "wallet/wallet_internal.h"

#define PATH_ROOM 4096

static struct cf_status make_dirs(const char *dir)
{
	AUTO_FREE char *path = mem_string(dir);

	if (path == NULL)
		return CF_STATUS(NOMEM);
	for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return error_errno(errno, "%s: cannot make the directory", path);
		*slash = '/';
	}
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return error_errno(errno, "%s: cannot make the directory", path);
	return CF_OK;
}

struct cf_status wallet_dir_check(const char *dir, bool make)
{
	struct stat st;

	if (stat(dir, &st) != 0 && errno == ENOENT && make)
		CF_TRY(make_dirs(dir));
	if (stat(dir, &st) != 0)
		return error_errno(errno, "%s: the wallet directory", dir);
	if (!S_ISDIR(st.st_mode))
		return error_set(CF_STATUS(INVALID), "%s: is not a directory", dir);
	if (st.st_uid != geteuid() && geteuid() != 0)
		return error_set(CF_STATUS(DENIED), "%s: the wallet directory belongs to another user", dir);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return error_set(CF_STATUS(DENIED), "%s: others may enter the wallet directory (mode %03o); run chmod 700 on it",
				 dir, (unsigned)st.st_mode & 0777u);
	return CF_OK;
}

static bool has_suffix(const char *name)
{
	size_t n = strlen(name), s = strlen(WALLET_SUFFIX);

	return n > s && name[0] != '.' && strcmp(name + n - s, WALLET_SUFFIX) == 0;
}

static struct cf_status join(char out[PATH_ROOM], const char *dir, const char *name)
{
	int n = snprintf(out, PATH_ROOM, "%s/%s", dir, name);

	return n > 0 && n < PATH_ROOM ? CF_OK : error_set(CF_STATUS(LIMIT), "%s: the path is too long", dir);
}

static struct cf_status each_entry(DIR *d, const char *dir, wallet_each_fn fn, void *arg)
{
	struct dirent *e;

	while ((e = readdir(d)) != NULL) {
		char path[PATH_ROOM];

		if (!has_suffix(e->d_name))
			continue;
		CF_TRY(join(path, dir, e->d_name));
		CF_TRY(fn(path, arg));
	}
	return CF_OK;
}

struct cf_status wallet_dir_each(const char *dir, wallet_each_fn fn, void *arg)
{
	DIR *d = opendir(dir);
	struct cf_status status;

	if (d == NULL && errno == ENOENT)
		return CF_OK;
	if (d == NULL)
		return error_errno(errno, "%s: the wallet directory", dir);
	status = each_entry(d, dir, fn, arg);
	(void)closedir(d);
	return status;
}

static struct cf_status sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int failed;

	if (fd < 0)
		return error_errno(errno, "%s", dir);
	failed = fsync(fd) != 0 ? errno : 0;
	(void)close(fd);
	return failed != 0 ? error_errno(failed, "%s", dir) : CF_OK;
}

/* Creating and restoring look for a label or serial and then use it: one process at a time. The lock goes with the
 * descriptor. */
static struct cf_status lock_dir(const char *dir, int *fd)
{
	*fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return error_errno(errno, "%s", dir);
	while (flock(*fd, LOCK_EX) != 0) {
		if (errno == EINTR)
			continue;
		/* A file system without locks: the name itself is still taken only once. */
		break;
	}
	return CF_OK;
}

static void unlock_dir(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#define DIR_LOCK __attribute__((cleanup(unlock_dir))) int

static struct cf_status dir_of(const char *path, char out[PATH_ROOM])
{
	const char *slash = strrchr(path, '/');
	int n = slash == NULL ? snprintf(out, PATH_ROOM, ".") :
				snprintf(out, PATH_ROOM, "%.*s", (int)(slash - path) + (slash == path), path);

	return n > 0 && n < PATH_ROOM ? CF_OK : error_set(CF_STATUS(LIMIT), "%s: the path is too long", path);
}

/* A name that no listing takes for a wallet, beside where the file will be. */
static struct cf_status temporary_name(const char *dir, char out[PATH_ROOM])
{
	uint8_t random[8];
	char hex[17], name[32];

	randombytes_buf(random, sizeof(random));
	hex_encode(SPAN_OF(random), hex);
	(void)snprintf(name, sizeof(name), ".new-%s", hex);
	return join(out, dir, name);
}

static void remove_journal(const char *path)
{
	char journal[PATH_ROOM];
	int n = snprintf(journal, sizeof(journal), "%s-journal", path);

	if (n > 0 && n < PATH_ROOM)
		(void)unlink(journal);
}

static void remove_file(const char *path)
{
	(void)unlink(path);
	remove_journal(path);
}

/* Never over an existing file.  Not every file system has every way. */
static struct cf_status place_new(const char *from, const char *to)
{
	struct stat st;

	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return CF_OK;
	if (errno == EEXIST)
		return error_set(CF_STATUS(EXISTS), "%s: is there already", to);
	if (link(from, to) == 0) {
		(void)unlink(from);
		return CF_OK;
	}
	if (errno == EEXIST || lstat(to, &st) == 0)
		return error_set(CF_STATUS(EXISTS), "%s: is there already", to);
	if (errno != ENOENT || rename(from, to) != 0)
		return error_errno(errno, "%s: cannot be put in place", to);
	return CF_OK;
}

/* What is there may be a wallet in use, and a crash may have left its journal: SQLite would play that journal into
 * the new file.  So the old one is opened (which settles its journal) and held alone while it is replaced; later
 * writers notice that their file has moved. */
static struct cf_status place_over(const char *from, const char *to)
{
	AUTO(store) old = NULL;
	struct cf_status status = CF_OK;

	if (cf_ok(store_open(to, &old)))
		CF_TRY(store_lock_out(old));
	else
		remove_journal(to);
	if (rename(from, to) != 0)
		status = error_errno(errno, "%s: cannot be put in place", to);
	if (old != NULL)
		store_rollback(old);
	return status;
}

/* Gives a complete file its name, durably. */
static struct cf_status publish(const char *from, const char *to, bool replace)
{
	char dir[PATH_ROOM];
	struct stat st;

	CF_TRY(dir_of(to, dir));
	if (lstat(to, &st) == 0 && replace) {
		CF_TRY(place_over(from, to));
	} else {
		/* One that a removed wallet left behind. */
		if (lstat(to, &st) != 0)
			remove_journal(to);
		CF_TRY(place_new(from, to));
	}
	return sync_dir(dir);
}

struct label_wanted {
	const char *label;
	const char *own_path; /* of the wallet that is to have it */
};

static struct cf_status same_label(const char *path, void *arg)
{
	const struct label_wanted *wanted = arg;
	AUTO(wallet) w = NULL;
	struct wallet_info info;

	if (strcmp(path, wanted->own_path) == 0)
		return CF_OK;
	/* A damaged one has no label to collide with. */
	if (cf_failed(wallet_open(path, &w)) || cf_failed(wallet_get_info(w, &info)) || strcmp(info.label, wanted->label) != 0)
		return CF_OK;
	return error_set(CF_STATUS(EXISTS), "there is a wallet with the label \"%s\" already", wanted->label);
}

static struct cf_status label_is_free(const char *dir, const char *label, const char *own_path)
{
	struct label_wanted wanted = { label, own_path };

	return wallet_dir_each(dir, same_label, &wanted);
}

static struct cf_status fill_new(struct store *s, const struct wallet_new *r, struct header *h)
{
	AUTO(secret) key = NULL;
	struct wallet w = { .store = s }; /* only for wallet_header_write */
	const struct span pin[2] = { [WALLET_USER] = r->user_pin_opt, [WALLET_SO] = r->so_pin_opt };
	AUTO_BUF wrap = BUF_INIT(WRAP_MAX);

	CF_TRY(pin_new_key(&key));
	CF_TRY(store_begin(s));
	for (unsigned role = WALLET_USER; role <= WALLET_SO; role++) {
		if (pin[role].p == NULL)
			continue;
		buf_clear(&wrap);
		CF_TRY(pin_wrap(h, key, role, "", pin[role], &r->kdf, &wrap));
		CF_TRY(store_wrap_put(s, role, buf_span(&wrap)));
	}
	CF_TRY(wallet_header_write(&w, key, h));
	return store_commit(s);
}

static struct cf_status write_new(const char *path, const struct wallet_new *r, struct header *h)
{
	AUTO(store) s = NULL;

	CF_TRY(store_create(path, &s));
	return fill_new(s, r, h);
}

static void header_new(const struct wallet_new *r, struct header *h)
{
	*h = (struct header){ .format = FORMAT_VERSION, .created_s = (uint64_t)clock_wall_s(), .next_number = 1, .levels = 1 };
	if (r->serial_opt != NULL)
		bytes_copy(h->serial, r->serial_opt, sizeof(h->serial));
	else
		randombytes_buf(h->serial, sizeof(h->serial));
	bytes_copy(h->label, r->label, strlen(r->label));
	randombytes_buf(h->public_salt, sizeof(h->public_salt));
}

static struct cf_status name_of(const char *dir, const uint8_t serial[WALLET_SERIAL_SIZE], char out[PATH_ROOM])
{
	char name[2 * WALLET_SERIAL_SIZE + sizeof(WALLET_SUFFIX)];

	hex_encode(span(serial, WALLET_SERIAL_SIZE), name);
	bytes_copy(name + 2 * WALLET_SERIAL_SIZE, WALLET_SUFFIX, sizeof(WALLET_SUFFIX));
	return join(out, dir, name);
}

struct cf_status wallet_create(const struct wallet_new *r, struct wallet **out)
{
	char temporary[PATH_ROOM], path[PATH_ROOM];
	DIR_LOCK lock = -1;
	struct header h;
	struct cf_status status;

	CF_TRY(wallet_label_check(r->label));
	if (r->user_pin_opt.p == NULL && r->so_pin_opt.p == NULL)
		return error_set(CF_STATUS(INVALID), "a wallet needs a PIN");
	CF_TRY(wallet_dir_check(r->dir, true));
	CF_TRY(lock_dir(r->dir, &lock));
	header_new(r, &h);
	CF_TRY(name_of(r->dir, h.serial, path));
	CF_TRY(label_is_free(r->dir, r->label, path));
	CF_TRY(temporary_name(r->dir, temporary));
	status = write_new(temporary, r, &h);
	if (cf_ok(status))
		status = publish(temporary, path, false);
	if (cf_failed(status)) {
		remove_file(temporary);
		return status;
	}
	return wallet_open(path, out);
}

struct cf_status wallet_backup(struct wallet *w, const char *path, bool replace)
{
	char dir[PATH_ROOM], temporary[PATH_ROOM];
	struct stat st;
	struct cf_status status;
	LOCKED(&w->lock);

	if (!replace && lstat(path, &st) == 0)
		return error_set(CF_STATUS(EXISTS), "%s: is there already", path);
	CF_TRY(dir_of(path, dir));
	CF_TRY(temporary_name(dir, temporary));
	status = store_copy(w->store, temporary);
	if (cf_ok(status))
		status = publish(temporary, path, replace);
	if (cf_failed(status))
		remove_file(temporary);
	return status;
}

static struct cf_status backup_header(struct store *s, const char *backup, struct header *h)
{
	AUTO_BUF bytes = BUF_INIT(HEADER_MAX);

	CF_TRY(store_check(s));
	if (cf_failed(store_meta_get(s, "header", &bytes)) || cf_failed(header_decode(buf_span(&bytes), h)))
		return error_set(CF_STATUS(CORRUPT), "%s: is not a wallet of this release", backup);
	return CF_OK;
}

static struct cf_status restore_to(struct store *s, const char *dir, const struct header *h, bool replace, char *path)
{
	char temporary[PATH_ROOM];
	struct stat st;
	struct cf_status status;

	CF_TRY(name_of(dir, h->serial, path));
	if (!replace && lstat(path, &st) == 0)
		return error_set(CF_STATUS(EXISTS), "%s: the wallet is there already", path);
	CF_TRY(label_is_free(dir, h->label, path));
	CF_TRY(temporary_name(dir, temporary));
	status = store_copy(s, temporary);
	if (cf_ok(status))
		status = publish(temporary, path, replace);
	if (cf_failed(status))
		remove_file(temporary);
	return status;
}

struct cf_status wallet_restore(const char *backup, const char *dir, bool replace, char **out)
{
	AUTO(store) s = NULL;
	DIR_LOCK lock = -1;
	char path[PATH_ROOM];
	struct header h;

	CF_TRY(wallet_dir_check(dir, true));
	CF_TRY(lock_dir(dir, &lock));
	CF_TRY(store_open(backup, &s));
	CF_TRY(backup_header(s, backup, &h));
	CF_TRY(restore_to(s, dir, &h, replace, path));
	*out = mem_string(path);
	return *out == NULL ? CF_STATUS(NOMEM) : CF_OK;
}

struct cf_status wallet_delete(struct wallet *w)
{
	char dir[PATH_ROOM];
	struct cf_status status = CF_OK;
	LOCKED(&w->lock);

	CF_TRY(store_still_there(w->store));
	CF_TRY(dir_of(w->path, dir));
	/* Nobody is in the middle of a change: the journal goes with the file. */
	CF_TRY(store_lock_out(w->store));
	if (unlink(w->path) != 0)
		status = error_errno(errno, "%s: cannot be removed", w->path);
	else
		remove_journal(w->path);
	store_rollback(w->store);
	return cf_ok(status) ? sync_dir(dir) : status;
}
