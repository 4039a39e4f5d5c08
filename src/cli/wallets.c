/* SPDX-License-Identifier: Apache-2.0 */
/* The module, the wallet that a word means, sessions and logins. */
#include <p11-kit/uri.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cryptoki/api.h"

/* ---- the module ---- */

static const void *interface_named(const char *name, CK_VERSION *version)
{
	CK_INTERFACE_PTR interface = NULL;

	if (C_GetInterface((CK_UTF8CHAR_PTR)name, version, &interface, 0) != CKR_OK)
		return NULL;
	return interface->pFunctionList;
}

CK_RV module_start(struct cli *cli)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_LIBRARY_CANT_CREATE_OS_THREADS };

	cli->p11 = interface_named("PKCS 11", &(CK_VERSION){ 3, 2 });
	cli->coffer = interface_named(COFFER_INTERFACE_NAME, NULL);
	if (cli->p11 == NULL || cli->coffer == NULL) {
		(void)fail(OUTCOME_FAILED, "the tool was built without its own interfaces");
		abort();
	}
	return cli->p11->C_Initialize(&args);
}

enum outcome module_open(struct cli *cli)
{
	CK_RV rv = module_start(cli);

	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot start");
}

void module_close(struct cli *cli)
{
	if (cli->p11 != NULL)
		(void)cli->p11->C_Finalize(NULL);
}

/* ---- names of wallets ---- */

static char *text_of(const CK_UTF8CHAR *text, size_t n)
{
	struct span s = unpadded(text, n);
	char *copy = must(mem_alloc(s.n + 1));

	bytes_copy(copy, s.p, s.n);
	return copy;
}

char *wallet_label(const CK_TOKEN_INFO *info)
{
	return text_of(info->label, sizeof(info->label));
}

char *wallet_serial(const CK_TOKEN_INFO *info)
{
	return text_of(info->serialNumber, sizeof(info->serialNumber));
}

char *wallet_file(const struct cli *cli, CK_SLOT_ID slot)
{
	CK_ULONG n = 0;
	char *path;

	if (cli->coffer->Path(slot, NULL, &n) != CKR_OK)
		return NULL;
	path = must(mem_alloc(n));
	if (cli->coffer->Path(slot, path, &n) == CKR_OK)
		return path;
	mem_free(path);
	return NULL;
}

enum outcome wallet_label_usable(const char *label)
{
	if (strncmp(label, "pkcs11:", 7) != 0)
		return OUTCOME_OK;
	return fail(OUTCOME_USAGE, "a label that begins with pkcs11: would be taken for a URI; choose another");
}

const char *wallet_state(const CK_TOKEN_INFO *info)
{
	if ((info->flags & CKF_USER_PIN_INITIALIZED) == 0)
		return "no user PIN";
	return (info->flags & CKF_USER_PIN_LOCKED) != 0 ? "PIN locked" : "ready";
}

json_t *wallet_json(const struct cli *cli, CK_SLOT_ID slot, const CK_TOKEN_INFO *info)
{
	AUTO_FREE char *file = must(wallet_file(cli, slot)), *uri = wallet_uri(info), *serial = wallet_serial(info);

	return must(json_pack("{s:o, s:s, s:s, s:I, s:o, s:s}", "label", json_text(unpadded(info->label, sizeof(info->label))),
			      "serial", serial, "uri", uri, "slot", (json_int_t)slot, "path", json_text(span_str(file)),
			      "state", wallet_state(info)));
}

static void uri_attribute(P11KitUri *uri, CK_ATTRIBUTE_TYPE type, struct span value)
{
	CK_ATTRIBUTE attribute = { type, (void *)(uintptr_t)value.p, value.n };

	if (value.n != 0 && p11_kit_uri_set_attribute(uri, &attribute) != P11_KIT_URI_OK)
		must(NULL);
}

static char *uri_text(P11KitUri *uri, P11KitUriType type)
{
	char *text = NULL, *copy;

	if (p11_kit_uri_format(uri, type, &text) != P11_KIT_URI_OK)
		must(NULL);
	copy = must(mem_string(text));
	free(text);
	p11_kit_uri_free(uri);
	return copy;
}

