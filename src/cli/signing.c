/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signing.h"

#include <sodium.h>

#include "base/codec.h"
#include "base/mem.h"

const char *const signature_formats[] = { "raw", "hex", "base64", NULL };

/* ---- the mechanism ---- */

static enum outcome read_context(const struct cli *cli, struct signing *s, size_t *n)
{
	const char *text = option_text(cli, "context"), *hex = option_text(cli, "context-hex");

	*n = 0;
	if (text == NULL && hex == NULL)
		return OUTCOME_OK;
	if (text != NULL && hex != NULL)
		return fail(OUTCOME_USAGE, "give one of --context and --context-hex");
	if (text != NULL && strlen(text) <= sizeof(s->context)) {
		*n = strlen(text);
		bytes_copy(s->context, text, *n);
	} else if (text != NULL || cf_failed(hex_decode(span_str(hex), MSPAN_OF(s->context), n))) {
		*n = 0;
	}
	return *n > 0 ? OUTCOME_OK : fail(OUTCOME_USAGE, "a context has 1 to %zu bytes", sizeof(s->context));
}

static const char *eddsa_name(const struct key_row *key, bool prehash, bool context)
{
	if (strcmp(key->kind->name, "ed448") == 0)
		return prehash ? "Ed448ph" : "Ed448";
	if (prehash)
		return "Ed25519ph";
	return context ? "Ed25519ctx" : "Ed25519";
}

static enum outcome choose_eddsa(const struct cli *cli, const struct key_row *key, struct signing *s)
{
	bool prehash = option_given(cli, "prehash");
	size_t n;
	enum outcome outcome = read_context(cli, s, &n);

	if (outcome != OUTCOME_OK)
		return outcome;
	s->algorithm = eddsa_name(key, prehash, n > 0);
	s->in_parts = prehash;
	if (!prehash && n == 0)
		return OUTCOME_OK;
	s->params = (CK_EDDSA_PARAMS){ .phFlag = prehash, .ulContextDataLen = n, .pContextData = s->context };
	s->mechanism.pParameter = &s->params;
	s->mechanism.ulParameterLen = sizeof(s->params);
	return OUTCOME_OK;
}

enum outcome signing_choose(const struct cli *cli, const struct key_row *key, struct signing *s)
{
	*s = (struct signing){ 0 };
	if (key->kind == NULL || key->kind->sign == CK_UNAVAILABLE_INFORMATION)
		return fail(OUTCOME_FAILED, "the tool does not sign with keys of type %s; a PKCS#11 program can, where they sign",
			    key_type_text(key));
	s->mechanism.mechanism = key->kind->sign;
	return choose_eddsa(cli, key, s);
}

const char *signing_message(const struct cli *cli)
{
	return cli->argument[1] == NULL ? "-" : cli->argument[1];
}

/* ---- signatures as text ---- */

void signature_text(struct buf *out, const char *format, struct span signature)
{
	size_t room = sodium_base64_encoded_len(signature.n, sodium_base64_VARIANT_ORIGINAL);
	AUTO_FREE char *text = NULL;

	if (strcmp(format, "raw") == 0) {
		buf_bytes(out, signature);
		return;
	}
	text = must(mem_alloc(room + 2 * signature.n + 1));
	if (strcmp(format, "hex") == 0)
		hex_encode(signature, text);
	else
		(void)sodium_bin2base64(text, room, signature.p, signature.n, sodium_base64_VARIANT_ORIGINAL);
	buf_bytes(out, span_str(text));
	buf_bytes(out, span_str("\n"));
}

static struct span trimmed(struct span s)
{
	while (s.n > 0 && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r' || s.p[s.n - 1] == ' '))
		s.n--;
	return s;
}

enum outcome signature_parse(struct buf *out, const char *format, struct span text)
{
	AUTO_FREE uint8_t *room = NULL;
	size_t n = 0;
	bool good;

	if (strcmp(format, "raw") == 0) {
		buf_bytes(out, text);
		return OUTCOME_OK;
	}
	text = trimmed(text);
	room = must(mem_alloc(text.n + 1));
	if (strcmp(format, "hex") == 0)
		good = cf_ok(hex_decode(text, mspan(room, text.n), &n));
	else
		good = sodium_base642bin(room, text.n, (const char *)text.p, text.n, "\r\n", &n, NULL,
					 sodium_base64_VARIANT_ORIGINAL) == 0;
	if (!good)
		return fail(OUTCOME_BAD, "the signature is not written in %s", format);
	buf_bytes(out, span(room, n));
	return OUTCOME_OK;
}
