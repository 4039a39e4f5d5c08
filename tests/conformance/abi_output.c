/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that give bytes out: in one piece, in parts, in place, with too small a buffer, after an error (§5.2). */
#include <string.h>

#include "abi.h"

#define MARK 0xa5

/* The functions of one direction; what it does not have is NULL. */
struct functions {
	CK_RV (*init)(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE);
	CK_C_Encrypt whole;
	CK_C_EncryptUpdate transform;
	CK_C_SignUpdate feed;
	CK_C_EncryptFinal final;
};

static struct functions functions_of(const struct abi *a, CK_FLAGS flag)
{
	const CK_FUNCTION_LIST *f = a->m.f;

	switch (flag) {
	case CKF_ENCRYPT:
		return (struct functions){ f->C_EncryptInit, f->C_Encrypt, f->C_EncryptUpdate, NULL, f->C_EncryptFinal };
	case CKF_DECRYPT:
		return (struct functions){ f->C_DecryptInit, f->C_Decrypt, f->C_DecryptUpdate, NULL, f->C_DecryptFinal };
	case CKF_SIGN:
		return (struct functions){ f->C_SignInit, f->C_Sign, NULL, f->C_SignUpdate, f->C_SignFinal };
	case CKF_SIGN_RECOVER:
		return (struct functions){ f->C_SignRecoverInit, f->C_SignRecover, NULL, NULL, NULL };
	case CKF_VERIFY_RECOVER:
		return (struct functions){ f->C_VerifyRecoverInit, f->C_VerifyRecover, NULL, NULL, NULL };
	default:
		return (struct functions){ NULL, f->C_Digest, NULL, f->C_DigestUpdate, f->C_DigestFinal };
	}
}

static CK_RV init(struct abi *a, CK_FLAGS flag, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	if (flag == CKF_DIGEST)
		return a->m.f->C_DigestInit(a->s, mechanism);
	return functions_of(a, flag).init(a->s, mechanism, key);
}

CK_RV abi_start_operation(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	return init(a, a->direction->flag, mechanism, key);
}

CK_RV abi_stop_operation(struct abi *a)
{
	return init(a, a->direction->flag, NULL, CK_INVALID_HANDLE);
}

static bool begin(struct abi *a)
{
	struct parameter p;

	return abi_rv(a, init(a, a->direction->flag, abi_mechanism(a, &p), abi_key(a, false)), CKR_OK, "Init");
}

/* One operation at work: what goes in, what came out of it in one piece. */
struct work {
	struct abi *a;
	struct functions f;
	const CK_BYTE *in;
	CK_ULONG n;
	CK_BYTE out[ABI_OUT_MAX];
	CK_ULONG out_n;
	bool same; /* what comes out is the same each time */
};

static void expect_none(const struct work *w, const char *what)
{
	CK_BYTE byte[1], out[16];
	CK_ULONG n = sizeof(out);

	byte[0] = 0;
	(void)abi_rv(w->a, w->f.whole(w->a->s, byte, 1, out, &n), CKR_OPERATION_NOT_INITIALIZED, what);
	if (w->f.transform != NULL)
		(void)abi_rv(w->a, w->f.transform(w->a->s, byte, 1, out, &n), CKR_OPERATION_NOT_INITIALIZED, what);
	if (w->f.feed != NULL)
		(void)abi_rv(w->a, w->f.feed(w->a->s, byte, 1), CKR_OPERATION_NOT_INITIALIZED, what);
	if (w->f.final != NULL)
		(void)abi_rv(w->a, w->f.final(w->a->s, out, &n), CKR_OPERATION_NOT_INITIALIZED, what);
}

/* Nothing but the mark from `at` on. */
static bool untouched(const CK_BYTE *p, CK_ULONG at, CK_ULONG end)
{
	for (CK_ULONG i = at; i < end; i++)
		if (p[i] != MARK)
			return false;
	return true;
}

