/* SPDX-License-Identifier: Apache-2.0 */
/* Keys from the words of BIP-39 by SLIP-0010, for networks other than Algorand. */
#include <sodium.h>

#include "algorand/bip39.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/algorand.h"

/* A network's path has the account's number between two parts. */
static const struct network {
	const char *name, *before, *after;
} networks[] = {
	{ "solana", "m/44'/501'/", "'/0'" }, /* as its wallets derive; there is no standard of its own */
	{ "stellar", "m/44'/148'/", "'" },   /* SEP-0005 */
};
static const char *const network_names[] = { "solana", "stellar", NULL };
static const char *const word_counts[] = { "12", "15", "18", "21", "24", NULL };

const struct option_row options_mnemonic_new[] = {
	{ "words", "N", "how many words; 24 when it is left out", word_counts },
	OPTION_END,
};
const struct option_row options_mnemonic_import[] = {
	{ "network", "NETWORK", "whose path is taken", network_names },
	{ "account", "N", "which account of that network; 0 when it is left out", NULL },
	{ "path", "PATH", "the path itself, \"m/44'/501'/0'/0'\" say; every index is hardened", NULL },
	{ "label", "LABEL", "the key's label", NULL },
	OPTIONS_MNEMONIC,
	OPTIONS_SECRET("passphrase", "passphrase that belongs to the words"),
	OPTIONS_PIN,
	OPTION_END,
};

/* ---- new words ---- */

struct making {
	size_t entropy;
	struct mspan text;
	size_t n;
};

static void make_in_scope(struct vault_scope *scope, void *arg)
{
	struct making *m = arg;
	uint8_t entropy[BIP39_ENTROPY_MAX];

	randombytes_buf(entropy, m->entropy);
	m->n = bip39_encode(scope, span(entropy, m->entropy), m->text);
}

enum outcome cmd_mnemonic_new(struct cli *cli)
{
	AUTO(guarded) text = NULL;
	unsigned long words = 24;
	struct making m;
	enum outcome outcome = option_number(cli, "words", 12, BIP39_WORDS_MAX, &words);

	if (outcome == OUTCOME_OK && cli->json)
		outcome = fail(OUTCOME_USAGE, "words are printed as they are: there is no --json for them");
	if (outcome != OUTCOME_OK)
		return outcome;
	m.entropy = words / 3 * 4;
	if (cf_failed(guarded_new(BIP39_TEXT_MAX, &text)))
		return fail_status(CF_STATUS(NOMEM), "cannot make words");
	m.text = guarded_room(text);
	if (cf_failed(vault_run(make_in_scope, &m)))
		return fail_status(CF_STATUS(NOMEM), "cannot make words");
	guarded_use(text, m.n);
	return words_text_print(text);
}

/* ---- a key of words ---- */

static void decode_bip39(struct vault_scope *scope, void *arg)
{
	struct words *w = arg;

	w->good = bip39_decode(scope, w->text, w->out.p, &w->out_n, w->fault);
}

static const struct words_kind words_bip39 = { "mnemonic", 12, BIP39_WORDS_MAX, BIP39_WORDS_TEXT, decode_bip39 };

static enum outcome path_of(const struct cli *cli, struct slip10_path *path)
{
	const char *network = option_text(cli, "network"), *given = option_text(cli, "path");
	unsigned long account = 0;
	char text[64];
	enum outcome outcome = option_number(cli, "account", 0, 0x7fffffff, &account);

	if (outcome != OUTCOME_OK)
		return outcome;
	if ((network == NULL) == (given == NULL))
		return fail(OUTCOME_USAGE, "give --network, or --path");
	for (size_t i = 0; network != NULL && i < sizeof(networks) / sizeof(networks[0]); i++) {
		if (strcmp(networks[i].name, network) != 0)
			continue;
		(void)snprintf(text, sizeof(text), "%s%lu%s", networks[i].before, account, networks[i].after);
		given = text;
	}
	return cf_ok(slip10_path_parse(given, path)) ? OUTCOME_OK : fail(OUTCOME_USAGE, "%s", error_text());
}

