/* SPDX-License-Identifier: Apache-2.0 */
/* Slots: wallets in a directory, the one that is always empty, what appears, goes and is damaged. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "token_kit.h"

static CK_ULONG list(const struct kit *k, CK_SLOT_ID id[8])
{
	CK_ULONG n = 8;

	REQUIRE(slots_refresh(k->slots) == CKR_OK);
	REQUIRE(slots_list(k->slots, true, id, &n) == CKR_OK);
	return n;
}

static CK_FLAGS flags_of(const struct kit *k, CK_SLOT_ID id)
{
	struct token *t;
	CK_TOKEN_INFO info = { 0 };

	REQUIRE(slots_token(k->slots, id, &t) == CKR_OK);
	CHECK(token_get_info(t, &info) == CKR_OK);
	token_unref(t);
	return info.flags;
}

static void one_slot_is_always_empty(void)
{
	struct kit k;
	CK_SLOT_ID id[8];
	char dir[300];

	(void)snprintf(dir, sizeof(dir), "%s/not-there", unit_dir());
	kit_slots(&k, dir, "");
	CHECK(list(&k, id) == 1);
	CHECK((flags_of(&k, id[0]) & CKF_TOKEN_INITIALIZED) == 0);
	kit_down(&k);
}

static void a_slot_keeps_its_id_for_ever(void)
{
	struct kit k, again;
	CK_SLOT_ID before[8], after[8], later[8];
	CK_UTF8CHAR label[32];

	kit_slots(&k, unit_dir(), "");
	REQUIRE(list(&k, before) == 1);
	kit_label("one", label);
	REQUIRE(token_init(k.slots, before[0], span_str(KIT_SO), label) == CKR_OK);
	REQUIRE(list(&k, after) == 2);
	CHECK(after[0] == before[0] && after[1] != before[0]);
	CHECK((flags_of(&k, after[0]) & CKF_TOKEN_INITIALIZED) != 0 && (flags_of(&k, after[1]) & CKF_TOKEN_INITIALIZED) == 0);
	kit_slots(&again, k.dir, "");
	REQUIRE(list(&again, later) == 2);
	CHECK(later[0] == before[0]);
	kit_down(&again);
	kit_down(&k);
}

static void a_list_that_is_too_short_says_how_long(void)
{
	struct kit k;
	CK_SLOT_ID id = 99;
	CK_ULONG n = 0;
	struct token *t;

	kit_up(&k);
	CHECK(slots_list(k.slots, true, NULL, &n) == CKR_OK && n == 2);
	n = 1;
	CHECK(slots_list(k.slots, true, &id, &n) == CKR_BUFFER_TOO_SMALL && n == 2 && id == 99);
	CHECK(slots_token(k.slots, 0, &t) == CKR_SLOT_ID_INVALID);
	CHECK(slots_token(k.slots, CK_UNAVAILABLE_INFORMATION, &t) == CKR_SLOT_ID_INVALID);
	kit_down(&k);
}

static void a_wallet_of_another_process_appears_and_goes(void)
{
	struct kit k, other;
	CK_SLOT_ID id[8], event;
	CK_UTF8CHAR label[32];
	char path[400];
	struct token *t;

	kit_slots(&k, unit_dir(), "");
	CHECK(slots_event(k.slots, &event) == CKR_NO_EVENT);
	kit_slots(&other, k.dir, "");
	REQUIRE(list(&other, id) == 1);
	kit_label("new", label);
	REQUIRE(token_init(other.slots, id[0], span_str(KIT_SO), label) == CKR_OK);
	CHECK(slots_event(k.slots, &event) == CKR_OK && event == id[0]);
	CHECK(slots_event(k.slots, &event) == CKR_NO_EVENT);
	REQUIRE(list(&k, id) == 2);
	REQUIRE(slots_token(k.slots, id[0], &t) == CKR_OK);
	(void)snprintf(path, sizeof(path), "%s", token_path(t));
	/* With a session it stays, whatever happens to the file. */
	REQUIRE(token_session_opened(t, true) == CKR_OK);
	REQUIRE(unlink(path) == 0);
	CHECK(list(&k, id) == 2);
	token_session_closed(t, 1, true);
	CHECK(list(&k, id) == 1);
	CHECK(slots_event(k.slots, &event) == CKR_OK);
	token_unref(t);
	kit_down(&other);
	kit_down(&k);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[400];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	REQUIRE(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, 0600) == 0);
}

