/* SPDX-License-Identifier: Apache-2.0 */
#include "ck/names.h"

#include <stddef.h>

struct name {
	CK_ULONG value;
	const char *text;
};

#define NAME_CKR(n) { n, #n },
#define NAME_CKM(n)
static const struct name rv_names[] = {
#include "ck/names.def"
};
#undef NAME_CKR
#undef NAME_CKM

#define NAME_CKR(n)
#define NAME_CKM(n) { n, #n },
static const struct name mechanism_names[] = {
#include "ck/names.def"
};

/* The tables ascend: proved by a unit test. */
static const char *find(const struct name *names, size_t count, CK_ULONG value)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (names[middle].value == value)
			return names[middle].text;
		if (names[middle].value < value)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *name_of_rv(CK_RV rv)
{
	return find(rv_names, sizeof(rv_names) / sizeof(rv_names[0]), rv);
}

const char *name_of_mechanism(CK_MECHANISM_TYPE type)
{
	return find(mechanism_names, sizeof(mechanism_names) / sizeof(mechanism_names[0]), type);
}