static P11KitUri *uri_of(const CK_TOKEN_INFO *info)
{
	P11KitUri *uri = must(p11_kit_uri_new());
	CK_TOKEN_INFO *token = p11_kit_uri_get_token_info(uri);

	memcpy(token->label, info->label, sizeof(token->label));
	memcpy(token->manufacturerID, info->manufacturerID, sizeof(token->manufacturerID));
	memcpy(token->model, info->model, sizeof(token->model));
	memcpy(token->serialNumber, info->serialNumber, sizeof(token->serialNumber));
	return uri;
}

char *wallet_uri(const CK_TOKEN_INFO *info)
{
	return uri_text(uri_of(info), P11_KIT_URI_FOR_TOKEN);
}

char *object_uri(const CK_TOKEN_INFO *info, CK_OBJECT_CLASS class, struct span id, struct span label)
{
	P11KitUri *uri = uri_of(info);

	if (class != CK_UNAVAILABLE_INFORMATION)
		uri_attribute(uri, CKA_CLASS, span(&class, sizeof(class)));
	uri_attribute(uri, CKA_ID, id);
	uri_attribute(uri, CKA_LABEL, label);
	return uri_text(uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN);
}

/* ---- which wallet ---- */

CK_RV wallet_slots_quietly(const struct cli *cli, CK_SLOT_ID **slots, CK_ULONG *count)
{
	AUTO_FREE CK_SLOT_ID *list = NULL;
	CK_ULONG all = 0;
	CK_RV rv = cli->p11->C_GetSlotList(CK_TRUE, NULL, &all);

	*count = 0;
	if (rv == CKR_OK) {
		list = must(mem_array(all, sizeof(*list)));
		rv = cli->p11->C_GetSlotList(CK_TRUE, list, &all);
	}
	if (rv != CKR_OK)
		return rv;
	for (CK_ULONG i = 0; i < all; i++) {
		AUTO_FREE char *file = wallet_file(cli, list[i]);

		if (file != NULL)
			list[(*count)++] = list[i];
	}
	*slots = TAKE(list);
	return CKR_OK;
}

enum outcome wallet_slots(const struct cli *cli, CK_SLOT_ID **slots, CK_ULONG *count)
{
	CK_RV rv = wallet_slots_quietly(cli, slots, count);

	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot look for wallets");
}

/* What a word may mean. */
struct wanted {
	const char *name;
	P11KitUri *uri; /* NULL: label or serial number */
};

static enum outcome wanted_of(const char *name, struct wanted *w)
{
	*w = (struct wanted){ .name = name };
	if (strncmp(name, "pkcs11:", 7) != 0)
		return OUTCOME_OK;
	w->uri = must(p11_kit_uri_new());
	if (p11_kit_uri_parse(name, P11_KIT_URI_FOR_ANY, w->uri) != P11_KIT_URI_OK)
		return fail(OUTCOME_USAGE, "the PKCS#11 URI cannot be read; see RFC 7512");
	if (p11_kit_uri_get_pin_value(w->uri) != NULL || p11_kit_uri_get_pin_source(w->uri) != NULL)
		return fail(OUTCOME_USAGE, "a PIN does not belong into a URI: leave pin-value and pin-source out, use --pin-file");
	if (p11_kit_uri_any_unrecognized(w->uri) != 0)
		return fail(OUTCOME_USAGE, "the PKCS#11 URI has parts that are not known here");
	return OUTCOME_OK;
}

static bool is_wanted(const struct wanted *w, const CK_TOKEN_INFO *info, bool by_serial)
{
	struct span name = span_str(w->name);

	if (w->uri != NULL)
		return !by_serial && p11_kit_uri_match_token_info(w->uri, info) == 1;
	return span_eq(name, by_serial ? unpadded(info->serialNumber, sizeof(info->serialNumber)) :
				       unpadded(info->label, sizeof(info->label)));
}

struct hits {
	CK_SLOT_ID slot;
	unsigned count, unusable;
};

