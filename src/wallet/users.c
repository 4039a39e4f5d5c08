/* SPDX-License-Identifier: Apache-2.0 */
/* Named users. A user is a wrap of the wallet key with his name in it, in any role from WALLET_NAMED on. */
#include "base/error.h"
#include "wallet/pin.h"
#include "wallet/wallet_internal.h"

static struct cf_status no_such_user(void)
{
	return error_set(CF_STATUS(NOT_FOUND), "the wallet has no such user");
}

/* Calls fn for each; it answers true to go on. Lock held. */
static struct cf_status each_wrap(struct wallet *w,
				  bool (*fn)(unsigned role, const struct wrap *wrap, uint32_t failures, void *arg), void *arg)
{
	for (unsigned from = WALLET_NAMED;;) {
		AUTO_BUF bytes = BUF_INIT(WRAP_MAX);
		struct wrap wrap;
		unsigned role = from;
		uint32_t failures = 0;
		struct cf_status status = store_wrap_next(w->store, from, &role, &bytes, &failures);

		if (cf_is(status, CF_CODE_NOT_FOUND))
			return CF_OK;
		CF_TRY(status);
		CF_TRY(wrap_decode(buf_span(&bytes), &wrap));
		if (role >= WALLET_ROLES || wrap.user[0] == '\0')
			return error_set(CF_STATUS(CORRUPT), "a PIN record of the wallet is damaged");
		if (!fn(role, &wrap, failures, arg))
			return CF_OK;
		from = role + 1;
	}
}

struct place {
	struct span name;
	unsigned role;   /* of the user with that name, else 0 */
	unsigned vacant; /* the lowest role that nobody has */
};

static bool look(unsigned role, const struct wrap *wrap, uint32_t failures, void *arg)
{
	struct place *p = arg;

	(void)failures;
	if (role == p->vacant)
		p->vacant++;
	if (span_eq(span_str(wrap->user), p->name))
		p->role = role;
	return true;
}

static struct cf_status find_locked(struct wallet *w, struct span name, struct place *p)
{
	*p = (struct place){ .name = name, .vacant = WALLET_NAMED };
	return each_wrap(w, look, p);
}

/* The same outside of a change. */
static struct cf_status find_in_snapshot(struct wallet *w, struct span name, struct place *p)
{
	struct cf_status status;
	LOCKED(&w->lock);

	CF_TRY(store_snapshot(w->store));
	status = find_locked(w, name, p);
	store_snapshot_end(w->store);
	return status;
}

struct cf_status wallet_user_find(struct wallet *w, struct span name, unsigned *role)
{
	struct place p;

	CF_TRY(find_in_snapshot(w, name, &p));
	*role = p.role;
	return p.role != 0 ? CF_OK : no_such_user();
}

static struct cf_status vacant_role(struct wallet *w, struct span name, unsigned *role)
{
	struct place p;

	CF_TRY(find_in_snapshot(w, name, &p));
	if (p.role != 0)
		return error_set(CF_STATUS(EXISTS), "the wallet has a user of that name already");
	if (p.vacant >= WALLET_ROLES)
		return error_set(CF_STATUS(LIMIT), "the wallet has %d named users, which is the most", WALLET_ROLES - WALLET_NAMED);
	*role = p.vacant;
	return CF_OK;
}

/* What was found vacant without the transaction may be taken by now: AGAIN. */
static struct cf_status put_user(struct wallet *w, struct secret *key, struct span name, unsigned role, struct span wrap)
{
	struct place p;

	CF_TRY(wallet_refresh(w, key));
	CF_TRY(find_locked(w, name, &p));
	if (p.role != 0 || p.vacant != role)
		return error_set(CF_STATUS(AGAIN), "another user was added at the same time: try again");
	CF_TRY(store_wrap_put(w->store, role, wrap));
	return store_commit(w->store);
}

static struct cf_status put_user_locked(struct wallet *w, struct secret *key, struct span name, unsigned role, struct span wrap)
{
	struct cf_status status;
	LOCKED(&w->lock);

	CF_TRY(store_begin(w->store));
	status = put_user(w, key, name, role, wrap);
	if (cf_failed(status))
		store_rollback(w->store);
	return status;
}

struct cf_status wallet_user_add(struct wallet *w, struct secret *key, struct span name, struct span pin,
				 const struct wallet_kdf *kdf)
{
	AUTO_BUF bytes = BUF_INIT(WRAP_MAX);
	char user[WALLET_USER_NAME_MAX + 1] = { 0 };
	unsigned role = 0;

	if (name.n == 0 || name.n > WALLET_USER_NAME_MAX)
		return error_set(CF_STATUS(INVALID), "a user's name has 1 to %d bytes", WALLET_USER_NAME_MAX);
	bytes_copy(user, name.p, name.n);
	if (strlen(user) != name.n || !wallet_text_is_plain(user))
		return error_set(CF_STATUS(INVALID), "a user's name has no control characters");
	CF_TRY(vacant_role(w, name, &role));
	CF_TRY(pin_wrap(&w->identity, key, role, user, pin, kdf, &bytes));
	return put_user_locked(w, key, name, role, buf_span(&bytes));
}

static struct cf_status remove_user(struct wallet *w, struct secret *key, struct span name)
{
	struct place p;

	CF_TRY(wallet_refresh(w, key));
	CF_TRY(find_locked(w, name, &p));
	if (p.role == 0)
		return no_such_user();
	CF_TRY(store_wrap_remove(w->store, p.role));
	return store_commit(w->store);
}

struct cf_status wallet_user_remove(struct wallet *w, struct secret *key, struct span name)
{
	struct cf_status status;
	LOCKED(&w->lock);

	CF_TRY(store_begin(w->store));
	status = remove_user(w, key, name);
	if (cf_failed(status))
		store_rollback(w->store);
	return status;
}

struct listing {
	wallet_user_fn fn;
	void *arg;
};

static bool list_one(unsigned role, const struct wrap *wrap, uint32_t failures, void *arg)
{
	const struct listing *l = arg;
	struct wallet_user user = { .pin = { true, failures, wrap->to_be_changed } };

	(void)role;
	bytes_copy(user.name, wrap->user, sizeof(user.name));
	l->fn(&user, l->arg);
	return true;
}

struct cf_status wallet_users_each(struct wallet *w, wallet_user_fn fn, void *arg)
{
	struct listing l = { fn, arg };
	struct cf_status status;
	LOCKED(&w->lock);

	CF_TRY(store_snapshot(w->store));
	status = each_wrap(w, list_one, &l);
	store_snapshot_end(w->store);
	return status;
}
