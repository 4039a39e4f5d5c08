/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of a library that are kept with a key, and the benches that they lie on (vault/keep.h, vault/bench.h). */
#include "vault/keep.h"

#include <malloc.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>

#include "vault/heap.h"
#include "vault/nest.h"
#include "vault/pages.h"
#include "vault_kit.h"

/* ---- what stands for a library's key object ---- */

#define TEXT 100
#define LINKS 5

struct link {
	struct link *next;
	uint8_t text[TEXT];
};

struct object {
	struct link *links;
	void *lock; /* on the ordinary heap, as libcrypto's locks are */
	unsigned uses;
};

static _Atomic int made, freed;

static void object_free(void *p)
{
	struct object *o = p;

	for (struct link *l = o->links, *next; l != NULL; l = next) {
		next = l->next;
		(void)heap_free(l);
	}
	free(o->lock);
	(void)heap_free(o);
	freed++;
}

static bool add_link(struct object *o, uint8_t first)
{
	void *passing = heap_alloc(200); /* leaves a hole */
	struct link *l = heap_alloc(sizeof(*l));

	(void)heap_free(passing);
	if (l == NULL)
		return false;
	memset(l->text, first, TEXT);
	l->next = o->links;
	o->links = l;
	return true;
}

static void *object_make(const void *from)
{
	struct object *o = heap_alloc(sizeof(*o));
	bool whole = o != NULL;

	if (o == NULL)
		return NULL;
	o->lock = malloc(40);
	for (int i = 0; i < LINKS && whole; i++)
		whole = add_link(o, *(const uint8_t *)from);
	made++;
	if (whole)
		return o;
	object_free(o);
	return NULL;
}

static const struct keep_kind kind = { .make = object_make, .free = object_free };

static bool object_whole(const struct object *o, uint8_t first)
{
	size_t links = 0;

	for (const struct link *l = o->links; l != NULL; l = l->next, links++)
		for (size_t i = 0; i < TEXT; i++)
			if (l->text[i] != first)
				return false;
	return links == LINKS;
}

/* An operation writes nothing to it that is to last. */
static const struct keep_kind settled = { .make = object_make, .free = object_free, .settled = true };

/* ---- one use of it ---- */

struct work {
	struct keep *keep;
	bool settled;
	uint8_t first;
	size_t room;
	size_t more;     /* a block that is taken and freed on the way */
	bool damaged;    /* what comes of the use */
	void *at;        /* where the object lay; NULL: there was none */
	void *lock;
	unsigned uses;   /* before this one */
	bool whole;
};

static void use_in(struct vault_scope *scope, void *arg)
{
	struct work *w = arg;
	struct keep_use use;
	struct object *o = keep_take(scope, w->keep, w->settled ? &settled : &kind, w->room == 0 ? 4096 : w->room, &w->first, &use);

	w->at = o;
	if (o == NULL)
		return;
	w->lock = o->lock;
	w->whole = object_whole(o, w->first);
	w->uses = o->uses++;
	if (w->more != 0)
		(void)heap_free(heap_alloc(w->more));
	keep_give(scope, &use, !w->damaged);
}

static void use(struct work *w)
{
	REQUIRE(cf_ok(vault_run(use_in, w)));
}

static size_t sealed(void)
{
	struct vault_info info;

	vault_get_info(&info);
	return info.secret_count;
}

static void start(void)
{
	kit_open();
	made = freed = 0;
}

/* All that was made is freed, and nothing is left of it. */
static void finish(struct keep *keep)
{
	if (keep != NULL)
		keep_clear(keep);
	CHECK(made == freed && sealed() == 0 && heap_blocks() == 0);
	vault_close();
}

/* ---- tests ---- */

static void an_object_is_made_once(void)
{
	struct keep keep = KEEP_INIT;
	struct work w = { .keep = &keep, .first = 7 };
	void *at;

	start();
	use(&w);
	at = w.at;
	for (unsigned i = 1; i < 10; i++) {
		use(&w);
		CHECK(w.at == at && w.whole && w.uses == i);
	}
	CHECK(made == 1 && freed == 0 && sealed() == 1);
	finish(&keep);
}

