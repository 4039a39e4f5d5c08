/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ordinary memory, for what is no secret.  All of the module's own heap goes
 * through here, so that a test can make every allocation fail in turn
 * (base/fault.h).  Plaintext secrets never come here: see vault/.
 */
#ifndef COFFER_BASE_MEM_H
#define COFFER_BASE_MEM_H

#include <stddef.h>

/* Zeroed memory, or NULL.  A size of 0 gives a pointer that can be freed. */
void *mem_alloc(size_t n);
/* Zeroed array; NULL also when count * size overflows. */
void *mem_array(size_t count, size_t size);
/* As realloc; the old block stays valid when NULL is returned. New bytes are not zeroed. */
void *mem_resize(void *p, size_t n);
void *mem_copy(const void *p, size_t n);
char *mem_string(const char *s);
/* NULL is fine. */
void mem_free(void *p);

#define NEW(type) ((struct type *)mem_alloc(sizeof(struct type)))

#endif
