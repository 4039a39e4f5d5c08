/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cli/cli.h"

const struct option_row options_delete[] = {
	OPTIONS_PIN,
	{ "yes", NULL, "do not ask for the label again", NULL },
	OPTION_END,
};

static enum outcome confirm(const struct cli *cli, const char *label, const char *shown)
{
	char prompt[320];

	if (option_given(cli, "yes"))
		return OUTCOME_OK;
	(void)snprintf(prompt, sizeof(prompt),
		       "Wallet \"%s\" and all of its keys will be gone for ever.  Type its label to delete it: ", shown);
	return ask_typed(prompt, label) ? OUTCOME_OK :
					  fail(OUTCOME_USAGE, "the label was not typed, so nothing was deleted; scripts give --yes");
}

enum outcome cmd_delete(struct cli *cli)
{
	AUTO_FREE char *file = NULL, *label = NULL, *shown = NULL;
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot;
	enum outcome outcome = wallet_chosen(cli, &slot, &info);
	CK_RV rv;

	if (outcome != OUTCOME_OK)
		return outcome;
	label = wallet_label(&info);
	shown = printable(span_str(label));
	file = must(wallet_file(cli, slot));
	outcome = confirm(cli, label, shown);
	if (outcome == OUTCOME_OK)
		outcome = session_unlock(cli, CKF_RW_SESSION, &session);
	if (outcome != OUTCOME_OK)
		return outcome;
	rv = cli->coffer->Delete(session);
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot delete wallet \"%s\"", shown);
	if (cli->json)
		return out_json(json_pack("{s:o, s:o}", "label", json_text(span_str(label)), "path", json_text(span_str(file))));
	out_line("Wallet \"%s\" is deleted", shown);
	return OUTCOME_OK;
}
