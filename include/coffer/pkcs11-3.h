/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types and values of PKCS#11 3.0 to 3.2 that p11-kit's pkcs11.h lacks.  Each is guarded, so that a
 * newer p11-kit wins: values by their own names, types by what configure finds in its header
 * (HAVE_CK_INTERFACE, HAVE_CK_FUNCTION_LIST_3_0, HAVE_CK_FUNCTION_LIST_3_2, HAVE_CK_EDDSA_PARAMS).  Written from the
 * specification; tests/unit/ck_values.c holds all values against the published ones.
 */
#ifndef COFFER_PKCS11_3_H
#define COFFER_PKCS11_3_H

#include <p11-kit/pkcs11.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Types ---- */

#ifndef HAVE_CK_INTERFACE
typedef struct CK_INTERFACE {
	CK_UTF8CHAR_PTR pInterfaceName; /* NUL-terminated */
	void *pFunctionList;
	CK_FLAGS flags;
} CK_INTERFACE;
typedef CK_INTERFACE *CK_INTERFACE_PTR;
typedef CK_INTERFACE_PTR *CK_INTERFACE_PTR_PTR;
#endif

#ifndef HAVE_CK_EDDSA_PARAMS
typedef struct CK_EDDSA_PARAMS {
	CK_BBOOL phFlag;
	CK_ULONG ulContextDataLen;
	CK_BYTE *pContextData;
} CK_EDDSA_PARAMS;
typedef CK_EDDSA_PARAMS *CK_EDDSA_PARAMS_PTR;
#endif

#ifndef HAVE_CK_SIGN_ADDITIONAL_CONTEXT
typedef CK_ULONG CK_HEDGE_TYPE;
typedef CK_ULONG CK_ML_KEM_PARAMETER_SET_TYPE;
typedef CK_ULONG CK_ML_DSA_PARAMETER_SET_TYPE;
typedef CK_ULONG CK_SLH_DSA_PARAMETER_SET_TYPE;

typedef struct CK_SIGN_ADDITIONAL_CONTEXT {
	CK_HEDGE_TYPE hedgeVariant;
	CK_BYTE *pContext;
	CK_ULONG ulContextLen;
} CK_SIGN_ADDITIONAL_CONTEXT;

typedef struct CK_HASH_SIGN_ADDITIONAL_CONTEXT {
	CK_HEDGE_TYPE hedgeVariant;
	CK_BYTE *pContext;
	CK_ULONG ulContextLen;
	CK_MECHANISM_TYPE hash;
} CK_HASH_SIGN_ADDITIONAL_CONTEXT;
#endif

#ifndef HAVE_CK_HKDF_PARAMS
typedef struct CK_HKDF_PARAMS {
	CK_BBOOL bExtract;
	CK_BBOOL bExpand;
	CK_MECHANISM_TYPE prfHashMechanism;
	CK_ULONG ulSaltType;
	CK_BYTE_PTR pSalt;
	CK_ULONG ulSaltLen;
	CK_OBJECT_HANDLE hSaltKey;
	CK_BYTE_PTR pInfo;
	CK_ULONG ulInfoLen;
} CK_HKDF_PARAMS;
typedef CK_HKDF_PARAMS *CK_HKDF_PARAMS_PTR;
#endif

#ifndef HAVE_CK_PKCS5_PBKD2_PARAMS2
#define CKZ_SALT_SPECIFIED 0x1UL
typedef struct CK_PKCS5_PBKD2_PARAMS2 {
	CK_ULONG saltSource;
	CK_VOID_PTR pSaltSourceData;
	CK_ULONG ulSaltSourceDataLen;
	CK_ULONG iterations;
	CK_ULONG prf;
	CK_VOID_PTR pPrfData;
	CK_ULONG ulPrfDataLen;
	CK_UTF8CHAR_PTR pPassword;
	CK_ULONG ulPasswordLen;
} CK_PKCS5_PBKD2_PARAMS2;
typedef CK_PKCS5_PBKD2_PARAMS2 *CK_PKCS5_PBKD2_PARAMS2_PTR;
#endif

#ifndef HAVE_CK_RSA_AES_KEY_WRAP_PARAMS
typedef struct CK_RSA_AES_KEY_WRAP_PARAMS {
	CK_ULONG ulAESKeyBits;
	CK_RSA_PKCS_OAEP_PARAMS_PTR pOAEPParams;
} CK_RSA_AES_KEY_WRAP_PARAMS;
typedef CK_RSA_AES_KEY_WRAP_PARAMS *CK_RSA_AES_KEY_WRAP_PARAMS_PTR;
#endif

#ifndef HAVE_CK_SP800_108_KDF_PARAMS
typedef CK_ULONG CK_PRF_DATA_TYPE;
#define CK_SP800_108_ITERATION_VARIABLE 0x1UL
#define CK_SP800_108_OPTIONAL_COUNTER 0x2UL
#define CK_SP800_108_COUNTER CK_SP800_108_OPTIONAL_COUNTER
#define CK_SP800_108_DKM_LENGTH 0x3UL
#define CK_SP800_108_BYTE_ARRAY 0x4UL
typedef struct CK_PRF_DATA_PARAM {
	CK_PRF_DATA_TYPE type;
	CK_VOID_PTR pValue;
	CK_ULONG ulValueLen;
} CK_PRF_DATA_PARAM;
typedef CK_PRF_DATA_PARAM *CK_PRF_DATA_PARAM_PTR;
typedef struct CK_SP800_108_COUNTER_FORMAT {
	CK_BBOOL bLittleEndian;
	CK_ULONG ulWidthInBits;
} CK_SP800_108_COUNTER_FORMAT;
#define CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS 0x1UL
#define CK_SP800_108_DKM_LENGTH_SUM_OF_SEGMENTS 0x2UL
typedef struct CK_SP800_108_DKM_LENGTH_FORMAT {
	CK_ULONG dkmLengthMethod;
	CK_BBOOL bLittleEndian;
	CK_ULONG ulWidthInBits;
} CK_SP800_108_DKM_LENGTH_FORMAT;
typedef struct CK_DERIVED_KEY {
	CK_ATTRIBUTE_PTR pTemplate;
	CK_ULONG ulAttributeCount;
	CK_OBJECT_HANDLE_PTR phKey;
} CK_DERIVED_KEY;
typedef CK_DERIVED_KEY *CK_DERIVED_KEY_PTR;
typedef struct CK_SP800_108_KDF_PARAMS {
	CK_MECHANISM_TYPE prfType;
	CK_ULONG ulNumberOfDataParams;
	CK_PRF_DATA_PARAM_PTR pDataParams;
	CK_ULONG ulAdditionalDerivedKeys;
	CK_DERIVED_KEY_PTR pAdditionalDerivedKeys;
} CK_SP800_108_KDF_PARAMS;
typedef struct CK_SP800_108_FEEDBACK_KDF_PARAMS {
	CK_MECHANISM_TYPE prfType;
	CK_ULONG ulNumberOfDataParams;
	CK_PRF_DATA_PARAM_PTR pDataParams;
	CK_ULONG ulIVLen;
	CK_BYTE_PTR pIV;
	CK_ULONG ulAdditionalDerivedKeys;
	CK_DERIVED_KEY_PTR pAdditionalDerivedKeys;
} CK_SP800_108_FEEDBACK_KDF_PARAMS;
#endif

#ifndef HAVE_CK_TLS12_MASTER_KEY_DERIVE_PARAMS
typedef struct CK_SSL3_RANDOM_DATA {
	CK_BYTE_PTR pClientRandom;
	CK_ULONG ulClientRandomLen;
	CK_BYTE_PTR pServerRandom;
	CK_ULONG ulServerRandomLen;
} CK_SSL3_RANDOM_DATA;
typedef struct CK_TLS12_MASTER_KEY_DERIVE_PARAMS {
	CK_SSL3_RANDOM_DATA RandomInfo;
	CK_VERSION_PTR pVersion;
	CK_MECHANISM_TYPE prfHashMechanism;
} CK_TLS12_MASTER_KEY_DERIVE_PARAMS;
typedef CK_TLS12_MASTER_KEY_DERIVE_PARAMS *CK_TLS12_MASTER_KEY_DERIVE_PARAMS_PTR;
typedef struct CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS {
	CK_MECHANISM_TYPE prfHashMechanism;
	CK_BYTE_PTR pSessionHash;
	CK_ULONG ulSessionHashLen;
	CK_VERSION_PTR pVersion;
} CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS;
typedef CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS *CK_TLS12_EXTENDED_MASTER_KEY_DERIVE_PARAMS_PTR;
typedef struct CK_TLS_KDF_PARAMS {
	CK_MECHANISM_TYPE prfMechanism;
	CK_BYTE_PTR pLabel;
	CK_ULONG ulLabelLength;
	CK_SSL3_RANDOM_DATA RandomInfo;
	CK_BYTE_PTR pContextData;
	CK_ULONG ulContextDataLength;
} CK_TLS_KDF_PARAMS;
typedef CK_TLS_KDF_PARAMS *CK_TLS_KDF_PARAMS_PTR;
typedef struct CK_TLS_MAC_PARAMS {
	CK_MECHANISM_TYPE prfHashMechanism;
	CK_ULONG ulMacLength;
	CK_ULONG ulServerOrClient;
} CK_TLS_MAC_PARAMS;
typedef CK_TLS_MAC_PARAMS *CK_TLS_MAC_PARAMS_PTR;
typedef struct CK_SSL3_KEY_MAT_OUT {
	CK_OBJECT_HANDLE hClientMacSecret;
	CK_OBJECT_HANDLE hServerMacSecret;
	CK_OBJECT_HANDLE hClientKey;
	CK_OBJECT_HANDLE hServerKey;
	CK_BYTE_PTR pIVClient;
	CK_BYTE_PTR pIVServer;
} CK_SSL3_KEY_MAT_OUT;
typedef CK_SSL3_KEY_MAT_OUT *CK_SSL3_KEY_MAT_OUT_PTR;
typedef struct CK_TLS12_KEY_MAT_PARAMS {
	CK_ULONG ulMacSizeInBits;
	CK_ULONG ulKeySizeInBits;
	CK_ULONG ulIVSizeInBits;
	CK_BBOOL bIsExport;
	CK_SSL3_RANDOM_DATA RandomInfo;
	CK_SSL3_KEY_MAT_OUT_PTR pReturnedKeyMaterial;
	CK_MECHANISM_TYPE prfHashMechanism;
} CK_TLS12_KEY_MAT_PARAMS;
typedef CK_TLS12_KEY_MAT_PARAMS *CK_TLS12_KEY_MAT_PARAMS_PTR;
#endif

