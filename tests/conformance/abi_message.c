/* SPDX-License-Identifier: Apache-2.0 */
/* The message-based functions of 3.0: an error ends the message, never the process. */
#include <string.h>

#include "abi.h"

#define TAG 16

static CK_C_MessageEncryptInit init_of(const struct abi *a)
{
	const CK_FUNCTION_LIST_3_0 *f = a->m.f3;

	switch (a->direction->flag) {
	case CKF_MESSAGE_ENCRYPT:
		return f->C_MessageEncryptInit;
	case CKF_MESSAGE_DECRYPT:
		return f->C_MessageDecryptInit;
	case CKF_MESSAGE_SIGN:
		return f->C_MessageSignInit;
	default:
		return f->C_MessageVerifyInit;
	}
}

CK_RV abi_start_messages(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	return init_of(a)(a->s, mechanism, key);
}

CK_RV abi_stop_messages(struct abi *a)
{
	return init_of(a)(a->s, NULL, CK_INVALID_HANDLE);
}

static bool begin(struct abi *a)
{
	struct parameter p;

	return abi_rv(a, abi_start_messages(a, abi_mechanism(a, &p), abi_key(a, false)), CKR_OK, "Init");
}

/* ---- sign and verify ---- */

static void sign_parts(struct abi *a)
{
	CK_FUNCTION_LIST_3_0 *f = a->m.f3;
	CK_BYTE out[ABI_OUT_MAX];
	CK_ULONG n = sizeof(out);
	CK_RV rv = f->C_SignMessageBegin(a->s, NULL, 0);

	if (!abi_rv(a, rv, CKR_OK, "C_SignMessageBegin"))
		return;
	rv = f->C_SignMessageNext(a->s, NULL, 0, a->data, a->row->size - 1, NULL, NULL);
	if (rv == CKR_FUNCTION_NOT_SUPPORTED) {
		n = sizeof(out);
		(void)abi_rv(a, f->C_SignMessage(a->s, NULL, 0, a->data, a->row->size, out, &n), CKR_OK, "a message after one that had no parts");
		return;
	}
	(void)abi_rv(a, rv, CKR_OK, "a part");
	(void)abi_rv(a, f->C_SignMessage(a->s, NULL, 0, a->data, 1, out, &n), CKR_OPERATION_ACTIVE, "one piece among parts");
	(void)abi_rv(a, f->C_SignMessageNext(a->s, NULL, 0, a->data + a->row->size - 1, 1, out, &n), CKR_OK, "the last part");
	(void)abi_rv(a, f->C_SignMessageNext(a->s, NULL, 0, a->data, 1, out, &n), CKR_OPERATION_NOT_INITIALIZED, "a part after the last");
}

void abi_work_message_sign(struct abi *a)
{
	CK_FUNCTION_LIST_3_0 *f = a->m.f3;
	CK_BYTE out[ABI_OUT_MAX];
	CK_ULONG need = 0, n = sizeof(out), size = a->row->size;

	(void)abi_rv(a, f->C_SignMessage(a->s, NULL, 0, a->data, size, out, &n), CKR_OPERATION_NOT_INITIALIZED, "without an Init");
	(void)abi_rv(a, f->C_SignMessageBegin(a->s, NULL, 0), CKR_OPERATION_NOT_INITIALIZED, "without an Init");
	(void)abi_rv(a, f->C_MessageSignFinal(a->s), CKR_OPERATION_NOT_INITIALIZED, "without an Init");
	if (!begin(a))
		return;
	(void)abi_rv(a, f->C_SignMessage(a->s, NULL, 0, a->data, size, NULL, &need), CKR_OK, "NULL asks for the length");
	n = need - 1;
	memset(out, 0x5a, sizeof(out));
	(void)abi_rv(a, f->C_SignMessage(a->s, NULL, 0, a->data, size, out, &n), CKR_BUFFER_TOO_SMALL, "a short buffer");
	(void)abi_true(a, n == need && out[0] == 0x5a && out[need - 1] == 0x5a, "a short buffer is told the length and left alone");
	(void)abi_rv(a, f->C_SignMessage(a->s, NULL, 0, a->data, size, out, &n), CKR_OK, "a message");
	n = sizeof(out);
	(void)abi_rv(a, f->C_SignMessage(a->s, NULL, 0, NULL, 5, out, &n), CKR_ARGUMENTS_BAD, "no data, of 5 bytes");
	(void)abi_rv(a, f->C_SignMessage(a->s, a->iv, 5, a->data, size, out, &n), CKR_MECHANISM_PARAM_INVALID, "a parameter that there is not");
	(void)abi_rv(a, f->C_SignMessage(a->s, NULL, 0, a->data, size, out, NULL), CKR_ARGUMENTS_BAD, "no place for the length");
	sign_parts(a);
	(void)abi_rv(a, f->C_MessageSignFinal(a->s), CKR_OK, "C_MessageSignFinal");
	(void)abi_rv(a, f->C_MessageSignFinal(a->s), CKR_OPERATION_NOT_INITIALIZED, "after the end");
}

