/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/keys.h"

#include <stdlib.h>

#include "base/codec.h"
#include "base/der.h"
#include "base/mem.h"

#define HANDLES_AT_ONCE 256

void key_rows_release(struct key_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		mem_free(rows->row[i].memory);
	mem_free(rows->row);
	*rows = (struct key_rows)KEY_ROWS_INIT;
}

/* ---- one object ---- */

enum {
	AT_TYPE,
	AT_LABEL,
	AT_ID,
	AT_PARAMS,
	AT_MODULUS,
	AT_SET,
	AT_POINT,
	AT_INFO,
	AT_SENSITIVE,
	AT_EXTRACTABLE,
	AT_LOCAL,
	AT_NEVER_EXTRACTABLE,
	ATS
};

static struct span value_of(const CK_ATTRIBUTE *a)
{
	return a->ulValueLen == CK_UNAVAILABLE_INFORMATION || a->ulValueLen == 0 ? SPAN_EMPTY :
										   span(a->pValue, a->ulValueLen);
}

/* CK_UNAVAILABLE_INFORMATION: it is not there. */
static CK_ULONG number_of(const CK_ATTRIBUTE *a)
{
	CK_ULONG number = CK_UNAVAILABLE_INFORMATION;
	struct span v = value_of(a);

	if (v.n == sizeof(number))
		memcpy(&number, v.p, sizeof(number));
	return number;
}

static bool is_true(const CK_ATTRIBUTE *a)
{
	struct span v = value_of(a);

	return v.n == sizeof(CK_BBOOL) && v.p[0] == CK_TRUE;
}

/* The bits of a SubjectPublicKeyInfo. */
static bool info_bits(struct span info, struct span *bits)
{
	struct span body, algorithm;

	return der_take(&info, DER_SEQUENCE, &body) && der_take(&body, DER_SEQUENCE, &algorithm) &&
	       der_take_bits(&body, bits);
}

static void row_fill(struct key_row *row, const CK_ATTRIBUTE *t)
{
	row->type = number_of(&t[AT_TYPE]);
	row->label = value_of(&t[AT_LABEL]);
	row->id = value_of(&t[AT_ID]);
	row->info = value_of(&t[AT_INFO]);
	row->point = value_of(&t[AT_POINT]);
	if (row->info.n != 0 && !info_bits(row->info, &row->point))
		row->info = SPAN_EMPTY;
	row->kind = key_type_of(row->type, value_of(&t[AT_PARAMS]), value_of(&t[AT_MODULUS]), number_of(&t[AT_SET]));
	row->sensitive = is_true(&t[AT_SENSITIVE]);
	row->extractable = is_true(&t[AT_EXTRACTABLE]);
	row->local = is_true(&t[AT_LOCAL]);
	row->never_extractable = is_true(&t[AT_NEVER_EXTRACTABLE]);
}

/* Lengths first, then the values; an attribute that this object does not have says so in its length. */
static CK_RV row_read(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE handle, struct key_row *row)
{
	CK_ATTRIBUTE t[ATS] = {
		[AT_TYPE] = { CKA_KEY_TYPE, NULL, 0 },
		[AT_LABEL] = { CKA_LABEL, NULL, 0 },
		[AT_ID] = { CKA_ID, NULL, 0 },
		[AT_PARAMS] = { CKA_EC_PARAMS, NULL, 0 },
		[AT_MODULUS] = { CKA_MODULUS, NULL, 0 },
		[AT_SET] = { CKA_PARAMETER_SET, NULL, 0 },
		[AT_POINT] = { CKA_EC_POINT, NULL, 0 },
		[AT_INFO] = { CKA_PUBLIC_KEY_INFO, NULL, 0 },
		[AT_SENSITIVE] = { CKA_SENSITIVE, NULL, 0 },
		[AT_EXTRACTABLE] = { CKA_EXTRACTABLE, NULL, 0 },
		[AT_LOCAL] = { CKA_LOCAL, NULL, 0 },
		[AT_NEVER_EXTRACTABLE] = { CKA_NEVER_EXTRACTABLE, NULL, 0 },
	};
	size_t n = 0;
	uint8_t *at;
	CK_RV rv = cli->p11->C_GetAttributeValue(session, handle, t, ATS);

	if (rv != CKR_OK && rv != CKR_ATTRIBUTE_TYPE_INVALID)
		return rv;
	for (size_t i = 0; i < ATS; i++)
		n += t[i].ulValueLen == CK_UNAVAILABLE_INFORMATION ? 0 : t[i].ulValueLen;
	at = row->memory = must(mem_alloc(n));
	for (size_t i = 0; i < ATS; i++) {
		t[i].pValue = at;
		t[i].ulValueLen = t[i].ulValueLen == CK_UNAVAILABLE_INFORMATION ? 0 : t[i].ulValueLen;
		at += t[i].ulValueLen;
	}
	rv = cli->p11->C_GetAttributeValue(session, handle, t, ATS);
	if (rv != CKR_OK && rv != CKR_ATTRIBUTE_TYPE_INVALID)
		return rv;
	row_fill(row, t);
	return CKR_OK;
}

/* ---- many objects ---- */

struct handles {
	CK_OBJECT_HANDLE *handle;
	size_t count, room;
};

static CK_RV collect(const struct cli *cli, CK_SESSION_HANDLE session, struct handles *h)
{
	CK_ULONG found = 1;
	CK_RV rv = CKR_OK;

	while (rv == CKR_OK && found > 0) {
		if (h->room - h->count < HANDLES_AT_ONCE) {
			h->room = h->room * 2 + HANDLES_AT_ONCE;
			h->handle = must(mem_resize(h->handle, h->room * sizeof(*h->handle)));
		}
		rv = cli->p11->C_FindObjects(session, h->handle + h->count, HANDLES_AT_ONCE, &found);
		h->count += rv == CKR_OK ? found : 0;
	}
	return rv;
}

