/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots and tokens: each wallet in the directory is a token in a slot of its
 * own; one extra slot holds an uninitialised token, so that C_InitToken makes a wallet.
 * Login state belongs to the token (one application), not to a session.
 *
 * Locks: everything here takes the locks it needs (SLOTS, TOKEN, below);
 * callers hold at most their session's.
 */
#ifndef COFFER_TOKEN_TOKEN_H
#define COFFER_TOKEN_TOKEN_H

#include "base/cleanup.h"
#include "base/config.h"
#include "base/span.h"
#include "ck/ck.h"

struct token;
struct slots;
struct secret;
struct wallet;

/* ---- slots (slot.c) ---- */

/* `config` must outlive it. The directory need not exist. */
CK_RV slots_open(const struct config *config, struct slots **out);
/* All sessions are closed by then. */
void slots_close(struct slots *s);
/* Looks for new and vanished wallets (C_GetSlotList with a NULL list). A wallet that cannot be opened (damaged, loose
 * permissions) has its slot too, with a token that is present and not recognised; error_text says why. */
CK_RV slots_refresh(struct slots *s);
/* C_GetSlotList, after any refresh. */
CK_RV slots_list(struct slots *s, bool token_present, CK_SLOT_ID *list_opt, CK_ULONG *count);
/* A reference. CKR_SLOT_ID_INVALID. */
CK_RV slots_token(struct slots *s, CK_SLOT_ID id, struct token **out);
/* C_WaitForSlotEvent(CKF_DONT_BLOCK): a wallet appeared or went since the last call: CKR_NO_EVENT when not. */
CK_RV slots_event(struct slots *s, CK_SLOT_ID *id);
/* Logs out where the idle time is over; *left: ms until that may be so for the next wallet, IDLE_NEVER when none is unlocked. */
#define IDLE_NEVER UINT64_MAX
void slots_lock_idle(struct slots *s, uint64_t *left);
struct token *token_ref(struct token *t);
void token_unref(struct token *t);
AUTO_DEFINE(token, token_unref)

/* ---- one token (token.c) ---- */

CK_SLOT_ID token_slot_id(const struct token *t);
CK_RV token_slot_info(struct token *t, CK_SLOT_INFO *info);
/* CKR_TOKEN_NOT_RECOGNIZED for a damaged wallet. Session counts are the token's own (see token_session_opened). */
CK_RV token_get_info(struct token *t, CK_TOKEN_INFO *info);
/* C_InitToken: makes a wallet in the empty slot (the slot keeps its ID, a new empty slot appears), or resets one after
 * checking the SO PIN. SESSION_EXISTS, PIN_INCORRECT, PIN_LEN_RANGE, PIN_LOCKED. */
CK_RV token_init(struct slots *s, CK_SLOT_ID id, struct span so_pin, const CK_UTF8CHAR label[32]);

/* A session was opened/closed: CKR_SESSION_READ_WRITE_SO_EXISTS for a read-only one while the SO is logged in,
 * CKR_TOKEN_NOT_RECOGNIZED. The last one closed logs out (PKCS#11 C_CloseSession). `session` names its objects: they are destroyed. */
CK_RV token_session_opened(struct token *t, bool read_write);
void token_session_closed(struct token *t, CK_SESSION_HANDLE session, bool read_write);

/* ---- login (login.c) ---- */

enum token_login { TOKEN_PUBLIC, TOKEN_USER, TOKEN_SO };
enum token_login token_login_state(struct token *t);
/* Raised at every logout; an operation with a private key remembers it and ends when it differs. */
uint64_t token_login_epoch(struct token *t);

/* pin.p NULL: protected authentication path.  CKU_USER, CKU_SO; `name` empty, or of a named user (CKU_USER: C_LoginUser). ALREADY/ANOTHER_ALREADY_LOGGED_IN, PIN_INCORRECT, PIN_LOCKED,
 * PIN_LEN_RANGE, USER_PIN_NOT_INITIALIZED, SESSION_READ_ONLY_EXISTS, USER_TYPE_INVALID. */
CK_RV token_do_login(struct token *t, CK_USER_TYPE user, struct span name, struct span pin);
/* CKU_CONTEXT_SPECIFIC: checks the PIN of who is logged in, changes nothing.  A name that is another's: USER_ANOTHER_ALREADY_LOGGED_IN. */
CK_RV token_context_login(struct token *t, struct span name, struct span pin);
CK_RV token_logout(struct token *t);
CK_RV token_init_pin(struct token *t, struct span pin);                      /* by the SO */
CK_RV token_set_pin(struct token *t, struct span old_pin, struct span new_pin); /* his who is logged in, else the user's */

/* A reference to the sealed wallet key while somebody is logged in. CKR_USER_NOT_LOGGED_IN. */
CK_RV token_wallet_key(struct token *t, struct secret **ref);

/* For the vendor interface: the wallet behind an initialised token, borrowed; NULL for the empty slot or a damaged wallet. */
struct wallet *token_wallet(struct token *t);
/* The file of a wallet, of a damaged one too; borrowed, NULL for the empty slot. */
const char *token_path(struct token *t);

#endif
