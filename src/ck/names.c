/* SPDX-License-Identifier: Apache-2.0 */
#include "ck/names.h"

#include <stddef.h>
#include <string.h>

struct name {
	CK_ULONG value;
	const char *text;
};

/* Each kind is one table: the others' rows are empty while it is made. */
#define NAME_CKR(n) { n, #n },
#define NAME_CKM(n)
#define NAME_CKA(n)
#define NAME_CKO(n)
#define NAME_CKK(n)
#define NAME_CKU(n)
#define NAME_OLD(n)
static const struct name rv_names[] = {
#include "ck/names.def"
};
#undef NAME_CKR
#define NAME_CKR(n)

#undef NAME_CKM
#define NAME_CKM(n) { n, #n },
static const struct name mechanism_names[] = {
#include "ck/names.def"
};
#undef NAME_CKM
#define NAME_CKM(n)

#undef NAME_CKA
#define NAME_CKA(n) { n, #n },
static const struct name attribute_names[] = {
#include "ck/names.def"
};
#undef NAME_CKA
#define NAME_CKA(n)

#undef NAME_CKO
#define NAME_CKO(n) { n, #n },
static const struct name class_names[] = {
#include "ck/names.def"
};
#undef NAME_CKO
#define NAME_CKO(n)

#undef NAME_CKK
#define NAME_CKK(n) { n, #n },
static const struct name key_type_names[] = {
#include "ck/names.def"
};
#undef NAME_CKK
#define NAME_CKK(n)

#undef NAME_CKU
#define NAME_CKU(n) { n, #n },
static const struct name user_names[] = {
#include "ck/names.def"
};
#undef NAME_CKU
#define NAME_CKU(n)

#undef NAME_OLD
#define NAME_OLD(n) { n, #n },
static const struct name old_names[] = {
#include "ck/names.def"
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const struct name *names;
	size_t count;
} kinds[] = {
	{ rv_names, COUNT(rv_names) },
	{ mechanism_names, COUNT(mechanism_names) },
	{ attribute_names, COUNT(attribute_names) },
	{ class_names, COUNT(class_names) },
	{ key_type_names, COUNT(key_type_names) },
	{ user_names, COUNT(user_names) },
	{ old_names, COUNT(old_names) },
};

/* The tables of current names ascend: proved by a unit test. */
static const char *find(const struct name *names, size_t count, CK_ULONG value)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (names[middle].value == value)
			return names[middle].text;
		if (names[middle].value < value)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *name_of_rv(CK_RV rv)
{
	return find(rv_names, COUNT(rv_names), rv);
}

const char *name_of_mechanism(CK_MECHANISM_TYPE type)
{
	return find(mechanism_names, COUNT(mechanism_names), type);
}

const char *name_of_attribute(CK_ATTRIBUTE_TYPE type)
{
	return find(attribute_names, COUNT(attribute_names), type);
}

const char *name_of_class(CK_OBJECT_CLASS class)
{
	return find(class_names, COUNT(class_names), class);
}

const char *name_of_key_type(CK_KEY_TYPE type)
{
	return find(key_type_names, COUNT(key_type_names), type);
}

const char *name_of_user(CK_USER_TYPE user)
{
	return find(user_names, COUNT(user_names), user);
}

bool value_of_name(const char *name, CK_ULONG *value)
{
	for (size_t k = 0; k < COUNT(kinds); k++)
		for (size_t i = 0; i < kinds[k].count; i++)
			if (strcmp(kinds[k].names[i].text, name) == 0) {
				*value = kinds[k].names[i].value;
				return true;
			}
	return false;
}
