/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of a token as a session sees them: stored ones of the wallet and
 * session objects in memory.  Handles are stateless: a token object's is made of
 * its number in the wallet, a session object's of a counter, so that a million objects need no table.
 */
#ifndef COFFER_TOKEN_OBJECTS_H
#define COFFER_TOKEN_OBJECTS_H

#include "ck/ck.h"
#include "mech/mech.h"
#include "object/object.h"
#include "token/token.h"

/* Who asks. */
struct access {
	struct token *token;
	CK_SESSION_HANDLE session;
	bool read_write;
	enum object_form form;
};

/* SESSION_READ_ONLY, USER_NOT_LOGGED_IN (private objects, and every token object: nothing in a wallet
 * changes without a PIN), TOKEN_WRITE_PROTECTED, DEVICE_MEMORY, and the codes of object.h. */
CK_RV objects_create(const struct access *who, struct template t, CK_OBJECT_HANDLE *out);
CK_RV objects_copy(const struct access *who, CK_OBJECT_HANDLE from, struct template t, CK_OBJECT_HANDLE *out);
/* OBJECT_HANDLE_INVALID also for a private object while logged out; ACTION_PROHIBITED. */
CK_RV objects_destroy(const struct access *who, CK_OBJECT_HANDLE object);
CK_RV objects_get(const struct access *who, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *t, CK_ULONG count);
CK_RV objects_set(const struct access *who, CK_OBJECT_HANDLE object, struct template t);
CK_RV objects_size(const struct access *who, CK_OBJECT_HANDLE object, CK_ULONG *size);

/* A search streams from the index: memory does not grow with the number of hits. The template is copied. */
struct object_search;
CK_RV objects_search(const struct access *who, struct template t, struct object_search **out);
/* An object that cannot be opened: the code that says why, once; the search goes on behind it. What the same call had found before is lost. */
CK_RV objects_search_next(const struct access *who, struct object_search *s, CK_OBJECT_HANDLE *out, CK_ULONG max, CK_ULONG *found);
void object_search_free(struct object_search *s);

/* ---- keys (keyuse.c): the only bridge from object to mech ---- */

/* A key for one operation: usage facts in clear, material sealed. Counted; cached for each token, so that
 * taking a key that was used before costs no decryption.  Dies with its login epoch. */
struct key;
/* KEY_HANDLE_INVALID. */
CK_RV key_take(const struct access *who, CK_OBJECT_HANDLE object, struct key **out);
struct key *key_ref(struct key *k);
void key_unref(struct key *k);
AUTO_DEFINE(key, key_unref)
const struct object_usage *key_usage(const struct key *k);
/* Its value is no secret from whoever is logged in: neither sensitive nor kept inside. */
bool key_may_be_read(const struct key *k);
/* May the mechanism be used with it now: key type, CKA_ALLOWED_MECHANISMS, START/END_DATE. KEY_TYPE_INCONSISTENT, MECHANISM_INVALID, KEY_FUNCTION_NOT_PERMITTED (dates). */
CK_RV key_permits(const struct key *k, const struct mech *mech);
/* False once the token was logged out (private keys) or another login happened. */
bool key_alive(const struct key *k, struct token *t);
bool key_is_private(const struct key *k); /* CKA_PRIVATE: its material needs a scope */

/* Runs fn on a vault stack with the opened key: vault_run() when it may go deep, else vault_run_shallow(). For a public key (nothing sealed)
 * fn runs in place with scope NULL. */
typedef CK_RV (*key_fn)(struct vault_scope *scope, const struct key_view *view, void *arg);
CK_RV key_run(struct key *k, bool deep, key_fn fn, void *arg);

/* C_DeriveKey; the keys may be used so.  `other_opt`: the second key that the parameter names. */
CK_RV keys_derive(const struct access *who, struct key *base, struct key *other_opt, const struct mech *mech,
		  const union mech_params *params, struct template t, CK_OBJECT_HANDLE *out);
/* C_DeriveKey of a mechanism with derives_block: handles and vectors go where the parameter says. TEMPLATE_INCONSISTENT: it wants
 * the keys otherwise sensitive than the base key is; KEY_SIZE_RANGE; MECHANISM_PARAM_INVALID: vectors of a sensitive base key. */
CK_RV keys_derive_block(const struct access *who, struct key *base, const struct mech *mech, const union mech_params *params,
			struct template t);
