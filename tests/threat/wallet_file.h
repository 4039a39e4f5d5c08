/* SPDX-License-Identifier: Apache-2.0 */
/* The wallet file of a test's token, for those who edit it, and what the module then says of it. */
#ifndef COFFER_THREAT_WALLET_FILE_H
#define COFFER_THREAT_WALLET_FILE_H

#include "p11.h"

/* Its path; false: there is none. */
bool wallet_file(const struct p11 *m, char *path, size_t size);
/* How many faults Verify of coffer's own interface finds; a test that cannot ask it has failed. */
CK_ULONG wallet_faults(const struct p11 *m, CK_SESSION_HANDLE s);

#endif
