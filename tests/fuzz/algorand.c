/* SPDX-License-Identifier: Apache-2.0 */
/* Algorand's formats: addresses, mnemonics, transactions, multisignatures, the daemon's sealed records. The first byte says which. */
#include "algorand/address.h"
#include "algorand/bip39.h"
#include "algorand/kmdseal.h"
#include "algorand/logicsig.h"
#include "algorand/mnemonic.h"
#include "algorand/pack.h"
#include "algorand/transaction.h"
#include "fuzz.h"
#include "vault/vault.h"

struct work {
	uint8_t which;
	struct span bytes;
};

static void line(const char *label, const char *text, bool danger, void *arg)
{
	(void)danger;
	(void)arg;
	EXPECT(label[0] != '\0' || text[0] != '\0');
}

static void transactions(struct span file)
{
	AUTO_BUF bytes = BUF_INIT(TXN_FILE_MAX);
	struct span rest;
	struct txn t;

	if (cf_failed(txn_file_bytes(file, &bytes)))
		return;
	rest = buf_span(&bytes);
	while (rest.n > 0 && cf_ok(txn_next(&rest, &t))) {
		AUTO_BUF again = BUF_INIT(TXN_FILE_MAX);
		AUTO_BUF twice = BUF_INIT(TXN_FILE_MAX);
		char id[TXN_ID_TEXT + 1];
		uint8_t address[ADDRESS_SIZE];

		/* What is shown and signed is canonical, and stays so. */
		EXPECT(cf_ok(pack_check_canonical(t.body)) && cf_ok(pack_canonical(t.body, &twice)));
		EXPECT(span_eq(buf_span(&twice), t.body));
		txn_id_text(&t, id);
		txn_sender(&t, address);
		txn_authority(&t, address);
		(void)txn_group_of(&t, 1, 0);
		(void)cf_ok(txn_describe(&t, line, NULL));
		txn_write(&t, &again);
	}
}

static void multisignature(struct span packed)
{
	static struct subsigs s, again;
	AUTO_BUF out = BUF_INIT(1 << 20);

	if (cf_failed(subsigs_parse(packed, &s)))
		return;
	subsigs_write(&s, &out);
	EXPECT(cf_ok(buf_status(&out)) && cf_ok(subsigs_parse(buf_span(&out), &again)));
	EXPECT(subsigs_count(&s) == subsigs_count(&again));
}

static void program(struct span file)
{
	AUTO_BUF out = BUF_INIT(1 << 20);
	struct logicsig l, again;

	if (cf_failed(logicsig_parse(file, &l)) || l.program.n == 0)
		return;
	logicsig_write(&l, &out);
	EXPECT(cf_ok(buf_status(&out)) && cf_ok(logicsig_parse(buf_span(&out), &again)));
	EXPECT(span_eq(l.program, again.program) && span_eq(l.multisig, again.multisig));
}

static void words(struct vault_scope *scope, const struct work *w)
{
	uint8_t key[MNEMONIC_KEY_SIZE], entropy[BIP39_ENTROPY_MAX];
	struct word_fault fault;
	size_t n;

	if (w->which % 2 == 0) {
		(void)mnemonic_decode(scope, w->bytes, key, &fault);
	} else if (bip39_decode(scope, w->bytes, entropy, &n, &fault)) {
		EXPECT(n >= 16 && n <= BIP39_ENTROPY_MAX);
	}
}

static void rest(const struct work *w)
{
	uint8_t address[ADDRESS_SIZE];
	struct slip10_path path;
	struct kmd_sealed sealed;
	char text[128] = "";

	if (cf_ok(address_decode(w->bytes, address))) {
		address_encode(address, text);
		EXPECT(span_eq(span_str(text), w->bytes));
	}
	bytes_copy(text, w->bytes.p, w->bytes.n < sizeof(text) - 1 ? w->bytes.n : sizeof(text) - 1);
	if (cf_ok(slip10_path_parse(text, &path)))
		EXPECT(path.depth <= SLIP10_DEPTH_MAX);
	(void)cf_ok(kmd_sealed_parse(w->bytes, "fuzz", &sealed));
	(void)cf_ok(pack_check_canonical(w->bytes));
}

static void in_scope(struct vault_scope *scope, void *arg)
{
	words(scope, arg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool open;
	struct feed f = { span(data, size) };
	struct work w = { .which = feed_u8(&f) };
	uint8_t *copy = fuzz_copy(f.rest);

	if (!open)
		EXPECT(cf_ok(vault_open(&(struct vault_config){ .allow_unlocked = true })));
	open = true;
	w.bytes = span(copy, f.rest.n);
	switch (w.which % 5) {
	case 0:
		transactions(w.bytes);
		break;
	case 1:
		multisignature(w.bytes);
		program(w.bytes);
		break;
	case 2:
	case 3:
		EXPECT(cf_ok(vault_run(in_scope, &w)));
		break;
	default:
		rest(&w);
		break;
	}
	free(copy);
	return 0;
}
