/* SPDX-License-Identifier: Apache-2.0 */
/* Logins, PINs and their counts, the epoch, the idle lock. */
#include "token_kit.h"

static void states_follow_each_other_as_the_specification_has_it(void)
{
	struct kit k;

	kit_up(&k);
	CHECK(token_login_state(k.token) == TOKEN_PUBLIC && token_logout(k.token) == CKR_USER_NOT_LOGGED_IN);
	CHECK(kit_login(&k, CKU_CONTEXT_SPECIFIC, KIT_USER) == CKR_USER_TYPE_INVALID);
	CHECK(kit_login(&k, 77, KIT_USER) == CKR_USER_TYPE_INVALID);
	CHECK(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK && token_login_state(k.token) == TOKEN_USER);
	CHECK(kit_login(&k, CKU_USER, KIT_USER) == CKR_USER_ALREADY_LOGGED_IN);
	CHECK(kit_login(&k, CKU_SO, KIT_SO) == CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	CHECK(token_logout(k.token) == CKR_OK && token_login_state(k.token) == TOKEN_PUBLIC);
	CHECK(kit_login(&k, CKU_SO, KIT_SO) == CKR_OK && token_login_state(k.token) == TOKEN_SO);
	CHECK(kit_login(&k, CKU_USER, KIT_USER) == CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	kit_down(&k);
}

static void the_so_and_read_only_sessions_exclude_each_other(void)
{
	struct kit k;

	kit_up(&k);
	REQUIRE(token_session_opened(k.token, false) == CKR_OK);
	CHECK(kit_login(&k, CKU_SO, KIT_SO) == CKR_SESSION_READ_ONLY_EXISTS);
	token_session_closed(k.token, 8, false);
	CHECK(kit_login(&k, CKU_SO, KIT_SO) == CKR_OK);
	CHECK(token_session_opened(k.token, false) == CKR_SESSION_READ_WRITE_SO_EXISTS);
	kit_down(&k);
}

static void the_last_session_logs_out(void)
{
	struct kit k;

	kit_up(&k);
	REQUIRE(token_session_opened(k.token, false) == CKR_OK);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	token_session_closed(k.token, 8, false);
	CHECK(token_login_state(k.token) == TOKEN_USER);
	token_session_closed(k.token, k.session, true);
	CHECK(token_login_state(k.token) == TOKEN_PUBLIC);
	REQUIRE(token_session_opened(k.token, true) == CKR_OK);
	kit_down(&k);
}

static void the_epoch_grows_at_each_logout_only(void)
{
	struct kit k;
	uint64_t epoch;

	kit_up(&k);
	epoch = token_login_epoch(k.token);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	CHECK(token_login_epoch(k.token) == epoch);
	REQUIRE(token_logout(k.token) == CKR_OK);
	CHECK(token_login_epoch(k.token) > epoch);
	epoch = token_login_epoch(k.token);
	CHECK(kit_login(&k, CKU_USER, "wrong") == CKR_PIN_INCORRECT);
	CHECK(token_login_epoch(k.token) == epoch);
	kit_down(&k);
}

static void the_wallet_key_is_there_while_somebody_is_logged_in(void)
{
	struct kit k;
	struct secret *key = NULL;
	struct vault_info before, after;

	kit_up(&k);
	CHECK(token_wallet_key(k.token, &key) == CKR_USER_NOT_LOGGED_IN && key == NULL);
	vault_get_info(&before);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	CHECK(token_wallet_key(k.token, &key) == CKR_OK && key != NULL);
	secret_unref(key);
	REQUIRE(token_logout(k.token) == CKR_OK);
	CHECK(token_wallet_key(k.token, &key) == CKR_USER_NOT_LOGGED_IN);
	vault_get_info(&after);
	CHECK(after.secret_count == before.secret_count);
	kit_down(&k);
}

static CK_FLAGS flags(const struct kit *k)
{
	CK_TOKEN_INFO info = { 0 };

	CHECK(token_get_info(k->token, &info) == CKR_OK);
	return info.flags;
}

static void failures_are_counted_shown_and_forgiven(void)
{
	struct kit k;

	kit_up_with(&k, "pin-failures-limit = 3\n");
	CHECK((flags(&k) & (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)) == 0);
	CHECK(kit_login(&k, CKU_USER, "wrong") == CKR_PIN_INCORRECT);
	CHECK((flags(&k) & CKF_USER_PIN_COUNT_LOW) != 0 && (flags(&k) & CKF_USER_PIN_FINAL_TRY) == 0);
	CHECK(kit_login(&k, CKU_USER, "wrong") == CKR_PIN_INCORRECT);
	CHECK((flags(&k) & CKF_USER_PIN_FINAL_TRY) != 0);
	CHECK(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	CHECK((flags(&k) & (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_SO_PIN_COUNT_LOW)) == 0);
	kit_down(&k);
}

static void a_locked_pin_stays_locked_until_the_so_sets_another(void)
{
	struct kit k, later;

	kit_up_with(&k, "pin-failures-limit = 2\n");
	CHECK(kit_login(&k, CKU_USER, "wrong") == CKR_PIN_INCORRECT);
	CHECK(kit_login(&k, CKU_USER, "wrong") == CKR_PIN_INCORRECT);
	CHECK(kit_login(&k, CKU_USER, KIT_USER) == CKR_PIN_LOCKED);
	CHECK((flags(&k) & CKF_USER_PIN_LOCKED) != 0);
	kit_slots(&later, k.dir, "pin-failures-limit = 2\n"); /* it is kept in the file */
	kit_attach(&later);
	CHECK(kit_login(&later, CKU_USER, KIT_USER) == CKR_PIN_LOCKED);
	CHECK(kit_login(&later, CKU_SO, KIT_SO) == CKR_OK);
	CHECK(token_init_pin(later.token, span_str("new-pin")) == CKR_OK);
	kit_down(&later);
	CHECK(kit_login(&k, CKU_USER, "new-pin") == CKR_OK);
	kit_down(&k);
}

static void without_a_limit_a_pin_is_never_locked(void)
{
	struct kit k;

	kit_up(&k);
	for (int i = 0; i < 12; i++)
		CHECK(kit_login(&k, CKU_USER, "wrong") == CKR_PIN_INCORRECT);
	CHECK(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	kit_down(&k);
}

static void pins_are_changed_by_who_knows_them(void)
{
	struct kit k;

	kit_up(&k);
	CHECK(token_init_pin(k.token, span_str("another")) == CKR_USER_NOT_LOGGED_IN);
	CHECK(token_set_pin(k.token, span_str("wrong"), span_str("another")) == CKR_PIN_INCORRECT);
	CHECK(token_set_pin(k.token, span_str(KIT_USER), span_str("123")) == CKR_PIN_LEN_RANGE);
	CHECK(token_set_pin(k.token, span_str(KIT_USER), span_str("another")) == CKR_OK); /* the user's, when nobody is logged in */
	CHECK(kit_login(&k, CKU_USER, KIT_USER) == CKR_PIN_INCORRECT);
	CHECK(kit_login(&k, CKU_USER, "another") == CKR_OK);
	CHECK(token_init_pin(k.token, span_str("another")) == CKR_USER_NOT_LOGGED_IN); /* by the SO alone */
	REQUIRE(token_logout(k.token) == CKR_OK);
	REQUIRE(kit_login(&k, CKU_SO, KIT_SO) == CKR_OK);
	CHECK(token_set_pin(k.token, span_str("another"), span_str("12345678")) == CKR_PIN_INCORRECT);
	CHECK(token_set_pin(k.token, span_str(KIT_SO), span_str("12345678")) == CKR_OK); /* his own */
	REQUIRE(token_logout(k.token) == CKR_OK);
	CHECK(kit_login(&k, CKU_SO, "12345678") == CKR_OK);
	kit_down(&k);
}

static void a_context_login_checks_the_pin_and_changes_nothing(void)
{
	struct kit k;
	uint64_t epoch;

	kit_up(&k);
	CHECK(token_context_login(k.token, SPAN_EMPTY, span_str(KIT_USER)) == CKR_USER_NOT_LOGGED_IN);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	epoch = token_login_epoch(k.token);
	CHECK(token_context_login(k.token, SPAN_EMPTY, span_str(KIT_SO)) == CKR_PIN_INCORRECT);
	CHECK(token_context_login(k.token, SPAN_EMPTY, span_str(KIT_USER)) == CKR_OK);
	CHECK(token_login_epoch(k.token) == epoch && token_login_state(k.token) == TOKEN_USER);
	kit_down(&k);
}

static void a_null_pin_without_a_configured_path_is_an_error(void)
{
	struct kit k;

	kit_up(&k);
	CHECK(token_do_login(k.token, CKU_USER, SPAN_EMPTY, SPAN_EMPTY) == CKR_ARGUMENTS_BAD);
	kit_down(&k);
}

/* ---- the idle lock, with hands that the test moves ---- */

static uint64_t now_ms = 1000;

static uint64_t clock_ms(void)
{
	return now_ms;
}

static int64_t clock_s(void)
{
	return 1700000000;
}

static void a_wallet_that_nobody_uses_is_locked_after_its_time(void)
{
	static const struct clock_source clock = { clock_ms, clock_s };
	struct kit k;
	uint64_t left, epoch;

	clock_set_source(&clock);
	kit_up_with(&k, "idle-lock = 60\n");
	slots_lock_idle(k.slots, &left);
	CHECK(left == IDLE_NEVER);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	epoch = token_login_epoch(k.token);
	now_ms += 50000;
	slots_lock_idle(k.slots, &left); /* looking is no use */
	CHECK(left > 0 && left <= 10001 && token_login_epoch(k.token) == epoch);
	CHECK(kit_labelled(&k.who, "x") == 0); /* a use: the time begins anew */
	now_ms += 50000;
	slots_lock_idle(k.slots, &left);
	CHECK(token_login_epoch(k.token) == epoch && left <= 10001);
	now_ms += 10002;
	slots_lock_idle(k.slots, &left);
	CHECK(left == IDLE_NEVER && token_login_epoch(k.token) > epoch && token_login_state(k.token) == TOKEN_PUBLIC);
	/* And without anybody who looks, at the next call. */
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	now_ms += 60001;
	CHECK(token_login_state(k.token) == TOKEN_PUBLIC);
	kit_down(&k);
	clock_set_source(NULL);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "states follow each other as the specification has it", states_follow_each_other_as_the_specification_has_it },
		{ "the SO and read-only sessions exclude each other", the_so_and_read_only_sessions_exclude_each_other },
		{ "the last session logs out", the_last_session_logs_out },
		{ "the epoch grows at each logout, and only then", the_epoch_grows_at_each_logout_only },
		{ "the wallet key is there while somebody is logged in", the_wallet_key_is_there_while_somebody_is_logged_in },
		{ "failures are counted, shown, and forgiven by a success", failures_are_counted_shown_and_forgiven },
		{ "a locked PIN stays locked until the SO sets another", a_locked_pin_stays_locked_until_the_so_sets_another },
		{ "without a limit a PIN is never locked", without_a_limit_a_pin_is_never_locked },
		{ "PINs are changed by who knows them", pins_are_changed_by_who_knows_them },
		{ "a context login checks the PIN and changes nothing", a_context_login_checks_the_pin_and_changes_nothing },
		{ "a NULL PIN without a configured path is an error", a_null_pin_without_a_configured_path_is_an_error },
		{ "a wallet that nobody uses is locked after its time", a_wallet_that_nobody_uses_is_locked_after_its_time },
		{ NULL, NULL },
	};

	return kit_main("token/login", tests);
}
