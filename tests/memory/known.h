/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets that coffer makes itself, found out without any help of its code.
 *
 * From the wallet file and a PIN, by the equations of doc/wallet-format.md: Argon2id's input hash and
 * output, the key-encryption key, the wallet key and its sub-keys.
 *
 * The coffer key is nowhere but in the process: two partitions on guarded pages, left = key XOR
 * F(right).  No debugger can read pages of memfd_secret; the process itself can, so the driver
 * writes them to its pipe, from where they are, between two calls.  That the result is the coffer key
 * is proved by opening with it the sealed wallet key on the module's ordinary heap.
 */
#ifndef COFFER_TESTS_MEMORY_KNOWN_H
#define COFFER_TESTS_MEMORY_KNOWN_H

#include "client.h"
#include "secrets.h"

enum { ROLE_USER, ROLE_SO };

/* The one wallet of a directory; false when there is none. */
bool known_wallet_file(const char *dir, char *path, size_t room);
/* Adds all that follows from a PIN. False: the file does not open with it. */
bool known_wallet(struct secrets *s, const char *path, int role, const char *pin, uint8_t wallet_key[32]);
/* Adds the coffer key that is in force. False: it was not found. */
bool known_coffer_key(struct secrets *s, struct driver *d, const uint8_t wallet_key[32]);

#endif
