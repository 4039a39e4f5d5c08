/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 640
#define SKIPS_MAX 32

struct cell {
	bool looked;
	unsigned long outside, inside;
};

struct row {
	char moment[56], place[48];
	enum promise promise;
	unsigned looks[SUBJECTS];
	unsigned long long scanned[SUBJECTS], refused[SUBJECTS];
	struct cell cell[SUBJECTS][KINDS];
	char where[SUBJECTS][64];
};

static struct {
	struct row row[ROWS_MAX];
	size_t rows;
	char skip[SKIPS_MAX][160];
	size_t skips;
	unsigned checks, failed;
} table;

static struct row *row_of(const char *moment, const char *place, enum promise promise)
{
	struct row *r;

	for (size_t i = 0; i < table.rows; i++)
		if (strcmp(table.row[i].moment, moment) == 0 && strcmp(table.row[i].place, place) == 0)
			return &table.row[i];
	if (table.rows == ROWS_MAX)
		abort();
	r = &table.row[table.rows++];
	(void)snprintf(r->moment, sizeof(r->moment), "%s", moment);
	(void)snprintf(r->place, sizeof(r->place), "%s", place);
	r->promise = promise;
	return r;
}

void table_add(const char *moment, const char *place, enum promise promise, enum subject who,
	       const struct tally *t, const struct secrets *s, unsigned looks)
{
	struct row *r = row_of(moment, place, promise);

	r->looks[who] += looks;
	r->scanned[who] += t->scanned;
	r->refused[who] += t->refused;
	if (t->where[0] != '\0')
		memcpy(r->where[who], t->where, sizeof(r->where[who]));
	for (int k = 0; k < KINDS; k++) {
		struct cell *c = &r->cell[who][k];

		c->looked |= secrets_any(s, (enum kind)k);
		c->outside += t->outside[k];
		c->inside += t->inside[k];
	}
}

void table_skip(const char *what, const char *why)
{
	char line[160];

	(void)snprintf(line, sizeof(line), "%s: %s", what, why);
	for (size_t i = 0; i < table.skips; i++)
		if (strcmp(table.skip[i], line) == 0)
			return;
	if (table.skips < SKIPS_MAX)
		memcpy(table.skip[table.skips++], line, sizeof(line));
}

void table_check(bool ok, const char *what)
{
	table.checks++;
	if (ok)
		return;
	table.failed++;
	printf("FAIL: %s\n", what);
	(void)fflush(stdout);
}

static bool kind_used(int k)
{
	for (size_t i = 0; i < table.rows; i++)
		for (int w = 0; w < SUBJECTS; w++)
			if (table.row[i].cell[w][k].looked)
				return true;
	return false;
}

static void print_count(char *out, size_t room, const struct cell *c, bool looked_at_all)
{
	if (!looked_at_all)
		(void)snprintf(out, room, " ");
	else if (!c->looked)
		(void)snprintf(out, room, "-");
	else if (c->inside > 0)
		(void)snprintf(out, room, "%lu+%lu", c->outside, c->inside);
	else
		(void)snprintf(out, room, "%lu", c->outside);
}

static void print_row(const struct row *r)
{
	for (int w = 0; w < SUBJECTS; w++) {
		static const char *const who[SUBJECTS] = { "coffer", "coffer, locked", "SoftHSM", "plain driver" };
		unsigned long long all = r->scanned[w] + r->refused[w];

		if (r->looks[w] == 0)
			continue;
		printf("%-44s %-22s %-14s %5u %7llu %6llu", r->moment, r->place, who[w], r->looks[w], all >> 10,
		       r->refused[w] >> 10);
		for (int k = 0; k < KINDS; k++) {
			char text[32];

			if (!kind_used(k))
				continue;
			print_count(text, sizeof(text), &r->cell[w][k], true);
			printf(" %10s", text);
		}
		printf("\n");
	}
}

void table_print(void)
{
	printf("\n%-44s %-22s %-14s %5s %7s %6s", "moment", "place", "who", "looks", "KiB", "denied");
	for (int k = 0; k < KINDS; k++)
		if (kind_used(k))
			printf(" %10s", kind_name((enum kind)k));
	printf("\n");
	for (size_t i = 0; i < table.rows; i++)
		print_row(&table.row[i]);
	printf("\nHits are 16-byte windows found.  a+b: b of them in locked pages that are not dumped and not\n"
	       "inherited.  -: this module has no such secret, or it is not known to the scanner yet.\n");
	for (size_t i = 0; i < table.skips; i++)
		printf("SKIP: %s\n", table.skip[i]);
}

/* Coffer's promise for a row. */
static bool kept(const struct row *r, int who)
{
	bool ok = true;

	for (int k = 0; k < KINDS; k++) {
		const struct cell *c = &r->cell[who][k];

		if (c->outside == 0 && (c->inside == 0 || r->promise == PROMISE_BUSY))
			continue;
		ok = false;
		printf("FAIL: %s, %s: %lu hits of %s (%s) %s\n", r->moment, r->place, c->outside + c->inside,
		       kind_name((enum kind)k), who == SUBJECT_COFFER ? "secret memory" : "locked memory", r->where[who]);
	}
	return ok;
}

/* The plain driver keeps all secrets that the scanner knows: each must be found in each place that it was looked for. */
static bool found(const struct row *r)
{
	bool ok = true;

	for (int k = 0; k < KINDS; k++) {
		const struct cell *c = &r->cell[SUBJECT_PLAIN][k];

		if (!c->looked || c->outside > 0)
			continue;
		ok = false;
		printf("FAIL: %s, %s: the control's %s were not found\n", r->moment, r->place, kind_name((enum kind)k));
	}
	return ok;
}

int table_verdict(bool with_softhsm)
{
	unsigned long peer = 0;
	unsigned bad = table.failed, rows = 0;

	for (size_t i = 0; i < table.rows; i++) {
		const struct row *r = &table.row[i];

		for (int who = SUBJECT_COFFER; who <= SUBJECT_LOCKED; who++) {
			if (r->promise == PROMISE_NONE || r->looks[who] == 0)
				continue;
			rows++;
			bad += kept(r, who) ? 0 : 1;
		}
		bad += found(r) ? 0 : 1;
		peer += r->cell[SUBJECT_SOFTHSM][KIND_SEED].outside;
	}
	if (with_softhsm && peer == 0) {
		printf("FAIL: nothing was found in SoftHSM\n");
		bad++;
	}
	printf("%u passed, %u failed, %zu skipped\n", rows + table.checks - bad, bad, table.skips);
	return bad == 0 ? 0 : 1;
}
