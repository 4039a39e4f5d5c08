/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "coffer/pkcs11-3.h"
#include "known.h"
#include "places.h"
#include "tempdir.h"

static const uint8_t ed25519_oid[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };

/* Letters and digits: 16 of them in a row are found nowhere by chance. */
static void random_text(char *out, size_t n)
{
	static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

	for (size_t i = 0; i < n; i++)
		out[i] = letters[randombytes_uniform(sizeof(letters) - 1)];
	out[n] = '\0';
}

static bool write_file(const char *dir, const char *name, const char *a, const char *b)
{
	char path[400];
	FILE *f;
	bool ok;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	ok = f != NULL && fprintf(f, "%s%s", a, b) > 0;
	return f != NULL && fclose(f) == 0 && ok;
}

static bool set_path(const char *variable, const char *dir, const char *name)
{
	char path[400];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return setenv(variable, path, 1) == 0;
}

static bool configure(struct world *w, const char *configuration)
{
	char softhsm[400];

	(void)snprintf(w->wallets, sizeof(w->wallets), "%s/wallets", w->dir);
	(void)snprintf(softhsm, sizeof(softhsm), "directories.tokendir = %s\nlog.level = ERROR\n", w->wallets);
	return mkdir(w->wallets, 0700) == 0 && write_file(w->dir, "coffer.conf", configuration, "\n") &&
	       write_file(w->dir, "softhsm2.conf", softhsm, "") && setenv("COFFER_DIR", w->wallets, 1) == 0 &&
	       set_path("COFFER_CONF", w->dir, "coffer.conf") && set_path("SOFTHSM2_CONF", w->dir, "softhsm2.conf");
}

static void draw(struct world *w)
{
	random_text(w->user_pin, PIN_SIZE);
	random_text(w->so_pin, PIN_SIZE);
	random_text(w->new_pin, PIN_SIZE);
	random_text(w->bad_pin, PIN_SIZE);
	randombytes_buf(w->seed, sizeof(w->seed));
	randombytes_buf(w->message, sizeof(w->message));
	randombytes_buf(w->value, sizeof(w->value));
	randombytes_buf(w->object_label, sizeof(w->object_label));
	randombytes_buf(w->object_id, sizeof(w->object_id));
	memset(w->label, ' ', 32);
	memcpy(w->label, "memory", 6);
	secrets_add(w->s, KIND_PIN, w->user_pin, PIN_SIZE);
	secrets_add(w->s, KIND_PIN, w->so_pin, PIN_SIZE);
	secrets_add(w->s, KIND_PIN, w->new_pin, PIN_SIZE);
	secrets_add(w->s, KIND_PIN, w->bad_pin, PIN_SIZE);
	for (int i = 0; i < KEYS; i++)
		secrets_add_ed25519(w->s, w->seed[i], w->message[i], sizeof(w->message[i]));
	secrets_add(w->s, KIND_VALUE, w->value, sizeof(w->value));
	secrets_add(w->s, KIND_LABEL, w->object_label, sizeof(w->object_label));
	secrets_add(w->s, KIND_LABEL, w->object_id, sizeof(w->object_id));
}

bool world_new(struct world *w, enum subject who, const struct paths *paths, const char *configuration)
{
	struct tempdir dir;

	*w = (struct world){ .who = who, .paths = paths, .is_coffer = who != SUBJECT_SOFTHSM, .d.pid = -1 };
	w->s = secrets_new();
	if (!tempdir_new(&dir))
		return false;
	(void)snprintf(w->dir, sizeof(w->dir), "%s", dir.path);
	draw(w);
	return configure(w, configuration);
}

void world_free(struct world *w)
{
	struct tempdir dir;

	if (w->d.pid > 0)
		(void)driver_end(&w->d);
	(void)snprintf(dir.path, sizeof(dir.path), "%s", w->dir);
	tempdir_remove(&dir);
	secrets_free(w->s);
}

