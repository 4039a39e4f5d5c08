/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `coffer complete WORD...` tells a shell what the last of the words may become, by the rows of commands and options: a
 * candidate a line, with its help behind a tab, or ":file" or ":dir" where the shell knows better.
 */
#include "base/mem.h"
#include "cli/cli.h"

static void candidate(const char *current, const char *word, const char *help)
{
	if (strncmp(word, current, strlen(current)) == 0)
		out_line("%s\t%s", word, help);
}

static void words_of_group(const char *group, const char *current)
{
	for (unsigned i = 0; i < command_count; i++)
		if (strcmp(commands[i].group, group) == 0)
			candidate(current, commands[i].name, commands[i].help);
	for (unsigned i = 0; group[0] == '\0' && i < command_group_count; i++)
		if (command_groups[i].name[0] != '\0')
			candidate(current, command_groups[i].name, command_groups[i].help);
	candidate(current, "help", "what there is");
}

/* Labels that no terminal should see are left out. */
static void wallets(struct cli *cli, const char *current)
{
	AUTO_FREE CK_SLOT_ID *slots = NULL;
	CK_ULONG count = 0;
	CK_TOKEN_INFO info;

	if (module_start(cli) != CKR_OK || wallet_slots_quietly(cli, &slots, &count) != CKR_OK)
		return;
	for (CK_ULONG i = 0; i < count; i++) {
		AUTO_FREE char *label = NULL, *shown = NULL, *serial = NULL;

		if (cli->p11->C_GetTokenInfo(slots[i], &info) != CKR_OK)
			continue;
		label = wallet_label(&info);
		shown = printable(span_str(label));
		serial = wallet_serial(&info);
		if (strcmp(label, shown) == 0)
			candidate(current, label, serial);
	}
}

static void value(struct cli *cli, const char *kind, const char *const *choices, const char *current)
{
	for (unsigned i = 0; choices != NULL && choices[i] != NULL; i++)
		candidate(current, choices[i], "");
	if (strcmp(kind, "FILE") == 0)
		out_line(":file");
	else if (strcmp(kind, "DIR") == 0)
		out_line(":dir");
	else if (strcmp(kind, "WALLET") == 0)
		wallets(cli, current);
}

static const struct option_row *row_of(const struct option_row *row, const char *word)
{
	for (; strncmp(word, "--", 2) == 0 && row->name != NULL; row++)
		if (strcmp(row->name, word + 2) == 0)
			return row;
	return NULL;
}

static void options(const struct option_row *row, int argc, char **argv, const char *current)
{
	for (; row->name != NULL; row++) {
		char word[64];
		bool given = false;

		(void)snprintf(word, sizeof(word), "--%s", row->name);
		for (int i = 0; i + 1 < argc; i++)
			given = given || strcmp(argv[i], word) == 0;
		if (!given)
			candidate(current, word, row->help);
	}
}

/* The words behind the command's own; the last is the one that is typed. */
static void rest(struct cli *cli, const struct command *c, int argc, char **argv)
{
	const char *current = argv[argc - 1];
	const struct option_row *row = NULL;
	char word[WORD_ROOM];
	unsigned n = 0;
	bool optional;

	for (int i = 0; i + 1 < argc; i++) {
		bool is_value = row != NULL && row->value != NULL;

		row = is_value ? NULL : row_of(c->options, argv[i]);
		n += !is_value && argv[i][0] != '-' ? 1 : 0;
	}
	if (row != NULL && row->value != NULL) {
		value(cli, row->value, row->choices, current);
	} else if (current[0] == '-') {
		options(c->options, argc, argv, current);
		options(options_common, argc, argv, current);
	} else if (synopsis_word(c->arguments, n, word, &optional)) {
		value(cli, word, NULL, current);
	}
}

enum outcome complete(struct cli *cli, int argc, char **argv)
{
	const struct command_group *group = argc > 1 ? command_group_find(argv[0]) : NULL;
	const struct command *c = argc > 1 && group == NULL ? command_find("", argv[0]) : NULL;
	int own = group == NULL ? 1 : 2;

	if (argc == 1)
		words_of_group("", argv[0]);
	else if (group != NULL && argc == 2)
		words_of_group(group->name, argv[1]);
	if (group != NULL && argc > 2)
		c = command_find(group->name, argv[1]);
	if (c != NULL && argc > own)
		rest(cli, c, argc - own, argv + own);
	module_close(cli);
	return OUTCOME_OK;
}
