/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "base/codec.h"
#include "base/mem.h"
#include "cli/keys.h"
#include "vault/scope.h"

static const char *const formats[] = { "pem", "spki", "pkcs8", "der", "openssh", "hex", NULL };

const struct option_row options_key_export[] = {
	OPTION_KEY,
	{ "public", NULL, "the public key alone, which needs no PIN", NULL },
	{ "format", "FORMAT",
	  "public: spki (PEM, what is taken when it is left out), der, openssh, hex; private: pkcs8 (PEM), der", formats },
	{ "out", "FILE", "a new file to write to; \"-\" is standard output", NULL },
	{ "plain", NULL, "write the private key without a passphrase, for everybody to read who gets the file", NULL },
	OPTIONS_SECRET("passphrase", "passphrase to encrypt the private key with"),
	OPTIONS_PIN,
	OPTION_END,
};

/* "pem" is either kind's text form. */
static bool is_format(const struct cli *cli, const char *name, const char *standard)
{
	const char *given = option_text(cli, "format");

	if (given == NULL || strcmp(given, "pem") == 0)
		given = standard;
	return strcmp(given, name) == 0;
}

static const char *destination(const struct cli *cli)
{
	const char *out = option_text(cli, "out");

	return out == NULL ? "-" : out;
}

static enum outcome written(const struct cli *cli, const char *what)
{
	const char *out = destination(cli);
	AUTO_FREE char *shown = printable(span_str(out));

	if (strcmp(out, "-") != 0)
		out_line("Wrote %s to %s", what, shown);
	return OUTCOME_OK;
}

/* ---- public ---- */

static enum outcome public_text(const struct cli *cli, const struct key_row *row, struct buf *out)
{
	AUTO_FREE char *hex = NULL;

	if (is_format(cli, "openssh", "spki"))
		return openssh_text(out, row);
	if (is_format(cli, "hex", "spki")) {
		hex = must(mem_alloc(2 * row->point.n + 1));
		hex_encode(row->point, hex);
		buf_bytes(out, span_str(hex));
		buf_bytes(out, span_str("\n"));
		return OUTCOME_OK;
	}
	if (row->info.n == 0)
		return fail(OUTCOME_FAILED, "the wallet has no SubjectPublicKeyInfo of this %s key", key_type_text(row));
	if (is_format(cli, "der", "spki"))
		buf_bytes(out, row->info);
	else if (is_format(cli, "spki", "spki"))
		pem_text(out, "PUBLIC KEY", row->info);
	else
		return fail(OUTCOME_USAGE, "pkcs8 is a format of private keys");
	return OUTCOME_OK;
}

static enum outcome export_public(const struct cli *cli)
{
	AUTO_KEYS key = KEY_ROWS_INIT;
	AUTO_BUF text = BUF_INIT(1 << 16);
	CK_SESSION_HANDLE session;
	enum outcome outcome = session_unlock_if_given(cli, 0, &session);

	if (option_given(cli, "plain") || ask_given(cli, "passphrase"))
		return fail(OUTCOME_USAGE, "a public key needs neither --plain nor a passphrase");
	if (outcome == OUTCOME_OK)
		outcome = key_chosen(cli, session, &key);
	if (outcome == OUTCOME_OK)
		outcome = public_text(cli, &key.row[0], &text);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (cf_failed(buf_status(&text)))
		must(NULL);
	outcome = file_write(destination(cli), 0666, buf_span(&text));
	return outcome == OUTCOME_OK ? written(cli, "the public key") : outcome;
}

/* ---- private ---- */

#define PEM_BYTES 48 /* of a line of 64 characters */

/* PEM of a private key, from guarded memory to guarded memory. */
struct pem {
	const char *label;
	struct span der;
	struct mspan room;
	size_t n;
};

static size_t pem_size(size_t n)
{
	return 2 * 64 + (n + PEM_BYTES - 1) / PEM_BYTES * 65 + 1;
}

static void pem_put(struct vault_scope *scope, struct pem *pem, const char *text)
{
	(void)scope;
	bytes_copy(pem->room.p + pem->n, text, strlen(text));
	pem->n += strlen(text);
}

