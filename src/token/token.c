/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/mem.h"
#include "ck/rv.h"
#include "token/token_internal.h"

CK_RV token_new(const struct config *config, const struct disabled *disabled, const uint8_t serial[WALLET_SERIAL_SIZE],
		struct token **out)
{
	struct token *t = NEW(token);

	if (t == NULL)
		return CKR_HOST_MEMORY;
	if (cf_failed(lock_init(&t->lock, LOCK_TOKEN))) {
		mem_free(t);
		return CKR_HOST_MEMORY;
	}
	atomic_init(&t->refs, 1);
	t->config = config;
	t->disabled = disabled;
	t->next_session_object = 1;
	session_table_open(&t->session_objects);
	bytes_copy(t->serial, serial, WALLET_SERIAL_SIZE);
	*out = t;
	return CKR_OK;
}

struct token *token_ref(struct token *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void token_unref(struct token *t)
{
	if (t == NULL || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	token_forget_login(t);
	session_objects_drop(t, session_object_any, 0);
	session_table_close(&t->session_objects);
	wallet_unref(t->wallet);
	lock_destroy(&t->lock);
	mem_free(t->path);
	mem_free(t);
}

void token_forget_login(struct token *t)
{
	if (t->login != TOKEN_PUBLIC)
		atomic_fetch_add(&t->epoch, 1);
	t->login = TOKEN_PUBLIC;
	keys_drop_all(t);
	session_objects_drop(t, session_object_is_private, 0);
	secret_unref(t->wallet_key);
	t->wallet_key = NULL;
}

/* Forgets the login when its idle time is over. Lock held; the time that is left, in ms, IDLE_NEVER when there is no end. */
static uint64_t forget_when_idle(struct token *t, uint64_t now)
{
	uint64_t limit = (uint64_t)t->config->idle_lock_s * 1000;

	if (limit == 0 || t->login == TOKEN_PUBLIC)
		return IDLE_NEVER;
	if (now - t->last_use_ms <= limit)
		return limit - (now - t->last_use_ms) + 1;
	token_forget_login(t);
	return IDLE_NEVER;
}

void token_lock(struct token *t)
{
	lock_take(&t->lock);
	if (t->config->idle_lock_s == 0 || t->login == TOKEN_PUBLIC)
		return;
	/* Where no thread watches (cryptoki/idle.h) the lock takes effect at the next call: here. */
	(void)forget_when_idle(t, clock_monotonic_ms());
	t->last_use_ms = clock_monotonic_ms();
}

uint64_t token_lock_when_idle(struct token *t)
{
	uint64_t left;

	lock_take(&t->lock);
	left = forget_when_idle(t, clock_monotonic_ms());
	lock_drop(&t->lock);
	return left;
}

void token_unlock(struct token *t)
{
	lock_drop(&t->lock);
}

void token_new_id(struct token *t, uint8_t out[OBJECT_ID_SIZE])
{
	token_lock(t);
	if (t->ids_left == 0) {
		randombytes_buf(t->id, sizeof(t->id));
		t->ids_left = IDS_DRAWN;
	}
	bytes_copy(out, t->id[--t->ids_left], OBJECT_ID_SIZE);
	token_unlock(t);
}

void token_standing(struct token *t, struct standing *out)
{
	token_lock(t);
	out->login = t->login;
	out->role = t->role;
	out->wallet = t->wallet == NULL ? NULL : wallet_ref(t->wallet);
	out->key = t->wallet_key == NULL ? NULL : secret_ref(t->wallet_key);
	token_unlock(t);
}

void standing_release(struct standing *s)
{
	wallet_unref(s->wallet);
	secret_unref(s->key);
	*s = (struct standing){ 0 };
}

CK_SLOT_ID token_slot_id(const struct token *t)
{
	return t->slot;
}

/* PKCS#11 text: padded with blanks, no NUL. */
static void pad(CK_UTF8CHAR *out, size_t room, const char *text)
{
	size_t n = strlen(text);

	memset(out, ' ', room);
	memcpy(out, text, n < room ? n : room);
}

CK_RV token_slot_info(struct token *t, CK_SLOT_INFO *info)
{
	char hex[2 * WALLET_SERIAL_SIZE + 1], text[64];

	hex_encode(span(t->serial, WALLET_SERIAL_SIZE), hex);
	(void)snprintf(text, sizeof(text), "coffer wallet %s", hex);
	*info = (CK_SLOT_INFO){ .flags = CKF_TOKEN_PRESENT };
	pad(info->slotDescription, sizeof(info->slotDescription), text);
	pad(info->manufacturerID, sizeof(info->manufacturerID), "coffer");
	return CKR_OK;
}

static CK_FLAGS pin_flags(const struct wallet_pin_state *pin, uint32_t limit, CK_FLAGS low, CK_FLAGS final, CK_FLAGS locked,
			  CK_FLAGS change)
{
	CK_FLAGS flags = pin->to_be_changed ? change : 0;

	if (pin->failures > 0)
		flags |= low;
	if (limit != 0 && pin->failures + 1 == limit)
		flags |= final;
	if (limit != 0 && pin->failures >= limit)
		flags |= locked;
	return flags;
}

/* No state that C_GetOperationState gives has a key in it: session/op_state.c. */
#define TOKEN_CAN (CKF_RNG | CKF_RESTORE_KEY_NOT_NEEDED | CKF_DUAL_CRYPTO_OPERATIONS)

static CK_FLAGS token_flags(const struct token *t, const struct wallet_info *info)
{
	uint32_t limit = t->config->pin_limit;
	CK_FLAGS flags = TOKEN_CAN | CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED;

	if (info->pin[WALLET_USER].set)
		flags |= CKF_USER_PIN_INITIALIZED;
	if (authpath_configured(t->config))
		flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	flags |= pin_flags(&info->pin[WALLET_USER], limit, CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_LOCKED,
			   CKF_USER_PIN_TO_BE_CHANGED);
	return flags | pin_flags(&info->pin[WALLET_SO], limit, CKF_SO_PIN_COUNT_LOW, CKF_SO_PIN_FINAL_TRY, CKF_SO_PIN_LOCKED,
				 CKF_SO_PIN_TO_BE_CHANGED);
}

static void fill_constant(const struct token *t, CK_TOKEN_INFO *info)
{
	char hex[2 * WALLET_SERIAL_SIZE + 1];

	hex_encode(span(t->serial, WALLET_SERIAL_SIZE), hex);
	*info = (CK_TOKEN_INFO){ .flags = TOKEN_CAN | CKF_LOGIN_REQUIRED };
	pad(info->label, sizeof(info->label), "");
	pad(info->manufacturerID, sizeof(info->manufacturerID), "coffer");
	pad(info->model, sizeof(info->model), "wallet");
	pad(info->serialNumber, sizeof(info->serialNumber), hex);
	pad(info->utcTime, sizeof(info->utcTime), "");
	info->ulMaxSessionCount = CK_EFFECTIVELY_INFINITE;
	info->ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE;
	info->ulMaxPinLen = PIN_MAX;
	info->ulMinPinLen = t->config->pin_min;
	info->ulTotalPublicMemory = info->ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION;
	info->ulTotalPrivateMemory = info->ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION;
	info->hardwareVersion.major = 1;
	info->firmwareVersion.major = 1;
}

/* The wallet did not open when it was found.  Asked again, for the sentence that says why. */
static CK_RV not_recognised(const struct token *t)
{
	AUTO(wallet) w = NULL;

	cf_ignore(wallet_open(t->path, &w), "one that was mended since is found by the next C_GetSlotList");
	return CKR_TOKEN_NOT_RECOGNIZED;
}

CK_RV token_get_info(struct token *t, CK_TOKEN_INFO *info)
{
	AUTO_STANDING s = { 0 };
	struct wallet_info w;
	struct cf_status status;

	fill_constant(t, info);
	if (t->path != NULL)
		return not_recognised(t);
	token_standing(t, &s);
	token_lock(t);
	info->ulSessionCount = t->sessions;
	info->ulRwSessionCount = t->rw_sessions;
	token_unlock(t);
	if (s.wallet == NULL)
		return CKR_OK;
	status = wallet_get_info(s.wallet, &w);
	if (cf_failed(status))
		return rv_of(status);
	info->flags = token_flags(t, &w);
	pad(info->label, sizeof(info->label), w.label);
	return CKR_OK;
}

CK_RV token_session_opened(struct token *t, bool read_write)
{
	CK_RV rv = CKR_OK;

	token_lock(t);
	if (t->wallet == NULL)
		rv = CKR_TOKEN_NOT_RECOGNIZED;
	else if (!read_write && t->login == TOKEN_SO)
		rv = CKR_SESSION_READ_WRITE_SO_EXISTS;
	if (rv == CKR_OK) {
		t->sessions++;
		t->rw_sessions += read_write ? 1 : 0;
	}
	token_unlock(t);
	return rv;
}

void token_session_closed(struct token *t, CK_SESSION_HANDLE session, bool read_write)
{
	token_lock(t);
	session_objects_drop(t, session_object_is_owned, session);
	t->sessions--;
	t->rw_sessions -= read_write ? 1 : 0;
	if (t->sessions == 0)
		token_forget_login(t);
	token_unlock(t);
}

struct wallet *token_wallet(struct token *t)
{
	struct wallet *w;

	token_lock(t);
	w = t->wallet;
	token_unlock(t);
	return w;
}

const char *token_path(struct token *t)
{
	struct wallet *w = token_wallet(t);

	return w != NULL ? wallet_path(w) : t->path;
}

CK_RV token_wallet_key(struct token *t, struct secret **ref)
{
	AUTO_STANDING s = { 0 };

	token_standing(t, &s);
	if (s.key == NULL)
		return CKR_USER_NOT_LOGGED_IN;
	*ref = TAKE(s.key);
	return CKR_OK;
}
