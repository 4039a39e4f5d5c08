/* SPDX-License-Identifier: Apache-2.0 */
#include "session/bodies.h"
#include "session/session.h"
#include "token/policy.h"

static CK_RV find(const CK_MECHANISM *mechanism, CK_FLAGS flag, const struct mech **row)
{
	if (mechanism == NULL)
		return CKR_ARGUMENTS_BAD;
	*row = mech_find(mechanism->mechanism);
	return *row != NULL && ((*row)->flags & flag) != 0 ? CKR_OK : CKR_MECHANISM_INVALID;
}

/* With its parameters. MECHANISM_PARAM_INVALID. */
static CK_RV find_row(const CK_MECHANISM *mechanism, CK_FLAGS flag, const struct mech **row, union mech_params *params)
{
	CK_RV rv = find(mechanism, flag, row);

	return rv == CKR_OK ? (*row)->params(mechanism, params) : rv;
}

/* For one key under an authenticated mechanism: the parameter is a message's, the associated data is the call's. */
static CK_RV find_authenticated(const CK_MECHANISM *mechanism, CK_FLAGS flag, struct span associated, const struct mech **row,
				union mech_params *params)
{
	CK_RV rv = find(mechanism, flag, row);

	if (rv == CKR_OK && (*row)->impl->message == NULL)
		return CKR_MECHANISM_INVALID;
	if (rv == CKR_OK && span_impossible(associated))
		return CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = (*row)->impl->message(NULL, flag, mechanism->pParameter, mechanism->ulParameterLen, params);
	if (rv == CKR_OK)
		params->cipher.aad = associated;
	return rv;
}

/* By configuration and wallet, as both are now: where no key is taken, which would notice what other processes changed. */
static CK_RV permits_now(struct call *call, const struct mech *row)
{
	token_policy_refresh(call->token);
	return token_permits(call->token, row);
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
	if (rv == CKR_OK)
		rv = permits_now(call, row);
	if (rv != CKR_OK)
		return rv;
	return keys_generate_pair(&who, row, &params, public_t, private_t, public_key, private_key);
}

CK_RV do_C_GenerateKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR attr, CK_ULONG count,
		       CK_OBJECT_HANDLE_PTR key)
{
	struct access who = session_access(call);
	struct template t;
	const struct mech *row;
	union mech_params params;
	CK_RV rv;

	if (key == NULL || session_template(attr, count, &t) != CKR_OK)
		return CKR_ARGUMENTS_BAD;
	rv = find_row(mechanism, CKF_GENERATE, &row, &params);
	if (rv == CKR_OK)
		rv = permits_now(call, row);
	if (rv == CKR_OK && row->impl->generate_domain != NULL)
		return keys_generate_domain(&who, row, t, key);
	return rv == CKR_OK ? keys_generate(&who, row, &params, t, key) : rv;
}

/* ---- keys that are used to make, or to take out, others ---- */

/* Which codes speak of the key that is used: it has names of its own where two keys are in the call. */
struct key_codes {
	CK_RV handle, type, size;
};

static CK_RV coded(CK_RV rv, const struct key_codes *codes)
{
	switch (rv) {
	case CKR_KEY_HANDLE_INVALID:
		return codes->handle;
	case CKR_KEY_TYPE_INCONSISTENT:
		return codes->type;
	case CKR_KEY_SIZE_RANGE:
		return codes->size;
	default:
		return rv;
	}
}

static bool allows(const struct object_usage *usage, CK_FLAGS flag)
{
	switch (flag) {
	case CKF_WRAP:
		return usage->wrap;
	case CKF_UNWRAP:
		return usage->unwrap;
	case CKF_DERIVE:
		return usage->derive;
	case CKF_ENCAPSULATE:
		return usage->encapsulate;
	case CKF_DECAPSULATE:
		return usage->decapsulate;
	default:
		return false;
	}
}

