/* SPDX-License-Identifier: Apache-2.0 */
/* user add, list, remove: users who have names, and PINs of their own (C_LoginUser). */
#include "base/mem.h"
#include "cli/cli.h"

#define OPTION_SO { "so", NULL, "with the SO PIN, not a user's", NULL }

const struct option_row options_user_add[] = {
	OPTIONS_SECRET("new-pin", "PIN of the new user"), OPTIONS_PIN, OPTIONS_SO_PIN, OPTION_SO, OPTION_END,
};
const struct option_row options_user_list[] = { OPTION_END };
const struct option_row options_user_remove[] = { OPTIONS_PIN, OPTIONS_SO_PIN, OPTION_SO, OPTION_END };

/* Whoever can open the wallet may let others in; the SO too. */
static enum outcome unlock(const struct cli *cli, CK_SESSION_HANDLE *session)
{
	bool so = option_given(cli, "so");
	enum outcome outcome;

	if (so && (ask_given(cli, "pin") || option_given(cli, "user")))
		return fail(OUTCOME_USAGE, "the SO PIN is asked for here: give --so-pin-file or its like, not --pin-... or --user");
	if (!so && ask_given(cli, "so-pin"))
		return fail(OUTCOME_USAGE, "the SO PIN goes with --so");
	outcome = session_open(cli, CKF_RW_SESSION, session);
	return outcome == OUTCOME_OK ? session_login(cli, *session, so ? CKU_SO : CKU_USER) : outcome;
}

static enum outcome told(const struct cli *cli, const char *key, const char *what)
{
	AUTO_FREE char *name = printable(span_str(cli->argument[1]));

	if (cli->json)
		return out_json(json_pack("{s:o}", key, json_text(span_str(cli->argument[1]))));
	out_line("User \"%s\" %s", name, what);
	return OUTCOME_OK;
}

enum outcome cmd_user_add(struct cli *cli)
{
	const char *name = cli->argument[1];
	AUTO_FREE char *shown = printable(span_str(name));
	AUTO(guarded) pin = NULL;
	CK_SESSION_HANDLE session;
	enum outcome outcome = unlock(cli, &session);
	CK_UTF8CHAR_PTR bytes;
	CK_ULONG n;
	CK_RV rv;

	if (outcome == OUTCOME_OK)
		outcome = ask(cli, &(struct ask){ .prefix = "new-pin", .what = "PIN of the new user", .twice = true }, &pin);
	if (outcome != OUTCOME_OK)
		return outcome;
	bytes = pin_bytes(pin, &n);
	rv = cli->coffer->AddUser(session, (CK_UTF8CHAR_PTR)(uintptr_t)name, strlen(name), bytes, n);
	return rv == CKR_OK ? told(cli, "added", "can open the wallet now") : fail_rv(cli, rv, "cannot add user \"%s\"", shown);
}

enum outcome cmd_user_remove(struct cli *cli)
{
	const char *name = cli->argument[1];
	AUTO_FREE char *shown = printable(span_str(name));
	CK_SESSION_HANDLE session;
	enum outcome outcome = unlock(cli, &session);
	CK_RV rv;

	if (outcome != OUTCOME_OK)
		return outcome;
	rv = cli->coffer->RemoveUser(session, (CK_UTF8CHAR_PTR)(uintptr_t)name, strlen(name));
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot remove user \"%s\"", shown);
	return told(cli, "removed", "cannot open the wallet any more; a copy of its file, with the old PIN, still can be");
}

/* ---- list ---- */

struct listing {
	json_t *json;
	struct table *table;
	unsigned count;
};

static void list_one(const char *name, CK_ULONG failures, void *context)
{
	struct listing *l = context;
	char number[24];

	(void)snprintf(number, sizeof(number), "%lu", failures);
	table_cell(l->table, name);
	table_cell(l->table, number);
	l->count++;
	if (json_array_append_new(l->json, json_pack("{s:o, s:I}", "name", json_text(span_str(name)), "failures",
						     (json_int_t)failures)) != 0)
		(void)must(NULL);
}

enum outcome cmd_user_list(struct cli *cli)
{
	static const char *const head[] = { "NAME", "WRONG PINS SINCE THE LAST RIGHT ONE" };
	AUTO(table) t = table_new(2, head);
	struct listing l = { must(json_array()), t, 0 };
	CK_SLOT_ID slot;
	enum outcome outcome = wallet_chosen(cli, &slot, NULL);
	CK_RV rv = outcome == OUTCOME_OK ? cli->coffer->Users(slot, list_one, &l) : CKR_OK;

	if (outcome == OUTCOME_OK && rv != CKR_OK)
		outcome = fail_rv(cli, rv, "cannot list the users");
	if (outcome == OUTCOME_OK && cli->json)
		return out_json(l.json);
	json_decref(l.json);
	if (outcome == OUTCOME_OK && l.count > 0)
		table_print(t);
	else if (outcome == OUTCOME_OK)
		out_line("There are no named users.");
	return outcome;
}
