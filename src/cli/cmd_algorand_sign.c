/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/logicsig.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/algorand.h"
#include "cli/keys.h"

const struct option_row options_algorand_sign[] = {
	OPTION_WALLET,
	{ "signer", "ADDRESS", "the account that signs, where it is not the sender: for accounts that were rekeyed, programs, data", NULL },
	{ "program", NULL, "the file is a program: a logic signature is made", NULL },
	{ "program-data", "ADDRESS", "the file is data for the program of that address", NULL },
	{ "raw", NULL, "the file's bytes are signed as they are, whatever they mean", NULL },
	OPTION_OUT,
	OPTION_YES,
	OPTIONS_PIN,
	OPTION_END,
};

struct signing {
	const struct cli *cli; /* with the wallet as its first argument */
	const char *file;
	CK_SESSION_HANDLE session;
};

/* ---- transactions ---- */

/* Who signs; count 0: nobody of this wallet. */
static enum outcome signer_of(const struct signing *s, const struct txn *t, struct accounts *out)
{
	const char *signer = option_text(s->cli, "signer");
	uint8_t address[ADDRESS_SIZE];
	enum outcome outcome = OUTCOME_OK;

	txn_authority(t, address);
	if (signer != NULL)
		outcome = address_option(signer, address);
	if (outcome == OUTCOME_OK)
		outcome = account_find(s->cli, s->session, address, out);
	if (outcome == OUTCOME_OK && out->count != 0 && out->row[0].kind == ACCOUNT_MULTISIG)
		return fail(OUTCOME_USAGE, "a multisig account signs with coffer algorand multisig-sign");
	return outcome;
}

static bool is_signed(const struct txn *t)
{
	return t->signature.n != 0 || t->multisig.n != 0 || t->logic.n != 0;
}

static enum outcome sign_one(const struct signing *s, struct txn *t, const struct account *a, uint8_t signature[SIGNATURE_SIZE])
{
	AUTO_BUF message = BUF_INIT(MESSAGE_MAX);
	uint8_t sender[ADDRESS_SIZE];
	enum outcome outcome;

	message_txn(t, &message);
	if (cf_failed(buf_status(&message)))
		must(NULL);
	outcome = account_sign(s->cli, s->session, a, buf_span(&message), signature);
	if (outcome != OUTCOME_OK)
		return outcome;
	t->signature = span(signature, SIGNATURE_SIZE);
	txn_sender(t, sender);
	t->signer = memcmp(sender, a->address, ADDRESS_SIZE) == 0 ? SPAN_EMPTY : span(a->address, ADDRESS_SIZE);
	return OUTCOME_OK;
}

/* Before anything is signed: everything is shown, and who will sign it. */
static enum outcome prepare(const struct signing *s, const struct txns *t, struct accounts *signers, size_t *count)
{
	*count = 0;
	for (size_t i = 0; i < t->count; i++) {
		char text[ADDRESS_TEXT + 1];
		uint8_t authority[ADDRESS_SIZE];
		enum outcome outcome = txns_show(t, i);

		if (outcome == OUTCOME_OK && !is_signed(&t->row[i]))
			outcome = signer_of(s, &t->row[i], &signers[i]);
		if (outcome != OUTCOME_OK)
			return outcome;
		txn_authority(&t->row[i], authority);
		address_encode(signers[i].count != 0 ? signers[i].row[0].address : authority, text);
		if (is_signed(&t->row[i]))
			(void)fprintf(stderr, "   is signed already, and stays as it is\n\n");
		else if (signers[i].count == 0)
			(void)fprintf(stderr, "   is not signed: the wallet has no key of %s\n\n", text);
		else
			(void)fprintf(stderr, "   will be signed by %s\n\n", text);
		*count += signers[i].count;
	}
	return *count != 0 ? OUTCOME_OK : fail(OUTCOME_NOT_FOUND, "the wallet has no key that could sign any of this");
}

static json_t *about(const struct txns *t, const struct accounts *signers)
{
	json_t *list = must(json_array());

	for (size_t i = 0; i < t->count; i++) {
		char id[TXN_ID_TEXT + 1], text[ADDRESS_TEXT + 1] = "";

		txn_id_text(&t->row[i], id);
		if (signers[i].count != 0)
			address_encode(signers[i].row[0].address, text);
		if (json_array_append_new(list, json_pack("{s:s, s:s*, s:b}", "id", id, "signer", text[0] == '\0' ? NULL : text, "signed",
							  is_signed(&t->row[i]))) != 0)
			must(NULL);
	}
	return must(json_pack("{s:o}", "transactions", list));
}

static enum outcome sign_all(const struct signing *s, struct txns *t, struct accounts *signers, uint8_t (*signature)[SIGNATURE_SIZE])
{
	AUTO_BUF out = BUF_INIT(4 * TXN_FILE_MAX);
	size_t count;
	enum outcome outcome = prepare(s, t, signers, &count);

	if (outcome == OUTCOME_OK)
		outcome = sign_confirm(s->cli);
	for (size_t i = 0; i < t->count && outcome == OUTCOME_OK; i++)
		if (signers[i].count != 0)
			outcome = sign_one(s, &t->row[i], &signers[i].row[0], signature[i]);
	if (outcome != OUTCOME_OK)
		return outcome;
	txns_write(t, &out);
	if (cf_failed(buf_status(&out)))
		must(NULL);
	return sign_deliver(s->cli, buf_span(&out), about(t, signers));
}

