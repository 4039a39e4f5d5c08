/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of one call that make a key or take one out: wrap, derive, generate, encapsulate. */
#include <string.h>

#include "abi.h"
#include "coffer/coffer.h"

#define MARK 0x5a

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS class_secret = CKO_SECRET_KEY, class_data = CKO_DATA;
static CK_KEY_TYPE aes = CKK_AES, generic = CKK_GENERIC_SECRET;

static CK_RV destroy(struct abi *a, CK_RV rv, CK_OBJECT_HANDLE h)
{
	return rv == CKR_OK ? a->m.f->C_DestroyObject(a->s, h) : rv;
}

static CK_ULONG value_of(struct abi *a, CK_OBJECT_HANDLE h, CK_BYTE out[512])
{
	CK_ATTRIBUTE t = { CKA_VALUE, out, 512 };

	return a->m.f->C_GetAttributeValue(a->s, h, &t, 1) == CKR_OK ? t.ulValueLen : 0;
}

static bool same_value(struct abi *a, CK_OBJECT_HANDLE one, CK_OBJECT_HANDLE other)
{
	CK_BYTE p[512], q[512];
	CK_ULONG n = value_of(a, one, p);

	return n > 0 && value_of(a, other, q) == n && memcmp(p, q, n) == 0;
}

static bool untouched(const CK_BYTE *p, CK_ULONG at, CK_ULONG end)
{
	for (CK_ULONG i = at; i < end; i++)
		if (p[i] != MARK)
			return false;
	return true;
}

/* ---- wrap and unwrap ---- */

static CK_RV wrap(struct abi *a, CK_OBJECT_HANDLE with, CK_BYTE *out, CK_ULONG *n)
{
	struct parameter p;

	return a->m.f->C_WrapKey(a->s, abi_mechanism(a, &p), with, a->target, out, n);
}

CK_RV abi_start_wrap(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	CK_BYTE out[1024];
	CK_ULONG n = sizeof(out);

	return a->m.f->C_WrapKey(a->s, mechanism, key, a->target, out, &n);
}

void abi_work_wrap(struct abi *a)
{
	CK_BYTE out[1024];
	CK_ULONG need = 0, n;
	struct parameter p;

	memset(out, MARK, sizeof(out));
	(void)abi_rv(a, wrap(a, abi_key(a, false), NULL, &need), CKR_OK, "NULL asks for the length");
	if (!abi_true(a, need > 0 && need < sizeof(out), "the length that was asked for"))
		return;
	n = need - 1;
	(void)abi_rv(a, wrap(a, abi_key(a, false), out, &n), CKR_BUFFER_TOO_SMALL, "a short buffer");
	(void)abi_true(a, n == need && untouched(out, 0, sizeof(out)), "a short buffer is told the length and left alone");
	n = need;
	(void)abi_rv(a, wrap(a, abi_key(a, false), out, &n), CKR_OK, "a buffer of the length that was told");
	(void)abi_true(a, n <= need && untouched(out, need, sizeof(out)), "nothing behind the buffer");
	(void)abi_rv(a, wrap(a, abi_key(a, false), out, NULL), CKR_ARGUMENTS_BAD, "no place for the length");
	n = sizeof(out);
	(void)abi_rv(a, a->m.f->C_WrapKey(a->s, abi_mechanism(a, &p), abi_key(a, false), 0x7ffffff, out, &n), CKR_KEY_HANDLE_INVALID,
		     "a key to be wrapped that there is not");
	(void)abi_rv(a, a->m.f->C_WrapKey(a->s, NULL, abi_key(a, false), a->target, out, &n), CKR_ARGUMENTS_BAD, "no mechanism");
}

static CK_ATTRIBUTE back[] = { ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, aes), ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_SENSITIVE, no) };

CK_RV abi_start_unwrap(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	CK_BYTE in[1024];
	CK_ULONG n = sizeof(in);
	CK_OBJECT_HANDLE h;

	if (!abi_rv(a, wrap(a, a->key[a->row->key].other, in, &n), CKR_OK, "wrapped to be unwrapped"))
		return CKR_GENERAL_ERROR;
	return destroy(a, a->m.f->C_UnwrapKey(a->s, mechanism, key, in, n, back, 4, &h), h);
}

