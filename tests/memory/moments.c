/* SPDX-License-Identifier: Apache-2.0 */
#include "moments.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "coffer/pkcs11-3.h"
#include "fault/fail.h"
#include "known.h"
#include "places.h"

/* Cheap enough to be called often; the moment "in Argon2id" has the standard figures. */
#define CHEAP "argon2-memory = 1024\nargon2-passes = 1\n"

struct plan {
	unsigned signing, changing, deriving, mechanism; /* how many looks */
	unsigned failures; /* of each kind */
};
static const struct plan plans[2] = { { 300, 200, 40, 20, 120 }, { 40, 30, 8, 1, 10 } }; /* full, quick */

static uint64_t pin_request(struct world *w, uint32_t op, uint64_t user, const char *pin, const char *new_pin_opt)
{
	struct asking q;

	ask(&q, op, w->session, user, 0, 0);
	ask_field(&q, FIELD_PIN, pin, PIN_SIZE);
	if (new_pin_opt != NULL)
		ask_field(&q, FIELD_NEW_PIN, new_pin_opt, PIN_SIZE);
	return tell(&w->d, &q, NULL);
}

/* ---- loads: what the driver's threads repeat ---- */

static void load_signing(struct world *w)
{
	for (unsigned i = 0; i < KEYS; i++) {
		struct asking q;

		world_ask_sign(w, &q, DO_STORE, i);
		(void)tell(&w->d, &q, NULL);
	}
}

/* Objects come and go, are found and read. */
static void load_changing(struct world *w)
{
	struct asking q;

	world_ask_data(w, &q, DO_STORE);
	(void)tell(&w->d, &q, NULL);
	ask(&q, DO_FIND | DO_STORE, 0, 0, 0, 0);
	ask_field(&q, CKA_LABEL, w->object_label, sizeof(w->object_label));
	(void)tell(&w->d, &q, NULL);
	ask(&q, DO_GET | DO_STORE, 0, w->data, CKA_VALUE, 0);
	(void)tell(&w->d, &q, NULL);
}

static void under_load(struct world *w, void (*load)(struct world *w), const char *moment, unsigned looks)
{
	struct told told;

	load(w);
	table_check(tell_plain(&w->d, DO_START, w->slot, 2, NULL) == CKR_OK, "the load could be started");
	world_look_often(w, moment, looks);
	if (!w->paths->quick)
		world_look_everywhere(w, moment, PROMISE_BUSY);
	table_check(tell_plain(&w->d, DO_STOP, 0, 0, &told) == CKR_OK && told.head.number[0] > 0 &&
			    (told.head.number[1] == CKR_OK || !w->is_coffer),
		    "the load ran without an error");
	(void)tell_plain(&w->d, DO_FORGET, 0, 0, NULL);
}

/* ---- moments ---- */

static bool begin_with(struct world *w, const struct paths *paths, enum subject who, const char *configuration,
		       const char *preload)
{
	bool ok = world_new(w, who, paths, configuration) && world_start(w, preload) && world_token(w);

	table_check(ok, "a token could be made");
	return ok;
}

static bool begin(struct world *w, const struct paths *paths, enum subject who, const char *configuration)
{
	return begin_with(w, paths, who, configuration, NULL);
}

static bool begin_with_objects(struct world *w, const struct paths *paths, enum subject who,
			       const char *configuration)
{
	bool ok = begin(w, paths, who, configuration);

	ok = ok && world_login(w, w->user_pin) && world_objects(w);
	table_check(ok, "keys whose secrets are known could be imported, and signed with");
	return ok;
}

static void change_pin(struct world *w)
{
	bool ok = pin_request(w, DO_SET_PIN, 0, w->user_pin, w->new_pin) == CKR_OK;

	if (ok && w->is_coffer)
		ok = known_wallet(w->s, w->wallet, ROLE_USER, w->new_pin, w->wallet_key);
	table_check(ok, "the PIN could be changed");
	world_look(w, "after C_SetPIN", PROMISE_IDLE);
}

static void log_out_and_in(struct world *w)
{
	table_check(tell_plain(&w->d, DO_LOGOUT, w->session, 0, NULL) == CKR_OK, "C_Logout");
	world_look(w, "after C_Logout", PROMISE_IDLE);
	table_check(pin_request(w, DO_LOGIN, CKU_USER, w->bad_pin, NULL) == CKR_PIN_INCORRECT &&
			    pin_request(w, DO_LOGIN, CKU_USER, w->user_pin, NULL) == CKR_PIN_INCORRECT,
		    "a wrong PIN and the old one are refused");
	world_look(w, "after a failed login", PROMISE_IDLE);
	table_check(world_login(w, w->new_pin), "a login with the new PIN");
	table_check(world_sign(w, 0), "a signature after it");
	world_look(w, "logged in again", PROMISE_IDLE);
}

