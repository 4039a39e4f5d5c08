/* SPDX-License-Identifier: Apache-2.0 */
/* Strings of the SSH protocol (RFC 4251 §5): a length of four bytes, big-endian, and the bytes. */
#include "object/keyfile.h"

#include "base/error.h"

static const char magic[] = "openssh-key-v1"; /* with its NUL */
static const char ed25519[] = "ssh-ed25519";

#define SEED 32
#define POINT 32
#define CIPHER_BLOCK_NONE 8

static CK_RV refuse(CK_RV rv, const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "the OpenSSH key %s", why),
		  "the return value is the answer");
	return rv;
}

static CK_RV malformed(void)
{
	return refuse(CKR_DATA_INVALID, "is damaged");
}

static bool take(struct span *in, size_t n, struct span *out)
{
	if (n > in->n)
		return false;
	*out = span(in->p, n);
	*in = span_skip(*in, n);
	return true;
}

static bool take_number(struct span *in, uint32_t *v)
{
	struct span b;

	if (!take(in, 4, &b))
		return false;
	*v = (uint32_t)b.p[0] << 24 | (uint32_t)b.p[1] << 16 | (uint32_t)b.p[2] << 8 | b.p[3];
	return true;
}

static bool take_string(struct span *in, struct span *out)
{
	uint32_t n;

	return take_number(in, &n) && take(in, n, out);
}

static bool is_text(struct span s, const char *text)
{
	return span_eq(s, span_str(text));
}

/* The public half: type and point. */
static CK_RV read_blob(struct span blob, struct span *point)
{
	struct span type;

	if (!take_string(&blob, &type))
		return malformed();
	if (!is_text(type, ed25519))
		return refuse(CKR_KEY_TYPE_INCONSISTENT,
			      "is not of type ssh-ed25519; convert it with ssh-keygen -e -m PKCS8");
	if (!take_string(&blob, point) || point->n != POINT || blob.n != 0)
		return malformed();
	return CKR_OK;
}

/* 1, 2, 3 ... to a whole block. */
static bool is_padding(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != i + 1)
			return false;
	return s.n < CIPHER_BLOCK_NONE;
}

static CK_RV read_secret_part(struct vault_scope *scope, struct span in, struct span point,
			      struct attrs_writer *out)
{
	struct span type, again, pair, comment;
	uint32_t check[2];

	(void)scope;
	if (in.n % CIPHER_BLOCK_NONE != 0 || !take_number(&in, &check[0]) ||
	    !take_number(&in, &check[1]) || check[0] != check[1] || !take_string(&in, &type) ||
	    !is_text(type, ed25519) || !take_string(&in, &again) || !span_eq(again, point) ||
	    !take_string(&in, &pair) || pair.n != SEED + POINT ||
	    !span_eq(span_skip(pair, SEED), point) || !take_string(&in, &comment) ||
	    !is_padding(in))
		return malformed();
	return keyinfo_curve_key(curve_sized(CKK_EC_EDWARDS, 255), span(pair.p, SEED), point, out);
}

CK_RV openssh_read_private(struct vault_scope *scope, struct span in, struct attrs_writer *out)
{
	struct span head, cipher, kdf, options, blob, secret, point;
	uint32_t count;
	CK_RV rv;

	if (!take(&in, sizeof(magic), &head) || !span_eq(head, SPAN_OF(magic)) ||
	    !take_string(&in, &cipher) || !take_string(&in, &kdf) || !take_string(&in, &options))
		return malformed();
	/* bcrypt_pbkdf is OpenSSH's alone; no library offers it. */
	if (!is_text(cipher, "none") || !is_text(kdf, "none"))
		return refuse(CKR_MECHANISM_INVALID,
			      "has a passphrase in OpenSSH's own format; take it off a copy with "
			      "ssh-keygen -p, import that, and delete it");
	if (!take_number(&in, &count) || count != 1 || !take_string(&in, &blob) ||
	    !take_string(&in, &secret) || in.n != 0 || options.n != 0)
		return malformed();
	rv = read_blob(blob, &point);
	return rv == CKR_OK ? read_secret_part(scope, secret, point, out) : rv;
}

static struct span first_word(struct span text)
{
	size_t n = 0;

	while (n < text.n && text.p[n] != ' ' && text.p[n] != '\n' && text.p[n] != '\r')
		n++;
	return span(text.p, n);
}

bool is_openssh_line(struct span text)
{
	struct span word = first_word(text);

	return (word.n > 4 && memcmp(word.p, "ssh-", 4) == 0) ||
	       (word.n > 6 && memcmp(word.p, "ecdsa-", 6) == 0) ||
	       (word.n > 3 && memcmp(word.p, "sk-", 3) == 0);
}

/* Behind the comment there is at most a line end. */
static bool is_one_line(struct span text)
{
	const uint8_t *end = memchr(text.p, '\n', text.n);

	return end == NULL || end == text.p + text.n - 1;
}

CK_RV openssh_read_line(struct vault_scope *scope, struct span text, struct attrs_writer *out)
{
	struct span type = first_word(text), blob, point;
	CK_RV rv;

	if (!is_one_line(text))
		return refuse(CKR_DATA_INVALID, "is not on one line alone");
	rv = key_file_base64(scope, first_word(span_skip(text, type.n + 1)), &blob);
	if (rv == CKR_OK)
		rv = read_blob(blob, &point);
	if (rv == CKR_OK && !is_text(type, ed25519))
		rv = malformed();
	return rv == CKR_OK ? keyinfo_curve_key(curve_sized(CKK_EC_EDWARDS, 255), SPAN_EMPTY, point, out) : rv;
}
