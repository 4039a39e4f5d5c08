/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program with who answers for it, as a MessagePack map {arg?, l, lmsig?, msig?, sig?}.  Multisig accounts sign
 * it under "MsigProgram" and their address (lmsig), or in the old way under "Program" (msig).
 */
#ifndef COFFER_ALGORAND_LOGICSIG_H
#define COFFER_ALGORAND_LOGICSIG_H

#include "algorand/subsigs.h"

struct logicsig {
	struct span program;
	struct span arguments; /* arg, the whole array; empty when there is none */
	struct span signature; /* sig, 64 bytes */
	struct span multisig;  /* lmsig, the whole map */
	struct span legacy;    /* msig, the whole map */
};

/* A file with a bare program, or with such a map. CORRUPT. */
struct cf_status logicsig_parse(struct span file, struct logicsig *out) CF_CHECKED;
void logicsig_write(const struct logicsig *l, struct buf *out);

#endif
