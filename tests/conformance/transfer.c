/* SPDX-License-Identifier: Apache-2.0 */
/* ImportKey and ExportKey of the "Vendor Coffer" interface (include/coffer/coffer.h). */
#include <string.h>

#include "coffer/coffer.h"
#include "p11.h"
#include "unit.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_UTF8CHAR passphrase[] = "correct horse";

/* RFC 8410 §10.3; in hexadecimal: the seed in it, and the public key that belongs to it (§10.1). */
static const char key_pem[] = "-----BEGIN PRIVATE KEY-----\n"
			      "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
			      "-----END PRIVATE KEY-----\n";
static const char public_pem[] = "-----BEGIN PUBLIC KEY-----\n"
				 "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
				 "-----END PUBLIC KEY-----\n";
/* The same with attributes and the public key; one bit of the public key changed. */
static const char wrong_public_pem[] = "-----BEGIN PRIVATE KEY-----\n"
				       "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
				       "oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n"
				       "Z9w7lshQhqowtrbLDFw4rXAxZuA=\n"
				       "-----END PRIVATE KEY-----\n";
static const CK_BYTE point[32] = {0x19, 0xbf, 0x44, 0x09, 0x69, 0x84, 0xcd, 0xfe, 0x85, 0x41, 0xba,
				  0xc1, 0x67, 0xdc, 0x3b, 0x96, 0xc8, 0x50, 0x86, 0xaa, 0x30, 0xb6,
				  0xb6, 0xcb, 0x0c, 0x5c, 0x38, 0xad, 0x70, 0x31, 0x66, 0xe1};
static const CK_BYTE plain_der[48] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70,
				      0x04, 0x22, 0x04, 0x20, 0xd4, 0xee, 0x72, 0xdb, 0xf9, 0x13, 0x58, 0x4a,
				      0xd5, 0xb6, 0xd8, 0xf1, 0xf7, 0x69, 0xf8, 0xad, 0x3a, 0xfe, 0x7c, 0x28,
				      0xcb, 0xf1, 0xd4, 0xfb, 0xe0, 0x97, 0xa8, 0x8f, 0x44, 0x75, 0x58, 0x42};

struct world {
	struct p11 m;
	const COFFER_FUNCTIONS *c;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE s;
};

static void start(struct world *w)
{
	CK_INTERFACE *i;

	REQUIRE(p11_start(&w->m));
	REQUIRE_RV(w->m.get_interface((CK_UTF8CHAR_PTR)COFFER_INTERFACE_NAME, NULL, &i, 0), CKR_OK);
	w->c = i->pFunctionList;
	w->slot = p11_token(&w->m, "transfer");
	w->s = p11_session(&w->m, w->slot, true);
	REQUIRE(w->s != 0);
}

struct halves {
	CK_OBJECT_HANDLE pub, priv;
};

/* As token object when `token`, with CKA_EXTRACTABLE as `extractable` says. */
static CK_RV import_as(const struct world *w, const void *file, CK_ULONG n, CK_UTF8CHAR *phrase, CK_BBOOL token,
		       CK_BBOOL extractable, struct halves *h)
{
	CK_ATTRIBUTE pub[] = {ATTR(CKA_TOKEN, token), {CKA_LABEL, "in", 2}};
	CK_ATTRIBUTE priv[] = {ATTR(CKA_TOKEN, token), {CKA_LABEL, "in", 2}, ATTR(CKA_EXTRACTABLE, extractable)};

	return w->c->ImportKey(w->s, (CK_BYTE_PTR)file, n, phrase, phrase == NULL ? 0 : strlen((char *)phrase), pub, 2,
			       priv, 3, &h->pub, &h->priv);
}

static CK_RV import_text(const struct world *w, const char *text, struct halves *h)
{
	return import_as(w, text, strlen(text), NULL, CK_TRUE, CK_TRUE, h);
}