static void hits_of(const struct cli *cli, const struct wanted *w, const CK_SLOT_ID *slots, CK_ULONG count, bool by_serial,
		    struct hits *hits)
{
	*hits = (struct hits){ 0 };
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO info;

		if (cli->p11->C_GetTokenInfo(slots[i], &info) != CKR_OK) {
			hits->unusable++;
		} else if (is_wanted(w, &info, by_serial)) {
			hits->slot = slots[i];
			hits->count++;
		}
	}
}

/* A wallet that cannot be read tells no label: each is named, for one of them may be what was meant. */
static enum outcome none_found(const struct cli *cli, const char *name, const CK_SLOT_ID *slots, CK_ULONG count,
			       unsigned unusable)
{
	AUTO_FREE char *shown = printable(span_str(name));
	enum outcome outcome = OUTCOME_NOT_FOUND;
	CK_TOKEN_INFO info;

	for (CK_ULONG i = 0; unusable > 0 && i < count; i++) {
		CK_RV rv = cli->p11->C_GetTokenInfo(slots[i], &info);

		if (rv != CKR_OK)
			outcome = fail_rv(cli, rv, "a wallet cannot be used");
	}
	(void)fail(outcome, "there is no wallet \"%s\"%s; see coffer list", shown,
		   unusable > 0 ? " among those that can be used" : "");
	return outcome;
}

static enum outcome look_up(const struct cli *cli, const struct wanted *w, CK_SLOT_ID *slot)
{
	AUTO_FREE CK_SLOT_ID *slots = NULL;
	CK_ULONG count;
	struct hits hits;
	enum outcome outcome = wallet_slots(cli, &slots, &count);

	if (outcome != OUTCOME_OK)
		return outcome;
	hits_of(cli, w, slots, count, false, &hits);
	if (hits.count == 0)
		hits_of(cli, w, slots, count, true, &hits);
	if (hits.count > 1)
		return fail(OUTCOME_USAGE, "%u wallets are meant by that; name the one by its serial number (coffer list)",
			    hits.count);
	if (hits.count == 0)
		return none_found(cli, w->name, slots, count, hits.unusable);
	*slot = hits.slot;
	return OUTCOME_OK;
}

enum outcome wallet_named(const struct cli *cli, const char *name, CK_SLOT_ID *slot)
{
	struct wanted w;
	enum outcome outcome = wanted_of(name, &w);

	if (outcome == OUTCOME_OK)
		outcome = look_up(cli, &w, slot);
	if (w.uri != NULL)
		p11_kit_uri_free(w.uri);
	return outcome;
}

enum outcome wallet_chosen(const struct cli *cli, CK_SLOT_ID *slot, CK_TOKEN_INFO *info_opt)
{
	enum outcome outcome = wallet_named(cli, cli->argument[0], slot);
	CK_RV rv = CKR_OK;

	if (outcome == OUTCOME_OK && info_opt != NULL)
		rv = cli->p11->C_GetTokenInfo(*slot, info_opt);
	return rv == CKR_OK ? outcome : fail_rv(cli, rv, "cannot read the wallet");
}

/* ---- sessions ---- */

enum outcome session_open(const struct cli *cli, CK_FLAGS flags, CK_SESSION_HANDLE *session)
{
	CK_SLOT_ID slot;
	enum outcome outcome = wallet_chosen(cli, &slot, NULL);
	CK_RV rv;

	if (outcome != OUTCOME_OK)
		return outcome;
	rv = cli->p11->C_OpenSession(slot, flags | CKF_SERIAL_SESSION, NULL, NULL, session);
	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot open the wallet");
}

enum outcome session_wallet(const struct cli *cli, CK_SESSION_HANDLE session, CK_TOKEN_INFO *info)
{
	CK_SESSION_INFO s;
	CK_RV rv = cli->p11->C_GetSessionInfo(session, &s);

	if (rv == CKR_OK)
		rv = cli->p11->C_GetTokenInfo(s.slotID, info);
	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot read the wallet");
}

