/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/keep.h"

static struct secret *take_any(struct keep *keep)
{
	struct secret *s = NULL;

	for (size_t i = 0; i < KEEP_PLACES && s == NULL; i++)
		if (atomic_load_explicit(&keep->place[i], memory_order_relaxed) != NULL)
			s = atomic_exchange_explicit(&keep->place[i], NULL, memory_order_acquire);
	return s;
}

bool keep_take(struct vault_scope *scope, struct keep *keep, struct mspan dst)
{
	AUTO(secret) s = take_any(keep);

	return s != NULL && secret_size(s) == dst.n && cf_ok(secret_open(scope, s, dst));
}

void keep_give(struct vault_scope *scope, struct keep *keep, struct span plain)
{
	AUTO(secret) s = NULL;

	if (cf_failed(secret_seal(scope, plain, &s)))
		return;
	for (size_t i = 0; i < KEEP_PLACES; i++) {
		struct secret *none = NULL;

		if (atomic_compare_exchange_strong_explicit(&keep->place[i], &none, s, memory_order_release, memory_order_relaxed)) {
			(void)TAKE(s);
			return;
		}
	}
}

void keep_clear(struct keep *keep)
{
	for (size_t i = 0; i < KEEP_PLACES; i++)
		secret_unref(atomic_exchange(&keep->place[i], NULL));
}
