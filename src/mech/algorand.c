/* SPDX-License-Identifier: Apache-2.0 */
/* CKM_COFFER_ALGORAND_DERIVE (include/coffer/coffer.h): Ed25519 keys by index from a master derivation key. */
#include "algorand/derive.h"
#include "base/codec.h"
#include "base/error.h"
#include "mech/families.h"

#define SEED_SIZE 32
#define POINT_SIZE 32
#define INDEX_SIZE 8

static const uint8_t ed25519_params[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };

static CK_RV not_given_away(CK_ULONG index, uint64_t highest)
{
	cf_ignore(error_set(CF_STATUS(INVALID), "index %lu was not given away yet (the highest is %llu): raise "
			    "CKA_COFFER_ALGORAND_INDEX of the master key first", index, (unsigned long long)highest),
		  "the return value is the answer");
	return CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV derive_private(struct vault_scope *scope, const struct mech_call *call, struct key_view *out)
{
	struct span key = key_view_part(call->key, CKA_VALUE), highest = key_view_part(call->key, CKA_COFFER_ALGORAND_INDEX);
	CK_ULONG index = call->params->index.index;
	struct mspan room;
	CK_RV rv;

	if (key.n != DERIVE_KEY_SIZE || highest.n != INDEX_SIZE)
		return CKR_GENERAL_ERROR;
	if (index > codec_get_u64(highest.p) || index >= DERIVE_INDEX_END)
		return not_given_away(index, codec_get_u64(highest.p));
	if (cf_failed(vault_scope_alloc(scope, SEED_SIZE + POINT_SIZE + INDEX_SIZE, &room)))
		return CKR_DEVICE_MEMORY;
	derive_seed(scope, key.p, index, room.p);
	rv = mech_ed25519_public(scope, span(room.p, SEED_SIZE), room.p + SEED_SIZE);
	codec_put_u64(room.p + SEED_SIZE + POINT_SIZE, index);
	*out = (struct key_view){ .class = CKO_PRIVATE_KEY, .type = CKK_EC_EDWARDS, .bits = 255, .parts = 4 };
	out->part[0] = (struct key_part){ CKA_EC_PARAMS, SPAN_OF(ed25519_params) };
	out->part[1] = (struct key_part){ CKA_VALUE, span(room.p, SEED_SIZE) };
	out->part[2] = (struct key_part){ CKA_EC_POINT, span(room.p + SEED_SIZE, POINT_SIZE) };
	out->part[3] = (struct key_part){ CKA_COFFER_ALGORAND_INDEX, span(room.p + SEED_SIZE + POINT_SIZE, INDEX_SIZE) };
	return rv;
}

const struct mech_impl mech_algorand_derive = {
	.state_kind = MECH_STATE_NONE,
	.derived_type = CKK_EC_EDWARDS,
	.derive_private = derive_private,
};
