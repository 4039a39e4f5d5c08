/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's only place for secrets in clear: one slot for each thread, in memory that the
 * scanner cannot read (memfd_secret, taken before the module may be refused it), else in locked
 * pages that the scanner is told of.  A slot is wiped after each call.
 *
 * The plain driver is the positive control: the same program with slots on the ordinary heap,
 * never wiped.
 */
#ifndef COFFER_TESTS_MEMORY_ROOM_H
#define COFFER_TESTS_MEMORY_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

#define ROOM_SLOTS 66
#define ROOM_SLOT_SIZE 16384

/* A request as the driver keeps it. */
struct request {
	struct request_head head;
	size_t n;
	uint8_t masked[REQUEST_BYTES_MAX];
	uint8_t mask[REQUEST_BYTES_MAX];
	struct request *next; /* of the stored ones */
};

bool room_open(bool plain);
void room_where(uint64_t *address, uint64_t *size);
/* The request's fields in clear, one after the other, at the start of the slot. */
uint8_t *room_unmask(unsigned slot, const struct request *r);
void room_wipe(unsigned slot);
/* The plain driver: a copy for ever.  The other one: nothing is left. */
void room_keep(unsigned slot, const struct request *r);

/* From now on memfd_secret answers ENOSYS in this process, as on a kernel without it. */
bool room_refuse_secret_memory(void);

#endif
