/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/doctor.h"

const struct option_row options_doctor[] = {
	{ "root", "DIR", "read /proc and /sys below that directory", NULL },
	OPTION_END,
};

/* In this order: a probe may use what those before it found out. */
static const struct {
	const char *subject;
	void (*probe)(struct doctor *d);
} probes[] = {
	{ "memory", probe_memory },
	{ "mechanisms", probe_mechanisms },
	{ "memory limit", probe_limit },
	{ "swap", probe_swap },
	{ "hibernation", probe_hibernation },
	{ "core dumps", probe_cores },
	{ "debuggers", probe_debuggers },
	{ "configuration", probe_configuration },
	{ "directory", probe_directory },
	{ "wallets", probe_wallets },
	{ "clock", probe_clock },
};

static const struct {
	const char *name;
	enum outcome outcome;
} severities[] = {
	[SEVERITY_OK] = { "ok", OUTCOME_OK },
	[SEVERITY_NOTE] = { "note", OUTCOME_OK },
	[SEVERITY_WEAK] = { "weak", OUTCOME_FAILED },
	[SEVERITY_BROKEN] = { "broken", OUTCOME_BAD },
};

bool system_text(const struct doctor *d, const char *path, char *out, size_t room)
{
	char whole[4096];
	size_t n = 0;
	FILE *f;

	(void)snprintf(whole, sizeof(whole), "%s%s", d->root, path);
	f = fopen(whole, "re");
	if (f == NULL)
		return false;
	n = fread(out, 1, room - 1, f);
	(void)fclose(f);
	while (n > 0 && out[n - 1] == '\n')
		n--;
	out[n] = '\0';
	return true;
}

void found(struct doctor *d, enum severity severity, const char *advice_opt, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (d->count == d->room) {
		d->room = d->room == 0 ? 32 : 2 * d->room;
		d->finding = must(mem_resize(d->finding, d->room * sizeof(struct finding)));
	}
	d->finding[d->count++] = (struct finding){
		.severity = severity,
		.subject = d->subject,
		.text = printable(span_str(text)),
		.advice = advice_opt == NULL ? NULL : must(mem_string(advice_opt)),
	};
}

/* What the probes look at.  A configuration that cannot be read is why C_Initialize fails. */
static void begin(struct doctor *d)
{
	struct cf_status status = config_load(&d->config);

	if (cf_failed(status))
		(void)snprintf(d->why, sizeof(d->why), "%s", error_text());
	d->started = module_start(d->cli);
	if (d->started == CKR_OK)
		(void)d->cli->coffer->Protection(&d->protection);
	else
		(void)d->cli->coffer->LastError(d->why, sizeof(d->why));
}

static void end(struct doctor *d)
{
	for (size_t i = 0; i < d->count; i++) {
		mem_free(d->finding[i].text);
		mem_free(d->finding[i].advice);
	}
	mem_free(d->finding);
	config_free(d->config);
}

static enum severity worst(const struct doctor *d)
{
	enum severity s = SEVERITY_OK;

	for (size_t i = 0; i < d->count; i++)
		if (d->finding[i].severity > s)
			s = d->finding[i].severity;
	return s;
}

static void print_text(const struct doctor *d)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct finding *f = &d->finding[i];

		out_line("%-7s %-14s %s", severities[f->severity].name, f->subject, f->text);
		if (f->advice != NULL)
			out_line("%-7s %-14s   do: %s", "", "", f->advice);
	}
}

static json_t *configuration_json(const struct doctor *d)
{
	char path[4096], value[4096];
	unsigned count;
	const struct config_row *row = config_rows(&count);
	json_t *values = must(json_object());

	for (unsigned i = 0; d->config != NULL && i < count; i++)
		if (config_value(d->config, i, value, sizeof(value)) &&
		    json_object_set_new(values, row[i].name, json_text(span_str(value))) != 0)
			must(NULL);
	return must(json_pack("{s:o?, s:o}", "file",
			      config_file(path, sizeof(path)) ? json_text(span_str(path)) : json_null(), "values", values));
}

static void print_json(const struct doctor *d)
{
	json_t *findings = must(json_array());

	for (size_t i = 0; i < d->count; i++) {
		const struct finding *f = &d->finding[i];

		if (json_array_append_new(findings, json_pack("{s:s, s:s, s:s, s:s?}", "subject", f->subject, "severity",
							      severities[f->severity].name, "text", f->text, "advice",
							      f->advice)) != 0)
			must(NULL);
	}
	(void)out_json(json_pack("{s:s, s:o, s:o}", "severity", severities[worst(d)].name, "findings", findings, "configuration",
				 configuration_json(d)));
}

enum outcome cmd_doctor(struct cli *cli)
{
	struct doctor d = { .cli = cli, .root = option_given(cli, "root") ? option_text(cli, "root") : "" };
	enum outcome outcome;

	begin(&d);
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		d.subject = probes[i].subject;
		probes[i].probe(&d);
	}
	outcome = severities[worst(&d)].outcome;
	if (cli->json)
		print_json(&d);
	else
		print_text(&d);
	end(&d);
	return outcome;
}