static void between_two_uses_it_lies_sealed(void)
{
	struct keep keep = KEEP_INIT;
	struct work w = { .keep = &keep, .first = 0xc3 };
	uint8_t plain[16];

	start();
	use(&w);
	memset(plain, w.first, sizeof(plain));
	CHECK(sodium_is_zero(w.at, 4096));
	for (size_t i = 0; i < BENCHES; i++) {
		/* kept: its kind, the object, the secret */
		void *const *k = (void *const *)(void *)atomic_load(&keep.on[i]);

		CHECK((k != NULL) == (i == 0));
		if (k != NULL)
			CHECK(memmem(k[2], malloc_usable_size(k[2]), plain, sizeof(plain)) == NULL &&
			      malloc_usable_size(k[2]) >= LINKS * TEXT);
	}
	finish(&keep);
}

static void a_damaged_one_is_freed(void)
{
	struct keep keep = KEEP_INIT;
	struct work w = { .keep = &keep, .first = 7, .damaged = true };

	start();
	use(&w);
	CHECK(made == 1 && freed == 1 && sealed() == 0);
	w.damaged = false;
	use(&w);
	CHECK(w.uses == 0 && made == 2);
	w.damaged = true;
	use(&w);
	CHECK(w.uses == 1 && freed == 2);
	finish(&keep);
}

/* It is as it was made, whatever its uses did; what they take lies elsewhere. */
static void a_settled_one_is_sealed_once(void)
{
	struct keep keep = KEEP_INIT;
	struct work w = { .keep = &keep, .settled = true, .first = 7, .more = 100000 };
	const struct kept *kept;

	start();
	use(&w);
	kept = atomic_load(&keep.on[0]);
	CHECK(kept != NULL && sealed() == 1 && heap_blocks() == 0);
	for (int i = 0; i < 5; i++) {
		use(&w);
		CHECK(w.whole && w.uses == 0 && atomic_load(&keep.on[0]) == kept);
	}
	CHECK(made == 1 && freed == 0);
	w.damaged = true;
	use(&w);
	CHECK(made == 1 && freed == 1 && sealed() == 0 && atomic_load(&keep.on[0]) == NULL);
	w.damaged = false;
	use(&w);
	CHECK(made == 2 && sealed() == 1);
	finish(&keep);
}

static void without_a_place_to_keep_it_is_freed(void)
{
	struct work w = { .keep = NULL, .first = 7 };

	start();
	use(&w);
	CHECK(w.whole && made == 1 && freed == 1 && sealed() == 0);
	finish(NULL);
}

/* A block that does not fit on the bench lies elsewhere: whether it is a part of the object nobody knows. */
static void what_does_not_fit_is_not_kept(void)
{
	struct keep keep = KEEP_INIT;
	struct work w = { .keep = &keep, .first = 7, .more = 100000 };

	start();
	use(&w);
	CHECK(w.whole && made == 1 && freed == 1 && sealed() == 0);
	w.room = 200000;
	use(&w);
	CHECK(made == 2 && freed == 1 && sealed() == 1);
	use(&w);
	CHECK(w.whole && w.uses == 1);
	finish(&keep);
}

static void *elsewhere_make(const void *from)
{
	(void)from;
	made++;
	return malloc(64);
}

static void piece_free(void *object)
{
	freed++;
	if (!heap_free(object))
		free(object);
}

/* A libcrypto that is the host's. */
static void use_elsewhere_in(struct vault_scope *scope, void *arg)
{
	static const struct keep_kind elsewhere = { .make = elsewhere_make, .free = piece_free };
	struct keep_use use;

	REQUIRE(keep_take(scope, arg, &elsewhere, 1000, NULL, &use) != NULL);
	keep_give(scope, &use, true);
}

static void what_lies_elsewhere_is_not_kept(void)
{
	struct keep keep = KEEP_INIT;

	start();
	REQUIRE(cf_ok(vault_run(use_elsewhere_in, &keep)));
	CHECK(made == 1 && freed == 1 && sealed() == 0);
	finish(&keep);
}

static void a_new_coffer_key_changes_nothing(void)
{
	struct keep keep = KEEP_INIT;
	struct work w = { .keep = &keep, .first = 7 };

	start();
	use(&w);
	REQUIRE(cf_ok(vault_rotate()));
	use(&w);
	CHECK(w.whole && w.uses == 1);
	finish(&keep);
}

static void a_vault_that_was_closed_takes_it_along(void)
{
	struct keep keep = KEEP_INIT;
	struct work w = { .keep = &keep, .first = 7 };

	void *lock;

	start();
	use(&w);
	lock = w.lock;
	vault_close();
	kit_open();
	use(&w);
	CHECK(w.whole && w.uses == 0 && made == 2);
	freed++; /* the first one: nobody can open it, and what it has elsewhere is lost */
	free(lock);
	finish(&keep);
}

