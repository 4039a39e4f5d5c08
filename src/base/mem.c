/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"

void *mem_alloc(size_t n)
{
	return mem_array(1, n);
}

void *mem_array(size_t count, size_t size)
{
	/* calloc would say so, too; a sanitizer's ends the program instead. */
	if (fault_hit(FAULT_ALLOC) || (size != 0 && count > SIZE_MAX / size))
		return NULL;
	return calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
}

void *mem_resize(void *p, size_t n)
{
	if (fault_hit(FAULT_ALLOC))
		return NULL;
	return realloc(p, n == 0 ? 1 : n);
}

void *mem_copy(const void *p, size_t n)
{
	void *copy = mem_alloc(n);

	if (copy != NULL && n != 0)
		memcpy(copy, p, n);
	return copy;
}

char *mem_string(const char *s)
{
	return mem_copy(s, strlen(s) + 1);
}

void mem_free(void *p)
{
	free(p);
}

void cleanup_mem_free(void *owned)
{
	mem_free(*(void **)owned);
}
