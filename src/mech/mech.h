/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mechanism is one row of table.def that points at the functions of its
 * family.  C_GetMechanismList and C_GetMechanismInfo are read from the same row
 * that runs the operation.  This room knows no object, session or file: it gets
 * a key view and spans, so that published vectors alone test every mechanism.
 *
 * Private and secret key parts are only ever seen through a key_view that was
 * made inside a vault scope.
 */
#ifndef COFFER_MECH_MECH_H
#define COFFER_MECH_MECH_H

#include <stdbool.h>

#include "base/span.h"
#include "ck/ck.h"
#include "vault/keep.h"
#include "vault/scope.h"

/* ---- keys as a mechanism sees them ---- */

struct prepared;

#define KEY_PARTS_MAX 12

struct key_part {
	CK_ATTRIBUTE_TYPE type; /* CKA_VALUE, CKA_EC_POINT (raw, no DER around it), CKA_EC_PARAMS ... */
	struct span value;
};

struct key_view {
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	CK_ULONG bits;                       /* 255 for Ed25519 */
	CK_ULONG parameter_set;              /* CKA_PARAMETER_SET, of types that have one (ck/parameter_set.h) */
	struct key_part part[KEY_PARTS_MAX];
	size_t parts;
	struct keep *keep;                   /* what the family leaves sealed with the key for the next operation; NULL: it leaves nothing */
	struct prepared *prepared;           /* what the library made of a public key that is kept (mech/prepared.h); NULL: nothing is kept of it */
	CK_ULONG value_bits;                 /* CKA_VALUE_BITS that is wanted of a new Diffie-Hellman key; 0: any */
};

/* Empty when the key has no such part. */
struct span key_view_part(const struct key_view *key, CK_ATTRIBUTE_TYPE type);

/* ---- rows ---- */

/* Parsed, owned copies of mechanism parameters: nothing later looks at the caller's memory. */
struct mech_eddsa_params {
	bool given;             /* a CK_EDDSA_PARAMS came with the mechanism */
	bool prehash;           /* phFlag */
	size_t context_len;     /* 0..255 */
	uint8_t context[255];
};

struct prehash;

/* ML-DSA, SLH-DSA. */
struct mech_sign_params {
	CK_ULONG hedge;                /* CKH_..., as given: verification ignores it */
	const struct prehash *prehash; /* what made the digest that is signed */
	size_t context_len;            /* 0..255 */
	uint8_t context[255];
};

/* Derivation is over when its call returns: what the caller gave is read in place. */
struct mech_ecdh_params {
	CK_ULONG kdf;           /* CKD_... */
	struct span shared;
	struct span peer;       /* the other party's public point; empty: it is the ciphertext of a key encapsulation */
};

struct mech_index_params {
	CK_ULONG index;
};

struct hash;

struct mech_hkdf_params {
	const struct hash *hash;
	bool extract, expand;
	CK_ULONG salt_type;     /* CKF_HKDF_SALT_... */
	struct span salt, info;
	CK_OBJECT_HANDLE salt_key;
};

struct mech_data_params {
	struct span data;
	uint8_t iv[16];         /* AES-CBC */
};

struct mech_other_params {
	CK_OBJECT_HANDLE key;
};

struct mech_pbkdf2_params {
	const struct hash *hash;
	struct span password, salt;
	uint64_t iterations;
};

#define KDF_SEGMENTS_MAX 16

/* A piece of the input of SP 800-108's pseudorandom function. */
struct kdf_segment {
	enum { KDF_COUNTER, KDF_LENGTH, KDF_BEFORE, KDF_BYTES } kind;
	bool little;            /* counter, length: byte order */
	unsigned bits;          /* and width */
	bool sum_of_blocks;     /* length: of whole blocks, not of the key */
	struct span bytes;
};

struct mech_kbkdf_params {
	const struct hash *hash; /* of HMAC; NULL: AES-CMAC */
	struct span iv;
	bool pipeline;           /* double pipeline: what is before is made by a function of its own */
	struct kdf_segment segment[KDF_SEGMENTS_MAX];
	size_t count;
};

#define TLS_MAC_MAX 64
#define TLS_KEY_MAX 64 /* of one of the keys of a connection */
#define TLS_IV_MAX 16  /* the block of the largest cipher */
#define TLS_TEXT_MAX 200 /* of each part: OpenSSL takes 1024 bytes of them together */

