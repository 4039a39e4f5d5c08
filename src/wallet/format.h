/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte format of a wallet, both directions: doc/wallet-format.md describes the
 * same bytes in words.  Nothing here decrypts or authenticates; it only reads and writes.
 */
#ifndef COFFER_WALLET_FORMAT_H
#define COFFER_WALLET_FORMAT_H

#include "wallet/wallet.h"

#define FORMAT_VERSION 1
#define FORMAT_SALT_SIZE 16
#define FORMAT_MAC_SIZE 32
#define FORMAT_NONCE_SIZE 24
#define FORMAT_TAG_SIZE 16

/* What the whole wallet is: one record, authenticated by a MAC under the wallet key. */
struct header {
	uint32_t format;
	uint8_t serial[WALLET_SERIAL_SIZE];
	uint64_t created_s;
	char label[WALLET_LABEL_MAX + 1];
	uint8_t public_salt[FORMAT_SALT_SIZE]; /* keys the search terms of public objects */
	uint64_t change;       /* of the last change: versions are taken from it. See header_next_change */
	uint64_t next_number;  /* of the next object */
	uint64_t objects;      /* how many there are */
	uint32_t levels;       /* of the set's tree */
	uint64_t root_version;
	uint32_t policy_n;     /* 0: there is none */
	uint8_t policy[WALLET_POLICY_MAX];
	uint8_t mac[FORMAT_MAC_SIZE];
};

#define HEADER_MAX (256 + WALLET_POLICY_MAX)
/* The record without its MAC: what the MAC covers. */
void header_body(const struct header *h, struct buf *out);
/* The record: the body, then h->mac. */
void header_encode(const struct header *h, struct buf *out);
struct cf_status header_decode(struct span bytes, struct header *h) CF_CHECKED;

/* The number of a new change: greater than the last, its low 24 bits drawn at random, so that what an aborted
 * change left on the disk does not carry the version of the one that followed. */
void header_next_change(struct header *h);

/* The wallet key under a PIN. */
struct wrap {
	struct wallet_kdf kdf;
	uint8_t salt[FORMAT_SALT_SIZE];
	uint8_t nonce[FORMAT_NONCE_SIZE];
	uint8_t sealed[WALLET_KEY_SIZE + FORMAT_TAG_SIZE];
	bool to_be_changed;
	char user[WALLET_USER_NAME_MAX + 1]; /* of a named user, else "" */
};
#define WRAP_MAX 256
void wrap_encode(const struct wrap *w, struct buf *out);
struct cf_status wrap_decode(struct span bytes, struct wrap *w) CF_CHECKED;
/* Associated data of a wrap: format, serial, role, KDF parameters, salt, a named user's name. */
void wrap_context(const struct header *h, unsigned role, const struct wrap *w, struct buf *out);

/* A node of the set's tree: versions of 256 children; 0 is absent. */
#define NODE_FAN_OUT 256
struct node {
	unsigned level;
	uint64_t position;
	uint64_t version;
	uint64_t child[NODE_FAN_OUT];
	uint8_t mac[FORMAT_MAC_SIZE];
};
#define NODE_SIZE (8 + 8 * NODE_FAN_OUT + FORMAT_MAC_SIZE)
void node_encode(const struct node *n, struct buf *out);
struct cf_status node_decode(struct span bytes, unsigned level, uint64_t position, struct node *n) CF_CHECKED;
/* What a node's MAC covers: format, serial, level, position, version, children. */
void node_context(const struct header *h, const struct node *n, struct buf *out);

/* Associated data of an object: format, serial, number, version, kind. */
#define OBJECT_CONTEXT_SIZE (14 + 4 + WALLET_SERIAL_SIZE + 8 + 8 + 1)
void object_context(const struct header *h, uint64_t number, uint64_t version, bool is_private,
		    uint8_t out[OBJECT_CONTEXT_SIZE]);

#endif