static CK_RV permitted(const struct key *k, CK_FLAGS flag, const struct mech *row, const union mech_params *params)
{
	const struct object_usage *usage = key_usage(k);
	struct key_view facts = { .class = usage->class, .type = usage->key_type, .bits = usage->bits, .parameter_set = usage->parameter_set };
	struct mech_call call = { row, params, &facts, NULL, flag };
	CK_RV rv = key_permits(k, row);

	if (rv != CKR_OK)
		return rv;
	if (!allows(usage, flag))
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	/* There is no begun operation here for which the user could give the PIN once more. */
	if (usage->always_authenticate)
		return CKR_USER_NOT_LOGGED_IN;
	return row->impl->suits == NULL ? CKR_OK : row->impl->suits(&call);
}

static CK_RV take_key(const struct access *who, CK_OBJECT_HANDLE handle, CK_FLAGS flag, const struct mech *row,
		      const union mech_params *params, const struct key_codes *codes, struct key **out)
{
	CK_RV rv = key_take(who, handle, out);

	if (rv == CKR_OK)
		rv = permitted(*out, flag, row, params);
	if (rv == CKR_OK)
		rv = token_permits(who->token, row);
	if (rv == CKR_OK && key_usage(*out)->key_type == CKK_RSA)
		rv = token_permits_rsa(who->token, key_usage(*out)->bits);
	return coded(rv, codes);
}

static CK_RV wrap(struct call *call, const struct mech *row, const union mech_params *params, CK_OBJECT_HANDLE wrapping_key,
		  CK_OBJECT_HANDLE key, CK_BYTE *wrapped, CK_ULONG *wrapped_len)
{
	static const struct key_codes codes = { CKR_WRAPPING_KEY_HANDLE_INVALID, CKR_WRAPPING_KEY_TYPE_INCONSISTENT,
						CKR_WRAPPING_KEY_SIZE_RANGE };
	struct access who = session_access(call);
	AUTO(key) wrapping = NULL;
	size_t n;
	CK_RV rv = take_key(&who, wrapping_key, CKF_WRAP, row, params, &codes, &wrapping);

	if (rv != CKR_OK)
		return rv;
	rv = keys_wrap(&who, wrapping, row, params, key, mspan(wrapped, *wrapped_len), &n);
	if (rv == CKR_OK || rv == CKR_BUFFER_TOO_SMALL)
		*wrapped_len = n;
	return rv;
}

