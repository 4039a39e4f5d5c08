/* SPDX-License-Identifier: Apache-2.0 */
#include "base/config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

#define CONFIG_SIZE_MAX (64 * 1024)
#define PATH_ROOM 4096

enum kind { TEXT, YES_NO, NUMBER, MEMORY, POINT };

/* One row for each key in both tables, in the same order: what people read, and how it is parsed. */
static const struct config_row rows[] = {
	{ "directory", "a path", "see FILES", "where the wallets are" },
	{ "memory", "secret, locked", "secret",
	  "guarded memory: memfd_secret where the kernel has it, or locked memory, which keeps hibernation possible" },
	{ "allow-unlocked-memory", "yes, no", "no",
	  "unlock wallets even when no memory can be kept out of swap; gives that protection up" },
	{ "argon2-memory", "8 to 4194304 (KiB)", "65536", "memory of Argon2id for PINs that are set from now on" },
	{ "argon2-passes", "1 to 1000", "3", "passes of Argon2id for PINs that are set from now on" },
	{ "pin-min-length", "1 to 255", "4", "shortest PIN that may be set" },
	{ "pin-failures-limit", "0 to 1000000", "0", "failures after which a PIN is locked; 0: never" },
	{ "idle-lock", "0 to 31536000 (seconds)", "0", "a wallet locks itself after that time without use; 0: never" },
	{ "rsa-min-bits", "1024 to 16384", "2048", "smallest RSA key that may be made or used" },
	{ "disabled-mechanisms", "names (CKM_...), with blanks between", "none", "mechanisms that nobody may use, and that are not listed" },
	{ "enabled-mechanisms", "names (CKM_...), with blanks between", "none",
	  "mechanisms that are off unless they are named here: triple DES, for data of old" },
	{ "ec-point", "auto, der, raw", "auto",
	  "form of CKA_EC_POINT: by the caller's interface, or always as DER OCTET STRING, or always raw" },
	{ "allow-unsafe-wrapping", "yes, no", "no",
	  "sensitive keys may be wrapped by any key with CKA_WRAP, unwrapped in clear and cut to shorter ones, as the standard has it" },
	{ "deterministic-ecdsa", "yes, no", "no",
	  "ECDSA with the nonces of RFC 6979: the same message has the same signature; from OpenSSL 3.2 on" },
	{ "authentication-credential", "a path, or a name in $CREDENTIALS_DIRECTORY", "none",
	  "a file that holds the PIN, read when C_Login gets none" },
	{ "trace", "a path", "none", "a file that gets each call's name and return value, never data" },
};

#define AT(field) offsetof(struct config, field)
static const struct key {
	enum kind kind;
	size_t at;
	uint32_t least, most;
} keys[] = {
	{ TEXT, AT(directory), 0, 0 },
	{ MEMORY, AT(prefer_locked), 0, 0 },
	{ YES_NO, AT(allow_unlocked_memory), 0, 0 },
	{ NUMBER, AT(argon2_memory_kib), 8, 4194304 },
	{ NUMBER, AT(argon2_passes), 1, 1000 },
	{ NUMBER, AT(pin_min), 1, 255 },
	{ NUMBER, AT(pin_limit), 0, 1000000 },
	{ NUMBER, AT(idle_lock_s), 0, 31536000 },
	{ NUMBER, AT(rsa_min_bits), 1024, 16384 },
	{ TEXT, AT(disabled_mechanisms), 0, 0 },
	{ TEXT, AT(enabled_mechanisms), 0, 0 },
	{ POINT, AT(ec_point), 0, 0 },
	{ YES_NO, AT(allow_unsafe_wrapping), 0, 0 },
	{ YES_NO, AT(deterministic_ecdsa), 0, 0 },
	{ TEXT, AT(auth_credential), 0, 0 },
	{ TEXT, AT(trace_file), 0, 0 },
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))
_Static_assert(sizeof(rows) / sizeof(rows[0]) == KEYS, "a row in both tables for each key");

const struct config_row *config_rows(unsigned *count)
{
	*count = KEYS;
	return rows;
}

static void *field(struct config *c, const struct key *k)
{
	return (char *)c + k->at;
}

static const void *field_of(const struct config *c, const struct key *k)
{
	return (const char *)c + k->at;
}

static bool set_text(struct config *c, const struct key *k, const char *value)
{
	char **place = field(c, k);
	char *copy = mem_string(value);

	if (copy == NULL)
		return false;
	mem_free(*place);
	*place = copy;
	return true;
}

