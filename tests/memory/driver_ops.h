/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's calls into the PKCS#11 module. */
#ifndef COFFER_TESTS_MEMORY_DRIVER_OPS_H
#define COFFER_TESTS_MEMORY_DRIVER_OPS_H

#include "coffer/pkcs11-3.h"
#include "room.h"

struct answer {
	struct answer_head head;
	uint8_t bytes[ANSWER_BYTES_MAX];
	const void *elsewhere; /* bytes that are written from where they are */
};

extern const char *module_path;
extern CK_FUNCTION_LIST *module_functions;

/* Performs the request in that slot of the room, which is wiped afterwards.  `session`, when it
 * is not 0, takes the place of the request's. */
void perform(const struct request *r, unsigned slot, CK_SESSION_HANDLE session, struct answer *a);

/* With tests/fault/fail.so preloaded: from now on the call of that kind after `skip` others fails in each operation of
 * the module, and in nothing that the driver does itself. kind < 0: none does. */
CK_RV fail_in_calls(long kind, long skip);

#endif
