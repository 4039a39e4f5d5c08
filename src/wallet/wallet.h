/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wallet: one file (doc/wallet-format.md), opened once for each process.
 *
 * The wallet key (32 random bytes) seals private objects and authenticates
 * public ones and the set of all of them.  It is wrapped under the user PIN and, unless the wallet was
 * made without, under the SO PIN.  In memory it exists only as a struct secret that wallet_unlock() returns.
 * Who may do what with it is decided above (token/); this room knows no PKCS#11.
 * Functions are safe from any thread; the wallet's own lock has rank STORE.
 */
#ifndef COFFER_WALLET_WALLET_H
#define COFFER_WALLET_WALLET_H

#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/span.h"
#include "base/status.h"
#include "vault/scope.h"
#include "vault/secret.h"

#define WALLET_LABEL_MAX 32   /* bytes of UTF-8, as CK_TOKEN_INFO */
#define WALLET_SERIAL_SIZE 8  /* random; shown as 16 hexadecimal digits */
#define WALLET_KEY_SIZE 32
#define WALLET_TERM_SIZE 16   /* a keyed search term */
#define WALLET_OBJECT_MAX (((size_t)1 << 20) + ((size_t)64 << 10)) /* bytes of one object's attributes: a value of 1 MiB, and the rest */
#define WALLET_POLICY_MAX 512 /* bytes of what token/ keeps as the wallet's policy */
#define WALLET_SUFFIX ".coffer"

/* Who has a PIN of his own: the user, the security officer, and from WALLET_NAMED on users who have names. */
enum wallet_role { WALLET_USER, WALLET_SO, WALLET_NAMED, WALLET_ROLES = 256 };
#define WALLET_USER_NAME_MAX 64 /* bytes of UTF-8 */

struct wallet_kdf {          /* Argon2id */
	uint32_t memory_kib; /* default 65536 */
	uint32_t passes;     /* default 3 */
};

struct wallet_pin_state {
	bool set;            /* there is a wrap for this role */
	uint32_t failures;   /* since the last success */
	bool to_be_changed;
};

struct wallet_info {
	uint8_t serial[WALLET_SERIAL_SIZE];
	char label[WALLET_LABEL_MAX + 1];
	struct wallet_pin_state pin[2];  /* by wallet_role */
	struct wallet_kdf kdf[2];
	int64_t created_s;
	uint32_t format;     /* version of the file */
};

struct wallet;

/* ---- the directory ---- */

/* Makes it (0700) when missing and `make`. DENIED, with the sentence to act on, when it is looser than 0700, another's, or unreadable. */
struct cf_status wallet_dir_check(const char *dir, bool make) CF_CHECKED;
typedef struct cf_status (*wallet_each_fn)(const char *path, void *arg);
/* Calls fn for each file *.coffer in the directory, in no order; a missing directory has none. */
struct cf_status wallet_dir_each(const char *dir, wallet_each_fn fn, void *arg) CF_CHECKED;

/* ---- life ---- */

struct wallet_new {
	const char *dir;
	const char *label;
	const uint8_t *serial_opt; /* WALLET_SERIAL_SIZE bytes; NULL: drawn */
	struct span user_pin_opt; /* .p NULL: none yet */
	struct span so_pin_opt;   /* .p NULL: none, for ever */
	struct wallet_kdf kdf;    /* zeros: defaults */
};
/* At least one PIN.  The file is complete and durable under its final name, or not there.
 * EXISTS: a wallet of that label is in the directory. */
struct cf_status wallet_create(const struct wallet_new *request, struct wallet **out) CF_CHECKED;
/* DENIED: permissions looser than 0600; CORRUPT, UNSUPPORTED (a later format), IO. */
struct cf_status wallet_open(const char *path, struct wallet **out) CF_CHECKED;
struct wallet *wallet_ref(struct wallet *w);
void wallet_unref(struct wallet *w);
AUTO_DEFINE(wallet, wallet_unref)
const char *wallet_path(const struct wallet *w);
/* Reads it afresh from the file. */
struct cf_status wallet_get_info(struct wallet *w, struct wallet_info *info) CF_CHECKED;
/* NOT_FOUND when the file was removed or replaced under us: reopen. Cheap enough for C_GetSlotList. */
struct cf_status wallet_still_there(struct wallet *w) CF_CHECKED;

/* ---- PINs: each costs a full Argon2id ---- */

/* `limit` failures lock the PIN (0: never).  The try is counted durably before the PIN is checked;
 * a success clears the count.  DENIED: wrong PIN; LOCKED; NOT_FOUND: no such wrap. */
