/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that holds one key, in whatever form it is in circulation: PEM or DER of PrivateKeyInfo,
 * EncryptedPrivateKeyInfo and SubjectPublicKeyInfo, OpenSSH's own private key format without a
 * passphrase, a line of OpenSSH's authorized_keys, and the 64 hexadecimal digits of an Ed25519 seed.
 */
#ifndef COFFER_OBJECT_KEYFILE_H
#define COFFER_OBJECT_KEYFILE_H

#include "object/keyinfo.h"

/* The largest keys of the specification (RSA with 16,384 bits) take half of it in PEM. */
#define KEY_FILE_MAX ((size_t)32 << 10)

enum key_file_kind {
	KEY_FILE_PRIVATE,
	KEY_FILE_PUBLIC,
	KEY_FILE_ENCRYPTED, /* `encrypted` is the EncryptedPrivateKeyInfo, in scope memory */
};

struct key_file {
	enum key_file_kind kind;
	struct span encrypted;
};

/* Writes the key (object/keyinfo.h) to `out`, unless it is encrypted.  `out` is scope memory with
 * file.n + KEYINFO_OVERHEAD bytes.  DATA_INVALID: no key, damaged, something behind it;
 * DATA_LEN_RANGE; KEY_TYPE_INCONSISTENT, MECHANISM_INVALID: a key, or a way to encrypt it, that we
 * do not have; the sentence says what to do. */
CK_RV key_file_read(struct vault_scope *scope, struct span file, struct attrs_writer *out,
		    struct key_file *found);

/* ---- OpenSSH's formats (openssh.c); used in this room only ---- */

/* What PEM's base64 of "OPENSSH PRIVATE KEY" holds (OpenSSH, PROTOCOL.key). */
CK_RV openssh_read_private(struct vault_scope *scope, struct span blob, struct attrs_writer *out);
/* "ssh-ed25519 base64 [comment]"; is_openssh_line looks at the first word alone. */
bool is_openssh_line(struct span text);
CK_RV openssh_read_line(struct vault_scope *scope, struct span text, struct attrs_writer *out);

/* Base64 with line ends and blanks between, into scope memory.  DATA_INVALID, DEVICE_MEMORY. */
CK_RV key_file_base64(struct vault_scope *scope, struct span text, struct span *bytes);

#endif
