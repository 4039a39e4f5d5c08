/* SPDX-License-Identifier: Apache-2.0 */
#include "session/session.h"

#include "session/bodies.h"

void session_begin(struct session *s, const struct session_request *request, CK_SESSION_HANDLE handle)
{
	s->token = token_ref(request->token);
	s->read_write = request->read_write;
	s->async = request->async;
	s->application = request->application;
	s->notify = request->notify;
	atomic_store_explicit(&s->handle, handle, memory_order_release);
}

void session_cancel_all(struct session *s)
{
	for (size_t i = 0; i < OP_KINDS; i++)
		(void)op_end(&s->op[i], CKR_OK);
	object_search_free(s->search);
	messages_free(s->messages);
	s->search = NULL;
	s->messages = NULL;
}

void session_close(struct session *s)
{
	CK_SESSION_HANDLE handle = atomic_load_explicit(&s->handle, memory_order_relaxed);

	session_cancel_all(s);
	token_session_closed(s->token, handle, s->read_write);
	token_unref(s->token);
	s->token = NULL;
	/* Last: from here on the place may be taken by another. */
	atomic_store_explicit(&s->handle, 0, memory_order_release);
}

struct token *session_token(const struct session *s)
{
	return s->token;
}

bool session_is_read_write(const struct session *s)
{
	return s->read_write;
}

struct access session_access(const struct call *call)
{
	return (struct access){
		.token = call->session->token,
		.session = atomic_load_explicit(&call->session->handle, memory_order_relaxed),
		.read_write = call->session->read_write,
		.form = call->form,
	};
}

CK_RV session_template(const CK_ATTRIBUTE *attr, CK_ULONG count, struct template *out)
{
	*out = (struct template){ attr, count };
	return attr == NULL && count != 0 ? CKR_ARGUMENTS_BAD : CKR_OK;
}

/* ---- bodies ---- */

CK_RV do_C_OpenSession(struct call *call, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY notify,
		       CK_SESSION_HANDLE_PTR session)
{
	struct session_request request = {
		.token = call->token,
		.read_write = (flags & CKF_RW_SESSION) != 0,
		.async = (flags & CKF_ASYNC_SESSION) != 0,
		.application = application,
		.notify = notify,
	};

	if ((flags & CKF_SERIAL_SESSION) == 0)
		return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
	if (session == NULL)
		return CKR_ARGUMENTS_BAD;
	return sessions_open(call->sessions, &request, session);
}

CK_RV do_C_CloseSession(struct call *call)
{
	session_close(call->session);
	return CKR_OK;
}

CK_RV do_C_CloseAllSessions(struct call *call)
{
	sessions_close_all(call->sessions, call->token);
	return CKR_OK;
}

CK_STATE session_state(const struct session *s)
{
	switch (token_login_state(s->token)) {
	case TOKEN_SO:
		return CKS_RW_SO_FUNCTIONS;
	case TOKEN_USER:
		return s->read_write ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
	default:
		return s->read_write ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
	}
}

CK_RV do_C_GetSessionInfo(struct call *call, CK_SESSION_INFO_PTR info)
{
	const struct session *s = call->session;

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	*info = (CK_SESSION_INFO){
		.slotID = token_slot_id(s->token),
		.state = session_state(s),
		.flags = CKF_SERIAL_SESSION | (s->read_write ? CKF_RW_SESSION : 0) | (s->async ? CKF_ASYNC_SESSION : 0),
	};
	return CKR_OK;
}

/* No validation authority has looked at this module, so that no operation is one that was validated (PKCS#11 3.2 §4.16.3). */
CK_RV do_C_GetSessionValidationFlags(struct call *call, CK_SESSION_VALIDATION_FLAGS_TYPE type, CK_FLAGS *flags)
{
	(void)call;
	(void)type; /* what other kinds of flags there may be, none is set */
	if (flags == NULL)
		return CKR_ARGUMENTS_BAD;
	*flags = 0;
	return CKR_OK;
}

/* One flag for each operation that a mechanism can begin, as CK_MECHANISM_INFO has them (PKCS#11 3.0 §5.6.5). */
CK_RV do_C_SessionCancel(struct call *call, CK_FLAGS flags)
{
	struct session *s = call->session;

	for (size_t i = 0; i < OP_KINDS; i++)
		if ((flags & op_flag((enum op_kind)i)) != 0)
			(void)op_end(&s->op[i], CKR_OK);
	for (size_t i = 0; i < OP_KINDS; i++)
		if ((flags & op_message_flag((enum op_kind)i)) != 0)
			messages_cancel(s->messages, (enum op_kind)i);
	if ((flags & CKF_FIND_OBJECTS) != 0) {
		object_search_free(s->search);
		s->search = NULL;
	}
	return CKR_OK;
}

/* Left from the days of parallel sessions. */
CK_RV do_C_GetFunctionStatus(struct call *call)
{
	(void)call;
	return CKR_FUNCTION_NOT_PARALLEL;
}

CK_RV do_C_CancelFunction(struct call *call)
{
	(void)call;
	return CKR_FUNCTION_NOT_PARALLEL;
}
