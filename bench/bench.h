/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the benchmark say to each other.
 *
 * A row (rows.def) is one thing that is measured.  A subject is who does it: a library used bare, or a PKCS#11 module.
 * Each subject works in a process of its own (worker.h); the main process hands out slices of time, row by row, to one
 * subject after the other in an order that rotates with every round, so that whatever else the machine does meets all of
 * them alike.  What counts is therefore the ratio within a round; the table shows the median of these ratios.
 */
#ifndef COFFER_BENCH_BENCH_H
#define COFFER_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coffer/pkcs11-3.h"

#define LANES_MAX 8
#define SUBJECTS_MAX 16

/* ---- What is measured ---- */

enum op {
	OP_SIGN,           /* C_SignInit + C_Sign */
	OP_VERIFY,         /* C_VerifyInit + C_Verify */
	OP_ENCRYPT,        /* C_EncryptInit + C_Encrypt */
	OP_DECRYPT,        /* C_DecryptInit + C_Decrypt */
	OP_DERIVE,         /* C_DeriveKey: a session key; destroyed outside of the time that counts */
	OP_ENCAPSULATE,    /* C_EncapsulateKey: likewise */
	OP_DECAPSULATE,    /* C_DecapsulateKey: likewise */
	OP_WRAP,           /* C_WrapKey: a generic secret of `size` bytes */
	OP_DIGEST,         /* C_DigestInit + C_Digest */
	OP_RANDOM,         /* C_GenerateRandom */
	OP_GENERATE,       /* a session key (pair); destroyed outside of the time that counts */
	OP_GENERATE_TOKEN, /* a durable one, likewise */
	OP_FIND,           /* C_FindObjectsInit, C_FindObjects, C_FindObjectsFinal: a private key by class and CKA_ID */
	OP_SESSION,        /* C_OpenSession + C_CloseSession */
	OP_LOGIN,          /* C_Initialize + C_OpenSession + C_Login; C_Finalize outside of the time that counts */
	OPS
};

/* Places in `key_kinds`. */
enum kind {
	KIND_ED25519, KIND_ED448, KIND_X25519, KIND_X448, KIND_P256, KIND_P384, KIND_P521, KIND_SECP256K1,
	KIND_RSA2048, KIND_RSA3072, KIND_RSA4096, KIND_ML_DSA_65, KIND_SLH_DSA_128F, KIND_ML_KEM_768,
	KIND_GENERIC256, KIND_AES256, KIND_AES256_WRAP, KIND_AES256_XTS, KIND_CHACHA20,
	KINDS
};

/* A kind of key, as the specification and as OpenSSL call it: a row of `key_kinds` in keys.c. */
struct key_kind {
	const char *name;
	CK_MECHANISM_TYPE generate;
	bool pair;              /* public and private half, else one secret key */
	CK_FLAGS uses;          /* CKF_SIGN, CKF_DECRYPT and so on: of the private or secret key */
	const char *openssl;    /* of EVP_PKEY_Q_keygen; NULL: a secret key */
	const char *curve;      /* its argument */
	size_t bits;            /* of an RSA modulus, or of a secret key; CKA_PARAMETER_SET of kinds that have one */
	const char *params;     /* CKA_EC_PARAMS */
	size_t params_n;
	const char *params_old; /* what older modules want instead; NULL: the same */
	size_t params_old_n;
};

/* `bare`: the bare subject that the others are held against, "" when there is none and only times are shown. */
struct row {
	const char *name;
	enum op op;
	const struct key_kind *key; /* NULL: none */
	CK_MECHANISM_TYPE mechanism;
	const char *openssl;        /* digest or cipher, as OpenSSL names it; NULL: none */
	size_t size;                /* of the message, in bytes */
	unsigned lanes;             /* threads */
	bool many;                  /* all keys in turn, else one */
	const char *bare;
};

extern const struct key_kind key_kinds[];
extern const struct row rows[];
extern const size_t rows_count;

/* ---- Who does it ---- */

struct settings {
	unsigned rounds;
	unsigned slice_ms;
	unsigned turn;            /* keys that a `many` row takes in turn, and that a search goes through */
	uint32_t argon2_kib;      /* of coffer's wallets and of bare Argon2id */
	uint32_t argon2_passes;
	const char *only;         /* patterns of row names; NULL: all */
	const char *module;       /* coffer's */
	const char *peers;        /* "all", "none" or a list of names */
	const char *json;         /* file; NULL: none */
	const char *directory;    /* where wallets are made; NULL: $TMPDIR or /tmp */
	const char *nursery;      /* where tokens get their keys before they are copied there */
	unsigned long scale[8];   /* numbers of keys of the second part */
	size_t scales;
	unsigned long peer_keys;  /* peers take part in it up to this many */
};

struct subject;

/* One thread's share of a row: what an operation reads and writes. */
struct lane {
	struct job *job;
	uint64_t turn;    /* operations done: which key is next */
	unsigned number;
	CK_SESSION_HANDLE session;
	unsigned char *message; /* has room for as much as its ciphertext is long: decryption writes it */
	size_t message_n;       /* that room */
	unsigned char *out;
	size_t out_n;
	void *own;        /* the subject's */
	CK_OBJECT_HANDLE made[512]; /* to be destroyed by tidy() */
	unsigned made_n;
};

/* One row as one subject does it; made on its first slice and kept. */
struct job {
	const struct row *row;
	const struct settings *settings;
	struct subject *subject;
	/* One operation: 0, or the CK_RV (or, from a bare library, any other number) that says why not. */
	unsigned long (*step)(struct lane *lane);
	/* Outside of the time that counts, after at most `batch_max` operations; may be NULL. */
	unsigned long (*tidy)(struct lane *lane);
	unsigned batch_max; /* 0: no limit */
	struct lane lane[LANES_MAX];
	void *own;
};

#define NOT_OFFERED CKR_FUNCTION_NOT_SUPPORTED
#define BENCH_WRONG ((unsigned long)-2) /* done, and the result is wrong */

struct driver {
	/* In the worker, before its first job. `keys`: how many the token holds already; 0: it is to be made. */
	unsigned long (*open)(struct subject *s, const struct settings *settings, unsigned long keys);
	/* Fills step, tidy, lanes. NOT_OFFERED when the subject has no such thing. */
	unsigned long (*prepare)(struct subject *s, struct job *job);
	/* Makes private keys with the IDs 0 to count-1; NULL: has none. */
	unsigned long (*populate)(struct subject *s, unsigned long count);
	void (*close)(struct subject *s);
};

struct subject {
	const char *name;
	const struct driver *driver;
	const struct peer *peer; /* of a module */
	char path[256];          /* of a module */
	char version[64];
	char directory[320];     /* of its own */
	void *own;               /* in the worker */
};

extern const struct driver driver_pkcs11, driver_sodium, driver_openssl, driver_secp256k1, driver_sqlite, driver_argon2;

/* The ID of key i of a kind, 8 bytes: NSS mixes up keys of different types with the same one. */
void key_id(const struct key_kind *kind, unsigned long i, unsigned char id[8]);

#endif