static void unwrap_wrong(struct abi *a, CK_BYTE *in, CK_ULONG n)
{
	struct parameter p;
	CK_MECHANISM *m = abi_mechanism(a, &p);
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE, key = abi_key(a, false);
	CK_RV rv;

	(void)abi_rv(a, a->m.f->C_UnwrapKey(a->s, m, key, NULL, n, back, 4, &h), CKR_ARGUMENTS_BAD, "no wrapped key, of some bytes");
	(void)abi_rv(a, a->m.f->C_UnwrapKey(a->s, m, key, in, n, back, 4, NULL), CKR_ARGUMENTS_BAD, "no place for the handle");
	(void)abi_rv(a, a->m.f->C_UnwrapKey(a->s, m, key, in, n, NULL, 4, &h), CKR_ARGUMENTS_BAD, "no template, of some attributes");
	(void)abi_rv(a, a->m.f->C_UnwrapKey(a->s, NULL, key, in, n, back, 4, &h), CKR_ARGUMENTS_BAD, "no mechanism");
	rv = a->m.f->C_UnwrapKey(a->s, m, key, in, 0, back, 4, &h);
	(void)abi_true(a, rv == CKR_WRAPPED_KEY_LEN_RANGE || rv == CKR_WRAPPED_KEY_INVALID, "a wrapped key of no bytes");
	rv = a->m.f->C_UnwrapKey(a->s, m, key, in, n - 1, back, 4, &h);
	(void)abi_true(a, rv == CKR_WRAPPED_KEY_LEN_RANGE || rv == CKR_WRAPPED_KEY_INVALID, "a wrapped key that is a byte too short");
	(void)abi_true(a, h == CK_INVALID_HANDLE, "an error makes no key");
}

void abi_work_unwrap(struct abi *a)
{
	CK_BYTE in[1024];
	CK_ULONG n = sizeof(in);
	CK_OBJECT_HANDLE h;
	struct parameter p;

	if (!abi_rv(a, wrap(a, a->key[a->row->key].other, in, &n), CKR_OK, "wrapped to be unwrapped"))
		return;
	unwrap_wrong(a, in, n);
	if (!abi_rv(a, a->m.f->C_UnwrapKey(a->s, abi_mechanism(a, &p), abi_key(a, false), in, n, back, 4, &h), CKR_OK, "C_UnwrapKey"))
		return;
	(void)abi_true(a, same_value(a, h, a->target), "what is unwrapped is what was wrapped");
	(void)abi_rv(a, destroy(a, CKR_OK, h), CKR_OK, "destroyed");
}

/* ---- derive ---- */

static CK_ULONG derived(const struct abi *a, CK_ULONG *size, CK_ATTRIBUTE t[6])
{
	*size = a->row->size;
	if ((a->row->use & (PUBLIC_HALF | ACCOUNT)) != 0)
		return 0;
	t[0] = a->row->use == DERIVE_DATA ? (CK_ATTRIBUTE)ATTR(CKA_CLASS, class_data) : (CK_ATTRIBUTE)ATTR(CKA_CLASS, class_secret);
	t[1] = (CK_ATTRIBUTE){ CKA_VALUE_LEN, size, sizeof(*size) };
	if (a->row->use == DERIVE_DATA)
		return 2;
	t[2] = (CK_ATTRIBUTE)ATTR(CKA_KEY_TYPE, generic);
	t[3] = (CK_ATTRIBUTE)ATTR(CKA_EXTRACTABLE, yes);
	t[4] = (CK_ATTRIBUTE)ATTR(CKA_SENSITIVE, no);
	return 5;
}

/* The keys of a connection come out in the parameter: one for each side, of which one is kept. */
static bool makes_block(const struct abi *a)
{
	return a->row->mechanism == CKM_TLS12_KEY_AND_MAC_DERIVE || a->row->mechanism == CKM_TLS12_KEY_SAFE_DERIVE;
}

static CK_RV take_block(struct abi *a, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE *h)
{
	CK_TLS12_KEY_MAT_PARAMS p;

	memcpy(&p, mechanism->pParameter, sizeof(p)); /* it need not be aligned */
	*h = p.pReturnedKeyMaterial->hClientKey;
	return destroy(a, CKR_OK, p.pReturnedKeyMaterial->hServerKey);
}

