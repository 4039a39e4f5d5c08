/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/kmdfile.h"
#include "base/mem.h"
#include "cli/algorand.h"

const struct option_row options_algorand_import_kmd[] = {
	OPTION_WALLET,
	{ "kmd-wallet", "NAME", "which wallet of the directory: its name or its ID", NULL },
	OPTIONS_SECRET("password", "password of the KMD wallet"),
	OPTIONS_PIN,
	OPTION_END,
};

struct import {
	const struct cli *cli; /* with the wallet as its first argument */
	const struct kmd_file *file;
	const struct kmd_opened *opened;
	CK_SESSION_HANDLE session;
	bool made; /* the wallet is new */
	size_t keys, multisigs, there;
};

/* ---- the KMD wallet, checked to its last row before anything is written ---- */

static void checked(size_t done, size_t total, void *arg)
{
	(void)arg;
	progress("keys checked", done, total);
}

static enum outcome kmd_open(const struct cli *cli, struct kmd_file **file, struct kmd_opened *opened)
{
	const struct ask asked = { .prefix = "password", .what = "password of the KMD wallet" };
	AUTO_FREE char *path = NULL;
	AUTO(guarded) password = NULL;
	struct cf_status status = kmd_file_find(cli->argument[0], option_text(cli, "kmd-wallet"), &path);
	enum outcome outcome;

	if (cf_ok(status))
		status = kmd_file_read(path, file);
	if (cf_failed(status))
		return fail_status(status, "cannot import");
	outcome = ask(cli, &asked, &password);
	if (outcome != OUTCOME_OK)
		return outcome;
	status = kmd_unlock(*file, guarded_bytes(password), opened);
	if (cf_failed(status))
		return cf_is(status, CF_CODE_DENIED) ? fail(OUTCOME_PIN, "the password of the KMD wallet is wrong, or its master key is damaged") :
						       fail_status(status, "cannot import");
	status = kmd_check_keys(*file, opened, checked, NULL);
	return cf_ok(status) ? OUTCOME_OK : fail_status(status, "nothing was imported");
}

/* ---- the wallet of ours ---- */

static enum outcome wallet_is_there(const struct cli *cli, const char *label, bool *there)
{
	AUTO_FREE CK_SLOT_ID *slots = NULL;
	CK_ULONG count;
	enum outcome outcome = wallet_slots(cli, &slots, &count);

	*there = false;
	for (CK_ULONG i = 0; outcome == OUTCOME_OK && i < count; i++) {
		CK_TOKEN_INFO info;

		if (cli->p11->C_GetTokenInfo(slots[i], &info) != CKR_OK)
			continue;
		if (span_eq(unpadded(info.label, sizeof(info.label)), span_str(label)))
			*there = true;
	}
	return outcome;
}

/* A new wallet, and a session that is logged in with the PIN that was just given. */
static enum outcome make_wallet(struct import *w)
{
	const char *label = w->cli->argument[0];
	AUTO_FREE char *shown = printable(span_str(label));
	AUTO(guarded) pin = NULL;
	CK_UTF8CHAR_PTR user;
	CK_SLOT_ID slot;
	CK_ULONG n;
	enum outcome outcome = wallet_label_usable(label);
	char what[160];
	CK_RV rv;

	(void)snprintf(what, sizeof(what), "new user PIN of wallet \"%s\"", shown);
	if (outcome == OUTCOME_OK)
		outcome = ask(w->cli, &(struct ask){ .prefix = "pin", .what = what, .twice = true }, &pin);
	if (outcome != OUTCOME_OK)
		return outcome;
	user = pin_bytes(pin, &n);
	rv = w->cli->coffer->Create(label, user, n, NULL, 0, &slot);
	if (rv != CKR_OK)
		return fail_rv(w->cli, rv, "cannot make wallet \"%s\"", shown);
	w->made = true;
	rv = w->cli->p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &w->session);
	if (rv == CKR_OK)
		rv = w->cli->p11->C_Login(w->session, CKU_USER, user, n);
	return rv == CKR_OK ? OUTCOME_OK : fail_rv(w->cli, rv, "cannot open the new wallet");
}

static enum outcome open_wallet(struct import *w)
{
	/* A serial number or a URI names a wallet that is there. */
	const char *name = w->cli->argument[0];
	bool there = strncmp(name, "pkcs11:", 7) == 0;
	enum outcome outcome = there ? OUTCOME_OK : wallet_is_there(w->cli, name, &there);

	if (outcome != OUTCOME_OK)
		return outcome;
	return there ? session_unlock(w->cli, CKF_RW_SESSION, &w->session) : make_wallet(w);
}

/* ---- what goes over ---- */

struct taking {
	const struct import *import;
	size_t i; /* a key; key_count: the derivation key */
	struct mspan out;
	struct cf_status status;
};

static void take_in_scope(struct vault_scope *scope, void *arg)
{
	struct taking *t = arg;
	uint8_t value[SEED_SIZE];

	if (t->i < t->import->file->key_count)
		t->status = kmd_seed(scope, t->import->file, t->import->opened, t->i, value);
	else
		t->status = secret_open(scope, t->import->opened->derivation_key, MSPAN_OF(value));
	if (cf_ok(t->status))
		memcpy(t->out.p, value, sizeof(value));
}

/* From its seal into guarded memory, to be passed on. */
static enum outcome take(const struct import *w, size_t i, struct guarded *out)
{
	struct taking t = { .import = w, .i = i, .out = guarded_room(out), .status = CF_OK };
	struct cf_status status = vault_run(take_in_scope, &t);

