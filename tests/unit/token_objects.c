/* SPDX-License-Identifier: Apache-2.0 */
/* Who may make, see and change what; session objects; searches, in an index that somebody has edited, too. */
#include "token_kit.h"

#include "vault/heap.h"

/* ---- who may what ---- */

static void who_may_make_what(void)
{
	static const struct {
		bool token, is_private;
		CK_RV none, user, so;
	} row[] = {
		{ false, false, CKR_OK, CKR_OK, CKR_OK },
		{ false, true, CKR_USER_NOT_LOGGED_IN, CKR_OK, CKR_USER_NOT_LOGGED_IN },
		{ true, false, CKR_USER_NOT_LOGGED_IN, CKR_OK, CKR_OK },
		{ true, true, CKR_USER_NOT_LOGGED_IN, CKR_OK, CKR_USER_NOT_LOGGED_IN },
	};
	struct kit k;
	struct access reader;
	CK_OBJECT_HANDLE h;

	kit_up(&k);
	reader = k.who;
	reader.read_write = false;
	for (int login = 0; login < 3; login++) {
		if (login != 0)
			REQUIRE(kit_login(&k, login == 1 ? CKU_USER : CKU_SO, login == 1 ? KIT_USER : KIT_SO) == CKR_OK);
		for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
			CK_RV want = login == 0 ? row[i].none : login == 1 ? row[i].user : row[i].so;

			CHECK(kit_data(&k.who, row[i].token, row[i].is_private, "x", &h) == want);
			CHECK(kit_data(&reader, row[i].token, row[i].is_private, "x", &h) ==
			      (row[i].token ? CKR_SESSION_READ_ONLY : want));
		}
		if (login != 0)
			REQUIRE(token_logout(k.token) == CKR_OK);
	}
	kit_down(&k);
}

static void what_is_private_is_not_there_after_a_logout(void)
{
	struct kit k;
	CK_OBJECT_HANDLE stored, session, visible;
	CK_ATTRIBUTE a = { CKA_LABEL, NULL, 0 };
	CK_ULONG n;

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	REQUIRE(kit_data(&k.who, true, true, "stored", &stored) == CKR_OK);
	REQUIRE(kit_data(&k.who, false, true, "session", &session) == CKR_OK);
	REQUIRE(kit_data(&k.who, true, false, "visible", &visible) == CKR_OK);
	REQUIRE(token_logout(k.token) == CKR_OK);
	CHECK(objects_get(&k.who, stored, &a, 1) == CKR_OBJECT_HANDLE_INVALID);
	CHECK(objects_size(&k.who, session, &n) == CKR_OBJECT_HANDLE_INVALID);
	CHECK(objects_destroy(&k.who, stored) == CKR_OBJECT_HANDLE_INVALID);
	CHECK(kit_labelled(&k.who, "stored") == 0 && kit_labelled(&k.who, "visible") == 1);
	CHECK(objects_get(&k.who, visible, &a, 1) == CKR_OK);
	CHECK(kit_set(&k.who, visible, CKA_LABEL, "x", 1) == CKR_USER_NOT_LOGGED_IN);
	CHECK(objects_destroy(&k.who, visible) == CKR_USER_NOT_LOGGED_IN);
	REQUIRE(kit_login(&k, CKU_SO, KIT_SO) == CKR_OK);
	CHECK(objects_get(&k.who, stored, &a, 1) == CKR_OBJECT_HANDLE_INVALID && kit_labelled(&k.who, "stored") == 0);
	REQUIRE(token_logout(k.token) == CKR_OK);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	CHECK(kit_labelled(&k.who, "stored") == 1);
	/* The private session object is gone for good. */
	CHECK(kit_labelled(&k.who, "session") == 0);
	kit_down(&k);
}

