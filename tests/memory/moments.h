/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a token, with looks at each of its moments. */
#ifndef COFFER_TESTS_MEMORY_MOMENTS_H
#define COFFER_TESTS_MEMORY_MOMENTS_H

#include "world.h"

void moments_all(const struct paths *paths, enum subject who);

/* mechanisms.c: so many looks while each of them is used, and one afterwards. Logged in. */
void moments_mechanisms(struct world *w, unsigned looks);

#endif
