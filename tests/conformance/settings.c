/* SPDX-License-Identifier: Apache-2.0 */
/* What coffer.conf changes of what a program sees: the protected authentication path, the trace, the form of points. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "p11.h"
#include "unit.h"

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	REQUIRE(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, mode) == 0);
}

/* A token, and a session with it that is not logged in. */
static CK_SESSION_HANDLE start(struct p11 *m, const char *extra, CK_SLOT_ID *slot)
{
	REQUIRE(p11_load(m, extra));
	REQUIRE_RV(m->f->C_Initialize(NULL), CKR_OK);
	*slot = p11_token(m, "settings");
	REQUIRE(*slot != P11_NO_SLOT);
	return p11_session(m, *slot, false);
}

static void test_authentication_path(void)
{
	struct p11 m;
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
	CK_SESSION_HANDLE s;
	char extra[400], file[300];

	(void)snprintf(file, sizeof(file), "%s/credential", unit_dir());
	(void)snprintf(extra, sizeof(extra), "authentication-credential = %s\n", file);
	s = start(&m, extra, &slot);
	CHECK_RV(m.f->C_GetTokenInfo(slot, &info), CKR_OK);
	CHECK((info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0);
	/* Not there; readable by others; wrong; right, one newline at its end. */
	CHECK_RV(m.f->C_Login(s, CKU_USER, NULL, 0), CKR_FUNCTION_CANCELED);
	write_file(file, P11_USER_PIN "\n", 0644);
	CHECK_RV(m.f->C_Login(s, CKU_USER, NULL, 0), CKR_FUNCTION_CANCELED);
	write_file(file, "wrong\n", 0600);
	CHECK_RV(m.f->C_Login(s, CKU_USER, NULL, 0), CKR_PIN_INCORRECT);
	write_file(file, P11_USER_PIN "\n", 0600);
	CHECK_RV(m.f->C_Login(s, CKU_USER, NULL, 0), CKR_OK);
	CHECK_RV(m.f->C_Logout(s), CKR_OK);
	/* A PIN that is given still serves. */
	CHECK_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_OK);
	p11_stop(&m);
}

static void test_credential_by_name(void)
{
	struct p11 m;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE s;
	const char *dir = unit_dir();
	char file[300];

	(void)snprintf(file, sizeof(file), "%s/user-pin", dir);
	write_file(file, P11_USER_PIN, 0600);
	s = start(&m, "authentication-credential = user-pin\n", &slot);
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	CHECK_RV(m.f->C_Login(s, CKU_USER, NULL, 0), CKR_FUNCTION_CANCELED);
	REQUIRE(setenv("CREDENTIALS_DIRECTORY", dir, 1) == 0);
	CHECK_RV(m.f->C_Login(s, CKU_USER, NULL, 0), CKR_OK);
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	p11_stop(&m);
}

static void test_no_authentication_path(void)
{
	struct p11 m;
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
	CK_SESSION_HANDLE s = start(&m, "", &slot);

	CHECK_RV(m.f->C_GetTokenInfo(slot, &info), CKR_OK);
	CHECK((info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) == 0);
	CHECK_RV(m.f->C_Login(s, CKU_USER, NULL, 0), CKR_ARGUMENTS_BAD);
	p11_stop(&m);
}

/* Names of functions and return values, one line for each call, and nothing that was handed over. */
static void test_trace(void)
{
	struct p11 m;
	struct p11_pair pair;
	struct stat st;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE s;
	CK_BYTE signature[64];
	char extra[400], file[300], text[20000];
	size_t n;
	FILE *f;

	(void)snprintf(file, sizeof(file), "%s/trace", unit_dir());
	(void)snprintf(extra, sizeof(extra), "trace = %s\n", file);
	s = start(&m, extra, &slot);
	CHECK_RV(p11_login(&m, s, CKU_USER, "not-the-PIN"), CKR_PIN_INCORRECT);
	CHECK_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_OK);
	CHECK_RV(p11_generate(&m, s, true, "secret-label", &pair), CKR_OK);
	CHECK_RV(p11_sign(&m, s, pair.priv, NULL, "message-text", 12, signature), CKR_OK);
	p11_stop(&m);
	f = fopen(file, "r");
	REQUIRE(f != NULL);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	CHECK(fstat(fileno(f), &st) == 0 && (st.st_mode & 0777) == 0600);
	(void)fclose(f);
	CHECK(strstr(text, " C_Initialize CKR_OK\n") != NULL && strstr(text, " C_Finalize CKR_OK\n") != NULL);
	CHECK(strstr(text, " C_Login CKR_PIN_INCORRECT") != NULL && strstr(text, " C_Login CKR_OK\n") != NULL);
	CHECK(strstr(text, " C_GenerateKeyPair CKR_OK\n") != NULL && strstr(text, " C_Sign CKR_OK\n") != NULL);
	CHECK(strstr(text, "not-the-PIN") == NULL && strstr(text, P11_USER_PIN) == NULL && strstr(text, P11_SO_PIN) == NULL);
	CHECK(strstr(text, "secret-label") == NULL && strstr(text, "message-text") == NULL);
}

