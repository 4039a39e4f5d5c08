/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report.h"

#include <jansson.h>
#include <math.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

void time_text(double ns, char out[32])
{
	static const struct {
		double from;
		const char *unit;
	} units[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 0, "ns" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ns < units[i].from)
			continue;
		ns /= units[i].from == 0 ? 1 : units[i].from;
		(void)snprintf(out, 32, ns < 10 ? "%.2f %s" : ns < 100 ? "%.1f %s" : "%.0f %s", ns, units[i].unit);
		return;
	}
	(void)snprintf(out, 32, "-");
}

static void cpu_model(char out[128])
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256];

	(void)snprintf(out, 128, "unknown processor");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		const char *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || colon == NULL)
			continue;
		(void)snprintf(out, 128, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
		break;
	}
	if (f != NULL)
		(void)fclose(f);
}

static void machine_text(char out[512])
{
	struct utsname u;
	char cpu[128], date[16];
	time_t now = time(NULL);

	cpu_model(cpu);
	(void)uname(&u);
	(void)strftime(date, sizeof(date), "%Y-%m-%d", gmtime(&now));
	(void)snprintf(out, 512, "%s, %ld x %s, %s %s %s", date, sysconf(_SC_NPROCESSORS_ONLN), cpu, u.sysname, u.release,
		       u.machine);
}

/* ---- tables ---- */

#define NAME_WIDTH 28
#define CELL_WIDTH 24
#define BARE_WIDTH 20

static bool is_module(const struct contest *c, size_t entry)
{
	return c->entry[entry].subject.peer != NULL;
}

static void heading(FILE *f, const struct contest *c)
{
	fprintf(f, "%-*s%*s", NAME_WIDTH, "", BARE_WIDTH, "bare library");
	for (size_t i = 0; i < c->entries; i++) {
		const struct entry *e = &c->entry[i];
		char text[64];

		if (!is_module(c, i))
			continue;
		if (e->keys != 0)
			(void)snprintf(text, sizeof(text), "%s, %lu keys", e->subject.name, e->keys);
		else
			(void)snprintf(text, sizeof(text), "%s", e->subject.name);
		fprintf(f, "%*s", CELL_WIDTH, text);
	}
	fprintf(f, "\n");
}

static bool not_offered(unsigned long error)
{
	return error == NOT_OFFERED || error == CKR_MECHANISM_INVALID;
}

/* Nobody in this run has such a thing: a libcrypto before 3.5 and what is post-quantum. */
static bool nobody_s(const struct contest *c, size_t row)
{
	for (size_t i = 0; i < c->entries; i++)
		if (contest_takes_part(c, row, i) && !not_offered(contest_series(c, row, i)->error))
			return false;
	return true;
}

static void reason_text(unsigned long error, char out[64])
{
	if (not_offered(error))
		(void)snprintf(out, 64, "-");
	else if (error == BENCH_WRONG)
		(void)snprintf(out, 64, "(wrong)");
	else
		(void)snprintf(out, 64, "(error 0x%lx)", error);
}

static void bare_text(const struct contest *c, size_t row, char out[64])
{
	char time[32];
	size_t bare;

	out[0] = '\0';
	if (!contest_bare(c, row, &bare))
		return;
	if (contest_series(c, row, bare)->error != 0) {
		reason_text(contest_series(c, row, bare)->error, out); /* an older library does not have all of it */
		return;
	}
	time_text(series_wall(contest_series(c, row, bare)), time);
	(void)snprintf(out, 64, "%s %s", rows[row].bare, time);
}

static void cell_text(const struct contest *c, size_t row, size_t entry, char out[64])
{
	const struct series *s = contest_series(c, row, entry);
	char time[32];
	size_t bare;

	if (s->error != 0) {
		reason_text(s->error, out);
		return;
	}
	time_text(series_wall(s), time);
	if (!contest_bare(c, row, &bare))
		(void)snprintf(out, 64, "%s              ", time);
	else
		(void)snprintf(out, 64, "%s %6.3f %6.3f", time, series_ratio(contest_series(c, row, bare), s),
			       series_cpu_ratio(contest_series(c, row, bare), s));
}

