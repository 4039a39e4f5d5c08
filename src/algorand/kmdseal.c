/* SPDX-License-Identifier: Apache-2.0 */
#include "algorand/kmdseal.h"

#include <errno.h>
#include <sodium.h>

#include "algorand/pack.h"
#include "base/error.h"
#include "vault/interrupt.h"

#define TAG        16
#define SECRET_KEY 64
/* Enough for the longest way to write the longest value. */
#define PLAIN_MAX KMD_SEALED_MAX

static const char *const type_name[] = {
	[KMD_MASTER_KEY] = "master_key",
	[KMD_DERIVATION_KEY] = "master_derivation_key",
	[KMD_MAX_INDEX] = "max_key_idx",
	[KMD_SECRET_KEY] = "secret_key",
};

/* ---- the outer map ---- */

enum field { CIPHERTEXT, DO_SCRYPT, NONCE, SALT, SCRYPT_N, SCRYPT_P, SCRYPT_R, FIELDS };

static const char *const field_name[FIELDS] = {
	"ciphertext", "do_scrypt", "nonce", "salt", "scrypt_n", "scrypt_p", "scrypt_r",
};

static enum field field_of(struct span name)
{
	enum field f = CIPHERTEXT;

	while (f < FIELDS && !span_eq(name, span_str(field_name[f])))
		f++;
	return f;
}

static bool take_array(struct unpack *u, uint8_t *out, size_t n)
{
	struct pack_value v = unpack_expect(u, PACK_BIN);

	if (v.bytes.n != n)
		return false;
	bytes_copy(out, v.bytes.p, n);
	return true;
}

static bool take_field(struct unpack *u, enum field f, struct kmd_sealed *out)
{
	switch (f) {
	case CIPHERTEXT:
		out->ciphertext = unpack_expect(u, PACK_BIN).bytes;
		return !u->failed;
	case DO_SCRYPT:
		out->by_password = unpack_expect(u, PACK_BOOL).number != 0;
		return !u->failed;
	case NONCE:
		return take_array(u, out->nonce, sizeof(out->nonce));
	case SALT:
		return take_array(u, out->salt, sizeof(out->salt));
	case SCRYPT_N:
		out->scrypt.n = unpack_expect(u, PACK_UINT).number;
		return !u->failed;
	case SCRYPT_P:
		out->scrypt.p = unpack_expect(u, PACK_UINT).number;
		return !u->failed;
	case SCRYPT_R:
		out->scrypt.r = unpack_expect(u, PACK_UINT).number;
		return !u->failed;
	case FIELDS:
		break;
	}
	return false;
}

struct cf_status kmd_sealed_parse(struct span blob, const char *what, struct kmd_sealed *out)
{
	struct unpack u = unpack_of(blob);
	struct pack_value map = unpack_expect(&u, PACK_MAP);
	bool there[FIELDS] = { false };

	*out = (struct kmd_sealed){.by_password = false};
	if (u.failed)
		return error_set(CF_STATUS(CORRUPT), "%s is no sealed value of a KMD wallet", what);
	for (uint64_t i = 0; i < map.number; i++) {
		enum field f = field_of(unpack_expect(&u, PACK_STR).bytes);

		if (u.failed)
			return error_set(CF_STATUS(CORRUPT), "%s is cut short or damaged", what);
		if (f == FIELDS)
			return error_set(CF_STATUS(CORRUPT),
					 "%s has a field that a KMD wallet does not have", what);
		if (there[f])
			return error_set(CF_STATUS(CORRUPT), "%s has the field %s twice", what,
					 field_name[f]);
		if (!take_field(&u, f, out))
			return error_set(
				CF_STATUS(CORRUPT),
				"%s: its field %s is cut short, or not of the right kind or size",
				what, field_name[f]);
		there[f] = true;
	}
	if (!unpack_end(&u))
		return error_set(CF_STATUS(CORRUPT), "%s has bytes behind its end", what);
	/* The daemon reads a number that is missing as zero; for scrypt that is an error below. */
	if (!there[CIPHERTEXT] || !there[NONCE])
		return error_set(CF_STATUS(CORRUPT), "%s lacks its ciphertext or nonce", what);
	return CF_OK;
}

/* ---- scrypt ---- */