static void test_point_form(void)
{
	static const struct {
		const char *extra;
		CK_ULONG n;
	} row[] = { { "ec-point = der\n", 34 }, { "ec-point = raw\n", 32 }, { "ec-point = auto\n", 34 } };

	for (int i = 0; i < 3; i++) {
		struct p11 m;
		struct p11_pair pair;
		CK_SLOT_ID slot;
		CK_SESSION_HANDLE s = start(&m, row[i].extra, &slot);
		CK_BYTE point[64];
		CK_ATTRIBUTE a = { CKA_EC_POINT, point, sizeof(point) };

		CHECK_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_OK);
		REQUIRE_RV(p11_generate(&m, s, false, "p", &pair), CKR_OK);
		CHECK_RV(m.f->C_GetAttributeValue(s, pair.pub, &a, 1), CKR_OK);
		CHECK(a.ulValueLen == row[i].n);
		p11_stop(&m);
	}
}

static void test_bad_configuration(void)
{
	struct p11 m;

	REQUIRE(p11_load(&m, "no-such-key = 1\n"));
	CHECK_RV(m.f->C_Initialize(NULL), CKR_FUNCTION_FAILED);
	/* Mended, it initialises in the same process. */
	REQUIRE(p11_configure(&m, ""));
	CHECK_RV(m.f->C_Initialize(NULL), CKR_OK);
	p11_stop(&m);
}

/* C_WaitForSlotEvent without CKF_DONT_BLOCK: a wallet that appears wakes it, C_Finalize as well. */
struct waiting {
	struct p11 *m;
	CK_SLOT_ID slot;
	CK_RV rv;
};

static void *wait_for_event(void *arg)
{
	struct waiting *w = arg;

	w->rv = w->m->f->C_WaitForSlotEvent(0, &w->slot, NULL);
	return NULL;
}

static void test_waiting_ends(void)
{
	struct p11 m;
	struct waiting w = { .m = &m, .rv = CKR_OK };
	CK_SLOT_ID slot;
	pthread_t t;

	(void)start(&m, "", &slot);
	while (m.f->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL) == CKR_OK)
		;
	REQUIRE(pthread_create(&t, NULL, wait_for_event, &w) == 0);
	(void)usleep(200 * 1000);
	CHECK_RV(m.f->C_Finalize(NULL), CKR_OK);
	REQUIRE(pthread_join(t, NULL) == 0);
	CHECK_RV(w.rv, CKR_CRYPTOKI_NOT_INITIALIZED);
	p11_stop(&m);
}

/* ---- deterministic-ecdsa: RFC 6979, A.2.5, "sample" with SHA-256 ---- */

static CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07},
	       secp256k1[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a};
static CK_BYTE scalar[] = {0xc9, 0xaf, 0xa9, 0xd8, 0x45, 0xba, 0x75, 0x16, 0x6b, 0x5c, 0x21, 0x57, 0x67, 0xb1, 0xd6, 0x93,
			   0x4e, 0x50, 0xc3, 0xdb, 0x36, 0xe8, 0x9b, 0x12, 0x7b, 0x8a, 0x62, 0x2b, 0x12, 0x0f, 0x67, 0x21};