static void session_objects_go_with_their_session(void)
{
	struct kit k;
	struct access other;
	CK_OBJECT_HANDLE mine, theirs;
	CK_ULONG n;

	kit_up(&k);
	REQUIRE(token_session_opened(k.token, true) == CKR_OK);
	other = k.who;
	other.session = 8;
	REQUIRE(kit_data(&k.who, false, false, "mine", &mine) == CKR_OK);
	REQUIRE(kit_data(&other, false, false, "theirs", &theirs) == CKR_OK);
	/* While they live, all sessions of the application see them. */
	CHECK(kit_labelled(&k.who, "theirs") == 1 && objects_size(&k.who, theirs, &n) == CKR_OK);
	token_session_closed(k.token, 8, true);
	CHECK(kit_labelled(&k.who, "theirs") == 0 && objects_size(&k.who, theirs, &n) == CKR_OBJECT_HANDLE_INVALID);
	CHECK(kit_labelled(&k.who, "mine") == 1);
	kit_down(&k);
}

static void a_handle_is_never_used_again(void)
{
	struct kit k;
	CK_OBJECT_HANDLE a, b;
	CK_ULONG n;

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	for (int token = 0; token < 2; token++) {
		REQUIRE(kit_data(&k.who, token == 1, false, "x", &a) == CKR_OK);
		REQUIRE(objects_destroy(&k.who, a) == CKR_OK);
		CHECK(objects_destroy(&k.who, a) == CKR_OBJECT_HANDLE_INVALID);
		REQUIRE(kit_data(&k.who, token == 1, false, "x", &b) == CKR_OK);
		CHECK(a != b && objects_size(&k.who, a, &n) == CKR_OBJECT_HANDLE_INVALID);
	}
	CHECK(objects_size(&k.who, 0, &n) == CKR_OBJECT_HANDLE_INVALID);
	CHECK(objects_size(&k.who, CK_UNAVAILABLE_INFORMATION, &n) == CKR_OBJECT_HANDLE_INVALID);
	kit_down(&k);
}

static CK_RV destroy_made(const struct kit *k, bool is_private, bool destroyable, bool copied)
{
	static const CK_OBJECT_CLASS class = CKO_DATA;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, (void *)&class, sizeof(class) },
			     { CKA_PRIVATE, (void *)(is_private ? &kit_yes : &kit_no), 1 },
			     { CKA_DESTROYABLE, (void *)(destroyable ? &kit_yes : &kit_no), 1 } };
	CK_OBJECT_HANDLE h;

	if (copied) {
		REQUIRE(objects_create(&k->who, (struct template){ t, 2 }, &h) == CKR_OK);
		REQUIRE(objects_copy(&k->who, h, (struct template){ &t[2], 1 }, &h) == CKR_OK);
	} else {
		REQUIRE(objects_create(&k->who, (struct template){ t, 3 }, &h) == CKR_OK);
	}
	/* What is written anew is as destroyable as before. */
	REQUIRE(kit_set(&k->who, h, CKA_LABEL, "y", 1) == CKR_OK);
	return objects_destroy(&k->who, h);
}

static void a_session_object_is_destroyed_where_it_may_be(void)
{
	struct kit k;
	CK_OBJECT_HANDLE h;

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	for (int i = 0; i < 4; i++) {
		CHECK(destroy_made(&k, i % 2 == 0, true, i / 2 == 0) == CKR_OK);
		CHECK(destroy_made(&k, i % 2 == 0, false, i / 2 == 0) == CKR_ACTION_PROHIBITED);
	}
	REQUIRE(kit_data(&k.who, false, true, "private", &h) == CKR_OK);
	REQUIRE(token_logout(k.token) == CKR_OK);
	CHECK(objects_destroy(&k.who, h) == CKR_OBJECT_HANDLE_INVALID);
	kit_down(&k);
}

