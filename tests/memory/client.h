/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner's end of the pipes to a driver. */
#ifndef COFFER_TESTS_MEMORY_CLIENT_H
#define COFFER_TESTS_MEMORY_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "protocol.h"

struct driver {
	pid_t pid;
	int in, out;
	uint64_t room, room_n; /* its own place for secrets */
};

struct driver_options {
	const char *program, *module;
	const char *dir;     /* its working directory: cores go there */
	const char *preload; /* NULL: nothing */
	bool plain, refuse_secret_memory;
};

bool driver_start(const struct driver_options *options, struct driver *d);
/* Ends it, if it has not ended itself; its wait status. */
int driver_end(struct driver *d);

/* A request under way: fields are added, then it is sent. */
struct asking {
	struct request_head head;
	uint8_t bytes[REQUEST_BYTES_MAX];
	size_t n;
};
void ask(struct asking *q, uint32_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
void ask_field(struct asking *q, uint32_t type, const void *p, size_t n);
void ask_ulong(struct asking *q, uint32_t type, uint64_t value);
void ask_bool(struct asking *q, uint32_t type, bool value);

struct told {
	struct answer_head head;
	uint8_t bytes[ANSWER_BYTES_MAX];
};
/* Sends it and waits for the answer; its return value, or ~0 when the driver is gone.  told_opt may be NULL. */
uint64_t tell(struct driver *d, const struct asking *q, struct told *told_opt);
/* The two halves of it. */
bool tell_send(struct driver *d, const struct asking *q);
uint64_t tell_wait(struct driver *d, struct told *told_opt);
/* A request without fields. */
uint64_t tell_plain(struct driver *d, uint32_t op, uint64_t a, uint64_t b, struct told *told_opt);

#endif
