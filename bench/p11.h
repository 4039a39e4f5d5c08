/* SPDX-License-Identifier: Apache-2.0 */
/* A PKCS#11 module in a worker: loaded, with a token of its own, and its keys. */
#ifndef COFFER_BENCH_P11_H
#define COFFER_BENCH_P11_H

#include "bench/bench.h"
#include "bench/peers.h"

struct p11_keys {
	CK_OBJECT_HANDLE *key, *pub; /* key: private or secret; pub: 0 where it was not looked for */
	unsigned long n;
};

struct p11 {
	void *library;
	CK_FUNCTION_LIST *f;
	CK_FUNCTION_LIST_3_2 *f_3_2; /* NULL: the module has no such interface */
	const char *reserved;
	bool old_params;           /* wants CKA_EC_PARAMS in the older form */
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session; /* logged in */
	struct p11_keys keys[KINDS];
	unsigned long populated;   /* private keys that were there before this process */
};

/* What the functions give: 0 or a CK_RV; no function list is BENCH_NO_MODULE. */
#define BENCH_NO_MODULE ((unsigned long)-1)

/* Which keys the lanes of a job use: the job's own. */
struct p11_choice {
	CK_OBJECT_HANDLE *key, *pub; /* NULL for a search; pub[i]: 0 where it is not known, or the key is a secret one */
	unsigned long n;             /* of them in turn */
};

CK_RV p11_initialize(const struct p11 *p);
/* The slot of the token that was made before. */
CK_RV p11_find_token(const struct subject *s, struct p11 *p);
CK_RV p11_login(const struct p11 *p, CK_SESSION_HANDLE *session);
/* A read/write session; the login is the application's. */
CK_RV p11_session(const struct p11 *p, CK_SESSION_HANDLE *session);

/* A key or pair with the ID of number i; pub is 0 for a secret key. */
CK_RV p11_generate(struct p11 *p, CK_SESSION_HANDLE session, const struct key_kind *kind, bool token, unsigned long i,
		   CK_OBJECT_HANDLE *pub, CK_OBJECT_HANDLE *key);
/* `count` token keys of the kind: those that are there, then new ones. */
CK_RV p11_keys_ensure(struct p11 *p, const struct key_kind *kind, unsigned long count, struct p11_keys **out);
/* The first handles, at most `max`, of objects with these attributes. */
CK_RV p11_find(const struct p11 *p, CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n,
	       CK_OBJECT_HANDLE *found, CK_ULONG max, CK_ULONG *count);

/* A mechanism with its parameter, in the same room: for one call. */
struct p11_mechanism {
	CK_MECHANISM mechanism;
	CK_BYTE iv[16];
	union {
		CK_GCM_PARAMS gcm;
		CK_CCM_PARAMS ccm;
		CK_AES_CTR_PARAMS ctr;
		CK_SALSA20_CHACHA20_POLY1305_PARAMS chacha20_poly1305;
		CK_RSA_PKCS_PSS_PARAMS pss;
		CK_RSA_PKCS_OAEP_PARAMS oaep;
		CK_ECDH1_DERIVE_PARAMS ecdh;
		CK_HKDF_PARAMS hkdf;
	} params;
};

/* What the lane's row wants: a nonce that is new for each operation, but for decryption, whose ciphertext was made once; for an
 * agreement the peer's point is `lane->own`. */
CK_MECHANISM *p11_mechanism(const struct lane *lane, struct p11_mechanism *out);
/* The public value of a key pair, as a `CKA_EC_POINT` has it without its DER wrapping: the peer of an agreement. */
struct p11_point {
	CK_BYTE bytes[256];
	CK_ULONG n;
};
CK_RV p11_point_of(const struct p11 *p, CK_OBJECT_HANDLE key, struct p11_point *out);

/* A further symbol of the module; NULL: it has none. */
void *p11_symbol(const struct subject *s, const char *name);
unsigned long p11_open(struct subject *s, const struct settings *settings, unsigned long keys);
unsigned long p11_populate(struct subject *s, unsigned long count);
void p11_close(struct subject *s);
unsigned long p11_prepare(struct subject *s, struct job *job);

/* One operation of a job that is prepared, before any is timed: a signature verifies, what was encrypted decrypts to the message,
 * a digest is libcrypto's (p11_checks.c).  Keys that are generated, derived or encapsulated are not looked into.  A CK_RV;
 * BENCH_WRONG: the module said CKR_OK to a wrong result. */
CK_RV p11_check_signature(struct job *job);
CK_RV p11_check_ciphertext(struct job *job);
CK_RV p11_check_plaintext(struct job *job);
CK_RV p11_check_digest(struct job *job);

#endif
