/* SPDX-License-Identifier: Apache-2.0 */
/* One sentence for a failure, and the exit status that goes with it. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/error.h"
#include "ck/names.h"
#include "cli/cli.h"

/* What a return value means to whoever typed the command; where `sentence` is NULL, its name says it. */
static const struct meaning {
	CK_RV rv;
	enum outcome outcome;
	const char *sentence;
} meanings[] = {
	{ CKR_PIN_INCORRECT, OUTCOME_PIN, "the PIN is wrong" },
	{ CKR_PIN_INVALID, OUTCOME_PIN, "the PIN cannot be used" },
	{ CKR_PIN_LEN_RANGE, OUTCOME_PIN, "the PIN is too short or too long" },
	{ CKR_PIN_LOCKED, OUTCOME_PIN, "the PIN is locked; the SO can set a new one: coffer pin --reset" },
	{ CKR_USER_PIN_NOT_INITIALIZED, OUTCOME_PIN, "no user PIN was set; the SO can: coffer pin --reset" },
	{ CKR_FUNCTION_CANCELED, OUTCOME_PIN, "the PIN could not be read" },
	{ CKR_USER_NOT_LOGGED_IN, OUTCOME_PIN, "the wallet is locked" },
	{ CKR_OBJECT_HANDLE_INVALID, OUTCOME_NOT_FOUND, "it is not there" },
	{ CKR_KEY_HANDLE_INVALID, OUTCOME_NOT_FOUND, "the key is not there" },
	{ CKR_SLOT_ID_INVALID, OUTCOME_NOT_FOUND, "the wallet is no longer there" },
	{ CKR_FUNCTION_REJECTED, OUTCOME_EXISTS, "it is there already" },
	{ CKR_SIGNATURE_INVALID, OUTCOME_BAD, "the signature is not of this key and message" },
	{ CKR_SIGNATURE_LEN_RANGE, OUTCOME_BAD, "a signature of this key has another length" },
	{ CKR_DEVICE_ERROR, OUTCOME_BAD, "the wallet's file is damaged or forged, or the vault was" },
	{ CKR_TOKEN_NOT_RECOGNIZED, OUTCOME_BAD, "the file is not a wallet that this release can use" },
	{ CKR_KEY_UNEXTRACTABLE, OUTCOME_REFUSED, "the key may not leave the wallet" },
	{ CKR_KEY_NOT_WRAPPABLE, OUTCOME_REFUSED, "the key may not leave the wallet" },
	{ CKR_ATTRIBUTE_SENSITIVE, OUTCOME_REFUSED, "the key may not leave the wallet" },
	{ CKR_KEY_FUNCTION_NOT_PERMITTED, OUTCOME_REFUSED, "the key's attributes do not allow this use" },
	{ CKR_ATTRIBUTE_READ_ONLY, OUTCOME_REFUSED, "this cannot be changed" },
	{ CKR_ACTION_PROHIBITED, OUTCOME_REFUSED, "the object's attributes do not allow it" },
	{ CKR_TOKEN_WRITE_PROTECTED, OUTCOME_REFUSED, "the wallet cannot be written to" },
	{ CKR_HOST_MEMORY, OUTCOME_RESOURCES, "not enough memory" },
	{ CKR_DEVICE_MEMORY, OUTCOME_RESOURCES, "not enough space for the wallet" },
	{ CKR_MECHANISM_INVALID, OUTCOME_FAILED, "there is no such mechanism here" },
	{ CKR_MECHANISM_PARAM_INVALID, OUTCOME_FAILED, "the mechanism's parameter is refused" },
	{ CKR_KEY_TYPE_INCONSISTENT, OUTCOME_FAILED, "this kind of key cannot do that" },
	{ CKR_KEY_SIZE_RANGE, OUTCOME_FAILED, "the key has a size that is not supported" },
};

static const struct meaning *meaning_of(CK_RV rv)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].rv == rv)
			return &meanings[i];
	return NULL;
}

