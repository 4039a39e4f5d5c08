/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "token/token_internal.h"

static struct session_object **bucket(struct token *t, uint64_t number)
{
	return &t->session_objects[number % SESSION_BUCKETS];
}

bool session_object_is_visible(const struct token *t, const struct session_object *o)
{
	return !o->is_private || t->login == TOKEN_USER;
}

struct session_object *session_object_find(struct token *t, uint64_t number)
{
	for (struct session_object *o = *bucket(t, number); o != NULL; o = o->next)
		if (o->number == number)
			return session_object_is_visible(t, o) ? o : NULL;
	return NULL;
}

void session_object_add(struct token *t, struct session_object *o)
{
	struct session_object **place;

	o->number = t->next_session_object++;
	place = bucket(t, o->number);
	o->next = *place;
	*place = o;
}

static void contents_free(struct session_object *o)
{
	secret_unref(o->sealed);
	buf_release(&o->plain);
	o->sealed = NULL;
}

void session_object_free(struct session_object *o)
{
	if (o == NULL)
		return;
	contents_free(o);
	mem_free(o);
}

bool session_object_replace(struct token *t, uint64_t number, struct session_object *o)
{
	struct session_object *old = session_object_find(t, number);

	if (old == NULL)
		return false;
	contents_free(old);
	old->sealed = o->sealed;
	old->plain = o->plain;
	old->is_destroyable = o->is_destroyable;
	old->check_later = o->check_later;
	o->sealed = NULL;
	o->plain = (struct buf)BUF_INIT(WALLET_OBJECT_MAX);
	return true;
}

void session_object_remove(struct token *t, struct session_object *o)
{
	struct session_object **place = bucket(t, o->number);

	while (*place != o)
		place = &(*place)->next;
	*place = o->next;
	session_object_free(o);
}

void session_objects_drop(struct token *t, bool (*which)(const struct session_object *o, CK_SESSION_HANDLE owner),
			  CK_SESSION_HANDLE owner)
{
	for (size_t i = 0; i < SESSION_BUCKETS; i++) {
		struct session_object **place = &t->session_objects[i];

		while (*place != NULL) {
			struct session_object *o = *place;

			if (!which(o, owner)) {
				place = &o->next;
				continue;
			}
			*place = o->next;
			keys_drop(t, handle_make(o->number, HANDLE_SESSION));
			session_object_free(o);
		}
	}
}

bool session_object_is_private(const struct session_object *o, CK_SESSION_HANDLE owner)
{
	(void)owner;
	return o->is_private;
}

bool session_object_is_owned(const struct session_object *o, CK_SESSION_HANDLE owner)
{
	return o->owner == owner;
}

bool session_object_any(const struct session_object *o, CK_SESSION_HANDLE owner)
{
	(void)o;
	(void)owner;
	return true;
}
