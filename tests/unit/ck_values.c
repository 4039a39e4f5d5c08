/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our header and p11-kit's, as one, against what is published: each value (when this is compiled),
 * each place in the function lists, and the layout of what is passed by value.
 */
#include <stddef.h>

#include "ck/ck.h"
#include "unit.h"

#define VALUE(name, number) _Static_assert((CK_ULONG)(name) == (number), #name);
#include "ck_values.def"

#define FUNCTION(name) PLACE_##name,
enum place {
#include "ck_functions.def"
	PLACES
};
#undef FUNCTION

static void function_list_order(void)
{
	static const struct {
		size_t offset, place;
	} members[] = {
#define FUNCTION(name) { offsetof(CK_FUNCTION_LIST_3_2, name), PLACE_##name },
#include "ck_functions.def"
#undef FUNCTION
	};

	for (size_t i = 0; i < PLACES; i++)
		CHECK(members[i].offset == sizeof(void *) * (1 + members[i].place));
	CU_ASSERT_EQUAL(PLACES, 104);
	CU_ASSERT_EQUAL(sizeof(CK_FUNCTION_LIST_3_2), sizeof(void *) * (1 + PLACES));
}

/* A program casts the list that C_GetInterface gave: the older list is the newer one's beginning. */
static void older_list_is_prefix(void)
{
	CU_ASSERT_EQUAL(offsetof(CK_FUNCTION_LIST, C_WaitForSlotEvent), offsetof(CK_FUNCTION_LIST_3_0, C_WaitForSlotEvent));
	CU_ASSERT_EQUAL(sizeof(CK_FUNCTION_LIST), offsetof(CK_FUNCTION_LIST_3_0, C_GetInterfaceList));
	CU_ASSERT_EQUAL(offsetof(CK_FUNCTION_LIST_3_0, C_MessageVerifyFinal), offsetof(CK_FUNCTION_LIST_3_2, C_MessageVerifyFinal));
	CU_ASSERT_EQUAL(sizeof(CK_FUNCTION_LIST_3_0), offsetof(CK_FUNCTION_LIST_3_2, C_EncapsulateKey));
}

static void structures(void)
{
	CU_ASSERT_EQUAL(offsetof(CK_INTERFACE, pInterfaceName), 0);
	CU_ASSERT_EQUAL(offsetof(CK_INTERFACE, pFunctionList), sizeof(void *));
	CU_ASSERT_EQUAL(offsetof(CK_INTERFACE, flags), 2 * sizeof(void *));
	CU_ASSERT_EQUAL(offsetof(CK_EDDSA_PARAMS, phFlag), 0);
	CU_ASSERT_EQUAL(offsetof(CK_EDDSA_PARAMS, ulContextDataLen), sizeof(CK_ULONG));
	CU_ASSERT_EQUAL(offsetof(CK_EDDSA_PARAMS, pContextData), 2 * sizeof(CK_ULONG));
	CU_ASSERT_EQUAL(offsetof(CK_ASYNC_DATA, pValue), sizeof(CK_ULONG));
	CU_ASSERT_EQUAL(offsetof(CK_ASYNC_DATA, hAdditionalObject), 3 * sizeof(CK_ULONG) + sizeof(void *));
	CU_ASSERT_EQUAL(CK_UNAVAILABLE_INFORMATION, (CK_ULONG)-1);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "the 3.2 list has the published functions in the published order", function_list_order },
		{ "each list is the beginning of the next", older_list_is_prefix },
		{ "structures are laid out as published", structures },
		{ NULL, NULL },
	};

	return unit_main("ck/values", tests);
}
