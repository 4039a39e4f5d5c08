/* SPDX-License-Identifier: Apache-2.0 */
/* Multisig accounts: make, take from a file, sign, merge. */
#include "algorand/logicsig.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/algorand.h"
#include "cli/keys.h"

const struct option_row options_algorand_multisig_create[] = {
	{ "threshold", "N", "how many of the keys must sign", NULL },
	{ "keys", "ADDRESSES", "the members' addresses, with commas between them; their order counts", NULL },
	{ "label", "LABEL", "the account's label", NULL },
	OPTIONS_PIN,
	OPTION_END,
};
const struct option_row options_algorand_multisig_import[] = {
	{ "label", "LABEL", "the account's label", NULL },
	OPTIONS_PIN,
	OPTION_END,
};
const struct option_row options_algorand_multisig_sign[] = {
	OPTION_WALLET,
	{ "account", "ADDRESS", "the multisig account, where it is not the sender: for accounts that were rekeyed, programs", NULL },
	{ "signer", "ADDRESS", "the member that signs; all members that the wallet has when it is left out", NULL },
	{ "program", NULL, "the file is a program, or a logic signature of one", NULL },
	{ "legacy", NULL, "with --program: in the old way, which does not name the account", NULL },
	OPTION_OUT,
	OPTION_YES,
	OPTIONS_PIN,
	OPTION_END,
};
const struct option_row options_algorand_multisig_merge[] = { OPTION_OUT, OPTION_END };

/* ---- accounts ---- */

static enum outcome keep(struct cli *cli, CK_SESSION_HANDLE session, const struct multisig *m)
{
	const char *label = option_text(cli, "label");
	AUTO_ACCOUNTS found = ACCOUNTS_INIT;
	uint8_t address[ADDRESS_SIZE];
	char text[ADDRESS_TEXT + 1];
	enum outcome outcome;

	multisig_address(m, address);
	address_encode(address, text);
	outcome = account_find(cli, session, address, &found);
	if (outcome == OUTCOME_OK && found.count != 0)
		return fail(OUTCOME_EXISTS, "the wallet has the account %s already", text);
	if (outcome == OUTCOME_OK)
		outcome = account_add_multisig(cli, session, m, span_str(label == NULL ? "" : label));
	if (outcome != OUTCOME_OK)
		return outcome;
	if (cli->json)
		return out_json(json_pack("{s:s, s:s, s:n, s:s}", "address", text, "kind", "multisig", "index", "label",
					  label == NULL ? "" : label));
	out_line("%s", text);
	return OUTCOME_OK;
}

static enum outcome take_keys(const char *list, struct buf *keys)
{
	while (*list != '\0') {
		size_t n = strcspn(list, ",");
		uint8_t address[ADDRESS_SIZE];

		if (cf_failed(address_decode(span(list, n), address)))
			return fail(OUTCOME_USAGE, "%s", error_text());
		buf_bytes(keys, SPAN_OF(address));
		list += n + (list[n] == ',' ? 1 : 0);
	}
	return OUTCOME_OK;
}

enum outcome cmd_algorand_multisig_create(struct cli *cli)
{
	AUTO_BUF keys = BUF_INIT(MULTISIG_KEYS_MAX * ADDRESS_SIZE);
	unsigned long threshold = 0;
	CK_SESSION_HANDLE session;
	struct multisig m = { .version = 1 };
	enum outcome outcome = option_number(cli, "threshold", 1, MULTISIG_KEYS_MAX, &threshold);

	if (outcome == OUTCOME_OK && (option_text(cli, "keys") == NULL || threshold == 0))
		outcome = fail(OUTCOME_USAGE, "give --threshold N and --keys ADDRESS,ADDRESS...");
	if (outcome == OUTCOME_OK)
		outcome = take_keys(option_text(cli, "keys"), &keys);
	if (outcome != OUTCOME_OK)
		return outcome;
	m.threshold = (uint8_t)threshold;
	m.keys = buf_span(&keys);
	if (cf_failed(buf_status(&keys)))
		return fail(OUTCOME_USAGE, "a multisig account has at most %d keys", MULTISIG_KEYS_MAX);
	if (cf_failed(multisig_check(&m)))
		return fail(OUTCOME_USAGE, "%s", error_text());
	outcome = session_unlock(cli, CKF_RW_SESSION, &session);
	return outcome == OUTCOME_OK ? keep(cli, session, &m) : outcome;
}