/* In one piece: how long, too short, just right. */
static bool whole(struct work *w)
{
	CK_BYTE *in = (CK_BYTE *)(uintptr_t)w->in;
	CK_ULONG need = 0, n;
	CK_RV rv;

	if (!begin(w->a))
		return false;
	(void)abi_rv(w->a, w->f.whole(w->a->s, in, w->n, NULL, &need), CKR_OK, "NULL asks for the length");
	if (!abi_true(w->a, need > 0 && need <= sizeof(w->out) - 16, "the length that was asked for"))
		return false;
	memset(w->out, MARK, sizeof(w->out));
	n = 0;
	rv = w->f.whole(w->a->s, in, w->n, w->out, &n);
	(void)abi_rv(w->a, rv, CKR_BUFFER_TOO_SMALL, "a buffer of no bytes");
	(void)abi_true(w->a, n > 0 && n <= need && untouched(w->out, 0, sizeof(w->out)), "a short buffer is told the length and left alone");
	n = need;
	rv = w->f.whole(w->a->s, in, w->n, w->out, &n);
	w->out_n = n;
	return abi_rv(w->a, rv, CKR_OK, "in one piece, after a short buffer") &&
	       abi_true(w->a, n <= need && untouched(w->out, need, sizeof(w->out)), "nothing behind the buffer");
}

/* One byte less than what comes out is too short, and that is enough. */
static void just_enough(struct work *w)
{
	CK_BYTE out[ABI_OUT_MAX], *in = (CK_BYTE *)(uintptr_t)w->in;
	CK_ULONG n = w->out_n - 1;

	memset(out, MARK, sizeof(out));
	if (w->out_n == 0 || !begin(w->a))
		return;
	(void)abi_rv(w->a, w->f.whole(w->a->s, in, w->n, out, &n), CKR_BUFFER_TOO_SMALL, "a buffer that is a byte too short");
	(void)abi_true(w->a, n >= w->out_n && untouched(out, w->out_n - 1, sizeof(out)), "nothing behind a short buffer");
	(void)abi_rv(w->a, w->f.whole(w->a->s, in, w->n, out, &n), CKR_OK, "with the length that was told");
	(void)abi_true(w->a, n == w->out_n && (!w->same || memcmp(out, w->out, n) == 0), "a short buffer changes nothing");
	expect_none(w, "after the end");
}

static void errors(struct work *w)
{
	CK_BYTE out[ABI_OUT_MAX], *in = (CK_BYTE *)(uintptr_t)w->in;
	CK_ULONG n = sizeof(out);

	expect_none(w, "without an Init");
	if (!begin(w->a))
		return;
	(void)abi_rv(w->a, w->f.whole(w->a->s, NULL, 5, out, &n), CKR_ARGUMENTS_BAD, "no data, of 5 bytes");
	expect_none(w, "after an error");
	if (!begin(w->a))
		return;
	(void)abi_rv(w->a, w->f.whole(w->a->s, in, w->n, out, NULL), CKR_ARGUMENTS_BAD, "no place for the length");
	expect_none(w, "after an error");
	if (!begin(w->a))
		return;
	(void)abi_rv(w->a, abi_stop_operation(w->a), CKR_OK, "a NULL mechanism ends the operation");
	expect_none(w, "after that end");
}

/* ---- in parts ---- */

/* "Single-part operations only", as their own sections say. */
static bool one_part(const struct abi *a)
{
	switch (a->row->mechanism) {
	case CKM_RSA_PKCS:
	case CKM_RSA_X_509:
	case CKM_RSA_PKCS_OAEP:
	case CKM_RSA_PKCS_PSS:
	case CKM_ECDSA:
	case CKM_AES_KEY_WRAP:
	case CKM_AES_KEY_WRAP_PAD:
	case CKM_AES_KEY_WRAP_KWP:
	case CKM_HASH_ML_DSA:
	case CKM_HASH_SLH_DSA:
		return true;
	default:
		return false;
	}
}

/* A part where each knows its length beforehand. */
static bool transform(struct work *w, const CK_BYTE *part, CK_ULONG n, CK_BYTE *out, CK_ULONG *at, bool in_place)
{
	CK_BYTE *room = out + *at, *from = (CK_BYTE *)(uintptr_t)part;
	CK_ULONG need = 0, got;

	if (!abi_rv(w->a, w->f.transform(w->a->s, from, n, NULL, &need), CKR_OK, "NULL asks for the length of a part") ||
	    !abi_true(w->a, *at + need <= ABI_OUT_MAX && n <= ABI_OUT_MAX - *at, "the length of a part"))
		return false;
	if (need > 0) {
		got = need - 1;
		(void)abi_rv(w->a, w->f.transform(w->a->s, from, n, room, &got), CKR_BUFFER_TOO_SMALL, "a part's short buffer");
		(void)abi_true(w->a, got == need && untouched(room, 0, n), "a part's short buffer is left alone");
	}
	if (in_place) {
		memcpy(room, part, n);
		from = room;
	}
	got = need;
	if (!abi_rv(w->a, w->f.transform(w->a->s, from, n, room, &got), CKR_OK, "a part"))
		return false;
	if (in_place && got < n)
		memset(room + got, MARK, n - got);
	*at += got;
	return abi_true(w->a, got <= need && untouched(out, *at, ABI_OUT_MAX), "nothing behind a part's buffer");
}

