/* SPDX-License-Identifier: Apache-2.0 */
/* Slot and token management (PKCS#11 3.0 section 5.5). */
#include <stdlib.h>
#include <string.h>

#include "p11.h"
#include "unit.h"

static void test_slot_list(void)
{
	struct p11 m;
	CK_SLOT_ID ids[16];
	CK_ULONG n = 0, want = 0;

	REQUIRE(p11_start(&m));
	CHECK_RV(m.f->C_GetSlotList(CK_FALSE, ids, NULL), CKR_ARGUMENTS_BAD);
	REQUIRE_RV(m.f->C_GetSlotList(CK_FALSE, NULL, &want), CKR_OK);
	REQUIRE(want >= 1 && want < 16);
	n = 0;
	CHECK_RV(m.f->C_GetSlotList(CK_FALSE, ids, &n), CKR_BUFFER_TOO_SMALL);
	CHECK(n == want);
	n = 16;
	CHECK_RV(m.f->C_GetSlotList(CK_FALSE, ids, &n), CKR_OK);
	CHECK(n == want);
	p11_stop(&m);
}

static void test_slot_info(void)
{
	struct p11 m;
	CK_SLOT_INFO info;
	CK_SLOT_ID slot;

	REQUIRE(p11_start(&m));
	slot = p11_empty_slot(&m);
	REQUIRE(slot != P11_NO_SLOT);
	CHECK_RV(m.f->C_GetSlotInfo(slot, NULL), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_GetSlotInfo(0x7ffffff1, &info), CKR_SLOT_ID_INVALID);
	REQUIRE_RV(m.f->C_GetSlotInfo(slot, &info), CKR_OK);
	CHECK((info.flags & CKF_TOKEN_PRESENT) != 0);
	CHECK((info.flags & ~(CKF_TOKEN_PRESENT | CKF_REMOVABLE_DEVICE | CKF_HW_SLOT)) == 0);
	CHECK(memchr(info.slotDescription, 0, sizeof(info.slotDescription)) == NULL);
	CHECK(memchr(info.manufacturerID, 0, sizeof(info.manufacturerID)) == NULL);
	p11_stop(&m);
}

static void test_empty_token(void)
{
	struct p11 m;
	CK_TOKEN_INFO info;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;
	CK_RV rv;

	REQUIRE(p11_start(&m));
	slot = p11_empty_slot(&m);
	REQUIRE_RV(m.f->C_GetTokenInfo(slot, &info), CKR_OK);
	CHECK((info.flags & (CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED)) == 0);
	rv = m.f->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &s);
	CHECK_EITHER(rv, CKR_TOKEN_NOT_RECOGNIZED, CKR_OK);
	CHECK(!m.is_coffer || rv == CKR_TOKEN_NOT_RECOGNIZED);
	p11_stop(&m);
}

static void test_init_token(void)
{
	struct p11 m;
	CK_UTF8CHAR label[32] = "made here                       ", pin[] = P11_SO_PIN, wrong[] = "wrong-pin";
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot, again;

	REQUIRE(p11_start(&m));
	slot = p11_empty_slot(&m);
	CHECK_RV(m.f->C_InitToken(0x7ffffff1, pin, 12, label), CKR_SLOT_ID_INVALID);
	CHECK_RV(m.f->C_InitToken(slot, pin, 12, NULL), CKR_ARGUMENTS_BAD);
	REQUIRE_RV(m.f->C_InitToken(slot, pin, 12, label), CKR_OK);
	if (m.is_coffer) {
		CHECK(p11_find_slot(&m, "made here") == slot); /* the slot keeps its ID */
		CHECK(p11_empty_slot(&m) != P11_NO_SLOT); /* and another empty one is there */
		CHECK(p11_empty_slot(&m) != slot);
	}
	slot = p11_find_slot(&m, "made here");
	REQUIRE_RV(m.f->C_GetTokenInfo(slot, &info), CKR_OK);
	CHECK((info.flags & CKF_TOKEN_INITIALIZED) != 0);
	CHECK((info.flags & CKF_LOGIN_REQUIRED) != 0);
	CHECK((info.flags & CKF_RNG) != 0);
	CHECK((info.flags & CKF_WRITE_PROTECTED) == 0);
	CHECK((info.flags & CKF_USER_PIN_INITIALIZED) == 0);
	CHECK(memchr(info.model, 0, sizeof(info.model)) == NULL);
	CHECK(memchr(info.serialNumber, 0, sizeof(info.serialNumber)) == NULL);
	/* Again, with the wrong SO PIN: nothing changes. */
	CHECK_RV(m.f->C_InitToken(slot, wrong, 9, label), CKR_PIN_INCORRECT);
	CHECK(p11_find_slot(&m, "made here") == slot);
	CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	CHECK_RV(m.f->C_Initialize(NULL), CKR_OK);
	again = p11_find_slot(&m, "made here");
	CHECK(again == slot); /* stable for ever */
	p11_stop(&m);
}

