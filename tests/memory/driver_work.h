/* SPDX-License-Identifier: Apache-2.0 */
/* One operation of the driver at work: driver_ops.c has those of version 2.40, driver_messages.c the later ones. */
#ifndef COFFER_TESTS_MEMORY_DRIVER_WORK_H
#define COFFER_TESTS_MEMORY_DRIVER_WORK_H

#include "driver_ops.h"
#include "parameters.h"

extern CK_FUNCTION_LIST_3_2 *module_functions_3_2; /* NULL: the module has none */

/* One request with its fields in clear, in the room. */
struct work {
	const struct request *r;
	CK_SESSION_HANDLE session;
	struct {
		uint8_t *p;
		CK_ULONG n;
	} pin, new_pin, label, params, data;
	CK_ATTRIBUTE attr[FIELDS_MAX];
	CK_ULONG attrs;
	uint8_t *rest; /* of the slot */
	struct answer *a;
};

/* What the parameter is made of lies in the room; `p` only points there. */
CK_MECHANISM *mechanism_of(struct work *w, struct parameter *p);

CK_RV do_sign_message(struct work *w);
CK_RV do_encrypt_message(struct work *w);
CK_RV do_wrap_authenticated(struct work *w);
CK_RV do_encapsulate(struct work *w);
CK_RV do_decapsulate(struct work *w);

#endif
