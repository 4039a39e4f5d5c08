/* SPDX-License-Identifier: Apache-2.0 */
/* C_GetOperationState and C_SetOperationState (PKCS#11 3.0 sections 5.6.6 and 5.6.7). */
#include <string.h>

#include "coffer/pkcs11-3.h"
#include "p11.h"
#include "unit.h"

#define STATE_MAX 1024

struct saved {
	CK_BYTE bytes[STATE_MAX];
	CK_ULONG n;
};

static CK_SESSION_HANDLE start(struct p11 *m)
{
	CK_SLOT_ID slot;

	REQUIRE(p11_start(m));
	slot = p11_token(m, "state");
	REQUIRE(slot != P11_NO_SLOT);
	return p11_session(m, slot, false);
}

static void begin(struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM_TYPE type, const void *data, CK_ULONG n)
{
	CK_MECHANISM mechanism = {type, NULL, 0};

	REQUIRE_RV(m->f->C_DigestInit(s, &mechanism), CKR_OK);
	if (n != 0)
		REQUIRE_RV(m->f->C_DigestUpdate(s, (CK_BYTE *)data, n), CKR_OK);
}

static void save(struct p11 *m, CK_SESSION_HANDLE s, struct saved *out)
{
	CK_ULONG asked = 0;

	REQUIRE_RV(m->f->C_GetOperationState(s, NULL, &asked), CKR_OK);
	REQUIRE(asked <= STATE_MAX);
	out->n = asked - 1;
	CHECK_RV(m->f->C_GetOperationState(s, out->bytes, &out->n), CKR_BUFFER_TOO_SMALL);
	CHECK(out->n == asked);
	out->n = STATE_MAX;
	REQUIRE_RV(m->f->C_GetOperationState(s, out->bytes, &out->n), CKR_OK);
	CHECK(out->n == asked);
}

static CK_RV load(struct p11 *m, CK_SESSION_HANDLE s, struct saved *state)
{
	return m->f->C_SetOperationState(s, state->bytes, state->n, 0, 0);
}

/* Goes on with `rest`; is the digest that of `whole`? */
static bool ends_as(struct p11 *m, CK_SESSION_HANDLE s, CK_MECHANISM_TYPE type, const void *rest, CK_ULONG rest_n, const void *whole,
		    CK_ULONG whole_n)
{
	CK_MECHANISM mechanism = {type, NULL, 0};
	CK_BYTE one[64], other[64];
	CK_ULONG n = sizeof(one), n2 = sizeof(other);

	return m->f->C_DigestUpdate(s, (CK_BYTE *)rest, rest_n) == CKR_OK && m->f->C_DigestFinal(s, one, &n) == CKR_OK &&
	       m->f->C_DigestInit(s, &mechanism) == CKR_OK &&
	       m->f->C_Digest(s, (CK_BYTE *)whole, whole_n, other, &n2) == CKR_OK && n == n2 && memcmp(one, other, n) == 0;
}

static void test_digests_are_saved(void)
{
	static const CK_MECHANISM_TYPE types[] = {CKM_MD5,    CKM_SHA_1,       CKM_SHA224,	 CKM_SHA256,	  CKM_SHA384,
						  CKM_SHA512, CKM_BLAKE2B_160, CKM_BLAKE2B_256, CKM_BLAKE2B_384, CKM_BLAKE2B_512};
	static CK_BYTE text[1000];
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m), s2 = p11_session(&m, p11_find_slot(&m, "state"), false);
	struct saved state;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (CK_BYTE)(i * 7);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		for (CK_ULONG at = 0; at < sizeof(text); at += 97) {
			begin(&m, s, types[i], text, at);
			save(&m, s, &state);
			/* What runs there is cancelled; a state comes back more than once, and goes on in another session. */
			CHECK_RV(m.f->C_DigestUpdate(s, text, 5), CKR_OK);
			CHECK_RV(load(&m, s, &state), CKR_OK);
			CHECK(ends_as(&m, s, types[i], text + at, sizeof(text) - at, text, sizeof(text)));
			CHECK_RV(load(&m, s2, &state), CKR_OK);
			CHECK(ends_as(&m, s2, types[i], text + at, sizeof(text) - at, text, sizeof(text)));
		}
	}
	p11_stop(&m);
}