	if (cf_ok(status))
		status = t.status;
	guarded_use(out, SEED_SIZE);
	return cf_ok(status) ? OUTCOME_OK : fail_status(status, "cannot import");
}

static uint64_t highest_index(const struct import *w)
{
	uint64_t highest = w->opened->max_index;

	for (size_t i = 0; i < w->file->key_count; i++)
		if (w->file->key[i].derived && w->file->key[i].index > highest)
			highest = w->file->key[i].index;
	return highest;
}

static enum outcome import_master(struct import *w, struct guarded *room)
{
	uint8_t id[ADDRESS_SIZE];
	struct master_key m;
	enum outcome outcome = take(w, w->file->key_count, room);

	if (outcome == OUTCOME_OK)
		outcome = master_id_of(room, id);
	if (outcome == OUTCOME_OK)
		outcome = master_find(w->cli, w->session, &m);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (m.object == CK_INVALID_HANDLE)
		return master_add(w->cli, w->session, room, id, highest_index(w));
	if (memcmp(m.id, id, ADDRESS_SIZE) != 0)
		return fail(OUTCOME_EXISTS, "the wallet has another master derivation key already: import into a wallet of its own");
	if (m.index >= highest_index(w))
		return OUTCOME_OK;
	return master_raise(w->cli, w->session, &m, highest_index(w)) == CKR_OK ? OUTCOME_OK :
		       fail(OUTCOME_BUSY, "another process changed the wallet: try again");
}

static enum outcome is_there(struct import *w, const uint8_t address[ADDRESS_SIZE], bool *there)
{
	AUTO_ACCOUNTS found = ACCOUNTS_INIT;
	enum outcome outcome = OUTCOME_OK;

	*there = false;
	if (w->made) /* nothing is in a new wallet */
		return OUTCOME_OK;
	outcome = account_find(w->cli, w->session, address, &found);
	*there = found.count != 0;
	return outcome;
}

static enum outcome import_key(struct import *w, size_t i, struct guarded *room)
{
	const struct kmd_key *key = &w->file->key[i];
	struct account_new how = { .label = SPAN_EMPTY, .index = key->derived ? key->index : 0 };
	bool there;
	enum outcome outcome = is_there(w, key->address, &there);

	if (outcome != OUTCOME_OK || there) {
		w->there += there ? 1 : 0;
		return outcome;
	}
	outcome = take(w, i, room);
	if (outcome == OUTCOME_OK)
		outcome = account_add(w->cli, w->session, room, key->address, &how);
	w->keys += outcome == OUTCOME_OK ? 1 : 0;
	return outcome;
}

static enum outcome import_multisig(struct import *w, const struct kmd_multisig *m)
{
	bool there;
	enum outcome outcome = is_there(w, m->address, &there);

	if (outcome != OUTCOME_OK || there) {
		w->there += there ? 1 : 0;
		return outcome;
	}
	outcome = account_add_multisig(w->cli, w->session, &m->account, SPAN_EMPTY);
	w->multisigs += outcome == OUTCOME_OK ? 1 : 0;
	return outcome;
}

static enum outcome import_all(struct import *w)
{
	AUTO(guarded) room = NULL;
	enum outcome outcome;

	if (cf_failed(guarded_new(SEED_SIZE, &room)))
		return fail_status(CF_STATUS(NOMEM), "cannot import");
	outcome = import_master(w, room);
	for (size_t i = 0; i < w->file->key_count && outcome == OUTCOME_OK; i++) {
		outcome = import_key(w, i, room);
		progress("keys imported", i + 1, w->file->key_count);
	}
	for (size_t i = 0; i < w->file->multisig_count && outcome == OUTCOME_OK; i++)
		outcome = import_multisig(w, &w->file->multisig[i]);
	return outcome;
}

static enum outcome report(const struct import *w)
{
	AUTO_FREE char *name = printable(w->file->name), *label = printable(span_str(w->cli->argument[0]));

	if (w->cli->json)
		return out_json(json_pack("{s:o, s:o, s:o, s:I, s:I, s:I}", "wallet", json_text(span_str(w->cli->argument[0])), "kmd_name",
					  json_text(w->file->name), "kmd_id", json_text(w->file->id), "keys", (json_int_t)w->keys,
					  "multisigs", (json_int_t)w->multisigs, "there", (json_int_t)w->there));
	out_line("Imported %zu keys and %zu multisig accounts of KMD wallet \"%s\" into wallet \"%s\"%s", w->keys, w->multisigs, name,
		 label, w->there == 0 ? "" : "; the others were there already");
	return OUTCOME_OK;
}

enum outcome cmd_algorand_import_kmd(struct cli *cli)
{
	struct cli with;
	AUTO(kmd_file) file = NULL;
	AUTO_KMD_OPENED opened = { NULL, NULL, 0 };
	struct import w = { .cli = &with };
	enum outcome outcome = wallet_option(cli, &with);

	if (outcome == OUTCOME_OK)
		outcome = kmd_open(cli, &file, &opened);
	w.file = file;
	w.opened = &opened;
	if (outcome == OUTCOME_OK)
		outcome = open_wallet(&w);
	if (outcome == OUTCOME_OK)
		outcome = import_all(&w);
	return outcome == OUTCOME_OK ? report(&w) : outcome;
}
