/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session as the files of this room see it: who opened it, and what runs in it.
 * Everything but the handle is guarded by the session's lock, which the guard holds during a call.
 */
#ifndef COFFER_SESSION_SESSION_H
#define COFFER_SESSION_SESSION_H

#include <stdatomic.h>

#include "base/lock.h"
#include "session/call.h"
#include "session/op.h"
#include "token/objects.h"

struct messages;

struct session {
	struct lock lock;         /* rank SESSION */
	_Atomic CK_ULONG handle;  /* 0: this place of the table is free */
	struct token *token;      /* a reference */
	bool read_write;
	bool async;               /* CKF_ASYNC_SESSION: see async.c */
	CK_VOID_PTR application;
	CK_NOTIFY notify;
	struct op op[OP_KINDS];
	struct object_search *search; /* C_FindObjectsInit; NULL: none */
	struct messages *messages;    /* C_Message...Init; NULL: none so far */
};

/* op_message.c */
void messages_free(struct messages *m);
void messages_cancel(struct messages *m, enum op_kind kind);
/* What waits for C_Login(CKU_CONTEXT_SPECIFIC); NULL: nothing. */
struct op *messages_waiting(struct messages *m);

/* A freshly opened session in a free place, lock held. */
void session_begin(struct session *s, const struct session_request *request, CK_SESSION_HANDLE handle);

/* CKS_...: as C_GetSessionInfo answers. */
CK_STATE session_state(const struct session *s);
/* Ends whatever runs in it. Lock held. */
void session_cancel_all(struct session *s);

/* Who asks, for token/objects.h. */
struct access session_access(const struct call *call);

/* The caller's template. CKR_ARGUMENTS_BAD: a count without an array. */
CK_RV session_template(const CK_ATTRIBUTE *attr, CK_ULONG count, struct template *out);

#endif
