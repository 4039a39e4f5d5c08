/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in and out, for the vendor interface. */
#include "base/error.h"
#include "cryptoki/vendor_internal.h"
#include "session/session.h"

VENDOR_ROW(ImportKey, SESSION, ANY);
VENDOR_ROW(ExportKey, SESSION, ANY);

struct import {
	struct span file, passphrase;
	struct template public_t, private_t;
	CK_OBJECT_HANDLE_PTR public_key, private_key;
};

static CK_RV import_key(struct call *call, const struct import *i)
{
	struct access who = session_access(call);

	if (i->file.p == NULL || i->public_key == NULL || i->private_key == NULL)
		return CKR_ARGUMENTS_BAD;
	return keys_import(&who, i->file, i->passphrase, i->public_t, i->private_t, i->public_key,
			   i->private_key);
}

CK_RV vendor_import_key(CK_SESSION_HANDLE session, CK_BYTE_PTR file, CK_ULONG file_len,
			CK_UTF8CHAR_PTR passphrase, CK_ULONG passphrase_len,
			CK_ATTRIBUTE_PTR public_attr, CK_ULONG public_count,
			CK_ATTRIBUTE_PTR private_attr, CK_ULONG private_count,
			CK_OBJECT_HANDLE_PTR public_key, CK_OBJECT_HANDLE_PTR private_key)
{
	struct import i = {
		.file = span(file, file_len),
		.passphrase = span(passphrase, passphrase_len),
		.public_t = { public_attr, public_count },
		.private_t = { private_attr, private_count },
		.public_key = public_key,
		.private_key = private_key,
	};
	struct call call;
	CK_RV rv = guard_enter(&call, &ImportKey, session);

	return rv == CKR_OK ? guard_leave(&call, import_key(&call, &i)) : rv;
}

static CK_RV export_key(struct call *call, CK_OBJECT_HANDLE key, struct span passphrase,
			CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct access who = session_access(call);
	size_t n = 0;
	CK_RV rv;

	if (out_len == NULL)
		return CKR_ARGUMENTS_BAD;
	if (passphrase.p != NULL && passphrase.n == 0) {
		cf_ignore(error_set(CF_STATUS(INVALID), "an empty passphrase protects nothing"),
			  "the return value is the answer");
		return CKR_PIN_LEN_RANGE;
	}
	rv = keys_export(&who, key, passphrase, mspan(out, *out_len), &n);
	if (rv == CKR_OK || rv == CKR_BUFFER_TOO_SMALL)
		*out_len = n;
	return rv;
}

CK_RV vendor_export_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_UTF8CHAR_PTR passphrase,
			CK_ULONG passphrase_len, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct call call;
	CK_RV rv = guard_enter(&call, &ExportKey, session);

	if (rv != CKR_OK)
		return rv;
	return guard_leave(&call, export_key(&call, key, span(passphrase, passphrase_len), out, out_len));
}
