/* SPDX-License-Identifier: Apache-2.0 */
/* What sign and verify-signature share: the mechanism that the options ask for, and signatures as text. */
#ifndef COFFER_CLI_SIGNING_H
#define COFFER_CLI_SIGNING_H

#include "cli/keys.h"

#define OPTIONS_SIGNING \
	{ "context", "TEXT", "Ed25519ctx (RFC 8032), ML-DSA, SLH-DSA: a context of 1 to 255 bytes", NULL }, \
	{ "context-hex", "HEX", "the same, in hexadecimal", NULL }, \
	{ "pss", NULL, "RSA keys: PSS with SHA-256 and a salt of 32 bytes, not PKCS #1 v1.5", NULL }, \
	{ "prehash", NULL, "Ed25519ph (RFC 8032): for messages larger than memory", NULL }

extern const char *const signature_formats[]; /* "raw", "hex", "base64" */

struct signing {
	const char *algorithm; /* static: Ed25519, Ed25519ctx, Ed25519ph ... */
	CK_MECHANISM mechanism;
	CK_EDDSA_PARAMS params;
	CK_SIGN_ADDITIONAL_CONTEXT additional;
	CK_RSA_PKCS_PSS_PARAMS pss;
	uint8_t context[255];
	bool in_parts;         /* the mechanism reads a message once: it may be given in parts */
	size_t number;         /* ECDSA: bytes of each of its two numbers; else 0 */
};

/* By the type of the key and the options.  `s` must stay where it is: the mechanism points into it. USAGE, printed. */
enum outcome signing_choose(const struct cli *cli, const struct key_row *key, struct signing *s);

/* The message: the command's second word, or standard input. */
const char *signing_message(const struct cli *cli);

/* From what C_Sign makes to what goes into files, and back: the same, but ECDSA's two numbers are DER there (Ecdsa-Sig-Value, RFC
 * 3279 §2.2.3), as everybody else has them.  BAD, printed, when it is no DER. */
enum outcome signature_encode(const struct signing *s, struct span made, struct buf *out);
enum outcome signature_decode(const struct signing *s, struct span given, struct buf *out);

/* A signature in that format, with a line end where it is text. */
void signature_text(struct buf *out, const char *format, struct span signature);
/* And back; the failure was printed. */
enum outcome signature_parse(struct buf *out, const char *format, struct span text);

#endif