static bool set_number(struct config *c, const struct key *k, const char *value)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || value[0] == '-' || v < k->least || v > k->most)
		return false;
	*(uint32_t *)field(c, k) = (uint32_t)v;
	return true;
}

static const char *const yes_no[] = { "no", "yes", NULL };
static const char *const memory[] = { "secret", "locked", NULL };
static const char *const point[] = { "auto", "der", "raw", NULL };

static const char *const *choices_of(const struct key *k)
{
	return k->kind == YES_NO ? yes_no : k->kind == MEMORY ? memory : point;
}

/* The index of the value in a list that ends with NULL; false when it is not there. */
static bool one_of(const char *value, const char *const *list, size_t *index)
{
	for (*index = 0; list[*index] != NULL; (*index)++)
		if (strcmp(value, list[*index]) == 0)
			return true;
	return false;
}

static bool set_choice(struct config *c, const struct key *k, const char *value)
{
	size_t i;

	if (!one_of(value, choices_of(k), &i))
		return false;
	if (k->kind == POINT)
		*(enum config_point *)field(c, k) = (enum config_point)i;
	else
		*(bool *)field(c, k) = i != 0;
	return true;
}

static bool set(struct config *c, const struct key *k, const char *value)
{
	switch (k->kind) {
	case TEXT:
		return set_text(c, k, value);
	case NUMBER:
		return set_number(c, k, value);
	case YES_NO:
	case MEMORY:
	case POINT:
		return set_choice(c, k, value);
	}
	return false;
}

static char *trim(char *s)
{
	size_t n;

	while (*s == ' ' || *s == '\t')
		s++;
	n = strlen(s);
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r'))
		s[--n] = '\0';
	return s;
}

static struct cf_status parse_line(struct config *c, const char *name, unsigned number, char *line)
{
	char *equals = strchr(line, '=');
	char *key, *value;

	line = trim(line);
	if (*line == '\0' || *line == '#')
		return CF_OK;
	if (equals == NULL)
		return error_set(CF_STATUS(INVALID), "%s:%u: expected `key = value`", name, number);
	*equals = '\0';
	key = trim(line);
	value = trim(equals + 1);
	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(key, rows[i].name) != 0)
			continue;
		if (set(c, &keys[i], value))
			return CF_OK;
		if (keys[i].kind == TEXT) /* any text will do: there was no memory to keep it */
			return CF_STATUS(NOMEM);
		return error_set(CF_STATUS(INVALID), "%s:%u: %s may be: %s", name, number, key, rows[i].values);
	}
	return error_set(CF_STATUS(INVALID), "%s:%u: there is no key %s; see coffer.conf(5)", name, number, key);
}

static struct cf_status standard(struct config **out)
{
	struct config *c = NEW(config);

	if (c == NULL)
		return CF_STATUS(NOMEM);
	c->argon2_memory_kib = 65536;
	c->argon2_passes = 3;
	c->pin_min = 4;
	c->rsa_min_bits = 2048;
	*out = c;
	return CF_OK;
}

struct cf_status config_parse(const char *name, const char *text, struct config **out)
{
	AUTO(config) c = NULL;
	AUTO_FREE char *copy = mem_string(text);
	unsigned number = 1;

	if (copy == NULL)
		return CF_STATUS(NOMEM);
	CF_TRY(standard(&c));
	for (char *line = copy; line != NULL; number++) {
		char *end = strchr(line, '\n');

		if (end != NULL)
			*end = '\0';
		CF_TRY(parse_line(c, name, number, line));
		line = end == NULL ? NULL : end + 1;
	}
	*out = TAKE(c);
	return CF_OK;
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < KEYS; i++)
		if (keys[i].kind == TEXT)
			mem_free(*(char **)field(c, &keys[i]));
	mem_free(c);
}