CK_UTF8CHAR_PTR pin_bytes(const struct guarded *pin_opt, CK_ULONG *n)
{
	*n = pin_opt == NULL ? 0 : guarded_bytes(pin_opt).n;
	return pin_opt == NULL ? NULL : (CK_UTF8CHAR_PTR)(uintptr_t)guarded_bytes(pin_opt).p;
}

static const char *prefix_of(CK_USER_TYPE user)
{
	return user == CKU_SO ? "so-pin" : "pin";
}

static enum outcome pin_of(const struct cli *cli, const CK_TOKEN_INFO *info, CK_USER_TYPE user, struct guarded **out)
{
	AUTO_FREE char *label = printable(unpadded(info->label, sizeof(info->label)));
	char what[192];

	*out = NULL;
	if (!ask_given(cli, prefix_of(user)) && (info->flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0)
		return OUTCOME_OK;
	(void)snprintf(what, sizeof(what), "%s PIN of wallet \"%s\"", user == CKU_SO ? "SO" : "user", label);
	return ask(cli, &(struct ask){ .prefix = prefix_of(user), .what = what }, out);
}

enum outcome session_pin(const struct cli *cli, CK_SESSION_HANDLE session, CK_USER_TYPE user, struct guarded **out)
{
	CK_TOKEN_INFO info;
	enum outcome outcome = session_wallet(cli, session, &info);

	return outcome == OUTCOME_OK ? pin_of(cli, &info, user, out) : outcome;
}

CK_RV session_login_with(const struct cli *cli, CK_SESSION_HANDLE session, CK_USER_TYPE user, const struct guarded *pin_opt)
{
	const char *name = user == CKU_USER ? option_text(cli, "user") : NULL;
	CK_ULONG n;
	CK_UTF8CHAR_PTR pin = pin_bytes(pin_opt, &n);

	if (name == NULL)
		return cli->p11->C_Login(session, user, pin, n);
	return cli->p11->C_LoginUser(session, user, pin, n, (CK_UTF8CHAR_PTR)(uintptr_t)name, strlen(name));
}

/* One try. *again: the PIN was wrong, and whoever typed it may type another. */
static enum outcome try_login(const struct cli *cli, CK_SESSION_HANDLE session, CK_USER_TYPE user, const CK_TOKEN_INFO *info,
			      bool *again)
{
	AUTO(guarded) pin = NULL;
	AUTO_FREE char *label = printable(unpadded(info->label, sizeof(info->label)));
	enum outcome outcome = pin_of(cli, info, user, &pin);
	CK_RV rv;

	*again = false;
	if (outcome != OUTCOME_OK)
		return outcome;
	rv = session_login_with(cli, session, user, pin);
	if (rv == CKR_OK)
		return OUTCOME_OK;
	*again = rv == CKR_PIN_INCORRECT && pin != NULL && !ask_given(cli, prefix_of(user));
	return fail_rv(cli, rv, "cannot unlock wallet \"%s\"", label);
}

#define TRIES_AT_TERMINAL 3

enum outcome session_login(const struct cli *cli, CK_SESSION_HANDLE session, CK_USER_TYPE user)
{
	CK_TOKEN_INFO info;
	enum outcome outcome = session_wallet(cli, session, &info);
	bool again = outcome == OUTCOME_OK;

	for (unsigned i = 0; again && i < TRIES_AT_TERMINAL; i++)
		outcome = try_login(cli, session, user, &info, &again);
	return outcome;
}

enum outcome session_unlock(const struct cli *cli, CK_FLAGS flags, CK_SESSION_HANDLE *session)
{
	enum outcome outcome = session_open(cli, flags, session);

	return outcome == OUTCOME_OK ? session_login(cli, *session, CKU_USER) : outcome;
}

enum outcome session_unlock_if_given(const struct cli *cli, CK_FLAGS flags, CK_SESSION_HANDLE *session)
{
	enum outcome outcome = session_open(cli, flags, session);

	return outcome == OUTCOME_OK && ask_given(cli, "pin") ? session_login(cli, *session, CKU_USER) : outcome;
}
