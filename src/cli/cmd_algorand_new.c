/* SPDX-License-Identifier: Apache-2.0 */
/* New accounts by index; the master derivation key they come from. */
#include "base/mem.h"
#include "cli/algorand.h"

const struct option_row options_algorand_new[] = {
	{ "label", "LABEL", "the account's label", NULL },
	{ "count", "N", "how many; one when it is left out", NULL },
	{ "limit", "PREFIXES", "it signs only messages that begin with one of these words, \"TX\" say", NULL },
	OPTIONS_PIN,
	OPTION_END,
};

/* Two processes that do this at once both find no index that the other took: raising it tells who was first. */
#define TRIES 1000

struct work {
	const struct cli *cli;
	CK_SESSION_HANDLE session;
	const char *label, *limit;
};

static enum outcome make_master(const struct work *w)
{
	AUTO(guarded) key = NULL;
	uint8_t id[ADDRESS_SIZE];
	enum outcome outcome = seed_random(&key);

	if (outcome == OUTCOME_OK)
		outcome = master_id_of(key, id);
	return outcome == OUTCOME_OK ? master_add(w->cli, w->session, key, id, 0) : outcome;
}

/* A derived key as a session object, or as what stays. */
static CK_RV derive(const struct work *w, const struct master_key *m, uint64_t index, bool keep, CK_OBJECT_HANDLE *key)
{
	CK_BBOOL yes = CK_TRUE, token = keep ? CK_TRUE : CK_FALSE;
	CK_ULONG parameter = index;
	CK_MECHANISM mechanism = { CKM_COFFER_ALGORAND_DERIVE, &parameter, sizeof(parameter) };
	CK_ATTRIBUTE t[6] = { { CKA_TOKEN, &token, sizeof(token) }, { CKA_PRIVATE, &yes, sizeof(yes) },
			      { CKA_SENSITIVE, &yes, sizeof(yes) }, { CKA_EXTRACTABLE, &yes, sizeof(yes) },
			      { CKA_LABEL, (void *)(uintptr_t)w->label, strlen(w->label) } };
	CK_ULONG count = 5;

	if (w->limit != NULL)
		t[count++] = (CK_ATTRIBUTE){ CKA_COFFER_MESSAGE_PREFIXES, (void *)(uintptr_t)w->limit, strlen(w->limit) };
	return w->cli->p11->C_DeriveKey(w->session, &mechanism, m->object, t, count, key);
}

static CK_RV address_of(const struct work *w, CK_OBJECT_HANDLE key, char text[ADDRESS_TEXT + 1], uint8_t address[ADDRESS_SIZE])
{
	CK_ATTRIBUTE a = { CKA_COFFER_ALGORAND_ADDRESS, text, ADDRESS_TEXT };
	CK_RV rv = w->cli->p11->C_GetAttributeValue(w->session, key, &a, 1);

	text[ADDRESS_TEXT] = '\0';
	if (rv == CKR_OK && cf_failed(address_decode(span(text, ADDRESS_TEXT), address)))
		rv = CKR_GENERAL_ERROR;
	return rv;
}

/* The account of an index that was just given away; *there: it was imported before, so the next index is due. */
static enum outcome make_account(const struct work *w, const struct master_key *m, uint64_t index, char text[ADDRESS_TEXT + 1], bool *there)
{
	AUTO_ACCOUNTS found = ACCOUNTS_INIT;
	uint8_t address[ADDRESS_SIZE];
	CK_OBJECT_HANDLE key;
	CK_RV rv = derive(w, m, index, false, &key);
	enum outcome outcome;

	if (rv == CKR_OK)
		rv = address_of(w, key, text, address);
	if (rv != CKR_OK)
		return fail_rv(w->cli, rv, "cannot derive the key");
	(void)w->cli->p11->C_DestroyObject(w->session, key);
	outcome = account_find(w->cli, w->session, address, &found);
	*there = found.count != 0;
	if (outcome != OUTCOME_OK || *there)
		return outcome;
	rv = derive(w, m, index, true, &key);
	if (rv != CKR_OK)
		return fail_rv(w->cli, rv, "cannot keep the key");
	return account_add_public(w->cli, w->session, address, span_str(w->label));
}

static enum outcome next_account(const struct work *w, char text[ADDRESS_TEXT + 1], uint64_t *index)
{
	for (unsigned i = 0; i < TRIES; i++) {
		struct master_key m;
		bool there = false;
		enum outcome outcome = master_find(w->cli, w->session, &m);
		CK_RV rv;

		if (outcome == OUTCOME_OK && m.object == CK_INVALID_HANDLE)
			outcome = make_master(w);
		if (outcome == OUTCOME_OK && m.object == CK_INVALID_HANDLE)
			outcome = master_find(w->cli, w->session, &m);
		if (outcome != OUTCOME_OK)
			return outcome;
		*index = m.index + 1;
		rv = master_raise(w->cli, w->session, &m, *index);
		if (rv == CKR_ATTRIBUTE_VALUE_INVALID)
			continue;
		if (rv != CKR_OK)
			return fail_rv(w->cli, rv, "cannot take the next index");
		outcome = make_account(w, &m, *index, text, &there);
		if (outcome != OUTCOME_OK || !there)
			return outcome;
	}
	return fail(OUTCOME_FAILED, "the next %d indexes are all taken; try again", TRIES);
}

enum outcome cmd_algorand_new(struct cli *cli)
{
	const char *label = option_text(cli, "label");
	struct work w = { .cli = cli, .label = label == NULL ? "" : label, .limit = option_text(cli, "limit") };
	unsigned long count = 1;
	json_t *array = must(json_array());
	enum outcome outcome = option_number(cli, "count", 1, 1000000, &count);

	if (outcome == OUTCOME_OK)
		outcome = session_unlock(cli, CKF_RW_SESSION, &w.session);
	for (unsigned long i = 0; i < count && outcome == OUTCOME_OK; i++) {
		char text[ADDRESS_TEXT + 1];
		uint64_t index = 0;

		outcome = next_account(&w, text, &index);
		if (outcome != OUTCOME_OK)
			break;
		if (!cli->json)
			out_line("%s", text);
		else if (json_array_append_new(array, json_pack("{s:s, s:s, s:I, s:s}", "address", text, "kind", "derived", "index",
								(json_int_t)index, "label", w.label)) != 0)
			must(NULL);
	}
	if (outcome == OUTCOME_OK && cli->json)
		return out_json(array);
	json_decref(array);
	return outcome;
}
