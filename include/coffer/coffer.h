/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer's own additions to PKCS#11: the "Vendor Coffer" interface, which
 * C_GetInterface("Vendor Coffer", NULL, ...) returns.  What the life of a wallet needs and
 * Cryptoki has no function for.  Paths are file names in the host's encoding, NUL-terminated.
 */
#ifndef COFFER_COFFER_H
#define COFFER_COFFER_H

#include <p11-kit/pkcs11.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COFFER_INTERFACE_NAME "Vendor Coffer"

/* ---- vendor-defined values (doc/algorand.md) ---- */

#define COFFER_VENDOR (0x80000000UL | 0x434F0000UL) /* "CO" */

/* Of a private key: the messages that it signs, as words with one space between them: a message must begin with one of
 * them ("TX", "Program", ...), else CKR_DATA_INVALID.  Given when the key is made, or later; after that it can
 * only lose words. 1 to 128 bytes. */
#define CKA_COFFER_MESSAGE_PREFIXES (COFFER_VENDOR + 1UL)
/* Of an Ed25519 key and of a multisig account, computed: the address on Algorand, 58 characters. */
#define CKA_COFFER_ALGORAND_ADDRESS (COFFER_VENDOR + 2UL)
/* CK_ULONG. Of a private key: by which index it was derived.  Of a master derivation key: the highest index that was given
 * away; it only grows, so that of two who raise it from the same value one is refused. */
#define CKA_COFFER_ALGORAND_INDEX (COFFER_VENDOR + 3UL)

/* A multisig account of Algorand: an object that holds no secret. CKA_ID is its address, 32 bytes, computed. */
#define CKO_COFFER_ALGORAND_MULTISIG (COFFER_VENDOR + 1UL)
#define CKA_COFFER_MULTISIG_VERSION   (COFFER_VENDOR + 4UL) /* CK_ULONG, 1 */
#define CKA_COFFER_MULTISIG_THRESHOLD (COFFER_VENDOR + 5UL) /* CK_ULONG */
#define CKA_COFFER_MULTISIG_KEYS      (COFFER_VENDOR + 6UL) /* 32 bytes each, in order */

/* A secret key of 32 bytes from which Ed25519 keys are derived by index, as Algorand's key management daemon does. */
#define CKK_COFFER_ALGORAND_MASTER (COFFER_VENDOR + 1UL)

/* C_DeriveKey from such a key: an Ed25519 private key. The parameter is a CK_ULONG, the index, from 1 to the master key's
 * CKA_COFFER_ALGORAND_INDEX: raise that first, and no index is given away twice.  The new key's CKA_COFFER_ALGORAND_INDEX is
 * its index, its CKA_ID the public key unless the template has another. */
#define CKM_COFFER_ALGORAND_DERIVE (COFFER_VENDOR + 1UL)

/* Memory protection in force. */
#define COFFER_MEMORY_SECRET   0UL /* memfd_secret: readable by nobody but the process */
#define COFFER_MEMORY_LOCKED   1UL /* mlock: never paged, not dumped */
#define COFFER_MEMORY_UNLOCKED 2UL /* neither, by explicit configuration */

typedef struct COFFER_PROTECTION {
	CK_ULONG memory;       /* COFFER_MEMORY_... */
	CK_ULONG arena_bytes;  /* guarded memory without stacks */
	CK_ULONG stack_bytes;  /* guarded stacks, all together */
	CK_ULONG stack_count;
	CK_ULONG secret_count; /* sealed secrets alive */
	const char *aead;      /* static string: cipher that seals them */
	CK_BBOOL own_libcrypto; /* FALSE: OpenSSL is the host's, and keys that it uses are on the ordinary heap meanwhile */
} COFFER_PROTECTION;

/* How a PIN of a wallet stands. */
typedef struct COFFER_PIN {
	CK_BBOOL set;          /* FALSE: there is no way in by this PIN, and the rest is 0 */
	CK_ULONG failures;     /* since it was last right */
	CK_ULONG argon2_memory; /* KiB */
	CK_ULONG argon2_passes;
} COFFER_PIN;

