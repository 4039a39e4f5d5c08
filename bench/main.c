/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/files.h"
#include "bench/peers.h"
#include "bench/report.h"

static const char usage[] =
	"usage: coffer-bench --module FILE [options]\n"
	"Measures coffer's module beside bare libraries and the other PKCS#11 modules that are installed.\n\n"
	"  --rounds N        rounds; figures are medians over them (9)\n"
	"  --slice MS        time for each row, subject and round (100)\n"
	"  --only PATTERNS   rows whose name matches one of them, as in a shell, with commas between\n"
	"  --peers LIST      all, none, or names: softhsm,kryoptic,nss,opencryptoki (all; the last one has its tokens\n"
	"                    in one place for the whole machine and takes part only when named)\n"
	"  --turn N          keys that a `turn' row takes in turn (1000)\n"
	"  --keys LIST       second part: tokens with so many keys, for example 10,1000,100000; 0: none (10,1000)\n"
	"  --peer-keys N     other modules take part in it up to so many (1000)\n"
	"  --directory DIR   where the tokens are made and removed ($TMPDIR, else /tmp)\n"
	"  --nursery DIR     where tokens get their keys before they are copied there (/dev/shm: without syncing to a\n"
	"                    disk 100,000 keys take minutes, not hours)\n"
	"  --json FILE       writes the figures there too\n"
	"  --quick           whether everything runs: few keys, one short round, cheap Argon2id; its figures say nothing\n";

enum { ROUNDS = 256, SLICE_MS, ONLY, MODULE, PEERS, TURN, KEYS, PEER_KEYS, DIRECTORY, NURSERY, JSON, QUICK, HELP };

static const struct option options[] = {
	{ "rounds", required_argument, NULL, ROUNDS },       { "slice", required_argument, NULL, SLICE_MS },
	{ "only", required_argument, NULL, ONLY },           { "module", required_argument, NULL, MODULE },
	{ "peers", required_argument, NULL, PEERS },         { "turn", required_argument, NULL, TURN },
	{ "keys", required_argument, NULL, KEYS },           { "peer-keys", required_argument, NULL, PEER_KEYS },
	{ "directory", required_argument, NULL, DIRECTORY }, { "json", required_argument, NULL, JSON },
	{ "nursery", required_argument, NULL, NURSERY },
	{ "quick", no_argument, NULL, QUICK },               { "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

static unsigned long number(const char *text, unsigned long least, unsigned long most)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && v >= least && v <= most)
		return v;
	fprintf(stderr, "coffer-bench: %s is not a number from %lu to %lu\n", text, least, most);
	exit(2);
}

static void parse_keys(struct settings *s, const char *list)
{
	char copy[256];
	char *rest = NULL;

	(void)snprintf(copy, sizeof(copy), "%s", list);
	s->scales = 0;
	for (char *at = strtok_r(copy, ",", &rest); at != NULL; at = strtok_r(NULL, ",", &rest)) {
		unsigned long keys = number(at, 0, 10000000);

		if (keys != 0 && s->scales < sizeof(s->scale) / sizeof(s->scale[0]))
			s->scale[s->scales++] = keys;
	}
}

static void be_quick(struct settings *s)
{
	s->rounds = 1;
	s->slice_ms = 5;
	s->turn = 10;
	s->argon2_kib = 1024;
	s->argon2_passes = 1;
	s->peer_keys = 20;
	parse_keys(s, "10,20");
}

static void parse(struct settings *s, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case ROUNDS:
			s->rounds = (unsigned)number(optarg, 1, ROUNDS_MAX);
			break;
		case SLICE_MS:
			s->slice_ms = (unsigned)number(optarg, 1, 60000);
			break;
		case ONLY:
			s->only = optarg;
			break;
		case MODULE:
			s->module = optarg;
			break;
		case PEERS:
			s->peers = optarg;
			break;
		case TURN:
			s->turn = (unsigned)number(optarg, 1, 100000);
			break;
		case KEYS:
			parse_keys(s, optarg);
			break;
		case PEER_KEYS:
			s->peer_keys = number(optarg, 0, 10000000);
			break;
		case DIRECTORY:
			s->directory = optarg;
			break;
		case NURSERY:
			s->nursery = optarg;
			break;
		case JSON:
			s->json = optarg;
			break;
		case QUICK:
			be_quick(s);
			break;
		case HELP:
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (s->module == NULL || optind != argc) {
		fputs(usage, stderr);
		exit(2);
	}
}

