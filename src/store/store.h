/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a wallet's rows are kept.  The store sees sealed bytes only and is trusted
 * with nothing: what it returns is authenticated above (wallet/).  Behind this header is SQLite,
 * one file for each wallet; a second kind of store would take the same functions.
 *
 * A store is used by one thread at a time: the wallet's lock (rank STORE) is held by every caller,
 * except for store_counter.
 */
#ifndef COFFER_STORE_STORE_H
#define COFFER_STORE_STORE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/span.h"
#include "base/status.h"

#define STORE_TERM_SIZE 16
#define STORE_TERMS_MAX 8           /* in one search */
#define STORE_BODY_MAX ((size_t)1 << 21)

struct store;

/* A new, empty store in a new file (mode 0600): EXISTS when the file is there. */
struct cf_status store_create(const char *path, struct store **out) CF_CHECKED;
/* CORRUPT when it is no store of ours or its schema holds anything foreign, READONLY is not an
 * error here: writes answer it.  NOT_FOUND, DENIED, IO. */
struct cf_status store_open(const char *path, struct store **out) CF_CHECKED;
/* NULL is fine. */
void store_close(struct store *s);
AUTO_DEFINE(store, store_close)

/* ---- transactions: every write is inside one, reads may be ---- */

/* AGAIN when another process writes for longer than the busy time-out (5 s). */
struct cf_status store_begin(struct store *s) CF_CHECKED;
/* Durable when OK: a power cut does not lose it. After a failure nothing of it happened. FULL, IO, READONLY. */
struct cf_status store_commit(struct store *s) CF_CHECKED;
void store_rollback(struct store *s);
/* What is read until store_snapshot_end belongs together. */
struct cf_status store_snapshot(struct store *s) CF_CHECKED;
/* A transaction that no other process reads or writes beside; ended by store_rollback. AGAIN. */
struct cf_status store_lock_out(struct store *s) CF_CHECKED;
void store_snapshot_end(struct store *s);

/* The number that every process's commit changes (the file change counter of SQLite's header, offset 24): one
 * small read through SQLite's own file handle, from any thread, with no lock.  Never our own descriptor:
 * closing one would drop SQLite's POSIX locks on the file. */
struct cf_status store_counter(struct store *s, uint64_t *counter) CF_CHECKED;

/* ---- rows ---- */

/* Named records. NOT_FOUND. The buffer is cleared first. */
struct cf_status store_meta_get(struct store *s, const char *name, struct buf *out) CF_CHECKED;
struct cf_status store_meta_put(struct store *s, const char *name, struct span value) CF_CHECKED;

/* Wrapped keys by role, with the count of failed tries. NOT_FOUND. */
struct cf_status store_wrap_get(struct store *s, unsigned role, struct buf *wrap, uint32_t *failures) CF_CHECKED;
struct cf_status store_wrap_put(struct store *s, unsigned role, struct span wrap) CF_CHECKED; /* failures: 0 */
struct cf_status store_wrap_failures(struct store *s, unsigned role, uint32_t failures) CF_CHECKED;
struct cf_status store_wrap_remove(struct store *s, unsigned role) CF_CHECKED;
/* The one with the lowest role of at least `from`. NOT_FOUND at the end. */
struct cf_status store_wrap_next(struct store *s, unsigned from, unsigned *role, struct buf *wrap, uint32_t *failures) CF_CHECKED;
struct cf_status store_wraps_clear(struct store *s) CF_CHECKED;

struct store_object {
	uint64_t number, version;
	bool is_private;
	struct buf body;
	struct buf terms; /* STORE_TERM_SIZE each */
};
void store_object_release(struct store_object *o);
#define STORE_OBJECT_INIT { .body = BUF_INIT(STORE_BODY_MAX), .terms = BUF_INIT(4096) }
#define AUTO_STORE_OBJECT __attribute__((cleanup(store_object_release))) struct store_object

struct cf_status store_object_get(struct store *s, uint64_t number, struct store_object *out) CF_CHECKED;
/* The one with the lowest number greater than `after`. NOT_FOUND at the end. */
struct cf_status store_object_next(struct store *s, uint64_t after, struct store_object *out) CF_CHECKED;
/* Replaces the object and its terms in the index. */
struct cf_status store_object_put(struct store *s, const struct store_object *o) CF_CHECKED;
struct cf_status store_object_remove(struct store *s, uint64_t number) CF_CHECKED;
/* Numbers > after, ascending, with all the terms (first one drives the search; none: all objects of that kind). */
struct cf_status store_find(struct store *s, bool is_private, const uint8_t (*terms)[STORE_TERM_SIZE], size_t count,
			    uint64_t after, uint64_t *numbers, size_t max, size_t *found) CF_CHECKED;
/* How many index entries there are, and whether this one is. For checking the whole wallet. */
struct cf_status store_terms_count(struct store *s, uint64_t *count) CF_CHECKED;
struct cf_status store_term_there(struct store *s, const uint8_t term[STORE_TERM_SIZE], uint64_t number, bool *there) CF_CHECKED;
struct cf_status store_objects_count(struct store *s, uint64_t *count) CF_CHECKED;

/* Nodes of the authenticated set. NOT_FOUND. */
struct cf_status store_node_get(struct store *s, unsigned level, uint64_t position, struct buf *out) CF_CHECKED;
struct cf_status store_node_put(struct store *s, unsigned level, uint64_t position, struct span body) CF_CHECKED;

/* All objects, terms and nodes go. */
struct cf_status store_clear(struct store *s) CF_CHECKED;

/* ---- the file ---- */

/* A consistent copy into a new file, durable, mode 0600. EXISTS. */
struct cf_status store_copy(struct store *s, const char *path) CF_CHECKED;
/* SQLite's own structural check. CORRUPT. */
struct cf_status store_check(struct store *s) CF_CHECKED;
/* NOT_FOUND when the path no longer names the file that is open. */
struct cf_status store_still_there(struct store *s) CF_CHECKED;

#endif