/* An operation is told of one block that was forgotten by the next: the nest that it lay in is never free again. */
static void no_block_is_left_where_keys_are_made(void)
{
	static const uint8_t p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
	static const CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	static const CK_KEY_TYPE aes = CKK_AES;
	CK_ATTRIBUTE curve = { CKA_EC_PARAMS, (void *)p256, sizeof(p256) };
	CK_ATTRIBUTE secret[] = { { CKA_CLASS, (void *)&class, sizeof(class) },
				  { CKA_KEY_TYPE, (void *)&aes, sizeof(aes) },
				  { CKA_VALUE, "0123456789abcdef", 16 } };
	struct template none = { NULL, 0 };
	union mech_params params = { 0 };
	CK_OBJECT_HANDLE pub, priv;
	struct kit k;

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	for (int i = 0; i < 3; i++) {
		CHECK(keys_generate_pair(&k.who, mech_find(CKM_EC_KEY_PAIR_GEN), &params, (struct template){ &curve, 1 }, none, &pub,
					 &priv) == CKR_OK);
		CHECK(objects_create(&k.who, (struct template){ secret, 3 }, &priv) == CKR_OK);
		/* One that is refused half way. */
		CHECK(objects_create(&k.who, (struct template){ secret, 2 }, &priv) != CKR_OK);
		CHECK(heap_blocks() == 0);
	}
	kit_down(&k);
}

#define UUID_TEXT 36

static void read_id(const struct kit *k, CK_OBJECT_HANDLE h, char out[UUID_TEXT + 1])
{
	CK_ATTRIBUTE a = { CKA_UNIQUE_ID, out, UUID_TEXT };

	REQUIRE(objects_get(&k->who, h, &a, 1) == CKR_OK && a.ulValueLen == UUID_TEXT);
	out[UUID_TEXT] = '\0';
}

/* More of them than random numbers are drawn for at a time; a copy has one of its own, and whatever else changes it stays. */
static void an_id_is_one_objects_alone_and_stays(void)
{
	enum { OBJECTS = 40 };
	static char id[OBJECTS + 1][UUID_TEXT + 1];
	CK_OBJECT_HANDLE h[OBJECTS + 1];
	struct template none = { NULL, 0 };
	char again[UUID_TEXT + 1];
	struct kit k;

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	for (size_t i = 0; i < OBJECTS; i++)
		REQUIRE(kit_data(&k.who, i % 8 == 0, i % 3 == 0, "x", &h[i]) == CKR_OK);
	REQUIRE(objects_copy(&k.who, h[0], none, &h[OBJECTS]) == CKR_OK);
	for (size_t i = 0; i <= OBJECTS; i++) {
		read_id(&k, h[i], id[i]);
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(id[i], id[j]) != 0);
	}
	for (size_t i = 0; i <= OBJECTS; i++) {
		REQUIRE(kit_set(&k.who, h[i], CKA_LABEL, "y", 1) == CKR_OK);
		read_id(&k, h[i], again);
		CHECK(strcmp(id[i], again) == 0);
	}
	kit_down(&k);
}

static void profiles_are_there_and_stay_as_they_are(void)
{
	static const CK_OBJECT_CLASS profile = CKO_PROFILE;
	struct kit k;
	CK_OBJECT_HANDLE h[8];
	CK_ULONG n;

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	n = kit_find(&k.who, CKA_CLASS, &profile, sizeof(profile), h, 8);
	CHECK(n >= 1 && n <= 8);
	for (CK_ULONG i = 0; i < n && i < 8; i++) {
		CHECK(objects_destroy(&k.who, h[i]) == CKR_ACTION_PROHIBITED);
		CHECK(kit_set(&k.who, h[i], CKA_LABEL, "x", 1) == CKR_ACTION_PROHIBITED);
	}
	kit_down(&k);
}