struct cf_status wallet_unlock(struct wallet *w, unsigned role, struct span pin, uint32_t limit,
			       struct secret **key) CF_CHECKED;
/* Wraps the key under a new PIN for that role; failures become 0. Needs the wallet key. `kdf` zeros: as before or defaults.
 * NOT_FOUND: a named user who is not there (any more). */
struct cf_status wallet_set_pin(struct wallet *w, struct secret *key, unsigned role, struct span pin,
				const struct wallet_kdf *kdf) CF_CHECKED;
struct cf_status wallet_rename(struct wallet *w, struct secret *key, const char *label) CF_CHECKED;
/* What may be done with the wallet, as bytes that token/policy.c knows.  A policy that was made tighter is not loosened by putting
 * the old header back: the root of the set of objects is written anew with it.  LIMIT: more than WALLET_POLICY_MAX bytes; none: no policy. */
struct cf_status wallet_set_policy(struct wallet *w, struct secret *key, struct span policy) CF_CHECKED;
/* *n is 0 when there is none.  Without a key it is what the file says, unauthenticated. */
struct cf_status wallet_get_policy(struct wallet *w, struct secret *key_opt, uint8_t policy[WALLET_POLICY_MAX], size_t *n) CF_CHECKED;
/* C_InitToken on a wallet: removes every object and the user PIN, takes a new wallet key wrapped under
 * the SO PIN (already verified: `key` is the old one), sets the label; the serial stays. */
struct cf_status wallet_reset(struct wallet *w, struct secret *key, struct span so_pin, const struct wallet_kdf *kdf,
			      const char *label) CF_CHECKED;
/* A consistent copy, 0600, durable, while in use. EXISTS unless `replace`. */
struct cf_status wallet_backup(struct wallet *w, const char *path, bool replace) CF_CHECKED;
/* Copies a backup into `dir` after checking that it is a wallet; EXISTS when its serial is there (unless replace, which keeps
 * the old file until the new one is durable), or when another wallet has its label. */
struct cf_status wallet_restore(const char *backup, const char *dir, bool replace, char **path) CF_CHECKED;
/* Removes the file. */
struct cf_status wallet_delete(struct wallet *w) CF_CHECKED;

/* ---- named users: each has the wallet key wrapped under a PIN of his own (users.c) ---- */

struct wallet_user {
	char name[WALLET_USER_NAME_MAX + 1];
	struct wallet_pin_state pin;
};
/* The role of the user with that name. NOT_FOUND. */
struct cf_status wallet_user_find(struct wallet *w, struct span name, unsigned *role) CF_CHECKED;
/* INVALID: no name, too long, control characters or no UTF-8; EXISTS; LIMIT: 254 users. Durable when OK. */
struct cf_status wallet_user_add(struct wallet *w, struct secret *key, struct span name, struct span pin,
				 const struct wallet_kdf *kdf) CF_CHECKED;
/* His PIN opens this file no longer; a copy of the file that he has, it does. NOT_FOUND. */
struct cf_status wallet_user_remove(struct wallet *w, struct secret *key, struct span name) CF_CHECKED;
typedef void (*wallet_user_fn)(const struct wallet_user *user, void *arg);
/* In the order in which they were added, more or less. */
struct cf_status wallet_users_each(struct wallet *w, wallet_user_fn fn, void *arg) CF_CHECKED;

/* ---- objects ---- */

/* One stored object: sealed attributes (private) or plain attributes and a MAC (public). */
struct wallet_object {
	uint64_t number;     /* 1.., never used again in this wallet */
	uint64_t version;    /* of the wallet's change that wrote it; grows */
	bool is_private;
	struct buf body;     /* as stored */
	struct buf terms;    /* keyed search terms, WALLET_TERM_SIZE each; only while it is written */
};
void wallet_object_release(struct wallet_object *o);
#define WALLET_OBJECT_INIT { .body = BUF_INIT(WALLET_OBJECT_MAX + 64), .terms = BUF_INIT(4096) }
#define AUTO_WALLET_OBJECT __attribute__((cleanup(wallet_object_release))) struct wallet_object

/* A search term: which attribute, which value. `tag` is the caller's attribute number. */
struct wallet_term {
	uint64_t tag;
	struct span value;
};

