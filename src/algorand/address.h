/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Algorand's addresses: base32 (RFC 4648 §6, upper case, no padding) of the 32 bytes of a public key, of a multisig
 * account or of a program's hash, and the last four bytes of their SHA-512/256.
 */
#ifndef COFFER_ALGORAND_ADDRESS_H
#define COFFER_ALGORAND_ADDRESS_H

#include "base/span.h"
#include "base/status.h"

#define ADDRESS_SIZE 32
#define ADDRESS_TEXT 58

/* 58 characters and a NUL. */
void address_encode(const uint8_t address[ADDRESS_SIZE], char text[ADDRESS_TEXT + 1]);

/* INVALID, with a sentence, when the length, a letter or the checksum is wrong, or when the unused bits
 * of the last letter are not zero. */
struct cf_status address_decode(struct span text, uint8_t address[ADDRESS_SIZE]) CF_CHECKED;

/* Base32 without padding and a NUL; `text` has room for (8 * s.n + 4) / 5 + 1. Transaction IDs are written so. */
void base32_encode(struct span s, char *text);

#endif
