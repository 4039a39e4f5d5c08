/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of ML-KEM, ML-DSA and SLH-DSA. */
#include "mech/pqc.h"

#include <openssl/err.h>
#include <openssl/params.h>
#include <sodium.h>

#include "base/error.h"
#include "mech/families.h"
#include "mech/ossl_auto.h"
#include "mech/prepared.h"

/* By name: headers of OpenSSL 3.0 do not have all of them. */
#define PUBLIC "pub"
#define PRIVATE "priv"
#define SEED "seed"

#define SETS_MAX 24
#define SEED_MAX 64

/* Kept so that their users find them ready: a fetch is no work for a vault scope. */
static struct {
	EVP_KEYMGMT *keys;
	EVP_SIGNATURE *signature;
	EVP_KEM *kem;
} fetched[SETS_MAX];

void pqc_open(void)
{
	(void)ERR_set_mark();
	for (size_t i = 0; i < parameter_set_count() && i < SETS_MAX; i++) {
		const struct parameter_set *set = parameter_set_at(i);

		fetched[i].keys = EVP_KEYMGMT_fetch(ossl_context(), set->name, NULL);
		if (fetched[i].keys == NULL)
			continue;
		if (set->key_type == CKK_ML_KEM)
			fetched[i].kem = EVP_KEM_fetch(ossl_context(), set->name, NULL);
		else
			fetched[i].signature = EVP_SIGNATURE_fetch(ossl_context(), set->name, NULL);
	}
	(void)ERR_pop_to_mark();
}

void pqc_close(void)
{
	for (size_t i = 0; i < SETS_MAX; i++) {
		EVP_KEYMGMT_free(fetched[i].keys);
		EVP_SIGNATURE_free(fetched[i].signature);
		EVP_KEM_free(fetched[i].kem);
		fetched[i].keys = NULL;
		fetched[i].signature = NULL;
		fetched[i].kem = NULL;
	}
}

bool pqc_has(const struct parameter_set *set)
{
	for (size_t i = 0; i < SETS_MAX; i++)
		if (parameter_set_at(i) == set)
			return fetched[i].keys != NULL && (fetched[i].kem != NULL || fetched[i].signature != NULL);
	return false;
}

bool pqc_available(const struct mech *mech)
{
	for (size_t i = 0; i < parameter_set_count(); i++)
		if (parameter_set_at(i)->key_type == mech->key_type && pqc_has(parameter_set_at(i)))
			return true;
	return false;
}

static CK_RV refuse(CK_RV rv, const char *why)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "the key %s", why), "the return value is the answer");
	return rv;
}

const struct parameter_set *pqc_set_of(const struct key_view *key)
{
	return parameter_set_find(key->type, key->parameter_set);
}

/* ---- to OpenSSL and back ---- */

static EVP_PKEY *key_of(const struct parameter_set *set, int selection, const char *part, struct span bytes)
{
	OSSL_PARAM params[2] = { OSSL_PARAM_construct_octet_string(part, (void *)(uintptr_t)bytes.p, bytes.n),
				 OSSL_PARAM_construct_end() };
	AUTO(evp_pkey_ctx_st) context = pqc_has(set) ? EVP_PKEY_CTX_new_from_name(ossl_context(), set->name, NULL) : NULL;
	EVP_PKEY *k = NULL;

	if (context == NULL || bytes.n == 0 || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &k, selection, params) != 1)
		return NULL;
	return k;
}

static void *make_private(const void *view)
{
	const struct key_view *key = view;

	return key_of(pqc_set_of(key), EVP_PKEY_KEYPAIR, PRIVATE, key_view_part(key, CKA_VALUE));
}

static void free_private(void *key)
{
	EVP_PKEY_free(key);
}

/* What the library takes to make the object and what the object has, by measurement: 17 KiB for ML-KEM-768, 160 for ML-DSA-87, 1 for SLH-DSA;
 * and some more. */
