/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in and out of a token, in the forms that object/keyfile.h knows. */
#include "base/error.h"
#include "ck/rv.h"
#include "mech/pbes2.h"
#include "object/keyfile.h"
#include "token/make.h"

/* ---- in: first the file becomes a sealed key ... ---- */

struct opening {
	struct span file, passphrase;
	struct secret *key; /* an encoding as of object/keyinfo.h */
	CK_KEY_TYPE type;
	bool is_public;
	CK_RV rv;
};

static void opening_release(struct opening *o)
{
	secret_unref(o->key);
}

#define AUTO_OPENING __attribute__((cleanup(opening_release))) struct opening

static CK_RV decrypt(struct vault_scope *scope, struct span file, struct span passphrase,
		     struct attrs_writer *out)
{
	struct span plain = SPAN_EMPTY;
	CK_RV rv;

	if (passphrase.p == NULL) {
		cf_ignore(error_set(CF_STATUS(DENIED), "the key is encrypted: its passphrase is needed"),
			  "the return value is the answer");
		return CKR_PIN_INVALID;
	}
	rv = pbes2_decrypt(scope, file, passphrase, &plain);
	if (rv == CKR_OK)
		rv = keyinfo_read_private(scope, plain, out);
	/* One wrong passphrase in 256 gives something that looks padded. */
	return rv == CKR_DATA_INVALID && plain.p != NULL ? pbes2_wrong_passphrase() : rv;
}

static CK_RV read_key(struct vault_scope *scope, struct opening *o)
{
	struct attrs_writer w = { .failed = CKR_OK };
	struct key_file found;
	CK_RV rv;

	if (cf_failed(vault_scope_alloc(scope, o->file.n + KEYINFO_OVERHEAD, &w.room)))
		return CKR_DEVICE_MEMORY;
	rv = key_file_read(scope, o->file, &w, &found);
	if (rv == CKR_OK && found.kind == KEY_FILE_ENCRYPTED)
		rv = decrypt(scope, found.encrypted, o->passphrase, &w);
	if (rv != CKR_OK)
		return rv;
	o->is_public = found.kind == KEY_FILE_PUBLIC;
	o->type = attrs_ulong(attrs_written(&w), CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
	return rv_of(secret_seal(scope, attrs_written(&w).bytes, &o->key));
}

static void open_in_scope(struct vault_scope *scope, void *arg)
{
	struct opening *o = arg;

	o->rv = read_key(scope, o);
}

static CK_RV open_file(struct opening *o)
{
	CK_RV rv;

	if (o->file.n > KEY_FILE_MAX) {
		cf_ignore(error_set(CF_STATUS(LIMIT), "a key file has at most %zu bytes", KEY_FILE_MAX),
			  "the return value is the answer");
		return CKR_DATA_LEN_RANGE;
	}
	rv = rv_of(vault_run(open_in_scope, o));
	return rv == CKR_OK ? o->rv : rv;
}

/* ---- ... then the sealed key becomes objects ---- */

static bool names(struct template t, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < t.count; i++)
		if (t.attr[i].type == type)
			return true;
	return false;
}

/* The parts of the key go into the object; the template must not say what they are. */
static CK_RV give_parts(struct pending *p, struct attrs key)
{
	struct attrs_cursor cursor = { 0 };
	struct attr at;

	while (attrs_next(key, &cursor, &at)) {
		if (at.type == CKA_KEY_TYPE)
			continue; /* checked with the head */
		if (names(p->request.template, at.type))
			return CKR_TEMPLATE_INCONSISTENT;
		pending_give(p, at.type, at.value);
	}
	return cursor.bad ? CKR_DEVICE_ERROR : CKR_OK;
}

/* What the private half has, computed parts too; object_build leaves out what is no public key's.  CKA_VALUE is a private
 * value here, whatever a public key may have under that name. */
static CK_RV give_same(struct pending *pub, const struct pending *priv)
{
	for (size_t i = 0; i < priv->request.given_count; i++) {
		CK_ATTRIBUTE_TYPE type = priv->given[i].type;

		if (type == CKA_VALUE)
			continue;
		if (type == CKA_COFFER_PUBLIC_VALUE)
			type = CKA_VALUE;
		if (names(pub->request.template, type))
			return CKR_TEMPLATE_INCONSISTENT;
		pending_give(pub, type, priv->given[i].value);
	}
	return CKR_OK;
}

static CK_RV build_imported(struct vault_scope *scope, struct making *m)
{
	struct pending *pub = &m->object[0], *priv = &m->object[1];
	struct mspan room;
	struct attrs key;
	CK_RV rv;

	if (cf_failed(vault_scope_alloc(scope, secret_size(m->key), &room)))
		return CKR_DEVICE_MEMORY;
	rv = rv_of(secret_open(scope, m->key, room));
	key.bytes = span(room.p, secret_size(m->key));
	if (rv == CKR_OK && m->count == 2) {
		rv = give_parts(priv, key);
		if (rv == CKR_OK)
			rv = pending_complete(scope, priv);
		if (rv == CKR_OK)
			rv = give_same(pub, priv);
		if (rv == CKR_OK)
			rv = making_build(scope, m, priv);
	} else if (rv == CKR_OK) {
		rv = give_parts(pub, key);
		if (rv == CKR_OK)
			rv = pending_complete(scope, pub);
	}
	return rv == CKR_OK ? making_build(scope, m, pub) : rv;
}