static void a_copy_may_move_between_session_and_wallet(void)
{
	struct kit k;
	CK_OBJECT_HANDLE h, copy;
	CK_ATTRIBUTE to_token = { CKA_TOKEN, (void *)&kit_yes, 1 };

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	REQUIRE(kit_data(&k.who, false, true, "x", &h) == CKR_OK);
	REQUIRE(objects_copy(&k.who, h, (struct template){ &to_token, 1 }, &copy) == CKR_OK);
	token_session_closed(k.token, k.session, true);
	REQUIRE(token_session_opened(k.token, true) == CKR_OK);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	CHECK(kit_labelled(&k.who, "x") == 1);
	kit_down(&k);
}

/* ---- searches ---- */

#define MANY 150 /* more than two pages of the index */

static void every_object_is_found_once(void)
{
	struct kit k;
	CK_OBJECT_HANDLE h[MANY], found[MANY + 10];
	CK_ULONG n;
	char label[16];

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(label, sizeof(label), "%d", i % 3);
		REQUIRE(kit_data(&k.who, i % 5 != 0, i % 2 == 0, label, &h[i]) == CKR_OK);
	}
	CHECK(kit_labelled(&k.who, "0") == MANY / 3 && kit_labelled(&k.who, "1") == MANY / 3);
	CHECK(kit_labelled(&k.who, "3") == 0);
	n = kit_find(&k.who, 0, NULL, 0, found, MANY + 10);
	CHECK(n >= MANY);
	for (int i = 0; i < MANY; i++) {
		int times = 0;

		for (CK_ULONG j = 0; j < n; j++)
			times += found[j] == h[i];
		CHECK(times == 1);
	}
	kit_down(&k);
}

/* Many are looked at together, in pieces of any number: small ones, such as take a piece of their own, and others between them. */
static void a_search_may_ask_for_any_number_at_once(void)
{
	static char large[3000], small[] = "small";
	struct kit k;
	struct object_search *s;
	CK_OBJECT_HANDLE h, got[64];
	CK_ATTRIBUTE wanted = { CKA_APPLICATION, "here", 4 };
	static const CK_OBJECT_CLASS class = CKO_DATA;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, (void *)&class, sizeof(class) }, wanted, { CKA_VALUE, NULL, 0 }, { CKA_PRIVATE, NULL, 1 },
			     { CKA_TOKEN, NULL, 1 } };
	CK_ULONG sum, n;

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	for (int i = 0; i < 40; i++) {
		t[1].ulValueLen = i % 4 == 3 ? 3 : 4; /* every fourth is another's */
		t[2].pValue = i % 3 == 0 ? large : small;
		t[2].ulValueLen = i % 3 == 0 ? sizeof(large) : sizeof(small);
		t[3].pValue = (void *)(i % 2 == 0 ? &kit_yes : &kit_no);
		t[4].pValue = (void *)(i % 5 == 0 ? &kit_yes : &kit_no);
		REQUIRE(objects_create(&k.who, (struct template){ t, 5 }, &h) == CKR_OK);
	}
	for (CK_ULONG piece = 1; piece < 64; piece += 6) {
		REQUIRE(objects_search(&k.who, (struct template){ &wanted, 1 }, &s) == CKR_OK);
		for (sum = 0; sum < 30; sum += n) {
			REQUIRE(objects_search_next(&k.who, s, got, piece, &n) == CKR_OK);
			REQUIRE(n == (piece < 30 - sum ? piece : 30 - sum));
		}
		CHECK(objects_search_next(&k.who, s, got, piece, &n) == CKR_OK && n == 0);
		object_search_free(s);
	}
	kit_down(&k);
}