static void wind_up(struct world *w)
{
	table_check(tell_plain(&w->d, DO_CLOSE_ALL, w->slot, 0, NULL) == CKR_OK, "C_CloseAllSessions");
	world_look(w, "after C_CloseAllSessions", PROMISE_IDLE);
	table_check(world_login(w, w->new_pin), "a login after it");
	table_check(tell_plain(&w->d, DO_FINALIZE, 0, 0, NULL) == CKR_OK, "C_Finalize");
	world_look(w, "after C_Finalize", PROMISE_IDLE);
	table_check(tell_plain(&w->d, DO_CLOSE, 0, 0, NULL) == CKR_OK, "dlclose");
	world_look(w, "after dlclose", PROMISE_IDLE);
}

/* SoftHSM is spared what it does not survive: two threads that make objects, handles that outlive a logout. */
static void more_of_life(struct world *w, const struct plan *plan)
{
	under_load(w, load_changing, "objects made, found, read", plan->changing);
	change_pin(w);
	log_out_and_in(w);
	wind_up(w);
}

static void life(const struct paths *paths, enum subject who, const struct plan *plan)
{
	struct world w;

	if (begin_with_objects(&w, paths, who, CHEAP)) {
		world_look_everywhere(&w, "logged in, idle", PROMISE_IDLE);
		under_load(&w, load_signing, "signing, 2 threads", plan->signing);
		if (w.is_coffer)
			more_of_life(&w, plan);
	}
	world_free(&w);
}

#define ARGON2ID_SIZE ((uint64_t)64 << 20)

/* Looks while one login with the standard Argon2id runs: only while its working memory is mapped. */
static unsigned look_in_login(struct world *w, unsigned most)
{
	unsigned looks = 0;
	struct asking q;

	ask(&q, DO_LOGIN, w->session, CKU_USER, 0, 0);
	ask_field(&q, FIELD_PIN, w->user_pin, PIN_SIZE);
	(void)tell_send(&w->d, &q);
	for (int i = 0; i < 100 && looks < most; i++) {
		if (!process_stop(w->d.pid))
			return 0;
		if (process_maps(w->d.pid, ARGON2ID_SIZE)) {
			world_look_often(w, "in Argon2id, 64 MiB", 1);
			looks++;
		}
		process_continue(w->d.pid);
		world_wait(20);
	}
	table_check(tell_wait(&w->d, NULL) == CKR_OK, "a login that was stopped again and again");
	return looks;
}

static void in_argon2id(const struct paths *paths, enum subject who, const struct plan *plan)
{
	unsigned looks = 0;
	struct world w;

	if (begin(&w, paths, who, "") && world_login(&w, w.user_pin)) {
		world_look(&w, "logged in, idle", PROMISE_IDLE); /* and the control is given all */
		for (int i = 0; i < 40 && looks < plan->deriving; i++) {
			(void)tell_plain(&w.d, DO_LOGOUT, w.session, 0, NULL);
			looks += look_in_login(&w, plan->deriving - looks);
		}
		table_check(looks == plan->deriving, "Argon2id was seen at work");
	}
	world_free(&w);
}

static void each_mechanism(const struct paths *paths, enum subject who, const struct plan *plan)
{
	struct world w;

	/* Its wrapping key is imported, since the scanner has to know it; what is off by default is on. */
	if (begin(&w, paths, who, CHEAP "allow-unsafe-wrapping = yes\n"
		  "enabled-mechanisms = CKM_DES2_KEY_GEN CKM_DES3_KEY_GEN CKM_DES3_ECB CKM_DES3_CBC CKM_DES3_CBC_PAD CKM_DES3_CMAC "
		  "CKM_DES3_CMAC_GENERAL\n") && world_login(&w, w.user_pin))
		moments_mechanisms(&w, plan->mechanism);
	world_free(&w);
}

