/* SPDX-License-Identifier: Apache-2.0 */
/* What the files about KMD's wallets share. Used in this room only. */
#ifndef COFFER_ALGORAND_KMDFILE_INTERNAL_H
#define COFFER_ALGORAND_KMDFILE_INTERNAL_H

#include "algorand/kmdfile.h"

/* kmd_file_read, or only name, ID and sealed values of the wallet. */
struct cf_status kmd_file_open(const char *path, bool metadata_only,
			       struct kmd_file **out) CF_CHECKED;

#endif