/* The length that was told may be more than what there is; no byte is less. */
static void final_short(struct work *w, CK_BYTE *out, const CK_ULONG *at, CK_ULONG need)
{
	CK_ULONG n = w->f.feed != NULL ? need - 1 : 0;

	if (need == 0 || at == NULL || w->out_n == *at)
		return;
	(void)abi_rv(w->a, w->f.final(w->a->s, out + *at, &n), CKR_BUFFER_TOO_SMALL, "the last part's short buffer");
	(void)abi_true(w->a, n > 0 && n <= need && untouched(out, *at, ABI_OUT_MAX), "the last part's short buffer is left alone");
}

static bool final(struct work *w, CK_BYTE *out, CK_ULONG *at)
{
	CK_ULONG need = 0, n;

	if (!abi_rv(w->a, w->f.final(w->a->s, NULL, &need), CKR_OK, "NULL asks for the length of the last part") ||
	    !abi_true(w->a, *at + need <= ABI_OUT_MAX, "the length of the last part"))
		return false;
	final_short(w, out, at, need);
	n = need;
	if (!abi_rv(w->a, w->f.final(w->a->s, out + *at, &n), CKR_OK, "the last part"))
		return false;
	*at += n;
	expect_none(w, "after the last part");
	return abi_true(w->a, untouched(out, *at, ABI_OUT_MAX), "nothing behind the last part");
}

static void one_size(struct work *w, CK_ULONG piece, bool in_place)
{
	CK_BYTE out[ABI_OUT_MAX];
	CK_ULONG at = 0;

	memset(out, MARK, sizeof(out));
	if (!begin(w->a))
		return;
	for (CK_ULONG i = 0; i < w->n; i += piece) {
		CK_ULONG n = w->n - i < piece ? w->n - i : piece;
		bool ok = w->f.transform != NULL ? transform(w, w->in + i, n, out, &at, in_place) :
						   abi_rv(w->a, w->f.feed(w->a->s, (CK_BYTE *)(uintptr_t)(w->in + i), n), CKR_OK, "a part");

		if (!ok)
			return (void)abi_stop_operation(w->a);
	}
	if (!final(w, out, &at))
		return (void)abi_stop_operation(w->a);
	(void)abi_true(w->a, at == w->out_n && (!w->same || memcmp(out, w->out, at) == 0), "parts give what one piece gives");
}

static void no_parts(struct work *w)
{
	CK_BYTE byte[1] = { 0 }, out[ABI_OUT_MAX];
	CK_ULONG n = sizeof(out);
	CK_RV rv;

	if (w->f.final == NULL || !begin(w->a))
		return;
	rv = w->f.feed != NULL ? w->f.feed(w->a->s, byte, 1) : w->f.transform(w->a->s, byte, 1, out, &n);
	(void)abi_rv(w->a, rv, CKR_FUNCTION_NOT_SUPPORTED, "a part of a mechanism that has one only");
	expect_none(w, "after a part that was refused");
}

static void parts(struct work *w)
{
	static const CK_ULONG sizes[] = { 1, 2, 3, 5, 7, 16, 31, 64, 100, ABI_OUT_MAX };
	CK_BYTE byte[1] = { 0 }, out[ABI_OUT_MAX];
	CK_ULONG n = sizeof(out);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		one_size(w, sizes[i], false);
		if (w->f.transform != NULL)
			one_size(w, sizes[i], true);
	}
	if (!begin(w->a))
		return;
	(void)abi_rv(w->a, w->f.feed != NULL ? w->f.feed(w->a->s, NULL, 5) : w->f.transform(w->a->s, NULL, 5, out, &n), CKR_ARGUMENTS_BAD,
		     "no part, of 5 bytes");
	expect_none(w, "after an error in a part");
	if (!begin(w->a))
		return;
	n = sizeof(out);
	(void)abi_rv(w->a, w->f.feed != NULL ? w->f.feed(w->a->s, byte, 1) : w->f.transform(w->a->s, byte, 1, out, &n), CKR_OK, "a part");
	n = sizeof(out);
	(void)abi_rv(w->a, w->f.whole(w->a->s, byte, 1, out, &n), CKR_OPERATION_ACTIVE, "one piece among parts");
	expect_none(w, "after one piece among parts");
}