void abi_work_message_verify(struct abi *a)
{
	CK_FUNCTION_LIST_3_0 *f = a->m.f3;
	CK_BYTE signature[ABI_OUT_MAX];
	CK_ULONG n = sizeof(signature) - 1, size = a->row->size;

	(void)abi_rv(a, f->C_VerifyMessage(a->s, NULL, 0, a->data, size, signature, n), CKR_OPERATION_NOT_INITIALIZED, "without an Init");
	(void)abi_rv(a, f->C_MessageVerifyFinal(a->s), CKR_OPERATION_NOT_INITIALIZED, "without an Init");
	if (!abi_sign(a, CKF_SIGN, signature, &n) || !begin(a))
		return;
	(void)abi_rv(a, f->C_VerifyMessage(a->s, NULL, 0, a->data, size, signature, n), CKR_OK, "a right signature");
	(void)abi_rv(a, f->C_VerifyMessage(a->s, NULL, 0, a->data, size, signature, n - 1), CKR_SIGNATURE_LEN_RANGE, "a short signature");
	(void)abi_rv(a, f->C_VerifyMessage(a->s, NULL, 0, NULL, 5, signature, n), CKR_ARGUMENTS_BAD, "no data, of 5 bytes");
	(void)abi_rv(a, f->C_VerifyMessage(a->s, NULL, 0, a->data, size, NULL, n), CKR_ARGUMENTS_BAD, "no signature, of some bytes");
	(void)abi_rv(a, f->C_VerifyMessage(a->s, a->iv, 5, a->data, size, signature, n), CKR_MECHANISM_PARAM_INVALID, "a parameter that there is not");
	signature[n / 2] ^= 1;
	(void)abi_rv(a, f->C_VerifyMessage(a->s, NULL, 0, a->data, size, signature, n), CKR_SIGNATURE_INVALID, "a signature with a bit changed");
	signature[n / 2] ^= 1;
	(void)abi_rv(a, f->C_VerifyMessage(a->s, NULL, 0, a->data, size, signature, n), CKR_OK, "a right signature after wrong ones");
	(void)abi_rv(a, f->C_MessageVerifyFinal(a->s), CKR_OK, "C_MessageVerifyFinal");
	(void)abi_rv(a, f->C_MessageVerifyFinal(a->s), CKR_OPERATION_NOT_INITIALIZED, "after the end");
}

/* ---- encrypt and decrypt ---- */

/* A message's parameter: the nonce of the row, the tag where it goes. */
struct message {
	CK_BYTE tag[TAG];
	union {
		CK_GCM_MESSAGE_PARAMS gcm;
		CK_CCM_MESSAGE_PARAMS ccm;
		CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS aead;
	} as;
	CK_ULONG n;
};

