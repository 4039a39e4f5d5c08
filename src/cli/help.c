/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and what --help says: all of it from the rows. */
#include "cli/cli.h"

#define GROUP(name, help)
#define COMMAND(group, name, id, needs, arguments, help) \
	{ group, name, cmd_##id, options_##id, NEEDS_##needs, arguments, help },
const struct command commands[] = {
#include "cli/commands.def"
};
#undef GROUP
#undef COMMAND
const unsigned command_count = sizeof(commands) / sizeof(commands[0]);

#define GROUP(name, help) { name, help },
#define COMMAND(group, name, id, needs, arguments, help)
const struct command_group command_groups[] = {
#include "cli/commands.def"
};
#undef GROUP
#undef COMMAND
const unsigned command_group_count = sizeof(command_groups) / sizeof(command_groups[0]);

const struct command *command_find(const char *group, const char *name)
{
	for (unsigned i = 0; i < command_count; i++)
		if (strcmp(commands[i].group, group) == 0 && strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* The group without a name is no word that could be typed. */
const struct command_group *command_group_find(const char *name)
{
	for (unsigned i = 0; i < command_group_count; i++)
		if (name[0] != '\0' && strcmp(command_groups[i].name, name) == 0)
			return &command_groups[i];
	return NULL;
}

/* "key generate WALLET", in a column of its own. */
static void help_line(FILE *to, const struct command *c)
{
	int width = fprintf(to, "  %s%s%s%s%s", c->group, c->group[0] == '\0' ? "" : " ", c->name,
			    c->arguments[0] == '\0' ? "" : " ", c->arguments);

	(void)fprintf(to, "%*s%s\n", width < 36 ? 36 - width : 2, "", c->help);
}

void help_group(FILE *to, const struct command_group *group)
{
	(void)fprintf(to, "%s:\n", group->help);
	for (unsigned i = 0; i < command_count; i++)
		if (strcmp(commands[i].group, group->name) == 0)
			help_line(to, &commands[i]);
}

void help_all(FILE *to)
{
	(void)fputs("coffer: wallets of keys, as PKCS#11 tokens.  coffer COMMAND --help tells more; so does coffer(1).\n", to);
	for (unsigned i = 0; i < command_group_count; i++) {
		(void)fputs("\n", to);
		help_group(to, &command_groups[i]);
	}
}

static void help_choices(const struct option_row *row)
{
	(void)fputs(" (", stdout);
	for (unsigned i = 0; row->choices[i] != NULL; i++)
		(void)printf("%s%s", i == 0 ? "" : ", ", row->choices[i]);
	(void)fputs(")", stdout);
}

static int option_width(const struct option_row *row)
{
	return (int)strlen(row->name) + (row->value == NULL ? 0 : 1 + (int)strlen(row->value));
}

static int widest(const struct option_row *row)
{
	int width = 0;

	for (; row->name != NULL; row++)
		if (option_width(row) > width)
			width = option_width(row);
	return width;
}

static void help_options(const struct option_row *row, int width)
{
	for (; row->name != NULL; row++) {
		(void)printf("  --%s%s%s", row->name, row->value == NULL ? "" : " ", row->value == NULL ? "" : row->value);
		(void)printf("%*s%s", width - option_width(row) + 2, "", row->help);
		if (row->choices != NULL)
			help_choices(row);
		(void)fputs("\n", stdout);
	}
}

void help_command(const struct command *c)
{
	int own = widest(c->options), common = widest(options_common), width = own > common ? own : common;

	(void)printf("usage: coffer %s%s%s%s%s [options]\n%s\n\n", c->group, c->group[0] == '\0' ? "" : " ", c->name,
		     c->arguments[0] == '\0' ? "" : " ", c->arguments, c->help);
	help_options(c->options, width);
	help_options(options_common, width);
}