static size_t working_room(const struct parameter_set *set)
{
	return set->key_type == CKK_ML_DSA ? 36 * set->private_n : 4096 + 12 * set->private_n;
}

EVP_PKEY *pqc_take_private(struct vault_scope *scope, const struct key_view *key, struct keep_use *use)
{
	static const struct keep_kind kept_key = { .make = make_private, .free = free_private, .settled = true };
	const struct parameter_set *set = pqc_set_of(key);

	return set == NULL ? NULL : keep_take(scope, key->keep, &kept_key, working_room(set), key, use);
}

static EVP_PKEY *prepare_public(const struct key_view *key)
{
	const struct parameter_set *set = pqc_set_of(key);

	return set == NULL ? NULL : key_of(set, EVP_PKEY_PUBLIC_KEY, PUBLIC, key_view_part(key, CKA_VALUE));
}

EVP_PKEY *pqc_public_key(const struct key_view *key)
{
	return prepared_object(key, prepare_public);
}

static bool take(const EVP_PKEY *k, const char *part, uint8_t *out, size_t n)
{
	size_t got = 0;

	return EVP_PKEY_get_octet_string_param(k, part, out, n, &got) == 1 && got == n;
}

/* Value and public key of a pair, in memory of the scope. */
static CK_RV take_parts(struct vault_scope *scope, const struct parameter_set *set, const EVP_PKEY *k, struct span *value,
			struct span *point)
{
	struct mspan room;

	if (cf_failed(vault_scope_alloc(scope, set->private_n + set->public_n, &room)))
		return CKR_DEVICE_MEMORY;
	*value = span(room.p, set->private_n);
	*point = span(room.p + set->private_n, set->public_n);
	return take(k, PRIVATE, room.p, set->private_n) && take(k, PUBLIC, room.p + set->private_n, set->public_n) ? CKR_OK :
														      CKR_FUNCTION_FAILED;
}

static void put(struct key_view *out, CK_ATTRIBUTE_TYPE type, struct span value)
{
	out->part[out->parts++] = (struct key_part){ type, value };
}

/* ---- keys that come from outside ---- */

static CK_RV complete_public(const struct parameter_set *set, const struct key_view *given)
{
	struct span value = key_view_part(given, CKA_VALUE);
	AUTO(evp_pkey_st) k = NULL;

	if (value.p == NULL)
		return CKR_OK; /* object/ says that it is missing */
	if (value.n != set->public_n)
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "has a public value of another length than its parameter set");
	k = key_of(set, EVP_PKEY_PUBLIC_KEY, PUBLIC, value);
	return k != NULL ? CKR_OK : refuse(CKR_ATTRIBUTE_VALUE_INVALID, "has a value that is no public key of its parameter set");
}

/* Of SLH-DSA the library takes any bytes, and of ML-KEM any that have the right hash in them: whether they are a key is told by making
 * the public half again, or by a secret that goes to it and back. */
static bool is_sound(const struct parameter_set *set, EVP_PKEY *k)
{
	AUTO(evp_pkey_ctx_st) context = NULL;

	if (set->key_type == CKK_ML_DSA)
		return true;
	context = EVP_PKEY_CTX_new_from_pkey(ossl_context(), k, NULL);
	return context != NULL && EVP_PKEY_pairwise_check(context) == 1;
}

static CK_RV complete_private(struct vault_scope *scope, const struct parameter_set *set, const struct key_view *given,
			      struct key_view *out)
{
	struct span seed = key_view_part(given, CKA_SEED), value = key_view_part(given, CKA_VALUE), made, point;
	struct span other = key_view_part(given, CKA_COFFER_PUBLIC_VALUE);
	AUTO(evp_pkey_st) k = NULL;
	CK_RV rv;