/* One that has taken nothing may still be done at once; one that has may not. */
static void test_stage(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct saved state;
	CK_BYTE out[64];
	CK_ULONG n = sizeof(out);

	begin(&m, s, CKM_SHA256, NULL, 0);
	save(&m, s, &state);
	CHECK_RV(m.f->C_Digest(s, (CK_BYTE *)"abc", 3, out, &n), CKR_OK);
	CHECK_RV(load(&m, s, &state), CKR_OK);
	CHECK_RV(m.f->C_Digest(s, (CK_BYTE *)"abc", 3, out, &n), CKR_OK);
	begin(&m, s, CKM_SHA256, "a", 1);
	save(&m, s, &state);
	CHECK_RV(load(&m, s, &state), CKR_OK);
	CHECK_RV(m.f->C_Digest(s, (CK_BYTE *)"abc", 3, out, &n), CKR_OPERATION_ACTIVE);
	p11_stop(&m);
}

static void test_what_is_not_saved(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	CK_MECHANISM generate = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0}, hmac = {CKM_SHA256_HMAC, NULL, 0};
	CK_ULONG n = 0, length = 32;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE template[] = {ATTR(CKA_VALUE_LEN, length), ATTR(CKA_SIGN, yes)};
	CK_OBJECT_HANDLE key;

	CHECK_RV(m.f->C_GetOperationState(s, NULL, &n), CKR_OPERATION_NOT_INITIALIZED);
	CHECK_RV(m.f->C_GetOperationState(s, NULL, NULL), CKR_ARGUMENTS_BAD);
	begin(&m, s, CKM_SHA3_256, "a", 1);
	CHECK_RV(m.f->C_GetOperationState(s, NULL, &n), CKR_STATE_UNSAVEABLE);
	CHECK(ends_as(&m, s, CKM_SHA3_256, "b", 1, "ab", 2)); /* and it goes on */
	REQUIRE_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_OK);
	REQUIRE_RV(m.f->C_GenerateKey(s, &generate, template, 2, &key), CKR_OK);
	begin(&m, s, CKM_SHA256, "a", 1);
	CHECK_RV(m.f->C_GetOperationState(s, NULL, &n), CKR_OK);
	CHECK_RV(m.f->C_DigestKey(s, key), CKR_OK);
	CHECK_RV(m.f->C_GetOperationState(s, NULL, &n), CKR_STATE_UNSAVEABLE);
	CHECK_RV(m.f->C_SignInit(s, &hmac, key), CKR_OK);
	CHECK_RV(m.f->C_GetOperationState(s, NULL, &n), CKR_STATE_UNSAVEABLE);
	CHECK_RV(m.f->C_DigestInit(s, NULL), CKR_OK);
	CHECK_RV(m.f->C_GetOperationState(s, NULL, &n), CKR_STATE_UNSAVEABLE);
	begin(&m, s, CKM_SHA256, "a", 1);
	CHECK_RV(m.f->C_GetOperationState(s, NULL, &n), CKR_STATE_UNSAVEABLE);
	p11_stop(&m);
}

