/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the command line, read by the rows of a command: "--name value", "--name=value", "--" ends the options. */
#include <errno.h>
#include <stdlib.h>

#include "cli/cli.h"

const struct option_row options_common[] = {
	{ "json", NULL, "print one JSON value, for programs", NULL },
	{ "help", NULL, "print this", NULL },
	OPTION_END,
};

bool synopsis_word(const char *arguments, unsigned n, char word[WORD_ROOM], bool *optional)
{
	size_t length;

	while (n-- > 0 && *arguments != '\0') {
		arguments += strcspn(arguments, " ");
		arguments += strspn(arguments, " ");
	}
	*optional = *arguments == '[';
	arguments += *optional ? 1 : 0;
	length = strcspn(arguments, " ]");
	if (length == 0 || length >= WORD_ROOM)
		return false;
	memcpy(word, arguments, length);
	word[length] = '\0';
	return true;
}

/* The row whose name is the first `n` bytes of `name`. */
static const struct option_row *row_find(const struct option_row *rows, const char *name, size_t n, unsigned *index)
{
	for (*index = 0; rows[*index].name != NULL; (*index)++)
		if (strlen(rows[*index].name) == n && memcmp(rows[*index].name, name, n) == 0)
			return &rows[*index];
	return NULL;
}

static enum outcome check_choice(const struct option_row *row, const char *value)
{
	char list[512] = "";
	size_t used = 0;

	for (unsigned i = 0; row->choices != NULL && row->choices[i] != NULL; i++) {
		int n;

		if (strcmp(row->choices[i], value) == 0)
			return OUTCOME_OK;
		n = snprintf(list + used, sizeof(list) - used, "%s%s", i == 0 ? "" : ", ", row->choices[i]);
		if (n > 0 && (size_t)n < sizeof(list) - used)
			used += (size_t)n;
	}
	if (row->choices == NULL)
		return OUTCOME_OK;
	return fail(OUTCOME_USAGE, "--%s may be: %s", row->name, list);
}

/* A value that belongs to nothing is not repeated in the sentence: it may be a PIN. */
static enum outcome unknown_option(const struct cli *cli, const char *name, size_t n)
{
	const struct command *c = cli->command;

	return fail(OUTCOME_USAGE, "there is no option --%.*s here; see coffer %s%s%s --help", (int)n, name, c->group,
		    c->group[0] == '\0' ? "" : " ", c->name);
}

static enum outcome set_option(struct cli *cli, const struct option_row *row, unsigned index, const char *value)
{
	if (cli->value[index] != NULL)
		return fail(OUTCOME_USAGE, "--%s is given twice", row->name);
	cli->value[index] = value;
	return check_choice(row, value);
}

/* One option, at argv[*at]; its value may be the next word. */
static enum outcome parse_option(struct cli *cli, int argc, char **argv, int *at)
{
	const char *name = argv[*at] + 2, *equals = strchr(name, '=');
	size_t n = equals == NULL ? strlen(name) : (size_t)(equals - name);
	unsigned index, common;
	const struct option_row *row = row_find(cli->command->options, name, n, &index);
	const char *value = equals == NULL ? NULL : equals + 1;

	if (row == NULL && row_find(options_common, name, n, &common) != NULL && value == NULL) {
		if (strcmp(name, "json") == 0)
			cli->json = true;
		return OUTCOME_OK; /* --help was seen before */
	}
	if (row == NULL)
		return unknown_option(cli, name, n);
	if (row->value == NULL && value != NULL)
		return fail(OUTCOME_USAGE, "--%s takes no value", row->name);
	if (row->value == NULL)
		return set_option(cli, row, index, "");
	if (value == NULL && *at + 1 == argc)
		return fail(OUTCOME_USAGE, "--%s needs a value: --%s %s", row->name, row->name, row->value);
	if (value == NULL)
		value = argv[++*at];
	return set_option(cli, row, index, value);
}

static enum outcome add_argument(struct cli *cli, const char *text, unsigned *count)
{
	char word[WORD_ROOM];
	bool optional;

	if (*count == ARGUMENTS_MAX || !synopsis_word(cli->command->arguments, *count, word, &optional))
		return fail(OUTCOME_USAGE, "there is a word too many; usage: coffer %s%s%s %s [options]", cli->command->group,
			    cli->command->group[0] == '\0' ? "" : " ", cli->command->name, cli->command->arguments);
	cli->argument[(*count)++] = text;
	return OUTCOME_OK;
}

static enum outcome check_arguments(const struct cli *cli, unsigned count)
{
	char word[WORD_ROOM];
	bool optional;

	if (!synopsis_word(cli->command->arguments, count, word, &optional) || optional)
		return OUTCOME_OK;
	return fail(OUTCOME_USAGE, "%s is missing; usage: coffer %s%s%s %s [options]", word, cli->command->group,
		    cli->command->group[0] == '\0' ? "" : " ", cli->command->name, cli->command->arguments);
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

enum outcome options_parse(struct cli *cli, int argc, char **argv)
{
	enum outcome outcome = OUTCOME_OK;
	unsigned count = 0;
	bool options = true;

	cli->help = wants_help(argc, argv);
	if (cli->help)
		return OUTCOME_OK;
	for (int i = 0; i < argc && outcome == OUTCOME_OK; i++) {
		if (options && strcmp(argv[i], "--") == 0)
			options = false;
		else if (options && strncmp(argv[i], "--", 2) == 0)
			outcome = parse_option(cli, argc, argv, &i);
		else if (options && argv[i][0] == '-' && argv[i][1] != '\0')
			outcome = fail(OUTCOME_USAGE, "options have long names here: \"--%s\", perhaps; see --help", argv[i] + 1);
		else
			outcome = add_argument(cli, argv[i], &count);
	}
	return outcome == OUTCOME_OK ? check_arguments(cli, count) : outcome;
}

const char *option_text(const struct cli *cli, const char *name)
{
	unsigned index;

	if (row_find(cli->command->options, name, strlen(name), &index) == NULL) {
		(void)fprintf(stderr, "coffer: the command has no row for --%s\n", name);
		abort();
	}
	return cli->value[index];
}

bool option_given(const struct cli *cli, const char *name)
{
	return option_text(cli, name) != NULL;
}

enum outcome option_number(const struct cli *cli, const char *name, unsigned long least, unsigned long most,
			   unsigned long *out)
{
	const char *text = option_text(cli, name);
	unsigned long v;
	char *end;

	if (text == NULL)
		return OUTCOME_OK;
	errno = 0;
	v = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || v < least || v > most)
		return fail(OUTCOME_USAGE, "--%s is a number from %lu to %lu", name, least, most);
	*out = v;
	return OUTCOME_OK;
}
