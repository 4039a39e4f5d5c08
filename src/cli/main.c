/* SPDX-License-Identifier: Apache-2.0 */
/* The tool: finds the row of a command, reads its words, runs it. */
#include "cli/cli.h"

static enum outcome run(struct cli *cli, int argc, char **argv)
{
	enum outcome outcome = cli->help ? OUTCOME_OK : options_parse(cli, argc, argv);

	if (outcome != OUTCOME_OK)
		return outcome;
	if (cli->help) {
		help_command(cli->command);
		return OUTCOME_OK;
	}
	if (cli->command->needs == NEEDS_MODULE)
		outcome = module_open(cli);
	if (outcome == OUTCOME_OK)
		outcome = cli->command->run(cli);
	module_close(cli);
	return outcome;
}

static bool asks_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* `coffer key`, `coffer key --help`, `coffer key generate ...` */
static enum outcome run_in_group(struct cli *cli, const struct command_group *group, int argc, char **argv)
{
	if (argc == 0 && !cli->help) {
		help_group(stderr, group);
		return OUTCOME_USAGE;
	}
	if (argc == 0 || asks_help(argv[0])) {
		help_group(stdout, group);
		return OUTCOME_OK;
	}
	cli->command = command_find(group->name, argv[0]);
	if (cli->command == NULL)
		return fail(OUTCOME_USAGE, "there is no command \"%s %s\"; see coffer %s --help", group->name, argv[0],
			    group->name);
	return run(cli, argc - 1, argv + 1);
}

/* The words behind the program's name. */
static enum outcome dispatch(struct cli *cli, int argc, char **argv)
{
	const struct command_group *group;

	if (argc == 0) {
		help_all(stderr);
		return OUTCOME_USAGE;
	}
	if (strcmp(argv[0], "--version") == 0) {
		out_line("coffer %s", PACKAGE_VERSION);
		return OUTCOME_OK;
	}
	if (asks_help(argv[0]) && argc == 1) {
		help_all(stdout);
		return OUTCOME_OK;
	}
	if (asks_help(argv[0])) { /* coffer help key generate */
		cli->help = true;
		return dispatch(cli, argc - 1, argv + 1);
	}
	if (strcmp(argv[0], "complete") == 0) /* words of somebody's who still types: not parsed as ours */
		return complete(cli, argc - 1, argv + 1);
	cli->command = command_find("", argv[0]);
	if (cli->command != NULL)
		return run(cli, argc - 1, argv + 1);
	group = command_group_find(argv[0]);
	if (group != NULL)
		return run_in_group(cli, group, argc - 1, argv + 1);
	return fail(OUTCOME_USAGE, "there is no command \"%s\"; see coffer --help", argv[0]);
}

int main(int argc, char **argv)
{
	struct cli cli = { 0 };

	process_harden();
	return (int)out_finish(dispatch(&cli, argc > 0 ? argc - 1 : 0, argv + 1));
}
