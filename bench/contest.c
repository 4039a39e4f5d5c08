/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/contest.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/files.h"

bool contest_open(struct contest *c, const struct settings *settings)
{
	*c = (struct contest){ .settings = settings };
	c->series = calloc(rows_count * ENTRIES_MAX, sizeof(*c->series));
	return c->series != NULL;
}

void contest_close(struct contest *c)
{
	free(c->series);
	c->series = NULL;
}

static struct series *series_at(const struct contest *c, size_t row, size_t entry)
{
	return &c->series[row * ENTRIES_MAX + entry];
}

const struct series *contest_series(const struct contest *c, size_t row, size_t entry)
{
	return series_at(c, row, entry);
}

/* `only` is one pattern, or some with commas between them. */
static bool name_matches(const char *only, const char *name)
{
	char pattern[128];

	while (*only != '\0') {
		size_t n = strcspn(only, ",");

		(void)snprintf(pattern, sizeof(pattern), "%.*s", (int)n, only);
		if (fnmatch(pattern, name, 0) == 0)
			return true;
		only += only[n] == '\0' ? n : n + 1;
	}
	return false;
}

bool contest_has_row(const struct contest *c, size_t row)
{
	if (c->takes != NULL && !c->takes(&rows[row]))
		return false;
	return c->settings->only == NULL || name_matches(c->settings->only, rows[row].name);
}

bool contest_bare(const struct contest *c, size_t row, size_t *entry)
{
	for (*entry = 0; *entry < c->entries; (*entry)++)
		if (strcmp(c->entry[*entry].subject.name, rows[row].bare) == 0)
			return true;
	return false;
}

bool contest_takes_part(const struct contest *c, size_t row, size_t entry)
{
	const struct subject *s = &c->entry[entry].subject;

	return s->peer != NULL || strcmp(s->name, rows[row].bare) == 0;
}

/* ---- entries ---- */

static void make_directory(char *out, size_t n, const char *base, const char *name, unsigned long keys)
{
	if (keys == 0)
		(void)snprintf(out, n, "%s/%s", base, name);
	else
		(void)snprintf(out, n, "%s/%s-%lu", base, name, keys);
	if (mkdir(out, 0700) != 0) {
		perror(out);
		exit(1);
	}
}

static bool populate(struct entry *e, const struct settings *settings, const char *nursery)
{
	struct subject young = e->subject;
	struct worker w = { 0 };

	if (isatty(2))
		fprintf(stderr, "making %lu keys: %s\n", e->keys, e->subject.name);
	make_directory(young.directory, sizeof(young.directory), nursery, young.name, e->keys);
	worker_start(&w, &young, settings, 0);
	worker_populate(&w, e->keys, &e->populated);
	worker_stop(&w);
	if (e->populated.error == 0 && !tree_copy(young.directory, e->subject.directory)) {
		perror(e->subject.directory);
		exit(1);
	}
	tree_remove(young.directory);
	return e->populated.error == 0;
}

void contest_add(struct contest *c, const struct subject *s, const char *base, unsigned long keys, const char *nursery)
{
	struct entry *e = &c->entry[c->entries];
	struct subject login = *s;

	if (c->entries == ENTRIES_MAX)
		return;
	*e = (struct entry){ .subject = *s, .keys = keys };
	make_directory(e->subject.directory, sizeof(e->subject.directory), base, s->name, keys);
	if (keys != 0 && !populate(e, c->settings, nursery))
		return;
	c->entries++;
	worker_start(&e->steady, &e->subject, c->settings, keys);
	worker_memory(&e->steady, &e->at_login);
	/* An empty token is made anew for the logins; one with keys is opened by both. */
	(void)snprintf(login.directory, sizeof(login.directory), "%s", e->subject.directory);
	if (keys == 0)
		make_directory(login.directory, sizeof(login.directory), e->subject.directory, "login", 0);
	worker_start(&e->login, &login, c->settings, keys);
}

void contest_stop(struct contest *c)
{
	for (size_t i = 0; i < c->entries; i++) {
		worker_memory(&c->entry[i].steady, &c->entry[i].at_end);
		worker_stop(&c->entry[i].steady);
		worker_stop(&c->entry[i].login);
	}
}

/* ---- rounds ---- */

static void slice(struct contest *c, size_t row, size_t entry, unsigned ms, bool counts)
{
	struct series *s = series_at(c, row, entry);
	struct entry *e = &c->entry[entry];
	struct slice out;

	if (s->error != 0 || !contest_takes_part(c, row, entry))
		return;
	worker_slice(rows[row].op == OP_LOGIN ? &e->login : &e->steady, (unsigned)row, ms, &out);
	s->error = out.error;
	if (out.error != 0 || !counts)
		return;
	s->wall_ns[s->n] = out.wall_ns;
	s->cpu_ns[s->n] = out.cpu_ns;
	s->n++;
}

static void run_round(struct contest *c, unsigned round, unsigned ms, bool counts)
{
	for (size_t row = 0; row < rows_count; row++) {
		if (!contest_has_row(c, row))
			continue;
		for (size_t i = 0; i < c->entries; i++)
			slice(c, row, (i + round + row) % c->entries, ms, counts);
	}
}

void contest_run(struct contest *c)
{
	/* The first one makes the keys and warms up. */
	run_round(c, 0, c->settings->slice_ms / 10 + 1, false);
	for (unsigned round = 0; round < c->settings->rounds; round++) {
		if (isatty(2))
			fprintf(stderr, "round %u of %u\r", round + 1, c->settings->rounds);
		run_round(c, round, c->settings->slice_ms, true);
	}
}

/* ---- medians ---- */

enum figure { WALL, RATIO, DIFFERENCE, CPU, CPU_RATIO, CPU_DIFFERENCE };

static double over_rounds(const struct series *a, const struct series *b, enum figure figure)
{
	unsigned n = b != NULL && b->n < a->n ? b->n : a->n;
	double values[ROUNDS_MAX];

	if (a->error != 0 || (b != NULL && b->error != 0))
		return NAN;
	for (unsigned i = 0; i < n; i++) {
		bool cpu = figure >= CPU;
		double x = cpu ? a->cpu_ns[i] : a->wall_ns[i];
		double y = b == NULL ? 0 : cpu ? b->cpu_ns[i] : b->wall_ns[i];

		values[i] = figure == RATIO || figure == CPU_RATIO ? x / y : x - y;
	}
	return median(values, n);
}

double series_wall(const struct series *s)
{
	return over_rounds(s, NULL, WALL);
}

double series_cpu(const struct series *s)
{
	return over_rounds(s, NULL, CPU);
}

double series_ratio(const struct series *a, const struct series *b)
{
	return over_rounds(a, b, RATIO);
}

double series_cpu_ratio(const struct series *a, const struct series *b)
{
	return over_rounds(a, b, CPU_RATIO);
}

double series_difference(const struct series *a, const struct series *b)
{
	return over_rounds(a, b, DIFFERENCE);
}

double series_cpu_difference(const struct series *a, const struct series *b)
{
	return over_rounds(a, b, CPU_DIFFERENCE);
}