#ifndef HAVE_CK_FUNCTION_LIST_3_0
typedef CK_RV (*CK_C_GetInterfaceList)(CK_INTERFACE_PTR interfaces_list, CK_ULONG_PTR count);
typedef CK_RV (*CK_C_GetInterface)(CK_UTF8CHAR_PTR interface_name, CK_VERSION_PTR version,
		CK_INTERFACE_PTR_PTR interface, CK_FLAGS flags);
typedef CK_RV (*CK_C_LoginUser)(CK_SESSION_HANDLE session, CK_USER_TYPE user_type,
		CK_UTF8CHAR_PTR pin, CK_ULONG pin_len, CK_UTF8CHAR_PTR username, CK_ULONG username_len);
typedef CK_RV (*CK_C_SessionCancel)(CK_SESSION_HANDLE session, CK_FLAGS flags);
typedef CK_RV (*CK_C_MessageEncryptInit)(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
		CK_OBJECT_HANDLE key);
typedef CK_RV (*CK_C_EncryptMessage)(CK_SESSION_HANDLE session, CK_VOID_PTR parameter,
		CK_ULONG parameter_len, CK_BYTE_PTR associated_data, CK_ULONG associated_data_len,
		CK_BYTE_PTR plaintext, CK_ULONG plaintext_len, CK_BYTE_PTR ciphertext,
		CK_ULONG_PTR ciphertext_len);
typedef CK_RV (*CK_C_EncryptMessageBegin)(CK_SESSION_HANDLE session, CK_VOID_PTR parameter,
		CK_ULONG parameter_len, CK_BYTE_PTR associated_data, CK_ULONG associated_data_len);
typedef CK_RV (*CK_C_EncryptMessageNext)(CK_SESSION_HANDLE session, CK_VOID_PTR parameter,
		CK_ULONG parameter_len, CK_BYTE_PTR plaintext_part, CK_ULONG plaintext_part_len,
		CK_BYTE_PTR ciphertext_part, CK_ULONG_PTR ciphertext_part_len, CK_FLAGS flags);
typedef CK_RV (*CK_C_MessageEncryptFinal)(CK_SESSION_HANDLE session);
typedef CK_RV (*CK_C_MessageDecryptInit)(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
		CK_OBJECT_HANDLE key);
typedef CK_RV (*CK_C_DecryptMessage)(CK_SESSION_HANDLE session, CK_VOID_PTR parameter,
		CK_ULONG parameter_len, CK_BYTE_PTR associated_data, CK_ULONG associated_data_len,
		CK_BYTE_PTR ciphertext, CK_ULONG ciphertext_len, CK_BYTE_PTR plaintext,
		CK_ULONG_PTR plaintext_len);
typedef CK_RV (*CK_C_DecryptMessageBegin)(CK_SESSION_HANDLE session, CK_VOID_PTR parameter,
		CK_ULONG parameter_len, CK_BYTE_PTR associated_data, CK_ULONG associated_data_len);
typedef CK_RV (*CK_C_DecryptMessageNext)(CK_SESSION_HANDLE session, CK_VOID_PTR parameter,
		CK_ULONG parameter_len, CK_BYTE_PTR ciphertext_part, CK_ULONG ciphertext_part_len,
		CK_BYTE_PTR plaintext_part, CK_ULONG_PTR plaintext_part_len, CK_FLAGS flags);
typedef CK_RV (*CK_C_MessageDecryptFinal)(CK_SESSION_HANDLE session);
typedef CK_RV (*CK_C_MessageSignInit)(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
		CK_OBJECT_HANDLE key);
typedef CK_RV (*CK_C_SignMessage)(CK_SESSION_HANDLE session, CK_VOID_PTR parameter,
		CK_ULONG parameter_len, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
		CK_ULONG_PTR signature_len);
typedef CK_RV (*CK_C_SignMessageBegin)(CK_SESSION_HANDLE session, CK_VOID_PTR parameter,
		CK_ULONG parameter_len);
typedef CK_RV (*CK_C_SignMessageNext)(CK_SESSION_HANDLE session, CK_VOID_PTR parameter,
		CK_ULONG parameter_len, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
		CK_ULONG_PTR signature_len);
typedef CK_RV (*CK_C_MessageSignFinal)(CK_SESSION_HANDLE session);
typedef CK_RV (*CK_C_MessageVerifyInit)(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
		CK_OBJECT_HANDLE key);
typedef CK_RV (*CK_C_VerifyMessage)(CK_SESSION_HANDLE session, CK_VOID_PTR parameter,
		CK_ULONG parameter_len, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
		CK_ULONG signature_len);
typedef CK_RV (*CK_C_VerifyMessageBegin)(CK_SESSION_HANDLE session, CK_VOID_PTR parameter,
		CK_ULONG parameter_len);
typedef CK_RV (*CK_C_VerifyMessageNext)(CK_SESSION_HANDLE session, CK_VOID_PTR parameter,
		CK_ULONG parameter_len, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR signature,
		CK_ULONG signature_len);
typedef CK_RV (*CK_C_MessageVerifyFinal)(CK_SESSION_HANDLE session);


/* The 2.40 functions, then the 24 new ones, in the published order. */
typedef struct CK_FUNCTION_LIST_3_0 {
	CK_VERSION version;
	CK_C_Initialize C_Initialize;
	CK_C_Finalize C_Finalize;
	CK_C_GetInfo C_GetInfo;
	CK_C_GetFunctionList C_GetFunctionList;
	CK_C_GetSlotList C_GetSlotList;
	CK_C_GetSlotInfo C_GetSlotInfo;
	CK_C_GetTokenInfo C_GetTokenInfo;
	CK_C_GetMechanismList C_GetMechanismList;
	CK_C_GetMechanismInfo C_GetMechanismInfo;
	CK_C_InitToken C_InitToken;
	CK_C_InitPIN C_InitPIN;
	CK_C_SetPIN C_SetPIN;
	CK_C_OpenSession C_OpenSession;
	CK_C_CloseSession C_CloseSession;
	CK_C_CloseAllSessions C_CloseAllSessions;
	CK_C_GetSessionInfo C_GetSessionInfo;
	CK_C_GetOperationState C_GetOperationState;
	CK_C_SetOperationState C_SetOperationState;
	CK_C_Login C_Login;
	CK_C_Logout C_Logout;
	CK_C_CreateObject C_CreateObject;
	CK_C_CopyObject C_CopyObject;
	CK_C_DestroyObject C_DestroyObject;
	CK_C_GetObjectSize C_GetObjectSize;
	CK_C_GetAttributeValue C_GetAttributeValue;
	CK_C_SetAttributeValue C_SetAttributeValue;
	CK_C_FindObjectsInit C_FindObjectsInit;
	CK_C_FindObjects C_FindObjects;
	CK_C_FindObjectsFinal C_FindObjectsFinal;
	CK_C_EncryptInit C_EncryptInit;
	CK_C_Encrypt C_Encrypt;
	CK_C_EncryptUpdate C_EncryptUpdate;
	CK_C_EncryptFinal C_EncryptFinal;
	CK_C_DecryptInit C_DecryptInit;
	CK_C_Decrypt C_Decrypt;
	CK_C_DecryptUpdate C_DecryptUpdate;
	CK_C_DecryptFinal C_DecryptFinal;
	CK_C_DigestInit C_DigestInit;
	CK_C_Digest C_Digest;
	CK_C_DigestUpdate C_DigestUpdate;
	CK_C_DigestKey C_DigestKey;
	CK_C_DigestFinal C_DigestFinal;
	CK_C_SignInit C_SignInit;
	CK_C_Sign C_Sign;
	CK_C_SignUpdate C_SignUpdate;
	CK_C_SignFinal C_SignFinal;
	CK_C_SignRecoverInit C_SignRecoverInit;
	CK_C_SignRecover C_SignRecover;
	CK_C_VerifyInit C_VerifyInit;
	CK_C_Verify C_Verify;
	CK_C_VerifyUpdate C_VerifyUpdate;
	CK_C_VerifyFinal C_VerifyFinal;
	CK_C_VerifyRecoverInit C_VerifyRecoverInit;
	CK_C_VerifyRecover C_VerifyRecover;
	CK_C_DigestEncryptUpdate C_DigestEncryptUpdate;
	CK_C_DecryptDigestUpdate C_DecryptDigestUpdate;
	CK_C_SignEncryptUpdate C_SignEncryptUpdate;
	CK_C_DecryptVerifyUpdate C_DecryptVerifyUpdate;
	CK_C_GenerateKey C_GenerateKey;
	CK_C_GenerateKeyPair C_GenerateKeyPair;
	CK_C_WrapKey C_WrapKey;
	CK_C_UnwrapKey C_UnwrapKey;
	CK_C_DeriveKey C_DeriveKey;
	CK_C_SeedRandom C_SeedRandom;
	CK_C_GenerateRandom C_GenerateRandom;
	CK_C_GetFunctionStatus C_GetFunctionStatus;
	CK_C_CancelFunction C_CancelFunction;
	CK_C_WaitForSlotEvent C_WaitForSlotEvent;
	CK_C_GetInterfaceList C_GetInterfaceList;
	CK_C_GetInterface C_GetInterface;
	CK_C_LoginUser C_LoginUser;
	CK_C_SessionCancel C_SessionCancel;
	CK_C_MessageEncryptInit C_MessageEncryptInit;
	CK_C_EncryptMessage C_EncryptMessage;
	CK_C_EncryptMessageBegin C_EncryptMessageBegin;
	CK_C_EncryptMessageNext C_EncryptMessageNext;
	CK_C_MessageEncryptFinal C_MessageEncryptFinal;
	CK_C_MessageDecryptInit C_MessageDecryptInit;
	CK_C_DecryptMessage C_DecryptMessage;
	CK_C_DecryptMessageBegin C_DecryptMessageBegin;
	CK_C_DecryptMessageNext C_DecryptMessageNext;
	CK_C_MessageDecryptFinal C_MessageDecryptFinal;
	CK_C_MessageSignInit C_MessageSignInit;
	CK_C_SignMessage C_SignMessage;
	CK_C_SignMessageBegin C_SignMessageBegin;
	CK_C_SignMessageNext C_SignMessageNext;
	CK_C_MessageSignFinal C_MessageSignFinal;
	CK_C_MessageVerifyInit C_MessageVerifyInit;
	CK_C_VerifyMessage C_VerifyMessage;
	CK_C_VerifyMessageBegin C_VerifyMessageBegin;
	CK_C_VerifyMessageNext C_VerifyMessageNext;
	CK_C_MessageVerifyFinal C_MessageVerifyFinal;
} CK_FUNCTION_LIST_3_0;
typedef CK_FUNCTION_LIST_3_0 *CK_FUNCTION_LIST_3_0_PTR;
#endif

