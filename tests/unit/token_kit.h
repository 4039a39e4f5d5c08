/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of tokens share: a directory with one initialised token, logins, objects, a second process. */
#ifndef COFFER_TESTS_TOKEN_KIT_H
#define COFFER_TESTS_TOKEN_KIT_H

#include <sqlite3.h>

#include "base/clock.h"
#include "token/objects.h"
#include "token/token.h"
#include "unit.h"
#include "vault/vault.h"
#include "wallet/wallet.h"

#define KIT_USER "1234"
#define KIT_SO "87654321"

/* A view of a directory as one process has it.  Two of them over one directory are two processes for everything that is
 * tested here: each has opened the wallet for itself. */
struct kit {
	const char *dir;
	struct config *config;
	struct slots *slots;
	CK_SLOT_ID slot;
	struct token *token;
	CK_SESSION_HANDLE session; /* any number: sessions are another room's */
	struct access who;
};

static inline void kit_label(const char *text, CK_UTF8CHAR out[32])
{
	memset(out, ' ', 32);
	memcpy(out, text, strlen(text));
}

/* Slots only; `extra` are lines of configuration. */
static inline void kit_slots(struct kit *k, const char *dir, const char *extra)
{
	char text[600];

	*k = (struct kit){ .dir = dir, .session = 7 };
	(void)snprintf(text, sizeof(text), "directory = %s\nargon2-memory = 64\nargon2-passes = 1\n%s", dir, extra);
	REQUIRE(cf_ok(config_parse("test", text, &k->config)));
	REQUIRE(slots_open(k->config, &k->slots) == CKR_OK);
}

/* With the first token, in a read/write session that is not logged in. */
static inline void kit_attach(struct kit *k)
{
	CK_SLOT_ID id[8];
	CK_ULONG n = 8;

	REQUIRE(slots_list(k->slots, true, id, &n) == CKR_OK && n >= 1);
	k->slot = id[0];
	REQUIRE(slots_token(k->slots, k->slot, &k->token) == CKR_OK);
	REQUIRE(token_session_opened(k->token, true) == CKR_OK);
	k->who = (struct access){ .token = k->token, .session = k->session, .read_write = true };
}

static inline CK_RV kit_login(const struct kit *k, CK_USER_TYPE user, const char *pin)
{
	return token_do_login(k->token, user, SPAN_EMPTY, span_str(pin));
}

static inline void kit_up_with(struct kit *k, const char *extra)
{
	CK_UTF8CHAR label[32];
	CK_SLOT_ID id;
	CK_ULONG n = 1;

	kit_slots(k, unit_dir(), extra);
	kit_label("token", label);
	REQUIRE(slots_list(k->slots, true, &id, &n) == CKR_OK);
	REQUIRE(token_init(k->slots, id, span_str(KIT_SO), label) == CKR_OK);
	kit_attach(k);
	REQUIRE(kit_login(k, CKU_SO, KIT_SO) == CKR_OK);
	REQUIRE(token_init_pin(k->token, span_str(KIT_USER)) == CKR_OK);
	REQUIRE(token_logout(k->token) == CKR_OK);
}

static inline void kit_up(struct kit *k)
{
	kit_up_with(k, "");
}

static inline void kit_down(struct kit *k)
{
	if (k->token != NULL)
		token_session_closed(k->token, k->session, true);
	token_unref(k->token);
	slots_close(k->slots);
	config_free(k->config);
}

/* The same wallet in another process, logged in as user. */
static inline void kit_other(struct kit *k, const struct kit *first)
{
	kit_slots(k, first->dir, "");
	kit_attach(k);
	REQUIRE(kit_login(k, CKU_USER, KIT_USER) == CKR_OK);
}

static const CK_BBOOL kit_yes = CK_TRUE, kit_no = CK_FALSE;
static const uint8_t kit_ed25519[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };

static inline CK_RV kit_data(const struct access *who, bool token, bool is_private, const char *label, CK_OBJECT_HANDLE *out)
{
	static const CK_OBJECT_CLASS class = CKO_DATA;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, (void *)&class, sizeof(class) },
			     { CKA_TOKEN, (void *)(token ? &kit_yes : &kit_no), 1 },
			     { CKA_PRIVATE, (void *)(is_private ? &kit_yes : &kit_no), 1 },
			     { CKA_LABEL, (void *)label, strlen(label) } };

	return objects_create(who, (struct template){ t, 4 }, out);
}

static inline CK_RV kit_pair(const struct access *who, bool token, CK_OBJECT_HANDLE *pub, CK_OBJECT_HANDLE *priv)
{
	CK_ATTRIBUTE t[] = { { CKA_TOKEN, (void *)(token ? &kit_yes : &kit_no), 1 },
			     { CKA_EC_PARAMS, (void *)kit_ed25519, sizeof(kit_ed25519) } };
	union mech_params params = { 0 };

	return keys_generate_pair(who, mech_find(CKM_EC_EDWARDS_KEY_PAIR_GEN), &params, (struct template){ t, 2 },
				  (struct template){ t, 1 }, pub, priv);
}

static inline CK_RV kit_set(const struct access *who, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, const void *value, size_t n)
{
	CK_ATTRIBUTE t = { type, (void *)value, n };

	return objects_set(who, object, (struct template){ &t, 1 });
}

/* How many objects have that attribute; the first `max` handles. */
static inline CK_ULONG kit_find(const struct access *who, CK_ATTRIBUTE_TYPE type, const void *value, size_t n, CK_OBJECT_HANDLE *out,
				CK_ULONG max)
{
	CK_ATTRIBUTE t = { type, (void *)value, n };
	struct object_search *s = NULL;
	CK_OBJECT_HANDLE page[5];
	CK_ULONG total = 0, found;

	REQUIRE(objects_search(who, (struct template){ &t, value == NULL ? 0 : 1 }, &s) == CKR_OK);
	do {
		REQUIRE(objects_search_next(who, s, page, 5, &found) == CKR_OK);
		for (CK_ULONG i = 0; i < found; i++, total++)
			if (total < max)
				out[total] = page[i];
	} while (found > 0);
	object_search_free(s);
	return total;
}

static inline CK_ULONG kit_labelled(const struct access *who, const char *label)
{
	return kit_find(who, CKA_LABEL, label, strlen(label), NULL, 0);
}

/* Somebody writes to the file itself. */
static inline void kit_edit(const struct kit *k, const char *sql)
{
	sqlite3 *db = NULL;

	REQUIRE(sqlite3_open(wallet_path(token_wallet(k->token)), &db) == SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		CU_FAIL_FATAL("the edit itself failed");
	(void)sqlite3_close(db);
}

static inline int kit_main(const char *suite, const struct unit_test *tests)
{
	int failed;

	if (cf_failed(vault_open(&(struct vault_config){ 0 })) || mech_open() != CKR_OK)
		return 1;
	failed = unit_main(suite, tests);
	mech_close();
	vault_close();
	return failed;
}

#endif
