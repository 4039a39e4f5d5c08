/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cli/cli.h"

const struct option_row options_rename[] = { OPTIONS_PIN, OPTION_END };

/* EXISTS when another wallet has the label. */
static enum outcome check_free(const struct cli *cli, const char *label)
{
	AUTO_FREE CK_SLOT_ID *slots = NULL;
	CK_ULONG count;
	enum outcome outcome = wallet_slots(cli, &slots, &count);

	for (CK_ULONG i = 0; outcome == OUTCOME_OK && i < count; i++) {
		AUTO_FREE char *shown = printable(span_str(label));
		CK_TOKEN_INFO info;

		if (cli->p11->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
		    span_eq(unpadded(info.label, sizeof(info.label)), span_str(label)))
			outcome = fail(OUTCOME_EXISTS, "there is a wallet with the label \"%s\" already; nothing was changed", shown);
	}
	return outcome;
}

enum outcome cmd_rename(struct cli *cli)
{
	const char *label = cli->argument[1];
	AUTO_FREE char *old = NULL, *shown = printable(span_str(label));
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO info;
	enum outcome outcome = wallet_label_usable(label);
	CK_RV rv;

	if (outcome == OUTCOME_OK)
		outcome = session_open(cli, CKF_RW_SESSION, &session);
	if (outcome == OUTCOME_OK)
		outcome = check_free(cli, label);
	if (outcome == OUTCOME_OK)
		outcome = session_login(cli, session, CKU_USER);
	if (outcome == OUTCOME_OK)
		outcome = session_wallet(cli, session, &info);
	if (outcome != OUTCOME_OK)
		return outcome;
	old = printable(unpadded(info.label, sizeof(info.label)));
	rv = cli->coffer->Rename(session, label);
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot rename wallet \"%s\"", old);
	if (cli->json)
		return out_json(json_pack("{s:o, s:o}", "label", json_text(span_str(label)), "previous_label",
					  json_text(unpadded(info.label, sizeof(info.label)))));
	out_line("Wallet \"%s\" is now \"%s\"", old, shown);
	return OUTCOME_OK;
}