/* "The plaintext and ciphertext can be in the same place"; nothing says that a signature or a digest cannot. */
static void in_place(struct work *w)
{
	CK_BYTE both[ABI_OUT_MAX];
	CK_ULONG n = sizeof(both);

	memcpy(both, w->in, w->n);
	if (!begin(w->a))
		return;
	(void)abi_rv(w->a, w->f.whole(w->a->s, both, w->n, both, &n), CKR_OK, "in place");
	(void)abi_true(w->a, n == w->out_n && (!w->same || memcmp(both, w->out, n) == 0), "in place comes out what comes out elsewhere");
}

static bool authenticates(const struct abi *a)
{
	return a->row->mechanism == CKM_AES_GCM || a->row->mechanism == CKM_AES_CCM || a->row->mechanism == CKM_CHACHA20_POLY1305;
}

static bool pads(const struct abi *a)
{
	return a->row->mechanism == CKM_AES_CBC_PAD || a->row->mechanism == CKM_DES3_CBC_PAD;
}

static bool signs_digest(const struct abi *a)
{
	return a->row->mechanism == CKM_RSA_PKCS_PSS || a->row->mechanism == CKM_ECDSA ||
	       a->row->mechanism == CKM_HASH_ML_DSA || a->row->mechanism == CKM_HASH_SLH_DSA;
}

/* No data at all: an answer, and the operation is over. */
static CK_RV answer_to_nothing(const struct abi *a)
{
	bool is_cipher = a->row->mechanism == CKM_AES_CTS || a->row->mechanism == CKM_AES_XTS || a->row->mechanism == CKM_AES_KEY_WRAP ||
			 a->row->mechanism == CKM_AES_KEY_WRAP_PAD || a->row->mechanism == CKM_AES_KEY_WRAP_KWP;

	if (a->direction->flag == CKF_DECRYPT)
		return is_cipher || a->row->key == RSA_2048 || authenticates(a) || pads(a) ? CKR_ENCRYPTED_DATA_LEN_RANGE : CKR_OK;
	if (a->direction->flag == CKF_VERIFY_RECOVER)
		return CKR_SIGNATURE_LEN_RANGE;
	/* CCM was told of more; what signs a digest wants one of its length. */
	return is_cipher || signs_digest(a) || a->row->mechanism == CKM_AES_CCM ? CKR_DATA_LEN_RANGE : CKR_OK;
}

static void nothing(struct work *w)
{
	CK_BYTE out[ABI_OUT_MAX];
	CK_ULONG n = sizeof(out);
	CK_RV rv;

	if (!begin(w->a))
		return;
	rv = w->f.whole(w->a->s, NULL, 0, out, &n);
	(void)abi_rv(w->a, rv, answer_to_nothing(w->a), "no data");
	expect_none(w, "after no data");
	if (w->f.final == NULL || one_part(w->a) || !begin(w->a))
		return;
	n = sizeof(out);
	(void)abi_rv(w->a, w->f.final(w->a->s, out, &n), rv, "no parts are as no data");
}

static bool run(struct work *w)
{
	errors(w);
	if (!whole(w)) {
		(void)abi_stop_operation(w->a);
		return false;
	}
	expect_none(w, "after the end");
	just_enough(w);
	if (one_part(w->a) || w->f.final == NULL)
		no_parts(w);
	else
		parts(w);
	in_place(w);
	nothing(w);
	return true;
}

/* ---- the directions ---- */

static struct work work_of(struct abi *a, const CK_BYTE *in, CK_ULONG n, bool same)
{
	return (struct work){ .a = a, .f = functions_of(a, a->direction->flag), .in = in, .n = n, .same = same };
}