/* Bounds first: a file may ask for anything. */
static struct cf_status check_scrypt(const struct kmd_scrypt *s)
{
	if (s->n < 2 || (s->n & (s->n - 1)) != 0 || s->r == 0 || s->p == 0)
		return error_set(CF_STATUS(CORRUPT),
				 "the wallet's scrypt parameters (N %llu, r %llu, p %llu) are "
				 "none: N is a power of two, "
				 "r and p are at least 1",
				 (unsigned long long)s->n, (unsigned long long)s->r,
				 (unsigned long long)s->p);
	if (s->n > KMD_SCRYPT_MEMORY_MAX / 128 || s->r > KMD_SCRYPT_MEMORY_MAX / 128 / s->n ||
	    s->p > KMD_SCRYPT_WORK_MAX / (s->n * s->r))
		return error_set(CF_STATUS(LIMIT),
				 "the wallet asks for scrypt with N %llu, r %llu, p %llu: more "
				 "than %llu MiB of memory, "
				 "or too many rounds",
				 (unsigned long long)s->n, (unsigned long long)s->r,
				 (unsigned long long)s->p,
				 (unsigned long long)(KMD_SCRYPT_MEMORY_MAX >> 20));
	return CF_OK;
}

/* libsodium's low-level call: the daemon's own N = 65536 with r = 1 is what every other implementation refuses
 * (RFC 7914 §2 wants N < 2^(128 * r / 8)).  Its stack is the scope's; its working memory is unmapped when it returns. */
static struct cf_status stretch(struct vault_scope *scope, struct span password,
				const uint8_t salt[32], const struct kmd_scrypt *s,
				uint8_t key[KMD_KEY_SIZE])
{
	(void)scope;
	CF_TRY(check_scrypt(s));
	if (crypto_pwhash_scryptsalsa208sha256_ll(
		    password.n == 0 ? (const uint8_t *)"" : password.p, password.n, salt, 32, s->n,
		    (uint32_t)s->r, (uint32_t)s->p, key, KMD_KEY_SIZE) == 0)
		return CF_OK;
	return errno == ENOMEM
		       ? error_set(CF_STATUS(NOMEM),
				   "there is not enough memory for the wallet's scrypt")
		       : error_set(CF_STATUS(CORRUPT),
				   "the wallet's scrypt parameters cannot be computed with");
}

/* ---- the inner map ---- */

/* The value of the right type; in place. */
static bool take_plain(struct vault_scope *scope, struct span plain, enum kmd_type type,
		       struct span *value, bool *other_type)
{
	struct unpack u = unpack_of(plain);
	struct pack_value map = unpack_expect(&u, PACK_MAP);
	bool value_there = false, type_there = false;

	(void)scope;
	*other_type = false;
	for (uint64_t i = 0; i < map.number && !u.failed; i++) {
		struct span name = unpack_expect(&u, PACK_STR).bytes;

		if (span_eq(name, span_str("plaintext")) && !value_there) {
			*value = unpack_expect(&u, PACK_BIN).bytes;
			value_there = true;
		} else if (span_eq(name, span_str("plaintext_type")) && !type_there) {
			*other_type = !span_eq(unpack_expect(&u, PACK_STR).bytes,
					       span_str(type_name[type]));
			type_there = true;
		} else {
			return false;
		}
	}
	return value_there && type_there && unpack_end(&u);
}

/* `plain` has room for the ciphertext. */
static struct cf_status open_sealed(struct vault_scope *scope, const struct kmd_sealed *s,
				    const uint8_t key[KMD_KEY_SIZE], enum kmd_type type,
				    const char *what, struct mspan plain, struct span *value)
{
	bool other_type;

	if (s->ciphertext.n < TAG || s->ciphertext.n - TAG > plain.n ||
	    crypto_secretbox_open_easy(plain.p, s->ciphertext.p, s->ciphertext.n, s->nonce, key) !=
		    0)
		return error_set(CF_STATUS(FORGED),
				 "%s does not open with the wallet's key: the row is damaged, or "
				 "from another wallet",
				 what);
	if (!take_plain(scope, span(plain.p, s->ciphertext.n - TAG), type, value, &other_type))
		return error_set(CF_STATUS(FORGED),
				 "%s opens, but holds nothing that a KMD wallet writes", what);
	if (other_type)
		return error_set(CF_STATUS(FORGED),
				 "%s holds a value of another type: somebody moved it here", what);
	return CF_OK;
}

static struct cf_status open_plain(struct vault_scope *scope, const struct kmd_sealed *s,
				   const uint8_t key[KMD_KEY_SIZE], enum kmd_type type,
				   const char *what, struct span *value)
{
	struct mspan plain;

	if (s->by_password)
		return error_set(CF_STATUS(CORRUPT),
				 "%s is sealed under a password of its own, which KMD never does",
				 what);
	if (s->ciphertext.n > PLAIN_MAX)
		return error_set(CF_STATUS(LIMIT), "%s is too long", what);
	CF_TRY(vault_scope_alloc(scope, PLAIN_MAX, &plain));
	return open_sealed(scope, s, key, type, what, plain, value);
}

