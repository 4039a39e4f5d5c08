/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PINs and pass phrases straight into the arena: from a terminal without echo,
 * a descriptor, or a credential file.  They pass through no stdio buffer.
 */
#ifndef COFFER_VAULT_INPUT_H
#define COFFER_VAULT_INPUT_H

#include <stddef.h>

#include "base/cleanup.h"
#include "base/span.h"
#include "base/status.h"

/* A block of guarded memory that holds one input. Freed: wiped first. */
struct guarded;
struct cf_status guarded_new(size_t n, struct guarded **out) CF_CHECKED;
void guarded_free(struct guarded *g);
AUTO_DEFINE(guarded, guarded_free)
/* The whole block / the bytes in use (set by guarded_use and the readers below). */
struct mspan guarded_room(struct guarded *g);
struct span guarded_bytes(const struct guarded *g);
void guarded_use(struct guarded *g, size_t n);

#define INPUT_MAX 4096

/* Reads to the end of file; one trailing newline (LF or CRLF) is not part of it.
 * LIMIT beyond INPUT_MAX; DENIED when `path` is readable by others than its owner (and root: a service manager's
 * credentials look so). */
struct cf_status input_from_file(const char *path, struct guarded **out) CF_CHECKED;
struct cf_status input_from_fd(int fd, struct guarded **out) CF_CHECKED;
/* Asks on /dev/tty with `prompt`, echo off; the user's keys to erase, to kill the line and to
 * end the input work.  NOT_FOUND when there is no terminal; INVALID, with the terminal as it was,
 * when the user pressed the key that interrupts or quits: the caller decides what ends. */
struct cf_status input_from_terminal(const char *prompt, struct guarded **out) CF_CHECKED;

#endif
