/* SPDX-License-Identifier: Apache-2.0 */
/* A wallet as the files of this room see it. */
#ifndef COFFER_WALLET_INTERNAL_H
#define COFFER_WALLET_INTERNAL_H

#include <stdatomic.h>

#include "base/lock.h"
#include "store/store.h"
#include "wallet/format.h"
#include "wallet/seal.h"
#include "wallet/wallet.h"

/* Nodes of the set that were checked, 2 KiB each: leaves for 262,144 objects, and in places of their own the inner nodes, which
 * every lookup passes. */
#define NODE_CACHE_LEAVES 1024
#define NODE_CACHE_INNER 64
#define NODE_CACHE (NODE_CACHE_LEAVES + NODE_CACHE_INNER)

struct wallet {
	_Atomic unsigned refs;
	char *path;
	struct header identity;  /* format, serial, public salt: never change, read without the lock */
	struct lock lock;        /* rank STORE: everything below */
	struct store *store;
	struct header header;    /* as of `counter` */
	bool header_loaded;
	bool header_trusted;     /* its MAC was checked */
	uint64_t counter;        /* the store's, when the header was read */
	struct node *cache[NODE_CACHE]; /* checked nodes of the set; found by place and version */
};

/* ---- wallet.c ---- */

/* Brings the header up to date; with a key it is authenticated. Lock held, inside a snapshot or transaction. FORGED, CORRUPT. */
struct cf_status wallet_refresh(struct wallet *w, struct secret *key_opt) CF_CHECKED;
/* No control characters in it. */
bool wallet_text_is_plain(const char *text);
struct cf_status wallet_label_check(const char *label) CF_CHECKED;
/* MAC and store it. Lock held, in a transaction. */
struct cf_status wallet_header_write(struct wallet *w, struct secret *key, struct header *h) CF_CHECKED;

/* ---- set.c: the tree over all objects' versions ---- */

/* Nodes that a change has altered, not yet written. */
struct set_change {
	struct node **dirty;
	size_t count, room;
};

/* The version that the object must have by the header `h` and, within a change, its altered nodes; 0: there is no such
 * object. Header trusted. FORGED. */
struct cf_status set_lookup(struct wallet *w, struct secret *key, const struct header *h, const struct set_change *s_opt,
			    uint64_t number, uint64_t *version) CF_CHECKED;
void set_cache_drop(struct wallet *w);

/* The object has this version from now on (0: it is gone); *previous is the one it had. `h` is the change's own
 * header.  After a failure the change must not be written. */
struct cf_status set_assign(struct wallet *w, struct secret *key, struct set_change *s, struct header *h, uint64_t number,
			    uint64_t version, uint64_t *previous) CF_CHECKED;
/* The root is of the header's change from now on, so that an older header fits no longer. Nothing when there are no objects yet. */
struct cf_status set_renew_root(struct wallet *w, struct secret *key, struct set_change *s, struct header *h) CF_CHECKED;
/* Writes the nodes that changed. In the transaction. */
struct cf_status set_write(struct wallet *w, struct secret *key, struct set_change *s, const struct header *h) CF_CHECKED;
/* After the commit: what was written is what will be read next. */
void set_adopt(struct wallet *w, struct set_change *s);
void set_change_release(struct set_change *s);

/* ---- read.c ---- */

/* wallet_fetch with the lock held, by a header that is fresh; within a change, as that change sees it. */
struct cf_status fetch_locked(struct wallet *w, struct secret *key_opt, const struct header *h,
			      const struct set_change *s_opt, uint64_t number, struct wallet_object *out) CF_CHECKED;

#endif
