/* SPDX-License-Identifier: Apache-2.0 */
/* Another process's memory, as root or its owner can see it. */
#ifndef COFFER_TESTS_MEMORY_PROCESS_H
#define COFFER_TESTS_MEMORY_PROCESS_H

#include <sys/types.h>

#include "secrets.h"

/* What was found in one look. */
struct tally {
	unsigned long outside[KINDS]; /* hits in ordinary memory */
	unsigned long inside[KINDS];  /* in locked pages that are not dumped and not inherited */
	unsigned long long scanned, refused; /* bytes */
	char where[64];                      /* the mapping of the last one outside */
};

struct area {
	uint64_t from, to;
	bool readable, writable, secret, arena; /* secret: memfd_secret; arena: locked, not dumped, not inherited */
	char path[64];
};

/* The mappings of a process, with what the kernel says of each when `flags`; the caller frees. 0: it is gone. */
size_t process_areas(pid_t pid, bool flags, struct area **out);

/* All of its pages that are present or swapped, but [skip, skip + skip_n). */
enum how { HOW_PROC_MEM, HOW_VM_READV };
bool process_scan(pid_t pid, enum how how, struct secrets *s, uint64_t skip, uint64_t skip_n,
		  struct tally *t);
/* The same in two steps: a copy of it all, for secrets that are known only later. NULL: it could not be read. */
struct snapshot;
struct snapshot *process_snapshot(pid_t pid, uint64_t skip, uint64_t skip_n);
void snapshot_scan(const struct snapshot *copy, struct secrets *s, struct tally *t);
void snapshot_free(struct snapshot *copy);
/* Reads `n` bytes there; less when some cannot be read. */
size_t process_read(pid_t pid, uint64_t at, void *p, size_t n);

/* Does it have a writable private mapping of at least so many bytes? */
bool process_maps(pid_t pid, uint64_t bytes);

/* Stops every thread of it, and lets it go on. */
bool process_stop(pid_t pid);
void process_continue(pid_t pid);

/* Bytes that it has locked (VmLck), in KiB. */
unsigned long process_locked_kib(pid_t pid);

/* Where to put hits of a plain buffer. */
void tally_buffer(struct secrets *s, const uint8_t *p, size_t n, struct tally *t);
unsigned long tally_total(const unsigned long hits[KINDS]);

#endif