static void pem_in_scope(struct vault_scope *scope, void *arg)
{
	struct pem *pem = arg;
	struct span rest = pem->der;

	pem_put(scope, pem, "-----BEGIN ");
	pem_put(scope, pem, pem->label);
	pem_put(scope, pem, "-----\n");
	while (rest.n > 0) {
		size_t n = rest.n < PEM_BYTES ? rest.n : PEM_BYTES;
		char *at = (char *)pem->room.p + pem->n;

		(void)sodium_bin2base64(at, pem->room.n - pem->n, rest.p, n, sodium_base64_VARIANT_ORIGINAL);
		pem->n += (n + 2) / 3 * 4;
		pem_put(scope, pem, "\n");
		rest = span_skip(rest, n);
	}
	pem_put(scope, pem, "-----END ");
	pem_put(scope, pem, pem->label);
	pem_put(scope, pem, "-----\n");
}

static enum outcome write_private(const struct cli *cli, const struct guarded *der, bool encrypted)
{
	AUTO(guarded) text = NULL;
	struct pem pem = { encrypted ? "ENCRYPTED PRIVATE KEY" : "PRIVATE KEY", guarded_bytes(der), { NULL, 0 }, 0 };
	struct cf_status status;

	if (is_format(cli, "der", "pkcs8"))
		return file_write(destination(cli), 0600, pem.der);
	status = guarded_new(pem_size(pem.der.n), &text);
	if (cf_ok(status)) {
		pem.room = guarded_room(text);
		status = vault_run(pem_in_scope, &pem);
	}
	if (cf_failed(status))
		return fail_status(status, "cannot write the key");
	return file_write(destination(cli), 0600, span(pem.room.p, pem.n));
}

static CK_RV take_out(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
		      const struct guarded *passphrase_opt, struct guarded **out)
{
	AUTO(guarded) der = NULL;
	struct span passphrase = passphrase_opt == NULL ? SPAN_EMPTY : guarded_bytes(passphrase_opt);
	CK_UTF8CHAR_PTR p = (CK_UTF8CHAR_PTR)(uintptr_t)passphrase.p;
	CK_ULONG n = 0;
	CK_RV rv = cli->coffer->ExportKey(session, key, p, passphrase.n, NULL, &n);

	if (rv != CKR_OK)
		return rv;
	if (cf_failed(guarded_new(n, &der)))
		return CKR_DEVICE_MEMORY;
	rv = cli->coffer->ExportKey(session, key, p, passphrase.n, guarded_room(der).p, &n);
	guarded_use(der, n);
	if (rv == CKR_OK)
		*out = TAKE(der);
	return rv;
}

/* Before anything is asked for. */
static enum outcome check_private(const struct cli *cli)
{
	bool plain = option_given(cli, "plain");

	if (!is_format(cli, "pkcs8", "pkcs8") && !is_format(cli, "der", "pkcs8"))
		return fail(OUTCOME_USAGE, "a private key is written as pkcs8 or der; --public writes the public key");
	if (plain && ask_given(cli, "passphrase"))
		return fail(OUTCOME_USAGE, "give --plain or a passphrase, not both");
	if (plain && option_text(cli, "out") == NULL)
		return fail(OUTCOME_USAGE, "--plain needs --out FILE, or --out - for standard output");
	return OUTCOME_OK;
}

static enum outcome export_private(const struct cli *cli)
{
	const struct ask asked = { .prefix = "passphrase", .what = "passphrase for the exported key", .twice = true };
	AUTO_KEYS key = KEY_ROWS_INIT;
	AUTO(guarded) passphrase = NULL;
	AUTO(guarded) der = NULL;
	CK_SESSION_HANDLE session;
	enum outcome outcome = check_private(cli);
	CK_RV rv;

	if (outcome == OUTCOME_OK)
		outcome = session_unlock(cli, 0, &session);
	if (outcome == OUTCOME_OK)
		outcome = key_chosen(cli, session, &key);
	if (outcome == OUTCOME_OK && key.row[0].private_key == CK_INVALID_HANDLE)
		outcome = fail(OUTCOME_NOT_FOUND, "the wallet has no private half of this key; --public writes the public one");
	if (outcome == OUTCOME_OK && !option_given(cli, "plain"))
		outcome = ask(cli, &asked, &passphrase);
	if (outcome != OUTCOME_OK)
		return outcome;
	rv = take_out(cli, session, key.row[0].private_key, passphrase, &der);
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot export the key");
	outcome = write_private(cli, der, passphrase != NULL);
	return outcome == OUTCOME_OK ? written(cli, "the private key") : outcome;
}

enum outcome cmd_key_export(struct cli *cli)
{
	if (cli->json)
		return fail(OUTCOME_USAGE, "key export has no --json: what it writes is a key; see key show --json");
	return option_given(cli, "public") ? export_public(cli) : export_private(cli);
}
