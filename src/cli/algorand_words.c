/* SPDX-License-Identifier: Apache-2.0 */
/* Mnemonics in and out, and other secrets that commands of Algorand handle: in guarded memory and in scopes only. */
#include <errno.h>
#include <sodium.h>
#include <unistd.h>

#include "algorand/derive.h"
#include "algorand/mnemonic.h"
#include "base/error.h"
#include "cli/algorand.h"
#include "vault/scope.h"

#define WORDS_ROOM 512

/* ---- seeds ---- */

struct making {
	struct span key;
	struct mspan out;
	uint8_t *address;
	bool first_index;
};

static void address_in_scope(struct vault_scope *scope, void *arg)
{
	struct making *w = arg;
	uint8_t pair[64], seed[SEED_SIZE];

	if (w->first_index)
		derive_seed(scope, w->key.p, DERIVE_INDEX_FIRST, seed);
	else
		memcpy(seed, w->key.p, SEED_SIZE);
	(void)crypto_sign_seed_keypair(w->address, pair, seed);
}

static enum outcome address_of(const struct guarded *key, bool first_index, uint8_t address[ADDRESS_SIZE])
{
	struct making w = { .key = guarded_bytes(key), .address = address, .first_index = first_index };
	struct cf_status status = vault_run(address_in_scope, &w);

	return cf_ok(status) ? OUTCOME_OK : fail_status(status, "cannot compute the address");
}

enum outcome seed_address(const struct guarded *seed, uint8_t address[ADDRESS_SIZE])
{
	return address_of(seed, false, address);
}

enum outcome master_id_of(const struct guarded *key, uint8_t id[ADDRESS_SIZE])
{
	return address_of(key, true, id);
}

static void random_in_scope(struct vault_scope *scope, void *arg)
{
	struct making *w = arg;

	(void)scope;
	randombytes_buf(w->out.p, SEED_SIZE);
}

enum outcome seed_random(struct guarded **out)
{
	AUTO(guarded) g = NULL;
	struct making w = { .first_index = false };
	struct cf_status status = guarded_new(SEED_SIZE, &g);

	if (cf_ok(status)) {
		w.out = guarded_room(g);
		status = vault_run(random_in_scope, &w);
	}
	if (cf_failed(status))
		return fail_status(status, "cannot make a key");
	guarded_use(g, SEED_SIZE);
	*out = TAKE(g);
	return OUTCOME_OK;
}

/* ---- words in ---- */

static void decode_algorand(struct vault_scope *scope, void *arg)
{
	struct words *w = arg;

	w->good = mnemonic_decode(scope, w->text, w->out.p, w->fault);
	w->out_n = MNEMONIC_KEY_SIZE;
}

const struct words_kind words_algorand = { "mnemonic", MNEMONIC_WORDS, MNEMONIC_WORDS, "25", decode_algorand };

/* Words of a file may stand on lines of their own. */
static void spaces_in_scope(struct vault_scope *scope, void *arg)
{
	struct mspan *text = arg;

	(void)scope;
	for (size_t i = 0; i < text->n; i++)
		if (text->p[i] == '\n' || text->p[i] == '\r' || text->p[i] == '\t')
			text->p[i] = ' ';
}

struct typing {
	struct span typed;    /* the line */
	struct mspan all;     /* the words so far */
	size_t n;
	size_t place;
	bool empty;
	struct word_fault fault;
	bool good;
};

/* The one word of a line is checked and put behind the others. */
static void take_word_in_scope(struct vault_scope *scope, void *arg)
{
	struct typing *t = arg;
	struct span rest = t->typed, word, more;
	unsigned index;

	t->empty = !word_next(&rest, &word);
	t->good = false;
	if (t->empty)
		return;
	if (word_next(&rest, &more)) {
		t->fault.kind = WORD_FAULT_COUNT;
		return;
	}
	t->fault.kind = WORD_FAULT_NONE;
	if (!word_check(scope, word, t->place, &index, &t->fault) || t->n + word.n + 1 > t->all.n)
		return;
	if (t->n > 0)
		t->all.p[t->n++] = ' ';
	memcpy(t->all.p + t->n, word.p, word.n);
	t->n += word.n;
	t->good = true;
}

/* One word; asked again while it is none of the list. *empty: the line was. */
static enum outcome type_word(struct typing *t, const struct words_kind *kind)
{
	char prompt[64];

	(void)snprintf(prompt, sizeof(prompt), "word %zu of %s: ", t->place, kind->expected);
	for (;;) {
		AUTO(guarded) line = NULL;
		struct cf_status status = input_from_terminal(prompt, &line);

		if (cf_is(status, CF_CODE_NOT_FOUND))
			return fail(OUTCOME_USAGE, "there is no terminal to ask for the %s: give --mnemonic-file", kind->what);
		if (cf_failed(status))
			return fail_status(status, "cannot read the %s", kind->what);
		t->typed = guarded_bytes(line);
		if (cf_failed(vault_run(take_word_in_scope, t)))
			return fail_status(CF_STATUS(NOMEM), "cannot read the %s", kind->what);
		if (t->good || t->empty)
			return OUTCOME_OK;
		if (t->fault.kind == WORD_FAULT_COUNT)
			(void)fprintf(stderr, "one word at a time, please\n");
		else if (cf_failed(word_explain(&t->fault, kind->expected)))
			(void)fprintf(stderr, "%s\n", error_text());
	}
}

