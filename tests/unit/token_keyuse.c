/* SPDX-License-Identifier: Apache-2.0 */
/* Keys ready for use: what they may do, when they die, what another process's change does to them. */
#include "base/fault.h"
#include "token/policy.h"
#include "token/token_internal.h"
#include "token_kit.h"

static struct kit k;
static CK_OBJECT_HANDLE pub, priv;

static void up(bool token)
{
	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	REQUIRE(kit_pair(&k.who, token, &pub, &priv) == CKR_OK);
}

static void a_key_that_was_used_is_ready(void)
{
	struct key *first, *again;

	for (int token = 0; token < 2; token++) {
		up(token == 1);
		REQUIRE(key_take(&k.who, priv, &first) == CKR_OK);
		REQUIRE(key_take(&k.who, priv, &again) == CKR_OK);
		CHECK(first == again && key_is_private(first) && key_usage(first)->sign);
		key_unref(first);
		key_unref(again);
		REQUIRE(key_take(&k.who, pub, &first) == CKR_OK);
		CHECK(!key_is_private(first) && key_usage(first)->verify && !key_usage(first)->sign);
		key_unref(first);
		kit_down(&k);
	}
}

static void what_is_no_key_is_refused(void)
{
	CK_OBJECT_HANDLE data;
	struct key *key = NULL;

	up(true);
	REQUIRE(kit_data(&k.who, true, true, "x", &data) == CKR_OK);
	CHECK(key_take(&k.who, data, &key) == CKR_KEY_HANDLE_INVALID);
	CHECK(key_take(&k.who, 0, &key) == CKR_KEY_HANDLE_INVALID);
	CHECK(key_take(&k.who, 0xffff01, &key) == CKR_KEY_HANDLE_INVALID);
	kit_down(&k);
}

static void a_logout_kills_what_is_private(void)
{
	struct key *key = NULL, *public_key = NULL;

	up(true);
	REQUIRE(key_take(&k.who, priv, &key) == CKR_OK && key_take(&k.who, pub, &public_key) == CKR_OK);
	CHECK(key_alive(key, k.token) && key_alive(public_key, k.token));
	REQUIRE(token_logout(k.token) == CKR_OK);
	CHECK(!key_alive(key, k.token) && key_alive(public_key, k.token));
	key_unref(key);
	key_unref(public_key);
	CHECK(key_take(&k.who, priv, &key) == CKR_KEY_HANDLE_INVALID);
	/* Another login does not bring the old reference back. */
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	REQUIRE(key_take(&k.who, priv, &key) == CKR_OK);
	CHECK(key_alive(key, k.token));
	key_unref(key);
	kit_down(&k);
}

static void our_own_change_is_seen_at_the_next_use(void)
{
	struct key *key;

	for (int token = 0; token < 2; token++) {
		up(token == 1);
		REQUIRE(key_take(&k.who, priv, &key) == CKR_OK);
		CHECK(key_usage(key)->sign);
		key_unref(key);
		REQUIRE(kit_set(&k.who, priv, CKA_SIGN, &kit_no, 1) == CKR_OK);
		REQUIRE(key_take(&k.who, priv, &key) == CKR_OK);
		CHECK(!key_usage(key)->sign);
		key_unref(key);
		REQUIRE(objects_destroy(&k.who, priv) == CKR_OK);
		CHECK(key_take(&k.who, priv, &key) == CKR_KEY_HANDLE_INVALID);
		kit_down(&k);
	}
}

static int allocations;

/* Another thread, in the middle of reading the key: it has been found, and is not ready yet. */
static bool destroy_meanwhile(enum fault_kind kind)
{
	/* The description of the key, a copy of the object, room for its parts. */
	if (kind == FAULT_ALLOC && ++allocations == 3) {
		atomic_store(&fault_hook, NULL);
		CHECK(objects_destroy(&k.who, pub) == CKR_OK);
	}
	return false;
}

