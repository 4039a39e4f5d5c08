/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cli/cli.h"

const struct option_row options_pin[] = {
	OPTIONS_PIN,
	OPTIONS_SO_PIN,
	OPTIONS_SECRET("new-pin", "new PIN"),
	{ "so", NULL, "change the SO PIN, not the user's", NULL },
	{ "reset", NULL, "the SO sets a new user PIN, for one that was forgotten or is locked", NULL },
	OPTION_END,
};

static enum outcome ask_new(const struct cli *cli, const char *whose, struct guarded **out)
{
	char what[64];

	(void)snprintf(what, sizeof(what), "new %s PIN", whose);
	return ask(cli, &(struct ask){ .prefix = "new-pin", .what = what, .twice = true }, out);
}

/* C_SetPIN: the user's own without a login, the SO's and a named user's after one. */
static CK_RV set_pin(const struct cli *cli, CK_SESSION_HANDLE session, const struct guarded *old, const struct guarded *new)
{
	CK_ULONG old_n, new_n;
	CK_UTF8CHAR_PTR o = pin_bytes(old, &old_n), n = pin_bytes(new, &new_n);

	return cli->p11->C_SetPIN(session, o, old_n, n, new_n);
}

static enum outcome change(const struct cli *cli, CK_SESSION_HANDLE session, CK_USER_TYPE user)
{
	const char *whose = user == CKU_SO ? "SO" : "user";
	AUTO(guarded) old = NULL;
	AUTO(guarded) new = NULL;
	enum outcome outcome = session_pin(cli, session, user, &old);
	CK_RV rv = CKR_OK;

	if (outcome == OUTCOME_OK)
		outcome = ask_new(cli, whose, &new);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (user == CKU_SO || option_given(cli, "user"))
		rv = session_login_with(cli, session, user, old);
	if (rv == CKR_OK)
		rv = set_pin(cli, session, old, new);
	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "the %s PIN is as it was", whose);
}

static enum outcome reset(const struct cli *cli, CK_SESSION_HANDLE session)
{
	AUTO(guarded) new = NULL;
	enum outcome outcome = session_login(cli, session, CKU_SO);
	CK_UTF8CHAR_PTR bytes;
	CK_ULONG n;
	CK_RV rv;

	if (outcome == OUTCOME_OK)
		outcome = ask_new(cli, "user", &new);
	if (outcome != OUTCOME_OK)
		return outcome;
	bytes = pin_bytes(new, &n);
	rv = cli->p11->C_InitPIN(session, bytes, n);
	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "the user PIN is as it was");
}

enum outcome cmd_pin(struct cli *cli)
{
	bool so = option_given(cli, "so"), by_so = option_given(cli, "reset");
	CK_SESSION_HANDLE session;
	enum outcome outcome;

	if (so && by_so)
		return fail(OUTCOME_USAGE, "--so changes the SO PIN, --reset the user PIN: give one of them");
	if ((so || by_so) && ask_given(cli, "pin"))
		return fail(OUTCOME_USAGE, "the SO PIN is asked for here: give --so-pin-file or its like, not --pin-...");
	if ((so || by_so) && option_given(cli, "user"))
		return fail(OUTCOME_USAGE, "--user changes that user's PIN: --so and --reset have nothing to do with it");
	if (!so && !by_so && ask_given(cli, "so-pin"))
		return fail(OUTCOME_USAGE, "the SO PIN goes with --so or --reset");
	outcome = session_open(cli, CKF_RW_SESSION, &session);
	if (outcome == OUTCOME_OK)
		outcome = by_so ? reset(cli, session) : change(cli, session, so ? CKU_SO : CKU_USER);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (cli->json)
		return out_json(json_pack("{s:s}", "changed", so ? "so" : "user"));
	out_line("The %s PIN is changed", so ? "SO" : "user");
	return OUTCOME_OK;
}
