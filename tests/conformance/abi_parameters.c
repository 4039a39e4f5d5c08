/* SPDX-License-Identifier: Apache-2.0 */
/* A parameter that is not as the specification has it is refused, never ignored (CKR_MECHANISM_PARAM_INVALID). */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "abi.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct bad {
	const char *structure;
	size_t size, at, n;
	CK_ULONG value;
	const char *what;
} bad[] = {
#define SHAPE(mechanism, structure)
#define BAD(structure, field, value, what) \
	{ #structure, sizeof(structure), offsetof(structure, field), sizeof(((structure *)NULL)->field), value, what },
#include "abi_bad.def"
#undef BAD
#undef SHAPE
};

static const struct shape {
	CK_MECHANISM_TYPE mechanism;
	const char *structure;
} shapes[] = {
#define SHAPE(mechanism, structure) { CKM_##mechanism, #structure },
#define BAD(structure, field, value, what)
#include "abi_bad.def"
#undef BAD
#undef SHAPE
};

/* Encapsulation makes the other party's value: none goes in. */
static bool has_peer(const struct abi *a)
{
	return a->row->parameter == PEER && (a->direction->flag & (CKF_ENCAPSULATE | CKF_DECAPSULATE)) == 0;
}

static bool begins_messages(const struct abi *a)
{
	return (a->direction->flag & (CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT)) != 0;
}

CK_MECHANISM *abi_mechanism(struct abi *a, struct parameter *p)
{
	static CK_UTF8CHAR password[] = "a password";
	size_t iv = parameter_iv_size(a->row->parameter), n;
	const void *fixed = parameter_fixed(a->row->parameter, &n);

	*p = (struct parameter){ .mechanism = { a->row->mechanism, NULL, 0 }, .password = password, .password_n = sizeof(password) - 1 };
	p->data_n = a->direction->announces_data ? a->row->size : 32;
	if (iv > 0)
		p->p = a->iv, p->n = iv;
	else if (has_peer(a))
		p->p = a->peer[a->row->key].p, p->n = a->peer[a->row->key].n;
	else if (a->row->parameter == TARGET)
		p->p = (CK_BYTE_PTR)&a->target, p->n = sizeof(a->target);
	else if (fixed != NULL)
		p->p = (CK_BYTE_PTR)(uintptr_t)fixed, p->n = n;
	parameter_shape(p);
	if (begins_messages(a))
		p->mechanism = (CK_MECHANISM){ a->row->mechanism, NULL, 0 }; /* each message has its own */
	return &p->mechanism;
}

static void refused(struct abi *a, CK_MECHANISM *m, const char *what)
{
	CK_RV rv = a->direction->start(a, m, abi_key(a, false));

	(void)abi_true(a, rv == CKR_MECHANISM_PARAM_INVALID || (rv == CKR_ARGUMENTS_BAD && m->pParameter == NULL), what);
	if (rv != CKR_OK)
		(void)abi_true(a, a->direction->stop == NULL || a->direction->start(a, NULL, CK_INVALID_HANDLE) == CKR_OK,
			       "after a parameter that was refused nothing is active");
	else if (a->direction->stop != NULL)
		(void)a->direction->stop(a);
}

/* The other party's number, without zeros before it or with them. */
static bool of_any_length(const struct abi *a)
{
	return a->row->mechanism == CKM_DH_PKCS_DERIVE && has_peer(a);
}

/* May the parameter be left out? */
static bool optional(const CK_MECHANISM *right)
{
	return right->ulParameterLen == 0;
}

static void lengths(struct abi *a, const CK_MECHANISM *right)
{
	static CK_BYTE bytes[300];
	/* No mechanism has a parameter of that size. */
	static const CK_ULONG odd[] = { 1, 3, 17, 300 };
	CK_MECHANISM m = *right;

	m.pParameter = NULL;
	m.ulParameterLen = optional(right) ? 5 : right->ulParameterLen;
	refused(a, &m, "a parameter that is NULL and has a length");
	for (size_t i = 0; i < COUNT(odd) && !of_any_length(a); i++) {
		m.pParameter = optional(right) ? bytes : right->pParameter;
		m.ulParameterLen = odd[i];
		refused(a, &m, "a parameter of a size that it does not have");
	}
	if (optional(right))
		return;
	m = (CK_MECHANISM){ right->mechanism, NULL, 0 };
	refused(a, &m, "no parameter");
	m.pParameter = right->pParameter;
	m.ulParameterLen = right->ulParameterLen - 1;
	if (!of_any_length(a))
		refused(a, &m, "a parameter that is a byte too short");
	m.ulParameterLen = right->ulParameterLen + 1;
	refused(a, &m, "a parameter that is a byte too long");
}

static void put(CK_BYTE *field, size_t n, CK_ULONG value)
{
	CK_BBOOL small = (CK_BBOOL)value;

	memcpy(field, n == 1 ? (void *)&small : (void *)&value, n == 1 ? 1 : sizeof(value));
}

/* Also where it is not aligned. */
static void fields(struct abi *a, const CK_MECHANISM *right, const char *structure)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		CK_BYTE copy[256];
		CK_MECHANISM m = { right->mechanism, copy + 1, right->ulParameterLen };

		if (strcmp(bad[i].structure, structure) != 0)
			continue;
		REQUIRE(bad[i].size == right->ulParameterLen && bad[i].size < sizeof(copy));
		memcpy(copy + 1, right->pParameter, right->ulParameterLen);
		put(copy + 1 + bad[i].at, bad[i].n, bad[i].value);
		refused(a, &m, bad[i].what);
	}
}

void abi_parameters(struct abi *a)
{
	struct parameter p;
	const CK_MECHANISM *right = abi_mechanism(a, &p);

	lengths(a, right);
	for (size_t i = 0; right->ulParameterLen != 0 && i < COUNT(shapes); i++)
		if (shapes[i].mechanism == a->row->mechanism)
			fields(a, right, shapes[i].structure);
}
