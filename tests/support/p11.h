/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 module as a program meets it: loaded by dlopen, known by its function list only, with
 * an empty wallet directory and a cheap Argon2id of its own.  For conformance and threat tests.
 * The module is $COFFER_MODULE; another one (SoftHSM, say) can be named there to see how it fares.
 */
#ifndef COFFER_TESTS_P11_H
#define COFFER_TESTS_P11_H

#include <stdbool.h>
#include <stddef.h>

#include "coffer/pkcs11-3.h"
#include "tempdir.h"

#define P11_USER_PIN "user-1234"
#define P11_SO_PIN "officer-5678"

#define P11_NO_SLOT ((CK_SLOT_ID)-1)

struct p11 {
	void *library;            /* of dlopen */
	CK_FUNCTION_LIST *f;      /* C_GetFunctionList: 2.40 */
	CK_FUNCTION_LIST_3_0 *f3; /* C_GetInterface "PKCS 11" 3.0; NULL where there is none */
	CK_FUNCTION_LIST_3_2 *f32; /* the same for 3.2 */
	CK_C_GetInterface get_interface;
	CK_C_GetInterfaceList get_interface_list;
	struct tempdir dir; /* wallets and configuration */
	bool is_coffer;
};

/* The path of the module; ends the program when nobody named one. */
const char *p11_module_path(void);

/* A new wallet directory and configuration, then the module, not initialised. `extra` is added to coffer.conf. */
bool p11_load(struct p11 *m, const char *extra);
/* p11_load and C_Initialize(NULL). */
bool p11_start(struct p11 *m);
/* C_Finalize if it is initialised, dlclose, and the directory is gone. */
void p11_stop(struct p11 *m);
/* The same without C_Finalize. */
void p11_unload(struct p11 *m);

/* Between the two a leak checker does not count: a module that is unloaded without C_Finalize leaves what it had. */
void p11_leak_begin(void);
void p11_leak_end(void);

/* Looks the functions up in an open library. */
bool p11_bind(struct p11 *m);
/* Writes coffer.conf and names directory and configuration in the environment. */
bool p11_configure(const struct p11 *m, const char *extra);

/* The slot without an initialised token, else P11_NO_SLOT. */
CK_SLOT_ID p11_empty_slot(const struct p11 *m);
/* The slot of the token with this label, else P11_NO_SLOT. */
CK_SLOT_ID p11_find_slot(const struct p11 *m, const char *label);
/* Initialises a token with both PINs above; its slot, else P11_NO_SLOT. */
CK_SLOT_ID p11_token(const struct p11 *m, const char *label);

/* Read/write session, logged in as user when `login`; 0 on failure. */
CK_SESSION_HANDLE p11_session(const struct p11 *m, CK_SLOT_ID slot, bool login);
CK_RV p11_login(const struct p11 *m, CK_SESSION_HANDLE session, CK_USER_TYPE user, const char *pin);

struct p11_pair {
	CK_OBJECT_HANDLE pub;
	CK_OBJECT_HANDLE priv;
};

/* An Ed25519 pair with this label and ID (its bytes). */
CK_RV p11_generate(const struct p11 *m, CK_SESSION_HANDLE session, bool token, const char *name,
		   struct p11_pair *pair);
/* The private half from a seed of 32 bytes, as session object. */
CK_RV p11_import(const struct p11 *m, CK_SESSION_HANDLE session, const CK_BYTE *seed,
		 CK_OBJECT_HANDLE *key);
CK_RV p11_import_public(const struct p11 *m, CK_SESSION_HANDLE session, const CK_BYTE *point,
			CK_OBJECT_HANDLE *key);

/* C_SignInit and C_Sign with CKM_EDDSA; `params_opt` NULL: none. */
CK_RV p11_sign(const struct p11 *m, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
	       CK_EDDSA_PARAMS *params_opt, const void *data, size_t size, CK_BYTE signature[64]);
CK_RV p11_verify(const struct p11 *m, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
		 CK_EDDSA_PARAMS *params_opt, const void *data, size_t size,
		 const CK_BYTE signature[64]);

/* How many objects match; the first `max` handles into `found`. CK_UNAVAILABLE_INFORMATION: a call failed. */
CK_ULONG p11_find(const struct p11 *m, CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n,
		  CK_OBJECT_HANDLE *found, CK_ULONG max);

/* One attribute of fixed size: true when it is there and has that size. */
bool p11_get(const struct p11 *m, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
	     CK_ATTRIBUTE_TYPE type, void *value, CK_ULONG size);
bool p11_get_bool(const struct p11 *m, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
		  CK_ATTRIBUTE_TYPE type);

/* Compares, and says what came when it is not what was wanted. */
bool p11_check_rv(const char *file, unsigned line, const char *call, CK_RV got, CK_RV want);
/* The same with two right answers. */
bool p11_check_either(const char *file, unsigned line, const char *call, CK_RV got, CK_RV one,
		      CK_RV other);

/* CHECK_RV notes a failure and goes on, REQUIRE_RV ends the test. */
#define CHECK_RV(call, want) \
	CU_assertImplementation(p11_check_rv(__FILE__, __LINE__, #call, (call), (want)), __LINE__, \
				#call " == " #want, __FILE__, "", CU_FALSE)
#define REQUIRE_RV(call, want) \
	CU_assertImplementation(p11_check_rv(__FILE__, __LINE__, #call, (call), (want)), __LINE__, \
				#call " == " #want, __FILE__, "", CU_TRUE)
#define CHECK_EITHER(call, one, other) \
	CU_assertImplementation(p11_check_either(__FILE__, __LINE__, #call, (call), (one), (other)), \
				__LINE__, #call " is " #one " or " #other, __FILE__, "", CU_FALSE)

/* A template entry from an lvalue or an array. */
#define ATTR(type, value) {(type), &(value), sizeof(value)}

#endif
