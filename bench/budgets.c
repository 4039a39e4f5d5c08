/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report.h"

#define MODULE "coffer"

static const struct series *of_row(const struct contest *c, const char *row, size_t entry)
{
	for (size_t i = 0; i < rows_count; i++)
		if (strcmp(rows[i].name, row) == 0)
			return contest_series(c, i, entry);
	abort(); /* a row was renamed */
}

/* The module's entry with the most, or the fewest, keys. */
static bool find_module(const struct contest *c, bool most, size_t *entry)
{
	bool found = false;

	for (size_t i = 0; c != NULL && i < c->entries; i++) {
		const struct entry *e = &c->entry[i];

		if (strcmp(e->subject.name, MODULE) != 0)
			continue;
		if (!found || (most ? e->keys > c->entry[*entry].keys : e->keys < c->entry[*entry].keys))
			*entry = i;
		found = true;
	}
	return found;
}

static bool find_entry(const struct contest *c, const char *name, size_t *entry)
{
	for (*entry = 0; c != NULL && *entry < c->entries; (*entry)++)
		if (strcmp(c->entry[*entry].subject.name, name) == 0)
			return true;
	return false;
}

typedef double (*compare_fn)(const struct series *a, const struct series *b);

/* How fast the module is in a row, bare = 1. */
static double against_bare(const struct contest *c, const char *row, const char *bare, compare_fn ratio)
{
	size_t module, other;

	if (!find_module(c, true, &module) || !find_entry(c, bare, &other))
		return NAN;
	return ratio(of_row(c, row, other), of_row(c, row, module));
}

/* How much faster row `a` is than row `b`. */
static double between_rows(const struct contest *c, const char *a, const char *b, compare_fn ratio)
{
	size_t module;

	if (!find_module(c, true, &module))
		return NAN;
	return ratio(of_row(c, b, module), of_row(c, a, module));
}

static double login_ms(const struct contest *c, compare_fn difference)
{
	size_t module, bare;

	if (!find_module(c, true, &module) || !find_entry(c, "argon2id", &bare))
		return NAN;
	return difference(of_row(c, "login", module), of_row(c, "login", bare)) / 1e6;
}

static double find_growth(const struct contest *c, compare_fn ratio)
{
	size_t most, fewest;

	if (!find_module(c, true, &most) || !find_module(c, false, &fewest) || most == fewest)
		return NAN;
	return ratio(of_row(c, "find-by-id", most), of_row(c, "find-by-id", fewest));
}

static double resident_mib(const struct contest *c)
{
	size_t most;

	if (!find_module(c, true, &most))
		return NAN;
	return (double)c->entry[most].at_end.rss_kib / 1024;
}

/* Beside the stacks of threads that sign. */
static double locked_kib(const struct contest *c)
{
	size_t most;

	if (!find_module(c, true, &most))
		return NAN;
	return (double)c->entry[most].at_end.locked_kib - (double)c->entry[most].at_end.stacks / 1024;
}

#define BOTH(function, ...) function(__VA_ARGS__, series_ratio), function(__VA_ARGS__, series_cpu_ratio)
#define BOTH_MS(contest) login_ms(contest, series_difference), login_ms(contest, series_cpu_difference)
#define SIGN "ed25519-sign-32"

size_t budgets_of(const struct contest *speed, const struct contest *scale, struct budget out[BUDGETS_MAX])
{
	const struct budget all[] = {
		{ "Ed25519 signature of 32 bytes, of bare libsodium's rate", "x", true, 0.90,
		  BOTH(against_bare, speed, SIGN, "libsodium") },
		{ "the same on two threads, of one thread's rate", "x", true, 1.9,
		  between_rows(speed, SIGN "-2thr", SIGN, series_ratio), NAN },
		{ "many keys in turn, of one key's rate", "x", true, 0.95, BOTH(between_rows, speed, SIGN "-turn", SIGN) },
		{ "login beyond Argon2id, few keys", "ms", false, 5, BOTH_MS(speed) },
		{ "login beyond Argon2id, most keys", "ms", false, 5, BOTH_MS(scale) },
		{ "finding one key by ID, most keys against fewest", "x", false, 3, BOTH(find_growth, scale) },
		{ "resident memory, most keys", "MiB", false, 64, resident_mib(scale), NAN },
		{ "locked memory beside vault stacks, most keys", "KiB", false, 64, locked_kib(scale), NAN },
		{ "durable key pairs, of SQLite's rate, few keys", "x", true, 0.5,
		  BOTH(against_bare, speed, "ed25519-generate-token", "sqlite") },
		{ "durable key pairs, of SQLite's rate, most keys", "x", true, 0.5,
		  BOTH(against_bare, scale, "ed25519-generate-token", "sqlite") },
	};

	_Static_assert(sizeof(all) / sizeof(all[0]) <= BUDGETS_MAX, "room for all");
	memcpy(out, all, sizeof(all));
	return sizeof(all) / sizeof(all[0]);
}
