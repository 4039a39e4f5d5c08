/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places beside live memory where a process's pages end up.  Each function says with a sentence in
 * *why that it could not look, and then found nothing.
 */
#ifndef COFFER_TESTS_MEMORY_PLACES_H
#define COFFER_TESTS_MEMORY_PLACES_H

#include "client.h"
#include "process.h"

/* An ELF core file: its memory.  `registers` gets what is in its notes: every thread's registers. */
bool place_core(const char *path, struct secrets *s, struct tally *memory, struct tally *registers,
		const char **why);
/* gcore(1) of a living process into `dir`, then place_core. */
bool place_gcore(pid_t pid, const char *dir, struct secrets *s, struct tally *t, struct tally *registers,
		 const char **why);

/* Where the kernel puts cores while this is in force; needs root.  NULL: into the working directory;
 * else through a pipe into that file, whose directory is `dir`. */
bool place_core_pattern(const char *dir, const char *piped_to, const char **why);
void place_core_pattern_restore(void);
/* Does the kernel write cores as `core` into the working directory anyway? */
bool place_core_is_here(void);

/* Everything is paged out to a swap file in `dir`, and the file is read. Root. */
bool place_swap(pid_t pid, const char *dir, struct secrets *s, struct tally *t, const char **why);

/* Every regular file below `dir`, and every file that the process has open for writing. */
void place_files(pid_t pid, const char *dir, struct secrets *s, struct tally *t);

#endif