static void a_damaged_wallet_has_its_slot_and_is_not_recognised(void)
{
	struct kit k;
	CK_SLOT_ID id[8], again[8];
	CK_TOKEN_INFO info;
	CK_UTF8CHAR label[32];
	struct token *t;
	char path[400];

	kit_slots(&k, unit_dir(), "");
	write_file(k.dir, "damaged.coffer", "this is no database, and it is long enough to be looked at");
	REQUIRE(list(&k, id) == 2);
	REQUIRE(slots_token(k.slots, id[0], &t) == CKR_OK);
	CHECK(token_get_info(t, &info) == CKR_TOKEN_NOT_RECOGNIZED);
	CHECK(token_session_opened(t, true) == CKR_TOKEN_NOT_RECOGNIZED);
	CHECK(token_wallet(t) == NULL && token_path(t) != NULL);
	kit_label("x", label);
	CHECK(token_init(k.slots, id[0], span_str(KIT_SO), label) == CKR_TOKEN_NOT_RECOGNIZED); /* nothing is overwritten */
	token_unref(t);
	REQUIRE(list(&k, again) == 2);
	CHECK(again[0] == id[0]);
	(void)snprintf(path, sizeof(path), "%s/damaged.coffer", k.dir);
	REQUIRE(unlink(path) == 0);
	kit_down(&k);
}

static void a_wallet_that_was_mended_is_recognised(void)
{
	struct kit k, whole;
	CK_SLOT_ID id[8];
	char command[900];

	kit_up(&whole);
	kit_slots(&k, unit_dir(), "");
	write_file(k.dir, "w.coffer", "this is no database, and it is long enough to be looked at");
	REQUIRE(list(&k, id) == 2);
	(void)snprintf(command, sizeof(command), "cp '%s' '%s/new' && mv '%s/new' '%s/w.coffer'", token_path(whole.token), k.dir, k.dir, k.dir);
	REQUIRE(system(command) == 0);
	REQUIRE(list(&k, id) == 2);
	CHECK((flags_of(&k, id[0]) & CKF_TOKEN_INITIALIZED) != 0 && id[0] == whole.slot);
	kit_down(&k);
	kit_down(&whole);
}

static void files_that_are_no_wallets_are_not_slots(void)
{
	struct kit k;
	CK_SLOT_ID id[8];

	kit_slots(&k, unit_dir(), "");
	write_file(k.dir, "notes.txt", "x");
	write_file(k.dir, ".coffer", "x");
	CHECK(list(&k, id) <= 2);
	write_file(k.dir, "coffer", "x");
	CHECK(list(&k, id) <= 2);
	kit_down(&k);
}

static void a_directory_that_others_may_read_is_refused(void)
{
	struct kit k;

	kit_slots(&k, unit_dir(), "");
	REQUIRE(chmod(k.dir, 0755) == 0);
	CHECK(slots_refresh(k.slots) == CKR_FUNCTION_FAILED);
	CHECK(strstr(error_text(), k.dir) != NULL);
	REQUIRE(chmod(k.dir, 0700) == 0);
	CHECK(slots_refresh(k.slots) == CKR_OK);
	kit_down(&k);
}