CK_RV do_C_WrapKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key,
		   CK_BYTE_PTR wrapped, CK_ULONG_PTR wrapped_len)
{
	const struct mech *row;
	union mech_params params;
	CK_RV rv;

	if (wrapped_len == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = find_row(mechanism, CKF_WRAP, &row, &params);
	return rv == CKR_OK ? wrap(call, row, &params, wrapping_key, key, wrapped, wrapped_len) : rv;
}

CK_RV do_C_WrapKeyAuthenticated(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key,
				CK_OBJECT_HANDLE key, CK_BYTE_PTR associated, CK_ULONG associated_len, CK_BYTE_PTR wrapped,
				CK_ULONG_PTR wrapped_len)
{
	const struct mech *row;
	union mech_params params;
	CK_RV rv;

	if (wrapped_len == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = find_authenticated(mechanism, CKF_WRAP, span(associated, associated_len), &row, &params);
	return rv == CKR_OK ? wrap(call, row, &params, wrapping_key, key, wrapped, wrapped_len) : rv;
}

static CK_RV unwrap(struct call *call, const struct mech *row, const union mech_params *params, CK_OBJECT_HANDLE unwrapping_key,
		    struct span wrapped, struct template t, CK_OBJECT_HANDLE *key)
{
	static const struct key_codes codes = { CKR_UNWRAPPING_KEY_HANDLE_INVALID, CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT,
						CKR_UNWRAPPING_KEY_SIZE_RANGE };
	struct access who = session_access(call);
	AUTO(key) unwrapping = NULL;
	CK_RV rv = take_key(&who, unwrapping_key, CKF_UNWRAP, row, params, &codes, &unwrapping);

	return rv == CKR_OK ? keys_unwrap(&who, unwrapping, row, params, wrapped, t, key) : rv;
}

CK_RV do_C_UnwrapKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping_key,
		     CK_BYTE_PTR wrapped, CK_ULONG wrapped_len, CK_ATTRIBUTE_PTR attr, CK_ULONG count,
		     CK_OBJECT_HANDLE_PTR key)
{
	struct template t;
	const struct mech *row;
	union mech_params params;
	CK_RV rv;

	if (wrapped == NULL || key == NULL || session_template(attr, count, &t) != CKR_OK)
		return CKR_ARGUMENTS_BAD;
	rv = find_row(mechanism, CKF_UNWRAP, &row, &params);
	return rv == CKR_OK ? unwrap(call, row, &params, unwrapping_key, span(wrapped, wrapped_len), t, key) : rv;
}

CK_RV do_C_UnwrapKeyAuthenticated(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE unwrapping_key,
				  CK_BYTE_PTR wrapped, CK_ULONG wrapped_len, CK_ATTRIBUTE_PTR attr, CK_ULONG count,
				  CK_BYTE_PTR associated, CK_ULONG associated_len, CK_OBJECT_HANDLE_PTR key)
{
	struct template t;
	const struct mech *row;
	union mech_params params;
	CK_RV rv;

	if (wrapped == NULL || key == NULL || session_template(attr, count, &t) != CKR_OK)
		return CKR_ARGUMENTS_BAD;
	rv = find_authenticated(mechanism, CKF_UNWRAP, span(associated, associated_len), &row, &params);
	return rv == CKR_OK ? unwrap(call, row, &params, unwrapping_key, span(wrapped, wrapped_len), t, key) : rv;
}

/* The second key that a parameter names: a secret one, that may derive as well. */
static CK_RV take_other(const struct access *who, const struct mech *row, const union mech_params *params, struct key **out)
{
	CK_OBJECT_HANDLE handle = row->impl->other_key == NULL ? CK_INVALID_HANDLE : row->impl->other_key(params);
	CK_RV rv;

	if (handle == CK_INVALID_HANDLE)
		return CKR_OK;
	rv = key_take(who, handle, out);
	if (rv == CKR_OK && key_usage(*out)->class != CKO_SECRET_KEY)
		rv = CKR_KEY_TYPE_INCONSISTENT;
	if (rv == CKR_OK && !key_usage(*out)->derive)
		rv = CKR_KEY_FUNCTION_NOT_PERMITTED;
	return rv;
}

CK_RV do_C_DeriveKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE base_key, CK_ATTRIBUTE_PTR attr,
		     CK_ULONG count, CK_OBJECT_HANDLE_PTR key)
{
	static const struct key_codes codes = { CKR_KEY_HANDLE_INVALID, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_SIZE_RANGE };
	struct access who = session_access(call);
	AUTO(key) base = NULL;
	AUTO(key) other = NULL;
	struct template t;
	const struct mech *row;
	union mech_params params;
	CK_RV rv;

	if (session_template(attr, count, &t) != CKR_OK)
		return CKR_ARGUMENTS_BAD;
	rv = find_row(mechanism, CKF_DERIVE, &row, &params);
	/* Where several keys are made their handles go into the parameter. */
	if (rv == CKR_OK && key == NULL && !row->impl->derives_block)
		return CKR_ARGUMENTS_BAD;
	/* Whatever CKA_DERIVE says: it uses nothing that is secret. */
	if (rv == CKR_OK && row->impl->derives_public) {
		rv = permits_now(call, row);
		return rv == CKR_OK ? keys_public_half(&who, base_key, t, key) : rv;
	}
	if (rv == CKR_OK)
		rv = take_key(&who, base_key, CKF_DERIVE, row, &params, &codes, &base);
	if (rv == CKR_OK)
		rv = take_other(&who, row, &params, &other);
	if (rv == CKR_OK && row->impl->derives_block)
		return keys_derive_block(&who, base, row, &params, t);
	return rv == CKR_OK ? keys_derive(&who, base, other, row, &params, t, key) : rv;
}

