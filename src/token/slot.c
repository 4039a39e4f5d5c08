/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/mem.h"
#include "ck/rv.h"
#include "token/policy.h"
#include "token/token_internal.h"
#include "vault/vault.h"

struct slots {
	const struct config *config;
	struct disabled *disabled;
	struct lock lock;     /* rank SLOTS */
	struct token **token; /* wallets by serial number; the uninitialised one last */
	size_t count, room;
	CK_SLOT_ID event;     /* a slot that appeared or changed since it was last asked */
	bool has_event;
};

static bool id_taken(const struct slots *s, CK_SLOT_ID id)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->token[i]->slot == id)
			return true;
	return false;
}

/* From the serial number, so that it is the same in every process for ever; 31 bits for clients that count in int. */
static CK_SLOT_ID slot_id(const struct slots *s, const uint8_t serial[WALLET_SERIAL_SIZE])
{
	CK_SLOT_ID id = codec_get_u32(serial) & 0x7fffffff;

	while (id == 0 || id_taken(s, id))
		id = (id + 1) & 0x7fffffff;
	return id;
}

static bool comes_after(const struct token *a, const struct token *b)
{
	bool a_empty = a->wallet == NULL && a->path == NULL, b_empty = b->wallet == NULL && b->path == NULL;

	if (a_empty != b_empty)
		return a_empty;
	return memcmp(a->serial, b->serial, WALLET_SERIAL_SIZE) > 0;
}

/* Takes the token over. */
static CK_RV insert(struct slots *s, struct token *t)
{
	size_t i = s->count;

	if (s->count == s->room) {
		size_t room = s->room == 0 ? 8 : s->room * 2;
		struct token **more = mem_resize(s->token, room * sizeof(struct token *));

		if (more == NULL) {
			token_unref(t);
			return CKR_HOST_MEMORY;
		}
		s->token = more;
		s->room = room;
	}
	t->slot = slot_id(s, t->serial);
	for (; i > 0 && comes_after(s->token[i - 1], t); i--)
		s->token[i] = s->token[i - 1];
	s->token[i] = t;
	s->count++;
	s->event = t->slot;
	s->has_event = true;
	return CKR_OK;
}

static CK_RV add_empty(struct slots *s)
{
	uint8_t serial[WALLET_SERIAL_SIZE];
	struct token *t;
	CK_RV rv;

	randombytes_buf(serial, sizeof(serial));
	rv = token_new(s->config, s->disabled, serial, &t);
	return rv == CKR_OK ? insert(s, t) : rv;
}

static struct token *by_path(const struct slots *s, const char *path)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct token *t = s->token[i];
		const char *known = t->wallet != NULL ? wallet_path(t->wallet) : t->path;

		if (known != NULL && strcmp(known, path) == 0)
			return s->token[i];
	}
	return NULL;
}

/* A serial number for a wallet that does not open: of its name, so that its slot stays the same. */
static void serial_of_path(const char *path, uint8_t serial[WALLET_SERIAL_SIZE])
{
	uint8_t hash[16];

	(void)crypto_generichash(hash, sizeof(hash), (const uint8_t *)path, strlen(path), NULL, 0);
	memcpy(serial, hash, WALLET_SERIAL_SIZE);
}

static CK_RV add_wallet(struct slots *s, const char *path)
{
	AUTO(wallet) w = NULL;
	struct wallet_info info;
	struct token *t;
	CK_RV rv;
	bool opened = cf_ok(wallet_open(path, &w)) && cf_ok(wallet_get_info(w, &info));

	if (!opened)
		serial_of_path(path, info.serial);
	rv = token_new(s->config, s->disabled, info.serial, &t);
	if (rv != CKR_OK)
		return rv;
	if (opened)
		t->wallet = TAKE(w);
	else
		t->path = mem_string(path);
	return insert(s, t);
}

/* The others keep their order. */
static void take_out(struct slots *s, struct token *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++)
		if (s->token[i] != t)
			s->token[kept++] = s->token[i];
	s->count = kept;
	token_unref(t);
}

static struct cf_status visit(const char *path, void *arg)
{
	struct slots *s = arg;
	struct token *t = by_path(s, path);

	/* One that did not open may have been mended. */
	if (t != NULL && t->path != NULL && t->sessions == 0) {
		AUTO(wallet) w = NULL;

		if (cf_failed(wallet_open(path, &w)))
			return CF_OK;
		take_out(s, t);
		t = NULL;
	}
	if (t == NULL && add_wallet(s, path) != CKR_OK)
		return CF_STATUS(NOMEM);
	return CF_OK;
}

static bool vanished(struct token *t)
{
	bool gone = false;

	if (t->wallet == NULL)
		return false;
	token_lock(t);
	if (t->sessions == 0)
		gone = cf_is(wallet_still_there(t->wallet), CF_CODE_NOT_FOUND);
	token_unlock(t);
	return gone;
}

static void drop_vanished(struct slots *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct token *t = s->token[i];

		if (!vanished(t)) {
			s->token[kept++] = t;
			continue;
		}
		s->event = t->slot;
		s->has_event = true;
		token_unref(t);
	}
	s->count = kept;
}

static CK_RV refresh_locked(struct slots *s)
{
	struct cf_status status = wallet_dir_check(s->config->directory, false);

	drop_vanished(s);
	if (cf_is(status, CF_CODE_NOT_FOUND))
		return CKR_OK; /* there are no wallets yet */
	if (cf_ok(status))
		status = wallet_dir_each(s->config->directory, visit, s);
	if (cf_is(status, CF_CODE_NOMEM))
		return CKR_HOST_MEMORY;
	return cf_failed(status) ? CKR_FUNCTION_FAILED : CKR_OK;
}

