/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every mechanism of C_GetMechanismList in every direction that C_GetMechanismInfo says it has: a mechanism without a row in
 * tests/support/mechanisms.def (mechanisms_pqc.def), or a flag without a procedure here, fails.
 */
#include "abi.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define OPERATION(flag, name, public, work, wrong) \
	{ flag, name, public, true, abi_start_operation, abi_stop_operation, work, wrong, CKR_KEY_HANDLE_INVALID }
#define MESSAGES(flag, name, public, work) \
	{ flag, name, public, true, abi_start_messages, abi_stop_messages, work, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_HANDLE_INVALID }
#define CALL(flag, name, public, start, work, wrong, handle) { flag, name, public, false, start, NULL, work, wrong, handle }

static const struct direction directions[] = {
	OPERATION(CKF_DIGEST, "digest", false, abi_work_digest, CKR_OK),
	OPERATION(CKF_ENCRYPT, "encrypt", true, abi_work_encrypt, CKR_KEY_TYPE_INCONSISTENT),
	OPERATION(CKF_DECRYPT, "decrypt", false, abi_work_decrypt, CKR_KEY_TYPE_INCONSISTENT),
	OPERATION(CKF_SIGN, "sign", false, abi_work_sign, CKR_KEY_TYPE_INCONSISTENT),
	{ CKF_VERIFY, "verify", true, true, abi_start_verify, abi_stop_verify, abi_work_verify, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_HANDLE_INVALID },
	OPERATION(CKF_SIGN_RECOVER, "sign recover", false, abi_work_sign_recover, CKR_KEY_TYPE_INCONSISTENT),
	OPERATION(CKF_VERIFY_RECOVER, "verify recover", true, abi_work_verify_recover, CKR_KEY_TYPE_INCONSISTENT),
	MESSAGES(CKF_MESSAGE_ENCRYPT, "message encrypt", true, abi_work_message_encrypt),
	MESSAGES(CKF_MESSAGE_DECRYPT, "message decrypt", false, abi_work_message_decrypt),
	MESSAGES(CKF_MESSAGE_SIGN, "message sign", false, abi_work_message_sign),
	MESSAGES(CKF_MESSAGE_VERIFY, "message verify", true, abi_work_message_verify),
	CALL(CKF_WRAP, "wrap", true, abi_start_wrap, abi_work_wrap, CKR_WRAPPING_KEY_TYPE_INCONSISTENT, CKR_WRAPPING_KEY_HANDLE_INVALID),
	CALL(CKF_UNWRAP, "unwrap", false, abi_start_unwrap, abi_work_unwrap, CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT,
	     CKR_UNWRAPPING_KEY_HANDLE_INVALID),
	CALL(CKF_DERIVE, "derive", false, abi_start_derive, abi_work_derive, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_HANDLE_INVALID),
	CALL(CKF_GENERATE, "generate", false, abi_start_generate, abi_work_generate, CKR_OK, CKR_OK),
	CALL(CKF_GENERATE_KEY_PAIR, "generate pair", false, abi_start_pair, abi_work_pair, CKR_OK, CKR_OK),
	CALL(CKF_ENCAPSULATE, "encapsulate", true, abi_start_encapsulate, abi_work_encapsulate, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_HANDLE_INVALID),
	CALL(CKF_DECAPSULATE, "decapsulate", false, abi_start_decapsulate, abi_work_decapsulate, CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT,
	     CKR_UNWRAPPING_KEY_HANDLE_INVALID),
};

/* Flags that name no direction. */
#define FACTS (CKF_HW | CKF_EC_F_P | CKF_EC_F_2M | CKF_EC_ECPARAMETERS | CKF_EC_OID | CKF_EC_UNCOMPRESS | CKF_EC_COMPRESS | CKF_EC_CURVENAME)

static struct abi a;

bool abi_true(const struct abi *of, bool ok, const char *what)
{
	if (!ok)
		printf("\n    CKM_%s (key %d), %s: %s", of->row->name, (int)of->row->key, of->direction->name, what);
	CHECK(ok);
	return ok;
}

bool abi_rv(const struct abi *of, CK_RV got, CK_RV want, const char *what)
{
	if (got != want)
		printf("\n    CKM_%s (key %d), %s: %s: 0x%lx, not 0x%lx", of->row->name, (int)of->row->key, of->direction->name, what, got, want);
	CHECK(got == want);
	return got == want;
}

/* Of rows for message-based functions and authenticated wrapping there is another one, whose flags say the same. */
static bool is_doubled(const struct mechanism_row *r)
{
	return (r->use & (SIGN_MESSAGE | ENCRYPT_MESSAGE | WRAP_AUTHENTICATED)) != 0;
}

static void setup(void)
{
	REQUIRE(p11_load(&a.m, "enabled-mechanisms = CKM_DES2_KEY_GEN, CKM_DES3_KEY_GEN, CKM_DES3_ECB, CKM_DES3_CBC, CKM_DES3_CBC_PAD, "
			       "CKM_DES3_CMAC, CKM_DES3_CMAC_GENERAL\n"));
	REQUIRE_RV(a.m.f->C_Initialize(NULL), CKR_OK);
	REQUIRE(a.m.f3 != NULL && a.m.f32 != NULL);
	a.slot = p11_token(&a.m, "abi");
	REQUIRE(a.slot != P11_NO_SLOT);
	a.s = p11_session(&a.m, a.slot, true);
	REQUIRE(a.s != 0);
	for (size_t i = 0; i < sizeof(a.data); i++)
		a.data[i] = (CK_BYTE)(i * 7 + 1);
	for (size_t i = 0; i < sizeof(a.iv); i++)
		a.iv[i] = (CK_BYTE)(i + 0x30);
	abi_keys_make(&a);
}