static void shape(struct abi *a, struct message *m)
{
	*m = (struct message){ .n = sizeof(m->as.aead) };
	switch (a->row->mechanism) {
	case CKM_AES_GCM:
		m->as.gcm = (CK_GCM_MESSAGE_PARAMS){ a->iv, 12, 0, CKG_NO_GENERATE, m->tag, 8 * TAG };
		m->n = sizeof(m->as.gcm);
		break;
	case CKM_AES_CCM:
		m->as.ccm = (CK_CCM_MESSAGE_PARAMS){ a->row->size, a->iv, 12, 0, CKG_NO_GENERATE, m->tag, TAG };
		m->n = sizeof(m->as.ccm);
		break;
	default:
		m->as.aead = (CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS){ a->iv, 96, m->tag };
	}
}

/* The nonce and the tag lie where they are said to, in each of the structures. */
static void bad_messages(struct abi *a, CK_C_EncryptMessage crypt)
{
	CK_BYTE out[ABI_OUT_MAX];
	CK_ULONG n = sizeof(out), size = a->row->size;
	struct message m;

	shape(a, &m);
	(void)abi_rv(a, crypt(a->s, NULL, m.n, NULL, 0, a->data, size, out, &n), CKR_MECHANISM_PARAM_INVALID, "no parameter of a message");
	(void)abi_rv(a, crypt(a->s, &m.as, m.n - 1, NULL, 0, a->data, size, out, &n), CKR_MECHANISM_PARAM_INVALID, "a message's parameter too short");
	(void)abi_rv(a, crypt(a->s, &m.as, m.n + 1, NULL, 0, a->data, size, out, &n), CKR_MECHANISM_PARAM_INVALID, "a message's parameter too long");
	(void)abi_rv(a, crypt(a->s, &m.as, m.n, NULL, 5, a->data, size, out, &n), CKR_ARGUMENTS_BAD, "no associated data, of 5 bytes");
	(void)abi_rv(a, crypt(a->s, &m.as, m.n, NULL, 0, NULL, 5, out, &n), CKR_ARGUMENTS_BAD, "no data, of 5 bytes");
	(void)abi_rv(a, crypt(a->s, &m.as, m.n, NULL, 0, a->data, size, out, NULL), CKR_ARGUMENTS_BAD, "no place for the length");
	if (a->row->mechanism == CKM_AES_GCM)
		m.as.gcm.pTag = NULL;
	else if (a->row->mechanism == CKM_AES_CCM)
		m.as.ccm.pMAC = NULL;
	else
		m.as.aead.pTag = NULL;
	(void)abi_rv(a, crypt(a->s, &m.as, m.n, NULL, 0, a->data, size, out, &n), CKR_MECHANISM_PARAM_INVALID, "no place for the tag");
	shape(a, &m);
	if (a->row->mechanism == CKM_AES_GCM)
		m.as.gcm.pIv = NULL;
	else if (a->row->mechanism == CKM_AES_CCM)
		m.as.ccm.pNonce = NULL;
	else
		m.as.aead.pNonce = NULL;
	(void)abi_rv(a, crypt(a->s, &m.as, m.n, NULL, 0, a->data, size, out, &n), CKR_MECHANISM_PARAM_INVALID, "no nonce");
}

/* What is in `in` under m's tag: how long, too short, right, in place. */
static bool one_message(struct abi *a, CK_C_EncryptMessage crypt, struct message *m, const CK_BYTE *in, CK_BYTE *out)
{
	CK_BYTE *from = (CK_BYTE *)(uintptr_t)in, both[ABI_DATA_MAX];
	CK_ULONG need = 0, n, size = a->row->size;

	(void)abi_rv(a, crypt(a->s, &m->as, m->n, NULL, 0, from, size, NULL, &need), CKR_OK, "NULL asks for the length");
	(void)abi_true(a, need == size, "a message is as long as its data");
	n = need - 1;
	memset(out, 0x5a, ABI_OUT_MAX);
	(void)abi_rv(a, crypt(a->s, &m->as, m->n, NULL, 0, from, size, out, &n), CKR_BUFFER_TOO_SMALL, "a short buffer");
	(void)abi_true(a, n == need && out[0] == 0x5a && out[need - 1] == 0x5a, "a short buffer is told the length and left alone");
	(void)abi_rv(a, crypt(a->s, &m->as, m->n, NULL, 0, from, size, out, &n), CKR_OK, "a message");
	if (!abi_true(a, n == need && out[need] == 0x5a, "nothing behind the buffer"))
		return false;
	memcpy(both, in, size);
	return abi_rv(a, crypt(a->s, &m->as, m->n, NULL, 0, both, size, both, &n), CKR_OK, "a message in place") &&
	       abi_true(a, memcmp(both, out, size) == 0, "in place comes out what comes out elsewhere");
}