	if (seed.n == 0 && value.n == 0)
		return CKR_OK; /* object/ says that they are missing */
	if ((seed.n != 0 && seed.n != set->seed_n) || (value.n != 0 && value.n != set->private_n))
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "has a seed or a private value of another length than its parameter set");
	k = seed.n != 0 ? key_of(set, EVP_PKEY_KEYPAIR, SEED, seed) : key_of(set, EVP_PKEY_KEYPAIR, PRIVATE, value);
	if (k == NULL || !is_sound(set, k))
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "has a value that is no private key of its parameter set");
	rv = take_parts(scope, set, k, &made, &point);
	if (rv != CKR_OK)
		return rv;
	if (value.n != 0 && sodium_memcmp(made.p, value.p, value.n) != 0)
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "has a seed and a private value that do not belong together");
	if (other.n != 0 && !span_eq(other, point))
		return refuse(CKR_ATTRIBUTE_VALUE_INVALID, "came with a public key that does not belong to it");
	put(out, CKA_VALUE, made);
	put(out, CKA_COFFER_PUBLIC_VALUE, point);
	return CKR_OK;
}

CK_RV pqc_complete(struct vault_scope *scope, const struct key_view *given, struct key_view *out)
{
	const struct parameter_set *set = pqc_set_of(given);

	if (set == NULL)
		return CKR_OK; /* object/ says what is wrong with it */
	if (!pqc_has(set))
		return refuse(CKR_PARAMETER_SET_NOT_SUPPORTED, "is of a parameter set that this OpenSSL does not have: 3.5 does");
	return given->class == CKO_PRIVATE_KEY ? complete_private(scope, set, given, out) : complete_public(set, given);
}

/* ---- generation ---- */

/* By the seed, where there is one: what is made is what it gives again.  SLH-DSA's three random values are no attribute. */
static EVP_PKEY *new_key(const struct parameter_set *set, struct mspan seed)
{
	AUTO(evp_pkey_ctx_st) context = NULL;
	EVP_PKEY *k = NULL;

	if (seed.n != 0) {
		randombytes_buf(seed.p, seed.n);
		return key_of(set, EVP_PKEY_KEYPAIR, SEED, span_const(seed));
	}
	context = EVP_PKEY_CTX_new_from_name(ossl_context(), set->name, NULL);
	if (context == NULL || EVP_PKEY_keygen_init(context) != 1 || EVP_PKEY_generate(context, &k) != 1)
		return NULL;
	return k;
}

static CK_RV generate(struct vault_scope *scope, const struct mech_call *call, const struct key_view *wanted,
		      struct key_view *public_key, struct key_view *private_key)
{
	const struct parameter_set *set = pqc_set_of(wanted);
	struct mspan room = { NULL, 0 };
	struct span value, point;
	AUTO(evp_pkey_st) k = NULL;
	CK_RV rv;

	(void)call;
	if (set == NULL || !pqc_has(set))
		return CKR_PARAMETER_SET_NOT_SUPPORTED;
	if (set->seed_n != 0 && cf_failed(vault_scope_alloc(scope, set->seed_n, &room)))
		return CKR_DEVICE_MEMORY;
	k = new_key(set, room);
	rv = k == NULL ? CKR_FUNCTION_FAILED : take_parts(scope, set, k, &value, &point);
	if (rv != CKR_OK)
		return rv;
	*public_key = (struct key_view){ .class = CKO_PUBLIC_KEY, .type = set->key_type, .parameter_set = set->number };
	*private_key = (struct key_view){ .class = CKO_PRIVATE_KEY, .type = set->key_type, .parameter_set = set->number };
	put(public_key, CKA_VALUE, point);
	put(private_key, CKA_VALUE, value);
	if (room.n != 0)
		put(private_key, CKA_SEED, span_const(room));
	put(private_key, CKA_COFFER_PUBLIC_VALUE, point);
	return CKR_OK;
}

const struct mech_impl mech_pqc_generate = {
	.state_kind = MECH_STATE_NONE,
	.available = pqc_available,
	.generate_pair = generate,
};
