/* SPDX-License-Identifier: Apache-2.0 */
#include "secrets.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW 16
#define FILTER_BITS 20
#define TABLE_BITS 18

/* A byte string to be looked for. */
struct form {
	enum kind kind;
	bool original; /* as it was added */
	size_t n;
	uint8_t *p;
	size_t seen;   /* end of its last hit in the buffer that is scanned, plus 1 */
};

/* One 8-byte window of a form. */
struct window {
	uint64_t word;
	uint32_t form, at; /* form is its index plus 1; 0: an empty place */
};

struct secrets {
	struct form *form;
	size_t forms, room, windows;
	uint64_t filter[1 << (FILTER_BITS - 6)];
	struct window table[1 << TABLE_BITS];
};

static const char *const names[KINDS] = {
	[KIND_PIN] = "PINs",	       [KIND_STRETCHED] = "Argon2id", [KIND_KEK] = "KEKs",
	[KIND_WALLET_KEY] = "wallet key", [KIND_COFFER_KEY] = "coffer key", [KIND_SEED] = "seeds",
	[KIND_SCALAR] = "scalars",     [KIND_PREFIX] = "prefixes",    [KIND_NONCE] = "nonces",
	[KIND_VALUE] = "values",       [KIND_LABEL] = "labels",	      [KIND_MONTGOMERY] = "X25519/448",
	[KIND_HMAC] = "HMAC",	       [KIND_AES] = "AES",	      [KIND_RSA] = "RSA",
	[KIND_EC] = "EC",	       [KIND_DH] = "DH",	      [KIND_KEY] = "other keys",
	[KIND_PQC] = "PQC",
	[KIND_DERIVED] = "derived",
};

const char *kind_name(enum kind k)
{
	return names[k];
}

struct secrets *secrets_new(void)
{
	struct secrets *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	return s;
}

void secrets_free(struct secrets *s)
{
	for (size_t i = 0; i < s->forms; i++)
		free(s->form[i].p);
	free(s->form);
	free(s);
}

static uint64_t word_at(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static uint64_t hash(uint64_t word)
{
	return word * 0x9e3779b97f4a7c15u;
}

static void enter_window(struct secrets *s, uint64_t word, size_t form, size_t at)
{
	uint64_t h = hash(word) >> (64 - FILTER_BITS);
	size_t i = (size_t)(hash(word) >> (64 - TABLE_BITS));

	if (s->windows++ > sizeof(s->table) / sizeof(s->table[0]) / 2)
		abort(); /* a larger table is needed */
	s->filter[h / 64] |= (uint64_t)1 << (h % 64);
	while (s->table[i].form != 0)
		i = (i + 1) % (sizeof(s->table) / sizeof(s->table[0]));
	s->table[i] = (struct window){ word, (uint32_t)form + 1, (uint32_t)at };
}

static bool known(const struct secrets *s, enum kind k, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < s->forms; i++)
		if (s->form[i].kind == k && s->form[i].n == n && memcmp(s->form[i].p, p, n) == 0)
			return true;
	return false;
}

static void add_form(struct secrets *s, enum kind k, const uint8_t *p, size_t n, bool original)
{
	if (n < WINDOW || known(s, k, p, n))
		return;
	if (s->forms == s->room) {
		s->room = s->room == 0 ? 256 : 2 * s->room;
		s->form = realloc(s->form, s->room * sizeof(*s->form));
		if (s->form == NULL)
			abort();
	}
	s->form[s->forms] = (struct form){ k, original, n, malloc(n), 0 };
	if (s->form[s->forms].p == NULL)
		abort();
	memcpy(s->form[s->forms].p, p, n);
	for (size_t at = 0; at + 8 <= n; at++)
		enter_window(s, word_at(p + at), s->forms, at);
	s->forms++;
}

/* The order of `width`-byte words reversed, or the bytes within each, or both. */
static void reorder(const uint8_t *p, size_t n, size_t width, bool words, bool bytes, uint8_t *out)
{
	size_t count = n / width;

	for (size_t w = 0; w < count; w++)
		for (size_t b = 0; b < width; b++)
			out[(words ? count - 1 - w : w) * width + (bytes ? width - 1 - b : b)] =
				p[w * width + b];
}

void secrets_add_form(struct secrets *s, enum kind k, const void *p, size_t n)
{
	add_form(s, k, p, n, true);
}

void secrets_add(struct secrets *s, enum kind k, const void *p, size_t n)
{
	static const struct {
		size_t width;
		bool words, bytes;
	} orders[] = {
		{ 1, true, false }, { 4, false, true }, { 8, false, true }, { 4, true, false }, { 8, true, false },
	};
	uint8_t *turned = malloc(n);

	if (turned == NULL)
		abort();
	add_form(s, k, p, n, true);
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		size_t whole = n / orders[i].width * orders[i].width;

		reorder(p, whole, orders[i].width, orders[i].words, orders[i].bytes, turned);
		add_form(s, k, turned, whole, false);
	}
	free(turned);
}

bool secrets_any(const struct secrets *s, enum kind k)
{
	for (size_t i = 0; i < s->forms; i++)
		if (s->form[i].kind == k)
			return true;
	return false;
}

size_t secrets_count(const struct secrets *s)
{
	return s->forms;
}

const uint8_t *secrets_at(const struct secrets *s, size_t i, size_t *n)
{
	*n = s->form[i].original ? s->form[i].n : 0;
	return s->form[i].p;
}

/* The word at `at` of the buffer is the form's at `in`: how far do they agree on both sides? */
static void compare(struct form *f, size_t in, const uint8_t *p, size_t n, size_t at, found_fn found,
		    void *arg)
{
	size_t before = 0, after = 8;

	if (at < f->seen)
		return; /* a part of the last one */
	while (before < in && before < at && f->p[in - before - 1] == p[at - before - 1])
		before++;
	while (in + after < f->n && at + after < n && f->p[in + after] == p[at + after])
		after++;
	if (before + after < WINDOW)
		return;
	f->seen = at + after;
	found(f->kind, at - before, before + after, arg);
}

static void look_up(struct secrets *s, uint64_t word, const uint8_t *p, size_t n, size_t at, found_fn found,
		    void *arg)
{
	size_t i = (size_t)(hash(word) >> (64 - TABLE_BITS));

	for (; s->table[i].form != 0; i = (i + 1) % (sizeof(s->table) / sizeof(s->table[0])))
		if (s->table[i].word == word)
			compare(&s->form[s->table[i].form - 1], s->table[i].at, p, n, at, found, arg);
}

void secrets_scan(struct secrets *s, const uint8_t *p, size_t n, found_fn found, void *arg)
{
	for (size_t i = 0; i < s->forms; i++)
		s->form[i].seen = 0;
	for (size_t at = 0; at + 8 <= n; at += 8) {
		uint64_t word = word_at(p + at), h;

		if (word == 0)
			continue;
		h = hash(word) >> (64 - FILTER_BITS);
		if ((s->filter[h / 64] >> (h % 64) & 1) != 0)
			look_up(s, word, p, n, at, found, arg);
	}
}
