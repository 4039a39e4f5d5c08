/* SPDX-License-Identifier: Apache-2.0 */
/* A whole wallet file that somebody has written to: opened, unlocked, read, searched, verified. */
#include "wallet/wallet.h"

#include <fcntl.h>
#include <unistd.h>

#include "fuzz.h"
#include "tempdir.h"
#include "vault/vault.h"

static struct tempdir dir;
static char path[300];

static void end(void)
{
	vault_close();
	tempdir_remove(&dir);
}

static void start(void)
{
	if (dir.path[0] != '\0')
		return;
	EXPECT(cf_ok(vault_open(&(struct vault_config){ .allow_unlocked = true })));
	EXPECT(tempdir_new(&dir));
	(void)snprintf(path, sizeof(path), "%s/wallet" WALLET_SUFFIX, dir.path);
	EXPECT(atexit(end) == 0);
}

static void report(const char *sentence, void *arg)
{
	(void)arg;
	EXPECT(sentence[0] != '\0');
}

static struct cf_status terms_of(struct vault_scope *scope, struct span plain, struct wallet_term *terms, size_t max, size_t *count,
				 void *arg)
{
	(void)scope;
	(void)max;
	(void)arg;
	terms[0] = (struct wallet_term){ 1, plain };
	*count = 1;
	return CF_OK;
}

struct opening {
	struct wallet *w;
	struct secret *key;
	const struct wallet_object *o;
};

static void open_in(struct vault_scope *scope, void *arg)
{
	struct opening *work = arg;
	struct mspan room;
	size_t n;

	if (cf_ok(vault_scope_alloc(scope, work->o->body.n, &room)))
		(void)cf_ok(wallet_open_private(scope, work->w, work->key, work->o, room, &n));
}

static void read_objects(struct wallet *w, struct secret *key)
{
	struct wallet_query all;
	uint64_t number[8];
	size_t found = 0;

	if (cf_failed(wallet_query(w, key, NULL, 0, &all)) || cf_failed(wallet_find(w, &all, 0, number, 8, &found)))
		return;
	for (size_t i = 0; i < found; i++) {
		AUTO_WALLET_OBJECT o = WALLET_OBJECT_INIT;
		struct opening work = { w, key, &o };
		struct span plain;

		if (cf_failed(wallet_fetch(w, key, number[i], &o)))
			continue;
		if (o.is_private && key != NULL)
			(void)cf_ok(vault_run(open_in, &work));
		else if (!o.is_private)
			(void)cf_ok(wallet_open_public(w, key, &o, &plain));
	}
}

static void use(struct wallet *w)
{
	struct wallet_checker checker = { report, terms_of, NULL };
	AUTO(secret) key = NULL;
	struct wallet_info info;
	uint64_t objects, faults;

	read_objects(w, NULL);
	/* What the file asks of Argon2id is the file's; only a cheap one is worth a fuzzer's time. */
	if (cf_failed(wallet_get_info(w, &info)) || info.kdf[WALLET_USER].memory_kib > 1024 || info.kdf[WALLET_USER].passes > 2)
		return;
	if (cf_failed(wallet_unlock(w, WALLET_USER, span_str("1234-user"), 0, &key)))
		return;
	read_objects(w, key);
	(void)cf_ok(wallet_verify(w, key, &checker, &objects, &faults));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const beside[] = { "-journal", "-wal", "-shm" };
	AUTO(wallet) w = NULL;
	char other[320];
	int fd;

	start();
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		(void)snprintf(other, sizeof(other), "%s%s", path, beside[i]);
		(void)unlink(other);
	}
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	EXPECT(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
	if (cf_ok(wallet_open(path, &w)))
		use(w);
	return 0;
}