static void a_key_that_is_destroyed_while_it_is_read_is_not_ready(void)
{
	struct key *key = NULL;

	up(false);
	allocations = 0;
	atomic_store(&fault_hook, destroy_meanwhile);
	REQUIRE(key_take(&k.who, pub, &key) == CKR_OK); /* it was there when it was asked for */
	CHECK(allocations == 3);
	key_unref(key);
	CHECK(key_take(&k.who, pub, &key) == CKR_KEY_HANDLE_INVALID);
	kit_down(&k);
}

static void anothers_change_is_seen_at_the_next_use(void)
{
	struct kit other;
	struct key *key;

	up(true);
	kit_other(&other, &k);
	REQUIRE(key_take(&k.who, priv, &key) == CKR_OK);
	CHECK(key_usage(key)->sign && !key_usage(key)->derive);
	key_unref(key);
	/* Token objects have the same handle in every process. */
	REQUIRE(kit_set(&other.who, priv, CKA_SIGN, &kit_no, 1) == CKR_OK);
	REQUIRE(key_take(&k.who, priv, &key) == CKR_OK);
	CHECK(!key_usage(key)->sign);
	key_unref(key);
	REQUIRE(objects_destroy(&other.who, priv) == CKR_OK);
	CHECK(key_take(&k.who, priv, &key) == CKR_KEY_HANDLE_INVALID);
	REQUIRE(key_take(&k.who, pub, &key) == CKR_OK);
	key_unref(key);
	kit_down(&other);
	kit_down(&k);
}

/* A digest uses no key: it must not read the wallet each time because of that. */
static void that_there_is_no_policy_is_known_without_a_key(void)
{
	const struct mech *sha256 = mech_find(CKM_SHA256);
	struct policy none_but_sha1 = { .count = 1, .mechanism = { CKM_SHA_1 } };
	struct kit other;

	kit_up(&k);
	REQUIRE(kit_login(&k, CKU_USER, KIT_USER) == CKR_OK);
	CHECK(token_permits(k.token, sha256) == CKR_OK);
	CHECK(atomic_load(&k.token->no_policy));
	kit_other(&other, &k);
	REQUIRE(token_logout(other.token) == CKR_OK && kit_login(&other, CKU_SO, KIT_SO) == CKR_OK);
	REQUIRE(token_set_policy(other.token, &none_but_sha1) == CKR_OK);
	token_policy_refresh(k.token);
	CHECK(token_permits(k.token, sha256) == CKR_MECHANISM_INVALID);
	kit_down(&other);
	kit_down(&k);
}

static void a_forged_row_is_no_key(void)
{
	struct key *key;

	up(true);
	REQUIRE(key_take(&k.who, priv, &key) == CKR_OK);
	key_unref(key);
	/* The ready key does not hide that its row was changed. */
	kit_edit(&k, "UPDATE object SET body = substr(body, 1, 40) || x'ff' || substr(body, 42)");
	CHECK(key_take(&k.who, priv, &key) == CKR_DEVICE_ERROR);
	kit_down(&k);
}

/* ---- what a key permits ---- */

static int64_t today_s;

static uint64_t clock_ms(void)
{
	return 1;
}

static int64_t clock_s(void)
{
	return today_s;
}

static CK_RV permits_at(int64_t seconds)
{
	static const struct clock_source clock = { clock_ms, clock_s };
	struct key *key;
	CK_RV rv;

	today_s = seconds;
	clock_set_source(&clock);
	REQUIRE(key_take(&k.who, priv, &key) == CKR_OK);
	rv = key_permits(key, mech_find(CKM_EDDSA));
	key_unref(key);
	clock_set_source(NULL);
	return rv;
}

static void dates_bound_the_use_both_days_included(void)
{
	const int64_t day = 86400, first = 1704067200; /* 2024-01-01 */

	up(true);
	REQUIRE(kit_set(&k.who, priv, CKA_START_DATE, "20240101", 8) == CKR_OK);
	REQUIRE(kit_set(&k.who, priv, CKA_END_DATE, "20240229", 8) == CKR_OK);
	CHECK(permits_at(first - 1) == CKR_KEY_FUNCTION_NOT_PERMITTED);
	CHECK(permits_at(first) == CKR_OK);
	CHECK(permits_at(first + 60 * day - 1) == CKR_OK); /* the 29th of February, its last second */
	CHECK(permits_at(first + 60 * day) == CKR_KEY_FUNCTION_NOT_PERMITTED);
	kit_down(&k);
}

