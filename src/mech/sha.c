/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MD5, SHA-1 and SHA-2 (RFC 1321, FIPS 180-4), by OpenSSL's functions below EVP: the same code, four times libsodium's speed where
 * the processor helps, but with a state that is plain bytes.  It can be saved (C_GetOperationState) and moved to the guarded
 * heap as it is, and a digest allocates nothing.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/md5.h>
#include <openssl/sha.h>
#include <sodium.h>

#include "mech/families.h"

struct sha_kind {
	enum { MD5_STEPS, SHA1_STEPS, SHA256_STEPS, SHA512_STEPS } steps;
	size_t size; /* of the digest */
};

const struct sha_kind sha_md5 = { MD5_STEPS, 16 }, sha_1 = { SHA1_STEPS, 20 }, sha_224 = { SHA256_STEPS, 28 },
		      sha_256 = { SHA256_STEPS, 32 }, sha_384 = { SHA512_STEPS, 48 }, sha_512 = { SHA512_STEPS, 64 };

union sha_state {
	MD5_CTX md5;
	SHA_CTX sha1;
	SHA256_CTX sha256;
	SHA512_CTX sha512;
};

static const struct sha_kind *kind_of(const struct mech_call *call)
{
	return call->mech->variant;
}

static bool init(const struct sha_kind *kind, union sha_state *s)
{
	switch (kind->steps) {
	case MD5_STEPS:
		return MD5_Init(&s->md5) == 1;
	case SHA1_STEPS:
		return SHA1_Init(&s->sha1) == 1;
	case SHA256_STEPS:
		return (kind->size == 28 ? SHA224_Init(&s->sha256) : SHA256_Init(&s->sha256)) == 1;
	case SHA512_STEPS:
		return (kind->size == 48 ? SHA384_Init(&s->sha512) : SHA512_Init(&s->sha512)) == 1;
	}
	return false;
}

static bool add(const struct sha_kind *kind, union sha_state *s, struct span part)
{
	switch (kind->steps) {
	case MD5_STEPS:
		return MD5_Update(&s->md5, part.p, part.n) == 1;
	case SHA1_STEPS:
		return SHA1_Update(&s->sha1, part.p, part.n) == 1;
	case SHA256_STEPS:
		return SHA256_Update(&s->sha256, part.p, part.n) == 1;
	case SHA512_STEPS:
		return SHA512_Update(&s->sha512, part.p, part.n) == 1;
	}
	return false;
}

/* SHA-224 and SHA-384 know their length by their state. */
static bool end(const struct sha_kind *kind, union sha_state *s, uint8_t *out)
{
	switch (kind->steps) {
	case MD5_STEPS:
		return MD5_Final(out, &s->md5) == 1;
	case SHA1_STEPS:
		return SHA1_Final(out, &s->sha1) == 1;
	case SHA256_STEPS:
		return SHA256_Final(out, &s->sha256) == 1;
	case SHA512_STEPS:
		return SHA512_Final(out, &s->sha512) == 1;
	}
	return false;
}

static CK_RV out_len(const struct mech_call *call, size_t in_len, size_t *out)
{
	(void)in_len;
	*out = kind_of(call)->size;
	return CKR_OK;
}

static CK_RV digest(const struct mech_call *call, struct span message, struct mspan out, size_t *n)
{
	const struct sha_kind *kind = kind_of(call);
	union sha_state s;

	(void)out.n; /* checked by out_len */
	*n = kind->size;
	return init(kind, &s) && add(kind, &s, message) && end(kind, &s, out.p) ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV begin(struct vault_scope *scope, const struct mech_call *call)
{
	(void)scope;
	return init(kind_of(call), call->state) ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV update(struct vault_scope *scope, const struct mech_call *call, struct span part)
{
	(void)scope;
	return add(kind_of(call), call->state, part) ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV finish(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n)
{
	(void)scope;
	(void)out.n; /* checked by out_len */
	*n = kind_of(call)->size;
	return end(kind_of(call), call->state, out.p) ? CKR_OK : CKR_FUNCTION_FAILED;
}

static void clear(void *state)
{
	sodium_memzero(state, sizeof(union sha_state));
}

/* Nothing of it lies elsewhere. */
static CK_RV shelter(struct vault_scope *scope, const struct mech_call *call)
{
	(void)scope;
	(void)call;
	return CKR_OK;
}

static CK_RV save(const void *state, struct mspan out, size_t *n)
{
	if (out.n < sizeof(union sha_state))
		return CKR_GENERAL_ERROR;
	*n = sizeof(union sha_state);
	memcpy(out.p, state, *n);
	return CKR_OK;
}

static CK_RV load(void *state, struct span saved)
{
	if (saved.n != sizeof(union sha_state))
		return CKR_SAVED_STATE_INVALID;
	memcpy(state, saved.p, saved.n);
	return CKR_OK;
}

const struct mech_impl mech_sha = {
	.state_kind = MECH_STATE_PLAIN,
	.state_size = sizeof(union sha_state),
	.out_len = out_len,
	.digest = digest,
	.begin = begin,
	.update = update,
	.finish = finish,
	.clear = clear,
	.save = save,
	.load = load,
	.shelter = shelter,
};
