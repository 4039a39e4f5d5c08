/* SPDX-License-Identifier: Apache-2.0 */
/* Named users: what Cryptoki has C_LoginUser for, but no function to make. */
#include "cryptoki/vendor_internal.h"

VENDOR_ROW(AddUser, SESSION, RW);
VENDOR_ROW(RemoveUser, SESSION, RW);
VENDOR_ROW(Users, SLOT, ANY);

static CK_RV add_user(struct call *call, struct span name, struct span pin)
{
	const struct wallet_kdf kdf = { call->config->argon2_memory_kib, call->config->argon2_passes };
	AUTO(secret) key = NULL;
	struct wallet *w;
	CK_RV rv;

	if (name.p == NULL || pin.p == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = vendor_check_pin(call->config, pin);
	if (rv == CKR_OK)
		rv = vendor_unlocked(call, &w, &key);
	return rv == CKR_OK ? vendor_rv(wallet_user_add(w, key, name, pin, &kdf)) : rv;
}

CK_RV vendor_add_user(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR name, CK_ULONG name_len, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len)
{
	struct call call;
	CK_RV rv = guard_enter(&call, &AddUser, session);

	return rv == CKR_OK ? guard_leave(&call, add_user(&call, span(name, name_len), span(pin, pin_len))) : rv;
}

static CK_RV remove_user(struct call *call, struct span name)
{
	AUTO(secret) key = NULL;
	struct wallet *w;
	CK_RV rv;

	if (name.p == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = vendor_unlocked(call, &w, &key);
	return rv == CKR_OK ? vendor_rv(wallet_user_remove(w, key, name)) : rv;
}

CK_RV vendor_remove_user(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR name, CK_ULONG name_len)
{
	struct call call;
	CK_RV rv = guard_enter(&call, &RemoveUser, session);

	return rv == CKR_OK ? guard_leave(&call, remove_user(&call, span(name, name_len))) : rv;
}

struct listing {
	COFFER_USER user;
	void *context;
};

static void list_one(const struct wallet_user *user, void *arg)
{
	const struct listing *l = arg;

	l->user(user->name, user->pin.failures, l->context);
}

static CK_RV list_users(struct call *call, struct listing *l)
{
	struct wallet *w = token_wallet(call->token);

	if (l->user == NULL)
		return CKR_ARGUMENTS_BAD;
	return w == NULL ? CKR_TOKEN_NOT_RECOGNIZED : vendor_rv(wallet_users_each(w, list_one, l));
}

CK_RV vendor_users(CK_SLOT_ID slot, COFFER_USER user, void *context)
{
	struct listing l = { user, context };
	struct call call;
	CK_RV rv = guard_enter(&call, &Users, slot);

	return rv == CKR_OK ? guard_leave(&call, list_users(&call, &l)) : rv;
}
