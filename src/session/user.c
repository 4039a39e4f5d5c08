/* SPDX-License-Identifier: Apache-2.0 */
#include "session/bodies.h"
#include "session/session.h"

/* C_Login(CKU_CONTEXT_SPECIFIC) is for the operation that waits for it, and for that one only. */
static CK_RV login_for_operation(struct session *s, struct span name, struct span pin)
{
	struct op *waiting = NULL;
	CK_RV rv;

	for (size_t i = 0; i < OP_KINDS && waiting == NULL; i++)
		if (s->op[i].stage != OP_NONE && s->op[i].wants_pin)
			waiting = &s->op[i];
	if (waiting == NULL)
		waiting = messages_waiting(s->messages);
	if (waiting == NULL)
		return CKR_OPERATION_NOT_INITIALIZED;
	rv = token_context_login(s->token, name, pin);
	if (rv == CKR_OK)
		waiting->wants_pin = false;
	/* "this also logs the user out from the token" (private key objects, CKA_ALWAYS_AUTHENTICATE) */
	if (rv == CKR_PIN_LOCKED)
		(void)token_logout(s->token);
	return rv;
}

CK_RV do_C_LoginUser(struct call *call, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len,
		     CK_UTF8CHAR_PTR name, CK_ULONG name_len)
{
	struct session *s = call->session;

	if ((pin == NULL && pin_len != 0) || (name == NULL && name_len != 0))
		return CKR_ARGUMENTS_BAD;
	if (user == CKU_CONTEXT_SPECIFIC)
		return login_for_operation(s, span(name, name_len), span(pin, pin_len));
	return token_do_login(s->token, user, span(name, name_len), span(pin, pin_len));
}

CK_RV do_C_Login(struct call *call, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len)
{
	return do_C_LoginUser(call, user, pin, pin_len, NULL, 0);
}

CK_RV do_C_Logout(struct call *call)
{
	return token_logout(call->session->token);
}

CK_RV do_C_InitPIN(struct call *call, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len)
{
	/* A new PIN comes through the call: the authentication path only knows the one that it was given. */
	if (pin == NULL)
		return CKR_ARGUMENTS_BAD;
	return token_init_pin(call->session->token, span(pin, pin_len));
}

CK_RV do_C_SetPIN(struct call *call, CK_UTF8CHAR_PTR old_pin, CK_ULONG old_len, CK_UTF8CHAR_PTR new_pin,
		  CK_ULONG new_len)
{
	if ((old_pin == NULL && old_len != 0) || new_pin == NULL)
		return CKR_ARGUMENTS_BAD;
	return token_set_pin(call->session->token, span(old_pin, old_len), span(new_pin, new_len));
}
