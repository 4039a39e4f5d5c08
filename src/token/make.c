/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects are written in one order: a change of the wallet is begun (when a
 * token object is among them), a scope builds and seals, then the rows are put and
 * the change is committed, or the session objects are entered.  No store call is made in a scope.
 */
#include "token/make.h"

#include "base/codec.h"
#include "base/error.h"
#include "base/mem.h"
#include "ck/rv.h"
#include "vault/nest.h"

/* How many bytes of values we may put in: the parts of a key are at most twice what they came from, beside a public key's
 * encoding. */
#define GIVEN_BYTES(t) (512 + 2 * template_bytes(t))

void making_release(struct making *m)
{
	secret_unref(m->key);
	wallet_change_abort(m->change);
	for (size_t i = 0; i < m->count; i++) {
		wallet_object_release(&m->object[i].row);
		session_object_free(m->object[i].session);
	}
	standing_release(&m->standing);
}

CK_RV making_allowed(const struct making *m, const struct object_head *head)
{
	if (head->is_token && !m->who->read_write)
		return CKR_SESSION_READ_ONLY;
	/* Nothing in a wallet changes without a PIN; the SO writes public objects only. */
	if (head->is_token && m->standing.key == NULL)
		return CKR_USER_NOT_LOGGED_IN;
	if ((head->is_private || (head->is_token && head->is_sealed)) && m->standing.login != TOKEN_USER)
		return CKR_USER_NOT_LOGGED_IN;
	return CKR_OK;
}

/* An empty shell of the kind that the head asks for. */
static CK_RV prepare(struct making *m, struct pending *p)
{
	const struct object_head *head = &p->request.head;
	struct cf_status status = CF_OK;

	p->row = (struct wallet_object)WALLET_OBJECT_INIT;
	if (!head->is_token) {
		p->session = NEW(session_object);
		if (p->session == NULL)
			return CKR_HOST_MEMORY;
		p->session->owner = m->who->session;
		p->session->is_private = head->is_private;
		p->session->plain = (struct buf)BUF_INIT(WALLET_OBJECT_MAX);
		return CKR_OK;
	}
	if (m->change == NULL)
		status = wallet_change_begin(m->standing.wallet, m->standing.key, &m->change);
	if (cf_ok(status))
		status = wallet_change_new(m->change, head->is_sealed, &p->row);
	return rv_of(status);
}

/* From the finished attributes to what is kept. */
static CK_RV seal(struct vault_scope *scope, struct making *m, struct pending *p, struct attrs attrs)
{
	struct attr found[OBJECT_TERMS_MAX];
	struct wallet_term terms[OBJECT_TERMS_MAX];
	size_t count;

	if (p->session != NULL) {
		p->session->is_destroyable = attrs_bool(attrs, CKA_DESTROYABLE, true);
		if (p->request.head.is_sealed)
			return rv_of(secret_seal(scope, attrs.bytes, &p->session->sealed));
		buf_bytes(&p->session->plain, attrs.bytes);
		return rv_of(buf_status(&p->session->plain));
	}
	count = object_terms(scope, attrs, found);
	for (size_t i = 0; i < count; i++)
		terms[i] = (struct wallet_term){ found[i].type, found[i].value };
	return rv_of(wallet_change_seal(scope, m->change, &p->row, attrs.bytes, terms, count));
}

/* `room` is an upper bound, generous where an object holds lists; what was really written is measured when it is stored. */
static CK_RV writer_new(struct vault_scope *scope, size_t room, struct attrs_writer *out)
{
	struct cf_status status;

	if (room > 2 * WALLET_OBJECT_MAX) {
		cf_ignore(error_set(CF_STATUS(LIMIT), "an object is at most %zu bytes", WALLET_OBJECT_MAX),
			  "the return value is the answer");
		return CKR_DEVICE_MEMORY;
	}
	status = vault_scope_alloc(scope, room, &out->room);
	return cf_failed(status) ? CKR_DEVICE_MEMORY : CKR_OK;
}

static const CK_ATTRIBUTE *attribute(struct template t, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < t.count; i++)
		if (t.attr[i].type == type)
			return &t.attr[i];
	return NULL;
}

/* A part of the key: computed by us or, else, in the template. */
static bool part_of(const struct pending *p, CK_ATTRIBUTE_TYPE type, struct span *out)
{
	const CK_ATTRIBUTE *a = attribute(p->request.template, type);

	for (size_t i = 0; i < p->request.given_count; i++) {
		if (p->given[i].type == type) {
			*out = p->given[i].value;
			return true;
		}
	}
	*out = a == NULL ? SPAN_EMPTY : span(a->pValue, a->ulValueLen);
	return a != NULL && a->pValue != NULL && a->ulValueLen != CK_UNAVAILABLE_INFORMATION;
}

