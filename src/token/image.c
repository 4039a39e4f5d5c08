/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "base/mem.h"
#include "ck/rv.h"
#include "token/token_internal.h"

void image_release(struct image *i)
{
	wallet_object_release(&i->row);
	secret_unref(i->sealed);
	i->sealed = NULL;
	buf_release(&i->plain);
	standing_release(&i->standing);
}

CK_RV built_in(uint64_t number, struct buf *out)
{
	static const struct {
		CK_ULONG profile;
		const char *label;
		const char *id;
	} profiles[BUILT_INS] = {
		{ CKP_BASELINE_PROVIDER, "Baseline Provider", "00000000-0000-4000-8000-000000000001" },
		{ CKP_EXTENDED_PROVIDER, "Extended Provider", "00000000-0000-4000-8000-000000000002" },
		{ CKP_AUTHENTICATION_TOKEN, "Authentication Token", "00000000-0000-4000-8000-000000000003" },
		{ CKP_PUBLIC_CERTIFICATES_TOKEN, "Public Certificates Token", "00000000-0000-4000-8000-000000000004" },
	};
	struct attrs_writer w = { .failed = CKR_OK };

	if (number == 0 || number > BUILT_INS)
		return CKR_OBJECT_HANDLE_INVALID;
	if (cf_failed(buf_grow(out, 512)))
		return CKR_HOST_MEMORY;
	w.room = mspan(out->p, out->n);
	attrs_write_ulong(&w, CKA_CLASS, CKO_PROFILE);
	attrs_write_bool(&w, CKA_TOKEN, true);
	attrs_write_bool(&w, CKA_PRIVATE, false);
	attrs_write(&w, CKA_LABEL, span_str(profiles[number - 1].label));
	attrs_write(&w, CKA_UNIQUE_ID, span_str(profiles[number - 1].id));
	attrs_write_bool(&w, CKA_MODIFIABLE, false);
	attrs_write_bool(&w, CKA_COPYABLE, false);
	attrs_write_bool(&w, CKA_DESTROYABLE, false);
	attrs_write_ulong(&w, CKA_PROFILE_ID, profiles[number - 1].profile);
	out->n = w.n;
	return w.failed;
}

static CK_RV load_session(struct token *t, uint64_t number, struct image *out)
{
	struct session_object *o;
	CK_RV rv = CKR_OK;

	token_lock(t);
	o = session_object_find(t, number);
	out->session_changes = t->session_changes;
	if (o == NULL) {
		rv = CKR_OBJECT_HANDLE_INVALID;
	} else if (o->sealed != NULL) {
		out->sealed = secret_ref(o->sealed);
		out->is_sealed = true;
		out->check_later = o->check_later;
	} else {
		buf_bytes(&out->plain, buf_span(&o->plain));
		rv = rv_of(buf_status(&out->plain));
	}
	token_unlock(t);
	return rv;
}

static CK_RV load_row(uint64_t number, struct image *out)
{
	struct wallet *w = out->standing.wallet;
	struct cf_status status;

	if (w == NULL)
		return CKR_OBJECT_HANDLE_INVALID;
	CK_RV rv = rv_of(wallet_generation(w, &out->generation));

	if (rv != CKR_OK)
		return rv;
	status = wallet_fetch(w, out->standing.key, number, &out->row);
	if (cf_failed(status))
		return rv_of(status);
	if (out->row.is_private && out->standing.login != TOKEN_USER)
		return CKR_OBJECT_HANDLE_INVALID;
	out->is_sealed = out->row.is_private;
	return CKR_OK;
}

CK_RV image_load(struct token *t, CK_OBJECT_HANDLE handle, struct image *out)
{
	out->handle = handle;
	token_standing(t, &out->standing);
	switch (handle_kind(handle)) {
	case HANDLE_TOKEN:
		return load_row(handle_number(handle), out);
	case HANDLE_SESSION:
		return load_session(t, handle_number(handle), out);
	case HANDLE_BUILT_IN:
		return built_in(handle_number(handle), &out->plain);
	}
	return CKR_OBJECT_HANDLE_INVALID;
}

/* In its place among the others. */
static CK_RV add_check_value(struct vault_scope *scope, struct attrs *a)
{
	struct attrs_writer w = { .failed = CKR_OK };
	struct attrs_cursor cursor = { 0 };
	uint8_t check[MECH_CHECK_VALUE];
	struct span value = SPAN_EMPTY;
	bool written = false;
	struct attr at;
	CK_RV rv;

	if (cf_failed(vault_scope_alloc(scope, a->bytes.n + ATTRS_RECORD_MORE + sizeof(check), &w.room)))
		return CKR_DEVICE_MEMORY;
	(void)attrs_find(*a, CKA_VALUE, &value);
	rv = mech_check_value(scope, attrs_ulong(*a, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION), value, check);
	while (rv == CKR_OK && attrs_next(*a, &cursor, &at)) {
		if (!written && at.type > CKA_CHECK_VALUE)
			attrs_write(&w, CKA_CHECK_VALUE, SPAN_OF(check));
		written = written || at.type > CKA_CHECK_VALUE;
		attrs_write(&w, at.type, at.value);
	}
	*a = attrs_written(&w);
	return rv == CKR_OK ? w.failed : rv;
}

CK_RV image_open(struct vault_scope *scope, struct image *i, struct attrs *out)
{
	size_t n = i->sealed != NULL ? secret_size(i->sealed) : i->row.body.n;
	struct mspan room;
	struct cf_status status = vault_scope_alloc(scope, n, &room);

	if (cf_failed(status))
		return CKR_DEVICE_MEMORY;
	if (i->sealed != NULL)
		status = secret_open(scope, i->sealed, room);
	else
		status = wallet_open_private(scope, i->standing.wallet, i->standing.key, &i->row, room, &n);
	out->bytes = span(room.p, n);
	return cf_ok(status) && i->check_later ? add_check_value(scope, out) : rv_of(status);
}

struct run_work {
	struct image *image;
	image_fn fn;
	void *arg;
	CK_RV rv;
};

static void run_in_scope(struct vault_scope *scope, void *arg)
{
	struct run_work *work = arg;
	struct attrs attrs;

	work->rv = image_open(scope, work->image, &attrs);
	if (work->rv == CKR_OK)
		work->rv = work->fn(scope, attrs, work->arg);
}

static CK_RV plain_attrs(struct image *i, struct attrs *out)
{
	if (handle_kind(i->handle) != HANDLE_TOKEN) {
		out->bytes = buf_span(&i->plain);
		return CKR_OK;
	}
	return rv_of(wallet_open_public(i->standing.wallet, i->standing.key, &i->row, &out->bytes));
}

CK_RV image_run(struct image *i, image_fn fn, void *arg)
{
	struct run_work work = { i, fn, arg, CKR_OK };
	struct attrs attrs;
	CK_RV rv;

	if (i->is_sealed) {
		rv = rv_of(vault_run(run_in_scope, &work));
		return rv == CKR_OK ? work.rv : rv;
	}
	rv = plain_attrs(i, &attrs);
	return rv == CKR_OK ? fn(NULL, attrs, arg) : rv;
}
