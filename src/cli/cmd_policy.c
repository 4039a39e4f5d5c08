/* SPDX-License-Identifier: Apache-2.0 */
/* policy: what a wallet lets its keys do, in every program that opens it. */
#include "base/mem.h"
#include "ck/names.h"
#include "cli/cli.h"

const struct option_row options_policy[] = {
	{ "allow", "MECHANISMS", "only these may be used: names (CKM_...) with commas between", NULL },
	{ "rsa-min-bits", "BITS", "RSA keys have at least that many bits", NULL },
	{ "clear", NULL, "no policy: everything may be used that the configuration allows", NULL },
	{ "so", NULL, "with the SO PIN; needed where the wallet has one", NULL },
	OPTIONS_PIN,
	OPTIONS_SO_PIN,
	OPTION_END,
};

#define NAME_ROOM 64
#define MECHANISMS_MAX (sizeof(((COFFER_POLICY *)0)->mechanisms) / sizeof(CK_MECHANISM_TYPE))

static enum outcome add_allowed(COFFER_POLICY *p, const char *name, size_t n)
{
	char word[NAME_ROOM];
	AUTO_FREE char *shown = printable(span(name, n));

	if (p->count == MECHANISMS_MAX)
		return fail(OUTCOME_USAGE, "a policy names at most %zu mechanisms", MECHANISMS_MAX);
	(void)snprintf(word, sizeof(word), "%.*s", (int)n, name);
	if (n >= sizeof(word) || strncmp(word, "CKM_", 4) != 0 || !value_of_name(word, &p->mechanisms[p->count]))
		return fail(OUTCOME_USAGE, "\"%s\" is no mechanism: give names like CKM_EDDSA", shown);
	p->count++;
	return OUTCOME_OK;
}

static enum outcome parse_allowed(COFFER_POLICY *p, const char *names)
{
	enum outcome outcome = OUTCOME_OK;

	p->count = 0;
	while (outcome == OUTCOME_OK && *names != '\0') {
		size_t n = strcspn(names, ", ");

		if (n > 0)
			outcome = add_allowed(p, names, n);
		names += n + (names[n] != '\0');
	}
	if (outcome == OUTCOME_OK && p->count == 0)
		return fail(OUTCOME_USAGE, "--allow names no mechanism; --clear takes a policy away");
	return outcome;
}

static json_t *mechanism_json(CK_MECHANISM_TYPE type)
{
	const char *name = name_of_mechanism(type);
	char number[24];

	if (name != NULL)
		return must(json_string(name));
	(void)snprintf(number, sizeof(number), "0x%lx", type);
	return must(json_string(number));
}

static enum outcome show(const struct cli *cli, const COFFER_POLICY *p)
{
	json_t *names = must(json_array());

	for (CK_ULONG i = 0; i < p->count; i++)
		(void)must(json_array_append_new(names, mechanism_json(p->mechanisms[i])) == 0 ? names : NULL);
	if (cli->json)
		return out_json(json_pack("{s:o, s:I}", "allow", names, "rsa_min_bits", (json_int_t)p->rsa_min_bits));
	if (p->count == 0)
		out_line("All mechanisms may be used that the configuration allows.");
	for (CK_ULONG i = 0; i < p->count; i++)
		out_line("%s", json_string_value(json_array_get(names, i)));
	if (p->rsa_min_bits != 0)
		out_line("RSA keys have at least %lu bits.", p->rsa_min_bits);
	json_decref(names);
	return OUTCOME_OK;
}

static enum outcome set(const struct cli *cli, COFFER_POLICY *p)
{
	bool so = option_given(cli, "so");
	unsigned long bits = p->rsa_min_bits;
	CK_SESSION_HANDLE session;
	enum outcome outcome = option_number(cli, "rsa-min-bits", 0, 16384, &bits);
	CK_RV rv;

	if (outcome == OUTCOME_OK && option_given(cli, "clear") && (option_given(cli, "allow") || option_given(cli, "rsa-min-bits")))
		return fail(OUTCOME_USAGE, "--clear takes the policy away: give it alone");
	if (outcome == OUTCOME_OK && option_given(cli, "allow"))
		outcome = parse_allowed(p, option_text(cli, "allow"));
	p->rsa_min_bits = bits;
	if (option_given(cli, "clear"))
		*p = (COFFER_POLICY){ .count = 0 };
	if (outcome == OUTCOME_OK)
		outcome = session_open(cli, CKF_RW_SESSION, &session);
	if (outcome == OUTCOME_OK)
		outcome = session_login(cli, session, so ? CKU_SO : CKU_USER);
	if (outcome != OUTCOME_OK)
		return outcome;
	rv = cli->coffer->SetPolicy(session, p);
	if (rv == CKR_USER_NOT_LOGGED_IN)
		return fail(OUTCOME_REFUSED, "the wallet has an SO PIN: its policy is set with --so and that PIN; nothing was changed");
	return rv == CKR_OK ? show(cli, p) : fail_rv(cli, rv, "cannot set the policy");
}

enum outcome cmd_policy(struct cli *cli)
{
	bool change = option_given(cli, "allow") || option_given(cli, "rsa-min-bits") || option_given(cli, "clear");
	COFFER_POLICY p;
	CK_SLOT_ID slot;
	enum outcome outcome = wallet_chosen(cli, &slot, NULL);
	CK_RV rv;

	if (outcome != OUTCOME_OK)
		return outcome;
	rv = cli->coffer->GetPolicy(slot, &p);
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot read the policy");
	return change ? set(cli, &p) : show(cli, &p);
}