/* ---- the rules that go for every direction ---- */

static void check_keys(void)
{
	struct parameter p;
	CK_MECHANISM *m = abi_mechanism(&a, &p);

	if (a.direction->wrong_type == CKR_OK)
		return;
	(void)abi_rv(&a, a.direction->start(&a, m, abi_wrong_key(&a)), a.direction->wrong_type, "a key of another type");
	/* It goes "regardless of its CKA_DERIVE attribute value". */
	if (a.row->mechanism != CKM_PUB_KEY_FROM_PRIV_KEY)
		(void)abi_rv(&a, a.direction->start(&a, m, abi_key(&a, true)), CKR_KEY_FUNCTION_NOT_PERMITTED, "a key that may not");
	(void)abi_rv(&a, a.direction->start(&a, m, 0x7ffffff), a.direction->bad_handle, "a key that there is not");
	(void)abi_rv(&a, a.direction->start(&a, m, CK_INVALID_HANDLE), a.direction->bad_handle, "handle 0");
}

static void check_active(void)
{
	struct parameter p;
	CK_MECHANISM *m = abi_mechanism(&a, &p);

	if (a.direction->stop == NULL || !abi_rv(&a, a.direction->start(&a, m, abi_key(&a, false)), CKR_OK, "Init"))
		return;
	(void)abi_rv(&a, a.direction->start(&a, m, abi_key(&a, false)), CKR_OPERATION_ACTIVE, "a second Init");
	(void)abi_rv(&a, a.direction->stop(&a), CKR_OK, "a NULL mechanism");
}

static void one_direction(const struct direction *d)
{
	a.direction = d;
	abi_parameters(&a);
	check_keys();
	check_active();
	d->work(&a);
}

static void one_row(const struct mechanism_row *row)
{
	CK_MECHANISM_INFO info;

	a.row = row;
	a.direction = &directions[0];
	if (!abi_rv(&a, a.m.f->C_GetMechanismInfo(a.slot, row->mechanism, &info), CKR_OK, "C_GetMechanismInfo"))
		return;
	for (size_t i = 0; i < COUNT(directions); i++)
		if ((info.flags & directions[i].flag) != 0)
			one_direction(&directions[i]);
}

static void test_mechanisms(void)
{
	for (size_t i = 0; i < mechanism_rows_count; i++)
		if (!is_doubled(&mechanism_rows[i]) && (!mechanism_rows[i].optional || abi_listed(&a, mechanism_rows[i].mechanism)))
			one_row(&mechanism_rows[i]);
}

static void test_none_left_out(void)
{
	CK_MECHANISM_TYPE list[1024];
	CK_ULONG n = COUNT(list), ways = 0;

	REQUIRE_RV(a.m.f->C_GetMechanismList(a.slot, list, &n), CKR_OK);
	for (CK_ULONG i = 0; i < n; i++) {
		CK_FLAGS known = FACTS;
		CK_MECHANISM_INFO info;
		bool found = false;

		REQUIRE_RV(a.m.f->C_GetMechanismInfo(a.slot, list[i], &info), CKR_OK);
		for (size_t k = 0; k < COUNT(directions); k++) {
			known |= directions[k].flag;
			ways += (info.flags & directions[k].flag) != 0 ? 1 : 0;
		}
		for (size_t k = 0; k < mechanism_rows_count; k++)
			found |= mechanism_rows[k].mechanism == list[i] && !is_doubled(&mechanism_rows[k]);
		if (!found || (info.flags & ~known) != 0)
			printf("\n    mechanism 0x%lx, flags 0x%lx: no row, or a flag that is not known here", list[i], info.flags);
		CHECK(found && (info.flags & ~known) == 0);
	}
	printf("%lu mechanisms, %lu directions ", n, ways);
}

/* What is not in the list is in no function. */
static void test_not_listed(void)
{
	CK_MECHANISM m = { CKM_VENDOR_DEFINED | 0x1234, NULL, 0 };
	static const struct mechanism_row none = { "(none)", CKM_VENDOR_DEFINED | 0x1234, AES, NOTHING, NONE, 32, false };

	a.row = &none;
	for (size_t i = 0; i < COUNT(directions); i++) {
		a.direction = &directions[i];
		if (directions[i].flag == CKF_UNWRAP || directions[i].flag == CKF_DECAPSULATE)
			continue; /* their input is made by the other direction */
		(void)abi_rv(&a, a.direction->start(&a, &m, abi_key(&a, false)), CKR_MECHANISM_INVALID, "a mechanism that there is not");
	}
}

static void teardown(void)
{
	p11_stop(&a.m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "a token, and keys of every kind", setup },
		{ "every mechanism has a row, every flag a procedure", test_none_left_out },
		{ "each mechanism in each direction", test_mechanisms },
		{ "a mechanism that is not listed", test_not_listed },
		{ "the end", teardown },
		{ NULL, NULL },
	};

	return unit_main("conformance: each mechanism at the interface", tests);
}