static void test_what_is_refused(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct saved state;
	CK_BYTE long_state[2 * STATE_MAX] = {0};

	begin(&m, s, CKM_SHA256, "ab", 2);
	save(&m, s, &state);
	for (CK_ULONG i = 0; i < state.n; i++) {
		state.bytes[i] ^= 1;
		CHECK_RV(load(&m, s, &state), CKR_SAVED_STATE_INVALID);
		state.bytes[i] ^= 1;
		CHECK_RV(m.f->C_SetOperationState(s, state.bytes, i, 0, 0), CKR_SAVED_STATE_INVALID);
	}
	CHECK_RV(m.f->C_SetOperationState(s, long_state, sizeof(long_state), 0, 0), CKR_SAVED_STATE_INVALID);
	CHECK_RV(m.f->C_SetOperationState(s, NULL, state.n, 0, 0), CKR_ARGUMENTS_BAD);
	CHECK_RV(m.f->C_SetOperationState(s, state.bytes, state.n, 1, 0), CKR_KEY_NOT_NEEDED);
	CHECK_RV(m.f->C_SetOperationState(s, state.bytes, state.n, 0, 1), CKR_KEY_NOT_NEEDED);
	/* None of it has touched what runs. */
	CHECK(ends_as(&m, s, CKM_SHA256, "c", 1, "abc", 3));
	CHECK_RV(load(&m, s, &state), CKR_OK);
	p11_stop(&m);
}

/* It belongs to a token, to a login, to a kind of session, and to this run of the module. */
static void test_whose_it_is(void)
{
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m), read_only, other;
	CK_SLOT_ID slot = p11_find_slot(&m, "state");
	struct saved state;

	REQUIRE(p11_token(&m, "another") != P11_NO_SLOT);
	other = p11_session(&m, p11_find_slot(&m, "another"), false);
	REQUIRE_RV(m.f->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &read_only), CKR_OK);
	begin(&m, s, CKM_SHA256, "ab", 2);
	save(&m, s, &state);
	CHECK_RV(load(&m, other, &state), CKR_SAVED_STATE_INVALID);
	CHECK_RV(load(&m, read_only, &state), CKR_SAVED_STATE_INVALID);
	REQUIRE_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_OK);
	CHECK_RV(load(&m, s, &state), CKR_SAVED_STATE_INVALID);
	save(&m, s, &state);
	REQUIRE_RV(m.f->C_Logout(s), CKR_OK);
	CHECK_RV(load(&m, s, &state), CKR_SAVED_STATE_INVALID);
	REQUIRE_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_OK);
	CHECK_RV(load(&m, s, &state), CKR_SAVED_STATE_INVALID);
	REQUIRE_RV(m.f->C_Logout(s), CKR_OK);
	save(&m, s, &state);
	CHECK_RV(load(&m, s, &state), CKR_OK);
	REQUIRE_RV(m.f->C_Finalize(NULL), CKR_OK);
	REQUIRE_RV(m.f->C_Initialize(NULL), CKR_OK);
	s = p11_session(&m, p11_find_slot(&m, "state"), false);
	CHECK_RV(load(&m, s, &state), CKR_SAVED_STATE_INVALID);
	p11_stop(&m);
}

/* What a state says about the data is not to be seen in it. */
static void test_it_is_sealed(void)
{
	static const char text[] = "a text that is kept until its block is full";
	struct p11 m;
	CK_SESSION_HANDLE s = start(&m);
	struct saved state, again;
	CK_TOKEN_INFO info;

	begin(&m, s, CKM_SHA512, text, sizeof(text));
	save(&m, s, &state);
	save(&m, s, &again);
	CHECK(state.n == again.n && memcmp(state.bytes, again.bytes, state.n) != 0);
	for (CK_ULONG i = 0; i + 8 <= state.n; i++)
		CHECK(memcmp(state.bytes + i, text, 8) != 0);
	CHECK_RV(m.f->C_GetTokenInfo(p11_find_slot(&m, "state"), &info), CKR_OK);
	CHECK((info.flags & CKF_RESTORE_KEY_NOT_NEEDED) != 0);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"digests are saved and go on anywhere", test_digests_are_saved},
		{"whether data was given is saved, too", test_stage},
		{"what depends on a key is not saved", test_what_is_not_saved},
		{"what is no state is refused and changes nothing", test_what_is_refused},
		{"of one token, login, kind of session and process", test_whose_it_is},
		{"a state is sealed", test_it_is_sealed},
		{NULL, NULL},
	};

	return unit_main("state", tests);
}
