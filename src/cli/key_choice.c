/* SPDX-License-Identifier: Apache-2.0 */
/* Which key a word means, how a key is shown, and which ID a new one gets. */
#include <p11-kit/uri.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/mem.h"
#include "cli/keys.h"

#define IDS_SHOWN 8

/* ---- how it is shown ---- */

const char *key_type_text(const struct key_row *row)
{
	if (row->kind != NULL)
		return row->kind->name;
	switch (row->type) {
	case CKK_RSA:
		return "rsa";
	case CKK_EC:
		return "ec";
	case CKK_EC_EDWARDS:
		return "edwards";
	case CKK_EC_MONTGOMERY:
		return "montgomery";
	default:
		return "other";
	}
}

static char *hex_text(struct span s)
{
	char *text = must(mem_alloc(2 * s.n + 1));

	hex_encode(s, text);
	return text;
}

char *key_name(const struct key_row *row)
{
	return row->label.n != 0 ? printable(row->label) : hex_text(row->id);
}

const char *key_halves(const struct key_row *row)
{
	if (row->private_key == CK_INVALID_HANDLE)
		return "public";
	return row->public_key == CK_INVALID_HANDLE ? "private" : "pair";
}

/* null where the wallet must be unlocked to know. */
static json_t *known(bool is_known, bool value)
{
	return is_known ? json_boolean(value) : json_null();
}

json_t *key_json(const CK_TOKEN_INFO *info, const struct key_row *row, bool unlocked)
{
	AUTO_FREE char *uri = object_uri(info, CK_UNAVAILABLE_INFORMATION, row->id, row->label);
	bool there = row->private_key != CK_INVALID_HANDLE;

	return must(json_pack("{s:o, s:o, s:s, s:o, s:s, s:b, s:o, s:o, s:o, s:o}", "label", json_text(row->label), "id",
			      json_hex(row->id), "type", key_type_text(row), "public_key", json_hex(row->point), "uri", uri,
			      "public", row->public_key != CK_INVALID_HANDLE, "private", known(unlocked, there), "sensitive",
			      known(there, row->sensitive), "extractable", known(there, row->extractable), "local",
			      known(there, row->local)));
}

/* ---- which one ---- */

static enum outcome ambiguous(const char *name, const struct key_rows *rows)
{
	AUTO_FREE char *shown = printable(span_str(name));
	char ids[IDS_SHOWN * (2 * KEY_ID_MAX + 2) + 8] = "";
	size_t used = 0;

	for (size_t i = 0; i < rows->count && i < IDS_SHOWN; i++) {
		AUTO_FREE char *id = hex_text(rows->row[i].id);
		int n = snprintf(ids + used, sizeof(ids) - used, "%s%.*s", i == 0 ? "" : ", ", 2 * KEY_ID_MAX,
				 id[0] == '\0' ? "(none)" : id);

		if (n > 0 && (size_t)n < sizeof(ids) - used)
			used += (size_t)n;
	}
	return fail(OUTCOME_USAGE, "\"%s\" means %zu keys; name the one by its ID: %s%s", shown, rows->count, ids,
		    rows->count > IDS_SHOWN ? " ..." : "");
}

static enum outcome by_label(const struct cli *cli, CK_SESSION_HANDLE session, const char *name, struct key_rows *out)
{
	const CK_ATTRIBUTE t = { CKA_LABEL, (void *)(uintptr_t)name, strlen(name) };

	return keys_find(cli, session, &t, 1, out);
}

static enum outcome by_id(const struct cli *cli, CK_SESSION_HANDLE session, struct span id, struct key_rows *out)
{
	const CK_ATTRIBUTE t = { CKA_ID, (void *)(uintptr_t)id.p, id.n };

	return keys_find(cli, session, &t, 1, out);
}

static enum outcome token_matches(const struct cli *cli, CK_SESSION_HANDLE session, P11KitUri *uri)
{
	CK_SESSION_INFO s;
	CK_TOKEN_INFO info;
	CK_RV rv = cli->p11->C_GetSessionInfo(session, &s);