#ifndef HAVE_CK_FUNCTION_LIST_3_2
typedef struct CK_ASYNC_DATA {
	CK_ULONG ulVersion;
	CK_BYTE *pValue;
	CK_ULONG ulValue;
	CK_OBJECT_HANDLE hObject;
	CK_OBJECT_HANDLE hAdditionalObject;
} CK_ASYNC_DATA;
typedef CK_ASYNC_DATA *CK_ASYNC_DATA_PTR;

typedef CK_ULONG CK_SESSION_VALIDATION_FLAGS_TYPE;

typedef CK_RV (*CK_C_EncapsulateKey)(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
		CK_OBJECT_HANDLE public_key, CK_ATTRIBUTE_PTR templ, CK_ULONG count,
		CK_BYTE_PTR ciphertext, CK_ULONG_PTR ciphertext_len, CK_OBJECT_HANDLE_PTR key);
typedef CK_RV (*CK_C_DecapsulateKey)(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
		CK_OBJECT_HANDLE private_key, CK_ATTRIBUTE_PTR templ, CK_ULONG count,
		CK_BYTE_PTR ciphertext, CK_ULONG ciphertext_len, CK_OBJECT_HANDLE_PTR key);
typedef CK_RV (*CK_C_VerifySignatureInit)(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
		CK_OBJECT_HANDLE key, CK_BYTE_PTR signature, CK_ULONG signature_len);
typedef CK_RV (*CK_C_VerifySignature)(CK_SESSION_HANDLE session, CK_BYTE_PTR data,
		CK_ULONG data_len);
typedef CK_RV (*CK_C_VerifySignatureUpdate)(CK_SESSION_HANDLE session, CK_BYTE_PTR part,
		CK_ULONG part_len);
typedef CK_RV (*CK_C_VerifySignatureFinal)(CK_SESSION_HANDLE session);
typedef CK_RV (*CK_C_GetSessionValidationFlags)(CK_SESSION_HANDLE session,
		CK_SESSION_VALIDATION_FLAGS_TYPE type, CK_FLAGS *flags);
typedef CK_RV (*CK_C_AsyncComplete)(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR function_name,
		CK_ASYNC_DATA_PTR result);
typedef CK_RV (*CK_C_AsyncGetID)(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR function_name,
		CK_ULONG_PTR id);
typedef CK_RV (*CK_C_AsyncJoin)(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR function_name,
		CK_ULONG id, CK_BYTE_PTR data, CK_ULONG data_len);
typedef CK_RV (*CK_C_WrapKeyAuthenticated)(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
		CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key, CK_BYTE_PTR associated_data,
		CK_ULONG associated_data_len, CK_BYTE_PTR wrapped, CK_ULONG_PTR wrapped_len);
typedef CK_RV (*CK_C_UnwrapKeyAuthenticated)(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
		CK_OBJECT_HANDLE unwrapping_key, CK_BYTE_PTR wrapped, CK_ULONG wrapped_len,
		CK_ATTRIBUTE_PTR templ, CK_ULONG count, CK_BYTE_PTR associated_data,
		CK_ULONG associated_data_len, CK_OBJECT_HANDLE_PTR key);

/* The 3.0 functions, then the 12 new ones, in the published order. */
typedef struct CK_FUNCTION_LIST_3_2 {
	CK_VERSION version;
	CK_C_Initialize C_Initialize;
	CK_C_Finalize C_Finalize;
	CK_C_GetInfo C_GetInfo;
	CK_C_GetFunctionList C_GetFunctionList;
	CK_C_GetSlotList C_GetSlotList;
	CK_C_GetSlotInfo C_GetSlotInfo;
	CK_C_GetTokenInfo C_GetTokenInfo;
	CK_C_GetMechanismList C_GetMechanismList;
	CK_C_GetMechanismInfo C_GetMechanismInfo;
	CK_C_InitToken C_InitToken;
	CK_C_InitPIN C_InitPIN;
	CK_C_SetPIN C_SetPIN;
	CK_C_OpenSession C_OpenSession;
	CK_C_CloseSession C_CloseSession;
	CK_C_CloseAllSessions C_CloseAllSessions;
	CK_C_GetSessionInfo C_GetSessionInfo;
	CK_C_GetOperationState C_GetOperationState;
	CK_C_SetOperationState C_SetOperationState;
	CK_C_Login C_Login;
	CK_C_Logout C_Logout;
	CK_C_CreateObject C_CreateObject;
	CK_C_CopyObject C_CopyObject;
	CK_C_DestroyObject C_DestroyObject;
	CK_C_GetObjectSize C_GetObjectSize;
	CK_C_GetAttributeValue C_GetAttributeValue;
	CK_C_SetAttributeValue C_SetAttributeValue;
	CK_C_FindObjectsInit C_FindObjectsInit;
	CK_C_FindObjects C_FindObjects;
	CK_C_FindObjectsFinal C_FindObjectsFinal;
	CK_C_EncryptInit C_EncryptInit;
	CK_C_Encrypt C_Encrypt;
	CK_C_EncryptUpdate C_EncryptUpdate;
	CK_C_EncryptFinal C_EncryptFinal;
	CK_C_DecryptInit C_DecryptInit;
	CK_C_Decrypt C_Decrypt;
	CK_C_DecryptUpdate C_DecryptUpdate;
	CK_C_DecryptFinal C_DecryptFinal;
	CK_C_DigestInit C_DigestInit;
	CK_C_Digest C_Digest;
	CK_C_DigestUpdate C_DigestUpdate;
	CK_C_DigestKey C_DigestKey;
	CK_C_DigestFinal C_DigestFinal;
	CK_C_SignInit C_SignInit;
	CK_C_Sign C_Sign;
	CK_C_SignUpdate C_SignUpdate;
	CK_C_SignFinal C_SignFinal;
	CK_C_SignRecoverInit C_SignRecoverInit;
	CK_C_SignRecover C_SignRecover;
	CK_C_VerifyInit C_VerifyInit;
	CK_C_Verify C_Verify;
	CK_C_VerifyUpdate C_VerifyUpdate;
	CK_C_VerifyFinal C_VerifyFinal;
	CK_C_VerifyRecoverInit C_VerifyRecoverInit;
	CK_C_VerifyRecover C_VerifyRecover;
	CK_C_DigestEncryptUpdate C_DigestEncryptUpdate;
	CK_C_DecryptDigestUpdate C_DecryptDigestUpdate;
	CK_C_SignEncryptUpdate C_SignEncryptUpdate;
	CK_C_DecryptVerifyUpdate C_DecryptVerifyUpdate;
	CK_C_GenerateKey C_GenerateKey;
	CK_C_GenerateKeyPair C_GenerateKeyPair;
	CK_C_WrapKey C_WrapKey;
	CK_C_UnwrapKey C_UnwrapKey;
	CK_C_DeriveKey C_DeriveKey;
	CK_C_SeedRandom C_SeedRandom;
	CK_C_GenerateRandom C_GenerateRandom;
	CK_C_GetFunctionStatus C_GetFunctionStatus;
	CK_C_CancelFunction C_CancelFunction;
	CK_C_WaitForSlotEvent C_WaitForSlotEvent;
	CK_C_GetInterfaceList C_GetInterfaceList;
	CK_C_GetInterface C_GetInterface;
	CK_C_LoginUser C_LoginUser;
	CK_C_SessionCancel C_SessionCancel;
	CK_C_MessageEncryptInit C_MessageEncryptInit;
	CK_C_EncryptMessage C_EncryptMessage;
	CK_C_EncryptMessageBegin C_EncryptMessageBegin;
	CK_C_EncryptMessageNext C_EncryptMessageNext;
	CK_C_MessageEncryptFinal C_MessageEncryptFinal;
	CK_C_MessageDecryptInit C_MessageDecryptInit;
	CK_C_DecryptMessage C_DecryptMessage;
	CK_C_DecryptMessageBegin C_DecryptMessageBegin;
	CK_C_DecryptMessageNext C_DecryptMessageNext;
	CK_C_MessageDecryptFinal C_MessageDecryptFinal;
	CK_C_MessageSignInit C_MessageSignInit;
	CK_C_SignMessage C_SignMessage;
	CK_C_SignMessageBegin C_SignMessageBegin;
	CK_C_SignMessageNext C_SignMessageNext;
	CK_C_MessageSignFinal C_MessageSignFinal;
	CK_C_MessageVerifyInit C_MessageVerifyInit;
	CK_C_VerifyMessage C_VerifyMessage;
	CK_C_VerifyMessageBegin C_VerifyMessageBegin;
	CK_C_VerifyMessageNext C_VerifyMessageNext;
	CK_C_MessageVerifyFinal C_MessageVerifyFinal;
	CK_C_EncapsulateKey C_EncapsulateKey;
	CK_C_DecapsulateKey C_DecapsulateKey;
	CK_C_VerifySignatureInit C_VerifySignatureInit;
	CK_C_VerifySignature C_VerifySignature;
	CK_C_VerifySignatureUpdate C_VerifySignatureUpdate;
	CK_C_VerifySignatureFinal C_VerifySignatureFinal;
	CK_C_GetSessionValidationFlags C_GetSessionValidationFlags;
	CK_C_AsyncComplete C_AsyncComplete;
	CK_C_AsyncGetID C_AsyncGetID;
	CK_C_AsyncJoin C_AsyncJoin;
	CK_C_WrapKeyAuthenticated C_WrapKeyAuthenticated;
	CK_C_UnwrapKeyAuthenticated C_UnwrapKeyAuthenticated;
} CK_FUNCTION_LIST_3_2;
typedef CK_FUNCTION_LIST_3_2 *CK_FUNCTION_LIST_3_2_PTR;
#endif