static struct cf_status wrong_size(const char *what)
{
	return error_set(CF_STATUS(FORGED), "%s has another length than such a value has", what);
}

struct cf_status kmd_open_master(struct vault_scope *scope, const struct kmd_sealed *s,
				 struct span password, uint8_t master[KMD_KEY_SIZE])
{
	static const char what[] = "the wallet's master key";
	uint8_t key[KMD_KEY_SIZE], plain[PLAIN_MAX];
	struct span value = SPAN_EMPTY;
	struct cf_status status;

	if (!s->by_password)
		return error_set(CF_STATUS(CORRUPT),
				 "%s is not sealed under a password, as KMD always does", what);
	CF_TRY(stretch(scope, password, s->salt, &s->scrypt, key));
	status = open_sealed(scope, s, key, KMD_MASTER_KEY, what, MSPAN_OF(plain), &value);
	if (cf_is(status, CF_CODE_FORGED) && value.n == 0)
		return error_set(CF_STATUS(DENIED),
				 "%s does not open: the password is wrong, or the row is damaged",
				 what);
	CF_TRY(status);
	if (value.n != KMD_KEY_SIZE)
		return wrong_size(what);
	memcpy(master, value.p, KMD_KEY_SIZE);
	return CF_OK;
}

struct cf_status kmd_open_derivation_key(struct vault_scope *scope, const struct kmd_sealed *s,
					 const uint8_t master[KMD_KEY_SIZE],
					 uint8_t key[KMD_KEY_SIZE])
{
	static const char what[] = "the wallet's master derivation key";
	struct span value;

	CF_TRY(open_plain(scope, s, master, KMD_DERIVATION_KEY, what, &value));
	if (value.n != KMD_KEY_SIZE)
		return wrong_size(what);
	memcpy(key, value.p, KMD_KEY_SIZE);
	return CF_OK;
}

struct cf_status kmd_open_max_index(struct vault_scope *scope, const struct kmd_sealed *s,
				    const uint8_t master[KMD_KEY_SIZE], uint64_t *index)
{
	static const char what[] = "the wallet's highest key index";
	struct unpack u;
	struct span value;

	CF_TRY(open_plain(scope, s, master, KMD_MAX_INDEX, what, &value));
	u = unpack_of(value);
	*index = unpack_expect(&u, PACK_UINT).number;
	return unpack_end(&u) ? CF_OK : wrong_size(what);
}

/* 64 bytes, or 64 numbers. */
static bool take_secret_key(struct vault_scope *scope, struct span value, uint8_t out[SECRET_KEY])
{
	struct unpack u = unpack_of(value);
	struct pack_value v = unpack_next(&u);

	(void)scope;
	if (v.kind == PACK_BIN && v.bytes.n == SECRET_KEY) {
		memcpy(out, v.bytes.p, SECRET_KEY);
		return unpack_end(&u);
	}
	if (v.kind != PACK_ARRAY || v.number != SECRET_KEY)
		return false;
	for (size_t i = 0; i < SECRET_KEY; i++) {
		struct pack_value byte = unpack_expect(&u, PACK_UINT);

		if (u.failed || byte.number > 255)
			return false;
		out[i] = (uint8_t)byte.number;
	}
	return unpack_end(&u);
}

struct cf_status kmd_open_seed(struct vault_scope *scope, const struct kmd_sealed *s,
			       const uint8_t master[KMD_KEY_SIZE], const uint8_t address[32],
			       const char *what, uint8_t seed[KMD_SEED_SIZE])
{
	uint8_t secret_key[SECRET_KEY], point[32], pair[SECRET_KEY];
	struct span value;

	CF_TRY(open_plain(scope, s, master, KMD_SECRET_KEY, what, &value));
	if (!take_secret_key(scope, value, secret_key))
		return wrong_size(what);
	(void)crypto_sign_seed_keypair(point, pair, secret_key);
	if (sodium_memcmp(secret_key + KMD_SEED_SIZE, point, sizeof(point)) != 0)
		return error_set(CF_STATUS(FORGED),
				 "%s has a public half that is not its seed's: a signature with it "
				 "would give the key away",
				 what);
	if (sodium_memcmp(point, address, sizeof(point)) != 0)
		return error_set(CF_STATUS(FORGED),
				 "%s is the key of another address: rows were exchanged", what);
	memcpy(seed, secret_key, KMD_SEED_SIZE);
	return CF_OK;
}

