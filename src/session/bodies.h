/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bodies of the C_ functions that a session answers, one for each row of cryptoki/api.def.  The guard has done
 * before what every function needs: the module is initialised, call->session is open and locked, the row's
 * login state is there.  Arguments are the application's, checked here.  What each one answers is in the
 * specification's section of that function; what the rooms below add is in their headers.
 */
#ifndef COFFER_SESSION_BODIES_H
#define COFFER_SESSION_BODIES_H

#include "session/call.h"

/* ---- session.c ---- */

CK_RV do_C_OpenSession(struct call *call, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY notify,
		       CK_SESSION_HANDLE_PTR session);
CK_RV do_C_CloseSession(struct call *call);
CK_RV do_C_CloseAllSessions(struct call *call);
CK_RV do_C_GetSessionInfo(struct call *call, CK_SESSION_INFO_PTR info);
CK_RV do_C_SessionCancel(struct call *call, CK_FLAGS flags);
CK_RV do_C_GetFunctionStatus(struct call *call);
CK_RV do_C_CancelFunction(struct call *call);
CK_RV do_C_GetSessionValidationFlags(struct call *call, CK_SESSION_VALIDATION_FLAGS_TYPE type, CK_FLAGS *flags);

/* ---- async.c ---- */

CK_RV do_C_AsyncComplete(struct call *call, CK_UTF8CHAR_PTR function, CK_ASYNC_DATA_PTR result);
CK_RV do_C_AsyncGetID(struct call *call, CK_UTF8CHAR_PTR function, CK_ULONG_PTR id);
CK_RV do_C_AsyncJoin(struct call *call, CK_UTF8CHAR_PTR function, CK_ULONG id, CK_BYTE_PTR data, CK_ULONG data_len);

/* ---- user.c: PINs go down as they came, without a copy ---- */

CK_RV do_C_Login(struct call *call, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len);
CK_RV do_C_LoginUser(struct call *call, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len,
		     CK_UTF8CHAR_PTR name, CK_ULONG name_len);
CK_RV do_C_Logout(struct call *call);
CK_RV do_C_InitPIN(struct call *call, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len);
CK_RV do_C_SetPIN(struct call *call, CK_UTF8CHAR_PTR old_pin, CK_ULONG old_len, CK_UTF8CHAR_PTR new_pin,
		  CK_ULONG new_len);

/* ---- op_object.c ---- */

CK_RV do_C_CreateObject(struct call *call, CK_ATTRIBUTE_PTR attr, CK_ULONG count, CK_OBJECT_HANDLE_PTR object);
CK_RV do_C_CopyObject(struct call *call, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attr, CK_ULONG count,
		      CK_OBJECT_HANDLE_PTR copy);
CK_RV do_C_DestroyObject(struct call *call, CK_OBJECT_HANDLE object);
CK_RV do_C_GetObjectSize(struct call *call, CK_OBJECT_HANDLE object, CK_ULONG_PTR size);
CK_RV do_C_GetAttributeValue(struct call *call, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attr, CK_ULONG count);
CK_RV do_C_SetAttributeValue(struct call *call, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attr, CK_ULONG count);

/* ---- op_find.c ---- */

CK_RV do_C_FindObjectsInit(struct call *call, CK_ATTRIBUTE_PTR attr, CK_ULONG count);
CK_RV do_C_FindObjects(struct call *call, CK_OBJECT_HANDLE_PTR object, CK_ULONG max, CK_ULONG_PTR count);
CK_RV do_C_FindObjectsFinal(struct call *call);

/* ---- op_key.c: of PKCS#11 3.2 ---- */

CK_RV do_C_EncapsulateKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE public_key, CK_ATTRIBUTE_PTR attr,
			  CK_ULONG count, CK_BYTE_PTR ciphertext, CK_ULONG_PTR ciphertext_len, CK_OBJECT_HANDLE_PTR key);
CK_RV do_C_DecapsulateKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE private_key, CK_ATTRIBUTE_PTR attr,
			  CK_ULONG count, CK_BYTE_PTR ciphertext, CK_ULONG ciphertext_len, CK_OBJECT_HANDLE_PTR key);

/* ---- op_digest.c ---- */

CK_RV do_C_DigestInit(struct call *call, CK_MECHANISM_PTR mechanism);
CK_RV do_C_Digest(struct call *call, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR digest, CK_ULONG_PTR digest_len);
CK_RV do_C_DigestUpdate(struct call *call, CK_BYTE_PTR part, CK_ULONG part_len);
CK_RV do_C_DigestKey(struct call *call, CK_OBJECT_HANDLE key);
CK_RV do_C_DigestFinal(struct call *call, CK_BYTE_PTR digest, CK_ULONG_PTR digest_len);