enum outcome cmd_algorand_multisig_import(struct cli *cli)
{
	AUTO_TXNS t = TXNS_INIT;
	AUTO_FREE struct subsigs *s = must(mem_alloc(sizeof(*s)));
	CK_SESSION_HANDLE session;
	struct cf_status status;
	enum outcome outcome = txns_read(cli->argument[1], &t);

	if (outcome != OUTCOME_OK)
		return outcome;
	if (t.count == 0 || t.row[0].multisig.n == 0)
		return fail(OUTCOME_NOT_FOUND, "the file's first transaction has no multisig signature, not even an empty one");
	status = subsigs_parse(t.row[0].multisig, s);
	if (cf_failed(status))
		return fail_status(status, "cannot import the account");
	outcome = session_unlock(cli, CKF_RW_SESSION, &session);
	return outcome == OUTCOME_OK ? keep(cli, session, &s->account) : outcome;
}

/* ---- signing ---- */

struct work {
	const struct cli *cli; /* with the wallet as its first argument */
	CK_SESSION_HANDLE session;
	struct subsigs *s;
	size_t added;
};

/* The account and the signatures so far: from the file, else from the wallet. */
static enum outcome begin(struct work *w, struct span partial, const uint8_t account[ADDRESS_SIZE], struct span message)
{
	AUTO_ACCOUNTS found = ACCOUNTS_INIT;
	uint8_t address[ADDRESS_SIZE];
	char text[ADDRESS_TEXT + 1];
	struct cf_status status;
	struct multisig m;
	enum outcome outcome;

	address_encode(account, text);
	if (partial.n != 0) {
		status = subsigs_parse(partial, w->s);
		if (cf_failed(status))
			return fail_status(status, "the signatures so far cannot be read");
		multisig_address(&w->s->account, address);
		if (memcmp(address, account, ADDRESS_SIZE) != 0)
			return fail(OUTCOME_BAD, "the signatures so far are not those of the account %s", text);
		status = subsigs_verify(w->s, message);
		return cf_ok(status) ? OUTCOME_OK : fail_status(status, "the signatures so far are not all valid");
	}
	outcome = account_find(w->cli, w->session, account, &found);
	if (outcome == OUTCOME_OK && (found.count == 0 || found.row[0].kind != ACCOUNT_MULTISIG))
		return fail(OUTCOME_NOT_FOUND, "the wallet has no multisig account %s; see --account", text);
	if (outcome == OUTCOME_OK)
		outcome = account_multisig(w->cli, w->session, &found.row[0], &m);
	if (outcome != OUTCOME_OK)
		return outcome;
	subsigs_new(w->s, &m);
	mem_free((void *)(uintptr_t)m.keys.p);
	return OUTCOME_OK;
}

static enum outcome sign_as(struct work *w, const uint8_t member[ADDRESS_SIZE], struct span message, bool wanted)
{
	AUTO_ACCOUNTS found = ACCOUNTS_INIT;
	uint8_t signature[SIGNATURE_SIZE];
	char text[ADDRESS_TEXT + 1];
	struct cf_status status;
	enum outcome outcome = account_find(w->cli, w->session, member, &found);

	address_encode(member, text);
	if (outcome == OUTCOME_OK && found.count == 0 && wanted)
		return fail(OUTCOME_NOT_FOUND, "the wallet has no key of %s", text);
	if (outcome != OUTCOME_OK || found.count == 0 || found.row[0].kind == ACCOUNT_MULTISIG)
		return outcome;
	outcome = account_sign(w->cli, w->session, &found.row[0], message, signature);
	if (outcome != OUTCOME_OK)
		return outcome;
	status = subsigs_add(w->s, member, signature);
	w->added++;
	return cf_ok(status) ? OUTCOME_OK : fail_status(status, "cannot sign");
}

/* With --signer, or with every member that the wallet has. */
static enum outcome add_signatures(struct work *w, struct span message)
{
	const char *signer = option_text(w->cli, "signer");
	uint8_t member[ADDRESS_SIZE];
	enum outcome outcome = OUTCOME_OK;

	if (signer != NULL) {
		outcome = address_option(signer, member);
		if (outcome == OUTCOME_OK && !subsigs_member(w->s, member))
			return fail(OUTCOME_NOT_FOUND, "%s is none of the multisig account's keys", signer);
		return outcome == OUTCOME_OK ? sign_as(w, member, message, true) : outcome;
	}
	for (size_t i = 0; i < multisig_count(&w->s->account) && outcome == OUTCOME_OK; i++)
		outcome = sign_as(w, multisig_key(&w->s->account, i), message, false);
	if (outcome == OUTCOME_OK && w->added == 0)
		return fail(OUTCOME_NOT_FOUND, "the wallet has no key of any member");
	return outcome;
}

