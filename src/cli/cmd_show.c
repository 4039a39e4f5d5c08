/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

#include "base/mem.h"
#include "cli/cli.h"

const struct option_row options_show[] = { OPTIONS_PIN, OPTION_END };

#define PATH_ROOM 4096

static const struct kind {
	CK_OBJECT_CLASS class;
	const char *name;     /* in JSON */
	const char *for_people;
} kinds[] = {
	{ CKO_PRIVATE_KEY, "private_keys", "private keys" },
	{ CKO_PUBLIC_KEY, "public_keys", "public keys" },
	{ CKO_SECRET_KEY, "secret_keys", "secret keys" },
	{ CKO_CERTIFICATE, "certificates", "certificates" },
	{ CKO_DATA, "data_objects", "data objects" },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static enum outcome count_objects(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, CK_ULONG *count)
{
	CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof(class) };
	CK_OBJECT_HANDLE some[512];
	CK_ULONG got = 1;
	CK_RV rv = cli->p11->C_FindObjectsInit(session, &template, 1);

	*count = 0;
	while (rv == CKR_OK && got > 0) {
		rv = cli->p11->C_FindObjects(session, some, sizeof(some) / sizeof(some[0]), &got);
		*count += rv == CKR_OK ? got : 0;
	}
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot look for objects");
	rv = cli->p11->C_FindObjectsFinal(session);
	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot look for objects");
}

static const char *pin_state(const COFFER_PIN *pin, bool locked)
{
	if (pin->set == CK_FALSE)
		return "not set";
	return locked ? "locked" : pin->failures > 0 ? "wrong when last tried" : "in order";
}

/* What a wallet shows of itself. */
struct shown {
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
	COFFER_WALLET wallet;
	CK_ULONG count[KINDS];
	bool unlocked; /* private objects are counted too */
	char *file;
	json_int_t size;
};

static json_t *pin_json(const COFFER_PIN *pin, bool locked)
{
	return must(json_pack("{s:b, s:b, s:I, s:I, s:I}", "set", pin->set != CK_FALSE, "locked", locked, "failures",
			      (json_int_t)pin->failures, "argon2_memory_kib", (json_int_t)pin->argon2_memory, "argon2_passes",
			      (json_int_t)pin->argon2_passes));
}

static bool is_locked(const struct shown *w, CK_FLAGS flag)
{
	return (w->info.flags & flag) != 0;
}

static enum outcome show_json(const struct cli *cli, const struct shown *w)
{
	json_t *object = wallet_json(cli, w->slot, &w->info);
	json_t *counts = must(json_object());
	json_t *more;

	for (size_t i = 0; i < KINDS; i++)
		if (json_object_set_new(counts, kinds[i].name, json_integer((json_int_t)w->count[i])) != 0)
			must(NULL);
	more = must(json_pack("{s:I, s:I, s:I, s:o, s:o, s:b, s:o}", "size", w->size, "format", (json_int_t)w->wallet.format,
			      "created", (json_int_t)w->wallet.created, "user_pin",
			      pin_json(&w->wallet.user, is_locked(w, CKF_USER_PIN_LOCKED)), "so_pin",
			      pin_json(&w->wallet.so, is_locked(w, CKF_SO_PIN_LOCKED)), "private_objects_counted", w->unlocked,
			      "objects", counts));
	if (json_object_update(object, more) != 0)
		must(NULL);
	json_decref(more);
	return out_json(object);
}

static __attribute__((format(printf, 3, 4))) void row(struct table *t, const char *name, const char *format, ...)
{
	char value[PATH_ROOM];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	table_cell(t, name);
	table_cell(t, value);
}

static void pin_row(struct table *t, const char *name, const COFFER_PIN *pin, bool locked)
{
	if (pin->set == CK_FALSE)
		row(t, name, "%s", pin_state(pin, locked));
	else
		row(t, name, "%s, %lu failures; Argon2id with %lu KiB, %lu passes", pin_state(pin, locked), pin->failures,
		    pin->argon2_memory, pin->argon2_passes);
}

static void created_row(struct table *t, const struct shown *w)
{
	time_t when = (time_t)w->wallet.created;
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&when, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	row(t, "created", "%s", text);
}

static enum outcome show_text(const struct shown *w)
{
	AUTO(table) t = table_new(2, NULL);
	AUTO_FREE char *uri = wallet_uri(&w->info), *serial = wallet_serial(&w->info), *label = wallet_label(&w->info);

	row(t, "label", "%s", label);
	row(t, "serial number", "%s", serial);
	row(t, "URI", "%s", uri);
	row(t, "slot", "%lu", w->slot);
	row(t, "file", "%s", w->file);
	row(t, "size", "%lld bytes, format %lu", (long long)w->size, w->wallet.format);
	created_row(t, w);
	pin_row(t, "user PIN", &w->wallet.user, is_locked(w, CKF_USER_PIN_LOCKED));
	pin_row(t, "SO PIN", &w->wallet.so, is_locked(w, CKF_SO_PIN_LOCKED));
	for (size_t i = 0; i < KINDS; i++)
		row(t, kinds[i].for_people, "%lu%s", w->count[i], w->unlocked ? "" : " public");
	table_print(t);
	if (!w->unlocked)
		out_line("Private objects are not counted: that needs the user PIN (--pin-file and its like).");
	return OUTCOME_OK;
}

enum outcome cmd_show(struct cli *cli)
{
	struct shown w = { .unlocked = ask_given(cli, "pin") };
	AUTO_FREE char *file = NULL;
	CK_SESSION_HANDLE session;
	struct stat st;
	CK_RV rv;
	enum outcome outcome = wallet_chosen(cli, &w.slot, &w.info);

	if (outcome == OUTCOME_OK)
		outcome = session_unlock_if_given(cli, 0, &session);
	for (size_t i = 0; outcome == OUTCOME_OK && i < KINDS; i++)
		outcome = count_objects(cli, session, kinds[i].class, &w.count[i]);
	if (outcome != OUTCOME_OK)
		return outcome;
	rv = cli->coffer->Wallet(w.slot, &w.wallet);
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot read the wallet");
	file = must(wallet_file(cli, w.slot));
	w.file = file;
	w.size = stat(file, &st) == 0 ? (json_int_t)st.st_size : 0;
	return cli->json ? show_json(cli, &w) : show_text(&w);
}
