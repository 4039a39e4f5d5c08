/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "algorand/kmdnew.h"
#include "base/mem.h"
#include "cli/algorand.h"

const struct option_row options_algorand_export_kmd[] = {
	OPTION_WALLET,
	{ "name", "NAME", "the KMD wallet's name; the wallet's label when it is left out", NULL },
	OPTIONS_SECRET("password", "new password of the KMD wallet"),
	OPTIONS_PIN,
	OPTION_END,
};

struct export {
	const struct cli *cli; /* with the wallet as its first argument */
	CK_SESSION_HANDLE session;
	struct accounts accounts;
	struct master_key master;
	size_t keys, multisigs;
	struct kmd_new *out;
};

/* A directory (the daemon's, or its wallets') gets a file with the name that the daemon would choose. */
static enum outcome path_of(const char *where, struct span name, char **path)
{
	AUTO_FREE char *file = NULL;
	char id[KMD_ID_SIZE + 1], inside[4096];
	struct stat st;

	if (stat(where, &st) != 0 || !S_ISDIR(st.st_mode)) {
		*path = must(mem_string(where));
		return OUTCOME_OK;
	}
	kmd_new_id(id);
	file = must(kmd_new_file_name(name, id));
	(void)snprintf(inside, sizeof(inside), "%s/sqlite_wallets", where);
	if (stat(inside, &st) != 0 || !S_ISDIR(st.st_mode))
		(void)snprintf(inside, sizeof(inside), "%s", where);
	*path = must(mem_alloc(strlen(inside) + strlen(file) + 2));
	(void)snprintf(*path, strlen(inside) + strlen(file) + 2, "%s/%s", inside, file);
	return OUTCOME_OK;
}

static enum outcome export_account(struct export *e, const struct account *a)
{
	AUTO(guarded) seed = NULL;
	struct multisig m;
	enum outcome outcome;
	struct cf_status status;

	if (a->kind == ACCOUNT_MULTISIG) {
		outcome = account_multisig(e->cli, e->session, a, &m);
		if (outcome != OUTCOME_OK)
			return outcome;
		status = kmd_new_multisig(e->out, &m);
		mem_free((void *)(uintptr_t)m.keys.p);
		e->multisigs++;
	} else {
		outcome = account_seed(e->cli, e->session, a, &seed);
		if (outcome != OUTCOME_OK)
			return outcome;
		status = kmd_new_key(e->out, guarded_bytes(seed), a->address, a->index);
		e->keys++;
	}
	return cf_ok(status) ? OUTCOME_OK : fail_status(status, "cannot export");
}

/* A KMD wallet always has a master derivation key: one that never had one here gets a new one there. */
static enum outcome master_bytes(struct export *e, struct guarded **key)
{
	if (e->master.object == CK_INVALID_HANDLE)
		return seed_random(key);
	return master_value(e->cli, e->session, &e->master, key);
}

static enum outcome export_all(struct export *e, const char *path, struct span name)
{
	const struct ask asked = { .prefix = "password", .what = "new password of the KMD wallet", .twice = true };
	AUTO(guarded) password = NULL;
	AUTO(guarded) key = NULL;
	struct kmd_new_request request = { .path = path, .name = name, .max_index = e->master.index, .scrypt = KMD_SCRYPT_STANDARD };
	enum outcome outcome = master_bytes(e, &key);
	struct cf_status status;

	if (outcome == OUTCOME_OK)
		outcome = ask(e->cli, &asked, &password);
	if (outcome != OUTCOME_OK)
		return outcome;
	request.password = guarded_bytes(password);
	request.derivation_key = guarded_bytes(key);
	status = kmd_new_begin(&request, &e->out);
	if (cf_failed(status))
		return fail_status(status, "cannot export");
	for (size_t i = 0; i < e->accounts.count && outcome == OUTCOME_OK; i++) {
		outcome = export_account(e, &e->accounts.row[i]);
		progress("accounts exported", i + 1, e->accounts.count);
	}
	if (outcome != OUTCOME_OK)
		return outcome;
	status = kmd_new_commit(TAKE(e->out));
	return cf_ok(status) ? OUTCOME_OK : fail_status(status, "cannot export");
}

static enum outcome report(const struct export *e, const char *path)
{
	AUTO_FREE char *shown = printable(span_str(path));

	if (e->cli->json)
		return out_json(json_pack("{s:o, s:I, s:I}", "path", json_text(span_str(path)), "keys", (json_int_t)e->keys, "multisigs",
					  (json_int_t)e->multisigs));
	out_line("Wrote %zu keys and %zu multisig accounts to the KMD wallet %s", e->keys, e->multisigs, shown);
	return OUTCOME_OK;
}

enum outcome cmd_algorand_export_kmd(struct cli *cli)
{
	struct cli with;
	struct export e = { .cli = &with, .accounts = ACCOUNTS_INIT };
	AUTO_FREE char *path = NULL, *label = NULL;
	CK_TOKEN_INFO info;
	struct span name;
	enum outcome outcome = wallet_option(cli, &with);

	if (outcome == OUTCOME_OK)
		outcome = session_unlock(&with, 0, &e.session);
	if (outcome == OUTCOME_OK)
		outcome = session_wallet(&with, e.session, &info);
	if (outcome != OUTCOME_OK)
		return outcome;
	label = wallet_label(&info);
	name = span_str(option_text(cli, "name") == NULL ? label : option_text(cli, "name"));
	outcome = path_of(cli->argument[0], name, &path);
	if (outcome == OUTCOME_OK)
		outcome = accounts_find(&with, e.session, &e.accounts);
	if (outcome == OUTCOME_OK)
		outcome = master_find(&with, e.session, &e.master);
	if (outcome == OUTCOME_OK)
		outcome = export_all(&e, path, name);
	kmd_new_abort(e.out);
	accounts_release(&e.accounts);
	return outcome == OUTCOME_OK ? report(&e, path) : outcome;
}
