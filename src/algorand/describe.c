/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions in words, from fields.def.  What is not in the table is shown as it is, and stands out. */
#include <stdarg.h>
#include <stdio.h>

#include "algorand/pack.h"
#include "algorand/transaction.h"
#include "base/codec.h"
#include "base/error.h"

#define TEXT_MAX  2048
#define SHOWN_MAX 256 /* bytes of one value */
/* The least fee is 1000; a group may pay for 16 transactions and 256 that its applications make. */
#define FEE_HIGH 100000
#define NEST_MAX 8

enum kind {
	KIND_TEXT,
	KIND_ADDRESS,
	KIND_ALGOS,
	KIND_NUMBER,
	KIND_BYTES,
	KIND_NOTE,
	KIND_BOOL,
	KIND_COMPLETION,
	KIND_ANY,
	KIND_MAP
};
enum danger { DANGER_CALM, DANGER_LOOK, DANGER_FEE, DANGER_ENDS };

static const struct field {
	const char *path, *label;
	enum kind kind;
	enum danger danger;
} fields[] = {
#define FIELD(path, label, kind, danger) { path, label, KIND_##kind, DANGER_##danger },
#include "algorand/fields.def"
#undef FIELD
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/* Text that grows in a fixed room; what does not fit is cut. */
struct text {
	char p[TEXT_MAX];
	size_t n;
};

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->p + t->n, sizeof(t->p) - t->n, format, args);
	va_end(args);
	if (n <= 0)
		return;
	if (t->n + (size_t)n < sizeof(t->p)) {
		t->n += (size_t)n;
		return;
	}
	t->n = sizeof(t->p) - 1;
	memcpy(t->p + t->n - 3, "...", 3);
}

/* ---- values ---- */

static void add_hex(struct text *t, struct span s)
{
	char hex[2 * SHOWN_MAX + 1];
	size_t n = s.n < SHOWN_MAX ? s.n : SHOWN_MAX;

	hex_encode(span(s.p, n), hex);
	add(t, "%s", hex);
	if (s.n > n)
		add(t, "... (%zu bytes)", s.n);
}

static bool is_text(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e)
			return false;
	return true;
}

/* Only plain ASCII is shown as text: nothing else can be told from what it imitates. */
static void add_text(struct text *t, struct span s)
{
	if (!is_text(s)) {
		add(t, "0x");
		add_hex(t, s);
		return;
	}
	add(t, "\"%.*s\"", (int)(s.n < SHOWN_MAX ? s.n : SHOWN_MAX), (const char *)s.p);
	if (s.n > SHOWN_MAX)
		add(t, "... (%zu bytes)", s.n);
}

static void add_algos(struct text *t, uint64_t micro)
{
	add(t, "%llu.%06llu ALGO", (unsigned long long)(micro / 1000000),
	    (unsigned long long)(micro % 1000000));
}

static void add_completion(struct text *t, uint64_t n)
{
	static const char *const name[] = { "no-op",
					   "opt in",
					   "close out",
					   "CLEAR STATE",
					   "UPDATE THE APPLICATION",
					   "DELETE THE APPLICATION" };

	if (n < sizeof(name) / sizeof(name[0]))
		add(t, "%s", name[n]);
	else
		add(t, "%llu", (unsigned long long)n);
}

/* Anything, as it is packed. */
static void add_any(struct text *t, struct unpack *u, unsigned depth)
{
	struct pack_value v = unpack_next(u);

	switch (v.kind) {
	case PACK_UINT:
		add(t, "%llu", (unsigned long long)v.number);
		return;
	case PACK_SINT:
		add(t, "%lld", (long long)v.negative);
		return;
	case PACK_BOOL:
		add(t, "%s", v.number != 0 ? "true" : "false");
		return;
	case PACK_STR:
		add_text(t, v.bytes);
		return;
	case PACK_BIN:
		add(t, "0x");
		add_hex(t, v.bytes);
		return;
	case PACK_ARRAY:
	case PACK_MAP:
		break;
	case PACK_NONE:
	case PACK_NIL:
	case PACK_FLOAT:
	case PACK_EXT:
		add(t, "?");
		return;
	}
	if (depth == NEST_MAX) {
		add(t, "...");
		u->failed = true;
		return;
	}
	add(t, v.kind == PACK_MAP ? "{" : "[");
	for (uint64_t i = 0; i < v.number && !u->failed; i++) {
		add(t, i == 0 ? "" : ", ");
		if (v.kind == PACK_MAP) {
			add_any(t, u, depth + 1);
			add(t, ": ");
		}
		add_any(t, u, depth + 1);
	}
	add(t, v.kind == PACK_MAP ? "}" : "]");
}

static enum pack_kind packed_as(enum kind kind)
{
	switch (kind) {
	case KIND_TEXT:
		return PACK_STR;
	case KIND_ADDRESS:
	case KIND_BYTES:
	case KIND_NOTE:
		return PACK_BIN;
	case KIND_ALGOS:
	case KIND_NUMBER:
	case KIND_COMPLETION:
		return PACK_UINT;
	case KIND_BOOL:
		return PACK_BOOL;
	case KIND_ANY:
	case KIND_MAP:
		break;
	}
	return PACK_NONE;
}

