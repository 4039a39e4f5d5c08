/* SPDX-License-Identifier: Apache-2.0 */
/* What making a wallet needs of pin.c. */
#ifndef COFFER_WALLET_PIN_H
#define COFFER_WALLET_PIN_H

#include "wallet/format.h"

/* A new random wallet key, born in a scope. */
struct cf_status pin_new_key(struct secret **out) CF_CHECKED;
/* The wrap of that role; a named user's has a name, the others' have none: CORRUPT. NOT_FOUND. Lock held. */
struct cf_status wrap_read(struct wallet *w, unsigned role, struct wrap *wrap, uint32_t *failures) CF_CHECKED;
/* The encoded wrap of `key` under the PIN. kdf zeros: the defaults. `user`: the name of a named user, else "". */
struct cf_status pin_wrap(const struct header *h, struct secret *key, unsigned role, const char *user,
			  struct span pin, const struct wallet_kdf *kdf, struct buf *out) CF_CHECKED;

#endif