/* ---- key encapsulation ---- */

static CK_RV ciphertext_length(const struct key *k, const struct mech *row, const union mech_params *params, size_t *out)
{
	const struct object_usage *usage = key_usage(k);
	struct key_view facts = { .class = usage->class, .type = usage->key_type, .bits = usage->bits, .parameter_set = usage->parameter_set };
	struct mech_call call = { row, params, &facts, NULL, CKF_ENCAPSULATE };

	return row->impl->out_len(&call, 0, out);
}

static CK_RV encapsulate(struct call *call, const struct mech *row, const union mech_params *params, CK_OBJECT_HANDLE public_key,
			 struct template t, CK_BYTE *ciphertext, CK_ULONG *ciphertext_len, CK_OBJECT_HANDLE *key)
{
	static const struct key_codes codes = { CKR_KEY_HANDLE_INVALID, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_SIZE_RANGE };
	struct access who = session_access(call);
	AUTO(key) base = NULL;
	size_t room = *ciphertext_len, n = 0;
	CK_RV rv = take_key(&who, public_key, CKF_ENCAPSULATE, row, params, &codes, &base);

	if (rv == CKR_OK)
		rv = ciphertext_length(base, row, params, &n);
	if (rv != CKR_OK)
		return rv;
	*ciphertext_len = n;
	if (ciphertext == NULL)
		return CKR_OK;
	return room < n ? CKR_BUFFER_TOO_SMALL : keys_encapsulate(&who, base, row, params, t, mspan(ciphertext, n), key);
}

CK_RV do_C_EncapsulateKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE public_key, CK_ATTRIBUTE_PTR attr,
			  CK_ULONG count, CK_BYTE_PTR ciphertext, CK_ULONG_PTR ciphertext_len, CK_OBJECT_HANDLE_PTR key)
{
	struct template t;
	const struct mech *row;
	union mech_params params;
	CK_RV rv;

	/* Who asks for the length alone gets no key. */
	if (ciphertext_len == NULL || (key == NULL && ciphertext != NULL) || session_template(attr, count, &t) != CKR_OK)
		return CKR_ARGUMENTS_BAD;
	rv = find_row(mechanism, CKF_ENCAPSULATE, &row, &params);
	return rv == CKR_OK ? encapsulate(call, row, &params, public_key, t, ciphertext, ciphertext_len, key) : rv;
}

CK_RV do_C_DecapsulateKey(struct call *call, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE private_key, CK_ATTRIBUTE_PTR attr,
			  CK_ULONG count, CK_BYTE_PTR ciphertext, CK_ULONG ciphertext_len, CK_OBJECT_HANDLE_PTR key)
{
	static const struct key_codes codes = { CKR_UNWRAPPING_KEY_HANDLE_INVALID, CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT,
						CKR_UNWRAPPING_KEY_SIZE_RANGE };
	struct access who = session_access(call);
	AUTO(key) base = NULL;
	struct template t;
	const struct mech *row;
	union mech_params params;
	CK_RV rv;

	if (ciphertext == NULL || key == NULL || session_template(attr, count, &t) != CKR_OK)
		return CKR_ARGUMENTS_BAD;
	rv = find_row(mechanism, CKF_DECAPSULATE, &row, &params);
	if (rv == CKR_OK)
		rv = take_key(&who, private_key, CKF_DECAPSULATE, row, &params, &codes, &base);
	return rv == CKR_OK ? keys_decapsulate(&who, base, row, &params, span(ciphertext, ciphertext_len), t, key) : rv;
}
