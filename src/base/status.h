/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Result of everything below the PKCS#11 line (base, vault, store, wallet).
 *
 * A status is a struct with one member, so that it can be mistaken neither for
 * a CK_RV nor for a length: mixing them does not compile.  Every function that
 * returns one is declared CF_CHECKED.  ck/rv.h holds the only translation to
 * CK_RV.  The sentence that goes with a failure (what, where, what to do) is
 * kept for each thread by base/error.h.
 */
#ifndef COFFER_BASE_STATUS_H
#define COFFER_BASE_STATUS_H

#include <stdbool.h>

enum cf_code {
	CF_CODE_OK = 0,
	CF_CODE_NOMEM,       /* ordinary or locked memory could not be had */
	CF_CODE_AGAIN,       /* another process holds the store; try later */
	CF_CODE_NOT_FOUND,   /* no such wallet, object, file, record */
	CF_CODE_EXISTS,      /* it is there already */
	CF_CODE_DENIED,      /* wrong PIN, or permissions that we refuse */
	CF_CODE_LOCKED,      /* the PIN is locked after too many failures */
	CF_CODE_CORRUPT,     /* not in our format: damaged or foreign file */
	CF_CODE_FORGED,      /* right format, but authentication failed */
	CF_CODE_UNSUPPORTED, /* a version or a feature that we do not have */
	CF_CODE_INVALID,     /* an argument that the caller got wrong */
	CF_CODE_LIMIT,       /* a size or count beyond what is allowed */
	CF_CODE_FULL,        /* no space on the device, quota */
	CF_CODE_READONLY,    /* the store cannot be written */
	CF_CODE_IO,          /* the operating system reported an error */
	CF_CODE_CLOSED,      /* the vault, wallet or store is closed */
};

struct cf_status {
	enum cf_code code;
};

#define CF_CHECKED __attribute__((warn_unused_result))

#define CF_STATUS(name) ((struct cf_status){ CF_CODE_##name })
#define CF_OK CF_STATUS(OK)

static inline bool cf_ok(struct cf_status s)
{
	return s.code == CF_CODE_OK;
}

static inline bool cf_failed(struct cf_status s)
{
	return s.code != CF_CODE_OK;
}

static inline bool cf_is(struct cf_status s, enum cf_code code)
{
	return s.code == code;
}

/* Returns early with the status of `expr` when it failed.  The one macro with
 * control flow in it; it keeps functions reading downwards. */
#define CF_TRY(expr)                              \
	do {                                      \
		struct cf_status cf_try_ = (expr); \
		if (cf_failed(cf_try_))           \
			return cf_try_;           \
	} while (0)

/* Drops a status on purpose.  `why` is for the reader only. */
static inline void cf_ignore(struct cf_status s, const char *why)
{
	(void)s;
	(void)why;
}

#endif
