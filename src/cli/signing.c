/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signing.h"

#include <sodium.h>

#include "base/codec.h"
#include "base/der.h"
#include "base/mem.h"

#define NUMBER_MAX 66 /* P-521 */

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

/* ML-DSA, SLH-DSA: hedged, as FIPS 204 and 205 have it when nothing else is asked for. */
static enum outcome choose_pqc(const struct cli *cli, const struct key_row *key, struct signing *s)
{
	size_t n;
	enum outcome outcome = read_context(cli, s, &n);

	if (outcome != OUTCOME_OK)
		return outcome;
	s->algorithm = key->kind->curve;
	s->additional = (CK_SIGN_ADDITIONAL_CONTEXT){ CKH_HEDGE_PREFERRED, s->context, n };
	s->mechanism.pParameter = &s->additional;
	s->mechanism.ulParameterLen = sizeof(s->additional);
	return OUTCOME_OK;
}

static bool is_pqc(const struct key_row *key)
{
	return key->type == CKK_ML_DSA || key->type == CKK_SLH_DSA;
}

static enum outcome check_options(const struct cli *cli, const struct key_row *key)
{
	if (key->type != CKK_EC_EDWARDS && option_given(cli, "prehash"))
		return fail(OUTCOME_USAGE, "--prehash is of Ed25519 keys, and this is of type %s", key_type_text(key));
	if (key->type != CKK_EC_EDWARDS && !is_pqc(key) && (option_given(cli, "context") || option_given(cli, "context-hex")))
		return fail(OUTCOME_USAGE, "contexts are of Ed25519, ML-DSA and SLH-DSA keys, and this is of type %s", key_type_text(key));
	if (key->type != CKK_RSA && option_given(cli, "pss"))
		return fail(OUTCOME_USAGE, "--pss is of RSA keys, and this is of type %s", key_type_text(key));
	return OUTCOME_OK;
}

static enum outcome choose_rsa(const struct cli *cli, struct signing *s)
{
	s->in_parts = true;
	s->algorithm = "RSA-SHA256";
	if (!option_given(cli, "pss"))
		return OUTCOME_OK;
	s->algorithm = "RSA-PSS-SHA256";
	s->pss = (CK_RSA_PKCS_PSS_PARAMS){ CKM_SHA256, CKG_MGF1_SHA256, 32 };
	s->mechanism = (CK_MECHANISM){ CKM_SHA256_RSA_PKCS_PSS, &s->pss, sizeof(s->pss) };
	return OUTCOME_OK;
}

static enum outcome choose_ecdsa(const struct key_row *key, struct signing *s)
{
	s->algorithm = s->mechanism.mechanism == CKM_ECDSA_SHA256 ? "ECDSA-SHA256" :
		       s->mechanism.mechanism == CKM_ECDSA_SHA384 ? "ECDSA-SHA384" :
								    "ECDSA-SHA512";
	s->in_parts = true;
	s->number = (key->point.n - 1) / 2; /* of an uncompressed point */
	return OUTCOME_OK;
}

enum outcome signing_choose(const struct cli *cli, const struct key_row *key, struct signing *s)
{
	enum outcome outcome;

	*s = (struct signing){ 0 };
	if (key->kind == NULL || key->kind->sign == CK_UNAVAILABLE_INFORMATION)
		return fail(OUTCOME_FAILED, "the tool does not sign with keys of type %s; a PKCS#11 program can, where they sign",
			    key_type_text(key));
	s->mechanism.mechanism = key->kind->sign;
	outcome = check_options(cli, key);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (key->type == CKK_RSA)
		return choose_rsa(cli, s);
	if (is_pqc(key))
		return choose_pqc(cli, key, s);
	return key->type == CKK_EC ? choose_ecdsa(key, s) : choose_eddsa(cli, key, s);
}

const char *signing_message(const struct cli *cli)
{
	return cli->argument[1] == NULL ? "-" : cli->argument[1];
}

/* ---- signatures in files ---- */

static void put_number(struct der_writer *w, struct span big_endian)
{
	size_t end = w->start;

	while (big_endian.n > 1 && big_endian.p[0] == 0)
		big_endian = span_skip(big_endian, 1);
	der_put(w, big_endian);
	if ((big_endian.p[0] & 0x80) != 0)
		der_put(w, span("", 1));
	der_wrap(w, DER_INTEGER, end);
}

enum outcome signature_encode(const struct signing *s, struct span made, struct buf *out)
{
	uint8_t room[2 * NUMBER_MAX + 16];
	struct der_writer w = der_writer_of(MSPAN_OF(room));

	if (s->number == 0) {
		buf_bytes(out, made);
		return OUTCOME_OK;
	}
	if (made.n != 2 * s->number || s->number > NUMBER_MAX)
		return fail(OUTCOME_FAILED, "the signature has an unexpected length");
	put_number(&w, span_skip(made, s->number));
	put_number(&w, span(made.p, s->number));
	der_wrap(&w, DER_SEQUENCE, sizeof(room));
	buf_bytes(out, der_written(&w));
	return OUTCOME_OK;
}

/* An INTEGER that is positive and in its shortest form, filled up to n bytes. */
static bool take_number(struct span *in, size_t n, struct buf *out)
{
	static const uint8_t zeros[NUMBER_MAX];
	struct span v;

	if (!der_take(in, DER_INTEGER, &v) || v.n == 0 || (v.p[0] & 0x80) != 0 ||
	    (v.n > 1 && v.p[0] == 0 && (v.p[1] & 0x80) == 0))
		return false;
	if (v.p[0] == 0)
		v = span_skip(v, 1);
	if (v.n > n || n > NUMBER_MAX)
		return false;
	buf_bytes(out, span(zeros, n - v.n));
	buf_bytes(out, v);
	return true;
}

enum outcome signature_decode(const struct signing *s, struct span given, struct buf *out)
{
	struct span body;

	if (s->number == 0) {
		buf_bytes(out, given);
		return OUTCOME_OK;
	}
	if (!der_take(&given, DER_SEQUENCE, &body) || given.n != 0 || !take_number(&body, s->number, out) ||
	    !take_number(&body, s->number, out) || body.n != 0)
		return fail(OUTCOME_BAD, "the signature is not valid: it is no DER of an ECDSA signature of this key");
	return OUTCOME_OK;
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
