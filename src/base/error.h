/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sentence behind a failure.  A CK_RV or a status says which kind of thing
 * went wrong; the sentence says what, where and what to do.  One is kept for
 * each thread, set where the failure is first seen, read by the tool through
 * the vendor interface and written to the trace when tracing is on.
 *
 * Never put into it: a secret, a PIN, or the label or ID of a private object.
 */
#ifndef COFFER_BASE_ERROR_H
#define COFFER_BASE_ERROR_H

#include "base/status.h"

#define ERROR_TEXT_MAX 512

/* Sets the sentence of this thread; returns `status` so that a failure is one
 * statement:  return error_set(CF_STATUS(DENIED), "%s: ...", path); */
struct cf_status error_set(struct cf_status status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same with ": " and the text of `errnum` (errno) behind it.  ENOSPC,
 * EDQUOT, EROFS, EACCES, EPERM, ENOENT, ENOMEM, EEXIST choose the code; others are IO. */
struct cf_status error_errno(int errnum, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The sentence of this thread, "" when there is none.  Valid until the next error_ call here. */
const char *error_text(void);
/* The status that the sentence was set with; OK when there is none. */
struct cf_status error_status(void);
void error_clear(void);

#endif
