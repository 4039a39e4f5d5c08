/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every mechanism of the module, with the kind of key and the parameter that it takes: the table that tests which must leave
 * none out share (tests/memory: what is in memory; tests/conformance/abi: what goes over the interface).
 */
#ifndef COFFER_TESTS_MECHANISMS_H
#define COFFER_TESTS_MECHANISMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ring_key {
	NO_KEY,
	GENERIC,
	AES,
	XTS,
	CHACHA20,
	SALSA20,
	POLY1305,
	DES3,
	RSA_2048,
	P256,
	P384,
	P521,
	SECP256K1,
	ED25519,
	ED448,
	X25519,
	X448,
	DH_2048,
	PREMASTER, /* of TLS with RSA: 48 bytes */
	MASTER, /* Algorand's master derivation key */
	/* Of rows that are optional. */
	ML_KEM_768,
	ML_DSA_44,
	SLH_DSA_128F,
	RING_KEYS
};

enum use {
	NOTHING = 0, /* no key goes through it */
	SIGN = 1,
	ENCRYPT = 2, /* and decrypt */
	WRAP = 4,    /* and unwrap */
	DIGEST = 8,  /* C_DigestKey */
	DERIVE = 16,
	DERIVE_KEPT = 32, /* what comes out may not be read, as the key; the scanner knows it */
	DERIVE_DATA = 64, /* a data object */
	PUBLIC_HALF = 128,
	ACCOUNT = 256, /* an Ed25519 key */
	MAKE = 512,
	MAKE_PAIR = 1024,
	/* 3.0 and 3.2 */
	SIGN_MESSAGE = 2048,
	ENCRYPT_MESSAGE = 4096, /* and decrypt */
	WRAP_AUTHENTICATED = 8192, /* and unwrap */
	ENCAPSULATE = 16384 /* and decapsulate */
};

enum parameter_kind {
	NONE,
	IV8,
	IV12,
	IV16,
	IV32,
	PEER, /* somebody's public value */
	TARGET, /* the handle of another key */
	INDEX,
	MAC_SIZE,
	OAEP,
	PSS_SHA1,
	PSS_SHA224,
	PSS_SHA256,
	PSS_SHA384,
	PSS_SHA512,
	PSS_SHA3_224,
	PSS_SHA3_256,
	PSS_SHA3_384,
	PSS_SHA3_512
};

struct mechanism_row {
	const char *name;
	uint64_t mechanism;
	enum ring_key key;
	unsigned use;
	enum parameter_kind parameter;
	size_t size; /* of what is signed or encrypted, or CKA_VALUE_LEN of what is made */
	bool optional; /* not every libcrypto has it: the module may not list it */
};

extern const struct mechanism_row mechanism_rows[];
extern const size_t mechanism_rows_count;

/* How long an initialization vector (a nonce, a salt, data) the kind has: 0, where it is none. */
size_t parameter_iv_size(enum parameter_kind kind);
/* The parameter itself, of kinds that need neither bytes nor another key; NULL: it is none of them. */
const void *parameter_fixed(enum parameter_kind kind, size_t *n);

#endif
