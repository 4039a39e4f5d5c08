/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is checked before and done after every C_ function: is this the process that called C_Initialize, is the
 * module open, is the handle one of ours, is the session's lock held, is the login state there; afterwards all of it is
 * given back and the trace written.  A call between enter and leave keeps C_Finalize waiting.
 */
#ifndef COFFER_CRYPTOKI_GUARD_H
#define COFFER_CRYPTOKI_GUARD_H

#include "session/call.h"

enum guard_subject { SUBJECT_MODULE, SUBJECT_SLOT, SUBJECT_SESSION };
enum guard_need { NEED_ANY, NEED_RW, NEED_SO, NEED_USER };

/* A function list, as a call through it is to be answered. */
struct guard_list {
	CK_VERSION version;
	enum object_form form; /* of CKA_EC_POINT, unless configured otherwise */
};

/* What a call is about, before anything is known of it. */
struct guard_row {
	const char *function; /* static */
	enum guard_subject subject;
	enum guard_need need;
	const struct guard_list *list;
};

/* Fills `call`; `handle` is the session's or slot's, else 0.  CRYPTOKI_NOT_INITIALIZED, SLOT_ID_INVALID,
 * SESSION_HANDLE_INVALID, SESSION_READ_ONLY, USER_NOT_LOGGED_IN; nothing is held then. */
CK_RV guard_enter(struct call *call, const struct guard_row *row, CK_ULONG handle);
/* After guard_enter() was OK. Returns `rv`. */
CK_RV guard_leave(struct call *call, CK_RV rv);
/* A line in the trace, when there is one: the function, the answer and the sentence behind a failure. */
void guard_trace(const char *function, CK_RV rv);

#endif
