/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at everything: what a read would check, and what no single read can see. */
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "wallet/wallet_internal.h"

#define TERMS_MAX 64
#define SMALL_OBJECT 1024

struct audit {
	struct wallet *w;
	struct secret *key;
	const struct wallet_checker *checker;
	uint64_t objects, terms, faults;
};

static __attribute__((format(printf, 2, 3))) void fault(struct audit *a, const char *format, ...)
{
	char sentence[ERROR_TEXT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	a->faults++;
	a->checker->report(sentence, a->checker->arg);
}

struct object_work {
	struct audit *audit;
	const struct wallet_object *object;
	struct buf terms; /* what the object says its terms are */
	struct cf_status status;
};

static struct cf_status object_terms_in_scope(struct vault_scope *scope, struct object_work *work)
{
	const struct wallet_object *o = work->object;
	const struct wallet_checker *checker = work->audit->checker;
	struct wallet_term terms[TERMS_MAX];
	struct wallet_keys keys;
	uint8_t small[SMALL_OBJECT];
	struct mspan plain = MSPAN_OF(small);
	size_t n, count = 0;

	CF_TRY(keys_open(scope, work->audit->key, &keys));
	if (o->is_private) {
		/* Guarded memory of its own costs several system calls, for each object of the wallet. */
		if (o->body.n > sizeof(small))
			CF_TRY(vault_scope_alloc(scope, o->body.n, &plain));
		CF_TRY(object_unseal(scope, &keys, &work->audit->w->identity, o, plain, &n));
	} else {
		CF_TRY(object_check_public(scope, &keys, &work->audit->w->identity, o));
		plain = mspan(o->body.p, o->body.n - FORMAT_MAC_SIZE);
		n = plain.n;
	}
	CF_TRY(checker->terms_of(scope, span(plain.p, n), terms, TERMS_MAX, &count, checker->arg));
	for (size_t i = 0; i < count; i++) {
		uint8_t term[WALLET_TERM_SIZE];

		if (o->is_private)
			term_private(scope, &keys, &terms[i], term);
		else
			term_public(&work->audit->w->identity, &terms[i], term);
		buf_bytes(&work->terms, SPAN_OF(term));
	}
	return buf_status(&work->terms);
}

static void object_in_scope(struct vault_scope *scope, void *arg)
{
	struct object_work *work = arg;

	work->status = object_terms_in_scope(scope, work);
}

static struct cf_status check_index(struct audit *a, const struct wallet_object *o, struct span terms)
{
	if (!span_eq(terms, buf_span(&o->terms)))
		fault(a, "object %llu: its search terms are not those of its attributes", (unsigned long long)o->number);
	for (; terms.n >= WALLET_TERM_SIZE; terms = span_skip(terms, WALLET_TERM_SIZE)) {
		bool there;

		CF_TRY(store_term_there(a->w->store, terms.p, o->number, &there));
		if (!there)
			fault(a, "object %llu: an entry of the index is missing", (unsigned long long)o->number);
		a->terms++;
	}
	return CF_OK;
}

/* A fault of the object is reported; only what prevents the audit is returned. */
static struct cf_status check_object(struct audit *a, uint64_t number)
{
	AUTO_WALLET_OBJECT o = WALLET_OBJECT_INIT;
	struct object_work work = { .audit = a, .object = &o, .terms = BUF_INIT(TERMS_MAX * WALLET_TERM_SIZE) };
	struct cf_status status = fetch_locked(a->w, a->key, &a->w->header, NULL, number, &o);

	if (cf_ok(status)) {
		CF_TRY(vault_run(object_in_scope, &work));
		status = work.status;
	}
	a->objects++;
	if (cf_ok(status))
		status = check_index(a, &o, buf_span(&work.terms));
	else if (cf_is(status, CF_CODE_FORGED) || cf_is(status, CF_CODE_CORRUPT) || cf_is(status, CF_CODE_NOT_FOUND)) {
		fault(a, "object %llu: %s", (unsigned long long)number,
		      error_text()[0] != '\0' ? error_text() : "its attributes are damaged");
		status = CF_OK;
	}
	buf_release(&work.terms);
	return status;
}

static struct cf_status check_objects(struct audit *a)
{
	uint64_t after = 0;

	for (;;) {
		AUTO_STORE_OBJECT row = STORE_OBJECT_INIT;
		struct cf_status status = store_object_next(a->w->store, after, &row);

		if (cf_is(status, CF_CODE_NOT_FOUND))
			return CF_OK;
		CF_TRY(status);
		after = row.number;
		CF_TRY(check_object(a, row.number));
	}
}

/* Each row is known to be in the set; as many rows as the set has members means that none is missing. */
static struct cf_status check_counts(struct audit *a)
{
	uint64_t terms, rows;

	CF_TRY(store_objects_count(a->w->store, &rows));
	if (rows != a->objects)
		fault(a, "there are rows with numbers that no object has");
	if (a->objects != a->w->header.objects)
		fault(a, "%llu objects are there and %llu should be", (unsigned long long)a->objects,
		      (unsigned long long)a->w->header.objects);
	CF_TRY(store_terms_count(a->w->store, &terms));
	if (terms != a->terms)
		fault(a, "the index has %llu entries and should have %llu", (unsigned long long)terms,
		      (unsigned long long)a->terms);
	return CF_OK;
}

static struct cf_status audit(struct audit *a)
{
	struct cf_status status = wallet_refresh(a->w, a->key);

	if (cf_is(status, CF_CODE_FORGED)) {
		fault(a, "%s", error_text());
		return CF_OK;
	}
	CF_TRY(status);
	if (cf_failed(store_check(a->w->store)))
		fault(a, "%s", error_text());
	CF_TRY(check_objects(a));
	return check_counts(a);
}

struct cf_status wallet_verify(struct wallet *w, struct secret *key, const struct wallet_checker *checker,
			       uint64_t *objects, uint64_t *faults)
{
	struct audit a = { .w = w, .key = key, .checker = checker };
	struct cf_status status;
	LOCKED(&w->lock);

	CF_TRY(store_snapshot(w->store));
	/* From the file, not from what an earlier read left. */
	w->header_loaded = false;
	set_cache_drop(w);
	status = audit(&a);
	store_snapshot_end(w->store);
	*objects = a.objects;
	*faults = a.faults;
	return status;
}
