/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys as the commands show and name them: a public and a private object with the same CKA_ID and
 * the same public key are one key.  Without login a wallet shows public halves alone.
 */
#ifndef COFFER_CLI_KEYS_H
#define COFFER_CLI_KEYS_H

#include "base/buf.h"
#include "cli/cli.h"

/* ---- types of keys (key_type.c): one row each ---- */

struct key_type {
	const char *name;           /* of --type, and in what is printed */
	const char *curve;          /* OpenSSL's name of its curve or parameter set, as in ck/curves.def, ck/parameter_sets.def; NULL for RSA */
	CK_ULONG bits;              /* RSA: of the modulus; 0: another size */
	CK_KEY_TYPE type;
	CK_MECHANISM_TYPE generate;
	CK_MECHANISM_TYPE sign;     /* CK_UNAVAILABLE_INFORMATION: it cannot */
	const char *ssh;            /* its name in OpenSSH's files; NULL: it has none there */
};

/* NULL when there is none of that name; of an object of that type and CKA_EC_PARAMS, CKA_MODULUS or CKA_PARAMETER_SET. */
const struct key_type *key_type_named(const char *name);
const struct key_type *key_type_of(CK_KEY_TYPE type, struct span params, struct span modulus, CK_ULONG parameter_set);
/* CKA_EC_PARAMS, by OID. */
struct span key_type_params(const struct key_type *type);
/* CKA_PARAMETER_SET; 0: it has none. */
CK_ULONG key_type_set(const struct key_type *type);
/* The names, for an option's choices. */
extern const char *const key_type_names[];

/* ---- keys of a wallet (keys.c) ---- */

struct key_row {
	CK_OBJECT_HANDLE public_key, private_key; /* CK_INVALID_HANDLE: not there, or not to be seen */
	CK_KEY_TYPE type;
	const struct key_type *kind; /* NULL: a type that the tool has no row for */
	struct span label, id;
	struct span info;            /* SubjectPublicKeyInfo; empty when the object has none */
	struct span point;           /* the public key alone: the bits of `info` */
	bool sensitive, extractable, local, never_extractable; /* of the private half */
	void *memory;                /* what the spans point into */
};

struct key_rows {
	struct key_row *row;
	size_t count;
};
#define KEY_ROWS_INIT { NULL, 0 }
void key_rows_release(struct key_rows *rows);
#define AUTO_KEYS __attribute__((cleanup(key_rows_release))) struct key_rows

/* All keys that have these attributes (`t` without a class); the failure was printed. */
enum outcome keys_find(const struct cli *cli, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *t, CK_ULONG count,
		       struct key_rows *out);
/* The one key that --key means: its label, else its ID in hexadecimal, or a PKCS#11 URI; out->row[0].
 * NOT_FOUND; USAGE when it means more than one (the IDs are printed). */
enum outcome key_chosen(const struct cli *cli, CK_SESSION_HANDLE session, struct key_rows *out);
#define OPTION_KEY { "key", "KEY", "the key: its label, its ID in hexadecimal, or a PKCS#11 URI", NULL }

/* The public key object with that handle, alone. */
enum outcome key_of_handle(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE public_key,
			   struct key_rows *out);
/* The printed name of a key's type; static. */
const char *key_type_text(const struct key_row *row);
/* What it is called in a sentence: its label, else its ID.  On the heap. */
char *key_name(const struct key_row *row);
/* "pair", "public", "private" */
const char *key_halves(const struct key_row *row);
/* The object that list --json has for a key.  `unlocked`: whether the private half would be seen. */
json_t *key_json(const CK_TOKEN_INFO *info, const struct key_row *row, bool unlocked);

/* --id HEX as bytes: at most KEY_ID_MAX; *n is 0 when it was not given. USAGE, printed. */
#define KEY_ID_MAX 64
enum outcome key_id_option(const struct cli *cli, uint8_t id[KEY_ID_MAX], size_t *n);
/* Gives a new key the ID that its public key has by RFC 5280 §4.2.1.2 (1): SHA-1 of its bits.  EXISTS when there is such a key
 * already: the new one is destroyed then. */
enum outcome key_default_id(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE public_key,
			    CK_OBJECT_HANDLE private_key);
/* EXISTS when a key has that ID already. */
enum outcome key_id_is_free(const struct cli *cli, CK_SESSION_HANDLE session, struct span id);
/* After a key was made: prints it, as key show does. */
enum outcome key_report(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE public_key, const char *done);

/* ---- public keys in the forms of the outside world (public_key.c) ---- */

/* Appends PEM (RFC 7468) of DER that is no secret. */
void pem_text(struct buf *out, const char *label, struct span der);
/* "ssh-ed25519 base64 label"; USAGE, printed, when OpenSSH has no such keys. */
enum outcome openssh_text(struct buf *out, const struct key_row *row);

/* ---- files (files.c) ---- */

/* A whole file, "-" being standard input; on the heap.  For what is no secret. */
enum outcome file_read(const char *path, struct buf *out);
/* Its bytes in turn, as they are read. */
enum outcome file_read_parts(const char *path, enum outcome (*part)(struct span s, void *arg), void *arg);
/* The same into guarded memory; at most `max` bytes. */
enum outcome file_read_guarded(const char *path, size_t max, struct guarded **out);
/* A new file with that mode, durably; "-" is standard output.  An existing one is left alone: EXISTS. */
enum outcome file_write(const char *path, unsigned mode, struct span bytes);

#endif
