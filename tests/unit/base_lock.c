/* SPDX-License-Identifier: Apache-2.0 */
/* Locks and, in builds with --enable-debug, the traps for a wrong order. */
#include "base/lock.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "unit.h"

static struct lock token, leaf, other_token;
static struct rwlock key;

static void up(void)
{
	REQUIRE(cf_ok(lock_init(&token, LOCK_TOKEN)));
	REQUIRE(cf_ok(lock_init(&other_token, LOCK_TOKEN)));
	REQUIRE(cf_ok(lock_init(&leaf, LOCK_LEAF)));
	REQUIRE(cf_ok(rwlock_init(&key, LOCK_VAULT_KEY)));
}

static void down(void)
{
	lock_destroy(&token);
	lock_destroy(&other_token);
	lock_destroy(&leaf);
	rwlock_destroy(&key);
}

static int counter;

static void *count(void *arg)
{
	for (int i = 0; i < 20000; i++) {
		LOCKED(&token);
		counter++;
	}
	return arg;
}

static void one_thread_at_a_time(void)
{
	pthread_t t[3];

	up();
	counter = 0;
	for (int i = 0; i < 3; i++)
		REQUIRE(pthread_create(&t[i], NULL, count, NULL) == 0);
	for (int i = 0; i < 3; i++)
		REQUIRE(pthread_join(t[i], NULL) == 0);
	CHECK(counter == 60000);
	down();
}

static void *try_it(void *arg)
{
	bool *got = arg;

	*got = lock_try(&token);
	if (*got)
		lock_drop(&token);
	return NULL;
}

static bool another_thread_gets_it(void)
{
	pthread_t t;
	bool got = false;

	REQUIRE(pthread_create(&t, NULL, try_it, &got) == 0);
	REQUIRE(pthread_join(t, NULL) == 0);
	return got;
}

static void a_try_does_not_wait(void)
{
	up();
	CHECK(another_thread_gets_it());
	lock_take(&token);
	CHECK(!another_thread_gets_it());
	lock_drop(&token);
	CHECK(another_thread_gets_it());
	{
		LOCKED(&token);
		CHECK(!another_thread_gets_it());
	}
	CHECK(another_thread_gets_it());
	down();
}

static void *read_too(void *arg)
{
	rwlock_read(&key);
	rwlock_drop(&key);
	return arg;
}

static void readers_go_together(void)
{
	pthread_t t;

	up();
	rwlock_read(&key);
	REQUIRE(pthread_create(&t, NULL, read_too, NULL) == 0);
	REQUIRE(pthread_join(t, NULL) == 0);
	rwlock_drop(&key);
	rwlock_write(&key);
	rwlock_drop(&key);
	down();
}

static bool fail(enum fault_kind kind)
{
	return kind == FAULT_LOCK;
}

static void a_lock_that_cannot_be_had_is_an_error(void)
{
	atomic_store(&fault_hook, fail);
	CHECK_CODE(lock_init(&token, LOCK_TOKEN), NOMEM);
	CHECK_CODE(rwlock_init(&key, LOCK_VAULT_KEY), NOMEM);
	atomic_store(&fault_hook, NULL);
}

static void the_right_order_is_silent(void)
{
	up();
	lock_take(&token);
	rwlock_read(&key);
	lock_take(&leaf);
	CHECK(lock_held(&token) && lock_held(&leaf));
	/* They may be dropped in any order. */
	lock_drop(&token);
	rwlock_drop(&key);
	lock_drop(&leaf);
	lock_take(&token);
	lock_drop(&token);
	down();
}

#ifdef COFFER_DEBUG
static void backwards(void)
{
	lock_take(&leaf);
	lock_take(&token);
}

static void same_rank(void)
{
	lock_take(&token);
	lock_take(&other_token);
}

static void twice(void)
{
	lock_take(&token);
	lock_take(&token);
}

static void never_taken(void)
{
	lock_drop(&token);
}

static void reader_backwards(void)
{
	lock_take(&leaf);
	rwlock_read(&key);
}

/* In a child: it must die of the trap, not hang. */
static bool traps(void (*wrong)(void))
{
	int status = 0;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		const struct rlimit none = { 0, 0 };

		(void)setrlimit(RLIMIT_CORE, &none);
		(void)signal(SIGILL, SIG_DFL);
		(void)signal(SIGTRAP, SIG_DFL);
		(void)alarm(10);
		wrong();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	return WIFSIGNALED(status) && (WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP);
}

static void a_wrong_order_traps(void)
{
	up();
	CHECK(traps(backwards));
	CHECK(traps(same_rank));
	CHECK(traps(twice));
	CHECK(traps(never_taken));
	CHECK(traps(reader_backwards));
	CHECK(!lock_held(&token));
	down();
}
#endif

int main(void)
{
	static const struct unit_test tests[] = {
		{ "one thread at a time", one_thread_at_a_time },
		{ "a try does not wait; LOCKED holds to the end of its scope", a_try_does_not_wait },
		{ "readers go together", readers_go_together },
		{ "a lock that cannot be had is an error", a_lock_that_cannot_be_had_is_an_error },
		{ "the right order is silent, dropping in any order", the_right_order_is_silent },
#ifdef COFFER_DEBUG
		{ "a wrong order, a second time and a lock never taken trap", a_wrong_order_traps },
#endif
		{ NULL, NULL },
	};

	return unit_main("base/lock", tests);
}