static CK_ULONG count(const struct world *w)
{
	CK_ATTRIBUTE t = {CKA_LABEL, "in", 2};

	return p11_find(&w->m, w->s, &t, 1, NULL, 0);
}

static void test_both_halves(void)
{
	struct world w;
	struct halves h = {0, 0};
	CK_BYTE info[64], info2[64], signature[64];
	CK_ATTRIBUTE pub = ATTR(CKA_PUBLIC_KEY_INFO, info), priv = ATTR(CKA_PUBLIC_KEY_INFO, info2);

	start(&w);
	REQUIRE_RV(import_text(&w, key_pem, &h), CKR_OK);
	CHECK(h.pub != 0 && h.priv != 0 && count(&w) == 2);
	CHECK_RV(w.m.f->C_GetAttributeValue(w.s, h.pub, &pub, 1), CKR_OK);
	CHECK_RV(w.m.f->C_GetAttributeValue(w.s, h.priv, &priv, 1), CKR_OK);
	CHECK(pub.ulValueLen == 44 && priv.ulValueLen == 44 && memcmp(info, info2, 44) == 0);
	CHECK(memcmp(info + 12, point, 32) == 0);
	/* As C_CreateObject: never local, never always anything. */
	CHECK(!p11_get_bool(&w.m, w.s, h.priv, CKA_LOCAL) && !p11_get_bool(&w.m, w.s, h.pub, CKA_LOCAL));
	CHECK(!p11_get_bool(&w.m, w.s, h.priv, CKA_ALWAYS_SENSITIVE));
	CHECK(!p11_get_bool(&w.m, w.s, h.priv, CKA_NEVER_EXTRACTABLE));
	CHECK(p11_get_bool(&w.m, w.s, h.priv, CKA_SENSITIVE) && p11_get_bool(&w.m, w.s, h.priv, CKA_EXTRACTABLE));
	CHECK_RV(p11_sign(&w.m, w.s, h.priv, NULL, "x", 1, signature), CKR_OK);
	CHECK_RV(p11_verify(&w.m, w.s, h.pub, NULL, "x", 1, signature), CKR_OK);
	p11_stop(&w.m);
}

static void test_public_alone(void)
{
	struct world w;
	struct halves h = {0, 99};

	start(&w);
	REQUIRE_RV(import_text(&w, public_pem, &h), CKR_OK);
	CHECK(h.pub != 0 && h.priv == CK_INVALID_HANDLE && count(&w) == 1);
	p11_stop(&w.m);
}