/* ---- the directory of this run ---- */

static char base[256], nursery[256];

static void interrupted(int number)
{
	(void)number;
	tree_remove(base);
	tree_remove(nursery);
	_exit(1);
}

static bool directory_new(char out[256], const char *where)
{
	(void)snprintf(out, 256, "%s/coffer-bench-XXXXXX", where);
	if (mkdtemp(out) != NULL)
		return true;
	perror(out);
	out[0] = '\0';
	return false;
}

static bool base_new(struct settings *s)
{
	const char *tmp = getenv("TMPDIR");

	if (s->directory == NULL)
		s->directory = tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp";
	if (s->nursery == NULL)
		s->nursery = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : s->directory;
	if (!directory_new(base, s->directory) || !directory_new(nursery, s->nursery))
		return false;
	(void)signal(SIGINT, interrupted);
	(void)signal(SIGTERM, interrupted);
	(void)signal(SIGPIPE, SIG_IGN);
	return true;
}

/* ---- both parts ---- */

static const struct subject bare[] = {
	{ .name = "libsodium", .driver = &driver_sodium },
	{ .name = "openssl", .driver = &driver_openssl },
	{ .name = "libsecp256k1", .driver = &driver_secp256k1 },
	{ .name = "sqlite", .driver = &driver_sqlite },
	{ .name = "argon2id", .driver = &driver_argon2 },
};

#define BARE (sizeof(bare) / sizeof(bare[0]))

static void add_bare(struct contest *c, const char *where)
{
	for (size_t i = 0; i < BARE; i++)
		contest_add(c, &bare[i], where, 0, NULL);
}

static bool part_directory(char out[300], const char *name)
{
	(void)snprintf(out, 300, "%s/%s", base, name);
	return mkdir(out, 0700) == 0;
}

static bool run_speed(struct contest *c, const struct subject *modules, size_t n)
{
	char where[300];

	if (!part_directory(where, "speed"))
		return false;
	add_bare(c, where);
	for (size_t i = 0; i < n; i++)
		contest_add(c, &modules[i], where, 0, NULL);
	contest_run(c);
	contest_stop(c);
	return true;
}

static bool grows(const struct row *row)
{
	return row->op == OP_FIND || row->op == OP_LOGIN || row->op == OP_GENERATE_TOKEN ||
	       (row->op == OP_SIGN && row->many && row->lanes == 1);
}

static bool run_scale(struct contest *c, const struct subject *modules, size_t n)
{
	const struct settings *s = c->settings;
	char where[300];

	if (!part_directory(where, "scale"))
		return false;
	c->takes = grows;
	add_bare(c, where);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < s->scales; k++)
			/* The first module is coffer's. */
			if (i == 0 || s->scale[k] <= s->peer_keys)
				contest_add(c, &modules[i], where, s->scale[k], nursery);
	contest_run(c);
	contest_stop(c);
	return true;
}

static bool report(struct contest *speed, struct contest *scale)
{
	const char *json = speed->settings->json;
	/* Figures are no test, but a module that gives none is broken. */
	bool ok = speed->entry[BARE].steady.error == 0;

	report_print(stdout, speed, scale);
	if (json != NULL && !report_json(json, speed, scale)) {
		fprintf(stderr, "coffer-bench: cannot write %s\n", json);
		ok = false;
	}
	contest_close(speed);
	if (scale != NULL)
		contest_close(scale);
	return ok;
}

int main(int argc, char **argv)
{
	struct settings settings = { .rounds = 9, .slice_ms = 100, .turn = 1000, .argon2_kib = 65536, .argon2_passes = 3,
				     .peers = "all", .peer_keys = 1000, .scale = { 10, 1000 }, .scales = 2 };
	struct subject modules[SUBJECTS_MAX];
	struct contest speed, scale;
	bool ok;
	size_t n;

	parse(&settings, argc, argv);
	if (!contest_open(&speed, &settings) || (settings.scales != 0 && !contest_open(&scale, &settings)) ||
	    !base_new(&settings))
		return 1;
	n = peers_find(modules, 0, &settings);
	ok = run_speed(&speed, modules, n) && (settings.scales == 0 || run_scale(&scale, modules, n));
	tree_remove(base);
	tree_remove(nursery);
	if (!ok)
		return 1;
	return report(&speed, settings.scales == 0 ? NULL : &scale) ? 0 : 1;
}
