/* SPDX-License-Identifier: Apache-2.0 */
/* The module itself, its slots, and the mechanisms that every token has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cryptoki/bodies.h"
#include "cryptoki/module.h"
#include "mech/mech.h"
#include "token/policy.h"

/* Blank-padded, without a NUL. */
static void pad(CK_UTF8CHAR *out, size_t room, const char *text)
{
	size_t n = strlen(text);

	memset(out, ' ', room);
	memcpy(out, text, n < room ? n : room);
}

static CK_VERSION package_version(void)
{
	const char *dot = strchr(PACKAGE_VERSION, '.');

	return (CK_VERSION){
		.major = (unsigned char)strtoul(PACKAGE_VERSION, NULL, 10),
		.minor = dot == NULL ? 0 : (unsigned char)strtoul(dot + 1, NULL, 10),
	};
}

CK_RV do_C_GetInfo(struct call *call, CK_INFO_PTR info)
{
	(void)call;
	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	*info = (CK_INFO){ .cryptokiVersion = call->version, .libraryVersion = package_version() };
	pad(info->manufacturerID, sizeof(info->manufacturerID), "coffer");
	pad(info->libraryDescription, sizeof(info->libraryDescription), "coffer wallets");
	return CKR_OK;
}

/* What is new is looked for when the length is asked (§5.5.1), and the list that follows is the same. */
CK_RV do_C_GetSlotList(struct call *call, CK_BBOOL token_present, CK_SLOT_ID_PTR list, CK_ULONG_PTR count)
{
	if (count == NULL)
		return CKR_ARGUMENTS_BAD;
	if (list == NULL) {
		CK_RV rv = slots_refresh(call->slots);

		if (rv != CKR_OK)
			return rv;
	}
	return slots_list(call->slots, token_present != CK_FALSE, list, count);
}

CK_RV do_C_GetSlotInfo(struct call *call, CK_SLOT_INFO_PTR info)
{
	return info == NULL ? CKR_ARGUMENTS_BAD : token_slot_info(call->token, info);
}

CK_RV do_C_GetTokenInfo(struct call *call, CK_TOKEN_INFO_PTR info)
{
	CK_RV rv = info == NULL ? CKR_ARGUMENTS_BAD : token_get_info(call->token, info);

	/* What older lists have no name for they do not show. */
	if (rv == CKR_OK && (call->version.major > 3 || (call->version.major == 3 && call->version.minor >= 2)))
		info->flags |= CKF_ASYNC_SESSION_SUPPORTED;
	return rv;
}

/* A mechanism that the token has, and that configuration and wallet leave it. */
static bool offered(struct call *call, const struct mech *mech)
{
	return mech != NULL && mech_available(mech) && token_permits(call->token, mech) != CKR_MECHANISM_INVALID;
}

CK_RV do_C_GetMechanismList(struct call *call, CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR count)
{
	CK_ULONG room, n = 0;

	if (count == NULL)
		return CKR_ARGUMENTS_BAD;
	room = *count;
	token_policy_refresh(call->token);
	for (size_t i = 0; i < mech_count(); i++) {
		if (!offered(call, mech_at(i)))
			continue;
		if (list != NULL && n < room)
			list[n] = mech_at(i)->type;
		n++;
	}
	*count = n;
	return list != NULL && room < n ? CKR_BUFFER_TOO_SMALL : CKR_OK;
}

CK_RV do_C_GetMechanismInfo(struct call *call, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info)
{
	const struct mech *mech = mech_find(type);

	if (info == NULL)
		return CKR_ARGUMENTS_BAD;
	token_policy_refresh(call->token);
	if (!offered(call, mech))
		return CKR_MECHANISM_INVALID;
	mech_get_info(mech, info);
	return CKR_OK;
}

CK_RV do_C_InitToken(struct call *call, CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len, CK_UTF8CHAR_PTR label)
{
	if (label == NULL || pin == NULL)
		return CKR_ARGUMENTS_BAD;
	return token_init(call->slots, slot, span(pin, pin_len), label);
}

/* ---- slot events ---- */

/* Wallets come and go as files: looking is cheap, and nobody is in a hurry. */
#define LOOK_EVERY_S 1

/* Sleeps until it is time to look again, or C_Finalize wants us gone. */
static void sleep_a_while(void)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LOOK_EVERY_S;
	(void)pthread_mutex_lock(&module.waiting);
	while (module_is_open() && pthread_cond_timedwait(&module.changed, &module.waiting, &until) != ETIMEDOUT)
		;
	(void)pthread_mutex_unlock(&module.waiting);
}

CK_RV do_C_WaitForSlotEvent(struct call *call, CK_FLAGS flags, CK_SLOT_ID_PTR slot, CK_VOID_PTR reserved)
{
	if (slot == NULL || reserved != NULL)
		return CKR_ARGUMENTS_BAD;
	while (module_is_open()) {
		CK_RV rv = slots_event(call->slots, slot);

		if (rv != CKR_NO_EVENT || (flags & CKF_DONT_BLOCK) != 0)
			return rv;
		sleep_a_while();
	}
	return CKR_CRYPTOKI_NOT_INITIALIZED;
}
