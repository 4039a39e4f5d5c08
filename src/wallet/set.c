/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authenticated set: a tree of counters with 256 children a node.  A leaf
 * entry is the version of one object, an inner entry the version of one node, and the
 * header holds the root's.  Every node has a MAC over its place, version and entries.  So the version that an
 * object must have is known from the header down, and an older row, an older node, or a missing one shows.
 */
#include "wallet/wallet_internal.h"

#include <sodium.h>

#include "base/error.h"
#include "base/mem.h"

#define FAN_OUT_BITS 8

static struct cf_status forged(void)
{
	return error_set(CF_STATUS(FORGED), "the wallet's record of its objects was tampered with");
}

void set_cache_drop(struct wallet *w)
{
	for (size_t i = 0; i < NODE_CACHE; i++) {
		mem_free(w->cache[i]);
		w->cache[i] = NULL;
	}
}

struct mac_work {
	struct secret *key;
	struct span bytes;
	uint8_t mac[FORMAT_MAC_SIZE];
	struct cf_status status;
};

static void mac_in_scope(struct vault_scope *scope, void *arg)
{
	struct mac_work *work = arg;
	struct wallet_keys keys;

	work->status = keys_open(scope, work->key, &keys);
	if (cf_ok(work->status))
		node_mac(scope, &keys, work->bytes, work->mac);
}

static struct cf_status mac_of(struct secret *key, const struct header *h, const struct node *n, uint8_t mac[FORMAT_MAC_SIZE])
{
	AUTO_BUF bytes = BUF_INIT(NODE_SIZE + 64);
	struct mac_work work = { .key = key };

	node_context(h, n, &bytes);
	CF_TRY(buf_status(&bytes));
	work.bytes = buf_span(&bytes);
	CF_TRY(vault_run(mac_in_scope, &work));
	CF_TRY(work.status);
	bytes_copy(mac, work.mac, FORMAT_MAC_SIZE);
	return CF_OK;
}

/* Reads a node that must be there with that version, and checks it. */
static struct cf_status node_read(struct wallet *w, struct secret *key, const struct header *h, unsigned level,
				  uint64_t position, uint64_t version, struct node *n)
{
	AUTO_BUF bytes = BUF_INIT(NODE_SIZE);
	uint8_t mac[FORMAT_MAC_SIZE];
	struct cf_status status = store_node_get(w->store, level, position, &bytes);

	if (cf_is(status, CF_CODE_NOT_FOUND) || cf_is(status, CF_CODE_LIMIT))
		return forged();
	CF_TRY(status);
	if (cf_failed(node_decode(buf_span(&bytes), level, position, n)) || n->version != version)
		return forged();
	CF_TRY(mac_of(key, h, n, mac));
	return sodium_memcmp(mac, n->mac, sizeof(mac)) == 0 ? CF_OK : forged();
}

static struct node **cache_place(struct wallet *w, unsigned level, uint64_t position)
{
	if (level == 0)
		return &w->cache[position % NODE_CACHE_LEAVES];
	return &w->cache[NODE_CACHE_LEAVES + (level * 7 + position) % NODE_CACHE_INNER];
}

static struct cf_status node_cached(struct wallet *w, struct secret *key, unsigned level, uint64_t position,
				    uint64_t version, const struct node **out)
{
	struct node **place = cache_place(w, level, position);
	struct cf_status status;
	struct node *n = *place;

	if (n != NULL && n->level == level && n->position == position && n->version == version) {
		*out = n;
		return CF_OK;
	}
	if (n == NULL) {
		n = NEW(node);
		if (n == NULL)
			return CF_STATUS(NOMEM);
	}
	*place = NULL;
	status = node_read(w, key, &w->header, level, position, version, n);
	if (cf_failed(status)) {
		mem_free(n);
		return status;
	}
	*place = n;
	*out = n;
	return CF_OK;
}

static bool beyond(uint64_t number, uint32_t levels)
{
	return levels < 8 && number >> (FAN_OUT_BITS * levels) != 0;
}

static size_t child_index(uint64_t number, unsigned level)
{
	return (size_t)(number >> (FAN_OUT_BITS * level)) & (NODE_FAN_OUT - 1);
}

static uint64_t position_of(uint64_t number, unsigned level)
{
	return number >> (FAN_OUT_BITS * (level + 1));
}

static struct node *dirty_find(const struct set_change *s, unsigned level, uint64_t position)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->dirty[i]->level == level && s->dirty[i]->position == position)
			return s->dirty[i];
	return NULL;
}

