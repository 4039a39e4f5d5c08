/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a token, with looks at each of its moments. */
#ifndef COFFER_TESTS_MEMORY_MOMENTS_H
#define COFFER_TESTS_MEMORY_MOMENTS_H

#include "world.h"

void moments_all(const struct paths *paths, enum subject who);

#endif
