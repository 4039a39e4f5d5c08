/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of objects share: one object built from a template, changes of it, its attributes. */
#ifndef COFFER_TESTS_OBJECT_KIT_H
#define COFFER_TESTS_OBJECT_KIT_H

#include "object/object.h"
#include "unit.h"
#include "vault/vault.h"

#define KIT_NONE CK_UNAVAILABLE_INFORMATION

/* An encoding in memory of its own, whatever it is sealed as elsewhere: keys of tests are no secret. */
struct kit_object {
	uint8_t bytes[8192];
	size_t n;
};

static inline struct attrs kit_attrs(const struct kit_object *o)
{
	return (struct attrs){ span(o->bytes, o->n) };
}

struct kit_build {
	enum object_use use;
	CK_ATTRIBUTE t[24];
	CK_ULONG count;
	struct attr given[6];
	size_t given_count;
	CK_OBJECT_CLASS class; /* of the mechanism; KIT_NONE for C_CreateObject */
	CK_KEY_TYPE key_type;
	bool by_so;
	struct kit_object *out;
	CK_RV rv;
};

static inline void kit_build_in(struct vault_scope *scope, void *arg)
{
	struct kit_build *k = arg;
	struct object_request r = { .use = k->use, .template = { k->t, k->count }, .given = k->given, .given_count = k->given_count,
				    .gen_mechanism = CKM_EC_EDWARDS_KEY_PAIR_GEN, .by_so = k->by_so,
				    .unique_id = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } };
	struct attrs_writer w = { .room = MSPAN_OF(k->out->bytes), .failed = CKR_OK };

	k->rv = object_head(k->use, r.template, k->class, k->key_type, 256, &r.head);
	if (k->rv == CKR_OK)
		k->rv = object_build(scope, &r, &w);
	k->out->n = w.n;
}

static inline CK_RV kit_build(struct kit_build *k, struct kit_object *out)
{
	k->out = out;
	REQUIRE(cf_ok(vault_run(kit_build_in, k)));
	return k->rv;
}

static inline void kit_add(struct kit_build *k, CK_ATTRIBUTE_TYPE type, const void *value, size_t n)
{
	REQUIRE(k->count < sizeof(k->t) / sizeof(k->t[0]));
	k->t[k->count++] = (CK_ATTRIBUTE){ type, (void *)value, n };
}

/* Values that templates point at. */
static const CK_BBOOL kit_yes = CK_TRUE, kit_no = CK_FALSE;
static const CK_OBJECT_CLASS kit_data = CKO_DATA, kit_certificate = CKO_CERTIFICATE, kit_public = CKO_PUBLIC_KEY,
			     kit_private = CKO_PRIVATE_KEY, kit_secret = CKO_SECRET_KEY;
static const CK_KEY_TYPE kit_edwards = CKK_EC_EDWARDS, kit_aes = CKK_AES, kit_generic = CKK_GENERIC_SECRET;
static const CK_CERTIFICATE_TYPE kit_x509 = CKC_X_509;
static const uint8_t kit_ed25519[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };

#define KIT_ADD(k, type, value) kit_add((k), (type), &(value), sizeof(value))

/* C_CreateObject's with the class given. */
static inline struct kit_build kit_create(const CK_OBJECT_CLASS *class)
{
	struct kit_build k = { .use = OBJECT_CREATE, .class = KIT_NONE, .key_type = KIT_NONE };

	kit_add(&k, CKA_CLASS, class, sizeof(*class));
	return k;
}

/* C_GenerateKeyPair's private half: its template is empty. */
static inline struct kit_build kit_generate_private(void)
{
	static const uint8_t seed[32] = { 1 }, point[32] = { 2 };
	struct kit_build k = { .use = OBJECT_GENERATE, .class = CKO_PRIVATE_KEY, .key_type = CKK_EC_EDWARDS, .given_count = 3 };

	k.given[0] = (struct attr){ CKA_EC_PARAMS, SPAN_OF(kit_ed25519) };
	k.given[1] = (struct attr){ CKA_EC_POINT, SPAN_OF(point) };
	k.given[2] = (struct attr){ CKA_VALUE, SPAN_OF(seed) };
	return k;
}

static inline CK_RV kit_change(const struct kit_object *old, CK_ATTRIBUTE *t, CK_ULONG count, bool copy, bool by_so,
			       struct kit_object *out)
{
	static const uint8_t unique_id[16] = { 0xff };
	struct attrs_writer w = { .room = MSPAN_OF(out->bytes), .failed = CKR_OK };
	CK_RV rv = object_change(NULL, kit_attrs(old), (struct template){ t, count }, copy, by_so, unique_id, &w);

	out->n = w.n;
	return rv;
}

/* One attribute to be changed, by C_SetAttributeValue. */
static inline CK_RV kit_set(const struct kit_object *old, CK_ATTRIBUTE_TYPE type, const void *value, size_t n, bool by_so)
{
	struct kit_object out;
	CK_ATTRIBUTE t = { type, (void *)value, n };

	return kit_change(old, &t, 1, false, by_so, &out);
}

static inline CK_RV kit_copy(const struct kit_object *old, CK_ATTRIBUTE_TYPE type, const void *value, size_t n)
{
	struct kit_object out;
	CK_ATTRIBUTE t = { type, (void *)value, n };

	return kit_change(old, &t, 1, true, false, &out);
}

/* Is it there, with that value? */
static inline bool kit_has(const struct kit_object *o, CK_ATTRIBUTE_TYPE type, struct span value)
{
	struct span found;

	return attrs_find(kit_attrs(o), type, &found) && span_eq(found, value);
}

static inline bool kit_is(const struct kit_object *o, CK_ATTRIBUTE_TYPE type, bool on)
{
	struct span found;

	return attrs_find(kit_attrs(o), type, &found) && found.n == 1 && found.p[0] == (on ? 1 : 0);
}

/* C_GetAttributeValue with room enough. */
static inline CK_RV kit_get(const struct kit_object *o, CK_ATTRIBUTE_TYPE type, enum object_form form, uint8_t out[256], CK_ULONG *n)
{
	CK_ATTRIBUTE a = { type, out, 256 };
	CK_RV rv = object_get(NULL, kit_attrs(o), form, &a, 1);

	*n = a.ulValueLen;
	return rv;
}

static inline int kit_main(const char *suite, const struct unit_test *tests)
{
	int failed;

	if (cf_failed(vault_open(&(struct vault_config){ 0 })))
		return 1;
	failed = unit_main(suite, tests);
	vault_close();
	return failed;
}

#endif
