/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AEAD that seals secrets in memory: AES-256-GCM where the processor has it
 * (156 ns against 616 for a 96-byte secret), else XChaCha20-Poly1305.  What is sealed never
 * leaves the process, so the choice is made anew by each.  Nonces are numbers that a process counts up, whatever
 * the key: none comes twice, and none costs a system call, which a random one does (as much as sealing).  A forked
 * child goes on counting, under a coffer key of its own.
 */
#ifndef COFFER_VAULT_SEAL_H
#define COFFER_VAULT_SEAL_H

#include <stdbool.h>

#include "base/span.h"

#define SEAL_NONCE_SIZE 8
#define SEAL_TAG_SIZE 16

/* After sodium_init().  Takes AES-256-GCM when the processor has it and `hardware` allows. */
void seal_choose(bool hardware);
const char *seal_name(void);
/* Another AES-256-GCM, with a nonce of 12 bytes, for what has SEAL_LONG bytes or more.  False: it could not be done, and the ordinary
 * one does it. */
struct seal_long {
	bool (*encrypt)(const uint8_t key[32], const uint8_t nonce[12], struct span in, uint8_t *out);
	bool (*decrypt)(const uint8_t key[32], const uint8_t nonce[12], struct span in, uint8_t *out, bool *genuine);
};
#define SEAL_LONG ((size_t)2048)
/* NULL: there is none. While nobody seals. */
void seal_set_long(const struct seal_long *other);
/* out has in.n + SEAL_TAG_SIZE bytes; writes a new nonce. */
void seal_encrypt(const uint8_t key[32], uint8_t nonce[SEAL_NONCE_SIZE], struct span in,
		  uint8_t *out);
/* out has in.n - SEAL_TAG_SIZE bytes. False when it is forged. */
bool seal_decrypt(const uint8_t key[32], const uint8_t nonce[SEAL_NONCE_SIZE], struct span in,
		  uint8_t *out);

#endif