static enum outcome type_words(const struct words_kind *kind, struct guarded **out)
{
	AUTO(guarded) all = NULL;
	struct typing t = { .n = 0 };

	if (cf_failed(guarded_new(WORDS_ROOM, &all)))
		return fail_status(CF_STATUS(NOMEM), "cannot read the %s", kind->what);
	t.all = guarded_room(all);
	for (t.place = 1; t.place <= kind->most; t.place++) {
		enum outcome outcome = type_word(&t, kind);

		if (outcome != OUTCOME_OK)
			return outcome;
		/* An empty line ends a mnemonic that may be shorter. */
		if (t.empty && t.place > kind->least)
			break;
		if (t.empty)
			t.place--;
	}
	guarded_use(all, t.n);
	*out = TAKE(all);
	return OUTCOME_OK;
}

static enum outcome read_words(const struct cli *cli, const struct words_kind *kind, struct guarded **out)
{
	enum outcome outcome;
	struct mspan text;

	if (!ask_given(cli, "mnemonic"))
		return type_words(kind, out);
	outcome = ask(cli, &(struct ask){ .prefix = "mnemonic", .what = kind->what }, out);
	if (outcome != OUTCOME_OK)
		return outcome;
	text = mspan(guarded_room(*out).p, guarded_bytes(*out).n);
	return cf_ok(vault_run(spaces_in_scope, &text)) ? OUTCOME_OK :
							  fail_status(CF_STATUS(NOMEM), "cannot read the %s", kind->what);
}

enum outcome words_ask(const struct cli *cli, const struct words_kind *kind, struct guarded **out, struct guarded **words_opt)
{
	AUTO(guarded) text = NULL;
	AUTO(guarded) meaning = NULL;
	struct word_fault fault = { .kind = WORD_FAULT_NONE };
	struct words w = { .fault = &fault };
	enum outcome outcome = read_words(cli, kind, &text);

	if (outcome != OUTCOME_OK)
		return outcome;
	if (cf_failed(guarded_new(64, &meaning)))
		return fail_status(CF_STATUS(NOMEM), "cannot read the %s", kind->what);
	w.text = guarded_bytes(text);
	w.out = guarded_room(meaning);
	if (cf_failed(vault_run(kind->decode, &w)))
		return fail_status(CF_STATUS(NOMEM), "cannot read the %s", kind->what);
	if (!w.good)
		return fail_status(word_explain(&fault, kind->expected), "this is no %s", kind->what);
	guarded_use(meaning, w.out_n);
	*out = TAKE(meaning);
	if (words_opt != NULL)
		*words_opt = TAKE(text);
	return OUTCOME_OK;
}

/* ---- words out ---- */

struct showing {
	struct span key;
	struct mspan text;
	size_t n;
};

static void show_in_scope(struct vault_scope *scope, void *arg)
{
	struct showing *s = arg;

	s->n = mnemonic_encode(scope, s->key.p, s->text);
}

/* By write(2): no copy stays in a buffer of stdio's. */
static enum outcome write_all(struct span s)
{
	while (s.n > 0) {
		ssize_t n = write(STDOUT_FILENO, s.p, s.n);

		if (n < 0 && errno != EINTR)
			return fail_errno(errno, "cannot write the words");
		s = span_skip(s, n < 0 ? 0 : (size_t)n);
	}
	return OUTCOME_OK;
}

enum outcome words_text_print(const struct guarded *text)
{
	enum outcome outcome;

	(void)fflush(stdout);
	outcome = write_all(guarded_bytes(text));
	return outcome == OUTCOME_OK ? write_all(span_str("\n")) : outcome;
}

enum outcome words_print(const struct guarded *key)
{
	AUTO(guarded) text = NULL;
	struct showing s = { .key = guarded_bytes(key) };
	struct cf_status status = guarded_new(MNEMONIC_TEXT_MAX, &text);

	if (cf_ok(status)) {
		s.text = guarded_room(text);
		status = vault_run(show_in_scope, &s);
	}
	if (cf_failed(status))
		return fail_status(status, "cannot write the words");
	guarded_use(text, s.n);
	return words_text_print(text);
}

void progress(const char *what, size_t done, size_t total)
{
	if (total < 50 || !isatty(STDERR_FILENO))
		return;
	(void)fprintf(stderr, "\r%s: %zu of %zu%s", what, done, total, done == total ? "\n" : "");
	(void)fflush(stderr);
}