static void a_token_is_made_anew_by_its_so_alone(void)
{
	struct kit k;
	CK_OBJECT_HANDLE h;
	CK_UTF8CHAR label[32];
	CK_TOKEN_INFO info;

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	REQUIRE(kit_data(&k.who, true, true, "object", &h) == CKR_OK);
	kit_label("renamed", label);
	CHECK(token_init(k.slots, k.slot, span_str(KIT_SO), label) == CKR_SESSION_EXISTS);
	token_session_closed(k.token, k.session, true);
	CHECK(token_init(k.slots, k.slot, span_str("wrong-pin"), label) == CKR_PIN_INCORRECT);
	CHECK(token_init(k.slots, k.slot, span_str(KIT_USER), label) == CKR_PIN_INCORRECT);
	CHECK(token_init(k.slots, k.slot, span_str(KIT_SO), label) == CKR_OK);
	CHECK(token_get_info(k.token, &info) == CKR_OK && memcmp(info.label, label, 32) == 0);
	CHECK((info.flags & CKF_TOKEN_INITIALIZED) != 0 && (info.flags & CKF_USER_PIN_INITIALIZED) == 0);
	REQUIRE(token_session_opened(k.token, true) == CKR_OK);
	CHECK(kit_login(&k, CKU_USER, KIT_USER) == CKR_USER_PIN_NOT_INITIALIZED);
	CHECK(kit_login(&k, CKU_SO, KIT_SO) == CKR_OK);
	CHECK(kit_labelled(&k.who, "object") == 0);
	kit_down(&k);
}

static void pins_of_a_new_token_have_a_length(void)
{
	struct kit k;
	CK_UTF8CHAR label[32];
	char longest[1026];
	CK_SLOT_ID id[8];

	kit_slots(&k, unit_dir(), "");
	REQUIRE(list(&k, id) == 1);
	kit_label("x", label);
	memset(longest, 'x', sizeof(longest));
	CHECK(token_init(k.slots, id[0], span_str("123"), label) == CKR_PIN_LEN_RANGE);
	CHECK(token_init(k.slots, id[0], span(longest, 1025), label) == CKR_PIN_LEN_RANGE);
	CHECK(list(&k, id) == 1);
	CHECK(token_init(k.slots, id[0], span(longest, 1024), label) == CKR_OK);
	kit_down(&k);
}

static void what_is_shown_is_padded_and_the_serial_number_is_hexadecimal(void)
{
	struct kit k;
	CK_TOKEN_INFO info;
	CK_SLOT_INFO slot;

	kit_up(&k);
	REQUIRE(token_get_info(k.token, &info) == CKR_OK && token_slot_info(k.token, &slot) == CKR_OK);
	CHECK(memcmp(info.label, "token                           ", 32) == 0);
	CHECK(memcmp(info.manufacturerID, "coffer                          ", 32) == 0);
	for (size_t i = 0; i < sizeof(info.serialNumber); i++)
		CHECK(strchr("0123456789abcdef", info.serialNumber[i]) != NULL && info.serialNumber[i] != '\0');
	CHECK(memchr(slot.slotDescription, '\0', sizeof(slot.slotDescription)) == NULL);
	CHECK(slot.flags == CKF_TOKEN_PRESENT);
	CHECK(info.ulSessionCount == 1 && info.ulRwSessionCount == 1 && info.ulMinPinLen == 4);
	CHECK((info.flags & (CKF_RNG | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED)) ==
	      (CKF_RNG | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED));
	CHECK((info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) == 0);
	kit_down(&k);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "one slot is always empty, even without a directory", one_slot_is_always_empty },
		{ "a slot keeps its ID for ever", a_slot_keeps_its_id_for_ever },
		{ "a list that is too short says how long it must be", a_list_that_is_too_short_says_how_long },
		{ "a wallet of another process appears and goes", a_wallet_of_another_process_appears_and_goes },
		{ "a damaged wallet has its slot and is not recognised", a_damaged_wallet_has_its_slot_and_is_not_recognised },
		{ "a wallet that was mended is recognised, in its own slot", a_wallet_that_was_mended_is_recognised },
		{ "files that are no wallets are not slots", files_that_are_no_wallets_are_not_slots },
		{ "a directory that others may read is refused", a_directory_that_others_may_read_is_refused },
		{ "a token is made anew by its SO alone, and is empty then", a_token_is_made_anew_by_its_so_alone },
		{ "PINs of a new token have a length", pins_of_a_new_token_have_a_length },
		{ "what is shown is padded with blanks", what_is_shown_is_padded_and_the_serial_number_is_hexadecimal },
		{ NULL, NULL },
	};

	return kit_main("token/slot", tests);
}