struct cf_status set_lookup(struct wallet *w, struct secret *key, const struct header *h, const struct set_change *s_opt,
			    uint64_t number, uint64_t *version)
{
	uint64_t expected = beyond(number, h->levels) ? 0 : h->root_version;

	for (unsigned level = h->levels; level-- > 0 && expected != 0;) {
		const struct node *n = s_opt == NULL ? NULL : dirty_find(s_opt, level, position_of(number, level));

		if (n == NULL)
			CF_TRY(node_cached(w, key, level, position_of(number, level), expected, &n));
		expected = n->child[child_index(number, level)];
	}
	*version = expected;
	return CF_OK;
}

static struct cf_status dirty_add(struct set_change *s, unsigned level, uint64_t position, struct node **out)
{
	struct node *n;

	if (s->count == s->room) {
		size_t room = s->room == 0 ? 8 : s->room * 2;
		struct node **more = mem_resize(s->dirty, room * sizeof(struct node *));

		if (more == NULL)
			return CF_STATUS(NOMEM);
		s->dirty = more;
		s->room = room;
	}
	n = NEW(node);
	if (n == NULL)
		return CF_STATUS(NOMEM);
	n->level = level;
	n->position = position;
	s->dirty[s->count++] = n;
	*out = n;
	return CF_OK;
}

/* The node that this change writes: the one it has already, or the stored one, or a new one. */
static struct cf_status dirty_node(struct wallet *w, struct secret *key, struct set_change *s, unsigned level,
				   uint64_t position, uint64_t expected, struct node **out)
{
	const struct node *stored;

	*out = dirty_find(s, level, position);
	if (*out != NULL)
		return CF_OK;
	CF_TRY(dirty_add(s, level, position, out));
	if (expected == 0)
		return CF_OK;
	CF_TRY(node_cached(w, key, level, position, expected, &stored));
	**out = *stored;
	return CF_OK;
}

/* One level more: the old root becomes the first child of a new one. */
static struct cf_status grow(struct set_change *s, struct header *h)
{
	struct node *root;

	CF_TRY(dirty_add(s, h->levels, 0, &root));
	root->child[0] = h->root_version;
	h->root_version = h->change;
	h->levels++;
	return CF_OK;
}

struct cf_status set_assign(struct wallet *w, struct secret *key, struct set_change *s, struct header *h, uint64_t number,
			    uint64_t version, uint64_t *previous)
{
	uint64_t expected;

	while (beyond(number, h->levels))
		CF_TRY(grow(s, h));
	expected = h->root_version;
	h->root_version = h->change;
	for (unsigned level = h->levels; level-- > 0;) {
		struct node *n;
		size_t at = child_index(number, level);

		CF_TRY(dirty_node(w, key, s, level, position_of(number, level), expected, &n));
		expected = n->child[at];
		n->child[at] = level == 0 ? version : h->change;
	}
	*previous = expected;
	return CF_OK;
}

struct cf_status set_renew_root(struct wallet *w, struct secret *key, struct set_change *s, struct header *h)
{
	struct node *root;

	if (h->root_version == 0)
		return CF_OK;
	CF_TRY(dirty_node(w, key, s, h->levels - 1, 0, h->root_version, &root));
	h->root_version = h->change;
	return CF_OK;
}

struct cf_status set_write(struct wallet *w, struct secret *key, struct set_change *s, const struct header *h)
{
	for (size_t i = 0; i < s->count; i++) {
		AUTO_BUF bytes = BUF_INIT(NODE_SIZE);
		struct node *n = s->dirty[i];

		n->version = h->change;
		CF_TRY(mac_of(key, h, n, n->mac));
		node_encode(n, &bytes);
		CF_TRY(buf_status(&bytes));
		CF_TRY(store_node_put(w->store, n->level, n->position, buf_span(&bytes)));
	}
	return CF_OK;
}

void set_adopt(struct wallet *w, struct set_change *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct node **place = cache_place(w, s->dirty[i]->level, s->dirty[i]->position);

		mem_free(*place);
		*place = TAKE(s->dirty[i]);
	}
	s->count = 0;
}

void set_change_release(struct set_change *s)
{
	for (size_t i = 0; i < s->count; i++)
		mem_free(s->dirty[i]);
	mem_free(s->dirty);
	*s = (struct set_change){ 0 };
}