/* What a wallet's file says without a PIN, beside CK_TOKEN_INFO. */
typedef struct COFFER_WALLET {
	CK_ULONG format;  /* version of the file's format */
	CK_ULONG created; /* seconds since 1970 UTC */
	COFFER_PIN user, so;
} COFFER_WALLET;

/* What kind of failure the last sentence was about, where a CK_RV stands for several. */
#define COFFER_REASON_NONE        0UL  /* there is no sentence */
#define COFFER_REASON_MEMORY      1UL  /* ordinary or locked memory could not be had */
#define COFFER_REASON_BUSY        2UL  /* another process holds the wallet */
#define COFFER_REASON_NOT_FOUND   3UL
#define COFFER_REASON_EXISTS      4UL
#define COFFER_REASON_DENIED      5UL  /* a wrong PIN, or permissions */
#define COFFER_REASON_LOCKED      6UL  /* the PIN, after too many failures */
#define COFFER_REASON_CORRUPT     7UL  /* damaged, or no wallet */
#define COFFER_REASON_FORGED      8UL  /* the right form, but not what was written */
#define COFFER_REASON_UNSUPPORTED 9UL  /* of a later release */
#define COFFER_REASON_INVALID     10UL
#define COFFER_REASON_LIMIT       11UL
#define COFFER_REASON_FULL        12UL /* no space on the device, quota */
#define COFFER_REASON_READ_ONLY   13UL
#define COFFER_REASON_IO          14UL
#define COFFER_REASON_CLOSED      15UL /* the vault was found damaged, and stays closed */

/* One sentence for each fault that Verify finds. */
typedef void (*COFFER_REPORT)(const char *sentence, void *context);

/* One named user of a wallet. */
typedef void (*COFFER_USER)(const char *name, CK_ULONG failures, void *context);

/* What a wallet lets its keys do, beside what their attributes say. */
typedef struct COFFER_POLICY {
	CK_ULONG rsa_min_bits;             /* 0: as configured */
	CK_ULONG count;                    /* of mechanisms; 0: all may be used */
	CK_MECHANISM_TYPE mechanisms[60];
} COFFER_POLICY;