static enum outcome sign_transactions(const struct signing *s)
{
	AUTO_TXNS t = TXNS_INIT;
	AUTO_FREE struct accounts *signers = NULL;
	AUTO_FREE uint8_t(*signature)[SIGNATURE_SIZE] = NULL;
	enum outcome outcome = txns_read(s->file, &t);

	if (outcome != OUTCOME_OK)
		return outcome;
	signers = must(mem_array(t.count, sizeof(*signers)));
	signature = must(mem_array(t.count, sizeof(*signature)));
	outcome = sign_all(s, &t, signers, signature);
	for (size_t i = 0; i < t.count; i++)
		accounts_release(&signers[i]);
	return outcome;
}

/* ---- programs, data, anything ---- */

/* A raw message that Algorand would take for something else would be signed for that, unseen. */
static enum outcome check_raw(struct span message)
{
	static const char *const domain[] = { "TX", "Program", "MsigProgram", "ProgData" };

	for (size_t i = 0; i < sizeof(domain) / sizeof(domain[0]); i++)
		if (message.n >= strlen(domain[i]) && memcmp(message.p, domain[i], strlen(domain[i])) == 0)
			return fail(OUTCOME_REFUSED, "the file begins with \"%s\", as what Algorand signs does: sign that, not its bytes", domain[i]);
	(void)fprintf(stderr, "%zu raw bytes, of which nothing is known here\n", message.n);
	return OUTCOME_OK;
}

static enum outcome message_of(const struct cli *cli, struct span file, struct buf *message)
{
	const char *contract = option_text(cli, "program-data");
	uint8_t address[ADDRESS_SIZE];
	char text[ADDRESS_TEXT + 1];
	struct logicsig l;

	if (option_given(cli, "raw")) {
		buf_bytes(message, file);
		return check_raw(file);
	}
	if (contract != NULL) {
		if (address_option(contract, address) != OUTCOME_OK)
			return OUTCOME_USAGE;
		message_program_data(address, file, message);
		(void)fprintf(stderr, "%zu bytes of data for the program %s\n", file.n, contract);
		return OUTCOME_OK;
	}
	if (cf_failed(logicsig_parse(file, &l)))
		return fail(OUTCOME_BAD, "%s", error_text());
	program_address(l.program, address);
	address_encode(address, text);
	message_program(l.program, message);
	(void)fprintf(stderr, "A program of %zu bytes, contract address %s.\n"
			      "!! Whoever has the logic signature can spend from the signer's account as the program allows.\n",
		      l.program.n, text);
	return OUTCOME_OK;
}

static enum outcome deliver_message(const struct cli *cli, struct span file, const uint8_t signature[SIGNATURE_SIZE])
{
	AUTO_BUF out = BUF_INIT(MESSAGE_MAX);
	struct logicsig l = { .program = SPAN_EMPTY };

	if (!option_given(cli, "program")) {
		buf_bytes(&out, span(signature, SIGNATURE_SIZE));
	} else if (cf_ok(logicsig_parse(file, &l))) {
		l.signature = span(signature, SIGNATURE_SIZE);
		logicsig_write(&l, &out);
	}
	if (cf_failed(buf_status(&out)))
		must(NULL);
	return sign_deliver(cli, buf_span(&out), must(json_pack("{s:s}", "signer", option_text(cli, "signer"))));
}

static enum outcome sign_message(const struct signing *s)
{
	AUTO_BUF file = BUF_INIT(MESSAGE_MAX);
	AUTO_BUF message = BUF_INIT(MESSAGE_MAX);
	AUTO_ACCOUNTS account = ACCOUNTS_INIT;
	uint8_t signature[SIGNATURE_SIZE];
	enum outcome outcome = account_named(s->cli, s->session, option_text(s->cli, "signer"), &account);

	if (outcome == OUTCOME_OK && account.row[0].kind == ACCOUNT_MULTISIG)
		outcome = fail(OUTCOME_USAGE, "a multisig account signs with coffer algorand multisig-sign");
	if (outcome == OUTCOME_OK)
		outcome = file_read(s->file, &file);
	if (outcome == OUTCOME_OK)
		outcome = message_of(s->cli, buf_span(&file), &message);
	if (outcome == OUTCOME_OK)
		outcome = sign_confirm(s->cli);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (cf_failed(buf_status(&message)))
		must(NULL);
	outcome = account_sign(s->cli, s->session, &account.row[0], buf_span(&message), signature);
	return outcome == OUTCOME_OK ? deliver_message(s->cli, buf_span(&file), signature) : outcome;
}

enum outcome cmd_algorand_sign(struct cli *cli)
{
	int special = option_given(cli, "program") + option_given(cli, "raw") + (option_text(cli, "program-data") != NULL);
	struct cli with;
	struct signing s = { .cli = &with, .file = cli->argument[0] };
	enum outcome outcome = wallet_option(cli, &with);

	if (outcome == OUTCOME_OK && special > 1)
		outcome = fail(OUTCOME_USAGE, "give one of --program, --program-data and --raw");
	if (outcome == OUTCOME_OK && special == 1 && option_text(cli, "signer") == NULL)
		outcome = fail(OUTCOME_USAGE, "say who signs: --signer ADDRESS");
	if (outcome == OUTCOME_OK)
		outcome = session_unlock(&with, 0, &s.session);
	if (outcome != OUTCOME_OK)
		return outcome;
	return special == 1 ? sign_message(&s) : sign_transactions(&s);
}
