/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/logicsig.h"

#include "algorand/pack.h"
#include "base/error.h"

static bool take_field(struct unpack *u, struct span name, struct logicsig *out)
{
	if (span_eq(name, span_str("arg")))
		out->arguments = unpack_whole(u);
	else if (span_eq(name, span_str("l")))
		out->program = unpack_expect(u, PACK_BIN).bytes;
	else if (span_eq(name, span_str("lmsig")))
		out->multisig = unpack_whole(u);
	else if (span_eq(name, span_str("msig")))
		out->legacy = unpack_whole(u);
	else if (span_eq(name, span_str("sig")))
		out->signature = unpack_expect(u, PACK_BIN).bytes;
	else
		return false;
	return !u->failed;
}

struct cf_status logicsig_parse(struct span file, struct logicsig *out)
{
	struct unpack u = unpack_of(file);
	uint64_t pairs;

	*out = (struct logicsig){ .program = file };
	/* A program begins with its version, a small number; a map's first byte is none. */
	if (file.n == 0 || file.p[0] < 0x80)
		return CF_OK;
	out->program = SPAN_EMPTY;
	pairs = unpack_expect(&u, PACK_MAP).number;
	for (uint64_t i = 0; i < pairs; i++)
		if (!take_field(&u, unpack_expect(&u, PACK_STR).bytes, out))
			return error_set(CF_STATUS(CORRUPT), "the file is neither a program nor a logic signature");
	if (!unpack_end(&u) || out->program.n == 0)
		return error_set(CF_STATUS(CORRUPT), "the file is neither a program nor a logic signature");
	return CF_OK;
}

static size_t put(struct pack *p_opt, const char *name, struct span value, bool whole)
{
	if (value.n == 0)
		return 0;
	if (p_opt != NULL) {
		pack_str(p_opt, name);
		if (whole)
			pack_raw(p_opt, value);
		else
			pack_bin(p_opt, value);
	}
	return 1;
}

/* How many fields there are; with a packer they are written. */
static size_t fields(struct pack *p_opt, const struct logicsig *l)
{
	size_t n = put(p_opt, "arg", l->arguments, true);

	n += put(p_opt, "l", l->program, false);
	n += put(p_opt, "lmsig", l->multisig, true);
	n += put(p_opt, "msig", l->legacy, true);
	n += put(p_opt, "sig", l->signature, false);
	return n;
}

void logicsig_write(const struct logicsig *l, struct buf *out)
{
	size_t from = out->n;
	struct pack p;

	if (cf_failed(buf_grow(out, l->program.n + l->arguments.n + l->signature.n + l->multisig.n + l->legacy.n + 64)))
		return;
	p = pack_into(mspan(out->p + from, out->n - from));
	pack_map(&p, fields(NULL, l));
	(void)fields(&p, l);
	out->n = from + p.n;
}
