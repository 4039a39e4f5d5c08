/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose libcrypto it is (configure --with-libcrypto).
 *
 * private (ossl_private.c, ossl_host.c): linked into the module, with its own state.  What it allocates within a vault scope
 *   lies in the guarded heap (vault/heap.h) until it is freed, and its random numbers are libsodium's.
 * shared (ossl_shared.c): the host's.  Its allocator and its random numbers are left as they are, so that what it computes
 *   with lies on the ordinary heap during an operation, and between the parts of one.
 */
#ifndef COFFER_MECH_OSSL_OWN_H
#define COFFER_MECH_OSSL_OWN_H

#include <stdbool.h>

bool ossl_own_is_private(void);
/* Before anything else of libcrypto is used. False: it was used already, and would not be ours alone. */
bool ossl_own_open(void);
/* Nothing of it is used any more, until it is opened again. */
void ossl_own_close(void);
/* From here on (`on`) what this thread has it allocate is no secret, and lies on the ordinary heap though a scope runs. */
void ossl_own_ordinary(bool on);

/* ossl_seal.c: the vault seals with it what is long. After the algorithms were fetched, until they are freed; while nobody seals. */
void ossl_seal_open(void);
void ossl_seal_close(void);

/* ossl_host.c: no thread that lives on runs a destructor of ours. */
void ossl_host_leave(void);

#endif
