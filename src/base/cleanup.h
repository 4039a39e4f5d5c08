/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One shape for cleanup: an owned local is declared AUTO(type) and is released
 * when it goes out of scope; TAKE(p) hands it over and leaves NULL behind.
 * A type takes part by AUTO_DEFINE(type, release) in its header, where
 * `release` accepts NULL.
 */
#ifndef COFFER_BASE_CLEANUP_H
#define COFFER_BASE_CLEANUP_H

#define AUTO_DEFINE(type, release)                                   \
	static inline void auto_release_##type(struct type **owned) \
	{                                                            \
		release(*owned);                                     \
	}

/* AUTO(buf) b = NULL;  declares `struct buf *b`, released at scope end. */
#define AUTO(type) __attribute__((cleanup(auto_release_##type))) struct type *

/* Hands over the pointer: the local becomes NULL, so nothing is released. */
#define TAKE(p)                         \
	__extension__({                 \
		__typeof__(p) take_ = (p); \
		(p) = NULL;             \
		take_;                  \
	})

/* AUTO_FREE char *s = mem_alloc(n);  released by mem_free. */
void cleanup_mem_free(void *owned);
#define AUTO_FREE __attribute__((cleanup(cleanup_mem_free)))

#endif