static CK_RV derive(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[6];
	CK_ULONG size, n = derived(a, &size, t);
	CK_RV rv = a->m.f->C_DeriveKey(a->s, mechanism, key, n == 0 ? NULL : t, n, h);

	return rv == CKR_OK && makes_block(a) ? take_block(a, mechanism, h) : rv;
}

CK_RV abi_start_derive(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv = derive(a, mechanism, key, &h);

	return h == CK_INVALID_HANDLE ? rv : destroy(a, rv, h);
}

void abi_work_derive(struct abi *a)
{
	CK_OBJECT_HANDLE one = CK_INVALID_HANDLE, other = CK_INVALID_HANDLE, key = abi_key(a, false);
	struct parameter p;
	CK_MECHANISM *m = abi_mechanism(a, &p);

	if (!makes_block(a))
		(void)abi_rv(a, derive(a, m, key, NULL), CKR_ARGUMENTS_BAD, "no place for the handle");
	(void)abi_rv(a, a->m.f->C_DeriveKey(a->s, m, key, NULL, 3, &one), CKR_ARGUMENTS_BAD, "no template, of some attributes");
	(void)abi_rv(a, derive(a, NULL, key, &one), CKR_ARGUMENTS_BAD, "no mechanism");
	(void)abi_true(a, one == CK_INVALID_HANDLE, "an error makes no key");
	if (!abi_rv(a, derive(a, m, key, &one), CKR_OK, "C_DeriveKey") || !abi_rv(a, derive(a, m, key, &other), CKR_OK, "C_DeriveKey again"))
		return;
	if ((a->row->use & (DERIVE | DERIVE_KEPT | DERIVE_DATA)) != 0)
		(void)abi_true(a, same_value(a, one, other), "the same is derived of the same");
	(void)abi_rv(a, destroy(a, CKR_OK, one), CKR_OK, "destroyed");
	(void)abi_rv(a, destroy(a, CKR_OK, other), CKR_OK, "destroyed");
}

/* ---- generate ---- */

/* No keys: each time the group that there is of a size. */
static bool makes_domain(const struct abi *a)
{
	return a->row->mechanism == CKM_DH_PKCS_PARAMETER_GEN;
}

static CK_RV generate(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE *h)
{
	CK_ULONG size = a->row->size, bits = 2048;
	CK_ATTRIBUTE domain = ATTR(CKA_PRIME_BITS, bits);
	CK_ATTRIBUTE t[] = { ATTR(CKA_CLASS, class_secret), ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_SENSITIVE, no), ATTR(CKA_VALUE_LEN, size) };

	if (makes_domain(a))
		return a->m.f->C_GenerateKey(a->s, mechanism, &domain, 1, h);
	return a->m.f->C_GenerateKey(a->s, mechanism, t, size == 0 ? 3 : 4, h);
}

CK_RV abi_start_generate(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	(void)key;
	return destroy(a, generate(a, mechanism, &h), h);
}

void abi_work_generate(struct abi *a)
{
	CK_OBJECT_HANDLE one = CK_INVALID_HANDLE, other = CK_INVALID_HANDLE;
	bool made_of_password = a->row->mechanism == CKM_PKCS5_PBKD2;
	struct parameter p;
	CK_MECHANISM *m = abi_mechanism(a, &p);

	(void)abi_rv(a, generate(a, m, NULL), CKR_ARGUMENTS_BAD, "no place for the handle");
	(void)abi_rv(a, generate(a, NULL, &one), CKR_ARGUMENTS_BAD, "no mechanism");
	(void)abi_rv(a, a->m.f->C_GenerateKey(a->s, m, NULL, 3, &one), CKR_ARGUMENTS_BAD, "no template, of some attributes");
	(void)abi_true(a, one == CK_INVALID_HANDLE, "an error makes no key");
	if (!abi_rv(a, generate(a, m, &one), CKR_OK, "C_GenerateKey") || !abi_rv(a, generate(a, m, &other), CKR_OK, "C_GenerateKey again"))
		return;
	if (!makes_domain(a))
		(void)abi_true(a, same_value(a, one, other) == made_of_password, "each key is another, but for one that is made of a password");
	(void)abi_rv(a, destroy(a, CKR_OK, one), CKR_OK, "destroyed");
	(void)abi_rv(a, destroy(a, CKR_OK, other), CKR_OK, "destroyed");
}

