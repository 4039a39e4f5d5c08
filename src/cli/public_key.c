/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys as text, and text that is no secret. */
#include <sodium.h>

#include "base/mem.h"
#include "cli/keys.h"

#define PEM_COLUMNS 64

static void put_text(struct buf *out, const char *text)
{
	buf_bytes(out, span_str(text));
}

static char *base64_text(struct span s)
{
	size_t n = sodium_base64_encoded_len(s.n, sodium_base64_VARIANT_ORIGINAL);
	char *text = must(mem_alloc(n));

	return sodium_bin2base64(text, n, s.p, s.n, sodium_base64_VARIANT_ORIGINAL);
}

void pem_text(struct buf *out, const char *label, struct span der)
{
	AUTO_FREE char *text = base64_text(der);
	struct span rest = span_str(text);

	put_text(out, "-----BEGIN ");
	put_text(out, label);
	put_text(out, "-----\n");
	while (rest.n > 0) {
		size_t n = rest.n < PEM_COLUMNS ? rest.n : PEM_COLUMNS;

		buf_bytes(out, span(rest.p, n));
		put_text(out, "\n");
		rest = span_skip(rest, n);
	}
	put_text(out, "-----END ");
	put_text(out, label);
	put_text(out, "-----\n");
}

/* A string of the SSH protocol (RFC 4251 §5). */
static void ssh_string(struct buf *out, struct span s)
{
	const uint8_t n[4] = { (uint8_t)(s.n >> 24), (uint8_t)(s.n >> 16), (uint8_t)(s.n >> 8), (uint8_t)s.n };

	buf_bytes(out, SPAN_OF(n));
	buf_bytes(out, s);
}

enum outcome openssh_text(struct buf *out, const struct key_row *row)
{
	AUTO_BUF blob = BUF_INIT(4096);
	AUTO_FREE char *comment = printable(row->label), *text = NULL;

	if (row->kind == NULL || row->kind->ssh == NULL)
		return fail(OUTCOME_FAILED, "OpenSSH has no keys of type %s", key_type_text(row));
	ssh_string(&blob, span_str(row->kind->ssh));
	ssh_string(&blob, row->point);
	if (cf_failed(buf_status(&blob)))
		must(NULL);
	text = base64_text(buf_span(&blob));
	put_text(out, row->kind->ssh);
	put_text(out, " ");
	put_text(out, text);
	put_text(out, comment[0] == '\0' ? "" : " ");
	put_text(out, comment);
	put_text(out, "\n");
	return OUTCOME_OK;
}