struct mech_tls_params {
	const struct hash *hash;
	struct span label;
	struct span seed[2];    /* in this order; empty ones are none */
	bool has_context;       /* exported keys: */
	struct span context;
	CK_VERSION *version;    /* the caller's; NULL: not wanted */
	size_t mac_n;           /* of the "finished" message */
	/* The keys of a connection: bytes of each MAC key, key and initialization vector (0: none), and where handles and vectors go, the caller's. */
	size_t mac_key_n, key_n, iv_n;
	CK_SSL3_KEY_MAT_OUT *made;
};

#define RSA_LABEL_MAX 256

struct mech_rsa_params {
	const struct hash *hash, *mgf;
	size_t salt_len;             /* PSS */
	size_t label_len;            /* OAEP */
	uint8_t label[RSA_LABEL_MAX];
	size_t aes_bytes;            /* CKM_RSA_AES_KEY_WRAP: of the key in between */
};

/* Ciphers, and GMAC. */
#define MECH_IV_MAX 128 /* libcrypto's limit for GCM */
struct mech_cipher_params {
	size_t iv_n;            /* 0: none was given */
	uint8_t iv[MECH_IV_MAX];
	unsigned counter_bits;  /* CTR */
	uint64_t data_n;        /* CCM: how long the message will be */
	size_t tag_n;           /* of authenticated modes */
	struct span aad;        /* associated data */
	uint8_t *tag;           /* message-based functions: where the tag is; else NULL, and it follows what is encrypted */
};

struct mech_mac_params {
	size_t length;          /* ..._GENERAL */
};

union mech_params {
	struct mech_cipher_params cipher;
	struct mech_mac_params mac;
	struct mech_rsa_params rsa;
	struct mech_eddsa_params eddsa;
	struct mech_sign_params sign;
	struct mech_ecdh_params ecdh;
	struct mech_index_params index;
	struct mech_hkdf_params hkdf;
	struct mech_pbkdf2_params pbkdf2;
	struct mech_kbkdf_params kbkdf;
	struct mech_data_params data;
	struct mech_tls_params tls;
	struct mech_other_params other;
};

struct mech;

/* What message-based encryption remembers from one message to the next. */
struct mech_message {
	uint64_t counter;
	bool has_base;             /* CKG_GENERATE_COUNTER_XOR: */
	uint8_t base[MECH_IV_MAX]; /* what the counter is added to */
};

/* One running operation, as the family's functions see it.  `state` has impl->state_size
 * bytes, zeroed at begin; what kind of memory it is in is said by impl->state_kind. */
struct mech_call {
	const struct mech *mech;
	const union mech_params *params;
	const struct key_view *key; /* NULL for digests */
	void *state;
	CK_FLAGS use; /* CKF_SIGN, CKF_DECRYPT, ...: which of its operations this is */
};

/* What is kept between the parts of an operation. */
enum mech_state {
	MECH_STATE_NONE,
	MECH_STATE_PLAIN,   /* does not depend on a key: digests, buffered messages */
	MECH_STATE_GUARDED, /* depends on one: it lies in the guarded heap, and so does what a libcrypto of our own keeps for it;
	                     * begin, update, transform and finish run in a scope */
};

#define MECH_SAVED_MAX 512
#define MECH_ALLOWS_MAX 8

/* Any member may be NULL: "not supported", answered in one place (session/op.c).
 * `scope` is NULL where the row's state is PLAIN or NONE and no private part is in the key.  The key is in the call of
 * begin (of a PLAIN state: its class, type, bits and parameter set only) and of whatever makes an output; update and transform do without it.
 * Outputs: *n is the room on entry, the length on return; lengths were checked before by out_len. */
struct mech_impl {
	enum mech_state state_kind;
	size_t state_size;
	/* The functions of an operation in one piece or in parts may go deeper on a vault stack than VAULT_SHALLOW bytes. */
	bool deep;

	/* Does this process's libcrypto have what the row needs?  After mech_open().  NULL: always. */
	bool (*available)(const struct mech *mech);

	/* Does the parameter suit the key?  Its class, type, bits and parameter set are known, no part of it.  NULL: always. */
	CK_RV (*suits)(const struct mech_call *call);

	/* Exact or, where the specification allows, an upper bound of the output for `in_len` more bytes. */
	CK_RV (*out_len)(const struct mech_call *call, size_t in_len, size_t *out);

