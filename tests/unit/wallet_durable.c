/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes, full disks, failing calls, two writers: nothing that was acknowledged is lost, nothing that was not is there. */
#include "unit/wallet_kit.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"

/* The parent's vault means nothing in the child: it opens its own. */
static void child_vault(void)
{
	struct vault_config config = { 0 };

	vault_forget_after_fork();
	if (cf_failed(vault_open(&config)))
		_exit(9);
}

/* Writes until it is killed; tells each acknowledged number through the pipe. */
static void write_for_ever(const char *path, int out)
{
	struct wallet *w = NULL;
	struct secret *key;

	child_vault();
	if (cf_failed(wallet_open(path, &w)))
		_exit(8);
	key = unlock(w);
	for (;;) {
		struct wallet_change *c = NULL;
		uint64_t last = 0;

		REQUIRE(cf_ok(wallet_change_begin(w, key, &c)));
		for (int i = 0; i < 40; i++) {
			AUTO_WALLET_OBJECT o = WALLET_OBJECT_INIT;
			char value[1024];

			(void)memset(value, 'v', sizeof(value) - 1);
			value[sizeof(value) - 1] = '\0';
			REQUIRE(cf_ok(wallet_change_new(c, true, &o)));
			put(c, &o, value);
			last = o.number;
		}
		REQUIRE(cf_ok(wallet_change_commit(c)));
		if (write(out, &last, sizeof(last)) != (ssize_t)sizeof(last))
			_exit(7);
	}
}

static uint64_t kill_a_writer(const char *path, unsigned after_us)
{
	int fds[2];
	uint64_t acknowledged = 0, number;
	pid_t child;

	REQUIRE(pipe(fds) == 0);
	child = fork();
	REQUIRE(child >= 0);
	if (child == 0)
		write_for_ever(path, fds[1]);
	(void)close(fds[1]);
	/* The first change is through: it is running. */
	REQUIRE(read(fds[0], &acknowledged, sizeof(acknowledged)) == (ssize_t)sizeof(acknowledged));
	(void)usleep(after_us);
	REQUIRE(kill(child, SIGKILL) == 0);
	REQUIRE(waitpid(child, NULL, 0) == child);
	while (read(fds[0], &number, sizeof(number)) == (ssize_t)sizeof(number))
		acknowledged = number;
	(void)close(fds[0]);
	return acknowledged;
}

static void test_killed(void)
{
	struct wallet *w = make(unit_dir(), "killed");
	struct secret *key = unlock(w);

	for (unsigned i = 0; i < 12; i++) {
		uint64_t number = kill_a_writer(wallet_path(w), 500 + i * 731);
		AUTO_WALLET_OBJECT o = WALLET_OBJECT_INIT;

		CHECK_CODE(wallet_fetch(w, key, number, &o), OK);
		CHECK(faults(w, key) == 0);
	}
	secret_unref(key);
	wallet_unref(w);
}

#define WRITERS 3
#define EACH 60

static void write_some(const char *path)
{
	struct wallet *w = NULL;
	struct secret *key;

	child_vault();
	if (cf_failed(wallet_open(path, &w)))
		_exit(8);
	key = unlock(w);
	for (int i = 0; i < EACH; i++) {
		uint64_t a = add(w, key, i % 2 == 0, "theirs");

		if (a == 0)
			_exit(6);
	}
	secret_unref(key);
	wallet_unref(w);
	_exit(0);
}

