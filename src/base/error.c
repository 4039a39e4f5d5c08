/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char text[ERROR_TEXT_MAX];
static _Thread_local struct cf_status last;

struct cf_status error_set(struct cf_status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	last = status;
	return status;
}

static struct cf_status status_of_errno(int errnum)
{
	switch (errnum) {
	case ENOSPC:
	case EDQUOT:
		return CF_STATUS(FULL);
	case EROFS:
		return CF_STATUS(READONLY);
	case EACCES:
	case EPERM:
		return CF_STATUS(DENIED);
	case ENOENT:
	case ENOTDIR:
		return CF_STATUS(NOT_FOUND);
	case ENOMEM:
		return CF_STATUS(NOMEM);
	case EEXIST:
		return CF_STATUS(EXISTS);
	default:
		return CF_STATUS(IO);
	}
}

/* strerror_r comes in two forms; each of these accepts the result of one. */
static __attribute__((unused)) const char *errno_text_posix(int failed, const char *buf)
{
	return failed != 0 ? "unknown error" : buf;
}

static __attribute__((unused)) const char *errno_text_gnu(const char *result, const char *buf)
{
	(void)buf;
	return result;
}

#define ERRNO_TEXT(result, buf)                     \
	_Generic((result), int : errno_text_posix, \
		char * : errno_text_gnu)(result, buf)

struct cf_status error_errno(int errnum, const char *format, ...)
{
	char reason[128] = "";
	const char *what = ERRNO_TEXT(strerror_r(errnum, reason, sizeof(reason)), reason);
	va_list args;
	size_t used;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	used = strlen(text);
	(void)snprintf(text + used, sizeof(text) - used, ": %s", what);
	last = status_of_errno(errnum);
	return last;
}

const char *error_text(void)
{
	return text;
}

struct cf_status error_status(void)
{
	return last;
}

void error_clear(void)
{
	last = CF_OK;
	text[0] = '\0';
}
