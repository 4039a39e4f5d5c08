/* SPDX-License-Identifier: Apache-2.0 */
/* Standard output: lines and tables for people, one JSON value for programs. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/codec.h"
#include "base/mem.h"
#include "cli/cli.h"

void out_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vprintf(format, args);
	va_end(args);
	(void)putchar('\n');
}

void out_bytes(struct span s)
{
	(void)fwrite(s.p, 1, s.n, stdout);
}

enum outcome out_json(json_t *value)
{
	must(value);
	(void)json_dumpf(value, stdout, JSON_INDENT(2));
	(void)putchar('\n');
	json_decref(value);
	return OUTCOME_OK;
}

enum outcome out_finish(enum outcome outcome)
{
	bool failed = ferror(stdout) != 0;

	errno = 0;
	if (fflush(stdout) == 0 && !failed)
		return outcome;
	return outcome != OUTCOME_OK ? outcome : fail_errno(errno == 0 ? EIO : errno, "cannot write to standard output");
}

/* ---- text of unknown origin ---- */

/* The length of the UTF-8 character at the start of `s`, and its code point; 0 when there is none. RFC 3629 */
static size_t utf8_at(struct span s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s.n == 0 ? 0 : s.p[0] < 0x80 ? 1 : s.p[0] < 0xc0 ? 0 : s.p[0] < 0xe0 ? 2 : s.p[0] < 0xf0 ? 3 : s.p[0] < 0xf5 ? 4 : 0;

	if (n == 0 || n > s.n)
		return 0;
	*code = n == 1 ? s.p[0] : s.p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s.p[i] & 0x3fu);
	}
	return *code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff) ? 0 : n;
}

/* What a terminal acts upon, and what makes a line read otherwise than it is. */
static bool is_harmless(uint32_t code)
{
	return code >= 0x20 && !(code >= 0x7f && code < 0xa0) && !(code >= 0x200b && code <= 0x200f) &&
	       !(code >= 0x2028 && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069) && code != 0xfeff;
}

char *printable(struct span text)
{
	char *out = must(mem_alloc(4 * text.n + 1)), *at = out;

	while (text.n > 0) {
		uint32_t code;
		size_t n = utf8_at(text, &code);

		if (n > 0 && is_harmless(code)) {
			memcpy(at, text.p, n);
			at += n;
		} else {
			n = n == 0 ? 1 : n;
			for (size_t i = 0; i < n; i++)
				at += snprintf(at, 5, "\\x%02x", text.p[i]);
		}
		text = span_skip(text, n);
	}
	*at = '\0';
	return out;
}

json_t *json_text(struct span text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	AUTO_FREE char *out = must(mem_alloc(3 * text.n + 1));
	size_t used = 0;

	while (text.n > 0) {
		uint32_t code;
		size_t n = utf8_at(text, &code);

		memcpy(out + used, n > 0 ? (const char *)text.p : replacement, n > 0 ? n : 3);
		used += n > 0 ? n : 3;
		text = span_skip(text, n > 0 ? n : 1);
	}
	return must(json_stringn(out, used));
}

json_t *json_hex(struct span s)
{
	AUTO_FREE char *hex = must(mem_alloc(2 * s.n + 1));

	hex_encode(s, hex);
	return must(json_string(hex));
}

struct span unpadded(const CK_UTF8CHAR *text, size_t n)
{
	while (n > 0 && text[n - 1] == ' ')
		n--;
	return span(text, n);
}

/* ---- tables ---- */

struct table {
	unsigned columns;
	char **cell;
	size_t count, room;
};

struct table *table_new(unsigned columns, const char *const *head)
{
	struct table *t = must(NEW(table));

	t->columns = columns;
	for (unsigned i = 0; head != NULL && i < columns; i++)
		table_cell(t, head[i]);
	return t;
}

void table_cell(struct table *t, const char *text)
{
	if (t->count == t->room) {
		t->room = t->room == 0 ? 32 : 2 * t->room;
		t->cell = must(mem_resize(t->cell, t->room * sizeof(char *)));
	}
	t->cell[t->count++] = printable(span_str(text));
}

void table_free(struct table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->count; i++)
		mem_free(t->cell[i]);
	mem_free(t->cell);
	mem_free(t);
}

/* Characters, not bytes. */
static int width(const char *text)
{
	int n = 0;

	for (; *text != '\0'; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static int column_width(const struct table *t, unsigned column)
{
	int widest = 0;

	for (size_t i = column; i < t->count; i += t->columns)
		if (width(t->cell[i]) > widest)
			widest = width(t->cell[i]);
	return widest;
}

void table_print(const struct table *t)
{
	AUTO_FREE int *wide = must(mem_array(t->columns, sizeof(int)));

	for (unsigned c = 0; c < t->columns; c++)
		wide[c] = column_width(t, c);
	for (size_t i = 0; i < t->count; i++) {
		unsigned column = (unsigned)(i % t->columns);

		(void)fputs(t->cell[i], stdout);
		if (column + 1 == t->columns)
			(void)putchar('\n');
		else
			(void)printf("%*s", wide[column] - width(t->cell[i]) + 2, "");
	}
}
