/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What scanner and driver say to each other over two pipes.
 *
 * A request is its head, then the bytes of all fields XORed with a mask, then the mask.  So the
 * driver can receive a secret, keep it and repeat it without a byte of it in clear; it unmasks
 * into its room (room.h) for the time of one call.  An answer is its head and its bytes.
 */
#ifndef COFFER_TESTS_MEMORY_PROTOCOL_H
#define COFFER_TESTS_MEMORY_PROTOCOL_H

#include <stdint.h>

#define FIELDS_MAX 24
#define REQUEST_BYTES_MAX 8192
#define ANSWER_BYTES_MAX 20480 /* a signature of SLH-DSA */

enum request_op {
	DO_HELLO,       /* out: number[0], number[1]: address and size of the room */
	DO_OPEN,        /* dlopen, C_Initialize */
	DO_TOKEN,       /* SO PIN, user PIN, label -> slot */
	DO_SESSION,     /* slot -> session */
	DO_LOGIN,       /* session, user type; PIN */
	DO_LOGOUT,      /* session */
	DO_SET_PIN,     /* session; PIN, new PIN */
	DO_CREATE,      /* session; attributes -> object */
	DO_DESTROY,     /* session, object */
	DO_FIND,        /* session; attributes -> object, how many */
	DO_GET,         /* session, object, attribute type -> bytes */
	DO_GENERATE,    /* session, -, mechanism; parameter, attributes -> key */
	DO_GENERATE_PAIR, /* the same; FIELD_PARAMS: CKA_EC_PARAMS, CKA_PRIME or CKA_PARAMETER_SET of the public half, which is destroyed again */
	DO_SIGN,        /* session, key, mechanism; parameter, data -> signature */
	DO_ENCRYPT,     /* the same -> ciphertext */
	DO_DECRYPT,     /* the same; nothing comes back */
	DO_DERIVE,      /* session, key, mechanism; parameter, attributes -> key */
	DO_WRAP,        /* session, key, mechanism, target; parameter -> wrapped */
	DO_UNWRAP,      /* session, key, mechanism; parameter, data, attributes -> key */
	DO_DIGEST,      /* session, key, mechanism: C_DigestKey -> digest */
	DO_SIGN_MESSAGE, /* as DO_SIGN */
	DO_ENCRYPT_MESSAGE, /* as DO_ENCRYPT; it is decrypted again */
	DO_WRAP_AUTHENTICATED, /* session, key, mechanism, target; parameter, attributes -> key, unwrapped again */
	DO_ENCAPSULATE, /* session, public key, mechanism; attributes -> key, ciphertext */
	DO_DECAPSULATE, /* session, key, mechanism; data, attributes -> key */
	DO_MECHANISMS,  /* slot -> types and flags */
	DO_CLOSE_ALL,   /* slot */
	DO_FINALIZE,    /* C_Finalize */
	DO_CLOSE,       /* dlclose */
	DO_KEEP,        /* a secret: wiped at once; kept for ever by the plain driver */
	DO_FORK,        /* -> process ID of a child that sleeps */
	DO_WRITE,       /* address, size -> the bytes there, straight from those pages */
	DO_FAIL,        /* kind, how many calls pass: arms tests/memory/fail.c; kind < 0 disarms */
	DO_START,       /* slot, threads: each repeats the stored requests in a session of its own */
	DO_STOP,        /* -> operations, first return value that was not CKR_OK */
	DO_FORGET,      /* the stored requests */
	DO_ABORT,       /* abort() */
	DO_COUNT,
	DO_STORE = 0x100 /* with another: not done now but kept for DO_START */
};

/* Types of fields that are no attributes. */
#define FIELD_PIN     0xf0000001u
#define FIELD_NEW_PIN 0xf0000002u
#define FIELD_LABEL   0xf0000003u
#define FIELD_PARAMS  0xf0000004u
#define FIELD_DATA    0xf0000005u

struct request_head {
	uint32_t op;
	uint32_t fields;
	uint64_t number[4]; /* in the order of the comments above */
	uint32_t type[FIELDS_MAX];
	uint32_t size[FIELDS_MAX];
};

struct answer_head {
	uint64_t rv;
	uint64_t number[2];
	uint64_t size;
};

#endif
