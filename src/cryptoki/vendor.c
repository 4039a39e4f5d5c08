/* SPDX-License-Identifier: Apache-2.0 */
#include "cryptoki/vendor_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "ck/rv.h"
#include "mech/ossl_own.h"
#include "vault/vault.h"

const struct guard_list list_vendor = { { 1, 0 }, OBJECT_FORM_DER };

#define PIN_MAX 1024 /* as CK_TOKEN_INFO says */

VENDOR_ROW(Create, MODULE, ANY);
VENDOR_ROW(Rename, SESSION, RW);
VENDOR_ROW(Delete, SESSION, RW);
VENDOR_ROW(Backup, SLOT, ANY);
VENDOR_ROW(Restore, MODULE, ANY);
VENDOR_ROW(Verify, SESSION, ANY);
VENDOR_ROW(Path, SLOT, ANY);
VENDOR_ROW(Wallet, SLOT, ANY);
VENDOR_ROW(Protection, MODULE, ANY);

CK_RV vendor_rv(struct cf_status status)
{
	if (cf_is(status, CF_CODE_DENIED) || cf_is(status, CF_CODE_NOT_FOUND))
		return CKR_FUNCTION_FAILED;
	return rv_of(status);
}

/* The slot in which the wallet of that file is, after it was made. */
static CK_RV slot_of_path(struct slots *slots, const char *path, CK_SLOT_ID *slot)
{
	AUTO_FREE CK_SLOT_ID *list = NULL;
	CK_ULONG count = 0;
	CK_RV rv = slots_refresh(slots);

	if (rv == CKR_OK)
		rv = slots_list(slots, true, NULL, &count);
	if (rv != CKR_OK)
		return rv;
	list = mem_array(count, sizeof(*list));
	if (list == NULL)
		return CKR_HOST_MEMORY;
	rv = slots_list(slots, true, list, &count);
	for (CK_ULONG i = 0; rv == CKR_OK && i < count; i++) {
		AUTO(token) t = NULL;
		struct wallet *w;

		if (slots_token(slots, list[i], &t) != CKR_OK)
			continue;
		w = token_wallet(t);
		if (w != NULL && strcmp(wallet_path(w), path) == 0) {
			*slot = list[i];
			return CKR_OK;
		}
	}
	return rv == CKR_OK ? CKR_FUNCTION_FAILED : rv;
}

/* ---- making ---- */

struct create {
	const char *label;
	struct span user_pin, so_pin;
	CK_SLOT_ID *slot;
};

CK_RV vendor_check_pin(const struct config *config, struct span pin)
{
	if (pin.p == NULL || (pin.n >= config->pin_min && pin.n <= PIN_MAX))
		return CKR_OK;
	cf_ignore(error_set(CF_STATUS(INVALID), "a PIN has %u to %d bytes", config->pin_min, PIN_MAX),
		  "the return value is the answer");
	return CKR_PIN_LEN_RANGE;
}

