/* SPDX-License-Identifier: Apache-2.0 */
/* C_Verify*: right and wrong signatures in one piece and in parts, and what is left after them. */
#include <string.h>

#include "abi.h"

CK_RV abi_start_verify(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	return a->m.f->C_VerifyInit(a->s, mechanism, key);
}

CK_RV abi_stop_verify(struct abi *a)
{
	return a->m.f->C_VerifyInit(a->s, NULL, CK_INVALID_HANDLE);
}

static bool begin(struct abi *a)
{
	struct parameter p;

	return abi_rv(a, abi_start_verify(a, abi_mechanism(a, &p), abi_key(a, false)), CKR_OK, "Init");
}

static void expect_none(struct abi *a, const char *what)
{
	CK_BYTE byte[64] = { 0 };

	(void)abi_rv(a, a->m.f->C_Verify(a->s, byte, 1, byte, sizeof(byte)), CKR_OPERATION_NOT_INITIALIZED, what);
	(void)abi_rv(a, a->m.f->C_VerifyUpdate(a->s, byte, 1), CKR_OPERATION_NOT_INITIALIZED, what);
	(void)abi_rv(a, a->m.f->C_VerifyFinal(a->s, byte, sizeof(byte)), CKR_OPERATION_NOT_INITIALIZED, what);
}

static void once(struct abi *a, CK_BYTE *signature, CK_ULONG n, CK_RV want, const char *what)
{
	if (!begin(a))
		return;
	(void)abi_rv(a, a->m.f->C_Verify(a->s, a->data, a->row->size, signature, n), want, what);
	expect_none(a, "after the end");
}

static bool feed(struct abi *a, CK_ULONG piece)
{
	for (CK_ULONG i = 0; i < a->row->size; i += piece)
		if (!abi_rv(a, a->m.f->C_VerifyUpdate(a->s, a->data + i, a->row->size - i < piece ? a->row->size - i : piece), CKR_OK, "a part"))
			return false;
	return true;
}

static void in_parts(struct abi *a, CK_BYTE *signature, CK_ULONG n, CK_ULONG piece)
{
	if (!begin(a) || !feed(a, piece))
		return;
	(void)abi_rv(a, a->m.f->C_VerifyFinal(a->s, signature, n), CKR_OK, "what was signed in one piece is verified in parts");
	expect_none(a, "after the last part");
	signature[n / 2] ^= 1;
	if (begin(a) && feed(a, piece))
		(void)abi_rv(a, a->m.f->C_VerifyFinal(a->s, signature, n), CKR_SIGNATURE_INVALID, "another signature, in parts");
	signature[n / 2] ^= 1;
	expect_none(a, "after a wrong signature");
	if (begin(a) && feed(a, piece))
		(void)abi_rv(a, a->m.f->C_VerifyFinal(a->s, signature, n - 1), CKR_SIGNATURE_LEN_RANGE, "a short signature, in parts");
	expect_none(a, "after a short signature");
}

/* A signature that was made in parts is one over the whole. */
static void signed_in_parts(struct abi *a, CK_ULONG piece)
{
	CK_BYTE signature[ABI_OUT_MAX];
	CK_ULONG n = sizeof(signature);
	struct parameter p;

	if (!abi_rv(a, a->m.f->C_SignInit(a->s, abi_mechanism(a, &p), a->key[a->row->key].own), CKR_OK, "C_SignInit"))
		return;
	for (CK_ULONG i = 0; i < a->row->size; i += piece)
		(void)abi_rv(a, a->m.f->C_SignUpdate(a->s, a->data + i, a->row->size - i < piece ? a->row->size - i : piece), CKR_OK, "a part");
	if (abi_rv(a, a->m.f->C_SignFinal(a->s, signature, &n), CKR_OK, "C_SignFinal"))
		once(a, signature, n, CKR_OK, "what was signed in parts is verified in one piece");
}

static void errors(struct abi *a, CK_BYTE *signature, CK_ULONG n)
{
	expect_none(a, "without an Init");
	if (begin(a))
		(void)abi_rv(a, a->m.f->C_Verify(a->s, NULL, 5, signature, n), CKR_ARGUMENTS_BAD, "no data, of 5 bytes");
	expect_none(a, "after an error");
	if (begin(a))
		(void)abi_rv(a, a->m.f->C_Verify(a->s, a->data, a->row->size, NULL, n), CKR_ARGUMENTS_BAD, "no signature, of some bytes");
	expect_none(a, "after an error");
	if (begin(a))
		(void)abi_rv(a, abi_stop_verify(a), CKR_OK, "a NULL mechanism ends the operation");
	expect_none(a, "after that end");
}

/* Over the data itself: of what was there before. */
static void signed_in_place(struct abi *a)
{
	CK_BYTE both[ABI_OUT_MAX];
	CK_ULONG n = sizeof(both);
	struct parameter p;

	memcpy(both, a->data, a->row->size);
	if (!abi_rv(a, a->m.f->C_SignInit(a->s, abi_mechanism(a, &p), a->key[a->row->key].own), CKR_OK, "C_SignInit"))
		return;
	if (abi_rv(a, a->m.f->C_Sign(a->s, both, a->row->size, both, &n), CKR_OK, "signed in place"))
		once(a, both, n, CKR_OK, "what was signed in place");
}

static bool has_parts(struct abi *a)
{
	bool has;
	CK_RV rv;

	if (!begin(a))
		return false;
	rv = a->m.f->C_VerifyUpdate(a->s, a->data, 1);
	has = rv == CKR_OK;
	(void)abi_true(a, has || rv == CKR_FUNCTION_NOT_SUPPORTED, "a part");
	if (has)
		(void)abi_stop_verify(a);
	else
		expect_none(a, "after a part that was refused");
	return has;
}

void abi_work_verify(struct abi *a)
{
	static const CK_ULONG pieces[] = { 1, 3, 7, ABI_DATA_MAX };
	CK_BYTE signature[ABI_OUT_MAX];
	CK_ULONG n = sizeof(signature) - 1;

	if (!abi_sign(a, CKF_SIGN, signature, &n))
		return;
	errors(a, signature, n);
	once(a, signature, n, CKR_OK, "a right signature");
	once(a, signature, n - 1, CKR_SIGNATURE_LEN_RANGE, "a signature that is a byte too short");
	once(a, signature, n + 1, CKR_SIGNATURE_LEN_RANGE, "a signature that is a byte too long");
	once(a, signature, 0, CKR_SIGNATURE_LEN_RANGE, "a signature of no bytes");
	signature[n / 2] ^= 1;
	once(a, signature, n, CKR_SIGNATURE_INVALID, "a signature with a bit changed");
	signature[n / 2] ^= 1;
	signed_in_place(a);
	if (!has_parts(a))
		return;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		in_parts(a, signature, n, pieces[i]);
		signed_in_parts(a, pieces[i]);
	}
}
