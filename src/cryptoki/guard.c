/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/guard.h"

#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "ck/names.h"
#include "cryptoki/idle.h"
#include "cryptoki/module.h"
#include "vault/vault.h"

/* The same for the whole call: a session's handle, or its slot. */
static struct module_counter *counter_of(CK_ULONG handle)
{
	return &module.counter[handle % MODULE_COUNTERS];
}

/* Counted first, looked second: C_Finalize does it the other way round, so one of the two sees the other. */
static CK_RV enter_module(CK_ULONG handle)
{
	atomic_fetch_add(&counter_of(handle)->calls, 1);
	if (module_is_open())
		return CKR_OK;
	atomic_fetch_sub(&counter_of(handle)->calls, 1);
	return CKR_CRYPTOKI_NOT_INITIALIZED;
}

static CK_RV enter_session(struct call *call, CK_SESSION_HANDLE handle, enum guard_need need)
{
	CK_RV rv = sessions_take(call->sessions, handle, &call->session);

	if (rv != CKR_OK)
		return rv;
	call->token = session_token(call->session);
	if (need == NEED_RW && !session_is_read_write(call->session))
		rv = CKR_SESSION_READ_ONLY;
	if (need == NEED_SO && token_login_state(call->token) != TOKEN_SO)
		rv = CKR_USER_NOT_LOGGED_IN;
	if (need == NEED_USER && token_login_state(call->token) != TOKEN_USER)
		rv = CKR_USER_NOT_LOGGED_IN;
	if (rv != CKR_OK)
		session_release(call->session);
	return rv;
}

static enum object_form form_of(const struct config *config, enum object_form list)
{
	if (config->ec_point == CONFIG_POINT_AUTO)
		return list;
	return config->ec_point == CONFIG_POINT_RAW ? OBJECT_FORM_RAW : OBJECT_FORM_DER;
}

static CK_RV enter_subject(struct call *call, const struct guard_row *row, CK_ULONG handle)
{
	switch (row->subject) {
	case SUBJECT_SLOT:
		return slots_token(call->slots, handle, &call->token);
	case SUBJECT_SESSION:
		return enter_session(call, handle, row->need);
	default:
		return CKR_OK;
	}
}

static void leave_module(const struct call *call, CK_RV rv)
{
	if (module.trace >= 0)
		guard_trace(call->function, rv);
	atomic_fetch_sub_explicit(&counter_of(call->handle)->calls, 1, memory_order_release);
}

CK_RV guard_enter(struct call *call, const struct guard_row *row, CK_ULONG handle)
{
	CK_RV rv = enter_module(handle);

	error_clear();
	if (rv != CKR_OK)
		return rv;
	*call = (struct call){
		.function = row->function,
		.form = form_of(module.config, row->list->form),
		.version = row->list->version,
		.config = module.config,
		.slots = module.slots,
		.sessions = module.sessions,
		.handle = handle,
	};
	rv = enter_subject(call, row, handle);
	if (rv != CKR_OK)
		leave_module(call, rv);
	return rv;
}

CK_RV guard_leave(struct call *call, CK_RV rv)
{
	if (call->session != NULL) {
		session_release(call->session);
		idle_watch();
	} else
		token_unref(call->token);
	leave_module(call, rv);
	return rv;
}

void guard_trace(const char *function, CK_RV rv)
{
	char line[ERROR_TEXT_MAX + 128];
	const char *name = name_of_rv(rv), *sentence = rv == CKR_OK ? "" : error_text();
	int n = snprintf(line, sizeof(line), "%ld %s %s%s%s\n", (long)getpid(), function, name == NULL ? "CKR_?" : name,
			 sentence[0] == '\0' ? "" : ": ", sentence);

	/* One write for each line: threads and processes may share the file.  A full disk loses the trace, not the call. */
	if (n > 0 && write(module.trace, line, (size_t)n) < 0)
		return;
}