static CK_RV create_wallet(struct call *call, const struct create *c)
{
	AUTO(wallet) w = NULL;
	struct wallet_new request = {
		.dir = call->config->directory,
		.label = c->label,
		.user_pin_opt = c->user_pin,
		.so_pin_opt = c->so_pin,
		.kdf = { call->config->argon2_memory_kib, call->config->argon2_passes },
	};
	struct cf_status status;
	CK_RV rv;

	if (c->label == NULL || c->slot == NULL || c->user_pin.p == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = vendor_check_pin(call->config, c->user_pin);
	if (rv == CKR_OK)
		rv = vendor_check_pin(call->config, c->so_pin);
	if (rv != CKR_OK)
		return rv;
	status = wallet_create(&request, &w);
	if (cf_failed(status))
		return vendor_rv(status);
	return slot_of_path(call->slots, wallet_path(w), c->slot);
}

static CK_RV vendor_create(const char *label, CK_UTF8CHAR_PTR user_pin, CK_ULONG user_pin_len, CK_UTF8CHAR_PTR so_pin,
			   CK_ULONG so_pin_len, CK_SLOT_ID *slot)
{
	struct create c = { label, span(user_pin, user_pin_len), span(so_pin, so_pin_len), slot };
	struct call call;
	CK_RV rv = guard_enter(&call, &Create, 0);

	return rv == CKR_OK ? guard_leave(&call, create_wallet(&call, &c)) : rv;
}

/* ---- with a session ---- */

CK_RV vendor_unlocked(struct call *call, struct wallet **w, struct secret **key)
{
	*w = token_wallet(call->token);
	if (*w == NULL)
		return CKR_TOKEN_NOT_RECOGNIZED;
	return token_wallet_key(call->token, key);
}

static CK_RV rename_wallet(struct call *call, const char *label)
{
	AUTO(secret) key = NULL;
	struct wallet *w;
	CK_RV rv;

	if (label == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = vendor_unlocked(call, &w, &key);
	return rv == CKR_OK ? vendor_rv(wallet_rename(w, key, label)) : rv;
}

static CK_RV vendor_rename(CK_SESSION_HANDLE session, const char *label)
{
	struct call call;
	CK_RV rv = guard_enter(&call, &Rename, session);

	return rv == CKR_OK ? guard_leave(&call, rename_wallet(&call, label)) : rv;
}

/* The file goes, and the session with it: what it was about is no more. */
static CK_RV delete_wallet(struct call *call)
{
	AUTO(secret) key = NULL;
	struct wallet *w;
	CK_TOKEN_INFO info;
	CK_RV rv = vendor_unlocked(call, &w, &key);

	if (rv == CKR_OK)
		rv = token_get_info(call->token, &info);
	if (rv != CKR_OK)
		return rv;
	if (info.ulSessionCount > 1)
		return CKR_SESSION_EXISTS;
	rv = vendor_rv(wallet_delete(w));
	if (rv != CKR_OK)
		return rv;
	session_close(call->session);
	return slots_refresh(call->slots);
}

static CK_RV vendor_delete(CK_SESSION_HANDLE session)
{
	struct call call;
	CK_RV rv = guard_enter(&call, &Delete, session);

	return rv == CKR_OK ? guard_leave(&call, delete_wallet(&call)) : rv;
}

struct verify {
	COFFER_REPORT report;
	void *context;
	CK_ULONG *objects, *faults;
};

static void report_fault(const char *sentence, void *arg)
{
	const struct verify *v = arg;

	if (v->report != NULL)
		v->report(sentence, v->context);
}

/* The index terms that an object must have, as token/ writes them. */
static struct cf_status terms_of(struct vault_scope *scope, struct span plain, struct wallet_term *terms, size_t max,
				 size_t *count, void *arg)
{
	struct attr found[OBJECT_TERMS_MAX];

	(void)arg;
	*count = object_terms(scope, (struct attrs){ plain }, found);
	if (*count > max)
		return CF_STATUS(LIMIT);
	for (size_t i = 0; i < *count; i++)
		terms[i] = (struct wallet_term){ found[i].type, found[i].value };
	return CF_OK;
}

static CK_RV verify_wallet(struct call *call, const struct verify *v)
{
	const struct wallet_checker checker = { report_fault, terms_of, (void *)v };
	AUTO(secret) key = NULL;
	uint64_t objects = 0, faults = 0;
	struct wallet *w;
	CK_RV rv;

	if (v->objects == NULL || v->faults == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = vendor_unlocked(call, &w, &key);
	if (rv != CKR_OK)
		return rv;
	rv = vendor_rv(wallet_verify(w, key, &checker, &objects, &faults));
	*v->objects = objects;
	*v->faults = faults;
	return rv;
}

static CK_RV vendor_verify(CK_SESSION_HANDLE session, COFFER_REPORT report, void *context, CK_ULONG *objects,
			   CK_ULONG *faults)
{
	const struct verify v = { report, context, objects, faults };
	struct call call;
	CK_RV rv = guard_enter(&call, &Verify, session);

	return rv == CKR_OK ? guard_leave(&call, verify_wallet(&call, &v)) : rv;
}

/* ---- files ---- */

static CK_RV backup_wallet(struct call *call, const char *path, bool replace)
{
	struct wallet *w = token_wallet(call->token);

	if (path == NULL)
		return CKR_ARGUMENTS_BAD;
	return w == NULL ? CKR_TOKEN_NOT_RECOGNIZED : vendor_rv(wallet_backup(w, path, replace));
}

static CK_RV vendor_backup(CK_SLOT_ID slot, const char *path, CK_BBOOL replace)
{
	struct call call;
	CK_RV rv = guard_enter(&call, &Backup, slot);

	return rv == CKR_OK ? guard_leave(&call, backup_wallet(&call, path, replace != CK_FALSE)) : rv;
}

static CK_RV restore_wallet(struct call *call, const char *path, bool replace, CK_SLOT_ID *slot)
{
	AUTO_FREE char *restored = NULL;
	CK_RV rv;

	if (path == NULL || slot == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = vendor_rv(wallet_restore(path, call->config->directory, replace, &restored));
	return rv == CKR_OK ? slot_of_path(call->slots, restored, slot) : rv;
}

static CK_RV vendor_restore(const char *path, CK_BBOOL replace, CK_SLOT_ID *slot)
{
	struct call call;
	CK_RV rv = guard_enter(&call, &Restore, 0);

	return rv == CKR_OK ? guard_leave(&call, restore_wallet(&call, path, replace != CK_FALSE, slot)) : rv;
}

static CK_RV path_of_wallet(struct call *call, char *path, CK_ULONG *size)
{
	const char *file = token_path(call->token);
	CK_ULONG room, need;

	if (size == NULL)
		return CKR_ARGUMENTS_BAD;
	if (file == NULL)
		return CKR_TOKEN_NOT_RECOGNIZED;
	need = strlen(file) + 1;
	room = *size;
	*size = need;
	if (path == NULL)
		return CKR_OK;
	if (room < need)
		return CKR_BUFFER_TOO_SMALL;
	memcpy(path, file, need);
	return CKR_OK;
}

static CK_RV vendor_path(CK_SLOT_ID slot, char *path, CK_ULONG *size)
{
	struct call call;
	CK_RV rv = guard_enter(&call, &Path, slot);

	return rv == CKR_OK ? guard_leave(&call, path_of_wallet(&call, path, size)) : rv;
}

static COFFER_PIN pin_of(const struct wallet_info *info, enum wallet_role role)
{
	const struct wallet_pin_state *pin = &info->pin[role];

	return (COFFER_PIN){ pin->set ? CK_TRUE : CK_FALSE, pin->failures, info->kdf[role].memory_kib, info->kdf[role].passes };
}

static CK_RV describe_wallet(struct call *call, COFFER_WALLET *wallet)
{
	struct wallet *w = token_wallet(call->token);
	struct wallet_info info;
	struct cf_status status;

	if (wallet == NULL)
		return CKR_ARGUMENTS_BAD;
	if (w == NULL)
		return CKR_TOKEN_NOT_RECOGNIZED;
	status = wallet_get_info(w, &info);
	if (cf_failed(status))
		return vendor_rv(status);
	*wallet = (COFFER_WALLET){
		.format = info.format,
		.created = (CK_ULONG)info.created_s,
		.user = pin_of(&info, WALLET_USER),
		.so = pin_of(&info, WALLET_SO),
	};
	return CKR_OK;
}

static CK_RV vendor_wallet(CK_SLOT_ID slot, COFFER_WALLET *wallet)
{
	struct call call;
	CK_RV rv = guard_enter(&call, &Wallet, slot);

	return rv == CKR_OK ? guard_leave(&call, describe_wallet(&call, wallet)) : rv;
}

/* ---- about this process ---- */

static CK_RV protection_of_process(COFFER_PROTECTION *p)
{
	static const CK_ULONG memory[] = {
		[VAULT_MEMORY_SECRET] = COFFER_MEMORY_SECRET,
		[VAULT_MEMORY_LOCKED] = COFFER_MEMORY_LOCKED,
		[VAULT_MEMORY_UNLOCKED] = COFFER_MEMORY_UNLOCKED,
	};
	struct vault_info info;

	if (p == NULL)
		return CKR_ARGUMENTS_BAD;
	vault_get_info(&info);
	if (info.damaged)
		return CKR_DEVICE_ERROR;
	*p = (COFFER_PROTECTION){
		.memory = memory[info.memory],
		.arena_bytes = info.arena_bytes,
		.stack_bytes = info.stack_bytes,
		.stack_count = info.stack_count,
		.secret_count = info.secret_count,
		.aead = info.aead,
		.own_libcrypto = ossl_own_is_private() ? CK_TRUE : CK_FALSE,
	};
	return CKR_OK;
}

static CK_RV vendor_protection(COFFER_PROTECTION *protection)
{
	struct call call;
	CK_RV rv = guard_enter(&call, &Protection, 0);

	return rv == CKR_OK ? guard_leave(&call, protection_of_process(protection)) : rv;
}

/* Without the guard: it says why C_Initialize failed, too. */
static CK_RV vendor_last_error(char *text, CK_ULONG size)
{
	if (text == NULL || size == 0)
		return CKR_ARGUMENTS_BAD;
	(void)snprintf(text, size, "%s", error_text());
	return CKR_OK;
}

#define SAME(reason, code) _Static_assert(COFFER_REASON_##reason == CF_CODE_##code, "the numbers are published")
SAME(NONE, OK);
SAME(MEMORY, NOMEM);
SAME(BUSY, AGAIN);
SAME(NOT_FOUND, NOT_FOUND);
SAME(EXISTS, EXISTS);
SAME(DENIED, DENIED);
SAME(LOCKED, LOCKED);
SAME(CORRUPT, CORRUPT);
SAME(FORGED, FORGED);
SAME(UNSUPPORTED, UNSUPPORTED);
SAME(INVALID, INVALID);
SAME(LIMIT, LIMIT);
SAME(FULL, FULL);
SAME(READ_ONLY, READONLY);
SAME(IO, IO);
SAME(CLOSED, CLOSED);

static CK_RV vendor_last_reason(CK_ULONG *reason)
{
	if (reason == NULL)
		return CKR_ARGUMENTS_BAD;
	*reason = error_status().code;
	return CKR_OK;
}

const COFFER_FUNCTIONS vendor_functions = {
	.version = { 1, 0 },
	.Create = vendor_create,
	.Rename = vendor_rename,
	.Delete = vendor_delete,
	.Backup = vendor_backup,
	.Restore = vendor_restore,
	.Verify = vendor_verify,
	.Path = vendor_path,
	.Wallet = vendor_wallet,
	.Protection = vendor_protection,
	.AddUser = vendor_add_user,
	.RemoveUser = vendor_remove_user,
	.Users = vendor_users,
	.GetPolicy = vendor_get_policy,
	.SetPolicy = vendor_set_policy,
	.LastError = vendor_last_error,
	.LastReason = vendor_last_reason,
	.ImportKey = vendor_import_key,
	.ExportKey = vendor_export_key,
};