static void a_mechanism_must_suit_the_key(void)
{
	static const CK_MECHANISM_TYPE allowed[] = { CKM_SHA256 };
	CK_ATTRIBUTE pub_t[] = { { CKA_EC_PARAMS, (void *)kit_ed25519, sizeof(kit_ed25519) } };
	CK_ATTRIBUTE priv_t[] = { { CKA_ALLOWED_MECHANISMS, (void *)allowed, sizeof(allowed) } };
	union mech_params params = { 0 };
	struct key *key;
	struct mech longer = *mech_find(CKM_EDDSA);

	up(false);
	REQUIRE(key_take(&k.who, priv, &key) == CKR_OK);
	CHECK(key_permits(key, mech_find(CKM_EDDSA)) == CKR_OK);
	CHECK(key_permits(key, mech_find(CKM_ECDSA)) == CKR_KEY_TYPE_INCONSISTENT);
	longer.min_bits = 256;
	CHECK(key_permits(key, &longer) == CKR_KEY_SIZE_RANGE);
	key_unref(key);
	REQUIRE(keys_generate_pair(&k.who, mech_find(CKM_EC_EDWARDS_KEY_PAIR_GEN), &params, (struct template){ pub_t, 1 },
				   (struct template){ priv_t, 1 }, &pub, &priv) == CKR_OK);
	REQUIRE(key_take(&k.who, priv, &key) == CKR_OK);
	CHECK(key_permits(key, mech_find(CKM_EDDSA)) == CKR_MECHANISM_INVALID);
	key_unref(key);
	kit_down(&k);
}

/* ---- running with it ---- */

struct seen {
	bool scope, value, point;
	CK_KEY_TYPE type;
};

static CK_RV look(struct vault_scope *scope, const struct key_view *view, void *arg)
{
	struct seen *s = arg;

	s->scope = scope != NULL;
	s->value = key_view_part(view, CKA_VALUE).n == 32;
	s->point = key_view_part(view, CKA_EC_POINT).n == 32;
	s->type = view->type;
	return CKR_OK;
}

static CK_RV fail(struct vault_scope *scope, const struct key_view *view, void *arg)
{
	(void)scope;
	(void)view;
	(void)arg;
	return CKR_FUNCTION_REJECTED;
}

static void a_private_key_is_open_in_a_scope_only(void)
{
	struct seen s = { 0 };
	struct key *key;

	up(true);
	REQUIRE(key_take(&k.who, priv, &key) == CKR_OK);
	CHECK(key_run(key, false, look, &s) == CKR_OK);
	CHECK(s.scope && s.value && s.point && s.type == CKK_EC_EDWARDS);
	CHECK(key_run(key, true, fail, NULL) == CKR_FUNCTION_REJECTED);
	key_unref(key);
	REQUIRE(key_take(&k.who, pub, &key) == CKR_OK);
	CHECK(key_run(key, false, look, &s) == CKR_OK);
	CHECK(!s.scope && !s.value && s.point);
	key_unref(key);
	kit_down(&k);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "a key that was used is ready", a_key_that_was_used_is_ready },
		{ "what is no key is refused", what_is_no_key_is_refused },
		{ "a logout kills what is private", a_logout_kills_what_is_private },
		{ "our own change is seen at the next use", our_own_change_is_seen_at_the_next_use },
		{ "a key that is destroyed while it is read is not ready", a_key_that_is_destroyed_while_it_is_read_is_not_ready },
		{ "another process's change is seen at the next use", anothers_change_is_seen_at_the_next_use },
		{ "a forged row is no key, though the key was ready", a_forged_row_is_no_key },
		{ "dates bound the use, both days included", dates_bound_the_use_both_days_included },
		{ "a mechanism must suit the key", a_mechanism_must_suit_the_key },
		{ "a private key is open in a scope only", a_private_key_is_open_in_a_scope_only },
		{ "that there is no policy is known without a key", that_there_is_no_policy_is_known_without_a_key },
		{ NULL, NULL },
	};

	return kit_main("token/keyuse", tests);
}
