/* SPDX-License-Identifier: Apache-2.0 */
#include "mech/prepared.h"

#include "base/lock.h"
#include "ck/rv.h"
#include "mech/ossl_auto.h"
#include "mech/ossl_own.h"

static struct {
	struct lock lock;
	struct prepared *kept[PREPARED_MAX];
	size_t next;
} all;

CK_RV prepared_open(void)
{
	return rv_of(lock_init(&all.lock, LOCK_LEAF));
}

void prepared_close(void)
{
	lock_destroy(&all.lock);
}

void prepared_forget(void)
{
	const struct lock fresh = { PTHREAD_MUTEX_INITIALIZER, LOCK_LEAF };

	all.lock = fresh; /* a thread of the parent may have held it */
	all.next = 0;
	for (size_t i = 0; i < PREPARED_MAX; i++)
		all.kept[i] = NULL;
}

/* One more reference; NULL when there is none to have. */
static EVP_PKEY *shared(EVP_PKEY *object)
{
	return object != NULL && EVP_PKEY_up_ref(object) == 1 ? object : NULL;
}

static EVP_PKEY *ready(const struct prepared *p)
{
	LOCKED(&all.lock);
	return shared(p->object);
}

/* Lock held. What was kept there, for the caller to free. */
static EVP_PKEY *take_out(struct prepared *p)
{
	EVP_PKEY *object = p->object;

	p->object = NULL;
	all.kept[p->place] = NULL;
	return object;
}

/* The lock is not held while anything is freed. */
static void keep(struct prepared *p, EVP_PKEY *object)
{
	AUTO(evp_pkey_st) oldest = NULL;
	LOCKED(&all.lock);

	if (p->object != NULL || shared(object) == NULL)
		return; /* another thread was first */
	if (all.kept[all.next] != NULL)
		oldest = take_out(all.kept[all.next]);
	*p = (struct prepared){ object, all.next };
	all.kept[all.next] = p;
	all.next = (all.next + 1) % PREPARED_MAX;
}

EVP_PKEY *prepared_object(const struct key_view *key, EVP_PKEY *(*make)(const struct key_view *key))
{
	EVP_PKEY *object = key->prepared == NULL ? NULL : ready(key->prepared);

	if (key->prepared == NULL)
		return make(key);
	if (object != NULL)
		return object;
	ossl_own_ordinary(true);
	object = make(key);
	ossl_own_ordinary(false);
	if (object != NULL)
		keep(key->prepared, object);
	return object;
}

void prepared_clear(struct prepared *p)
{
	AUTO(evp_pkey_st) object = NULL;
	LOCKED(&all.lock);

	if (p->object != NULL)
		object = take_out(p);
}