static enum outcome account_of(const struct work *w, const struct txn *t_opt, uint8_t account[ADDRESS_SIZE])
{
	const char *given = option_text(w->cli, "account");

	if (given != NULL)
		return address_option(given, account);
	if (t_opt == NULL)
		return fail(OUTCOME_USAGE, "say which multisig account: --account ADDRESS");
	txn_authority(t_opt, account);
	return OUTCOME_OK;
}

/* `packed` gets the signatures; the transaction's spans point into it. */
static enum outcome sign_transaction(struct work *w, struct txn *t, uint8_t account[ADDRESS_SIZE], struct buf *packed)
{
	AUTO_BUF message = BUF_INIT(MESSAGE_MAX);
	uint8_t sender[ADDRESS_SIZE];
	enum outcome outcome = account_of(w, t, account);

	message_txn(t, &message);
	if (cf_failed(buf_status(&message)))
		must(NULL);
	if (outcome == OUTCOME_OK)
		outcome = begin(w, t->multisig, account, buf_span(&message));
	if (outcome == OUTCOME_OK)
		outcome = add_signatures(w, buf_span(&message));
	if (outcome != OUTCOME_OK)
		return outcome;
	subsigs_write(w->s, packed);
	if (cf_failed(buf_status(packed)))
		must(NULL);
	txn_sender(t, sender);
	t->multisig = buf_span(packed);
	t->signer = memcmp(sender, account, ADDRESS_SIZE) == 0 ? SPAN_EMPTY : span(account, ADDRESS_SIZE);
	return OUTCOME_OK;
}

static json_t *about(const struct work *w)
{
	return must(json_pack("{s:I, s:I, s:I}", "added", (json_int_t)w->added, "signatures", (json_int_t)subsigs_count(w->s), "threshold",
			      (json_int_t)w->s->account.threshold));
}

static enum outcome sign_transactions(struct work *w, const char *file)
{
	AUTO_TXNS t = TXNS_INIT;
	AUTO_BUF out = BUF_INIT(4 * TXN_FILE_MAX);
	enum outcome outcome = txns_read(file, &t);

	for (size_t i = 0; i < t.count && outcome == OUTCOME_OK; i++)
		outcome = txns_show(&t, i);
	if (outcome == OUTCOME_OK && t.count == 0)
		outcome = fail(OUTCOME_BAD, "the file has no transaction");
	if (outcome == OUTCOME_OK)
		outcome = sign_confirm(w->cli);
	for (size_t i = 0; i < t.count && outcome == OUTCOME_OK; i++) {
		AUTO_BUF packed = BUF_INIT(TXN_FILE_MAX);
		uint8_t account[ADDRESS_SIZE];

		outcome = sign_transaction(w, &t.row[i], account, &packed);
		if (outcome == OUTCOME_OK)
			txn_write(&t.row[i], &out);
	}
	if (outcome != OUTCOME_OK)
		return outcome;
	if (cf_failed(buf_status(&out)))
		must(NULL);
	return sign_deliver(w->cli, buf_span(&out), about(w));
}

static enum outcome sign_program(struct work *w, const char *file)
{
	bool legacy = option_given(w->cli, "legacy");
	AUTO_BUF bytes = BUF_INIT(MESSAGE_MAX);
	AUTO_BUF message = BUF_INIT(MESSAGE_MAX);
	AUTO_BUF packed = BUF_INIT(TXN_FILE_MAX);
	AUTO_BUF out = BUF_INIT(MESSAGE_MAX);
	uint8_t account[ADDRESS_SIZE];
	struct logicsig l = { .program = SPAN_EMPTY };
	enum outcome outcome = account_of(w, NULL, account);