static CK_RV build(struct vault_scope *scope, struct making *m, struct pending *p)
{
	struct attrs_writer w = { .failed = CKR_OK };
	CK_RV rv = writer_new(scope, p->request.head.room, &w);

	if (rv == CKR_OK)
		rv = object_build(scope, &p->request, &w);
	return rv == CKR_OK ? seal(scope, m, p, attrs_written(&w)) : rv;
}

/* Nothing that is said of the object now depends on it. */
static bool check_can_wait(const struct pending *p)
{
	const struct object_request *r = &p->request;

	return p->session != NULL && attribute(r->template, CKA_CHECK_VALUE) == NULL && r->forced.n == 0 && r->admitted.p == NULL;
}

/* CKA_CHECK_VALUE of a secret key: computed, and what the template says must be that, or nothing ("Secret key objects"). */
static CK_RV check_value(struct vault_scope *scope, struct pending *p, uint8_t room[MECH_CHECK_VALUE])
{
	const CK_ATTRIBUTE *given = attribute(p->request.template, CKA_CHECK_VALUE);
	struct span value;
	CK_RV rv;

	if (p->request.head.class != CKO_SECRET_KEY || !part_of(p, CKA_VALUE, &value) ||
	    !object_secret_length(p->request.head.key_type, value.n))
		return CKR_OK;
	rv = mech_secret_sound(scope, p->request.head.key_type, value);
	if (rv != CKR_OK || (given != NULL && given->ulValueLen == 0))
		return rv;
	if (check_can_wait(p)) {
		p->session->check_later = true; /* image_open */
		return CKR_OK;
	}
	rv = mech_check_value(scope, p->request.head.key_type, value, room);
	if (rv != CKR_OK)
		return rv;
	if (given != NULL && !span_eq(span(given->pValue, given->ulValueLen), span(room, MECH_CHECK_VALUE))) {
		cf_ignore(error_set(CF_STATUS(INVALID), "the template's CKA_CHECK_VALUE is not that of the key"),
			  "the return value is the answer");
		return CKR_ATTRIBUTE_VALUE_INVALID;
	}
	pending_give(p, CKA_CHECK_VALUE, span(room, MECH_CHECK_VALUE));
	return CKR_OK;
}

CK_RV making_build(struct vault_scope *scope, struct making *m, struct pending *p)
{
	uint8_t room[MECH_CHECK_VALUE];
	CK_RV rv = check_value(scope, p, room);

	return rv == CKR_OK ? build(scope, m, p) : rv;
}

static void build_in_scope(struct vault_scope *scope, void *arg)
{
	struct making *m = arg;

	/* All that libcrypto takes on the way is given back before the end. */
	nest_open(scope);
	m->rv = m->build(scope, m);
	nest_close(scope);
}

static CK_RV put_rows(struct making *m, CK_OBJECT_HANDLE changed)
{
	struct cf_status status = CF_OK;
	struct wallet_step step;

	if (m->change == NULL)
		return CKR_OK;
	for (size_t i = 0; i < m->count && cf_ok(status); i++)
		if (m->object[i].session == NULL)
			status = wallet_change_put(m->change, &m->object[i].row);
	step = wallet_change_step(m->change);
	if (cf_ok(status))
		status = wallet_change_commit(TAKE(m->change));
	if (cf_ok(status))
		keys_committed(m->who->token, step, changed);
	return rv_of(status);
}

/* The token is locked. */
static bool login_lasts(const struct making *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->object[i].session != NULL && m->object[i].session->is_private && m->who->token->login != TOKEN_USER)
			return false;
	return true;
}

/* Entered only while the login that they were made under lasts, all or none. */
static CK_RV enter_session_objects(struct making *m)
{
	struct token *t = m->who->token;
	CK_RV rv = CKR_OK;

	token_lock(t);
	if (!login_lasts(m))
		rv = CKR_USER_NOT_LOGGED_IN;
	for (size_t i = 0; rv == CKR_OK && i < m->count; i++) {
		struct pending *p = &m->object[i];

		if (p->session == NULL) {
			p->handle = handle_make(p->row.number, HANDLE_TOKEN);
			continue;
		}
		session_object_add(t, p->session);
		p->handle = handle_make(TAKE(p->session)->number, HANDLE_SESSION);
	}
	token_unlock(t);
	return rv;
}

