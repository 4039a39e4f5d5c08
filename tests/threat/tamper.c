/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wallet file that somebody edited: through PKCS#11 a changed object is an error, never another key,
 * another policy or another value; and Verify says so.  (tests/unit/wallet_tamper tries every field.)
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "p11.h"
#include "unit.h"
#include "wallet_file.h"

static struct p11 m;
static CK_SLOT_ID slot;
static struct p11_pair first, second;
static CK_BYTE points[2][34];
static char wallet[600], copy[600];

static bool copy_file(const char *from, const char *to)
{
	FILE *in = fopen(from, "re"), *out = fopen(to, "we");
	bool ok = in != NULL && out != NULL;
	char bytes[4096];
	size_t n;

	while (ok && (n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		ok = fwrite(bytes, 1, n, out) == n;
	if (in != NULL)
		(void)fclose(in);
	return out != NULL && fclose(out) == 0 && ok;
}

/* The wallet as it was, with this done to it; the old file is attached as `old`. */
static bool edit(const char *sql)
{
	char attach[700];
	sqlite3 *db = NULL;
	bool ok;

	(void)snprintf(attach, sizeof(attach), "ATTACH '%s' AS old", copy);
	ok = sqlite3_open(wallet, &db) == SQLITE_OK && sqlite3_exec(db, attach, NULL, NULL, NULL) == SQLITE_OK &&
	     sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK && sqlite3_total_changes(db) > 0;
	if (!ok)
		printf("\n    %s: %s", sql, sqlite3_errmsg(db));
	(void)sqlite3_close(db);
	return ok;
}

static void begin(void)
{
	CK_SESSION_HANDLE s;

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "tamper");
	s = p11_session(&m, slot, true);
	REQUIRE_RV(p11_generate(&m, s, true, "first", &first), CKR_OK);
	REQUIRE_RV(p11_generate(&m, s, true, "second", &second), CKR_OK);
	REQUIRE(p11_get(&m, s, first.pub, CKA_EC_POINT, points[0], 34));
	REQUIRE(p11_get(&m, s, second.pub, CKA_EC_POINT, points[1], 34));
	REQUIRE_RV(m.f->C_Finalize(NULL), CKR_OK);
	REQUIRE(wallet_file(&m, wallet, sizeof(wallet)));
	(void)snprintf(copy, sizeof(copy), "%s/copy", m.dir.path);
	REQUIRE(copy_file(wallet, copy));
}

/* A signature is the named key's, or there is none. */
static bool signs_right(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key, int which)
{
	CK_BYTE signature[64];
	CK_OBJECT_HANDLE check;
	CK_RV rv = p11_sign(&m, s, key, NULL, "x", 1, signature);

	if (rv != CKR_OK)
		return true;
	return p11_import_public(&m, s, points[which] + 2, &check) == CKR_OK &&
	       p11_verify(&m, s, check, NULL, "x", 1, signature) == CKR_OK;
}

/* What a search finds by its label has that label. */
static bool finds_right(CK_SESSION_HANDLE s, const char *label)
{
	CK_ATTRIBUTE wanted = { CKA_LABEL, (void *)label, strlen(label) };
	CK_OBJECT_HANDLE found[8];
	CK_ULONG n = p11_find(&m, s, &wanted, 1, found, 8);
	char got[32];

	for (CK_ULONG i = 0; n != CK_UNAVAILABLE_INFORMATION && i < n && i < 8; i++) {
		CK_ATTRIBUTE a = { CKA_LABEL, got, sizeof(got) };

		if (m.f->C_GetAttributeValue(s, found[i], &a, 1) != CKR_OK)
			continue;
		if (a.ulValueLen != strlen(label) || memcmp(got, label, a.ulValueLen) != 0)
			return false;
	}
	return true;
}

/* `lost`: the first private key must be refused. */
static void open_edited(const char *what, const char *sql, bool lost)
{
	CK_BYTE signature[64];
	CK_SESSION_HANDLE s;
	bool ok = copy_file(copy, wallet) && edit(sql) && m.f->C_Initialize(NULL) == CKR_OK;

	s = ok ? p11_session(&m, slot, true) : 0;
	if (s == 0) {
		CHECK(ok); /* a wallet that cannot be unlocked any more is an answer, too */
		CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
		return;
	}
	if (lost && p11_sign(&m, s, first.priv, NULL, "x", 1, signature) == CKR_OK) {
		printf("\n    %s: the key was used", what);
		CU_FAIL("see above");
	}
	CHECK(signs_right(s, first.priv, 0));
	CHECK(signs_right(s, second.priv, 1));
	CHECK(finds_right(s, "first"));
	CHECK(finds_right(s, "second"));
	if (wallet_faults(&m, s) == 0) {
		printf("\n    %s: Verify has not noticed", what);
		CU_FAIL("see above");
	}
	CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
}

/* The lowest private row, the other one, the lowest public one. */
#define FIRST "(SELECT min(number) FROM object WHERE private = 1)"
#define SECOND "(SELECT max(number) FROM object WHERE private = 1)"
#define PUBLIC "(SELECT min(number) FROM object WHERE private = 0)"

static void test_rows(void)
{
	static const struct {
		const char *what, *sql;
		bool lost;
	} edits[] = {
		{ "two bodies exchanged",
		  "UPDATE object SET body = (SELECT body FROM old.object o WHERE o.private = 1 AND o.number <> "
		  "object.number) WHERE private = 1", true },
		{ "two rows exchanged",
		  "UPDATE object SET (version, body) = (SELECT version, body FROM old.object o WHERE o.private = 1 AND "
		  "o.number <> object.number) WHERE private = 1", true },
		{ "a private row removed", "DELETE FROM object WHERE number = " FIRST, true },
		{ "a public row removed", "DELETE FROM object WHERE number = " PUBLIC, false },
		{ "a row doubled",
		  "INSERT INTO object SELECT 1 + (SELECT max(number) FROM object), version, private, body, terms FROM "
		  "object WHERE number = " FIRST, false },
		{ "a byte of a body changed",
		  "UPDATE object SET body = CAST(substr(body, 1, length(body) - 1) || x'00' AS BLOB) WHERE number = " FIRST
		  " AND substr(body, -1) <> x'00'", true },
		{ "a body cut", "UPDATE object SET body = substr(body, 1, 60) WHERE number = " FIRST, true },
		{ "a private row called public", "UPDATE object SET private = 0 WHERE number = " FIRST, true },
		{ "a version raised", "UPDATE object SET version = version + 1 WHERE number = " FIRST, true },
		{ "a public object's bytes changed",
		  "UPDATE object SET body = CAST(x'ff' || substr(body, 2) AS BLOB) WHERE number = " PUBLIC, false },
		{ "a node of the set changed",
		  "UPDATE node SET body = CAST(substr(body, 1, 30) || x'ff' || substr(body, 32) AS BLOB)", true },
		{ "the index led from one key to the other",
		  "UPDATE OR IGNORE term SET object = " SECOND " WHERE object = " FIRST, false },
		{ "the index emptied", "DELETE FROM term", false },
	};

	begin();
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
		open_edited(edits[i].what, edits[i].sql, edits[i].lost);
	p11_stop(&m);
}

/* A permission that was taken away does not come back with the old row. */
static void test_replay(void)
{
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE sign = { CKA_SIGN, &no, 1 };
	CK_BYTE signature[64];
	CK_SESSION_HANDLE s;

	begin(); /* and `copy` has it with CKA_SIGN */
	REQUIRE_RV(m.f->C_Initialize(NULL), CKR_OK);
	s = p11_session(&m, slot, true);
	CHECK_RV(p11_sign(&m, s, first.priv, NULL, "x", 1, signature), CKR_OK);
	REQUIRE_RV(m.f->C_SetAttributeValue(s, first.priv, &sign, 1), CKR_OK);
	CHECK_RV(p11_sign(&m, s, first.priv, NULL, "x", 1, signature), CKR_KEY_FUNCTION_NOT_PERMITTED);
	REQUIRE_RV(m.f->C_Finalize(NULL), CKR_OK);
	REQUIRE(edit("REPLACE INTO object SELECT * FROM old.object WHERE number = " FIRST));
	REQUIRE_RV(m.f->C_Initialize(NULL), CKR_OK);
	s = p11_session(&m, slot, true);
	CHECK(p11_sign(&m, s, first.priv, NULL, "x", 1, signature) != CKR_OK);
	CHECK(wallet_faults(&m, s) > 0);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "rows exchanged, removed, doubled, edited: no other key, and Verify says so", test_rows },
		{ "an older row put back gives no permission back", test_replay },
		{ NULL, NULL },
	};

	return unit_main("threats: an edited wallet", tests);
}
