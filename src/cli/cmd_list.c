/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cli/cli.h"

const struct option_row options_list[] = { OPTION_END };

static void add_usable(const struct cli *cli, CK_SLOT_ID slot, const CK_TOKEN_INFO *info, json_t *array, struct table *t)
{
	AUTO_FREE char *file = must(wallet_file(cli, slot)), *serial = wallet_serial(info), *label = wallet_label(info);

	table_cell(t, label);
	table_cell(t, serial);
	table_cell(t, wallet_state(info));
	table_cell(t, file);
	if (json_array_append_new(array, wallet_json(cli, slot, info)) != 0)
		must(NULL);
}

/* With the reason for it, which the interface tells after C_GetTokenInfo. */
static void add_unusable(const struct cli *cli, CK_SLOT_ID slot, json_t *array, struct table *t)
{
	char reason[512] = "";
	AUTO_FREE char *file = NULL;

	(void)cli->coffer->LastError(reason, sizeof(reason));
	file = must(wallet_file(cli, slot));
	table_cell(t, "-");
	table_cell(t, "-");
	table_cell(t, "cannot be used");
	table_cell(t, reason[0] == '\0' ? file : reason);
	if (json_array_append_new(array, json_pack("{s:n, s:n, s:n, s:I, s:o, s:s, s:o}", "label", "serial", "uri", "slot",
						   (json_int_t)slot, "path", json_text(span_str(file)), "state", "unusable",
						   "reason", json_text(span_str(reason)))) != 0)
		must(NULL);
}

enum outcome cmd_list(struct cli *cli)
{
	static const char *const head[] = { "LABEL", "SERIAL", "STATE", "FILE" };
	AUTO(table) t = table_new(4, head);
	AUTO_FREE CK_SLOT_ID *slots = NULL;
	CK_ULONG count;
	enum outcome outcome = wallet_slots(cli, &slots, &count);
	json_t *array;

	if (outcome != OUTCOME_OK)
		return outcome;
	array = must(json_array());
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO info;

		if (cli->p11->C_GetTokenInfo(slots[i], &info) == CKR_OK)
			add_usable(cli, slots[i], &info, array, t);
		else
			add_unusable(cli, slots[i], array, t);
	}
	if (cli->json)
		return out_json(array);
	json_decref(array);
	if (count == 0)
		out_line("There are no wallets yet; coffer create LABEL makes one.");
	else
		table_print(t);
	return OUTCOME_OK;
}
