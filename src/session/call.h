/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of a C_ function, from the guard that makes it (cryptoki/guard.c) to the body that
 * answers it.  Lives on the stack of the caller's thread.
 */
#ifndef COFFER_SESSION_CALL_H
#define COFFER_SESSION_CALL_H

#include "base/config.h"
#include "object/object.h"
#include "session/table.h"
#include "token/token.h"

struct call {
	const char *function;          /* its name */
	CK_VERSION version;            /* of the list through which the call came */
	enum object_form form;         /* how that list shows CKA_EC_POINT */
	const struct config *config;
	struct slots *slots;
	struct sessions *sessions;
	struct session *session;       /* a session's call: its lock is held; else NULL */
	CK_ULONG handle;               /* the session's or slot's, or 0 */
	struct token *token;           /* a session's (borrowed) or a slot's call (a reference of the guard's); else NULL */
};

#endif
