/* SPDX-License-Identifier: Apache-2.0 */
/* PINs and pass phrases, from wherever the user keeps them, straight into guarded memory. */
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/cli.h"
#include "vault/scope.h"

#define PATH_ROOM 4096
#define NAME_ROOM 64

static const char *source(const struct cli *cli, const char *prefix, const char *kind)
{
	char name[NAME_ROOM];

	(void)snprintf(name, sizeof(name), "%s-%s", prefix, kind);
	return option_text(cli, name);
}

bool ask_given(const struct cli *cli, const char *prefix)
{
	return source(cli, prefix, "file") != NULL || source(cli, prefix, "fd") != NULL ||
	       source(cli, prefix, "credential") != NULL;
}

static enum outcome ask_file(const struct ask *what, const char *path, struct guarded **out)
{
	struct cf_status status = input_from_file(path, out);

	return cf_ok(status) ? OUTCOME_OK : fail_status(status, "cannot read the %s", what->what);
}

static enum outcome ask_fd(const struct cli *cli, const struct ask *what, struct guarded **out)
{
	char name[NAME_ROOM];
	unsigned long fd = 0;
	struct cf_status status;
	enum outcome outcome;

	(void)snprintf(name, sizeof(name), "%s-fd", what->prefix);
	outcome = option_number(cli, name, 0, 1048576, &fd);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (isatty((int)fd))
		return fail(OUTCOME_USAGE, "descriptor %lu is a terminal, which would show the %s: leave --%s out to be asked", fd,
			    what->what, name);
	status = input_from_fd((int)fd, out);
	return cf_ok(status) ? OUTCOME_OK : fail_status(status, "cannot read the %s from descriptor %lu", what->what, fd);
}

static enum outcome ask_credential(const struct ask *what, const char *name, struct guarded **out)
{
	const char *directory = secure_getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_ROOM];
	int n;

	if (strchr(name, '/') != NULL)
		return fail(OUTCOME_USAGE, "a credential is a name, not a path: use --%s-file for %s", what->prefix, name);
	if (directory == NULL)
		return fail(OUTCOME_USAGE, "CREDENTIALS_DIRECTORY is not set: no service manager passed credentials; use --%s-file",
			    what->prefix);
	n = snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (n < 0 || n >= PATH_ROOM)
		return fail(OUTCOME_USAGE, "the path of the credential %s is too long", name);
	return ask_file(what, path, out);
}

/* ---- on the terminal ---- */

struct same {
	struct span a, b;
	bool same;
};

static void same_in_scope(struct vault_scope *scope, void *arg)
{
	struct same *s = arg;

	(void)scope;
	s->same = s->a.n == s->b.n && sodium_memcmp(s->a.p, s->b.p, s->a.n) == 0;
}

static enum outcome ask_again(const struct ask *what, const struct guarded *first)
{
	AUTO(guarded) second = NULL;
	struct same same = { .same = false };
	char prompt[256];
	struct cf_status status;

	(void)snprintf(prompt, sizeof(prompt), "%s, again: ", what->what);
	status = input_from_terminal(prompt, &second);
	if (cf_ok(status)) {
		same.a = guarded_bytes(first);
		same.b = guarded_bytes(second);
		status = vault_run(same_in_scope, &same);
	}
	if (cf_failed(status))
		return fail_status(status, "cannot read the %s", what->what);
	return same.same ? OUTCOME_OK : fail(OUTCOME_PIN, "the two were not the same; nothing was changed");
}

static enum outcome ask_terminal(const struct ask *what, struct guarded **out)
{
	AUTO(guarded) first = NULL;
	char prompt[256];
	struct cf_status status;
	enum outcome outcome = OUTCOME_OK;

	(void)snprintf(prompt, sizeof(prompt), "%s%s: ", what->what, what->optional ? " (empty: none)" : "");
	status = input_from_terminal(prompt, &first);
	if (cf_is(status, CF_CODE_NOT_FOUND) && what->optional)
		return OUTCOME_OK;
	if (cf_is(status, CF_CODE_NOT_FOUND))
		return fail(OUTCOME_USAGE, "there is no terminal to ask for the %s on: give --%s-file, --%s-fd or --%s-credential",
			    what->what, what->prefix, what->prefix, what->prefix);
	if (cf_failed(status))
		return fail_status(status, "cannot read the %s", what->what);
	if (what->optional && guarded_bytes(first).n == 0)
		return OUTCOME_OK;
	if (what->twice)
		outcome = ask_again(what, first);
	if (outcome == OUTCOME_OK)
		*out = TAKE(first);
	return outcome;
}

enum outcome ask(const struct cli *cli, const struct ask *what, struct guarded **out)
{
	const char *file = source(cli, what->prefix, "file"), *fd = source(cli, what->prefix, "fd"),
		   *credential = source(cli, what->prefix, "credential");

	*out = NULL;
	if ((file != NULL) + (fd != NULL) + (credential != NULL) > 1)
		return fail(OUTCOME_USAGE, "give one of --%s-file, --%s-fd and --%s-credential", what->prefix, what->prefix,
			    what->prefix);
	if (file != NULL)
		return ask_file(what, file, out);
	if (fd != NULL)
		return ask_fd(cli, what, out);
	if (credential != NULL)
		return ask_credential(what, credential, out);
	return ask_terminal(what, out);
}

bool ask_typed(const char *prompt, const char *expected)
{
	FILE *tty = fopen("/dev/tty", "r+e");
	char line[256] = "";
	bool got;

	if (tty == NULL)
		return false;
	(void)fputs(prompt, tty);
	(void)fflush(tty);
	got = fgets(line, sizeof(line), tty) != NULL;
	(void)fclose(tty);
	line[strcspn(line, "\r\n")] = '\0';
	return got && strcmp(line, expected) == 0;
}
