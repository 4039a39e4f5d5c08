/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "bench/p11.h"

struct template {
	CK_ATTRIBUTE at[16];
	CK_ULONG n;
};

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static void put(struct template *t, CK_ATTRIBUTE_TYPE type, const void *value, CK_ULONG n)
{
	t->at[t->n++] = (CK_ATTRIBUTE){ type, (void *)(uintptr_t)value, n };
}

static void put_bool(struct template *t, CK_ATTRIBUTE_TYPE type, bool value)
{
	put(t, type, value ? &yes : &no, sizeof(yes));
}

static const CK_BYTE exponent[] = { 1, 0, 1 };

static void put_kind(struct template *t, const struct p11 *p, const struct key_kind *kind, const CK_ULONG *size)
{
	bool old = p->old_params && kind->params_old != NULL;

	if (kind->params != NULL)
		put(t, CKA_EC_PARAMS, old ? kind->params_old : kind->params,
		    old ? kind->params_old_n : kind->params_n);
	if (kind->generate == CKM_RSA_PKCS_KEY_PAIR_GEN) {
		put(t, CKA_MODULUS_BITS, size, sizeof(*size));
		put(t, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
	}
	if (kind->generate == CKM_ML_DSA_KEY_PAIR_GEN || kind->generate == CKM_SLH_DSA_KEY_PAIR_GEN ||
	    kind->generate == CKM_ML_KEM_KEY_PAIR_GEN)
		put(t, CKA_PARAMETER_SET, size, sizeof(*size));
	if (!kind->pair && kind->generate != CKM_CHACHA20_KEY_GEN)
		put(t, CKA_VALUE_LEN, size, sizeof(*size));
}

static void put_common(struct template *t, bool token, const unsigned char id[8])
{
	put_bool(t, CKA_TOKEN, token);
	put(t, CKA_ID, id, 8);
}

/* What the halves of a pair may do; a secret key may what a private one may. */
static const struct {
	CK_FLAGS use;
	CK_ATTRIBUTE_TYPE private, public;
} uses[] = {
	{ CKF_SIGN, CKA_SIGN, CKA_VERIFY },
	{ CKF_VERIFY, CKA_VERIFY, 0 },
	{ CKF_DECRYPT, CKA_DECRYPT, CKA_ENCRYPT },
	{ CKF_ENCRYPT, CKA_ENCRYPT, CKA_DECRYPT },
	{ CKF_DERIVE, CKA_DERIVE, 0 },
	{ CKF_DECAPSULATE, CKA_DECAPSULATE, CKA_ENCAPSULATE },
	{ CKF_WRAP, CKA_WRAP, CKA_UNWRAP },
};

static void put_uses(struct template *t, const struct key_kind *kind, bool public)
{
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if ((kind->uses & uses[i].use) != 0 && (!public || uses[i].public != 0))
			put_bool(t, public ? uses[i].public : uses[i].private, true);
}

static void put_private(struct template *t, const struct key_kind *kind)
{
	put_bool(t, CKA_PRIVATE, true);
	put_bool(t, CKA_SENSITIVE, true);
	put_bool(t, CKA_EXTRACTABLE, false);
	put_uses(t, kind, false);
}

static CK_RV generate_pair(const struct p11 *p, CK_SESSION_HANDLE session, const struct key_kind *kind, bool token,
			   const unsigned char id[8], CK_OBJECT_HANDLE *pub, CK_OBJECT_HANDLE *key)
{
	CK_MECHANISM mechanism = { kind->generate, NULL, 0 };
	struct template public = { .n = 0 }, private = { .n = 0 };
	CK_ULONG bits = kind->bits;

	put_common(&public, token, id);
	put_uses(&public, kind, true);
	put_kind(&public, p, kind, &bits);
	put_common(&private, token, id);
	put_private(&private, kind);
	return p->f->C_GenerateKeyPair(session, &mechanism, public.at, public.n, private.at, private.n, pub, key);
}

static CK_RV generate_secret(const struct p11 *p, CK_SESSION_HANDLE session, const struct key_kind *kind, bool token,
			     const unsigned char id[8], CK_OBJECT_HANDLE *key)
{
	CK_MECHANISM mechanism = { kind->generate, NULL, 0 };
	struct template t = { .n = 0 };
	CK_ULONG size = kind->bits / 8;

	put_common(&t, token, id);
	put_private(&t, kind);
	put_kind(&t, p, kind, &size);
	return p->f->C_GenerateKey(session, &mechanism, t.at, t.n, key);
}

CK_RV p11_generate(struct p11 *p, CK_SESSION_HANDLE session, const struct key_kind *kind, bool token, unsigned long i,
		   CK_OBJECT_HANDLE *pub, CK_OBJECT_HANDLE *key)
{
	unsigned char id[8];
	CK_RV rv;

	key_id(kind, i, id);
	*pub = 0;
	if (!kind->pair)
		return generate_secret(p, session, kind, token, id, key);
	rv = generate_pair(p, session, kind, token, id, pub, key);
	if (rv == CKR_OK || kind->params_old == NULL || p->old_params)
		return rv;
	/* An older module: from now on in the older form, if that is what it wants. */
	p->old_params = true;
	if (generate_pair(p, session, kind, token, id, pub, key) == CKR_OK)
		return CKR_OK;
	p->old_params = false;
	return rv;
}

static void grow(struct p11_keys *keys, unsigned long count)
{
	CK_OBJECT_HANDLE *key = realloc(keys->key, count * sizeof(*key));
	CK_OBJECT_HANDLE *pub = realloc(keys->pub, count * sizeof(*pub));

	if (key == NULL || pub == NULL)
		abort();
	keys->key = key;
	keys->pub = pub;
	memset(pub + keys->n, 0, (count - keys->n) * sizeof(*pub));
}

CK_RV p11_find(const struct p11 *p, CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n,
	       CK_OBJECT_HANDLE *found, CK_ULONG max, CK_ULONG *count)
{
	CK_RV rv = p->f->C_FindObjectsInit(session, template, n), ended;
	CK_ULONG got = 0;

	*count = 0;
	if (rv != CKR_OK)
		return rv;
	do {
		rv = p->f->C_FindObjects(session, found + *count, max - *count, &got);
		*count += rv == CKR_OK ? got : 0;
	} while (rv == CKR_OK && got > 0 && *count < max);
	ended = p->f->C_FindObjectsFinal(session);
	return rv == CKR_OK ? ended : rv;
}

/* Those that a former process made. */
static CK_RV take_over(const struct p11 *p, struct p11_keys *keys, unsigned long count)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE by_class = { CKA_CLASS, &class, sizeof(class) };
	CK_ULONG found;
	CK_RV rv = p11_find(p, p->session, &by_class, 1, keys->key, count, &found);

	keys->n = found;
	return rv;
}

CK_RV p11_keys_ensure(struct p11 *p, const struct key_kind *kind, unsigned long count, struct p11_keys **out)
{
	struct p11_keys *keys = &p->keys[kind - key_kinds];
	CK_RV rv = CKR_OK;

	*out = keys;
	if (count <= keys->n)
		return CKR_OK;
	grow(keys, count);
	if (keys->n == 0 && p->populated != 0)
		rv = take_over(p, keys, count < p->populated ? count : p->populated);
	while (rv == CKR_OK && keys->n < count) {
		rv = p11_generate(p, p->session, kind, true, keys->n, &keys->pub[keys->n], &keys->key[keys->n]);
		keys->n += rv == CKR_OK;
	}
	return rv;
}

unsigned long p11_populate(struct subject *s, unsigned long count)
{
	struct p11_keys *keys;

	return p11_keys_ensure(s->own, &key_kinds[KIND_ED25519], count, &keys);
}
