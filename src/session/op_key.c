/* SPDX-License-Identifier: Apache-2.0 */
#include "session/bodies.h"
#include "session/session.h"

/* The row of a mechanism that can do what `flag` says, and its parameters. MECHANISM_INVALID, MECHANISM_PARAM_INVALID. */
static CK_RV find_row(const CK_MECHANISM *mechanism, CK_FLAGS flag, const struct mech **row, union mech_params *params)
{
	if (mechanism == NULL)
		return CKR_ARGUMENTS_BAD;
	*row = mech_find(mechanism->mechanism);
	if (*row == NULL || ((*row)->flags & flag) == 0)
		return CKR_MECHANISM_INVALID;
	return (*row)->params(mechanism, params);
}

CK_RV do_C_GenerateKeyPair(struct call *call, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR public_attr,
			   CK_ULONG public_count, CK_ATTRIBUTE_PTR private_attr, CK_ULONG private_count,
			   CK_OBJECT_HANDLE_PTR public_key, CK_OBJECT_HANDLE_PTR private_key)
{
	struct access who = session_access(call);
	struct template public_t, private_t;
	const struct mech *row;
	union mech_params params;
	CK_RV rv;

	if (session_template(public_attr, public_count, &public_t) != CKR_OK ||
	    session_template(private_attr, private_count, &private_t) != CKR_OK || public_key == NULL || private_key == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = find_row(mechanism, CKF_GENERATE_KEY_PAIR, &row, &params);
	if (rv != CKR_OK)
		return rv;
	return keys_generate_pair(&who, row, &params, public_t, private_t, public_key, private_key);
}

/*
 * Secret keys, wrapping and derivation: no row of the table can do them, so that every mechanism is an
 * invalid one for them.  The order of the answers is the specification's all the same.
 */
static CK_RV no_mechanism(const CK_MECHANISM *mechanism)
{
	return mechanism == NULL ? CKR_ARGUMENTS_BAD : CKR_MECHANISM_INVALID;
}

CK_RV do_C_GenerateKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR attr, CK_ULONG count,
		       CK_OBJECT_HANDLE_PTR key)
{
	(void)call;
	if ((attr == NULL && count != 0) || key == NULL)
		return CKR_ARGUMENTS_BAD;
	return no_mechanism(mechanism);
}

CK_RV do_C_WrapKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key,
		   CK_BYTE_PTR wrapped, CK_ULONG_PTR wrapped_len)
{
	(void)call;
	(void)wrapping_key;
	(void)key;
	(void)wrapped;
	return wrapped_len == NULL ? CKR_ARGUMENTS_BAD : no_mechanism(mechanism);
}

CK_RV do_C_UnwrapKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping_key,
		     CK_BYTE_PTR wrapped, CK_ULONG wrapped_len, CK_ATTRIBUTE_PTR attr, CK_ULONG count,
		     CK_OBJECT_HANDLE_PTR key)
{
	(void)call;
	(void)unwrapping_key;
	(void)wrapped_len;
	if (wrapped == NULL || (attr == NULL && count != 0) || key == NULL)
		return CKR_ARGUMENTS_BAD;
	return no_mechanism(mechanism);
}

CK_RV do_C_DeriveKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base_key, CK_ATTRIBUTE_PTR attr,
		     CK_ULONG count, CK_OBJECT_HANDLE_PTR key)
{
	(void)call;
	(void)base_key;
	/* Some mechanisms return their keys through the parameter: `key` may be NULL. */
	(void)key;
	if (attr == NULL && count != 0)
		return CKR_ARGUMENTS_BAD;
	return no_mechanism(mechanism);
}
