/* SPDX-License-Identifier: Apache-2.0 */
#include "session/table.h"

#include <sodium.h>

#include "base/mem.h"
#include "ck/rv.h"
#include "session/session.h"
#include "vault/scope.h"
#include "vault/secret.h"

#define CHUNK_SIZE 64u
#define CHUNKS (SESSIONS_MAX / CHUNK_SIZE)
#define PLACE_BITS 16
#define PLACE_MASK ((CK_ULONG)SESSIONS_MAX - 1)

struct sessions {
	struct lock lock;                        /* rank SESSIONS: opening */
	_Atomic(struct session *) chunk[CHUNKS]; /* places; made once, freed with the table */
	size_t places;                           /* how many were made */
	size_t next;                             /* where the search for a free one goes on */
	CK_ULONG number;                         /* of the last session opened */
	_Atomic(struct secret *) state_key;      /* NULL until it is asked for */
};

_Static_assert(1u << PLACE_BITS == SESSIONS_MAX, "a place fits its bits");

CK_RV sessions_new(struct sessions **out)
{
	struct sessions *s = NEW(sessions);

	if (s == NULL)
		return CKR_HOST_MEMORY;
	if (cf_failed(lock_init(&s->lock, LOCK_SESSIONS))) {
		mem_free(s);
		return CKR_HOST_MEMORY;
	}
	/* A handle kept from before C_Finalize, or from the parent of a fork, should meet no session. */
	s->number = randombytes_random() & 0x7fff;
	*out = s;
	return CKR_OK;
}

static struct session *place_at(struct sessions *s, size_t place)
{
	struct session *chunk = atomic_load_explicit(&s->chunk[place / CHUNK_SIZE], memory_order_acquire);

	return chunk == NULL ? NULL : &chunk[place % CHUNK_SIZE];
}

static void chunk_free(struct session *chunk, size_t count)
{
	for (size_t i = 0; i < count; i++)
		lock_destroy(&chunk[i].lock);
	mem_free(chunk);
}

/* Lock held. */
static CK_RV add_chunk(struct sessions *s)
{
	struct session *chunk;

	if (s->places == SESSIONS_MAX)
		return CKR_SESSION_COUNT;
	chunk = mem_array(CHUNK_SIZE, sizeof(struct session));
	if (chunk == NULL)
		return CKR_HOST_MEMORY;
	for (size_t i = 0; i < CHUNK_SIZE; i++) {
		if (cf_failed(lock_init(&chunk[i].lock, LOCK_SESSION))) {
			chunk_free(chunk, i);
			return CKR_HOST_MEMORY;
		}
	}
	atomic_store_explicit(&s->chunk[s->places / CHUNK_SIZE], chunk, memory_order_release);
	s->next = s->places;
	s->places += CHUNK_SIZE;
	return CKR_OK;
}

static bool is_free(struct session *session)
{
	return atomic_load_explicit(&session->handle, memory_order_acquire) == 0;
}

/* Lock held. The search goes round, so that a place rests before it is used again. */
static CK_RV find_free(struct sessions *s, size_t *place)
{
	CK_RV rv;

	for (size_t i = 0; i < s->places; i++) {
		*place = (s->next + i) % s->places;
		if (is_free(place_at(s, *place))) {
			s->next = (*place + 1) % s->places;
			return CKR_OK;
		}
	}
	rv = add_chunk(s);
	if (rv == CKR_OK)
		*place = s->next++;
	return rv;
}

static CK_SESSION_HANDLE new_handle(struct sessions *s, size_t place)
{
	CK_SESSION_HANDLE handle;

	do
		handle = ++s->number << PLACE_BITS | (CK_ULONG)place;
	while (handle >> PLACE_BITS == 0);
	return handle;
}

CK_RV sessions_open(struct sessions *s, const struct session_request *request, CK_SESSION_HANDLE *handle)
{
	struct session *session;
	size_t place;
	CK_RV rv;
	LOCKED(&s->lock);

	rv = find_free(s, &place);
	if (rv != CKR_OK)
		return rv;
	rv = token_session_opened(request->token, request->read_write);
	if (rv != CKR_OK)
		return rv;
	session = place_at(s, place);
	*handle = new_handle(s, place);
	{
		LOCKED(&session->lock);
		session_begin(session, request, *handle);
	}
	return CKR_OK;
}

CK_RV sessions_take(struct sessions *s, CK_SESSION_HANDLE handle, struct session **out)
{
	struct session *session = place_at(s, handle & PLACE_MASK);

	if (session == NULL || handle == 0)
		return CKR_SESSION_HANDLE_INVALID;
	lock_take(&session->lock);
	if (atomic_load_explicit(&session->handle, memory_order_relaxed) != handle) {
		lock_drop(&session->lock);
		return CKR_SESSION_HANDLE_INVALID;
	}
	*out = session;
	return CKR_OK;
}

#define STATE_KEY_SIZE 32

struct making {
	struct secret *key;
	struct cf_status status;
};

static void make_state_key(struct vault_scope *scope, void *arg)
{
	struct making *m = arg;
	uint8_t key[STATE_KEY_SIZE];

	randombytes_buf(key, sizeof(key));
	m->status = secret_seal(scope, SPAN_OF(key), &m->key);
}

CK_RV sessions_state_key(struct sessions *s, struct secret **out)
{
	struct making m = { .status = CF_OK };
	CK_RV rv;

	*out = atomic_load_explicit(&s->state_key, memory_order_acquire);
	if (*out != NULL)
		return CKR_OK;
	rv = rv_of(vault_run(make_state_key, &m));
	if (rv == CKR_OK)
		rv = rv_of(m.status);
	if (rv != CKR_OK)
		return rv;
	if (atomic_compare_exchange_strong(&s->state_key, out, m.key))
		*out = m.key;
	else
		secret_unref(m.key); /* another thread was first */
	return CKR_OK;
}

void session_release(struct session *session)
{
	lock_drop(&session->lock);
}

void sessions_close_all(struct sessions *s, const struct token *token_opt)
{
	for (size_t place = 0; place < SESSIONS_MAX; place++) {
		struct session *session = place_at(s, place);

		if (session == NULL)
			return;
		if (is_free(session))
			continue;
		LOCKED(&session->lock);
		if (!is_free(session) && (token_opt == NULL || session->token == token_opt))
			session_close(session);
	}
}

void sessions_free(struct sessions *s)
{
	if (s == NULL)
		return;
	sessions_close_all(s, NULL);
	for (size_t i = 0; i < CHUNKS; i++) {
		struct session *chunk = atomic_load(&s->chunk[i]);

		if (chunk != NULL)
			chunk_free(chunk, CHUNK_SIZE);
	}
	secret_unref(atomic_load(&s->state_key));
	lock_destroy(&s->lock);
	mem_free(s);
}
