/* SPDX-License-Identifier: Apache-2.0 */
/* backup and restore: a wallet as one file elsewhere, and back. */
#include "base/mem.h"
#include "cli/cli.h"

const struct option_row options_backup[] = {
	{ "replace", NULL, "overwrite the file if it is there", NULL },
	OPTION_END,
};

const struct option_row options_restore[] = {
	{ "replace", NULL, "overwrite the wallet that the backup was made of", NULL },
	OPTION_END,
};

static CK_BBOOL replace(const struct cli *cli)
{
	return option_given(cli, "replace") ? CK_TRUE : CK_FALSE;
}

enum outcome cmd_backup(struct cli *cli)
{
	AUTO_FREE char *label = NULL, *shown = printable(span_str(cli->argument[1]));
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot;
	enum outcome outcome = wallet_chosen(cli, &slot, &info);
	CK_RV rv;

	if (outcome != OUTCOME_OK)
		return outcome;
	label = printable(unpadded(info.label, sizeof(info.label)));
	rv = cli->coffer->Backup(slot, cli->argument[1], replace(cli));
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot back up wallet \"%s\"", label);
	if (cli->json)
		return out_json(json_pack("{s:o, s:o}", "label", json_text(unpadded(info.label, sizeof(info.label))), "backup",
					  json_text(span_str(cli->argument[1]))));
	out_line("Wallet \"%s\" is copied to %s; its PINs open the copy, too", label, shown);
	return OUTCOME_OK;
}

enum outcome cmd_restore(struct cli *cli)
{
	AUTO_FREE char *label = NULL, *file = NULL, *shown = printable(span_str(cli->argument[0]));
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot;
	CK_RV rv = cli->coffer->Restore(cli->argument[0], replace(cli), &slot);

	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot restore %s", shown);
	rv = cli->p11->C_GetTokenInfo(slot, &info);
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "the wallet is restored, but cannot be read");
	if (cli->json)
		return out_json(wallet_json(cli, slot, &info));
	label = printable(unpadded(info.label, sizeof(info.label)));
	file = must(wallet_file(cli, slot));
	out_line("Restored wallet \"%s\"; coffer verify checks all of it", label);
	return OUTCOME_OK;
}
