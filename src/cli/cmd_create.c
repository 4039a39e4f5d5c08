/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cli/cli.h"

const struct option_row options_create[] = { OPTIONS_SECRET("pin", "user PIN"), OPTIONS_SO_PIN, OPTION_END };

/* Asked for at the terminal only where the user PIN was: a script that gives the one does not wait for the other. */
static enum outcome ask_so_pin(const struct cli *cli, const char *label, struct guarded **out)
{
	char what[160];

	if (ask_given(cli, "pin") && !ask_given(cli, "so-pin"))
		return OUTCOME_OK;
	(void)snprintf(what, sizeof(what), "SO PIN of wallet \"%s\", which can reset a forgotten user PIN", label);
	return ask(cli, &(struct ask){ .prefix = "so-pin", .what = what, .twice = true, .optional = true }, out);
}

static enum outcome ask_user_pin(const struct cli *cli, const char *label, struct guarded **out)
{
	char what[160];

	(void)snprintf(what, sizeof(what), "new user PIN of wallet \"%s\"", label);
	return ask(cli, &(struct ask){ .prefix = "pin", .what = what, .twice = true }, out);
}

static enum outcome report(const struct cli *cli, CK_SLOT_ID slot)
{
	AUTO_FREE char *file = must(wallet_file(cli, slot)), *shown_file = printable(span_str(file)), *serial = NULL, *label = NULL;
	CK_TOKEN_INFO info;
	CK_RV rv = cli->p11->C_GetTokenInfo(slot, &info);

	if (rv != CKR_OK)
		return fail_rv(cli, rv, "the wallet was made, but cannot be read");
	if (cli->json)
		return out_json(wallet_json(cli, slot, &info));
	serial = wallet_serial(&info);
	label = printable(unpadded(info.label, sizeof(info.label)));
	out_line("Made wallet \"%s\", serial number %s, in %s", label, serial, shown_file);
	return OUTCOME_OK;
}

enum outcome cmd_create(struct cli *cli)
{
	AUTO(guarded) pin = NULL;
	AUTO(guarded) so_pin = NULL;
	AUTO_FREE char *label = printable(span_str(cli->argument[0]));
	CK_UTF8CHAR_PTR user, so;
	CK_ULONG user_n, so_n;
	CK_SLOT_ID slot;
	enum outcome outcome;
	CK_RV rv;

	outcome = wallet_label_usable(cli->argument[0]);
	if (outcome == OUTCOME_OK)
		outcome = ask_user_pin(cli, label, &pin);
	if (outcome == OUTCOME_OK)
		outcome = ask_so_pin(cli, label, &so_pin);
	if (outcome != OUTCOME_OK)
		return outcome;
	user = pin_bytes(pin, &user_n);
	so = pin_bytes(so_pin, &so_n);
	rv = cli->coffer->Create(cli->argument[0], user, user_n, so, so_n, &slot);
	return rv == CKR_OK ? report(cli, slot) : fail_rv(cli, rv, "cannot make wallet \"%s\"", label);
}