/* CKM_PUB_KEY_FROM_PRIV_KEY. KEY_TYPE_INCONSISTENT: it is no private key. */
CK_RV keys_public_half(const struct access *who, CK_OBJECT_HANDLE private_key, struct template t, CK_OBJECT_HANDLE *out);
/* C_UnwrapKey. WRAPPED_KEY_INVALID, WRAPPED_KEY_LEN_RANGE, and the codes of object.h. */
CK_RV keys_unwrap(const struct access *who, struct key *unwrapping, const struct mech *mech, const union mech_params *params,
		  struct span wrapped, struct template t, CK_OBJECT_HANDLE *out);
/* C_WrapKey: out_opt.p NULL asks for the length, which *n is always. KEY_UNEXTRACTABLE, KEY_NOT_WRAPPABLE, KEY_HANDLE_INVALID,
 * BUFFER_TOO_SMALL. */
CK_RV keys_wrap(const struct access *who, struct key *wrapping, const struct mech *mech, const union mech_params *params,
		CK_OBJECT_HANDLE object, struct mspan out_opt, size_t *n);

/* C_EncapsulateKey: `ciphertext` is as long as the mechanism's out_len says.  C_DecapsulateKey.  As in mech.h, and TEMPLATE_INCONSISTENT:
 * the secret is no key as the template wants it; KEY_HANDLE_INVALID: CKA_ENCAPSULATE_TEMPLATE does not admit it. */
CK_RV keys_encapsulate(const struct access *who, struct key *base, const struct mech *mech, const union mech_params *params,
		       struct template t, struct mspan ciphertext, CK_OBJECT_HANDLE *out);
CK_RV keys_decapsulate(const struct access *who, struct key *base, const struct mech *mech, const union mech_params *params,
		       struct span ciphertext, struct template t, CK_OBJECT_HANDLE *out);

/* C_GenerateKey. TEMPLATE_INCOMPLETE: CKA_VALUE_LEN is missing; ATTRIBUTE_VALUE_INVALID: it is no length for such a key. */
CK_RV keys_generate(const struct access *who, const struct mech *mech, const union mech_params *params, struct template t,
		    CK_OBJECT_HANDLE *out);

/* C_GenerateKey of a mechanism with generate_domain. TEMPLATE_INCOMPLETE: CKA_PRIME_BITS is missing; ATTRIBUTE_VALUE_INVALID. */
CK_RV keys_generate_domain(const struct access *who, const struct mech *mech, struct template t, CK_OBJECT_HANDLE *out);

/* C_GenerateKeyPair: born in a scope, sealed there. */
CK_RV keys_generate_pair(const struct access *who, const struct mech *mech, const union mech_params *params, struct template public_t,
			 struct template private_t, CK_OBJECT_HANDLE *public_out, CK_OBJECT_HANDLE *private_out);

/* ---- keys in and out (transfer.c) ---- */

/* A key from a file's bytes (object/keyfile.h) as objects, all of them or none: the public and the private half, or the
 * public one alone (*private_out is CK_INVALID_HANDLE then).  The templates are as for C_CreateObject, without what the
 * file says.  passphrase_opt.p NULL: none.  PIN_INVALID: one is needed; PIN_INCORRECT; DATA_INVALID, DATA_LEN_RANGE,
 * KEY_TYPE_INCONSISTENT, MECHANISM_INVALID, MECHANISM_PARAM_INVALID as in keyfile.h and pbes2.h; and what objects_create says. */
CK_RV keys_import(const struct access *who, struct span file, struct span passphrase_opt, struct template public_t,
		  struct template private_t, CK_OBJECT_HANDLE *public_out, CK_OBJECT_HANDLE *private_out);
/* A private key as EncryptedPrivateKeyInfo, or PrivateKeyInfo when there is no passphrase.  *n is the length (exact) also
 * when out_opt.p is NULL or too small.  KEY_UNEXTRACTABLE; KEY_NOT_WRAPPABLE: only a trusted key may wrap it;
 * KEY_HANDLE_INVALID: no private key, or not to be seen; KEY_TYPE_INCONSISTENT; BUFFER_TOO_SMALL. */
CK_RV keys_export(const struct access *who, CK_OBJECT_HANDLE object, struct span passphrase_opt, struct mspan out_opt, size_t *n);

#endif