/* ---- Object classes ---- */

#ifndef CKO_PROFILE
#define CKO_PROFILE 0x9UL
#endif
#ifndef CKO_VALIDATION
#define CKO_VALIDATION 0xaUL
#endif
#ifndef CKO_TRUST
#define CKO_TRUST 0xbUL
#endif

/* ---- Attributes ---- */

#ifndef CKA_UNIQUE_ID
#define CKA_UNIQUE_ID 0x4UL
#endif
#ifndef CKA_SUBPRIME_BITS
#define CKA_SUBPRIME_BITS 0x134UL
#endif
#ifndef CKA_PROFILE_ID
#define CKA_PROFILE_ID 0x601UL
#endif
#ifndef CKA_X2RATCHET_BAG
#define CKA_X2RATCHET_BAG 0x602UL
#endif
#ifndef CKA_X2RATCHET_BAGSIZE
#define CKA_X2RATCHET_BAGSIZE 0x603UL
#endif
#ifndef CKA_X2RATCHET_BOBS1STMSG
#define CKA_X2RATCHET_BOBS1STMSG 0x604UL
#endif
#ifndef CKA_X2RATCHET_CKR
#define CKA_X2RATCHET_CKR 0x605UL
#endif
#ifndef CKA_X2RATCHET_CKS
#define CKA_X2RATCHET_CKS 0x606UL
#endif
#ifndef CKA_X2RATCHET_DHP
#define CKA_X2RATCHET_DHP 0x607UL
#endif
#ifndef CKA_X2RATCHET_DHR
#define CKA_X2RATCHET_DHR 0x608UL
#endif
#ifndef CKA_X2RATCHET_DHS
#define CKA_X2RATCHET_DHS 0x609UL
#endif
#ifndef CKA_X2RATCHET_HKR
#define CKA_X2RATCHET_HKR 0x60aUL
#endif
#ifndef CKA_X2RATCHET_HKS
#define CKA_X2RATCHET_HKS 0x60bUL
#endif
#ifndef CKA_X2RATCHET_ISALICE
#define CKA_X2RATCHET_ISALICE 0x60cUL
#endif
#ifndef CKA_X2RATCHET_NHKR
#define CKA_X2RATCHET_NHKR 0x60dUL
#endif
#ifndef CKA_X2RATCHET_NHKS
#define CKA_X2RATCHET_NHKS 0x60eUL
#endif
#ifndef CKA_X2RATCHET_NR
#define CKA_X2RATCHET_NR 0x60fUL
#endif
#ifndef CKA_X2RATCHET_NS
#define CKA_X2RATCHET_NS 0x610UL
#endif
#ifndef CKA_X2RATCHET_PNS
#define CKA_X2RATCHET_PNS 0x611UL
#endif
#ifndef CKA_X2RATCHET_RK
#define CKA_X2RATCHET_RK 0x612UL
#endif
#ifndef CKA_HSS_LEVELS
#define CKA_HSS_LEVELS 0x617UL
#endif
#ifndef CKA_HSS_LMS_TYPE
#define CKA_HSS_LMS_TYPE 0x618UL
#endif
#ifndef CKA_HSS_LMOTS_TYPE
#define CKA_HSS_LMOTS_TYPE 0x619UL
#endif
#ifndef CKA_HSS_LMS_TYPES
#define CKA_HSS_LMS_TYPES 0x61aUL
#endif
#ifndef CKA_HSS_LMOTS_TYPES
#define CKA_HSS_LMOTS_TYPES 0x61bUL
#endif
#ifndef CKA_HSS_KEYS_REMAINING
#define CKA_HSS_KEYS_REMAINING 0x61cUL
#endif
#ifndef CKA_PARAMETER_SET
#define CKA_PARAMETER_SET 0x61dUL
#endif
#ifndef CKA_OBJECT_VALIDATION_FLAGS
#define CKA_OBJECT_VALIDATION_FLAGS 0x61eUL
#endif
#ifndef CKA_VALIDATION_TYPE
#define CKA_VALIDATION_TYPE 0x61fUL
#endif
#ifndef CKA_VALIDATION_VERSION
#define CKA_VALIDATION_VERSION 0x620UL
#endif
#ifndef CKA_VALIDATION_LEVEL
#define CKA_VALIDATION_LEVEL 0x621UL
#endif
#ifndef CKA_VALIDATION_MODULE_ID
#define CKA_VALIDATION_MODULE_ID 0x622UL
#endif
#ifndef CKA_VALIDATION_FLAG
#define CKA_VALIDATION_FLAG 0x623UL
#endif
#ifndef CKA_VALIDATION_AUTHORITY_TYPE
#define CKA_VALIDATION_AUTHORITY_TYPE 0x624UL
#endif
#ifndef CKA_VALIDATION_COUNTRY
#define CKA_VALIDATION_COUNTRY 0x625UL
#endif
#ifndef CKA_VALIDATION_CERTIFICATE_IDENTIFIER
#define CKA_VALIDATION_CERTIFICATE_IDENTIFIER 0x626UL
#endif
#ifndef CKA_VALIDATION_CERTIFICATE_URI
#define CKA_VALIDATION_CERTIFICATE_URI 0x627UL
#endif
#ifndef CKA_VALIDATION_VENDOR_URI
#define CKA_VALIDATION_VENDOR_URI 0x628UL
#endif
#ifndef CKA_VALIDATION_PROFILE
#define CKA_VALIDATION_PROFILE 0x629UL
#endif
#ifndef CKA_ENCAPSULATE_TEMPLATE
#define CKA_ENCAPSULATE_TEMPLATE 0x62aUL
#endif
#ifndef CKA_DECAPSULATE_TEMPLATE
#define CKA_DECAPSULATE_TEMPLATE 0x62bUL
#endif
#ifndef CKA_TRUST_SERVER_AUTH
#define CKA_TRUST_SERVER_AUTH 0x62cUL
#endif
#ifndef CKA_TRUST_CLIENT_AUTH
#define CKA_TRUST_CLIENT_AUTH 0x62dUL
#endif
#ifndef CKA_TRUST_CODE_SIGNING
#define CKA_TRUST_CODE_SIGNING 0x62eUL
#endif
#ifndef CKA_TRUST_EMAIL_PROTECTION
#define CKA_TRUST_EMAIL_PROTECTION 0x62fUL
#endif
#ifndef CKA_TRUST_IPSEC_IKE
#define CKA_TRUST_IPSEC_IKE 0x630UL
#endif
#ifndef CKA_TRUST_TIME_STAMPING
#define CKA_TRUST_TIME_STAMPING 0x631UL
#endif
#ifndef CKA_TRUST_OCSP_SIGNING
#define CKA_TRUST_OCSP_SIGNING 0x632UL
#endif
#ifndef CKA_ENCAPSULATE
#define CKA_ENCAPSULATE 0x633UL
#endif
#ifndef CKA_DECAPSULATE
#define CKA_DECAPSULATE 0x634UL
#endif
#ifndef CKA_HASH_OF_CERTIFICATE
#define CKA_HASH_OF_CERTIFICATE 0x635UL
#endif
#ifndef CKA_PUBLIC_CRC64_VALUE
#define CKA_PUBLIC_CRC64_VALUE 0x636UL
#endif
#ifndef CKA_SEED
#define CKA_SEED 0x637UL
#endif

/* ---- Return values ---- */

