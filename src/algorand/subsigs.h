/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signatures of a multisig account, as they travel from signer to signer: a MessagePack map
 * {subsig: [{pk, s?} ...], thr, v}.  A key that is in the account twice signs in both places.
 */
#ifndef COFFER_ALGORAND_SUBSIGS_H
#define COFFER_ALGORAND_SUBSIGS_H

#include "algorand/multisig.h"
#include "base/buf.h"

#define SIGNATURE_SIZE 64

struct subsigs {
	struct multisig account; /* its keys lie in `key` */
	uint8_t key[MULTISIG_KEYS_MAX * ADDRESS_SIZE];
	uint8_t signature[MULTISIG_KEYS_MAX][SIGNATURE_SIZE];
	bool is_signed[MULTISIG_KEYS_MAX];
};

/* Nobody has signed yet; the account was checked. */
void subsigs_new(struct subsigs *s, const struct multisig *account);
/* One map, with nothing behind it. CORRUPT: it is none; the codes of multisig_check. */
struct cf_status subsigs_parse(struct span packed, struct subsigs *out) CF_CHECKED;
void subsigs_write(const struct subsigs *s, struct buf *out);

/* How many places have a signature. */
size_t subsigs_count(const struct subsigs *s);
bool subsigs_member(const struct subsigs *s, const uint8_t key[ADDRESS_SIZE]);
/* INVALID: the key is none of the account's. */
struct cf_status subsigs_add(struct subsigs *s, const uint8_t key[ADDRESS_SIZE],
			     const uint8_t signature[SIGNATURE_SIZE]) CF_CHECKED;
/* INVALID: another account; two different signatures for one place. */
struct cf_status subsigs_merge(struct subsigs *into, const struct subsigs *from) CF_CHECKED;
/* FORGED: a signature that is there is none of the message. */
struct cf_status subsigs_verify(const struct subsigs *s, struct span message) CF_CHECKED;

#endif
