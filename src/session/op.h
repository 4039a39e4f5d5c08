/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running operation: one state machine for signing, verifying, digesting, encrypting and decrypting.
 *
 *   op_init        NONE -> READY; an operation of the kind that is there already: CKR_OPERATION_ACTIVE
 *   op_once        READY -> NONE
 *   op_update      READY or RUNNING -> RUNNING; so does op_transform, which has an output
 *   op_finish      READY or RUNNING -> NONE
 *
 * Asking for the length of the output (a NULL buffer) and CKR_BUFFER_TOO_SMALL leave the operation as it is; every other
 * end of op_once and op_finish, and every error of op_update, ends it (PKCS#11 3.0 §5.2, §5.13).  All functions expect the
 * session's lock.  A private key is only ever opened within key_run().
 */
#ifndef COFFER_SESSION_OP_H
#define COFFER_SESSION_OP_H

#include "base/buf.h"
#include "mech/mech.h"
#include "token/objects.h"

enum op_kind { OP_SIGN, OP_VERIFY, OP_DIGEST, OP_ENCRYPT, OP_DECRYPT, OP_SIGN_RECOVER, OP_VERIFY_RECOVER, OP_KINDS };

enum op_stage {
	OP_NONE,    /* there is none */
	OP_READY,   /* initialised */
	OP_RUNNING, /* data was given in parts */
};

struct op {
	enum op_stage stage;
	enum op_kind kind;
	bool wants_pin;            /* CKA_ALWAYS_AUTHENTICATE, and C_Login(CKU_CONTEXT_SPECIFIC) has not been called */
	const struct mech *mech;
	union mech_params params;  /* the operation's own copy */
	struct key *key;           /* a reference; NULL for digests */
	void *state;               /* of the mechanism, from the first part on; NULL until then */
	bool guarded;              /* the state depends on a secret: it is in the guarded heap, and used in a scope */
	struct buf gathered;       /* parts of an operation that is done in one piece */
	struct buf borrowed;       /* the operation's own copy of what its parameter pointed to */
	uint8_t head[OBJECT_PREFIXES_MAX]; /* how the message begins, where the key signs only some */
	size_t head_n;
	bool signature_first;      /* C_VerifySignatureInit: */
	struct buf signature;      /* ours, until the operation ends */
};

/* The caller's buffer for an output of variable length (§5.2). */
struct op_output {
	CK_BYTE_PTR buffer;  /* NULL: how long will it be? */
	CK_ULONG_PTR length; /* in: room, out: length */
};

/* CKF_SIGN and so on: what a key and a mechanism must be able to do, and what C_SessionCancel calls the operation. */
CK_FLAGS op_flag(enum op_kind kind);
/* The same for many messages; 0 where the specification has none of that kind. */
CK_FLAGS op_message_flag(enum op_kind kind);

/* A NULL mechanism cancels what runs (PKCS#11 3.0).  `key` is not looked at for digests.
 * OPERATION_ACTIVE, MECHANISM_INVALID, MECHANISM_PARAM_INVALID, KEY_HANDLE_INVALID, KEY_TYPE_INCONSISTENT,
 * KEY_FUNCTION_NOT_PERMITTED. */
CK_RV op_init(struct op *op, enum op_kind kind, const struct access *who, const CK_MECHANISM *mechanism_opt,
	      CK_OBJECT_HANDLE key);

/* For many messages with one key: the mechanism's parameter comes with each message where the mechanism has messages of its own.
 * The operation is only copied: */
CK_RV op_init_messages(struct op *op, enum op_kind kind, const struct access *who, const CK_MECHANISM *mechanism_opt,
		       CK_OBJECT_HANDLE key);
/* One message of it, as an operation that can be run. HOST_MEMORY. */
CK_RV op_begin_message(const struct op *of, const union mech_params *params, struct op *out);

/* Signatures, digests, and what is encrypted, decrypted or recovered in one piece: its length may be less than what was
 * offered for a NULL buffer, and a buffer that it fits into is large enough.  OPERATION_NOT_INITIALIZED; OPERATION_ACTIVE when parts were given before;
 * USER_NOT_LOGGED_IN when the key wants its own PIN first; BUFFER_TOO_SMALL. */
CK_RV op_once(struct op *op, struct token *token, struct span data, const struct op_output *out);
CK_RV op_update(struct op *op, struct token *token, struct span part);
/* Encryption and decryption in parts.  DATA_LEN_RANGE, ENCRYPTED_DATA_LEN_RANGE. */
CK_RV op_transform(struct op *op, struct token *token, struct span part, const struct op_output *out);
/* What op_transform would answer to a question for the length or to a short buffer, and nothing else done. */
CK_RV op_transform_offer(struct op *op, struct span part, const struct op_output *out, bool *answered);
CK_RV op_finish(struct op *op, struct token *token, const struct op_output *out);
/* The value of a secret key goes into a digest. KEY_INDIGESTIBLE. */
CK_RV op_digest_key(struct op *op, struct key *key);
/* SIGNATURE_INVALID, SIGNATURE_LEN_RANGE. */
CK_RV op_once_verify(struct op *op, struct token *token, struct span data, struct span signature);
CK_RV op_finish_verify(struct op *op, struct token *token, struct span signature);

/* The signature that a verification is to be about, given before the data (C_VerifySignatureInit, PKCS#11 3.2): right after
 * op_init(), and when that fails, or this, there is no operation.  HOST_MEMORY, SIGNATURE_LEN_RANGE. */
CK_RV op_keep_signature(struct op *op, struct span signature);

/* Ends the operation, if there is one, and returns `rv`. */
CK_RV op_end(struct op *op, CK_RV rv);

#endif
