/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption and decryption. */
#include "session/bodies.h"
#include "session/session.h"

CK_RV do_C_EncryptInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	struct access who = session_access(call);

	return op_init(&call->session->op[OP_ENCRYPT], OP_ENCRYPT, &who, mechanism, key);
}

CK_RV do_C_Encrypt(struct call *call, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR encrypted,
		   CK_ULONG_PTR encrypted_len)
{
	const struct op_output out = { encrypted, encrypted_len };

	return op_once(&call->session->op[OP_ENCRYPT], call->token, span(data, data_len), &out);
}

CK_RV do_C_EncryptUpdate(struct call *call, CK_BYTE_PTR part, CK_ULONG part_len, CK_BYTE_PTR encrypted,
			 CK_ULONG_PTR encrypted_len)
{
	const struct op_output out = { encrypted, encrypted_len };

	return op_transform(&call->session->op[OP_ENCRYPT], call->token, span(part, part_len), &out);
}

CK_RV do_C_EncryptFinal(struct call *call, CK_BYTE_PTR encrypted, CK_ULONG_PTR encrypted_len)
{
	const struct op_output out = { encrypted, encrypted_len };

	return op_finish(&call->session->op[OP_ENCRYPT], call->token, &out);
}

CK_RV do_C_DecryptInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	struct access who = session_access(call);

	return op_init(&call->session->op[OP_DECRYPT], OP_DECRYPT, &who, mechanism, key);
}

CK_RV do_C_Decrypt(struct call *call, CK_BYTE_PTR encrypted, CK_ULONG encrypted_len, CK_BYTE_PTR data,
		   CK_ULONG_PTR data_len)
{
	const struct op_output out = { data, data_len };

	return op_once(&call->session->op[OP_DECRYPT], call->token, span(encrypted, encrypted_len), &out);
}

CK_RV do_C_DecryptUpdate(struct call *call, CK_BYTE_PTR encrypted, CK_ULONG encrypted_len, CK_BYTE_PTR part,
			 CK_ULONG_PTR part_len)
{
	const struct op_output out = { part, part_len };

	return op_transform(&call->session->op[OP_DECRYPT], call->token, span(encrypted, encrypted_len), &out);
}

CK_RV do_C_DecryptFinal(struct call *call, CK_BYTE_PTR part, CK_ULONG_PTR part_len)
{
	const struct op_output out = { part, part_len };

	return op_finish(&call->session->op[OP_DECRYPT], call->token, &out);
}