static void test_init_token_again(void)
{
	struct p11 m;
	CK_UTF8CHAR label[32] = "second life                     ", so[] = P11_SO_PIN;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;
	struct p11_pair pair;

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "first life");
	s = p11_session(&m, slot, true);
	REQUIRE(s != 0);
	REQUIRE_RV(p11_generate(&m, s, true, "gone", &pair), CKR_OK);
	CHECK_RV(m.f->C_InitToken(slot, so, sizeof(so) - 1, label), CKR_SESSION_EXISTS);
	CHECK_RV(m.f->C_CloseSession(s), CKR_OK);
	REQUIRE_RV(m.f->C_InitToken(slot, so, sizeof(so) - 1, label), CKR_OK);
	slot = p11_find_slot(&m, "second life");
	REQUIRE(slot != P11_NO_SLOT);
	CHECK(p11_find_slot(&m, "first life") == P11_NO_SLOT);
	s = p11_session(&m, slot, false);
	REQUIRE(s != 0);
	CHECK_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_USER_PIN_NOT_INITIALIZED);
	CHECK(p11_find(&m, s, (CK_ATTRIBUTE[]){{CKA_LABEL, (void *)"gone", 4}}, 1, NULL, 0) == 0);
	p11_stop(&m);
}

static void test_many_tokens(void)
{
	struct p11 m;
	CK_SLOT_ID slot[5];
	char name[16];

	REQUIRE(p11_start(&m));
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "token %d", i);
		slot[i] = p11_token(&m, name);
		REQUIRE(slot[i] != P11_NO_SLOT);
		for (int j = 0; j < i; j++)
			CHECK(slot[i] != slot[j]);
	}
	CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	CHECK_RV(m.f->C_Initialize(NULL), CKR_OK);
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "token %d", i);
		CHECK(p11_find_slot(&m, name) == slot[i]);
	}
	p11_stop(&m);
}

static void test_mechanisms(void)
{
	struct p11 m;
	CK_MECHANISM_TYPE *list;
	CK_MECHANISM_INFO info;
	CK_ULONG n = 0, want;
	CK_SLOT_ID slot;
	bool eddsa = false;

	REQUIRE(p11_start(&m));
	slot = p11_token(&m, "t");
	CHECK_RV(m.f->C_GetMechanismList(slot, NULL, NULL), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_GetMechanismList(0x7ffffff1, NULL, &n), CKR_SLOT_ID_INVALID);
	REQUIRE_RV(m.f->C_GetMechanismList(slot, NULL, &want), CKR_OK);
	list = calloc(want, sizeof(*list));
	REQUIRE(list != NULL);
	n = want - 1;
	CHECK_RV(m.f->C_GetMechanismList(slot, list, &n), CKR_BUFFER_TOO_SMALL);
	CHECK(n == want);
	REQUIRE_RV(m.f->C_GetMechanismList(slot, list, &n), CKR_OK);
	for (CK_ULONG i = 0; i < n; i++) {
		CHECK_RV(m.f->C_GetMechanismInfo(slot, list[i], &info), CKR_OK);
		CHECK((info.flags & ~CKF_HW) != 0); /* good for something */
		eddsa = eddsa || list[i] == CKM_EDDSA;
	}
	CHECK(eddsa);
	CHECK_RV(m.f->C_GetMechanismInfo(slot, 0x7fff1234, &info), CKR_MECHANISM_INVALID);
	CHECK_RV(m.f->C_GetMechanismInfo(slot, CKM_EDDSA, NULL), CKR_ARGUMENTS_BAD);
	REQUIRE_RV(m.f->C_GetMechanismInfo(slot, CKM_EDDSA, &info), CKR_OK);
	CHECK((info.flags & (CKF_SIGN | CKF_VERIFY)) == (CKF_SIGN | CKF_VERIFY));
	REQUIRE_RV(m.f->C_GetMechanismInfo(slot, CKM_EC_EDWARDS_KEY_PAIR_GEN, &info), CKR_OK);
	CHECK((info.flags & CKF_GENERATE_KEY_PAIR) != 0);
	free(list);
	p11_stop(&m);
}

static void test_slot_event(void)
{
	struct p11 m;
	CK_SLOT_ID slot;

	REQUIRE(p11_start(&m));
	CHECK_RV(m.f->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, &slot), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL), CKR_ARGUMENTS_BAD);
	CHECK_EITHER(m.f->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT, CKR_OK);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"C_GetSlotList: length rules", test_slot_list},
		{"C_GetSlotInfo: padded, flags", test_slot_info},
		{"the empty slot has a token without initialisation", test_empty_token},
		{"C_InitToken makes a wallet whose slot ID stays", test_init_token},
		{"C_InitToken again: not while a session is open, and all is gone", test_init_token_again},
		{"several tokens at once, found again after restart", test_many_tokens},
		{"C_GetMechanismList and C_GetMechanismInfo", test_mechanisms},
		{"C_WaitForSlotEvent without blocking", test_slot_event},
		{NULL, NULL},
	};

	return unit_main("conformance: slots and tokens", tests);
}