/* Once, without looking at it: for the other direction. */
static bool once(struct abi *a, CK_FLAGS flag, CK_OBJECT_HANDLE key, const CK_BYTE *in, CK_ULONG in_n, CK_BYTE *out, CK_ULONG *n)
{
	struct parameter p;

	return abi_rv(a, init(a, flag, abi_mechanism(a, &p), key), CKR_OK, "Init of the other direction") &&
	       abi_rv(a, functions_of(a, flag).whole(a->s, (CK_BYTE *)(uintptr_t)in, in_n, out, n), CKR_OK, "the other direction");
}

/* Raw RSA gives as much as the modulus has, zeros first. */
static bool is_data(const struct abi *a, const CK_BYTE *p, CK_ULONG n)
{
	return n >= a->row->size && memcmp(p + n - a->row->size, a->data, a->row->size) == 0 &&
	       (n == a->row->size || a->row->mechanism == CKM_RSA_X_509);
}

void abi_work_digest(struct abi *a)
{
	struct work w = work_of(a, a->data, sizeof(a->data), true);

	(void)run(&w);
}

/* Half a block is none. */
static void half_a_block(struct abi *a)
{
	bool blocks = a->row->mechanism == CKM_AES_ECB || a->row->mechanism == CKM_AES_CBC || a->row->mechanism == CKM_DES3_ECB ||
		      a->row->mechanism == CKM_DES3_CBC;
	CK_BYTE out[ABI_DATA_MAX];
	CK_ULONG n = sizeof(out);

	if (!blocks || !begin(a))
		return;
	(void)abi_rv(a, functions_of(a, a->direction->flag).whole(a->s, a->data, 20, out, &n),
		     a->direction->flag == CKF_ENCRYPT ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_LEN_RANGE, "no whole number of blocks");
}

/* Of what is not authentic nothing is given out. */
static void forged(struct abi *a, CK_BYTE *in, CK_ULONG n)
{
	CK_BYTE out[ABI_DATA_MAX];
	CK_ULONG out_n = sizeof(out);

	if (!authenticates(a) || !begin(a))
		return;
	memset(out, MARK, sizeof(out));
	in[0] ^= 1;
	(void)abi_rv(a, a->m.f->C_Decrypt(a->s, in, n, out, &out_n), CKR_ENCRYPTED_DATA_INVALID, "a forged message");
	in[0] ^= 1;
	(void)abi_true(a, memcmp(out + 1, a->data + 1, 32) != 0, "of a forged message nothing is given out");
}

void abi_work_encrypt(struct abi *a)
{
	struct work w = work_of(a, a->data, a->row->size, a->row->key != RSA_2048);
	CK_BYTE back[ABI_OUT_MAX];
	CK_ULONG n = sizeof(back);

	half_a_block(a);
	if (run(&w) && once(a, CKF_DECRYPT, a->key[a->row->key].own, w.out, w.out_n, back, &n))
		(void)abi_true(a, is_data(a, back, n), "what is decrypted is what was encrypted");
}

void abi_work_decrypt(struct abi *a)
{
	CK_BYTE in[ABI_OUT_MAX];
	CK_ULONG n = sizeof(in);
	struct work w;

	if (!once(a, CKF_ENCRYPT, a->key[a->row->key].other, a->data, a->row->size, in, &n))
		return;
	half_a_block(a);
	forged(a, in, n);
	w = work_of(a, in, n, true);
	if (run(&w))
		(void)abi_true(a, is_data(a, w.out, w.out_n), "what is decrypted is what was encrypted");
}

bool abi_sign(struct abi *a, CK_FLAGS flag, CK_BYTE *signature, CK_ULONG *n)
{
	return once(a, flag, a->key[a->row->key].own, a->data, a->row->size, signature, n);
}

/* Which signatures are the same each time is no rule of PKCS#11: their lengths are looked at here, they themselves by abi_verify.c. */
void abi_work_sign(struct abi *a)
{
	struct work w = work_of(a, a->data, a->row->size, false);

	(void)run(&w);
}

void abi_work_sign_recover(struct abi *a)
{
	struct work w = work_of(a, a->data, a->row->size, true);

	(void)run(&w);
}

void abi_work_verify_recover(struct abi *a)
{
	CK_BYTE signature[ABI_OUT_MAX];
	CK_ULONG n = sizeof(signature);
	struct work w;

	if (!abi_sign(a, CKF_SIGN_RECOVER, signature, &n))
		return;
	w = work_of(a, signature, n, true);
	if (run(&w))
		(void)abi_true(a, is_data(a, w.out, w.out_n), "what is recovered is what was signed");
}