CK_RV slots_refresh(struct slots *s)
{
	LOCKED(&s->lock);
	return refresh_locked(s);
}

CK_RV slots_open(const struct config *config, struct slots **out)
{
	struct slots *s = NEW(slots);
	CK_RV rv;

	if (s == NULL)
		return CKR_HOST_MEMORY;
	s->config = config;
	if (cf_failed(lock_init(&s->lock, LOCK_SLOTS))) {
		mem_free(s);
		return CKR_HOST_MEMORY;
	}
	rv = disabled_parse(config->disabled_mechanisms, config->enabled_mechanisms, &s->disabled);
	if (rv == CKR_OK)
		rv = add_empty(s);
	if (rv != CKR_OK) {
		slots_close(s);
		return rv;
	}
	/* A directory that is refused is said when slots are asked for; C_Initialize itself succeeds. */
	(void)slots_refresh(s);
	s->has_event = false;
	*out = s;
	return CKR_OK;
}

void slots_close(struct slots *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		token_unref(s->token[i]);
	disabled_free(s->disabled);
	lock_destroy(&s->lock);
	mem_free(s->token);
	mem_free(s);
}

CK_RV slots_list(struct slots *s, bool token_present, CK_SLOT_ID *list_opt, CK_ULONG *count)
{
	CK_ULONG room = *count;
	LOCKED(&s->lock);

	(void)token_present; /* every slot has its token */
	*count = s->count;
	if (list_opt == NULL)
		return CKR_OK;
	if (room < s->count)
		return CKR_BUFFER_TOO_SMALL;
	for (size_t i = 0; i < s->count; i++)
		list_opt[i] = s->token[i]->slot;
	return CKR_OK;
}

CK_RV slots_token(struct slots *s, CK_SLOT_ID id, struct token **out)
{
	LOCKED(&s->lock);

	for (size_t i = 0; i < s->count; i++) {
		if (s->token[i]->slot == id) {
			*out = token_ref(s->token[i]);
			return CKR_OK;
		}
	}
	return CKR_SLOT_ID_INVALID;
}

CK_RV slots_event(struct slots *s, CK_SLOT_ID *id)
{
	LOCKED(&s->lock);

	(void)refresh_locked(s);
	if (!s->has_event)
		return CKR_NO_EVENT;
	s->has_event = false;
	*id = s->event;
	return CKR_OK;
}

void slots_lock_idle(struct slots *s, uint64_t *left)
{
	LOCKED(&s->lock);

	*left = IDLE_NEVER;
	for (size_t i = 0; i < s->count; i++) {
		uint64_t t = token_lock_when_idle(s->token[i]);

		if (t < *left)
			*left = t;
	}
}

/* The blank-padded label of C_InitToken as a string. */
static void label_text(const CK_UTF8CHAR label[32], char out[WALLET_LABEL_MAX + 1])
{
	size_t n = WALLET_LABEL_MAX;

	while (n > 0 && label[n - 1] == ' ')
		n--;
	memcpy(out, label, n);
	out[n] = '\0';
}

static CK_RV make_wallet(struct slots *s, struct token *t, struct span so_pin, const char *label)
{
	struct wallet_new request = {
		.dir = s->config->directory,
		.label = label,
		.serial_opt = t->serial,
		.so_pin_opt = so_pin,
		.kdf = { s->config->argon2_memory_kib, s->config->argon2_passes },
	};
	struct wallet *w;
	struct cf_status status = wallet_create(&request, &w);
	CK_SLOT_ID id = t->slot;
	CK_RV rv;

	if (cf_is(status, CF_CODE_DENIED))
		return CKR_FUNCTION_REJECTED;
	if (cf_failed(status))
		return rv_of(status);
	{
		LOCKED(&s->lock);
		/* A refresh in another thread may have met the new file first. */
		struct token *twin = by_path(s, wallet_path(w));

		if (twin != NULL) {
			wallet_unref(w);
			return CKR_OK;
		}
		token_lock(t);
		t->wallet = w;
		token_unlock(t);
		rv = add_empty(s);
		t->slot = id;
	}
	return rv;
}

static CK_RV reset_wallet(struct token *t, struct span so_pin, const char *label)
{
	AUTO_STANDING st = { 0 };
	AUTO(secret) key = NULL;
	struct wallet_kdf kdf = { t->config->argon2_memory_kib, t->config->argon2_passes };
	struct cf_status status;
	CK_ULONG sessions;

	token_standing(t, &st);
	token_lock(t);
	sessions = t->sessions;
	token_unlock(t);
	if (sessions != 0)
		return CKR_SESSION_EXISTS;
	status = wallet_unlock(st.wallet, WALLET_SO, so_pin, t->config->pin_limit, &key);
	if (cf_is(status, CF_CODE_NOT_FOUND))
		return CKR_PIN_INCORRECT; /* a wallet without an SO PIN cannot be reset */
	if (cf_ok(status))
		status = wallet_reset(st.wallet, key, so_pin, &kdf, label);
	return rv_of(status);
}

CK_RV token_init(struct slots *s, CK_SLOT_ID id, struct span so_pin, const CK_UTF8CHAR label[32])
{
	AUTO(token) t = NULL;
	char text[WALLET_LABEL_MAX + 1];
	CK_RV rv = slots_token(s, id, &t);

	if (rv != CKR_OK)
		return rv;
	if (t->path != NULL)
		return CKR_TOKEN_NOT_RECOGNIZED;
	label_text(label, text);
	if (token_wallet(t) != NULL)
		return reset_wallet(t, so_pin, text);
	if (so_pin.n < s->config->pin_min || so_pin.n > PIN_MAX)
		return CKR_PIN_LEN_RANGE;
	return make_wallet(s, t, so_pin, text);
}
