/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/error.h"
#include "ck/rv.h"
#include "token/token_internal.h"
#include "vault/input.h"
#include "vault/vault.h"

enum token_login token_login_state(struct token *t)
{
	enum token_login login;

	token_lock(t);
	login = t->login;
	token_unlock(t);
	return login;
}

uint64_t token_login_epoch(struct token *t)
{
	return atomic_load_explicit(&t->epoch, memory_order_acquire);
}

/* Whose PIN it is to be. USER_TYPE_INVALID: only users have names. USER_PIN_NOT_INITIALIZED: no such user. */
static CK_RV role_of(struct wallet *w, CK_USER_TYPE user, struct span name, unsigned *role)
{
	struct cf_status status;

	*role = user == CKU_SO ? WALLET_SO : WALLET_USER;
	if (name.n == 0)
		return CKR_OK;
	if (user != CKU_USER)
		return CKR_USER_TYPE_INVALID;
	status = wallet_user_find(w, name, role);
	return cf_is(status, CF_CODE_NOT_FOUND) ? CKR_USER_PIN_NOT_INITIALIZED : rv_of(status);
}

/* Argon2id under no lock of the token's. */
static CK_RV unlock(struct token *t, unsigned role, struct span pin, struct wallet *w, struct secret **key)
{
	AUTO(guarded) asked = NULL;
	struct cf_status status;

	if (pin.p == NULL) {
		CK_RV rv = authpath_pin(t->config, &asked);

		if (rv != CKR_OK)
			return rv;
		pin = guarded_bytes(asked);
	}
	if (pin.n > PIN_MAX)
		return CKR_PIN_LEN_RANGE;
	status = wallet_unlock(w, role, pin, t->config->pin_limit, key);
	if (cf_is(status, CF_CODE_NOT_FOUND))
		return role == WALLET_SO ? CKR_PIN_INCORRECT : CKR_USER_PIN_NOT_INITIALIZED;
	return rv_of(status);
}

/* May this user log in now? Lock held. */
static CK_RV may_login(const struct token *t, CK_USER_TYPE user, unsigned role)
{
	if (t->wallet == NULL)
		return CKR_TOKEN_NOT_RECOGNIZED;
	if (t->login != TOKEN_PUBLIC)
		return t->role == role ? CKR_USER_ALREADY_LOGGED_IN : CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
	if (user == CKU_SO && t->sessions != t->rw_sessions)
		return CKR_SESSION_READ_ONLY_EXISTS;
	return CKR_OK;
}

static CK_RV install(struct token *t, CK_USER_TYPE user, unsigned role, struct secret **key)
{
	CK_RV rv;

	token_lock(t);
	/* Another thread may have been faster, and the last session may be gone. */
	rv = may_login(t, user, role);
	if (rv == CKR_OK && t->sessions == 0)
		rv = CKR_SESSION_CLOSED;
	if (rv == CKR_OK) {
		keys_drop_all(t);
		t->login = user == CKU_SO ? TOKEN_SO : TOKEN_USER;
		t->role = role;
		t->wallet_key = TAKE(*key);
		t->last_use_ms = clock_monotonic_ms();
	}
	token_unlock(t);
	return rv;
}

CK_RV token_do_login(struct token *t, CK_USER_TYPE user, struct span name, struct span pin)
{
	AUTO_STANDING s = { 0 };
	AUTO(secret) key = NULL;
	unsigned role;
	CK_RV rv;

	if (user != CKU_USER && user != CKU_SO)
		return CKR_USER_TYPE_INVALID;
	token_standing(t, &s);
	if (s.wallet == NULL)
		return CKR_TOKEN_NOT_RECOGNIZED;
	rv = role_of(s.wallet, user, name, &role);
	if (rv != CKR_OK)
		return rv;
	token_lock(t);
	rv = may_login(t, user, role);
	token_unlock(t);
	if (rv == CKR_OK)
		rv = unlock(t, role, pin, s.wallet, &key);
	if (rv != CKR_OK)
		return rv;
	rv = rv_of(vault_rotate());
	return rv == CKR_OK ? install(t, user, role, &key) : rv;
}

CK_RV token_context_login(struct token *t, struct span name, struct span pin)
{
	AUTO_STANDING s = { 0 };
	AUTO(secret) key = NULL;
	unsigned role;
	CK_RV rv;

	token_standing(t, &s);
	if (s.login == TOKEN_PUBLIC)
		return CKR_USER_NOT_LOGGED_IN;
	if (name.n != 0) {
		rv = role_of(s.wallet, CKU_USER, name, &role);
		if (rv != CKR_OK)
			return rv;
		if (role != s.role)
			return CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
	}
	return unlock(t, s.role, pin, s.wallet, &key);
}

CK_RV token_logout(struct token *t)
{
	CK_RV rv = CKR_OK;

	token_lock(t);
	if (t->login == TOKEN_PUBLIC)
		rv = CKR_USER_NOT_LOGGED_IN;
	else
		token_forget_login(t);
	token_unlock(t);
	return rv;
}

static CK_RV pin_length(const struct token *t, struct span pin)
{
	if (pin.n >= t->config->pin_min && pin.n <= PIN_MAX)
		return CKR_OK;
	cf_ignore(error_set(CF_STATUS(INVALID), "a PIN has %u to %d bytes", t->config->pin_min, PIN_MAX),
		  "the return value is the answer");
	return CKR_PIN_LEN_RANGE;
}

static struct wallet_kdf kdf_of(const struct token *t)
{
	return (struct wallet_kdf){ t->config->argon2_memory_kib, t->config->argon2_passes };
}

CK_RV token_init_pin(struct token *t, struct span pin)
{
	AUTO_STANDING s = { 0 };
	struct wallet_kdf kdf = kdf_of(t);
	CK_RV rv;

	token_standing(t, &s);
	if (s.login != TOKEN_SO)
		return CKR_USER_NOT_LOGGED_IN;
	rv = pin_length(t, pin);
	return rv == CKR_OK ? rv_of(wallet_set_pin(s.wallet, s.key, WALLET_USER, pin, &kdf)) : rv;
}

CK_RV token_set_pin(struct token *t, struct span old_pin, struct span new_pin)
{
	AUTO_STANDING s = { 0 };
	AUTO(secret) key = NULL;
	struct wallet_kdf kdf = kdf_of(t);
	unsigned role;
	CK_RV rv;

	token_standing(t, &s);
	if (s.wallet == NULL)
		return CKR_TOKEN_NOT_RECOGNIZED;
	rv = pin_length(t, new_pin);
	if (rv != CKR_OK)
		return rv;
	role = s.login == TOKEN_PUBLIC ? WALLET_USER : s.role;
	rv = unlock(t, role, old_pin, s.wallet, &key);
	return rv == CKR_OK ? rv_of(wallet_set_pin(s.wallet, key, role, new_pin, &kdf)) : rv;
}
