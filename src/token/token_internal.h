/* SPDX-License-Identifier: Apache-2.0 */
/* A token as the files of this room see it. */
#ifndef COFFER_TOKEN_INTERNAL_H
#define COFFER_TOKEN_INTERNAL_H

#include <stdatomic.h>

#include "base/lock.h"
#include "token/objects.h"
#include "token/token.h"
#include "wallet/wallet.h"

#define PIN_MAX 1024
#define SESSION_BUCKETS_FEW 64
/* Random numbers for so many unique IDs are drawn at a time: a system call for each would take as long as the rest of a small object. */
#define IDS_DRAWN 16
#define KEY_BUCKETS 1024
/* Keys that stay ready for use, about 500 bytes each; beyond them some are let go and come back at their next use. */
#define KEYS_MAX 16384

struct session_object;
struct disabled;

/* Session objects by number: as many buckets as objects, or a few. */
struct session_table {
	struct session_object **bucket; /* `few`, or allocated */
	size_t buckets, count;
	struct session_object *few[SESSION_BUCKETS_FEW];
};

struct token {
	_Atomic unsigned refs;
	const struct config *config;
	CK_SLOT_ID slot;
	uint8_t serial[WALLET_SERIAL_SIZE]; /* of the wallet, or of the one to be made here */
	char *path;                         /* of a wallet that could not be opened */
	struct lock lock;                   /* rank TOKEN: everything below */
	struct wallet *wallet;              /* NULL: not initialised, or damaged */
	enum token_login login;
	unsigned role;                      /* whose PIN it was (wallet/wallet.h); while logged in */
	_Atomic uint64_t epoch;
	struct secret *wallet_key;          /* while logged in */
	uint64_t last_use_ms;
	CK_ULONG sessions, rw_sessions;
	struct session_table session_objects;
	uint64_t next_session_object;
	uint8_t id[IDS_DRAWN][OBJECT_ID_SIZE]; /* random, of objects to come */
	unsigned ids_left;
	struct key *keys[KEY_BUCKETS];
	size_t key_count, key_hand;         /* the hand: where the search for a key to let go goes on */
	uint64_t keys_generation;           /* of the wallet, when the cached keys were read */
	uint64_t session_changes;           /* how often a session object was changed or destroyed */
	_Atomic bool no_policy;             /* at that generation the wallet has no policy (policy.c) */
	const struct disabled *disabled;    /* of the configuration; the slots' */
};

/* ---- token.c ---- */

/* Takes the token's lock, and logs out first when the idle time is over. */
void token_lock(struct token *t);
void token_unlock(struct token *t);
/* Logs out when the idle time is over, without being a use itself: the time that is left, in ms, or IDLE_NEVER. */
uint64_t token_lock_when_idle(struct token *t);
/* `config` and `disabled` are borrowed. */
CK_RV token_new(const struct config *config, const struct disabled *disabled, const uint8_t serial[WALLET_SERIAL_SIZE],
		struct token **out);
/* Lock not held: what becomes a new object's CKA_UNIQUE_ID; never given twice. */
void token_new_id(struct token *t, uint8_t out[OBJECT_ID_SIZE]);
/* Lock held: everything that logging out takes away. */
void token_forget_login(struct token *t);
/* What an operation needs of a logged-in token, outside of its lock. Released by standing_release. */
struct standing {
	enum token_login login;
	unsigned role;         /* whose PIN opened it, while somebody is logged in */
	struct wallet *wallet; /* a reference; NULL when there is none */
	struct secret *key;    /* a reference; NULL when nobody is logged in */
};
void token_standing(struct token *t, struct standing *out);
void standing_release(struct standing *s);
#define AUTO_STANDING __attribute__((cleanup(standing_release))) struct standing

/* ---- handles ---- */

enum handle_kind { HANDLE_TOKEN = 1, HANDLE_SESSION = 2, HANDLE_BUILT_IN = 3 };
static inline CK_OBJECT_HANDLE handle_make(uint64_t number, enum handle_kind kind)
{
	return (CK_OBJECT_HANDLE)(number << 2 | (uint64_t)kind);
}
static inline enum handle_kind handle_kind(CK_OBJECT_HANDLE h)
{
	return (enum handle_kind)(h & 3);
}
static inline uint64_t handle_number(CK_OBJECT_HANDLE h)
{
	return (uint64_t)h >> 2;
}

