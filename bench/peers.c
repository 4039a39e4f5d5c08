/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_file(const char *directory, const char *name, const char *text, char path[400])
{
	FILE *f;
	bool ok;

	(void)snprintf(path, 400, "%s/%s", directory, name);
	f = fopen(path, "w");
	if (f == NULL)
		return false;
	ok = fputs(text, f) >= 0;
	return fclose(f) == 0 && ok;
}

static bool make_directory(const char *directory, const char *name, char path[400])
{
	struct stat st;

	(void)snprintf(path, 400, "%s/%s", directory, name);
	return mkdir(path, 0700) == 0 || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static bool configure_coffer(const char *directory, const struct settings *settings)
{
	char text[128], conf[400], wallets[400];

	(void)snprintf(text, sizeof(text), "argon2-memory = %u\nargon2-passes = %u\n", settings->argon2_kib,
		       settings->argon2_passes);
	return write_file(directory, "coffer.conf", text, conf) && make_directory(directory, "wallets", wallets) &&
	       setenv("COFFER_CONF", conf, 1) == 0 && setenv("COFFER_DIR", wallets, 1) == 0;
}

static bool configure_softhsm(const char *directory, const struct settings *settings)
{
	char text[512], conf[400], tokens[400];

	(void)settings;
	if (!make_directory(directory, "tokens", tokens))
		return false;
	(void)snprintf(text, sizeof(text), "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n",
		       tokens);
	return write_file(directory, "softhsm2.conf", text, conf) && setenv("SOFTHSM2_CONF", conf, 1) == 0;
}

static bool configure_kryoptic(const char *directory, const struct settings *settings)
{
	char text[512], conf[400];

	(void)settings;
	(void)snprintf(text, sizeof(text), "[[slots]]\nslot = 1\ndbtype = \"sqlite\"\ndbargs = \"%s/token.sql\"\n",
		       directory);
	return write_file(directory, "kryoptic.conf", text, conf) && setenv("KRYOPTIC_CONF", conf, 1) == 0;
}

static bool configure_nothing(const char *directory, const struct settings *settings)
{
	(void)directory;
	(void)settings;
	return true;
}

static const char *reserved_nss(const char *directory)
{
	static char text[512];

	(void)snprintf(text, sizeof(text),
		       "configdir='sql:%s' certPrefix='' keyPrefix='' secmod='secmod.db' flags=optimizeSpace "
		       "tokenDescription='bench'", directory);
	return text;
}

#define LIBRARIES(name) "/usr/lib/x86_64-linux-gnu/" name, "/usr/lib/aarch64-linux-gnu/" name, "/usr/lib64/" name, "/usr/lib/" name

static const char *const paths_softhsm[] = { LIBRARIES("softhsm/libsofthsm2.so"), LIBRARIES("pkcs11/libsofthsm2.so"),
					     "/usr/local/lib/softhsm/libsofthsm2.so", NULL };
static const char *const paths_kryoptic[] = { LIBRARIES("pkcs11/libkryoptic_pkcs11.so"),
					      "/usr/local/lib/libkryoptic_pkcs11.so", NULL };
static const char *const paths_nss[] = { LIBRARIES("libsoftokn3.so"), LIBRARIES("nss/libsoftokn3.so"), NULL };
static const char *const paths_opencryptoki[] = { LIBRARIES("opencryptoki/libopencryptoki.so"),
						  LIBRARIES("pkcs11/libopencryptoki.so"), NULL };

static const struct peer peers[] = {
	{ .name = "coffer", .configure = configure_coffer },
	{ .name = "softhsm", .paths = paths_softhsm, .configure = configure_softhsm },
	{ .name = "kryoptic", .paths = paths_kryoptic, .configure = configure_kryoptic },
	{ .name = "nss", .paths = paths_nss, .configure = configure_nothing, .reserved = reserved_nss,
	  .ready_made = true, .slot = 2 },
	{ .name = "opencryptoki", .paths = paths_opencryptoki, .configure = configure_nothing, .shared = true },
};

static bool listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = list; (at = strstr(at, name)) != NULL; at += n)
		if ((at == list || at[-1] == ',') && (at[n] == '\0' || at[n] == ','))
			return true;
	return false;
}

static const char *installed(const struct peer *peer, const struct settings *settings)
{
	if (peer->paths == NULL)
		return settings->module;
	if (!listed(settings->peers, peer->name) && (peer->shared || strcmp(settings->peers, "all") != 0))
		return NULL;
	for (const char *const *path = peer->paths; *path != NULL; path++)
		if (access(*path, R_OK) == 0)
			return *path;
	return NULL;
}

size_t peers_find(struct subject *subjects, size_t at, const struct settings *settings)
{
	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		const char *path = installed(&peers[i], settings);
		struct subject *s = &subjects[at];

		if (path == NULL)
			continue;
		*s = (struct subject){ .name = peers[i].name, .driver = &driver_pkcs11, .peer = &peers[i] };
		(void)snprintf(s->path, sizeof(s->path), "%s", path);
		at++;
	}
	return at;
}
