/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that a mechanism reads twice, or that its library takes in one piece only: parts are kept until the last one. */
#ifndef COFFER_MECH_GATHER_H
#define COFFER_MECH_GATHER_H

#include "base/buf.h"
#include "ck/ck.h"

#define GATHER_MAX ((size_t)64 << 20)
#define GATHER_INIT BUF_INIT(GATHER_MAX)

/* HOST_MEMORY; TOKEN_RESOURCE_EXCEEDED: more than GATHER_MAX bytes. */
CK_RV gather_part(struct buf *message, struct span part);

#endif
