/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each byte of each row of each kind of object, private and public, changed by somebody who has the wallet file: what an object says
 * of itself (flags, use, mechanisms, dates, label, class, value) is as it was, or the object is refused; and Verify says so.
 * (tests/threat/tamper has whole rows; session objects are in no file.)
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "p11.h"
#include "unit.h"
#include "wallet_file.h"

#define OBJECTS_MAX 8
#define VALUE_MAX 128

static const CK_ATTRIBUTE_TYPE types[] = {
	CKA_CLASS,	 CKA_TOKEN,	      CKA_PRIVATE,    CKA_LABEL,      CKA_MODIFIABLE,	   CKA_COPYABLE,
	CKA_DESTROYABLE, CKA_UNIQUE_ID,	      CKA_ID,	      CKA_KEY_TYPE,   CKA_START_DATE,	   CKA_END_DATE,
	CKA_DERIVE,	 CKA_LOCAL,	      CKA_SENSITIVE,  CKA_EXTRACTABLE, CKA_ENCRYPT,	   CKA_DECRYPT,
	CKA_SIGN,	 CKA_VERIFY,	      CKA_WRAP,	      CKA_UNWRAP,     CKA_TRUSTED,	   CKA_WRAP_WITH_TRUSTED,
	CKA_VALUE,	 CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE, CKA_ALLOWED_MECHANISMS, CKA_ALWAYS_AUTHENTICATE, CKA_EC_PARAMS,
	CKA_EC_POINT,	 CKA_APPLICATION,     CKA_SUBJECT,    CKA_CERTIFICATE_TYPE, CKA_PUBLIC_KEY_INFO, CKA_KEY_GEN_MECHANISM,
};

#define TYPES (sizeof(types) / sizeof(types[0]))

/* What an object answered. */
struct seen {
	bool refused;
	CK_ULONG length[TYPES]; /* CK_UNAVAILABLE_INFORMATION: not told */
	CK_BYTE value[TYPES][VALUE_MAX];
};

static struct p11 m;
static CK_SLOT_ID slot;
static char wallet[600];
static CK_OBJECT_HANDLE object[OBJECTS_MAX];
static struct seen before[OBJECTS_MAX];
static size_t objects;

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static struct seen look(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h)
{
	struct seen seen = { 0 };
	CK_ATTRIBUTE t[TYPES];
	CK_RV rv;

	for (size_t i = 0; i < TYPES; i++)
		t[i] = (CK_ATTRIBUTE){ types[i], seen.value[i], VALUE_MAX };
	rv = m.f->C_GetAttributeValue(s, h, t, TYPES);
	seen.refused = rv != CKR_OK && rv != CKR_ATTRIBUTE_SENSITIVE && rv != CKR_ATTRIBUTE_TYPE_INVALID;
	for (size_t i = 0; i < TYPES; i++)
		seen.length[i] = seen.refused ? CK_UNAVAILABLE_INFORMATION : t[i].ulValueLen;
	return seen;
}

/* Nothing is another than it was; what was not told is not told now. */
static bool same(const struct seen *was, const struct seen *is)
{
	if (is->refused)
		return true;
	for (size_t i = 0; i < TYPES; i++)
		if (was->length[i] != is->length[i] ||
		    (is->length[i] != CK_UNAVAILABLE_INFORMATION && memcmp(was->value[i], is->value[i], is->length[i]) != 0))
			return false;
	return true;
}

static void make(CK_SESSION_HANDLE s, CK_ATTRIBUTE *t, CK_ULONG n)
{
	REQUIRE_RV(m.f->C_CreateObject(s, t, n, &object[objects++]), CKR_OK);
}

#define SET(type, variable) { type, (void *)&(variable), sizeof(variable) }
#define TEXT(type, text) { type, (void *)(text), sizeof(text) - 1 }

static void make_data(CK_SESSION_HANDLE s, CK_BBOOL *is_private)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_ATTRIBUTE t[] = { SET(CKA_CLASS, class), SET(CKA_TOKEN, yes),	   { CKA_PRIVATE, is_private, 1 },
			     TEXT(CKA_LABEL, "data"), TEXT(CKA_APPLICATION, "edits"), TEXT(CKA_VALUE, "what was written") };

	make(s, t, 6);
}

static void make_certificate(CK_SESSION_HANDLE s)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BYTE subject[] = { 0x30, 0x00 }, value[] = { 0x30, 0x03, 0x02, 0x01, 0x05 };
	CK_ATTRIBUTE t[] = { SET(CKA_CLASS, class), SET(CKA_CERTIFICATE_TYPE, type), SET(CKA_TOKEN, yes), SET(CKA_PRIVATE, no),
			     SET(CKA_SUBJECT, subject), SET(CKA_VALUE, value), TEXT(CKA_LABEL, "certificate") };

	make(s, t, 7);
}

static void make_secret(CK_SESSION_HANDLE s)
{
	CK_ULONG n = 32;
	CK_MECHANISM mechanism = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_MECHANISM_TYPE allowed[] = { CKM_AES_GCM };
	CK_ATTRIBUTE t[] = { SET(CKA_TOKEN, yes),	 SET(CKA_VALUE_LEN, n), SET(CKA_SENSITIVE, yes), SET(CKA_EXTRACTABLE, no),
			     SET(CKA_ENCRYPT, yes), SET(CKA_DECRYPT, no),	 SET(CKA_ALLOWED_MECHANISMS, allowed),
			     TEXT(CKA_START_DATE, "20200101"), TEXT(CKA_END_DATE, "20991231"), TEXT(CKA_LABEL, "secret") };

	REQUIRE_RV(m.f->C_GenerateKey(s, &mechanism, t, 10, &object[objects++]), CKR_OK);
}