bool world_start(struct world *w, const char *preload)
{
	const struct driver_options o = {
		.program = w->paths->driver,
		.module = w->is_coffer ? w->paths->coffer : w->paths->softhsm_opt,
		.dir = w->dir,
		.preload = preload,
		.plain = w->who == SUBJECT_PLAIN,
		.refuse_secret_memory = w->who == SUBJECT_LOCKED,
	};

	w->kept = 0;
	return driver_start(&o, &w->d) && tell_plain(&w->d, DO_OPEN, 0, 0, NULL) == CKR_OK;
}

bool world_token(struct world *w)
{
	struct asking q;
	struct told told;
	bool ok;

	ask(&q, DO_TOKEN, 0, 0, 0, 0);
	ask_field(&q, FIELD_PIN, w->so_pin, PIN_SIZE);
	ask_field(&q, FIELD_NEW_PIN, w->user_pin, PIN_SIZE);
	ask_field(&q, FIELD_LABEL, w->label, 32);
	ok = tell(&w->d, &q, &told) == CKR_OK;
	w->slot = told.head.number[0];
	if (!ok || !w->is_coffer)
		return ok;
	return known_wallet_file(w->wallets, w->wallet, sizeof(w->wallet)) &&
	       known_wallet(w->s, w->wallet, ROLE_SO, w->so_pin, w->wallet_key) &&
	       known_wallet(w->s, w->wallet, ROLE_USER, w->user_pin, w->wallet_key);
}

bool world_login(struct world *w, const char *pin)
{
	struct asking q;
	struct told told;

	if (tell_plain(&w->d, DO_SESSION, w->slot, 0, &told) != CKR_OK)
		return false;
	w->session = told.head.number[0];
	ask(&q, DO_LOGIN, w->session, CKU_USER, 0, 0);
	ask_field(&q, FIELD_PIN, pin, PIN_SIZE);
	if (tell(&w->d, &q, NULL) != CKR_OK)
		return false;
	if (!w->is_coffer)
		return true;
	return known_wallet(w->s, w->wallet, ROLE_USER, pin, w->wallet_key) &&
	       known_coffer_key(w->s, &w->d, w->wallet_key);
}

static bool import_key(struct world *w, unsigned i)
{
	struct asking q;
	struct told told;
	bool ok;

	ask(&q, DO_CREATE, w->session, 0, 0, 0);
	ask_ulong(&q, CKA_CLASS, CKO_PRIVATE_KEY);
	ask_ulong(&q, CKA_KEY_TYPE, CKK_EC_EDWARDS);
	ask_bool(&q, CKA_TOKEN, true);
	ask_bool(&q, CKA_PRIVATE, true);
	ask_bool(&q, CKA_SENSITIVE, true);
	ask_bool(&q, CKA_SIGN, true);
	ask_field(&q, CKA_EC_PARAMS, ed25519_oid, sizeof(ed25519_oid));
	ask_field(&q, CKA_VALUE, w->seed[i], 32);
	ask_field(&q, CKA_LABEL, w->object_label, sizeof(w->object_label));
	ask_field(&q, CKA_ID, w->object_id, sizeof(w->object_id));
	ok = tell(&w->d, &q, &told) == CKR_OK;
	w->key[i] = told.head.number[0];
	return ok;
}

void world_ask_data(struct world *w, struct asking *q, uint32_t flags)
{
	ask(q, DO_CREATE | flags, w->session, 0, 0, 0);
	ask_ulong(q, CKA_CLASS, CKO_DATA);
	ask_bool(q, CKA_TOKEN, true);
	ask_bool(q, CKA_PRIVATE, true);
	ask_field(q, CKA_LABEL, w->object_label, sizeof(w->object_label));
	ask_field(q, CKA_VALUE, w->value, sizeof(w->value));
}

static bool import_data(struct world *w)
{
	struct asking q;
	struct told told;
	bool ok;

	world_ask_data(w, &q, 0);
	ok = tell(&w->d, &q, &told) == CKR_OK;
	w->data = told.head.number[0];
	return ok;
}

void world_ask_sign(struct world *w, struct asking *q, uint32_t flags, unsigned key)
{
	ask(q, DO_SIGN | flags, w->session, w->key[key], CKM_EDDSA, 0);
	ask_field(q, FIELD_DATA, w->message[key], 32);
}

