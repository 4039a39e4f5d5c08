/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be used at all: mechanisms that the configuration switches off (disabled-mechanisms), and the policy that a
 * wallet carries with it, authenticated (wallet/wallet.h): the mechanisms that may be used with it, and the least size of RSA keys.
 * Both are looked at when an operation begins and when a key is made.
 */
#ifndef COFFER_TOKEN_POLICY_H
#define COFFER_TOKEN_POLICY_H

#include "mech/mech.h"
#include "token/token.h"

#define POLICY_MECHANISMS_MAX 60

struct policy {
	CK_ULONG rsa_min_bits; /* 0: as configured */
	size_t count;          /* 0: every mechanism */
	CK_MECHANISM_TYPE mechanism[POLICY_MECHANISMS_MAX];
};

/* Mechanisms that are switched off in this process. */
struct disabled;
/* The first list, and what is retired (mech.h) and not in the second.  CKM_... or numbers, with blanks between.
 * CKR_FUNCTION_FAILED, and the sentence says which is none. */
CK_RV disabled_parse(const char *disabled, const char *enabled, struct disabled **out);
void disabled_free(struct disabled *d);
bool disabled_has(const struct disabled *d, CK_MECHANISM_TYPE type);

/* May a mechanism be used with this token?  Cheap when the wallet has no policy. MECHANISM_INVALID, and what reading the wallet says. */
CK_RV token_permits(struct token *t, const struct mech *mech);
/* May an RSA key of that size be made or used? KEY_SIZE_RANGE. */
CK_RV token_permits_rsa(struct token *t, CK_ULONG bits);
/* The policy is as it was last written, by whichever process. Before token_permits() where no key was taken. */
void token_policy_refresh(struct token *t);

/* The wallet's policy; authenticated while somebody is logged in. TOKEN_NOT_RECOGNIZED. */
CK_RV token_get_policy(struct token *t, struct policy *out);
/* By the SO; by the user in a wallet without an SO PIN. USER_NOT_LOGGED_IN. */
CK_RV token_set_policy(struct token *t, const struct policy *policy);

#endif