static void begin(void)
{
	struct p11_pair pair;
	CK_SESSION_HANDLE s;

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "edits");
	s = p11_session(&m, slot, true);
	objects = 0;
	make_data(s, &no);
	make_data(s, &yes);
	make_certificate(s);
	make_secret(s);
	REQUIRE_RV(p11_generate(&m, s, true, "pair", &pair), CKR_OK);
	object[objects++] = pair.pub;
	object[objects++] = pair.priv;
	for (size_t i = 0; i < objects; i++) {
		before[i] = look(s, object[i]);
		CHECK(!before[i].refused && before[i].length[0] == sizeof(CK_ULONG));
	}
	REQUIRE_RV(m.f->C_Finalize(NULL), CKR_OK);
	REQUIRE(wallet_file(&m, wallet, sizeof(wallet)));
}

/* One bit of a byte of a column turned over; a second time, and it is as it was.  False behind the last byte. */
static bool flip(const char *column, sqlite3_int64 number, int at)
{
	sqlite3 *db;
	sqlite3_blob *blob;
	unsigned char byte;
	bool there;

	REQUIRE(sqlite3_open(wallet, &db) == SQLITE_OK);
	REQUIRE(sqlite3_blob_open(db, "main", "object", column, number, 1, &blob) == SQLITE_OK);
	there = at < sqlite3_blob_bytes(blob);
	if (there) {
		REQUIRE(sqlite3_blob_read(blob, &byte, 1, at) == SQLITE_OK);
		byte ^= (unsigned char)(1 << at % 8);
		REQUIRE(sqlite3_blob_write(blob, &byte, 1, at) == SQLITE_OK);
	}
	REQUIRE(sqlite3_blob_close(blob) == SQLITE_OK);
	REQUIRE(sqlite3_close(db) == SQLITE_OK);
	return there;
}

/* How many objects are refused, or UNAVAILABLE: one says what it did not say before. */
static CK_ULONG refused_now(CK_SESSION_HANDLE s)
{
	CK_ULONG n = 0;

	for (size_t i = 0; i < objects; i++) {
		struct seen now = look(s, object[i]);

		if (!same(&before[i], &now))
			return CK_UNAVAILABLE_INFORMATION;
		n += now.refused;
	}
	return n;
}

struct answer {
	CK_ULONG refused; /* objects; CK_UNAVAILABLE_INFORMATION: one says another thing than before */
	CK_ULONG faults;  /* that Verify tells */
};

static struct answer ask(void)
{
	struct answer answer;
	CK_SESSION_HANDLE s;

	REQUIRE_RV(m.f->C_Initialize(NULL), CKR_OK);
	s = p11_session(&m, slot, true);
	REQUIRE(s != 0);
	answer.refused = refused_now(s);
	answer.faults = wallet_faults(&m, s);
	REQUIRE_RV(m.f->C_Finalize(NULL), CKR_OK);
	return answer;
}

static size_t numbers_of(sqlite3_int64 numbers[OBJECTS_MAX])
{
	sqlite3_stmt *q;
	sqlite3 *db;
	size_t n = 0;

	REQUIRE(sqlite3_open(wallet, &db) == SQLITE_OK);
	REQUIRE(sqlite3_prepare_v2(db, "SELECT number FROM object", -1, &q, NULL) == SQLITE_OK);
	while (n < OBJECTS_MAX && sqlite3_step(q) == SQLITE_ROW)
		numbers[n++] = sqlite3_column_int64(q, 0);
	REQUIRE(sqlite3_finalize(q) == SQLITE_OK);
	REQUIRE(sqlite3_close(db) == SQLITE_OK);
	return n;
}

/* `least`: so many objects must be refused for it. */
static void every_byte(const char *column, CK_ULONG least)
{
	sqlite3_int64 number[OBJECTS_MAX];
	size_t rows = numbers_of(number);

	CHECK(rows == objects);
	for (size_t i = 0; i < rows; i++)
		for (int at = 0; flip(column, number[i], at); at++) {
			struct answer a = ask();

			if (a.refused == CK_UNAVAILABLE_INFORMATION || a.refused < least || a.faults == 0) {
				printf("\n    %s of row %d, byte %d: %lu refused, %lu faults", column, (int)number[i], at, a.refused, a.faults);
				CU_FAIL("see above");
			}
			REQUIRE(flip(column, number[i], at));
		}
}

static void test_bodies(void)
{
	struct answer a;

	begin();
	a = ask();
	CHECK(a.refused == 0 && a.faults == 0);
	every_byte("body", 1);
	a = ask();
	CHECK(a.refused == 0 && a.faults == 0);
	p11_stop(&m);
}

/* What objects are found by is no part of what they say: nothing is refused for it. */
static void test_terms(void)
{
	begin();
	every_byte("terms", 0);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "each byte of each body: refused, and Verify says so", test_bodies },
		{ "each byte of what is searched for: no other object, and Verify says so", test_terms },
		{ NULL, NULL },
	};

	return unit_main("threats: each byte of a wallet's objects edited", tests);
}