/* Their table grows and shrinks with them. */
static void any_number_of_session_objects(void)
{
	enum { OBJECTS = 3000 };
	static CK_OBJECT_HANDLE h[OBJECTS];
	struct kit k;
	CK_ULONG size;

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	for (size_t i = 0; i < OBJECTS; i++)
		REQUIRE(kit_data(&k.who, false, i % 16 == 0, i % 2 == 0 ? "even" : "odd", &h[i]) == CKR_OK);
	for (size_t i = 0; i < OBJECTS; i++)
		CHECK(objects_size(&k.who, h[i], &size) == CKR_OK);
	CHECK(kit_labelled(&k.who, "even") == OBJECTS / 2 && kit_labelled(&k.who, "odd") == OBJECTS / 2);
	for (size_t i = 0; i < OBJECTS; i++)
		if (i % 100 != 0)
			REQUIRE(objects_destroy(&k.who, h[i]) == CKR_OK);
	for (size_t i = 0; i < OBJECTS; i++)
		CHECK(objects_size(&k.who, h[i], &size) == (i % 100 == 0 ? CKR_OK : CKR_OBJECT_HANDLE_INVALID));
	CHECK(kit_labelled(&k.who, "even") == OBJECTS / 100 && kit_labelled(&k.who, "odd") == 0);
	token_session_closed(k.token, k.session, true);
	for (size_t i = 0; i < OBJECTS; i++)
		CHECK(objects_size(&k.who, h[i], &size) == CKR_OBJECT_HANDLE_INVALID);
	REQUIRE(token_session_opened(k.token, true) == CKR_OK);
	CHECK(kit_data(&k.who, false, false, "again", &h[0]) == CKR_OK && kit_labelled(&k.who, "again") == 1);
	kit_down(&k);
}

/* What cannot be opened is told, once, and hides nothing. */
static void an_object_that_cannot_be_opened_hides_no_other(void)
{
	struct kit k;
	struct object_search *s;
	CK_OBJECT_HANDLE h[6], got[64];
	CK_ATTRIBUTE wanted = { CKA_LABEL, "x", 1 };
	CK_ULONG n, sum = 0, errors = 0;
	CK_RV rv;

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	for (int i = 0; i < 6; i++)
		REQUIRE(kit_data(&k.who, true, true, "x", &h[i]) == CKR_OK);
	kit_edit(&k, "UPDATE object SET body = (SELECT body FROM object WHERE number = 1) WHERE number = 3");
	for (CK_ULONG piece = 1; piece < 64; piece += 20, sum = errors = 0) {
		REQUIRE(objects_search(&k.who, (struct template){ &wanted, 1 }, &s) == CKR_OK);
		do {
			rv = objects_search_next(&k.who, s, got, piece, &n);
			errors += rv == CKR_DEVICE_ERROR ? 1 : 0;
			sum += n;
		} while (rv != CKR_OK || n != 0);
		CHECK(sum == 5 && errors == 1);
		object_search_free(s);
	}
	kit_down(&k);
}

static void what_goes_during_a_search_is_left_out_and_nothing_else(void)
{
	struct kit k;
	CK_OBJECT_HANDLE h[MANY], page[10];
	CK_ATTRIBUTE t = { CKA_LABEL, (void *)"x", 1 };
	struct object_search *s;
	CK_ULONG found, total = 0;

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	for (int i = 0; i < MANY; i++)
		REQUIRE(kit_data(&k.who, true, true, "x", &h[i]) == CKR_OK);
	REQUIRE(objects_search(&k.who, (struct template){ &t, 1 }, &s) == CKR_OK);
	REQUIRE(objects_search_next(&k.who, s, page, 10, &found) == CKR_OK);
	total = found;
	for (int i = 100; i < 120; i++)
		REQUIRE(objects_destroy(&k.who, h[i]) == CKR_OK);
	do {
		REQUIRE(objects_search_next(&k.who, s, page, 10, &found) == CKR_OK);
		total += found;
	} while (found > 0);
	CHECK(total == MANY - 20);
	object_search_free(s);
	kit_down(&k);
}

static void a_logout_during_a_search_ends_with_what_is_public(void)
{
	struct kit k;
	CK_OBJECT_HANDLE h, page[MANY];
	struct object_search *s;
	CK_ULONG found;

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	for (int i = 0; i < MANY; i++)
		REQUIRE(kit_data(&k.who, true, i != MANY - 1, "x", &h) == CKR_OK);
	REQUIRE(objects_search(&k.who, (struct template){ NULL, 0 }, &s) == CKR_OK);
	REQUIRE(objects_search_next(&k.who, s, page, 10, &found) == CKR_OK);
	REQUIRE(token_logout(k.token) == CKR_OK);
	REQUIRE(objects_search_next(&k.who, s, page, MANY, &found) == CKR_OK);
	CHECK(found == 1 && page[0] == h);
	object_search_free(s);
	kit_down(&k);
}

