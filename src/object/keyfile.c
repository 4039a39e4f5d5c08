/* SPDX-License-Identifier: Apache-2.0 */
#include "object/keyfile.h"

#include <sodium.h>

#include "base/codec.h"
#include "base/der.h"
#include "base/error.h"

#define ED25519_SEED 32

static CK_RV refuse(CK_RV rv, const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "the key file %s", why),
		  "the return value is the answer");
	return rv;
}

CK_RV key_file_base64(struct vault_scope *scope, struct span text, struct span *bytes)
{
	struct mspan room;
	size_t n = 0;

	if (text.n == 0)
		return refuse(CKR_DATA_INVALID, "is damaged: it has no base64 where some must be");
	if (cf_failed(vault_scope_alloc(scope, text.n, &room)))
		return CKR_DEVICE_MEMORY;
	if (sodium_base642bin(room.p, room.n, (const char *)text.p, text.n, " \t\r\n", &n, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0)
		return refuse(CKR_DATA_INVALID, "is damaged: its base64 has something else in it");
	*bytes = span(room.p, n);
	return CKR_OK;
}

/* ---- DER ---- */

/* By what comes behind the first element: version or algorithm first, then bits or octets. */
static CK_RV read_der(struct vault_scope *scope, struct span der, struct attrs_writer *out,
		      struct key_file *found)
{
	struct span whole = der, body, algorithm;

	if (!der_take(&whole, DER_SEQUENCE, &body))
		return refuse(CKR_DATA_INVALID, "is damaged: its length is not that of its DER");
	if (der_next_is(body, DER_INTEGER)) {
		found->kind = KEY_FILE_PRIVATE;
		return keyinfo_read_private(scope, der, out);
	}
	if (der_take(&body, DER_SEQUENCE, &algorithm) && der_next_is(body, DER_BIT_STRING)) {
		found->kind = KEY_FILE_PUBLIC;
		return keyinfo_read_public(der, out);
	}
	if (!der_next_is(body, DER_OCTET_STRING))
		return refuse(CKR_DATA_INVALID, "is DER, but neither PKCS#8 nor a public key");
	found->kind = KEY_FILE_ENCRYPTED;
	found->encrypted = der;
	return CKR_OK;
}

/* ---- PEM (RFC 7468) ---- */

static const char pem_begin[] = "-----BEGIN ";
static const char pem_end[] = "-----END ";
static const char pem_dashes[] = "-----";

static const struct pem {
	const char *label;
	bool is_openssh;
	enum key_file_kind kind;
} pems[] = {
	{ "PRIVATE KEY", false, KEY_FILE_PRIVATE },
	{ "ENCRYPTED PRIVATE KEY", false, KEY_FILE_ENCRYPTED },
	{ "PUBLIC KEY", false, KEY_FILE_PUBLIC },
	{ "OPENSSH PRIVATE KEY", true, KEY_FILE_PRIVATE },
};

/* What is in front of `mark` and behind it. */
static bool split(struct span text, const char *mark, struct span *before, struct span *after)
{
	const uint8_t *at = text.n == 0 ? NULL : memmem(text.p, text.n, mark, strlen(mark));

	if (at == NULL)
		return false;
	*before = span(text.p, (size_t)(at - text.p));
	*after = span_skip(text, before->n + strlen(mark));
	return true;
}

static bool is_blank(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\r' && s.p[i] != '\n')
			return false;
	return true;
}

static CK_RV pem_row(struct span label, const struct pem **out)
{
	for (size_t i = 0; i < sizeof(pems) / sizeof(pems[0]); i++) {
		if (span_eq(label, span_str(pems[i].label))) {
			*out = &pems[i];
			return CKR_OK;
		}
	}
	return refuse(CKR_KEY_TYPE_INCONSISTENT,
		      "is PEM of something else than PKCS#8, a public key or an OpenSSH key; "
		      "openssl pkcs8 -topk8 converts older forms of private keys");
}

/* `text` begins behind "-----BEGIN ".  Text in front of it is explanation; only blanks follow. */
static CK_RV read_pem(struct vault_scope *scope, struct span text, struct attrs_writer *out,
		      struct key_file *found)
{
	struct span label, rest, body, end_label, bytes;
	const struct pem *pem;
	CK_RV rv;

	if (!split(text, pem_dashes, &label, &rest) || !split(rest, pem_end, &body, &rest) ||
	    !split(rest, pem_dashes, &end_label, &rest) || !span_eq(label, end_label))
		return refuse(CKR_DATA_INVALID, "is damaged: its PEM has no end");
	if (!is_blank(rest))
		return refuse(CKR_DATA_INVALID, "holds more than one key, or something behind it");
	rv = pem_row(label, &pem);
	if (rv == CKR_OK)
		rv = key_file_base64(scope, body, &bytes);
	if (rv != CKR_OK)
		return rv;
	if (pem->is_openssh) {
		found->kind = KEY_FILE_PRIVATE;
		return openssh_read_private(scope, bytes, out);
	}
	rv = read_der(scope, bytes, out, found);
	if (rv == CKR_OK && found->kind != pem->kind)
		return refuse(CKR_DATA_INVALID, "is damaged: it holds something else than it says");
	return rv;
}

/* ---- hexadecimal ---- */

static bool is_hex_seed(struct span text)
{
	uint8_t wrong = 0;

	if (text.n < 2 * ED25519_SEED || !is_blank(span_skip(text, 2 * ED25519_SEED)))
		return false;
	for (size_t i = 0; i < 2 * ED25519_SEED; i++) {
		uint8_t c = text.p[i];

		wrong |= (uint8_t)!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
				    (c >= 'A' && c <= 'F'));
	}
	return wrong == 0;
}

static CK_RV read_hex_seed(struct vault_scope *scope, struct span text, struct attrs_writer *out)
{
	uint8_t seed[ED25519_SEED];
	size_t n;

	(void)scope;
	if (cf_failed(hex_decode(span(text.p, 2 * ED25519_SEED), MSPAN_OF(seed), &n)))
		return CKR_DATA_INVALID;
	return keyinfo_curve_key(curve_sized(CKK_EC_EDWARDS, 255), SPAN_OF(seed), SPAN_EMPTY, out);
}

CK_RV key_file_read(struct vault_scope *scope, struct span file, struct attrs_writer *out,
		    struct key_file *found)
{
	struct span before, text;

	*found = (struct key_file){ 0 };
	if (file.n == 0 || file.n > KEY_FILE_MAX)
		return refuse(CKR_DATA_LEN_RANGE, "is empty, or too large to be one key");
	if (der_next_is(file, DER_SEQUENCE) && file.n > 1 && !is_hex_seed(file))
		return read_der(scope, file, out, found);
	if (split(file, pem_begin, &before, &text))
		return read_pem(scope, text, out, found);
	if (is_openssh_line(file)) {
		found->kind = KEY_FILE_PUBLIC;
		return openssh_read_line(scope, file, out);
	}
	found->kind = KEY_FILE_PRIVATE;
	if (is_hex_seed(file))
		return read_hex_seed(scope, file, out);
	return refuse(CKR_DATA_INVALID,
		      "is no key in PEM, DER, OpenSSH's forms or 64 hexadecimal digits");
}
