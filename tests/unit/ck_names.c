/* SPDX-License-Identifier: Apache-2.0 */
#include "ck/names.h"
#include "ck/rv.h"
#include "unit.h"

struct row {
	const char *text;
	CK_ULONG value;
};

#define NAME_CKR(n) { #n, n },
#define NAME_CKM NAME_CKR
#define NAME_CKA NAME_CKR
#define NAME_CKO NAME_CKR
#define NAME_CKK NAME_CKR
#define NAME_CKU NAME_CKR
#define NAME_OLD(n)
static const struct row rows[] = {
#include "ck/names.def"
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const char *name_of(const struct row *r)
{
	switch (r->text[2]) {
	case 'R':
		return name_of_rv(r->value);
	case 'M':
		return name_of_mechanism(r->value);
	case 'A':
		return name_of_attribute(r->value);
	case 'O':
		return name_of_class(r->value);
	case 'K':
		return name_of_key_type(r->value);
	case 'U':
		return name_of_user(r->value);
	default:
		return NULL;
	}
}

static void sorted(void)
{
	for (size_t i = 1; i < ROWS; i++)
		if (rows[i].text[2] == rows[i - 1].text[2] && rows[i].value <= rows[i - 1].value)
			CU_FAIL(rows[i].text);
}

static void both_ways(void)
{
	for (size_t i = 0; i < ROWS; i++) {
		const char *name = name_of(&rows[i]);
		CK_ULONG value = 0;

		if (name == NULL || strcmp(name, rows[i].text) != 0)
			CU_FAIL(rows[i].text);
		CHECK(value_of_name(rows[i].text, &value) && value == rows[i].value);
	}
}

/* Those that the published headers mark as deprecated, or define by the other. */
static void current(void)
{
	static const char *const pairs[][2] = {
		{ "CKM_ECDSA_KEY_PAIR_GEN", "CKM_EC_KEY_PAIR_GEN" },
		{ "CKM_CAST5_CBC_PAD", "CKM_CAST128_CBC_PAD" },
		{ "CKM_PBE_SHA1_CAST5_CBC", "CKM_PBE_SHA1_CAST128_CBC" },
		{ "CKM_DSA_PROBABLISTIC_PARAMETER_GEN", "CKM_DSA_PROBABILISTIC_PARAMETER_GEN" },
		{ "CKA_ECDSA_PARAMS", "CKA_EC_PARAMS" },
		{ "CKA_SUB_PRIME_BITS", "CKA_SUBPRIME_BITS" },
		{ "CKK_ECDSA", "CKK_EC" },
		{ "CKK_CAST5", "CKK_CAST128" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct row r = { pairs[i][0], 0 };

		if (!value_of_name(r.text, &r.value))
			CU_FAIL(r.text);
		CU_ASSERT_STRING_EQUAL(name_of(&r), pairs[i][1]);
	}
}

static void unknown(void)
{
	CK_ULONG value = 7;

	CU_ASSERT_PTR_NULL(name_of_rv(0x7fffffff));
	CU_ASSERT_PTR_NULL(name_of_mechanism(CKM_VENDOR_DEFINED | 1));
	CU_ASSERT_PTR_NULL(name_of_attribute(CKA_VENDOR_DEFINED | 1));
	CU_ASSERT_PTR_NULL(name_of_class(0x7fffffff));
	CU_ASSERT_PTR_NULL(name_of_key_type(0x7fffffff));
	CU_ASSERT_PTR_NULL(name_of_user(9));
	CHECK(!value_of_name("CKA_", &value));
	CHECK(!value_of_name("", &value));
	CU_ASSERT_EQUAL(value, 7);
}

/* Every value of these kinds that is published has a name, and every published name is understood. */
static void complete(void)
{
#define VALUE(name, number) { #name, number },
	static const struct row published[] = {
#include "ck_values.def"
	};

	for (size_t i = 0; i < sizeof(published) / sizeof(published[0]); i++) {
		const char *text = published[i].text;
		CK_ULONG value = 0;
		bool is_kind = text[3] == '_' && text[2] != '_' && strchr("RMAOKU", text[2]) != NULL;

		if (is_kind && strstr(text, "VENDOR_DEFINED") == NULL && strcmp(text, "CKA_SECONDARY_AUTH") != 0 &&
		    strcmp(text, "CKA_AUTH_PIN_FLAGS") != 0 &&
		    (name_of(&published[i]) == NULL || !value_of_name(text, &value) || value != published[i].value))
			CU_FAIL(text);
	}
}

static void translation(void)
{
	static const struct {
		enum cf_code code;
		CK_RV rv;
	} wanted[] = {
		{ CF_CODE_OK, CKR_OK },
		{ CF_CODE_NOMEM, CKR_HOST_MEMORY },
		{ CF_CODE_AGAIN, CKR_FUNCTION_FAILED },
		{ CF_CODE_NOT_FOUND, CKR_OBJECT_HANDLE_INVALID },
		{ CF_CODE_EXISTS, CKR_FUNCTION_REJECTED },
		{ CF_CODE_DENIED, CKR_PIN_INCORRECT },
		{ CF_CODE_LOCKED, CKR_PIN_LOCKED },
		{ CF_CODE_CORRUPT, CKR_DEVICE_ERROR },
		{ CF_CODE_FORGED, CKR_DEVICE_ERROR },
		{ CF_CODE_UNSUPPORTED, CKR_TOKEN_NOT_RECOGNIZED },
		{ CF_CODE_INVALID, CKR_ARGUMENTS_BAD },
		{ CF_CODE_LIMIT, CKR_DEVICE_MEMORY },
		{ CF_CODE_FULL, CKR_DEVICE_MEMORY },
		{ CF_CODE_READONLY, CKR_TOKEN_WRITE_PROTECTED },
		{ CF_CODE_IO, CKR_DEVICE_ERROR },
		{ CF_CODE_CLOSED, CKR_DEVICE_ERROR },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		CU_ASSERT_EQUAL(wanted[i].code, i); /* none is left out */
		CU_ASSERT_EQUAL(rv_of((struct cf_status){ wanted[i].code }), wanted[i].rv);
	}
	CU_ASSERT_EQUAL(rv_of((struct cf_status){ CF_CODE_CLOSED + 1 }), CKR_GENERAL_ERROR);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "each kind of name ascends by value, without doubles", sorted },
		{ "each value gives its name and each name its value", both_ways },
		{ "of two names the current one is given, and both are understood", current },
		{ "what has no name gives none", unknown },
		{ "everything that is published has a name", complete },
		{ "each status has its return value", translation },
		{ NULL, NULL },
	};

	return unit_main("ck/names", tests);
}