/* p11-kit up to 0.24 has these five at 0x1c0 and on; every version of the specification has them at 0x1b5 and on. */
#if defined(CKR_EXCEEDED_MAX_ITERATIONS) && CKR_EXCEEDED_MAX_ITERATIONS != 0x1b5UL
#undef CKR_EXCEEDED_MAX_ITERATIONS
#endif
#ifndef CKR_EXCEEDED_MAX_ITERATIONS
#define CKR_EXCEEDED_MAX_ITERATIONS 0x1b5UL
#endif
#if defined(CKR_FIPS_SELF_TEST_FAILED) && CKR_FIPS_SELF_TEST_FAILED != 0x1b6UL
#undef CKR_FIPS_SELF_TEST_FAILED
#endif
#ifndef CKR_FIPS_SELF_TEST_FAILED
#define CKR_FIPS_SELF_TEST_FAILED 0x1b6UL
#endif
#if defined(CKR_LIBRARY_LOAD_FAILED) && CKR_LIBRARY_LOAD_FAILED != 0x1b7UL
#undef CKR_LIBRARY_LOAD_FAILED
#endif
#ifndef CKR_LIBRARY_LOAD_FAILED
#define CKR_LIBRARY_LOAD_FAILED 0x1b7UL
#endif
#if defined(CKR_PIN_TOO_WEAK) && CKR_PIN_TOO_WEAK != 0x1b8UL
#undef CKR_PIN_TOO_WEAK
#endif
#ifndef CKR_PIN_TOO_WEAK
#define CKR_PIN_TOO_WEAK 0x1b8UL
#endif
#if defined(CKR_PUBLIC_KEY_INVALID) && CKR_PUBLIC_KEY_INVALID != 0x1b9UL
#undef CKR_PUBLIC_KEY_INVALID
#endif
#ifndef CKR_PUBLIC_KEY_INVALID
#define CKR_PUBLIC_KEY_INVALID 0x1b9UL
#endif
#ifndef CKR_AEAD_DECRYPT_FAILED
#define CKR_AEAD_DECRYPT_FAILED 0x42UL
#endif
#ifndef CKR_TOKEN_RESOURCE_EXCEEDED
#define CKR_TOKEN_RESOURCE_EXCEEDED 0x201UL
#endif
#ifndef CKR_OPERATION_CANCEL_FAILED
#define CKR_OPERATION_CANCEL_FAILED 0x202UL
#endif
#ifndef CKR_KEY_EXHAUSTED
#define CKR_KEY_EXHAUSTED 0x203UL
#endif
#ifndef CKR_PENDING
#define CKR_PENDING 0x204UL
#endif
#ifndef CKR_SESSION_ASYNC_NOT_SUPPORTED
#define CKR_SESSION_ASYNC_NOT_SUPPORTED 0x205UL
#endif
#ifndef CKR_SEED_RANDOM_REQUIRED
#define CKR_SEED_RANDOM_REQUIRED 0x206UL
#endif
#ifndef CKR_OPERATION_NOT_VALIDATED
#define CKR_OPERATION_NOT_VALIDATED 0x207UL
#endif
#ifndef CKR_TOKEN_NOT_INITIALIZED
#define CKR_TOKEN_NOT_INITIALIZED 0x208UL
#endif
#ifndef CKR_PARAMETER_SET_NOT_SUPPORTED
#define CKR_PARAMETER_SET_NOT_SUPPORTED 0x209UL
#endif

/* ---- Parameters of ciphers and of message authentication ---- */

#ifndef CKG_NO_GENERATE
#define CKG_NO_GENERATE 0x0UL
#define CKG_GENERATE 0x1UL
#define CKG_GENERATE_COUNTER 0x2UL
#define CKG_GENERATE_RANDOM 0x3UL
#define CKG_GENERATE_COUNTER_XOR 0x4UL

typedef CK_ULONG CK_GENERATOR_FUNCTION;
typedef CK_ULONG CK_MAC_GENERAL_PARAMS;

typedef struct CK_CCM_PARAMS {
	CK_ULONG ulDataLen;
	CK_BYTE_PTR pNonce;
	CK_ULONG ulNonceLen;
	CK_BYTE_PTR pAAD;
	CK_ULONG ulAADLen;
	CK_ULONG ulMACLen;
} CK_CCM_PARAMS;

typedef struct CK_GCM_MESSAGE_PARAMS {
	CK_BYTE_PTR pIv;
	CK_ULONG ulIvLen;
	CK_ULONG ulIvFixedBits;
	CK_GENERATOR_FUNCTION ivGenerator;
	CK_BYTE_PTR pTag;
	CK_ULONG ulTagBits;
} CK_GCM_MESSAGE_PARAMS;

typedef struct CK_CCM_MESSAGE_PARAMS {
	CK_ULONG ulDataLen;
	CK_BYTE_PTR pNonce;
	CK_ULONG ulNonceLen;
	CK_ULONG ulNonceFixedBits;
	CK_GENERATOR_FUNCTION nonceGenerator;
	CK_BYTE_PTR pMAC;
	CK_ULONG ulMACLen;
} CK_CCM_MESSAGE_PARAMS;

typedef struct CK_CHACHA20_PARAMS {
	CK_BYTE_PTR pBlockCounter;
	CK_ULONG blockCounterBits;
	CK_BYTE_PTR pNonce;
	CK_ULONG ulNonceBits;
} CK_CHACHA20_PARAMS;

typedef struct CK_SALSA20_PARAMS {
	CK_BYTE_PTR pBlockCounter;
	CK_BYTE_PTR pNonce;
	CK_ULONG ulNonceBits;
} CK_SALSA20_PARAMS;

typedef struct CK_SALSA20_CHACHA20_POLY1305_PARAMS {
	CK_BYTE_PTR pNonce;
	CK_ULONG ulNonceLen;
	CK_BYTE_PTR pAAD;
	CK_ULONG ulAADLen;
} CK_SALSA20_CHACHA20_POLY1305_PARAMS;

typedef struct CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS {
	CK_BYTE_PTR pNonce;
	CK_ULONG ulNonceLen;
	CK_BYTE_PTR pTag;
} CK_SALSA20_CHACHA20_POLY1305_MSG_PARAMS;
#endif

/* ---- Flags ---- */

#ifndef CKF_ERROR_STATE
#define CKF_ERROR_STATE 0x1000000UL
#endif
#ifndef CKF_SEED_RANDOM_REQUIRED
#define CKF_SEED_RANDOM_REQUIRED 0x2000000UL
#endif
#ifndef CKF_ASYNC_SESSION_SUPPORTED
#define CKF_ASYNC_SESSION_SUPPORTED 0x4000000UL
#endif
#ifndef CKF_ASYNC_SESSION
#define CKF_ASYNC_SESSION 0x8UL
#endif
#ifndef CKF_MESSAGE_ENCRYPT
#define CKF_MESSAGE_ENCRYPT 0x2UL
#endif
#ifndef CKF_MESSAGE_DECRYPT
#define CKF_MESSAGE_DECRYPT 0x4UL
#endif
#ifndef CKF_MESSAGE_SIGN
#define CKF_MESSAGE_SIGN 0x8UL
#endif
#ifndef CKF_MESSAGE_VERIFY
#define CKF_MESSAGE_VERIFY 0x10UL
#endif
#ifndef CKF_MULTI_MESSAGE
#define CKF_MULTI_MESSAGE 0x20UL
#endif
#ifndef CKF_FIND_OBJECTS
#define CKF_FIND_OBJECTS 0x40UL
#endif
#ifndef CKF_EC_F_2M
#define CKF_EC_F_2M 0x200000UL
#endif
#ifndef CKF_EC_ECPARAMETERS
#define CKF_EC_ECPARAMETERS 0x400000UL
#endif
#ifndef CKF_EC_OID
#define CKF_EC_OID 0x800000UL
#endif
#ifndef CKF_EC_CURVENAME
#define CKF_EC_CURVENAME 0x4000000UL
#endif
#ifndef CKF_ENCAPSULATE
#define CKF_ENCAPSULATE 0x10000000UL
#endif
#ifndef CKF_DECAPSULATE
#define CKF_DECAPSULATE 0x20000000UL
#endif
#ifndef CKF_END_OF_MESSAGE
#define CKF_END_OF_MESSAGE 0x1UL
#endif
#ifndef CKF_INTERFACE_FORK_SAFE
#define CKF_INTERFACE_FORK_SAFE 0x1UL
#endif
#ifndef CKF_HKDF_SALT_NULL
#define CKF_HKDF_SALT_NULL 0x1UL
#endif
#ifndef CKF_HKDF_SALT_DATA
#define CKF_HKDF_SALT_DATA 0x2UL
#endif
#ifndef CKF_HKDF_SALT_KEY
#define CKF_HKDF_SALT_KEY 0x4UL
#endif

/* ---- Profiles and parameter sets ---- */