static CK_RV import_head(struct making *m, struct pending *p, struct template t, CK_OBJECT_CLASS class,
			 CK_KEY_TYPE type)
{
	CK_RV rv;

	making_request(m, p, OBJECT_CREATE, t);
	rv = object_head(OBJECT_CREATE, t, class, type, secret_size(m->key) + KEYINFO_OVERHEAD,
			 &p->request.head);
	return rv == CKR_OK ? making_allowed(m, &p->request.head) : rv;
}

CK_RV keys_import(const struct access *who, struct span file, struct span passphrase_opt,
		  struct template public_t, struct template private_t, CK_OBJECT_HANDLE *public_out,
		  CK_OBJECT_HANDLE *private_out)
{
	AUTO_OPENING opening = { .file = file, .passphrase = passphrase_opt };
	AUTO_MAKING m = { .who = who, .build = build_imported };
	CK_RV rv = open_file(&opening);

	if (rv != CKR_OK)
		return rv;
	if (opening.type == CKK_DH && !opening.is_public) {
		cf_ignore(error_set(CF_STATUS(UNSUPPORTED), "a private key for Diffie-Hellman is not read from a file"),
			  "the return value is the answer");
		return CKR_KEY_TYPE_INCONSISTENT;
	}
	m.key = TAKE(opening.key);
	m.count = opening.is_public ? 1 : 2;
	token_standing(who->token, &m.standing);
	rv = import_head(&m, &m.object[0], public_t, CKO_PUBLIC_KEY, opening.type);
	if (rv == CKR_OK && m.count == 2)
		rv = import_head(&m, &m.object[1], private_t, CKO_PRIVATE_KEY, opening.type);
	if (rv == CKR_OK)
		rv = making_finish(&m);
	if (rv != CKR_OK)
		return rv;
	*public_out = m.object[0].handle;
	*private_out = m.count == 2 ? m.object[1].handle : CK_INVALID_HANDLE;
	return CKR_OK;
}

/* ---- out ---- */

struct export {
	struct span passphrase; /* p NULL: none */
	struct mspan out;       /* p NULL: the length is asked for */
	size_t n;
};

/* A secret key has no form that could be encrypted under a passphrase. */
static CK_RV may_leave(struct attrs key, const struct export *e)
{
	CK_OBJECT_CLASS class = attrs_ulong(key, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);

	if (class != CKO_PRIVATE_KEY && (class != CKO_SECRET_KEY || e->passphrase.p != NULL))
		return CKR_KEY_HANDLE_INVALID;
	if (!attrs_bool(key, CKA_EXTRACTABLE, false))
		return CKR_KEY_UNEXTRACTABLE;
	/* A passphrase is no key that the SO has marked as trusted. */
	return attrs_bool(key, CKA_WRAP_WITH_TRUSTED, false) ? CKR_KEY_NOT_WRAPPABLE : CKR_OK;
}

static CK_RV export_in(struct vault_scope *scope, struct attrs key, void *arg)
{
	struct export *e = arg;
	struct mspan room;
	struct span der;
	CK_RV rv = scope == NULL ? CKR_KEY_HANDLE_INVALID : may_leave(key, e);

	if (rv != CKR_OK)
		return rv;
	if (cf_failed(vault_scope_alloc(scope, key.bytes.n + KEYINFO_OVERHEAD, &room)))
		return CKR_DEVICE_MEMORY;
	if (attrs_ulong(key, CKA_CLASS, CK_UNAVAILABLE_INFORMATION) == CKO_SECRET_KEY)
		rv = attrs_find(key, CKA_VALUE, &der) ? CKR_OK : CKR_DEVICE_ERROR;
	else
		rv = keyinfo_write_private(scope, key, room, &der);
	if (rv != CKR_OK)
		return rv;
	e->n = e->passphrase.p == NULL ? der.n : pbes2_size(der.n);
	if (e->out.p == NULL)
		return CKR_OK;
	if (e->out.n < e->n)
		return CKR_BUFFER_TOO_SMALL;
	if (e->passphrase.p != NULL)
		return pbes2_encrypt(scope, der, e->passphrase, mspan(e->out.p, e->n));
	bytes_copy(e->out.p, der.p, der.n);
	return CKR_OK;
}

CK_RV keys_export(const struct access *who, CK_OBJECT_HANDLE object, struct span passphrase_opt,
		  struct mspan out_opt, size_t *n)
{
	AUTO_IMAGE image = IMAGE_INIT;
	struct export e = { passphrase_opt, out_opt, 0 };
	CK_RV rv = image_load(who->token, object, &image);

	if (rv == CKR_OBJECT_HANDLE_INVALID)
		return CKR_KEY_HANDLE_INVALID;
	if (rv == CKR_OK)
		rv = image_run(&image, export_in, &e);
	*n = e.n;
	return rv;
}