static int in_child(void *arg)
{
	struct work *w = arg;

	vault_forget_after_fork();
	keep_clear(w->keep);
	if (cf_failed(vault_open(&kit_default)))
		return 1;
	if (cf_failed(vault_run(use_in, w)) || !w->whole || w->uses != 0)
		return 2;
	keep_clear(w->keep);
	vault_close();
	return 0;
}

static void a_child_makes_its_own(void)
{
	struct keep keep = KEEP_INIT;
	struct work w = { .keep = &keep, .first = 7 };

	start();
	use(&w);
	CHECK(kit_exited(kit_child(in_child, &w), 0));
	use(&w);
	CHECK(w.whole && w.uses == 1);
	finish(&keep);
}

/* ---- many keys, and threads ---- */

#define KEYS 3
#define ROUNDS 300

struct share {
	struct keep keep[KEYS]; /* the first one's object is settled */
	_Atomic int wrong;
};

static void *work_with_all(void *arg)
{
	struct share *s = arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct work w = { .keep = &s->keep[i % KEYS], .settled = i % KEYS == 0, .first = (uint8_t)(i % KEYS + 1), .more = 500 };

		if (cf_failed(vault_run(use_in, &w)) || w.at == NULL || !w.whole)
			s->wrong++;
	}
	return NULL;
}

static void threads_never_get_the_same(void)
{
	static struct share s;
	pthread_t thread[3];

	start();
	for (size_t i = 0; i < 3; i++)
		REQUIRE(pthread_create(&thread[i], NULL, work_with_all, &s) == 0);
	for (size_t i = 0; i < 3; i++)
		REQUIRE(pthread_join(thread[i], NULL) == 0);
	CHECK(s.wrong == 0 && made - freed >= KEYS && made - freed <= KEYS * BENCHES);
	for (size_t i = 0; i < KEYS; i++)
		keep_clear(&s.keep[i]);
	finish(NULL);
}

struct stay {
	struct keep *keep;
	_Atomic bool there, may_leave;
};

static void stay_in(struct vault_scope *scope, void *arg)
{
	static const uint8_t first = 1;
	struct stay *s = arg;
	struct keep_use use;

	REQUIRE(keep_take(scope, s->keep, &kind, 4096, &first, &use) != NULL);
	atomic_store(&s->there, true);
	while (!atomic_load(&s->may_leave))
		(void)usleep(100);
	keep_give(scope, &use, true);
}

static void *stay(void *arg)
{
	return cf_ok(vault_run(stay_in, arg)) ? arg : NULL;
}

/* While one is at the bench that both keys were made on, the other key is made on another.  Nobody waits for it: what lay there is freed by the
 * thread that is at it. */
static void a_bench_is_one_threads(void)
{
	struct keep keep = KEEP_INIT, other = KEEP_INIT;
	struct stay s = { .keep = &keep };
	struct work w = { .keep = &other, .first = 1 };
	pthread_t thread;
	void *at, *result;

	start();
	use(&w);
	at = w.at;
	REQUIRE(pthread_create(&thread, NULL, stay, &s) == 0);
	while (!atomic_load(&s.there))
		(void)usleep(100);
	use(&w);
	CHECK(w.whole && w.at != at && w.uses == 0 && made == 3);
	keep_clear(&other);
	CHECK(freed == 1);
	atomic_store(&s.may_leave, true);
	REQUIRE(pthread_join(thread, &result) == 0);
	CHECK(result == &s && freed == 2);
	finish(&keep);
}

/* What an operation holds in its nest around the use of a kept object, as a signature of PSS does. */
static void use_in_nest(struct vault_scope *scope, void *arg)
{
	void *around;

	nest_open(scope);
	around = heap_alloc(100);
	use_in(scope, arg);
	(void)heap_free(around);
	nest_close(scope);
}

static int at_a_bench_in_child(void *arg)
{
	struct work *w = arg;
	struct vault_info info;

	vault_forget_after_fork();
	if (cf_failed(vault_open(&kit_default)))
		return 1;
	for (unsigned i = 0; i < 3; i++)
		if (cf_failed(vault_run(use_in_nest, w)) || !w->whole || w->uses != i)
			return 2;
	vault_get_info(&info);
	return info.damaged || heap_blocks() != 0 ? 3 : 0;
}