CK_RV making_finish(struct making *m)
{
	CK_RV rv;

	for (size_t i = 0; i < m->count; i++) {
		rv = prepare(m, &m->object[i]);
		if (rv != CKR_OK)
			return rv;
	}
	rv = rv_of(vault_run(build_in_scope, m));
	if (rv == CKR_OK)
		rv = m->rv;
	if (rv == CKR_OK)
		rv = put_rows(m, 0);
	return rv == CKR_OK ? enter_session_objects(m) : rv;
}

CK_RV making_one(struct making *m, CK_OBJECT_HANDLE *out)
{
	CK_RV rv = making_allowed(m, &m->object[0].request.head);

	if (rv == CKR_OK)
		rv = making_finish(m);
	if (rv == CKR_OK)
		*out = m->object[0].handle;
	return rv;
}

void making_request(struct making *m, struct pending *p, enum object_use use, struct template t)
{
	p->request.use = use;
	p->request.template = t;
	p->request.given = p->given;
	p->request.gen_mechanism = CK_UNAVAILABLE_INFORMATION;
	p->request.by_so = m->standing.login == TOKEN_SO;
	token_new_id(m->who->token, p->request.unique_id);
}

void pending_give(struct pending *p, CK_ATTRIBUTE_TYPE type, struct span value)
{
	if (p->request.given_count == GIVEN_MAX)
		return; /* no key has so many parts; object_build says which is missing */
	p->given[p->request.given_count++] = (struct attr){ type, value };
}

/* ---- C_CreateObject ---- */

/* What is computed of an object's parts (CKA_PUBLIC_KEY_INFO, say) is never more than those of a key; a certificate or
 * data may be larger, and nothing is computed of them. */
#define KEY_BYTES_MAX ((size_t)16 << 10)

static size_t template_bytes(struct template t)
{
	size_t n = 0;

	for (CK_ULONG i = 0; t.attr != NULL && i < t.count; i++)
		if (t.attr[i].ulValueLen < KEY_BYTES_MAX)
			n += t.attr[i].ulValueLen;
	return n;
}

void pending_parts(const struct pending *p, struct key_view *out)
{
	static const CK_ATTRIBUTE_TYPE types[] = {
		CKA_VALUE,	      CKA_MODULUS,    CKA_PUBLIC_EXPONENT, CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PRIME_2,
		CKA_EXPONENT_1,	      CKA_EXPONENT_2, CKA_COEFFICIENT,	   CKA_EC_PARAMS,	 CKA_EC_POINT, CKA_PRIME,
		CKA_BASE,	      CKA_SEED,	      CKA_COFFER_PUBLIC_VALUE,
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct span value;

		if (part_of(p, types[i], &value))
			out->part[out->parts++] = (struct key_part){ types[i], value };
	}
}

void pending_give_parts(struct pending *p, const struct key_view *key)
{
	for (size_t i = 0; i < key->parts; i++)
		pending_give(p, key->part[i].type, key->part[i].value);
}

/* Computed by us, or else in the template; 0: it is missing, or no number. */
static CK_ULONG parameter_set_of(const struct pending *p)
{
	CK_ULONG number = 0;

	for (size_t i = 0; i < p->request.given_count; i++)
		if (p->given[i].type == CKA_PARAMETER_SET)
			return (CK_ULONG)codec_get_u64(p->given[i].value.p);
	return template_ulong(p->request.template, CKA_PARAMETER_SET, 0, &number) == CKR_OK ? number : 0;
}

CK_RV pending_complete(struct vault_scope *scope, struct pending *p)
{
	const struct object_head *head = &p->request.head;
	struct key_view given = { .class = head->class, .type = head->key_type }, whole;
	CK_RV rv;

	if (head->class != CKO_PRIVATE_KEY && head->class != CKO_PUBLIC_KEY)
		return CKR_OK;
	pending_parts(p, &given);
	given.parameter_set = parameter_set_of(p);
	rv = mech_key_complete(scope, &given, &whole);
	if (rv == CKR_OK)
		pending_give_parts(p, &whole);
	return rv;
}

static CK_RV build_created(struct vault_scope *scope, struct making *m)
{
	CK_RV rv = pending_complete(scope, &m->object[0]);

	return rv == CKR_OK ? making_build(scope, m, &m->object[0]) : rv;
}

CK_RV objects_create(const struct access *who, struct template t, CK_OBJECT_HANDLE *out)
{
	AUTO_MAKING m = { .who = who, .build = build_created, .count = 1 };
	CK_RV rv;

	token_standing(who->token, &m.standing);
	making_request(&m, &m.object[0], OBJECT_CREATE, t);
	rv = object_head(OBJECT_CREATE, t, CK_UNAVAILABLE_INFORMATION, CK_UNAVAILABLE_INFORMATION, GIVEN_BYTES(t),
			 &m.object[0].request.head);
	return rv == CKR_OK ? making_one(&m, out) : rv;
}

