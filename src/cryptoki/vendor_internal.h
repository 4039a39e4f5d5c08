/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the vendor interface share. */
#ifndef COFFER_CRYPTOKI_VENDOR_INTERNAL_H
#define COFFER_CRYPTOKI_VENDOR_INTERNAL_H

#include "cryptoki/guard.h"
#include "cryptoki/vendor.h"
#include "wallet/wallet.h"

extern const struct guard_list list_vendor;

/* The guard's row of one function. */
#define VENDOR_ROW(name, subject, need) \
	static const struct guard_row name = { "Coffer_" #name, SUBJECT_##subject, NEED_##need, &list_vendor }

/* A wallet has no object that could be missing: what is not found is a file, or a user. */
CK_RV vendor_rv(struct cf_status status);
/* The wallet of a session's token and the key that it was unlocked with (a reference).
 * TOKEN_NOT_RECOGNIZED, USER_NOT_LOGGED_IN. */
CK_RV vendor_unlocked(struct call *call, struct wallet **w, struct secret **key);
/* PIN_LEN_RANGE; a PIN that is not there (.p NULL) is fine. */
CK_RV vendor_check_pin(const struct config *config, struct span pin);

/* ---- vendor_keys.c ---- */

CK_RV vendor_import_key(CK_SESSION_HANDLE session, CK_BYTE_PTR file, CK_ULONG file_len,
			CK_UTF8CHAR_PTR passphrase, CK_ULONG passphrase_len,
			CK_ATTRIBUTE_PTR public_attr, CK_ULONG public_count,
			CK_ATTRIBUTE_PTR private_attr, CK_ULONG private_count,
			CK_OBJECT_HANDLE_PTR public_key, CK_OBJECT_HANDLE_PTR private_key);
CK_RV vendor_export_key(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_UTF8CHAR_PTR passphrase,
			CK_ULONG passphrase_len, CK_BYTE_PTR out, CK_ULONG_PTR out_len);

/* ---- vendor_users.c ---- */

CK_RV vendor_add_user(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR name, CK_ULONG name_len, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len);
CK_RV vendor_remove_user(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR name, CK_ULONG name_len);
CK_RV vendor_users(CK_SLOT_ID slot, COFFER_USER user, void *context);

/* ---- vendor_policy.c ---- */

CK_RV vendor_get_policy(CK_SLOT_ID slot, COFFER_POLICY *policy);
CK_RV vendor_set_policy(CK_SESSION_HANDLE session, const COFFER_POLICY *policy);

#endif