	if (outcome == OUTCOME_OK)
		outcome = file_read(file, &bytes);
	if (outcome == OUTCOME_OK && cf_failed(logicsig_parse(buf_span(&bytes), &l)))
		outcome = fail(OUTCOME_BAD, "%s", error_text());
	if (outcome != OUTCOME_OK)
		return outcome;
	if (legacy)
		message_program(l.program, &message);
	else
		message_multisig_program(account, l.program, &message);
	(void)fprintf(stderr, "A program of %zu bytes.\n!! Whoever has the logic signature can spend from the account as it allows.\n",
		      l.program.n);
	outcome = sign_confirm(w->cli);
	if (outcome == OUTCOME_OK)
		outcome = begin(w, legacy ? l.legacy : l.multisig, account, buf_span(&message));
	if (outcome == OUTCOME_OK)
		outcome = add_signatures(w, buf_span(&message));
	if (outcome != OUTCOME_OK)
		return outcome;
	subsigs_write(w->s, &packed);
	if (legacy)
		l.legacy = buf_span(&packed);
	else
		l.multisig = buf_span(&packed);
	logicsig_write(&l, &out);
	if (cf_failed(buf_status(&message)) || cf_failed(buf_status(&packed)) || cf_failed(buf_status(&out)))
		must(NULL);
	return sign_deliver(w->cli, buf_span(&out), about(w));
}

enum outcome cmd_algorand_multisig_sign(struct cli *cli)
{
	AUTO_FREE struct subsigs *s = must(mem_alloc(sizeof(*s)));
	struct cli with;
	struct work w = { .cli = &with, .s = s };
	enum outcome outcome = wallet_option(cli, &with);

	if (outcome == OUTCOME_OK)
		outcome = session_unlock(&with, 0, &w.session);
	if (outcome != OUTCOME_OK)
		return outcome;
	return option_given(cli, "program") ? sign_program(&w, cli->argument[0]) : sign_transactions(&w, cli->argument[0]);
}

/* ---- merging ---- */

/* Transaction `i` of each file, the same in all of them. */
static enum outcome merge_one(const struct txns *file, size_t files, size_t i, struct buf *packed)
{
	AUTO_FREE struct subsigs *into = must(mem_alloc(sizeof(*into))), *from = must(mem_alloc(sizeof(*from)));
	AUTO_BUF message = BUF_INIT(MESSAGE_MAX);
	struct cf_status status = subsigs_parse(file[0].row[i].multisig, into);

	for (size_t k = 1; k < files && cf_ok(status); k++) {
		if (!span_eq(file[k].row[i].body, file[0].row[i].body))
			return fail(OUTCOME_BAD, "file %zu has another transaction %zu than the first one", k + 1, i + 1);
		status = subsigs_parse(file[k].row[i].multisig, from);
		if (cf_ok(status))
			status = subsigs_merge(into, from);
	}
	message_txn(&file[0].row[i], &message);
	if (cf_ok(status))
		status = subsigs_verify(into, buf_span(&message));
	if (cf_failed(status))
		return fail_status(status, "the signatures of transaction %zu cannot be merged", i + 1);
	subsigs_write(into, packed);
	if (cf_failed(buf_status(packed)) || cf_failed(buf_status(&message)))
		must(NULL);
	return OUTCOME_OK;
}

static enum outcome merge_all(const struct cli *cli, struct txns *file, size_t files)
{
	AUTO_BUF out = BUF_INIT(4 * TXN_FILE_MAX);
	enum outcome outcome = OUTCOME_OK;

	for (size_t k = 0; k < files && outcome == OUTCOME_OK; k++) {
		outcome = txns_read(cli->argument[k], &file[k]);
		if (outcome == OUTCOME_OK && file[k].count != file[0].count)
			outcome = fail(OUTCOME_BAD, "the files do not have the same number of transactions");
	}
	for (size_t i = 0; outcome == OUTCOME_OK && i < file[0].count; i++) {
		AUTO_BUF packed = BUF_INIT(TXN_FILE_MAX);

		outcome = merge_one(file, files, i, &packed);
		file[0].row[i].multisig = buf_span(&packed);
		if (outcome == OUTCOME_OK)
			txn_write(&file[0].row[i], &out);
	}
	if (outcome != OUTCOME_OK)
		return outcome;
	if (cf_failed(buf_status(&out)))
		must(NULL);
	return sign_deliver(cli, buf_span(&out), must(json_pack("{s:I}", "transactions", (json_int_t)file[0].count)));
}

enum outcome cmd_algorand_multisig_merge(struct cli *cli)
{
	struct txns file[ARGUMENTS_MAX];
	size_t files = 0;
	enum outcome outcome;

	for (size_t k = 0; k < ARGUMENTS_MAX; k++)
		file[k] = (struct txns)TXNS_INIT;
	while (files < ARGUMENTS_MAX && cli->argument[files] != NULL)
		files++;
	outcome = merge_all(cli, file, files);
	for (size_t k = 0; k < files; k++)
		txns_release(&file[k]);
	return outcome;
}
