/* SPDX-License-Identifier: Apache-2.0 */
/* Parsers of mechanism parameters: mech/params.c. */
#include "fuzz.h"
#include "mech/mech.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed f = { span(data, size) };

	while (f.rest.n > 0) {
		struct fuzz_mechanism m;
		union mech_params params;
		const struct mech *row;
		CK_RV rv;

		fuzz_mechanism(&f, &m);
		row = mech_find(m.mechanism.mechanism);
		if (row != NULL) {
			rv = row->params(&m.mechanism, &params);
			EXPECT(rv == CKR_OK || rv == CKR_MECHANISM_PARAM_INVALID || rv == CKR_HOST_MEMORY);
		}
		fuzz_mechanism_release(&m);
	}
	return 0;
}