static const CK_BYTE wanted[] = {0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8, 0xfd, 0x11, 0x40, 0xdd, 0x9c, 0xd4, 0x5e, 0x81, 0xd6,
				 0x9d, 0x2c, 0x87, 0x7b, 0x56, 0xaa, 0xf9, 0x91, 0xc3, 0x4d, 0x0e, 0xa8, 0x4e, 0xaf, 0x37, 0x16,
				 0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65, 0x7c, 0x41, 0xd4, 0x36, 0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65,
				 0xf3, 0xe9, 0x00, 0xdb, 0xb9, 0xaf, 0xf4, 0x06, 0x4d, 0xc4, 0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8};

static void ecdsa(const struct p11 *m, CK_SESSION_HANDLE s, CK_BYTE *curve, CK_ULONG curve_n, CK_BYTE out[64])
{
	static CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	static CK_KEY_TYPE type = CKK_EC;
	CK_MECHANISM mechanism = {CKM_ECDSA_SHA256, NULL, 0};
	CK_ATTRIBUTE t[] = {ATTR(CKA_CLASS, class), ATTR(CKA_KEY_TYPE, type), {CKA_EC_PARAMS, curve, curve_n}, ATTR(CKA_VALUE, scalar)};
	CK_OBJECT_HANDLE key;
	CK_ULONG n = 64;

	REQUIRE_RV(m->f->C_CreateObject(s, t, 4, &key), CKR_OK);
	REQUIRE_RV(m->f->C_SignInit(s, &mechanism, key), CKR_OK);
	REQUIRE_RV(m->f->C_Sign(s, (CK_BYTE *)"sample", 6, out, &n), CKR_OK);
	CHECK(n == 64);
}

static void test_hedged_ecdsa(void)
{
	struct p11 m;
	CK_SLOT_ID slot;
	CK_BYTE one[64], other[64];
	CK_SESSION_HANDLE s = start(&m, NULL, &slot);

	CHECK_RV(p11_login(&m, s, CKU_USER, P11_USER_PIN), CKR_OK);
	ecdsa(&m, s, p256, sizeof(p256), one);
	ecdsa(&m, s, p256, sizeof(p256), other);
	CHECK(memcmp(one, other, 64) != 0 && memcmp(one, wanted, 64) != 0);
	ecdsa(&m, s, secp256k1, sizeof(secp256k1), one);
	ecdsa(&m, s, secp256k1, sizeof(secp256k1), other);
	CHECK(memcmp(one, other, 64) != 0);
	p11_stop(&m);
}

/* An OpenSSL that cannot is no reason to do something else: nothing opens. */
static void test_deterministic_ecdsa(void)
{
	struct p11 m;
	CK_SLOT_ID slot;
	CK_BYTE one[64], other[64];
	CK_SESSION_HANDLE s;
	CK_RV rv;

	REQUIRE(p11_load(&m, "deterministic-ecdsa = yes\n"));
	rv = m.f->C_Initialize(NULL);
	if (rv != CKR_OK) {
		CHECK_RV(rv, CKR_FUNCTION_FAILED);
		/* The same module opens when it is not asked for. */
		REQUIRE(p11_configure(&m, NULL));
		CHECK_RV(m.f->C_Initialize(NULL), CKR_OK);
		p11_stop(&m);
		return;
	}
	slot = p11_token(&m, "settings");
	s = p11_session(&m, slot, true);
	ecdsa(&m, s, p256, sizeof(p256), one);
	CHECK(memcmp(one, wanted, 64) == 0);
	ecdsa(&m, s, secp256k1, sizeof(secp256k1), one);
	ecdsa(&m, s, secp256k1, sizeof(secp256k1), other);
	CHECK(memcmp(one, other, 64) == 0);
	p11_stop(&m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"a NULL PIN is read from the configured credential", test_authentication_path},
		{"a credential by name is looked for where systemd puts it", test_credential_by_name},
		{"without one a NULL PIN is an error", test_no_authentication_path},
		{"the trace has names and return values, never data", test_trace},
		{"the form of points can be chosen", test_point_form},
		{"a configuration that is wrong fails C_Initialize, until it is mended", test_bad_configuration},
		{"ECDSA is hedged", test_hedged_ecdsa},
		{"and deterministic where the configuration asks for it, or nothing opens", test_deterministic_ecdsa},
		{"who waits for a slot's event is let go by C_Finalize", test_waiting_ends},
		{NULL, NULL},
	};

	return unit_main("conformance: settings", tests);
}
