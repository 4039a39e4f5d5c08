/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts: list, label, limit, delete. */
#include "base/mem.h"
#include "cli/algorand.h"

const struct option_row options_algorand_list[] = { OPTIONS_PIN, OPTION_END };
const struct option_row options_algorand_label[] = { OPTION_WALLET, OPTIONS_PIN, OPTION_END };
const struct option_row options_algorand_limit[] = { OPTION_WALLET, OPTIONS_PIN, OPTION_END };
const struct option_row options_algorand_delete[] = {
	OPTION_WALLET,
	{ "yes", NULL, "do not ask for the address again", NULL },
	OPTIONS_PIN,
	OPTION_END,
};

/* ---- list ---- */

static json_t *json_of(const struct account *a, const char *address)
{
	json_t *index = a->kind == ACCOUNT_DERIVED ? json_integer((json_int_t)a->index) : json_null();

	return must(json_pack("{s:s, s:s, s:o, s:o}", "address", address, "kind", account_kind_name[a->kind], "index", index, "label",
			      json_text(span(a->label, a->label_n))));
}

static enum outcome list_json(const struct accounts *all)
{
	json_t *array = must(json_array());

	for (size_t i = 0; i < all->count; i++) {
		char address[ADDRESS_TEXT + 1];

		address_encode(all->row[i].address, address);
		if (json_array_append_new(array, json_of(&all->row[i], address)) != 0)
			must(NULL);
	}
	return out_json(array);
}

static enum outcome list_table(const struct accounts *all)
{
	static const char *const head[] = { "ADDRESS", "KIND", "INDEX", "LABEL" };
	AUTO(table) t = table_new(4, head);

	for (size_t i = 0; i < all->count; i++) {
		const struct account *a = &all->row[i];
		AUTO_FREE char *label = printable(span(a->label, a->label_n));
		char address[ADDRESS_TEXT + 1], index[24] = "";

		address_encode(a->address, address);
		if (a->kind == ACCOUNT_DERIVED)
			(void)snprintf(index, sizeof(index), "%llu", (unsigned long long)a->index);
		table_cell(t, address);
		table_cell(t, account_kind_name[a->kind]);
		table_cell(t, index);
		table_cell(t, label);
	}
	table_print(t);
	return OUTCOME_OK;
}

enum outcome cmd_algorand_list(struct cli *cli)
{
	AUTO_ACCOUNTS all = ACCOUNTS_INIT;
	CK_SESSION_HANDLE session;
	enum outcome outcome = session_unlock(cli, 0, &session);

	if (outcome == OUTCOME_OK)
		outcome = accounts_find(cli, session, &all);
	if (outcome != OUTCOME_OK)
		return outcome;
	return cli->json ? list_json(&all) : list_table(&all);
}

/* ---- one account ---- */

/* The account of the first argument in the wallet of --wallet. */
static enum outcome open_account(const struct cli *cli, struct cli *with, CK_SESSION_HANDLE *session, struct accounts *account)
{
	uint8_t address[ADDRESS_SIZE];
	enum outcome outcome = address_option(cli->argument[0], address);

	if (outcome == OUTCOME_OK)
		outcome = wallet_option(cli, with);
	if (outcome == OUTCOME_OK)
		outcome = session_unlock(with, CKF_RW_SESSION, session);
	return outcome == OUTCOME_OK ? account_named(with, *session, cli->argument[0], account) : outcome;
}

/* Of a key pair both halves have the label; the public one is what its owner sees without a PIN. */
static CK_OBJECT_HANDLE public_half(const struct cli *cli, CK_SESSION_HANDLE session, const uint8_t address[ADDRESS_SIZE])
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &class, sizeof(class) }, { CKA_EC_POINT, (void *)(uintptr_t)address, ADDRESS_SIZE } };
	CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
	CK_ULONG n = 0;

	if (cli->p11->C_FindObjectsInit(session, t, 2) != CKR_OK)
		return CK_INVALID_HANDLE;
	if (cli->p11->C_FindObjects(session, &found, 1, &n) != CKR_OK || n == 0)
		found = CK_INVALID_HANDLE;
	(void)cli->p11->C_FindObjectsFinal(session);
	return found;
}

