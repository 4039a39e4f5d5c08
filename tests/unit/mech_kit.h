/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of mechanisms share: one call of a family's functions on a vault stack, in one piece or in parts. */
#ifndef COFFER_TESTS_MECH_KIT_H
#define COFFER_TESTS_MECH_KIT_H

#include <sys/auxv.h>

#include "mech/mech.h"
#include "unit.h"
#include "vault/heap.h"
#include "vault/vault.h"

/* The deepest use of a vault stack by any call of this program. */
static size_t kit_deepest;
static CK_MECHANISM_TYPE kit_deepest_type;

/* What a handler of the host may need below its frame, which is as large as the kernel says (AVX-512 included). */
#define KIT_HANDLER ((size_t)4 * 1024)

static inline size_t kit_depth_limit(void)
{
	size_t frame = (size_t)getauxval(AT_MINSIGSTKSZ);

	return vault_stack_size() - (frame < 2048 ? 2048 : frame) - KIT_HANDLER;
}

/* Of what operations have, with room for the functions of session/ and token/ on the way, and for another compiler. */
#define KIT_SHALLOW (VAULT_SHALLOW - (size_t)2 * 1024)

static inline bool kit_is_shallow(const struct mech *mech)
{
	return mech != NULL && !mech->impl->deep &&
	       (mech->flags & (CKF_SIGN | CKF_VERIFY | CKF_ENCRYPT | CKF_DECRYPT | CKF_DIGEST)) != 0;
}

/* As vault_run; the depth is measured, and leaves room for a signal. */
static inline void kit_run(vault_fn fn, void *arg, CK_MECHANISM_TYPE type)
{
	size_t depth = 0;

	REQUIRE(cf_ok(vault_measure(fn, arg, &depth)));
	if (depth > kit_deepest) {
		kit_deepest = depth;
		kit_deepest_type = type;
	}
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	CHECK(depth <= (kit_is_shallow(mech_find(type)) ? KIT_SHALLOW : kit_depth_limit()));
#endif
}

struct kit_call {
	const struct mech *mech;
	union mech_params params;
	struct key_view key;
	struct span message, signature;
	size_t piece; /* 0: in one call; else this many bytes for each part */
	uint8_t out[1024];
	size_t n;
	CK_RV rv;
	uint8_t state[1024] __attribute__((aligned(16)));
};

static inline struct mech_call kit_view(struct kit_call *k)
{
	REQUIRE(k->mech != NULL && k->mech->impl->state_size <= sizeof(k->state));
	memset(k->state, 0, sizeof(k->state));
	k->n = sizeof(k->out);
	return (struct mech_call){ k->mech, &k->params, k->key.parts == 0 ? NULL : &k->key, k->state, 0 };
}

static inline CK_RV kit_feed(struct vault_scope *scope, struct kit_call *k, const struct mech_call *call)
{
	CK_RV rv = k->mech->impl->begin(scope, call);
	size_t piece = k->piece == 0 ? k->message.n : k->piece;

	for (size_t at = 0; at < k->message.n && rv == CKR_OK; at += piece)
		rv = k->mech->impl->update(scope, call,
					   span(k->message.p + at, piece < k->message.n - at ? piece : k->message.n - at));
	return rv;
}

static inline void kit_sign_in(struct vault_scope *scope, void *arg)
{
	struct kit_call *k = arg;
	struct mech_call call = kit_view(k);

	if (k->piece == 0 && k->mech->impl->sign != NULL) {
		k->rv = k->mech->impl->sign(scope, &call, k->message, MSPAN_OF(k->out), &k->n);
		return;
	}
	k->rv = kit_feed(scope, k, &call);
	if (k->rv == CKR_OK)
		k->rv = k->mech->impl->finish(scope, &call, MSPAN_OF(k->out), &k->n);
	k->mech->impl->clear(k->state);
}

static inline void kit_verify_in(struct vault_scope *scope, void *arg)
{
	struct kit_call *k = arg;
	struct mech_call call = kit_view(k);

	if (k->piece == 0 && k->mech->impl->verify != NULL) {
		k->rv = k->mech->impl->verify(scope, &call, k->message, k->signature);
		return;
	}
	k->rv = kit_feed(scope, k, &call);
	if (k->rv == CKR_OK)
		k->rv = k->mech->impl->finish_verify(scope, &call, k->signature);
	k->mech->impl->clear(k->state);
}

/* The output is in out[0 .. n). */
static inline CK_RV kit_sign(struct kit_call *k)
{
	kit_run(kit_sign_in, k, k->mech->type);
	return k->rv;
}

static inline CK_RV kit_verify(struct kit_call *k)
{
	kit_run(kit_verify_in, k, k->mech->type);
	return k->rv;
}

/* Digests are made of parts and need no scope. */
static inline CK_RV kit_digest(struct kit_call *k)
{
	struct mech_call call = kit_view(k);
	CK_RV rv = kit_feed(NULL, k, &call);

	if (rv == CKR_OK)
		rv = k->mech->impl->finish(NULL, &call, MSPAN_OF(k->out), &k->n);
	k->mech->impl->clear(k->state);
	return rv;
}

struct kit_pair {
	CK_MECHANISM_TYPE type;
	CK_ULONG bits;
	struct span params; /* CKA_EC_PARAMS, where the size does not tell the curve */
	uint8_t value[128], point[160];
	size_t value_n, point_n;
	CK_RV rv;
};

static inline void kit_generate_in(struct vault_scope *scope, void *arg)
{
	struct kit_pair *p = arg;
	const struct mech *mech = mech_find(p->type);
	union mech_params params = { 0 };
	struct mech_call call = { .mech = mech, .params = &params };
	struct key_view wanted = { .type = mech->key_type, .bits = p->bits }, pub, priv;
	struct span value, point;

	if (p->params.n != 0)
		wanted.part[wanted.parts++] = (struct key_part){ CKA_EC_PARAMS, p->params };
	p->rv = mech->impl->generate_pair(scope, &call, &wanted, &pub, &priv);
	if (p->rv != CKR_OK)
		return;
	value = key_view_part(&priv, CKA_VALUE);
	point = key_view_part(&pub, CKA_EC_POINT);
	p->value_n = value.n;
	p->point_n = point.n;
	if (value.n <= sizeof(p->value) && point.n <= sizeof(p->point)) {
		bytes_copy(p->value, value.p, value.n);
		bytes_copy(p->point, point.p, point.n);
	}
}

/* A key of a test is no secret: it is copied out. */
static inline void kit_generate(CK_MECHANISM_TYPE type, CK_ULONG bits, struct kit_pair *out)
{
	*out = (struct kit_pair){ .type = type, .bits = bits };
	REQUIRE(mech_find(type) != NULL);
	kit_run(kit_generate_in, out, type);
}

/* Opens vault and mechanisms around the tests. */
static inline int kit_main(const char *suite, const struct unit_test *tests)
{
	int failed;

	if (cf_failed(vault_open(&(struct vault_config){ 0 })))
		return 1;
	if (mech_open() != CKR_OK)
		return 1;
	failed = unit_main(suite, tests);
	(void)printf("deepest on a vault stack: mechanism 0x%lx, %zu of %zu bytes\n", kit_deepest_type, kit_deepest,
		     kit_depth_limit());
	/* What a library keeps of an operation in guarded memory would not be there in a forked child. */
	if (heap_blocks() != 0) {
		(void)fprintf(stderr, "%zu blocks are left on the guarded heap\n", heap_blocks());
		failed = 1;
	}
	mech_close();
	vault_close();
	return failed;
}

#endif