static void a_child_does_not_miss_the_thread_that_was_at_one(void)
{
	struct keep keep = KEEP_INIT, other = KEEP_INIT;
	struct stay s = { .keep = &keep };
	struct work w = { .keep = &other, .first = 1 };
	pthread_t thread;

	start();
	REQUIRE(pthread_create(&thread, NULL, stay, &s) == 0);
	while (!atomic_load(&s.there))
		(void)usleep(100);
	if (!KIT_SANITIZED) /* whose own locks may be held in the child */
		CHECK(kit_exited(kit_child(at_a_bench_in_child, &w), 0));
	atomic_store(&s.may_leave, true);
	REQUIRE(pthread_join(thread, NULL) == 0);
	finish(&keep);
}

#define LARGE ((size_t)64 << 10)
#define MANY 300

static void *large_make(const void *from)
{
	(void)from;
	made++;
	return heap_alloc(LARGE);
}

static void use_large_in(struct vault_scope *scope, void *arg)
{
	static const struct keep_kind large = { .make = large_make, .free = piece_free };
	struct keep_use use;

	REQUIRE(keep_take(scope, arg, &large, 3 * LARGE, NULL, &use) != NULL);
	keep_give(scope, &use, true);
}

static void what_all_keep_is_limited(void)
{
	static struct keep many[MANY];
	size_t fit = KEEP_BYTES_MAX / LARGE - 1; /* each takes some bytes more */

	start();
	for (size_t i = 0; i < MANY; i++)
		REQUIRE(cf_ok(vault_run(use_large_in, &many[i])));
	CHECK(sealed() == fit && freed == (int)(MANY - fit));
	/* There is room again. */
	keep_clear(&many[0]);
	REQUIRE(cf_ok(vault_run(use_large_in, &many[MANY - 1])));
	CHECK(sealed() == fit);
	for (size_t i = 0; i < MANY; i++)
		keep_clear(&many[i]);
	finish(NULL);
}

/* ---- when memory is missing ---- */

static void any_fault_leaves_nothing(void)
{
	struct keep keep = KEEP_INIT;

	start();
	for (long skip = 0; skip < 40; skip++) {
		struct work w = { .keep = &keep, .settled = skip % 4 < 2, .first = 9 };

		kit_fail(-1, skip, false);
		cf_ignore(vault_run(use_in, &w), "it may have failed");
		kit_no_faults();
		CHECK(w.at == NULL || w.whole);
		use(&w);
		CHECK(w.at != NULL && w.whole);
		if (skip % 2 == 0)
			keep_clear(&keep);
	}
	finish(&keep);
}

static int on_small_host(void *arg)
{
	const struct rlimit limit = { 64 * 1024, 64 * 1024 };
	struct vault_config config = { .prefer_locked = true };
	struct work *w = arg;

	if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
		return 1;
	if (cf_failed(vault_open(&config)))
		return 2;
	for (int i = 0; i < 2; i++)
		if (cf_failed(vault_run(use_in, w)) || !w->whole || w->uses != 0)
			return 3;
	return 0;
}

static void a_small_host_makes_it_each_time(void)
{
	struct keep keep = KEEP_INIT;
	struct work w = { .keep = &keep, .first = 7 };

	/* A sanitizer's stacks are larger than that, and so are few larger pages. */
	if (geteuid() == 0 && !KIT_SANITIZED && pages_size() == 4096)
		CHECK(kit_exited(kit_child(on_small_host, &w), 0));
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "an object is made once", an_object_is_made_once },
		{ "between two uses it lies sealed", between_two_uses_it_lies_sealed },
		{ "a damaged one is freed", a_damaged_one_is_freed },
		{ "a settled one is sealed once", a_settled_one_is_sealed_once },
		{ "without a place to keep it is freed", without_a_place_to_keep_it_is_freed },
		{ "what does not fit is not kept", what_does_not_fit_is_not_kept },
		{ "what lies elsewhere is not kept", what_lies_elsewhere_is_not_kept },
		{ "a new coffer key changes nothing", a_new_coffer_key_changes_nothing },
		{ "a vault that was closed takes it along", a_vault_that_was_closed_takes_it_along },
		{ "a child makes its own", a_child_makes_its_own },
		{ "threads never get the same", threads_never_get_the_same },
		{ "a bench is one thread's", a_bench_is_one_threads },
		{ "a child does not miss the thread that was at one", a_child_does_not_miss_the_thread_that_was_at_one },
		{ "what all keep is limited", what_all_keep_is_limited },
		{ "any fault leaves nothing", any_fault_leaves_nothing },
		{ "a small host makes it each time", a_small_host_makes_it_each_time },
		{ NULL, NULL },
	};

	return unit_main("vault keep", tests);
}