#ifndef CKP_INVALID_ID
#define CKP_INVALID_ID 0x0UL
#endif
#ifndef CKP_BASELINE_PROVIDER
#define CKP_BASELINE_PROVIDER 0x1UL
#endif
#ifndef CKP_EXTENDED_PROVIDER
#define CKP_EXTENDED_PROVIDER 0x2UL
#endif
#ifndef CKP_AUTHENTICATION_TOKEN
#define CKP_AUTHENTICATION_TOKEN 0x3UL
#endif
#ifndef CKP_PUBLIC_CERTIFICATES_TOKEN
#define CKP_PUBLIC_CERTIFICATES_TOKEN 0x4UL
#endif
#ifndef CKP_COMPLETE_PROVIDER
#define CKP_COMPLETE_PROVIDER 0x5UL
#endif
#ifndef CKP_HKDF_TLS_TOKEN
#define CKP_HKDF_TLS_TOKEN 0x6UL
#endif
#ifndef CKP_VENDOR_DEFINED
#define CKP_VENDOR_DEFINED 0x80000000UL
#endif
#ifndef CKP_PKCS5_PBKD2_HMAC_SHA1
#define CKP_PKCS5_PBKD2_HMAC_SHA1 0x1UL
#endif
#ifndef CKP_PKCS5_PBKD2_HMAC_GOSTR3411
#define CKP_PKCS5_PBKD2_HMAC_GOSTR3411 0x2UL
#endif
#ifndef CKP_PKCS5_PBKD2_HMAC_SHA224
#define CKP_PKCS5_PBKD2_HMAC_SHA224 0x3UL
#endif
#ifndef CKP_PKCS5_PBKD2_HMAC_SHA256
#define CKP_PKCS5_PBKD2_HMAC_SHA256 0x4UL
#endif
#ifndef CKP_PKCS5_PBKD2_HMAC_SHA384
#define CKP_PKCS5_PBKD2_HMAC_SHA384 0x5UL
#endif
#ifndef CKP_PKCS5_PBKD2_HMAC_SHA512
#define CKP_PKCS5_PBKD2_HMAC_SHA512 0x6UL
#endif
#ifndef CKP_PKCS5_PBKD2_HMAC_SHA512_224
#define CKP_PKCS5_PBKD2_HMAC_SHA512_224 0x7UL
#endif
#ifndef CKP_PKCS5_PBKD2_HMAC_SHA512_256
#define CKP_PKCS5_PBKD2_HMAC_SHA512_256 0x8UL
#endif
#ifndef CKP_ML_DSA_44
#define CKP_ML_DSA_44 0x1UL
#endif
#ifndef CKP_ML_DSA_65
#define CKP_ML_DSA_65 0x2UL
#endif
#ifndef CKP_ML_DSA_87
#define CKP_ML_DSA_87 0x3UL
#endif
#ifndef CKP_SLH_DSA_SHA2_128S
#define CKP_SLH_DSA_SHA2_128S 0x1UL
#endif
#ifndef CKP_SLH_DSA_SHAKE_128S
#define CKP_SLH_DSA_SHAKE_128S 0x2UL
#endif
#ifndef CKP_SLH_DSA_SHA2_128F
#define CKP_SLH_DSA_SHA2_128F 0x3UL
#endif
#ifndef CKP_SLH_DSA_SHAKE_128F
#define CKP_SLH_DSA_SHAKE_128F 0x4UL
#endif
#ifndef CKP_SLH_DSA_SHA2_192S
#define CKP_SLH_DSA_SHA2_192S 0x5UL
#endif
#ifndef CKP_SLH_DSA_SHAKE_192S
#define CKP_SLH_DSA_SHAKE_192S 0x6UL
#endif
#ifndef CKP_SLH_DSA_SHA2_192F
#define CKP_SLH_DSA_SHA2_192F 0x7UL
#endif
#ifndef CKP_SLH_DSA_SHAKE_192F
#define CKP_SLH_DSA_SHAKE_192F 0x8UL
#endif
#ifndef CKP_SLH_DSA_SHA2_256S
#define CKP_SLH_DSA_SHA2_256S 0x9UL
#endif
#ifndef CKP_SLH_DSA_SHAKE_256S
#define CKP_SLH_DSA_SHAKE_256S 0xaUL
#endif
#ifndef CKP_SLH_DSA_SHA2_256F
#define CKP_SLH_DSA_SHA2_256F 0xbUL
#endif
#ifndef CKP_SLH_DSA_SHAKE_256F
#define CKP_SLH_DSA_SHAKE_256F 0xcUL
#endif
#ifndef CKP_ML_KEM_512
#define CKP_ML_KEM_512 0x1UL
#endif
#ifndef CKP_ML_KEM_768
#define CKP_ML_KEM_768 0x2UL
#endif
#ifndef CKP_ML_KEM_1024
#define CKP_ML_KEM_1024 0x3UL
#endif

/* ---- Key types ---- */

#ifndef CKK_CAST5
#define CKK_CAST5 0x18UL
#endif
#ifndef CKK_CHACHA20
#define CKK_CHACHA20 0x33UL
#endif
#ifndef CKK_POLY1305
#define CKK_POLY1305 0x34UL
#endif
#ifndef CKK_AES_XTS
#define CKK_AES_XTS 0x35UL
#endif
#ifndef CKK_SHA3_224_HMAC
#define CKK_SHA3_224_HMAC 0x36UL
#endif
#ifndef CKK_SHA3_256_HMAC
#define CKK_SHA3_256_HMAC 0x37UL
#endif
#ifndef CKK_SHA3_384_HMAC
#define CKK_SHA3_384_HMAC 0x38UL
#endif
#ifndef CKK_SHA3_512_HMAC
#define CKK_SHA3_512_HMAC 0x39UL
#endif
#ifndef CKK_BLAKE2B_160_HMAC
#define CKK_BLAKE2B_160_HMAC 0x3aUL
#endif
#ifndef CKK_BLAKE2B_256_HMAC
#define CKK_BLAKE2B_256_HMAC 0x3bUL
#endif
#ifndef CKK_BLAKE2B_384_HMAC
#define CKK_BLAKE2B_384_HMAC 0x3cUL
#endif
#ifndef CKK_BLAKE2B_512_HMAC
#define CKK_BLAKE2B_512_HMAC 0x3dUL
#endif
#ifndef CKK_SALSA20
#define CKK_SALSA20 0x3eUL
#endif
#ifndef CKK_X2RATCHET
#define CKK_X2RATCHET 0x3fUL
#endif
#ifndef CKK_EC_MONTGOMERY
#define CKK_EC_MONTGOMERY 0x41UL
#endif
#ifndef CKK_HKDF
#define CKK_HKDF 0x42UL
#endif
#ifndef CKK_SHA512_224_HMAC
#define CKK_SHA512_224_HMAC 0x43UL
#endif
#ifndef CKK_SHA512_256_HMAC
#define CKK_SHA512_256_HMAC 0x44UL
#endif
#ifndef CKK_SHA512_T_HMAC
#define CKK_SHA512_T_HMAC 0x45UL
#endif
#ifndef CKK_HSS
#define CKK_HSS 0x46UL
#endif
#ifndef CKK_XMSS
#define CKK_XMSS 0x47UL
#endif
#ifndef CKK_XMSSMT
#define CKK_XMSSMT 0x48UL
#endif
#ifndef CKK_ML_KEM
#define CKK_ML_KEM 0x49UL
#endif
#ifndef CKK_ML_DSA
#define CKK_ML_DSA 0x4aUL
#endif
#ifndef CKK_SLH_DSA
#define CKK_SLH_DSA 0x4bUL
#endif

/* ---- Key derivation functions ---- */

#ifndef CKG_MGF1_SHA3_224
#define CKG_MGF1_SHA3_224 0x6UL
#endif
#ifndef CKG_MGF1_SHA3_256
#define CKG_MGF1_SHA3_256 0x7UL
#endif
#ifndef CKG_MGF1_SHA3_384
#define CKG_MGF1_SHA3_384 0x8UL
#endif
#ifndef CKG_MGF1_SHA3_512
#define CKG_MGF1_SHA3_512 0x9UL
#endif
#ifndef CKD_SHA3_224_KDF
#define CKD_SHA3_224_KDF 0xaUL
#endif
#ifndef CKD_SHA3_256_KDF
#define CKD_SHA3_256_KDF 0xbUL
#endif
#ifndef CKD_SHA3_384_KDF
#define CKD_SHA3_384_KDF 0xcUL
#endif
#ifndef CKD_SHA3_512_KDF
#define CKD_SHA3_512_KDF 0xdUL
#endif
#ifndef CKD_SHA1_KDF_SP800
#define CKD_SHA1_KDF_SP800 0xeUL
#endif
#ifndef CKD_SHA224_KDF_SP800
#define CKD_SHA224_KDF_SP800 0xfUL
#endif
#ifndef CKD_SHA256_KDF_SP800
#define CKD_SHA256_KDF_SP800 0x10UL
#endif
#ifndef CKD_SHA384_KDF_SP800
#define CKD_SHA384_KDF_SP800 0x11UL
#endif
#ifndef CKD_SHA512_KDF_SP800
#define CKD_SHA512_KDF_SP800 0x12UL
#endif
#ifndef CKD_SHA3_224_KDF_SP800
#define CKD_SHA3_224_KDF_SP800 0x13UL
#endif
#ifndef CKD_SHA3_256_KDF_SP800
#define CKD_SHA3_256_KDF_SP800 0x14UL
#endif
#ifndef CKD_SHA3_384_KDF_SP800
#define CKD_SHA3_384_KDF_SP800 0x15UL
#endif
#ifndef CKD_SHA3_512_KDF_SP800
#define CKD_SHA3_512_KDF_SP800 0x16UL
#endif
#ifndef CKD_BLAKE2B_160_KDF
#define CKD_BLAKE2B_160_KDF 0x17UL
#endif
#ifndef CKD_BLAKE2B_256_KDF
#define CKD_BLAKE2B_256_KDF 0x18UL
#endif
#ifndef CKD_BLAKE2B_384_KDF
#define CKD_BLAKE2B_384_KDF 0x19UL
#endif
#ifndef CKD_BLAKE2B_512_KDF
#define CKD_BLAKE2B_512_KDF 0x1aUL
#endif

/* ---- Mechanisms ---- */