static void test_all_or_none(void)
{
	struct world w;
	struct halves h;
	CK_ATTRIBUTE pub[] = {ATTR(CKA_TOKEN, yes), {CKA_LABEL, "in", 2}};
	CK_ATTRIBUTE bad[] = {ATTR(CKA_TOKEN, yes), {CKA_LABEL, "in", 2}, {CKA_MODULUS, "x", 1}};
	CK_ATTRIBUTE value[] = {ATTR(CKA_TOKEN, yes), {CKA_LABEL, "in", 2}, {CKA_VALUE, (void *)point, 32}};
	CK_BYTE *file = (CK_BYTE *)key_pem;
	CK_ULONG n = sizeof(key_pem) - 1;

	start(&w);
	CHECK(w.c->ImportKey(w.s, file, n, NULL, 0, pub, 2, bad, 3, &h.pub, &h.priv) == CKR_ATTRIBUTE_TYPE_INVALID);
	CHECK(w.c->ImportKey(w.s, file, n, NULL, 0, bad, 3, pub, 2, &h.pub, &h.priv) == CKR_ATTRIBUTE_TYPE_INVALID);
	/* What the key is, the file says. */
	CHECK_RV(w.c->ImportKey(w.s, file, n, NULL, 0, pub, 2, value, 3, &h.pub, &h.priv), CKR_TEMPLATE_INCONSISTENT);
	CHECK_RV(import_text(&w, wrong_public_pem, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	CHECK_RV(import_text(&w, "nothing", &h), CKR_DATA_INVALID);
	CHECK(count(&w) == 0);
	p11_stop(&w.m);
}

static void test_states(void)
{
	struct world w;
	struct halves h;
	CK_SESSION_HANDLE ro;
	CK_ATTRIBUTE t = ATTR(CKA_TOKEN, yes), session = ATTR(CKA_TOKEN, no);
	CK_BYTE *file = (CK_BYTE *)key_pem;
	CK_ULONG n = sizeof(key_pem) - 1;

	start(&w);
	REQUIRE_RV(w.m.f->C_OpenSession(w.slot, CKF_SERIAL_SESSION, NULL, NULL, &ro), CKR_OK);
	CHECK_RV(w.c->ImportKey(ro, file, n, NULL, 0, &t, 1, &t, 1, &h.pub, &h.priv), CKR_SESSION_READ_ONLY);
	CHECK_RV(w.c->ImportKey(ro, file, n, NULL, 0, &session, 1, &session, 1, &h.pub, &h.priv), CKR_OK);
	CHECK_RV(w.m.f->C_Logout(w.s), CKR_OK);
	CHECK_RV(import_text(&w, key_pem, &h), CKR_USER_NOT_LOGGED_IN);
	CHECK_RV(w.c->ImportKey(ro, (CK_BYTE *)public_pem, sizeof(public_pem) - 1, NULL, 0, &session, 1, NULL, 0, &h.pub,
				&h.priv), CKR_OK);
	CHECK_RV(w.c->ImportKey(w.s, file, n, NULL, 0, NULL, 1, &t, 1, &h.pub, &h.priv), CKR_ARGUMENTS_BAD);
	CHECK_RV(w.c->ImportKey(w.s, NULL, 0, NULL, 0, &t, 1, &t, 1, &h.pub, &h.priv), CKR_ARGUMENTS_BAD);
	CHECK_RV(w.c->ImportKey(w.s, file, n, NULL, 0, &t, 1, &t, 1, NULL, &h.priv), CKR_ARGUMENTS_BAD);
	CHECK_RV(w.c->ImportKey(w.s + 1000, file, n, NULL, 0, &t, 1, &t, 1, &h.pub, &h.priv), CKR_SESSION_HANDLE_INVALID);
	p11_stop(&w.m);
}

static CK_RV export_to(const struct world *w, CK_OBJECT_HANDLE key, bool encrypted, CK_BYTE *out, CK_ULONG *n)
{
	return w->c->ExportKey(w->s, key, encrypted ? passphrase : NULL, encrypted ? sizeof(passphrase) - 1 : 0, out, n);
}

static void test_plain(void)
{
	struct world w;
	struct halves h;
	CK_BYTE out[64];
	CK_ULONG n = 0;

	start(&w);
	REQUIRE_RV(import_text(&w, key_pem, &h), CKR_OK);
	CHECK_RV(export_to(&w, h.priv, false, NULL, &n), CKR_OK);
	CHECK(n == sizeof(plain_der));
	n--;
	CHECK_RV(export_to(&w, h.priv, false, out, &n), CKR_BUFFER_TOO_SMALL);
	CHECK(n == sizeof(plain_der));
	n = sizeof(out);
	CHECK_RV(export_to(&w, h.priv, false, out, &n), CKR_OK);
	CHECK(n == sizeof(plain_der) && memcmp(out, plain_der, n) == 0);
	CHECK_RV(export_to(&w, h.priv, false, out, NULL), CKR_ARGUMENTS_BAD);
	CHECK_RV(export_to(&w, h.pub, false, out, &n), CKR_KEY_HANDLE_INVALID);
	CHECK_RV(export_to(&w, 12345, false, out, &n), CKR_KEY_HANDLE_INVALID);
	n = sizeof(out);
	CHECK_RV(w.c->ExportKey(w.s, h.priv, passphrase, 0, out, &n), CKR_PIN_LEN_RANGE);
	p11_stop(&w.m);
}

static void test_encrypted(void)
{
	struct world w;
	struct halves h, back;
	CK_BYTE out[512];
	CK_ULONG n = 0, need;

	start(&w);
	REQUIRE_RV(import_text(&w, key_pem, &h), CKR_OK);
	CHECK_RV(export_to(&w, h.priv, true, NULL, &n), CKR_OK);
	need = n--;
	CHECK_RV(export_to(&w, h.priv, true, out, &n), CKR_BUFFER_TOO_SMALL);
	CHECK(n == need && need < sizeof(out));
	REQUIRE_RV(export_to(&w, h.priv, true, out, &n), CKR_OK);
	CHECK(n == need);
	CHECK_RV(import_as(&w, out, n, NULL, CK_TRUE, CK_TRUE, &back), CKR_PIN_INVALID);
	CHECK_RV(import_as(&w, out, n, (CK_UTF8CHAR *)"wrong", CK_TRUE, CK_TRUE, &back), CKR_PIN_INCORRECT);
	CHECK(count(&w) == 2);
	CHECK_RV(import_as(&w, out, n, passphrase, CK_TRUE, CK_TRUE, &back), CKR_OK);
	CHECK(count(&w) == 4);
	n = sizeof(out);
	CHECK_RV(export_to(&w, back.priv, false, out, &n), CKR_OK);
	CHECK(n == sizeof(plain_der) && memcmp(out, plain_der, n) == 0);
	p11_stop(&w.m);
}

static void test_may_not_leave(void)
{
	struct world w;
	struct halves h;
	struct p11_pair made;
	CK_BYTE out[512];
	CK_ULONG n = sizeof(out);
	CK_ATTRIBUTE off = ATTR(CKA_EXTRACTABLE, no), trusted = ATTR(CKA_WRAP_WITH_TRUSTED, yes);

	start(&w);
	REQUIRE_RV(p11_generate(&w.m, w.s, true, "made", &made), CKR_OK);
	CHECK_RV(export_to(&w, made.priv, true, out, &n), CKR_KEY_UNEXTRACTABLE);
	CHECK_RV(export_to(&w, made.priv, false, NULL, &n), CKR_KEY_UNEXTRACTABLE);
	REQUIRE_RV(import_text(&w, key_pem, &h), CKR_OK);
	REQUIRE_RV(w.m.f->C_SetAttributeValue(w.s, h.priv, &off, 1), CKR_OK);
	CHECK_RV(export_to(&w, h.priv, true, out, &n), CKR_KEY_UNEXTRACTABLE);
	REQUIRE_RV(import_text(&w, key_pem, &h), CKR_OK);
	REQUIRE_RV(w.m.f->C_SetAttributeValue(w.s, h.priv, &trusted, 1), CKR_OK);
	CHECK_RV(export_to(&w, h.priv, true, out, &n), CKR_KEY_NOT_WRAPPABLE);
	REQUIRE_RV(import_text(&w, key_pem, &h), CKR_OK);
	CHECK_RV(w.m.f->C_Logout(w.s), CKR_OK);
	CHECK_RV(export_to(&w, h.priv, true, out, &n), CKR_KEY_HANDLE_INVALID);
	p11_stop(&w.m);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{"a private key comes in with its public half, and neither is local", test_both_halves},
		{"a public key comes in alone", test_public_alone},
		{"both halves come in or none, and the template does not say what the file says", test_all_or_none},
		{"who may import, and with which arguments", test_states},
		{"a key leaves in clear only as PrivateKeyInfo, with exact lengths", test_plain},
		{"a key that leaves encrypted comes back with its passphrase alone", test_encrypted},
		{"a key that may not leave does not", test_may_not_leave},
		{NULL, NULL},
	};

	return unit_main("key transfer", tests);
}