struct deriving {
	struct span text, passphrase;
	const struct slip10_path *path;
	struct mspan key;
	bool ascii;
};

static void derive_in_scope(struct vault_scope *scope, void *arg)
{
	struct deriving *d = arg;
	uint8_t seed[BIP39_SEED_SIZE];

	d->ascii = true;
	for (size_t i = 0; i < d->passphrase.n; i++)
		if (d->passphrase.p[i] < 0x20 || d->passphrase.p[i] > 0x7e)
			d->ascii = false;
	if (!d->ascii)
		return;
	bip39_seed(scope, d->text, d->passphrase, seed);
	slip10_derive(scope, SPAN_OF(seed), d->path, d->key.p);
}

static enum outcome derive(const struct guarded *text, const struct guarded *passphrase_opt, const struct slip10_path *path,
			   struct guarded **key)
{
	AUTO(guarded) g = NULL;
	struct deriving d = { .text = guarded_bytes(text), .path = path };

	if (passphrase_opt != NULL)
		d.passphrase = guarded_bytes(passphrase_opt);
	if (cf_failed(guarded_new(SEED_SIZE, &g)))
		return fail_status(CF_STATUS(NOMEM), "cannot derive the key");
	d.key = guarded_room(g);
	if (cf_failed(vault_run(derive_in_scope, &d)))
		return fail_status(CF_STATUS(NOMEM), "cannot derive the key");
	if (!d.ascii)
		return fail(OUTCOME_FAILED, "the passphrase has other characters than ASCII's, which BIP-39 normalises (NFKD) and coffer does not");
	guarded_use(g, SEED_SIZE);
	*key = TAKE(g);
	return OUTCOME_OK;
}

/* Everything that is secret; what comes out is the seed of the key. */
static enum outcome key_of_words(const struct cli *cli, const struct slip10_path *path, struct guarded **key)
{
	AUTO(guarded) entropy = NULL;
	AUTO(guarded) text = NULL;
	AUTO(guarded) passphrase = NULL;
	enum outcome outcome = words_ask(cli, &words_bip39, &entropy, &text);

	if (outcome == OUTCOME_OK && ask_given(cli, "passphrase"))
		outcome = ask(cli, &(struct ask){ .prefix = "passphrase", .what = "passphrase that belongs to the words" }, &passphrase);
	return outcome == OUTCOME_OK ? derive(text, passphrase, path, key) : outcome;
}

enum outcome cmd_mnemonic_import(struct cli *cli)
{
	const char *label = option_text(cli, "label");
	struct account_new how = { .label = span_str(label == NULL ? "" : label) };
	AUTO_ACCOUNTS found = ACCOUNTS_INIT;
	AUTO(guarded) key = NULL;
	CK_SESSION_HANDLE session;
	struct slip10_path path;
	uint8_t point[ADDRESS_SIZE];
	char hex[2 * ADDRESS_SIZE + 1];
	enum outcome outcome = path_of(cli, &path);

	if (outcome == OUTCOME_OK)
		outcome = session_unlock(cli, CKF_RW_SESSION, &session);
	if (outcome == OUTCOME_OK)
		outcome = key_of_words(cli, &path, &key);
	if (outcome == OUTCOME_OK)
		outcome = seed_address(key, point);
	if (outcome == OUTCOME_OK)
		outcome = account_find(cli, session, point, &found);
	if (outcome != OUTCOME_OK)
		return outcome;
	hex_encode(SPAN_OF(point), hex);
	if (found.count != 0)
		return fail(OUTCOME_EXISTS, "the wallet has the key %s already", hex);
	outcome = account_add(cli, session, key, point, &how);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (cli->json)
		return out_json(json_pack("{s:s, s:s}", "id", hex, "label", label == NULL ? "" : label));
	out_line("Imported the key %s", hex);
	return OUTCOME_OK;
}
