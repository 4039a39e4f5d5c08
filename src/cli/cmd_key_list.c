/* SPDX-License-Identifier: Apache-2.0 */
/* key list, key show, key delete: the keys that are there. */
#include "base/codec.h"
#include "base/mem.h"
#include "cli/keys.h"

const struct option_row options_key_list[] = { OPTIONS_PIN, OPTION_END };
const struct option_row options_key_show[] = { OPTION_KEY, OPTIONS_PIN, OPTION_END };
const struct option_row options_key_delete[] = {
	OPTION_KEY,
	{ "yes", NULL, "do not ask", NULL },
	OPTIONS_PIN,
	OPTION_END,
};

static char *hex_of(struct span s)
{
	char *text = must(mem_alloc(2 * s.n + 1));

	hex_encode(s, text);
	return text;
}

static char *text_of(struct span s)
{
	char *text = must(mem_alloc(s.n + 1));

	bytes_copy(text, s.p, s.n);
	return text;
}

/* ---- list ---- */

static void print_rows(const struct key_rows *rows, bool unlocked)
{
	static const char *const head[] = { "LABEL", "TYPE", "ID", "HALVES" };
	AUTO(table) t = table_new(4, head);

	for (size_t i = 0; i < rows->count; i++) {
		const struct key_row *row = &rows->row[i];
		AUTO_FREE char *id = hex_of(row->id), *label = text_of(row->label);

		table_cell(t, label);
		table_cell(t, key_type_text(row));
		table_cell(t, id);
		table_cell(t, key_halves(row));
	}
	if (rows->count > 0)
		table_print(t);
	else
		out_line("There are no keys%s.", unlocked ? "" : " to be seen without the PIN");
	if (rows->count > 0 && !unlocked)
		out_line("The wallet is locked: public halves alone are shown; --pin-file shows all.");
}

enum outcome cmd_key_list(struct cli *cli)
{
	AUTO_KEYS rows = KEY_ROWS_INIT;
	bool unlocked = ask_given(cli, "pin");
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot;
	json_t *array;
	enum outcome outcome = wallet_chosen(cli, &slot, &info);

	if (outcome == OUTCOME_OK)
		outcome = session_unlock_if_given(cli, 0, &session);
	if (outcome == OUTCOME_OK)
		outcome = keys_find(cli, session, NULL, 0, &rows);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (!cli->json) {
		print_rows(&rows, unlocked);
		return OUTCOME_OK;
	}
	array = must(json_array());
	for (size_t i = 0; i < rows.count; i++)
		if (json_array_append_new(array, key_json(&info, &rows.row[i], unlocked)) != 0)
			must(NULL);
	return out_json(array);
}

/* ---- show ---- */

static void line(const char *name, const char *value)
{
	out_line("%-12s %s", name, value);
}

static void print_key(const CK_TOKEN_INFO *info, const struct key_row *row, bool unlocked)
{
	AUTO_FREE char *label = printable(row->label), *id = hex_of(row->id), *point = hex_of(row->point);
	AUTO_FREE char *uri = object_uri(info, CK_UNAVAILABLE_INFORMATION, row->id, row->label);

	line("Label", label);
	line("ID", id);
	line("Type", key_type_text(row));
	line("Public key", point);
	line("URI", uri);
	if (row->private_key == CK_INVALID_HANDLE) {
		line("Private key", unlocked ? "not in the wallet" : "not shown without the PIN");
		return;
	}
	line("Private key", row->local ? "made in this wallet" : "imported");
	line("Extractable", row->extractable ? "yes: it may leave the wallet" :
					       row->never_extractable ? "no, and never was" : "no");
}

enum outcome cmd_key_show(struct cli *cli)
{
	AUTO_KEYS key = KEY_ROWS_INIT;
	bool unlocked = ask_given(cli, "pin");
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot;
	enum outcome outcome = wallet_chosen(cli, &slot, &info);

	if (outcome == OUTCOME_OK)
		outcome = session_unlock_if_given(cli, 0, &session);
	if (outcome == OUTCOME_OK)
		outcome = key_chosen(cli, session, &key);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (cli->json)
		return out_json(key_json(&info, &key.row[0], unlocked));
	print_key(&info, &key.row[0], unlocked);
	return OUTCOME_OK;
}

/* ---- delete ---- */

static bool confirmed(const struct cli *cli, const char *name)
{
	char prompt[256];

	if (option_given(cli, "yes"))
		return true;
	(void)snprintf(prompt, sizeof(prompt), "Key \"%.60s\" will be gone for ever. Type yes to delete it: ", name);
	return ask_typed(prompt, "yes");
}

static CK_RV destroy(const struct cli *cli, CK_SESSION_HANDLE session, const struct key_row *row)
{
	CK_RV rv = CKR_OK;

	if (row->private_key != CK_INVALID_HANDLE)
		rv = cli->p11->C_DestroyObject(session, row->private_key);
	if (rv == CKR_OK && row->public_key != CK_INVALID_HANDLE)
		rv = cli->p11->C_DestroyObject(session, row->public_key);
	return rv;
}

enum outcome cmd_key_delete(struct cli *cli)
{
	AUTO_KEYS key = KEY_ROWS_INIT;
	AUTO_FREE char *name = NULL;
	CK_SESSION_HANDLE session;
	enum outcome outcome = session_unlock(cli, CKF_RW_SESSION, &session);
	CK_RV rv;

	if (outcome == OUTCOME_OK)
		outcome = key_chosen(cli, session, &key);
	if (outcome != OUTCOME_OK)
		return outcome;
	name = key_name(&key.row[0]);
	if (!confirmed(cli, name))
		return fail(OUTCOME_USAGE, "key \"%s\" was not deleted; --yes deletes it without asking", name);
	rv = destroy(cli, session, &key.row[0]);
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot delete key \"%s\"", name);
	if (cli->json)
		return out_json(json_pack("{s:o, s:o}", "label", json_text(key.row[0].label), "id",
					  json_hex(key.row[0].id)));
	out_line("Deleted key \"%s\"", name);
	return OUTCOME_OK;
}