static bool add_value(struct text *t, enum kind kind, struct span packed, uint64_t *number)
{
	struct unpack u = unpack_of(packed);
	char address[ADDRESS_TEXT + 1];
	struct pack_value v;

	if (kind == KIND_ANY) {
		add_any(t, &u, 0);
		return true;
	}
	v = unpack_expect(&u, packed_as(kind));
	*number = v.number;
	if (u.failed || (kind == KIND_ADDRESS && v.bytes.n != ADDRESS_SIZE))
		return false;
	if (kind == KIND_ADDRESS) {
		address_encode(v.bytes.p, address);
		add(t, "%s", address);
	} else if (kind == KIND_ALGOS) {
		add_algos(t, v.number);
	} else if (kind == KIND_COMPLETION) {
		add_completion(t, v.number);
	} else if (kind == KIND_BOOL) {
		add(t, "%s", v.number != 0 ? "yes" : "no");
	} else if (kind == KIND_NUMBER) {
		add(t, "%llu", (unsigned long long)v.number);
	} else if (kind == KIND_BYTES) {
		add_hex(t, v.bytes);
	} else {
		add_text(t, v.bytes);
	}
	return true;
}

static bool is_dangerous(enum danger danger, uint64_t number)
{
	switch (danger) {
	case DANGER_LOOK:
		return true;
	case DANGER_FEE:
		return number > FEE_HIGH;
	case DANGER_ENDS:
		return number >= 3; /* clears the state, updates, deletes */
	case DANGER_CALM:
		break;
	}
	return false;
}

/* ---- all of it ---- */

struct describing {
	txn_line line;
	void *arg;
};

/* The field at a path of one or two names. */
static struct span at_path(const struct txn *t, const char *path)
{
	const char *dot = strchr(path, '.');
	char first[16];
	struct txn inner;

	if (dot == NULL)
		return txn_field(t, path);
	(void)snprintf(first, sizeof(first), "%.*s", (int)(dot - path), path);
	inner = (struct txn){ .body = txn_field(t, first) };
	return txn_field(&inner, dot + 1);
}

static struct cf_status show_known(const struct txn *t, const struct describing *d)
{
	for (size_t i = 0; i < FIELDS; i++) {
		const struct field *f = &fields[i];
		struct span packed = at_path(t, f->path);
		struct text text = { .n = 0 };
		uint64_t number = 0;

		if (packed.n == 0 || f->kind == KIND_MAP)
			continue;
		if (!add_value(&text, f->kind, packed, &number))
			return error_set(CF_STATUS(CORRUPT),
					 "the transaction's field \"%s\" is not of its kind",
					 f->path);
		d->line(f->label, text.p, is_dangerous(f->danger, number), d->arg);
	}
	return CF_OK;
}

static bool is_known(const char *prefix, struct span name)
{
	size_t n = strlen(prefix);

	for (size_t i = 0; i < FIELDS; i++)
		if (strncmp(fields[i].path, prefix, n) == 0 &&
		    strchr(fields[i].path + n, '.') == NULL &&
		    span_eq(name, span_str(fields[i].path + n)))
			return true;
	return false;
}

/* Fields that are newer than this program. */
static void show_unknown(struct span map, const char *prefix, const struct describing *d)
{
	struct unpack u = unpack_of(map);
	uint64_t pairs = map.n == 0 ? 0 : unpack_expect(&u, PACK_MAP).number;

	for (uint64_t i = 0; i < pairs && !u.failed; i++) {
		struct span name = unpack_expect(&u, PACK_STR).bytes, value = unpack_whole(&u);
		struct text label = { .n = 0 }, text = { .n = 0 };
		struct unpack in = unpack_of(value);

		if (is_known(prefix, name))
			continue;
		add(&label, "UNKNOWN FIELD %s", prefix);
		add_text(&label, name);
		add_any(&text, &in, 0);
		d->line(label.p, text.p, true, d->arg);
	}
}

/* What a transaction says by leaving a field out. */
static void show_left_out(const struct txn *t, const struct describing *d)
{
	struct unpack u = unpack_of(txn_field(t, "type"));
	struct span type = unpack_expect(&u, PACK_STR).bytes;

	if (span_eq(type, span_str("acfg")) && txn_field(t, "caid").n != 0 &&
	    txn_field(t, "apar").n == 0)
		d->line("DESTROY THE ASSET", "yes", true, d->arg);
	if ((span_eq(type, span_str("pay")) && txn_field(t, "rcv").n == 0) ||
	    (span_eq(type, span_str("axfer")) && txn_field(t, "arcv").n == 0))
		d->line("NO RECEIVER", "it goes to the zero address and is lost", true, d->arg);
}

struct cf_status txn_describe(const struct txn *t, txn_line line, void *arg)
{
	struct describing d = { line, arg };

	CF_TRY(show_known(t, &d));
	show_unknown(t->body, "", &d);
	show_unknown(txn_field(t, "apar"), "apar.", &d);
	show_left_out(t, &d);
	return CF_OK;
}
