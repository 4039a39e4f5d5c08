/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cli/signing.h"

const struct option_row options_verify_signature[] = {
	OPTION_KEY,
	{ "public-key", "FILE", "a public key from a file instead: PEM, DER or OpenSSH's line", NULL },
	{ "signature", "FILE", "the signature", NULL },
	{ "format", "FORMAT", "how the signature is written: raw (when it is left out), hex, base64", signature_formats },
	OPTIONS_SIGNING,
	OPTIONS_PIN,
	OPTION_END,
};

#define KEY_FILE_MAX ((size_t)32 << 10) /* as ImportKey says */

/* The public key becomes an object of this session, and goes with it. */
static enum outcome key_from_file(const struct cli *cli, CK_SESSION_HANDLE session, struct key_rows *out)
{
	const char *path = option_text(cli, "public-key");
	AUTO_BUF file = BUF_INIT(SIZE_MAX / 2);
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE t[] = { { CKA_TOKEN, &no, sizeof(no) }, { CKA_PRIVATE, &no, sizeof(no) } };
	CK_OBJECT_HANDLE pub, priv;
	enum outcome outcome = file_read(path, &file);
	CK_RV rv;

	if (outcome != OUTCOME_OK)
		return outcome;
	rv = cli->coffer->ImportKey(session, file.p, file.n, NULL, 0, t, 2, t, 2, &pub, &priv);
	if (rv == CKR_USER_NOT_LOGGED_IN || (rv == CKR_OK && priv != CK_INVALID_HANDLE))
		return fail(OUTCOME_USAGE, "%s holds a private key; a public one is wanted", path);
	return rv == CKR_OK ? key_of_handle(cli, session, pub, out) : fail_rv(cli, rv, "cannot read the key in %s", path);
}

static enum outcome choose_key(const struct cli *cli, CK_SESSION_HANDLE session, struct key_rows *out)
{
	enum outcome outcome;

	if (option_given(cli, "public-key") && option_given(cli, "key"))
		return fail(OUTCOME_USAGE, "give one of --key and --public-key");
	if (option_given(cli, "public-key"))
		return key_from_file(cli, session, out);
	outcome = key_chosen(cli, session, out);
	if (outcome == OUTCOME_OK && out->row[0].public_key == CK_INVALID_HANDLE)
		return fail(OUTCOME_NOT_FOUND, "the wallet has no public half of this key to verify with");
	return outcome;
}

/* As the file has it. */
static enum outcome read_signature(const struct cli *cli, struct buf *out)
{
	const char *path = option_text(cli, "signature"), *format = option_text(cli, "format");
	AUTO_BUF text = BUF_INIT(SIZE_MAX / 2);
	enum outcome outcome;

	if (path == NULL)
		return fail(OUTCOME_USAGE, "--signature is missing: the file with the signature");
	if (strcmp(path, "-") == 0 && strcmp(signing_message(cli), "-") == 0)
		return fail(OUTCOME_USAGE, "message and signature cannot both come from standard input");
	outcome = file_read(path, &text);
	if (outcome == OUTCOME_OK)
		outcome = signature_parse(out, format == NULL ? "raw" : format, buf_span(&text));
	if (outcome == OUTCOME_OK && cf_failed(buf_status(out)))
		return fail(OUTCOME_BAD, "%s is too large to be a signature", path);
	if (outcome == OUTCOME_OK && out->n == 0)
		return fail(OUTCOME_BAD, "%s is empty: there is no signature", path);
	return outcome;
}

struct work {
	const struct cli *cli;
	CK_SESSION_HANDLE session;
	CK_RV rv;
};

static enum outcome verify_part(struct span s, void *arg)
{
	struct work *w = arg;

	w->rv = w->cli->p11->C_VerifyUpdate(w->session, (CK_BYTE_PTR)(uintptr_t)s.p, s.n);
	return w->rv == CKR_OK ? OUTCOME_OK : fail_rv(w->cli, w->rv, "cannot verify");
}

static enum outcome verify_message(struct work *w, const struct signing *s, struct buf *signature)
{
	AUTO_BUF message = BUF_INIT(SIZE_MAX / 2);
	const char *path = signing_message(w->cli);
	enum outcome outcome = s->in_parts ? file_read_parts(path, verify_part, w) : file_read(path, &message);

	if (outcome != OUTCOME_OK)
		return outcome;
	if (s->in_parts)
		w->rv = w->cli->p11->C_VerifyFinal(w->session, signature->p, signature->n);
	else
		w->rv = w->cli->p11->C_Verify(w->session, message.p, message.n, signature->p, signature->n);
	return w->rv == CKR_OK ? OUTCOME_OK : fail_rv(w->cli, w->rv, "the signature is not valid");
}

enum outcome cmd_verify_signature(struct cli *cli)
{
	AUTO_KEYS key = KEY_ROWS_INIT;
	AUTO_BUF given = BUF_INIT(1 << 16);
	AUTO_BUF signature = BUF_INIT(1 << 16);
	struct work w = { .cli = cli };
	struct signing s;
	enum outcome outcome = read_signature(cli, &given);
	CK_RV rv;

	if (outcome == OUTCOME_OK)
		outcome = session_unlock_if_given(cli, 0, &w.session);
	if (outcome == OUTCOME_OK)
		outcome = choose_key(cli, w.session, &key);
	if (outcome == OUTCOME_OK)
		outcome = signing_choose(cli, &key.row[0], &s);
	if (outcome == OUTCOME_OK)
		outcome = signature_decode(&s, buf_span(&given), &signature);
	if (outcome != OUTCOME_OK)
		return outcome;
	rv = cli->p11->C_VerifyInit(w.session, &s.mechanism, key.row[0].public_key);
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot verify with this key");
	outcome = verify_message(&w, &s, &signature);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (cli->json)
		return out_json(json_pack("{s:b, s:s, s:o}", "valid", true, "algorithm", s.algorithm, "public_key",
					  json_hex(key.row[0].point)));
	out_line("The signature is valid (%s)", s.algorithm);
	return OUTCOME_OK;
}