/* NULL for a set-user-ID program, which must not trust it. */
static const char *environment(const char *name)
{
	const char *value = secure_getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static struct cf_status read_all(FILE *f, const char *path, char *text)
{
	size_t n = fread(text, 1, CONFIG_SIZE_MAX + 1, f);

	if (ferror(f) != 0)
		return error_errno(errno, "%s", path);
	if (n > CONFIG_SIZE_MAX)
		return error_set(CF_STATUS(INVALID), "%s: more than %d bytes: not a configuration file", path,
				 CONFIG_SIZE_MAX);
	if (memchr(text, '\0', n) != NULL)
		return error_set(CF_STATUS(INVALID), "%s: not a text file", path);
	return CF_OK;
}

static struct cf_status read_file(const char *path, char **out)
{
	AUTO_FREE char *text = mem_alloc(CONFIG_SIZE_MAX + 2);
	struct cf_status status;
	FILE *f;

	if (text == NULL)
		return CF_STATUS(NOMEM);
	f = fopen(path, "re");
	if (f == NULL)
		return error_errno(errno, "%s", path);
	status = read_all(f, path, text);
	(void)fclose(f);
	CF_TRY(status);
	*out = TAKE(text);
	return CF_OK;
}

static bool path_of(char out[PATH_ROOM], const char *base, const char *rest)
{
	int n = base == NULL ? -1 : snprintf(out, PATH_ROOM, "%s%s", base, rest);

	return n > 0 && n < PATH_ROOM;
}

/* The file to read: one that $COFFER_CONF names must be there, the others may be. */
static bool find_file(char out[PATH_ROOM])
{
	if (path_of(out, environment("COFFER_CONF"), ""))
		return true;
	if (path_of(out, environment("XDG_CONFIG_HOME"), "/coffer/coffer.conf") && access(out, R_OK) == 0)
		return true;
	if (path_of(out, environment("HOME"), "/.config/coffer/coffer.conf") && access(out, R_OK) == 0)
		return true;
	return path_of(out, SYSCONFDIR, "/coffer/coffer.conf") && access(out, F_OK) == 0;
}

/* $COFFER_DIR, the configuration, $XDG_DATA_HOME, /var/lib for root, ~/.local/share: the first that there is. */
static struct cf_status choose_directory(struct config *c)
{
	char path[PATH_ROOM];
	bool chosen = path_of(path, environment("COFFER_DIR"), "");

	if (!chosen && c->directory != NULL && c->directory[0] != '\0')
		return CF_OK;
	if (!chosen)
		chosen = path_of(path, environment("XDG_DATA_HOME"), "/coffer");
	if (!chosen && geteuid() == 0)
		chosen = path_of(path, "/var/lib", "/coffer");
	if (!chosen)
		chosen = path_of(path, environment("HOME"), "/.local/share/coffer");
	if (!chosen)
		return error_set(CF_STATUS(INVALID), "there is no wallet directory: set COFFER_DIR or HOME");
	mem_free(c->directory);
	c->directory = mem_string(path);
	return c->directory == NULL ? CF_STATUS(NOMEM) : CF_OK;
}

bool config_file(char *out, size_t room)
{
	char path[PATH_ROOM];
	size_t n;

	if (!find_file(path))
		return false;
	n = strlen(path);
	if (n >= room)
		return false;
	memcpy(out, path, n + 1);
	return true;
}

bool config_value(const struct config *c, unsigned row, char *out, size_t room)
{
	const struct key *k = &keys[row];
	const void *f = field_of(c, k);
	int n = -1;

	switch (k->kind) {
	case TEXT:
		n = snprintf(out, room, "%s", *(char *const *)f == NULL ? "" : *(char *const *)f);
		break;
	case NUMBER:
		n = snprintf(out, room, "%u", *(const uint32_t *)f);
		break;
	case YES_NO:
	case MEMORY:
		n = snprintf(out, room, "%s", choices_of(k)[*(const bool *)f ? 1 : 0]);
		break;
	case POINT:
		n = snprintf(out, room, "%s", choices_of(k)[*(const enum config_point *)f]);
		break;
	}
	return n >= 0 && (size_t)n < room;
}

bool config_is_standard(const struct config *c, unsigned row)
{
	const void *f = field_of(c, &keys[row]);

	if (keys[row].kind == TEXT)
		return *(char *const *)f == NULL || **(char *const *)f == '\0';
	if (keys[row].kind == NUMBER)
		return *(const uint32_t *)f == strtoul(rows[row].standard, NULL, 10);
	if (keys[row].kind == POINT)
		return *(const enum config_point *)f == CONFIG_POINT_AUTO;
	return !*(const bool *)f;
}

struct cf_status config_load(struct config **out)
{
	AUTO(config) c = NULL;
	AUTO_FREE char *text = NULL;
	char path[PATH_ROOM];

	if (find_file(path)) {
		CF_TRY(read_file(path, &text));
		CF_TRY(config_parse(path, text, &c));
	} else {
		CF_TRY(standard(&c));
	}
	CF_TRY(choose_directory(c));
	*out = TAKE(c);
	return CF_OK;
}
