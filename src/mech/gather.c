/* SPDX-License-Identifier: Apache-2.0 */
#include "mech/gather.h"

#include "base/error.h"

CK_RV gather_part(struct buf *message, struct span part)
{
	buf_bytes(message, part);
	if (cf_ok(buf_status(message)))
		return CKR_OK;
	if (message->failed == CF_CODE_NOMEM)
		return CKR_HOST_MEMORY;
	cf_ignore(error_set(CF_STATUS(LIMIT), "a message given in parts is at most %zu bytes; use one call, or a mechanism that hashes it",
			    GATHER_MAX), "the return value is the answer");
	return CKR_TOKEN_RESOURCE_EXCEEDED;
}
