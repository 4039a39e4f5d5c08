/* SPDX-License-Identifier: Apache-2.0 */
/* Which file of a directory is the wallet that was meant. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "algorand/kmdfile_internal.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

#define PATH_ROOM 4096
#define LIST_MAX  400

struct finding {
	const char *which_opt;
	char *found; /* path of the last that fits */
	size_t fits, wallets;
	bool same_id;
	struct span id; /* of `found` */
	char list[LIST_MAX];
	size_t list_n;
};

static void finding_release(struct finding *s)
{
	mem_free(s->found);
	mem_free((void *)(uintptr_t)s->id.p);
}

#define AUTO_FINDING __attribute__((cleanup(finding_release))) struct finding

/* Names are any bytes: only what can be shown is. */
static void list_name(struct finding *s, const struct kmd_file *f)
{
	int wrote;

	if (s->list_n + 2 * 64 + 8 > sizeof(s->list))
		return;
	wrote = snprintf(s->list + s->list_n, sizeof(s->list) - s->list_n, "%s\"",
			 s->list_n == 0 ? "" : ", ");
	s->list_n += (size_t)wrote;
	for (size_t i = 0; i < f->name.n && i < 48; i++)
		s->list[s->list_n++] =
			(char)(f->name.p[i] >= 0x20 && f->name.p[i] != 0x7f ? f->name.p[i] : '?');
	wrote = snprintf(s->list + s->list_n, sizeof(s->list) - s->list_n, "\" (%.*s)",
			 (int)(f->id.n > 40 ? 40 : f->id.n), (const char *)f->id.p);
	s->list_n += (size_t)wrote;
}

static struct cf_status consider(struct finding *s, const char *path)
{
	AUTO(kmd_file) f = NULL;
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return CF_OK;
	/* Like the daemon: a file that is no wallet is passed over.  A wallet in the middle of a change is not. */
	struct cf_status status = kmd_file_open(path, true, &f);

	if (cf_failed(status))
		return cf_is(status, CF_CODE_AGAIN) || cf_is(status, CF_CODE_NOMEM) ? status
										    : CF_OK;
	s->wallets++;
	list_name(s, f);
	if (s->which_opt != NULL && !span_eq(f->id, span_str(s->which_opt)) &&
	    !span_eq(f->name, span_str(s->which_opt)))
		return CF_OK;
	s->same_id = s->same_id || (s->fits > 0 && span_eq(s->id, f->id));
	s->fits++;
	mem_free(s->found);
	mem_free((void *)(uintptr_t)s->id.p);
	s->found = mem_string(path);
	s->id = span(mem_copy(f->id.p, f->id.n), f->id.n);
	return s->found == NULL || s->id.p == NULL ? CF_STATUS(NOMEM) : CF_OK;
}

static bool ends_in_db(const char *name)
{
	size_t n = strlen(name);

	return n >= 3 && strcmp(name + n - 3, ".db") == 0;
}

static struct cf_status walk(const char *directory, struct finding *s)
{
	struct cf_status status = CF_OK;
	struct dirent *entry;
	DIR *d = opendir(directory);

	if (d == NULL)
		return error_errno(errno, "%s", directory);
	while (cf_ok(status) && (entry = readdir(d)) != NULL) {
		char path[PATH_ROOM];

		if (ends_in_db(entry->d_name) &&
		    (size_t)snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) <
			    sizeof(path))
			status = consider(s, path);
	}
	(void)closedir(d);
	return status;
}

static struct cf_status choose(struct finding *s, const char *directory, char **file)
{
	if (s->fits == 0 && s->wallets != 0)
		return error_set(CF_STATUS(NOT_FOUND),
				 "%s has no KMD wallet of that name or ID, but %s", directory,
				 s->list);
	if (s->fits == 0)
		return error_set(CF_STATUS(NOT_FOUND), "%s has no KMD wallet", directory);
	if (s->same_id)
		return error_set(
			CF_STATUS(EXISTS),
			"%s has several files with the same wallet ID: name the file that you mean",
			directory);
	if (s->fits > 1)
		return error_set(CF_STATUS(INVALID), "%s has several wallets: %s. Say which one",
				 directory, s->list);
	*file = TAKE(s->found);
	return CF_OK;
}

struct cf_status kmd_file_find(const char *path, const char *which_opt, char **file)
{
	AUTO_FINDING s = { .which_opt = which_opt };
	char inside[PATH_ROOM];
	struct stat st;

	if (stat(path, &st) != 0)
		return error_errno(errno, "%s", path);
	if (!S_ISDIR(st.st_mode)) {
		*file = mem_string(path);
		return *file == NULL ? CF_STATUS(NOMEM) : CF_OK;
	}
	if ((size_t)snprintf(inside, sizeof(inside), "%s/sqlite_wallets", path) >= sizeof(inside))
		return error_set(CF_STATUS(INVALID), "the path is too long");
	if (stat(inside, &st) != 0 || !S_ISDIR(st.st_mode))
		(void)snprintf(inside, sizeof(inside), "%s", path);
	CF_TRY(walk(inside, &s));
	return choose(&s, inside, file);
}
