/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions of Algorand as `goal` and the SDKs write them to files: MessagePack maps, one behind the other, each a
 * transaction, or a transaction with signatures around it ({lsig?, msig?, sgnr?, sig?, txn}); or one of these in base64.
 *
 * What is signed is "TX" and the transaction in canonical form, as the network writes it anew: a signature of anything else is
 * void.  Files are brought into that form first (txn_file_bytes); some SDKs leave zeros in them.
 */
#ifndef COFFER_ALGORAND_TRANSACTION_H
#define COFFER_ALGORAND_TRANSACTION_H

#include "algorand/subsigs.h"

/* A transaction in place; spans are empty for what is not there. */
struct txn {
	struct span body;      /* the canonical map */
	struct span signature; /* sig, 64 bytes */
	struct span multisig;  /* msig, the whole map */
	struct span logic;     /* lsig, the whole map */
	struct span signer;    /* sgnr, 32 bytes: who signs for a rekeyed sender */
};

/* The file's bytes, base64 undone when they are that, each transaction canonical.  LIMIT, CORRUPT, INVALID. */
#define TXN_FILE_MAX ((size_t)16 << 20)
struct cf_status txn_file_bytes(struct span file, struct buf *out) CF_CHECKED;
/* The next of *rest, which moves on. CORRUPT: no transaction; INVALID: not canonical; the sentence says where. */
struct cf_status txn_next(struct span *rest, struct txn *out) CF_CHECKED;
/* Writes it with its signatures, in canonical order. */
void txn_write(const struct txn *t, struct buf *out);

/* One value of the body as it is packed; empty when there is none. */
struct span txn_field(const struct txn *t, const char *name);
/* The sender; zero when there is none, as the network has it. */
void txn_sender(const struct txn *t, uint8_t sender[ADDRESS_SIZE]);
/* Who must have signed: sgnr, else the sender. */
void txn_authority(const struct txn *t, uint8_t address[ADDRESS_SIZE]);

#define TXN_ID_SIZE 32
#define TXN_ID_TEXT 52
/* SHA-512/256 of what is signed, and its text with a NUL. */
void txn_id(const struct txn *t, uint8_t id[TXN_ID_SIZE]);
void txn_id_text(const struct txn *t, char text[TXN_ID_TEXT + 1]);

/* ---- groups ---- */

#define GROUP_MAX 16

enum txn_group {
	TXN_GROUP_NONE, /* it is in no group */
	TXN_GROUP_COMPLETE, /* all of its group are in the list, in order, and their group field is theirs */
	TXN_GROUP_INCOMPLETE, /* some are missing, or were changed */
};
/* Of transaction `i` among `count` of one file. */
enum txn_group txn_group_of(const struct txn *t, size_t count, size_t i);

/* ---- what is signed ---- */

/* "TX" || body; "Program" || program; "MsigProgram" || account || program; "ProgData" || contract || data. */
void message_txn(const struct txn *t, struct buf *out);
void message_program(struct span program, struct buf *out);
void message_multisig_program(const uint8_t account[ADDRESS_SIZE], struct span program,
			      struct buf *out);
void message_program_data(const uint8_t contract[ADDRESS_SIZE], struct span data, struct buf *out);
/* The address of a program: SHA-512/256("Program" || program). */
void program_address(struct span program, uint8_t address[ADDRESS_SIZE]);

/* ---- in words (describe.c) ---- */

/* One line: what it is, its value, and whether it is a thing to look at twice (closes an account, gives control away ...). */
typedef void (*txn_line)(const char *label, const char *text, bool danger, void *arg);
/* Every field, in the order that a reader wants. CORRUPT: a field of another kind than its name says. */
struct cf_status txn_describe(const struct txn *t, txn_line line, void *arg) CF_CHECKED;

#endif
