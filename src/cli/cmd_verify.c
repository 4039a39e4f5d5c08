/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cli/cli.h"

const struct option_row options_verify[] = { OPTIONS_PIN, OPTION_END };

struct report {
	bool json;
	json_t *faults;
};

/* A sentence for each fault, as it is found. */
static void add_fault(const char *sentence, void *context)
{
	struct report *r = context;
	AUTO_FREE char *shown = printable(span_str(sentence));

	if (!r->json)
		out_line("%s", shown);
	else if (json_array_append_new(r->faults, json_text(span_str(sentence))) != 0)
		must(NULL);
}

/* Takes the faults over. */
static void conclude(const struct report *r, CK_ULONG objects, CK_ULONG faults)
{
	if (r->json)
		(void)out_json(json_pack("{s:b, s:I, s:o}", "clean", faults == 0, "objects", (json_int_t)objects, "faults", r->faults));
	else if (faults == 0)
		out_line("Clean: %lu objects, all as they were stored", objects);
	else
		out_line("%lu faults in a wallet of %lu objects", faults, objects);
	if (!r->json)
		json_decref(r->faults);
}

enum outcome cmd_verify(struct cli *cli)
{
	struct report r = { .json = cli->json };
	CK_SESSION_HANDLE session;
	CK_ULONG objects = 0, faults = 0;
	enum outcome outcome = session_unlock(cli, 0, &session);
	CK_RV rv;

	if (outcome != OUTCOME_OK)
		return outcome;
	r.faults = must(json_array());
	rv = cli->coffer->Verify(session, add_fault, &r, &objects, &faults);
	if (rv != CKR_OK) {
		json_decref(r.faults);
		return fail_rv(cli, rv, "cannot check the wallet");
	}
	conclude(&r, objects, faults);
	return faults == 0 ? OUTCOME_OK : OUTCOME_BAD;
}
