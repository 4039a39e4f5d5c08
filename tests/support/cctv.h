/* SPDX-License-Identifier: Apache-2.0 */
/* Which signatures of tests/vectors/eddsa/cctv_ed25519vectors.json are valid; tests/vectors/README.md says why. */
#ifndef COFFER_TESTS_CCTV_H
#define COFFER_TESTS_CCTV_H

#include <sodium.h>

#include "vectors.h"

#define CCTV_TESTS 914

/* libsodium answers so up to 1.0.18; from 1.0.19 on (library version 26) it also accepts some of those whose equation
 * leaves a residue of small order, which of them its documentation does not say. */
static inline bool cctv_is_right(const struct vector *v, bool accepted)
{
	bool refused = vector_flag(v, "low_order_A") || vector_flag(v, "low_order_R") || vector_flag(v, "non_canonical_A");

	if (!refused && vector_flag(v, "low_order_residue") && sodium_library_version_major() >= 26)
		return true;
	return accepted == !(refused || vector_flag(v, "low_order_residue"));
}

#endif