static CK_RV search(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, const CK_ATTRIBUTE *t,
		    CK_ULONG count, struct handles *h)
{
	CK_ATTRIBUTE *all = must(mem_array(count + 1, sizeof(*all)));
	CK_RV rv;

	bytes_copy(all, t, count * sizeof(*t));
	all[count] = (CK_ATTRIBUTE){ CKA_CLASS, &class, sizeof(class) };
	rv = cli->p11->C_FindObjectsInit(session, all, count + 1);
	if (rv == CKR_OK)
		rv = collect(cli, session, h);
	if (rv == CKR_OK) /* else the sentence is kept, and the command ends */
		rv = cli->p11->C_FindObjectsFinal(session);
	mem_free(all);
	return rv;
}

static CK_RV rows_add(const struct cli *cli, CK_SESSION_HANDLE session, const struct handles *h, CK_OBJECT_CLASS class,
		      struct key_rows *rows)
{
	rows->row = must(mem_resize(rows->row, (rows->count + h->count + 1) * sizeof(*rows->row)));
	for (size_t i = 0; i < h->count; i++) {
		struct key_row *row = &rows->row[rows->count];
		CK_RV rv;

		*row = (struct key_row){ 0 };
		rv = row_read(cli, session, h->handle[i], row);
		if (class == CKO_PUBLIC_KEY)
			row->public_key = h->handle[i];
		else
			row->private_key = h->handle[i];
		rows->count++;
		if (rv == CKR_OBJECT_HANDLE_INVALID)
			mem_free(rows->row[--rows->count].memory); /* gone since it was found */
		else if (rv != CKR_OK)
			return rv;
	}
	return CKR_OK;
}

static int compare_spans(struct span a, struct span b)
{
	int order = memcmp(a.n == 0 ? (const void *)"" : a.p, b.n == 0 ? (const void *)"" : b.p, a.n < b.n ? a.n : b.n);

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* Halves of one key come together, the public one first. */
static int compare_rows(const void *a, const void *b)
{
	const struct key_row *x = a, *y = b;
	int order = compare_spans(x->point, y->point);

	if (order == 0)
		order = compare_spans(x->id, y->id);
	if (order == 0)
		order = (x->public_key == CK_INVALID_HANDLE) - (y->public_key == CK_INVALID_HANDLE);
	return order;
}

/* An ID that one half has not got yet does not part them: a new key gets its ID in two steps. */
static bool are_halves(const struct key_row *pub, const struct key_row *priv)
{
	bool id = span_eq(pub->id, priv->id) || (pub->id.n == 0 && pub->point.n != 0);

	return id && pub->public_key != CK_INVALID_HANDLE && pub->private_key == CK_INVALID_HANDLE &&
	       priv->public_key == CK_INVALID_HANDLE && pub->type == priv->type && span_eq(pub->point, priv->point);
}

/* One row of two, in the place of the first; the one with the ID is kept. */
static void join(struct key_row *pub, struct key_row *priv)
{
	struct key_row joined = pub->id.n == 0 ? *priv : *pub;

	mem_free(pub->id.n == 0 ? pub->memory : priv->memory);
	joined.public_key = pub->public_key;
	joined.private_key = priv->private_key;
	joined.sensitive = priv->sensitive;
	joined.extractable = priv->extractable;
	joined.local = priv->local;
	joined.never_extractable = priv->never_extractable;
	*pub = joined;
}

static void join_halves(struct key_rows *rows)
{
	size_t kept = 0;

	if (rows->count > 1)
		qsort(rows->row, rows->count, sizeof(*rows->row), compare_rows);
	for (size_t i = 0; i < rows->count; i++) {
		if (kept > 0 && are_halves(&rows->row[kept - 1], &rows->row[i]))
			join(&rows->row[kept - 1], &rows->row[i]);
		else
			rows->row[kept++] = rows->row[i];
	}
	rows->count = kept;
}

static int by_label(const void *a, const void *b)
{
	const struct key_row *x = a, *y = b;
	int order = compare_spans(x->label, y->label);

	return order != 0 ? order : compare_rows(a, b);
}

enum outcome key_of_handle(const struct cli *cli, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE public_key,
			   struct key_rows *out)
{
	const struct handles one = { &public_key, 1, 1 };
	CK_RV rv = rows_add(cli, session, &one, CKO_PUBLIC_KEY, out);

	if (rv == CKR_OK && out->count == 0)
		rv = CKR_OBJECT_HANDLE_INVALID;
	return rv == CKR_OK ? OUTCOME_OK : fail_rv(cli, rv, "cannot read the key");
}

enum outcome keys_find(const struct cli *cli, CK_SESSION_HANDLE session, const CK_ATTRIBUTE *t, CK_ULONG count,
		       struct key_rows *out)
{
	static const CK_OBJECT_CLASS classes[] = { CKO_PUBLIC_KEY, CKO_PRIVATE_KEY };
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < 2 && rv == CKR_OK; i++) {
		struct handles h = { 0 };

		rv = search(cli, session, classes[i], t, count, &h);
		if (rv == CKR_OK)
			rv = rows_add(cli, session, &h, classes[i], out);
		mem_free(h.handle);
	}
	if (rv != CKR_OK)
		return fail_rv(cli, rv, "cannot look for keys");
	join_halves(out);
	if (out->count > 1)
		qsort(out->row, out->count, sizeof(*out->row), by_label);
	return OUTCOME_OK;
}