/* The kinds of failure of the rooms below, as the vendor interface tells them. */
static const enum outcome by_reason[] = {
	[COFFER_REASON_NONE] = OUTCOME_FAILED,
	[COFFER_REASON_MEMORY] = OUTCOME_RESOURCES,
	[COFFER_REASON_BUSY] = OUTCOME_BUSY,
	[COFFER_REASON_NOT_FOUND] = OUTCOME_NOT_FOUND,
	[COFFER_REASON_EXISTS] = OUTCOME_EXISTS,
	[COFFER_REASON_DENIED] = OUTCOME_REFUSED,
	[COFFER_REASON_LOCKED] = OUTCOME_PIN,
	[COFFER_REASON_CORRUPT] = OUTCOME_BAD,
	[COFFER_REASON_FORGED] = OUTCOME_BAD,
	[COFFER_REASON_UNSUPPORTED] = OUTCOME_FAILED,
	[COFFER_REASON_INVALID] = OUTCOME_FAILED,
	[COFFER_REASON_LIMIT] = OUTCOME_FAILED,
	[COFFER_REASON_FULL] = OUTCOME_RESOURCES,
	[COFFER_REASON_READ_ONLY] = OUTCOME_REFUSED,
	[COFFER_REASON_IO] = OUTCOME_FAILED,
	[COFFER_REASON_CLOSED] = OUTCOME_FAILED,
};

static enum outcome outcome_of_reason(CK_ULONG reason)
{
	return reason < sizeof(by_reason) / sizeof(by_reason[0]) ? by_reason[reason] : OUTCOME_FAILED;
}

/* What was printed before comes first, where both go to one place. */
static void begin(const char *format, va_list args)
{
	(void)fflush(stdout);
	(void)fputs("coffer: ", stderr);
	(void)vfprintf(stderr, format, args);
}

enum outcome fail(enum outcome outcome, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	begin(format, args);
	va_end(args);
	(void)fputs("\n", stderr);
	return outcome;
}

/* A PIN that was refused is DENIED to the rooms below, as a permission is: the return value tells them apart.  All else is
 * told more finely by the reason. */
static enum outcome outcome_of(CK_RV rv, const struct meaning *m, CK_ULONG reason)
{
	if (m != NULL && (m->outcome == OUTCOME_PIN || reason == COFFER_REASON_NONE))
		return m->outcome;
	if (m != NULL && outcome_of_reason(reason) == OUTCOME_FAILED)
		return m->outcome;
	return rv == CKR_OK ? OUTCOME_FAILED : outcome_of_reason(reason);
}

enum outcome fail_rv(const struct cli *cli, CK_RV rv, const char *format, ...)
{
	const struct meaning *m = meaning_of(rv);
	const char *name = name_of_rv(rv);
	char text[ERROR_TEXT_MAX] = "";
	CK_ULONG reason = COFFER_REASON_NONE;
	va_list args;

	(void)cli->coffer->LastError(text, sizeof(text));
	(void)cli->coffer->LastReason(&reason);
	va_start(args, format);
	begin(format, args);
	va_end(args);
	if (text[0] != '\0' || (m != NULL && m->sentence != NULL))
		(void)fprintf(stderr, ": %s", text[0] != '\0' ? text : m->sentence);
	if (name != NULL)
		(void)fprintf(stderr, " (%s)\n", name);
	else
		(void)fprintf(stderr, " (CKR 0x%lx)\n", rv);
	return outcome_of(rv, m, reason);
}

enum outcome fail_status(struct cf_status status, const char *format, ...)
{
	const char *text = error_text();
	va_list args;

	va_start(args, format);
	begin(format, args);
	va_end(args);
	(void)fprintf(stderr, "%s%s\n", text[0] == '\0' ? "" : ": ", text);
	return outcome_of_reason((CK_ULONG)status.code);
}

enum outcome fail_errno(int errnum, const char *format, ...)
{
	struct cf_status status = error_errno(errnum, "%s", "");
	va_list args;

	va_start(args, format);
	begin(format, args);
	va_end(args);
	(void)fprintf(stderr, "%s\n", error_text());
	return outcome_of_reason((CK_ULONG)status.code);
}

void *must(void *p)
{
	if (p == NULL) {
		(void)fputs("coffer: not enough memory\n", stderr);
		exit(OUTCOME_RESOURCES);
	}
	return p;
}
