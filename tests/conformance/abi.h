/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every mechanism in every direction that it has, by one procedure: what the files of tests/conformance/abi share.
 * abi_keys.c has the keys, abi_parameters.c what is wrong with a parameter, abi_output.c, abi_verify.c, abi_whole.c and
 * abi_message.c the procedures, abi.c the table of directions and the walk.
 */
#ifndef COFFER_TESTS_ABI_H
#define COFFER_TESTS_ABI_H

#include "mechanisms.h"
#include "p11.h"
#include "parameters.h"
#include "unit.h"

#define ABI_DATA_MAX 256
/* What comes out: the largest is a signature of SLH-DSA. */
#define ABI_OUT_MAX 20000

/* One key: `own` is a secret key or the private half, `other` the same secret key or the public half. */
struct abi_keys {
	CK_OBJECT_HANDLE own, other;
};

struct direction;

struct abi {
	struct p11 m;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE s;
	struct abi_keys key[RING_KEYS];  /* with every usage */
	struct abi_keys idle[RING_KEYS]; /* with none */
	struct {
		CK_BYTE p[512];
		CK_ULONG n;
	} peer[RING_KEYS];               /* the public value of the idle one */
	CK_OBJECT_HANDLE target;        /* an AES key of 256 bits that may leave */
	CK_BYTE data[ABI_DATA_MAX], iv[32];
	/* What is looked at now. */
	const struct mechanism_row *row;
	const struct direction *direction;
};

/* One thing that a mechanism does, named by its flag in C_GetMechanismInfo. */
struct direction {
	CK_FLAGS flag;
	const char *name;
	bool uses_public;   /* the public half of a pair */
	bool announces_data; /* its parameter says how long the data of the row is; else that of the target */
	/* The Init function, or the whole of a function that has none; what it made is gone again. */
	CK_RV (*start)(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
	/* Ends what an Init began. */
	CK_RV (*stop)(struct abi *a);
	void (*work)(struct abi *a);
	CK_RV wrong_type; /* of a key that the mechanism does not take; CKR_OK: no key goes in */
	CK_RV bad_handle;
};

/* Each is a check, named by the mechanism and the direction when it fails. */
bool abi_true(const struct abi *a, bool ok, const char *what);
bool abi_rv(const struct abi *a, CK_RV got, CK_RV want, const char *what);

/* ---- keys ---- */

/* Makes all of them; ends the test when one cannot be made that the module has a mechanism for. */
void abi_keys_make(struct abi *a);
bool abi_listed(const struct abi *a, CK_MECHANISM_TYPE type);
/* The template of the public half of a pair, or of nothing. */
CK_ULONG abi_domain(unsigned kind, CK_ATTRIBUTE out[3]);
/* That of the direction, of keys with every usage or with none. */
CK_OBJECT_HANDLE abi_key(const struct abi *a, bool idle);
/* One that the mechanism does not take. */
CK_OBJECT_HANDLE abi_wrong_key(const struct abi *a);

/* ---- parameters ---- */

/* The right one for the direction; it points into `p` and `a`. */
CK_MECHANISM *abi_mechanism(struct abi *a, struct parameter *p);
/* Tries all that can be wrong with it. */
void abi_parameters(struct abi *a);

/* ---- procedures ---- */

CK_RV abi_start_operation(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV abi_stop_operation(struct abi *a);
void abi_work_digest(struct abi *a);
void abi_work_encrypt(struct abi *a);
void abi_work_decrypt(struct abi *a);
void abi_work_sign(struct abi *a);
void abi_work_sign_recover(struct abi *a);
void abi_work_verify_recover(struct abi *a);
/* One signature over the row's data by the sign function of the direction. */
bool abi_sign(struct abi *a, CK_FLAGS flag, CK_BYTE *signature, CK_ULONG *n);

CK_RV abi_start_verify(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV abi_stop_verify(struct abi *a);
void abi_work_verify(struct abi *a);

CK_RV abi_start_wrap(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV abi_start_unwrap(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV abi_start_derive(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV abi_start_generate(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV abi_start_pair(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV abi_start_encapsulate(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV abi_start_decapsulate(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
void abi_work_wrap(struct abi *a);
void abi_work_unwrap(struct abi *a);
void abi_work_derive(struct abi *a);
void abi_work_generate(struct abi *a);
void abi_work_pair(struct abi *a);
void abi_work_encapsulate(struct abi *a);
void abi_work_decapsulate(struct abi *a);

CK_RV abi_start_messages(struct abi *a, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV abi_stop_messages(struct abi *a);
void abi_work_message_sign(struct abi *a);
void abi_work_message_verify(struct abi *a);
void abi_work_message_encrypt(struct abi *a);
void abi_work_message_decrypt(struct abi *a);

#endif
