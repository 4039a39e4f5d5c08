/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands of Algorand share: accounts of a wallet and its master derivation key, as doc/algorand.md has them;
 * words of mnemonics; what is about to be signed, in words.
 */
#ifndef COFFER_CLI_ALGORAND_H
#define COFFER_CLI_ALGORAND_H

#include "algorand/address.h"
#include "algorand/transaction.h"
#include "algorand/words.h"
#include "base/buf.h"
#include "cli/cli.h"
#include "vault/scope.h"

#define SEED_SIZE 32

/* ---- the wallet (algorand_accounts.c) ---- */

#define OPTION_WALLET { "wallet", "WALLET", "the wallet: its label, its serial number or a PKCS#11 URI", NULL }

/* The same run with the wallet of --wallet as its first argument, as the functions of wallets.c expect it. USAGE without it. */
enum outcome wallet_option(const struct cli *cli, struct cli *with);

/* ---- accounts ---- */

enum account_kind { ACCOUNT_DERIVED, ACCOUNT_IMPORTED, ACCOUNT_MULTISIG };
extern const char *const account_kind_name[];

struct account {
	CK_OBJECT_HANDLE object; /* the private key, or the multisig account */
	enum account_kind kind;
	uint8_t address[ADDRESS_SIZE];
	uint64_t index;          /* of a derived one */
	char *label;             /* any bytes, label_n of them */
	size_t label_n;
};

struct accounts {
	struct account *row;
	size_t count;
};
#define ACCOUNTS_INIT { NULL, 0 }
void accounts_release(struct accounts *a);
#define AUTO_ACCOUNTS __attribute__((cleanup(accounts_release))) struct accounts

/* All Ed25519 private keys and multisig accounts: derived ones by index, then imported ones and multisig accounts by address. */
enum outcome accounts_find(const struct cli *cli, CK_SESSION_HANDLE session, struct accounts *out);
/* The one with that address: out->row[0]; count 0 when there is none, which is no failure. */
enum outcome account_find(const struct cli *cli, CK_SESSION_HANDLE session, const uint8_t address[ADDRESS_SIZE],
			  struct accounts *out);
/* The same for an address in text, and NOT_FOUND, printed, when there is none. */
enum outcome account_named(const struct cli *cli, CK_SESSION_HANDLE session, const char *text, struct accounts *out);
/* Reads an address; USAGE, printed. */
enum outcome address_option(const char *text, uint8_t address[ADDRESS_SIZE]);

struct account_new {
	struct span label;
	uint64_t index;       /* 0: not derived */
	const char *prefixes; /* NULL: it signs anything */
};
/* A key pair, in one change.  `seed`: SEED_SIZE bytes in guarded memory. EXISTS is for the caller to see to. */
enum outcome account_add(const struct cli *cli, CK_SESSION_HANDLE session, const struct guarded *seed,
			 const uint8_t address[ADDRESS_SIZE], const struct account_new *new_account);
enum outcome account_add_multisig(const struct cli *cli, CK_SESSION_HANDLE session, const struct multisig *m, struct span label);
/* The public half of a derived key. */
enum outcome account_add_public(const struct cli *cli, CK_SESSION_HANDLE session, const uint8_t address[ADDRESS_SIZE],
				struct span label);
/* The seed of an account, in guarded memory. REFUSED, printed, when it may not leave the wallet. */
enum outcome account_seed(const struct cli *cli, CK_SESSION_HANDLE session, const struct account *a, struct guarded **seed);
/* The account of a multisig object; its keys are on the heap (mem_free). */
enum outcome account_multisig(const struct cli *cli, CK_SESSION_HANDLE session, const struct account *a, struct multisig *m);

/* ---- the master derivation key ---- */

struct master_key {
	CK_OBJECT_HANDLE object; /* CK_INVALID_HANDLE: there is none */
	uint64_t index;          /* the highest that was given away */
	uint8_t id[ADDRESS_SIZE]; /* CKA_ID: the public key of index 1 */
};
enum outcome master_find(const struct cli *cli, CK_SESSION_HANDLE session, struct master_key *out);
/* `key`: 32 bytes in guarded memory; `id`: the public key of its index 1. */
enum outcome master_add(const struct cli *cli, CK_SESSION_HANDLE session, const struct guarded *key,
			const uint8_t id[ADDRESS_SIZE], uint64_t index);
