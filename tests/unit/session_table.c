/* SPDX-License-Identifier: Apache-2.0 */
/* Handles of sessions: found while open, never met again afterwards, from many threads. */
#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "session/session.h"
#include "unit.h"
#include "vault/vault.h"

static struct config *config;
static struct slots *slots;
static struct sessions *sessions;
static struct token *token;

static void up(void)
{
	static const CK_UTF8CHAR label[32] = "one                             ";
	static const CK_UTF8CHAR so_pin[] = "87654321";
	char text[512];
	CK_SLOT_ID slot;
	CK_ULONG count = 1;

	(void)snprintf(text, sizeof(text), "directory = %s\nargon2-memory = 1024\nargon2-passes = 1\n", unit_dir());
	REQUIRE(cf_ok(vault_open(&(struct vault_config){ .allow_unlocked = true })));
	REQUIRE(cf_ok(config_parse("test", text, &config)));
	REQUIRE(slots_open(config, &slots) == CKR_OK);
	REQUIRE(slots_list(slots, true, &slot, &count) == CKR_OK);
	REQUIRE(token_init(slots, slot, span(so_pin, 8), label) == CKR_OK);
	REQUIRE(slots_token(slots, slot, &token) == CKR_OK);
	REQUIRE(sessions_new(&sessions) == CKR_OK);
}

static void down(void)
{
	sessions_free(sessions);
	token_unref(token);
	slots_close(slots);
	config_free(config);
	vault_close();
}

static CK_RV open_one(bool read_write, CK_SESSION_HANDLE *handle)
{
	struct session_request request = { .token = token, .read_write = read_write };

	return sessions_open(sessions, &request, handle);
}

static CK_RV close_one(CK_SESSION_HANDLE handle)
{
	struct session *s;
	CK_RV rv = sessions_take(sessions, handle, &s);

	if (rv != CKR_OK)
		return rv;
	session_close(s);
	session_release(s);
	return CKR_OK;
}

static CK_ULONG open_sessions(void)
{
	CK_TOKEN_INFO info;

	REQUIRE(token_get_info(token, &info) == CKR_OK);
	return info.ulSessionCount;
}

static void found_while_open(void)
{
	CK_SESSION_HANDLE a, b;
	struct session *s;

	up();
	REQUIRE(open_one(true, &a) == CKR_OK);
	REQUIRE(open_one(false, &b) == CKR_OK);
	CHECK(a != b && a != 0 && b != 0);
	REQUIRE(sessions_take(sessions, a, &s) == CKR_OK);
	CHECK(session_is_read_write(s) && session_token(s) == token);
	session_release(s);
	REQUIRE(sessions_take(sessions, b, &s) == CKR_OK);
	CHECK(!session_is_read_write(s));
	session_release(s);
	CHECK(close_one(a) == CKR_OK);
	CHECK(sessions_take(sessions, a, &s) == CKR_SESSION_HANDLE_INVALID);
	CHECK(close_one(a) == CKR_SESSION_HANDLE_INVALID);
	CHECK(open_sessions() == 1);
	down();
}

static void foreign_handles_are_refused(void)
{
	static const CK_SESSION_HANDLE foreign[] = { 0, 1, 63, 64, 65535, 65536, 1ul << 31, ~0ul, ~0ul - 1 };
	struct session *s;

	up();
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		CHECK(sessions_take(sessions, foreign[i], &s) == CKR_SESSION_HANDLE_INVALID);
	down();
}

static void a_handle_is_not_met_again(void)
{
	CK_SESSION_HANDLE seen[512];
	bool again = false;

	up();
	for (size_t i = 0; i < 512; i++) {
		REQUIRE(open_one(true, &seen[i]) == CKR_OK);
		REQUIRE(close_one(seen[i]) == CKR_OK);
		for (size_t j = 0; j < i; j++)
			again = again || seen[i] == seen[j];
	}
	CHECK(!again);
	down();
}

static void more_than_one_chunk(void)
{
	CK_SESSION_HANDLE handle[1000];
	struct session *s;
	bool all = true;

	up();
	for (size_t i = 0; i < 1000; i++)
		REQUIRE(open_one(true, &handle[i]) == CKR_OK);
	for (size_t i = 0; i < 1000; i++) {
		all = all && sessions_take(sessions, handle[i], &s) == CKR_OK;
		if (all)
			session_release(s);
	}
	CHECK(all);
	CHECK(open_sessions() == 1000);
	sessions_close_all(sessions, token);
	CHECK(open_sessions() == 0);
	CHECK(sessions_take(sessions, handle[999], &s) == CKR_SESSION_HANDLE_INVALID);
	down();
}

static void the_table_has_an_end(void)
{
	AUTO_FREE CK_SESSION_HANDLE *handle = mem_array(SESSIONS_MAX, sizeof(*handle));
	CK_SESSION_HANDLE more;
	CK_RV rv = CKR_OK;

	REQUIRE(handle != NULL);
	up();
	for (size_t i = 0; i < SESSIONS_MAX && rv == CKR_OK; i++)
		rv = open_one(false, &handle[i]);
	CHECK(rv == CKR_OK);
	CHECK(open_one(false, &more) == CKR_SESSION_COUNT);
	CHECK(close_one(handle[1234]) == CKR_OK);
	CHECK(open_one(false, &more) == CKR_OK);
	down();
}

static void *open_use_close(void *arg)
{
	bool *good = arg;

	*good = true;
	for (int i = 0; i < 2000; i++) {
		CK_SESSION_HANDLE handle;
		struct session *s;

		*good = *good && open_one(true, &handle) == CKR_OK && sessions_take(sessions, handle, &s) == CKR_OK;
		if (!*good)
			return NULL;
		session_release(s);
		*good = close_one(handle) == CKR_OK;
	}
	return NULL;
}

static void many_threads(void)
{
	pthread_t thread[4];
	bool good[4];

	up();
	for (size_t i = 0; i < 4; i++)
		REQUIRE(pthread_create(&thread[i], NULL, open_use_close, &good[i]) == 0);
	for (size_t i = 0; i < 4; i++) {
		CHECK(pthread_join(thread[i], NULL) == 0);
		CHECK(good[i]);
	}
	CHECK(open_sessions() == 0);
	down();
}

static CK_SESSION_HANDLE shared;

static void *close_shared(void *arg)
{
	*(CK_RV *)arg = close_one(shared);
	return NULL;
}

/* Two threads close the same session: one of them did. */
static void closing_twice_at_once(void)
{
	up();
	for (int i = 0; i < 200; i++) {
		pthread_t thread;
		CK_RV theirs, ours;

		REQUIRE(open_one(true, &shared) == CKR_OK);
		REQUIRE(pthread_create(&thread, NULL, close_shared, &theirs) == 0);
		ours = close_one(shared);
		REQUIRE(pthread_join(thread, NULL) == 0);
		CHECK((ours == CKR_OK) != (theirs == CKR_OK));
	}
	CHECK(open_sessions() == 0);
	down();
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "a session is found while it is open", found_while_open },
		{ "foreign handles are refused", foreign_handles_are_refused },
		{ "a handle is not met again", a_handle_is_not_met_again },
		{ "more sessions than one chunk holds", more_than_one_chunk },
		{ "the table has an end, and says so", the_table_has_an_end },
		{ "many threads open, use and close", many_threads },
		{ "two threads close the same session: one of them did", closing_twice_at_once },
		{ NULL, NULL },
	};

	return unit_main("session/table", tests);
}
