/* SPDX-License-Identifier: Apache-2.0 */
#include "wallet/format.h"

#include <sodium.h>

#include "base/codec.h"
#include "base/error.h"

/* Argon2id parameters that a file may ask for; beyond them it is hostile, not cautious. */
#define KDF_MEMORY_MIN_KIB 8
#define KDF_MEMORY_MAX_KIB (4u << 20)
#define KDF_PASSES_MAX 1000

#define CHANGE_RANDOM_BITS 24

void header_body(const struct header *h, struct buf *out)
{
	buf_u32(out, h->format);
	buf_bytes(out, SPAN_OF(h->serial));
	buf_u64(out, h->created_s);
	buf_string(out, span_str(h->label));
	buf_bytes(out, SPAN_OF(h->public_salt));
	buf_u64(out, h->change);
	buf_u64(out, h->next_number);
	buf_u64(out, h->objects);
	buf_u32(out, h->levels);
	buf_u64(out, h->root_version);
	if (h->policy_n != 0)
		buf_string(out, span(h->policy, h->policy_n));
}

void header_encode(const struct header *h, struct buf *out)
{
	header_body(h, out);
	buf_bytes(out, SPAN_OF(h->mac));
}

static void copy_exact(void *dst, size_t n, struct reader *r)
{
	struct span s = read_bytes(r, n);

	bytes_copy(dst, s.p, s.n);
}

static void read_policy(struct reader *r, struct header *h)
{
	struct span policy = read_string(r);

	if (policy.n == 0 || policy.n > WALLET_POLICY_MAX) {
		r->failed = true;
		return;
	}
	h->policy_n = (uint32_t)policy.n;
	bytes_copy(h->policy, policy.p, policy.n);
}

struct cf_status header_decode(struct span bytes, struct header *h)
{
	struct reader r = reader_of(bytes);
	struct span label;

	*h = (struct header){ .format = read_u32(&r) };
	if (!r.failed && h->format > FORMAT_VERSION)
		return error_set(CF_STATUS(UNSUPPORTED), "the wallet was written by a later release (format %u)", h->format);
	copy_exact(h->serial, sizeof(h->serial), &r);
	h->created_s = read_u64(&r);
	label = read_string(&r);
	/* One label has one form in the file: what is behind a NUL would be in no MAC. */
	if (label.n > WALLET_LABEL_MAX || (label.n != 0 && memchr(label.p, 0, label.n) != NULL))
		return CF_STATUS(CORRUPT);
	bytes_copy(h->label, label.p, label.n);
	copy_exact(h->public_salt, sizeof(h->public_salt), &r);
	h->change = read_u64(&r);
	h->next_number = read_u64(&r);
	h->objects = read_u64(&r);
	h->levels = read_u32(&r);
	h->root_version = read_u64(&r);
	if (!r.failed && r.rest.n > FORMAT_MAC_SIZE)
		read_policy(&r, h);
	copy_exact(h->mac, sizeof(h->mac), &r);
	CF_TRY(read_end(&r));
	return h->format == 0 || h->levels == 0 || h->levels > 7 || h->next_number == 0 ? CF_STATUS(CORRUPT) : CF_OK;
}

void header_next_change(struct header *h)
{
	h->change = ((h->change >> CHANGE_RANDOM_BITS) + 1) << CHANGE_RANDOM_BITS |
		    randombytes_uniform(1u << CHANGE_RANDOM_BITS);
}

void wrap_encode(const struct wrap *w, struct buf *out)
{
	buf_u32(out, w->kdf.memory_kib);
	buf_u32(out, w->kdf.passes);
	buf_u8(out, w->to_be_changed ? 1 : 0);
	buf_bytes(out, SPAN_OF(w->salt));
	buf_bytes(out, SPAN_OF(w->nonce));
	buf_bytes(out, SPAN_OF(w->sealed));
	if (w->user[0] != '\0')
		buf_string(out, span_str(w->user));
}

static void read_user(struct reader *r, struct wrap *w)
{
	struct span name = read_string(r);

	if (name.n == 0 || name.n > WALLET_USER_NAME_MAX || memchr(name.p, 0, name.n) != NULL)
		r->failed = true;
	else
		bytes_copy(w->user, name.p, name.n);
}

struct cf_status wrap_decode(struct span bytes, struct wrap *w)
{
	struct reader r = reader_of(bytes);
	uint8_t to_be_changed;

	*w = (struct wrap){ .kdf.memory_kib = read_u32(&r) };
	w->kdf.passes = read_u32(&r);
	to_be_changed = read_u8(&r);
	w->to_be_changed = to_be_changed == 1;
	copy_exact(w->salt, sizeof(w->salt), &r);
	copy_exact(w->nonce, sizeof(w->nonce), &r);
	copy_exact(w->sealed, sizeof(w->sealed), &r);
	if (!r.failed && r.rest.n != 0)
		read_user(&r, w);
	if (cf_failed(read_end(&r)) || to_be_changed > 1 || w->kdf.memory_kib < KDF_MEMORY_MIN_KIB || w->kdf.memory_kib > KDF_MEMORY_MAX_KIB ||
	    w->kdf.passes == 0 || w->kdf.passes > KDF_PASSES_MAX)
		return error_set(CF_STATUS(CORRUPT), "a PIN record of the wallet is damaged");
	return CF_OK;
}

void wrap_context(const struct header *h, unsigned role, const struct wrap *w, struct buf *out)
{
	buf_bytes(out, span_str("coffer wrap"));
	buf_u32(out, h->format);
	buf_bytes(out, SPAN_OF(h->serial));
	buf_u8(out, (uint8_t)role);
	buf_u32(out, w->kdf.memory_kib);
	buf_u32(out, w->kdf.passes);
	buf_u8(out, w->to_be_changed ? 1 : 0);
	buf_bytes(out, SPAN_OF(w->salt));
	if (w->user[0] != '\0')
		buf_string(out, span_str(w->user));
}

static void node_body(const struct node *n, struct buf *out)
{
	buf_u64(out, n->version);
	for (size_t i = 0; i < NODE_FAN_OUT; i++)
		buf_u64(out, n->child[i]);
}

void node_encode(const struct node *n, struct buf *out)
{
	node_body(n, out);
	buf_bytes(out, SPAN_OF(n->mac));
}

struct cf_status node_decode(struct span bytes, unsigned level, uint64_t position, struct node *n)
{
	struct reader r = reader_of(bytes);

	n->level = level;
	n->position = position;
	n->version = read_u64(&r);
	for (size_t i = 0; i < NODE_FAN_OUT; i++)
		n->child[i] = read_u64(&r);
	copy_exact(n->mac, sizeof(n->mac), &r);
	return read_end(&r);
}

void node_context(const struct header *h, const struct node *n, struct buf *out)
{
	buf_bytes(out, span_str("coffer node"));
	buf_u32(out, h->format);
	buf_bytes(out, SPAN_OF(h->serial));
	buf_u32(out, n->level);
	buf_u64(out, n->position);
	node_body(n, out);
}

void object_context(const struct header *h, uint64_t number, uint64_t version, bool is_private,
		    uint8_t out[OBJECT_CONTEXT_SIZE])
{
	bytes_copy(out, "coffer object\0", 14);
	codec_put_u32(out + 14, h->format);
	bytes_copy(out + 18, h->serial, WALLET_SERIAL_SIZE);
	codec_put_u64(out + 18 + WALLET_SERIAL_SIZE, number);
	codec_put_u64(out + 26 + WALLET_SERIAL_SIZE, version);
	out[34 + WALLET_SERIAL_SIZE] = is_private ? 1 : 0;
}