bool world_sign(struct world *w, unsigned key)
{
	uint8_t point[32], pair[64];
	struct asking q;
	struct told told;

	world_ask_sign(w, &q, 0, key);
	if (tell(&w->d, &q, &told) != CKR_OK || told.head.size != 64)
		return false;
	(void)crypto_sign_seed_keypair(point, pair, w->seed[key]);
	return crypto_sign_verify_detached(told.bytes, w->message[key], 32, point) == 0;
}

bool world_objects(struct world *w)
{
	for (unsigned i = 0; i < KEYS; i++)
		if (!import_key(w, i) || !world_sign(w, i))
			return false;
	return import_data(w);
}

/* ---- looking ---- */

/* The plain driver gets every secret that it has not got yet. */
static void keep_all(struct world *w)
{
	if (w->who != SUBJECT_PLAIN)
		return;
	for (; w->kept < secrets_count(w->s); w->kept++) {
		struct asking q;
		size_t n;
		const uint8_t *p = secrets_at(w->s, w->kept, &n);

		if (n == 0)
			continue;
		ask(&q, DO_KEEP, 0, 0, 0, 0);
		ask_field(&q, FIELD_DATA, p, n);
		(void)tell(&w->d, &q, NULL);
	}
}

static bool look(struct world *w, pid_t pid, enum how how, const char *moment, const char *place,
		 enum promise promise)
{
	struct tally t = { 0 };
	bool ok = process_stop(pid);

	ok = ok && process_scan(pid, how, w->s, w->d.room, w->d.room_n, &t);
	process_continue(pid);
	table_check(ok, "the process could be stopped and looked at");
	if (ok)
		table_add(moment, place, promise, w->who, &t, w->s, 1);
	return ok;
}

void world_wait(unsigned ms)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = (long)randombytes_uniform(ms * 1000000) }, NULL);
}

void world_look(struct world *w, const char *moment, enum promise promise)
{
	keep_all(w);
	(void)look(w, w->d.pid, HOW_PROC_MEM, moment, "/proc/PID/mem", promise);
}

void world_look_often(struct world *w, const char *moment, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (!look(w, w->d.pid, HOW_PROC_MEM, moment, "/proc/PID/mem", PROMISE_BUSY))
			return;
		world_wait(2);
	}
}

static void look_at_child(struct world *w, const char *moment, enum promise promise)
{
	struct told told;
	pid_t child;

	if (tell_plain(&w->d, DO_FORK, 0, 0, &told) != 0)
		return;
	child = (pid_t)told.head.number[0];
	(void)look(w, child, HOW_PROC_MEM, moment, "a child's memory", promise);
	(void)kill(child, SIGKILL);
}

static void look_at_files(struct world *w, const char *moment, enum promise promise)
{
	struct tally t = { 0 };
	bool ok = w->who != SUBJECT_PLAIN && process_stop(w->d.pid); /* the plain driver writes no secret */

	if (!ok)
		return;
	place_files(w->d.pid, w->wallets, w->s, &t);
	process_continue(w->d.pid);
	table_add(moment, "files", promise, w->who, &t, w->s, 1);
}

void world_look_everywhere(struct world *w, const char *moment, enum promise promise)
{
	struct tally core = { 0 }, registers = { 0 }, swapped = { 0 };
	const char *why = "";

	world_look(w, moment, promise);
	(void)look(w, w->d.pid, HOW_VM_READV, moment, "process_vm_readv", promise);
	look_at_child(w, moment, promise);
	look_at_files(w, moment, promise);
	if (place_gcore(w->d.pid, w->dir, w->s, &core, &registers, &why))
		table_add(moment, "core of gcore", promise, w->who, &core, w->s, 1);
	else
		table_skip("core of gcore", why);
	if (w->paths->quick)
		table_skip("swap file", "this is left to `make check-memory'");
	else if (place_swap(w->d.pid, w->dir, w->s, &swapped, &why))
		table_add(moment, "swap file", promise, w->who, &swapped, w->s, 1);
	else
		table_skip("swap file", why);
}
