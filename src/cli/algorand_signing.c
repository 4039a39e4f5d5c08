/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that sign for Algorand share: files of transactions, showing them, asking, delivering. */
#include <sodium.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/algorand.h"
#include "cli/keys.h"

/* ---- files ---- */

void txns_release(struct txns *t)
{
	mem_free(t->row);
	buf_release(&t->bytes);
}

enum outcome txns_read(const char *path, struct txns *out)
{
	AUTO_BUF file = BUF_INIT(TXN_FILE_MAX);
	AUTO_FREE char *shown = printable(span_str(path));
	enum outcome outcome = file_read(path, &file);
	struct cf_status status;
	struct span rest;

	if (outcome != OUTCOME_OK)
		return outcome;
	status = txn_file_bytes(buf_span(&file), &out->bytes);
	if (cf_failed(status))
		return fail_status(status, "cannot read %s", shown);
	for (rest = buf_span(&out->bytes); rest.n != 0; out->count++) {
		if ((out->count & (out->count - 1)) == 0)
			out->row = must(mem_resize(out->row, (out->count == 0 ? 1 : 2 * out->count) * sizeof(*out->row)));
		status = txn_next(&rest, &out->row[out->count]);
		if (cf_failed(status))
			return fail_status(status, "%s: transaction %zu cannot be signed", shown, out->count + 1);
	}
	return OUTCOME_OK;
}

void txns_write(const struct txns *t, struct buf *out)
{
	for (size_t i = 0; i < t->count; i++)
		txn_write(&t->row[i], out);
}

/* ---- in words ---- */

static void show_line(const char *label, const char *text, bool danger, void *arg)
{
	bool colour = *(const bool *)arg;

	(void)fprintf(stderr, "%s%s %-24s %s%s\n", danger && colour ? "\033[1;31m" : "", danger ? "!!" : "  ", label, text,
		      danger && colour ? "\033[0m" : "");
}

enum outcome txns_show(const struct txns *t, size_t i)
{
	bool colour = isatty(STDERR_FILENO);
	char id[TXN_ID_TEXT + 1];
	struct cf_status status;

	txn_id_text(&t->row[i], id);
	(void)fprintf(stderr, "Transaction %zu of %zu, %s\n", i + 1, t->count, id);
	status = txn_describe(&t->row[i], show_line, &colour);
	if (cf_failed(status))
		return fail_status(status, "transaction %zu cannot be signed", i + 1);
	if (txn_group_of(t->row, t->count, i) == TXN_GROUP_INCOMPLETE)
		show_line("GROUP NOT IN THIS FILE", "other transactions happen with this one, and are not shown", true, &colour);
	return OUTCOME_OK;
}

enum outcome sign_confirm(const struct cli *cli)
{
	if (option_given(cli, "yes") || ask_typed("Type yes to sign: ", "yes"))
		return OUTCOME_OK;
	return fail(OUTCOME_REFUSED, "nothing was signed; scripts give --yes");
}

/* ---- signatures ---- */

enum outcome account_sign(const struct cli *cli, CK_SESSION_HANDLE session, const struct account *a, struct span message,
			  uint8_t signature[SIGNATURE_SIZE])
{
	CK_MECHANISM mechanism = { CKM_EDDSA, NULL, 0 };
	CK_ULONG n = SIGNATURE_SIZE;
	CK_RV rv = cli->p11->C_SignInit(session, &mechanism, a->object);

	if (rv == CKR_OK)
		rv = cli->p11->C_Sign(session, (CK_BYTE_PTR)(uintptr_t)message.p, message.n, signature, &n);
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot sign");
	/* The key is the address's, or what was signed is worth nothing. */
	if (n != SIGNATURE_SIZE || crypto_sign_verify_detached(signature, message.p, message.n, a->address) != 0)
		return fail(OUTCOME_BAD, "the signature is not valid for the account's address");
	return OUTCOME_OK;
}

enum outcome sign_deliver(const struct cli *cli, struct span bytes, json_t *about)
{
	const char *out = option_text(cli, "out");
	AUTO_FREE char *base64 = NULL;
	size_t room = sodium_base64_encoded_len(bytes.n, sodium_base64_VARIANT_ORIGINAL);
	enum outcome outcome = OUTCOME_OK;

	if (out != NULL || !cli->json)
		outcome = file_write(out == NULL ? "-" : out, 0666, bytes);
	if (outcome == OUTCOME_OK && cli->json && out == NULL) {
		base64 = must(mem_alloc(room));
		(void)sodium_bin2base64(base64, room, bytes.p, bytes.n, sodium_base64_VARIANT_ORIGINAL);
		if (json_object_set_new(about, "base64", json_string(base64)) != 0)
			must(NULL);
	}
	if (outcome == OUTCOME_OK && cli->json)
		return out_json(about);
	json_decref(about);
	return outcome;
}
