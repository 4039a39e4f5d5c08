/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles of sessions.  A handle is a place in the table and a number that grows with each session opened, so
 * that the handle of a closed session is not met again.  Places are made as they are needed and stay until
 * the table is freed: a lookup takes no lock but the session's own, and holding that lock is what
 * keeps the session open for the length of a call.
 */
#ifndef COFFER_SESSION_TABLE_H
#define COFFER_SESSION_TABLE_H

#include "ck/ck.h"
#include "token/token.h"

#define SESSIONS_MAX 65536u

struct session;
struct sessions;

/* HOST_MEMORY. */
CK_RV sessions_new(struct sessions **out);
/* Closes what is open. No call may be in flight. NULL is fine. */
void sessions_free(struct sessions *s);

/* The key that seals saved states: made at the first call, as old as the table at most. Borrowed. DEVICE_MEMORY, DEVICE_ERROR. */
CK_RV sessions_state_key(struct sessions *s, struct secret **out);

struct session_request {
	struct token *token; /* the session takes a reference of its own */
	bool read_write, async;
	CK_VOID_PTR application;
	CK_NOTIFY notify;
};
/* CKR_SESSION_COUNT when the table is full, HOST_MEMORY, and the answers of token_session_opened(). */
CK_RV sessions_open(struct sessions *s, const struct session_request *request, CK_SESSION_HANDLE *handle);

/* The session with its lock held; give it back with session_release(). CKR_SESSION_HANDLE_INVALID. */
CK_RV sessions_take(struct sessions *s, CK_SESSION_HANDLE handle, struct session **out);
void session_release(struct session *session);
/* Lock held. */
struct token *session_token(const struct session *session);
bool session_is_read_write(const struct session *session);

/* Ends a session with everything that runs in it. Lock held; it stays held. */
void session_close(struct session *session);
/* All sessions with the token, or all there are. No session's lock may be held: one after the other is waited for. */
void sessions_close_all(struct sessions *s, const struct token *token_opt);

#endif