static void table(FILE *f, const struct contest *c)
{
	char text[64];

	heading(f, c);
	for (size_t row = 0; row < rows_count; row++) {
		if (!contest_has_row(c, row) || nobody_s(c, row))
			continue;
		bare_text(c, row, text);
		fprintf(f, "%-*s%*s", NAME_WIDTH, rows[row].name, BARE_WIDTH, text);
		for (size_t i = 0; i < c->entries; i++) {
			if (!is_module(c, i))
				continue;
			cell_text(c, row, i, text);
			fprintf(f, "%*s", CELL_WIDTH, text);
		}
		fprintf(f, "\n");
	}
}

static void memory_table(FILE *f, const struct contest *c)
{
	fprintf(f, "\nKeys were made in %s, one call each, and the tokens copied.\n\n", c->settings->nursery);
	fprintf(f, "%-*s%12s%14s%14s%14s%14s%16s%16s\n", NAME_WIDTH, "", "made, each", "RSS, login", "RSS, end", "VmLck, end",
		"vault stacks", "of them bytes", "arena bytes");
	for (size_t i = 0; i < c->entries; i++) {
		const struct entry *e = &c->entry[i];
		char name[64], each[32];

		if (e->keys == 0)
			continue;
		(void)snprintf(name, sizeof(name), "%s, %lu keys", e->subject.name, e->keys);
		time_text(e->populated.wall_ns, each);
		fprintf(f, "%-*s%12s%10llu KiB%10llu KiB%10llu KiB%14llu%16llu%16llu\n", NAME_WIDTH, name, each,
			(unsigned long long)e->at_login.rss_kib, (unsigned long long)e->at_end.rss_kib,
			(unsigned long long)e->at_end.locked_kib, (unsigned long long)e->at_end.stack_count,
			(unsigned long long)e->at_end.stacks, (unsigned long long)e->at_end.arena);
	}
}

static void budget_table(FILE *f, const struct contest *speed, const struct contest *scale)
{
	struct budget b[BUDGETS_MAX];
	size_t n = budgets_of(speed, scale, b);

	fprintf(f, "\n%-81s%9s%12s\n", "Budgets", "measured", "by CPU time");
	for (size_t i = 0; i < n; i++) {
		char cpu[32];
		bool holds = b[i].at_least ? b[i].measured >= b[i].limit : b[i].measured <= b[i].limit;

		if (isnan(b[i].measured))
			continue;
		if (isnan(b[i].by_cpu))
			(void)snprintf(cpu, sizeof(cpu), "-");
		else
			(void)snprintf(cpu, sizeof(cpu), "%.3f", b[i].by_cpu);
		fprintf(f, "%-60s%s %4g %-4s%10.3f%12s  %s\n", b[i].what, b[i].at_least ? "at least" : "at most ", b[i].limit,
			b[i].unit, b[i].measured, cpu, holds ? "holds" : "missed");
	}
}

void report_print(FILE *f, const struct contest *speed, const struct contest *scale)
{
	const struct settings *s = speed->settings;
	char machine[512];

	machine_text(machine);
	fprintf(f, "%s\n%u rounds of %u ms slices; wallets in %s\n", machine, s->rounds, s->slice_ms, s->directory);
	for (size_t i = 0; i < speed->entries; i++)
		fprintf(f, "%s%s %s", i == 0 ? "" : "; ", speed->entry[i].subject.name, speed->entry[i].subject.version);
	fprintf(f, "\n\nTime for one operation; its rate against the bare library's, by the wall clock and by CPU time (more is faster).\n\n");
	table(f, speed);
	if (scale != NULL) {
		fprintf(f, "\nGrowth with the number of private keys in a token.\n\n");
		table(f, scale);
		memory_table(f, scale);
	}
	budget_table(f, speed, scale);
	(void)fflush(f);
}

/* ---- JSON ---- */

static json_t *number(double v)
{
	return isnan(v) ? json_null() : json_real(v);
}