	/* one-shot; a signature never lies where the message does */
	CK_RV (*sign)(struct vault_scope *scope, const struct mech_call *call, struct span message, struct mspan out, size_t *n);
	CK_RV (*verify)(struct vault_scope *scope, const struct mech_call *call, struct span message, struct span signature);
	CK_RV (*digest)(const struct mech_call *call, struct span message, struct mspan out, size_t *n);

	/* decrypt, recover: out_len is an upper bound (of finish as well); BUFFER_TOO_SMALL with the true length in *n */
	CK_RV (*encrypt)(struct vault_scope *scope, const struct mech_call *call, struct span plain, struct mspan out, size_t *n);
	CK_RV (*decrypt)(struct vault_scope *scope, const struct mech_call *call, struct span encrypted, struct mspan out, size_t *n);
	/* C_VerifyRecover: what was signed; C_SignRecover is `sign` */
	CK_RV (*recover)(struct vault_scope *scope, const struct mech_call *call, struct span signature, struct mspan out, size_t *n);

	/* multi-part; a one-shot member that is NULL is made of these by session/op.c */
	CK_RV (*begin)(struct vault_scope *scope, const struct mech_call *call);
	CK_RV (*update)(struct vault_scope *scope, const struct mech_call *call, struct span part);
	/* Encryption and decryption: update that gives something back, at once or later.  part_len tells how much for `in_len`
	 * more bytes; the rest comes from finish, and its length, or an upper bound, from out_len of 0 bytes.  The output may
	 * lie where the input does, not otherwise overlap it. */
	CK_RV (*part_len)(const struct mech_call *call, size_t in_len, size_t *out);
	CK_RV (*transform)(struct vault_scope *scope, const struct mech_call *call, struct span part, struct mspan out, size_t *n);
	/* CKF_ENCRYPT, CKF_DECRYPT, CKF_SIGN, CKF_VERIFY: parts are kept until the last one, and then done in one piece (what is authenticated must not
	 * be given out before it was verified; modes that must know where a message ends). */
	CK_FLAGS gathers;
	CK_RV (*finish)(struct vault_scope *scope, const struct mech_call *call, struct mspan out, size_t *n);
	CK_RV (*finish_verify)(struct vault_scope *scope, const struct mech_call *call, struct span signature);
	/* Releases what the state owns (a message buffer, a library context) and wipes it. Always called once. */
	void (*clear)(void *state);
	/* The whole of a digest's state to bytes (MECH_SAVED_MAX at most) and back, for C_GetOperationState and this process only;
	 * NULL: CKR_STATE_UNSAVEABLE. */
	CK_RV (*save)(const void *state, struct mspan out, size_t *n);
	CK_RV (*load)(void *state, struct span saved);

	/* Only before a first output: from here on secrets go into the state (C_DigestKey), which was moved to the guarded heap just
	 * now; what it points to is to follow.  NULL: they cannot. */
	CK_RV (*shelter)(struct vault_scope *scope, const struct mech_call *call);

	/* The part of the parameter that is as long as the caller likes (associated data): where the parser has left the caller's
	 * memory in it, op_init puts the operation's own copy. */
	struct span *(*borrowed)(union mech_params *params);

	/* Message-based encryption: the parameter of one message.  Where it asks for an initialization vector to be made, that is
	 * made and written where it points.  `message` is NULL for a single one (C_WrapKeyAuthenticated): nothing is counted then.
	 * NULL: this mechanism has no messages. */
	CK_RV (*message)(struct mech_message *message, CK_FLAGS use, void *parameter, CK_ULONG n, union mech_params *out);

	/* A new secret key: out.n bytes, which are as many as CKA_VALUE_LEN asked for, or `fixed_size`. */
	size_t fixed_size; /* 0: CKA_VALUE_LEN says */
	CK_RV (*generate)(struct vault_scope *scope, const struct mech_call *call, struct mspan out);

	/* C_GenerateKey of domain parameters: of `wanted->bits`, their parts in `room`.  ATTRIBUTE_VALUE_INVALID: there are none of that size. */
	CK_RV (*generate_domain)(const struct key_view *wanted, struct mspan room, struct key_view *out);