static void test_writers(void)
{
	struct wallet *w = make(unit_dir(), "writers");
	struct secret *key = unlock(w);
	pid_t child[WRITERS];
	uint64_t last = 0;

	for (int i = 0; i < WRITERS; i++) {
		child[i] = fork();
		REQUIRE(child[i] >= 0);
		if (child[i] == 0)
			write_some(wallet_path(w));
	}
	for (int i = 0; i < EACH; i++) {
		last = add(w, key, true, "ours");
		CHECK_CODE(read_private(w, key, last, "ours"), OK);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status = -1;

		REQUIRE(waitpid(child[i], &status, 0) == child[i]);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	CHECK(add(w, key, true, "last") == (WRITERS + 1) * EACH + 1);
	CHECK(faults(w, key) == 0);
	secret_unref(key);
	wallet_unref(w);
}

struct reader_work {
	struct wallet *w;
	struct secret *key;
	uint64_t number;
	atomic_int wrong;
	atomic_bool stop;
};

static void *read_on(void *arg)
{
	struct reader_work *work = arg;

	while (!atomic_load(&work->stop)) {
		AUTO_WALLET_OBJECT o = WALLET_OBJECT_INIT;
		uint64_t generation;

		if (cf_failed(wallet_generation(work->w, &generation)) ||
		    cf_failed(wallet_fetch(work->w, work->key, work->number, &o)))
			atomic_fetch_add(&work->wrong, 1);
	}
	return NULL;
}

/* The object is changed all the time; no reader may take a new row and an old set for a forgery. */
static void test_readers(void)
{
	struct wallet *w = make(unit_dir(), "readers"), *other = NULL;
	struct secret *key = unlock(w);
	struct reader_work work[2] = { { .w = w, .key = key }, { .key = key } };
	pthread_t thread[2];
	uint64_t a = add(w, key, true, "object");

	REQUIRE(cf_ok(wallet_open(wallet_path(w), &other)));
	work[1].w = other;
	for (int i = 0; i < 2; i++) {
		work[i].number = a;
		REQUIRE(pthread_create(&thread[i], NULL, read_on, &work[i]) == 0);
	}
	for (int i = 0; i < 200; i++) {
		AUTO_WALLET_OBJECT o = WALLET_OBJECT_INIT;
		struct wallet_change *c = NULL;

		REQUIRE(cf_ok(wallet_change_begin(w, key, &c)));
		REQUIRE(cf_ok(wallet_change_again(c, a, true, &o)));
		put(c, &o, "object");
		REQUIRE(cf_ok(wallet_change_commit(c)));
	}
	for (int i = 0; i < 2; i++) {
		atomic_store(&work[i].stop, true);
		REQUIRE(pthread_join(thread[i], NULL) == 0);
		CHECK(atomic_load(&work[i].wrong) == 0);
	}
	secret_unref(key);
	wallet_unref(other);
	wallet_unref(w);
}

static atomic_int fault_at; /* the call that fails, counted down */
static enum fault_kind fault_of;

static bool fail_one(enum fault_kind kind)
{
	return kind == fault_of && atomic_fetch_sub(&fault_at, 1) == 1;
}

static struct cf_status try_change(struct wallet *w, struct secret *key, uint64_t *number)
{
	AUTO_WALLET_OBJECT o = WALLET_OBJECT_INIT;
	AUTO(wallet_change) c = NULL;
	struct put_work work = { NULL, &o, span_str("value"), CF_OK };

	CF_TRY(wallet_change_begin(w, key, &c));
	CF_TRY(wallet_change_new(c, true, &o));
	work.c = c;
	CF_TRY(vault_run(seal_in_scope, &work));
	CF_TRY(work.status);
	CF_TRY(wallet_change_put(c, &o));
	*number = o.number;
	return wallet_change_commit(TAKE(c));
}

/* Every call of that kind fails in turn. Returns how many there were. */
static int sweep(struct wallet *w, struct secret *key, enum fault_kind kind)
{
	fault_of = kind;
	for (int at = 1; at < 1000; at++) {
		uint64_t number = 0, hit;
		struct cf_status status;
		struct wallet_query all;
		size_t before = 0, after = 0;
		static uint64_t numbers[4096];

		REQUIRE(cf_ok(wallet_query(w, key, NULL, 0, &all)));
		REQUIRE(cf_ok(wallet_find(w, &all, 0, numbers, 4096, &before)));
		atomic_store(&fault_at, at);
		atomic_store(&fault_hook, fail_one);
		status = try_change(w, key, &number);
		atomic_store(&fault_hook, (fault_hook_fn)NULL);
		REQUIRE(cf_ok(wallet_find(w, &all, 0, numbers, 4096, &after)));
		hit = after == 0 ? 0 : numbers[after - 1];
		/* All or nothing, and the wallet goes on. */
		CHECK(after == before + (cf_ok(status) ? 1 : 0));
		CHECK(cf_failed(status) || hit == number);
		CHECK(faults(w, key) == 0);
		if (atomic_load(&fault_at) > 0)
			return at;
	}
	return 1000;
}

static void test_faults(void)
{
	struct wallet *w = make(unit_dir(), "faults");
	struct secret *key = unlock(w);

	CHECK(sweep(w, key, FAULT_STORE) > 5);
	CHECK(sweep(w, key, FAULT_ALLOC) > 5);
	secret_unref(key);
	wallet_unref(w);
}

static size_t files_in(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	REQUIRE(d != NULL);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n - 2;
}

/* Creation, backup, and unlocking, each with every store call failing in turn. */
static void test_faults_of_files(void)
{
	const char *dir = unit_dir();
	char backup[512];
	size_t there = 0;

	fault_of = FAULT_STORE;
	for (int at = 1; at < 200; at++) {
		struct wallet_new r = { .dir = dir, .label = "new", .user_pin_opt = span_str(USER), .kdf = cheap };
		struct wallet *w = NULL;
		struct cf_status status;

		atomic_store(&fault_at, at);
		atomic_store(&fault_hook, fail_one);
		status = wallet_create(&r, &w);
		atomic_store(&fault_hook, (fault_hook_fn)NULL);
		if (cf_ok(status)) {
			(void)snprintf(backup, sizeof(backup), "%s/copy", dir);
			atomic_store(&fault_at, 3);
			atomic_store(&fault_hook, fail_one);
			CHECK(cf_failed(wallet_backup(w, backup, false)));
			atomic_store(&fault_hook, (fault_hook_fn)NULL);
			CHECK(files_in(dir) == 1);
			wallet_unref(w);
			return;
		}
		/* Either nothing, or (when only opening it afterwards failed) the complete wallet. */
		there = files_in(dir);
		CHECK(there <= 1);
		if (there == 1 && cf_is(status, CF_CODE_EXISTS))
			return;
	}
	CU_FAIL("it never succeeded");
}

/* What the rolled back change gave free is taken too. */
static void take_the_rest(const char *dir)
{
	char path[1024];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/filler", dir);
	f = fopen(path, "we");
	REQUIRE(f != NULL);
	(void)setvbuf(f, NULL, _IONBF, 0);
	while (fputc('x', f) != EOF)
		;
	(void)fclose(f);
}

static void fill_disk(const char *path)
{
	struct wallet *w;
	struct secret *key, *again = NULL;
	struct cf_status status = CF_OK;
	uint64_t a, number = 0, last = 0;
	struct wallet_new r = { .dir = path, .label = "other", .user_pin_opt = span_str(USER), .kdf = cheap };
	struct wallet *none = NULL;
	size_t before;

	w = make(path, "full");
	key = unlock(w);
	a = add(w, key, true, "first");
	for (int i = 0; i < 100000 && cf_ok(status); i++) {
		status = try_change(w, key, &number);
		if (cf_ok(status))
			last = number;
	}
	CHECK_CODE(status, FULL);
	CHECK(strstr(error_text(), "full") != NULL || strstr(error_text(), "space") != NULL);
	CHECK(last > a);
	CHECK_CODE(read_private(w, key, a, "first"), OK);
	CHECK_CODE(read_private(w, key, last, "value"), OK);
	CHECK(faults(w, key) == 0);
	take_the_rest(path);
	before = files_in(path);
	CHECK_CODE(wallet_create(&r, &none), FULL);
	CHECK(files_in(path) == before);
	/* Nothing can be counted, and nobody is locked out where there is no limit. */
	CHECK_CODE(wallet_unlock(w, WALLET_USER, span_str(USER), 0, &again), OK);
	secret_unref(again);
	secret_unref(key);
	wallet_unref(w);
}

/* On a file system of 256 KiB; only root can mount one. */
static void test_full_disk(void)
{
	char dir[512];

	(void)snprintf(dir, sizeof(dir), "%s/mnt", unit_dir());
	REQUIRE(mkdir(dir, 0700) == 0);
	if (mount("coffer-test", dir, "tmpfs", 0, "size=256k,mode=0700") != 0) {
		(void)fprintf(stderr, "(not root: no small file system to fill) ");
		return;
	}
	fill_disk(dir);
	CHECK(umount(dir) == 0);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "what a killed writer acknowledged is there, and the wallet is clean", test_killed },
		{ "several processes write at once", test_writers },
		{ "no reader takes a change for a forgery", test_readers },
		{ "a change that fails anywhere did not happen", test_faults },
		{ "a wallet or a backup that fails leaves nothing", test_faults_of_files },
		{ "a full disk loses nothing", test_full_disk },
		{ NULL, NULL },
	};

	return wallet_main("wallet, durable", tests);
}
