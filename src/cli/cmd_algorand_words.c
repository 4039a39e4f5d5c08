/* SPDX-License-Identifier: Apache-2.0 */
/* Mnemonics of 25 words: out of a wallet and into one. */
#include "base/mem.h"
#include "cli/algorand.h"

const struct option_row options_algorand_export[] = {
	OPTION_WALLET,
	{ "mnemonic", NULL, "print the 25 words of the key: whoever reads them has it", NULL },
	OPTIONS_PIN,
	OPTION_END,
};
const struct option_row options_algorand_import[] = {
	{ "label", "LABEL", "the account's label", NULL },
	{ "limit", "PREFIXES", "it signs only messages that begin with one of these words, \"TX\" say", NULL },
	OPTIONS_MNEMONIC,
	OPTIONS_PIN,
	OPTION_END,
};
const struct option_row options_algorand_show_master[] = {
	{ "mnemonic", NULL, "print the 25 words of the key: whoever reads them has every derived account", NULL },
	OPTIONS_PIN,
	OPTION_END,
};
const struct option_row options_algorand_restore_master[] = { OPTIONS_MNEMONIC, OPTIONS_PIN, OPTION_END };

/* What is a secret is printed only for who says so. */
static enum outcome check_mnemonic(const struct cli *cli)
{
	if (!option_given(cli, "mnemonic"))
		return fail(OUTCOME_USAGE, "give --mnemonic: the words are the key, for everybody to see who sees them");
	return cli->json ? fail(OUTCOME_USAGE, "words are printed as they are: there is no --json for them") : OUTCOME_OK;
}

enum outcome cmd_algorand_export(struct cli *cli)
{
	AUTO_ACCOUNTS account = ACCOUNTS_INIT;
	AUTO(guarded) seed = NULL;
	CK_SESSION_HANDLE session;
	struct cli with;
	uint8_t address[ADDRESS_SIZE];
	enum outcome outcome = check_mnemonic(cli);

	if (outcome == OUTCOME_OK)
		outcome = address_option(cli->argument[0], address);
	if (outcome == OUTCOME_OK)
		outcome = wallet_option(cli, &with);
	if (outcome == OUTCOME_OK)
		outcome = session_unlock(&with, 0, &session);
	if (outcome == OUTCOME_OK)
		outcome = account_named(&with, session, cli->argument[0], &account);
	if (outcome == OUTCOME_OK && account.row[0].kind == ACCOUNT_MULTISIG)
		outcome = fail(OUTCOME_USAGE, "a multisig account has no key of its own, so it has no mnemonic");
	if (outcome == OUTCOME_OK)
		outcome = account_seed(&with, session, &account.row[0], &seed);
	return outcome == OUTCOME_OK ? words_print(seed) : outcome;
}

enum outcome cmd_algorand_import(struct cli *cli)
{
	const char *label = option_text(cli, "label");
	struct account_new how = { .label = span_str(label == NULL ? "" : label), .prefixes = option_text(cli, "limit") };
	AUTO_ACCOUNTS found = ACCOUNTS_INIT;
	AUTO(guarded) seed = NULL;
	CK_SESSION_HANDLE session;
	char text[ADDRESS_TEXT + 1];
	uint8_t address[ADDRESS_SIZE];
	enum outcome outcome = session_unlock(cli, CKF_RW_SESSION, &session);

	if (outcome == OUTCOME_OK)
		outcome = words_ask(cli, &words_algorand, &seed, NULL);
	if (outcome == OUTCOME_OK)
		outcome = seed_address(seed, address);
	if (outcome == OUTCOME_OK)
		outcome = account_find(cli, session, address, &found);
	if (outcome != OUTCOME_OK)
		return outcome;
	address_encode(address, text);
	if (found.count != 0)
		return fail(OUTCOME_EXISTS, "the wallet has the account %s already", text);
	outcome = account_add(cli, session, seed, address, &how);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (cli->json)
		return out_json(json_pack("{s:s, s:s, s:n, s:s}", "address", text, "kind", "imported", "index", "label",
					  label == NULL ? "" : label));
	out_line("Imported %s", text);
	return OUTCOME_OK;
}

enum outcome cmd_algorand_show_master(struct cli *cli)
{
	AUTO(guarded) key = NULL;
	CK_SESSION_HANDLE session;
	struct master_key m;
	enum outcome outcome = check_mnemonic(cli);

	if (outcome == OUTCOME_OK)
		outcome = session_unlock(cli, 0, &session);
	if (outcome == OUTCOME_OK)
		outcome = master_find(cli, session, &m);
	if (outcome == OUTCOME_OK && m.object == CK_INVALID_HANDLE)
		outcome = fail(OUTCOME_NOT_FOUND, "the wallet has no master derivation key: coffer algorand new makes one");
	if (outcome == OUTCOME_OK)
		outcome = master_value(cli, session, &m, &key);
	return outcome == OUTCOME_OK ? words_print(key) : outcome;
}

enum outcome cmd_algorand_restore_master(struct cli *cli)
{
	AUTO(guarded) key = NULL;
	CK_SESSION_HANDLE session;
	struct master_key m;
	uint8_t id[ADDRESS_SIZE];
	enum outcome outcome = session_unlock(cli, CKF_RW_SESSION, &session);

	if (outcome == OUTCOME_OK)
		outcome = master_find(cli, session, &m);
	if (outcome == OUTCOME_OK && m.object != CK_INVALID_HANDLE)
		outcome = fail(OUTCOME_EXISTS, "the wallet has a master derivation key already: restore into a wallet of its own");
	if (outcome == OUTCOME_OK)
		outcome = words_ask(cli, &words_algorand, &key, NULL);
	if (outcome == OUTCOME_OK)
		outcome = master_id_of(key, id);
	if (outcome == OUTCOME_OK)
		outcome = master_add(cli, session, key, id, 0);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (cli->json)
		return out_json(json_pack("{s:b}", "restored", 1));
	out_line("Restored the master derivation key; coffer algorand new makes its accounts again, from the first on");
	return OUTCOME_OK;
}