static void idle_lock(const struct paths *paths, enum subject who)
{
	struct world w;

	if (begin_with_objects(&w, paths, who, CHEAP "idle-lock = 1\n")) {
		(void)nanosleep(&(struct timespec){ .tv_sec = 2 }, NULL);
		world_look(&w, "after the idle lock", PROMISE_IDLE);
	}
	world_free(&w);
}

/* ---- failures in the middle of operations ---- */

static void all_operations(struct world *w)
{
	struct asking q;
	struct told told;

	(void)tell_plain(&w->d, DO_LOGOUT, w->session, 0, NULL);
	(void)pin_request(w, DO_LOGIN, CKU_USER, w->user_pin, NULL);
	world_ask_sign(w, &q, 0, 0);
	(void)tell(&w->d, &q, NULL);
	world_ask_data(w, &q, 0);
	if (tell(&w->d, &q, &told) == CKR_OK) {
		ask(&q, DO_DESTROY, w->session, told.head.number[0], 0, 0);
		(void)tell(&w->d, &q, NULL);
	}
	(void)pin_request(w, DO_SET_PIN, 0, w->user_pin, w->user_pin);
}

/* One call of the kind fails, the next one in each round. */
static void fail_each(struct world *w, int kind, unsigned rounds)
{
	for (unsigned n = 0; n < rounds; n++) {
		(void)tell_plain(&w->d, DO_FAIL, (uint64_t)kind, n, NULL);
		all_operations(w);
	}
	(void)tell_plain(&w->d, DO_FAIL, ~(uint64_t)0, 0, NULL);
	world_look(w, "after injected failures", PROMISE_IDLE);
}

static void injected_failures(const struct paths *paths, enum subject who, unsigned rounds)
{
	struct world w;

	if (paths->fail == NULL)
		return;
	if (begin_with(&w, paths, who, CHEAP, paths->fail) && world_login(&w, w.user_pin) && world_objects(&w)) {
		for (int kind = 0; kind < FAIL_KINDS; kind++)
			fail_each(&w, kind, rounds);
		(void)pin_request(&w, DO_LOGIN, CKU_USER, w.user_pin, NULL);
		table_check(world_sign(&w, 0), "after all failures a signature is right");
	}
	world_free(&w);
}

/* ---- cores ---- */

static void die(struct world *w, const char *place, const char *core)
{
	struct tally memory = { 0 }, registers = { 0 };
	const char *why = "";
	struct asking q;

	load_signing(w);
	table_check(tell_plain(&w->d, DO_START, w->slot, 2, NULL) == CKR_OK, "the load could be started");
	(void)nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	ask(&q, DO_ABORT, 0, 0, 0, 0);
	(void)tell_send(&w->d, &q);
	table_check(WIFSIGNALED(driver_end(&w->d)), "abort() ends the process");
	/* What reads the pipe may still be writing. */
	for (int i = 0; i < 50 && access(core, R_OK) != 0; i++)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	if (!place_core(core, w->s, &memory, &registers, &why)) {
		table_skip(place, why);
		return;
	}
	table_add("signing, 2 threads", place, PROMISE_BUSY, w->who, &memory, w->s, 1);
	if (w->who != SUBJECT_PLAIN)
		table_add("signing, 2 threads", "registers in cores", PROMISE_NONE, w->who, &registers, w->s, 1);
}

static void core_dump(const struct paths *paths, enum subject who, bool piped)
{
	const char *place = piped ? "core through a pipe" : "core of abort()";
	const char *why = "this is left to `make check-memory'";
	char core[320];
	struct world w;

	if (!begin_with_objects(&w, paths, who, CHEAP)) {
		world_free(&w);
		return;
	}
	(void)snprintf(core, sizeof(core), "%s/%s", w.dir, piped ? "piped" : "core");
	if (paths->quick ? !piped && place_core_is_here() : place_core_pattern(w.dir, piped ? core : NULL, &why)) {
		world_look(&w, "logged in, idle", PROMISE_IDLE); /* and the control is given all */
		die(&w, place, core);
		place_core_pattern_restore();
	} else {
		table_skip(place, why);
	}
	world_free(&w);
}

void moments_all(const struct paths *paths, enum subject who)
{
	const struct plan *plan = &plans[paths->quick ? 1 : 0];

	life(paths, who, plan);
	each_mechanism(paths, who, plan);
	if (who != SUBJECT_SOFTHSM) {
		in_argon2id(paths, who, plan);
		idle_lock(paths, who);
		injected_failures(paths, who, plan->failures);
	}
	core_dump(paths, who, false);
	core_dump(paths, who, true);
}