static CK_RV pair(struct abi *a, CK_MECHANISM *mechanism, struct abi_keys *out)
{
	CK_ATTRIBUTE domain[3];
	CK_ULONG n = abi_domain(a->row->key, domain);

	return a->m.f->C_GenerateKeyPair(a->s, mechanism, domain, n, NULL, 0, &out->other, &out->own);
}

CK_RV abi_start_pair(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	struct abi_keys k = { CK_INVALID_HANDLE, CK_INVALID_HANDLE };
	CK_RV rv = pair(a, mechanism, &k);

	(void)key;
	return destroy(a, destroy(a, rv, k.own), k.other);
}

void abi_work_pair(struct abi *a)
{
	CK_ATTRIBUTE domain[3];
	CK_ULONG n = abi_domain(a->row->key, domain);
	struct abi_keys k = { CK_INVALID_HANDLE, CK_INVALID_HANDLE };
	struct parameter p;
	CK_MECHANISM *m = abi_mechanism(a, &p);

	(void)abi_rv(a, a->m.f->C_GenerateKeyPair(a->s, m, domain, n, NULL, 0, NULL, &k.own), CKR_ARGUMENTS_BAD, "no place for the public key's handle");
	(void)abi_rv(a, a->m.f->C_GenerateKeyPair(a->s, m, domain, n, NULL, 0, &k.other, NULL), CKR_ARGUMENTS_BAD,
		     "no place for the private key's handle");
	(void)abi_rv(a, a->m.f->C_GenerateKeyPair(a->s, NULL, domain, n, NULL, 0, &k.other, &k.own), CKR_ARGUMENTS_BAD, "no mechanism");
	(void)abi_rv(a, a->m.f->C_GenerateKeyPair(a->s, m, NULL, n, NULL, 0, &k.other, &k.own), CKR_ARGUMENTS_BAD, "no template, of some attributes");
	(void)abi_rv(a, a->m.f->C_GenerateKeyPair(a->s, m, NULL, 0, NULL, 0, &k.other, &k.own), CKR_TEMPLATE_INCOMPLETE, "no domain");
	(void)abi_true(a, k.own == CK_INVALID_HANDLE && k.other == CK_INVALID_HANDLE, "an error makes no key");
	(void)abi_rv(a, abi_start_pair(a, m, CK_INVALID_HANDLE), CKR_OK, "C_GenerateKeyPair");
}

/* ---- encapsulate ---- */

static CK_ATTRIBUTE shared[] = { ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, generic), ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_SENSITIVE, no) };

static CK_ULONG secret_n = 32;
static CK_ATTRIBUTE chosen[] = { ATTR(CKA_CLASS, class_secret), ATTR(CKA_KEY_TYPE, generic), ATTR(CKA_EXTRACTABLE, yes), ATTR(CKA_SENSITIVE, no),
				 ATTR(CKA_VALUE_LEN, secret_n) };

/* Where RSA pads a secret, the caller says how long that is; elsewhere it is as long as what the mechanism makes. */
static CK_ULONG shared_template(const struct abi *a, CK_ATTRIBUTE **t)
{
	bool pads = a->row->mechanism == CKM_RSA_PKCS || a->row->mechanism == CKM_RSA_PKCS_OAEP;

	*t = pads ? chosen : shared;
	return pads ? 5 : 4;
}

static CK_RV encapsulate(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_BYTE *out, CK_ULONG *n, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE *t;
	CK_ULONG t_n = shared_template(a, &t);

	return a->m.f32->C_EncapsulateKey(a->s, mechanism, key, t, t_n, out, n, h);
}

CK_RV abi_start_encapsulate(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_BYTE out[2048];
	CK_ULONG n = sizeof(out);

	return destroy(a, encapsulate(a, mechanism, key, out, &n, &h), h);
}