	/* There is one where generate or generate_pair takes so long that nothing may be locked meanwhile: to be called first, outside of a
	 * scope, for what the library keeps for this thread and does not give back when the key is made. */
	CK_RV (*prepare)(void);
	/* Are those domain parameters of a template, of which keys can be made?  Once before generate_pair, outside of a scope, since
	 * it may take long.  NULL: generate_pair says so. */
	CK_RV (*check_domain)(const struct key_view *wanted);
	/* A new key pair of `wanted->bits`; the parts lie in memory of the scope. */
	CK_RV (*generate_pair)(struct vault_scope *scope, const struct mech_call *call, const struct key_view *wanted,
			       struct key_view *public_key, struct key_view *private_key);

	/* C_WrapKey, C_UnwrapKey.  `material` is the value of a secret key or the PrivateKeyInfo (PKCS#8) of a private one.
	 * out_len tells the length of what is wrapped; what is unwrapped is at most 64 bytes longer than what it came from.
	 * unwrap: *n on entry is the length that the key should have, or MECH_LENGTH_...: a mechanism whose padding could be
	 * probed answers a wrong one with a key of such a length that nobody knows. */
	CK_RV (*wrap)(struct vault_scope *scope, const struct mech_call *call, struct span material, struct mspan out, size_t *n);
	CK_RV (*unwrap)(struct vault_scope *scope, const struct mech_call *call, struct span wrapped, struct mspan out, size_t *n);

	/* What is wrapped cannot be changed, cut or told by what else is wrapped, whatever parameter the caller chooses. */
	bool wraps_soundly;
	/* What was not wrapped under the same key is refused when it is unwrapped, and not taken for a key. */
	bool unwraps_genuine;
	/* What is unwrapped may have zeros behind it: CKA_VALUE_LEN of the template cuts them off. */
	bool unwraps_padded;

	/* C_EncapsulateKey, C_DecapsulateKey: a secret and the ciphertext that gives it again.  `secret` has MECH_SECRET_MAX bytes;
	 * *n on entry is the length that the key should have, or MECH_LENGTH_..., and the secret's length on return.
	 * out_len of 0 bytes tells how long the ciphertext is.  encapsulate: TEMPLATE_INCOMPLETE, TEMPLATE_INCONSISTENT (no such
	 * length); decapsulate: WRAPPED_KEY_INVALID, WRAPPED_KEY_LEN_RANGE, TEMPLATE_INCONSISTENT. */
	CK_RV (*encapsulate)(struct vault_scope *scope, const struct mech_call *call, struct mspan ciphertext, struct mspan secret,
			     size_t *n);
	CK_RV (*decapsulate)(struct vault_scope *scope, const struct mech_call *call, struct span ciphertext, struct mspan secret,
			     size_t *n);

	/* The base key's value can be told from the new one's (part of it, or combined with what is known): the new key is
	 * as sensitive as the base key (the specification's rule for each such mechanism). */
	bool derives_openly;
	/* Of such a derivation: how long a result has all of the keys that it is made of.  NULL: as long as the base key. */
	size_t (*whole_length)(const struct mech_call *call, const struct key_view *other);
	/* Where the template has a key type and no length, the length is the type's own, and a type that has several is refused
	 * (the specification's rule for hash-based derivation). */
	bool length_by_type;
	/* The new key is as sensitive as the base key, though nothing can be told from it. */
	bool derives_as_sensitive;
	/* CKA_ALLOWED_MECHANISMS of the new key: what it is for, and nothing else.  NULL: the template's. */
	const CK_MECHANISM_TYPE *allows;
	size_t allows_count; /* MECH_ALLOWS_MAX at most */
	/* What is derived is a data object, for everybody who may see it to read. */
	bool derives_data;
	/* The second key that the parameter names; CK_INVALID_HANDLE: none. */
	CK_OBJECT_HANDLE (*other_key)(const union mech_params *params);
	/* C_DeriveKey: the value of the new secret key.  *n is its length when the template or the key type gives one, else 0,
	 * and then the length that the mechanism makes by itself on return.  `other` is the second key that the parameter
	 * names, NULL when it names none. */
	CK_RV (*derive)(struct vault_scope *scope, const struct mech_call *call, const struct key_view *other, struct mspan out,
			size_t *n);
	/* C_DeriveKey where what `derive` makes is cut into several keys and vectors, as mech_tls_params says (RFC 5246 §6.3). */
	bool derives_block;
	/* C_DeriveKey where the new key is the base key's public half: all that there is to do is the token's. */
	bool derives_public;
	/* C_DeriveKey where the new key is a private one, of this type: its parts, in memory of the scope. */
	CK_KEY_TYPE derived_type;
	CK_RV (*derive_private)(struct vault_scope *scope, const struct mech_call *call, struct key_view *out);
};