	if (rv == CKR_OK)
		rv = cli->p11->C_GetTokenInfo(s.slotID, &info);
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot read the wallet");
	if (p11_kit_uri_match_token_info(uri, &info) != 1)
		return fail(OUTCOME_USAGE, "the key's URI is of another wallet than the one that is named first");
	return OUTCOME_OK;
}

/* Class and type in a URI tell halves apart; a key here is both. */
static enum outcome by_parsed_uri(const struct cli *cli, CK_SESSION_HANDLE session, P11KitUri *uri, struct key_rows *out)
{
	CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(uri, CKA_ID), *label = p11_kit_uri_get_attribute(uri, CKA_LABEL);
	CK_ATTRIBUTE t[2];
	CK_ULONG count = 0;
	enum outcome outcome = token_matches(cli, session, uri);

	if (outcome != OUTCOME_OK)
		return outcome;
	if (id != NULL)
		t[count++] = *id;
	if (label != NULL)
		t[count++] = *label;
	if (count == 0)
		return fail(OUTCOME_USAGE, "the key's URI has neither id nor object in it");
	return keys_find(cli, session, t, count, out);
}

static enum outcome by_uri(const struct cli *cli, CK_SESSION_HANDLE session, const char *text, struct key_rows *out)
{
	P11KitUri *uri = must(p11_kit_uri_new());
	enum outcome outcome;

	if (p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri) != P11_KIT_URI_OK)
		outcome = fail(OUTCOME_USAGE, "the key's PKCS#11 URI cannot be read; see RFC 7512");
	else
		outcome = by_parsed_uri(cli, session, uri, out);
	p11_kit_uri_free(uri);
	return outcome;
}

static enum outcome by_name(const struct cli *cli, CK_SESSION_HANDLE session, const char *name, struct key_rows *out)
{
	uint8_t id[KEY_ID_MAX];
	size_t n = 0;
	enum outcome outcome;

	if (strncmp(name, "pkcs11:", 7) == 0)
		return by_uri(cli, session, name, out);
	outcome = by_label(cli, session, name, out);
	if (outcome == OUTCOME_OK && out->count == 0 && cf_ok(hex_decode(span_str(name), MSPAN_OF(id), &n)) && n > 0)
		outcome = by_id(cli, session, span(id, n), out);
	return outcome;
}

/* A half that has another label than its partner was found alone. */
static enum outcome complete_halves(const struct cli *cli, CK_SESSION_HANDLE session, struct key_rows *rows)
{
	AUTO_KEYS same = KEY_ROWS_INIT;
	struct key_row *row = &rows->row[0];
	enum outcome outcome;

	if (row->id.n == 0 || (row->public_key != CK_INVALID_HANDLE && row->private_key != CK_INVALID_HANDLE))
		return OUTCOME_OK;
	outcome = by_id(cli, session, row->id, &same);
	for (size_t i = 0; i < same.count; i++) {
		bool mine = (row->public_key != CK_INVALID_HANDLE && same.row[i].public_key == row->public_key) ||
			    (row->private_key != CK_INVALID_HANDLE && same.row[i].private_key == row->private_key);

		if (mine) {
			struct key_row kept = *row;

			*row = same.row[i];
			same.row[i] = kept;
		}
	}
	return outcome;
}

enum outcome key_chosen(const struct cli *cli, CK_SESSION_HANDLE session, struct key_rows *out)
{
	const char *name = option_text(cli, "key");
	enum outcome outcome;

	if (name == NULL)
		return fail(OUTCOME_USAGE, "--key is missing: the key's label, its ID in hexadecimal, or a PKCS#11 URI");
	outcome = by_name(cli, session, name, out);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (out->count == 0) {
		AUTO_FREE char *shown = printable(span_str(name));

		return fail(OUTCOME_NOT_FOUND, "there is no key \"%s\" to be seen in the wallet; see coffer key list", shown);
	}
	if (out->count > 1)
		return ambiguous(name, out);
	return complete_halves(cli, session, out);
}