/* A change: one transaction.  Between begin and commit/abort the wallet is locked to this thread. */
struct wallet_change;
/* AGAIN: another process writes (after the busy time-out); READONLY, FULL, FORGED (the set's digest does not verify). */
struct cf_status wallet_change_begin(struct wallet *w, struct secret *key, struct wallet_change **out) CF_CHECKED;
/* A new number, or the next version of an existing object; fills number and version of `o`. */
struct cf_status wallet_change_new(struct wallet_change *c, bool is_private, struct wallet_object *o) CF_CHECKED;
struct cf_status wallet_change_again(struct wallet_change *c, uint64_t number, bool is_private, struct wallet_object *o) CF_CHECKED;
/* As wallet_fetch, inside the change: what is read cannot have been replaced when it is written again. */
struct cf_status wallet_change_fetch(struct wallet_change *c, uint64_t number, struct wallet_object *out) CF_CHECKED;
/* Fills o->body and o->terms from the encoded attributes: seals them (private) or adds the MAC (public).
 * `plain` and the terms' values may lie in scope memory (a private object's must).  No store call is made. */
struct cf_status wallet_change_seal(struct vault_scope *scope, struct wallet_change *c, struct wallet_object *o,
				    struct span plain, const struct wallet_term *terms, size_t count) CF_CHECKED;
/* Stores a sealed object, its terms and its place in the authenticated set. Outside of any scope. */
struct cf_status wallet_change_put(struct wallet_change *c, const struct wallet_object *o) CF_CHECKED;
struct cf_status wallet_change_remove(struct wallet_change *c, uint64_t number) CF_CHECKED;
/* What wallet_generation() says before this change, and will say after its commit unless another one follows. */
struct wallet_step {
	uint64_t before, after;
};
struct wallet_step wallet_change_step(const struct wallet_change *c);
/* Durable when OK.  Consumes c either way. */
struct cf_status wallet_change_commit(struct wallet_change *c) CF_CHECKED;
/* Nothing of it happened. NULL is fine. */
void wallet_change_abort(struct wallet_change *c);
AUTO_DEFINE(wallet_change, wallet_change_abort)

/* Reads one row.  With a key its place and version are checked against the authenticated set:
 * FORGED names the row in the error sentence. NOT_FOUND.  Without a key only public rows are found. */
struct cf_status wallet_fetch(struct wallet *w, struct secret *key_opt, uint64_t number, struct wallet_object *out) CF_CHECKED;
/* Opens a private row into scope memory; *n is the length. dst.n >= body.n suffices. FORGED. */
struct cf_status wallet_open_private(struct vault_scope *scope, struct wallet *w, struct secret *key,
				     const struct wallet_object *o, struct mspan dst, size_t *n) CF_CHECKED;
/* The attributes of a public row, in place in o->body; with a key the MAC is checked first: FORGED. */
struct cf_status wallet_open_public(struct wallet *w, struct secret *key_opt, const struct wallet_object *o,
				    struct span *plain) CF_CHECKED;

/* A search by terms, made once: keyed hashes of the values, so that it may be kept in ordinary memory. */
#define WALLET_TERMS_MAX 8
struct wallet_query {
	uint8_t hash[2][WALLET_TERMS_MAX][WALLET_TERM_SIZE]; /* public, private */
	size_t count;
	bool with_private;
};
/* Terms first by selectivity; none: all objects.  Private objects are searched with a key only. LIMIT. */
struct cf_status wallet_query(struct wallet *w, struct secret *key_opt, const struct wallet_term *terms, size_t count,
			      struct wallet_query *out) CF_CHECKED;
/* Numbers greater than `after`, ascending, of objects that carry all the terms.  A hit is a candidate: the caller
 * compares the opened object, because the index alone is not authenticated.  *found < max: there are no more. */
struct cf_status wallet_find(struct wallet *w, const struct wallet_query *query, uint64_t after, uint64_t *numbers, size_t max,
			     size_t *found) CF_CHECKED;

/* A number that differs whenever this or another process has changed objects, PINs or label since; one
 * small read of the file (about 0.2 us), no lock waited for. */
struct cf_status wallet_generation(struct wallet *w, uint64_t *generation) CF_CHECKED;

/* Checks everything: structure, every row, version, MAC, seal, index terms, the set's digest.  `report`
 * gets one sentence for each fault (never a private label).  OK: *faults == 0 means clean.
 * terms_of gives the terms of an opened object, so that the index can be checked both ways. */
struct wallet_checker {
	void (*report)(const char *sentence, void *arg);
	struct cf_status (*terms_of)(struct vault_scope *scope, struct span plain, struct wallet_term *terms,
				     size_t max, size_t *count, void *arg);
	void *arg;
};
struct cf_status wallet_verify(struct wallet *w, struct secret *key, const struct wallet_checker *checker,
			       uint64_t *objects, uint64_t *faults) CF_CHECKED;

#endif