void abi_work_encapsulate(struct abi *a)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE, key = abi_key(a, false);
	CK_BYTE out[2048];
	CK_ULONG need = 0, n;
	struct parameter p;
	CK_MECHANISM *m = abi_mechanism(a, &p);

	memset(out, MARK, sizeof(out));
	(void)abi_rv(a, encapsulate(a, m, key, NULL, &need, &h), CKR_OK, "NULL asks for the length");
	if (!abi_true(a, need > 0 && need < sizeof(out), "the length that was asked for"))
		return;
	n = need - 1;
	(void)abi_rv(a, encapsulate(a, m, key, out, &n, &h), CKR_BUFFER_TOO_SMALL, "a short buffer");
	(void)abi_true(a, n == need && untouched(out, 0, sizeof(out)) && h == CK_INVALID_HANDLE, "a short buffer is left alone, and no key made");
	n = need;
	(void)abi_rv(a, encapsulate(a, m, key, out, &n, NULL), CKR_ARGUMENTS_BAD, "no place for the handle");
	(void)abi_rv(a, encapsulate(a, m, key, out, NULL, &h), CKR_ARGUMENTS_BAD, "no place for the length");
	(void)abi_rv(a, encapsulate(a, NULL, key, out, &n, &h), CKR_ARGUMENTS_BAD, "no mechanism");
	n = need;
	if (abi_rv(a, encapsulate(a, m, key, out, &n, &h), CKR_OK, "a buffer of the length that was told"))
		(void)abi_rv(a, destroy(a, CKR_OK, h), CKR_OK, "destroyed");
	(void)abi_true(a, n == need && untouched(out, need, sizeof(out)), "nothing behind the buffer");
}

static bool sent(struct abi *a, CK_BYTE out[2048], CK_ULONG *n, CK_OBJECT_HANDLE *h)
{
	struct parameter p;

	*n = 2048;
	return abi_rv(a, encapsulate(a, abi_mechanism(a, &p), a->key[a->row->key].other, out, n, h), CKR_OK, "encapsulated to be decapsulated");
}

static CK_RV decapsulate(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_BYTE *in, CK_ULONG n, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE *t;
	CK_ULONG t_n = shared_template(a, &t);

	return a->m.f32->C_DecapsulateKey(a->s, mechanism, key, t, t_n, in, n, h);
}

CK_RV abi_start_decapsulate(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	CK_OBJECT_HANDLE one, h = CK_INVALID_HANDLE;
	CK_BYTE in[2048];
	CK_ULONG n;

	if (!sent(a, in, &n, &one) || destroy(a, CKR_OK, one) != CKR_OK)
		return CKR_GENERAL_ERROR;
	return destroy(a, decapsulate(a, mechanism, key, in, n, &h), h);
}

void abi_work_decapsulate(struct abi *a)
{
	CK_OBJECT_HANDLE one, h = CK_INVALID_HANDLE, key = abi_key(a, false);
	struct parameter p;
	CK_MECHANISM *m = abi_mechanism(a, &p);
	CK_BYTE in[2048];
	CK_ULONG n;
	CK_RV rv;

	if (!sent(a, in, &n, &one))
		return;
	(void)abi_rv(a, decapsulate(a, m, key, NULL, n, &h), CKR_ARGUMENTS_BAD, "no ciphertext, of some bytes");
	(void)abi_rv(a, decapsulate(a, m, key, in, n, NULL), CKR_ARGUMENTS_BAD, "no place for the handle");
	rv = decapsulate(a, m, key, in, n - 1, &h);
	if (a->row->mechanism == CKM_DH_PKCS_DERIVE)
		(void)destroy(a, rv, h); /* a number: one without its last byte is another one */
	else
		(void)abi_true(a, rv == CKR_WRAPPED_KEY_LEN_RANGE || rv == CKR_WRAPPED_KEY_INVALID, "a ciphertext that is a byte too short");
	(void)abi_true(a, rv == CKR_OK || h == CK_INVALID_HANDLE, "an error makes no key");
	if (!abi_rv(a, decapsulate(a, m, key, in, n, &h), CKR_OK, "C_DecapsulateKey"))
		return;
	(void)abi_true(a, same_value(a, one, h), "both sides have the same key");
	(void)abi_rv(a, destroy(a, destroy(a, CKR_OK, one), h), CKR_OK, "destroyed");
}