#ifndef CKM_DSA_SHA3_224
#define CKM_DSA_SHA3_224 0x18UL
#endif
#ifndef CKM_DSA_SHA3_256
#define CKM_DSA_SHA3_256 0x19UL
#endif
#ifndef CKM_DSA_SHA3_384
#define CKM_DSA_SHA3_384 0x1aUL
#endif
#ifndef CKM_DSA_SHA3_512
#define CKM_DSA_SHA3_512 0x1bUL
#endif
#ifndef CKM_SHA3_256_RSA_PKCS
#define CKM_SHA3_256_RSA_PKCS 0x60UL
#endif
#ifndef CKM_SHA3_384_RSA_PKCS
#define CKM_SHA3_384_RSA_PKCS 0x61UL
#endif
#ifndef CKM_SHA3_512_RSA_PKCS
#define CKM_SHA3_512_RSA_PKCS 0x62UL
#endif
#ifndef CKM_SHA3_256_RSA_PKCS_PSS
#define CKM_SHA3_256_RSA_PKCS_PSS 0x63UL
#endif
#ifndef CKM_SHA3_384_RSA_PKCS_PSS
#define CKM_SHA3_384_RSA_PKCS_PSS 0x64UL
#endif
#ifndef CKM_SHA3_512_RSA_PKCS_PSS
#define CKM_SHA3_512_RSA_PKCS_PSS 0x65UL
#endif
#ifndef CKM_SHA3_224_RSA_PKCS
#define CKM_SHA3_224_RSA_PKCS 0x66UL
#endif
#ifndef CKM_SHA3_224_RSA_PKCS_PSS
#define CKM_SHA3_224_RSA_PKCS_PSS 0x67UL
#endif
#ifndef CKM_SHA3_256
#define CKM_SHA3_256 0x2b0UL
#endif
#ifndef CKM_SHA3_256_HMAC
#define CKM_SHA3_256_HMAC 0x2b1UL
#endif
#ifndef CKM_SHA3_256_HMAC_GENERAL
#define CKM_SHA3_256_HMAC_GENERAL 0x2b2UL
#endif
#ifndef CKM_SHA3_256_KEY_GEN
#define CKM_SHA3_256_KEY_GEN 0x2b3UL
#endif
#ifndef CKM_SHA3_224
#define CKM_SHA3_224 0x2b5UL
#endif
#ifndef CKM_SHA3_224_HMAC
#define CKM_SHA3_224_HMAC 0x2b6UL
#endif
#ifndef CKM_SHA3_224_HMAC_GENERAL
#define CKM_SHA3_224_HMAC_GENERAL 0x2b7UL
#endif
#ifndef CKM_SHA3_224_KEY_GEN
#define CKM_SHA3_224_KEY_GEN 0x2b8UL
#endif
#ifndef CKM_SHA3_384
#define CKM_SHA3_384 0x2c0UL
#endif
#ifndef CKM_SHA3_384_HMAC
#define CKM_SHA3_384_HMAC 0x2c1UL
#endif
#ifndef CKM_SHA3_384_HMAC_GENERAL
#define CKM_SHA3_384_HMAC_GENERAL 0x2c2UL
#endif
#ifndef CKM_SHA3_384_KEY_GEN
#define CKM_SHA3_384_KEY_GEN 0x2c3UL
#endif
#ifndef CKM_SHA3_512
#define CKM_SHA3_512 0x2d0UL
#endif
#ifndef CKM_SHA3_512_HMAC
#define CKM_SHA3_512_HMAC 0x2d1UL
#endif
#ifndef CKM_SHA3_512_HMAC_GENERAL
#define CKM_SHA3_512_HMAC_GENERAL 0x2d2UL
#endif
#ifndef CKM_SHA3_512_KEY_GEN
#define CKM_SHA3_512_KEY_GEN 0x2d3UL
#endif
#ifndef CKM_SHA3_256_KEY_DERIVATION
#define CKM_SHA3_256_KEY_DERIVATION 0x397UL
#endif
#ifndef CKM_SHA3_224_KEY_DERIVATION
#define CKM_SHA3_224_KEY_DERIVATION 0x398UL
#endif
#ifndef CKM_SHA3_384_KEY_DERIVATION
#define CKM_SHA3_384_KEY_DERIVATION 0x399UL
#endif
#ifndef CKM_SHA3_512_KEY_DERIVATION
#define CKM_SHA3_512_KEY_DERIVATION 0x39aUL
#endif
#ifndef CKM_SHAKE_128_KEY_DERIVATION
#define CKM_SHAKE_128_KEY_DERIVATION 0x39bUL
#endif
#ifndef CKM_SHAKE_256_KEY_DERIVATION
#define CKM_SHAKE_256_KEY_DERIVATION 0x39cUL
#endif
#ifndef CKM_KEA_DERIVE
#define CKM_KEA_DERIVE 0x1012UL
#endif
#ifndef CKM_EC_KEY_PAIR_GEN_W_EXTRA_BITS
#define CKM_EC_KEY_PAIR_GEN_W_EXTRA_BITS 0x140bUL
#endif
#ifndef CKM_AES_XTS
#define CKM_AES_XTS 0x1071UL
#endif
#ifndef CKM_AES_XTS_KEY_GEN
#define CKM_AES_XTS_KEY_GEN 0x1072UL
#endif
#ifndef CKM_CHACHA20_KEY_GEN
#define CKM_CHACHA20_KEY_GEN 0x1225UL
#endif
#ifndef CKM_CHACHA20
#define CKM_CHACHA20 0x1226UL
#endif
#ifndef CKM_POLY1305_KEY_GEN
#define CKM_POLY1305_KEY_GEN 0x1227UL
#endif
#ifndef CKM_POLY1305
#define CKM_POLY1305 0x1228UL
#endif
#ifndef CKM_DSA_PROBABILISTIC_PARAMETER_GEN
#define CKM_DSA_PROBABILISTIC_PARAMETER_GEN 0x2003UL
#endif
#ifndef CKM_DSA_FIPS_G_GEN
#define CKM_DSA_FIPS_G_GEN 0x2005UL
#endif
#ifndef CKM_AES_KEY_WRAP_KWP
#define CKM_AES_KEY_WRAP_KWP 0x210bUL
#endif
#ifndef CKM_AES_KEY_WRAP_PKCS7
#define CKM_AES_KEY_WRAP_PKCS7 0x210cUL
#endif
#ifndef CKM_SHA_1_KEY_GEN
#define CKM_SHA_1_KEY_GEN 0x4003UL
#endif
#ifndef CKM_SHA224_KEY_GEN
#define CKM_SHA224_KEY_GEN 0x4004UL
#endif
#ifndef CKM_SHA256_KEY_GEN
#define CKM_SHA256_KEY_GEN 0x4005UL
#endif
#ifndef CKM_SHA384_KEY_GEN
#define CKM_SHA384_KEY_GEN 0x4006UL
#endif
#ifndef CKM_SHA512_KEY_GEN
#define CKM_SHA512_KEY_GEN 0x4007UL
#endif
#ifndef CKM_SHA512_224_KEY_GEN
#define CKM_SHA512_224_KEY_GEN 0x4008UL
#endif
#ifndef CKM_SHA512_256_KEY_GEN
#define CKM_SHA512_256_KEY_GEN 0x4009UL
#endif
#ifndef CKM_SHA512_T_KEY_GEN
#define CKM_SHA512_T_KEY_GEN 0x400aUL
#endif
#ifndef CKM_NULL
#define CKM_NULL 0x400bUL
#endif
#ifndef CKM_BLAKE2B_160
#define CKM_BLAKE2B_160 0x400cUL
#endif
#ifndef CKM_BLAKE2B_160_HMAC
#define CKM_BLAKE2B_160_HMAC 0x400dUL
#endif
#ifndef CKM_BLAKE2B_160_HMAC_GENERAL
#define CKM_BLAKE2B_160_HMAC_GENERAL 0x400eUL
#endif
#ifndef CKM_BLAKE2B_160_KEY_DERIVE
#define CKM_BLAKE2B_160_KEY_DERIVE 0x400fUL
#endif
#ifndef CKM_BLAKE2B_160_KEY_GEN
#define CKM_BLAKE2B_160_KEY_GEN 0x4010UL
#endif
#ifndef CKM_BLAKE2B_256
#define CKM_BLAKE2B_256 0x4011UL
#endif
#ifndef CKM_BLAKE2B_256_HMAC
#define CKM_BLAKE2B_256_HMAC 0x4012UL
#endif
#ifndef CKM_BLAKE2B_256_HMAC_GENERAL
#define CKM_BLAKE2B_256_HMAC_GENERAL 0x4013UL
#endif
#ifndef CKM_BLAKE2B_256_KEY_DERIVE
#define CKM_BLAKE2B_256_KEY_DERIVE 0x4014UL
#endif
#ifndef CKM_BLAKE2B_256_KEY_GEN
#define CKM_BLAKE2B_256_KEY_GEN 0x4015UL
#endif
#ifndef CKM_BLAKE2B_384
#define CKM_BLAKE2B_384 0x4016UL
#endif
#ifndef CKM_BLAKE2B_384_HMAC
#define CKM_BLAKE2B_384_HMAC 0x4017UL
#endif
#ifndef CKM_BLAKE2B_384_HMAC_GENERAL
#define CKM_BLAKE2B_384_HMAC_GENERAL 0x4018UL
#endif
#ifndef CKM_BLAKE2B_384_KEY_DERIVE
#define CKM_BLAKE2B_384_KEY_DERIVE 0x4019UL
#endif
#ifndef CKM_BLAKE2B_384_KEY_GEN
#define CKM_BLAKE2B_384_KEY_GEN 0x401aUL
#endif
#ifndef CKM_BLAKE2B_512
#define CKM_BLAKE2B_512 0x401bUL
#endif
#ifndef CKM_BLAKE2B_512_HMAC
#define CKM_BLAKE2B_512_HMAC 0x401cUL
#endif
#ifndef CKM_BLAKE2B_512_HMAC_GENERAL
#define CKM_BLAKE2B_512_HMAC_GENERAL 0x401dUL
#endif
#ifndef CKM_BLAKE2B_512_KEY_DERIVE
#define CKM_BLAKE2B_512_KEY_DERIVE 0x401eUL
#endif
#ifndef CKM_BLAKE2B_512_KEY_GEN
#define CKM_BLAKE2B_512_KEY_GEN 0x401fUL
#endif
#ifndef CKM_SALSA20
#define CKM_SALSA20 0x4020UL
#endif
#ifndef CKM_CHACHA20_POLY1305
#define CKM_CHACHA20_POLY1305 0x4021UL
#endif
#ifndef CKM_SALSA20_POLY1305
#define CKM_SALSA20_POLY1305 0x4022UL
#endif
#ifndef CKM_X3DH_INITIALIZE
#define CKM_X3DH_INITIALIZE 0x4023UL
#endif
#ifndef CKM_X3DH_RESPOND
#define CKM_X3DH_RESPOND 0x4024UL
#endif
#ifndef CKM_X2RATCHET_INITIALIZE
#define CKM_X2RATCHET_INITIALIZE 0x4025UL
#endif
#ifndef CKM_X2RATCHET_RESPOND
#define CKM_X2RATCHET_RESPOND 0x4026UL
#endif
#ifndef CKM_X2RATCHET_ENCRYPT
#define CKM_X2RATCHET_ENCRYPT 0x4027UL
#endif
#ifndef CKM_X2RATCHET_DECRYPT
#define CKM_X2RATCHET_DECRYPT 0x4028UL
#endif
#ifndef CKM_XEDDSA
#define CKM_XEDDSA 0x4029UL
#endif
#ifndef CKM_HKDF_DERIVE
#define CKM_HKDF_DERIVE 0x402aUL
#endif
#ifndef CKM_HKDF_DATA
#define CKM_HKDF_DATA 0x402bUL
#endif
#ifndef CKM_HKDF_KEY_GEN
#define CKM_HKDF_KEY_GEN 0x402cUL
#endif
#ifndef CKM_SALSA20_KEY_GEN
#define CKM_SALSA20_KEY_GEN 0x402dUL
#endif
#ifndef CKM_ECDSA_SHA3_224
#define CKM_ECDSA_SHA3_224 0x1047UL
#endif
#ifndef CKM_ECDSA_SHA3_256
#define CKM_ECDSA_SHA3_256 0x1048UL
#endif
#ifndef CKM_ECDSA_SHA3_384
#define CKM_ECDSA_SHA3_384 0x1049UL
#endif
#ifndef CKM_ECDSA_SHA3_512
#define CKM_ECDSA_SHA3_512 0x104aUL
#endif
#ifndef CKM_EC_MONTGOMERY_KEY_PAIR_GEN
#define CKM_EC_MONTGOMERY_KEY_PAIR_GEN 0x1056UL
#endif
#ifndef CKM_SP800_108_COUNTER_KDF
#define CKM_SP800_108_COUNTER_KDF 0x3acUL
#endif
#ifndef CKM_SP800_108_FEEDBACK_KDF
#define CKM_SP800_108_FEEDBACK_KDF 0x3adUL
#endif
#ifndef CKM_SP800_108_DOUBLE_PIPELINE_KDF
#define CKM_SP800_108_DOUBLE_PIPELINE_KDF 0x3aeUL
#endif
#ifndef CKM_IKE2_PRF_PLUS_DERIVE
#define CKM_IKE2_PRF_PLUS_DERIVE 0x402eUL
#endif
#ifndef CKM_IKE_PRF_DERIVE
#define CKM_IKE_PRF_DERIVE 0x402fUL
#endif
#ifndef CKM_IKE1_PRF_DERIVE
#define CKM_IKE1_PRF_DERIVE 0x4030UL
#endif
#ifndef CKM_IKE1_EXTENDED_DERIVE
#define CKM_IKE1_EXTENDED_DERIVE 0x4031UL
#endif
#ifndef CKM_HSS_KEY_PAIR_GEN
#define CKM_HSS_KEY_PAIR_GEN 0x4032UL
#endif
#ifndef CKM_HSS
#define CKM_HSS 0x4033UL
#endif
#ifndef CKM_XMSS_KEY_PAIR_GEN
#define CKM_XMSS_KEY_PAIR_GEN 0x4034UL
#endif
#ifndef CKM_XMSSMT_KEY_PAIR_GEN
#define CKM_XMSSMT_KEY_PAIR_GEN 0x4035UL
#endif
#ifndef CKM_XMSS
#define CKM_XMSS 0x4036UL
#endif
#ifndef CKM_XMSSMT
#define CKM_XMSSMT 0x4037UL
#endif
#ifndef CKM_ECDH_X_AES_KEY_WRAP
#define CKM_ECDH_X_AES_KEY_WRAP 0x4038UL
#endif
#ifndef CKM_ECDH_COF_AES_KEY_WRAP
#define CKM_ECDH_COF_AES_KEY_WRAP 0x4039UL
#endif
#ifndef CKM_PUB_KEY_FROM_PRIV_KEY
#define CKM_PUB_KEY_FROM_PRIV_KEY 0x403aUL
#endif
#ifndef CKM_ML_KEM_KEY_PAIR_GEN
#define CKM_ML_KEM_KEY_PAIR_GEN 0xfUL
#endif
#ifndef CKM_ML_KEM
#define CKM_ML_KEM 0x17UL
#endif
#ifndef CKM_ML_DSA_KEY_PAIR_GEN
#define CKM_ML_DSA_KEY_PAIR_GEN 0x1cUL
#endif
#ifndef CKM_ML_DSA
#define CKM_ML_DSA 0x1dUL
#endif
#ifndef CKM_HASH_ML_DSA
#define CKM_HASH_ML_DSA 0x1fUL
#endif
#ifndef CKM_HASH_ML_DSA_SHA224
#define CKM_HASH_ML_DSA_SHA224 0x23UL
#endif
#ifndef CKM_HASH_ML_DSA_SHA256
#define CKM_HASH_ML_DSA_SHA256 0x24UL
#endif
#ifndef CKM_HASH_ML_DSA_SHA384
#define CKM_HASH_ML_DSA_SHA384 0x25UL
#endif
#ifndef CKM_HASH_ML_DSA_SHA512
#define CKM_HASH_ML_DSA_SHA512 0x26UL
#endif
#ifndef CKM_HASH_ML_DSA_SHA3_224
#define CKM_HASH_ML_DSA_SHA3_224 0x27UL
#endif
#ifndef CKM_HASH_ML_DSA_SHA3_256
#define CKM_HASH_ML_DSA_SHA3_256 0x28UL
#endif
#ifndef CKM_HASH_ML_DSA_SHA3_384
#define CKM_HASH_ML_DSA_SHA3_384 0x29UL
#endif
#ifndef CKM_HASH_ML_DSA_SHA3_512
#define CKM_HASH_ML_DSA_SHA3_512 0x2aUL
#endif
#ifndef CKM_HASH_ML_DSA_SHAKE128
#define CKM_HASH_ML_DSA_SHAKE128 0x2bUL
#endif
#ifndef CKM_HASH_ML_DSA_SHAKE256
#define CKM_HASH_ML_DSA_SHAKE256 0x2cUL
#endif
#ifndef CKM_SLH_DSA_KEY_PAIR_GEN
#define CKM_SLH_DSA_KEY_PAIR_GEN 0x2dUL
#endif
#ifndef CKM_SLH_DSA
#define CKM_SLH_DSA 0x2eUL
#endif
#ifndef CKM_HASH_SLH_DSA
#define CKM_HASH_SLH_DSA 0x34UL
#endif
#ifndef CKM_HASH_SLH_DSA_SHA224
#define CKM_HASH_SLH_DSA_SHA224 0x36UL
#endif
#ifndef CKM_HASH_SLH_DSA_SHA256
#define CKM_HASH_SLH_DSA_SHA256 0x37UL
#endif
#ifndef CKM_HASH_SLH_DSA_SHA384
#define CKM_HASH_SLH_DSA_SHA384 0x38UL
#endif
#ifndef CKM_HASH_SLH_DSA_SHA512
#define CKM_HASH_SLH_DSA_SHA512 0x39UL
#endif
#ifndef CKM_HASH_SLH_DSA_SHA3_224
#define CKM_HASH_SLH_DSA_SHA3_224 0x3aUL
#endif
#ifndef CKM_HASH_SLH_DSA_SHA3_256
#define CKM_HASH_SLH_DSA_SHA3_256 0x3bUL
#endif
#ifndef CKM_HASH_SLH_DSA_SHA3_384
#define CKM_HASH_SLH_DSA_SHA3_384 0x3cUL
#endif
#ifndef CKM_HASH_SLH_DSA_SHA3_512
#define CKM_HASH_SLH_DSA_SHA3_512 0x3dUL
#endif
#ifndef CKM_HASH_SLH_DSA_SHAKE128
#define CKM_HASH_SLH_DSA_SHAKE128 0x3eUL
#endif
#ifndef CKM_HASH_SLH_DSA_SHAKE256
#define CKM_HASH_SLH_DSA_SHAKE256 0x3fUL
#endif
#ifndef CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE
#define CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE 0x56UL
#endif
#ifndef CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH
#define CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH 0x57UL
#endif

