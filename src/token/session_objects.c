/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "token/token_internal.h"

/* Numbers are given in turn, so that every bucket is as long as the others. */
static struct session_object **bucket(struct session_table *table, uint64_t number)
{
	return &table->bucket[number % table->buckets];
}

static void push(struct session_table *table, struct session_object *o)
{
	struct session_object **place = bucket(table, o->number);

	o->next = *place;
	*place = o;
}

/* When there is no memory for it, the table stays as it is, and is slower. */
static void resize(struct session_table *table, size_t buckets)
{
	struct session_object **old = table->bucket;
	size_t count = table->buckets;
	struct session_object **fresh = buckets == SESSION_BUCKETS_FEW ? table->few : mem_array(buckets, sizeof(*fresh));

	if (fresh == NULL)
		return;
	table->bucket = fresh;
	table->buckets = buckets;
	for (size_t i = 0; i < count; i++) {
		while (old[i] != NULL) {
			struct session_object *o = old[i];

			old[i] = o->next;
			push(table, o);
		}
	}
	if (old != table->few)
		mem_free(old);
}

/* After objects came or went. */
static void settle(struct session_table *table)
{
	size_t buckets = table->buckets;

	if (table->count > buckets)
		buckets *= 2;
	while (buckets > SESSION_BUCKETS_FEW && table->count < buckets / 8)
		buckets /= 2;
	if (buckets != table->buckets)
		resize(table, buckets);
}

void session_table_open(struct session_table *table)
{
	table->bucket = table->few;
	table->buckets = SESSION_BUCKETS_FEW;
}

void session_table_close(struct session_table *table)
{
	if (table->bucket != table->few)
		mem_free(table->bucket);
}

bool session_object_is_visible(const struct token *t, const struct session_object *o)
{
	return !o->is_private || t->login == TOKEN_USER;
}

struct session_object *session_object_find(struct token *t, uint64_t number)
{
	for (struct session_object *o = *bucket(&t->session_objects, number); o != NULL; o = o->next)
		if (o->number == number)
			return session_object_is_visible(t, o) ? o : NULL;
	return NULL;
}

void session_object_add(struct token *t, struct session_object *o)
{
	o->number = t->next_session_object++;
	t->session_objects.count++;
	push(&t->session_objects, o);
	settle(&t->session_objects);
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
	struct session_object **place = bucket(&t->session_objects, o->number);

	while (*place != o)
		place = &(*place)->next;
	*place = o->next;
	session_object_free(o);
	t->session_objects.count--;
	settle(&t->session_objects);
}

void session_objects_drop(struct token *t, bool (*which)(const struct session_object *o, CK_SESSION_HANDLE owner),
			  CK_SESSION_HANDLE owner)
{
	for (size_t i = 0; i < t->session_objects.buckets; i++) {
		struct session_object **place = &t->session_objects.bucket[i];

		while (*place != NULL) {
			struct session_object *o = *place;

			if (!which(o, owner)) {
				place = &o->next;
				continue;
			}
			*place = o->next;
			keys_drop(t, handle_make(o->number, HANDLE_SESSION));
			session_object_free(o);
			t->session_objects.count--;
		}
	}
	settle(&t->session_objects);
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