/* ---- IDs ---- */

enum outcome key_id_option(const struct cli *cli, uint8_t id[KEY_ID_MAX], size_t *n)
{
	const char *text = option_text(cli, "id");

	*n = 0;
	if (text == NULL)
		return OUTCOME_OK;
	if (cf_failed(hex_decode(span_str(text), mspan(id, KEY_ID_MAX), n)) || *n == 0)
		return fail(OUTCOME_USAGE, "--id is 1 to %d bytes in hexadecimal", KEY_ID_MAX);
	return OUTCOME_OK;
}

enum outcome key_id_is_free(const struct cli *cli, CK_SESSION_HANDLE session, struct span id)
{
	AUTO_KEYS same = KEY_ROWS_INIT;
	enum outcome outcome = by_id(cli, session, id, &same);
	AUTO_FREE char *hex = hex_text(id);

	if (outcome == OUTCOME_OK && same.count > 0)
		return fail(OUTCOME_EXISTS, "there is a key with the ID %s already", hex);
	return outcome;
}

static enum outcome set_id(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, uint8_t *id, size_t n)
{
	CK_ATTRIBUTE t = { CKA_ID, id, n };
	CK_RV rv = cli->p11->C_SetAttributeValue(session, object, &t, 1);

	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "the key was made, but cannot be given its ID");
}

static enum outcome digest(const struct cli *cli, CK_SESSION_HANDLE session, struct span s, uint8_t out[20])
{
	CK_MECHANISM sha1 = { CKM_SHA_1, NULL, 0 };
	CK_ULONG n = 20;
	CK_RV rv = cli->p11->C_DigestInit(session, &sha1);

	if (rv == CKR_OK)
		rv = cli->p11->C_Digest(session, (CK_BYTE_PTR)(uintptr_t)s.p, s.n, out, &n);
	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot compute the key's ID");
}

enum outcome key_default_id(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE public_key,
			    CK_OBJECT_HANDLE private_key)
{
	AUTO_KEYS made = KEY_ROWS_INIT;
	uint8_t id[20];
	enum outcome outcome = key_of_handle(cli, session, public_key, &made);

	if (outcome == OUTCOME_OK)
		outcome = digest(cli, session, made.row[0].point, id);
	if (outcome == OUTCOME_OK)
		outcome = key_id_is_free(cli, session, SPAN_OF(id));
	if (outcome == OUTCOME_OK && private_key != CK_INVALID_HANDLE)
		outcome = set_id(cli, session, private_key, id, sizeof(id));
	if (outcome == OUTCOME_OK)
		outcome = set_id(cli, session, public_key, id, sizeof(id));
	if (outcome == OUTCOME_OK)
		return outcome;
	/* All or nothing; the failure itself was printed. */
	(void)cli->p11->C_DestroyObject(session, public_key);
	if (private_key != CK_INVALID_HANDLE)
		(void)cli->p11->C_DestroyObject(session, private_key);
	return outcome;
}

enum outcome key_report(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE public_key, const char *done)
{
	AUTO_KEYS made = KEY_ROWS_INIT;
	AUTO_FREE char *name = NULL, *id = NULL, *point = NULL;
	enum outcome outcome = key_of_handle(cli, session, public_key, &made);
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot;

	if (outcome == OUTCOME_OK)
		outcome = complete_halves(cli, session, &made);
	if (outcome == OUTCOME_OK)
		outcome = wallet_chosen(cli, &slot, &info);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (cli->json)
		return out_json(key_json(&info, &made.row[0], true));
	name = printable(made.row[0].label);
	id = hex_text(made.row[0].id);
	point = hex_text(made.row[0].point);
	out_line("%s %s key \"%s\", ID %s, public key %s", done, key_type_text(&made.row[0]), name, id, point);
	return OUTCOME_OK;
}
