/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "base/codec.h"
#include "base/der.h"
#include "base/mem.h"
#include "cli/keys.h"

#define FILE_MAX ((size_t)32 << 10) /* as ImportKey says */

const struct option_row options_key_import[] = {
	{ "label", "LABEL", "the key's label", NULL },
	{ "id", "HEX", "the key's ID; derived from the public key when it is left out", NULL },
	{ "extractable", NULL, "the private key may leave the wallet again: for coffer key export", NULL },
	{ "public", NULL, "64 hexadecimal digits in the file are a public key, not a seed", NULL },
	OPTIONS_SECRET("passphrase", "passphrase of the file"),
	OPTIONS_PIN,
	OPTION_END,
};

struct request {
	struct span file;
	const char *label;
	uint8_t id[KEY_ID_MAX];
	size_t id_n;
	CK_BBOOL extractable;
	CK_OBJECT_HANDLE public_key, private_key;
};

static CK_RV import(const struct cli *cli, CK_SESSION_HANDLE session, const struct guarded *passphrase_opt,
		    struct request *r)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	void *label = (void *)(uintptr_t)r->label;
	struct span passphrase = passphrase_opt == NULL ? SPAN_EMPTY : guarded_bytes(passphrase_opt);
	CK_ATTRIBUTE public_t[] = {
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &no, sizeof(no) },
		{ CKA_LABEL, label, strlen(r->label) },
		{ CKA_ID, r->id, r->id_n },
	};
	CK_ATTRIBUTE private_t[] = {
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_PRIVATE, &yes, sizeof(yes) },
		{ CKA_LABEL, label, strlen(r->label) },
		{ CKA_ID, r->id, r->id_n },
		{ CKA_SENSITIVE, &yes, sizeof(yes) },
		{ CKA_EXTRACTABLE, &r->extractable, sizeof(r->extractable) },
	};

	return cli->coffer->ImportKey(session, (CK_BYTE_PTR)(uintptr_t)r->file.p, r->file.n,
				      (CK_UTF8CHAR_PTR)(uintptr_t)passphrase.p, passphrase.n, public_t,
				      sizeof(public_t) / sizeof(public_t[0]), private_t,
				      sizeof(private_t) / sizeof(private_t[0]), &r->public_key, &r->private_key);
}

/* The passphrase is asked for when the file turns out to need one. */
static enum outcome import_asking(const struct cli *cli, CK_SESSION_HANDLE session, struct request *r)
{
	const struct ask asked = { .prefix = "passphrase", .what = "passphrase of the key file" };
	AUTO(guarded) passphrase = NULL;
	enum outcome outcome = ask_given(cli, "passphrase") ? ask(cli, &asked, &passphrase) : OUTCOME_OK;
	CK_RV rv;

	if (outcome != OUTCOME_OK)
		return outcome;
	rv = import(cli, session, passphrase, r);
	if (rv == CKR_PIN_INVALID && passphrase == NULL) {
		outcome = ask(cli, &asked, &passphrase);
		if (outcome != OUTCOME_OK)
			return outcome;
		rv = import(cli, session, passphrase, r);
	}
	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot import %s", cli->argument[1]);
}

/* SubjectPublicKeyInfo (RFC 8410) of an Ed25519 key in hexadecimal: what a public key is imported as. */
static enum outcome wrap_hex(const struct cli *cli, struct span text, uint8_t *der, size_t room, struct span *out)
{
	struct der_writer w = der_writer_of(mspan(der, room));
	const struct key_type *type = key_type_named("ed25519");
	uint8_t bits[1 + 32] = { 0 };
	size_t n = 0, end = w.start;

	while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
		text.n--;
	if (cf_failed(hex_decode(text, mspan(bits + 1, 32), &n)) || n != 32)
		return fail(OUTCOME_FAILED, "%s does not hold the 64 hexadecimal digits of a public key", cli->argument[1]);
	der_put_element(&w, DER_BIT_STRING, SPAN_OF(bits));
	n = w.start;
	der_put(&w, key_type_params(type));
	der_wrap(&w, DER_SEQUENCE, n);
	der_wrap(&w, DER_SEQUENCE, end);
	*out = der_written(&w);
	return OUTCOME_OK;
}

static bool is_hex(struct span text)
{
	return text.n >= 64 && text.n <= 66 && text.p[0] != '-' && text.p[0] != 's';
}

/* With --public, a file that holds a private key is refused: it was not meant. */
static enum outcome check_public(const struct cli *cli, CK_SESSION_HANDLE session, const struct request *r)
{
	if (!option_given(cli, "public") || r->private_key == CK_INVALID_HANDLE)
		return OUTCOME_OK;
	(void)cli->p11->C_DestroyObject(session, r->private_key);
	(void)cli->p11->C_DestroyObject(session, r->public_key);
	return fail(OUTCOME_FAILED, "%s holds a private key, and --public was given", cli->argument[1]);
}

enum outcome cmd_key_import(struct cli *cli)
{
	const char *label = option_text(cli, "label");
	struct request r = {
		.label = label == NULL ? "" : label,
		.extractable = option_given(cli, "extractable") ? CK_TRUE : CK_FALSE,
	};
	AUTO(guarded) file = NULL;
	uint8_t der[64];
	CK_SESSION_HANDLE session;
	enum outcome outcome = key_id_option(cli, r.id, &r.id_n);

	if (outcome == OUTCOME_OK)
		outcome = file_read_guarded(cli->argument[1], FILE_MAX, &file);
	if (outcome != OUTCOME_OK)
		return outcome;
	r.file = guarded_bytes(file);
	if (option_given(cli, "public") && is_hex(r.file))
		outcome = wrap_hex(cli, r.file, der, sizeof(der), &r.file);
	if (outcome == OUTCOME_OK)
		outcome = session_unlock(cli, CKF_RW_SESSION, &session);
	if (outcome == OUTCOME_OK && r.id_n != 0)
		outcome = key_id_is_free(cli, session, span(r.id, r.id_n));
	if (outcome == OUTCOME_OK)
		outcome = import_asking(cli, session, &r);
	if (outcome == OUTCOME_OK)
		outcome = check_public(cli, session, &r);
	if (outcome == OUTCOME_OK && r.id_n == 0)
		outcome = key_default_id(cli, session, r.public_key, r.private_key);
	return outcome == OUTCOME_OK ? key_report(cli, session, r.public_key, "Imported") : outcome;
}
