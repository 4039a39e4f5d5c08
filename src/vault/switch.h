/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switch to another stack, for each processor; called by stack.c alone.
 *
 * To sanitizers: AddressSanitizer is told of the new stack's bounds.  ThreadSanitizer needs no
 * fiber: what happens here is one call that returns, in the same thread, only its frame is
 * elsewhere; a fiber for each signature would also be slower than the signature.
 */
#ifndef COFFER_VAULT_SWITCH_H
#define COFFER_VAULT_SWITCH_H

#include "base/span.h"
#include "base/status.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

/* Runs fn(a, b) with its frame at the top of `room` (16-byte aligned at both ends), then clears
 * every register that a called function may leave something in.  IO when the system refused;
 * then fn has not run. */
struct cf_status switch_call(struct mspan room, void (*fn)(void *a, void *b), void *a,
			     void *b) CF_CHECKED;

/* Clears the vector registers now: after what leaves keys in them, long before the switch back. */
void switch_clear_vectors(void);

#endif
