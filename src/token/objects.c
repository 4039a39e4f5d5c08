/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at, changing and destroying objects that are there. make.c makes new ones. */
#include "base/error.h"
#include "base/mem.h"
#include "ck/rv.h"
#include "token/make.h"
#include "token/token_internal.h"

struct get_work {
	enum object_form form;
	CK_ATTRIBUTE *t;
	CK_ULONG count;
};

static CK_RV get_in(struct vault_scope *scope, struct attrs attrs, void *arg)
{
	struct get_work *work = arg;

	return object_get(scope, attrs, work->form, work->t, work->count);
}

CK_RV objects_get(const struct access *who, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *t, CK_ULONG count)
{
	AUTO_IMAGE image = IMAGE_INIT;
	struct get_work work = { who->form, t, count };
	CK_RV rv = image_load(who->token, object, &image);

	image.check_later = image.check_later && template_has((struct template){ t, count }, CKA_CHECK_VALUE);
	return rv == CKR_OK ? image_run(&image, get_in, &work) : rv;
}

static CK_RV size_in(struct vault_scope *scope, struct attrs attrs, void *arg)
{
	(void)scope;
	*(CK_ULONG *)arg = object_size(attrs);
	return CKR_OK;
}

CK_RV objects_size(const struct access *who, CK_OBJECT_HANDLE object, CK_ULONG *size)
{
	AUTO_IMAGE image = IMAGE_INIT;
	CK_RV rv = image_load(who->token, object, &image);

	return rv == CKR_OK ? image_run(&image, size_in, size) : rv;
}

static CK_RV may_destroy(struct vault_scope *scope, struct attrs attrs, void *arg)
{
	(void)scope;
	(void)arg;
	return attrs_bool(attrs, CKA_DESTROYABLE, true) ? CKR_OK : CKR_ACTION_PROHIBITED;
}

static CK_RV remove_row(struct token *t, const struct image *image)
{
	AUTO(wallet_change) change = NULL;
	struct wallet_step step = { 0 };
	struct cf_status status = wallet_change_begin(image->standing.wallet, image->standing.key, &change);

	if (cf_ok(status))
		status = wallet_change_remove(change, image->row.number);
	if (cf_ok(status)) {
		step = wallet_change_step(change);
		status = wallet_change_commit(TAKE(change));
	}
	if (cf_ok(status))
		keys_committed(t, step, image->handle);
	return rv_of(status);
}

static CK_RV destroy_session_object(struct token *t, CK_OBJECT_HANDLE object)
{
	struct session_object *o;
	CK_RV rv = CKR_OK;

	token_lock(t);
	o = session_object_find(t, handle_number(object));
	if (o == NULL) {
		rv = CKR_OBJECT_HANDLE_INVALID;
	} else if (!o->is_destroyable) {
		rv = CKR_ACTION_PROHIBITED;
	} else {
		session_object_remove(t, o);
		keys_drop(t, object);
	}
	token_unlock(t);
	return rv;
}

/* May this session change what is in the wallet? */
static CK_RV may_write(const struct access *who, const struct image *image)
{
	if (handle_kind(image->handle) != HANDLE_TOKEN)
		return CKR_OK;
	if (!who->read_write)
		return CKR_SESSION_READ_ONLY;
	return image->standing.key == NULL ? CKR_USER_NOT_LOGGED_IN : CKR_OK;
}

CK_RV objects_destroy(const struct access *who, CK_OBJECT_HANDLE object)
{
	AUTO_IMAGE image = IMAGE_INIT;
	CK_RV rv;

	if (handle_kind(object) == HANDLE_SESSION)
		return destroy_session_object(who->token, object);
	rv = image_load(who->token, object, &image);
	if (rv == CKR_OK)
		rv = may_write(who, &image);
	if (rv == CKR_OK)
		rv = image_run(&image, may_destroy, NULL); /* which no built-in one allows */
	return rv == CKR_OK ? remove_row(who->token, &image) : rv;
}

CK_RV objects_set(const struct access *who, CK_OBJECT_HANDLE object, struct template t)
{
	AUTO_IMAGE image = IMAGE_INIT;
	CK_RV rv = image_load(who->token, object, &image);

	if (rv == CKR_OK)
		rv = may_write(who, &image);
	return rv == CKR_OK ? make_revision(who, &image, t) : rv;
}