static void terms_are_compared_after_the_index(void)
{
	struct kit k;
	CK_OBJECT_HANDLE right, wrong;
	CK_ULONG n;

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	REQUIRE(kit_data(&k.who, true, true, "right", &right) == CKR_OK);
	REQUIRE(kit_data(&k.who, true, true, "wrong", &wrong) == CKR_OK);
	/* All terms of the one lead to the other, too. */
	kit_edit(&k, "INSERT OR IGNORE INTO term SELECT term, 1 FROM term WHERE object = 2;"
		     "INSERT OR IGNORE INTO term SELECT term, 2 FROM term WHERE object = 1");
	n = kit_labelled(&k.who, "right");
	CHECK(n == 1);
	CHECK(kit_find(&k.who, CKA_LABEL, "right", 5, &wrong, 1) == 1 && wrong == right);
	/* To an object that is not there. */
	kit_edit(&k, "INSERT OR IGNORE INTO term SELECT term, 99 FROM term WHERE object = 1");
	CHECK(kit_labelled(&k.who, "right") == 1);
	kit_down(&k);
}

static void a_row_in_anothers_place_is_an_error_and_no_object(void)
{
	struct kit k;
	CK_OBJECT_HANDLE a, b;
	CK_ATTRIBUTE label = { CKA_LABEL, NULL, 0 };

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	REQUIRE(kit_data(&k.who, true, true, "a", &a) == CKR_OK);
	REQUIRE(kit_data(&k.who, true, true, "b", &b) == CKR_OK);
	kit_edit(&k, "UPDATE object SET body = (SELECT body FROM object WHERE number = 1) WHERE number = 2");
	CHECK(objects_get(&k.who, a, &label, 1) == CKR_OK);
	CHECK(objects_get(&k.who, b, &label, 1) == CKR_DEVICE_ERROR);
	CHECK(kit_set(&k.who, b, CKA_LABEL, "x", 1) == CKR_DEVICE_ERROR);
	kit_down(&k);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "who may make what", who_may_make_what },
		{ "what is private is not there after a logout", what_is_private_is_not_there_after_a_logout },
		{ "session objects go with their session", session_objects_go_with_their_session },
		{ "a handle is never used again", a_handle_is_never_used_again },
		{ "a session object is destroyed where it may be", a_session_object_is_destroyed_where_it_may_be },
		{ "no block is left where keys are made", no_block_is_left_where_keys_are_made },
		{ "an ID is one object's alone, and stays", an_id_is_one_objects_alone_and_stays },
		{ "profiles are there and stay as they are", profiles_are_there_and_stay_as_they_are },
		{ "a copy may move from the session to the wallet", a_copy_may_move_between_session_and_wallet },
		{ "every object is found once", every_object_is_found_once },
		{ "a search may ask for any number at once", a_search_may_ask_for_any_number_at_once },
		{ "any number of session objects", any_number_of_session_objects },
		{ "an object that cannot be opened hides no other", an_object_that_cannot_be_opened_hides_no_other },
		{ "what goes during a search is left out, and nothing else", what_goes_during_a_search_is_left_out_and_nothing_else },
		{ "a logout during a search leaves what is public", a_logout_during_a_search_ends_with_what_is_public },
		{ "an edited index leads to no other object", terms_are_compared_after_the_index },
		{ "a row in another's place is an error and no object", a_row_in_anothers_place_is_an_error_and_no_object },
		{ NULL, NULL },
	};

	return kit_main("token/objects, token/search", tests);
}