/* ---- Trust and validation (3.2) ---- */

#ifndef CKS_LAST_VALIDATION_OK
#define CKS_LAST_VALIDATION_OK 0x1UL
#endif
#ifndef CKV_AUTHORITY_TYPE_UNSPECIFIED
#define CKV_AUTHORITY_TYPE_UNSPECIFIED 0x0UL
#endif
#ifndef CKV_AUTHORITY_TYPE_NIST_CMVP
#define CKV_AUTHORITY_TYPE_NIST_CMVP 0x1UL
#endif
#ifndef CKV_AUTHORITY_TYPE_COMMON_CRITERIA
#define CKV_AUTHORITY_TYPE_COMMON_CRITERIA 0x2UL
#endif
#ifndef CKV_TYPE_UNSPECIFIED
#define CKV_TYPE_UNSPECIFIED 0x0UL
#endif
#ifndef CKV_TYPE_SOFTWARE
#define CKV_TYPE_SOFTWARE 0x1UL
#endif
#ifndef CKV_TYPE_HARDWARE
#define CKV_TYPE_HARDWARE 0x2UL
#endif
#ifndef CKV_TYPE_FIRMWARE
#define CKV_TYPE_FIRMWARE 0x3UL
#endif
#ifndef CKV_TYPE_HYBRID
#define CKV_TYPE_HYBRID 0x4UL
#endif
#ifndef CKH_HEDGE_PREFERRED
#define CKH_HEDGE_PREFERRED 0x0UL
#endif
#ifndef CKH_HEDGE_REQUIRED
#define CKH_HEDGE_REQUIRED 0x1UL
#endif
#ifndef CKH_DETERMINISTIC_REQUIRED
#define CKH_DETERMINISTIC_REQUIRED 0x2UL
#endif
#ifndef CKT_TRUST_UNKNOWN
#define CKT_TRUST_UNKNOWN 0x0UL
#endif
#ifndef CKT_TRUSTED
#define CKT_TRUSTED 0x1UL
#endif
#ifndef CKT_TRUST_ANCHOR
#define CKT_TRUST_ANCHOR 0x2UL
#endif
#ifndef CKT_NOT_TRUSTED
#define CKT_NOT_TRUSTED 0x3UL
#endif
#ifndef CKT_TRUST_MUST_VERIFY_TRUST
#define CKT_TRUST_MUST_VERIFY_TRUST 0x4UL
#endif

#ifdef __cplusplus
}
#endif

#endif
