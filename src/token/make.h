/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing objects: new ones, copies, and revisions of old ones. Used in this room only.
 *
 * One making is one change: all of its objects or none.  In this order: making_request for each
 * object, object_head, making_allowed, making_finish, which runs `build` in a scope.
 */
#ifndef COFFER_TOKEN_MAKE_H
#define COFFER_TOKEN_MAKE_H

#include "token/token_internal.h"

/* Parts of a key that we put into an object: as they came (an RSA private key has eight), and as they are when it is complete. */
#define GIVEN_MAX 28

/* One object on its way: what it will be, and after the scope, its sealed form. */
struct pending {
	struct object_request request;
	struct attr given[GIVEN_MAX];
	struct wallet_object row;       /* token object */
	struct session_object *session; /* session object */
	CK_OBJECT_HANDLE handle;
};

struct making {
	const struct access *who;
	struct standing standing;
	struct wallet_change *change;
	struct pending object[4];
	size_t count;
	/* what runs in the scope; builds object[] */
	CK_RV (*build)(struct vault_scope *scope, struct making *m);
	/* generation */
	const struct mech *mech;
	const union mech_params *params;
	const struct key_view *wanted; /* of a pair: size, curve, group */
	/* copies and revisions */
	struct image *source;
	struct template template;
	bool copy;
	/* derivation, unwrapping: the key that it is done with, the second that the parameter names, and what is unwrapped; borrowed */
	struct key *base, *other;
	struct span wrapped;
	struct mspan ciphertext; /* key encapsulation: where it goes; the keys of a connection: the vectors that come with them */
	/* import: the parts of the key, sealed */
	struct secret *key;
	CK_RV rv;
};

void making_release(struct making *m);
#define AUTO_MAKING __attribute__((cleanup(making_release))) struct making

/* SESSION_READ_ONLY, USER_NOT_LOGGED_IN. */
CK_RV making_allowed(const struct making *m, const struct object_head *head);
/* `m->standing` has been filled in. */
void making_request(struct making *m, struct pending *p, enum object_use use, struct template t);
/* A value that goes before the template's. It must live until the object is built. */
void pending_give(struct pending *p, CK_ATTRIBUTE_TYPE type, struct span value);
/* The parts of a key, computed by us or else from the template; what is no part of a key of its type, object_build refuses. */
void pending_parts(const struct pending *p, struct key_view *out);
void pending_give_parts(struct pending *p, const struct key_view *key);
/* A key that comes from outside is checked and brought into one form, with the public half of a private one.
 * ATTRIBUTE_VALUE_INVALID: it is none, or came with another key's public half. */
CK_RV pending_complete(struct vault_scope *scope, struct pending *p);
/* For `build`: the object from its template and what was given, sealed. */
CK_RV making_build(struct vault_scope *scope, struct making *m, struct pending *p);
/* All objects made, durably, their handles in object[].handle. */
CK_RV making_finish(struct making *m);
/* making_allowed and making_finish of a making that has one object; *out is its handle. */
CK_RV making_one(struct making *m, CK_OBJECT_HANDLE *out);

/* derive.c: how long the secret should be, as the mechanism is told, so that a wrong padding can answer like a right one: from
 * CKA_VALUE_LEN, else from the key's type and the length of what it comes in; MECH_LENGTH_....  KEY_SIZE_RANGE. */
CK_RV pending_length(const struct pending *p, size_t wrapped, size_t *out);

/* wrap.c: may the key wrap what is sensitive? */
bool wrapping_is_safe(const struct object_usage *wrapping);

/* C_SetAttributeValue on an object that was loaded and may be written. */
CK_RV make_revision(const struct access *who, struct image *image, struct template t);

#endif