/* Raises the index. CKR_ATTRIBUTE_VALUE_INVALID: somebody raised it meanwhile. */
CK_RV master_raise(const struct cli *cli, CK_SESSION_HANDLE session, const struct master_key *m, uint64_t index);
/* In guarded memory. */
enum outcome master_value(const struct cli *cli, CK_SESSION_HANDLE session, const struct master_key *m, struct guarded **out);
/* The public key of index 1: what names a master key. */
enum outcome master_id_of(const struct guarded *key, uint8_t id[ADDRESS_SIZE]);

/* ---- secrets and progress (algorand_words.c) ---- */

/* The public key of a seed. */
enum outcome seed_address(const struct guarded *seed, uint8_t address[ADDRESS_SIZE]);
/* 32 random bytes. */
enum outcome seed_random(struct guarded **out);

/* How many words, and what they mean. */
struct words_kind {
	const char *what;     /* "mnemonic of the key" */
	size_t least, most;   /* words */
	const char *expected; /* "25": what an error says */
	/* Checks the words: their meaning into `out`, in guarded memory; false: out->fault. */
	void (*decode)(struct vault_scope *scope, void *arg);
};
struct words {
	struct span text;     /* the words with spaces between them, guarded */
	struct mspan out;     /* room for what they mean, guarded */
	size_t out_n;
	struct word_fault *fault;
	bool good;
};
/* Words from --mnemonic-file (-fd, -credential), or one by one from the terminal, without echo, each checked as it is
 * typed.  `words_opt` gets the words themselves. */
#define OPTIONS_MNEMONIC OPTIONS_SECRET("mnemonic", "mnemonic")
enum outcome words_ask(const struct cli *cli, const struct words_kind *kind, struct guarded **out, struct guarded **words_opt);
/* Algorand's 25. */
extern const struct words_kind words_algorand;
/* Prints the 25 words of 32 guarded bytes to standard output, through no buffer. */
enum outcome words_print(const struct guarded *key);
/* Words as they are. */
enum outcome words_text_print(const struct guarded *text);

/* "what: 12 of 130" on a terminal's last line; silent elsewhere. done == total ends the line. */
void progress(const char *what, size_t done, size_t total);

/* ---- signing (algorand_signing.c) ---- */

#define OPTION_YES { "yes", NULL, "sign without asking: for scripts", NULL }
#define OPTION_OUT { "out", "FILE", "a new file for the result; \"-\", or nothing, is standard output", NULL }
#define MESSAGE_MAX ((size_t)64 << 20)

/* The file's transactions; their spans point into `bytes`. */
struct txns {
	struct buf bytes;
	struct txn *row;
	size_t count;
};
#define TXNS_INIT { BUF_INIT(2 * TXN_FILE_MAX), NULL, 0 }
void txns_release(struct txns *t);
#define AUTO_TXNS __attribute__((cleanup(txns_release))) struct txns
/* Prints what is wrong with which transaction. */
enum outcome txns_read(const char *path, struct txns *out);
/* Shows transaction `i` on standard error: every field, and what is dangerous so that it stands out. */
enum outcome txns_show(const struct txns *t, size_t i);
/* All of them behind one another. */
void txns_write(const struct txns *t, struct buf *out);

/* Signs with the account's key: 64 bytes. */
enum outcome account_sign(const struct cli *cli, CK_SESSION_HANDLE session, const struct account *a, struct span message,
			  uint8_t signature[SIGNATURE_SIZE]);
/* Asks on the terminal unless --yes was given: REFUSED when the answer is another than "yes". */
enum outcome sign_confirm(const struct cli *cli);
/* Writes the result where --out says; with --json, `about` (taken over) and, where no file was named, the result in base64. */
enum outcome sign_deliver(const struct cli *cli, struct span bytes, json_t *about);

#endif