/* ---- writing ---- */

static void put_map(struct pack *out, const struct kmd_sealed *s)
{
	pack_map(out, FIELDS);
	pack_str(out, field_name[CIPHERTEXT]);
	pack_bin(out, s->ciphertext);
	pack_str(out, field_name[DO_SCRYPT]);
	pack_bool(out, s->by_password);
	pack_str(out, field_name[NONCE]);
	pack_bin(out, SPAN_OF(s->nonce));
	pack_str(out, field_name[SALT]);
	pack_bin(out, SPAN_OF(s->salt));
	pack_str(out, field_name[SCRYPT_N]);
	pack_uint(out, s->scrypt.n);
	pack_str(out, field_name[SCRYPT_P]);
	pack_uint(out, s->scrypt.p);
	pack_str(out, field_name[SCRYPT_R]);
	pack_uint(out, s->scrypt.r);
}

/* `s` says how; nonce and ciphertext are made here. */
static struct cf_status seal(struct vault_scope *scope, const uint8_t key[KMD_KEY_SIZE],
			     enum kmd_type type, struct span value, struct kmd_sealed *s,
			     struct mspan blob, size_t *n)
{
	uint8_t plain[KMD_BLOB_MAX], box[KMD_BLOB_MAX + TAG];
	struct pack in = pack_into(MSPAN_OF(plain)), out = pack_into(blob);

	(void)scope;
	pack_map(&in, 2);
	pack_str(&in, "plaintext");
	pack_bin(&in, value);
	pack_str(&in, "plaintext_type");
	pack_str(&in, type_name[type]);
	interrupt_presume(); /* random numbers come by a system call */
	randombytes_buf(s->nonce, sizeof(s->nonce));
	if (in.failed || crypto_secretbox_easy(box, plain, in.n, s->nonce, key) != 0)
		return CF_STATUS(LIMIT);
	s->ciphertext = span(box, in.n + TAG);
	put_map(&out, s);
	*n = out.n;
	return out.failed ? CF_STATUS(LIMIT) : CF_OK;
}

struct cf_status kmd_seal_master(struct vault_scope *scope, const uint8_t master[KMD_KEY_SIZE],
				 struct span password, const struct kmd_scrypt *scrypt,
				 struct mspan blob, size_t *n)
{
	struct kmd_sealed s = { .by_password = true, .scrypt = *scrypt };
	uint8_t key[KMD_KEY_SIZE];

	randombytes_buf(s.salt, sizeof(s.salt));
	CF_TRY(stretch(scope, password, s.salt, &s.scrypt, key));
	return seal(scope, key, KMD_MASTER_KEY, span(master, KMD_KEY_SIZE), &s, blob, n);
}

struct cf_status kmd_seal_derivation_key(struct vault_scope *scope,
					 const uint8_t master[KMD_KEY_SIZE],
					 const uint8_t key[KMD_KEY_SIZE], struct mspan blob,
					 size_t *n)
{
	struct kmd_sealed s = { .by_password = false };

	return seal(scope, master, KMD_DERIVATION_KEY, span(key, KMD_KEY_SIZE), &s, blob, n);
}

struct cf_status kmd_seal_max_index(struct vault_scope *scope, const uint8_t master[KMD_KEY_SIZE],
				    uint64_t index, struct mspan blob, size_t *n)
{
	struct kmd_sealed s = { .by_password = false };
	uint8_t number[9];
	struct pack value = pack_into(MSPAN_OF(number));

	pack_uint(&value, index);
	return seal(scope, master, KMD_MAX_INDEX, pack_span(&value), &s, blob, n);
}

struct cf_status kmd_seal_seed(struct vault_scope *scope, const uint8_t master[KMD_KEY_SIZE],
			       const uint8_t seed[KMD_SEED_SIZE], const uint8_t address[32],
			       struct mspan blob, size_t *n)
{
	struct kmd_sealed s = { .by_password = false };
	uint8_t pair[SECRET_KEY], point[32], packed[SECRET_KEY + 2];
	struct pack value = pack_into(MSPAN_OF(packed));

	(void)crypto_sign_seed_keypair(point, pair, seed);
	if (sodium_memcmp(point, address, sizeof(point)) != 0)
		return error_set(CF_STATUS(FORGED), "a key is not that of its address");
	pack_bin(&value, SPAN_OF(pair));
	return seal(scope, master, KMD_SECRET_KEY, pack_span(&value), &s, blob, n);
}