void abi_work_message_encrypt(struct abi *a)
{
	CK_FUNCTION_LIST_3_0 *f = a->m.f3;
	CK_BYTE out[ABI_OUT_MAX];
	CK_ULONG n = sizeof(out);
	struct message m;

	shape(a, &m);
	(void)abi_rv(a, f->C_EncryptMessage(a->s, &m.as, m.n, NULL, 0, a->data, a->row->size, out, &n), CKR_OPERATION_NOT_INITIALIZED, "without an Init");
	(void)abi_rv(a, f->C_EncryptMessageBegin(a->s, &m.as, m.n, NULL, 0), CKR_OPERATION_NOT_INITIALIZED, "without an Init");
	(void)abi_rv(a, f->C_MessageEncryptFinal(a->s), CKR_OPERATION_NOT_INITIALIZED, "without an Init");
	if (!begin(a))
		return;
	bad_messages(a, f->C_EncryptMessage);
	(void)one_message(a, f->C_EncryptMessage, &m, a->data, out);
	(void)abi_rv(a, f->C_MessageEncryptFinal(a->s), CKR_OK, "C_MessageEncryptFinal");
	(void)abi_rv(a, f->C_MessageEncryptFinal(a->s), CKR_OPERATION_NOT_INITIALIZED, "after the end");
}

static bool encrypted(struct abi *a, struct message *m, CK_BYTE *out)
{
	CK_MECHANISM mechanism = { a->row->mechanism, NULL, 0 };
	CK_ULONG n = ABI_DATA_MAX;
	CK_RV rv = a->m.f3->C_MessageEncryptInit(a->s, &mechanism, a->key[a->row->key].other);

	if (rv == CKR_OK)
		rv = a->m.f3->C_EncryptMessage(a->s, &m->as, m->n, NULL, 0, a->data, a->row->size, out, &n);
	(void)a->m.f3->C_MessageEncryptFinal(a->s);
	return abi_rv(a, rv, CKR_OK, "encrypted to be decrypted");
}

void abi_work_message_decrypt(struct abi *a)
{
	CK_FUNCTION_LIST_3_0 *f = a->m.f3;
	CK_BYTE in[ABI_DATA_MAX], out[ABI_OUT_MAX];
	CK_ULONG n = sizeof(out);
	struct message m;

	shape(a, &m);
	(void)abi_rv(a, f->C_DecryptMessage(a->s, &m.as, m.n, NULL, 0, a->data, a->row->size, out, &n), CKR_OPERATION_NOT_INITIALIZED, "without an Init");
	(void)abi_rv(a, f->C_MessageDecryptFinal(a->s), CKR_OPERATION_NOT_INITIALIZED, "without an Init");
	if (!encrypted(a, &m, in) || !begin(a))
		return;
	bad_messages(a, f->C_DecryptMessage);
	if (one_message(a, f->C_DecryptMessage, &m, in, out))
		(void)abi_true(a, memcmp(out, a->data, a->row->size) == 0, "what is decrypted is what was encrypted");
	m.tag[3] ^= 1;
	n = sizeof(out);
	memset(out, 0x5a, sizeof(out));
	(void)abi_rv(a, f->C_DecryptMessage(a->s, &m.as, m.n, NULL, 0, in, a->row->size, out, &n), CKR_AEAD_DECRYPT_FAILED, "a wrong tag");
	(void)abi_true(a, memcmp(out, a->data, a->row->size) != 0, "of a message with a wrong tag nothing is given out");
	(void)abi_rv(a, f->C_MessageDecryptFinal(a->s), CKR_OK, "C_MessageDecryptFinal");
	(void)abi_rv(a, f->C_MessageDecryptFinal(a->s), CKR_OPERATION_NOT_INITIALIZED, "after the end");
}
