/* SPDX-License-Identifier: Apache-2.0 */
/* The wallet's policy (token/policy.h). */
#include "cryptoki/vendor_internal.h"
#include "token/policy.h"

VENDOR_ROW(GetPolicy, SLOT, ANY);
VENDOR_ROW(SetPolicy, SESSION, RW);

_Static_assert(sizeof(((COFFER_POLICY *)0)->mechanisms) == sizeof(((struct policy *)0)->mechanism), "the same mechanisms");

static CK_RV get_policy(struct call *call, COFFER_POLICY *out)
{
	struct policy p;
	CK_RV rv;

	if (out == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = token_get_policy(call->token, &p);
	if (rv != CKR_OK)
		return rv;
	*out = (COFFER_POLICY){ .rsa_min_bits = p.rsa_min_bits, .count = p.count };
	bytes_copy(out->mechanisms, p.mechanism, p.count * sizeof(p.mechanism[0]));
	return CKR_OK;
}

CK_RV vendor_get_policy(CK_SLOT_ID slot, COFFER_POLICY *policy)
{
	struct call call;
	CK_RV rv = guard_enter(&call, &GetPolicy, slot);

	return rv == CKR_OK ? guard_leave(&call, get_policy(&call, policy)) : rv;
}

static CK_RV set_policy(struct call *call, const COFFER_POLICY *policy)
{
	struct policy p;

	if (policy == NULL || policy->count > POLICY_MECHANISMS_MAX)
		return CKR_ARGUMENTS_BAD;
	p = (struct policy){ .rsa_min_bits = policy->rsa_min_bits, .count = policy->count };
	bytes_copy(p.mechanism, policy->mechanisms, p.count * sizeof(p.mechanism[0]));
	return token_set_policy(call->token, &p);
}

CK_RV vendor_set_policy(CK_SESSION_HANDLE session, const COFFER_POLICY *policy)
{
	struct call call;
	CK_RV rv = guard_enter(&call, &SetPolicy, session);

	return rv == CKR_OK ? guard_leave(&call, set_policy(&call, policy)) : rv;
}
