/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/mem.h"
#include "cli/signing.h"

const struct option_row options_sign[] = {
	OPTION_KEY,
	OPTIONS_SIGNING,
	{ "format", "FORMAT", "how the signature is written: raw, hex, base64", signature_formats },
	{ "out", "FILE", "a new file for the signature; \"-\" is standard output", NULL },
	OPTIONS_PIN,
	OPTION_END,
};

#define SIGNATURE_MAX 49856 /* SLH-DSA, 256f */

struct work {
	const struct cli *cli;
	CK_SESSION_HANDLE session;
	CK_BYTE signature[SIGNATURE_MAX];
	CK_ULONG n;
};

/* Of the whole message at once.  It is read into memory of our own, never mapped: pure EdDSA reads it twice, and a file that
 * somebody changes in between would give two signatures with one nonce, and with them the key. */
static enum outcome sign_whole(struct work *w, const char *path)
{
	AUTO_BUF message = BUF_INIT(SIZE_MAX / 2);
	enum outcome outcome = file_read(path, &message);
	CK_RV rv;

	if (outcome != OUTCOME_OK)
		return outcome;
	rv = w->cli->p11->C_Sign(w->session, message.p, message.n, w->signature, &w->n);
	return rv == CKR_OK ? OUTCOME_OK : fail_rv(w->cli, rv, "cannot sign");
}

static enum outcome sign_part(struct span s, void *arg)
{
	struct work *w = arg;
	CK_RV rv = w->cli->p11->C_SignUpdate(w->session, (CK_BYTE_PTR)(uintptr_t)s.p, s.n);

	return rv == CKR_OK ? OUTCOME_OK : fail_rv(w->cli, rv, "cannot sign");
}

static enum outcome sign_parts(struct work *w, const char *path)
{
	enum outcome outcome = file_read_parts(path, sign_part, w);
	CK_RV rv;

	if (outcome != OUTCOME_OK)
		return outcome;
	rv = w->cli->p11->C_SignFinal(w->session, w->signature, &w->n);
	return rv == CKR_OK ? OUTCOME_OK : fail_rv(w->cli, rv, "cannot sign");
}

/* Raw bytes do not go to a terminal unless they are asked for. */
static const char *format_of(const struct cli *cli)
{
	const char *format = option_text(cli, "format"), *out = option_text(cli, "out");
	bool to_terminal = (out == NULL || strcmp(out, "-") == 0) && isatty(STDOUT_FILENO);

	if (format != NULL)
		return format;
	return to_terminal ? "hex" : "raw";
}

static enum outcome deliver(const struct cli *cli, const struct key_row *key, const struct signing *s, struct span made)
{
	const char *out = option_text(cli, "out");
	AUTO_BUF signature = BUF_INIT(2 * SIGNATURE_MAX);
	AUTO_BUF text = BUF_INIT(4 * SIGNATURE_MAX);
	enum outcome outcome = signature_encode(s, made, &signature);

	if (outcome != OUTCOME_OK)
		return outcome;
	signature_text(&text, format_of(cli), buf_span(&signature));
	if (cf_failed(buf_status(&signature)) || cf_failed(buf_status(&text)))
		must(NULL);
	if (out != NULL || !cli->json)
		outcome = file_write(out == NULL ? "-" : out, 0666, buf_span(&text));
	if (outcome != OUTCOME_OK || !cli->json)
		return outcome;
	return out_json(json_pack("{s:o, s:s, s:o, s:o}", "signature", json_hex(buf_span(&signature)), "algorithm", s->algorithm, "label",
				  json_text(key->label), "id", json_hex(key->id)));
}

enum outcome cmd_sign(struct cli *cli)
{
	AUTO_KEYS key = KEY_ROWS_INIT;
	struct work w = { .cli = cli, .n = SIGNATURE_MAX };
	struct signing s;
	enum outcome outcome = session_unlock(cli, 0, &w.session);
	CK_RV rv;

	if (outcome == OUTCOME_OK)
		outcome = key_chosen(cli, w.session, &key);
	if (outcome == OUTCOME_OK && key.row[0].private_key == CK_INVALID_HANDLE)
		outcome = fail(OUTCOME_NOT_FOUND, "the wallet has no private half of this key to sign with");
	if (outcome == OUTCOME_OK)
		outcome = signing_choose(cli, &key.row[0], &s);
	if (outcome != OUTCOME_OK)
		return outcome;
	rv = cli->p11->C_SignInit(w.session, &s.mechanism, key.row[0].private_key);
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot sign with this key");
	outcome = s.in_parts ? sign_parts(&w, signing_message(cli)) : sign_whole(&w, signing_message(cli));
	return outcome == OUTCOME_OK ? deliver(cli, &key.row[0], &s, span(w.signature, w.n)) : outcome;
}