/* ---- C_CopyObject ---- */

static CK_RV source_attrs(struct vault_scope *scope, struct making *m, struct attrs *out)
{
	struct image *i = m->source;

	if (i->is_sealed)
		return image_open(scope, i, out);
	if (handle_kind(i->handle) != HANDLE_TOKEN) {
		out->bytes = buf_span(&i->plain);
		return CKR_OK;
	}
	/* The MAC was checked when the head was read. */
	return rv_of(wallet_open_public(i->standing.wallet, NULL, &i->row, &out->bytes));
}

static CK_RV build_changed(struct vault_scope *scope, struct making *m)
{
	struct pending *p = &m->object[0];
	struct attrs_writer w = { .failed = CKR_OK };
	struct attrs old;
	CK_RV rv = source_attrs(scope, m, &old);

	if (rv == CKR_OK)
		rv = writer_new(scope, p->request.head.room, &w);
	if (rv == CKR_OK)
		rv = object_change(scope, old, m->template, m->copy, m->standing.login == TOKEN_SO, p->request.unique_id, &w);
	return rv == CKR_OK ? seal(scope, m, p, attrs_written(&w)) : rv;
}

struct head_work {
	struct template t;
	struct object_head *head;
};

static CK_RV head_in(struct vault_scope *scope, struct attrs attrs, void *arg)
{
	struct head_work *work = arg;

	return object_copy_head(scope, attrs, work->t, work->head);
}

CK_RV objects_copy(const struct access *who, CK_OBJECT_HANDLE from, struct template t, CK_OBJECT_HANDLE *out)
{
	AUTO_IMAGE image = IMAGE_INIT;
	AUTO_MAKING m = { .who = who, .build = build_changed, .count = 1, .source = &image, .template = t, .copy = true };
	struct head_work work = { t, &m.object[0].request.head };
	CK_RV rv = image_load(who->token, from, &image);

	if (rv == CKR_OK)
		rv = image_run(&image, head_in, &work);
	if (rv != CKR_OK)
		return rv;
	token_standing(who->token, &m.standing);
	making_request(&m, &m.object[0], OBJECT_CREATE, t);
	return making_one(&m, out);
}

/* ---- C_SetAttributeValue ---- */

static CK_RV revise_row(struct making *m, struct pending *p)
{
	struct image *i = m->source;
	struct cf_status status = wallet_change_begin(m->standing.wallet, m->standing.key, &m->change);
	CK_RV rv;

	/* Read again within the change: another process may have written meanwhile. */
	if (cf_ok(status))
		status = wallet_change_fetch(m->change, i->row.number, &i->row);
	if (cf_ok(status))
		status = wallet_change_again(m->change, i->row.number, i->row.is_private, &p->row);
	if (cf_ok(status))
		status = vault_run(build_in_scope, m);
	rv = cf_ok(status) ? m->rv : rv_of(status);
	return rv == CKR_OK ? put_rows(m, i->handle) : rv;
}

static CK_RV revise_session_object(struct making *m, struct pending *p)
{
	struct token *t = m->who->token;
	CK_RV rv;

	p->session = NEW(session_object);
	if (p->session == NULL)
		return CKR_HOST_MEMORY;
	p->session->plain = (struct buf)BUF_INIT(WALLET_OBJECT_MAX);
	rv = rv_of(vault_run(build_in_scope, m));
	if (rv == CKR_OK)
		rv = m->rv;
	if (rv != CKR_OK)
		return rv;
	token_lock(t);
	if (!session_object_replace(t, handle_number(m->source->handle), p->session))
		rv = CKR_OBJECT_HANDLE_INVALID;
	keys_drop(t, m->source->handle);
	token_unlock(t);
	return rv;
}

CK_RV make_revision(const struct access *who, struct image *image, struct template t)
{
	AUTO_MAKING m = { .who = who, .build = build_changed, .count = 1, .source = image, .template = t };
	struct head_work work = { t, &m.object[0].request.head };
	CK_RV rv = image_run(image, head_in, &work);

	if (rv != CKR_OK)
		return rv;
	token_standing(who->token, &m.standing);
	m.object[0].row = (struct wallet_object)WALLET_OBJECT_INIT;
	switch (handle_kind(image->handle)) {
	case HANDLE_TOKEN:
		return revise_row(&m, &m.object[0]);
	case HANDLE_SESSION:
		return revise_session_object(&m, &m.object[0]);
	case HANDLE_BUILT_IN:
		break;
	}
	return CKR_ACTION_PROHIBITED;
}