/* As much as the largest RSA modulus has. */
#define MECH_SECRET_MAX 2048
#define MECH_LENGTH_ANY ((size_t)0)
#define MECH_LENGTH_AES SIZE_MAX /* 16, 24 or 32 */

/* A row's key type where a mechanism takes more than one.  A row of an HMAC has that HMAC's own type, and takes generic secrets too. */
#define KEYS_OF_SECRET ((CK_KEY_TYPE)0xfffffff1) /* any secret key */
#define KEYS_OF_DES3 ((CK_KEY_TYPE)0xfffffff4)   /* CKK_DES2, CKK_DES3 */
#define KEYS_OF_PRIVATE ((CK_KEY_TYPE)0xfffffff3) /* any private key */
#define KEYS_OF_CURVE ((CK_KEY_TYPE)0xfffffff2)  /* CKK_EC, CKK_EC_MONTGOMERY: key agreement */

struct mech {
	CK_MECHANISM_TYPE type;
	CK_FLAGS flags;                /* CKF_SIGN|CKF_VERIFY|CKF_DIGEST|CKF_GENERATE_KEY_PAIR|..., as C_GetMechanismInfo */
	CK_KEY_TYPE key_type;          /* CK_UNAVAILABLE_INFORMATION: needs no key */
	CK_ULONG min_bits, max_bits;
	/* Checks and copies the parameter: CKR_MECHANISM_PARAM_INVALID for whatever is not honoured. */
	CK_RV (*params)(const CK_MECHANISM *given, union mech_params *out);
	const struct mech_impl *impl;
	const void *variant;           /* what tells members of a family apart, e.g. a digest */
	bool retired;                  /* for data of old: off unless the configuration names it */
};

/* NULL when there is no such mechanism, or the library for it is not here. */
const struct mech *mech_find(CK_MECHANISM_TYPE type);
/* Is a key of that class and type one that the row takes? */
bool mech_takes(const struct mech *mech, CK_OBJECT_CLASS class, CK_KEY_TYPE type);
bool mech_available(const struct mech *mech);
/* All rows, in ascending order of type, those that are not available too. */
size_t mech_count(void);
const struct mech *mech_at(size_t index);
void mech_get_info(const struct mech *mech, CK_MECHANISM_INFO *info);

/* Once for each process, before any other call. Does not touch the host's OpenSSL state. */
CK_RV mech_open(void);
void mech_close(void);
/* In a forked child: mechanisms stay open, what was kept of the parent's keys is left alone. */
void mech_forget_after_fork(void);
/* Nonces of ECDSA are those of RFC 6979, or hedged (a random number in each signature).  After mech_open(), before any signature.
 * FUNCTION_FAILED: this process's libcrypto has none, and the sentence says so. */
CK_RV mech_deterministic_ecdsa(bool on);

/* ---- facts about keys that object/ and token/ need ---- */

/* Of a key that comes from outside (C_CreateObject, C_UnwrapKey), as its template has it: `out` gets the parts that are
 * to take the place of the given ones or to come beside them, in memory of the scope or in `given`.  Private values get
 * one length and their public point, Weierstrass points become uncompressed and are on their curve.
 * CKR_ATTRIBUTE_VALUE_INVALID.  What is missing is not looked for: object/ says so. */
CK_RV mech_key_complete(struct vault_scope *scope, const struct key_view *given, struct key_view *out);

/* CKA_CHECK_VALUE of a secret key (its type's section of the specification): of AES and DES the first bytes of an encrypted block of
 * zeros, of others those of the value's SHA-1. */
#define MECH_CHECK_VALUE 3
CK_RV mech_check_value(struct vault_scope *scope, CK_KEY_TYPE type, struct span value, uint8_t out[MECH_CHECK_VALUE]);

/* A secret value that was made up or derived, as keys of its type are: sets the parity of DES keys. */
void mech_set_parity(struct vault_scope *scope, CK_KEY_TYPE type, struct mspan value);
/* Is a value of the right length a key of its type?  CKR_ATTRIBUTE_VALUE_INVALID: a DES key's parity, or two parts of it that are one. */
CK_RV mech_secret_sound(struct vault_scope *scope, CK_KEY_TYPE type, struct span value);

/* The public point (raw, 32 bytes) of an Ed25519 seed. */
CK_RV mech_ed25519_public(struct vault_scope *scope, struct span seed, uint8_t point[32]);

#endif