/* ---- session_objects.c: objects that live in memory ---- */

struct session_object {
	struct session_object *next;
	uint64_t number;
	CK_SESSION_HANDLE owner;
	bool is_private;       /* CKA_PRIVATE: goes at logout */
	bool is_destroyable;   /* CKA_DESTROYABLE, so that nothing is opened to destroy it; whoever could change it here could free it as well */
	bool check_later;      /* CKA_CHECK_VALUE is not in it: image_open computes it */
	struct secret *sealed; /* or */
	struct buf plain;
};
void session_table_open(struct session_table *table);
/* Nothing is in it any more. */
void session_table_close(struct session_table *table);
/* All with the token's lock held. */
/* NULL also for a private one while the user is not logged in. */
struct session_object *session_object_find(struct token *t, uint64_t number);
bool session_object_is_visible(const struct token *t, const struct session_object *o);
/* Takes `o` over and gives it its number. */
void session_object_add(struct token *t, struct session_object *o);
/* Takes over what `o` holds in place of what the object with that number has. False when it is gone. */
bool session_object_replace(struct token *t, uint64_t number, struct session_object *o);
/* One of this token's; frees it. */
void session_object_remove(struct token *t, struct session_object *o);
void session_objects_drop(struct token *t, bool (*which)(const struct session_object *o, CK_SESSION_HANDLE owner),
			  CK_SESSION_HANDLE owner);
bool session_object_is_private(const struct session_object *o, CK_SESSION_HANDLE owner);
bool session_object_is_owned(const struct session_object *o, CK_SESSION_HANDLE owner);
bool session_object_any(const struct session_object *o, CK_SESSION_HANDLE owner);
void session_object_free(struct session_object *o);

/* ---- image.c: one object, wherever it is kept ---- */

struct image {
	CK_OBJECT_HANDLE handle;
	struct wallet_object row;   /* HANDLE_TOKEN */
	struct secret *sealed;      /* a session object's */
	struct buf plain;           /* a public session object's, a built-in's */
	bool is_sealed;
	bool check_later;           /* as of a session object; cleared by who does without CKA_CHECK_VALUE */
	uint64_t generation;        /* of the wallet, before the row was read */
	uint64_t session_changes;   /* as of the token, when a session object was read */
	struct standing standing;
};
#define IMAGE_INIT { .row = WALLET_OBJECT_INIT, .plain = BUF_INIT(WALLET_OBJECT_MAX) }
void image_release(struct image *i);
#define AUTO_IMAGE __attribute__((cleanup(image_release))) struct image
/* OBJECT_HANDLE_INVALID when there is none, or when it is private and the user is not logged in. */
CK_RV image_load(struct token *t, CK_OBJECT_HANDLE handle, struct image *out);
/* The same for a row that was read already (within a change). */
typedef CK_RV (*image_fn)(struct vault_scope *scope, struct attrs attrs, void *arg);
/* Calls fn with the object's attributes: in a scope when it is sealed, in place with scope NULL when it is not. */
CK_RV image_run(struct image *i, image_fn fn, void *arg);
/* Opens a sealed image within a scope that runs already.  The check value of a secret key that was made for a session is computed here,
 * when it is asked for: many such keys live for one message, nobody looks at theirs, and it takes as long as the rest of the attributes.
 * It is a function of the value, which never changes. */
CK_RV image_open(struct vault_scope *scope, struct image *i, struct attrs *out);

/* The built-in profile objects. */
#define BUILT_INS 4
CK_RV built_in(uint64_t number, struct buf *out);

/* ---- keyuse.c ---- */

/* Opens the key within a scope that runs already; the parts lie in memory of that scope, or in the key. */
CK_RV key_open(struct vault_scope *scope, struct key *k, struct key_view *view);
/* Lock held. */
void keys_drop_all(struct token *t);
void keys_drop(struct token *t, CK_OBJECT_HANDLE handle);
/* Lock not held: a change of ours was committed, and the key that it concerned goes (0: none did); the others stay ready. */
void keys_committed(struct token *t, struct wallet_step step, CK_OBJECT_HANDLE changed);
/* What another process changed in the wallet since keys and policy were read makes all of them doubtful. */
CK_RV keys_refresh(struct token *t);

/* ---- authpath.c ---- */

struct guarded;
bool authpath_configured(const struct config *c);
CK_RV authpath_pin(const struct config *c, struct guarded **out);

#endif
