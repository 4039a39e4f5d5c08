/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calling conventions, for every mechanism that encrypts, signs or digests (PKCS#11 3.2 §5.2, §5.8-5.16): lengths asked for,
 * short buffers, parts of any size, results over the data itself, no data, the state after an error, parameters that are
 * missing, too short or too many.  abi.def has a row for each.
 */
#include <stdio.h>
#include <string.h>

#include "p11.h"
#include "unit.h"

/* Whatever a mechanism of the module gives (SLH-DSA-128f: 17,088 bytes), and then some. */
#define ROOM 18000

static CK_BBOOL yes = CK_TRUE;

enum key_kind { K_NONE, K_GENERIC, K_AES, K_XTS, K_DES3, K_CHACHA20, K_POLY1305, K_RSA, K_P256, K_ED25519, K_ML_DSA, K_SLH_DSA, KEY_KINDS };

enum parameter_kind { P_NONE, P_LENGTH, P_IV8, P_IV16, P_CTR, P_GCM, P_CCM, P_CHACHA20, P_AEAD, P_OAEP, P_PSS, P_TLS_MAC, P_HASH };

enum flow {
	STREAM,    /* any length, in parts */
	NOT_EMPTY, /* some data, in parts */
	BLOCK,     /* whole blocks, in parts */
	PADDED,    /* any length, in parts; blocks come out */
	AEAD,      /* any length, in parts, and a tag */
	ONCE       /* in one piece */
};

struct row {
	const char *name;
	CK_MECHANISM_TYPE type;
	enum key_kind key;
	enum parameter_kind parameter;
	enum flow flow;
	CK_ULONG size;
};

static const struct row rows[] = {
#define ABI(mechanism, key, parameter, flow, size) {#mechanism, CKM_##mechanism, key, parameter, flow, size},
#include "abi.def"
#undef ABI
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* The module, and a pair of handles of each kind of key; a secret key is both. */
struct bench {
	struct p11 m;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE s;
	struct p11_pair key[KEY_KINDS];
};

/* One row at work. */
struct at {
	struct bench *b;
	const struct row *row;
	CK_MECHANISM mechanism;
	union {
		CK_ULONG length;
		CK_AES_CTR_PARAMS ctr;
		CK_GCM_PARAMS gcm;
		CK_CCM_PARAMS ccm;
		CK_CHACHA20_PARAMS chacha20;
		CK_SALSA20_CHACHA20_POLY1305_PARAMS aead;
		CK_RSA_PKCS_OAEP_PARAMS oaep;
		CK_RSA_PKCS_PSS_PARAMS pss;
		CK_TLS_MAC_PARAMS tls_mac;
		CK_HASH_SIGN_ADDITIONAL_CONTEXT hash;
		CK_BYTE iv[16];
	} as;
	CK_BYTE iv[16];
	CK_BYTE counter[4];
};

/* Encryption or decryption; signing, digesting. */
struct transform {
	CK_RV (*init)(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE);
	CK_RV (*once)(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR);
	CK_RV (*update)(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR); /* NULL: absorbs */
	CK_RV (*absorb)(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG);
	CK_RV (*final)(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG_PTR);
	CK_OBJECT_HANDLE key;
	CK_ULONG tag; /* bytes of the input that are no data: CCM is told the data's length */
};

/* ---- keys ---- */

static CK_OBJECT_HANDLE secret(struct bench *b, CK_MECHANISM_TYPE generator, CK_ULONG bytes)
{
	CK_MECHANISM mechanism = {generator, NULL, 0};
	CK_ATTRIBUTE t[] = {ATTR(CKA_ENCRYPT, yes), ATTR(CKA_DECRYPT, yes), ATTR(CKA_SIGN, yes), ATTR(CKA_VERIFY, yes),
			    ATTR(CKA_VALUE_LEN, bytes)};
	CK_OBJECT_HANDLE h = 0;

	REQUIRE_RV(b->m.f->C_GenerateKey(b->s, &mechanism, t, bytes == 0 ? 4 : 5, &h), CKR_OK);
	return h;
}

static struct p11_pair both(CK_OBJECT_HANDLE h)
{
	return (struct p11_pair){h, h};
}

static struct p11_pair pair(struct bench *b, CK_MECHANISM_TYPE generator, CK_ATTRIBUTE t)
{
	CK_MECHANISM mechanism = {generator, NULL, 0};
	CK_ATTRIBUTE pub[] = {t, ATTR(CKA_VERIFY, yes), ATTR(CKA_ENCRYPT, yes)};
	CK_ATTRIBUTE priv[] = {ATTR(CKA_SIGN, yes), ATTR(CKA_DECRYPT, yes)};
	bool rsa = generator == CKM_RSA_PKCS_KEY_PAIR_GEN;
	struct p11_pair made = {0, 0};

	REQUIRE_RV(b->m.f->C_GenerateKeyPair(b->s, &mechanism, pub, rsa ? 3 : 2, priv, rsa ? 2 : 1, &made.pub, &made.priv), CKR_OK);
	return made;
}

static bool is_offered(struct bench *b, CK_MECHANISM_TYPE type)
{
	CK_MECHANISM_INFO info;

	return b->m.f->C_GetMechanismInfo(b->slot, type, &info) == CKR_OK;
}

static void bench_start(struct bench *b)
{
	CK_ULONG bits = 2048;
	CK_ML_DSA_PARAMETER_SET_TYPE ml_dsa = CKP_ML_DSA_44;
	CK_SLH_DSA_PARAMETER_SET_TYPE slh_dsa = CKP_SLH_DSA_SHA2_128F;
	CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, ed25519[] = {0x06, 0x03, 0x2b, 0x65, 0x70};

	memset(b, 0, sizeof(*b));
	REQUIRE(p11_load(&b->m, "enabled-mechanisms = CKM_DES3_ECB CKM_DES3_CBC CKM_DES3_CBC_PAD CKM_DES3_CMAC CKM_DES3_CMAC_GENERAL "
				"CKM_DES3_KEY_GEN\n"));
	REQUIRE_RV(b->m.f->C_Initialize(NULL), CKR_OK);
	b->slot = p11_token(&b->m, "abi");
	b->s = p11_session(&b->m, b->slot, true);
	REQUIRE(b->s != 0);
	b->key[K_GENERIC] = both(secret(b, CKM_GENERIC_SECRET_KEY_GEN, 48));
	b->key[K_AES] = both(secret(b, CKM_AES_KEY_GEN, 32));
	b->key[K_XTS] = both(secret(b, CKM_AES_XTS_KEY_GEN, 64));
	b->key[K_DES3] = both(secret(b, CKM_DES3_KEY_GEN, 0));
	b->key[K_CHACHA20] = both(secret(b, CKM_CHACHA20_KEY_GEN, 0));
	b->key[K_POLY1305] = both(secret(b, CKM_POLY1305_KEY_GEN, 0));
	b->key[K_RSA] = pair(b, CKM_RSA_PKCS_KEY_PAIR_GEN, (CK_ATTRIBUTE)ATTR(CKA_MODULUS_BITS, bits));
	b->key[K_P256] = pair(b, CKM_EC_KEY_PAIR_GEN, (CK_ATTRIBUTE)ATTR(CKA_EC_PARAMS, p256));
	b->key[K_ED25519] = pair(b, CKM_EC_EDWARDS_KEY_PAIR_GEN, (CK_ATTRIBUTE)ATTR(CKA_EC_PARAMS, ed25519));
	if (!is_offered(b, CKM_ML_DSA))
		return; /* libcrypto before 3.5 */
	b->key[K_ML_DSA] = pair(b, CKM_ML_DSA_KEY_PAIR_GEN, (CK_ATTRIBUTE)ATTR(CKA_PARAMETER_SET, ml_dsa));
	b->key[K_SLH_DSA] = pair(b, CKM_SLH_DSA_KEY_PAIR_GEN, (CK_ATTRIBUTE)ATTR(CKA_PARAMETER_SET, slh_dsa));
}

/* ---- parameters ---- */

static CK_RSA_PKCS_PSS_PARAMS pss_of(CK_MECHANISM_TYPE type)
{
	static const struct {
		CK_MECHANISM_TYPE signs;
		CK_RSA_PKCS_PSS_PARAMS with;
	} known[] = {
		{CKM_SHA1_RSA_PKCS_PSS, {CKM_SHA_1, CKG_MGF1_SHA1, 20}},	   {CKM_SHA224_RSA_PKCS_PSS, {CKM_SHA224, CKG_MGF1_SHA224, 28}},
		{CKM_SHA384_RSA_PKCS_PSS, {CKM_SHA384, CKG_MGF1_SHA384, 48}},	   {CKM_SHA512_RSA_PKCS_PSS, {CKM_SHA512, CKG_MGF1_SHA512, 64}},
		{CKM_SHA3_224_RSA_PKCS_PSS, {CKM_SHA3_224, CKG_MGF1_SHA3_224, 28}}, {CKM_SHA3_256_RSA_PKCS_PSS, {CKM_SHA3_256, CKG_MGF1_SHA3_256, 32}},
		{CKM_SHA3_384_RSA_PKCS_PSS, {CKM_SHA3_384, CKG_MGF1_SHA3_384, 48}}, {CKM_SHA3_512_RSA_PKCS_PSS, {CKM_SHA3_512, CKG_MGF1_SHA3_512, 64}},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].signs == type)
			return known[i].with;
	return (CK_RSA_PKCS_PSS_PARAMS){CKM_SHA256, CKG_MGF1_SHA256, 32};
}

/* The row's mechanism for data of n bytes. */
static void shape(struct at *a, CK_ULONG n)
{
	static const CK_ULONG sizes[] = {
		[P_LENGTH] = sizeof(CK_ULONG), [P_IV8] = 8, [P_IV16] = 16, [P_CTR] = sizeof(CK_AES_CTR_PARAMS), [P_GCM] = sizeof(CK_GCM_PARAMS),
		[P_CCM] = sizeof(CK_CCM_PARAMS), [P_CHACHA20] = sizeof(CK_CHACHA20_PARAMS),
		[P_AEAD] = sizeof(CK_SALSA20_CHACHA20_POLY1305_PARAMS), [P_OAEP] = sizeof(CK_RSA_PKCS_OAEP_PARAMS),
		[P_PSS] = sizeof(CK_RSA_PKCS_PSS_PARAMS), [P_TLS_MAC] = sizeof(CK_TLS_MAC_PARAMS),
		[P_HASH] = sizeof(CK_HASH_SIGN_ADDITIONAL_CONTEXT),
	};
	enum parameter_kind kind = a->row->parameter;

	memset(&a->as, 0, sizeof(a->as));
	memset(a->iv, 0x5a, sizeof(a->iv));
	if (kind == P_LENGTH)
		a->as.length = 8;
	else if (kind == P_IV8 || kind == P_IV16)
		memcpy(a->as.iv, a->iv, 16);
	else if (kind == P_CTR)
		a->as.ctr.ulCounterBits = 128;
	else if (kind == P_GCM)
		a->as.gcm = (CK_GCM_PARAMS){.pIv = a->iv, .ulIvLen = 12, .ulIvBits = 96, .ulTagBits = 128};
	else if (kind == P_CCM)
		a->as.ccm = (CK_CCM_PARAMS){.ulDataLen = n, .pNonce = a->iv, .ulNonceLen = 12, .ulMACLen = 16};
	else if (kind == P_CHACHA20)
		a->as.chacha20 = (CK_CHACHA20_PARAMS){a->counter, 32, a->iv, 96};
	else if (kind == P_AEAD)
		a->as.aead = (CK_SALSA20_CHACHA20_POLY1305_PARAMS){.pNonce = a->iv, .ulNonceLen = 96};
	else if (kind == P_OAEP)
		a->as.oaep = (CK_RSA_PKCS_OAEP_PARAMS){CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
	else if (kind == P_PSS)
		a->as.pss = pss_of(a->row->type);
	else if (kind == P_TLS_MAC)
		a->as.tls_mac = (CK_TLS_MAC_PARAMS){CKM_SHA256, 12, 1};
	else if (kind == P_HASH)
		a->as.hash = (CK_HASH_SIGN_ADDITIONAL_CONTEXT){CKH_HEDGE_PREFERRED, NULL, 0, CKM_SHA256};
	a->mechanism = (CK_MECHANISM){a->row->type, kind == P_NONE ? NULL : &a->as, sizes[kind]};
}

/* ---- what is driven ---- */

static struct p11 *digesting; /* C_DigestInit has no key */

static CK_RV digest_init(CK_SESSION_HANDLE s, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	(void)key;
	return digesting->f->C_DigestInit(s, mechanism);
}

static struct transform encryption(const struct at *a)
{
	const CK_FUNCTION_LIST *f = a->b->m.f;

	return (struct transform){f->C_EncryptInit, f->C_Encrypt, f->C_EncryptUpdate, NULL, f->C_EncryptFinal, a->b->key[a->row->key].pub, 0};
}

static struct transform decryption(const struct at *a)
{
	const CK_FUNCTION_LIST *f = a->b->m.f;

	return (struct transform){f->C_DecryptInit, f->C_Decrypt, f->C_DecryptUpdate, NULL, f->C_DecryptFinal, a->b->key[a->row->key].priv,
				  a->row->flow == AEAD ? 16 : 0};
}

static struct transform signing(const struct at *a)
{
	const CK_FUNCTION_LIST *f = a->b->m.f;

	return (struct transform){f->C_SignInit, f->C_Sign, NULL, f->C_SignUpdate, f->C_SignFinal, a->b->key[a->row->key].priv, 0};
}

static struct transform digestion(const struct at *a)
{
	const CK_FUNCTION_LIST *f = a->b->m.f;

	digesting = &a->b->m;
	return (struct transform){digest_init, f->C_Digest, NULL, f->C_DigestUpdate, f->C_DigestFinal, 0, 0};
}

static CK_RV init(struct at *a, const struct transform *t, CK_ULONG n)
{
	shape(a, n - t->tag);
	return t->init(a->b->s, &a->mechanism, t->key);
}

static bool is_over(struct at *a, const struct transform *t)
{
	CK_BYTE none = 0, out[ROOM];
	CK_ULONG n = sizeof(out);

	return t->once(a->b->s, &none, 1, out, &n) == CKR_OPERATION_NOT_INITIALIZED;
}

/* ---- the checks ---- */

/* NULL asks, and asks again; a buffer that is too short says how long; none of it ends the operation, and the result does. */
static void check_lengths(struct at *a, const struct transform *t, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *made)
{
	CK_SESSION_HANDLE s = a->b->s;
	CK_ULONG asked = 0, again = 0, little = 1;

	REQUIRE_RV(init(a, t, n), CKR_OK);
	CHECK_RV(t->once(s, in, n, NULL, &asked), CKR_OK);
	CHECK_RV(t->once(s, in, n, NULL, &again), CKR_OK);
	CHECK(asked == again && asked <= ROOM);
	CHECK_RV(t->once(s, in, n, out, &little), CKR_BUFFER_TOO_SMALL);
	CHECK(little <= asked);
	*made = asked;
	CHECK_RV(t->once(s, in, n, out, made), CKR_OK);
	CHECK(*made <= asked && *made == little);
	CHECK(is_over(a, t));
}

/* Pieces of 1, 2, 3... bytes. */
static CK_RV feed(struct at *a, const struct transform *t, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *made)
{
	CK_RV rv = CKR_OK;

	*made = 0;
	for (CK_ULONG from = 0, piece = 1; rv == CKR_OK && from < n; from += piece, piece++) {
		CK_ULONG room = ROOM - *made;

		if (piece > n - from)
			piece = n - from;
		rv = t->update != NULL ? t->update(a->b->s, in + from, piece, out + *made, &room) : t->absorb(a->b->s, in + from, piece);
		if (rv == CKR_OK && t->update != NULL)
			*made += room;
	}
	return rv;
}

static void check_parts(struct at *a, const struct transform *t, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *made)
{
	CK_ULONG asked = 0, room = 0, little;
	CK_RV rv;

	REQUIRE_RV(init(a, t, n), CKR_OK);
	if (a->row->flow == ONCE) {
		CHECK_RV(feed(a, t, in, n, out, made), CKR_FUNCTION_NOT_SUPPORTED);
		CHECK(is_over(a, t));
		return;
	}
	CHECK_RV(feed(a, t, in, n, out, made), CKR_OK);
	CHECK_RV(t->final(a->b->s, NULL, &asked), CKR_OK);
	room = 0;
	rv = t->final(a->b->s, out + *made, &room);
	little = room;
	if (rv == CKR_BUFFER_TOO_SMALL) {
		room = asked;
		rv = t->final(a->b->s, out + *made, &room);
	}
	CHECK_RV(rv, CKR_OK);
	CHECK(little <= asked && room == little);
	*made += room;
	CHECK(is_over(a, t));
}

/* The result where the data is. */
static void check_in_place(struct at *a, const struct transform *t, const CK_BYTE *in, CK_ULONG n, const CK_BYTE *want, CK_ULONG want_n)
{
	CK_BYTE buffer[ROOM];
	CK_ULONG made = sizeof(buffer);

	memcpy(buffer, in, n);
	REQUIRE_RV(init(a, t, n), CKR_OK);
	CHECK_RV(t->once(a->b->s, buffer, n, buffer, &made), CKR_OK);
	if (want != NULL)
		CHECK(made == want_n && memcmp(buffer, want, want_n) == 0);
}

static void check_empty(struct at *a, const struct transform *t, CK_RV otherwise)
{
	CK_BYTE out[ROOM];
	CK_ULONG made = sizeof(out);
	bool takes = a->row->flow != NOT_EMPTY && a->row->flow != ONCE;
	CK_RV rv;

	REQUIRE_RV(init(a, t, 0), CKR_OK);
	rv = t->once(a->b->s, NULL, 0, out, &made);
	if (takes)
		CHECK_RV(rv, CKR_OK);
	else
		CHECK_EITHER(rv, CKR_OK, otherwise);
	CHECK(is_over(a, t));
}

/* A parameter that is not there, is short, has a length and no bytes, or is too much. */
static void check_parameters(struct at *a, const struct transform *t)
{
	CK_BYTE bytes[300] = {0};
	CK_SESSION_HANDLE s = a->b->s;

	shape(a, a->row->size);
	if (a->row->parameter != P_NONE) {
		a->mechanism.ulParameterLen--;
		CHECK_RV(t->init(s, &a->mechanism, t->key), CKR_MECHANISM_PARAM_INVALID);
		a->mechanism.ulParameterLen++;
		a->mechanism.pParameter = NULL;
		CHECK_RV(t->init(s, &a->mechanism, t->key), CKR_MECHANISM_PARAM_INVALID);
		a->mechanism.ulParameterLen = 0;
		CHECK_RV(t->init(s, &a->mechanism, t->key), CKR_MECHANISM_PARAM_INVALID);
	}
	a->mechanism = (CK_MECHANISM){a->row->type, bytes, 3};
	CHECK_RV(t->init(s, &a->mechanism, t->key), CKR_MECHANISM_PARAM_INVALID);
	a->mechanism.ulParameterLen = sizeof(bytes);
	CHECK_RV(t->init(s, &a->mechanism, t->key), CKR_MECHANISM_PARAM_INVALID);
	CHECK(is_over(a, t));
}

/* A call that fails ends the operation; while one runs no other begins, and NULL for the mechanism ends it. */
static void check_state(struct at *a, const struct transform *t, CK_BYTE *in, CK_ULONG n)
{
	CK_ULONG made = 0;

	REQUIRE_RV(init(a, t, n), CKR_OK);
	CHECK_RV(init(a, t, n), CKR_OPERATION_ACTIVE);
	CHECK_RV(t->once(a->b->s, in, n, NULL, NULL), CKR_ARGUMENTS_BAD);
	CHECK(is_over(a, t));
	REQUIRE_RV(init(a, t, n), CKR_OK);
	CHECK_RV(t->init(a->b->s, NULL, t->key), CKR_OK);
	CHECK_RV(t->once(a->b->s, in, n, NULL, &made), CKR_OPERATION_NOT_INITIALIZED);
}

static void check_all(struct at *a, const struct transform *t, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *made, bool repeats)
{
	CK_BYTE parts[ROOM];
	CK_ULONG parts_n = 0;

	check_lengths(a, t, in, n, out, made);
	check_parts(a, t, in, n, parts, &parts_n);
	if (repeats && a->row->flow != ONCE)
		CHECK(parts_n == *made && memcmp(parts, out, parts_n) == 0);
	check_in_place(a, t, in, n, repeats ? out : NULL, *made);
	check_state(a, t, in, n);
	check_parameters(a, t);
}

/* ---- by what the mechanism can ---- */

static void drive_cipher(struct at *a, CK_BYTE *data)
{
	struct transform enc = encryption(a), dec = decryption(a);
	bool random = a->row->type == CKM_RSA_PKCS || a->row->type == CKM_RSA_PKCS_OAEP;
	CK_BYTE ciphertext[ROOM], back[ROOM], piece[1] = {7};
	CK_ULONG n = 0, back_n = 0, room = ROOM;
	CK_ULONG size = a->row->size;

	check_all(a, &enc, data, size, ciphertext, &n, !random);
	check_all(a, &dec, ciphertext, n, back, &back_n, true);
	CHECK(back_n >= size && memcmp(back + back_n - size, data, size) == 0); /* CKM_RSA_X_509 has zeros before it */
	check_empty(a, &enc, CKR_DATA_LEN_RANGE);
	if (a->row->flow == BLOCK) {
		REQUIRE_RV(init(a, &enc, 1), CKR_OK);
		CHECK_RV(enc.once(a->b->s, piece, 1, ciphertext, &room), CKR_DATA_LEN_RANGE);
		CHECK(is_over(a, &enc));
	}
	if (a->row->flow == AEAD) {
		ciphertext[0] ^= 1;
		REQUIRE_RV(init(a, &dec, n), CKR_OK);
		CHECK_RV(dec.once(a->b->s, ciphertext, n, back, &room), CKR_ENCRYPTED_DATA_INVALID);
		CHECK(is_over(a, &dec));
	}
}

static void verify(struct at *a, CK_BYTE *data, CK_ULONG n, CK_BYTE *signature, CK_ULONG signature_n, CK_RV want)
{
	const CK_FUNCTION_LIST *f = a->b->m.f;
	CK_OBJECT_HANDLE key = a->b->key[a->row->key].pub;

	shape(a, n);
	REQUIRE_RV(f->C_VerifyInit(a->b->s, &a->mechanism, key), CKR_OK);
	CHECK_RV(f->C_Verify(a->b->s, data, n, signature, signature_n), want);
	CHECK_RV(f->C_Verify(a->b->s, data, n, signature, signature_n), CKR_OPERATION_NOT_INITIALIZED);
	if (a->row->flow == ONCE)
		return;
	shape(a, n);
	REQUIRE_RV(f->C_VerifyInit(a->b->s, &a->mechanism, key), CKR_OK);
	CHECK_RV(f->C_VerifyUpdate(a->b->s, data, n / 3), CKR_OK);
	CHECK_RV(f->C_VerifyUpdate(a->b->s, data + n / 3, n - n / 3), CKR_OK);
	CHECK_RV(f->C_VerifyFinal(a->b->s, signature, signature_n), want);
	CHECK_RV(f->C_VerifyFinal(a->b->s, signature, signature_n), CKR_OPERATION_NOT_INITIALIZED);
}

/* The signature where the data was, and of what was there before. */
static void check_signed_in_place(struct at *a, const struct transform *sign, CK_BYTE *data)
{
	CK_BYTE buffer[ROOM];
	CK_ULONG n = sizeof(buffer);

	memcpy(buffer, data, a->row->size);
	REQUIRE_RV(init(a, sign, a->row->size), CKR_OK);
	CHECK_RV(sign->once(a->b->s, buffer, a->row->size, buffer, &n), CKR_OK);
	verify(a, data, a->row->size, buffer, n, CKR_OK);
}

static void drive_signature(struct at *a, CK_BYTE *data)
{
	struct transform sign = signing(a);
	bool random = a->row->key == K_P256 || a->row->key >= K_ML_DSA || a->row->parameter == P_PSS;
	CK_BYTE signature[ROOM];
	CK_ULONG n = 0;
	CK_ULONG size = a->row->size;

	check_all(a, &sign, data, size, signature, &n, !random);
	check_empty(a, &sign, CKR_DATA_LEN_RANGE);
	check_signed_in_place(a, &sign, data);
	verify(a, data, size, signature, n, CKR_OK);
	verify(a, data, size, signature, n - 1, CKR_SIGNATURE_LEN_RANGE);
	signature[n - 1] ^= 1;
	verify(a, data, size, signature, n, CKR_SIGNATURE_INVALID);
}

static void drive_digest(struct at *a, CK_BYTE *data)
{
	struct transform digest = digestion(a);
	CK_BYTE out[ROOM];
	CK_ULONG n = 0;

	check_all(a, &digest, data, a->row->size, out, &n, true);
	check_empty(a, &digest, CKR_OK);
}

static void drive(struct bench *b, const struct row *row, CK_FLAGS can)
{
	struct at a = {.b = b, .row = row};
	unsigned before = CU_get_number_of_failures();
	CK_BYTE data[ROOM];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (CK_BYTE)(i * 7 + 1);
	if ((can & CKF_ENCRYPT) != 0)
		drive_cipher(&a, data);
	if ((can & CKF_SIGN) != 0)
		drive_signature(&a, data);
	if ((can & CKF_DIGEST) != 0)
		drive_digest(&a, data);
	if (CU_get_number_of_failures() != before)
		fprintf(stderr, "  ^ CKM_%s\n", row->name);
}

static const struct row *row_of(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}

static void test_every_mechanism(void)
{
	struct bench b;
	CK_MECHANISM_TYPE list[512];
	CK_ULONG n = 512, driven = 0;

	bench_start(&b);
	REQUIRE_RV(b.m.f->C_GetMechanismList(b.slot, list, &n), CKR_OK);
	for (CK_ULONG i = 0; i < n; i++) {
		const struct row *row = row_of(list[i]);
		CK_MECHANISM_INFO info;

		REQUIRE_RV(b.m.f->C_GetMechanismInfo(b.slot, list[i], &info), CKR_OK);
		if ((info.flags & (CKF_ENCRYPT | CKF_SIGN | CKF_DIGEST)) == 0)
			continue;
		if (row == NULL)
			fprintf(stderr, "  mechanism 0x%lx has no row in tests/conformance/abi.def: give it ABI(name, key, parameter, flow, size), "
					"and where its parameter is of a new kind a line in shape() of abi.c\n", list[i]);
		CHECK(row != NULL);
		if (row != NULL)
			drive(&b, row, info.flags);
		driven++;
	}
	CHECK(driven >= 90);
	p11_stop(&b.m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"every mechanism keeps the calling conventions", test_every_mechanism},
		{NULL, NULL},
	};

	return unit_main("calling conventions of every mechanism", tests);
}