typedef struct COFFER_FUNCTIONS {
	CK_VERSION version; /* 1.0 */

	/* A new wallet.  so_pin NULL: without a way in for a security officer, for ever.
	 * CKR_ARGUMENTS_BAD, CKR_PIN_LEN_RANGE, CKR_FUNCTION_REJECTED when the label is taken. */
	CK_RV (*Create)(const char *label, CK_UTF8CHAR_PTR user_pin, CK_ULONG user_pin_len, CK_UTF8CHAR_PTR so_pin,
			CK_ULONG so_pin_len, CK_SLOT_ID *slot);
	/* Read/write session, logged in. */
	CK_RV (*Rename)(CK_SESSION_HANDLE session, const char *label);
	/* Logged in; no other session open on the token, in this process. Removes the file. */
	CK_RV (*Delete)(CK_SESSION_HANDLE session);
	/* A consistent copy while in use; needs no PIN, what it copies is sealed. */
	CK_RV (*Backup)(CK_SLOT_ID slot, const char *path, CK_BBOOL replace);
	/* A backup becomes a wallet of this directory again. */
	CK_RV (*Restore)(const char *path, CK_BBOOL replace, CK_SLOT_ID *slot);
	/* Logged in.  Checks all of the wallet: *faults == 0 means clean. */
	CK_RV (*Verify)(CK_SESSION_HANDLE session, COFFER_REPORT report, void *context, CK_ULONG *objects, CK_ULONG *faults);
	/* The file of a wallet, of one too that cannot be used. CKR_BUFFER_TOO_SMALL with *size set. */
	CK_RV (*Path)(CK_SLOT_ID slot, char *path, CK_ULONG *size);
	CK_RV (*Wallet)(CK_SLOT_ID slot, COFFER_WALLET *wallet);
	CK_RV (*Protection)(COFFER_PROTECTION *protection);
	/* ---- named users: C_LoginUser(CKU_USER, pin, name) opens the wallet with a PIN of that user's own ---- */

	/* Logged in, as user or SO.  1 to 64 bytes of UTF-8.  CKR_FUNCTION_REJECTED: there is one of that name. */
	CK_RV (*AddUser)(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR name, CK_ULONG name_len, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len);
	/* Logged in.  The user's PIN opens the file no longer; a copy of the file that he has, it does.  CKR_FUNCTION_FAILED: there is none. */
	CK_RV (*RemoveUser)(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR name, CK_ULONG name_len);
	/* Calls `user` with each name, NUL-terminated, and how often a wrong PIN was given since the last right one. */
	CK_RV (*Users)(CK_SLOT_ID slot, COFFER_USER user, void *context);
	/* ---- the wallet's policy: in its file, authenticated, so that every process keeps it ---- */

	CK_RV (*GetPolicy)(CK_SLOT_ID slot, COFFER_POLICY *policy);
	/* Logged in as SO, or as user where the wallet has no SO PIN: else CKR_USER_NOT_LOGGED_IN. All zero: no policy. */
	CK_RV (*SetPolicy)(CK_SESSION_HANDLE session, const COFFER_POLICY *policy);
	/* The sentence behind the last failure in this thread, NUL-terminated; "" when there is none. Never holds a secret. */
	CK_RV (*LastError)(char *text, CK_ULONG size);
	/* Its COFFER_REASON_... */
	CK_RV (*LastReason)(CK_ULONG *reason);

	/* A key out of a file's bytes, as objects of the session's token: both halves in one change, or the public one alone
	 * when the file has no more (*private_key is CK_INVALID_HANDLE then).  The forms: PKCS#8 and SubjectPublicKeyInfo in
	 * PEM or DER, PKCS#8 encrypted by PBES2 (scrypt or PBKDF2, AES in CBC mode), OpenSSH's private key without passphrase,
	 * a line of its authorized_keys, 64 hexadecimal digits of an Ed25519 seed; at most 32 KiB.  The templates are as for
	 * C_CreateObject without what the file says; CKA_LOCAL, CKA_NEVER_EXTRACTABLE and CKA_ALWAYS_SENSITIVE become false.
	 * CKR_PIN_INVALID: encrypted, and passphrase is NULL; CKR_PIN_INCORRECT; CKR_DATA_INVALID, CKR_DATA_LEN_RANGE: no key,
	 * damaged; CKR_KEY_TYPE_INCONSISTENT, CKR_MECHANISM_INVALID: a key, an encryption that is not supported;
	 * CKR_MECHANISM_PARAM_INVALID: an encryption that costs too much; and what C_CreateObject answers. */
	CK_RV (*ImportKey)(CK_SESSION_HANDLE session, CK_BYTE_PTR file, CK_ULONG file_len, CK_UTF8CHAR_PTR passphrase,
			   CK_ULONG passphrase_len, CK_ATTRIBUTE_PTR public_attr, CK_ULONG public_count,
			   CK_ATTRIBUTE_PTR private_attr, CK_ULONG private_count, CK_OBJECT_HANDLE_PTR public_key,
			   CK_OBJECT_HANDLE_PTR private_key);
	/* A private key as DER of EncryptedPrivateKeyInfo (PBES2: scrypt, AES-256-CBC), or of PrivateKeyInfo, in clear, when
	 * passphrase is NULL: then `out` should be memory that is never paged.  CKA_EXTRACTABLE alone decides, CKA_SENSITIVE
	 * does not: this is how the owner of a key takes it out, in a form that he can keep.  (C_WrapKey, which programs use
	 * among themselves, asks more of the wrapping key.)  A secret key is its value, in clear: there is no passphrase
	 * for it.  *out_len as for every function of Cryptoki.
	 * CKR_KEY_UNEXTRACTABLE, CKR_KEY_NOT_WRAPPABLE (CKA_WRAP_WITH_TRUSTED), CKR_KEY_HANDLE_INVALID,
	 * CKR_PIN_LEN_RANGE (an empty passphrase), CKR_BUFFER_TOO_SMALL. */
	CK_RV (*ExportKey)(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_UTF8CHAR_PTR passphrase,
			   CK_ULONG passphrase_len, CK_BYTE_PTR out, CK_ULONG_PTR out_len);
} COFFER_FUNCTIONS;

#ifdef __cplusplus
}
#endif

#endif
