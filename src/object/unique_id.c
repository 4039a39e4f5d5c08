/* SPDX-License-Identifier: Apache-2.0 */
#include "object/unique_id.h"

#include "base/codec.h"

void unique_id_text(const uint8_t random[16], char out[UUID_SIZE])
{
	static const size_t groups[] = { 8, 4, 4, 4, 12 };
	const char *from;
	uint8_t u[16];
	char hex[33];

	bytes_copy(u, random, sizeof(u));
	u[6] = (uint8_t)((u[6] & 0x0f) | 0x40); /* version */
	u[8] = (uint8_t)((u[8] & 0x3f) | 0x80); /* variant */
	hex_encode(SPAN_OF(u), hex);
	from = hex;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (i > 0)
			*out++ = '-';
		bytes_copy(out, from, groups[i]);
		out += groups[i];
		from += groups[i];
	}
}