/* ---- op_sign.c ---- */

CK_RV do_C_SignInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key);
CK_RV do_C_Sign(struct call *call, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
		CK_ULONG_PTR signature_len);
CK_RV do_C_SignUpdate(struct call *call, CK_BYTE_PTR part, CK_ULONG part_len);
CK_RV do_C_SignFinal(struct call *call, CK_BYTE_PTR signature, CK_ULONG_PTR signature_len);
CK_RV do_C_VerifyInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key);
CK_RV do_C_Verify(struct call *call, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
		  CK_ULONG signature_len);
CK_RV do_C_VerifyUpdate(struct call *call, CK_BYTE_PTR part, CK_ULONG part_len);
CK_RV do_C_VerifyFinal(struct call *call, CK_BYTE_PTR signature, CK_ULONG signature_len);
CK_RV do_C_VerifySignatureInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key, CK_BYTE_PTR signature,
			       CK_ULONG signature_len);
CK_RV do_C_VerifySignature(struct call *call, CK_BYTE_PTR data, CK_ULONG data_len);
CK_RV do_C_VerifySignatureUpdate(struct call *call, CK_BYTE_PTR part, CK_ULONG part_len);
CK_RV do_C_VerifySignatureFinal(struct call *call);

/* ---- op_crypt.c ---- */

CK_RV do_C_EncryptInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key);
CK_RV do_C_Encrypt(struct call *call, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR encrypted,
		   CK_ULONG_PTR encrypted_len);
CK_RV do_C_DecryptInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key);
CK_RV do_C_Decrypt(struct call *call, CK_BYTE_PTR encrypted, CK_ULONG encrypted_len, CK_BYTE_PTR data,
		   CK_ULONG_PTR data_len);
CK_RV do_C_EncryptUpdate(struct call *call, CK_BYTE_PTR part, CK_ULONG part_len, CK_BYTE_PTR encrypted,
			 CK_ULONG_PTR encrypted_len);
CK_RV do_C_EncryptFinal(struct call *call, CK_BYTE_PTR encrypted, CK_ULONG_PTR encrypted_len);
CK_RV do_C_DecryptUpdate(struct call *call, CK_BYTE_PTR encrypted, CK_ULONG encrypted_len, CK_BYTE_PTR part,
			 CK_ULONG_PTR part_len);
CK_RV do_C_DecryptFinal(struct call *call, CK_BYTE_PTR part, CK_ULONG_PTR part_len);

/* ---- op_message.c ---- */

CK_RV do_C_MessageEncryptInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key);
CK_RV do_C_EncryptMessage(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR associated, CK_ULONG associated_len,
			  CK_BYTE_PTR plain, CK_ULONG plain_len, CK_BYTE_PTR encrypted, CK_ULONG_PTR encrypted_len);
CK_RV do_C_EncryptMessageBegin(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR associated, CK_ULONG associated_len);
CK_RV do_C_EncryptMessageNext(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR plain, CK_ULONG plain_len,
			      CK_BYTE_PTR encrypted, CK_ULONG_PTR encrypted_len, CK_FLAGS flags);
CK_RV do_C_MessageEncryptFinal(struct call *call);
CK_RV do_C_MessageDecryptInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key);
CK_RV do_C_DecryptMessage(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR associated, CK_ULONG associated_len,
			  CK_BYTE_PTR encrypted, CK_ULONG encrypted_len, CK_BYTE_PTR plain, CK_ULONG_PTR plain_len);
CK_RV do_C_DecryptMessageBegin(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR associated, CK_ULONG associated_len);
CK_RV do_C_DecryptMessageNext(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR encrypted, CK_ULONG encrypted_len,
			      CK_BYTE_PTR plain, CK_ULONG_PTR plain_len, CK_FLAGS flags);
CK_RV do_C_MessageDecryptFinal(struct call *call);
CK_RV do_C_MessageSignInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key);
CK_RV do_C_SignMessage(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
		       CK_ULONG_PTR signature_len);
CK_RV do_C_SignMessageBegin(struct call *call, CK_VOID_PTR given, CK_ULONG n);
CK_RV do_C_SignMessageNext(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR part, CK_ULONG part_len,
			   CK_BYTE_PTR signature, CK_ULONG_PTR signature_len);