static enum outcome done(const struct cli *cli, const char *what, const char *address)
{
	if (cli->json)
		return out_json(json_pack("{s:s}", "address", address));
	out_line("%s %s", what, address);
	return OUTCOME_OK;
}

enum outcome cmd_algorand_label(struct cli *cli)
{
	CK_ATTRIBUTE label = { CKA_LABEL, (void *)(uintptr_t)cli->argument[1], strlen(cli->argument[1]) };
	AUTO_ACCOUNTS account = ACCOUNTS_INIT;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE public_key;
	struct cli with;
	enum outcome outcome = open_account(cli, &with, &session, &account);
	CK_RV rv;

	if (outcome != OUTCOME_OK)
		return outcome;
	rv = cli->p11->C_SetAttributeValue(session, account.row[0].object, &label, 1);
	public_key = public_half(cli, session, account.row[0].address);
	if (rv == CKR_OK && public_key != CK_INVALID_HANDLE)
		rv = cli->p11->C_SetAttributeValue(session, public_key, &label, 1);
	return rv == CKR_OK ? done(cli, "Labelled", cli->argument[0]) : fail_rv(cli, rv, "cannot label the account");
}

enum outcome cmd_algorand_limit(struct cli *cli)
{
	CK_ATTRIBUTE prefixes = { CKA_COFFER_MESSAGE_PREFIXES, (void *)(uintptr_t)cli->argument[1], strlen(cli->argument[1]) };
	AUTO_ACCOUNTS account = ACCOUNTS_INIT;
	CK_SESSION_HANDLE session;
	struct cli with;
	enum outcome outcome = open_account(cli, &with, &session, &account);
	CK_RV rv;

	if (outcome != OUTCOME_OK)
		return outcome;
	if (account.row[0].kind == ACCOUNT_MULTISIG)
		return fail(OUTCOME_USAGE, "a multisig account has no key of its own: limit its members'");
	rv = cli->p11->C_SetAttributeValue(session, account.row[0].object, &prefixes, 1);
	return rv == CKR_OK ? done(cli, "Limited", cli->argument[0]) : fail_rv(cli, rv, "cannot limit the key");
}

static bool confirmed(const struct cli *cli, const struct account *a)
{
	AUTO_FREE char *label = printable(span(a->label, a->label_n));
	char prompt[320];

	if (option_given(cli, "yes"))
		return true;
	(void)snprintf(prompt, sizeof(prompt), "The %s account \"%.100s\" will be gone%s.  Type its address to delete it: ",
		       account_kind_name[a->kind], label, a->kind == ACCOUNT_IMPORTED ? " for ever" : "");
	return ask_typed(prompt, cli->argument[0]);
}

enum outcome cmd_algorand_delete(struct cli *cli)
{
	AUTO_ACCOUNTS account = ACCOUNTS_INIT;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE public_key;
	struct cli with;
	enum outcome outcome = open_account(cli, &with, &session, &account);
	CK_RV rv;

	if (outcome != OUTCOME_OK)
		return outcome;
	if (!confirmed(cli, &account.row[0]))
		return fail(OUTCOME_USAGE, "the address was not typed, so nothing was deleted; scripts give --yes");
	public_key = account.row[0].kind == ACCOUNT_MULTISIG ? CK_INVALID_HANDLE : public_half(cli, session, account.row[0].address);
	rv = cli->p11->C_DestroyObject(session, account.row[0].object);
	if (rv == CKR_OK && public_key != CK_INVALID_HANDLE)
		rv = cli->p11->C_DestroyObject(session, public_key);
	return rv == CKR_OK ? done(cli, "Deleted", cli->argument[0]) : fail_rv(cli, rv, "cannot delete the account");
}