static json_t *json_cell(const struct contest *c, size_t row, size_t entry)
{
	const struct series *s = contest_series(c, row, entry);
	const struct entry *e = &c->entry[entry];
	json_t *cell = json_pack("{s:s, s:I}", "subject", e->subject.name, "keys", (json_int_t)e->keys);
	size_t bare;

	if (s->error != 0) {
		(void)json_object_set_new(cell, "error", json_integer((json_int_t)s->error));
		return cell;
	}
	(void)json_object_set_new(cell, "ns", number(series_wall(s)));
	(void)json_object_set_new(cell, "cpu_ns", number(series_cpu(s)));
	if (contest_bare(c, row, &bare)) {
		const struct series *b = contest_series(c, row, bare);

		(void)json_object_set_new(cell, "rate", number(series_ratio(b, s)));
		(void)json_object_set_new(cell, "cpu_rate", number(series_cpu_ratio(b, s)));
		(void)json_object_set_new(cell, "beyond_ns", number(series_difference(s, b)));
	}
	return cell;
}

static json_t *json_rows(const struct contest *c)
{
	json_t *all = json_array();

	for (size_t row = 0; row < rows_count; row++) {
		json_t *cells = json_array();

		for (size_t i = 0; i < c->entries && contest_has_row(c, row) && !nobody_s(c, row); i++)
			if (contest_takes_part(c, row, i))
				(void)json_array_append_new(cells, json_cell(c, row, i));
		if (json_array_size(cells) == 0)
			json_decref(cells);
		else
			(void)json_array_append_new(all, json_pack("{s:s, s:s, s:o}", "row", rows[row].name, "bare",
								   rows[row].bare, "figures", cells));
	}
	return all;
}

static json_t *json_subjects(const struct contest *c)
{
	json_t *all = json_array();

	for (size_t i = 0; i < c->entries; i++) {
		const struct entry *e = &c->entry[i];
		json_t *one = json_pack("{s:s, s:s, s:I}", "subject", e->subject.name, "version", e->subject.version, "keys",
					(json_int_t)e->keys);

		if (e->keys != 0)
			(void)json_object_update_new(one, json_pack(
				"{s:f, s:I, s:I, s:I, s:I, s:I, s:I}", "made_ns", e->populated.wall_ns,
				"rss_login_kib", (json_int_t)e->at_login.rss_kib, "rss_kib", (json_int_t)e->at_end.rss_kib,
				"locked_kib", (json_int_t)e->at_end.locked_kib, "stacks", (json_int_t)e->at_end.stack_count,
				"stack_bytes", (json_int_t)e->at_end.stacks, "arena_bytes", (json_int_t)e->at_end.arena));
		(void)json_array_append_new(all, one);
	}
	return all;
}

static json_t *json_contest(const struct contest *c)
{
	return json_pack("{s:o, s:o}", "subjects", json_subjects(c), "rows", json_rows(c));
}

static json_t *json_budgets(const struct contest *speed, const struct contest *scale)
{
	struct budget b[BUDGETS_MAX];
	size_t n = budgets_of(speed, scale, b);
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:f, s:o, s:o}", "what", b[i].what, "unit", b[i].unit,
							   "is", b[i].at_least ? "at least" : "at most", "limit", b[i].limit,
							   "measured", number(b[i].measured), "by_cpu", number(b[i].by_cpu)));
	return all;
}

bool report_json(const char *path, const struct contest *speed, const struct contest *scale)
{
	char machine[512];
	json_t *root;
	int rc;

	machine_text(machine);
	root = json_pack("{s:s, s:i, s:i, s:s, s:o, s:o}", "machine", machine, "rounds", (int)speed->settings->rounds,
			 "slice_ms", (int)speed->settings->slice_ms, "directory", speed->settings->directory, "speed",
			 json_contest(speed), "budgets", json_budgets(speed, scale));
	if (scale != NULL)
		(void)json_object_set_new(root, "scale", json_contest(scale));
	rc = json_dump_file(root, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	json_decref(root);
	return rc == 0;
}