CK_RV do_C_MessageSignFinal(struct call *call);
CK_RV do_C_MessageVerifyInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key);
CK_RV do_C_VerifyMessage(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR data, CK_ULONG data_len,
			 CK_BYTE_PTR signature, CK_ULONG signature_len);
CK_RV do_C_VerifyMessageBegin(struct call *call, CK_VOID_PTR given, CK_ULONG n);
CK_RV do_C_VerifyMessageNext(struct call *call, CK_VOID_PTR given, CK_ULONG n, CK_BYTE_PTR part, CK_ULONG part_len,
			     CK_BYTE_PTR signature, CK_ULONG signature_len);
CK_RV do_C_MessageVerifyFinal(struct call *call);

/* ---- op_dual.c ---- */

CK_RV do_C_DigestEncryptUpdate(struct call *call, CK_BYTE_PTR part, CK_ULONG part_len, CK_BYTE_PTR encrypted,
			       CK_ULONG_PTR encrypted_len);
CK_RV do_C_SignEncryptUpdate(struct call *call, CK_BYTE_PTR part, CK_ULONG part_len, CK_BYTE_PTR encrypted,
			     CK_ULONG_PTR encrypted_len);
CK_RV do_C_DecryptDigestUpdate(struct call *call, CK_BYTE_PTR encrypted, CK_ULONG encrypted_len, CK_BYTE_PTR part,
			       CK_ULONG_PTR part_len);
CK_RV do_C_DecryptVerifyUpdate(struct call *call, CK_BYTE_PTR encrypted, CK_ULONG encrypted_len, CK_BYTE_PTR part,
			       CK_ULONG_PTR part_len);

/* ---- op_recover.c ---- */

CK_RV do_C_SignRecoverInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key);
CK_RV do_C_SignRecover(struct call *call, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
		       CK_ULONG_PTR signature_len);
CK_RV do_C_VerifyRecoverInit(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key);
CK_RV do_C_VerifyRecover(struct call *call, CK_BYTE_PTR signature, CK_ULONG signature_len, CK_BYTE_PTR data,
			 CK_ULONG_PTR data_len);

/* ---- op_key.c ---- */

CK_RV do_C_GenerateKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR attr, CK_ULONG count,
		       CK_OBJECT_HANDLE_PTR key);
CK_RV do_C_GenerateKeyPair(struct call *call, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR public_attr,
			   CK_ULONG public_count, CK_ATTRIBUTE_PTR private_attr, CK_ULONG private_count,
			   CK_OBJECT_HANDLE_PTR public_key, CK_OBJECT_HANDLE_PTR private_key);
CK_RV do_C_WrapKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key,
		   CK_BYTE_PTR wrapped, CK_ULONG_PTR wrapped_len);
CK_RV do_C_UnwrapKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping_key,
		     CK_BYTE_PTR wrapped, CK_ULONG wrapped_len, CK_ATTRIBUTE_PTR attr, CK_ULONG count,
		     CK_OBJECT_HANDLE_PTR key);
CK_RV do_C_WrapKeyAuthenticated(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key,
				CK_OBJECT_HANDLE key, CK_BYTE_PTR associated, CK_ULONG associated_len, CK_BYTE_PTR wrapped,
				CK_ULONG_PTR wrapped_len);
CK_RV do_C_UnwrapKeyAuthenticated(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping_key,
				  CK_BYTE_PTR wrapped, CK_ULONG wrapped_len, CK_ATTRIBUTE_PTR attr, CK_ULONG count,
				  CK_BYTE_PTR associated, CK_ULONG associated_len, CK_OBJECT_HANDLE_PTR key);
CK_RV do_C_DeriveKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base_key, CK_ATTRIBUTE_PTR attr,
		     CK_ULONG count, CK_OBJECT_HANDLE_PTR key);

/* ---- op_random.c ---- */

CK_RV do_C_SeedRandom(struct call *call, CK_BYTE_PTR seed, CK_ULONG seed_len);
CK_RV do_C_GenerateRandom(struct call *call, CK_BYTE_PTR data, CK_ULONG data_len);

/* ---- op_state.c ---- */

CK_RV do_C_GetOperationState(struct call *call, CK_BYTE_PTR state, CK_ULONG_PTR state_len);
CK_RV do_C_SetOperationState(struct call *call, CK_BYTE_PTR state, CK_ULONG state_len, CK_OBJECT_HANDLE encryption_key,
			     CK_OBJECT_HANDLE authentication_key);

#endif
